"""The chain again under other treatments, through the command line."""

import csv
import json
import random

import numpy as np
import pytest

import csat
from csat.chain import robustness
from csat.cli import run
from sealed_survey import ITEMS, write_instrument, write_survey


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """180 careful rows with gaps and weights, and 6 careless ones."""
    folder = tmp_path_factory.mktemp("sensitivity")
    write_instrument(folder)
    path = write_survey(folder, rows=180)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    draw = random.Random(3)
    rows = [[("" if draw.random() < 0.05 else cell) for cell in row] for row in rows]
    rows += [[answer] * 8 for answer in "114455"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*ITEMS, "w"])
        writer.writerows([*row, round(0.5 + draw.random(), 3)] for row in rows)
    return folder


def asked(capsys, survey, *more):
    arguments = ["sensitivity", str(survey / "tiny.csv"), "-i", str(survey / "tiny.toml"), *more]
    assert run([*arguments, "--json", "--replicates", "100"]) == 0
    return json.loads(capsys.readouterr().out)


def by_kind(found):
    return {t["kind"]: t for t in found["treatments"]}


def test_every_treatment_gives_the_figures_of_its_own_command(survey, capsys):
    found = by_kind(asked(capsys, survey, "--weight", "w"))
    assert list(found) == ["as analysed", "without flagged", "imputed", "ordinal", "unweighted"]
    whole = csat.read(survey / "tiny.csv", survey / "tiny.toml", weight="w")
    quality = whole.quality()
    careful = csat.read(survey / "tiny.csv", survey / "tiny.toml", weight="w", drop="careless")
    assert found["without flagged"]["respondents"] == whole.responses.rows - quality.suspicious
    assert 0 < quality.suspicious == whole.responses.rows - careful.responses.rows
    bare = csat.read(survey / "tiny.csv", survey / "tiny.toml")
    for kind, one in (("as analysed", whole), ("without flagged", careful), ("unweighted", bare)):
        assert found[kind]["index"] == pytest.approx(one.index(replicates=100).score[0], rel=1e-12)
        assert found[kind]["kmo"] == pytest.approx(one.adequacy().kmo, rel=1e-12)
        assert found[kind]["cfi"] == pytest.approx(one.cfa().fit["cfi"], rel=1e-9)
        assert found[kind]["r2"] == pytest.approx(one.drivers().r2, rel=1e-12)
        assert found[kind]["first"] == list(one.priorities(replicates=0).items_by_rank()[:3])
    np.testing.assert_allclose(found["ordinal"]["alpha"], whole.reliability().alpha_ordinal, rtol=1e-12)
    assert found["ordinal"]["kmo"] == pytest.approx(whole.adequacy(correlation="polychoric").kmo, rel=1e-9)
    fiml = whole.cfa(missing="fiml").fit
    assert found["imputed"]["cfi"] == pytest.approx(fiml["cfi"], rel=1e-9)


def test_filled_answers_leave_what_was_answered_alone(survey):
    whole = csat.read(survey / "tiny.csv", survey / "tiny.toml")
    codes = np.column_stack([whole.responses.codes(i) for i in whole.items])
    filled = whole._filled(codes < 0, 0)
    after = np.column_stack([filled.codes(i) for i in whole.items])
    assert (codes < 0).sum() > 40 and (after >= 0).all() and (after <= 4).all()
    np.testing.assert_array_equal(after[codes >= 0], codes[codes >= 0])


def test_not_applicable_is_never_filled(tmp_path):
    rows = [
        ["1", "2", "2"],
        ["2", "3", "3"],
        ["3", "3", "4"],
        ["5", "4", "N/A"],
        ["4", "", "4"],
        ["2", "1", "1"],
    ] * 8
    (tmp_path / "s.csv").write_text("a,b,c\n" + "\n".join(",".join(r) for r in rows))
    one = csat.read(tmp_path / "s.csv", items=["a", "b", "c"], scale=(1, 5))
    found = one.sensitivity(replicates=100)
    imputed = next(t for t in found.treatments if t.kind == "imputed")
    assert imputed.how.en.startswith("8 cells")


def test_what_has_no_use_or_is_too_dear_is_named(survey, capsys, monkeypatch, tmp_path):
    data = str(write_survey(tmp_path, rows=90))
    assert run(["sensitivity", data, "-i", str(survey / "tiny.toml"), "--json", "--replicates", "100"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["skipped"]["imputed"]["en"] == "no answer is missing"
    assert "unweighted" not in by_kind(found)
    monkeypatch.setattr(robustness, "MANY_ROWS", 100)
    found = asked(capsys, survey)
    assert "too dear for 186 respondents" in found["skipped"]["imputed"]["en"]
    ordinal = by_kind(found)["ordinal"]
    assert ordinal["cfi"] is None and ordinal["kmo"] > 0 and "too dear" in ordinal["how"]["en"]


def test_the_text_is_said_in_both_languages(survey, capsys):
    for language, words in (("en", "Without flagged respondents:"), ("zh", "剔除被标记者：")):
        arguments = ["sensitivity", str(survey / "tiny.csv"), "-i", str(survey / "tiny.toml")]
        assert run([*arguments, "--replicates", "100", "--lang", language]) == 0
        assert words in capsys.readouterr().out


def test_bare_items_have_a_panel_too(tmp_path, capsys):
    data = write_survey(tmp_path, rows=60)
    assert run(["sensitivity", str(data), "--scale", "1,5", "--json", "--replicates", "100"]) == 0
    found = by_kind(json.loads(capsys.readouterr().out))
    assert found["as analysed"]["kmo"] > 0.5 and found["as analysed"]["alpha"]
