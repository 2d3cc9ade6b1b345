"""A table of texts bound to an instrument: which column answers which item, what each text means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, UnknownName, closest, listed
from csat.instrument.instrument import Construct, Instrument, Item, Scale, Segment
from csat.instrument.labels import fold, label_codes, silence_words
from csat.language import Text
from csat.responses.raw import RawColumn, RawTable
from csat.responses.responses import (
    INVALID,
    NO_ANSWER,
    NOT_APPLICABLE,
    SILENCES,
    Invalid,
    ReadReport,
    Responses,
    SilentCode,
    has_categories,
)

LISTED_INVALID = 200
"""Invalid cells kept one by one in the report; all are counted."""
NO_WEIGHT = "none"
"""The word that switches a declared weight off."""

QUESTION_NUMBER = re.compile(r"^\s*(?:第?\s*\d+\s*[题.、:：)）]|[Qq]\d+[.、:：)）\s])\s*")


@dataclass(frozen=True)
class _Meaning:
    """What the distinct texts of one item's column mean, in step with `RawColumn.distinct`."""

    codes: NDArray[np.int8]
    values: NDArray[np.float64]


def bind(
    table: RawTable,
    instrument: Instrument,
    *,
    weight: str | None = None,
    segments: Sequence[str] = (),
    origins: Mapping[str, float] | None = None,
    keep_silent_rows: bool = False,
) -> Responses:
    """Bind columns to items and texts to codes.

    Parameters
    ----------
    weight : column of case weights; None: the first of the instrument's weight columns that is there; 'none': none.
    segments : further columns that group respondents. origins : of continuous items, for parts of a larger whole.
    keep_silent_rows : keep rows without any answer (a stream must not lose count of them).

    Raises
    ------
    BadInput : no column answers any item; no row has an answer; a weight is negative or no number.
    UnknownName : a weight or segment column that is not in the table.
    """
    where = table.source
    if not table.rows:
        raise BadInput("there are column names but no rows of answers", where=where, do="Export the answers again")
    matched = match_columns(table, instrument)
    if not matched:
        raise BadInput(
            f"no column answers an item of '{instrument.id}'", where=where,
            right=f"The columns are: {listed(list(table.columns))}. The items are: {listed([i.id for i in instrument.items])}",
            do="Name another instrument, add the column names as aliases, or make one with: csat instruments new DATA",
        )  # fmt: skip
    words = silence_words()
    columns: dict[str, NDArray[Any]] = {}
    reasons: dict[str, NDArray[np.int8]] = {}
    silent_codes: list[SilentCode] = []
    bad: list[tuple[str, str, NDArray[np.intp]]] = []
    for item in instrument.items:
        if item.id not in matched:
            continue
        name = matched[item.id]
        raw = table.columns[name]
        meaning = _meaning(raw, item, words, table.silent_codes.get(name, frozenset()), table.value_labels.get(name, {}))
        codes = np.append(meaning.codes, np.int8(NO_ANSWER))[raw.index]
        if has_categories(item.scale):
            columns[item.id] = codes
        else:
            reasons[item.id] = codes
            columns[item.id] = np.append(meaning.values, np.nan)[raw.index]
        silent_codes += _silent(raw, meaning, item.id, name)
        if (meaning.codes == INVALID).any():
            bad.append((item.id, name, np.flatnonzero(codes == INVALID)))

    keep = np.ones(table.rows, dtype=bool)
    dropped = dict(table.dropped)
    if not keep_silent_rows:
        answered = np.logical_or.reduce([reasons.get(i, c) >= 0 for i, c in columns.items()])
        _drop(keep, ~answered, "no answer to any item", dropped)
        if not keep.any():
            _raise_nothing_valid(table, instrument, matched, bad)
    weights, weight_column = _weights(table, instrument, weight, keep, dropped)
    groups, roles = _segments(table, instrument, segments)
    if weight_column:
        roles[weight_column] = "weight"
    ids = None
    for wanted in instrument.respondent:
        if found := _find(table, wanted):
            ids, roles[found] = np.array(table.columns[found].texts(), dtype=object), "respondent"
            break
    used = set(matched.values()) | set(roles)
    row_numbers = table.row_numbers if table.row_numbers is not None else np.arange(1, table.rows + 1)
    items = tuple(columns)
    unmatched = tuple(c for c in table.columns if c not in used)
    report = ReadReport(
        source=table.source, sha256=table.sha256, encoding=table.encoding, delimiter=table.delimiter,
        sheet=table.sheet, layout=table.layout, rows_read=table.rows + sum(table.dropped.values()), rows_kept=int(keep.sum()),
        dropped=dropped, matched=matched, unmatched_columns=unmatched,
        missing_items={i.id: closest(i.id, unmatched) for i in instrument.items if i.id not in matched},
        roles=roles, silent_codes=tuple(silent_codes),
        invalid=tuple(_invalid(table, bad, row_numbers)), invalid_count=sum(len(rows) for _, _, rows in bad),
        turned=tuple(i for i in items if instrument.item(i).turned),
        constant=tuple(i for i in items if _distinct_answers(columns[i][keep], i in reasons) == 1),
        empty=tuple(i for i in items if _distinct_answers(columns[i][keep], i in reasons) == 0),
        notes=table.notes,
    )  # fmt: skip
    own_origins = {
        i: float(np.round(np.nanmean(columns[i]))) if np.isfinite(columns[i]).any() else 0.0
        for i in items
        if instrument.item(i).scale is None
    }
    responses = Responses(
        instrument=instrument, items=items, columns=columns, reasons=reasons, rows=table.rows,
        row_numbers=row_numbers, weights=weights, weight_column=weight_column, segments=groups, ids=ids,
        origins=own_origins | dict(origins or {}), report=report,
    )  # fmt: skip
    return responses if keep.all() else responses.where(keep)


