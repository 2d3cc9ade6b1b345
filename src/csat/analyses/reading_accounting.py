"""How many questionnaires went out, came back and count, and who left on the way to the rows analysed."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from csat.analyses.reading_words import DROPPED
from csat.errors import BadInput
from csat.language import Text
from csat.responses.responses import ReadReport


@dataclass(frozen=True)
class Accounting:
    """How many questionnaires went out, came back and count; rates are NaN where a count is not known."""

    issued: int | None
    returned: int | None
    valid: int
    return_rate: float
    """returned / issued."""
    valid_rate: float
    """valid / returned ("of returned")."""
    valid_of_issued: float
    """valid / issued ("of issued")."""


def accounting(*, issued: int | None, returned: int | None, valid: int) -> Accounting:
    """Return rate and both valid rates.

    Raises
    ------
    BadInput : counts that are not issued >= returned >= valid >= 0, or nothing issued or returned.
    """
    chain = [
        (n, c) for n, c in (("issued", issued), ("returned", returned), ("valid", valid)) if c is not None
    ]
    for (more, a), (fewer, b) in itertools.pairwise(chain):
        if b > a:
            raise BadInput(
                f"{b} {fewer} questionnaires are more than the {a} {more}",
                where="response accounting",
                right="The counts fall: issued, returned, valid (the rows of answers in the file)",
                do="Correct the counts, or leave out the one that is not known",
            )
    for name, n in chain:
        if n < 0 or (n == 0 and name != "valid"):
            raise BadInput(f"{n} questionnaires {name} allow no rate", where="response accounting")
    return Accounting(
        issued,
        returned,
        valid,
        _rate(returned, issued),
        _rate(valid, returned),
        _rate(valid, issued),
    )


def _rate(part: int | None, whole: int | None) -> float:
    return part / whole if part is not None and whole else math.nan


@dataclass(frozen=True)
class Step:
    """A step from the questionnaires sent out to the rows analysed.

    rows : those who go on, or, where `left_out`, those who leave here. remaining : who go on after it.
    """

    what: Text
    rows: int
    left_out: bool
    remaining: int


def flow_of(report: ReadReport, kept: int, issued: int | None, returned: int | None) -> tuple[Step, ...]:
    """From issued to analysed: counts as given, then the rows of the file and each reason they left for."""
    steps = [
        Step(what, n, False, n)
        for what, n in ((Text("Issued", "发放"), issued), (Text("Returned", "回收"), returned))
        if n is not None
    ]
    gone = sum(report.dropped.values())
    left = max(report.rows_read, kept + gone)
    steps.append(Step(Text("Rows in the data", "数据中的行"), left, False, left))
    for why, n in report.dropped.items():
        left -= n
        steps.append(Step(DROPPED.get(why, Text(why)), n, True, left))
    return (*steps, Step(Text("Analysed", "进入分析"), kept, False, kept))
