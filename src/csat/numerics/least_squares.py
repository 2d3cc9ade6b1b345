"""Least squares on moments: ULS, GLS, WLS (ADF) and DWLS by one objective.

F = sum_g n_g / n (s - sigma)' V (s - sigma) with V fixed: the identity counted as the matrices count it
(ULS), normal theory at the sample covariance (GLS), the inverse of the asymptotic covariance of s (WLS) or of
its diagonal (DWLS).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from csat.numerics.descent import Point, Slope
from csat.numerics.linalg import Array
from csat.numerics.moment_vectors import MomentsAt, MomentStructure


@dataclass(frozen=True, eq=False)
class WeightedMoments:
    """Moments of a group to be explained.

    moments : how they are implied. sample : (k,) s. weight : (k, k) V, or (k,) its diagonal. n : > 0.
    """

    moments: MomentStructure
    sample: Array
    weight: Array
    n: float


def weighted(weight: Array, values: Array) -> Array:
    """V x, for V a matrix or the diagonal of one; x : (k,) or (k, m)."""
    if weight.ndim == 2:
        return np.asarray(weight @ values)
    return weight * values if values.ndim == 1 else weight[:, None] * values


def gram(weight: Array, jacobian: Array) -> Array:
    """D' V D, for V a matrix or the (k,) diagonal of one."""
    if weight.ndim == 2:
        return np.asarray(jacobian.T @ weight @ jacobian)
    # a product of a matrix with itself costs half of one of two
    root = np.sqrt(weight)[:, None] * jacobian
    return np.asarray(root.T @ root)


class LeastSquares:
    """The objective; see the module."""

    def __init__(self, groups: Sequence[WeightedMoments]) -> None:
        self.groups = tuple(groups)
        self.shares = [group.n / sum(g.n for g in groups) for group in groups]

    def look(self, theta: Array) -> Point:
        value, moments, kept = 0.0, [], []
        for group, share in zip(self.groups, self.shares, strict=True):
            vector, at = group.moments.vector(theta)
            residual = group.sample - vector
            pull = weighted(group.weight, residual)
            value += share * float(residual @ pull)
            moments.append(at)
            kept.append(pull)
        if not np.isfinite(value):
            raise np.linalg.LinAlgError("the discrepancy is not finite")
        return Point(theta, value, tuple(moments), tuple(kept))

    def slope(self, point: Point) -> Slope:
        q = point.theta.size
        gradient, expected = np.zeros(q), np.zeros((q, q))
        found: list[tuple[MomentStructure, float, MomentsAt, Any]] = []
        for group, share, at, pull in zip(self.groups, self.shares, point.implied, point.kept, strict=True):
            here = group.moments.moments(point.theta, at)
            gradient -= 2 * share * here.jacobian.T @ pull
            expected += 2 * share * gram(group.weight, here.jacobian)
            found.append((group.moments, share, here, pull))

        def observed() -> Array:
            total = expected.copy()
            for moments, share, here, pull in found:
                total -= 2 * share * moments.bend(here, point.theta, pull)
            return total

        return Slope(gradient, expected.diagonal(), lambda: expected, observed)
