"""Latent variables in other units: the same model, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from csat.numerics.rescaled import rescaled
from csat.numerics.structure import Structure, implied
from structures import cells, observed_cause, plain_factors, plain_with_means, two_factors


def second_order() -> tuple[Structure, int]:
    """Items 0-2, 3-5, 6-8 measure 9, 10, 11; these measure 12."""
    directed = [(i, 9 + i // 3, -1 if i % 3 == 0 else i - i // 3 - 1, float(i % 3 == 0)) for i in range(9)]
    directed += [(9, 12, -1, 1.0), (10, 12, 6, 0.0), (11, 12, 7, 0.0)]
    symmetric = [(i, i, 8 + i, 0.0) for i in range(13)]
    return Structure(13, 9, cells(directed), cells(symmetric)), 21


BUILDS = [plain_factors, plain_with_means, second_order]


def somewhere(seed: int, q: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.4, 0.9, q)


@pytest.mark.parametrize("build", BUILDS)
def test_the_way_back_implies_the_same_moments(build: Any) -> None:
    structure, q = build()
    other = rescaled([structure], somewhere(1, q))
    assert other is not None
    theta = somewhere(2, q)
    there, here = implied(other.structures[0], theta), implied(structure, other.back(theta[None])[0])
    np.testing.assert_allclose(here.covariance, there.covariance, rtol=1e-12)
    np.testing.assert_allclose(here.mean, there.mean, rtol=1e-12)


@pytest.mark.parametrize("build", BUILDS)
def test_the_start_is_the_same_and_the_jacobian_is_its_slope(build: Any) -> None:
    structure, q = build()
    start = somewhere(3, q)
    other = rescaled([structure], start)
    assert other is not None
    np.testing.assert_allclose(other.back(other.start[None])[0], start, rtol=1e-14)
    ahead = other.back(other.start + 1e-6 * np.eye(q))
    behind = other.back(other.start - 1e-6 * np.eye(q))
    np.testing.assert_allclose(other.jacobian(), (ahead - behind).T / 2e-6, atol=1e-8)


@pytest.mark.parametrize("build", [two_factors, observed_cause])
def test_a_loading_of_two_latents_and_a_fixed_mean_keep_the_unit(build: Any) -> None:
    structure, q = build()
    assert rescaled([structure], somewhere(8, q)) is None


def test_what_others_rest_on_keeps_its_unit() -> None:
    structure, q = second_order()
    other = rescaled([structure], somewhere(4, q))
    assert other is not None
    freed = other.structures[0].directed.free & ~structure.directed.free
    # 9 carries the unit of 12, which itself may change
    assert structure.directed.column[freed].tolist() == [10, 11, 12]


def test_a_shared_loading_keeps_its_unit() -> None:
    structure, q = plain_factors()
    shared = structure.directed.parameter.copy()
    shared[2] = shared[1]
    tied = replace(structure, directed=replace(structure.directed, parameter=shared))
    other = rescaled([tied], somewhere(5, q))
    assert other is not None
    freed = other.structures[0].directed.free & ~tied.directed.free
    assert tied.directed.column[freed].tolist() == [7]


def test_a_negative_residual_variance_keeps_its_unit() -> None:
    structure, q = plain_factors()
    start = somewhere(6, q)
    start[[11, 12]] = -0.1
    assert rescaled([structure], start) is None


def test_groups_that_share_a_loading_keep_their_unit() -> None:
    structure, q = plain_factors()
    own = structure.directed.parameter.copy()
    symmetric = replace(
        structure.symmetric,
        parameter=np.where(structure.symmetric.free, structure.symmetric.parameter + 8, -1),
    )
    assert own.max() < 5
    second = replace(structure, symmetric=symmetric)
    assert rescaled([structure, second], somewhere(7, q + 8)) is None
