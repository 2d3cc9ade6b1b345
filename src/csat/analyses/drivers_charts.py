"""The charts of a regression on drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from csat.display.plot import Plot
from csat.language import Language, Text
from csat.numerics import intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from csat.analyses.drivers_result import Drivers


def plots_of(d: Drivers) -> dict[str, Plot]:
    """`shares`, `coefficients`, `residuals`, `normality`."""
    return {
        "shares": _plot_shares(d),
        "coefficients": _plot_coefficients(d),
        "residuals": _plot_residuals(d),
        "normality": _plot_normality(d),
    }


def _plot_shares(d: Drivers) -> Plot:
    order = np.argsort(-d.lmg, kind="stable")
    share = d.lmg_share[order]
    titles = [d.title_of(d.drivers[i]) for i in order]

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.bars(
            ax,
            [t.say(language) for t in titles],
            share,
            xlabel=Text("share of explained variance (LMG)", "占已解释变异的比例 (LMG)").say(language),
            kind="share",
        )

    best = titles[0]
    return Plot(
        draw,
        title=Text("What accounts for {outcome}", "什么影响{outcome}").fill(outcome=d.title_of(d.outcome)),
        description=Text(
            "Bars: share of the explained variance by driver; the largest is {name} with {share}%.",
            "条形图：各驱动因素占已解释变异的比例；最大的是{name}，占 {share}%。",
        ).fill(name=best, share=f"{100 * share[0]:.0f}"),
        size=(6.8, 1.4 + 0.34 * len(titles)),
    )


def _plot_coefficients(d: Drivers) -> Plot:
    # on the standardised scale, so that drivers of different units can stand beside each other
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(d.coefficients[1:] != 0, d.beta / d.coefficients[1:], 0.0)
    lower, upper = d.ci_lower[1:] * scale, d.ci_upper[1:] * scale

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.dots(
            ax,
            [t.say(language) for t in d.driver_titles],
            d.beta,
            lower=lower,
            upper=upper,
            reference=0.0,
            xlabel=Text("standardised coefficient, 95% interval", "标准化系数及 95% 区间").say(language)
            if d.confidence == 0.95
            else Text("standardised coefficient with interval", "标准化系数及区间").say(language),
        )

    return Plot(
        draw,
        title=Text("Effect of each driver beside the others", "各驱动因素的独立影响"),
        description=Text(
            "Dots with intervals: standardised coefficients; an interval that crosses zero shows no "
            "effect of its own.",
            "点与区间：标准化回归系数；区间跨过零表示没有显示出独立影响。",
        ),
        size=(6.8, 1.4 + 0.34 * len(d.drivers)),
    )


def _plot_residuals(d: Drivers) -> Plot:
    z = intervals.normal_quantile(d.confidence)
    half = z * d.binned_residual_se

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.lines(
            ax,
            d.binned_fitted.tolist(),
            [d.binned_residual],
            series_labels=[Text("mean residual", "平均残差").say(language)],
            lower=[d.binned_residual - half],
            upper=[d.binned_residual + half],
            xlabel=Text("fitted value", "拟合值").say(language),
            ylabel=Text("mean residual", "平均残差").say(language),
        )

    return Plot(
        draw,
        title=Text("Residuals along the fitted values", "残差与拟合值"),
        description=Text(
            "Mean residual in groups of respondents of equal size; a bend means that the effect is "
            "not a straight line.",
            "将受访者按拟合值等分成组后各组的平均残差；曲线弯曲说明影响不是直线关系。",
        ),
    )


def _plot_normality(d: Drivers) -> Plot:
    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.lines(
            ax,
            d.normal_quantiles.tolist(),
            [d.residual_quantiles, d.normal_quantiles],
            series_labels=[
                Text("residuals", "残差").say(language),
                Text("normal", "正态").say(language),
            ],
            xlabel=Text("normal quantile", "正态分位数").say(language),
            ylabel=Text("quantile of the standardised residual", "标准化残差分位数").say(language),
        )

    return Plot(
        draw,
        title=Text("Are the residuals normal?", "残差是否正态？"),
        description=Text(
            "Quantiles of the standardised residuals against those of the normal distribution.",
            "标准化残差的分位数与正态分布分位数的对照。",
        ),
    )
