"""One entry to every estimator: `fit` finds the parameters, their errors, the tests and the fit measures.

A sample says what is known of a group (rows, or moments, or ordered answers), a model says what its
structure implies; both are lists, one entry a group, over one common theta.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from csat.numerics import robust
from csat.numerics.asymptotic import normal_weight
from csat.numerics.chi_square import tests
from csat.numerics.constrained import Constraints, Contradiction, covariance_within, descend_within
from csat.numerics.descent import MAX_STEPS, Estimate
from csat.numerics.estimation import Information, fit_maximum_likelihood, smallest_eigenvalue
from csat.numerics.estimators import METHODS, Errors, Method
from csat.numerics.fit_indices import Likelihood
from csat.numerics.fitted import Fit
from csat.numerics.linalg import Array, inverse
from csat.numerics.measures import fit_measures
from csat.numerics.missing import FullInformation, half_hessian
from csat.numerics.moment_vectors import MomentsAt, MomentStructure, OrderedMoments, with_residuals
from csat.numerics.problem import Problem, with_means
from csat.numerics.robust import Piece
from csat.numerics.samples import Sample
from csat.numerics.sandwich import bread, meat
from csat.numerics.starts import plain_starting_values, starting_values
from csat.numerics.structure import Cells

__all__ = ["METHODS", "Fit", "Method", "Sample", "fit"]

Mask = NDArray[np.bool_]

SAME_MINIMUM = 1e-10
"""Discrepancies that differ by no more, relatively, are one minimum (a construct may point either way)."""

SADDLE_BELOW = 1e-10
"""Smallest eigenvalue of a Hessian with unit diagonal from which on a solution is one."""


def fit(
    models: Sequence[MomentStructure],
    samples: Sequence[Sample],
    count: int,
    *,
    estimator: str = "ML",
    likelihood: Likelihood = "normal",
    information: Information | None = None,
    errors: Errors | None = None,
    start: Array | None = None,
    lower: Array | None = None,
    upper: Array | None = None,
    constraints: Constraints | None = None,
    exogenous: Sequence[int] = (),
    covariates: Sequence[int] | None = None,
    max_steps: int = MAX_STEPS,
) -> Fit:
    """Parameters, errors, tests and fit measures of a model of one group or several.

    Parameters
    ----------
    models : by group, `ContinuousMoments` or `OrderedMoments`, sharing theta: equality across groups is one
        parameter in several structures. samples : by group. count : q. estimator : a key of `METHODS`.
    information : "expected" or "observed", instead of the estimator's own (full information: observed).
    errors : instead of the estimator's own. start : (q,) NaN where csat may choose. exogenous : positions of
        covariates whose own moments are taken as they are. covariates : all that covary in the baseline
        model; the exogenous ones unless said otherwise. lower, upper, constraints : what theta must obey;
        errors and tests count what holds with equality as known.

    Raises
    ------
    BadInput : the estimator does not suit the data. NumericsError : moments without an inverse, with
    positions; constraints that contradict each other. numpy.linalg.LinAlgError : no usable starting values.
    """
    problem = Problem.of(
        models,
        samples,
        estimator=estimator,
        likelihood=likelihood,
        information=information,
        errors=errors,
        exogenous=exogenous,
        covariates=covariates,
    )
    estimate = _estimated(problem, count, start, lower, upper, constraints, max_steps)
    # covariates whose moments are taken as they are: free for the tests, so that they count nowhere
    wider, theta, extra = _with_free_covariates(models, estimate.theta, exogenous)
    found = tuple(m.moments(theta, at) for m, at in zip(wider, estimate.implied, strict=True))
    weights = _weights(problem, found)
    held = np.concatenate([estimate.on_bound, np.zeros(extra, dtype=bool)])
    inside = bread(problem, wider, theta, found, weights)
    within = estimate.within
    if within.size:
        within = np.pad(within, ((0, 0), (0, extra)))
    inverse_bread = covariance_within(inside, held, within)
    pieces = [
        Piece(f, m.jacobian, w, g)
        for f, m, w, g in zip(problem.shares, found, weights, problem.gammas, strict=True)
    ]
    filling = meat(problem, pieces, found)
    multiplier = problem.multiplier
    covariance = inverse_bread / multiplier
    if filling is not None:
        covariance = robust.sandwich(inverse_bread, filling, multiplier)
    df = sum(len(s) for s in problem.vectors) - count - extra + estimate.equalities
    chisq = max(multiplier * estimate.discrepancy, 0.0)
    test, baseline = tests(problem, chisq, df, found, pieces, inverse_bread, filling)
    fitted = Fit(
        problem=problem,
        estimate=estimate,
        covariance=covariance[:count, :count],
        information=inside[:count, :count] * multiplier,
        test=test,
        baseline=baseline,
        measures={},
        moments=found,
        bread=inside,
        wider=tuple(wider),
        wider_theta=theta,
        given_weights=() if problem.rowwise else weights,
    )
    return replace(fitted, measures=fit_measures(fitted))


def _weights(problem: Problem, found: Sequence[MomentsAt]) -> tuple[Array, ...]:
    """V of the inference by group; empty arrays where sums over respondents do."""
    if problem.rowwise:
        return tuple(np.zeros((0, 0)) for _ in problem.models)
    if problem.gaps:
        return tuple(
            half_hessian(
                s.gaps, f.at.covariance, f.at.mean, expected=problem.method.information == "expected"
            )
            for s, f in zip(problem.samples, found, strict=True)
            if s.gaps is not None
        )
    if problem.by_likelihood:
        return tuple(
            normal_weight(inverse(f.at.covariance), means=with_means(m))
            for f, m in zip(found, problem.models, strict=True)
        )
    if problem.method.discrepancy == "ULS":
        return tuple(np.ones(len(w)) for w in problem.weights)
    return problem.weights


def _estimated(
    problem: Problem,
    count: int,
    start: Array | None,
    lower: Array | None,
    upper: Array | None,
    constraints: Constraints | None,
    max_steps: int,
) -> Estimate:
    """From the first usable start; least squares, which have local minima, from all of them."""
    objective = problem.objective()
    constraints = None if constraints is None else constraints.among(count)
    said = np.full(count, np.nan) if start is None else start

    def starts() -> Iterator[Array]:
        if not max_steps and not np.isnan(said).any():
            # what the model is at these values, and nothing else
            yield said
            return
        own = _start(problem, count, plain=False)
        near = np.where(np.isnan(said), own, said)
        if isinstance(objective, FullInformation):
            # the optimum for the saturated moments is two or three steps away
            with suppress(np.linalg.LinAlgError):
                yield fit_maximum_likelihood(
                    problem.likelihood_groups(), near, lower=lower, upper=upper
                ).theta
        yield near
        plain = _start(problem, count, plain=True)
        yield np.where(np.isnan(said), plain, said)
        if not np.isnan(said).all():
            yield own

    best: Estimate | None = None
    astray: Contradiction | None = None
    for candidate in starts():
        try:
            found = descend_within(
                objective, candidate, constraints, lower=lower, upper=upper, max_steps=max_steps
            )
        except np.linalg.LinAlgError:
            continue
        except Contradiction as error:
            astray = error
            continue
        if best is None or _is_better(found, best):
            best = found
        if best.converged and problem.by_likelihood:
            break
    if best is None and astray is not None:
        raise astray
    if best is None:
        raise np.linalg.LinAlgError("the starting values imply no positive definite covariance")
    return best


def _is_better(found: Estimate, best: Estimate) -> bool:
    """Whether a later start leads to another minimum: lower by rounding alone it is the same one."""
    settled, height = _worth(found)
    before, least = _worth(best)
    if settled != before:
        return settled
    return height > least + SAME_MINIMUM * max(1.0, abs(least))


def _worth(found: Estimate) -> tuple[bool, float]:
    """What an estimate is chosen by: where a construct has all loadings 0, slopes are 0 without a minimum."""
    settled = found.converged and smallest_eigenvalue(found.hessian) > SADDLE_BELOW
    return settled, -found.discrepancy


def _start(problem: Problem, count: int, *, plain: bool) -> Array:
    """Mean over the groups that have a parameter."""
    total, groups = np.zeros(count), np.zeros(count)
    for model, sample, cov in zip(problem.models, problem.samples, problem.covs, strict=True):
        structure = whole = model.structure
        size = count
        if isinstance(model, OrderedMoments):
            # what is left of an ordered item is no parameter, but has a variance
            whole, size = with_residuals(structure, model.ordered, count), count + model.ordered.size
        mean = sample.mean if structure.has_means else None
        values = (plain_starting_values if plain else starting_values)(whole, cov, size, mean=mean)[:count]
        here = np.zeros(count, dtype=bool)
        for part in (structure.directed, structure.symmetric, structure.means):
            here[part.parameter[part.free]] = True
        if isinstance(model, OrderedMoments) and sample.ordered is not None:
            cut = model.thresholds
            values[cut.parameter[cut.free]] = sample.ordered.thresholds[cut.free]
            values[model.scales.parameter[model.scales.free]] = 1.0
            here[cut.parameter[cut.free]] = True
            here[model.scales.parameter[model.scales.free]] = True
        total[here] += values[here]
        groups[here] += 1
    return np.asarray(total / np.maximum(groups, 1))


def _with_free_covariates(
    models: Sequence[MomentStructure], theta: Array, exogenous: Sequence[int]
) -> tuple[list[MomentStructure], Array, int]:
    """Models in which the moments of covariates are parameters after the others, theta, and how many."""
    if not exogenous:
        return list(models), theta, 0
    x = np.asarray(exogenous)
    wider: list[MomentStructure] = []
    values: list[float] = []
    q = theta.size
    for model in models:
        s = model.structure
        cov_cells = np.isin(s.symmetric.row, x) & np.isin(s.symmetric.column, x) & ~s.symmetric.free
        mean_cells = np.isin(s.means.row, x) & ~s.means.free
        symmetric, q, own = _freed(s.symmetric, cov_cells, q)
        means, q, own_means = _freed(s.means, mean_cells, q)
        values += [*own, *own_means]
        wider.append(replace(model, structure=replace(s, symmetric=symmetric, means=means)))  # type: ignore[type-var]
    return wider, np.concatenate([theta, values]), len(values)


def _freed(cells: Cells, chosen: Mask, q: int) -> tuple[Cells, int, list[float]]:
    at = np.flatnonzero(chosen)
    parameter = cells.parameter.copy()
    parameter[at] = q + np.arange(at.size)
    return replace(cells, parameter=parameter), q + at.size, [float(v) for v in cells.value[at]]
