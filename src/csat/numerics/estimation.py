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
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from csat.numerics.linalg import Array, log_determinant
from csat.numerics.structure import Derivatives, Implied, Structure, curvature, derivatives, implied

Information = Literal["expected", "observed"]

MAX_STEPS = 200
"""Models with an optimum take 4 to 30; one that crawls this long has none."""

GRADIENT_SOLVED = 1e-9
"""The optimum is reached when no scaled gradient |g_k| / sqrt(H_kk) is above this: about nine digits."""

GRADIENT_STALLED = 1e-6
"""Where rounding lets no step lower F any more, this is small enough to count as converged."""

NEWTON_BELOW = 1.0
"""Scaled gradient below which the exact Hessian is tried."""

DECREASE_TRUSTED = 1e-4
"""A step must bring this part of the decrease it promises."""

DAMPING_MOST = 1e10


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


@dataclass(frozen=True, eq=False)
class Estimate:
    """Where the optimiser stopped.

    theta : (q,). discrepancy : F. gradient : (q,) scaled, g_k / sqrt(H_kk), zero for parameters on a bound.
    hessian : (q, q) expected Hessian of F. implied : moments by group. steps : taken. converged : the
    gradient is solved to `GRADIENT_SOLVED`, or to rounding. on_bound : (q,) parameters held by a bound.
    """

    theta: Array
    discrepancy: float
    gradient: Array
    hessian: Array
    implied: tuple[Implied, ...]
    steps: int
    converged: bool
    on_bound: NDArray[np.bool_]

    @property
    def largest_gradient(self) -> float:
        return float(np.abs(self.gradient).max(initial=0.0))


@dataclass(frozen=True, eq=False)
class _Point:
    """Everything known at one theta."""

    theta: Array
    value: float
    implied: tuple[Implied, ...]
    inverse: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class _Slope:
    gradient: Array
    expected: Array
    observed: Callable[[], Array]


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
    constant = [log_determinant(group.cov) + len(group.cov) for group in groups]
    shares = [group.n / sum(g.n for g in groups) for group in groups]
    low = np.full(start.size, -np.inf) if lower is None else lower
    high = np.full(start.size, np.inf) if upper is None else upper

    def look(theta: Array) -> _Point | None:
        try:
            return _look(groups, shares, constant, theta)
        except (LinAlgError, np.linalg.LinAlgError):
            return None

    point = look(np.clip(start, low, high))
    if point is None:
        raise np.linalg.LinAlgError("the starting values imply no positive definite covariance")
    damping, steps, stalled = 0.0, 0, False
    slope = _slope(groups, shares, point)
    gradient, held = _scaled_gradient(point, slope, low, high)
    while steps < max_steps and np.abs(gradient).max(initial=0.0) > GRADIENT_SOLVED:
        hessian = slope.expected
        if np.abs(gradient).max() < NEWTON_BELOW:
            candidate = slope.observed()
            hessian = candidate if _is_positive_definite(candidate[np.ix_(~held, ~held)]) else hessian
        better, damping = _step(point, slope.gradient, hessian, held, low, high, look, damping)
        if better is None:
            stalled = True
            break
        steps += 1
        point = better
        slope = _slope(groups, shares, point)
        gradient, held = _scaled_gradient(point, slope, low, high)
    largest = float(np.abs(gradient).max(initial=0.0))
    return Estimate(
        theta=point.theta,
        discrepancy=point.value,
        gradient=gradient,
        hessian=slope.expected,
        implied=point.implied,
        steps=steps,
        converged=largest <= GRADIENT_SOLVED or (stalled and largest <= GRADIENT_STALLED),
        on_bound=held,
    )


def information(groups: Sequence[Group], estimate: Estimate, *, kind: Information = "expected") -> Array:
    """Information matrix (q, q): n / 2 times the Hessian of F; its inverse is the covariance of theta.

    "observed" uses the exact second derivatives.
    """
    n = sum(group.n for group in groups)
    if kind == "expected":
        return np.asarray(estimate.hessian * (n / 2))
    shares = [group.n / n for group in groups]
    constant = [log_determinant(group.cov) + len(group.cov) for group in groups]
    point = _look(groups, shares, constant, estimate.theta)
    return np.asarray(_slope(groups, shares, point).observed() * (n / 2))


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


def _look(
    groups: Sequence[Group], shares: Sequence[float], constant: Sequence[float], theta: Array
) -> _Point:
    value, moments, inverses = 0.0, [], []
    for group, share, fixed in zip(groups, shares, constant, strict=True):
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
    return _Point(theta, value, tuple(moments), tuple(inverses))


def _slope(groups: Sequence[Group], shares: Sequence[float], point: _Point) -> _Slope:
    q = point.theta.size
    gradient, expected = np.zeros(q), np.zeros((q, q))
    kept: list[tuple[Group, float, Implied, Derivatives, Array, Array]] = []
    for group, share, at, w in zip(groups, shares, point.implied, point.inverse, strict=True):
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

    return _Slope(gradient, expected, observed)


def _scaled_gradient(
    point: _Point, slope: _Slope, low: Array, high: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """g_k / sqrt(H_kk), zero for parameters a bound keeps from going where F falls; which those are."""
    held = ((point.theta <= low) & (slope.gradient > 0)) | ((point.theta >= high) & (slope.gradient < 0))
    diagonal = np.maximum(np.diagonal(slope.expected), 1e-300)
    return np.where(held, 0.0, slope.gradient / np.sqrt(diagonal)), held


def _step(
    point: _Point,
    gradient: Array,
    hessian: Array,
    held: NDArray[np.bool_],
    low: Array,
    high: Array,
    look: Callable[[Array], _Point | None],
    damping: float,
) -> tuple[_Point | None, float]:
    """The next point, lower than this one, and the damping that found it; None when no step is lower."""
    free = ~held
    g, h = gradient[free], hessian[np.ix_(free, free)]
    diagonal = np.maximum(np.diagonal(h), 1e-12 * max(float(np.diagonal(h).max(initial=0.0)), 1e-300))
    while damping <= DAMPING_MOST:
        try:
            factor = cho_factor(h + np.diag(damping * diagonal), lower=True)
            direction = -cho_solve(factor, g)
        except (LinAlgError, np.linalg.LinAlgError):
            damping = max(10 * damping, 1e-8)
            continue
        theta = point.theta.copy()
        theta[free] += direction
        theta = np.clip(theta, low, high)
        promised = -float(gradient @ (theta - point.theta))
        better = look(theta)
        # near the optimum F cannot show the decrease any more: rounding must not stop the last steps
        allowed = 1e-13 * max(1.0, abs(point.value))
        if better is not None and better.value <= point.value - DECREASE_TRUSTED * promised + allowed:
            return better, (damping / 10 if damping > 1e-8 else 0.0)
        damping = max(10 * damping, 1e-4)
    return None, damping


def _is_positive_definite(matrix: Array) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True
