"""Waves: the airport's six years against R, the gate, targets, panels, groups, and what is refused."""

import functools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import csat
from csat.analyses.figures import Target
from csat.analyses.result import SOUND, Verdict
from csat.analyses.waves import waves
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.instrument.instrument import Segment
from csat.language import Text
from csat.responses.groups import split
from csat.tally.tally import count
from golden_data import reference, reference_path
from matrix_survey import survey_of
from small_surveys import FIVE, TEN, bound

NAMES = {"Q7ALL": "overall", "Q9RESTROOM": "clean_restroom", "Q7ART": "art", "Q7PARK": "parking"}


@functools.cache
def airport():
    reference_path("data")
    return waves(
        {
            str(year): csat.read(reference_path("data", f"sfo{year}.csv.gz"), instrument="airport").responses
            for year in range(2011, 2017)
        },
        targets={"overall": 4.0, "overall.top2": Target(0.9)},
    )


def at(result, measure):
    return result.measures.index(measure)


@pytest.mark.parametrize("year", ["2015", "2016"])
@pytest.mark.parametrize("column", NAMES)
def test_weighted_means_of_the_years_agree_with_r(year, column):
    golden = reference("weighted")[f"sfo{year}"]["ratings"]["items"][column]
    result = airport()
    i, j = at(result, NAMES[column]), result.waves.index(year)
    assert result.n[i, j] == golden["n_valid"]
    np.testing.assert_allclose(result.estimate[i, j], golden["mean"], rtol=1e-10)
    np.testing.assert_allclose(result.se[i, j], golden["se_weights_valid_rows_only"], rtol=1e-10)
    np.testing.assert_allclose(result.effective_n[i, j], golden["kish_n_eff"], rtol=1e-10)
    # R's design effect takes its error over all rows of the design
    deff = golden["deff"] * (golden["se_weights_valid_rows_only"] / golden["se_weights_domain"]) ** 2
    np.testing.assert_allclose(result.deff[i, j], deff, rtol=1e-10)
    top = golden["top_box"]
    np.testing.assert_allclose(result.estimate[at(result, NAMES[column] + ".top2"), j], top["p"], rtol=1e-10)
    np.testing.assert_allclose(result.se[at(result, NAMES[column] + ".top2"), j], top["se"], rtol=1e-10)


@pytest.mark.parametrize("column", ["Q7ALL", "Q9RESTROOM"])
def test_the_last_change_agrees_with_r(column):
    golden = reference("weighted")["sfo2015_vs_2016"][f"{column}_difference"]
    result = airport()
    c = [(p.first, p.second) for p in result.comparisons].index(("2015", "2016"))
    i = at(result, NAMES[column])
    np.testing.assert_allclose(result.change[i, c], golden["difference_b_minus_a"], rtol=1e-9)
    np.testing.assert_allclose(result.change_se[i, c], golden["se_independent"], rtol=1e-9)
    test = golden["svyttest_year_as_stratum"]
    np.testing.assert_allclose(
        [result.statistic[i, c], result.df[i, c], result.p[i, c]],
        [test[k] for k in ("t", "df", "p")],
        rtol=1e-9,
    )


def test_strata_within_years_agree_with_r():
    golden = reference("weighted")["sfo2015_vs_2016"]["Q9RESTROOM_difference"]["svyttest_strata_within_year"]
    groups = {
        y: csat.read(reference_path("data", f"sfo{y}.csv.gz"), instrument="airport").responses
        for y in ("2015", "2016")
    }
    result = waves(groups, items=["clean_restroom"], strata="STRATA")
    np.testing.assert_allclose(
        [result.statistic[0, 0], result.df[0, 0], result.p[0, 0]],
        [golden[k] for k in ("t", "df", "p")],
        rtol=1e-9,
    )


