"""Starting values for a structure, near enough that a handful of Newton steps reach the optimum.

Each latent variable gets the loadings of a principal factor of what measures it; from them follow rough
covariances T of all variables, observed and latent; every coefficient then starts at its regression on T.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csat.numerics.linalg import Array
from csat.numerics.structure import Cells, Positions, Structure, implied

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
        np.linalg.cholesky(implied(structure, theta).covariance)
    except np.linalg.LinAlgError:
        return False
    return True


def _rough_covariances(structure: Structure, cov: Array) -> Array:
    """T (v, v): sample covariances of the observed, factor-analytic guesses for the latent."""
    p, v = structure.observed, structure.variables
    total = np.zeros((v, v))
    total[:p, :p] = cov
    known = np.arange(v) < p
    measures = structure.directed
    waiting = list(range(p, v))
    while waiting:
        ready = [f for f in waiting if _indicators(measures, f, known).size]
        for f in ready or waiting:
            cells = _indicators(measures, f, known)
            _add_latent(structure, total, known, f, cells)
            known[f] = True
            waiting.remove(f)
    return total


def _indicators(measures: Cells, latent: int, known: Mask) -> Positions:
    """Cells in which the latent is the cause of a known variable: the observed ones, else latent ones."""
    cells = np.flatnonzero((measures.column == latent) & known[measures.row])
    return np.asarray(cells)


def _add_latent(structure: Structure, total: Array, known: Mask, latent: int, cells: Positions) -> None:
    p = structure.observed
    measures = structure.directed
    observed_cells = cells[measures.row[cells] < p]
    # what a construct is measured by says more about it than what it explains
    cells = observed_cells if observed_cells.size else cells
    if not cells.size:
        total[latent, latent] = 1.0
        return
    items = measures.row[cells]
    item_cov = total[np.ix_(items, items)]
    sd = np.sqrt(np.diagonal(item_cov))
    standardised = _principal_factor(item_cov / np.outer(sd, sd))
    fixed = np.flatnonzero((measures.parameter[cells] < 0) & (measures.value[cells] != 0))
    if fixed.size and standardised[fixed[0]] * measures.value[cells[fixed[0]]] < 0:
        standardised = -standardised
    variance = _fixed_variance(structure, latent)
    if variance is None:
        raw = standardised[fixed] * sd[fixed] / measures.value[cells[fixed]]
        variance = float(np.mean(raw**2)) if fixed.size else 1.0
    loadings = standardised * sd / np.sqrt(variance)
    weights = loadings / (loadings @ loadings)
    others = np.flatnonzero(known)
    total[latent, others] = total[others, latent] = total[np.ix_(others, items)] @ weights
    total[latent, items] = total[items, latent] = loadings * variance
    total[latent, latent] = variance
    latents = others[others >= p]
    most = CORRELATION_MOST * np.sqrt(variance * np.diagonal(total)[latents])
    total[latent, latents] = total[latents, latent] = np.clip(total[latent, latents], -most, most)


def _principal_factor(r: Array) -> Array:
    """Standardised loadings of one factor, largest correlations as communalities; their sum is positive."""
    if len(r) == 1:
        return np.full(1, np.sqrt(COMMUNALITY[1]))
    reduced = np.array(r)
    np.fill_diagonal(reduced, 0.0)
    np.fill_diagonal(reduced, np.abs(reduced).max(axis=0))
    values, vectors = np.linalg.eigh(reduced)
    loadings = vectors[:, -1] * np.sqrt(max(values[-1], COMMUNALITY[0]))
    loadings = loadings if loadings.sum() >= 0 else -loadings
    size = np.clip(np.abs(loadings), *np.sqrt(COMMUNALITY))
    return np.asarray(np.where(loadings < 0, -size, size))


def _fixed_variance(structure: Structure, latent: int) -> float | None:
    cells = structure.symmetric
    at = np.flatnonzero((cells.row == latent) & (cells.column == latent))
    caused = np.any(structure.directed.row == latent)
    if at.size and cells.parameter[at[0]] < 0 and cells.value[at[0]] > 0:
        # a fixed disturbance leaves room for what the causes explain
        return float(cells.value[at[0]]) * (2.0 if caused else 1.0)
    return None


def _regressions(structure: Structure, total: Array) -> Array:
    """Value of each directed cell: the regression of its effect on all its causes, fixed ones taken off."""
    cells = structure.directed
    values = np.where(cells.free, 0.0, cells.value)
    uncorrelated = _without_covariance(structure)
    for effect in np.unique(cells.row):
        at = np.flatnonzero(cells.row == effect)
        free = at[cells.parameter[at] >= 0]
        if not free.size:
            continue
        given = at[cells.parameter[at] < 0]
        causes = cells.column[free]
        among = np.where(uncorrelated[np.ix_(causes, causes)], 0.0, total[np.ix_(causes, causes)])
        np.fill_diagonal(among, np.diagonal(total)[causes] * (1 + (RIDGE if causes.size > 1 else 0.0)))
        target = total[causes, effect] - total[np.ix_(causes, cells.column[given])] @ values[given]
        unit = np.sqrt(np.diagonal(among))
        scaled = np.linalg.lstsq(among / np.outer(unit, unit), target / unit, rcond=1e-6)[0]
        values[free] = scaled / unit
        explained = values[free] @ among @ values[free]
        most = EXPLAINED_MOST * total[effect, effect]
        if explained > most > 0:
            values[free] *= np.sqrt(most / explained)
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
    cells = structure.symmetric
    effects = structure.directed
    values = np.where(cells.free, 0.0, cells.value)
    exogenous = np.ones(structure.variables, dtype=bool)
    exogenous[effects.row] = False
    variances = np.diagonal(total)
    for k in np.flatnonzero(cells.free):
        i, j = cells.row[k], cells.column[k]
        if i == j:
            at = np.flatnonzero(effects.row == i)
            causes = effects.column[at]
            explained = directed[at] @ total[np.ix_(causes, causes)] @ directed[at] if at.size else 0.0
            values[k] = max(variances[i] - explained, (1 - EXPLAINED_MOST) * variances[i])
        elif exogenous[i] and exogenous[j]:
            values[k] = total[i, j]
    return values


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
