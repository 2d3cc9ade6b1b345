"""Ordered items as causes, covariates in several groups, two answers: every number is lavaan 0.6-14's."""

from __future__ import annotations

import csv
import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csat.analyses.invariance import invariance
from csat.analyses.sem import cfa, cfa_by_group, sem, sem_by_group
from csat.analyses.structural.answers import Answers
from csat.cli import run
from csat.errors import CannotCompute
from language_data import NAMES, answers

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "golden/sem_ordered.json").read_text(encoding="utf-8")
)
CASES = [name for name in GOLDEN if name != "_meta"]
TWO_ANSWERS = (0, 1, 3, 4, 5)
MEASURED = "A =~ a1 + a2 + a4\nB =~ b1 + b2 + b3"
ITEMS = ("a1", "a2", "a4", "b1", "b2", "b3")
OFF_FOR_GROUPS = ("cfi.robust", "tli.robust", "nnfi.robust", "rni.robust")
"""lavaan 0.6-14 divides the baseline's traces by the shares of the groups once too often."""


def drawn(*, gaps: bool = False, n: int = 500, seed: int = 2, halved: bool = False) -> np.ndarray:
    rows = answers(gaps=gaps, n=n, seed=seed).copy()
    for j in TWO_ANSWERS if halved else ():
        rows[:, j] = np.where(np.isnan(rows[:, j]), np.nan, (rows[:, j] > 3) + 1.0)
    return rows


def parted(rows: np.ndarray, names: list[str]) -> dict[str, Answers]:
    """By member; names : lavaan's labels of the groups, in its order."""
    return {g: Answers.of_rows(rows[rows[:, NAMES.index("member")] == float(g)], NAMES) for g in names}


@functools.cache
def fitted(name: str) -> Any:
    case = GOLDEN[name]
    rows, options = drawn(**case["data"]), dict(case["options"])
    named: dict[str, Any] = {
        "estimator": options["estimator"],
        "ordered": options["ordered"],
        "missing": options.get("missing", "listwise"),
        "std_lv": options.get("std.lv", False),
    }
    if "group" not in options:
        return sem(case["model"], Answers.of_rows(rows, NAMES), **named)
    equal = tuple(options.get("group.equal", ()))
    return sem_by_group(case["model"], parted(rows, case["groups"]), group_equal=equal, **named)


@pytest.mark.parametrize("name", CASES)
def test_parameters_are_lavaans(name: str) -> None:
    case, found = GOLDEN[name], fitted(name)
    table, groups = case["parameters"], case["groups"] or []
    by_theta = "parameterization" in case["options"]
    assert found.converged
    ours = {(p.lhs, p.op, p.rhs if p.op != ":=" else "", p.group): p for p in found.parameters}
    ours |= {(p.rhs, p.op, p.lhs, p.group): p for p in found.parameters if p.op == "~~"}
    keys = zip(table["lhs"], table["op"], table["rhs"], strict=True)
    compared = 0
    for i, (lhs, op, rhs) in enumerate(keys):
        if op == "~*~" and not groups:
            continue
        group = groups[table["group"][i] - 1] if groups and table["group"][i] else ""
        p = ours[lhs, op, "" if op == ":=" else rhs, group]
        pairs = [("std_all", "std.all", 1e-5, 1e-5)]
        # lavaan has no standardised errors of what is made of others by the model's own scale
        pairs += [("std_all_se", "std.all.se", 1e-4, 1e-5)]
        pairs += [] if by_theta else [("est", "est", 1e-5, 1e-5), ("se", "se", 1e-4, 1e-5)]
        for own, theirs, rel, floor in pairs:
            value = table[theirs][i] if theirs in table else None
            if value is None or (by_theta and op in ("~*~", ":=")):
                continue
            assert getattr(p, own) == pytest.approx(value, rel=rel, abs=floor), (lhs, op, rhs, group, own)
            compared += 1
    assert compared > case["fit"]["npar"]


@pytest.mark.parametrize("name", CASES)
def test_fit_measures_are_lavaans(name: str) -> None:
    case, found = GOLDEN[name], fitted(name)
    compared = 0
    for dotted, golden in case["fit"].items():
        if "group" in case["options"] and dotted in OFF_FOR_GROUPS:
            continue
        ours = found.fit[dotted.replace(".", "_")]
        assert ours == pytest.approx(golden, rel=1e-4, abs=1e-4), dotted
        compared += 1
    assert compared > 25


