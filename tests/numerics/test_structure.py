"""Implied moments and their derivatives, against finite differences and by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from csat.numerics.linalg import vech
from csat.numerics.structure import Structure, basis, curvature, derivatives, implied
from structures import cells, some_theta, two_factors


def test_moments_of_one_factor_are_its_loadings() -> None:
    structure = Structure(
        3,
        2,
        cells([(0, 2, -1, 1.0), (1, 2, 0, 0.0)]),
        cells([(0, 0, 1, 0.0), (1, 1, 2, 0.0), (2, 2, 3, 0.0)]),
        cells([(0, 0, 4, 0.0), (2, 2, -1, 0.5)]),
    )
    at = implied(structure, np.array([2.0, 0.3, 0.4, 1.5, 3.0]))
    np.testing.assert_allclose(at.covariance, [[1.8, 3.0], [3.0, 6.4]])
    np.testing.assert_allclose(at.mean, [3.5, 1.0])
    np.testing.assert_allclose(at.total[2], [1.5, 3.0, 1.5])


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_derivatives_equal_differences(seed: int, means: bool) -> None:
    structure, q = two_factors(means=means)
    theta, step = some_theta(seed, q), 1e-6
    by = derivatives(structure, implied(structure, theta), q)
    for k in range(q):
        shift = np.zeros(q)
        shift[k] = step
        up, down = implied(structure, theta + shift), implied(structure, theta - shift)
        slope = vech(up.covariance - down.covariance) / (2 * step)
        np.testing.assert_allclose(by.jacobian()[:, k], slope, atol=1e-8)
        np.testing.assert_allclose(by.mean_jacobian()[:, k], (up.mean - down.mean) / (2 * step), atol=1e-8)


@given(st.integers(0, 2**32 - 1))
def test_second_derivatives_equal_differences_of_first(seed: int) -> None:
    structure, q = two_factors(means=True)
    theta, step = some_theta(seed, q), 1e-6
    rng = np.random.default_rng(seed)
    weight, pull = rng.standard_normal((6, 6)), rng.standard_normal(6)
    weight = weight + weight.T

    def slope(at_theta: np.ndarray) -> np.ndarray:
        by = derivatives(structure, implied(structure, at_theta), q)
        full = by.gathered(2 * (by.u * (weight @ by.v)).sum(axis=0))
        return full - 2 * by.mean_jacobian().T @ pull

    at = implied(structure, theta)
    found = curvature(structure, at, derivatives(structure, at, q), weight, pull)
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    for k in range(q):
        shift = np.zeros(q)
        shift[k] = step
        expected = (slope(theta + shift) - slope(theta - shift)) / (2 * step)
        np.testing.assert_allclose(found[:, k], expected, atol=2e-7)


@given(st.integers(0, 2**32 - 1))
def test_every_derivative_is_made_of_columns_of_the_basis(seed: int) -> None:
    structure, q = two_factors(means=False)
    at = implied(structure, some_theta(seed, q))
    by, places, columns = derivatives(structure, at, q), structure.places, basis(structure, at)
    assert columns.shape == (6, structure.variables + structure.causes.size)
    np.testing.assert_allclose(columns[:, places.u_at], by.u)
    np.testing.assert_allclose(columns[:, places.v_at] * places.times, by.v)


def test_a_loop_among_observed_variables_has_the_moments_of_its_sum() -> None:
    # x1 <-> x2 with 0.5 and 0.25: E is the inverse of I - A
    structure = Structure(
        2,
        2,
        cells([(0, 1, 0, 0.0), (1, 0, 1, 0.0)]),
        cells([(0, 0, -1, 1.0), (1, 1, -1, 1.0)]),
    )
    at = implied(structure, np.array([0.5, 0.25]))
    np.testing.assert_allclose(at.effects, np.linalg.inv([[1.0, -0.5], [-0.25, 1.0]]))
    np.testing.assert_allclose(at.covariance, at.effects @ at.effects.T)
