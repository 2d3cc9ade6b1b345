"""Reliability against R (psych, lavaan, semTools), the fixtures of the literature, and its laws."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from csat.errors import ConstantItem, NotConverged, NumericsError, SingularMatrix, TooFew
from csat.numerics import intervals
from csat.numerics import reliability as rel
from golden_data import recipe_matrix, reference

CLOSED = 1e-10
"""Closed forms: the reference carries 15 digits, DESIGN asks for 1e-10."""
FITTED = 1e-8
"""One-factor fits: lavaan's solutions were polished to a zero gradient; ours stops at 1e-10."""

N_MOBILE = 250
CUSA = np.array([[94741, 73096, 65737], [73096, 193976, 113722], [65737, 113722, 190009]]) / (
    N_MOBILE * (N_MOBILE - 1)
)
"""Covariance of CUSA1-3 of the mobile phone data, exactly: n sum xy - sum x sum y over n (n - 1)."""


def scale_cases():
    return [
        ("mobi", ["IMAG", "CUEX", "PERQ", "PERV", "CUSA", "CUSL", "all23"]),
        ("satisfaction_gender", ["IMAG", "EXPE", "QUAL", "VAL", "SAT", "LOY", "all27", "IMAG_QUAL"]),
        ("bfi", ["A", "C", "E", "N", "O", "A_pairwise", "N_pairwise", "A_not_reversed", "all25"]),
        ("holzinger", ["visual", "textual", "speed", "all9"]),
        ("poldem", ["ind60", "dem60", "dem65"]),
        ("airline2", ["DIGI", "COMF", "SERV", "all14"]),
        ("sfo2015", ["AMEN", "WAY", "CLEAN", "all12"]),
    ]


CASES = [(data, case) for data, cases in scale_cases() for case in cases]


def test_no_scale_case_of_the_reference_is_forgotten():
    known = {
        (data, case)
        for data, cases in reference("reliability").items()
        for case, numbers in cases.items()
        if data != "_meta" and "alpha_raw" in numbers
    }
    assert known == {
        *CASES,
        ("mobi", "PERQ_omega3"),
    }  # PERQ again, with a three-factor omega that is not ours


