"""Rows are left out on request only, each with its reason."""

from __future__ import annotations

import numpy as np
import pytest

from csat.errors import BadInput, UnknownName
from csat.responses.binding import bind
from csat.responses.cleaning import Rules, clean, rules_of
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


def many(rows: list[list[str]]) -> Responses:
    names = [f"q{k}" for k in range(1, len(rows[0]) + 1)]
    columns = {n: RawColumn.of(list(c)) for n, c in zip(names, zip(*rows, strict=True), strict=True)}
    table = RawTable(columns, len(rows), source="a.csv", rows_read=len(rows))
    return bind(table, instrument(*(item(n) for n in names)))


def test_of_equal_rows_the_first_stays_unless_all_answers_are_alike_or_few():
    varied, alike = ["1", "2", "3", "4", "5"] * 2, ["3"] * 10
    few = [*["1", "2"], *[""] * 8]
    given = many([varied, alike, varied, alike, few, few, varied])
    cleaned = clean(given, no_duplicates=True)
    assert cleaned.row_numbers.tolist() == [1, 2, 4, 5, 6]
    assert dict(cleaned.report.dropped) == {"same answers as an earlier row": 2}


def test_a_rule_nobody_broke_is_named_with_its_zero():
    notes = [n.en for n in clean(many([["1", "2", "3"], ["2", "2", "1"]]), same_answers=3).report.notes]
    assert notes == ["Rows left out on request (3 or more answers, all the same): 0."]


def test_an_item_left_without_answers_is_known_to_be_empty():
    kept = clean(many([["1", "2", "1", ""], ["3", "3", "3", "3"], ["2", "2", "1", ""]]), same_answers=4)
    assert kept.report.empty == ("q4",) and kept.report.constant == ("q2", "q3")


@pytest.mark.parametrize(
    ("asked", "rules"),
    [
        ("speeders=60, duplicates", Rules(faster_than=60.0, no_duplicates=True)),
        (["speeders=1.5s", "repeats,straightliners"], Rules(1.5, 8, True)),
        (["straightliners=12", "careless"], Rules(same_answers=12, careless=2)),
        ((), Rules()),
    ],
)
def test_rules_are_read_from_words(asked, rules):
    assert rules_of(asked) == rules


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("speeders", "speeders need a limit"),
        ("speeders=fast", "'fast' seconds is no limit"),
        ("speeders=-1", "no limit"),
        ("speeders=inf", "no limit"),
        ("duplicates=3", "is no rule"),
        ("duplicates,duplicates", "asked for twice"),
        ("straightliners=x", "is no limit"),
        ("speeder=60", "Did you mean 'speeders'"),
    ],
)
def test_words_that_are_no_rule_are_refused(asked, says):
    with pytest.raises((BadInput, UnknownName), match=says):
        rules_of(asked)


def test_a_straight_line_needs_as_many_items():
    with pytest.raises(BadInput, match="only 3 items"):
        clean(many([["1", "2", "3"]]), same_answers=8)
