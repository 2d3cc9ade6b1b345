"""The satisfaction index: one number from 0 to 100, its interval, its method by name, and what it hides."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from csat.analyses.index_doubts import MOST_GROUPS, doubts_of
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
from csat.analyses.index_result import Differences, Index, Scores, WeightsInInterval
from csat.analyses.index_tables import HIDDEN_SEGMENT, LINEARISED_ABOVE, SMALL_SEGMENT
from csat.analyses.result import SOUND, Base, Verdict
from csat.errors import BadInput, CannotCompute, NumericsError, UnknownName
from csat.instrument.instrument import Construct, Role
from csat.language import Text
from csat.numerics.composites import (
    UNKNOWN,
    Bootstrap,
    Compared,
    Estimate,
    IntervalKind,
    Linearisation,
    PartWeights,
    difference_tests,
)
from csat.numerics.intervals import normal_quantile
from csat.numerics.resampling import MOST_LOST, REPLICATES
from csat.responses.groups import Group, groups_of, kish
from csat.responses.points import CONVENTIONS, FEWEST_FOR_BOXES, Convention, Points
from csat.responses.responses import Responses

Array = NDArray[np.float64]
NAMED_LOWEST = 3
"""Items an overall score is never printed without (METHODS 2, the experience rule)."""
FEWEST_REPLICATES = 100

__all__ = ["LINEARISED_ABOVE", "Index", "index"]


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
    interval: IntervalKind = "percentile",
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
    interval : `percentile` of the bootstrap over respondents, or `bca` (bias-corrected and accelerated).
        Respondents drawn in strata or clusters are resampled so; of a jackknife and of replicate weights in
        the file the interval is z times the standard error they give.
    replicates, seed : of the bootstrap; stated and model weights are re-estimated in each. Above
        `LINEARISED_ABOVE` respondents without a design the interval is z times the linearised standard error.

    Raises
    ------
    CannotCompute : an item without a declared scale, a weight that is not positive, nobody with a score.
    BadInput, UnknownName : no importance question, no weights, an unknown name or word.
    """
    _check_words(method, convention, interval, replicates)
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

    engine = _engine(
        values, responses, confidence=confidence, interval=interval, replicates=replicates, seed=seed
    )
    made = engine.replicates if isinstance(engine, Bootstrap) else 0
    part_weights = engine.means[at_asked] if method == "stated" else np.array([p.weight for p in parts])
    require_positive(parts, part_weights)
    by: PartWeights = part_weights
    if weights_in_interval == "re-estimated" and method == "stated":
        by = at_asked
    elif weights_in_interval == "re-estimated" and model and isinstance(engine, Bootstrap):
        by = _drawn_weights(model, made)
    found = [engine.composite(at, by) for at in (at_chosen, at_other)]
    designed = responses.replication is not None
    known = (
        engine
        if designed
        else Linearisation(values[:, : at_other.stop], responses.weights, confidence=confidence)
    )
    fixed = [known.composite(at, part_weights) for at in (at_chosen, at_other)]
    if model and weights_in_interval == "fixed":
        found = fixed
    elif model and isinstance(engine, Linearisation):
        found = _with_error_of(model, fixed, confidence)
    equally = engine.composite(at_equal, np.ones(1)) if method != "equal" else UNKNOWN
    if found[0].lost > MOST_LOST * max(made, replicates):
        _raise_lost(parts, chosen, found[0].lost, max(made, replicates))

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
        interval=Linearisation.name
        if model and weights_in_interval == "fixed" and not designed
        else engine.name,
        strata=responses.replication.strata if responses.replication else 0,
        clusters=responses.replication.units if responses.replication else 0,
        weights_in_interval="fixed" if method == "derived" else weights_in_interval,
        se_fixed=np.array([e.se for e in fixed]),
        equal_score=equally.value,
        equal_se=equally.se,
        equal_ci_lower=equally.lower,
        equal_ci_upper=equally.upper,
        replicates=made,
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
        drawn=engine.drawn(at_chosen, by) if isinstance(engine, Bootstrap) else np.empty(0),
        base=Base.among(responses, rows),
    )
    doubts = doubts_of(result, points, target, left_out)
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


def _check_words(method: str, convention: str, interval: str, replicates: int) -> None:
    if method not in METHODS:
        raise UnknownName("index method", method, METHODS)
    if convention not in CONVENTIONS:
        raise UnknownName("index convention", convention, CONVENTIONS)
    if interval not in get_args(IntervalKind):
        raise UnknownName("interval", interval, get_args(IntervalKind))
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
    values: Array,
    responses: Responses,
    *,
    confidence: float,
    interval: IntervalKind,
    replicates: int,
    seed: int,
) -> Bootstrap | Linearisation:
    if responses.rows > LINEARISED_ABOVE and responses.replication is None:
        return Linearisation(values, responses.weights, confidence=confidence)
    try:
        return Bootstrap(
            values,
            responses.weights,
            rows=responses.row_numbers,
            replicates=replicates,
            seed=seed,
            confidence=confidence,
            interval=interval,
            replication=responses.replication,
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
