"""Counting a stream: any sequence of Arrow record batches, one batch in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from csat.errors import BadInput
from csat.instrument.instrument import Instrument
from csat.responses.binding import bind
from csat.responses.readers import batches_of, read_frame
from csat.tally.tally import Tally, count


def count_batches(
    source: Any,
    instrument: Instrument,
    *,
    items: Sequence[str] | None = None,
    weight: str | None = None,
    complete: bool = False,
) -> Tally:
    """The tally of a parquet path, a frame with an Arrow stream, or an iterable of record batches.

    Memory: one batch and the Gram matrix. Origins of continuous items come from the first batch, so that
    the parts add. Rows without any answer are counted as rows, as a stream cannot be read twice.
    """
    total: Tally | None = None
    origins: dict[str, float] = {}
    for batch in batches_of(source):
        if not batch.num_rows:
            continue
        responses = bind(read_frame(batch), instrument, weight=weight, origins=origins, keep_silent_rows=True)
        origins = origins or dict(responses.origins)
        part = count(responses, items, complete=complete)
        total = part if total is None else total + part
    if total is None:
        raise BadInput("the stream holds no rows", do="Check the query or the file it comes from")
    return total
