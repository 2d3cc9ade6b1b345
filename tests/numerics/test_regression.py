"""Least squares, its errors, and how R2 divides: against R (lm, svyglm, all subsets), by hand, and by law."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import ConstantItem, SingularMatrix, TooFew
from csat.numerics import intervals
from csat.numerics import regression as reg
from golden_data import recipe_matrix, reference, reference_rows

CASES = [
    ("satisfaction_gender", "sat_on_block_means"),
    ("satisfaction_gender", "loy_on_block_means"),
    ("satisfaction_gender", "sat1_on_quality_items"),
    ("mobi", "cusa_on_block_means"),
    ("mobi", "cusa1_on_quality_items"),
    ("airline2", "satisfied_on_items_2000"),
    ("airline2", "satisfied_on_items_all"),
    ("sfo2015", "overall_on_items"),
    ("sfo2016", "overall_on_items"),
]
WEIGHTED = [("sfo2015", "overall_on_items"), ("sfo2016", "overall_on_items")]


def rows_of(case: dict[str, Any], kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Drivers, outcome and weights of a reference case."""
    recipe, model = case["recipe"], case[kind]
    extra = [c for c in recipe.get("extra_columns") or [] if c == "WEIGHT"]
    matrix = recipe_matrix(recipe, extra=tuple(extra))
    columns = dict(zip([*recipe["columns"], *extra], matrix.T, strict=True))
    for name, how in (recipe.get("derived_columns") or {}).items():
        columns[name] = np.mean([columns[c] for c in how["mean"]], axis=0)
    if "y_is_1_when" in case:
        columns[model["y"]] = _indicator(recipe, **case["y_is_1_when"])
    x = np.column_stack([columns[c] for c in model["x"]])
    return x, columns[model["y"]], columns.get("WEIGHT")


def _indicator(recipe: dict[str, Any], column: str, one: str) -> np.ndarray:
    header, rows = reference_rows(recipe["file"])
    old = recipe.get("rename_new_to_old") or {}
    at = [header.index(old.get(c, c)) for c in recipe["columns"]]
    missing = {str(code) for code in np.atleast_1d(recipe["na_codes"])} | {"", "NA"}
    kept = [row for row in rows if not any(row[i] in missing for i in at)]
    kept = kept[: recipe.get("first_rows_after_missing_handling")]
    return np.array([float(row[header.index(column)] == one) for row in kept])


def values(named: dict[str, float]) -> np.ndarray:
    return np.array(list(named.values()))


