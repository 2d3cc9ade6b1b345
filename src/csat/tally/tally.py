"""The tally: a survey counted once. Two tallies of the same items add with `+`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Scale
from csat.numerics import moments
from csat.numerics.moments import Array, Gram
from csat.responses.responses import SILENCES, Responses, has_categories

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tally:
    """Weighted Gram matrix of p coded items, with what its numbers rest on.

    items : p ids. scales : per item, None for one without categories. origins : (p,) point about which sums
    are
    kept: the scale's midpoint, or the declared origin of a continuous item. rows : rows counted. weight_sum,
    weight_squares : sum w, sum w^2 over those rows. silent : (p, 3) rows by reason, order of `SILENCES`.
    complete : only rows that answered every item were counted (listwise).
    """

    items: tuple[str, ...]
    scales: tuple[Scale | None, ...]
    origins: Array
    gram: Gram
    rows: int
    rows_offered: int
    weight_sum: float
    weight_squares: float
    silent: IntArray
    weighted: bool
    complete: bool
    instrument: str = ""

    @property
    def effective_n(self) -> float:
        """(sum w)^2 / sum w^2 of the rows counted (Kish 1965)."""
        return self.weight_sum**2 / self.weight_squares if self.weight_squares else 0.0

    @functools.cached_property
    def sizes(self) -> tuple[int, ...]:
        """Categories of each item, 0 for a continuous one."""
        return tuple(
            s.points if s is not None and has_categories(s) else moments.CONTINUOUS for s in self.scales
        )

    @functools.cached_property
    def _starts(self) -> NDArray[np.intp]:
        return moments.block_starts(self.sizes)

    def index(self, item: str) -> int:
        """Position of an item."""
        if item not in self.items:
            raise UnknownName("item", item, self.items, where="this tally")
        return self.items.index(item)

    def select(self, items: Sequence[str]) -> Tally:
        """The tally of some of the items, in the order given; the rows stay those that were counted."""
        at = [self.index(item) for item in items]
        block = np.concatenate([np.arange(self._starts[i], self._starts[i + 1]) for i in at])
        cut = np.ix_(block, block)
        rows = self.gram.rows[cut]
        gram = (
            Gram(rows, rows, rows)
            if self.gram.rows is self.gram.weights
            else Gram(rows, self.gram.weights[cut], self.gram.squares[cut])
        )
        return replace(
            self,
            items=tuple(items),
            scales=tuple(self.scales[i] for i in at),
            origins=self.origins[at],
            gram=gram,
            silent=self.silent[at],
        )

    def __add__(self, other: Tally) -> Tally:
        if not isinstance(other, Tally):
            return NotImplemented
        if (self.items, self.sizes, self.complete) != (
            other.items,
            other.sizes,
            other.complete,
        ) or not np.array_equal(self.origins, other.origins):
            raise BadInput(
                "the two tallies do not count the same items in the same way",
                right="Tallies add when items, scales, origins and the handling of silence agree",
                do="Count both with the same instrument and options",
            )
        return replace(
            self,
            gram=self.gram + other.gram,
            rows=self.rows + other.rows,
            rows_offered=self.rows_offered + other.rows_offered,
            weight_sum=self.weight_sum + other.weight_sum,
            weight_squares=self.weight_squares + other.weight_squares,
            silent=self.silent + other.silent,
            weighted=self.weighted or other.weighted,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Tally)
            and self.items == other.items
            and self.rows == other.rows
            and np.array_equal(self.gram.rows, other.gram.rows)
            and np.array_equal(self.gram.weights, other.gram.weights)
            and np.array_equal(self.silent, other.silent)
        )

    __hash__ = None  # type: ignore[assignment]

    def answered(self) -> IntArray:
        """(p,) rows that answered each item, unweighted."""
        return np.asarray(np.diag(self.pair_n()))

    def silence(self) -> dict[str, IntArray]:
        """(p,) rows that did not answer, by reason."""
        return {name: self.silent[:, i] for i, name in enumerate(SILENCES)}

    def has_categories(self, item: int) -> bool:
        """Whether the item at that position has answer categories."""
        return self.sizes[item] != moments.CONTINUOUS

    def categories(self, item: int) -> Array:
        """(K,) answer values of an item's categories, low to high."""
        scale = self.scales[item]
        if scale is None or not self.has_categories(item):
            raise BadInput(f"item {self.items[item]} has no categories", do="Declare a scale for it")
        return np.arange(scale.minimum, scale.maximum + 1, dtype=float)

    def counts(self, item: int) -> Array:
        """(K,) weighted counts of an item's categories; declared categories nobody chose are 0."""
        return np.diag(self.gram.weights)[self._block(item)].copy()

    def counts_unweighted(self, item: int) -> Array:
        """(K,) rows in each category."""
        return np.diag(self.gram.rows)[self._block(item)].copy()

    def joint(self, a: int, b: int) -> Array:
        """(Ka, Kb) weighted joint counts of two items."""
        return self.gram.weights[self._block(a), self._block(b)].copy()

    def joint_unweighted(self, a: int, b: int) -> Array:
        """(Ka, Kb) rows with each pair of answers."""
        return self.gram.rows[self._block(a), self._block(b)].copy()

    def _block(self, item: int) -> slice:
        self.categories(item)
        return slice(int(self._starts[item]), int(self._starts[item + 1]))

    @functools.cached_property
    def _values(self) -> tuple[Array, ...]:
        return tuple(
            self.categories(i) - self.origins[i] if size else np.empty(0) for i, size in enumerate(self.sizes)
        )

    @functools.cached_property
    def _sums(self) -> moments.PairSums:
        return moments.pair_sums(self.gram.weights, self.sizes, self._values)

    @functools.cached_property
    def _row_sums(self) -> moments.PairSums:
        return (
            self._sums if not self.weighted else moments.pair_sums(self.gram.rows, self.sizes, self._values)
        )

    def pair_n(self) -> IntArray:
        """(p, p) rows that answered both items, unweighted."""
        return np.rint(self._row_sums.weight).astype(np.int64)

    def pair_weight(self) -> Array:
        """(p, p) weight of the rows that answered both items."""
        return self._sums.weight.copy()

    def means(self) -> Array:
        """(p,) weighted mean of each item over the rows that answered it; NaN when nobody did."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.diag(self._sums.first) / np.diag(self._sums.weight) + self.origins)

    def covariance(self, *, ddof: int = 1) -> Array:
        """(p, p) covariances, each over the rows that answered both items (the same rows when `complete`)."""
        return moments.pair_covariance(self._sums, self.pair_n().astype(float), ddof=ddof)

    def correlation(self) -> Array:
        """(p, p) correlations; pairwise ones use the variances of the pair's own rows, as SPSS and R do."""
        n = self.pair_n().astype(float)
        if self.complete or (n == n.flat[0]).all():
            return moments.correlation_of(self.covariance())
        return moments.pair_correlation(self.gram.weights, self.sizes, self._values)

    def mean_se(self) -> Array:
        """(p,) standard errors of the means: sqrt(n / (n - 1) sum w^2 (x - m)^2) / sum w over answering rows.

        Linearisation with replacement (R survey, design on the answering rows); sd / sqrt(n) without weights.
        """
        squares = moments.pair_sums(self.gram.squares, self.sizes, self._values)
        m = self.means() - self.origins
        n = self.answered().astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = (
                np.diag(squares.product) - 2 * m * np.diag(squares.first) + m**2 * np.diag(squares.weight)
            )
            return np.asarray(np.sqrt(np.maximum(spread, 0) * n / (n - 1)) / np.diag(self._sums.weight))

    def item_effective_n(self) -> Array:
        """(p,) effective n of the rows that answered each item."""
        squares = moments.pair_sums(self.gram.squares, self.sizes, self._values)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.diag(self._sums.weight) ** 2 / np.diag(squares.weight))

    def power_sums(self, item: int) -> Array:
        """(5,) weighted sums of x^0 .. x^4 about the item's origin."""
        if self.has_categories(item):
            return np.asarray([(self.counts(item) * self._values[item] ** k).sum() for k in range(5)])
        a = int(self._starts[item])
        g = self.gram.weights
        return np.array([g[a, a], g[a, a + 1], g[a, a + 2], g[a + 1, a + 2], g[a + 2, a + 2]])


