"""Replicates keyed by row, and the intervals made of them.

Replicate r counts row i a number of times that depends on the key (seed, r, i) alone: not on how many rows
there are, how they are split over files or threads, or which of them are asked for. Every analysis that asks
for replicate r of the same respondents gets the same one, so that a segment and the total, or two analyses,
differ by what they measure and not by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from csat.errors import TooFew

if TYPE_CHECKING:
    from csat.numerics.replication import Replication

Array = NDArray[np.float64]

REPLICATES = 2000
MOST_LOST = 0.05
"""Share of replicates that may be improper before the interval is withheld (ours)."""
BATCH_CELLS = 4_000_000
"""Multiplicities held at a time: 32 MB."""
CACHED_CELLS = 8192
"""Multiplicities drawn at a time: 64 KB."""

_GOLDEN = 0x9E3779B97F4A7C15
_WORD = 0xFFFFFFFFFFFFFFFF
_POISSON = (24109, 24109, 12055, 4018, 1005, 201, 33, 5, 1)
"""Of 65536 tickets, how many say 0, 1, 2, ... times: Poisson(1) to 1.5e-5; mean 1.00005, variance 1.0002."""


def poisson_multiplicities(
    rows: ArrayLike, replicates: int, *, seed: int = 0, cells: int = BATCH_CELLS
) -> Iterator[NDArray[np.float64]]:
    """Yield batches (b, n) of multiplicities, `replicates` rows in all: independent Poisson(1) counts by key.

    The Poisson bootstrap: a resample whose size is n only on average, so that each row's count can be drawn
    without knowing the others. For means, shares and moments it agrees with drawing n of n up to terms of
    order 1/n.

    Parameters
    ----------
    rows : (n,) whole numbers that name the rows (their number in the source).
    cells : multiplicities of one batch, b n at most (but b at least 1); fewer stay in the cache.

    References
    ----------
    Hanley & MacGibbon (2006), Computer Methods and Programs in Biomedicine 83, 57-62. The mixing of the key
    is that of Steele, Lea & Flood (2014), OOPSLA, 453-472 (SplitMix64).
    """
    tickets = np.repeat(np.arange(len(_POISSON), dtype=np.float64), _POISSON)
    steps, keys = _keys(rows, replicates, seed)
    size, few = (max(1, cells_held // max(1, len(steps))) for cells_held in (cells, CACHED_CELLS))
    for first in range(0, replicates, size):
        batch = np.empty((min(size, replicates - first), len(steps)))
        # a few replicates at a time: their words stay in the processor's cache
        for one in range(0, len(batch), few):
            some = keys[first + one : first + min(one + few, len(batch)), None]
            np.take(tickets, _mix(steps + some) >> np.uint64(64 - 16), out=batch[one : one + few])
        yield batch


def uniform_words(names: ArrayLike, replicates: int, *, seed: int = 0, first: int = 0) -> Array:
    """(R, n) uniform numbers of the replicates first, first + 1, .. by key: in (0, 1), never an end."""
    steps, keys = _keys(names, first + replicates, seed)
    words = _mix(steps + keys[first:, None])
    # 53 bits and a half: the logarithm and the normal quantile are finite
    return np.asarray(((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)


def row_factors(
    rows: ArrayLike,
    replicates: int,
    *,
    seed: int = 0,
    cells: int = BATCH_CELLS,
    replication: Replication | None = None,
) -> Iterator[Array]:
    """Yield batches (b, n) of factors of the case weights: of the replication, else Poisson counts by row."""
    if replication is None:
        yield from poisson_multiplicities(rows, replicates, seed=seed, cells=cells)
    else:
        yield from replication.row_factors(rows, replicates, seed=seed, cells=cells)


def _keys(names: ArrayLike, replicates: int, seed: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """(n,) step of each row and (R,) key of each replicate; their sum, mixed, is the word of both."""
    steps = np.asarray(names).astype(np.uint64) * np.uint64(_GOLDEN)
    start = _mix(np.array([(seed + _GOLDEN) & _WORD], dtype=np.uint64))
    return steps, _mix(start + np.arange(1, replicates + 1, dtype=np.uint64) * np.uint64(_GOLDEN))


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser, in place."""
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def bootstrap_weighted_means(
    values: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    rows: ArrayLike | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    replication: Replication | None = None,
) -> Array:
    """(R, p) weighted means of the columns of `values` in each replicate, NaN where it has no answer.

    Raises
    ------
    TooFew : fewer than 2 rows.

    The rest as `bootstrap_weighted_sums`.
    """
    n = len(np.asarray(values))
    if n < 2:
        raise TooFew(f"a bootstrap needs at least 2 respondents, there are {n}")
    sums, answered = bootstrap_weighted_sums(
        values, weights, rows=rows, replicates=replicates, seed=seed, replication=replication
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / answered)


