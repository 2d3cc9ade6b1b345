"""Plans: the tobacco survey of the sources, every quantity, strata, and what is refused."""

import json

import numpy as np
import pytest

from csat.analyses.planning import planning
from csat.analyses.planning_result import Plan, Stratum
from csat.errors import BadInput

TOBACCO = (Stratum("town", 1448), Stratum("village", 2385))


def test_the_tobacco_survey():
    """SOURCES F15: frame 3,833, n 460 gives 4.29 points and 200 gives 6.75."""
    plan = planning(n=[460, 200], population=3833)
    assert plan.n == 460
    assert [plan.shown(m) for m, n in zip(plan.margins, plan.sizes, strict=True) if n in (200, 460)] == [
        "6.75",
        "4.29",
    ]
    assert [
        plan.shown(m) for m, n in zip(plan.margins_uncorrected, plan.sizes, strict=True) if n in (200, 460)
    ] == ["6.93", "4.57"]
    assert "±4.29 percentage points" in plan.headline()[0].en
    assert "±4.29个百分点" in plan.headline()[0].zh


def test_its_strata_sum_to_the_frame():
    plan = planning(n=460, strata=TOBACCO)
    assert plan.allocated.tolist() == [174, 286]
    np.testing.assert_allclose((plan.allocated * plan.base_weights).sum(), 3833)
    assert plan.population == 3833
    assert plan.deff_allocation == pytest.approx(1, abs=1e-5)


def test_a_margin_asks_for_its_size_by_every_convention():
    plan = planning(margin=0.05, population=1000)
    assert [(c.name.en.split(",")[0], c.n) for c in plan.conventions] == [
        ("Cochran", 278),
        ("Cochran", 278),
        ("Cochran", 385),
        ("Yamane", 286),
    ]
    assert plan.n == 278
    assert plan.reached <= 0.05
    other = planning(margin=0.05, population=1000, correction="n0")
    assert other.conventions[0].exact == pytest.approx(277.533, abs=0.001)


def test_design_and_response_inflate_the_plan():
    plan = planning(margin=0.05, deff=1.95, response=0.40)
    assert plan.conventions[0].n == 385
    assert plan.n == 751
    assert plan.n_sent == 1877
    assert "1,877" in plan.headline()[1].en


def test_the_size_found_gives_the_margin_asked_for():
    for options in (
        {"quantity": "share", "margin": 0.03, "share": 0.2},
        {"quantity": "mean", "margin": 0.1, "sd": 0.9, "population": 5000},
        {"quantity": "nps", "margin": 5.0, "promoters": 0.4, "detractors": 0.2},
        {"quantity": "index", "margin": 1.5, "sd": 18.0, "deff": 1.3},
    ):
        plan = planning(**options)
        assert plan.reached <= options["margin"] * (1 + 1e-9), options
        assert plan.reached >= 0.98 * options["margin"], options


def test_a_net_promoter_score_of_halves_is_twice_a_share():
    assert planning("nps", n=100).reached == pytest.approx(200 * planning(n=100).reached)


def test_optimal_allocation_needs_what_it_rests_on():
    strata = (Stratum("a", 500, 10, 1), Stratum("b", 300, 20, 4), Stratum("c", 200, 30, 9))
    assert planning("mean", n=100, sd=20, strata=strata, allocation="neyman").allocated.tolist() == [
        30,
        35,
        35,
    ]
    plan = planning("mean", n=100, sd=20, strata=strata, allocation="cost-optimal")
    assert plan.allocated.tolist() == [50, 30, 20]
    assert np.isfinite(plan.stratified_margin)
    with pytest.raises(BadInput, match="spread of every stratum"):
        planning(n=100, strata=TOBACCO, allocation="neyman")
    with pytest.raises(BadInput, match="cost of an answer"):
        planning(n=100, strata=[Stratum("a", 50, 1), Stratum("b", 80, 2)], allocation="cost-optimal")


def test_doubts_are_said():
    assert [c.code for c in planning(n=100, drawn="convenience").cautions] == ["convenience_sample"]
    assert [c.code for c in planning("index", n=100).cautions] == ["assumed_spread"]
    assert [c.code for c in planning(margin=0.01, population=100, response=0.5).cautions] == [
        "more_than_population"
    ]
    assert [c.code for c in planning(margin=0.01, population=100, deff=2).cautions] == [
        "census",
        "more_than_population",
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "margin or a number"),
        ({"margin": 5.0}, "0.05"),
        ({"n": 0}, "no sample"),
        ({"n": 10**11}, "no sample"),
        ({"margin": 1e-9}, "wider margin"),
        ({"n": 10, "population": 1e300}, "mankind"),
        ({"quantity": "mean", "margin": 0.1}, "spread of the answers"),
        ({"quantity": "median", "n": 5}, "one of share, mean"),
        ({"n": 10, "strata": TOBACCO, "population": 4000}, "sum to 3833"),
        ({"n": 3, "strata": TOBACCO}, "too few"),
        ({"n": 10, "strata": (Stratum("a", 4), Stratum("a", 9))}, "twice"),
        ({"n": 100, "strata": (Stratum("a", 200), Stratum("b", -1))}, "not positive"),
        ({"n": 100, "population": 50}, "larger than the population"),
        ({"n": 100, "confidence": 95.0}, "0.95"),
        ({"margin": 0.05, "response": 2.0}, "response rate"),
        ({"n": 100, "deff": 0.0}, "design effect is 0"),
        ({"margin": 0.05, "deff": np.inf}, "design effect is inf"),
    ],
)
def test_impossible_plans_are_refused(options, words):
    with pytest.raises(BadInput, match=words):
        planning(**options)


def test_a_stratum_at_fault_is_named():
    with pytest.raises(BadInput, match="village"):
        planning(n=100, strata=(Stratum("town", 300), Stratum("village", 0)))


def test_the_plan_is_plain_json_and_draws():
    plan = planning(margin=0.05, strata=TOBACCO)
    assert isinstance(plan, Plan)
    assert json.loads(json.dumps(plan.to_dict()))["allocated"] == plan.allocated.tolist()
    assert "figures given" in plan.summary()
    assert "依据所给的数字" in plan.summary("zh")
    assert plan.table("strata").rows == 2
    assert plan.plot("margins", language="zh").get_xlabel() == "有效答卷数"
