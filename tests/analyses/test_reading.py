"""What was read and what came back: the fixtures of METHODS 3, and that every oddity of a file is named."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from csat.analyses.reading import reading
from csat.analyses.reading_accounting import accounting
from csat.analyses.reading_result import Reading
from csat.errors import BadInput
from csat.instrument.instrument import Scale, Segment
from csat.language import Text
from small_surveys import FIVE, TEN, bound

# METHODS 3


def test_the_bank_study_counts_give_its_rates_rounded_not_cut() -> None:
    counts = accounting(issued=145, returned=98, valid=93)
    assert 100 * counts.return_rate == pytest.approx(67.586207, abs=5e-7)
    assert 100 * counts.valid_rate == pytest.approx(94.897959, abs=5e-7)
    assert 100 * counts.valid_of_issued == pytest.approx(64.137931, abs=5e-7)


def test_the_directory_study_counts_give_its_rates() -> None:
    counts = accounting(issued=500, returned=480, valid=430)
    assert 100 * counts.return_rate == pytest.approx(96)
    assert 100 * counts.valid_rate == pytest.approx(89.583333, abs=5e-7)
    assert 100 * counts.valid_of_issued == pytest.approx(86)


def test_the_rates_are_printed_with_two_digits() -> None:
    survey = bound({"a": [1, 2, 3] * 31}, {"a": FIVE})
    result = reading(survey, issued=145, returned=98)
    said = result.headline()[-1]
    for rate in ("67.59", "94.90", "64.14"):
        assert rate in said.en
        assert rate in said.zh
    assert "67.58" not in said.en
    assert result.table("accounting").column("count") == (145, 98, 93, 93)


def test_an_unknown_count_leaves_out_its_rates() -> None:
    issued_only = accounting(issued=145, returned=None, valid=93)
    assert math.isnan(issued_only.return_rate)
    assert math.isnan(issued_only.valid_rate)
    assert 100 * issued_only.valid_of_issued == pytest.approx(64.137931, abs=5e-7)
    survey = bound({"a": [1, 2, 3] * 31}, {"a": FIVE})
    assert reading(survey).accounting is None
    assert [t.en for t in reading(survey, returned=98).table("accounting").column("what")] == [
        "Valid, of returned"
    ]


@pytest.mark.parametrize(
    ("issued", "returned", "valid"),
    [(98, 145, 93), (145, 90, 93), (90, None, 93), (0, None, 0), (None, -1, 0), (100, 0, 0)],
)
def test_counts_that_do_not_fall_are_refused(issued: int | None, returned: int | None, valid: int) -> None:
    with pytest.raises(BadInput, match="response accounting"):
        accounting(issued=issued, returned=returned, valid=valid)


# The import report


@pytest.fixture(scope="module")
def odd() -> Reading:
    columns = {
        "id": ["r1", "r2", "r3", "r4", "r5"],
        "price": ["1", "5", "0", "9", ""],
        "staff": ["2", "2", "2", "2", ""],
        "hall": ["99", "99", "99", "99", ""],
        "stuf": ["1", "2", "3", "4", "5"],
        "size": ["L", "S", "L", "S", "L"],
        "w": ["1", "1", "2", "2", "1"],
    }
    survey = bound(
        columns,
        {"price": FIVE, "staff": FIVE, "hall": TEN, "stuff": FIVE},
        weight="w",
        segments=(Segment("size", Text("Size")),),
        keep_silent_rows=False,
        no_answer=("0",),
        not_applicable=("99",),
        reverse=False,
    )
    return reading(survey)


def test_rows_are_accounted_for_by_reason(odd: Reading) -> None:
    table = odd.table("source")
    facts = {what.en: value for what, value in zip(*map(table.column, ("what", "value")), strict=True)}
    assert facts["Rows read"] == "5"
    assert facts["Rows left out: empty"] == "1"
    assert facts["Rows kept"] == "4"
    assert facts["Weight column"] == "w"
    assert facts["Effective n"] == "3.6"
    assert odd.report.rows_read == odd.report.rows_kept + sum(odd.report.dropped.values())


def test_a_missing_item_is_named_with_the_closest_column(odd: Reading) -> None:
    assert odd.table("missing").column("item") == ("stuff",)
    assert odd.table("missing").column("column") == ("stuf",)
    assert next(c for c in odd.cautions if c.code == "items missing").where == ("stuff",)


def test_a_value_outside_the_scale_is_named_with_row_and_column(odd: Reading) -> None:
    assert odd.table("invalid").to_records("en") == [
        {"row": 4, "column": "price", "item": "price", "value": "9"}
    ]
    assert next(c for c in odd.cautions if c.code == "invalid cells").where == ("price",)


def test_every_code_read_as_silence_is_listed_with_its_reason(odd: Reading) -> None:
    rows = {(r["item"], r["value"]): (r["reason"], r["count"]) for r in odd.table("silence").to_records("en")}
    assert rows["price", "0"] == ("no answer", 1)
    assert rows["hall", "99"] == ("not applicable", 4)
    assert rows["price", "(empty cell)"] == ("no answer", 1)


def test_items_that_say_nothing_are_named(odd: Reading) -> None:
    assert {r["item"]: r["reason"] for r in odd.table("flat").to_records("en")} == {
        "staff": "the same answer from everybody",
        "hall": "no valid answer",
    }


def test_columns_with_another_role_and_unused_ones_are_listed(odd: Reading) -> None:
    assert dict(zip(*(odd.table("roles").column(c) for c in ("column", "role")), strict=True)) == {
        "size": Text("segment", "分群"),
        "w": Text("weight", "权重"),
    }
    assert odd.table("unmatched").column("column") == ("id", "stuf")


def test_many_invalid_cells_raise_the_question_of_the_right_instrument() -> None:
    survey = bound({"a": [7, 8, 9, 5, 5, 5]}, {"a": FIVE})
    assert "many invalid cells" in [c.code for c in reading(survey).cautions]
    clean = reading(bound({"a": [1, 2, 3]}, {"a": FIVE}))
    assert clean.cautions == ()
    assert list(clean.tables()) == ["source", "matched"]


def test_the_reading_prints_in_both_languages_and_is_json(odd: Reading) -> None:
    assert "4 of 5 rows and 3 of 4 items were understood: 6 answers." in odd.summary("en")
    assert "读入 5 行，采用 4 行" in odd.summary("zh")
    held = json.loads(json.dumps(odd.to_dict()))
    assert held["report"]["invalid"][0]["value"] == "9"
    assert held["accounting"] is None


def test_answers_in_words_are_listed_with_what_they_were_read_as() -> None:
    labels = {5: Text("Very good", "很好"), 1: Text("Very bad", "很差")}
    survey = bound({"a": ["Very good", "很差", "3", "Very good"]}, {"a": Scale("five", 1, 5, labels)})
    assert reading(survey).table("read_as").to_records("en") == [
        {"item": "a", "value": "很差", "code": "1", "count": 1},
        {"item": "a", "value": "Very good", "code": "5", "count": 2},
    ]


def test_what_a_platform_left_out_is_named_with_its_respondents() -> None:
    survey = bound({"a": [1, 2, 3]}, {"a": FIVE})
    report = replace(
        survey.report,
        dropped={"preview": 12},
        dropped_keys={"preview": ("R_1", "R_2")},
        layout="qualtrics",
        evidence="three header rows",
        header_rows=3,
        private=("e-mail",),
        empty_columns=("Q9",),
        notes=(Text("A note.", "备注。"),),
    )
    result = reading(replace(survey, report=report))
    assert result.table("left_out").to_records("zh") == [
        {"reason": "预览", "count": 12, "respondent": "R_1, R_2 等 12 个"}
    ]
    assert ("e-mail", "says who answered: left out") in [tuple(r) for r in result.table("roles").raw("en")]
    assert ["Q9", "empty"] in result.table("unmatched").raw("en")
    source = result.table("source").to_text("zh")
    assert "qualtrics: three header rows" in source
    assert "备注。" in source
