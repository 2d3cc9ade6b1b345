"""Which column answers which item, and what each text means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Scale, Segment
from csat.language import Text
from csat.responses.binding import ad_hoc_instrument, bind, find_column
from csat.responses.raw import RawColumn, RawTable, unique_names
from csat.responses.readers import read_frame
from csat.responses.responses import INVALID, NO_ANSWER, NOT_APPLICABLE
from export_files import SATISFACTION, instrument, item, scale, spoken


def table(columns: dict[str, list[object]], **more: object) -> RawTable:
    """A table of columns; a name may repeat when it ends with spaces."""
    names, _ = unique_names(list(columns))
    found = {n: RawColumn.of(c) for n, c in zip(names, columns.values(), strict=True)}
    rows = len(next(iter(found.values())))
    return RawTable(found, rows, source="a.csv", rows_read=rows, **more)  # type: ignore[arg-type]


# What texts mean


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("5", 5.0),
        ("5.0", 5.0),
        (5, 5.0),
        (" 5 ", 5.0),
        ("５", 5.0),
        ("5分", 5.0),
        ("Very satisfied", 5.0),
        ("very  SATISFIED", 5.0),
        ("非常满意", 5.0),
        ("5 - Very satisfied", 5.0),
        ("5 - best of all", 5.0),
        ("1、非常不满意", 1.0),
        ("不满意", 2.0),
        ("Neither satisfied nor dissatisfied", 3.0),
        ("", "NO_ANSWER"),
        (None, "NO_ANSWER"),
        (float("nan"), "NO_ANSWER"),
        ("0", "NO_ANSWER"),
        ("0.0", "NO_ANSWER"),
        ("6", "NOT_APPLICABLE"),
        ("N/A", "NOT_APPLICABLE"),
        ("不适用", "NOT_APPLICABLE"),
        ("拒答", "NO_ANSWER"),
        ("Refused", "NO_ANSWER"),
        ("7", "INVALID"),
        ("-1", "INVALID"),
        ("3.5", "INVALID"),
        ("great", "INVALID"),
        ("1_0", "INVALID"),
        ("nan5", "INVALID"),
    ],
)
def test_a_text_is_an_answer_or_a_silence_with_its_reason(text, means):
    own = instrument(item("q", SATISFACTION, no_answer=["0"], not_applicable=["6"]), item("r"))
    assert spoken(bind(table({"q": [text], "r": [1]}), own), "q") == [means]


@given(
    st.lists(st.sampled_from(["1", "2", "5", "0", "6", "x", ""]), min_size=1), st.booleans(), st.booleans()
)
def test_answers_are_turned_once_and_silence_is_not(texts, reverse, worse):
    given_scale = Scale("s", 1, 5, higher_is="worse" if worse else "better")
    own = instrument(
        replace(item("q", no_answer=["0"], not_applicable=["6"]), scale=given_scale, reverse=reverse)
    )
    responses = bind(table({"q": texts}), own, keep_silent_rows=True)
    turned = reverse != worse
    for text, code, answer in zip(texts, responses.codes("q"), responses.answers()[:, 0], strict=True):
        if text in ("1", "2", "5"):
            value = 6 - int(text) if turned else int(text)
            assert (code, answer) == (value - 1, value)
        else:
            assert code == {"": NO_ANSWER, "0": NO_ANSWER, "6": NOT_APPLICABLE, "x": INVALID}[text]
            assert np.isnan(answer)
    raw = responses.raw_answers()[:, 0]
    assert [None if np.isnan(v) else int(v) for v in raw] == [
        int(t) if t in "125" and t else None for t in texts
    ]
    assert responses.report.turned == (("q",) if turned else ())


def test_labels_of_the_instrument_come_before_the_shipped_ones():
    own = Scale("s", 1, 3, {1: Text("Good"), 2: Text("Neutral"), 3: Text("Bad")})
    responses = bind(table({"q": ["Good", "Bad", "neutral"]}), instrument(replace(item("q"), scale=own)))
    assert spoken(responses, "q") == [1.0, 3.0, 2.0]


def test_a_long_scale_is_measured_and_turned():
    own = replace(item("q", (0, 100), not_applicable=["999"]), reverse=True)
    responses = bind(table({"q": ["10", "99.5", "999", "101", ""]}), instrument(own), keep_silent_rows=True)
    assert spoken(responses, "q") == [10.0, 99.5, "NOT_APPLICABLE", "INVALID", "NO_ANSWER"]
    assert responses.answers()[:2, 0].tolist() == [90.0, 0.5]


def test_a_decimal_comma_is_a_decimal_mark_only_where_the_file_uses_it():
    quantity = instrument(item("q", None))
    assert spoken(bind(table({"q": ["1,5", "2"]}, decimal=","), quantity), "q") == [1.5, 2.0]
    assert spoken(bind(table({"q": ["1,5", "2"]}), quantity), "q") == ["INVALID", 2.0]


# The dictionary of the file


def labelled(labels: dict[str, str], cells: list[object], **more: object) -> RawTable:
    return table({"q": cells}, value_labels={"q": labels}, **more)


FIVE = ["Very dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Very satisfied"]


def test_codes_of_another_origin_are_read_by_their_labels():
    from_zero = labelled({str(k): label for k, label in enumerate(FIVE)}, ["0", "4", "2"])
    responses = bind(from_zero, instrument(item("q", SATISFACTION)))
    assert spoken(responses, "q") == [1.0, 5.0, 3.0]
    assert "read by label, 0 ('Very dissatisfied') as 1" in responses.report.notes[0].en


def test_codes_that_run_the_other_way_are_read_by_their_labels():
    backwards = labelled({str(5 - k): label for k, label in enumerate(FIVE)}, ["1", "5", "3"])
    assert spoken(bind(backwards, instrument(item("q", SATISFACTION))), "q") == [5.0, 1.0, 3.0]


def test_labels_that_only_half_agree_are_a_doubt_and_the_numbers_are_believed():
    half = labelled({"1": "Very satisfied", "2": "Rather so", "5": "Very dissatisfied"}, ["1", "5"])
    responses = bind(half, instrument(item("q", SATISFACTION)))
    assert spoken(responses, "q") == [1.0, 5.0]
    assert "check the direction" in responses.report.notes[0].en


def test_silence_in_the_dictionary_has_its_own_reason():
    labels = {"1": FIVE[0], "5": FIVE[4], "8": "Don't know", "9": "Refused"}
    cells = ["1", "8", "9", "7", "77"]
    declared = {"q": {"7": "", "77": "NOT_APPLICABLE"}}
    raw = labelled(labels, cells, silent_codes=declared)
    responses = bind(raw, instrument(item("q", SATISFACTION)), keep_silent_rows=True)
    assert spoken(responses, "q") == [1.0, "NOT_APPLICABLE", "NO_ANSWER", "NO_ANSWER", "NOT_APPLICABLE"]


def test_what_the_instrument_says_of_a_code_comes_before_the_dictionary():
    declared = labelled({}, ["9", "1"], silent_codes={"q": {"9": "NO_ANSWER"}})
    assert (
        spoken(bind(declared, instrument(item("q", (1, 9), not_applicable=["9"]))), "q")[0]
        == "NOT_APPLICABLE"
    )


# Columns


def test_an_item_is_found_by_id_alias_fold_number_and_wording():
    names = ["q1", "Q2 OLD", "3、服务态度", "Q4. Price", "x5"]
    own = instrument(
        item("q1"),
        item("q2", (1, 5), "q2 old"),
        item("服务态度"),
        item("price"),
        replace(item("five"), text=Text("How clean was it?")),
    )
    raw = table({n: [1] for n in names}, questions={"x5": "How clean was it?"})
    assert list(bind(raw, own).report.matched.values()) == names


def test_the_exact_name_wins_over_one_that_folds_alike():
    responses = bind(table({"Q1": [1], "q1": [2]}), instrument(item("q1")))
    assert dict(responses.report.matched) == {"q1": "q1"}


def test_a_name_for_two_columns_is_refused_with_both():
    raw = table(
        {"Rate - Staff": [1], "Score - Staff": [2]},
        also={"Rate - Staff": ("Staff",), "Score - Staff": ("Staff",)},
    )
    with pytest.raises(
        BadInput, match=r"a.csv, item Staff: 'Staff' could be 'Rate - Staff' or 'Score - Staff'"
    ):
        bind(raw, instrument(item("Staff")))


def test_a_repeated_header_must_be_told_apart_unless_the_columns_are_equal():
    twice = table({"q1": [1, 2], "q1 ": [2, 1]}, repeated_headers=("q1",))
    with pytest.raises(BadInput, match=r"2 columns are called 'q1'.*its place: 'q1 \(1\)' or 'q1 \(2\)'"):
        bind(twice, instrument(item("q1")))
    assert dict(bind(twice, instrument(item("a", (1, 5), "q1 (1)"))).report.matched) == {"a": "q1"}
    assert dict(bind(twice, instrument(item("a", (1, 5), "q1 (2)"))).report.matched) == {"a": "q1 (2)"}
    equal = table({"q1": [1, 2], "q1 ": [1, 2]}, repeated_headers=("q1",))
    assert spoken(bind(equal, instrument(item("q1"))), "q1") == [1.0, 2.0]


def test_two_items_for_one_column_are_refused():
    with pytest.raises(BadInput, match="column 'q1' answers two items, q1 and copy"):
        bind(table({"q1": [1]}), instrument(item("q1"), item("copy", (1, 5), "Q1")))


def test_no_item_at_all_is_refused_with_both_lists():
    with pytest.raises(
        BadInput, match=r"no column answers an item of 'test'. The columns are: a. The items are: q1"
    ):
        bind(table({"a": [1]}), instrument(item("q1")))


def test_items_without_a_column_are_told_with_the_closest_one():
    report = bind(
        table({"q1": [1], "staf": [2], "z": [3]}), instrument(item("q1"), item("staff"), item("price"))
    ).report
    assert dict(report.missing_items) == {"staff": "staf", "price": ""}
    assert report.unmatched_columns == ("staf", "z")


# Rows


def test_only_rows_that_hold_nothing_at_all_are_left_out():
    raw = {"id": list("abcd"), "q1": ["5", "", "0", "x"], "q2": ["", "", "", ""]}
    own = instrument(item("q1", no_answer=["0"]), item("q2"), respondent=("id",))
    responses = bind(table(raw), own)
    assert dict(responses.report.dropped) == {"empty": 2}
    assert responses.row_numbers.tolist() == [1, 4]
    assert responses.ids is not None
    assert list(responses.ids[[0, 1]]) == ["a", "d"]
    with_comment = bind(table(raw | {"why": ["", "so", "", ""]}), own)
    assert with_comment.row_numbers.tolist() == [1, 2, 4]
    assert "none of the items" in with_comment.report.notes[0].en


def test_without_any_valid_answer_the_first_wrong_one_is_named():
    with pytest.raises(
        BadInput, match=r"column 'q1', row 2 holds 'blue'. Item q1 takes a whole number from 1 to 5"
    ):
        bind(table({"q1": ["", "blue"], "n": [1, 1]}), instrument(item("q1")))
    with pytest.raises(BadInput, match="all 2 rows are without an answer"):
        bind(table({"q1": ["", "N/A"]}), instrument(item("q1")))


def test_invalid_cells_are_listed_by_row_and_counted():
    responses = bind(
        table({"q1": ["5", "9", "x"], "q2": ["7", "1", "1"]}), instrument(item("q1"), item("q2"))
    )
    assert [(c.row, c.column, c.item, c.value) for c in responses.report.invalid] == [
        (1, "q2", "q2", "7"),
        (2, "q1", "q1", "9"),
        (3, "q1", "q1", "x"),
    ]
    assert responses.report.invalid_count == 3


def test_constant_and_empty_items_are_listed():
    raw = table({"a": [3, 3, 3], "b": ["", "", ""], "c": [1, 2, ""]})
    report = bind(raw, instrument(item("a"), item("b"), item("c"))).report
    assert (report.constant, report.empty) == (("a",), ("b",))


def test_every_text_is_reported_with_what_it_was_read_as():
    report = bind(
        table({"q": ["5", "Satisfied", "N/A", "5", "?"]}), instrument(item("q", SATISFACTION))
    ).report
    assert [(m.text, m.read_as, m.count) for m in report.met] == [
        ("Satisfied", 4.0, 1),
        ("5", 5.0, 2),
        ("?", "INVALID", 1),
        ("N/A", "NOT_APPLICABLE", 1),
    ]


def test_a_released_table_is_empty_and_the_answers_are_the_same():
    raw = table({"q1": ["5", "1"], "q2": ["2", ""], "z": ["a", "b"]})
    own = instrument(item("q1"), item("q2"))
    kept = bind(raw, own)
    released = bind(raw, own, release=True)
    assert list(raw.columns) == ["z"]
    np.testing.assert_array_equal(released.answers(), kept.answers())
    assert released.report == kept.report


# Weights


def test_weights_are_found_named_or_switched_off():
    raw = table({"q1": [1, 2], "w": ["0.5", "1.5"], "v": [1, 3]})
    own = instrument(item("q1"), weight=("weight", "W"))
    assert bind(raw, own).weights.tolist() == [0.5, 1.5]  # type: ignore[union-attr]
    assert bind(raw, own, weight="v").weights.tolist() == [1.0, 3.0]  # type: ignore[union-attr]
    assert bind(raw, own, weight="none").weights is None
    assert bind(raw, own).report.roles == {"w": "weight"}
    with pytest.raises(UnknownName, match="no column is called 'u'"):
        bind(raw, own, weight="u")


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (["1", "-0.5"], "weight '-0.5' in row 2 is negative"),
        (["x", "1"], "weight 'x' in row 1 is not a number"),
        (["0", "0"], "the weights sum to zero"),
        (["1e308", "1e308"], "too large"),
        (["1,250", "1"], "'1,250' in row 1"),
        (["nan", "nan"], "the weights sum to zero"),
        (["inf", "1"], "'inf' in row 1 is not a number"),
    ],
)
def test_weights_that_are_none_are_refused(weights, says):
    with pytest.raises(BadInput, match=says):
        bind(table({"q1": [1, 2], "w": weights}), instrument(item("q1"), weight=("w",)))


def test_rows_without_a_weight_are_left_out_and_counted():
    responses = bind(table({"q1": [1, 2, 3], "w": ["1", "", "NA"]}), instrument(item("q1"), weight=("w",)))
    assert dict(responses.report.dropped) == {"no weight": 2}
    assert responses.rows == 1


def test_weights_with_a_decimal_comma_are_read_and_said():
    responses = bind(table({"q1": [1, 2], "w": ["0,85", "1,150"]}), instrument(item("q1"), weight=("w",)))
    assert responses.weights is not None
    assert responses.weights.tolist() == [0.85, 1.15]
    assert "decimal mark" in responses.report.notes[0].en


# Segments


def test_groups_keep_the_codes_that_have_a_label_and_name_the_others():
    segment = Segment("age", Text("Age"), {"1": Text("young", "青年"), "2": Text("old")}, ("AGE",), ("0",))
    raw = table({"q1": [1] * 6, "AGE": ["1", "2.0", "青年", "0", "7", ""]})
    responses = bind(raw, instrument(item("q1"), segments=(segment,)))
    assert list(responses.segment("age")) == ["1", "2", "1", None, None, None]
    assert "'7': 1" in responses.report.notes[0].en
    assert list(responses.segments) == ["age"]
    assert responses.where(np.array([1, 1])).segment("age").tolist() == ["2", "2"]
    with pytest.raises(UnknownName, match="no segment column is called 'aage'"):
        responses.segment("aage")


def test_groups_without_labels_are_what_the_file_says():
    raw = table({"q1": [1, 2, 3], "g": ["1", "2", "N/A"]}, value_labels={"g": {"1": "North"}})
    responses = bind(raw, instrument(item("q1"), wave=("year",)), segments=["G"])
    assert list(responses.segment("G")) == ["North", "2", "N/A"]
    with pytest.raises(UnknownName, match="no column is called 'region'"):
        bind(raw, instrument(item("q1")), segments=["region"])


# Without an instrument


def test_a_bare_table_takes_its_columns_of_numbers():
    raw = table({"q1": [1, 2], "q2": ["3", "N/A"], "name": ["a", "b"], "w": [0.5, 1.5]})
    assert [i.id for i in ad_hoc_instrument(raw).items] == ["q1", "q2", "w"]
    assert [i.id for i in ad_hoc_instrument(raw, scale=(1, 5)).items] == ["q1", "q2"]
    assert all(i.scale is None for i in ad_hoc_instrument(raw).items)


def test_a_scale_is_two_ends_a_list_of_labels_or_one_by_item():
    raw = table({"q1": ["bad", "good"], "q2": ["Satisfied", "Neutral"], "q3": [0, 10]})
    own = ad_hoc_instrument(
        raw, scale={"q1": ["bad", "so so", "good"], "q2": "satisfaction-5", "q3": (0, 10)}
    )
    responses = bind(raw, own)
    assert [spoken(responses, i) for i in ("q1", "q2", "q3")] == [[1.0, 3.0], [4.0, 3.0], [0.0, 10.0]]
    assert ad_hoc_instrument(raw, items=["q3"], scale=scale((0, 10))).items[0].scale == scale((0, 10))


@pytest.mark.parametrize("wrong", [(5, 1), (1, 1), (1,), (), (1, 2, 3), ("a",), "no-such-list", (1.5, 3)])
def test_what_is_no_scale_is_refused(wrong):
    with pytest.raises(BadInput, match=r"is not a scale|no label set is called"):
        ad_hoc_instrument(table({"q1": [1]}), scale=wrong)


def test_constructs_name_the_items():
    raw = table({"a": [1], "b": [2], "c": [3]})
    own = ad_hoc_instrument(raw, constructs={"x": ["a"], "y": ["c"]}, scale=(1, 5))
    assert [i.id for i in own.items] == ["a", "c"]
    with pytest.raises(UnknownName, match="no column is called 'd'"):
        ad_hoc_instrument(raw, constructs={"x": ["d"]})
    with pytest.raises(BadInput, match="no column holds numbers"):
        ad_hoc_instrument(table({"t": ["x"]}))


def test_columns_are_found_by_any_of_their_names():
    raw = table({"Rate - Staff": [1]}, also={"Rate - Staff": ("Staff",)})
    assert find_column(raw, "staff") == "Rate - Staff"
    assert find_column(raw, "") is None


def test_a_frame_binds_like_a_file():
    frame = pd.DataFrame({"q1": [5, None, 3], "q2": pd.Categorical(["Satisfied", "Neutral", None])})
    responses = bind(read_frame(frame), instrument(item("q1"), item("q2", SATISFACTION)))
    np.testing.assert_array_equal(responses.answers(), [[5, 4], [np.nan, 3], [3, np.nan]])
