"""Thresholds and polychoric correlations against lavaan, psych's exact optimum, and laws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from csat.errors import TooFew
from csat.numerics.ordinal import (
    bivariate_normal_cdf,
    influence,
    polychoric,
    polychoric_matrix,
    polychoric_pairs,
    smoothed,
    thresholds,
)
from golden_data import recipe_matrix, reference

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "ordinal.json").read_text(encoding="utf-8"))
REAL = [
    ("mobi", "CUSA_CUSL"),
    ("mobi", "PERQ1_4"),
    ("satisfaction_gender", "SAT_LOY"),
    ("bfi", "A_C_listwise"),
    ("bfi", "A_C_pairwise"),
    ("bfi", "A_dichotomised_at_4"),
    ("airline2", "first2000"),
    ("sfo2015", "CLEAN"),
]


def counted(x, y, kx, ky):
    both = ~(np.isnan(x) | np.isnan(y))
    table = np.zeros((len(kx), len(ky)))
    np.add.at(table, (np.searchsorted(kx, x[both]), np.searchsorted(ky, y[both])), 1)
    return table


def real_case(data, name):
    case = reference("polychoric")[data][name]
    x = recipe_matrix(case["recipe"])
    cut = case["dichotomised_at_ge"]
    if cut:
        x = np.where(np.isnan(x), np.nan, (x >= cut).astype(float))
    p = x.shape[1]
    categories = [np.unique(x[:, i][~np.isnan(x[:, i])]) for i in range(p)]
    joints = [
        counted(x[:, i], x[:, j], categories[i], categories[j]) for i in range(p) for j in range(i + 1, p)
    ]
    margins = [np.array([(x[:, i] == k).sum() for k in categories[i]], dtype=float) for i in range(p)]
    return case, joints, margins


@pytest.mark.parametrize("name", list(GOLDEN["cases"]))
def test_lavaan_gives_the_same_correlation_thresholds_and_standard_error(name):
    case, tolerance = GOLDEN["cases"][name], GOLDEN["tolerance"]
    joint = np.array(case["joint"], dtype=float)
    pair = polychoric_pairs([joint], empty_2x2="half")
    assert pair.rho[0] == pytest.approx(case["rho"], abs=tolerance["rho"])
    taus = np.concatenate([thresholds(joint.sum(axis=1)).values, thresholds(joint.sum(axis=0)).values])
    np.testing.assert_allclose(taus, case["thresholds"], atol=tolerance["thresholds"])
    if "se" in case:
        assert pair.se[0] == pytest.approx(case["se"], rel=tolerance["se"])


@pytest.mark.parametrize(("data", "name"), REAL)
def test_real_data_give_the_exact_two_step_optimum(data, name):
    case, joints, margins = real_case(data, name)
    found = polychoric_matrix(joints)
    # the reference solves the score to 1e-9; where an observed cell is below 1e-8 it differences cdf values
    np.testing.assert_allclose(found.correlation, case["polychoric_exact"]["values"], atol=1e-9)
    pairs = polychoric_pairs(joints)
    assert np.abs(pairs.score).max() < 1e-10
    expected = np.array(case["pair_loglik"]["values"], dtype=float)[np.triu_indices(len(margins), 1)]
    np.testing.assert_allclose(pairs.log_likelihood, expected, rtol=1e-10)


@pytest.mark.parametrize(("data", "name"), REAL)
def test_real_data_give_lavaans_thresholds(data, name):
    case, _, margins = real_case(data, name)
    taus = np.concatenate([thresholds(margin).values for margin in margins])
    np.testing.assert_allclose(taus, list(case["thresholds"].values()), atol=1e-12)


@pytest.mark.parametrize(("data", "name"), [c for c in REAL if c[1] not in ("A_C_pairwise", "CLEAN")])
def test_real_data_give_lavaans_standard_errors(data, name):
    # not A_C_pairwise (lavaan counts thresholds of all rows of an item) nor CLEAN (lavaan's clamped cells)
    case, joints, margins = real_case(data, name)
    p = len(margins)
    se = polychoric_matrix(joints).se[np.triu_indices(p, 1)]
    # nacov: thresholds first, then correlations as the lower triangle by column, which is our order of pairs
    np.testing.assert_allclose(se, case["nacov"]["se"][-len(se) :], rtol=1e-6)


def test_thresholds_of_all_rows_give_lavaans_pairwise_correlations():
    case, joints, margins = real_case("bfi", "A_C_pairwise")
    found = polychoric_matrix(joints, margins=margins)
    np.testing.assert_allclose(found.correlation, case["polychoric_lavaan"]["values"], atol=1e-7)


def test_lavaan_is_right_where_no_answer_stands_in_a_clamped_cell():
    case, joints, _ = real_case("sfo2015", "CLEAN")
    found = polychoric_matrix(joints).correlation
    names = case["polychoric_lavaan"]["rows"]
    off = {tuple(pair.split("~")) for pair in case["pairs_where_lavaan_is_off"]["pairs"]}
    difference = np.abs(found - np.array(case["polychoric_lavaan"]["values"]))
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            assert (difference[i, j] < 1e-7) == ((names[i], names[j]) not in off)


# --- the bivariate normal ---


@given(st.floats(-1, 1))
def test_quadrant_probability_is_sheppards_formula(rho):
    assert bivariate_normal_cdf(0, 0, rho) == pytest.approx(0.25 + np.arcsin(rho) / (2 * np.pi), abs=1e-15)


@settings(max_examples=60)
@given(st.floats(-4, 4), st.floats(-4, 4), st.floats(-0.999, 0.999))
def test_bivariate_cdf_is_the_integral_of_the_conditional(a, b, rho):
    nodes, weights = np.polynomial.legendre.leggauss(100)
    s = np.sqrt(1 - rho**2)
    centre = np.clip(b / rho if rho else 0.0, -9, 9)
    ends = {-9.0, a} | {e for e in (centre, centre - 8 * s, centre + 8 * s) if -9 < e < a}
    total = 0.0
    for low, high in zip(sorted(ends), sorted(ends)[1:], strict=False):
        for part in np.linspace(low, high, 5)[:-1]:
            x = part + (high - low) / 8 * (1 + nodes)
            total += (high - low) / 8 * (weights * np.exp(-(x**2) / 2) * ndtr((b - rho * x) / s)).sum()
    assert bivariate_normal_cdf(a, b, rho) == pytest.approx(total / np.sqrt(2 * np.pi), abs=1e-13)


@settings(max_examples=60)
@given(st.floats(-6, 6), st.floats(-6, 6), st.floats(-1, 1))
def test_the_four_quadrants_sum_to_one(a, b, rho):
    total = (
        bivariate_normal_cdf(a, b, rho)
        + bivariate_normal_cdf(-a, b, -rho)
        + bivariate_normal_cdf(a, -b, -rho)
        + bivariate_normal_cdf(-a, -b, rho)
    )
    assert total == pytest.approx(1, abs=1e-14)


# --- laws ---

TABLES = st.tuples(st.integers(2, 6), st.integers(2, 6)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 40), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


def usable(table):
    n = np.array(table, dtype=float)
    return (n.sum(axis=1) > 0).sum() > 1 and (n.sum(axis=0) > 0).sum() > 1


@settings(max_examples=40, deadline=None)
@given(TABLES.filter(usable))
def test_transposing_keeps_rho_and_reversing_one_item_turns_its_sign(table):
    n = np.array(table, dtype=float)
    rho = polychoric(n)
    assert polychoric(n.T) == pytest.approx(rho, abs=1e-9)
    assert polychoric(n[::-1]) == pytest.approx(-rho, abs=1e-9)
    assert polychoric(n[::-1, ::-1]) == pytest.approx(rho, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(TABLES.filter(usable), st.floats(0.01, 100))
def test_scaling_the_weights_changes_neither_rho_nor_se_of_a_given_n(table, factor):
    n = np.array(table, dtype=float)
    one = polychoric_pairs([n], effective_n=100.0)
    other = polychoric_pairs([factor * n], effective_n=100.0)
    np.testing.assert_allclose(other.rho, one.rho, atol=1e-9)
    np.testing.assert_allclose(other.se, one.se, rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(TABLES.filter(usable), st.integers(0, 6), st.integers(0, 6))
def test_a_category_nobody_chose_changes_nothing(table, row, column):
    n = np.array(table, dtype=float)
    wide = np.insert(np.insert(n, min(row, n.shape[0]), 0, axis=0), min(column, n.shape[1]), 0, axis=1)
    assert polychoric(wide) == pytest.approx(polychoric(n), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(-0.995, 0.995),
    st.lists(st.floats(-2, 2), min_size=1, max_size=6, unique=True),
    st.lists(st.floats(-2, 2), min_size=1, max_size=6, unique=True),
)
def test_rho_is_recovered_from_the_probabilities_of_a_bivariate_normal(rho, a, b):
    a, b = (np.concatenate([[-30.0], np.sort(v), [30.0]]) for v in (a, b))
    if min(np.diff(a).min(), np.diff(b).min()) < 0.05:
        return
    grid = bivariate_normal_cdf(a[:, None], b[None, :], rho)
    p = np.maximum(np.diff(np.diff(grid, axis=0), axis=1), 0)
    assert polychoric(p) == pytest.approx(rho, abs=1e-6)


def test_pairs_solved_together_are_the_pairs_solved_alone():
    rng = np.random.default_rng(3)
    joints = [rng.integers(0, 30, size=rng.integers(2, 8, size=2)).astype(float) for _ in range(20)]
    together = polychoric_pairs(joints)
    for position, table in enumerate(joints):
        alone = polychoric_pairs([table])
        assert together.rho[position] == pytest.approx(alone.rho[0], abs=1e-12)
        assert together.se[position] == pytest.approx(alone.se[0], rel=1e-10)
        assert together.sparse[position] == alone.sparse[0]


def test_influences_average_to_zero_and_give_the_standard_error():
    table = np.array(GOLDEN["cases"]["five_by_five"]["joint"], dtype=float)
    pair = polychoric_pairs([table])
    psi = influence(table, float(pair.rho[0]))
    assert (table * psi).sum() / table.sum() == pytest.approx(0, abs=1e-12)
    assert np.sqrt((table * psi**2).sum()) / table.sum() == pytest.approx(pair.se[0], rel=1e-12)


def test_one_more_answer_moves_rho_by_its_influence():
    # on a table without misfit: elsewhere Muthen's information (of products of scores) is not the curvature
    cuts = np.array([-38.0, -1, 0.2, 1.1, 38])
    table = np.diff(np.diff(bivariate_normal_cdf(cuts[:, None], cuts, 0.6), axis=0), axis=1)
    psi, step = influence(table, 0.6), 1e-6
    for cell in np.ndindex(table.shape):
        more = table.copy()
        more[cell] += step
        assert (polychoric(more) - 0.6) / step == pytest.approx(psi[cell], rel=1e-3, abs=1e-3)


def test_one_contrary_answer_keeps_its_full_weight():
    table = np.diag([1e5] * 6) + np.diag([2e4] * 5, 1) + np.diag([2e4] * 5, -1)
    table[0, 5] = 1
    pair = polychoric_pairs([table])
    assert not pair.boundary[0]
    assert abs(pair.score[0]) < 1e-9
    assert pair.rho[0] < polychoric(np.where(table == 1, 0, table))


# --- edges ---


def test_perfect_agreement_is_one_and_stands_on_the_boundary():
    pair = polychoric_pairs([np.diag([10.0, 20, 30]), np.diag([10.0, 20, 30])[::-1]])
    assert pair.rho.tolist() == [1.0, -1.0]
    assert pair.boundary.all()
    assert np.isnan(pair.se).all()


def test_an_empty_cell_of_a_two_by_two_table_leaves_no_maximum_inside():
    assert polychoric([[0, 20], [30, 50]]) == -1.0
    assert polychoric([[40, 12, 0], [0, 33, 0]]) == 1.0


def test_empty_categories_are_merged_upward_and_named_by_position():
    cut = thresholds([5, 0, 10, 0, 5, 0])
    assert cut.used.tolist() == [0, 2, 4]
    assert cut.empty.tolist() == [1, 3, 5]
    np.testing.assert_allclose(cut.values, thresholds([5, 10, 5]).values)


def test_an_item_with_one_used_category_is_named_by_position():
    joints = [np.ones((2, 2)), np.array([[3.0, 0], [3, 0]]), np.array([[3.0, 0], [3, 0]])]
    with pytest.raises(TooFew) as raised:
        polychoric_matrix(joints)
    assert raised.value.positions == (2,)
    with pytest.raises(TooFew):
        thresholds([0, 7, 0])


def test_a_matrix_that_is_not_positive_definite_is_smoothed_only_on_request():
    r = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    fixed = smoothed(r)
    assert np.linalg.eigvalsh(fixed)[0] > 0
    np.testing.assert_array_equal(np.diag(fixed), 1)
    fine = np.array([[1, 0.3], [0.3, 1]])
    np.testing.assert_array_equal(smoothed(fine), fine)
