"""Which column of a table answers to a name: as written, folded, or by the wording of its question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from csat.errors import BadInput, closest
from csat.instrument.instrument import Instrument, Item
from csat.instrument.labels import fold
from csat.responses.raw import RawColumn, RawTable

MOST_NAMED = 5
QUESTION_NUMBER = re.compile(r"^\s*(?:第?\s*\d+\s*[题.、:：)）]|[Qq]\d+[.、:：)）\s])\s*")


def match_columns(table: RawTable, instrument: Instrument) -> dict[str, str]:
    """Item id to column: by id or alias as written, then folded, then by the question's wording.

    Raises
    ------
    BadInput : a name fits two columns, or a column two items.
    """
    finder = ColumnFinder(table)
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


class ColumnFinder:
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
    return ColumnFinder(table).find((name,)) if name else None


def closest_column(item: Item, columns: Sequence[str]) -> str:
    """The unused column most like the item's names, or an empty string."""
    return next((c for n in (item.id, *item.aliases) if (c := closest(n, columns))), "")
