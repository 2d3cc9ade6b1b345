"""Implied moments as one vector, with its first and second derivatives: what least squares, sandwiches and
score tests are made of.

Continuous items: the means (with a mean structure), then vech(Sigma). Ordered items: the thresholds, item by
item, then the correlations below the diagonal, column by column (delta parameterisation: the residual
variance of an ordered item is whatever makes its total variance 1 / scale^2). With numbers among the items:
thresholds, means of the numbers, their variances, then all covariances; given covariates also the slopes on
them (covariate by covariate, after the means), and everything else is what covariates leave.

Letters: k moments, q parameters, s sample and sigma implied vector, D Jacobian d sigma / d theta.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from csat.numerics.linalg import Array, vech, vech_indices
from csat.numerics.structure import (
    Cells,
    Derivatives,
    Implied,
    Structure,
    curvature,
    derivatives,
    implied,
    no_cells,
)

Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class MomentsAt:
    """vector : (k,) sigma. jacobian : (k, q) D. at, by : the matrices they were made of."""

    vector: Array
    jacobian: Array
    at: Implied
    by: Derivatives


class MomentStructure(Protocol):
    """A structure whose implied moments are a vector."""

    @property
    def structure(self) -> Structure: ...

    def vector(self, theta: Array) -> tuple[Array, Implied]:
        """sigma and the matrices behind it."""
        ...

    def moments(self, theta: Array, at: Implied | None = None) -> MomentsAt:
        """sigma and its Jacobian."""
        ...

    def bend(self, found: MomentsAt, theta: Array, weights: Array) -> Array:
        """sum_k weights_k d2 sigma_k, (q, q)."""
        ...


def counts_of_vech(p: int) -> Array:
    """(p (p + 1) / 2,) how often an element of vech stands in the matrix: 1 on the diagonal, else 2."""
    rows, columns = vech_indices(p)
    return np.where(rows == columns, 1.0, 2.0)


def symmetric_weights(by_vech: Array, p: int) -> Array:
    """The symmetric M with tr(M X) = by_vech' vech(X) for symmetric X, (p, p)."""
    rows, columns = vech_indices(p)
    matrix = np.zeros((p, p))
    matrix[rows, columns] = by_vech / counts_of_vech(p)
    matrix[columns, rows] = matrix[rows, columns]
    return matrix


@dataclass(frozen=True, eq=False)
class ContinuousMoments:
    """Means (when the structure has them), then vech(Sigma)."""

    structure: Structure

    @property
    def with_means(self) -> bool:
        return self.structure.has_means

    def of_sample(self, cov: Array, mean: Array | None) -> Array:
        """s in the same order."""
        if not self.with_means:
            return vech(cov)
        return np.concatenate([np.zeros(len(cov)) if mean is None else mean, vech(cov)])

    def vector(self, theta: Array) -> tuple[Array, Implied]:
        at = implied(self.structure, theta)
        return self.of_sample(at.covariance, at.mean), at

    def moments(self, theta: Array, at: Implied | None = None) -> MomentsAt:
        at = implied(self.structure, theta) if at is None else at
        by = derivatives(self.structure, at, theta.size)
        jacobian = by.jacobian()
        if self.with_means:
            jacobian = np.vstack([by.mean_jacobian(), jacobian])
        return MomentsAt(self.of_sample(at.covariance, at.mean), jacobian, at, by)

    def bend(self, found: MomentsAt, theta: Array, weights: Array) -> Array:
        p = self.structure.observed
        means = weights[:p] if self.with_means else None
        matrix = symmetric_weights(weights[p:] if self.with_means else weights, p)
        # curvature gives tr(M d2 Sigma) - 2 w' d2 mu
        pull = None if means is None else -0.5 * means
        return curvature(self.structure, found.at, found.by, matrix, pull)


