"""Values that are typed or lie in small files: numbers, margins of a population, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from csat.errors import BadInput


def _margin(text: str) -> tuple[str, dict[str, float]]:
    column, equals, rest = text.partition("=")
    pairs = [part.rpartition(":") for part in rest.split(",") if part.strip()]
    if not equals or not pairs or any(not colon for _, colon, _ in pairs):
        raise BadInput(
            f"--margin {text} is no margin", right="It is COLUMN=A:SHARE,.., such as gender=female:52,male:48"
        )
    return column.strip(), {name.strip(): number(share, "--margin") for name, _, share in pairs}


def margins_of(inline: Sequence[str], file: Path | None) -> dict[str, dict[str, float]]:
    """Margins of the population, by column: those of a file, and those written on the command line.

    Raises
    ------
    BadInput : a margin or the file is not written as one.
    """
    return {**_margins_in(file), **dict(_margin(text) for text in inline)}


def _margins_in(file: Path | None) -> dict[str, dict[str, float]]:
    if file is None:
        return {}
    if file.suffix.lower() in (".toml", ".json"):
        found = structure(file)
        if not isinstance(found, Mapping) or not all(isinstance(v, Mapping) for v in found.values()):
            raise BadInput(
                "this file holds no margins",
                where=str(file),
                right="One table a column: [gender], then female = 52",
            )
        return {
            str(column): {str(k): number(v, str(file)) for k, v in wanted.items()}
            for column, wanted in found.items()
        }
    margins: dict[str, dict[str, float]] = {}
    for row in csv_rows(file, ("margin", "category", "share")):
        margins.setdefault(row["margin"], {})[row["category"]] = number(row["share"], str(file))
    return margins


def structure(path: Path) -> Any:
    """A .toml or .json file as plain values."""
    import json
    import tomllib

    text = _text(path)
    try:
        return json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
        raise BadInput(f"this is no {kind}: {error}", where=str(path)) from error


def csv_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a CSV file by heading, in lower case; cells trimmed."""
    import csv

    reader = csv.reader(_text(path).splitlines())
    try:
        rows = [[cell.strip() for cell in row] for row in reader if any(c.strip() for c in row)]
    except csv.Error as error:
        raise BadInput(f"this is no CSV file: {error}", where=str(path)) from error
    head = [h.casefold() for h in rows[0]] if rows else []
    missing = [name for name in needed if name not in head]
    if missing or len(rows) < 2:
        raise BadInput(
            f"the columns {', '.join(missing)} are missing" if missing else "there is no row",
            where=str(path),
            right=f"The first line is {','.join(needed)}",
        )
    short = next((i for i, row in enumerate(rows) if len(row) < len(needed)), None)
    if short is not None:
        raise BadInput(
            f"row {short + 1} has {len(rows[short])} cells", where=str(path), right=", ".join(head)
        )
    return [dict(zip(head, row, strict=False)) for row in rows[1:]]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadInput(f"the file cannot be read: {reason}", where=str(path)) from error


def number(value: Any, where: str) -> float:
    """A number; `5%` is 0.05."""
    import math

    text = str(value).strip()
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = math.nan
    if not math.isfinite(found) or isinstance(value, bool):
        raise BadInput(f"'{value}' is no number", where=where)
    return found
