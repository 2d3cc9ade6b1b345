"""How a survey was asked for: what a sealed result keeps, so that the same run can be made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from csat.instrument.instrument import Instrument
from csat.responses.databases import is_address

LONGEST_PATH = 1024


@dataclass(frozen=True)
class Asked:
    """The arguments of `csat.read`, with names of files that mean the same on another machine.

    data : the file as `recorded` names it; empty for a data frame and for a database, whose address is not
    kept. instrument : a shipped one by name, a file
    as `recorded`; None for none, and for an `Instrument` made in Python, which `made` then says.
    """

    data: str = ""
    instrument: str | None = None
    made: bool = False
    items: tuple[str, ...] | None = None
    scale: tuple[int, int] | None = None
    constructs: Mapping[str, tuple[str, ...]] | None = None
    weight: str | None = None
    segments: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    query: str | None = None
    layout: str | None = None
    keep_rows: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    margins: Mapping[str, Mapping[str, float]] | None = None
    strata: str = ""
    clusters: str = ""
    population: str = ""
    resampling: str = "bootstrap"
    replicate_weights: str = ""
    replicate_type: str | None = None
    replicate_scale: Sequence[float] | float | None = None

    @classmethod
    def of(
        cls,
        source: object,
        instrument: str | Path | Instrument | None,
        *,
        items: Sequence[str] | None,
        constructs: Mapping[str, Sequence[str]] | None,
        segments: Sequence[str],
        keep_rows: Sequence[str],
        drop: Sequence[str] | str,
        **plain: Any,
    ) -> Asked:
        """From the arguments of `csat.read`."""
        return cls(
            data=recorded(source) if isinstance(source, str | Path) and not is_address(source) else "",
            instrument=named(instrument),
            made=isinstance(instrument, Instrument),
            items=None if items is None else tuple(items),
            constructs=None if constructs is None else {k: tuple(v) for k, v in constructs.items()},
            segments=tuple(segments),
            keep_rows=tuple(keep_rows),
            drop=(drop,) if isinstance(drop, str) else tuple(drop),
            **plain,
        )

    def options(self) -> dict[str, Any]:
        """What else was asked, as keywords of `csat.read`."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in OWN}


OWN = ("data", "instrument", "made")
"""What is not handed on to `csat.read` as it stands."""


def named(instrument: str | Path | Instrument | None) -> str | None:
    """An instrument as a sealed result names it: a shipped one as it is, a file as `recorded`."""
    if instrument is None or isinstance(instrument, Instrument):
        return None
    if isinstance(instrument, Path) or instrument.endswith(".toml") or len(Path(instrument).parts) > 1:
        return recorded(instrument)
    return instrument


def recorded(path: str | Path) -> str:
    """A file as a sealed result names it: relative to where the run was made, else its bare name.

    Never absolute and never upwards: a sealed result says nothing of the machine it was made on.
    """
    found = Path(path)
    if found.is_absolute():
        try:
            found = found.relative_to(Path.cwd())
        except ValueError:
            found = Path(found.name)
    return (Path(found.name) if ".." in found.parts else found).as_posix()


def is_plain_path(text: object) -> bool:
    """Whether a text can be what `recorded` gives: relative, downwards only, on every system."""
    if not isinstance(text, str) or not text or len(text) > LONGEST_PATH or not text.isprintable():
        return False
    ways: tuple[PurePath, ...] = (PurePosixPath(text), PureWindowsPath(text))
    return not any(w.is_absolute() or w.drive or w.root or ".." in w.parts or not w.parts for w in ways)


def fingerprint(instrument: Instrument) -> str:
    """SHA-256 of what an instrument says, whatever its file looks like and wherever it lies."""
    body = {f.name: _plain(getattr(instrument, f.name)) for f in fields(instrument) if f.name != "path"}
    return hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, tuple | list) else value
