"""The figure that csat makes for itself, and may therefore resize to suit what is drawn on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Canvas(Figure):
    """A figure whose size belongs to csat: a chart of rows takes the height its rows need."""


def resize(ax: Axes, *, width: float | None = None, height: float | None = None) -> None:
    """Give the figure that size in inches; a figure somebody else made is left as it is."""
    figure = ax.figure
    if isinstance(figure, Canvas):
        w, h = figure.get_size_inches()
        figure.set_size_inches(width or w, height or h)
