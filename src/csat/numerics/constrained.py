"""Descent to the minimum of a discrepancy among parameters that obey equalities and inequalities.

Sequential quadratic programming on analytic derivatives. Letters: c (m,) the constraints at theta,
equalities c = 0 first, then inequalities c >= 0; J (m, q) their Jacobian; g, H gradient and Hessian of F
less the curvature of the constraints; d the step, l the multipliers. Each quadratic program is solved
exactly, as a least-distance problem.

References
----------
Nocedal & Wright (2006), Numerical Optimization, ch. 18; Lawson & Hanson (1974), ch. 23; Aitchison & Silvey
(1958), Annals of Mathematical Statistics 29, 813-828 (errors under constraints).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from csat.errors import NumericsError
from csat.numerics.descent import (
    GRADIENT_SOLVED,
    GRADIENT_STALLED,
    MAX_STEPS,
    NEWTON_BELOW,
    Estimate,
    Objective,
    Point,
    descend,
)
from csat.numerics.linalg import Array
from csat.numerics.solution import parameter_covariance

KEPT_TO = 1e-9
"""A constraint holds when it is met to this, in units of its own gradient."""

DEPENDENT_BELOW = 1e-9
"""Singular value (relative) below which constraints say the same."""

ALLOWED = 1e3 * KEPT_TO
"""What is still taken for met where rounding lets no step come nearer."""

IDLE_STEPS = 10
NEARER = 0.99

HALVINGS = 30
RESTORING_STEPS = 20
SMALL = 0.1
"""A parameter near zero may move by this as easily as another by its own size."""


class Contradiction(NumericsError):
    """No parameter values were found that obey all constraints."""


@dataclass(frozen=True, eq=False)
class Constraints:
    """Equalities c(theta) = 0, then inequalities c(theta) >= 0.

    look : theta to c (m,) and J (m, q). bend : theta and multipliers (m,) to sum_k l_k d2 c_k, (q, q).
    equalities : how many of the m come first.
    """

    look: Callable[[Array], tuple[Array, Array]]
    bend: Callable[[Array, Array], Array]
    equalities: int

    def among(self, count: int) -> Constraints:
        """The same where theta (count,) has further parameters after those they speak of."""

        def look(theta: Array) -> tuple[Array, Array]:
            values, jacobian = self.look(theta)
            return values, np.pad(jacobian, ((0, 0), (0, count - jacobian.shape[1])))

        def bend(theta: Array, multipliers: Array) -> Array:
            own = self.bend(theta, multipliers)
            return np.pad(own, (0, count - len(own)))

        return Constraints(look, bend, self.equalities)


def descend_within(
    objective: Objective,
    start: Array,
    constraints: Constraints | None,
    *,
    lower: Array | None = None,
    upper: Array | None = None,
    max_steps: int = MAX_STEPS,
) -> Estimate:
    """The minimum of an objective from `start` within bounds and constraints; without them, `descend`.

    Returns
    -------
    Estimate : `within` holds the Jacobian of the constraints that hold with equality, `equalities` the rank
    of those that always do. Also when it did not converge.

    Raises
    ------
    Contradiction : the constraints could not all be met. numpy.linalg.LinAlgError : no value at the start.
    """
    if constraints is None:
        return descend(objective, start, lower=lower, upper=upper, max_steps=max_steps)
    q = start.size
    low = np.full(q, -np.inf) if lower is None else lower
    high = np.full(q, np.inf) if upper is None else upper
    problem = _Problem(objective, constraints, low, high)
    here = problem.look(_obeying(problem, np.clip(start, low, high))) or problem.look(
        np.clip(start, low, high)
    )
    if here is None:
        raise np.linalg.LinAlgError("the starting values imply no positive definite covariance")
    penalty, damping, steps, stalled = 1.0, 0.0, 0, False
    slope = objective.slope(here.point)
    step = _step(problem, here, slope.gradient, slope.expected, damping)
    least, idle = here.violation, 0
    while steps < max_steps and not step.solved and idle < IDLE_STEPS:
        if step.size < NEWTON_BELOW:
            exact = slope.observed() - constraints.bend(here.point.theta, step.multipliers)
            step = _step(problem, here, slope.gradient, slope.expected, damping, exact=exact)
        penalty = max(penalty, 2 * float(np.abs(step.scaled_multipliers).max(initial=0.0)))
        better = _searched(problem, here, slope.gradient, step, penalty)
        if better is None:
            damping = max(10 * damping, 1e-6)
            if damping > 1e6:
                stalled = True
                break
        else:
            here, damping = better, (damping / 10 if damping > 1e-8 else 0.0)
            steps += 1
            slope = objective.slope(here.point)
        # steps that come no nearer to obeying the constraints have nowhere to go
        nearer = here.violation <= ALLOWED or here.violation < NEARER * least
        least, idle = min(least, here.violation), 0 if nearer else idle + 1
        step = _step(problem, here, slope.gradient, slope.expected, damping)
    if here.violation > ALLOWED:
        raise Contradiction("the constraints could not all be met", do="Check that they can hold together")
    theta = here.point.theta
    diagonal = np.maximum(slope.diagonal, 1e-300)
    values, jacobian = here.values, here.jacobian
    always = np.arange(values.size) < constraints.equalities
    active = always | (np.abs(values) <= ALLOWED * here.unit) | (step.multipliers > 0)
    on_bound = (theta <= low) & (slope.gradient > 0) | (theta >= high) & (slope.gradient < 0)
    on_bound &= step.bound_multipliers > 0
    return Estimate(
        theta=theta,
        discrepancy=here.point.value,
        gradient=step.left / np.sqrt(diagonal),
        hessian=slope.expected,
        implied=here.point.implied,
        steps=steps,
        converged=step.solved or (stalled and step.size <= GRADIENT_STALLED),
        on_bound=on_bound,
        within=jacobian[active],
        active=np.flatnonzero(active),
        equalities=_rank(jacobian[always]),
    )


def _obeying(problem: _Problem, start: Array) -> Array:
    """Near the start, in units of the parameters' sizes, where the constraints hold; or as far as it got."""
    k = problem.constraints.equalities

    def missed(theta: Array) -> tuple[Array, Array, float]:
        values, jacobian = problem.constraints.look(theta)
        gap = np.concatenate([values[:k], np.minimum(values[k:], 0.0)])
        size = float(np.abs(gap).max(initial=0.0)) if np.isfinite(jacobian).all() else np.inf
        return gap, jacobian, size if np.isfinite(size) else np.inf

    theta, now = start, missed(start)
    for _ in range(RESTORING_STEPS):
        if now[2] <= KEPT_TO or now[2] == np.inf:
            break
        unit = np.maximum(np.abs(theta), SMALL)
        step = unit * np.linalg.lstsq(now[1] * unit, -now[0], rcond=1e-9)[0]
        for _ in range(HALVINGS):
            trial = np.clip(theta + step, problem.low, problem.high)
            then = missed(trial)
            if then[2] < now[2]:
                break
            step = step / 2
        else:
            break
        theta, now = trial, then
    return np.asarray(theta)