@pytest.mark.parametrize(("data", "case"), CASES)
def test_least_squares_equals_r_lm(data: str, case: str) -> None:
    golden = reference("regression")[data][case]
    expected = golden["ols"]
    x, y, _ = rows_of(golden, "ols")
    fit = reg.least_squares(x, y)
    close = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(fit.coefficients, values(expected["coef"]), **close)
    np.testing.assert_allclose(fit.standard_errors, values(expected["se"]), **close)
    t = fit.coefficients / fit.standard_errors
    p = intervals.t_two_sided_p(t, fit.df_residual)
    np.testing.assert_allclose(t, values(expected["t"]), **close)
    np.testing.assert_allclose(p, values(expected["p"]), rtol=1e-8, atol=1e-300)
    interval = np.column_stack(
        intervals.mean_interval(fit.coefficients, fit.standard_errors, df=fit.df_residual)
    )
    np.testing.assert_allclose(interval, expected["ci95"]["values"], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(fit.standardised, values(expected["beta_std"]), **close)
    np.testing.assert_allclose(fit.vif, values(expected["vif"]), **close)
    np.testing.assert_allclose([fit.r2, fit.adjusted_r2], [expected["r2"], expected["adj_r2"]], **close)
    anova = expected["anova"]
    np.testing.assert_allclose(
        [fit.f, fit.df_model, fit.df_residual, fit.ss_model, fit.ss_residual, fit.mean_square_residual],
        [anova[k] for k in ("F", "df1", "df2", "ss_model", "ss_residual", "ms_residual")],
        **close,
    )
    np.testing.assert_allclose(fit.f_p, anova["p"], rtol=1e-7, atol=1e-300)


@pytest.mark.parametrize(("data", "case"), CASES)
def test_robust_errors_and_residual_checks_equal_r(data: str, case: str) -> None:
    golden = reference("regression")[data][case]
    expected = golden["ols"]
    x, y, _ = rows_of(golden, "ols")
    fit = reg.least_squares(x, y)
    e, h = reg.residuals(x, y, fit.coefficients), reg.leverages(x)
    for kind in ("HC0", "HC1", "HC2", "HC3"):
        se = np.sqrt(np.diagonal(reg.robust_covariance(x, e, kind=kind)))
        np.testing.assert_allclose(se, values(expected[f"se_{kind.lower()}"]), rtol=1e-10)
    cook = reg.cooks_distance(e, h, mean_square=fit.mean_square_residual, coefficients=len(fit.coefficients))
    bp = reg.breusch_pagan(x, e)
    np.testing.assert_allclose(
        [h.max(), cook.max(), bp.statistic, bp.df, bp.p, reg.durbin_watson(e), reg.condition_number(x)],
        [
            expected["max_leverage"],
            expected["max_cook"],
            expected["breusch_pagan"]["lm"],
            expected["breusch_pagan"]["df"],
            expected["breusch_pagan"]["p"],
            expected["durbin_watson"],
            expected["condition_number_scaled_with_intercept"],
        ],
        rtol=1e-9,
    )


@pytest.mark.parametrize(("data", "case"), WEIGHTED)
def test_weighted_least_squares_equals_r_lm_and_svyglm(data: str, case: str) -> None:
    golden = reference("regression")[data][case]
    expected = golden["wls"]
    x, y, w = rows_of(golden, "wls")
    fit = reg.least_squares(x, y, weights=w)
    e = reg.residuals(x, y, fit.coefficients)
    np.testing.assert_allclose(fit.coefficients, values(expected["coef"]), rtol=1e-10)
    np.testing.assert_allclose(fit.standard_errors, values(expected["se"]), rtol=1e-10)
    np.testing.assert_allclose(fit.standardised, values(expected["beta_std"]), rtol=1e-10)
    np.testing.assert_allclose(fit.vif, values(expected["vif"]), rtol=1e-10)
    np.testing.assert_allclose([fit.r2, fit.adjusted_r2], [expected["r2"], expected["adj_r2"]], rtol=1e-10)
    anova = expected["anova"]
    np.testing.assert_allclose(
        [fit.f, fit.ss_model, fit.ss_residual],
        [anova["F"], anova["ss_model"], anova["ss_residual"]],
        rtol=1e-10,
    )
    for kind in ("HC0", "HC1", "HC2", "HC3"):
        se = np.sqrt(np.diagonal(reg.robust_covariance(x, e, weights=w, kind=kind)))
        np.testing.assert_allclose(se, values(expected[f"se_{kind.lower()}"]), rtol=1e-10)
    design_based = np.sqrt(np.diagonal(reg.robust_covariance(x, e, weights=w, kind="linearised")))
    np.testing.assert_allclose(design_based, values(golden["svyglm"]["se"]), rtol=1e-10)


@pytest.mark.parametrize(
    ("data", "case", "kind"), [(*c, "ols") for c in CASES] + [(*c, "wls") for c in WEIGHTED]
)
def test_importance_equals_all_subsets_in_r(data: str, case: str, kind: str) -> None:
    expected = reference("regression")[data][case][kind]["importance"]
    r = np.array(expected["correlations"]["values"])
    drivers, outcome = r[:-1, :-1], r[:-1, -1]
    shapley = reg.shapley_shares(drivers, outcome)
    dominance = reg.dominance(drivers, outcome)
    np.testing.assert_allclose(shapley.shares, values(expected["lmg"]), atol=1e-10)
    assert shapley.orderings == 0
    np.testing.assert_allclose(dominance.general, values(expected["lmg"]), atol=1e-10)
    np.testing.assert_allclose(dominance.conditional, expected["conditional_dominance"]["values"], atol=1e-10)
    np.testing.assert_allclose(
        reg.relative_weights(drivers, outcome), values(expected["johnson_relative_weights"]), atol=1e-10
    )


def test_shares_of_the_mobile_data() -> None:
    golden = json.loads(
        (Path(__file__).parents[1] / "golden" / "regression.json").read_text(encoding="utf-8")
    )
    case = golden["mobile_satisfaction_on_block_means"]
    r = np.array(case["correlations"])
    drivers, outcome = r[:4, :4], r[:4, 4]
    fit = reg.least_squares_from_moments(r, np.zeros(5), n=case["n"])
    np.testing.assert_allclose([fit.r2, fit.f], [case["r2"], case["f"]], rtol=1e-10)
    np.testing.assert_allclose(fit.standardised, case["beta"], atol=1e-10)
    np.testing.assert_allclose(fit.vif, case["vif"], rtol=1e-10)
    np.testing.assert_allclose(reg.shapley_shares(drivers, outcome).shares, case["lmg"], atol=1e-10)
    np.testing.assert_allclose(reg.relative_weights(drivers, outcome), case["johnson"], atol=1e-10)
    np.testing.assert_allclose(
        reg.dominance(drivers, outcome).conditional, case["conditional_dominance"], atol=1e-10
    )


def test_two_drivers_divide_alike_in_both_ways() -> None:
    drivers, outcome = np.array([[1, 0.5], [0.5, 1]]), np.array([0.6, 0.4])
    fit = reg.least_squares_from_moments(
        np.block([[drivers, outcome[:, None]], [outcome, 1.0]]), np.zeros(3), n=100
    )
    np.testing.assert_allclose(fit.standardised, [0.533333, 0.133333], atol=1e-6)
    assert fit.r2 == pytest.approx(0.373333, abs=1e-6)
    for shares in (reg.shapley_shares(drivers, outcome).shares, reg.relative_weights(drivers, outcome)):
        np.testing.assert_allclose(shares, [0.286667, 0.086667], atol=1e-6)


def directory_114() -> tuple[np.ndarray, np.ndarray]:
    """Rows with exactly the moments of the 114 study: R .596, F 117.62, VIF 2.63."""
    rng = np.random.default_rng(114)
    z = rng.standard_normal((430, 3))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / 429)).T
    sd_y = np.sqrt(2 * 53.85 / (0.596**2 * 429))
    sd = np.array([1.919189, 3.590474])
    covariance = np.outer(sd, sd) * np.array([[1, 0.787], [0.787, 1]])
    x = z[:, :2] @ np.linalg.cholesky(covariance).T + np.array([3, 6]) * 2.59
    y = 0.656 + x @ [0.038, 0.123] + np.sqrt(1 - 0.596**2) * sd_y * z[:, 2]
    return x, y


