"""The population stated for an instrument, and draws from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.instrument.instrument import Instrument, Item
from csat.responses.responses import has_categories
from csat.simulate.cells import Columns, coded, segments, silenced
from csat.simulate.structure import (
    BETWEEN_CAUSES,
    EXPLAINED,
    LOADINGS,
    STRENGTHS,
    levels_of,
    ordered,
    paths_of,
    signs,
    standardised,
)

Array = NDArray[np.float64]

POINTS_SPREAD = 8.0
"""Concentration of importance points about their means; larger is closer."""


@dataclass(frozen=True, eq=False)
class Population:
    """Standard normal constructs in causal order, their paths, and the items they are measured by.

    nodes : constructs (and items that stand in paths), causes before effects. causes : of each node, name to
    standardised path. loadings : item to (node, loading). levels : item to how far it stands above the
    middle, in standard deviations of an answer.
    """

    instrument: Instrument
    nodes: tuple[str, ...]
    causes: Mapping[str, Mapping[str, float]]
    loadings: Mapping[str, tuple[str, float]]
    levels: Mapping[str, float]
    left_out: tuple[tuple[str, str], ...]
    """Paths that would close a loop."""

    @classmethod
    def of(cls, instrument: Instrument) -> Population:
        """What an instrument says of its constructs, and ours where it says nothing."""
        paths = paths_of(instrument)
        named = {name for path in paths for name in path}
        measured = [c for c in instrument.constructs if c.role != "descriptive" or c.id in named]
        nodes, causes_of, left_out = ordered([c.id for c in measured], paths)
        causes = standardised(nodes, causes_of, signs(instrument))
        items = {i.id for i in instrument.items}
        loadings: dict[str, tuple[str, float]] = {name: (name, 1.0) for name in nodes if name in items}
        for c in measured:
            for k, item in enumerate(c.items):
                loadings.setdefault(item, (c.id, LOADINGS[k % len(LOADINGS)]))
        levels = levels_of(instrument, measured, causes, loadings)
        return cls(instrument, nodes, causes, loadings, levels, left_out)

    def columns(self, n: int, rng: np.random.Generator, *, silent: tuple[float, float]) -> Columns:
        """Raw codes of n respondents. silent : shares of cells not answered and not applicable."""
        factors = self._factors(n, rng)
        free = [name for name in self.nodes if not self.causes[name]]
        mood = np.sum([factors[name] for name in free], axis=0) if free else np.zeros(n)
        spread = float(np.std(mood))
        out: Columns = {}
        if self.instrument.respondent:
            out[self.instrument.respondent[0]] = list(range(1, n + 1))
        points = self._importance_points(n, rng)
        for item in self.instrument.items:
            if item.id in points:
                answers: Sequence[Any] = points[item.id]
            else:
                answers = coded(item, self._continuum(item, factors, n, rng))
            out[item.id] = silenced(item, answers, n, rng, silent)
        out |= segments(self.instrument, n, rng, mood / spread if spread > 0 else mood)
        declared = {s.column for s in self.instrument.segments}
        if self.instrument.wave and self.instrument.wave[0] not in {*declared, *out}:
            out[self.instrument.wave[0]] = [1 + (2 * i) // n for i in range(n)]
        if self.instrument.weight:
            weights = rng.lognormal(sigma=0.35, size=n)
            out[self.instrument.weight[0]] = np.round(weights / weights.mean(), 6).tolist()
        return out

    def _factors(self, n: int, rng: np.random.Generator) -> dict[str, Array]:
        """(n,) of each node, each of mean 0 and variance 1."""
        common = rng.standard_normal(n)
        factors: dict[str, Array] = {}
        for name in self.nodes:
            own, causes = rng.standard_normal(n), self.causes[name]
            if causes:
                explained = np.sum([b * factors[c] for c, b in causes.items()], axis=0)
                factors[name] = explained + math.sqrt(1 - EXPLAINED) * own
            else:
                factors[name] = math.sqrt(BETWEEN_CAUSES) * common + math.sqrt(1 - BETWEEN_CAUSES) * own
        return factors

    def _continuum(self, item: Item, factors: Mapping[str, Array], n: int, rng: np.random.Generator) -> Array:
        """(n,) what stands behind the answers to an item, higher is better."""
        own = rng.standard_normal(n)
        node, loading = self.loadings.get(item.id, ("", 0.0))
        drawn = loading * factors[node] + math.sqrt(1 - loading**2) * own if node else own
        return np.asarray(drawn + self.levels.get(item.id, 0.0))

    def _importance_points(self, n: int, rng: np.random.Generator) -> dict[str, list[int]]:
        """Points that the constructs share out, summing to the scale's maximum for every respondent."""
        asked = [c for c in self.instrument.constructs if c.importance]
        scales = [self.instrument.item(c.importance).scale for c in asked]
        if not asked or any(s is None or has_categories(s) for s in scales):
            return {}
        total = int(scales[0].maximum) if scales[0] is not None else 0
        mean = np.array([STRENGTHS[k % len(STRENGTHS)] for k in range(len(asked))])
        raw = rng.gamma(POINTS_SPREAD * mean / mean.mean(), size=(n, len(asked)))
        exact = total * raw / raw.sum(axis=1, keepdims=True)
        points = np.floor(exact).astype(np.int64)
        # largest remainders bring every respondent to the total
        order = np.argsort(points - exact, axis=1, kind="stable")
        missing = total - points.sum(axis=1)
        for i in range(n):
            points[i, order[i, : missing[i]]] += 1
        return {c.importance: column.tolist() for c, column in zip(asked, points.T, strict=True)}
