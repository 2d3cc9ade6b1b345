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

from csat.numerics.linalg import Array
from csat.numerics.structure import Implied, Structure

Positions = NDArray[np.intp]
Kind = Literal["regression", "Bartlett"]


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
