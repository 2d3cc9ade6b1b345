"""Composites of means: resampling and linearisation answer alike, and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from csat.numerics.composites import Bootstrap, EstimatedWeights, Linearisation, composite, difference_tests
from csat.numerics.scores import linearised_se

ALL = slice(0, 2)
BY = slice(2, 4)


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.normal([50, 60, 4, 8], [20, 15, 1, 2], size=(600, 4))
    x[rng.random((600, 4)) < 0.1] = np.nan
    return x


@pytest.fixture(scope="module")
def weights() -> np.ndarray:
    return np.random.default_rng(1).uniform(0.3, 2, 600)


def engines(x: np.ndarray, w: np.ndarray | None) -> tuple[Bootstrap, Linearisation]:
    rows = np.arange(len(x))
    return (
        Bootstrap(x, w, rows=rows, replicates=2000, seed=0, confidence=0.95),
        Linearisation(x, w, confidence=0.95),
    )


def test_a_composite_is_the_weighted_mean_of_the_means() -> None:
    assert float(composite([80, 70, 75], [50, 30, 20])) == pytest.approx(76)
    assert np.isnan(composite([80, np.nan], [1, 1]))
    assert composite([[1, 3], [2, 4]], [1, 1]).tolist() == [2, 3]


@pytest.mark.parametrize("by", [np.array([1.0, 3.0]), BY])
def test_both_engines_give_the_same_number_error_and_ends(
    values: np.ndarray, weights: np.ndarray, by: np.ndarray | slice
) -> None:
    bootstrap, linearisation = engines(values, weights)
    a, b = bootstrap.composite(ALL, by), linearisation.composite(ALL, by)
    assert a.value == pytest.approx(b.value, rel=1e-12)
    # 2000 replicates know a standard error to 1.6 %
    assert a.se == pytest.approx(b.se, rel=0.06)
    assert a.lower == pytest.approx(b.lower, abs=0.25 * b.se)
    assert a.upper == pytest.approx(b.upper, abs=0.25 * b.se)
    group = np.arange(100, 300)
    a, b = bootstrap.composite_within(group, ALL, by), linearisation.composite_within(group, ALL, by)
    assert a.value == pytest.approx(b.value, rel=1e-12)
    assert a.se == pytest.approx(b.se, rel=0.06)
    np.testing.assert_allclose(
        bootstrap.ends(ALL),
        linearisation.ends(ALL),
        atol=0.25 * float(np.diff(linearisation.ends(ALL)).max()),
    )


def test_the_group_of_all_rows_is_the_whole(values: np.ndarray, weights: np.ndarray) -> None:
    for engine in engines(values, weights):
        whole, group = engine.composite(ALL, BY), engine.composite_within(np.arange(600), ALL, BY)
        assert group.value == pytest.approx(whole.value, rel=1e-12)
        assert group.se == pytest.approx(whole.se, rel=1e-9)
        assert group.lower == pytest.approx(whole.lower, rel=1e-9)


def test_one_column_has_the_textbook_error() -> None:
    x = np.random.default_rng(3).normal(size=(80, 1))
    found = Linearisation(x, None, confidence=0.95).composite(slice(0, 1), np.array([2.0]))
    se = x.std(ddof=1) / np.sqrt(80)
    assert found.se == pytest.approx(se)
    assert found.upper - found.lower == pytest.approx(2 * 1.959963984540054 * se)


def test_one_row_has_no_error(values: np.ndarray) -> None:
    for engine in engines(values[:5], None):
        assert np.isnan(engine.composite_within(np.array([0]), ALL, BY).se)


# Groups against each other, and tests


def halves(n: int = 600) -> list[np.ndarray]:
    return [np.arange(0, n // 3), np.arange(n // 3, n)]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("by", [np.array([0.3, 0.7]), BY])
def test_a_group_against_the_rest_has_the_same_error_by_both_engines(
    values: np.ndarray, weights: np.ndarray, weighted: bool, by: Any
) -> None:
    w = weights if weighted else None
    drawn, lines = (e.compared(halves(), ALL, by) for e in engines(values, w))
    for a, b in zip(drawn, lines, strict=True):
        assert a.difference.value == pytest.approx(a.own.value - a.rest.value)
        assert b.difference.value == pytest.approx(a.difference.value)
        assert b.difference.se == pytest.approx(a.difference.se, rel=0.08)
    assert drawn[0].difference.value == pytest.approx(-drawn[1].difference.value)
    # two independent groups: the errors add as squares
    if isinstance(by, np.ndarray):
        assert lines[0].difference.se == pytest.approx(np.hypot(lines[0].own.se, lines[0].rest.se), rel=0.01)


def test_estimated_weights_move_with_the_replicates(values: np.ndarray) -> None:
    bootstrap, _ = engines(values, None)
    steady = EstimatedWeights(np.array([0.5, 0.5]), np.full((2000, 2), 0.5))
    rng = np.random.default_rng(3)
    first = np.clip(rng.normal(0.5, 0.1, 2000), 0, 1)
    moving = EstimatedWeights(np.array([0.5, 0.5]), np.column_stack([first, 1 - first]))
    fixed = bootstrap.composite(ALL, np.array([0.5, 0.5]))
    assert bootstrap.composite(ALL, steady) == fixed
    assert bootstrap.composite(ALL, moving).value == fixed.value
    assert bootstrap.composite(ALL, moving).se > 1.2 * fixed.se


def test_a_replicate_without_weights_is_lost(values: np.ndarray) -> None:
    bootstrap, _ = engines(values, None)
    drawn = np.full((2000, 2), 0.5)
    drawn[:7] = np.nan
    assert bootstrap.composite(ALL, EstimatedWeights(np.array([0.5, 0.5]), drawn)).lost == 7


def test_tests_of_differences_follow_the_normal_and_holm() -> None:
    # METHODS 11: difference 8.333333, se 5.063486
    found = difference_tests([8.333333, 8.333333, 1.0], [5.063486, 5.063486, 0.0], tested=[True, False, True])
    assert found.z[0] == pytest.approx(1.645770, abs=1e-6)
    assert found.p[0] == pytest.approx(0.099811, abs=1e-6)
    assert np.isnan(found.p[1:]).all()
    assert found.p_adjusted[0] == found.p[0]
    # (z_.975 + z_.80) se
    assert found.detectable[0] == pytest.approx((1.959963984540054 + 0.8416212335729143) * 5.063486)


@pytest.mark.parametrize("by", [np.array([0.3, 0.7]), BY])
def test_gram_matrices_give_the_errors_of_the_rows_influences(
    values: np.ndarray, weights: np.ndarray, by: Any
) -> None:
    # the last rows belong to no group
    groups = [np.arange(0, 150), np.arange(150, 400), np.arange(400, 550)]
    lines = Linearisation(values, weights, confidence=0.95)
    for group, found in zip(groups, lines.compared(groups, ALL, by), strict=True):
        rest = np.setdiff1d(np.arange(550), group)
        one, other = (lines.composite_within(g, ALL, by) for g in (group, rest))
        assert found.own.value == pytest.approx(one.value, rel=1e-12)
        assert found.own.se == pytest.approx(one.se, rel=1e-9)
        assert found.rest.se == pytest.approx(other.se, rel=1e-9)
        (a, u, n), (b, v, m) = (lines._influence(ALL, by, g) for g in (group, rest))
        assert found.difference.value == pytest.approx(a - b, rel=1e-9)
        assert found.difference.se == pytest.approx(linearised_se(u - v, n=n + m), rel=1e-9)
