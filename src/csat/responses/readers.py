"""Files and frames to a table of texts. Nothing is interpreted here: '6' stays '6' and 'N/A' stays 'N/A'."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from csat.errors import BadInput, closest
from csat.instrument.instrument import Instrument
from csat.instrument.labels import fold
from csat.responses.databases import is_address, read_query
from csat.responses.delimited import Delimited, decimal_mark, look
from csat.responses.exports.arrange import Wanted, arrange, head_of, name_columns, recognise, tidy_head
from csat.responses.isolated import read_isolated
from csat.responses.raw import ArrowColumn, RawColumn, RawTable, unique_names

MOST_BYTES = 4 << 30
"""A file above this is refused with advice: it would not fit a usual machine's memory."""
MOST_CELLS = 2_000_000_000
"""Cells of a parquet file, whose few bytes can describe any number of equal rows."""
HEAD_ROWS = 12
"""First records of a workbook or frame in which a layout is looked for."""


@dataclass(frozen=True)
class _Options:
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    wanted: Wanted


def read_file(
    path: str | Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    layout: str | None = None,
    keep_private: Collection[str] | bool = False,
    keep_rows: Collection[str] = (),
    options: Mapping[str, Sequence[str]] | None = None,
    instrument: Instrument | None = None,
    columns: Sequence[str] = (),
) -> RawTable:
    """Read a csv, tsv, xlsx, xls, ods, sav, zsav, por, dta or parquet file by its ending; gz texts are
    unpacked.

    Parameters
    ----------
    encoding, delimiter, sheet, layout : what is found by itself unless named. Layouts:
        `exports.arrange.LAYOUTS`.
    keep_private : columns that say who answered are left out, unless this is True or names them.
    keep_rows : reasons for which rows are left out by default (`preview`, `test`, `spam`, `unfinished`,
        `empty`, `blank row`, `total row`) and shall stay.
    options : question to the labels of its options, where several answers are joined in one cell.
    instrument, columns : when an instrument is given, columns of many texts are kept only where it uses
        them or they are named here (a name that ends in * begins others), and private columns it uses stay.

    Raises
    ------
    BadInput : the file is absent, empty, unreadable, of a kind csat does not read, or of two layouts at once.
    UnknownName : the sheet or the layout does not exist.
    """
    path = Path(path)
    where = str(path)
    kind = kind_of(path)
    used = uses(instrument, columns) if instrument is not None else None
    wanted = Wanted(layout, keep_private, tuple(keep_rows), options, used)
    try:
        table = READERS[kind](path, _Options(encoding, delimiter, sheet, wanted))
    except BadInput:
        raise
    except MemoryError:
        raise
    except OSError as error:
        raise BadInput(
            f"cannot be read: {error.strerror or error}", where=where, do="Check that you may open it"
        ) from error
    except Exception as error:  # the libraries that read files raise anything on a damaged one
        raise BadInput(
            f"it cannot be read as {kind.lstrip('.')}: {_first_line(error)}",
            where=where,
            do="Export it again, or save it as CSV (UTF-8)",
        ) from error
    if not table.columns and not table.private:
        raise BadInput(
            "the file has no columns", where=where, right="It should hold a header row and answers"
        )
    return replace(table, source=path.name)


