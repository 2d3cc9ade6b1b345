"""The result of a structural model: parameters, fit, validity, effects, and what they say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import AVE_CONVERGENT, FIT_SETS, Guideline
from csat.analyses.hypotheses import HypothesisOutcome
from csat.analyses.result import Result
from csat.analyses.structural.charts import plots_of
from csat.analyses.structural.fit_words import fit_said, judged_by, measure
from csat.analyses.structural.resampled import Bootstrap
from csat.analyses.structural.tables import tables_of
from csat.display.plot import Plot
from csat.display.style import in_unit
from csat.display.table import Table
from csat.instrument.statements import COVARIES, MEASURES, REGRESSED_ON
from csat.language import Text, joined

Array = NDArray[np.float64]

SHARE_ROUNDING = 1e-6
"""How far an explained share may pass 0 and 1 by rounding."""


class ParameterEstimate(NamedTuple):
    """One parameter under lavaan's names; when it is fixed se is 0 and z and p are NaN."""

    lhs: str
    op: str
    rhs: str
    group: str
    label: str
    est: float
    se: float
    z: float
    p: float
    ci_lower: float
    ci_upper: float
    std_lv: float
    std_all: float
    std_all_se: float
    free: bool
    boot_se: float = math.nan
    """Of the bootstrap, NaN without one; as the next eight."""
    boot_lower: float = math.nan
    boot_upper: float = math.nan
    std_lv_boot_se: float = math.nan
    std_lv_boot_lower: float = math.nan
    std_lv_boot_upper: float = math.nan
    std_all_boot_se: float = math.nan
    std_all_boot_lower: float = math.nan
    std_all_boot_upper: float = math.nan

    @property
    def name(self) -> str:
        """As the model writes it."""
        return f"{self.lhs} {self.op} {self.rhs}".rstrip()


class Effect(NamedTuple):
    """What a change in `cause` does to `effect`: along the direct path, along all others, in all."""

    cause: str
    effect: str
    direct: float
    indirect: float
    indirect_se: float
    indirect_p: float
    total: float
    total_se: float
    total_p: float
    std_total: float
    std_indirect: float
    indirect_boot_se: float = math.nan
    """Of the bootstrap, NaN without one; as all that follow."""
    indirect_boot_lower: float = math.nan
    indirect_boot_upper: float = math.nan
    total_boot_se: float = math.nan
    total_boot_lower: float = math.nan
    total_boot_upper: float = math.nan
    std_indirect_boot_se: float = math.nan
    std_indirect_boot_lower: float = math.nan
    std_indirect_boot_upper: float = math.nan
    std_total_boot_se: float = math.nan
    std_total_boot_lower: float = math.nan
    std_total_boot_upper: float = math.nan


@dataclass(frozen=True)
class Modification:
    """A parameter the model does not have: how far chi-square would fall, and what the parameter would be.

    epc : expected change from its present value. epc_std : with all variables standardised; epc_lv : with
    constructs alone; epc_nox : with all but covariates (lavaan's sepc.all, sepc.lv and sepc.nox).
    """

    lhs: str
    op: str
    rhs: str
    mi: float
    epc: float
    epc_std: float
    epc_lv: float = math.nan
    epc_nox: float = math.nan


@dataclass(frozen=True)
class WaldTest:
    """Whether rules among labelled parameters hold in the population; df 0 where they say nothing."""

    rule: str
    chisq: float
    df: int
    p: float


