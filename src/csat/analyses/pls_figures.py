"""The estimates of a PLS model with what their replicates say."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.analyses.path_model_pls import PathModelPLS
from csat.analyses.pls_data import ModelData
from csat.analyses.pls_design import Design
from csat.analyses.pls_estimates import EffectEstimate, ModerationEstimate, PathEstimate
from csat.numerics.pls import PathStructure, PlsFit, total_effects
from csat.numerics.pls_assessment import Structural, construct_index, htmt2_ratios, htmt_ratios
from csat.numerics.pls_bootstrap import PlsReplicates, bca_ends, ends, normal_p, spread
from csat.numerics.validity import negative_within

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spread:
    se: Array
    lower: Array
    upper: Array


@dataclass(frozen=True)
class Estimates:
    paths: tuple[PathEstimate, ...]
    effects: tuple[EffectEstimate, ...]


class Figures:
    """The estimates with their replicates."""

    def __init__(
        self,
        design: Design,
        data: ModelData,
        fit: PlsFit,
        target: str,
        drawn: PlsReplicates | None,
        left_out: PlsReplicates | None,
        confidence: float,
    ) -> None:
        self.design, self.fit, self.drawn, self.left_out = design, fit, drawn, left_out
        self.confidence, self.target = confidence, design.constructs.index(target)
        structure, found = fit.structure, data.moments
        with np.errstate(invalid="ignore", divide="ignore"):
            self.index = construct_index(
                fit,
                found.correlation[..., 0],
                found.mean[:, 0],
                found.sd[:, 0],
                lower=data.low,
                upper=data.high,
            )
        places = structure.places
        self.points = 100 * ((found.mean[:, 0] - data.low) / (data.high - data.low))[places]
        self.total = total_effects(fit.paths, structure)
        self.htmt = htmt_ratios(data.association, structure)
        self.htmt2 = _htmt2(data, structure)
        negative = np.add.reduceat(self.index.weights <= 0, [s.start for s in structure.slices])
        self.honest = (negative == 0) & np.isfinite(self.index.performance)
        """Constructs whose index is a mean of their items: no weight is zero or negative."""
        self._spreads: dict[str, Spread] = {}

    def estimate(self, name: str) -> Array:
        """What the replicates of that name are replicates of."""
        return {
            "weights": self.fit.weights,
            "loadings": self.fit.loadings,
            "paths": self.fit.paths,
            "total": self.total,
            "indirect": self.total - self.fit.paths,
            "r2": self.fit.r2,
            "htmt": self.htmt,
            "htmt2": self.htmt2,
            "index": self.index.performance,
            "importance": self.index.total,
        }[name]

    def of(self, name: str) -> Spread:
        """Standard errors and intervals of one quantity."""
        if name not in self._spreads:
            self._spreads[name] = self._spread(name)
        return self._spreads[name]

    def _spread(self, name: str) -> Spread:
        if self.drawn is None:
            nothing = np.full(self.estimate(name).shape, np.nan)
            return Spread(nothing, nothing, nothing)
        values = _replicates(self.drawn, name)
        with np.errstate(invalid="ignore"):
            if self.left_out is None:
                lower, upper = ends(values, confidence=self.confidence)
            else:
                lower, upper = bca_ends(
                    values, self.estimate(name), _replicates(self.left_out, name), confidence=self.confidence
                )
            return Spread(spread(values), lower, upper)

    @functools.cached_property
    def htmt_bound(self) -> Array:
        """Upper ends of the one-sided intervals."""
        return self._bound("htmt")

    @functools.cached_property
    def htmt2_bound(self) -> Array:
        return np.where(np.isnan(self.htmt2), np.nan, self._bound("htmt2"))

    def _bound(self, name: str) -> Array:
        estimate = self.estimate(name)
        if self.drawn is None:
            return np.full(estimate.shape, np.nan)
        values = _replicates(self.drawn, name)
        if self.left_out is not None:
            left_out = _replicates(self.left_out, name)
            return bca_ends(values, estimate, left_out, confidence=2 * self.confidence - 1)[1]
        return np.asarray(np.quantile(values, self.confidence, axis=-1))

    def estimates(self, inner: Structural, again: Array) -> Estimates:
        names = self.design.constructs
        place = {c: k for k, c in enumerate(names)}
        path, total, indirect, points = (self.of(k) for k in ("paths", "total", "indirect", "importance"))
        rows = []
        for cause, effect in self.design.paths:
            at = place[cause], place[effect]
            value, se = float(self.fit.paths[at]), float(path.se[at])
            z = value / se if se > 0 else math.nan
            rows.append(
                PathEstimate(
                    cause, effect, value, se, z, float(normal_p(z)), float(path.lower[at]),
                    float(path.upper[at]), float(inner.f2[at]), float(again[at]), float(inner.vif[at]),
                )
            )  # fmt: skip
        effects = [
            EffectEstimate(
                names[i], names[j],
                float(self.fit.paths[i, j]), float(self.total[i, j] - self.fit.paths[i, j]),
                *_three(indirect, (i, j)), float(self.total[i, j]), *_three(total, (i, j)),
                float(self.index.total[i, j]), *_three(points, (i, j)),
            )
            for i, j in _reached(self.fit.structure)
        ]  # fmt: skip
        return Estimates(tuple(rows), tuple(effects))


def _htmt2(data: ModelData, structure: PathStructure) -> Array:
    """HTMT2, NaN where a correlation inside a construct is not positive."""
    ratios = htmt2_ratios(data.association, structure)
    undefined = negative_within(data.association, structure.blocks) > 0
    ratios[undefined, :] = np.nan
    ratios[:, undefined] = np.nan
    np.fill_diagonal(ratios, 1.0)
    return ratios


def _replicates(drawn: PlsReplicates, name: str) -> Array:
    return drawn.total - drawn.paths if name == "indirect" else np.asarray(getattr(drawn, name))


def _three(spread_: Spread, at: tuple[int, int]) -> tuple[float, float, float]:
    return float(spread_.se[at]), float(spread_.lower[at]), float(spread_.upper[at])


def _reached(structure: PathStructure) -> list[tuple[int, int]]:
    """(cause, effect) pairs joined by any route, effects in the order of the constructs."""
    arrows = np.zeros((structure.constructs,) * 2)
    for a, b in structure.paths:
        arrows[a, b] = 1.0
    routes = total_effects(arrows, structure)
    return [(i, j) for j in range(len(routes)) for i in range(len(routes)) if routes[i, j] > 0]


def moderations(design: Design, result: PathModelPLS, data: ModelData) -> tuple[ModerationEstimate, ...]:
    """Each moderated path: per product of standardised scores, and at three levels of the moderator."""
    coefficients = {(p.cause, p.effect): p.estimate for p in result.paths}
    out = []
    for name, effect in (path for path in design.paths if path[0] in design.products):
        cause, moderator = design.products[name]
        width = float(data.moments.sd[data.items.index(name), 0])
        per_product = coefficients[name, effect] / width
        own = coefficients[cause, effect]
        row = next(p for p in result.paths if (p.cause, p.effect) == (name, effect))
        out.append(
            ModerationEstimate(
                name, cause, moderator, effect, row.estimate, per_product, row.se, row.p, row.ci_lower,
                row.ci_upper, row.f2, own - per_product, own, own + per_product,
            )
        )  # fmt: skip
    return tuple(out)
