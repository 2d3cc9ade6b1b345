"""The result of a PLS path model: its figures, and which tables and charts show them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses import pls_tables, pls_validity
from csat.analyses.hypotheses import HypothesisOutcome
from csat.analyses.pls_charts import plots_of
from csat.analyses.pls_estimates import (
    Correlation,
    EffectEstimate,
    ItemPrediction,
    ModerationEstimate,
    PathEstimate,
    PredictiveTest,
)
from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Text
from csat.numerics.pls import Mode, Scheme

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class PathModelPLS(Result):
    """A PLS path model and what follows from it, made by `pls`.

    q places: the items of each construct, constructs in model order. c constructs. Arrays (c, c) have the
    cause in the row and the effect in the column. Intervals and standard errors are NaN without replicates.
    """

    title = Text("PLS path model", "PLS 路径模型")
    name = "pls"

    constructs: tuple[str, ...]
    modes: tuple[Mode, ...]
    scheme: Scheme
    consistent: bool
    """Whether paths and loadings are corrected for the unreliability of the scores (PLSc)."""
    correlation: Correlation
    rounds: int
    tolerance: float
    items: tuple[str, ...]
    """(q,) one item a place."""
    item_construct: tuple[str, ...]
    item_mean: Array
    item_sd: Array
    scale_minimum: Array
    """(q,) declared ends of each item's scale; NaN for an item without a scale."""
    scale_maximum: Array
    weights: Array
    """(q,) of standardised items; the scores have variance 1."""
    weight_se: Array
    weight_lower: Array
    weight_upper: Array
    loadings: Array
    loading_se: Array
    loading_lower: Array
    loading_upper: Array
    communality: Array
    """(q,) squared loading."""
    redundancy: Array
    """(q,) communality times R2 of the construct; NaN for items of a construct nothing explains."""
    cross_loadings: Array
    """(q, c) correlation of each item with each construct's score."""
    item_vif: Array
    paths: tuple[PathEstimate, ...]
    path_coefficients: Array
    """(c, c)."""
    effects: tuple[EffectEstimate, ...]
    total_effects: Array
    """(c, c) standardised."""
    indirect_effects: Array
    unstandardised_effects: Array
    """(c, c) total effects in points of the effect's index per point of the cause's."""
    construct_correlation: Array
    """(c, c) what the paths rest on; of the scores, corrected when `consistent`."""
    r2: Array
    """(c,) NaN for a construct nothing explains."""
    r2_se: Array
    r2_lower: Array
    r2_upper: Array
    r2_adjusted: Array
    aic: Array
    bic: Array
    alpha: Array
    """(c,) standardised; 1 for a construct of one item, like the next three."""
    alpha_raw: Array
    rho_a: Array
    rho_c: Array
    ave: Array
    fornell_larcker: Array
    """(c, c) correlations with sqrt(AVE) on the diagonal."""
    htmt: Array
    """(c, c) arithmetic, absolute; a single item counts as measured without error."""
    htmt_se: Array
    htmt_lower: Array
    htmt_upper: Array
    htmt_bound: Array
    """(c, c) upper end of the one-sided interval."""
    htmt2: Array
    """(c, c) geometric means; NaN where a correlation inside a construct is not positive."""
    htmt2_se: Array
    htmt2_lower: Array
    htmt2_upper: Array
    htmt2_bound: Array
    fit: Mapping[str, float]
    """`srmr`, `srmr_off_diagonal`, `d_uls`, `d_g` of the saturated and the estimated model; `gof`."""
    target: str
    """The construct the index and the importance are about."""
    index: Array
    """(c,) 0-100, declared bounds, unstandardised weights."""
    index_sd: Array
    index_se_fixed: Array
    """(c,) weights taken as known."""
    index_se: Array
    index_lower: Array
    index_upper: Array
    """(c,) full bootstrap: weights estimated again in every replicate."""
    index_weights: Array
    """(q,) normalised: those of a construct sum to 1."""
    item_performance: Array
    """(q,) mean 0-100."""
    item_importance: Array
    """(q,) points of the target's index per point of the item."""
    predictions: tuple[ItemPrediction, ...]
    predictive_tests: tuple[PredictiveTest, ...]
    hypotheses: tuple[HypothesisOutcome, ...]
    confidence: float
    interval: str
    replicates: int
    lost: int
    """Replicates that gave no solution."""
    lost_items: Mapping[str, int]
    """Items to blame for lost replicates, and how often."""
    seed: int
    titles: Mapping[str, Text] = field(default_factory=dict)
    moderation: tuple[ModerationEstimate, ...] = ()
    higher_order: Literal["", "two-stage", "repeated-indicators"] = ""
    """How constructs measured by constructs were estimated; empty where there are none."""
    lower: PathModelPLS | None = None
    """The first stage, where constructs are measured by constructs."""

    @property
    def score(self) -> float:
        """The index of the target."""
        return float(self.index[self.constructs.index(self.target)])

    def tables(self) -> dict[str, Table]:
        """`paths` first, then measurement, validity, effects, indices, fit and prediction."""
        made: dict[str, Callable[[PathModelPLS], Table]] = {
            "paths": pls_tables.paths_table,
            "constructs": pls_tables.constructs_table,
            "items": pls_tables.items_table,
            "index": pls_tables.index_table,
            "importance": pls_tables.importance_table,
            "item_importance": pls_tables.item_importance_table,
            "effects": pls_tables.effects_table,
            "validity": pls_validity.validity_table,
            "fornell_larcker": pls_validity.fornell_larcker_table,
            "cross_loadings": pls_validity.cross_loadings_table,
            "fit": pls_validity.fit_table,
        }
        if self.predictions:
            made["prediction"] = pls_validity.prediction_table
        if self.predictive_tests:
            made["predictive_tests"] = pls_validity.predictive_tests_table
        if self.hypotheses:
            made["hypotheses"] = pls_tables.hypotheses_table
        if self.moderation:
            made["moderation"] = pls_tables.moderation_table
        tables = {name: make(self) for name, make in made.items()}
        if self.lower is not None:
            first = self.lower.tables()
            tables |= {f"lower_{name}": first[name] for name in ("constructs", "items", "validity")}
        return tables

    def plots(self) -> dict[str, Plot]:
        """`paths`, `model` with its items, `importance`, `item_importance`, `index`, `htmt`, `loadings`."""
        return plots_of(self)

    def headline(self) -> tuple[Text, ...]:
        """The index with its interval, how well it is explained, and what matters most."""
        k = self.constructs.index(self.target)
        said = []
        if math.isfinite(self.index[k]):
            known = math.isfinite(self.index_lower[k])
            said.append(
                Text(
                    "Index of {t}: {v}{interval} of 100 (PLS weights, 0-100 rescale).",
                    "{t}指数：{v}{interval}（满分 100，PLS 权重，0–100 换算）。",
                ).fill(
                    t=self.title_of(self.target),
                    v=f"{self.index[k]:.1f}",
                    interval=Text(
                        f" ({self.index_lower[k]:.1f} to {self.index_upper[k]:.1f})",
                        f"（{self.index_lower[k]:.1f} 至 {self.index_upper[k]:.1f}）",
                    )
                    if known
                    else Text("", ""),
                )
            )
        if math.isfinite(self.r2[k]):
            said.append(
                Text("The model explains {r2} of the variance of {t}.", "模型解释了{t} {r2} 的方差。").fill(
                    r2=f"{self.r2[k]:.0%}", t=self.title_of(self.target)
                )
            )
        rows = sorted(self.importance_rows(), key=lambda e: -e.points)
        if rows:
            said.append(
                Text(
                    "One point more in {c} goes with {v} points more in {t}: the largest effect.",
                    "{c}每提高 1 分，{t}提高 {v} 分：影响最大。",
                ).fill(
                    c=self.title_of(rows[0].cause), v=f"{rows[0].points:.2f}", t=self.title_of(self.target)
                )
            )
        return tuple(said)

    def title_of(self, name: str) -> Text:
        """The words a reader sees for a construct or an item."""
        return self.titles.get(name) or Text(name)

    def sizes(self) -> NDArray[np.int64]:
        """(c,) items of each construct."""
        return np.array([self.item_construct.count(c) for c in self.constructs])

    def reflective(self) -> NDArray[np.bool_]:
        """(c,) whether a construct has several items that should agree: mode A."""
        return np.array([k > 1 and m == "A" for k, m in zip(self.sizes(), self.modes, strict=True)])

    def titles_of_constructs(self) -> list[Text]:
        """Of the constructs, in order."""
        return [self.title_of(c) for c in self.constructs]

    def importance_rows(self) -> list[EffectEstimate]:
        """Effects on the target that have points."""
        return [e for e in self.effects if e.effect == self.target and math.isfinite(e.points)]

    def driving_items(self) -> list[int]:
        """Places of the items that move the target."""
        return [
            i
            for i, (c, v) in enumerate(zip(self.item_construct, self.item_importance, strict=True))
            if c != self.target and math.isfinite(v) and v != 0
        ]

    def comparable(self, i: int, j: int) -> bool:
        """Whether HTMT says something of two constructs: several items each, mode A, none in both."""
        several, places = self.reflective(), list(zip(self.items, self.item_construct, strict=True))
        first, second = ({x for x, c in places if c == self.constructs[at]} for at in (i, j))
        return bool(several[i] and several[j] and not first & second)

    def measured(self) -> list[int]:
        """Positions of the constructs that are no products of others."""
        products = {m.product for m in self.moderation}
        return [k for k, c in enumerate(self.constructs) if c not in products]

    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of constructs that are no products, (later, earlier)."""
        at = self.measured()
        return [(i, j) for i in at for j in at if j < i]