@pytest.mark.parametrize(("data", "case"), CASES)
def test_closed_forms_agree_with_psych(data, case):
    g = reference("reliability")[data][case]
    cov, n, k = np.array(g["covariance"]["values"]), g["n"], g["k"]
    alpha = rel.coefficient_alpha(cov)
    close = {"rtol": 0, "atol": CLOSED}
    np.testing.assert_allclose(alpha, g["alpha_raw"], **close)
    np.testing.assert_allclose(rel.standardised_alpha(cov), g["alpha_std"], **close)
    np.testing.assert_allclose(rel.mean_correlation(cov), g["average_r"], **close)
    feldt = intervals.alpha_interval_feldt(alpha, n=n, k=k)
    np.testing.assert_allclose(feldt, list(g["alpha_ci95_feldt"].values()), **close)
    np.testing.assert_allclose(
        intervals.alpha_standard_error_duhachek(cov, n=n), g["alpha_ase_duhachek"], **close
    )
    np.testing.assert_allclose(
        intervals.alpha_interval_duhachek(alpha, cov, n=n), g["alpha_ci95_duhachek"], **close
    )
    if k > 2:
        dropped = [row[0] for row in g["alpha_if_deleted"]["values"]]
        np.testing.assert_allclose(rel.alpha_if_dropped(cov), dropped, **close)
    sd = np.sqrt(np.diagonal(cov))
    for kind, matrix in (("covariance", cov), ("correlation", cov / np.outer(sd, sd))):
        bounds, golden = rel.guttman_lambdas(matrix), g[f"guttman_{kind}"]
        for name in ("lambda1", "lambda2", "lambda3", "lambda5", "lambda6"):
            np.testing.assert_allclose(getattr(bounds, name), golden[name], **close)
        if "lambda4_all_splits" in golden:
            np.testing.assert_allclose(bounds.lambda4, golden["lambda4_all_splits"], **close)
    if "split_half_odd_even" in g:
        for first, golden in (
            (None, g["split_half_odd_even"]),
            (np.arange(k) < (k + 1) // 2, g["split_half_first_second"]),
        ):
            expected = [
                golden[name]
                for name in ("r_between_halves", "spearman_brown", "guttman_rulon", "horst_unequal")
            ]
            np.testing.assert_allclose(rel.split_half(cov, first), expected, **close)


@pytest.mark.parametrize(("data", "case"), [c for c in CASES if "pairwise" not in c[1]])
def test_item_rest_and_one_factor_agree_with_r(data, case):
    # pairwise cases are left out: there R takes the rows complete on all items, not the pairwise matrix
    g = reference("reliability")[data][case]
    cov = np.array(g["covariance"]["values"])
    np.testing.assert_allclose(
        rel.item_rest_correlations(cov), list(g["item_rest_r"].values()), rtol=0, atol=CLOSED
    )
    if g["k"] < 3:
        return
    golden = g["one_factor_cfa_ml"]
    assert golden["converged"]
    fit = rel.one_factor(cov)
    loadings = np.array(list(golden["std_loadings"].values()))
    loadings *= np.sign(loadings @ fit.loadings)  # lavaan's sign is that of the first item
    np.testing.assert_allclose(fit.loadings / np.sqrt(np.diagonal(cov)), loadings, rtol=0, atol=FITTED)
    np.testing.assert_allclose(rel.omega_total(fit, cov), golden["omega_total_model"], rtol=0, atol=FITTED)
    np.testing.assert_allclose(
        rel.omega_total(fit, cov, variance="observed"), golden["omega_total_observed"], rtol=0, atol=FITTED
    )


@pytest.mark.parametrize("case", ["IMAG", "CUEX", "PERQ", "PERV", "CUSA", "CUSL"])
def test_ordinal_alpha_agrees_with_lavaan(case):
    g = reference("reliability")["mobi"][case]["ordinal"]
    polychoric = np.array(g["polychoric"]["values"])
    np.testing.assert_allclose(
        rel.standardised_alpha(polychoric), g["ordinal_alpha"], rtol=0, atol=1e-9
    )  # 1e-7 is meant for the polychorics, but they are given here


def test_a_negative_uniqueness_is_found_where_lavaan_finds_it():
    cov = np.cov(recipe_matrix(reference("reliability")["mobi"]["CUSL"]["recipe"]).T)
    fit = rel.one_factor(cov)
    assert fit.improper.tolist() == [2]
    assert fit.uniquenesses[2] < 0


def test_satisfaction_with_the_mobile_phone():
    """METHODS 4: CUSA1-3, psych 2.2.9 and lavaan 0.6-14, n 250; 15 digits from reliability.json."""
    close = {"rtol": 0, "atol": CLOSED}
    alpha = rel.coefficient_alpha(CUSA)
    np.testing.assert_allclose(alpha, 0.770113108282275, **close)
    np.testing.assert_allclose(rel.standardised_alpha(CUSA), 0.779195021918597, **close)
    np.testing.assert_allclose(
        intervals.alpha_interval_feldt(alpha, n=N_MOBILE, k=3),
        [0.715935988284746, 0.815410896100859],
        **close,
    )
    np.testing.assert_allclose(
        intervals.alpha_standard_error_duhachek(CUSA, n=N_MOBILE), 0.0236290117641068, **close
    )
    np.testing.assert_allclose(
        intervals.alpha_interval_duhachek(alpha, CUSA, n=N_MOBILE),
        [0.723801096234352, 0.816425120330197],
        **close,
    )
    np.testing.assert_allclose(rel.alpha_if_dropped(CUSA), [0.743975, 0.631746, 0.672288], rtol=0, atol=5e-7)
    np.testing.assert_allclose(
        rel.item_rest_correlations(CUSA), [0.57683381210585, 0.657477900053988, 0.6242793359281], **close
    )
    np.testing.assert_allclose(rel.lambda2(CUSA), 0.778053925144199, **close)
    np.testing.assert_allclose(rel.lambda6(CUSA), 0.706673329619344, **close)
    # lavaan, and on the correlations psych's .781538 (minres and ML agree on three items: both fit exactly)
    np.testing.assert_allclose(
        rel.omega_total(rel.one_factor(CUSA), CUSA), 0.78883962213615, rtol=0, atol=FITTED
    )
    sd = np.sqrt(np.diagonal(CUSA))
    standardised = rel.one_factor(CUSA / np.outer(sd, sd))
    np.testing.assert_allclose(
        rel.omega_total(standardised, np.eye(3)), 0.781538, rtol=0, atol=1e-6
    )  # psych prints it to about 1e-7


def test_equal_loadings():
    """METHODS 4: squared loading .367429: two items .537401, three .635375."""
    r = 1 - 0.369 * 12 / 7
    for k, alpha in ((2, 0.537401), (3, 0.635375)):
        matrix = np.full((k, k), r) + (1 - r) * np.eye(k)
        np.testing.assert_allclose(rel.coefficient_alpha(matrix), alpha, rtol=0, atol=5e-7)


def test_spearman_brown_of_six_tenths_is_three_quarters():
    assert rel.spearman_brown(0.6) == pytest.approx(0.75, abs=1e-15)
    assert np.isnan(rel.spearman_brown(-1.0))


def draw_cov(seed: int, k: int, common: float = 0.7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = common * rng.normal(size=(60, 1)) * rng.uniform(0.5, 1.5, k) + rng.normal(size=(60, k))
    return np.cov(x.T)


seeds, sizes = st.integers(0, 10_000), st.integers(3, 8)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, k=sizes)
def test_reversing_every_item_leaves_alpha_alone(seed, k):
    rng = np.random.default_rng(seed)
    answers = rng.integers(1, 6, size=(50, k)).astype(float) + rng.integers(0, 2, size=(50, 1))
    here, there = np.cov(answers.T), np.cov((6 - answers).T)
    assume((np.diagonal(here) > 0).all())
    np.testing.assert_allclose(rel.coefficient_alpha(here), rel.coefficient_alpha(there), atol=1e-12)
    np.testing.assert_allclose(
        rel.item_rest_correlations(here), rel.item_rest_correlations(there), atol=1e-12
    )


@settings(max_examples=30, deadline=None)
@given(k=st.integers(2, 12), r=st.floats(-0.08, 0.95))
def test_equicorrelated_items_give_the_standardised_form(k, r):
    matrix = np.full((k, k), r) + (1 - r) * np.eye(k)
    form = k * r / (1 + (k - 1) * r)
    np.testing.assert_allclose(rel.coefficient_alpha(matrix), form, atol=1e-12)
    np.testing.assert_allclose(rel.standardised_alpha(matrix), form, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, k=sizes)
def test_lower_bounds_keep_their_order(seed, k):
    cov = draw_cov(seed, k)
    bounds = rel.guttman_lambdas(cov)
    assert bounds.lambda1 < bounds.lambda3 <= bounds.lambda2 + 1e-12
    odd = rel.split_half(cov)
    assert bounds.lambda4 >= odd.rulon - 1e-12


@settings(max_examples=30, deadline=None)
@given(seed=seeds, k=sizes)
def test_alpha_never_exceeds_omega_when_one_factor_fits(seed, k):
    rng = np.random.default_rng(seed)
    loadings, uniquenesses = rng.uniform(0.3, 1.2, k), rng.uniform(0.2, 1.5, k)
    cov = np.outer(loadings, loadings) + np.diag(uniquenesses)
    fit = rel.one_factor(cov)
    np.testing.assert_allclose(fit.loadings, loadings, atol=1e-7)
    np.testing.assert_allclose(fit.uniquenesses, uniquenesses, atol=1e-7)
    assert fit.discrepancy < 1e-12
    omega = rel.omega_total(fit, cov)
    np.testing.assert_allclose(omega, rel.omega_total(fit, cov, variance="observed"), atol=1e-9)
    assert rel.coefficient_alpha(cov) <= omega + 1e-9


@settings(max_examples=20, deadline=None)
@given(seed=seeds, k=sizes)
def test_dropping_an_item_is_alpha_of_the_others(seed, k):
    cov = draw_cov(seed, k)
    for i, dropped in enumerate(rel.alpha_if_dropped(cov)):
        rest = [j for j in range(k) if j != i]
        np.testing.assert_allclose(dropped, rel.coefficient_alpha(cov[np.ix_(rest, rest)]), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, k=sizes)
def test_the_order_of_items_does_not_matter(seed, k):
    cov = draw_cov(seed, k)
    order = np.random.default_rng(seed).permutation(k)
    there = cov[np.ix_(order, order)]
    np.testing.assert_allclose(rel.guttman_lambdas(cov), rel.guttman_lambdas(there), atol=1e-10)
    np.testing.assert_allclose(rel.item_rest_correlations(cov)[order], rel.item_rest_correlations(there))


@settings(max_examples=20, deadline=None)
@given(seed=seeds, k=sizes, unit=st.floats(0.01, 100))
def test_the_unit_of_measurement_does_not_matter(seed, k, unit):
    cov = draw_cov(seed, k)
    np.testing.assert_allclose(rel.coefficient_alpha(cov), rel.coefficient_alpha(unit * cov), atol=1e-12)
    try:
        here, there = rel.one_factor(cov), rel.one_factor(unit * cov)
    except NotConverged:
        return
    np.testing.assert_allclose(rel.omega_total(here, cov), rel.omega_total(there, cov), atol=1e-8)


def test_items_that_disagree_give_a_negative_alpha():
    cov = np.array([[1.0, -0.5], [-0.5, 1.0]])
    assert rel.coefficient_alpha(cov) == pytest.approx(-2.0)
    np.testing.assert_allclose(rel.item_rest_correlations(cov), [-0.5, -0.5])
    assert np.isnan(rel.alpha_if_dropped(cov)).all()


def test_items_that_cancel_have_no_alpha():
    cov = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert np.isnan(rel.coefficient_alpha(cov))
    assert np.isnan(rel.split_half(np.kron(cov, np.eye(2)), np.array([1, 0, 1, 0], bool)).correlation)


@pytest.mark.parametrize(
    "function",
    [
        rel.coefficient_alpha,
        rel.standardised_alpha,
        rel.alpha_if_dropped,
        rel.item_rest_correlations,
        rel.lambda2,
        rel.lambda6,
        rel.best_split,
        rel.split_half,
        rel.one_factor,
    ],
)
def test_a_constant_item_is_named(function):
    cov = np.eye(4)
    cov[2, 2] = 0.0
    with pytest.raises(ConstantItem) as error:
        function(cov)
    assert error.value.positions == (2,)


def test_one_item_has_no_reliability():
    with pytest.raises(TooFew):
        rel.coefficient_alpha([[1.0]])
    with pytest.raises(TooFew):
        rel.one_factor(np.eye(2))
    with pytest.raises(TooFew):
        rel.split_half(np.eye(3), [True, True, True])


def test_a_duplicated_item_is_named():
    x = np.random.default_rng(0).normal(size=(40, 3))
    cov = np.cov(np.column_stack([x, x[:, 1]]).T)
    for function in (rel.lambda6, rel.one_factor):
        with pytest.raises(SingularMatrix) as error:
            function(cov)
        assert error.value.positions == (1, 3)


def test_unrelated_items_end_in_a_fit_or_an_honest_error():
    for seed in range(40):
        cov = np.cov(np.random.default_rng(seed).normal(size=(30, 4)).T)
        try:
            fit = rel.one_factor(cov)
        except NumericsError as error:
            assert isinstance(error, NotConverged)
        else:
            assert fit.gradient < rel.GRADIENT_SOLVED


def test_the_input_is_left_alone():
    cov = draw_cov(3, 5)
    copy = cov.copy()
    rel.guttman_lambdas(cov)
    rel.one_factor(cov)
    np.testing.assert_array_equal(cov, copy)
