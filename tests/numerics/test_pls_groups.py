"""Groups compared under permutation: the level of the tests, their power, invariance of composites."""

from __future__ import annotations

import numpy as np
import pytest

from csat.errors import TooFew
from csat.numerics.pls import path_structure, pls
from csat.numerics.pls_groups import compare_groups, henseler_mga
from pls_cases import drawn, reference_case


def two_groups(seed: int, rows: int = 300, turned: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Answers to 3 + 2 items; in the first group the path is .7, in the second .7 or .1."""
    rng = np.random.default_rng(seed)
    first = np.arange(2 * rows) < rows
    x = rng.normal(size=2 * rows)
    slope = np.where(first | (not turned), 0.7, 0.1)
    y = slope * x + np.sqrt(1 - slope**2) * rng.normal(size=2 * rows)
    items = [0.8 * f + 0.6 * rng.normal(size=2 * rows) for f in (x, x, x, y, y)]
    return np.column_stack(items), first


STRUCTURE = path_structure([(0, 1, 2), (3, 4)], [(0, 1)])


def test_a_real_difference_of_paths_is_found() -> None:
    answers, first = two_groups(1, turned=True)
    found = compare_groups(answers, first, STRUCTURE, permutations=400, rng=np.random.default_rng(0))
    assert found.path_difference[0, 1] > 0.3
    assert found.path_p[0, 1] == pytest.approx(1 / 401)
    assert np.isnan(found.path_p[1, 0])


def test_the_permutation_test_holds_its_level() -> None:
    p = [
        compare_groups(
            *two_groups(100 + k, rows=60), STRUCTURE, permutations=99, rng=np.random.default_rng(k)
        ).path_p[0, 1]
        for k in range(100)
    ]
    # 5 of 100 expected; 12 or more happen with probability .004
    assert np.sum(np.array(p) <= 0.05) < 12
    assert 0.35 < np.mean(p) < 0.65


def test_differences_are_those_of_the_groups_own_models() -> None:
    answers, first = two_groups(3)
    found = compare_groups(answers, first, STRUCTURE, permutations=50, rng=np.random.default_rng(0))
    a, b = (pls(np.corrcoef(answers[g].T), STRUCTURE) for g in (first, ~first))
    np.testing.assert_allclose(found.path_difference, a.paths - b.paths, atol=1e-8)
    np.testing.assert_allclose(found.loading_difference, a.loadings - b.loadings, atol=1e-8)
    np.testing.assert_allclose(found.first.weights, a.weights, atol=1e-9)


def test_a_shift_of_one_composite_is_found_in_its_mean() -> None:
    answers, first = two_groups(4)
    answers[first, :3] += 0.5
    found = compare_groups(answers, first, STRUCTURE, permutations=300, rng=np.random.default_rng(0)).micom
    assert found.mean_p[0] < 0.01 < found.mean_p[1]
    assert found.mean_difference[0] > found.mean_upper[0]


def test_composites_of_the_same_population_are_seldom_called_different() -> None:
    below = 0
    for k in range(60):
        answers, first = two_groups(500 + k, rows=60)
        found = compare_groups(answers, first, STRUCTURE, permutations=60, rng=np.random.default_rng(k)).micom
        below += int(found.correlation[0] < found.correlation_floor[0])
    # 3 of 60 expected; 9 or more happen with probability .003
    assert below < 9


def test_a_composite_weighed_otherwise_is_found() -> None:
    answers, first = two_groups(4)
    rng = np.random.default_rng(1)
    # in the second group the first item measures nothing
    answers[~first, 0] = rng.normal(size=int((~first).sum()))
    found = compare_groups(answers, first, STRUCTURE, permutations=200, rng=rng).micom
    assert found.correlation[0] < found.correlation_floor[0]


def test_mean_and_variance_of_a_composite_are_those_of_its_pooled_scores() -> None:
    answers, first = two_groups(5)
    answers[first] *= 1.3
    found = compare_groups(answers, first, STRUCTURE, permutations=50, rng=np.random.default_rng(0))
    z = (answers - answers.mean(axis=0)) / answers.std(axis=0, ddof=1)
    for k, own in enumerate(STRUCTURE.slices):
        score = z[:, own] @ found.pooled.weights[own]
        assert found.micom.mean_difference[k] == pytest.approx(score[first].mean() - score[~first].mean())
        ratio = np.log(score[first].var(ddof=1) / score[~first].var(ddof=1))
        assert found.micom.variance_log_ratio[k] == pytest.approx(ratio)


def test_a_single_item_agrees_exactly() -> None:
    answers, structure = drawn(3, rows=200)
    first = np.arange(200) < 90
    found = compare_groups(answers, first, structure, permutations=60, rng=np.random.default_rng(0)).micom
    assert found.correlation[3] == pytest.approx(1.0)
    assert found.correlation_p[3] == pytest.approx(1 / 61)
    assert found.correlation[3] >= found.correlation_floor[3] - 1e-12


def test_weights_count_as_rows() -> None:
    answers, first = two_groups(6, rows=80)
    weights = np.random.default_rng(0).integers(1, 3, len(answers))
    found = compare_groups(
        answers,
        first,
        STRUCTURE,
        weights=weights.astype(float),
        permutations=20,
        rng=np.random.default_rng(0),
    )
    repeated = np.repeat(answers, weights, axis=0)
    a, b = (pls(np.corrcoef(repeated[np.repeat(g, weights)].T), STRUCTURE) for g in (first, ~first))
    np.testing.assert_allclose(found.path_difference, a.paths - b.paths, atol=1e-8)


def test_the_bank_customers_test_of_gender_is_reproducible() -> None:
    case = reference_case("satisfaction_gender", "ecsi6")
    first = np.arange(250) < 100
    a, b = (
        compare_groups(case.answers, first, case.structure, permutations=100, rng=np.random.default_rng(5))
        for _ in range(2)
    )
    assert np.array_equal(a.path_p, b.path_p, equal_nan=True)
    assert a.permutations == 100


def test_henseler_probability_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.5, 0.1, size=(3, 40)), rng.normal(0.4, 0.1, size=(3, 50))
    estimates = np.full(3, 0.5), np.full(3, 0.4)
    found = henseler_mga(first, second, estimates=estimates)
    for k in range(3):
        pairs = [1.0 - a - 0.8 + b <= 0 for a in first[k] for b in second[k]]
        assert found[k] == pytest.approx(np.mean(pairs))


def test_a_group_of_two_is_too_small() -> None:
    answers, _ = two_groups(1, rows=20)
    with pytest.raises(TooFew):
        compare_groups(answers, np.arange(40) < 2, STRUCTURE, rng=np.random.default_rng(0))
