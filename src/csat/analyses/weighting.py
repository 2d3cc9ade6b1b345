"""Weights that make the respondents agree with what is known of the population, and what they cost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import EFFECTIVE_N_SMALL, WEIGHT_DEFF, WEIGHT_TO_MEDIAN
from csat.analyses.result import SOUND, Base, Caution, Result, Verdict
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute, NumericsError, listed
from csat.language import Language, Text, joined
from csat.numerics import raking
from csat.numerics.sampling import kish_deff
from csat.responses.binding import segment_title
from csat.responses.responses import Responses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

CROSS = "*"
"""Joins two columns to one margin (`sex*age`), and their categories (`female*18-24`)."""
SMALL_GAP = 0.001
"""Distance from a target, as a share, below which a margin counts as met in print (a tenth of a point)."""
UNGIVEN = -2
"""Place of a category that the margin does not give; -1 is a category that is not known."""


@dataclass(frozen=True, eq=False)
class Margin:
    """One margin before and after; arrays have one entry a category.

    n : respondents. before, after : weighted shares. target : share in the population. unknown : respondents
    whose category is not known.
    """

    column: str
    title: Text
    categories: tuple[str, ...]
    titles: tuple[Text, ...]
    n: NDArray[np.int64]
    before: Array
    target: Array
    after: Array
    unknown: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Weighting(Result):
    """Raked weights and their report, made by `weighting`."""

    title = Text("Weights", "加权")
    name = "weighting"

    margins: tuple[Margin, ...]
    weights: Array
    """(n,) in the order of the responses; their mean is 1."""
    row_numbers: NDArray[np.int64]
    """(n,) 1-based row of each in the source."""
    converged: bool
    steps: int
    gap: float
    """Largest distance of a share from its target."""
    minimum: float
    median: float
    maximum: float
    deff: float
    deff_before: float
    """Design effect of the weights the raking started from."""
    bounds: tuple[float, float] | None
    """Lowest and highest weight asked for, as multiples of the mean."""
    untrimmed: tuple[float, float]
    """Lowest and highest weight without trimming."""
    untrimmed_deff: float
    trimmed_low: int
    trimmed_high: int

    def apply(self, responses: Responses) -> Responses:
        """The responses under these weights.

        Raises
        ------
        BadInput : other responses than those the weights were made for.
        """
        if not np.array_equal(responses.row_numbers, self.row_numbers):
            raise BadInput(
                "these weights were made for other rows", do="Weight the responses they were made from"
            )
        return responses.weighted_by(self.weights, f"raking to {', '.join(m.title.en for m in self.margins)}")

    def tables(self) -> dict[str, Table]:
        """`margins`: each category before and after; `weights`: their range and cost."""
        rows = [(m, k) for m in self.margins for k in range(len(m.categories))]
        margins = Table(
            {
                "column": [m.title for m, _ in rows],
                "category": [m.titles[k] for m, k in rows],
                "n": [m.n[k] for m, k in rows],
                "before": [m.before[k] for m, k in rows],
                "target": [m.target[k] for m, k in rows],
                "after": [m.after[k] for m, k in rows],
            },
            title=Text("Margins", "边际分布"),
            labels={
                "column": Text("Margin", "变量"),
                "category": Text("Category", "类别"),
                "before": Text("Before", "加权前"),
                "target": Text("Population", "总体"),
                "after": Text("After", "加权后"),
            },
            formats=dict.fromkeys(("before", "target", "after"), "share"),
        )
        return {"margins": margins, "weights": self._weights_table()}

    def plots(self) -> dict[str, Plot]:
        """`weights`: how they are spread."""

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.histogram(ax, self.weights, reference=1.0, xlabel=WEIGHT.say(language))

        return {
            "weights": Plot(
                draw,
                Text("Spread of the weights", "权重分布"),
                Text(
                    f"Histogram of weights from {self.minimum:.2f} to {self.maximum:.2f}; their mean is 1.",
                    f"权重直方图，范围 {self.minimum:.2f}–{self.maximum:.2f}，均值为 1。",
                ),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """Whether the margins are met, and what the weights cost."""
        met = (
            Text("All {k} margins are met.", "{k} 个边际全部吻合。").fill(k=len(self.margins))
            if self.gap < SMALL_GAP
            else Text(
                "The margins are missed by up to {gap} points.", "边际最大偏差为 {gap} 个百分点。"
            ).fill(gap=f"{100 * self.gap:.1f}")
        )
        cost = Text(
            "Weights from {low} to {high}: {n} respondents count as {effective} (design effect {deff}).",
            "权重范围 {low}–{high}：{n} 名受访者相当于 {effective} 名（设计效应 {deff}）。",
        ).fill(
            low=f"{self.minimum:.2f}",
            high=f"{self.maximum:.2f}",
            n=self.base.respondents,
            effective=f"{self.base.effective_n:.1f}",
            deff=f"{self.deff:.3f}",
        )
        return met, cost

    def _weights_table(self) -> Table:
        rows: list[tuple[Text, Any]] = [
            (Text("Lowest weight", "最小权重"), self.minimum),
            (Text("Median weight", "权重中位数"), self.median),
            (Text("Highest weight", "最大权重"), self.maximum),
            (Text("Effective n", "有效样本量"), self.base.effective_n),
            (Text("Design effect", "设计效应"), self.deff),
            (Text("Design effect before", "加权前设计效应"), self.deff_before),
            (Text("Rounds", "迭代轮数"), self.steps),
            (Text("Largest distance from a target (points)", "与目标的最大偏差（百分点）"), 100 * self.gap),
        ]
        if self.bounds is not None:
            low, high = self.bounds
            rows += [
                (Text("Lowest weight allowed", "权重下限"), low),
                (Text("Highest weight allowed", "权重上限"), high),
                (Text("Held at the lowest", "取下限的人数"), self.trimmed_low),
                (Text("Held at the highest", "取上限的人数"), self.trimmed_high),
                (Text("Lowest without trimming", "未截尾最小权重"), self.untrimmed[0]),
                (Text("Highest without trimming", "未截尾最大权重"), self.untrimmed[1]),
                (Text("Design effect without trimming", "未截尾设计效应"), self.untrimmed_deff),
            ]
        return Table(
            {"what": [w for w, _ in rows], "value": [v for _, v in rows]},
            title=Text("The weights", "权重"),
            formats={"value": "number"},
            notes=[Text("The mean weight is 1.", "权重均值为 1。")],
        )


WEIGHT = Text("Weight", "权重")


def weighting(
    responses: Responses,
    margins: Mapping[str, Mapping[str, float]],
    *,
    bounds: tuple[float, float] | None = None,
    use_weights: bool = True,
) -> Weighting:
    """Weights by raking to margins; one margin alone is post-stratification.

    Parameters
    ----------
    margins : segment column to category to its share or count in the population. A category is named by its
        code or its wording in either language; `a*b` is the cross of two columns, `x*y` its categories.
    bounds : lowest and highest weight as multiples of the mean, for trimmed weights; default: none.
    use_weights : start from the weights the responses have (design weights), else from 1 each.

    Raises
    ------
    BadInput, UnknownName : a column or category is not known, or respondents are in a category that the
        margin does not give.
    CannotCompute : a category of the population has no respondent.

    References
    ----------
    Deming & Stephan (1940), Annals of Mathematical Statistics 11, 427-444.
    """
    if not margins:
        raise BadInput("weighting needs a margin", right="Such as {'gender': {'female': 0.52, 'male': 0.48}}")
    own = responses.weights if use_weights else None
    coded = [_coded(responses, column, wanted) for column, wanted in margins.items()]
    codes = [c for c, _ in coded]
    targets = [np.array(list(wanted.values()), dtype=float) for wanted in margins.values()]
    try:
        plain = raking.rake(codes, targets, start=own)
        raked = plain if bounds is None else raking.rake(codes, targets, start=own, bounds=bounds)
    except NumericsError as error:
        raise _named(error, margins) from error
    start = np.ones(responses.rows) if own is None else own
    found = tuple(
        Margin(
            column=column,
            title=_column_title(responses, column),
            categories=tuple(wanted),
            titles=titles,
            n=np.bincount(code[code >= 0], minlength=len(wanted)).astype(np.int64),
            before=raking.margin_shares(code, start, len(wanted)),
            target=(target / target.max()) / (target / target.max()).sum(),
            after=raking.margin_shares(code, raked.weights, len(wanted)),
            unknown=int(np.count_nonzero(code < 0)),
        )
        for (column, wanted), (code, titles), target in zip(margins.items(), coded, targets, strict=True)
    )
    counted = raked.weights[raked.weights > 0]
    result = Weighting(
        base=Base(
            respondents=responses.rows,
            effective_n=raked.effective_n,
            missing="available",
            rows=responses.report.rows_read or responses.rows,
            weighted=True,
            instrument=responses.instrument.label,
        ),
        verdict=SOUND if raked.converged or bounds is not None else _not_converged(raked),
        margins=found,
        weights=raked.weights,
        row_numbers=np.asarray(responses.row_numbers, dtype=np.int64),
        converged=raked.converged,
        steps=raked.steps,
        gap=raked.gap,
        minimum=float(counted.min()),
        median=float(np.median(counted)),
        maximum=float(counted.max()),
        deff=raked.deff,
        deff_before=kish_deff(start[start > 0]),
        bounds=bounds,
        untrimmed=(float(plain.weights[plain.weights > 0].min()), float(plain.weights.max())),
        untrimmed_deff=plain.deff,
        trimmed_low=raked.trimmed[0],
        trimmed_high=raked.trimmed[1],
    )
    return _with_cautions(result)


def _coded(
    responses: Responses, column: str, wanted: Mapping[str, float]
) -> tuple[NDArray[np.intp], tuple[Text, ...]]:
    """(n,) position of each respondent's category, -1 where not known; the wording of the categories."""
    columns = [c.strip() for c in column.split(CROSS)]
    labels = [responses.segment(c) for c in columns]
    places = {_folded(name): k for k, name in enumerate(wanted)}
    titles = {k: Text(name) for k, name in enumerate(wanted)}
    position: dict[tuple[object, ...], int] = {}
    strange: dict[str, int] = {}
    out = np.full(responses.rows, -1, dtype=np.intp)
    for row, values in enumerate(zip(*labels, strict=True)):
        if values not in position:
            position[values] = _place(responses, columns, values, places, titles)
        k = position[values]
        if k == UNGIVEN:
            name = CROSS.join(str(v) for v in values)
            strange[name] = strange.get(name, 0) + 1
        out[row] = max(k, -1)
    if strange:
        raise BadInput(
            f"{sum(strange.values())} respondents are in categories that the margin does not give: "
            f"{listed(list(strange))}",
            where=f"margin '{column}'",
            right=f"It gives: {listed(list(wanted))}",
            do="Add them with their shares, or leave these respondents out",
        )
    return out, tuple(titles.values())


