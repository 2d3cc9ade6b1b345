"""Moments of replicates: against the same rows repeated, in every missing-answer policy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.errors import TooFew
from csat.numerics import replicate_moments as rm
from csat.numerics.resampling import poisson_multiplicities

POLICIES = ["listwise", "pairwise", "mean"]


def survey(seed: int, rows: int = 60, items: int = 4, silent: float = 0.15) -> np.ndarray:
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(rows, 1))
    x = np.rint(5 + 1.5 * base + rng.normal(size=(rows, items)))
    x[rng.random((rows, items)) < silent] = np.nan
    return x


def plain(x: np.ndarray, policy: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, sds, correlations of unweighted rows by the definition."""
    if policy == "listwise":
        x = x[~np.isnan(x).any(axis=1)]
    if policy == "mean":
        mean = np.nanmean(x, axis=0)
        x = np.where(np.isnan(x), mean, x)
    p = x.shape[1]
    r = np.ones((p, p))
    for i in range(p):
        for j in range(p):
            both = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
            r[i, j] = np.corrcoef(x[both, i], x[both, j])[0, 1]
    return np.nanmean(x, axis=0), np.nanstd(x, axis=0, ddof=1), r


@given(seed=st.integers(0, 10_000), policy=st.sampled_from(POLICIES))
@settings(max_examples=20, deadline=None)
def test_moments_follow_their_definition(seed: int, policy: str) -> None:
    x = survey(seed)
    found = rm.moments(x, missing=policy)
    mean, sd, r = plain(x, policy)
    np.testing.assert_allclose(found.mean[:, 0], mean, atol=1e-12)
    np.testing.assert_allclose(found.sd[:, 0], sd, atol=1e-12)
    np.testing.assert_allclose(found.correlation[..., 0], r, atol=1e-12)


@given(seed=st.integers(0, 10_000), policy=st.sampled_from(POLICIES), weighted=st.booleans())
@settings(max_examples=20, deadline=None)
def test_a_replicate_is_the_survey_with_each_row_as_often_as_it_was_drawn(
    seed: int, policy: str, weighted: bool
) -> None:
    x = survey(seed, silent=0.1)
    weights = np.random.default_rng(seed).integers(1, 4, len(x)).astype(float) if weighted else None
    names = np.arange(100, 100 + len(x))
    drawn = list(rm.replicate_moments(x, weights=weights, rows=names, replicates=5, seed=9, missing=policy))
    times = np.vstack(list(poisson_multiplicities(names, 5, seed=9))).astype(int)
    for k in range(5):
        often = times[k] if weights is None else times[k] * weights.astype(int)
        mean, _, r = plain(np.repeat(x, often, axis=0), policy)
        np.testing.assert_allclose(drawn[0].mean[:, k], mean, atol=1e-10)
        np.testing.assert_allclose(drawn[0].correlation[..., k], r, atol=1e-10)


def test_weights_and_their_multiples_give_the_same_moments() -> None:
    x = survey(3)
    w = np.random.default_rng(0).uniform(0.5, 2, len(x))
    for policy in POLICIES:
        a, b = rm.moments(x, weights=w, missing=policy), rm.moments(x, weights=7 * w, missing=policy)
        np.testing.assert_allclose(a.correlation, b.correlation, atol=1e-12)
        np.testing.assert_allclose(a.sd, b.sd, atol=1e-12)


def test_blocks_of_rows_and_of_replicates_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x = survey(5, rows=90)
    whole = {p: list(rm.replicate_moments(x, replicates=30, seed=2, missing=p)) for p in POLICIES}
    monkeypatch.setattr(rm, "ROWS_AT_ONCE", 16)
    monkeypatch.setattr(rm, "REPLICATES_AT_ONCE", 7)
    monkeypatch.setattr(rm, "MATRICES_AT_ONCE", 11)
    for policy in POLICIES:
        parts = list(rm.replicate_moments(x, replicates=30, seed=2, missing=policy))
        assert len(parts) == 3
        np.testing.assert_allclose(
            np.concatenate([m.correlation for m in parts], axis=-1), whole[policy][0].correlation, atol=1e-12
        )


def test_the_jackknife_leaves_each_row_out() -> None:
    x = survey(7, rows=25)
    found = np.concatenate([m.correlation for m in rm.jackknife_moments(x, missing="pairwise")], axis=-1)
    assert found.shape[-1] == 25
    for k in (0, 11, 24):
        _, _, r = plain(np.delete(x, k, axis=0), "pairwise")
        np.testing.assert_allclose(found[..., k], r, atol=1e-10)


def test_the_jackknife_leaves_runs_of_rows_out_when_there_are_many() -> None:
    x = survey(8, rows=40, silent=0.0)
    found = np.concatenate([m.mean for m in rm.jackknife_moments(x, groups=10)], axis=-1)
    assert found.shape[-1] == 10
    np.testing.assert_allclose(found[:, 3], np.delete(x, np.arange(12, 16), axis=0).mean(axis=0), atol=1e-12)


def test_subsets_are_the_rows_they_name() -> None:
    x = survey(9, silent=0.0)
    members = np.zeros((2, len(x)), dtype=bool)
    members[0, :30] = members[1, 30:] = True
    found = rm.subset_moments(x, members)
    np.testing.assert_allclose(found.correlation[..., 0], np.corrcoef(x[:30].T), atol=1e-12)
    np.testing.assert_allclose(found.sd[:, 1], x[30:].std(axis=0, ddof=1), atol=1e-12)


def test_an_item_that_does_not_vary_has_no_correlation_and_harms_no_other() -> None:
    x = survey(4, silent=0.0)
    x[:, 2] = 3.1
    found = rm.moments(x)
    assert np.isnan(found.correlation[2]).all()
    assert np.isfinite(np.delete(np.delete(found.correlation[..., 0], 2, 0), 2, 1)).all()


def test_two_respondents_are_too_few() -> None:
    x = survey(4)
    x[2:, 0] = np.nan
    with pytest.raises(TooFew):
        rm.moments(x)


def test_training_moments_are_those_of_the_rows_outside_each_fold() -> None:
    rng = np.random.default_rng(4)
    answers, folds, weights = rng.normal(3, 1, (90, 4)), rng.integers(0, 5, 90), rng.uniform(0.5, 2, 90)
    found = rm.training_moments(answers, folds, weights=weights)
    for k in range(5):
        out = rm.moments(answers[folds != k], weights=weights[folds != k])
        for name in ("mean", "sd", "correlation"):
            np.testing.assert_allclose(getattr(found, name)[..., k], getattr(out, name)[..., 0], atol=1e-12)
