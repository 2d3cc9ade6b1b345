"""Moments of ordered items beside numbers and covariates: laws; lavaan's numbers are in test_sem_language."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import ndtr

from csat.errors import ConstantItem, NotConverged, SingularMatrix, TooFew
from csat.numerics.mixed import mixed_sample
from csat.numerics.moment_vectors import OrderedMoments
from csat.numerics.ordered import ordered_sample
from csat.numerics.ordinal import bivariate_normal
from csat.numerics.structure import Structure
from language_data import answers
from structures import cells

CATEGORIES = (5, 5, 0, 5, 5, 5, 2, 0)


def values(*, gaps: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Items (ordered ones as positions) and covariates."""
    rows = answers(gaps=gaps)
    items = rows[:, :8].copy()
    items[:, [c > 0 for c in CATEGORIES]] -= 1
    return items, rows[:, 8:10]


def test_ordered_items_alone_have_their_polychoric_moments() -> None:
    items, _ = values(gaps=True)
    ordered = [0, 1, 3, 4]
    codes = np.where(np.isnan(items[:, ordered]), -1, items[:, ordered]).astype(np.int64)
    plain = ordered_sample(codes, [5] * 4)
    found = mixed_sample(items[:, ordered], [5] * 4)
    np.testing.assert_allclose(found.moments, plain.moments, atol=1e-9)
    np.testing.assert_allclose(found.gamma, plain.gamma, rtol=1e-7, atol=1e-9)


def test_numbers_alone_have_their_means_and_covariances() -> None:
    items, _ = values()
    found = mixed_sample(items[:, [2, 7]], [0, 0])
    np.testing.assert_allclose(found.correlation, np.cov(items[:, [2, 7]].T, ddof=0), rtol=1e-9)
    np.testing.assert_allclose(found.means, items[:, [2, 7]].mean(axis=0))


def test_given_covariates_numbers_have_their_regressions() -> None:
    items, x = values()
    found = mixed_sample(items[:, [2, 7]], [0, 0], covariates=x)
    design = np.column_stack([np.ones(len(x)), x])
    b = np.linalg.lstsq(design, items[:, [2, 7]], rcond=None)[0]
    e = items[:, [2, 7]] - design @ b
    np.testing.assert_allclose(found.slopes, b[1:].T, rtol=1e-9)
    np.testing.assert_allclose(found.correlation, e.T @ e / len(e), rtol=1e-9)


