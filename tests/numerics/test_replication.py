"""Replicates of designs: against R's survey, and by law."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csat.errors import NumericsError, TooFew
from csat.numerics.replicate_moments import moments, replicate_moments
from csat.numerics.replication import (
    GIVEN,
    Replication,
    given_replicates,
    random_groups,
    replicate_variance,
    replicate_weights,
    replication,
)
from csat.numerics.resampling import bootstrap_weighted_means

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "replication.json").read_text())
DATA = {name: np.array(values, dtype=float) for name, values in GOLDEN["data"].items()}
X = np.column_stack([DATA[c] for c in "abc"])
W = DATA["w"]
DESIGNS = {
    "strata_clusters": {"strata": DATA["stratum"], "clusters": DATA["cluster"]},
    "clusters": {"clusters": DATA["cluster"]},
    "rows": {},
}


def composite(means: np.ndarray) -> np.ndarray:
    a, b, c = means.T
    return (a * c + b * a) / (c + a)


def check(made: Replication, golden: dict[str, Any]) -> None:
    close = {"rtol": GOLDEN["tolerance"], "atol": GOLDEN["tolerance"]}
    drawn = bootstrap_weighted_means(X, W, replication=made)
    c = made.variance_coefficients()
    np.testing.assert_allclose(np.sqrt(replicate_variance(drawn.T, c)), golden["se"], **close)
    value = composite((W @ X / W.sum())[None])[0]
    assert value == pytest.approx(golden["composite"], rel=1e-9)
    np.testing.assert_allclose(
        np.sqrt(replicate_variance(composite(drawn), c)), golden["composite_se"], **close
    )
    among = DATA["b"] >= 3
    part = bootstrap_weighted_means(X[among, :1], W[among], replication=made.where(among))
    np.testing.assert_allclose(np.sqrt(replicate_variance(part[:, 0], c)), golden["domain_se"], **close)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_jackknife_gives_the_errors_of_r_survey(name: str) -> None:
    made = replication("jackknife", n=len(X), **DESIGNS[name])
    assert made.count(7) == made.units
    check(made, GOLDEN["jackknife"][name])


@pytest.mark.parametrize("type_", GOLDEN["given"])
def test_given_replicate_weights_give_the_errors_of_r_survey(type_: Any) -> None:
    golden = GOLDEN["given"][type_]
    # the type says its scale as R's does, but for those R needs one for, too
    scale = {"JKn": np.array(golden["rscales"]), "Fay": golden["scale"]}.get(type_)
    made = given_replicates(W, np.array(golden["weights"]), type=type_, scale=scale)
    if type_ == "SDR":
        assert made.coefficients[0] == golden["scale"]
    check(made, golden)


def test_a_finite_population_shrinks_the_variance_as_in_r_survey() -> None:
    # R survey 4.1.1, svymean of as.svrepdesign(type = "JKn") with fpc 5 + stratum clusters, and of JK1 with
    # fpc 200 rows; printed to 14 digits
    sizes = 5 + np.arange(6)
    clustered = replication("jackknife", n=len(X), population=sizes, **DESIGNS["strata_clusters"])
    rows = replication("jackknife", n=len(X), population=200)
    for made, wanted in (
        (clustered, [0.220544621750820, 0.059884262457791, 0.346442266407231]),
        (rows, [0.18482318618575, 0.18679940546510, 0.37441331489634]),
    ):
        drawn = bootstrap_weighted_means(X, W, replication=made)
        se = np.sqrt(replicate_variance(drawn.T, made.variance_coefficients()))
        np.testing.assert_allclose(se, wanted, rtol=1e-12)
        again = bootstrap_weighted_means(X, W, replicates=8000, replication=made.as_draws())
        np.testing.assert_allclose(again.std(axis=0, ddof=1), wanted, rtol=0.05)
    boot = replication("bootstrap", n=len(X), population=sizes, **DESIGNS["strata_clusters"])
    drawn = bootstrap_weighted_means(X, W, replicates=8000, replication=boot)
    np.testing.assert_allclose(drawn.std(axis=0, ddof=1), [0.220492, 0.059873, 0.346369], rtol=0.05)
    with pytest.raises(NumericsError, match="more was drawn"):
        replication("bootstrap", n=len(X), population=1, **DESIGNS["strata_clusters"])


def test_every_type_of_r_is_there() -> None:
    assert set(GOLDEN["given"]) | {"other"} == set(GIVEN)


@pytest.mark.parametrize("name", ["strata_clusters", "clusters"])
def test_the_bootstrap_of_a_design_has_its_linearised_error(name: str) -> None:
    made = replication("bootstrap", n=len(X), **DESIGNS[name])
    drawn = bootstrap_weighted_means(X, W, replicates=8000, replication=made)
    # 8000 draws know a standard error to .8 %; the mean is a ratio, so that a little curvature is left
    np.testing.assert_allclose(drawn.std(axis=0, ddof=1), GOLDEN["linearised"][name]["se"], rtol=0.05)


@pytest.mark.parametrize("kind", ["jackknife", "given"])
def test_draws_made_of_replicate_weights_have_their_variance(kind: str) -> None:
    if kind == "given":
        golden = GOLDEN["given"]["BRR"]
        made = given_replicates(W, np.array(golden["weights"]), type="BRR")
    else:
        golden = GOLDEN["jackknife"]["strata_clusters"]
        made = replication("jackknife", n=len(X), **DESIGNS["strata_clusters"])
    draws = made.as_draws()
    assert draws.is_drawn and not made.is_drawn
    drawn = bootstrap_weighted_means(X, W, replicates=8000, replication=draws)
    np.testing.assert_allclose(drawn.std(axis=0, ddof=1), golden["se"], rtol=0.05)
    assert drawn.mean(axis=0) == pytest.approx(golden["mean"], abs=0.02)


def test_factors_of_a_row_do_not_depend_on_which_rows_are_asked_for() -> None:
    for kind in ("bootstrap", "bayesian", "jackknife"):
        made = replication(kind, n=len(X), **DESIGNS["strata_clusters"])
        whole = np.vstack(list(made.row_factors(np.arange(len(X)), 50, seed=3)))
        some = np.array([5, 40, 17])
        part = np.vstack(list(made.where(some).row_factors(some, 50, seed=3, cells=30)))
        np.testing.assert_array_equal(part, whole[:, some])


def test_rows_of_a_cluster_share_their_factor_and_strata_keep_their_size() -> None:
    for kind in ("bootstrap", "bayesian", "jackknife"):
        w = np.vstack(list(replicate_weights(np.arange(48), 200, kind=kind, **DESIGNS["strata_clusters"])))
        np.testing.assert_allclose(w, w[:, ::4].repeat(4, axis=1))
        for h in range(6):
            np.testing.assert_allclose(w[:, DATA["stratum"] == h].sum(axis=1), 8)


def test_moments_by_unit_are_those_by_row() -> None:
    made = replication("bootstrap", n=len(X), **DESIGNS["strata_clusters"])
    x = X.copy()
    x[3, 1] = np.nan
    for missing in ("listwise", "pairwise"):
        found = next(
            iter(replicate_moments(x, weights=W, replicates=20, seed=1, missing=missing, replication=made))
        )
        factors = np.vstack(list(made.row_factors(np.arange(48), 20, seed=1)))
        for r in (0, 19):
            f = factors[r]
            alone = moments(x[f > 0], weights=(W * f)[f > 0], missing=missing)
            np.testing.assert_allclose(found.mean[:, r], alone.mean[:, 0])
            # the factor n / (n - 1) is that of all rows
            np.testing.assert_allclose(found.correlation[..., r], alone.correlation[..., 0], atol=1e-12)


def test_random_groups_know_the_error_of_a_mean() -> None:
    x = np.random.default_rng(0).normal(size=(50_000, 2))
    made = random_groups(np.arange(50_000), groups=1000)
    drawn = bootstrap_weighted_means(x, replicates=2000, replication=made)
    # sqrt(2 / 1000) of the variance is 2.2 % of the error
    np.testing.assert_allclose(drawn.std(axis=0, ddof=1), x.std(axis=0) / np.sqrt(50_000), rtol=0.08)


def test_many_units_are_deleted_in_groups() -> None:
    x = np.random.default_rng(0).normal(size=(9000, 1))
    strata = np.arange(9000) % 3
    made = replication("jackknife", n=9000, strata=strata)
    assert made.units <= 2000
    drawn = bootstrap_weighted_means(x, replication=made)
    se = np.sqrt(replicate_variance(drawn[:, 0], made.variance_coefficients()))
    assert se == pytest.approx(x.std() / np.sqrt(9000), rel=0.08)


def test_what_has_no_variance_is_refused() -> None:
    with pytest.raises(TooFew, match="single cluster"):
        replication("bootstrap", n=4, strata=[0, 0, 0, 1])
    with pytest.raises(NumericsError, match="no variance"):
        given_replicates(W, W[:, None], type="JK1")
    with pytest.raises(NumericsError, match="need a scale"):
        given_replicates(W, np.column_stack([W, W]), type="Fay")
    with pytest.raises(NumericsError, match="no numbers"):
        given_replicates(W, np.column_stack([W, W * np.nan]), type="BRR")
    with pytest.raises(NumericsError, match="no kind"):
        replication("psychic", n=4)  # type: ignore[arg-type]
