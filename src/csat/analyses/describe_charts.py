"""Charts of the answers: the share of each answer, means with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from csat.analyses.choices import choices_plots
from csat.analyses.describe_scales import by_scale, category_label, on_0_100
from csat.display.plot import Plot
from csat.instrument.instrument import Scale
from csat.language import Language, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from csat.analyses.describe_result import Description


def plots_of(result: Description) -> dict[str, Plot]:
    """`answers` (diverging bars, one chart for each scale), `means`, then `choices_1` and so on."""
    plots: dict[str, Plot] = {}
    for scale, at in by_scale(result.scales, result.categories):
        plots["answers" if not plots else f"answers_{scale.minimum}_{scale.maximum}"] = _bars(
            result, scale, at
        )
    return {**plots, "means": _means(result), **choices_plots(result.choices)}


def _bars(result: Description, scale: Scale, at: list[int]) -> Plot:
    values = result.categories[at[0]]
    # words of the category as most items of the scale have it; the others are marked
    around = 2 * sum(result.items[i] in result.turned for i in at) > len(at)
    labels = [category_label(scale, int(v), around) or Text(f"{v:g}") for v in values]
    names = [
        result.title_of(i)
        if (result.items[i] in result.turned) == around
        else Text("{item} (turned)", "{item}（反向）").fill(item=result.title_of(i))
        for i in at
    ]
    shares = np.nan_to_num(np.array([result.shares[i] for i in at]))
    middle = (values.size - 1) / 2
    n = [int(result.n_answered[i]) for i in at]

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.diverging_bars(
            ax,
            [name.say(language) for name in names],
            shares,
            part_labels=[
                t.say(language) if t.en == f"{v:g}" else f"{v:g} {t.say(language)}"
                for t, v in zip(labels, values, strict=True)
            ],
            midpoint=middle,
            n=n,
        )

    worst, best = (min(at, key=lambda i: result.score[i]), max(at, key=lambda i: result.score[i]))
    return Plot(
        draw=draw,
        title=Text(
            f"Answers on the {scale.minimum}-{scale.maximum} scale",
            f"回答分布（{scale.minimum}–{scale.maximum} 分量表）",
        ),
        description=Text(
            "Diverging stacked bars: the share of each answer, item by item. "
            "Highest mean: {best}; lowest: {worst}.",
            "发散堆叠条形图：各题项每个选项的占比。均值最高：{best}；最低：{worst}。",
        ).fill(best=result.title_of(best), worst=result.title_of(worst)),
        size=(7.4, max(2.4, 0.36 * len(at) + 1.4)),
    )


def _means(result: Description) -> Plot:
    scales = {(s.minimum, s.maximum) for s in result.scales if s is not None}
    rescaled = len(scales) > 1 and all(s is not None for s in result.scales)
    centre, lower, upper = result.mean, result.ci_lower, result.ci_upper
    if rescaled:
        centre, lower, upper = (
            np.array([on_0_100(s, x) for s, x in zip(result.scales, v, strict=True)])
            for v in (centre, lower, upper)
        )
    axis = Text("mean, 0-100", "均值（0–100 换算）") if rescaled else Text("mean", "均值")

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.dots(
            ax,
            [result.title_of(i).say(language) for i in range(len(result.items))],
            centre,
            lower=lower,
            upper=upper,
            xlabel=axis.say(language),
        )

    per_cent = f"{100 * result.confidence:g}%"
    return Plot(
        draw=draw,
        title=Text(f"Means with {per_cent} intervals", f"均值及 {per_cent} 置信区间"),
        description=Text(
            "One dot an item at its mean, with its confidence interval.",
            "每个题项一个点，表示均值，横线为置信区间。",
        ),
        size=(6.8, max(2.2, 0.3 * len(result.items) + 1.0)),
    )
