"""Every figure of a PLS model against the published formulas on the rows, for models nobody has seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pls_oracle as oracle
from csat.numerics.pls import PathStructure, path_structure, pls, pls_many, scores
from csat.numerics.pls_assessment import (
    construct_index,
    construct_reliability,
    htmt2_ratios,
    htmt_ratios,
    structural,
)
from csat.numerics.replicate_moments import moments
from pls_cases import on_rows

SCHEMES = ("path", "factor", "centroid")


@st.composite
def models(draw: st.DrawFn) -> tuple[np.ndarray, PathStructure, str]:
    """Answers on 1 to 7 and a model of 2 to 5 constructs of 1 to 5 items, any arrows forward, any modes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    c = draw(st.integers(2, 5))
    sizes = rng.integers(1, 6, c)
    paths = [(i, j) for j in range(1, c) for i in range(j) if rng.random() < 0.6]
    paths += [(j - 1, j) for j in range(1, c) if not any(b == j for _, b in paths)]
    rows = int(rng.integers(60, 200))
    f = rng.normal(size=(rows, c))
    for j in range(1, c):
        causes = [a for a, b in paths if b == j]
        f[:, j] = 0.7 * f[:, causes].mean(axis=1) + 0.6 * f[:, j]
    blocks, at, columns = [], 0, []
    for j, k in enumerate(sizes):
        blocks.append(range(at, at + k))
        at += k
        # one item in five is turned the wrong way round
        turn = np.where(rng.random(k) < 0.2, -1, 1)
        columns += [turn[i] * 0.8 * f[:, j] + 0.6 * rng.normal(size=rows) for i in range(k)]
    answers = np.clip(np.rint(4 + 1.3 * np.column_stack(columns)), 1, 7)
    modes = ["B" if k > 1 and rng.random() < 0.4 else "A" for k in sizes]
    structure = path_structure(blocks, sorted(set(paths), key=lambda p: (p[1], p[0])), modes=modes)
    return answers, structure, draw(st.sampled_from(SCHEMES))


@given(given_=models())
@settings(max_examples=25, deadline=None)
def test_all_figures_are_those_of_the_formulas(given_) -> None:
    answers, structure, scheme = given_
    r = np.corrcoef(answers.T)
    fit = pls(r, structure, scheme=scheme, tolerance=1e-13)
    weights, paths = on_rows(answers, structure, scheme)
    y = oracle.scores_of(answers, structure, weights)
    sign = np.sign(
        [np.corrcoef(y[:, j], s)[0, 1] for j, s in enumerate(scores(oracle.standard(answers), fit).T)]
    )
    weights, y = weights * sign[structure.owner], y * sign
    close = {"atol": 2e-8}
    np.testing.assert_allclose(fit.weights, weights, **close)
    np.testing.assert_allclose(fit.paths, paths * np.outer(sign, sign), **close)
    np.testing.assert_allclose(fit.loadings, oracle.loadings_of(answers, structure, y), **close)
    reliability, inner = construct_reliability(r, fit), structural(fit, len(answers))
    for j, block in enumerate(structure.blocks):
        own = fit.loadings[structure.slices[j]]
        if len(block) > 1:
            if structure.modes[j] == "A":
                rho = oracle.rho_a(answers[:, list(block)], weights[structure.slices[j]])
                assert reliability.rho_a[j] == pytest.approx(rho, rel=1e-6)
            total = own.sum() ** 2
            assert reliability.rho_c[j] == pytest.approx(total / (total + (1 - own**2).sum()))
            z = oracle.standard(answers[:, list(block)])
            k = len(block)
            alpha = k / (k - 1) * (1 - k / z.sum(axis=1).var(ddof=1))
            assert reliability.alpha[j] == pytest.approx(alpha)
        causes = list(structure.parents(j))
        if not causes:
            continue
        whole = oracle.explained(y[:, j], y[:, causes])
        assert fit.r2[j] == pytest.approx(whole, abs=2e-8)
        for cause in causes:
            others = [a for a in causes if a != cause]
            less = oracle.explained(y[:, j], y[:, others])
            assert inner.f2[cause, j] == pytest.approx((whole - less) / (1 - whole), abs=1e-6)
            vif = 1 / (1 - oracle.explained(y[:, cause], y[:, others]))
            assert inner.vif[cause, j] == pytest.approx(vif, rel=1e-6)
    arithmetic, geometric = htmt_ratios(r, structure), htmt2_ratios(r, structure)
    for j, one in enumerate(structure.blocks):
        for k, two in enumerate(structure.blocks[:j]):
            assert arithmetic[j, k] == pytest.approx(oracle.htmt(answers, one, two))
            assert geometric[j, k] == pytest.approx(oracle.htmt(answers, one, two, geometric=True))


