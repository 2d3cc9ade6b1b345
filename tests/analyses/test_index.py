"""The satisfaction index: the fixtures of METHODS 2 and 11, by law, and what it refuses or doubts."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.analyses import index as module
from csat.analyses.index import Index, index
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.instrument.instrument import Scale, Segment
from csat.language import Text
from csat.numerics.scores import weighted_means
from csat.responses.responses import Responses
from golden_data import reference_rows
from small_surveys import FIVE, TEN, bound

FEW = 100
"""Replicates where the interval is not the point."""


def means_of(values: dict[str, float], scale: Scale, rows: int = 400, **options: Any) -> Responses:
    """Two kinds of respondents whose means are the values: whole numbers above and below each of them."""
    columns: dict[str, list[int]] = {}
    for name, mean in values.items():
        low = math.floor(mean)
        high = round((mean - low) * rows)
        columns[name] = [low + 1] * high + [low] * (rows - high)
    return bound(columns, dict.fromkeys(values, scale), **options)


def mobile(*items: str) -> dict[str, list[int]]:
    header, rows = reference_rows("data/mobi.csv")
    return {i: [int(row[header.index(i)]) for row in rows] for i in items}


# METHODS 2


@pytest.mark.parametrize(("mean", "convention"), [(2.8625, "per cent of maximum"), (3.29, "0-100 rescale")])
def test_two_means_give_57_25_by_two_conventions(mean: float, convention: Any) -> None:
    result = index(means_of({"y": mean}, FIVE), construct="all", convention=convention, replicates=FEW)
    assert result.score[0] == pytest.approx(57.25)
    assert result.conventions[0] == convention
    assert convention in result.table("index").column("index")[0].say("en")


def test_counts_give_the_score_and_the_boxes_of_the_fixture() -> None:
    answers = np.repeat([1, 2, 3, 4, 5], [5, 10, 25, 110, 50]).tolist()
    result = index(bound({"y": answers}, {"y": FIVE}), construct="all", replicates=FEW)
    assert result.base.respondents == 200
    assert result.score[0] == pytest.approx(73.75)
    assert result.items.top2[0] == pytest.approx(0.80)
    assert result.items.bottom2[0] == pytest.approx(0.075)
    assert result.dissatisfied == pytest.approx(0.075)


def test_mobile_items_have_the_scores_of_the_fixture() -> None:
    items = ("CUSA1", "CUSA2", "CUSA3")
    result = index(bound(mobile(*items), dict.fromkeys(items, TEN)), construct="all", replicates=FEW)
    assert result.items.score == pytest.approx([77.644444, 68.088889, 70.177778], abs=5e-7)
    assert result.score[0] == pytest.approx(71.970370, abs=5e-7)


# METHODS 11


def test_acsi_of_three_means_with_given_and_with_equal_weights() -> None:
    survey = means_of({"s1": 8.0, "s2": 7.0, "s3": 7.5}, TEN)
    given_weights = {"s1": 0.3885, "s2": 0.3190, "s3": 0.2925}
    weighed = index(survey, construct="all", method="derived", weights=given_weights, replicates=FEW)
    assert weighed.score[0] == pytest.approx(72.608333, abs=5e-7)
    assert index(survey, construct="all", replicates=FEW).score[0] == pytest.approx(72.222222, abs=5e-7)


def test_pls_weights_of_the_mobile_satisfaction_give_its_index_and_error() -> None:
    items = ("CUSA1", "CUSA2", "CUSA3")
    weights = dict(zip(items, (0.383634, 0.281550, 0.334816), strict=True))
    survey = bound(mobile(*items), dict.fromkeys(items, TEN))
    result = index(survey, construct="all", method="derived", weights=weights)
    # the fixture's weights have six digits, so the index has five
    assert result.score[0] == pytest.approx(72.454118, abs=2e-5)
    # sd / sqrt(n) = .911532 with weights fixed; 2000 replicates know it to 1.6 %
    assert result.se[0] == pytest.approx(0.911532, rel=0.05)


@pytest.fixture(scope="module")
def stated() -> Index:
    satisfaction, importance = {"a": 8.0, "b": 7.0, "c": 9.0}, {"ia": 9.0, "ib": 8.0, "ic": 7.0}
    survey = means_of(
        satisfaction | importance,
        TEN,
        constructs={"all": ("a", "b", "c")},
        importance={"a": "ia", "b": "ib", "c": "ic"},
    )
    return index(survey, construct="all", method="stated", replicates=FEW)


def test_stated_importance_gives_the_index_of_the_fixture(stated: Index) -> None:
    assert stated.score == pytest.approx([77.314815, 79.583333], abs=5e-7)
    assert stated.weights == pytest.approx([9 / 24, 8 / 24, 7 / 24])
    assert stated.importance == pytest.approx([9, 8, 7])


def test_all_lowest_answers_are_0_or_10_by_convention() -> None:
    result = index(means_of({"a": 1.0, "b": 1.0}, TEN), construct="all", replicates=FEW)
    assert result.score == pytest.approx([0, 10])


def test_units_roll_up_by_their_customers() -> None:
    assert weighted_means(np.array([[80.0], [70.0], [75.0]]), [50, 30, 20]) == pytest.approx([76])


def test_items_of_different_scales_meet_on_0_100() -> None:
    survey = bound({"a": [5] * 40, "b": [1] * 40}, {"a": FIVE, "b": TEN})
    assert index(survey, construct="all", replicates=FEW).score == pytest.approx([50, 55])


def test_a_respondent_needs_half_of_the_items() -> None:
    survey = bound({"a": [5, None, 1] * 20, "b": [1, None, None] * 20}, dict.fromkeys("ab", FIVE))
    result = index(survey, construct="all", replicates=FEW)
    assert result.base.respondents == 40
    assert result.score[0] == pytest.approx(25)
    assert not any(c.code == "many without a score" for c in result.cautions)


# Laws


@st.composite
def surveys(draw: st.DrawFn, *, weighted: bool = False) -> dict[str, Any]:
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = draw(st.integers(30, 60))
    columns: dict[str, list[Any]] = {
        name: [None if rng.random() < 0.1 else int(v) for v in rng.integers(1, 6, n)] for name in "abc"
    }
    columns["g"] = [str(v) for v in rng.integers(1, 4, n)]
    if weighted:
        columns["w"] = rng.uniform(0.2, 3, n).tolist()
    return columns


def of(columns: dict[str, Any], **options: Any) -> Responses:
    return bound(columns, dict.fromkeys("abc", FIVE), segments=(Segment("g", Text("Group")),), **options)


@settings(max_examples=10)
@given(surveys())
def test_weights_of_one_change_nothing(columns: dict[str, Any]) -> None:
    plain = index(of(columns), construct="all", segments=["g"], replicates=FEW)
    ones = index(
        of(columns).weighted_by(np.ones(len(columns["a"]))), construct="all", segments=["g"], replicates=FEW
    )
    for name in ("score", "se", "ci_lower", "ci_upper"):
        np.testing.assert_allclose(getattr(ones, name), getattr(plain, name), rtol=1e-12)
    for name in ("score", "ci_lower", "ci_upper", "effective_n"):
        np.testing.assert_allclose(getattr(ones.segments, name), getattr(plain.segments, name), rtol=1e-12)
    assert ones.base.effective_n == pytest.approx(plain.base.effective_n)


@settings(max_examples=10)
@given(surveys())
def test_turning_every_item_turns_the_index_about_50(columns: dict[str, Any]) -> None:
    straight = index(of(columns), construct="all", replicates=FEW)
    turned = index(of(columns, reverse=True), construct="all", replicates=FEW)
    assert turned.score[0] == pytest.approx(100 - straight.score[0])
    assert turned.ci_lower[0] == pytest.approx(100 - straight.ci_upper[0])
    assert turned.se[0] == pytest.approx(straight.se[0])


@settings(max_examples=10)
@given(surveys(weighted=True), st.randoms(use_true_random=False))
def test_the_order_of_respondents_does_not_matter(columns: dict[str, Any], random: Any) -> None:
    order = list(range(len(columns["a"])))
    random.shuffle(order)
    a, b = of(columns, weight="w"), of(columns, weight="w").where(np.array(order))
    first, second = (index(s, construct="all", segments=["g"], replicates=FEW) for s in (a, b))
    np.testing.assert_allclose(second.score, first.score, rtol=1e-12)
    # replicates are keyed by the row's number in the source, so that even the ends agree
    np.testing.assert_allclose(second.ci_lower, first.ci_lower, rtol=1e-9)
    np.testing.assert_allclose(second.segments.score, first.segments.score, rtol=1e-12)


@settings(max_examples=10)
@given(surveys(weighted=True))
def test_segments_average_to_the_whole(columns: dict[str, Any]) -> None:
    survey = of(columns, weight="w")
    result = index(survey, construct="all", segments=["g"], replicates=FEW)
    if np.isnan(result.segments.score).any():
        return
    assert survey.weights is not None
    x = survey.answers()
    scored = np.count_nonzero(~np.isnan(x), axis=1) >= 2
    mass = [survey.weights[scored & (survey.segment("g") == g)].sum() for g in result.segments.names]
    assert np.average(result.segments.score, weights=mass) == pytest.approx(result.score[0])


def test_linearisation_and_bootstrap_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    n = 1500
    latent = rng.normal(size=n)
    names = ["a", "b", "ia", "ib"]
    columns: dict[str, list[Any]] = {
        name: np.clip(np.round(4 + latent + rng.normal(size=n)), 1, 7).tolist() for name in names
    }
    columns["w"] = rng.uniform(0.3, 2, n).tolist()
    columns["g"] = rng.choice(["x", "y"], n).tolist()
    survey = bound(
        columns,
        dict.fromkeys(names, Scale("seven", 1, 7)),
        constructs={"all": ("a", "b")},
        importance={"a": "ia", "b": "ib"},
        weight="w",
        segments=(Segment("g", Text("Group")),),
    )
    drawn = index(survey, construct="all", method="stated", segments=["g"])
    monkeypatch.setattr(module, "LINEARISED_ABOVE", 1000)
    lines = index(survey, construct="all", method="stated", segments=["g"])
    assert (drawn.interval, lines.interval) == ("percentile bootstrap", "linearisation")
    assert lines.replicates == 0
    np.testing.assert_allclose(lines.score, drawn.score, rtol=1e-12)
    np.testing.assert_allclose(lines.se, drawn.se, rtol=0.06)
    for a, b in ((lines, drawn), (lines.segments, drawn.segments), (lines.items, drawn.items)):
        half = (b.ci_upper - b.ci_lower) / 2
        assert (np.abs(a.ci_lower - b.ci_lower) < 0.15 * half).all()
        assert (np.abs(a.ci_upper - b.ci_upper) < 0.15 * half).all()
    assert "linearisation" in lines.table("index").notes[0].en


def test_stated_weights_are_estimated_anew_in_every_replicate() -> None:
    # the same satisfaction from everybody in each item, so that only the weights move
    n = 200
    rng = np.random.default_rng(0)
    columns = {"a": [5] * n, "b": [1] * n}
    columns |= {"ia": rng.integers(1, 6, n).tolist(), "ib": rng.integers(1, 6, n).tolist()}
    survey = bound(
        columns,
        dict.fromkeys(columns, FIVE),
        constructs={"all": ("a", "b")},
        importance={"a": "ia", "b": "ib"},
    )
    result = index(survey, construct="all", method="stated", replicates=400)
    assert result.se[0] > 0.5
    fixed = dict(zip("ab", result.importance.tolist(), strict=True))
    known = index(survey, construct="all", method="derived", weights=fixed, replicates=400)
    assert known.score[0] == pytest.approx(result.score[0])
    assert known.se[0] == pytest.approx(0, abs=1e-9)
    assert any(c.code == "weights fixed" for c in known.cautions)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    survey = bound({"a": np.random.default_rng(1).integers(1, 6, 80).tolist()}, {"a": FIVE})
    one, again, other = (index(survey, construct="all", replicates=200, seed=s) for s in (5, 5, 6))
    assert one.ci_lower[0] == again.ci_lower[0]
    assert one.ci_lower[0] != other.ci_lower[0]


# What is said


@pytest.fixture(scope="module")
def bank() -> Index:
    rng = np.random.default_rng(3)
    n = 120
    columns: dict[str, list[Any]] = {
        name: rng.choice([1, 2, 3, 4, 5], n, p=p).tolist()
        for name, p in {
            "x1": [0.0, 0.0, 0.1, 0.4, 0.5],
            "x2": [0.3, 0.3, 0.2, 0.1, 0.1],
            "sat1": [0.1, 0.1, 0.2, 0.3, 0.3],
            "stay": [0.7, 0.2, 0.1, 0.0, 0.0],
        }.items()
    }
    columns["size"] = ["L"] * 80 + ["S"] * 37 + ["M"] * 3
    return index(
        bound(
            columns,
            dict.fromkeys(("x1", "x2", "sat1", "stay"), FIVE),
            constructs={"Product": ("x1", "x2"), "Satisfaction": ("sat1",), "Loyalty": ("stay",)},
            roles={"Satisfaction": "outcome", "Loyalty": "loyalty"},
            segments=(
                Segment(
                    "size",
                    Text("Size", "规模"),
                    {"S": Text("Small", "小"), "M": Text("Medium", "中"), "L": Text("Large", "大")},
                ),
            ),
        ),
        construct="Satisfaction",
        segments=["size"],
        replicates=FEW,
    )


def test_the_headline_never_gives_the_score_without_what_it_hides(bank: Index) -> None:
    for language in ("en", "zh"):
        said = " ".join(t.say(language) for t in bank.headline())
        assert f"{bank.score[0]:.1f}" in said
        assert f"{bank.score[1]:.1f}" in said
        assert "x2" in said
        assert f"{100 * bank.dissatisfied:.1f}%" in said
    # a loyalty item is no satisfaction, however low
    assert bank.lowest == ("x2", "sat1", "x1")


def test_both_conventions_stand_in_the_table_the_one_asked_for_first(bank: Index) -> None:
    names = [t.say("en") for t in bank.table("index").column("index")]
    assert names == [
        "Satisfaction index (equal weights, 0-100 rescale)",
        "Satisfaction index (equal weights, per cent of maximum)",
    ]
    note = bank.table("index").notes[0].en
    assert note.endswith("bootstrap percentiles of 100 replicates of the respondents, seed 0.")


def test_segments_come_in_the_declared_order_small_ones_flagged_and_tiny_ones_hidden(bank: Index) -> None:
    table = bank.table("segments")
    assert [t.say("zh") for t in table.column("group")] == ["小", "中", "大"]
    assert table.column("n") == (37, 3, 80)
    assert math.isnan(table.column("score")[1])
    assert "not shown" in table.column("reason")[1].en
    assert [c.where for c in bank.cautions if c.code == "small segments"] == [("size: Medium",)]


def test_every_construct_is_listed_with_role_interval_and_the_dissatisfied(bank: Index) -> None:
    table = bank.table("constructs")
    assert [t.en for t in table.column("role")] == ["driver", "outcome", "loyalty"]
    assert all(
        lo < s < hi
        for lo, s, hi in zip(*(table.column(c) for c in ("ci_lower", "score", "ci_upper")), strict=True)
    )
    x = bank.items
    assert bank.constructs.bottom2[0] == pytest.approx(x.bottom2[:2].mean())


def test_the_result_is_plain_json_and_prints_in_both_languages(bank: Index) -> None:
    held = json.loads(json.dumps(bank.to_dict()))
    assert held["analysis"] == "index"
    assert held["segments"]["score"][1] is None
    assert held["conventions"] == ["0-100 rescale", "per cent of maximum"]
    for language in ("en", "zh"):
        assert bank.summary(language)
    assert list(bank.tables()) == ["index", "constructs", "segments", "differences", "items"]


def test_charts_are_drawn(bank: Index) -> None:
    for name, plot in bank.plots().items():
        assert "<svg" in plot.svg("zh", salt=name)


def test_codes_with_the_same_wording_are_one_group() -> None:
    segment = Segment("g", Text("Airline"), {"1": Text("Own"), "2": Text("Other"), "3": Text("Other")})
    survey = bound({"a": [1, 2, 3, 4] * 10, "g": ["1", "2", "3", "2"] * 10}, {"a": FIVE}, segments=(segment,))
    result = index(survey, construct="all", segments=["g"], replicates=FEW)
    assert result.segments.names == ("Own", "Other")
    assert result.segments.n.tolist() == [10, 30]


def test_a_column_of_many_groups_keeps_the_largest() -> None:
    groups = [str(k) for k in range(40) for _ in range(6)] + ["big"] * 60
    survey = bound({"a": [1, 5] * 150, "g": groups}, {"a": FIVE}, segments=(Segment("g", Text("G")),))
    result = index(survey, construct="all", segments=["g"], replicates=FEW)
    assert len(result.segments.names) == module.MOST_GROUPS
    assert "big" in result.segments.names
    assert any(c.code == "groups left out" and "11" in c.text.en for c in result.cautions)


def test_a_small_sample_is_doubted_by_its_effective_n() -> None:
    weights = [10.0, 10.0] + [0.1] * 40
    survey = bound({"a": [1, 5] * 21, "w": weights}, {"a": FIVE}, weight="w")
    result = index(survey, construct="all", replicates=FEW)
    assert result.base.effective_n < 5
    assert any(c.code == "small sample" for c in result.cautions)


def test_items_with_importance_make_the_index_when_the_construct_has_none() -> None:
    columns = {"x": [4, 2] * 20, "ix": [5] * 40, "sat": [3] * 40}
    survey = bound(
        columns,
        dict.fromkeys(columns, FIVE),
        constructs={"X": ("x",), "S": ("sat",)},
        importance={"x": "ix"},
    )
    result = index(survey, construct="S", method="stated", replicates=FEW)
    assert result.parts == ("x",)
    assert result.score[0] == pytest.approx(50)


def test_constructs_may_hold_the_importance_points() -> None:
    columns = {"t": [7] * 40, "r": [1] * 40, "pt": [30] * 40, "pr": [70] * 40}
    seven, points = Scale("seven", 1, 7), Scale("points", 0, 100)
    survey = bound(
        columns,
        {"t": seven, "r": seven, "pt": points, "pr": points},
        constructs={"Tangibles": ("t",), "Reliability": ("r",)},
        construct_importance={"Tangibles": "pt", "Reliability": "pr"},
    )
    result = index(survey, construct="Tangibles", method="stated", replicates=FEW)
    assert result.parts == ("Tangibles", "Reliability")
    assert result.score[0] == pytest.approx(30)


# What is refused


def test_an_item_without_a_scale_is_named() -> None:
    with pytest.raises(CannotCompute, match=r"'seconds' has no declared scale.*Declare a scale"):
        index(bound({"seconds": [1.5, 2.5]}, {"seconds": None}), construct="all")


def test_a_weight_that_is_not_positive_is_named() -> None:
    survey = bound({"a": [1, 2] * 20, "b": [1, 2] * 20}, dict.fromkeys("ab", FIVE))
    for bad in (0.0, -0.2, math.nan):
        with pytest.raises(CannotCompute, match=r"weight of 'b'.*reversed item"):
            index(survey, construct="all", method="derived", weights={"a": 1.0, "b": bad})


def test_weights_must_be_given_and_name_something_known() -> None:
    survey = bound({"price": [1, 2] * 20}, {"price": FIVE})
    with pytest.raises(BadInput, match="derived weights were asked for"):
        index(survey, construct="all", method="derived")
    with pytest.raises(UnknownName, match="Did you mean 'price'"):
        index(survey, construct="all", method="derived", weights={"pric": 1.0})


def test_stated_importance_needs_its_questions_on_one_scale() -> None:
    survey = bound({"a": [1, 2] * 20}, {"a": FIVE})
    with pytest.raises(BadInput, match="no item has a question about its importance"):
        index(survey, construct="all", method="stated")
    columns = {"a": [1, 2] * 20, "b": [1, 2] * 20, "ia": [1, 2] * 20, "ib": [1, 2] * 20}
    scales = {"a": FIVE, "b": FIVE, "ia": FIVE, "ib": TEN}
    partly = bound(columns, scales, constructs={"all": ("a", "b")}, importance={"a": "ia"})
    with pytest.raises(BadInput, match="no importance question: b"):
        index(partly, construct="all", method="stated")
    mixed = bound(columns, scales, constructs={"all": ("a", "b")}, importance={"a": "ia", "b": "ib"})
    with pytest.raises(BadInput, match="different scales: 1-5, 1-10"):
        index(mixed, construct="all", method="stated")


def test_unknown_words_are_answered_with_the_known_ones() -> None:
    survey = bound({"a": [1, 2] * 20}, {"a": FIVE})
    with pytest.raises(UnknownName, match="equal, stated, derived, pls"):
        index(survey, construct="all", method="sem")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="no path model gave any"):
        index(survey, construct="all", method="pls")
    with pytest.raises(UnknownName, match="0-100 rescale"):
        index(survey, construct="all", convention="percent")  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="no construct is called 'al'"):
        index(survey, construct="al")
    with pytest.raises(BadInput, match="too few for an interval"):
        index(survey, construct="all", replicates=10)


def test_nobody_and_one_respondent_have_no_index() -> None:
    with pytest.raises(CannotCompute, match="nobody answered half of the items of 'all'"):
        index(bound({"a": [None, None]}, {"a": FIVE}), construct="all")
    with pytest.raises(CannotCompute, match="at least 2 respondents"):
        index(bound({"a": [3]}, {"a": FIVE}), construct="all")


def test_an_interval_is_withheld_when_too_many_replicates_are_empty() -> None:
    columns = {"a": [3] + [None] * 39, "b": [1, 2] * 20}
    survey = bound(columns, dict.fromkeys("ab", FIVE), constructs={"A": ("a",), "B": ("b",)})
    with pytest.raises(CannotCompute, match="hold no answer to 'A', which only 1 respondents answered"):
        index(survey, construct="A", replicates=200)


def test_on_two_answers_the_dissatisfied_are_those_of_the_lowest() -> None:
    survey = bound({"y": [0, 0, 0, 1] * 10}, {"y": Scale("two", 0, 1)})
    result = index(survey, construct="all", replicates=FEW)
    assert (result.dissatisfied, result.dissatisfied_boxes) == (0.75, 1)
    assert math.isnan(result.items.bottom2[0])
    assert "75.0% are in the lowest category" in result.summary("en")
    # a scale that starts at 0 has one reading
    assert "it is the same" in result.summary("en")
