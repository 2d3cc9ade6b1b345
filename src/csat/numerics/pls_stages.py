"""Second stages of PLS: constructs measured by constructs, and products of constructs that moderate a path.

The first stage estimates scores; the second takes them (or their products) as items. Scores are weighted
sums, so their moments follow from the moments of the items; products need a pass over the rows. Letters as
in `numerics.pls`; arrays with a last axis N are many samples at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from csat.numerics.pls import Array, PathStructure, PlsFit
from csat.numerics.pls_assessment import ConstructIndex
from csat.numerics.replicate_moments import Moments

CELLS_AT_ONCE = 1_000_000
"""Products of scores held at a time: 8 MB each."""


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
    rows, weights = _Rows(answers), _many(fit.weights)
    at, owner, drawn = fit.structure.places, fit.structure.owner, iter(row_weights)
    first = 0
    while first < n and (batch := list(islice(drawn, rows.at_once))):
        s = slice(first, first + len(batch))
        first += len(batch)
        w = np.array(batch).T
        total, shift, spread = w.sum(axis=0), found.mean[:, s] - rows.origin[:, None], found.sd[:, s]
        wide = np.zeros((fit.structure.constructs, answers.shape[1], len(batch)))
        wide[owner, at] = weights[:, s]
        y = {c: rows.score(wide[c] / spread, shift) for pair in stage.products for c in pair}
        # z has the n / (n - 1) of the sample in its variance
        bessel = np.sqrt(rows.second_moment(0, w, shift[0]) / total) / spread[0]
        products = [y[a] * y[b] for a, b in stage.products]
        level = np.array([(w * p).sum(axis=0) / total for p in products])
        for i, p in enumerate(products):
            share = w * p / total
            width = np.sqrt((share * p).sum(axis=0) - level[i] ** 2)
            across = rows.against(share, shift) / spread
            scores = np.einsum("cib,ib->cb", wide[list(stage.constructs)], across)
            side = np.concatenate([across[list(stage.items)], scores]) / (width * bessel)
            mean[k + i, s], sd[k + i, s] = level[i], width / bessel
            r[k + i, :k, s], r[:k, k + i, s] = side, side
            for j in range(i + 1):
                both = (share * products[j]).sum(axis=0) - level[i] * level[j]
                r[k + i, k + j, s] = r[k + j, k + i, s] = both / width
        # covariances of products over the width of one: now over that of the other
        widths = sd[k:, s] * bessel
        for i in range(t):
            for j in range(i + 1):
                r[k + i, k + j, s] /= widths[j]
                r[k + j, k + i, s] = r[k + i, k + j, s]
    return Moments(mean, sd, r)


class _Rows:
    """Answers about their means, 0 where silent, so that scores of many samples are products of matrices."""

    def __init__(self, answers: Array) -> None:
        known = ~np.isnan(answers)
        self.origin = np.where(known, answers, 0.0).sum(axis=0) / known.sum(axis=0)
        self._x = np.where(known, answers - self.origin, 0.0)
        self._known = None if known.all() else known.astype(float)
        self.at_once = max(1, CELLS_AT_ONCE // max(1, len(answers)))

    def score(self, pull: Array, shift: Array) -> Array:
        """(n, b) sums of pull (x - shift) over the answered items; pull, shift : (p, b)."""
        own = np.flatnonzero(np.nan_to_num(pull, nan=1.0).any(axis=1))
        pull, moved = pull[own], pull[own] * shift[own]
        level = moved.sum(axis=0) if self._known is None else self._known[:, own] @ moved
        return np.asarray(self._x[:, own] @ pull - level)

    def against(self, share: Array, shift: Array) -> Array:
        """(p, b) sums over the rows of share (x - shift)."""
        level = share.sum(axis=0) if self._known is None else self._known.T @ share
        return np.asarray(self._x.T @ share - shift * level)

    def second_moment(self, item: int, w: Array, shift: Array) -> Array:
        """(b,) sums of w (x - shift)^2 of one item."""
        x = self._x[:, item]
        known = np.ones(len(x)) if self._known is None else self._known[:, item]
        return np.asarray((x * x) @ w - 2 * shift * (x @ w) + shift**2 * (known @ w))


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


def _many(values: Array) -> Array:
    """With a last axis, also when there is one sample."""
    return np.asarray(values if values.ndim > 1 else values[:, None])
