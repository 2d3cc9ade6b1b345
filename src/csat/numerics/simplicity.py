"""Criteria of simple structure: what rotations minimise, with first and second derivatives.

l (p, m) are loadings; S of them are looked at in one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from csat.numerics.linalg import Array


class Criterion(Protocol):
    def first(self, loadings: Array) -> tuple[Array, Array]:
        """Values (S,) and derivatives (S, p, m)."""

    def second(self, loadings: Array, along: Array) -> Array:
        """Change of the derivative at one (p, m) per unit along each (k, p, m)."""


@dataclass(frozen=True)
class Orthomax:
    """-1/4 sum (l^2 - gamma column mean of l^2) l^2: quartimax with gamma 0, varimax with gamma 1."""

    gamma: float

    def first(self, loadings: Array) -> tuple[Array, Array]:
        square = loadings * loadings
        rest = self._centred(square)
        return -np.einsum("sij,sij->s", square, rest) / 4, -loadings * rest

    def second(self, loadings: Array, along: Array) -> Array:
        change = -along * self._centred(loadings * loadings) - 2 * loadings * self._centred(loadings * along)
        return np.asarray(change)

    def _centred(self, square: Array) -> Array:
        return square - self.gamma * square.mean(axis=-2, keepdims=True) if self.gamma else square


@dataclass(frozen=True)
class Oblimin:
    """1/4 sum over pairs of columns of l_a^2 l_b^2, less gamma times the product of their means."""

    gamma: float

    def first(self, loadings: Array) -> tuple[Array, Array]:
        square = loadings * loadings
        others = self._others(square)
        return np.einsum("sij,sij->s", square, others) / 4, loadings * others

    def second(self, loadings: Array, along: Array) -> Array:
        return along * self._others(loadings * loadings) + 2 * loadings * self._others(loadings * along)

    def _others(self, square: Array) -> Array:
        others = np.add.reduce(square, axis=-1, keepdims=True) - square
        return others - self.gamma * others.mean(axis=-2, keepdims=True) if self.gamma else others


@dataclass(frozen=True)
class Geomin:
    """Sum over rows of the geometric mean of l^2 + delta."""

    delta: float

    def first(self, loadings: Array) -> tuple[Array, Array]:
        square = loadings * loadings + self.delta
        rows = self._rows(square)
        return rows.sum(axis=(1, 2)), (2 / loadings.shape[-1]) * loadings / square * rows

    def second(self, loadings: Array, along: Array) -> Array:
        share = 2 / loadings.shape[-1]
        square = loadings * loadings + self.delta
        ratio = loadings / square
        rows = self._rows(square)
        change_of_rows = share * rows * (ratio * along).sum(axis=-1, keepdims=True)
        return np.asarray(share * (along * (1 / square - 2 * ratio * ratio) * rows + ratio * change_of_rows))

    @staticmethod
    def _rows(square: Array) -> Array:
        return np.asarray(np.exp(np.log(square).mean(axis=-1, keepdims=True)))
