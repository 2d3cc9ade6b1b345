"""Charts on the quality of answers: respondents flagged, cells without an answer, distances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from csat.analyses.guidelines import MAHALANOBIS_P
from csat.analyses.quality_indices import COUNTED, INDEX_WORDS, INDICES
from csat.display.plot import Plot
from csat.language import Language, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from csat.analyses.quality_result import Quality

SILENCE_SHORT: Mapping[str, Text] = {
    "NO_ANSWER": Text("not answered", "未作答"),
    "NOT_APPLICABLE": Text("not applicable", "不适用"),
    "INVALID": Text("invalid", "无效"),
}
MOST_ITEMS_DRAWN = 40


def plots_of(result: Quality) -> dict[str, Plot]:
    """`flags`, `missing`, `distances`."""
    plots = {"flags": _flags(result)}
    if any(n.any() for n in result.item_silence.values()):
        plots["missing"] = _missing(result)
    if not np.isnan(result.scores.mahalanobis).all():
        plots["distances"] = _distances(result)
    return plots


def _flags(result: Quality) -> Plot:
    names = [
        i for i, counts in zip(INDICES, COUNTED, strict=True) if counts and result.flagged.get(i, -1) >= 0
    ]
    values = [result.flagged[i] / result.n_rows for i in names] + [result.suspicious / result.n_rows]

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        combined = Text(f"at least {result.at_least} of these", f"至少 {result.at_least} 项")
        charts.bars(
            ax,
            [INDEX_WORDS[i].say(language) for i in names] + [combined.say(language)],
            values,
            xlabel=Text("share of respondents", "受访者占比").say(language),
            kind="share",
            highlight=[len(names)],
        )

    return Plot(
        draw=draw,
        title=Text("Respondents flagged", "被标记的受访者"),
        description=Text(
            "Bars: the share of respondents past each guideline, and past at least two of them.",
            "条形图：超过各参考标准的受访者占比，以及至少超过两项者的占比。",
        ),
        size=(6.8, 2.6),
    )


def _missing(result: Quality) -> Plot:
    total = result.silent_by_item()
    shown = [int(i) for i in np.argsort(-total, kind="stable")[:MOST_ITEMS_DRAWN] if total[i] > 0]
    parts = np.array(
        [[result.item_silence[r][i] / result.n_rows for r in result.item_silence] for i in shown]
    )

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.stacked_bars(
            ax,
            [result.title_of(result.items[i]).say(language) for i in shown],
            parts,
            part_labels=[SILENCE_SHORT[r].say(language) for r in result.item_silence],
            xlabel=Text("share of respondents", "受访者占比").say(language),
        )

    return Plot(
        draw=draw,
        title=Text("Unanswered cells by item and reason", "各题项未作答情况（按原因）"),
        description=Text(
            "Stacked bars: the share without an answer, by reason, items with most of them first.",
            "堆叠条形图：各题项未作答占比（按原因），由高到低排列。",
        ),
        size=(6.8, max(2.2, 0.32 * len(shown) + 1.2)),
    )


def _distances(result: Quality) -> Plot:
    most = int(result.scores.df.max())
    cut = _chi_square_cut(most)

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.histogram(
            ax,
            result.scores.mahalanobis,
            reference=cut,
            reference_label=f"p = {MAHALANOBIS_P.value:g}",
            xlabel=Text("squared Mahalanobis distance", "马氏距离平方").say(language),
            ylabel=Text("respondents", "受访者数").say(language),
        )

    return Plot(
        draw=draw,
        title=Text("How unusual the combinations of answers are", "答案组合的罕见程度"),
        description=Text(
            "Histogram of the squared Mahalanobis distances; the line is where p falls below the guideline.",
            "马氏距离平方的直方图；虚线为 p 低于参考标准之处。",
        ),
    )


def _chi_square_cut(df: int) -> float:
    from scipy.special import chdtri

    return float(chdtri(df, MAHALANOBIS_P.value))
