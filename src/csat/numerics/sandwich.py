"""What the covariance of estimates is made of: the information (bread) and the covariance of scores (meat).

Letters as in `robust`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from csat.numerics import robust
from csat.numerics.asymptotic import explained_rows
from csat.numerics.estimation import MaximumLikelihood
from csat.numerics.least_squares import weighted
from csat.numerics.linalg import Array, inverse
from csat.numerics.missing import score_covariance
from csat.numerics.moment_vectors import MomentsAt, MomentStructure
from csat.numerics.problem import Problem, with_means
from csat.numerics.robust import Piece


def bread(
    problem: Problem,
    models: Sequence[MomentStructure],
    theta: Array,
    found: Sequence[MomentsAt],
    weights: Sequence[Array],
) -> Array:
    """Information for one respondent, (q, q), of the problem's samples under these models at theta."""
    if problem.by_likelihood and not problem.gaps:
        complete = MaximumLikelihood(problem.likelihood_groups(models, by_respondents=True))
        slope = complete.slope(complete.look(theta))
        expected = problem.method.information == "expected"
        return np.asarray((slope.expected if expected else slope.observed()) / 2)
    if problem.by_likelihood and problem.method.information == "observed":
        own = problem.objective(models)
        return np.asarray(own.slope(own.look(theta)).observed() / 2)
    total = np.zeros((theta.size, theta.size))
    for share, at, weight in zip(problem.shares, found, weights, strict=True):
        total += share * at.jacobian.T @ weighted(weight, at.jacobian)
    return total


def meat(problem: Problem, pieces: Sequence[Piece], found: Sequence[MomentsAt]) -> Array | None:
    """Covariance of the scores of one respondent, (q, q); None where the errors do without."""
    if problem.method.errors == "standard":
        return None
    if problem.by_likelihood and not problem.gaps:
        return _rowwise_meat(problem, found)
    if not problem.gaps:
        return robust.meat(pieces)
    total = np.zeros(())
    for share, sample, at in zip(problem.shares, problem.samples, found, strict=True):
        assert sample.gaps is not None
        scores = score_covariance(sample.gaps, at.at.covariance, at.at.mean)
        total = total + share * at.jacobian.T @ scores @ at.jacobian
    return np.asarray(total)


def _rowwise_meat(problem: Problem, found: Sequence[MomentsAt]) -> Array:
    """B of maximum likelihood from the scores of the respondents: u' (z z' - T) v for each cell, z = W y.

    T = W with the scores at the model (Huber-White), W S W about the sample's moments; there the answers of
    covariates count as known, and z z' and S are less what these explain.
    """
    total: Array = np.zeros((found[0].jacobian.shape[1],) * 2)
    at_model = problem.method.errors == "huber_white"
    for share, model, sample, cov, at in zip(
        problem.shares, problem.models, problem.samples, problem.covs, found, strict=True
    ):
        w = inverse(at.at.covariance)
        means = with_means(model)
        z = (sample.own_rows - (at.at.mean if at_model and means else sample.mean)) @ w
        t = w if at_model else w @ cov @ w
        by = at.by
        cells = (z @ by.u) * (z @ by.v)
        if problem.exogenous and not at_model:
            known = explained_rows(sample.own_rows - sample.mean, problem.exogenous, weights=sample.weights)
            spread = known if sample.weights is None else known * sample.weights[:, None]
            t = t - w @ (spread.T @ known / sample.n) @ w
            known = known @ w
            cells -= (known @ by.u) * (known @ by.v)
            z = z - known
        cells -= (by.u * (t @ by.v)).sum(axis=0)
        if means:
            cells = cells + z @ by.mean
        scores = by.gathered_columns(cells)
        scores = scores if sample.weights is None else scores * sample.weights[:, None]
        total += share * (scores.T @ scores) / sample.n
    return total
