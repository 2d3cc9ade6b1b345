"""The look of everything csat shows: colours, digits, the minus sign, fonts; and figures made in that look.

Colours are told apart by the colour-blind and differ in lightness, so that they survive grey print; no chart
relies on colour alone. Numbers are rounded here, once. Figures are plain `matplotlib.figure.Figure` objects: csat
never touches pyplot nor leaves a changed setting behind.
"""

from __future__ import annotations

import functools
import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from csat.display.lettering import has_cjk
from csat.language import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from csat.display.plot import Plot

INK = "#1c2733"
MUTED = "#5a6875"
RULE = "#b9c3cc"
GRID = "#e4e9ed"
PAPER = "#ffffff"
PRIMARY = "#0b5a8a"
PRIMARY_LIGHT = "#a9cbe0"
ACCENT = "#c44e00"
SERIES = ("#0b5a8a", "#e69f00", "#007e5c", "#c44e00", "#56b4e9", "#b0578d", "#3a3a3a")
"""Okabe and Ito's palette, darkened where white paper asks for it; lines also change their dash and marker."""
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LOW, MIDDLE, HIGH = "#b1560f", "#dfe3e6", "#0b5a8a"
"""Ends and middle of the diverging scale: burnt orange (worse) to blue (better)."""
SEQUENCE = ("#0b3c5d", "#2f7cab", "#8fbcd6", "#d5dde3", "#f0c277", "#d98a2b", "#a8520b")
VERDICT_COLOURS = {"sound": "#0b6b57", "doubtful": "#8a5a00", "failed": "#a3262a"}

DECIMALS = {"number": 3, "score": 1, "precise": 6, "share": 1, "integer": 0}
FORMATS = (*DECIMALS, "p", "text")
UNDEFINED = "–"
MINUS = "−"
LATIN_READER_FONTS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Helvetica Neue",
    "Noto Sans",
    "Arial",
)
CHINESE_READER_FONTS = (
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans SC",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
)
CJK_FAMILIES = (
    "Noto Sans SC",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
)


# Digits


def formatted(
    value: float | int | None, kind: str = "number", *, minus: str = MINUS, decimals: int | None = None
) -> str:
    """A number as a reader sees it, in one of `FORMATS`; undefined numbers are a dash.

    `number` 3 decimals, `score` 1, `precise` 6, `integer` none, `share` a fraction as per cent with 1 decimal, `p` a
    p-value (3 decimals, `<0.001` below that). A `precise` number that would round to zero keeps one significant
    digit instead (`3e-12`): differences between programs are that small.
    """
    if value is None or not math.isfinite(value):
        return UNDEFINED if value is None or math.isnan(value) else ("∞" if value > 0 else f"{minus}∞")
    if kind == "p":
        return "<0.001" if value < 0.001 else f"{value:.3f}"
    if kind == "share":
        text = f"{100 * value:.{DECIMALS[kind]}f}%"
    elif kind == "integer":
        text = f"{value:.0f}"
    else:
        decimals = DECIMALS.get(kind, DECIMALS["number"]) if decimals is None else decimals
        tiny = kind == "precise" and 0 < abs(value) < 0.5 * 10**-decimals
        text = f"{value:.0e}" if tiny else f"{value:.{decimals}f}"
    if text.startswith("-"):
        # no negative zero
        text = minus + text[1:] if text.strip("-0.%") else text[1:]
    return text


def brief(value: float) -> str:
    """A number as charts print it: about three digits."""
    decimals = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return formatted(value, decimals=decimals)


def in_unit(value: float, decimals: int = 2) -> str:
    """A loading, correlation or share without its leading zero, for narrow places: `.57`, `−.08`, `1.00`."""
    text = formatted(value, decimals=decimals)
    return text.replace("0.", ".", 1) if text.lstrip(MINUS).startswith("0.") else text


# Colours


def mixed(a: str, b: str, share: float) -> str:
    """The colour on the way from `a` (share 0) to `b` (share 1)."""
    pairs = zip(_rgb(a), _rgb(b), strict=True)
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in pairs)


