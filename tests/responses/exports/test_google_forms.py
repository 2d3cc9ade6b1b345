"""Google Forms: a localised time stamp, grids, checkboxes joined in one cell."""

from __future__ import annotations

import datetime as dt

import pytest

from csat.responses.binding import bind
from csat.responses.readers import read_file
from export_files import instrument, item, spoken
from made_files import xlsx


def sheet(path, header, *rows):
    return xlsx(path, [header, *[[dt.datetime(2026, 3, 1, 9, k), *row] for k, row in enumerate(rows)]])


@pytest.mark.parametrize(
    "name", ["Timestamp", "时间戳记", "Zeitstempel", "Horodateur", "Marca temporal", "タイムスタンプ"]
)
def test_the_time_stamp_is_known_in_many_languages(tmp_path, name):
    table = read_file(sheet(tmp_path / "a.xlsx", [name, "How?"], [5], [4]))
    assert table.layout == "google_forms"
    assert table.submitted is not None
    assert str(table.submitted[1]) == "2026-03-01T09:01:00"


@pytest.mark.parametrize("stamp", ["2026/03/01 9:00:12 AM GMT+8", "3/1/2026 9:00:12", "2026-03-01 09:00:12"])
def test_time_stamps_of_downloads_are_read(tmp_path, stamp):
    path = tmp_path / "a.csv"
    path.write_text(f'Timestamp,How?\n"{stamp}",5\n')
    table = read_file(path)
    assert table.layout == "google_forms"
    assert table.submitted is not None
    assert str(table.submitted[0]) == "2026-03-01T09:00:12"


@pytest.mark.parametrize("stamp", ["2026-03-01T09:00:12Z", "1772355612", "yesterday"])
def test_another_time_stamp_is_a_plain_column(tmp_path, stamp):
    path = tmp_path / "a.csv"
    path.write_text(f"timestamp,q1\n{stamp},5\n")
    assert read_file(path).layout == "plain"


def test_grids_and_scales_bind_by_their_words(tmp_path):
    header = ["Timestamp", "Email Address", "Score", "Rate us [Staff]", "Rate us [Price]", "How likely?"]
    table = read_file(
        sheet(
            tmp_path / "a.xlsx", header, ["a@b.example", "3 / 5", 5, 4, 9], ["c@d.example", "2 / 5", 4, 2, 3]
        )
    )
    responses = bind(table, instrument(item("Staff"), item("rate us [price]"), item("How likely?", (0, 10))))
    assert [spoken(responses, i) for i in responses.items] == [[5.0, 4.0], [4.0, 2.0], [9.0, 3.0]]
    assert table.private == ("Email Address",)
    assert table.roles["Score"] == "score"


@pytest.mark.parametrize("separator", [", ", ";"])
def test_checkboxes_are_split_at_what_joins_them(tmp_path, separator):
    cells = [separator.join(p) for p in (["App", "Shop"], ["App"], ["Shop", "Phone"], ["Phone"])]
    table = read_file(
        sheet(
            tmp_path / "a.xlsx",
            ["Timestamp", "Which?", "Why?"],
            *[[c, f"Well; {k}, I see"] for k, c in enumerate(cells)],
        )
    )
    assert table.choices["Which?"].answers() == [["App", "Shop"], ["App"], ["Shop", "Phone"], ["Phone"]]
    assert "Why?" not in table.choices


def test_a_label_that_holds_the_separator_is_one_when_it_is_named(tmp_path):
    cells = ["App, Branch, counter", "Branch", "Branch, counter", "counter"]
    path = sheet(tmp_path / "a.xlsx", ["Timestamp", "Which?"], *[[c] for c in cells])
    named = read_file(path, options={"Which?": ["App", "Branch, counter", "Branch"]})
    assert named.choices["Which?"].answers() == [
        ["App", "Branch, counter"],
        ["Branch"],
        ["Branch, counter"],
        ["counter"],
    ]
    assert read_file(path).choices["Which?"].answers()[0] == ["App", "Branch", "counter"]


def test_a_scale_whose_label_holds_a_comma_is_no_list(tmp_path):
    cells = ["Neither good, nor bad", "Good", "Neither good, nor bad", "Bad", "Good"]
    table = read_file(sheet(tmp_path / "a.xlsx", ["Timestamp", "How?"], *[[c] for c in cells]))
    assert not table.choices
