"""The same model with latent variables in other units, in which its discrepancy is nearer a parabola.

A latent variable whose unit is that of an item (one loading fixed at w) has loadings that are ratios to that
item's: where it is weak, the discrepancy bends much as they change. Here the loading is free and the residual
variance stays as it was, so nothing is a ratio. With c the change of unit, 1 where none changes, both
say the same when

    A_ij = A'_ij c_i / c_j,    S_ij = S'_ij c_i c_j,    a_i = a'_i c_i,    c_f = (loading of the item) / w.

Letters as in `structure`. Solutions with a negative residual variance cannot be said in these units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from csat.numerics.linalg import Array
from csat.numerics.structure import Cells, Positions, Structure


@dataclass(frozen=True, eq=False)
class Rescaled:
    """Of several groups: their structures in other units, and the way back.

    start : (q,) where both are the same model; a parameter that was a residual variance is a loading there.
    """

    structures: tuple[Structure, ...]
    start: Array
    _before: tuple[Structure, ...]
    _units: tuple[_Units, ...]

    def back(self, theta: Array) -> Array:
        """(R, q) parameters of the model as it was."""
        found = theta.copy()
        for structure, units in zip(self._before, self._units, strict=True):
            c = np.ones((len(theta), structure.variables))
            c[:, units.latent] = theta[:, units.parameter] / units.fixed
            a, s, m = structure.directed, structure.symmetric, structure.means
            # a parameter of several cells stands for none whose unit changes
            for cells, factor in (
                (a, c[:, a.row[a.free_at]] / c[:, a.column[a.free_at]]),
                (s, c[:, s.row[s.free_at]] * c[:, s.column[s.free_at]]),
                (m, c[:, m.row[m.free_at]]),
            ):
                own = cells.parameter[cells.free_at]
                found[:, own] = theta[:, own] * factor
            found[:, units.parameter] = units.variance * c[:, units.latent] ** 2
        return found

    def jacobian(self) -> Array:
        """d back / d theta at the start, (q, q)."""
        made = np.eye(self.start.size)
        for structure, units in zip(self._before, self._units, strict=True):
            log_c = np.zeros((structure.variables, self.start.size))
            log_c[units.latent, units.parameter] = 1 / units.fixed
            a, s, m = structure.directed, structure.symmetric, structure.means
            for cells, slope in (
                (a, log_c[a.row[a.free_at]] - log_c[a.column[a.free_at]]),
                (s, log_c[s.row[s.free_at]] + log_c[s.column[s.free_at]]),
                (m, log_c[m.row[m.free_at]]),
            ):
                own = cells.parameter[cells.free_at]
                made[own] += self.start[own, None] * slope
            made[units.parameter] = 0.0
            made[units.parameter, units.parameter] = 2 * units.variance / units.fixed
        return made


@dataclass(frozen=True, eq=False)
class _Units:
    """Latents (f,) whose unit changes: the fixed loading's cell in A and its value, the residual variance's
    cell in S, its parameter and its value at the start.
    """

    latent: Positions
    loading: Positions
    fixed: Array
    cell: Positions
    parameter: Positions
    variance: Array


def rescaled(structures: Sequence[Structure], start: Array) -> Rescaled | None:
    """The model of several groups in other units; None where no latent variable can change its own.

    Those can that have one fixed loading and a free residual variance, and whose other cells hold a parameter
    of their own, or zero.

    Parameters
    ----------
    structures : by group, sharing theta. start : (q,), of which residual variances are kept.
    """
    shared = np.zeros(start.size, dtype=np.intp)
    for s in structures:
        np.add.at(shared, s.places.parameter, 1)
    units = tuple(_units(s, start, shared) for s in structures)
    if not any(u.latent.size for u in units):
        return None
    begin = start.copy()
    for u in units:
        begin[u.parameter] = u.fixed
    made = tuple(_in_units(s, u) for s, u in zip(structures, units, strict=True))
    return Rescaled(made, begin, tuple(structures), units)


def _units(structure: Structure, start: Array, shared: Positions) -> _Units:
    a, s, m = structure.directed, structure.symmetric, structure.means
    rows: list[tuple[int, int, float, int, int, float]] = []

    def own(cells: Cells, at: Positions) -> bool:
        """Whether each holds a parameter of its own, or zero."""
        return all(
            shared[k] == 1 if k >= 0 else value == 0
            for k, value in zip(cells.parameter[at].tolist(), cells.value[at].tolist(), strict=True)
        )

    for f in range(structure.observed, structure.variables):
        outgoing = np.flatnonzero(a.column == f)
        fixed = outgoing[~a.free[outgoing] & (a.value[outgoing] != 0)]
        others = np.setdiff1d(np.flatnonzero((a.column == f) | (a.row == f)), fixed)
        variance = np.flatnonzero((s.row == f) & (s.column == f) & s.free)
        moments = np.flatnonzero((s.row == f) | (s.column == f))
        if fixed.size != 1 or variance.size != 1:
            continue
        k = int(s.parameter[variance[0]])
        if own(a, others) and own(s, moments) and own(m, np.flatnonzero(m.row == f)) and start[k] > 0:
            marker = int(fixed[0])
            rows.append((f, marker, float(a.value[marker]), int(variance[0]), k, float(start[k])))
    latent, loading, value, cell, parameter, at_start = (
        zip(*rows, strict=True) if rows else ((), (), (), (), (), ())
    )
    whole = [np.array(part, dtype=np.intp) for part in (latent, loading, cell, parameter)]
    return _Units(whole[0], whole[1], np.array(value, float), whole[2], whole[3], np.array(at_start, float))


def _in_units(structure: Structure, units: _Units) -> Structure:
    a, s = structure.directed, structure.symmetric
    loads, spread, value = a.parameter.copy(), s.parameter.copy(), s.value.copy()
    loads[units.loading] = units.parameter
    spread[units.cell] = -1
    value[units.cell] = units.variance
    return replace(
        structure,
        directed=Cells(a.row, a.column, loads, a.value),
        symmetric=Cells(s.row, s.column, spread, value),
    )