def _place(
    responses: Responses,
    columns: Sequence[str],
    values: tuple[object, ...],
    places: Mapping[str, int],
    titles: dict[int, Text],
) -> int:
    if any(v is None for v in values):
        return -1
    words = [segment_title(responses.instrument, c, str(v)) for c, v in zip(columns, values, strict=True)]
    names = [(str(v), w.en, w.zh) for v, w in zip(values, words, strict=True)]
    for candidate in itertools.product(*names):
        k = places.get(_folded(CROSS.join(candidate)))
        if k is not None:
            titles[k] = Text(" x ".join(w.say("en") for w in words), " × ".join(w.say("zh") for w in words))
            return k
    return UNGIVEN


def _folded(name: str) -> str:
    return CROSS.join(part.strip().casefold() for part in str(name).split(CROSS))


def _column_title(responses: Responses, column: str) -> Text:
    declared = {s.column: s.title for s in responses.instrument.segments}
    parts = [declared.get(c.strip()) or Text(c.strip()) for c in column.split(CROSS)]
    return Text(" x ".join(p.say("en") for p in parts), " × ".join(p.say("zh") for p in parts))


def _named(error: NumericsError, margins: Mapping[str, Mapping[str, float]]) -> CannotCompute | BadInput:
    """Positions are (margin, category); errors about bounds or weights have none, or rows."""
    names = list(margins)
    if "margin" not in error.message or len(error.positions) != 2:
        return BadInput(str(error.named([], where="weights")) if not error.positions else str(error))
    margin, category = error.positions
    label = list(margins[names[margin]])[category]
    where = f"margin '{names[margin]}'"
    if "no respondent" in error.message:
        return CannotCompute(f"nobody is in category '{label}' of the population", where=where, do=error.do)
    return BadInput(f"category '{label}' has no positive share", where=where, do=error.do)


