"""Rules that leave rows out on request, each with its reason and its count. Nothing is left out unasked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput
from csat.responses.responses import Responses, has_categories

TOO_FAST = "too fast"
STRAIGHT_LINE = "straight line"
REPEATED = "repeated respondent"
FEWEST_ITEMS = 3
"""Two equal answers are no pattern."""
KEPT_KEYS = 200
"""Respondents named for each reason; all are counted."""

Mask = NDArray[np.bool_]


def clean(
    responses: Responses,
    *,
    faster_than: float | None = None,
    same_answers: int | None = None,
    first_only: bool = False,
) -> Responses:
    """The responses without the rows that break a rule; the report counts them by reason.

    Parameters
    ----------
    faster_than : seconds; who took less is left out as `too fast`. Rows of unknown time stay.
    same_answers : who gave at least so many answers, all of the same code before turning, is left out as
        `straight line`. Items without categories do not count.
    first_only : of several rows of one respondent only the first stays; others are `repeated respondent`.

    Raises
    ------
    BadInput : a rule cannot be applied (no times, no names of respondents), a limit is out of range, or no
        row is left.
    """
    where = responses.report.source
    out: dict[str, Mask] = {}
    if first_only:
        out[REPEATED] = _repeated(responses)
    if faster_than is not None:
        if not faster_than > 0:
            raise BadInput(f"{faster_than} seconds is no time", where=where, right="It is above 0")
        if responses.seconds is None:
            raise BadInput(
                "nothing says how long the respondents took",
                where=where,
                right="Qualtrics, LimeSurvey, SurveyMonkey and Wenjuanxing exports say it",
                do="Leave faster_than out",
            )
        out[TOO_FAST] = np.asarray(responses.seconds < faster_than)
    if same_answers is not None:
        if same_answers < FEWEST_ITEMS:
            raise BadInput(
                f"{same_answers} equal answers are no pattern", right=f"At least {FEWEST_ITEMS} are"
            )
        out[STRAIGHT_LINE] = _straight(responses, same_answers)
    return _without(responses, out)


def _repeated(responses: Responses) -> Mask:
    """(n,) whether an earlier row has the same respondent."""
    if responses.ids is None:
        raise BadInput(
            "nothing names the respondents",
            where=responses.report.source,
            do="Declare the column in the instrument ([columns] respondent), or leave first_only out",
        )
    seen: set[str] = set()
    again = np.zeros(responses.rows, dtype=bool)
    for row, name in enumerate(responses.ids[np.arange(responses.rows)]):
        if name is not None:
            again[row] = name in seen
            seen.add(name)
    return again


def _straight(responses: Responses, fewest: int) -> Mask:
    """(n,) whether a row gave at least `fewest` answers and no two different ones."""
    items = [i for i in responses.items if has_categories(responses.instrument.item(i).scale)]
    low = np.full(responses.rows, np.inf)
    high = np.full(responses.rows, -np.inf)
    answered = np.zeros(responses.rows, dtype=np.int64)
    for item in items:
        # column by column: a matrix of floats of all items would be eight times the answers
        values = responses.raw_answers([item])[:, 0]
        low, high = np.fmin(low, values), np.fmax(high, values)
        answered += ~np.isnan(values)
    return np.asarray((answered >= fewest) & (low == high))


def _without(responses: Responses, out: dict[str, Mask]) -> Responses:
    keep = np.ones(responses.rows, dtype=bool)
    dropped = dict(responses.report.dropped)
    keys = dict(responses.report.dropped_keys)
    for reason, mask in out.items():
        lost = np.flatnonzero(keep & mask)
        if not len(lost):
            continue
        keep[lost] = False
        dropped[reason] = dropped.get(reason, 0) + len(lost)
        names = None if responses.ids is None else responses.ids[lost[:KEPT_KEYS]]
        numbers = [f"row {n}" for n in responses.row_numbers[lost[:KEPT_KEYS]]]
        keys[reason] = (
            tuple(numbers)
            if names is None
            else tuple(
                number if name is None else str(name) for name, number in zip(names, numbers, strict=True)
            )
        )
    if not keep.any():
        raise BadInput(
            f"no row is left after the rules ({', '.join(f'{n} {r}' for r, n in dropped.items())})",
            where=responses.report.source,
            do="Loosen them",
        )
    report = replace(responses.report, dropped=dropped, dropped_keys=keys, rows_kept=int(keep.sum()))
    return replace(responses if keep.all() else responses.where(keep), report=report)
