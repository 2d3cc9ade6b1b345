"""Gaps filled with draws from what a normal model expects of them, given what the same row answered.

mu, Sigma : maximum-likelihood moments of the answers with gaps (EM). Of a row with answers k and gaps m the
draw is

    mu_m + Sigma_mk Sigma_kk^-1 (x_k - mu_k) + e,    e ~ N(0, Sigma_mm - Sigma_mk Sigma_kk^-1 Sigma_km)

so that filled answers spread as answers do: means of what is expected would spread too little.

References
----------
Little & Rubin (2019), Statistical Analysis with Missing Data, 3rd ed., chapter 4 and 11.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csat.numerics.linalg import Array
from csat.numerics.missing import patterns, saturated_moments


def imputed(
    rows: Array,
    fill: NDArray[np.bool_],
    *,
    low: Array,
    high: Array,
    whole: NDArray[np.bool_],
    weights: Array | None = None,
    seed: int = 0,
) -> Array:
    """Rows with the cells `fill` drawn; all else, other gaps too, stays.

    Parameters
    ----------
    rows : (n, p), NaN for gaps. fill : (n, p) gaps to be filled. low, high : (p,) ends of each item's scale,
        infinite where it has none. whole : (p,) whether answers are whole numbers: draws are rounded to them.
    weights : (n,) of the moments. seed : of the draws, one for each cell whether it is used or not.

    Returns
    -------
    (n, p); rows without any answer stay as they are.

    Raises
    ------
    TooFew, ConstantItem, NotConverged : there are no moments, with positions of items.
    """
    found = saturated_moments(patterns(rows, weights=weights))
    mean, cov = found.mean, found.cov
    draws = np.random.default_rng(seed).standard_normal(rows.shape)
    known = ~np.isnan(rows)
    wanted = np.flatnonzero((fill & ~known).any(axis=1) & known.any(axis=1))
    out = np.array(rows, dtype=float)
    seen, which = np.unique(known[wanted], axis=0, return_inverse=True)
    for at, k in enumerate(seen):
        here = wanted[which.reshape(-1) == at]
        m = ~k
        slope = np.linalg.solve(cov[np.ix_(k, k)], cov[np.ix_(k, m)]).T
        left = cov[np.ix_(m, m)] - slope @ cov[np.ix_(k, m)]
        values, vectors = np.linalg.eigh((left + left.T) / 2)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        expected = mean[m] + (rows[np.ix_(here, k)] - mean[k]) @ slope.T
        drawn = expected + draws[np.ix_(here, m)] @ root.T
        drawn = np.where(whole[m], np.rint(drawn), drawn)
        drawn = np.clip(drawn, low[m], high[m])
        cells = np.ix_(here, m)
        out[cells] = np.where(fill[cells], drawn, out[cells])
    return out
