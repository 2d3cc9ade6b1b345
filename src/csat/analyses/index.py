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
from csat.analyses.result import Base, Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute, NumericsError, UnknownName
from csat.instrument.instrument import Construct, Instrument, Item, Role
from csat.language import Language, Text, bare, joined
from csat.numerics.composites import Bootstrap, Estimate, Linearisation
from csat.numerics.resampling import MOST_LOST, REPLICATES
from csat.responses.groups import Group, groups_of, kish
from csat.responses.points import CONVENTIONS, FEWEST_FOR_BOXES, Convention, Points
from csat.responses.responses import Responses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Method = Literal["equal", "stated", "derived"]

METHODS: dict[Method, Text] = {
    "equal": Text("equal weights", "等权重"),
    "stated": Text("weights: stated importance", "按陈述重要性加权"),
    "derived": Text("weights: derived importance", "按推导重要性加权"),
}
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


@dataclass(frozen=True, eq=False, kw_only=True)
class Index(Result):
    """The index in both conventions with its intervals, and the scores behind it, made by `index`."""

    title = Text("Satisfaction index", "满意度指数")
    name = "index"

    construct: str
    construct_title: Text
    method: Method
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

    @property
    def label(self) -> Text:
        """The number's short name: construct and method."""
        return Text("{what} index ({method})", "{what}指数（{method}）").fill(
            what=self.construct_title, method=METHODS[self.method]
        )

    def called(self, at: int = 0) -> Text:
        """What the number in one of the conventions is called: construct, method and convention."""
        return Text("{what} index ({method}, {convention})", "{what}指数（{method}，{convention}）").fill(
            what=self.construct_title,
            method=METHODS[self.method],
            convention=CONVENTIONS[self.conventions[at]],
        )

    def tables(self) -> dict[str, Table]:
        """`index`, `constructs`, `segments` when there are any, `items`, `weights` when they differ."""
        tables = {"index": self._index_table(), "constructs": self._constructs_table()}
        if self.segments.names:
            tables["segments"] = self._segments_table()
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

    def _table(self, columns: dict[str, Any], title: Text, *notes: Text, **labels: Text) -> Table:
        points = ("score", "se", "ci_lower", "ci_upper", "effective_n")
        shares = ("top2", "bottom2", "weight")
        return Table(
            columns,
            title=title.fill(called=self.called(), convention=CONVENTIONS[self.conventions[0]]),
            notes=notes,
            labels=_interval_labels(self.confidence) | labels,
            formats={c: "score" for c in points if c in columns}
            | {c: "share" for c in shares if c in columns},
        )

    def _index_table(self) -> Table:
        return self._table(
            {
                "index": [self.called(i) for i in range(len(self.conventions))],
                "score": self.score,
                "ci_lower": self.ci_lower,
                "ci_upper": self.ci_upper,
                "se": self.se,
                "n": self.base.respondents,
                "effective_n": self.base.effective_n,
            },
            Text("The index, by its two conventions", "指数（两种计算口径）"),
            self._interval_note(),
            *self._recipe(),
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
                "a weight is the mean stated importance over the sum of all, found anew in each replicate",
                "权重为陈述重要性均值占总和的比例，每次重抽样重新估计",
            ),
            "derived": Text(
                "the weights were derived from the answers elsewhere and count as known here",
                "权重由其他分析推导而来，在此视为已知",
            ),
        }[self.method]
        return [
            Text(
                "Index = sum of weight x score over {k} parts; {how}.",
                "指数 = {k} 个组成部分的“权重 × 得分”之和；{how}。",
            ).fill(k=len(self.parts), how=how)
        ]


@dataclass(frozen=True, eq=False)
class _Part:
    """Something with a score and a weight: a construct or an item."""

    id: str
    title: Text
    items: tuple[str, ...]
    weight: float = 1.0
    importance: str = ""