def kind_of(path: Path) -> str:
    """The kind of file by its ending, after the checks that need no reading.

    Raises
    ------
    BadInput : absent, a folder, empty, too large, not readable, or of another kind.
    """
    where = str(path)
    ending = path.suffix.lower()
    kind = "".join(path.suffixes[-2:]).lower() if ending == ".gz" else ending
    if len(where) > 4096 or "\0" in where:
        raise BadInput("this is not the name of a file", where=where[:80])
    try:
        if not path.exists():
            close = _close_file(path)
            do = f"Did you mean '{close}'?" if close else "Check the name and the folder"
            raise BadInput("there is no such file", where=where, do=do)
        if path.is_dir():
            raise BadInput("this is a folder, not a file", where=where, do="Name the export file inside it")
        if not path.is_file():
            raise BadInput("this is not a regular file", where=where, do="Save the answers to a file first")
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise BadInput(
            f"cannot be read: {error.strerror or error}", where=where, do="Check that you may open it"
        ) from error
    if kind not in READERS:
        packed = ending in (".zip", ".gz", ".7z", ".rar")
        raise BadInput(
            f"files ending in '{path.suffix}' are not read" if path.suffix else "the file name has no ending",
            where=where,
            right=f"csat reads {', '.join(k for k in READERS if '.gz' not in k)}",
            do="Unpack it and name the file inside" if packed else "Export the answers as CSV or XLSX",
        )
    if not size:
        raise BadInput("the file is empty", where=where, right="It should hold a header row and answers")
    if size > MOST_BYTES:
        raise BadInput(
            f"the file is larger than {MOST_BYTES >> 30} GiB",
            where=where,
            do="Turn it into parquet, and count it in batches with csat.count_batches",
        )
    _refuse_misnamed(path, kind, start)
    return kind


MAGIC: tuple[tuple[bytes, str, set[str]], ...] = (
    (b"PK\x03\x04", "a workbook (.xlsx or .ods) or an archive", {".xlsx", ".xlsm", ".ods"}),
    (b"\xd0\xcf\x11\xe0", "an old workbook (.xls), or one with a password", {".xls"}),
    (b"$FL2", "an SPSS file (.sav)", {".sav", ".zsav"}),
    (b"$FL3", "an SPSS file (.zsav)", {".sav", ".zsav"}),
    (b"PAR1", "a parquet file", {".parquet"}),
    (b"\x1f\x8b", "a gzip archive (.csv.gz)", {".csv.gz", ".tsv.gz", ".txt.gz"}),
    (b"%PDF", "a PDF", set()),
)


def _refuse_misnamed(path: Path, kind: str, start: bytes) -> None:
    """Say what a file is when its first bytes contradict its ending."""
    for mark, what, endings in MAGIC:
        if start.startswith(mark) and kind not in endings:
            # workbook readers look into the file themselves, whatever its ending
            if {kind} | endings <= WORKBOOKS:
                return
            raise BadInput(
                f"its name ends in {kind} but it is {what}",
                where=str(path),
                do="Open it with its program, or give it its own ending",
            )
    if kind in WORKBOOKS and start.lstrip(b"\xef\xbb\xbf \r\n")[:1] == b"<":
        raise BadInput(
            f"its name ends in {kind} but it is a web page",
            where=str(path),
            do="Open it in a spreadsheet program and save it as XLSX or CSV",
        )


def uses(instrument: Instrument, columns: Sequence[str] = ()) -> Callable[[str], bool]:
    """Whether an instrument, or the caller, asks for a column of that name."""
    names = [*columns, *instrument.weight, *instrument.wave, *instrument.respondent]
    for item in instrument.items:
        names += [item.id, *item.aliases, item.text.en, item.text.zh]
    for segment in instrument.segments:
        names += [segment.column, *segment.aliases]
    known = {fold(n) for n in names if n}
    beginnings = tuple(fold(n[:-1]) for n in columns if n.endswith("*"))
    return lambda name: fold(name) in known or (bool(beginnings) and fold(name).startswith(beginnings))


# ----------------------------------------------------------------------------------- delimited text


def _read_text(path: Path, options: _Options) -> RawTable:
    text = look(path, encoding=options.encoding, delimiter=options.delimiter)
    layout, found, head = _recognised(text, options.wanted, str(path))
    names, headings, _ = name_columns(layout, found, head[found.above :])

    def keep(at: int) -> bool:
        """Whether a column of many texts is kept; what a platform writes of itself is, to tell rows apart."""
        if options.wanted.used is None or at >= len(headings) or headings[at].role:
            return True
        heading = headings[at]
        return any(
            options.wanted.used(n)
            for n in (names[at], heading.header, heading.wording, heading.part, *heading.also)
        )

    columns, notes = text.columns(found.rows, keep)
    return arrange(
        layout,
        found,
        head,
        columns,
        options.wanted,
        notes=[*text.notes, *notes],
        sha256=text.sha256,
        encoding=text.encoding.removesuffix("-le").removesuffix("-be"),
        delimiter=text.delimiter,
        decimal=decimal_mark(columns, text.delimiter),
    )


