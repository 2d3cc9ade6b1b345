"""Quadrants, ranks and their agreement: the fixtures of METHODS 12, and many samples at once."""

from __future__ import annotations

import numpy as np
import pytest

from csat.numerics.agreement import kendall_w
from csat.numerics.quadrants import QUADRANTS, placed, quadrant_shares, rank_concordance

PERFORMANCE, IMPORTANCE = np.array([4.2, 3.1, 4.0, 2.9]), np.array([4.5, 4.6, 3.0, 3.2])


def names(quadrant: np.ndarray) -> list[str]:
    return [QUADRANTS[q] for q in quadrant]


def test_the_fixture_falls_into_four_quadrants() -> None:
    found = placed(PERFORMANCE, IMPORTANCE)
    assert (found.centre_x[0], found.centre_y[0]) == pytest.approx((3.55, 3.825))
    assert names(found.quadrant[:, 0]) == ["keep up", "improve first", "possible overkill", "low priority"]
    assert found.rank[:, 0].tolist() == [2, 1, 4, 3]


def test_a_value_on_the_line_counts_as_high() -> None:
    found = placed(
        PERFORMANCE, IMPORTANCE, centre="midpoint", performance_range=(1, 5), importance_range=(1, 5)
    )
    assert names(found.quadrant[:, 0]) == ["keep up", "keep up", "keep up", "improve first"]


def test_a_crosshair_may_move_with_the_samples() -> None:
    x, y = np.repeat(PERFORMANCE[:, None], 2, axis=1), np.repeat(IMPORTANCE[:, None], 2, axis=1)
    found = placed(x, y, centre="overall", at=(np.array([5.0, 1.0]), None))
    assert (found.quadrant[0] == [0, 1]).all()
    assert (found.centre_y == pytest.approx(3.825)) and found.centre_x.tolist() == [5.0, 1.0]


def test_many_samples_are_placed_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 7, 20))
    for centre in ("mean", "median"):
        many = placed(x, y, centre=centre)  # type: ignore[arg-type]
        for k in range(20):
            one = placed(x[:, k], y[:, k], centre=centre)  # type: ignore[arg-type]
            assert (many.quadrant[:, k] == one.quadrant[:, 0]).all()
            assert (many.rank[:, k] == one.rank[:, 0]).all()


def test_shares_of_the_quadrants_sum_to_one_and_ranks_are_a_permutation() -> None:
    rng = np.random.default_rng(1)
    found = placed(*rng.normal(size=(2, 6, 50)))
    shares = quadrant_shares(found.quadrant)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (np.sort(found.rank, axis=0) == np.arange(1, 7)[:, None]).all()


def test_the_concordance_of_three_rankings() -> None:
    ranks = np.array([[1, 2, 3, 4], [1, 3, 2, 4], [2, 1, 3, 4]]).T
    assert rank_concordance(ranks) == pytest.approx(0.777778, abs=5e-7)
    assert rank_concordance(ranks) == pytest.approx(kendall_w(ranks.T))
    assert rank_concordance(np.tile([[1], [2]], 5)) == 1