def _not_converged(raked: raking.Raked) -> Verdict:
    return Verdict(
        "failed",
        Text(
            "After {steps} rounds the margins are still missed by {gap} points: they contradict each other "
            "in this sample. Merge small categories, or leave a margin out.",
            "迭代 {steps} 轮后边际仍有 {gap} 个百分点的偏差：各边际在该样本中互相矛盾。"
            "请合并小类别或减少边际。",
        ).fill(steps=raked.steps, gap=f"{100 * raked.gap:.2f}"),
    )


def _with_cautions(result: Weighting) -> Weighting:
    from dataclasses import replace

    found: list[Caution] = []

    def doubt(code: str, en: str, zh: str, where: Sequence[str] = (), **values: Any) -> None:
        found.append(Caution(code, Text(en, zh).fill(**values), tuple(where)))

    if not WEIGHT_TO_MEDIAN.met(result.maximum / result.median):
        doubt(
            "large_weight",
            "The largest weight is {k} times the median: single respondents move the result. "
            "Consider bounds.",
            "最大权重是中位数的 {k} 倍：个别受访者会左右结果，可考虑限制权重。",
            k=f"{result.maximum / result.median:.1f}",
        )
    if not WEIGHT_DEFF.met(result.deff):
        doubt(
            "design_effect",
            "The weights cost a design effect of {deff}: errors are {wider} times as wide as without "
            "weights.",
            "权重的设计效应为 {deff}：误差是未加权时的 {wider} 倍。",
            deff=f"{result.deff:.2f}",
            wider=f"{math.sqrt(result.deff):.2f}",
        )
    if not EFFECTIVE_N_SMALL.met(result.base.effective_n):
        doubt(
            "small_effective_n",
            "The weighted sample counts as only {n} respondents.",
            "加权后的样本仅相当于 {n} 名受访者。",
            n=f"{result.base.effective_n:.1f}",
        )
    unknown = [m for m in result.margins if m.unknown]
    if unknown:
        doubt(
            "unknown_category",
            "Some respondents have no known category ({names}): they keep their weight, the others are "
            "scaled among themselves.",
            "部分受访者的类别未知（{names}）：其权重不变，其余受访者之间按比例调整。",
            [m.column for m in unknown],
            names=joined([Text("{t}: {n}", "{t}：{n}").fill(t=m.title, n=m.unknown) for m in unknown]),
        )
    if result.bounds is not None and not result.converged:
        doubt(
            "margins_missed",
            "Within these bounds the margins are missed by up to {gap} points.",
            "在该权重范围内，边际最大偏差为 {gap} 个百分点。",
            gap=f"{100 * result.gap:.2f}",
        )
    return replace(result, cautions=tuple(found))
