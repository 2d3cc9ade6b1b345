"""A table of texts bound to an instrument: which column answers which item, what each text means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, UnknownName, closest, listed
from csat.instrument.instrument import Construct, Instrument, Item, Scale, Segment
from csat.instrument.labels import answer_code, fold, label_codes, label_set, set_labels, silence_words
from csat.language import Text
from csat.responses.raw import RawColumn, RawTable, counts_of, number_of, translated
from csat.responses.responses import (
    INVALID,
    NO_ANSWER,
    SILENCES,
    Ids,
    Invalid,
    Labelled,
    Met,
    ReadReport,
    Responses,
    SilentCode,
    has_categories,
)

LISTED_INVALID = 200
"""Invalid cells kept one by one in the report; all are counted."""
LISTED_TEXTS = 60
"""Texts of one item kept in the report; an item of more is a measured quantity."""
NO_WEIGHT = "none"
"""The word that switches a declared weight off."""
EMPTY = "empty"
NO_WEIGHTS = "no weight"
MOST_NAMED = 5

QUESTION_NUMBER = re.compile(r"^\s*(?:第?\s*\d+\s*[题.、:：)）]|[Qq]\d+[.、:：)）\s])\s*")

ScaleLike = tuple[int, int] | str | Sequence[str] | Scale
"""(lowest, highest), the id of a shipped label list, labels from the lowest to the highest, or a scale."""


@dataclass(frozen=True)
class _Meaning:
    """What the distinct texts of one item's column mean, in step with `RawColumn.distinct`."""

    codes: NDArray[np.int8]
    values: NDArray[np.float64]
    read_as: tuple[float | str, ...]
    """The answer as given, before turning, or the reason of silence."""
    is_measured: bool
    """Whether the item has no categories: a quantity, or a scale of very many answers."""
    notes: tuple[Text, ...] = ()

    def lookup(self) -> NDArray[np.int8]:
        """Position of a text, -1 for an empty cell, to the code."""
        return np.append(self.codes, np.int8(NO_ANSWER))


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
    reader = _Reader(table)
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
            missing_items={i.id: _closest_column(i, unused) for i in instrument.items if i.id not in matched},
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
    item: str, column: str, raw: RawColumn, meaning: _Meaning, rows: Any, numbers: NDArray[np.int32]
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
    table: RawTable, matched: Mapping[str, str], meanings: Mapping[str, _Meaning]
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


# ------------------------------------------------------------------------------------------ columns


def match_columns(table: RawTable, instrument: Instrument) -> dict[str, str]:
    """Item id to column: by id or alias as written, then folded, then by the question's wording.

    Raises
    ------
    BadInput : a name fits two columns, or a column two items.
    """
    finder = _Finder(table)
    matched: dict[str, str] = {}
    taken: dict[str, str] = {}
    for item in instrument.items:
        column = finder.find((item.id, *item.aliases), (item.text.en, item.text.zh), what=f"item {item.id}")
        if column is None:
            continue
        if column in taken:
            raise BadInput(
                f"column '{column}' answers two items, {taken[column]} and {item.id}",
                where=table.source,
                do=f"Remove the alias from one of them in {instrument.path or instrument.id}",
            )
        taken[column] = item.id
        matched[item.id] = column
    return matched


class _Finder:
    """Columns by every name they can be asked for, the surer names first."""

    def __init__(self, table: RawTable) -> None:
        self._table = table
        self._folded: dict[str, list[str]] = {}
        self._worded: dict[str, list[str]] = {}
        for name in table.columns:
            answers = table.roles.get(name, "") in ("", "embedded", "write-in")
            for form in (name, QUESTION_NUMBER.sub("", name)) if answers else (name,):
                _add(self._folded, form, name)
            for form in (*table.also.get(name, ()), table.questions.get(name, "")) if answers else ():
                _add(self._worded, form, name)
        for header in table.repeated_headers:
            _add(self._folded, f"{header} (1)", header)

    def find(self, names: Sequence[str], wordings: Sequence[str] = (), *, what: str = "") -> str | None:
        """The column some name stands for, None when there is none.

        Raises
        ------
        BadInput : the name stands for several columns.
        """
        for name in names:
            if name in self._table.columns:
                return self._only(name, self._copies(name), what)
        for forms in (self._folded, self._worded):
            for name in (*names, *wordings):
                if name and (found := forms.get(fold(name))):
                    return self._only(name, found, what)
        return None

    def _copies(self, name: str) -> list[str]:
        """The columns of one header."""
        if name not in self._table.repeated_headers:
            return [name]
        copy = re.compile(re.escape(name) + r" \(\d+\)")
        return [name, *(c for c in self._table.columns if copy.fullmatch(c))]

    def _only(self, name: str, found: Sequence[str], what: str) -> str:
        columns = [self._table.columns[c] for c in found]
        if len(found) == 1 or all(_are_equal(columns[0], c) for c in columns[1:]):
            return found[0]
        where = f"{self._table.source}, {what}" if what else self._table.source
        if found[0] == name and name in self._table.repeated_headers:
            raise BadInput(
                f"{len(found)} columns are called '{name}'",
                where=where,
                right="A name should stand for one column",
                do=f"Rename one in the file, or say which by its place: '{name} (1)' or '{found[1]}'",
            )
        raise BadInput(
            f"'{name}' could be {' or '.join(repr(c) for c in found[:MOST_NAMED])}",
            where=where,
            right="A name should stand for one column",
            do="Give the column's full name",
        )


