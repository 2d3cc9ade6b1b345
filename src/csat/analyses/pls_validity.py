"""Tables that test a PLS path model: discriminant validity, fit, prediction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import HTMT_LIBERAL, HTMT_STRICT
from csat.analyses.pls_notes import end_labels, intervals_note
from csat.display.table import Table
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.path_model_pls import PathModelPLS

Array = NDArray[np.float64]


def validity_table(result: PathModelPLS) -> Table:
    """HTMT of each pair of constructs."""
    pairs = result.pairs()
    known = not np.isnan(result.htmt_bound).all()

    def of(matrix: Array) -> list[float]:
        return [float(matrix[i, j]) for i, j in pairs]

    columns: dict[str, Any] = {
        "construct_a": [result.title_of(result.constructs[j]) for _, j in pairs],
        "construct_b": [result.title_of(result.constructs[i]) for i, _ in pairs],
        "correlation": of(result.construct_correlation),
        "htmt": of(result.htmt),
    }
    if known:
        columns |= {
            "ci_lower": of(result.htmt_lower),
            "ci_upper": of(result.htmt_upper),
            "htmt_bound": of(result.htmt_bound),
        }
    columns["htmt2"] = of(result.htmt2)
    if known:
        columns["htmt2_bound"] = of(result.htmt2_bound)
    columns["verdict"] = [_separate(result, i, j) if result.comparable(i, j) else Text("") for i, j in pairs]
    level = f"{100 * result.confidence:g}%"
    return Table(
        columns,
        title=Text("Are the constructs different? HTMT", "构念之间可区分吗？HTMT"),
        notes=[
            Text(
                "HTMT: arithmetic means of absolute correlations; HTMT2: geometric means. Guideline: "
                "{strict} (strict) or {liberal}, {source}; the verdict holds the upper end of the "
                "one-sided {level} interval against them. A construct of one item counts as measured "
                "without error; it, one of mode B, and "
                "two that share items get no verdict.",
                "HTMT：相关绝对值的算术平均；HTMT2：几何平均。参考标准：{strict}（严格）或 {liberal}，"
                "{source}；以单侧 {level} 区间上限判断。单题构念视为无测量误差；"
                "单题构念、模式 B 构念以及共用题项的构念不作判断。",
            ).fill(strict=HTMT_STRICT, liberal=HTMT_LIBERAL, source=HTMT_STRICT.source, level=level),
            *intervals_note(result),
        ],
        labels={
            **end_labels(result),
            "htmt_bound": Text(f"One-sided {level} upper end", f"单侧 {level} 上限"),
            "htmt2": Text("HTMT2", "HTMT2"),
            "htmt2_bound": Text(f"HTMT2, one-sided {level} upper end", f"HTMT2 单侧 {level} 上限"),
        },
    )


def _separate(result: PathModelPLS, i: int, j: int) -> Text:
    bound = result.htmt_bound[i, j] if math.isfinite(result.htmt_bound[i, j]) else result.htmt[i, j]
    if HTMT_STRICT.met(float(bound)):
        return Text("different", "可区分")
    if HTMT_LIBERAL.met(float(bound)):
        return Text("different (liberal)", "可区分（宽松）")
    return Text("not shown to differ", "未能区分")


def fornell_larcker_table(result: PathModelPLS) -> Table:
    """Correlations of the constructs beside what they share with their items."""
    c = len(result.constructs)
    lower = np.where(np.tri(c, dtype=bool), result.fornell_larcker, np.nan)
    return Table(
        {
            "construct": result.titles_of_constructs(),
            **{name: lower[:, k] for k, name in enumerate(result.constructs)},
        },
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
        labels={name: result.title_of(name) for name in result.constructs},
    )


def cross_loadings_table(result: PathModelPLS) -> Table:
    """Each item with each construct."""
    return Table(
        {
            "construct": [result.title_of(c) for c in result.item_construct],
            "item": result.items,
            **{f"on_{name}": result.cross_loadings[:, k] for k, name in enumerate(result.constructs)},
        },
        title=Text("Cross-loadings", "交叉载荷"),
        notes=[
            Text(
                "Correlation of each item with the score of each construct; its own should be largest.",
                "每个题项与各构念得分的相关；最大者应为其所属构念。",
            )
        ],
        labels={f"on_{name}": result.title_of(name) for name in result.constructs},
    )


def fit_table(result: PathModelPLS) -> Table:
    """Distances from the correlations of the items."""
    shown = {
        "srmr": Text("SRMR", "SRMR"),
        "srmr_off_diagonal": Text("SRMR, diagonal left out", "SRMR（不计对角线）"),
        "d_uls": Text("d_ULS", "d_ULS"),
        "d_g": Text("d_G", "d_G"),
    }
    return Table(
        {
            "measure": [*shown.values(), Text("GoF (Tenenhaus)", "GoF（Tenenhaus）")],
            "saturated": [*(result.fit[f"{k}_saturated"] for k in shown), result.fit["gof"]],
            "estimated": [*(result.fit[f"{k}_estimated"] for k in shown), np.nan],
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


def prediction_table(result: PathModelPLS) -> Table:
    """Errors for unseen respondents, beside a linear model."""
    rows = result.predictions
    return Table(
        {
            "construct": [result.title_of(p.construct) for p in rows],
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


def predictive_tests_table(result: PathModelPLS) -> Table:
    """CVPAT."""
    rows = result.predictive_tests
    every = Text("all endogenous constructs", "全部内生构念")
    words = {"linear": Text("linear model", "线性模型"), "mean": Text("mean", "均值")}
    return Table(
        {
            "construct": [result.title_of(t.construct) if t.construct else every for t in rows],
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
