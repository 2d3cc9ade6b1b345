"""Rows left out on request, through the command line: counted, named, and the same in every command."""

import csv
import json
import random

import pytest

import csat
from csat.cli import run
from export_files import example

ITEMS = [f"q{k}" for k in range(1, 11)]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "survey.csv"
    draw = random.Random(5)
    rows = [[draw.randint(1, 5) for _ in ITEMS] for _ in range(24)]
    rows += [rows[4], rows[7], [4] * 10]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([ITEMS, *rows])
    return path


def asked(capsys, *arguments):
    assert run([str(a) for a in arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_answered_row_stays_unless_asked(data, capsys):
    assert asked(capsys, "read", data, "--scale", "1,5", "--json")["report"]["dropped"] == {}


def test_the_reading_counts_each_rule_and_shows_the_way_of_the_rows(data, capsys):
    found = asked(capsys, "read", data, "--scale", "1,5", "--drop", "duplicates,straightliners", "--json")
    answers = csat.read(data, scale=(1, 5)).responses.answers().tolist()
    again = 26 - len({tuple(r) for r in answers if len(set(r)) > 1})
    assert found["report"]["dropped"] == {"same answers as an earlier row": again, "straight line": 1}
    assert [(s["what"]["en"], s["rows"], s["remaining"]) for s in found["flow"]] == [
        ("Rows in the data", 27, 27),
        ("same answers as an earlier row", again, 27 - again),
        ("straight line", 1, 26 - again),
        ("Analysed", 26 - again, 26 - again),
    ]


def test_rules_hold_in_every_command_that_reads(data, capsys):
    for command in ("describe", "quality"):
        found = asked(capsys, command, data, "--scale", "1,5", "--drop", "straightliners=9", "--json")
        assert found["base"]["respondents"] == 26, command


def test_the_text_says_who_was_left_out_in_both_languages(data, capsys):
    for language, words in (("en", "straight line"), ("zh", "全部选同一答案")):
        assert run(["read", str(data), "--scale", "1,5", "--drop", "straightliners", "--lang", language]) == 0
        out = capsys.readouterr().out
        assert words in out and "row 27" in out


def test_careless_rows_go_when_the_analyst_says_so(data):
    whole = csat.read(data, scale=(1, 5))
    kept = csat.read(data, scale=(1, 5), drop="careless=1")
    flagged = int((whole.quality().scores.n_flags >= 1).sum())
    assert flagged and kept.responses.rows == 27 - flagged
    assert dict(kept.responses.report.dropped) == {"signs of careless answering": flagged}


def test_a_rule_that_cannot_be_applied_is_one_paragraph(data, capsys):
    assert run(["read", str(data), "--scale", "1,5", "--drop", "speeders=60"]) == 2
    assert "nothing says how long the respondents took" in capsys.readouterr().err


def test_speeders_leave_after_those_the_platform_says_are_no_answers(capsys):
    found = asked(capsys, "read", example("qualtrics_numeric.tsv"), "--drop", "speeders=60", "--json")
    assert [(s["what"]["en"], s["remaining"]) for s in found["flow"]] == [
        ("Rows in the data", 7),
        ("preview", 6),
        ("spam", 5),
        ("unfinished", 4),
        ("too fast", 3),
        ("Analysed", 3),
    ]
    assert found["report"]["dropped_keys"]["too fast"] == ["R_000000000000003"]
    first, last = found["submitted"]
    assert len(first) == 10 and first <= last


def test_the_report_draws_the_way_from_issued_to_analysed(data, tmp_path, capsys):
    arguments = ["read", str(data), "--scale", "1,5", "--drop", "duplicates", "--issued", "60"]
    assert run([*arguments, "--returned", "40", "--charts", str(tmp_path / "charts"), "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["flow"]
    assert [s["rows"] for s in steps[:3]] == [60, 40, 27]
    drawing = (tmp_path / "charts" / "reading-flow.svg").read_text("utf-8")
    for words in ("Issued", "Returned", "Analysed", "same answers as", ">60<"):
        assert words in drawing


def test_words_about_the_rules_stand_in_every_help(capsys):
    for command in ("read", "describe", "index", "report", "waves", "sensitivity"):
        assert run([command, "--help"]) == 0
        assert "--drop RULE" in capsys.readouterr().out, command
