"""What an index is: the number in both conventions, its interval, and the scores behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.index_parts import METHODS, Method
from csat.analyses.index_tables import tables_of
from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Language, Text, bare, joined
from csat.responses.points import CONVENTIONS, Convention

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
WeightsInInterval = Literal["re-estimated", "fixed"]
INDEX_LINE = Text("index", "总指数")


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of k things in the convention asked for; NaN where there is none.

    names, titles : (k,). kinds : (k,) role of the construct, or column of the segment. n : (k,) respondents
    with a score. top2, bottom2 : (k,) shares of their answers in the two highest and two lowest categories.
    """

    names: tuple[str, ...]
    titles: tuple[Text, ...]
    kinds: tuple[str, ...]
    n: NDArray[np.int64]
    effective_n: Array
    score: Array
    ci_lower: Array
    ci_upper: Array
    top2: Array
    bottom2: Array


@dataclass(frozen=True, eq=False)
class Differences:
    """Each group of a segment column against its other groups; of two, the first less the second.

    g rows. score, rest : points of the group and of the others. se, ci_lower, ci_upper : of the difference.
    z, p : normal test; p_adjusted : Holm over the groups of the column; NaN for groups below
    `SMALL_SEGMENT` respondents, which are not tested. detectable : the smallest difference that a sample of
    this size finds four times in five.
    """

    columns: tuple[str, ...]
    groups: tuple[Text, ...]
    others: tuple[Text, ...]
    n: NDArray[np.int64]
    n_rest: NDArray[np.int64]
    score: Array
    rest: Array
    difference: Array
    se: Array
    ci_lower: Array
    ci_upper: Array
    z: Array
    p: Array
    p_adjusted: Array
    detectable: Array


