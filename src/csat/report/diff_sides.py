"""The two results that are compared: what they hold, found without trusting its type, and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csat.errors import BadInput
from csat.language import Text, bare
from csat.report.seal import is_number, read_json, shown

WIDEST = 160
"""Characters of a sentence of a result that are shown."""


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two: the whole of it, and its results by analysis."""

    path: Path
    body: Mapping[str, Any]
    results: Mapping[str, Mapping[str, Any]]

    @property
    def sealed(self) -> bool:
        return isinstance(value_at(self.body, "data", "sha256"), str)

    def at(self, *keys: str | int) -> Any:
        """A value inside the results, None where there is none."""
        return value_at(self.results, *keys)

    def number(self, *keys: str | int) -> float | None:
        found = self.at(*keys)
        return float(found) if is_number(found) else None

    def numbers(self, *keys: str | int) -> list[float]:
        """A list of numbers, NaN where one is undefined; empty where there is no list."""
        found = self.at(*keys)
        return [float(v) if is_number(v) else math.nan for v in found] if isinstance(found, list) else []

    def names(self, *keys: str | int) -> list[str]:
        found = self.at(*keys)
        return [str(v) for v in found] if isinstance(found, list) else []

    def title(self, name: str) -> Text:
        """An item or construct in the words of its questionnaire."""
        for key in ("priorities", "reliability", "describe", "quality"):
            words = self.at(key, "titles", name)
            if isinstance(words, dict) and isinstance(words.get("en"), str):
                return bare(text_of(words)) or Text(shown(name))
        return Text(shown(name))


def side_of(path: str | Path) -> Side:
    """A file read as one of the two.

    Raises
    ------
    BadInput : it is damaged, or holds no result of csat.
    """
    found, _, body = read_json(path)
    results = body.get("results")
    if results is None and isinstance(body.get("analysis"), str):
        results = {body["analysis"]: body}
    if not isinstance(results, dict) or not all(isinstance(v, dict) for v in results.values()):
        raise BadInput(
            "this is no result of csat",
            where=str(found),
            right="csat report writes result.json; csat COMMAND --json prints one result",
        )
    return Side(found, body, results)


def value_at(value: Any, *keys: str | int) -> Any:
    """What stands under these keys of objects and places of lists, None where there is nothing."""
    for key in keys:
        if isinstance(key, int):
            if not isinstance(value, list) or key >= len(value):
                return None
            value = value[key]
        else:
            if not isinstance(value, Mapping):
                return None
            value = value.get(key)
    return value


def same_data(a: Side, b: Side) -> bool:
    """Whether both rest on the same rows; two results of one command do not say, so they may not."""
    if not (a.sealed and b.sealed):
        return False
    one, other = a.body["data"], b.body["data"]
    keys = ("sha256", "rows_kept", "dropped")
    return all(value_at(one, k) == value_at(other, k) for k in keys) and value_at(one, "sha256") is not None


def same_file(a: Side, b: Side) -> bool:
    """Whether both were read from the same bytes, whichever rows were kept."""
    sha = value_at(a.body, "data", "sha256")
    return sha is not None and sha == value_at(b.body, "data", "sha256")


def same_number(one: float, other: float, tolerance: float) -> bool:
    """Whether two numbers are the same but for rounding; two undefined ones are."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return abs(one - other) <= tolerance * max(abs(one), abs(other))


def text_of(words: Any) -> Text:
    """A sentence a result holds in both languages, as it may be printed."""
    en, zh = value_at(words, "en"), value_at(words, "zh")
    return Text(
        shown(en, WIDEST) if isinstance(en, str) else "", shown(zh, WIDEST) if isinstance(zh, str) else ""
    )


def value_words(value: Any) -> Text:
    """A setting as a reader sees it."""
    if value is None or value in ("", [], {}):
        return Text("none", "无")
    if isinstance(value, list):
        return Text(shown(", ".join(map(str, value))))
    return Text(shown(value))
