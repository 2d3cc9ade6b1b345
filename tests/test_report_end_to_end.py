"""The whole chain on whole surveys: every stage a number or an honest word, same input same bytes."""

import csv
import io
import json
import zipfile

import pytest

import csat
from csat import demo
from csat.analyses import CATALOGUE
from csat.cli import run
from golden_data import reference_path

FILES = ("report.html", "report.pdf", "report.xlsx", "result.json")


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bank")
    (folder / "bank.csv").write_bytes(demo.as_csv(demo.bank_columns()))
    return folder


@pytest.fixture(scope="module")
def first(bank):
    code = run(
        [
            "report",
            str(bank / "bank.csv"),
            "-i",
            "bank_corporate",
            "-o",
            str(bank / "a"),
            "--issued",
            "145",
            "--returned",
            "98",
        ]
    )
    assert code == 0
    return bank / "a"


def test_the_four_files_are_there_and_whole(first):
    assert sorted(p.name for p in first.iterdir()) == sorted(FILES)
    assert (first / "report.pdf").read_bytes().startswith(b"%PDF")
    assert zipfile.is_zipfile(first / "report.xlsx")
    assert (first / "report.html").read_text("utf-8").rstrip().endswith("</html>")


def test_the_same_input_gives_the_same_bytes(first, bank):
    arguments = [
        "report",
        str(bank / "bank.csv"),
        "-i",
        "bank_corporate",
        "--issued",
        "145",
        "--returned",
        "98",
    ]
    assert run([*arguments, "-o", str(bank / "b")]) == 0
    for name in FILES:
        assert (first / name).read_bytes() == (bank / "b" / name).read_bytes(), name


def test_the_sealed_result_names_what_it_rests_on_and_holds_every_stage(first):
    sealed = json.loads((first / "result.json").read_text("utf-8"))
    assert sealed["data"]["rows_kept"] == 93 and len(sealed["data"]["sha256"]) == 64
    assert sealed["instrument"] == {"id": "bank_corporate", "version": "1.0"}
    assert sealed["seed"] == 0 and sealed["versions"]["numpy"]
    assert sealed["withheld"] == {}
    assert {e.name for e in CATALOGUE} <= set(sealed["results"])


def test_the_page_asks_the_network_for_nothing_and_leads_with_the_verdict(first):
    page = (first / "report.html").read_text("utf-8")
    assert "http-equiv" in page and "default-src 'none'" in page
    assert 'src="http' not in page and "url(http" not in page and "<script" not in page
    places = [
        page.index(f'id="{part}"') for part in ("index", "priorities", "drivers", "reliability", "methods")
    ]
    assert page.index("The index can be used") < places[0]
    assert places == sorted(places)


def test_the_chinese_report_says_it_in_chinese(bank):
    assert (
        run(
            ["report", str(bank / "bank.csv"), "-i", "bank_corporate", "-o", str(bank / "zh"), "--lang", "zh"]
        )
        == 0
    )
    page = (bank / "zh" / "report.html").read_text("utf-8")
    assert 'lang="zh' in page and "满意度指数" in page and "改进优先级" in page


def test_hostile_labels_stay_inert(tmp_path):
    out = io.StringIO()
    writer = csv.writer(out)
    names = ['=HYPERLINK("http://x","q1")', "<script>alert(1)</script>", "q3 | `#strong[x]` *y*", "+q4"]
    writer.writerow(names)
    for i in range(60):
        writer.writerow([(i * k) % 5 + 1 for k in (1, 2, 3, 7)])
    (tmp_path / "hostile.csv").write_text(out.getvalue())
    survey = csat.read(tmp_path / "hostile.csv", items=names, scale=(1, 5))
    survey.report(tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    with zipfile.ZipFile(tmp_path / "out" / "report.xlsx") as book:
        sheets = [book.read(n) for n in book.namelist() if n.startswith("xl/worksheets/sheet")]
    assert sheets and not any(b"<f>" in sheet for sheet in sheets)


@pytest.mark.parametrize(
    ("file", "instrument", "rows"),
    [
        ("mobi.csv", "ecsi", 250),
        ("satisfaction_gender.csv", "spanish_bank", 250),
        ("sfo2015.csv.gz", "airport", 2958),
        ("airline2.csv.gz", "airline", 20000),
    ],
)
def test_real_surveys_give_numbers_or_an_honest_verdict(file, instrument, rows, tmp_path):
    path = reference_path("data", file)
    assert run(["report", str(path), "-i", instrument, "-o", str(tmp_path)]) == 0
    sealed = json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert sealed["data"]["rows_kept"] == rows
    assert sealed["verdict"]["level"] in ("sound", "doubtful")
    assert sealed["withheld"] == {}
    assert {e.name for e in CATALOGUE} <= set(sealed["results"])
