"""The Gram sums of coded answers, and the moments read off them.

Letters: B rows of a block, K categories of an ordinal column, q rows of the one-hot block, G = Z Z' the Gram
matrix, N pairwise weights, S[i, j] = sum of x_i over rows where j is answered, Q[i, j] = sum of x_i x_j.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK = 8192
"""Rows one-hot coded at a time: 150 x 8192 float32 fit the second-level cache."""

CONTINUOUS = 0
"""Size of a column that has no categories; it takes three rows of the block: answered, x, x^2."""
CONTINUOUS_ROWS = 3


@dataclass(frozen=True)
class Gram:
    """Three Gram matrices of one block layout: of rows, of weights, of squared weights.

    Without weights all three are the same array.
    """

    rows: Array
    weights: Array
    squares: Array

    def __add__(self, other: Gram) -> Gram:
        if self.rows is self.weights and other.rows is other.weights:
            total = self.rows + other.rows
            return Gram(total, total, total)
        return Gram(self.rows + other.rows, self.weights + other.weights, self.squares + other.squares)


def block_rows(sizes: Sequence[int]) -> int:
    """q: rows of the one-hot block for columns of these numbers of categories."""
    return sum(size or CONTINUOUS_ROWS for size in sizes)


def block_starts(sizes: Sequence[int]) -> NDArray[np.intp]:
    """First block row of each column, with q appended."""
    return np.concatenate([[0], np.cumsum([size or CONTINUOUS_ROWS for size in sizes])]).astype(np.intp)


def count_gram(
    columns: Sequence[NDArray[np.int8] | Array], sizes: Sequence[int], *, weights: Array | None = None
) -> Gram:
    """One-hot code the columns block by block and sum Z Z'.

    Parameters
    ----------
    columns : p arrays of n rows. Ordinal: integers, 0 .. K - 1 answered, negative silent. Continuous:
    floats about
        the declared origin, NaN silent.
    sizes : categories of each column, `CONTINUOUS` for a column without.
    weights : (n,) case weights, or None.

    Returns
    -------
    Gram : (q, q) sums in float64. Counts of unweighted ordinal columns are exact, however rows are
    partitioned.
    """
    q, n = block_rows(sizes), len(columns[0]) if columns else 0
    # float32 holds every count of a block exactly; weights and measured values need float64
    exact = weights is None and all(sizes)
    z = np.empty((q, BLOCK), dtype=np.float32 if exact else np.float64)
    totals = [np.zeros((q, q)) for _ in range(1 if weights is None else 3)]
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        block = z[:, : stop - start]
        _fill(block, columns, sizes, start, stop)
        totals[0] += block @ block.T
        if weights is not None:
            w = weights[start:stop]
            root = block * np.sqrt(w)
            totals[1] += root @ root.T
            block *= w
            totals[2] += block @ block.T
    if weights is None:
        return Gram(totals[0], totals[0], totals[0])
    return Gram(*totals)


def _fill(
    block: NDArray[np.floating],
    columns: Sequence[NDArray[np.int8] | Array],
    sizes: Sequence[int],
    start: int,
    stop: int,
) -> None:
    at = 0
    for column, size in zip(columns, sizes, strict=True):
        values = column[start:stop]
        if size:
            for category in range(size):
                np.copyto(block[at + category], values == category)
            at += size
        else:
            answered = ~np.isnan(values)
            x = np.where(answered, values, 0.0)
            block[at], block[at + 1], block[at + 2] = answered, x, x * x
            at += CONTINUOUS_ROWS


def contractions(sizes: Sequence[int], values: Sequence[Array]) -> tuple[Array, Array]:
    """Matrices (q, p) that turn block rows into 'answered' and into 'value about the origin'.

    values : for an ordinal column its category values about the origin, (K,); ignored for a continuous one.
    """
    starts = block_starts(sizes)
    answered, value = np.zeros((starts[-1], len(sizes))), np.zeros((starts[-1], len(sizes)))
    for i, size in enumerate(sizes):
        if size:
            answered[starts[i] : starts[i + 1], i] = 1.0
            value[starts[i] : starts[i + 1], i] = values[i]
        else:
            answered[starts[i], i] = 1.0
            value[starts[i] + 1, i] = 1.0
    return answered, value


@dataclass(frozen=True)
class PairSums:
    """N, S, Q of the module's key, each (p, p)."""

    weight: Array
    first: Array
    product: Array


def pair_sums(gram: Array, sizes: Sequence[int], values: Sequence[Array]) -> PairSums:
    """Pairwise weight, sums and products from a Gram matrix."""
    answered, value = contractions(sizes, values)
    half_a, half_v = gram @ answered, gram @ value
    return PairSums(answered.T @ half_a, value.T @ half_a, value.T @ half_v)


def pair_covariance(sums: PairSums, pair_rows: Array, *, ddof: int = 1) -> Array:
    """Covariance of each pair over the rows that answered both; NaN where fewer than ddof + 1 did.

    (Q - S S' / N) / N * n / (n - ddof), n the unweighted number of pairs: with weights the estimator of
    R survey's svyvar, without them the usual one.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = (sums.product - sums.first * sums.first.T / sums.weight) / sums.weight
        covariance = covariance * (pair_rows / (pair_rows - ddof))
    covariance[pair_rows <= ddof] = np.nan
    return np.asarray((covariance + covariance.T) / 2)


def pair_correlation(gram: Array, sizes: Sequence[int], values: Sequence[Array]) -> Array:
    """Pearson correlation of each pair, means and variances over the rows that answered both."""
    starts = block_starts(sizes)
    answered, value = contractions(sizes, values)
    square = np.zeros_like(value)
    for i, size in enumerate(sizes):
        if size:
            square[starts[i] : starts[i + 1], i] = values[i] ** 2
        else:
            square[starts[i] + 2, i] = 1.0
    half = gram @ answered
    n, s, q2 = answered.T @ half, value.T @ half, square.T @ half
    product = value.T @ gram @ value
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = q2 / n - (s / n) ** 2
        correlation = (product / n - s * s.T / n**2) / np.sqrt(variance * variance.T)
    correlation[np.diag_indices_from(correlation)] = np.where(np.diag(variance) > 0, 1.0, np.nan)
    return np.asarray((correlation + correlation.T) / 2)


def correlation_of(covariance: Array) -> Array:
    """Correlations of a covariance matrix, the diagonal exactly 1; NaN where a variance is 0."""
    sd = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = covariance / np.outer(sd, sd)
    correlation[np.diag_indices_from(correlation)] = np.where(sd > 0, 1.0, np.nan)
    return np.asarray(correlation)
