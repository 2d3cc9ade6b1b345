"""What follows from a solution, against finite differences and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.numerics import solution
from csat.numerics.starts import starting_values
from csat.numerics.structure import Structure, implied
from structures import cells, some_theta, two_factors


@given(st.integers(0, 2**32 - 1))
def test_slopes_of_the_standardised_solution_equal_differences(seed: int) -> None:
    structure, q = two_factors(means=True)
    theta, step = some_theta(seed, q), 1e-6

    def scaled(at: np.ndarray) -> solution.Standardised:
        return solution.standardised(structure, at, implied(structure, at), np.eye(q))

    here = scaled(theta)
    for k in range(q):
        shift = np.zeros(q)
        shift[k] = step
        up, down = scaled(theta + shift).complete, scaled(theta - shift).complete
        for name in ("directed", "symmetric", "means"):
            slope = (getattr(up, name) - getattr(down, name)) / (2 * step)
            np.testing.assert_allclose(getattr(here.slopes, name)[:, k], slope, atol=2e-7)


def test_standardised_numbers_by_hand() -> None:
    # x = f + e, y = 2 f + d: f 2, e 1, d 8; x and y have variances 3 and 16
    structure = Structure(
        2,
        2,
        cells([(1, 0, 0, 0.0)]),
        cells([(0, 0, 1, 0.0), (1, 1, 2, 0.0)]),
    )
    theta = np.array([2.0, 3.0, 4.0])
    at = implied(structure, theta)
    found = solution.standardised(structure, theta, at, np.zeros((3, 3)))
    assert found.complete.directed == pytest.approx([2 * np.sqrt(3 / 16)])
    assert found.complete.symmetric == pytest.approx([1, 4 / 16])
    assert found.latent.directed == pytest.approx([2])
    r2 = solution.explained_variance(structure, theta, at)
    assert np.isnan(r2[0])
    assert r2[1] == pytest.approx(12 / 16)


def test_a_null_direction_makes_only_its_own_parameters_unknown() -> None:
    information = np.array([[2.0, 2.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 4.0]])
    covariance = solution.parameter_covariance(information, np.zeros(3, dtype=bool))
    assert np.isnan(covariance[0, 0])
    assert np.isnan(covariance[1, 1])
    assert covariance[2, 2] == pytest.approx(0.25)
    assert [g.tolist() for g in solution.undetermined(information)] in ([[0, 1]], [[1, 0]])
    errors = solution.delta_errors(np.array([[1.0, 0, 0], [0, 0, 3.0]]), covariance)
    assert np.isnan(errors[0])
    assert errors[1] == pytest.approx(1.5)


def test_a_held_parameter_has_no_error() -> None:
    covariance = solution.parameter_covariance(np.diag([4.0, 9.0]), np.array([True, False]))
    np.testing.assert_allclose(covariance, np.diag([0, 1 / 9]))


def test_effects_add_up_along_every_route() -> None:
    # 0 -> 1 (.5), 1 -> 2 (.4), 0 -> 2 (.2)
    structure = Structure(
        3,
        3,
        cells([(1, 0, 0, 0.0), (2, 1, 1, 0.0), (2, 0, 2, 0.0)]),
        cells([(i, i, 3 + i, 0.0) for i in range(3)]),
    )
    theta = np.array([0.5, 0.4, 0.2, 1, 1, 1])
    covariance = np.diag([0.05**2, 0.06**2, 0.07**2, 0, 0, 0])
    found = solution.effects(structure, theta, covariance, np.arange(3))
    assert found.indirect[2, 0] == pytest.approx(0.20)
    # Sobel: METHODS 8
    assert found.indirect_se[2, 0] == pytest.approx(0.036056, abs=5e-7)
    assert found.total[2, 0] == pytest.approx(0.40)
    assert found.total_se[2, 0] == pytest.approx(np.hypot(0.036056, 0.07), abs=1e-6)
    assert found.indirect[1, 0] == 0
    assert found.indirect_se[1, 0] == 0


def test_variance_inflation_from_covariances() -> None:
    total = np.array([[4.0, 1.6, 0], [1.6, 1.0, 0], [0, 0, 1.0]])
    assert solution.variance_inflation(total, np.array([0, 1])) == pytest.approx([1 / 0.36] * 2)
    total[0, 1] = total[1, 0] = 2.0
    assert np.isinf(solution.variance_inflation(total, np.array([0, 1]))).all()


def test_the_group_that_makes_a_covariance_indefinite_is_found() -> None:
    matrix = np.eye(4)
    matrix[0, 1] = matrix[1, 0] = 1.02
    smallest, group = solution.indefinite_group(matrix)
    assert smallest == pytest.approx(-0.02)
    assert sorted(group.tolist()) == [0, 1]
    assert solution.indefinite_group(np.diag([1.0, -2.0]))[1].tolist() == [1]


# ---- starting values --------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(8, 60))
def test_any_sample_gives_a_start_that_implies_a_covariance(seed: int, n: int) -> None:
    structure, q = two_factors()
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 6)) @ (np.eye(6) + 0.7 * rng.standard_normal((6, 6)))
    theta = starting_values(structure, np.cov(x.T, ddof=0), q)
    np.linalg.cholesky(implied(structure, theta).covariance)


def test_clear_factors_start_near_their_answer() -> None:
    structure, q = two_factors()
    theta = np.array([0.9, 1.1, 0.8, 0.6, 0.0, *[0.4] * 6, 1.0, 0.7, 0.0])
    found = starting_values(structure, implied(structure, theta).covariance, q)
    np.testing.assert_allclose(found[:4], theta[:4], atol=0.25)


@given(st.integers(0, 2**32 - 1))
def test_starts_follow_the_units_of_the_items(seed: int) -> None:
    structure, q = two_factors()
    cov = implied(structure, some_theta(seed, q)).covariance
    one, other = starting_values(structure, cov, q), starting_values(structure, cov * 1e6, q)
    np.testing.assert_allclose(other[:5], one[:5], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(other[5:], one[5:] * 1e6, rtol=1e-8, atol=1e-4)
