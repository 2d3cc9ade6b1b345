"""The look of everything csat shows: colours, digits, the minus sign, fonts.

Colours are told apart by the colour-blind and differ in lightness, so that they survive grey print; no chart
relies on colour alone. Numbers are rounded here, once.
"""

from __future__ import annotations

import functools
import math
from pathlib import Path

from csat.display.lettering import has_cjk
from csat.language import Language

INK = "#1c2733"
MUTED = "#5a6875"
RULE = "#b9c3cc"
GRID = "#e4e9ed"
PAPER = "#ffffff"
PRIMARY = "#0b5a8a"
PRIMARY_LIGHT = "#a9cbe0"
ACCENT = "#c44e00"
HEAD, PALE, TINT, TRACK = "#dcebf4", "#f6f8fa", "#fdf2e7", "#e4e9ed"
"""Grounds: heads of cards, cells without a number, the quadrant to improve first, empty gauges."""
SERIES = ("#0b5a8a", "#e69f00", "#007e5c", "#56b4e9", "#c44e00", "#d9a0c4", "#3a3a3a")
"""Okabe and Ito's palette, darkened where white paper asks for it; lines change their dash and marker too."""
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LOW, MIDDLE, HIGH = "#b1560f", "#dfe3e6", "#0b5a8a"
"""Ends and middle of the diverging scale: burnt orange (worse) to blue (better)."""
SEQUENCE = ("#0b3c5d", "#2f7cab", "#8fbcd6", "#d5dde3", "#f0c277", "#d98a2b", "#a8520b")
PALETTE = {
    "ink": INK,
    "muted": MUTED,
    "rule": RULE,
    "grid": GRID,
    "paper": PAPER,
    "primary": PRIMARY,
    "primary_light": PRIMARY_LIGHT,
    "accent": ACCENT,
    "pale": PALE,
    "track": TRACK,
}
"""The colours of report pages, by name."""
VERDICT_COLOURS = {"sound": "#0b6b57", "doubtful": "#8a5a00", "failed": "#a3262a"}

DECIMALS = {"number": 3, "score": 1, "precise": 6, "share": 1, "integer": 0}
FORMATS = (*DECIMALS, "p", "text")
UNDEFINED = "–"
MINUS = "−"
LATIN_READER_FONTS = (
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Helvetica Neue",
    "Arial",
    "Liberation Sans",
    "Noto Sans",
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

    `number` 3 decimals, `score` 1, `precise` 6, `integer` none, `share` a fraction as per cent with 1
    decimal, `p` a p-value (3 decimals, `<0.001` below that). A `precise` number that would round to zero
    keeps one significant digit instead (`3e-12`): differences between programs are that small.
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


def serif_families() -> tuple[str, ...]:
    """Faces for headings on paper: Noto Serif SC where the font package is installed, else `families`."""
    serif = any("Serif" in file.name for file in font_files())
    return ("Noto Serif SC", *families()) if serif else families()


def font_folders() -> tuple[Path, ...]:
    """Folders of the fonts in use, for a program that reads fonts by folder."""
    from matplotlib.font_manager import FontProperties, fontManager

    found = [Path(fontManager.findfont(FontProperties(family=f))) for f in families()]
    return tuple(dict.fromkeys(file.parent for file in (*font_files(), *found)))


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
    """The visible characters that no font at hand can draw: they would be boxes in a PDF or PNG."""
    wanted = {c for c in text if not c.isspace() and c.isprintable()}
    return {c for c in wanted if ord(c) > 126 and ord(c) not in _known_characters()}


def reader_fonts(text: str, language: Language) -> str:
    """The CSS list of families a reader is likely to have, Chinese ones first where the text needs them."""
    chinese = CHINESE_READER_FONTS if language == "zh" or has_cjk(text) else ()
    names = (*chinese, *LATIN_READER_FONTS)
    return ", ".join([f"'{n}'" if " " in n else n for n in names] + ["sans-serif"])
