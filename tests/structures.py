"""Structures built by hand, for tests of the numerics of structural models."""

from __future__ import annotations

import numpy as np

from csat.numerics.structure import Cells, Structure, no_cells


def cells(places: list[tuple[int, int, int, float]]) -> Cells:
    row, column, parameter, value = zip(*places, strict=True)
    return Cells(np.array(row), np.array(column), np.array(parameter), np.array(value, dtype=float))


def two_factors(*, means: bool = False) -> tuple[Structure, int]:
    """Items 0-2 measure 6, items 3-5 measure 7; 6 -> 7; a shared loading, a residual covariance."""
    directed = [(0, 6, -1, 1.0), (1, 6, 0, 0), (2, 6, 1, 0), (3, 7, -1, 1.0), (4, 7, 0, 0), (5, 7, 2, 0)]
    directed += [(7, 6, 3, 0), (5, 6, 4, 0)]
    symmetric = [(i, i, 5 + i, 0.0) for i in range(8)] + [(0, 3, 13, 0.0)]
    a = cells([*((i, i, 14 + i, 0.0) for i in range(6)), (7, 7, 20, 0.0)]) if means else no_cells()
    return Structure(8, 6, cells(directed), cells(symmetric), a), 21 if means else 14


def some_theta(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    theta = rng.uniform(0.4, 1.2, count)
    theta[13] = rng.uniform(-0.1, 0.1)
    return theta
