"""From parameters and answers of several groups to estimates: one solution, with a part for each group."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Caution
from csat.analyses.structural.answers import Answers, shares
from csat.analyses.structural.constraints import constraints_of, places_of
from csat.analyses.structural.moments import Moments
from csat.analyses.structural.options import Options
from csat.analyses.structural.ordering import (
    causes_of,
    doubts_about_order,
    given_covariates,
    unchosen,
    wanted,
    with_covariates,
    with_covariates_known,
    without_residuals,
)
from csat.analyses.structural.setup import structure_of
from csat.analyses.structural.solving import (
    Solution,
    bounds_of,
    cannot_hold,
    check_moments,
    no_start,
    require_no_thresholds,
)
from csat.errors import BadInput, CannotCompute, CsatError, NumericsError
from csat.instrument.parameters import ParameterTable
from csat.instrument.statements import INTERCEPT, Rule
from csat.numerics.constrained import Contradiction, information_within
from csat.numerics.descent import MAX_STEPS
from csat.numerics.fitting import Fit, Sample, fit
from csat.numerics.invariance import renumbered
from csat.numerics.mixed import mixed_sample
from csat.numerics.moment_vectors import ContinuousMoments, MomentStructure, OrderedMoments, with_residuals
from csat.numerics.ordered import OrderedSample, ordered_sample
from csat.numerics.solution import standardised_thresholds
from csat.numerics.starts import starting_values
from csat.numerics.structure import Cells, implied
from csat.tally.tally import Tally

Array = NDArray[np.float64]
Positions = NDArray[np.intp]
GroupData = Mapping[str, Answers] | Mapping[str, Moments] | Mapping[str, Tally]

SHARED_CUTS = frozenset({"thresholds", "intercepts"})
"""Either holds the thresholds of ordered items equal, as lavaan has it."""


@dataclass(frozen=True, eq=False)
class GroupSolution:
    """All groups together, and each by itself in its own numbering.

    generic : information where the search began. numbers : by group, which parameter of all each of its own
    is.
    """

    table: ParameterTable
    fitted: Fit
    generic: Array
    information: Array
    parts: Mapping[str, Solution]
    numbers: Mapping[str, Positions]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, eq=False)
class _Part:
    """One group before the fit."""

    name: str
    table: ParameterTable
    moments: Moments
    sample: Sample
    model: MomentStructure
    start: Array
    numbers: Positions


# where a search runs away its numbers pass all bounds: the verdict says so
@np.errstate(over="ignore")
def solved_groups(
    table: ParameterTable,
    data: GroupData,
    options: Options,
    *,
    equal: Collection[str],
    partial: Collection[str],
) -> GroupSolution:
    """By the estimator asked for.

    equal, partial : what groups have in common, and what is let go all the same; of thresholds only, the
    table knows the rest.
    """
    totals = _totals(table, data, options)
    pooled = _pooled(data, table) if options.ordered else None
    ordered = wanted(table, options.ordered, pooled)
    doubts: tuple[Caution, ...] = ()
    if ordered and pooled is not None:
        items = tuple(i for i in table.observed if i not in table.covariates)
        table = _of_ordered(replace(table, observed=(*items, *table.covariates)), ordered)
        samples = _ordered_samples(table, data, ordered, options, totals)
        doubts = doubts_about_order(table, options.ordered, ordered, pooled)
    else:
        require_no_thresholds(table)
        samples = {name: _sample(table, name, own, options, totals.get(name)) for name, own in data.items()}
    parts, count = _parts(table, samples, equal, partial)
    lower, upper = (
        _padded(b, count, rest) for b, rest in zip(bounds_of(table), (-np.inf, np.inf), strict=True)
    )
    constraints, rules = constraints_of(table, places_of(table), count)
    start = np.full(count, math.nan)
    for part in parts:
        known = ~np.isnan(part.start)
        start[part.numbers[: part.start.size][known]] = part.start[known]

    def fitted(max_steps: int = MAX_STEPS) -> Fit:
        return fit(
            [p.model for p in parts],
            [p.sample for p in parts],
            count,
            estimator=options.estimator,
            likelihood=options.likelihood,
            start=start,
            lower=lower,
            upper=upper,
            constraints=constraints,
            exogenous=[] if ordered else [table.observed.index(x) for x in table.covariates],
            covariates=[] if ordered else [table.observed.index(x) for x in table.explaining],
            max_steps=max_steps,
        )

    try:
        found = fitted()
        generic = found if found.estimate.converged else fitted(max_steps=0)
    except Contradiction as err:
        raise cannot_hold(rules) from err
    except NumericsError as err:
        raise err.named(table.observed, where="the model") from err
    except np.linalg.LinAlgError as err:
        raise no_start() from err
    within = found.estimate.within
    return GroupSolution(
        table,
        found,
        information_within(generic.information, within),
        information_within(found.information, within),
        {
            p.name: _solution(p, found, g, (*(doubts if g == 0 else ()), *_unchosen(data[p.name], ordered)))
            for g, p in enumerate(parts)
        },
        {p.name: p.numbers for p in parts},
        rules,
    )


# ---- what is known of a group -----------------------------------------------


def kept_rows(table: ParameterTable, data: Answers, options: Options) -> Answers:
    """The rows a model is fitted to, its items in the table's order."""
    kept = data.select(table.observed).kept(options.missing)
    if options.ordered or options.missing == "fiml":
        # what nothing explains cannot make up for its own gaps
        kept = with_covariates_known(kept, table.covariates)
    return kept