def free_directions(within: Array, held: NDArray[np.bool_]) -> Array:
    """(q, r) orthonormal directions in which parameters may still go: not held, and along no constraint.

    Parameters that no constraint touches keep a direction of their own.
    """
    q = held.size
    rows = within.reshape(-1, q) if within.size else np.zeros((0, q))
    touched = (rows != 0).any(axis=0)
    alone = np.eye(q)[:, ~held & ~touched]
    if not touched.any():
        return alone
    rows = np.vstack([rows, np.eye(q)[held]])[:, touched]
    size = np.linalg.norm(rows, axis=1)
    _, singular, vt = np.linalg.svd(rows / np.where(size > 0, size, 1.0)[:, None])
    left = vt[int((singular > DEPENDENT_BELOW * singular[0]).sum()) :]
    together = np.zeros((q, len(left)))
    together[touched] = left.T
    return np.hstack([alone, together])


def covariance_within(information: Array, held: NDArray[np.bool_], within: Array) -> Array:
    """Covariance of theta under constraints, (q, q): N (N' I N)^-1 N' for N the directions left.

    Without constraints as `parameter_covariance`. Rows of parameters in a null direction are NaN.
    """
    if not within.size:
        return parameter_covariance(information, held)
    scale = _units(information)
    n = free_directions(within / scale, held)
    inner = parameter_covariance(
        n.T @ (information / np.outer(scale, scale)) @ n, np.zeros(n.shape[1], dtype=bool)
    )
    unknown = np.isnan(np.diagonal(inner))
    covariance = n @ np.where(np.isnan(inner), 0.0, inner) @ n.T / np.outer(scale, scale)
    touched = (np.abs(n[:, unknown]) > 1e-7).any(axis=1)
    covariance[touched] = np.nan
    covariance[:, touched] = np.nan
    return np.asarray(covariance)


