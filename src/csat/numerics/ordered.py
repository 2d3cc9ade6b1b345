"""Sample moments of ordered items with their asymptotic covariance: thresholds, polychoric correlations.

Moments are ordered as in `moment_vectors.OrderedMoments`: thresholds item by item, then the correlations
below the diagonal, column by column. The estimate is two-step; Gamma is the mean outer product of the
influences of the respondents (Muthen 1984), all pairs at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.errors import SingularMatrix, TooFew
from csat.numerics.linalg import Array
from csat.numerics.ordinal import Thresholds, influence_parts, influences, polychoric_matrix, thresholds

Positions = NDArray[np.intp]

TABLE_ROWS_AT_ONCE = 1 << 15


@dataclass(frozen=True, eq=False)
class OrderedSample:
    """Moments of p ordered items and their Gamma.

    item : (t,) the item of each threshold. thresholds : (t,). correlation : (p, p). gamma : (k, k), n times
    the covariance of the moments. used : categories somebody chose, by item. n : respondents. boundary :
    pairs whose correlation is -1 or 1. Where some items are numbers: numeric their positions, correlation
    holds covariances, means (p,) their intercepts (0 for ordered items). slopes : (p, m) on covariates, given
    which everything else then is.
    """

    item: Positions
    thresholds: Array
    correlation: Array
    gamma: Array
    used: tuple[NDArray[np.int64], ...]
    n: float
    boundary: tuple[tuple[int, int], ...]
    numeric: Positions = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    means: Array = field(default_factory=lambda: np.zeros(0))
    slopes: Array = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def moments(self) -> Array:
        """s, (k,)."""
        columns, rows = np.triu_indices(len(self.correlation), 1)
        return np.concatenate(
            [
                self.thresholds,
                self.means[self.numeric],
                self.slopes.T.ravel(),
                np.diagonal(self.correlation)[self.numeric],
                self.correlation[rows, columns],
            ]
        )


def ordered_sample(
    codes: NDArray[np.int64],
    categories: Sequence[int],
    *,
    weights: Array | None = None,
    empty_2x2: Literal["keep", "half"] = "half",
) -> OrderedSample:
    """Thresholds, polychoric correlations and Gamma from coded answers.

    Parameters
    ----------
    codes : (n, p) positions 0, 1, ... on each item's scale, negative where there is no answer (pairwise).
    categories : (p,) declared categories of each item; those nobody chose are merged with the next.
    weights : (n,) case weights. empty_2x2 : as `ordinal.polychoric_matrix`; lavaan's habit by default.

    Raises
    ------
    TooFew : an item with answers in fewer than two categories, with its position. SingularMatrix : two items
    whose correlation is at its limit.
    """
    n, p = codes.shape
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float) * (n / np.sum(weights))
    known = codes >= 0
    complete = bool(known.all())
    width = int(max(categories))
    burt = burt_table(codes, width, w)
    rows, columns = np.triu_indices(p, 1)
    joints = [burt[i, :, j, :] for i, j in zip(rows.tolist(), columns.tolist(), strict=True)]
    margins = [np.diagonal(burt[i, :, i, :]) for i in range(p)]
    cuts = [item_thresholds(margin, i) for i, margin in enumerate(margins)]
    found = polychoric_matrix(joints, margins=None if complete else margins, empty_2x2=empty_2x2)
    if found.boundary:
        raise SingularMatrix(
            "the polychoric correlation of {items} is 1 or -1: nothing tells their answers apart",
            positions=found.boundary[0],
            do="Leave one of them out, or merge rare categories",
        )
    rho = found.correlation[rows, columns]
    item = np.concatenate([np.full(c.values.size, i) for i, c in enumerate(cuts)])
    tau = np.concatenate([c.values for c in cuts])
    t = tau.size
    # filled moment by moment
    influence = np.zeros((n, t + rows.size), order="F")
    shifts = np.zeros((n, t), order="F")
    first = np.concatenate([[0], np.cumsum([c.values.size for c in cuts])]).astype(int)
    for i, (margin, cut) in enumerate(zip(margins, cuts, strict=True)):
        below = cut.used[:-1]
        total = margin.sum()
        density = np.exp(-(cut.values**2) / 2) / np.sqrt(2 * np.pi)
        shift = (np.arange(width)[:, None] <= below) - np.cumsum(margin)[below] / total
        answered, place = known[:, i], slice(first[i], first[i + 1])
        shifts[answered, place] = shift[codes[answered, i]] * (n / total)
        influence[:, place] = shifts[:, place] / density
    if complete:
        _set_complete(influence[:, t:], codes, joints, rho)
    else:
        _set_pairwise(influence[:, t:], codes, w, joints, rho, margins, cuts, shifts, first)
    if weights is not None:
        influence *= w[:, None]
    gamma = influence.T @ influence / n
    return OrderedSample(
        item=item,
        thresholds=tau,
        correlation=found.correlation,
        gamma=gamma,
        used=tuple(c.used for c in cuts),
        n=float(n),
        boundary=found.boundary,
    )


def _set_complete(influence: Array, codes: NDArray[np.int64], joints: Sequence[Array], rho: Array) -> None:
    """Influences on the correlations when everybody answered everything: one number a cell."""
    rows, columns = np.triu_indices(codes.shape[1], 1)
    by_cell = influences(joints, rho)
    wide = by_cell.shape[2]
    answers = np.ascontiguousarray(codes.T)
    by_row = answers * wide
    for pair, (i, j) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        np.take(by_cell[pair].ravel(), by_row[i] + answers[j], out=influence[:, pair], mode="clip")


def _set_pairwise(
    influence: Array,
    codes: NDArray[np.int64],
    weights: Array,
    joints: Sequence[Array],
    rho: Array,
    margins: Sequence[Array],
    cuts: Sequence[Thresholds],
    shifts: Array,
    first: NDArray[np.int64],
) -> None:
    """With gaps: the score counts for who answered both, the thresholds for who answered either."""
    n, p = codes.shape
    rows, columns = np.triu_indices(p, 1)
    own, by_row, by_column = influence_parts(
        joints,
        rho,
        row_margins=[margins[i] for i in rows.tolist()],
        column_margins=[margins[j] for j in columns.tolist()],
    )
    known, safe = codes >= 0, np.maximum(codes, 0)
    through = np.zeros((shifts.shape[1], rows.size))
    for pair, (i, j) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        both = known[:, i] & known[:, j]
        values = own[pair].ravel()[safe[:, i] * own.shape[2] + safe[:, j]]
        influence[:, pair] = np.where(both, values * (n / (weights @ both)), 0.0)
        through[first[i] : first[i + 1], pair] = by_row[pair, cuts[i].used[:-1]]
        through[first[j] : first[j + 1], pair] = by_column[pair, cuts[j].used[:-1]]
    influence -= shifts @ through


def item_thresholds(margin: Array, position: int) -> Thresholds:
    """`ordinal.thresholds` of the item at a position, which an error then names."""
    try:
        return thresholds(margin)
    except TooFew as error:
        raise TooFew(
            "{items} has answers in fewer than 2 categories",
            positions=[position],
            do="Leave it out; an item that everybody answers alike measures nothing",
        ) from error


def burt_table(codes: NDArray[np.int64], width: int, weights: Array) -> Array:
    """Weighted joint counts of every pair of items, (p, width, p, width); negative codes count nowhere."""
    n, p = codes.shape
    total = np.zeros((p * width, p * width))
    for start in range(0, n, TABLE_ROWS_AT_ONCE):
        part = codes[start : start + TABLE_ROWS_AT_ONCE]
        hot = np.zeros((len(part), p, width))
        at_row, at_item = np.nonzero(part >= 0)
        hot[at_row, at_item, part[at_row, at_item]] = 1.0
        flat = hot.reshape(len(part), p * width)
        total += (flat.T * weights[start : start + TABLE_ROWS_AT_ONCE]) @ flat
    return total.reshape(p, width, p, width)
