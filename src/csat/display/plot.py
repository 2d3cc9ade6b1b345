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
    """draw(ax, language) draws on one Axes; size is (width, height) in inches, and grows with many rows."""

    draw: Callable[[Axes, Language], object]
    title: Text
    description: Text
    size: tuple[float, float] = (6.8, 4.2)

    def on(self, ax: Axes | None, language: Language = "en") -> Axes:
        """Draw on `ax`, or on a new figure of the chart's own size."""
        from csat.display.canvas import look

        if ax is None:
            return self.figure(language).axes[0]
        with look():
            self.draw(ax, language)
        return ax

    def figure(self, language: Language = "en") -> Figure:
        """A new figure with the chart on it, in csat's style."""
        from csat.display.canvas import look, new_figure

        figure = new_figure(self.size)
        with look():
            self.draw(figure.subplots(), language)
        return figure

    def svg(self, language: Language = "en", *, salt: str = "chart") -> str:
        """The chart as an `<svg>` element; charts on one page need different salts."""
        from csat.display.canvas import svg

        return svg(self, language, salt)

    def png(self, language: Language = "en", *, dpi: int = 150) -> bytes:
        """The chart as a PNG picture."""
        from csat.display.canvas import png

        return png(self, language, dpi=dpi)

    def _repr_svg_(self) -> str:
        return self.svg()
