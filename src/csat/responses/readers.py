"""Files and frames to a table of texts. Nothing is interpreted here: '6' stays '6' and 'N/A' stays 'N/A'."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from csat.errors import BadInput, UnknownName
from csat.responses.raw import RawColumn, RawTable, unique_names

MOST_BYTES = 4 << 30
"""A text file above this is refused with advice: it would not fit a usual machine's memory."""
MOST_CELLS = 50_000_000
"""A workbook above this is refused: a small archive can unpack to a sheet that fills the memory."""
MOST_UNPACKED = 2 << 30
SNIFFED_RECORDS = 60
DELIMITERS = (",", ";", "\t", "|")

BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_file(
    path: str | Path, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> RawTable:
    """Read a csv, tsv, xlsx, xls, ods, sav, zsav, por, dta or parquet file by its ending; gz texts are unpacked.

    Raises
    ------
    BadInput : the file is absent, empty, unreadable, or of a kind csat does not read.
    """
    path = Path(path)
    kind = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    reader = READERS.get(kind)
    if not path.exists():
        close = _close_files(path)
        raise BadInput(
            "there is no such file", where=str(path),
            do=f"Did you mean {close}?" if close else "Check the name and the folder",
        )  # fmt: skip
    if path.is_dir():
        raise BadInput("this is a folder, not a file", where=str(path), do="Name the export file inside it")
    if reader is None:
        raise BadInput(
            f"files ending in '{path.suffix}' are not read", where=str(path),
            right=f"csat reads {', '.join(k for k in READERS if '.gz' not in k)}",
            do="Export the answers as CSV or XLSX",
        )  # fmt: skip
    try:
        data = path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(path), do="Check that you may open it") from error
    if data is None:
        raise BadInput(
            "the file is larger than 4 GiB", where=str(path),
            do="Turn it into parquet, and count it in batches with csat.count_batches",
        )  # fmt: skip
    if not data:
        raise BadInput("the file is empty", where=str(path), right="It should hold a header row and answers")
    try:
        table = reader(path, data, {"encoding": encoding, "delimiter": delimiter, "sheet": sheet})
    except BadInput:
        raise
    except Exception as error:  # readers of other people raise anything on a damaged file
        raise BadInput(
            f"the file cannot be read as {kind.lstrip('.')}: {_first_line(error)}", where=str(path),
            do="Export it again, or save it as CSV (UTF-8)",
        ) from error  # fmt: skip
    if not table.columns:
        raise BadInput("the file has no columns", where=str(path), right="It should hold a header row and answers")
    return _with(table, source=path.name, sha256=hashlib.sha256(data).hexdigest())


def read_frame(frame: Any) -> RawTable:
    """A pandas, polars, pyarrow or DuckDB frame, or anything with an Arrow stream, as a table of texts."""
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        table = frame
    elif isinstance(frame, pa.RecordBatch):
        table = pa.Table.from_batches([frame])
    elif type(frame).__module__.split(".")[0] == "pandas":
        table = _from_pandas(frame)
    elif hasattr(frame, "__arrow_c_stream__"):
        table = pa.RecordBatchReader.from_stream(frame).read_all()
    else:
        table = _from_narwhals(frame)
    names, notes = unique_names([str(n) for n in table.column_names])
    columns = {name: _from_arrow(table.column(i)) for i, name in enumerate(names)}
    digest = hashlib.sha256()
    for name, column in columns.items():
        digest.update(f"{name}\0{chr(1).join(column.distinct)}\0".encode())
        digest.update(column.index.tobytes())
    return RawTable(columns, table.num_rows, source="frame", sha256=digest.hexdigest(), notes=tuple(notes))


def _from_pandas(frame: Any) -> Any:
    import pyarrow as pa

    frame = frame if frame.columns.is_unique else frame.set_axis(unique_names([str(c) for c in frame.columns])[0], axis=1)
    frame = frame.rename(columns=str)
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # a column of mixed types (numbers and words) is read as text
        mixed = {c: frame[c].map(lambda v: v if v is None or v != v else str(v)) for c in frame.columns if frame[c].dtype == object}
        return pa.Table.from_pandas(frame.assign(**mixed), preserve_index=False)


def _from_narwhals(frame: Any) -> Any:
    import narwhals as nw

    try:
        native = nw.from_native(frame)
    except TypeError as error:
        raise BadInput(
            f"an object of type {type(frame).__name__} is not a table",
            right="csat.read takes a path, or a pandas, polars, pyarrow or DuckDB frame",
        ) from error
    lazy = native.lazy().collect(backend="pyarrow") if hasattr(native, "lazy") else native
    return lazy.to_arrow()


