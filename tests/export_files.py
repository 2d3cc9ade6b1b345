"""Where example exports of survey platforms come from, and answers in the words of a test.

The folder of examples is not part of the repository. It is looked for in $CSAT_FORMATS, else beside the
checkout in `../shared/formats`; tests that need it skip with that reason when it is absent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from csat.instrument.instrument import Construct, Instrument, Item, Scale
from csat.instrument.labels import set_labels
from csat.language import Text
from csat.responses.responses import SILENCES, Responses

FOLDER = Path(os.environ.get("CSAT_FORMATS") or Path(__file__).parents[2] / "shared" / "formats")
SATISFACTION, QUALITY = "satisfaction-5", "quality-4"


def example(name: str) -> Path:
    """The path of an example file; skips the test when the folder is absent."""
    if not FOLDER.is_dir():
        pytest.skip("the folder of example exports is absent: set CSAT_FORMATS to run this test")
    return FOLDER / name


def scale(kind: str | tuple[int, int] | None) -> Scale | None:
    """A scale of two ends, or of a shipped list of labels counted from 1."""
    if kind is None:
        return None
    if isinstance(kind, str):
        size = int(kind.rpartition("-")[2].rstrip("b"))
        return Scale(kind, 1, size, set_labels(kind, minimum=1, maximum=size, higher_is="better"))
    return Scale(f"{kind[0]}-{kind[1]}", *kind)


def item(
    id: str,
    kind: str | tuple[int, int] | None = (1, 5),
    *aliases: str,
    reverse: bool = False,
    no_answer: Sequence[str] = (),
    not_applicable: Sequence[str] = (),
) -> Item:
    """An item in a line."""
    return Item(id, Text(id), scale(kind), reverse, aliases, tuple(no_answer), tuple(not_applicable))


def instrument(*items: Item, **more: Any) -> Instrument:
    """An instrument of one construct."""
    blocks = (Construct("all", Text("all"), tuple(i.id for i in items)),)
    return Instrument("test", "1", Text("test"), items, blocks, **more)


def spoken(responses: Responses, item: str) -> list[float | str]:
    """Answers as they were given, and silences by name."""
    names = {code: name for name, code in SILENCES.items()}
    codes, values = responses.codes(item), responses.raw_answers([item])[:, 0]
    return [names[int(c)] if c < 0 else float(v) for c, v in zip(codes, values, strict=True)]


def all_spoken(responses: Responses) -> Mapping[str, list[float | str]]:
    """All items, spoken."""
    return {i: spoken(responses, i) for i in responses.items}
