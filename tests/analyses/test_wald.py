"""Wald tests of rules among labels: against lavaan's lavTestWald, by law, and from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from csat.analyses.sem import sem, sem_by_group
from csat.analyses.structural.answers import Answers
from csat.cli import run
from csat.errors import BadInput, UnknownName
from golden_data import recipe_matrix, reference
from group_cases import ITEMS, two_groups

MODEL = "f =~ x1 + l2*x2 + l3*x3\nh =~ x4 + x5 + x6\nh ~ b*f\ntwice := 2*b"


def answers() -> Answers:
    return Answers.of_rows(two_groups()[0], ITEMS)


def test_wald_tests_are_lavaans() -> None:
    golden = reference("sem")["satisfaction_gender"]["ecsi5_wald"]
    items = golden["recipe"]["columns"]
    rows = Answers.of_rows(recipe_matrix(golden["recipe"]), items)
    asked = [w["constraints"] for w in golden["wald"]]
    found = sem(golden["model"], rows, wald=asked)
    assert [w.rule for w in found.wald] == asked
    for ours, theirs in zip(found.wald, golden["wald"], strict=True):
        assert (ours.df, ours.chisq) == (theirs["df"], pytest.approx(theirs["stat"], rel=1e-6))
        assert ours.p == pytest.approx(theirs["p"], rel=1e-6)


def test_the_test_of_one_parameter_is_its_z_squared() -> None:
    for estimator in ("ML", "MLR", "MLM"):
        found = sem(MODEL, answers(), estimator=estimator, wald=["b == 0", "twice == 0", "0 == b"])
        b = next(p for p in found.parameters if p.label == "b")
        for test in found.wald:
            assert (test.df, test.chisq) == (1, pytest.approx(b.z**2))
            assert test.p == pytest.approx(b.p)


def test_a_rule_said_twice_counts_once() -> None:
    one, two = sem(MODEL, answers(), wald=["l2 == l3", "l2 == l3; 2*l2 == 2*l3"]).wald
    assert (two.df, two.chisq) == (1, pytest.approx(one.chisq))


def test_labels_of_two_groups_are_tested_against_each_other() -> None:
    x, g, _ = two_groups()
    data = {n: Answers.of_rows(x[g == n], ITEMS) for n in ("first", "second")}
    model = "f =~ x1 + x2 + x3\nh =~ x4 + x5 + x6\nh ~ c(b1, b2)*f"
    found = sem_by_group(model, data, wald=["b1 == b2"])
    one, two = (p for p in found.parameters if p.op == "~")
    assert found.wald[0].chisq == pytest.approx((one.est - two.est) ** 2 / (one.se**2 + two.se**2))
    assert "b1 == b2" in found.text("en")
    assert "Wald 检验" in found.text("zh")


@pytest.mark.parametrize(
    ("rule", "error", "words"),
    [
        ("b > 0", BadInput, "no equality"),
        ("h ~ x1", BadInput, "no equality"),
        ("b == c", UnknownName, "'c'"),
        ("b ==", BadInput, "b =="),
    ],
)
def test_what_is_no_rule_is_said(rule: str, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        sem(MODEL, answers(), wald=[rule])


def test_the_command_line_tests_rules(tmp_path: Path, capsys: Any) -> None:
    lines = [",".join(ITEMS), *(",".join(map(repr, row)) for row in two_groups()[0].tolist())]
    (tmp_path / "d.csv").write_text("\n".join(lines))
    (tmp_path / "m.txt").write_text(MODEL)
    words = ["sem", str(tmp_path / "d.csv"), "--model", str(tmp_path / "m.txt")]
    assert run([*words, "--wald", "l2 == l3", "--wald", "b == 0", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [w["rule"] for w in found["wald"]] == ["l2 == l3", "b == 0"]
    assert run([*words, "--wald", "nothing == 0"]) == 2
    assert "nothing" in capsys.readouterr().err