def _are_equal(a: RawColumn, b: RawColumn) -> bool:
    return set(a.distinct) == set(b.distinct) and a.texts() == b.texts()


def _add(forms: dict[str, list[str]], form: str, name: str) -> None:
    if form and name not in (known := forms.setdefault(fold(form), [])):
        known.append(name)


def find_column(table: RawTable, name: str) -> str | None:
    """The column of that name, compared as items are; None when there is none."""
    return _Finder(table).find((name,)) if name else None


def _closest_column(item: Item, columns: Sequence[str]) -> str:
    """The unused column most like the item's names, or an empty string."""
    return next((c for n in (item.id, *item.aliases) if (c := closest(n, columns))), "")


# -------------------------------------------------------------------------------------------- texts


class _Reader:
    """Looks up what the texts of a table mean: each distinct text of a column once."""

    def __init__(self, table: RawTable) -> None:
        self._table = table
        self._words = silence_words()
        self._usual = {fold(code): reason for code, reason in table.usual_silences.items()}
        self._labels: dict[int, dict[str, int]] = {}

    def _label_codes(self, scale: Scale | None) -> dict[str, int]:
        if scale is None:
            return {}
        if id(scale) not in self._labels:
            self._labels[id(scale)] = label_codes(scale)
        return self._labels[id(scale)]

    def meaning(self, raw: RawColumn, item: Item, column: str) -> _Meaning:
        """The codes of an item's texts.

        In this order: the instrument's own codes for silence, codes the file's dictionary declares
        missing, an answer on the scale (number, label), silence by the file's label, by words, by the
        platform's codes; else INVALID.
        """
        table, scale = self._table, item.scale
        no_answer = {_plain(c) for c in item.no_answer}
        not_applicable = {_plain(c) for c in item.not_applicable}
        declared, file_labels = table.silent_codes.get(column, {}), table.value_labels.get(column, {})
        labels = self._label_codes(scale)
        by_label, notes = self._by_file_label(item, column, file_labels, declared, labels)
        prefix, note = self._prefix(raw, item, column)
        notes += note
        codes = np.full(len(raw.distinct), INVALID, dtype=np.int8)
        values = np.full(len(raw.distinct), np.nan)
        read_as: list[float | str] = []
        for at, text in enumerate(raw.distinct):
            plain = _plain(text, table.decimal)
            answer: float | None = None
            reason = "INVALID"
            if plain in no_answer:
                reason = "NO_ANSWER"
            elif plain in not_applicable:
                reason = "NOT_APPLICABLE"
            elif text in declared:
                reason = declared[text] or "NO_ANSWER"
            else:
                answer = self._answer(text, plain, scale, labels, by_label, prefix)
                if answer is None:
                    reason = (
                        self._words.get(fold(file_labels.get(text, "\0")))
                        or self._words.get(plain)
                        or self._words.get(fold(text))
                        or self._usual.get(plain)
                        or "INVALID"
                    )
            if answer is None:
                codes[at] = SILENCES[reason]
                read_as.append(reason)
                continue
            turned = answer if scale is None or not item.turned else scale.minimum + scale.maximum - answer
            codes[at] = int(turned) - scale.minimum if scale is not None and has_categories(scale) else 0
            values[at] = turned
            read_as.append(answer)
        return _Meaning(codes, values, tuple(read_as), not has_categories(scale), tuple(notes))

    def _answer(
        self,
        text: str,
        plain: str,
        scale: Scale | None,
        labels: Mapping[str, int],
        by_label: Mapping[str, int],
        prefix: str,
    ) -> float | None:
        """The answer a text gives, as the respondent gave it; None when it gives none on the scale."""
        number = number_of(plain)
        if scale is None:  # a quantity has no ends that -2 could lie outside of: the platform is believed
            return None if plain in self._usual else number
        if text in by_label:
            return float(by_label[text])
        if number is None and prefix and plain.startswith(prefix.casefold()):
            number = number_of(plain[len(prefix) :])
        if number is None:
            code = labels.get(plain)
            code = answer_code(text, scale, codes=labels) if code is None else code
            number = None if code is None else float(code)
        if number is None or not scale.minimum <= number <= scale.maximum:
            return None
        return number if number.is_integer() or not has_categories(scale) else None

    def _by_file_label(
        self,
        item: Item,
        column: str,
        file_labels: Mapping[str, str],
        declared: Mapping[str, str],
        labels: Mapping[str, int],
    ) -> tuple[dict[str, int], list[Text]]:
        """Codes by the labels of the file's own dictionary, where these are the instrument's and the
        numbers are not.

        A file may count from 0, or from the best answer down: then the words say what was answered.
        """
        if item.scale is None or not item.scale.labels:
            return {}, []
        worded = {
            code: label
            for code, label in file_labels.items()
            if code not in declared and fold(label) not in self._words and number_of(fold(label)) is None
        }
        found = {code: labels[fold(label)] for code, label in worded.items() if fold(label) in labels}
        differing = {code: label for code, label in found.items() if number_of(code) != label}
        if not differing:
            return {}, []
        shown = {code: worded[code] for code in list(differing)[:3]}
        en = ", ".join(f"{code} ('{label}') as {found[code]}" for code, label in shown.items())
        zh = "、".join(f"{code}（“{label}”）读作 {found[code]}" for code, label in shown.items())
        if len(found) < len(worded) or len(set(found.values())) < len(found):
            return {}, [
                Text(
                    f"{column}: the file labels its codes otherwise than the instrument (by its labels: "
                    f"{en}); the numbers "
                    "were believed: check the direction of the scale",
                    f"{column}：文件中的标签与问卷不一致（按标签应：{zh}）；此处按数字读取，请核对量表方向",
                )
            ]
        return found, [
            Text(
                f"{column}: the file's codes are not the instrument's, its labels are: read by label, {en}",
                f"{column}：文件的编码与问卷不同而标签相同，按标签读取：{zh}",
            )
        ]

    def _prefix(self, raw: RawColumn, item: Item, column: str) -> tuple[str, list[Text]]:
        """The letters before numbers such as A1..A5, when every number behind them is on the scale."""
        prefix, scale = self._table.lettered.get(column, ""), item.scale
        if not prefix or scale is None:
            return "", []
        numbers = [
            n for t in raw.few() if t.startswith(prefix) and (n := number_of(t[len(prefix) :])) is not None
        ]
        if not numbers or not all(scale.minimum <= n <= scale.maximum for n in numbers):
            return "", []
        return prefix, [
            Text(
                f"codes such as {prefix}{scale.minimum} are read as {scale.minimum}, as the scale of the "
                "instrument runs "
                f"from {scale.minimum} to {scale.maximum}: check that {prefix}{scale.minimum} is its "
                "lowest answer",
                f"形如 {prefix}{scale.minimum} 的编码读作 {scale.minimum}，因为问卷量表为 {scale.minimum} 至 "
                f"{scale.maximum}：请核对 {prefix}{scale.minimum} 是否为最低的答案",
            )
        ]


