"""Starting values for a structure, near enough that a handful of Newton steps reach the optimum.

Each latent variable gets the loadings of a principal factor of what measures it; from them follow rough
covariances T of all variables, observed and latent; every coefficient then starts at its regression on T.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from csat.numerics.linalg import Array, positive_factor
from csat.numerics.structure import Positions, Structure, implied

Mask = NDArray[np.bool_]

COMMUNALITY = (0.10, 0.90)
"""Share of an item's variance its factor may start with."""

CORRELATION_MOST = 0.90
"""Largest correlation of two latent variables to start with."""

EXPLAINED_MOST = 0.85
"""Largest share of a variable's variance its causes may start with."""

REMEMBERED = 64
"""Structures whose plan is kept: the same model is often fitted to other answers."""

RIDGE = 0.02
"""Added to the variances of the causes, so that near-collinear ones start with moderate coefficients."""


def starting_values(structure: Structure, cov: Array, count: int, *, mean: Array | None = None) -> Array:
    """theta (q,) to start from, where Sigma is positive definite.

    Parameters
    ----------
    structure : the model. cov : (p, p) sample covariance with positive variances. count : q. mean : (p,)
        with a mean structure.
    """
    plan = _plan(structure)
    total = _rough_covariances(structure, plan, cov)
    directed = _regressions(structure, plan, total)
    symmetric = _left_over(structure, plan, total, directed)
    means = np.zeros(structure.means.row.size)
    if mean is not None:
        observed = structure.means.row < structure.observed
        means[observed] = mean[structure.means.row[observed]]
    theta = _collected(structure, directed, symmetric, means, count)
    if _is_usable(structure, theta):
        return theta
    # nothing but loadings and variances: always positive definite
    latent_path = structure.directed.row >= structure.observed
    directed = np.where(latent_path & structure.directed.free, 0.0, directed)
    symmetric = np.where(plan.variance, symmetric, 0.0)
    return _collected(structure, directed, symmetric, means, count)


@dataclass(frozen=True, eq=False)
class _Together:
    """Latents (m,) whose covariances are guessed at once, and what of it is the same for all answers.

    items : (m, k) what measures each, padded; pairs : (m, k, k) True where both are there. latent, slot, item
    : (c,) of each measuring cell. alone : (c,) it is the only one. marker : (m, v) fixed loadings, else zero.
    variance : (m,) that the model fixes, else NaN. known : (v,) variables whose covariances T holds already;
    earlier : the latent ones of them.
    """

    latents: Positions
    items: Positions
    pairs: Mask
    latent: Positions
    slot: Positions
    item: Positions
    alone: Mask
    marker: Array
    variance: Array
    known: Mask
    earlier: Mask


@dataclass(frozen=True, eq=False)
class _Regression:
    """Of an effect on several causes. free, given : its cells. apart : (k, k) causes kept uncorrelated."""

    effect: int
    free: Positions
    given: Positions
    apart: Mask


@dataclass(frozen=True, eq=False)
class _Plan:
    """What of the starting values is the same for all answers.

    alone : directed cells of effects with one cause. variance : symmetric cells that are variances.
    exogenous : symmetric cells among variables that nothing explains.
    """

    rounds: tuple[_Together, ...]
    alone: Positions
    several: tuple[_Regression, ...]
    variance: Mask
    exogenous: Mask


@lru_cache(maxsize=REMEMBERED)
def _plan(structure: Structure) -> _Plan:
    directed, symmetric = structure.directed, structure.symmetric
    causes = np.bincount(directed.row, minlength=structure.variables)
    free_causes = np.bincount(directed.row, directed.free, structure.variables)
    apart = _without_covariance(structure)
    several = []
    for effect in np.flatnonzero((causes > 1) & (free_causes > 0)).tolist():
        at = np.flatnonzero(directed.row == effect)
        free = at[directed.free[at]]
        x = directed.column[free]
        several.append(_Regression(effect, free, at[~directed.free[at]], apart[x[:, None], x]))
    exogenous = np.ones(structure.variables, dtype=bool)
    exogenous[directed.row] = False
    return _Plan(
        _rounds(structure),
        np.flatnonzero(directed.free & (causes[directed.row] == 1)),
        tuple(several),
        np.asarray(symmetric.row == symmetric.column),
        exogenous[symmetric.row] & exogenous[symmetric.column],
    )


def _rounds(structure: Structure) -> tuple[_Together, ...]:
    """Those measured by what is known come first; what nothing known measures is a guess."""
    p, v = structure.observed, structure.variables
    said = _fixed_variances(structure)
    known = np.arange(v) < p
    waiting = np.arange(p, v)
    rounds = []
    while waiting.size:
        cells = _measuring(structure, waiting, known)
        ready = cells.any(axis=1)
        ready = ready if ready.any() else np.ones(waiting.size, dtype=bool)
        rounds.append(_together(structure, waiting[ready], cells[ready], said, known.copy()))
        known[waiting[ready]] = True
        waiting = waiting[~ready]
    return tuple(rounds)


