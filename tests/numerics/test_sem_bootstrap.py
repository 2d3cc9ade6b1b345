"""Refits of many replicates at once against the optimiser on each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from csat.numerics.descent import descend
from csat.numerics.estimation import Group, MaximumLikelihood, fit_maximum_likelihood
from csat.numerics.replicate_moments import replicate_moments
from csat.numerics.sem_bootstrap import (
    Discrepancy,
    ReplicateGroup,
    as_if_true,
    covariances,
    least_squares,
    refits,
    replicate_group,
)
from csat.numerics.starts import starting_values
from csat.numerics.structure import Structure, implied
from structures import cells, plain_factors, plain_with_means, two_factors

R = 60
DISCREPANCIES: tuple[Discrepancy, ...] = ("ML", "GLS", "ULS")


def answers(n: int = 200, seed: int = 3) -> np.ndarray:
    """Six items of two correlated factors."""
    rng = np.random.default_rng(seed)
    f = rng.standard_normal((n, 2)) @ np.array([[1.0, 0.5], [0.0, 0.8]])
    loading = np.array([[1, 0], [0.8, 0], [0.7, 0.2], [0, 1], [0, 0.9], [0, 0.6]])
    return f @ loading.T + 0.7 * rng.standard_normal((n, 6)) + 0.3


def solved(
    structure: Structure, q: int, x: np.ndarray, discrepancy: Discrepancy = "ML", **own: Any
) -> tuple[ReplicateGroup, np.ndarray, np.ndarray]:
    """The replicates, the solution of the whole, and the Hessian there."""
    n = len(x)
    factor = (n - 1) / n if discrepancy == "ML" else 1.0
    cov, mean = covariances(replicate_moments(x, replicates=R), factor=factor)
    sample = np.cov(x.T, ddof=1) * factor
    own_mean = x.mean(axis=0) if structure.has_means else None
    group = Group(structure, sample, float(n), own_mean)
    objective = MaximumLikelihood([group]) if discrepancy == "ML" else least_squares([group], discrepancy)
    found = descend(objective, starting_values(structure, sample, q, mean=own_mean))
    assert found.converged
    hessian = objective.slope(objective.look(found.theta)).observed()
    drawn = ReplicateGroup(structure, cov, float(n), mean if structure.has_means else None, **own)
    return drawn, found.theta, hessian


@pytest.mark.parametrize("discrepancy", DISCREPANCIES)
@pytest.mark.parametrize("build", [two_factors, plain_factors, plain_with_means])
def test_each_optimum_is_that_of_a_fit_by_itself(build: Any, discrepancy: Discrepancy) -> None:
    structure, q = build()
    drawn, theta, hessian = solved(structure, q, answers(), discrepancy)
    found = refits([drawn], theta, hessian, discrepancy=discrepancy)
    assert found.failed == 0
    assert found.gradient.max() < 1e-4
    for r in range(0, R, 7):
        own = [replicate_group(drawn, r)]
        objective = MaximumLikelihood(own) if discrepancy == "ML" else least_squares(own, discrepancy)
        alone = descend(objective, theta)
        assert alone.converged
        assert found.theta[r] == pytest.approx(alone.theta, abs=1e-6)
        assert found.discrepancy[r] == pytest.approx(alone.discrepancy, abs=1e-9)


def test_moments_of_covariates_are_those_of_the_replicate() -> None:
    # items 0-2 measure 4; the observed 3 explains it and keeps its own variance
    directed = [(0, 4, -1, 1.0), (1, 4, 0, 0.0), (2, 4, 1, 0.0), (4, 3, 2, 0.0)]
    symmetric = [(0, 0, 3, 0.0), (1, 1, 4, 0.0), (2, 2, 5, 0.0), (3, 3, -1, 9.9), (4, 4, 6, 0.0)]
    structure = Structure(5, 4, cells(directed), cells(symmetric))
    x = answers()[:, [0, 1, 2, 4]]
    n = len(x)
    cov, _ = covariances(replicate_moments(x, replicates=8), factor=(n - 1) / n)
    drawn = ReplicateGroup(structure, cov, float(n), exogenous=(3,))
    one = replicate_group(drawn, 2)
    assert one.structure.symmetric.value[3] == pytest.approx(cov[2, 3, 3])
    alone = fit_maximum_likelihood([one], starting_values(one.structure, one.cov, 7))
    assert alone.converged
    objective = MaximumLikelihood([one])
    found = refits([drawn], alone.theta, objective.slope(objective.look(alone.theta)).observed())
    assert found.theta[2] == pytest.approx(alone.theta, abs=1e-6)
    other = fit_maximum_likelihood([replicate_group(drawn, 5)], alone.theta)
    assert found.theta[5] == pytest.approx(other.theta, abs=1e-6)


def test_groups_share_their_parameters() -> None:
    structure, q = plain_factors()
    first, theta, _ = solved(structure, q, answers())
    second, _, _ = solved(structure, q, answers(seed=8))
    found_start = fit_maximum_likelihood([replicate_group(first, 0), replicate_group(second, 0)], theta)
    both = [first, second]
    objective = MaximumLikelihood([replicate_group(g, 0) for g in both])
    hessian = objective.slope(objective.look(found_start.theta)).observed()
    found = refits(both, found_start.theta, hessian)
    for r in (1, 20, 59):
        alone = fit_maximum_likelihood([replicate_group(g, r) for g in both], theta)
        assert found.theta[r] == pytest.approx(alone.theta, abs=1e-6)


def test_an_optimum_beyond_a_bound_is_sought_within_it() -> None:
    structure, q = plain_factors()
    drawn, theta, hessian = solved(structure, q, answers())
    upper = np.full(q, np.inf)
    upper[0] = theta[0] + 0.02
    free = refits([drawn], theta, hessian)
    held = refits([drawn], theta, hessian, upper=upper)
    beyond = free.theta[:, 0] > upper[0]
    assert 5 < beyond.sum() < R - 5
    assert held.failed == 0
    assert held.theta[beyond, 0] == pytest.approx(upper[0])
    assert held.theta[~beyond] == pytest.approx(free.theta[~beyond])
    assert (held.discrepancy[beyond] > free.discrepancy[beyond]).all()


def test_moments_without_an_inverse_give_no_optimum() -> None:
    structure, q = plain_factors()
    drawn, theta, hessian = solved(structure, q, answers())
    drawn.cov[3] = np.nan
    drawn.cov[4] = 1.0
    found = refits([drawn], theta, hessian)
    assert np.flatnonzero(np.isnan(found.discrepancy)).tolist() == [3, 4]
    assert np.isnan(found.theta[3]).all()


def test_a_replicate_does_not_depend_on_the_others() -> None:
    structure, q = plain_factors()
    drawn, theta, hessian = solved(structure, q, answers())
    alone = ReplicateGroup(structure, drawn.cov[10:12], drawn.n)
    whole, part = refits([drawn], theta, hessian), refits([alone], theta, hessian)
    assert part.theta == pytest.approx(whole.theta[10:12], abs=1e-9)


def test_the_search_ends_when_too_many_have_no_optimum() -> None:
    # thirty respondents and loadings near zero: many replicates drift without end
    structure, q = plain_factors()
    rng = np.random.default_rng(1)
    drawn, theta, hessian = solved(structure, q, answers())
    noise = rng.standard_normal((R * 8, 14, 6))
    cov = noise.transpose(0, 2, 1) @ noise / 14
    hard = ReplicateGroup(structure, cov, drawn.n)
    whole, cut = refits([hard], theta, hessian), refits([hard], theta, hessian, most_failed=5)
    assert whole.failed > 20
    assert not whole.stopped
    assert cut.stopped
    assert cut.failed >= whole.failed


def test_turned_moments_have_the_model_as_their_centre() -> None:
    structure, q = plain_with_means()
    x = answers()
    drawn, theta, _ = solved(structure, q, x)
    at = implied(structure, theta)
    sample = (np.cov(x.T, ddof=0), x.mean(axis=0))
    own_cov, own_mean = as_if_true(
        sample[0][None], sample[1][None], sample=sample, implied=(at.covariance, at.mean)
    )
    assert own_cov[0] == pytest.approx(at.covariance, abs=1e-12)
    assert own_mean[0] == pytest.approx(at.mean, abs=1e-12)
    # the moments of turned rows are the turned moments of the rows
    turn = np.linalg.cholesky(at.covariance) @ np.linalg.inv(np.linalg.cholesky(sample[0]))
    y = (x - sample[1]) @ turn.T + at.mean
    cov, mean = covariances(replicate_moments(y, replicates=R), factor=(len(x) - 1) / len(x))
    assert drawn.mean is not None
    found = as_if_true(drawn.cov, drawn.mean, sample=sample, implied=(at.covariance, at.mean))
    assert found[0] == pytest.approx(cov, abs=1e-10)
    assert found[1] == pytest.approx(mean, abs=1e-10)
