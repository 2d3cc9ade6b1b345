"""What is known of a group of respondents: complete rows, moments, answers with gaps, or ordered answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from csat.errors import BadInput, TooFew
from csat.numerics.linalg import Array
from csat.numerics.missing import Patterns, Saturated, patterns, saturated_moments
from csat.numerics.ordered import OrderedSample

EQUAL = 1e-12
"""Weights that differ from 1 by no more are none."""


@dataclass(frozen=True, eq=False)
class Sample:
    """What is known of a group.

    n : respondents, or the sum of weights as scaled. cov : (p, p) dividing by n. mean : (p,). rows : complete
    answers where there are any (needed for what rests on fourth moments), with weights summing to n.
    ordered : instead of cov and mean. gaps, saturated : answers with gaps, cov and mean then are those
    of the saturated model.
    """

    n: float
    cov: Array
    mean: Array
    rows: Array | None = None
    weights: Array | None = None
    ordered: OrderedSample | None = None
    gaps: Patterns | None = None
    saturated: Saturated | None = None

    @classmethod
    def of_rows(cls, rows: Array, *, weights: Array | None = None, total: float | None = None) -> Sample:
        """From complete answers (n, p).

        weights : scaled to sum to total, by default to n; of several groups a total by its weights gives each
        the share that it has of the population.
        """
        if len(rows) < 2:
            raise TooFew(f"{len(rows)} complete answers are too few for a covariance")
        n = len(rows) if weights is None or total is None else total
        w = None if weights is None else np.asarray(weights, dtype=float) * (n / np.sum(weights))
        if w is not None and np.allclose(w, 1.0, rtol=0.0, atol=EQUAL):
            w = None
        mean = rows.mean(axis=0) if w is None else w @ rows / n
        centred = rows - mean
        cov = (centred.T if w is None else centred.T * w) @ centred / n
        return cls(float(n), (cov + cov.T) / 2, mean, rows, w)

    @classmethod
    def of_moments(cls, cov: Array, *, n: float, mean: Array | None = None) -> Sample:
        """From a covariance that divides by n."""
        return cls(float(n), cov, np.zeros(len(cov)) if mean is None else mean)

    @classmethod
    def of_gaps(cls, rows: Array, *, weights: Array | None = None, total: float | None = None) -> Sample:
        """From answers with gaps (NaN), for full information; rows without any answer count for nothing."""
        kept = ~np.isnan(rows).all(axis=1)
        w = None
        if weights is not None:
            w = np.asarray(weights, dtype=float)[kept]
            w = w * ((w.size if total is None else total) / w.sum())
        gaps = patterns(rows[kept], weights=w)
        saturated = saturated_moments(gaps)
        return cls(gaps.total, saturated.cov, saturated.mean, gaps=gaps, saturated=saturated)

    @classmethod
    def of_ordered(cls, found: OrderedSample, *, total: float | None = None) -> Sample:
        """From thresholds and polychoric correlations; total : what the weights sum to instead of to n."""
        if total is not None:
            found = replace(found, n=total, gamma=found.gamma * (total / found.n))
        p = len(found.correlation)
        mean = found.means if found.means.size else np.zeros(p)
        return cls(found.n, found.correlation, mean, ordered=found)

    @property
    def own_rows(self) -> Array:
        """The rows; raises BadInput when only moments are known."""
        if self.rows is None:
            raise BadInput(
                "this estimator needs the answers themselves, not only their covariances",
                do="Give the rows, or use ML, ULS or GLS",
            )
        return self.rows
