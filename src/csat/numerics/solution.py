"""What follows from a solution: standardised parameters, explained variance, effects, admissibility.

Letters as in `structure`; d (v,) standard deviations of all variables, the roots of the diagonal of C.
Errors of functions of theta are by the delta method with analytic derivatives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from csat.numerics.estimation import null_directions
from csat.numerics.linalg import Array, positive_inverse
from csat.numerics.structure import Cells, Implied, Positions, Structure

SINGULAR_BELOW = 1e-10
"""An eigenvalue of the information matrix (unit diagonal) below this is zero: the data say nothing there."""

WEIGHT_NAMED = 0.1
"""Parameters with at least this weight in a null direction are named."""


@dataclass(frozen=True, eq=False)
class ByCell:
    """A number for each cell of A, S and a, in the order of the structure's cells."""

    directed: Array
    symmetric: Array
    means: Array


@dataclass(frozen=True, eq=False)
class Standardised:
    """latent : constructs scaled to variance 1 (lavaan's std.lv). complete : all variables (std.all).

    complete_se : delta-method errors of `complete`; zero where nothing varies, NaN where undetermined.
    slopes : d complete / d theta of each matrix's cells, (k, q).
    """

    latent: ByCell
    complete: ByCell
    complete_se: ByCell
    slopes: ByCell


def parameter_covariance(information: Array, held: NDArray[np.bool_]) -> Array:
    """Covariance of theta, (q, q): inverse of the information over the parameters not held by a bound.

    Rows of held parameters are zero; rows of parameters in a null direction are NaN.
    """
    q = len(information)
    covariance = np.zeros((q, q))
    free = np.flatnonzero(~held)
    if not free.size:
        return covariance
    part = information if free.size == q else information[np.ix_(free, free)]
    scale = np.sqrt(np.maximum(part.diagonal(), 1e-300))
    scaled = part / (scale[:, None] * scale)
    inverse = _safe_inverse(scaled)
    if inverse is None:
        values, vectors = np.linalg.eigh(scaled)
        usable = values > SINGULAR_BELOW
        inverse = (vectors[:, usable] / values[usable]) @ vectors[:, usable].T
        unknown = (np.abs(vectors[:, ~usable]) > np.sqrt(SINGULAR_BELOW)).any(axis=1)
        inverse[unknown] = np.nan
        inverse[:, unknown] = np.nan
    covariance[np.ix_(free, free)] = inverse / (scale[:, None] * scale)
    return covariance


def _safe_inverse(scaled: Array) -> Array | None:
    """Inverse of a matrix with unit diagonal; None when an eigenvalue may be below `SINGULAR_BELOW`."""
    try:
        inverse, _ = positive_inverse(scaled)
    except np.linalg.LinAlgError:
        return None
    # the smallest eigenvalue is at least 1 / tr(inverse); the margin is for what rounding does to that
    return inverse if np.trace(inverse) < 1e-2 / SINGULAR_BELOW else None


@np.errstate(divide="ignore", invalid="ignore")
def standardised(
    structure: Structure,
    theta: Array,
    at: Implied,
    covariance: Array,
    *,
    unit: Sequence[int] = (),
    scales: Mapping[int, int] | None = None,
    given: Sequence[int] = (),
    causes: Mapping[int, Array] | None = None,
) -> Standardised:
    """Standardised solution. covariance : (q, q) of theta. unit : variables whose total variance is held.

    given : covariates, given which it is held. scales : of the variables whose total variance is 1 / scale^2,
    which parameter their scale is. causes : of those that explain something, d residual variance / d theta,
    (q,).

    A loading or path is multiplied by d of its cause and divided by d of its effect; a variance is divided
    by the total variance; a covariance of what is left unexplained becomes the correlation of the two
    residuals. A negative variance makes what is divided by its root NaN.
    """
    v, p = structure.variables, structure.observed
    with np.errstate(invalid="ignore"):
        d = np.sqrt(at.total.diagonal())
    log_slope, giving_way = _spread_slopes(
        structure, theta, at, unit=unit, scales=scales or {}, given=given, causes=causes or {}
    )
    latent_d = np.where(np.arange(v) < p, 1.0, d)
    complete = _scaled(structure, theta, d, at)
    slopes = _scaled_slopes(structure, theta, d, log_slope, complete, giving_way)
    errors = delta_errors(np.concatenate(slopes), covariance)
    first, second = len(slopes[0]), len(slopes[0]) + len(slopes[1])
    return Standardised(
        _scaled(structure, theta, latent_d, at, observed=p),
        complete,
        ByCell(errors[:first], errors[first:second], errors[second:]),
        ByCell(*slopes),
    )


