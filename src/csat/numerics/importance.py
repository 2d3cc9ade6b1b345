"""How much each driver matters for an outcome, in many correlation matrices at once.

Letters: p drivers, N matrices (the last axis), r (p, p, N) correlations among the drivers, ry (p, N) of each
driver with the outcome. A matrix that is not positive definite, or holds NaN, gives NaN.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

Array = NDArray[np.float64]
Measure = Literal["LMG", "relative weight", "|r|", "beta", "partial r"]

MEASURES: tuple[Measure, ...] = ("LMG", "relative weight", "|r|", "beta", "partial r")
SMALLEST_EIGENVALUE = 1e-10
"""Below it drivers determine each other, or pairwise correlations contradict each other."""
SUBSETS_AT_ONCE = 4096
"""Subsets a batch of matrices holds at once, so that they stay in the cache; at least `FEWEST_AT_ONCE`."""
FEWEST_AT_ONCE = 8


def importance(r: ArrayLike, ry: ArrayLike, measure: Measure) -> Array:
    """(p, N) importance of each driver.

    |r|              absolute correlation with the outcome
    beta             standardised coefficient beside all other drivers, R^-1 ry
    partial r        correlation with the outcome, all other drivers held constant
    relative weight  Johnson (2000), sums to R2
    LMG              mean gain in R2 over all orders of entry, exact over 2^p subsets, sums to R2
    """
    between = np.asarray(r, dtype=float)
    with_outcome = np.asarray(ry, dtype=float)
    if measure == "|r|":
        return np.asarray(np.abs(with_outcome))
    p, n = with_outcome.shape
    out = np.full((p, n), np.nan)
    stacked = np.empty((n, p + 1, p + 1))
    stacked[:, :p, :p] = np.moveaxis(between, -1, 0)
    stacked[:, p, :p] = stacked[:, :p, p] = with_outcome.T
    stacked[:, p, p] = 1.0
    finite = np.flatnonzero(np.isfinite(stacked).all(axis=(1, 2)))
    if not len(finite):
        return out
    proper = finite[np.linalg.eigvalsh(stacked[finite])[:, 0] > SMALLEST_EIGENVALUE]
    if len(proper):
        out[:, proper] = _OF[measure](stacked[proper]).T
    return out


def _beta(whole: Array) -> Array:
    return np.asarray(np.linalg.solve(whole[:, :-1, :-1], whole[:, :-1, -1:])[:, :, 0])


def _partial(whole: Array) -> Array:
    precision = np.linalg.inv(whole)
    own = np.diagonal(precision, axis1=1, axis2=2)
    return np.asarray(-precision[:, :-1, -1] / np.sqrt(own[:, :-1] * own[:, -1:]))


def _relative(whole: Array) -> Array:
    values, vectors = np.linalg.eigh(whole[:, :-1, :-1])
    root = (vectors * np.sqrt(values)[:, None, :]) @ vectors.swapaxes(1, 2)
    c = np.linalg.solve(root, whole[:, :-1, -1:])
    return np.asarray((root**2 @ c**2)[:, :, 0])


def _lmg(whole: Array) -> Array:
    p = whole.shape[1] - 1
    size = max(FEWEST_AT_ONCE, SUBSETS_AT_ONCE // 2**p)
    return np.concatenate([_shapley(whole[i : i + size]) for i in range(0, len(whole), size)])


def _shapley(whole: Array) -> Array:
    """As `regression.shapley_shares`, all subsets of all matrices at once."""
    n, p = len(whole), whole.shape[1] - 1
    left, size = np.moveaxis(whole, 0, -1)[None], np.zeros(1, dtype=np.intp)
    for _ in range(p):
        pivot = left[:, 0, 1:]
        swept = left[:, 1:, 1:] - pivot[:, :, None] * (pivot / left[:, 0, :1])[:, None]
        left = np.concatenate([left[:, 1:, 1:], swept])
        size = np.concatenate([size, size + 1])
    r2 = 1.0 - left[:, 0, 0]
    # |S|! (p - |S| - 1)! / p!
    weight = np.exp(gammaln(np.arange(p) + 1) + gammaln(p - np.arange(p)) - gammaln(p + 1))
    shares = np.empty((n, p))
    for j in range(p):
        halves = r2.reshape(-1, 2, 2**j, n)
        own = weight[size.reshape(-1, 2, 2**j)[:, 0]]
        shares[:, j] = np.tensordot(own, halves[:, 1] - halves[:, 0], axes=2)
    return shares


_OF = {"beta": _beta, "partial r": _partial, "relative weight": _relative, "LMG": _lmg}


def with_mean_of(correlation: ArrayLike, sd: ArrayLike, drivers: int) -> Array:
    """(p, N) correlations of the first p variables with the sum of the others.

    correlation : (p + k, p + k, N). sd : (p + k, N) or (p + k, 1), in the unit the outcomes are added in.
    """
    r, s = np.asarray(correlation, dtype=float), np.asarray(sd, dtype=float)[drivers:]
    if r.shape[0] == drivers + 1:
        return np.asarray(r[:drivers, drivers])
    s = np.broadcast_to(s, (s.shape[0], r.shape[-1]))
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.einsum("jn,jkn,kn->n", s, r[drivers:, drivers:], s)
        across = np.einsum("ikn,kn->in", r[:drivers, drivers:], s)
        return np.asarray(across / np.sqrt(np.where(variance > 0, variance, np.nan)))
