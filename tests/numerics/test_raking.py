"""Raking against the fixture of METHODS 19 and R's survey, and its laws."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import NumericsError, TooFew
from csat.numerics import raking as ra

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "raking.json").read_text(encoding="utf-8"))


def test_four_cells_to_two_margins():
    """METHODS 19: cells 40 10 / 20 30 to rows 60 40 and columns 50 50."""
    cells = np.array([40.0, 10, 20, 30])
    found = ra.rake([[0, 0, 1, 1], [0, 1, 0, 1]], [[60, 40], [50, 50]], start=cells)
    np.testing.assert_allclose(found.weights / found.weights.sum() * 100, [40, 20, 10, 30], rtol=1e-8)
    np.testing.assert_allclose(found.weights / 4 * 100 / cells, [1, 2, 0.5, 1], rtol=1e-8)
    assert found.converged


def test_weights_agree_with_rake_of_r():
    a, b, start = (np.array(GOLDEN["data"][k], dtype=float) for k in ("a", "b", "start"))
    found = ra.rake(
        [a.astype(int) - 1, b.astype(int) - 1], [GOLDEN["margin_a"], GOLDEN["margin_b"]], start=start
    )
    golden = np.array(GOLDEN["weights"])
    np.testing.assert_allclose(found.weights / found.weights.sum(), golden / golden.sum(), rtol=1e-8)


def test_one_margin_is_post_stratification():
    found = ra.rake([[0, 0, 0, 1]], [[50, 50]])
    np.testing.assert_allclose(found.weights, [2 / 3, 2 / 3, 2 / 3, 2])
    assert found.steps == 1
    np.testing.assert_allclose([found.effective_n, found.deff], [3, 4 / 3])


def test_huge_counts_are_shares_too():
    np.testing.assert_allclose(ra.rake([[0, 1, 1]], [[1e308, 1e308]]).weights, [1.5, 0.75, 0.75])


def test_an_unknown_category_keeps_its_weight():
    found = ra.rake([[0, 0, 1, -1]], [[1, 1]])
    np.testing.assert_allclose(found.weights, [0.75, 0.75, 1.5, 1])
    assert found.gap < 1e-10


def test_bounds_hold_and_the_gap_is_told():
    codes = [np.repeat([0, 1], [95, 5])]
    free = ra.rake(codes, [[0.5, 0.5]])
    assert free.weights.max() == pytest.approx(10)
    held = ra.rake(codes, [[0.5, 0.5]], bounds=(0.2, 3), most_steps=50)
    assert held.weights.max() <= 3 * held.weights.mean() * (1 + 1e-9)
    assert held.weights.sum() == pytest.approx(100)
    assert not held.converged
    assert held.gap == pytest.approx(0.35)
    assert held.trimmed == (0, 5)


def test_bounds_that_can_be_kept_keep_the_margins():
    codes = [np.tile([0, 0, 1], 40), np.tile([0, 1, 1, 1], 30)]
    found = ra.rake(codes, [[0.5, 0.5], [0.4, 0.6]], bounds=(0.5, 2.2))
    assert found.converged
    assert found.weights.max() <= 2.2 + 1e-9
    assert found.weights.min() >= 0.5 - 1e-9


def test_nobody_to_speak_for_a_category_is_refused_by_place():
    with pytest.raises(TooFew, match="no respondent") as caught:
        ra.rake([[0, 1], [0, 0]], [[1, 1], [0.9, 0.1]])
    assert caught.value.positions == (1, 1)


def test_impossible_margins_are_refused():
    with pytest.raises(NumericsError, match="no target"):
        ra.rake([[0, 2]], [[1, 1]])
    with pytest.raises(NumericsError, match="no positive share"):
        ra.rake([[0, 1]], [[1, 0]])
    with pytest.raises(NumericsError, match="between 2 and 3"):
        ra.rake([[0, 1]], [[1, 1]], bounds=(2, 3))
    with pytest.raises(NumericsError, match="negative"):
        ra.rake([[0, 1]], [[1, 1]], start=[1, -1])


def test_margins_that_contradict_each_other_do_not_converge():
    # whoever is 0 in one is 0 in the other, so the two cannot differ
    found = ra.rake([[0, 0, 1, 1], [0, 0, 1, 1]], [[0.5, 0.5], [0.3, 0.7]], most_steps=40)
    assert not found.converged
    assert found.gap == pytest.approx(0.2)


people = st.integers(10, 60).flatmap(
    lambda n: st.tuples(
        *(st.lists(st.integers(0, k - 1), min_size=n, max_size=n) for k in (2, 3)),
        st.lists(st.floats(0.2, 5), min_size=n, max_size=n),
    )
)


@given(people=people, weights=st.tuples(st.floats(0.2, 0.8), st.floats(0.2, 0.8)))
def test_raked_margins_hold(people, weights):
    # one of each combination, so that every margin can be met
    a = np.concatenate([people[0], np.tile([0, 1], 3)])
    b = np.concatenate([people[1], np.repeat([0, 1, 2], 2)])
    start = np.concatenate([people[2], np.ones(6)])
    p, q = weights
    targets = [[p, 1 - p], [q / 2, q / 2, 1 - q]]
    found = ra.rake([a, b], targets, start=start)
    assert found.converged
    assert found.weights.sum() == pytest.approx(len(a))
    for column, target in zip((a, b), targets, strict=True):
        np.testing.assert_allclose(ra.margin_shares(column, found.weights, len(target)), target, atol=1e-9)
    assert 1 <= found.effective_n <= len(a) + 1e-9


@given(people=people)
def test_margins_that_hold_already_change_nothing(people):
    a, start = np.array([*people[0], 0, 1]), np.array([*people[2], 1, 1])
    target = ra.margin_shares(a, start, 2)
    found = ra.rake([a], [target], start=start)
    np.testing.assert_allclose(found.weights, start * len(a) / start.sum(), rtol=1e-9)


@given(people=people, high=st.floats(1.1, 4))
def test_trimming_keeps_the_sum_the_order_and_the_bounds(people, high):
    w = np.array(people[2])
    found = ra.trimmed(w, (0.3, high))
    np.testing.assert_allclose(found.sum(), w.sum())
    assert (np.diff(found[np.argsort(w)]) >= -1e-12).all()
    assert found.max() <= high * w.mean() * (1 + 1e-12)
    assert found.min() >= 0.3 * w.mean() * (1 - 1e-12)