def information_within(information: Array, within: Array) -> Array:
    """The information, and the constraints as if observed: singular only where neither says a thing."""
    if not within.size:
        return information
    scale = _units(information)
    rows = within / scale
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-300)[:, None]
    return np.asarray(information + (rows * scale).T @ (rows * scale))


def _units(information: Array) -> Array:
    """Roots of the diagonal; a parameter the answers say nothing about still has a unit."""
    diagonal = np.diagonal(information)
    return np.asarray(np.sqrt(np.where(diagonal > 1e-200, diagonal, 1.0)))


# ---- one step ---------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Here:
    """A point, its constraints, their units (|J| in units of theta) and the largest violation."""

    point: Point
    values: Array
    jacobian: Array
    unit: Array
    violation: float


@dataclass(frozen=True, eq=False)
class _Problem:
    objective: Objective
    constraints: Constraints
    low: Array
    high: Array

    def look(self, theta: Array) -> _Here | None:
        try:
            with np.errstate(all="ignore"):
                point = self.objective.look(theta)
        except (LinAlgError, np.linalg.LinAlgError):
            return None
        if not np.isfinite(point.value):
            return None
        values, jacobian = self.constraints.look(theta)
        if not (np.isfinite(values).all() and np.isfinite(jacobian).all()):
            return None
        unit = np.maximum(np.abs(jacobian) @ np.maximum(np.abs(theta), 1.0), 1e-300)
        return _Here(point, values, jacobian, unit, float(self.broken(values, unit).max(initial=0.0)))

    def broken(self, values: Array, unit: Array) -> Array:
        """How far each constraint is from being met."""
        k = self.constraints.equalities
        return np.asarray(np.concatenate([np.abs(values[:k]), np.maximum(-values[k:], 0.0)]) / unit)


@dataclass(frozen=True, eq=False)
class _Step:
    """d, multipliers of the constraints and of the bounds, and the scaled gradient that is left.

    left : (q,) gradient of the Lagrangian, H d. size : its largest element, scaled.
    """

    d: Array
    multipliers: Array
    scaled_multipliers: Array
    bound_multipliers: Array
    left: Array
    size: float
    solved: bool


def _step(
    problem: _Problem,
    here: _Here,
    gradient: Array,
    hessian: Array,
    damping: float,
    *,
    exact: Array | None = None,
) -> _Step:
    """Minimum of g'd + d'Hd / 2 with c + J d = 0 (>= 0) and theta + d within bounds."""
    q, k = gradient.size, problem.constraints.equalities
    scale = 1 / _units(hessian)
    theta = here.point.theta
    lows, highs = np.flatnonzero(np.isfinite(problem.low)), np.flatnonzero(np.isfinite(problem.high))
    bound_rows = np.vstack([np.eye(q)[lows], -np.eye(q)[highs]])
    gaps = np.concatenate([(theta - problem.low)[lows], (problem.high - theta)[highs]])
    equal = here.jacobian[:k] * scale
    unequal = np.vstack([here.jacobian[k:], bound_rows]) * scale
    room = np.concatenate([here.values[k:], gaps])
    g = gradient * scale
    u, singular, vt = np.linalg.svd(equal) if k else (np.zeros((0, 0)), np.zeros(0), np.eye(q))
    rank = int((singular > DEPENDENT_BELOW * singular.max(initial=0.0)).sum())
    y, z = vt[:rank].T, vt[rank:].T
    first = y @ ((u[:, :rank].T @ -here.values[:k]) / singular[:rank]) if rank else np.zeros(q)
    h = _usable_hessian(hessian, exact, scale, z, damping)
    inner = z.T @ h @ z
    pull = z.T @ (g + h @ first)
    p, forces = _least(inner, pull, unequal @ z, -room - unequal @ first)
    d = first + z @ p
    left = g + h @ d - unequal.T @ forces
    own = u[:, :rank] @ ((y.T @ left) / singular[:rank]) if rank else np.zeros(k)
    # what the multipliers do not carry: zero at the optimum
    rest = g - equal.T @ own - unequal.T @ forces
    size = float(np.abs(rest).max(initial=0.0))
    complementary = float(np.abs(forces * np.minimum(np.abs(room), 1.0)).max(initial=0.0))
    bounds = np.zeros(q)
    at = len(here.values) - k
    np.add.at(bounds, lows, forces[at : at + lows.size])
    np.add.at(bounds, highs, forces[at + lows.size :])
    multipliers = np.concatenate([own, forces[:at]])
    return _Step(
        d=d * scale,
        multipliers=multipliers,
        scaled_multipliers=multipliers * here.unit,
        bound_multipliers=bounds,
        left=rest / scale,
        size=max(size, complementary),
        solved=max(size, complementary) <= GRADIENT_SOLVED and here.violation <= KEPT_TO,
    )


