"""Drivers: the 114 study and the mobile data as published, cautions in names, words in both languages."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from csat.analyses.drivers import Drivers, drivers
from csat.errors import BadInput, CannotCompute
from csat.instrument.instrument import Hypothesis
from csat.language import Text
from golden_data import recipe_matrix, reference

TITLES = {
    "attitude": Text("service attitude", "服务态度"),
    "quality": Text("service quality", "服务质量"),
    "satisfaction": Text("satisfaction", "满意度"),
    "loyalty": Text("loyalty", "忠诚"),
}
HYPOTHESES = (
    Hypothesis("H1", "quality", "satisfaction"),
    Hypothesis("H2", "quality", "loyalty"),
    Hypothesis("H3", "attitude", "satisfaction"),
    Hypothesis("H4", "attitude", "loyalty"),
)


def directory_rows() -> tuple[np.ndarray, np.ndarray]:
    """430 rows with exactly the moments of the published study (recipe `directory_114`)."""
    z = np.random.default_rng(114).standard_normal((430, 3))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / 429)).T
    sd_y = np.sqrt(2 * 53.85 / (0.596**2 * 429))
    sd = np.array([1.919189, 3.590474])
    covariance = np.outer(sd, sd) * np.array([[1, 0.787], [0.787, 1]])
    x = z[:, :2] @ np.linalg.cholesky(covariance).T + np.array([3, 6]) * 2.59
    y = 0.656 + x @ [0.038, 0.123] + np.sqrt(1 - 0.596**2) * sd_y * z[:, 2]
    return x, y


@pytest.fixture(scope="module")
def directory() -> Drivers:
    x, y = directory_rows()
    return drivers(
        y,
        x,
        names=["attitude", "quality"],
        outcome_name="satisfaction",
        titles=TITLES,
        covariance_type="classical",
        hypotheses=HYPOTHESES,
        scores_label="sum",
    )


def some_rows(n: int = 200, p: int = 3, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) + 4
    return x, x @ np.linspace(0.2, 0.8, p) + rng.standard_normal(n)


def fitted(x: np.ndarray, y: np.ndarray, **options: Any) -> Drivers:
    names = [f"d{i}" for i in range(x.shape[1])]
    return drivers(y, x, names=names, outcome_name="y", **options)


def test_the_directory_study_prints_as_published(directory: Drivers) -> None:
    assert directory.equation().say("en").startswith("Y = .656 + .038 X1 + .123 X2 (")
    said = directory.summary()
    assert "R = .596, R2 = .355, F(2, 427) = 117.62" in said
    assert directory.vif == pytest.approx([2.627216, 2.627216], rel=1e-5)
    assert directory.ss_model / directory.df1 == pytest.approx(53.85, rel=1e-5)
    assert directory.se[1:] == pytest.approx([0.027590, 0.014748], abs=1e-6)
    assert directory.t[1:] == pytest.approx([1.377, 8.340], abs=1e-3)
    assert directory.p[1] == pytest.approx(0.169, abs=5e-4)
    assert directory.lmg_share == pytest.approx([0.356179, 0.643821], abs=1e-6)
    assert directory.r2 == pytest.approx(0.355216, abs=1e-6)


def test_attitude_is_said_not_to_count(directory: Drivers) -> None:
    assert any("service attitude" in t.say("en") and "no effect" in t.say("en") for t in directory.headline())
    assert any("服务态度" in t.say("zh") and "未显示" in t.say("zh") for t in directory.headline())


def test_each_hypothesis_gets_its_verdict(directory: Drivers) -> None:
    assert {h.id: h.status for h in directory.hypotheses} == {
        "H1": "supported",
        "H2": "cannot be tested",
        "H3": "not supported",
        "H4": "cannot be tested",
    }
    loyalty = next(h for h in directory.hypotheses if h.id == "H2")
    assert loyalty.reason == Text("no items in the data for loyalty", "数据中没有忠诚的题项")


def test_the_correlation_of_the_dimensions_has_interval_and_star(directory: Drivers) -> None:
    row = directory.table("correlations").to_records("en")[0]
    assert row["r"] == pytest.approx(0.787)
    assert (row["ci_lower"], row["ci_upper"]) == pytest.approx((0.748111, 0.820501), abs=1e-6)
    assert row["stars"] == "***"


@pytest.mark.parametrize(("kind", "errors"), [("HC3", "se_hc3"), ("classical", "se")])
def test_coefficients_and_errors_equal_r(kind: Any, errors: str) -> None:
    golden = reference("regression")["mobi"]["cusa_on_block_means"]
    recipe, expected = golden["recipe"], golden["ols"]
    columns = dict(zip(recipe["columns"], recipe_matrix(recipe).T, strict=True))
    means = {
        name: np.mean([columns[c] for c in how["mean"]], axis=0)
        for name, how in recipe["derived_columns"].items()
    }
    x = np.column_stack([means[d] for d in expected["x"]])
    found = drivers(means["m_cusa"], x, names=expected["x"], outcome_name="m_cusa", covariance_type=kind)
    assert found.coefficients == pytest.approx(list(expected["coef"].values()), rel=1e-9)
    assert found.se == pytest.approx(list(expected[errors].values()), rel=1e-9)
    assert found.lmg == pytest.approx(list(expected["importance"]["lmg"].values()), abs=1e-10)
    assert found.relative_weight == pytest.approx([0.165644, 0.081499, 0.281454, 0.140845], abs=1e-6)
    assert found.largest_cook == pytest.approx(expected["max_cook"], rel=1e-9)


def test_weights_give_r_weighted_least_squares() -> None:
    golden = reference("regression")["sfo2015"]["overall_on_items"]
    matrix = recipe_matrix(golden["recipe"], extra=("WEIGHT",))
    expected = golden["wls"]
    found = drivers(
        matrix[:, -2], matrix[:, :-2], names=expected["x"], outcome_name="Q7ALL", weights=matrix[:, -1]
    )
    assert found.coefficients == pytest.approx(list(expected["coef"].values()), rel=1e-9)
    assert found.se == pytest.approx(list(expected["se_hc3"].values()), rel=1e-9)
    assert found.beta == pytest.approx(list(expected["beta_std"].values()), rel=1e-9)
    assert found.lmg == pytest.approx(list(expected["importance"]["lmg"].values()), abs=1e-10)
    assert found.base.weighted
    assert found.base.effective_n < 1160


def test_shares_sum_to_what_is_explained() -> None:
    found = fitted(*some_rows())
    assert found.lmg.sum() == pytest.approx(found.r2)
    assert found.relative_weight.sum() == pytest.approx(found.r2)


def test_rows_without_a_score_are_left_out_and_counted() -> None:
    x, y = some_rows(60)
    x[3, 1] = np.nan
    y[7] = np.nan
    found = fitted(x, y)
    assert (found.base.respondents, found.base.rows) == (58, 60)


def test_dependent_drivers_are_named() -> None:
    x, y = some_rows()
    with pytest.raises(CannotCompute, match="d0, d2, d3 depend on each other"):
        fitted(np.column_stack([x, x[:, 0] + x[:, 2]]), y)


def test_a_constant_outcome_is_named() -> None:
    x, y = some_rows()
    with pytest.raises(CannotCompute, match="no variance in y"):
        fitted(x, np.full_like(y, 5.0))


def test_too_few_respondents_are_refused() -> None:
    x, y = some_rows(4)
    with pytest.raises(CannotCompute, match="at least 5 are needed"):
        fitted(x, y)


def test_wrong_shapes_are_refused() -> None:
    x, y = some_rows()
    with pytest.raises(BadInput, match="3 names"):
        drivers(y, x[:, :2], names=["a", "b", "c"], outcome_name="y")


def test_overlapping_drivers_are_a_caution_with_names() -> None:
    x, y = some_rows()
    x = np.column_stack([x, x[:, 0] + 0.1 * np.random.default_rng(3).standard_normal(200)])
    found = fitted(x, y)
    caution = next(c for c in found.cautions if c.code == "collinear_severe")
    assert caution.where == ("d0", "d3")
    assert found.verdict.level == "doubtful"


def test_a_negative_driver_is_a_caution() -> None:
    x, _ = some_rows()
    y = x @ [0.6, 0.5, -0.4] + np.random.default_rng(4).standard_normal(200)
    assert next(c for c in fitted(x, y).cautions if c.code == "negative_driver").where == ("d2",)


def test_one_respondent_who_moves_the_equation_is_named_by_row() -> None:
    x, y = some_rows(40)
    x[16], y[16] = 40, -200
    found = fitted(x, y)
    assert found.largest_cook_row == 17
    assert any(c.code == "influential" and "row 17" in c.text.en for c in found.cautions)


def test_few_respondents_are_a_caution() -> None:
    assert any(c.code == "few_respondents" for c in fitted(*some_rows(20)).cautions)
    assert not fitted(*some_rows(200)).cautions


def test_more_than_twenty_drivers_are_sampled_and_reproducible() -> None:
    x, y = some_rows(400, 21)
    one, other = fitted(x, y, rng=5), fitted(x, y, rng=5)
    assert one.lmg_orderings > 0
    assert "orderings" in one.table("importance").to_text()
    np.testing.assert_array_equal(one.lmg, other.lmg)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_can_be_shown(directory: Drivers, language: Any) -> None:
    assert directory.summary(language)
    for table in directory.tables().values():
        assert table.to_text(language)
    for plot in directory.plots().values():
        assert plot.svg(language).startswith("<svg")
        assert plot.description.say(language)
    assert json.loads(json.dumps(directory.to_dict()))["verdict"]["level"] == "sound"
