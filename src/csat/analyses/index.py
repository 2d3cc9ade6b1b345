"""The satisfaction index: one number from 0 to 100, its interval, its method by name, and what it hides."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import EFFECTIVE_N_SMALL
from csat.analyses.index_parts import (
    FAMILIES,
    METHODS,
    Method,
    ModelWeights,
    Part,
    importance_of,
    parts_of,
    require_answers,
    require_positive,
    titled,
)
from csat.analyses.result import SOUND, Base, Caution, Result, Verdict
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute, NumericsError, UnknownName
from csat.instrument.instrument import Construct, Role
from csat.language import Language, Text, bare, joined
from csat.numerics.composites import (
    UNKNOWN,
    Bootstrap,
    Compared,
    Estimate,
    Linearisation,
    PartWeights,
    difference_tests,
)
from csat.numerics.intervals import normal_quantile
from csat.numerics.resampling import MOST_LOST, REPLICATES
from csat.responses.groups import Group, groups_of, kish
from csat.responses.points import CONVENTIONS, FEWEST_FOR_BOXES, Convention, Points
from csat.responses.responses import Responses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
WeightsInInterval = Literal["re-estimated", "fixed"]
ROLES: dict[str, Text] = {
    "driver": Text("driver", "驱动因素"),
    "outcome": Text("outcome", "结果"),
    "loyalty": Text("loyalty", "忠诚"),
    "descriptive": Text("descriptive", "描述"),
}
LINEARISED_ABOVE = 20_000
"""Respondents above which the interval is linearised: the two then agree to the digits shown."""
SMALL_SEGMENT = 30
"""Respondents below which a segment is flagged (METHODS 20)."""
HIDDEN_SEGMENT = 5
"""Respondents below which a segment is not shown: single answers could be guessed (ours)."""
MOST_GROUPS = 30
"""Groups of one column that are shown, the largest (ours)."""
NAMED_LOWEST = 3
"""Items an overall score is never printed without (METHODS 2, the experience rule)."""
FEWEST_REPLICATES = 100
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
    """`percentile bootstrap` or `linearisation`."""
    weights_in_interval: WeightsInInterval
    """Whether the interval counts the weights as estimated or as known."""
    se_fixed: Array
    """(2,) standard errors with the weights taken as known, by linearisation."""
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
        tables = {"index": self._index_table(), "constructs": self._constructs_table()}
        if self.segments.names:
            tables["segments"] = self._segments_table()
        if self.differences.columns:
            tables["differences"] = self._differences_table()
        tables["items"] = self._items_table()
        if len(self.parts) > 1:
            tables["weights"] = self._weights_table()
        return tables

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

    def _interval_note(self) -> Text:
        level = f"{100 * self.confidence:g}%"
        if not self.replicates:
            return Text(
                f"{level} intervals by linearisation, with replacement: more than {LINEARISED_ABOVE} "
                "respondents make resampling needless.",
                f"{level} 区间采用线性化方法（有放回）：受访者超过 {LINEARISED_ABOVE} 人，无需重抽样。",
            )
        return Text(
            f"{level} intervals: percentiles of {self.replicates} bootstrap replicates of the respondents, "
            f"seed {self.seed}.",
            f"{level} 区间：对受访者做 {self.replicates} 次自助抽样的百分位数，随机种子 {self.seed}。",
        )

    def _scored(self, scores: Scores) -> dict[str, Any]:
        columns: dict[str, Any] = {"n": scores.n}
        if self.base.weighted:
            columns["effective_n"] = scores.effective_n
        return columns | {"score": scores.score, "ci_lower": scores.ci_lower, "ci_upper": scores.ci_upper}

    def _table(
        self,
        columns: dict[str, Any],
        title: Text,
        *notes: Text,
        exact: Sequence[str] = (),
        **labels: Text,
    ) -> Table:
        """`exact` : columns shown with three decimals, for comparison with other programs."""
        points = ("score", "se", "ci_lower", "ci_upper", "effective_n", "rest", "difference", "detectable")
        shares = ("top2", "bottom2", "weight")
        return Table(
            columns,
            title=title.fill(called=self.called(), convention=CONVENTIONS[self.conventions[0]]),
            notes=notes,
            labels=_interval_labels(self.confidence) | labels,
            formats={c: "score" for c in points if c in columns and c not in exact}
            | {c: "share" for c in shares if c in columns}
            | {c: "p" for c in ("p", "p_adjusted") if c in columns},
        )

    def _index_table(self) -> Table:
        both = len(self.conventions)
        extra = [self.called(method="equal")] if math.isfinite(self.equal_score) else []

        def column(values: Array, equal: float) -> list[float]:
            return [*(float(v) for v in values), *([equal] if extra else [])]

        columns: dict[str, Any] = {
            "index": [*(self.called(i) for i in range(both)), *extra],
            "score": column(self.score, self.equal_score),
            "ci_lower": column(self.ci_lower, self.equal_ci_lower),
            "ci_upper": column(self.ci_upper, self.equal_ci_upper),
            "se": column(self.se, self.equal_se),
        }
        labels = {}
        if self.method != "equal":
            columns["se_fixed"] = column(self.se_fixed, self.equal_se)
            labels["se_fixed"] = Text("SE, weights fixed", "标准误（权重固定）")
        columns |= {"n": self.base.respondents, "effective_n": self.base.effective_n}
        return self._table(
            columns,
            Text("The index, by its two conventions", "指数（两种计算口径）")
            if not extra
            else Text("The index, by name", "指数（按名称）"),
            self._interval_note(),
            *self._recipe(),
            exact=("score", "ci_lower", "ci_upper", "se", "se_fixed"),
            **labels,
        )

    def _constructs_table(self) -> Table:
        c = self.constructs
        return self._table(
            {
                "construct": c.titles,
                "role": [ROLES[k] for k in c.kinds],
                **self._scored(c),
                "bottom2": c.bottom2,
            },
            Text("Scores of the constructs ({convention})", "各构念得分（{convention}）"),
            Text(
                "A respondent's score is the mean of the answered items, at least half of them.",
                "受访者得分为其所答题项的等权均值（至少回答一半题项）。",
            ),
        )

    def _segments_table(self) -> Table:
        s = self.segments
        whole = Text("All segments use the weights of the whole.", "各群体均使用全体样本的权重。")
        return self._table(
            {
                "segment": [self.segment_titles[k] for k in s.kinds],
                "group": s.titles,
                **self._scored(s),
                "reason": [_segment_note(int(n)) for n in s.n],
            },
            Text("{called} by segment", "分群体：{called}"),
            Text("Overlapping intervals are no test of a difference.", "区间是否重叠并不等于差异检验。"),
            *([whole] if len(self.parts) > 1 else []),
            reason=Text("Note", "说明"),
        )

    def _differences_table(self) -> Table:
        d = self.differences
        return self._table(
            {
                "segment": [self.segment_titles[c] for c in d.columns],
                "group": d.groups,
                "against": d.others,
                "n": d.n,
                "score": d.score,
                "rest": d.rest,
                "difference": d.difference,
                "ci_lower": d.ci_lower,
                "ci_upper": d.ci_upper,
                "p": d.p,
                "p_adjusted": d.p_adjusted,
                "detectable": d.detectable,
            },
            Text("Differences between segments: {called}", "群体间差异：{called}"),
            Text(
                "Normal test of the difference; Holm's p holds for all groups of a segment together. Groups "
                "below {small} respondents are not tested. Smallest detectable: the true difference a sample "
                "of this size finds four times in five.",
                "差异的正态检验；Holm p 值适用于同一分群的全部比较。不足 {small} 人的群体不做检验。"
                "最小可检出差异：此样本量有五分之四机会发现的真实差异。",
            ).fill(small=SMALL_SEGMENT),
            against=Text("Against", "对照"),
            rest=Text("Score of these", "对照得分"),
            p_adjusted=Text("p, Holm", "p（Holm）"),
            detectable=Text("Smallest detectable", "最小可检出差异"),
        )

    def _items_table(self) -> Table:
        s = self.items
        return self._table(
            {"item": s.names, "wording": s.titles, **self._scored(s), "top2": s.top2, "bottom2": s.bottom2},
            Text("Scores of the items ({convention})", "各题项得分（{convention}）"),
        )

    def _weights_table(self) -> Table:
        columns: dict[str, Any] = {
            "name": self.part_titles,
            "score": self.part_scores,
            "weight": self.weights,
        }
        if np.isfinite(self.importance).any():
            columns["importance"] = self.importance
        return self._table(columns, Text("What the index is made of", "指数的构成"), *self._recipe())

    def _recipe(self) -> list[Text]:
        if len(self.parts) == 1:
            return []
        how = {
            "stated": Text(
                "a weight is the mean stated importance over the sum of all",
                "权重为陈述重要性均值占总和的比例",
            ),
            "derived": Text(
                "the weights were derived from the answers elsewhere and count as known here",
                "权重由其他分析推导而来，在此视为已知",
            ),
            "pls": Text(
                "PLS weights of the path model ({scheme} scheme) over the items' standard deviations, so "
                "that they apply to answers and not to z-scores",
                "权重为路径模型（{scheme}方案）的 PLS 权重除以题项标准差，即非标准化权重，直接用于原始回答",
            ).fill(scheme=SCHEMES.get(self.scheme, Text(self.scheme))),
        }[self.method]
        said = [
            Text(
                "Index = sum of weight x score over {k} parts; {how}.",
                "指数 = {k} 个组成部分的“权重 × 得分”之和；{how}。",
            ).fill(k=len(self.parts), how=how)
        ]
        if self.method in ("stated", "pls"):
            said.append(
                Text(
                    "The interval finds the weights anew in each replicate; the last standard error takes "
                    "them as known.",
                    "区间在每次重抽样中重新估计权重；“权重固定”一列将权重视为已知。",
                )
                if self.weights_in_interval == "re-estimated"
                else Text(
                    "Weights fixed: the interval takes the weights as known.",
                    "权重固定：区间将权重视为已知。",
                )
            )
        if self.arrows:
            effects = dict.fromkeys(b for _, b in self.arrows)
            arrows = "; ".join(f"{b} ~ {' + '.join(a for a, e in self.arrows if e == b)}" for b in effects)
            said.append(Text("Model: {arrows}.", "模型：{arrows}。").fill(arrows=arrows))
        return said


SCHEMES: Mapping[str, Text] = {
    "path": Text("path", "路径加权"),
    "factor": Text("factor", "因子加权"),
    "centroid": Text("centroid", "重心加权"),
}


def index(
    responses: Responses,
    *,
    construct: str,
    method: Method = "equal",
    weights: Mapping[str, float] | None = None,
    model: ModelWeights | None = None,
    weights_in_interval: WeightsInInterval = "re-estimated",
    instead: str = "",
    convention: Convention = "0-100 rescale",
    segments: Sequence[str] = (),
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Index:
    """The satisfaction index, 0-100.

    equal : mean over respondents of the construct's score (mean of the answered items, at least half).
    stated : sum w_k mean_k / sum w_k, w_k the mean stated importance of part k: of the construct's items,
        or, when these have no importance question, of all items (else constructs) that have one.
    derived : the same with the weights given, of constructs or items.
    pls : sum u_j mean(s_j) over the construct's items, u_j = (w_j / sd_j) / sum_k (w_k / sd_k) the
        unstandardised weights of a PLS path model. With declared bounds this is the ACSI formula,
        100 (sum v_j mean_j - sum v_j lo_j) / (sum v_j hi_j - sum v_j lo_j), v_j = w_j / sd_j in answer units.

    Both conventions are computed: `0-100 rescale` 100 (x - lo) / (hi - lo) by the declared ends of each
    item's scale, and `per cent of maximum` 100 x / hi.

    Parameters
    ----------
    weights : construct or item to importance, for `derived`. model : the weights of a path model, for `pls`.
    instead : why the weights the instrument declares could not be had, where this stands in for them.
    weights_in_interval : whether weights that were estimated are found anew in every replicate, or `fixed`.
    segments : columns whose groups get a score of their own, by the weights of the whole.
    replicates, seed : of the percentile bootstrap over respondents; stated weights are re-estimated in each.
        Above `LINEARISED_ABOVE` respondents the interval is z times the linearised standard error.

    Raises
    ------
    CannotCompute : an item without a declared scale, a weight that is not positive, nobody with a score.
    BadInput, UnknownName : no importance question, no weights, an unknown name or word.
    """
    _check_words(method, convention, replicates)
    target = responses.instrument.construct(construct)
    points = Points.of(responses)
    parts = parts_of(points, target, method, weights, model)
    order: tuple[Convention, ...] = (convention, *(c for c in CONVENTIONS if c != convention))

    # one matrix, so that every score is seen by the same replicates
    chosen, other = (np.column_stack([points.score(p.items, c) for p in parts]) for c in order)
    asked = importance_of(points, parts) if method == "stated" else np.empty((responses.rows, 0))
    blocks = [
        c for c in responses.instrument.constructs if c.role != "descriptive" and points.are_scored(c.items)
    ]
    items = tuple(dict.fromkeys(i for c in blocks for i in points.bound(c.items)))
    of_constructs = _columns([points.score(c.items, convention) for c in blocks], responses.rows)
    of_items = _columns([points.score((i,), convention) for i in items], responses.rows)
    beside = [points.score(target.items, convention)] if method != "equal" else []
    equal = _columns(beside, responses.rows)
    values = np.hstack([chosen, other, asked, of_constructs, of_items, equal])
    at_chosen, at_other, at_asked, at_constructs, at_items, at_equal = _slices(
        chosen, other, asked, of_constructs, of_items, equal
    )
    require_answers(parts, chosen, asked)

    engine = _engine(values, responses, confidence=confidence, replicates=replicates, seed=seed)
    part_weights = engine.means[at_asked] if method == "stated" else np.array([p.weight for p in parts])
    require_positive(parts, part_weights)
    by: PartWeights = part_weights
    if weights_in_interval == "re-estimated" and method == "stated":
        by = at_asked
    elif weights_in_interval == "re-estimated" and model and isinstance(engine, Bootstrap):
        by = _drawn_weights(model, replicates)
    found = [engine.composite(at, by) for at in (at_chosen, at_other)]
    known = Linearisation(values[:, : at_other.stop], responses.weights, confidence=confidence)
    fixed = [known.composite(at, part_weights) for at in (at_chosen, at_other)]
    if model and weights_in_interval == "fixed":
        found = fixed
    elif model and isinstance(engine, Linearisation):
        found = _with_error_of(model, fixed, confidence)
    equally = engine.composite(at_equal, np.ones(1)) if method != "equal" else UNKNOWN
    if found[0].lost > MOST_LOST * replicates:
        _raise_lost(parts, chosen, found[0].lost, replicates)

    scored = np.asarray(~np.isnan(chosen).all(axis=1))
    groups, left_out = _groups(responses, segments, scored)
    compared = {
        c: engine.compared([g.rows for g in groups if g.column == c], at_chosen, by)
        for c in dict.fromkeys(g.column for g in groups)
    }
    each = [one for several in compared.values() for one in several]
    estimates = [one.own if g.n >= HIDDEN_SEGMENT else None for g, one in zip(groups, each, strict=True)]
    scores_of_items = _scores(
        points,
        [(i, titled(responses.instrument.item(i)), (i,), _role_of(i, blocks)) for i in items],
        of_items,
        engine.means[at_items],
        engine.ends(at_items),
    )
    rows = np.flatnonzero(scored)
    behind = tuple(dict.fromkeys(i for p in parts for i in points.bound(p.items)))
    boxes = 2 if max(points.scales[i].points for i in behind) >= FEWEST_FOR_BOXES else 1
    result = Index(
        construct=construct,
        construct_title=target.title or Text(construct),
        method=method,
        family=FAMILIES.get(responses.instrument.id, "") if construct == responses.instrument.index else "",
        scheme=model.scheme if model and method == "pls" else "",
        arrows=model.arrows if model and method == "pls" else (),
        conventions=order,
        score=np.array([e.value for e in found]),
        se=np.array([e.se for e in found]),
        ci_lower=np.array([e.lower for e in found]),
        ci_upper=np.array([e.upper for e in found]),
        confidence=confidence,
        interval=Linearisation.name if model and weights_in_interval == "fixed" else engine.name,
        weights_in_interval="fixed" if method == "derived" else weights_in_interval,
        se_fixed=np.array([e.se for e in fixed]),
        equal_score=equally.value,
        equal_se=equally.se,
        equal_ci_lower=equally.lower,
        equal_ci_upper=equally.upper,
        replicates=replicates if isinstance(engine, Bootstrap) else 0,
        lost=found[0].lost,
        seed=seed,
        dissatisfied=points.box_shares(behind, boxes=boxes)[1],
        dissatisfied_boxes=boxes,
        parts=tuple(p.id for p in parts),
        part_titles=tuple(p.title for p in parts),
        part_scores=engine.means[at_chosen],
        weights=part_weights / part_weights.sum(),
        importance=part_weights if method in ("stated", "derived") else np.full(len(parts), np.nan),
        constructs=_scores(
            points,
            [(c.id, c.title or Text(c.id), c.items, c.role) for c in blocks],
            of_constructs,
            engine.means[at_constructs],
            engine.ends(at_constructs),
        ),
        items=scores_of_items,
        lowest=_lowest(scores_of_items),
        segments=_segment_scores(groups, estimates),
        differences=_differences(groups, each, confidence),
        segment_titles={g.column: g.column_title for g in groups},
        base=Base(
            respondents=len(rows),
            effective_n=kish(responses.weights, rows),
            missing="available",
            rows=responses.rows,
            weighted=responses.weights is not None,
            instrument=responses.instrument.label,
        ),
    )
    doubts = _cautions(result, points, target, left_out)
    return replace(result, cautions=doubts, verdict=_stand_in(instead) if instead else SOUND)


def _stand_in(reason: str) -> Verdict:
    return Verdict(
        "doubtful",
        Text(
            "Equal weights stand in for the PLS weights the instrument declares, so this is not its index "
            "and compares with no other: {reason}",
            "问卷规定使用 PLS 权重，但无法得到，此处以等权重代替；因此这不是该问卷的指数，"
            "不可与其他结果比较：{reason}",
        ).fill(reason=reason),
    )


def _drawn_weights(model: ModelWeights, replicates: int) -> PartWeights:
    if len(model.drawn) < replicates:
        raise BadInput(
            f"the model has weights of {len(model.drawn)} replicates and the index {replicates}",
            right="Both rest on the same replicates",
            do="Estimate the model with as many",
        )
    estimated = model.estimated
    return replace(estimated, drawn=estimated.drawn[:replicates])


def _with_error_of(model: ModelWeights, fixed: Sequence[Estimate], confidence: float) -> list[Estimate]:
    """Many rows: normal intervals, their error from the model's replicates of the index.

    The other convention moves with the first, so its error grows in the same proportion.
    """
    good = model.index[np.isfinite(model.index)]
    if len(good) < 2:
        return list(fixed)
    growth = float(good.std(ddof=1)) / fixed[0].se
    z = normal_quantile(confidence)
    return [
        Estimate(e.value, growth * e.se, e.value - z * growth * e.se, e.value + z * growth * e.se,
                 len(model.index) - len(good))
        for e in fixed
    ]  # fmt: skip


def _check_words(method: str, convention: str, replicates: int) -> None:
    if method not in METHODS:
        raise UnknownName("index method", method, METHODS)
    if convention not in CONVENTIONS:
        raise UnknownName("index convention", convention, CONVENTIONS)
    if replicates < FEWEST_REPLICATES:
        raise BadInput(
            f"{replicates} replicates are too few for an interval",
            right=f"At least {FEWEST_REPLICATES}; {REPLICATES} is usual",
        )


def _differences(groups: Sequence[Group], each: Sequence[Compared], confidence: float) -> Differences:
    """Groups large enough to show against the others of their column, tested where large enough."""
    rows: list[tuple[Group, Text, int, Compared]] = []
    for column in dict.fromkeys(g.column for g in groups):
        own = [(g, c) for g, c in zip(groups, each, strict=True) if g.column == column]
        if len(own) < 2:
            continue
        whole = sum(g.n for g, _ in own)
        pair = len(own) == 2
        for g, c in own[:1] if pair else own:
            rest = whole - g.n
            if min(g.n, rest) >= HIDDEN_SEGMENT and math.isfinite(c.difference.se):
                other = own[1][0].title if pair else Text("all others", "其余群体")
                rows.append((g, other, rest, c))
    columns = tuple(g.column for g, *_ in rows)
    n = np.array([g.n for g, *_ in rows], dtype=np.int64)
    n_rest = np.array([k for _, _, k, _ in rows], dtype=np.int64)

    def of(which: str, what: str) -> Array:
        return np.array([getattr(getattr(c, which), what) for *_, c in rows], dtype=float)

    difference, se = of("difference", "value"), of("difference", "se")
    found = np.full((4, len(rows)), np.nan)
    for column in dict.fromkeys(columns):
        at = np.array([c == column for c in columns])
        tested = np.minimum(n, n_rest)[at] >= SMALL_SEGMENT
        tests = difference_tests(difference[at], se[at], tested=tested, confidence=confidence)
        found[:, at] = tests.z, tests.p, tests.p_adjusted, tests.detectable
    return Differences(
        columns=columns,
        groups=tuple(g.title for g, *_ in rows),
        others=tuple(t for _, t, _, _ in rows),
        n=n,
        n_rest=n_rest,
        score=of("own", "value"),
        rest=of("rest", "value"),
        difference=difference,
        se=se,
        ci_lower=of("difference", "lower"),
        ci_upper=of("difference", "upper"),
        z=found[0],
        p=found[1],
        p_adjusted=found[2],
        detectable=found[3],
    )


def _raise_lost(parts: Sequence[Part], chosen: Array, lost: int, replicates: int) -> None:
    answered = np.count_nonzero(~np.isnan(chosen), axis=0)
    least = parts[int(np.argmin(answered))]
    raise CannotCompute(
        f"{lost} of {replicates} bootstrap replicates hold no answer to '{least.id}', which only "
        f"{int(answered.min())} respondents answered",
        where="the interval of the index",
        do="Leave that part out, or use equal weights",
    )


def _engine(
    values: Array, responses: Responses, *, confidence: float, replicates: int, seed: int
) -> Bootstrap | Linearisation:
    if responses.rows > LINEARISED_ABOVE:
        return Linearisation(values, responses.weights, confidence=confidence)
    try:
        return Bootstrap(
            values,
            responses.weights,
            rows=responses.row_numbers,
            replicates=replicates,
            seed=seed,
            confidence=confidence,
        )
    except NumericsError as error:
        raise error.named((), where="the index") from error


# Scores


def _scores(
    points: Points,
    rows: Sequence[tuple[str, Text, tuple[str, ...], str]],
    values: Array,
    means: Array,
    ends: Array,
) -> Scores:
    """rows : id, title, items and kind of each column of `values`."""
    known = ~np.isnan(values)
    boxes = np.array([points.box_shares(items) for _, _, items, _ in rows]).reshape(-1, 2)
    weights = points.responses.weights
    return Scores(
        names=tuple(r[0] for r in rows),
        titles=tuple(r[1] for r in rows),
        kinds=tuple(r[3] for r in rows),
        n=known.sum(axis=0).astype(np.int64),
        effective_n=np.array([kish(weights, np.flatnonzero(column)) for column in known.T]),
        score=means,
        ci_lower=ends[:, 0],
        ci_upper=ends[:, 1],
        top2=boxes[:, 0],
        bottom2=boxes[:, 1],
    )


def _groups(
    responses: Responses, columns: Sequence[str], scored: NDArray[np.bool_]
) -> tuple[list[Group], dict[str, int]]:
    """Groups of respondents with a score, the largest of each column, and how many were left out."""
    kept: list[Group] = []
    left_out: dict[str, int] = {}
    for column in columns:
        groups = groups_of(responses, column, among=scored)
        if len(groups) > MOST_GROUPS:
            left_out[column] = len(groups) - MOST_GROUPS
            largest = sorted(range(len(groups)), key=lambda k: -groups[k].n)[:MOST_GROUPS]
            groups = [groups[k] for k in sorted(largest)]
        kept += groups
    return kept, left_out


def _segment_scores(groups: Sequence[Group], estimates: Sequence[Estimate | None]) -> Scores:
    nothing = np.full(len(groups), np.nan)
    score, lower, upper = (
        np.array([np.nan if e is None else getattr(e, what) for e in estimates], dtype=float)
        for what in ("value", "lower", "upper")
    )
    return Scores(
        names=tuple(g.title.say("en") for g in groups),
        titles=tuple(g.title for g in groups),
        kinds=tuple(g.column for g in groups),
        n=np.array([g.n for g in groups], dtype=np.int64),
        effective_n=np.array([g.effective_n for g in groups]),
        score=score,
        ci_lower=lower,
        ci_upper=upper,
        top2=nothing,
        bottom2=nothing,
    )


def _segment_note(n: int) -> Text:
    if n < HIDDEN_SEGMENT:
        return Text(
            f"fewer than {HIDDEN_SEGMENT} respondents: not shown", f"不足 {HIDDEN_SEGMENT} 人，不显示"
        )
    if n < SMALL_SEGMENT:
        return Text(f"fewer than {SMALL_SEGMENT} respondents", f"不足 {SMALL_SEGMENT} 人")
    return Text("")


def _lowest(items: Scores) -> tuple[str, ...]:
    """Items of drivers and outcomes with the lowest scores; of all items when there are none of these."""
    rated = [i for i, role in enumerate(items.kinds) if role in ("driver", "outcome")]
    known = [i for i in rated or range(len(items.names)) if math.isfinite(items.score[i])]
    return tuple(items.names[i] for i in sorted(known, key=lambda i: float(items.score[i]))[:NAMED_LOWEST])


# Small things


def _columns(columns: Sequence[Array], rows: int) -> Array:
    return np.column_stack(columns) if columns else np.empty((rows, 0))


def _slices(*blocks: Array) -> list[slice]:
    edges = np.cumsum([0, *(b.shape[1] for b in blocks)]).tolist()
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def _role_of(item: str, constructs: Sequence[Construct]) -> Role:
    return next(c.role for c in constructs if item in c.items)


def _interval_labels(confidence: float) -> dict[str, Text]:
    if confidence == 0.95:
        return {}
    level = f"{100 * confidence:g}%"
    return {
        "ci_lower": Text(f"{level} CI, lower", f"{level} 置信下限"),
        "ci_upper": Text(f"{level} CI, upper", f"{level} 置信上限"),
    }


def _cautions(
    result: Index, points: Points, target: Construct, left_out: Mapping[str, int]
) -> tuple[Caution, ...]:
    base, segments = result.base, result.segments
    cautions: list[Caution] = []

    def doubt(code: str, en: str, zh: str, *, where: Sequence[str] = (), **values: object) -> None:
        cautions.append(Caution(code, Text(en, zh).fill(**values), tuple(where)))

    if not EFFECTIVE_N_SMALL.met(base.effective_n):
        doubt(
            "small sample",
            "The index rests on an effective n of {n}; below {limit} its interval is rough.",
            "指数的有效样本量只有 {n}，低于 {limit} 时区间较为粗略。",
            n=f"{base.effective_n:.1f}",
            limit=f"{EFFECTIVE_N_SMALL.value:g}",
        )
    if base.respondents < base.rows / 2:
        doubt(
            "many without a score",
            "Only {n} of {rows} respondents answered enough items to have a score.",
            "{rows} 名受访者中只有 {n} 人的回答足以计算得分。",
            where=[result.construct],
            n=base.respondents,
            rows=base.rows,
        )
    if len(result.parts) > 1 and not set(result.parts) & {target.id, *target.items}:
        doubt(
            "parts",
            "The index is the weighted mean of {parts}, not of the items of {what}.",
            "该指数是{parts}的加权平均，而不是“{what}”自身题项的平均。",
            where=result.parts,
            parts=joined([bare(t) for t in result.part_titles]),
            what=result.construct_title,
        )
    if result.method == "derived":
        doubt(
            "weights fixed",
            "The interval takes the derived weights as known; their own uncertainty is left out.",
            "区间把推导权重视为已知，未计入权重自身的不确定性。",
        )
    if not np.isfinite(result.score).all():
        doubt(
            "no per cent of maximum",
            "A scale whose highest answer is not positive has no per cent of maximum.",
            "最高分不为正数的量表无法计算“占满分百分比”。",
        )
    small = [
        f"{column}: {name}"
        for column, name, n in zip(segments.kinds, segments.names, segments.n, strict=True)
        if n < SMALL_SEGMENT
    ]
    if small:
        doubt(
            "small segments",
            "{k} groups have fewer than {small} respondents: read with care; below {hidden} none is shown.",
            "有 {k} 个群体不足 {small} 人，仅供参考；不足 {hidden} 人的不显示。",
            where=small,
            k=len(small),
            small=SMALL_SEGMENT,
            hidden=HIDDEN_SEGMENT,
        )
    for column, k in left_out.items():
        doubt(
            "groups left out",
            "Column '{column}' has {k} more groups than the {most} largest shown here.",
            "列“{column}”的群体过多，只显示人数最多的 {most} 个，另有 {k} 个未列出。",
            where=[column],
            column=column,
            k=k,
            most=MOST_GROUPS,
        )
    unscored = [
        c.id
        for c in points.responses.instrument.constructs
        if c.role != "descriptive" and points.bound(c.items) and not points.are_scored(c.items)
    ]
    if unscored:
        doubt(
            "no scale",
            "No score for {what}: an item has no declared scale.",
            "{what} 含有未声明量表的题项，无法计算得分。",
            where=unscored,
            what=", ".join(unscored),
        )
    return tuple(cautions)
