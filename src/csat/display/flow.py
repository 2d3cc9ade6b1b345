"""Who went on and who was left out: boxes below one another, side boxes for those who leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from csat.display.canvas import own_figure, resize
from csat.display.lettering import wrapped_and_shortened
from csat.display.style import HEAD, INK, MUTED, PALE, PRIMARY, RULE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, GAP, ASIDE = 150.0, 34.0, 20.0, 190.0
"""Points: a box, the room below it, and where side boxes begin."""
SIDE_WIDTH, SIDE_HEIGHT, SIDE_STEP = 170.0, 26.0, 32.0
MARGIN = 6.0
LABEL_COLUMNS = 27


def flow(ax: Axes, steps: Sequence[tuple[str, str, bool]]) -> Axes:
    """Draw (words, number, whether they go on) from top to bottom; those who do not stand to the side.

    The first step goes on.
    """
    from matplotlib.patches import FancyBboxPatch

    def box(x: float, y: float, width: float, height: float, face: str, edge: str) -> None:
        ax.add_patch(
            FancyBboxPatch(
                (x, y - height),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=3",
                fc=face,
                ec=edge,
                lw=0.9,
            )
        )

    def arrow(start: tuple[float, float], end: tuple[float, float]) -> None:
        style = {"arrowstyle": "-|>", "color": MUTED, "lw": 1.0, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", xy=end, xytext=start, arrowprops=style).set_in_layout(False)

    middle, y, last = WIDTH / 2, 0.0, 0.0
    for at, (words, number, goes_on) in enumerate(steps):
        if goes_on:
            if at:
                y -= GAP if steps[at - 1][2] else GAP / 2
                arrow((middle, last), (middle, y))
            box(0, y, WIDTH, HEIGHT, HEAD, PRIMARY)
            _say(ax, words, 9, y - 10.5, WIDTH - 18, INK)
            ax.text(WIDTH - 9, y - HEIGHT + 9.5, number, ha="right", va="center", fontsize=9.5, color=INK)
            y -= HEIGHT
            last = y
        else:
            y -= SIDE_STEP
            box(ASIDE, y + SIDE_HEIGHT, SIDE_WIDTH, SIDE_HEIGHT, PALE, RULE)
            arrow((middle, y + SIDE_HEIGHT / 2), (ASIDE, y + SIDE_HEIGHT / 2))
            lines = wrapped_and_shortened(words, LABEL_COLUMNS, 2)
            ax.text(
                ASIDE + 8,
                y + SIDE_HEIGHT / 2,
                "\n".join(lines),
                ha="left",
                va="center",
                fontsize=7.8,
                color=INK,
            )
            ax.text(
                ASIDE + SIDE_WIDTH - 8,
                y + SIDE_HEIGHT / 2,
                number,
                ha="right",
                va="center",
                fontsize=9.0,
                color=INK,
            )
    _frame(ax, y)
    return ax


def _say(ax: Axes, words: str, x: float, y: float, width: float, colour: str) -> None:
    line = wrapped_and_shortened(words, int(width / 4.4), 1)[0]
    ax.text(x, y, line, ha="left", va="center", fontsize=8.6, color=colour)


def _frame(ax: Axes, bottom: float) -> None:
    left, right, top, low = -MARGIN, ASIDE + SIDE_WIDTH + MARGIN, MARGIN, bottom - MARGIN
    resize(ax, width=(right - left) / 72, height=(top - low) / 72)
    ax.axis("off")
    ax.set_aspect("equal")
    ax.set_xlim(left, right)
    ax.set_ylim(low, top)
    own = own_figure(ax)
    if own is not None:
        own.set_layout_engine("none")
        ax.set_position((0.0, 0.0, 1.0, 1.0))
