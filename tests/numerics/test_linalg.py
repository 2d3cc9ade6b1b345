"""Solves and determinants agree with numpy, and a singular matrix names its columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.errors import ConstantItem, SingularMatrix
from csat.numerics import linalg


def spd(p: int, seed: int) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(p + 5, p))
    return x.T @ x


@settings(max_examples=25, deadline=None)
@given(p=st.integers(1, 8), seed=st.integers(0, 10_000))
def test_solves_agree_with_numpy(p, seed):
    a = spd(p, seed)
    b = np.random.default_rng(seed + 1).normal(size=(p, 3))
    np.testing.assert_allclose(linalg.solve(a, b), np.linalg.solve(a, b), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(linalg.inverse(a) @ a, np.eye(p), atol=1e-8)
    np.testing.assert_allclose(linalg.log_determinant(a), np.linalg.slogdet(a)[1], atol=1e-9)
    np.testing.assert_allclose(
        linalg.quadratic_form(a, b.T), np.einsum("ij,ji->i", b.T, np.linalg.solve(a, b)), rtol=1e-7
    )
    root = linalg.symmetric_power(a, 0.5)
    np.testing.assert_allclose(root @ root, a, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(p=st.integers(1, 6), seed=st.integers(0, 100))
def test_duplication_rebuilds_a_symmetric_matrix(p, seed):
    a = spd(p, seed)
    np.testing.assert_array_equal(linalg.duplication(p) @ linalg.vech(a), a.ravel(order="F"))
    np.testing.assert_array_equal(linalg.unvech(linalg.vech(a)), a)


def test_vech_goes_down_the_columns():
    assert linalg.vech([[1, 2, 3], [2, 4, 5], [3, 5, 6]]).tolist() == [1, 2, 3, 4, 5, 6]


def test_a_duplicate_is_named_as_a_pair():
    x = np.random.default_rng(1).normal(size=(50, 4))
    x = np.column_stack([x, 3 * x[:, 1] + 7])
    with pytest.raises(SingularMatrix) as error:
        linalg.inverse(np.cov(x.T))
    assert error.value.positions == (1, 4)


def test_a_total_is_named_with_its_parts():
    x = np.random.default_rng(2).normal(size=(50, 5))
    x[:, 3] = x[:, 0] + x[:, 2]
    assert linalg.dependent_columns(np.cov(x.T)) == (0, 2, 3)


def test_one_dependence_is_named_at_a_time():
    x = np.random.default_rng(3).normal(size=(50, 2))
    assert linalg.dependent_columns(np.cov(np.column_stack([x, x]).T)) == (0, 2)


def test_columns_that_repeat_others_or_never_vary_are_passed_over():
    x = np.random.default_rng(6).normal(size=(50, 5))
    x[:, 1] = 2.0
    x[:, 3] = x[:, 0] - x[:, 2]
    assert linalg.independent_columns(np.cov(x.T)).tolist() == [0, 2, 4]
    assert linalg.independent_columns(spd(6, 4)).tolist() == list(range(6))


def test_an_independent_matrix_has_no_dependent_columns():
    assert linalg.dependent_columns(spd(6, 4)) == ()


def test_fewer_respondents_than_items_is_singular():
    x = np.random.default_rng(5).normal(size=(4, 6))
    with pytest.raises(SingularMatrix):
        linalg.cholesky(np.cov(x.T))


def test_contradicting_correlations_are_named():
    r = np.eye(4)
    r[0, 1] = r[1, 0] = 0.9
    r[1, 2] = r[2, 1] = 0.9
    r[0, 2] = r[2, 0] = -0.9
    with pytest.raises(SingularMatrix, match="contradict") as error:
        linalg.cholesky(r)
    assert error.value.positions == (0, 1, 2)


def test_a_constant_column_is_named():
    with pytest.raises(ConstantItem) as error:
        linalg.cholesky(np.diag([1.0, 0.0, 2.0, np.nan]))
    assert error.value.positions == (1, 3)


def test_a_small_unit_is_no_singularity():
    a = np.diag([1e-12, 1.0]) + 1e-7 * np.array([[0, 1], [1, 0]])
    np.testing.assert_allclose(linalg.inverse(a) @ a, np.eye(2), atol=1e-9)


def test_multiple_correlation_of_two_columns_is_their_squared_correlation():
    np.testing.assert_allclose(
        linalg.squared_multiple_correlations([[4.0, 1.2], [1.2, 9.0]]), 1.2**2 / 36, atol=1e-15
    )


@settings(max_examples=25, deadline=None)
@given(p=st.integers(1, 8), seed=st.integers(0, 10_000))
def test_the_inverse_of_inner_loops_is_the_inverse(p, seed):
    a = spd(p, seed)
    inverse, log_determinant = linalg.positive_inverse(a)
    np.testing.assert_allclose(inverse @ a, np.eye(p), atol=1e-7)
    np.testing.assert_array_equal(inverse, inverse.T)
    assert log_determinant == pytest.approx(np.linalg.slogdet(a)[1], abs=1e-9)
    factor = linalg.positive_factor(a)
    assert factor is not None
    np.testing.assert_allclose(factor @ factor.T, a, rtol=1e-10)


def test_inner_loops_learn_that_a_matrix_is_not_positive_definite():
    assert linalg.positive_factor(np.diag([1.0, -1.0])) is None
    with pytest.raises(np.linalg.LinAlgError):
        linalg.positive_inverse(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_nothing_has_an_inverse_without_a_word_on_the_terminal(capfd):
    inverse, log_det = linalg.positive_inverse(np.zeros((0, 0)))
    assert inverse.shape == (0, 0)
    assert log_det == 0.0
    assert capfd.readouterr() == ("", "")
