"""Weighted answers: pseudo-maximum likelihood with sandwich errors, whatever the weights are scaled to.

Golden numbers of weighted fits stand in test_sem_simulated, test_sem_groups and test_sem_estimators.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csat.analyses.invariance import invariance
from csat.analyses.sem import Moments, cfa, cfa_by_group, sem
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.model import StructuralModel
from csat.cli import run
from group_cases import ITEMS, two_groups
from simulated_answers import NAMES, simulated

MODEL = "A =~ a1 + a2 + a3\nB =~ b1 + b2 + b3\nB ~ A"
TWO = "f =~ x1 + x2 + x3\nh =~ x4 + x5 + x6"
W = NAMES.index("w")


def rows(seed: int = 11, **how: Any) -> np.ndarray:
    return simulated(seed, **how)


def weighted(x: np.ndarray, w: np.ndarray | None = None) -> Answers:
    return Answers.of_rows(x, NAMES, weights=x[:, W] if w is None else w)


def numbers(found: StructuralModel) -> np.ndarray:
    return np.array([(p.est, p.se) for p in found.parameters])


@pytest.mark.parametrize(
    ("asked", "used"), [("ML", "MLR"), ("GLS", "GLSM"), ("ULS", "ULSM"), ("DWLS", "WLSM")]
)
def test_an_estimator_that_knows_no_weights_takes_its_sandwich_and_says_so(asked: str, used: str) -> None:
    x = rows()
    plain, robust = sem(MODEL, weighted(x), estimator=asked), sem(MODEL, weighted(x), estimator=used)
    assert plain.estimator == used
    np.testing.assert_allclose(numbers(plain), numbers(robust), rtol=1e-9)
    assert plain.fit == robust.fit
    assert "chisq_scaled" in plain.fit
    assert plain.fit["ntotal"] == 300 if asked == "ML" else "ntotal" not in plain.fit
    assert plain.choice is not None and used in plain.choice.en and used in plain.choice.zh
    assert any(c.code == "weighted" and "sandwich" in c.text.en for c in plain.cautions)
    assert robust.choice is None


@pytest.mark.parametrize(
    ("estimator", "path", "variance", "chisq", "cfi", "srmr"),
    [
        ("GLS", 0.68344444, 0.39017061, 23.6010658, 0.9109216, 0.0497502),
        ("ULS", 0.66753132, 0.38208933, 14.1074905, 0.9967977, 0.0361132),
        ("MLM", 0.68208148, 0.37465913, 29.0120512, 0.9734105, 0.0412554),
        ("MLR", 0.68208148, 0.37465913, 29.0120512, 0.9734105, 0.0412554),
    ],
)
def test_estimates_and_measures_without_correction_are_lavaans(
    estimator: str, path: float, variance: float, chisq: float, cfi: float, srmr: float
) -> None:
    """lavaan 0.6-14: sem(MODEL, simulated(11), estimator, sampling.weights = "w"); it stops at 1e-5.

    Its weighted covariance divides by the sum of the weights also with GLS and ULS. Of the errors only those
    of MLR know of weights there: GLS and ULS print those of as many unweighted respondents, MLM see below.
    """
    found = sem(MODEL, weighted(rows()), estimator=estimator)
    own = {(p.lhs, p.op, p.rhs): p for p in found.parameters}
    assert own["B", "~", "A"].est == pytest.approx(path, abs=2e-5)
    assert own["b1", "~~", "b1"].est == pytest.approx(variance, abs=2e-5)
    if estimator == "MLR":
        assert own["B", "~", "A"].se == pytest.approx(0.09504675, rel=1e-4)
    for name, golden in (("chisq", chisq), ("cfi", cfi), ("srmr", srmr)):
        assert found.fit[name] == pytest.approx(golden, rel=1e-5, abs=1e-6), name


def test_with_full_information_too() -> None:
    x = rows(12, n=400, gaps=0.15)
    assert sem(MODEL, weighted(x), missing="fiml").estimator == "MLR"


@pytest.mark.parametrize(
    "how",
    [
        {"estimator": "MLR"},
        {"estimator": "MLM"},
        {"estimator": "MLMV"},
        {"estimator": "WLSMV"},
        {"estimator": "WLS"},
        {"estimator": "GLS"},
        {"missing": "fiml"},
        {"estimator": "WLSMV", "ordered": True},
    ],
    ids=lambda h: "-".join(map(str, h.values())),
)
def test_what_weights_are_scaled_to_does_not_matter(how: dict[str, Any]) -> None:
    x = rows(14, n=400, categories=5) if how.get("ordered") else rows(12, n=400)
    one, other = (sem(MODEL, weighted(x, x[:, W] * scale), **how) for scale in (1.0, 731.0))
    np.testing.assert_allclose(numbers(other), numbers(one), rtol=1e-6, atol=1e-9)
    for name, value in one.fit.items():
        assert other.fit[name] == pytest.approx(value, rel=1e-6, abs=1e-8, nan_ok=True), name


@pytest.mark.parametrize("estimator", ["ML", "GLS", "MLM", "WLSMV"])
def test_equal_weights_are_no_weights(estimator: str) -> None:
    x = rows()
    none = sem(MODEL, Answers.of_rows(x, NAMES), estimator=estimator)
    equal = sem(MODEL, weighted(x, np.full(len(x), 0.3)), estimator=estimator)
    assert equal.estimator == estimator
    np.testing.assert_allclose(numbers(equal), numbers(none), rtol=1e-8)


@pytest.mark.parametrize("estimator", ["MLR", "MLM"])
def test_a_weight_of_two_is_not_two_respondents(estimator: str) -> None:
    """Estimates equal those of rows standing twice; errors do not: each row is drawn once.

    With w the weights and N their sum, the covariance is E^-1 (sum w^2 s s') E^-1 / N^2, that of repeated
    rows E^-1 (sum w s s') E^-1 / N^2. Where every row stands twice errors are smaller by the root of 2, where
    every weight is 2 they are the same.
    """
    x = rows()
    w = 1.0 + (np.arange(len(x)) % 3 == 0)
    own = sem(MODEL, weighted(x, w), estimator=estimator)
    twice = sem(MODEL, Answers.of_rows(np.repeat(x, w.astype(int), axis=0), NAMES), estimator=estimator)
    np.testing.assert_allclose(numbers(own)[:, 0], numbers(twice)[:, 0], rtol=1e-6, atol=1e-8)
    free = numbers(own)[:, 1] > 0
    assert (numbers(own)[free, 1] > numbers(twice)[free, 1]).all()
    repeated = sem(MODEL, Answers.of_rows(np.repeat(x, 2, axis=0), NAMES), estimator=estimator)
    alone = sem(MODEL, Answers.of_rows(x, NAMES), estimator=estimator)
    np.testing.assert_allclose(numbers(repeated)[:, 1] * np.sqrt(2), numbers(alone)[:, 1], rtol=1e-6)


def test_sandwich_errors_of_mlm_are_those_of_the_jackknife_where_lavaans_forget_the_weights() -> None:
    """lavaan 0.6-14 takes Gamma of the unweighted answers with MLM (lav_samplestats_Gamma has no weights), so
    that its errors are those of MLM without weights around another estimate; ours follow the jackknife."""
    x = rows(21, n=400)
    # weights that have nothing to do with the answers widen errors by about the root of the design effect
    w = np.exp(0.8 * np.random.default_rng(3).standard_normal(len(x)))
    found = cfa("A =~ a1 + a2 + a3 + b1", weighted(x, w), estimator="MLM")
    without = cfa("A =~ a1 + a2 + a3 + b1", Answers.of_rows(x, NAMES), estimator="MLM")
    left_out = []
    for i in range(len(x)):
        own = np.delete(w, i)
        part = Moments.of_rows(np.delete(x, i, axis=0), NAMES, weights=own)
        left_out.append([p.est for p in cfa("A =~ a1 + a2 + a3 + b1", part).parameters])
    values = np.array(left_out)
    n = len(x)
    spread = np.sqrt((n - 1) / n * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
    errors = numbers(found)[:, 1]
    free = errors > 0
    ratio = errors[free] / spread[free]
    assert 0.88 < np.median(ratio) < 1.05
    assert np.median(errors[free] / numbers(without)[free, 1]) > 1.15


def test_groups_count_by_the_sum_of_their_weights() -> None:
    """As lavaan's sampling.weights.normalization = "total": a group is as large as the weights say."""
    x, g, _ = two_groups()
    heavy = np.where(g == "first", 3.0, 1.0)
    data = {n: Answers.of_rows(x[g == n], ITEMS, weights=heavy[g == n]) for n in ("first", "second")}
    found = cfa_by_group(TWO, data)
    assert found.estimator == "MLR"
    for name, own in data.items():
        of_all = len(x) * heavy[g == name].sum() / heavy.sum()
        alone = cfa(TWO, Answers.of_rows(own.rows, ITEMS)).fit["chisq"] / len(own.rows)
        assert found.chisq_by_group[name] == pytest.approx(of_all * alone, rel=1e-6)


def test_a_test_of_invariance_knows_of_weights() -> None:
    x, g, w = two_groups()
    data = {n: Answers.of_rows(x[g == n], ITEMS, weights=w[g == n]) for n in ("first", "second")}
    found = invariance(TWO, data, partial=False)
    assert found.estimator == "MLR"
    assert "weighted" in {c.code for c in found.cautions}
    metric = cfa_by_group(TWO, data, group_equal=["loadings"])
    level = next(r for r in found.levels if r.level == "metric")
    assert level.fit["chisq_scaled"] == pytest.approx(metric.fit["chisq_scaled"], rel=1e-6)


def test_of_weighted_covariances_alone_the_effective_n_has_to_do() -> None:
    x = rows()
    found = sem(MODEL, Moments.of_rows(x, NAMES, weights=x[:, W]))
    assert found.estimator == "ML"
    assert found.choice is None
    assert found.fit["ntotal"] == pytest.approx(x[:, W].sum() ** 2 / (x[:, W] ** 2).sum())
    assert any("effective n" in c.text.en for c in found.cautions)


def test_errors_that_do_not_know_of_weights_are_said_to() -> None:
    found = sem(MODEL, weighted(rows(14, n=400, categories=5)), estimator="DWLS", ordered=True)
    caution = next(c for c in found.cautions if c.code == "weighted")
    assert "WLSMV" in caution.text.en and "WLSMV" in caution.text.zh


def test_the_command_line_fits_weighted_answers_by_pseudo_likelihood(tmp_path: Path, capsys: Any) -> None:
    x = rows(14, n=300, categories=5)
    path, model = tmp_path / "answers.csv", tmp_path / "model.txt"
    names = [*NAMES[:6], "w"]
    lines = [",".join([*(f"{v:.0f}" for v in r[:6]), f"{r[W]:.4f}"]) for r in x]
    path.write_text("\n".join([",".join(names), *lines]), encoding="utf-8")
    model.write_text(MODEL, encoding="utf-8")
    assert run(["sem", str(path), "--model", str(model), "--weight", "w"]) == 0
    said = capsys.readouterr().out
    assert "MLR" in said and "pseudo-maximum likelihood" in " ".join(said.split())
