"""What must hold across the tables of an instrument file: every name known, nothing claimed twice.

Works on the tables as TOML gives them and skips over what has the wrong type, so that these problems are
found together with the mistakes of type and spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csat.errors import BadInput, UnknownName, closest, listed, plural
from csat.instrument.labels import LABEL_SETS, fold
from csat.instrument.layout import CONTINUOUS, MOST_CATEGORIES
from csat.instrument.model import check_names, parse_model
from csat.instrument.positions import Location, Positions

Table = Mapping[str, Any]
_WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True)
class Problem:
    """One mistake: where it stands, what is wrong, what would be right.

    whole : the complete sentence, for a mistake inside the model, which says its place itself.
    """

    location: Location
    wrong: str
    right: str = ""
    whole: str = ""
    line: int = 0


def cross_problems(raw: Table, positions: Positions, *, where: str) -> list[Problem]:
    """Every broken reference, repeated name and impossible number of an instrument file."""
    return [
        *_scales(raw),
        *_items(raw),
        *_columns(raw),
        *_constructs(raw),
        *_index(raw),
        *_hypotheses(raw),
        *_model(raw, positions, where),
    ]


def unknown(location: Location, kind: str, name: str, known: Sequence[str]) -> Problem:
    """The problem of a name that is not among the known ones, with the close match."""
    close = closest(name, known)
    hint = f"Did you mean '{close}'? " if close else ""
    right = f"{hint}The {plural(kind)} are: {listed(known)}" if known else f"There are no {plural(kind)} here"
    return Problem(location, f"no {kind} is called '{name}'", right)


def whole_number(code: str) -> int | None:
    """A code as a number, where it is one."""
    return int(code) if _WHOLE.fullmatch(code) else None


def _tables(raw: Table, key: str) -> Iterator[tuple[Location, Table]]:
    found = raw.get(key)
    for i, table in enumerate(found if isinstance(found, list) else []):
        if isinstance(table, dict):
            yield (key, i), table


def _text(table: Table, key: str) -> str:
    value = table.get(key, "")
    return value if isinstance(value, str) else ""


def _texts(table: Table, key: str) -> list[tuple[Location, str]]:
    """The texts of a list (or the text that stands for a list), each with where it stands in the table."""
    value = table.get(key, [])
    if isinstance(value, str):
        return [((key,), value)]
    if not isinstance(value, list):
        return []
    return [
        ((key, i), str(v))
        for i, v in enumerate(value)
        if isinstance(v, str | int) and not isinstance(v, bool)
    ]


def _ids(raw: Table, key: str) -> list[str]:
    return [id for _, table in _tables(raw, key) if (id := _text(table, "id"))]


def _scale_tables(raw: Table) -> dict[str, Table]:
    scales = raw.get("scales")
    return {k: v for k, v in scales.items() if isinstance(v, dict)} if isinstance(scales, dict) else {}


def _ends(table: Table) -> tuple[int, int] | None:
    ends = table.get("minimum"), table.get("maximum")
    low, high = ends
    if type(low) is int and type(high) is int:
        return low, high
    return None


def _repeated(raw: Table, key: str, kind: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for location, table in _tables(raw, key):
        id = _text(table, "id")
        if id and id in seen:
            yield Problem(
                (*location, "id"), f"the id '{id}' is taken", f"{kind} {seen[id] + 1} has it already"
            )
        seen.setdefault(id, int(location[1]))


def _scales(raw: Table) -> Iterator[Problem]:
    for id, table in _scale_tables(raw).items():
        location: Location = ("scales", id)
        if id == CONTINUOUS:
            yield Problem(
                location, f"'{CONTINUOUS}' is kept for items without categories", "Choose another id"
            )
        ends = _ends(table)
        if ends is None:
            continue
        low, high = ends
        if high <= low:
            yield Problem(
                (*location, "maximum"),
                f"the maximum {high} is not above the minimum {low}",
                "A 5-point scale has 1 and 5",
            )
            continue
        if high - low >= MOST_CATEGORIES:
            yield Problem(
                (*location, "maximum"),
                f"{high - low + 1} categories are too many",
                f"A scale has at most {MOST_CATEGORIES}; a measurement has scale = '{CONTINUOUS}'",
            )
        yield from _labels(table, location, low, high)
        yield from _silent_codes(table, location, ends)


def _labels(table: Table, location: Location, low: int, high: int) -> Iterator[Problem]:
    labels, points = table.get("labels"), high - low + 1
    if isinstance(labels, str):
        if labels not in LABEL_SETS:
            yield unknown((*location, "labels"), "label set", labels, list(LABEL_SETS))
        elif len(LABEL_SETS[labels].labels) != points:
            count = len(LABEL_SETS[labels].labels)
            fitting = [s.id for s in LABEL_SETS.values() if len(s.labels) == points]
            yield Problem(
                (*location, "labels"),
                f"'{labels}' has {count} labels and the scale {points} points",
                f"Sets of {points}: {listed(fitting)}"
                if fitting
                else "Write the labels out: 1 = { en = ..., zh = ... }",
            )
    elif isinstance(labels, dict):
        for code in labels:
            number = whole_number(code)
            if number is None:
                yield Problem(
                    (*location, "labels", code),
                    f"the label's key '{code}' is not a whole number",
                    "A label is written code = words",
                )
            elif not low <= number <= high:
                yield Problem(
                    (*location, "labels", code),
                    f"the label's code {code} is off the scale",
                    f"It runs from {low} to {high}; a code of silence goes into no_answer or not_applicable",
                )


def _silent_codes(table: Table, location: Location, ends: tuple[int, int] | None) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for key in ("no_answer", "not_applicable"):
        for at, code in _texts(table, key):
            if code in seen:
                yield Problem(
                    (*location, *at),
                    f"the code {code} stands twice",
                    f"It is in {seen[code]} already; keep one",
                )
            seen.setdefault(code, key)
            number = whole_number(code)
            if ends and number is not None and ends[0] <= number <= ends[1]:
                yield Problem(
                    (*location, *at),
                    f"the code {code} is an answer of the scale and cannot mean silence too",
                    f"The scale runs from {ends[0]} to {ends[1]}",
                )


def _items(raw: Table) -> Iterator[Problem]:
    scales, ids = _scale_tables(raw), _ids(raw, "items")
    yield from _repeated(raw, "items", "Item")
    for location, table in _tables(raw, "items"):
        scale = _text(table, "scale")
        if "scale" not in table and len(scales) != 1:
            known = listed([*scales, CONTINUOUS])
            yield Problem(location, "the key 'scale' is missing", f"The scales are: {known}")
        elif scale and scale != CONTINUOUS and scale not in scales:
            yield unknown((*location, "scale"), "scale", scale, [*scales, CONTINUOUS])
        own = scales.get(scale) or next(iter(scales.values()), {})
        ends = None if scale == CONTINUOUS else _ends(own)
        yield from _silent_codes(table, location, ends)
        for key in ("importance", "expectation"):
            other = _text(table, key)
            if other and other not in ids:
                yield unknown((*location, key), "item", other, ids)
            elif other and other == _text(table, "id"):
                yield Problem((*location, key), f"'{other}' points to itself", "Name another item")


def _columns(raw: Table) -> Iterator[Problem]:
    """No column may be claimed by two items, two segments, or an item and another role."""
    owners: dict[str, str] = {}
    for location, table in _tables(raw, "items"):
        id = _text(table, "id")
        for at, name in [(("id",), id), *_texts(table, "aliases")]:
            owner = owners.get(fold(name))
            if owner is not None and owner != id and name:
                yield Problem(
                    (*location, *at),
                    f"the column '{name}' is claimed twice",
                    f"Item '{owner}' has it already",
                )
            owners.setdefault(fold(name), id)
    segments: dict[str, str] = {}
    for location, table in _tables(raw, "segments"):
        column = _text(table, "column")
        for at, name in [(("column",), column), *_texts(table, "aliases")]:
            if fold(name) in segments and segments[fold(name)] != column:
                yield Problem(
                    (*location, *at),
                    f"the column '{name}' is claimed twice",
                    f"Segment '{segments[fold(name)]}' has it already",
                )
            elif fold(name) in owners:
                yield Problem(
                    (*location, *at),
                    f"the column '{name}' is claimed twice",
                    f"Item '{owners[fold(name)]}' has it already",
                )
            segments.setdefault(fold(name), column)
    columns = raw.get("columns")
    if not isinstance(columns, dict):
        return
    for key in ("weight", "wave", "respondent"):
        for at, name in _texts(columns, key):
            if fold(name) in owners:
                yield Problem(
                    ("columns", *at),
                    f"the column '{name}' is claimed twice",
                    f"Item '{owners[fold(name)]}' has it already",
                )


def _constructs(raw: Table) -> Iterator[Problem]:
    items = _ids(raw, "items")
    yield from _repeated(raw, "constructs", "Construct")
    for location, table in _tables(raw, "constructs"):
        id = _text(table, "id")
        if id in items:
            yield Problem(
                (*location, "id"), f"'{id}' is the id of an item too", "A model could not tell the two apart"
            )
        if table.get("items") == []:
            yield Problem((*location, "items"), f"construct '{id}' has no items", "Name at least one")
        seen: set[str] = set()
        for at, item in _texts(table, "items"):
            if item not in items:
                yield unknown((*location, *at), "item", item, items)
            elif item in seen:
                yield Problem((*location, *at), f"item '{item}' stands twice", "Name each item once")
            seen.add(item)
        importance = _text(table, "importance")
        if importance and importance not in items:
            yield unknown((*location, "importance"), "item", importance, items)


def _index(raw: Table) -> Iterator[Problem]:
    table = raw.get("index")
    if not isinstance(table, dict):
        return
    construct, constructs = _text(table, "construct"), _ids(raw, "constructs")
    if construct and construct not in constructs:
        yield unknown(("index", "construct"), "construct", construct, constructs)
    asks = any(_text(t, "importance") for key in ("items", "constructs") for _, t in _tables(raw, key))
    if table.get("method") == "stated" and not asks:
        yield Problem(
            ("index", "method"),
            "the method 'stated' needs items that ask for importance, and there are none",
            "Give items the key 'importance', or use 'equal' or 'derived'",
        )
    if table.get("method") == "pls" and "~" not in _text(raw, "model").replace("=~", ""):
        yield Problem(
            ("index", "method"),
            "the method 'pls' takes its weights from a path model, and there are no paths",
            "Write paths into the key 'model', or use 'equal'",
        )


def _hypotheses(raw: Table) -> Iterator[Problem]:
    constructs = _ids(raw, "constructs")
    yield from _repeated(raw, "hypotheses", "Hypothesis")
    for location, table in _tables(raw, "hypotheses"):
        for key in ("cause", "effect"):
            name = _text(table, key)
            if name and name not in constructs:
                yield unknown((*location, key), "construct", name, constructs)


def _model(raw: Table, positions: Positions, where: str) -> Iterator[Problem]:
    text = _text(raw, "model")
    if not text.strip():
        return
    first = positions.contents.get(("model",), 1)
    place = f"{where}, key 'model'"
    try:
        model = parse_model(text, where=place, first_line=first)
        check_names(
            model,
            items=_ids(raw, "items"),
            constructs=_ids(raw, "constructs"),
            where=place,
            first_line=first,
        )
    except (BadInput, UnknownName) as error:
        yield Problem(("model",), "", whole=str(error), line=first)


def in_order(problems: Iterable[Problem], positions: Positions) -> list[Problem]:
    """Problems as a reader of the file meets them, each with its line; repeated ones once."""
    placed: dict[tuple[Location, str], Problem] = {}
    for p in problems:
        line = p.line or positions.line(p.location)
        placed.setdefault((p.location, p.wrong), Problem(p.location, p.wrong, p.right, p.whole, line))
    return sorted(placed.values(), key=lambda p: p.line)
