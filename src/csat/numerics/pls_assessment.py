"""What a PLS solution is worth: reliability, effect sizes, collinearity, fit, indices and their importance.

Letters as in `numerics.pls`: q places, c constructs, R correlations, w weights, V construct correlations, B
paths [from, to]. Arrays with a last axis N are many solutions at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from csat.errors import NumericsError, SingularMatrix
from csat.numerics.linalg import cholesky
from csat.numerics.pls import (
    Array,
    CollinearConstructs,
    PathStructure,
    PlsFit,
    dijkstra_henseler_rho,
    path_structure,
    pls,
    total_effects,
)

SrmrPairs = Literal["all", "between blocks of mode B"]


@dataclass(frozen=True, eq=False)
class ConstructReliability:
    """Of each construct, (c,) or (c, N); 1 for a construct of one item, which says nothing about it.

    alpha : standardised Cronbach's alpha. rho_a : Dijkstra and Henseler. rho_c : composite reliability.
    ave : mean squared loading.
    """

    alpha: Array
    rho_a: Array
    rho_c: Array
    ave: Array


def construct_reliability(correlation: ArrayLike, fit: PlsFit) -> ConstructReliability:
    """Reliability from the correlations of the items and the loadings of `fit`.

        alpha = k / (k - 1) (1 - k / sum S)   rho_C = (sum l)^2 / ((sum l)^2 + sum(1 - l^2))   AVE = mean l^2

    correlation : (p, p) or (p, p, N).
    """
    r, k = _placed(correlation, fit.structure), _sizes(fit.structure)
    starts = fit.structure._index.starts
    shape = (-1,) + (1,) * (fit.loadings.ndim - 1)
    size, single = k.reshape(shape), k == 1
    sums = _block_sums(r, fit.structure)
    within = sums[np.arange(len(k)), np.arange(len(k))]
    first = np.add.reduceat(fit.loadings, starts, axis=0) ** 2
    second = np.add.reduceat(fit.loadings**2, starts, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        alpha = size / (size - 1) * (1 - size / within)
        rho_c = first / (first + size - second)
    alpha[single], rho_c[single] = 1.0, 1.0
    ave = second / size
    ave[single] = 1.0
    return ConstructReliability(alpha, dijkstra_henseler_rho(fit.weights, fit.structure), rho_c, ave)


def htmt_ratios(correlation: ArrayLike, structure: PathStructure) -> Array:
    """HTMT (arithmetic, absolute) of all pairs of constructs, (c, c) or (c, c, N), with ones on the diagonal.

    H / sqrt(M_a M_b), H the mean |r| between the items of a and b, M the mean |r| within one. A construct of
    one item counts as measured without error, M = 1 (as seminr): `validity.htmt` refuses it.

    References
    ----------
    Henseler, Ringle & Sarstedt (2015), J. Acad. Mark. Sci. 43, 115-135.
    """
    return _htmt(np.abs(_placed(correlation, structure)), structure)


def htmt2_ratios(correlation: ArrayLike, structure: PathStructure) -> Array:
    """HTMT2: as `htmt_ratios` with geometric means, which does not assume equal loadings.

    A correlation of exactly 0 between two constructs makes theirs 0; within a construct, NaN.

    References
    ----------
    Roemer, Schuberth & Henseler (2021), Ind. Manag. Data Syst. 121(12), 2637-2650.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(np.abs(_placed(correlation, structure)))
    k = _sizes(structure)
    n_between, n_within = np.outer(k, k), np.maximum(k * (k - 1), 1)
    # not a product of matrices: the logarithm of a correlation of 0 must stay in its own block
    starts = structure._index.starts
    sums = np.add.reduceat(np.add.reduceat(logs, starts, axis=0), starts, axis=1)
    c = len(k)
    half = sums[np.arange(c), np.arange(c)] / n_within.reshape((-1,) + (1,) * (sums.ndim - 2)) / 2
    between = sums / n_between.reshape((c, c) + (1,) * (sums.ndim - 2))
    half = np.where(np.isfinite(half), half, np.nan)
    ratio = np.exp(between - half[:, None] - half[None, :])
    ratio[np.arange(c), np.arange(c)] = 1.0
    return np.asarray(ratio)


