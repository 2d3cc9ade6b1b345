"""The published studies' populations give the published figures (SOURCES, part 5)."""

from __future__ import annotations

import time

import numpy as np
import pytest

from csat import recipes
from csat.numerics.adequacy import bartlett_sphericity, kmo
from csat.numerics.regression import least_squares
from csat.numerics.reliability import coefficient_alpha


@pytest.fixture(scope="module")
def bank() -> np.ndarray:
    started = time.perf_counter()
    answers = recipes.bank_efa(np.random.default_rng(recipes.BANK_SEED))
    # 400 000 tries of the recipe, which one by one would take minutes
    assert time.perf_counter() - started < 3
    return answers


def test_the_bank_matrix_itself_has_the_published_figures() -> None:
    r = recipes.bank_correlations()
    assert kmo(r).overall == pytest.approx(0.765, abs=5e-7)
    values = np.linalg.eigvalsh(r)[::-1]
    assert values[:6] == pytest.approx([2.884489, 1.316238, 1.194575, 1.088349, 1.088349, 0.632571], abs=2e-6)
    assert values[:5].sum() / 12 == pytest.approx(0.631)
    assert bartlett_sphericity(r, n=93).chi_square == pytest.approx(132.885, abs=5e-4)


def test_the_bank_sample_has_the_published_kmo_and_share(bank: np.ndarray) -> None:
    r = np.corrcoef(bank.T)
    values = np.linalg.eigvalsh(r)[::-1]
    assert kmo(r).overall == pytest.approx(0.7649, abs=5e-5)
    assert values[:5].sum() / 12 == pytest.approx(0.6310, abs=5e-5)
    assert np.count_nonzero(values > 1) == 5
    assert coefficient_alpha(np.cov(bank.T)) == pytest.approx(0.713, abs=5e-4)
    assert bartlett_sphericity(r, n=93).chi_square == pytest.approx(134.3, abs=0.05)
    assert set(np.unique(bank)) == {1, 2, 3, 4, 5}


def test_every_bank_item_loads_highest_on_its_own_component(bank: np.ndarray) -> None:
    # components and varimax by hand, so that the test rests on no other part of csat
    r = np.corrcoef(bank.T)
    values, vectors = np.linalg.eigh(r)
    loadings = vectors[:, -5:] * np.sqrt(values[-5:])
    weights = np.sqrt((loadings**2).sum(axis=1))
    a, rotation = loadings / weights[:, None], np.eye(5)
    for _ in range(500):
        turned = a @ rotation
        u, _, v = np.linalg.svd(a.T @ (turned**3 - turned * (turned**2).mean(axis=0)))
        rotation = u @ v
    size = np.abs(a @ rotation * weights[:, None])
    own = size.argmax(axis=1)
    assert [len(set(own[k == recipes.BANK_FACTOR])) for k in range(5)] == [1] * 5
    assert len(set(own)) == 5
    assert size.max(axis=1).min() == pytest.approx(0.734, abs=1e-3)
    assert np.sort(size, axis=1)[:, -2].max() == pytest.approx(0.121, abs=1e-3)


def test_another_seed_works_too() -> None:
    r = np.corrcoef(recipes.bank_efa(np.random.default_rng(1)).T)
    assert kmo(r).overall == pytest.approx(0.765, abs=2e-4)
    assert bartlett_sphericity(r, n=93).chi_square == pytest.approx(134.3, abs=0.05)


def test_one_call_draws_what_the_alternating_calls_of_the_recipe_draw() -> None:
    one, other = np.random.default_rng(7), np.random.default_rng(7)
    together = one.integers(0, np.tile([12, 93, 93], 50)).reshape(-1, 3)
    for row in together:
        assert int(other.integers(12)) == row[0]
        assert other.integers(93, size=2).tolist() == row[1:].tolist()
    assert one.bit_generator.state == other.bit_generator.state