def _totals(table: ParameterTable, data: GroupData, options: Options) -> Mapping[str, float]:
    """What the weights of each group sum to; empty without weights."""
    try:
        kept = {
            name: kept_rows(table, own, options) for name, own in data.items() if isinstance(own, Answers)
        }
    except CannotCompute:
        # said with the name of the group where its answers are read
        return {}
    return shares(kept) if len(kept) == len(data) else {}


def _sample(
    table: ParameterTable,
    name: str,
    data: Answers | Moments | Tally,
    options: Options,
    total: float | None = None,
) -> tuple[Moments, Sample]:
    """Numbers, by the policy for silence; of weighted moments alone n is the effective one.

    total : what the weights sum to.
    """
    try:
        if isinstance(data, Answers):
            chosen = data.select(table.observed)
            kept = kept_rows(table, data, options)
            if options.missing == "fiml" or options.estimator != "ML":
                base = kept.base(options.missing, rows=len(data.rows))
                made = Sample.of_gaps if options.missing == "fiml" else Sample.of_rows
                sample = made(kept.rows, weights=kept.weights, total=total)
                moments = Moments(table.observed, sample.cov, sample.mean, base)
                check_moments(moments)
                return moments, sample
            moments = Moments.of_rows(
                chosen.rows, chosen.items, weights=chosen.weights, instrument=data.instrument
            )
        elif options.missing == "fiml":
            raise BadInput(
                "full information needs the answers, not only their covariances",
                do="Give the survey or the rows",
            )
        else:
            moments = (Moments.of_tally(data) if isinstance(data, Tally) else data).select(table.observed)
        check_moments(moments)
    except NumericsError as err:
        raise err.named(table.observed, where=f"group '{name}'") from err
    except CannotCompute as err:
        raise _in_group(name, err) from err
    n = moments.base.effective_n if moments.base.weighted else float(moments.base.respondents)
    return moments, Sample.of_moments(moments.covariance, n=n, mean=moments.means)


def _unchosen(data: Answers | Moments | Tally, ordered: tuple[str, ...]) -> tuple[Caution, ...]:
    """Answers nobody in a group chose."""
    return unchosen(ordered, data) if ordered and isinstance(data, Answers) else ()


def _in_group(name: str, err: CsatError) -> CannotCompute:
    return CannotCompute(f"group '{name}': {err}")


def _pooled(data: GroupData, table: ParameterTable) -> Answers:
    """The answers of all groups, of whom ordered items need the rows."""
    parts = [own.select(table.observed) for own in data.values() if isinstance(own, Answers)]
    if len(parts) < len(data):
        raise BadInput(
            "ordered items need the answers, not only their covariances", do="Give the survey or the rows"
        )
    return replace(parts[0], rows=np.vstack([p.rows for p in parts]), weights=None)


