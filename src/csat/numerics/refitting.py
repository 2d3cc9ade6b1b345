"""A model fitted anew to replicates one by one, each from the solution of the whole sample.

For what no stack of matrices holds (`sem_bootstrap` does the others): ordered items, answers with gaps,
rules among parameters. Only estimates are found: no errors, no tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from csat.numerics.constrained import Constraints, Contradiction, descend_within
from csat.numerics.descent import Objective
from csat.numerics.linalg import Array
from csat.numerics.missing import FullInformation
from csat.numerics.moment_vectors import ContinuousMoments
from csat.numerics.rescaled import Rescaled, rescaled
from csat.numerics.sem_bootstrap import DECREASE_TRUSTED, SOLVED, Refits

MOST_STEPS = 100
"""Newton steps: a replicate that needs more has no optimum to speak of."""
QUICK_STEPS = 25
"""Quasi-Newton steps where a gradient costs much less than a Hessian."""
HALVINGS = 8


def refitted(
    objectives: Iterable[Objective | None],
    start: Array,
    replicates: int,
    *,
    lower: Array,
    upper: Array,
    constraints: Constraints | None = None,
    hessian: Array | None = None,
    structures_are_fixed: bool = True,
    most_failed: int,
) -> Refits:
    """The minimum of each objective, from the solution of the whole sample.

    Parameters
    ----------
    objectives : one a replicate; None where the replicate has nothing to be fitted to. start : (q,) the
    solution. lower, upper, constraints : what theta obeys in every replicate. hessian : (q, q) of F at the
    start, positive definite, with which full information begins; None: by Newton steps from the first.
    structures_are_fixed : whether none differs from one replicate to the next (by moments of covariates).
    most_failed : when more replicates have no optimum the search ends.
    """
    theta = np.full((replicates, start.size), np.nan)
    value, gradient = np.full(replicates, np.nan), np.full(replicates, np.nan)
    way: _Way | None = None
    lost, stopped = 0, False
    for r, objective in enumerate(objectives):
        found = None
        if isinstance(objective, FullInformation) and hessian is not None and constraints is None:
            way = way or _Way.of(objective, start, hessian, fixed=structures_are_fixed)
            found = _followed(objective, way, lower, upper)
        if found is None and objective is not None:
            found = _descended(objective, start, lower, upper, constraints)
        if found is None:
            lost += 1
            stopped = lost > most_failed
            if stopped:
                break
            continue
        theta[r], value[r], gradient[r] = found
    return Refits(theta, value, gradient, stopped)


def _descended(
    objective: Objective, start: Array, lower: Array, upper: Array, constraints: Constraints | None
) -> tuple[Array, float, float] | None:
    try:
        found = descend_within(objective, start, constraints, lower=lower, upper=upper, max_steps=MOST_STEPS)
    except (np.linalg.LinAlgError, Contradiction):
        return None
    if not found.converged:
        return None
    return found.theta, found.discrepancy, found.largest_gradient


@dataclass(frozen=True, eq=False)
class _Way:
    """Where quasi-Newton steps begin: in units in which they are few, if there are such (`rescaled`).

    inverse : (q, q) of the Hessian of the whole sample at the start.
    """

    start: Array
    inverse: Array
    other: Rescaled | None

    @classmethod
    def of(cls, objective: FullInformation, start: Array, hessian: Array, *, fixed: bool) -> _Way:
        other = rescaled([g.moments.structure for g in objective.groups], start) if fixed else None
        if other is None:
            return cls(start, np.asarray(np.linalg.inv(hessian), dtype=float), None)
        turn = other.jacobian()
        inverse = np.asarray(np.linalg.inv(turn.T @ hessian @ turn), dtype=float)
        return cls(other.start, inverse, other)

    def turned(self, objective: FullInformation) -> FullInformation:
        """The objective in these units."""
        if self.other is None:
            return objective
        groups = [
            replace(g, moments=ContinuousMoments(s))
            for g, s in zip(objective.groups, self.other.structures, strict=True)
        ]
        return FullInformation(groups)

    def back(self, theta: Array) -> Array:
        return theta if self.other is None else self.other.back(theta[None])[0]


def _followed(
    objective: FullInformation, way: _Way, lower: Array, upper: Array
) -> tuple[Array, float, float] | None:
    """By gradients alone: what they show corrects the inverse Hessian of the whole sample (BFGS).

    None where that does not settle, or leaves the bounds.
    """
    objective = way.turned(objective)
    unit = np.sqrt(np.diagonal(way.inverse))
    done = SOLVED * np.sqrt(2 / objective.n)
    try:
        point = objective.look(way.start)
    except np.linalg.LinAlgError:
        return None
    slope, h = objective.gradient(point), way.inverse.copy()
    for _ in range(QUICK_STEPS):
        step = -h @ slope
        if np.abs(step / unit).max() <= done:
            theta = way.back(point.theta + step)
            inside = bool(((theta >= lower) & (theta <= upper)).all())
            return (theta, point.value, float(np.abs(slope * unit).max())) if inside else None
        promised = -float(slope @ step)
        if promised <= 0:
            return None
        share = 1.0
        for _ in range(HALVINGS):
            try:
                new = objective.look(point.theta + share * step)
            except np.linalg.LinAlgError:
                new = None
            # near the optimum F cannot show the decrease any more
            allowed = 1e-13 * max(1.0, abs(point.value))
            if new is not None and new.value <= point.value - DECREASE_TRUSTED * share * promised + allowed:
                break
            share /= 4
        else:
            return None
        turned = objective.gradient(new)
        h = _learnt(h, share * step, turned - slope)
        point, slope = new, turned
    return None


def _learnt(inverse: Array, step: Array, turn: Array) -> NDArray[np.float64]:
    """The BFGS correction of an inverse Hessian: the step took the gradient this far."""
    product = float(step @ turn)
    if product <= 1e-10 * float(np.linalg.norm(step) * np.linalg.norm(turn)):
        return inverse
    pulled = inverse @ turn
    both = np.outer(step, pulled) / product
    bent = (1 + float(turn @ pulled) / product) / product
    return np.asarray(inverse - both - both.T + bent * np.outer(step, step))
