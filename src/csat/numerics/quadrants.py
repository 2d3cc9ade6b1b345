"""Importance against performance: crosshair, quadrant, urgency and rank, once or in every replicate.

Letters: p items, N samples (the last axis), x (p, N) performance, y (p, N) importance, cx, cy (N,) crosshair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Centre = Literal["mean", "median", "midpoint", "value", "overall"]
Quadrant = Literal["improve first", "keep up", "low priority", "possible overkill"]

QUADRANTS: tuple[Quadrant, ...] = ("improve first", "keep up", "low priority", "possible overkill")
"""In the order of their urgency, which is the reading order of the chart: top left, top right, below."""
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Placed:
    """centre_x, centre_y : (N,). quadrant : (p, N) positions in `QUADRANTS`. urgency, rank : (p, N)."""

    centre_x: Array
    centre_y: Array
    quadrant: NDArray[np.intp]
    urgency: Array
    rank: NDArray[np.int64]


def placed(
    performance: ArrayLike,
    importance: ArrayLike,
    *,
    centre: Centre = "mean",
    at: tuple[ArrayLike | None, ArrayLike | None] = (None, None),
    performance_range: tuple[float, float] = (0.0, 100.0),
    importance_range: tuple[float, float] | None = None,
) -> Placed:
    """Where each item stands; a value on a line counts as high.

    Urgency is importance above its line plus performance below its line, each in standard deviations over the
    items; rank goes by quadrant, then by urgency, then by the order of the items.

    Parameters
    ----------
    performance, importance : (p, N), or (p,) for one sample.
    centre : mean or median of the items; midpoint of the declared ranges (an axis without one: the mean);
        value, overall : the point `at`, numbers or (N,), None for the mean of that axis.
    """
    x, y = (np.asarray(v, dtype=float).reshape(len(np.asarray(v)), -1) for v in (performance, importance))
    cx, cy = _crosshair(x, y, centre, at, performance_range, importance_range)
    strong = x >= cx - ROUNDING * (1 + np.abs(cx))
    important = y >= cy - ROUNDING * (1 + np.abs(cy))
    quadrant = np.where(important, np.where(strong, 1, 0), np.where(strong, 3, 2))
    urgency = _in_sd(y - cy, y) + _in_sd(cx - x, x)
    # lexsort takes the last key first; ties keep the order of the items
    order = np.lexsort((-urgency, quadrant), axis=0)
    rank = np.empty(order.shape, dtype=np.int64)
    np.put_along_axis(rank, order, np.arange(1, len(x) + 1)[:, None], axis=0)
    return Placed(cx, cy, quadrant, urgency, rank)


def quadrant_shares(quadrant: ArrayLike) -> Array:
    """(p, 4) share of the samples in which each item stands in each of `QUADRANTS`."""
    q = np.asarray(quadrant)
    return np.stack([(q == k).mean(axis=1) for k in range(len(QUADRANTS))], axis=1)


def rank_concordance(ranks: ArrayLike) -> float:
    """Kendall's W of m rankings (p, m) without ties: 12 S / (m^2 (p^3 - p)), 1 when all are the same."""
    r = np.asarray(ranks, dtype=float)
    p, m = r.shape
    if p < 2 or m < 2:
        return float("nan")
    sums = r.sum(axis=1)
    return float(12.0 * ((sums - sums.mean()) ** 2).sum() / (m**2 * (p**3 - p)))


def _crosshair(
    x: Array,
    y: Array,
    centre: Centre,
    at: tuple[ArrayLike | None, ArrayLike | None],
    x_range: tuple[float, float],
    y_range: tuple[float, float] | None,
) -> tuple[Array, Array]:
    n = x.shape[1]
    if centre == "median":
        return np.median(x, axis=0), np.median(y, axis=0)
    given = at if centre in ("value", "overall") else (None, None)
    if centre == "midpoint":
        given = (sum(x_range) / 2, sum(y_range) / 2 if y_range else None)

    def line(values: Array, place: ArrayLike | None) -> Array:
        return values.mean(axis=0) if place is None else np.broadcast_to(np.asarray(place, dtype=float), (n,))

    return line(x, given[0]), line(y, given[1])


def _in_sd(difference: Array, values: Array) -> Array:
    sd = values.std(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sd > 0, difference / sd, 0.0)
