"""A table of texts bound to an instrument: which column answers which item, what each text means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, UnknownName, listed
from csat.instrument.instrument import Instrument, Segment
from csat.instrument.labels import fold, silence_words
from csat.language import Text
from csat.responses.ad_hoc import ad_hoc_instrument
from csat.responses.matching import closest_column, find_column, match_columns
from csat.responses.meaning import Meaning, TextReader, plain_text
from csat.responses.raw import RawColumn, RawTable, counts_of, translated
from csat.responses.responses import (
    INVALID,
    NO_ANSWER,
    Ids,
    Invalid,
    Labelled,
    Met,
    ReadReport,
    Responses,
    SilentCode,
    has_categories,
)

__all__ = ["ad_hoc_instrument", "bind", "find_column", "match_columns", "segment_title"]

LISTED_INVALID = 200
"""Invalid cells kept one by one in the report; all are counted."""
LISTED_TEXTS = 60
"""Texts of one item kept in the report; an item of more is a measured quantity."""
NO_WEIGHT = "none"
"""The word that switches a declared weight off."""
EMPTY = "empty"
NO_WEIGHTS = "no weight"


def bind(
    table: RawTable,
    instrument: Instrument,
    *,
    weight: str | None = None,
    segments: Sequence[str] = (),
    origins: Mapping[str, float] | None = None,
    keep_silent_rows: bool = False,
    release: bool = False,
) -> Responses:
    """Bind columns to items and texts to codes.

    Parameters
    ----------
    weight : column of case weights; None: the first of the instrument's weight columns that is there;
        'none': none.
    segments : further columns that group respondents. origins : of continuous items, for parts of a larger
        whole.
    keep_silent_rows : keep rows without any answer (a stream must not lose count of them). Otherwise a row is
        left out as empty when it answers no item and holds nothing else but key, weight and groups.
    release : let go of each column of the table once it is coded, which leaves the table empty: a large file
        is then held once, not twice.

    Raises
    ------
    BadInput : no column answers any item; a name fits two columns; no row has an answer; a weight is
        negative or no number.
    UnknownName : a weight or segment column that is not in the table.
    """
    if not table.rows:
        raise _nothing_left(table)
    matched = match_columns(table, instrument)
    if not matched:
        raise BadInput(
            f"no column answers an item of '{instrument.id}'",
            where=table.source,
            right=f"The columns are: {listed(list(table.columns))}. The items are: "
            f"{listed([i.id for i in instrument.items])}",
            do="Name another instrument, add the column names as aliases, or make one with: csat "
            "instruments new DATA",
        )
    reader = TextReader(table)
    meanings = {i: reader.meaning(table.columns[c], instrument.item(i), c) for i, c in matched.items()}
    keep = np.ones(table.rows, dtype=bool)
    dropped = dict(table.dropped)
    silent, none_valid = _silent_rows(table, matched, meanings)
    groups, roles, notes = _segments(table, instrument, segments)
    weight_column = _weight_column(table, instrument, weight)
    if weight_column:
        roles[weight_column] = "weight"
    respondent = next((c for w in instrument.respondent if (c := find_column(table, w))), table.respondent)
    if respondent:
        roles[respondent] = "respondent"
    roles = {**{c: r for c, r in table.roles.items() if c not in matched.values()}, **roles}
    if not keep_silent_rows:
        if none_valid:
            raise _nothing_valid(table, instrument, matched, meanings)
        if silent.any() and not table.tells_answers:
            _drop(keep, silent & _is_bare(table, {*matched.values(), *roles}), EMPTY, dropped)
    weights = _weights(table, weight_column, keep, dropped, notes) if weight_column else None
    given = list(table.columns)
    if (
        release
        and isinstance(table.columns, dict)
        and weight_column not in (*matched.values(), respondent, "")
    ):
        del table.columns[weight_column]
    if n := int(np.count_nonzero(silent & keep)):
        notes.append(
            Text(
                f"rows that answer none of the items, kept for what else they hold: {n}",
                f"未回答任何题项、但因含有其他内容而保留的行：{n}",
            )
        )
    unused = [c for c in given if c not in roles and c not in matched.values()] + list(table.unkept)
    numbers = table.numbers_of_rows()
    rows: Any = slice(None) if keep.all() else np.flatnonzero(keep)
    ids = Ids(table.columns[respondent].where(rows)) if respondent in table.columns else None
    coded: dict[str, _Coded] = {}
    for item, column in matched.items():
        coded[item] = _code(item, column, table.columns[column], meanings[item], rows, numbers)
        if release and isinstance(table.columns, dict):
            del table.columns[column]
    measured = [i for i in coded if not has_categories(instrument.item(i).scale)]
    columns: dict[str, NDArray[Any]] = {
        i: c.codes if c.values is None else c.values for i, c in coded.items()
    }
    return Responses(
        instrument=instrument,
        items=tuple(coded),
        columns=columns,
        reasons={i: coded[i].codes for i in measured},
        rows=int(keep.sum()),
        row_numbers=numbers[rows],
        weights=None if weights is None else weights[rows],
        weight_column=weight_column,
        segments=groups if keep.all() else groups.where(rows),
        ids=ids,
        seconds=None if table.seconds is None else table.seconds[rows],
        submitted=None if table.submitted is None else table.submitted[rows],
        choices={
            question: replace(asked.where(rows), question=_asked(table, question, asked.columns))
            for question, asked in table.choices.items()
            if not set(asked.columns) & set(matched.values())
        },
        origins={i: _origin(columns[i]) for i in measured if instrument.item(i).scale is None}
        | dict(origins or {}),
        report=ReadReport(
            source=table.source,
            sha256=table.sha256,
            encoding=table.encoding,
            delimiter=table.delimiter,
            decimal=table.decimal,
            sheet=table.sheet,
            layout=table.layout,
            evidence=table.evidence,
            header_rows=table.header_rows,
            rows_read=table.rows_read or table.rows + sum(table.dropped.values()),
            rows_kept=int(keep.sum()),
            dropped=dropped,
            dropped_keys=dict(table.dropped_keys),
            matched=matched,
            unmatched_columns=tuple(unused),
            missing_items={i.id: closest_column(i, unused) for i in instrument.items if i.id not in matched},
            roles=roles,
            private=table.private,
            empty_columns=table.empty_columns,
            repeated_headers=table.repeated_headers,
            silent_codes=tuple(s for c in coded.values() for s in c.silent),
            met=tuple(m for c in coded.values() for m in c.met),
            invalid=_first_cells(coded.values()),
            invalid_count=sum(c.invalid_count for c in coded.values()),
            turned=tuple(i for i in coded if instrument.item(i).turned),
            constant=tuple(i for i, c in coded.items() if c.distinct == 1),
            empty=tuple(i for i, c in coded.items() if c.distinct == 0),
            notes=tuple(
                dict.fromkeys([*table.notes, *(n for m in meanings.values() for n in m.notes), *notes])
            ),
        ),
    )


def _asked(table: RawTable, question: str, columns: Sequence[str]) -> str:
    """The wording of a question with several answers where the file carries it, else what names it."""
    first = columns[0] if columns else ""
    return table.stems.get(first, ("",))[0] or table.questions.get(first, "") or question


@dataclass(frozen=True)
class _Coded:
    """One item's column, coded, with what the report says of it. distinct : how many different answers."""

    codes: NDArray[np.int8]
    values: NDArray[np.float64] | None
    silent: tuple[SilentCode, ...]
    met: tuple[Met, ...]
    invalid: tuple[Invalid, ...]
    invalid_count: int
    distinct: int


