"""The bytes of a text file: unpacked, decoded, in the encoding that fits them."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from csat.errors import BadInput

MOST_BYTES = 4 << 30
"""A text above this is refused with advice: its columns would not fit a usual machine's memory."""
HEAD = 1 << 20
"""Characters the header rows and the first answers are looked for in."""
BLOCK = 1 << 20
"""Bytes read at once."""

MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True)
class FirstPass:
    """What the bytes of a text tell: unpacked size, and whether they are UTF-8 from end to end."""

    size: int
    is_utf8: bool
    has_zeros: bool
    is_lossy: bool
    """Whether another program wrote U+FFFD where it could not decode."""


def first_pass(path: Path) -> FirstPass:
    """Read a text once from end to end, in the time it takes to read it.

    Raises
    ------
    BadInput : it is larger than `MOST_BYTES`, or its first line longer than any header.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = lines = 0
    is_utf8, has_zeros, is_lossy = True, False, False
    for block in blocks_of(path):
        size += len(block)
        lines = lines or block.count(b"\n") + block.count(b"\r")
        if not lines and size > 4 * HEAD:
            raise first_line_too_long(str(path))
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
    return FirstPass(size, is_utf8 and _decodes(decoder, b"", final=True), has_zeros, is_lossy)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def file_hash(path: Path) -> str:
    """SHA-256 of a file as it lies there."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_head(path: Path, encoding: str, seen: FirstPass) -> tuple[str, bool]:
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
    for text in texts_of(path, encoding):
        if len(head) < HEAD:
            head += text
        elif seen_all:
            break
        if "\0" in text:
            raise zeros
        lossy = lossy or "\ufffd" in text
    return head, lossy


def first_line_too_long(where: str) -> BadInput:
    """The error of a text whose first line is no header."""
    return BadInput(
        f"the first line is longer than {HEAD:,} characters",
        where=where,
        right="It should hold the column names, and lines of answers should follow",
    )


def named_encoding(path: Path, encoding: str) -> str:
    """The encoding the caller names, once it is shown to fit.

    Raises
    ------
    BadInput : there is no such encoding, or the file is not in it.
    """
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
        for block in blocks_of(path):
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
    first = next(blocks_of(path), b"")
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
        for block in blocks_of(path):
            wide = re.sub(r"[\0-\x7f]+", "", decoder.decode(block))
            usual = len(wide.encode("gb2312", "ignore")) // 2
            common, rare = common + usual, rare + len(wide) - usual
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "cp1252" if rare > common else "gb18030"


def blocks_of(path: Path) -> Iterator[bytes]:
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


def texts_of(path: Path, encoding: str) -> Iterator[str]:
    """The decoded text, a block at a time."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace" if encoding == "cp1252" else "strict")
    try:
        for block in blocks_of(path):
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
