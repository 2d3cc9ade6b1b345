"""Signs of careless answering, one number per respondent.

`codes` are whole numbers, one column per item in the order shown, before any item is turned; a negative code
is silence. `answers` are floats with NaN for silence. A column-major array is fastest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular
from scipy.special import chdtrc

from csat.numerics.linalg import Array, cholesky, independent_columns

Integers = NDArray[np.int64]

SYNONYM_AT_LEAST = 0.60
"""Correlation from which two items count as saying the same (Meade & Craig 2012)."""


class Runs(NamedTuple):
    """Runs of equal answers of each respondent: the longest, and answers per run (NaN without answers)."""

    longest: Integers
    mean: Array


def runs(codes: NDArray[Any]) -> Runs:
    """Longest run of equal answers, and the mean run; a silence ends a run.

    Parameters
    ----------
    codes : (n, p) whole numbers in shown order, negative where silent.

    References
    ----------
    Johnson (2005), Journal of Research in Personality 39, 103-129; Meade & Craig (2012).
    """
    n, p = codes.shape
    longest = np.zeros(n, dtype=np.int16)
    current = np.zeros(n, dtype=np.int16)
    answered = np.zeros(n, dtype=np.int16)
    number = np.zeros(n, dtype=np.int16)
    for j in range(p):
        here = codes[:, j]
        is_answer = here >= 0
        goes_on = is_answer & (here == codes[:, j - 1]) if j else np.zeros(n, dtype=bool)
        current *= goes_on
        current += is_answer
        np.maximum(longest, current, out=longest)
        answered += is_answer
        number += is_answer & ~goes_on
    with np.errstate(invalid="ignore"):
        return Runs(longest.astype(np.int64), answered / number)


def individual_variability(answers: ArrayLike) -> Array:
    """Standard deviation (n - 1) of each respondent's own answers; 0 for one who always gives the same.

    Parameters
    ----------
    answers : (n, p) before turning, NaN where silent.

    Returns
    -------
    (n,), NaN with fewer than 2 answers.

    References
    ----------
    Dunn, Heggestad, Shanock & Theilgard (2018), Journal of Business and Psychology 33, 105-121.
    """
    x = np.asarray(answers, dtype=float)
    silent = np.isnan(x)
    x = np.where(silent, 0.0, x)
    n = x.shape[1] - silent.sum(axis=1)
    # n sum x^2 - (sum x)^2 is exact for whole answers, so equal answers give exactly 0
    spread = n * np.einsum("ij,ij->i", x, x) - x.sum(axis=1) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 1, np.sqrt(np.maximum(spread, 0.0) / (n * (n - 1.0))), np.nan)


class Distances(NamedTuple):
    """Squared Mahalanobis distances with their chi-square probabilities.

    columns : positions of the items the distance is made of; fewer than p when some repeat others.
    df : answered items among them, per respondent; 0 gives NaN.
    """

    squared: Array
    df: Integers
    p: Array
    columns: NDArray[np.intp]


def mahalanobis(answers: ArrayLike, mean: ArrayLike, cov: ArrayLike) -> Distances:
    """(x - m)' S^-1 (x - m) over the items each respondent answered, S and m cut to those items.

    With P = S^-1 and d = x - m, zero where silent, the distance over the answered items is
    d'Pd - v' P_mm^-1 v, v = (Pd)_m, m the silent items: one product for all rows, and a small solve for each
    pattern of silence. Items that repeat others (S singular) are passed over, which is the pseudo-inverse.

    Parameters
    ----------
    answers : (n, p), NaN where silent. mean : (p,). cov : (p, p).

    References
    ----------
    Mahalanobis (1936); Meade & Craig (2012).
    """
    s = np.asarray(cov, dtype=float)
    kept = independent_columns(s)
    if not kept.size:
        nothing = np.full(len(np.asarray(answers)), np.nan)
        return Distances(nothing, np.zeros(nothing.size, dtype=np.int64), nothing.copy(), kept)
    d = np.asarray(answers, dtype=float)[:, kept] - np.asarray(mean, dtype=float)[kept]
    silent = np.isnan(d)
    some = np.flatnonzero(silent.any(axis=1))
    factor = cholesky(s[np.ix_(kept, kept)])
    half = solve_triangular(factor, np.eye(len(kept)), lower=True)  # S^-1 = half' half
    if some.size:
        d[silent] = 0.0
    z = d @ half.T
    squared = np.einsum("ij,ij->i", z, z)
    df = np.full(len(d), kept.size, dtype=np.int64)
    if some.size:
        _take_out_silent(squared, z[some] @ half, silent[some], some, half.T @ half)
        df[some] -= silent[some].sum(axis=1)
    squared = np.where(df > 0, np.maximum(squared, 0.0), np.nan)
    return Distances(squared, df, np.where(df > 0, chdtrc(np.maximum(df, 1), squared), np.nan), kept)


def _take_out_silent(
    squared: Array, products: Array, silent: NDArray[np.bool_], rows: NDArray[np.intp], precision: Array
) -> None:
    """Subtract v' P_mm^-1 v in `squared[rows]`, patterns with equally many silent items at once."""
    patterns, which = distinct_patterns(silent)
    sizes = patterns.sum(axis=1)
    inverses: dict[int, Array] = {}
    place = np.zeros(len(patterns), dtype=np.intp)
    columns: dict[int, NDArray[np.intp]] = {}
    for m in np.unique(sizes):
        those = np.flatnonzero(sizes == m)
        at = np.nonzero(patterns[those])[1].reshape(len(those), m)
        inverses[int(m)] = np.asarray(np.linalg.inv(precision[at[:, :, None], at[:, None, :]]), dtype=float)
        columns[int(m)] = at
        place[those] = np.arange(len(those))
    size_of_row = sizes[which]
    for m, inverse in inverses.items():
        chosen = np.flatnonzero(size_of_row == m)
        for part in np.array_split(chosen, max(1, chosen.size * m * m // 4_000_000)):
            pattern = place[which[part]]
            v = np.take_along_axis(products[part], columns[m][pattern], axis=1)
            squared[rows[part]] -= np.einsum("ia,iab,ib->i", v, inverse[pattern], v)


def distinct_patterns(flags: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The different rows of a boolean matrix, and for each row which of them it is."""
    packed = np.packbits(flags, axis=1)
    padded = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    words = padded.view(np.uint64)
    keys = (
        words[:, 0] if words.shape[1] == 1 else np.ascontiguousarray(padded).view(f"V{padded.shape[1]}")[:, 0]
    )
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return flags[first], which.reshape(-1)


class Duplicates(NamedTuple):
    """Rows with the same answers.

    first : position of the first such row, its own when there is none before it. size : rows that share the
    answers, 1 when unique.
    """

    first: NDArray[np.intp]
    size: Integers


def duplicate_rows(columns: Sequence[NDArray[Any]]) -> Duplicates:
    """Rows whose codes are equal in every column, silences included.

    Rows are compared by a 64-bit sum, and those that agree in it cell by cell.

    Parameters
    ----------
    columns : p arrays (n,) of whole numbers.
    """
    n = len(columns[0])
    # fixed odd multipliers: the same rows collide, or do not, in every run
    multipliers = np.random.Generator(np.random.PCG64(0)).integers(0, 2**63, len(columns), dtype=np.uint64)
    key = np.zeros(n, dtype=np.uint64)
    for column, multiplier in zip(columns, 2 * multipliers + np.uint64(1), strict=True):
        key += column.astype(np.int64).view(np.uint64) * multiplier
    _, first, which, size = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    which = which.reshape(-1)
    repeated = np.flatnonzero(size[which] > 1)
    origin = first[which[repeated]]
    if any((column[repeated] != column[origin]).any() for column in columns):  # pragma: no cover
        # two different rows with one sum: compare whole rows instead
        table = np.ascontiguousarray(np.column_stack(columns))
        whole = table.view(f"V{table.dtype.itemsize * table.shape[1]}")[:, 0]
        _, first, which, size = np.unique(whole, return_index=True, return_inverse=True, return_counts=True)
        which = which.reshape(-1)
    return Duplicates(first[which], size[which].astype(np.int64))


def row_correlation(a: ArrayLike, b: ArrayLike, *, at_least: int = 3) -> Array:
    """Correlation of a_i with b_i within each row, over the columns present in both.

    Parameters
    ----------
    a, b : (n, m), NaN where absent.

    Returns
    -------
    (n,), NaN with fewer than `at_least` pairs or no spread.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    both = ~(np.isnan(a) | np.isnan(b))
    n = both.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        da = np.where(both, a, 0.0)
        db = np.where(both, b, 0.0)
        da = np.where(both, da - (da.sum(axis=1) / n)[:, None], 0.0)
        db = np.where(both, db - (db.sum(axis=1) / n)[:, None], 0.0)
        saa, sbb = np.einsum("ij,ij->i", da, da), np.einsum("ij,ij->i", db, db)
        tiny = 1e-12 * (1.0 + np.einsum("ij,ij->i", np.where(both, a, 0.0), np.where(both, a, 0.0)))
        r = np.einsum("ij,ij->i", da, db) / np.sqrt(saa * sbb)
    return np.where((n >= at_least) & (saa > tiny) & (sbb > tiny), np.clip(r, -1.0, 1.0), np.nan)


def even_odd_consistency(answers: ArrayLike, scales: Sequence[Sequence[int]]) -> Array:
    """Within-person correlation over scales of odd-half and even-half means, stepped up by Spearman-Brown.

    2r / (1 + r), not below -1; at least 3 scales with both halves answered, else NaN.

    Parameters
    ----------
    answers : (n, p), turned the right way round. scales : positions of the items of each scale; scales of one
        item are left out.

    References
    ----------
    Jackson (1976), after Johnson (2005); Meade & Craig (2012).
    """
    x = np.asarray(answers, dtype=float)
    usable = [list(items) for items in scales if len(items) > 1]
    if len(usable) < 3:
        return np.full(len(x), np.nan)
    odd = np.column_stack([_row_mean(x[:, items[0::2]]) for items in usable])
    even = np.column_stack([_row_mean(x[:, items[1::2]]) for items in usable])
    r = row_correlation(odd, even)
    with np.errstate(divide="ignore"):
        return np.maximum(2 * r / (1 + r), -1.0)


def synonym_pairs(correlation: ArrayLike, *, at_least: float = SYNONYM_AT_LEAST) -> NDArray[np.intp]:
    """(m, 2) positions of item pairs that correlate at least so much; of antonyms for a negative value."""
    r = np.asarray(correlation, dtype=float)
    i, j = np.triu_indices(len(r), 1)
    with np.errstate(invalid="ignore"):
        chosen = r[i, j] >= at_least if at_least >= 0 else r[i, j] <= at_least
    return np.column_stack([i[chosen], j[chosen]])


def synonym_consistency(answers: ArrayLike, pairs: NDArray[np.intp]) -> Array:
    """Within-person correlation over pairs of items that mean the same (or the opposite); NaN below 3 pairs.

    Parameters
    ----------
    answers : (n, p). pairs : (m, 2) of `synonym_pairs`.

    References
    ----------
    Goldberg, after Meade & Craig (2012).
    """
    x = np.asarray(answers, dtype=float)
    return row_correlation(x[:, pairs[:, 0]], x[:, pairs[:, 1]])


def _row_mean(x: Array) -> Array:
    there = ~np.isnan(x)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(there, x, 0.0).sum(axis=1) / there.sum(axis=1))
