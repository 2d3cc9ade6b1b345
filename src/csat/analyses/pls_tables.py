"""Tables of a PLS path model: paths, measurement, indices, importance, effects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import AVE_CONVERGENT, CR_ACCEPTABLE, LOADING_PLS, VIF_HIGH
from csat.analyses.hypotheses import hypothesis_table
from csat.analyses.pls_estimates import PathEstimate
from csat.analyses.pls_notes import end_labels, intervals_note, method_note
from csat.display.table import Table
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.path_model_pls import PathModelPLS

Array = NDArray[np.float64]

LOADING = Text("Loading", "载荷")
F2_NOTE = Text(
    "f²: R² lost without the cause over 1 - R², with the scores kept, and with the model estimated again. "
    ".02 small, .15 medium, .35 large (Cohen 1988).",
    "f²：去掉该前因后损失的 R² 除以 1 - R²，分别为得分不变和重新估计模型两种口径。"
    "0.02 小，0.15 中，0.35 大（Cohen 1988）。",
)


def paths_table(result: PathModelPLS) -> Table:
    """Each path with its interval and effect size."""
    rows = result.paths
    return Table(
        {
            "cause": [result.title_of(p.cause) for p in rows],
            "effect": [result.title_of(p.effect) for p in rows],
            "estimate": [p.estimate for p in rows],
            **_uncertainty(result, rows, ("se", "ci_lower", "ci_upper", "p")),
            "f2": [p.f2 for p in rows],
            "f2_reestimated": [p.f2_reestimated for p in rows],
            "vif": [p.vif for p in rows],
        },
        title=Text("Paths between constructs, standardised", "构念间路径（标准化）"),
        notes=[method_note(result), *intervals_note(result), F2_NOTE],
        labels={
            **end_labels(result),
            "f2": Text("f² (scores kept)", "f²（得分不变）"),
            "f2_reestimated": Text("f² (estimated again)", "f²（重新估计）"),
        },
        formats={"p": "p"} if result.replicates else {},
    )


def constructs_table(result: PathModelPLS) -> Table:
    """Explained variance and reliability."""
    said, at = result.reflective(), result.measured()

    def several(values: Array) -> Array:
        return np.where(said, values, np.nan)[at]

    return Table(
        {
            "construct": [result.title_of(result.constructs[k]) for k in at],
            "n_items": result.sizes()[at],
            "mode": [result.modes[k] for k in at],
            "r2": result.r2[at],
            "r2_adjusted": result.r2_adjusted[at],
            "alpha": several(result.alpha),
            "rho_a": several(result.rho_a),
            "composite_reliability": several(result.rho_c),
            "ave": several(result.ave),
        },
        title=Text("Constructs: explained variance and reliability", "各构念：解释方差与信度"),
        notes=[
            Text(
                "Alpha is standardised; rho A after Dijkstra and Henseler; composite reliability (rho C) "
                "and AVE from the loadings{corrected}. Guidelines: composite reliability {cr}, AVE "
                "{ave}. Nothing is said of a construct of one item or with mode B weights, whose "
                "items make it up and need not agree.",
                "α 为标准化系数；ρA 依 Dijkstra 与 Henseler；组合信度（ρC）与 AVE 由{corrected}载荷计算。"
                "参考标准：组合信度 {cr}，AVE {ave}。单题构念以及模式 B 构念"
                "（题项构成构念，不必一致）不作评价。",
            ).fill(
                corrected=Text(", corrected", "校正后的") if result.consistent else Text("", ""),
                cr=CR_ACCEPTABLE,
                ave=AVE_CONVERGENT,
            )
        ],
        labels={"mode": Text("Mode", "模式"), "rho_a": Text("Rho A", "ρA")},
    )


def items_table(result: PathModelPLS) -> Table:
    """Loadings and weights."""
    known = not np.isnan(result.weight_se).all()
    kept = {result.constructs[k] for k in result.measured()}
    at = [i for i, c in enumerate(result.item_construct) if c in kept]
    items = [result.items[i] for i in at]
    columns: dict[str, Any] = {
        "construct": [result.title_of(result.item_construct[i]) for i in at],
        "item": items,
        **_wording(result, items),
        "loading": result.loadings[at],
    }
    if known:
        columns |= {"loading_lower": result.loading_lower[at], "loading_upper": result.loading_upper[at]}
    columns["outer_weight"] = result.weights[at]
    if known:
        columns |= {"weight_lower": result.weight_lower[at], "weight_upper": result.weight_upper[at]}
    columns |= {"index_weight": result.index_weights[at], "vif": result.item_vif[at]}
    level = f"{100 * result.confidence:g}%"
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
            "loading": Text("Loading, corrected", "载荷（校正）") if result.consistent else LOADING,
            "loading_lower": Text(f"Loading, {level} lower", f"载荷 {level} 下限"),
            "loading_upper": Text(f"Loading, {level} upper", f"载荷 {level} 上限"),
            "outer_weight": Text("Weight", "权重"),
            "weight_lower": Text(f"Weight, {level} lower", f"权重 {level} 下限"),
            "weight_upper": Text(f"Weight, {level} upper", f"权重 {level} 上限"),
            "index_weight": Text("Weight in the index", "指数权重"),
        },
    )


def index_table(result: PathModelPLS) -> Table:
    """The index of each construct."""
    at = result.measured()
    columns: dict[str, Any] = {
        "construct": [result.title_of(result.constructs[k]) for k in at],
        "index": result.index[at],
    }
    if not np.isnan(result.index_se).all():
        columns |= {
            "ci_lower": result.index_lower[at],
            "ci_upper": result.index_upper[at],
            "se": result.index_se[at],
        }
    columns |= {"se_fixed": result.index_se_fixed[at], "sd": result.index_sd[at]}
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
            *intervals_note(result),
        ],
        labels={**end_labels(result), "se_fixed": Text("SE, weights known", "标准误（权重已知）")},
        formats={
            c: "score" for c in ("index", "ci_lower", "ci_upper", "se", "se_fixed", "sd") if c in columns
        },
    )


def importance_table(result: PathModelPLS) -> Table:
    """What moves the target, and how well it does."""
    rows = result.importance_rows()
    at = [result.constructs.index(e.cause) for e in rows]
    known = any(math.isfinite(e.points_se) for e in rows)
    columns: dict[str, Any] = {
        "construct": [result.title_of(e.cause) for e in rows],
        "importance": [e.points for e in rows],
    }
    if known:
        columns |= {
            "ci_lower": [e.points_ci_lower for e in rows],
            "ci_upper": [e.points_ci_upper for e in rows],
        }
    columns |= {"standardised": [e.total for e in rows], "performance": result.index[at]}
    return Table(
        columns,
        title=Text("Importance for {target} and performance", "对{target}的重要性与表现").fill(
            target=result.title_of(result.target)
        ),
        notes=[
            Text(
                "Importance: points of the index of {target} per point of a construct's index, direct "
                "and indirect (total effect). Not a proof of cause.",
                "重要性：某构念指数每提高 1 分，{target}指数的变化（总效应，含直接与间接）。不等于因果证明。",
            ).fill(target=result.title_of(result.target)),
            *intervals_note(result),
        ],
        labels={
            **end_labels(result),
            "standardised": Text("Total effect, standardised", "总效应（标准化）"),
        },
        formats={"performance": "score"},
    )


def item_importance_table(result: PathModelPLS) -> Table:
    """The same of the items."""
    at = result.driving_items()
    return Table(
        {
            "construct": [result.title_of(result.item_construct[i]) for i in at],
            "item": [result.items[i] for i in at],
            **_wording(result, [result.items[i] for i in at]),
            "importance": result.item_importance[at],
            "performance": result.item_performance[at],
        },
        title=Text("Items: importance for {target} and performance", "题项：对{target}的重要性与表现").fill(
            target=result.title_of(result.target)
        ),
        notes=[
            Text(
                "Importance: weight in the index times the construct's total effect.",
                "重要性：指数权重乘以所属构念的总效应。",
            )
        ],
        formats={"performance": "score"},
    )


def effects_table(result: PathModelPLS) -> Table:
    """Direct, indirect and total effects."""
    rows = result.effects
    known = any(math.isfinite(e.total_se) for e in rows)
    columns: dict[str, Any] = {
        "cause": [result.title_of(e.cause) for e in rows],
        "effect": [result.title_of(e.effect) for e in rows],
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
    level = f"{100 * result.confidence:g}%"
    return Table(
        columns,
        title=Text("Direct, indirect and total effects, standardised", "直接、间接与总效应（标准化）"),
        notes=intervals_note(result),
        labels={
            "indirect_lower": Text(f"Indirect, {level} lower", f"间接效应 {level} 下限"),
            "indirect_upper": Text(f"Indirect, {level} upper", f"间接效应 {level} 上限"),
            "total_lower": Text(f"Total, {level} lower", f"总效应 {level} 下限"),
            "total_upper": Text(f"Total, {level} upper", f"总效应 {level} 上限"),
        },
    )


def moderation_table(result: PathModelPLS) -> Table:
    """Paths that depend on a third construct."""
    rows = result.moderation
    columns: dict[str, Any] = {
        "cause": [result.title_of(m.cause) for m in rows],
        "moderator": [result.title_of(m.moderator) for m in rows],
        "effect": [result.title_of(m.effect) for m in rows],
        "standardised": [m.standardised for m in rows],
    }
    if result.replicates:
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
            *intervals_note(result),
        ],
        labels={
            **end_labels(result),
            "moderator": Text("Moderator", "调节变量"),
            "standardised": Text("Product, standardised", "乘积项（标准化）"),
            "f2": Text("f²", "f²"),
            "slope_low": Text("Path at -1 SD", "-1 SD 时的路径"),
            "slope_mean": Text("Path at the mean", "均值时的路径"),
            "slope_high": Text("Path at +1 SD", "+1 SD 时的路径"),
        },
        formats={"p": "p"} if result.replicates else {},
    )


def hypotheses_table(result: PathModelPLS) -> Table:
    """The declared hypotheses, judged."""
    return hypothesis_table(
        result.hypotheses, titles=result.titles, estimate=Text("Standardised path", "标准化路径系数")
    )


def _uncertainty(
    result: PathModelPLS, rows: Sequence[PathEstimate], names: Sequence[str]
) -> dict[str, list[float]]:
    if not result.replicates:
        return {}
    return {name: [float(getattr(r, name)) for r in rows] for name in names}


def _wording(result: PathModelPLS, items: Sequence[str]) -> dict[str, list[Text]]:
    words = [result.title_of(i) for i in items]
    same = all(w == Text(i) for w, i in zip(words, items, strict=True))
    return {} if same else {"wording": words}
