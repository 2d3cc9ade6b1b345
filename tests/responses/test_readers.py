"""Files of every kind and frames of every library give the same table."""

from __future__ import annotations

import datetime as dt
import struct
import sys
import zipfile

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from csat.errors import BadInput
from csat.responses import isolated, workbooks
from csat.responses.readers import read_batches, read_file, read_frame
from made_files import ods, replaced, xlsx

ROWS = [["q1", "q2", "store"], [5, 4, "north"], [2, None, "south"], [1, 3.5, "north"]]
TEXTS = {"q1": ["5", "2", "1"], "q2": ["4", None, "3.5"], "store": ["north", "south", "north"]}


def texts(table):
    return {name: column.texts() for name, column in table.columns.items()}


# Files


def test_an_xlsx_reads_its_first_sheet_with_answers(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", {"Empty": [], "Title": [["Survey"]], "Data": ROWS, "More": [["x"], [1]]})
    table = read_file(path)
    assert (table.sheet, texts(table)) == ("Data", TEXTS)
    assert texts(read_file(path, sheet="More")) == {"x": ["1"]}
    with pytest.raises(BadInput, match=r"no sheet is called 'Dada'. Did you mean 'Data'?"):
        read_file(path, sheet="Dada")
    with pytest.raises(BadInput, match="the sheet holds no answers"):
        read_file(path, sheet="Empty")


def test_an_ods_reads_like_an_xlsx(tmp_path):
    assert texts(read_file(ods(tmp_path / "a.ods", ROWS))) == TEXTS


def test_rows_of_a_workbook_keep_their_number_beside_blank_ones(tmp_path):
    rows = [["q1", "q2"], [1, 2], [None, None], [3, 4], ["Total", 6]]
    table = read_file(xlsx(tmp_path / "a.xlsx", rows))
    assert table.numbers_of_rows().tolist() == [1, 3]
    assert dict(table.dropped) == {"total row": 1}


def test_dates_times_and_truths_of_a_workbook_are_text(tmp_path):
    rows = [["when", "yes", "key"], [dt.datetime(2026, 3, 1, 9, 5), True, 11800000001]]
    assert texts(read_file(xlsx(tmp_path / "a.xlsx", rows))) == {
        "when": ["2026-03-01 09:05:00"],
        "yes": ["True"],
        "key": ["11800000001"],
    }


def test_what_looks_like_a_formula_is_text_and_a_formula_is_its_last_value(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", [["q1", "note"], [1, "x"], [2, "@SUM(1)"]])
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="str"><v>q1</v></c><c r="B1" t="str"><v>note</v></c></row>'
        '<row r="2"><c r="A2"><f>1+4</f><v>5</v></c><c r="B2" t="str"><v>=cmd|calc</v></c></row>'
        "</sheetData></worksheet>"
    )
    table = read_file(replaced(path, "xl/worksheets/sheet1.xml", sheet.encode()))
    assert texts(table) == {"q1": ["5"], "note": ["=cmd|calc"]}


@pytest.mark.parametrize("ending", [".sav", ".zsav"])
def test_spss_files_keep_labels_and_the_codes_of_silence(tmp_path, ending):
    frame = pd.DataFrame({"q1": [1.0, 5.0, 9.0, 98.0, np.nan], "t": ["a", "b", "", "ZZ", "a"]})
    path = tmp_path / f"a{ending}"
    pyreadstat.write_sav(
        frame,
        path,
        compress=ending == ".zsav",
        column_labels=["How satisfied?", "Group"],
        variable_value_labels={"q1": {1: "Bad", 5: "Good", 9: "Refused", 98: "Never been there"}},
        missing_ranges={"q1": [{"lo": 9, "hi": 9}, {"lo": 97, "hi": 99}], "t": ["ZZ"]},
    )
    table = read_file(path)
    assert table.columns["q1"].texts() == ["1", "5", "9", "98", None]
    assert {k: dict(v) for k, v in table.silent_codes.items()} == {
        "q1": {"9": "NO_ANSWER", "98": "NOT_APPLICABLE"},
        "t": {"ZZ": ""},
    }
    assert table.questions["q1"] == "How satisfied?"
    assert table.value_labels["q1"]["1"] == "Bad"
    assert table.layout == "spss"


def test_the_weight_of_an_spss_file_is_offered_not_applied(tmp_path):
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(
        pd.DataFrame({"name": ["abcdefghijkl", "b"], "q1": [1.0, 2.0], "w": [0.5, 1.5]}), path
    )
    assert not read_file(path).roles
    data = bytearray(path.read_bytes())
    # elements of a case: 'name' takes two of eight bytes, then q1, then w
    data[76:80] = struct.pack("<i", 4)
    path.write_bytes(data)
    table = read_file(path)
    assert dict(table.roles) == {"w": "weight"}
    assert "names 'w' as its weight" in table.notes[0].en


def test_stata_files_keep_labels_and_lettered_missing_values(tmp_path):
    path = tmp_path / "a.dta"
    frame = pd.DataFrame({"q1": [1.0, 5.0, "a"], "q2": [1.0, 2.0, 3.0]})
    pyreadstat.write_dta(
        frame, path, missing_user_values={"q1": ["a"]}, variable_value_labels={"q2": {1: "Bad"}}
    )
    table = read_file(path)
    assert table.columns["q1"].texts() == ["1", "5", "a"]
    assert dict(table.silent_codes["q1"]) == {"a": ""}
    assert (table.layout, dict(table.value_labels["q2"])) == ("stata", {"1": "Bad"})


def test_a_portable_spss_file_is_read(tmp_path):
    path = tmp_path / "a.por"
    pyreadstat.write_por(pd.DataFrame({"Q1": [1.0, 5.0]}), path)
    assert texts(read_file(path)) == {"Q1": ["1", "5"]}


def test_a_parquet_file_is_read_and_one_of_absurd_size_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({k: pa.array(v) for k, v in TEXTS.items()}), path)
    assert texts(read_file(path)) == TEXTS
    monkeypatch.setattr("csat.responses.readers.MOST_CELLS", 8)
    with pytest.raises(BadInput, match="the file describes 3 rows of 3 columns"):
        read_file(path)


