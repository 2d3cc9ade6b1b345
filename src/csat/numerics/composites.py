"""Weighted composites of column means with their intervals, by resampling rows or by linearisation.

Letters: values (n, m) with NaN for silence, M_j the weighted mean of column j over the rows that have it. A
composite over k columns is sum v_j M_j / sum v_j; its weights v are given, or are the means of k other
columns, or were estimated by a model from the same rows, and then vary with the rows too. Both classes answer
the same questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from csat.numerics.intervals import Adjustment, adjust_p, normal_quantile
from csat.numerics.replication import Replication, left_out_groups, replicate_variance
from csat.numerics.resampling import (
    bca_interval,
    bootstrap_weighted_means,
    bootstrap_weighted_sums,
    percentile_interval,
    sums_by,
)
from csat.numerics.scores import linearised_se, mean_influence, weighted_means

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
IntervalKind = Literal["percentile", "bca"]

POWER = 0.80
"""Chance to find a difference as large as the smallest detectable one."""


@dataclass(frozen=True, eq=False)
class EstimatedWeights:
    """Weights a model estimated from the same rows. values : (k,). drawn : (R, k) of the keyed replicates.

    A replicate in which the model gave no weights is NaN. left_out : (G, k) without each of the groups of
    `replication.left_out_groups`, for BCa intervals.
    """

    values: Array
    drawn: Array
    left_out: Array | None = None


PartWeights = Array | slice | EstimatedWeights
"""(k,) numbers, the columns whose means are the weights, or estimated ones."""


@dataclass(frozen=True)
class Estimate:
    """A number, its standard error and interval; lost : replicates that gave no number."""

    value: float
    se: float
    lower: float
    upper: float
    lost: int = 0


UNKNOWN = Estimate(np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Compared:
    """The composite of a group of rows, and how much it differs from that of the rows of all other groups."""

    own: Estimate
    rest: Estimate
    difference: Estimate


def composite(means: ArrayLike, weights: ArrayLike) -> Array:
    """sum v M / sum v over the last axis; NaN where a mean is missing."""
    m, v = np.broadcast_arrays(np.asarray(means, dtype=float), np.asarray(weights, dtype=float))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((m * v).sum(axis=-1) / v.sum(axis=-1))


@dataclass(frozen=True, eq=False)
class DifferenceTests:
    """z = difference / se, two-sided p, p adjusted over the family, and the smallest detectable difference.

    detectable : (z_.975 + z_.80) se, the true difference this sample would find four times in five.
    """

    z: Array
    p: Array
    p_adjusted: Array
    detectable: Array


def difference_tests(
    difference: ArrayLike,
    se: ArrayLike,
    *,
    tested: ArrayLike | None = None,
    confidence: float = 0.95,
    adjustment: Adjustment = "holm",
) -> DifferenceTests:
    """Tests of a family of differences by the normal distribution; those not `tested` are NaN and not in it.

    adjustment : as `intervals.adjust_p`.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    d, s = np.asarray(difference, dtype=float), np.asarray(se, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(s > 0, d / s, np.nan)
    if tested is not None:
        z = np.where(np.asarray(tested, dtype=bool), z, np.nan)
    p = 2.0 * ndtr(-np.abs(z))
    # normal_quantile is two-sided: a power of .80 is a two-sided level of .60
    detectable = (normal_quantile(confidence) + normal_quantile(2 * POWER - 1)) * s
    return DifferenceTests(z, p, adjust_p(p, method=adjustment), detectable)


class Bootstrap:
    """Intervals from replicates of the rows; weights that are means are re-estimated in each.

    Of replicates that are drawn: percentile or BCa intervals. Of a jackknife or of replicate weights: normal
    intervals by the variance these give.
    """

    def __init__(
        self,
        values: Array,
        weights: Array | None,
        *,
        rows: NDArray[np.signedinteger[Any]],
        replicates: int,
        seed: int,
        confidence: float,
        interval: IntervalKind = "percentile",
        replication: Replication | None = None,
    ) -> None:
        self.values, self.weights, self.rows = values, weights, rows
        self.seed, self.confidence, self.interval = seed, confidence, interval
        self.replication = replication
        self.replicates = replicates if replication is None else replication.count(replicates)
        self.means = weighted_means(values, weights)
        self._drawn = bootstrap_weighted_means(
            values, weights, rows=rows, replicates=replicates, seed=seed, replication=replication
        )
        self._group, self._groups = left_out_groups(len(values), replication)
        self._left: Array | None = None
        if self.is_corrected:
            (total, n), (out, out_n) = _sums(values, weights), self._left_sums(np.arange(len(values)))
            with np.errstate(invalid="ignore", divide="ignore"):
                self._left = (total - out) / (n - out_n)

    @property
    def is_drawn(self) -> bool:
        """Whether quantiles of the replicates make the interval."""
        return self.replication is None or self.replication.is_drawn

    @property
    def is_corrected(self) -> bool:
        """Whether intervals are BCa."""
        return self.interval == "bca" and self.is_drawn

    @property
    def name(self) -> str:
        """Of the intervals."""
        if not self.is_drawn:
            assert self.replication is not None
            if self.replication.kind == "given":
                return f"replicate weights ({self.replication.title})"
            return "jackknife"
        kind = (
            "Bayesian bootstrap" if self.replication and self.replication.kind == "bayesian" else "bootstrap"
        )
        return f"{'BCa' if self.is_corrected else 'percentile'} {kind}"

    def ends(self, columns: slice) -> Array:
        """(k, 2) interval of each column's mean."""
        places = range(self._drawn.shape[1])[columns]
        left = self._left
        found = [
            self._estimate(self.means[j], self._drawn[:, j], None if left is None else left[:, j])
            for j in places
        ]
        return np.array([[e.lower, e.upper] for e in found]).reshape(-1, 2)

    def composite(self, columns: slice, part_weights: PartWeights) -> Estimate:
        """The composite of some columns."""
        value = composite(self.means[columns], _weights_of(part_weights, self.means))
        left = None
        if self._left is not None:
            left = composite(self._left[:, columns], self._left_weights(part_weights))
        return self._estimate(value, self.drawn(columns, part_weights), left)

    def drawn(self, columns: slice, part_weights: PartWeights) -> Array:
        """(R,) the composite in each replicate."""
        return composite(self._drawn[:, columns], self._drawn_weights(part_weights))

    def composite_within(self, group: Rows, columns: slice, part_weights: PartWeights) -> Estimate:
        """The composite over some rows, by the weights of all rows."""
        return self.compared([group], columns, part_weights)[0].own

    def compared(self, groups: Sequence[Rows], columns: slice, part_weights: PartWeights) -> list[Compared]:
        """Each of several disjoint groups of rows, alone and against all the others together."""
        by, drawn_by = _weights_of(part_weights, self.means), self._drawn_weights(part_weights)
        left_by = None if self._left is None else self._left_weights(part_weights)
        # keyed by row: the replicates of a group are those of its rows in the whole
        parts = [_sums(self.values[g, columns], _of(self.weights, g)) for g in groups]
        many = [
            bootstrap_weighted_sums(
                self.values[g, columns], _of(self.weights, g), rows=self.rows[g],
                replicates=len(self._drawn), seed=self.seed,
                replication=None if self.replication is None else self.replication.where(g),
            )
            for g in groups
        ]  # fmt: skip
        out = [self._left_sums(g, columns) for g in groups] if left_by is not None else []
        total = [np.sum([p[k] for p in parts], axis=0) for k in range(2)]
        drawn_total = [np.sum([m[k] for m in many], axis=0) for k in range(2)]
        out_total = [np.sum([o[k] for o in out], axis=0) for k in range(2)] if out else []
        found = []
        with np.errstate(invalid="ignore", divide="ignore"):
            for g, (group, part, draw) in enumerate(zip(groups, parts, many, strict=True)):
                if len(group) < 2:
                    found.append(Compared(UNKNOWN, UNKNOWN, UNKNOWN))
                    continue
                own, rest = composite(part[0] / part[1], by), UNKNOWN_COMPOSITE
                drawn_own = composite(draw[0] / draw[1], drawn_by)
                drawn_rest = np.full(drawn_own.shape, np.nan)
                left_own = left_rest = left_difference = None
                if left_by is not None:
                    left_own = composite((part[0] - out[g][0]) / (part[1] - out[g][1]), left_by)
                if len(groups) > 1:
                    rest = composite((total[0] - part[0]) / (total[1] - part[1]), by)
                    drawn_rest = composite((drawn_total[0] - draw[0]) / (drawn_total[1] - draw[1]), drawn_by)
                    if left_by is not None and left_own is not None:
                        others = [(total[k] - part[k]) - (out_total[k] - out[g][k]) for k in range(2)]
                        left_rest = composite(others[0] / others[1], left_by)
                        left_difference = left_own - left_rest
                found.append(
                    Compared(
                        self._estimate(own, drawn_own, left_own),
                        self._estimate(rest, drawn_rest, left_rest),
                        self._estimate(own - rest, drawn_own - drawn_rest, left_difference),
                    )
                )
        return found

    def _left_sums(self, rows: Rows, columns: slice = slice(None)) -> tuple[Array, Array]:
        """(G, k) sums and weights of the rows that are left out together."""
        x, w = self.values[rows][:, columns], _of(self.weights, rows)
        known = ~np.isnan(x)
        case = np.ones(len(x)) if w is None else w
        own = self._group[rows]
        return (
            sums_by(np.where(known, x, 0.0) * case[:, None], own, self._groups),
            sums_by(known * case[:, None], own, self._groups),
        )

    def _left_weights(self, part_weights: PartWeights) -> Array:
        assert self._left is not None
        if isinstance(part_weights, EstimatedWeights):
            return part_weights.values if part_weights.left_out is None else part_weights.left_out
        return _weights_of(part_weights, self._left)

    def _drawn_weights(self, part_weights: PartWeights) -> Array:
        if isinstance(part_weights, EstimatedWeights):
            return part_weights.drawn
        return _weights_of(part_weights, self._drawn)

    def _estimate(self, value: Array, drawn: Array, left_out: Array | None = None) -> Estimate:
        if not self.is_drawn:
            assert self.replication is not None
            return _by_coefficients(float(value), drawn, self.replication, self.confidence)
        good = drawn[np.isfinite(drawn)]
        se = float(good.std(ddof=1)) if len(good) > 1 else np.nan
        if left_out is not None and np.isfinite(value) and np.isfinite(left_out).all():
            found = bca_interval(drawn, float(value), left_out, confidence=self.confidence)
        else:
            found = percentile_interval(drawn, confidence=self.confidence)
        return Estimate(float(value), se, found.lower, found.upper, found.lost)


def _by_coefficients(value: float, drawn: Array, made: Replication, confidence: float) -> Estimate:
    """Normal interval by the variance of replicates that are not draws."""
    lost = int(np.count_nonzero(~np.isfinite(drawn)))
    se = np.nan if lost else float(np.sqrt(replicate_variance(drawn, made.variance_coefficients())))
    half = normal_quantile(confidence) * se
    return Estimate(value, se, value - half, value + half, lost)


class Linearisation:
    """Normal intervals from the influence of each row (with replacement); one pass, for many rows.

    Estimated weights count as known here.
    """

    name = "linearisation"

    def __init__(self, values: Array, weights: Array | None, *, confidence: float) -> None:
        self.values, self.weights = values, weights
        self.means = weighted_means(values, weights)
        self._z = normal_quantile(confidence)

    def ends(self, columns: slice) -> Array:
        """(k, 2) interval of each column's mean."""
        # column by column: the influences of many columns would take as much memory as the values
        se = np.array([self._se_of_mean(j) for j in range(self.values.shape[1])[columns]])
        return np.column_stack([self.means[columns] - self._z * se, self.means[columns] + self._z * se])

    def _se_of_mean(self, j: int) -> float:
        """sqrt(n / (n - 1) sum (w (x - mean))^2) / sum w over the rows that have it."""
        known = ~np.isnan(self.values[:, j])
        everybody = bool(known.all())
        d = (self.values[:, j] if everybody else self.values[known, j]) - self.means[j]
        n, total = len(d), float(len(d))
        if self.weights is not None:
            w = self.weights if everybody else self.weights[known]
            total = float(w.sum())
            d *= w
        return float(np.sqrt(n / (n - 1) * (d @ d))) / total if n > 1 and total > 0 else np.nan

    def composite(self, columns: slice, part_weights: PartWeights) -> Estimate:
        """The composite of some columns."""
        return self._estimate(columns, part_weights)

    def composite_within(self, group: Rows, columns: slice, part_weights: PartWeights) -> Estimate:
        """The composite over some rows, by the weights of all rows."""
        return self._estimate(columns, part_weights, group) if len(group) > 1 else UNKNOWN

    def compared(self, groups: Sequence[Rows], columns: slice, part_weights: PartWeights) -> list[Compared]:
        """Each of several disjoint groups of rows, alone and against all the others together.

        The influence of a row is a linear form c z of its columns z = (w x, w) of known cells, so its squares
        sum to c' G c with G the Gram matrix of a group: one pass, whatever the number of groups.
        """
        varies = isinstance(part_weights, slice)
        parts = [columns, part_weights] if isinstance(part_weights, slice) else [columns]
        # about the means of all rows, so that no digits are lost in the Gram matrices
        x = np.hstack([self.values[:, p] - self.means[p] for p in parts])
        known = ~np.isnan(x)
        w = np.ones(len(x)) if self.weights is None else self.weights
        z = np.hstack([np.where(known, x, 0.0) * w[:, None], known * w[:, None]])
        m, k = x.shape[1], len(range(self.values.shape[1])[columns])
        by = _weights_of(part_weights, self.means)
        share = by / by.sum()
        grams = [z[g].T @ z[g] for g in groups]
        sums = [z[g].sum(axis=0) for g in groups]
        n = [int(known[g, :k].any(axis=1).sum()) for g in groups]
        # only weights that are means are moved by rows that belong to no group
        everyone, whole = (z.T @ z if varies else sum(grams), sum(sums)) if groups else (0.0, 0.0)
        all_sums = z.sum(axis=0)

        def form(total: Array) -> tuple[float, Array, Array]:
            """Composite over rows with these sums, the form of its members, the form of all rows."""
            with np.errstate(invalid="ignore", divide="ignore"):
                mean = total[:k] / total[m : m + k]
                own, every = np.zeros(2 * m), np.zeros(2 * m)
                own[:k], own[m : m + k] = share / total[m : m + k], -share * mean / total[m : m + k]
            means = mean + self.means[columns]
            value = float(composite(means, by))
            if varies:
                pull = (means - value) / by.sum()
                every[k:m] = pull / all_sums[m + k :]
                every[m + k :] = -pull * (all_sums[k:m] / all_sums[m + k :]) / all_sums[m + k :]
            return value, own, every

        found = []
        for g, (gram, total) in enumerate(zip(grams, sums, strict=True)):
            if n[g] < 2:
                found.append(Compared(UNKNOWN, UNKNOWN, UNKNOWN))
                continue
            value, own, every = form(total)
            beyond = everyone - gram
            mine = (own + every) @ gram @ (own + every) + every @ beyond @ every
            alone = self._normal_of(value, float(mine), n[g])
            others = sum(n) - n[g]
            if others < 2:
                found.append(Compared(alone, UNKNOWN, UNKNOWN))
                continue
            rest, out, all_of_rest = form(whole - total)
            outside = everyone - sum(grams) if varies else np.zeros_like(gram)
            among = everyone - gram - outside
            theirs = (out + all_of_rest) @ among @ (out + all_of_rest)
            theirs += all_of_rest @ (gram + outside) @ all_of_rest
            shift = every - all_of_rest
            squares = (own + shift) @ gram @ (own + shift) + (shift - out) @ among @ (shift - out)
            squares += shift @ outside @ shift
            found.append(
                Compared(
                    alone,
                    self._normal_of(rest, float(theirs), others),
                    self._normal_of(value - rest, float(squares), sum(n)),
                )
            )
        return found

    def _normal_of(self, value: float, squares: float, n: int) -> Estimate:
        """An estimate whose rows have influences with this sum of squares."""
        se = float(np.sqrt(max(squares, 0.0) * n / (n - 1)))
        return Estimate(value, se, value - self._z * se, value + self._z * se)

    def _estimate(self, columns: slice, part_weights: PartWeights, group: Rows | None = None) -> Estimate:
        return self._normal(*self._influence(columns, part_weights, group))

    def _normal(self, value: float, u: Array, n: int) -> Estimate:
        se = linearised_se(u, n=n)
        return Estimate(value, se, value - self._z * se, value + self._z * se)

    def _influence(
        self, columns: slice, part_weights: PartWeights, group: Rows | None = None
    ) -> tuple[float, Array, int]:
        """The composite, the influence of every row on it, and how many rows it rests on."""
        rows = slice(None) if group is None else group
        own, w = self.values[rows, columns], None if self.weights is None else self.weights[rows]
        means, by = weighted_means(own, w), _weights_of(part_weights, self.means)
        value = float(composite(means, by))
        u = np.zeros(len(self.values))
        u[rows] = mean_influence(own, w) @ (by / by.sum())
        if isinstance(part_weights, slice):
            # d value / d v_j = (M_j - value) / sum v
            u += mean_influence(self.values[:, part_weights], self.weights) @ ((means - value) / by.sum())
        return value, u, int((~np.isnan(own)).any(axis=1).sum())


UNKNOWN_COMPOSITE = np.array(np.nan)


def _weights_of(part_weights: PartWeights, means: Array) -> Array:
    if isinstance(part_weights, EstimatedWeights):
        return part_weights.values
    return means[..., part_weights] if isinstance(part_weights, slice) else part_weights


def _of(weights: Array | None, rows: Rows) -> Array | None:
    return None if weights is None else weights[rows]


def _sums(values: Array, weights: Array | None) -> tuple[Array, Array]:
    known = ~np.isnan(values)
    w = np.ones(len(values)) if weights is None else weights
    return w @ np.where(known, values, 0.0), w @ known