def _together(structure: Structure, latents: Positions, cells: Mask, said: Array, known: Mask) -> _Together:
    """cells : (m, cells of A) those that measure the latents."""
    measures, v = structure.directed, structure.variables
    latent, cell = np.nonzero(cells)
    item = measures.row[cell]
    count = np.bincount(latent, minlength=latents.size)
    slot = np.arange(latent.size) - np.repeat(np.cumsum(count) - count, count)
    items = np.zeros((latents.size, max(int(count.max()), 1)), dtype=np.intp)
    there = np.zeros(items.shape, dtype=bool)
    items[latent, slot], there[latent, slot] = item, True
    marker = np.zeros((latents.size, v))
    marker[latent, item] = np.where(measures.free[cell], 0.0, measures.value[cell])
    return _Together(
        latents,
        items,
        there[:, :, None] & there[:, None, :],
        latent,
        slot,
        item,
        count[latent] == 1,
        marker,
        said[latents],
        known,
        known & (np.arange(v) >= structure.observed),
    )


def _collected(structure: Structure, directed: Array, symmetric: Array, means: Array, count: int) -> Array:
    """Mean over the cells that share a parameter."""
    cells = ((structure.directed, directed), (structure.symmetric, symmetric), (structure.means, means))
    values = np.concatenate([own[part.free_at] for part, own in cells])
    parameter = structure.places.parameter
    total, shared = np.bincount(parameter, values, count), np.bincount(parameter, minlength=count)
    return np.asarray(total / np.maximum(shared, 1.0))


def _is_usable(structure: Structure, theta: Array) -> bool:
    try:
        return positive_factor(implied(structure, theta).covariance) is not None
    except np.linalg.LinAlgError:
        return False


def _rough_covariances(structure: Structure, plan: _Plan, cov: Array) -> Array:
    """T (v, v): sample covariances of the observed, factor-analytic guesses for the latent."""
    p, v = structure.observed, structure.variables
    total = np.zeros((v, v))
    total[:p, :p] = cov
    for together in plan.rounds:
        _add_latents(total, together)
    return total


def _measuring(structure: Structure, latents: Positions, known: Mask) -> Mask:
    """(m, cells of A) cells in which a latent causes a known variable.

    The observed ones only, where there are any: what a construct is measured by says more about it than what
    it explains.
    """
    measures = structure.directed
    cells = (measures.column == latents[:, None]) & known[measures.row]
    observed = cells & (measures.row < structure.observed)
    return np.asarray(np.where(observed.any(axis=1)[:, None], observed, cells))


def _add_latents(total: Array, of: _Together) -> None:
    """Fills rows and columns of T for latents, each from one principal factor of what measures it."""
    latents, marker = of.latents, of.marker
    sd = np.sqrt(np.where(of.known, total.diagonal(), 1.0))
    own = sd[of.items]
    r = total[of.items[:, :, None], of.items[:, None, :]] / (own[:, :, None] * own[:, None, :])
    factors = _principal_factors(np.where(of.pairs, r, 0.0))
    standardised = np.zeros(marker.shape)
    standardised[of.latent, of.item] = np.where(
        of.alone, np.sqrt(COMMUNALITY[1]), factors[of.latent, of.slot]
    )
    standardised[(standardised * marker).sum(axis=1) < 0] *= -1
    fixed = marker != 0
    raw = np.where(fixed, standardised * sd / np.where(fixed, marker, 1.0), 0.0)
    variance = (raw**2).sum(axis=1) / np.maximum(fixed.sum(axis=1), 1)
    variance = np.where(fixed.any(axis=1), variance, 1.0)
    variance = np.where(np.isnan(of.variance), variance, of.variance)
    loadings = standardised * sd / np.sqrt(variance)[:, None]
    weights = loadings / np.maximum((loadings**2).sum(axis=1), 1e-300)[:, None]
    with_known = weights @ total
    among = with_known @ weights.T
    with_known = np.where(standardised != 0, loadings * variance[:, None], with_known)
    highest = CORRELATION_MOST * np.sqrt(variance)
    most = np.where(of.earlier, highest[:, None] * sd, np.inf)
    with_known = np.minimum(np.maximum(with_known, -most), most)
    total[latents], total[:, latents] = with_known, with_known.T
    most = highest[:, None] * np.sqrt(variance)
    total[latents[:, None], latents] = np.minimum(np.maximum(among, -most), most)
    total[latents, latents] = variance


