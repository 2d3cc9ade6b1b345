"""Filled answers spread and go together as answers do, and nothing else is touched."""

import numpy as np
import pytest

from csat.errors import ConstantItem
from csat.numerics.imputation import imputed

CORRELATION = np.array([[1.0, 0.7, 0.3], [0.7, 1.0, 0.5], [0.3, 0.5, 1.0]])
OPEN = {"low": np.full(3, -np.inf), "high": np.full(3, np.inf), "whole": np.zeros(3, dtype=bool)}


def with_gaps(n=4000, share=0.3, seed=1):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, 3)) @ np.linalg.cholesky(CORRELATION).T + [1.0, 2.0, 3.0]
    gaps = rng.random((n, 3)) < share
    return rows, np.where(gaps, np.nan, rows)


def test_only_the_cells_asked_for_are_filled():
    _, rows = with_gaps(200)
    fill = np.isnan(rows)
    fill[:, 2] = False
    out = imputed(rows, fill, **OPEN)
    answered = ~np.isnan(rows)
    np.testing.assert_array_equal(out[answered], rows[answered])
    np.testing.assert_array_equal(np.isnan(out[:, 2]), np.isnan(rows[:, 2]))
    some = answered.any(axis=1)
    assert not np.isnan(out[some, :2]).any()
    assert np.isnan(out[~some]).all()


def test_moments_after_filling_are_those_of_the_population():
    _, rows = with_gaps()
    out = imputed(rows, np.isnan(rows), **OPEN)
    out = out[~np.isnan(out).any(axis=1)]
    # standard errors at n = 4000 are 0.016; means of what is expected would give variances near 0.8
    np.testing.assert_allclose(out.mean(axis=0), [1, 2, 3], atol=0.06)
    np.testing.assert_allclose(np.cov(out, rowvar=False), CORRELATION, atol=0.08)


def test_answers_missing_where_another_is_high_do_not_pull_the_mean():
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((4000, 3)) @ np.linalg.cholesky(CORRELATION).T
    rows[(rows[:, 0] > 0.5), 1] = np.nan
    assert np.nanmean(rows[:, 1]) < -0.25
    assert abs(imputed(rows, np.isnan(rows), **OPEN)[:, 1].mean()) < 0.06


def test_draws_are_answers_of_the_scale_and_the_same_for_a_seed():
    _, rows = with_gaps(300)
    rows = np.clip(np.rint(rows), 1, 5)
    scale = {"low": np.full(3, 1.0), "high": np.full(3, 5.0), "whole": np.ones(3, dtype=bool)}
    one, again, other = (imputed(rows, np.isnan(rows), **scale, seed=s) for s in (3, 3, 4))
    known = one[~np.isnan(one)]
    assert set(known) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other, equal_nan=True)


def test_an_item_without_variance_is_named():
    rows = with_gaps(100)[1]
    rows[:, 1] = np.where(np.isnan(rows[:, 1]), np.nan, 2.0)
    with pytest.raises(ConstantItem):
        imputed(rows, np.isnan(rows), **OPEN)
