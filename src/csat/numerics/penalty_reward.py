"""Penalty-reward contrast: how much a low answer costs beside what a high answer brings.

Letters: y overall satisfaction, k items, p_k penalty and r_k reward: the effects of being in the low and in
the high band of item k, beside the middle band, the other items held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import NumericsError, TooFew
from csat.numerics.regression import least_squares
from csat.numerics.replication import Replication
from csat.numerics.resampling import row_factors

Array = NDArray[np.float64]
ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Contrast:
    """Arrays over the k items. low_n, high_n : respondents in each band."""

    penalty: Array
    reward: Array
    penalty_se: Array
    reward_se: Array
    range_se: Array
    low_n: NDArray[np.int64]
    high_n: NDArray[np.int64]
    constant: float
    r2: float

    @property
    def ranges(self) -> Array:
        """r + |p|; NaN where the signs are wrong (p > 0 or r < 0), where it measures nothing."""
        proper = (self.penalty <= 0) & (self.reward >= 0)
        return np.where(proper, self.reward + np.abs(self.penalty), np.nan)

    @property
    def asymmetry(self) -> Array:
        """IA = (r - |p|) / (r + |p|), in [-1, 1]; NaN where the signs are wrong (p > 0 or r < 0)."""
        return impact_asymmetry(self.penalty, self.reward)


def impact_asymmetry(penalty: ArrayLike, reward: ArrayLike) -> Array:
    """SGP - DGP = r / (r + |p|) - |p| / (r + |p|); NaN where p > 0, r < 0, or both are 0.

    References
    ----------
    Mikulic & Prebezac (2008), Managing Service Quality 18(6), 559-576.
    """
    p, r = np.asarray(penalty, dtype=float), np.asarray(reward, dtype=float)
    ranges = r + np.abs(p)
    proper = (p <= 0) & (r >= 0) & (ranges > 0)
    return np.where(proper, (r - np.abs(p)) / np.where(ranges > 0, ranges, 1.0), np.nan)


def bands(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    """(n, 2k) dummies, item by item: x <= low, then x >= high.

    x : (n, k) complete answers. low, high : (k,) the highest low and the lowest high answer.

    Raises
    ------
    TooFew : a band nobody is in, by the position of its item.
    """
    answers = np.asarray(x, dtype=float)
    at_low, at_high = answers <= np.asarray(low, dtype=float), answers >= np.asarray(high, dtype=float)
    for band, name in ((at_low, "low"), (at_high, "high"), (~at_low & ~at_high, "middle")):
        empty = np.flatnonzero(~band.any(axis=0))
        if len(empty):
            raise TooFew(
                f"nobody is in the {name} band of {{items}}",
                positions=empty.tolist(),
                do="Choose wider bands, or leave these items out",
            )
    return np.stack([at_low, at_high], axis=2).reshape(len(answers), -1).astype(float)


def contrast(
    y: ArrayLike, x: ArrayLike, low: ArrayLike, high: ArrayLike, *, weights: ArrayLike | None = None
) -> Contrast:
    """y = b0 + sum_k (p_k LOW_k + r_k HIGH_k) + e by least squares, the middle band as reference.

    Parameters
    ----------
    y : (n,). x : (n, k) complete answers. low, high : (k,) ends of the bands. weights : (n,) or None.

    Raises
    ------
    TooFew : an empty band, or n < 2k + 2. SingularMatrix : bands that coincide. ConstantItem : y without
    variance. Positions are those of items; position k is the outcome.

    References
    ----------
    Brandt (1987), in Add Value to Your Service, AMA, 61-65.
    """
    dummies = bands(x, low, high)
    try:
        fit = least_squares(dummies, y, weights=weights)
    except NumericsError as error:
        # dummies stand two an item, the outcome behind them
        at = sorted({position // 2 for position in error.positions})
        raise type(error)(error.message, positions=at, do=error.do) from error
    se = np.sqrt(np.diagonal(fit.covariance))[1:]
    # var(r - p) = var(r) + var(p) - 2 cov(p, r)
    inner = fit.covariance[1:, 1:]
    cross = np.array([inner[2 * k, 2 * k + 1] for k in range(dummies.shape[1] // 2)])
    counts = dummies.sum(axis=0).astype(np.int64)
    return Contrast(
        penalty=fit.coefficients[1::2],
        reward=fit.coefficients[2::2],
        penalty_se=se[0::2],
        reward_se=se[1::2],
        range_se=np.sqrt(se[0::2] ** 2 + se[1::2] ** 2 - 2 * cross),
        low_n=counts[0::2],
        high_n=counts[1::2],
        constant=float(fit.coefficients[0]),
        r2=float(fit.r2),
    )


def asymmetry_replicates(
    y: ArrayLike,
    x: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    rows: ArrayLike,
    replicates: int,
    seed: int = 0,
    weights: ArrayLike | None = None,
    replication: Replication | None = None,
) -> Array:
    """(R, k) IA in bootstrap replicates keyed by row; NaN where signs are wrong or a band is empty.

    The Gram matrices of all replicates are products of the factors with the products of the dummies, summed
    over the units first where rows are resampled together.
    """
    dummies = bands(x, low, high)
    design = np.column_stack([np.ones(len(dummies)), dummies, np.asarray(y, dtype=float)])
    w = np.ones(len(design)) if weights is None else np.asarray(weights, dtype=float)
    names, q = np.asarray(rows), design.shape[1]
    i, j = np.triu_indices(q)
    count = replicates if replication is None else replication.count(replicates)
    sums = np.zeros((count, len(i)))
    if replication is not None and replication.unit is not None:
        order = np.argsort(replication.unit, kind="stable")
        ends = np.cumsum(np.bincount(replication.unit, minlength=replication.units))
        of_units = np.array(
            [((design[at].T * w[at]) @ design[at])[i, j] for at in np.split(order, ends[:-1])]
        )
        sums = np.vstack([f @ of_units for f in replication.unit_factors(replicates, seed=seed)])
    else:
        for first in range(0, len(design), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            products = design[part][:, i] * design[part][:, j] * w[part, None]
            own = None if replication is None else replication.where(np.arange(len(design))[part])
            r = 0
            for f in row_factors(
                names[part], replicates, seed=seed, cells=len(products) * 128, replication=own
            ):
                sums[r : r + len(f)] += f @ products
                r += len(f)
    gram = np.empty((count, q, q))
    gram[:, i, j] = gram[:, j, i] = sums
    out = np.full((count, dummies.shape[1] // 2), np.nan)
    for r, one in enumerate(gram):
        try:
            b = np.linalg.solve(one[:-1, :-1], one[:-1, -1])
        except np.linalg.LinAlgError:
            continue  # a band without anybody in this replicate: it says nothing
        out[r] = impact_asymmetry(b[1::2], b[2::2])
    return out
