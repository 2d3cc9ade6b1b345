"""Refits one by one against the optimiser from a cold start."""

from __future__ import annotations

import numpy as np
import pytest

from csat.numerics.constrained import Constraints
from csat.numerics.descent import descend
from csat.numerics.missing import FullInformation, IncompleteGroup
from csat.numerics.moment_vectors import ContinuousMoments
from csat.numerics.refitting import refitted
from csat.numerics.replicate_samples import GappedRows
from csat.numerics.samples import Sample
from csat.numerics.starts import starting_values
from structures import plain_with_means


def gapped(n: int = 250) -> np.ndarray:
    rng = np.random.default_rng(3)
    f = rng.standard_normal((n, 2)) @ np.array([[1.0, 0.5], [0.0, 0.8]])
    loading = np.array([[1, 0], [0.8, 0], [0.7, 0], [0, 1], [0, 0.9], [0, 0.6]])
    x = f @ loading.T + 0.7 * rng.standard_normal((n, 6)) + 0.3
    x[rng.random(x.shape) < 0.15] = np.nan
    return x[~np.isnan(x).all(axis=1)]


def objectives(replicates: int = 5) -> tuple[FullInformation, list[FullInformation], np.ndarray]:
    """Of the whole sample and of its replicates, and where to begin."""
    structure, q = plain_with_means()
    x = gapped()
    sample = Sample.of_gaps(x)
    assert sample.gaps is not None
    assert sample.saturated is not None
    model, saturated = ContinuousMoments(structure), sample.saturated
    whole = FullInformation([IncompleteGroup(model, sample.gaps, saturated)])
    factors = np.random.default_rng(8).poisson(1.0, (replicates, len(x))).astype(float)
    drawn = [
        FullInformation([IncompleteGroup(model, p, saturated)])
        for p in GappedRows(sample, x).patterns(factors)
    ]
    return whole, drawn, starting_values(structure, sample.cov, q, mean=sample.mean)


def test_a_gradient_without_hessians_is_the_same_gradient() -> None:
    whole, _, start = objectives(1)
    point = whole.look(start + 0.05)
    assert whole.gradient(point) == pytest.approx(whole.slope(point).gradient, abs=1e-12)


@pytest.mark.parametrize("quick", [True, False])
def test_each_optimum_is_that_of_a_fit_from_a_cold_start(quick: bool) -> None:
    whole, drawn, start = objectives()
    solution = descend(whole, start).theta
    hessian = whole.slope(whole.look(solution)).observed() if quick else None
    free = np.full(start.size, np.inf)
    found = refitted(drawn, solution, 5, lower=-free, upper=free, hessian=hessian, most_failed=0)
    assert found.failed == 0
    for r, objective in enumerate(drawn):
        alone = descend(objective, start)
        assert found.theta[r] == pytest.approx(alone.theta, abs=1e-6)
        assert found.discrepancy[r] == pytest.approx(alone.discrepancy, abs=1e-9)


def test_bounds_and_constraints_hold_in_each() -> None:
    whole, drawn, start = objectives()
    solution = descend(whole, start).theta
    hessian = whole.slope(whole.look(solution)).observed()
    free = np.full(start.size, np.inf)
    upper = free.copy()
    upper[0] = solution[0]
    held = refitted(drawn, solution, 5, lower=-free, upper=upper, hessian=hessian, most_failed=0)
    assert (held.theta[:, 0] <= upper[0]).all()
    assert (held.theta[:, 0] == upper[0]).any()

    def look(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slope = np.zeros((1, theta.size))
        slope[0, :2] = 1.0, -1.0
        return np.array([theta[0] - theta[1]]), slope

    equal = Constraints(look, lambda theta, force: np.zeros((theta.size, theta.size)), 1)
    ruled = refitted(
        drawn, solution, 5, lower=-free, upper=free, constraints=equal, hessian=hessian, most_failed=0
    )
    assert ruled.theta[:, 0] == pytest.approx(ruled.theta[:, 1], abs=1e-7)


def test_the_search_ends_when_too_many_are_lost() -> None:
    _, drawn, start = objectives(4)
    free = np.full(start.size, np.inf)
    found = refitted([None, None, *drawn], start, 6, lower=-free, upper=free, most_failed=1)
    assert found.stopped
    assert found.failed == 6
    borne = refitted([None, None, *drawn], start, 6, lower=-free, upper=free, most_failed=2)
    assert not borne.stopped
    assert borne.failed == 2