def _drop(keep: NDArray[np.bool_], out: NDArray[np.bool_], reason: str, dropped: dict[str, int]) -> None:
    lost = int(np.count_nonzero(keep & out))
    if lost:
        dropped[reason] = dropped.get(reason, 0) + lost
        keep &= ~out


def match_columns(table: RawTable, instrument: Instrument) -> dict[str, str]:
    """Item id to column: by id or alias as written, then folded, then by the question's wording."""
    exact = set(table.columns)
    folded: dict[str, str] = {}
    for name in table.columns:
        for form in (name, QUESTION_NUMBER.sub("", name), table.questions.get(name, "")):
            if form:
                folded.setdefault(fold(form), name)
    matched: dict[str, str] = {}
    taken: dict[str, str] = {}
    for item in instrument.items:
        names = (item.id, *item.aliases)
        column = next((n for n in names if n in exact), None)
        if column is None:
            wordings = (*names, item.text.en, item.text.zh)
            column = next((folded[fold(n)] for n in wordings if n and fold(n) in folded), None)
        if column is None:
            continue
        if column in taken:
            raise BadInput(
                f"column '{column}' answers two items, {taken[column]} and {item.id}", where=table.source,
                do=f"Remove the alias from one of them in {instrument.path or instrument.id}",
            )  # fmt: skip
        taken[column] = item.id
        matched[item.id] = column
    return matched


def _find(table: RawTable, name: str) -> str | None:
    if name in table.columns:
        return name
    return next((c for c in table.columns if fold(c) == fold(name)), None)


def _meaning(
    raw: RawColumn,
    item: Item,
    words: Mapping[str, str],
    file_silence: frozenset[str],
    file_labels: Mapping[str, str],
) -> _Meaning:
    """The code of every distinct text of a column; a text is looked up once, however many rows hold it."""
    scale = item.scale
    codes = np.full(len(raw.distinct), INVALID, dtype=np.int8)
    values = np.full(len(raw.distinct), np.nan)
    no_answer = {_plain(c) for c in item.no_answer}
    not_applicable = {_plain(c) for c in item.not_applicable}
    labels = label_codes(scale) if scale is not None else {}
    for at, text in enumerate(raw.distinct):
        plain = _plain(text)
        if plain in no_answer:
            codes[at] = NO_ANSWER
        elif plain in not_applicable:
            codes[at] = NOT_APPLICABLE
        elif text in file_silence:
            codes[at] = SILENCES[words.get(fold(file_labels.get(text, "")), "NO_ANSWER")]
        else:
            number = _number(plain)
            if number is None and plain in labels:
                number = float(labels[plain])
            if number is None:
                reason = words.get(plain)
                codes[at] = SILENCES[reason] if reason else INVALID
                continue
            if scale is None:
                codes[at], values[at] = 0, number
            elif scale.minimum <= number <= scale.maximum and (not has_categories(scale) or number.is_integer()):
                turned = scale.minimum + scale.maximum - number if item.turned else number
                codes[at] = int(turned) - scale.minimum if has_categories(scale) else 0
                values[at] = turned
    return _Meaning(codes, values)


