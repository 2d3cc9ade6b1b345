"""Readers that rest on native libraries: workbooks (calamine) and statistics files (ReadStat).

`isolated.read_isolated` runs this file as a child process; nothing here is called in the user's own process
unless no child can be made.
"""

from __future__ import annotations

import os
import pickle
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

MOST_CELLS = 5_000_000
"""A sheet above this is refused: a small archive can describe a sheet that fills the memory."""
MOST_UNPACKED = 1 << 30
"""Bytes all parts of a workbook may unpack to."""
MOST_COLUMNS = 16_384
"""As many as a sheet can have."""


def main() -> None:
    """Answer the one request on standard input."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints must not mix with the answer
    path, memory, reader, arguments = pickle.load(sys.stdin.buffer)
    sys.path[:] = path
    limit_memory(memory)
    from csat.errors import CsatError

    answer: tuple[str, Any]
    try:
        answer = ("read", READERS[reader](*arguments))
    except CsatError as error:
        answer = ("refused", str(error))
    except BaseException as error:  # a panic of the native reader is no Exception
        lines = str(error).strip().splitlines()
        answer = ("failed", lines[0][:200] if lines else type(error).__name__)
    pickle.dump(answer, answers, protocol=5)
    answers.close()


def limit_memory(memory: int) -> None:
    """Bound the memory of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


# ---------------------------------------------------------------------------------------- workbooks


def read_workbook(path: str, sheet: str | None) -> tuple[str, list[Any], list[int]]:
    """The name of the sheet, its columns with the header rows still in them, and the rows they came from.

    The first sheet with more than one cell is read unless one is named; wholly empty rows are left out.
    """
    from python_calamine import CalamineWorkbook

    from csat.errors import BadInput, UnknownName
    from csat.responses.raw import RawColumn, cell_text

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
    from csat.errors import BadInput

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
    from csat.errors import BadInput

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


# --------------------------------------------------------------------------------- statistics files


def read_statistics(path: str, kind: str, encoding: str | None) -> Any:
    """A .sav, .zsav, .por or .dta file as a table, with its dictionary: labels, missing codes, weight."""
    import pyreadstat

    from csat.errors import BadInput
    from csat.language import Text
    from csat.responses.raw import RawColumn, RawTable, unique_names

    calls: dict[str, Callable[..., Any]] = {
        ".sav": pyreadstat.read_sav,
        ".zsav": pyreadstat.read_sav,
        ".por": pyreadstat.read_por,
        ".dta": pyreadstat.read_dta,
    }
    # user_missing: without it the codes of refused and not applicable arrive as nothing
    options: dict[str, Any] = {"output_format": "dict"} | ({"user_missing": True} if kind != ".por" else {})
    if encoding:
        options["encoding"] = encoding
    values, meta = calls[kind](path, **options)
    if len(meta.column_names) > MOST_COLUMNS:
        raise BadInput(f"the file has {len(meta.column_names):,} variables", where=path)
    names, notes = unique_names(meta.column_names)
    pairs = list(zip(names, meta.column_names, strict=True))
    columns = {name: RawColumn.of(values[old]) for name, old in pairs}
    labels = {
        name: {
            text: str(label)
            for code, label in found.items()
            if (text := RawColumn.of([code]).text(0)) is not None
        }
        for name, old in pairs
        if (found := meta.variable_value_labels.get(old))
    }
    silent = _declared_missing(columns, labels, dict(pairs), meta)
    notes += _label_notes(columns, labels, silent)
    weight = file_weight(path, names) if kind in (".sav", ".zsav") else ""
    if weight:
        notes.append(
            Text(
                f"the file names '{weight}' as its weight: it is used only when asked for (--weight "
                f"{weight})",
                f"文件指定“{weight}”为权重变量：仅在要求时使用（--weight {weight}）",
            )
        )
    if any("??" in q for q in meta.column_labels or [] if q):
        notes.append(
            Text(
                "some labels hold '??': the file's encoding may be wrong (name it, for instance gb18030)",
                "部分标签含“??”：文件的字符编码可能有误（请指定，例如 gb18030）",
            )
        )
    rows = len(next(iter(columns.values()))) if columns else 0
    return RawTable(
        columns,
        rows,
        rows_read=rows,
        encoding=str(meta.file_encoding or "").lower(),
        header_rows=0,
        layout="stata" if kind == ".dta" else "spss",
        evidence="the file carries a dictionary of its variables",
        value_labels=labels,
        silent_codes=silent,
        roles={weight: "weight"} if weight else {},
        questions={n: q for n, q in zip(names, meta.column_labels or [None] * len(names), strict=True) if q},
        notes=tuple(notes),
    )


