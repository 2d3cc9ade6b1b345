"""Changes of shares and means against METHODS 20 and R, and their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import NumericsError
from csat.numerics import changes as co
from golden_data import recipe_matrix, reference, reference_rows

SIX = {"rtol": 0, "atol": 5e-7}


def test_the_power_survey():
    """METHODS 20: 82 % to 88 %."""
    found = co.share_difference(0.82, 500, 0.88, 500)
    np.testing.assert_allclose(
        [found.difference, found.z, found.p, found.cohen_h, found.odds_ratio],
        [0.06, 2.656845, 0.007888, 0.168815, 1.609756],
        **SIX,
    )
    np.testing.assert_allclose([found.ci_lower, found.ci_upper], [0.015724, 0.104250], **SIX)
    small = co.share_difference(0.82, 200, 0.88, 200)
    np.testing.assert_allclose([small.z, small.p], [1.680336, 0.092892], **SIX)


def test_respondents_the_power_survey_needed():
    assert co.n_for_significance(0.82, 0.88) == 273
    np.testing.assert_allclose(co.n_for_power(0.82, 0.88), 554.78, rtol=0, atol=0.005)


def test_lateness_complaints():
    """METHODS 20: 5 % to 4 % of 4000."""
    found = co.share_difference(0.05, 4000, 0.04, 4000)
    np.testing.assert_allclose([found.ratio - 1, found.z], [-0.20, -2.157283], **SIX)
    np.testing.assert_allclose([found.ratio_lower, found.ratio_upper], [0.6529, 0.9803], rtol=0, atol=5e-5)


def test_churn_of_two_groups():
    """METHODS 21: 2 % against 30 % at n 1000 each."""
    np.testing.assert_allclose(co.share_difference(0.02, 1000, 0.30, 1000).z, 17.078251, **SIX)


def test_welch_by_gender_agrees_with_r():
    g = reference("descriptive")["satisfaction_gender"]["sat1_by_gender"]
    answers = recipe_matrix(g["recipe"])[:, 0]
    header, rows = reference_rows(g["recipe"]["file"])
    gender = np.array([row[header.index("gender")] for row in rows])
    parts = [answers[gender == level] for level in g["by_group"]["levels"]]
    (m1, s1, n1), (m2, s2, n2) = ((v.mean(), v.std(ddof=1), len(v)) for v in parts)
    found = co.mean_difference(m1, s1 / np.sqrt(n1), n1 - 1, m2, s2 / np.sqrt(n2), n2 - 1)
    # R takes the first group less the second
    golden = g["by_group"]
    welch = [golden["t_welch"][k] for k in ("t", "df", "p")]
    np.testing.assert_allclose([-found.t, found.df, found.p], welch, rtol=1e-9)
    np.testing.assert_allclose([-found.ci_upper, -found.ci_lower], golden["t_welch"]["ci95"], rtol=1e-9)
    np.testing.assert_allclose(co.cohen_d(-found.difference, s1, n1, s2, n2), golden["cohens_d"], rtol=1e-9)


@pytest.mark.parametrize("item", ["Q7ALL", "Q9RESTROOM"])
def test_two_weighted_years_agree_with_r(item):
    g = reference("weighted")["sfo2015_vs_2016"][f"{item}_difference"]
    found = co.mean_difference(
        g["mean_a"], g["se_a"], g["n_a"] - 1, g["mean_b"], g["se_b"], g["n_b"] - 1, freedom="design"
    )
    golden = g["svyttest_year_as_stratum"]
    np.testing.assert_allclose([found.difference, found.t], [golden["estimate"], golden["t"]], rtol=1e-9)
    np.testing.assert_allclose([found.df, found.p], [golden["df"], golden["p"]], rtol=1e-9)
    np.testing.assert_allclose(found.se, g["se_independent"], rtol=1e-12)


@pytest.mark.parametrize("item", ["Q7ALL", "Q9RESTROOM"])
def test_two_samples_by_row_agree_with_r(item):
    """svyttest on the stacked answering rows: stacked, years as strata, strata within years."""
    g = reference("weighted")["sfo2015_vs_2016"][f"{item}_difference"]
    years = []
    for recipe in (g["recipe_a"], g["recipe_b"]):
        rows = reference("weighted")[recipe["file"][5:12]]["ratings"]["n"]
        matrix = recipe_matrix(recipe | {"n_rows": rows}, extra=("WEIGHT", "STRATA"))
        years.append(matrix[:, [recipe["columns"].index(item), -2, -1]])
    weighted = [co.Sample(y[:, 0], y[:, 1]) for y in years]
    within = [co.Sample(y[:, 0], y[:, 1], y[:, 2]) for y in years]
    for found, name in (
        (co.compare_samples(*weighted, independent=False), "svyttest_stacked"),
        (co.compare_samples(*weighted), "svyttest_year_as_stratum"),
        (co.compare_samples(*within), "svyttest_strata_within_year"),
        (co.compare_samples(*(co.Sample(y[:, 0]) for y in years)), "welch_unweighted"),
    ):
        golden = g[name]
        np.testing.assert_allclose(
            [found.t, found.df, found.p], [golden[k] for k in ("t", "df", "p")], rtol=1e-9
        )
    alone = co.sample_mean(weighted[0])
    np.testing.assert_allclose(
        [alone.n, alone.mean, alone.se], [g["n_a"], g["mean_a"], g["se_a"]], rtol=1e-10
    )


def test_clusters_widen_the_error_of_a_difference():
    values = np.repeat([1.0, 5, 2, 4, 3, 5], 10)
    clusters = np.repeat(np.arange(6.0), 10)
    first = co.Sample(values[:30], clusters=clusters[:30])
    second = co.Sample(values[30:], clusters=clusters[30:])
    found = co.compare_samples(first, second)
    assert found.df == 3
    plain = co.compare_samples(co.Sample(values[:30]), co.Sample(values[30:]))
    assert found.se > 2 * plain.se
    with pytest.raises(NumericsError, match="clusters"):
        co.compare_samples(first, co.Sample(values[30:]))


def test_samples_too_small_to_compare_are_undefined():
    one = co.Sample(np.array([1.0, np.nan]), np.array([1.0, 1.0]))
    two = co.Sample(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    assert np.isnan(co.compare_samples(one, two).p)
    assert co.sample_mean(co.Sample(np.array([np.nan]))) == co.UNKNOWN_MEAN
    assert np.isnan(co.sample_mean(one).se)
    assert co.sample_mean(co.Sample(np.ones(3), np.zeros(3))) == co.UNKNOWN_MEAN


def test_a_change_as_large_as_detectable_is_found_in_four_of_five_samples():
    rng = np.random.default_rng(1)
    se = 0.1
    true = co.detectable_difference(se)
    seen = np.abs(rng.normal(true, se, 200_000)) / se > 1.959963984540054
    assert seen.mean() == pytest.approx(0.8, abs=0.003)


def test_the_same_respondents_twice():
    d = np.array([1.0, 0, 2, np.nan, -1, 1])
    known = d[~np.isnan(d)]
    found = co.paired_difference(co.Sample(d))
    np.testing.assert_allclose(found.t, known.mean() / (known.std(ddof=1) / np.sqrt(5)))
    np.testing.assert_allclose(found.df, 4)


def test_what_cannot_be_compared_is_undefined():
    found = co.mean_difference(3.0, 0.0, 9, 3.0, 0.0, 9)
    assert np.isnan([found.t, found.p, found.detectable]).all()
    assert np.isnan(co.mean_difference(3.0, np.nan, 0, 4.0, 0.1, 9).p)
    assert np.isnan(co.share_difference(0.0, 10, 0.0, 10).z)
    assert np.isnan(co.cohen_d(0.0, 0.0, 5, 0.0, 5))


def test_impossible_comparisons_are_refused():
    with pytest.raises(NumericsError, match=r"0\.82"):
        co.share_difference(82, 500, 88, 500)
    with pytest.raises(NumericsError, match="equal"):
        co.n_for_significance(0.5, 0.5)
    with pytest.raises(ValueError, match="welch, design"):
        co.mean_difference(1, 1, 1, 1, 1, 1, freedom="pooled")


shares = st.tuples(st.floats(0.02, 0.98), st.floats(0.02, 0.98)).filter(lambda p: abs(p[0] - p[1]) > 0.01)


@given(p=shares)
def test_the_n_for_significance_is_the_smallest(p):
    n = co.n_for_significance(*p)
    z = 1.959963984540054
    assert abs(co.share_difference(p[0], n, p[1], n).z) >= z - 1e-6
    assert n == 1 or abs(co.share_difference(p[0], n - 1, p[1], n - 1).z) < z
    assert n <= co.n_for_power(*p) + 1


@given(p=shares, n=st.integers(5, 3000))
def test_swapping_the_waves_turns_the_signs(p, n):
    there, back = co.share_difference(p[0], n, p[1], n), co.share_difference(p[1], n, p[0], n)
    np.testing.assert_allclose(there.z, -back.z)
    np.testing.assert_allclose(there.cohen_h, -back.cohen_h)
    np.testing.assert_allclose([there.ci_lower, there.ci_upper], [-back.ci_upper, -back.ci_lower])
    np.testing.assert_allclose(there.odds_ratio, 1 / back.odds_ratio)


@given(y=st.lists(st.integers(1, 5), min_size=4, max_size=40), weight=st.floats(0.1, 9))
def test_equal_weights_change_the_error_of_a_mean_by_nothing(y, weight):
    plain = co.sample_mean(co.Sample(np.array(y, dtype=float)))
    equal = co.sample_mean(co.Sample(np.array(y, dtype=float), np.full(len(y), weight)))
    np.testing.assert_allclose(plain, equal, rtol=1e-9, atol=1e-12)


def test_every_choice_of_marked_values_is_looked_at():
    found = co.permuted_difference([3.0, 2.0, 0.0, 0.0, 0.0], [True, True, False, False, False])
    assert found == (2.5, 0.1, 10, True)


def test_drawn_choices_come_near_to_all_of_them():
    values = np.random.default_rng(4).normal(size=14)
    marked = np.arange(14) < 5
    exact = co.permuted_difference(values, marked)
    drawn = co.permuted_difference(values, marked, permutations=1999)
    assert exact.exact
    assert not drawn.exact
    assert drawn.p == pytest.approx(exact.p, abs=0.04)
    assert co.permuted_difference(values, marked, permutations=1999) == drawn
    with pytest.raises(NumericsError, match="some others"):
        co.permuted_difference([1.0, 2.0], [True, True])
