"""PLS path modelling from a correlation matrix: one, or thousands at once.

Letters: p items; q places, an item once for each construct it measures, constructs in order; c constructs;
R (q, q) correlations of the places; w (q,) outer weights; Y = Z w scores of variance 1; cov (c, q)
covariances of scores and places; V (c, c) correlations of scores; B (c, c) paths, row = from, column = to;
N matrices.

Many matrices are held with the matrix LAST, (p, p, N): then every step is one operation on N numbers, and a
replicate costs microseconds. The same arrays without the last axis are one solution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import ConstantItem, NotConverged, TooFew
from csat.numerics.pls_rounds import (
    ROUNDS,
    TOLERANCE,
    regressions_indefinite,
    regressions_many,
    regressions_one,
    settled_many,
    settled_one,
)
from csat.numerics.pls_structure import (
    SCHEMES,
    AboutConstructs,
    Array,
    BadStructure,
    CollinearConstructs,
    Mode,
    PathStructure,
    Places,
    Scheme,
    path_structure,
)

__all__ = [
    "ROUNDS",
    "SCHEMES",
    "TOLERANCE",
    "AboutConstructs",
    "Array",
    "BadStructure",
    "CollinearConstructs",
    "Mode",
    "PathStructure",
    "Places",
    "PlsFit",
    "Scheme",
    "corrected",
    "dijkstra_henseler_rho",
    "path_structure",
    "pls",
    "pls_many",
    "scores",
    "total_effects",
]

BATCH = 512
"""Matrices worked on at once: 24 items then fill the second-level cache."""


@dataclass(frozen=True, eq=False)
class PlsFit:
    """A PLS solution; for many matrices every array has a last axis N.

    weights : (q,), the scores have variance 1.
    loadings : (q,) correlation of a place with its construct; when `consistent`, corrected.
    cross_covariance : (c, q) correlations of the scores with all places.
    score_correlation : (c, c) of the scores.
    construct_correlation : (c, c) what the paths rest on: the scores', corrected when `consistent`.
    paths : (c, c) row = from, column = to, 0 where there is none.
    r2 : (c,) NaN for a construct without causes.
    rho_a : (c,) reliability of the scores; 1 for single items and mode B.
    rounds, converged : how the weights were reached. aligned_with : how signs were settled.
    """

    structure: PathStructure
    scheme: Scheme
    consistent: bool
    weights: Array
    loadings: Array
    cross_covariance: Array
    score_correlation: Array
    construct_correlation: Array
    paths: Array
    r2: Array
    rho_a: Array
    rounds: NDArray[np.int64]
    converged: NDArray[np.bool_]


def pls(
    correlation: ArrayLike,
    structure: PathStructure,
    *,
    scheme: Scheme = "path",
    consistent: bool = False,
    tolerance: float = TOLERANCE,
    max_rounds: int = ROUNDS,
) -> PlsFit:
    """PLS path model of one correlation matrix (Wold 1982); PLSc when `consistent`.

    Weights start at 1. Each round takes scores Y = Z w of variance 1, the inner estimate E of each construct
    from its neighbours, and new weights: correlations of its items with E (mode A), or the regression of E on
    its items (mode B); it stops when no weight changes by more than `tolerance`. Schemes:

        path      E = fitted value from its predecessors + sum over successors of r(Y, successor) Y_successor
        factor    E = sum over neighbours of r Y           centroid   E = sum over neighbours of sign(r) Y

    Sign of a construct: the sum of its loadings is positive. Paths are least squares on V; when `consistent`
    on V / sqrt(rho_A rho_A'), with loadings w sqrt(rho_A) / (w'w) for mode A constructs of several items
    (Dijkstra & Henseler 2015).

    Parameters
    ----------
    correlation : (p, p) of any kind: Pearson, weighted, pairwise, polychoric.
    max_rounds : in which no weight must change by more than 1e-7 any more; for a stricter `tolerance` ten
        times as many.

    Raises
    ------
    ConstantItem : an item without a correlation. SingularMatrix : mode B items that depend on each other.
    CollinearConstructs : predecessors that depend on each other. NotConverged : after `max_rounds`.
    """
    r = np.asarray(correlation, dtype=float)
    if not structure.in_order(len(r)):
        r = r[np.ix_(structure.places, structure.places)]
    if not math.isfinite(float(np.vdot(r, r))):
        raise _no_correlation(r, structure)
    w, cov, v, rounds, converged = settled_one(r, structure, scheme, tolerance, max_rounds)
    if not converged:
        raise NotConverged(
            f"the PLS weights still change after {max_rounds} rounds",
            do="Look for a construct that is almost unrelated to its neighbours, or try another scheme",
        )
    index = structure._index
    loadings = cov.reshape(-1).take(index.place_row)
    if np.add.reduceat(loadings, index.starts).min() < 0:
        signs = _signs(loadings, structure)
        w, loadings = w * signs[structure.owner], loadings * signs[structure.owner]
        cov, v = cov * signs[:, None], v * np.outer(signs, signs)
    return _fit(structure, scheme, consistent, w, loadings, cov, v, rounds, converged)


def pls_many(
    correlations: Array,
    structure: PathStructure,
    *,
    scheme: Scheme = "path",
    consistent: bool = False,
    like: PlsFit | None = None,
    tolerance: float = 1e-7,
    max_rounds: int = ROUNDS,
) -> PlsFit:
    """PLS path models of many correlation matrices at once, as `pls`; nothing is raised.

    Parameters
    ----------
    correlations : (p, p, N), the matrix last.
    like : the solution of the whole data, for resamples of it: rounds start from its weights, and each
        construct takes the sign that agrees with its loadings.

    Returns
    -------
    PlsFit : with `converged` False and NaN everywhere for a matrix that gave no solution (an item without
        variance, collinear predecessors, no convergence).
    """
    at = structure.places
    same = structure.in_order(len(correlations))
    parts = []
    for start in range(0, correlations.shape[-1], BATCH):
        batch = correlations[..., start : start + BATCH]
        batch = batch if same else batch[np.ix_(at, at)]
        parts.append(
            _many(np.ascontiguousarray(batch), structure, scheme, consistent, like, tolerance, max_rounds)
        )
    if len(parts) == 1:
        return parts[0]

    def joined(name: str) -> Array:
        return np.concatenate([getattr(p, name) for p in parts], axis=-1)

    return PlsFit(
        structure, scheme, consistent, joined("weights"), joined("loadings"), joined("cross_covariance"),
        joined("score_correlation"), joined("construct_correlation"), joined("paths"), joined("r2"),
        joined("rho_a"), np.concatenate([p.rounds for p in parts]),
        np.concatenate([p.converged for p in parts]),
    )  # fmt: skip


def total_effects(paths: Array, structure: PathStructure) -> Array:
    """Direct and indirect effects together, T = (I - B)^-1 - I, (c, c) or (c, c, N); row = from."""
    total = np.zeros_like(paths)
    for j in structure.order:
        total[:, j] = paths[:, j]
        for i in structure.parents(j):
            total[:, j] += total[:, i] * paths[i, j]
    return total


def scores(standardised: ArrayLike, fit: PlsFit) -> Array:
    """(n, c) construct scores Y = Z w of variance 1 from standardised answers (n, p)."""
    structure, z = fit.structure, np.asarray(standardised, dtype=float)
    wide = np.zeros((len(structure.places), structure.constructs))
    wide.reshape(-1)[structure._index.place_flat] = fit.weights
    return np.asarray((z if structure.in_order(z.shape[1]) else z[:, structure.places]) @ wide)


def _many(
    r: Array,
    structure: PathStructure,
    scheme: Scheme,
    consistent: bool,
    like: PlsFit | None,
    tolerance: float,
    max_rounds: int,
) -> PlsFit:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        w, cov, v, rounds, converged = settled_many(
            r, structure, scheme, None if like is None else like.weights, tolerance, max_rounds
        )
        loadings = cov[structure.owner, np.arange(len(structure.owner))]
        against = loadings if like is None else loadings * like.loadings[:, None]
        signs = _signs(against, structure)
        w, loadings = w * signs[structure.owner], loadings * signs[structure.owner]
        cov, v = cov * signs[:, None], v * (signs[:, None] * signs[None, :])
        return _fit(structure, scheme, consistent, w, loadings, cov, v, rounds, converged)


def _signs(against: Array, structure: PathStructure) -> Array:
    """-1 for each construct whose values sum to less than 0, else 1."""
    sums = np.add.reduceat(against, structure._index.starts, axis=0)
    return np.where(sums < 0, -1.0, 1.0)


def _fit(
    structure: PathStructure,
    scheme: Scheme,
    consistent: bool,
    w: Array,
    loadings: Array,
    cov: Array,
    v: Array,
    rounds: int | NDArray[np.int64],
    converged: bool | NDArray[np.bool_],
) -> PlsFit:
    index = structure._index
    rho, between, own = dijkstra_henseler_rho(w, structure), v, loadings
    if consistent:
        between, own = corrected(v, w, loadings, rho, structure)
    if v.ndim > 2:
        beta = regressions_many(between, structure)
    else:
        beta = regressions_indefinite(between, structure) if consistent else regressions_one(v, structure)
    paths, r2 = np.zeros_like(v), np.full(v.shape[1:], np.nan)
    paths[index.cause, index.effect] = beta
    r2[index.ends] = np.dot(index.into, beta * between[index.cause, index.effect])
    return PlsFit(
        structure, scheme, consistent, w, own, cov, v, between, paths, r2, rho,
        np.asarray(rounds), np.asarray(converged),
    )  # fmt: skip


def dijkstra_henseler_rho(w: Array, structure: PathStructure) -> Array:
    """rho_A = (w'w)^2 [w'(S - diag S)w] / [w'(ww' - diag ww')w] of each construct, (c,) or (c, N).

    S : correlations of the construct's items; the scores have variance 1, so that w'(S - diag S)w = 1 - w'w.
    1 for single items and for mode B, whose weights are no estimate of loadings.
    """
    squares, starts = w * w, structure._index.starts
    total = np.add.reduceat(squares, starts, axis=0)
    fourth = np.add.reduceat(squares * squares, starts, axis=0)
    top = total * total
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = top * (1.0 - total) / (top - fourth)
    rho[structure._index.exact] = 1.0
    return np.asarray(rho)


def corrected(
    v: Array, w: Array, loadings: Array, rho: Array, structure: PathStructure
) -> tuple[Array, Array]:
    """PLSc: construct correlations v / sqrt(rho_a rho_b); loadings w sqrt(rho) / (w'w) of mode A blocks."""
    with np.errstate(invalid="ignore"):
        root = np.sqrt(rho)
    between = v / (root[:, None] * root[None, :])
    diagonal = np.arange(len(v))
    between[diagonal, diagonal] = 1.0
    own = loadings.copy()
    for k, s in enumerate(structure.slices):
        if not structure._index.exact[k]:
            own[s] = w[s] * (root[k] / (w[s] * w[s]).sum(axis=0))
    return between, own


def _no_correlation(r: Array, structure: PathStructure) -> ConstantItem | TooFew:
    diagonal = np.flatnonzero(~np.isfinite(r.diagonal()))
    if len(diagonal):
        return ConstantItem(
            "no variance in {items}: all answers are the same, or there are none",
            positions=sorted({int(structure.places[i]) for i in diagonal}),
            do="Leave the item out, or check how its answers were read",
        )
    first = np.argwhere(~np.isfinite(r))[0]
    return TooFew(
        "nobody answered both of {items}, so they have no correlation",
        positions=sorted({int(structure.places[i]) for i in first}),
        do="Leave one of them out, or use the respondents who answered all items (listwise)",
    )