def test_six_years_are_one_result():
    result = airport()
    assert result.waves == ("2011", "2012", "2013", "2014", "2015", "2016")
    assert result.lead == "overall"
    assert [(p.first, p.second) for p in result.comparisons][-1] == ("2011", "2016")
    wifi = at(result, "wifi")
    assert np.isnan(result.estimate[wifi, :2]).all()
    assert result.untested[wifi][0] == "not asked"
    assert {c.code for c in result.cautions} == {
        "invariance_untested",
        "items_not_common",
        "weights_differ",
    }
    assert result.lights["overall"] == ("red", "red", "red", "amber", "green", "green")
    assert set(result.lights["overall.top2"]) == {"red"}
    assert result.plot("trend", language="zh").get_xlabel() == "调查期"
    assert "2011 to 2016" in result.headline()[1].en


WAVE = np.random.default_rng(2)


def wave(shift, n=200, p=3, **options):
    answers = np.clip(np.round(WAVE.normal(3.2 + shift, 0.9, (n, p))), 1, 5)
    return survey_of(answers, **options)


BEFORE, AFTER = wave(0.0), wave(0.5)


def test_unweighted_waves_use_welch_and_the_pooled_z():
    result = waves({"1": BEFORE, "2": AFTER})
    a, b = BEFORE.answers(["i1"])[:, 0], AFTER.answers(["i1"])[:, 0]
    v = a.var(ddof=1) / 200 + b.var(ddof=1) / 200
    np.testing.assert_allclose(result.statistic[0, 0], (b.mean() - a.mean()) / np.sqrt(v))
    i = at(result, "i1.top2")
    p1, p2 = (a >= 4).mean(), (b >= 4).mean()
    pooled = (p1 + p2) / 2
    np.testing.assert_allclose(result.statistic[i, 0], (p2 - p1) / np.sqrt(2 * pooled * (1 - pooled) / 200))
    np.testing.assert_allclose(result.detectable[0, 0], 2.8015852 * np.sqrt(v), rtol=1e-6)
    pooled_sd = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    np.testing.assert_allclose(result.effect[0, 0], (b.mean() - a.mean()) / pooled_sd)


def test_constructs_are_compared_only_under_invariance():
    groups = {"1": BEFORE, "2": AFTER}
    without = waves(groups)
    i = at(without, "all")
    assert without.untested[i] == ("not invariant",)
    assert np.isnan(without.p[i, 0])
    assert np.isfinite(without.estimate[i]).all()
    assert "each item" in without.cautions[0].text.en
    shown = waves(groups, invariance=SOUND)
    assert np.isfinite(shown.p[i, 0])
    assert shown.cautions == ()
    failed = waves(groups, invariance=Verdict("failed", Text("no", "否")))
    assert np.isnan(failed.p[i, 0])
    assert failed.cautions[0].code == "invariance_failed"
    single = waves({"1": wave(0, p=1), "2": wave(0.5, p=1)})
    assert np.isfinite(single.p[at(single, "all"), 0])


def test_p_values_are_adjusted_over_the_measures_of_one_kind():
    result = waves({"1": BEFORE, "2": AFTER}, items=["i1", "i2", "i3"])
    own = np.sort(result.p[:3, 0])
    np.testing.assert_allclose(np.sort(result.p_adjusted[:3, 0])[0], 3 * own[0])
    other = waves({"1": BEFORE, "2": AFTER}, items=["i1"])
    np.testing.assert_allclose(other.p_adjusted[0, 0], other.p[0, 0])


def test_small_waves_are_shown_without_a_test():
    result = waves({"1": BEFORE, "2": AFTER.where(np.arange(20))})
    assert result.untested[0] == ("few",)
    assert np.isfinite(result.change[0, 0])
    assert np.isnan(result.p[0, 0])
    assert "small_wave" in {c.code for c in result.cautions}


def test_a_panel_is_compared_person_by_person():
    ids = [f"r{k}" for k in range(200)]
    answers = BEFORE.answers()
    moved = np.clip(answers + (np.arange(200) % 4 == 0)[:, None], 1, 5)[::-1]
    groups = {
        "1": survey_of(answers, ids=ids),
        "2": survey_of(moved, ids=ids[::-1]),
    }
    paired = waves(groups, panel=True)
    d = moved[::-1, 0] - answers[:, 0]
    np.testing.assert_allclose(paired.statistic[0, 0], d.mean() / (d.std(ddof=1) / np.sqrt(200)))
    assert paired.p[0, 0] < waves(groups).p[0, 0]
    with pytest.raises(BadInput, match="no respondent ids"):
        waves({"1": BEFORE, "2": AFTER}, panel=True)