def index(
    responses: Responses,
    *,
    construct: str,
    method: Method = "equal",
    weights: Mapping[str, float] | None = None,
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

    Both conventions are computed: `0-100 rescale` 100 (x - lo) / (hi - lo) by the declared ends of each
    item's scale, and `per cent of maximum` 100 x / hi.

    Parameters
    ----------
    weights : construct or item to importance, for `derived`.
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
    parts = _parts(points, target, method, weights)
    order: tuple[Convention, ...] = (convention, *(c for c in CONVENTIONS if c != convention))

    # one matrix, so that every score is seen by the same replicates
    chosen, other = (np.column_stack([points.score(p.items, c) for p in parts]) for c in order)
    asked = _importance(points, parts) if method == "stated" else np.empty((responses.rows, 0))
    blocks = [
        c for c in responses.instrument.constructs if c.role != "descriptive" and points.are_scored(c.items)
    ]
    items = tuple(dict.fromkeys(i for c in blocks for i in points.bound(c.items)))
    of_constructs = _columns([points.score(c.items, convention) for c in blocks], responses.rows)
    of_items = _columns([points.score((i,), convention) for i in items], responses.rows)
    values = np.hstack([chosen, other, asked, of_constructs, of_items])
    at_chosen, at_other, at_asked, at_constructs, at_items = _slices(
        chosen, other, asked, of_constructs, of_items
    )
    _require_answers(parts, chosen, asked)

    engine = _engine(values, responses, confidence=confidence, replicates=replicates, seed=seed)
    part_weights = engine.means[at_asked] if method == "stated" else np.array([p.weight for p in parts])
    _require_positive(parts, part_weights)
    by = at_asked if method == "stated" else part_weights
    found = [engine.composite(at, by) for at in (at_chosen, at_other)]
    if found[0].lost > MOST_LOST * replicates:
        _raise_lost(parts, chosen, found[0].lost, replicates)

    scored = np.asarray(~np.isnan(chosen).all(axis=1))
    groups, left_out = _groups(responses, segments, scored)
    estimates = [
        engine.composite_within(g.rows, at_chosen, by) if g.n >= HIDDEN_SEGMENT else None for g in groups
    ]
    scores_of_items = _scores(
        points,
        [(i, _titled(responses.instrument.item(i)), (i,), _role_of(i, blocks)) for i in items],
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
        conventions=order,
        score=np.array([e.value for e in found]),
        se=np.array([e.se for e in found]),
        ci_lower=np.array([e.lower for e in found]),
        ci_upper=np.array([e.upper for e in found]),
        confidence=confidence,
        interval=engine.name,
        replicates=replicates if isinstance(engine, Bootstrap) else 0,
        lost=found[0].lost,
        seed=seed,
        dissatisfied=points.box_shares(behind, boxes=boxes)[1],
        dissatisfied_boxes=boxes,
        parts=tuple(p.id for p in parts),
        part_titles=tuple(p.title for p in parts),
        part_scores=engine.means[at_chosen],
        weights=part_weights / part_weights.sum(),
        importance=part_weights if method != "equal" else np.full(len(parts), np.nan),
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
    return replace(result, cautions=_cautions(result, points, target, left_out))


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


# What the index is made of


def _parts(
    points: Points, target: Construct, method: Method, weights: Mapping[str, float] | None
) -> tuple[_Part, ...]:
    if not points.bound(target.items):
        raise CannotCompute(
            f"the data hold no item of construct '{target.id}' ({', '.join(target.items)})",
            where="the index",
            do="Name a construct whose items were asked",
        )
    if method == "equal":
        return (_Part(target.id, target.title or Text(target.id), target.items),)
    if method == "stated":
        return _stated_parts(points, target)
    if not weights:
        raise BadInput(
            "derived weights were asked for and none are given",
            where="the index",
            right="They are the importance of constructs or items, such as their shares of R2",
            do="Give weights={...}, or use method 'equal'",
        )
    return tuple(_derived_part(points, name, float(value)) for name, value in weights.items())


def _derived_part(points: Points, name: str, weight: float) -> _Part:
    instrument, columns = points.responses.instrument, points.responses.columns
    for c in instrument.constructs:
        if c.id == name and points.bound(c.items):
            return _Part(name, c.title or Text(name), c.items, weight)
    if name in columns:
        return _Part(name, _titled(instrument.item(name)), (name,), weight)
    known = [*(c.id for c in instrument.constructs), *columns]
    raise UnknownName("construct or item", name, known, where="the weights of the index")


def _stated_parts(points: Points, target: Construct) -> tuple[_Part, ...]:
    instrument, columns = points.responses.instrument, points.responses.columns
    asked = {i.id: i.importance for i in instrument.items if i.id in columns and i.importance in columns}
    own = points.bound(target.items)
    without = [i for i in own if i not in asked]
    if without and len(without) < len(own):
        raise BadInput(
            f"items of construct '{target.id}' have no importance question: {', '.join(without)}",
            where="stated importance",
            right="Every item of the index needs one",
            do="Declare `importance` for them in the instrument, or use equal weights",
        )
    scored = [i for c in instrument.constructs if c.role != "descriptive" for i in c.items]
    wanted = [i for i in dict.fromkeys(scored) if i in asked] if without else list(own)
    if wanted:
        return tuple(_Part(i, _titled(instrument.item(i)), (i,), importance=asked[i]) for i in wanted)
    weighed = [c for c in instrument.constructs if c.importance in columns and points.bound(c.items)]
    if not weighed:
        raise BadInput(
            "no item has a question about its importance, so there are no stated weights",
            where=_place(instrument),
            do="Declare importance = \"ID\" for the items, or use method 'equal' or 'derived'",
        )
    return tuple(_Part(c.id, c.title or Text(c.id), c.items, importance=c.importance) for c in weighed)


def _importance(points: Points, parts: Sequence[_Part]) -> Array:
    """(n, parts) answers to the importance questions, which share one scale."""
    names = [p.importance for p in parts]
    scales = (points.scales.get(n) for n in names)
    ends = sorted({(s.minimum, s.maximum) for s in scales if s is not None})
    if len(ends) > 1:
        raise BadInput(
            "the importance questions have different scales: " + ", ".join(f"{lo}-{hi}" for lo, hi in ends),
            where="stated importance",
            right="Weights compare only on one scale",
            do="Use equal or derived weights",
        )
    return points.responses.answers(names)


def _require_answers(parts: Sequence[_Part], chosen: Array, asked: Array) -> None:
    for j, part in enumerate(parts):
        if np.isnan(chosen[:, j]).all():
            raise CannotCompute(
                f"nobody answered half of the items of '{part.id}' ({', '.join(part.items)})",
                where="the index",
                do="Check the codes that mean silence, or leave this part out",
            )
        if asked.shape[1] and np.isnan(asked[:, j]).all():
            raise CannotCompute(
                f"nobody answered '{part.importance}', the importance of '{part.id}'",
                where="stated importance",
                do="Use equal or derived weights",
            )


def _require_positive(parts: Sequence[_Part], weights: Array) -> None:
    for part, weight in zip(parts, weights, strict=True):
        if not (math.isfinite(weight) and weight > 0):
            raise CannotCompute(
                f"the weight of '{part.id}' is {weight:.4g}: the index would not rise when it improves",
                where="the index",
                do=f"Look for a reversed item in '{part.id}' or a twin of it, or use equal weights",
            )


def _raise_lost(parts: Sequence[_Part], chosen: Array, lost: int, replicates: int) -> None:
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


def _titled(item: Item) -> Text:
    return item.text or Text(item.id)


def _role_of(item: str, constructs: Sequence[Construct]) -> Role:
    return next(c.role for c in constructs if item in c.items)


def _place(instrument: Instrument) -> str:
    return instrument.path or instrument.id


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
