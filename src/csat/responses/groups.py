"""Groups of respondents by a segment column, in an order a reader expects."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.language import Text
from csat.responses.binding import segment_title
from csat.responses.responses import Responses


@dataclass(frozen=True, eq=False)
class Group:
    """Respondents who share a label. rows : their positions, rising."""

    column: str
    column_title: Text
    title: Text
    rows: NDArray[np.intp]
    effective_n: float

    @property
    def n(self) -> int:
        """How many they are."""
        return len(self.rows)

    @property
    def name(self) -> str:
        """What they are called, in whichever language there are words."""
        return self.title.en or self.title.zh


def groups_of(responses: Responses, column: str, *, among: NDArray[np.bool_] | None = None) -> list[Group]:
    """The groups of a segment column, none of them empty.

    Declared codes come in the instrument's order, others sorted (numbers by size). Codes of the same wording
    are one group. among : (n,) only these respondents.
    """
    labels = [None if v is None else str(v) for v in responses.segment(column)]
    declared = next((s for s in responses.instrument.segments if s.column == column), None)
    present = {v for v in labels if v is not None}
    known = [c for c in declared.labels if c in present] if declared else []
    order = known + sorted(present - set(known), key=_sort_key)
    title_of = {code: segment_title(responses.instrument, column, code) for code in order}
    titles = list(dict.fromkeys(title_of.values()))
    place = {code: titles.index(title) for code, title in title_of.items()}
    at = np.array([-1 if v is None else place[v] for v in labels], dtype=np.intp)
    if among is not None:
        at[~among] = -1
    heading = declared.title if declared and declared.title else Text(column)
    return [
        Group(column, heading, title, rows, kish(responses.weights, rows))
        for k, title in enumerate(titles)
        if len(rows := np.flatnonzero(at == k))
    ]


def split(responses: Responses, column: str) -> dict[str, Responses]:
    """The responses of each wave or group of a column, in the instrument's order, else sorted."""
    return {g.name: responses.where(g.rows) for g in groups_of(responses, column)}


def kish(weights: NDArray[np.float64] | None, rows: NDArray[np.intp]) -> float:
    """Effective n of some rows, (sum w)^2 / sum w^2; their number without weights."""
    if weights is None:
        return float(len(rows))
    w = weights[rows]
    squares = float(w @ w)
    return float(w.sum() ** 2 / squares) if squares > 0 else 0.0


def _sort_key(value: str) -> tuple[float, str]:
    try:
        return (float(value), value)
    except ValueError:
        return (math.inf, value)
