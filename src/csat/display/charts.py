"""Charts of plain values: each function draws on the `ax` it is given and returns it.

Row charts put the first label on top, wrap long labels, and take the height their rows need on a figure of
csat's own. Words in the chart come from the caller, or from `display.words` where a `language` is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from csat.display import words
from csat.display.canvas import resize, size_in_points
from csat.display.lettering import columns, shortened, wrapped_and_shortened
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

LABEL_WIDTH = 38
"""Widest row label, in terminal columns, before it is wrapped; at most two lines are kept."""
ROW, TIGHT_ROW, LINE, FRAME = 0.27, 0.19, 0.145, 0.85
"""Inches: a row of one line, a row among many, each further line of a label; and what the axis takes."""
LEGEND_WIDTH = 92
"""Widest line of a legend, in terminal columns."""
MANY = 30
"""With more rows each gets one line and stands closer to the next."""


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
    x = _floats(values)
    at = _rows(ax, labels)
    for y in at:
        ax.axhline(y, color=GRID, lw=0.8, zorder=0)
    if lower is not None and upper is not None:
        ax.hlines(at, _floats(lower), _floats(upper), color=PRIMARY_LIGHT, lw=4.5, zorder=2)
    ax.scatter(x, at, s=34, color=PRIMARY, edgecolor=PAPER, linewidth=0.8, zorder=3)
    if annotate:
        _right_column(ax, at, [_number(v, kind) for v in x])
    _reference(ax, reference, reference_label)
    _axis(ax, xlabel, grid="x", share=kind == "share")
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
    x = _floats(values)
    at = _rows(ax, labels)
    colours = [ACCENT if i in set(highlight) else PRIMARY for i in range(len(x))]
    ax.barh(at, np.nan_to_num(x), height=0.62, color=colours, zorder=2)
    if lower is not None and upper is not None:
        ax.hlines(at, _floats(lower), _floats(upper), color=INK, lw=1.1, zorder=3)
    if annotate:
        _right_column(ax, at, [_number(v, kind) for v in x])
    _reference(ax, reference, reference_label)
    _axis(ax, xlabel, grid="x", share=kind == "share")
    low, high = min(0.0, _least(x)), max(0.0, _most(x))
    if upper is not None and lower is not None:
        low, high = min(low, _least(_floats(lower))), max(high, _most(_floats(upper)))
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
    at = _rows(ax, labels, legend=math.ceil(len(part_labels) / _legend_columns(part_labels)))
    colours = _spread(SEQUENCE, shares.shape[1])
    left = np.zeros(len(at))
    for j, colour in enumerate(colours):
        ax.barh(at, shares[:, j], left=left, height=0.7, color=colour, edgecolor=PAPER, lw=0.8, zorder=2)
        _share_labels(ax, at, left, shares[:, j], colour)
        left = left + shares[:, j]
    _axis(ax, xlabel, grid="x", share=True)
    ax.set_xlim(0, max(1.0, float(left.max(initial=0.0))))
    _legend(ax, part_labels, colours)
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
    at = _rows(ax, labels, legend=math.ceil(len(part_labels) / _legend_columns(part_labels)))
    place = np.arange(categories)
    colours = [_diverging(_side(j, middle, categories)) for j in place]
    left = -table[:, place < middle].sum(axis=1) - table[:, place == middle].sum(axis=1) / 2
    reach = float(max(-left.min(initial=0.0), (left + table.sum(axis=1)).max(initial=0.0), 0.05))
    for j, colour in enumerate(colours):
        ax.barh(at, table[:, j], left=left, height=0.7, color=colour, edgecolor=PAPER, lw=0.8, zorder=2)
        _share_labels(ax, at, left, table[:, j], colour, reach=2 * reach)
        left = left + table[:, j]
    ax.axvline(0, color=MUTED, lw=0.8, zorder=1)
    _axis(ax, xlabel, grid="x", share=True)
    ax.set_xlim(-1.03 * reach, 1.03 * reach)
    ax.xaxis.set_major_formatter(lambda value, _: f"{abs(100 * value):.0f}%")
    if n is not None:
        _right_column(ax, at, [f"n={k}" for k in n])
    _legend(ax, part_labels, colours)
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
    at = _rows(ax, groups)
    for y, s in zip(at, stats, strict=True):
        q1, median, q3 = float(s["q1"]), float(s["median"]), float(s["q3"])
        ax.hlines(y, float(s["whisker_low"]), float(s["whisker_high"]), color=PRIMARY, lw=1.1, zorder=2)
        for end in (float(s["whisker_low"]), float(s["whisker_high"])):
            ax.vlines(end, y - 0.14, y + 0.14, color=PRIMARY, lw=1.1, zorder=2)
        ax.barh(y, q3 - q1, left=q1, height=0.56, color=PRIMARY_LIGHT, edgecolor=PRIMARY, lw=1.1, zorder=3)
        ax.vlines(median, y - 0.28, y + 0.28, color=INK, lw=2.2, zorder=4)
        far = [float(v) for v in s.get("outliers", ())]
        ax.scatter(far, [y] * len(far), s=11, facecolor="none", edgecolor=ACCENT, linewidth=0.9, zorder=2)
    _right_column(ax, at, [f"n={s['n']}" if "n" in s else "" for s in stats])
    _reference(ax, reference, reference_label)
    _axis(ax, xlabel, grid="x")
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
    y = _floats(eigenvalues)
    x = np.arange(1, len(y) + 1)
    kept = x <= retained
    ax.plot(x, y, color=PRIMARY, lw=1.5, zorder=2)
    said = words.EIGENVALUES.say(language)
    extra = words.RETAINED.fill(k=retained).say(language)
    ax.scatter(x[kept], y[kept], s=36, color=PRIMARY, zorder=3, label=f"{said} ({extra})")
    ax.scatter(x[~kept], y[~kept], s=30, facecolor=PAPER, edgecolor=PRIMARY, linewidth=1.2, zorder=3)
    if parallel is not None:
        line = _floats(parallel)
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
    _axis(ax, words.FACTOR_NUMBER.say(language), words.EIGENVALUE.say(language), grid="y")
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
    rows = [_lines(label, 26) for label in row_labels]
    cell_width = 0.5 if m <= 12 else max(0.3, 0.5 - 0.012 * (m - 12))
    upright = _upright(column_labels, cell_width)
    head = max((_text_width(c) for c in column_labels), default=0) if upright else 0.4
    labels = max((_text_width(line) for lines in rows for line in lines), default=0) + 0.2
    row_height = [max(0.27, 0.05 + LINE * len(lines)) for lines in rows]
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
    _beside(ax, (edges[:-1] + edges[1:]) / 2, rows)
    _above(ax, np.arange(m) + 0.5, column_labels, upright=upright, cell_width=cell_width)
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
    x = _floats(values)
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
    _axis(ax, xlabel, ylabel, grid="y")
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
    at = np.arange(len(x), dtype=float) if named else _floats(x)
    ends: list[tuple[float, str, str]] = []
    for i, (y, label) in enumerate(zip(map(_floats, series), series_labels, strict=True)):
        colour = SERIES[i % len(SERIES)]
        if lower is not None and upper is not None:
            ax.fill_between(
                at, _floats(lower[i]), _floats(upper[i]), color=colour, alpha=0.14, lw=0, zorder=1
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
    _axis(ax, xlabel, ylabel, grid="y")
    ax.margins(x=0.03, y=0.08)
    if len(series) > 1:
        _names_at_ends(ax, ends)
    return ax


# Rows and their labels


def _rows(ax: Axes, labels: Sequence[str], *, legend: int = 0) -> NDArray[np.float64]:
    """Label the rows, first on top, and give the figure the height they need. The y positions, (k,)."""
    many = len(labels) > MANY
    lines = [wrapped_and_shortened(str(label), LABEL_WIDTH, 1 if many else 2) for label in labels]
    tallest = max((len(text) for text in lines), default=1)
    row = TIGHT_ROW if many else ROW + LINE * (tallest - 1)
    resize(ax, height=max(1.5, FRAME + row * max(1, len(lines)) + 0.24 * legend))
    at = np.arange(len(lines), dtype=float)
    ax.set_ylim(max(0.5, len(lines) - 0.5), -0.5)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    _beside(ax, at, lines)
    return at


def _lines(label: str, width: int) -> list[str]:
    return wrapped_and_shortened(label, width, 2)


def _beside(ax: Axes, at: ArrayLike, labels: Sequence[Sequence[str]], *, size: float = 8.8) -> None:
    """Labels left of the axes, each line a text of its own: aligned in whatever font a reader has."""
    for y, label in zip(_floats(at), labels, strict=True):
        for i, line in enumerate(label):
            down = (i - (len(label) - 1) / 2) * size * 1.22
            ax.annotate(
                line,
                (0, y),
                xycoords=ax.get_yaxis_transform(),
                xytext=(-7, -down),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=size,
                color=INK,
                annotation_clip=False,
            )


def _right_column(ax: Axes, at: ArrayLike, texts: Sequence[str]) -> None:
    for y, text in zip(_floats(at), texts, strict=True):
        ax.annotate(
            text,
            (1, y),
            xycoords=ax.get_yaxis_transform(),
            xytext=(7, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=8.4,
            color=MUTED,
            annotation_clip=False,
        )


def _above(ax: Axes, at: ArrayLike, labels: Sequence[str], *, upright: bool, cell_width: float) -> None:
    """Column labels above a matrix: level when they fit their column, else reading upwards."""
    for x, label in zip(_floats(at), labels, strict=True):
        if upright:
            ax.annotate(
                shortened(label, 26),
                (x, 1),
                xycoords=ax.get_xaxis_transform(),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                va="bottom",
                rotation=90,
                rotation_mode="default",
                fontsize=8.4,
                color=INK,
                annotation_clip=False,
            )
            continue
        ax.annotate(
            label,
            (x, 1),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8.4,
            color=INK,
            annotation_clip=False,
        )


def _upright(labels: Sequence[str], cell_width: float) -> bool:
    return any(_text_width(label) > cell_width - 0.04 for label in labels)


def _text_width(text: str) -> float:
    """Inches that a label takes, nearly."""
    return 0.066 * columns(text)


# Furniture


def _axis(ax: Axes, xlabel: str = "", ylabel: str = "", *, grid: str = "", share: bool = False) -> None:
    if xlabel:
        ax.set_xlabel(xlabel)
    if ylabel:
        ax.set_ylabel(ylabel)
    if grid == "x":
        ax.grid(axis="x", zorder=0)
    elif grid == "y":
        ax.grid(axis="y", zorder=0)
    ax.tick_params(length=0)
    if share:
        ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")


def _reference(ax: Axes, value: float | None, label: str) -> None:
    if value is None:
        return
    ax.axvline(value, color=ACCENT, ls="--", lw=1.2, zorder=2)
    if label:
        ax.annotate(
            label,
            (value, 1),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8.4,
            color=ACCENT,
            annotation_clip=False,
        )


def _share_labels(
    ax: Axes,
    at: NDArray[np.float64],
    left: NDArray[np.float64],
    widths: NDArray[np.float64],
    colour: str,
    *,
    reach: float = 1.0,
) -> None:
    for y, start, width in zip(at, left, widths, strict=True):
        if width / reach >= 0.055:
            ax.text(
                start + width / 2,
                y,
                f"{100 * width:.0f}",
                ha="center",
                va="center",
                fontsize=7.8,
                color=readable_on(colour),
                zorder=4,
            ).set_in_layout(False)


def _legend_columns(labels: Sequence[str]) -> int:
    """How many entries a line of the legend holds."""
    total = sum(min(columns(label), 24) + 5 for label in labels)
    return math.ceil(len(labels) / max(1, math.ceil(total / LEGEND_WIDTH)))


def _legend(ax: Axes, labels: Sequence[str], colours: Sequence[str]) -> None:
    """What the colours mean, in reading order, above the bars and flush with their right edge."""
    from matplotlib.patches import Patch

    across = _legend_columns(labels)
    # matplotlib fills a legend by columns; readers read by lines
    order = [i for column in range(across) for i in range(column, len(labels), across)]
    ax.legend(
        [Patch(color=colours[i]) for i in order],
        [shortened(labels[i], 24) for i in order],
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=across,
        handlelength=1.0,
        handleheight=0.9,
        handletextpad=0.5,
        columnspacing=1.4,
        borderaxespad=0.3,
        borderpad=0.2,
    )


def _names_at_ends(ax: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Names right of the lines' last points, pushed apart where they would touch."""
    low, high = ax.get_ylim()
    gap = (high - low) * 11.5 / max(0.78 * size_in_points(ax)[1], 1.0)
    order = sorted(ends)
    placed: list[float] = []
    for y, _, _ in order:
        placed.append(max(y, placed[-1] + gap) if placed else y)
    over = max(0.0, placed[-1] - high) if placed else 0.0
    placed = [p - over for p in placed]
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - gap)
    for y, (_, label, colour) in zip(placed, order, strict=True):
        ax.annotate(
            shortened(label, 22),
            (1, y),
            xycoords=ax.get_yaxis_transform(),
            xytext=(6, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=8.6,
            color=colour,
            annotation_clip=False,
        )


# Small help


def _floats(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, dtype=float).reshape(-1)


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