def _from_arrow(column: Any) -> RawColumn:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        combined = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if isinstance(combined, pa.ChunkedArray):
            combined = combined.unify_dictionaries().combine_chunks()
        index = combined.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        return _tidied(combined.dictionary.to_pylist(), index)
    if pa.types.is_boolean(kind):
        return RawColumn.of(column.to_pylist())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        values = column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)
        return RawColumn.of_numbers(values)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        encoded = pc.dictionary_encode(column.cast(pa.string()))
        return _from_arrow(encoded.unify_dictionaries() if isinstance(encoded, pa.ChunkedArray) else encoded)
    return RawColumn.of(column.to_pylist())


def _tidied(distinct: list[Any], index: np.ndarray[Any, Any]) -> RawColumn:
    """Strip the distinct texts, merge those that become equal, and let blanks be empty."""
    from csat.responses.raw import cell_text

    texts = [cell_text(d) for d in distinct]
    place: dict[str, int] = {}
    new = np.array([-1 if t is None else place.setdefault(t, len(place)) for t in texts] + [-1], dtype=np.int32)
    return RawColumn(tuple(place), new[index])


# ---------------------------------------------------------------------------------------------------- text


def decode(data: bytes, encoding: str | None, *, where: str) -> tuple[str, str]:
    """The text of a file and the encoding it was in: mark, strict UTF-8, GB18030, then cp1252."""
    if encoding:
        try:
            return data.decode(encoding), encoding
        except LookupError as error:
            raise BadInput(f"'{encoding}' is not an encoding", where=where, right="Known: utf-8, utf-16, gb18030, cp1252, big5") from error
        except UnicodeDecodeError as error:
            raise BadInput(
                f"the file is not {encoding}: byte {error.start} does not fit", where=where,
                do="Leave the encoding out and it is found, or name another",
            ) from error  # fmt: skip
    for mark, name in BOMS:
        if data.startswith(mark):
            return data.decode(name), name
    sample = data[:4000]
    if sample.count(b"\0") > len(sample) // 4:
        name = "utf-16-le" if sample[1::2].count(b"\0") > sample[0::2].count(b"\0") else "utf-16-be"
        return data.decode(name), name
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="strict" if b"\x81" not in data else "replace"), "cp1252"
    # a Latin file can pass for GB18030 by accident: then single Chinese characters stand inside Latin words
    stray = len(re.findall(r"[A-Za-z][\u3400-\u9fff\ue000-\uf8ff][a-z]|[a-z][\u3400-\u9fff\ue000-\uf8ff](?=[\s,;\"]|$)", text))
    runs = len(re.findall(r"[\u3400-\u9fff]{2,}", text))
    return (data.decode("cp1252", errors="replace"), "cp1252") if stray > runs else (text, "gb18030")


def find_delimiter(text: str) -> str:
    """The separator whose field counts agree best over the first records (quoted line breaks count as one)."""
    best, chosen = (0.0, 0), ","
    head = text[:200_000]
    for delimiter in DELIMITERS:
        counts = []
        for record in csv.reader(io.StringIO(head), delimiter=delimiter):
            counts.append(len(record))
            if len(counts) == SNIFFED_RECORDS:
                break
        counts = counts[:-1] if len(head) < len(text) and len(counts) < SNIFFED_RECORDS else counts
        filled = [c for c in counts if c]
        if not filled or max(filled) < 2:
            continue
        common = max(set(filled), key=filled.count)
        if common < 2:
            continue
        score = (filled.count(common) / len(filled), common)
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _read_text(path: Path, data: bytes, options: dict[str, Any]) -> RawTable:
    text, encoding = decode(data, options["encoding"], where=str(path))
    if not text.strip():
        raise BadInput("the file is empty", where=str(path), right="It should hold a header row and answers")
    if text.count("\0") > 0:
        raise BadInput(
            "the file holds zero bytes: it is not a text table", where=str(path),
            do="Export it again as CSV (UTF-8), or name its encoding",
        )  # fmt: skip
    delimiter = options["delimiter"] or find_delimiter(text)
    if len(delimiter) != 1:
        raise BadInput(f"'{delimiter}' is not a delimiter", right="It is one character such as , or ;", where="delimiter")
    notes: list[str] = []
    if "\ufffd" in text:
        notes.append("some characters could not be decoded: the encoding may be wrong (name it with encoding=)")
    cells, ragged = _parse(text, delimiter)
    notes += ragged
    return _table_of(cells, notes=notes, encoding=encoding, delimiter=delimiter)


