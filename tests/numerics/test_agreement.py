"""Agreement of rankings: the fixture of METHODS 12 and by hand."""

from __future__ import annotations

import pytest

from csat.errors import TooFew
from csat.numerics.agreement import kendall_w, mean_ranks


def test_three_rankings_agree_as_the_fixture_says() -> None:
    assert kendall_w([[1, 2, 3, 4], [1, 3, 2, 4], [2, 1, 3, 4]]) == pytest.approx(0.777778, abs=5e-7)


def test_equal_rankings_agree_wholly_and_opposite_ones_not_at_all() -> None:
    assert kendall_w([[0.1, 0.5, 0.9], [10, 50, 90]]) == pytest.approx(1)
    assert kendall_w([[1, 2, 3], [3, 2, 1]]) == pytest.approx(0)


def test_equal_values_share_their_ranks() -> None:
    assert mean_ranks([5, 1, 5, 9]).tolist() == [2.5, 1, 2.5, 4]


def test_one_ranking_agrees_with_nothing() -> None:
    with pytest.raises(TooFew, match="at least 2 rankings"):
        kendall_w([[1, 2, 3]])
