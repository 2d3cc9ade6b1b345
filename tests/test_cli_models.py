"""`csat sem` and its fellows as a newcomer types them: files, options, exit codes, JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csat.analyses.structural.model import StructuralModel
from csat.cli import run
from csat.errors import UnknownName

MODEL = "A =~ a1 + a2 + a3\nB =~ b1 + b2 + b3\nB ~ A\n"
NAMES = ("a1", "a2", "a3", "b1", "b2", "b3")


def answers(n: int = 150) -> np.ndarray:
    """Six items of two related constructs on five points."""
    rng = np.random.default_rng(5)
    a = rng.standard_normal(n)
    b = 0.6 * a + 0.8 * rng.standard_normal(n)
    factors = np.column_stack([a, a, a, b, b, b])
    return np.clip(np.round(3 + 0.9 * factors + 0.7 * rng.standard_normal((n, 6))), 1, 5).astype(int)


def survey(folder: Path, rows: np.ndarray, *, names: Any = NAMES, **columns: Any) -> Path:
    """A CSV file of answers with further columns."""
    path = folder / "survey.csv"
    lines = [",".join([*names, *columns])]
    more = list(columns.values())
    for i, row in enumerate(rows):
        lines.append(",".join([*("" if v != v else f"{v}" for v in row), *(str(c[i]) for c in more)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def asked(
    capsys: pytest.CaptureFixture[str], folder: Path, data: Path, model: str | bytes, *options: str
) -> tuple[int, dict[str, Any] | None, str]:
    """Exit code, the JSON object if any, and what was said on standard error."""
    text = folder / "model.txt"
    text.write_bytes(model if isinstance(model, bytes) else model.encode())
    code = run(["sem", str(data), "--model", str(text), "--json", *options])
    said = capsys.readouterr()
    return code, json.loads(said.out, parse_constant=pytest.fail) if said.out else None, said.err


# ---- model files ------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_model_file_is_read_as_editors_save_it(
    encoding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("形1", "形2", "形3", "满1", "满2", "满3")
    model = "形象 =~ 形1 + 形2 + 形3\r\n满意 =~ 满1 + 满2 + 满3\r\n满意 ~ 形象\r\n"
    data = survey(tmp_path, answers(), names=names)
    code, found, _ = asked(capsys, tmp_path, data, model.encode(encoding), "--estimator", "mlr")
    assert code == 0
    assert found is not None
    assert found["estimator"] == "MLR"
    assert found["constructs"] == ["形象", "满意"]


def test_a_model_file_that_is_no_text_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = asked(capsys, tmp_path, survey(tmp_path, answers()), b"PK\x03\x04\x00\x00A =~ a1")
    assert code == 2
    assert "it is not a text" in said


@pytest.mark.parametrize(
    ("model", "exit_code", "said"),
    [
        (MODEL + "a1 ~~ bb2", 2, "line 4, column 7 (`a1 ~~ bb2`): no item is called 'bb2'. Did you mean 'b2"),
        (MODEL + "B ~~ AA", 2, "no construct is called 'AA'. Did you mean 'A'? The constructs are: A, B."),
        (MODEL + "zzzz ~ A", 2, "no construct or item is called 'zzzz'. The constructs and items are: A"),
        ("A ~ a1 + a2", 2, "What a construct is measured by stands after =~."),
        ("a1 =~ a2 + a3", 2, "'a1' is an item and cannot be measured by others. Give the construct another"),
        (MODEL + "B ~ branch", 2, "'branch' is a column of the data, and no item"),
        (MODEL + "B ~ silent", 1, "nobody answered silent"),
    ],
)  # fmt: skip
def test_a_name_the_model_may_not_use_is_explained(
    model: str, exit_code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = answers()
    data = survey(tmp_path, rows, branch=["N", "S"] * (len(rows) // 2), silent=[""] * len(rows))
    code, _, err = asked(capsys, tmp_path, data, model)
    assert code == exit_code
    assert said in err


def test_without_a_model_and_an_instrument_a_model_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sem", str(survey(tmp_path, answers()))]) == 2
    assert "no model is given" in capsys.readouterr().err


def test_two_models_are_told_apart_in_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = survey(tmp_path, answers())
    for name, text in (("good", MODEL), ("bad", "A =~ a1 + a9")):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    files = [str(tmp_path / f"{name}.txt") for name in ("good", "bad")]
    assert run(["compare", str(data), "--model", files[0], "--model", files[1]]) == 2
    assert "the model 'bad', line 1, column 11" in capsys.readouterr().err


def test_a_wald_test_counts_its_own_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, said = asked(capsys, tmp_path, survey(tmp_path, answers()), MODEL, "--wald", "b1 == b2")
    assert "the Wald test 'b1 == b2', line 1, column 1" in said


# ---- verdicts ---------------------------------------------------------


def test_fewer_respondents_than_parameters_are_no_basis(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found, _ = asked(capsys, tmp_path, survey(tmp_path, answers(150)[:12]), MODEL)
    assert code == 1
    assert found is not None
    assert found["verdict"]["level"] == "failed"
    assert "12 respondents cannot settle 13 parameters" in found["verdict"]["text"]["en"]
    assert "12 名受访者无法确定 13 个参数" in found["verdict"]["text"]["zh"]
    code, found, _ = asked(capsys, tmp_path, survey(tmp_path, answers(13)), MODEL)
    assert found is not None
    assert "too_few_respondents" not in [c["code"] for c in found["cautions"]]


def test_a_construct_without_scale_is_named_where_numbers_are_too_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found, _ = asked(capsys, tmp_path, survey(tmp_path, answers()), "A =~ NA*a1 + a2 + a3")
    assert code == 1
    assert found is not None
    assert "A has no scale: fix one loading" in found["verdict"]["text"]["en"]


def test_a_number_arithmetic_cannot_give_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = MODEL.replace("B ~ A", "B ~ p*A") + "x := log(-p)\ny := sqrt(p - p)\nz := 2*p"
    code, found, _ = asked(capsys, tmp_path, survey(tmp_path, answers()), model)
    assert code == 0
    assert found is not None
    made = {p["lhs"]: (p["est"], p["se"]) for p in found["parameters"] if p["op"] == ":="}
    assert made["x"] == (None, None)
    assert made["y"] == (0.0, None)
    assert made["z"][1] > 0
    said = {c["code"]: c["text"]["en"] for c in found["cautions"]}
    assert "x := log(-p)" in said["undefined"]
    assert "y := sqrt(p - p)" in said["undefined_error"]


# ---- no honest number -------------------------------------------------


def spoilt(kind: str) -> np.ndarray:
    rows = answers().astype(float)
    if kind == "constant":
        rows[:, 1] = 3
    elif kind == "twins":
        rows[:, 1] = rows[:, 0]
    elif kind == "few":
        rows = rows[:5]
    elif kind == "silent":
        rows[::2, 1], rows[1::2, 2] = np.nan, np.nan
    return rows


@pytest.mark.parametrize(
    ("kind", "options", "english", "chinese"),
    [
        ("constant", (), "no variance in a2", "a2 没有变异"),
        ("constant", ("--ordered", "--estimator", "WLSMV"), "a2 has answers in fewer", "a2 的回答不足 2"),
        ("twins", ("--estimator", "MLR"), "a1, a2 depend on each other", "a1、a2 彼此依赖"),
        ("few", (), "5 respondents answered, and the model has 6 items", "只有 5 名受访者作答"),
        ("silent", (), "0 respondents answered", "只有 0 名受访者"),
        ("silent", ("--missing", "fiml"), "no respondent answered a2, a3", "没有受访者同时回答了 a2、a3"),
    ],
)  # fmt: skip
def test_without_an_honest_number_the_json_holds_the_verdict_in_both_languages(
    kind: str,
    options: tuple[str, ...],
    english: str,
    chinese: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = survey(tmp_path, spoilt(kind))
    code, found, said = asked(capsys, tmp_path, data, MODEL, *options)
    assert code == 1
    assert found is not None
    assert (found["analysis"], found["fit"], found["parameters"]) == ("sem", {}, [])
    assert found["verdict"]["level"] == "failed"
    assert english in found["verdict"]["text"]["en"]
    assert english in said
    assert chinese in found["verdict"]["text"]["zh"]
    words = set(re.findall(r"[A-Za-z]{2,}", found["verdict"]["text"]["zh"]))
    assert words <= {"MLR", "DWLS", "WLSMV"}
    assert run(["sem", str(data), "--model", str(tmp_path / "model.txt"), "--lang", "zh", *options]) == 1
    assert chinese in capsys.readouterr().err


def test_a_wrong_call_has_no_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = asked(capsys, tmp_path, survey(tmp_path, answers()), MODEL, "--estimator", "best")
    assert (code, found) == (2, None)


# ---- ordered items ----------------------------------------------------


def test_wlsmv_orders_answers_unless_told_not_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = survey(tmp_path, answers())
    chi_square = []
    for options in ((), ("--ordered",), ("--ordered-items", "none")):
        code, found, _ = asked(capsys, tmp_path, data, MODEL, "--estimator", "WLSMV", *options)
        assert code == 0
        assert found is not None
        chi_square.append(found["fit"]["chisq"])
        assert ("|" in [p["op"] for p in found["parameters"]]) == (options[-1:] != ("none",))
    assert chi_square[0] == chi_square[1] != chi_square[2]
    quantities = survey(tmp_path, answers() + np.random.default_rng(1).random((150, 6)))
    code, found, _ = asked(capsys, tmp_path, quantities, MODEL, "--estimator", "WLSMV")
    assert found is not None
    assert "|" not in [p["op"] for p in found["parameters"]]


def test_answers_nobody_chose_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = answers()
    rows[rows[:, 0] == 5, 0] = 4
    rows[rows[:, 3] == 3, 3] = 2
    data = survey(tmp_path, rows)
    for options, named in ((("--scale", "1,5"), ["a1", "b1"]), ((), ["b1"])):
        _, found, _ = asked(capsys, tmp_path, data, MODEL, "--estimator", "WLSMV", *options)
        assert found is not None
        caution = next(c for c in found["cautions"] if c["code"] == "empty_category")
        assert caution["where"] == named
        assert "b1 (3)" in caution["text"]["en"]
        assert "b1 (3)" in caution["text"]["zh"]


def test_auto_leaves_a_covariate_a_number_where_all_items_are_ordered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = survey(tmp_path, answers(), age=[20 + i % 50 for i in range(150)])
    code, found, _ = asked(capsys, tmp_path, data, MODEL + "B ~ age", "--estimator", "auto", "--ordered")
    assert code == 0
    assert found is not None
    assert found["estimator"] == "WLSMV"
    assert "ordered_covariate" not in [c["code"] for c in found["cautions"]]


# ---- bootstrap ---------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (MODEL, ["--group", "branch", "--group-equal", "loadings", "--interval", "bca"]),
        (MODEL, ["--group", "branch", "--bollen-stine"]),
        (MODEL, ["--missing", "fiml"]),
        (MODEL, ["--ordered", "--estimator", "WLSMV"]),
        (MODEL, ["--ordered", "--estimator", "WLSMV", "--missing", "pairwise", "--group", "branch"]),
        (MODEL, ["--ordered-items", "a1,b1", "--estimator", "WLSMV"]),
        ("A =~ a1 + l*a2 + m*a3\nB =~ b1 + b2 + b3\nB ~ A\nl == m\n", []),
        (MODEL, ["--estimator", "DWLS", "--clusters", "branch"]),
        (MODEL, ["--missing", "fiml", "--strata", "branch", "--weight", "w"]),
    ],
)
def test_a_bootstrap_goes_with_every_way_of_fitting(
    model: str, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: Any = answers().astype(object)
    if "fiml" in options or "pairwise" in options:
        rows[::9, 1] = float("nan")
    branch = np.arange(150) % (40 if "--clusters" in options else 2)
    data = survey(tmp_path, rows, branch=branch, w=1 + np.arange(150) % 3)
    asked_for = ["--bootstrap", "60", "--seed", "4", *options]
    code, found, said = asked(capsys, tmp_path, data, model, *asked_for)
    assert code == 0, said
    assert found is not None
    assert found["bootstrap"]["replicates"] == 60
    assert found["bootstrap"]["used"] > 57
    assert found["bootstrap"]["seed"] == 4
    free = [p for p in found["parameters"] if p["free"] and p["op"] in ("=~", "~")]
    assert free
    for p in free:
        assert p["boot_se"] > 0
        assert p["boot_lower"] < p["est"] < p["boot_upper"]
        assert p["std_all_boot_lower"] < p["std_all"] < p["std_all_boot_upper"]
    if "--bollen-stine" in options:
        assert 0 <= found["bootstrap"]["bollen_stine_p"] <= 1
    again = asked(capsys, tmp_path, data, model, *asked_for)[1]
    assert again == found


def test_the_pages_of_a_bootstrap_of_groups_speak_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = survey(tmp_path, answers(), branch=np.arange(150) % 2)
    (tmp_path / "model.txt").write_text(MODEL, encoding="utf-8")
    base = ["sem", str(data), "--model", str(tmp_path / "model.txt"), "--bootstrap", "60"]
    assert run([*base, "--group", "branch", "--ordered", "--estimator", "WLSMV"]) == 0
    english = capsys.readouterr().out
    assert "Bootstrap of the parameters" in english
    assert "60 replicates of the respondents, each group by itself" in english
    assert run([*base, "--group", "branch", "--missing", "fiml", "--lang", "zh"]) == 0
    assert "各组分别进行" in capsys.readouterr().out


@pytest.mark.parametrize("options", [["--missing", "fiml"], ["--ordered", "--estimator", "WLSMV"]])
def test_bollen_stine_where_it_is_not_defined_is_refused_in_words(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = survey(tmp_path, answers())
    code, found, said = asked(capsys, tmp_path, data, MODEL, "--bootstrap", "60", "--bollen-stine", *options)
    assert (code, found) == (2, None)
    assert "Bollen-Stine" in said
    assert "Leave it out" in said


# ---- in a notebook ----------------------------------------------------


def test_a_bare_frame_takes_what_a_survey_takes() -> None:
    import pandas as pd

    import csat

    frame = pd.DataFrame(answers(), columns=list(NAMES))
    model = MODEL.replace("B ~ A", "B ~ p*A")
    found = csat.sem(model, frame, modifications=2, residuals=True, wald=["p == 0"], std_lv=True)
    assert isinstance(found, StructuralModel)
    assert len(found.modifications) == 2
    assert found.residual_z.shape == (6, 6)
    assert found.wald[0].df == 1
    loading = found.parameter("A", "=~", "a1")
    assert loading is not None
    assert loading.free
    measured = csat.cfa(MODEL, frame, modifications=1)
    assert isinstance(measured, StructuralModel)
    assert measured.modifications


def test_a_column_of_groups_that_was_not_read_says_how_to_read_it() -> None:
    import pandas as pd

    import csat

    frame = pd.DataFrame(answers(), columns=list(NAMES)).assign(branch=["N", "S"] * 75)
    with pytest.raises(UnknownName, match=r"segments=\['branch'\]"):
        csat.read(frame).sem(model=MODEL, group="branch")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--group-equal", "loadings", "--group-equal", "intercepts"], "with commas between them"),
        (["--estimator", "MLR", "--estimator", "ML"], "--estimator is given 2 times. Give it once."),
    ],
)
def test_an_option_given_twice_is_refused_rather_than_lost(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = survey(tmp_path, answers(), g=["m", "w"] * 75)
    code, body, error = asked(capsys, tmp_path, data, MODEL, "--group", "g", *options)
    assert (code, body) == (2, None)
    assert said in error


# ---- an instrument whose items were not all answered ------------------


def test_a_model_of_an_instrument_says_what_it_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ['id = "two"', 'version = "1"', 'en = "Two"', 'model = "B ~ A"', "[scales.s]", "minimum = 1"]
    lines += ["maximum = 5"]
    lines += [f'[[items]]\nid = "{i}"\nscale = "s"\nen = "{i}"' for i in NAMES]
    for c, role in (("A", "driver"), ("B", "outcome")):
        items = ", ".join(f'"{i}"' for i in NAMES if i[0] == c.lower())
        lines.append(f'[[constructs]]\nid = "{c}"\nen = "{c}"\nrole = "{role}"\nitems = [{items}]')
    instrument = tmp_path / "two.toml"
    instrument.write_text("\n".join(lines).replace('en = "Two"', 'title = { en = "Two" }'), encoding="utf-8")
    rows = answers().astype(float)
    rows[:, 1] = np.nan
    data = survey(tmp_path, rows)
    for command in ("sem", "cfa"):
        assert run([command, str(data), "-i", str(instrument), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        caution = next(c for c in found["cautions"] if c["code"] == "items_without_answers")
        assert caution["where"] == ["a2"]
        assert found["verdict"]["level"] == "sound"
    rows[:, :3] = np.nan
    assert run(["cfa", str(survey(tmp_path, rows)), "-i", str(instrument), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"]["level"] == "doubtful"
    assert "A is not in it, for want of items" in found["verdict"]["text"]["en"]
    assert "A因没有题项" in found["verdict"]["text"]["zh"]
