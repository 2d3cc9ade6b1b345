"""Extraction against exact solutions of psych's objectives, the bank fixture, and laws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from csat.errors import NotIdentified, SingularMatrix, TooFew
from csat.numerics.extraction import degrees_of_freedom, extract, most_factors
from golden_data import reference, reference_rows

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
METHODS = {"minres": "minres", "ml": "ml", "pa": "pa", "components": "pca"}


def bank_matrix():
    """The bank study's implied correlations: groups of 2, 3, 2, 3, 2 items with equal loadings."""
    square, between = 1 - 0.369 * 12 / 7, 0.3797741558
    group = np.repeat(np.arange(5), [2, 3, 2, 3, 2])
    r = square * np.where(group[:, None] == group, 1.0, between)
    np.fill_diagonal(r, 1.0)
    return r


def random_correlations(p, factors, seed):
    """Correlations of items that have some factors in common, with small extra covariances."""
    rng = np.random.default_rng(seed)
    loadings = rng.uniform(-0.8, 0.8, (p, factors)) / np.sqrt(factors)
    noise = rng.standard_normal((p, 3 * p))
    cov = loadings @ loadings.T + np.diag(rng.uniform(0.3, 0.9, p)) + 0.05 * noise @ noise.T / (3 * p)
    sd = np.sqrt(np.diag(cov))
    r = cov / np.outer(sd, sd)
    np.fill_diagonal(r, 1.0)
    return r


@pytest.mark.parametrize("method", ["minres", "ml", "components"])
def test_loadings_of_a_published_matrix_are_those_of_psychs_objective(method):
    found = extract(GOLDEN["R"], GOLDEN["factors"], method=method)
    expected = GOLDEN[METHODS[method]]["none"]
    np.testing.assert_allclose(found.loadings, expected, atol=GOLDEN["tolerance"]["loadings"])


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize(("data", "name"), REAL)
def test_loadings_on_real_data_are_the_exact_ones(data, name, method):
    case = reference("efa")[data][name]
    expected = case[METHODS[method]]
    found = extract(case["R"]["values"], case["n_factors"], method=method)
    # the reference solves to 1e-10 (pa 1e-9)
    np.testing.assert_allclose(found.loadings, expected["none"]["loadings"]["values"], atol=1e-8)
    np.testing.assert_allclose(found.communalities, list(expected["communalities"].values()), atol=1e-8)
    np.testing.assert_allclose(found.uniquenesses, list(expected["uniquenesses"].values()), atol=1e-8)
    assert len(found.heywood) == expected["at_lower_bound"]
    assert found.gradient < 1e-9


def test_five_components_of_the_bank_matrix_explain_63_1_per_cent():
    found = extract(bank_matrix(), 5, method="components")
    assert (found.loadings**2).sum() / 12 == pytest.approx(0.631, abs=1e-9)


@pytest.mark.parametrize("method", ["minres", "ml", "pa"])
def test_the_bank_loadings_are_recovered_from_their_matrix(method):
    found = extract(bank_matrix(), 5, method=method)
    assert found.objective == pytest.approx(0, abs=1e-12)
    implied = found.loadings @ found.loadings.T + np.diag(found.uniquenesses)
    np.testing.assert_allclose(implied, bank_matrix(), atol=1e-6)
    # factors of two items leave communalities loose: at an objective of 1e-12 they may move by about 2e-5
    np.testing.assert_allclose(found.communalities, 0.606159**2, atol=5e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(6, 14), st.integers(1, 3), st.integers(0, 10**6), st.sampled_from(["minres", "ml"]))
def test_no_small_change_of_the_uniquenesses_lowers_the_objective(p, factors, seed, method):
    assume(degrees_of_freedom(p, factors) > 0)
    r = random_correlations(p, factors, seed)
    found = extract(r, factors, method=method)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        moved = np.maximum(found.uniquenesses + 1e-3 * rng.standard_normal(p), 0.005)
        assert objective(r, moved, factors, method) >= found.objective - 1e-12


