"""Moments implied by a linear model of observed and latent variables, and their derivatives, all at once.

One group, reticular action form. Letters: v variables, the p observed first; A (v, v) directed
coefficients, A[to, from]; S (v, v) variances and covariances of what the model leaves unexplained; a (v,)
means and intercepts; E = (I - A)^-1, G its p observed rows; C = E S E' the covariance of all variables,
Sigma its observed corner, mu = G a; q free parameters theta.

A cell is a place in A, S or a. Each holds a free parameter (several cells may share one) or a fixed number.
The derivative of Sigma by one cell is U V' + V U' for two vectors, so gradients and information matrices
of any discrepancy are a few (p, cells) products and no loop over parameters.

References
----------
McArdle & McDonald (1984), British Journal of Mathematical and Statistical Psychology 37, 234-251.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from csat.numerics.linalg import Array, vech_indices

Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Cells:
    """Places of one matrix: row, column (k,), the parameter each holds (-1 fixed) and the fixed value.

    In A: row is the effect, column the cause. In S: each pair once. In a: column is unused.
    """

    row: Positions
    column: Positions
    parameter: Positions
    value: Array

    def filled(self, theta: Array) -> Array:
        """(k,) the number in each cell."""
        free = self.parameter >= 0
        return np.where(free, theta[np.where(free, self.parameter, 0)] if theta.size else 0.0, self.value)

    @property
    def free(self) -> NDArray[np.bool_]:
        return np.asarray(self.parameter >= 0)


def no_cells() -> Cells:
    """A matrix without entries."""
    none = np.zeros(0, dtype=np.intp)
    return Cells(none, none, none, np.zeros(0))


@dataclass(frozen=True, eq=False)
class Structure:
    """Where the parameters of one group stand. variables : v. observed : p, the first p variables."""

    variables: int
    observed: int
    directed: Cells
    symmetric: Cells
    means: Cells = field(default_factory=no_cells)

    @property
    def has_means(self) -> bool:
        return self.means.row.size > 0

    def matrices(self, theta: Array) -> tuple[Array, Array, Array]:
        """A, S and a at theta."""
        v = self.variables
        a_matrix, s_matrix, means = np.zeros((v, v)), np.zeros((v, v)), np.zeros(v)
        a_matrix[self.directed.row, self.directed.column] = self.directed.filled(theta)
        values = self.symmetric.filled(theta)
        s_matrix[self.symmetric.row, self.symmetric.column] = values
        s_matrix[self.symmetric.column, self.symmetric.row] = values
        means[self.means.row] = self.means.filled(theta)
        return a_matrix, s_matrix, means


@dataclass(frozen=True, eq=False)
class Implied:
    """What a structure implies at one theta. covariance : (p, p) Sigma. mean : (p,) mu, zeros without means.

    effects : (v, v) E. total : (v, v) C. total_mean : (v,) E a.
    """

    covariance: Array
    mean: Array
    effects: Array
    total: Array
    total_mean: Array


def implied(structure: Structure, theta: Array) -> Implied:
    """Implied moments.

    Raises
    ------
    numpy.linalg.LinAlgError : paths form a loop that feeds back all of itself, so that I - A is singular.
    """
    a_matrix, s_matrix, means = structure.matrices(theta)
    effects: Array = np.asarray(np.linalg.inv(np.eye(structure.variables) - a_matrix), dtype=float)
    total = effects @ s_matrix @ effects.T
    p = structure.observed
    total_mean = effects @ means
    return Implied(total[:p, :p], total_mean[:p], effects, total, total_mean)


@dataclass(frozen=True, eq=False)
class Derivatives:
    """d Sigma / d cell = u v' + v u' for the k free cells, columns of u and v (p, k).

    mean : (p, k) d mu / d cell, zero columns where it does not depend. parameter : (k,) which theta a cell
    is.
    """

    u: Array
    v: Array
    mean: Array
    parameter: Positions
    count: int

    def gathered(self, by_cell: Array) -> Array:
        """Sums over the cells of a parameter: (k,) to (q,)."""
        return np.asarray(np.bincount(self.parameter, weights=by_cell, minlength=self.count), dtype=float)

    def gathered_pairs(self, by_cells: Array) -> Array:
        """Sums over the cells of both parameters: (k, k) to (q, q)."""
        if self.parameter.size == self.count and np.array_equal(self.parameter, np.arange(self.count)):
            return by_cells
        chosen = np.zeros((self.parameter.size, self.count))
        chosen[np.arange(self.parameter.size), self.parameter] = 1.0
        return np.asarray(chosen.T @ by_cells @ chosen)

    def jacobian(self) -> Array:
        """d vech(Sigma) / d theta, (p (p + 1) / 2, q)."""
        rows, columns = vech_indices(len(self.u))
        by_cell = self.u[rows] * self.v[columns] + self.v[rows] * self.u[columns]
        return self.gathered_columns(by_cell)

    def mean_jacobian(self) -> Array:
        """d mu / d theta, (p, q)."""
        return self.gathered_columns(self.mean)

    def gathered_columns(self, by_cell: Array) -> Array:
        """Sums over the cells of a parameter: (m, k) to (m, q)."""
        if self.parameter.size == self.count and np.array_equal(self.parameter, np.arange(self.count)):
            return by_cell
        chosen = np.zeros((self.parameter.size, self.count))
        chosen[np.arange(self.parameter.size), self.parameter] = 1.0
        return np.asarray(by_cell @ chosen)


def derivatives(structure: Structure, at: Implied, count: int) -> Derivatives:
    """Derivatives of the implied moments by all free cells. count : q."""
    p = structure.observed
    directed, symmetric, means = structure.directed, structure.symmetric, structure.means
    g, c = at.effects[:p], at.total[:p]
    to, source = directed.row[directed.free], directed.column[directed.free]
    row, column = symmetric.row[symmetric.free], symmetric.column[symmetric.free]
    mean_at = means.row[means.free]
    # a variance stands in one cell, a covariance in two: half of one is what u v' + v u' doubles
    half = np.where(row == column, 0.5, 1.0)
    nothing = np.zeros((p, mean_at.size))
    return Derivatives(
        u=np.hstack([g[:, to], g[:, row], nothing]),
        v=np.hstack([c[:, source], g[:, column] * half, nothing]),
        mean=np.hstack([g[:, to] * at.total_mean[source], np.zeros((p, row.size)), g[:, mean_at]]),
        parameter=np.concatenate(
            [
                directed.parameter[directed.free],
                symmetric.parameter[symmetric.free],
                means.parameter[means.free],
            ]
        ),
        count=count,
    )


def curvature(
    structure: Structure, at: Implied, by: Derivatives, weight: Array, mean_weight: Array | None = None
) -> Array:
    """tr(weight d2 Sigma) - 2 mean_weight' d2 mu by each pair of parameters, (q, q).

    The part of a Hessian that second derivatives of the moments bring in. Covariances and intercepts enter
    linearly, so only pairs with a directed cell contribute.

    Parameters
    ----------
    weight : (p, p) symmetric. mean_weight : (p,), or None without a mean structure.
    """
    directed, symmetric, means = structure.directed, structure.symmetric, structure.means
    to, source = directed.row[directed.free], directed.column[directed.free]
    row, column = symmetric.row[symmetric.free], symmetric.column[symmetric.free]
    mean_at = means.row[means.free]
    half = np.where(row == column, 0.5, 1.0)
    d, s, m = to.size, row.size, mean_at.size
    u, v = by.u[:, : d + s], by.v[:, : d + s]
    e, c = at.effects, at.total
    wu = weight @ u
    uu, uv = u.T @ wu, wu.T @ v
    by_cells = np.zeros((d + s + m, d + s + m))
    # k = (i <- j), l = (a <- b): d U_k = E[b, i] U_l and d V_k = C[b, j] U_l + E[j, a] V_l
    crossed = e[np.ix_(source, to)]
    half_way = crossed * uv[:d, :d]
    by_cells[:d, :d] = 2 * (half_way + half_way.T + c[np.ix_(source, source)] * uu[:d, :d])
    # k a covariance of i and j, l = (a <- b): d U_k = E[b, i] U_l and d V_k = E[b, j] U_l
    mixed = e[np.ix_(source, row)] * uv[:d, d:] + e[np.ix_(source, column)] * half * uu[:d, d:]
    by_cells[:d, d : d + s] = 2 * mixed
    if mean_weight is not None:
        # d mu_k = G_i (E a)_j: by l it gains G_a E[b, i] (E a)_j + G_i E[j, a] (E a)_b
        pull = at.effects[: structure.observed].T @ mean_weight
        through = crossed * np.outer(pull[to], at.total_mean[source])
        by_cells[:d, :d] -= 2 * (through + through.T)
        by_cells[:d, d + s :] = -2 * pull[to][:, None] * e[np.ix_(source, mean_at)]
    by_cells[d:, :d] = by_cells[:d, d:].T
    return by.gathered_pairs(by_cells)
