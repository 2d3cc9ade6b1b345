"""Rules that leave rows out on request, each with its reason and its count. Nothing is left out unasked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, UnknownName
from csat.language import Text
from csat.numerics.careless import duplicate_rows
from csat.responses.responses import Responses, has_categories

TOO_FAST = "too fast"
STRAIGHT_LINE = "straight line"
REPEATED = "repeated respondent"
SAME_ANSWERS = "same answers as an earlier row"
CARELESS = "signs of careless answering"
STRAIGHT_ANSWERS = 8
"""Equal answers that make a straight line unless another number is asked for (ours, as in `quality`)."""
DUPLICATE_ANSWERS = 10
"""Answers from which two equal rows are no coincidence (ours, as in `quality`)."""
FEWEST_ITEMS = 3
"""Two equal answers are no pattern."""
KEPT_KEYS = 200
"""Respondents named for each reason; all are counted."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rules:
    """What is left out on request: the arguments of `clean`, and `careless`, which `quality` finds."""

    faster_than: float | None = None
    same_answers: int | None = None
    first_only: bool = False
    no_duplicates: bool = False
    careless: int | None = None
    """Signs of careless answering from which a row is left out."""


RULES = ("speeders", "repeats", "duplicates", "straightliners", "careless")
GRAMMAR = "speeders=SECONDS, repeats, duplicates, straightliners[=ANSWERS], careless[=SIGNS]"


def rules_of(asked: Sequence[str] | str) -> Rules:
    """Rules from words such as `speeders=60` and `duplicates`; one text may hold several, with commas.

    speeders=SECONDS : who took less. repeats : later rows of one respondent. duplicates : rows with the same
    answers as an earlier one. straightliners[=8] : who gave at least so many answers, all the same.
    careless[=2] : who shows at least so many of the signs that `quality` counts.

    Raises
    ------
    UnknownName : no such rule. BadInput : a rule asked for twice, or a limit that is none.
    """
    texts = [asked] if isinstance(asked, str) else list(asked)
    words = [w.strip() for text in texts for w in text.split(",") if w.strip()]
    found: dict[str, str] = {}
    for word in words:
        name, equals, limit = (part.strip() for part in word.partition("="))
        if name not in RULES:
            raise UnknownName("rule", name, RULES, where="drop")
        if name in found:
            raise BadInput(f"'{name}' is asked for twice", where="drop", do="Name it once")
        if equals and (not limit or name in ("repeats", "duplicates")):
            raise BadInput(f"'{word}' is no rule", where="drop", right=f"The rules are {GRAMMAR}")
        found[name] = limit
    return Rules(
        faster_than=_seconds(found["speeders"]) if "speeders" in found else None,
        same_answers=_whole(found["straightliners"] or str(STRAIGHT_ANSWERS), "straightliners")
        if "straightliners" in found
        else None,
        first_only="repeats" in found,
        no_duplicates="duplicates" in found,
        careless=_whole(found["careless"] or "2", "careless") if "careless" in found else None,
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise BadInput(
            f"'{text}' seconds is no limit" if text else "speeders need a limit",
            where="drop",
            right="It is a number of seconds, such as speeders=60",
        )
    return seconds


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 9):
        raise BadInput(f"{name}={text} is no limit", where="drop", right=f"Such as {name}={STRAIGHT_ANSWERS}")
    return int(text)


def clean(
    responses: Responses,
    *,
    faster_than: float | None = None,
    same_answers: int | None = None,
    first_only: bool = False,
    no_duplicates: bool = False,
) -> Responses:
    """The responses without the rows that break a rule; the report counts them by reason.

    Parameters
    ----------
    faster_than : seconds; who took less is left out as `too fast`. Rows of unknown time stay.
    same_answers : who gave at least so many answers, all of the same code before turning, is left out as
        `straight line`. Items without categories do not count.
    first_only : of several rows of one respondent only the first stays; others are `repeated respondent`.
    no_duplicates : of rows with the same answers (ten or more, not all alike) only the first stays.

    Raises
    ------
    BadInput : a rule cannot be applied (no times, no names of respondents, too few items), a limit is out of
        range, or no row is left.
    """
    where = responses.report.source
    out: dict[str, Mask] = {}
    said: dict[str, Text] = {}
    if first_only:
        out[REPEATED] = _repeated(responses)
        said[REPEATED] = Text("further rows of one respondent", "同一受访者的重复答卷")
    if faster_than is not None:
        if not faster_than > 0:
            raise BadInput(f"{faster_than} seconds is no time", where=where, right="It is above 0")
        if responses.seconds is None:
            raise BadInput(
                "nothing says how long the respondents took",
                where=where,
                right="Qualtrics, LimeSurvey, SurveyMonkey and Wenjuanxing exports say it",
                do="Leave the speeders in",
            )
        out[TOO_FAST] = np.asarray(responses.seconds < faster_than)
        said[TOO_FAST] = Text(
            f"answered in less than {faster_than:g} seconds", f"答题用时少于 {faster_than:g} 秒"
        )
    if no_duplicates:
        out[SAME_ANSWERS] = _duplicates(responses)
        said[SAME_ANSWERS] = Text(
            f"the same {DUPLICATE_ANSWERS} or more answers as an earlier row",
            f"与之前某份答卷完全相同（至少 {DUPLICATE_ANSWERS} 个回答）",
        )
    if same_answers is not None:
        if same_answers < FEWEST_ITEMS:
            raise BadInput(
                f"{same_answers} equal answers are no pattern", right=f"At least {FEWEST_ITEMS} are"
            )
        out[STRAIGHT_LINE] = _straight(responses, same_answers)
        said[STRAIGHT_LINE] = Text(
            f"{same_answers} or more answers, all the same", f"至少 {same_answers} 个回答且全部相同"
        )
    return without(responses, out, said)


