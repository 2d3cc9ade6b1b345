"""From parameters and answers to estimates: one solution, by the estimator asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Base, Caution
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.constraints import constraints_of, places_of
from csat.analyses.structural.moments import Moments
from csat.analyses.structural.options import Options
from csat.analyses.structural.ordering import (
    causes_of,
    doubts_about_order,
    ordering,
    threshold_cells,
    unchosen,
    wanted,
    with_covariates_known,
)
from csat.analyses.structural.setup import structure_of
from csat.errors import BadInput, CannotCompute, NumericsError, listed
from csat.instrument.parameters import REMEMBERED, ParameterTable
from csat.instrument.statements import (
    Rule,
)
from csat.numerics import linalg, solution
from csat.numerics.constrained import Contradiction, information_within
from csat.numerics.estimation import Estimate, Group, fit_maximum_likelihood, information
from csat.numerics.fit_indices import fit_measures
from csat.numerics.fitting import Fit, Sample, fit
from csat.numerics.moment_vectors import ContinuousMoments, OrderedMoments, with_residuals
from csat.numerics.starts import starting_values
from csat.numerics.structure import Structure, implied
from csat.tally.tally import Tally

Array = NDArray[np.float64]

ALIKE = 0.4
"""Correlation of all items in the last starting values tried."""


@dataclass(frozen=True, eq=False)
class Solution:
    """A model with its estimates.

    covariance : (p, p) the sample covariance (or polychoric correlations) the discrepancy saw. generic : the
    information where the search began. thresholds : names, values and errors of those of ordered items. In
    several groups also: scales : of ordered items, with errors; scale : (p,) the same as an array;
    std_thresholds : value and error of each where items have variance 1; free_scales : item position to its
    place in theta; given : positions of their covariates; causes : position of those that explain something
    to d residual variance / d theta; doubts : about what was taken for what. identified : the
    information is known to have an inverse; otherwise it is to be looked at.
    """

    table: ParameterTable
    moments: Moments
    structure: Structure
    estimate: Estimate
    information: Array
    generic: Array
    theta_cov: Array
    covariance: Array
    fit: dict[str, float]
    thresholds: tuple[tuple[str, str, float, float], ...] = ()
    unit: tuple[int, ...] = ()
    fitted: Fit | None = None
    rules: tuple[Rule, ...] = ()
    scales: tuple[tuple[str, float, float], ...] = ()
    scale: Array | None = None
    std_thresholds: tuple[tuple[float, float], ...] = ()
    free_scales: Mapping[int, int] = field(default_factory=dict)
    given: tuple[int, ...] = ()
    causes: Mapping[int, Array] = field(default_factory=dict)
    doubts: tuple[Caution, ...] = ()
    identified: bool = False


# where a search runs away its numbers pass all bounds: the verdict says so
@np.errstate(over="ignore")
def solved(table: ParameterTable, data: Tally | Moments | Answers, options: Options) -> Solution:
    """By the estimator asked for; plain maximum likelihood needs nothing but covariances."""
    ordered = wanted(table, options.ordered, data if isinstance(data, Answers) else None)
    if not ordered:
        require_no_thresholds(table)
    if isinstance(data, Answers):
        chosen = data.select(table.observed)
        if ordered or options.missing == "fiml" or options.estimator != "ML":
            kept = chosen.kept(options.missing)
            if ordered or options.missing == "fiml":
                # what nothing explains cannot make up for its own gaps
                kept = with_covariates_known(kept, table.covariates)
            base = kept.base(options.missing, rows=len(data.rows))
            if ordered:
                return _by_ordered(table, kept, base, ordered, options)
            return _by_rows(table, kept, base, options)
        data = Moments.of_rows(chosen.rows, chosen.items, weights=chosen.weights, instrument=data.instrument)
    if ordered or options.missing == "fiml":
        raise BadInput(
            "ordered items and full information need the answers, not only their covariances",
            do="Give the survey or the rows",
        )
    moments = (Moments.of_tally(data) if isinstance(data, Tally) else data).select(table.observed)
    if options.estimator == "ML" and not table.rules:
        return _by_maximum_likelihood(table, moments, options)
    n = moments.base.effective_n if moments.base.weighted else float(moments.base.respondents)
    sample = Sample.of_moments(moments.covariance, n=n, mean=moments.means)
    return _by_sample(table, moments, sample, options)


def require_no_thresholds(table: ParameterTable) -> None:
    """That a model whose items are numbers speaks of none."""
    if table.thresholds:
        raise BadInput(
            f"'{table.thresholds[0].name}' is a threshold",
            where="the model",
            right="Thresholds belong to items declared as ordered",
            do="Declare the item ordered, or leave the line out",
        )


def _by_maximum_likelihood(table: ParameterTable, moments: Moments, options: Options) -> Solution:
    check_moments(moments)
    structure, start_values = structure_of(table, moments.covariance, moments.means)
    with_means = structure.has_means
    n = moments.base.effective_n if moments.base.weighted else float(moments.base.respondents)
    # wishart: both the covariance and the multiplier are those of n - 1
    scale = n / (n - 1) if options.likelihood == "wishart" else 1.0
    multiplier = n - 1 if options.likelihood == "wishart" else n
    covariance = moments.covariance * scale
    group = Group(structure, covariance, multiplier, moments.means if with_means else None)
    estimate = _estimated(group, table, start_values)
    info = information([group], estimate)
    theta_cov = solution.parameter_covariance(info, estimate.on_bound)
    at = estimate.implied[0]
    measures = fit_measures(
        covariance,
        at.covariance,
        n=n,
        parameters=len(table.free),
        sample_mean=moments.means if with_means else None,
        implied_mean=at.mean if with_means else None,
        exogenous=[table.observed.index(x) for x in table.covariates],
        covariates=[table.observed.index(x) for x in table.explaining],
        likelihood=options.likelihood,
    )
    return Solution(
        table,
        moments,
        structure,
        estimate,
        info,
        info if estimate.converged else information([group], _at_start(group, len(table.free))),
        theta_cov,
        covariance,
        measures,
        fitted=_for_modifications(table, moments, structure, estimate, n, options),
        identified=not (estimate.on_bound.any() or np.isnan(theta_cov).any()),
    )


def _for_modifications(
    table: ParameterTable,
    moments: Moments,
    structure: Structure,
    estimate: Estimate,
    n: float,
    options: Options,
) -> Fit | None:
    """The same fit with what modification indices rest on, where they are wanted."""
    if not (options.modifications or options.residuals):
        return None
    lower, upper = bounds_of(table)
    return fit(
        [ContinuousMoments(structure)],
        [Sample.of_moments(moments.covariance, n=n, mean=moments.means)],
        len(table.free),
        likelihood=options.likelihood,
        start=estimate.theta,
        lower=lower,
        upper=upper,
        exogenous=[table.observed.index(x) for x in table.covariates],
        covariates=[table.observed.index(x) for x in table.explaining],
    )


def _by_rows(table: ParameterTable, kept: Answers, base: Base, options: Options) -> Solution:
    try:
        if options.missing == "fiml":
            sample = Sample.of_gaps(kept.rows, weights=kept.weights)
        else:
            sample = Sample.of_rows(kept.rows, weights=kept.weights)
    except NumericsError as err:
        raise err.named(table.observed, where="the model") from err
    return _by_sample(table, Moments(table.observed, sample.cov, sample.mean, base), sample, options)


def _by_sample(table: ParameterTable, moments: Moments, sample: Sample, options: Options) -> Solution:
    check_moments(moments)
    structure, start_values = structure_of(table, moments.covariance, moments.means)
    lower, upper = bounds_of(table)
    constraints, rules = constraints_of(table, places_of(table), len(table.free))
    try:
        found = fit(
            [ContinuousMoments(structure)],
            [sample],
            len(table.free),
            estimator=options.estimator,
            likelihood=options.likelihood,
            start=start_values,
            lower=lower,
            upper=upper,
            constraints=constraints,
            exogenous=[table.observed.index(x) for x in table.covariates],
            covariates=[table.observed.index(x) for x in table.explaining],
        )
    except Contradiction as err:
        raise cannot_hold(rules) from err
    except NumericsError as err:
        raise err.named(table.observed, where="the model") from err
    except np.linalg.LinAlgError as err:
        raise no_start() from err
    group = Group(structure, moments.covariance, found.n, moments.means if structure.has_means else None)
    return Solution(
        table,
        moments,
        structure,
        found.estimate,
        information_within(found.information, found.estimate.within),
        information_within(
            found.information if found.estimate.converged else _generic(group, found),
            found.estimate.within,
        ),
        found.covariance,
        found.problem.covs[0],
        found.measures,
        fitted=found,
        rules=rules,
    )


def cannot_hold(rules: Sequence[Rule]) -> CannotCompute:
    return CannotCompute(
        "no values of the parameters were found that obey all rules: "
        + "; ".join(f"{r.left} {r.operator} {r.right}" for r in rules),
        where="the model",
        do="Check whether they can hold together, and near what the answers say",
    )


def _by_ordered(
    table: ParameterTable, kept: Answers, base: Base, ordered: tuple[str, ...], options: Options
) -> Solution:
    """Thresholds and correlations of what lies under the items, given covariates."""
    ground = ordering(table, kept, ordered)
    sample, items, x = ground.sample, ground.items, ground.covariates.tolist()
    full, said = structure_of(ground.table, ground.covariance, ground.mean)
    structure, _ = structure_of(ground.given, ground.covariance, ground.mean)
    q = said.size
    cuts, labels, count = threshold_cells(table, items, sample, q)
    model = OrderedMoments(structure, cuts, numeric=sample.numeric, given=np.asarray(x, dtype=np.intp))
    places = {**places_of(ground.table), **labels}
    constraints, rules = constraints_of(ground.table, places, count)
    start = np.full(count, np.nan)
    start[:q] = said
    if x:
        # the model of items and covariates together knows best where to begin
        mean = ground.mean if full.has_means else None
        whole = with_residuals(full, model.ordered, q)
        own = starting_values(whole, ground.covariance, q + model.ordered.size, mean=mean)[:q]
        start[:q] = np.where(np.isnan(said), own, said)
    lower, upper = bounds_of(ground.table)
    unbounded = np.full(count - q, np.inf)
    try:
        found = fit(
            [model],
            [Sample.of_ordered(sample)],
            count,
            estimator=options.estimator,
            start=start,
            lower=np.concatenate([lower, -unbounded]),
            upper=np.concatenate([upper, unbounded]),
            constraints=constraints,
        )
    except Contradiction as err:
        raise cannot_hold(rules) from err
    except NumericsError as err:
        raise err.named(items, where="the model") from err
    except np.linalg.LinAlgError as err:
        raise no_start() from err
    theta = found.theta[:q]
    own_table = ground.residuals(model.residual_variances(found.theta))
    full, _ = structure_of(own_table, ground.covariance, ground.mean)
    at = implied(full, theta)
    within = found.estimate.within
    estimate = replace(
        found.estimate,
        theta=theta,
        gradient=found.estimate.gradient[:q],
        hessian=found.estimate.hessian[:q, :q],
        implied=(at,),
        on_bound=found.estimate.on_bound[:q],
        within=within[:, :q] if within.size else within,
    )
    values = cuts.filled(found.theta)
    spread = np.sqrt(np.maximum(found.covariance.diagonal(), 0.0))
    errors = np.where(cuts.free, spread[np.maximum(cuts.parameter, 0)], 0.0)
    causes = causes_of(model, found.theta, np.arange(q))
    standard = solution.standardised_thresholds(
        full, theta, at, found.covariance, cuts.row, values, cuts.parameter, given=x, causes=causes
    )
    info = information_within(found.information, within)[:q, :q]
    return Solution(
        own_table,
        Moments(own_table.observed, ground.covariance, ground.mean, base),
        full,
        estimate,
        info,
        info,
        found.covariance[:q, :q],
        ground.covariance,
        found.measures,
        tuple(
            (items[i], f"t{k + 1}", float(v), float(e))
            for i, k, v, e in zip(cuts.row, cuts.column, values, errors, strict=True)
        ),
        ground.places,
        found,
        rules=rules,
        std_thresholds=tuple(zip(*(s.tolist() for s in standard), strict=True)) if x else (),
        given=tuple(x),
        causes=causes,
        doubts=(*doubts_about_order(table, options.ordered, ordered, kept), *unchosen(ordered, kept)),
    )


def no_start() -> CannotCompute:
    return CannotCompute(
        "no positive definite covariance can be found to start from",
        where="the model",
        do="Check the fixed values and bounds of the model",
    )


@lru_cache(maxsize=REMEMBERED)
def bounds_of(table: ParameterTable) -> tuple[Array, Array]:
    """Of each free parameter: the lower and the upper."""
    lower, upper = np.array(table.bounds, dtype=float).reshape(-1, 2).T
    crossed = np.flatnonzero(lower > upper)
    if crossed.size:
        name = table.rows[table.free[crossed[0]][0]].name
        raise BadInput(f"the lower bound of {name} is above its upper bound", where="the model")
    lower.setflags(write=False)
    upper.setflags(write=False)
    return lower, upper


TINY = 1e-100
"""A variance below this, or above its inverse, leaves no digits to compute with."""


def check_moments(moments: Moments) -> None:
    n, p = moments.base.respondents, len(moments.items)
    # a negative number is one that was lost with the variances
    if 0 <= n <= p:
        raise CannotCompute(
            f"{n} respondents answered, and the model has {p} items",
            where="the model",
            do=f"At least {p + 1} complete answers are needed, better {10 * p}",
        )
    variances = moments.covariance.diagonal()
    # a variance of zero is said below, in its own words
    odd = np.flatnonzero(~((variances < 1 / TINY) & ((variances > TINY) | (variances == 0))))
    if odd.size:
        raise CannotCompute(
            f"the numbers of {listed([moments.items[int(k)] for k in odd])} are too large or too small to be "
            "squared",
            where="the model",
            do="Say which number stands for no answer, or write the answers in another unit",
        )
    try:
        linalg.require_variance(moments.covariance.diagonal())
        linalg.cholesky(moments.covariance)
    except NumericsError as err:
        raise err.named(moments.items, where="the model") from err


def _estimated(group: Group, table: ParameterTable, said: Array) -> Estimate:
    """The minimum, from the best of a few starts: another is tried only where one leads to none."""
    lower, upper = bounds_of(table)
    best: Estimate | None = None
    for start in _starts(group, said):
        try:
            found = fit_maximum_likelihood([group], start, lower=lower, upper=upper)
        except np.linalg.LinAlgError:
            continue
        if found.converged:
            return found
        if best is None or found.discrepancy < best.discrepancy:
            best = found
    if best is not None:
        return best
    raise no_start()


def _starts(group: Group, said: Array) -> Iterator[Array]:
    """From the data with what the model says; from the data alone; as if all items were related alike."""
    own = starting_values(group.structure, group.cov, said.size, mean=group.mean)
    yield np.where(np.isnan(said), own, said)
    if not np.isnan(said).all():
        yield own
    sd = np.sqrt(group.cov.diagonal())
    alike = (sd[:, None] * sd) * (ALIKE + (1 - ALIKE) * np.eye(len(sd)))
    yield starting_values(group.structure, (group.cov + alike) / 2, said.size, mean=group.mean)


def _generic(group: Group, found: Fit) -> Array:
    """The information where the search began; where it ended, when there is none at the start."""
    try:
        return information([group], _at_start(group, found.theta.size))
    except np.linalg.LinAlgError:
        return found.information


def _at_start(group: Group, q: int) -> Estimate:
    """What is known before the first step."""
    start = starting_values(group.structure, group.cov, q, mean=group.mean)
    return fit_maximum_likelihood([group], start, max_steps=0)
