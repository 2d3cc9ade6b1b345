"""The figure that csat makes for itself, and may therefore resize to make room for what is drawn on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Canvas(Figure):
    """A figure whose size belongs to csat: a chart with many rows may grow it."""


def make_room(ax: Axes, *, width: float = 0.0, height: float = 0.0) -> None:
    """Let the figure be at least that large, in inches; a figure somebody else made is left as it is."""
    figure = ax.figure
    if isinstance(figure, Canvas):
        w, h = figure.get_size_inches()
        figure.set_size_inches(max(w, width), max(h, height))
