"""How respondents were drawn reaches every analysis that resamples: by name, against R's survey."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import csat
from csat.cli import cli
from csat.errors import CsatError
from csat.instrument.instrument import Construct, Instrument, Item, Scale
from csat.language import Text

GOLDEN = json.loads((Path(__file__).parent / "golden" / "replication.json").read_text())
TEN, NPS_SCALE = Scale("ten", 1, 10), Scale("eleven", 0, 10)
INSTRUMENT = Instrument(
    "drawn",
    "1",
    Text("Drawn", "抽样"),
    (
        *(Item(i, Text(i), TEN) for i in "abc"),
        Item("s", Text("s"), TEN),
        Item("n", Text("n"), NPS_SCALE),
    ),
    (
        Construct("A", Text("A"), ("a",)),
        Construct("B", Text("B"), ("b",)),
        Construct("C", Text("C"), ("c",)),
        Construct("S", Text("S"), ("s",), "outcome"),
    ),
    (TEN, NPS_SCALE),
    model="S ~ A + B + C",
    index="S",
)


def frame(type_: str = "JK1") -> pd.DataFrame:
    data = pd.DataFrame(GOLDEN["data"])
    rng = np.random.default_rng(1)
    data["s"] = np.clip(np.round(0.5 * data["a"] + 0.4 * data["c"] + rng.normal(size=len(data)) + 1), 1, 10)
    data["n"] = np.clip(data["a"] + data["c"] - 1, 0, 10)
    for k, w in enumerate(np.array(GOLDEN["given"][type_]["weights"]).T):
        data[f"rep_{k + 1}"] = w
    return data


def survey(**drawn: Any) -> csat.Survey:
    return csat.read(frame(), INSTRUMENT, weight="w", **drawn)


GIVEN = {"replicate_weights": "rep_", "replicate_type": "JK1"}
DESIGN = {"strata": "stratum", "clusters": "cluster"}


def test_the_error_of_a_score_by_replicate_weights_is_that_of_r_survey() -> None:
    read = csat.read(frame(), INSTRUMENT, weight="w", **GIVEN)
    found = read.index(construct="A")
    golden = GOLDEN["given"]["JK1"]
    # from 1 to 10: a point of the answer is 100 / 9 of the index
    assert found.se[0] == pytest.approx(golden["se"][0] * 100 / 9, rel=1e-9)
    assert found.score[0] == pytest.approx((golden["mean"][0] - 1) * 100 / 9, rel=1e-9)
    assert found.ci_lower[0] == pytest.approx((golden["lower"][0] - 1) * 100 / 9, rel=1e-9)
    assert found.interval == "replicate weights (JK1)"
    assert found.replicates == 12
    assert "12 replicate weights in the file (JK1)" in found.table("index").notes[0].en
    assert found.table("index").notes[0].zh


def test_the_jackknife_of_a_design_is_that_of_r_survey() -> None:
    found = survey(resampling="jackknife", **DESIGN).index(construct="A")
    golden = GOLDEN["jackknife"]["strata_clusters"]
    assert found.se[0] == pytest.approx(golden["se"][0] * 100 / 9, rel=1e-9)
    assert (found.strata, found.clusters, found.interval) == (6, 12, "jackknife")
    assert any(c.code == "few clusters" for c in found.cautions)


def test_clusters_widen_the_interval_of_an_index() -> None:
    plain, clustered = survey().index(construct="A"), survey(clusters="cluster").index(construct="A")
    golden = GOLDEN["linearised"]["clusters"]["se"][0] * 100 / 9
    assert clustered.se[0] == pytest.approx(golden, rel=0.06)
    assert clustered.score[0] == plain.score[0]
    assert clustered.se[0] > 1.2 * plain.se[0]


def test_a_finite_population_narrows_the_interval_of_an_index() -> None:
    whole = survey(resampling="jackknife").index(construct="A")
    known = survey(resampling="jackknife", population="200").index(construct="A")
    assert known.se[0] == pytest.approx(whole.se[0] * np.sqrt(1 - 48 / 200), rel=1e-9)
    assert known.se[0] == pytest.approx(0.18482318618575 * 100 / 9, rel=1e-9)


def test_the_net_promoter_score_has_the_error_of_the_design() -> None:
    # the mean of 100, 0, -100: the same jackknife as of any other mean
    scores = np.select([frame()["n"] >= 9, frame()["n"] >= 7], [100.0, 0.0], -100.0)
    found = survey(**GIVEN).nps(item="n")
    full = np.array(GOLDEN["given"]["JK1"]["weights"]).T
    each = full @ scores / full.sum(axis=1)
    se = np.sqrt(11 / 12 * ((each - each.mean()) ** 2).sum())
    assert found.se[0] == pytest.approx(se, rel=1e-9)
    assert found.interval[0] == "replicate weights (JK1)"
    assert [c.code for c in found.cautions] == ["few clusters"]


@pytest.mark.parametrize("drawn", [DESIGN, GIVEN, {"resampling": "bayesian"}, {"resampling": "jackknife"}])
def test_priorities_what_if_asymmetry_and_pls_take_the_design(drawn: dict[str, Any]) -> None:
    read = survey(**drawn)
    placed = read.priorities(outcome="S", replicates=200)
    assert placed.certainty is not None and placed.certainty.lost <= 10
    np.testing.assert_allclose(placed.certainty.main.probability.sum(axis=1), 1)
    notes = placed.table("certainty").notes[0]
    assert ("replicate weights" in notes.en) == (drawn is GIVEN)
    what = read.what_if({"a": 0.3}, replicates=200)
    assert 0 < what.index.se[0] < 20
    # 12 clusters in 6 strata, 12 replicate weights: few; 48 respondents: not
    few = drawn in (DESIGN, GIVEN)
    for result in (placed, what):
        assert ("few clusters" in [c.code for c in result.cautions]) == few
    # replicates that are draws have the variance of those they are made of
    model = read.pls(replicates=500, predict=False)
    assert model.base.weighted
    contrast = read.asymmetry(items=["c"], boxes=3, replicates=100)
    assert (GIVEN is drawn) == ("replicate weights" in contrast.table().notes[0].en)


def test_the_errors_of_performances_are_those_of_the_design() -> None:
    for drawn, golden in (
        (GIVEN, GOLDEN["given"]["JK1"]["se"]),
        ({**DESIGN, "resampling": "jackknife"}, GOLDEN["jackknife"]["strata_clusters"]["se"]),
        (DESIGN, GOLDEN["linearised"]["strata_clusters"]["se"]),
    ):
        found = survey(**drawn).priorities(outcome="S", replicates=0)
        assert found.items == ("a", "b", "c")
        np.testing.assert_allclose(found.performance_se, np.array(golden) * 100 / 9, rtol=1e-9)


def test_draws_made_of_replicate_weights_give_the_error_of_the_replicate_weights() -> None:
    read = survey(**GIVEN)
    by_weights = read.index(construct="S").se[0]
    # the index of one item has no weights to find: its error in the what-if is that of the index
    model = read.pls(replicates=4000, predict=False)
    at = list(model.constructs).index("S")
    assert model.index_se[at] == pytest.approx(by_weights, rel=0.06)


def test_every_analysis_sees_the_same_replicates() -> None:
    for drawn in ({}, DESIGN, GIVEN, {"resampling": "bayesian"}):
        read = survey(**drawn)
        # constructs of one item from 1 to 10: their indices are its means
        model = read._pls_replicas(100, 5)
        one = 1 + model.performance * 9 / 100
        from csat.numerics.resampling import bootstrap_weighted_means

        responses = read.responses
        items = [model.design.measured_by[c][0] for c in model.design.constructs]
        again = bootstrap_weighted_means(
            responses.answers(items),
            responses.weights,
            rows=responses.row_numbers,
            replicates=100,
            seed=5,
            replication=read._replication(),
        )
        # replicate r of the PLS model and replicate r of a mean: the same respondents
        solved = np.isfinite(one).all(axis=0)
        assert solved.sum() > 90
        np.testing.assert_allclose(one.T[solved], again[solved], rtol=1e-12)


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ({"replicate_weights": "rep_"}, "type of the replicate weights"),
        ({"replicate_type": "JK1"}, "no replicate weights"),
        ({"replicate_weights": "none_", "replicate_type": "JK1"}, "0 columns begin"),
        ({**GIVEN, "strata": "stratum"}, "two designs"),
        ({"strata": "nowhere"}, "nowhere"),
        ({"resampling": "psychic"}, "psychic"),
        ({"replicate_weights": "rep_", "replicate_type": "JKn"}, "scale"),
        ({"strata": "cluster", "clusters": "cluster"}, "single cluster"),
        ({**GIVEN, "margins": {"stratum": {"0": 1}}}, "raked to margins"),
    ],
)
def test_a_design_that_cannot_be_is_refused_in_words(drawn: dict[str, Any], said: str) -> None:
    with pytest.raises(CsatError, match=said):
        survey(**drawn)


def test_designs_reach_the_command_line(tmp_path: Path) -> None:
    from csat.instrument.toml import write_instrument

    (tmp_path / "drawn.toml").write_text(write_instrument(INSTRUMENT), encoding="utf-8")
    frame().to_csv(tmp_path / "drawn.csv", index=False)
    base = [str(tmp_path / "drawn.csv"), "-i", str(tmp_path / "drawn.toml"), "--weight", "w", "--json"]
    given = ["--replicate-weights", "rep_", "--replicate-type", "JK1"]
    design = ["--strata", "stratum", "--clusters", "cluster"]
    found = {}
    for name, options in {
        "index": [*given, "--construct", "A"],
        "priorities": [*design, "--replicates", "100"],
        "whatif": [*design, "--raise", "a=0.3", "--replicates", "100"],
        "nps": [*given, "--item", "n"],
        "pls": [*design, "--replicates", "100", "--no-predict"],
    }.items():
        done = CliRunner().invoke(cli, [name, *base, *options], standalone_mode=False)
        assert done.exception is None, (name, done.exception, done.output[-400:])
        found[name] = json.loads(done.stdout)
    assert found["index"]["interval"] == "replicate weights (JK1)"
    assert found["index"]["se"][0] == pytest.approx(GOLDEN["given"]["JK1"]["se"][0] * 100 / 9, rel=1e-9)
    assert found["nps"]["interval"][0] == "replicate weights (JK1)"
    scaled = CliRunner().invoke(
        cli,
        [
            "index",
            *base,
            *given[:2],
            "--replicate-type",
            "Fay",
            "--replicate-scale",
            "0.25",
            "--construct",
            "A",
        ],
        standalone_mode=False,
    )
    ratio = json.loads(scaled.stdout)["se"][0] / found["index"]["se"][0]
    assert ratio == pytest.approx(np.sqrt(0.25 / (11 / 12)))


def test_a_bca_interval_is_that_of_the_jackknife_and_the_replicates() -> None:
    from csat.numerics.resampling import bca_interval, bootstrap_weighted_means

    read = survey()
    found = read.index(construct="A", interval="bca", replicates=500)
    responses = read.responses
    points = (responses.answers(["a"])[:, 0] - 1) * 100 / 9
    w = responses.weights
    assert w is not None
    drawn = bootstrap_weighted_means(points[:, None], w, rows=responses.row_numbers, replicates=500, seed=0)[
        :, 0
    ]
    without = (w @ points - w * points) / (w.sum() - w)
    wanted = bca_interval(drawn, float(w @ points / w.sum()), without)
    assert (found.ci_lower[0], found.ci_upper[0]) == pytest.approx((wanted.lower, wanted.upper), rel=1e-12)
    assert found.interval == "BCa bootstrap" and found.se[0] == pytest.approx(drawn.std(ddof=1))
    plain = read.index(construct="A", replicates=500)
    assert plain.ci_lower[0] != found.ci_lower[0] and plain.se[0] == found.se[0]
    for language, words in (("en", "bias-corrected and accelerated"), ("zh", "偏差校正")):
        assert words in found.table("index").to_text(language)
    with pytest.raises(CsatError, match="psychic"):
        read.index(interval="psychic")  # type: ignore[arg-type]


def test_bca_intervals_are_of_segments_differences_and_model_weights_too() -> None:
    from csat.instrument.toml import load
    from csat.simulate import simulate

    data = pd.DataFrame(simulate(load("ecsi"), 200, 3)).assign(half=["x", "y"] * 100)
    read = csat.read(data, "ecsi", segments=["half"])
    found = read.index(interval="bca", replicates=300)
    plain = read.index(replicates=300)
    assert found.method == "pls" and found.interval == "BCa bootstrap"
    # weights found anew without each respondent: close to the percentile interval, not the same
    assert found.ci_lower[0] != plain.ci_lower[0]
    assert found.ci_lower[0] == pytest.approx(plain.ci_lower[0], abs=plain.se[0])
    for scores in (found.segments, found.constructs, found.items):
        assert np.isfinite(scores.ci_lower).all() and (scores.ci_lower < scores.score).all()
    assert (found.differences.ci_lower < found.differences.difference).all()


def test_the_bayesian_bootstrap_is_named() -> None:
    found = survey(resampling="bayesian").index(construct="A", replicates=400)
    assert found.interval == "percentile Bayesian bootstrap"
    assert found.se[0] == pytest.approx(survey().index(construct="A", replicates=400).se[0], rel=0.15)


def test_the_coverage_of_intervals_is_an_option(tmp_path: Path) -> None:
    from csat.instrument.toml import write_instrument

    (tmp_path / "drawn.toml").write_text(write_instrument(INSTRUMENT), encoding="utf-8")
    frame().to_csv(tmp_path / "drawn.csv", index=False)
    base = [str(tmp_path / "drawn.csv"), "-i", str(tmp_path / "drawn.toml"), "--json", "--replicates", "200"]
    for name, extra in {
        "index": ["--construct", "A", "--interval", "bca"],
        "nps": ["--item", "n"],
        "whatif": ["--raise", "a=0.3"],
    }.items():
        narrow, wide = (
            json.loads(
                CliRunner()
                .invoke(cli, [name, *base, *extra, "--confidence", level], standalone_mode=False)
                .stdout
            )
            for level in ("0.5", "0.99")
        )
        inside, outside = ((r["index"] if name == "whatif" else r) for r in (narrow, wide))
        assert outside["ci_lower"][0] < inside["ci_lower"][0] < inside["ci_upper"][0] < outside["ci_upper"][0]