def _plain(text: str) -> str:
    """Folded, and a whole number without its decimals, so that `6`, `6.0` and full-width 6 agree."""
    folded = fold(text)
    number = _number(folded)
    return str(int(number)) if number is not None and number.is_integer() and abs(number) < 1e15 else folded


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        try:
            value = float(text.replace(",", ".")) if text.count(",") == 1 else np.nan
        except ValueError:
            return None
    return value if np.isfinite(value) else None


def _silent(raw: RawColumn, meaning: _Meaning, item: str, column: str) -> list[SilentCode]:
    counts = raw.counts()
    names = {code: name for name, code in SILENCES.items()}
    found = [
        SilentCode(item, column, text, names[int(code)], int(counts[at]))
        for at, (text, code) in enumerate(zip(raw.distinct, meaning.codes, strict=True))
        if code in (NO_ANSWER, NOT_APPLICABLE) and counts[at]
    ]
    empty = int(np.count_nonzero(raw.index < 0))
    return found + ([SilentCode(item, column, "", "NO_ANSWER", empty)] if empty else [])


def _invalid(
    table: RawTable, bad: list[tuple[str, str, NDArray[np.intp]]], row_numbers: NDArray[np.int64]
) -> list[Invalid]:
    cells = [
        Invalid(int(row_numbers[row]), column, item, table.columns[column].text(int(row)) or "")
        for item, column, rows in bad
        for row in rows[:LISTED_INVALID]
    ]
    return sorted(cells, key=lambda c: (c.row, c.column))[:LISTED_INVALID]


def _raise_nothing_valid(
    table: RawTable, instrument: Instrument, matched: Mapping[str, str], bad: list[tuple[str, str, NDArray[np.intp]]]
) -> None:
    if bad:
        item, column, rows = bad[0]
        scale = instrument.item(item).scale
        ends = f"from {scale.minimum} to {scale.maximum}" if scale else "a number"
        raise BadInput(
            f"no answer could be understood: column '{column}', row {int(rows[0]) + 1} holds "
            f"'{table.columns[column].text(int(rows[0]))}'", where=table.source,
            right=f"Item {item} takes whole numbers {ends}, or one of its labels",
            do="Add the labels to the instrument's scale, or export the answers as numbers",
        )  # fmt: skip
    raise BadInput(
        f"all {table.rows} rows are empty in the columns of the {len(matched)} matched items", where=table.source,
        do="Check that this is the right file and sheet",
    )  # fmt: skip


def _weights(
    table: RawTable, instrument: Instrument, weight: str | None, keep: NDArray[np.bool_], dropped: dict[str, int]
) -> tuple[NDArray[np.float64] | None, str]:
    if weight == NO_WEIGHT:
        return None, ""
    if weight is not None:
        column = _find(table, weight)
        if column is None:
            raise UnknownName("column", weight, table.columns, where=f"{table.source}, weight")
    else:
        column = next((c for w in instrument.weight if (c := _find(table, w))), None)
        if column is None:
            return None, ""
    raw = table.columns[column]
    numbers = [_number(fold(t)) for t in raw.distinct]
    for text, number, times in zip(raw.distinct, numbers, raw.counts(), strict=True):
        if times and (number is None or number < 0):
            row = int(np.flatnonzero(raw.index == raw.distinct.index(text))[0]) + 1
            raise BadInput(
                f"weight '{text}' in row {row} is {'negative' if number is not None else 'not a number'}",
                where=f"{table.source}, column '{column}'",
                right="Weights are numbers of 0 or more",
                do="Correct the weight, or switch weighting off with --weight none",
            )
    values = np.array([np.nan if n is None else n for n in numbers] + [np.nan])[raw.index]
    _drop(keep, np.isnan(values), "no weight", dropped)
    if not np.nansum(values[keep]) > 0:
        raise BadInput(
            "the weights sum to zero", where=f"{table.source}, column '{column}'",
            do="Name the right column, or switch weighting off with --weight none",
        )  # fmt: skip
    return values, column


