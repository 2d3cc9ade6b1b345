"""Columns that grow batch by batch into coded texts, without keeping the texts of every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.responses.raw import ArrowColumn, RawColumn, index_type

MANY_TEXTS = 10_000
"""A column of more distinct texts is kept as bytes (identifiers, comments, weights)."""
EMPTY, UNSEEN = 0xFF, 0xFE
"""Position of an empty cell (-1 as a byte), and of a text not met before."""
MOST_IN_A_BYTE = 127


class Growing:
    """Integers that grow in place: one block of memory, not a heap of parts and then their sum.

    expected : how many there will be, about. Room for them is taken at once, as blocks that grow beside one
        another leave holes in the memory, together as large as the answers.
    """

    def __init__(self, expected: int) -> None:
        self._expected, self._length = max(expected, 1 << 10), 0
        self._cells: NDArray[Any] = np.empty(0, dtype=np.int8)

    def __len__(self) -> int:
        return self._length

    def append(self, part: NDArray[Any]) -> None:
        """Add integers at the end; wider ones widen all."""
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
        else:
            self._append(self._by_pair(keys) if keys.dtype != np.uint8 else self._by_byte(keys))

    def _by_byte(self, keys: NDArray[np.uint8]) -> NDArray[Any]:
        """Positions of texts of at most one byte: `bytes.translate` looks up a gigabyte a second."""
        data = keys.tobytes()
        out = data.translate(self._bytes)
        if UNSEEN in out:
            for key in np.unique(keys[np.frombuffer(out, dtype=np.uint8) == UNSEEN]).tolist():
                position = self._position(_spelt(key))
                if position > MOST_IN_A_BYTE:
                    return self._by_pair(keys)
                self._bytes[key] = position & 0xFF
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
