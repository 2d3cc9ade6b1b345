"""Asymptotic covariance of sample moments (Gamma) and the normal-theory weights that belong to them.

Moments are ordered as in `moment_vectors`: means (when asked for), then vech of the covariance. W is the
inverse of a covariance matrix. n Gamma-hat / n estimates the covariance of the moments.

References
----------
Browne (1984), British Journal of Mathematical and Statistical Psychology 37, 62-83.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from csat.numerics.linalg import Array, vech_indices
from csat.numerics.moment_vectors import counts_of_vech

ROWS_AT_ONCE = 8192


def normal_weight(inverse: Array, *, means: bool = False) -> Array:
    """Half of the expected Hessian of the normal -2 log-likelihood in the moments: 0.5 D' (W x W) D.

    Parameters
    ----------
    inverse : (p, p) W. means : put W itself before it, for the means.

    Returns
    -------
    (k, k).
    """
    p = len(inverse)
    rows, columns = vech_indices(p)
    ii, ij = inverse[np.ix_(rows, rows)], inverse[np.ix_(rows, columns)]
    jj, ji = inverse[np.ix_(columns, columns)], inverse[np.ix_(columns, rows)]
    counts = counts_of_vech(p)
    weight = (ii * jj + ij * ji) * (counts[:, None] * counts / 4)
    return with_means(weight, inverse) if means else weight


def observed_weight(inverse: Array, cov: Array, *, gap: Array | None = None) -> Array:
    """Half of the exact Hessian in the moments, at S = cov and d = gap.

    0.5 D' (W x T) D, made symmetric, with T = 2 W (S + d d') W - W. Equals `normal_weight` where W^-1 = S and
    d = 0. gap : (p,) sample less implied means, with a mean structure.
    """
    p = len(inverse)
    rows, columns = vech_indices(p)
    sample = cov if gap is None else cov + np.outer(gap, gap)
    t = 2 * inverse @ sample @ inverse - inverse
    counts = counts_of_vech(p)
    total = np.zeros((rows.size, rows.size))
    for i, j in ((rows, columns), (columns, rows)):
        total += inverse[np.ix_(i, rows)] * t[np.ix_(j, columns)]
        total += inverse[np.ix_(i, columns)] * t[np.ix_(j, rows)]
    weight = (total + total.T) / 2 * (counts[:, None] * counts / 8)
    if gap is None:
        return weight
    full = with_means(weight, inverse)
    pull = inverse @ gap
    cross = inverse[:, rows] * pull[columns] + inverse[:, columns] * pull[rows]
    full[:p, p:] = cross * counts / 2
    full[p:, :p] = full[:p, p:].T
    return full


def normal_gamma(cov: Array, *, means: bool = False, given: Sequence[int] = ()) -> Array:
    """Gamma of normal data: cov(s_ij, s_kl) = sigma_ik sigma_jl + sigma_il sigma_jk, (k, k).

    given : positions of covariates whose answers count as known: less the same of what they explain.
    """
    rows, columns = vech_indices(len(cov))
    gamma = cov[np.ix_(rows, rows)] * cov[np.ix_(columns, columns)]
    gamma = gamma + cov[np.ix_(rows, columns)] * cov[np.ix_(columns, rows)]
    full = with_means(gamma, cov) if means else gamma
    if not len(given):
        return full
    x = list(given)
    explained = cov[:, x] @ np.linalg.solve(cov[np.ix_(x, x)], cov[x])
    # of themselves covariates explain everything: exactly nothing is left
    explained[np.ix_(x, x)] = cov[np.ix_(x, x)]
    return full - normal_gamma(explained, means=means)


def explained_rows(centred: Array, given: Sequence[int], *, weights: Array | None = None) -> Array:
    """What the covariates `given` explain of centred answers, (n, p); of themselves everything."""
    x = centred[:, list(given)]
    own = x if weights is None else x * weights[:, None]
    explained = np.asarray(x @ np.linalg.solve(own.T @ x, own.T @ centred))
    explained[:, list(given)] = x
    return explained


def with_means(block: Array, mean_block: Array) -> Array:
    """Block-diagonal matrix: means first."""
    p, k = len(mean_block), len(block)
    full = np.zeros((p + k, p + k))
    full[:p, :p], full[p:, p:] = mean_block, block
    return full


def adf_gamma(
    rows: Array,
    *,
    weights: Array | None = None,
    means: bool = False,
    given: Sequence[int] = (),
) -> Array:
    """Distribution-free Gamma: the covariance (dividing by n) of [y, vech((y - m)(y - m)')] over rows.

    Parameters
    ----------
    rows : (n, p) complete answers. weights : (n,) case weights summing to n; each row's contribution then
        counts with its squared weight, as in a sandwich. given : positions of covariates whose answers count
        as known: the moments then vary by what these leave unexplained, h(y) = yy' - E(y|x)E(y|x)'.

    Returns
    -------
    (k, k).
    """
    n, p = rows.shape
    w = np.ones(n) if weights is None else weights * (n / weights.sum())
    i, j = vech_indices(p)
    centred = rows - w @ rows / n
    cov = (centred.T * w) @ centred / n
    known = explained_rows(centred, given, weights=w) if len(given) else None
    if known is not None:
        cov = cov - (known.T * w) @ known / n
    k = i.size + (p if means else 0)
    gamma = np.zeros((k, k))
    for start in range(0, n, ROWS_AT_ONCE):
        part = centred[start : start + ROWS_AT_ONCE]
        products = part[:, i] * part[:, j] - cov[i, j]
        if known is not None:
            explained = known[start : start + ROWS_AT_ONCE]
            products -= explained[:, i] * explained[:, j]
            part = part - explained
        e = np.hstack([part, products]) if means else products
        e = e if weights is None else e * w[start : start + ROWS_AT_ONCE, None]
        gamma += e.T @ e
    gamma /= n
    return gamma