def test_the_unit_of_a_covariate_or_a_number_changes_only_its_own_moments() -> None:
    items, x = values()
    found = mixed_sample(items, CATEGORIES, covariates=x)
    other = items.copy()
    other[:, 2] *= 10
    moved = mixed_sample(other, CATEGORIES, covariates=x * [100.0, 1.0])
    np.testing.assert_allclose(moved.thresholds, found.thresholds, atol=1e-8)
    scale = np.where(np.arange(8) == 2, 10.0, 1.0)
    np.testing.assert_allclose(
        moved.slopes, found.slopes * scale[:, None] / [100.0, 1.0], rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(
        moved.correlation, found.correlation * np.outer(scale, scale), rtol=1e-7, atol=1e-9
    )


def test_a_covariate_moved_by_a_constant_moves_the_thresholds_with_it() -> None:
    items, x = values()
    found = mixed_sample(items, CATEGORIES, covariates=x)
    moved = mixed_sample(items, CATEGORIES, covariates=x + [2.0, 0.0])
    np.testing.assert_allclose(
        moved.thresholds, found.thresholds + 2 * found.slopes[found.item, 0], atol=1e-7
    )
    np.testing.assert_allclose(moved.correlation, found.correlation, atol=1e-8)


def test_whole_weights_count_respondents() -> None:
    items, x = values()
    weights = np.tile([1.0, 2.0], len(items) // 2)
    weighted = mixed_sample(items, CATEGORIES, covariates=x, weights=weights)
    often = weights.astype(int)
    repeated = mixed_sample(
        np.repeat(items, often, axis=0), CATEGORIES, covariates=np.repeat(x, often, axis=0)
    )
    np.testing.assert_allclose(weighted.moments, repeated.moments, rtol=1e-7, atol=1e-8)


def test_a_number_of_two_values_has_finite_errors() -> None:
    items, x = values()
    found = mixed_sample(np.column_stack([items[:, 0], x[:, 1], items[:, 2]]), [5, 0, 0])
    assert np.isfinite(found.gamma).all()
    at = found.thresholds.size
    variance = found.correlation[1, 1]
    assert found.gamma[at, at] == pytest.approx(variance, rel=1e-9)


def test_what_cannot_be_estimated_is_said_by_position() -> None:
    items, x = values()
    flat = items.copy()
    flat[:, 2] = 4.0
    with pytest.raises(ConstantItem) as constant:
        mixed_sample(flat, CATEGORIES)
    assert constant.value.positions == (2,)
    flat = items.copy()
    flat[:, 1] = 3.0
    with pytest.raises(TooFew) as one:
        mixed_sample(flat, CATEGORIES)
    assert one.value.positions == (1,)
    with pytest.raises(SingularMatrix, match="follows from the others"):
        mixed_sample(items, CATEGORIES, covariates=np.column_stack([x, x[:, 0]]))
    with pytest.raises((NotConverged, SingularMatrix)) as apart:
        mixed_sample(items, CATEGORIES, covariates=items[:, [6]])
    assert apart.value.positions == (6,)
    twice = np.column_stack([items[:, 2], items[:, 2] * 2 + 1, items[:, 0]])
    with pytest.raises(SingularMatrix, match="1 or -1"):
        mixed_sample(twice, [0, 0, 5])


def given_model() -> tuple[OrderedMoments, np.ndarray]:
    """y1 ordered, y2, y3 numbers; x1, x2 covariates; f measured by all, caused by x1; x2 and y2 cause y3."""
    structure = Structure(
        6,
        3,
        directed=cells(
            [(0, 5, -1, 1.0), (1, 5, 0, 0.0), (2, 5, 1, 0.0), (5, 3, 2, 0.0), (2, 4, 3, 0.0), (2, 1, 9, 0.0)]
        ),
        symmetric=cells([(0, 0, -1, 0.0), (1, 1, 4, 0.0), (2, 2, 5, 0.0), (5, 5, 6, 0.0)]),
        means=cells([(1, 1, 7, 0.0), (2, 2, 8, 0.0)]),
    )
    model = OrderedMoments(
        structure,
        cells([(0, 0, 10, 0.0), (0, 1, 11, 0.0)]),
        numeric=np.array([1, 2]),
        given=np.array([3, 4]),
    )
    return model, np.array([0.8, 1.2, 0.4, -0.3, 0.5, 0.7, 0.6, 2.0, 3.0, 0.35, -0.4, 0.9])


def test_the_jacobian_is_the_derivative_of_the_moments() -> None:
    model, theta = given_model()
    found, step = model.moments(theta), 1e-6
    assert found.vector.size == 2 + 2 + 6 + 2 + 3
    for k in range(theta.size):
        move = np.eye(theta.size)[k] * step
        slope = (model.vector(theta + move)[0] - model.vector(theta - move)[0]) / (2 * step)
        np.testing.assert_allclose(found.jacobian[:, k], slope, atol=1e-8)


def test_the_bend_is_the_second_derivative() -> None:
    model, theta = given_model()
    weights = np.random.default_rng(1).normal(size=model.vector(theta)[0].size)
    found, step = model.bend(model.moments(theta), theta, weights), 1e-6
    for k in range(theta.size):
        move = np.eye(theta.size)[k] * step
        slope = weights @ (model.moments(theta + move).jacobian - model.moments(theta - move).jacobian)
        np.testing.assert_allclose(found[k], slope / (2 * step), atol=1e-7)


def cause_model() -> tuple[OrderedMoments, np.ndarray]:
    """u1, u2 ordered, y a number, x a covariate; f measured by u1 and y; x causes u1, u1 u2, u2 f and y."""
    structure = Structure(
        5,
        3,
        directed=cells(
            [(0, 3, 0, 0.0), (1, 0, 1, 0.0), (4, 1, 2, 0.0), (2, 1, 3, 0.0), (2, 4, -1, 1.0), (0, 4, 4, 0.0)]
        ),
        symmetric=cells([(0, 0, -1, 0.0), (1, 1, -1, 0.0), (2, 2, 5, 0.0), (4, 4, 6, 0.0), (2, 1, 7, 0.0)]),
        means=cells([(2, 2, 8, 0.0), (4, 4, 9, 0.0)]),
    )
    model = OrderedMoments(
        structure,
        cells([(0, 0, 10, 0.0), (0, 1, 11, 0.0), (1, 0, 12, 0.0)]),
        scales=cells([(0, 0, 13, 0.0), (1, 0, -1, 1.0), (2, 0, -1, 1.0)]),
        numeric=np.array([2]),
        given=np.array([3]),
    )
    theta = np.array([0.4, 0.5, -0.3, 0.35, 0.45, 0.9, 0.6, 0.1, 2.0, 0.2, -0.4, 0.9, 0.3, 0.8])
    return model, theta


def test_an_ordered_cause_keeps_its_variance_whatever_explains_it() -> None:
    model, theta = cause_model()
    assert model.causes.tolist() == [0, 1]
    at = model.moments(theta).at
    np.testing.assert_allclose(np.diagonal(at.covariance)[:2], [1 / 0.8**2, 1.0], rtol=1e-12)
    # by hand: u1 explains u2 alone here but for f, which u2 explains in turn
    left = model.residual_variances(theta)
    assert np.isnan(left[2])
    a, s, _ = model.structure.matrices(theta)
    s[[0, 1], [0, 1]] = left[:2]
    whole = np.linalg.inv(np.eye(5) - a) @ s @ np.linalg.inv(np.eye(5) - a).T
    np.testing.assert_allclose(whole[:3, :3], at.covariance, rtol=1e-12)


def test_with_ordered_causes_the_jacobian_is_the_derivative_of_the_moments() -> None:
    model, theta = cause_model()
    found, step = model.moments(theta), 1e-6
    along = model.giving_way(theta)
    for k in range(theta.size):
        move = np.eye(theta.size)[k] * step
        slope = (model.vector(theta + move)[0] - model.vector(theta - move)[0]) / (2 * step)
        np.testing.assert_allclose(found.jacobian[:, k], slope, atol=1e-8)
        left = (model.completed(theta + move)[1] - model.completed(theta - move)[1]) / (2 * step)
        np.testing.assert_allclose(along[:, k], left, atol=1e-8)


def test_with_ordered_causes_the_bend_is_the_second_derivative() -> None:
    model, theta = cause_model()
    weights = np.random.default_rng(2).normal(size=model.vector(theta)[0].size)
    found, step = model.bend(model.moments(theta), theta, weights), 1e-6
    for k in range(theta.size):
        move = np.eye(theta.size)[k] * step
        slope = weights @ (model.moments(theta + move).jacobian - model.moments(theta - move).jacobian)
        np.testing.assert_allclose(found[k], slope / (2 * step), atol=1e-7)


def test_the_bend_by_free_scales_is_the_second_derivative() -> None:
    model, theta = given_model()
    scales = cells([(0, 0, theta.size, 0.0), (1, 0, -1, 1.0), (2, 0, theta.size + 1, 0.0)])
    model, theta = dataclasses.replace(model, scales=scales), np.append(theta, [0.8, 1.3])
    weights = np.random.default_rng(3).normal(size=model.vector(theta)[0].size)
    found, step = model.bend(model.moments(theta), theta, weights), 1e-6
    for k in range(theta.size):
        move = np.eye(theta.size)[k] * step
        slope = weights @ (model.moments(theta + move).jacobian - model.moments(theta - move).jacobian)
        np.testing.assert_allclose(found[k], slope / (2 * step), atol=1e-7)


def test_a_correlation_that_some_pair_of_answers_would_have_to_hold_down_is_named() -> None:
    """Nobody gave answer 2 to the first and 1 to the second item: the likelihood rises up to 1.

    lavaan 0.6-14 stops at 0.999 in such data, with a variance of 1e161; the likelihood gains 1e-9 from 0.98.
    """
    rng = np.random.default_rng(4)
    x = rng.normal(size=400)
    y = 0.4 * x + rng.normal(size=400)
    items = np.column_stack([y > 0.2, y > -0.9, rng.normal(size=400) + y > 0]).astype(float)
    with pytest.raises(SingularMatrix, match="1 or -1") as alike:
        mixed_sample(items, [2, 2, 2], covariates=x[:, None])
    assert alike.value.positions == (0, 1)


def test_one_answer_that_speaks_against_it_holds_a_correlation_below_one() -> None:
    """Where the likelihood is largest; lavaan 0.6-14 ended at 0.999 in such data, far below its top."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=400)
    y = 0.4 * x + rng.normal(size=400)
    first, second = (y > 0.2).astype(int), (y > -0.9).astype(int)
    second[np.flatnonzero(first)[0]] = 0
    items = np.column_stack([first, second]).astype(float)
    found = mixed_sample(items, [2, 2], covariates=x[:, None])
    best = found.correlation[0, 1]
    assert 0.5 < best < 0.99
    cuts = found.thresholds - np.outer(x, found.slopes[:, 0])
    sign = 2.0 * items - 1

    def likelihood(r: float) -> float:
        # of -leaning below -cut for the upper answer, and of leaning below the cut for the lower one
        r_cell = r * sign[:, 0] * sign[:, 1]
        p = [
            float(bivariate_normal(np.array([-s0 * c0]), np.array([-s1 * c1]), float(q))[0])
            for s0, s1, c0, c1, q in zip(sign[:, 0], sign[:, 1], cuts[:, 0], cuts[:, 1], r_cell, strict=True)
        ]
        return float(np.log(np.maximum(p, 1e-300)).sum())

    top = likelihood(best)
    assert top > likelihood(best - 0.02)
    assert top > likelihood(best + 0.02 * (1 - best))
    assert top > likelihood(0.999) + 5


def test_thresholds_given_covariates_ascend_and_solve_their_equations() -> None:
    """lavaan 0.6-14 loses its way in such probits now and then: one ended with thresholds 6.7, -6.5."""
    rng = np.random.default_rng(17)
    x = np.column_stack([rng.normal(1, 2, 300), rng.random(300) < 0.4])
    y = 0.1 * x[:, 0] + rng.normal(size=300)
    codes = np.searchsorted([-0.6, -0.25, 0.2, 0.65, 0.88], y).astype(float)
    found = mixed_sample(codes[:, None], [6], covariates=x)
    assert np.all(np.diff(found.thresholds) > 0)

    def likelihood(theta: np.ndarray) -> float:
        edges = np.concatenate([[-np.inf], theta[:5], [np.inf]])
        shift = x @ theta[5:]
        cell = codes.astype(int)
        return float(np.log(ndtr(edges[cell + 1] - shift) - ndtr(edges[cell] - shift)).sum())

    best, step = np.concatenate([found.thresholds, found.slopes[0]]), 1e-5
    for k in range(7):
        move = np.eye(7)[k] * step
        assert abs(likelihood(best + move) - likelihood(best - move)) / (2 * step) < 1e-4