def objective(r, psi, factors, method):
    """The objectives again, from their definitions."""
    if method == "minres":
        left = np.linalg.eigvalsh(r - np.diag(psi))[:-factors]
        return 0.5 * (left**2).sum()
    values, vectors = np.linalg.eigh(r / np.sqrt(np.outer(psi, psi)))
    kept = np.maximum(values[-factors:] - 1, 0)
    loadings = np.sqrt(psi)[:, None] * vectors[:, -factors:] * np.sqrt(kept)
    sigma = loadings @ loadings.T + np.diag(psi)
    return (
        np.linalg.slogdet(sigma)[1] - np.linalg.slogdet(r)[1] + np.trace(np.linalg.solve(sigma, r)) - len(r)
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(6, 12), st.integers(1, 3), st.integers(0, 10**6), st.sampled_from(list(METHODS)))
def test_the_order_of_the_items_does_not_matter(p, factors, seed, method):
    assume(degrees_of_freedom(p, factors) > 0)
    r = random_correlations(p, factors, seed)
    order = np.random.default_rng(seed).permutation(p)
    here, there = extract(r, factors, method=method), extract(r[np.ix_(order, order)], factors, method=method)
    common = here.loadings @ here.loadings.T
    np.testing.assert_allclose(there.loadings @ there.loadings.T, common[np.ix_(order, order)], atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(6, 12), st.integers(1, 2), st.integers(0, 10**6), st.sampled_from(["minres", "ml", "pa"]))
def test_communalities_and_uniquenesses_sum_to_one_off_the_bound(p, factors, seed, method):
    assume(degrees_of_freedom(p, factors) > 0)
    found = extract(random_correlations(p, factors, seed), factors, method=method)
    free = np.setdiff1d(np.arange(p), found.heywood)
    np.testing.assert_allclose((found.communalities + found.uniquenesses)[free], 1, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.integers(6, 12), st.integers(1, 2), st.integers(0, 10**6))
def test_principal_axes_end_where_minres_ends(p, factors, seed):
    assume(degrees_of_freedom(p, factors) > 0)
    r = random_correlations(p, factors, seed)
    axes, minres = extract(r, factors, method="pa"), extract(r, factors, method="minres")
    assume(abs(axes.objective - minres.objective) < 1e-8)  # else they are two minima of one objective
    np.testing.assert_allclose(np.abs(axes.loadings), np.abs(minres.loadings), atol=1e-5)


def test_columns_are_in_order_and_sum_to_positive_numbers():
    found = extract(random_correlations(10, 3, 1), 3)
    assert (np.diff((found.loadings**2).sum(axis=0)) <= 0).all()
    assert (found.loadings.sum(axis=0) >= 0).all()


def test_an_item_explained_more_than_wholly_stands_on_the_bound():
    # one factor: l_0^2 = r01 r02 / r12 = 1.35
    r = np.array([[1, 0.9, 0.9], [0.9, 1, 0.6], [0.9, 0.6, 1]])
    for method in ("minres", "pa"):
        found = extract(r, 1, method=method)
        assert found.heywood == (0,)
        assert found.uniquenesses[0] == 0.005


def test_an_indefinite_matrix_has_minres_factors_but_no_likelihood():
    r = np.array([[1, 0.9, -0.7, 0.2], [0.9, 1, 0.7, 0.3], [-0.7, 0.7, 1, 0.1], [0.2, 0.3, 0.1, 1]])
    assert extract(r, 1).gradient < 1e-9
    with pytest.raises(SingularMatrix):
        extract(r, 1, method="ml")


def test_too_many_or_too_few_factors_are_refused():
    r = random_correlations(6, 2, 0)
    with pytest.raises(NotIdentified, match="at most 3"):
        extract(r, 4)
    for factors in (0, 6):
        with pytest.raises(TooFew):
            extract(r, factors, method="components")
    assert extract(r, 5, method="components").loadings.shape == (6, 5)


def test_degrees_of_freedom_by_hand():
    assert [degrees_of_freedom(p, m) for p, m in ((23, 3), (12, 5), (3, 1), (6, 4))] == [187, 16, 0, -3]
    assert [most_factors(p) for p in (3, 6, 12, 25)] == [1, 3, 7, 18]


def test_maximum_likelihood_finds_the_lower_of_two_minima():
    # statsmodels 0.15.0, Factor(method="ml"), reaches 1.8720; the classical starts alone end at 1.9098
    header, rows = reference_rows("data/satisfaction_gender.csv")
    names = [
        f"{b}{k}"
        for b, n in (("imag", 5), ("qual", 5), ("val", 4), ("sat", 4), ("loy", 4))
        for k in range(1, n + 1)
    ]
    answers = np.array([[float(row[header.index(name)]) for name in names] for row in rows])
    found = extract(np.corrcoef(answers.T), 3, method="ml")
    assert abs(found.objective - 1.8720) < 5e-5