def readable_on(colour: str) -> str:
    """White on dark colours, ink on light ones: whichever contrasts more (WCAG relative luminance)."""

    def luminance(c: str) -> float:
        parts = [v / 255 / 12.92 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in _rgb(c)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    ground = luminance(colour)
    white = 1.05 / (ground + 0.05)
    ink = (ground + 0.05) / (luminance(INK) + 0.05)
    return PAPER if white >= ink else INK


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


# Fonts


def font_files() -> tuple[Path, ...]:
    """The fonts csat brings with its dependencies: Noto Sans SC (when installed), then DejaVu Sans."""
    import matplotlib

    files = []
    try:
        import pylopdf_fonts_zh_cn
    except ImportError:
        pass
    else:
        files += [Path(pylopdf_fonts_zh_cn.sans_path()), Path(pylopdf_fonts_zh_cn.serif_path())]
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    files += [folder / "DejaVuSans.ttf", folder / "DejaVuSans-Bold.ttf"]
    return tuple(f for f in files if f.is_file())


@functools.cache
def families() -> tuple[str, ...]:
    """Installed font families for charts, a Simplified Chinese face first (else Japanese shapes appear).

    Only installed ones: matplotlib writes a line for every character and every absent family.
    """
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    for file in font_files():
        if file.suffix == ".otf" and "Noto Sans SC" not in installed and "Sans" in file.name:
            fontManager.addfont(str(file))
            installed.add("Noto Sans SC")
    chinese = [f for f in CJK_FAMILIES if f in installed][:1]
    return (*chinese, "DejaVu Sans")


@functools.cache
def _known_characters() -> frozenset[int]:
    from fontTools.ttLib import TTFont
    from matplotlib.font_manager import FontProperties, fontManager

    files = [*font_files(), *(fontManager.findfont(FontProperties(family=f)) for f in families())]
    known: set[int] = set()
    for file in files:
        with TTFont(str(file), fontNumber=0, lazy=True) as font:
            known |= set(font.getBestCmap() or ())
    return frozenset(known)


def missing_glyphs(text: str) -> set[str]:
    """The visible characters of the text that no font at hand can draw (they would be boxes in PDF and PNG)."""
    wanted = {c for c in text if not c.isspace() and c.isprintable()}
    return {c for c in wanted if ord(c) > 126 and ord(c) not in _known_characters()}


# Figures


def settings() -> dict[str, Any]:
    """matplotlib settings of csat's charts, for `rc_context`."""
    return {
        "font.family": list(families()),
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
        "axes.titlesize": 10.0,
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
        "hatch.linewidth": 0.6,
        "svg.fonttype": "none",
        "path.simplify": False,
        "figure.autolayout": False,
        "figure.constrained_layout.use": False,
    }


@contextmanager
def look(**more: Any) -> Iterator[None]:
    """csat's settings for the time of a `with` block; the caller's come back afterwards."""
    import matplotlib

    with matplotlib.rc_context({**settings(), **more}):
        yield


def new_figure(size: tuple[float, float]) -> Figure:
    """An empty figure of (width, height) inches that leaves room for its labels by itself."""
    from csat.display.canvas import Canvas

    with look():
        figure = Canvas(figsize=size, dpi=100, layout="constrained")
        # a reader's font may be a little wider than the one measured with
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
        return figure


def svg(plot: Plot, language: Language, salt: str, *, reader_fonts: bool = True) -> str:
    """The chart as an `<svg>` element: same plot, same text, byte for byte.

    Ids are unique among charts with different `salt`; ids nobody refers to are left out. The element has
    role="img" with `<title>` and `<desc>`. With `reader_fonts` the text asks for the fonts readers have (a web
    page); without, for the fonts csat brings (a PDF).
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    key = re.sub(r"[^A-Za-z0-9]+", "-", salt).strip("-") or "chart"
    stream = io.StringIO()
    with look(**{"svg.hashsalt": salt}):
        figure = plot.figure(language)
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = _unique_ids(text, key)
    text = _with_fonts(text, language, reader_fonts)
    title, description = plot.title.say(language), plot.description.say(language)
    head = (
        f'<svg role="img" aria-labelledby="{key}-title {key}-desc" lang="{"zh-CN" if language == "zh" else "en"}"'
        if reader_fonts
        else "<svg"
    )
    words = (
        f"<title id={quoteattr(key + '-title')}>{escape(title)}</title>"
        f"<desc id={quoteattr(key + '-desc')}>{escape(description)}</desc>"
        if reader_fonts
        else ""
    )
    start = text.index(">") + 1
    return head + text[len("<svg") : start] + words + text[start:].strip()


def png(plot: Plot, language: Language, *, dpi: int = 150) -> bytes:
    """The chart as a PNG picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    stream = io.BytesIO()
    with look():
        figure = plot.figure(language)
        figure.set_dpi(dpi)
        FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None})
    return stream.getvalue()


def _unique_ids(text: str, key: str) -> str:
    """Ids nobody refers to are dropped, the others numbered under the chart's key."""
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    names = {
        name: f"{key}-{i}" for i, name in enumerate(_in_order(re.findall(r'\bid="([^"]+)"', text), used))
    }

    def kept(match: re.Match[str]) -> str:
        name = match.group(1)
        return f' id="{names[name]}"' if name in names else ""

    text = re.sub(r'\s+id="([^"]+)"', kept, text)
    text = re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{names.get(m.group(1), m.group(1))})", text)
    text = re.sub(r'href="#([^"]+)"', lambda m: f'href="#{names.get(m.group(1), m.group(1))}"', text)
    return re.sub(r"<g>\s*</g>\s*", "", text)


def _in_order(names: Sequence[str], used: set[str]) -> list[str]:
    return [n for n in dict.fromkeys(names) if n in used]


def _with_fonts(text: str, language: Language, reader_fonts: bool) -> str:
    """Text asks for the fonts its reader has; the list matplotlib measured with goes."""
    if reader_fonts:
        chinese = language == "zh" or has_cjk(text)
        names = (*CHINESE_READER_FONTS, *LATIN_READER_FONTS) if chinese else LATIN_READER_FONTS
        wanted = ", ".join([f"'{n}'" if " " in n else n for n in names] + ["sans-serif"])
    else:
        wanted = ", ".join(f"'{n}'" for n in families())

    def asked(match: re.Match[str]) -> str:
        return f"{match.group(1)}{wanted}"

    # fonttype none writes `font: 9px 'A', 'B'; ...` or `font-family: ...`
    text = re.sub(r"(font: [^;\"']*?px )(?:'[^']*'|[A-Za-z-]+)(?:, (?:'[^']*'|[A-Za-z-]+))*", asked, text)
    return re.sub(r"(font-family: )(?:'[^']*'|[A-Za-z-]+)(?:, (?:'[^']*'|[A-Za-z-]+))*", asked, text)