def _recognised(text: Delimited, wanted: Wanted, where: str) -> tuple[Any, Any, list[list[str]]]:
    head = tidy_head(text.head[:HEAD_ROWS])
    layout, found = recognise(head, wanted.layout, where=where)
    if not any(head[found.above]):
        raise BadInput("the first row is empty", where=where, right="It should hold the column names")
    if len(text.head) <= found.rows:
        raise no_answers(where)
    return layout, found, head


def no_answers(where: str) -> BadInput:
    """The error of a file that ends with its header rows."""
    return BadInput(
        "there are column names but no rows of answers", where=where, do="Export the answers again"
    )


# ---------------------------------------------------------------------------------------- workbooks


def _read_workbook(path: Path, options: _Options) -> RawTable:
    where = str(path)
    sheet, cells, rows = read_isolated("workbook", path, options.sheet)
    head = head_of(cells, HEAD_ROWS)
    layout, found = recognise(head, options.wanted.layout, where=where)
    if len(rows) <= found.rows:
        raise no_answers(where)
    answers = [c.where(slice(found.rows, None)).pruned() for c in cells]
    numbers = np.array(rows[found.rows :], dtype=np.int32) - rows[found.rows - 1]
    return arrange(
        layout, found, head, answers, options.wanted, sha256=_hash(path), sheet=sheet, row_numbers=numbers
    )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ------------------------------------------------------------------------------------- dictionaries


def _read_statistics(path: Path, options: _Options) -> RawTable:
    table: RawTable = read_isolated("statistics", path, path.suffix.lower(), options.encoding)
    if not table.rows:
        raise no_answers(str(path))
    if options.wanted.layout not in (None, table.layout, "plain"):
        raise BadInput(
            f"layout {options.wanted.layout} does not apply to a file with a dictionary", where=str(path)
        )
    names = list(table.columns)
    made = arrange_plain(names, list(table.columns.values()), options.wanted)
    return replace(
        table,
        columns=made.columns,
        rows=made.rows,
        row_numbers=made.row_numbers,
        dropped=made.dropped,
        dropped_keys=made.dropped_keys,
        private=made.private,
        empty_columns=made.empty_columns,
        notes=(*table.notes, *made.notes),
        sha256=_hash(path),
    )


def arrange_plain(
    names: Sequence[str], columns: Sequence[RawColumn], wanted: Wanted, **source: Any
) -> RawTable:
    """A table whose columns are named already."""
    layout, found = recognise([list(names)], "plain", where="")
    return arrange(layout, found, [list(names)], columns, wanted, **source)


def _read_parquet(path: Path, options: _Options) -> RawTable:
    import pyarrow.parquet as pq

    about = pq.ParquetFile(path).metadata
    if about.num_rows * about.num_columns > MOST_CELLS:
        raise BadInput(
            f"the file describes {about.num_rows:,} rows of {about.num_columns:,} columns",
            where=str(path),
            right=f"At most {MOST_CELLS:,} cells are held in memory",
            do="Count it in batches with csat.count_batches",
        )
    table = pq.read_table(path)
    table.validate(full=True)
    return replace(_from_arrow(table, options.wanted, str(path)), sha256=_hash(path))


READERS: dict[str, Callable[[Path, _Options], RawTable]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".txt": _read_text,
    ".tab": _read_text,
    ".csv.gz": _read_text,
    ".tsv.gz": _read_text,
    ".txt.gz": _read_text,
    ".xlsx": _read_workbook,
    ".xlsm": _read_workbook,
    ".xls": _read_workbook,
    ".ods": _read_workbook,
    ".sav": _read_statistics,
    ".zsav": _read_statistics,
    ".por": _read_statistics,
    ".dta": _read_statistics,
    ".parquet": _read_parquet,
}
WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".ods"}


# ------------------------------------------------------------------------------------------- frames