def _principal_factors(r: Array) -> Array:
    """Standardised loadings of one factor of each of several correlation matrices (m, k, k), (m, k).

    Largest correlations are the communalities; the first loading is positive, as if it were the marker.
    """
    reduced, at = r.copy(), np.arange(r.shape[1])
    reduced[:, at, at] = 0.0
    reduced[:, at, at] = np.abs(reduced).max(axis=1)
    values, vectors = np.linalg.eigh(reduced)
    loadings = vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:], COMMUNALITY[0]))
    loadings = np.where(loadings[:, :1] >= 0, loadings, -loadings)
    size = np.clip(np.abs(loadings), *np.sqrt(COMMUNALITY))
    return np.asarray(np.where(loadings < 0, -size, size))


def _fixed_variances(structure: Structure) -> Array:
    """(v,) variances the model fixes, NaN for the others."""
    cells = structure.symmetric
    found = np.full(structure.variables, np.nan)
    at = np.flatnonzero((cells.row == cells.column) & ~cells.free & (cells.value > 0))
    found[cells.row[at]] = cells.value[at]
    # a fixed disturbance leaves room for what the causes explain
    found[structure.directed.row] *= 2
    return found


def _regressions(structure: Structure, plan: _Plan, total: Array) -> Array:
    """Value of each directed cell: the regression of its effect on all its causes, fixed ones taken off."""
    cells = structure.directed
    values = np.where(cells.free, 0.0, cells.value)
    variances = total.diagonal()
    cause, effect = cells.column[plan.alone], cells.row[plan.alone]
    most = np.sqrt(EXPLAINED_MOST * variances[effect] / variances[cause])
    values[plan.alone] = np.minimum(np.maximum(total[cause, effect] / variances[cause], -most), most)
    for one in plan.several:
        x = cells.column[one.free]
        among = np.where(one.apart, 0.0, total[x[:, None], x])
        np.fill_diagonal(among, variances[x] * (1 + (RIDGE if x.size > 1 else 0.0)))
        target = total[x, one.effect] - total[x[:, None], cells.column[one.given]] @ values[one.given]
        unit = np.sqrt(among.diagonal())
        try:
            own = np.linalg.solve(among / (unit[:, None] * unit), target / unit) / unit
        except np.linalg.LinAlgError:
            # causes that cannot be told apart start without effect
            continue
        explained = own @ among @ own
        limit = EXPLAINED_MOST * variances[one.effect]
        values[one.free] = own * np.sqrt(limit / explained) if explained > limit > 0 else own
    return values


def _without_covariance(structure: Structure) -> Mask:
    """(v, v) True for two exogenous variables that the model keeps uncorrelated: orthogonal factors."""
    v = structure.variables
    cells = structure.symmetric
    allowed = np.eye(v, dtype=bool)
    loose = (cells.parameter >= 0) | (cells.value != 0)
    allowed[cells.row[loose], cells.column[loose]] = allowed[cells.column[loose], cells.row[loose]] = True
    exogenous = np.ones(v, dtype=bool)
    exogenous[structure.directed.row] = False
    return np.asarray(~allowed & np.outer(exogenous, exogenous))


def _left_over(structure: Structure, plan: _Plan, total: Array, directed: Array) -> Array:
    """Value of each symmetric cell: what the causes leave unexplained; T among exogenous variables."""
    cells, effects = structure.symmetric, structure.directed
    paths = np.zeros(total.shape)
    paths[effects.row, effects.column] = directed
    variances = total.diagonal()
    left = np.maximum(variances - ((paths @ total) * paths).sum(axis=1), (1 - EXPLAINED_MOST) * variances)
    covariances = np.where(plan.exogenous, total[cells.row, cells.column], 0.0)
    return np.where(cells.free, np.where(plan.variance, left[cells.row], covariances), cells.value)


def plain_starting_values(
    structure: Structure, cov: Array, count: int, *, mean: Array | None = None
) -> Array:
    """theta (q,) that says little: loadings 1, paths and covariances 0, half of each variance unexplained.

    A second start for discrepancies with more than one minimum.
    """
    p = structure.observed
    directed, symmetric = structure.directed, structure.symmetric
    loads = (directed.row < p) & (directed.column >= p)
    variances = np.where(symmetric.row < p, cov.diagonal()[np.minimum(symmetric.row, p - 1)] / 2, 0.05)
    means = np.zeros(structure.means.row.size)
    if mean is not None:
        observed = structure.means.row < p
        means[observed] = mean[structure.means.row[observed]]
    return _collected(
        structure,
        np.where(directed.free, np.where(loads, 1.0, 0.0), directed.value),
        np.where(
            symmetric.free, np.where(symmetric.row == symmetric.column, variances, 0.0), symmetric.value
        ),
        means,
        count,
    )
