"""Rows are left out on request only, each with its reason."""

from __future__ import annotations

import numpy as np
import pytest

from csat.errors import BadInput
from csat.responses.binding import bind
from csat.responses.cleaning import clean
from csat.responses.raw import RawColumn, RawTable
from csat.responses.responses import Responses
from export_files import instrument, item


def responses(**more: object) -> Responses:
    columns = {
        "id": ["a", "b", "a", None, "c"],
        "q1": ["5", "3", "1", "2", "4"],
        "q2": ["5", "3", "2", "2", "4"],
        "q3": ["1", "3", "3", "2", ""],
        "w": ["1", "2", "1", "1", "1"],
    }
    table = RawTable(
        {n: RawColumn.of(c) for n, c in columns.items()},
        5,
        source="a.csv",
        rows_read=5,
        seconds=np.array([30.0, 200.0, np.nan, 10.0, 90.0]),
        **more,  # type: ignore[arg-type]
    )
    # q3 is turned, so 5 5 1 is a straight line after turning and none before it
    own = instrument(item("q1"), item("q2"), item("q3", reverse=True), respondent=("id",), weight=("w",))
    return bind(table, own)


def test_nothing_is_left_out_unasked():
    given = responses()
    assert clean(given).row_numbers.tolist() == given.row_numbers.tolist()


def test_each_rule_has_its_reason_and_the_first_one_counts():
    cleaned = clean(responses(), faster_than=60, same_answers=3, first_only=True)
    assert cleaned.row_numbers.tolist() == [5]
    assert dict(cleaned.report.dropped) == {"repeated respondent": 1, "too fast": 2, "straight line": 1}
    assert cleaned.report.dropped_keys["too fast"] == ("a", "row 4")
    assert (cleaned.report.rows_kept, cleaned.report.rows_read) == (1, 5)
    assert cleaned.weights is not None
    assert cleaned.weights.tolist() == [1.0]


def test_rows_of_unknown_time_stay():
    assert clean(responses(), faster_than=60).row_numbers.tolist() == [2, 3, 5]


def test_a_straight_line_is_one_before_turning_and_of_enough_answers():
    assert clean(responses(), same_answers=3).row_numbers.tolist() == [1, 3, 5]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"faster_than": 0}, "0 seconds is no time"),
        ({"same_answers": 2}, "2 equal answers are no pattern"),
        ({"faster_than": 1000, "first_only": True, "same_answers": 3}, "is no time|Loosen them|no row"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rule, says):
    given = responses()
    if len(rule) == 3:
        given = given.where(np.array([0, 1]))
    with pytest.raises(BadInput, match=says):
        clean(given, **rule)


def test_rules_need_what_they_judge_by():
    from dataclasses import replace

    bare = replace(responses(), seconds=None, ids=None)
    with pytest.raises(BadInput, match="how long the respondents took"):
        clean(bare, faster_than=30)
    with pytest.raises(BadInput, match="nothing names the respondents"):
        clean(bare, first_only=True)