@given(given_=models())
@settings(max_examples=15, deadline=None)
def test_the_correction_is_that_of_the_formulas(given_) -> None:
    answers, structure, scheme = given_
    fit = pls(np.corrcoef(answers.T), structure, scheme=scheme, tolerance=1e-13)
    if not ((fit.rho_a > 0.05) & (fit.rho_a < 5)).all():
        return  # nothing to correct with
    corrected = pls(np.corrcoef(answers.T), structure, scheme=scheme, tolerance=1e-13, consistent=True)
    paths, loadings = oracle.plsc(answers, structure, fit.weights)
    np.testing.assert_allclose(corrected.loadings, loadings, atol=1e-7)
    np.testing.assert_allclose(corrected.paths, paths, rtol=1e-5, atol=1e-6)


@given(given_=models(), weighted=st.booleans())
@settings(max_examples=20, deadline=None)
def test_index_and_importance_are_those_of_the_respondents_scores(given_, weighted: bool) -> None:
    answers, structure, scheme = given_
    # a negative weight makes an index that is none
    answers = answers.copy()
    for block in structure.blocks:
        for i in block:
            if np.corrcoef(answers[:, i], answers[:, block[0]])[0, 1] < 0:
                answers[:, i] = 8 - answers[:, i]
    count = np.random.default_rng(1).integers(1, 4, len(answers)) if weighted else None
    rows = answers if count is None else np.repeat(answers, count, axis=0)
    found = moments(answers, weights=count)
    fit = pls(found.correlation[..., 0], structure, scheme=scheme, tolerance=1e-13)
    p = answers.shape[1]
    made = construct_index(
        fit, found.correlation[..., 0], found.mean[:, 0], found.sd[:, 0],
        lower=np.ones(p), upper=np.full(p, 7.0),
    )  # fmt: skip
    y = oracle.index_scores(rows, structure, fit.weights, 1.0, 7.0)
    np.testing.assert_allclose(made.performance, y.mean(axis=0), atol=1e-8)
    if (made.weights > 0).all():
        np.testing.assert_allclose(made.total, oracle.total_points(y, structure), rtol=1e-6, atol=1e-7)


def test_slow_convergence_is_waited_for_once_the_usual_tolerance_is_met() -> None:
    answers = np.random.default_rng(23).normal(size=(40, 9))
    structure = path_structure([range(3), range(3, 6), range(6, 9)], [(0, 1), (0, 2), (1, 2)])
    r = np.corrcoef(answers.T)
    fit = pls(r, structure)
    assert fit.rounds > 300
    weights, _ = on_rows(answers, structure, "path")
    np.testing.assert_allclose(np.abs(fit.weights), np.abs(weights), atol=1e-7)
    many = pls_many(np.stack([r, np.eye(9) * 0.5 + 0.5], axis=-1), structure, tolerance=1e-10)
    assert many.converged.all()
    np.testing.assert_allclose(np.abs(many.weights[:, 0]), np.abs(fit.weights), atol=1e-8)
