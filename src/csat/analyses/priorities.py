"""What to improve first: importance against performance, in four quadrants, and how firmly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.analyses.certainty import Certainty
from csat.analyses.guidelines import PLACEMENT_FIRM
from csat.analyses.result import Base, Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute, UnknownName, listed
from csat.language import Language, Text, bare, joined
from csat.numerics.agreement import kendall_w
from csat.numerics.intervals import normal_quantile
from csat.numerics.quadrants import QUADRANTS as IN_ORDER
from csat.numerics.quadrants import Centre, Quadrant, placed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

STATED = "stated"
IMPORTANCE_NAMES: dict[str, Text] = {
    STATED: Text("stated importance", "陈述重要性"),
    "LMG share": Text("derived importance (LMG share of R²)", "推导重要性（LMG 对 R² 的贡献）"),
    "relative weight": Text("derived importance (relative weight)", "推导重要性（相对权重）"),
    "|r|": Text("derived importance (correlation |r|)", "推导重要性（相关系数绝对值）"),
    "beta": Text("derived importance (standardised coefficient)", "推导重要性（标准化系数）"),
    "partial r": Text("derived importance (partial correlation)", "推导重要性（偏相关）"),
    "PLS total effect": Text("importance by PLS total effect", "路径模型重要性（PLS 总效应）"),
}
SHORT_NAMES: dict[str, Text] = {
    STATED: Text("stated", "陈述"),
    "LMG share": Text("LMG share", "LMG 贡献"),
    "relative weight": Text("relative weight", "相对权重"),
    "|r|": Text("|r|", "|r|"),
    "beta": Text("beta", "标准化系数"),
    "partial r": Text("partial r", "偏相关"),
    "PLS total effect": Text("PLS total effect", "PLS 总效应"),
}
CENTRES: dict[Centre, Text] = {
    "mean": Text("mean of the items", "各题项均值"),
    "median": Text("median of the items", "各题项中位数"),
    "midpoint": Text("middle of the scale", "量表中点"),
    "value": Text("values given", "给定值"),
    "overall": Text("overall satisfaction and the mean importance", "总体满意度与平均重要性"),
}
GAP_ZONES: dict[int, Text] = {
    -1: Text("falls short", "表现不足"),
    0: Text("in balance", "基本相当"),
    1: Text("exceeds", "超出所需"),
}
"""Performance against importance on one unit, told apart by the interval of their difference."""
SHORT_CENTRES: dict[Centre, Text] = {
    "mean": Text("mean", "均值"),
    "median": Text("median", "中位数"),
    "midpoint": Text("midpoint", "中点"),
    "value": Text("given", "给定"),
    "overall": Text("overall", "总体满意度"),
}
QUADRANTS: dict[Quadrant, Text] = {
    "improve first": Text("Improve first", "优先改进"),
    "keep up": Text("Keep up", "继续保持"),
    "low priority": Text("Low priority", "低优先级"),
    "possible overkill": Text("Possible overkill", "可能投入过度"),
}
"""In the order of their urgency."""
ON_CHART = IN_ORDER
"""In reading order of the chart: top left, top right, bottom left, bottom right."""
PERFORMANCE = Text("Performance, 0-100", "表现（0–100）")
FEWEST_ITEMS = 2
CROWDED = 2 / 3
"""Share of the items in one quadrant above which the crosshair hardly sorts them (ours)."""
STATED_RANGE = 10.0
"""Points of 100 below which stated importance hardly tells items apart (METHODS 12)."""
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class Priorities(Result):
    """Each of p items in its quadrant, made by `priorities`; arrays follow `items`."""

    title = Text("Priorities", "改进优先级")
    name = "priorities"

    items: tuple[str, ...]
    titles: tuple[Text, ...]
    performance: Array
    performance_se: Array
    """(p,) NaN where it is not known."""
    performance_name: Text
    importance: Array
    importance_name: str
    """`stated`, or the measure it was derived by."""
    quadrants: tuple[Quadrant, ...]
    firm: tuple[bool | None, ...]
    """Whether the place is firm: in its quadrant in at least `PLACEMENT_FIRM` of the replicates; without
    replicates, whether performance differs from its line by more than chance; None where neither is known."""
    urgency: Array
    """(p,) importance above and performance below its line, in standard deviations over items, summed."""
    rank: NDArray[np.int64]
    """(p,) 1 = first: by quadrant, then by urgency."""
    gap: Array
    """(p,) performance minus importance; NaN where they have no common unit."""
    centre: Centre
    centre_performance: float
    centre_importance: float
    iso_priority: bool
    also: Mapping[str, Array]
    """Other measures of importance by name, each (p,)."""
    agreement: float
    """Kendall's W of all measures' rankings; NaN with one measure."""
    certainty: Certainty | None = None
    """How often each item stood where in the replicates, under every measure and crosshair asked for."""

    def improve_first(self, most: int = 3) -> tuple[tuple[Text, Text], ...]:
        """The items to improve first and why: title and reason, most urgent first."""
        chosen = [i for i in self._order() if self.quadrants[i] == "improve first"][:most]
        return tuple((self.titles[i], self._reason(i)) for i in chosen)

    def items_by_rank(self) -> tuple[str, ...]:
        """The items, most urgent first."""
        return tuple(self.items[i] for i in self._order())

    def tables(self) -> dict[str, Table]:
        """`priorities`, by rank; `certainty`; `measures`, where importance was measured in several ways."""
        order = self._order()
        columns: dict[str, Any] = {
            "rank": self.rank[order],
            "item": [self.items[i] for i in order],
            "wording": [self.titles[i] for i in order],
            "quadrant": [QUADRANTS[self.quadrants[i]] for i in order],
            "importance": self.importance[order],
            "performance": self.performance[order],
        }
        if np.isfinite(self.performance_se).any():
            columns |= {"se": self.performance_se[order], "firm": [self.firm[i] for i in order]}
        if np.isfinite(self.gap).any():
            columns["gap"] = self.gap[order]
            if self.certainty is not None and np.isfinite(self.certainty.gap_lower).any():
                columns["zone"] = [GAP_ZONES[self._zone(i)] for i in order]
        if all(t.en in ("", i) for t, i in zip(self.titles, self.items, strict=True)):
            del columns["wording"]
        points = ("performance", "se", "gap", *(["importance"] if self._is_stated else []))
        tables = {
            "priorities": Table(
                columns,
                title=Text("Priorities by {importance}", "按{importance}排列的优先级").fill(
                    importance=self._importance_words
                ),
                notes=[
                    Text(
                        "Crosshair at the {centre}: performance {x}, importance {y}; a value on the line "
                        "counts as "
                        "high. Order: quadrant, then importance above and performance below the lines, in "
                        "standard "
                        "deviations.",
                        "十字线位于{centre}：表现 {x}，重要性 {y}；恰在线上视为高。排序：先按象限，"
                        "再按重要性高出与表现"
                        "低于十字线的标准差之和。",
                    ).fill(
                        centre=CENTRES[self.centre],
                        x=f"{self.centre_performance:.1f}",
                        y=self._importance_text(self.centre_importance),
                    )
                ],
                labels={
                    "performance": self.performance_name,
                    "firm": Text("Firm", "位置稳固"),
                    "gap": Text("Performance less importance", "表现减重要性"),
                    "zone": Text("Gap", "差距区间"),
                },
                formats={c: "score" for c in points if c in columns},
            )
        }
        if self.certainty is not None:
            tables["certainty"] = self._certainty_table(self.certainty)
            if len(self.certainty.placements) > 1:
                tables["certainty_measures"] = self._certainty_measures_table(self.certainty)
        if self.also:
            tables["measures"] = self._measures_table()
        return tables

    def _certainty_table(self, known: Certainty) -> Table:
        order, main = self._order(), known.main
        columns: dict[str, Any] = {
            "item": [self.items[i] for i in order],
            "wording": [self.titles[i] for i in order],
            "quadrant": [QUADRANTS[self.quadrants[i]] for i in order],
            **{f"in_{k}": main.probability[order, k] for k in range(len(ON_CHART))},
            "among_first": main.among_first[order],
            "firm": main.firm[order].tolist(),
        }
        if all(t.en in ("", i) for t, i in zip(self.titles, self.items, strict=True)):
            del columns["wording"]
        lost = (
            Text("; {n} gave no importance and are left out", "，其中 {n} 次无法得到重要性，已剔除").fill(
                n=known.lost
            )
            if known.lost
            else Text("", "")
        )
        return Table(
            columns,
            title=Text(
                "How sure is each place? Probability of each quadrant", "各题项位置有多确定？各象限的概率"
            ),
            notes=[
                Text(
                    "Share of {n} bootstrap replicates of the respondents (seed {seed}){drawn}{lost}, each "
                    "with its own performance, importance and crosshair. Firm: {firm} or more in the quadrant "
                    "that the full data give. Kendall's W of the replicates' rankings: {w}.",
                    "对受访者做 {n} 次自助抽样（随机种子 {seed}）{drawn}{lost}，"
                    "每次重新计算表现、重要性与十字线，表中为所占比例。"
                    "稳固：落在全体数据所给象限的比例达到 {firm}。"
                    "各次排序的肯德尔 W 系数：{w}。",
                ).fill(
                    n=known.replicates,
                    seed=known.seed,
                    drawn=known.drawn,
                    lost=lost,
                    firm=f"{PLACEMENT_FIRM.value:.0%}",
                    w=f"{main.concordance:.2f}",
                )
            ],
            labels={
                "among_first": Text(f"Among the first {known.first}", f"位列前 {known.first}"),
                "firm": Text("Firm", "位置稳固"),
                **{f"in_{k}": QUADRANTS[q] for k, q in enumerate(ON_CHART)},
            },
            formats=dict.fromkeys(("among_first", *(f"in_{k}" for k in range(len(ON_CHART)))), "share"),
        )

    def _certainty_measures_table(self, known: Certainty) -> Table:
        order = self._order()
        several = len({p.centre for p in known.placements}) > 1
        columns: dict[str, Any] = {"item": [self.items[i] for i in order]}
        labels: dict[str, Text] = {}
        for k, p in enumerate(known.placements):
            measure = SHORT_NAMES.get(p.measure, Text(p.measure))
            if several:
                measure = Text("{m}; {c}", "{m}；{c}").fill(m=measure, c=SHORT_CENTRES[p.centre])
            columns[f"quadrant_{k}"] = [QUADRANTS[p.quadrants[i]] for i in order]
            columns[f"certainty_{k}"] = p.own[order]
            columns[f"first_{k}"] = p.among_first[order]
            labels[f"quadrant_{k}"] = measure
            labels[f"certainty_{k}"] = Text("In it", "在此象限")
            labels[f"first_{k}"] = Text(f"First {known.first}", f"前 {known.first}")
        agree = (
            Text(
                "Kendall's W of the measures' rankings by importance: {w} (interval {lower} to {upper}).",
                "各方法重要性排序的肯德尔 W 系数：{w}（区间 {lower} 至 {upper}）。",
            ).fill(
                w=f"{known.agreement:.2f}",
                lower=f"{known.agreement_lower:.2f}",
                upper=f"{known.agreement_upper:.2f}",
            )
            if math.isfinite(known.agreement)
            else Text("", "")
        )
        return Table(
            columns,
            title=Text(
                "Does the place depend on how importance is measured?", "位置是否取决于重要性的测量方法？"
            ),
            notes=[
                Text(
                    "Under each measure: the quadrant in the full data, the share of replicates in it, and "
                    "the share in which the item is among the first {k}. {agree}",
                    "每种方法下：全体数据所给象限、落在该象限的重抽样比例、位列前 {k} 的比例。{agree}",
                ).fill(k=known.first, agree=agree)
            ],
            labels=labels,
            formats={c: "share" for c in columns if c.startswith(("certainty_", "first_"))},
        )

    def _measures_table(self) -> Table:
        order = self._order()
        measures = {self.importance_name: self.importance, **self.also}
        return Table(
            {"item": [self.items[i] for i in order]}
            | {f"measure_{k}": values[order] for k, values in enumerate(measures.values())},
            title=Text("Importance by several measures", "多种方法得到的重要性"),
            notes=[
                Text(
                    f"Kendall's W of the {len(measures)} rankings: {self.agreement:.3f} (1: all the same).",
                    f"{len(measures)} 种排序的肯德尔 W 系数：{self.agreement:.3f}（1 表示完全一致）。",
                )
            ],
            labels={f"measure_{k}": _importance_words(name) for k, name in enumerate(measures)},
        )

    def plots(self) -> dict[str, Plot]:
        """`quadrant`: importance upwards, performance to the right."""

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display.quadrant import quadrant
            from csat.display.words import ISO_PRIORITY, SURER

            return quadrant(
                ax,
                self.performance,
                self.importance,
                [t.say(language) or i for i, t in zip(self.items, self.titles, strict=True)],
                centre_x=self.centre_performance,
                centre_y=self.centre_importance,
                quadrant_names=[QUADRANTS[q].say(language) for q in ON_CHART],
                xlabel=self.performance_name.say(language),
                ylabel=_capital(self._importance_words.say(language)),
                iso_priority=self.iso_priority,
                iso_label=ISO_PRIORITY.say(language) if self.iso_priority else "",
                certainty=None if self.certainty is None else self.certainty.main.own,
                certainty_label="" if self.certainty is None else SURER.say(language),
            )

        first = [bare(self.titles[i]) for i in self._order() if self.quadrants[i] == "improve first"]
        return {
            "quadrant": Plot(
                draw,
                Text("Importance and performance", "重要性与表现"),
                Text(
                    "{n} items by importance (up) and performance (right). Important and weak: {first}.",
                    "{n} 个题项：纵轴为重要性，横轴为表现。重要而表现偏低的有：{first}。",
                ).fill(n=len(self.items), first=joined(first) if first else Text("none", "无")),
                (6.8, 5.6),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """What to improve first and why; how many items stand where."""
        reasons = self.improve_first()
        said = [
            Text("{i}. {title}: {why}", "{i}. {title}：{why}").fill(i=i, title=bare(title), why=why)
            for i, (title, why) in enumerate(reasons, start=1)
        ]
        counts = {q: self.quadrants.count(q) for q in QUADRANTS}
        if not reasons:
            said.append(
                Text(
                    "No item is both important and weak by this crosshair.",
                    "按此十字线，没有既重要又表现偏低的题项。",
                )
            )
        said.append(
            Text(
                "Of {n} items: improve first {a}, keep up {b}, low priority {c}, possible overkill {d}.",
                "{n} 个题项中，优先改进 {a} 个，继续保持 {b} 个，低优先级 {c} 个，可能投入过度 {d} 个。",
            ).fill(
                n=len(self.items),
                a=counts["improve first"],
                b=counts["keep up"],
                c=counts["low priority"],
                d=counts["possible overkill"],
            )
        )
        return tuple(said)

    @property
    def _is_stated(self) -> bool:
        return self.importance_name == STATED

    @property
    def _importance_words(self) -> Text:
        return _importance_words(self.importance_name)

    def _importance_text(self, value: float) -> str:
        return f"{value:.1f}" if self._is_stated else f"{value:.3f}"

    def _order(self) -> NDArray[np.intp]:
        return np.argsort(self.rank, kind="stable")

    def _reason(self, i: int) -> Text:
        return Text(
            "performance {x} against {cx}, importance {y} against {cy}{sure}.",
            "表现 {x}（十字线 {cx}），重要性 {y}（十字线 {cy}）{sure}。",
        ).fill(
            x=f"{self.performance[i]:.1f}",
            cx=f"{self.centre_performance:.1f}",
            y=self._importance_text(float(self.importance[i])),
            cy=self._importance_text(self.centre_importance),
            sure=self._how_sure(i),
        )

    def _zone(self, i: int) -> int:
        """-1 where performance falls short of importance, 1 where it exceeds it, 0 within sampling error."""
        assert self.certainty is not None  # only asked for with replicates
        return int(self.certainty.gap_lower[i] > 0) - int(self.certainty.gap_upper[i] < 0)

    def _how_sure(self, i: int) -> Text:
        if self.certainty is not None:
            share = f"{self.certainty.main.own[i]:.0%}"
            if self.firm[i]:
                return Text(f"; firm, here in {share} of the replicates", f"；位置稳固，{share} 的重抽样在此")
            return Text(
                f"; not firm, here in {share} of the replicates", f"；位置不稳固，仅 {share} 的重抽样在此"
            )
        if self.firm[i] is False:
            return Text(
                "; not firm, within sampling error of the line", "；位置不稳固，与十字线之差在抽样误差内"
            )
        return Text("")


def priorities(
    *,
    items: Sequence[str],
    titles: Mapping[str, Text] | None = None,
    performance: ArrayLike,
    importance: ArrayLike,
    importance_name: str,
    base: Base,
    performance_se: ArrayLike | None = None,
    performance_name: Text = PERFORMANCE,
    performance_range: tuple[float, float] = (0.0, 100.0),
    importance_range: tuple[float, float] | None = None,
    centre: Centre = "mean",
    centre_at: tuple[float | None, float | None] | None = None,
    iso_priority: bool = False,
    also: Mapping[str, ArrayLike] | None = None,
    certainty: Certainty | None = None,
    cautions: Sequence[Caution] = (),
) -> Priorities:
    """Sort items by importance and performance into four quadrants; a value on a line counts as high.

    Parameters
    ----------
    performance, importance : (p,); items without either are left out with a caution.
    importance_name : `stated`, or how it was derived (`LMG share`, `relative weight`, `|r|`, or other words).
    performance_se : (p,) standard errors; without `certainty` an item within z se of the line is not firm.
    performance_range, importance_range : declared ends of the two axes, for the midpoint and for the common
        unit of a gap. Stated importance has those of performance unless given; derived importance has none.
    centre : where the crosshair stands. centre_at : (performance, importance) for `value`; None: the mean.
    iso_priority : draw the line of equal gap; only where both axes have one unit.
    also : further measures of importance, shown beside the one used with the agreement of their rankings.
    certainty : places of the same items in the replicates, the measure and crosshair used here first.
    cautions : doubts met while importance was derived.

    Raises
    ------
    CannotCompute : fewer than 2 items with both numbers.
    BadInput, UnknownName : arrays of different length, an unknown centre, `value` without a point.
    """
    if centre not in CENTRES:
        raise UnknownName("centre", centre, CENTRES)
    if centre in ("value", "overall") and centre_at is None:
        raise BadInput(
            "the crosshair has no place",
            right=f"centre '{centre}' needs centre_at = (performance, importance)",
            do="Give the point, or use mean, median or midpoint",
        )
    x, y = np.asarray(performance, dtype=float), np.asarray(importance, dtype=float)
    se = np.full(x.shape, np.nan) if performance_se is None else np.asarray(performance_se, dtype=float)
    if not len(items) == x.size == y.size == se.size:
        raise BadInput(
            f"{len(items)} items, {x.size} performances, {y.size} importances and {se.size} errors do not "
            f"match"
        )
    known = np.isfinite(x) & np.isfinite(y)
    if np.count_nonzero(known) < FEWEST_ITEMS:
        raise CannotCompute(
            f"only {np.count_nonzero(known)} of {len(items)} items has both importance and performance",
            where="priorities",
            do="Name at least 2 items that were answered",
        )
    doubts = list(cautions)
    left_out = [i for i, k in zip(items, known, strict=True) if not k]
    if left_out:
        doubts.append(_left_out(left_out))
    names = tuple(i for i, k in zip(items, known, strict=True) if k)
    x, y, se = x[known], y[known], se[known]
    if importance_range is None and importance_name == STATED:
        importance_range = performance_range
    stands = placed(
        x,
        y,
        centre=centre,
        at=centre_at or (None, None),
        performance_range=performance_range,
        importance_range=importance_range,
    )
    cx, cy = float(stands.centre_x[0]), float(stands.centre_y[0])
    one_unit = importance_range == performance_range
    quadrants = tuple(ON_CHART[q] for q in stands.quadrant[:, 0])
    if certainty is not None and certainty.items != names:
        raise BadInput("the certainty is about other items", right=f"It is about: {listed(names)}")
    z = normal_quantile()
    firm: tuple[bool | None, ...]
    if certainty is not None:
        firm = tuple(bool(f) for f in certainty.main.firm)
    else:
        firm = tuple(None if math.isnan(s) else bool(abs(a - cx) > z * s) for a, s in zip(x, se, strict=True))
    doubts += _cautions(
        names,
        quadrants,
        firm,
        y,
        importance_name,
        importance_range,
        centre,
        one_unit=one_unit,
        iso=iso_priority,
        drawn=certainty is not None,
    )
    said = titles or {}
    others = {name: np.asarray(v, dtype=float)[known] for name, v in (also or {}).items()}
    measures = np.array([y, *others.values()])
    return Priorities(
        items=names,
        titles=tuple(said.get(i) or Text(i) for i in names),
        performance=x,
        performance_se=se,
        performance_name=performance_name,
        importance=y,
        importance_name=importance_name,
        quadrants=quadrants,
        firm=firm,
        urgency=stands.urgency[:, 0],
        rank=stands.rank[:, 0],
        gap=x - y if one_unit else np.full(len(names), np.nan),
        centre=centre,
        centre_performance=cx,
        centre_importance=cy,
        iso_priority=iso_priority and one_unit,
        also=others,
        agreement=kendall_w(measures) if others and np.isfinite(measures).all() else math.nan,
        certainty=certainty,
        base=base,
        cautions=tuple(doubts),
    )


def _importance_words(name: str) -> Text:
    return IMPORTANCE_NAMES.get(name, Text(name))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _left_out(items: Sequence[str]) -> Caution:
    return Caution(
        "left out",
        Text(
            f"Left out, as importance or performance could not be computed: {listed(items)}.",
            f"以下题项因无法计算重要性或表现而未列入：{'、'.join(items)}。",
        ),
        where=tuple(items),
    )


def _cautions(
    items: Sequence[str],
    quadrants: Sequence[Quadrant],
    firm: Sequence[bool | None],
    importance: Array,
    importance_name: str,
    importance_range: tuple[float, float] | None,
    centre: Centre,
    *,
    one_unit: bool,
    iso: bool,
    drawn: bool,
) -> list[Caution]:
    found: list[Caution] = []
    if importance_name == STATED and importance_range is not None:
        spread = 100 * float(np.ptp(importance)) / (importance_range[1] - importance_range[0])
        if spread < STATED_RANGE:
            found.append(
                Caution(
                    "stated importance hardly differs",
                    Text(
                        f"Stated importance differs by {spread:.1f} points of 100 only: respondents called "
                        f"nearly "
                        "everything equally important, so the upper and lower half mean little.",
                        f"各题项的陈述重要性只相差 {spread:.1f} 分（满分 100）：受访者几乎认为一切同样重要，"
                        "上下两半的区分意义不大。",
                    ),
                )
            )
    if importance_name != STATED:
        found.append(
            Caution(
                "not causal",
                Text(
                    "Derived importance comes from correlations: it is no proof that improving an item "
                    "raises "
                    "satisfaction, and it shrinks where nearly all gave the same answer.",
                    "推导重要性来自相关关系，并不证明改进该项就会提高满意度；当几乎所有人回答相同时，"
                    "它会偏小。",
                ),
            )
        )
    if centre == "midpoint":
        most = max(QUADRANTS, key=lambda q: list(quadrants).count(q))
        share = list(quadrants).count(most) / len(quadrants)
        if share > CROWDED:
            found.append(
                Caution(
                    "midpoint",
                    Text(
                        "With the crosshair at the middle of the scale {share} of the items fall under "
                        "'{quadrant}': use the mean or median to tell them apart.",
                        "十字线取量表中点时，{share} 的题项都落在“{quadrant}”：改用均值或中位数才能区分。",
                    ).fill(share=f"{100 * share:.0f}%", quadrant=QUADRANTS[most]),
                )
            )
        if importance_range is None:
            found.append(
                Caution(
                    "no midpoint",
                    Text(
                        "Derived importance has no scale and so no midpoint: its line is the mean.",
                        "推导重要性没有量表，因而没有中点：其分界线取均值。",
                    ),
                )
            )
    if iso and not one_unit:
        found.append(
            Caution(
                "no common unit",
                Text(
                    "The line of equal priority needs importance and performance in one unit; it is not "
                    "drawn.",
                    "等优先级线要求重要性与表现单位相同，因此未画出。",
                ),
            )
        )
    loose = [i for i, f in zip(items, firm, strict=True) if f is False]
    if loose and drawn:
        found.append(
            Caution(
                "not firm",
                Text(
                    f"Not firm: {listed(loose)} left their quadrant in more than one of five replicates; "
                    "read the table of certainty before acting on them.",
                    f"位置不稳固：{'、'.join(loose)} 在超过五分之一的重抽样中离开了所在象限；"
                    "采取行动前请看确定性表。",
                ),
                where=tuple(loose),
            )
        )
    elif loose:
        found.append(
            Caution(
                "not firm",
                Text(
                    f"Not firm: {listed(loose)} lie within sampling error of the performance line and "
                    f"could stand on "
                    "its other side.",
                    f"位置不稳固：{'、'.join(loose)} 与表现分界线之差在抽样误差之内，可能落在另一侧。",
                ),
                where=tuple(loose),
            )
        )
    return found
