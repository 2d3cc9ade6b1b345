"""The PDF: the view of a document, laid out by typst with csat's fonts; tagged, the same bytes twice."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from csat.display import words
from csat.display.lettering import columns
from csat.display.style import (
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
SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0, 4.5)
SMALLEST_UPRIGHT, SMALLEST = 6.5, 2.5
LONG, LONGEST = 26, 60
"""Terminal columns that a column of words gets at least, and at most; more goes on further lines."""
COLUMN_EM, CELL_PAD = 0.56, 8.0
CHART_SCALE = 0.88
"""Charts are drawn for the screen; on paper their type may be smaller."""


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
    shown["colours"] = VERDICT_COLOURS
    first = True
    for section in shown["sections"]:
        for block, after in zip(section["blocks"], [*section["blocks"][1:], None], strict=True):
            if block["kind"] == "paragraph":
                # words that lead to a chart stay with it
                block["sticky"] = after is not None and after["kind"] in (
                    "chart",
                    "table",
                    "paragraph",
                    "figures",
                )
            elif block["kind"] == "table":
                _fit_table(block)
            elif block["kind"] == "chart":
                _fit_chart(block)
                if block["table"] is not None:
                    _fit_table(block["table"])
            elif block["kind"] == "figures":
                block["first"], first = first, False


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
    """Size of the type, widths of the columns in points, and whether the page is turned."""
    table["headings"] = [_breakable(h) for h in table["headings"]]
    table["rows"] = [[_breakable(c) for c in row] for row in table["rows"]]
    needs, wishes = [], []
    for i, (heading, kind) in enumerate(zip(table["headings"], table["kinds"], strict=True)):
        widest = max((columns(row[i]) for row in table["rows"]), default=0)
        need = max(min(widest, LONG) if kind == "text" else widest, _widest_word(heading))
        needs.append(need)
        # a heading on two lines reads better than one on four
        wishes.append(
            max(need, min(widest, LONGEST) if kind == "text" else 0, (columns(heading) + 1) // 2 + 2)
        )
    size, flip = _type_size(needs)
    room = (LANDSCAPE if flip else PORTRAIT)[0] - CELL_PAD * len(needs)
    table["fit"] = {
        "size": size,
        "flip": flip,
        "columns": _widths(needs, wishes, room / (COLUMN_EM * size), size),
    }


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

    def width(size: float) -> float:
        return sum(needs) * COLUMN_EM * size + CELL_PAD * len(needs)

    for room, sizes, flip in (
        (PORTRAIT[0], [s for s in SIZES if s >= SMALLEST_UPRIGHT], False),
        (LANDSCAPE[0], SIZES, True),
    ):
        for size in sizes:
            if width(size) <= room:
                return size, flip
    # wider than any page: as much smaller as it takes
    spare = LANDSCAPE[0] - CELL_PAD * len(needs)
    return max(SMALLEST, math.floor(10 * spare / (COLUMN_EM * sum(needs))) / 10), True


def _breakable(text: str) -> str:
    """Names such as wait_time_counter may be broken after their underscores and slashes."""
    return text.replace("_", "_\u200b").replace("/", "/\u200b")