def _ordered_samples(
    table: ParameterTable,
    data: GroupData,
    ordered: Collection[str],
    options: Options,
    totals: Mapping[str, float],
) -> dict[str, tuple[Moments, Sample]]:
    """Thresholds and correlations, given covariates; what anyone answered is the scale, not what one group
    did."""
    if table.thresholds:
        raise BadInput(
            f"'{table.thresholds[0].name}' is a threshold",
            where="the model",
            right="In a model of several groups thresholds are free, or equal across groups",
            do="Leave the line out",
        )
    pooled = _pooled(data, table)
    covariates, items = table.covariates, given_covariates(table).observed
    values = tuple(
        s or tuple(np.unique(column[~np.isnan(column)]).tolist())
        for s, column in zip(pooled.scales, pooled.rows.T, strict=True)
    )[: len(items)]
    numbers = [j for j, item in enumerate(items) if item not in ordered]
    found = {}
    for name, own in data.items():
        assert isinstance(own, Answers)
        try:
            kept = with_covariates_known(own.select(table.observed).kept(options.missing), covariates)
            x = kept.rows[:, len(items) :]
            kept = replace(kept.select(items), scales=values)
            codes, categories = kept.codes(numbers=[items[j] for j in numbers])
            if numbers or covariates:
                answers = np.where(codes >= 0, codes, np.nan)
                answers[:, numbers] = kept.rows[:, numbers]
                counts = [0 if j in numbers else c for j, c in enumerate(categories)]
                sample = mixed_sample(answers, counts, covariates=x, weights=kept.weights)
            else:
                sample = ordered_sample(codes, categories, weights=kept.weights)
        except NumericsError as err:
            raise err.named(items, where=f"group '{name}'") from err
        except CannotCompute as err:
            raise _in_group(name, err) from err
        base = kept.base(options.missing, rows=len(own.rows))
        made = Sample.of_ordered(sample, total=totals.get(name))
        found[name] = (Moments(table.observed, *with_covariates(sample, x, kept.weights), base), made)
    return found


def _of_ordered(table: ParameterTable, ordered: Collection[str]) -> ParameterTable:
    """Without what ordered items have no place for: residual variances give way, thresholds hold means."""
    table = without_residuals(table, dict.fromkeys(ordered, 0.0))
    return replace(
        table,
        rows=tuple(
            replace(r, free=False, value=0.0, label="", equal="")
            if r.operator == INTERCEPT and r.left in ordered
            else r
            for r in table.rows
        ),
    )


# ---- the model of a group ---------------------------------------------------


def _parts(
    table: ParameterTable,
    samples: Mapping[str, tuple[Moments, Sample]],
    equal: Collection[str],
    partial: Collection[str],
) -> tuple[list[_Part], int]:
    """Models over one theta, and how many parameters they have together."""
    count = len(table.free)
    first: OrderedSample | None = None
    shared_cuts: Positions = np.zeros(0, dtype=np.intp)
    parts = []
    for name, (moments, sample) in samples.items():
        own = table.of_group(name)
        numbers = np.array(table.numbers(name), dtype=np.intp)
        local, start = structure_of(own, moments.covariance, moments.means)
        if sample.ordered is None:
            structure = renumbered(local, numbers)
            parts.append(_Part(name, own, moments, sample, ContinuousMoments(structure), start, numbers))
            continue
        known = given_covariates(own)
        if table.covariates:
            # the model of items and covariates together knows best where to begin
            free = np.setdiff1d(np.arange(len(known.observed)), sample.ordered.numeric)
            whole, size = with_residuals(local, free, start.size), start.size + free.size
            best = starting_values(whole, moments.covariance, size, mean=moments.means)[: start.size]
            start = np.where(np.isnan(start), best, start)
        structure = renumbered(structure_of(known, moments.covariance, moments.means)[0], numbers)
        p = len(known.observed)
        item = sample.ordered.item
        rank = np.concatenate([np.arange(np.sum(item == i)) for i in range(p)]).astype(np.intp)
        at = count + np.arange(item.size, dtype=np.intp)
        scales = np.full(p, -1, dtype=np.intp)
        if first is None or not SHARED_CUTS.intersection(equal):
            count += item.size
        else:
            _same_cuts(known.observed, first, sample.ordered, next(iter(samples)), name)
            loose = {"".join(n.split()) for n in partial}
            named = [f"{table.observed[i]}|t{k + 1}" in loose for i, k in zip(item, rank, strict=True)]
            at = shared_cuts.copy()
            at[named] = count + np.arange(sum(named))
            count += sum(named)
            free = np.setdiff1d(np.arange(p), sample.ordered.numeric)
            scales[free] = count + np.arange(free.size)
            count += free.size
        if first is None:
            first, shared_cuts = sample.ordered, at
        items = np.arange(p)
        model = OrderedMoments(
            structure,
            Cells(item, rank, at, np.zeros(item.size)),
            Cells(items, items, scales, np.ones(p)),
            numeric=sample.ordered.numeric,
            given=p + np.arange(len(table.covariates)),
        )
        own_numbers = np.concatenate([numbers, scales[scales >= 0]])
        parts.append(_Part(name, own, moments, sample, model, start, own_numbers))
    return parts, count


