"""A PLS model in every bootstrap replicate: what varies, how much, and which replicates gave nothing.

Letters as in `numerics.pls`; R replicates, last. Signs of the constructs are aligned with the solution of the
whole data; a replicate with an item without variance, without convergence or, for consistent PLS, with an
improper solution is left out, counted and explained.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from csat.errors import NotConverged
from csat.numerics.pls import PlsFit, pls_many, total_effects
from csat.numerics.pls_assessment import (
    construct_index,
    construct_reliability,
    htmt2_ratios,
    htmt_ratios,
)
from csat.numerics.replicate_moments import Moments
from csat.numerics.resampling import MOST_LOST, bca_interval

Array: TypeAlias = NDArray[np.float64]


class TooManyLost(NotConverged):
    """More replicates gave no solution than the limit allows; `positions` are the items to blame, if any.

    asked, lost : replicates. constant : (p,) lost ones in which the item had no variance.
    unsettled, improper : lost ones without convergence, and with an improper consistent solution.
    """

    asked: int
    lost: int
    constant: NDArray[np.int64]
    unsettled: int
    improper: int


@dataclass(frozen=True, eq=False)
class PlsReplicates:
    """Quantities of the replicates that were kept, replicate last, and why the others were not.

    weights, loadings : (q, R). paths, total, htmt, htmt2 : (c, c, R). r2, alpha, rho_a, rho_c, ave : (c, R).
    index_weights : (q, R) normalised. index : (c, R) points. importance : (c, c, R) total effects in points.
    asked : replicates made. constant : (p,) lost ones in which the item had no variance.
    unsettled, improper : lost ones without convergence, and with an improper consistent solution.
    """

    weights: Array
    loadings: Array
    paths: Array
    total: Array
    r2: Array
    htmt: Array
    htmt2: Array
    alpha: Array
    rho_a: Array
    rho_c: Array
    ave: Array
    index_weights: Array
    index: Array
    importance: Array
    asked: int
    constant: NDArray[np.int64]
    unsettled: int
    improper: int

    @property
    def kept(self) -> int:
        return int(self.weights.shape[-1])

    @property
    def lost(self) -> int:
        return self.asked - self.kept


QUANTITIES = tuple(f.name for f in fields(PlsReplicates))[:14]


def pls_replicates(
    draws: Iterable[Moments],
    fit: PlsFit,
    *,
    lower: ArrayLike,
    upper: ArrayLike,
    most_lost: float = MOST_LOST,
    tolerance: float = 1e-7,
) -> PlsReplicates:
    """The model of `fit` in every replicate of the moments.

    Parameters
    ----------
    draws : as `replicate_moments` yields them.
    lower, upper : (p,) declared ends of the scales, for the index.
    most_lost : share of replicates that may be lost.

    Raises
    ------
    TooManyLost : more were lost; positions of the items most often to blame, if items are.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap.
    """
    parts: list[dict[str, Array]] = []
    asked = unsettled = improper = 0
    constant: NDArray[np.int64] | None = None
    for moments in draws:
        made = moments.correlation if moments.polychoric is None else moments.polychoric
        many = pls_many(
            made, fit.structure, scheme=fit.scheme, consistent=fit.consistent, like=fit, tolerance=tolerance
        )
        silent = np.isnan(np.einsum("iin->in", moments.correlation))
        good = many.converged & np.isfinite(many.paths).all(axis=(0, 1))
        asked += good.size
        constant = silent.sum(axis=1) + (0 if constant is None else constant)
        unsettled += int((~good & ~silent.any(axis=0)).sum())
        if fit.consistent:
            proper = proper_ones(many)
            improper += int((good & ~proper).sum())
            good &= proper
        with np.errstate(invalid="ignore", divide="ignore"):
            every = _quantities(many, moments, made, lower, upper)
        parts.append(every if good.all() else {k: v[..., good] for k, v in every.items()})
    constant = np.zeros(0, dtype=np.int64) if constant is None else np.asarray(constant)
    kept = sum(part["weights"].shape[-1] for part in parts)
    if asked - kept > most_lost * asked:
        raise _too_many(asked, kept, constant, unsettled, improper, most_lost)
    joined = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in QUANTITIES}
    return PlsReplicates(**joined, asked=asked, constant=constant, unsettled=unsettled, improper=improper)


def spread(replicates: Array) -> Array:
    """Standard errors: the standard deviation over the last axis."""
    return np.asarray(replicates.std(axis=-1, ddof=1))


def ends(replicates: Array, *, confidence: float = 0.95) -> tuple[Array, Array]:
    """Percentile intervals over the last axis (type 7 quantiles)."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail], axis=-1)
    return np.asarray(low), np.asarray(high)


