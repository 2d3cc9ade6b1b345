"""Delimited text: which encoding, which delimiter, and the cells in batches, however large the file.

The file is read twice. The first pass takes its hash and tries the encodings; the second parses a few
mebibytes at a time, and each batch is turned into small integers before the next is read, so that the
memory is that of the coded columns and one batch. A file that is not tidy (ragged lines, stray quotation
marks) is read by the slower and more patient parser of the standard library, which can name the line.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput
from csat.language import Text
from csat.responses.raw import ArrowColumn, RawColumn, index_type

MOST_BYTES = 4 << 30
"""A text above this is refused with advice: its columns would not fit a usual machine's memory."""
MOST_COLUMNS = 16_384
"""As many as a sheet of a workbook can have."""
HEAD = 1 << 20
"""Characters the header rows and the first answers are looked for in."""
HEAD_RECORDS = 100
SNIFFED_RECORDS = 60
PATIENT_RECORDS = 5000
MOST_LINES = 200
"""Lines after which a quotation mark that opened a cell is taken for one that was forgotten."""
SNIFFED_CHARACTERS = 200_000
BLOCK = 1 << 20
BATCH = 2 << 20
"""Bytes parsed at once."""
MANY_TEXTS = 10_000
"""A column of more distinct texts is kept as bytes (identifiers, comments, weights)."""
DELIMITERS = (",", ";", "\t", "|")
EMPTY, UNSEEN = 0xFF, 0xFE
"""Position of an empty cell (-1 as a byte), and of a text not met before."""

MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
UNDECODED = Text(
    "some characters could not be decoded: the encoding may be wrong (name it, for instance big5)",
    "部分字符无法解码：字符编码可能有误（请指定，例如 big5）",
)
Decide = Callable[[list[list[str]]], int]
"""The first records to the number of header rows."""


