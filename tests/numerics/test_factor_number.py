"""Number of factors: the bank fixture, psych's MAP, and what random eigenvalues must be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.errors import TooFew
from csat.numerics.factor_number import (
    above_one,
    average_partial_correlations,
    drawn_eigenvalues,
    eigenvalues,
    normal_eigenvalues,
    parallel,
    permuted_eigenvalues,
)
from csat.numerics.ordinal import normal_score_variance, polychoric_matrix
from golden_data import recipe_matrix, reference

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "factors.json").read_text(encoding="utf-8"))
REAL = [
    ("mobi", "k3"),
    ("satisfaction_gender", "k4"),
    ("bfi", "k5_not_reversed"),
    ("bfi", "k2_A_C_polychoric"),
    ("holzinger", "k3"),
    ("holzinger", "k1_visual_textual"),
    ("airline2", "k4"),
    ("sfo2015", "k3"),
    ("sfo2015", "k3_pairwise"),
]


def bank_matrix():
    square, between = 1 - 0.369 * 12 / 7, 0.3797741558
    group = np.repeat(np.arange(5), [2, 3, 2, 3, 2])
    r = square * np.where(group[:, None] == group, 1.0, between)
    np.fill_diagonal(r, 1.0)
    return r


def test_the_bank_matrix_has_five_eigenvalues_above_one():
    values = eigenvalues(bank_matrix())
    stated = [2.884489, 1.316238, 1.194575, 1.088349, 1.088349] + [0.632571] * 7
    np.testing.assert_allclose(values, stated, atol=5e-7)
    assert above_one(values) == 5
    assert values[:5].sum() / 12 == pytest.approx(0.631, abs=1e-9)


def test_a_published_matrix_gives_the_stated_eigenvalues_and_map():
    np.testing.assert_allclose(eigenvalues(GOLDEN["R"]), GOLDEN["eigenvalues"], atol=1e-11)
    check_map(GOLDEN["R"], GOLDEN["map"])


@pytest.mark.parametrize(("data", "name"), REAL)
def test_real_data_give_psychs_eigenvalues_and_map(data, name):
    case = reference("efa")[data][name]
    np.testing.assert_allclose(eigenvalues(case["R"]["values"]), case["eigenvalues"], atol=1e-10)
    check_map(case["R"]["values"], case["map"])


def check_map(correlation, expected):
    found = average_partial_correlations(correlation)
    squared, fourth = (np.array(expected[key], dtype=float) for key in ("squared", "fourth_power"))
    np.testing.assert_allclose(found.squared[:-2], squared[:-2], atol=1e-10)
    np.testing.assert_allclose(found.fourth_power[:-2], fourth[:-2], atol=1e-10)
    # all but one or two components out: quotients of almost nothing
    np.testing.assert_allclose(found.squared[-2:], squared[-2:], rtol=1e-6)
    np.testing.assert_allclose(found.fourth_power[-2:], fourth[-2:], rtol=1e-6)
    assert found.by_squared == expected["suggested_squared"]
    assert found.by_fourth_power == expected["suggested_fourth"]


@pytest.mark.parametrize(
    ("data", "name"),
    [case for case in REAL if case not in (("bfi", "k2_A_C_polychoric"), ("sfo2015", "k3_pairwise"))],
)
def test_parallel_analysis_keeps_as_many_components_as_psych(data, name):
    case = reference("efa")[data][name]
    x = recipe_matrix(case["recipe"])
    random = permuted_eigenvalues(x.T, draws=60, rng=np.random.default_rng(7))
    assert parallel(case["eigenvalues"], random).by_percentile == case["parallel"]["n_components"]


def test_three_ways_to_draw_unrelated_answers_agree():
    rng = np.random.default_rng(11)
    values, share = np.arange(1.0, 6.0), np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    p, n, draws = 8, 1000, 300
    columns = np.repeat(np.tile(values, (p, 1)), (n * share).astype(int), axis=1)
    lines = [
        permuted_eigenvalues(columns, draws=draws, rng=rng),
        drawn_eigenvalues([values] * p, [share] * p, n=n, draws=draws, rng=rng),
        normal_eigenvalues(n, p, draws=draws, rng=rng),
        drawn_eigenvalues([None] * p, [None] * p, n=n, draws=draws, rng=rng),
    ]
    for line in lines:
        assert line.shape == (draws, p)
        np.testing.assert_allclose(line.sum(axis=1), p)
        # the largest has mean 1.14 and standard error .0015 here
        np.testing.assert_allclose(line.mean(axis=0), lines[0].mean(axis=0), atol=0.01)


def test_polychorics_of_unrelated_items_scatter_as_much_as_the_spread_says():
    rng = np.random.default_rng(5)
    share, n, p = np.array([0.7, 0.2, 0.1]), 400, 5
    spread = np.full(p, normal_score_variance(share))
    counts = (n * share).astype(int)
    scores = np.repeat(np.tile(np.arange(3.0), (p, 1)), counts, axis=1)
    largest = []
    for _ in range(150):
        x = rng.permuted(scores, axis=1).astype(int)
        one_hot = (x[:, :, None] == np.arange(3)).astype(float)
        joints = [one_hot[i].T @ one_hot[j] for i in range(p) for j in range(i + 1, p)]
        largest.append(eigenvalues(polychoric_matrix(joints).correlation)[0])
    line = permuted_eigenvalues(scores, draws=150, rng=rng, spread=spread)
    plain = permuted_eigenvalues(scores, draws=150, rng=rng)
    assert np.mean(largest) == pytest.approx(line[:, 0].mean(), abs=0.02)
    assert np.mean(largest) > plain[:, 0].mean() + 0.03


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 9), st.integers(0, 10**6))
def test_parallel_counts_only_the_leading_eigenvalues(p, seed):
    rng = np.random.default_rng(seed)
    values = np.sort(rng.uniform(0, 3, p))[::-1]
    random = np.sort(rng.uniform(0, 3, (20, p)), axis=1)[:, ::-1]
    found = parallel(values, random)
    assert (values[: found.by_mean] > found.mean[: found.by_mean]).all()
    assert found.by_mean == p or values[found.by_mean] <= found.mean[found.by_mean]
    assert found.by_percentile <= found.by_mean
    assert found.draws == 20


def test_a_seed_gives_the_same_line_and_a_constant_item_correlates_with_nothing():
    one, two = (normal_eigenvalues(50, 4, draws=5, rng=np.random.default_rng(2)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    columns = np.vstack([np.ones(30), np.arange(30)])
    np.testing.assert_allclose(permuted_eigenvalues(columns, draws=3, rng=np.random.default_rng(2)), 1)


def test_fewer_respondents_than_items_are_refused():
    with pytest.raises(TooFew):
        normal_eigenvalues(5, 6, draws=1, rng=np.random.default_rng(0))
