"""Implied moments as one vector, with its first and second derivatives: what least squares, sandwiches and
score tests are made of.

Continuous items: the means (with a mean structure), then vech(Sigma). Ordered items: the thresholds, item by
item, then the correlations below the diagonal, column by column (delta parameterisation: the residual
variance of an ordered item is whatever makes its total variance 1 / scale^2).

Letters: k moments, q parameters, s sample and sigma implied vector, D Jacobian d sigma / d theta.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(frozen=True, eq=False)
class OrderedMoments:
    """Thresholds of all items, then the correlations of what lies under them.

    structure : of the underlying variables; residual variances of the items are not cells of it. thresholds :
    cells with the item in `row` and the rank of the threshold in `column`, item by item, ascending. scales :
    cells with the item in `row`, one for each item (1 where fixed): tau* = scale (tau - mean), rho* = scale_i
    scale_j sigma_ij.

    An ordered item may be an effect but not a cause: then its residual variance moves nothing else.
    """

    structure: Structure
    thresholds: Cells
    scales: Cells = field(default_factory=no_cells)

    @property
    def rows(self) -> Positions:
        return np.tril_indices(self.structure.observed, -1)[0]

    def _pairs(self) -> tuple[Positions, Positions]:
        columns, rows = np.triu_indices(self.structure.observed, 1)
        return rows, columns

    def _scale(self, theta: Array) -> Array:
        scale = np.ones(self.structure.observed)
        scale[self.scales.row] = self.scales.filled(theta)
        return scale

    def vector(self, theta: Array) -> tuple[Array, Implied]:
        at = implied(self.structure, theta)
        scale, item = self._scale(theta), self.thresholds.row
        rows, columns = self._pairs()
        tau = scale[item] * (self.thresholds.filled(theta) - at.mean[item])
        rho = scale[rows] * scale[columns] * at.covariance[rows, columns]
        return np.concatenate([tau, rho]), at

    def moments(self, theta: Array, at: Implied | None = None) -> MomentsAt:
        vector, at = self.vector(theta)
        by = derivatives(self.structure, at, theta.size)
        scale, item = self._scale(theta), self.thresholds.row
        rows, columns = self._pairs()
        q, t = theta.size, item.size
        jacobian = np.zeros((t + rows.size, q))
        own = np.flatnonzero(self.thresholds.free)
        np.add.at(jacobian, (own, self.thresholds.parameter[own]), scale[item[own]])
        if by.mean.any():
            jacobian[:t] -= scale[item][:, None] * by.mean_jacobian()[item]
        by_cell = by.u[rows] * by.v[columns] + by.v[rows] * by.u[columns]
        chosen = np.zeros((by.parameter.size, q))
        chosen[np.arange(by.parameter.size), by.parameter] = 1.0
        jacobian[t:] += (scale[rows] * scale[columns])[:, None] * (by_cell @ chosen)
        for cell in np.flatnonzero(self.scales.free):
            i, k = self.scales.row[cell], self.scales.parameter[cell]
            touched = np.concatenate([item == i, (rows == i) | (columns == i)])
            jacobian[touched, k] += vector[touched] / scale[i]
        return MomentsAt(vector, jacobian, at, by)

    def bend(self, found: MomentsAt, theta: Array, weights: Array) -> Array:
        # second derivatives by scales are left out: exact without free scales, else a good direction
        p, t = self.structure.observed, self.thresholds.row.size
        scale = self._scale(theta)
        rows, columns = self._pairs()
        matrix = np.zeros((p, p))
        matrix[rows, columns] = weights[t:] * scale[rows] * scale[columns] / 2
        matrix[columns, rows] = matrix[rows, columns]
        by_item = np.bincount(self.thresholds.row, weights[:t] * scale[self.thresholds.row], minlength=p)
        pull = np.asarray(by_item / 2, dtype=float)
        return curvature(self.structure, found.at, found.by, matrix, pull)