def _htmt(r: Array, structure: PathStructure) -> Array:
    k = _sizes(structure)
    c, extra = len(k), (1,) * (r.ndim - 2)
    sums = _block_sums(r, structure)
    diagonal = np.arange(c)
    pairs = np.maximum(k * (k - 1), 1).reshape((-1, *extra))
    within = (sums[diagonal, diagonal] - k.reshape((-1, *extra))) / pairs
    within[k == 1] = 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(within)
        ratio = sums / np.outer(k, k).reshape((c, c, *extra)) / (root[:, None] * root[None, :])
    ratio[diagonal, diagonal] = 1.0
    return np.asarray(ratio)


@dataclass(frozen=True, eq=False)
class Structural:
    """How well each endogenous construct is explained, (c,), NaN for the others.

    r2_adjusted = 1 - (1 - R2)(n - 1)/(n - k - 1), k causes. aic = n ln((1 - R2)(n - 1)/n) + 2(k + 1);
    bic with ln n in place of 2.
    f2 : (c, c) (R2 - R2 without the cause) / (1 - R2), scores kept (SmartPLS); NaN where there is no path.
    vif : (c, c) variance inflation of each cause among the causes of the same effect.
    """

    r2_adjusted: Array
    aic: Array
    bic: Array
    f2: Array
    vif: Array


def structural(fit: PlsFit, n: float) -> Structural:
    """Effect sizes and collinearity of the inner model.

    n : respondents; with weights the effective number.

    Raises
    ------
    CollinearConstructs : predecessors that determine each other.
    """
    structure, v, c = fit.structure, fit.construct_correlation, fit.structure.constructs
    adjusted, aic, bic = (np.full(c, np.nan) for _ in range(3))
    f2, vif = np.full((c, c), np.nan), np.full((c, c), np.nan)
    for j in structure.endogenous:
        causes, r2 = list(structure.parents(j)), float(fit.r2[j])
        k = len(causes)
        inverted = _inverted(v, causes, fit.consistent)
        beta = fit.paths[causes, j]
        # dropping cause i lowers R2 by b_i^2 / (V^-1)_ii
        f2[causes, j] = beta**2 / inverted.diagonal() / (1 - r2)
        vif[causes, j] = inverted.diagonal()
        adjusted[j] = 1 - (1 - r2) * (n - 1) / (n - k - 1) if n > k + 1 else np.nan
        if r2 < 1:
            deviance = n * math.log((1 - r2) * (n - 1) / n)
            aic[j], bic[j] = deviance + 2 * (k + 1), deviance + math.log(n) * (k + 1)
    return Structural(adjusted, aic, bic, f2, vif)


def f2_reestimated(correlation: ArrayLike, fit: PlsFit) -> Array:
    """f2 with the whole model estimated again without each path (seminr), (c, c), NaN where there is no path.

    A construct that loses its only path leaves the model with it; NaN too where the smaller model has no
    solution.
    """
    structure = fit.structure
    out = np.full((structure.constructs,) * 2, np.nan)
    for a, b in structure.paths:
        r2 = float(fit.r2[b])
        left = [p for p in structure.paths if p != (a, b)]
        without = 0.0
        if any(to == b for _, to in left):
            kept = [i for i in range(structure.constructs) if any(i in p for p in left)]
            smaller = path_structure(
                [structure.blocks[i] for i in kept],
                [(kept.index(i), kept.index(j)) for i, j in left],
                modes=[structure.modes[i] for i in kept],
            )
            try:
                again = pls(correlation, smaller, scheme=fit.scheme, consistent=fit.consistent)
            except NumericsError:
                # the smaller model has no solution of its own, which is no fault of the whole one
                continue
            without = float(again.r2[kept.index(b)])
        out[a, b] = (r2 - without) / (1 - r2)
    return out


def item_vif(correlation: ArrayLike, structure: PathStructure) -> Array:
    """(q,) variance inflation of each place among the items of its construct; infinite for items of which
    one is a combination of others, which mode A can live with.
    """
    r = _placed(correlation, structure)
    out = np.empty(len(r))
    for s in structure.slices:
        out[s] = 1.0
        if s.stop - s.start > 1:
            try:
                cholesky(r[s, s])
                out[s] = np.linalg.inv(r[s, s]).diagonal()
            except SingularMatrix as error:
                # positions of the dependence; none where the matrix is merely indefinite
                out[[s.start + i for i in error.positions] or s] = np.inf
    return out