def _segments(
    table: RawTable, instrument: Instrument, wanted: Sequence[str]
) -> tuple[dict[str, NDArray[np.object_]], dict[str, str]]:
    groups: dict[str, NDArray[np.object_]] = {}
    roles: dict[str, str] = {}
    for segment in instrument.segments:
        column = next((c for n in (segment.column, *segment.aliases) if (c := _find(table, n))), None)
        if column is not None:
            groups[segment.column] = _labels(table.columns[column], segment, table.value_labels.get(column, {}))
            roles[column] = "segment"
    for role, names in (("wave", instrument.wave), ("segment", tuple(wanted))):
        for name in names:
            column = _find(table, name)
            if column is None:
                if role == "segment" and name not in groups:
                    raise UnknownName("column", name, table.columns, where=f"{table.source}, segment")
                continue
            if name not in groups:
                groups[name] = _labels(table.columns[column], None, table.value_labels.get(column, {}))
                roles[column] = role
    return groups, roles


def _labels(raw: RawColumn, segment: Segment | None, file_labels: Mapping[str, str]) -> NDArray[np.object_]:
    """Labels of a group column. With declared labels, a code that has none is empty (a blank code such as 0)."""
    known = {_plain(k): k for k in segment.labels} if segment else {}
    by_label = {fold(w): k for k, t in segment.labels.items() for w in (t.en, t.zh) if w} if segment else {}
    out: list[str | None] = []
    for text in raw.distinct:
        if known:
            out.append(known.get(_plain(text)) or by_label.get(fold(text)))
        else:
            out.append(file_labels.get(text, text))
    return np.array([*out, None], dtype=object)[raw.index]


def _distinct_answers(column: NDArray[Any], continuous: bool) -> int:
    """0, 1 or 2 (meaning several) distinct answers."""
    answered = column[~np.isnan(column)] if continuous else column[column >= 0]
    if not len(answered):
        return 0
    return 1 if (answered == answered[0]).all() else 2


def segment_title(instrument: Instrument, column: str, value: str) -> Text:
    """How a segment's value is shown: the instrument's label of the code, else the value itself."""
    for segment in instrument.segments:
        if segment.column == column:
            return segment.labels.get(value, Text(value))
    return Text(value)


def ad_hoc_instrument(
    table: RawTable,
    *,
    items: Sequence[str] | None = None,
    scale: tuple[int, int] | None = None,
    constructs: Mapping[str, Sequence[str]] | None = None,
) -> Instrument:
    """An instrument for a bare table: the items named (default: every column of numbers), one scale for all.

    Without a scale the items are measured quantities: bounds never come from the largest answer seen.
    """
    if scale is not None and (len(scale) != 2 or int(scale[0]) >= int(scale[1])):
        raise BadInput(f"scale {tuple(scale)} is not a scale", right="It is (lowest, highest), such as (1, 5)")
    declared = Scale("scale", int(scale[0]), int(scale[1])) if scale is not None else None
    if items is None:
        wanted = [i for members in constructs.values() for i in members] if constructs else _numeric_columns(table)
    else:
        wanted = list(items)
    wanted = list(dict.fromkeys(wanted))
    for name in wanted:
        if name not in table.columns:
            raise UnknownName("column", name, table.columns, where=table.source)
    if not wanted:
        raise BadInput(
            "no column holds numbers", where=table.source,
            do="Name the items (items=[...]) and their scale, or give an instrument with the labels",
        )  # fmt: skip
    blocks = constructs or {"all": wanted}
    return Instrument(
        id="ad hoc", version="", title=Text("Items of a table", "数据表中的题项"),
        items=tuple(Item(name, Text(name), declared) for name in wanted),
        constructs=tuple(Construct(c, Text(c), tuple(members)) for c, members in blocks.items()),
        scales=(declared,) if declared else (),
    )  # fmt: skip


def _numeric_columns(table: RawTable) -> list[str]:
    words = silence_words()
    return [
        name
        for name, raw in table.columns.items()
        if raw.distinct
        and all(_number(fold(t)) is not None or fold(t) in words for t in raw.distinct)
        and any(_number(fold(t)) is not None for t in raw.distinct)
    ]
