"""Rows left out on request, through the command line: counted, named, and the same in every command."""

import csv
import json
import random

import pytest

import csat
from csat.cli import run

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