@dataclass(frozen=True, eq=False, kw_only=True)
class Index(Result):
    """The index in both conventions with its intervals, and the scores behind it, made by `index`."""

    title = Text("Satisfaction index", "满意度指数")
    name = "index"

    construct: str
    construct_title: Text
    method: Method
    family: str
    """The model whose index this is by name (`ACSI`, `ECSI`, `CCSI`), or empty."""
    scheme: str
    """Weighting scheme of the PLS model, or empty."""
    arrows: tuple[tuple[str, str], ...]
    """Paths of the model the weights come from, by construct."""
    conventions: tuple[Convention, ...]
    """The convention asked for, then the other; the next four follow them."""
    score: Array
    """(2,) points."""
    se: Array
    ci_lower: Array
    ci_upper: Array
    confidence: float
    interval: str
    """`percentile bootstrap`, `BCa bootstrap`, `linearisation`, `jackknife`, `replicate weights (JK1)`, .."""
    strata: int
    """Strata that were resampled within; 0 without a design."""
    clusters: int
    """Units that were resampled: clusters, or respondents within strata; 0 without a design."""
    weights_in_interval: WeightsInInterval
    """Whether the interval counts the weights as estimated or as known."""
    se_fixed: Array
    """(2,) standard errors with the weights taken as known, by linearisation or the design's replicates."""
    equal_score: float
    """The same construct with equal weights, by the convention asked for; NaN where that is the index."""
    equal_se: float
    equal_ci_lower: float
    equal_ci_upper: float
    replicates: int
    """0 when the interval is linearised."""
    lost: int
    """Replicates that gave no number."""
    seed: int
    dissatisfied: float
    """Share of the answers behind the index in their `dissatisfied_boxes` lowest categories."""
    dissatisfied_boxes: int
    """2, or 1 where all their scales have fewer than 4 points."""
    parts: tuple[str, ...]
    """What the index is the weighted mean of: constructs or items."""
    part_titles: tuple[Text, ...]
    part_scores: Array
    weights: Array
    """(parts,) sum 1."""
    importance: Array
    """(parts,) mean stated importance, or the weight given, in its own unit; NaN with equal weights."""
    constructs: Scores
    items: Scores
    lowest: tuple[str, ...]
    """The items with the lowest scores among drivers and outcomes, lowest first."""
    segments: Scores
    segment_titles: Mapping[str, Text]
    differences: Differences
    drawn: Array
    """(R,) the index in each replicate, empty where it is linearised; not part of `to_dict`."""

    def to_dict(self) -> dict[str, Any]:
        """The result in plain JSON types, without the replicates."""
        body = super().to_dict()
        del body["drawn"]
        return body

    @property
    def label(self) -> Text:
        """The number's short name: construct and method."""
        return Text("{what} index ({method})", "{what}指数（{method}）").fill(
            what=self._named(self.method), method=METHODS[self.method]
        )

    def called(self, at: int = 0, *, method: Method | None = None) -> Text:
        """What the number in one of the conventions is called: construct, method and convention."""
        by = method or self.method
        return Text("{what} index ({method}, {convention})", "{what}指数（{method}，{convention}）").fill(
            what=self._named(by),
            method=METHODS[by],
            convention=CONVENTIONS[self.conventions[at]],
        )

    def _named(self, method: Method) -> Text:
        """The construct, after the name of the index where the method gives it that name."""
        if not self.family or method != "pls":
            return self.construct_title
        return Text("{family}: {what}", "{family}：{what}").fill(
            family=self.family, what=self.construct_title
        )

    def tables(self) -> dict[str, Table]:
        """`index`, `constructs`, `segments` when there are any, `items`, `weights` when they differ."""
        return tables_of(self)

    def plots(self) -> dict[str, Plot]:
        """`constructs`, `segments` when there are any to show, `items`."""
        plots = {"constructs": self._dots(self.constructs, Text("Score of each construct", "各构念得分"))}
        if np.isfinite(self.segments.score).any():
            plots["segments"] = self._dots(self.segments, Text("Index by segment", "分群体指数"))
        plots["items"] = self._dots(self.items, Text("Score of each item", "各题项得分"))
        return plots

    def headline(self) -> tuple[Text, ...]:
        """The index with interval and method; the other convention; the lowest items; the dissatisfied."""
        said = [
            Text(
                "{called}: {score} ({level} interval {lower} to {upper}).",
                "{called}：{score}（{level} 置信区间 {lower}–{upper}）。",
            ).fill(
                called=self.called(),
                score=f"{self.score[0]:.1f}",
                level=f"{100 * self.confidence:g}%",
                lower=f"{self.ci_lower[0]:.1f}",
                upper=f"{self.ci_upper[0]:.1f}",
            )
        ]
        if math.isfinite(self.score[1]):
            other = Text(
                "The same answers give {score} by the convention {convention}: never compare the two.",
                "同样的回答按“{convention}”口径为 {score}：两种口径不可相互比较。",
            )
            if math.isclose(self.score[0], self.score[1]):
                other = Text(
                    "By the convention {convention} it is the same, as the scale starts at 0.",
                    "量表从 0 起，按“{convention}”口径结果相同。",
                )
            said.append(other.fill(convention=CONVENTIONS[self.conventions[1]], score=f"{self.score[1]:.1f}"))
        place = {name: i for i, name in enumerate(self.items.names)}
        lowest = [
            Text("{item} ({score})", "{item}（{score}）").fill(
                item=bare(self.items.titles[place[name]]), score=f"{self.items.score[place[name]]:.1f}"
            )
            for name in self.lowest
        ]
        if lowest:
            said.append(
                Text("Lowest items: {items}.", "得分最低的题项：{items}。").fill(items=joined(lowest))
            )
        if math.isfinite(self.dissatisfied):
            said.append(
                Text(
                    "Of the answers behind the index {share} are in the {lowest}.",
                    "构成指数的回答中有 {share} 落在最低的{lowest}选项。",
                ).fill(
                    share=f"{100 * self.dissatisfied:.1f}%",
                    lowest=Text("lowest category", "一个")
                    if self.dissatisfied_boxes == 1
                    else Text("two lowest categories", "两个"),
                )
            )
        return tuple(said)

    def _dots(self, scores: Scores, title: Text) -> Plot:
        shown = np.flatnonzero(np.isfinite(scores.score))

        def label(i: int, language: Language) -> str:
            column = self.segment_titles.get(scores.kinds[i])
            own = scores.titles[i]
            if not column:
                return own.say(language)
            return Text("{column}: {group}", "{column}：{group}").fill(column=column, group=own).say(language)

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.dots(
                ax,
                [label(int(i), language) for i in shown],
                scores.score[shown],
                lower=scores.ci_lower[shown],
                upper=scores.ci_upper[shown],
                reference=float(self.score[0]),
                reference_label=INDEX_LINE.say(language),
                xlabel=Text("Score, {convention}", "得分（{convention}）")
                .fill(convention=CONVENTIONS[self.conventions[0]])
                .say(language),
                kind="score",
            )

        level = f"{100 * self.confidence:g}%"
        described = Text(
            f"Dots with {level} intervals; the line is the index, {self.score[0]:.1f}.",
            f"圆点为得分，横条为 {level} 区间，竖线为总指数 {self.score[0]:.1f}。",
        )
        return Plot(draw, title, described)
