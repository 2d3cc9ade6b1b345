"""Counting a stream: a text, a parquet file or any Arrow record batches, one batch in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from csat.errors import BadInput
from csat.instrument.instrument import Instrument
from csat.responses.binding import bind
from csat.responses.readers import read_batches
from csat.tally.tally import Tally, count


def count_batches(
    source: Any,
    instrument: Instrument,
    *,
    items: Sequence[str] | None = None,
    weight: str | None = None,
    complete: bool = False,
) -> Tally:
    """The tally of the path of a delimited text or parquet file, a frame with an Arrow stream, or record
    batches.

    Memory: one batch and the Gram matrix. Origins of continuous items come from the first batch, so that
    the parts add. Rows without any answer are counted as rows, as a stream cannot be read twice.
    """
    total: Tally | None = None
    origins: dict[str, float] = {}
    for table in read_batches(source):
        if not table.rows:
            continue
        responses = bind(table, instrument, weight=weight, origins=origins, keep_silent_rows=True)
        origins = origins or dict(responses.origins)
        part = count(responses, items, complete=complete)
        total = part if total is None else total + part
    if total is None:
        raise BadInput("the stream holds no rows", do="Check the query or the file it comes from")
    return total