def test_the_directory_study_is_returned() -> None:
    x, y = directory_114()
    fit = reg.least_squares(x, y)
    np.testing.assert_allclose(fit.coefficients, [0.656, 0.038, 0.123], atol=1e-10)
    np.testing.assert_allclose(
        [fit.r2, fit.adjusted_r2, fit.f, fit.mean_square_residual, *fit.vif],
        [0.355216, 0.352196, 117.618638, 0.457836, 2.627216, 2.627216],
        rtol=3e-6,
    )
    assert (fit.df_model, fit.df_residual) == (2, 427)
    np.testing.assert_allclose(fit.standard_errors[1:], [0.027590, 0.014748], atol=1e-6)
    np.testing.assert_allclose(fit.standardised, [0.086750, 0.525320], atol=1e-6)
    t = fit.coefficients / fit.standard_errors
    p = intervals.t_two_sided_p(t, fit.df_residual)
    np.testing.assert_allclose(t[1:], [1.377, 8.340], atol=1e-3)
    assert p[1] == pytest.approx(0.169, abs=5e-4)
    r = np.corrcoef(np.column_stack([x, y]).T)
    shares = reg.shapley_shares(r[:2, :2], r[:2, 2]).shares / fit.r2
    np.testing.assert_allclose(shares, [0.356179, 0.643821], atol=1e-6)


