"""Implied moments of a structure at many thetas at once, their derivatives, and what follows from them.

Letters as in `structure`, with the theta as first axis (R): A, S and a differ from one to the next. c are
the m variables that are causes or latent, F = (I - A_cc)^-1; then the columns of E for c are G = I_.c +
A_.c F, the others those of the identity, and no inverse is larger than m. K = [G, C_.c, I] (p, 2 m + p)
holds every u and v with d Sigma / d cell = u v' + v u' as one of its columns, so that all second
derivatives of a discrepancy are products of elements of K' W K and K' M K.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from csat.numerics.linalg import Array
from csat.numerics.structure import Cells, Positions, Structure


class Layout:
    """Where the cells of a structure stand in the stacks.

    structure : v variables, p observed. count : q. exogenous : observed variables whose fixed moments differ
    from one sample to the next and are taken from it.
    """

    def __init__(self, structure: Structure, count: int, exogenous: tuple[int, ...] = ()) -> None:
        v, p = structure.variables, structure.observed
        directed, s, a = structure.directed, structure.symmetric, structure.means
        self.structure, self.count, self.exogenous = structure, count, exogenous
        self.v, self.p = v, p
        self.causes = np.unique(np.concatenate([directed.column, np.arange(p, v)]))
        self.m = m = self.causes.size
        place = np.full(v, -1, dtype=np.intp)
        place[self.causes] = np.arange(m)
        self.place = place
        self.longest = _longest_route(place[directed.row], place[directed.column], m)
        inside = (place[s.row] >= 0, place[s.column] >= 0)
        self.among = np.flatnonzero(inside[0] & inside[1])
        self.across = np.flatnonzero(inside[0] ^ inside[1])
        self.outside = np.flatnonzero(~inside[0] & ~inside[1])
        own = self.outside
        self.is_plain = bool(
            np.array_equal(self.causes, np.arange(p, v))
            and not self.across.size
            and np.array_equal(s.row[own], s.column[own])
            and np.array_equal(np.sort(s.row[own]), np.arange(p))
        )
        """Whether observed variables are no causes and have residuals that covary with nothing."""
        self.directed, self.symmetric, self.means = _Values(directed), _Values(s), _Values(a)
        self.own_moments, self.own_means = cells_of_data(structure, exogenous)
        parts = (self.directed, self.symmetric, self.means)
        self.parameter = np.concatenate([part.parameter for part in parts])
        self.cells = self.parameter.size
        self.in_order = np.array_equal(self.parameter, np.arange(count))
        self.chosen = np.zeros((self.cells, count))
        self.chosen[np.arange(self.cells), self.parameter] = 1.0
        self.to, self.source = directed.row[self.directed.free], place[directed.column[self.directed.free]]
        self.row, self.column = s.row[self.symmetric.free], s.column[self.symmetric.free]
        self.level_of = a.row[self.means.free]
        self._place_derivatives()

    def _place_derivatives(self) -> None:
        p, m, place = self.p, self.m, self.place
        d, k = self.to.size, self.to.size + self.row.size
        # a variance stands in one cell, a covariance in two: half of one is what u v' + v u' doubles
        self.half = np.concatenate([np.ones(d), np.where(self.row == self.column, 0.5, 1.0)])
        n = 2 * m + p
        column = np.where(place >= 0, place, 2 * m + np.arange(self.v))
        u = np.concatenate([column[self.to], column[self.row]])
        v = np.concatenate([m + self.source, column[self.column]])
        # u' X v of each cell: in [X G, X C] (p, 2 m), then [G' X G, G' X C] (m, 2 m), then X (p, p)
        swap = (u < m) & (v >= 2 * m)
        first, second = np.where(swap, v, u), np.where(swap, u, v)
        outer = first >= 2 * m
        at = np.where(outer, (first - 2 * m) * 2 * m + second, p * 2 * m + first * 2 * m + second)
        both_out = outer & (second >= 2 * m)
        self.inner_at, self.inner_of = at[~both_out], np.flatnonzero(~both_out)
        self.outer_of = np.flatnonzero(both_out)
        self.outer_at = (first[both_out] - 2 * m) * p + second[both_out] - 2 * m
        self.own_rows = first[both_out] - 2 * m
        a, b = np.triu_indices(k)
        self.pairs = (u[a] * n + u[b], v[a] * n + v[b], u[a] * n + v[b], v[a] * n + u[b])
        self.halves = self.half[a] * self.half[b]
        rank = np.zeros((k, k), dtype=np.intp)
        rank[a, b] = rank[b, a] = np.arange(a.size)
        self.unfolded = rank.ravel()
        self.bent = (u[:d, None] * n + u).ravel(), (u[:d, None] * n + v).ravel()

    def gathered(self, by_cell: Array) -> Array:
        """Sums over the cells of a parameter: (R, k) to (R, q)."""
        return by_cell if self.in_order else np.asarray(by_cell @ self.chosen)

    def gathered_pairs(self, by_cells: Array) -> Array:
        """Likewise of both: (R, k, k) to (R, q, q)."""
        return by_cells if self.in_order else np.asarray(self.chosen.T @ by_cells @ self.chosen)

    def at(self, theta: Array, cov: Array | None = None, mean: Array | None = None) -> Stack:
        """The implied moments at theta (R, q). cov, mean : (R, p, p), (R, p), for exogenous moments."""
        return Stack(self, theta, cov, mean)


def cells_of_data(structure: Structure, exogenous: tuple[int, ...]) -> tuple[Positions, Positions]:
    """Fixed cells of S and of a that hold moments of exogenous variables."""
    s, a = structure.symmetric, structure.means
    of_both = np.isin(s.row, exogenous) & np.isin(s.column, exogenous)
    return np.flatnonzero(~s.free & of_both), np.flatnonzero(~a.free & np.isin(a.row, exogenous))


class _Values:
    """Values of cells at many thetas."""

    def __init__(self, cells: Cells) -> None:
        self.free = np.flatnonzero(cells.free)
        self.parameter = cells.parameter[self.free]
        self.fixed = np.where(cells.free, 0.0, cells.value)

    def at(self, theta: Array) -> Array:
        """(R, k)"""
        found = np.repeat(self.fixed[None], len(theta), axis=0)
        found[:, self.free] = theta[:, self.parameter]
        return found


class Stack:
    """What a layout implies at each theta (R, q).

    directed, symmetric, means : (R, k) values of the cells. inner : (R, m, m) F. causes : (R, p, m) G.
    residual : (R, m, m) S_cc. NaN where paths feed back all of themselves.
    """

    def __init__(self, layout: Layout, theta: Array, cov: Array | None, mean: Array | None) -> None:
        own, structure = layout, layout.structure
        count, p, m, place = len(theta), own.p, own.m, own.place
        self.layout, self.theta = own, theta
        directed, s, a = structure.directed, structure.symmetric, structure.means
        self.directed = own.directed.at(theta)
        self.symmetric = own.symmetric.at(theta)
        self.means = own.means.at(theta)
        if own.own_moments.size and cov is not None:
            self.symmetric[:, own.own_moments] = cov[:, s.row[own.own_moments], s.column[own.own_moments]]
        if own.own_means.size and mean is not None:
            self.means[:, own.own_means] = mean[:, a.row[own.own_means]]
        paths = np.zeros((count, own.v, m))
        paths[:, directed.row, place[directed.column]] = self.directed
        self.inner = _through_paths(paths[:, own.causes], own.longest)
        self.causes = paths[:, :p] @ self.inner
        seen = np.flatnonzero(own.causes < p)
        # E_o. = A_oc F for what c explains; an observed cause has its own row of F
        self.causes[:, own.causes[seen]] = self.inner[:, seen]
        self.residual = np.zeros((count, m, m))
        row, column = place[s.row[own.among]], place[s.column[own.among]]
        self.residual[:, row, column] = self.residual[:, column, row] = self.symmetric[:, own.among]
        if structure.has_means:
            level = np.zeros((count, own.v))
            level[:, a.row] = self.means
            of_causes = level[:, own.causes, None]
            outside = np.where(place[:p] < 0, level[:, :p], 0.0)
            self.level = (self.inner @ of_causes)[..., 0]
            self.mean: Array | None = outside + (self.causes @ of_causes)[..., 0]
        else:
            self.level, self.mean = np.zeros((count, m)), None

    def of(self, chosen: Positions) -> Stack:
        """Some of the thetas."""
        own = self.layout
        part = Stack(own, self.theta[chosen], None, None)
        part.symmetric, part.means = self.symmetric[chosen], self.means[chosen]
        part.residual, part.level = self.residual[chosen], self.level[chosen]
        return part

    @cached_property
    def spread(self) -> Array:
        """(R, p, m) G S_cc."""
        found: Array = self.causes @ self.residual
        return found

    @cached_property
    def covariance(self) -> Array:
        """(R, p, p) Sigma."""
        own, s, p = self.layout, self.layout.structure.symmetric, self.layout.p
        found: Array = self.spread @ self.causes.transpose(0, 2, 1)
        for k in own.across:
            out, inside = _sides(s.row[k], s.column[k], own.place)
            pull = self.causes[:, :, inside] * self.symmetric[:, k, None]
            found[:, :, out] += pull
            found[:, out, :] += pull
        row, column = s.row[own.outside], s.column[own.outside]
        flat = found.reshape(len(found), -1)
        flat[:, row * p + column] += self.symmetric[:, own.outside]
        off = row != column
        flat[:, column[off] * p + row[off]] += self.symmetric[:, own.outside[off]]
        return found

    @cached_property
    def residual_variance(self) -> Array:
        """(R, p) of a plain layout: what each observed variable has for itself."""
        own = self.layout
        found = np.empty((len(self.theta), own.p))
        found[:, own.structure.symmetric.row[own.outside]] = self.symmetric[:, own.outside]
        return found

    @cached_property
    def with_causes(self) -> Array:
        """(R, p, m) C_.c: covariances of the observed with the causes."""
        own, s = self.layout, self.layout.structure.symmetric
        found: Array = self.spread @ self.inner.transpose(0, 2, 1)
        for k in own.across:
            out, inside = _sides(s.row[k], s.column[k], own.place)
            found[:, out] += self.symmetric[:, k, None] * self.inner[:, :, inside]
        return found

    @cached_property
    def among_causes(self) -> Array:
        """(R, m, m) C_cc: covariances of the causes."""
        found: Array = self.inner @ self.residual @ self.inner.transpose(0, 2, 1)
        return found

    @cached_property
    def total_variance(self) -> Array:
        """(R, v) variances of all variables."""
        own = self.layout
        found = np.zeros((len(self.theta), own.v))
        found[:, own.causes] = np.diagonal(self.among_causes, axis1=1, axis2=2)
        found[:, : own.p] = np.diagonal(self.covariance, axis1=1, axis2=2)
        return found

    # Derivatives

    def gradient(self, pull: Array, mean_pull: Array | None = None) -> Array:
        """(R, q) tr(M dSigma) - 2 w' dmu by each parameter. pull : (R, p, p) M. mean_pull : (R, p) w."""
        flat = pull.reshape(len(pull), -1)
        turned = pull @ np.concatenate([self.causes, self.with_causes], axis=2)
        return self.gradient_of(turned, np.take(flat, self.layout.outer_at, axis=1), mean_pull)

    def gradient_of(self, turned: Array, between: Array, mean_pull: Array | None = None) -> Array:
        """The same from M [G, C_.c] (R, p, 2 m) and the elements of M at the cells of residuals."""
        own, count = self.layout, len(turned)
        inner = self.causes.transpose(0, 2, 1) @ turned
        flat = np.concatenate([turned.reshape(count, -1), inner.reshape(count, -1)], axis=1)
        by_cell = np.zeros((count, own.cells))
        by_cell[:, own.inner_of] = np.take(flat, own.inner_at, axis=1)
        by_cell[:, own.outer_of] = between
        by_cell[:, : own.half.size] *= 2 * own.half
        if mean_pull is not None:
            d, at = own.to.size, self._through(mean_pull)
            by_cell[:, :d] -= 2 * at[:, own.to] * self.level[:, own.source]
            by_cell[:, own.half.size :] = -2 * at[:, own.level_of]
        return own.gathered(by_cell)

    def _through(self, mean_pull: Array) -> Array:
        """(R, v) w' E."""
        own = self.layout
        whole = np.zeros((len(mean_pull), own.v))
        whole[:, : own.p] = mean_pull
        whole[:, own.causes] = (mean_pull[:, None] @ self.causes)[:, 0]
        return whole

    def hessian(self, weight: Array, pull: Array, mean_pull: Array | None = None, *, moving: bool) -> Array:
        """(R, q, q) exact second derivatives of a discrepancy with d F = tr(M dSigma) - 2 w' dmu.

        Parameters
        ----------
        weight : (R, p, p) W, the inverse of Sigma where `moving`, else fixed. pull : M. mean_pull : w = W d.
        """
        own = self.layout
        by_weight, by_pull = self._framed(weight), self._framed(pull)
        uu, vv, uv, vu = (np.take(by_weight, at, axis=1) for at in own.pairs)
        if moving:
            # tr(dSigma_k W dSigma_l T) with T = W - 2 M
            tilted = by_weight - 2 * by_pull
            found = uu * np.take(tilted, own.pairs[1], axis=1)
            found += vv * np.take(tilted, own.pairs[0], axis=1)
            found += uv * np.take(tilted, own.pairs[3], axis=1)
            found += vu * np.take(tilted, own.pairs[2], axis=1)
        else:
            found = 2 * (uu * vv + uv * vu)
        whole = self._unfolded(found)
        self._bend(whole, by_pull)
        if mean_pull is not None:
            self._by_means(whole, weight, mean_pull, moving=moving)
            self._bend_means(whole, mean_pull)
        return own.gathered_pairs(whole)

    def expected_hessian(self, weight: Array, *, with_means: bool = False) -> Array:
        """(R, q, q) the part that stays where the model is true: never negative."""
        own = self.layout
        framed = self._framed(weight)
        uu, vv, uv, vu = (np.take(framed, at, axis=1) for at in own.pairs)
        whole = self._unfolded(2 * (uu * vv + uv * vu))
        if with_means:
            slope = self._mean_slopes()
            whole += 2 * slope.transpose(0, 2, 1) @ (weight @ slope)
        return own.gathered_pairs(whole)

    def _framed(self, matrix: Array) -> Array:
        """(R, (2 m + p)^2) K' X K, flat."""
        m, p, count = self.layout.m, self.layout.p, len(self.theta)
        both = np.concatenate([self.causes, self.with_causes], axis=2)
        turned = matrix @ both
        frame = np.empty((count, 2 * m + p, 2 * m + p))
        frame[:, : 2 * m, : 2 * m] = both.transpose(0, 2, 1) @ turned
        frame[:, : 2 * m, 2 * m :] = turned.transpose(0, 2, 1)
        frame[:, 2 * m :, : 2 * m] = turned
        frame[:, 2 * m :, 2 * m :] = matrix
        return frame.reshape(count, -1)

    def _unfolded(self, folded: Array) -> Array:
        """(R, cells, cells) from the pairs (R, k (k + 1) / 2) of cells of A and S."""
        own, k = self.layout, self.layout.half.size
        folded *= own.halves
        square = np.take(folded, own.unfolded, axis=1).reshape(len(folded), k, k)
        if k == own.cells:
            return square
        whole = np.zeros((len(folded), own.cells, own.cells))
        whole[:, :k, :k] = square
        return whole

    def _bend(self, whole: Array, by_pull: Array) -> None:
        """Adds tr(M d2 Sigma), as `structure.curvature`: only pairs with a path have any."""
        own, count = self.layout, len(self.theta)
        d, k = own.to.size, own.half.size
        muu, muv = (np.take(by_pull, at, axis=1).reshape(count, d, k) for at in own.bent)
        muv *= own.half
        half_way = self._crossed(own.to) * muv[:, :, :d]
        part = half_way + half_way.transpose(0, 2, 1)
        sources = (own.source[:, None] * own.m + own.source).ravel()
        part += (
            np.take(self.among_causes.reshape(count, -1), sources, axis=1).reshape(count, d, d)
            * muu[:, :, :d]
        )
        whole[:, :d, :d] += 2 * part
        mixed = self._crossed(own.row) * muv[:, :, d:]
        mixed += self._crossed(own.column) * own.half[d:] * muu[:, :, d:]
        whole[:, :d, d:k] += 2 * mixed
        whole[:, d:k, :d] += 2 * mixed.transpose(0, 2, 1)

    def _crossed(self, to: Positions) -> Array:
        """(R, d, k) E[source of each path, to]: zero for what is no cause."""
        own = self.layout
        place = own.place[to]
        at = (own.source[:, None] * own.m + np.maximum(place, 0)).ravel()
        found = np.take(self.inner.reshape(len(self.theta), -1), at, axis=1)
        found = found.reshape(len(found), own.source.size, to.size)
        return np.asarray(found if (place >= 0).all() else np.where(place >= 0, found, 0.0))

    def _mean_slopes(self) -> Array:
        """(R, p, cells) d mu / d cell."""
        own, count = self.layout, len(self.theta)
        whole = np.zeros((count, own.p, own.v))
        whole[:, np.arange(own.p), np.arange(own.p)] = 1.0
        whole[:, :, own.causes] = self.causes
        found = np.zeros((count, own.p, own.cells))
        found[:, :, : own.to.size] = whole[:, :, own.to] * self.level[:, None, own.source]
        found[:, :, own.half.size :] = whole[:, :, own.level_of]
        return found

    def _by_means(self, whole: Array, weight: Array, mean_pull: Array, *, moving: bool) -> None:
        """Adds 2 dmu' W dmu and, where W moves, 2 dmu_k' W dSigma_l w and the same of l and k."""
        own, k = self.layout, self.layout.half.size
        slope = self._mean_slopes()
        turned = slope.transpose(0, 2, 1) @ weight
        whole += 2 * turned @ slope
        if not moving:
            return
        one = np.broadcast_to(np.eye(own.p), (len(self.theta), own.p, own.p))
        columns = np.concatenate([self.causes, self.with_causes, one], axis=2)
        column = np.where(own.place >= 0, own.place, 2 * own.m + np.arange(own.v))
        u = columns[:, :, np.concatenate([column[own.to], column[own.row]])]
        v = columns[:, :, np.concatenate([own.m + own.source, column[own.column]])] * own.half
        half = (turned @ u) * (mean_pull[:, None] @ v) + (turned @ v) * (mean_pull[:, None] @ u)
        whole[:, :, :k] += 2 * half
        whole[:, :k] += 2 * half.transpose(0, 2, 1)

    def _bend_means(self, whole: Array, mean_pull: Array) -> None:
        """Adds -2 w' d2 mu."""
        own, d, k = self.layout, self.layout.to.size, self.layout.half.size
        at = self._through(mean_pull)[:, own.to, None]
        through = self._crossed(own.to) * at * self.level[:, None, own.source]
        whole[:, :d, :d] -= 2 * (through + through.transpose(0, 2, 1))
        last = 2 * at * self._crossed(own.level_of)
        whole[:, :d, k:] -= last
        whole[:, k:, :d] -= last.transpose(0, 2, 1)

    # What is told of each solution

    def scaled(self, *, observed: bool) -> tuple[Array, Array, Array]:
        """Standardised cells (R, k) of A, S and a: latent variables at variance 1 and, with `observed`, all.

        As `solution.standardised`.
        """
        own, structure = self.layout, self.layout.structure
        directed, s, a = structure.directed, structure.symmetric, structure.means
        seen = np.arange(own.v) < own.p
        with np.errstate(invalid="ignore", divide="ignore"):
            d = np.sqrt(self.total_variance)
            variance = np.full((len(self.theta), own.v), np.nan)
            same = s.row == s.column
            variance[:, s.row[same]] = self.symmetric[:, same]
            residual_d = np.sqrt(variance)
            if not observed:
                d, residual_d = np.where(seen, 1.0, d), np.where(seen, 1.0, residual_d)
            by = np.where(same, d[:, s.row] ** 2, residual_d[:, s.row] * residual_d[:, s.column])
            return (
                self.directed * d[:, directed.column] / d[:, directed.row],
                np.where(self.symmetric == 0, 0.0, self.symmetric / by),
                self.means / d[:, a.row],
            )

    def effects(self, paths: Positions) -> tuple[Array, Array]:
        """Total and indirect effects (R, v, v) of the column on the row, by the directed cells at `paths`."""
        own, directed = self.layout, self.layout.structure.directed
        used = np.unique(np.concatenate([directed.row[paths], directed.column[paths]]))
        place = np.full(own.v, -1)
        place[used] = np.arange(used.size)
        b = np.zeros((len(self.theta), used.size, used.size))
        b[:, place[directed.row[paths]], place[directed.column[paths]]] = self.directed[:, paths]
        one = np.eye(used.size)
        total = inverses(one - b) - one
        found = np.zeros((2, len(self.theta), own.v, own.v))
        at = np.ix_(np.arange(len(self.theta)), used, used)
        found[0][at], found[1][at] = total, total - b
        return found[0], found[1]

    @property
    def is_proper(self) -> NDArray[np.bool_]:
        """(R,) whether no variance is negative."""
        s = self.layout.structure.symmetric
        return np.asarray((self.symmetric[:, s.row == s.column] >= 0).all(axis=1))