def read_frame(
    frame: Any,
    *,
    layout: str | None = None,
    keep_private: Collection[str] | bool = False,
    keep_rows: Collection[str] = (),
    options: Mapping[str, Sequence[str]] | None = None,
    instrument: Instrument | None = None,
    columns: Sequence[str] = (),
) -> RawTable:
    """A pandas, polars, pyarrow or DuckDB frame, or anything with an Arrow stream, as a table of texts.

    The options are those of `read_file`; a frame that was made of an export with several header rows is
    read as that export.

    Raises
    ------
    BadInput : the object is no table.
    """
    used = uses(instrument, columns) if instrument is not None else None
    wanted = Wanted(layout, keep_private, tuple(keep_rows), options, used)
    table = _from_arrow(arrow_table(frame), wanted, "the frame")
    return replace(table, source="frame", sha256=_digest(table))


def read_table(
    source: Any,
    *,
    query: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    layout: str | None = None,
    keep_rows: Collection[str] = (),
    instrument: Instrument | None = None,
    columns: Sequence[str] = (),
) -> RawTable:
    """A file, a frame, or the address of a database with a query: whatever answers come in.

    The options are those of `read_file`; encoding, delimiter and sheet are for files.

    Raises
    ------
    BadInput, UnknownName : see `read_file`, `read_frame` and `databases.read_query`.
    """
    if is_address(source):
        return read_database(
            source, query, layout=layout, keep_rows=keep_rows, instrument=instrument, columns=columns
        )
    if query is not None:
        raise BadInput(
            "a query is for a database, and the data are not the address of one",
            where="query",
            right="An address reads like sqlite:///survey.db",
        )
    if isinstance(source, str | Path):
        return read_file(
            source,
            encoding=encoding,
            delimiter=delimiter,
            sheet=sheet,
            layout=layout,
            keep_rows=keep_rows,
            instrument=instrument,
            columns=columns,
        )
    return read_frame(source, layout=layout, keep_rows=keep_rows)


def read_database(
    address: str,
    query: str | None,
    *,
    layout: str | None = None,
    keep_private: Collection[str] | bool = False,
    keep_rows: Collection[str] = (),
    options: Mapping[str, Sequence[str]] | None = None,
    instrument: Instrument | None = None,
    columns: Sequence[str] = (),
) -> RawTable:
    """The answer to a query, as a table of texts: `databases.read_query`, with the options of `read_file`.

    Raises
    ------
    BadInput : see `databases.read_query`.
    """
    used = uses(instrument, columns) if instrument is not None else None
    wanted = Wanted(layout, keep_private, tuple(keep_rows), options, used)
    shown, names, cells = read_query(address, query)
    table = _from_columns(names, cells, wanted, shown)
    return replace(table, source=shown, sha256=_digest(table))


def _digest(table: RawTable) -> str:
    """Of the cells of a table that comes from no file."""
    digest = hashlib.sha256()
    for name, column in table.columns.items():
        tidy_column = column.pruned()
        digest.update(f"{name}\0{chr(1).join(tidy_column.distinct)}\0".encode("utf-8", "surrogatepass"))
        digest.update(tidy_column.index.astype("<i4").tobytes())
    return digest.hexdigest()


def _from_arrow(table: Any, wanted: Wanted, where: str) -> RawTable:
    columns: list[RawColumn] = [ArrowColumn(table.column(at)) for at in range(table.num_columns)]
    # pandas gives a header cell without a text a name of its own
    names = [re.sub(r"Unnamed: \d+(?:_level_\d+)?", "", str(n)) for n in table.column_names]
    return _from_columns(names, columns, wanted, where)


def _from_columns(names: Sequence[str], columns: Sequence[RawColumn], wanted: Wanted, where: str) -> RawTable:
    if not columns:
        raise BadInput("there are no columns", where=where, right="It should hold one column an item")
    if not len(columns[0]):
        raise no_answers(where)
    head = [tidy_head([names])[0], *head_of([c.where(slice(0, HEAD_ROWS)) for c in columns], HEAD_ROWS)]
    layout, found = recognise(head, wanted.layout, where=where)
    rest = [c.where(slice(found.rows - 1, None)) for c in columns] if found.rows > 1 else columns
    if not len(rest[0]):
        raise no_answers(where)
    return arrange(layout, found, head, rest, wanted)


