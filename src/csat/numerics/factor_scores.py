"""Scores of the constructs of a structural model for each respondent.

Letters as in `structure`; y a respondent's answers, L the coefficients from constructs to observed variables,
T the covariance of what the constructs leave of them, C the total covariance of all variables.

References
----------
Thurstone (1935); Bartlett (1937).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from csat.errors import SingularMatrix
from csat.numerics.linalg import Array
from csat.numerics.structure import Implied, Structure

Positions = NDArray[np.intp]
Kind = Literal["regression", "Bartlett"]

MODE_STEPS = 100
MODE_SOLVED = 1e-9
ROWS_AT_ONCE = 8192
EDGE = 38.0
"""A threshold at infinity, as a number whose normal density is still not an underflow."""
LEAST_PROBABLE = 1e-300
_NONE = np.zeros(0, dtype=np.intp)


def construct_scores(
    structure: Structure,
    theta: Array,
    at: Implied,
    rows: Array,
    *,
    kind: Kind = "regression",
    centre: Array | None = None,
) -> Array:
    """Scores (n, m) of the m constructs.

    regression : E(construct | y) = mean + C_fy Sigma^-1 (y - mu), of smaller variance than the construct.
    Bartlett : the least-squares solution (L' T^-1 L)^-1 L' T^-1 (y - mu), unbiased for each respondent.

    Parameters
    ----------
    rows : (n, p), NaN where there is no answer: regression then rests on the answers there are, and so does
        Bartlett where they determine all constructs (NaN elsewhere). centre : (p,) the sample means, when the
        model has no mean structure: the scores are then those of one with intercepts of items free.
    """
    p = structure.observed
    mean = at.mean if centre is None else centre
    own_mean = at.total_mean[p:] if centre is None else _mean_of_causes(structure, theta, centre)
    known = ~np.isnan(rows)
    scores = np.full((len(rows), structure.variables - p), np.nan)
    for pattern in np.unique(known, axis=0):
        if not pattern.any():
            continue
        who = (known == pattern).all(axis=1)
        seen = np.flatnonzero(pattern)
        weights = (_regression if kind == "regression" else _bartlett)(structure, theta, at, seen)
        scores[who] = own_mean + (rows[np.ix_(who, seen)] - mean[seen]) @ weights.T
    return scores


def _mean_of_causes(structure: Structure, theta: Array, centre: Array) -> Array:
    """(m,) what the means of observed causes make of the constructs, their own intercepts zero."""
    p = structure.observed
    a_matrix, _, _ = structure.matrices(theta)
    among = np.eye(structure.variables - p) - a_matrix[p:, p:]
    return np.asarray(np.linalg.solve(among, a_matrix[p:, :p] @ centre))


def _regression(structure: Structure, theta: Array, at: Implied, seen: Positions) -> Array:
    p = structure.observed
    return np.asarray(np.linalg.solve(at.covariance[np.ix_(seen, seen)], at.total[seen, p:]).T)


def _bartlett(structure: Structure, theta: Array, at: Implied, seen: Positions) -> Array:
    p, v = structure.observed, structure.variables
    a_matrix, s_matrix, _ = structure.matrices(theta)
    among = np.linalg.inv(np.eye(p) - a_matrix[:p, :p])
    loadings = (among @ a_matrix[:p, p:])[seen]
    left = (among @ s_matrix[:p, :p] @ among.T)[np.ix_(seen, seen)]
    measured = np.flatnonzero(np.abs(loadings).max(axis=0) > 0)
    out = np.full((v - p, seen.size), np.nan)
    lt = loadings[:, measured]
    try:
        pull = np.linalg.solve(left, lt).T
        out[measured] = np.linalg.solve(pull @ lt, pull)
    except np.linalg.LinAlgError:
        pass
    return out


def modal_scores(
    structure: Structure,
    theta: Array,
    rows: Array,
    *,
    item: Positions,
    thresholds: Array,
    given: Positions = _NONE,
    covariates: Array | None = None,
) -> Array:
    """Empirical Bayes modal scores (n, m) where items are ordered: the most probable constructs.

    The mode of ln P(answers | constructs) - (f - mean)' Psi^-1 (f - mean) / 2, by Newton steps for all
    respondents together (the function is concave). Answers are independent given the constructs: covariances
    of residuals are passed over, as lavaan does.

    Parameters
    ----------
    structure : its residual variances of ordered items filled in; covariates are variables without variance.
    rows : (n, p) position on the scale for an ordered item, a number for any other, NaN where silent.
    item : (t,) the item of each threshold, items in order. given : the covariates among the variables, with
    their values (n, len(given)).

    Raises
    ------
    SingularMatrix : an item's residual variance is not positive, or that of the constructs is negative.

    References
    ----------
    Bock & Aitkin (1981); lavaan's method "EBM".
    """
    p, v = structure.observed, structure.variables
    n = len(rows)
    a_matrix, s_matrix, means = structure.matrices(theta)
    latent = np.setdiff1d(np.arange(p, v), given)
    x = np.zeros((n, 0)) if covariates is None else covariates
    among = np.linalg.inv(np.eye(p) - a_matrix[:p, :p])
    loadings = among @ a_matrix[:p, latent]
    residual = np.diagonal(among @ s_matrix[:p, :p] @ among.T)
    if np.any(residual <= 0):
        raise SingularMatrix(
            "the error variance of {items} is not positive", positions=np.flatnonzero(residual <= 0).tolist()
        )
    own = np.linalg.inv(np.eye(latent.size) - a_matrix[np.ix_(latent, latent)])
    prior = own @ s_matrix[np.ix_(latent, latent)] @ own.T
    centre = (means[latent] + x @ a_matrix[np.ix_(latent, given)].T) @ own.T
    base = (means[:p] + x @ a_matrix[np.ix_(np.arange(p), given)].T) @ among.T
    root = _root(prior)
    sd = np.sqrt(residual)
    cuts = [
        np.concatenate([[-EDGE], thresholds[item == j], [EDGE]]) if np.any(item == j) else None
        for j in range(p)
    ]
    scaled_cuts = [None if c is None else c / s for c, s in zip(cuts, sd.tolist(), strict=True)]
    # f = centre + root u with u standard normal: the prior of u is -u'u / 2, also where constructs depend
    slopes = loadings @ root / sd[:, None]
    scores = np.full((n, latent.size), np.nan)
    for start in range(0, n, ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        answered = np.asarray(~np.isnan(rows[part]).all(axis=1))
        offset = (base[part] + centre[part] @ loadings.T) / sd
        u = _modes(rows[part], offset, slopes, scaled_cuts, sd)
        own_scores = centre[part] + u @ root.T
        scores[part] = np.where(answered[:, None], own_scores, np.nan)
    return scores


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -1e-8 * max(values[-1], 1e-300):
        raise SingularMatrix("the covariance of the constructs is not positive definite")
    kept = values > 1e-10 * max(values[-1], 1e-300)
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def _modes(rows: Array, offset: Array, slopes: Array, cuts: list[Array | None], sd: Array) -> Array:
    """(n, r) u at the mode; offset, slopes and cuts in units of the residuals."""
    n, p = rows.shape
    known = ~np.isnan(rows)
    upper, lower, number = np.zeros((n, p)), np.zeros((n, p)), np.zeros((n, p))
    ordered = np.array([c is not None for c in cuts])
    for j, cut in enumerate(cuts):
        own = known[:, j]
        if cut is None:
            number[own, j] = rows[own, j] / sd[j]
        else:
            codes = rows[own, j].astype(np.intp)
            upper[own, j], lower[own, j] = cut[codes + 1], cut[codes]

    def look(u: Array) -> tuple[Array, Array, Array]:
        """ln P (n,), its derivative by what each item expects and minus the second one, (n, p)."""
        at = offset + u @ slopes.T
        value, first, second = -((number - at) ** 2) / 2, number - at, np.ones((n, p))
        if ordered.any():
            top, bottom = upper[:, ordered] - at[:, ordered], lower[:, ordered] - at[:, ordered]
            share = np.maximum(_slice(top, bottom), LEAST_PROBABLE)
            above, below = _density(top), _density(bottom)
            slope = (below - above) / share
            value[:, ordered] = np.log(share)
            first[:, ordered] = slope
            second[:, ordered] = slope**2 + (top * above - bottom * below) / share
        value, first, second = (np.where(known, part, 0.0) for part in (value, first, second))
        return value.sum(axis=1) - (u * u).sum(axis=1) / 2, first, np.maximum(second, 0.0)

    u = np.zeros((n, slopes.shape[1]))
    value, first, second = look(u)
    for _ in range(MODE_STEPS):
        gradient = first @ slopes - u
        bend = np.einsum("np,pi,pj->nij", second, slopes, slopes) + np.eye(slopes.shape[1])
        step = np.linalg.solve(bend, gradient[:, :, None])[:, :, 0]
        if np.abs(step).max(initial=0.0) < MODE_SOLVED:
            return u + step
        length = np.ones(n)
        for _ in range(30):
            trial = look(u + length[:, None] * step)
            worse = trial[0] < value - 1e-12 * np.maximum(1.0, np.abs(value))
            if not worse.any():
                break
            length = np.where(worse, length / 2, length)
        u = u + length[:, None] * step
        value, first, second = trial
    return u


def _slice(upper: Array, lower: Array) -> Array:
    """Phi(u) - Phi(l), taken in the tail where it is exact."""
    flip = lower > 0
    return np.asarray(ndtr(np.where(flip, -lower, upper)) - ndtr(np.where(flip, -upper, lower)))


def _density(x: Array) -> Array:
    return np.asarray(np.exp(-x * x / 2) / np.sqrt(2 * np.pi))


def determinacy(structure: Structure, at: Implied) -> Array:
    """(m,) correlation of each construct with its regression score."""
    p = structure.observed
    across = at.total[:p, p:]
    explained = (across * np.linalg.solve(at.covariance, across)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(explained / np.diagonal(at.total)[p:]))
