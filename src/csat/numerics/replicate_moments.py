"""Means and correlations of the items in every bootstrap replicate, by products with the multiplicities.

Letters: n rows, p items, R replicates, w weights of the rows, m (R, n) multiplicities, x answers about their
mean. The sums of all replicates are one product, C m' with C (columns, n) the squares, products and answered
flags of the items; no replicate passes over the rows by itself. Matrices are held with the replicate LAST.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import TooFew
from csat.numerics.resampling import row_factors, sums_by

if TYPE_CHECKING:
    from csat.numerics.replication import Replication

Array = NDArray[np.float64]
Missing = Literal["listwise", "pairwise", "mean"]

ROWS_AT_ONCE = 4096
REPLICATES_AT_ONCE = 128
"""A block of multiplicities of 4 MB."""
MATRICES_AT_ONCE = 512
"""Correlation matrices yielded together: with 24 items they fill the second-level cache."""
NO_VARIANCE = 1e-12
"""A variance below this share of the item's variance over all rows is none: its answers are all the same."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Of N samples of the same p items.

    mean, sd : (p, N), sd with n - 1. correlation : (p, p, N), Pearson; NaN where an item has no variance.
    polychoric : (p, p, N) of the normals that underlie ordinal items, when asked for.
    """

    mean: Array
    sd: Array
    correlation: Array
    polychoric: Array | None = None


def moments(
    answers: ArrayLike, *, weights: ArrayLike | None = None, missing: Missing = "listwise"
) -> Moments:
    """Means, sds and correlations of the rows themselves, N = 1.

    Parameters
    ----------
    answers : (n, p), NaN where silent. weights : (n,).
    missing : `listwise` rows that answered everything; `pairwise` each mean over those who answered, each
        correlation over those who answered both, with their own means and variances; `mean` an empty cell
        holds the item's mean.

    Raises
    ------
    TooFew : fewer than 3 rows left.
    """
    data = _Columns(answers, weights, np.arange(len(np.asarray(answers))), missing)
    return data.moments(data.sums()[:, None])


def training_moments(answers: ArrayLike, folds: ArrayLike, *, weights: ArrayLike | None = None) -> Moments:
    """Moments of the rows outside each fold, N folds in the order of their labels.

    Parameters
    ----------
    answers : (n, p) complete. folds : (n,) label of each row's fold. weights : (n,).
    """
    x, labels = np.asarray(answers, dtype=float), np.asarray(folds)
    data = _Columns(x, weights, np.arange(len(x)), "listwise")
    inside = [np.flatnonzero(labels == k) for k in np.unique(labels)]
    within = np.column_stack([data.sums(rows) for rows in inside])
    n = len(x) - np.array([len(rows) for rows in inside])
    return data.moments(data.sums()[:, None] - within, bessel=n / (n - 1.0))


def replicate_moments(
    answers: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    rows: ArrayLike | None = None,
    replicates: int,
    seed: int = 0,
    missing: Missing = "listwise",
    replication: Replication | None = None,
) -> Iterator[Moments]:
    """Yield the moments of all replicates, at most `MATRICES_AT_ONCE` at a time, in order.

    Parameters
    ----------
    rows : (n,) whole numbers that name the rows, default 0 .. n - 1: replicate r of a row is the same in
        every analysis. With `listwise` the incomplete rows are left out of every replicate.
    replication : how these rows are resampled, default each by itself; its `count(replicates)` are yielded.

    The rest as `moments`.
    """
    x = np.asarray(answers, dtype=float)
    names = np.arange(len(x)) if rows is None else np.asarray(rows)
    data = _Columns(x, weights, names, missing, replication)
    count = replicates if replication is None else replication.count(replicates)
    sums = data.unit_sums(count, seed) if data.has_units else data.row_sums(count, seed)
    for first in range(0, count, MATRICES_AT_ONCE):
        yield data.moments(sums[:, first : first + MATRICES_AT_ONCE])


def jackknife_moments(
    answers: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    missing: Missing = "listwise",
    groups: int = 1000,
    group: ArrayLike | None = None,
) -> Iterator[Moments]:
    """Yield the moments without each row, or without each of `groups` runs of rows when there are more rows.

    For the acceleration of BCa intervals. group : (n,) which rows are left out together, 0 .. G - 1, instead.
    The rest as `moments`.
    """
    data = _Columns(answers, weights, np.arange(len(np.asarray(answers))), missing)
    if group is None:
        out = min(groups, len(data.x))
        of = np.arange(len(data.x)) * out // len(data.x)
    else:
        every = np.asarray(group, dtype=np.intp)
        of, out = every[data.names], int(every.max()) + 1
    sums, first = np.zeros((data.columns, out)), 0
    for part in data.parts():
        sums += sums_by(part, of[first : first + len(part)], out).T
        first += len(part)
    sums = sums.sum(axis=1, keepdims=True) - sums
    for first in range(0, out, MATRICES_AT_ONCE):
        yield data.moments(sums[:, first : first + MATRICES_AT_ONCE])


def subset_moments(
    answers: ArrayLike,
    members: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    missing: Missing = "listwise",
) -> Moments:
    """Moments of N subsets of the rows at once.

    Parameters
    ----------
    members : (N, n) whether a row is of a subset. The rest as `moments`; `answers` must be complete when
        `listwise`. All subsets take the n / (n - 1) of the smallest.
    """
    x, chosen = np.asarray(answers, dtype=float), np.asarray(members, dtype=float)
    data = _Columns(x, weights, np.arange(len(x)), missing)
    sums, first = np.zeros((data.columns, len(chosen))), 0
    for part in data.parts():
        sums += part.T @ chosen[:, first : first + len(part)].T
        first += len(part)
    rows = chosen.sum(axis=1).min()
    return data.moments(sums, bessel=rows / (rows - 1.0))


class _Columns:
    """The columns whose weighted sums give the moments.

    Complete data: 1, x_i, x_i x_j (i <= j). Else, with a the answered flags and x = 0 where silent:
    1, a_i a_j (i <= j), x_i x_j (i <= j), x_i a_j, x_i^2 a_j.
    """

    def __init__(
        self,
        answers: ArrayLike,
        weights: ArrayLike | None,
        names: NDArray[np.int64],
        missing: Missing,
        replication: Replication | None = None,
    ) -> None:
        x = np.asarray(answers, dtype=float)
        answered = ~np.isnan(x)
        complete = bool(answered.all())
        w = None if weights is None else np.asarray(weights, dtype=float)
        if missing == "listwise" and not complete:
            keep = answered.all(axis=1)
            x, answered, names = x[keep], answered[keep], names[keep]
            w = None if w is None else w[keep]
            replication = None if replication is None else replication.where(keep)
            complete = True
        self.replication = replication
        if len(x) < 3:
            raise TooFew(
                f"correlations need at least 3 respondents who answered, there are {len(x)}",
                do="Leave out the items that few answered, or use pairwise correlations",
            )
        self.missing: Missing = missing
        self.complete = complete
        self.p = x.shape[1]
        self.upper = np.triu_indices(self.p)
        v = np.ones(len(x)) if w is None else w
        with np.errstate(invalid="ignore", divide="ignore"):
            # sums are kept about the mean of all rows, so that no digits are lost in the differences
            if complete:
                given = np.full(self.p, v.sum())
                self.origin = v @ x / given
                self.x = x - self.origin
                n = np.full(self.p, len(x))
            else:
                given = v @ answered
                self.origin = np.nan_to_num(v @ np.where(answered, x, 0.0) / given)
                self.x = np.where(answered, x - self.origin, 0.0)
                n = np.full(self.p, len(x)) if missing == "mean" else answered.sum(axis=0)
            self.scale = np.einsum("n,np,np->p", v, self.x, self.x) / given
            self.bessel = np.where(n > 1, n / (n - 1.0), np.nan)
        self.answered = answered
        self.w, self.names = w, names
        pairs = len(self.upper[0])
        self.columns = 1 + (self.p + pairs if self.complete else 2 * pairs + 2 * self.p**2)

    @property
    def has_units(self) -> bool:
        """Whether rows are resampled together, and fewer units than rows."""
        made = self.replication
        return made is not None and made.unit is not None and made.units < len(self.x)

    def row_sums(self, replicates: int, seed: int) -> Array:
        """(columns, R) sums in every replicate, by a factor for every row."""
        sums = np.zeros((self.columns, replicates))
        for k, part in enumerate(self.parts()):
            rows = slice(k * ROWS_AT_ONCE, (k + 1) * ROWS_AT_ONCE)
            numbers, first = self.names[rows], 0
            own = None if self.replication is None else self.replication.where(np.arange(len(self.x))[rows])
            cells = REPLICATES_AT_ONCE * len(numbers)
            for m in row_factors(numbers, replicates, seed=seed, cells=cells, replication=own):
                sums[:, first : first + len(m)] += (m @ part).T
                first += len(m)
        return sums

    def unit_sums(self, replicates: int, seed: int) -> Array:
        """The same by a factor for every unit: one pass over the rows, whatever the number of replicates."""
        made = self.replication
        assert made is not None and made.unit is not None
        order = np.argsort(made.unit, kind="stable")
        ends = np.cumsum(np.bincount(made.unit, minlength=made.units))
        of_units = np.array([self.sums(rows) for rows in np.split(order, ends[:-1])])
        drawn = made.unit_factors(replicates, seed=seed, size=REPLICATES_AT_ONCE)
        return np.hstack([(f @ of_units).T for f in drawn])

    def parts(self) -> Iterator[Array]:
        """(rows, columns) blocks, times the weights."""
        i, j = self.upper
        for first in range(0, len(self.x), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            x, a = self.x[part], self.answered[part].astype(float)
            columns = [np.ones((len(x), 1))]
            if self.complete:
                columns += [x, x[:, i] * x[:, j]]
            else:
                columns += [a[:, i] * a[:, j], x[:, i] * x[:, j]]
                columns += [(y[:, :, None] * a[:, None, :]).reshape(len(x), -1) for y in (x, x * x)]
            block = np.hstack(columns)
            if self.w is not None:
                block *= self.w[part, None]
            yield block

    def sums(self, rows: NDArray[np.intp] | None = None) -> Array:
        """(columns,) over all rows, or some: products of matrices, without the columns of `parts`."""
        total, (i, j) = np.zeros(self.columns), self.upper
        for first in range(0, len(self.x) if rows is None else len(rows), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            at = part if rows is None else rows[part]
            x = self.x[at]
            w = np.ones(len(x)) if self.w is None else self.w[at]
            wx = x if self.w is None else x * w[:, None]
            found = [[w.sum()], (wx.T @ x)[i, j]]
            if self.complete:
                found.insert(1, w @ x)
            else:
                a = self.answered[at].astype(float)
                found.insert(1, ((a * w[:, None]).T @ a)[i, j])
                found += [(y.T @ a).ravel() for y in (wx, wx * x)]
            total += np.concatenate(found)
        return total

    def moments(self, sums: Array, *, bessel: float | Array | None = None) -> Moments:
        """From the sums, (columns, N); `bessel`: n / (n - 1) of variances, default of all rows, or (N,)."""
        factor = self.bessel[:, None] if bessel is None else np.asarray(bessel)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean, variance, r = self._of_complete(sums) if self.complete else self._of_pairs(sums)
            return Moments(mean + self.origin[:, None], np.sqrt(variance * factor), r)

    def _of_complete(self, sums: Array) -> tuple[Array, Array, Array]:
        """Means about the origin, variances (over n), correlations."""
        p, (i, j) = self.p, self.upper
        mean = sums[1 : p + 1] / sums[0]
        products = sums[p + 1 :] / sums[0]
        products -= mean[i] * mean[j]
        variance = self._real(products[i == j])
        deviation = np.sqrt(variance)
        products /= deviation[i]
        products /= deviation[j]
        correlation = self._square(products)
        correlation[np.arange(p), np.arange(p)] = np.where(np.isnan(variance), np.nan, 1.0)
        return mean, variance, correlation

    def _of_pairs(self, sums: Array) -> tuple[Array, Array, Array]:
        p, n, k = self.p, sums.shape[1], len(self.upper[0])
        total, rest = sums[0], sums[1:]
        both, product = self._square(rest[:k]), self._square(rest[k : 2 * k])
        first, second = rest[2 * k :].reshape(2, p, p, n)
        one = np.arange(p)
        mean = first[one, one] / both[one, one]
        if self.missing == "mean":
            # a filled cell adds nothing to a sum about the mean
            covariance = product - mean[:, None] * first.swapaxes(0, 1) - mean[None, :] * first
            covariance += mean[:, None] * mean[None, :] * both
            variance = self._real(covariance[one, one] / total)
            correlation = covariance / (np.sqrt(variance[:, None] * variance[None, :]) * total)
        else:
            variance = self._real(product[one, one] / both[one, one] - mean**2)
            covariance = product / both - first * first.swapaxes(0, 1) / both**2
            pair = second / both - (first / both) ** 2
            pair = np.where(pair > NO_VARIANCE * self.scale[:, None, None], pair, np.nan)
            correlation = covariance / np.sqrt(pair * pair.swapaxes(0, 1))
        correlation[one, one] = np.where(np.isnan(variance), np.nan, 1.0)
        return mean, variance, correlation

    def _real(self, variance: Array) -> Array:
        """Variances, NaN where all answers are the same."""
        return np.where(variance > NO_VARIANCE * self.scale[:, None], variance, np.nan)

    def _square(self, upper: Array) -> Array:
        """(p, p, N) symmetric from (pairs, N)."""
        i, j = self.upper
        out = np.empty((self.p, self.p, upper.shape[1]))
        out[i, j] = upper
        out[j, i] = upper
        return out
