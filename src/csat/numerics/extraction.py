"""Factors and components from a correlation matrix, before rotation.

Letters: R (p, p) correlations, m factors, L (p, m) loadings, psi uniquenesses, h2 = 1 - psi communalities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import NotConverged, NotIdentified, SingularMatrix, TooFew
from csat.numerics.linalg import Array, cholesky

Method = Literal["minres", "ml", "pa", "components"]

LOWEST_UNIQUENESS = 0.005
"""Uniquenesses of minres, ml and pa stay at or above this (psych's bound); on it stands a Heywood case."""
HIGHEST_TRIED = 2.0
"""Steps go no further; at the answer no uniqueness is above 1, and above it the objective rises."""
GRADIENT_TOLERANCE = 1e-10
STATIONARY = 1e-7
"""A derivative below this is accepted where rounding allows no further descent."""
MAX_STEPS = 200
PA_WARM_UP = 20


DRAWN_STARTS = 8
"""Starts of maximum likelihood drawn beside the two classical ones."""
SAME_MINIMUM = 1e-9
"""Two discrepancies closer than this are one minimum, and the first found is kept."""


@dataclass(frozen=True, eq=False)
class Extraction:
    """An unrotated solution; columns in decreasing order of variance, each summing to a positive number.

    loadings : (p, m).
    uniquenesses : (p,) psi of the model; for components 1 - h2.
    communalities : (p,) sums of squared loadings.
    objective : at the answer; half the sum of squared residuals of R (minres, pa), the maximum likelihood
        discrepancy (ml), the sum of the eigenvalues left out (components).
    gradient : largest derivative in a uniqueness that is free to move (in its logarithm for ml).
    steps : Newton steps.
    heywood : positions of items held at the lowest uniqueness.
    """

    method: Method
    loadings: Array
    uniquenesses: Array
    communalities: Array
    objective: float
    gradient: float
    steps: int
    heywood: tuple[int, ...] = ()


def extract(
    correlation: ArrayLike, factors: int, *, method: Method = "minres", lowest: float = LOWEST_UNIQUENESS
) -> Extraction:
    """Factors of a correlation matrix by the named method.

    minres : minimum residuals, equal to unweighted least squares; needs no distribution.
    ml : maximum likelihood; R must be positive definite.
    pa : principal axes, iterated to their end; inside the bounds this is the minres solution.
    components : principal components; no model, so no fit.

    Parameters
    ----------
    correlation : (p, p). factors : m, at least 1 and less than p. lowest : bound of the uniquenesses.

    Raises
    ------
    TooFew : m < 1 or m >= p. NotIdentified : fewer than 0 degrees of freedom (not for components).
    SingularMatrix, ConstantItem : ml on a matrix that is not positive definite.
    NotConverged : no stationary point was reached, or a factor is left without variance.

    References
    ----------
    Harman & Jones (1966), Psychometrika 31, 351-368; Joereskog (1967), Psychometrika 32, 443-482; Clarke
    (1970), Br. J. Math. Stat. Psychol. 23, 43-52 (the exact second derivatives).
    """
    r = np.asarray(correlation, dtype=float)
    _check_count(len(r), factors, method)
    if method == "components":
        return _components(r, factors)
    if method == "ml":
        cholesky(r)
        likelihood = _Likelihood(r, factors)
        first, *others = _likelihood_starts(r, factors)
        best = _minimise(r, factors, method, likelihood, np.log, np.exp, lowest, first)
        for start in others:
            try:
                found = _minimise(r, factors, method, likelihood, np.log, np.exp, lowest, start)
            except NotConverged:
                continue  # a start that leads nowhere says nothing about the others
            if found.objective < best.objective - SAME_MINIMUM:
                best = found
        return best
    start = 1.0 - starting_communalities(r)
    if method == "pa":
        start = _principal_axes(r, factors, start, lowest)
    return _minimise(r, factors, method, _LeastSquares(r, factors), _same, _same, lowest, start)


def _likelihood_starts(r: Array, factors: int) -> tuple[Array, ...]:
    """Uniquenesses to start from, as the discrepancy can have several minima.

    Squared multiple correlations; Joereskog's (1 - m / 2p) / diag(R^-1); some drawn evenly from a fixed seed:
    among the items of one published survey (22 items, 3 factors) only drawn starts find the lowest minimum.
    """
    p = len(r)
    from_inverse = (1.0 - factors / (2.0 * p)) / np.diagonal(np.linalg.inv(r))
    drawn = np.random.default_rng([p, factors]).uniform(0.05, 0.95, (DRAWN_STARTS, p))
    return 1.0 - starting_communalities(r), np.clip(from_inverse, 0.0, 1.0), *drawn


def degrees_of_freedom(p: int, factors: int) -> int:
    """((p - m)^2 - p - m) / 2."""
    return ((p - factors) ** 2 - p - factors) // 2


def most_factors(p: int) -> int:
    """The largest number of factors with degrees of freedom of at least 0."""
    return max(m for m in range(p) if degrees_of_freedom(p, m) >= 0)


def starting_communalities(correlation: ArrayLike) -> Array:
    """Squared multiple correlations; where R has no inverse the largest |r| of each item."""
    r = np.asarray(correlation, dtype=float)
    try:
        np.linalg.cholesky(r)
        h2: Array = 1.0 - 1.0 / np.diagonal(np.linalg.inv(r))
    except np.linalg.LinAlgError:
        h2 = np.full(len(r), -1.0)
    if not ((h2 >= 0) & (h2 < 1)).all():
        h2 = np.abs(r - np.diag(np.diagonal(r))).max(axis=1)
    return np.asarray(h2)


def column_order(loadings: Array, phi: Array | None = None) -> tuple[NDArray[np.intp], Array]:
    """Order of the columns by decreasing variance diag(Phi L'L), and the sign (m,) of each column, before
    ordering, that makes its loadings sum to a positive number: ordered = (loadings * sign)[:, order].
    """
    turn = np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    square = loadings.T @ loadings
    variance = np.diagonal(square) if phi is None else (phi * square).sum(axis=1)
    return np.argsort(-variance, kind="stable"), turn


def _in_order(loadings: Array) -> Array:
    order, turn = column_order(loadings)
    return np.asarray((loadings * turn)[:, order])


def _check_count(p: int, factors: int, method: Method) -> None:
    if factors < 1:
        raise TooFew(f"{factors} factors were asked for; there must be at least 1")
    if factors >= p:
        raise TooFew(
            f"{factors} factors were asked for from {p} items",
            do=f"Ask for fewer than {p}, or give more items",
        )
    if method != "components" and degrees_of_freedom(p, factors) < 0:
        raise NotIdentified(
            f"{factors} factors of {p} items have {degrees_of_freedom(p, factors)} degrees of freedom: "
            "more unknowns than correlations",
            do=f"Ask for at most {most_factors(p)} factors, or give more items",
        )


def _components(r: Array, factors: int) -> Extraction:
    values, vectors = np.linalg.eigh(r)
    kept = values[-factors:]
    if kept[0] <= 0:
        raise SingularMatrix(f"only {int((values > 0).sum())} components have a positive variance")
    loadings = _in_order(vectors[:, -factors:] * np.sqrt(kept))
    h2 = (loadings**2).sum(axis=1)
    return Extraction("components", loadings, 1.0 - h2, h2, float(values[:-factors].sum()), 0.0, 0)


# --- minimising over the uniquenesses ---


@dataclass(frozen=True, eq=False)
class _Point:
    """The objective at one set of uniquenesses; derivatives are made when asked for."""

    value: float
    gradient: Array
    hessian: Callable[[], Array]
    gauss: Callable[[], Array]
    loadings: Callable[[], Array]


class _LeastSquares:
    """f = sum of squared eigenvalues of R - Psi beyond the first m, over 2, as a function of psi."""

    def __init__(self, r: Array, factors: int) -> None:
        self.r, self.factors = r, factors

    def __call__(self, psi: Array) -> _Point:
        reduced = self.r.copy()
        reduced.flat[:: len(psi) + 1] -= psi
        values, vectors = np.linalg.eigh(reduced)
        # an eigenvalue below 0 cannot be a factor's variance: it stays in the residual
        left = max(len(psi) - self.factors, int(np.searchsorted(values, 0.0)))
        g, u = values[:left], vectors[:, :left]
        kept, w = values[left:], vectors[:, left:]

        def hessian() -> Array:
            # (U U')^2 + 2 sum_l (w_l w_l') * U diag(g / (g - k_l)) U', squares and * element by element
            inner = (u * (g / (g - kept[:, None]))[:, None, :]) @ u.T
            return np.asarray((u @ u.T) ** 2 + 2.0 * _weighted(inner, w))

        return _Point(
            value=0.5 * float(g @ g),
            gradient=-(u * u) @ g,
            hessian=hessian,
            gauss=lambda: np.asarray((u @ u.T) ** 2),
            loadings=lambda: _wide(w * np.sqrt(kept), self.factors),
        )


class _Likelihood:
    """f = sum of theta - ln theta - 1 over the eigenvalues of Psi^-1/2 R Psi^-1/2 beyond m; in x = ln psi."""

    def __init__(self, r: Array, factors: int) -> None:
        self.r, self.factors = r, factors

    def __call__(self, x: Array) -> _Point:
        root = np.exp(x / 2)
        values, vectors = np.linalg.eigh(self.r / (root[:, None] * root))
        left = max(len(x) - self.factors, int(np.searchsorted(values, 1.0)))
        t, u = values[:left], vectors[:, :left]
        kept, w = values[left:], vectors[:, left:]

        def hessian() -> Array:
            k = kept[:, None]
            inner = (u * ((t - 1) * (t + k) / (t - k))[:, None, :]) @ u.T
            return np.asarray(((u * t) @ u.T) * (u @ u.T) + _weighted(inner, w))

        return _Point(
            value=float((t - np.log(t) - 1).sum()) if t[0] > 0 else np.inf,
            gradient=(u * u) @ (1 - t),
            hessian=hessian,
            gauss=lambda: np.asarray((u @ u.T) ** 2),
            loadings=lambda: _wide(root[:, None] * w * np.sqrt(np.maximum(kept - 1, 0)), self.factors),
        )


def _weighted(inner: Array, w: Array) -> Array:
    """Sum over l of inner_l * (w_l w_l'), element by element: (l, p, p) and (p, l) to (p, p)."""
    columns = w.T
    return np.asarray((inner * columns[:, :, None] * columns[:, None, :]).sum(axis=0))


def _wide(loadings: Array, factors: int) -> Array:
    missing = factors - loadings.shape[1]
    return np.pad(loadings, ((0, 0), (missing, 0))) if missing else loadings


def _same(psi: Array) -> Array:
    return psi


def _minimise(
    r: Array,
    factors: int,
    method: Method,
    objective: _LeastSquares | _Likelihood,
    inward: Callable[[Array], Array],
    outward: Callable[[Array], Array],
    lowest: float,
    start: Array | None = None,
) -> Extraction:
    """Newton steps with the exact second derivatives, projected on psi >= lowest, each one descending."""
    psi = 1.0 - starting_communalities(r) if start is None else start
    bound, ceiling = float(inward(np.array(lowest))), float(inward(np.array(HIGHEST_TRIED)))
    x = np.maximum(inward(np.maximum(psi, lowest)), bound)
    here = objective(x)
    steps, before = 0, np.inf
    while True:
        free = (x > bound) | (here.gradient < 0)
        slope = float(np.abs(here.gradient[free]).max(initial=0.0))
        if slope < GRADIENT_TOLERANCE or (slope < STATIONARY and slope > before / 2):
            break  # in the second case only rounding is left
        before = slope
        if steps == MAX_STEPS:
            raise NotConverged(
                f"The {method} solution with {factors} factors was not reached in {MAX_STEPS} steps "
                f"(largest derivative {slope:.2g})",
                do="Ask for fewer factors",
            )
        moved = _descend(objective, x, here, free, bound, ceiling)
        if moved is None:
            if slope < STATIONARY:
                break
            raise NotConverged(
                f"The {method} solution with {factors} factors stopped at a derivative of {slope:.2g}",
                do="Ask for fewer factors",
            )
        x, here = moved
        steps += 1
    loadings = _in_order(here.loadings())
    if not (loadings**2).sum(axis=0).min() > 0:
        raise NotConverged(
            f"Factor {factors} of the {method} solution is left without variance", do="Ask for fewer factors"
        )
    heywood = tuple(np.flatnonzero(x <= bound).tolist())
    h2 = (loadings**2).sum(axis=1)
    return Extraction(method, loadings, outward(x), h2, here.value, slope, steps, heywood)


def _descend(
    objective: _LeastSquares | _Likelihood,
    x: Array,
    here: _Point,
    free: NDArray[np.bool_],
    bound: float,
    ceiling: float,
) -> tuple[Array, _Point] | None:
    direction = _newton_direction(here, free)
    step = 1.0
    while step > 1e-12:
        new = np.minimum(np.maximum(x + step * direction, bound), ceiling)
        there = objective(new)
        promised = float(here.gradient @ (new - x))
        if there.value <= here.value + 1e-4 * promised:
            return new, there
        # near the answer the value no longer tells, the gradient still does
        if step == 1.0 and there.value <= here.value + 1e-13 * max(1.0, abs(here.value)):
            after = np.abs(there.gradient[(new > bound) | (there.gradient < 0)]).max(initial=0.0)
            if after < 0.5 * np.abs(here.gradient[free]).max(initial=0.0):
                return new, there
        step /= 2
    return None


def _newton_direction(here: _Point, free: NDArray[np.bool_]) -> Array:
    """-H^-1 g over the free uniquenesses; where H is indefinite its positive part (U U')^2 stands in."""
    direction = np.zeros(len(here.gradient))
    slope = here.gradient[free]
    all_free = slope.size == direction.size
    for matrix in (here.hessian, here.gauss):
        second = matrix() if all_free else matrix()[np.ix_(free, free)]
        try:
            np.linalg.cholesky(second)
            direction[free] = -np.linalg.solve(second, slope)
            return direction
        except np.linalg.LinAlgError:
            continue
    direction[free] = -slope
    return direction


def _principal_axes(r: Array, factors: int, psi: Array, lowest: float) -> Array:
    """Some rounds of h2 = communalities of the first m axes of R with h2 on its diagonal.

    Their limit is a stationary point of the minres objective, which Newton steps then finish.
    """
    reduced = r.copy()
    for _ in range(PA_WARM_UP):
        np.fill_diagonal(reduced, 1.0 - psi)
        values, vectors = np.linalg.eigh(reduced)
        h2 = (vectors[:, -factors:] ** 2) @ np.maximum(values[-factors:], 0.0)
        psi = np.maximum(1.0 - h2, lowest)
    return np.asarray(psi)
