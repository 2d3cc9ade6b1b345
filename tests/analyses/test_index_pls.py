"""The index by PLS weights: published and reference numbers, its two intervals, and when it gives way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import csat
from csat.analyses import index as module
from csat.analyses.index import Index
from csat.analyses.pls_replicas import PlsHow, pls_replicas
from csat.chain import Chain
from csat.chain import index_change as change_of
from csat.errors import CannotCompute
from csat.instrument.toml import load
from csat.simulate import simulate
from csat.survey import Survey
from golden_data import reference_path, reference_rows

FEW = 200


@pytest.fixture(scope="module")
def mobile() -> Survey:
    return csat.read(reference_path("data", "mobi.csv"), instrument="ecsi")


@pytest.fixture(scope="module")
def ecsi(mobile: Survey) -> Index:
    return mobile.index()


def turned(folder: Path, item: str) -> Survey:
    """The mobile data with one item answered the wrong way round."""
    header, rows = reference_rows("data/mobi.csv")
    at = header.index(item)
    lines = [",".join(header)]
    lines += [",".join(str(11 - int(c)) if j == at else c for j, c in enumerate(row)) for row in rows]
    path = folder / "turned.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return csat.read(path, instrument="ecsi")


def test_the_ecsi_of_the_mobile_data_is_72_454_with_a_fixed_weight_error_of_912(ecsi: Index) -> None:
    assert ecsi.method == "pls"
    assert ecsi.score[0] == pytest.approx(72.4541179309101, abs=1e-6)
    assert ecsi.se_fixed[0] == pytest.approx(0.911532, abs=5e-7)
    assert ecsi.weights == pytest.approx([0.383634, 0.281550, 0.334816], abs=5e-7)
    assert ecsi.equal_score == pytest.approx(71.970370, abs=5e-7)


def test_every_number_stands_under_its_name(ecsi: Index) -> None:
    table = ecsi.table("index")
    assert [t.say("en") for t in table.column("index")] == [
        "ECSI: Satisfaction index (PLS weights, 0-100 rescale)",
        "ECSI: Satisfaction index (PLS weights, per cent of maximum)",
        "Satisfaction index (equal weights, 0-100 rescale)",
    ]
    assert [row[1] for row in table.cells()] == ["72.454", "75.209", "71.970"]
    said = " ".join(n.say("en") for n in table.notes)
    # "CCSI" and its kin name several models, so the arrows are printed
    assert "Satisfaction ~ Image + Expect + Quality + Value" in said


def test_its_interval_is_that_of_the_path_model(mobile: Survey, ecsi: Index) -> None:
    model = mobile.pls(seed=0)
    at = model.constructs.index("Satisfaction")
    assert ecsi.score[0] == pytest.approx(model.index[at], abs=1e-9)
    assert ecsi.se[0] == pytest.approx(model.index_se[at], abs=1e-6)
    assert ecsi.ci_lower[0] == pytest.approx(model.index_lower[at], abs=1e-5)
    assert ecsi.se[0] != pytest.approx(ecsi.se_fixed[0], abs=1e-4)


def test_weights_may_be_held_fixed_by_name(mobile: Survey) -> None:
    result = mobile.index(weights_in_interval="fixed", replicates=FEW)
    assert result.se[0] == pytest.approx(0.911532, abs=5e-7)
    assert result.interval == "linearisation"
    half = (result.ci_upper[0] - result.ci_lower[0]) / 2
    assert half == pytest.approx(1.959963984540054 * 0.911532, abs=1e-5)
    assert any("takes the weights as known" in n.en for n in result.table("index").notes)


@pytest.mark.parametrize(("scheme", "index"), [("factor", 72.546272), ("centroid", 72.542802)])
def test_other_schemes_give_other_indices(mobile: Survey, scheme: Any, index: float) -> None:
    found = pls_replicas(mobile._whole(), None, how=PlsHow(scheme=scheme), replicates=0)
    at = found.design.constructs.index("Satisfaction")
    assert found.index.performance[at] == pytest.approx(index, abs=5e-7)


def test_the_spanish_bank_index_is_the_reference_one() -> None:
    survey = csat.read(reference_path("data", "satisfaction_gender.csv"), instrument="spanish_bank")
    assert survey.index(replicates=FEW).score[0] == pytest.approx(68.5022363282685, abs=1e-6)


def test_with_declared_bounds_it_is_the_acsi_formula(mobile: Survey, ecsi: Index) -> None:
    model = mobile.pls(replicates=0)
    own = [i for i, c in enumerate(model.item_construct) if c == "Satisfaction"]
    v = model.weights[own] / model.item_sd[own]
    acsi = 100 * (v @ model.item_mean[own] - v.sum()) / (9 * v.sum())
    assert ecsi.score[0] == pytest.approx(acsi, abs=1e-9)


def test_an_item_the_wrong_way_round_gives_way_to_equal_weights_and_says_so(tmp_path: Path) -> None:
    survey = turned(tmp_path, "CUSA2")
    result = survey.index(replicates=FEW)
    assert result.method == "equal"
    assert result.verdict.level == "doubtful"
    assert "sa2" in result.verdict.text.en
    assert "compares with no other" in result.verdict.text.en
    with pytest.raises(CannotCompute, match="sa2"):
        survey.index(method="pls", replicates=FEW)


def test_doubling_every_respondent_by_weight_changes_neither_index_nor_weights(mobile: Survey) -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 4, mobile.responses.rows)
    weighted = Chain(mobile.responses.weighted_by(counts.astype(float)))
    repeated = Chain(mobile.responses.where(np.repeat(np.arange(mobile.responses.rows), counts)))
    a, b = (c.index(replicates=FEW, segments=()) for c in (weighted, repeated))
    assert a.score[0] == pytest.approx(b.score[0], abs=1e-7)
    np.testing.assert_allclose(a.weights, b.weights, atol=1e-8)


def test_many_respondents_take_their_error_from_the_models_replicates(
    mobile: Survey, ecsi: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINEARISED_ABOVE", 100)
    result = Chain(mobile.responses).index()
    assert result.interval == "linearisation"
    assert result.score[0] == pytest.approx(ecsi.score[0])
    # 200 replicates know an error to 5 per cent
    assert result.se[0] == pytest.approx(ecsi.se[0], rel=0.15)


def test_changes_between_samples_add_their_errors_as_squares(mobile: Survey) -> None:
    rows = np.arange(mobile.responses.rows)
    samples = {f"wave {k}": mobile.responses.where(rows % 3 == k) for k in range(3)}
    result = change_of(samples, against="pairs", replicates=FEW)
    assert result.first == ("wave 0", "wave 0", "wave 1")
    assert result.change[0] == pytest.approx(result.score[1] - result.score[0])
    assert result.change_se[0] == pytest.approx(np.hypot(result.se[0], result.se[1]))
    assert result.detectable[0] == pytest.approx(2.8015852181129655 * result.change_se[0])
    assert (result.p_adjusted >= result.p).all()
    for language in ("en", "zh"):
        assert "wave 1" in result.text(language)
    assert "<svg" in result.plots()["samples"].svg("zh", salt="x")


def test_the_interval_holds_the_index_of_the_population_as_often_as_it_says() -> None:
    # a small version of benchmarks/index_coverage.py, which finds .946 over 2000 samples of 250
    asked, samples = load("ecsi"), 60
    whole = pls_replicas(_drawn(asked, 40_000, 0).responses, replicates=0)
    true = whole.index.performance[whole.design.constructs.index("Satisfaction")]
    held = 0
    for seed in range(1, samples + 1):
        result = _drawn(asked, 120, seed).index(segments=(), replicates=FEW)
        held += bool(result.ci_lower[0] <= true <= result.ci_upper[0])
    assert abs(held / samples - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / samples)


def _drawn(asked: Any, respondents: int, seed: int) -> Survey:
    import pandas as pd

    return csat.read(pd.DataFrame(simulate(asked, respondents, seed)), instrument="ecsi")