def test_satisfaction_goes_with_the_bank_items_in_the_published_proportion(bank: np.ndarray) -> None:
    # many times the same items, so that only the outcome's draw is left to chance
    rng = np.random.default_rng(0)
    many = np.tile(bank, (200, 1))
    sat = recipes.bank_satisfaction(many, rng)
    phi = recipes.bank_factor_correlations()
    means = np.array([many[:, k == recipes.BANK_FACTOR].mean(axis=1) for k in range(5)]).T
    to_satisfaction = np.corrcoef(means.T, sat.mean(axis=1))[:5, 5]
    k = np.array(recipes.BANK_GROUPS)
    reliability = k * 0.367429 / (1 + (k - 1) * 0.367429)
    # disattenuated for the items' unreliability; that of sat is common to all five
    implied = phi @ recipes.BANK_PATHS
    found = to_satisfaction / np.sqrt(reliability)
    np.testing.assert_allclose(found / found.sum(), implied / implied.sum(), atol=0.02)


@pytest.fixture(scope="module")
def sem() -> tuple[np.ndarray, np.ndarray]:
    return recipes.bank_sem(10_000, np.random.default_rng(0))


def test_the_factors_of_the_path_population_have_the_published_paths(
    sem: tuple[np.ndarray, np.ndarray],
) -> None:
    factors = sem[1]
    fit = least_squares(factors[:, :5], factors[:, 5])
    np.testing.assert_allclose(fit.coefficients[1:], recipes.BANK_PATHS, atol=0.03)
    assert fit.r2 == pytest.approx(0.867641, abs=0.01)
    assert np.abs(np.corrcoef(factors[:, :5].T) - np.eye(5)).max() < 0.04


@pytest.mark.parametrize("cut", [False, True])
def test_the_items_of_the_path_population_imply_the_published_paths(
    sem: tuple[np.ndarray, np.ndarray], cut: bool
) -> None:
    drawn = recipes.likert(sem[0]) if cut else sem[0]
    x = np.array([drawn[:, np.flatnonzero(k == recipes.BANK_FACTOR)].mean(axis=1) for k in range(5)]).T
    y = drawn[:, 12:].mean(axis=1)
    # factors are uncorrelated, so a path is the correlation freed of both sides' unreliability
    alphas = [
        coefficient_alpha(np.cov(drawn[:, np.flatnonzero(k == recipes.BANK_FACTOR)].T)) for k in range(5)
    ]
    r = np.corrcoef(x.T, y)[:5, 5]
    found = r / np.sqrt(np.array(alphas) * coefficient_alpha(np.cov(drawn[:, 12:].T)))
    np.testing.assert_allclose(found, recipes.BANK_PATHS, atol=0.03)


@pytest.mark.parametrize(("rescaled", "m", "mean"), [(False, 2.58979, 2.8625), (True, 3.0916, 3.29)])
def test_the_directory_sample_has_the_published_regression(rescaled: bool, m: float, mean: float) -> None:
    item_mean = recipes.directory_item_mean(57.25, rescaled=rescaled)
    assert item_mean == pytest.approx(m, abs=1e-4)
    drawn = recipes.directory_114(np.random.default_rng(0), item_mean=item_mean)
    fit = least_squares(drawn[:, :2], drawn[:, 2])
    assert fit.coefficients == pytest.approx([0.656, 0.038, 0.123])
    assert np.sqrt(fit.r2) == pytest.approx(0.596)
    f = fit.r2 / 2 / ((1 - fit.r2) / 427)
    assert f == pytest.approx(117.619, abs=5e-4)
    total = ((drawn[:, 2] - drawn[:, 2].mean()) ** 2).sum()
    assert fit.r2 * total / 2 == pytest.approx(53.85)
    r = np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]
    assert r == pytest.approx(0.787)
    assert 1 / (1 - r**2) == pytest.approx(2.627216, abs=5e-7)
    assert drawn.std(axis=0, ddof=1) == pytest.approx([1.919189, 3.590474, 0.840684], abs=5e-7)
    assert drawn[:, 2].mean() == pytest.approx(mean)
    assert 100 * ((mean - 1) / 4 if rescaled else mean / 5) == pytest.approx(57.25)
