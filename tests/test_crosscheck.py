"""The second opinion: peers agree where they work, are reported where they do not, and never stop csat."""

from __future__ import annotations

import builtins
import json
import sys
from typing import Any

import numpy as np
import pytest

from csat.analyses.adequacy import adequacy
from csat.analyses.efa import efa
from csat.analyses.result import Base
from csat.analyses.sem import Moments, cfa, sem
from csat.crosscheck import Crosscheck, RegressionRows, crosscheck
from csat.tally.tally import count
from matrix_survey import survey_of

BASE = Base(400, 400.0, "listwise", 400)
ITEMS = [f"{c}{i}" for c in "abc" for i in (1, 2, 3)]
MODEL = "A =~ a1 + a2 + a3\nB =~ b1 + b2 + b3\nC =~ c1 + c2 + c3\nB ~ A\nC ~ A + B"


def rows(n: int = 400, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(n)
    b = 0.5 * a + 0.8 * rng.standard_normal(n)
    c = 0.3 * a + 0.4 * b + 0.8 * rng.standard_normal(n)
    x = np.column_stack([0.8 * f + 0.6 * rng.standard_normal(n) for f in (a, a, a, b, b, b, c, c, c)])
    return np.clip(np.round(1.2 * x + 3), 1, 5)


@pytest.fixture(scope="module")
def tally() -> Any:
    return count(survey_of(rows(), names=ITEMS), complete=True)


@pytest.fixture(scope="module")
def whole(tally: Any) -> Crosscheck:
    x = rows()
    return crosscheck(
        base=BASE,
        adequacy=adequacy(tally),
        factors=efa(tally, factors=3, extraction="minres", rotation="oblimin"),
        regression=RegressionRows(x[:, 8], x[:, :3], ITEMS[:3]),
        model=sem(MODEL, tally),
    )


def differences(found: Crosscheck) -> dict[str, float]:
    return {a.check: a.difference for a in found.agreements}


def test_all_programs_agree(whole: Crosscheck) -> None:
    assert all(a.ran for a in whole.agreements)
    assert not whole.disagreements
    assert whole.verdict.level == "sound"
    assert list(differences(whole)) == [
        "kmo", "bartlett", "extraction", "rotation", "regression", "sem_estimates", "sem_chi_square",
    ]  # fmt: skip
    assert differences(whole)["kmo"] < 1e-10
    assert differences(whole)["regression"] < 1e-10


def test_the_largest_difference_is_named(whole: Crosscheck) -> None:
    for a in whole.agreements:
        assert a.where
        assert a.compared >= 1
        assert np.isfinite([a.ours, a.theirs, a.difference]).all()
    table = whole.table("agreement").to_records("en")
    assert table[0]["program"].startswith("factor_analyzer")
    assert table[0]["compared"] == 10


@pytest.mark.parametrize("rotation", ["varimax", "quartimax", "oblimin", "quartimin", "geomin"])
def test_rotations_agree_with_factor_analyzer(tally: Any, rotation: Any) -> None:
    found = crosscheck(base=BASE, factors=efa(tally, factors=3, extraction="minres", rotation=rotation))
    assert not found.disagreements
    assert differences(found)["rotation"] < 1e-3


def test_promax_differs_by_its_definition_and_says_so(tally: Any) -> None:
    found = crosscheck(base=BASE, factors=efa(tally, factors=3, extraction="minres", rotation="promax"))
    rotation = next(a for a in found.agreements if a.check == "rotation")
    assert rotation.agrees or "promax's target" in rotation.note.en


@pytest.mark.parametrize("extraction", ["minres", "pa", "ml", "pca"])
def test_extractions_agree_with_statsmodels(tally: Any, extraction: Any) -> None:
    found = crosscheck(base=BASE, factors=efa(tally, factors=3, extraction=extraction, rotation="none"))
    assert [a.check for a in found.agreements] == ["extraction"]
    assert not found.disagreements


def test_weighted_regression_agrees_with_statsmodels() -> None:
    x, w = rows(), np.random.default_rng(3).uniform(0.2, 3, 400)
    found = crosscheck(base=BASE, regression=RegressionRows(x[:, 8], x[:, :3], ITEMS[:3], weights=w))
    assert differences(found)["regression"] < 1e-10


@pytest.mark.parametrize(
    "model",
    [
        MODEL.replace("+ a2", "+ l*a2").replace("+ b2", "+ l*b2"),
        MODEL + "\na1 ~~ b1",
        "A =~ a1 + a2 + a3\nc1 ~ A + b1\nA ~ b1",
        "G =~ A + B + C\nA =~ a1 + a2 + a3\nB =~ b1 + b2 + b3\nC =~ c1 + c2 + c3",
    ],
)
def test_models_of_every_kind_agree_with_semopy(tally: Any, model: str) -> None:
    found = crosscheck(base=BASE, model=sem(model, tally))
    assert [a.check for a in found.agreements] == ["sem_estimates", "sem_chi_square"]
    assert not found.disagreements
    estimates = found.agreements[0]
    free = len([p for p in sem(model, tally).parameters if p.free])
    assert estimates.compared == free


def test_a_model_without_proper_solution_is_not_compared() -> None:
    s = np.full((6, 6), 0.64)
    s[:3, 3:] = s[3:, :3] = 0.64 * 1.05
    np.fill_diagonal(s, 1.0)
    improper = cfa("A =~ a1 + a2 + a3\nB =~ b1 + b2 + b3", Moments.of_matrix(s, ITEMS[:6], n=300))
    found = crosscheck(base=BASE, model=improper)
    assert not found.agreements[0].ran
    assert "no proper solution" in found.agreements[0].note.en
    assert found.verdict.level == "sound"


def test_a_peer_that_is_not_installed_is_reported(tally: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_semopy(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "semopy":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "semopy", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_semopy)
    found = crosscheck(base=BASE, model=sem(MODEL, tally))
    assert found.agreements[0].note.en == "semopy is not installed"
    assert "Not compared: Path model." in found.headline()[1].en


def test_a_peer_that_fails_is_reported(tally: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import factor_analyzer.factor_analyzer as peer

    def broken(_: Any) -> None:
        raise TypeError("check_array() got an unexpected keyword argument")

    monkeypatch.setattr(peer, "calculate_kmo", broken)
    found = crosscheck(base=BASE, adequacy=adequacy(tally))
    assert "factor_analyzer failed (TypeError: check_array()" in found.agreements[0].note.en
    assert not found.cautions


def test_a_peer_that_disagrees_is_a_caution(tally: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import factor_analyzer.factor_analyzer as peer

    monkeypatch.setattr(peer, "calculate_bartlett_sphericity", lambda _: (12.0, 0.5))
    found = crosscheck(base=BASE, adequacy=adequacy(tally))
    assert [c.code for c in found.cautions] == ["differs_bartlett"]
    assert found.verdict.level == "doubtful"
    assert "another answer for Bartlett's chi-square" in found.verdict.text.en


def test_peers_neither_print_nor_warn(tally: Any, capfd: pytest.CaptureFixture[str]) -> None:
    crosscheck(base=BASE, model=sem(MODEL, tally))
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_can_be_shown(whole: Crosscheck, language: Any) -> None:
    assert whole.summary(language)
    for table in whole.tables().values():
        assert table.to_text(language)
    assert json.dumps(whole.to_dict())