@dataclass(frozen=True, eq=False, kw_only=True)
class StructuralModel(Result):
    """A structural model and what follows from it, made by `sem`. p items, m constructs, in model order."""

    title = Text("Path model", "路径模型")
    name = "sem"

    model: str
    """As text, in lavaan syntax."""
    estimator: str
    likelihood: str
    """`normal` (covariances divide by n) or `wishart` (n - 1)."""
    items: tuple[str, ...]
    constructs: tuple[str, ...]
    measured_by: Mapping[str, tuple[str, ...]]
    """Construct to the observed items that measure it; a second-order construct has none."""
    parameters: tuple[ParameterEstimate, ...]
    fit: Mapping[str, float]
    """lavaan's names with underscores for dots."""
    guidelines: str
    """The set the verdict on fit rests on: `Hu-Bentler` or `bank study`."""
    r2: Mapping[str, float]
    """Explained variance of each item and construct that something explains."""
    sample_cov: Array
    """(p, p) dividing by n."""
    implied_cov: Array
    residual_correlations: Array
    """(p, p) (s - sigma) / sqrt(s_ii s_jj)."""
    latent_cov: Array
    """(m, m)"""
    latent_correlations: Array
    ave: Mapping[str, float]
    """Standardised: mean squared standardised loading, as composite_reliability."""
    composite_reliability: Mapping[str, float]
    ave_unstandardised: Mapping[str, float]
    omega: Mapping[str, float]
    """Composite reliability of the raw sum, model variance."""
    htmt_constructs: tuple[str, ...]
    """Constructs of two items or more that share none with another."""
    htmt: Array
    """Arithmetic, absolute."""
    htmt2: Array
    """Geometric; NaN for a construct with negative correlations inside."""
    separate: Mapping[str, bool]
    """Fornell-Larcker: sqrt(AVE) above every correlation with another construct."""
    effects: tuple[Effect, ...]
    hypotheses: tuple[HypothesisOutcome, ...] = ()
    rules: tuple[str, ...] = ()
    """What had to hold among parameters, beyond equal labels and bounds."""
    residual_z: Array = field(default_factory=lambda: np.zeros((0, 0)))
    """(p, p) residuals over their standard errors (standardised residuals); empty unless asked for."""
    residual_normalised: Array = field(default_factory=lambda: np.zeros((0, 0)))
    """(p, p) residuals over the standard errors of the sample's own moments; empty unless asked for."""
    modifications: tuple[Modification, ...] = ()
    """Largest modification indices first; empty unless asked for."""
    wald: tuple[WaldTest, ...] = ()
    """Tests of rules, in the order asked for."""
    converged: bool
    steps: int
    largest_gradient: float
    """Scaled gradient g_k / sqrt(H_kk) where the optimiser stopped."""
    smallest_information: float
    """Smallest eigenvalue of the information matrix, scaled to unit diagonal."""
    confidence: float
    bootstrap: Bootstrap | None = None
    """How it was resampled; None where that was not asked for."""
    choice: Text | None = None
    """Why `estimator="auto"` chose this estimator; None where it was asked for."""
    titles: Mapping[str, Text] = field(default_factory=dict)

    def parameter(self, lhs: str, op: str, rhs: str) -> ParameterEstimate | None:
        """The parameter of that name; `x ~~ y` is also `y ~~ x`."""
        wanted = {(lhs, rhs), (rhs, lhs)} if op == COVARIES else {(lhs, rhs)}
        for p in self.parameters:
            if p.op == op and (p.lhs, p.rhs) in wanted:
                return p
        return None

    def measure(self, name: str) -> float:
        """A fit measure by name; `chisq_df` is their ratio."""
        return measure(self.fit, name)

    def guideline_results(self, chosen: str = "") -> tuple[tuple[str, float, Guideline, bool], ...]:
        """(measure judged, value, guideline, met) of a set; no name means the result's own."""
        return judged_by(self.fit, FIT_SETS[chosen or self.guidelines])

    @property
    def paths(self) -> tuple[ParameterEstimate, ...]:
        """Structural paths (`~`)."""
        return tuple(p for p in self.parameters if p.op == REGRESSED_ON)

    @property
    def loadings(self) -> tuple[ParameterEstimate, ...]:
        """Loadings (`=~`), also of second order."""
        return tuple(p for p in self.parameters if p.op == MEASURES)

    def headline(self) -> tuple[Text, ...]:
        """The strongest paths or the measurement in a sentence, then the fit."""
        said = (
            [Text("The numbers below must not be used.", "下列数字不可使用。")]
            if self.verdict.failed
            else self.findings_said()
        )
        return (*said, fit_said(self.fit, self.guidelines))

    def findings_said(self) -> list[Text]:
        """The strongest paths, or without paths the measurement."""
        return self._paths_said() if self.paths else self._measurement_said()

    def _paths_said(self) -> list[Text]:
        said = []
        shares = {e: self.r2.get(e, -1.0) for e in dict.fromkeys(p.lhs for p in self.paths)}
        explained = [e for e, share in shares.items() if -SHARE_ROUNDING <= share <= 1 + SHARE_ROUNDING]
        for effect in explained[-2:]:
            ranked = sorted((p for p in self.paths if p.lhs == effect), key=lambda p: -abs(p.std_all))
            moved = joined(
                [
                    Text("{name} ({value})", "{name}（{value}）").fill(
                        name=self.title_of(p.rhs), value=in_unit(p.std_all)
                    )
                    for p in ranked[:3]
                ]
            )
            said.append(
                Text(
                    "{effect} is explained to {share}%, most of all by {causes}.",
                    "{effect}被解释了 {share}%，影响最大的是{causes}。",
                ).fill(effect=self.title_of(effect), share=f"{100 * self.r2[effect]:.0f}", causes=moved)
            )
        return said

    def _measurement_said(self) -> list[Text]:
        weak = [c for c in self.ave if not AVE_CONVERGENT.met(self.ave[c])]
        if not weak:
            return [
                Text(
                    "Every construct explains at least half of the variance of its items.",
                    "每个构念都解释了其题项至少一半的变异。",
                )
            ]
        return [
            Text(
                "Less than half of the variance of their items is explained by: {names}.",
                "下列构念对其题项变异的解释不足一半：{names}。",
            ).fill(names=joined([self.title_of(c) for c in weak]))
        ]

    def title_of(self, name: str) -> Text:
        """The words a reader sees for a construct or an item."""
        return self.titles.get(name) or Text(name)

    def tables(self) -> dict[str, Table]:
        """`paths` (if any), `loadings`, `guidelines`, effects, validity, `fit`, `residuals`, `parameters`."""
        return tables_of(self)

    def plots(self) -> dict[str, Plot]:
        """`model` (path diagram), `structure` (without items, if any paths), `loadings`, `residuals`."""
        return plots_of(self)


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasurementModel(StructuralModel):
    """A confirmatory factor model: constructs, their items, and no paths; made by `cfa`."""

    title = Text("Measurement model", "测量模型")
    name = "cfa"
