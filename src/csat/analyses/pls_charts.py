"""Charts of a PLS path model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from csat.analyses.arrow_words import arrows_said
from csat.analyses.guidelines import HTMT_LIBERAL
from csat.display.plot import Plot
from csat.language import Language, Text, joined

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from csat.analyses.path_model_pls import PathModelPLS

Array = NDArray[np.float64]

QUADRANT_WORDS = (
    Text("Improve first", "优先改进"),
    Text("Keep up", "继续保持"),
    Text("Low priority", "低优先级"),
    Text("Possible overkill", "可能投入过度"),
)
"""In reading order of the chart."""
INDEX_POINTS = Text("Index, 0-100", "指数（0–100）")


def plots_of(result: PathModelPLS) -> dict[str, Plot]:
    """`paths`, `model` with its items, `importance`, `item_importance`, `index`, `htmt`, `loadings`."""
    plots = {"paths": _diagram(result, show_items=False), "model": _diagram(result, show_items=True)}
    if len(result.importance_rows()) > 1:
        plots["importance"] = _quadrant_of_constructs(result)
    if len(result.driving_items()) > 1:
        plots["item_importance"] = _quadrant_of_items(result)
    if np.isfinite(result.index).any():
        plots["index"] = _index_dots(result)
    if any(result.comparable(i, j) for i, j in result.pairs()):
        plots["htmt"] = _htmt_dots(result)
    plots["loadings"] = _heat_map(result)
    return plots


def _diagram(result: PathModelPLS, *, show_items: bool) -> Plot:
    arrows = {(p.cause, p.effect): (p.estimate, p.p) for p in result.paths}
    places = list(zip(result.item_construct, result.items, strict=True))
    products = {m.product for m in result.moderation}
    measured = {c: [i for owner, i in places if owner == c and c not in products] for c in result.constructs}
    loadings = {place: float(v) for place, v in zip(places, result.loadings, strict=True)}
    r2 = {c: float(v) for c, v in zip(result.constructs, result.r2, strict=True) if math.isfinite(v)}

    def draw(ax: Axes, language: Language) -> None:
        from csat.display.paths import path_diagram

        path_diagram(
            ax,
            constructs=result.constructs,
            items=measured,
            loadings=loadings,
            paths=arrows,
            r2=r2,
            show_items=show_items,
            labels={c: result.title_of(c).say(language) for c in result.constructs},
            language=language,
        )

    said = arrows_said({path: value for path, (value, _) in arrows.items()}, result.title_of)
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


def _quadrant_of_constructs(result: PathModelPLS) -> Plot:
    rows = result.importance_rows()
    at = [result.constructs.index(e.cause) for e in rows]
    names = [result.title_of(e.cause) for e in rows]
    return _quadrant(
        result,
        result.index[at],
        np.array([e.points for e in rows]),
        names,
        Text("Importance and performance of constructs", "构念的重要性与表现"),
    )


def _quadrant_of_items(result: PathModelPLS) -> Plot:
    at = result.driving_items()
    return _quadrant(
        result,
        result.item_performance[at],
        result.item_importance[at],
        [result.title_of(result.items[i]) for i in at],
        Text("Importance and performance of items", "题项的重要性与表现"),
    )


def _quadrant(
    result: PathModelPLS,
    performance: Array,
    importance: Array,
    names: Sequence[Text],
    title: Text,
) -> Plot:
    centre_x, centre_y = float(performance.mean()), float(importance.mean())
    what = result.title_of(result.target)

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
        n for n, x, y in zip(names, performance, importance, strict=True) if x < centre_x and y >= centre_y
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


def _index_dots(result: PathModelPLS) -> Plot:
    shown = [k for k, v in enumerate(result.index) if math.isfinite(v)]
    known = bool(np.isfinite(result.index_lower[shown]).all())

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.dots(
            ax,
            [result.title_of(result.constructs[k]).say(language) for k in shown],
            result.index[shown],
            lower=result.index_lower[shown] if known else None,
            upper=result.index_upper[shown] if known else None,
            xlabel=INDEX_POINTS.say(language),
            kind="score",
        )

    return Plot(
        draw,
        title=Text("Index of each construct (PLS)", "各构念指数（PLS）"),
        description=Text(
            "One dot a construct, its index from 0 to 100 with its interval. Lowest: {low}.",
            "每个构念一个点，表示 0–100 的指数及其区间。最低：{low}。",
        ).fill(low=result.title_of(result.constructs[min(shown, key=lambda k: result.index[k])])),
        size=(6.8, max(2.0, 0.34 * len(shown) + 1.0)),
    )


def _htmt_dots(result: PathModelPLS) -> Plot:
    names = result.titles_of_constructs()
    pairs = [(i, j) for i, j in result.pairs() if result.comparable(i, j)]
    pairs.sort(key=lambda p: -result.htmt[p])
    known = bool(np.isfinite(result.htmt_lower).all()) and bool(pairs)
    values = np.array([result.htmt[p] for p in pairs])

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        dash = Text(" – ", "—").say(language)
        charts.dots(
            ax,
            [dash.join(names[k].say(language) for k in (j, i)) for i, j in pairs],
            values,
            lower=np.array([result.htmt_lower[p] for p in pairs]) if known else None,
            upper=np.array([result.htmt_upper[p] for p in pairs]) if known else None,
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


def _heat_map(result: PathModelPLS) -> Plot:
    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.heat_map(
            ax,
            result.cross_loadings,
            row_labels=list(result.items),
            column_labels=[result.title_of(c).say(language) for c in result.constructs],
        )

    return Plot(
        draw,
        title=Text("Loadings and cross-loadings", "载荷与交叉载荷"),
        description=Text(
            "Correlation of each item (row) with the score of each construct (column).",
            "每个题项（行）与各构念得分（列）的相关。",
        ),
    )
