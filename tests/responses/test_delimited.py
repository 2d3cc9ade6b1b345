"""Texts of every encoding, delimiter and size give the cells that were written."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import BadInput
from csat.responses import delimited, encodings, growing
from csat.responses.delimited import decimal_mark, find_delimiter, look
from csat.responses.growing import ColumnBuilder
from csat.responses.raw import RawColumn, cell_text
from csat.responses.readers import read_file

ROWS = [
    ["id", "name", "note"],
    ["1", "Ännchen", 'said "fine", then left'],
    ["2", "李", "two\nlines"],
    ["3", "", ""],
]


def written(rows: list[list[str]], delimiter: str = ",", **options: object) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, **options).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


def cells(path: Path, **options: str) -> list[list[str | None]]:
    found = look(path, **options)
    columns, _ = found.columns(1)
    return [list(row) for row in zip(*(c.texts() for c in columns), strict=True)]


def wanted(rows: list[list[str]]) -> list[list[str | None]]:
    return [[cell_text(c) for c in row] for row in rows[1:]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"]
)
def test_encoding_and_delimiter_are_found(tmp_path, encoding, delimiter):
    rows = [r + ["服务很好，环境整洁"] for r in ROWS]
    path = tmp_path / "a.csv"
    path.write_bytes(written(rows, delimiter).encode(encoding))
    assert cells(path) == wanted(rows)
    assert look(path).delimiter == delimiter
    assert look(path).encoding == encoding


def test_a_latin_text_is_not_taken_for_chinese(tmp_path):
    path = tmp_path / "a.csv"
    for words in (
        "Café für Gäste",
        "Zufriedenheit über alles\nschön – größer",
        "niño señor, mañana",
        "naïve",
    ):
        path.write_bytes(f"q1;note\n5;{words.splitlines()[0]}\n".encode("cp1252"))
        assert look(path).encoding == "cp1252", words


def test_chinese_beside_latin_words_stays_chinese(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("q1,note\n5,app端很好用\n4,A组\n3,wifi差,\n".replace("差,", "差").encode("gb18030"))
    assert look(path).encoding == "gb18030"


def test_an_encoding_that_is_named_is_used_and_checked(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("q1,note\n5,服務很好\n".encode("big5"))
    assert cells(path, encoding="big5") == [["5", "服務很好"]]
    with pytest.raises(BadInput, match="is not utf-8"):
        look(path, encoding="utf-8")
    with pytest.raises(BadInput, match="'klingon' is not an encoding"):
        look(path, encoding="klingon")


@given(
    st.lists(
        st.lists(st.text("ab,;\"\n\r\t 1é中'", max_size=6), min_size=3, max_size=3), min_size=1, max_size=12
    ),
    st.integers(20, 200),
    st.sampled_from([",", ";", "\t"]),
)
def test_every_batch_size_gives_the_cells_that_were_written(tmp_path_factory, rows, batch, delimiter):
    rows = [["x1", "x2", "x3"], *rows]
    path = tmp_path_factory.mktemp("d") / "a.csv"
    path.write_bytes(written(rows, delimiter, quoting=csv.QUOTE_ALL).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BATCH", batch)
        patch.setattr(delimited, "BLOCK", 16)
        patch.setattr(encodings, "BLOCK", 16)
        # the cells that are read differ from those written only by the spaces around them
        got = cells(path, delimiter=delimiter)
    assert [[_lines(c) for c in r] for r in got] == [[_lines(c) for c in r] for r in wanted(rows)]


def _lines(text: str | None) -> str | None:
    return None if text is None else text.replace("\r\n", "\n").replace("\r", "\n")


@given(
    st.lists(
        st.one_of(
            st.just(""), st.sampled_from(["1", "5", "10", "A1", "é", " ", "N/A", "-1"]), st.text(max_size=4)
        )
    )
)
def test_a_column_built_in_parts_is_the_column(texts):
    import pyarrow as pa

    texts = [t.replace("\0", "") for t in texts]
    builder = ColumnBuilder(3)
    for start in range(0, len(texts), 4):
        builder.add(pa.chunked_array([pa.array(texts[start : start + 4], pa.string())]))
    assert builder.finish().texts() == RawColumn.of(texts).texts()


def test_a_column_of_very_many_texts_is_kept_as_bytes_or_not_at_all(monkeypatch):
    monkeypatch.setattr(growing, "MANY_TEXTS", 5)
    texts = ["a", "", *(f"text {k}" for k in range(20)), "a"]
    for keep in (True, False):
        builder = ColumnBuilder(0, keep)
        builder.add_texts(texts[:2])
        builder.add_texts(texts[2:12])
        builder.add_texts(texts[12:])
        assert builder.finish().texts() == ([cell_text(t) for t in texts] if keep else [])


def test_columns_of_more_short_texts_than_a_byte_holds(tmp_path):
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    texts = [a + b for a in letters for b in letters[:6]] + list(letters)
    path = tmp_path / "a.csv"
    path.write_text("x,y\n" + "".join(f"{t},1\n" for t in texts))
    assert look(path).columns(1)[0][0].texts() == texts


def test_short_texts_behind_very_many_long_ones_keep_their_place():
    builder = ColumnBuilder(0)
    long = [f"text {k}" for k in range(200)]
    builder.add_texts(long)
    builder.add_texts(["a", "", "b", "a"])
    builder.add_texts(["a", "c", "é"])
    assert builder.finish().texts() == [*long, "a", None, "b", "a", "a", "c", "é"]


def test_short_lines_are_filled_and_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b,c\n1,2,3\n1,2\n1,2,3,\n\n4,5,6\n")
    columns, notes = look(path).columns(1)
    assert [c.texts() for c in columns] == [["1", "1", "1", "4"], ["2", "2", "2", "5"], ["3", None, "3", "6"]]
    assert "2: line 3, 4" in notes[0].en
    assert "第 3, 4 行" in notes[0].zh


def test_a_line_with_too_many_cells_is_refused_by_its_number(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,2\n"two\nlines",2\n1,too, many\n')
    with pytest.raises(BadInput, match="line 5 has 3 cells where the header has 2"):
        look(path).columns(1)


def test_a_quotation_mark_that_never_closes_is_named_by_its_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n" + '3,"opens here\n' + "4,5\n" * 60)
    with pytest.raises(BadInput, match="line 3: a quotation mark opens here and is never closed"):
        look(path).columns(1)
    path.write_text("a,b\n1,2\n" + '3,"opens here\n' + "4,5\n" * 60_000)
    with pytest.raises(BadInput, match="line 3: a quotation mark"):
        look(path).columns(1)


def test_stray_quotation_marks_within_a_cell_are_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('a,b\n5" screen,1\nsix,2\n7" screen,3\n')
    assert cells(path) == [['5" screen', "1"], ["six", "2"], ['7" screen', "3"]]


def test_an_archive_is_unpacked_and_its_hash_is_that_of_the_file(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(written(ROWS).encode()))
    assert cells(path) == wanted(ROWS)
    import hashlib

    assert look(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(written(ROWS).encode())[:-9])
    with pytest.raises(BadInput, match="the archive is damaged"):
        look(path)


def test_an_archive_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(encodings, "MOST_BYTES", 1 << 20)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"q1,q2\n" + b"1,2\n" * 2_000_000))
    with pytest.raises(BadInput, match="the text is larger than"):
        look(path)


@pytest.mark.parametrize("start", ["sep=;\n", "sep=;\r\n"])
def test_the_line_in_which_excel_names_the_delimiter_is_no_header(tmp_path, start):
    path = tmp_path / "a.csv"
    path.write_text(start + "a;b\n1,5;2\n", newline="")
    assert cells(path) == [["1,5", "2"]]


def test_line_ends_of_old_and_new_systems_are_read(tmp_path):
    for end in ("\n", "\r\n", "\r"):
        path = tmp_path / "a.csv"
        path.write_bytes(f"a,b{end}1,2{end}3,4{end}".encode())
        assert cells(path) == [["1", "2"], ["3", "4"]], repr(end)


def test_the_decimal_comma_needs_a_semicolon_and_no_point():
    comma, point = RawColumn.of(["0,85", "1,15"]), RawColumn.of(["0.85"])
    assert decimal_mark([comma], ";") == ","
    assert decimal_mark([comma, point], ";") == "."
    assert decimal_mark([comma], ",") == "."


def test_the_delimiter_is_the_one_whose_counts_agree():
    assert find_delimiter("a;b;c\n1,5;2;3\n2,5;3;4\n") == ";"
    assert find_delimiter('a,b\n"x;y",2\n"x;z;t",3\n') == ","
    assert find_delimiter("only\n1\n2\n") == ","


@pytest.mark.parametrize("bad", ["", "ab", '"', "\n"])
def test_a_delimiter_is_one_character(tmp_path, bad):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    if bad:
        with pytest.raises(BadInput, match="is not a delimiter"):
            look(path, delimiter=bad)


def test_ten_thousand_rows_of_mixed_cells_survive_the_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "BATCH", 20_000)
    monkeypatch.setattr(delimited, "BLOCK", 8_000)
    monkeypatch.setattr(encodings, "BLOCK", 8_000)
    monkeypatch.setattr(growing, "MANY_TEXTS", 500)
    rows = [["id", "q1", "q2", "comment"]]
    rows += [[f"R{k}", str(k % 7), "" if k % 5 else "N/A", f'said "{k}",\nthen left'] for k in range(10_000)]
    path = tmp_path / "a.csv"
    path.write_text(written(rows), newline="")
    assert cells(path) == wanted(rows)
    table = read_file(path)
    assert table.columns["id"].text(9_999) == "R9999"
    assert table.rows == 10_000


def test_a_line_above_all_bounds_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a" * (5 << 20))
    with pytest.raises(BadInput, match="the first line is longer"):
        look(path)
    path.write_text(",".join(f"c{k}" for k in range(20_000)) + "\n1\n")
    with pytest.raises(BadInput, match="the header names 20,000 columns"):
        look(path)
