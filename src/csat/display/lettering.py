"""Room that words take: widths in terminal columns, wrapping and shortening that know wide characters.

A Chinese character is twice as wide as a Latin letter and may be followed by a line break anywhere; Latin
words break at spaces only, and a word longer than the line is cut.
"""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"
_PIECES = re.compile(r"\s+|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+|.", re.DOTALL)
_NO_LINE_START = "，。、；：？！）》」』】”’,.;:?!)%％"


def columns(text: str) -> int:
    """Width in terminal columns: 2 for East Asian wide characters, 0 for combining marks, else 1."""
    return sum(_columns_of(c) for c in text)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """The text filled with spaces to `width` terminal columns; `right` aligns to the right edge."""
    space = " " * max(0, width - columns(text))
    return space + text if right else text + space


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` terminal columns (at least one line)."""
    lines: list[str] = []
    line = ""
    for piece in _PIECES.findall(text):
        if "\n" in piece:
            lines.append(line.rstrip())
            line = ""
            continue
        if piece.isspace():
            line += " " if line else ""
            continue
        if columns(line) + columns(piece) <= width or (line and piece in _NO_LINE_START):
            line += piece
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = piece
        while columns(line) > width:
            head = _head(line, width)
            lines.append(head)
            line = line[len(head) :]
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return lines


def shortened(text: str, width: int) -> str:
    """The text on one line, cut with an ellipsis when it is wider than `width` terminal columns."""
    text = " ".join(text.split())
    return text if columns(text) <= width else _cut(text, width)


def wrapped_and_shortened(text: str, width: int, lines: int) -> list[str]:
    """At most `lines` lines of `width` columns, nearly equally long; an ellipsis stands for the rest."""
    all_lines = wrapped(text, width)
    if len(all_lines) <= lines:
        # never so narrow that a word breaks
        widest = max(map(columns, _PIECES.findall(text)), default=0)
        while (
            width > widest
            and len(all_lines) > 1
            and len(narrower := wrapped(text, width - 1)) == len(all_lines)
        ):
            all_lines, width = narrower, width - 1
        return all_lines
    return [*all_lines[: lines - 1], _cut(all_lines[lines - 1] + " " + all_lines[lines], width)]


def _cut(text: str, width: int) -> str:
    """The beginning of the text and an ellipsis: after a whole word when that loses little."""
    head = _head(text, max(1, width - 1))
    space = head.rfind(" ")
    if (
        not text[len(head) :].startswith(" ")
        and space > 0
        and columns(head[space:]) <= 9
        and not has_cjk(head)
    ):
        head = head[:space]
    return head.rstrip(" ,，、;；:：") + ELLIPSIS


def has_cjk(text: str) -> bool:
    """Whether the text holds Chinese, Japanese or Korean characters or their punctuation."""
    return any("\u2e80" <= c <= "\u9fff" or "\uf900" <= c <= "\uffef" or ord(c) >= 0x20000 for c in text)


def _columns_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _head(text: str, width: int) -> str:
    """The longest beginning that fits, at least one character."""
    taken = used = 0
    for character in text:
        used += _columns_of(character)
        if used > width and taken:
            break
        taken += 1
    return text[:taken]
