"""Is a construct the same in two groups, and do its paths differ: MICOM and permutation tests.

Letters as in `numerics.pls`; n rows, P permutations. A permutation deals the rows anew to two groups of the
same sizes; the moments of all groups are one product, and all models are estimated together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import NotConverged, TooFew
from csat.numerics.pls import Array, PathStructure, PlsFit, Scheme, pls, pls_many
from csat.numerics.replicate_moments import MATRICES_AT_ONCE, Missing, Moments, moments, subset_moments
from csat.numerics.resampling import MOST_LOST

Flags: TypeAlias = NDArray[np.bool_]

PERMUTATIONS = 1000


@dataclass(frozen=True, eq=False)
class Micom:
    """Measurement invariance of composites, steps 2 and 3, of each construct, (c,).

    correlation : between the scores that the two groups' weights give the pooled rows; 1 when they weigh
    alike. correlation_floor : the 5 % quantile under permutation. correlation_p : share of permutations with
    a smaller correlation.
    mean_difference : of the pooled scores, first group minus second, in pooled sd. variance_log_ratio :
    ln of first over second. Their *_lower, *_upper (95 % under permutation) and *_p are two-sided.
    """

    correlation: Array
    correlation_floor: Array
    correlation_p: Array
    mean_difference: Array
    mean_lower: Array
    mean_upper: Array
    mean_p: Array
    variance_log_ratio: Array
    variance_lower: Array
    variance_upper: Array
    variance_p: Array


@dataclass(frozen=True, eq=False)
class GroupTest:
    """Two groups compared under permutation.

    first, second : the groups' own solutions. pooled : of both together.
    path_difference : (c, c) first minus second; path_p its two-sided permutation p; between path_lower and
    path_upper lie 95 % of the differences under permutation. NaN where no path.
    weight_difference, loading_difference : (q,) with weight_p, loading_p.
    micom : invariance of the composites. permutations : kept. lost : without a solution.
    """

    first: PlsFit
    second: PlsFit
    pooled: PlsFit
    path_difference: Array
    path_p: Array
    path_lower: Array
    path_upper: Array
    weight_difference: Array
    weight_p: Array
    loading_difference: Array
    loading_p: Array
    micom: Micom
    permutations: int
    lost: int


def compare_groups(
    answers: ArrayLike,
    in_first: ArrayLike,
    structure: PathStructure,
    *,
    scheme: Scheme = "path",
    consistent: bool = False,
    weights: ArrayLike | None = None,
    missing: Missing = "listwise",
    permutations: int = PERMUTATIONS,
    rng: np.random.Generator,
    most_lost: float = MOST_LOST,
) -> GroupTest:
    """Permutation tests of paths, weights, loadings, and MICOM, for two groups.

    p = (1 + number of permutations at least as extreme) / (1 + P).

    Parameters
    ----------
    consistent : paths and loadings corrected for unreliability (PLSc); an improper permutation is lost.
    answers : (n, p). in_first : (n,) whether a row is of the first group; the others are of the second.
    weights : (n,); a weight stays with its row.

    Raises
    ------
    TooFew : fewer than 3 rows in a group. NotConverged : more than `most_lost` of the permutations have no
        solution. And what `pls` raises.

    References
    ----------
    Henseler, Ringle & Sarstedt (2016), International Marketing Review 33, 405-431. Chin & Dibbern (2010),
    Handbook of Partial Least Squares, 171-193.
    """
    x, first = np.asarray(answers, dtype=float), np.asarray(in_first, dtype=bool)
    w = None if weights is None else np.asarray(weights, dtype=float)
    if missing == "listwise":
        keep = ~np.isnan(x).any(axis=1)
        x, first, w = x[keep], first[keep], None if w is None else w[keep]
    n, n_first = len(x), int(first.sum())
    if min(n_first, n - n_first) < 3:
        raise TooFew(
            f"the groups have {n_first} and {n - n_first} respondents",
            do="Compare groups of at least 30, better 100",
        )
    whole = moments(x, weights=w, missing=missing)
    pooled = pls(whole.correlation[..., 0], structure, scheme=scheme, consistent=consistent)
    one = pls(_of(x, first, w, missing).correlation[..., 0], structure, scheme=scheme, consistent=consistent)
    two = pls(_of(x, ~first, w, missing).correlation[..., 0], structure, scheme=scheme, consistent=consistent)
    halves = [_aligned(_of(x, g, w, missing), pooled) for g in (first, ~first)]
    observed = _statistics(halves, whole, pooled)
    drawn: list[dict[str, Array]] = []
    asked = 0
    while asked < permutations:
        size = min(MATRICES_AT_ONCE, permutations - asked)
        dealt = rng.permuted(np.broadcast_to(first, (size, n)), axis=1)
        halves = [_aligned(subset_moments(x, g, weights=w, missing=missing), pooled) for g in (dealt, ~dealt)]
        drawn.append(_statistics(halves, whole, pooled))
        asked += size
    kept = np.concatenate([_is_finite(d) for d in drawn])
    if (~kept).sum() > most_lost * permutations:
        raise NotConverged(
            f"{int((~kept).sum())} of {permutations} permutations gave no solution",
            do="The groups are too small for this model: join groups, or use a simpler model",
        )
    arrows = _arrows(structure)
    under = {k: np.concatenate([d[k] for d in drawn], axis=-1)[..., kept] for k in drawn[0]}
    path_ends = np.quantile(under["paths"], [0.025, 0.975], axis=-1)
    return GroupTest(
        first=one,
        second=two,
        pooled=pooled,
        path_difference=observed["paths"][..., 0],
        path_p=np.where(arrows, _two_sided(observed["paths"], under["paths"]), np.nan),
        path_lower=np.where(arrows, path_ends[0], np.nan),
        path_upper=np.where(arrows, path_ends[1], np.nan),
        weight_difference=observed["weights"][..., 0],
        weight_p=_two_sided(observed["weights"], under["weights"]),
        loading_difference=observed["loadings"][..., 0],
        loading_p=_two_sided(observed["loadings"], under["loadings"]),
        micom=_micom(observed, under),
        permutations=int(kept.sum()),
        lost=int((~kept).sum()),
    )


def henseler_mga(first: Array, second: Array, *, estimates: tuple[Array, Array]) -> Array:
    """One-sided probability that the first group's parameter is not the larger one, from two bootstraps.

    P = mean over all pairs of replicates of [2 b1 - b1* - 2 b2 + b2* <= 0]; small says first > second, close
    to 1 says second > first.

    Parameters
    ----------
    first, second : (..., R1) and (..., R2) replicates. estimates : of the whole groups, (...).

    References
    ----------
    Henseler, Ringle & Sinkovics (2009), Advances in International Marketing 20, 277-319.
    """
    a = 2 * np.asarray(estimates[0])[..., None] - first
    b = 2 * np.asarray(estimates[1])[..., None] - second
    shape = a.shape[:-1]
    flat_a, flat_b = a.reshape(-1, a.shape[-1]), np.sort(b.reshape(-1, b.shape[-1]), axis=-1)
    # of each a, how many b are at least as large
    above = [b_.size - np.searchsorted(b_, a_, side="left") for a_, b_ in zip(flat_a, flat_b, strict=True)]
    return np.array([v.mean() / flat_b.shape[-1] for v in above]).reshape(shape)


def _of(x: Array, rows: Flags, w: Array | None, missing: Missing) -> Moments:
    return moments(x[rows], weights=None if w is None else w[rows], missing=missing)


def _aligned(found: Moments, pooled: PlsFit) -> tuple[Moments, PlsFit]:
    return found, pls_many(
        found.correlation,
        pooled.structure,
        scheme=pooled.scheme,
        consistent=pooled.consistent,
        like=pooled,
        tolerance=1e-9,
    )


def _statistics(halves: list[tuple[Moments, PlsFit]], whole: Moments, pooled: PlsFit) -> dict[str, Array]:
    """Differences of two groups, the permutation last."""
    structure = pooled.structure
    at = structure.places
    r = whole.correlation[..., 0][np.ix_(at, at)]
    sd = whole.sd[at]
    (m1, f1), (m2, f2) = halves
    c, n = structure.constructs, f1.weights.shape[-1]
    agreement, level, log_ratio = (np.empty((c, n)) for _ in range(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        for k, s in enumerate(structure.slices):
            block = r[s, s]
            a, b, w = f1.weights[s], f2.weights[s], pooled.weights[s]
            across = np.einsum("in,ij,jn->n", a, block, b)
            agreement[k] = across / np.sqrt(
                np.einsum("in,ij,jn->n", a, block, a) * np.einsum("in,ij,jn->n", b, block, b)
            )
            level[k] = w @ ((m1.mean[at[s]] - m2.mean[at[s]]) / sd[s])
            spreads = [_score_variance(m, at[s], w / sd[s, 0]) for m in (m1, m2)]
            log_ratio[k] = np.log(spreads[0] / spreads[1])
    return {
        "paths": f1.paths - f2.paths,
        "weights": f1.weights - f2.weights,
        "loadings": f1.loadings - f2.loadings,
        "agreement": agreement,
        "level": level,
        "log_ratio": log_ratio,
    }


def _score_variance(found: Moments, items: NDArray[np.intp], weights: Array) -> Array:
    """(N,) variance of a weighted sum of items in each sample."""
    u = weights[:, None] * found.sd[items]
    return np.asarray(np.einsum("in,ijn,jn->n", u, found.correlation[np.ix_(items, items)], u))


def _micom(observed: dict[str, Array], under: dict[str, Array]) -> Micom:
    low, high = (np.quantile(under[k], [0.025, 0.975], axis=-1) for k in ("level", "log_ratio"))
    agreement = observed["agreement"]
    # a construct of one item agrees exactly: rounding must not decide
    smaller = (under["agreement"] < agreement - 1e-12).sum(axis=-1)
    return Micom(
        correlation=agreement[:, 0],
        correlation_floor=np.quantile(under["agreement"], 0.05, axis=-1),
        correlation_p=(1 + smaller) / (1 + under["agreement"].shape[-1]),
        mean_difference=observed["level"][:, 0],
        mean_lower=low[0],
        mean_upper=low[1],
        mean_p=_two_sided(observed["level"], under["level"]),
        variance_log_ratio=observed["log_ratio"][:, 0],
        variance_lower=high[0],
        variance_upper=high[1],
        variance_p=_two_sided(observed["log_ratio"], under["log_ratio"]),
    )


def _two_sided(observed: Array, under: Array) -> Array:
    """(1 + permutations at least as far from 0) / (1 + P); `observed` has a last axis of one."""
    extreme = (np.abs(under) >= np.abs(observed) * (1 - 1e-12)).sum(axis=-1)
    return np.asarray((1 + extreme) / (1 + under.shape[-1]))


def _arrows(structure: PathStructure) -> Flags:
    out = np.zeros((structure.constructs,) * 2, dtype=bool)
    for a, b in structure.paths:
        out[a, b] = True
    return out


def _is_finite(drawn: dict[str, Array]) -> Flags:
    kept = np.ones(drawn["paths"].shape[-1], dtype=bool)
    for values in drawn.values():
        kept &= np.isfinite(values).reshape(-1, len(kept)).all(axis=0)
    return kept
