"""The PDF: the view of a document, laid out by typst with csat's fonts; tagged, the same bytes twice."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from csat.display import words
from csat.display.lettering import columns
from csat.display.style import (
    PALETTE,
    VERDICT_COLOURS,
    families,
    font_folders,
    missing_glyphs,
    serif_families,
)
from csat.errors import CannotCompute
from csat.language import Language, Text
from csat.report.document import Document
from csat.report.view import view

MADE = datetime(2026, 1, 1, tzinfo=UTC)
"""The date inside every PDF: the same report has the same bytes whenever it is made."""
REPLACEMENT = "\ufffd"
PORTRAIT, LANDSCAPE = (470.0, 620.0), (716.0, 400.0)
"""Room on an A4 page in points, width and height, less what a title takes."""
TURN_GAIN = 1.3
"""A chart or table is turned when the page then shows it that much larger."""
SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
SMALLEST_UPRIGHT = 6.0
PACKED_ROWS, PACKED_SIZE, PACKED_ROOM = 45, 7.0, 226.0
"""A table of more rows that is no wider than half a page, in this type, goes on in a second column."""
LONG, LONGEST = 26, 60
"""Terminal columns that a column of words gets at least, and at most; more goes on further lines."""
COLUMN_EM, CELL_PAD = 0.56, 8.0
CHART_SCALE = 0.88
"""Charts are drawn for the screen; on paper their type may be smaller."""
SMALLEST_CHART = 0.55
"""A chart that one page would shrink further is cut into pieces, each on a page of its own."""
BELOW_BASELINE, ABOVE_TICKS = 4.0, 13.0
"""Points: what a line of type takes below its baseline, and the room of an axis above its numbers."""


def render(document: Document, language: Language, *, charts: Mapping[int, str] | None = None) -> bytes:
    """The document as PDF, tagged (PDF/UA-1). Same document, same bytes; `charts` when drawn already.

    Characters that no font at hand can draw are shown as U+FFFD and named in a caution on the first page.

    Raises
    ------
    CannotCompute : typst refused the document; says why.
    """
    import typst

    shown = view(document, language, charts)
    _for_paper(shown)
    text = json.dumps(shown, ensure_ascii=False)
    lost = missing_glyphs(text)
    if lost:
        shown["sections"][0]["blocks"].append(_lost_caution(lost, language))
        text = json.dumps(shown, ensure_ascii=False)
        text = text.translate({ord(c): REPLACEMENT for c in lost})
    try:
        made = typst.Compiler(
            (files("csat.report") / "templates" / "report.typ").read_bytes(),
            font_paths=typst.Fonts(include_system_fonts=False, font_paths=list(font_folders())),
            sys_inputs={"doc": text},
        ).compile(format="pdf", pdf_standards="ua-1", timestamp=MADE)
    except typst.TypstError as error:
        raise CannotCompute(
            f"the PDF could not be laid out: {error}", do="The page and the workbook hold the same results"
        ) from error
    return made if isinstance(made, bytes) else b""


def lost_characters(document: Document, language: Language, charts: Mapping[int, str] | None = None) -> Text:
    """The caution about characters the fonts cannot draw, by name; empty when there are none."""
    lost = missing_glyphs(json.dumps(view(document, language, charts), ensure_ascii=False))
    return _lost_words(lost) if lost else words.NOTHING


def _lost_words(lost: set[str]) -> Text:
    names = [f"U+{ord(c):04X} {unicodedata.name(c, '')}".strip() for c in sorted(lost)]
    more = f" … (+{len(names) - 12})" if len(names) > 12 else ""
    return words.MISSING_GLYPHS.fill(n=len(names), names=", ".join(names[:12]) + more)


def _lost_caution(lost: set[str], language: Language) -> dict[str, Any]:
    return {
        "kind": "cautions",
        "level": "doubtful",
        "word": words.CAUTION.say(language),
        "texts": [_lost_words(lost).say(language)],
    }


def _for_paper(shown: dict[str, Any]) -> None:
    """Add what paper needs to the view: fonts, sizes, and which charts and tables are turned."""
    shown["fonts"] = {"sans": list(families()), "serif": list(serif_families())}
    shown["palette"], shown["levels"] = PALETTE, VERDICT_COLOURS
    first = True
    for section in shown["sections"]:
        if section["text"]:
            section["blocks"].insert(0, {"kind": "heading", "level": 2, "text": section["text"]})
        section["blocks"] = [piece for block in section["blocks"] for piece in _pieces(block)]
        for block, after in zip(section["blocks"], [*section["blocks"], {"kind": ""}][1:], strict=True):
            if block["kind"] == "paragraph":
                # words that lead to a chart stay with it
                block["sticky"] = after["kind"] in ("chart", "table", "paragraph", "figures")
            elif block["kind"] == "table":
                _fit_table(block)
            elif block["kind"] == "chart":
                _fit_chart(block)
                if block["table"] is not None:
                    _fit_table(block["table"])
            elif block["kind"] == "figures":
                block["first"], first = first, False
        section["blocks"] = _with_what_leads_to_them(section["blocks"])


def _with_what_leads_to_them(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Headings and words right before a turned chart go with it to the turned page."""
    kept: list[dict[str, Any]] = []
    for block in blocks:
        block["before"] = []
        if block["kind"] == "chart" and block["fit"]["flip"]:
            while kept and (kept[-1]["kind"] == "heading" or kept[-1].get("sticky", False)):
                block["before"].insert(0, kept.pop())
        kept.append(block)
    return kept


