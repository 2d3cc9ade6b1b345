"""A document in one language, as plain strings and lists: what the page's and the PDF's template lay out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from csat.analyses.result import VERDICT_WORDS
from csat.display import words
from csat.display.table import Table
from csat.language import Language, Text
from csat.report.document import (
    Block,
    Bullets,
    CautionBlock,
    ChartBlock,
    Document,
    Facts,
    Figure,
    Figures,
    Heading,
    Paragraph,
    Ranking,
    References,
    TableBlock,
    VerdictBlock,
)

FOLDED_ROWS = 14
"""A longer table is folded away on the page; print and PDF show it."""
SHOWN_ROWS = 400
"""Rows of a table that page and PDF show; the workbook holds them all."""
SAID = {
    "contents": words.CONTENTS,
    "skip": words.SKIP,
    "behind": words.BEHIND,
    "references": words.REFERENCES,
    "page_of": words.PAGE_OF,
    "stop": words.STOP,
}


def view(document: Document, language: Language, charts: Mapping[int, str] | None = None) -> dict[str, Any]:
    """What the templates show: title, contents, and sections of blocks, each block a dict with a `kind`.

    `charts` are those of `document.charts(language)`, when they are drawn already.
    """
    drawn = document.charts(language) if charts is None else charts
    ids = document.ids()
    sections: list[dict[str, Any]] = [{"id": "summary", "text": "", "blocks": []}]
    for i, block in enumerate(document.blocks):
        shown = _block(block, language, ids.get(i, ""), drawn.get(i, ""))
        if isinstance(block, Heading) and block.level == 2:
            sections.append({"id": ids[i], "text": shown["text"], "blocks": []})
            continue
        if isinstance(block, Heading) and len(sections) == 1:
            # the summary has no heading of its own that this one could stand below
            shown["level"] = "minor"
        sections[-1]["blocks"].append(shown)
    if not sections[0]["blocks"] and len(sections) > 1:
        del sections[0]
    return {
        "lang": "zh-CN" if language == "zh" else "en",
        "title": document.title.say(language),
        "subtitle": document.subtitle.say(language),
        "about": _pairs(document.about, language),
        "foot": document.foot.say(language),
        "contents": [{"id": s["id"], "text": s["text"]} for s in sections if s["text"]],
        "sections": sections,
        "said": {name: text.say(language) for name, text in SAID.items()},
    }


def _block(block: Block, language: Language, id: str, svg: str) -> dict[str, Any]:
    match block:
        case Heading(text, _, level):
            return {"kind": "heading", "level": level, "text": text.say(language), "id": id}
        case Paragraph(text, tone):
            return {"kind": "paragraph", "text": text.say(language), "tone": tone}
        case Bullets(texts):
            return {"kind": "bullets", "texts": _said(texts, language)}
        case Ranking(entries):
            return {"kind": "ranking", "entries": [_said(entry, language) for entry in entries]}
        case Figures(figures):
            return {"kind": "figures", "figures": [_figure(f, language) for f in figures]}
        case TableBlock(table, _):
            return {"kind": "table", "id": id, **_table(table, language)}
        case ChartBlock(plot, _, table):
            return {
                "kind": "chart",
                "id": id,
                "title": plot.title.say(language),
                "description": plot.description.say(language),
                "svg": svg,
                "size": svg_size(svg),
                "table": None if table is None else _table(table, language),
            }
        case VerdictBlock(verdict, points):
            return {
                "kind": "verdict",
                "level": verdict.level,
                "word": VERDICT_WORDS[verdict.level].say(language),
                "text": verdict.text.say(language),
                "points": _said(points, language),
            }
        case CautionBlock(texts, level):
            return {
                "kind": "cautions",
                "level": level,
                "word": words.CAUTION.say(language),
                "texts": _said(texts, language),
            }
        case Facts(rows):
            return {"kind": "facts", "rows": _pairs(rows, language)}
        case References(entries):
            return {"kind": "references", "entries": list(entries)}


def svg_size(svg: str) -> tuple[float, float]:
    """Width and height in points that a drawing asks for."""
    sides = {side: float(points) for side, points in re.findall(r'\b(width|height)="([\d.]+)pt"', svg)}
    return sides["width"], sides["height"]


def _table(table: Table, language: Language) -> dict[str, Any]:
    rows = table.cells(language)
    notes = _said(table.notes, language)
    if len(rows) > SHOWN_ROWS:
        notes.insert(0, words.MORE_ROWS.fill(n=len(rows) - SHOWN_ROWS).say(language))
    return {
        "title": table.title.say(language),
        "headings": list(table.headings(language)),
        "kinds": list(table.kinds.values()),
        "rows": rows[:SHOWN_ROWS],
        "notes": notes,
        "folded": table.rows > FOLDED_ROWS,
        "size": words.ROWS.fill(n=table.rows).say(language),
    }


def _figure(figure: Figure, language: Language) -> dict[str, Any]:
    return {
        "label": figure.label.say(language),
        "number": figure.number(),
        "interval": figure.interval(language),
        "note": figure.note.say(language),
        "places": [round(100 * p, 2) for p in figure.places() or ()],
        "ends": [f"{end:g}" for end in figure.extent or ()],
    }


def _said(texts: tuple[Text, ...], language: Language) -> list[str]:
    return [t.say(language) for t in texts]


def _pairs(rows: tuple[tuple[Text, Text | str], ...], language: Language) -> list[list[str]]:
    return [[name.say(language), v.say(language) if isinstance(v, Text) else str(v)] for name, v in rows]
