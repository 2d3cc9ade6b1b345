"""Damaged, cut short and hostile files end in one error of csat's own, whatever their kind."""

from __future__ import annotations

import datetime as dt
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.errors import CsatError
from csat.responses.binding import ad_hoc_instrument, bind
from csat.responses.readers import read_file
from export_files import FOLDER, SATISFACTION, instrument, item
from made_files import ods, replaced, xlsx

OWN = instrument(item("q1", SATISFACTION), item("q2", (0, 10)), item("满意", SATISFACTION))
TEXT = (
    'id,q1,q2,满意,note\n1,5,10,非常满意,"said ""fine"", left"\n2,Satisfied,N/A,一般,"two\nlines"\n'
    '3,,0,不适用,=HYPERLINK("http://x")\n4,4,7,(空),<script>alert(1)</script>\n'
)
QUALTRICS = (
    "StartDate,Status,Progress,Finished,ResponseId,q1,q2\n"
    "Start,Response Type,Progress,Finished,Response ID,How?,How?\n"
    '"{""ImportId"":""a""}","{""ImportId"":""b""}","{""ImportId"":""c""}","{""ImportId"":""d""}","{""ImportId"":""e""}",'
    '"{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n2026-03-01,0,100,1,R_1,5,"1,2"\n2026-03-02,9,100,0,R_2,-99,4\n'
)
WENJUANXING = (
    "序号,提交答卷时间,所用时间,来源,来源详情,来自IP,1、q1,2、(q2),2、(满意)\n"
    "1,2026/3/1 9:05:12,123秒,微信,,,5,→,┋〖\n"
)
SURVEYMONKEY = (
    "Respondent ID,Collector ID,Start Date,q1,,q2\n,,,Response,Other (please specify),\n1,2,03/01/2026,5,,4\n"
)
LIMESURVEY = (
    '"id","submitdate","lastpage","startlanguage","q1","q2[SQ001]","q2[other]"\n'
    '"1","1980-01-01","3","en","A5","Y",""\n'
)
GOOGLE = 'Timestamp,q1,q2\n2026/03/01 9:00:12 AM GMT+8,5,"App;Shop"\n'
TEXTS = [TEXT, QUALTRICS, WENJUANXING, SURVEYMONKEY, LIMESURVEY, GOOGLE]


def survives(path: Path, **options: object) -> bool:
    """Whether a file is read and bound; False when csat refuses it in one paragraph; anything else raises."""
    try:
        table = read_file(path, **options)  # type: ignore[arg-type]
        for column in table.columns.values():
            column.texts()
        for choices in table.choices.values():
            choices.answers()
        bind(table, OWN)
    except CsatError as error:
        assert str(error)
        assert "\n" not in str(error)
        assert len(str(error)) < 3000
        return False
    return True


def mutated(data: bytes, seed: int) -> bytes:
    """Some bytes changed, cut away, doubled or put in."""
    rng = random.Random(seed)
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        at = rng.randrange(len(out) + 1)
        kind = rng.random()
        if kind < 0.5 and at < len(out):
            out[at] = rng.choice(
                [0, 9, 10, 13, 34, 44, 59, 128, 255, rng.randrange(256), out[at] ^ 1 << rng.randrange(8)]
            )
        elif kind < 0.65:
            del out[at:]
        elif kind < 0.8:
            del out[at : at + rng.randrange(1, 40)]
        elif kind < 0.9:
            out[at:at] = out[rng.randrange(len(out) + 1) :][: rng.randrange(60)]
        else:
            out[at:at] = rng.choice(
                [b"\0", b'"', b"\xff\xfe", b"\n", b",", b"\xef\xbb\xbf", b"\r", b"9" * 400, b"\x1a"]
            )
    return bytes(out)


# Texts