def test_what_an_ordered_cause_is_and_that_covariates_count_as_numbers_is_said() -> None:
    def said(name: str, code: str) -> list[str]:
        return [c.text.en for c in fitted(name).cautions if c.code == code]

    assert "a1, b1: ordered and explains something" in said("mediator", "ordered_cause")[0]
    assert "b1: declared ordered, but only explains" in said("declared_covariates", "ordered_covariate")[0]
    # member has two answers: a number or ordered, it is the same
    assert "member" not in said("declared_covariates", "ordered_covariate")[0]
    assert not said("groups", "ordered_cause")


def test_an_ordered_cause_keeps_variance_one_down_a_chain() -> None:
    """As theta says; lavaan's delta leaves b1 and b2 a residual of 1, and a chi-square of its own."""
    found = sem(
        "a1 ~ age\nb1 ~ a1\nb2 ~ b1", Answers.of_rows(drawn(), NAMES), estimator="WLSMV", ordered=list(ITEMS)
    )
    est = {(p.lhs, p.op, p.rhs): p.est for p in found.parameters}
    # given age: each item is explained by the one before, whose variance is 1
    assert est["a1", "~~", "a1"] == pytest.approx(1.0, abs=1e-12)
    assert est["b1", "~~", "b1"] == pytest.approx(1 - est["b1", "~", "a1"] ** 2, abs=1e-12)
    assert est["b2", "~~", "b2"] == pytest.approx(1 - est["b2", "~", "b1"] ** 2, abs=1e-12)


def test_an_ordered_cause_is_fitted_to_several_groups() -> None:
    """Alone and together; one label in both groups brings the path between those of the two.

    Errors count n - 1 alone, and shares n_g / n of n - 2 together (lavaan's conventions).
    """
    groups = parted(drawn(n=900, seed=4), ["0", "1"])
    free = sem_by_group("a1 ~ age\nb1 ~ a1\nspend ~ b1", groups, estimator="WLSMV", ordered=["a1", "b1"])
    tied = sem_by_group(
        "a1 ~ age\nb1 ~ c(p, p)*a1\nspend ~ b1", groups, estimator="WLSMV", ordered=["a1", "b1"]
    )
    for name, own in groups.items():
        alone = sem("a1 ~ age\nb1 ~ a1\nspend ~ b1", own, estimator="WLSMV", ordered=["a1", "b1"])
        n, own_n = 900, len(own.rows)
        factor = np.sqrt(n * (own_n - 1) / (own_n * (n - 2)))
        for p in alone.parameters:
            q = next(
                q for q in free.parameters if (q.lhs, q.op, q.rhs, q.group) == (p.lhs, p.op, p.rhs, name)
            )
            assert q.est == pytest.approx(p.est, abs=1e-6)
            assert q.se == pytest.approx(p.se * factor, rel=1e-6, abs=1e-9)
            assert q.std_all_se == pytest.approx(p.std_all_se * factor, rel=1e-6, abs=1e-9)
    paths = [p.est for p in free.parameters if (p.lhs, p.op) == ("b1", "~")]
    common = next(p.est for p in tied.parameters if (p.lhs, p.op) == ("b1", "~"))
    assert min(paths) < common < max(paths)
    assert tied.fit["df"] == free.fit["df"] + 1