def test_groups_of_one_survey_against_the_rest():
    answers = ["1", "2", "3", "4", "5"] * 60
    area = (["a"] * 100) + (["b"] * 120) + (["c"] * 80)
    survey = bound(
        {"q": answers, "area": area}, {"q": FIVE}, segments=[Segment("area", Text("Area", "地区"))]
    )
    groups = split(survey, "area")
    assert list(groups) == ["a", "b", "c"]
    assert waves(groups).base.rows == 300
    result = waves(groups, against="rest")
    assert [p.first for p in result.comparisons] == ["rest"] * 3
    q = survey.answers(["q"])[:, 0]
    inside = np.array(area) == "b"
    np.testing.assert_allclose(result.change[0, 1], q[inside].mean() - q[~inside].mean(), atol=1e-12)
    assert len(waves(groups, against="pairs").comparisons) == 3
    assert len(waves(groups, against="first").comparisons) == 2
    assert "the rest to a" in result.headline()[0].en


def test_targets_are_checked_against_the_measures():
    with pytest.raises(UnknownName, match="i9"):
        waves({"1": BEFORE, "2": AFTER}, targets={"i9": 3})
    result = waves({"1": BEFORE, "2": AFTER}, targets={"i1": Target(4.9, "at most")})
    assert result.lights["i1"] == ("green", "green")
    assert result.table("targets").column("target") == ("<= 4.9", "<= 4.9")


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(BadInput, match="nothing to compare"):
        waves({"1": BEFORE})
    with pytest.raises(BadInput, match="another scale"):
        waves({"1": bound({"q": ["1"]}, {"q": FIVE}), "2": bound({"q": ["1"]}, {"q": TEN})})
    with pytest.raises(BadInput, match="previous, first"):
        waves({"1": BEFORE, "2": AFTER}, against="last")
    with pytest.raises(CannotCompute, match="nobody answered"):
        waves({"1": survey_of(np.full((3, 1), np.nan)), "2": survey_of(np.full((3, 1), np.nan))})
    with pytest.raises(UnknownName, match="item"):
        waves({"1": BEFORE, "2": AFTER}, items=["i1x"])
    with pytest.raises(UnknownName, match="construct"):
        waves({"1": BEFORE, "2": AFTER}, constructs=["service"])


def test_the_result_is_plain_json_and_draws():
    result = waves({"1": BEFORE, "2": AFTER}, targets={"i1": 3})
    made = json.loads(json.dumps(result.to_dict()))
    assert made["waves"] == ["1", "2"]
    assert made["lights"]["i1"][1] == "green"
    assert list(result.tables()) == [
        "trend",
        "items",
        "constructs",
        "top2",
        "changes_items",
        "changes_constructs",
        "changes_top2",
        "targets",
        "figures",
    ]
    for name in result.plots():
        result.plot(name)
    assert "检验" in result.table("changes_items").notes[0].zh


@settings(max_examples=15)
@given(weight=st.floats(0.2, 5), seed=st.integers(0, 50))
def test_errors_without_strata_are_those_of_the_tally(weight, seed):
    rng = np.random.default_rng(seed)
    answers = rng.integers(1, 6, (40, 2)).astype(float)
    answers[rng.random((40, 2)) < 0.1] = np.nan
    w = rng.uniform(0.5, 0.5 + weight, 40)
    survey = survey_of(answers, weights=w)
    result = waves({"1": survey, "2": survey})
    tally = count(survey)
    np.testing.assert_allclose(result.estimate[:2, 0], tally.means(), rtol=1e-10)
    np.testing.assert_allclose(result.se[:2, 0], tally.mean_se(), rtol=1e-8)
    np.testing.assert_allclose(result.change[:2, 0], 0, atol=1e-12)
    np.testing.assert_allclose(result.effective_n[:2, 0], tally.item_effective_n(), rtol=1e-10)
