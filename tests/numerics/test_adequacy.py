"""Sampling adequacy and sphericity against R (psych), the fixtures, and their laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.errors import ConstantItem, SingularMatrix, TooFew
from csat.numerics import adequacy as ad
from csat.numerics.linalg import squared_multiple_correlations
from golden_data import recipe_matrix, reference

CLOSED = {"rtol": 1e-10, "atol": 1e-10}

CASES = [
    ("mobi", "all23"),
    ("mobi", "PERQ"),
    ("satisfaction_gender", "all27"),
    ("bfi", "all25_listwise"),
    ("bfi", "all25_pairwise"),
    ("bfi", "A_C_polychoric"),
    ("holzinger", "all9"),
    ("poldem", "all11"),
    ("airline2", "first2000"),
    ("airline2", "all"),
    ("sfo2015", "listwise12"),
    ("sfo2015", "pairwise12"),
]


def test_no_case_of_the_reference_is_forgotten():
    known = {(d, c) for d, cases in reference("adequacy").items() if d != "_meta" for c in cases}
    assert known == set(CASES)


@pytest.mark.parametrize(("data", "case"), CASES)
def test_agrees_with_psych(data, case):
    g = reference("adequacy")[data][case]
    r = np.array(g["R"]["values"])
    measure = ad.kmo(r)
    np.testing.assert_allclose(measure.overall, g["kmo_overall"], **CLOSED)
    np.testing.assert_allclose(measure.items, list(g["kmo_items"].values()), **CLOSED)
    test = ad.bartlett_sphericity(r, n=g["n_for_bartlett"])
    np.testing.assert_allclose(test.chi_square, g["bartlett_chisq"], **CLOSED)
    assert test.df == g["bartlett_df"]
    np.testing.assert_allclose(test.p, g["bartlett_p"], rtol=1e-9, atol=0)
    np.testing.assert_allclose(test.log10_p, g["bartlett_log10_p"], **CLOSED)
    np.testing.assert_allclose(test.log_determinant, g["log_det_R"], **CLOSED)
    np.testing.assert_allclose(ad.determinant(r), g["det_R"], **CLOSED)
    np.testing.assert_allclose(squared_multiple_correlations(r), list(g["smc"].values()), **CLOSED)
    np.testing.assert_allclose(ad.partial_correlations(r), g["partial_correlations"]["values"], **CLOSED)


@pytest.mark.parametrize(
    ("data", "case"),
    [
        ("mobi", "all"),
        ("satisfaction_gender", "all"),
        ("airline2", "raw"),
        ("holzinger", "tests"),
        ("bfi", "raw_with_missing"),
    ],
)
def test_mardia_agrees_with_r(data, case):
    numbers = reference("descriptive")[data][case]
    g = numbers["mardia"]
    columns = numbers["recipe"]["columns"]
    x = recipe_matrix(numbers["recipe"])[:, [columns.index(i) for i in g["items"]]]
    x = x[~np.isnan(x).any(axis=1)][:2000]  # psych compares all pairs of rows, so the reference stops at 2000
    ours = ad.mardia(x)
    close = {"rtol": 1e-10, "atol": 1e-12}
    assert len(x) == g["n"]
    np.testing.assert_allclose(ours.skewness, g["b1p"], **close)
    np.testing.assert_allclose(ours.kurtosis, g["b2p"], **close)
    np.testing.assert_allclose(ours.skewness_chi_square, g["skew_chisq"], **close)
    np.testing.assert_allclose(ours.skewness_chi_square_small, g["skew_chisq_small_sample"], **close)
    assert ours.skewness_df == g["skew_df"]
    np.testing.assert_allclose(ours.skewness_p, g["skew_p"], rtol=1e-8, atol=1e-15)
    np.testing.assert_allclose(ours.kurtosis_z, g["kurtosis_z"], **close)
    np.testing.assert_allclose(ours.kurtosis_p, g["kurtosis_p"], rtol=1e-8, atol=1e-15)


def bank(f: float = 0.3797741558) -> np.ndarray:
    """METHODS 6, `bank_efa`: groups of 2, 3, 2, 3, 2 items, factors correlating f."""
    common = 1 - 0.369 * 12 / 7
    groups = np.repeat(np.arange(5), [2, 3, 2, 3, 2])
    same = groups[:, None] == groups
    r = np.where(same, common, common * f)
    np.fill_diagonal(r, 1.0)
    return r


def test_bank_fixture():
    """METHODS 5: KMO .765000, chi2 132.885181, df 66, p 2.0764e-6; uncorrelated factors .591763."""
    np.testing.assert_allclose(ad.kmo(bank()).overall, 0.765, rtol=0, atol=5e-7)
    # the printed chi-square was made with f rounded to .379774; with all digits of f it is 132.885205
    test = ad.bartlett_sphericity(bank(0.379774), n=93)
    np.testing.assert_allclose(test.chi_square, 132.885181, rtol=0, atol=5e-7)
    np.testing.assert_allclose(ad.bartlett_sphericity(bank(), n=93).chi_square, 132.885205, rtol=0, atol=5e-7)
    assert test.df == 66
    np.testing.assert_allclose(test.p, 2.0764e-6, rtol=5e-5)
    np.testing.assert_allclose(ad.kmo(bank(0.0)).overall, 0.591763, rtol=0, atol=5e-7)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(3, 8))
def test_permuting_items_permutes_msa(seed, p):
    rng = np.random.default_rng(seed)
    r = np.corrcoef(rng.normal(size=(40, 1)) + rng.normal(size=(40, p)), rowvar=False)
    order = rng.permutation(p)
    here, there = ad.kmo(r), ad.kmo(r[np.ix_(order, order)])
    np.testing.assert_allclose(here.items[order], there.items, atol=1e-9)
    np.testing.assert_allclose(here.overall, there.overall, atol=1e-9)
    assert (here.items >= 0).all()
    assert (here.items <= 1).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_turning_items_round_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    r = np.corrcoef(rng.normal(size=(40, 1)) + rng.normal(size=(40, 5)), rowvar=False)
    signs = rng.choice([-1.0, 1.0], 5)
    turned = r * np.outer(signs, signs)
    np.testing.assert_allclose(ad.kmo(r).items, ad.kmo(turned).items, atol=1e-10)
    np.testing.assert_allclose(
        ad.bartlett_sphericity(r, n=40).chi_square, ad.bartlett_sphericity(turned, n=40).chi_square
    )


@pytest.mark.parametrize("r", [0.1, 0.3, 0.63, 0.9])
def test_two_items_are_half_adequate_whatever_their_correlation(r):
    assert ad.kmo([[1, r], [r, 1]]).overall == pytest.approx(0.5, abs=1e-14)


def test_anti_image_has_msa_on_its_diagonal():
    image = ad.anti_image(bank())
    np.testing.assert_allclose(np.diagonal(image), ad.kmo(bank()).items)
    np.testing.assert_allclose(image[0, 1], -ad.partial_correlations(bank())[0, 1])


def test_unrelated_items_have_no_adequacy():
    assert np.isnan(ad.kmo(np.eye(3)).overall)
    test = ad.bartlett_sphericity(np.eye(3), n=50)
    assert (test.chi_square, test.p, test.log10_p) == (0.0, 1.0, 0.0)


def test_the_logarithm_of_p_joins_where_p_underflows():
    from scipy.special import gammaincc

    # the two ways of computing agree where both can
    for df in (3, 66, 253):
        for x in (110.0, 300.0, 600.0):
            assert ad.chi_square_log_upper(2 * x, df) == pytest.approx(
                math.log(gammaincc(df / 2, x)), rel=1e-12
            )
    # for even df the probability is a finite sum: exp(-x) sum_{i < df/2} x^i / i!
    log_p = -2500 + math.log(sum(2500.0**i / math.factorial(i) for i in range(5)))
    assert ad.chi_square_log_upper(5000, 10) == pytest.approx(log_p, rel=1e-13)


def test_mardia_equals_its_definition():
    x = np.random.default_rng(4).gamma(2, size=(35, 4))
    d = x - x.mean(axis=0)
    g = d @ np.linalg.solve(d.T @ d / 35, d.T)
    ours = ad.mardia(x)
    np.testing.assert_allclose(ours.skewness, (g**3).mean(), rtol=1e-12)
    np.testing.assert_allclose(ours.kurtosis, (np.diagonal(g) ** 2).mean(), rtol=1e-12)


def test_a_singular_matrix_names_its_columns():
    x = np.random.default_rng(0).normal(size=(40, 4))
    x[:, 3] = x[:, 0] + x[:, 1]
    for function in (ad.kmo, lambda r: ad.bartlett_sphericity(r, n=40), ad.anti_image):
        with pytest.raises(SingularMatrix) as error:
            function(np.corrcoef(x, rowvar=False))
        assert error.value.positions == (0, 1, 3)
    with pytest.raises(SingularMatrix):
        ad.mardia(x)


def test_too_few_respondents_or_items_are_refused():
    with pytest.raises(TooFew):
        ad.bartlett_sphericity(bank(), n=12)
    with pytest.raises(TooFew):
        ad.mardia(np.ones((3, 3)))
    with pytest.raises(TooFew):
        ad.kmo([[1.0]])
    with pytest.raises(ConstantItem):
        ad.mardia(np.column_stack([np.ones(20), np.arange(20.0)]))