def delta_errors(slopes: Array, covariance: Array) -> Array:
    """Standard errors of functions of theta, (...): sqrt(s' V s) for each row of slopes (..., q).

    NaN where a function depends on a parameter whose variance is unknown.
    """
    unknown = np.isnan(covariance.diagonal())
    if not unknown.any():
        return np.asarray(np.sqrt(np.maximum(((slopes @ covariance) * slopes).sum(axis=-1), 0.0)))
    known = np.where(np.isnan(covariance), 0.0, covariance)
    spread = ((slopes @ known) * slopes).sum(axis=-1)
    touched = (slopes[..., unknown] != 0).any(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(touched, np.nan, np.sqrt(np.maximum(spread, 0.0))))


def _scaled(structure: Structure, theta: Array, d: Array, at: Implied, *, observed: int = 0) -> ByCell:
    """Cells with variables scaled by d; variables before `observed` keep their residual units."""
    directed, symmetric, means = structure.directed, structure.symmetric, structure.means
    values = symmetric.filled(theta)
    same = symmetric.row == symmetric.column
    residual_d = np.zeros(structure.variables)
    residual_d[symmetric.row[same]] = values[same]
    with np.errstate(invalid="ignore", divide="ignore"):
        residual_d = np.sqrt(residual_d)
        residual_d[:observed] = 1.0
        by = np.where(same, d[symmetric.row] ** 2, residual_d[symmetric.row] * residual_d[symmetric.column])
        return ByCell(
            directed.filled(theta) * d[directed.column] / d[directed.row],
            np.where(values == 0, 0.0, values / by),
            means.filled(theta) / d[means.row],
        )


def standardised_thresholds(
    structure: Structure,
    theta: Array,
    at: Implied,
    covariance: Array,
    item: Positions,
    values: Array,
    parameter: Positions,
    *,
    numbers: Positions | None = None,
    scales: Mapping[int, int] | None = None,
    given: Sequence[int] = (),
    causes: Mapping[int, Array] | None = None,
) -> tuple[Array, Array]:
    """Thresholds over the standard deviation of what lies under their item, and the errors, (t,) each.

    covariance : (k, k) of all parameters. numbers : (q,) which of them theta is, the first ones unless said.
    parameter : (t,) which of them each threshold is, -1 where fixed. scales, given, causes : as
    `standardised`.
    """
    at_theta = np.arange(theta.size) if numbers is None else numbers
    # an improper solution may imply a negative variance: then there is nothing to divide by
    total = np.sqrt(np.where(at.total.diagonal() > 0, at.total.diagonal(), np.nan))[item]
    unit = np.unique(item)
    log_slope, _ = _spread_slopes(
        structure, theta, at, unit=unit.tolist(), scales=scales or {}, given=given, causes=causes or {}
    )
    slopes = np.zeros((item.size, len(covariance)))
    slopes[:, at_theta] = -(values / total)[:, None] * log_slope[item]
    free = np.flatnonzero(parameter >= 0)
    slopes[free, parameter[free]] += 1 / total[free]
    return values / total, delta_errors(slopes, covariance)


def _spread_slopes(
    structure: Structure,
    theta: Array,
    at: Implied,
    *,
    unit: Sequence[int],
    scales: Mapping[int, int],
    given: Sequence[int],
    causes: Mapping[int, Array],
) -> tuple[Array, Array]:
    """d ln(d) / d theta, and d residual variance / d theta of what gives way, (v, q) each."""
    q, total = theta.size, at.total.diagonal()[:, None]
    if not causes:
        held = _held_slopes(structure, theta, at, unit=unit, scales=scales, given=given)
        return _log_sd_slopes(structure, at, q) - held, -2 * held * total
    # residual variances of causes as parameters after theta: what they move, they move through these
    s = structure.symmetric
    parameter = s.parameter.copy()
    for k, i in enumerate(causes):
        parameter[(s.row == i) & (s.column == i)] = q + k
    wide = replace(structure, symmetric=replace(s, parameter=parameter))
    values = np.concatenate([theta, np.zeros(len(causes))])
    others = [i for i in unit if i not in causes]
    free = {i: k for i, k in scales.items() if i not in causes}
    held = _held_slopes(wide, values, at, unit=others, scales=free, given=given)
    along = np.vstack([np.eye(q), *causes.values()])
    giving_way = -2 * held * total @ along
    giving_way[list(causes)] = np.vstack(list(causes.values()))
    return (_log_sd_slopes(wide, at, values.size) - held) @ along, giving_way


