"""The tables of a regression on drivers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from csat.analyses.drivers_words import CHECK_WORDS, ERROR_WORDS, SCORE_WORDS, short, stars
from csat.analyses.hypotheses import hypothesis_table
from csat.display.table import Table
from csat.language import Text
from csat.numerics import intervals

if TYPE_CHECKING:
    from csat.analyses.drivers_result import Drivers


def tables_of(d: Drivers) -> dict[str, Table]:
    """`importance`, `coefficients`, `model`, `anova`, `correlations`, `checks`, declared `hypotheses`."""
    tables = {
        "importance": _importance(d),
        "coefficients": _coefficients(d),
        "model": _model(d),
        "anova": _anova(d),
        "correlations": _correlations(d),
        "checks": _checks(d),
    }
    if d.hypotheses:
        tables["hypotheses"] = hypothesis_table(
            d.hypotheses, titles=d.titles, estimate=Text("Coefficient b", "回归系数 b")
        )
    return tables


def _importance(d: Drivers) -> Table:
    how = (
        Text("exact, from all subsets of drivers", "穷举全部驱动因素子集的精确值")
        if not d.lmg_orderings
        else Text(
            f"mean of {d.lmg_orderings} sampled orderings, Monte-Carlo error at most {d.lmg_se.max():.4f}",
            f"{d.lmg_orderings} 次随机排序的均值，蒙特卡罗误差不超过 {d.lmg_se.max():.4f}",
        )
    )
    return Table(
        {
            "driver": d.driver_titles,
            "r": d.r,
            "beta": d.beta,
            "lmg": d.lmg,
            "lmg_share": d.lmg_share,
            "relative_weight": d.relative_weight,
            "relative_weight_share": d.relative_weight_share,
        },
        title=Text("Importance of each driver", "各驱动因素的重要性"),
        notes=[
            Text("LMG shares: {how}.", "LMG 贡献：{how}。").fill(how=how),
            Text(
                "LMG shares and relative weights each sum to R2 ({r2}); derived importance is not "
                "proof of cause.",
                "LMG 贡献与相对权重各自之和等于 R²（{r2}）；推导的重要性并不等于因果证明。",
            ).fill(r2=short(d.r2)),
        ],
        labels={
            "lmg_share": Text("LMG, share of R²", "LMG 占 R² 比例"),
            "relative_weight_share": Text("Relative weight, share of R²", "相对权重占 R² 比例"),
        },
        formats={"lmg_share": "share", "relative_weight_share": "share"},
    )


def _coefficients(d: Drivers) -> Table:
    nan = [math.nan]
    return Table(
        {
            "term": [Text("(constant)", "（常数项）"), *d.driver_titles],
            "estimate": d.coefficients,
            "se": d.se,
            "t": d.t,
            "p": d.p,
            "ci_lower": d.ci_lower,
            "ci_upper": d.ci_upper,
            "beta": np.concatenate([nan, d.beta]),
            "vif": np.concatenate([nan, d.vif]),
        },
        title=Text("Regression coefficients", "回归系数"),
        notes=[
            d.equation(),
            Text("Drivers: {scores}; {errors}.", "自变量：{scores}；{errors}。").fill(
                scores=SCORE_WORDS[d.scores], errors=ERROR_WORDS[d.covariance_type]
            ),
        ],
        formats={"p": "p"},
    )


def _model(d: Drivers) -> Table:
    return Table(
        {
            "statistic": ["R", "R²", Text("Adjusted R²", "调整后 R²"), Text("Residual SD", "残差标准差")],
            "value": [
                d.multiple_r,
                d.r2,
                d.adjusted_r2,
                math.sqrt(d.mean_square_residual),
            ],
        },
        title=Text("Fit of the regression", "回归拟合"),
    )


def _anova(d: Drivers) -> Table:
    total = d.ss_model + d.ss_residual
    return Table(
        {
            "source": [Text("Regression", "回归"), Text("Residual", "残差"), Text("Total", "合计")],
            "sum_of_squares": [d.ss_model, d.ss_residual, total],
            "df": [d.df1, d.df2, d.df1 + d.df2],
            "mean_square": [d.ss_model / d.df1, d.mean_square_residual, math.nan],
            "f": [d.f, math.nan, math.nan],
            "p": [d.f_p, math.nan, math.nan],
        },
        title=Text("Analysis of variance", "方差分析"),
        notes=[
            Text(
                "The F test says that the drivers together explain something; it supports no single "
                "hypothesis.",
                "F 检验只说明全部驱动因素合起来有解释力，不能用来支持任何单个假设。",
            )
        ],
        formats={"p": "p"},
    )


def _correlations(d: Drivers) -> Table:
    names = [*d.driver_titles, d.title_of(d.outcome)]
    rows, columns = np.tril_indices(len(names), -1)
    r = d.correlations[rows, columns]
    lower, upper = intervals.correlation_interval(r, d.correlation_n, confidence=d.confidence)
    p = intervals.correlation_p(r, d.correlation_n)
    return Table(
        {
            "item_a": [names[i] for i in columns],
            "item_b": [names[i] for i in rows],
            "r": r,
            "ci_lower": lower,
            "ci_upper": upper,
            "p": p,
            "stars": [stars(v) for v in p],
        },
        title=Text("Correlations", "相关系数"),
        notes=[
            Text(
                "Intervals by Fisher's z; * p < .05, ** p < .01, *** p < .001.",
                "区间按 Fisher z 变换计算；* p < .05，** p < .01，*** p < .001。",
            )
        ],
        labels={
            "item_a": Text("Between", "变量甲"),
            "item_b": Text("and", "变量乙"),
            "stars": Text("Significance", "显著性"),
        },
        formats={"p": "p"},
    )


def _checks(d: Drivers) -> Table:
    return Table(
        {
            "check": [CHECK_WORDS[c.name] for c in d.checks],
            "value": [c.statistic for c in d.checks],
            "p": [c.p for c in d.checks],
            "verdict": [c.finding for c in d.checks],
        },
        title=Text("Checks of the residuals", "残差检查"),
        formats={"p": "p"},
    )
