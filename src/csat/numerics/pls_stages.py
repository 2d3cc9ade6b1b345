"""Second stages of PLS: constructs measured by constructs, and products of constructs that moderate a path.

The first stage estimates scores; the second takes them (or their products) as items. Scores are weighted
sums, so their moments follow from the moments of the items; products need a pass over the rows. Letters as
in `numerics.pls`; arrays with a last axis N are many samples at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.numerics.pls import Array, PathStructure, PlsFit
from csat.numerics.pls_assessment import ConstructIndex
from csat.numerics.replicate_moments import Moments


@dataclass(frozen=True)
class SecondStage:
    """What the second stage counts as its items, in this order.

    items : positions of first-stage items kept as they are. constructs : first-stage constructs whose scores
    become items. products : pairs of first-stage constructs whose scores are multiplied.
    """

    items: tuple[int, ...]
    constructs: tuple[int, ...]
    products: tuple[tuple[int, int], ...] = ()


def composed(found: Moments, fit: PlsFit, index: ConstructIndex, stage: SecondStage) -> Moments:
    """Moments of the kept items and of the index scores (0-100), without rows; products are not among them.

    Parameters
    ----------
    found : of the first-stage items, N samples. fit, index : of the same samples, many or one.

    References
    ----------
    Sarstedt, Hair, Cheah, Becker & Ringle (2019), Australasian Marketing Journal 27, 197-211.
    """
    items, chosen = list(stage.items), list(stage.constructs)
    weights = _many(fit.weights)
    mean = np.concatenate([found.mean[items], _many(index.performance)[chosen]])
    sd = np.concatenate([found.sd[items], _many(index.sd)[chosen]])
    pearson = _joined(found.correlation, weights, fit.structure, items, chosen)
    polychoric = None
    if found.polychoric is not None:
        polychoric = _joined(found.polychoric, weights, fit.structure, items, chosen)
    return Moments(mean, sd, pearson, polychoric)


def with_products(
    stage_two: Moments,
    found: Moments,
    fit: PlsFit,
    stage: SecondStage,
    answers: Array,
    row_weights: Iterable[Array],
) -> Moments:
    """The moments of `composed` with those of the products added, in order.

    A product is that of two scores of variance 1 (weighted, in the sample).

    Parameters
    ----------
    answers : (n, p) answers to the first-stage items; a silent cell counts as the mean.
    row_weights : N arrays (n,), how much each row counts in each sample.

    References
    ----------
    Henseler & Chin (2010), Structural Equation Modeling 17, 82-109 (two-stage approach).
    """
    k, t, n = len(stage_two.mean), len(stage.products), stage_two.mean.shape[-1]
    mean, sd = np.full((k + t, n), np.nan), np.full((k + t, n), np.nan)
    r = np.full((k + t, k + t, n), np.nan)
    mean[:k], sd[:k], r[:k, :k] = stage_two.mean, stage_two.sd, stage_two.correlation
    weights, kept = _many(fit.weights), list(stage.items)
    first, second = (np.array([p[i] for p in stage.products]) for i in (0, 1))
    at, member = fit.structure.places, _member(fit.structure)
    for sample, w in enumerate(row_weights):
        if not np.isfinite(weights[:, sample]).all():
            continue
        total = w.sum()
        z = np.nan_to_num((answers - found.mean[:, sample]) / found.sd[:, sample])
        y = z[:, at] @ (member * weights[:, sample]).T
        product = y[:, first] * y[:, second]
        level = w @ product / total
        product -= level
        share = w[:, None] * product / total
        width = np.sqrt((share * product).sum(axis=0))
        across = share.T @ np.hstack([z[:, kept], y[:, list(stage.constructs)]]) / width[:, None]
        # z has the n / (n - 1) of the sample in its variance
        bessel = np.sqrt((w @ z[:, 0] ** 2) / total)
        mean[k:, sample], sd[k:, sample] = level, width / bessel
        r[k:, :k, sample] = across / bessel
        r[:k, k:, sample] = r[k:, :k, sample].T
        r[k:, k:, sample] = (share.T @ product) / np.outer(width, width)
    return Moments(mean, sd, r)


def _joined(r: Array, weights: Array, structure: PathStructure, items: list[int], chosen: list[int]) -> Array:
    """(k, k, N) correlations of the items and the scores."""
    at = structure.places
    placed = r[at]
    cov = np.stack([np.einsum("in,ijn->jn", weights[s], placed[s]) for s in structure.slices])
    v = np.stack([np.einsum("in,cin->cn", weights[s], cov[:, at[s]]) for s in structure.slices], axis=1)
    scale = np.sqrt(v[np.arange(len(v)), np.arange(len(v))])
    cov /= scale[:, None]
    v /= scale[:, None] * scale[None, :]
    upper = np.concatenate([r[np.ix_(items, items)], cov[chosen][:, items].swapaxes(0, 1)], axis=1)
    lower = np.concatenate([cov[chosen][:, items], v[np.ix_(chosen, chosen)]], axis=1)
    out = np.concatenate([upper, lower], axis=0)
    one = np.arange(len(out))
    out[one, one] = np.where(np.isfinite(out[one, one]), 1.0, np.nan)
    return np.asarray(out)


def _member(structure: PathStructure) -> NDArray[np.float64]:
    """(c, q): 1 where the place is the construct's."""
    return np.asarray(structure.owner == np.arange(structure.constructs)[:, None], dtype=float)


def _many(values: Array) -> Array:
    """With a last axis, also when there is one sample."""
    return np.asarray(values if values.ndim > 1 else values[:, None])
