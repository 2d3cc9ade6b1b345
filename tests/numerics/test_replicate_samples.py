"""Moments of replicates: those of the rows drawn, as often as they were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.numerics.missing import discrepancy
from csat.numerics.ordered import ordered_sample
from csat.numerics.replicate_samples import CompleteRows, GappedRows, OrderedRows, are_counts, drawn_rows
from csat.numerics.samples import Sample


def items(n: int = 150, p: int = 4, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 1)) + 0.8 * rng.standard_normal((n, p))


def coded(categories: tuple[int, ...] = (4, 3, 2, 5), gaps: float = 0.0, seed: int = 2) -> np.ndarray:
    x = items(seed=seed)
    codes = np.column_stack(
        [
            np.searchsorted(np.quantile(x[:, j], np.arange(1, k) / k), x[:, j])
            for j, k in enumerate(categories)
        ]
    )
    codes[np.random.default_rng(seed + 1).random(codes.shape) < gaps] = -1
    return codes.astype(np.int64)


def counts(n: int, replicates: int = 4, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).poisson(1.0, (replicates, n)).astype(float)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_covariances_are_those_of_the_rows_drawn(seed: int, weighted: bool) -> None:
    x = items(40, 3) * np.array([1.0, 1e3, 1e-3]) + 50
    w = np.random.default_rng(1).uniform(0.5, 2, 40) if weighted else None
    factors = counts(40, seed=seed)
    cov, mean = CompleteRows(x, w).moments(factors)
    for r, own in enumerate(factors):
        rows, weights = drawn_rows(own, w)
        sample = Sample.of_rows(x[rows], weights=weights)
        unit = np.sqrt(np.outer(sample.cov.diagonal(), sample.cov.diagonal()))
        assert cov[r] / unit == pytest.approx(sample.cov / unit, abs=1e-9)
        assert mean[r] == pytest.approx(sample.mean)


def test_rows_drawn_by_fractions_are_weights() -> None:
    factor = np.array([1.5, 0.0, 0.5])
    assert not are_counts(factor)
    rows, weights = drawn_rows(factor, np.array([2.0, 3.0, 4.0]))
    assert rows.tolist() == [0, 2]
    assert weights == pytest.approx([3.0, 2.0])
    rows, weights = drawn_rows(np.array([2.0, 0.0, 1.0]), None)
    assert rows.tolist() == [0, 0, 2]
    assert weights is None


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("gaps", [0.0, 0.15])
@pytest.mark.parametrize("whole", [True, False])
def test_ordered_moments_and_their_weights_are_those_of_the_rows_drawn(
    weighted: bool, gaps: float, whole: bool
) -> None:
    codes = coded(gaps=gaps)
    w = np.random.default_rng(1).uniform(0.5, 2, len(codes)) if weighted else None
    categories = (codes.max(axis=0) + 1).tolist()
    factors = counts(len(codes))
    if not whole:
        factors = factors * np.random.default_rng(3).uniform(0.5, 1.5, factors.shape)
    found = OrderedRows(codes, w, ordered_sample(codes, categories, weights=w), True).replicates(factors)
    assert found.weight is not None
    assert not any(found.lost)
    for r, own in enumerate(factors):
        rows, weights = drawn_rows(own, w)
        sample = ordered_sample(codes[rows], categories, weights=weights)
        assert found.moments[r] == pytest.approx(sample.moments, abs=1e-10)
        # weights: up to a number for all of them, which moves no estimate
        ratio = found.weight[r] * np.diagonal(sample.gamma)
        assert ratio / ratio[0] == pytest.approx(np.ones(ratio.size), rel=1e-8)


def test_a_two_by_two_table_with_an_empty_cell_is_weighed_as_alone() -> None:
    codes = np.column_stack([np.repeat([0, 0, 1], [40, 30, 50]), np.repeat([0, 1, 1], [40, 30, 50])])
    codes = np.column_stack([codes, np.tile([0, 1], 60)]).astype(np.int64)
    sample = ordered_sample(codes, [2, 2, 2])
    found = OrderedRows(codes, None, sample, True).replicates(np.ones((1, 120)))
    assert found.weight is not None
    assert found.moments[0] == pytest.approx(sample.moments, abs=1e-10)
    assert found.weight[0] == pytest.approx(1 / np.diagonal(sample.gamma), rel=1e-9)


def test_an_end_of_a_scale_that_nobody_chose_has_no_threshold() -> None:
    codes = coded()
    sample = ordered_sample(codes, [4, 3, 2, 5])
    factors = np.ones((2, len(codes)))
    factors[0, codes[:, 0] == 3] = 0
    factors[1, codes[:, 3] == 2] = 0
    found = OrderedRows(codes, None, sample, True).replicates(factors)
    assert found.weight is not None
    assert np.flatnonzero(np.isnan(found.moments[0])).tolist() == [2]
    assert found.weight[0, 2] == 0
    assert (np.delete(found.weight[0], 2) > 0).all()
    alone = ordered_sample(codes[factors[0] > 0], [4, 3, 2, 5])
    assert np.delete(found.moments[0], 2) == pytest.approx(alone.moments, abs=1e-10)
    # within the scale the two thresholds of an answer nobody chose are one
    at = 3 + 2 + 1
    assert found.moments[1, at + 1] == found.moments[1, at + 2]
    assert np.isfinite(found.moments[1]).all()


def test_an_item_with_one_answer_or_a_perfect_pair_has_no_moments() -> None:
    codes = coded((2, 2, 2, 3))
    sample = ordered_sample(codes, [2, 2, 2, 3])
    factors = np.ones((3, len(codes)))
    factors[0, codes[:, 1] == 1] = 0
    factors[1, (codes[:, 0] == 0) != (codes[:, 3] == 0)] = 0
    found = OrderedRows(codes, None, sample, False).replicates(factors)
    assert found.lost[0] == (1,)
    assert found.lost[1] == (0, 3)
    assert found.lost[2] == ()
    assert found.weight is None
    assert found.moments[2] == pytest.approx(sample.moments, abs=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_patterns_of_gaps_are_those_of_the_rows_drawn(weighted: bool) -> None:
    x = items()
    x[np.random.default_rng(5).random(x.shape) < 0.2] = np.nan
    x = x[~np.isnan(x).all(axis=1)]
    w = np.random.default_rng(1).uniform(0.5, 2, len(x)) if weighted else None
    whole = Sample.of_gaps(x, weights=w)
    factors = counts(len(x))
    at = np.eye(4) + 0.3, np.full(4, 0.1)
    found = list(GappedRows(whole, x).patterns(factors))
    for own, patterns in zip(factors, found, strict=True):
        rows, weights = drawn_rows(own, w)
        alone = Sample.of_gaps(x[rows], weights=weights)
        assert alone.gaps is not None
        assert discrepancy(patterns, *at) == pytest.approx(discrepancy(alone.gaps, *at))
        assert patterns.total == pytest.approx(whole.n)
    loose: Any = next(GappedRows(whole, x, steady=False).patterns(2 * np.ones((1, len(x)))))
    assert loose.total == pytest.approx(2 * whole.n)