@dataclass(frozen=True)
class Delimited:
    """A text file that was looked at: what it is, before its answers are parsed."""

    path: Path
    hashed: Future[str]
    """The hash of the file, which is taken while the answers are parsed."""
    size: int
    """Bytes, unpacked."""
    encoding: str
    delimiter: str
    head: list[list[str]]
    """The first records, header rows first; blank lines are not among them."""
    ends: list[int]
    """Characters up to the end of each of them."""
    width: int
    notes: tuple[Text, ...] = ()

    @property
    def sha256(self) -> str:
        """The hash of the file."""
        return self.hashed.result()

    # -------------------------------------------------------------------------------------- reading

    def columns(
        self, header_rows: int, keep: Callable[[int], bool] = lambda at: True
    ) -> tuple[list[RawColumn], list[Text]]:
        """The answers below the header rows, column by column, and notes on lines that were not tidy.

        keep : whether the column at a position is kept when it turns out to hold many distinct texts; a
            column
        that is not kept comes back empty with `len` 0.
        """
        expected = self._rows_expected(header_rows)
        builders = [ColumnBuilder(expected, keep(at)) for at in range(self.width)]
        try:
            for batch in self._parsed(header_rows):
                for builder, cells in zip(builders, batch, strict=True):
                    builder.add(cells)
            _give_back()
            return [b.finish() for b in builders], []
        except _NotTidy:
            builders = [ColumnBuilder(expected, keep(at)) for at in range(self.width)]
            notes: list[Text] = []
            for records in self._patient(header_rows, notes):
                for builder, texts in zip(builders, zip(*records, strict=True), strict=True):
                    builder.add_texts(texts)
            return [b.finish() for b in builders], notes

    def batches(self, header_rows: int) -> Iterator[list[RawColumn]]:
        """The answers a batch at a time, one batch in memory."""
        done = 0
        try:
            for batch in self._parsed(header_rows):
                builders = [ColumnBuilder(len(cells)) for cells in batch]
                for builder, cells in zip(builders, batch, strict=True):
                    builder.add(cells)
                columns = [b.finish() for b in builders]
                yield columns
                done += len(columns[0])
        except _NotTidy:
            for records in self._patient(header_rows, [], skip=done):
                yield [RawColumn.of(cells) for cells in zip(*records, strict=True)]

    def _parsed(self, header_rows: int) -> Iterator[list[Any]]:
        """Batches of columns as Arrow holds them: text, an empty cell an empty text."""
        import pyarrow as pa
        import pyarrow.csv as pacsv

        ragged: list[Any] = []

        def note(row: Any) -> str:
            ragged.append(row)
            return "skip"

        names = [str(at) for at in range(self.width)]
        read = pacsv.ReadOptions(column_names=names, block_size=BLOCK)
        convert = pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=[], check_utf8=False
        )
        for data, filled in whole_lines(self._answers(header_rows)):
            quoted = data.find(b'"', 0, filled) >= 0
            parse = pacsv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=quoted, invalid_row_handler=note
            )
            try:
                table = pacsv.read_csv(
                    pa.py_buffer(memoryview(data)[:filled]),
                    read_options=read,
                    parse_options=parse,
                    convert_options=convert,
                )
            except pa.ArrowInvalid as error:
                raise _NotTidy from error
            if ragged:
                raise _NotTidy
            columns = [table.column(at) for at in range(self.width)]
            del table
            yield columns

    def _rows_expected(self, header_rows: int) -> int:
        """A little more than the rows of answers, from the length of the first ones."""
        seen = len(self.ends) - header_rows
        if seen <= 0:
            return 0
        first = max(self.ends[-1] - (self.ends[header_rows - 1] if header_rows else 0), 1)
        return int(1.05 * self.size * seen / first) + 1

    def _answers(self, header_rows: int) -> Iterator[bytes]:
        """The text after the header rows, as UTF-8."""
        skip = self.ends[header_rows - 1] if header_rows else 0
        if self.encoding in ("utf-8", "utf-8-sig"):
            mark = 3 if self.encoding == "utf-8-sig" else 0
            blocks, passed = _blocks(self.path), mark + len(self._head_text(skip).encode())
        else:
            blocks, passed = (text.encode() for text in _texts(self.path, self.encoding)), 0
            passed = len(self._head_text(skip).encode())
        for block in blocks:
            if passed >= len(block):
                passed -= len(block)
            else:
                yield block[passed:] if passed else block
                passed = 0

    def _head_text(self, characters: int) -> str:
        text = ""
        for part in _texts(self.path, self.encoding):
            text += part
            if len(text) >= characters:
                break
        return text[:characters]

    def _patient(self, header_rows: int, notes: list[Text], *, skip: int = 0) -> Iterator[list[list[str]]]:
        """Records of unequal length: short ones get empty cells, surplus empty cells go; all are named."""
        width, where = self.width, str(self.path)
        count = _Counter(_lines(_texts(self.path, self.encoding)))
        reader = csv.reader(count, delimiter=self.delimiter)
        odd: list[int] = []
        records: list[list[str]] = []
        number = started = quotes = 0
        opened = 0
        while True:
            try:
                record = next(reader, None)
            except csv.Error as error:
                if count.quotes % 2:
                    raise _unclosed(where, started + 1) from error
                raise BadInput(
                    f"line {reader.line_num} is broken: {error}",
                    where=where,
                    do="Export it again as CSV (UTF-8)",
                ) from error
            if record is None:
                if opened:
                    raise _unclosed(where, opened)
                break
            several = reader.line_num - started > 1
            opened = started + 1 if several and (count.quotes - quotes) % 2 else 0
            if opened and reader.line_num - started > MOST_LINES:
                raise _unclosed(where, opened)
            started, quotes = reader.line_num, count.quotes
            if not record:
                continue
            number += 1
            if number <= header_rows + skip:
                continue
            if len(record) != width:
                odd.append(reader.line_num)
                if any(c.strip() for c in record[width:]):
                    raise BadInput(
                        f"line {reader.line_num} has {len(record)} cells where the header has {width}",
                        where=where,
                        right="Every line should have as many cells as the header",
                        do="Look for an unquoted delimiter in a comment of that line, or name the delimiter",
                    )
                record = record[:width] + [""] * (width - len(record))
            records.append(record)
            if len(records) == PATIENT_RECORDS:
                yield records
                records = []
        if records:
            yield records
        if odd:
            shown = ", ".join(str(line) for line in odd[:10])
            more = len(odd) > 10
            notes.append(
                Text(
                    f"{len(odd)} lines have fewer or more cells than the header ({width}); missing cells "
                    "count as empty: "
                    f"line {shown}{' and others' if more else ''}",
                    f"{len(odd)} 行的单元格数与表头（{width}）不同，缺少的单元格视为空白：第 {shown} "
                    f"行{'等' if more else ''}",
                )
            )


