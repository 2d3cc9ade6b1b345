"""SurveyMonkey exports: two header rows, texts that fill right, options and positions."""

from __future__ import annotations

import csv

import pandas as pd
import pytest

from csat.responses.binding import bind
from csat.responses.readers import read_file, read_frame
from export_files import QUALITY, instrument, item, spoken

META = [
    "Respondent ID",
    "Collector ID",
    "Start Date",
    "End Date",
    "IP Address",
    "Email Address",
    "First Name",
    "Last Name",
]


def meta(key: str, start: str = "03/15/2026 09:00:00 AM", end: str = "03/15/2026 09:02:05 AM") -> list[str]:
    return [key, "400", start, end, "192.0.2.1", "", "", ""]


def export(path, first: list[str], second: list[str], rows: list[list[str]], names: list[str] = META):
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([names + first, [""] * len(names) + second, *rows])
    return path


@pytest.mark.parametrize("first", [["Rate us", "", "How likely?"], ["Rate us", "Rate us", "How likely?"]])
def test_a_question_stands_in_its_first_column_or_in_all(tmp_path, first):
    table = read_file(
        export(tmp_path / "a.csv", first, ["Staff", "Price", "Response"], [meta("1") + ["Good", "Fair", "9"]])
    )
    assert list(table.columns)[-3:] == ["Rate us - Staff", "Rate us - Price", "How likely?"]
    responses = bind(
        table, instrument(item("Staff", QUALITY), item("Price", QUALITY), item("How likely?", (0, 10)))
    )
    assert [spoken(responses, i) for i in responses.items] == [[3.0], [2.0], [9.0]]


def test_the_second_row_may_be_missing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("RespondentID,CollectorID,How likely?\n11800000001,4,9\n")
    table = read_file(path)
    assert (table.layout, table.header_rows) == ("surveymonkey", 1)
    assert table.columns["RespondentID"].texts() == ["11800000001"]


@pytest.mark.parametrize("cells", [["App", "Shop", ""], ["1", "2", ""]])
def test_options_hold_their_label_or_their_position(tmp_path, cells):
    first, second = ["Which?", "", ""], ["App", "Shop", "Other (please specify)"]
    rows = [meta("1") + cells, meta("2") + [cells[0], "", ""], meta("3") + ["", "", "chat"]]
    table = read_file(export(tmp_path / "a.csv", first, second, rows))
    assert table.choices["Which?"].answers() == [["App", "Shop"], ["App"], ["Other"]]
    assert table.choices["Which?"].write_in == (None, None, "chat")


def test_a_matrix_is_no_list_of_options(tmp_path):
    rows = [meta("1") + ["Good", "Good"], meta("2") + ["Fair", "Good"]]
    assert not read_file(export(tmp_path / "a.csv", ["Rate", ""], ["Staff", "Price"], rows)).choices


def test_contact_details_are_no_list_of_options(tmp_path):
    rows = [meta(str(k)) + [f"Ann {k}", f"Street {k}"] for k in range(3)]
    assert not read_file(export(tmp_path / "a.csv", ["You", ""], ["Name", "Address"], rows)).choices


def test_respondents_without_answers_are_empty_whatever_is_known_of_them(tmp_path):
    names = [*META, "Custom Data 1"]
    rows = [meta("1") + ["north", "5"], meta("2") + ["south", ""]]
    table = read_file(export(tmp_path / "a.csv", ["How?"], ["Response"], rows, names))
    assert dict(table.dropped_keys) == {"empty": ("2",)}


def test_dates_have_the_month_first_and_a_doubt_when_all_days_are_early(tmp_path):
    table = read_file(export(tmp_path / "a.csv", ["How?"], ["Response"], [meta("1") + ["5"]]))
    assert table.submitted is not None
    assert str(table.submitted[0]) == "2026-03-15T09:02:05"
    assert table.seconds is not None
    assert table.seconds.tolist() == [125.0]
    assert not table.notes
    early = [meta("1", "03/04/2026 11:59:00 PM", "03/05/2026 12:01:00 AM") + ["5"]]
    table = read_file(export(tmp_path / "a.csv", ["How?"], ["Response"], early))
    assert table.seconds is not None
    assert table.seconds.tolist() == [120.0]
    assert "month first" in table.notes[0].en


def test_a_frame_in_which_pandas_named_the_empty_headers_is_read(tmp_path):
    path = export(tmp_path / "a.csv", ["Rate us", ""], ["Staff", "Price"], [meta("1") + ["Good", "Fair"]])
    table = read_frame(pd.read_csv(path))
    assert table.layout == "surveymonkey"
    assert list(table.columns)[-2:] == ["Rate us - Staff", "Rate us - Price"]
