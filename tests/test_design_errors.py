"""Errors over strata, clusters and finite populations, through the front door, equal to R's survey."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import csat
from csat.errors import BadInput, CannotCompute, UnknownName

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parent / "golden" / "design_errors.json").read_text(encoding="utf-8")
)
DESIGNS = {
    "clusters": {"strata": "stratum", "clusters": "cluster", "population": "size"},
    "strata": {"strata": "stratum"},
}


def drawn_rows() -> list[list[Any]]:
    """218 respondents of 23 clusters in 4 strata; a tenth did not answer q1."""
    rng = np.random.default_rng(20260)
    rows: list[list[Any]] = []
    for h, (size, clusters) in enumerate([(40, 6), (25, 5), (60, 8), (12, 4)]):
        for c in range(clusters):
            level = rng.normal(0, 0.5)
            for _ in range(int(rng.integers(5, 14))):
                z = level + rng.normal()
                x = [int(np.clip(round(3 + 0.8 * z + 0.8 * rng.normal()), 1, 5)) for _ in range(2)]
                y = int(np.clip(round(3 + 0.4 * (x[0] - 3) + 0.3 * (x[1] - 3) + 0.7 * rng.normal()), 1, 5))
                rows.append([f"s{h}", f"c{c}", size, float(round(rng.uniform(0.5, 2), 3)), *x, y])
    silent = rng.random(len(rows)) < 0.1
    for row, is_silent in zip(rows, silent, strict=True):
        row[4] = "" if is_silent else row[4]
    return rows


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("design") / "survey.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["stratum", "cluster", "size", "w", "q1", "q2", "sat"])
        writer.writerows(drawn_rows())
    return path


def read(file: Path, **design: Any) -> csat.Survey:
    return csat.read(file, items=["q1", "q2", "sat"], scale=(1, 5), weight="w", **design)


@pytest.mark.parametrize("name", DESIGNS)
def test_means_and_their_errors_equal_r(file: Path, name: str) -> None:
    found = read(file, **DESIGNS[name]).describe()
    golden = GOLDEN[name]["means"]
    np.testing.assert_allclose(found.mean, [golden[i][0] for i in found.items], rtol=1e-9)
    np.testing.assert_allclose(found.se, [golden[i][1] for i in found.items], rtol=1e-9)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_interval_of_a_share_rests_on_its_error_in_the_design(file: Path, name: str) -> None:
    found = read(file, **DESIGNS[name]).describe()
    share, se = GOLDEN[name]["top2"]
    at = found.items.index("sat")
    effective = share * (1 - share) / se**2
    z = 1.959963984540054
    centre = (share + z**2 / (2 * effective)) / (1 + z**2 / effective)
    half = z * np.sqrt(share * (1 - share) / effective + z**2 / (4 * effective**2)) / (1 + z**2 / effective)
    assert found.top2[at] == pytest.approx(share, rel=1e-9)
    assert found.top2_lower[at] == pytest.approx(centre - half, rel=1e-9)
    assert found.top2_upper[at] == pytest.approx(centre + half, rel=1e-9)


@pytest.mark.parametrize("name", DESIGNS)
def test_a_regression_equals_svyglm(file: Path, name: str) -> None:
    found = read(file, **DESIGNS[name]).drivers(outcome="sat", drivers=["q1", "q2"])
    golden = GOLDEN[name]
    assert found.covariance_type == "design"
    np.testing.assert_allclose(found.coefficients, golden["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found.se, golden["se"], rtol=1e-9)
    np.testing.assert_allclose(found.p, golden["p"], rtol=1e-8)


def test_the_table_says_what_its_errors_rest_on(file: Path) -> None:
    found = read(file, **DESIGNS["clusters"]).describe()
    assert "23 sampling units in 4 strata" in found.text("en")
    assert "4 层共 23 个抽样单元" in found.text("zh")


def test_without_a_design_nothing_changes(file: Path) -> None:
    plain = read(file)
    assert plain.responses.design is None
    assert plain.drivers(outcome="sat", drivers=["q1", "q2"]).covariance_type == "HC3"
    with pytest.raises(BadInput, match="need strata, clusters or populations"):
        plain.drivers(outcome="sat", drivers=["q1", "q2"], errors="design")


def test_a_number_is_the_population_of_a_survey_without_strata(file: Path) -> None:
    whole = read(file, population=str(len(drawn_rows())))
    np.testing.assert_array_equal(whole.describe().se, 0.0)  # everybody was asked
    # of the items everybody answered: a domain of the design counts those who were silent as drawn
    half = read(file, population=str(2 * len(drawn_rows()))).describe().se[1:]
    np.testing.assert_allclose(half, read(file).describe().se[1:] * np.sqrt(0.5), rtol=1e-9)


@pytest.mark.parametrize(
    ("design", "error", "says"),
    [
        ({"population": "nosuch"}, UnknownName, "nosuch"),
        ({"population": "q2"}, BadInput, "the population of stratum '' is both"),
        ({"strata": "stratum", "population": "3"}, CannotCompute, "more was drawn from a stratum"),
        ({"population": "cluster"}, BadInput, "does not say how many"),
    ],
)
def test_a_wrong_population_is_named(file: Path, design: dict[str, str], error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        read(file, **design)


def test_the_design_effect_stands_beside_each_mean(file: Path) -> None:
    weighted, clustered = read(file).describe(), read(file, **DESIGNS["clusters"]).describe()
    w = np.array([row[3] for row in drawn_rows()])
    assert weighted.deff[1] == pytest.approx(len(w) * (w**2).sum() / w.sum() ** 2)  # Kish
    columns = clustered.table("items").to_frame()
    np.testing.assert_allclose(columns["deff"], columns["n_answered"] / columns["effective_n"])