def _parse(text: str, delimiter: str) -> tuple[list[RawColumn], list[str]]:
    """All records as columns, the header still in row 0."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    ragged: list[Any] = []

    def note(row: Any) -> str:
        ragged.append(row)
        return "skip"

    raw = text.encode("utf-8")
    width = len(next(csv.reader(io.StringIO(text), delimiter=delimiter)))
    names = [str(i) for i in range(width)]
    try:
        table = pacsv.read_csv(
            pa.BufferReader(raw),
            read_options=pacsv.ReadOptions(column_names=names, block_size=1 << 23),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values='"' in text, invalid_row_handler=note, ignore_empty_lines=True
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={n: pa.dictionary(pa.int32(), pa.string()) for n in names},
                null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=True,
            ),
        )  # fmt: skip
        if not ragged:
            return [_from_arrow(table.column(i)) for i in range(width)], []
    except pa.ArrowInvalid:
        pass  # broken quoting, or a value longer than a block: the standard library is slower and more patient
    return _parse_ragged(text, delimiter)


def _parse_ragged(text: str, delimiter: str) -> tuple[list[RawColumn], list[str]]:
    """Records of unequal length: short ones are filled with empty cells, surplus empty cells go; all are named."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    records, lines = [], []
    try:
        for record in reader:
            if record:
                records.append(record)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise BadInput(f"line {reader.line_num} is broken: {error}", do="Export it again as CSV (UTF-8)") from error
    width = len(records[0])
    odd = [(line, len(r)) for line, r in zip(lines, records, strict=True) if len(r) != width]
    surplus = [line for line, r in zip(lines, records, strict=True) if any(c.strip() for c in r[width:])]
    if surplus:
        raise BadInput(
            f"line {surplus[0]} has {len(records[lines.index(surplus[0])])} cells where the header has {width}"
            + (f", and {len(surplus) - 1} more lines have too many" if len(surplus) > 1 else ""),
            right="Every line should have as many cells as the header",
            do="Look for an unquoted delimiter in a comment, or name the delimiter",
        )
    notes = (
        [f"{len(odd)} lines had fewer or more cells than the header ({width}); missing cells count as empty, first line {odd[0][0]}"]
        if odd
        else []
    )
    columns = [RawColumn.of(r[i] if i < len(r) else None for r in records) for i in range(width)]
    return columns, notes


def _table_of(cells: list[RawColumn], *, notes: list[str], **source: str) -> RawTable:
    """Columns whose row 0 is the header; wholly empty columns without a header go."""
    rows = len(cells[0]) - 1 if cells else 0
    headers = [c.text(0) for c in cells]
    if not any(headers):
        raise BadInput("the first row is empty", right="It should hold the column names")
    names, more = unique_names(headers)
    columns = {}
    for name, header, column in zip(names, headers, cells, strict=True):
        body = RawColumn(column.distinct, column.index[1:]).pruned()
        if header is None and not (body.index >= 0).any():
            continue
        columns[name] = body
    return RawTable(columns, rows, notes=tuple(notes + more), **source)


# ------------------------------------------------------------------------------------------------ workbooks


def _read_workbook(path: Path, data: bytes, options: dict[str, Any]) -> RawTable:
    import zipfile

    from python_calamine import CalamineWorkbook

    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > MOST_UNPACKED:
            raise BadInput(
                f"the workbook unpacks to {unpacked >> 20} MiB", where=str(path),
                do="Save the answers as CSV: a sheet of that size is not read",
            )  # fmt: skip
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    wanted = options["sheet"]
    if wanted is not None and wanted not in book.sheet_names:
        raise UnknownName("sheet", str(wanted), book.sheet_names, where=str(path))
    for name in [wanted] if wanted else book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        if sheet.total_height * sheet.total_width > MOST_CELLS:
            raise BadInput(
                f"sheet '{name}' has {sheet.total_height} x {sheet.total_width} cells", where=str(path),
                right=f"At most {MOST_CELLS:,} are read", do="Save it as CSV",
            )  # fmt: skip
        records = sheet.to_python(skip_empty_area=True)
        records = [r for r in records if any(c not in ("", None) for c in r)]
        if records:
            columns = [RawColumn.of(cells) for cells in zip(*records, strict=True)]
            return _table_of(columns, notes=[], sheet=name)
    raise BadInput("the workbook holds no cells", where=str(path), right="One sheet should hold a header row and answers")


