"""Starting values for a structure, near enough that a handful of Newton steps reach the optimum.

Each latent variable gets the loadings of a principal factor of what measures it; from them follow rough
covariances T of all variables, observed and latent; every coefficient then starts at its regression on T.
"""

from __future__ import annotations

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

RIDGE = 0.02
"""Added to the variances of the causes, so that near-collinear ones start with moderate coefficients."""


def starting_values(structure: Structure, cov: Array, count: int, *, mean: Array | None = None) -> Array:
    """theta (q,) to start from, where Sigma is positive definite.

    Parameters
    ----------
    structure : the model. cov : (p, p) sample covariance with positive variances. count : q. mean : (p,)
        with a mean structure.
    """
    total = _rough_covariances(structure, cov)
    directed = _regressions(structure, total)
    symmetric = _left_over(structure, total, directed)
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
    symmetric = np.where(structure.symmetric.row == structure.symmetric.column, symmetric, 0.0)
    return _collected(structure, directed, symmetric, means, count)


def _collected(structure: Structure, directed: Array, symmetric: Array, means: Array, count: int) -> Array:
    """Mean over the cells that share a parameter."""
    total, cells = np.zeros(count), np.zeros(count)
    for part, values in (
        (structure.directed, directed),
        (structure.symmetric, symmetric),
        (structure.means, means),
    ):
        np.add.at(total, part.parameter[part.free], values[part.free])
        np.add.at(cells, part.parameter[part.free], 1.0)
    return np.asarray(total / np.maximum(cells, 1.0))


def _is_usable(structure: Structure, theta: Array) -> bool:
    try:
        return positive_factor(implied(structure, theta).covariance) is not None
    except np.linalg.LinAlgError:
        return False


def _rough_covariances(structure: Structure, cov: Array) -> Array:
    """T (v, v): sample covariances of the observed, factor-analytic guesses for the latent."""
    p, v = structure.observed, structure.variables
    total = np.zeros((v, v))
    total[:p, :p] = cov
    known = np.arange(v) < p
    waiting = np.arange(p, v)
    while waiting.size:
        cells = _measuring(structure, waiting, known)
        # those measured by what is known come first; what nothing known measures is a guess
        ready = cells.any(axis=1)
        ready = ready if ready.any() else np.ones(waiting.size, dtype=bool)
        _add_latents(structure, total, known, waiting[ready], cells[ready])
        known[waiting[ready]] = True
        waiting = waiting[~ready]
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


def _add_latents(structure: Structure, total: Array, known: Mask, latents: Positions, cells: Mask) -> None:
    """Fills rows and columns of T for latents, from one principal factor of what measures each, all at once.

    cells : (m, cells of A) those that measure them.
    """
    measures, v = structure.directed, structure.variables
    latent, cell = np.nonzero(cells)
    item = measures.row[cell]
    count = np.bincount(latent, minlength=latents.size)
    slot = np.arange(latent.size) - np.repeat(np.cumsum(count) - count, count)
    padded = np.zeros((latents.size, max(int(count.max()), 1)), dtype=np.intp)
    there = np.zeros(padded.shape, dtype=bool)
    padded[latent, slot], there[latent, slot] = item, True
    sd = np.sqrt(np.where(known, np.diagonal(total), 1.0))
    r = total[padded[:, :, None], padded[:, None, :]] / (sd[padded][:, :, None] * sd[padded][:, None, :])
    factors = _principal_factors(r * (there[:, :, None] & there[:, None, :]))
    standardised, marker = np.zeros((latents.size, v)), np.zeros((latents.size, v))
    alone = count[latent] == 1
    standardised[latent, item] = np.where(alone, np.sqrt(COMMUNALITY[1]), factors[latent, slot])
    marker[latent, item] = np.where(measures.free[cell], 0.0, measures.value[cell])
    standardised[(standardised * marker).sum(axis=1) < 0] *= -1
    fixed = marker != 0
    raw = np.where(fixed, standardised * sd / np.where(fixed, marker, 1.0), 0.0)
    variance = (raw**2).sum(axis=1) / np.maximum(fixed.sum(axis=1), 1)
    variance = np.where(fixed.any(axis=1), variance, 1.0)
    said = _fixed_variances(structure)[latents]
    variance = np.where(np.isnan(said), variance, said)
    loadings = standardised * sd / np.sqrt(variance)[:, None]
    weights = loadings / np.maximum((loadings**2).sum(axis=1), 1e-300)[:, None]
    with_known = weights @ total
    among = with_known @ weights.T
    with_known = np.where(standardised != 0, loadings * variance[:, None], with_known)
    highest = CORRELATION_MOST * np.sqrt(variance)
    earlier = known & (np.arange(v) >= structure.observed)
    most = np.where(earlier, highest[:, None] * sd, np.inf)
    with_known = np.clip(with_known, -most, most)
    total[latents], total[:, latents] = with_known, with_known.T
    most = np.outer(highest, np.sqrt(variance))
    total[latents[:, None], latents] = np.clip(among, -most, most)
    total[latents, latents] = variance