def _code(
    item: str, column: str, raw: RawColumn, meaning: Meaning, rows: Any, numbers: NDArray[np.int32]
) -> _Coded:
    index = raw.index[rows]
    codes = translated(meaning.lookup(), index)
    counts = raw.counts()  # of all rows: what the file holds, also where a row is left out
    kept_counts = counts if len(index) == len(raw) else counts_of(index, len(meaning.codes))
    told = [
        (text, read_as, int(n))
        for text, read_as, n in zip(raw.distinct, meaning.read_as, counts, strict=True)
        if n
    ]
    silent = [
        SilentCode(item, column, text, str(why), n)
        for text, why, n in told
        if why in ("NO_ANSWER", "NOT_APPLICABLE")
    ]
    empty = len(raw) - int(counts.sum())
    if empty:
        silent.append(SilentCode(item, column, "", "NO_ANSWER", empty))
    bad = np.flatnonzero(codes == INVALID) if (meaning.codes == INVALID).any() else ()
    kept = numbers[rows]
    return _Coded(
        codes=codes,
        values=np.append(meaning.values, np.nan)[index] if meaning.is_measured else None,
        silent=tuple(silent),
        met=tuple(sorted((Met(item, column, *t) for t in told), key=_by_answer))
        if len(told) <= LISTED_TEXTS
        else (),
        invalid=tuple(
            Invalid(int(kept[r]), column, item, raw.distinct[int(index[r])]) for r in bad[:LISTED_INVALID]
        ),
        invalid_count=len(bad),
        distinct=len(np.unique(meaning.values[(meaning.codes >= 0) & (kept_counts > 0)])),
    )


