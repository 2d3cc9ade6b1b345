"""What robust CFI and RMSEA rest on when answers are missing or ordered.

References
----------
Savalei (2021), Multivariate Behavioral Research 56, 390-407; Zhang & Savalei (2023), Psychological
Methods 28, 263-283.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from csat.errors import NumericsError
from csat.numerics import robust
from csat.numerics.asymptotic import normal_weight
from csat.numerics.baseline import free_moments, independent_moments, of_covariates
from csat.numerics.chi_square import chosen_columns
from csat.numerics.constrained import free_directions
from csat.numerics.fit_indices import ml_discrepancy
from csat.numerics.fitted import Fit
from csat.numerics.linalg import Array, inverse, vech_indices
from csat.numerics.missing import half_hessian, score_covariance
from csat.numerics.moment_vectors import OrderedMoments
from csat.numerics.problem import with_means
from csat.numerics.robust import Piece, TestStatistic

Positions = NDArray[np.intp]


def robust_source(found: Fit) -> tuple[TestStatistic, TestStatistic] | None:
    """Test and baseline the robust indices rest on; None for those of the scaled test.

    The normal-theory discrepancy of the saturated (or polychoric) moments from what the estimate implies, and
    its expectation.
    """
    first = found.data[0]
    if first.gaps is not None:
        pieces, complete, f, f0 = _incomplete_source(found)
    elif any(isinstance(m, OrderedMoments) and (m.scales.free.any() or not m.is_plain) for m in found.models):
        # with free scales, numbers or covariates it is not polychorics alone that are discrepant
        return None
    elif first.ordered is not None and found.method.test != "standard":
        pieces, complete, f, f0 = _ordered_source(found)
    else:
        return None
    p = len(first.cov)
    size = sum(len(s) for s in found.samples)
    baseline_df = found.baseline.df
    if not np.isfinite(f) or not np.isfinite(f0) or p == 0 or size == 0:
        return None
    trace = robust.residual_expectation(pieces, complete)
    base_complete = complete
    if first.ordered is not None:
        # the discrepancy of independence, whose weight is that of the identity
        base_complete = [np.ones(len(w)) for w in complete]
    base_pieces = [
        replace(piece, jacobian=chosen_columns(len(piece.gamma), free))
        for piece, free in zip(pieces, _baseline_free(found), strict=True)
    ]
    # groups of the baseline share no parameter, so each is its own; lavaan 0.6-14 divides the traces of
    # ordered groups by their shares, so that the same answers in two groups have another CFI than in one
    base_trace = sum(
        robust.residual_expectation([replace(piece, share=1.0)], [w])
        for piece, w in zip(base_pieces, base_complete, strict=True)
    )
    return (
        robust.corrected("satorra_bentler", found.n * f, found.test.df, trace, math.nan),
        robust.corrected("satorra_bentler", found.n * f0, baseline_df, base_trace, math.nan),
    )


def _baseline_free(found: Fit) -> list[Positions]:
    return [
        np.zeros(0, dtype=np.intp)
        if isinstance(model, OrderedMoments)
        else free_moments(len(sample.cov), found.problem.covariates, means=with_means(model))
        for model, sample in zip(found.models, found.data, strict=True)
    ]


def incomplete_pieces(found: Fit) -> list[Piece]:
    """V and Gamma of the saturated moments of answers with gaps: their information, and its inverse.

    With robust errors Gamma is the sandwich.
    """
    pieces = []
    for share, sample, at in zip(found.shares, found.data, found.moments, strict=True):
        assert sample.gaps is not None
        h1 = half_hessian(sample.gaps, sample.cov, sample.mean)
        # the moments of covariates among themselves count as known
        rest = ~of_covariates(len(sample.cov), found.problem.exogenous, means=True)
        own: Array = np.asarray(np.linalg.inv(h1[np.ix_(rest, rest)]), dtype=float)
        if found.method.errors != "standard":
            scores = score_covariance(sample.gaps, sample.cov, sample.mean)[np.ix_(rest, rest)]
            own = own @ scores @ own
        gamma = np.zeros_like(h1)
        gamma[np.ix_(rest, rest)] = own
        jacobian = at.jacobian[:, : found.theta.size]
        pieces.append(Piece(share, _along_constraints(found, jacobian), h1, gamma))
    return pieces


def _along_constraints(found: Fit, jacobian: Array) -> Array:
    """The Jacobian by the directions in which the parameters are still free."""
    within = found.estimate.within
    if not within.size:
        return jacobian
    within = np.pad(within, ((0, 0), (0, jacobian.shape[1] - within.shape[1])))
    return jacobian @ free_directions(within, np.zeros(jacobian.shape[1], dtype=bool))


def _incomplete_source(found: Fit) -> tuple[list[Piece], list[Array], float, float]:
    complete = []
    f, f0 = 0.0, 0.0
    for share, sample, at in zip(found.shares, found.data, found.moments, strict=True):
        assert sample.gaps is not None
        weight = normal_weight(inverse(sample.cov), means=True)
        x = of_covariates(len(sample.cov), found.problem.covariates, means=True)
        # what covariates are among themselves is no misfit of a model that explains none of them
        weight[x] = 0.0
        weight[:, x] = 0.0
        complete.append(weight)
        f += share * ml_discrepancy(
            sample.cov, at.at.covariance, sample_mean=sample.mean, implied_mean=at.at.mean
        )
        independent, mean = independent_moments(sample.gaps, found.problem.covariates)
        f0 += share * ml_discrepancy(sample.cov, independent, sample_mean=sample.mean, implied_mean=mean)
    return incomplete_pieces(found), complete, f, f0


def _ordered_source(found: Fit) -> tuple[list[Piece], list[Array], float, float]:
    pieces, complete = [], []
    f, f0 = 0.0, 0.0
    for share, model, sample, at, weight, gamma in zip(
        found.shares, found.models, found.data, found.moments, found.weights, found.gammas, strict=True
    ):
        assert isinstance(model, OrderedMoments)
        t, p = model.thresholds.row.size, len(sample.cov)
        implied = np.eye(p)
        columns, rows = np.triu_indices(p, 1)
        implied[rows, columns] = implied[columns, rows] = at.vector[t:]
        own = weight if weight.ndim == 1 else np.diagonal(weight)
        jacobian = _along_constraints(found, at.jacobian)
        pieces.append(Piece(share, jacobian[t:], own[t:], gamma[t:, t:]))
        try:
            off = np.flatnonzero(np.not_equal(*vech_indices(p)))
            complete.append(normal_weight(inverse(implied))[np.ix_(off, off)])
            f += sample.n / found.n * ml_discrepancy(sample.cov, implied)
            f0 += sample.n / found.n * ml_discrepancy(sample.cov, np.eye(p))
        except NumericsError:
            # polychorics that contradict each other have no normal-theory discrepancy
            return [], [], math.nan, math.nan
    used = np.flatnonzero(np.any([np.abs(x.jacobian).max(axis=0) > 0 for x in pieces], axis=0))
    return [replace(x, jacobian=x.jacobian[:, used]) for x in pieces], complete, f, f0
