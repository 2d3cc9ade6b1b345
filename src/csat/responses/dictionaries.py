"""Files of statistics programs (.sav, .zsav, .por, .dta) through ReadStat, with their dictionary."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from csat.errors import BadInput
from csat.instrument.labels import fold, silence_words
from csat.language import Text
from csat.responses.raw import RawColumn, RawTable, unique_names

MOST_VARIABLES = 16_384


def read_statistics(path: str, kind: str, encoding: str | None) -> Any:
    """A .sav, .zsav, .por or .dta file as a table, with its dictionary: labels, missing codes, weight."""
    import pyreadstat

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
    if len(meta.column_names) > MOST_VARIABLES:
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
                f"the file names '{weight}' as its weight: it is used only when asked for, with "
                f"--weight {weight}",
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
) -> list[Text]:
    """Values outside a list of labels that is otherwise complete, and words that are declared missing."""
    notes: list[Text] = []
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
        size = file.read(4)
        length = struct.unpack(f"{order}i", size)[0] if len(size) == 4 else -1
        if not 0 <= length <= 1 << 16:
            return None
        file.read(-(-length // 4) * 4)
    file.read(8 * abs(missing))
    return int(kind)
