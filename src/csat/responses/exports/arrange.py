"""From the cells of a file to a table of answers: its layout, its columns, the rows that stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from csat.errors import BadInput, UnknownName, listed
from csat.language import Text
from csat.responses.exports.choices import choices_of
from csat.responses.exports.google_forms import GOOGLE_FORMS
from csat.responses.exports.layout import (
    ANSWER,
    EMBEDDED,
    PRIVATE,
    RESPONDENT,
    SEPARATED,
    WRITE_IN,
    Export,
    Found,
    Head,
    Heading,
    Layout,
    Mask,
    Multiple,
    Reading,
)
from csat.responses.exports.limesurvey import LIMESURVEY
from csat.responses.exports.plain import PLAIN
from csat.responses.exports.privacy import holds_addresses, kind_of
from csat.responses.exports.qualtrics import LEGACY, QUALTRICS
from csat.responses.exports.surveymonkey import SURVEYMONKEY
from csat.responses.exports.wenjuanxing import WENJUANXING
from csat.responses.heading import has_second_row, rows_above
from csat.responses.raw import Choices, RawColumn, RawTable, tidy, unique_names

PLATFORMS = (QUALTRICS, LEGACY, SURVEYMONKEY, LIMESURVEY, GOOGLE_FORMS, WENJUANXING)
LAYOUTS: dict[str, Layout] = {layout.id: layout for layout in (*PLATFORMS, PLAIN)}
"""Every layout, by the name `layout=` takes."""
HEADER_ROWS = {"qualtrics": 3, "qualtrics_legacy": 2, "surveymonkey": 2}
"""Of a layout that is named although nothing gives it away."""

MOST_SHOWN = 120
"""Characters of the titles above the column names that are shown."""
KEPT_KEYS = 200
"""Respondents named for each reason rows are left out; all are counted."""
SHORT_CODES = 25
"""Distinct short numbers a column may hold and still be a rating."""
EMPTY = "empty"
BLANK = "blank row"
TOTAL = "total row"
TOTAL_WORDS = {
    "total",
    "totals",
    "sum",
    "average",
    "mean",
    "grand total",
    "合计",
    "总计",
    "平均",
    "平均值",
    "小计",
}
REPEATS_SHOWN, REPEATS_SOUGHT = 3, 30
REPEATED = {
    "respondent": Text("respondent", "受访者编号"),
    "e-mail": Text("e-mail address", "电子邮件地址"),
    "IP": Text("IP address", "IP 地址"),
}


@dataclass(frozen=True)
class Wanted:
    """What the caller asks of the answers beside the file itself."""

    layout: str | None = None
    keep_private: Collection[str] | bool = False
    keep_rows: Collection[str] = ()
    """Reasons for which rows are left out by default and are now kept, such as 'unfinished'."""
    options: Mapping[str, Sequence[str]] | None = None
    """Question to the labels of its options, where several are joined in one cell."""
    used: Callable[[str], bool] | None = None
    """Whether the instrument uses a column of that name; None: not known."""

    def keeps_private(self, name: str) -> bool:
        """Whether a private column stays."""
        if isinstance(self.keep_private, bool):
            return self.keep_private or (self.used is not None and self.used(name))
        return name in self.keep_private or (self.used is not None and self.used(name))


def tidy_head(records: Sequence[Sequence[str | None]]) -> list[list[str]]:
    """The first records with every cell on one line."""
    return [[tidy(c) for c in record] for record in records]


def recognise(head: Head, wanted: str | None, *, where: str) -> tuple[Layout, Found]:
    """The layout of a file from its first records, and how many rows stand above its header.

    Raises
    ------
    BadInput : two layouts fit. UnknownName : the layout named does not exist.
    """
    above = rows_above(head)
    layout, found = _recognised(head[above:], wanted, where)
    if layout is PLAIN and has_second_row(head[above:]):
        found = Found(2, f"{found.evidence}; the names stand in two rows, as below merged cells")
    return layout, replace(found, above=above)


def _recognised(head: Head, wanted: str | None, where: str) -> tuple[Layout, Found]:
    if wanted is not None:
        if wanted not in LAYOUTS:
            raise UnknownName("layout", wanted, LAYOUTS, where=where)
        found = LAYOUTS[wanted].signature(head)
        return LAYOUTS[wanted], found or Found(HEADER_ROWS.get(wanted, 1), "named by the caller")
    fitting = [(layout, found) for layout in PLATFORMS if (found := layout.signature(head)) is not None]
    if len(fitting) > 1:
        raise BadInput(
            f"the file could be {' or '.join(f'{kind.title} ({f.evidence})' for kind, f in fitting)}",
            where=where,
            do=f"Say which with --layout: {listed([layout.id for layout, _ in fitting])}",
        )
    return fitting[0] if fitting else (PLAIN, Found(1, "nothing gives a platform away"))


def name_columns(layout: Layout, found: Found, head: Head) -> tuple[list[str], list[Heading], list[Text]]:
    """A unique name and a heading for each column, and notes on headers that were empty or repeated."""
    headings = layout.headings(head, found.header_rows)
    names, notes = unique_names([h.header for h in headings])
    return names, headings, notes


def arrange(
    layout: Layout, found: Found, head: Head, columns: Sequence[RawColumn], wanted: Wanted, **source: Any
) -> RawTable:
    """The table of answers of a file whose columns were read below its header rows.

    Parameters
    ----------
    columns : one for each column of the header; a column without rows was not kept.
    source : fields of `RawTable` that say where the cells come from.
    """
    titles, head = head[: found.above], head[found.above :]
    names, headings, notes = name_columns(layout, found, head)
    if titles:
        notes.insert(0, _above(titles))
    rows = max((len(c) for c in columns), default=0)
    notes = [*source.pop("notes", ()), *notes]
    row_numbers = source.pop("row_numbers", None)
    counted = row_numbers is None
    row_numbers = np.arange(1, rows + 1, dtype=np.int32) if row_numbers is None else row_numbers
    unkept = tuple(n for n, c in zip(names, columns, strict=True) if not len(c) and rows)
    kept: dict[str, RawColumn] = {}
    said: dict[str, Heading] = {}
    for name, heading, column in zip(names, headings, columns, strict=True):
        if not heading.header and not column.filled().any():
            if rows:
                notes.append(
                    Text(
                        f"{name} has neither a header nor a cell and is left out",
                        f"{name} 既无表头也无内容，已略去",
                    )
                )
        elif name not in unkept:
            kept[name], said[name] = column, heading
    said = _private_by_content(kept, said, plain=layout is PLAIN)
    export = Export(kept, said, rows)
    reading = Reading()
    layout.study(export, reading)
    keep, dropped, dropped_keys = _filter(export, reading, layout, wanted, row_numbers)
    notes += reading.notes + _repeats(export, keep, row_numbers)
    choices = _choices(export, reading, wanted, notes)
    if not keep.all():
        for name in list(kept):
            kept[name] = kept[name].where(keep)
        choices = {q: c.where(keep) for q, c in choices.items()}
    private = tuple(n for n, h in said.items() if h.role == PRIVATE and not wanted.keeps_private(n))
    public = {n: c for n, c in kept.items() if n not in private}
    respondent = export.named(RESPONDENT)
    return RawTable(
        public,
        int(keep.sum()),
        layout=layout.id,
        evidence=found.evidence,
        tells_answers=layout is not PLAIN,
        header_rows=found.header_rows,
        rows_read=rows,
        row_numbers=None if counted and keep.all() else row_numbers[keep],
        dropped=dropped,
        dropped_keys=dropped_keys,
        questions={n: h.wording for n, h in said.items() if n in public and h.wording and h.wording != n},
        stems={n: (h.stem, h.part) for n, h in said.items() if n in public and h.stem and h.part},
        also={n: also for n, h in said.items() if n in public and (also := _also(n, h))},
        usual_silences=reading.silences,
        lettered=reading.lettered,
        roles={n: h.role for n, h in said.items() if n in public and h.role != ANSWER},
        choices=choices,
        private=private,
        unkept=unkept,
        empty_columns=tuple(
            n for n, c in public.items() if said[n].role in (ANSWER, EMBEDDED) and not c.filled().any()
        ),
        repeated_headers=tuple(
            dict.fromkeys(h.header for n, h in said.items() if h.header and h.header != n)
        ),
        respondent=respondent,
        seconds=None if reading.seconds is None else reading.seconds[keep],
        submitted=None if reading.submitted is None else reading.submitted[keep],
        notes=tuple(notes),
        **source,
    )


def _above(titles: Head) -> Text:
    shown = " | ".join(c for row in titles for c in row if c)[:MOST_SHOWN]
    return Text(
        "rows above the column names, left out: {n} ({shown})", "列名上方略去的行数：{n}（{shown}）"
    ).fill(n=len(titles), shown=shown or Text("empty", "空白"))


def _also(name: str, heading: Heading) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a for a in heading.also if a and a != name))


def _private_by_content(
    columns: Mapping[str, RawColumn], said: Mapping[str, Heading], *, plain: bool
) -> dict[str, Heading]:
    """Headings in which a column of addresses is private whatever it is called, and one of ratings is not."""
    out = {}
    for name, heading in said.items():
        kind = holds_addresses(columns[name]) if heading.role in (ANSWER, EMBEDDED, WRITE_IN) else ""
        out[name] = (
            replace(heading, role=PRIVATE, option="e-mail" if kind == "e-mail" else "") if kind else heading
        )
        if plain and heading.role == PRIVATE and (texts := columns[name].few(SHORT_CODES)):
            # a column 'phone' of 1 to 5 rates the telephone
            rated = all(re.fullmatch(r"-?\d{1,2}(?:\.0)?", t) for t in texts)
            out[name] = replace(heading, role=ANSWER) if rated else heading
    return out


# --------------------------------------------------------------------------------------------- rows


def _filter(
    export: Export, reading: Reading, layout: Layout, wanted: Wanted, row_numbers: np.ndarray[Any, Any]
) -> tuple[Mask, dict[str, int], dict[str, tuple[str, ...]]]:
    """Which rows stay, and for those that go their reason, count and respondents; the first reason counts."""
    keep = np.ones(export.rows, dtype=bool)
    dropped: dict[str, int] = {}
    keys: dict[str, tuple[str, ...]] = {}
    names = export.of(RESPONDENT)
    reasons: list[tuple[str, Callable[[], Mask]]] = [
        (BLANK, lambda: _without(export, list(export.columns), ())),
        (TOTAL, lambda: _totals(export)),
        *((reason, lambda mask=mask: mask) for reason, mask in reading.out.items()),
    ]
    if layout is not PLAIN:
        answers = [n for n, h in export.headings.items() if h.role in (ANSWER, WRITE_IN)]
        left = [code for code, why in reading.silences.items() if why == "NO_ANSWER"]
        reasons.append((EMPTY, lambda: _without(export, answers, left)))
    for reason, out in reasons:
        if reason in wanted.keep_rows:
            continue
        lost = np.flatnonzero(keep & out())
        if len(lost):
            dropped[reason] = len(lost)
            shown = lost[:KEPT_KEYS]
            keys[reason] = tuple(
                (names.text(int(r)) if names is not None else None) or f"row {row_numbers[r]}" for r in shown
            )
            keep[lost] = False
    return keep, dropped, keys


def _without(export: Export, names: Sequence[str], silences: Collection[str]) -> Mask:
    """Rows in which none of the columns holds an answer."""
    empty = np.ones(export.rows, dtype=bool)
    for name in names:
        if not empty.any():
            break
        column = export.columns[name]
        some = bool(silences) and any(s in silences for s in column.few())
        empty &= ~(column.is_one_of(lambda t: t not in silences) if some else column.filled())
    return empty


def _totals(export: Export) -> Mask:
    """The last row, when it starts with a word such as Total and so is no respondent."""
    out = np.zeros(export.rows, dtype=bool)
    if export.rows > 1:
        first = next((t for c in export.columns.values() if (t := c.text(export.rows - 1))), "")
        out[-1] = first.casefold().rstrip(":：") in TOTAL_WORDS
    return out


def _repeats(export: Export, keep: Mask, row_numbers: np.ndarray[Any, Any]) -> list[Text]:
    """Cautions on a respondent, e-mail or address that stands in several of the rows kept."""
    notes: list[Text] = []
    for name, heading in export.headings.items():
        what = REPEATED["respondent"] if heading.role == RESPONDENT else None
        if heading.role == PRIVATE:
            what = REPEATED.get("e-mail" if heading.option == "e-mail" else kind_of(heading.header))
        if what is None:
            continue
        column = export.columns[name].where(keep)
        if not column.has_repeats():
            continue
        several = np.flatnonzero(column.counts() > 1)
        numbers = row_numbers[keep]
        groups = sorted(numbers[column.index == k].tolist() for k in several[:REPEATS_SOUGHT])[:REPEATS_SHOWN]
        rest = len(several) - REPEATS_SHOWN
        if groups:
            notes.append(
                Text(
                    f"same {what.en} in rows "
                    + "; ".join(
                        " and ".join(map(str, rows[:3])) + (" and others" if rows[3:] else "")
                        for rows in groups
                    )
                    + (f"; {rest} more stand in several rows" if rest > 0 else ""),
                    f"相同的{what.zh}出现在第 "
                    + "；".join(
                        "、".join(map(str, rows[:3])) + (" 等" if rows[3:] else "") for rows in groups
                    )
                    + f" 行{f'；另有 {rest} 个也重复出现' if rest > 0 else ''}",
                )
            )
    return notes


# ---------------------------------------------------------------------------------- several answers


def _choices(export: Export, reading: Reading, wanted: Wanted, notes: list[Text]) -> dict[str, Choices]:
    options = dict(wanted.options or {})
    found = dict(reading.multiple)
    for question in options:
        if question not in found:
            column = next(
                (n for n, h in export.headings.items() if question in (n, h.question, h.stem)), None
            )
            if column is None:
                raise UnknownName("question", question, export.questions() or export.columns, where="options")
            separator = _separator(export.columns[column], options[question])
            found[question] = Multiple(SEPARATED, (column,), separator=separator)
    out = {}
    for question, multiple in found.items():
        made, note = choices_of(
            question, multiple, export, reading.silences, tuple(options.get(question, ()))
        )
        if note:
            notes.append(note)
        if made is not None:
            out[question] = made
    return out


def _separator(column: RawColumn, labels: Sequence[str]) -> str:
    """The separator that leaves most known labels over."""
    known = set(labels)

    def met(separator: str) -> int:
        return sum(piece.strip() in known for t in column.distinct for piece in re.split(separator, t))

    return max((r"┋", r";\s*", r",\s*", r"\|", r"、"), key=met)


def head_of(columns: Sequence[RawColumn], rows: int) -> list[list[str]]:
    """The first records of a table held as columns."""
    depth = min(rows, max((len(c) for c in columns), default=0))
    return tidy_head([[c.text(r) for c in columns] for r in range(depth)])
