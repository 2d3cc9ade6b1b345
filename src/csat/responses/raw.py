"""Cells as a file holds them: each column as its distinct texts and where they stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RawColumn:
    """distinct : the texts that occur. index : (n,) position of each row's text, -1 for an empty cell."""

    distinct: tuple[str, ...]
    index: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.index)

    def text(self, row: int) -> str | None:
        """The text of one cell, None when empty."""
        at = int(self.index[row])
        return self.distinct[at] if at >= 0 else None

    def texts(self) -> list[str | None]:
        """All cells."""
        return [self.distinct[i] if i >= 0 else None for i in self.index]

    def counts(self) -> NDArray[np.int64]:
        """Occurrences of each distinct text."""
        return np.bincount(self.index[self.index >= 0], minlength=len(self.distinct)).astype(np.int64)

    def where(self, keep: NDArray[Any]) -> RawColumn:
        """The column of some rows."""
        return RawColumn(self.distinct, self.index[keep])

    def pruned(self) -> RawColumn:
        """The column without texts that no longer occur."""
        used = np.flatnonzero(self.counts())
        place = np.full(len(self.distinct) + 1, -1, dtype=np.int32)
        place[used] = np.arange(len(used), dtype=np.int32)
        return RawColumn(tuple(self.distinct[i] for i in used), place[self.index])

    @classmethod
    def of(cls, cells: Iterable[object]) -> RawColumn:
        """Cells of any type as text; None, NaN and blank text are empty."""
        place: dict[str, int] = {}
        index = [-1 if (t := cell_text(c)) is None else place.setdefault(t, len(place)) for c in cells]
        return cls(tuple(place), np.array(index, dtype=np.int32))

    @classmethod
    def of_numbers(cls, values: NDArray[Any]) -> RawColumn:
        """A numeric array as text, through its distinct values; NaN is empty."""
        known = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=bool)
        distinct, inverse = np.unique(values[known], return_inverse=True)
        index = np.full(len(values), -1, dtype=np.int32)
        index[known] = inverse
        return cls(tuple(number_text(v) for v in distinct.tolist()), index)


def number_text(value: float | int | bool) -> str:
    """A number as a file would write it: workbook readers return 5.0 for a cell that shows 5."""
    if isinstance(value, bool):
        return str(value)
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def cell_text(cell: object) -> str | None:
    """The text of a cell of any type, stripped; None when there is nothing in it."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return None
    if isinstance(cell, bool | int | float):
        return number_text(cell)
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat(sep=" ") if isinstance(cell, dt.datetime) else cell.isoformat()
    return str(cell).strip() or None


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table of texts with what is known of its source.

    headers : as the file has them. columns : by unique name (a repeated header gets a suffix).
    value_labels : column to {text of a code: label}, where the file carries a dictionary.
    silent_codes : column to the codes the file itself declares missing.
    """

    columns: Mapping[str, RawColumn]
    rows: int
    source: str = ""
    sha256: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    layout: str = "plain"
    value_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    questions: Mapping[str, str] = field(default_factory=dict)
    """Column to the wording the file carries for it."""
    silent_codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    row_numbers: NDArray[np.int64] | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def unique_names(headers: Sequence[str | None]) -> tuple[list[str], list[str]]:
    """Names for the columns, and a note for every header that was empty or repeated."""
    names: list[str] = []
    notes: list[str] = []
    seen: set[str] = set()
    for at, header in enumerate(headers, start=1):
        name = " ".join((header or "").split()) or f"column {at}"
        if name in seen:
            copy = 2
            while f"{name} ({copy})" in seen:
                copy += 1
            notes.append(f"the header '{name}' stands more than once: column {at} is read as '{name} ({copy})'")
            name = f"{name} ({copy})"
        seen.add(name)
        names.append(name)
    return names, notes
