"""Replicates keyed by row and the intervals made of them: by law, and against theory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import TooFew
from csat.numerics import resampling
from csat.numerics.replication import replicate_weights
from csat.numerics.resampling import (
    bca_interval,
    bootstrap_weighted_means,
    percentile_interval,
    poisson_multiplicities,
)


def multiplicities(rows: object, replicates: int, seed: int) -> np.ndarray:
    return np.vstack(list(poisson_multiplicities(rows, replicates, seed=seed)))


@given(st.integers(0, 2**40), st.lists(st.integers(0, 10**9), min_size=1, max_size=30, unique=True))
def test_a_row_has_the_same_replicates_whichever_rows_are_asked_for(seed: int, rows: list[int]) -> None:
    together = multiplicities(rows, 6, seed)
    for at, row in enumerate(rows):
        np.testing.assert_array_equal(together[:, at], multiplicities([row], 6, seed)[:, 0])


def test_batches_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = multiplicities(np.arange(50), 20, 3)
    monkeypatch.setattr(resampling, "BATCH_CELLS", 150)
    np.testing.assert_array_equal(multiplicities(np.arange(50), 20, 3), whole)
    np.testing.assert_array_equal(multiplicities(np.arange(50), 8, 3), whole[:8])


def test_seeds_and_replicates_differ() -> None:
    a, b = multiplicities(np.arange(1000), 2, 0), multiplicities(np.arange(1000), 2, 1)
    for one, other in ((a[0], a[1]), (a[0], b[0]), (a[1], b[0])):
        # two independent Poisson(1) counts are equal with probability .3085
        assert 0.25 < np.mean(one == other) < 0.37


def test_multiplicities_are_poisson_and_independent() -> None:
    m = multiplicities(np.arange(1, 2001), 500, 7)
    n = m.size
    for k in range(6):
        p = math.exp(-1) / math.factorial(k)
        assert abs(np.mean(m == k) - p) < 5 * math.sqrt(p * (1 - p) / n) + 2e-5
    # correlations of neighbouring rows and of neighbouring replicates are noise
    centred = m - 1
    assert abs(np.mean(centred[:, 1:] * centred[:, :-1])) < 5 / math.sqrt(n)
    assert abs(np.mean(centred[1:] * centred[:-1])) < 5 / math.sqrt(n)


def test_the_bootstrap_error_of_a_mean_is_the_textbook_one() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 30))
    replicates = bootstrap_weighted_means(x, replicates=2000)
    ratio = replicates.std(axis=0) / (x.std(axis=0, ddof=1) / math.sqrt(400))
    # each ratio scatters by 1.6 %; their mean by 0.3 %
    assert abs(ratio.mean() - 1) < 0.015
    assert np.abs(ratio - 1).max() < 0.08


def test_weights_and_silence_are_honoured_in_every_replicate() -> None:
    x = np.array([[1.0, np.nan], [2.0, 5.0], [4.0, 7.0]])
    w = np.array([1.0, 2.0, 0.5])
    means = bootstrap_weighted_means(x, w, replicates=40, seed=5)
    for row, times in zip(means, multiplicities(np.arange(3), 40, 5), strict=True):
        for j in range(2):
            known = ~np.isnan(x[:, j])
            total = (times * w)[known].sum()
            expected = (times * w)[known] @ x[known, j] / total if total else np.nan
            np.testing.assert_allclose(row[j], expected, rtol=1e-12)


@given(st.integers(0, 1000))
def test_weights_of_one_change_no_replicate(seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(12, 3))
    plain = bootstrap_weighted_means(x, replicates=20, seed=seed)
    np.testing.assert_array_equal(plain, bootstrap_weighted_means(x, np.ones(12), replicates=20, seed=seed))


def test_one_respondent_cannot_be_resampled() -> None:
    with pytest.raises(TooFew, match="at least 2 respondents"):
        bootstrap_weighted_means(np.ones((1, 1)))


def test_percentile_ends_are_quantiles_and_lost_replicates_are_counted() -> None:
    values = np.arange(1001.0)
    assert percentile_interval(values).lower == pytest.approx(25)
    assert percentile_interval(values).upper == pytest.approx(975)
    assert percentile_interval(values, confidence=0.90).lower == pytest.approx(50)
    few = np.append(values, [np.nan] * 10)
    assert (percentile_interval(few).lost, percentile_interval(few).lower) == (10, pytest.approx(25))
    many = np.append(values, [np.nan] * 100)
    assert np.isnan(percentile_interval(many).lower)
    assert np.isnan(percentile_interval(np.array([np.nan])).upper)


def test_bca_without_bias_and_skew_is_the_percentile_interval() -> None:
    values = np.arange(1001.0)
    symmetric = np.array([-1.0, 0.0, 1.0])
    plain, corrected = percentile_interval(values), bca_interval(values, 500.0, symmetric)
    assert corrected.lower == pytest.approx(plain.lower, abs=1e-6)
    assert corrected.upper == pytest.approx(plain.upper, abs=1e-6)


def test_bca_moves_both_ends_towards_the_long_tail() -> None:
    values = np.arange(1001.0)
    # one jackknife value far below: the estimate depends on one high observation
    skewed = np.array([0.0] * 9 + [-9.0])
    corrected = bca_interval(values, 500.0, skewed)
    plain = percentile_interval(values)
    assert corrected.lower > plain.lower
    assert corrected.upper > plain.upper


# Other kinds of replicates


def weights_of(
    kind: Any = "bootstrap", rows: int = 200, replicates: int = 3000, **options: Any
) -> np.ndarray:
    return np.vstack(list(replicate_weights(np.arange(rows), replicates, kind=kind, **options)))


@pytest.mark.parametrize("kind", ["bootstrap", "bayesian"])
def test_factors_have_mean_and_variance_1_and_depend_on_row_and_replicate_alone(kind: Any) -> None:
    w = weights_of(kind)
    assert w.mean() == pytest.approx(1, abs=0.01)
    assert w.var() == pytest.approx(1, abs=0.02)
    # rows do not go together
    assert np.abs(np.corrcoef(w[:, :20].T) - np.eye(20)).max() < 0.1
    some = np.vstack(list(replicate_weights([7, 3], 3000, kind=kind, cells=100)))
    np.testing.assert_array_equal(some, w[:, [7, 3]])


def test_the_bayesian_bootstrap_leaves_nobody_out_and_knows_the_error_of_a_mean() -> None:
    w = weights_of("bayesian")
    assert w.min() > 0
    x = np.random.default_rng(0).normal(size=200)
    drawn = w @ x / w.sum(axis=1)
    assert drawn.std(ddof=1) == pytest.approx(x.std() / np.sqrt(200), rel=0.06)


def test_rows_of_a_cluster_share_their_factor() -> None:
    clusters = np.repeat(np.arange(40), 5)
    w = weights_of(clusters=clusters)
    assert (w == w[:, ::5].repeat(5, axis=1)).all()
    # a mean of clustered answers varies as the mean of its clusters
    x = np.random.default_rng(1).normal(size=40)[clusters]
    drawn = w @ x / w.sum(axis=1)
    assert drawn.std(ddof=1) == pytest.approx(x.std() / np.sqrt(40), rel=0.1)


@pytest.mark.parametrize("kind", ["bootstrap", "bayesian"])
def test_strata_keep_their_size(kind: Any) -> None:
    strata = np.array(["a"] * 50 + ["b"] * 150)
    w = weights_of(kind, strata=strata)
    np.testing.assert_allclose(w[:, :50].sum(axis=1), 50)
    np.testing.assert_allclose(w[:, 50:].sum(axis=1), 150)
    # what differs between strata alone does not vary
    x = np.where(strata == "a", 1.0, 3.0)
    assert (w @ x / w.sum(axis=1)).std() < 1e-12
