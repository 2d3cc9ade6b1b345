"""Replicates keyed by row, and the intervals made of them.

Replicate r of row i has a multiplicity that depends on the key (seed, r, i) alone: not on how rows are split over
files or threads. Every analysis that asks for replicate r of the same rows gets the same one, so that differences
between analyses are paired.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from csat.errors import TooFew

Array = NDArray[np.float64]

REPLICATES = 2000
MOST_LOST = 0.05
"""Share of replicates that may be improper before the interval is withheld (ours)."""


def multinomial_counts(rows: int, replicates: int, *, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield (n,) multiplicities, one array a replicate: rows drawn with replacement, n of n (Efron 1979)."""
    for r in range(replicates):
        rng = np.random.default_rng([seed, r])
        yield np.bincount(rng.integers(0, rows, size=rows), minlength=rows)


def bootstrap_weighted_means(values: Array, weights: Array | None, *, replicates: int = REPLICATES, seed: int = 0) -> Array:
    """(R, p) means of the columns of `values` (n, p; NaN is left out) under bootstrap resamples.

    A replicate is a product of its multiplicities with the values, so that p columns cost one pass. A column in
    which a replicate has no answer is NaN there.
    """
    n, p = values.shape
    if n < 2:
        raise TooFew("a bootstrap needs at least 2 respondents, there are " + str(n))
    w = np.ones(n) if weights is None else weights
    answered = ~np.isnan(values)
    top = np.where(answered, values, 0.0) * w[:, None]
    bottom = answered * w[:, None]
    stacked = np.hstack([top, bottom])
    out = np.empty((replicates, p))
    for r, counts in enumerate(multinomial_counts(n, replicates, seed=seed)):
        sums = counts @ stacked
        with np.errstate(invalid="ignore", divide="ignore"):
            out[r] = sums[:p] / sums[p:]
    return out


@dataclass(frozen=True)
class Interval:
    """lower, upper : ends. lost : replicates that gave no number. method : its name."""

    lower: float
    upper: float
    lost: int
    method: str


def percentile_interval(replicates: Array, *, confidence: float = 0.95) -> Interval:
    """Percentile interval (Efron 1981): quantiles of the replicates, type 7; improper replicates are left out."""
    good = replicates[np.isfinite(replicates)]
    lost = len(replicates) - len(good)
    if lost > MOST_LOST * len(replicates):
        return Interval(np.nan, np.nan, lost, "percentile")
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(good, [tail, 1 - tail])
    return Interval(float(lower), float(upper), lost, "percentile")


def bca_interval(replicates: Array, estimate: float, jackknife: Array, *, confidence: float = 0.95) -> Interval:
    """Bias-corrected and accelerated interval (Efron 1987).

    replicates : (R,). jackknife : (n,) or (groups,) leave-out estimates, for the acceleration.
    """
    good = replicates[np.isfinite(replicates)]
    lost = len(replicates) - len(good)
    if lost > MOST_LOST * len(replicates):
        return Interval(np.nan, np.nan, lost, "BCa")
    below = np.clip((np.mean(good < estimate) + np.mean(good <= estimate)) / 2, 0.5 / len(good), 1 - 0.5 / len(good))
    z0 = ndtri(below)
    d = jackknife.mean() - jackknife
    spread = (d**2).sum()
    acceleration = (d**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    z = ndtri((1 - confidence) / 2) * np.array([1, -1])
    share = ndtr(z0 + (z0 + z) / (1 - acceleration * (z0 + z)))
    lower, upper = np.quantile(good, share)
    return Interval(float(lower), float(upper), lost, "BCa")