def _pieces(block: dict[str, Any]) -> list[dict[str, Any]]:
    """The block, or, of a chart too tall for a page, its pieces from top to bottom."""
    if block["kind"] != "chart":
        return [block]
    parts = slices(block["svg"], block["size"])
    if len(parts) == 1:
        return [block]
    made = []
    for k, (svg, size) in enumerate(parts, start=1):
        title = f"{block['title']} ({k}/{len(parts)})"
        # the numbers behind the chart stand after its last piece
        table = block["table"] if k == len(parts) else None
        made.append(
            {
                **block,
                "id": block["id"] if k == 1 else "",
                "title": title,
                "svg": svg,
                "size": size,
                "table": table,
            }
        )
    return made


def slices(svg: str, size: tuple[float, float]) -> list[tuple[str, tuple[float, float]]]:
    """A tall chart as pieces that a page shows at a readable size; cuts pass between its lines of type.

    Every piece has the numbers of the axis below it. A chart that fits, or has no gap to cut, stays whole.
    """
    width, height = size
    scale = min(CHART_SCALE, PORTRAIT[0] / width)
    fits = min(scale, PORTRAIT[1] / height)
    if fits >= SMALLEST_CHART or fits >= 0.99 * scale:
        return [(svg, size)]
    lines = [(float(y), anchor == "middle") for anchor, y in _TEXT_LINE.findall(svg)]
    rows = sorted({y for y, _ in lines})
    ticks = [y for y in rows if sum(middle and at == y for at, middle in lines) > 2 and y > 0.9 * height]
    axis = min(ticks) - ABOVE_TICKS if ticks else height
    room = PORTRAIT[1] / scale - (height - axis)
    cuts, start = [0.0], 0.0
    while axis - start > room:
        below = [y + BELOW_BASELINE for y in rows if start < y + BELOW_BASELINE <= start + room and y < axis]
        if not below or below[-1] - start < room / 2:
            return [(svg, size)]
        start = below[-1]
        cuts.append(start)
    # pieces of about one length: no page with two rows on it
    even = [axis * k / len(cuts) for k in range(len(cuts))]
    nearest = [max((y + BELOW_BASELINE for y in rows if y + BELOW_BASELINE <= e), default=0.0) for e in even]
    head, body = svg.split(">", 1)
    pieces = []
    for top, bottom in zip(nearest, [*nearest[1:], axis], strict=True):
        tall = bottom - top + height - axis
        upper = _window(0.0, top, bottom - top, width)
        lower = _window(bottom - top, axis, height - axis, width)
        own = _SIZE.sub("", head)
        own += f' width="{width}pt" height="{tall:.2f}pt" viewBox="0 0 {width} {tall:.2f}"'
        inside = body.rsplit("</svg>", 1)[0]
        pieces.append((f"{own}>{upper}{inside}</svg>{lower}{inside}</svg></svg>", (width, round(tall, 2))))
    return pieces


def _window(y: float, top: float, height: float, width: float) -> str:
    """The opening of an element at y that shows what stands at top of its content."""
    size = f'width="{width}" height="{height:.2f}"'
    return f'<svg x="0" y="{y:.2f}" {size} viewBox="0 {top:.2f} {width} {height:.2f}">'


_TEXT_LINE = re.compile(r'<text style="[^"]*?text-anchor: (\w+)[^"]*" x="[^"]*" y="([\d.]+)"')
_SIZE = re.compile(r' (?:width|height|viewBox)="[^"]*"')


