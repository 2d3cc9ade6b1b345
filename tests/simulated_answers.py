"""Answers by a seed: three constructs, two covariates, an outcome and weights; whole, coarse or with gaps."""

from __future__ import annotations

import numpy as np

from csat.numerics.linalg import Array

NAMES = ("a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3", "x1", "x2", "y", "w")
LOADINGS = (0.8, 0.7, 0.65, 0.85, 0.6, 0.7, 0.75, 0.8, 0.55)
ANSWERS = len(LOADINGS)


def simulated(
    seed: int, *, n: int = 300, categories: int = 0, gaps: float = 0.0, gaps_in_x1: float = 0.0
) -> Array:
    """(n, 13) in the order of `NAMES`.

    A follows x1, B follows A and x2, C follows A and B; x2 is 0 or 1. categories : answers of the nine items,
    0 for numbers. gaps : share of the answers missing, more where x1 is high; never in the covariates, unless
    gaps_in_x1.
    """
    rng = np.random.default_rng(seed)
    x1, x2 = rng.standard_normal(n), (rng.random(n) < 0.4).astype(float)
    a = 0.5 * x1 + rng.standard_t(6, n)
    b = 0.5 * a + 0.3 * x2 + rng.standard_normal(n)
    c = 0.4 * b + 0.2 * a + rng.standard_normal(n)
    factors = np.column_stack([a, a, a, b, b, b, c, c, c])
    items = np.array(LOADINGS) * factors + 0.7 * rng.standard_normal((n, ANSWERS)) + np.arange(ANSWERS) / 2
    # a little of what no model below says, so that tests and indices have something to find
    items[:, 1] += 0.25 * b
    if categories:
        share = np.arange(1, categories) / categories
        items = np.column_stack([np.searchsorted(np.quantile(i, share**0.7), i) + 1.0 for i in items.T])
    y = 0.5 * c + 0.3 * x1 + rng.standard_normal(n)
    w = np.exp(0.3 * a + 0.3 * rng.standard_normal(n))
    missing = rng.random((n, ANSWERS)) < (gaps * 2 / (1 + np.exp(-x1)))[:, None]
    items[missing] = np.nan
    x1 = np.where(rng.random(n) < gaps_in_x1, np.nan, x1)
    return np.column_stack([items, x1, x2, y, w])