def _principal_factors(r: Array) -> Array:
    """Standardised loadings of one factor of each of several correlation matrices (m, k, k), (m, k).

    Largest correlations are the communalities; the sum of the loadings is positive.
    """
    reduced, at = r.copy(), np.arange(r.shape[1])
    reduced[:, at, at] = 0.0
    reduced[:, at, at] = np.abs(reduced).max(axis=1)
    values, vectors = np.linalg.eigh(reduced)
    loadings = vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:], COMMUNALITY[0]))
    loadings = np.where(loadings.sum(axis=1, keepdims=True) >= 0, loadings, -loadings)
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


def _regressions(structure: Structure, total: Array) -> Array:
    """Value of each directed cell: the regression of its effect on all its causes, fixed ones taken off."""
    cells = structure.directed
    values = np.where(cells.free, 0.0, cells.value)
    causes = np.bincount(cells.row, minlength=structure.variables)
    variances = np.diagonal(total)
    alone = np.flatnonzero(cells.free & (causes[cells.row] == 1))
    cause, effect = cells.column[alone], cells.row[alone]
    most = np.sqrt(EXPLAINED_MOST * variances[effect] / variances[cause])
    values[alone] = np.clip(total[cause, effect] / variances[cause], -most, most)
    uncorrelated = _without_covariance(structure)
    for several in np.flatnonzero((causes > 1) & (np.bincount(cells.row, cells.free, causes.size) > 0)):
        at = np.flatnonzero(cells.row == several)
        free, given = at[cells.free[at]], at[~cells.free[at]]
        x = cells.column[free]
        among = np.where(uncorrelated[x[:, None], x], 0.0, total[x[:, None], x])
        np.fill_diagonal(among, variances[x] * (1 + (RIDGE if x.size > 1 else 0.0)))
        target = total[x, several] - total[x[:, None], cells.column[given]] @ values[given]
        unit = np.sqrt(np.diagonal(among))
        try:
            own = np.linalg.solve(among / np.outer(unit, unit), target / unit) / unit
        except np.linalg.LinAlgError:
            # causes that cannot be told apart start without effect
            continue
        explained = own @ among @ own
        limit = EXPLAINED_MOST * variances[several]
        values[free] = own * np.sqrt(limit / explained) if explained > limit > 0 else own
    return values


def _without_covariance(structure: Structure) -> Array:
    """(v, v) True for two exogenous variables that the model keeps uncorrelated: orthogonal factors."""
    v = structure.variables
    cells = structure.symmetric
    allowed = np.eye(v, dtype=bool)
    loose = (cells.parameter >= 0) | (cells.value != 0)
    allowed[cells.row[loose], cells.column[loose]] = allowed[cells.column[loose], cells.row[loose]] = True
    exogenous = np.ones(v, dtype=bool)
    exogenous[structure.directed.row] = False
    return np.asarray(~allowed & np.outer(exogenous, exogenous))


def _left_over(structure: Structure, total: Array, directed: Array) -> Array:
    """Value of each symmetric cell: what the causes leave unexplained; T among exogenous variables."""
    cells, effects = structure.symmetric, structure.directed
    paths = np.zeros((structure.variables, structure.variables))
    paths[effects.row, effects.column] = directed
    variances = np.diagonal(total)
    left = np.maximum(variances - ((paths @ total) * paths).sum(axis=1), (1 - EXPLAINED_MOST) * variances)
    exogenous = np.ones(structure.variables, dtype=bool)
    exogenous[effects.row] = False
    i, j = cells.row, cells.column
    covariances = np.where(exogenous[i] & exogenous[j], total[i, j], 0.0)
    return np.where(cells.free, np.where(i == j, left[i], covariances), cells.value)


def plain_starting_values(
    structure: Structure, cov: Array, count: int, *, mean: Array | None = None
) -> Array:
    """theta (q,) that says little: loadings 1, paths and covariances 0, half of each variance unexplained.

    A second start for discrepancies with more than one minimum.
    """
    p = structure.observed
    directed, symmetric = structure.directed, structure.symmetric
    loads = (directed.row < p) & (directed.column >= p)
    variances = np.where(symmetric.row < p, np.diagonal(cov)[np.minimum(symmetric.row, p - 1)] / 2, 0.05)
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