def _usable_hessian(hessian: Array, exact: Array | None, scale: Array, z: Array, damping: float) -> Array:
    """Scaled; the exact one where it is positive definite along the constraints, the expected one damped."""
    if exact is not None and damping == 0:
        own = exact * np.outer(scale, scale)
        try:
            cholesky(z.T @ own @ z)
        except (LinAlgError, np.linalg.LinAlgError):
            pass
        else:
            return np.asarray(own)
    return np.asarray(hessian * np.outer(scale, scale) + max(damping, 1e-10) * np.eye(len(hessian)))


def _least(h: Array, g: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Minimum of g'p + p'Hp / 2 with A p >= b, and the multipliers; b gives way where nothing obeys it."""
    lower = cholesky(h, lower=True)
    free = -solve_triangular(lower, g, lower=True)
    if not len(b):
        return np.asarray(solve_triangular(lower.T, free)), np.zeros(0)
    from scipy.optimize import nnls

    rows = solve_triangular(lower, a.T, lower=True).T
    short = b - rows @ free
    if (short <= 0).all():
        return np.asarray(solve_triangular(lower.T, free)), np.zeros(b.size)
    # least distance: min |w| with rows w >= short, by the dual (Lawson & Hanson, ch. 23)
    unit = np.maximum(np.linalg.norm(rows, axis=1), 1e-300)
    system = np.vstack([(rows / unit[:, None]).T, short / unit])
    target = np.append(np.zeros(rows.shape[1]), 1.0)
    forces, _ = nnls(system, target, maxiter=30 * max(system.shape))
    left = 1.0 - float(system[-1] @ forces)
    if left <= 1e-12:
        # nothing obeys them all: as near as they let it
        w = np.asarray(np.linalg.lstsq(rows, np.maximum(short, 0.0), rcond=None)[0])
        return np.asarray(solve_triangular(lower.T, free + w)), np.zeros(b.size)
    w = system[:-1] @ forces / left
    return np.asarray(solve_triangular(lower.T, free + w)), forces / left / unit


def _searched(problem: _Problem, here: _Here, gradient: Array, step: _Step, penalty: float) -> _Here | None:
    """A point of lower F + penalty * violation along the step, curved back to the constraints if need be."""

    def merit(at: _Here) -> float:
        return at.point.value + penalty * float(problem.broken(at.values, here.unit).sum())

    now = merit(here)
    broken = float(problem.broken(here.values, here.unit).sum())
    promised = -float(gradient @ step.d) + penalty * broken
    allowed = 1e-13 * max(1.0, abs(now))
    length = 1.0
    for _ in range(HALVINGS):
        theta = np.clip(here.point.theta + length * step.d, problem.low, problem.high)
        trial = problem.look(theta)
        if trial is not None and merit(trial) <= now - 1e-4 * length * max(promised, 0.0) + allowed:
            return trial
        if trial is not None and length == 1.0:
            # the constraints are curved: go back to them before judging (second-order correction)
            k = problem.constraints.equalities
            missed = np.concatenate([trial.values[:k], np.minimum(trial.values[k:], 0.0)])
            back = np.linalg.lstsq(here.jacobian, -missed, rcond=1e-9)[0]
            again = problem.look(np.clip(theta + back, problem.low, problem.high))
            if again is not None and merit(again) <= now - 1e-4 * max(promised, 0.0) + allowed:
                return again
        length /= 2
    return None


def _rank(rows: Array) -> int:
    if not rows.size:
        return 0
    size = np.linalg.norm(rows, axis=1)
    return int(np.linalg.matrix_rank(rows / np.where(size > 0, size, 1.0)[:, None], tol=DEPENDENT_BELOW))


__all__ = [
    "Constraints",
    "Contradiction",
    "covariance_within",
    "descend_within",
    "free_directions",
    "information_within",
]
