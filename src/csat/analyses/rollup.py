"""The roll-up of an index: companies to industries, sectors and the nation, by sales or customers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Base, Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, UnknownName, listed
from csat.language import Language, Text
from csat.numerics.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Level = Literal["company", "industry", "sector", "nation"]

LEVELS: tuple[Level, ...] = ("company", "industry", "sector", "nation")
LEVEL_WORDS: Mapping[Level, Text] = {
    "company": Text("Company", "企业"),
    "industry": Text("Industry", "行业"),
    "sector": Text("Sector", "部门"),
    "nation": Text("Nation", "全国"),
}
WHOLE = Text("all companies", "全部企业")
ENOUGH = 1e-9


@dataclass(frozen=True)
class Company:
    """A company with its index and where it belongs; empty where a level is not used.

    weight : sales or customers. industry_weight, sector_weight : of its industry in the sector and of its
    sector in the nation; NaN: the sum of the weights below. se : NaN where it is not known.
    """

    name: str
    index: float
    weight: float
    se: float = math.nan
    n: int = 0
    industry: str = ""
    sector: str = ""
    nation: str = ""
    industry_weight: float = math.nan
    sector_weight: float = math.nan


@dataclass(frozen=True, eq=False)
class Units:
    """The units of one level, u of them. above : the unit of the next level each belongs to.

    weight : within that unit. share : of the unit's weight in it, 0-1. companies : how many are behind each.
    """

    names: tuple[str, ...]
    above: tuple[str, ...]
    index: Array
    se: Array
    ci_lower: Array
    ci_upper: Array
    weight: Array
    share: Array
    companies: NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class RollUp(Result):
    """The index at every level in use, made by `rollup`."""

    title = Text("Roll-up of the index", "指数汇总")
    name = "rollup"

    levels: Mapping[str, Units]
    """Level to its units, lowest first; levels that are not used are left out."""
    total: float
    """The index of the whole: the units of the highest level together."""
    total_se: float
    confidence: float

    def tables(self) -> dict[str, Table]:
        """One table a level, highest first."""
        level_name = f"{100 * self.confidence:g}%"
        tables = {}
        for level in reversed(list(self.levels)):
            units = self.levels[level]
            columns: dict[str, Any] = {"name": units.names}
            if any(units.above):
                columns["above"] = units.above
            columns |= {
                "index": units.index,
                "ci_lower": units.ci_lower,
                "ci_upper": units.ci_upper,
                "se": units.se,
                "weight": units.weight,
                "share": units.share,
            }
            if level != "company":
                columns["companies"] = units.companies
            tables[level] = Table(
                columns,
                title=Text("{level}: index", "{level}指数").fill(level=LEVEL_WORDS[level]),  # type: ignore[index]
                notes=[
                    Text(
                        "Index of a level = sum of weight x index over its units / sum of weights; weights "
                        "count as known, the samples as independent.",
                        "各层指数 = 所属单位“权重 × 指数”之和 / 权重之和；权重视为已知，各样本相互独立。",
                    )
                ]
                if level != "company"
                else [],
                labels={
                    "name": LEVEL_WORDS[level],  # type: ignore[index]
                    "above": Text("Part of", "隶属于"),
                    "ci_lower": Text(f"{level_name} CI, lower", f"{level_name} 置信下限"),
                    "ci_upper": Text(f"{level_name} CI, upper", f"{level_name} 置信上限"),
                    "share": Text("Share of the level above", "占上一层比例"),
                    "companies": Text("Companies", "企业数"),
                },
                formats={"share": "share", "weight": "score"}
                | dict.fromkeys(("index", "ci_lower", "ci_upper", "se"), "number"),
            )
        return tables

    def plots(self) -> dict[str, Plot]:
        """One chart a level with several units, highest first."""
        plots = {}
        for level in reversed(list(self.levels)):
            units = self.levels[level]
            if len(units.names) > 1:
                plots[level] = self._dots(level, units)
        return plots

    def _dots(self, level: str, units: Units) -> Plot:
        order = np.argsort(-units.index, kind="stable")
        known = bool(np.isfinite(units.ci_lower).all())

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.dots(
                ax,
                [units.names[i] for i in order],
                units.index[order],
                lower=units.ci_lower[order] if known else None,
                upper=units.ci_upper[order] if known else None,
                reference=self.total,
                xlabel=Text("Index, 0-100", "指数（0–100）").say(language),
                kind="score",
            )

        return Plot(
            draw,
            LEVEL_WORDS[level],  # type: ignore[index]
            Text(
                "Dots: the index of each; the line is the whole, {total}.",
                "圆点为各单位指数，竖线为总体 {total}。",
            ).fill(total=f"{self.total:.1f}"),
            (6.8, max(2.0, 0.34 * len(order) + 1.0)),
        )

    def headline(self) -> tuple[Text, ...]:
        """The index of the highest level."""
        level = list(self.levels)[-1]
        units = self.levels[level]
        if len(units.names) > 1:
            half = normal_quantile(self.confidence) * self.total_se
            around = (
                Text(" ({a} to {b})", "（{a} 至 {b}）").fill(
                    a=f"{self.total - half:.1f}", b=f"{self.total + half:.1f}"
                )
                if math.isfinite(half)
                else Text("", "")
            )
            return (
                Text("All together: {total}{around}.", "总体：{total}{around}。").fill(
                    total=f"{self.total:.1f}", around=around
                ),
            )
        interval = (
            Text(" ({a} to {b})", "（{a} 至 {b}）").fill(
                a=f"{units.ci_lower[0]:.1f}", b=f"{units.ci_upper[0]:.1f}"
            )
            if math.isfinite(units.ci_lower[0])
            else Text("", "")
        )
        return (
            Text("{level} {name}: {index}{interval}.", "{level} {name}：{index}{interval}。").fill(
                level=LEVEL_WORDS[level],  # type: ignore[index]
                name=units.names[0],
                index=f"{units.index[0]:.1f}",
                interval=interval,
            ),
        )


def rollup(companies: Sequence[Company], *, confidence: float = 0.95) -> RollUp:
    """Index of every level: sum v_u index_u / sum v_u over its units, v sales or customers.

    se of a level = sqrt(sum (v_u se_u)^2) / sum v_u: samples are independent, the weights known. Levels that
    no company names are left out; with no level at all the companies roll up into one total.

    Raises
    ------
    BadInput : no company, a name twice, a weight that is not positive, an index outside 0-100, a unit in two
        units of the level above or with two weights, a level named for some companies only.
    """
    if not companies:
        raise BadInput("there is no company to roll up", right="A table with one row a company")
    _check(companies)
    used: list[Level] = ["company"]
    for level in LEVELS[1:]:
        named = [bool(getattr(c, level)) for c in companies]
        if any(named) and not all(named):
            without = [c.name for c, k in zip(companies, named, strict=True) if not k]
            raise BadInput(
                f"{listed(without)} has no {level}",
                right=f"Every company has one, or none has: then the level is left out (column {level})",
            )
        if any(named):
            used.append(level)
    z = normal_quantile(confidence)
    below = {c.name: (c.index, c.se, c.weight, 1) for c in companies}
    found: dict[str, Units] = {}
    for k, level in enumerate(used):
        parent = used[k + 1] if k + 1 < len(used) else None
        belongs = _parents(companies, level, parent)
        weights = {name: below[name][2] for name in belongs}
        totals: dict[str, float] = {}
        for name, unit in belongs.items():
            totals[unit] = totals.get(unit, 0.0) + weights[name]
        names = tuple(belongs)
        index = np.array([below[n][0] for n in names])
        se = np.array([below[n][1] for n in names])
        found[level] = Units(
            names=names,
            above=tuple(belongs.values()),
            index=index,
            se=se,
            ci_lower=index - z * se,
            ci_upper=index + z * se,
            weight=np.array([weights[n] for n in names]),
            share=np.array([weights[n] / totals[belongs[n]] for n in names]),
            companies=np.array([below[n][3] for n in names], dtype=np.int64),
        )
        if parent is None:
            break
        below = {
            unit: _joined(
                [below[n] for n, u in belongs.items() if u == unit], _own_weight(companies, parent, unit)
            )
            for unit in dict.fromkeys(belongs.values())
        }
    respondents = sum(c.n for c in companies)
    top = found[used[-1]]
    total, total_se, *_ = _joined(
        [(i, s, w, 1) for i, s, w in zip(top.index, top.se, top.weight, strict=True)], math.nan
    )
    return RollUp(
        total=total,
        total_se=total_se,
        levels=found,
        confidence=confidence,
        base=Base(
            respondents=respondents, effective_n=float(respondents), missing="available", rows=respondents
        ),
        cautions=_cautions(companies),
    )


Sum = tuple[float, float, float, int]
"""Index, se, weight in the level above, companies."""


def _joined(parts: Sequence[Sum], own: float) -> Sum:
    v = np.array([p[2] for p in parts])
    total = float(v.sum())
    index = float(v @ np.array([p[0] for p in parts]) / total)
    se = float(np.sqrt(((v * np.array([p[1] for p in parts])) ** 2).sum()) / total)
    return index, se, total if math.isnan(own) else own, sum(p[3] for p in parts)


def _parents(companies: Sequence[Company], level: Level, parent: Level | None) -> dict[str, str]:
    """Each unit of a level to the unit above it; empty at the top."""
    found: dict[str, str] = {}
    for c in companies:
        name = c.name if level == "company" else getattr(c, level)
        above = getattr(c, parent) if parent else ""
        if found.setdefault(name, above) != above:
            raise BadInput(
                f"{level} '{name}' is in two of the {parent} level: '{found[name]}' and '{above}'",
                right="Every unit belongs to one unit of the level above",
            )
    return found


def _mixed_weights(companies: Sequence[Company]) -> list[Caution]:
    """Units weighed against one another of which some have a weight of their own and some have none."""
    used = [level for level in LEVELS[1:] if any(getattr(c, level) for c in companies)]
    found = []
    for k, level in enumerate(used):
        if level == "nation":
            continue
        above = used[k + 1] if k + 1 < len(used) else None
        for unit in dict.fromkeys(getattr(c, above) if above else "" for c in companies):
            own = [c for c in companies if not above or getattr(c, above) == unit]
            members = list(dict.fromkeys(getattr(c, level) for c in own))
            given = [m for m in members if not math.isnan(_own_weight(own, level, m))]
            if not given or len(given) == len(members):
                continue
            without = [m for m in members if m not in given]
            found.append(
                Caution(
                    "mixed weights",
                    Text(
                        "{given}: a weight of its own; {without}: the weights below added up. Are these in "
                        "one unit?",
                        "{given}使用自有权重，{without}使用下层权重之和：两者单位是否一致？",
                    ).fill(
                        given=Text(listed(given), "、".join(given)),
                        without=Text(listed(without), "、".join(without)),
                    ),
                    tuple(members),
                )
            )
    return found


def _own_weight(companies: Sequence[Company], level: Level, unit: str) -> float:
    """The weight given for an industry or a sector; NaN where none is."""
    if level == "nation":
        return math.nan
    given = {
        float(getattr(c, f"{level}_weight"))
        for c in companies
        if getattr(c, level) == unit and not math.isnan(getattr(c, f"{level}_weight"))
    }
    if len(given) > 1:
        raise BadInput(
            f"{level} '{unit}' has several weights: {', '.join(f'{g:g}' for g in sorted(given))}",
            right="All its rows give the same",
        )
    return given.pop() if given else math.nan


def _check(companies: Sequence[Company]) -> None:
    seen: set[str] = set()
    for c in companies:
        if c.name in seen:
            raise BadInput(f"company '{c.name}' stands twice", right="One row a company")
        seen.add(c.name)
        if not (math.isfinite(c.weight) and c.weight > 0):
            raise BadInput(f"the weight of '{c.name}' is {c.weight:g}", right="A weight is a positive number")
        if not -ENOUGH <= c.index <= 100 + ENOUGH:
            raise BadInput(f"the index of '{c.name}' is {c.index:g}", right="An index lies from 0 to 100")
        for level in ("industry", "sector"):
            own = getattr(c, f"{level}_weight")
            if not math.isnan(own) and not own > 0:
                raise BadInput(
                    f"the {level} weight of '{c.name}' is {own:g}", right="A weight is a positive number"
                )


def _cautions(companies: Sequence[Company]) -> tuple[Caution, ...]:
    without = [c.name for c in companies if math.isnan(c.se)]
    uncounted = [c.name for c in companies if not c.n]
    found = _mixed_weights(companies)
    if uncounted and len(uncounted) < len(companies):
        found.append(
            Caution(
                "no n",
                Text(
                    "No number of respondents is given for {names}: the sum is of the others.",
                    "未给出{names}的受访者人数：合计只含其余企业。",
                ).fill(names=Text(listed(uncounted), "、".join(uncounted))),
                tuple(uncounted),
            )
        )
    if not without:
        return tuple(found)
    return (
        *found,
        Caution(
            "no error",
            Text(
                "No standard error is given for {names}, so the levels above have no interval.",
                "未给出{names}的标准误，因此其上各层没有区间。",
            ).fill(names=Text(listed(without), "、".join(without))),
            tuple(without),
        ),
    )


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("company", "name", "企业", "公司"),
    "index": ("index", "score", "指数"),
    "se": ("se", "标准误"),
    "n": ("n", "样本量"),
    "weight": ("weight", "customers", "sales", "权重", "销售额", "客户数"),
    "industry": ("industry", "行业"),
    "sector": ("sector", "部门"),
    "nation": ("nation", "country", "国家"),
    "industry_weight": ("industry_weight", "行业权重"),
    "sector_weight": ("sector_weight", "部门权重"),
}
"""What the columns of a table of companies may be called."""


def companies_of(
    table: Mapping[str, Sequence[str]],
    *,
    indices: Mapping[str, tuple[float, float, int]] | None = None,
    where: str = "the table of companies",
) -> list[Company]:
    """Companies from the columns of a table, as text.

    indices : company to index, se and respondents, where these come from a survey; the table then needs none,
    and companies of the survey that are not in it are refused.

    Raises
    ------
    BadInput, UnknownName : a column is missing, a number is none, a company is not known.
    """
    at = {
        key: next((c for c in table if c.strip().casefold() in names), None) for key, names in COLUMNS.items()
    }
    needed = ("name", "weight") if indices is not None else ("name", "index", "weight")
    for key in needed:
        if at[key] is None:
            raise BadInput(
                f"no column holds the {key}",
                where=where,
                right=f"It is called {', '.join(COLUMNS[key])}; the table has {listed(list(table))}",
            )

    def number(key: str, row: int, default: float) -> float:
        column = at[key]
        text = table[column][row].strip() if column is not None else ""
        if not text:
            return default
        try:
            return float(text)
        except ValueError as error:
            raise BadInput(f"row {row + 1}, column {column}: '{text}' is no number", where=where) from error

    def word(key: str, row: int) -> str:
        column = at[key]
        return table[column][row].strip() if column is not None else ""

    rows = range(len(table[at["name"]]))  # type: ignore[index]
    names = [word("name", r) for r in rows]
    if indices is not None:
        for name in indices:
            if name not in names:
                raise UnknownName("company", name, names, where=where)
    found = []
    for r, name in enumerate(names):
        if indices is not None:
            if name not in indices:
                continue
            index, se, n = indices[name]
        else:
            index, se, n = number("index", r, math.nan), number("se", r, math.nan), int(number("n", r, 0))
        found.append(
            Company(
                name, index, number("weight", r, math.nan), se, n, word("industry", r), word("sector", r),
                word("nation", r), number("industry_weight", r, math.nan),
                number("sector_weight", r, math.nan),
            )
        )  # fmt: skip
    return found
