"""Rules among parameters, ordered items beside numbers, and covariates: lavaan 0.6-14's numbers."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from csat.analyses.sem import sem
from csat.analyses.structural.answers import Answers
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
