"""Descriptive figures against R, the fixtures, and their laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.errors import TooFew
from csat.numerics import descriptives as de
from csat.numerics import intervals as iv
from golden_data import recipe_matrix, reference

CLOSED = {"rtol": 1e-10, "atol": 1e-10}
CASES = [
    ("mobi", "all"),
    ("satisfaction_gender", "all"),
    ("satisfaction_gender", "sat1_by_gender"),
    ("bfi", "raw_with_missing"),
    ("airline2", "raw"),
    ("sfo2015", "ratings"),
    ("holzinger", "tests"),
]


def test_no_case_of_the_reference_is_forgotten():
    known = {(d, c) for d, cases in reference("descriptive").items() if d != "_meta" for c in cases}
    assert known == set(CASES)


@pytest.mark.parametrize(("data", "case"), CASES)
def test_agrees_with_r(data, case):
    numbers = reference("descriptive")[data][case]
    matrix = recipe_matrix(numbers["recipe"])
    for i, item in enumerate(numbers["recipe"]["columns"]):
        g, answers = numbers["items"][item], matrix[:, i]
        answered = answers[~np.isnan(answers)]
        assert (answered.size, len(answers) - answered.size) == (g["n"], g["missing"])
        values, counts = np.unique(answered, return_counts=True)
        if g.get("frequencies"):
            assert dict(zip(values, counts, strict=True)) == {
                float(v): n for v, n in g["frequencies"].items()
            }
        for m in (de.moments(values, counts), de.moments_of(answers)):
            np.testing.assert_allclose(m.mean, g["mean"], **CLOSED)
            np.testing.assert_allclose(m.sd, g["sd"], **CLOSED)
            np.testing.assert_allclose(m.variance, g["variance"], **CLOSED)
            for kind, skew, kurtosis in ((1, "g1", "g2"), (2, "G1", "G2"), (3, "b1", "b2")):
                np.testing.assert_allclose(m.skewness(kind), g[f"skew_type{kind}_{skew}"], **CLOSED)
                np.testing.assert_allclose(m.kurtosis(kind), g[f"kurtosis_type{kind}_{kurtosis}"], **CLOSED)
        np.testing.assert_allclose(
            iv.mean_interval(m.mean, m.sd / np.sqrt(m.n), df=m.n - 1), g["ci95_mean_t"], **CLOSED
        )
        np.testing.assert_allclose(
            de.quantiles(values, counts, [0.25, 0.5, 0.75]), g["quartiles_type7"], **CLOSED
        )
        np.testing.assert_allclose(de.median(values, counts), g["median"], **CLOSED)
        box = de.tukey_box(values, counts)
        np.testing.assert_allclose(box.q3 - box.q1, g["iqr"], **CLOSED)
        if g.get("top_box"):
            least, most = (float(g[b]["rule"].split()[1]) for b in ("top_box", "bottom_box"))
            np.testing.assert_allclose(counts[values >= least].sum() / g["n"], g["top_box"]["p"], **CLOSED)
            np.testing.assert_allclose(counts[values <= most].sum() / g["n"], g["bottom_box"]["p"], **CLOSED)


COUNTS = [5, 10, 25, 110, 50]


def test_the_five_point_fixture():
    """METHODS 2: counts 5 10 25 110 50 on 1-5."""
    m = de.moments([1, 2, 3, 4, 5], COUNTS)
    assert m.n == 200
    assert m.mean == pytest.approx(3.95, abs=1e-14)
    assert de.rescaled_0_100(m.mean, minimum=1, maximum=5) == pytest.approx(73.75, abs=1e-12)
    assert de.top_share(COUNTS) == pytest.approx(0.8, abs=1e-15)
    assert de.top_share(COUNTS, boxes=1) == pytest.approx(0.25, abs=1e-15)
    assert de.bottom_share(COUNTS) == pytest.approx(0.075, abs=1e-15)
    assert de.median([1, 2, 3, 4, 5], COUNTS) == 4


def test_effective_n_fixture():
    """METHODS 1: w = 1 1 2 4."""
    assert de.effective_n([1, 1, 2, 4]) == pytest.approx(2.909091, abs=5e-7)
    assert de.design_effect([1, 1, 2, 4]) == pytest.approx(1.375, abs=1e-14)


def test_effective_n_agrees_with_r():
    for year in ("sfo2015", "sfo2016"):
        g = reference("weighted")[year]["ratings"]
        recipe = {**g["recipe"], "reverse_scored": None, "first_rows_after_missing_handling": None}
        weights = recipe_matrix(recipe, extra=("WEIGHT",))[:, -1]
        np.testing.assert_allclose(de.effective_n(weights), g["weights"]["kish_n_eff"], **CLOSED)
        np.testing.assert_allclose(de.design_effect(weights), g["weights"]["kish_deff"], **CLOSED)


def test_an_item_by_group_fixture():
    # R 4.2: boxplot.stats uses hinges; ours are type 7 quartiles with fences at 1.5 interquartile ranges
    box = de.tukey_box([1, 2, 3, 4, 5], [1, 0, 1, 20, 6])
    assert box.median == 4
    assert (box.q1, box.q3) == (4.0, 4.0)
    assert (box.whisker_low, box.whisker_high) == (4.0, 4.0)
    assert box.outliers == (1.0, 3.0, 5.0)


counted = st.lists(st.integers(0, 30), min_size=2, max_size=10).filter(lambda c: sum(c) > 0)


@settings(max_examples=60, deadline=None)
@given(counts=counted)
def test_counts_and_answers_agree(counts):
    values = np.arange(1, len(counts) + 1.0)
    answers = np.repeat(values, counts)
    a, b = de.moments(values, counts), de.moments_of(answers)
    np.testing.assert_allclose(a[:2], b[:2])
    np.testing.assert_allclose(a[2:], b[2:], atol=1e-9)
    probabilities = [0, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 1]
    np.testing.assert_allclose(
        de.quantiles(values, counts, probabilities), np.quantile(answers, probabilities), atol=1e-12
    )


@settings(max_examples=40, deadline=None)
@given(counts=counted)
def test_power_sums_about_the_middle_give_the_same_moments(counts):
    values = np.arange(1, len(counts) + 1.0)
    middle = (1 + len(counts)) / 2
    sums = [(np.array(counts) * (values - middle) ** k).sum() for k in range(5)]
    here, there = de.moments(values, counts), de.moments_from_power_sums(sums, origin=middle)
    np.testing.assert_allclose(here, there, atol=1e-9)
    assert np.isnan(de.moments_from_power_sums(np.zeros(5)).mean)


@settings(max_examples=60, deadline=None)
@given(counts=counted, unit=st.sampled_from([0.1, 0.5, 3.0]))
def test_weights_in_another_unit_change_no_weighted_figure(counts, unit):
    values, counts = np.arange(len(counts) + 0.0), np.array(counts, float)
    n = counts.sum()
    a, b = de.moments(values, counts, n=n), de.moments(values, unit * counts, n=n)
    np.testing.assert_allclose(a, b, atol=1e-9)
    p = [0.1, 0.25, 0.5, 0.75]
    np.testing.assert_array_equal(
        de.quantiles(values, counts, p, rule="inverse"),
        de.quantiles(values, unit * counts, p, rule="inverse"),
    )
    assert de.top_share(unit * counts) == pytest.approx(de.top_share(counts))


@settings(max_examples=60, deadline=None)
@given(counts=counted)
def test_the_inverse_median_is_the_median_of_the_answers(counts):
    values = np.arange(len(counts) + 0.0)
    assert de.median(values, counts, rule="inverse") == np.median(np.repeat(values, counts))


@settings(max_examples=60, deadline=None)
@given(counts=counted)
def test_a_box_is_in_order_and_covers_everybody(counts):
    values = np.arange(len(counts) + 0.0)
    box = de.tukey_box(values, counts)
    assert box.whisker_low <= box.q1 <= box.median <= box.q3 <= box.whisker_high
    used = values[np.array(counts) > 0]
    inside = used[(used >= box.whisker_low) & (used <= box.whisker_high)]
    assert set(box.outliers) | set(inside.tolist()) == set(used.tolist())


@settings(max_examples=40, deadline=None)
@given(weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=40))
def test_weights_never_add_respondents(weights):
    assert de.effective_n(weights) <= len(weights) * (1 + 1e-12)
    assert de.effective_n(np.ones(len(weights))) == len(weights)


def test_nobody_answered_is_undefined_not_zero():
    m = de.moments([1, 2, 3], [0, 0, 0])
    assert m.n == 0
    assert np.isnan(
        [m.mean, m.sd, m.skewness(), m.kurtosis(), de.top_share([0, 0]), de.median([1], [0])]
    ).all()
    assert np.isnan(de.tukey_box([1, 2], [0, 0]).median)


def test_equal_answers_have_no_shape():
    m = de.moments([1, 2, 3], [0, 7, 0])
    assert (m.mean, m.sd) == (2.0, 0.0)
    assert np.isnan([m.skewness(1), m.kurtosis(1)]).all()


def test_few_answers_have_no_corrected_shape():
    two, three = de.moments([1, 2], [1, 1]), de.moments([1, 2], [2, 1])
    assert np.isnan(two.skewness(2))
    assert not np.isnan(two.skewness(1))
    assert np.isnan(three.kurtosis(2))
    assert np.isnan(de.moments([3], [1]).sd)


def test_bad_weights_and_scales_are_refused():
    with pytest.raises(TooFew) as error:
        de.effective_n([1, -1, np.nan])
    assert error.value.positions == (1, 2)
    with pytest.raises(TooFew):
        de.effective_n([0, 0])
    with pytest.raises(ValueError, match="maximum"):
        de.rescaled_0_100(3, minimum=5, maximum=5)
