"""Estimating the parameters of a structure from sample moments: discrepancy, optimiser, information.

Letters as in `structure`; S and m sample covariance and means of a group, n its respondents, W = Sigma^-1,
M = W (Sigma - S - d d') W with d = m - mu, F the discrepancy summed over groups with shares n_g / n, g its
gradient, H its Hessian ("expected": where the model is true; "observed": as it is).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from csat.numerics.descent import (
    GRADIENT_SOLVED,
    GRADIENT_STALLED,
    MAX_STEPS,
    Estimate,
    Point,
    Slope,
    descend,
)
from csat.numerics.linalg import Array, log_determinant
from csat.numerics.structure import Derivatives, Implied, Structure, curvature, derivatives, implied

__all__ = [
    "GRADIENT_SOLVED",
    "GRADIENT_STALLED",
    "MAX_STEPS",
    "Estimate",
    "Group",
    "MaximumLikelihood",
    "fit_maximum_likelihood",
    "information",
    "null_directions",
    "smallest_eigenvalue",
]

Information = Literal["expected", "observed"]


@dataclass(frozen=True, eq=False)
class Group:
    """A structure and the moments it must explain.

    cov : (p, p), dividing by n for maximum likelihood. mean : (p,), or None without a mean structure. n :
    > 0.
    """

    structure: Structure
    cov: Array
    n: float
    mean: Array | None = None


def fit_maximum_likelihood(
    groups: Sequence[Group],
    start: Array,
    *,
    lower: Array | None = None,
    upper: Array | None = None,
    max_steps: int = MAX_STEPS,
) -> Estimate:
    """Parameters that minimise F = sum_g n_g / n [ ln|Sigma| + tr(S W) - ln|S| - p + d' W d ].

    Damped Newton steps on analytic derivatives: Fisher scoring far from the optimum, the exact Hessian
    near it, Levenberg damping when neither promises a decrease.

    Parameters
    ----------
    groups : share the parameters. start : (q,) where Sigma must be positive definite. lower, upper : (q,)
        bounds, infinite where there is none.

    Returns
    -------
    Estimate : also when it did not converge; look at `converged`.

    Raises
    ------
    NumericsError : a sample covariance is not positive definite, with positions.
    numpy.linalg.LinAlgError : Sigma at the start is not positive definite.
    """
    return descend(MaximumLikelihood(groups), start, lower=lower, upper=upper, max_steps=max_steps)


def information(groups: Sequence[Group], estimate: Estimate, *, kind: Information = "expected") -> Array:
    """Information matrix (q, q): n / 2 times the Hessian of F; its inverse is the covariance of theta.

    "observed" uses the exact second derivatives.
    """
    n = sum(group.n for group in groups)
    if kind == "expected":
        return np.asarray(estimate.hessian * (n / 2))
    objective = MaximumLikelihood(groups)
    return np.asarray(objective.slope(objective.look(estimate.theta)).observed() * (n / 2))


def null_directions(matrix: Array, *, below: float) -> Array:
    """Eigenvectors of a matrix, scaled to unit diagonal, whose eigenvalues are below `below`: (q, k).

    For an information matrix: combinations of parameters the data say nothing about. Smallest eigenvalue
    first.
    """
    scale = np.sqrt(np.maximum(np.diagonal(matrix), 0.0))
    usable = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(matrix / np.outer(usable, usable))
    return np.asarray(vectors[:, values < below])


def smallest_eigenvalue(matrix: Array) -> float:
    """Smallest eigenvalue of a matrix scaled to unit diagonal; 0 when a diagonal is not positive."""
    diagonal = np.diagonal(matrix)
    if diagonal.size == 0:
        return 1.0
    if np.any(diagonal <= 0):
        return 0.0
    scale = np.sqrt(diagonal)
    return float(np.linalg.eigvalsh(matrix / np.outer(scale, scale))[0])


class MaximumLikelihood:
    """The objective F = sum_g n_g / n [ ln|Sigma| + tr(S W) - ln|S| - p + d' W d ].

    Raises
    ------
    NumericsError : a sample covariance is not positive definite, with positions.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = tuple(groups)
        self.constant = [log_determinant(group.cov) + len(group.cov) for group in groups]
        self.shares = [group.n / sum(g.n for g in groups) for group in groups]

    def look(self, theta: Array) -> Point:
        value, moments, inverses = 0.0, [], []
        for group, share, fixed in zip(self.groups, self.shares, self.constant, strict=True):
            at = implied(group.structure, theta)
            factor = cho_factor(at.covariance, lower=True)
            inverse = cho_solve(factor, np.eye(len(at.covariance)))
            part = 2 * np.log(np.diagonal(factor[0])).sum() + (inverse * group.cov).sum() - fixed
            if group.mean is not None:
                gap = group.mean - at.mean
                part += gap @ inverse @ gap
            value += share * float(part)
            moments.append(at)
            inverses.append((inverse + inverse.T) / 2)
        if not np.isfinite(value):
            raise np.linalg.LinAlgError("the discrepancy is not finite")
        return Point(theta, value, tuple(moments), tuple(inverses))

    def slope(self, point: Point) -> Slope:
        q = point.theta.size
        gradient, expected = np.zeros(q), np.zeros((q, q))
        kept: list[tuple[Group, float, Implied, Derivatives, Array, Array]] = []
        for group, share, at, w in zip(self.groups, self.shares, point.implied, point.kept, strict=True):
            by = derivatives(group.structure, at, q)
            gap = at.covariance - group.cov
            difference = None if group.mean is None else group.mean - at.mean
            if difference is not None:
                gap = gap - np.outer(difference, difference)
            m = w @ gap @ w
            by_cell = 2 * (by.u * (m @ by.v)).sum(axis=0)
            wu, wv = w @ by.u, w @ by.v
            uu, uv, vv = by.u.T @ wu, by.u.T @ wv, by.v.T @ wv
            pairs = 2 * (uu * vv + uv * uv.T)
            if difference is not None:
                by_cell = by_cell - 2 * by.mean.T @ (w @ difference)
                pairs = pairs + 2 * by.mean.T @ w @ by.mean
            gradient += share * by.gathered(by_cell)
            expected += share * by.gathered_pairs(pairs)
            kept.append((group, share, at, by, w, m))

        def observed() -> Array:
            # second derivatives of ln|Sigma| + tr((S + d d') W), which with T = 2 W (S + d d') W - W are
            # tr(M d2 Sigma) - 2 d' W d2 mu + tr(dSigma_k W dSigma_l T) + 2 dmu_k' W dmu_l
            #   + 2 dmu_k' W dSigma_l W d + 2 dmu_l' W dSigma_k W d
            total = np.zeros((q, q))
            for group, share, at, by, w, m in kept:
                u, v = by.u, by.v
                difference = None if group.mean is None else group.mean - at.mean
                sample = group.cov if difference is None else group.cov + np.outer(difference, difference)
                t = 2 * w @ sample @ w - w
                uu, uv, vv = u.T @ w @ u, u.T @ w @ v, v.T @ w @ v
                tuu, tuv, tvv = u.T @ t @ u, u.T @ t @ v, v.T @ t @ v
                pairs = uu * tvv + tuu * vv + uv.T * tuv + tuv.T * uv
                pull = None
                if difference is not None:
                    pull = w @ difference
                    half = (by.mean.T @ w @ u) * (pull @ v) + (by.mean.T @ w @ v) * (pull @ u)
                    pairs = pairs + 2 * (by.mean.T @ w @ by.mean + half + half.T)
                part = by.gathered_pairs((pairs + pairs.T) / 2)
                total += share * (part + curvature(group.structure, at, by, m, pull))
            return total

        return Slope(gradient, expected, observed)