def _unclosed(where: str, line: int) -> BadInput:
    return BadInput(
        f"line {line}: a quotation mark opens here and is never closed",
        where=where,
        do="Close it, or export the answers again as CSV (UTF-8)",
    )


def _give_back() -> None:
    """Return what parsing took to the system, before the columns are coded in the same process."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


class _NotTidy(Exception):
    """The fast parser met something that needs the patient one."""


class _Counter:
    """Lines passed on, with the quotation marks in them counted."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self.quotes = iter(lines), 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.quotes += line.count('"')
            yield line


class Growing:
    """Integers that grow in place: one block of memory, not a heap of parts and then their sum.

    expected : how many there will be, about. Room for them is taken at once: blocks that grow beside one
        another
    leave holes that are as large as the answers.
    """

    def __init__(self, expected: int) -> None:
        self._expected, self._length = max(expected, 1 << 10), 0
        self._cells: NDArray[Any] = np.empty(0, dtype=np.int8)

    def __len__(self) -> int:
        return self._length

    def append(self, part: NDArray[Any]) -> None:
        if part.dtype.itemsize > self._cells.dtype.itemsize:
            self._cells = self._cells.astype(part.dtype)
        wanted = self._length + len(part)
        if wanted > len(self._cells):
            self._cells.resize(max(wanted, self._expected, 2 * len(self._cells)), refcheck=False)
        self._cells[self._length : wanted] = part
        self._length = wanted

    def finish(self) -> NDArray[Any]:
        """The integers; nothing can be appended after it."""
        cells, self._cells = self._cells, np.empty(0, dtype=np.int8)
        cells.resize(self._length, refcheck=False)
        return cells


class ColumnBuilder:
    """A column that grows batch by batch: coded texts, else, when they are too many, plain bytes."""

    def __init__(self, expected: int, keep: bool = True) -> None:
        self._keep = keep
        self._place: dict[str, int] = {}
        self._index = Growing(expected)
        self._loose: list[Any] | None = None
        self._bytes = bytearray([UNSEEN] * 256)
        self._bytes[0] = EMPTY
        self._pairs: NDArray[np.int32] | None = None

    def add(self, cells: Any) -> None:
        """A batch of Arrow texts."""
        for chunk in cells.chunks:
            if self._loose is None:
                self._add(chunk)
            else:
                self._loose_add(chunk)
        if self._loose is None and len(self._place) > MANY_TEXTS:
            self._loosen()

    def add_texts(self, cells: Sequence[str]) -> None:
        """A batch of texts."""
        import pyarrow as pa

        self.add(pa.chunked_array([pa.array(cells, pa.string())]))

    def _loose_add(self, chunk: Any) -> None:
        if self._keep and self._loose is not None:
            self._loose.append(chunk)

    def _add(self, chunk: Any) -> None:
        import pyarrow.compute as pc

        keys = _short_keys(chunk)
        if keys is None:
            if pc.count_distinct(chunk).as_py() > MANY_TEXTS // 2:
                self._loosen()
                self._loose_add(chunk)
                return
            column = ArrowColumn(chunk)
            lookup = [self._position(t) for t in column.distinct]
            self._append(np.array([*lookup, -1], dtype=np.int32)[column.index])
        elif keys.dtype == np.uint8 and len(self._place) < UNSEEN - 1:
            self._append(self._by_byte(keys))
        else:
            self._append(self._by_pair(keys))

    def _by_byte(self, keys: NDArray[np.uint8]) -> NDArray[np.int8]:
        """Positions of texts of at most one byte: `bytes.translate` looks up a gigabyte a second."""
        data = keys.tobytes()
        out = data.translate(self._bytes)
        if UNSEEN in out:
            for key in np.unique(keys[np.frombuffer(out, dtype=np.uint8) == UNSEEN]).tolist():
                self._bytes[key] = self._position(_spelt(key)) & 0xFF
            out = data.translate(self._bytes)
        return np.frombuffer(out, dtype=np.int8)

    def _by_pair(self, keys: NDArray[Any]) -> NDArray[np.int32]:
        """Positions of texts of at most two bytes."""
        if self._pairs is None:
            self._pairs = np.full(1 << 16, -2, dtype=np.int32)
            self._pairs[0] = -1
        out: NDArray[np.int32] = self._pairs[keys]
        if (unseen := out == -2).any():
            for key in np.unique(keys[unseen]).tolist():
                self._pairs[key] = self._position(_spelt(key))
            out = self._pairs[keys]
        return out

    def _position(self, text: str | None) -> int:
        return -1 if text is None else self._place.setdefault(text, len(self._place))

    def _append(self, index: NDArray[Any]) -> None:
        self._index.append(index.astype(index_type(len(self._place)), copy=False))

    def _loosen(self) -> None:
        import pyarrow as pa

        index = self._index.finish()
        self._loose = []
        if self._keep:
            positions = pa.array(index.astype(np.int32), mask=index < 0)
            self._loose = [pa.array(self._place, pa.string()).take(positions)]
        self._place = {}

    def finish(self) -> RawColumn:
        """The whole column; one of many texts that is not kept has no rows."""
        import pyarrow as pa

        if self._loose is not None:
            return ArrowColumn(pa.chunked_array(self._loose, pa.string()))
        return RawColumn(tuple(self._place), self._index.finish())