# Frames

FRAMES = {
    "pandas": pd.DataFrame(TEXTS),
    "pandas numbers": pd.DataFrame(
        {"q1": [5, 2, 1], "q2": [4, np.nan, 3.5], "store": pd.Categorical(TEXTS["store"])}
    ),
    "pandas mixed": pd.DataFrame(
        {"q1": [5, 2, "1"], "q2": [4.0, None, 3.5], "store": TEXTS["store"]}, dtype=object
    ),
    "pandas nullable": pd.DataFrame(
        {
            "q1": pd.array([5, 2, 1], "Int64"),
            "q2": pd.array([4, None, 3.5], "Float64"),
            "store": TEXTS["store"],
        }
    ),
    "polars": pl.DataFrame({"q1": [5, 2, 1], "q2": [4.0, None, 3.5], "store": TEXTS["store"]}),
    "polars lazy": pl.LazyFrame({"q1": [5, 2, 1], "q2": [4.0, None, 3.5], "store": TEXTS["store"]}),
    "polars categories": pl.DataFrame(TEXTS, schema_overrides={"store": pl.Categorical}),
    "pyarrow": pa.table(
        {"q1": pa.array([5, 2, 1], pa.int8()), "q2": [4.0, None, 3.5], "store": TEXTS["store"]}
    ),
    "record batch": pa.RecordBatch.from_pydict(TEXTS),
    "string views": pa.table({k: pa.array(v, pa.string_view()) for k, v in TEXTS.items()}),
    "narwhals": nw.from_native(pl.DataFrame(TEXTS)),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_of_every_library_are_read(kind):
    frame = FRAMES[kind]
    assert texts(read_frame(frame)) == TEXTS


def test_a_stream_of_batches_is_read():
    batch = pa.RecordBatch.from_pydict(TEXTS)
    assert (
        texts(read_frame(pa.RecordBatchReader.from_batches(batch.schema, [batch, batch])))["q1"]
        == TEXTS["q1"] * 2
    )


def test_the_same_frame_has_the_same_hash_and_another_has_not():
    a, b = pd.DataFrame(TEXTS), pd.DataFrame(TEXTS).iloc[::-1]
    assert read_frame(a).sha256 == read_frame(a.copy()).sha256 != read_frame(b).sha256


def test_repeated_and_many_level_columns_of_pandas_get_names():
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", 7])
    assert list(read_frame(frame).columns) == ["a", "a (2)", "7"]
    many = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("rate", "staff"), ("rate", "price")]))
    assert list(read_frame(many).columns) == ["rate staff", "rate price"]


