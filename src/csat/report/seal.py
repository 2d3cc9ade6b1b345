"""result.json: what a run rests on and gave, sealed; and how such a file is read back.

A sealed file may come from anybody. It is data: nothing in it is run, its paths lead downwards only, every
value is checked for its type, and its words are printed without control characters.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, cast

from csat.errors import BadInput
from csat.instrument.instrument import Instrument
from csat.language import LANGUAGES
from csat.responses.asked import Asked, fingerprint, is_plain_path

RESULT = "result.json"
MOST_BYTES = 256 << 20
"""A sealed result of thirty items has 0.3 MB; one above this is none."""
LONGEST_NAME = 500
LONGEST_QUERY = 100_000
MOST_NAMES = 5000
LONGEST_NUMBER = 20
NAME = re.compile(r"[\w .:()-]{1,60}")
"""What an encoding, a layout or a package is called."""

OTHER_REPORTS = ("waves",)
"""Commands whose reports hold results but not all that making them again takes."""
ABSENT = object()


@dataclass(frozen=True, eq=False)
class Sealed:
    """A sealed result that was read back: the whole of it, and how its run was asked for.

    path : the file. raw : its bytes. asked is None where the run was not made by reading a file.
    """

    path: Path
    raw: bytes
    body: Mapping[str, Any]
    asked: Asked
    instrument_sha256: str
    issued: int | None
    returned: int | None
    language: str
    seed: int

    @property
    def data_sha256(self) -> str:
        return str(self.body["data"]["sha256"])

    @property
    def files(self) -> Mapping[str, str]:
        """File written beside it to its SHA-256."""
        return cast("Mapping[str, str]", self.body["files"])

    @property
    def versions(self) -> Mapping[str, str]:
        return cast("Mapping[str, str]", self.body["versions"])


def run_facts(
    asked: Asked | None,
    instrument: Instrument,
    *,
    language: str,
    issued: int | None,
    returned: int | None,
    seed: int,
) -> dict[str, Any]:
    """How a report was asked for, in plain JSON types: all that making it again takes."""
    how = asked or Asked(made=True)
    return {
        "command": "report",
        "data": how.data or None,
        "instrument": how.instrument,
        "instrument_made": how.made,
        "instrument_sha256": fingerprint(instrument),
        **{k: _plain(v) for k, v in how.options().items()},
        "language": language,
        "issued": issued,
        "returned": returned,
        "seed": seed,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, tuple | list) else value


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# ------------------------------------------------------------------------------------- reading back


def result_path(path: str | Path) -> Path:
    """The file of a result: itself, or `result.json` in a folder."""
    found = Path(path)
    return found / RESULT if found.is_dir() else found


def read_json(path: str | Path) -> tuple[Path, bytes, dict[str, Any]]:
    """The JSON object in a file, or in `result.json` of a folder.

    Raises
    ------
    BadInput : absent, not readable, too large, damaged, or no object.
    """
    found = result_path(path)
    where = str(path)
    if "\0" in where or len(where) > 4096:
        raise BadInput("this is not the name of a file", where=where[:80])
    try:
        if not found.exists():
            raise BadInput(
                "there is no such file",
                where=str(found),
                right="csat report writes result.json; csat COMMAND --json prints one result",
            )
        if found.is_file() and found.stat().st_size > MOST_BYTES:
            raise BadInput(f"it is larger than {MOST_BYTES >> 20} MB", where=str(found))
        raw = found.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror or error}", where=str(found)) from error
    return found, raw, parsed(raw, str(found))


def parsed(raw: bytes, where: str) -> dict[str, Any]:
    """The JSON object that some bytes write."""
    do = "Make it again with csat report, or take the copy that was kept"
    try:
        body = json.loads(
            raw.decode("utf-8-sig"), parse_constant=_no_constant, parse_int=_whole_number, parse_float=_finite
        )
    except UnicodeDecodeError as error:
        raise BadInput("this is not UTF-8 text", where=where, do=do) from error
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise BadInput(f"the JSON is damaged at {at}: {error.msg}", where=where, do=do) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the JSON is damaged: {type(error).__name__}", where=where, do=do) from error
    if not isinstance(body, dict):
        raise BadInput("this is no result of csat", where=where, right="It is one JSON object")
    return body


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _whole_number(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(text[:LONGEST_NUMBER])
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text[:LONGEST_NUMBER])
    return value


def read_sealed(path: str | Path) -> Sealed:
    """A sealed result, every part of it that a replay uses checked.

    Raises
    ------
    BadInput : it cannot be read, is no sealed result, or holds something a seal never holds.
    """
    found, raw, body = read_json(path)
    where = str(found)
    if "analysis" in body and "run" not in body:
        raise BadInput(
            f"this is the result of one command ('{shown(body['analysis'])}'), which is not sealed",
            where=where,
            right="csat report writes a sealed result.json",
            do="Two such results can be compared with csat diff",
        )
    if "run" not in body and {"data", "versions", "results"} <= set(body):
        raise BadInput(
            "this result does not say how it was asked for: an older csat wrote it",
            where=where,
            do="Make the report again, then it can be replayed",
        )
    made_by = body["run"].get("command") if isinstance(body.get("run"), dict) else None
    if made_by in OTHER_REPORTS:
        raise BadInput(
            f"this is a report of csat {made_by}, which is not made again",
            where=where,
            right="csat replay makes the reports of csat report again",
            do="Compare two of them with csat diff",
        )
    check = _Checked(body, where)
    check.mapping("results", "withheld", "verdict")
    files, versions = check.texts("files"), check.texts("versions")
    data = check.part("data")
    data.text("sha256", re.compile(r"[0-9a-f]{64}").fullmatch)
    if not all(re.fullmatch(r"report\.(html|pdf|xlsx)", name) for name in files):
        data.wrong("files", "names of the report's files")
    if not all(NAME.fullmatch(k) and NAME.fullmatch(v) for k, v in versions.items()):
        data.wrong("versions", "packages and their versions")
    run = check.part("run")
    run.text("command", lambda text: text == "report")
    language = run.text("language", lambda text: text in LANGUAGES)
    seed = run.whole("seed")
    return Sealed(
        path=found,
        raw=raw,
        body=body,
        asked=_asked(run),
        instrument_sha256=str(run.text("instrument_sha256", re.compile(r"[0-9a-f]{64}").fullmatch)),
        issued=run.whole("issued", optional=True),
        returned=run.whole("returned", optional=True),
        language=str(language),
        seed=seed or 0,
    )


def _asked(run: _Checked) -> Asked:
    scale = run.value("scale")
    if scale is not None and not (isinstance(scale, list) and len(scale) == 2 and all(map(_is_whole, scale))):
        run.wrong("scale", "two whole numbers")
    constructs = run.value("constructs")
    if constructs is not None and not (
        isinstance(constructs, dict) and all(_is_name(k) and _are_names(v) for k, v in constructs.items())
    ):
        run.wrong("constructs", "names with lists of items")
    return Asked(
        data=run.text("data", is_plain_path, optional=True) or "",
        instrument=run.text("instrument", is_plain_path, optional=True),
        made=run.truth("instrument_made"),
        items=run.names("items", optional=True),
        scale=None if scale is None else (scale[0], scale[1]),
        constructs=None if constructs is None else {k: tuple(v) for k, v in constructs.items()},
        weight=run.text("weight", _is_name, optional=True),
        segments=run.names("segments") or (),
        encoding=run.text("encoding", NAME.fullmatch, optional=True),
        delimiter=run.text("delimiter", lambda t: len(t) == 1, optional=True),
        sheet=run.text("sheet", _is_name, optional=True),
        query=run.text("query", lambda t: len(t) <= LONGEST_QUERY, optional=True),
        layout=run.text("layout", NAME.fullmatch, optional=True),
        keep_rows=run.names("keep_rows") or (),
        drop=run.names("drop") or (),
        margins=_margins(run),
        strata=run.text("strata", _is_short) or "",
        clusters=run.text("clusters", _is_short) or "",
        population=run.text("population", _is_short) or "",
        resampling=str(run.text("resampling", NAME.fullmatch)),
        replicate_weights=run.text("replicate_weights", _is_short) or "",
        replicate_type=run.text("replicate_type", NAME.fullmatch, optional=True),
        replicate_scale=_numbers(run),
    )


def _margins(run: _Checked) -> dict[str, dict[str, float]] | None:
    value = run.value("margins")
    if value is not None and not (
        isinstance(value, dict)
        and all(
            _is_name(k)
            and isinstance(v, dict)
            and all(_is_name(name) and is_number(share) for name, share in v.items())
            for k, v in value.items()
        )
    ):
        run.wrong("margins", "columns with shares")
    return cast("dict[str, dict[str, float]] | None", value)


def _numbers(run: _Checked) -> list[float] | float | None:
    value = run.value("replicate_scale")
    several = isinstance(value, list) and len(value) <= MOST_NAMES and all(map(is_number, value))
    if value is not None and not is_number(value) and not several:
        run.wrong("replicate_scale", "numbers")
    return cast("list[float] | float | None", value)


def _is_short(value: str) -> bool:
    return not value or _is_name(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and "\0" not in value


def _are_names(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST_NAMES and all(map(_is_name, value))


class _Checked:
    """An object of a sealed file whose values are asked for with the type they must have."""

    def __init__(self, body: Mapping[str, Any], where: str, name: str = "") -> None:
        self.body, self.where, self.name = body, where, name

    def wrong(self, key: str, right: str) -> None:
        at = f"{self.name}.{key}" if self.name else key
        raise BadInput(
            f"'{at}' is damaged or was changed by hand",
            where=self.where,
            right=f"There should be {right}",
            do="Take the copy that was kept, or make the report again",
        )

    def value(self, key: str) -> Any:
        if key not in self.body:
            self.wrong(key, "a value")
        return self.body[key]

    def mapping(self, *keys: str) -> None:
        for key in keys:
            if not isinstance(self.value(key), dict):
                self.wrong(key, "an object")

    def part(self, key: str) -> _Checked:
        self.mapping(key)
        return _Checked(self.body[key], self.where, key)

    def texts(self, key: str) -> dict[str, str]:
        self.mapping(key)
        if not all(isinstance(v, str) for v in self.body[key].values()):
            self.wrong(key, "texts")
        return dict(self.body[key])

    def text(self, key: str, right: Callable[[str], Any], *, optional: bool = False) -> str | None:
        value = self.value(key)
        if value is None and optional:
            return None
        if not isinstance(value, str) or not right(value):
            self.wrong(key, "another text")
        return cast("str", value)

    def names(self, key: str, *, optional: bool = False) -> tuple[str, ...] | None:
        value = self.value(key)
        if value is None and optional:
            return None
        if not _are_names(value):
            self.wrong(key, "a list of names")
        return tuple(value)

    def whole(self, key: str, *, optional: bool = False) -> int | None:
        value = self.value(key)
        if value is None and optional:
            return None
        if not _is_whole(value) or value < 0:
            self.wrong(key, "a whole number")
        return cast("int", value)

    def truth(self, key: str) -> bool:
        value = self.value(key)
        if not isinstance(value, bool):
            self.wrong(key, "true or false")
        return cast("bool", value)


# ------------------------------------------------------------------------------------- differences


@dataclass(frozen=True)
class Difference:
    """Two results that part at one place: `results.index.score[0]`, and what stands there in each."""

    at: str
    before: str
    after: str
    relative: float | None
    """|after - before| / max(|before|, |after|) of two numbers, else None."""


def differences(before: Any, after: Any, at: str = "") -> Iterator[Difference]:
    """Every place where two JSON values differ, in the order of the first."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(k for k in after if k not in before)]:
            yield from differences(
                before.get(key, ABSENT), after.get(key, ABSENT), f"{at}.{key}" if at else str(key)
            )
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for k, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{at}[{k}]")
    elif is_number(before) and is_number(after):
        if before != after:
            span = max(abs(before), abs(after))
            yield Difference(shown(at, 160), _said(before), _said(after), abs(after - before) / span)
    elif type(before) is not type(after) or before != after:
        yield Difference(shown(at, 160), _said(before), _said(after), None)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a JSON value is a number (a truth value is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _said(value: Any) -> str:
    if value is ABSENT:
        return "–"
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list):
        return f"[{len(value)}]"
    if isinstance(value, dict):
        return shown(value["en"]) if isinstance(value.get("en"), str) else "{" + str(len(value)) + "}"
    return json.dumps(value)


def shown(text: object, most: int = 80) -> str:
    """A text of a sealed file as it may be printed: one line, no control characters, not too long."""
    line = "".join(c if c.isprintable() else " " for c in str(text)[: 4 * most])
    line = " ".join(line.split())
    return line if len(line) <= most else line[: most - 1] + "…"