def with_residuals(structure: Structure, items: Positions, first: int) -> Structure:
    """The structure with the residual variances of these items as parameters, from number `first` on."""
    s = structure.symmetric
    kept = ~((s.row == s.column) & np.isin(s.row, items))
    cells = Cells(
        np.concatenate([s.row[kept], items]),
        np.concatenate([s.column[kept], items]),
        np.concatenate([s.parameter[kept], first + np.arange(items.size)]),
        np.concatenate([s.value[kept], np.zeros(items.size)]),
    )
    return replace(structure, symmetric=cells)


@dataclass(frozen=True, eq=False)
class OrderedMoments:
    """Thresholds of all items, then the correlations of what lies under them.

    structure : of the underlying variables; residual variances of ordered items are not cells of it.
    thresholds : cells with the item in `row` and the rank of the threshold in `column`, item by item,
    ascending. scales : cells with the item in `row`, one for each item (1 where fixed): tau* = scale (tau -
    mean), rho* = scale_i scale_j sigma_ij. numeric : positions of the items that are numbers. given :
    variables of the structure, after the items, that are covariates: they have no cells in S or a.

    The residual variance of an ordered item moves nothing else, unless the item explains something. Of such
    `causes` it follows from theta: with h (theta, r) = diag(Sigma) - 1 / scale^2 = 0, linear in the residual
    variances r, derivatives of r are those of an implicit function.
    """

    structure: Structure
    thresholds: Cells
    scales: Cells = field(default_factory=no_cells)
    numeric: Positions = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    given: Positions = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

    @property
    def rows(self) -> Positions:
        return np.tril_indices(self.structure.observed, -1)[0]

    @property
    def head(self) -> int:
        """How many moments stand before the covariances below the diagonal."""
        return self._places[3]

    @property
    def is_plain(self) -> bool:
        """Ordered items only, without covariates."""
        return not self.numeric.size and not self.given.size

    @property
    def _places(self) -> tuple[int, int, int, int]:
        """Where means, slopes, variances and covariances begin."""
        t, k = self.thresholds.row.size, self.numeric.size
        slopes = self.structure.observed * self.given.size
        return t, t + k, t + k + slopes, t + 2 * k + slopes

    def _pairs(self) -> tuple[Positions, Positions]:
        columns, rows = np.triu_indices(self.structure.observed, 1)
        return rows, columns

    def _scale(self, theta: Array) -> Array:
        scale = np.ones(self.structure.observed)
        scale[self.scales.row] = self.scales.filled(theta)
        return scale

    @property
    def ordered(self) -> Positions:
        """Positions of the ordered items."""
        return np.setdiff1d(np.arange(self.structure.observed), self.numeric)

    @cached_property
    def causes(self) -> Positions:
        """Ordered items that explain something."""
        own = self.structure.causes
        return np.setdiff1d(own[own < self.structure.observed], self.numeric)

    def completed(self, theta: Array) -> tuple[Structure, Array]:
        """The structure with residual variances of `causes` as parameters after theta, and all values.

        Raises
        ------
        numpy.linalg.LinAlgError : no residual variances give the items theirs.
        """
        own = self.causes
        if not own.size:
            return self.structure, theta
        wide = with_residuals(self.structure, own, theta.size)
        without = implied(wide, np.concatenate([theta, np.zeros(own.size)]))
        lacking = 1 / self._scale(theta)[own] ** 2 - np.diagonal(without.covariance)[own]
        # the residual variance of k adds E[i, k]^2 of itself to the variance of i
        left = np.linalg.solve(without.effects[np.ix_(own, own)] ** 2, lacking)
        return wide, np.concatenate([theta, left])

    def residual_variances(self, theta: Array) -> Array:
        """(p,) of the ordered items; NaN for numbers."""
        wide, values = self.completed(theta)
        found = 1 / self._scale(theta) ** 2 - np.diagonal(implied(wide, values).covariance)
        found[self.causes] = values[theta.size :]
        found[self.numeric] = np.nan
        return np.asarray(found)

    def giving_way(self, theta: Array) -> Array:
        """d (theta, residual variances of `causes`) / d theta, (q + c, q)."""
        wide, values = self.completed(theta)
        return self._giving_way(derivatives(wide, implied(wide, values), values.size), theta)

    def _giving_way(self, by: Derivatives, theta: Array) -> Array:
        own, q = self.causes, theta.size
        slope = by.gathered_columns(2 * by.u[own] * by.v[own])
        for row, (k, scale) in zip(slope, self._scales_of_causes(theta), strict=True):
            if k >= 0:
                row[k] += 2 / scale**3
        return np.vstack([np.eye(q), -np.linalg.solve(slope[:, q:], slope[:, :q])])

    def vector(self, theta: Array) -> tuple[Array, Implied]:
        at = implied(*self.completed(theta))
        scale, item, p = self._scale(theta), self.thresholds.row, self.structure.observed
        rows, columns = self._pairs()
        tau = scale[item] * (self.thresholds.filled(theta) - at.mean[item])
        rho = scale[rows] * scale[columns] * at.covariance[rows, columns]
        slopes = (scale[:, None] * at.effects[:p, self.given]).T.ravel()
        variances = np.diagonal(at.covariance)[self.numeric]
        return np.concatenate([tau, at.mean[self.numeric], slopes, variances, rho]), at

    def moments(self, theta: Array, at: Implied | None = None) -> MomentsAt:
        vector, at = self.vector(theta)
        wide, values = self.completed(theta)
        by = derivatives(wide, at, values.size)
        jacobian = self._jacobian(values, vector, at, by)
        if self.causes.size:
            jacobian = jacobian @ self._giving_way(by, theta)
        return MomentsAt(vector, jacobian, at, by)

    def _jacobian(self, theta: Array, vector: Array, at: Implied, by: Derivatives) -> Array:
        """D, as if every parameter of `by` were one."""
        scale, item = self._scale(theta), self.thresholds.row
        rows, columns = self._pairs()
        means, slopes, variances, first = self._places
        q, p, t = theta.size, self.structure.observed, item.size
        jacobian = np.zeros((first + rows.size, q))
        own = np.flatnonzero(self.thresholds.free)
        np.add.at(jacobian, (own, self.thresholds.parameter[own]), scale[item[own]])
        if by.mean.any():
            by_mean = by.mean_jacobian()
            jacobian[:t] -= scale[item][:, None] * by_mean[item]
            jacobian[means:slopes] = by_mean[self.numeric]
        chosen = np.zeros((by.parameter.size, q))
        chosen[np.arange(by.parameter.size), by.parameter] = 1.0
        cells = self.structure.directed
        to, source = cells.row[cells.free], cells.column[cells.free]
        for k, x in enumerate(self.given.tolist()):
            # d E[i, x] / d A[to, source] = E[i, to] E[source, x]
            own_slopes = np.zeros((p, by.parameter.size))
            own_slopes[:, : to.size] = at.effects[:p, to] * at.effects[source, x]
            jacobian[slopes + k * p : slopes + (k + 1) * p] = scale[:, None] * (own_slopes @ chosen)
        by_variance = 2 * by.u[self.numeric] * by.v[self.numeric]
        jacobian[variances:first] = by_variance @ chosen
        by_cell = by.u[rows] * by.v[columns] + by.v[rows] * by.u[columns]
        jacobian[first:] += (scale[rows] * scale[columns])[:, None] * (by_cell @ chosen)
        for cell, touched in zip(self.scales.free_at, self._scaled_moments().T, strict=True):
            i, k = self.scales.row[cell], self.scales.parameter[cell]
            jacobian[touched, k] += vector[touched] / scale[i]
        return jacobian

    def _scaled_moments(self) -> NDArray[np.bool_]:
        """(k, m) the moments that each of the m free scales multiplies."""
        own = self.scales.row[self.scales.free_at]
        rows, columns = self._pairs()
        none = np.zeros((self.numeric.size, own.size), dtype=bool)
        slopes = np.tile(np.arange(self.structure.observed), self.given.size)
        return np.vstack(
            [
                self.thresholds.row[:, None] == own,
                none,
                slopes[:, None] == own,
                none,
                (rows[:, None] == own) | (columns[:, None] == own),
            ]
        )

    def bend(self, found: MomentsAt, theta: Array, weights: Array) -> Array:
        wide, values = self.completed(theta)
        own, q = self.causes, theta.size
        if not own.size:
            bent = self._bend(wide, found, theta, weights)
            return bent + self._bend_of_scales(theta, found.jacobian, weights)
        # second derivatives along h = 0 are those of weights' sigma - pull' h
        jacobian = self._jacobian(values, found.vector, found.at, found.by)
        by_left = (found.at.effects[np.ix_(own, own)] ** 2).T
        pull = np.asarray(np.linalg.solve(by_left, jacobian[:, q:].T @ weights), dtype=float)
        bent = self._bend(wide, found, values, weights, pull)
        bent += self._bend_of_scales(values, jacobian, weights)
        for own_pull, (k, scale) in zip(pull, self._scales_of_causes(theta), strict=True):
            if k >= 0:
                bent[k, k] += 6 * own_pull / scale**4
        along = self._giving_way(found.by, theta)
        return np.asarray(along.T @ bent @ along)

    def _bend_of_scales(self, theta: Array, jacobian: Array, weights: Array) -> Array | float:
        """Second derivatives of which one is by a scale: moments are linear in each."""
        free = self.scales.free_at
        if not free.size:
            return 0.0
        at = self.scales.parameter[free]
        by_scale = (self._scaled_moments() * weights[:, None]).T @ jacobian / theta[at][:, None]
        by_scale[np.arange(at.size), at] = 0.0
        total = np.zeros((theta.size, theta.size))
        total[at] = by_scale
        by_scale[:, at] = 0.0
        total[:, at] += by_scale.T
        return total

    def _scales_of_causes(self, theta: Array) -> list[tuple[int, float]]:
        """Of each cause the parameter that is its scale, -1 where fixed, and its value."""
        parameter = np.full(self.structure.observed, -1, dtype=np.intp)
        parameter[self.scales.row] = self.scales.parameter
        scale = self._scale(theta)
        return [(int(parameter[i]), float(scale[i])) for i in self.causes]

    def _bend(
        self,
        structure: Structure,
        found: MomentsAt,
        theta: Array,
        weights: Array,
        pull_of_causes: Array | None = None,
    ) -> Array:
        p, t = self.structure.observed, self.thresholds.row.size
        means, slopes, variances, first = self._places
        scale = self._scale(theta)
        rows, columns = self._pairs()
        matrix = np.zeros((p, p))
        matrix[rows, columns] = weights[first:] * scale[rows] * scale[columns] / 2
        matrix[columns, rows] = matrix[rows, columns]
        matrix[self.numeric, self.numeric] = weights[variances:first]
        if pull_of_causes is not None:
            matrix[self.causes, self.causes] = -pull_of_causes
        by_item = np.bincount(self.thresholds.row, weights[:t] * scale[self.thresholds.row], minlength=p)
        pull = np.asarray(by_item / 2, dtype=float)
        pull[self.numeric] -= weights[means:slopes] / 2
        total = curvature(structure, found.at, found.by, matrix, pull)
        if not self.given.size:
            return total
        cells, e = structure.directed, found.at.effects
        to, source = cells.row[cells.free], cells.column[cells.free]
        by_slope = weights[slopes:variances].reshape(self.given.size, p) * scale
        through = np.zeros((to.size, to.size))
        for own, x in zip(by_slope, self.given.tolist(), strict=True):
            # d2 E[i, x] by k = (to <- source) and l: E[i, to_l] E[source_l, to_k] E[source_k, x]
            through += np.outer(e[source, x], own @ e[:p, to]) * e[np.ix_(source, to)].T
        by_cells = np.zeros((found.by.parameter.size,) * 2)
        by_cells[: to.size, : to.size] = through + through.T
        return total + found.by.gathered_pairs(by_cells)
