"""Where the column names of a table stand: below titles, or in two rows where cells were merged."""

from __future__ import annotations

from collections.abc import Sequence

from csat.responses.raw import number_of

Record = Sequence[str | None]

MOST_TITLES = 6
"""Rows above the column names, such as a title and a date of export."""
NARROWEST = 3
"""Columns from which on a row with one cell is told from a row of names."""
SEEN = 3
"""Rows of answers needed to tell a second row of names from the first answers."""


def rows_above(head: Sequence[Record]) -> int:
    """How many rows stand above the column names: empty ones, and titles in a single cell.

    0 unless a row follows that names at least half of the columns.
    """
    width = max((_filled(record) for record in head), default=0)
    if width < NARROWEST:
        return 0
    for at, record in enumerate(head[: MOST_TITLES + 1]):
        if _filled(record) > 1:
            named = _filled(record) >= width / 2 and any(number_of(c.strip()) is None for c in record if c)
            return at if named else 0
    return 0


def has_second_row(head: Sequence[Record]) -> bool:
    """Whether the second row goes on with the names, as below merged cells: it fills the gaps of the first.

    A merged cell stands over the first of its columns, so the second row names that column and the gaps to
    its right, and no other. Its texts must not occur among the answers below.
    """
    if len(head) < 2 + SEEN:
        return False
    first, second, answers = head[0], head[1], head[2:]
    width = max(len(first), len(second))
    gaps = [at for at in range(width) if not _cell(first, at) and any(_cell(r, at) for r in answers)]
    below = set(gaps) | {max((k for k in range(at) if _cell(first, k)), default=-1) for at in gaps}
    named = [at for at in range(width) if _cell(second, at)]
    if not gaps or below != set(named):
        return False
    return all(
        number_of(_cell(second, at)) is None and all(_cell(second, at) != _cell(r, at) for r in answers)
        for at in named
    )


def _filled(record: Record) -> int:
    return sum(bool(c and c.strip()) for c in record)


def _cell(record: Record, at: int) -> str:
    return (record[at] or "").strip() if at < len(record) else ""