def _declared_missing(
    columns: Mapping[str, Any], labels: Mapping[str, Mapping[str, str]], old: Mapping[str, str], meta: Any
) -> dict[str, dict[str, str]]:
    """Column to the codes its dictionary declares missing, each with the reason its label gives."""
    from csat.instrument.labels import fold, silence_words

    words = silence_words()
    ranges = getattr(meta, "missing_ranges", None) or {}
    letters = getattr(meta, "missing_user_values", None) or {}
    found = {}
    for name, column in columns.items():
        declared = ranges.get(old[name], [])
        codes = {t for t in column.distinct if any(_within(t, r["lo"], r["hi"]) for r in declared)}
        codes |= set(column.distinct) & set(letters.get(old[name], []))  # Stata's .a to .z
        if codes:
            own = labels.get(name, {})
            found[name] = {
                c: words.get(fold(own[c])) or _reason(own[c]) if c in own else "" for c in sorted(codes)
            }
    return found


NOT_ASKED = re.compile(r"no\b|not\b|never\b|don'?t|doesn'?t|没|无|未|不|从未", re.IGNORECASE)
UNANSWERED = re.compile(r"answer|respon|stated|missing|refus|blank|拒|作答|回答|填写|缺失", re.IGNORECASE)


def _reason(label: str) -> str:
    """The reason of a label in no list: 'No expectation' does not apply, 'Not stated' is no answer."""
    return "NOT_APPLICABLE" if NOT_ASKED.match(label) and not UNANSWERED.search(label) else "NO_ANSWER"


def _within(text: str, low: Any, high: Any) -> bool:
    try:
        return float(low) <= float(text) <= float(high)
    except ValueError:
        return str(low).strip() == text


def _label_notes(
    columns: Mapping[str, Any],
    labels: Mapping[str, Mapping[str, str]],
    silent: Mapping[str, Mapping[str, str]],
) -> list[Any]:
    """Values outside a list of labels that is otherwise complete, and words that are declared missing."""
    from csat.language import Text

    notes = []
    for name, column in columns.items():
        declared = silent.get(name, {})
        met = [c for c in declared if not _is_whole(c) and c in column.distinct]
        notes += [Text(f"{name}: '{c}' is user-missing", f"{name}：“{c}”为用户自定义缺失值") for c in met]
        codes = sorted(int(float(c)) for c in labels.get(name, {}) if c not in declared and _is_whole(c))
        complete = len(codes) > 1 and codes == list(range(codes[0], codes[-1] + 1))
        if complete:
            outside = [
                t for t in column.distinct if t not in labels[name] and t not in declared and _is_whole(t)
            ]
            notes += [
                Text(f"{name}: value {t} has no label", f"{name}：取值 {t} 没有标签") for t in outside[:5]
            ]
    return notes


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,15}(\.0)?", text) is not None


def file_weight(path: str, names: list[str]) -> str:
    """The variable a .sav file is weighted by, '' when none; pyreadstat does not tell.

    The header (176 bytes) holds at byte 76 the 1-based position of the weight among the elements of a
    case, where a text takes one element for each eight bytes; the records of the variables follow it.
    """
    with Path(path).open("rb") as file:
        header = file.read(176)
        if len(header) < 176:
            return ""
        order = "<" if struct.unpack("<i", header[64:68])[0] in (2, 3) else ">"
        wanted = struct.unpack(f"{order}i", header[76:80])[0]
        if wanted <= 0:
            return ""
        variables = -1
        for element in range(1, wanted + 1):
            kind = _variable_record(file, order)
            if kind is None:
                return ""
            variables += kind >= 0
            if element == wanted:
                return names[variables] if kind == 0 and variables < len(names) else ""
    return ""


def _variable_record(file: IO[bytes], order: str) -> int | None:
    """Skip a variable record: 0 a number, above 0 the width of a text, -1 its rest; None at the end."""
    data = file.read(32)
    if len(data) < 32:
        return None
    record, kind, labelled, missing = struct.unpack(f"{order}4i", data[:16])
    if record != 2 or abs(missing) > 3:
        return None
    if labelled:
        (length,) = struct.unpack(f"{order}i", file.read(4))
        if not 0 <= length <= 1 << 16:
            return None
        file.read(-(-length // 4) * 4)
    file.read(8 * abs(missing))
    return int(kind)


READERS: dict[str, Callable[..., Any]] = {"workbook": read_workbook, "statistics": read_statistics}

if __name__ == "__main__":
    main()
