"""A chart that is ready to draw: what to draw, its title, and the words for who cannot see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from csat.language import Language, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plot:
    """draw(ax, language) draws on one Axes; size is (width, height) in inches."""

    draw: Callable[[Axes, Language], None]
    title: Text
    description: Text
    size: tuple[float, float] = (6.8, 4.2)

    def on(self, ax: Axes | None, language: Language) -> Axes:
        """Draw on `ax`, or on a new figure of the chart's own size."""
        if ax is None:
            ax = self.figure(language).axes[0]
            return ax
        self.draw(ax, language)
        return ax

    def figure(self, language: Language) -> Figure:
        """A new figure with the chart on it, in csat's style."""
        from csat.display.style import new_figure

        figure = new_figure(self.size)
        self.draw(figure.subplots(), language)
        return figure