def test_second_order_constructs_of_variance_one_do_not_start_on_a_saddle() -> None:
    """All second-order loadings at 0 solve the equations too, but that is no minimum.

    lavaan 0.6-14: cfa(model, data, ordered = TRUE, estimator, std.lv = TRUE); printed to three decimals.
    """
    rng = np.random.default_rng(8)
    general = rng.normal(size=600)
    factors = 0.7 * general[:, None] + np.sqrt(1 - 0.49) * rng.normal(size=(600, 3))
    leaning = 0.75 * np.repeat(factors, 3, axis=1) + np.sqrt(1 - 0.75**2) * rng.normal(size=(600, 9))
    data = Answers.of_rows(np.searchsorted([-0.8, 0.1, 0.9], leaning) + 1.0, [f"y{i}" for i in range(1, 10)])
    model = "A =~ y1 + y2 + y3\nB =~ y4 + y5 + y6\nC =~ y7 + y8 + y9\nG =~ A + B + C"
    theirs = {
        "WLSMV": (13.447, 25.735, (0.964, 0.988, 1.079)),
        "ULSMV": (13.951, 26.078, (0.960, 0.986, 1.082)),
    }
    for estimator, (chisq, scaled, loadings) in theirs.items():
        found = cfa(model, data, estimator=estimator, ordered=True, std_lv=True)
        assert found.converged
        assert found.fit["chisq"] == pytest.approx(chisq, abs=5e-4)
        assert found.fit["chisq_scaled"] == pytest.approx(scaled, abs=5e-4)
        ours = [p.est for p in found.parameters if p.lhs == "G" and p.op == "=~"]
        assert ours == pytest.approx(loadings, abs=6e-4)


def test_two_answers_are_solved_in_a_few_steps_or_have_no_finite_solution() -> None:
    """Newton steps know how scales bend the moments; where scales run to 0 that is said."""
    for name in ("two_answers_600", "two_answers_900"):
        found = fitted(name)
        assert found.steps <= 25
    rows = drawn(n=400, seed=2, halved=True)
    # lavaan 0.6-14 does not converge either, with delta or theta
    astray = cfa_by_group(
        MEASURED,
        parted(rows, ["1", "0"]),
        group_equal=("loadings", "thresholds"),
        estimator="WLSMV",
        ordered=True,
    )
    assert not astray.converged
    assert astray.verdict.failed
    assert "no finite best solution" in astray.verdict.text.en


def test_the_scalar_level_of_two_answers_is_compared_with_the_first() -> None:
    """lavTestLRT(configural, scalar), lavaan 0.6-14."""
    groups = {g: a.select(ITEMS) for g, a in parted(drawn(n=900, seed=20, halved=True), ["1", "0"]).items()}
    found = invariance(MEASURED, groups, estimator="WLSMV", ordered=True, partial=False)
    rungs = {r.level: r for r in found.levels}
    assert list(rungs) == ["configural", "metric", "scalar", "strict"]
    assert rungs["scalar"].df < rungs["metric"].df
    assert [r.against for r in found.levels] == [None, "configural", "configural", "scalar"]
    assert rungs["scalar"].difference_df == rungs["scalar"].df - rungs["configural"].df
    assert rungs["scalar"].difference == pytest.approx(
        GOLDEN["two_answers_900"]["against_configural"], rel=1e-4
    )
    notes = [n.en for n in found.tables()["levels"].notes]
    assert any("is compared with configural" in n for n in notes)


def test_thresholds_in_common_say_nothing_of_numbers_alone() -> None:
    """lavaan leaves their intercepts and the means of constructs as they are."""
    groups = parted(drawn(), ["0", "1"])
    model = "A =~ a1 + a2 + a3 + a4"
    plain = cfa_by_group(model, groups, group_equal=("loadings",))
    found = cfa_by_group(model, groups, group_equal=("loadings", "thresholds"))
    assert found.fit["df"] == plain.fit["df"]
    assert not found.verdict.failed


def test_a_group_without_a_covariate_that_varies_is_named() -> None:
    groups = parted(drawn(), ["0", "1"])
    with pytest.raises(CannotCompute, match="group '0'"):
        sem_by_group(f"{MEASURED}\nA ~ member", groups, estimator="WLSMV", ordered=True)


def test_the_command_takes_covariates_of_groups_and_ordered_causes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "answers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(NAMES)
        out.writerows(drawn().tolist())
    for name in ("groups_thresholds", "both_ordered"):
        case, model = GOLDEN[name], tmp_path / f"{name}.txt"
        model.write_text(case["model"], encoding="utf-8")
        asked = ["sem", str(path), "--model", str(model), "--estimator", "WLSMV", "--json"]
        if "group" in case["options"]:
            asked += ["--group", "member", "--group-equal", "loadings,thresholds"]
        capsys.readouterr()
        assert run([*asked, "--ordered-items", ",".join(case["options"]["ordered"])]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["fit"]["chisq"] == pytest.approx(case["fit"]["chisq"], abs=1e-3)