def arrow_table(frame: Any) -> Any:
    """Any frame as an Arrow table.

    Raises
    ------
    BadInput : the object is no table.
    """
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if type(frame).__module__.split(".")[0] == "pandas" and hasattr(frame, "columns"):
        return _from_pandas(frame)
    if hasattr(frame, "__arrow_c_stream__") and hasattr(frame, "columns"):
        return pa.RecordBatchReader.from_stream(frame).read_all()
    if isinstance(frame, pa.RecordBatchReader):
        return frame.read_all()
    return _from_narwhals(frame)


def _from_pandas(frame: Any) -> Any:
    import pyarrow as pa

    names = unique_names([" ".join(map(str, c)) if isinstance(c, tuple) else str(c) for c in frame.columns])[
        0
    ]
    frame = frame.set_axis(names, axis=1)
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        # a column of mixed types (numbers and words) is read as text
        from csat.responses.raw import cell_text

        texts = {}
        for name in names:
            try:
                texts[name] = pa.Array.from_pandas(frame[name])
            except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
                texts[name] = pa.array([cell_text(v) for v in frame[name]], pa.string())
        return pa.table(texts)


def _from_narwhals(frame: Any) -> Any:
    import narwhals as nw

    try:
        native = nw.from_native(frame)
    except TypeError as error:
        raise BadInput(
            f"an object of type {type(frame).__name__} is not a table",
            right="csat.read takes a path, or a pandas, polars, pyarrow or DuckDB frame",
        ) from error
    eager = native.collect(backend="pyarrow") if isinstance(native, nw.LazyFrame) else native
    return eager.to_arrow()


# ------------------------------------------------------------------------------------------ batches


def read_batches(source: Any, *, layout: str | None = None) -> Iterator[RawTable]:
    """Tables of a few thousand rows each, one in memory at a time. Rows keep their number in the whole.

    source : path of a delimited text or a parquet file, a frame with an Arrow stream, a record batch
        reader, or an iterable of record batches.
    """
    done = 0
    for table in _batches(source, layout):
        yield replace(table, row_numbers=table.numbers_of_rows() + done)
        done += table.rows_read


def _batches(source: Any, layout: str | None) -> Iterator[RawTable]:
    if isinstance(source, str | Path):
        path = Path(source)
        if READERS[kind_of(path)] is _read_text:
            yield from _text_batches(path, layout)
            return
    for batch in batches_of(source):
        if batch.num_rows:
            yield read_frame(batch, layout=layout)


def _text_batches(path: Path, named: str | None) -> Iterator[RawTable]:
    wanted = Wanted(named)
    text = look(path)
    layout, found, head = _recognised(text, wanted, str(path))
    for columns in text.batches(found.rows):
        decimal = decimal_mark(columns, text.delimiter)
        yield arrange(layout, found, head, columns, wanted, source=path.name, decimal=decimal)


def batches_of(source: Any) -> Iterator[Any]:
    """Arrow record batches of a parquet path, a reader, a frame with an Arrow stream, or an iterable."""
    import pyarrow as pa

    if isinstance(source, str | Path):
        import pyarrow.parquet as pq

        path = Path(source)
        if kind_of(path) != ".parquet":
            raise BadInput("only texts and parquet files are read in batches", where=str(path))
        try:
            yield from pq.ParquetFile(path).iter_batches()
        except (pa.ArrowException, OSError) as error:
            raise BadInput(f"it cannot be read as parquet: {_first_line(error)}", where=str(path)) from error
    elif isinstance(source, pa.RecordBatch):
        yield source
    elif hasattr(source, "__arrow_c_stream__"):
        yield from pa.RecordBatchReader.from_stream(source)
    else:
        yield from source


def _close_file(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir() if p.is_file()]
    except OSError:
        return ""
    found = closest(path.name, names)
    return str(path.parent / found) if found else ""


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
