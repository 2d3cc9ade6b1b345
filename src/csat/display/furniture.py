"""What charts have in common: rows and their labels, axes, reference lines, legends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from csat.display.canvas import resize, size_in_points
from csat.display.lettering import columns, shortened, wrapped_and_shortened
from csat.display.style import ACCENT, INK, MUTED, readable_on

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


def rows(ax: Axes, labels: Sequence[str], *, legend: int = 0) -> NDArray[np.float64]:
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
    beside(ax, at, lines)
    return at


def beside(ax: Axes, at: ArrayLike, labels: Sequence[Sequence[str]], *, size: float = 8.8) -> None:
    """Labels left of the axes, each line a text of its own: aligned in whatever font a reader has."""
    for y, label in zip(floats(at), labels, strict=True):
        for i, line in enumerate(label):
            down = (i - (len(label) - 1) / 2) * size * 1.22
            _outside(ax, line, (0, y), (-7, -down), above=False, ha="right", size=size, colour=INK)


def right_column(ax: Axes, at: ArrayLike, texts: Sequence[str]) -> None:
    """Texts right of the axes, one a row."""
    for y, text in zip(floats(at), texts, strict=True):
        _outside(ax, text, (1, y), (7, 0), above=False, ha="left", size=8.4, colour=MUTED)


def above(ax: Axes, at: ArrayLike, labels: Sequence[str], *, upright: bool) -> None:
    """Column labels above a matrix: level when they fit their column, else reading upwards."""
    for x, label in zip(floats(at), labels, strict=True):
        text = shortened(label, 26) if upright else label
        _outside(ax, text, (x, 1), (0, 5), above=True, ha="center", size=8.4, colour=INK, upright=upright)


def must_stand(labels: Sequence[str], width: float) -> bool:
    """Whether a column label does not fit a column of so many inches."""
    return any(text_width(label) > width - 0.04 for label in labels)


def text_width(text: str) -> float:
    """Inches that a label takes, nearly."""
    return 0.066 * columns(text)


def axis(ax: Axes, xlabel: str = "", ylabel: str = "", *, grid: str = "", share: bool = False) -> None:
    """Titles of the axes, the grid along one of them, per cent instead of shares."""
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


def reference(ax: Axes, value: float | None, label: str) -> None:
    """A dashed line across the rows at a value, named above."""
    if value is None:
        return
    ax.axvline(value, color=ACCENT, ls="--", lw=1.2, zorder=2)
    if label:
        _outside(ax, label, (value, 1), (0, 4), above=True, ha="center", size=8.4, colour=ACCENT)


def share_labels(
    ax: Axes,
    at: NDArray[np.float64],
    left: NDArray[np.float64],
    widths: NDArray[np.float64],
    colour: str,
    *,
    reach: float = 1.0,
) -> None:
    """Per cent inside the parts of bars that are wide enough. reach : of the whole axis."""
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


def legend_lines(labels: Sequence[str]) -> int:
    """How many lines a legend takes."""
    return math.ceil(len(labels) / _across(labels))


def legend(ax: Axes, labels: Sequence[str], colours: Sequence[str]) -> None:
    """What the colours mean, in reading order, above the bars and flush with their right edge."""
    from matplotlib.patches import Patch

    across = _across(labels)
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


def _across(labels: Sequence[str]) -> int:
    """How many entries a line of the legend holds."""
    total = sum(min(columns(label), 24) + 5 for label in labels)
    return math.ceil(len(labels) / max(1, math.ceil(total / LEGEND_WIDTH)))


def names_at_ends(ax: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
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
        _outside(ax, shortened(label, 22), (1, y), (6, 0), above=False, ha="left", size=8.6, colour=colour)


def _outside(
    ax: Axes,
    text: str,
    at: tuple[float, float],
    shift: tuple[float, float],
    *,
    above: bool,
    ha: str,
    size: float,
    colour: str,
    upright: bool = False,
) -> None:
    """A label outside the axes, above or beside, so many points from its place.

    at : (x, y), a value on the axis it goes with and an end, 0 or 1, of the other.
    """
    ax.annotate(
        text,
        at,
        xycoords=ax.get_xaxis_transform() if above else ax.get_yaxis_transform(),
        xytext=shift,
        textcoords="offset points",
        ha=ha,
        va="bottom" if above else "center",
        rotation=90 if upright else 0,
        fontsize=size,
        color=colour,
        annotation_clip=False,
    )


def floats(values: Any) -> NDArray[np.float64]:
    """(k,) as numbers."""
    return np.asarray(values, dtype=float).reshape(-1)
