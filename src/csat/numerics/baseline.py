"""The baseline model: items that have nothing in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.numerics.asymptotic import normal_weight
from csat.numerics.fit_indices import ml_discrepancy
from csat.numerics.least_squares import weighted
from csat.numerics.linalg import Array, inverse, vech_indices
from csat.numerics.missing import Patterns, discrepancy, patterns, saturated_moments
from csat.numerics.moment_vectors import OrderedMoments
from csat.numerics.problem import Problem, with_means

Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Baseline:
    """Of one group: F of it, which moments are free, the weight for its tests, its covariance and mean."""

    discrepancy: float
    free: Positions
    weight: Array
    cov: Array
    mean: Array


def baseline(problem: Problem, group: int) -> Baseline:
    """Covariates covary; every other covariance is zero, variances and means are free."""
    model, sample = problem.models[group], problem.samples[group]
    cov, vector = problem.covs[group], problem.vectors[group]
    p = len(cov)
    if isinstance(model, OrderedMoments):
        weight = problem.weights[group]
        t = model.head
        rest = vector[t:]
        own = weight if weight.ndim == 1 else _schur(weight, np.arange(t))
        f = float(rest @ weighted(own[t:] if own.ndim == 1 else own, rest))
        return Baseline(f, np.arange(t), weight, np.diag(np.diagonal(cov)), np.zeros(p))
    free = free_moments(p, problem.covariates, means=with_means(model))
    rows, columns = vech_indices(p)
    kept = (rows == columns) | of_covariates(p, problem.covariates)
    independent = np.zeros((p, p))
    independent[rows[kept], columns[kept]] = cov[rows[kept], columns[kept]]
    independent = np.tril(independent) + np.tril(independent, -1).T
    if sample.gaps is not None and sample.saturated is not None:
        independent, mean = independent_moments(sample.gaps, problem.covariates)
        value = discrepancy(sample.gaps, independent, mean) - sample.saturated.value
        return Baseline(value, free, np.zeros(0), independent, mean)
    if problem.by_likelihood:
        f = ml_discrepancy(cov, independent)
        own = normal_weight(inverse(independent), means=with_means(model))
        return Baseline(f, free, own, independent, sample.mean)
    weight = problem.weights[group]
    fixed = np.setdiff1d(np.arange(vector.size), free)
    # free moments fit themselves, up to what the weights make them take from the others
    if weight.ndim == 1:
        f = float(weight[fixed] @ vector[fixed] ** 2)
    else:
        f = float(vector[fixed] @ _schur(weight, free) @ vector[fixed])
    own = np.ones(vector.size) if problem.method.discrepancy == "ULS" else weight
    return Baseline(f, free, own, independent, sample.mean)


def free_moments(p: int, covariates: Sequence[int], *, means: bool) -> Positions:
    """Positions of the moments the baseline model of p continuous items leaves free."""
    rows, columns = vech_indices(p)
    kept = (rows == columns) | of_covariates(p, covariates)
    return np.flatnonzero(np.concatenate([np.ones(p, dtype=bool), kept]) if means else kept)


def of_covariates(p: int, covariates: Sequence[int], *, means: bool = False) -> NDArray[np.bool_]:
    """Which moments of p items are those of covariates among themselves, (k,)."""
    rows, columns = vech_indices(p)
    own = np.isin(rows, covariates) & np.isin(columns, covariates)
    return np.asarray(np.concatenate([np.isin(np.arange(p), covariates), own]) if means else own)


def _schur(weight: Array, free: Positions) -> Array:
    """Weight of the moments that are not free, once the free ones have adapted."""
    fixed = np.setdiff1d(np.arange(len(weight)), free)
    across = weight[np.ix_(fixed, free)]
    return np.asarray(
        weight[np.ix_(fixed, fixed)] - across @ np.linalg.solve(weight[np.ix_(free, free)], across.T)
    )


def independent_moments(data: Patterns, covariates: Sequence[int]) -> tuple[Array, Array]:
    """Covariance and mean of the baseline model of answers with gaps: of each item over who answered it.

    Covariates covary; where they have gaps themselves, theirs are the saturated moments of covariates alone.
    """
    mean, variance = marginal(data)
    cov, x = np.diag(variance), list(covariates)
    if len(x) > 1:
        of_row = np.repeat(data.observed[:, x], np.diff(data.starts), axis=0)
        own = saturated_moments(patterns(np.where(of_row, data.rows[:, x], np.nan), weights=data.weights))
        cov[np.ix_(x, x)], mean[x] = own.cov, own.mean
    return cov, mean


def marginal(data: Patterns) -> tuple[Array, Array]:
    """Mean and variance (dividing by n) of each item over who answered it."""
    n = data.n[:, None]
    answered = (n * data.observed).sum(axis=0)
    mean = (n * data.mean).sum(axis=0) / answered
    square = np.diagonal(data.cov, axis1=1, axis2=2) + (data.mean - mean) ** 2
    return mean, (n * square * data.observed).sum(axis=0) / answered