# ------------------------------------------------------------------------------------------------ statistics files


def _read_statistics(path: Path, data: bytes, options: dict[str, Any]) -> RawTable:
    import pyreadstat

    kind = path.suffix.lower()
    call: Callable[..., Any] = {".sav": pyreadstat.read_sav, ".zsav": pyreadstat.read_sav, ".por": pyreadstat.read_por, ".dta": pyreadstat.read_dta}[kind]
    # user_missing: without it the codes of refused and not applicable arrive as nothing
    keywords: dict[str, Any] = {"output_format": "dict"} | ({"user_missing": True} if kind != ".por" else {})
    if options["encoding"]:
        keywords["encoding"] = options["encoding"]
    values, meta = call(str(path), **keywords)
    names, notes = unique_names(meta.column_names)
    columns = {name: RawColumn.of(values[old]) for name, old in zip(names, meta.column_names, strict=True)}
    labels, silent = {}, {}
    for name, old in zip(names, meta.column_names, strict=True):
        found = meta.variable_value_labels.get(old, {})
        labels[name] = {str(RawColumn.of([code]).text(0) or ""): str(label) for code, label in found.items()}
        ranges = (getattr(meta, "missing_ranges", None) or {}).get(old, [])
        silent[name] = frozenset(t for t in columns[name].distinct if any(_within(t, r["lo"], r["hi"]) for r in ranges))
    questions = {
        name: label
        for name, label in zip(names, meta.column_labels or [None] * len(names), strict=True)
        if label
    }
    weight = getattr(meta, "weight_variable", None) or getattr(meta, "file_weight", None)
    if weight:
        notes.append(f"the file names '{weight}' as its weight: it is used only when asked for (weight={weight})")
    rows = len(next(iter(columns.values()))) if columns else 0
    return RawTable(
        columns, rows, encoding=str(meta.file_encoding or ""), layout=kind.lstrip("."),
        value_labels={k: v for k, v in labels.items() if v}, silent_codes={k: v for k, v in silent.items() if v},
        questions=questions, notes=tuple(notes),
    )  # fmt: skip


def _within(text: str, low: Any, high: Any) -> bool:
    try:
        return float(low) <= float(text) <= float(high)
    except ValueError:
        return str(low) == text


def _read_parquet(path: Path, data: bytes, options: dict[str, Any]) -> RawTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = read_frame(pq.read_table(pa.BufferReader(data)))
    return _with(table, layout="parquet")


def _read_gzip(path: Path, data: bytes, options: dict[str, Any]) -> RawTable:
    import gzip

    with gzip.open(io.BytesIO(data)) as handle:
        unpacked = handle.read(MOST_UNPACKED + 1)
    if len(unpacked) > MOST_UNPACKED:
        raise BadInput("the archive unpacks to more than 2 GiB", where=str(path), do="Turn the answers into parquet")
    return _read_text(path, unpacked, options)


READERS: dict[str, Callable[[Path, bytes, dict[str, Any]], RawTable]] = {
    ".csv": _read_text, ".tsv": _read_text, ".txt": _read_text, ".tab": _read_text,
    ".csv.gz": _read_gzip, ".tsv.gz": _read_gzip, ".txt.gz": _read_gzip,
    ".xlsx": _read_workbook, ".xlsm": _read_workbook, ".xls": _read_workbook, ".ods": _read_workbook,
    ".sav": _read_statistics, ".zsav": _read_statistics, ".por": _read_statistics, ".dta": _read_statistics,
    ".parquet": _read_parquet,
}  # fmt: skip


def _with(table: RawTable, **changes: Any) -> RawTable:
    from dataclasses import replace

    return replace(table, **changes)


def _close_files(path: Path) -> str:
    from csat.errors import closest

    try:
        names = [p.name for p in path.parent.iterdir() if p.is_file()]
    except OSError:
        return ""
    found = closest(path.name, names)
    return f"'{path.parent / found}'" if found else ""


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def batches_of(source: Any) -> Iterator[Any]:
    """Arrow record batches of a parquet path, a record batch reader, a frame with an Arrow stream, or an iterable."""
    import pyarrow as pa

    if isinstance(source, str | Path):
        import pyarrow.parquet as pq

        if not Path(source).is_file():
            raise BadInput("there is no such file", where=str(source))
        yield from pq.ParquetFile(source).iter_batches()
    elif hasattr(source, "__arrow_c_stream__"):
        yield from pa.RecordBatchReader.from_stream(source)
    else:
        yield from source