@dataclass(frozen=True)
class PlsModelFit:
    """Distance between observed and implied item correlations.

    srmr : root mean square of the residuals, diagonal counted (its residuals are 0). srmr_off_diagonal : not
    counted. d_uls : sum of squared residuals below the diagonal. d_g : half the sum of squared logs of the
    eigenvalues of observed^-1 implied; NaN when either is not positive definite.
    """

    srmr: float
    srmr_off_diagonal: float
    d_uls: float
    d_g: float


def model_fit(
    correlation: ArrayLike,
    fit: PlsFit,
    *,
    constructs: Literal["saturated", "estimated"] = "saturated",
    pairs: SrmrPairs = "all",
) -> PlsModelFit:
    """Fit of loadings x construct correlations x loadings' to the item correlations.

    Parameters
    ----------
    constructs : correlations of the constructs as they are, or as the paths imply them.
    pairs : residuals counted; pairs of items within a mode B construct say nothing about a composite and may
        be left out.

    References
    ----------
    Dijkstra & Henseler (2015), Computational Statistics and Data Analysis 81, 10-23.
    """
    structure = fit.structure
    r = _placed(correlation, structure)
    between = fit.construct_correlation if constructs == "saturated" else implied_correlation(fit)
    owner = structure.owner
    implied = between[np.ix_(owner, owner)] * np.outer(fit.loadings, fit.loadings)
    np.fill_diagonal(implied, 1.0)
    if pairs != "all":
        for s, mode in zip(structure.slices, structure.modes, strict=True):
            if mode == "B":
                implied[s, s] = r[s, s]
    rows, columns = np.tril_indices(len(r), -1)
    free = (
        np.array([m == "B" for m in structure.modes])[owner]
        if pairs != "all"
        else np.zeros(len(r), dtype=bool)
    )
    counted = ~((owner[rows] == owner[columns]) & free[rows])
    squares = (r - implied)[rows, columns][counted] ** 2
    total = float(squares.sum())
    return PlsModelFit(
        math.sqrt(total / (len(squares) + len(r))),
        math.sqrt(total / len(squares)),
        total,
        _geodesic(r, implied),
    )


def implied_correlation(fit: PlsFit) -> Array:
    """(c, c) correlations of the constructs that the paths imply.

    Constructs without causes correlate as they do; disturbances are uncorrelated with what comes before.
    """
    structure = fit.structure
    out = np.array(fit.construct_correlation)
    before: list[int] = []
    for j in structure.order:
        causes = list(structure.parents(j))
        if causes:
            for i in before:
                out[i, j] = out[j, i] = float(fit.paths[causes, j] @ out[causes, i])
        before.append(j)
    return out


@dataclass(frozen=True, eq=False)
class ConstructIndex:
    """Constructs as indices from 0 to 100, (c,) or (c, N), and what moves them.

    weights : (q,) normalised, the items of a construct sum to 1.
    performance : (c,) sum of weight x mean item score. sd : (c,) of the construct's score.
    total : (c, c) total effects in points of the column's index per point of the row's.
    """

    weights: Array
    performance: Array
    sd: Array
    total: Array

    def item_importance(self, structure: PathStructure, target: int) -> Array:
        """(q,) points of the target's index per point of an item's 0-100 score: weight x total effect."""
        own = self.total[:, target].copy()
        own[target] = 1.0
        return np.asarray(self.weights * own[structure.owner])