def bca_ends(
    replicates: Array, estimate: Array, left_out: Array, *, confidence: float = 0.95
) -> tuple[Array, Array]:
    """BCa intervals over the last axis; `left_out` holds the jackknife estimates, last."""
    lower, upper = np.full(estimate.shape, np.nan), np.full(estimate.shape, np.nan)
    for at in np.ndindex(estimate.shape):
        if np.isfinite(estimate[at]):
            found = bca_interval(replicates[at], float(estimate[at]), left_out[at], confidence=confidence)
            lower[at], upper[at] = found.lower, found.upper
    return lower, upper


def normal_p(z: ArrayLike) -> Array:
    """Two-sided p of an estimate over its bootstrap standard error; NaN stays NaN."""
    return np.asarray(2.0 * ndtr(-np.abs(np.asarray(z, dtype=float))))


def _quantities(
    many: PlsFit, moments: Moments, made: Array, lower: ArrayLike, upper: ArrayLike
) -> dict[str, Array]:
    index = construct_index(many, moments.correlation, moments.mean, moments.sd, lower=lower, upper=upper)
    reliability = construct_reliability(made, many)
    return {
        "weights": many.weights,
        "loadings": many.loadings,
        "paths": many.paths,
        "total": total_effects(many.paths, many.structure),
        "r2": many.r2,
        "htmt": htmt_ratios(made, many.structure),
        "htmt2": htmt2_ratios(made, many.structure),
        "alpha": reliability.alpha,
        "rho_a": reliability.rho_a,
        "rho_c": reliability.rho_c,
        "ave": reliability.ave,
        "index_weights": index.weights,
        "index": index.performance,
        "importance": index.total,
    }


def proper_ones(many: PlsFit) -> NDArray[np.bool_]:
    """(N,) whether a consistent solution is proper; see `pls_assessment.is_proper`."""
    v = np.moveaxis(many.construct_correlation, -1, 0)
    fine = np.asarray(np.isfinite(v).all(axis=(1, 2)), dtype=bool)
    fine[fine] = np.linalg.eigvalsh(v[fine])[:, 0] > 0
    with np.errstate(invalid="ignore"):
        fine &= (np.abs(many.loadings) <= 1 + 1e-12).all(axis=0)
        fine &= ((many.rho_a > 0) & (many.rho_a <= 1)).all(axis=0)
    return np.asarray(fine)


def _too_many(
    asked: int, kept: int, constant: NDArray[np.int64], unsettled: int, improper: int, most_lost: float
) -> TooManyLost:
    lost = asked - kept
    reasons = []
    at = np.flatnonzero(constant)
    at = at[np.argsort(-constant[at], kind="stable")]
    if len(at):
        reasons.append(f"{int(constant.max())} because all answers to an item were the same ({{items}})")
    if unsettled:
        reasons.append(f"{unsettled} without a solution")
    if improper:
        reasons.append(f"{improper} with an improper consistent solution")
    error = TooManyLost(
        f"{lost} of {asked} bootstrap replicates were lost, more than {most_lost:.0%}: " + ", ".join(reasons),
        positions=at.tolist(),
        do="Leave out the item, join rare categories, or use a simpler model"
        if len(at)
        else "Use a simpler model" + (", or PLS that is not corrected" if improper else ""),
    )
    error.asked, error.lost, error.constant = asked, lost, constant
    error.unsettled, error.improper = unsettled, improper
    return error
