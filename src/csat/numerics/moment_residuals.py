"""What a fitted model leaves of the sample moments, and how much of that is more than chance.

Letters as in `robust`: residual r = s - sigma, Q = I - D E^-1 D' V; n times the covariance of r is Q Gamma
Q'.

References
----------
Bentler & Dijkstra (1985); Ogasawara (2001); Maydeu-Olivares (2017).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from csat.numerics import robust
from csat.numerics.asymptotic import normal_gamma, observed_weight
from csat.numerics.constrained import free_directions
from csat.numerics.fitted import Fit
from csat.numerics.least_squares import weighted
from csat.numerics.linalg import Array, inverse, vech_indices
from csat.numerics.moment_vectors import ContinuousMoments, OrderedMoments
from csat.numerics.robust_indices import incomplete_pieces

Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Residuals:
    """Of one group.

    cov : (p, p) S - Sigma. correlation : (p, p) over sqrt(s_ii s_jj). z : (p, p) r over its standard error,
    NaN where the model reproduces a moment by construction. normalised : (p, p) r over the standard error of
    s. mean, mean_z : (p,), None without a mean structure.
    """

    cov: Array
    correlation: Array
    z: Array
    normalised: Array
    mean: Array | None = None
    mean_z: Array | None = None


NOTHING_LEFT = 1e-8
"""A residual whose variance is below this share of the moment's own has none: the model reproduces it."""


def residuals(found: Fit, group: int = 0) -> Residuals:
    """Residual covariances (or correlations, of ordered items) with their z statistics."""
    model, share = found.models[group], found.shares[group]
    s, at = found.samples[group], found.moments[group]
    n = found.data[group].n
    p = model.structure.observed
    r = s - at.vector
    gamma, v, bread = _parts(found, group)
    jacobian = _free_jacobian(found, at.jacobian)
    back = np.linalg.pinv(bread, rcond=1e-12, hermitian=True)
    q = np.eye(s.size) - share * jacobian @ back @ weighted(v, jacobian).T
    spread = ((q @ gamma) * q).sum(axis=1)
    own = np.diagonal(gamma)
    known = spread > NOTHING_LEFT * own
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(known, r / np.sqrt(np.where(known, spread, 1.0) / n), np.nan)
        normalised = np.where(own > 0, r / np.sqrt(own / n), np.nan)
    if isinstance(model, OrderedMoments):
        t, own_variances = model.head, model.numeric
        columns, rows = np.triu_indices(p, 1)
        sd = np.sqrt(np.diagonal(found.data[group].cov))
        # variances of the numbers stand before the covariances
        rows, columns = np.append(rows, own_variances), np.append(columns, own_variances)
        variances = slice(t - own_variances.size, t)
        r, z, normalised = (np.append(x[t:], x[variances]) for x in (r, z, normalised))
        return Residuals(
            _square(r, rows, columns, p),
            _square(r / (sd[rows] * sd[columns]), rows, columns, p),
            _square(z, rows, columns, p),
            _square(normalised, rows, columns, p),
        )
    rows, columns = vech_indices(p)
    means = s.size - rows.size
    cov = _square(r[means:], rows, columns, p)
    sd = np.sqrt(np.diagonal(found.problem.covs[group]))
    return Residuals(
        cov,
        cov / np.outer(sd, sd),
        _square(z[means:], rows, columns, p),
        _square(normalised[means:], rows, columns, p),
        r[:means] if means else None,
        z[:means] if means else None,
    )


def _parts(found: Fit, group: int) -> tuple[Array, Array, Array]:
    """Gamma, V and E = sum f D'VD: V expected or observed, as the standard errors."""
    weights = [_weight(found, g) for g in range(len(found.models))]
    pieces = [
        replace(p, weight=w, jacobian=_free_jacobian(found, p.jacobian))
        for p, w in zip(found.pieces, weights, strict=True)
    ]
    model, data = found.models[group], found.data[group]
    gamma = found.gammas[group]
    if data.gaps is not None:
        gamma = incomplete_pieces(found)[group].gamma
    elif (
        data.ordered is None
        and found.method.errors == "standard"
        and found.method.discrepancy not in ("WLS", "DWLS")
    ):
        with_means = isinstance(model, ContinuousMoments) and model.with_means
        given = found.problem.exogenous
        gamma = normal_gamma(found.problem.covs[group], means=with_means, given=given)
    return gamma, weights[group], robust.bread(pieces)


def _free_jacobian(found: Fit, jacobian: Array) -> Array:
    """By the directions in which the parameters are free.

    What is known of covariates is no parameter here: their moments do not vary.
    """
    within, held = found.estimate.within, found.estimate.on_bound
    return jacobian[:, : found.theta.size] @ free_directions(within, held)


def _weight(found: Fit, group: int) -> Array:
    data, at = found.data[group], found.moments[group].at
    if found.method.information == "expected" or found.method.discrepancy != "ML" or data.gaps is not None:
        return found.weights[group]
    model = found.models[group]
    with_means = isinstance(model, ContinuousMoments) and model.with_means
    gap = data.mean - at.mean if with_means else None
    return observed_weight(inverse(at.covariance), found.problem.covs[group], gap=gap)


def _square(values: Array, rows: Positions, columns: Positions, p: int) -> Array:
    matrix = np.zeros((p, p))
    matrix[rows, columns] = matrix[columns, rows] = values
    return matrix


def two_sided(z: Array) -> Array:
    """P(|Z| >= |z|)."""
    return np.asarray(2 * ndtr(-np.abs(z)))
