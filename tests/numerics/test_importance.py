"""Importance in many matrices at once: as in one, and by law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.numerics.importance import MEASURES, importance, with_mean_of
from csat.numerics.regression import relative_weights, shapley_shares


def matrices(seed: int, p: int, many: int) -> np.ndarray:
    """(p + 1, p + 1, many) correlations, the outcome last."""
    rng = np.random.default_rng(seed)
    out = np.empty((p + 1, p + 1, many))
    for k in range(many):
        x = rng.normal(size=(80, p + 1)) + rng.normal(size=(80, 1))
        out[..., k] = np.corrcoef(x.T)
    return out


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(1, 7))
def test_each_matrix_gets_what_it_gets_alone(seed: int, p: int) -> None:
    r = matrices(seed, p, 5)
    for k in range(5):
        own, ry = r[:p, :p, k], r[:p, p, k]
        expected = {
            "LMG": shapley_shares(own, ry).shares,
            "relative weight": relative_weights(own, ry),
            "|r|": np.abs(ry),
            "beta": np.linalg.solve(own, ry),
        }
        for measure, value in expected.items():
            found = importance(r[:p, :p], r[:p, p], measure)  # type: ignore[arg-type]
            np.testing.assert_allclose(found[:, k], value, atol=1e-10)


def test_partial_correlations_are_those_of_the_residuals() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 4)) + rng.normal(size=(200, 1))
    r = np.corrcoef(x.T)[..., None]
    others = np.column_stack([np.ones(200), x[:, 1:3]])
    left = [v - others @ np.linalg.lstsq(others, v, rcond=None)[0] for v in (x[:, 0], x[:, 3])]
    found = importance(r[:3, :3], r[:3, 3], "partial r")
    assert found[0, 0] == pytest.approx(np.corrcoef(left)[0, 1])


@pytest.mark.parametrize("measure", MEASURES)
def test_a_matrix_that_contradicts_itself_gives_nothing_and_harms_no_other(measure: str) -> None:
    r = matrices(0, 3, 3)
    clean = importance(r[:3, :3], r[:3, 3], measure)  # type: ignore[arg-type]
    r[:3, 3, 1] = [0.9, -0.9, 0.99]
    found = importance(r[:3, :3], r[:3, 3], measure)  # type: ignore[arg-type]
    np.testing.assert_allclose(found[:, [0, 2]], clean[:, [0, 2]])
    assert np.isnan(found[:, 1]).all() == (measure != "|r|")


def test_the_correlation_with_a_mean_is_that_of_the_rows() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(100, 5)) * [1, 2, 1, 3, 1] + rng.normal(size=(100, 1))
    correlation, sd = np.corrcoef(x.T)[..., None], x.std(axis=0, ddof=1)[:, None]
    found = with_mean_of(correlation, sd, 3)
    total = x[:, 3:].sum(axis=1)
    expected = [np.corrcoef(x[:, j], total)[0, 1] for j in range(3)]
    np.testing.assert_allclose(found[:, 0], expected)
    np.testing.assert_allclose(with_mean_of(correlation, sd, 4)[:, 0], correlation[:4, 4, 0])
