"""Whether a tally is ground enough to look for factors, and how many respondents stand on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csat.errors import CannotCompute
from csat.tally.tally import Tally

FEWEST_ITEMS = 3


@dataclass(frozen=True)
class Ground:
    """Respondents: n for tests, whether pairs rest on different rows, the smallest pair."""

    n: int
    smallest: int
    pairwise: bool


def require_items(tally: Tally, *, where: str) -> None:
    """There must be items enough to share factors.

    Raises
    ------
    CannotCompute : fewer than three.
    """
    if len(tally.items) < FEWEST_ITEMS:
        raise CannotCompute(
            f"{len(tally.items)} items cannot be factored; at least {FEWEST_ITEMS} are needed",
            where=where,
            do="Name more items",
        )


def ground_of(tally: Tally, *, where: str) -> Ground:
    """The respondents behind the correlations of a tally.

    Raises
    ------
    CannotCompute : two items nobody answered together, or no more respondents than items.
    """
    pair_n = tally.pair_n()
    smallest = int(pair_n.min())
    if smallest < 2:
        i, j = (int(v) for v in np.unravel_index(pair_n.argmin(), pair_n.shape))
        who = tally.items[i] if i == j else f"both {tally.items[i]} and {tally.items[j]}"
        raise CannotCompute(
            f"{smallest} of {tally.rows} respondents answered {who}",
            where=where,
            do="Leave one of these items out",
        )
    n = smallest
    if tally.weighted and tally.rows:
        n = int(smallest * min(1.0, tally.effective_n / tally.rows))
    if n <= len(tally.items):
        # fewer rows than items make every item a combination of others: say the cause, not the symptom
        raise CannotCompute(
            f"{len(tally.items)} items need more than {len(tally.items)} respondents; there are {n}",
            where=where,
            do="Use fewer items or more answers",
        )
    return Ground(n, smallest, bool((pair_n != pair_n.flat[0]).any()))
