"""Reliability, validity, effect sizes, fit, index, importance of PLS: against the reference, and by law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.numerics.pls import path_structure, pls, pls_many
from csat.numerics.pls_assessment import (
    construct_index,
    construct_reliability,
    f2_reestimated,
    goodness_of_fit,
    htmt2_ratios,
    htmt_ratios,
    implied_correlation,
    is_proper,
    item_vif,
    model_fit,
    structural,
)
from csat.numerics.validity import htmt
from pls_cases import CASES, SCHEMES, drawn, golden_case, reference_case

CLOSE = 1e-8
"""The reference stops when weights change by 1e-14, we at 1e-10; indices are a hundred times as large."""


def fitted(data: str, name: str, scheme: str):
    case = reference_case(data, name)
    return case, case.numbers[SCHEMES[scheme]], pls(case.correlation, case.structure, scheme=scheme)


@pytest.mark.parametrize(("data", "name", "scheme"), CASES)
def test_reliability_and_htmt_equal_the_reference(data: str, name: str, scheme: str) -> None:
    case, numbers, fit = fitted(data, name, scheme)
    found = construct_reliability(case.correlation, fit)
    stored = numbers["reliability"]
    assert stored["rows"] == list(case.constructs)
    table = np.array(stored["values"])
    for column, values in (
        ("alpha_std", found.alpha),
        ("rhoA", found.rho_a),
        ("rhoC", found.rho_c),
        ("AVE", found.ave),
    ):
        np.testing.assert_allclose(values, table[:, stored["cols"].index(column)], atol=CLOSE)
    for made, key in ((htmt_ratios, "htmt"), (htmt2_ratios, "htmt2")):
        ratios = made(case.correlation, case.structure)
        np.fill_diagonal(ratios, np.nan)
        np.testing.assert_allclose(ratios, case.matrix(numbers[key]), atol=1e-12)


@pytest.mark.parametrize(("data", "name", "scheme"), CASES)
def test_the_inner_model_equals_the_reference(data: str, name: str, scheme: str) -> None:
    case, numbers, fit = fitted(data, name, scheme)
    inner = structural(fit, len(case.answers))
    np.testing.assert_allclose(inner.f2, case.matrix(numbers["f2_fixed_scores"]), atol=CLOSE)
    np.testing.assert_allclose(inner.vif, case.matrix(numbers["vif_antecedents"]), atol=CLOSE)
    stored = numbers["structural"]
    at = [case.constructs.index(c) for c in stored["rows"]]
    found = np.column_stack([fit.r2, inner.r2_adjusted, inner.aic, inner.bic])[at]
    np.testing.assert_allclose(found, np.array(stored["values"]), atol=CLOSE)
    np.testing.assert_allclose(
        item_vif(case.correlation, case.structure), case.by_item(numbers["vif_items"]), rtol=1e-9
    )
    assert goodness_of_fit(fit) == pytest.approx(numbers["gof_tenenhaus"], abs=CLOSE)


@pytest.mark.parametrize(("data", "name", "scheme"), [c for c in CASES if c[2] != "centroid"])
def test_f2_estimated_again_equals_seminr(data: str, name: str, scheme: str) -> None:
    case, numbers, fit = fitted(data, name, scheme)
    found = f2_reestimated(case.correlation, fit)
    expected = case.matrix(numbers["seminr"]["f2_reestimated"])
    np.testing.assert_allclose(np.nan_to_num(found), expected, atol=CLOSE)


@pytest.mark.parametrize(("data", "name", "scheme"), CASES)
def test_fit_of_the_saturated_model_equals_the_reference(data: str, name: str, scheme: str) -> None:
    case, numbers, fit = fitted(data, name, scheme)
    found, stored = model_fit(case.correlation, fit), numbers["fit_saturated"]
    assert found.srmr == pytest.approx(stored["srmr_with_diagonal"], abs=CLOSE)
    assert found.srmr_off_diagonal == pytest.approx(stored["srmr_offdiagonal"], abs=CLOSE)
    assert found.d_uls == pytest.approx(stored["d_uls_lower_triangle"], abs=CLOSE)
    between = model_fit(case.correlation, fit, pairs="between blocks of mode B")
    assert between.srmr_off_diagonal == pytest.approx(numbers["openpls"]["srmr"], abs=CLOSE)


@pytest.mark.parametrize("weights", ["unstandardised", "standardised"])
@pytest.mark.parametrize(("data", "name", "scheme"), CASES)
def test_index_and_importance_equal_the_reference(data: str, name: str, scheme: str, weights: str) -> None:
    case, numbers, fit = fitted(data, name, scheme)
    p = len(case.items)
    low, high = case.scale
    found = construct_index(
        fit, case.correlation, case.answers.mean(axis=0), case.answers.std(axis=0, ddof=1),
        lower=[low] * p, upper=[high] * p, weights=weights,
    )  # fmt: skip
    key = {"unstandardised": "unstandardized_weights", "standardised": "standardized_weights"}[weights]
    stored = numbers["ipma"][key]
    np.testing.assert_allclose(found.weights, case.by_item(stored["normalized_weights"]), atol=CLOSE)
    np.testing.assert_allclose(found.performance, case.by_construct(stored["index_0_100"]), atol=1e-7)
    np.testing.assert_allclose(found.sd, case.by_construct(stored["index_sd"]), atol=1e-7)
    np.testing.assert_allclose(found.total, case.matrix(stored["unstandardized_total_effects"]), atol=CLOSE)


def test_methods_fixture_of_the_mobile_index_and_importance() -> None:
    case = reference_case("mobi", "ecsi7_complaints")
    at = {c: k for k, c in enumerate(case.constructs)}
    expected = {"path": 72.454118, "factor": 72.546272, "centroid": 72.542802}
    for scheme, index in expected.items():
        fit = pls(case.correlation, case.structure, scheme=scheme)
        made = _index(case, fit)
        assert made.performance[at["CUSA"]] == pytest.approx(index, abs=1e-6)
    made = _index(case, pls(case.correlation, case.structure))
    own = case.structure.slices[at["CUSA"]]
    assert np.round(made.weights[own], 6).tolist() == [0.383634, 0.281550, 0.334816]
    assert made.sd[at["CUSA"]] / np.sqrt(250) == pytest.approx(0.911532, abs=1e-6)
    causes = [at[c] for c in ("IMAG", "CUEX", "PERQ", "PERV")]
    assert np.round(made.performance[causes], 3).tolist() == [73.528, 72.474, 74.977, 62.347]
    assert np.round(made.total[causes, at["CUSA"]], 4).tolist() == [0.4147, 0.4323, 0.6398, 0.1383]
    items = made.item_importance(case.structure, at["CUSA"])[case.structure.slices[at["IMAG"]]]
    assert np.round(items, 4).tolist() == [0.0896, 0.0778, 0.0517, 0.0902, 0.1054]
    inner = structural(pls(case.correlation, case.structure), 250)
    assert np.round(inner.f2[causes, at["CUSA"]], 4).tolist() == [0.0422, 0.0082, 0.2893, 0.0767]
    assert np.round(inner.vif[causes, at["CUSA"]], 4).tolist() == [2.3724, 1.4887, 2.8418, 1.5514]


def test_methods_fixture_of_the_improper_consistent_solution() -> None:
    case = reference_case("mobi", "ecsi7_complaints")
    fit = pls(case.correlation, case.structure, consistent=True)
    assert np.linalg.eigvalsh(fit.construct_correlation)[0] == pytest.approx(-0.003, abs=5e-4)
    assert fit.r2[case.constructs.index("CUSA")] == pytest.approx(0.927, abs=5e-4)
    assert is_proper(fit) == ("correlation",)


def test_the_stored_model_equals_seminr() -> None:
    case, whole = golden_case()
    close = whole["tolerance"]
    for stored, scheme in (("path_a", "path"), ("factor_a", "factor")):
        numbers = whole["cases"][stored]
        fit = pls(case.correlation, case.structure, scheme=scheme)
        found = construct_reliability(case.correlation, fit)
        reliability = numbers["reliability"]
        np.testing.assert_allclose(found.alpha, reliability["alpha"], atol=close)
        np.testing.assert_allclose(found.rho_c, reliability["rhoC"], atol=close)
        np.testing.assert_allclose(found.ave, reliability["AVE"], atol=close)
        ratios = htmt_ratios(case.correlation, case.structure)
        np.testing.assert_allclose([ratios[0, 1], ratios[0, 2], ratios[1, 2]], numbers["htmt"], atol=close)
        again = np.nan_to_num(f2_reestimated(case.correlation, fit))
        np.testing.assert_allclose(again, numbers["f2_reestimated"], atol=close)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_htmt_of_constructs_of_several_items_is_that_of_validity(seed: int) -> None:
    answers, structure = drawn(seed)
    r = np.corrcoef(answers.T)
    several = [list(b) for b in structure.blocks if len(b) > 1]
    np.testing.assert_allclose(htmt_ratios(r, structure)[:3, :3], htmt(r, several), atol=1e-12)
    np.testing.assert_allclose(
        htmt2_ratios(r, structure)[:3, :3], htmt(r, several, mean="geometric"), atol=1e-12
    )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_many_at_once_equal_one_at_a_time(seed: int) -> None:
    answers = [drawn(seed + k)[0] for k in range(3)]
    structure = drawn(seed)[1]
    r = np.stack([np.corrcoef(x.T) for x in answers], axis=-1)
    many = pls_many(r, structure, tolerance=1e-11)
    mean, sd = (np.stack([f(x) for x in answers], axis=-1) for f in (_mean, _sd))
    ends = {"lower": np.zeros(10), "upper": np.full(10, 7.0)}
    index, reliability, ratios = (
        construct_index(many, r, mean, sd, **ends),
        construct_reliability(r, many),
        htmt_ratios(r, structure),
    )
    for k, x in enumerate(answers):
        one = pls(r[..., k], structure, tolerance=1e-11)
        alone = construct_index(one, r[..., k], _mean(x), _sd(x), **ends)
        np.testing.assert_allclose(index.performance[:, k], alone.performance, atol=1e-6)
        np.testing.assert_allclose(index.sd[:, k], alone.sd, atol=1e-6)
        np.testing.assert_allclose(index.total[..., k], alone.total, atol=1e-6)
        by_itself = construct_reliability(r[..., k], one)
        np.testing.assert_allclose(reliability.rho_c[:, k], by_itself.rho_c, atol=1e-7)
        np.testing.assert_allclose(reliability.alpha[:, k], by_itself.alpha, atol=1e-12)
        np.testing.assert_allclose(ratios[..., k], htmt_ratios(r[..., k], structure), atol=1e-12)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_the_index_is_the_mean_of_the_respondents_scores(seed: int) -> None:
    answers, structure = drawn(seed)
    fit = pls(np.corrcoef(answers.T), structure)
    made = construct_index(
        fit, np.corrcoef(answers.T), _mean(answers), _sd(answers), lower=[-9.0] * 10, upper=[9.0] * 10
    )
    points = 100 * (answers + 9) / 18
    for k, own in enumerate(structure.slices):
        score = points[:, own] @ made.weights[own]
        assert score.mean() == pytest.approx(made.performance[k], abs=1e-9)
        assert score.std(ddof=1) == pytest.approx(made.sd[k], abs=1e-9)


def test_lowest_answers_give_0_and_highest_100() -> None:
    answers, structure = drawn(1)
    fit = pls(np.corrcoef(answers.T), structure)
    for level, expected in ((1.0, 0.0), (10.0, 100.0)):
        made = construct_index(
            fit, np.corrcoef(answers.T), np.full(10, level), _sd(answers), lower=[1.0] * 10, upper=[10.0] * 10
        )
        np.testing.assert_allclose(made.performance, expected, atol=1e-9)


def test_a_saturated_inner_model_implies_its_own_correlations() -> None:
    answers, structure = drawn(4)
    full = path_structure(structure.blocks, [(i, j) for j in range(4) for i in range(j)])
    fit = pls(np.corrcoef(answers.T), full)
    np.testing.assert_allclose(implied_correlation(fit), fit.construct_correlation, atol=1e-10)
    chain = path_structure(structure.blocks, [(0, 1), (1, 2), (2, 3)])
    fit = pls(np.corrcoef(answers.T), chain)
    implied = implied_correlation(fit)
    assert implied[0, 3] == pytest.approx(fit.paths[0, 1] * fit.paths[1, 2] * fit.paths[2, 3])


def test_a_perfect_model_has_distance_zero() -> None:
    loadings = np.array([0.8, 0.7, 0.6, 0.9, 0.5, 0.7])
    latent = np.array([[1.0, 0.5], [0.5, 1.0]])
    owner = np.repeat([0, 1], 3)
    r = np.outer(loadings, loadings) * latent[np.ix_(owner, owner)]
    np.fill_diagonal(r, 1.0)
    fit = pls(r, path_structure([(0, 1, 2), (3, 4, 5)], [(0, 1)]), consistent=True)
    np.testing.assert_allclose(fit.loadings, loadings, atol=1e-9)
    assert fit.paths[0, 1] == pytest.approx(0.5, abs=1e-9)
    found = model_fit(r, fit)
    assert found.srmr == pytest.approx(0.0, abs=1e-9)
    assert found.d_g == pytest.approx(0.0, abs=1e-9)
    assert is_proper(fit) == ()


def test_geodesic_distance_of_scaled_matrices() -> None:
    # d_G of R and Sigma depends on the eigenvalues of R^-1 Sigma alone: known for two correlations
    r = np.array([[1.0, 0.6], [0.6, 1.0]])
    fit = pls(r, path_structure([(0,), (1,)], [(0, 1)]))
    wrong = np.array([[1.0, 0.2], [0.2, 1.0]])
    found = model_fit(wrong, fit)
    ratios = np.log([(1 + 0.6) / (1 + 0.2), (1 - 0.6) / (1 - 0.2)])
    assert found.d_g == pytest.approx((ratios**2).sum() / 2)
    assert found.d_uls == pytest.approx(0.4**2)


def _mean(x: np.ndarray) -> np.ndarray:
    return x.mean(axis=0)


def _sd(x: np.ndarray) -> np.ndarray:
    return x.std(axis=0, ddof=1)


def _index(case, fit):
    p, (low, high) = len(case.items), case.scale
    return construct_index(
        fit, case.correlation, _mean(case.answers), _sd(case.answers), lower=[low] * p, upper=[high] * p
    )


def test_a_correlation_of_zero_stays_in_its_own_pair_of_constructs() -> None:
    r = np.full((6, 6), 0.4) + 0.6 * np.eye(6)
    r[0, 2] = r[2, 0] = 0.0
    structure = path_structure([(0, 1), (2, 3), (4, 5)], [(0, 1), (1, 2)])
    found = htmt2_ratios(r, structure)
    assert found[1, 0] == 0
    assert found[2, 0] == found[2, 1] == pytest.approx(1.0)
    r[0, 1] = r[1, 0] = 0.0
    assert np.isnan(htmt2_ratios(r, structure)[2, 0])


def test_items_that_determine_each_other_have_infinite_vif_and_the_others_their_own() -> None:
    x = np.random.default_rng(0).normal(size=(50, 5))
    x[:, 2] = x[:, 0] + x[:, 1]
    structure = path_structure([(0, 1, 2), (3, 4)], [(0, 1)])
    r = np.corrcoef(x.T)
    found = item_vif(r, structure)
    assert np.isinf(found[:3]).all()
    np.testing.assert_allclose(found[3:], 1 / (1 - r[3, 4] ** 2))


def test_a_smaller_model_without_solution_leaves_its_effect_size_open() -> None:
    # unrelated answers: without one of its causes the weights of the third construct never settle
    r = np.corrcoef(np.random.default_rng(127).normal(size=(40, 9)).T)
    fit = pls(r, path_structure([range(3), range(3, 6), range(6, 9)], [(0, 2), (1, 2)]))
    found = f2_reestimated(r, fit)
    assert found[0, 2] > 0
    assert np.isnan(found[1, 2])
