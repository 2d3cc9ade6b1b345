"""Estimating the parameters of a structure from sample moments: discrepancy, optimiser, information.

Letters as in `structure`; S and m sample covariance and means of a group, n its respondents, W = Sigma^-1,
M = W (Sigma - S - d d') W with d = m - mu, F the discrepancy summed over groups with shares n_g / n, g its
gradient, H its Hessian ("expected": where the model is true; "observed": as it is).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg.lapack import dsyevr

from csat.numerics.descent import (
    GRADIENT_SOLVED,
    GRADIENT_STALLED,
    MAX_STEPS,
    Estimate,
    Point,
    Slope,
    descend,
)
from csat.numerics.linalg import Array, log_determinant, positive_inverse
from csat.numerics.structure import (
    Derivatives,
    Implied,
    Structure,
    basis,
    cell_curvature,
    derivatives,
    implied,
)

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
    scale = np.sqrt(np.maximum(matrix.diagonal(), 0.0))
    usable = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(matrix / (usable[:, None] * usable))
    return np.asarray(vectors[:, values < below])


def smallest_eigenvalue(matrix: Array) -> float:
    """Smallest eigenvalue of a matrix scaled to unit diagonal; 0 when a diagonal is not positive."""
    diagonal = matrix.diagonal()
    if diagonal.size == 0:
        return 1.0
    if np.any(diagonal <= 0) or not np.isfinite(matrix).all():
        return 0.0
    scale = np.sqrt(diagonal)
    values, *_ = dsyevr(matrix / (scale[:, None] * scale), compute_v=0, range="I", il=1, iu=1)
    return float(values[0])


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
        value, moments, kept = 0.0, [], []
        for group, share, fixed in zip(self.groups, self.shares, self.constant, strict=True):
            at = implied(group.structure, theta)
            w, log_det = positive_inverse(at.covariance)
            part = log_det + float(np.vdot(w, group.cov)) - fixed
            gap = None if group.mean is None else group.mean - at.mean
            if gap is not None:
                part += float(gap @ w @ gap)
            value += share * part
            moments.append(at)
            kept.append((w, gap))
        if not np.isfinite(value):
            raise np.linalg.LinAlgError("the discrepancy is not finite")
        return Point(theta, value, tuple(moments), tuple(kept))

    def slope(self, point: Point) -> Slope:
        parts = [
            _Curved(group, at, w, gap, point.theta.size)
            for group, at, (w, gap) in zip(self.groups, point.implied, point.kept, strict=True)
        ]

        def shared(by_group: Callable[[_Curved], Array]) -> Array:
            if len(parts) == 1:
                return by_group(parts[0])
            return sum(
                (share * by_group(part) for share, part in zip(self.shares, parts, strict=True)),
                np.zeros(()),
            )

        return Slope(
            shared(_Curved.gradient),
            shared(_Curved.diagonal),
            lambda: shared(_Curved.expected),
            lambda: shared(_Curved.observed),
        )


class _Curved:
    """Derivatives of one group's F. gap : (p,) d, None without a mean structure. count : q.

    With dSigma = u v' + v u' by each cell, traces of two of them are products of u'Wu, u'Wv and v'Wv.
    """

    def __init__(self, group: Group, at: Implied, w: Array, gap: Array | None, count: int) -> None:
        self.structure, self.at = group.structure, at
        self.cells = group.structure.places
        self.chosen = self.cells.chosen(count)
        columns = basis(group.structure, at)
        left = at.covariance - group.cov if gap is None else at.covariance - group.cov - np.outer(gap, gap)
        turned = w @ columns
        self.by_m = turned.T @ left @ turned
        self.uu, self.uv, self.vv = self._products(columns.T @ turned)
        self.means = None if gap is None else _CurvedMeans(derivatives(group.structure, at, count), w, gap)

    def _products(self, square: Array) -> tuple[Array, Array, Array]:
        """u'Xu, u'Xv and v'Xv, (d + s, d + s) each."""
        u, v = self.cells.u_at, self.cells.v_at
        of_u, of_v = square.take(u, axis=0), square.take(v, axis=0)
        return of_u.take(u, axis=1), of_u.take(v, axis=1), of_v.take(v, axis=1)

    def gradient(self) -> Array:
        """tr(M dSigma) - 2 d'W dmu, (q,)."""
        by_cell = 2 * self.cells.times * self.by_m[self.cells.u_at, self.cells.v_at]
        if self.means is not None:
            by_cell = np.append(by_cell, np.zeros(self.cells.m)) + self.means.gradient()
        return by_cell if self.chosen is None else np.asarray(by_cell @ self.chosen)

    def diagonal(self) -> Array:
        """Of `expected`, (q,)."""
        if self.chosen is not None:
            return self.expected().diagonal()
        spread = self.uu.diagonal() * self.vv.diagonal() + self.uv.diagonal() ** 2
        found = 2 * spread * self.cells.times**2
        if self.means is None:
            return np.asarray(found)
        by_mean = self.means.diagonal()
        by_mean[: found.size] += found
        return by_mean

    def expected(self) -> Array:
        """tr(dSigma_k W dSigma_l W) + 2 dmu_k'W dmu_l, (q, q)."""
        pairs = self.uu * self.vv + self.uv * self.uv.T
        return self._gathered(pairs, None if self.means is None else self.means.expected())

    def observed(self) -> Array:
        """Second derivatives of ln|Sigma| + tr((S + d d') W), which with T = W - 2 M are
        tr(M d2 Sigma) - 2 d' W d2 mu + tr(dSigma_k W dSigma_l T) + 2 dmu_k' W dmu_l
        + 2 dmu_k' W dSigma_l W d + 2 dmu_l' W dSigma_k W d.
        """
        muu, muv, mvv = self._products(self.by_m)
        half = self.uv.T * (self.uv / 2 - muv)
        pairs = self.uu * (self.vv - mvv) - muu * self.vv + half + half.T
        means, pull = (None, None) if self.means is None else (self.means.observed(), self.means.pull)
        bend = cell_curvature(self.structure, self.at, muu, muv * self.cells.times, pull)
        return self._gathered(pairs, bend if means is None else bend + means)

    def _gathered(self, pairs: Array, more: Array | None) -> Array:
        """Twice the pairs of cells of A and S, and what else there is, by parameter; both are used up."""
        pairs *= self.cells.squared
        by_cells = pairs
        if more is not None:
            by_cells = more
            by_cells[: len(pairs), : len(pairs)] += pairs
        return by_cells if self.chosen is None else np.asarray(self.chosen.T @ by_cells @ self.chosen)


class _CurvedMeans:
    """What a mean structure adds, by cell (k,) and pairs of cells (k, k)."""

    def __init__(self, by: Derivatives, w: Array, gap: Array) -> None:
        self.by, self.pull, self.weighted = by, w @ gap, w @ by.mean

    def gradient(self) -> Array:
        return np.asarray(-2 * self.by.mean.T @ self.pull)

    def diagonal(self) -> Array:
        return np.asarray(2 * (self.by.mean * self.weighted).sum(axis=0))

    def expected(self) -> Array:
        return np.asarray(2 * self.by.mean.T @ self.weighted)

    def observed(self) -> Array:
        u, v = self.by.u, self.by.v
        cross = (self.weighted.T @ u) * (self.pull @ v) + (self.weighted.T @ v) * (self.pull @ u)
        return self.expected() + 2 * (cross + cross.T)