@pytest.mark.parametrize("thing", [None, 5, "text", [1, 2], {"a": [1]}, object()])
def test_what_is_no_table_is_refused(thing):
    with pytest.raises(BadInput, match="is not a table"):
        read_frame(thing)


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pa.table({})])
def test_an_empty_frame_is_refused(frame):
    with pytest.raises(BadInput, match=r"no (columns|rows of answers)|there are column names"):
        read_frame(frame)


def test_batches_of_a_text_keep_the_numbers_of_their_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("csat.responses.delimited.BATCH", 400)
    monkeypatch.setattr("csat.responses.encodings.BLOCK", 100)
    path = tmp_path / "a.csv"
    path.write_text("q1,q2\n" + "".join(f"{k % 5},{k}\n" for k in range(500)))
    tables = list(read_batches(path))
    assert len(tables) > 3
    assert np.concatenate([t.numbers_of_rows() for t in tables]).tolist() == list(range(1, 501))
    assert [t for table in tables for t in table.columns["q2"].texts()] == [str(k) for k in range(500)]


# What is refused


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gone.csv", None, "there is no such file"),
        ("a.docx", b"x", "files ending in '.docx' are not read"),
        ("a.zip", b"PK\x03\x04", "Unpack it"),
        ("answers", b"a,b\n1,2\n", "the file name has no ending"),
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b" \n\n", "the file is empty"),
        ("a.csv", b"\xef\xbb\xbf", "the file is empty"),
        ("a.csv", b"a,b\n", "no rows of answers"),
        ("a.csv", b",,\n1,2,3\n", "the first row is empty"),
        ("a.csv", bytes(range(256)) * 4, "zero bytes"),
        ("a.csv", b"PK\x03\x04 and so on", "it is a workbook"),
        ("a.csv", b"PAR1....", "it is a parquet file"),
        ("a.xlsx", b"PK\x03\x04 and so on", "damaged"),
        ("a.xlsx", b"q1,q2\n1,2\n", "cannot be read as xlsx"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "it is a web page"),
        ("a.xls", b"\xd0\xcf\x11\xe0 cut short", "cannot be read as xls|damaged"),
        ("a.ods", b"PK\x03\x04", "damaged"),
        ("a.sav", b"$FL2 but no more", "cannot be read as sav"),
        ("a.dta", b"nonsense", "cannot be read as dta"),
        ("a.por", b"nonsense", "cannot be read as por"),
        ("a.parquet", b"PAR1 nonsense PAR1", "cannot be read as parquet"),
        ("a.csv.gz", b"\x1f\x8b nonsense", "the archive is damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_paragraph(tmp_path, name, content, says):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=says) as caught:
        read_file(path)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 600
    assert str(path) in text


def test_a_folder_and_a_close_name_are_told(tmp_path):
    with pytest.raises(BadInput, match="this is a folder"):
        read_file(tmp_path)
    (tmp_path / "answers.csv").write_text("a\n1\n")
    with pytest.raises(BadInput, match=r"Did you mean '.*answers.csv'"):
        read_file(tmp_path / "answer.csv")


def test_two_cells_far_apart_do_not_fill_the_memory(tmp_path):
    rows = [["a"]] + [[] for _ in range(40_000)] + [[None] * 3000 + [1]]
    path = xlsx(tmp_path / "a.xlsx", rows)
    with pytest.raises(BadInput, match="sheet 'Sheet1' spans 40,002 rows and 3,001 columns"):
        read_file(path)


def test_a_sheet_of_ten_million_cells_is_refused_before_it_is_built(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", [["a"], [1]])
    cells = "".join(f'<c r="{c}2"><v>1</v></c>' for c in "ABCDEFGHIJ")
    body = f'<row r="1">{cells}</row><row r="1000000"><c r="J1000000"><v>1</v></c></row>'
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{body}</sheetData></worksheet>'
    replaced(path, "xl/worksheets/sheet1.xml", sheet.encode())
    with pytest.raises(BadInput, match=r"1,000,000 rows and 10 columns. At most 5,000,000 cells are read"):
        read_file(path)


def test_cells_without_a_place_are_counted_too(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_CELLS", 500)
    path = xlsx(tmp_path / "a.xlsx", [["a"], [1]])
    body = "<row><c><v>1</v></c></row>" * 600
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{body}</sheetData></worksheet>'
    replaced(path, "xl/worksheets/sheet1.xml", sheet.encode())
    with pytest.raises(BadInput, match="spans 600 rows"):
        workbooks.read_workbook(str(path), None)


def test_a_zip_bomb_is_refused_whatever_size_it_claims(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_UNPACKED", 3 << 20)
    path = xlsx(tmp_path / "a.xlsx", [["a"], [1]])
    replaced(path, "xl/worksheets/sheet1.xml", b" " * (8 << 20))
    with pytest.raises(BadInput, match="unpacks to more than 3 MiB"):
        workbooks.read_workbook(str(path), None)
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = -1
        while (place := data.find(mark, place + 1)) >= 0:
            data[place + at : place + at + 4] = struct.pack("<I", 100)
    path.write_bytes(data)
    with pytest.raises(BadInput, match=r"unpacks to more than 3 MiB|damaged"):
        workbooks.read_workbook(str(path), None)


def test_a_part_outside_the_archive_is_not_read(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", [["a"], [1]])
    (tmp_path / "secret.xml").write_text("<x/>")
    with zipfile.ZipFile(path) as archive:
        links = archive.read("xl/_rels/workbook.xml.rels")
    replaced(path, "xl/_rels/workbook.xml.rels", links.replace(b"worksheets/sheet1.xml", b"../../secret.xml"))
    with pytest.raises(BadInput):
        read_file(path)


def test_entities_that_multiply_are_not_expanded(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", [["a"], [1]])
    levels = "".join(f'<!ENTITY l{k + 1} "{f"&l{k};" * 10}">' for k in range(9))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><x>&l9;</x>'
    replaced(path, "xl/workbook.xml", bomb.encode())
    with pytest.raises(BadInput):
        read_file(path)


# Readers that crash


@pytest.fixture
def reader(monkeypatch, tmp_path):
    """Run a line of code in the child, in the place of a reader."""

    def run(code: str) -> None:
        source = isolated.CHILD.read_text(encoding="utf-8")
        child = tmp_path / "child.py"
        child.write_text(source.replace("pickle.dump(", f"{code}\n    pickle.dump("))
        monkeypatch.setattr(isolated, "CHILD", child)
        path = tmp_path / "a.xlsx"
        path.write_bytes(b"PK\x03\x04")
        isolated.read_isolated("workbook", path, None)

    return run


def test_a_reader_that_dies_leaves_one_paragraph(reader, capfd):
    with pytest.raises(BadInput, match=r"a.xlsx: the file is damaged, or unpacks to more"):
        reader("os.abort()")
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_hangs_is_given_up(reader, monkeypatch):
    monkeypatch.setattr(isolated, "SECONDS", 1.0)
    with pytest.raises(BadInput, match="reading was given up after 1 seconds"):
        reader("import time; time.sleep(60)")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not bound the memory of a process")
def test_a_reader_that_wants_all_memory_is_stopped(reader):
    with pytest.raises(BadInput, match="more than the memory"):
        reader("bytearray(8 << 30)")


def test_without_a_python_to_run_the_reader_runs_here(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    assert texts(read_file(xlsx(tmp_path / "a.xlsx", ROWS))) == TEXTS
