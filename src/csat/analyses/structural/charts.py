"""Charts of a structural model: the path diagram, loadings, residual correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from csat.analyses.arrow_words import arrows_said
from csat.display.plot import Plot
from csat.display.style import in_unit
from csat.display.words import UNUSABLE
from csat.instrument.statements import COVARIES
from csat.language import Language, Text
from csat.numerics.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from csat.analyses.structural.model import StructuralModel


def plots_of(result: StructuralModel) -> dict[str, Plot]:
    """`model` (path diagram), `structure` (without items, if any paths), `loadings`, `residuals`."""
    plots = {"model": _diagram(result, show_items=True)}
    if _arrows(result):
        plots["structure"] = _diagram(result, show_items=False)
    plots["loadings"] = _loadings(result)
    plots["residuals"] = _residuals(result)
    return plots


def _diagram(result: StructuralModel, *, show_items: bool) -> Plot:
    observed = dict.fromkeys(n for p in result.paths for n in (p.rhs, p.lhs) if n not in result.constructs)
    names = [*result.constructs, *observed]
    arrows = _arrows(result)
    # an arrow with a fixed coefficient has no p: it is drawn as known
    loadings = {(p.lhs, p.rhs): p.std_all for p in result.loadings}

    correlations = {
        (p.lhs, p.rhs): (p.std_all, p.p)
        for p in result.parameters
        if p.op == COVARIES and p.lhs != p.rhs and p.free and p.lhs in names and p.rhs in names
    }

    def draw(ax: Axes, language: Language) -> None:
        from csat.display.paths import path_diagram

        path_diagram(
            ax,
            constructs=names,
            items=result.measured_by,
            loadings=loadings,
            paths=arrows,
            r2={n: result.r2[n] for n in names if n in result.r2},
            show_items=show_items,
            labels={n: result.title_of(n).say(language) for n in names},
            correlations=correlations,
            warning=UNUSABLE.say(language) if result.verdict.failed else "",
            language=language,
        )

    what = arrows_said({path: value for path, (value, _) in arrows.items()}, result.title_of)
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


def _arrows(result: StructuralModel) -> dict[tuple[str, str], tuple[float, float]]:
    arrows = {(p.rhs, p.lhs): (p.std_all, p.p) for p in result.paths}
    second = (p for p in result.loadings if p.rhs in result.constructs)
    return arrows | {(p.lhs, p.rhs): (p.std_all, p.p) for p in second}


def _loadings(result: StructuralModel) -> Plot:
    rows = [p for p in result.loadings if p.rhs in result.items]
    half = normal_quantile() * np.array([p.std_all_se for p in rows])
    values = np.array([p.std_all for p in rows])

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.dots(
            ax,
            [f"{result.title_of(p.lhs).say(language)}: {p.rhs}" for p in rows],
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


def _residuals(result: StructuralModel) -> Plot:
    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.heat_map(
            ax,
            np.where(np.eye(len(result.items), dtype=bool), np.nan, result.residual_correlations),
            row_labels=result.items,
            column_labels=result.items,
            hide_below=0.05,
            limit=0.3,
        )

    side = 2.2 + 0.3 * len(result.items)
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