def _by_answer(met: Met) -> tuple[bool, float, str]:
    """Answers first, low to high, then silences."""
    number = met.read_as if isinstance(met.read_as, float) else 0.0
    return (isinstance(met.read_as, str), number, met.text)


def _first_cells(coded: Iterable[_Coded]) -> tuple[Invalid, ...]:
    cells = [cell for c in coded for cell in c.invalid]
    return tuple(sorted(cells, key=lambda c: (c.row, c.column))[:LISTED_INVALID])


def _silent_rows(
    table: RawTable, matched: Mapping[str, str], meanings: Mapping[str, Meaning]
) -> tuple[NDArray[np.bool_], bool]:
    """(n,) whether a row leaves every item unanswered, and whether no cell of all holds a valid answer.

    Who said that a question does not apply did not leave it.
    """
    silent = np.ones(table.rows, dtype=bool)
    none_valid = True
    for item, column in matched.items():
        codes = translated(meanings[item].lookup(), table.columns[column].index)
        silent &= codes == NO_ANSWER
        none_valid = none_valid and not (codes >= 0).any()
        if not none_valid and not silent.any():
            break
    return silent, none_valid


def _is_bare(table: RawTable, told: set[str]) -> NDArray[np.bool_]:
    """(n,) whether a row holds nothing beside the columns told of but a key, which every row has."""
    bare = np.ones(table.rows, dtype=bool)
    for name, column in table.columns.items():
        if name in told:
            continue
        filled = column.filled()
        is_key = filled.all() and not column.has_repeats()
        if not is_key:
            bare &= ~filled
        if not bare.any():
            break
    return bare


def _origin(values: NDArray[np.float64]) -> float:
    """The point about which sums of a measured item are kept: about its mean."""
    return float(np.round(np.nanmean(values))) if np.isfinite(values).any() else 0.0


def _nothing_left(table: RawTable) -> BadInput:
    gone = ", ".join(f"{n} {reason}" for reason, n in table.dropped.items())
    if not gone:
        return BadInput(
            "there are column names but no rows of answers",
            where=table.source,
            do="Export the answers again",
        )
    return BadInput(
        f"none of the {table.rows_read} rows counts as an answer ({gone})",
        where=table.source,
        do="Keep such rows with keep_rows=, or export the answers again",
    )


def _drop(keep: NDArray[np.bool_], out: NDArray[np.bool_], reason: str, dropped: dict[str, int]) -> None:
    lost = int(np.count_nonzero(keep & out))
    if lost:
        dropped[reason] = dropped.get(reason, 0) + lost
        keep &= ~out


