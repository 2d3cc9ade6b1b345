"""Broken input ends in exit code 2 or 1, one paragraph on standard error, and no file.

Every case runs the command line as a user would; workbooks and archives are broken the way files break.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csat.cli import run
from made_files import replaced, xlsx

OWN = """
id = "own"
version = "1"
title = { en = "Own" }

[scales.five]
minimum = 1
maximum = 5

[[items]]
id = "q1"
scale = "five"
en = "First?"
[[items]]
id = "q2"
scale = "five"
en = "Second?"
[[items]]
id = "q3"
scale = "five"
en = "Third?"
[[items]]
id = "q4"
scale = "five"
en = "Fourth?"

[[constructs]]
id = "a"
en = "A"
items = ["q1", "q2"]
[[constructs]]
id = "b"
en = "B"
items = ["q3", "q4"]
role = "outcome"

[index]
construct = "b"
"""
CYCLE = ((5, 4, 3, 4), (2, 1, 2, 2), (3, 3, 4, 3), (4, 5, 5, 5), (1, 2, 1, 2), (4, 4, 3, 3), (2, 3, 2, 1))


def sound(rows: int = 60) -> list[str]:
    """Lines of a sound file: header and answers."""
    return ["q1,q2,q3,q4,w,store"] + [
        ",".join(map(str, (*CYCLE[k % 7][k % 2 :], *CYCLE[k % 7][: k % 2])))
        + f",1.5,{'north' if k % 2 else 'south'}"
        for k in range(rows)
    ]


def changed(line: int, text: str) -> str:
    lines = sound()
    lines[line] = text
    return "\n".join(lines) + "\n"


TEXT = "\n".join(sound()) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a sound file and a sound instrument, to work in."""
    (tmp_path / "data.csv").write_text(TEXT)
    (tmp_path / "own.toml").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return make


def own(old: str, new: str) -> Callable[[Path], None]:
    assert old in OWN
    return write("own.toml", OWN.replace(old, new))


