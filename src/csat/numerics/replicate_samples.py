"""What a model is fitted to in every replicate of its rows: covariances, patterns of gaps, ordered items.

Letters: n rows, p items, R replicates of a batch, f (R, n) factors of the rows: how often a row counts in a
replicate. Sums over the rows of all replicates of a batch are one product of f with the columns they are made
of. A row drawn k times is k respondents; where factors are no whole numbers (strata, clusters) they are
weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from csat.errors import NumericsError
from csat.numerics.linalg import Array
from csat.numerics.missing import Patterns
from csat.numerics.ordered import OrderedSample
from csat.numerics.ordinal import influence_parts, normal_density, polychoric_pairs
from csat.numerics.samples import Sample

Mask = NDArray[np.bool_]
Codes = NDArray[np.int64]
Positions = NDArray[np.intp]

ROWS_AT_ONCE = 4096
NEARLY_NOTHING = 1e-9
"""Weight, next to the others, of a threshold that a replicate does not have."""


def are_counts(factors: Array) -> bool:
    """Whether rows are drawn a whole number of times."""
    return bool((factors == np.rint(factors)).all())


def drawn_rows(factor: Array, weights: Array | None) -> tuple[Positions, Array | None]:
    """The rows of one replicate, each as often as it was drawn, and their weights.

    factor : (n,). With factors that are no counts the rows stand once and the factors are in the weights.
    """
    if are_counts(factor):
        rows = np.repeat(np.arange(factor.size), factor.astype(np.intp))
        return rows, None if weights is None else weights[rows]
    rows = np.flatnonzero(factor > 0)
    own = factor[rows]
    return rows, own if weights is None else own * weights[rows]


class CompleteRows:
    """Covariances and means of complete answers. rows : (n, p). weights : (n,)."""

    def __init__(self, rows: Array, weights: Array | None) -> None:
        self.weights = np.ones(len(rows)) if weights is None else weights
        self.middle = self.weights @ rows / self.weights.sum()
        # about the mean, so that no digits are lost in the differences
        self.rows = rows - self.middle
        self.upper = np.triu_indices(rows.shape[1])

    def moments(self, factors: Array) -> tuple[Array, Array]:
        """Covariances (R, p, p), dividing by the sum of the weights, and means (R, p); NaN without rows."""
        i, j = self.upper
        p, pairs = self.rows.shape[1], self.upper[0].size
        sums = np.zeros((len(factors), 1 + p + pairs))
        for first in range(0, len(self.rows), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            x = self.rows[part]
            columns = np.hstack([np.ones((len(x), 1)), x, x[:, i] * x[:, j]])
            sums += (factors[:, part] * self.weights[part]) @ columns
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = sums[:, 1 : 1 + p] / sums[:, :1]
            products = sums[:, 1 + p :] / sums[:, :1] - mean[:, i] * mean[:, j]
        cov = np.empty((len(factors), p, p))
        cov[:, i, j] = products
        cov[:, j, i] = products
        return cov, mean + self.middle


class GappedRows:
    """Answers with gaps, gathered by which items are answered. sample : of all rows, made by `of_gaps`.

    steady : a replicate counts as much as all rows do, whatever the sum of its factors. The rows of a
    replicate's factors are those of `patterns` before it sorted them: `order` says which.
    """

    def __init__(self, sample: Sample, rows: Array, *, steady: bool = True) -> None:
        assert sample.gaps is not None
        self.steady = steady
        self.data = sample.gaps
        known = ~np.isnan(rows)
        packed = np.packbits(known, axis=1)
        keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
        self.order = np.argsort(np.unique(keys, return_inverse=True)[1], kind="stable")
        self.middle = sample.mean
        self.upper = np.triu_indices(rows.shape[1])

    def patterns(self, factors: Array) -> Iterator[Patterns]:
        """Of each replicate, without the patterns nobody has there."""
        data, (i, j) = self.data, self.upper
        own = factors[:, self.order] * data.weights
        count, p = data.observed.shape
        n = np.zeros((len(own), count))
        several = np.zeros((len(own), count), dtype=bool)
        first, second = np.zeros((len(own), count, p)), np.zeros((len(own), count, i.size))
        for k, (a, b) in enumerate(zip(data.starts[:-1], data.starts[1:], strict=True)):
            x = (data.rows[a:b] - self.middle) * data.observed[k]
            f = own[:, a:b]
            n[:, k] = f.sum(axis=1)
            several[:, k] = np.count_nonzero(f, axis=1) > 1
            first[:, k], second[:, k] = f @ x, f @ (x[:, i] * x[:, j])
        for many, sums, squares, differ in zip(n, first, second, several, strict=True):
            there = np.flatnonzero(many > 0)
            scale = data.total / many.sum() if self.steady and there.size else 1.0
            mean = sums[there] / many[there, None]
            cov = np.empty((there.size, p, p))
            spread = squares[there] / many[there, None] - mean[:, i] * mean[:, j]
            # of one row, drawn as often as may be, only rounding would be left
            spread[~differ[there]] = 0.0
            cov[:, i, j] = spread
            cov[:, j, i] = spread
            observed = data.observed[there]
            yield Patterns(
                observed,
                many[there] * scale,
                mean + self.middle * observed,
                cov,
                data.rows,
                data.weights,
                data.starts,
            )


@dataclass(frozen=True, eq=False)
class OrderedReplicates:
    """Moments of ordered items in R replicates, as `OrderedSample.moments`.

    moments : (R, k), NaN where a correlation cannot be had, or a threshold is beyond all answers. weight :
    (R, k) inverse variances of the moments, 0 for those thresholds; None where nothing asks for them.
    lost : (R,) why a replicate has no moments: positions of the items, empty where it has.
    """

    moments: Array
    weight: Array | None
    lost: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class OrderedRows:
    """Coded answers whose thresholds and polychoric correlations are estimated anew in replicates.

    codes : (n, p) positions on each item's scale, negative where there is no answer. weights : (n,). sample :
    of all rows, which says which categories there are. weighed : whether variances of the moments are wanted.
    """

    codes: Codes
    weights: Array | None
    sample: OrderedSample
    weighed: bool
    complete: bool = field(init=False)
    width: int = field(init=False)
    hot: Array = field(init=False)

    def __post_init__(self) -> None:
        complete = bool((self.codes >= 0).all())
        width = int(self.codes.max()) + 1
        n, p = self.codes.shape
        # without an answer: in a category of its own, after the others
        size = width if complete else width + 1
        hot = np.zeros((n, p, size))
        row, item = np.indices((n, p))
        hot[row, item, np.where(self.codes < 0, width, self.codes)] = 1.0
        object.__setattr__(self, "complete", complete)
        object.__setattr__(self, "width", width)
        object.__setattr__(self, "hot", hot.reshape(n, p * size))

    def replicates(self, factors: Array) -> OrderedReplicates:
        """Of a batch of factors (R, n)."""
        p, w = self.codes.shape[1], self.weights
        counts = are_counts(factors)
        size = factors.sum(axis=1) if counts else np.full(len(factors), float(len(self.codes)))
        mass = factors if w is None else factors * w
        # of a group that is not drawn at all there is nothing to scale
        total = mass.sum(axis=1)
        scale = np.where(total > 0, size / np.where(total > 0, total, 1.0), 0.0)
        tables = self._tables(mass) * scale[:, None, None, None, None]
        plain = counts and w is None
        squares = tables
        if self.weighed and not plain:
            squared = mass * (1.0 if w is None else w) if counts else mass**2
            squares = self._tables(squared) * (scale**2)[:, None, None, None, None]
        margins = np.stack(
            [tables[:, i, : self.width, i, : self.width].sum(axis=1) for i in range(p)], axis=1
        )
        return self._of_tables(tables, squares, margins, size, plain=plain)

    def _tables(self, mass: Array) -> Array:
        """(R, p, K, p, K) joint sums of every pair of items."""
        p = self.codes.shape[1]
        k = self.hot.shape[1] // p
        found = np.stack([(self.hot.T * own) @ self.hot for own in mass])
        return found.reshape(len(mass), p, k, p, k)

    def _of_tables(
        self, tables: Array, squares: Array, margins: Array, size: Array, *, plain: bool
    ) -> OrderedReplicates:
        """margins : (R, p, K). size : (R,) respondents. plain : every answer counts once or not at all."""
        count, p = margins.shape[:2]
        alone = (margins > 0).sum(axis=2) < 2
        lost: list[tuple[int, ...]] = [tuple(np.flatnonzero(own).tolist()) for own in alone]
        t, pairs = self.sample.thresholds.size, p * (p - 1) // 2
        moments = np.full((count, t + pairs), np.nan)
        weight = np.full((count, t + pairs), np.nan) if self.weighed else None
        usable = np.flatnonzero(~alone.any(axis=1))
        if usable.size:
            self._set_thresholds(moments, weight, squares, margins, size, usable)
            self._set_correlations(moments, weight, tables, squares, margins, size, usable, lost, plain=plain)
        return OrderedReplicates(moments, weight, tuple(lost))

    def _set_thresholds(
        self,
        moments: Array,
        weight: Array | None,
        squares: Array,
        margins: Array,
        size: Array,
        usable: Positions,
    ) -> None:
        from scipy.special import ndtri

        at = 0
        for i, used in enumerate(self.sample.used):
            if not np.any(self.sample.item == i):
                continue
            own = margins[usable, i]
            total = own.sum(axis=1)
            share = np.cumsum(own, axis=1)[:, used[:-1]] / total[:, None]
            # rounding must not make an end of the scale a threshold
            outside = (np.cumsum(own, axis=1)[:, used[:-1]] <= 0) | (
                np.cumsum(own[:, ::-1], axis=1)[:, ::-1][:, used[:-1] + 1] <= 0
            )
            with np.errstate(divide="ignore"):
                cut = np.where(outside, np.nan, ndtri(share))
            place = slice(at, at + used.size - 1)
            at += used.size - 1
            moments[usable, place] = cut
            if weight is None:
                continue
            mass = np.diagonal(squares[usable, i, : self.width, i, : self.width], axis1=1, axis2=2)
            shift = (np.arange(self.width)[:, None] <= used[:-1]) - share[:, None]
            spread = (mass[:, :, None] * shift**2).sum(axis=1) * (size[usable] / total**2)[:, None]
            spread *= self.sample.n / len(self.codes)
            with np.errstate(invalid="ignore"):
                weight[usable, place] = np.where(outside, 0.0, normal_density(cut) ** 2 / spread)

    def _set_correlations(
        self,
        moments: Array,
        weight: Array | None,
        tables: Array,
        squares: Array,
        margins: Array,
        size: Array,
        usable: Positions,
        lost: list[tuple[int, ...]],
        *,
        plain: bool,
    ) -> None:
        p, width = self.codes.shape[1], self.width
        t, pairs = self.sample.thresholds.size, p * (p - 1) // 2
        columns, rows = np.triu_indices(p, 1)
        joints = tables[usable][:, columns, :width, rows, :width]
        # numpy puts the pairs first
        joints = joints.swapaxes(0, 1)
        poor = ((joints.sum(axis=3) > 0).sum(axis=2) < 2) | ((joints.sum(axis=2) > 0).sum(axis=2) < 2)
        for r in np.flatnonzero(poor.any(axis=1)).tolist():
            k = int(np.flatnonzero(poor[r])[0])
            lost[usable[r]] = (int(columns[k]), int(rows[k]))
        kept = np.flatnonzero(~poor.any(axis=1))
        if not kept.size:
            return
        joints, at = joints[kept].reshape(-1, width, width), usable[kept]
        by_item = margins[at]
        sides: dict[str, Sequence[Array]] = {}
        if not self.complete:
            sides = {
                "row_margins": list(by_item[:, columns].reshape(-1, width)),
                "column_margins": list(by_item[:, rows].reshape(-1, width)),
            }
        try:
            found = polychoric_pairs(list(joints), empty_2x2="half", **sides)
        except NumericsError:
            if at.size == 1:
                lost[at[0]] = tuple(range(p))
                return
            for one in at:
                self._set_correlations(
                    moments, weight, tables, squares, margins, size, one[None], lost, plain=plain
                )
            return
        rho, boundary = found.rho.reshape(-1, pairs), found.boundary.reshape(-1, pairs)
        for r in np.flatnonzero(boundary.any(axis=1)).tolist():
            k = int(np.flatnonzero(boundary[r])[0])
            lost[at[r]] = (int(columns[k]), int(rows[k]))
        moments[at, t:] = np.where(boundary, np.nan, rho)
        if weight is None:
            return
        safe = np.where(found.boundary, 0.0, found.rho)
        if plain and self.complete and not _has_empty_2x2(joints).any():
            variance = found.se.reshape(-1, pairs) ** 2
        else:
            variance = self._variance(joints, safe, by_item, squares[at]).reshape(-1, pairs)
        # weights of several groups say how much each counts
        variance = variance * size[at, None] * (self.sample.n / len(self.codes))
        with np.errstate(divide="ignore", invalid="ignore"):
            weight[at, t:] = 1 / variance

    def _variance(self, joints: Array, rho: Array, margins: Array, squares: Array) -> Array:
        """(R pairs,) sums of squared influences of the rows; squares : (R, p, K, p, K) of squared weights."""
        p, width = self.codes.shape[1], self.width
        columns, rows = np.triu_indices(p, 1)
        first, second = (margins[:, at].reshape(-1, width) for at in (columns, rows))
        own, by_first, by_second = influence_parts(
            list(joints), rho, row_margins=list(first), column_margins=list(second)
        )
        size = squares.shape[2]
        influence = np.zeros((len(joints), size, size))
        influence[:, :width, :width] = own / joints.sum(axis=(1, 2))[:, None, None]
        below = np.arange(width)[:, None] <= np.arange(width - 1)
        through = []
        for by_cut, margin in ((by_first, first), (by_second, second)):
            total = margin.sum(axis=1, keepdims=True)
            shift = below - np.cumsum(margin / total, axis=1)[:, None, :-1]
            through.append((shift * by_cut[:, None]).sum(axis=2) / total)
        influence[:, :width] -= through[0][:, :, None]
        influence[:, :, :width] -= through[1][:, None]
        # numpy puts the pairs first
        mass = squares[:, columns, :, rows, :].swapaxes(0, 1).reshape(-1, size, size)
        return np.asarray((mass * influence**2).sum(axis=(1, 2)))


def _has_empty_2x2(tables: Array) -> Mask:
    """(N,) whether a table has two categories a side and an empty cell: its correlation is another's."""
    rows, columns = tables.sum(axis=2) > 0, tables.sum(axis=1) > 0
    small = (rows.sum(axis=1) == 2) & (columns.sum(axis=1) == 2)
    empty = (tables <= 0) & rows[:, :, None] & columns[:, None, :]
    return np.asarray(small & empty.any(axis=(1, 2)))