def _plain(text: str, decimal: str = ".") -> str:
    """Folded, and a whole number without its decimals, so that `6`, `6.0` and full-width 6 agree."""
    folded = fold(text)
    number = number_of(folded, decimal)
    if number is None:
        return folded
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return folded.replace(",", ".", 1) if decimal == "," else folded


def _nothing_valid(
    table: RawTable, instrument: Instrument, matched: Mapping[str, str], meanings: Mapping[str, _Meaning]
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
    known = {_plain(k): k for k in codes}
    by_label = {fold(w): k for k, t in codes.items() for w in (t.en, t.zh) if w}
    silent = {_plain(c) for c in segment.no_answer} if segment else set()
    words = silence_words()
    declared = table.silent_codes.get(column, {})
    out: list[str | None] = []
    unknown: list[str] = []
    for text in raw.distinct:
        plain, label = _plain(text, table.decimal), file_labels.get(text, text)
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


# ---------------------------------------------------------------------------- without an instrument


def ad_hoc_instrument(
    table: RawTable,
    *,
    items: Sequence[str] | None = None,
    scale: ScaleLike | Mapping[str, ScaleLike] | None = None,
    constructs: Mapping[str, Sequence[str]] | None = None,
) -> Instrument:
    """An instrument for a bare table: the items named (default: every column of numbers), one scale for all.

    Parameters
    ----------
    items : columns, by name or by another name they are known by. Default: the columns of numbers; with a
        scale, those whose answers mostly lie on it.
    scale : (lowest, highest), the id of a shipped label list, labels from the lowest to the highest, or
        these by item. Without a scale the items are measured quantities: bounds never come from the
        largest answer seen.
    constructs : name to items; default: one of all items.

    Raises
    ------
    BadInput : the scale is none, or no column holds numbers. UnknownName : a column that is not there.
    """
    by_item = {k: _scale(v, k) for k, v in scale.items()} if isinstance(scale, Mapping) else {}
    common = _scale(scale, "scale") if scale is not None and not isinstance(scale, Mapping) else None
    if items is None:
        members = [i for named in constructs.values() for i in named] if constructs else []
        wanted = members or list(by_item) or _answer_columns(table, common)
    else:
        wanted = list(items)
    wanted = list(dict.fromkeys(wanted))
    finder = _Finder(table)
    for name in (*wanted, *(constructs or {}).values()):
        for column in [name] if isinstance(name, str) else name:
            if finder.find((column,)) is None:
                raise UnknownName("column", column, table.columns, where=table.source)
    if not wanted:
        raise BadInput(
            "no column holds numbers" + (f" from {common.minimum} to {common.maximum}" if common else ""),
            where=table.source,
            do="Name the items (items=[...]) and their scale, or give an instrument with the labels",
        )
    blocks = constructs or {"all": wanted}
    scales = {s.id: s for s in (common, *by_item.values()) if s is not None}
    return Instrument(
        id="ad hoc",
        version="",
        title=Text("Items of a table", "数据表中的题项"),
        items=tuple(
            Item(name, Text(table.questions.get(name, name)), by_item.get(name, common)) for name in wanted
        ),
        constructs=tuple(Construct(c, Text(c), tuple(own)) for c, own in blocks.items()),
        scales=tuple(scales.values()),
    )


def _scale(given: ScaleLike, id: str) -> Scale:
    if isinstance(given, Scale):
        return given
    if isinstance(given, str):
        size = len(label_set(given, where="scale").labels)
        return Scale(id, 1, size, set_labels(given, minimum=1, maximum=size, higher_is="better"))
    ends = tuple(given)
    if len(ends) > 1 and all(isinstance(e, str) for e in ends):
        return Scale(id, 1, len(ends), {at: Text(str(e)) for at, e in enumerate(ends, start=1)})
    try:
        low, high = (int(str(e)) for e in ends)
    except (TypeError, ValueError):
        low, high = 0, 0
    if low >= high:
        raise BadInput(
            f"scale {', '.join(map(str, ends))} is not a scale",
            right="It is the lowest and the highest answer, such as 1, 5, or the labels from the lowest to "
            "the highest",
        )
    return Scale(id, low, high)


def _answer_columns(table: RawTable, scale: Scale | None) -> list[str]:
    """Columns of numbers; with a scale, those of which at least half of the numbers are answers on it."""
    words = silence_words()
    found = []
    for name, raw in table.columns.items():
        if table.roles.get(name):
            continue
        texts = raw.distinct
        numbers = [number_of(fold(t), table.decimal) for t in texts]
        if not any(n is not None for n in numbers):
            continue
        if any(
            n is None and fold(t) not in words and t not in table.usual_silences
            for t, n in zip(texts, numbers, strict=True)
        ):
            continue
        if scale is not None:
            counts = raw.counts()
            fits = [n is not None and scale.minimum <= n <= scale.maximum and n.is_integer() for n in numbers]
            if 2 * _sum(counts, fits) < _sum(counts, [n is not None for n in numbers]):
                continue
        found.append(name)
    return found


def _sum(counts: Iterable[Any], which: Iterable[bool]) -> int:
    return sum(int(n) for n, w in zip(counts, which, strict=True) if w)
