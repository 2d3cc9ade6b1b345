"""Joint score tests: against the tests of single equalities, and against what chi-square falls by."""

from __future__ import annotations

import numpy as np
import pytest

from csat.numerics.comparison import difference, nesting
from csat.numerics.fitted import Fit
from csat.numerics.fitting import Sample, fit
from csat.numerics.invariance import renumbered
from csat.numerics.letting_go import Place, score_tests
from csat.numerics.modification import release_tests
from csat.numerics.moment_vectors import ContinuousMoments
from csat.numerics.structure import implied
from structures import some_theta, two_factors

STRUCTURE, COUNT = two_factors()
SHARED = (0, 1, 2)
"""Loadings: x1 and x4 (one parameter), x2, x5."""


def samples(groups: int, n: int = 400) -> list[Sample]:
    rng = np.random.default_rng(5)
    cov = implied(STRUCTURE, some_theta(1, COUNT)).covariance
    return [Sample.of_rows(rng.multivariate_normal(np.zeros(6), cov, n)) for _ in range(groups)]


def fitted(data: list[Sample], shared: tuple[int, ...] = SHARED) -> Fit:
    """The two-factor model in every group, with these parameters in common."""
    models, total = [], COUNT
    for g in range(len(data)):
        number = np.arange(COUNT)
        own = np.array([k for k in range(COUNT) if k not in shared])
        if g:
            number[own] = total + np.arange(own.size)
            total += own.size
        models.append(ContinuousMoments(renumbered(STRUCTURE, number)))
    return fit(models, data, total)


def cells_of(parameter: int) -> list[int]:
    return np.flatnonzero(STRUCTURE.directed.parameter == parameter).tolist()


def test_one_equality_has_the_test_of_its_release() -> None:
    found = fitted(samples(2))
    free = np.flatnonzero(STRUCTURE.directed.free)
    ours = score_tests(found, [[Place(1, "directed", cells_of(1)[0])]])[0]
    places = list(free)
    rank = places.index(cells_of(1)[0])
    # the places of the second group come after all of the first
    in_first = int(sum(getattr(STRUCTURE, m).free.sum() for m in ("directed", "symmetric", "means")))
    tests = release_tests(found)
    at = [tuple(p) for p in tests.pairs.tolist()].index((rank, in_first + rank))
    assert (ours.df, ours.statistic) == (1, pytest.approx(tests.statistic[at], rel=1e-8))


def test_all_equalities_together_have_as_many_degrees_of_freedom_as_numbers_let_go() -> None:
    data = samples(3)
    found = fitted(data)
    sets = [
        [Place(g, "directed", cell) for g in (1, 2) for k in SHARED for cell in cells_of(k)],
        [Place(g, "directed", cell) for g in (1, 2) for cell in cells_of(1)],
        [Place(g, "directed", cell) for g in (0, 1, 2) for cell in cells_of(1)],
    ]
    every, single, overfull = score_tests(found, sets)
    # parameter 0 stands in two cells of each group, which are let go one by one here
    assert every.df == 2 * 4
    assert (single.df, overfull.df) == (2, 2)
    assert overfull.statistic == pytest.approx(single.statistic)


def test_a_score_test_is_near_the_fall_of_chi_square() -> None:
    data = samples(3)
    whole, freed = fitted(data), fitted(data, shared=(0, 2))
    test = score_tests(whole, [[Place(g, "directed", cell) for g in (1, 2) for cell in cells_of(1)]])[0]
    assert test.statistic == pytest.approx(difference(whole, freed).chisq, rel=0.1, abs=0.2)
    assert test.df == difference(whole, freed).df


def test_a_model_is_nested_in_the_one_with_less_in_common_and_not_the_other_way() -> None:
    data = samples(2)
    whole, freed = fitted(data), fitted(data, shared=())
    assert nesting(whole, freed).is_nested
    assert not nesting(freed, whole).is_nested
