"""`csat pls` as a terminal calls it, and the same questions asked of a survey and of a bare frame."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import csat
from csat.cli_models import pls_command
from csat.cli_options import modes_of
from csat.cli_scores import priorities_command, whatif_command
from csat.errors import BadInput, UnknownName
from pls_cases import golden_case

MODEL = "X =~ {X}\nY =~ {Y}\nZ =~ {Z}\nZ ~ X + Y\nY ~ X\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Answers to three constructs; more of them, in two shops; three models."""
    case, whole = golden_case()
    head = ",".join(case.items)
    rows = [",".join(f"{v:g}" for v in row) for row in case.answers]
    (tmp_path / "data.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    many = np.vstack([case.answers, case.answers[::-1]])
    labels = np.where(np.arange(len(many)) % 2, "甲店", "乙店")
    rows = [",".join([*(f"{v:g}" for v in row), g]) for row, g in zip(many, labels, strict=True)]
    (tmp_path / "shops.csv").write_text("\n".join([f"{head},shop", *rows]) + "\n", encoding="utf-8")
    model = MODEL.format(**{c: " + ".join(items) for c, items in whole["blocks"].items()})
    (tmp_path / "model.txt").write_text(model, encoding="utf-8")
    (tmp_path / "moderated.txt").write_text(f"{model}Z ~ X:Y\n", encoding="utf-8")
    (tmp_path / "higher.txt").write_text(model.split("Z ~")[0] + "H =~ X + Y\nZ ~ H\n", encoding="utf-8")
    return tmp_path


def said(folder: Path, model: str, *arguments: str, code: int = 0) -> str:
    data = folder / ("shops.csv" if "--group" in arguments else "data.csv")
    given = [str(data), "--scale", "1,7", "--model", str(folder / model), *arguments]
    if "--group" not in arguments:
        given += ["--no-predict", *([] if "--replicates" in arguments else ["--replicates", "0"])]
    result = CliRunner().invoke(pls_command, given, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    assert result.return_value == code
    return result.output


def as_json(folder: Path, model: str, *arguments: str) -> dict:
    return json.loads(said(folder, model, *arguments, "--json"))


def test_a_mode_may_be_given_for_all_or_for_one_construct(folder):
    assert as_json(folder, "model.txt")["modes"] == ["A", "A", "A"]
    assert as_json(folder, "model.txt", "--mode", "B")["modes"] == ["B", "B", "B"]
    assert as_json(folder, "model.txt", "--mode", "Y=B")["modes"] == ["A", "B", "A"]
    assert as_json(folder, "model.txt", "--mode", "B", "--mode", "Y=A")["modes"] == ["B", "A", "B"]
    with pytest.raises(UnknownName, match="Quality"):
        said(folder, "model.txt", "--mode", "Quality=B")
    with pytest.raises(BadInput, match="no mode"):
        modes_of(("C",))


def test_the_commands_numbers_are_those_of_the_analysis(folder):
    stored = golden_case()[1]["cases"]["path_a"]
    found = as_json(folder, "model.txt")
    np.testing.assert_allclose(found["weights"], stored["weights"], atol=1e-9)


def test_a_moderated_path_stands_in_the_model_or_in_an_option(folder):
    stored = golden_case()[1]["cases"]["moderated"]["paths"][2]
    model = (folder / "model.txt").read_text(encoding="utf-8").replace("Y ~ X\n", "")
    (folder / "plain.txt").write_text(model, encoding="utf-8")
    (folder / "product.txt").write_text(f"{model}Z ~ X:Y", encoding="utf-8")
    by_option = as_json(folder, "plain.txt", "--moderation", "X*Y->Z")["moderation"]
    by_text = as_json(folder, "product.txt")["moderation"]
    assert by_option == by_text
    assert by_text[0]["per_product"] == pytest.approx(stored, abs=1e-9)
    assert "Moderated paths" in said(folder, "product.txt")
    assert "调节效应" in said(folder, "product.txt", "--lang", "zh")
    with pytest.raises(BadInput, match="CAUSE"):
        said(folder, "plain.txt", "--moderation", "X and Y on Z")


def test_a_higher_construct_is_estimated_in_two_stages_or_by_repeated_indicators(folder):
    stored = golden_case()[1]["cases"]["higher"]
    two = as_json(folder, "higher.txt")
    assert two["paths"][0]["estimate"] == pytest.approx(stored["path"], abs=1e-9)
    again = as_json(folder, "higher.txt", "--higher-order", "repeated-indicators")
    assert again["constructs"] == ["X", "Y", "Z", "H"]


def test_intervals_may_be_percentiles_or_bca(folder):
    low = {}
    for kind in ("percentile", "bca"):
        found = as_json(folder, "model.txt", "--replicates", "200", "--interval", kind)
        assert found["interval"] == kind
        low[kind] = found["paths"][0]["ci_lower"]
    assert low["percentile"] != low["bca"]
    assert abs(low["percentile"] - low["bca"]) < 0.1
    assert "BCa" in said(folder, "model.txt", "--replicates", "200", "--interval", "bca")


def test_groups_are_compared_by_permutation(folder):
    found = as_json(folder, "model.txt", "--group", "shop", "--permutations", "100", "--scheme", "factor")
    assert sorted(found["groups"]) == ["乙店", "甲店"]
    assert found["permutations"] == 100
    assert {p["effect"] for p in found["paths"]} == {"Y", "Z"}
    assert "MICOM" in said(folder, "model.txt", "--group", "shop", "--permutations", "100", "--lang", "zh")


def test_options_of_another_question_are_refused(folder):
    with pytest.raises(BadInput, match="--interval"):
        said(folder, "model.txt", "--group", "shop", "--interval", "bca")
    with pytest.raises(BadInput, match="--against"):
        said(folder, "model.txt", "--against", "pairs")


def test_charts_are_written(folder):
    said(folder, "model.txt", "--charts", str(folder / "out"))
    assert "<svg" in (folder / "out" / "pls-paths.svg").read_text(encoding="utf-8")


def test_a_survey_and_a_bare_frame_give_the_same(folder):
    text = (folder / "moderated.txt").read_text(encoding="utf-8")
    options = {"replicates": 0, "predict": False, "modes": {"Y": "B"}}
    bare = csat.pls(text, folder / "shops.csv", scale=(1, 7), **options)
    survey = csat.read(folder / "shops.csv", scale=(1, 7), segments=["shop"])
    whole = survey.pls(model=text, **options)
    assert bare.moderation[0].standardised == whole.moderation[0].standardised
    plain = (folder / "model.txt").read_text(encoding="utf-8")
    a = csat.pls_groups(plain, folder / "shops.csv", "shop", permutations=100, scale=(1, 7))
    b = survey.pls_groups("shop", model=plain, permutations=100)
    assert [p.p for p in a.paths] == [p.p for p in b.paths]


def test_priorities_and_what_if_take_the_same_options(folder):
    instrument = folder / "own.toml"
    blocks = golden_case()[1]["blocks"]
    parts = ['id = "own"', 'version = "1"', 'title = "Own"', 'model = "Z ~ X + Y"']
    parts.append('[scales.seven]\nminimum = 1\nmaximum = 7\n[index]\nconstruct = "Z"\n')
    for c, items in blocks.items():
        parts += [f'[[items]]\nid = "{i}"\nen = "{i}"\nscale = "seven"\n' for i in items]
        role = "outcome" if c == "Z" else "driver"
        parts.append(f'[[constructs]]\nid = "{c}"\nrole = "{role}"\nitems = {json.dumps(items)}\n')
    instrument.write_text("\n".join(parts), encoding="utf-8")
    data = [str(folder / "data.csv"), "-i", str(instrument), "--json"]
    asked = ["--importance", "pls", "--level", "construct", "--replicates", "0"]
    by = {}
    for mode in ("A", "B"):
        result = CliRunner().invoke(
            priorities_command, [*data, *asked, "--mode", mode], standalone_mode=False
        )
        if result.exception is not None:
            raise result.exception
        by[mode] = json.loads(result.output)["importance"]
    assert by["A"] != by["B"]
    raised = [*data, "--raise", "X=0.2", "--method", "pls", "--scheme", "factor", "--replicates", "100"]
    result = CliRunner().invoke(whatif_command, raised, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    assert json.loads(result.output)["method"] == "pls"
