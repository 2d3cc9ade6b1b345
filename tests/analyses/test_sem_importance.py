"""Importance by total effects of a structural model, alone and as a measure of the priorities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csat.analyses.priorities_words import IMPORTANCE_NAMES, SHORT_NAMES
from csat.analyses.sem import sem
from csat.analyses.sem_importance import SEM_EFFECT, sem_importance
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.grouped import GroupedModel
from csat.chain.importance import SEM_EFFECT as NAME_IN_CHAIN
from csat.cli import run
from csat.errors import CannotCompute, UnknownName
from csat.instrument.syntax import parse_model
from csat.numerics.resampling import poisson_multiplicities
from csat.survey import Survey, read
from golden_data import reference_path

NAMES = tuple(f"{c}{i}" for c in "svl" for i in (1, 2, 3))
MODEL = """
service =~ s1 + s2 + s3
value =~ v1 + v2 + v3 + s3
loyalty =~ l1 + l2 + l3
value ~ service
loyalty ~ value + service
"""


def rows(n: int = 250, seed: int = 4) -> np.ndarray:
    z = np.random.default_rng(seed).standard_normal((n, 12))
    service = z[:, 0]
    value = 0.6 * service + 0.8 * z[:, 1]
    loyalty = 0.5 * value + 0.3 * service + 0.7 * z[:, 2]
    f = np.column_stack([service, service, service + 0.4 * value] + [value] * 3 + [loyalty] * 3)
    return 0.85 * f + 0.5 * z[:, 3:]


def asked(**own: Any) -> Any:
    given: dict[str, Any] = {"names": ("service", "value", "s1", "s3", "v2", "l1"), "target": "loyalty"}
    return sem_importance(parse_model(MODEL), Answers.of_rows(rows(), NAMES), **(given | own))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated answers to the bank's questionnaire, whose model holds."""
    path = tmp_path_factory.mktemp("bank") / "bank.csv"
    assert run(["simulate", "bank_corporate", "-n", "300", "--seed", "3", "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def bank(data: Path) -> Survey:
    return read(data, "bank_corporate")


def test_a_construct_counts_by_its_standardised_total_effect() -> None:
    model = sem(MODEL, Answers.of_rows(rows(), NAMES))
    effects = {(e.cause, e.effect): e.std_total for e in model.effects}
    found = asked().values
    assert found[0] == pytest.approx(effects["service", "loyalty"], abs=1e-10)
    assert found[1] == pytest.approx(effects["value", "loyalty"], abs=1e-10)


def test_an_item_counts_by_its_loading_times_the_effect_of_its_construct() -> None:
    model = sem(MODEL, Answers.of_rows(rows(), NAMES))
    loading = {(p.lhs, p.rhs): p.std_all for p in model.loadings}
    effects = {(e.cause, e.effect): e.std_total for e in model.effects}
    service, value = effects["service", "loyalty"], effects["value", "loyalty"]
    found = asked().values
    assert found[2] == pytest.approx(loading["service", "s1"] * service)
    assert found[3] == pytest.approx(loading["service", "s3"] * service + loading["value", "s3"] * value)
    assert found[4] == pytest.approx(loading["value", "v2"] * value)
    # an item of the target itself shows it by its loading
    assert found[5] == pytest.approx(loading["loyalty", "l1"])


def test_a_replicate_is_the_importance_among_its_respondents() -> None:
    drawn = asked(replicates=20, seed=3).drawn
    times = np.vstack(list(poisson_multiplicities(np.arange(250), 20, seed=3)))[11].astype(int)
    alone = sem_importance(
        parse_model(MODEL),
        Answers.of_rows(np.repeat(rows(), times, axis=0), NAMES),
        names=("service", "value", "s1", "s3", "v2", "l1"),
        target="loyalty",
    )
    assert drawn.shape == (6, 20)
    assert drawn[:, 11] == pytest.approx(alone.values, abs=1e-6)


def test_a_name_the_model_does_not_hold_is_said() -> None:
    with pytest.raises(CannotCompute, match="says nothing of price"):
        asked(names=("service", "price"))
    with pytest.raises(CannotCompute, match="says nothing of joy"):
        asked(target="joy")


def test_a_failed_verdict_refuses_the_importance() -> None:
    # s2 goes with s1 by .9 and with s3 by .6, these by .3: its residual variance comes out negative
    z = np.random.default_rng(1).standard_normal((250, 4))
    x = rows()
    x[:, 1] = z[:, 0]
    x[:, 2] = 0.6 * z[:, 0] + 0.8 * z[:, 1]
    x[:, 0] = 1.125 * x[:, 1] - 0.375 * x[:, 2] + 0.3 * z[:, 2]
    x[:, 6:] += 0.8 * z[:, :1]
    with pytest.raises(CannotCompute, match="must not be used"):
        sem_importance(
            parse_model("service =~ s1 + s2 + s3\nloyalty =~ l1 + l2 + l3\nloyalty ~ service"),
            Answers.of_rows(x, NAMES),
            names=("service",),
            target="loyalty",
        )


# As a measure of the priorities


def test_priorities_place_items_by_it_with_certainty(bank: Survey) -> None:
    found = bank.priorities(importance="sem", replicates=200)
    model = bank.sem()
    assert found.importance_name == SEM_EFFECT == NAME_IN_CHAIN
    loading = {p.rhs: (p.lhs, p.std_all) for p in model.loadings}
    effects = {e.cause: e.std_total for e in model.effects if e.effect == "Satisfaction"}
    wanted = [loading[i][1] * effects[loading[i][0]] for i in found.items]
    assert found.importance == pytest.approx(wanted)
    assert found.certainty is not None
    assert found.certainty.measures[0] == SEM_EFFECT
    assert found.certainty.replicates == 200
    assert found.certainty.main.probability.sum(axis=1) == pytest.approx(np.ones(len(found.items)))
    assert "not causal" in [c.code for c in found.cautions]


def test_priorities_place_constructs_by_it(bank: Survey) -> None:
    found = bank.priorities(importance="sem", level="construct", replicates=100, measures=["pls"])
    effects = {e.cause: e.std_total for e in bank.sem().effects if e.effect == "Satisfaction"}
    assert found.importance == pytest.approx([effects[c] for c in found.items])
    assert list(found.also) == ["PLS total effect"]


def test_it_may_stand_beside_another_measure(bank: Survey) -> None:
    found = bank.priorities(measure="|r|", measures=["sem"], replicates=100)
    assert found.importance_name == "|r|"
    alone = bank.priorities(importance="sem", replicates=0)
    assert found.also[SEM_EFFECT] == pytest.approx(alone.importance)


def test_an_unknown_measure_names_it_among_the_known(bank: Survey) -> None:
    with pytest.raises(UnknownName, match="sem"):
        bank.priorities(measures=["semm"])


def test_it_has_words_in_both_languages() -> None:
    for words in (IMPORTANCE_NAMES, SHORT_NAMES):
        assert words[SEM_EFFECT].en
        assert words[SEM_EFFECT].zh != words[SEM_EFFECT].en


def test_a_doubtful_model_is_said_and_has_no_certainty_where_replicates_have_no_optimum() -> None:
    survey = read(reference_path("data", "mobi.csv"), "ecsi")
    assert survey.sem().verdict.level == "doubtful"
    found = survey.priorities(importance="sem", replicates=0)
    caution = next(c for c in found.cautions if c.code == "model doubtful")
    assert "told apart" in caution.text.en
    assert "存疑" in caution.text.zh
    with pytest.raises(CannotCompute, match="no optimum in more than 5%"):
        survey.priorities(importance="sem", replicates=200)


# The command line


def test_the_command_line_sets_priorities_by_it(
    data: Path, bank: Survey, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["priorities", str(data), "-i", "bank_corporate", "--importance", "sem",
                "--replicates", "60", "--json"])  # fmt: skip
    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert said["importance_name"] == SEM_EFFECT
    assert said["importance"] == pytest.approx(bank.priorities(importance="sem", replicates=0).importance)


def test_the_command_line_resamples_a_model(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.txt"
    model.write_text("Satisfaction ~ a*Image\nImage ~ b*Service\nindirect := a*b\n")
    base = [str(data), "-i", "bank_corporate", "--model", str(model), "--bootstrap", "80", "--seed", "2"]
    assert run(["sem", *base, "--interval", "bca", "--bollen-stine", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["bootstrap"]["interval"] == "bca"
    assert said["bootstrap"]["seed"] == 2
    assert 0 <= said["bootstrap"]["bollen_stine_p"] <= 1
    indirect = next(p for p in said["parameters"] if p["lhs"] == "indirect")
    assert indirect["boot_lower"] < indirect["est"] < indirect["boot_upper"]
    assert indirect["std_all_boot_se"] > 0
    effect = next(e for e in said["effects"] if (e["cause"], e["effect"]) == ("Service", "Satisfaction"))
    assert effect["indirect_boot_lower"] == pytest.approx(indirect["boot_lower"])
    assert run(["cfa", *base, "--lang", "zh"]) == 0
    assert "自助法" in capsys.readouterr().out


def test_how_respondents_were_drawn_is_honoured_by_the_bootstrap_alone(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["sem", str(data), "-i", "bank_corporate", "--strata", "industry"]
    assert run([*base, "--bootstrap", "60", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bootstrap"]["used"] > 50
    assert run(base) == 2
    assert "--bootstrap 1000" in capsys.readouterr().err


def test_rules_among_parameters_hold_in_the_importance_too() -> None:
    data = Answers.of_rows(rows(), NAMES)
    text = MODEL.replace("value + service", "b*value + c*service") + "b == 2*c\n"
    found = sem_importance(
        parse_model(text), data, names=["service", "value"], target="loyalty", replicates=60
    )
    free = sem_importance(
        parse_model(MODEL), data, names=["service", "value"], target="loyalty", replicates=60
    )
    assert np.isfinite(found.drawn).all(axis=0).mean() > 0.95
    assert found.values != pytest.approx(free.values, abs=1e-3)
    assert abs(np.nanmean(found.drawn, axis=1) - found.values).max() < 0.05


def test_groups_are_resampled_by_their_own_rows(bank: Survey) -> None:
    column = bank.responses.instrument.segments[0].column
    found = bank.cfa(bootstrap=60, group=column, group_equal=["loadings"])
    assert isinstance(found, GroupedModel)
    assert found.bootstrap is not None
    one, other = (
        [p.boot_se for p in part.parameters if p.op == "~1"] for part in list(found.by_group.values())[:2]
    )
    assert one != pytest.approx(other, rel=1e-3)


# What if


def test_a_rise_of_a_construct_goes_with_its_total_effect_in_points(bank: Survey) -> None:
    found = bank.what_if({"Image": 0.4}, method="sem", replicates=100)
    model = bank.sem()
    total = next(e.total for e in model.effects if (e.cause, e.effect) == ("Image", "Satisfaction"))
    # all items have five points, so that an answer unit is 25 points of 100
    level = {c: np.mean([p.est for p in model.loadings if p.lhs == c]) for c in ("Image", "Satisfaction")}
    wanted = 0.4 * 25 * total * level["Satisfaction"] / level["Image"]
    assert found.index.change[0] == pytest.approx(wanted)
    assert found.index.ci_lower[0] < wanted < found.index.ci_upper[0]
    assert found.method == "sem"
    assert "structural model" in found.table().to_text("en")
    assert "结构方程" in found.table().to_text("zh")
    assert found.base.missing == "listwise"


def test_an_item_moves_its_construct_by_its_share(bank: Survey) -> None:
    found = bank.what_if({"Image": 0.4, "x1": 0.4, "x2": 0.4}, method="sem", replicates=100)
    assert found.index.change[1] == pytest.approx(found.index.change[0] / 2)
    assert found.index.change[1:3].sum() == pytest.approx(found.index.change[0])


def test_the_command_line_takes_the_effects_of_the_structural_model(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["whatif", str(data), "-i", "bank_corporate", "--raise", "x3=0.3", "--replicates", "100", "--json"]
    assert run([*base, "--method", "sem"]) == 0
    assert json.loads(capsys.readouterr().out)["method"] == "sem"


def test_a_model_whose_replicates_have_no_optimum_says_no_what_if() -> None:
    survey = read(reference_path("data", "mobi.csv"), "ecsi")
    with pytest.raises(CannotCompute, match="no optimum"):
        survey.what_if({"im1": 0.5}, method="sem", replicates=150)
