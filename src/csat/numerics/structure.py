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
from functools import cached_property

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

    @cached_property
    def free(self) -> NDArray[np.bool_]:
        return np.asarray(self.parameter >= 0)

    @cached_property
    def free_at(self) -> Positions:
        """Positions of the free cells."""
        return np.flatnonzero(self.free)

    @cached_property
    def free_parameter(self) -> Positions:
        """Which parameter each of the free cells holds."""
        return self.parameter[self.free_at]

    def filled(self, theta: Array) -> Array:
        """(k,) the number in each cell."""
        values = self.value.copy()
        values[self.free_at] = theta[self.free_parameter]
        return values


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

    @cached_property
    def causes(self) -> Positions:
        """Variables that something depends on."""
        return np.unique(self.directed.column)

    @cached_property
    def cause_columns(self) -> Positions | slice:
        """The same; as a slice, which is not copied, where they stand side by side."""
        c = self.causes
        return slice(c[0], c[-1] + 1) if c.size and c[-1] - c[0] + 1 == c.size else c

    @cached_property
    def _cells_in_rows(self) -> tuple[Positions, Positions]:
        """Where the cells of A and of S stand in the matrices, row by row; those of S above and below."""
        v, a, s = self.variables, self.directed, self.symmetric
        return a.row * v + a.column, np.concatenate([s.row * v + s.column, s.column * v + s.row])

    @cached_property
    def places(self) -> Places:
        """The free cells, gathered once."""
        return Places(self)

    def matrices(self, theta: Array) -> tuple[Array, Array, Array]:
        """A, S and a at theta."""
        v = self.variables
        a_matrix, s_matrix, means = np.zeros(v * v), np.zeros(v * v), np.zeros(v)
        at_a, at_s = self._cells_in_rows
        a_matrix[at_a] = self.directed.filled(theta)
        values = self.symmetric.filled(theta)
        s_matrix[at_s] = np.concatenate([values, values])
        if self.has_means:
            means[self.means.row] = self.means.filled(theta)
        return a_matrix.reshape(v, v), s_matrix.reshape(v, v), means


class Places:
    """The free cells of a structure, k in all: d of A (`to`, `source`), s of S (`row`, `column`), m of a.

    half : (s,) a variance stands in one cell, a covariance in two: half of one is what u v' + v u' doubles.
    parameter : (k,) which theta each is. u_at, v_at : (d + s,) where u and v of a cell stand among the
    columns of `basis`. times : (d + s,) what one of the two is then multiplied with, squared : twice that of
    two cells.
    """

    def __init__(self, structure: Structure) -> None:
        directed, symmetric, means = structure.directed, structure.symmetric, structure.means
        self.to, self.source = directed.row[directed.free_at], directed.column[directed.free_at]
        self.row, self.column = symmetric.row[symmetric.free_at], symmetric.column[symmetric.free_at]
        self.mean_at = means.row[means.free_at]
        self.d, self.s, self.m = self.to.size, self.row.size, self.mean_at.size
        self.half = np.where(self.row == self.column, 0.5, 1.0)
        place = np.zeros(structure.variables, dtype=np.intp)
        place[structure.causes] = structure.variables + np.arange(structure.causes.size)
        self.u_at = np.concatenate([self.to, self.row])
        self.v_at = np.concatenate([place[self.source], self.column])
        self.times = np.concatenate([np.ones(self.d), self.half])
        self.squared = 2 * np.outer(self.times, self.times)
        self.parameter = np.concatenate([c.free_parameter for c in (directed, symmetric, means)])
        self._chosen: dict[int, Array | None] = {}

    def chosen(self, count: int) -> Array | None:
        """Ones where a cell is a parameter, (k, q); None when the cells are the parameters in their order."""
        if count not in self._chosen:
            k = self.parameter.size
            same = k == count and np.array_equal(self.parameter, np.arange(count))
            matrix = np.zeros((k, count))
            matrix[np.arange(k), self.parameter] = 1.0
            self._chosen[count] = None if same else matrix
        return self._chosen[count]


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
    causes = structure.cause_columns
    # only causes have columns in A: with A = A_c P', E = I + A_c (I - P'A_c)^-1 P'
    by_cause = a_matrix[:, causes]
    effects = np.eye(structure.variables)
    effects[:, causes] += by_cause @ np.linalg.inv(np.eye(by_cause.shape[1]) - by_cause[causes])
    total = effects @ s_matrix @ effects.T
    p = structure.observed
    total_mean = effects @ means if structure.has_means else means
    return Implied(total[:p, :p], total_mean[:p], effects, total, total_mean)


