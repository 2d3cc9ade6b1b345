"""Damped Newton descent to the minimum of a discrepancy, with an account of how well it was reached.

An objective says, at any theta, the value of F and what the model implies there, and at a point already
looked at, its gradient g, its expected Hessian and (when asked) its exact one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrs

from csat.numerics.linalg import Array, positive_factor
from csat.numerics.structure import Implied

MAX_STEPS = 200
"""Models with an optimum take 4 to 30; one that crawls this long has none."""

GRADIENT_SOLVED = 1e-9
"""The optimum is reached when no scaled gradient |g_k| / sqrt(H_kk) is above this: about nine digits."""

GRADIENT_STALLED = 1e-6
"""Where rounding lets no step lower F any more, this is small enough to count as converged."""

NEWTON_BELOW = 0.05
"""Scaled gradient below which the exact Hessian is tried; farther off the expected one points better."""

DECREASE_TRUSTED = 1e-4
"""A step must bring this part of the decrease it promises."""

DAMPING_MOST = 1e10


@dataclass(frozen=True, eq=False)
class Point:
    """What is known at one theta. kept : whatever the objective wants to find again for the slope."""

    theta: Array
    value: float
    implied: tuple[Implied, ...]
    kept: Any = None


@dataclass(frozen=True, eq=False)
class Slope:
    """gradient : (q,). diagonal : (q,) of the Hessian where the model is true, `expect` the whole of it.

    observed : the exact one.
    """

    gradient: Array
    diagonal: Array
    expect: Callable[[], Array]
    observed: Callable[[], Array]

    @cached_property
    def expected(self) -> Array:
        """(q, q) Hessian where the model is true."""
        return self.expect()


class Objective(Protocol):
    """A discrepancy that can be minimised."""

    def look(self, theta: Array) -> Point:
        """The value at theta; raises numpy.linalg.LinAlgError where there is none."""
        ...

    def slope(self, point: Point) -> Slope:
        """Derivatives at a point that `look` returned."""
        ...


@dataclass(frozen=True, eq=False)
class Estimate:
    """Where the optimiser stopped.

    theta : (q,). discrepancy : F. gradient : (q,) scaled, g_k / sqrt(H_kk), zero for parameters on a bound.
    hessian : (q, q) expected Hessian of F. implied : moments by group. steps : taken. converged : the
    gradient is solved to `GRADIENT_SOLVED`, or to rounding. on_bound : (q,) parameters held by a bound.
    within : (a, q) Jacobian of the constraints that hold with equality, active : (a,) which of them.
    equalities : the rank of those that always do.
    """

    theta: Array
    discrepancy: float
    gradient: Array
    hessian: Array
    implied: tuple[Implied, ...]
    steps: int
    converged: bool
    on_bound: NDArray[np.bool_]
    within: Array = field(default_factory=lambda: np.zeros((0, 0)))
    active: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    equalities: int = 0

    @property
    def largest_gradient(self) -> float:
        return float(np.abs(self.gradient).max(initial=0.0))


def descend(
    objective: Objective,
    start: Array,
    *,
    lower: Array | None = None,
    upper: Array | None = None,
    max_steps: int = MAX_STEPS,
) -> Estimate:
    """The minimum of an objective from `start`, within bounds.

    Damped Newton steps on analytic derivatives: Fisher scoring (Gauss-Newton) far from the optimum, the
    exact Hessian near it, Levenberg damping when neither promises a decrease.

    Returns
    -------
    Estimate : also when it did not converge; look at `converged`.

    Raises
    ------
    numpy.linalg.LinAlgError : the objective has no value at the start.
    """
    bounds = _Bounds.of(start.size, lower, upper)

    def look(theta: Array) -> Point | None:
        try:
            return objective.look(theta)
        except np.linalg.LinAlgError:
            return None

    point = look(bounds.within(start))
    if point is None:
        raise np.linalg.LinAlgError("the starting values imply no positive definite covariance")
    damping, steps, stalled = 0.0, 0, False
    slope = objective.slope(point)
    gradient, held = _scaled_gradient(point, slope, bounds)
    while steps < max_steps and np.abs(gradient).max(initial=0.0) > GRADIENT_SOLVED:
        near = np.abs(gradient).max() < NEWTON_BELOW
        better, damping = _step(point, slope, near, held, bounds, look, damping)
        if better is None:
            stalled = True
            break
        steps += 1
        point = better
        slope = objective.slope(point)
        gradient, held = _scaled_gradient(point, slope, bounds)
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


@dataclass(frozen=True, eq=False)
class _Bounds:
    """low, high : (q,). finite : whether there is any."""

    low: Array
    high: Array
    finite: bool

    @classmethod
    def of(cls, count: int, lower: Array | None, upper: Array | None) -> _Bounds:
        low = np.full(count, -np.inf) if lower is None else lower
        high = np.full(count, np.inf) if upper is None else upper
        return cls(low, high, bool((low > -np.inf).any() or (high < np.inf).any()))

    def within(self, theta: Array) -> Array:
        return np.minimum(np.maximum(theta, self.low), self.high) if self.finite else theta

    def hold(self, theta: Array, gradient: Array) -> NDArray[np.bool_]:
        """Parameters a bound keeps from going where F falls."""
        if not self.finite:
            return np.zeros(theta.size, dtype=bool)
        return ((theta <= self.low) & (gradient > 0)) | ((theta >= self.high) & (gradient < 0))


def _scaled_gradient(point: Point, slope: Slope, bounds: _Bounds) -> tuple[Array, NDArray[np.bool_]]:
    """g_k / sqrt(H_kk), zero for parameters held by a bound; which those are."""
    held = bounds.hold(point.theta, slope.gradient)
    scaled = slope.gradient / np.sqrt(np.maximum(slope.diagonal, 1e-300))
    return np.where(held, 0.0, scaled) if bounds.finite else scaled, held


def _step(
    point: Point,
    slope: Slope,
    near: bool,
    held: NDArray[np.bool_],
    bounds: _Bounds,
    look: Callable[[Array], Point | None],
    damping: float,
) -> tuple[Point | None, float]:
    """The next point, lower than this one, and the damping that found it; None when no step is lower.

    near : the exact Hessian is preferred, where it is positive definite.
    """
    gradient, free = slope.gradient, np.flatnonzero(~held) if bounds.finite else slice(None)
    g, factor = gradient[free], None
    if near:
        h = _among(slope.observed(), free)
        factor = positive_factor(h)
    if factor is None:
        h = _among(slope.expected, free)
        factor = positive_factor(h)
    while damping <= DAMPING_MOST:
        if damping:
            # each parameter in its own unit: a common floor would depend on the units of the items
            diagonal = np.where(h.diagonal() > 0, h.diagonal(), 1.0)
            factor = positive_factor(h + np.diag(damping * diagonal))
        if factor is None:
            damping = max(10 * damping, 1e-8)
            continue
        theta = point.theta.copy()
        theta[free] -= dpotrs(factor, g, lower=1)[0]
        theta = bounds.within(theta)
        promised = -float(gradient @ (theta - point.theta))
        better = look(theta)
        # near the optimum F cannot show the decrease any more: rounding must not stop the last steps
        allowed = 1e-13 * max(1.0, abs(point.value))
        if better is not None and better.value <= point.value - DECREASE_TRUSTED * promised + allowed:
            return better, (damping / 10 if damping > 1e-8 else 0.0)
        damping = max(10 * damping, 1e-4)
    return None, damping


def _among(hessian: Array, free: NDArray[np.intp] | slice) -> Array:
    return hessian if isinstance(free, slice) else hessian[free[:, None], free]
