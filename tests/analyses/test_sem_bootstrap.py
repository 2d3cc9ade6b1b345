"""Bootstrap of models: lavaan's errors, intervals by the functions of resampling, doubts in words."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csat.analyses.sem import Moments, cfa, sem
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.bootstrap import replicas
from csat.analyses.structural.model import StructuralModel
from csat.analyses.structural.options import Options
from csat.analyses.structural.solving import solved
from csat.errors import BadInput
from csat.instrument.parameters import parameter_table
from csat.instrument.syntax import parse_model
from csat.numerics.replication import replication
from csat.numerics.resampling import bca_interval, percentile_interval
from csat.numerics.resampling import poisson_multiplicities as multiplicities

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/sem_bootstrap.json").read_text(encoding="utf-8"))
NAMES = tuple(f"{c}{i}" for c in "svl" for i in (1, 2, 3))
MODEL = """
service =~ s1 + s2 + s3
value =~ v1 + v2 + v3
loyalty =~ l1 + l2 + l3
value ~ a*service
loyalty ~ b*value + c*service
indirect := a*b
total := indirect + c
"""


def rows(n: int = 300, seed: int = 20) -> np.ndarray:
    """Nine seven-point items of three constructs, service moving value moving loyalty."""
    z = np.random.default_rng(seed).standard_normal((n, 12))
    service = z[:, 0]
    value = 0.6 * service + 0.8 * z[:, 1]
    loyalty = 0.5 * value + 0.3 * service + 0.7 * z[:, 2]
    f = np.column_stack([service] * 3 + [value] * 3 + [loyalty] * 3)
    return np.clip(np.rint(4 + 1.3 * (0.85 * f + 0.5 * z[:, 3:])), 1, 7)


def answers(x: np.ndarray | None = None, **own: Any) -> Answers:
    return Answers.of_rows(rows() if x is None else x, NAMES, **own)


def fitted(model: str = MODEL, data: Answers | None = None, **options: Any) -> StructuralModel:
    return sem(model, answers() if data is None else data, **({"bootstrap": 200} | options))


@pytest.fixture(scope="module")
def many() -> StructuralModel:
    return fitted(bootstrap=4000, bollen_stine=True)


def test_errors_and_intervals_are_lavaans(many: StructuralModel) -> None:
    digest = hashlib.sha256(rows().astype(np.int8).tobytes()).hexdigest()
    if digest != GOLDEN["data"]["sha256"]:
        pytest.skip("this numpy draws other numbers than those lavaan was given")
    tolerance = GOLDEN["tolerance"]
    seen = 0
    for i, (lhs, op, rhs) in enumerate(zip(GOLDEN["lhs"], GOLDEN["op"], GOLDEN["rhs"], strict=True)):
        ours = (
            many.parameter(lhs, op, rhs) if op != ":=" else next(p for p in many.parameters if p.lhs == lhs)
        )
        assert ours is not None
        for est, prefix, golden in ((ours.est, "boot", ""), (ours.std_all, "std_all_boot", "std_all_")):
            se = GOLDEN[f"{golden}se"][i]
            assert est == pytest.approx(GOLDEN[golden.rstrip("_") or "est"][i], abs=1e-4)
            if se < 1e-9:
                assert getattr(ours, f"{prefix}_se") == pytest.approx(0.0, abs=1e-9)
                continue
            seen += 1
            assert getattr(ours, f"{prefix}_se") == pytest.approx(se, rel=tolerance["se_relative"])
            for end in ("lower", "upper"):
                off = getattr(ours, f"{prefix}_{end}") - GOLDEN[golden + end][i]
                assert abs(off) < tolerance["end_in_se"] * se, (lhs, op, rhs, end)
    assert seen > 40
    assert many.bootstrap is not None
    assert many.bootstrap.bollen_stine_p == pytest.approx(
        GOLDEN["bollen_stine_p"], abs=tolerance["bollen_stine_p"]
    )


def test_a_replicate_is_the_fit_to_its_respondents_counted_as_often() -> None:
    x = rows()
    table = parameter_table(parse_model(MODEL))
    options = Options("ML", "normal", False, False, True, False, "Hu-Bentler", 0.95, "listwise", False, 0)
    data = answers(x)
    made = replicas(solved(table, data, options), data, options, replicates=20, seed=4)
    drawn = np.vstack(list(multiplicities(np.arange(len(x)), 20, seed=4)))
    for r in (0, 7, 19):
        times = np.repeat(x, drawn[r].astype(int), axis=0)
        alone = sem(MODEL, Answers.of_rows(times, NAMES))
        assert made.drawn.raw[:, r] == pytest.approx([p.est for p in alone.parameters], abs=1e-6)
        assert made.drawn.latent[:, r] == pytest.approx([p.std_lv for p in alone.parameters], abs=1e-6)
        assert made.drawn.complete[:, r] == pytest.approx([p.std_all for p in alone.parameters], abs=1e-6)
        at = {n: i for i, n in enumerate(table.variables)}
        for e in alone.effects:
            place = at[e.effect], at[e.cause], r
            assert made.drawn.total[place] == pytest.approx(e.total, abs=1e-6)
            assert made.drawn.indirect[place] == pytest.approx(e.indirect, abs=1e-6)
            assert made.drawn.std_total[place] == pytest.approx(e.std_total, abs=1e-6)


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_intervals_are_those_of_resampling(interval: Any) -> None:
    table = parameter_table(parse_model(MODEL))
    options = Options("ML", "normal", False, False, True, False, "Hu-Bentler", 0.9, "listwise", False, 0)
    data = answers()
    made = replicas(solved(table, data, options), data, options, replicates=150, leave_out=True)
    assert made.left_out is not None
    found = fitted(bootstrap=150, interval=interval, confidence=0.9)
    for i, row in enumerate(found.parameters):
        for quantity, prefix, one in (("raw", "boot", row.est), ("complete", "std_all_boot", row.std_all)):
            drawn = getattr(made.drawn, quantity)[i]
            if interval == "bca":
                left_out = getattr(made.left_out, quantity)[i]
                wanted = bca_interval(drawn, one, left_out, confidence=0.9)
            else:
                wanted = percentile_interval(drawn, confidence=0.9)
            assert getattr(row, f"{prefix}_lower") == pytest.approx(wanted.lower, abs=1e-9)
            assert getattr(row, f"{prefix}_upper") == pytest.approx(wanted.upper, abs=1e-9)
            assert getattr(row, f"{prefix}_se") == pytest.approx(drawn.std(ddof=1), abs=1e-9)


def test_left_out_fits_are_those_without_a_respondent() -> None:
    x = rows(120)
    table = parameter_table(parse_model(MODEL))
    options = Options("ML", "normal", False, False, True, False, "Hu-Bentler", 0.95, "listwise", False, 0)
    data = answers(x)
    made = replicas(solved(table, data, options), data, options, replicates=2, leave_out=True)
    assert made.left_out is not None
    alone = sem(MODEL, Answers.of_rows(np.delete(x, 17, axis=0), NAMES))
    assert made.left_out.complete[:, 17] == pytest.approx([p.std_all for p in alone.parameters], abs=1e-6)


def test_equal_weights_change_nothing_and_others_are_honoured() -> None:
    x = rows(150)
    plain = fitted(data=answers(x))
    same = fitted(data=answers(x, weights=np.full(150, 2.5)))
    assert [p.boot_se for p in same.parameters] == pytest.approx(
        [p.boot_se for p in plain.parameters], abs=1e-8
    )
    w = np.repeat([1.0, 2.0], 75)
    table = parameter_table(parse_model(MODEL))
    options = Options("ML", "normal", False, False, True, False, "Hu-Bentler", 0.95, "listwise", False, 0)
    data = answers(x, weights=w)
    made = replicas(solved(table, data, options), data, options, replicates=6)
    drawn = np.vstack(list(multiplicities(np.arange(150), 6)))
    alone = sem(MODEL, Moments.of_rows(x, NAMES, weights=w * drawn[3] + 1e-300))
    assert made.drawn.raw[:, 3] == pytest.approx([p.est for p in alone.parameters], abs=1e-6)


def test_rows_are_named_by_their_numbers() -> None:
    x = rows(150)
    numbers = np.arange(150) * 7 + 3
    order = np.random.default_rng(0).permutation(150)
    one = fitted(data=answers(x, numbers=numbers))
    other = fitted(data=answers(x[order], numbers=numbers[order]))
    assert [p.boot_se for p in other.parameters] == pytest.approx(
        [p.boot_se for p in one.parameters], abs=1e-7
    )
    assert [p.boot_se for p in fitted(data=answers(x)).parameters] != pytest.approx(
        [p.boot_se for p in one.parameters], abs=1e-7
    )


@pytest.mark.parametrize("kind", ["bootstrap", "jackknife"])
def test_clusters_are_resampled_whole(kind: Any) -> None:
    x = rows(150)
    clusters = np.arange(150) // 5
    made = replication(kind, n=150, clusters=clusters)
    table = parameter_table(parse_model(MODEL))
    options = Options("ML", "normal", False, False, True, False, "Hu-Bentler", 0.95, "listwise", False, 0)
    data = answers(x, replication=made)
    found = replicas(solved(table, data, options), data, options, replicates=60)
    factors = np.vstack(list(made.as_draws().row_factors(np.arange(150), 60)))
    assert (factors[:, ::5] == factors[:, 4::5]).all()
    w = factors[7]
    mean = w @ x / w.sum()
    cov = (x - mean).T * w @ (x - mean) / w.sum()
    alone = sem(MODEL, Moments.of_matrix(cov, NAMES, n=150))
    assert found.drawn.raw[:, 7] == pytest.approx([p.est for p in alone.parameters], abs=1e-6)


def test_incomplete_respondents_are_left_out_of_every_replicate() -> None:
    x = rows(160)
    holes = x.copy()
    holes[::16, 2] = np.nan
    kept = ~np.isnan(holes).any(axis=1)
    one = fitted(data=answers(holes))
    other = fitted(data=answers(x[kept], numbers=np.flatnonzero(kept)))
    assert [p.boot_upper for p in one.parameters] == pytest.approx([p.boot_upper for p in other.parameters])


@pytest.mark.parametrize("estimator", ["MLR", "MLM", "GLS", "ULSM"])
def test_each_estimator_is_resampled_by_its_own_discrepancy(estimator: str) -> None:
    found = fitted(estimator=estimator, bootstrap=300)
    by_ml = fitted(bootstrap=300)
    assert found.bootstrap is not None
    assert found.bootstrap.used == 300
    ratios = [p.boot_se / p.se for p in found.parameters if p.free]
    assert 0.7 < np.median(ratios) < 1.4
    if estimator.startswith("ML"):
        assert [p.boot_se for p in found.parameters] == pytest.approx([p.boot_se for p in by_ml.parameters])
    else:
        assert [p.boot_se for p in found.parameters] != pytest.approx([p.boot_se for p in by_ml.parameters])


def test_means_and_covariates_are_resampled_too() -> None:
    x = rows()
    data = Answers.of_rows(x, NAMES)
    model = "value =~ v1 + v2 + v3\nvalue ~ s1 + s2\nv1 ~ 1"
    found = sem(model, data, bootstrap=300)
    table = parameter_table(parse_model(model))
    options = Options("ML", "normal", False, False, True, False, "Hu-Bentler", 0.95, "listwise", False, 0)
    made = replicas(solved(table, data.select(table.observed), options), data, options, replicates=3)
    drawn = np.vstack(list(multiplicities(np.arange(len(x)), 3)))
    alone = sem(model, Answers.of_rows(np.repeat(x, drawn[2].astype(int), axis=0), NAMES))
    assert made.drawn.raw[:, 2] == pytest.approx([p.est for p in alone.parameters], abs=1e-6)
    assert made.drawn.complete[:, 2] == pytest.approx([p.std_all for p in alone.parameters], abs=1e-6)
    intercept = found.parameter("v1", "~1", "")
    assert intercept is not None
    assert intercept.boot_se == pytest.approx(intercept.se, rel=0.25)


def test_without_a_bootstrap_there_are_no_errors_of_one() -> None:
    found = sem(MODEL, answers())
    assert found.bootstrap is None
    assert all(math.isnan(p.boot_se) for p in found.parameters)
    assert "bootstrap" not in found.tables()
    assert found.to_dict()["bootstrap"] is None


def test_a_measurement_model_is_resampled_without_effects() -> None:
    found = cfa(MODEL, answers(), bootstrap=100)
    assert found.bootstrap is not None
    assert "bootstrap" in found.tables()
    assert "bootstrap_effects" not in found.tables()


def test_tables_speak_both_languages(many: StructuralModel) -> None:
    for name in ("bootstrap", "bootstrap_effects"):
        english, chinese = many.table(name).to_text("en"), many.table(name).to_text("zh")
        assert "4000" in english
        assert "自助法" in chinese
        assert "{" not in english + chinese
    assert "Bollen-Stine p" in many.table("bootstrap").to_text("en")
    rows_ = many.table("bootstrap").to_records()
    assert [r["left"] for r in rows_[-2:]] == ["indirect", "total"]
    assert len(rows_) == sum(p.free for p in many.parameters) + 2


def test_one_seed_gives_one_answer() -> None:
    one, two, other = fitted(seed=5), fitted(seed=5), fitted(seed=6)
    assert one.to_dict() == two.to_dict()
    assert one.parameters != other.parameters


def test_a_model_that_no_replicate_settles_has_its_interval_withheld() -> None:
    # two constructs that are one, both explaining: few replicates have an optimum
    rng = np.random.default_rng(2)
    z = rng.standard_normal((60, 12))
    f = z[:, 0]
    x = np.column_stack([0.6 * f + z[:, 1 + i] for i in range(6)] + [0.2 * f + z[:, 7 + i] for i in range(3)])
    found = fitted(data=answers(x), bootstrap=400)
    caution = next(c for c in found.cautions if c.code in ("bootstrap withheld", "no bootstrap"))
    assert caution.text.zh
    assert all(math.isnan(p.boot_se) for p in found.parameters)
    if found.bootstrap is not None:
        assert found.bootstrap.withheld
        assert "5%" in caution.text.en


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"missing": "fiml", "bollen_stine": True}, "missing='fiml'"),
        ({"ordered": True, "estimator": "WLSMV", "bollen_stine": True}, "ordered items"),
        ({"interval": "student"}, "percentile or bca"),
        ({"bootstrap": 10}, "At least 50"),
    ],
)
def test_what_cannot_be_resampled_is_refused_in_words(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        fitted(**options)


def test_covariances_alone_cannot_be_resampled() -> None:
    with pytest.raises(BadInput, match="needs the answers"):
        sem(MODEL, Moments.of_rows(rows(), NAMES), bootstrap=100)


def test_bounds_hold_in_every_replicate() -> None:
    found = sem(MODEL + "c < 0.35\n", answers(), bootstrap=100)
    assert found.bootstrap is not None
    row = found.parameter("loyalty", "~", "service")
    assert row is not None
    assert row.boot_upper <= 0.35 + 1e-9
    free = fitted(bootstrap=100).parameter("loyalty", "~", "service")
    assert free is not None
    assert free.boot_upper > 0.35


def test_replace_keeps_the_names_of_rows() -> None:
    data = answers(numbers=np.arange(300) + 5)
    assert data.select(NAMES[:3]).kept("listwise").numbers is not None
    assert replace(data, weights=np.ones(300)).numbers is not None