def _fit_chart(chart: dict[str, Any]) -> None:
    # for paper the fonts are csat's own, whatever the page asks for
    names = ", ".join(f"'{f}'" for f in families())
    head, rest = chart["svg"].split(">", 1)
    chart["svg"] = f"{_with_fonts(head, names)}>{rest}"
    width, height = chart["size"]
    upright, turned = (min(CHART_SCALE, room[0] / width, room[1] / height) for room in (PORTRAIT, LANDSCAPE))
    flip = turned > TURN_GAIN * upright
    chart["fit"] = {"flip": flip, "width": round(width * (turned if flip else upright), 2)}


def _with_fonts(head: str, names: str) -> str:
    before, after = head.split('font-family="', 1)
    return f'{before}font-family="{names}"{after[after.index(chr(34)) + 1 :]}'


def _fit_table(table: dict[str, Any]) -> None:
    """Lay the table out as `parts` that fit a page: type size, widths in points, whether the page is turned.

    A table too wide for any page is cut into several; each begins with the first column.
    """
    headings = [_breakable(h) for h in table["headings"]]
    rows = [[_breakable(c) for c in row] for row in table["rows"]]
    needs, wishes = [], []
    for i, (heading, kind) in enumerate(zip(headings, table["kinds"], strict=True)):
        widest = max((columns(row[i]) for row in rows), default=0)
        need = max(min(widest, LONG) if kind == "text" else widest, _widest_word(heading))
        needs.append(need)
        # a heading on two lines reads better than one on four
        wishes.append(
            max(need, min(widest, LONGEST) if kind == "text" else 0, (columns(heading) + 1) // 2 + 2)
        )
    size, flip = _type_size(needs)
    room = (LANDSCAPE if flip else PORTRAIT)[0]
    packed = len(rows) > PACKED_ROWS and _width(needs, PACKED_SIZE) <= PACKED_ROOM
    if packed:
        size, room = PACKED_SIZE, PACKED_ROOM
    table["parts"] = []
    for chosen in _parts(needs, size, room):
        own_needs, own_wishes = [needs[i] for i in chosen], [wishes[i] for i in chosen]
        own_room = (room - CELL_PAD * len(chosen)) / (COLUMN_EM * size)
        table["parts"].append(
            {
                "title": "" if table["parts"] else table["title"],
                "headings": [headings[i] for i in chosen],
                "kinds": [table["kinds"][i] for i in chosen],
                "rows": [[row[i] for i in chosen] for row in rows],
                "size": size,
                "flip": flip,
                "packed": packed,
                "widths": _widths(own_needs, own_wishes, own_room, size),
            }
        )
    del table["headings"], table["rows"], table["kinds"]


def _parts(needs: list[int], size: float, room: float) -> list[list[int]]:
    """Positions of the columns that go side by side, the first one in every part."""

    parts, used = [[0]], _width(needs[:1], size)
    for i in range(1, len(needs)):
        if used + _width([needs[i]], size) > room and len(parts[-1]) > 1:
            parts.append([0])
            used = _width(needs[:1], size)
        parts[-1].append(i)
        used += _width([needs[i]], size)
    return parts


def _widest_word(text: str) -> int:
    """Width that a heading needs: its longest word, or five characters of Chinese."""
    pieces = text.replace("\u200b", " ").split()
    return max((columns(w) if w.isascii() else min(columns(w), 10) for w in pieces), default=1) + 1


def _widths(needs: list[int], wishes: list[int], room: float, size: float) -> list[float]:
    """Every column gets what it needs; what room is left goes to the wishes, in proportion."""
    spare, wanted = room - sum(needs), sum(wishes) - sum(needs)
    share = min(1.0, max(0.0, spare / wanted)) if wanted else 0.0
    return [
        round((n + share * (w - n)) * COLUMN_EM * size + CELL_PAD, 2)
        for n, w in zip(needs, wishes, strict=True)
    ]


def _type_size(needs: list[int]) -> tuple[float, bool]:
    """The largest type at which the columns fit a page, and whether the page is turned for it."""
    for room, sizes, flip in (
        (PORTRAIT[0], [s for s in SIZES if s >= SMALLEST_UPRIGHT], False),
        (LANDSCAPE[0], SIZES, True),
    ):
        for size in sizes:
            if _width(needs, size) <= room:
                return size, flip
    return SMALLEST_UPRIGHT, True


def _width(needs: list[int], size: float) -> float:
    return sum(needs) * COLUMN_EM * size + CELL_PAD * len(needs)


def _breakable(text: str) -> str:
    """Names such as wait_time_counter may be broken after their underscores and slashes."""
    return text.replace("_", "_\u200b").replace("/", "/\u200b")