def _short_keys(chunk: Any) -> NDArray[Any] | None:
    """Texts of at most two bytes as numbers: 0 if empty, else first byte + 256 * second; None if longer."""
    if not len(chunk):
        return np.empty(0, dtype=np.uint8)
    _, ends, texts = chunk.buffers()
    offsets = np.frombuffer(ends, dtype=np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    sizes = np.diff(offsets)
    longest = int(sizes.max())
    if longest > 2 or chunk.null_count:
        return None
    data = np.frombuffer(texts, dtype=np.uint8) if texts is not None else np.empty(0, dtype=np.uint8)
    if longest <= 1:
        cells = data[offsets[0] : offsets[-1]]
        if len(cells) == len(chunk):
            return cells
        keys = np.zeros(len(chunk), dtype=np.uint8)
        keys[sizes == 1] = cells
        return keys
    padded = np.append(data[offsets[0] : offsets[-1]], np.zeros(2, dtype=np.uint8)).astype(np.uint16)
    starts = offsets[:-1] - offsets[0]
    return np.asarray(
        np.where(sizes > 0, padded[starts], 0) + np.where(sizes == 2, padded[starts + 1] << 8, 0)
    )


def _spelt(key: int) -> str | None:
    """The text of a key of `_short_keys`, stripped; None when it is blank."""
    return bytes(b for b in (key & 0xFF, key >> 8) if b).decode("utf-8", "replace").strip() or None


# ------------------------------------------------------------------------------------------ looking


def look(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> Delimited:
    """Find the encoding and the delimiter of a text, and read its first records.

    Raises
    ------
    BadInput : the text is empty, holds zero bytes, does not fit the encoding named, or is too large or too
        wide.
    """
    where = str(path)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise BadInput(
            f"'{delimiter}' is not a delimiter", right="It is one character such as , or ; or a tab"
        )
    beside = ThreadPoolExecutor(1)  # hashing takes as long as all other looking
    sha256 = beside.submit(_hash, path)
    beside.shutdown(wait=False)
    seen = _first_pass(path)
    found = _named(path, encoding) if encoding else find_encoding(path, is_utf8=seen.is_utf8)
    head, lossy = _head(path, found, seen)
    if not head.strip():
        raise BadInput("the file is empty", where=where, right="It should hold a header row and answers")
    notes = (UNDECODED,) if lossy else ()
    start = 0
    if named := re.match(r"sep=(.)\r?\n", head):  # what Excel writes to tell itself the delimiter
        delimiter, start = delimiter or named[1], named.end()
    delimiter = delimiter or find_delimiter(head[start:])
    records, ends = _first_records(head, start, delimiter, whole=len(head) < HEAD, where=where)
    if not records:
        raise _too_long(where)
    width = len(records[0])
    if width > MOST_COLUMNS:
        raise BadInput(
            f"the header names {width:,} columns", where=where, right=f"At most {MOST_COLUMNS:,} are read"
        )
    return Delimited(path, sha256, seen.size, found, delimiter, records, ends, width, notes)


@dataclass(frozen=True)
class _FirstPass:
    """What the bytes of a text tell: unpacked size, and whether they are UTF-8 from end to end."""

    size: int
    is_utf8: bool
    has_zeros: bool
    is_lossy: bool
    """Whether another program wrote U+FFFD where it could not decode."""


def _first_pass(path: Path) -> _FirstPass:
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = lines = 0
    is_utf8, has_zeros, is_lossy = True, False, False
    for block in _blocks(path):
        size += len(block)
        lines = lines or block.count(b"\n") + block.count(b"\r")
        if not lines and size > 4 * HEAD:
            raise _too_long(str(path))
        if size > MOST_BYTES:
            raise BadInput(
                f"the text is larger than {MOST_BYTES >> 30} GiB",
                where=str(path),
                do="Turn it into parquet, and count it in batches with csat.count_batches",
            )
        has_zeros = has_zeros or b"\0" in block
        if is_utf8 and not (block.isascii() and not decoder.getstate()[0]):
            is_lossy = is_lossy or b"\xef\xbf\xbd" in block
            is_utf8 = _decodes(decoder, block)
    return _FirstPass(size, is_utf8 and _decodes(decoder, b"", final=True), has_zeros, is_lossy)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _too_long(where: str) -> BadInput:
    return BadInput(
        f"the first line is longer than {HEAD:,} characters",
        where=where,
        right="It should hold the column names, and lines of answers should follow",
    )


def _head(path: Path, encoding: str, seen: _FirstPass) -> tuple[str, bool]:
    """The first characters, and whether some of the text could not be decoded; refuses zero bytes."""
    head, lossy = "", seen.is_lossy
    zeros = BadInput(
        "the file holds zero bytes: it is not a text table",
        where=str(path),
        do="Export it again as CSV (UTF-8), or name its encoding",
    )
    seen_all = seen.is_utf8 and encoding in ("utf-8", "utf-8-sig")
    if seen_all and seen.has_zeros:
        raise zeros
    for text in _texts(path, encoding):
        if len(head) < HEAD:
            head += text
        elif seen_all:
            break
        if "\0" in text:
            raise zeros
        lossy = lossy or "\ufffd" in text
    return head, lossy


def _first_records(
    head: str, start: int, delimiter: str, *, whole: bool, where: str
) -> tuple[list[list[str]], list[int]]:
    records, ends = [], []
    consumed = start

    def lines() -> Iterator[str]:
        nonlocal consumed
        for line in io.StringIO(head[start:], newline=""):
            consumed += len(line)
            yield line

    try:
        for record in csv.reader(lines(), delimiter=delimiter):
            if consumed >= len(head) and not whole:
                break  # the last record may be cut
            if record:
                records.append(record)
                ends.append(consumed)
            if len(records) == HEAD_RECORDS:
                break
    except csv.Error as error:
        if not records:
            raise BadInput(
                f"the header cannot be read: {error}", where=where, do="Export it again as CSV (UTF-8)"
            ) from error
    return records, ends


def _blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, unpacked when it is gzipped."""
    packed = path.suffix.lower() == ".gz"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(
            f"the archive is damaged: {error}", where=str(path), do="Pack it again, or unpack it first"
        ) from error


def _texts(path: Path, encoding: str) -> Iterator[str]:
    """The decoded text, a block at a time."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace" if encoding == "cp1252" else "strict")
    try:
        for block in _blocks(path):
            if text := decoder.decode(block):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text
    except UnicodeDecodeError as error:
        raise BadInput(
            f"the file is not {encoding} throughout: {error.reason}",
            where=str(path),
            do="It may be cut short: export it again, or name its encoding",
        ) from error


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines with their ends, of any of the three kinds; a line may lie across two blocks."""
    rest = ""
    for text in texts:
        lines = io.StringIO(rest + text, newline="").readlines()
        # the last line may go on in the next block, and so may the pair \r\n
        rest = lines.pop() if lines else ""
        yield from lines
    if rest:
        yield rest


def _named(path: Path, encoding: str) -> str:
    try:
        codecs.lookup(encoding)
        b"".decode(encoding)
    except LookupError as error:
        raise BadInput(
            f"'{encoding}' is not an encoding",
            right="Known are utf-8, utf-16, gb18030, cp1252, big5, shift_jis and others",
        ) from error
    if not _fits(path, encoding):
        raise BadInput(
            f"the file is not {encoding}",
            where=str(path),
            do="Leave the encoding out and it is found, or name another",
        )
    return encoding


def _fits(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def find_encoding(path: Path, *, is_utf8: bool) -> str:
    """The encoding of a text: its mark, else strict UTF-8, else GB18030, else cp1252.

    A Latin text can pass for GB18030 by accident: an accented letter and the plain one behind it make a
    character then, but never one of the usual ones of GB2312, whose bytes are both above plain letters.
    """
    first = next(_blocks(path), b"")
    for mark, name in MARKS:
        if first.startswith(mark):
            return name
    sample = first[:4000]
    if sample.count(b"\0") > len(sample) // 4:
        return "utf-16-le" if sample[1::2].count(b"\0") > sample[0::2].count(b"\0") else "utf-16-be"
    if is_utf8:
        return "utf-8"
    common = rare = 0
    decoder = codecs.getincrementaldecoder("gb18030")()
    try:
        for block in _blocks(path):
            wide = re.sub(r"[\0-\x7f]+", "", decoder.decode(block))
            usual = len(wide.encode("gb2312", "ignore")) // 2
            common, rare = common + usual, rare + len(wide) - usual
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "cp1252" if rare > common else "gb18030"


def find_delimiter(text: str) -> str:
    """The separator whose field counts agree best over the first records."""
    best, chosen = (0.0, 0), ","
    head = text[:SNIFFED_CHARACTERS]
    for delimiter in DELIMITERS:
        counts = []
        try:
            for record in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
                counts.append(len(record))
                if len(counts) == SNIFFED_RECORDS:
                    break
        except csv.Error:
            continue
        if len(head) < len(text) and 1 < len(counts) < SNIFFED_RECORDS:
            counts.pop()  # the last record is cut
        filled = [c for c in counts if c]
        common = max(set(filled), key=filled.count) if filled else 0
        if common < 2:
            continue
        score = (filled.count(common) / len(filled), common)
        if score > best:
            best, chosen = score, delimiter
    return chosen


def whole_lines(blocks: Iterable[bytes]) -> Iterator[tuple[bytearray, int]]:
    """A buffer and how much of it ends with a line, outside of quotation marks; about `BATCH` bytes a time.

    It is one buffer throughout, to be read before the next is asked for: new ones beside columns that grow
    leave holes in the memory as large as themselves.
    """
    buffer, filled = bytearray(BATCH + BLOCK), 0
    for block in blocks:
        if filled + len(block) > len(buffer):
            buffer = buffer[:filled] + bytearray(2 * len(buffer) + len(block) - filled)
        buffer[filled : filled + len(block)] = block
        filled += len(block)
        if filled < BATCH:
            continue
        if cut := _line_end(buffer, filled):
            yield buffer, cut
            buffer[: filled - cut] = buffer[cut:filled]
            filled -= cut
        elif filled > 8 * BATCH:
            raise _NotTidy  # a cell of that size is a quotation mark that is never closed
    if buffer.count(b'"', 0, filled) % 2:
        raise _NotTidy  # a quotation mark that is never closed, or one within a word
    if filled:
        yield buffer, filled


def _line_end(data: bytearray, filled: int) -> int:
    """Where the last line ends that ends outside of a quoted cell; 0 when none of the last ones does."""
    cut = data.rfind(b"\n", 0, filled)
    quotes = data.count(b'"', 0, cut + 1)
    for _ in range(2000):
        if cut < 0 or quotes % 2 == 0:
            break
        earlier = data.rfind(b"\n", 0, cut)
        quotes -= data.count(b'"', earlier + 1, cut + 1)
        cut = earlier
    return cut + 1 if quotes % 2 == 0 else 0


def decimal_mark(columns: Iterable[RawColumn], delimiter: str) -> str:
    """',' when a semicolon separates and numbers look like 0,85; else '.'."""
    if delimiter != ";":
        return "."
    comma = re.compile(r"-?\d+,\d+")
    point = re.compile(r"-?\d+\.\d+")
    seen = False
    for column in columns:
        texts = [t for r in range(min(len(column), 200)) if (t := column.text(r))]
        seen = seen or any(comma.fullmatch(t) for t in texts)
        if any(point.fullmatch(t) for t in texts):
            return "."
    return "," if seen else "."
