"""Workbooks (.xlsx, .xls, .ods) through calamine, with a look at their size before they are built."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from csat.errors import BadInput, UnknownName
from csat.responses.raw import RawColumn, cell_text

MOST_CELLS = 5_000_000
"""A sheet above this is refused: a small archive can describe a sheet that fills the memory."""
MOST_UNPACKED = 1 << 30
"""Bytes all parts of a workbook may unpack to."""
MOST_COLUMNS = 16_384
"""As many as a sheet can have."""


def read_workbook(path: str, sheet: str | None) -> tuple[str, list[Any], list[int]]:
    """The name of the sheet, its columns with the header rows still in them, and the rows they came from.

    The first sheet with more than one cell is read unless one is named; wholly empty rows are left out.
    """
    from python_calamine import CalamineWorkbook

    with Path(path).open("rb") as file:
        is_archive = file.read(2) == b"PK"
    if is_archive and not zipfile.is_zipfile(path):
        raise BadInput(
            "the workbook is damaged: its end is missing",
            where=path,
            do="Export it again, or copy it again if it was cut short",
        )
    cells = sheet_cells(path) if is_archive else {}
    book = CalamineWorkbook.from_path(path)
    if sheet is not None and sheet not in book.sheet_names:
        raise UnknownName("sheet", sheet, book.sheet_names, where=path)
    for name in [sheet] if sheet is not None else book.sheet_names:
        _refuse_large(path, name, *cells.get(name, (0, 0)))
        found = book.get_sheet_by_name(name)
        _refuse_large(path, name, found.total_height, found.total_width)
        rows = found.to_python(skip_empty_area=True)
        filled = [at for at, row in enumerate(rows) if any(c != "" and cell_text(c) is not None for c in row)]
        if len(filled) > 1 or (filled and sheet is not None):
            columns = [RawColumn.of(column) for column in zip(*(rows[at] for at in filled), strict=True)]
            return name, columns, filled
    raise BadInput(
        f"the {'sheet' if sheet else 'workbook'} holds no answers",
        where=path,
        right="One sheet should hold a header row and answers below it",
    )


def _refuse_large(path: str, sheet: str, height: int, width: int) -> None:

    if height * width > MOST_CELLS or width > MOST_COLUMNS:
        raise BadInput(
            f"sheet '{sheet}' spans {height:,} rows and {width:,} columns",
            where=path,
            right=f"At most {MOST_CELLS:,} cells are read from a workbook",
            do="Save the answers as CSV, or delete what stands far outside of them",
        )


CELL = re.compile(rb"<(?:\w+:)?c(?:\s[^>]*?\br=\"([A-Za-z]{1,4})(\d{1,8})\")?")


def sheet_cells(path: str) -> dict[str, tuple[int, int]]:
    """Rows and columns that the cells of each sheet of an .xlsx span, without building the sheet.

    The library builds the whole rectangle before it can be asked how large it is: two cells far apart in a
    file of five kilobytes are enough to end the process.
    """

    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = 0
            for info in archive.infolist():
                info.file_size = MOST_UNPACKED + 1  # the size the archive claims may be a lie
                with archive.open(info) as handle:
                    while part := handle.read(1 << 20):
                        unpacked += len(part)
                        if unpacked > MOST_UNPACKED:
                            raise BadInput(
                                f"the workbook unpacks to more than {MOST_UNPACKED >> 20:,} MiB",
                                where=path,
                                right="A workbook of answers unpacks to a few MiB",
                                do="Save the answers as CSV",
                            )
            return {name: _span(archive, part) for name, part in _sheet_names(archive).items()}
    except (
        zipfile.BadZipFile,
        ElementTree.ParseError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
    ) as error:
        raise BadInput(
            f"the workbook is damaged: {error}", where=path, do="Export it again, or save it as CSV (UTF-8)"
        ) from error


def _sheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name to the part that holds it; empty for workbooks that are not .xlsx."""
    members = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= members:
        return {}
    targets = {
        node.get("Id"): (node.get("Target") or "")
        for node in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    found = {}
    for node in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if node.tag.rpartition("}")[2] == "sheet":
            key = next((v for k, v in node.attrib.items() if k.rpartition("}")[2] == "id"), None)
            target = targets.get(key, "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if part in members:
                found[node.get("name") or ""] = part
    return found


def _span(archive: zipfile.ZipFile, part: str) -> tuple[int, int]:
    height = width = unnamed = 0
    rest = b""
    with archive.open(part) as handle:
        while data := handle.read(1 << 20):
            data = rest + data
            end = max(data.rfind(b"<"), 0)
            found = CELL.findall(data, 0, end)
            width = max([width, *map(_column_number, {letters for letters, _ in found})])
            height = max([height, *(int(digits) for digits in {digits for _, digits in found if digits})])
            unnamed += sum(not letters for letters, _ in found)
            rest = data[end:][-(1 << 16) :]
    return (height, width) if not unnamed else (max(height, unnamed), max(width, 1))


def _column_number(letters: bytes) -> int:
    """27 of `AA`; 0 of nothing."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
