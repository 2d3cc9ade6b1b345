"""Scores and what is made of them: the fixtures of METHODS 2, by hand, and by law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import TooFew
from csat.numerics.scores import (
    construct_scores,
    linearised_se,
    mean_influence,
    per_cent_of_maximum,
    rescale_0_100,
    weighted_means,
)


def test_one_number_has_two_readings() -> None:
    assert float(per_cent_of_maximum(2.8625, maximum=5)) == pytest.approx(57.25)
    assert float(rescale_0_100(3.29, minimum=1, maximum=5)) == pytest.approx(57.25)
    assert float(rescale_0_100(4.40, minimum=1, maximum=5)) == pytest.approx(85)
    assert float(per_cent_of_maximum(4.25, maximum=5)) == pytest.approx(85)


def test_the_lowest_answer_is_zero_only_in_the_rescale() -> None:
    assert float(rescale_0_100(1, minimum=1, maximum=10)) == 0
    assert float(per_cent_of_maximum(1, maximum=10)) == 10
    assert float(per_cent_of_maximum(1, maximum=5)) == 20


def test_a_share_of_a_maximum_that_is_not_positive_is_undefined() -> None:
    assert np.isnan(per_cent_of_maximum([1.0, -3.0], maximum=0)).all()


@given(st.integers(1, 10), st.integers(1, 10))
def test_the_rescale_of_a_turned_answer_is_the_rest_to_100(x: int, span: int) -> None:
    lo, hi = 1, 10 + span
    turned = lo + hi - x
    straight = float(rescale_0_100(x, minimum=lo, maximum=hi))
    assert float(rescale_0_100(turned, minimum=lo, maximum=hi)) == pytest.approx(100 - straight)


def test_a_construct_score_needs_half_of_its_items() -> None:
    nan = np.nan
    x = np.array([[1, 2, 3, 4], [1, nan, 3, nan], [nan, nan, 3, nan], [nan, nan, nan, nan]])
    assert construct_scores(x, [[0, 1, 2, 3]])[:, 0].tolist() == pytest.approx(
        [2.5, 2, nan, nan], nan_ok=True
    )
    all_of_them = construct_scores(x, [[0, 1, 2, 3]], min_answered=1)[:, 0]
    assert all_of_them.tolist() == pytest.approx([2.5, nan, nan, nan], nan_ok=True)
    # of three items, two are half or more and one is not
    three = construct_scores(np.array([[1, 2, nan], [1, nan, nan]]), [[0, 1, 2]])[:, 0]
    assert three.tolist() == pytest.approx([1.5, nan], nan_ok=True)


def test_a_sum_counts_a_silent_item_as_the_respondents_own_mean() -> None:
    x = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, np.nan]])
    assert construct_scores(x, [[0, 1, 2], [2]], how="sum").tolist() == [
        [6.0, 3.0],
        [4.5, pytest.approx(np.nan, nan_ok=True)],
    ]


def test_a_construct_without_items_is_refused() -> None:
    with pytest.raises(TooFew, match="at least one item"):
        construct_scores(np.ones((2, 2)), [[0], []])
    with pytest.raises(ValueError, match="min_answered"):
        construct_scores(np.ones((2, 2)), [[0]], min_answered=0)


def test_the_error_of_a_mean_is_the_textbook_one_without_weights() -> None:
    x = np.random.default_rng(0).normal(size=50)
    u = mean_influence(x[:, None])[:, 0]
    assert linearised_se(u, n=50) == pytest.approx(x.std(ddof=1) / np.sqrt(50))
    assert np.isnan(linearised_se(u[:1], n=1))


def test_the_error_of_a_weighted_mean_is_the_linearisation_with_replacement() -> None:
    # METHODS 11: scores 100 0 -100 100 with weights 2 1 1 1
    x, w = np.array([[100.0], [0.0], [-100.0], [100.0]]), np.array([2.0, 1.0, 1.0, 1.0])
    assert float(weighted_means(x, w)[0]) == pytest.approx(40)
    assert linearised_se(mean_influence(x, w)[:, 0], n=4) == pytest.approx(45.723809, abs=5e-7)


def test_silence_has_no_influence() -> None:
    x = np.array([[1.0], [np.nan], [3.0]])
    assert mean_influence(x).ravel().tolist() == [-0.5, 0.0, 0.5]
    assert np.isnan(weighted_means(np.array([[np.nan]]))[0])
