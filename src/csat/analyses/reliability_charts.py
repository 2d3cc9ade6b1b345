"""Charts of reliability: alpha of each construct, items against the others of their construct."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from csat.analyses.guidelines import ALPHA_ACCEPTABLE
from csat.display.plot import Plot
from csat.language import Language, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from csat.analyses.reliability_result import Reliability


def plots_of(result: Reliability) -> dict[str, Plot]:
    """`alpha` with intervals, `item_rest`; none where no alpha is known."""
    if np.isnan(result.alpha).all():
        return {}
    return {"alpha": _alpha(result), "item_rest": _item_rest(result)}


def _alpha(result: Reliability) -> Plot:
    shown = [i for i, a in enumerate(result.alpha) if not np.isnan(a)]

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.dots(
            ax,
            [result.title_of(result.constructs[i]).say(language) for i in shown],
            result.alpha[shown],
            lower=result.alpha_lower[shown],
            upper=result.alpha_upper[shown],
            reference=ALPHA_ACCEPTABLE.value,
            reference_label=f"{ALPHA_ACCEPTABLE.value:.2f}",
            xlabel=Text("Cronbach's alpha", "克朗巴赫 α").say(language),
        )

    return Plot(
        draw=draw,
        title=Text("Cronbach's alpha of each construct", "各构念的克朗巴赫 α"),
        description=Text(
            "One dot a construct with its interval; the line is the guideline of {floor}. Lowest: {low}.",
            "每个构念一个点，横线为置信区间，虚线为参考标准 {floor}。最低：{low}。",
        ).fill(
            floor=f"{ALPHA_ACCEPTABLE.value:.2f}",
            low=result.title_of(result.constructs[shown[int(np.argmin(result.alpha[shown]))]]),
        ),
        size=(6.8, max(2.0, 0.34 * len(shown) + 1.0)),
    )


def _item_rest(result: Reliability) -> Plot:
    # an item is drawn where it is met first: a block over all constructs would repeat every one
    rows = [
        j
        for j, (item, r) in enumerate(zip(result.items, result.item_rest, strict=True))
        if not np.isnan(r) and result.items.index(item) == j
    ]

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        several = len(set(result.item_construct)) > 1
        names = [result.title_of(result.item_construct[j]).say(language) for j in rows]
        charts.dots(
            ax,
            [
                f"{name}: {result.items[j]}" if several else result.items[j]
                for name, j in zip(names, rows, strict=True)
            ],
            result.item_rest[rows],
            xlabel=Text("correlation with the other items", "与其余题项总分的相关").say(language),
        )

    return Plot(
        draw=draw,
        title=Text("Item-rest correlations", "题项与其余总分相关"),
        description=Text(
            "One dot an item: its correlation with the sum of the other items of its construct.",
            "每个题项一个点，表示它与同一构念其余题项总分的相关。",
        ),
        size=(6.8, max(2.2, 0.3 * len(rows) + 1.0)),
    )