def bootstrap_weighted_sums(
    values: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    rows: ArrayLike | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    replication: Replication | None = None,
) -> tuple[Array, Array]:
    """(R, p) sums w x, and sums of the weights that answered, of the columns of `values` in each replicate.

    A batch of replicates is a product of its multiplicities with the values, so that p columns cost one pass.
    Sums of disjoint groups of rows add up to those of the whole.

    Parameters
    ----------
    values : (n, p), NaN is left out. weights : (n,). rows : (n,) numbers that name the rows, default
        0 .. n - 1. replication : of these rows, default each row by itself.
    """
    x = np.asarray(values, dtype=float)
    n, p = x.shape
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    answered = ~np.isnan(x)
    stacked = np.hstack([np.where(answered, x, 0.0) * w[:, None], answered * w[:, None]])
    names = np.arange(n) if rows is None else rows
    if replication is not None and replication.unit is not None:
        # all rows of a unit share their factor, so that its sums are all there is to know
        of_units = sums_by(stacked, replication.unit, replication.units)
        size = max(1, BATCH_CELLS // max(1, replication.units))
        drawn = replication.unit_factors(replicates, seed=seed, size=size)
        sums = np.vstack([f @ of_units for f in drawn])
    else:
        factors = row_factors(names, replicates, seed=seed, replication=replication)
        sums = np.vstack([f @ stacked for f in factors])
    return sums[:, :p], sums[:, p:]


def sums_by(values: Array, group: NDArray[np.intp], groups: int) -> Array:
    """(groups, k) sums of the rows (n, k) of each group."""
    return np.column_stack([np.bincount(group, weights=column, minlength=groups) for column in values.T])


@dataclass(frozen=True)
class Interval:
    """lower, upper : ends, NaN when too many replicates were lost. lost : replicates that gave no number.

    method : its name.
    """

    lower: float
    upper: float
    lost: int
    method: str


def percentile_interval(replicates: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Percentile interval (Efron 1981): type 7 quantiles of the replicates; improper ones are left out."""
    good, lost = _proper(replicates)
    if not len(good):
        return Interval(np.nan, np.nan, lost, "percentile")
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(good, [tail, 1 - tail])
    return Interval(float(lower), float(upper), lost, "percentile")


def bca_interval(
    replicates: ArrayLike, estimate: float, jackknife: ArrayLike, *, confidence: float = 0.95
) -> Interval:
    """Bias-corrected and accelerated interval (Efron 1987).

    replicates : (R,). jackknife : (n,) or (groups,) leave-out estimates, for the acceleration.
    """
    good, lost = _proper(replicates)
    if not len(good):
        return Interval(np.nan, np.nan, lost, "BCa")
    left_out = np.asarray(jackknife, dtype=float)
    below = np.clip(
        (np.mean(good < estimate) + np.mean(good <= estimate)) / 2, 0.5 / len(good), 1 - 0.5 / len(good)
    )
    z0 = ndtri(below)
    d = left_out.mean() - left_out
    spread = (d**2).sum()
    acceleration = (d**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    z = ndtri((1 - confidence) / 2) * np.array([1, -1])
    share = ndtr(z0 + (z0 + z) / (1 - acceleration * (z0 + z)))
    lower, upper = np.quantile(good, share)
    return Interval(float(lower), float(upper), lost, "BCa")


def _proper(replicates: ArrayLike) -> tuple[Array, int]:
    """Finite replicates and how many are not; none at all when more than `MOST_LOST` of them are lost."""
    values = np.asarray(replicates, dtype=float)
    good = values[np.isfinite(values)]
    lost = len(values) - len(good)
    return (good if lost <= MOST_LOST * len(values) else good[:0]), lost
