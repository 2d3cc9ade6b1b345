"""Charts of plain values: each function draws on the `ax` it is given and returns it.

Row charts put the first label on top, wrap long labels, and take the height their rows need on a figure of
csat's own. Words in the chart come from the caller, or from `display.words` where a `language` is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from csat.display import furniture, words
from csat.display.canvas import resize
from csat.display.furniture import floats
from csat.display.lettering import shortened, wrapped_and_shortened
from csat.display.style import (
    ACCENT,
    DASHES,
    GRID,
    HIGH,
    INK,
    LOW,
    MARKERS,
    MIDDLE,
    MUTED,
    PALE,
    PAPER,
    PRIMARY,
    PRIMARY_LIGHT,
    RULE,
    SEQUENCE,
    SERIES,
    UNDEFINED,
    brief,
    formatted,
    in_unit,
    mixed,
    readable_on,
)
from csat.language import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray


def dots(
    ax: Axes,
    labels: Sequence[str],
    values: ArrayLike,
    *,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    reference: float | None = None,
    reference_label: str = "",
    xlabel: str = "",
    annotate: bool = True,
    kind: str = "",
) -> Axes:
    """One dot a label, with its interval; values printed at the right edge (`kind`: a format of `style`)."""
    x = floats(values)
    at = furniture.rows(ax, labels)
    for y in at:
        ax.axhline(y, color=GRID, lw=0.8, zorder=0)
    if lower is not None and upper is not None:
        ax.hlines(at, floats(lower), floats(upper), color=PRIMARY_LIGHT, lw=4.5, zorder=2)
    ax.scatter(x, at, s=34, color=PRIMARY, edgecolor=PAPER, linewidth=0.8, zorder=3)
    if annotate:
        furniture.right_column(ax, at, [_number(v, kind) for v in x])
    furniture.reference(ax, reference, reference_label)
    furniture.axis(ax, xlabel, grid="x", share=kind == "share")
    ax.margins(x=0.06)
    return ax


def bars(
    ax: Axes,
    labels: Sequence[str],
    values: ArrayLike,
    *,
    xlabel: str = "",
    reference: float | None = None,
    reference_label: str = "",
    annotate: bool = True,
    kind: str = "",
    highlight: Sequence[int] = (),
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
) -> Axes:
    """One horizontal bar a label, from zero; `highlight` gives the positions drawn in the accent colour."""
    x = floats(values)
    at = furniture.rows(ax, labels)
    colours = [ACCENT if i in set(highlight) else PRIMARY for i in range(len(x))]
    ax.barh(at, np.nan_to_num(x), height=0.62, color=colours, zorder=2)
    if lower is not None and upper is not None:
        ax.hlines(at, floats(lower), floats(upper), color=INK, lw=1.1, zorder=3)
    if annotate:
        furniture.right_column(ax, at, [_number(v, kind) for v in x])
    furniture.reference(ax, reference, reference_label)
    furniture.axis(ax, xlabel, grid="x", share=kind == "share")
    low, high = min(0.0, _least(x)), max(0.0, _most(x))
    if upper is not None and lower is not None:
        low, high = min(low, _least(floats(lower))), max(high, _most(floats(upper)))
    if reference is not None:
        low, high = min(low, reference), max(high, reference)
    if high == low:
        high = 1.0  # nothing but zeros: any axis will do
    room = 0.04 * (high - low)
    ax.set_xlim(low - (room if low < 0 else 0), high + (room if high > 0 else 0))
    ax.axvline(0, color=MUTED, lw=0.9, zorder=3)
    return ax


def stacked_bars(
    ax: Axes, labels: Sequence[str], parts: ArrayLike, *, part_labels: Sequence[str], xlabel: str = ""
) -> Axes:
    """Bars split in parts: `parts` (k, m) shares, drawn from left to right."""
    shares = np.nan_to_num(np.asarray(parts, dtype=float))
    at = furniture.rows(ax, labels, legend=furniture.legend_lines(part_labels))
    colours = _spread(SEQUENCE, shares.shape[1])
    left = np.zeros(len(at))
    for j, colour in enumerate(colours):
        ax.barh(at, shares[:, j], left=left, height=0.7, color=colour, edgecolor=PAPER, lw=0.8, zorder=2)
        furniture.share_labels(ax, at, left, shares[:, j], colour)
        left = left + shares[:, j]
    furniture.axis(ax, xlabel, grid="x", share=True)
    ax.set_xlim(0, max(1.0, float(left.max(initial=0.0))))
    furniture.legend(ax, part_labels, colours)
    return ax


def diverging_bars(
    ax: Axes,
    labels: Sequence[str],
    shares: ArrayLike,
    *,
    part_labels: Sequence[str],
    midpoint: float | None = None,
    n: Sequence[int] | None = None,
    xlabel: str = "",
) -> Axes:
    """Answers left and right of the middle: `shares` (k, categories), low to high, each row summing to 1.

    `midpoint` is the position of the neutral category, counted from 0, which is centred on zero; a half (1.5
    of four categories) means there is none. Without it the middle of the categories is taken. `n` is printed
    at the right edge.
    """
    table = np.nan_to_num(np.asarray(shares, dtype=float))
    categories = table.shape[1]
    middle = (categories - 1) / 2 if midpoint is None else midpoint
    at = furniture.rows(ax, labels, legend=furniture.legend_lines(part_labels))
    place = np.arange(categories)
    colours = [_diverging(_side(j, middle, categories)) for j in place]
    left = -table[:, place < middle].sum(axis=1) - table[:, place == middle].sum(axis=1) / 2
    reach = float(max(-left.min(initial=0.0), (left + table.sum(axis=1)).max(initial=0.0), 0.05))
    for j, colour in enumerate(colours):
        ax.barh(at, table[:, j], left=left, height=0.7, color=colour, edgecolor=PAPER, lw=0.8, zorder=2)
        furniture.share_labels(ax, at, left, table[:, j], colour, reach=2 * reach)
        left = left + table[:, j]
    ax.axvline(0, color=MUTED, lw=0.8, zorder=1)
    furniture.axis(ax, xlabel, grid="x", share=True)
    ax.set_xlim(-1.03 * reach, 1.03 * reach)
    ax.xaxis.set_major_formatter(lambda value, _: f"{abs(100 * value):.0f}%")
    if n is not None:
        furniture.right_column(ax, at, [f"n={k}" for k in n])
    furniture.legend(ax, part_labels, colours)
    return ax


def boxes(
    ax: Axes,
    groups: Sequence[str],
    stats: Sequence[Mapping[str, Any]],
    *,
    xlabel: str = "",
    reference: float | None = None,
    reference_label: str = "",
) -> Axes:
    """Box plots lying down. `stats` of each group: q1, median, q3, whisker_low, whisker_high, outliers, n."""
    at = furniture.rows(ax, groups)
    for y, s in zip(at, stats, strict=True):
        q1, median, q3 = float(s["q1"]), float(s["median"]), float(s["q3"])
        ax.hlines(y, float(s["whisker_low"]), float(s["whisker_high"]), color=PRIMARY, lw=1.1, zorder=2)
        for end in (float(s["whisker_low"]), float(s["whisker_high"])):
            ax.vlines(end, y - 0.14, y + 0.14, color=PRIMARY, lw=1.1, zorder=2)
        ax.barh(y, q3 - q1, left=q1, height=0.56, color=PRIMARY_LIGHT, edgecolor=PRIMARY, lw=1.1, zorder=3)
        ax.vlines(median, y - 0.28, y + 0.28, color=INK, lw=2.2, zorder=4)
        far = [float(v) for v in s.get("outliers", ())]
        ax.scatter(far, [y] * len(far), s=11, facecolor="none", edgecolor=ACCENT, linewidth=0.9, zorder=2)
    furniture.right_column(ax, at, [f"n={s['n']}" if "n" in s else "" for s in stats])
    furniture.reference(ax, reference, reference_label)
    furniture.axis(ax, xlabel, grid="x")
    ax.margins(x=0.05)
    return ax


def scree(
    ax: Axes,
    eigenvalues: ArrayLike,
    *,
    parallel: ArrayLike | None = None,
    retained: int,
    language: Language = "en",
) -> Axes:
    """Eigenvalues in falling order, the kept ones filled; the parallel-analysis line where given."""
    y = floats(eigenvalues)
    x = np.arange(1, len(y) + 1)
    kept = x <= retained
    ax.plot(x, y, color=PRIMARY, lw=1.5, zorder=2)
    said = words.EIGENVALUES.say(language)
    extra = words.RETAINED.fill(k=retained).say(language)
    ax.scatter(x[kept], y[kept], s=36, color=PRIMARY, zorder=3, label=f"{said} ({extra})")
    ax.scatter(x[~kept], y[~kept], s=30, facecolor=PAPER, edgecolor=PRIMARY, linewidth=1.2, zorder=3)
    if parallel is not None:
        line = floats(parallel)
        ax.plot(
            x[: len(line)],
            line,
            color=ACCENT,
            ls="--",
            lw=1.4,
            label=words.PARALLEL_LINE.say(language),
            zorder=2,
        )
    ax.axhline(1.0, color=RULE, lw=0.9, zorder=1)
    ax.set_ylim(bottom=min(0.0, _least(y)))
    furniture.axis(ax, words.FACTOR_NUMBER.say(language), words.EIGENVALUE.say(language), grid="y")
    step = max(1, math.ceil(len(y) / 15))
    ax.set_xticks([1, *range(1 + step, len(y) + 1, step)])
    ax.legend(loc="upper right")
    return ax


def heat_map(
    ax: Axes,
    matrix: ArrayLike,
    *,
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    hide_below: float = 0.0,
    limit: float = 1.0,
    decimals: int = 2,
) -> Axes:
    """A matrix as coloured cells with their numbers, from -limit (orange) to limit (blue).

    Cells whose absolute value is below `hide_below` stay pale and without a number; NaN cells stay empty.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    cells = np.atleast_2d(np.asarray(matrix, dtype=float))
    k, m = cells.shape
    rows = [wrapped_and_shortened(label, 26, 2) for label in row_labels]
    cell_width = 0.5 if m <= 12 else max(0.3, 0.5 - 0.012 * (m - 12))
    upright = furniture.must_stand(column_labels, cell_width)
    head = max((furniture.text_width(c) for c in column_labels), default=0) if upright else 0.4
    labels = max((furniture.text_width(line) for lines in rows for line in lines), default=0) + 0.2
    row_height = [max(0.27, 0.05 + furniture.LINE * len(lines)) for lines in rows]
    resize(ax, width=max(3.6, labels + m * cell_width + 0.4), height=min(2.2, head) + 0.3 + sum(row_height))
    edges = np.concatenate([[0.0], np.cumsum(row_height)])
    patches, colours = [], []
    size = 7.5 if cell_width >= 0.4 else 6.2
    for i in range(k):
        y, height = edges[i], row_height[i]
        for j in range(m):
            value = cells[i, j]
            shown = math.isfinite(value) and abs(value) >= hide_below
            colour = _diverging(max(-1.0, min(1.0, value / limit))) if shown else PALE
            patches.append(Rectangle((j, y), 1, height))
            colours.append(colour)
            if shown:
                text = in_unit(value, decimals)
                ax.text(
                    j + 0.5,
                    y + height / 2,
                    text,
                    ha="center",
                    va="center",
                    fontsize=size,
                    color=readable_on(colour),
                ).set_in_layout(False)
    ax.add_collection(PatchCollection(patches, facecolors=colours, edgecolors=PAPER, linewidths=1.0))
    ax.set_xlim(0, m)
    ax.set_ylim(edges[-1], 0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
    ax.set_xticks([])
    ax.set_yticks([])
    furniture.beside(ax, (edges[:-1] + edges[1:]) / 2, rows)
    furniture.above(ax, np.arange(m) + 0.5, column_labels, upright=upright)
    return ax


def histogram(
    ax: Axes,
    values: ArrayLike,
    *,
    reference: float | None = None,
    reference_label: str = "",
    xlabel: str = "",
    ylabel: str = "",
) -> Axes:
    """Counts of values: one bar a whole number when there are few of them, else bins of equal width."""
    x = floats(values)
    x = x[np.isfinite(x)]
    span = float(np.ptp(x)) if len(x) else 0.0
    if len(x) and np.all(x == np.round(x)) and span <= 40:
        whole, counts = np.unique(x, return_counts=True)
        ax.bar(whole, counts, width=0.8, color=PRIMARY, zorder=2)
    else:
        bins = min(40, max(5, math.ceil(math.sqrt(max(1, len(x))))))
        ax.hist(x, bins=bins, color=PRIMARY, edgecolor=PAPER, linewidth=0.6, zorder=2)
    if reference is not None:
        ax.axvline(reference, color=ACCENT, ls="--", lw=1.3, zorder=3)
        if reference_label:
            ax.annotate(
                reference_label,
                (reference, 1),
                xycoords=ax.get_xaxis_transform(),
                xytext=(4, -2),
                textcoords="offset points",
                color=ACCENT,
                fontsize=8.5,
                va="top",
            )
    furniture.axis(ax, xlabel, ylabel, grid="y")
    return ax


def lines(
    ax: Axes,
    x: Sequence[Any],
    series: Sequence[ArrayLike],
    *,
    series_labels: Sequence[str],
    lower: Sequence[ArrayLike] | None = None,
    upper: Sequence[ArrayLike] | None = None,
    xlabel: str = "",
    ylabel: str = "",
) -> Axes:
    """Lines over `x` (numbers, or names in order) with bands from `lower` to `upper`, named at their ends."""
    named = any(isinstance(v, str) for v in x)
    at = np.arange(len(x), dtype=float) if named else floats(x)
    ends: list[tuple[float, str, str]] = []
    for i, (y, label) in enumerate(zip(map(floats, series), series_labels, strict=True)):
        colour = SERIES[i % len(SERIES)]
        if lower is not None and upper is not None:
            ax.fill_between(
                at,
                floats(lower[i]),
                floats(upper[i]),
                color=colour,
                alpha=0.14,
                lw=0,
                zorder=1,
            )
        ax.plot(
            at,
            y,
            color=colour,
            ls=DASHES[i % len(DASHES)],
            marker=MARKERS[i % len(MARKERS)],
            ms=4.5,
            label=label,
            zorder=3,
        )
        known = np.flatnonzero(np.isfinite(y))
        if len(known):
            ends.append((float(y[known[-1]]), label, colour))
    if named:
        step = max(1, math.ceil(len(x) / 12))
        ax.set_xticks(at[::step], [shortened(str(v), 14) for v in x[::step]])
    furniture.axis(ax, xlabel, ylabel, grid="y")
    ax.margins(x=0.03, y=0.08)
    if len(series) > 1:
        furniture.names_at_ends(ax, ends)
    return ax


# Small help


def _least(x: NDArray[np.float64]) -> float:
    return float(np.nanmin(x)) if np.isfinite(x).any() else 0.0


def _most(x: NDArray[np.float64]) -> float:
    return float(np.nanmax(x)) if np.isfinite(x).any() else 1.0


def _number(value: float, kind: str) -> str:
    if not math.isfinite(value):
        return UNDEFINED
    return formatted(value, kind) if kind else brief(value)


def _side(position: float, middle: float, categories: int) -> float:
    """Where a category lies between the ends of the diverging scale, -1 to 1."""
    reach = max(middle, categories - 1 - middle) or 1.0
    return float((position - middle) / reach)


def _diverging(side: float) -> str:
    return mixed(MIDDLE, LOW if side < 0 else HIGH, abs(side) ** 0.8)


def _spread(colours: Sequence[str], k: int) -> list[str]:
    """k colours evenly taken from a row of them, both ends included."""
    if k == 1:
        return [colours[0]]
    places = np.linspace(0, len(colours) - 1, k)
    return [mixed(colours[math.floor(p)], colours[math.ceil(p)], float(p - math.floor(p))) for p in places]