def _sides(row: int, column: int, place: Positions) -> tuple[int, int]:
    """Of a covariance between a cause and another variable: the other, and the place of the cause."""
    return (row, int(place[column])) if place[row] < 0 else (column, int(place[row]))


def _longest_route(row: Positions, column: Positions, m: int) -> int | None:
    """Of arrows among m variables: how many follow each other at most; None where they form a loop.

    row : -1 where an arrow leaves them.
    """
    arrows = np.zeros((m, m), dtype=np.intp)
    arrows[row[row >= 0], column[row >= 0]] = 1
    reached = arrows
    for length in range(m):
        if not reached.any():
            return length
        reached = (reached @ arrows > 0).astype(np.intp)
    return None


def _through_paths(arrows: Array, longest: int | None) -> Array:
    """F = (I - A)^-1 (R, m, m): without a loop I + A + A^2 + ..., which ends; NaN where there is none."""
    one = np.eye(arrows.shape[1])
    if longest is None:
        return inverses(one - arrows)
    found, power, length = one + arrows, arrows, 1
    while length < longest:
        power, length = power @ power, 2 * length + 1
        found = found + found @ power
    return found


def inverses(stack: Array) -> Array:
    """Inverses (R, m, m), NaN for those without one."""
    try:
        return np.asarray(np.linalg.inv(stack))
    except np.linalg.LinAlgError:
        if len(stack) == 1:
            return np.full_like(stack, np.nan)
        half = len(stack) // 2
        return np.concatenate([inverses(stack[:half]), inverses(stack[half:])])


def roots(stack: Array) -> Array:
    """Lower Cholesky factors (R, p, p), NaN for what is not positive definite."""
    try:
        return np.asarray(np.linalg.cholesky(stack))
    except np.linalg.LinAlgError:
        return _roots_where_there_are(stack)


def _roots_where_there_are(stack: Array) -> Array:
    """The same where some have none: column by column, all matrices at once."""
    found = np.zeros(stack.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        for j in range(stack.shape[1]):
            row = found[:, j, :j]
            pivot = stack[:, j, j] - (row**2).sum(axis=1)
            found[:, j, j] = np.sqrt(np.where(pivot > 0, pivot, np.nan))
            left = stack[:, j + 1 :, j] - (found[:, j + 1 :, :j] @ row[:, :, None])[..., 0]
            found[:, j + 1 :, j] = left / found[:, j, j, None]
    found[~np.isfinite(found).all(axis=(1, 2))] = np.nan
    return found
