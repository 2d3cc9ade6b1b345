"""Arithmetic behind the audit: fixtures of METHODS 3 and of the bank study, and their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import NumericsError
from csat.numerics import plausibility as pl
from csat.numerics.adequacy import bartlett_sphericity, kmo

SIX = {"rtol": 0, "atol": 5e-7}


def test_99_is_no_triangular_number():
    assert pl.items_of_df(66) == 12
    np.testing.assert_allclose(pl.items_of_df(99), 14.58, atol=0.005)


def test_the_determinant_of_the_bank_study():
    log = pl.bartlett_log_determinant(1329.480, n=93, p=12)
    np.testing.assert_allclose(log, -15.252161, **SIX)
    np.testing.assert_allclose(np.exp(log), 2.3772e-7, rtol=5e-5)


def test_the_equal_loading_matrix_of_the_bank_study():
    """SOURCES 1.1: loadings .606159, factor correlation .379774, chi-square 132.885, n 878 for 1329.48."""
    found = pl.equal_loadings((2, 3, 2, 3, 2), cumulative=0.631, kmo_value=0.765)
    np.testing.assert_allclose([found.loading, found.factor_correlation], [0.606159, 0.379774], **SIX)
    chi = pl.bartlett_chi_square(found.log_determinant, n=93, p=12)
    np.testing.assert_allclose(chi, 132.885, atol=5e-4)
    np.testing.assert_allclose(pl.bartlett_n(1329.480, found.log_determinant, p=12), 877.9, atol=0.05)
    r = pl.equal_loading_correlation((2, 3, 2, 3, 2), found.loading, found.factor_correlation)
    assert kmo(r).overall == pytest.approx(0.765)
    values = np.sort(np.linalg.eigvalsh(r))[::-1]
    assert values[:5].sum() / 12 == pytest.approx(0.631)
    assert bartlett_sphericity(r, n=93).chi_square == pytest.approx(chi)


def test_the_regression_of_the_directory_study():
    np.testing.assert_allclose(pl.f_of_regression(0.596, n=430, q=2), 117.618638, **SIX)
    np.testing.assert_allclose(pl.n_of_regression(0.596, 53.85, q=2), 198.50, atol=0.005)
    np.testing.assert_allclose(pl.r_of_regression(53.85, n=430, q=2), 0.448800, **SIX)


def test_rounding_and_cutting():
    share = 100 * 98 / 145
    assert pl.rounds_to(share, 67.59, 2)
    assert not pl.rounds_to(share, 67.58, 2)
    assert pl.cut_to(share, 67.58, 2)
    assert pl.rounds_to(0.125, 0.12, 2)
    assert pl.rounds_to(0.125, 0.13, 2)


def test_an_index_one_item_cannot_reach():
    """57.25 from 430 answers on 1-5: not as x/5, not as (x - 1)/4, not as a share."""
    n = 430
    for slope, offset, most in ((20 / n, 0, 5 * n), (25 / n, -25, 5 * n), (100 / n, 0, n)):
        assert pl.reachable_sum(57.25, 2, slope=slope, offset=offset, most=most) is None
    assert pl.reachable_sum(57.25, 2, slope=20 / 400, offset=0, most=2000) == 1145


def test_impossible_figures_are_refused():
    with pytest.raises(NumericsError, match="too few"):
        pl.bartlett_log_determinant(10, n=5, p=12)
    with pytest.raises(NumericsError, match="degrees of freedom"):
        pl.f_of_regression(0.5, n=3, q=2)
    with pytest.raises(NumericsError, match="cannot explain"):
        pl.equal_loadings((2, 2), cumulative=0.3, kmo_value=None)
    with pytest.raises(NumericsError, match=r"KMO of 0\.99"):
        pl.equal_loadings((2, 3, 2, 3, 2), cumulative=0.631, kmo_value=0.99)


@given(n=st.integers(1, 300), k=st.integers(0, 1500), decimals=st.integers(0, 3))
def test_every_sum_there_is_can_be_reached(n, k, decimals):
    k = min(k, 5 * n)
    published = round(20 * k / n, decimals)
    found = pl.reachable_sum(published, decimals, slope=20 / n, offset=0, most=5 * n)
    assert found is not None
    assert pl.rounds_to(20 * found / n, published, decimals)


@given(r=st.floats(0.05, 0.99), n=st.integers(20, 2000), q=st.integers(1, 10))
def test_r_n_and_f_agree_either_way(r, n, q):
    f = pl.f_of_regression(r, n=n, q=q)
    np.testing.assert_allclose(pl.n_of_regression(r, f, q=q), n)
    np.testing.assert_allclose(pl.r_of_regression(f, n=n, q=q), r)
