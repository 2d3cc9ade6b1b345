"""Simulated answers for models of ordered items, numbers and covariates, the same wherever they are made."""

from __future__ import annotations

import numpy as np

NAMES = ("a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4", "age", "member", "spend")
ORDERED = ("a1", "a2", "a4", "b1", "b2", "b3")
LOADINGS = (0.8, 0.7, 0.9, 0.6, 0.8, 0.7, 0.75, 0.65)
CUTS = (-1.2, -0.4, 0.3, 1.0)


def answers(*, gaps: bool = False, n: int = 500, seed: int = 2) -> np.ndarray:
    """(n, 11): five-point items (b3 two-point), numbers a3, b4, age, 0/1 member, spend.

    gaps : a tenth of the items' answers is missing. The last column but none is caused by B.
    """
    rng = np.random.default_rng(seed)
    age = rng.uniform(-1.5, 1.5, n).round(2)
    member = (rng.random(n) < 0.4).astype(float)
    factor = np.empty((n, 2))
    factor[:, 0] = 0.4 * age - 0.3 * member + rng.normal(size=n)
    factor[:, 1] = 0.5 * factor[:, 0] + 0.25 * age + 0.8 * rng.normal(size=n)
    y = np.empty((n, 8))
    for j, loading in enumerate(LOADINGS):
        y[:, j] = loading * factor[:, j // 4] + 0.6 * rng.normal(size=n)
    items = y.copy()
    for j in (0, 1, 3, 4, 5):
        items[:, j] = np.searchsorted(CUTS, y[:, j]) + 1
    items[:, 6] = (y[:, 6] > 0.2) + 1.0
    items[:, 2] = (3 + 1.5 * y[:, 2] + 0.3 * y[:, 2] ** 2).round(3)
    items[:, 7] = (10 + 2 * y[:, 7]).round(3)
    spend = (50 + 8 * factor[:, 1] + 5 * member + 6 * rng.normal(size=n)).round(1)
    if gaps:
        items[rng.random(items.shape) < 0.1] = np.nan
    return np.column_stack([items, age, member, spend])
