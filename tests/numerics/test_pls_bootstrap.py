"""Replicates of a PLS model: standard errors, alignment, lost replicates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from csat.numerics.pls import pls
from csat.numerics.pls_assessment import construct_index
from csat.numerics.pls_bootstrap import TooManyLost, bca_ends, ends, normal_p, pls_replicates, spread
from csat.numerics.replicate_moments import jackknife_moments, replicate_moments
from pls_cases import drawn, reference_case

ENDS = {"lower": np.full(10, -10.0), "upper": np.full(10, 20.0)}


def replicated(answers: np.ndarray, structure, replicates: int = 400, seed: int = 0, **options):
    fit = pls(np.corrcoef(answers.T), structure, consistent=options.pop("consistent", False))
    p = answers.shape[1]
    low, high = np.full(p, -10.0), np.full(p, 20.0)
    draws = replicate_moments(answers, replicates=replicates, seed=seed)
    return fit, pls_replicates(draws, fit, lower=low, upper=high, **options)


def test_a_replicate_is_the_model_of_the_rows_drawn() -> None:
    from csat.numerics.resampling import poisson_multiplicities

    answers, structure = drawn(1)
    _, found = replicated(answers, structure, replicates=30, tolerance=1e-11)
    times = np.vstack(list(poisson_multiplicities(np.arange(len(answers)), 30))).astype(int)
    for k in (0, 17, 29):
        rows = np.repeat(answers, times[k], axis=0)
        fit = pls(np.corrcoef(rows.T), structure)
        index = construct_index(fit, np.corrcoef(rows.T), rows.mean(axis=0), rows.std(axis=0, ddof=1), **ENDS)
        np.testing.assert_allclose(found.weights[:, k], fit.weights, atol=1e-8)
        np.testing.assert_allclose(found.paths[..., k], fit.paths, atol=1e-8)
        np.testing.assert_allclose(found.index[:, k], index.performance, atol=1e-7)
        np.testing.assert_allclose(found.importance[..., k], index.total, atol=1e-7)


def test_standard_errors_of_single_items_are_those_of_regression() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=800)
    y = 0.5 * x + np.sqrt(0.75) * rng.normal(size=800)
    from csat.numerics.pls import path_structure

    _, found = replicated(np.column_stack([x, y]), path_structure([(0,), (1,)], [(0, 1)]), replicates=4000)
    r = np.corrcoef(x, y)[0, 1]
    # the large-sample error of a normal correlation
    assert spread(found.paths)[0, 1] == pytest.approx((1 - r**2) / np.sqrt(800), rel=0.08)


def test_signs_agree_with_the_whole_data_when_loadings_nearly_cancel() -> None:
    rng = np.random.default_rng(3)
    f = rng.normal(size=120)
    a = np.column_stack([f, -f]) + 0.5 * rng.normal(size=(120, 2))
    y = (0.7 * f + 0.6 * rng.normal(size=120))[:, None]
    from csat.numerics.pls import path_structure

    fit, found = replicated(np.hstack([a, y]), path_structure([(0, 1), (2,)], [(0, 1)]))
    # loadings of about 1 and -1: their sum is near 0, but no replicate may turn round
    assert (found.loadings * np.sign(fit.loadings)[:, None] > 0).all()
    assert (np.sign(found.paths[0, 1]) == np.sign(fit.paths[0, 1])).all()


def test_replicates_with_a_constant_item_are_left_out_and_counted() -> None:
    answers, structure = drawn(5, rows=60)
    answers[:, 8] = 3.0
    answers[:4, 8] = 5.0
    _, found = replicated(answers, structure, replicates=1000)
    # all of four rows drawn 0 times: e^-4 = .018
    assert found.lost > 0
    assert found.constant[8] == found.lost == found.asked - found.kept
    assert found.constant.sum() == found.lost
    assert np.isfinite(found.paths).all()


def test_too_many_lost_replicates_name_the_item() -> None:
    answers, structure = drawn(5, rows=60)
    answers[:, 8] = 3.0
    answers[0, 8] = 5.0
    with pytest.raises(TooManyLost) as error:
        replicated(answers, structure)
    assert error.value.positions == (8,)
    assert error.value.lost == error.value.constant[8]
    assert "same" in str(error.value)


def test_improper_consistent_replicates_are_left_out() -> None:
    answers, structure = drawn(9, rows=50)
    with pytest.raises(TooManyLost) as error:
        replicated(answers, structure, consistent=True)
    assert error.value.improper > 0
    _, found = replicated(answers, structure, consistent=True, most_lost=1.0)
    assert found.improper == error.value.improper
    assert (np.abs(found.loadings) <= 1 + 1e-12).all()


def test_the_same_seed_gives_the_same_replicates() -> None:
    answers, structure = drawn(6)
    a, b = (replicated(answers, structure, replicates=50, seed=4)[1] for _ in range(2))
    other = replicated(answers, structure, replicates=50, seed=5)[1]
    assert np.array_equal(a.index, b.index)
    assert not np.array_equal(a.index, other.index)


def test_percentile_ends_are_quantiles() -> None:
    values = np.arange(101.0)[None, :]
    low, high = ends(values, confidence=0.90)
    np.testing.assert_allclose([low[0], high[0]], [5.0, 95.0], atol=1e-12)


def test_bca_ends_of_a_symmetric_statistic_are_near_the_percentile_ones() -> None:
    answers, structure = drawn(6)
    fit, found = replicated(answers, structure, replicates=2000)
    left_out = pls_replicates(jackknife_moments(answers), fit, **ENDS)
    low, high = bca_ends(found.index, _index(answers, fit), left_out.index)
    plain_low, plain_high = ends(found.index)
    np.testing.assert_allclose(low, plain_low, atol=0.35 * spread(found.index).max())
    np.testing.assert_allclose(high, plain_high, atol=0.35 * spread(found.index).max())
    assert (low < high).all()


def test_normal_p_of_1_96_is_5_per_cent() -> None:
    np.testing.assert_allclose(normal_p([1.959963984540054, -1.959963984540054]), 0.05, atol=1e-12)


def test_full_bootstrap_error_of_the_mobile_index_is_near_the_fixed_weight_one() -> None:
    case = reference_case("mobi", "ecsi7_complaints")
    fit = pls(case.correlation, case.structure)
    found = pls_replicates(
        replicate_moments(case.answers, replicates=5000), fit, lower=np.ones(24), upper=np.full(24, 10.0)
    )
    at = case.constructs.index("CUSA")
    assert spread(found.index)[at] == pytest.approx(0.911532, rel=0.05)
    assert found.lost == 0


def _index(answers: np.ndarray, fit) -> np.ndarray:
    r, mean, sd = np.corrcoef(answers.T), answers.mean(axis=0), answers.std(axis=0, ddof=1)
    return construct_index(fit, r, mean, sd, **ENDS).performance


def test_standard_errors_are_those_of_seminr() -> None:
    stored = json.loads((Path(__file__).parents[1] / "golden" / "pls_bootstrap.json").read_text("utf-8"))
    case = reference_case("mobi", "ecsi7_complaints")
    fit = pls(case.correlation, case.structure)
    found = pls_replicates(
        replicate_moments(case.answers, replicates=5000), fit, lower=np.ones(24), upper=np.full(24, 10.0)
    )
    close = stored["tolerance"]
    for name in ("paths", "total", "htmt"):
        made = spread(getattr(found, name))
        for a, b, expected in stored["se"][name]:
            at = case.constructs.index(a), case.constructs.index(b)
            assert made[at] == pytest.approx(expected, rel=close[name]), (name, a, b)
    for name in ("weights", "loadings"):
        made = spread(getattr(found, name))
        for item, expected in stored["se"][name]:
            value = made[case.items.index(item)]
            assert value == pytest.approx(expected, rel=close[name], abs=1e-12), (name, item)
