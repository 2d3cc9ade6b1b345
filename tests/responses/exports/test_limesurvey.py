"""LimeSurvey exports: codes, full text or both; letters before codes; sub-questions."""

from __future__ import annotations

import csv

import pytest

from csat.responses.binding import bind
from csat.responses.readers import read_file
from export_files import instrument, item, spoken

META = ["id", "submitdate", "lastpage", "startlanguage", "seed", "token", "ipaddr"]


def meta(key: str, submitted: str = "2026-03-01 09:00:00") -> list[str]:
    return [key, submitted, "3", "en", "1", "tok", "192.0.2.1"]


def export(path, names: list[str], rows: list[list[str]], header: list[str] = META):
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header + names, *rows])
    return path


def test_letters_before_codes_go_where_the_scale_holds_the_numbers(tmp_path):
    names = ["Q1", "Q2", "Q3", "Q4"]
    rows = [
        meta("1") + ["A5", "A6", "A1", "B2"],
        meta("2") + ["A1", "A2", "5", "B1"],
        meta("3") + ["N/A", "", "3", ""],
    ]
    responses = bind(
        read_file(export(tmp_path / "a.csv", names, rows)), instrument(*(item(n) for n in names))
    )
    assert spoken(responses, "Q1") == [5.0, 1.0, "NOT_APPLICABLE"]
    # A6 is off the scale, so nothing says that A2 is its second answer; A1 and 5 are not one list of codes
    assert spoken(responses, "Q2") == ["INVALID", "INVALID", "NO_ANSWER"]
    assert spoken(responses, "Q3") == ["INVALID", 5.0, 3.0]
    assert spoken(responses, "Q4") == [2.0, 1.0, "NO_ANSWER"]
    assert any("A1 is its lowest answer" in n.en for n in responses.report.notes)


def test_unfinished_rows_go_and_anonymous_dates_are_not_used(tmp_path):
    rows = [meta("1", "1980-01-01 00:00:00") + ["1"], meta("2", "") + ["2"]]
    table = read_file(export(tmp_path / "a.csv", ["Q1"], rows))
    assert dict(table.dropped_keys) == {"unfinished": ("2",)}
    assert read_file(tmp_path / "a.csv", keep_rows=["unfinished"]).rows == 2
    assert table.submitted is not None
    assert str(table.submitted[0]) == "NaT"
    assert table.private == ("ipaddr",)


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["SERV[SQ001]", "SERV[SQ002]"], ["SERV[SQ001]", "SERV[SQ002]"]),
        (["SERV.SQ001.", "SERV.SQ002."], ["SERV[SQ001]", "SERV[SQ002]"]),
        (["SERV_SQ001", "SERV_SQ002"], ["SERV[SQ001]", "SERV[SQ002]"]),
        (["Rate us [Staff at the desk]", "Rate us [Price]"], ["Staff at the desk", "rate us [price]"]),
    ],
)
def test_sub_questions_are_found_however_they_are_written(tmp_path, names, ids):
    table = read_file(export(tmp_path / "a.csv", names, [meta("1") + ["1", "2"]]))
    responses = bind(table, instrument(*(item(i) for i in ids)))
    assert list(responses.report.matched.values()) == names


def test_timings_are_no_items(tmp_path):
    names = ["Q1", "SERV[SQ001]", "Lunchtime", "interviewtime", "groupTime12", "Q1Time", "SERVTime"]
    table = read_file(export(tmp_path / "a.csv", names, [meta("1") + ["1"] * 7]))
    assert [n for n in names if table.roles.get(n) in ("timer", "duration")] == names[3:]
    assert table.seconds is not None
    assert table.seconds.tolist() == [1.0]


def test_options_are_marked_y_and_others_written_in(tmp_path):
    names = ["CH[A]", "CH[B]", "CH[other]"]
    rows = [meta("1") + ["Y", "", ""], meta("2") + ["", "Y", "chat"], meta("3") + ["N", "Y", ""]]
    table = read_file(export(tmp_path / "a.csv", names, rows))
    assert table.choices["CH"].answers() == [["A"], ["B", "other"], ["B"]]
    assert table.choices["CH"].write_in == (None, "chat", None)


def test_a_ranking_holds_what_was_placed(tmp_path):
    names = ["RK[1]", "RK[2]", "RK[3]"]
    rows = [meta("1") + ["price", "staff", ""], meta("2") + ["staff", "speed", "price"]]
    table = read_file(export(tmp_path / "a.csv", names, rows))
    assert table.choices["RK"].answers() == [["price", "staff"], ["staff", "speed", "price"]]
    again = [meta("1") + ["price", "price", ""], meta("2") + ["staff", "speed", "price"]]
    assert not read_file(export(tmp_path / "a.csv", names, again)).choices


def test_codes_and_wording_can_stand_in_one_header(tmp_path):
    header = [
        "id. Response ID",
        "submitdate. Date submitted",
        "lastpage. Last page",
        "startlanguage. Start language",
    ]
    names = ["OSAT. How satisfied are you?", "SERV[SQ001]. Rate us [Staff]"]
    rows = [["1", "2026-03-01 09:00:00", "3", "en", "5", "4"]]
    table = read_file(export(tmp_path / "a.csv", names, rows, header))
    assert (table.layout, list(table.columns)[-2:]) == ("limesurvey", ["OSAT", "SERV[SQ001]"])
    assert table.questions["OSAT"] == "How satisfied are you?"
    assert table.respondent == "id"
