"""Maximum likelihood by our own engine: against lavaan 0.6-14, by differences, and by law.

The models themselves are read from lavaan's parameter tables, so these tests need no parser: a row with a
standard error of zero is fixed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import SingularMatrix
from csat.numerics.estimation import (
    Group,
    fit_maximum_likelihood,
    information,
    null_directions,
    smallest_eigenvalue,
)
from csat.numerics.starts import starting_values
from csat.numerics.structure import Structure, implied, no_cells
from golden_data import FOLDER, recipe_matrix, reference
from structures import cells, some_theta, two_factors

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/sem_holzinger.json").read_text(encoding="utf-8"))

WITHOUT_OPTIMUM = {("mobi", "ecsi_ml_stdlv"), ("mobi", "reduced_ml_stdlv")}
"""lavaan calls these converged; variances fixed at 1 cannot represent where F is lowest."""

OTHER_ERRORS = {("holzinger", "cfa3_ml_robust_sem")}


def ml_cases() -> list[tuple[str, str]]:
    if not FOLDER.is_dir():
        return [("", "")]
    return [
        (data, case)
        for data, cases in reference("sem").items()
        if data != "_meta"
        for case, golden in cases.items()
        if (golden.get("options") or {}).get("estimator") == "ML"
        and golden["converged"]
        and golden["options"].get("missing") != "fiml"
        and "bounds" not in golden["options"]
        and (data, case) not in WITHOUT_OPTIMUM
    ]


def structure_of(table: dict[str, list[Any]], items: list[str]) -> tuple[Structure, list[int]]:
    """The structure a parameter table describes and the parameter of each row (-1 fixed, -2 defined)."""
    labels = table.get("label") or [""] * len(table["lhs"])
    free = [bool(f) for f in table["free"]] if "free" in table else [se != 0 for se in table["se"]]
    rows = list(zip(table["lhs"], table["op"], table["rhs"], table["est"], free, labels, strict=True))
    names = [*items]
    names += [n for n in dict.fromkeys(r[0] for r in rows if r[1] in ("=~", "~", "~~")) if n not in names]
    at = {name: i for i, name in enumerate(names)}
    places: dict[str, list[tuple[int, int, int, float]]] = {"directed": [], "symmetric": [], "means": []}
    known: dict[str, int] = {}
    parameters: list[int] = []
    for left, operator, right, value, is_free, label in rows:
        if operator == ":=":
            parameters.append(-2)
            continue
        k = -1
        if is_free:
            k = known.setdefault(label or f"{left}{operator}{right}", len(known))
        parameters.append(k)
        if operator == "=~":
            places["directed"].append((at[right], at[left], k, value))
        elif operator == "~":
            places["directed"].append((at[left], at[right], k, value))
        elif operator == "~~":
            places["symmetric"].append((at[left], at[right], k, value))
        else:
            places["means"].append((at[left], at[left], k, value))
    filled = {name: cells(p) if p else no_cells() for name, p in places.items()}
    return Structure(len(names), len(items), **filled), parameters


def fitted(golden: dict[str, Any]) -> tuple[Any, list[int], np.ndarray]:
    """Estimate, parameter of each row, standard errors."""
    table, options = golden["parameters"]["columns"], golden["options"]
    structure, parameters = structure_of(table, golden["sample_cov"]["rows"])
    cov = np.array(golden["sample_cov"]["values"])
    mean = np.array(list(golden["sample_mean"].values())) if "sample_mean" in golden else None
    q = max(parameters) + 1
    group = [Group(structure, cov, golden["n"], mean)]
    estimate = fit_maximum_likelihood(group, starting_values(structure, cov, q, mean=mean))
    info = information(group, estimate, kind=options.get("information", "expected"))
    if options.get("likelihood") == "wishart" or options.get("mimic") == "EQS":
        info = info * (golden["n"] - 1) / golden["n"]
    return estimate, parameters, np.sqrt(np.diagonal(np.linalg.inv(info)))


@pytest.mark.parametrize(("data", "case"), ml_cases())
def test_estimates_errors_and_minimum_equal_lavaan(data: str, case: str) -> None:
    golden = reference("sem")[data][case]
    table = golden["parameters"]["columns"]
    estimate, parameters, errors = fitted(golden)
    assert estimate.converged
    assert estimate.steps <= 40
    assert estimate.discrepancy / 2 == pytest.approx(golden["fit_measures"]["fmin"], abs=1e-12)
    for k, est, se in zip(parameters, table["est"], table["se"], strict=True):
        if k >= 0:
            # satisfaction ecsi and bifactor are nearly flat: condition 1e5 costs five digits of the eleven
            assert estimate.theta[k] == pytest.approx(est, rel=5e-7, abs=5e-7)
            if (data, case) not in OTHER_ERRORS:
                assert errors[k] == pytest.approx(se, rel=1e-6)


def test_the_holzinger_fixture() -> None:
    estimate, parameters, errors = fitted(GOLDEN)
    table = GOLDEN["parameters"]["columns"]
    assert estimate.steps <= 8
    for k, est, se in zip(parameters, table["est"], table["se"], strict=True):
        if k >= 0:
            assert estimate.theta[k] == pytest.approx(est, abs=1e-9)
            assert errors[k] == pytest.approx(se, abs=1e-9)


def test_the_mobile_index_model_has_no_optimum_and_does_not_converge() -> None:
    golden = reference("sem")["mobi"]["ecsi_ml"]
    table = golden["non_convergence"]["estimates_at_stop"]["columns"]
    cov = np.cov(recipe_matrix(golden["recipe"]).T, ddof=0)
    structure, parameters = structure_of(table, golden["recipe"]["columns"])
    group = [Group(structure, cov, 250)]
    estimate = fit_maximum_likelihood(group, starting_values(structure, cov, max(parameters) + 1))
    assert not estimate.converged
    assert estimate.discrepancy * 250 == pytest.approx(536.05, abs=5e-3)
    assert smallest_eigenvalue(information(group, estimate)) < 1e-7


@pytest.mark.parametrize(("data", "case"), sorted(WITHOUT_OPTIMUM))
def test_variances_fixed_where_the_optimum_is_negative_do_not_converge(data: str, case: str) -> None:
    estimate, _, _ = fitted(reference("sem")[data][case])
    assert not estimate.converged


# ---- laws -------------------------------------------------------------


def population(seed: int, *, means: bool = False) -> tuple[Structure, np.ndarray, np.ndarray, np.ndarray]:
    structure, q = two_factors(means=means)
    theta = some_theta(seed, q)
    at = implied(structure, theta)
    return structure, theta, at.covariance, at.mean


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_exact_moments_return_the_population(seed: int, means: bool) -> None:
    structure, theta, cov, mean = population(seed, means=means)
    given_mean = mean if means else None
    start = starting_values(structure, cov, theta.size, mean=given_mean)
    estimate = fit_maximum_likelihood([Group(structure, cov, 100, given_mean)], start)
    assert estimate.converged
    assert estimate.discrepancy == pytest.approx(0, abs=1e-10)
    if not means:
        np.testing.assert_allclose(estimate.theta, theta, rtol=1e-5, atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_gradient_and_both_hessians_are_right(seed: int, means: bool) -> None:
    structure, theta, cov, mean = population(seed, means=means)
    x = np.random.default_rng(seed).multivariate_normal(mean, cov, 200)
    sample = np.cov(x.T, ddof=0)
    group = [Group(structure, sample, 200, x.mean(axis=0) if means else None)]

    # no step is taken: `fit` only looks
    def look(at: np.ndarray) -> Any:
        return fit_maximum_likelihood(group, at, max_steps=0)

    here = look(theta)
    gradient = here.gradient * np.sqrt(np.diagonal(here.hessian))
    observed = information(group, here, kind="observed") / 100
    step = 1e-5
    for k in range(theta.size):
        shift = np.zeros(theta.size)
        shift[k] = step
        up, down = look(theta + shift), look(theta - shift)
        slope = (up.discrepancy - down.discrepancy) / (2 * step)
        assert gradient[k] == pytest.approx(slope, rel=1e-5, abs=1e-6)
        slopes = [e.gradient * np.sqrt(np.diagonal(e.hessian)) for e in (up, down)]
        bend = (slopes[0] - slopes[1]) / (2 * step)
        np.testing.assert_allclose(observed[:, k], bend, rtol=1e-4, atol=1e-4)
    true = [Group(structure, cov, 200, mean if means else None)]
    there = fit_maximum_likelihood(true, theta, max_steps=0)
    # where the model is true the two Hessians are one
    expected = information(true, there)
    np.testing.assert_allclose(information(true, there, kind="observed"), expected, rtol=1e-8, atol=1e-7)


@given(st.integers(0, 2**32 - 1))
def test_units_of_the_items_rescale_their_parameters(seed: int) -> None:
    structure, theta, cov, _ = population(seed)
    x = np.random.default_rng(seed).multivariate_normal(np.zeros(6), cov, 300)
    sample = np.cov(x.T, ddof=0)
    one = fit_maximum_likelihood(
        [Group(structure, sample, 300)], starting_values(structure, sample, theta.size)
    )
    scaled = 100 * sample
    other = fit_maximum_likelihood(
        [Group(structure, scaled, 300)], starting_values(structure, scaled, theta.size)
    )
    assert one.converged
    assert other.converged
    assert other.discrepancy == pytest.approx(one.discrepancy, abs=1e-9)
    np.testing.assert_allclose(other.theta[:5], one.theta[:5], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(other.theta[5:], one.theta[5:] * 100, rtol=1e-5, atol=1e-4)


def test_two_identical_groups_are_one_group_twice_as_large() -> None:
    structure, theta, cov, _ = population(4)
    x = np.random.default_rng(4).multivariate_normal(np.zeros(6), cov, 300)
    sample = np.cov(x.T, ddof=0)
    start = starting_values(structure, sample, theta.size)
    one = [Group(structure, sample, 600)]
    two = [Group(structure, sample, 300), Group(structure, sample, 300)]
    a, b = fit_maximum_likelihood(one, start), fit_maximum_likelihood(two, start)
    np.testing.assert_allclose(a.theta, b.theta, rtol=1e-7)
    np.testing.assert_allclose(information(one, a), information(two, b), rtol=1e-6)


def test_a_bound_holds_and_is_reported() -> None:
    structure, theta, cov, _ = population(7)
    start = starting_values(structure, cov, theta.size)
    lower = np.full(theta.size, -np.inf)
    lower[3] = theta[3] + 0.3
    estimate = fit_maximum_likelihood([Group(structure, cov, 100)], start, lower=lower)
    assert estimate.converged
    assert estimate.theta[3] == pytest.approx(lower[3])
    assert np.flatnonzero(estimate.on_bound).tolist() == [3]
    assert estimate.discrepancy > 1e-4


def test_a_model_without_scale_has_a_null_direction() -> None:
    # both loadings and the variance of the factor are free
    structure = Structure(
        4,
        3,
        cells([(0, 3, 0, 0.0), (1, 3, 1, 0.0), (2, 3, 2, 0.0)]),
        cells([(0, 0, 3, 0.0), (1, 1, 4, 0.0), (2, 2, 5, 0.0), (3, 3, 6, 0.0)]),
    )
    cov = np.array([[1.0, 0.5, 0.4], [0.5, 1.0, 0.3], [0.4, 0.3, 1.0]])
    group = [Group(structure, cov, 100)]
    estimate = fit_maximum_likelihood(group, starting_values(structure, cov, 7))
    assert estimate.discrepancy == pytest.approx(0, abs=1e-8)
    direction = null_directions(information(group, estimate), below=1e-8)
    assert direction.shape == (7, 1)
    assert set(np.flatnonzero(np.abs(direction[:, 0]) > 0.1)) == {0, 1, 2, 6}


def test_a_singular_sample_is_refused_by_position() -> None:
    structure, theta, cov, _ = population(1)
    cov = cov.copy()
    cov[5], cov[:, 5] = cov[4], cov[:, 4]
    cov[5, 5] = cov[4, 4]
    with pytest.raises(SingularMatrix) as caught:
        fit_maximum_likelihood([Group(structure, cov, 100)], theta)
    assert caught.value.positions == (4, 5)
