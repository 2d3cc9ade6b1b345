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


def observed_cause() -> tuple[Structure, int]:
    """Items 0-2 measure 4; the observed 3 explains 4, covaries with the residual of item 2 and with 4's."""
    directed = [(0, 4, -1, 1.0), (1, 4, 0, 0.0), (2, 4, 1, 0.0), (4, 3, 2, 0.0), (1, 3, 3, 0.0)]
    symmetric = [(i, i, 4 + i, 0.0) for i in range(5)] + [(2, 3, 9, 0.0), (1, 4, 10, 0.0), (0, 2, 9, 0.0)]
    means = [*((i, i, 11 + i, 0.0) for i in range(4)), (4, 4, -1, 0.3)]
    return Structure(5, 4, cells(directed), cells(symmetric), cells(means)), 15


def plain_factors() -> tuple[Structure, int]:
    """Items 0-2 measure 6, items 3-5 measure 7; 6 explains 7; nothing else."""
    directed = [(0, 6, -1, 1.0), (1, 6, 0, 0), (2, 6, 1, 0), (3, 7, -1, 1.0), (4, 7, 2, 0), (5, 7, 3, 0)]
    symmetric = [(i, i, 5 + i, 0.0) for i in range(8)]
    return Structure(8, 6, cells([*directed, (7, 6, 4, 0.0)]), cells(symmetric), no_cells()), 13


def plain_with_means() -> tuple[Structure, int]:
    base, q = plain_factors()
    means = cells([*((i, i, q + i, 0.0) for i in range(5)), (5, 5, -1, 0.0), (7, 7, q + 5, 0.0)])
    return Structure(8, 6, base.directed, base.symmetric, means), q + 6
