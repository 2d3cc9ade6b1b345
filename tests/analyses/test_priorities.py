"""Priorities: the fixtures of METHODS 12, derived importance by brute force, and what is doubted."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

from csat.analyses import importance as importance_module
from csat.analyses.importance import derived_importance, importance_replicates
from csat.analyses.priorities import Priorities, priorities
from csat.analyses.result import Base
from csat.chain import Chain
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.instrument.instrument import Scale
from csat.language import Text
from csat.tally.tally import count
from golden_data import reference_rows
from small_surveys import FIVE, TEN, bound

BASE = Base(respondents=200, effective_n=200.0, missing="available", rows=200)
ITEMS = ("hall", "fees", "staff", "lines")
PERFORMANCE, IMPORTANCE = (4.2, 3.1, 4.0, 2.9), (4.5, 4.6, 3.0, 3.2)


def fixture(**options: Any) -> Priorities:
    given: dict[str, Any] = {
        "items": ITEMS,
        "performance": PERFORMANCE,
        "importance": IMPORTANCE,
        "importance_name": "stated",
        "base": BASE,
        "performance_range": (1.0, 5.0),
    }
    return priorities(**(given | options))


def codes(result: Priorities) -> list[str]:
    return [c.code for c in result.cautions]


# METHODS 12


def test_means_split_the_fixture_into_its_four_quadrants() -> None:
    result = fixture()
    assert (result.centre_performance, result.centre_importance) == pytest.approx((3.55, 3.825))
    assert result.quadrants == ("keep up", "improve first", "possible overkill", "low priority")


def test_at_the_midpoint_a_value_on_the_line_counts_as_high() -> None:
    result = fixture(centre="midpoint")
    assert (result.centre_performance, result.centre_importance) == (3.0, 3.0)
    assert result.quadrants == ("keep up", "keep up", "keep up", "improve first")
    assert "midpoint" in codes(result)


def test_medians_give_the_same_quadrants_as_means() -> None:
    result = fixture(centre="median")
    assert (result.centre_performance, result.centre_importance) == pytest.approx((3.55, 3.85))
    assert result.quadrants == fixture().quadrants


def test_rounding_does_not_push_equal_items_off_the_line() -> None:
    values = [0.1 + 0.2] * 3
    result = priorities(items="abc", performance=values, importance=values, importance_name="|r|", base=BASE)
    assert result.quadrants == ("keep up",) * 3


def test_the_crosshair_may_be_given_wholly_or_on_one_axis() -> None:
    both = fixture(centre="value", centre_at=(4.0, 4.0))
    assert both.quadrants == ("keep up", "improve first", "possible overkill", "low priority")
    one = fixture(centre="value", centre_at=(2.0, None))
    assert one.centre_importance == pytest.approx(3.825)
    assert "improve first" not in one.quadrants


# Order, gap, firmness


def test_items_are_ranked_by_quadrant_and_then_by_urgency() -> None:
    result = priorities(
        items="abcdef",
        performance=[40, 60, 50, 90, 80, 90],
        importance=[0.5, 0.9, 0.8, 0.7, 0.15, 0.16],
        importance_name="LMG share",
        base=BASE,
    )
    # c is nearly as important as b and weaker
    assert [result.items[i] for i in np.argsort(result.rank)] == ["c", "b", "d", "a", "e", "f"]
    assert result.quadrants[0] == "low priority"
    assert result.table().column("item") == ("c", "b", "d", "a", "e", "f")
    assert result.table().column("rank") == (1, 2, 3, 4, 5, 6)


def test_a_planted_important_and_weak_item_comes_first() -> None:
    rng = np.random.default_rng(0)
    n = 600
    x = rng.normal(size=(n, 4))
    y = x @ [0.2, 0.7, 0.2, 0.1] + 0.5 * rng.normal(size=n)
    shift = np.array([0.4, -0.6, 0.3, 0.0])
    answers = np.clip(np.round(3.2 + shift + x), 1, 5)
    columns: dict[str, Any] = {f"x{j}": answers[:, j].tolist() for j in range(4)}
    columns["y"] = np.clip(np.round(3 + y), 1, 5).tolist()
    tally = count(bound(columns, dict.fromkeys(columns, FIVE)))
    values, name, _ = derived_importance(tally, outcome=["y"], items=["x0", "x1", "x2", "x3"])
    part = tally.select(["x0", "x1", "x2", "x3"])
    result = priorities(
        items=part.items,
        performance=25 * (part.means() - 1),
        performance_se=25 * part.mean_se(),
        importance=values,
        importance_name=name,
        base=BASE,
    )
    assert [t.en for t, _ in result.improve_first()] == ["x1"]
    assert result.firm[1] is True
    assert "x1" in result.headline()[0].say("zh")


def test_a_gap_is_taken_only_where_both_axes_have_one_unit() -> None:
    assert fixture().gap == pytest.approx([-0.3, -1.5, 1.0, -0.3])
    derived = fixture(importance_name="LMG share", iso_priority=True)
    assert np.isnan(derived.gap).all()
    assert not derived.iso_priority
    assert "no common unit" in codes(derived)
    assert fixture(iso_priority=True).iso_priority
    assert "gap" not in derived.table().columns


def test_an_item_within_sampling_error_of_the_line_is_not_firm() -> None:
    result = fixture(performance_se=[0.1, 0.3, 0.1, 0.1])
    assert result.firm == (True, False, True, True)
    caution = next(c for c in result.cautions if c.code == "not firm")
    assert caution.where == ("fees",)
    assert "not firm" in result.improve_first()[0][1].en
    assert fixture().firm == (None,) * 4


# What is doubted and refused


def test_stated_importance_that_hardly_differs_is_doubted() -> None:
    close = fixture(importance=[4.5, 4.6, 4.4, 4.5])
    assert "stated importance hardly differs" in codes(close)
    assert "stated importance hardly differs" not in codes(fixture())
    assert "not causal" not in codes(close)
    assert "not causal" in codes(fixture(importance_name="|r|"))


def test_derived_importance_has_no_midpoint() -> None:
    result = fixture(importance_name="LMG share", centre="midpoint")
    assert result.centre_importance == pytest.approx(3.825)
    assert "no midpoint" in codes(result)


def test_an_item_without_numbers_is_left_out_and_named() -> None:
    result = fixture(performance=[4.2, math.nan, 4.0, 2.9])
    assert result.items == ("hall", "staff", "lines")
    assert next(c for c in result.cautions if c.code == "left out").where == ("fees",)


def test_fewer_than_two_items_cannot_be_placed() -> None:
    with pytest.raises(CannotCompute, match="only 1 of 4 items"):
        fixture(performance=[4.2, math.nan, math.nan, math.nan])


def test_wrong_calls_are_answered() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'median'"):
        fixture(centre="medain")
    with pytest.raises(BadInput, match="centre_at"):
        fixture(centre="value")
    with pytest.raises(BadInput, match="do not match"):
        fixture(performance=[1, 2])


# What is shown


def test_several_measures_stand_side_by_side_with_their_agreement() -> None:
    result = priorities(
        items="abcd",
        performance=[1, 2, 3, 4],
        importance=[1, 2, 3, 4],
        importance_name="LMG share",
        also={"relative weight": [1, 3, 2, 4], "|r|": [2, 1, 3, 4]},
        base=BASE,
    )
    assert result.agreement == pytest.approx(0.777778, abs=5e-7)
    assert result.table("measures").columns == ("item", "measure_0", "measure_1", "measure_2")
    assert math.isnan(fixture().agreement)


def test_the_result_prints_draws_and_is_json_in_both_languages() -> None:
    titles = {"fees": Text("Fees are reasonable", "收费合理")}
    result = fixture(titles=titles, performance_se=[0.1] * 4, iso_priority=True)
    for language in ("en", "zh"):
        text = result.summary(language)
        assert ("收费合理" if language == "zh" else "Fees are reasonable") in text
    assert "<svg" in result.plots()["quadrant"].svg("zh")
    assert "收费合理" in result.plots()["quadrant"].description.zh
    held = json.loads(json.dumps(result.to_dict()))
    assert held["quadrants"] == list(result.quadrants)
    assert held["firm"] == [True, True, True, True]


# Derived importance


def mobile() -> dict[str, list[int]]:
    header, rows = reference_rows("data/mobi.csv")
    wanted = [c for c in header if c.startswith(("IMAG", "CUEX", "PERQ", "PERV", "CUSA"))]
    return {i: [int(row[header.index(i)]) for row in rows] for i in wanted}


def r2_of(x: np.ndarray, y: np.ndarray) -> float:
    if not x.shape[1]:
        return 0.0
    design = np.column_stack([np.ones(len(x)), x])
    e = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return 1 - float(e @ e) / float(((y - y.mean()) ** 2).sum())


def test_lmg_of_items_is_the_mean_gain_over_all_orders() -> None:
    columns = mobile()
    items, outcome = ["IMAG1", "IMAG2", "PERQ1", "PERV1"], ["CUSA1", "CUSA2", "CUSA3"]
    tally = count(bound(columns, dict.fromkeys(columns, TEN)))
    values, name, cautions = derived_importance(tally, outcome=outcome, items=items)
    x = np.array([columns[i] for i in items], dtype=float).T
    y = np.mean([columns[o] for o in outcome], axis=0)
    gains = np.zeros(4)
    for order in itertools.permutations(range(4)):
        for k, j in enumerate(order):
            gains[j] += (r2_of(x[:, order[: k + 1]], y) - r2_of(x[:, order[:k]], y)) / 24
    assert (name, cautions) == ("LMG share", ())
    np.testing.assert_allclose(values, gains, atol=1e-10)
    correlations, name, _ = derived_importance(tally, outcome=outcome, items=items, measure="|r|")
    assert name == "|r|"
    np.testing.assert_allclose(correlations, [np.corrcoef(c, y)[0, 1] for c in x.T], atol=1e-10)
    weights, name, _ = derived_importance(tally, outcome=outcome, items=items, measure="relative weight")
    assert name == "relative weight"
    assert weights.sum() == pytest.approx(r2_of(x, y))


def test_outcomes_of_different_scales_weigh_the_same() -> None:
    rng = np.random.default_rng(1)
    base = rng.integers(0, 5, 80)
    columns = {"x": (1 + rng.integers(0, 5, 80)).tolist(), "a": (1 + base).tolist()}
    columns["b"] = (10 * (base[::-1])).tolist()
    tally = count(bound(columns, {"x": FIVE, "a": FIVE, "b": Scale("forty", 0, 40)}))
    values, _, _ = derived_importance(tally, outcome=["a", "b"], items=["x"], measure="|r|")
    y = (np.array(columns["a"]) - 1) / 4 + np.array(columns["b"]) / 40
    assert values[0] == pytest.approx(abs(np.corrcoef(columns["x"], y)[0, 1]))


def test_many_items_get_sampled_lmg_shares_and_their_error_is_said() -> None:
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(300, 1)) + rng.normal(size=(300, 23))
    answers = np.clip(np.round(5.5 + latent), 1, 10).astype(int)
    items = [f"x{k}" for k in range(22)]
    columns = {name: answers[:, k].tolist() for k, name in enumerate([*items, "CUSA1"])}
    tally = count(bound(columns, dict.fromkeys(columns, TEN)))
    values, name, cautions = derived_importance(tally, outcome=["CUSA1"], items=items)
    assert name == "LMG share"
    assert [c.code for c in cautions] == ["LMG sampled"]
    assert "Monte-Carlo error at most 0.000" in cautions[0].text.en and "蒙特卡罗" in cautions[0].text.zh
    weights, *_ = derived_importance(tally, outcome=["CUSA1"], items=items, measure="relative weight")
    # both divide the same R2
    assert values.sum() == pytest.approx(weights.sum(), rel=1e-9)


def test_lmg_of_many_items_moves_in_the_replicates_as_it_does_when_computed() -> None:
    columns = mobile()
    items = [c for c in columns if not c.startswith("CUSA")][:16]
    answers = np.column_stack([columns[c] for c in [*items, "CUSA1"]]).astype(float)
    options: dict[str, Any] = {
        "drivers": 16, "spans": np.ones(1), "measures": ["LMG"], "weights": None,
        "rows": np.arange(len(answers)), "missing": "listwise", "replicates": 40, "seed": 1,
    }  # fmt: skip
    one, many = importance_replicates(answers, **options)["LMG share"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importance_module, "EXACT_IN_REPLICATES", 16)
        exact, each = importance_replicates(answers, **options)["LMG share"]
    np.testing.assert_allclose(one, exact, rtol=1e-9)
    correlations = [np.corrcoef(many[i], each[i])[0, 1] for i in range(16)]
    assert np.mean(correlations) > 0.9
    assert many.std(axis=1).mean() == pytest.approx(each.std(axis=1).mean(), rel=0.15)


def test_contradicting_correlations_fall_back_to_the_plain_correlation() -> None:
    # each pair is answered by other respondents: 1-2 and 1-3 agree wholly, 2-3 disagree wholly
    up, down = [1, 2, 3, 4, 5] * 2, [5, 4, 3, 2, 1] * 2
    none: list[Any] = [None] * 10
    columns = {
        "a": up + up + none,
        "b": up + none + up,
        "c": none + up + down,
        "y": [1, 2, 3, 4, 5] * 4 + [2, 3, 1, 5, 4] * 2,
    }
    tally = count(bound(columns, dict.fromkeys(columns, FIVE)))
    values, name, cautions = derived_importance(tally, outcome=["y"], items=["a", "b", "c"])
    assert name == "|r|"
    assert [c.code for c in cautions] == ["correlations improper"]
    assert values[0] == pytest.approx(1)


def test_twins_fall_back_and_a_constant_item_has_no_importance() -> None:
    rng = np.random.default_rng(2)
    a, y = rng.integers(1, 6, 60).tolist(), rng.integers(1, 6, 60).tolist()
    columns = {"a": a, "twin": a, "same": [3] * 60, "y": y}
    tally = count(bound(columns, dict.fromkeys(columns, FIVE)))
    values, name, _ = derived_importance(tally, outcome=["y"], items=["a", "twin", "same"])
    assert name == "|r|"
    assert values[0] == values[1]
    assert np.isnan(values[2])
    alone, name, _ = derived_importance(tally, outcome=["y"], items=["a", "same"])
    assert name == "LMG share"
    assert np.isnan(alone).tolist() == [False, True]


def test_an_outcome_must_vary_and_be_no_item() -> None:
    columns = {"a": [1, 2] * 20, "y": [3] * 40}
    tally = count(bound(columns, dict.fromkeys(columns, FIVE)))
    with pytest.raises(CannotCompute, match="does not vary"):
        derived_importance(tally, outcome=["y"], items=["a"])
    with pytest.raises(BadInput, match="a cannot explain itself"):
        derived_importance(tally, outcome=["a"], items=["a"])


def test_many_measures_and_crosshairs_are_one_row_each(tmp_path: Any) -> None:
    import pandas as pd
    from click.testing import CliRunner

    from csat.cli import cli

    header, rows = reference_rows("data/mobi.csv")
    pd.DataFrame(rows, columns=list(header)).to_csv(tmp_path / "mobi.csv", index=False)
    call = ["priorities", str(tmp_path / "mobi.csv"), "-i", "ecsi", "--replicates", "60"]
    asked = ["--measures", "beta,pls", "--centres", "median,value", "--centre-at", "75"]
    for language, words in (("en", "What comes first under each"), ("zh", "什么应当优先")):
        done = CliRunner().invoke(cli, [*call, *asked, "--lang", language], standalone_mode=False)
        assert words in done.output, done.exception
    found = json.loads(CliRunner().invoke(cli, [*call, *asked, "--json"], standalone_mode=False).stdout)
    placements = found["certainty"]["placements"]
    assert [(p["measure"], p["centre"]) for p in placements] == [
        (m, c) for m in ("LMG share", "beta", "PLS total effect") for c in ("mean", "median", "value")
    ]
    other = CliRunner().invoke(
        cli, [*call, "--outcome", "Loyalty", "--iso-priority", "--json"], standalone_mode=False
    )
    loyal = json.loads(other.stdout)
    assert loyal["importance"] != found["importance"]
    # derived importance has no unit in common with performance
    assert "no common unit" in [c["code"] for c in loyal["cautions"]]
    few = CliRunner().invoke(cli, [*call, "--measures", "beta"], standalone_mode=False)
    assert "Does the place depend" in few.output
    for wrong, said in (
        (["--centres", "value"], "no place"),
        (["--centres", "overall", "--centre-at", "70,0.1"], "Ask for one"),
        (["--centre", "value", "--centre-at", "a"], "not a point"),
        (["--centres", "psychic"], "psychic"),
    ):
        failed = CliRunner().invoke(cli, [*call, *wrong], standalone_mode=False)
        assert said in str(failed.exception), (wrong, failed.exception)


def test_few_respondents_an_item_are_too_sure_and_it_is_said() -> None:
    rng = np.random.default_rng(1)
    latent = rng.normal(size=(90, 1)) + rng.normal(size=(90, 9))
    answers = np.clip(np.round(5.5 + latent), 1, 10).astype(int)
    names = [f"x{k}" for k in range(8)]
    columns = {name: answers[:, k].tolist() for k, name in enumerate([*names, "y"])}
    blocks = {**{n: [n] for n in names}, "Y": ["y"]}
    responses = bound(columns, dict.fromkeys(columns, TEN), constructs=blocks, roles={"Y": "outcome"})
    codes = {}
    for measure in ("LMG", "|r|"):
        found = Chain(responses).priorities(outcome="Y", measure=measure, replicates=60)
        codes[measure] = [c.code for c in found.cautions]
    assert "few respondents" in codes["LMG"] and "few respondents" not in codes["|r|"]
