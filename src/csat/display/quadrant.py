"""The importance-performance chart: four quadrants, every item named, no name on another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from csat.display.canvas import resize, size_in_points, text_width
from csat.display.lettering import columns, shortened, wrapped_and_shortened
from csat.display.placement import nearest, overlap, place_labels
from csat.display.style import ACCENT, INK, MUTED, PAPER, PRIMARY, RULE, TINT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

NAMED_AT_MOST = 27
"""With more items the points are numbered and a key stands below."""
SIZE, LINE_HEIGHT = 8.0, 1.22
KEY_SIZE, KEY_COLUMNS = 7.2, 3
MARKER = 3.6
CHANCE = 0.25
"""Certainty of a place that says nothing: one quadrant of four."""


def quadrant(
    ax: Axes,
    performance: ArrayLike,
    importance: ArrayLike,
    labels: Sequence[str],
    *,
    centre_x: float,
    centre_y: float,
    quadrant_names: Sequence[str],
    xlabel: str,
    ylabel: str,
    iso_priority: bool | float = False,
    iso_label: str = "",
    highlight: Sequence[int] | None = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    certainty: ArrayLike | None = None,
    certainty_label: str = "",
) -> Axes:
    """Points at (performance, importance) around a crosshair; a value on a line counts as high.

    Parameters
    ----------
    quadrant_names : four names in reading order: important and weak (top left), important and strong,
        unimportant and weak, unimportant and strong.
    iso_priority : draw importance = performance + c; True takes c so that the line meets the crosshair.
    highlight : positions drawn in the accent colour; without it, those in the top left quadrant.
    lower, upper : interval of each performance, drawn as a thin line.
    certainty : share (0-1) of each point, drawn as how full it is: white at 0.25 and below, which is chance
        among four quadrants, full at 1. certainty_label : what that means, above the chart.
    """
    x, y = (np.asarray(v, dtype=float).reshape(-1) for v in (performance, importance))
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    x, y, names = x[known], y[known], [labels[int(i)] for i in known]
    # a crosshair that does not exist is that of the points: the chart still places them
    centre_x = centre_x if math.isfinite(centre_x) else _middle(x)
    centre_y = centre_y if math.isfinite(centre_y) else _middle(y)
    marked = _marked(x, y, known, centre_x, centre_y, highlight)
    numbered = len(x) > NAMED_AT_MOST
    key_rows = math.ceil(len(x) / KEY_COLUMNS) if numbered else 0
    resize(ax, width=6.8, height=5.2 + key_rows * KEY_SIZE * 1.45 / 72 + (0.3 if numbered else 0))
    _frame(ax, x, y, centre_x, centre_y, xlabel, ylabel)
    if lower is not None and upper is not None:
        low, high = (np.asarray(v, dtype=float).reshape(-1)[known] for v in (lower, upper))
        ax.hlines(y, low, high, color=RULE, lw=1.4, zorder=2)
    if iso_priority is not False:
        offset = centre_y - centre_x if iso_priority is True else float(iso_priority)
        ax.axline(
            (centre_x, centre_x + offset), slope=1, color=MUTED, ls=":", lw=1.2, zorder=1, label=iso_label
        )
        if iso_label:
            ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)
    if certainty is None:
        ax.plot(x[~marked], y[~marked], "o", ms=2 * MARKER * 0.9, mfc=PRIMARY, mec=PAPER, mew=0.7, zorder=4)
        ax.plot(x[marked], y[marked], "D", ms=2 * MARKER * 0.9, mfc=ACCENT, mec=PAPER, mew=0.7, zorder=5)
    else:
        _shaded(ax, x, y, marked, np.asarray(certainty, dtype=float).reshape(-1)[known])
        if certainty_label:
            ax.text(
                1.0, 1.012, certainty_label, transform=ax.transAxes, ha="right", va="bottom",
                fontsize=KEY_SIZE, color=MUTED,
            )  # fmt: skip
    if numbered:
        _key(ax, names, marked)
    heads = _quadrant_names(ax, quadrant_names)
    texts = [[str(i + 1)] for i in range(len(x))] if numbered else [_broken(n) for n in names]
    _label(
        ax,
        np.stack([x, y], axis=1),
        texts,
        marked,
        heads,
        size=6.6 if numbered else SIZE,
        centre=(centre_x, centre_y),
    )
    return ax


def _shaded(
    ax: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    marked: NDArray[np.bool_],
    certainty: NDArray[np.float64],
) -> None:
    """Points as full as they are certain, their edge always in full colour."""
    from matplotlib.colors import to_rgb

    fullness = np.clip((certainty - CHANCE) / (1 - CHANCE), 0.0, 1.0)
    for i in range(len(x)):
        colour = ACCENT if marked[i] else PRIMARY
        paper, ink = np.array(to_rgb(PAPER)), np.array(to_rgb(colour))
        face = tuple(paper + fullness[i] * (ink - paper))
        ax.plot(
            x[i], y[i], "D" if marked[i] else "o", ms=2 * MARKER * 0.85, mfc=face, mec=colour, mew=1.0,
            zorder=5 if marked[i] else 4,
        )  # fmt: skip


def _marked(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    known: NDArray[np.intp],
    centre_x: float,
    centre_y: float,
    highlight: Sequence[int] | None,
) -> NDArray[np.bool_]:
    if highlight is None:
        return np.asarray((x < centre_x) & (y >= centre_y))
    return np.isin(known, list(highlight))


def _middle(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _frame(
    ax: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    centre_x: float,
    centre_y: float,
    xlabel: str,
    ylabel: str,
) -> None:
    """Limits with room for names, the crosshair, the tinted quadrant."""
    for values, centre, limits in ((x, centre_x, ax.set_xlim), (y, centre_y, ax.set_ylim)):
        low, high = min([centre, *values]), max([centre, *values])
        span = (high - low) or abs(centre) or 1.0
        limits(low - 0.14 * span, high + 0.16 * span)
    ax.axvspan(ax.get_xlim()[0], centre_x, ymin=_share(ax, centre_y), color=TINT, lw=0, zorder=0)
    ax.axvline(centre_x, color=MUTED, lw=0.9, zorder=1)
    ax.axhline(centre_y, color=MUTED, lw=0.9, zorder=1)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.tick_params(length=0, labelcolor=MUTED)
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(True)
        ax.spines[side].set_color(RULE)


def _share(ax: Axes, y: float) -> float:
    low, high = ax.get_ylim()
    return (y - low) / (high - low)


def _quadrant_names(ax: Axes, names: Sequence[str]) -> list[tuple[float, float, float, float]]:
    """Write the four names in their corners; their boxes as (x share, y share, width, height in points)."""
    size = 8.6
    taken = []
    for name, (across, up) in zip(names, ((0, 1), (1, 1), (0, 0), (1, 0)), strict=True):
        colour = ACCENT if (across, up) == (0, 1) else MUTED
        ax.annotate(
            name,
            (across, up),
            xycoords="axes fraction",
            xytext=(6 - 12 * across, 6 - 12 * up),
            textcoords="offset points",
            ha="right" if across else "left",
            va="top" if up else "bottom",
            fontsize=size,
            color=colour,
        )
        taken.append((float(across), float(up), text_width(name, size) + 14, size * 1.3 + 10))
    return taken


def _label(
    ax: Axes,
    points: NDArray[np.float64],
    texts: Sequence[Sequence[str]],
    marked: NDArray[np.bool_],
    heads: Sequence[tuple[float, float, float, float]],
    *,
    size: float,
    centre: tuple[float, float],
) -> None:
    """Write the names beside their points; a thin line leads to those that had to move away."""
    if not len(points):
        return
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    figure.draw_without_rendering()  # settles the layout, so that data can be measured in points
    points_of = 72 / figure.dpi
    at = ax.transData.transform(points) * points_of
    left, bottom, right, top = (float(v) * points_of for v in ax.bbox.extents)
    obstacles = np.array([_corner(head, (left, bottom, right, top)) for head in heads])
    cross_x, cross_y = ax.transData.transform(centre) * points_of
    lines = np.array([[cross_x - 1, bottom, cross_x + 1, top], [left, cross_y - 1, right, cross_y + 1]])
    bounds = (left + 3, bottom + 3, right - 3, top - 3)
    boxes = _placed(at, texts, size, bounds, obstacles, lines)
    if overlap(boxes) > 0 and size > 6.5:
        texts = [[shortened(" ".join(t), 18)] for t in texts]
        size = 7.0
        boxes = _placed(at, texts, size, bounds, obstacles, lines)
    for point, anchor, box, text, is_marked in zip(at, points, boxes, texts, marked, strict=True):
        colour = ACCENT if is_marked else INK
        end = nearest(point, box)
        if np.hypot(*(end - point)) > MARKER + 6:
            ax.annotate(
                "",
                xy=tuple(anchor),
                xytext=tuple(end - point),
                textcoords="offset points",
                arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.6, "shrinkA": 0, "shrinkB": MARKER},
                zorder=3,
            ).set_in_layout(False)
        # lines of a name stand on the side of its point
        align = "left" if box[0] >= point[0] else "right" if box[2] <= point[0] else "center"
        across = {"left": box[0], "right": box[2], "center": (box[0] + box[2]) / 2}[align]
        for i, line in enumerate(text):
            down = box[3] - (i + 0.5) * size * LINE_HEIGHT - 0.5
            ax.annotate(
                line,
                xy=tuple(anchor),
                xytext=(across - point[0], down - point[1]),
                textcoords="offset points",
                ha=align,
                va="center",
                fontsize=size,
                color=colour,
                zorder=6,
            ).set_in_layout(False)


def _placed(
    at: NDArray[np.float64],
    texts: Sequence[Sequence[str]],
    size: float,
    bounds: tuple[float, float, float, float],
    obstacles: NDArray[np.float64],
    lines: NDArray[np.float64],
) -> NDArray[np.float64]:
    sizes = np.array(
        [(max(text_width(line, size) for line in text), len(text) * size * LINE_HEIGHT + 1) for text in texts]
    )
    return place_labels(at, sizes, bounds=bounds, radius=MARKER, obstacles=obstacles, lines=lines)


def _corner(
    head: tuple[float, float, float, float], extents: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    across, up, width, height = head
    left, bottom, right, top = extents
    x = right - width if across else left
    y = top - height if up else bottom
    return x, y, x + width, y + height


def _broken(name: str) -> list[str]:
    """A name on one line when it is short, else on two of nearly equal width."""
    if columns(name) <= 20:
        return [name]
    return wrapped_and_shortened(name, max(16, min(24, math.ceil(columns(name) / 2) + 3)), 2)


def _key(ax: Axes, names: Sequence[str], marked: NDArray[np.bool_]) -> None:
    """Number and name of every item, in columns below the axes."""
    rows = math.ceil(len(names) / KEY_COLUMNS)
    width = size_in_points(ax)[0] - 30
    for i, name in enumerate(names):
        column, row = divmod(i, rows)
        for text, dx, align in ((str(i + 1), 0.0, "right"), (shortened(name, 36), 5.0, "left")):
            ax.annotate(
                text,
                (0, 0),
                xycoords="axes fraction",
                xytext=(-22 + column * width / KEY_COLUMNS + dx, -44 - row * KEY_SIZE * 1.45),
                textcoords="offset points",
                ha=align,
                va="center",
                fontsize=KEY_SIZE,
                color=ACCENT if marked[i] else INK,
                annotation_clip=False,
            )
