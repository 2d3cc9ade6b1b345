"""Second stages of PLS: moments of scores and of products against the rows themselves."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.numerics.pls import path_structure, pls, pls_many, scores
from csat.numerics.pls_assessment import construct_index
from csat.numerics.pls_stages import SecondStage, composed, with_products
from csat.numerics.replicate_moments import moments, replicate_moments
from csat.numerics.resampling import poisson_multiplicities
from pls_cases import drawn, golden_case

LOW, HIGH = np.full(10, -10.0), np.full(10, 20.0)


def first_stage(answers: np.ndarray, structure, weights: np.ndarray | None = None):
    found = moments(answers, weights=weights)
    fit = pls(found.correlation[..., 0], structure, tolerance=1e-12)
    index = construct_index(
        fit, found.correlation[..., 0], found.mean[:, 0], found.sd[:, 0], lower=LOW, upper=HIGH
    )
    return found, fit, index


@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_moments_of_scores_are_those_of_the_rows(seed: int) -> None:
    answers, structure = drawn(seed, rows=90)
    found, fit, index = first_stage(answers, structure)
    stage = SecondStage(items=(9, 0), constructs=(2, 1))
    made = composed(found, fit, index, stage)
    points = 100 * (answers + 10) / 30
    score = [points[:, structure.slices[c]] @ index.weights[structure.slices[c]] for c in (2, 1)]
    rows = np.column_stack([answers[:, [9, 0]], *score])
    np.testing.assert_allclose(made.mean[:, 0], rows.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(made.sd[:, 0], rows.std(axis=0, ddof=1), atol=1e-9)
    np.testing.assert_allclose(made.correlation[..., 0], np.corrcoef(rows.T), atol=1e-9)


@given(seed=st.integers(0, 10_000), weighted=st.booleans())
@settings(max_examples=8, deadline=None)
def test_moments_of_products_are_those_of_the_rows(seed: int, weighted: bool) -> None:
    answers, structure = drawn(seed, rows=90)
    often = np.random.default_rng(seed).integers(1, 4, 90) if weighted else np.ones(90, dtype=int)
    weights = often.astype(float)
    found, fit, index = first_stage(answers, structure, weights if weighted else None)
    stage = SecondStage(items=(9,), constructs=(2,), products=((0, 1), (1, 1)))
    second = composed(found, fit, index, stage)
    made = with_products(second, found, fit, stage, answers, [weights])
    y = scores((answers - found.mean[:, 0]) / found.sd[:, 0], fit)
    rows = np.column_stack([answers[:, 9], y[:, 2], y[:, 0] * y[:, 1], y[:, 1] ** 2])
    whole = np.repeat(rows, often, axis=0)
    np.testing.assert_allclose(made.correlation[..., 0], np.corrcoef(whole.T), atol=1e-9)
    np.testing.assert_allclose(made.mean[2:, 0], whole[:, 2:].mean(axis=0), atol=1e-9)
    if not weighted:
        np.testing.assert_allclose(made.sd[2:, 0], rows[:, 2:].std(axis=0, ddof=1), atol=1e-9)


def test_replicates_of_products_are_those_of_the_rows_drawn() -> None:
    answers, structure = drawn(3, rows=80)
    _, whole, _ = first_stage(answers, structure)
    stage = SecondStage(items=(9,), constructs=(), products=((0, 1),))
    (found,) = replicate_moments(answers, replicates=20, seed=4)
    many = pls_many(found.correlation, structure, like=whole, tolerance=1e-12)
    index = construct_index(many, found.correlation, found.mean, found.sd, lower=LOW, upper=HIGH)
    times = np.vstack(list(poisson_multiplicities(np.arange(80), 20, seed=4)))
    made = with_products(composed(found, many, index, stage), found, many, stage, answers, times)
    for k in (0, 7, 19):
        rows = np.repeat(answers, times[k].astype(int), axis=0)
        fit = pls(np.corrcoef(rows.T), structure, tolerance=1e-12)
        y = scores((rows - rows.mean(axis=0)) / rows.std(axis=0, ddof=1), fit)
        expected = np.corrcoef(rows[:, 9], y[:, 0] * y[:, 1])[0, 1]
        np.testing.assert_allclose(made.correlation[0, 1, k], expected, atol=1e-7)


def test_a_construct_measured_by_constructs_equals_seminr() -> None:
    case, whole = golden_case()
    # the first stage gives both lower constructs the path of the higher one
    structure = path_structure(case.structure.blocks, [(0, 2), (1, 2)])
    found = moments(case.answers)
    fit = pls(found.correlation[..., 0], structure, tolerance=1e-12)
    index = construct_index(
        fit, found.correlation[..., 0], found.mean[:, 0], found.sd[:, 0], lower=[1.0] * 8, upper=[7.0] * 8
    )
    second = composed(found, fit, index, SecondStage(items=(5, 6, 7), constructs=(0, 1)))
    higher = path_structure([(3, 4), (0, 1, 2)], [(0, 1)])
    made = pls(second.correlation[..., 0], higher, tolerance=1e-12)
    stored = whole["cases"]["higher"]
    np.testing.assert_allclose(made.paths[0, 1], stored["path"], atol=whole["tolerance"])
    np.testing.assert_allclose(made.weights[:2], stored["weights"], atol=whole["tolerance"])
