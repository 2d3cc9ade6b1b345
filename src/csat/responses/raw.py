"""Cells as a file holds them: each column as its distinct texts and where they stand."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.language import Text

Index = NDArray[np.int8] | NDArray[np.int16] | NDArray[np.int32]

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")


class RawColumn:
    """distinct : the texts that occur. index : (n,) position of each row's text, -1 for an empty cell.

    The index is of the smallest integer type that holds the positions: a column of few answers takes a
    byte a row.
    """

    def __init__(self, distinct: Sequence[str], index: NDArray[Any]) -> None:
        self._distinct = tuple(distinct)
        self._index: Index = index.astype(index_type(len(self._distinct)), copy=False)

    @property
    def distinct(self) -> tuple[str, ...]:
        """The texts that occur."""
        return self._distinct

    @property
    def index(self) -> Index:
        """(n,) position of each row's text in `distinct`, -1 for an empty cell."""
        return self._index

    def __len__(self) -> int:
        return len(self.index)

    def __repr__(self) -> str:
        return f"RawColumn({len(self)} rows, {len(self.distinct)} distinct)"

    def text(self, row: int) -> str | None:
        """The text of one cell, None when empty."""
        at = int(self.index[row])
        return self.distinct[at] if at >= 0 else None

    def texts(self) -> list[str | None]:
        """All cells."""
        return [self.distinct[i] if i >= 0 else None for i in self.index]

    def counts(self) -> NDArray[np.int64]:
        """Occurrences of each distinct text."""
        return counts_of(self.index, len(self.distinct))

    def few(self, most: int = 2000) -> tuple[str, ...]:
        """The distinct texts when there are at most that many, else none: comments are no list of codes."""
        return self.distinct if len(self.distinct) <= most else ()

    def has_repeats(self) -> bool:
        """Whether a text stands in more than one row."""
        return bool(self.counts().max(initial=0) > 1)

    def filled(self) -> NDArray[np.bool_]:
        """(n,) whether there is anything in the cell."""
        return np.asarray(self.index >= 0)

    def where(self, keep: NDArray[Any] | slice) -> RawColumn:
        """The column of some rows."""
        return RawColumn(self.distinct, self.index[keep])

    def pruned(self) -> RawColumn:
        """The column without texts that no longer occur."""
        counts = self.counts()
        if counts.all():
            return self
        used = np.flatnonzero(counts)
        place = np.full(len(self.distinct) + 1, -1, dtype=np.int32)
        place[used] = np.arange(len(used), dtype=np.int32)
        return RawColumn(tuple(self.distinct[i] for i in used), place[self.index])

    def is_one_of(self, wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
        """(n,) whether the cell's text is wanted; False where empty. Each text is asked about once."""
        return np.array([*(wanted(t) for t in self.distinct), False], dtype=bool)[self.index]

    def numbers(self, decimal: str = ".") -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(n,) cells as numbers, NaN where there is none, and (n,) whether a text is no number."""
        found = [number_of(t, decimal) for t in self.distinct]
        values = np.array([np.nan if f is None else f for f in found] + [np.nan])[self.index]
        wrong = np.array([f is None for f in found] + [False])[self.index]
        return values, wrong

    @classmethod
    def of(cls, cells: Iterable[object]) -> RawColumn:
        """Cells of any type as text; None, NaN and blank text are empty."""
        cells = cells if isinstance(cells, list | tuple) else list(cells)
        if set(map(type, cells)) <= {float, type(None)}:
            return cls.of_numbers(np.array(cells, dtype=float))
        place: dict[str, int] = {}
        met: dict[Any, int] = {}
        index = []
        for cell in cells:
            key = (cell.__class__, cell)  # 1, 1.0 and True are equal, but not the same text
            try:
                index.append(met[key])
                continue
            except KeyError:
                pass
            except TypeError:  # a list in a cell
                key = (str, str(cell))
            text = cell_text(cell)
            at = met[key] = -1 if text is None else place.setdefault(text, len(place))
            index.append(at)
        return cls(tuple(place), np.array(index, dtype=np.int32))

    @classmethod
    def of_numbers(cls, values: NDArray[Any]) -> RawColumn:
        """A numeric array as text, through its distinct values; NaN is empty."""
        known = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=bool)
        distinct, inverse = np.unique(values[known], return_inverse=True)
        index = np.full(len(values), -1, dtype=np.int32)
        index[known] = inverse
        return cls(tuple(number_text(v) for v in distinct.tolist()), index)


class ArrowColumn(RawColumn):
    """A column kept as Arrow holds it: its distinct texts are looked up when they are first asked for.

    Comments and identifiers of a million respondents stay compact bytes that way, and never become Python
    texts unless somebody reads them.
    """

    def __init__(self, cells: Any) -> None:
        self.cells = cells

    @functools.cached_property
    def _coded(self) -> RawColumn:
        return _coded(self.cells)

    @property
    def distinct(self) -> tuple[str, ...]:
        return self._coded.distinct

    @property
    def index(self) -> Index:
        return self._coded.index

    def __len__(self) -> int:
        return len(self.cells)

    def text(self, row: int) -> str | None:
        return cell_text(self.cells[int(row)].as_py())

    def texts(self) -> list[str | None]:
        return [cell_text(c) for c in self.cells.to_pylist()]

    def few(self, most: int = 2000) -> tuple[str, ...]:
        import pyarrow.compute as pc

        if (
            "_coded" not in self.__dict__
            and self._is_text()
            and pc.count_distinct(self.cells).as_py() > 2 * most
        ):
            return ()
        return super().few(most)

    def has_repeats(self) -> bool:
        import pyarrow.compute as pc

        if "_coded" not in self.__dict__ and self._is_text():
            return bool(pc.count_distinct(self.cells).as_py() < len(self.cells) - self.cells.null_count)
        return super().has_repeats()

    def filled(self) -> NDArray[np.bool_]:
        import pyarrow.compute as pc

        if "_coded" in self.__dict__ or not self._is_text():
            return super().filled()
        texts = pc.not_equal(pc.utf8_trim_whitespace(self.cells), "")
        return np.asarray(pc.fill_null(texts, False).to_numpy(zero_copy_only=False))

    def _is_text(self) -> bool:
        import pyarrow as pa

        return bool(pa.types.is_string(self.cells.type) or pa.types.is_large_string(self.cells.type))

    def where(self, keep: NDArray[Any] | slice) -> RawColumn:
        import pyarrow as pa

        if isinstance(keep, slice):
            start, stop, step = keep.indices(len(self))
            if step == 1:
                return ArrowColumn(self.cells.slice(start, max(stop - start, 0)))
            keep = np.arange(start, stop, step)
        keep = np.asarray(keep)
        return ArrowColumn(
            self.cells.filter(pa.array(keep)) if keep.dtype == bool else self.cells.take(pa.array(keep))
        )

    def numbers(self, decimal: str = ".") -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        import pyarrow as pa

        if decimal == "." and "_coded" not in self.__dict__:
            try:
                parts = [_floats(chunk) for chunk in getattr(self.cells, "chunks", [self.cells])]
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError):
                return self._coded.numbers(decimal)
            values = np.concatenate(parts) if parts else np.empty(0)
            if not np.isinf(values).any():
                return values, np.zeros(len(values), dtype=bool)
        return self._coded.numbers(decimal)


def _floats(cells: Any) -> NDArray[np.float64]:
    """An Arrow array of numbers, or of texts that write numbers, as floats."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        cells = pc.utf8_trim_whitespace(cells)
        cells = pc.if_else(pc.equal(cells, ""), None, cells)
    return np.asarray(pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False), dtype=float)


