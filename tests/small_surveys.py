"""Surveys small enough to write down in a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from csat.instrument.instrument import Construct, Instrument, Item, Scale, Segment
from csat.language import Text
from csat.responses.binding import bind
from csat.responses.raw import RawColumn, RawTable
from csat.responses.responses import Responses

FIVE = Scale("five", 1, 5)
TEN = Scale("ten", 1, 10)
HUNDRED = Scale("hundred", 0, 100)


def bound(
    columns: Mapping[str, Sequence[Any]],
    scales: Mapping[str, Scale | None],
    *,
    constructs: Mapping[str, Sequence[str]] | None = None,
    roles: Mapping[str, Any] | None = None,
    importance: Mapping[str, str] | None = None,
    construct_importance: Mapping[str, str] | None = None,
    segments: Sequence[Segment] = (),
    weight: str = "",
    keep_silent_rows: bool = True,
    **item_options: Any,
) -> Responses:
    """Responses of a small table under an instrument made for it: one construct 'all' unless named."""
    asked = importance or {}
    blocks = constructs or {"all": tuple(scales)}
    instrument = Instrument(
        id="small",
        version="1",
        title=Text("small"),
        items=tuple(
            Item(name, Text(name), scale, importance=asked.get(name, ""), **item_options)
            for name, scale in scales.items()
        ),
        constructs=tuple(
            Construct(
                name,
                Text(name),
                tuple(items),
                role=(roles or {}).get(name, "driver"),
                importance=(construct_importance or {}).get(name, ""),
            )
            for name, items in blocks.items()
        ),
        segments=tuple(segments),
        weight=(weight,) if weight else (),
    )
    rows = len(next(iter(columns.values())))
    table = RawTable({name: RawColumn.of(cells) for name, cells in columns.items()}, rows, source="small.csv")
    return bind(table, instrument, keep_silent_rows=keep_silent_rows)
