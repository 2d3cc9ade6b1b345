"""What changed between two results, most important first. Through the command line."""

import json

import pytest

from csat.cli import run
from csat.report.comparing import diff
from csat.report.diff_result import AREAS
from sealed_survey import write_instrument, write_survey


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    """Reports: `a`, `b` of more pleased respondents, `drop` without some rows of a."""
    folder = tmp_path_factory.mktemp("waves")
    instrument = str(write_instrument(folder))
    first = str(write_survey(folder, "first.csv"))
    second = str(write_survey(folder, "second.csv", rows=150, seed=2, lift=0.9))
    for name, data, more in (
        ("a", first, []),
        ("b", second, []),
        ("drop", first, ["--drop", "straightliners=6", "--seed", "5"]),
    ):
        assert run(["report", data, "-i", instrument, "-o", str(folder / name), *more]) in (0, 1)
    return folder


def told(capsys, *arguments):
    assert run(["diff", *(str(a) for a in arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def by_area(found):
    areas = {}
    for change in found["changes"]:
        areas.setdefault(change["area"], []).append(change)
    return areas


def test_a_result_does_not_differ_from_itself(waves, capsys):
    found = told(capsys, waves / "a", waves / "a" / "result.json")
    assert found["changes"] == [] and found["values"] == 0 and found["same_data"]
    assert found["verdict"]["text"]["en"] == "Nothing changed."


def test_an_index_that_rose_by_more_than_chance_says_so_with_its_interval(waves, capsys):
    found = told(capsys, waves / "a", waves / "b")
    (index,) = by_area(found)["index"]
    before, after = (
        json.loads((waves / w / "result.json").read_text("utf-8"))["results"]["index"] for w in "ab"
    )
    change = after["score"][0] - before["score"][0]
    half = 1.959964 * (before["se"][0] ** 2 + after["se"][0] ** 2) ** 0.5
    assert change > half > 0 and index["matters"]
    assert f"rose by {change:.1f} points" in index["words"]["en"]
    assert f"{change - half:.1f} to {change + half:.1f}" in index["words"]["en"]
    assert "超出抽样误差" in index["words"]["zh"]
    assert {c["what"]["en"] for c in by_area(found)["items"]} == {"Wording of y1", "Wording of y2"}


def test_changes_that_matter_come_first_and_data_before_all(waves, capsys):
    found = told(capsys, waves / "a", waves / "b")
    assert found["changes"][0]["area"] == "data" and "120 respondents" in found["changes"][0]["words"]["en"]
    places = [
        (not c["matters"] and c["area"] != "index", list(AREAS).index(c["area"])) for c in found["changes"]
    ]
    assert places == sorted(places)


def test_rows_left_out_and_settings_are_named(waves, capsys):
    found = by_area(told(capsys, waves / "a", waves / "drop"))
    kept = json.loads((waves / "drop" / "result.json").read_text("utf-8"))["data"]["rows_kept"]
    assert f"120 of its rows were analysed before and {kept} after" in found["data"][0]["words"]["en"]
    assert [c["what"]["en"] for c in found["settings"]] == ["Rows left out by rule", "Seed"]
    assert "Most rows are the same" in found["index"][0]["words"]["en"]


def test_the_same_answers_analysed_otherwise_are_no_chance(waves, tmp_path, capsys):
    body = json.loads((waves / "a" / "result.json").read_text("utf-8"))
    body["results"]["index"]["score"][0] += 0.2
    body["results"]["index"]["verdict"] = {"level": "failed", "text": {"en": "No.", "zh": "否。"}}
    body["results"]["reliability"]["alpha"][0] = 0.4
    body["results"]["adequacy"]["kmo"] += 1e-13
    del body["results"]["priorities"]
    body["withheld"]["priorities"] = "No importance."
    (tmp_path / "result.json").write_text(json.dumps(body))
    found = told(capsys, waves / "a", tmp_path)
    areas = by_area(found)
    assert "not from chance" in areas["index"][0]["words"]["en"] and not areas["index"][0]["matters"]
    said = [c["words"]["en"] for c in areas["verdict"]]
    assert any("sound before, failed now. No." in s for s in said)
    assert any("Priorities: no longer given. No importance." in s for s in said)
    (alpha,) = areas["evidence"]
    assert alpha["matters"] and "crosses the guideline of 0.7" in alpha["words"]["en"]
    assert found["rounding"] == 1


def test_priorities_that_moved_are_named(waves, tmp_path, capsys):
    body = json.loads((waves / "a" / "result.json").read_text("utf-8"))
    body["results"]["reading"]["submitted"] = ["2026-01-02", "2026-01-31"]
    ranks = body["results"]["priorities"]["rank"]
    body["results"]["priorities"]["rank"] = [len(ranks) + 1 - r for r in ranks]
    places = body["results"]["priorities"]["quadrants"]
    body["results"]["priorities"]["quadrants"] = ["keep up"] * len(places)
    (tmp_path / "result.json").write_text(json.dumps(body))
    areas = by_area(told(capsys, waves / "a", tmp_path))
    (days,) = areas["data"]
    assert days["words"]["en"] == "Answers sent: none, now 2026-01-02 – 2026-01-31."
    first, moved = areas["priorities"][:2]
    assert first["words"]["en"].startswith("Among the first 3 priorities: ") and first["matters"]
    assert "To improve first: added none; no longer 'Wording of" in moved["words"]["en"]


def test_results_of_one_command_are_compared_too(waves, capsys):
    for name in ("first", "second"):
        assert run(["index", str(waves / f"{name}.csv"), "-i", str(waves / "tiny.toml"), "--json"]) in (0, 1)
        (waves / f"{name}.json").write_text(capsys.readouterr().out)
    found = told(capsys, waves / "first.json", waves / "second.json")
    assert found["changes"][0]["area"] == "index" and found["changes"][0]["matters"]
    assert run(["reliability", str(waves / "first.csv"), "-i", str(waves / "tiny.toml"), "--json"]) in (0, 1)
    (waves / "other.json").write_text(capsys.readouterr().out)
    assert run(["diff", str(waves / "first.json"), str(waves / "other.json")]) == 2
    assert "no analysis in common (index; reliability)" in capsys.readouterr().err


def test_reports_of_waves_are_compared_and_not_made_again(waves, tmp_path, capsys):
    files = [str(waves / f"{name}.csv") for name in ("first", "second")]
    more = str(write_survey(tmp_path, "third.csv", seed=7))
    for name, data in (("two", files), ("three", [*files, more])):
        folder = str(tmp_path / name)
        assert run(["waves", *data, "-i", str(waves / "tiny.toml"), "-o", folder]) in (0, 1)
    capsys.readouterr()
    found = told(capsys, tmp_path / "two", tmp_path / "three")
    (new,) = by_area(found)["data"]
    assert new["what"]["en"] == "Wave third" and "third.csv, n = 120" in new["after"]["en"]
    assert run(["replay", str(tmp_path / "two")]) == 2
    assert "report of csat waves" in capsys.readouterr().err


def test_the_text_is_plain_words_in_both_languages(waves, capsys):
    for language, words in (("en", "The data are not the same"), ("zh", "数据不同")):
        assert run(["diff", str(waves / "a"), str(waves / "b"), "--lang", language]) == 0
        assert words in capsys.readouterr().out


@pytest.mark.parametrize("results", [{"index": {"score": "x"}}, {"priorities": {"items": 3}}, {"index": {}}])
def test_malformed_results_are_borne(results, tmp_path):
    body = {"data": {"sha256": 1, "dropped": [2]}, "run": 3, "versions": None, "results": results}
    (tmp_path / "result.json").write_text(json.dumps(body))
    assert diff(tmp_path, tmp_path).changes == ()


def test_a_tolerance_is_a_share(waves, capsys):
    assert run(["diff", str(waves / "a"), str(waves / "b"), "--tolerance", "2"]) == 2
    assert "tolerance" in capsys.readouterr().err
