"""Rotation of loadings to simple structure: gradient projection from many starts, Newton steps to the end.

Letters: A (p, m) unrotated and L rotated loadings, T (m, m) the rotation, Phi = T'T factor correlations.
Oblique: L = A (T^-1)', the columns of T have length 1. Orthogonal: L = A T, T'T = I. Several starts are
worked on at once; arrays then begin with the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import NotConverged
from csat.numerics.extraction import column_order
from csat.numerics.linalg import Array
from csat.numerics.simplicity import Criterion, Geomin, Oblimin, Orthomax

Method = Literal["none", "varimax", "quartimax", "promax", "oblimin", "quartimin", "geomin"]
OBLIQUE: frozenset[str] = frozenset({"promax", "oblimin", "quartimin", "geomin"})

NEAR = 1e-3
"""Norm of the projected gradient at which a start is near enough to an optimum to be compared with others."""
GUESS_ROUNDS = 4
GUESS_POWER = 3
WORST_GUESS = 1e4
"""A first guess with a larger condition number is not used."""
LONGEST_TURN = 0.8
FLATTEST = 1e-3
"""A Newton step is at most so long; curvatures below this share of the largest count as that share."""
GRADIENT_TOLERANCE = 1e-9
STATIONARY = 1e-6
"""A gradient below this is accepted where rounding allows no further descent."""
LONGEST_STEP = 1e10
SHORTEST = 1e-300
"""Keeps a quotient of two zeros a number."""
MAX_STEPS = 5000
SAME_OPTIMUM = 1e-4
"""Starts whose criteria differ by less (relative to 1 + |f|) when near count as the same optimum."""
MEMORY = 4
"""A step may not go above the highest of that many last values (Grippo, Lampariello & Lucidi 1986)."""


@dataclass(frozen=True, eq=False)
class Rotation:
    """Rotated loadings; columns by decreasing diag(Phi L'L), each summing to a positive number.

    loadings : (p, m) pattern.
    phi : (m, m) factor correlations; the identity for orthogonal methods.
    rotation : (m, m) T, with loadings = A (T^-1)' and phi = T'T.
    criterion : value minimised, of the loadings it was applied to; NaN for none and promax.
    gradient : norm of its projected derivative. steps : of the start that was kept.
    starts : how many were tried. at_best : how many of them reached the kept optimum.
    """

    method: Method
    loadings: Array
    phi: Array
    rotation: Array
    criterion: float
    gradient: float
    steps: int
    starts: int
    at_best: int

    @property
    def oblique(self) -> bool:
        return self.method in OBLIQUE

    @property
    def structure(self) -> Array:
        """(p, m) correlations of items with factors, L Phi."""
        return self.loadings @ self.phi


def rotate(
    loadings: ArrayLike,
    *,
    method: Method = "oblimin",
    normalise: bool | None = None,
    gamma: float = 0.0,
    delta: float = 0.01,
    power: float = 4.0,
    promax_form: Literal["psych", "stats"] = "psych",
    starts: int = 1,
    rng: np.random.Generator | None = None,
) -> Rotation:
    """Rotate loadings to the optimum of a criterion.

    varimax : maximises the variance of squared loadings within columns.
    quartimax : maximises the sum of fourth powers.
    oblimin : minimises products of squared loadings between columns, less gamma times those of their means;
        gamma 0 is quartimin.
    geomin : minimises the sum over rows of the geometric mean of l^2 + delta.
    promax : least squares from varimax loadings to their `power`, signs kept.

    Parameters
    ----------
    loadings : (p, m).
    normalise : scale rows to length 1 while rotating (Kaiser). None: for varimax only.
    promax_form : both start from normalised varimax; `psych` also takes the target from the normalised
        loadings, `stats` from the raw ones (`normalise` is not looked at).
    starts : the first is a quick varimax or promax, the others are random rotations from `rng`; the best
        optimum is kept.

    Raises
    ------
    NotConverged : no start reached a stationary point.

    References
    ----------
    Kaiser (1958); Hendrickson & White (1964); Jennrich & Sampson (1966); Yates (1987); Jennrich (2001),
    Psychometrika 66, 289-306 (orthogonal) and (2002), Psychometrika 67, 7-20 (oblique); Barzilai & Borwein
    (1988), IMA J. Numer. Anal. 8, 141-148 (length of steps).
    """
    a = np.asarray(loadings, dtype=float)
    m = a.shape[1]
    if method == "none" or m == 1:
        return _finished(method, a, np.eye(m), _Found(np.eye(m)))
    if method == "promax":
        return _promax(a, power=power, form=promax_form, starts=starts, rng=rng)
    scale = _row_lengths(a) if (method == "varimax" if normalise is None else normalise) else np.ones(len(a))
    oblique = method in OBLIQUE
    found = _best(_Problem(a / scale[:, None], _criterion(method, gamma, delta), oblique), starts, rng)
    raw = a @ np.linalg.inv(found.t).T
    return _finished(method, raw, found.t.T @ found.t if oblique else np.eye(m), found)


def _finished(method: Method, raw: Array, phi: Array, found: _Found) -> Rotation:
    order, turn = column_order(raw, phi)
    ordered = (phi * turn * turn[:, None])[np.ix_(order, order)]
    np.fill_diagonal(ordered, 1.0)
    return Rotation(
        method=method,
        loadings=(raw * turn)[:, order],
        phi=ordered,
        rotation=(found.t * turn)[:, order],
        criterion=found.value,
        gradient=found.gradient,
        steps=found.steps,
        starts=found.starts,
        at_best=found.at_best,
    )


def _promax(
    a: Array, *, power: float, form: Literal["psych", "stats"], starts: int, rng: np.random.Generator | None
) -> Rotation:
    scale = _row_lengths(a)[:, None]
    found = _best(_Problem(a / scale, _criterion("varimax", 0.0, 0.0), oblique=False), starts, rng)
    base = (a / scale if form == "psych" else a) @ found.t
    turn = np.linalg.lstsq(base, base * np.abs(base) ** (power - 1), rcond=None)[0]
    turn = found.t @ (turn * np.sqrt(np.diagonal(np.linalg.inv(turn.T @ turn))))
    t = np.linalg.inv(turn).T
    return _finished("promax", a @ turn, t.T @ t, replace(found, t=t, value=np.nan))


def _row_lengths(a: Array) -> Array:
    lengths = np.sqrt((a**2).sum(axis=1))
    return np.where(lengths > 0, lengths, 1.0)


def _random_rotations(m: int, count: int, rng: np.random.Generator | None) -> Array:
    """(count, m, m), uniform on the orthogonal group."""
    rng = np.random.default_rng(0) if rng is None else rng
    q, upper = np.linalg.qr(rng.standard_normal((count, m, m)))
    return np.asarray(q * np.sign(np.diagonal(upper, axis1=1, axis2=2))[:, None, :])


def _criterion(method: Method, gamma: float, delta: float) -> Criterion:
    if method == "varimax":
        return Orthomax(1.0)
    if method == "quartimax":
        return Orthomax(0.0)
    if method == "geomin":
        return Geomin(delta)
    return Oblimin(gamma if method == "oblimin" else 0.0)


# --- gradient projection from many starts, Newton steps from the best ---


@dataclass(frozen=True, eq=False)
class _State:
    """Where each start stands: rotation, value, projected gradient and its squared norm; the loadings and the
    derivative of the criterion in them.
    """

    t: Array
    value: Array
    slope: Array
    square: Array
    loadings: Array
    derivative: Array

    def at(self, which: Sequence[int] | NDArray[np.bool_]) -> _State:
        chosen = np.asarray(which, dtype=None if len(which) else np.intp)
        return _State(*(getattr(self, field)[chosen] for field in _STATE))

    def put(self, which: NDArray[np.bool_], part: _State) -> None:
        for field in _STATE:
            getattr(self, field)[which] = getattr(part, field)

    @staticmethod
    def together(parts: Sequence[_State]) -> _State:
        return _State(*(np.concatenate([getattr(part, field) for part in parts]) for field in _STATE))


_STATE = ("t", "value", "slope", "square", "loadings", "derivative")


@dataclass(frozen=True, eq=False)
class _Problem:
    """What is rotated, by which criterion, on which manifold."""

    a: Array
    criterion: Criterion
    oblique: bool

    def guess(self) -> Array:
        """Where to begin: a few rounds of varimax and, for oblique criteria, one least-squares step to the
        cubes of its loadings (promax).
        """
        rows = self.a / _row_lengths(self.a)[:, None]
        turned = rows
        for _ in range(GUESS_ROUNDS):
            square = turned * turned
            left, _, right = np.linalg.svd(rows.T @ (turned * (square - square.mean(axis=0))))
            turned = rows @ (left @ right)
        if not self.oblique:
            return np.asarray(left @ right)
        turn = left @ right @ np.linalg.lstsq(turned, turned**GUESS_POWER, rcond=None)[0]
        if not np.linalg.cond(turn) < WORST_GUESS:
            return np.eye(len(turn))
        return np.asarray(np.linalg.inv(turn).T)

    def look(self, t: Array) -> _State:
        """The state at (S, m, m) rotations that first are put on the manifold."""
        return self._look_oblique(t) if self.oblique else self._look_orthogonal(t)

    def _look_oblique(self, t: Array) -> _State:
        t = t / np.sqrt(np.add.reduce(t * t, axis=1, keepdims=True))
        inverse = np.linalg.inv(t)
        loadings = self.a @ inverse.swapaxes(1, 2)
        value, derivative = self.criterion.first(loadings)
        # -(L' D T^-1)', and a column of T keeps its length: the part of the gradient along it goes
        slope = inverse.swapaxes(1, 2) @ (derivative.swapaxes(1, 2) @ loadings)
        slope = t * np.add.reduce(t * slope, axis=1, keepdims=True) - slope
        return _State(t, value, slope, np.einsum("sij,sij->s", slope, slope), loadings, derivative)

    def _look_orthogonal(self, t: Array) -> _State:
        left, _, right = np.linalg.svd(t)
        t = left @ right
        loadings = self.a @ t
        value, derivative = self.criterion.first(loadings)
        slope = self.a.T @ derivative
        along = t.swapaxes(1, 2) @ slope
        slope = slope - t @ ((along + along.swapaxes(1, 2)) / 2)
        return _State(t, value, slope, np.einsum("sij,sij->s", slope, slope), loadings, derivative)

    def newton(self, state: _State) -> Array:
        """Change C of one start, (m, m): one Newton step leads from T to T (I + C), put on the manifold."""
        look = self._newton_oblique if self.oblique else self._newton_orthogonal
        return look(state.t[0], state.loadings[0], state.derivative[0].T @ state.loadings[0])

    def _newton_oblique(self, t: Array, loadings: Array, moment: Array) -> Array:
        """C = U without diagonal, columns scaled back: u_jb changes column j of L by -u_jb l_b and, through
        the length of column b of T, column b of L by u_jb phi_jb l_b.
        """
        m = len(t)
        phi = t.T @ t
        row, column = np.nonzero(~np.eye(m, dtype=bool))
        k = np.arange(row.size)
        along = np.zeros((row.size, *loadings.shape))
        along[k, :, row] = -loadings.T[column]
        along[k, :, column] += phi[row, column, None] * loadings.T[column]
        # the second derivative of L itself: u_xy u_yz, and the curvature of the lengths
        curve = np.zeros((m, m, m, m))
        y = np.arange(m)
        curve[:, y, y, :] = moment[:, None, :] - phi[:, :, None] * moment
        curve = curve + curve.transpose(2, 3, 0, 1)
        curve[:, y, :, y] += np.diagonal(moment)[:, None, None] * (phi - phi[:, :, None] * phi[:, None, :])
        second = _products(along, self.criterion.second(loadings, along))
        second += curve[row[:, None], column[:, None], row, column]
        return _solved(
            second, phi[row, column] * moment[column, column] - moment[row, column], row, column, m
        )

    def _newton_orthogonal(self, t: Array, loadings: Array, moment: Array) -> Array:
        """C = K skew: T exp(K) changes L by L K + L K^2 / 2."""
        m = len(t)
        row, column = np.triu_indices(m, 1)
        k = np.arange(row.size)
        basis = np.zeros((row.size, m, m))
        basis[k, row, column], basis[k, column, row] = 1.0, -1.0
        along = loadings @ basis
        # tr(M K_a K_b) for each two directions
        curve = _products(moment @ basis, basis.swapaxes(1, 2))
        second = _products(along, self.criterion.second(loadings, along)) + (curve + curve.T) / 2
        change = _solved(second, moment[column, row] - moment[row, column], row, column, m)
        return change - change.T


def _products(along: Array, change: Array) -> Array:
    return np.asarray(along.reshape(len(along), -1) @ change.reshape(len(along), -1).T)


def _solved(second: Array, first: Array, row: NDArray[np.intp], column: NDArray[np.intp], m: int) -> Array:
    """-H^-1 g as a matrix; where H is indefinite the sizes of its eigenvalues count, which leads downhill."""
    try:
        np.linalg.cholesky(second)
        step = np.linalg.solve(second, first)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh((second + second.T) / 2)
        sizes = np.abs(values)
        step = vectors @ ((first @ vectors) / np.maximum(sizes, FLATTEST * sizes.max()))
    length = float(np.sqrt(step @ step))
    change = np.zeros((m, m))
    change[row, column] = -step * min(1.0, LONGEST_TURN / length) if length > 0 else 0.0
    return change


@dataclass(frozen=True, eq=False)
class _Found:
    """The kept rotation and how it was reached; see `Rotation`."""

    t: Array
    value: float = np.nan
    gradient: float = 0.0
    steps: int = 0
    starts: int = 1
    at_best: int = 1


def _best(problem: _Problem, starts: int, rng: np.random.Generator | None) -> _Found:
    """The best optimum that the guess and `starts` - 1 random rotations lead to."""
    try:
        # near the edge of the oblique manifold loadings grow without bound: refused by the criterion's value
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            state, steps, at_best = _search(problem, starts, rng)
    except np.linalg.LinAlgError:
        raise NotConverged(
            "The factors fall together under this rotation: its criterion has no lowest value here",
            do="Try another rotation (or a smaller gamma)",
        ) from None
    if not state.square[0] < STATIONARY**2:
        raise NotConverged(
            f"The rotation did not settle from any of {starts} starts in {MAX_STEPS} steps",
            do="Try another rotation or fewer factors",
        )
    gradient = float(np.sqrt(state.square[0]))
    return _Found(state.t[0], float(state.value[0]), gradient, steps, starts, at_best)


def _search(problem: _Problem, starts: int, rng: np.random.Generator | None) -> tuple[_State, int, int]:
    state, steps = _finish(problem, problem.look(problem.guess()[None]))
    if starts <= 1:
        return state, steps, 1
    others, _ = _descend(problem, _random_rotations(problem.a.shape[1], starts - 1, rng), NEAR)
    tolerance = SAME_OPTIMUM * (1 + abs(state.value[0]))
    at_best = 1
    if (others.value < state.value[0] - tolerance).any():
        better, more = _finish(problem, others.at([int(np.argmin(others.value))]))
        if better.value[0] < state.value[0]:
            state, steps, at_best = better, more, 0
    return state, steps, at_best + int((others.value <= state.value[0] + tolerance).sum())


def _finish(problem: _Problem, state: _State) -> tuple[_State, int]:
    """Newton steps to the end; where none leads down, a walk along the gradient first."""
    steps = 0
    while state.square[0] >= GRADIENT_TOLERANCE**2:
        new = _newton_step(problem, state)
        if new is not None:
            state, steps = new, steps + 1
            continue
        if state.square[0] < STATIONARY**2:
            break  # only rounding is left
        walked, more = _descend(problem, state.t, float(np.sqrt(state.square[0])) / 10)
        steps += more
        if not walked.value.size:
            break
        state = walked
    return state, steps


def _newton_step(problem: _Problem, state: _State) -> _State | None:
    """The state a Newton step leads to, halved until it descends; None when only rounding is left."""
    t = state.t[0]
    move = t @ problem.newton(state)
    slack = 1e-14 * (1 + abs(state.value[0]))
    for halvings in range(6):
        new = problem.look((t + move / 2**halvings)[None])
        gain = state.value[0] - new.value[0]
        if gain > slack or (gain > -slack and new.square[0] < 0.5 * state.square[0]):
            return new
    return None


def _descend(problem: _Problem, first: Array, tolerance: float) -> tuple[_State, int]:
    """Gradient projection with Barzilai-Borwein steps from each start; those that settled, and the steps."""
    state = problem.look(first)
    settled_parts: list[_State] = []
    step = 1.0 / np.maximum(1.0, np.sqrt(state.square))
    recent = np.repeat(state.value[:, None], MEMORY, axis=1)
    steps = 0
    while True:
        settled = state.square < tolerance**2
        if settled.any():
            settled_parts.append(state.at(settled))
            going = ~settled
            state, step, recent = state.at(going), step[going], recent[going]
        if not state.value.size or steps == MAX_STEPS:
            break
        new, step = _line_search(problem, state, step, recent.max(axis=1))
        moved, change = new.t - state.t, new.slope - state.slope
        both = np.abs(np.einsum("sij,sij->s", moved, change))
        # their two lengths in turn; where the curve is concave its size still tells a length
        if steps % 2:
            top, below = both, np.einsum("sij,sij->s", change, change)
        else:
            top, below = np.einsum("sij,sij->s", moved, moved), both
        step = np.minimum(top / (below + SHORTEST), LONGEST_STEP)
        state = new
        recent[:, steps % MEMORY] = state.value
        steps += 1
    return _State.together([*settled_parts, state.at([])]), steps


def _line_search(problem: _Problem, state: _State, step: Array, ceiling: Array) -> tuple[_State, Array]:
    """One step from each start, halved until it descends enough below `ceiling`."""
    new = problem.look(state.t - step[:, None, None] * state.slope)
    slack = 1e-15 * (1 + np.abs(ceiling))
    for _ in range(60):
        # also true where the value is not a number
        high = ~(new.value <= ceiling + slack - 1e-4 * step * state.square)
        if not high.any():
            break
        step = np.where(high, step / 2, step)
        new.put(high, problem.look(state.t[high] - step[high, None, None] * state.slope[high]))
    return new, step
