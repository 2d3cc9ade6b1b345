"""Tables without a platform: privacy, totals, blank rows, empty and repeated columns."""

from __future__ import annotations

import pytest

from csat.responses.binding import bind
from csat.responses.exports.privacy import is_private_header
from csat.responses.readers import read_file
from export_files import instrument, item


def text(path, content: str):
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    "name",
    ["E-mail", "email address", "IP", "Phone Number", "手机号", "姓名", "Q18ZIP", "q17_zip", "Latitude"],
)
def test_columns_that_say_who_answered_are_left_out_and_named(tmp_path, name):
    assert is_private_header(name)
    table = read_file(text(tmp_path / "a.csv", f"{name},q1\nxyz 1,5\nxyz 2,4\n"))
    assert table.private == (name,)
    assert list(table.columns) == ["q1"]
    assert name in read_file(tmp_path / "a.csv", keep_private=True).columns


@pytest.mark.parametrize(
    "name", ["skip", "ship", "zipper", "named", "female", "q1", "country", "mailing list"]
)
def test_other_columns_stay(name):
    assert not is_private_header(name)


def test_a_column_of_addresses_is_private_whatever_it_is_called(tmp_path):
    table = read_file(
        text(tmp_path / "a.csv", "who,from,q1\na@b.example,192.0.2.1,5\nc@d.example,192.0.2.2,4\n,,3\n")
    )
    assert table.private == ("who", "from")


def test_a_rating_called_phone_is_a_rating(tmp_path):
    assert read_file(text(tmp_path / "a.csv", "phone,email\n5,4\n3,2\n")).private == ()


def test_an_instrument_keeps_the_private_columns_it_asks_for(tmp_path):
    path = text(tmp_path / "a.csv", "zip,q1\n94101,5\n94102,4\n")
    own = instrument(item("q1"), respondent=("ZIP",))
    assert list(read_file(path, instrument=own).columns) == ["zip", "q1"]


def test_an_instrument_that_asks_for_few_columns_keeps_no_comments(tmp_path, monkeypatch):
    monkeypatch.setattr("csat.responses.growing.MANY_TEXTS", 10)
    path = text(tmp_path / "a.csv", "q1,key,why\n" + "".join(f"{k % 5},k{k},words {k}\n" for k in range(50)))
    own = instrument(item("q1"), respondent=("key",))
    table = read_file(path, instrument=own)
    assert (list(table.columns), table.unkept) == (["q1", "key"], ("why",))
    assert bind(table, own).report.unmatched_columns == ("why",)
    assert read_file(path, instrument=own, columns=["why"]).columns["why"].text(49) == "words 49"


def test_blank_and_total_rows_go_with_their_count(tmp_path):
    table = read_file(text(tmp_path / "a.csv", "store,q1\na,5\n,\nb,4\nTotal,9\n"))
    assert dict(table.dropped) == {"blank row": 1, "total row": 1}
    assert table.numbers_of_rows().tolist() == [1, 3]
    assert dict(table.dropped_keys) == {"blank row": ("row 2",), "total row": ("row 4",)}


def test_empty_columns_are_listed_and_those_without_a_header_go(tmp_path):
    table = read_file(text(tmp_path / "a.csv", "q1,unused,\n5,,\n4,,\n"))
    assert table.empty_columns == ("unused",)
    assert list(table.columns) == ["q1", "unused"]
    assert "column 3" in table.notes[0].en
