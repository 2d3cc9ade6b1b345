"""Stacks of thetas against the same structure one theta at a time."""

from __future__ import annotations

import numpy as np
import pytest

from csat.numerics import solution
from csat.numerics.estimation import Group, MaximumLikelihood
from csat.numerics.sem_bootstrap import ReplicateGroup, _Problem, least_squares, replicate_group
from csat.numerics.stacks import Layout, _longest_route, _through_paths, roots
from csat.numerics.structure import implied
from structures import observed_cause, plain_factors, plain_with_means, some_theta, two_factors

R = 4


MODELS = {
    "shared and residual covariance": two_factors(),
    "with means": two_factors(means=True),
    "observed cause": observed_cause(),
    "plain": plain_factors(),
    "plain with means": plain_with_means(),
}


def thetas(model: str) -> np.ndarray:
    q = MODELS[model][1]
    theta = np.array([some_theta(seed, max(q, 14))[:q] for seed in range(R)])
    if model == "observed cause":
        theta[:, 9:11] /= 8
    return theta


def samples(p: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    rows = rng.standard_normal((R, 40, p)) @ (np.eye(p) + 0.3)
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred.transpose(0, 2, 1) @ centred / 40, rows.mean(axis=1)


@pytest.mark.parametrize("model", MODELS)
def test_moments_of_a_stack_are_those_of_each_theta(model: str) -> None:
    structure, q = MODELS[model]
    theta = thetas(model)
    here = Layout(structure, q).at(theta)
    for r in range(R):
        one = implied(structure, theta[r])
        assert here.covariance[r] == pytest.approx(one.covariance, abs=1e-12)
        assert here.total_variance[r] == pytest.approx(np.diagonal(one.total), abs=1e-12)
        if here.mean is not None:
            assert here.mean[r] == pytest.approx(one.mean, abs=1e-12)


@pytest.mark.parametrize("discrepancy", ["ML", "GLS", "ULS"])
@pytest.mark.parametrize("model", MODELS)
def test_discrepancy_and_derivatives_are_those_of_each_replicate(model: str, discrepancy: str) -> None:
    structure, q = MODELS[model]
    theta = thetas(model)
    cov, mean = samples(structure.observed)
    group = ReplicateGroup(structure, cov, 40.0, mean if structure.has_means else None)
    problem = _Problem([group], [Layout(structure, q)], discrepancy, np.arange(R))
    value, gradient = problem.look(theta, np.arange(R))
    inverse = problem.metrics(theta)
    assert inverse is not None
    for r in range(R):
        own = [replicate_group(group, r)]
        objective = MaximumLikelihood(own) if discrepancy == "ML" else least_squares(own, discrepancy)
        point = objective.look(theta[r])
        slope = objective.slope(point)
        assert value[r] == pytest.approx(point.value, rel=1e-10)
        assert gradient[r] == pytest.approx(slope.gradient, abs=1e-9 * np.abs(slope.gradient).max())
        observed = slope.observed()
        if np.linalg.eigvalsh(observed)[0] > 1e-3:
            assert inverse[r] @ observed == pytest.approx(np.eye(q), abs=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_exact_hessians_are_those_of_each_replicate(model: str) -> None:
    structure, q = MODELS[model]
    theta = thetas(model)
    cov, mean = samples(structure.observed)
    here = Layout(structure, q).at(theta)
    w = np.linalg.inv(here.covariance)
    gap = here.covariance - cov
    pull = None
    if here.mean is not None:
        d = mean - here.mean
        gap = gap - d[:, :, None] * d[:, None, :]
        pull = (w @ d[..., None])[..., 0]
    found = here.hessian(w, w @ gap @ w, pull, moving=True)
    expected = here.expected_hessian(w, with_means=pull is not None)
    for r in range(R):
        objective = MaximumLikelihood(
            [Group(structure, cov[r], 40.0, mean[r] if structure.has_means else None)]
        )
        slope = objective.slope(objective.look(theta[r]))
        assert found[r] == pytest.approx(slope.observed(), abs=1e-9 * np.abs(found[r]).max())
        assert expected[r] == pytest.approx(slope.expected, abs=1e-9 * np.abs(found[r]).max())


@pytest.mark.parametrize("model", MODELS)
def test_standardised_cells_are_those_of_each_theta(model: str) -> None:
    structure, q = MODELS[model]
    theta = thetas(model)
    here = Layout(structure, q).at(theta)
    whole, latent = here.scaled(observed=True), here.scaled(observed=False)
    for r in range(R):
        one = solution.standardised(structure, theta[r], implied(structure, theta[r]), np.eye(q))
        for many, single in ((whole, one.complete), (latent, one.latent)):
            assert many[0][r] == pytest.approx(single.directed, abs=1e-12)
            assert many[1][r] == pytest.approx(single.symmetric, abs=1e-12)
            assert many[2][r] == pytest.approx(single.means, abs=1e-12)


@pytest.mark.parametrize("model", ["plain", "observed cause"])
def test_effects_are_those_of_each_theta(model: str) -> None:
    structure, q = MODELS[model]
    theta = thetas(model)
    paths = np.flatnonzero((structure.directed.row >= structure.observed) | (structure.directed.column == 3))
    total, indirect = Layout(structure, q).at(theta).effects(paths)
    for r in range(R):
        one = solution.effects(structure, theta[r], np.eye(q), paths)
        assert total[r] == pytest.approx(one.total, abs=1e-12)
        assert indirect[r] == pytest.approx(one.indirect, abs=1e-12)


def test_a_negative_variance_is_improper() -> None:
    structure, q = MODELS["plain"]
    theta = thetas("plain")
    theta[2, 6] = -0.1
    assert Layout(structure, q).at(theta).is_proper.tolist() == [True, True, False, True]


def test_replicates_with_a_negative_residual_variance_have_their_own_discrepancy() -> None:
    structure, q = MODELS["plain"]
    theta = thetas("plain")
    own = structure.symmetric.parameter[0]
    theta[[1, 3], own] = -0.05
    cov, _ = samples(structure.observed)
    group = ReplicateGroup(structure, cov, 40.0)
    value, gradient = _Problem([group], [Layout(structure, q)], "ML", np.arange(R)).look(theta, np.arange(R))
    for r in range(R):
        objective = MaximumLikelihood([Group(structure, cov[r], 40.0)])
        try:
            point = objective.look(theta[r])
        except np.linalg.LinAlgError:
            assert np.isinf(value[r])
            continue
        assert value[r] == pytest.approx(point.value, rel=1e-9)
        assert gradient[r] == pytest.approx(objective.slope(point).gradient, rel=1e-7)
    assert np.isfinite(value[[1, 3]]).any()


def test_roots_are_those_of_each_matrix_where_some_have_none() -> None:
    rng = np.random.default_rng(5)
    stack = np.stack([a @ a.T + np.eye(7) for a in rng.standard_normal((20, 7, 7))])
    stack[3, 6, 6], stack[8, 0, 0], stack[11] = -1.0, 0.0, np.nan
    found = roots(stack)
    for r in range(20):
        if r in (3, 8, 11):
            assert np.isnan(found[r]).all()
        else:
            np.testing.assert_allclose(found[r], np.linalg.cholesky(stack[r]), atol=1e-12)


@pytest.mark.parametrize("longest", [0, 1, 2, 3, 4, 7])
def test_a_chain_of_paths_ends_where_its_inverse_says(longest: int) -> None:
    m = 8
    row, column = np.arange(1, longest + 1), np.arange(longest)
    assert _longest_route(np.append(row, -1), np.append(column, 0), m) == longest
    arrows = np.zeros((3, m, m))
    arrows[:, row, column] = np.random.default_rng(longest).uniform(-2, 2, (3, longest))
    np.testing.assert_allclose(_through_paths(arrows, longest), np.linalg.inv(np.eye(m) - arrows), atol=1e-12)


def test_paths_in_a_loop_have_no_longest_route() -> None:
    assert _longest_route(np.array([1, 2, 0]), np.array([0, 1, 2]), 4) is None
    arrows = np.zeros((1, 4, 4))
    arrows[0, [1, 2, 0], [0, 1, 2]] = 0.5
    np.testing.assert_allclose(_through_paths(arrows, None), np.linalg.inv(np.eye(4) - arrows))