def _nothing_valid(
    table: RawTable, instrument: Instrument, matched: Mapping[str, str], meanings: Mapping[str, Meaning]
) -> BadInput:
    numbers = table.numbers_of_rows()
    cells = [
        cell
        for i, c in matched.items()
        for cell in _code(i, c, table.columns[c], meanings[i], slice(None), numbers).invalid
    ]
    if not cells:
        return BadInput(
            f"all {table.rows} rows are without an answer in the columns of the {len(matched)} matched items",
            where=table.source,
            do="Check that this is the right file and sheet, and the codes that mean no answer",
        )
    first = min(cells, key=lambda c: c.row)
    scale = instrument.item(first.item).scale
    right = "a number" if scale is None else f"a whole number from {scale.minimum} to {scale.maximum}"
    labelled = scale is not None and bool(scale.labels)
    return BadInput(
        f"no answer could be understood: column '{first.column}', row {first.row} holds "
        f"'{_short(first.value)}'",
        where=table.source,
        right=f"Item {first.item} takes {right}" + (", or one of its labels" if labelled else ""),
        do="Add the labels to the instrument's scale, or export the answers as numbers",
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


# ---------------------------------------------------------------------------------- weights, groups


def _weight_column(table: RawTable, instrument: Instrument, weight: str | None) -> str:
    """The column of weights, '' when there is none or weighting is switched off."""
    if weight == NO_WEIGHT:
        return ""
    if weight is None:
        return next((c for w in instrument.weight if (c := find_column(table, w))), "")
    column = find_column(table, weight)
    if column is None:
        raise UnknownName("column", weight, table.columns, where=f"{table.source}, weight")
    return column


def _weights(
    table: RawTable, column: str, keep: NDArray[np.bool_], dropped: dict[str, int], notes: list[Text]
) -> NDArray[np.float64]:
    """(n,) weights; rows without one are left out."""
    where, off = f"{table.source}, column '{column}'", "switch weighting off with --weight none"
    raw = table.columns[column]
    values, wrong = raw.numbers(table.decimal)
    if wrong.any() and table.decimal == "." and not raw.numbers(",")[1].any() and _is_decimal_comma(raw):
        values, wrong = raw.numbers(",")
        notes.append(Text(f"{column}: the comma is read as a decimal mark", f"{column}：逗号按小数点读取"))
    if wrong.any():
        words = silence_words()
        silent = raw.is_one_of(lambda t: fold(t) in words)
        wrong &= ~silent
    for bad, what in ((wrong & keep, "is not a number"), ((values < 0) & keep, "is negative")):
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise BadInput(
                f"weight '{_short(raw.text(row) or '')}' in row {table.numbers_of_rows()[row]} {what}",
                where=where,
                right="Weights are numbers of 0 or more",
                do=f"Correct the weight, or {off}",
            )
    _drop(keep, np.isnan(values), NO_WEIGHTS, dropped)
    with np.errstate(over="ignore"):
        total, squares = float(values[keep].sum()), float((values[keep] ** 2).sum())
    if not (total > 0 and np.isfinite(total) and np.isfinite(squares)):
        raise BadInput(
            "the weights sum to zero" if total == 0 else "the weights are too large to be summed",
            where=where,
            do=f"Name the right column, or {off}",
        )
    return values


def _is_decimal_comma(raw: RawColumn) -> bool:
    """Whether commas cannot mark thousands: some weight has other than three digits behind it."""
    return any(re.fullmatch(r"-?\d+,(?:\d{1,2}|\d{4,})", t) for t in raw.distinct)


def _segments(
    table: RawTable, instrument: Instrument, wanted: Sequence[str]
) -> tuple[Labelled, dict[str, str], list[Text]]:
    groups: dict[str, tuple[tuple[str, ...], NDArray[Any]]] = {}
    roles: dict[str, str] = {}
    notes: list[Text] = []
    for segment in instrument.segments:
        column = next((c for n in (segment.column, *segment.aliases) if (c := find_column(table, n))), None)
        if column is not None:
            groups[segment.column] = _labels(table, column, segment, notes)
            roles[column] = "segment"
    for role, names in (("wave", instrument.wave), ("segment", tuple(wanted))):
        for name in names:
            column = find_column(table, name)
            if column is None:
                if role == "segment" and name not in groups:
                    raise UnknownName("column", name, table.columns, where=f"{table.source}, segment")
                continue
            if name not in groups:
                groups[name] = _labels(table, column, None, notes)
                roles[column] = role
    return Labelled(groups), roles, notes


def _labels(
    table: RawTable, column: str, segment: Segment | None, notes: list[Text]
) -> tuple[tuple[str, ...], NDArray[Any]]:
    """Labels of a group column, and each row's position among them.

    With declared labels, a code that has none belongs to no group and is named.
    """
    raw, file_labels = table.columns[column], table.value_labels.get(column, {})
    codes = segment.labels if segment else {}
    known = {plain_text(k): k for k in codes}
    by_label = {fold(w): k for k, t in codes.items() for w in (t.en, t.zh) if w}
    silent = {plain_text(c) for c in segment.no_answer} if segment else set()
    words = silence_words()
    declared = table.silent_codes.get(column, {})
    out: list[str | None] = []
    unknown: list[str] = []
    for text in raw.distinct:
        plain, label = plain_text(text, table.decimal), file_labels.get(text, text)
        found: str | None = label
        if plain in silent or text in declared or words.get(fold(label)) == "NO_ANSWER":
            found = None
        elif codes:
            found = known.get(plain) or by_label.get(fold(text)) or by_label.get(fold(label))
            if found is None and fold(label) not in words:
                unknown.append(text)
        out.append(found)
    if unknown:
        n = int(raw.is_one_of(lambda t: t in unknown).sum())
        notes.append(
            Text(
                f"{column}: rows of no group, as the instrument has no label for "
                f"{listed([repr(u) for u in unknown], shown=5)}: {n}",
                f"{column}：问卷中没有 {listed([f'“{u}”' for u in unknown], shown=5)} 的标签，"
                f"不属于任何一组的行：{n}",
            )
        )
    labels = tuple(dict.fromkeys(v for v in out if v is not None))
    place = {label: at for at, label in enumerate(labels)}
    at = np.array(
        [-1 if v is None else place[v] for v in out] + [-1],
        dtype=np.int32 if len(labels) > 32_000 else np.int16,
    )
    return labels, at[raw.index]


def segment_title(instrument: Instrument, column: str, value: str) -> Text:
    """How a segment's value is shown: the instrument's label of the code, else the value itself."""
    for segment in instrument.segments:
        if segment.column == column:
            return segment.labels.get(value, Text(value))
    return Text(value)