def count(responses: Responses, items: Sequence[str] | None = None, *, complete: bool = False) -> Tally:
    """Count responses once.

    Parameters
    ----------
    items : the items to count, default all that were bound. complete : count only rows that answered all of
    them
        (listwise); default: every row, each pair of items over the rows that answered both.
    """
    wanted = tuple(items) if items is not None else responses.items
    columns = [responses.column(item) for item in wanted]
    weights = responses.weights
    offered = responses.rows
    if complete and columns:
        keep = np.logical_and.reduce([responses.is_answered(item) for item in wanted])
        columns = [c[keep] for c in columns]
        weights = weights[keep] if weights is not None else None
    origins = np.array([responses.origin(item) for item in wanted])
    scales = tuple(responses.instrument.item(item).scale for item in wanted)
    sizes = [s.points if s is not None and has_categories(s) else moments.CONTINUOUS for s in scales]
    about_origin = [c if size else c - o for c, size, o in zip(columns, sizes, origins, strict=True)]
    rows = len(columns[0]) if columns else offered
    silent = np.zeros((len(wanted), len(SILENCES)), dtype=np.int64)
    if not complete:
        for i, item in enumerate(wanted):
            silent[i] = responses.silent_counts(item)
    return Tally(
        items=wanted,
        scales=scales,
        origins=origins,
        gram=moments.count_gram(about_origin, sizes, weights=weights),
        rows=rows,
        rows_offered=offered,
        weight_sum=float(weights.sum()) if weights is not None else float(rows),
        weight_squares=float((weights**2).sum()) if weights is not None else float(rows),
        silent=silent,
        weighted=weights is not None,
        complete=complete,
        instrument=responses.instrument.label,
    )


def count_by(responses: Responses, segment: str, items: Sequence[str] | None = None) -> dict[str, Tally]:
    """One tally per value of a segment column, keys in sorted order; their sum is the tally of all."""
    labels = responses.segment(segment)
    return {
        str(key): count(responses.where(labels == key), items)
        for key in sorted({v for v in labels if v is not None})
    }
