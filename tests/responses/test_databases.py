"""Answers that are read from a database by a query."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import csat
from csat.cli import run
from csat.errors import BadInput
from csat.responses.readers import read_table

ROWS = [(1 + r % 5, None if r % 4 == 3 else 5 - r % 5, "东" if r % 2 else "西", "10:00") for r in range(40)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    connection = sqlite3.connect("survey.db")
    connection.execute('CREATE TABLE answers (speed INTEGER, staff INTEGER, "区域" TEXT, at TEXT)')
    connection.executemany("INSERT INTO answers VALUES (?, ?, ?, ?)", ROWS)
    connection.commit()
    connection.close()
    return tmp_path


ADDRESS = "sqlite:///survey.db"


@pytest.mark.usefixtures("folder")
def test_the_answer_to_a_query_is_read_like_a_file() -> None:
    query = "SELECT speed, staff, \"区域\" FROM answers WHERE at = '10:00'"
    survey = csat.read(ADDRESS, query=query, items=["speed", "staff"], scale=(1, 5), segments=["区域"])
    np.testing.assert_array_equal(
        survey.responses.answers(), [[a, np.nan if b is None else b] for a, b, *_ in ROWS]
    )
    assert sorted(set(survey.responses.segment("区域"))) == ["东", "西"]


@pytest.mark.usefixtures("folder")
def test_the_command_line_takes_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--query", "select speed, staff from answers", "--items", "speed,staff", "--scale", "1,5"]
    assert run(["describe", ADDRESS, *asked]) == 0
    assert "speed" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("query", "says"),
    [
        (None, "needs a query"),
        ("DROP TABLE answers", "begins with 'DROP'"),
        ("-- tidy\nDELETE FROM answers", "begins with '--'"),
        ("WITH a AS (SELECT 1) DELETE FROM answers", "readonly database"),
        ("SELECT 1; DROP TABLE answers", "one statement"),
        ("SELECT price FROM answers", "no such column: price"),
        ("SELECT * FROM answers WHERE speed > 9", "no rows of answers"),
    ],
)
def test_a_query_that_does_not_read_is_refused_and_nothing_is_changed(query: str | None, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_table(ADDRESS, query=query)
    with closing(sqlite3.connect("survey.db")) as left:
        assert left.execute("SELECT count(*) FROM answers").fetchone() == (len(ROWS),)


def test_a_missing_file_is_not_made(folder: Path) -> None:
    with pytest.raises(BadInput, match="there is no such database file"):
        read_table("sqlite:///none.db", query="SELECT 1")
    assert not (folder / "none.db").exists()


@pytest.mark.parametrize("address", ["postgresql+nothing://me:secret@host/x", "nothing://me:secret@host/x"])
def test_a_password_is_never_shown(address: str) -> None:
    with pytest.raises(BadInput, match="no driver") as error:
        read_table(address, query="SELECT 1")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("address", ["mysql://me:secret", "mysql://me:secret@host:no/x"])
def test_a_password_in_an_address_that_cannot_be_read_is_not_shown(address: str) -> None:
    with pytest.raises(BadInput, match="not the address of a database") as error:
        read_table(address, query="SELECT 1")
    assert "secret" not in str(error.value)


def test_the_name_of_a_file_is_no_option_of_its_connection(folder: Path) -> None:
    (folder / "survey.db").rename(folder / "survey.db?mode=rwc")
    with pytest.raises(BadInput, match="readonly database"):
        read_table("sqlite:///survey.db%3Fmode=rwc", query="WITH a AS (SELECT 1) DELETE FROM answers")


def test_a_query_needs_a_database(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a query is for a database"):
        read_table(tmp_path / "x.csv", query="SELECT 1")
