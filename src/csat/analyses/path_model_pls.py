"""The result of a PLS path model: paths, measurement, validity, indices, importance; tables and charts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import (
    AVE_CONVERGENT,
    CR_ACCEPTABLE,
    HTMT_LIBERAL,
    HTMT_STRICT,
    LOADING_PLS,
    VIF_HIGH,
)
from csat.analyses.hypotheses import HypothesisOutcome, hypothesis_table
from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.style import in_unit
from csat.display.table import Table
from csat.language import Language, Text, joined
from csat.numerics.pls import Mode, Scheme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Correlation = Literal["pearson", "polychoric"]

SCHEME_WORDS: Mapping[Scheme, Text] = {
    "path": Text("path scheme", "路径加权方案"),
    "factor": Text("factor scheme", "因子加权方案"),
    "centroid": Text("centroid scheme", "重心加权方案"),
}
QUADRANT_WORDS = (
    Text("Improve first", "优先改进"),
    Text("Keep up", "继续保持"),
    Text("Low priority", "低优先级"),
    Text("Possible overkill", "可能投入过度"),
)
"""In reading order of the chart."""
INDEX_POINTS = Text("Index, 0-100", "指数（0–100）")


@dataclass(frozen=True)
class PathEstimate:
    """One path between constructs, standardised.

    z, p : estimate over bootstrap standard error, two-sided normal. f2 : R2 lost without the cause, scores
    kept; f2_reestimated : the model estimated again without the path. vif : of the cause among the causes.
    """

    cause: str
    effect: str
    estimate: float
    se: float
    z: float
    p: float
    ci_lower: float
    ci_upper: float
    f2: float
    f2_reestimated: float
    vif: float


@dataclass(frozen=True)
class EffectEstimate:
    """What a change in `cause` does to `effect`: standardised, and in index points per index point."""

    cause: str
    effect: str
    direct: float
    indirect: float
    indirect_se: float
    indirect_ci_lower: float
    indirect_ci_upper: float
    total: float
    total_se: float
    total_ci_lower: float
    total_ci_upper: float
    points: float
    points_se: float
    points_ci_lower: float
    points_ci_upper: float


@dataclass(frozen=True)
class ModerationEstimate:
    """A path that depends on the level of a third construct (two-stage approach).

    standardised : path of the standardised product, with se, p and interval; f2 of the product.
    per_product : change of the path per standard deviation of the moderator (path of the product as it is).
    slope_low, slope_mean, slope_high : path from cause to effect with the moderator one standard deviation
    below its mean, at it, and above it.
    """

    product: str
    cause: str
    moderator: str
    effect: str
    standardised: float
    per_product: float
    se: float
    p: float
    ci_lower: float
    ci_upper: float
    f2: float
    slope_low: float
    slope_mean: float
    slope_high: float


@dataclass(frozen=True)
class ItemPrediction:
    """Out-of-sample errors of one item: PLS, and the linear model on the items of the antecedents."""

    item: str
    construct: str
    q2: float
    rmse: float
    mae: float
    q2_linear: float
    rmse_linear: float
    mae_linear: float


@dataclass(frozen=True)
class PredictiveTest:
    """CVPAT: mean squared error of PLS less that of a benchmark (`linear` or `mean`); negative is better."""

    construct: str
    """Empty: all endogenous constructs together."""
    benchmark: Literal["linear", "mean"]
    difference: float
    se: float
    t: float
    p: float


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
    lower: PathModelPLS | None = None
    """The first stage, where constructs are measured by constructs."""

    @property
    def score(self) -> float:
        """The index of the target."""
        return float(self.index[self.constructs.index(self.target)])

    # Tables

    def tables(self) -> dict[str, Table]:
        """`paths` first, then measurement, validity, effects, indices, fit and prediction."""
        made: dict[str, Callable[[], Table]] = {
            "paths": self._paths_table,
            "constructs": self._constructs_table,
            "items": self._items_table,
            "index": self._index_table,
            "importance": self._importance_table,
            "item_importance": self._item_importance_table,
            "effects": self._effects_table,
            "validity": self._validity_table,
            "fornell_larcker": self._fornell_larcker_table,
            "cross_loadings": self._cross_loadings_table,
            "fit": self._fit_table,
        }
        if self.predictions:
            made["prediction"] = self._prediction_table
        if self.predictive_tests:
            made["predictive_tests"] = self._predictive_tests_table
        if self.hypotheses:
            made["hypotheses"] = self._hypotheses_table
        if self.moderation:
            made["moderation"] = self._moderation_table
        tables = {name: make() for name, make in made.items()}
        if self.lower is not None:
            first = self.lower.tables()
            tables |= {f"lower_{name}": first[name] for name in ("constructs", "items", "validity")}
        return tables

    def _paths_table(self) -> Table:
        rows = self.paths
        return Table(
            {
                "cause": [self._title(p.cause) for p in rows],
                "effect": [self._title(p.effect) for p in rows],
                "estimate": [p.estimate for p in rows],
                **self._uncertainty(rows, ("se", "ci_lower", "ci_upper", "p")),
                "f2": [p.f2 for p in rows],
                "f2_reestimated": [p.f2_reestimated for p in rows],
                "vif": [p.vif for p in rows],
            },
            title=Text("Paths between constructs, standardised", "构念间路径（标准化）"),
            notes=[self._method(), *self._intervals_note(), F2_NOTE],
            labels={
                **self._ends(),
                "f2": Text("f² (scores kept)", "f²（得分不变）"),
                "f2_reestimated": Text("f² (estimated again)", "f²（重新估计）"),
            },
            formats={"p": "p"} if self.replicates else {},
        )

    def _constructs_table(self) -> Table:
        one = self._sizes() == 1

        def several(values: Array) -> Array:
            return np.where(one, np.nan, values)

        return Table(
            {
                "construct": self._names(),
                "n_items": self._sizes(),
                "mode": list(self.modes),
                "r2": self.r2,
                "r2_adjusted": self.r2_adjusted,
                "alpha": several(self.alpha),
                "rho_a": several(self.rho_a),
                "composite_reliability": several(self.rho_c),
                "ave": several(self.ave),
            },
            title=Text("Constructs: explained variance and reliability", "各构念：解释方差与信度"),
            notes=[
                Text(
                    "Alpha is standardised; rho A after Dijkstra and Henseler; composite reliability (rho C) "
                    "and AVE from the loadings{corrected}. Guidelines: composite reliability {cr}, AVE "
                    "{ave}. Nothing is said of a construct of one item.",
                    "α 为标准化系数；ρA 依 Dijkstra 与 Henseler；组合信度（ρC）与 AVE 由{corrected}载荷计算。"
                    "参考标准：组合信度 {cr}，AVE {ave}。单题构念不作评价。",
                ).fill(
                    corrected=Text(", corrected", "校正后的") if self.consistent else Text("", ""),
                    cr=CR_ACCEPTABLE,
                    ave=AVE_CONVERGENT,
                )
            ],
            labels={"mode": Text("Mode", "模式"), "rho_a": Text("Rho A", "ρA")},
        )

    def _items_table(self) -> Table:
        known = not np.isnan(self.weight_se).all()
        columns: dict[str, Any] = {
            "construct": [self._title(c) for c in self.item_construct],
            "item": self.items,
            **self._wording(self.items),
            "loading": self.loadings,
        }
        if known:
            columns |= {"loading_lower": self.loading_lower, "loading_upper": self.loading_upper}
        columns["outer_weight"] = self.weights
        if known:
            columns |= {"weight_lower": self.weight_lower, "weight_upper": self.weight_upper}
        columns |= {"index_weight": self.index_weights, "vif": self.item_vif}
        level = f"{100 * self.confidence:g}%"
        return Table(
            columns,
            title=Text("Items: loadings and weights", "题项：载荷与权重"),
            notes=[
                Text(
                    "Weights of standardised items give scores of variance 1. Weight in the index: weight "
                    "over standard deviation, summing to 1 in each construct. Guideline: loading {loading}, "
                    "VIF {vif}.",
                    "权重对应标准化题项，得分方差为 1。指数权重：权重除以标准差，在每个构念内合计为 1。"
                    "参考标准：载荷 {loading}，VIF {vif}。",
                ).fill(loading=LOADING_PLS, vif=VIF_HIGH)
            ],
            labels={
                "loading": Text("Loading, corrected", "载荷（校正）") if self.consistent else LOADING,
                "loading_lower": Text(f"Loading, {level} lower", f"载荷 {level} 下限"),
                "loading_upper": Text(f"Loading, {level} upper", f"载荷 {level} 上限"),
                "outer_weight": Text("Weight", "权重"),
                "weight_lower": Text(f"Weight, {level} lower", f"权重 {level} 下限"),
                "weight_upper": Text(f"Weight, {level} upper", f"权重 {level} 上限"),
                "index_weight": Text("Weight in the index", "指数权重"),
            },
        )

    def _index_table(self) -> Table:
        columns: dict[str, Any] = {"construct": self._names(), "index": self.index}
        if not np.isnan(self.index_se).all():
            columns |= {
                "ci_lower": self.index_lower,
                "ci_upper": self.index_upper,
                "se": self.index_se,
            }
        columns |= {"se_fixed": self.index_se_fixed, "sd": self.index_sd}
        return Table(
            columns,
            title=Text("Index of each construct, 0-100 (PLS weights)", "各构念指数（0–100，PLS 权重）"),
            notes=[
                Text(
                    "0-100 by the declared ends of the scales; unstandardised PLS weights. The first "
                    "standard error counts the weights as estimated, the second as known.",
                    "按量表声明的两端换算为 0–100；采用非标准化 PLS 权重。第一个标准误计入权重的估计误差，"
                    "第二个将权重视为已知。",
                ),
                *self._intervals_note(),
            ],
            labels={**self._ends(), "se_fixed": Text("SE, weights known", "标准误（权重已知）")},
            formats={
                c: "score" for c in ("index", "ci_lower", "ci_upper", "se", "se_fixed", "sd") if c in columns
            },
        )

    def _importance_rows(self) -> list[EffectEstimate]:
        return [e for e in self.effects if e.effect == self.target and math.isfinite(e.points)]

    def _importance_table(self) -> Table:
        rows = self._importance_rows()
        at = [self.constructs.index(e.cause) for e in rows]
        known = any(math.isfinite(e.points_se) for e in rows)
        columns: dict[str, Any] = {
            "construct": [self._title(e.cause) for e in rows],
            "importance": [e.points for e in rows],
        }
        if known:
            columns |= {
                "ci_lower": [e.points_ci_lower for e in rows],
                "ci_upper": [e.points_ci_upper for e in rows],
            }
        columns |= {"standardised": [e.total for e in rows], "performance": self.index[at]}
        return Table(
            columns,
            title=Text("Importance for {target} and performance", "对{target}的重要性与表现").fill(
                target=self._title(self.target)
            ),
            notes=[
                Text(
                    "Importance: points of the index of {target} per point of a construct's index, direct "
                    "and indirect (total effect). Not a proof of cause.",
                    "重要性：某构念指数每提高 1 分，{target}指数的变化（总效应，含直接与间接）。"
                    "不等于因果证明。",
                ).fill(target=self._title(self.target)),
                *self._intervals_note(),
            ],
            labels={
                **self._ends(),
                "standardised": Text("Total effect, standardised", "总效应（标准化）"),
            },
            formats={"performance": "score"},
        )

    def _item_importance_table(self) -> Table:
        at = self._driving_items()
        return Table(
            {
                "construct": [self._title(self.item_construct[i]) for i in at],
                "item": [self.items[i] for i in at],
                **self._wording([self.items[i] for i in at]),
                "importance": self.item_importance[at],
                "performance": self.item_performance[at],
            },
            title=Text(
                "Items: importance for {target} and performance", "题项：对{target}的重要性与表现"
            ).fill(target=self._title(self.target)),
            notes=[
                Text(
                    "Importance: weight in the index times the construct's total effect.",
                    "重要性：指数权重乘以所属构念的总效应。",
                )
            ],
            formats={"performance": "score"},
        )

    def _effects_table(self) -> Table:
        rows = self.effects
        known = any(math.isfinite(e.total_se) for e in rows)
        columns: dict[str, Any] = {
            "cause": [self._title(e.cause) for e in rows],
            "effect": [self._title(e.effect) for e in rows],
            "direct": [e.direct for e in rows],
            "indirect": [e.indirect for e in rows],
        }
        if known:
            columns |= {
                "indirect_lower": [e.indirect_ci_lower for e in rows],
                "indirect_upper": [e.indirect_ci_upper for e in rows],
            }
        columns["total"] = [e.total for e in rows]
        if known:
            columns |= {
                "total_lower": [e.total_ci_lower for e in rows],
                "total_upper": [e.total_ci_upper for e in rows],
            }
        level = f"{100 * self.confidence:g}%"
        return Table(
            columns,
            title=Text("Direct, indirect and total effects, standardised", "直接、间接与总效应（标准化）"),
            notes=self._intervals_note(),
            labels={
                "indirect_lower": Text(f"Indirect, {level} lower", f"间接效应 {level} 下限"),
                "indirect_upper": Text(f"Indirect, {level} upper", f"间接效应 {level} 上限"),
                "total_lower": Text(f"Total, {level} lower", f"总效应 {level} 下限"),
                "total_upper": Text(f"Total, {level} upper", f"总效应 {level} 上限"),
            },
        )

    def _pairs(self) -> list[tuple[int, int]]:
        return [(i, j) for i in range(len(self.constructs)) for j in range(i)]

    def _validity_table(self) -> Table:
        pairs = self._pairs()
        known = not np.isnan(self.htmt_bound).all()
        one = self._sizes() == 1

        def of(matrix: Array) -> list[float]:
            return [float(matrix[i, j]) for i, j in pairs]

        columns: dict[str, Any] = {
            "construct_a": [self._title(self.constructs[j]) for _, j in pairs],
            "construct_b": [self._title(self.constructs[i]) for i, _ in pairs],
            "correlation": of(self.construct_correlation),
            "htmt": of(self.htmt),
        }
        if known:
            columns |= {
                "ci_lower": of(self.htmt_lower),
                "ci_upper": of(self.htmt_upper),
                "htmt_bound": of(self.htmt_bound),
            }
        columns["htmt2"] = of(self.htmt2)
        columns["verdict"] = [Text("") if one[i] or one[j] else self._separate(i, j) for i, j in pairs]
        level = f"{100 * self.confidence:g}%"
        return Table(
            columns,
            title=Text("Are the constructs different? HTMT", "构念之间可区分吗？HTMT"),
            notes=[
                Text(
                    "HTMT: arithmetic means of absolute correlations; HTMT2: geometric means. Guideline: "
                    "{strict} (strict) or {liberal}, {source}; the verdict holds the upper end of the "
                    "one-sided {level} interval against them. A construct of one item counts as measured "
                    "without error and gets no verdict.",
                    "HTMT：相关绝对值的算术平均；HTMT2：几何平均。参考标准：{strict}（严格）或 {liberal}，"
                    "{source}；以单侧 {level} 区间上限判断。单题构念视为无测量误差，不作判断。",
                ).fill(strict=HTMT_STRICT, liberal=HTMT_LIBERAL, source=HTMT_STRICT.source, level=level),
                *self._intervals_note(),
            ],
            labels={
                **self._ends(),
                "htmt_bound": Text(f"One-sided {level} upper end", f"单侧 {level} 上限"),
                "htmt2": Text("HTMT2", "HTMT2"),
            },
        )

    def _separate(self, i: int, j: int) -> Text:
        bound = self.htmt_bound[i, j] if math.isfinite(self.htmt_bound[i, j]) else self.htmt[i, j]
        if HTMT_STRICT.met(float(bound)):
            return Text("different", "可区分")
        if HTMT_LIBERAL.met(float(bound)):
            return Text("different (liberal)", "可区分（宽松）")
        return Text("not shown to differ", "未能区分")

    def _fornell_larcker_table(self) -> Table:
        c = len(self.constructs)
        lower = np.where(np.tri(c, dtype=bool), self.fornell_larcker, np.nan)
        return Table(
            {"construct": self._names(), **{name: lower[:, k] for k, name in enumerate(self.constructs)}},
            title=Text(
                "Fornell-Larcker: correlations, square root of AVE on the diagonal",
                "Fornell-Larcker 准则：相关矩阵，对角线为 AVE 平方根",
            ),
            notes=[
                Text(
                    "A construct is distinct when its diagonal value is larger than its correlations.",
                    "对角线值大于该构念与其他构念的相关时，区分效度成立。",
                )
            ],
            labels={name: self._title(name) for name in self.constructs},
        )

    def _cross_loadings_table(self) -> Table:
        return Table(
            {
                "construct": [self._title(c) for c in self.item_construct],
                "item": self.items,
                **{f"on_{name}": self.cross_loadings[:, k] for k, name in enumerate(self.constructs)},
            },
            title=Text("Cross-loadings", "交叉载荷"),
            notes=[
                Text(
                    "Correlation of each item with the score of each construct; its own should be largest.",
                    "每个题项与各构念得分的相关；最大者应为其所属构念。",
                )
            ],
            labels={f"on_{name}": self._title(name) for name in self.constructs},
        )

    def _fit_table(self) -> Table:
        shown = {
            "srmr": Text("SRMR", "SRMR"),
            "srmr_off_diagonal": Text("SRMR, diagonal left out", "SRMR（不计对角线）"),
            "d_uls": Text("d_ULS", "d_ULS"),
            "d_g": Text("d_G", "d_G"),
        }
        return Table(
            {
                "measure": [*shown.values(), Text("GoF (Tenenhaus)", "GoF（Tenenhaus）")],
                "saturated": [*(self.fit[f"{k}_saturated"] for k in shown), self.fit["gof"]],
                "estimated": [*(self.fit[f"{k}_estimated"] for k in shown), np.nan],
            },
            title=Text("Fit to the correlations of the items", "对题项相关矩阵的拟合"),
            notes=[
                Text(
                    "Saturated: construct correlations as they are; estimated: as the paths imply them. "
                    "PLS does not minimise these distances; GoF does not tell wrong models from right ones.",
                    "饱和模型：构念相关取原值；估计模型：由路径推算。PLS 并不最小化这些距离；"
                    "GoF 不能区分模型对错。",
                )
            ],
            labels={
                "saturated": Text("Saturated model", "饱和模型"),
                "estimated": Text("Estimated model", "估计模型"),
            },
        )

    def _prediction_table(self) -> Table:
        rows = self.predictions
        return Table(
            {
                "construct": [self._title(p.construct) for p in rows],
                "item": [p.item for p in rows],
                "q2": [p.q2 for p in rows],
                "rmse": [p.rmse for p in rows],
                "rmse_linear": [p.rmse_linear for p in rows],
                "mae": [p.mae for p in rows],
                "mae_linear": [p.mae_linear for p in rows],
                "better": [p.rmse < p.rmse_linear for p in rows],
            },
            title=Text("Prediction of unseen respondents (PLSpredict)", "对未见受访者的预测（PLSpredict）"),
            notes=[
                Text(
                    "Ten folds, direct antecedents. Q² above 0: better than the mean. The linear model "
                    "regresses each item on the items of the antecedents.",
                    "十折交叉验证，以直接前因预测。Q² 大于 0 表示优于均值。线性模型以前因的题项回归各题项。",
                )
            ],
            labels={
                "q2": Text("Q² predict", "Q² 预测"),
                "rmse": Text("RMSE, PLS", "RMSE（PLS）"),
                "rmse_linear": Text("RMSE, linear model", "RMSE（线性模型）"),
                "mae": Text("MAE, PLS", "MAE（PLS）"),
                "mae_linear": Text("MAE, linear model", "MAE（线性模型）"),
                "better": Text("PLS better (RMSE)", "PLS 更优（RMSE）"),
            },
        )

    def _predictive_tests_table(self) -> Table:
        rows = self.predictive_tests
        every = Text("all endogenous constructs", "全部内生构念")
        words = {"linear": Text("linear model", "线性模型"), "mean": Text("mean", "均值")}
        return Table(
            {
                "construct": [self._title(t.construct) if t.construct else every for t in rows],
                "benchmark": [words[t.benchmark] for t in rows],
                "difference": [t.difference for t in rows],
                "t": [t.t for t in rows],
                "p": [t.p for t in rows],
            },
            title=Text("Predictive ability test (CVPAT)", "预测能力检验（CVPAT）"),
            notes=[
                Text(
                    "Mean squared error of PLS less that of the benchmark: negative means PLS is better.",
                    "PLS 的均方误差减去基准的均方误差：负值表示 PLS 预测更好。",
                )
            ],
            labels={"benchmark": Text("Against", "对比基准")},
            formats={"p": "p"},
        )

    def _moderation_table(self) -> Table:
        rows = self.moderation
        columns: dict[str, Any] = {
            "cause": [self._title(m.cause) for m in rows],
            "moderator": [self._title(m.moderator) for m in rows],
            "effect": [self._title(m.effect) for m in rows],
            "standardised": [m.standardised for m in rows],
        }
        if self.replicates:
            columns |= {name: [getattr(m, name) for m in rows] for name in ("ci_lower", "ci_upper", "p")}
        columns |= {
            name: [getattr(m, name) for m in rows] for name in ("f2", "slope_low", "slope_mean", "slope_high")
        }
        return Table(
            columns,
            title=Text("Moderated paths", "调节效应"),
            notes=[
                Text(
                    "Two-stage approach: the product of the scores is an item of its own. The last three "
                    "columns are the path from cause to effect with the moderator one standard deviation "
                    "below its mean, at it, and above it.",
                    "两阶段法：得分的乘积作为单独的题项。最后三列为调节变量低于均值一个标准差、处于均值、"
                    "高于均值一个标准差时的路径系数。",
                ),
                *self._intervals_note(),
            ],
            labels={
                **self._ends(),
                "moderator": Text("Moderator", "调节变量"),
                "standardised": Text("Product, standardised", "乘积项（标准化）"),
                "f2": Text("f²", "f²"),
                "slope_low": Text("Path at -1 SD", "-1 SD 时的路径"),
                "slope_mean": Text("Path at the mean", "均值时的路径"),
                "slope_high": Text("Path at +1 SD", "+1 SD 时的路径"),
            },
            formats={"p": "p"} if self.replicates else {},
        )

    def _hypotheses_table(self) -> Table:
        return hypothesis_table(
            self.hypotheses, titles=self.titles, estimate=Text("Standardised path", "标准化路径系数")
        )

    # Charts

    def plots(self) -> dict[str, Plot]:
        """`paths`, `model` with its items, `importance`, `item_importance`, `index`, `htmt`, `loadings`."""
        plots = {"paths": self._diagram(show_items=False), "model": self._diagram(show_items=True)}
        if len(self._importance_rows()) > 1:
            plots["importance"] = self._quadrant_of_constructs()
        if len(self._driving_items()) > 1:
            plots["item_importance"] = self._quadrant_of_items()
        if np.isfinite(self.index).any():
            plots["index"] = self._index_dots()
        if len(self.constructs) > 1:
            plots["htmt"] = self._htmt_dots()
        plots["loadings"] = self._heat_map()
        return plots

    def _diagram(self, *, show_items: bool) -> Plot:
        arrows = {(p.cause, p.effect): (p.estimate, p.p) for p in self.paths}
        places = list(zip(self.item_construct, self.items, strict=True))
        measured = {c: [i for owner, i in places if owner == c] for c in self.constructs}
        loadings = {place: float(v) for place, v in zip(places, self.loadings, strict=True)}
        r2 = {c: float(v) for c, v in zip(self.constructs, self.r2, strict=True) if math.isfinite(v)}

        def draw(ax: Axes, language: Language) -> None:
            from csat.display.paths import path_diagram

            path_diagram(
                ax,
                constructs=self.constructs,
                items=measured,
                loadings=loadings,
                paths=arrows,
                r2=r2,
                show_items=show_items,
                labels={c: self._title(c).say(language) for c in self.constructs},
                language=language,
            )

        said = joined(
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
            title=Text("The PLS model with its items", "PLS 模型与题项")
            if show_items
            else Text("Paths between constructs (PLS)", "构念间路径（PLS）"),
            description=Text("Path diagram, standardised. {paths}.", "路径图，标准化估计值。{paths}。").fill(
                paths=said
            ),
            size=(9.0, 6.0),
        )

    def _quadrant_of_constructs(self) -> Plot:
        rows = self._importance_rows()
        at = [self.constructs.index(e.cause) for e in rows]
        names = [self._title(e.cause) for e in rows]
        return self._quadrant(
            self.index[at],
            np.array([e.points for e in rows]),
            names,
            Text("Importance and performance of constructs", "构念的重要性与表现"),
        )

    def _quadrant_of_items(self) -> Plot:
        at = self._driving_items()
        return self._quadrant(
            self.item_performance[at],
            self.item_importance[at],
            [self._title(self.items[i]) for i in at],
            Text("Importance and performance of items", "题项的重要性与表现"),
        )

    def _quadrant(
        self,
        performance: Array,
        importance: Array,
        names: Sequence[Text],
        title: Text,
    ) -> Plot:
        centre_x, centre_y = float(performance.mean()), float(importance.mean())
        what = self._title(self.target)

        def draw(ax: Axes, language: Language) -> None:
            from csat.display.quadrant import quadrant

            quadrant(
                ax,
                performance,
                importance,
                [n.say(language) for n in names],
                centre_x=centre_x,
                centre_y=centre_y,
                quadrant_names=[q.say(language) for q in QUADRANT_WORDS],
                xlabel=Text("Performance, 0-100", "表现（0–100）").say(language),
                ylabel=Text("Total effect on {t}, points per point", "对{t}的总效应（分/分）")
                .fill(t=what)
                .say(language),
            )

        first = [
            n
            for n, x, y in zip(names, performance, importance, strict=True)
            if x < centre_x and y >= centre_y
        ]
        return Plot(
            draw,
            title=title,
            description=Text(
                "Performance to the right, importance for {target} upwards, crosshair at the means. "
                "Important and weak: {first}.",
                "横轴为表现，纵轴为对{target}的重要性，十字线位于均值。重要而表现偏低的有：{first}。",
            ).fill(target=what, first=joined(first) if first else Text("none", "无")),
            size=(6.8, 5.6),
        )

    def _index_dots(self) -> Plot:
        shown = [k for k, v in enumerate(self.index) if math.isfinite(v)]
        known = bool(np.isfinite(self.index_lower[shown]).all())

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.dots(
                ax,
                [self._title(self.constructs[k]).say(language) for k in shown],
                self.index[shown],
                lower=self.index_lower[shown] if known else None,
                upper=self.index_upper[shown] if known else None,
                xlabel=INDEX_POINTS.say(language),
                kind="score",
            )

        return Plot(
            draw,
            title=Text("Index of each construct (PLS)", "各构念指数（PLS）"),
            description=Text(
                "One dot a construct, its index from 0 to 100 with its interval. Lowest: {low}.",
                "每个构念一个点，表示 0–100 的指数及其区间。最低：{low}。",
            ).fill(low=self._title(self.constructs[min(shown, key=lambda k: self.index[k])])),
            size=(6.8, max(2.0, 0.34 * len(shown) + 1.0)),
        )

    def _htmt_dots(self) -> Plot:
        one = self._sizes() == 1
        pairs = [(i, j) for i, j in self._pairs() if not one[i] and not one[j]]
        pairs.sort(key=lambda p: -self.htmt[p])
        known = bool(np.isfinite(self.htmt_lower).all()) and bool(pairs)
        values = np.array([self.htmt[p] for p in pairs])

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            dash = Text(" – ", "—").say(language)
            charts.dots(
                ax,
                [dash.join(self._title(self.constructs[k]).say(language) for k in (j, i)) for i, j in pairs],
                values,
                lower=np.array([self.htmt_lower[p] for p in pairs]) if known else None,
                upper=np.array([self.htmt_upper[p] for p in pairs]) if known else None,
                reference=HTMT_LIBERAL.value,
                reference_label=f"{HTMT_LIBERAL.value:.2f}",
                xlabel="HTMT",
            )

        return Plot(
            draw,
            title=Text("Are the constructs different? HTMT", "构念之间可区分吗？HTMT"),
            description=Text(
                "One dot a pair of constructs with its interval; the line is the guideline of {g}.",
                "每对构念一个点，横线为置信区间，虚线为参考标准 {g}。",
            ).fill(g=f"{HTMT_LIBERAL.value:.2f}"),
            size=(6.8, max(2.0, 0.3 * len(pairs) + 1.0)),
        )

    def _heat_map(self) -> Plot:
        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.heat_map(
                ax,
                self.cross_loadings,
                row_labels=list(self.items),
                column_labels=[self._title(c).say(language) for c in self.constructs],
            )

        return Plot(
            draw,
            title=Text("Loadings and cross-loadings", "载荷与交叉载荷"),
            description=Text(
                "Correlation of each item (row) with the score of each construct (column).",
                "每个题项（行）与各构念得分（列）的相关。",
            ),
        )

    # Words

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
                    t=self._title(self.target),
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
                    r2=f"{self.r2[k]:.0%}", t=self._title(self.target)
                )
            )
        rows = sorted(self._importance_rows(), key=lambda e: -e.points)
        if rows:
            said.append(
                Text(
                    "One point more in {c} goes with {v} points more in {t}: the largest effect.",
                    "{c}每提高 1 分，{t}提高 {v} 分：影响最大。",
                ).fill(c=self._title(rows[0].cause), v=f"{rows[0].points:.2f}", t=self._title(self.target))
            )
        return tuple(said)

    def _method(self) -> Text:
        modes = "A" if set(self.modes) == {"A"} else "A/B" if len(set(self.modes)) > 1 else "B"
        said = Text(
            "PLS{c}, {scheme}, mode {modes}, {r} correlations; the loadings of a construct sum to a positive "
            "number.",
            "PLS{c}，{scheme}，模式 {modes}，{r}相关；每个构念的载荷之和取正。",
        )
        return said.fill(
            c=Text(", corrected for unreliability (PLSc)", "，已校正不可靠性（PLSc）")
            if self.consistent
            else Text("", ""),
            scheme=SCHEME_WORDS[self.scheme],
            modes=modes,
            r=Text("polychoric", "多分格")
            if self.correlation == "polychoric"
            else Text("Pearson", "Pearson "),
        )

    def _intervals_note(self) -> list[Text]:
        if not self.replicates:
            return []
        lost = (
            Text(f", {self.lost} without a solution left out", f"，剔除无解的 {self.lost} 次")
            if self.lost
            else Text("", "")
        )
        return [
            Text(
                "Intervals: {level}, {method} of {n} bootstrap replicates, seed {seed}{lost}.",
                "置信区间：{level}，{n} 次自助抽样（{method}），随机种子 {seed}{lost}。",
            ).fill(
                level=f"{100 * self.confidence:g}%",
                method=Text(self.interval, {"percentile": "百分位法"}.get(self.interval, self.interval)),
                n=self.replicates,
                seed=self.seed,
                lost=lost,
            )
        ]

    def _ends(self) -> dict[str, Text]:
        level = f"{100 * self.confidence:g}%"
        return {
            "ci_lower": Text(f"{level} CI, lower", f"{level} 置信下限"),
            "ci_upper": Text(f"{level} CI, upper", f"{level} 置信上限"),
        }

    def _uncertainty(self, rows: Sequence[PathEstimate], names: Sequence[str]) -> dict[str, list[float]]:
        if not self.replicates:
            return {}
        return {name: [float(getattr(r, name)) for r in rows] for name in names}

    def _wording(self, items: Sequence[str]) -> dict[str, list[Text]]:
        words = [self._title(i) for i in items]
        same = all(w == Text(i) for w, i in zip(words, items, strict=True))
        return {} if same else {"wording": words}

    def _driving_items(self) -> list[int]:
        return [
            i
            for i, (c, v) in enumerate(zip(self.item_construct, self.item_importance, strict=True))
            if c != self.target and math.isfinite(v) and v != 0
        ]

    def _sizes(self) -> NDArray[np.int64]:
        return np.array([self.item_construct.count(c) for c in self.constructs])

    def _names(self) -> list[Text]:
        return [self._title(c) for c in self.constructs]

    def _title(self, name: str) -> Text:
        return self.titles.get(name) or Text(name)


LOADING = Text("Loading", "载荷")
F2_NOTE = Text(
    "f²: R² lost without the cause over 1 - R², with the scores kept, and with the model estimated again. "
    ".02 small, .15 medium, .35 large (Cohen 1988).",
    "f²：去掉该前因后损失的 R² 除以 1 - R²，分别为得分不变和重新估计模型两种口径。"
    "0.02 小，0.15 中，0.35 大（Cohen 1988）。",
)
