"""Fit, variance and scores of factor solutions against psych."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from csat.numerics.extraction import extract
from csat.numerics.factor_fit import (
    complexity,
    factor_fit,
    implied_correlation,
    residuals,
    score_validity,
    score_weights,
    variance_explained,
)
from golden_data import recipe_matrix, reference

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "factors.json").read_text(encoding="utf-8"))
REAL = [
    ("mobi", "k3"),
    ("satisfaction_gender", "k4"),
    ("bfi", "k5_not_reversed"),
    ("bfi", "k2_A_C_polychoric"),
    ("holzinger", "k3"),
    ("holzinger", "k1_visual_textual"),
    ("airline2", "k4"),
    ("sfo2015", "k3"),
    ("sfo2015", "k3_pairwise"),
]
PSYCH = {
    "objective": "objective",
    "chi_square": "chisq",
    "df": "dof",
    "p": "p",
    "null_chi_square": "null_chisq",
    "null_df": "null_dof",
    "rmsea": "rmsea",
    "tli": "tli",
    "bic": "bic",
    "rmsr": "rmsr",
    "rmsr_corrected": "crms",
}
ROTATIONS = ["none", "varimax", "promax", "Promax", "oblimin", "geominQ", "quartimax"]
SCORES = {"regression": "regression", "Bartlett": "bartlett", "tenBerge": "ten berge"}


@pytest.mark.parametrize("method", ["minres", "ml"])
def test_a_published_matrix_fits_as_psych_says(method):
    found = extract(GOLDEN["R"], GOLDEN["factors"], method=method)
    fit = factor_fit(GOLDEN["R"], found.loadings, found.uniquenesses, n=GOLDEN["n"])
    for ours, value in GOLDEN[method]["fit"].items():
        assert getattr(fit, ours) == pytest.approx(value, rel=GOLDEN["tolerance"]["fit"])


@pytest.mark.parametrize("method", ["minres", "ml", "pa"])
@pytest.mark.parametrize(("data", "name"), REAL)
def test_real_data_fit_as_psych_says(data, name, method):
    case = reference("efa")[data][name]
    found = extract(case["R"]["values"], case["n_factors"], method=method)
    # psych's interval of alpha = .05 is stored under "ci90": its noncentralities are at .975 and .025
    fit = factor_fit(case["R"]["values"], found.loadings, found.uniquenesses, n=case["n"], confidence=0.95)
    for ours, theirs in PSYCH.items():
        assert getattr(fit, ours) == pytest.approx(case[method]["fit"][theirs], rel=1e-8, abs=1e-12)
    # psych's roots are found to 1e-8
    interval = case[method]["fit"]["rmsea_ci90"]
    assert [fit.rmsea_lower, fit.rmsea_upper] == pytest.approx(interval, abs=1e-7)


@pytest.mark.parametrize(("data", "name"), REAL)
@pytest.mark.parametrize("method", ["minres", "ml", "pa", "pca"])
def test_variance_and_complexity_of_stored_loadings_are_psychs(data, name, method):
    for rotation in ROTATIONS:
        block = reference("efa")[data][name][method].get(rotation)
        if block is None:
            continue
        phi = block["phi"]["values"] if "phi" in block else None
        found = variance_explained(block["loadings"]["values"], phi)
        np.testing.assert_allclose(found.sum_of_squares, block["ss_loadings"], atol=1e-12)
        np.testing.assert_allclose(found.share, block["proportion_var"], atol=1e-12)
        np.testing.assert_allclose(found.cumulative, block["cumulative_var"], atol=1e-12)
        np.testing.assert_allclose(found.share_of_common, block["proportion_explained"], atol=1e-12)
        np.testing.assert_allclose(
            complexity(block["loadings"]["values"]), list(block["complexity"].values()), atol=1e-10
        )


@pytest.mark.parametrize(
    ("data", "name"), [case for case in REAL if case[1] not in ("k2_A_C_polychoric", "k3_pairwise")]
)
@pytest.mark.parametrize("method", ["minres", "ml", "pa", "pca"])
def test_score_weights_and_scores_are_psychs(data, name, method):
    case = reference("efa")[data][name]
    x = recipe_matrix(case["recipe"])
    z = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    for rotation in ROTATIONS:
        block = case[method].get(rotation)
        if block is None:
            continue
        pattern = np.array(block["loadings"]["values"])
        phi = np.array(block["phi"]["values"]) if "phi" in block else None
        for theirs, expected in block["scores_first5"].items():
            if theirs == "tenBerge" and pattern.shape[1] == 1:
                continue  # with one factor psych gives regression weights under this name
            weights = score_weights(case["R"]["values"], pattern, phi, method=SCORES[theirs])
            np.testing.assert_allclose(weights, expected["weights"]["values"], atol=1e-10)
            np.testing.assert_allclose(z[:5] @ weights, expected["scores"]["values"], atol=1e-10)
            if theirs == "regression":
                structure = pattern if phi is None else pattern @ phi
                validity = score_validity(case["R"]["values"], weights, structure)
                told = np.array(expected["r_squared"], dtype=float)  # of components: 1 or not told
                known = np.isfinite(told)
                np.testing.assert_allclose((validity**2)[known], told[known], atol=1e-10)


# --- laws ---


def published(method="ml"):
    found = extract(GOLDEN["R"], GOLDEN["factors"], method=method)
    return np.array(GOLDEN["R"]), found


def test_bartlett_scores_are_unbiased_and_ten_berge_scores_keep_phi():
    r, found = published()
    phi = np.array(GOLDEN["ml"]["oblimin"]["phi"])
    pattern = np.array(GOLDEN["ml"]["oblimin"]["loadings"])
    bartlett = score_weights(r, pattern, phi, method="bartlett", uniquenesses=found.uniquenesses)
    np.testing.assert_allclose(bartlett.T @ pattern, np.eye(4), atol=1e-10)
    ten_berge = score_weights(r, pattern, phi, method="ten berge")
    np.testing.assert_allclose(ten_berge.T @ r @ ten_berge, phi, atol=1e-10)


def test_regression_scores_are_the_most_valid():
    r, _ = published()
    phi = np.array(GOLDEN["ml"]["oblimin"]["phi"])
    pattern = np.array(GOLDEN["ml"]["oblimin"]["loadings"])
    best = score_validity(r, score_weights(r, pattern, phi), pattern @ phi)
    for method in ("bartlett", "ten berge"):
        other = score_validity(r, score_weights(r, pattern, phi, method=method), pattern @ phi)
        assert (other <= best + 1e-12).all()


def test_residuals_and_implied_correlations_sum_to_the_correlations():
    r, found = published("minres")
    implied = implied_correlation(found.loadings, uniquenesses=found.uniquenesses)
    gap = residuals(r, found.loadings)
    below = np.tril_indices(len(r), -1)
    np.testing.assert_allclose((implied + gap)[below], r[below], atol=1e-14)
    np.testing.assert_allclose(np.diag(gap), found.uniquenesses, atol=1e-9)


def test_a_saturated_solution_has_residuals_but_no_test():
    r = np.array([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]])
    found = extract(r, 1)
    fit = factor_fit(r, found.loadings, found.uniquenesses, n=100)
    assert fit.df == 0
    assert math.isnan(fit.p) and math.isnan(fit.rmsea) and math.isnan(fit.tli)
    assert fit.rmsr == pytest.approx(0, abs=1e-10)


def test_an_indefinite_matrix_has_residuals_but_no_chi_square():
    r = np.array([[1, 0.9, -0.7, 0.2], [0.9, 1, 0.7, 0.3], [-0.7, 0.7, 1, 0.1], [0.2, 0.3, 0.1, 1]])
    found = extract(r, 1)
    fit = factor_fit(r, found.loadings, found.uniquenesses, n=100)
    assert math.isnan(fit.chi_square) and math.isnan(fit.bic)
    assert fit.rmsr > 0.1


def test_rotation_does_not_change_the_fit():
    r, found = published()
    turned = np.array(GOLDEN["ml"]["varimax"]["loadings"])
    one = factor_fit(r, found.loadings, found.uniquenesses, n=145)
    two = factor_fit(r, turned, found.uniquenesses, n=145)
    assert two.chi_square == pytest.approx(one.chi_square, rel=1e-8)
    assert two.rmsea_lower <= two.rmsea <= two.rmsea_upper
