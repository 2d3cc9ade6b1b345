"""Weighted composites of column means with their intervals, by resampling rows or by linearisation.

Letters: values (n, m) with NaN for silence, M_j the weighted mean of column j over the rows that have it. A
composite over k columns is sum v_j M_j / sum v_j; its weights v are given, or are the means of k other
columns and then vary with the rows too. Both classes answer the same questions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.numerics.intervals import normal_quantile
from csat.numerics.resampling import bootstrap_weighted_means, percentile_interval
from csat.numerics.scores import linearised_se, mean_influence, weighted_means

Array = NDArray[np.float64]
PartWeights = Array | slice
"""(k,) numbers, or the columns whose means are the weights."""


@dataclass(frozen=True)
class Estimate:
    """A number, its standard error and interval; lost : replicates that gave no number."""

    value: float
    se: float
    lower: float
    upper: float
    lost: int = 0


UNKNOWN = Estimate(np.nan, np.nan, np.nan, np.nan)


def composite(means: ArrayLike, weights: ArrayLike) -> Array:
    """sum v M / sum v over the last axis; NaN where a mean is missing."""
    m, v = np.broadcast_arrays(np.asarray(means, dtype=float), np.asarray(weights, dtype=float))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((m * v).sum(axis=-1) / v.sum(axis=-1))


class Bootstrap:
    """Percentile intervals from replicates of the rows; weights that are means are re-estimated in each."""

    name = "percentile bootstrap"

    def __init__(
        self,
        values: Array,
        weights: Array | None,
        *,
        rows: NDArray[np.int64],
        replicates: int,
        seed: int,
        confidence: float,
    ) -> None:
        self.values, self.weights, self.rows = values, weights, rows
        self.replicates, self.seed, self.confidence = replicates, seed, confidence
        self.means = weighted_means(values, weights)
        self._drawn = bootstrap_weighted_means(values, weights, rows=rows, replicates=replicates, seed=seed)

    def ends(self, columns: slice) -> Array:
        """(k, 2) interval of each column's mean."""
        found = [percentile_interval(c, confidence=self.confidence) for c in self._drawn[:, columns].T]
        return np.array([[i.lower, i.upper] for i in found]).reshape(-1, 2)

    def composite(self, columns: slice, part_weights: PartWeights) -> Estimate:
        """The composite of some columns."""
        by, drawn_by = _weights_of(part_weights, self.means), _weights_of(part_weights, self._drawn)
        return self._estimate(
            composite(self.means[columns], by), composite(self._drawn[:, columns], drawn_by)
        )

    def composite_within(
        self, group: NDArray[np.intp], columns: slice, part_weights: PartWeights
    ) -> Estimate:
        """The composite over some rows, by the weights of all rows."""
        if len(group) < 2:
            return UNKNOWN
        own, w = self.values[group, columns], None if self.weights is None else self.weights[group]
        # keyed by row: the replicates of a group are those of its rows in the whole
        drawn = bootstrap_weighted_means(
            own, w, rows=self.rows[group], replicates=self.replicates, seed=self.seed
        )
        by, drawn_by = _weights_of(part_weights, self.means), _weights_of(part_weights, self._drawn)
        return self._estimate(composite(weighted_means(own, w), by), composite(drawn, drawn_by))

    def _estimate(self, value: Array, drawn: Array) -> Estimate:
        interval = percentile_interval(drawn, confidence=self.confidence)
        good = drawn[np.isfinite(drawn)]
        se = float(good.std(ddof=1)) if len(good) > 1 else np.nan
        return Estimate(float(value), se, interval.lower, interval.upper, interval.lost)


class Linearisation:
    """Normal intervals from the influence of each row (with replacement); one pass, for many rows."""

    name = "linearisation"

    def __init__(self, values: Array, weights: Array | None, *, confidence: float) -> None:
        self.values, self.weights = values, weights
        self.means = weighted_means(values, weights)
        self._z = normal_quantile(confidence)

    def ends(self, columns: slice) -> Array:
        """(k, 2) interval of each column's mean."""
        # column by column: the influences of many columns would take as much memory as the values
        own = range(self.values.shape[1])[columns]
        se = np.array([self._estimate(slice(j, j + 1), np.ones(1)).se for j in own])
        return np.column_stack([self.means[columns] - self._z * se, self.means[columns] + self._z * se])

    def composite(self, columns: slice, part_weights: PartWeights) -> Estimate:
        """The composite of some columns."""
        return self._estimate(columns, part_weights)

    def composite_within(
        self, group: NDArray[np.intp], columns: slice, part_weights: PartWeights
    ) -> Estimate:
        """The composite over some rows, by the weights of all rows."""
        return self._estimate(columns, part_weights, group) if len(group) > 1 else UNKNOWN

    def _estimate(
        self, columns: slice, part_weights: PartWeights, group: NDArray[np.intp] | None = None
    ) -> Estimate:
        rows = slice(None) if group is None else group
        own, w = self.values[rows, columns], None if self.weights is None else self.weights[rows]
        means, by = weighted_means(own, w), _weights_of(part_weights, self.means)
        value = float(composite(means, by))
        u = np.zeros(len(self.values))
        u[rows] = mean_influence(own, w) @ (by / by.sum())
        if isinstance(part_weights, slice):
            # d value / d v_j = (M_j - value) / sum v
            u += mean_influence(self.values[:, part_weights], self.weights) @ ((means - value) / by.sum())
        se = linearised_se(u, n=int((~np.isnan(own)).any(axis=1).sum()))
        return Estimate(value, se, value - self._z * se, value + self._z * se)


def _weights_of(part_weights: PartWeights, means: Array) -> Array:
    return means[..., part_weights] if isinstance(part_weights, slice) else part_weights
