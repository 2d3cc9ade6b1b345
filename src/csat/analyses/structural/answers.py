"""Answers row by row, for what covariances alone cannot give: robust errors, gaps, ordered items."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.analyses.result import Base
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.numerics.replication import Replication

Array = NDArray[np.float64]

MOST_CATEGORIES = 30
"""An ordered item with more is a number: its thresholds would take minutes and say nothing."""

EQUAL_WEIGHTS = 1e-12
"""Relative difference of weights that is rounding."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers of respondents to items.

    rows : (n, p), NaN where there is none. numbers : (n,) names of the rows, by which replicates are keyed;
    None: 0 .. n - 1. replication : how these rows are resampled; None: each by itself. weights : (n,) or
    None. scales : (p,) ascending answer values an item declares, empty where it declares none. instrument :
    id and version, or empty.
    """

    items: tuple[str, ...]
    rows: Array
    weights: Array | None = None
    scales: tuple[tuple[float, ...], ...] = ()
    instrument: str = ""
    numbers: NDArray[np.signedinteger[Any]] | None = None
    replication: Replication | None = None

    @classmethod
    def of_rows(
        cls,
        rows: ArrayLike,
        items: Sequence[str],
        *,
        weights: ArrayLike | None = None,
        scales: Sequence[Sequence[float]] = (),
        instrument: str = "",
        numbers: NDArray[np.signedinteger[Any]] | None = None,
        replication: Replication | None = None,
    ) -> Answers:
        """From an (n, p) matrix."""
        x = np.asarray(rows, dtype=float)
        w = None if weights is None else np.asarray(weights, dtype=float)
        declared = tuple(tuple(float(v) for v in s) for s in scales) or tuple(() for _ in items)
        return cls(tuple(items), x, w, declared, instrument, numbers, replication)

    def select(self, items: Sequence[str]) -> Answers:
        """Of some of the items, in the order given.

        Raises
        ------
        UnknownName : an item that is not among them.
        """
        if tuple(items) == self.items:
            return self
        for item in items:
            if item not in self.items:
                raise UnknownName("item", item, self.items, where="the model")
        at = [self.items.index(i) for i in items]
        scales = tuple(self.scales[i] for i in at)
        return replace(self, items=tuple(items), rows=self.rows[:, at], scales=scales)

    def kept(self, missing: str) -> Answers:
        """The rows a policy uses: `listwise` the complete ones, else those with any answer."""
        known = np.asarray(~np.isnan(self.rows))
        chosen = np.asarray(known.all(axis=1) if missing == "listwise" else known.any(axis=1))
        if self.weights is not None:
            # who counts for nothing is no respondent
            chosen &= self.weights > 0
        if not chosen.any():
            raise CannotCompute("no respondent answered every item", where="the model")
        return self.where(chosen)

    def where(self, chosen: NDArray[np.bool_]) -> Answers:
        """Some of the rows. chosen : (n,)."""
        return replace(
            self,
            rows=self.rows[chosen],
            weights=None if self.weights is None else self.weights[chosen],
            numbers=(np.arange(len(chosen)) if self.numbers is None else self.numbers)[chosen],
            replication=None if self.replication is None else self.replication.where(chosen),
        )

    def base(self, missing: str, *, rows: int) -> Base:
        """Whom a result on these answers rests on; rows : how many there were."""
        n = len(self.rows)
        w = np.ones(n) if self.weights is None else self.weights
        return Base(
            respondents=n,
            effective_n=float(w.sum() ** 2 / (w**2).sum()),
            missing=missing,
            rows=rows,
            weighted=self.weights is not None,
            instrument=self.instrument,
        )

    def codes(self, *, numbers: Collection[str] = ()) -> tuple[NDArray[np.int64], list[int]]:
        """(n, p) positions on each item's scale, -1 without an answer, and its number of categories.

        Without a declared scale the values that occur are the scale. numbers : items that are no categories,
        whatever their codes say.

        Raises
        ------
        BadInput : an item with more different answers than categories can be told apart.
        """
        codes = np.full(self.rows.shape, -1, dtype=np.int64)
        categories = []
        for j, scale in enumerate(self.scales):
            own = self.rows[:, j]
            known = ~np.isnan(own)
            values = np.array(scale) if scale else np.unique(own[known])
            if values.size > MOST_CATEGORIES and self.items[j] not in numbers:
                raise BadInput(
                    f"{self.items[j]} has {values.size} different answers, and counts as ordered",
                    where="the model",
                    right=f"An ordered item has at most {MOST_CATEGORIES} categories",
                    do="Treat it as a number: name the ordered items, without it",
                )
            codes[known, j] = np.searchsorted(values, own[known])
            categories.append(int(values.size))
        return codes, categories


def unequal(parts: Iterable[Answers]) -> bool:
    """Whether some respondents count for more than others; those of no weight are none."""
    weights = [np.ones(len(p.rows)) if p.weights is None else p.weights[p.weights > 0] for p in parts]
    own = np.concatenate(weights) if weights else np.zeros(0)
    return bool(own.size and np.ptp(own) > EQUAL_WEIGHTS * own.max())


def shares(kept: Mapping[str, Answers]) -> Mapping[str, float]:
    """What the weights of each group sum to when those of all together sum to all respondents.

    So each group counts as much as it does in the population. Empty without weights.
    """
    sums = {name: float(a.weights.sum()) for name, a in kept.items() if a.weights is not None}
    if not sums or len(sums) < len(kept):
        return {}
    respondents, total = sum(len(a.rows) for a in kept.values()), sum(sums.values())
    return {name: own * respondents / total for name, own in sums.items()}