@given(
    st.sampled_from(TEXTS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    st.integers(0, 10**9),
    st.sampled_from([".csv", ".tsv", ".txt"]),
)
@settings(max_examples=150)
def test_damaged_texts_are_read_or_refused(tmp_path_factory, text, encoding, seed, ending):
    path = tmp_path_factory.mktemp("d") / f"a{ending}"
    path.write_bytes(mutated(text.encode(encoding), seed))
    survives(path)


@given(st.binary(max_size=400))
@settings(max_examples=100)
def test_any_bytes_are_read_or_refused_as_a_text(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("d") / "a.csv"
    path.write_bytes(data)
    survives(path)


@given(st.text(max_size=200))
@settings(max_examples=100)
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("d") / "a.csv"
    path.write_text("q1,q2,满意\n" + text, encoding="utf-8", errors="replace", newline="")
    survives(path)


def test_every_way_of_cutting_a_text_short_is_told_or_read(tmp_path):
    path = tmp_path / "a.csv"
    for text in TEXTS:
        data = text.encode()
        for at in range(0, len(data), 7):
            path.write_bytes(data[:at])
            survives(path)


@given(
    st.sampled_from(["q1", "id", "note", "satisfaction"]),
    st.lists(st.text(max_size=12), min_size=1, max_size=8),
)
def test_any_cells_can_be_bound_without_an_instrument(header, cells):
    frame = pd.DataFrame({header: cells, "q2": range(len(cells))})
    from csat.responses.readers import read_frame

    try:
        table = read_frame(frame)
        bind(table, ad_hoc_instrument(table, scale=(1, 5)))
    except CsatError:
        pass


# Files of other kinds; each is read by a child process, so there are few of them


def _sav(path: Path) -> Path:
    frame = pd.DataFrame(
        {
            "q1": [1.0, 5.0, 9.0],
            "q2": [0.0, 10.0, 98.0],
            "day": [dt.date(2026, 3, 1)] * 3,
            "t": ["很好", "", "x"],
        }
    )
    ranges = {"q1": [{"lo": 9, "hi": 9}]}
    pyreadstat.write_sav(
        frame, path, variable_value_labels={"q1": {1: "非常不满意", 9: "拒答"}}, missing_ranges=ranges
    )
    return path


def _dta(path: Path) -> Path:
    pyreadstat.write_dta(pd.DataFrame({"q1": [1.0, 5.0], "q2": [0.0, 10.0], "t": ["a", "b"]}), path)
    return path


def _por(path: Path) -> Path:
    pyreadstat.write_por(pd.DataFrame({"q1": [1.0, 5.0], "q2": [0.0, 10.0]}), path)
    return path


def _parquet(path: Path) -> Path:
    pq.write_table(
        pa.table({"q1": [1, 5, None], "q2": ["10", "N/A", "3"], "满意": ["一般", "满意", ""]}), path
    )
    return path


ROWS = [["id", "q1", "q2", "满意"], [1, 5, 10, "非常满意"], [2, 4, "N/A", "一般"]]
MAKERS: dict[str, Callable[[Path], Path]] = {
    ".sav": _sav,
    ".dta": _dta,
    ".por": _por,
    ".parquet": _parquet,
    ".xlsx": lambda p: xlsx(p, ROWS),
    ".ods": lambda p: ods(p, ROWS),
}


@pytest.mark.parametrize("ending", MAKERS)
def test_the_sound_file_is_read(tmp_path, ending):
    assert survives(MAKERS[ending](tmp_path / f"a{ending}"))


@pytest.mark.parametrize("ending", MAKERS)
def test_damaged_files_of_every_kind_are_read_or_refused(tmp_path, ending):
    path = MAKERS[ending](tmp_path / f"a{ending}")
    data = path.read_bytes()
    for seed in range(60 if ending == ".parquet" else 4):
        path.write_bytes(mutated(data, seed))
        survives(path)


@pytest.mark.parametrize("ending", MAKERS)
def test_files_of_every_kind_that_are_cut_short_are_refused(tmp_path, ending):
    path = MAKERS[ending](tmp_path / f"a{ending}")
    data = path.read_bytes()
    for share in (0.02, 0.5, 0.95):
        path.write_bytes(data[: max(int(len(data) * share), 1)])
        # the end of a portable file is padding; that a .sav lost its last row nobody can tell
        assert not survives(path) or (share > 0.9 and ending in (".por", ".sav"))


@pytest.mark.parametrize("name", ["wenjuanxing_score.xls", "spss.sav", "google_forms_zh.xlsx"])
def test_damaged_examples_are_read_or_refused(tmp_path, name):
    if not FOLDER.is_dir():
        pytest.skip("the folder of example exports is absent: set CSAT_FORMATS to run this test")
    data = (FOLDER / name).read_bytes()
    path = tmp_path / name
    # two of these seeds made the libraries die before they were given a process of their own
    for seed in (29, 42, 810):
        rng = random.Random(seed)
        damaged = bytearray(data)
        for _ in range(8):
            damaged[rng.randrange(len(damaged))] = rng.choice([0, 255, 127, 128])
        path.write_bytes(bytes(damaged))
        survives(path)


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"]
)
def test_damage_within_a_sound_archive_is_read_or_refused(tmp_path, part):
    for seed in range(4):
        path = xlsx(tmp_path / "a.xlsx", ROWS)
        with zipfile.ZipFile(path) as archive:
            data = archive.read(part)
        survives(replaced(path, part, mutated(data, seed)))


def test_nothing_outside_the_path_given_is_read(tmp_path):
    (tmp_path / "secret.csv").write_text("q1\n5\n")
    path = tmp_path / "a.csv"
    path.write_text("q1,note\n5,../secret.csv\n4,file:///etc/passwd\n")
    assert read_file(path).columns["note"].texts() == ["../secret.csv", "file:///etc/passwd"]
