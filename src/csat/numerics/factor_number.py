"""How many factors: eigenvalues against those of unrelated items, and average partial correlations.

Letters: R (p, p) correlations, n respondents, d draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from csat.errors import TooFew
from csat.numerics.linalg import Array

PERCENTILE = 95.0


@dataclass(frozen=True, eq=False)
class Parallel:
    """Eigenvalues of unrelated items, and how many of the data's lead above them.

    mean, percentile : (p,) over the draws, largest eigenvalue first. by_mean, by_percentile : numbers of
    factors.
    """

    mean: Array
    percentile: Array
    by_mean: int
    by_percentile: int
    draws: int


@dataclass(frozen=True, eq=False)
class PartialCorrelations:
    """Velicer's minimum average partial correlation.

    squared, fourth_power : (p,) averages after 0 to p - 1 components are partialled out; NaN from where an
    item has no variance left. by_squared, by_fourth_power : numbers of components at the minima.
    """

    squared: Array
    fourth_power: Array
    by_squared: int
    by_fourth_power: int


def eigenvalues(correlation: ArrayLike) -> Array:
    """Eigenvalues of R, largest first; they sum to p."""
    return np.asarray(np.linalg.eigvalsh(np.asarray(correlation, dtype=float))[::-1])


def above_one(values: ArrayLike) -> int:
    """Kaiser's rule: how many eigenvalues of R exceed 1. It tends to ask for too many."""
    return int((np.asarray(values, dtype=float) > 1.0).sum())


def parallel(values: ArrayLike, unrelated: ArrayLike, *, percentile: float = PERCENTILE) -> Parallel:
    """Horn's parallel analysis: the leading eigenvalues above those of unrelated items.

    Parameters
    ----------
    values : (p,) eigenvalues of R, largest first.
    unrelated : (d, p) eigenvalues of d correlation matrices of unrelated items: see `permuted_eigenvalues`,
        `drawn_eigenvalues`, `normal_eigenvalues`.

    References
    ----------
    Horn (1965), Psychometrika 30, 179-185; Buja & Eyuboglu (1992), Multivariate Behav. Res. 27, 509-540
    (permutations).
    """
    real, random = np.asarray(values, dtype=float), np.asarray(unrelated, dtype=float)
    mean, high = random.mean(axis=0), np.percentile(random, percentile, axis=0)
    return Parallel(mean, high, _leading(real > mean), _leading(real > high), len(random))


def permuted_eigenvalues(
    columns: ArrayLike, *, draws: int, rng: np.random.Generator, spread: ArrayLike | None = None
) -> Array:
    """(draws, p) eigenvalues of R when each item's answers are shuffled over the respondents.

    Parameters
    ----------
    columns : (p, n) complete answers, one row an item; only what each item received matters, not its order.
    spread : (p,) share of the variance of the normal underneath that each column's values carry. Polychoric
        correlations of unrelated items scatter more than Pearson's, to first order by 1 / sqrt(v_i v_j).
    """
    z = _standardised(np.asarray(columns, dtype=float))
    return _each(draws, lambda: rng.permuted(z, axis=1), spread)


def drawn_eigenvalues(
    values: Sequence[Array | None],
    shares: Sequence[Array | None],
    *,
    n: int,
    draws: int,
    rng: np.random.Generator,
    spread: ArrayLike | None = None,
) -> Array:
    """(draws, p) eigenvalues of R when n respondents draw each answer independently from its item's shares.

    Parameters
    ----------
    values, shares : for each item its answer values and their shares; None for a normal item.
    spread : see `permuted_eigenvalues`.
    """
    cumulative = [None if share is None else np.cumsum(share / np.sum(share)) for share in shares]

    def draw() -> Array:
        uniform = rng.random((len(values), n))
        rows = np.empty_like(uniform)
        for i, (value, steps) in enumerate(zip(values, cumulative, strict=True)):
            if value is None or steps is None:
                rows[i] = rng.standard_normal(n)
            else:
                rows[i] = value[np.minimum(np.searchsorted(steps, uniform[i], side="right"), len(value) - 1)]
        return _standardised(rows)

    return _each(draws, draw, spread)


def normal_eigenvalues(
    n: int, p: int, *, draws: int, rng: np.random.Generator, spread: ArrayLike | None = None
) -> Array:
    """(draws, p) eigenvalues of R for p unrelated normal items and n respondents.

    Exact and without any rows: the sums of products of n normal rows about their means are Wishart with n - 1
    degrees of freedom, and Bartlett's decomposition draws their triangular root. For other items it holds
    asymptotically: a correlation of unrelated items has variance 1 / (n - 1) whatever their distributions.
    """
    if n <= p:
        raise TooFew(f"{p} items need more than {p} respondents; there are {n}")
    root = np.tril(rng.standard_normal((draws, p, p)), -1)
    diagonal = np.arange(p)
    root[:, diagonal, diagonal] = np.sqrt(rng.chisquare(n - 1 - diagonal, size=(draws, p)))
    root /= np.sqrt((root**2).sum(axis=2, keepdims=True))
    return _descending(_spread(root @ root.swapaxes(1, 2), spread))


def average_partial_correlations(correlation: ArrayLike) -> PartialCorrelations:
    """MAP: average squared and fourth-power partial correlations after 0, 1, ..., p - 1 components.

    References
    ----------
    Velicer (1976), Psychometrika 41, 321-327; Velicer, Eaton & Fava (2000) (fourth powers).
    """
    r = np.asarray(correlation, dtype=float)
    p = len(r)
    values, vectors = np.linalg.eigh(r)
    loadings = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1]
    below = np.tril_indices(p, -1)
    squared, fourth = np.full(p, np.nan), np.full(p, np.nan)
    rest = r.copy()
    for m in range(p):
        left = np.diagonal(rest)
        if left.min() < NOTHING_LEFT:
            break
        partial = (rest / np.sqrt(left[:, None] * left))[below]
        squared[m], fourth[m] = (partial**2).mean(), (partial**4).mean()
        rest = rest - np.outer(loadings[:, m], loadings[:, m])
    return PartialCorrelations(squared, fourth, int(np.nanargmin(squared)), int(np.nanargmin(fourth)))


NOTHING_LEFT = 1e-10
"""An item with less variance than this left over has no partial correlations."""


def _leading(above: Array) -> int:
    return len(above) if above.all() else int(np.argmin(above))


def _standardised(rows: Array) -> Array:
    """Rows with mean 0 and length 1; a constant row becomes 0 and so correlates with nothing."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    return np.asarray(centred / np.where(length > 0, length, 1.0))


def _each(draws: int, draw: Callable[[], Array], spread: ArrayLike | None) -> Array:
    matrices = []
    for _ in range(draws):
        z = draw()
        matrices.append(z @ z.T)
    return _descending(_spread(np.array(matrices), spread))


def _spread(r: Array, spread: ArrayLike | None) -> Array:
    if spread is not None:
        root = np.sqrt(np.asarray(spread, dtype=float))
        r = r / (root[:, None] * root)
    diagonal = np.arange(r.shape[1])
    r[:, diagonal, diagonal] = 1.0
    return r


def _descending(r: Array) -> Array:
    return np.asarray(np.linalg.eigvalsh(r)[:, ::-1])
