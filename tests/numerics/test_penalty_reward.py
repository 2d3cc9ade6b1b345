import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import TooFew
from csat.numerics.penalty_reward import asymmetry_replicates, bands, contrast, impact_asymmetry
from csat.numerics.replication import replication
from csat.numerics.resampling import row_factors
from golden_data import recipe_matrix, reference


def crossed() -> tuple[np.ndarray, np.ndarray]:
    """Every pair of answers 1, 2, 3 twice; effects -1 / +.5 of the first item, -.2 / +.8 of the second."""
    x = np.array(list(itertools.product((1, 2, 3), repeat=2)) * 2, dtype=float)
    effect = [{1: -1.0, 2: 0.0, 3: 0.5}, {1: -0.2, 2: 0.0, 3: 0.8}]
    return np.array([3 + effect[0][a] + effect[1][b] for a, b in x]), x


def test_the_crossed_table_of_the_methods_comes_back():
    # METHODS 13, worked by hand
    y, x = crossed()
    found = contrast(y, x, [1, 1], [3, 3])
    np.testing.assert_allclose(found.penalty, [-1, -0.2], atol=1e-10)
    np.testing.assert_allclose(found.reward, [0.5, 0.8], atol=1e-10)
    np.testing.assert_allclose(found.ranges, [1.5, 1.0], atol=1e-10)
    np.testing.assert_allclose(found.asymmetry, [-1 / 3, 0.6], atol=1e-10)


def test_penalties_and_rewards_equal_those_of_r():
    # R 4.2.2, lm on dummies x <= 2 and x >= 5; closed form, so 1e-10
    case = reference("regression")["sfo2015"]["overall_on_items"]
    wanted = case["penalty_reward"]
    names = list(dict.fromkeys(n.rsplit("_", 1)[0] for n in wanted["x"]))
    matrix = recipe_matrix(case["recipe"])
    columns = case["recipe"]["columns"]
    x = matrix[:, [columns.index(n) for n in names]]
    found = contrast(matrix[:, columns.index("Q7ALL")], x, [2] * len(names), [5] * len(names))
    np.testing.assert_allclose(found.penalty, [wanted["coef"][f"{n}_low"] for n in names], rtol=1e-10)
    np.testing.assert_allclose(found.reward, [wanted["coef"][f"{n}_high"] for n in names], rtol=1e-10)
    np.testing.assert_allclose(found.penalty_se, [wanted["se"][f"{n}_low"] for n in names], rtol=1e-10)
    np.testing.assert_allclose(found.reward_se, [wanted["se"][f"{n}_high"] for n in names], rtol=1e-10)
    assert found.r2 == pytest.approx(wanted["r2"], abs=1e-10)
    # a penalty above 0 is no penalty: the item is not placed
    wrong = names.index("Q7SCREENS")
    assert np.isnan(found.asymmetry[wrong])
    # and r + |p| measures nothing there: with r < -|p| it would even be negative
    assert np.isnan(found.ranges[wrong])
    assert (found.ranges[np.isfinite(found.ranges)] >= 0).all()


@given(st.floats(-5, 0), st.floats(0, 5))
def test_asymmetry_lies_between_minus_one_and_one(penalty, reward):
    found = float(impact_asymmetry(penalty, reward))
    assert np.isnan(found) == (penalty == 0 and reward == 0)
    assert np.isnan(found) or -1 <= found <= 1


def test_wrong_signs_are_not_placed():
    assert np.isnan(impact_asymmetry([0.1, -0.1], [0.5, -0.2])).all()


def test_an_empty_band_is_named_by_its_item():
    with pytest.raises(TooFew) as caught:
        bands([[1, 2], [2, 3], [3, 3]], [1, 1], [3, 3])
    assert caught.value.positions == (1,)


def test_replicates_gather_about_the_estimate():
    rng = np.random.default_rng(3)
    x = rng.integers(1, 6, size=(600, 3)).astype(float)
    y = 3 - 0.8 * (x[:, 0] <= 2) + 0.2 * (x[:, 0] >= 5) + 0.5 * (x[:, 1] >= 5) + 0.3 * rng.normal(size=600)
    ends = ([2] * 3, [5] * 3)
    own = contrast(y, x, *ends).asymmetry
    drawn = asymmetry_replicates(y, x, *ends, rows=np.arange(600), replicates=200, seed=1)
    assert abs(np.nanmean(drawn[:, 0]) - own[0]) < 0.05
    assert np.nanstd(drawn[:, 0]) < 0.15


def test_a_replicate_is_the_contrast_of_the_rows_it_holds():
    rng = np.random.default_rng(4)
    x = rng.integers(1, 6, size=(300, 2)).astype(float)
    y = 3 - 0.8 * (x[:, 0] <= 2) + 0.5 * (x[:, 1] >= 5) + 0.3 * rng.normal(size=300)
    w = rng.uniform(0.5, 2, 300)
    options = {"replicates": 20, "seed": 2, "weights": w}
    clusters = replication("bootstrap", n=300, clusters=np.arange(300) // 5)
    for made in (None, clusters):
        drawn = asymmetry_replicates(y, x, [2, 2], [5, 5], rows=np.arange(300), replication=made, **options)
        factors = np.vstack(list(row_factors(np.arange(300), 20, seed=2, replication=made)))
        for r in (0, 7, 19):
            held = factors[r] > 0
            own = contrast(y[held], x[held], [2, 2], [5, 5], weights=(w * factors[r])[held])
            np.testing.assert_allclose(drawn[r], own.asymmetry, rtol=1e-9)