# ---- laws ----------------------------------------

seeds = st.integers(0, 2**32 - 1)


def some_rows(seed: int, n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) @ (np.eye(p) + 0.5 * rng.standard_normal((p, p)))
    return x, x @ rng.standard_normal(p) + 2 * rng.standard_normal(n)


def correlations(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r = np.corrcoef(np.column_stack([x, y]).T)
    return r[:-1, :-1], r[:-1, -1]


@given(seeds, st.integers(2, 8))
def test_both_decompositions_sum_to_r2_and_are_not_negative(seed: int, p: int) -> None:
    x, y = some_rows(seed, 60, p)
    r2 = reg.least_squares(x, y).r2
    for shares in (reg.shapley_shares(*correlations(x, y)).shares, reg.relative_weights(*correlations(x, y))):
        assert shares.sum() == pytest.approx(r2, abs=1e-9)
        assert shares.min() >= -1e-12


@given(seeds)
def test_two_drivers_coincide(seed: int) -> None:
    r = correlations(*some_rows(seed, 40, 2))
    np.testing.assert_allclose(reg.shapley_shares(*r).shares, reg.relative_weights(*r), atol=1e-9)


@given(seeds, st.integers(2, 6))
def test_units_of_drivers_do_not_change_shares_or_significance(seed: int, p: int) -> None:
    x, y = some_rows(seed, 50, p)
    units = 10.0 ** np.random.default_rng(seed).integers(-4, 5, p)
    one, other = reg.least_squares(x, y), reg.least_squares(x * units + 7, y)
    np.testing.assert_allclose(other.coefficients[1:] * units, one.coefficients[1:], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.standardised, one.standardised, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.standard_errors[1:] * units, one.standard_errors[1:], rtol=1e-7)
    assert other.r2 == pytest.approx(one.r2, abs=1e-9)


@given(seeds)
def test_the_scale_of_weights_changes_nothing(seed: int) -> None:
    x, y = some_rows(seed, 50, 3)
    w = np.random.default_rng(seed).uniform(0.2, 3, 50)
    one, other = reg.least_squares(x, y, weights=w), reg.least_squares(x, y, weights=100 * w)
    np.testing.assert_allclose(other.coefficients, one.coefficients, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(other.standard_errors, one.standard_errors, rtol=1e-8)


@given(seeds)
def test_moments_and_rows_agree(seed: int) -> None:
    x, y = some_rows(seed, 50, 3)
    joint = np.column_stack([x, y])
    one = reg.least_squares(x, y)
    other = reg.least_squares_from_moments(np.cov(joint.T), joint.mean(axis=0), n=50)
    np.testing.assert_allclose(other.coefficients, one.coefficients, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(other.covariance, one.covariance, rtol=1e-8, atol=1e-12)
    assert other.ss_residual == pytest.approx(one.ss_residual, rel=1e-9)


@given(seeds, st.integers(3, 6))
def test_a_driver_is_last_alone_and_first_alone_in_the_conditional_table(seed: int, p: int) -> None:
    drivers, outcome = correlations(*some_rows(seed, 60, p))
    dominance = reg.dominance(drivers, outcome)
    np.testing.assert_allclose(dominance.conditional[:, 0], outcome**2, atol=1e-12)
    r2 = reg.subset_r2(drivers, outcome)
    last = r2[-1] - r2[[2**p - 1 - 2**j for j in range(p)]]
    np.testing.assert_allclose(dominance.conditional[:, -1], last, atol=1e-12)
    for i, j in zip(*np.nonzero(dominance.complete), strict=True):
        assert np.all(dominance.conditional[i] >= dominance.conditional[j] - 1e-12)
        assert not dominance.complete[j, i]


def test_sampled_orderings_find_the_exact_shares_within_their_error() -> None:
    drivers, outcome = correlations(*some_rows(5, 200, 12))
    exact = reg.shapley_shares(drivers, outcome).shares
    sampled = reg.shapley_shares(drivers, outcome, exact_up_to=1, orderings=4000, rng=1)
    # whole blocks of 24
    assert sampled.orderings == 3984
    assert np.all(np.abs(sampled.shares - exact) < 4.5 * sampled.monte_carlo_se)
    assert sampled.shares.sum() == pytest.approx(exact.sum(), abs=1e-10)
    again = reg.shapley_shares(drivers, outcome, exact_up_to=1, orderings=4000, rng=1)
    np.testing.assert_array_equal(sampled.shares, again.shares)


def test_every_driver_enters_at_every_place_equally_often() -> None:
    orders = reg._latin_orders(7, np.random.default_rng(0))
    assert orders.shape == (14, 7)
    for place in range(7):
        assert np.bincount(orders[:, place]).tolist() == [2] * 7


def test_twenty_drivers_are_exact_and_more_are_sampled_and_say_so() -> None:
    drivers, outcome = correlations(*some_rows(3, 300, 20))
    exact = reg.shapley_shares(drivers, outcome)
    assert exact.orderings == 0
    sampled = reg.shapley_shares(drivers, outcome, exact_up_to=1)
    assert np.all(np.abs(sampled.shares - exact.shares) < 4.5 * sampled.monte_carlo_se)
    assert sampled.monte_carlo_se.max() < 0.001
    more = reg.shapley_shares(*correlations(*some_rows(3, 200, 21)), orderings=200)
    assert more.orderings == 168
    assert np.all(more.monte_carlo_se > 0)


# ---- what cannot be computed ----------------------------------------


def test_drivers_that_depend_on_each_other_are_named_by_position() -> None:
    x, y = some_rows(1, 50, 3)
    with pytest.raises(SingularMatrix) as caught:
        reg.least_squares(np.column_stack([x, x[:, 0] + x[:, 2]]), y)
    assert caught.value.positions == (0, 2, 3)


def test_a_constant_driver_is_named_by_position() -> None:
    x, y = some_rows(1, 50, 3)
    x[:, 1] = 4.0
    with pytest.raises(ConstantItem) as caught:
        reg.least_squares(x, y)
    assert caught.value.positions == (1,)


def test_a_constant_outcome_stands_behind_the_drivers() -> None:
    x, y = some_rows(1, 50, 3)
    with pytest.raises(ConstantItem) as caught:
        reg.least_squares(x, np.full_like(y, 3.0))
    assert caught.value.positions == (3,)


def test_too_few_respondents_are_refused() -> None:
    x, y = some_rows(1, 4, 3)
    with pytest.raises(TooFew, match="at least 5 are needed"):
        reg.least_squares(x, y)


def test_an_exact_fit_leaves_nothing_over() -> None:
    x, _ = some_rows(1, 20, 2)
    fit = reg.least_squares(x, x @ [1.0, 2.0] + 3)
    assert fit.r2 == pytest.approx(1.0)
    np.testing.assert_allclose(fit.coefficients, [3, 1, 2], atol=1e-9)


def test_residuals_of_a_skewed_outcome_are_not_called_normal() -> None:
    e = np.random.default_rng(2).exponential(size=400)
    test, skewness, excess = reg.jarque_bera(e)
    z = (e - e.mean()) / e.std()
    assert skewness == pytest.approx((z**3).mean())
    assert excess == pytest.approx((z**4).mean() - 3)
    assert test.p < 1e-6
