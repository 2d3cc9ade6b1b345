"""Figures that csat makes for itself and may resize to suit what is drawn, and how wide words are in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READERS_FONT = 1.05
"""Room for a reader whose font is wider than the one measured with."""


class Canvas(Figure):
    """A figure whose size belongs to csat: a chart of rows takes the height its rows need."""


def resize(ax: Axes, *, width: float | None = None, height: float | None = None) -> None:
    """Give the figure that size in inches; a figure somebody else made is left as it is."""
    figure = ax.figure
    if isinstance(figure, Canvas):
        w, h = figure.get_size_inches()
        figure.set_size_inches(width or w, height or h)


def text_width(text: str, size: float) -> float:
    """Width of one line in points, at a font size in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    if not text.strip():
        return 0.0
    width, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=size), ismath=False)
    return READERS_FONT * float(width)