def counts_of(index: NDArray[Any], distinct: int) -> NDArray[np.int64]:
    """How often each position 0 .. distinct - 1 stands in an index in which -1 is an empty cell."""
    if distinct <= 16:  # a comparison of bytes is faster than a count of them, and copies nothing
        return np.array([np.count_nonzero(index == k) for k in range(distinct)], dtype=np.int64)
    if index.dtype == np.int8:  # as bytes the -1 is 255
        return np.bincount(index.view(np.uint8), minlength=256)[:distinct].astype(np.int64)
    return np.bincount(index[index >= 0], minlength=distinct).astype(np.int64)


def translated(lookup: NDArray[np.int8], index: NDArray[Any]) -> NDArray[np.int8]:
    """`lookup[index]`, whose last entry is that of -1; bytes are looked up as bytes, several times faster."""
    if index.dtype != np.int8:
        return np.asarray(lookup[index])
    table = np.zeros(256, dtype=np.int8)
    table[: len(lookup) - 1] = lookup[:-1]
    table[255] = lookup[-1]
    found = np.frombuffer(bytearray(index.tobytes().translate(table.tobytes())), dtype=np.int8)
    return found.reshape(index.shape)


def _coded(cells: Any) -> RawColumn:
    """An Arrow array of any type as distinct texts and positions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = cells.type
    if pa.types.is_null(kind):
        return RawColumn((), np.full(len(cells), -1, dtype=np.int8))
    if not pa.types.is_dictionary(kind):
        try:
            if str(kind) == "string_view":
                cells = cells.cast(pa.large_string())
            cells = pc.dictionary_encode(cells)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            return RawColumn.of(cells.to_pylist())
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.unify_dictionaries().combine_chunks()
        if isinstance(cells, pa.ChunkedArray):
            cells = cells.chunk(0) if cells.num_chunks else pa.array([], cells.type)
    # some libraries count positions without a sign, which leaves no room for -1
    index = cells.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    return merged([cell_text(d) for d in cells.dictionary.to_pylist()], index)


def merged(texts: Sequence[str | None], index: NDArray[Any]) -> RawColumn:
    """A column from texts that may repeat or be None (empty)."""
    place: dict[str, int] = {}
    new = [-1 if t is None else place.setdefault(t, len(place)) for t in texts]
    lookup = np.array([*new, -1], dtype=index_type(len(place)))
    return RawColumn(tuple(place), lookup[index])


def index_type(distinct: int) -> type[np.signedinteger[Any]]:
    """The smallest integer type for positions of that many texts and -1."""
    if distinct <= 1 << 7:
        return np.int8
    return np.int16 if distinct <= 1 << 15 else np.int32


def number_of(text: str, decimal: str = ".") -> float | None:
    """The number a text writes, None when it is none; 'nan', '1_000' and '1,000' are none."""
    if decimal == "," and "." not in text:
        text = text.replace(",", ".", 1)
    if not NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def number_text(value: float | int | bool) -> str:
    """A number as a file would write it: workbook readers return 5.0 for a cell that shows 5."""
    if isinstance(value, bool | int):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def cell_text(cell: object) -> str | None:
    """The text of a cell of any type, stripped; None when there is nothing in it."""
    if isinstance(cell, str):
        return cell.strip() or None
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, bool | int | float):
        return number_text(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    text = str(cell).strip()
    return text if text and text not in ("NaT", "<NA>") else None


@dataclass(frozen=True, eq=False)
class Choices:
    """A question with several answers: chosen[r, k] says whether respondent r chose option k.

    For a ranking `place` holds (n, k) places, 1 the first, 0 not placed. `write_in` holds what respondents
    wrote beside an option, None where nothing.
    """

    question: str
    options: tuple[str, ...]
    chosen: NDArray[np.bool_]
    place: NDArray[np.int16] | None = None
    write_in: tuple[str | None, ...] = ()
    columns: tuple[str, ...] = ()
    """The columns of the file it was read from."""

    def answers(self) -> list[list[str]]:
        """The options of each respondent: as the question lists them, or, ranked, the first place first."""
        if self.place is None:
            return [[o for o, c in zip(self.options, row, strict=True) if c] for row in self.chosen.tolist()]
        ranked = []
        for row in self.place.tolist():
            placed = sorted((p, o) for p, o in zip(row, self.options, strict=True) if p > 0)
            ranked.append([o for _, o in placed])
        return ranked

    def where(self, keep: NDArray[Any]) -> Choices:
        """The answers of some rows."""
        rows = np.arange(len(self.chosen))[keep]
        return Choices(
            self.question,
            self.options,
            self.chosen[rows],
            None if self.place is None else self.place[rows],
            tuple(self.write_in[r] for r in rows) if self.write_in else (),
            self.columns,
        )


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table of texts with what is known of its source. Columns are named as the file names them."""

    columns: Mapping[str, RawColumn]
    """By unique name: a repeated header gets a suffix. Private ones are missing unless asked for."""
    rows: int
    source: str = ""
    sha256: str = ""
    encoding: str = ""
    delimiter: str = ""
    decimal: str = "."
    sheet: str = ""
    layout: str = "plain"
    evidence: str = ""
    """Why the layout was taken for what it is."""
    tells_answers: bool = False
    """Whether the layout itself tells answers from other columns, and so which rows hold none."""
    header_rows: int = 1
    rows_read: int = 0
    """Rows of answers in the file, before any were left out."""
    value_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Column to {text of a code: label}, where the file carries a dictionary."""
    questions: Mapping[str, str] = field(default_factory=dict)
    """Column to the wording the file carries for it."""
    stems: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Column of a question with parts to (wording of the question, wording of the part)."""
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column to further names it can be found by, such as `2.Staff` where the header says `2、(Staff)`."""
    silent_codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Column to the codes the file's own dictionary declares missing, each with its reason ('' unsaid)."""
    usual_silences: Mapping[str, str] = field(default_factory=dict)
    """Codes the platform writes for silence, with their reason; an answer on the scale comes first."""
    lettered: Mapping[str, str] = field(default_factory=dict)
    """Column to the letters before its codes (`A` in A1..A5), dropped if the scale holds the numbers."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """What the columns that are no answers are: see `exports.layout`."""
    choices: Mapping[str, Choices] = field(default_factory=dict)
    """Questions with several answers and rankings, by question."""
    private: tuple[str, ...] = ()
    """Columns that say who answered; they are left out unless asked for."""
    unkept: tuple[str, ...] = ()
    """Columns of many texts that no item uses: named, not kept."""
    empty_columns: tuple[str, ...] = ()
    repeated_headers: tuple[str, ...] = ()
    respondent: str = ""
    """The column that names the respondent, where the layout has one."""
    seconds: NDArray[np.float64] | None = None
    """(n,) time taken to answer, NaN where unknown."""
    submitted: NDArray[np.datetime64] | None = None
    """(n,) when the answers were sent, NaT where unknown or not usable."""
    row_numbers: NDArray[np.int32] | None = None
    """(n,) 1-based row among the file's rows of answers; None: 1 .. n."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Rows left out, by reason."""
    dropped_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The respondents (or row numbers) left out, by reason; the first ones of many."""
    notes: tuple[Text, ...] = ()

    def numbers_of_rows(self) -> NDArray[np.int32]:
        """(n,) 1-based row among the file's rows of answers."""
        if self.row_numbers is not None:
            return self.row_numbers
        return np.arange(1, self.rows + 1, dtype=np.int32)


def unique_names(headers: Sequence[str | None]) -> tuple[list[str], list[Text]]:
    """Names for the columns, and a note for every header that was empty or repeated."""
    names: list[str] = []
    notes: list[Text] = []
    taken = {tidy(h) for h in headers}
    seen: set[str] = set()
    for at, header in enumerate(headers, start=1):
        name = tidy(header) or f"column {at}"
        if name in seen:
            copy = 2
            while f"{name} ({copy})" in seen or f"{name} ({copy})" in taken:
                copy += 1
            notes.append(
                Text(
                    f"the header '{name}' stands more than once: column {at} is read as '{name} ({copy})'",
                    f"表头“{name}”重复出现：第 {at} 列读作“{name} ({copy})”",
                )
            )
            name = f"{name} ({copy})"
        seen.add(name)
        names.append(name)
    return names, notes


def tidy(header: str | None) -> str:
    """A header on one line."""
    return " ".join((header or "").split())