def _repeated(responses: Responses) -> Mask:
    """(n,) whether an earlier row has the same respondent."""
    if responses.ids is None:
        raise BadInput(
            "nothing names the respondents",
            where=responses.report.source,
            do="Declare the column in the instrument ([columns] respondent), or leave the repeats in",
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
    if len(items) < fewest:
        raise BadInput(
            f"there are only {len(items)} items with answer categories, so nobody can give {fewest} equal "
            "answers",
            where=responses.report.source,
            do=f"Name a smaller number (straightliners={max(len(items), FEWEST_ITEMS)})"
            if len(items) >= FEWEST_ITEMS
            else "Leave the straightliners in",
        )
    low = np.full(responses.rows, np.inf)
    high = np.full(responses.rows, -np.inf)
    answered = np.zeros(responses.rows, dtype=np.int64)
    for item in items:
        # column by column: a matrix of floats of all items would be eight times the answers
        values = responses.raw_answers([item])[:, 0]
        low, high = np.fmin(low, values), np.fmax(high, values)
        answered += ~np.isnan(values)
    return np.asarray((answered >= fewest) & (low == high))


def _duplicates(responses: Responses) -> Mask:
    """(n,) whether an earlier row has the same cells, ten or more answers that are not all alike."""
    found = duplicate_rows([_whole_numbers(responses.column(i)) for i in responses.items])
    later = np.asarray((found.size > 1) & (found.first != np.arange(responses.rows)))
    # only rows that repeat another are looked at closely: they are few
    rows = np.flatnonzero(later)
    answers = responses.where(rows).raw_answers()
    known = ~np.isnan(answers)
    varied = np.array([len(set(row[k])) > 1 for row, k in zip(answers, known, strict=True)], dtype=bool)
    later[rows] = (known.sum(axis=1) >= DUPLICATE_ANSWERS) & varied
    return later


def _whole_numbers(column: NDArray[Any]) -> NDArray[Any]:
    """The column as whole numbers that are equal where its cells are."""
    if column.dtype.kind != "f":
        return column
    # + 0.0 makes -0.0 and 0.0 one number; silence gets one bit pattern
    return np.where(np.isnan(column), np.nan, column + 0.0).astype(np.float64).view(np.int64)


def without(
    responses: Responses, out: Mapping[str, Mask], said: Mapping[str, Text] | None = None
) -> Responses:
    """The responses without some rows: reason to (n,) mask; a row counts under its first reason.

    said : the rule of each reason in words, which the report then names with its count, also where no row
        broke it.
    """
    keep = np.ones(responses.rows, dtype=bool)
    dropped = dict(responses.report.dropped)
    keys = dict(responses.report.dropped_keys)
    notes = list(responses.report.notes)
    for reason, mask in out.items():
        lost = np.flatnonzero(keep & mask)
        if said and reason in said:
            notes.append(
                Text("Rows left out on request ({rule}): {n}.", "按要求剔除的行（{rule}）：{n}。").fill(
                    n=len(lost), rule=said[reason]
                )
            )
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
    kept = responses if keep.all() else responses.where(keep)
    report = replace(
        responses.report, dropped=dropped, dropped_keys=keys, rows_kept=int(keep.sum()), notes=tuple(notes)
    )
    if not keep.all():
        spread = {i: _different(kept, i) for i in kept.items}
        report = replace(
            report,
            constant=tuple(i for i, n in spread.items() if n == 1),
            empty=tuple(i for i, n in spread.items() if n == 0),
        )
    return replace(kept, report=report)


def _different(responses: Responses, item: str) -> int:
    """Different answers to an item: 0, 1 or 2 for more."""
    answers = responses.column(item)[responses.is_answered(item)]
    return 0 if not len(answers) else 1 + bool(answers.min() != answers.max())