@dataclass(frozen=True, eq=False)
class Derivatives:
    """d Sigma / d cell = u v' + v u' for the k free cells, columns of u and v (p, k).

    mean : (p, k) d mu / d cell, zero columns where it does not depend. parameter : (k,) which theta a cell
    is. chosen : (k, q) ones where it is, None when the cells are the parameters in their order.
    """

    u: Array
    v: Array
    mean: Array
    parameter: Positions
    chosen: Array | None

    def gathered(self, by_cell: Array) -> Array:
        """Sums over the cells of a parameter: (k,) to (q,)."""
        return by_cell if self.chosen is None else np.asarray(by_cell @ self.chosen)

    def gathered_pairs(self, by_cells: Array) -> Array:
        """Sums over the cells of both parameters: (k, k) to (q, q)."""
        return by_cells if self.chosen is None else np.asarray(self.chosen.T @ by_cells @ self.chosen)

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
        return by_cell if self.chosen is None else np.asarray(by_cell @ self.chosen)


def basis(structure: Structure, at: Implied) -> Array:
    """[G, C_o of the causes], (p, v + c): every u and v is one of these few columns (see `Places`).

    So u'Wu, u'Wv and v'Wv of all pairs of cells are elements of one small matrix.
    """
    p = structure.observed
    return np.concatenate([at.effects[:p], at.total[:p, structure.cause_columns]], axis=1)


def derivatives(structure: Structure, at: Implied, count: int) -> Derivatives:
    """Derivatives of the implied moments by all free cells. count : q."""
    p, cells = structure.observed, structure.places
    g, c = at.effects[:p], at.total[:p]
    k = cells.d + cells.s + cells.m
    u, v, mean = np.zeros((p, k)), np.zeros((p, k)), np.zeros((p, k))
    of_a, of_s = slice(cells.d), slice(cells.d, cells.d + cells.s)
    u[:, of_a], v[:, of_a] = g[:, cells.to], c[:, cells.source]
    u[:, of_s], v[:, of_s] = g[:, cells.row], g[:, cells.column] * cells.half
    if structure.has_means:
        mean[:, of_a] = u[:, of_a] * at.total_mean[cells.source]
        mean[:, cells.d + cells.s :] = g[:, cells.mean_at]
    return Derivatives(u, v, mean, cells.parameter, cells.chosen(count))


def curvature(
    structure: Structure, at: Implied, by: Derivatives, weight: Array, mean_weight: Array | None = None
) -> Array:
    """tr(weight d2 Sigma) - 2 mean_weight' d2 mu by each pair of parameters, (q, q).

    The part of a Hessian that second derivatives of the moments bring in.

    Parameters
    ----------
    weight : (p, p) symmetric. mean_weight : (p,), or None without a mean structure.
    """
    wu = weight @ by.u
    return by.gathered_pairs(cell_curvature(structure, at, by.u.T @ wu, wu.T @ by.v, mean_weight))


def cell_curvature(
    structure: Structure, at: Implied, uu: Array, uv: Array, mean_weight: Array | None = None
) -> Array:
    """The same by each pair of cells, (k, k), from u' weight u and u' weight v of the cells of A and S.

    Covariances and intercepts enter linearly, so only pairs with a directed cell contribute.
    """
    cells = structure.places
    d, s = cells.d, cells.s
    e, c = at.effects.take(cells.source, axis=0), at.total.take(cells.source, axis=0)
    by_cells = np.zeros((d + s + cells.m,) * 2)
    # k = (i <- j), l = (a <- b): d U_k = E[b, i] U_l and d V_k = C[b, j] U_l + E[j, a] V_l
    crossed = e.take(cells.to, axis=1)
    half_way = crossed * uv[:d, :d]
    by_cells[:d, :d] = 2 * (half_way + half_way.T + c.take(cells.source, axis=1) * uu[:d, :d])
    # k a covariance of i and j, l = (a <- b): d U_k = E[b, i] U_l and d V_k = E[b, j] U_l
    with_s = slice(d, d + s)
    by_cells[:d, with_s] = 2 * (
        e.take(cells.row, axis=1) * uv[:d, with_s]
        + e.take(cells.column, axis=1) * cells.half * uu[:d, with_s]
    )
    if mean_weight is not None:
        # d mu_k = G_i (E a)_j: by l it gains G_a E[b, i] (E a)_j + G_i E[j, a] (E a)_b
        pull = at.effects[: structure.observed].T @ mean_weight
        through = crossed * np.outer(pull[cells.to], at.total_mean[cells.source])
        by_cells[:d, :d] -= 2 * (through + through.T)
        by_cells[:d, d + s :] = -2 * pull[cells.to][:, None] * e[:, cells.mean_at]
    by_cells[d:, :d] = by_cells[:d, d:].T
    return by_cells
