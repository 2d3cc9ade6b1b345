"""The commands of a study: plan, weights, waves, change, audit, as a terminal calls them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from csat.cli import cli
from csat.cli_study import PLANNING, PUBLISHED
from csat.cli_waves import waves_command
from csat.errors import BadInput
from csat.instrument.instrument import Construct, Instrument, Item, Scale
from csat.instrument.toml import write_instrument
from csat.language import Text
from golden_data import reference_path

CALLED = {c.name: c for c in (*PLANNING, waves_command, *PUBLISHED)}


def said(name, *arguments, code=0):
    """What the command prints."""
    result = CliRunner().invoke(CALLED[name], [str(a) for a in arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    assert result.return_value == code
    return result.output


def as_json(name, *arguments, code=0):
    return json.loads(said(name, *arguments, "--json", code=code))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_tobacco_survey_on_the_command_line():
    text = said("plan", "-n", "460,200", "--population", "3833")
    assert "±4.29 percentage points" in text
    assert "6.747" in text
    assert "有效答卷" in said("plan", "-n", "460", "--lang", "zh")


def test_a_margin_may_be_written_in_per_cent():
    assert as_json("plan", "--margin", "5%")["n"] == as_json("plan", "--margin", "0.05")["n"] == 385


def test_strata_come_inline_or_from_a_file(tmp_path):
    inline = as_json("plan", "-n", "460", "--strata", "town=1448,village=2385")
    assert inline["allocated"] == [174, 286]
    file = write(tmp_path, "strata.csv", "name,population,sd\na,500,10\nb,300,20\nc,200,30\n")
    plan = as_json(
        "plan", "--quantity", "mean", "--sd", "20", "-n", "100", "--strata", file, "--allocation", "neyman"
    )
    assert plan["allocated"] == [30, 35, 35]
    with pytest.raises(BadInput, match="population"):
        said("plan", "-n", "9", "--strata", write(tmp_path, "wrong.csv", "name,size\na,5\n"))
    with pytest.raises(BadInput, match="row 3 has 1 cells"):
        said("plan", "-n", "9", "--strata", write(tmp_path, "short.csv", "name,population\na,5\nb\n"))


@pytest.fixture
def survey(tmp_path):
    rows = ["q1,q2,gender,year"]
    rows += [f"{1 + i % 5},{1 + i % 4},{'f' if i % 3 else 'm'},{2020 + i % 2}" for i in range(200)]
    return write(tmp_path, "survey.csv", "\n".join(rows) + "\n")


ITEMS = ("--items", "q1,q2", "--scale", "1,5")


def test_weights_come_from_margins_inline_or_in_a_file(tmp_path, survey):
    inline = as_json("weights", survey, *ITEMS, "--margin", "gender=f:50,m:50")
    toml = write(tmp_path, "m.toml", "[gender]\nf = 50\nm = 50\n")
    table = write(tmp_path, "m.csv", "margin,category,share\ngender,f,0.5\ngender,m,0.5\n")
    for file in (toml, table, write(tmp_path, "m.json", '{"gender": {"f": 1, "m": 1}}')):
        assert as_json("weights", survey, *ITEMS, "--margins", file)["weights"] == inline["weights"]
    assert inline["margins"][0]["after"] == pytest.approx([0.5, 0.5])


def test_weights_are_written_as_a_column(tmp_path, survey):
    out = tmp_path / "weights.csv"
    said("weights", survey, *ITEMS, "--margin", "gender=f:50,m:50", "-o", out)
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "row,weight"
    assert len(lines) == 201
    assert sum(float(line.split(",")[1]) for line in lines[1:]) == pytest.approx(200)
    with pytest.raises(BadInput, match="there already"):
        said("weights", survey, *ITEMS, "--margin", "gender=f:50,m:50", "-o", out)


def test_waves_of_one_file(survey):
    made = as_json("waves", survey, *ITEMS, "--by", "year", "--target", "q1=3", "--target", "q2.top2<=0.5")
    assert made["waves"] == ["2020", "2021"]
    assert set(made["lights"]) == {"q1", "q2.top2"}
    assert made["targets"]["q2.top2"]["direction"] == "at most"


def test_waves_of_several_files_are_named_by_year():
    files = [reference_path("data", f"sfo{year}.csv.gz") for year in (2015, 2016)]
    made = as_json("waves", *files, "-i", "airport", "--follow", "overall")
    assert made["waves"] == ["2015", "2016"]
    assert made["measures"] == ["overall", "overall.top2"]
    named = as_json("waves", *files, "-i", "airport", "--follow", "overall", "--names", "old,new")
    assert named["waves"] == ["old", "new"]


def test_charts_are_written(tmp_path, survey):
    said("waves", survey, *ITEMS, "--by", "year", "--charts", tmp_path / "charts")
    assert (tmp_path / "charts" / "waves-trend.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_published_change_with_and_without_n():
    assert "z = 2.66, p = 0.008" in said("change", "82%", "88%", "-n", "500")
    text = said("change", "0.82", "0.88")
    assert "273" in text
    assert "555" in text


def test_an_audit_reads_its_claims_and_says_by_its_exit_code_that_one_is_false(tmp_path):
    toml = write(
        tmp_path, "c.toml", '[[claims]]\nkind = "bartlett_df"\ndf = 99\nitems = 12\nwhere = "table 3"\n'
    )
    assert "df impossible" in said("audit", toml, code=1)
    listed = write(tmp_path, "c.json", '[{"kind": "rate", "part": 98, "whole": 145, "per_cent": "67.59"}]')
    assert as_json("audit", listed)["findings"][0]["judgement"] == "true"


def test_wrong_calls_say_what_is_wrong(tmp_path, survey):
    with pytest.raises(BadInput, match="margin or a number"):
        said("plan")
    with pytest.raises(BadInput, match="is no number"):
        said("plan", "--margin", "five")
    with pytest.raises(BadInput, match="no whole number"):
        said("plan", "-n", "4.5")
    with pytest.raises(BadInput, match="is no margin"):
        said("weights", survey, *ITEMS, "--margin", "gender")
    with pytest.raises(BadInput, match="is no pair"):
        said("weights", survey, *ITEMS, "--margin", "gender=f:1,m:1", "--bounds", "3")
    with pytest.raises(BadInput, match="is no target"):
        said("waves", survey, *ITEMS, "--by", "year", "--target", "q1")
    with pytest.raises(BadInput, match="--by is for one file"):
        said("waves", survey, survey, "--by", "year")
    with pytest.raises(BadInput, match="same name"):
        said("waves", survey, survey, *ITEMS)
    with pytest.raises(BadInput, match="names to 1 files"):
        said("waves", survey, "--names", "a,b")
    with pytest.raises(BadInput, match="no TOML"):
        said("audit", write(tmp_path, "x.toml", "claims ="))
    with pytest.raises(BadInput, match="no list of claims"):
        said("audit", write(tmp_path, "y.json", '{"claim": []}'))
    with pytest.raises(BadInput, match="cannot be read"):
        said("audit", tmp_path / "absent.toml")


def test_nothing_heavy_is_loaded_before_a_command_runs():
    code = (
        "import csat.cli_study, csat.cli_waves, sys; "
        "print([m for m in sys.modules if m in ('numpy', 'scipy', 'pandas')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_waves_become_a_report(tmp_path, survey):
    said("waves", survey, *ITEMS, "--by", "year", "-o", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "report.html",
        "report.pdf",
        "report.xlsx",
        "result.json",
    ]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "2020, 2021" in page
    sealed = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert "invariance" not in sealed["results"]  # without constructs there is nothing to gate
    assert sealed["results"]["waves"]["waves"] == ["2020", "2021"]


def test_the_trend_of_six_airport_surveys_is_in_a_report(tmp_path):
    files = [reference_path("data", f"sfo{year}.csv.gz") for year in range(2011, 2017)]
    said("waves", *files, "-i", "airport", "--lead", "overall", "-o", tmp_path)
    sealed = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    waves = sealed["results"]["waves"]
    assert waves["waves"] == [str(y) for y in range(2011, 2017)]
    at = waves["measures"].index("overall")
    assert all(
        low < x < high
        for low, x, high in zip(
            waves["ci_lower"][at], waves["estimate"][at], waves["ci_upper"][at], strict=True
        )
    )
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The airport as a whole by wave" in page
    assert [level["level"] for level in sealed["results"]["invariance"]["levels"]][:2] == [
        "configural",
        "metric",
    ]


def test_every_command_can_weight_to_margins(survey):
    plain, raked = (
        json.loads(CliRunner().invoke(cli, ["describe", str(survey), *ITEMS, "--json", *extra]).output)
        for extra in ([], ["--margin", "gender=f:50,m:50"])
    )
    weights = as_json("weights", survey, *ITEMS, "--margin", "gender=f:50,m:50")["weights"]
    answers = [1 + i % 5 for i in range(200)]
    assert raked["mean"][0] == pytest.approx(sum(w * x for w, x in zip(weights, answers, strict=True)) / 200)
    assert raked["mean"][0] != plain["mean"][0]
    assert raked["base"]["weighted"] is True


def test_a_margin_that_does_not_fit_stops_every_command(survey):
    result = CliRunner().invoke(cli, ["index", str(survey), *ITEMS, "--margin", "gender=f:50,x:50"])
    assert isinstance(result.exception, BadInput)
    assert "categories that the margin does not give: m" in str(result.exception)


@pytest.fixture
def panel_files(tmp_path):
    """Two waves of the same forty people on one construct, and an instrument."""
    import numpy as np

    rng = np.random.default_rng(5)
    level = rng.integers(2, 5, 40)
    files = []
    for year, lift in ((2024, 0), (2025, 1)):
        rows = [
            f"p{i},{level[i]},{min(5, level[i] + lift)},{min(5, level[i] + rng.integers(0, 2))},{i % 4}"
            for i in rng.permutation(40)
        ]
        files.append(write(tmp_path, f"wave{year}.csv", "\n".join(["id,a,b,c,town", *rows])))
    five = Scale("five", 1, 5)
    asked = Instrument(
        "short",
        "1",
        Text("Short"),
        tuple(Item(i, Text(i), five) for i in "abc"),
        (Construct("S", Text("S"), ("a", "b", "c"), "outcome"),),
        (five,),
        index="S",
        respondent=("id",),
    )
    return [*files, "-i", write(tmp_path, "short.toml", write_instrument(asked))]


def test_waves_compare_the_index_as_samples_or_as_a_panel(panel_files):
    apart = as_json("waves", *panel_files, "--index")
    assert apart["analysis"] == "index_change"
    assert apart["samples"] == ["2024", "2025"] and not apart["panel"]
    paired = as_json("waves", *panel_files, "--index", "--panel", "--adjustment", "benjamini-hochberg")
    assert paired["matched"] == [40] and paired["adjustment"] == "benjamini-hochberg"
    assert paired["change"] == pytest.approx(apart["change"])
    assert paired["change_se"][0] < apart["change_se"][0]
    assert "面板" in said("waves", *panel_files, "--index", "--panel", "--lang", "zh")
    # four towns were drawn, not forty people
    towns = as_json("waves", *panel_files, "--index", "--clusters", "town")
    assert towns["se"] != apart["se"]
    with pytest.raises(BadInput, match="previous, first or pairs"):
        said("waves", *panel_files, "--index", "--against", "rest")
    with pytest.raises(BadInput, match="--index compares the index alone"):
        said("waves", *panel_files, "--index", "--follow", "a")


def test_what_was_acted_on_is_set_against_the_other_items(panel_files):
    found = as_json("waves", *panel_files, "--acted-on", "b")
    assert found["analysis"] == "improvement"
    assert found["acted_on"] == [i == "b" for i in found["items"]]
    assert found["difference"] > 0.3
    assert "改进成效" in said("waves", *panel_files, "--acted-on", "b", "--lang", "zh")


def test_a_report_of_waves_says_why_there_is_no_index(tmp_path):
    instrument = write(
        tmp_path,
        "one.toml",
        'id = "one"\nversion = "1"\ntitle = { en = "One" }\n[scales.s]\nminimum = 1\nmaximum = 5\n'
        '[[items]]\nid = "a"\nen = "A"\n[[items]]\nid = "b"\nen = "B"\n'
        '[[constructs]]\nid = "C"\nen = "C"\nrole = "driver"\nitems = ["a"]\n',
    )
    first = write(tmp_path, "w2020.csv", "a,b\n" + "".join(f"{1 + i % 5},{1 + i % 4}\n" for i in range(60)))
    second = write(tmp_path, "w2021.csv", "a,b\n" + "".join(f",{1 + i % 3}\n" for i in range(60)))
    said("waves", first, second, "-i", instrument, "-o", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Withheld: w2021.csv: the data hold no answered item of any construct" in page
