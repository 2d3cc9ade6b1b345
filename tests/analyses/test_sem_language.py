"""Rules among parameters, ordered items beside numbers, and covariates: lavaan 0.6-14's numbers."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.analyses.sem import sem
from csat.analyses.structural.answers import Answers
from csat.cli import run
from csat.errors import BadInput, CannotCompute, CsatError
from csat.instrument.syntax import parse_model
from language_data import NAMES, answers

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "sem_language.json").read_text(encoding="utf-8"))
CASES = GOLDEN["cases"]


@functools.cache
def data(*, gaps: bool) -> Answers:
    return Answers.of_rows(answers(gaps=gaps), NAMES)


@functools.cache
def fitted(name: str) -> Any:
    case = CASES[name]
    return sem(
        case["model"],
        data(gaps=case["gaps"]),
        estimator=case["estimator"],
        ordered=case["ordered"],
        missing=case.get("missing", "listwise"),
        std_lv=case.get("std_lv", False),
        fixed_x=case.get("fixed_x", True),
    )


@pytest.mark.parametrize("name", CASES)
def test_parameters_equal_lavaan(name: str) -> None:
    case, found = CASES[name], fitted(name)
    tolerance = GOLDEN["tolerance"]
    assert found.converged
    table = case["parameters"]
    ours = {(p.lhs, p.op, p.rhs): p for p in found.parameters}
    ours |= {(p.rhs, p.op, p.lhs): p for p in found.parameters if p.op == "~~"}
    compared = 0
    for i, key in enumerate(zip(table["lhs"], table["op"], table["rhs"], strict=True)):
        if key[1] == ":=":
            p = next(p for p in found.parameters if p.op == ":=" and p.lhs == key[0])
        elif key not in ours:
            # lavaan lists the means that ordered items and constructs do not have
            assert key[1] == "~1"
            assert not table["se"][i]
            continue
        else:
            p = ours[key]
        compared += 1
        scale = max(1.0, abs(table["est"][i]))
        assert p.est == pytest.approx(table["est"][i], abs=tolerance["est"] * scale), key
        if table["se"][i] is not None:
            assert p.se == pytest.approx(table["se"][i], rel=tolerance["se"], abs=1e-5), key
        assert p.std_all == pytest.approx(table["std.all"][i], abs=tolerance["est"] * scale), key
        assert p.std_lv == pytest.approx(table["std.lv"][i], abs=tolerance["est"] * scale), key
        if table["std.se"][i]:
            assert p.std_all_se == pytest.approx(table["std.se"][i], rel=tolerance["se"], abs=1e-5), key
    assert compared >= case["fit"]["npar"] / 2


@pytest.mark.parametrize("name", CASES)
def test_fit_measures_equal_lavaan(name: str) -> None:
    found, tolerance = fitted(name).fit, GOLDEN["tolerance"]["fit"]
    for measure, value in CASES[name]["fit"].items():
        ours = found.get(measure.replace(".", "_"), float("nan"))
        if value is not None:
            assert ours == pytest.approx(value, rel=tolerance, abs=tolerance), measure


def test_residuals_of_every_pair_have_their_z() -> None:
    rows = answers()
    found = sem("A =~ a1 + a2 + a3 + a4", Answers.of_rows(rows, NAMES), residuals=True)
    z = found.residual_z
    assert z.shape == (4, 4)
    np.testing.assert_allclose(z, z.T)
    assert found.tables()["moments"].rows == 6
    assert len(found.to_dict()["residual_z"]) == 4
    assert "moments" not in sem("A =~ a1 + a2 + a3 + a4", Answers.of_rows(rows, NAMES)).tables()


def test_residuals_beside_covariates_say_what_they_are_about() -> None:
    case = CASES["given_wlsmv"]
    found = sem(case["model"], data(gaps=False), estimator="WLSMV", ordered=case["ordered"], residuals=True)
    assert np.isnan(found.residual_z[-1]).all()
    assert "covariates leave" in found.tables()["moments"].notes[1].en


def test_ordered_items_by_the_flag_leave_quantities_numbers() -> None:
    case = CASES["given_outcome"]
    by_flag = sem(case["model"], data(gaps=False), estimator="WLSMV", ordered=True)
    assert by_flag.fit["chisq"] == pytest.approx(fitted("given_outcome").fit["chisq"])


def test_what_ordered_items_cannot_do_is_said() -> None:
    with pytest.raises(BadInput, match=r"a1 has 4 \(t1 to t4\)"):
        sem("A =~ a1 + a2 + a4\na1 | t7", data(gaps=False), estimator="WLSMV", ordered=["a1", "a2", "a4"])
    with pytest.raises(BadInput, match="Declare the item ordered"):
        sem("A =~ a1 + a2 + a4\na1 | t1", data(gaps=False))


def test_rules_that_contradict_each_other_are_named() -> None:
    with pytest.raises(CannotCompute, match=r"p \+ q == 2; p \+ q == 3"):
        sem("A =~ a1 + p*a2 + q*a4\np + q == 2\np + q == 3", data(gaps=False))
    with pytest.raises(BadInput, match="fixed numbers and does not hold"):
        sem("A =~ 1*a1 + p*a1 + a2 + a4\np > 2*p", data(gaps=False))


def test_a_rule_at_its_edge_is_said_under_the_table() -> None:
    found = fitted("reached_ml")
    assert "p < r" in next(c.text.en for c in found.cautions if c.code == "on_rule")
    assert not [c for c in fitted("slack_ml").cautions if c.code == "on_rule"]
    assert found.to_dict()["rules"] == ["p < r"]
    assert "Held among the parameters: p < r." in found.summary()


def test_the_command_takes_ordered_items_and_residuals(tmp_path: Path) -> None:
    import csv

    path, model = tmp_path / "answers.csv", tmp_path / "model.txt"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(NAMES)
        out.writerows(answers().tolist())
    model.write_text(CASES["given_wlsmv"]["model"], encoding="utf-8")
    asked = ["sem", str(path), "--model", str(model), "--estimator", "WLSMV", "--json", "--residuals"]
    assert run([*asked, "--ordered-items", "a1,a2,a4,b1,b2,b3"]) == 0
    assert run([*asked, "--ordered-items", "a1,a2,a4,b1,b2,bx"]) == 2


def test_effects_of_covariates_are_found_again() -> None:
    rng = np.random.default_rng(11)
    n = 6000
    age, member = rng.normal(size=n), (rng.random(n) < 0.5).astype(float)
    factor = 0.5 * age - 0.4 * member + rng.normal(size=n)
    items = factor[:, None] * [1.0, 0.8, 1.2, 0.9] + rng.normal(size=(n, 4))
    coded = np.digitize(items, [-1.5, -0.5, 0.5, 1.5]) + 1.0
    found = sem(
        "F =~ y1 + y2 + y3 + y4\nF ~ age + member",
        Answers.of_rows(np.column_stack([coded, age, member]), ["y1", "y2", "y3", "y4", "age", "member"]),
        estimator="WLSMV",
        ordered=True,
    )
    # the first item's residual has variance 1 and the factor 1: given the covariates both make 2
    for name, truth in (("age", 0.5 / np.sqrt(2)), ("member", -0.4 / np.sqrt(2))):
        p = found.parameter("F", "~", name)
        assert p is not None
        assert abs(p.est - truth) < 4 * p.se < 0.15


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rule=st.sampled_from(
        [
            "p > 0.5",
            "p*q == 0.7",
            "p == 2*q",
            "exp(p) == 2",
            "1/q == 3",
            "p^2 + q^2 < 1",
            "p < q",
            "log(p) > 1",
        ]
    ),
    estimator=st.sampled_from(["ML", "MLR", "WLSMV", "ULSMV"]),
    covariate=st.sampled_from(["", "\nF ~ x", "\nF ~ x + y4"]),
)
def test_no_rule_and_no_answers_end_in_a_traceback(
    seed: int, rule: str, estimator: str, covariate: str
) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.choice([12, 40, 150]))
    rows = rng.normal(size=(n, 1)) * rng.normal(size=5) + rng.normal(size=(n, 5))
    rows[:, :3] = np.digitize(rows[:, :3], np.sort(rng.normal(size=int(rng.integers(1, 5)))))
    rows[rng.random(rows.shape) < 0.05] = np.nan
    ordered = ["y1", "y2", "y3"] if estimator in ("WLSMV", "ULSMV") else []
    try:
        found = sem(
            f"F =~ y1 + p*y2 + q*y3{covariate}\n{rule}",
            Answers.of_rows(rows, ["y1", "y2", "y3", "y4", "x"]),
            estimator=estimator,
            ordered=ordered,
        )
    except CsatError as error:
        assert str(error)
        return
    assert found.summary()
    if found.verdict.level == "sound":
        label = {p.label: p.est for p in found.parameters if p.label}
        left, operator, right = re.split("(==|<|>)", rule)
        gap = eval_rule(left, label) - eval_rule(right, label)
        assert {"==": abs(gap), "<": gap, ">": -gap}[operator] < 1e-6


def eval_rule(text: str, values: dict[str, float]) -> float:
    model = parse_model(f"F =~ p*x1 + q*x2\nz := {text}")
    return model.rules[0].right.value(values)
