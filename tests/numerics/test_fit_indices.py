"""Fit measures against lavaan 0.6-14 (every ML case of the reference), by hand, and by law."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import chndtr

from csat.errors import SingularMatrix
from csat.numerics import fit_indices
from golden_data import FOLDER, reference

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/sem_holzinger.json").read_text(encoding="utf-8"))

FIXED_COVARIATE = {"mimic_ml": "male", "path_ml": "m_qual"}
"""Cases with an observed covariate whose own moments lavaan takes as they are."""

SEARCHED = {"rmsea_ci_lower", "rmsea_ci_upper"}
"""lavaan finds these by R's uniroot, which stops at 1e-4 in the noncentrality: 6e-7 in the RMSEA at worst."""


def ml_cases() -> list[tuple[str, str]]:
    if not FOLDER.is_dir():
        return [("", "")]
    return [
        (data, case)
        for data, cases in reference("sem").items()
        if data != "_meta"
        for case, golden in cases.items()
        if (golden.get("options") or {}).get("estimator") == "ML"
        and "fit_measures" in golden
        and golden["options"].get("missing") != "fiml"
    ]


def measures(golden: dict[str, Any], case: str = "") -> dict[str, float]:
    options, names = golden["options"], golden["sample_cov"]["rows"]
    means = {}
    if "sample_mean" in golden:
        means = {
            "sample_mean": list(golden["sample_mean"].values()),
            "implied_mean": list(golden["implied_mean"].values()),
        }
    wishart = options.get("likelihood") == "wishart" or options.get("mimic") == "EQS"
    return fit_indices.fit_measures(
        golden["sample_cov"]["values"],
        golden["implied_cov"]["values"],
        n=golden["n"],
        parameters=int(golden["fit_measures"]["npar"]),
        exogenous=[names.index(FIXED_COVARIATE[case])] if case in FIXED_COVARIATE else [],
        likelihood="wishart" if wishart else "normal",
        **means,
    )


@pytest.mark.parametrize(("data", "case"), ml_cases())
def test_every_measure_equals_lavaan(data: str, case: str) -> None:
    golden = reference("sem")[data][case]
    found = measures(golden, case)
    for dotted, expected in golden["fit_measures"].items():
        name = dotted.replace(".", "_")
        tolerance = 1e-6 if name in SEARCHED else 1e-10
        if expected is not None:
            assert found[name] == pytest.approx(expected, rel=tolerance, abs=tolerance), name


def test_the_holzinger_fixture() -> None:
    found = measures(GOLDEN)
    for name, expected in GOLDEN["fit_measures"].items():
        tolerance = 1e-6 if name in SEARCHED else 1e-10
        assert found[name] == pytest.approx(expected, rel=tolerance, abs=tolerance), name


@given(st.integers(1, 400), st.floats(0.1, 6), st.sampled_from([0.95, 0.05]))
def test_the_interval_limits_solve_their_equation(df: int, ratio: float, probability: float) -> None:
    chisq = ratio * df
    found = fit_indices.noncentrality(chisq, df, probability)
    if found > 0:
        assert float(chndtr(chisq, df, found)) == pytest.approx(probability, abs=1e-9)
    else:
        assert float(chndtr(chisq, df, 0.0)) <= probability


@given(st.integers(0, 2**32 - 1), st.integers(3, 7))
def test_a_perfect_fit_has_no_misfit(seed: int, p: int) -> None:
    x = np.random.default_rng(seed).standard_normal((5 * p, p))
    s = np.cov(x.T)
    found = fit_indices.fit_measures(s, s, n=100, parameters=2 * p)
    assert found["chisq"] == pytest.approx(0, abs=1e-9)
    assert found["rmsea"] == found["srmr"] == 0
    assert [found["gfi"], found["cfi"]] == pytest.approx([1, 1])
    assert found["logl"] == pytest.approx(found["unrestricted_logl"])


@given(st.integers(0, 2**32 - 1))
def test_units_of_the_items_change_nothing_but_likelihood_and_rmr(seed: int) -> None:
    rng = np.random.default_rng(seed)
    s, sigma = (np.cov(rng.standard_normal((40, 5)).T) for _ in range(2))
    scale = np.diag(10.0 ** rng.integers(-3, 4, 5))
    one = fit_indices.fit_measures(s, sigma, n=80, parameters=8)
    other = fit_indices.fit_measures(scale @ s @ scale, scale @ sigma @ scale, n=80, parameters=8)
    moved = {"logl", "unrestricted_logl", "aic", "bic", "bic2", "rmr", "rmr_nomean"}
    for name in one.keys() - moved:
        assert other[name] == pytest.approx(one[name], rel=1e-6, abs=1e-8, nan_ok=True), name


def test_a_saturated_model_has_no_tests() -> None:
    s = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.3], [0.2, 0.3, 1.0]])
    found = fit_indices.fit_measures(s, s, n=50, parameters=6)
    assert (found["df"], found["cfi"], found["tli"], found["rmsea"]) == (0, 1, 1, 0)
    assert math.isnan(found["pvalue"])
    assert math.isnan(found["rmsea_pvalue"])
    assert math.isnan(found["cn_05"])


def test_more_parameters_than_moments_leave_most_measures_undefined() -> None:
    s = np.array([[1.0, 0.5], [0.5, 1.0]])
    found = fit_indices.fit_measures(s, s, n=50, parameters=4)
    assert found["df"] == -1
    assert all(math.isnan(found[name]) for name in ("cfi", "tli", "rmsea", "pvalue", "agfi"))
    assert found["srmr"] == 0


def test_an_implied_covariance_that_is_not_positive_definite_is_refused() -> None:
    with pytest.raises(SingularMatrix):
        fit_indices.fit_measures(np.eye(2), [[1.0, 1.2], [1.2, 1.0]], n=50, parameters=2)


@pytest.mark.parametrize("probability", [0.05, 0.95])
def test_the_limit_of_the_noncentrality_of_a_huge_chi_square_meets_its_series(probability: float) -> None:
    below, above = (
        fit_indices.noncentrality(fit_indices.ASYMPTOTIC * k, 24, probability) for k in (1 - 1e-9, 1 + 1e-9)
    )
    assert above - below == pytest.approx(2.0, abs=0.05)
    assert fit_indices.noncentrality(1e20, 24, probability) == pytest.approx(1e20, rel=1e-9)


def test_a_saturated_model_of_one_variable_fits_whatever_rounding_leaves() -> None:
    found = fit_indices.incremental_measures(1e-20, 0, baseline_chisq=0.0, baseline_df=0)
    assert found["cfi"] == 1.0
    assert found["tli"] == 1.0