def _held_slopes(
    structure: Structure,
    theta: Array,
    at: Implied,
    *,
    unit: Sequence[int],
    scales: Mapping[int, int],
    given: Sequence[int],
) -> Array:
    """What the residual variance of an ordered item takes off `_log_sd_slopes` by giving way, (v, q).

    It gives way so that the variance (given the covariates) stays 1, or 1 / scale^2.
    """
    v, q = structure.variables, theta.size
    held = np.zeros((v, q))
    at_unit = list(unit)
    if not at_unit and not scales:
        return held
    if len(given):
        x = list(given)
        left = at.total - at.effects[:, x] @ at.total[np.ix_(x, x)] @ at.effects[:, x].T
        held[at_unit] = _log_sd_slopes(structure, at, q, left)[at_unit]
    else:
        held[at_unit] = _log_sd_slopes(structure, at, q)[at_unit]
    for variable, k in scales.items():
        # what is held is 1 / scale^2; covariates add to it
        held[variable, k] += 1 / (theta[k] ** 3 * at.total[variable, variable])
    return held


def _log_sd_slopes(structure: Structure, at: Implied, q: int, moving: Array | None = None) -> Array:
    """d ln(d_i) / d theta, (v, q): half of d C_ii / C_ii, with d C_ii = 2 u_i v_i.

    moving : (v, v) the part of C whose change counts, by default all of it.
    """
    cells = structure.places
    e, c = at.effects, at.total if moving is None else moving
    by_cell = np.hstack(
        [e[:, cells.to] * c[:, cells.source], e[:, cells.row] * e[:, cells.column] * cells.half]
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        # what has no variance has no standardised value
        by_cell /= at.total.diagonal()[:, None]
    slopes = np.zeros((structure.variables, q))
    chosen = cells.chosen(q)
    if chosen is None:
        slopes[:, : by_cell.shape[1]] = by_cell
        return slopes
    return np.asarray(by_cell @ chosen[: by_cell.shape[1]])


def _own_slope(cells: Cells, q: int) -> Array:
    """d cell / d theta, (k, q): one where the cell holds the parameter."""
    slope = np.zeros((cells.row.size, q))
    slope[cells.free_at, cells.parameter[cells.free_at]] = 1.0
    return slope


def _scaled_slopes(
    structure: Structure, theta: Array, d: Array, log_slope: Array, scaled: ByCell, giving_way: Array
) -> tuple[Array, Array, Array]:
    """giving_way : (v, q) d residual variance / d theta of the variables whose total is held."""
    q = theta.size
    directed, symmetric, means = structure.directed, structure.symmetric, structure.means
    by_path = _own_slope(directed, q) * (d[directed.column] / d[directed.row])[:, None]
    by_path += scaled.directed[:, None] * (log_slope[directed.column] - log_slope[directed.row])
    own = _own_slope(symmetric, q)
    values = symmetric.filled(theta)
    same = symmetric.row == symmetric.column
    variance_slope = np.zeros((structure.variables, q))
    variance = np.full(structure.variables, np.nan)
    variance_slope[symmetric.row[same]] = own[same] + giving_way[symmetric.row[same]]
    variance[symmetric.row[same]] = values[same]
    i, j = symmetric.row, symmetric.column
    with np.errstate(invalid="ignore", divide="ignore"):
        by_variance = variance_slope[i] / (d[i] ** 2)[:, None] - 2 * scaled.symmetric[:, None] * log_slope[i]
        residual = np.sqrt(variance)
        half_log = variance_slope / (2 * variance)[:, None]
        by_covariance = own / (residual[i] * residual[j])[:, None]
        by_covariance -= scaled.symmetric[:, None] * (half_log[i] + half_log[j])
        by_covariance[values == 0] = 0.0
        by_mean = _own_slope(means, q) / d[means.row][:, None] - scaled.means[:, None] * log_slope[means.row]
    return by_path, np.where(same[:, None], by_variance, by_covariance), by_mean


def explained_variance(structure: Structure, theta: Array, at: Implied) -> Array:
    """R2 of each variable that has a cause, (v,): 1 - residual / total; NaN for the others."""
    _, s_matrix, _ = structure.matrices(theta)
    caused = np.zeros(structure.variables, dtype=bool)
    caused[structure.directed.row] = True
    with np.errstate(invalid="ignore", divide="ignore"):
        r2 = 1 - s_matrix.diagonal() / at.total.diagonal()
    return np.asarray(np.where(caused, r2, np.nan))


@dataclass(frozen=True, eq=False)
class Effects:
    """total, indirect : (v, v) effect of the column on the row; `_se` their delta-method errors."""

    total: Array
    indirect: Array
    total_se: Array
    indirect_se: Array


def effects(structure: Structure, theta: Array, covariance: Array, paths: Positions) -> Effects:
    """Total and indirect effects through the directed cells at `paths` (loadings left out), (v, v) each.

    T = (I - B)^-1 - I; indirect = T - B. With T+ = T + I the derivative of T[y, x] by B[i, j] is
    T+[y, i] T+[j, x].
    """
    v, cells = structure.variables, structure.directed
    place = np.zeros(v, dtype=np.intp)
    place[cells.row[paths]] = place[cells.column[paths]] = 1
    inside = np.flatnonzero(place)
    place[inside] = np.arange(inside.size)
    row, column = place[cells.row[paths]], place[cells.column[paths]]
    b = np.zeros((inside.size, inside.size))
    b[row, column] = cells.filled(theta)[paths]
    routes = np.linalg.inv(np.eye(inside.size) - b)
    free = np.flatnonzero(cells.free[paths])
    held = cells.parameter[paths[free]].tolist()
    parameter = list(dict.fromkeys(held))
    which = [parameter.index(k) for k in held]
    chosen = np.zeros((free.size, len(parameter)))
    chosen[np.arange(free.size), which] = 1.0
    slope = (routes[:, None, row[free]] * routes[column[free]].T) @ chosen
    direct = np.zeros(slope.shape)
    direct[row[free], column[free], which] = 1.0
    own = covariance[np.ix_(parameter, parameter)]
    total = routes - np.eye(inside.size)
    found = (total, total - b, delta_errors(slope, own), delta_errors(slope - direct, own))
    whole = np.zeros((4, v, v))
    whole[:, inside[:, None], inside] = found
    return Effects(*whole)


# ---- is it proper? ----------------------------------------------------


def undetermined(information: Array) -> list[Positions]:
    """Parameters of each null direction of the information, most important first; empty when identified."""
    diagonal = information.diagonal()
    if diagonal.size and (diagonal > 0).all():
        scale = np.sqrt(diagonal)
        if _safe_inverse(information / (scale[:, None] * scale)) is not None:
            return []
    directions = null_directions(information, below=SINGULAR_BELOW)
    found = []
    for weights in np.abs(directions.T):
        order = np.argsort(-weights, kind="stable")
        found.append(order[weights[order] > WEIGHT_NAMED])
    return found


def flattest_direction(information: Array) -> Array:
    """(q,) eigenvector of the smallest eigenvalue of the information, scaled to unit diagonal."""
    scale = np.sqrt(np.maximum(information.diagonal(), 1e-300))
    return np.asarray(np.linalg.eigh(information / (scale[:, None] * scale))[1][:, 0])


def indefinite_group(matrix: Array) -> tuple[float, Positions]:
    """Smallest eigenvalue of a covariance, scaled to unit diagonal, and the variables that make it so small.

    The variables are those with at least a third of the largest weight in its eigenvector, largest first.
    """
    diagonal = matrix.diagonal()
    if np.any(diagonal <= 0):
        return -1.0, np.flatnonzero(diagonal <= 0)
    scale = np.sqrt(diagonal)
    values, vectors = np.linalg.eigh(matrix / (scale[:, None] * scale))
    weights = np.abs(vectors[:, 0])
    order = np.argsort(-weights, kind="stable")
    return float(values[0]), order[weights[order] > weights.max() / 3]


def variance_inflation(total: Array, causes: Positions) -> Array:
    """VIF of each of several causes from their covariances, (k,); infinite when they depend on each other."""
    part = total[np.ix_(causes, causes)]
    scale = np.sqrt(part.diagonal())
    inverse = _safe_inverse(part / (scale[:, None] * scale))
    return np.full(causes.size, np.inf) if inverse is None else inverse.diagonal()