def construct_index(
    fit: PlsFit,
    correlation: ArrayLike,
    mean: ArrayLike,
    sd: ArrayLike,
    *,
    lower: ArrayLike,
    upper: ArrayLike,
    weights: Literal["unstandardised", "standardised"] = "unstandardised",
) -> ConstructIndex:
    """Index and importance of each construct (importance-performance map).

        s_j = 100 (x_j - lo_j) / (hi_j - lo_j)       u_j = (w_j / sd_j) / sum_k (w_k / sd_k)
        index = sum u_j mean(s_j)                    importance = total effect(standardised) sd(to) / sd(from)

    Parameters
    ----------
    correlation : (p, p) or (p, p, N), Pearson, also when the model rests on polychoric ones.
    mean, sd : (p,) or (p, N) of the items in answer units.
    lower, upper : (p,) declared ends of each item's scale (never the observed ones).
    weights : `unstandardised` are w / sd; `standardised` take w itself, which some programs do.

    References
    ----------
    Ringle & Sarstedt (2016), Ind. Manag. Data Syst. 116(9), 1865-1886.
    """
    structure, owner = fit.structure, fit.structure.owner
    at, starts = structure.places, structure._index.starts
    shape = (-1,) + (1,) * (fit.weights.ndim - 1)
    low, high = (np.asarray(x, dtype=float)[at].reshape(shape) for x in (lower, upper))
    points = 100.0 / (high - low)
    spread = np.asarray(sd, dtype=float)[at] * points
    level = (np.asarray(mean, dtype=float)[at] - low) * points
    raw = fit.weights / spread if weights == "unstandardised" else fit.weights
    sums = np.add.reduceat(raw, starts, axis=0)
    normal = raw / sums[owner]
    performance = np.add.reduceat(normal * level, starts, axis=0)
    r, u = _placed(correlation, structure), normal * spread
    width = np.empty_like(performance)
    for k, s in enumerate(structure.slices):
        width[k] = np.sqrt((np.einsum("ij...,j...->i...", r[s, s], u[s]) * u[s]).sum(axis=0))
    effects = total_effects(fit.paths, structure) * (width[None, :] / width[:, None])
    return ConstructIndex(normal, performance, width, effects)


def goodness_of_fit(fit: PlsFit) -> float:
    """GoF = sqrt(mean communality of items in constructs of several items x mean R2) (Tenenhaus et al. 2005).

    It does not tell a wrong model from a right one; kept because reports ask for it. NaN where no construct
    has several items.
    """
    several = (_sizes(fit.structure) > 1)[fit.structure.owner]
    if not several.any():
        return math.nan
    return math.sqrt(float((fit.loadings[several] ** 2).mean() * np.nanmean(fit.r2)))


def is_proper(fit: PlsFit) -> tuple[str, ...]:
    """Reasons why a consistent solution is improper; empty when it is proper.

    One of `correlation` (construct correlations not positive definite), `loading` (beyond 1), `rho` (outside
    (0, 1]), in this order.
    """
    reasons = []
    v = fit.construct_correlation
    if not np.isfinite(v).all() or np.linalg.eigvalsh(v)[0] <= 0:
        reasons.append("correlation")
    if not (np.abs(fit.loadings) <= 1 + 1e-12).all():
        reasons.append("loading")
    if not ((fit.rho_a > 0) & (fit.rho_a <= 1)).all():
        reasons.append("rho")
    return tuple(reasons)


def _placed(correlation: ArrayLike, structure: PathStructure) -> Array:
    r = np.asarray(correlation, dtype=float)
    if structure.in_order(len(r)):
        return r
    return np.asarray(r[np.ix_(structure.places, structure.places)])


def _sizes(structure: PathStructure) -> Array:
    return np.array([float(len(b)) for b in structure.blocks])


def _block_sums(r: Array, structure: PathStructure) -> Array:
    """(c, c) or (c, c, N) sums of the matrix over pairs of blocks."""
    member = (structure.owner == np.arange(structure.constructs)[:, None]).astype(float)
    half = np.tensordot(member, r, axes=1)
    if half.ndim == 2:
        return np.asarray(half @ member.T)
    return np.asarray(np.matmul(member, half))


def _inverted(v: Array, causes: list[int], indefinite: bool) -> Array:
    among = v[np.ix_(causes, causes)]
    if indefinite:
        return np.asarray(np.linalg.inv(among))
    try:
        cholesky(among)
    except SingularMatrix as error:
        raise CollinearConstructs(
            "{items} determine each other, so their separate paths are not defined",
            positions=[causes[i] for i in error.positions],
            do="Remove one of these paths, or merge the constructs",
        ) from None
    return np.asarray(np.linalg.inv(among))


def _geodesic(observed: Array, implied: Array) -> float:
    """Half the sum of squared log eigenvalues of observed^-1 implied."""
    try:
        factor = np.linalg.cholesky(observed)
        np.linalg.cholesky(implied)
    except np.linalg.LinAlgError:
        return math.nan
    half = np.linalg.solve(factor, np.linalg.solve(factor, implied).T)
    return float((np.log(np.linalg.eigvalsh((half + half.T) / 2)) ** 2).sum() / 2)