def _same_cuts(items: Sequence[str], one: OrderedSample, other: OrderedSample, first: str, name: str) -> None:
    for j in np.setdiff1d(np.arange(len(items)), one.numeric).tolist():
        item = items[j]
        if not np.array_equal(one.used[j], other.used[j]):
            raise CannotCompute(
                f"in '{first}' and '{name}' different answers to {item} were chosen, so its thresholds "
                "cannot be equal",
                where="the model",
                do="Merge rare answers, leave the item out, or do not hold thresholds equal",
            )


def _padded(values: Array, count: int, rest: float) -> Array:
    return np.concatenate([values, np.full(count - values.size, rest)])


# ---- one group of the solution ----------------------------------------------


def _solution(part: _Part, found: Fit, g: int, doubts: tuple[Caution, ...]) -> Solution:
    """The group's own parameters in its own numbering; free scales of ordered items come last."""
    at, q = part.numbers, len(part.table.free)
    theta = found.theta[at]
    table, scale = part.table, None
    free_scales: dict[int, int] = {}
    structure, _ = structure_of(table, part.moments.covariance, part.moments.means)
    thresholds: tuple[tuple[str, str, float, float], ...] = ()
    scales: tuple[tuple[str, float, float], ...] = ()
    unit: tuple[int, ...] = ()
    std_thresholds: tuple[tuple[float, float], ...] = ()
    given: tuple[int, ...] = ()
    causes: dict[int, Array] = {}
    errors = np.sqrt(np.maximum(np.diagonal(found.covariance), 0.0))
    model = part.model
    if isinstance(model, OrderedMoments):
        scale = model.scales.filled(found.theta)
        ordered = np.setdiff1d(np.arange(scale.size), model.numeric).tolist()
        left = model.residual_variances(found.theta)
        table = without_residuals(table, {table.observed[i]: float(left[i]) for i in ordered})
        structure, _ = structure_of(table, part.moments.covariance, part.moments.means)
        cuts = model.thresholds
        thresholds = tuple(
            (table.observed[i], f"t{k + 1}", float(found.theta[n]), float(errors[n]))
            for i, k, n in zip(cuts.row, cuts.column, cuts.parameter, strict=True)
        )
        own = model.scales.parameter
        scales = tuple(
            (table.observed[i], float(scale[i]), float(errors[own[i]]) if own[i] >= 0 else 0.0)
            for i in ordered
        )
        unit = tuple(ordered)
        free_scales = {i: q + k for k, i in enumerate(i for i in ordered if own[i] >= 0)}
        given = tuple(model.given.tolist())
        causes = causes_of(model, found.theta, at)
        standard = standardised_thresholds(
            structure,
            theta,
            implied(structure, theta),
            found.covariance,
            cuts.row,
            cuts.filled(found.theta),
            cuts.parameter,
            numbers=at,
            scales=free_scales,
            given=given,
            causes=causes,
        )
        std_thresholds = tuple(zip(*(s.tolist() for s in standard), strict=True))
        scale = np.concatenate([scale, np.ones(len(given))])
    estimate = replace(
        found.estimate,
        theta=theta,
        gradient=found.estimate.gradient[at],
        hessian=found.estimate.hessian[np.ix_(at, at)],
        implied=(implied(structure, theta),),
        on_bound=found.estimate.on_bound[at],
        within=np.zeros((0, 0)),
        active=np.zeros(0, dtype=np.intp),
        equalities=0,
    )
    info = found.information[np.ix_(at[:q], at[:q])]
    return Solution(
        table,
        part.moments,
        structure,
        estimate,
        info,
        info,
        found.covariance[np.ix_(at, at)],
        found.problem.covs[g] if part.sample.ordered is None else part.moments.covariance,
        found.measures,
        thresholds,
        unit,
        found,
        scales=scales,
        scale=scale,
        std_thresholds=std_thresholds,
        free_scales=free_scales,
        given=given,
        causes=causes,
        doubts=doubts,
    )
