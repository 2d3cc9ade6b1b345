"""Descent within constraints: laws of a quadratic, and lavaan's solutions within bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.numerics.constrained import (
    Constraints,
    Contradiction,
    covariance_within,
    descend_within,
    free_directions,
    information_within,
)
from csat.numerics.descent import Point, Slope


class Bowl:
    """F = (theta - centre)' H (theta - centre) / 2."""

    def __init__(self, hessian: np.ndarray, centre: np.ndarray) -> None:
        self.hessian, self.centre = hessian, centre

    def look(self, theta: np.ndarray) -> Point:
        gap = theta - self.centre
        return Point(theta, float(gap @ self.hessian @ gap / 2), ())

    def slope(self, point: Point) -> Slope:
        return Slope(
            self.hessian @ (point.theta - self.centre),
            self.hessian.diagonal(),
            lambda: self.hessian,
            lambda: self.hessian,
        )


def linear(rows: np.ndarray, right: np.ndarray, equalities: int) -> Constraints:
    return Constraints(
        lambda t: (rows @ t - right, rows), lambda t, _: np.zeros((t.size, t.size)), equalities
    )


def bowl(seed: int, q: int) -> Bowl:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(q, q + 2))
    return Bowl(root @ root.T, rng.normal(size=q))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), q=st.integers(3, 7), equal=st.integers(0, 2), unequal=st.integers(0, 3))
def test_the_kuhn_tucker_conditions_hold(seed: int, q: int, equal: int, unequal: int) -> None:
    rng = np.random.default_rng(seed)
    problem = bowl(seed, q)
    rows = rng.normal(size=(equal + unequal, q))
    # some point obeys them all
    right = rows @ rng.normal(size=q) - np.concatenate([np.zeros(equal), rng.random(unequal)])
    found = descend_within(problem, np.zeros(q), linear(rows, right, equal) if equal + unequal else None)
    assert found.converged
    gaps = rows @ found.theta - right
    np.testing.assert_allclose(gaps[:equal], 0, atol=1e-7)
    assert (gaps[equal:] > -1e-7).all()
    gradient = problem.hessian @ (found.theta - problem.centre)
    if not len(found.within):
        np.testing.assert_allclose(gradient, 0, atol=1e-6)
        return
    forces, *_ = np.linalg.lstsq(found.within.T, gradient, rcond=None)
    np.testing.assert_allclose(found.within.T @ forces, gradient, atol=1e-6)
    assert (forces[np.asarray(found.active) >= equal] > -1e-6).all()


def test_a_curved_constraint_is_met_exactly() -> None:
    problem = bowl(3, 2)
    problem.centre = np.array([2.0, 3.0])

    def look(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.array([t[0] * t[1] - 1.0]), np.array([[t[1], t[0]]])

    def bend(t: np.ndarray, force: np.ndarray) -> np.ndarray:
        return force[0] * np.array([[0.0, 1.0], [1.0, 0.0]])

    found = descend_within(problem, np.array([1.0, 0.5]), Constraints(look, bend, 1))
    assert found.converged
    assert found.theta[0] * found.theta[1] == pytest.approx(1, abs=1e-9)
    assert found.equalities == 1


def test_bounds_and_constraints_hold_together() -> None:
    problem = bowl(4, 3)
    rows, right = np.array([[1.0, 1.0, 1.0]]), np.array([1.0])
    found = descend_within(
        problem, np.zeros(3), linear(rows, right, 1), lower=np.array([0.5, -np.inf, -np.inf]), upper=None
    )
    assert found.theta.sum() == pytest.approx(1, abs=1e-9)
    assert found.theta[0] >= 0.5 - 1e-12


def test_constraints_that_say_the_same_count_once() -> None:
    rows = np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0], [1.0, 0.0, -1.0]])
    found = descend_within(bowl(5, 3), np.zeros(3), linear(rows, np.zeros(3), 3))
    assert found.converged
    assert found.equalities == 2
    assert np.ptp(found.theta) < 1e-9


def test_constraints_that_contradict_each_other_are_said() -> None:
    rows = np.array([[1.0, 0.0], [1.0, 0.0]])
    with pytest.raises(Contradiction):
        descend_within(bowl(6, 2), np.zeros(2), linear(rows, np.array([0.0, 1.0]), 2))


def test_errors_under_an_equality_are_those_of_one_parameter() -> None:
    information = bowl(7, 4).hessian
    within = np.array([[0.0, 1.0, -1.0, 0.0]])
    shared = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], dtype=float)
    one = shared @ np.linalg.inv(shared.T @ information @ shared) @ shared.T
    np.testing.assert_allclose(
        covariance_within(information, np.zeros(4, dtype=bool), within), one, rtol=1e-9, atol=1e-12
    )


def test_a_constraint_identifies_what_the_answers_do_not() -> None:
    information = np.diag([2.0, 0.0, 1.0])
    within = np.array([[1.0, -1.0, 0.0]])
    covariance = covariance_within(information, np.zeros(3, dtype=bool), within)
    np.testing.assert_allclose(np.diagonal(covariance), [0.5, 0.5, 1.0])
    assert np.linalg.matrix_rank(information_within(information, within)) == 3


def test_directions_left_are_orthogonal_to_the_constraints_and_to_what_is_held() -> None:
    rows = np.array([[1.0, 2.0, 0.0, 0.0]])
    left = free_directions(rows, np.array([False, False, True, False]))
    assert left.shape == (4, 2)
    np.testing.assert_allclose(rows @ left, 0, atol=1e-12)
    np.testing.assert_allclose(left[2], 0, atol=1e-12)
    np.testing.assert_allclose(left.T @ left, np.eye(2), atol=1e-12)
