"""A table with one header row and no platform behind it."""

from __future__ import annotations

from csat.responses.exports.layout import ANSWER, PRIVATE, Export, Found, Head, Heading, Layout, Reading
from csat.responses.exports.privacy import is_private_header


def signature(head: Head) -> Found | None:
    """Never by itself: a table is plain when nothing else fits."""
    return None


def headings(head: Head, header_rows: int) -> list[Heading]:
    """Every column may hold answers but those whose name says that they tell who answered."""
    row = head[0] if head else []
    return [Heading(h, PRIVATE if is_private_header(h) else ANSWER) for h in row]


def study(export: Export, reading: Reading) -> None:
    """Nothing is known of the rows."""


PLAIN = Layout("plain", "plain table", signature, headings, study)
