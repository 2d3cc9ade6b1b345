"""Signs of careless answering: fixtures, definitions spelled out slowly, laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.numerics import careless as ca
from golden_data import recipe_matrix, reference


def test_fixture_of_six_answers():
    """METHODS 18: 3 3 3 4 4 3: longstring 3, mean run 2, IRV .516398."""
    row = np.array([[3, 3, 3, 4, 4, 3]])
    runs = ca.runs(row)
    assert (runs.longest[0], runs.mean[0]) == (3, 2.0)
    assert ca.individual_variability(row)[0] == pytest.approx(0.516398, abs=5e-7)


def test_even_odd_fixture():
    """METHODS 18: odd means 1 2 3 4, even means 2 1 4 3: r .6, corrected .75."""
    answers = np.array([[1, 2, 2, 1, 3, 4, 4, 3]], float)
    assert ca.row_correlation([[1, 2, 3, 4]], [[2, 1, 4, 3]])[0] == pytest.approx(0.6, abs=1e-14)
    pairs = [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert ca.even_odd_consistency(answers, pairs)[0] == pytest.approx(0.75, abs=1e-14)


def test_chi_square_cut_fixture():
    """METHODS 18: the .999 cut with 12 items is 32.909490."""
    x = np.zeros((2, 12))
    x[0, 0], x[1, 0] = np.sqrt(32.90949), np.sqrt(32.9094)
    p = ca.mahalanobis(x, np.zeros(12), np.eye(12)).p
    np.testing.assert_allclose(p[0], 0.001, rtol=1e-6)
    assert p[1] > p[0]


@pytest.mark.parametrize(
    ("data", "case"),
    [("mobi", "all"), ("satisfaction_gender", "all"), ("airline2", "raw"), ("holzinger", "tests")],
)
def test_distances_agree_with_r(data, case):
    numbers = reference("descriptive")[data][case]
    g, columns = numbers["mardia"], numbers["recipe"]["columns"]
    x = recipe_matrix(numbers["recipe"])[:, [columns.index(i) for i in g["items"]]]
    x = x[~np.isnan(x).any(axis=1)][: g["n"]]
    ours = ca.mahalanobis(x, x.mean(axis=0), np.cov(x.T))
    top = g["mahalanobis_top5"]
    rows = np.array(top["row"]) - 1
    np.testing.assert_allclose(ours.squared[rows], top["d2"], rtol=1e-10)
    np.testing.assert_allclose(ours.p[rows], top["p"], rtol=1e-9)
    np.testing.assert_allclose(np.sort(ours.squared)[-5:][::-1], top["d2"], rtol=1e-10)


def slow_runs(row):
    longest, current, number, before, answered = 0, 0, 0, None, 0
    for code in row:
        if code < 0:
            current, before = 0, None
            continue
        answered += 1
        current = current + 1 if code == before else 1
        number += code != before
        longest, before = max(longest, current), code
    return longest, (answered / number if number else np.nan)


tables = st.integers(0, 10_000).map(
    lambda seed: np.random.default_rng(seed).integers(-2, 3, size=(20, 7)).astype(np.int8)
)


@settings(max_examples=40, deadline=None)
@given(codes=tables)
def test_runs_follow_their_definition(codes):
    ours = ca.runs(codes)
    slow = [slow_runs(row) for row in codes.tolist()]
    assert ours.longest.tolist() == [longest for longest, _ in slow]
    np.testing.assert_array_equal(ours.mean, [mean for _, mean in slow])


@settings(max_examples=40, deadline=None)
@given(codes=tables)
def test_duplicates_follow_their_definition(codes):
    ours = ca.duplicate_rows(list(codes[:, :3].T))
    rows = [tuple(r) for r in codes[:, :3].tolist()]
    assert ours.first.tolist() == [rows.index(r) for r in rows]
    assert ours.size.tolist() == [rows.count(r) for r in rows]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(1, 11))
def test_distance_over_answered_items_follows_its_definition(seed, p):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, p)) @ rng.normal(size=(p, p)) + rng.normal(size=p)
    mean, cov = x.mean(axis=0), np.cov(x.T).reshape(p, p)
    x[rng.random(x.shape) < 0.4] = np.nan
    ours = ca.mahalanobis(x, mean, cov)
    for row, squared, df in zip(x, ours.squared, ours.df, strict=True):
        o = ~np.isnan(row)
        assert df == o.sum()
        if not o.any():
            assert np.isnan(squared)
            continue
        d = (row - mean)[o]
        np.testing.assert_allclose(squared, d @ np.linalg.solve(cov[np.ix_(o, o)], d), rtol=1e-5, atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_distance_does_not_depend_on_units_or_order(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(30, 4)) + rng.normal(size=(30, 1))
    order, unit = rng.permutation(4), rng.uniform(0.1, 10, 4)
    y = (x * unit)[:, order]
    here = ca.mahalanobis(x, x.mean(axis=0), np.cov(x.T)).squared
    there = ca.mahalanobis(y, y.mean(axis=0), np.cov(y.T)).squared
    np.testing.assert_allclose(here, there, rtol=1e-8)
    np.testing.assert_allclose(here.sum(), 4 * 29, rtol=1e-10)  # the distances always sum to p (n - 1)


def test_a_singular_covariance_gives_the_distance_by_the_pseudo_inverse():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(50, 3))
    x = np.column_stack([x, x[:, 0] + x[:, 1], np.ones(50)])
    cov = np.cov(x.T)
    ours = ca.mahalanobis(x, x.mean(axis=0), cov)
    assert ours.columns.tolist() == [0, 1, 2]
    assert (ours.df == 3).all()
    d = x - x.mean(axis=0)
    np.testing.assert_allclose(ours.squared, np.einsum("ij,jk,ik->i", d, np.linalg.pinv(cov), d), rtol=1e-8)


def test_no_item_that_varies_gives_no_distance():
    ours = ca.mahalanobis(np.ones((3, 2)), np.ones(2), np.zeros((2, 2)))
    assert np.isnan(ours.squared).all()
    assert np.isnan(ours.p).all()


@settings(max_examples=40, deadline=None)
@given(codes=tables)
def test_variability_follows_its_definition(codes):
    answers = np.where(codes < 0, np.nan, codes.astype(float))
    expected = [
        np.std(row[~np.isnan(row)], ddof=1) if (~np.isnan(row)).sum() > 1 else np.nan for row in answers
    ]
    np.testing.assert_allclose(ca.individual_variability(answers), expected, atol=1e-12)


def test_reversing_all_answers_leaves_variability_and_runs_alone():
    codes = np.random.default_rng(3).integers(0, 5, size=(50, 9))
    np.testing.assert_allclose(ca.individual_variability(codes), ca.individual_variability(4 - codes))
    assert (ca.runs(codes).longest == ca.runs(4 - codes).longest).all()


def test_the_same_answer_throughout_has_exactly_no_variability():
    assert ca.individual_variability(np.full((1, 29), 7.0))[0] == 0.0


def test_row_correlation_follows_its_definition():
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 30, 6))
    a[rng.random(a.shape) < 0.2] = np.nan
    ours = ca.row_correlation(a, b)
    for r, x, y in zip(ours, a, b, strict=True):
        there = ~np.isnan(x)
        if there.sum() >= 3:
            np.testing.assert_allclose(r, np.corrcoef(x[there], y[there])[0, 1], atol=1e-12)
        else:
            assert np.isnan(r)
    assert np.isnan(ca.row_correlation([[2.0, 2, 2]], [[1.0, 2, 3]])).all()


def test_synonyms_are_found_and_followed():
    rng = np.random.default_rng(6)
    base = rng.normal(size=(200, 3))
    x = np.column_stack([base, base + 0.1 * rng.normal(size=(200, 3)), -base])
    r = np.corrcoef(x.T)
    assert ca.synonym_pairs(r).tolist() == [[0, 3], [1, 4], [2, 5]]
    antonyms = ca.synonym_pairs(r, at_least=-0.6)
    assert antonyms.tolist() == [[0, 6], [1, 7], [2, 8], [3, 6], [4, 7], [5, 8]]
    assert np.median(ca.synonym_consistency(x, ca.synonym_pairs(r))) > 0.9
    assert np.median(ca.synonym_consistency(x, antonyms)) < -0.9


def test_even_odd_needs_three_scales():
    assert np.isnan(ca.even_odd_consistency(np.ones((2, 4)), [[0, 1], [2, 3]])).all()


def test_patterns_wider_than_a_machine_word_are_told_apart():
    rng = np.random.default_rng(7)
    flags = rng.random((300, 130)) < 0.5
    flags[100:200] = flags[:100]
    patterns, which = ca.distinct_patterns(flags)
    assert len(patterns) == 200
    np.testing.assert_array_equal(patterns[which], flags)


def test_nobody_and_nothing_do_no_harm():
    assert ca.runs(np.empty((0, 3), np.int8)).longest.size == 0
    assert ca.duplicate_rows([np.empty(0, np.int8)]).size.size == 0
    assert np.isnan(ca.runs(np.full((1, 3), -1, np.int8)).mean).all()
