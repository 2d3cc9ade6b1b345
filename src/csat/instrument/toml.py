"""Instruments as TOML files: read, check, find the shipped ones.

A broken file gets one paragraph: file, line, table and key of the first problem, what would be right, and
what else is wrong in brief.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csat.errors import BadInput, UnknownName, closest, listed
from csat.instrument.instrument import Construct, Hypothesis, Instrument, Item, Scale, Segment
from csat.instrument.labels import LABEL_SETS, set_labels
from csat.instrument.positions import Location, positions
from csat.instrument.writing import write_instrument
from csat.language import Text

if TYPE_CHECKING:
    from csat.instrument.checks import Problem
    from csat.instrument.layout import InstrumentFile, ScaleTable, Words

__all__ = [
    "InstrumentError",
    "instrument_schema",
    "load",
    "read_instrument",
    "shipped",
    "shipped_text",
    "write_instrument",
]

SHOWN_PROBLEMS = 5
"""How many further problems a message lists in brief."""

EXTENSION = ".toml"


class InstrumentError(BadInput):
    """An instrument file with mistakes; `problems` holds (line, sentence) of each, in file order."""

    def __init__(self, message: str, *, problems: tuple[tuple[int, str], ...]) -> None:
        super().__init__(message)
        self.problems = problems


def load(name_or_path: str | Path) -> Instrument:
    """The instrument of a shipped id, or of a TOML file.

    Raises
    ------
    UnknownName : when it is neither a shipped id nor a path; the close match is suggested.
    BadInput : when the file cannot be read, or is not TOML.
    InstrumentError : when the file has mistakes.
    """
    name = str(name_or_path)
    if not isinstance(name_or_path, Path) and name in shipped():
        return read_instrument(shipped_text(name), where=f"{name}{EXTENSION}")
    path = Path(name)
    looks_like_path = isinstance(name_or_path, Path) or path.suffix == EXTENSION or len(path.parts) > 1
    if not looks_like_path and not path.is_file():
        raise UnknownName(
            "instrument", name, shipped(), do=f"Give one of these, or the path of a {EXTENSION} file"
        )
    text = _file_text(path)
    found = read_instrument(text, where=name)
    return _with_path(found, name)


def shipped() -> list[str]:
    """The ids of the instruments that come with csat, in alphabetical order."""
    folder = _folder()
    return sorted(p.name.removesuffix(EXTENSION) for p in folder.iterdir() if p.name.endswith(EXTENSION))


def shipped_text(name: str) -> str:
    """The TOML text of a shipped instrument.

    Raises
    ------
    UnknownName : when no shipped instrument has that id.
    """
    known = shipped()
    if name not in known:
        raise UnknownName("instrument", name, known)
    return _folder().joinpath(f"{name}{EXTENSION}").read_text(encoding="utf-8")


def instrument_schema() -> dict[str, Any]:
    """The JSON Schema of an instrument file, for editors; made from the models that read it."""
    from csat.instrument.layout import json_schema

    return json_schema()


def read_instrument(text: str, *, where: str = "the instrument") -> Instrument:
    """The instrument a TOML text says.

    Parameters
    ----------
    text : the TOML.
    where : the file's name, for messages.

    Raises
    ------
    InstrumentError : one paragraph on the first problem, with the others in brief.
    """
    raw = _parsed(text, where)
    from csat.instrument.checks import cross_problems, in_order

    placed = positions(text)
    table, found = _typed(raw)
    found += cross_problems(raw, placed, where=where)
    if found or table is None:
        raise _error(in_order(found, placed), where, raw)
    return _instrument(table, raw)


# Reading the text


def _file_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        stem = path.name.removesuffix(EXTENSION)
        close = stem if stem in shipped() else closest(stem, shipped())
        do = f"The shipped instrument '{close}' is named without {EXTENSION}" if close else "Check the path"
        raise BadInput("there is no such file", where=str(path), do=do) from None
    except IsADirectoryError:
        raise BadInput(
            "is a folder", where=str(path), right=f"An instrument is one {EXTENSION} file"
        ) from None
    except OSError as error:
        raise BadInput(f"cannot be opened ({error.strerror})", where=str(path)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(
            "the file is not UTF-8 text",
            where=f"{path}, line {line}",
            do="Save it again with the encoding UTF-8",
        ) from None


_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_TYPOGRAPHIC = (
    dict.fromkeys("“”„", '"') | dict.fromkeys("‘’", "'") | {"＝": "=", "，": ",", "【": "[", "】": "]"}
)
_TYPOGRAPHIC |= {"［": "[", "］": "]", "｛": "{", "｝": "}", "＃": "#"}


def _parsed(text: str, where: str) -> dict[str, Any]:
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise BadInput(
            "the file is empty", where=where, do="Begin from a shipped one: csat instruments show ecsi"
        )
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise BadInput("brackets nest too deep", where=where) from None
    except ValueError as error:
        # TOMLDecodeError is a ValueError; so is a number of more digits than Python reads
        message = str(error)
        at = _AT.search(message)
        said = _AT.sub("", message)
        said = said[:1].lower() + said[1:]
        if at is None or at[1] is None:
            raise BadInput(
                f"this is not TOML: {said}",
                where=f"{where}, at the end of the file",
                do="Look for a bracket or a quotation mark that is not closed",
            ) from None
        line = text.splitlines()[int(at[1]) - 1] if int(at[1]) <= len(text.splitlines()) else ""
        odd = next((c for c in line.split("#")[0] if c in _TYPOGRAPHIC), "")
        do = f"'{odd}' should be the plain {_TYPOGRAPHIC[odd]}" if odd else _syntax_hint(said)
        shown = line.strip()
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        raise BadInput(
            f"this is not TOML: {said}",
            where=f"{where}, line {at[1]}, column {at[2]} (`{shown}`)",
            right=do,
        ) from None


def _syntax_hint(said: str) -> str:
    if "illegal character '\\n'" in said:
        return "A quotation mark is not closed on this line"
    if "twice" in said:
        return "A table that comes several times is written in double brackets, as in [[items]]"
    if "overwrite" in said:
        return "The same key stands twice in one table"
    return ""


# What pydantic finds


def _typed(raw: dict[str, Any]) -> tuple[InstrumentFile | None, list[Problem]]:
    from pydantic import ValidationError

    from csat.instrument.layout import InstrumentFile

    try:
        return InstrumentFile.model_validate(_without_set_names(raw)), []
    except ValidationError as error:
        found = [_problem(e["loc"], e["type"], e.get("input"), e.get("ctx", {}), raw) for e in error.errors()]
        return None, list(_without_echoes(found, raw))


def _without_set_names(raw: dict[str, Any]) -> dict[str, Any]:
    """The tables without `labels = "satisfaction-5"`: the checks see the name, `_scale` lays it out."""
    scales = raw.get("scales")
    if not isinstance(scales, dict):
        return raw
    plain = {
        id: {k: v for k, v in t.items() if k != "labels" or not isinstance(v, str)}
        if isinstance(t, dict)
        else t
        for id, t in scales.items()
    }
    return raw | {"scales": plain}


_KINDS = {
    "string_type": "text in quotation marks",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list in brackets",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


def _problem(
    location: Location, kind: str, value: object, context: dict[str, Any], raw: dict[str, Any]
) -> Problem:
    from csat.instrument.checks import Problem

    key = str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        known = _keys_at(location[:-1])
        close = closest(key, known)
        hint = f"Did you mean '{close}'? " if close else ""
        return Problem(
            location, f"no key is called '{key}' here", f"{hint}The keys are: {listed(known, shown=20)}"
        )
    if kind == "missing":
        return Problem(location, f"the key '{key}' is missing", _missing_hint(location))
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        close = closest(value, choices) if isinstance(value, str) else ""
        hint = f"Did you mean '{close}'? " if close else ""
        return Problem(
            location, f"{_shown(value)} is not one of the choices", f"{hint}They are: {listed(choices)}"
        )
    if kind == "value_error":
        return Problem(location, str(context.get("error", "cannot be used")))
    if kind == "too_short":
        return Problem(location, f"'{key}' is empty", "An instrument has at least one")
    wanted = _KINDS.get(kind, "another kind of value")
    right = ""
    if kind == "string_type" and isinstance(value, int | float):
        right = f'Write "{_shown(value)}"'
    elif kind in ("model_type", "model_attributes_type") and (
        key in ("title", "source") or "labels" in location
    ):
        right = 'Write { en = "...", zh = "..." }'
    return Problem(location, f"{_shown(value)} stands where {wanted} belongs", right)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text '{value if len(value) <= 40 else value[:37] + '...'}'"
    return {"dict": "a table", "list": "a list"}.get(type(value).__name__, str(value))


def _missing_hint(location: Location) -> str:
    key = location[-1]
    if len(location) == 1 and key in ("items", "constructs"):
        return f"Each one is a table [[{key}]]"
    if key in ("minimum", "maximum"):
        return "A scale says its lowest and its highest code, chosen or not"
    return ""


def _keys_at(location: Location) -> list[str]:
    from csat.instrument import layout

    tables: dict[str, Any] = {
        "columns": layout.ColumnsTable,
        "scales": layout.ScaleTable,
        "items": layout.ItemTable,
        "constructs": layout.ConstructTable,
        "index": layout.IndexTable,
        "hypotheses": layout.HypothesisTable,
        "segments": layout.SegmentTable,
        "title": layout.Words,
        "source": layout.Words,
    }
    top = str(location[0]) if location else ""
    model = tables.get(top, layout.InstrumentFile)
    if "labels" in location:
        model = layout.Words
    return [field.alias or name for name, field in model.model_fields.items()]


def _without_echoes(found: list[Problem], raw: dict[str, Any]) -> Iterator[Problem]:
    """A misspelt key is one mistake, though pydantic also misses the right one."""
    extra = [p for p in found if p.wrong.startswith("no key is called")]
    for p in found:
        misses = p.wrong.startswith("the key '")
        key = str(p.location[-1]) if p.location else ""
        if misses and any(
            e.location[:-1] == p.location[:-1]
            and difflib.SequenceMatcher(None, str(e.location[-1]), key).ratio() >= 0.6
            for e in extra
        ):
            continue
        yield p


# One paragraph


def _error(problems: list[Problem], where: str, raw: dict[str, Any]) -> InstrumentError:
    first, *others = problems
    sentence = first.whole or str(BadInput(first.wrong, where=_place(first, where, raw), right=first.right))
    brief = tuple((p.line, p.whole or f"{_place(p, '', raw)}: {p.wrong}") for p in problems)
    message = sentence
    if others:
        shown = "; ".join(_stripped(words, where) for _, words in brief[1 : 1 + SHOWN_PROBLEMS])
        left = len(others) - SHOWN_PROBLEMS
        count = f"{len(others)} more problem{'s' if len(others) > 1 else ''}"
        message += f" {count}: {shown}{f'; and {left} more' if left > 0 else ''}."
    return InstrumentError(message, problems=brief)


def _stripped(sentence: str, where: str) -> str:
    return sentence.removeprefix(f"{where}, ").rstrip(".")


def _place(problem: Problem, where: str, raw: dict[str, Any]) -> str:
    """`bank.toml, line 14, [[items]] 3 (x3), key 'reverse'`."""
    location = problem.location
    table, rest = "", location
    if len(location) > 1 and isinstance(location[1], int):
        owner = raw[str(location[0])][location[1]]
        name = (owner.get("id") or owner.get("column")) if isinstance(owner, dict) else ""
        table = f"[[{location[0]}]] {location[1] + 1}" + (
            f" ({name})" if isinstance(name, str) and name else ""
        )
        rest = location[2:]
    elif len(location) > 2 and location[0] == "scales":
        table, rest = f"[scales.{location[1]}]", location[2:]
    elif len(location) > 1:
        table, rest = f"[{location[0]}]", location[1:]
    if problem.wrong.startswith(("the key '", "no key is called")):
        rest = rest[:-1]
    names = [str(r) for r in rest if isinstance(r, str)]
    key = f"key '{'.'.join(names)}'" if names else ""
    return ", ".join(filter(None, (where, f"line {problem.line}", table, key)))


# From tables to the instrument


def _instrument(table: InstrumentFile, raw: dict[str, Any]) -> Instrument:
    from csat.instrument.layout import CONTINUOUS

    scales = {id: _scale(id, t, raw["scales"][id].get("labels")) for id, t in table.scales.items()}
    only = next(iter(table.scales), "")
    items = []
    for t in table.items:
        scale_id = t.scale or only
        shared = table.scales.get(scale_id)
        items.append(
            Item(
                id=t.id,
                text=_text(t, default=t.id),
                scale=None if scale_id == CONTINUOUS else scales[scale_id],
                reverse=t.reverse,
                aliases=tuple(t.aliases),
                no_answer=_codes(shared.no_answer if shared else [], t.no_answer),
                not_applicable=_codes(shared.not_applicable if shared else [], t.not_applicable),
                importance=t.importance,
                expectation=t.expectation,
            )
        )
    return Instrument(
        id=table.id,
        version=table.version,
        title=_text(table.title, default=table.id),
        items=tuple(items),
        constructs=tuple(
            Construct(c.id, _text(c, default=c.id), tuple(c.items), c.role, c.importance)
            for c in table.constructs
        ),
        scales=tuple(scales.values()),
        model=table.model,
        index=table.index.construct_ if table.index else "",
        index_method=table.index.method if table.index else "equal",
        hypotheses=tuple(Hypothesis(h.id, h.cause, h.effect, h.sign, _text(h)) for h in table.hypotheses),
        weight=tuple(table.columns.weight),
        wave=tuple(table.columns.wave),
        respondent=tuple(table.columns.respondent),
        segments=tuple(
            Segment(
                column=s.column,
                title=_text(s, default=s.column),
                labels={code: _text(words, default=code) for code, words in s.labels.items()},
                aliases=tuple(s.aliases),
                no_answer=tuple(s.no_answer),
            )
            for s in table.segments
        ),
        source=_text(table.source),
    )


def _scale(id: str, table: ScaleTable, labels: object) -> Scale:
    if isinstance(labels, str) and labels in LABEL_SETS:
        words = set_labels(labels, minimum=table.minimum, maximum=table.maximum, higher_is=table.higher_is)
    else:
        words = {int(code): _text(t, default=code) for code, t in table.labels.items()}
    return Scale(id, table.minimum, table.maximum, dict(sorted(words.items())), table.higher_is)


def _text(said: Any, *, default: str = "") -> Text:
    words: Words = said
    return Text(words.en, words.zh) if words.en or words.zh else Text(default)


def _codes(shared: list[str], own: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*shared, *own)))


def _with_path(instrument: Instrument, path: str) -> Instrument:
    from dataclasses import replace

    return replace(instrument, path=path)


def _folder() -> Traversable:
    """The shipped instruments: inside the installed package, or beside the sources of an editable install."""
    packaged = resources.files("csat").joinpath("instruments")
    if packaged.is_dir():
        return packaged
    return Path(__file__).parents[3] / "instruments"
