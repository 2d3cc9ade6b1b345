"""Delimited text: which encoding, which delimiter, and the cells in batches, however large the file.

The file is read twice. The first pass takes its hash and tries the encodings; the second parses a few
mebibytes at a time, and each batch is turned into small integers before the next is read, so that the
memory is that of the coded columns and one batch. A file that is not tidy (ragged lines, stray quotation
marks) is read by the slower and more patient parser of the standard library, which can name the line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csat.errors import BadInput
from csat.language import Text
from csat.responses.encodings import (
    BLOCK,
    HEAD,
    blocks_of,
    file_hash,
    find_encoding,
    first_line_too_long,
    first_pass,
    named_encoding,
    read_head,
    texts_of,
)
from csat.responses.growing import ColumnBuilder
from csat.responses.heading import rows_above
from csat.responses.raw import RawColumn

MOST_COLUMNS = 16_384
"""As many as a sheet of a workbook can have."""
HEAD_RECORDS = 100
SNIFFED_RECORDS = 60
PATIENT_RECORDS = 5000
MOST_LINES = 200
"""Lines after which a quotation mark that opened a cell is taken for one that was forgotten."""
SNIFFED_CHARACTERS = 200_000
BATCH = 1 << 20
"""Bytes parsed at once."""
DELIMITERS = (",", ";", "\t", "|")
UNDECODED = Text(
    "some characters could not be decoded: the encoding may be wrong (name it, for instance big5)",
    "部分字符无法解码：字符编码可能有误（请指定，例如 big5）",
)
GUESSED = Text(
    "neither UTF-8 nor GB18030, so read as Western European (cp1252): where words look wrong, name the "
    "encoding, such as big5",
    "既非 UTF-8 也非 GB18030，故按西欧编码（cp1252）读取：若文字显示不正确，请指定编码，例如 big5",
)


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

        keep : whether the column at a position is kept when it turns out to hold many distinct texts; one
            that is not kept comes back without rows.
        """
        expected = self._rows_expected(header_rows)
        builders = [ColumnBuilder(expected, keep(at)) for at in range(self.width)]
        try:
            for batch in one_ahead(self._parsed(header_rows)):
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
        head = self._head_text(self.ends[header_rows - 1] if header_rows else 0).encode()
        if self.encoding in ("utf-8", "utf-8-sig"):
            blocks = blocks_of(self.path)
            passed = len(head) + (3 if self.encoding == "utf-8-sig" else 0)
        else:
            blocks = (text.encode() for text in texts_of(self.path, self.encoding))
            passed = len(head)
        for block in blocks:
            if passed >= len(block):
                passed -= len(block)
            else:
                yield block[passed:] if passed else block
                passed = 0

    def _head_text(self, characters: int) -> str:
        text = ""
        for part in texts_of(self.path, self.encoding):
            text += part
            if len(text) >= characters:
                break
        return text[:characters]

    def _patient(self, header_rows: int, notes: list[Text], *, skip: int = 0) -> Iterator[list[list[str]]]:
        """Records of unequal length: short ones get empty cells, surplus empty cells go; all are named."""
        width, where = self.width, str(self.path)
        count = _Counter(_lines(texts_of(self.path, self.encoding)))
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
                    f"lines with fewer or more cells than the header ({width}), missing ones taken as "
                    f"empty: {len(odd)}: line {shown}{' and others' if more else ''}",
                    f"单元格数与表头（{width}）不同的行（缺少的视为空白）：{len(odd)}：第 {shown} 行"
                    f"{'等' if more else ''}",
                )
            )


def _unclosed(where: str, line: int) -> BadInput:
    return BadInput(
        f"line {line}: a quotation mark opens here and is never closed",
        where=where,
        do="Close it, or export the answers again as CSV (UTF-8)",
    )


def one_ahead(batches: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """The same batches, the next one made while the last one is used: parsing lets go of the interpreter."""
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = beside.submit(next, batches, None)
            yield batch


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
    sha256 = beside.submit(file_hash, path)
    beside.shutdown(wait=False)
    seen = first_pass(path)
    found = named_encoding(path, encoding) if encoding else find_encoding(path, is_utf8=seen.is_utf8)
    head, lossy = read_head(path, found, seen)
    if not head.strip():
        raise BadInput("the file is empty", where=where, right="It should hold a header row and answers")
    notes = (UNDECODED,) if lossy else ()
    if encoding is None and found == "cp1252" and not head.isascii():
        notes = (*notes, GUESSED)
    start = 0
    if named := re.match(r"sep=(.)\r?\n", head):  # what Excel writes to tell itself the delimiter
        delimiter, start = delimiter or named[1], named.end()
    delimiter = delimiter or find_delimiter(head[start:])
    records, ends = _first_records(head, start, delimiter, whole=len(head) < HEAD, where=where)
    if not records:
        raise first_line_too_long(where)
    width = len(records[rows_above(records)])
    if width > MOST_COLUMNS:
        raise BadInput(
            f"the header names {width:,} columns", where=where, right=f"At most {MOST_COLUMNS:,} are read"
        )
    return Delimited(path, sha256, seen.size, found, delimiter, records, ends, width, notes)


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
