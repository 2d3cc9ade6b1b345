"""Covariances and means a model is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.analyses.result import Base
from csat.errors import CannotCompute, UnknownName
from csat.tally.tally import Tally

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """What a model is fitted to.

    covariance : (p, p) dividing by n. means : (p,). base : whom they rest on.
    """

    items: tuple[str, ...]
    covariance: Array
    means: Array
    base: Base

    @classmethod
    def of_tally(cls, tally: Tally) -> Moments:
        """From a tally; listwise when it is complete, else each covariance over the pair's own rows."""
        pairs = tally.pair_n()
        # with silence the moments rest on different respondents: the smallest number of them is honest
        n = int(pairs.min()) if pairs.size else 0
        base = Base.of(tally)
        if n != base.respondents:
            base = replace(base, respondents=n, effective_n=base.effective_n * n / max(base.respondents, 1))
        return cls(tally.items, tally.covariance(ddof=0), tally.means(), base)

    @classmethod
    def of_rows(
        cls, rows: ArrayLike, items: Sequence[str], *, weights: ArrayLike | None = None, instrument: str = ""
    ) -> Moments:
        """From an (n, p) matrix of answers; rows with a missing answer are left out."""
        x = np.asarray(rows, dtype=float)
        kept = ~np.isnan(x).any(axis=1)
        w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)
        own, w = x[kept], w[kept]
        if not len(own):
            raise CannotCompute("no respondent answered every item", where="the model")
        means = w @ own / w.sum()
        centred = own - means
        base = Base(
            respondents=len(own),
            effective_n=float(w.sum() ** 2 / (w**2).sum()),
            missing="listwise",
            rows=len(x),
            weighted=weights is not None,
            instrument=instrument,
        )
        return cls(tuple(items), (centred.T * w) @ centred / w.sum(), means, base)

    @classmethod
    def of_matrix(
        cls,
        covariance: ArrayLike,
        items: Sequence[str],
        *,
        n: int,
        means: ArrayLike | None = None,
        ddof: int = 0,
    ) -> Moments:
        """From a covariance matrix that divides by n - ddof."""
        s = np.asarray(covariance, dtype=float)
        m = np.zeros(len(s)) if means is None else np.asarray(means, dtype=float)
        return cls(tuple(items), s * (n - ddof) / n, m, Base(n, float(n), "listwise", n))

    def select(self, items: Sequence[str]) -> Moments:
        """Of some of the items, in the order given."""
        if tuple(items) == self.items:
            return self
        for item in items:
            if item not in self.items:
                raise UnknownName("item", item, self.items, where="the model")
        at = [self.items.index(i) for i in items]
        return Moments(tuple(items), self.covariance[np.ix_(at, at)], self.means[at], self.base)
