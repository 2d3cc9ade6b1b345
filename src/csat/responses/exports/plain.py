"""A table with no platform behind it: one header row, or two where cells were merged."""

from __future__ import annotations

from csat.responses.exports.layout import (
    ANSWER,
    PRIVATE,
    Export,
    Found,
    Head,
    Heading,
    Layout,
    Reading,
    cell,
)
from csat.responses.exports.privacy import is_private_header


def signature(head: Head) -> Found | None:
    """Never by itself: a table is plain when nothing else fits."""
    return None


def headings(head: Head, header_rows: int) -> list[Heading]:
    """Every column may hold answers but those whose name says that they tell who answered."""
    if header_rows > 1:
        return _two_rows(head)
    row = head[0] if head else []
    return [Heading(h, PRIVATE if is_private_header(h) else ANSWER) for h in row]


def _two_rows(head: Head) -> list[Heading]:
    """The text of a merged cell stands in the first of its columns and goes for those to its right."""
    found: list[Heading] = []
    stem = ""
    for at in range(max(len(head[0]), len(head[1]))):
        over, part = cell(head, 0, at), cell(head, 1, at)
        stem = over or (stem if part else "")
        if not (stem and part):
            name = stem or part
            found.append(Heading(name, PRIVATE if is_private_header(name) else ANSWER))
            continue
        found.append(
            Heading(
                f"{stem} - {part}", ANSWER, question=stem, option=part, stem=stem, part=part, also=(part,)
            )
        )
    return found


def study(export: Export, reading: Reading) -> None:
    """Nothing is known of the rows."""


PLAIN = Layout("plain", "plain table", signature, headings, study)