def workbook(*rows: list[Any]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        xlsx(folder / "a.xlsx", list(rows))

    return make


def cut_workbook(folder: Path) -> None:
    path = xlsx(folder / "a.xlsx", [["q1", "q2"], [1, 2]])
    path.write_bytes(path.read_bytes()[:-60])


def damaged_workbook(folder: Path) -> None:
    replaced(
        xlsx(folder / "a.xlsx", [["q1", "q2"], [1, 2]]),
        "xl/worksheets/sheet1.xml",
        b"<worksheet><sheetData><row",
    )


REPORT = ["report", "data.csv", "-i", "own.toml", "-o", "out"]
BARE = ["--items", "q1,q2,q3,q4", "--scale", "1,5"]


def nothing(folder: Path) -> None:
    return None


CASES: dict[str, tuple[Callable[[Path], None], list[str], int, str]] = {
    # the file
    "missing file": (nothing, ["describe", "gone.csv", *BARE], 2, r"gone.csv: there is no such file"),
    "misspelt file": (nothing, ["describe", "dat.csv", *BARE], 2, r"Did you mean 'data.csv'\?"),
    "folder instead of file": (nothing, ["describe", ".", *BARE], 2, r"this is a folder"),
    "empty file": (write("a.csv", ""), ["describe", "a.csv", *BARE], 2, r"a.csv: the file is empty"),
    "only blank lines": (write("a.csv", "\n \n\n"), ["describe", "a.csv", *BARE], 2, r"the file is empty"),
    "header without rows": (
        write("a.csv", "q1,q2\n"),
        ["describe", "a.csv", *BARE],
        2,
        r"no rows of answers",
    ),
    "unsupported ending": (
        write("a.docx", "x"),
        ["describe", "a.docx", *BARE],
        2,
        r"'.docx' are not read.*\.csv, \.tsv",
    ),
    "no ending": (write("answers", TEXT), ["describe", "answers", *BARE], 2, r"the file name has no ending"),
    "binary garbage": (
        write("a.csv", bytes(range(256)) * 9),
        ["describe", "a.csv", *BARE],
        2,
        r"zero bytes: it is not a text table",
    ),
    "workbook named csv": (
        write("a.csv", b"PK\x03\x04" + b"x" * 99),
        ["describe", "a.csv", *BARE],
        2,
        r"its name ends in .csv but it is a workbook",
    ),
    "web page named xls": (
        write("a.xls", "<html><table></table></html>"),
        ["describe", "a.xls", *BARE],
        2,
        r"it is a web page",
    ),
    "workbook cut short": (
        cut_workbook,
        ["describe", "a.xlsx", *BARE],
        2,
        r"a.xlsx: the workbook is damaged",
    ),
    "workbook damaged within": (
        damaged_workbook,
        ["describe", "a.xlsx", *BARE],
        2,
        r"a.xlsx: .*(cannot be read|holds no answers)",
    ),
    "unknown sheet": (
        workbook(["q1"], [1]),
        ["describe", "a.xlsx", "--sheet", "Shet1", *BARE],
        2,
        r"Did you mean 'Sheet1'\?",
    ),
    "archive cut short": (
        write("a.csv.gz", gzip.compress(TEXT.encode())[:-20]),
        ["describe", "a.csv.gz", *BARE],
        2,
        r"the archive is damaged",
    ),
    "damaged sav": (write("a.sav", b"$FL2" + b"\0" * 300), ["describe", "a.sav", *BARE], 2, r"a.sav: "),
    "damaged parquet": (
        write("a.parquet", b"PAR1" + b"\1" * 60),
        ["describe", "a.parquet", *BARE],
        2,
        r"cannot be read as parquet",
    ),
    "wrong encoding named": (
        write("a.csv", TEXT.replace("north", "Nørd").encode("cp1252")),
        ["describe", "a.csv", "--encoding", "utf-8", *BARE],
        2,
        r"a.csv: the file is not utf-8. Leave the encoding out",
    ),
    "unknown encoding": (
        nothing,
        ["describe", "data.csv", "--encoding", "utf-88", *BARE],
        2,
        r"'utf-88' is not an encoding",
    ),
    "delimiter of two characters": (
        nothing,
        ["describe", "data.csv", "--delimiter", ";;", *BARE],
        2,
        r"';;' is not a delimiter",
    ),
    "too many cells in a line": (
        write("a.csv", changed(7, "1,2,3,4,1.5,well, then")),
        ["describe", "a.csv", *BARE],
        2,
        r"line 8 has 7 cells where the header has 6",
    ),
    "quotation mark left open": (
        write("a.csv", changed(5, '1,2,3,4,1.5,"open')),
        ["describe", "a.csv", *BARE],
        2,
        r"line 6: a quotation mark opens here and is never closed",
    ),
    "two headers alike": (
        write("a.csv", TEXT.replace("q1,q2,", "q1,q1,", 1)),
        ["describe", "a.csv", "--items", "q1,q3", "--scale", "1,5"],
        2,
        r"2 columns are called 'q1'",
    ),
    "layout unknown": (
        nothing,
        ["read", "data.csv", "--layout", "qualtrix", *BARE],
        2,
        r"Did you mean 'qualtrics'\?",
    ),
    # the answers
    "no matching column": (
        write("a.csv", "x,y\n1,2\n3,4\n"),
        ["describe", "a.csv", "-i", "own.toml"],
        2,
        r"no column answers an item of 'own'",
    ),
    "unknown item": (
        nothing,
        ["describe", "data.csv", "--items", "q1,q22", "--scale", "1,5"],
        2,
        r"no column is called 'q22'",
    ),
    "only words in the items": (
        write("a.csv", "q1,q2\nblue,red\ngreen,blue\n"),
        ["describe", "a.csv", "-i", "own.toml"],
        2,
        r"column 'q1', row 1 holds 'blue'. Item q1 takes a whole number from 1 to 5",
    ),
    "no numbers at all": (write("a.csv", "a,b\nx,y\n"), ["describe", "a.csv"], 2, r"no column holds numbers"),
    "only silence": (
        write("a.csv", "q1,q2\nN/A,N/A\n,N/A\n"),
        ["describe", "a.csv", "-i", "own.toml"],
        2,
        r"rows are without an answer",
    ),
    "one row": (
        write("a.csv", "\n".join(sound(1))),
        ["reliability", "a.csv", *BARE],
        1,
        r"respondents answered all of its items",
    ),
    "all items constant": (
        write("a.csv", "q1,q2,q3,q4\n" + "3,3,3,3\n" * 50),
        ["reliability", "a.csv", *BARE],
        1,
        r"q1|vary|same|constant|variance",
    ),
    "one constant item": (
        write("a.csv", re.sub(r"(?m)^\d", "3", TEXT)),
        ["adequacy", "a.csv", *BARE],
        1,
        r"q1",
    ),
    "more items than rows": (
        write("a.csv", "\n".join(sound(3))),
        ["adequacy", "a.csv", *BARE],
        1,
        r"csat: .+",
    ),
    # weights, segments, scales
    "negative weight": (
        write("a.csv", changed(3, "2,1,2,2,-1.5,north")),
        ["describe", "a.csv", "--weight", "w", *BARE],
        2,
        r"a.csv, column 'w': weight '-1.5' in row 3 is negative",
    ),
    "weight that is a word": (
        nothing,
        ["describe", "data.csv", "--weight", "store", *BARE],
        2,
        r"weight 'south' in row 1 is not a number",
    ),
    "unknown weight column": (
        nothing,
        ["describe", "data.csv", "--weight", "wt", *BARE],
        2,
        r"no column is called 'wt'",
    ),
    "weights of zero": (
        write("a.csv", TEXT.replace(",1.5,", ",0,")),
        ["describe", "a.csv", "--weight", "w", *BARE],
        2,
        r"the weights sum to zero",
    ),
    "unknown segment": (
        nothing,
        ["describe", "data.csv", "--segment", "stores", *BARE],
        2,
        r"no column is called 'stores'. Did you mean 'store'\?",
    ),
    "scale that is a word": (
        nothing,
        ["describe", "data.csv", "--scale", "five"],
        2,
        r"--scale five is not a scale",
    ),
    "scale upside down": (nothing, ["describe", "data.csv", "--scale", "5,1"], 2, r"is not a scale"),
    "unknown option": (nothing, ["describe", "data.csv", "--instrumnet", "own.toml"], 2, r"--instrumnet"),
    "unknown command": (nothing, ["descibe", "data.csv"], 2, r"descibe"),
    "no file named": (nothing, ["describe"], 2, r"DATA"),
    # the instrument
    "unknown instrument": (
        nothing,
        ["describe", "data.csv", "-i", "ecsy"],
        2,
        r"ecsy.*Did you mean 'ecsi'\?",
    ),
    "instrument file missing": (nothing, ["describe", "data.csv", "-i", "gone.toml"], 2, r"gone.toml"),
    "broken toml": (
        own("minimum = 1", "minimum = "),
        ["describe", "data.csv", "-i", "own.toml"],
        2,
        r"own.toml",
    ),
    "maximum below minimum": (
        own("maximum = 5", "maximum = 0"),
        ["describe", "data.csv", "-i", "own.toml"],
        2,
        r"own.toml.*five",
    ),
    "misspelt key": (
        own("role =", "rolle ="),
        ["instruments", "check", "own.toml"],
        2,
        r"own.toml.*rolle.*Did you mean 'role'",
    ),
    "unknown item in a construct": (
        own('"q3", "q4"', '"q3", "q44"'),
        ["describe", "data.csv", "-i", "own.toml"],
        2,
        r"own.toml.*q44",
    ),
    "alias of two items": (
        own('en = "Second?"', 'en = "Second?"\naliases = ["q1"]'),
        ["describe", "data.csv", "-i", "own.toml"],
        2,
        r"own.toml.*q1",
    ),
    "unknown construct in the model": (
        write("m.txt", "B ~ Service\n"),
        ["sem", "data.csv", "-i", "own.toml", "--model", "m.txt"],
        2,
        r"Service|'B'",
    ),
    "broken model": (
        write("m.txt", "a ~~ ~ b ===\n"),
        ["sem", "data.csv", "-i", "own.toml", "--model", "m.txt"],
        2,
        r"line 1|m.txt|model",
    ),
    "items beside an instrument": (
        nothing,
        ["describe", "data.csv", "-i", "own.toml", "--items", "q1"],
        2,
        r"for data without an instrument",
    ),
    # what is to be written
    "file where the folder should be": (
        write("out", "x"),
        REPORT,
        2,
        r"out.*",
    ),
    "folder under a file": (write("f", "x"), [*REPORT[:-1], "f/out"], 2, r"f.*"),
    "more returned than issued": (nothing, [*REPORT, "--issued", "10", "--returned", "20"], 2, r"10|20"),
    "instrument over an old file": (
        nothing,
        ["instruments", "new", "data.csv", "-o", "own.toml"],
        2,
        r"this file is there already",
    ),
}


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", CASES)
def test_broken_input_ends_in_one_paragraph_and_no_file(name, folder, capfd):
    make, arguments, code, says = CASES[name]
    make(folder)
    before = files(folder)
    assert run(arguments) == code
    out, err = capfd.readouterr()
    if code == 1 and not err:  # the analysis ran, and its verdict says why there is no number
        assert re.search(says, out), out
        assert "Failed: " in out
    else:
        assert re.search(says, err), err
        assert err.count("\n") == 1, err
        assert err.startswith("csat: ")
        assert err.rstrip()[-1] in ".?!" or "--help" in err, err
        assert len(err) < 1200
        assert out == ""
    assert "Traceback" not in out + err
    assert "unforeseen" not in out + err
    assert files(folder) == before


def test_a_value_off_the_scale_is_read_with_a_report(folder, capfd):
    write("a.csv", changed(4, "9,1,2,2,1.5,north"))(folder)
    assert run(["read", "a.csv", "-i", "own.toml"]) == 0
    out, err = capfd.readouterr()
    assert re.search(r"4\s+q1\s+q1\s+9", out)
    assert err == ""


def test_text_in_one_cell_of_a_scale_item_is_read_with_a_report(folder, capfd):
    write("a.csv", changed(4, "blue,1,2,2,1.5,north"))(folder)
    assert run(["read", "a.csv", "-i", "own.toml"]) == 0
    assert re.search(r"4\s+q1\s+q1\s+blue", capfd.readouterr().out)


@pytest.mark.parametrize(
    "where", ["csat.report.pdf.render", "csat.report.workbook.render", "csat.report.page.render"]
)
def test_a_crash_half_way_leaves_no_file(folder, monkeypatch, capfd, where):
    def crash(*args: object, **options: object) -> bytes:
        raise RuntimeError("the renderer fell over")

    monkeypatch.setattr(where, crash)
    assert run(REPORT) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert "the renderer fell over" in err
    assert not (folder / "out").exists() or not list((folder / "out").iterdir())


def test_a_crash_half_way_leaves_the_old_files_as_they_were(folder, monkeypatch):
    out = folder / "out"
    out.mkdir()
    (out / "report.html").write_text("old")
    monkeypatch.setattr("csat.report.pdf.render", lambda *a, **k: 1 / 0)
    assert run(REPORT) == 2
    assert files(out) == {"report.html": b"old"}
