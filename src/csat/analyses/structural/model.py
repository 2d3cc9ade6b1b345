"""The result of a structural model: parameters, fit, validity, effects; its tables and charts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import (
    AVE_CONVERGENT,
    CR_ACCEPTABLE,
    FIT_SETS,
    HTMT_LIBERAL,
    HTMT_STRICT,
    Guideline,
)
from csat.analyses.hypotheses import HypothesisOutcome, hypothesis_table
from csat.analyses.result import Result
from csat.analyses.structural.fit_words import (
    MET,
    NOT_MET,
    fit_said,
    fit_table,
    guidelines_table,
    judged_by,
    measure,
)
from csat.analyses.structural.resampled import Bootstrap, bootstrap_effects_table, bootstrap_table
from csat.display.plot import Plot
from csat.display.style import formatted, in_unit
from csat.display.table import Table
from csat.instrument.statements import COVARIES, MEASURES, REGRESSED_ON
from csat.language import Language, Text, joined

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

RESIDUALS_LISTED = 15

METHOD_WORDS: Mapping[str, Text] = {
    "ML": Text("errors from the expected information", "标准误基于期望信息矩阵"),
    "MLM": Text("robust errors (Satorra-Bentler)", "稳健标准误（Satorra-Bentler）"),
    "MLMV": Text("robust errors, scaled and shifted test", "稳健标准误，检验经均值方差校正"),
    "MLMVS": Text("robust errors, mean and variance adjusted test", "稳健标准误，检验经均值方差校正"),
    "MLR": Text(
        "robust errors (Huber-White), Yuan-Bentler test", "稳健标准误（Huber-White），Yuan-Bentler 检验"
    ),
    "WLSMV": Text(
        "diagonal weights, robust errors, scaled and shifted test", "对角加权，稳健标准误，均值方差校正检验"
    ),
    "ULSMV": Text(
        "no weights, robust errors, scaled and shifted test", "不加权，稳健标准误，均值方差校正检验"
    ),
    "DWLS": Text("diagonal weights", "对角加权最小二乘"),
    "WLS": Text("weights free of a distribution", "渐近分布自由加权最小二乘"),
    "GLS": Text("generalised least squares", "广义最小二乘"),
    "ULS": Text("unweighted least squares", "未加权最小二乘"),
}
"""How errors and tests come about, by estimator."""


@dataclass(frozen=True)
class ParameterEstimate:
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


@dataclass(frozen=True)
class Effect:
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

    epc : expected change from its present value. epc_std : with all variables standardised.
    """

    lhs: str
    op: str
    rhs: str
    mi: float
    epc: float
    epc_std: float


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

    # What it says

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
        explained = [e for e in dict.fromkeys(p.lhs for p in self.paths) if e in self.r2]
        for effect in explained[-2:]:
            ranked = sorted((p for p in self.paths if p.lhs == effect), key=lambda p: -abs(p.std_all))
            moved = joined(
                [
                    Text("{name} ({value})", "{name}（{value}）").fill(
                        name=self._title(p.rhs), value=in_unit(p.std_all)
                    )
                    for p in ranked[:3]
                ]
            )
            said.append(
                Text(
                    "{effect} is explained to {share}%, most of all by {causes}.",
                    "{effect}被解释了 {share}%，影响最大的是{causes}。",
                ).fill(effect=self._title(effect), share=f"{100 * self.r2[effect]:.0f}", causes=moved)
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
            ).fill(names=joined([self._title(c) for c in weak]))
        ]

    def _title(self, name: str) -> Text:
        return self.titles.get(name) or Text(name)

    # Tables

    def tables(self) -> dict[str, Table]:
        """`paths` (if any), `loadings`, `guidelines`, effects, validity, `fit`, `residuals`, `parameters`."""
        tables = {"paths": self._paths_table()} if self.paths else {}
        tables["loadings"] = self._loadings_table()
        tables["guidelines"] = guidelines_table(self.fit, self.guidelines, self.base.effective_n)
        if self.hypotheses:
            tables["hypotheses"] = hypothesis_table(
                self.hypotheses,
                titles=self.titles,
                estimate=Text("Standardised path", "标准化路径系数"),
            )
        if self.effects:
            tables["effects"] = self._effects_table()
        if self.effects and self.bootstrap is not None:
            tables["bootstrap_effects"] = bootstrap_effects_table(self.effects, self._title, self.bootstrap)
        tables["r2"] = self._r2_table()
        if self.ave:
            tables["validity"] = self._validity_table()
        if len(self.ave) > 1:
            tables["fornell_larcker"] = self._fornell_larcker_table()
        if len(self.htmt_constructs) > 1:
            tables["htmt"] = self._htmt_table()
        if self.wald:
            tables["wald"] = wald_table(self.wald)
        tables["fit"] = fit_table(self.fit)
        tables["residuals"] = self._residuals_table()
        if self.residual_z.size:
            tables["moments"] = self._moments_table()
        if self.modifications:
            tables["modifications"] = self._modifications_table()
        tables["parameters"] = self._parameters_table()
        if self.bootstrap is not None:
            tables["bootstrap"] = bootstrap_table(self.parameters, self.bootstrap)
        return tables

    def _paths_table(self) -> Table:
        rows = self.paths
        return Table(
            {
                "cause": [self._title(p.rhs) for p in rows],
                "effect": [self._title(p.lhs) for p in rows],
                "standardised": [p.std_all for p in rows],
                "estimate": [p.est for p in rows],
                "se": [p.se for p in rows],
                "z": [p.z for p in rows],
                "p": [p.p for p in rows],
                "ci_lower": [p.ci_lower for p in rows],
                "ci_upper": [p.ci_upper for p in rows],
            },
            title=Text("Paths between constructs", "构念间路径"),
            notes=self._estimation_notes(),
            formats={"p": "p"},
        )

    def _loadings_table(self) -> Table:
        rows = self.loadings
        wording = [self.titles.get(p.rhs) for p in rows]
        columns: dict[str, Sequence[object]] = {
            "construct": [self._title(p.lhs) for p in rows],
            "item": [p.rhs for p in rows],
        }
        if any(wording):
            columns["wording"] = [w or Text("") for w in wording]
        columns |= {
            "loading_standardised": [p.std_all for p in rows],
            "std_se": [p.std_all_se for p in rows],
            "estimate": [p.est for p in rows],
            "se": [p.se for p in rows],
            "z": [p.z for p in rows],
            "p": [p.p for p in rows],
            "r2": [self.r2.get(p.rhs, math.nan) for p in rows],
        }
        return Table(
            columns,
            title=Text("Loadings: how well each item measures its construct", "载荷：各题项对构念的测量"),
            notes=[] if self.paths else self._estimation_notes(),
            labels={"std_se": Text("SE of the standardised loading", "标准化载荷的标准误")},
            formats={"p": "p"},
        )

    def _estimation_notes(self) -> list[Text]:
        way = METHOD_WORDS.get(self.estimator, METHOD_WORDS["ML"])
        if self.base.missing == "fiml" and self.estimator == "ML":
            way = Text(
                "full information, errors from the observed information", "全信息，标准误基于观测信息矩阵"
            )
        notes = [
            Text(
                f"{self.estimator}, {self.likelihood} likelihood; {way.say('en')}; a loading with standard "
                "error 0 is fixed to set the scale of its construct.",
                f"估计方法 {self.estimator}（{self.likelihood} 似然），{way.say('zh')}；标准误为 0 "
                "的载荷是为设定构念的量尺而固定的。",
            )
        ]
        if self.choice is not None:
            notes.insert(0, self.choice)
        if self.rules:
            held = "; ".join(self.rules)
            notes.append(Text(f"Held among the parameters: {held}.", f"参数间所设规则：{held}。"))
        if "chisq_scaled" in self.fit:
            f = self.fit
            notes.append(
                Text(
                    f"The scaled test is the one to report: chi2({f['df_scaled']:.4g}) = "
                    f"{f['chisq_scaled']:.2f}, p {formatted(f['pvalue_scaled'], 'p')}.",
                    f"应报告经校正的检验：chi2({f['df_scaled']:.4g}) = {f['chisq_scaled']:.2f}，p "
                    f"{formatted(f['pvalue_scaled'], 'p')}。",
                )
            )
        return notes

    def _effects_table(self) -> Table:
        rows = self.effects
        return Table(
            {
                "cause": [self._title(e.cause) for e in rows],
                "effect": [self._title(e.effect) for e in rows],
                "direct": [e.direct for e in rows],
                "indirect": [e.indirect for e in rows],
                "indirect_se": [e.indirect_se for e in rows],
                "indirect_p": [e.indirect_p for e in rows],
                "total": [e.total for e in rows],
                "total_se": [e.total_se for e in rows],
                "total_p": [e.total_p for e in rows],
                "std_total": [e.std_total for e in rows],
            },
            title=Text("Direct, indirect and total effects", "直接、间接与总效应"),
            notes=[
                Text(
                    "Standard errors of indirect and total effects by the delta method (Sobel).",
                    "间接效应与总效应的标准误按 delta 法（Sobel）计算。",
                )
            ],
            labels={
                "indirect_se": Text("SE, indirect", "间接效应标准误"),
                "indirect_p": Text("p, indirect", "间接效应 p 值"),
                "total_se": Text("SE, total", "总效应标准误"),
                "total_p": Text("p, total", "总效应 p 值"),
                "std_total": Text("Total, standardised", "标准化总效应"),
            },
            formats={"indirect_p": "p", "total_p": "p"},
        )

    def _r2_table(self) -> Table:
        structural = {p.lhs for p in self.paths}
        names = [n for n in self.r2 if n in self.constructs or n in structural]
        names += [n for n in self.r2 if n not in names]
        return Table(
            {"name": [self._title(n) for n in names], "r2": [self.r2[n] for n in names]},
            title=Text("Explained variance", "已解释变异"),
        )

    def _validity_table(self) -> Table:
        names = list(self.ave)
        notes = [
            Text(
                f"AVE and composite reliability in their standardised forms; guidelines: AVE "
                f"{AVE_CONVERGENT}, composite reliability {CR_ACCEPTABLE}.",
                f"AVE 与组合信度均为标准化形式；参考标准：AVE {AVE_CONVERGENT}，组合信度 {CR_ACCEPTABLE}。",
            )
        ]
        return Table(
            {
                "construct": [self._title(c) for c in names],
                "n_items": [len(self.measured_by[c]) for c in names],
                "composite_reliability": [self.composite_reliability[c] for c in names],
                "reliable": [
                    MET if CR_ACCEPTABLE.met(self.composite_reliability[c]) else NOT_MET for c in names
                ],
                "ave": [self.ave[c] for c in names],
                "convergent": [MET if AVE_CONVERGENT.met(self.ave[c]) else NOT_MET for c in names],
                "omega": [self.omega[c] for c in names],
                "ave_unstandardised": [self.ave_unstandardised[c] for c in names],
            },
            title=Text("Convergent validity", "收敛效度"),
            notes=notes,
            labels={
                "reliable": Text("Composite reliability", "组合信度判断"),
                "convergent": Text("Convergent", "收敛效度判断"),
                "ave_unstandardised": Text("AVE, unstandardised", "AVE（非标准化）"),
            },
        )

    def _fornell_larcker_table(self) -> Table:
        names = list(self.ave)
        at = [self.constructs.index(c) for c in names]
        matrix = self.latent_correlations[np.ix_(at, at)].copy()
        np.fill_diagonal(matrix, np.sqrt([self.ave[c] for c in names]))
        columns, labels = self._lower_triangle(matrix, names, diagonal=True)
        columns["separate"] = [MET if self.separate.get(c, False) else NOT_MET for c in names]
        return Table(
            {"construct": [self._title(c) for c in names], **columns},
            title=Text("Discriminant validity (Fornell-Larcker)", "区分效度（Fornell-Larcker）"),
            notes=[
                Text(
                    "Diagonal: square root of AVE; below it: correlations of the constructs. A construct "
                    "passes when its diagonal is the largest of its row and column.",
                    "对角线为 AVE 的平方根，其下为构念相关系数。对角线值大于所在行、列的其他值即为通过。",
                )
            ],
            labels={**labels, "separate": Text("Separate", "是否区分")},
        )

    def _htmt_table(self) -> Table:
        names = self.htmt_constructs
        columns, labels = self._lower_triangle(self.htmt, names, diagonal=False)
        return Table(
            {"construct": [self._title(c) for c in names], **columns},
            title=Text("HTMT (arithmetic): are the constructs different?", "HTMT（算术平均）"),
            notes=[
                Text(
                    f"Guidelines: {HTMT_STRICT} (strict), {HTMT_LIBERAL} (liberal).",
                    f"参考标准：{HTMT_STRICT}（严格），{HTMT_LIBERAL}（宽松）。",
                )
            ],
            labels=labels,
        )

    def _lower_triangle(
        self, matrix: Array, names: Sequence[str], *, diagonal: bool
    ) -> tuple[dict[str, Sequence[object]], dict[str, Text]]:
        columns: dict[str, Sequence[object]] = {}
        for j in range(len(names)):
            column = [matrix[i, j] if i > j or (diagonal and i == j) else math.nan for i in range(len(names))]
            columns[f"c_{j + 1}"] = column
        return columns, {f"c_{j + 1}": self._title(name) for j, name in enumerate(names)}

    def _residuals_table(self) -> Table:
        rows, columns = np.tril_indices(len(self.items), -1)
        values = self.residual_correlations[rows, columns]
        order = np.argsort(-np.abs(values), kind="stable")[:RESIDUALS_LISTED]
        return Table(
            {
                "item_a": [self.items[columns[i]] for i in order],
                "item_b": [self.items[rows[i]] for i in order],
                "residual": values[order],
            },
            title=Text("Where the model misses most", "模型偏离最大之处"),
            notes=[
                Text(
                    "Residual correlations: positive, the two items share more than the model allows.",
                    "残差相关：正值表示两个题项的关联多于模型所允许的。",
                )
            ],
        )

    def _moments_table(self) -> Table:
        columns, rows = np.triu_indices(len(self.items))
        # a variance the model reproduces by construction says nothing
        chosen = (rows != columns) | (np.abs(np.nan_to_num(self.residual_z[rows, columns])) > 0)
        rows, columns = rows[chosen], columns[chosen]
        notes = [
            Text(
                "Residuals as correlations. z: over its standard error; beyond 2 in size chance does not "
                "explain the pair. None where the model reproduces the pair by construction.",
                "残差以相关表示。z 为残差除以其标准误，绝对值超过 2 时难以用偶然解释；模型必然再现的题项对"
                "没有 z。",
            )
        ]
        if np.isnan(self.residual_z).all(axis=1).any():
            notes.append(
                Text(
                    "z and normalised residuals are about what the covariates leave of the items.",
                    "z 与归一化残差针对控制协变量之后的部分。",
                )
            )
        return Table(
            {
                "item_a": [self.items[i] for i in columns],
                "item_b": [self.items[i] for i in rows],
                "sample": self.sample_cov[rows, columns],
                "implied": self.implied_cov[rows, columns],
                "residual": self.residual_correlations[rows, columns],
                "residual_z": self.residual_z[rows, columns],
                "residual_normalised": self.residual_normalised[rows, columns],
            },
            title=Text("All pairs: what was seen, what the model implies", "全部题项对：样本值与模型隐含值"),
            notes=notes,
            labels={
                "sample": Text("Sample", "样本"),
                "implied": Text("Implied", "模型隐含"),
                "residual_z": Text("Residual, z", "残差 z"),
                "residual_normalised": Text("Normalised residual", "归一化残差"),
            },
        )

    def _modifications_table(self) -> Table:
        rows = self.modifications
        return Table(
            {
                "left": [m.lhs for m in rows],
                "relation": [m.op for m in rows],
                "right": [m.rhs for m in rows],
                "mi": [m.mi for m in rows],
                "epc": [m.epc for m in rows],
                "epc_std": [m.epc_std for m in rows],
            },
            title=Text("What the data ask for (modification indices)", "修正指数"),
            notes=[
                Text(
                    "Each alone: how far chi-square would fall and what the parameter would be. Free one "
                    "only where theory speaks for it.",
                    "逐一计算：若释放该参数，卡方值将下降多少、参数将为多少。只有理论支持时才应释放。",
                )
            ],
            labels={
                "mi": Text("Modification index", "修正指数"),
                "epc": Text("Expected change", "期望参数改变"),
                "epc_std": Text("Expected change, standardised", "标准化期望改变"),
            },
        )

    def _parameters_table(self) -> Table:
        rows = self.parameters
        return Table(
            {
                "left": [p.lhs for p in rows],
                "relation": [p.op for p in rows],
                "right": [p.rhs for p in rows],
                "label": [p.label for p in rows],
                "estimate": [p.est for p in rows],
                "se": [p.se for p in rows],
                "z": [p.z for p in rows],
                "p": [p.p for p in rows],
                "ci_lower": [p.ci_lower for p in rows],
                "ci_upper": [p.ci_upper for p in rows],
                "std_lv": [p.std_lv for p in rows],
                "standardised": [p.std_all for p in rows],
            },
            title=Text("All parameters", "全部参数"),
            labels={"std_lv": Text("Constructs standardised", "构念标准化")},
            formats={"p": "p"},
        )

    # Charts

    def plots(self) -> dict[str, Plot]:
        """`model` (path diagram), `structure` (without items, if any paths), `loadings`, `residuals`."""
        plots = {"model": self._diagram(show_items=True)}
        if self._arrows():
            plots["structure"] = self._diagram(show_items=False)
        plots["loadings"] = self._plot_loadings()
        plots["residuals"] = self._plot_residuals()
        return plots

    def _arrows(self) -> dict[tuple[str, str], tuple[float, float]]:
        arrows = {(p.rhs, p.lhs): (p.std_all, p.p) for p in self.paths}
        second = (p for p in self.loadings if p.rhs in self.constructs)
        return arrows | {(p.lhs, p.rhs): (p.std_all, p.p) for p in second}

    def _diagram(self, *, show_items: bool) -> Plot:
        observed = dict.fromkeys(n for p in self.paths for n in (p.rhs, p.lhs) if n not in self.constructs)
        names = [*self.constructs, *observed]
        arrows = self._arrows()
        # an arrow with a fixed coefficient has no p: it is drawn as known
        loadings = {(p.lhs, p.rhs): p.std_all for p in self.loadings}

        def draw(ax: Axes, language: Language) -> None:
            from csat.display.paths import path_diagram

            path_diagram(
                ax,
                constructs=names,
                items=self.measured_by,
                loadings=loadings,
                paths=arrows,
                r2={n: self.r2[n] for n in names if n in self.r2},
                show_items=show_items,
                labels={n: self._title(n).say(language) for n in names},
                language=language,
            )

        what = joined(
            [
                Text(
                    f"{self._title(a).say('en')} to {self._title(b).say('en')} {in_unit(v)}",
                    f"{self._title(a).say('zh')}到{self._title(b).say('zh')} {in_unit(v)}",
                )
                for (a, b), (v, _) in arrows.items()
            ]
        )
        return Plot(
            draw,
            title=Text("The model with its items", "模型与题项")
            if show_items
            else Text("Paths between constructs", "构念间路径"),
            description=Text("Path diagram, standardised. {paths}", "路径图，标准化估计值。{paths}").fill(
                paths=what or Text("Constructs and their items.", "各构念及其题项。")
            ),
            size=(9.0, 6.0),
        )

    def _plot_loadings(self) -> Plot:
        rows = [p for p in self.loadings if p.rhs in self.items]
        half = 1.959963984540054 * np.array([p.std_all_se for p in rows])
        values = np.array([p.std_all for p in rows])

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.dots(
                ax,
                [f"{self._title(p.lhs).say(language)}: {p.rhs}" for p in rows],
                values,
                lower=np.where(np.isnan(half), values, values - half),
                upper=np.where(np.isnan(half), values, values + half),
                xlabel=Text("standardised loading, 95% interval", "标准化载荷及 95% 区间").say(language),
            )

        weakest = rows[int(np.nanargmin(np.abs(values)))] if rows and not np.isnan(values).all() else None
        return Plot(
            draw,
            title=Text("Loadings", "载荷"),
            description=Text(
                "Dots with intervals: standardised loading of each item; the weakest is {item} ({value}).",
                "点与区间：各题项的标准化载荷；最弱的是 {item}（{value}）。",
            ).fill(item=weakest.rhs if weakest else "-", value=in_unit(weakest.std_all) if weakest else "-"),
            size=(6.8, 1.4 + 0.24 * len(rows)),
        )

    def _plot_residuals(self) -> Plot:
        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.heat_map(
                ax,
                np.where(np.eye(len(self.items), dtype=bool), np.nan, self.residual_correlations),
                row_labels=self.items,
                column_labels=self.items,
                hide_below=0.05,
                limit=0.3,
            )

        side = 2.2 + 0.3 * len(self.items)
        return Plot(
            draw,
            title=Text("Residual correlations", "残差相关"),
            description=Text(
                "Heat map: observed less implied correlation of each pair of items; the largest stand in "
                "the table.",
                "热图：每对题项的观测相关减去模型隐含相关；最大者列于表中。",
            ),
            size=(min(side + 1.0, 11.0), min(side, 10.0)),
        )


def wald_table(tests: Sequence[WaldTest]) -> Table:
    """Each rule with its test."""
    return Table(
        {
            "rule": [t.rule for t in tests],
            "chi_square": [t.chisq for t in tests],
            "df": [t.df for t in tests],
            "p": [t.p for t in tests],
        },
        title=Text("Do these rules hold? (Wald tests)", "下列约束是否成立？（Wald 检验）"),
        notes=[
            Text(
                "A small p speaks against the rule; the errors are those of the estimator.",
                "p 值小表示数据不支持该约束；所用标准误与估计方法一致。",
            )
        ],
        labels={"rule": Text("Rule", "约束")},
        formats={"p": "p"},
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasurementModel(StructuralModel):
    """A confirmatory factor model: constructs, their items, and no paths; made by `cfa`."""

    title = Text("Measurement model", "测量模型")
    name = "cfa"
