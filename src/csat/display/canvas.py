"""Figures in csat's look, and the pictures made of them.

Figures are plain `matplotlib.figure.Figure` objects: csat never touches pyplot nor leaves a changed setting
behind.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from csat.display.style import (
    GRID,
    INK,
    MUTED,
    PAPER,
    RULE,
    families,
    reader_fonts,
)
from csat.language import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from csat.display.plot import Plot

READERS_FONT = 1.05
"""Room for a reader whose font is wider than the one measured with."""


OWN = "csat"
"""Label of the figures csat makes, whose size a chart may change: rows take the height they need."""


def new_figure(size: tuple[float, float]) -> Figure:
    """An empty figure of (width, height) inches that leaves room for its labels by itself."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with look():
        # a reader's font may be a little wider than the one measured with
        figure = Figure(figsize=size, dpi=100, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    figure.set_label(OWN)
    return figure


def own_figure(ax: Axes) -> Figure | None:
    """The figure of these axes when csat made it."""
    figure = ax.get_figure(root=True)
    return figure if figure is not None and figure.get_label() == OWN else None


def resize(ax: Axes, *, width: float | None = None, height: float | None = None) -> None:
    """Give the figure that size in inches; a figure somebody else made is left as it is."""
    figure = own_figure(ax)
    if figure is not None:
        now = figure.get_size_inches()
        figure.set_size_inches(width or float(now[0]), height or float(now[1]))


def size_in_points(ax: Axes) -> tuple[float, float]:
    """Width and height in points of the figure that holds these axes."""
    figure = ax.get_figure(root=True)
    if figure is None:
        return 0.0, 0.0
    width, height = figure.get_size_inches()
    return float(width) * 72, float(height) * 72


def text_width(text: str, size: float) -> float:
    """Width of one line in points, at a font size in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    if not text.strip():
        return 0.0
    font = FontProperties(family=list(families()), size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return READERS_FONT * float(width)


@contextmanager
def look(**more: Any) -> Iterator[None]:
    """csat's settings for the time of a `with` block; the caller's come back afterwards."""
    import matplotlib

    settings: dict[Any, Any] = {**SETTINGS, "font.family": list(families()), **more}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # the report names such characters once, in a caution
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


SETTINGS: dict[str, Any] = {
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a label may hold dollar signs
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.facecolor": PAPER,
    "figure.facecolor": PAPER,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 9.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "path.simplify": False,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
}


# Pictures


def png(plot: Plot, language: Language, *, dpi: int = 150) -> bytes:
    """The chart as a PNG picture."""
    stream = io.BytesIO()
    with look():
        figure = plot.figure(language)
        figure.savefig(stream, format="png", dpi=dpi, metadata={"Software": None})
    return stream.getvalue()


def svg(plot: Plot, language: Language, salt: str, *, for_reader: bool = True) -> str:
    """The chart as an `<svg>` element: same plot, same text, byte for byte.

    Charts of one page need different salts, which keep their ids apart; ids nobody refers to are left
    out. The element is role="img" and has `<title>` and `<desc>`. Its words ask for the fonts that readers
    have or, with `for_reader=False`, for those csat brings (for a PDF).
    """
    key = re.sub(r"[^A-Za-z0-9]+", "-", salt).strip("-") or "chart"
    stream = io.StringIO()
    with look(**{"svg.hashsalt": salt}):
        figure = plot.figure(language)
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = _NO_XML.sub("", stream.getvalue())
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = _own_ids(text, key)
    text = _TAG.sub(lambda tag: _slim(tag.group()), _without_empty_groups(text))
    start = text.index(">") + 1
    fonts = reader_fonts(text, language) if for_reader else ", ".join(f"'{f}'" for f in families())
    attributes = {
        "class": "chart",
        "role": "img",
        "aria-labelledby": f"{key}-title {key}-desc",
        "lang": "zh-CN" if language == "zh" else "en",
        "font-family": fonts,
        "stroke-linejoin": "round",
    }
    head = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    words = (
        f'<title id="{key}-title">{escape(plot.title.say(language))}</title>'
        f'<desc id="{key}-desc">{escape(plot.description.say(language))}</desc>'
    )
    return f"<svg{head}{text[len('<svg') : start]}{words}{text[start:].strip()}"


_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that may not stand in XML; a label may hold them."""
_TAG = re.compile(r"<[^!?][^>]*>")
"""An element's tag; matplotlib escapes < and > in words and values, so no label can look like one."""
_REFERENCE = re.compile(r'url\(#([^)]+)\)|href="#([^"]+)"')
_ID = re.compile(r'\s+id="([^"]+)"')


def _own_ids(text: str, key: str) -> str:
    """Ids nobody refers to are dropped, the others numbered under the chart's key."""
    tags = _TAG.findall(text)
    used = {a or b for tag in tags for a, b in _REFERENCE.findall(tag)}
    found = dict.fromkeys(name for tag in tags for name in _ID.findall(tag) if name in used)
    names = {name: f"{key}-{i}" for i, name in enumerate(found)}

    def renamed(tag: str) -> str:
        tag = _ID.sub(lambda m: f' id="{names[m[1]]}"' if m[1] in names else "", tag)
        return _REFERENCE.sub(lambda m: m[0].replace(m[1] or m[2], names.get(m[1] or m[2], "")), tag)

    return _TAG.sub(lambda tag: renamed(tag.group()), text)


def _without_empty_groups(text: str) -> str:
    """The chart without groups that say nothing, and without the white space between elements."""
    kept: list[str] = []
    open_groups: list[bool] = []
    for part in re.split(r"(<[^!?][^>]*>)", text):
        bare = part.startswith("<g>") or part == "<g/>"
        if part == "</g>":
            bare = open_groups.pop()
        elif part.startswith("<g") and part[2:3] in (">", " ") and not part.endswith("/>"):
            open_groups.append(bare)
        if not bare:
            kept.append("" if part.isspace() else part)
    return "".join(kept)


def _slim(tag: str) -> str:
    """The tag with coordinates of two decimals and without the families matplotlib measured with."""
    tag = re.sub(r"\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}", tag)
    tag = re.sub(r'\s+transform="rotate\(-?0 [^"]*"', "", tag)
    tag = re.sub(r"\s*\n\s*", " ", tag)
    if tag.startswith("<text"):
        tag = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", tag)
        tag = re.sub(r"font-family: [^;\"]*;?\s*", "", tag)
    return tag
