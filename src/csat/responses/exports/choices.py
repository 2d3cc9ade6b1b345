"""Questions with several answers, however the file holds them, as one table of who chose what."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Sequence

import numpy as np

from csat.language import Text
from csat.responses.exports.layout import RANKING, SEPARATED, Export, Multiple
from csat.responses.raw import Choices

WRITTEN = re.compile(r"〖(.*?)〗", re.DOTALL)
SPLIT_LABELS = {", ", r",(?! )", ","}
"""Separators that labels may hold themselves."""
LONGEST = 8
"""Most pieces a known label is looked for in."""


def choices_of(
    question: str, found: Multiple, export: Export, silences: Collection[str], options: Sequence[str] = ()
) -> tuple[Choices | None, Text | None]:
    """The choices of a question, None when no cell names two options; a note on what was inferred."""
    known = tuple(options) or found.options
    if found.kind == SEPARATED or (found.kind == RANKING and found.separator):
        return _separated(question, found, export, silences, known)
    if found.kind == RANKING:
        return _placed(question, found, export, silences, known)
    chosen = np.zeros((export.rows, len(found.columns)), dtype=bool)
    written: list[str | None] = [None] * export.rows
    for k, name in enumerate(found.columns):
        column = export.columns[name]
        if name in found.other:
            chosen[:, k] = column.is_one_of(lambda t: t not in silences)
            _collect(written, column.texts(), silences)
        else:
            chosen[:, k] = column.is_one_of(lambda t: t not in silences and found.chosen(t))
            if any(WRITTEN.search(t) for t in column.distinct):
                _collect(written, [_written(t) for t in column.texts()], silences)
    return Choices(question, known, chosen, None, _some(written), found.columns), None


def _collect(written: list[str | None], texts: Sequence[str | None], silences: Collection[str]) -> None:
    for row, text in enumerate(texts):
        if text and text not in silences and written[row] is None:
            written[row] = text


def _written(text: str | None) -> str | None:
    found = WRITTEN.search(text) if text else None
    return found[1].strip() if found else None


def _some(written: list[str | None]) -> tuple[str | None, ...]:
    return tuple(written) if any(written) else ()


def _separated(
    question: str, found: Multiple, export: Export, silences: Collection[str], known: Sequence[str]
) -> tuple[Choices | None, Text | None]:
    column = export.columns[found.columns[0]]
    texts = [None if t in silences else WRITTEN.sub("", t) for t in column.distinct]
    note: Text | None = None
    if known:
        parts = [_match(t, known, found.separator) if t else [] for t in texts]
    else:
        parts = [[p.strip() for p in re.split(found.separator, t) if p.strip()] if t else [] for t in texts]
        if found.separator in SPLIT_LABELS:
            parts, joined = _together(
                parts, column.counts().tolist(), ", " if found.separator == ", " else ","
            )
            if joined:
                note = Text(
                    f"'{question}': {' and '.join(repr(j) for j in joined)} is read as one option, as its "
                    "parts "
                    "never stand apart; name the options if that is wrong",
                    f"“{question}”：{'、'.join(f'“{j}”' for j in joined)}各按一个选项读取，"
                    "因为其各部分从未单独出现；"
                    "如有误请列出选项",
                )
    if (
        not any(len(p) > 1 for p in parts)
        and not known
        and not any(WRITTEN.search(t) for t in column.distinct)
    ):
        return None, None
    labels = list(known) + [p for p in dict.fromkeys(p for ps in parts for p in ps) if p not in known]
    if not known and all(re.fullmatch(r"-?\d+", label) for label in labels):
        labels.sort(key=int)
    at = {label: k for k, label in enumerate(labels)}
    place = np.zeros((len(texts) + 1, len(labels)), dtype=np.int16)
    for row, pieces in enumerate(parts):
        for k, piece in enumerate(pieces, start=1):
            place[row, at[piece]] = place[row, at[piece]] or k
    cells = place[column.index]
    written = _some([_written(t) for t in column.texts()]) if any("〖" in t for t in column.distinct) else ()
    ranked = cells if found.kind == RANKING else None
    return Choices(question, tuple(labels), cells > 0, ranked, written, found.columns), note


def _match(text: str, known: Sequence[str], separator: str) -> list[str]:
    """Options in a joined text: as many pieces between separators as make up a known label, else one."""
    cuts = list(re.finditer(separator, text))
    starts, ends = [0, *(c.end() for c in cuts)], [*(c.start() for c in cuts), len(text)]
    labels = set(known)
    found, first = [], 0
    while first < len(starts):
        spans = range(min(len(ends), first + LONGEST) - 1, first, -1)
        last = next((at for at in spans if text[starts[first] : ends[at]].strip() in labels), first)
        if piece := text[starts[first] : ends[last]].strip():
            found.append(piece)
        first = last + 1
    return found


def _together(parts: list[list[str]], counts: Sequence[int], join: str) -> tuple[list[list[str]], list[str]]:
    """Join neighbours that never stand apart: 'Branch' and 'counter' of the label 'Branch, counter'."""
    joined: list[str] = []
    while True:
        alone: dict[str, int] = {}
        pairs: dict[tuple[str, str], int] = {}
        for pieces, count in zip(parts, counts, strict=True):
            for piece in pieces:
                alone[piece] = alone.get(piece, 0) + count
            for pair in itertools.pairwise(pieces):
                pairs[pair] = pairs.get(pair, 0) + count
        apart = next(
            (p for p, n in pairs.items() if n > 1 and alone[p[0]] == n == alone[p[1]] and p[0] != p[1]), None
        )
        if apart is None:
            return parts, joined
        label = join.join(apart)
        joined = [j for j in joined if j not in apart] + [label]
        parts = [_with_joined(pieces, apart, label) for pieces in parts]


def _with_joined(pieces: list[str], pair: tuple[str, str], label: str) -> list[str]:
    out: list[str] = []
    for piece in pieces:
        if out and (out[-1], piece) == pair:
            out[-1] = label
        else:
            out.append(piece)
    return out


def _placed(
    question: str, found: Multiple, export: Export, silences: Collection[str], known: Sequence[str]
) -> tuple[Choices | None, Text | None]:
    """Columns that hold the place of an option, or the option of a place."""
    columns = [export.columns[n] for n in found.columns]
    place = np.zeros((export.rows, len(known)), dtype=np.int16)
    if all(t in silences or t.isdigit() for c in columns for t in c.distinct):
        for k, column in enumerate(columns):
            values, _ = column.numbers()
            place[:, k] = np.where(values > 0, np.nan_to_num(values), 0)
    else:
        at = {label: k for k, label in enumerate(known)}
        for k, column in enumerate(columns, start=1):
            option = np.array([*(at.get(t, -1) for t in column.distinct), -1])[column.index]
            rows = np.flatnonzero(option >= 0)
            place[rows, option[rows]] = k
    return Choices(question, tuple(known), place > 0, place, (), found.columns), None
