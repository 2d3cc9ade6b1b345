"""Scores of respondents: lavaan's factor scores, rows as they came, files a spreadsheet cannot misread."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import csat
from csat.analyses.respondent_scores import RespondentScores, factor_scores
from csat.analyses.result import Base
from csat.analyses.structural.answers import Answers
from csat.cli import run
from csat.errors import BadInput, CannotCompute, UnknownName
from language_data import NAMES, ORDERED, answers

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "respondent_scores.json").read_text(encoding="utf-8")
)
MODEL = "A =~ a1 + a2 + a3 + a4\nB =~ b1 + b2 + b3 + b4"


def data(*, gaps: bool = False) -> Answers:
    return Answers.of_rows(answers(gaps=gaps), NAMES)


def written(tmp_path: Path) -> Path:
    """The answers with gaps as a file; the third respondent answered nothing of A."""
    rows = answers(gaps=True)[:200, :8].round()
    rows[2, :4] = np.nan
    path = tmp_path / "answers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(NAMES[:8])
        out.writerows([["" if v != v else f"{v:.0f}" for v in row] for row in rows.tolist()])
    return path


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda c: c["name"])
def test_factor_scores_equal_lavaan(case: dict) -> None:
    found = factor_scores(
        case["model"],
        data(gaps=case["gaps"]),
        method=case["method"],
        estimator=case["estimator"],
        ordered=ORDERED if case["ordered"] else False,
        missing=case["missing"],
    )
    np.testing.assert_allclose(found.scores[:30], case["scores"], atol=GOLDEN["tolerance"])


def test_who_answered_nothing_has_no_score_and_keeps_the_row() -> None:
    rows = answers()
    rows[[3, 7]] = np.nan
    for ordered in (ORDERED, ()):
        found = factor_scores(
            MODEL,
            Answers.of_rows(rows, NAMES),
            estimator="WLSMV" if ordered else "ML",
            ordered=ordered,
            rows=range(10, 510),
        )
        assert found.scores.shape == (500, 2)
        assert np.flatnonzero(np.isnan(found.scores).any(axis=1)).tolist() == [3, 7]
        assert found.rows[3] == 13


def test_the_mode_is_the_most_probable_construct() -> None:
    from csat.numerics.factor_scores import modal_scores
    from csat.numerics.structure import Structure
    from structures import cells

    structure = Structure(
        4,
        3,
        directed=cells([(0, 3, -1, 0.8), (1, 3, -1, 0.6), (2, 3, -1, 0.7)]),
        symmetric=cells([(0, 0, -1, 0.36), (1, 1, -1, 0.64), (2, 2, -1, 0.51), (3, 3, -1, 1.0)]),
    )
    from scipy.special import ndtr

    cuts = np.array([-1.0, 0.5, -0.5, 0.0, 1.0])
    rows = np.array([[0.0, 2.0, 0.3], [2.0, np.nan, -1.0]])
    found = modal_scores(structure, np.zeros(0), rows, item=np.array([0, 0, 1, 1, 1]), thresholds=cuts)
    grid = np.linspace(-4, 4, 80001)

    def log_p(low: float, high: float, loading: float, residual: float) -> np.ndarray:
        sd = np.sqrt(residual)
        return np.log(ndtr((high - loading * grid) / sd) - ndtr((low - loading * grid) / sd))

    first = (
        log_p(-np.inf, -1.0, 0.8, 0.36)
        + log_p(0.0, 1.0, 0.6, 0.64)
        - (0.3 - 0.7 * grid) ** 2 / 2 / 0.51
        - grid**2 / 2
    )
    second = log_p(0.5, np.inf, 0.8, 0.36) - (-1.0 - 0.7 * grid) ** 2 / 2 / 0.51 - grid**2 / 2
    assert found[0, 0] == pytest.approx(grid[first.argmax()], abs=1e-4)
    assert found[1, 0] == pytest.approx(grid[second.argmax()], abs=1e-4)


def test_a_model_without_a_proper_solution_gives_no_scores() -> None:
    with pytest.raises(CannotCompute, match="nobody can be given factor scores"):
        factor_scores("A =~ a1 + a2", data(), estimator="ML")


def test_methods_that_do_not_go_with_the_items_are_refused() -> None:
    with pytest.raises(BadInput, match="the method is EBM"):
        factor_scores(MODEL, data(), method="Bartlett", estimator="WLSMV", ordered=ORDERED)
    with pytest.raises(UnknownName):
        factor_scores(MODEL, data(), method="mean")
    with pytest.raises(BadInput, match="measures no construct"):
        factor_scores("a1 ~ a2", data())


def test_no_text_of_a_file_of_scores_can_pass_for_a_formula() -> None:
    found = RespondentScores(
        base=Base(2, 2.0, "available", 2),
        method="mean",
        constructs=("=A", "B"),
        rows=(1, 2),
        respondents=("=1+1", "@x"),
        scores=np.array([[1.0, -2.5], [np.nan, 3.0]]),
    )
    rows = list(csv.reader(io.StringIO(found.to_csv().decode("utf-8-sig"))))
    assert rows[0] == ["row", "respondent", "'=A", "B"]
    assert rows[1] == ["1", "'=1+1", "1.0", "-2.5"]
    assert rows[2] == ["2", "'@x", "", "3.0"]


def test_the_command_writes_a_row_for_each_respondent(tmp_path: Path) -> None:
    path, model, out = written(tmp_path), tmp_path / "model.txt", tmp_path / "scores.csv"
    model.write_text(MODEL, encoding="utf-8")
    asked = [str(path), "--items", ",".join(NAMES[:8]), "--model", str(model)]
    assert run(["scores", *asked, "--method", "bartlett", "--estimator", "MLR", "-o", str(out)]) == 0
    rows = list(csv.reader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert len(rows) == 201
    assert rows[0][-2:] == ["A", "B"]
    # Bartlett's score of a construct needs answers to its own items
    assert rows[3][:2] == ["3", ""]
    assert all(rows[k][0] == str(k) for k in range(1, 201))


def test_means_and_points_need_constructs_and_no_model(tmp_path: Path) -> None:
    survey = csat.read(
        written(tmp_path),
        items=["a1", "a2", "b1", "b2"],
        scale=(1, 5),
        constructs={"A": ["a1", "a2"], "B": ["b1", "b2"]},
    )
    means, points = survey.scores(), survey.scores(method="0-100")
    np.testing.assert_allclose(points.scores, (means.scores - 1) * 25)
    assert np.isnan(means.scores[2, 0])
    assert not np.isnan(means.scores[0]).any()
    with pytest.raises(BadInput, match="need no model"):
        survey.scores(model=MODEL)


def test_pls_scores_have_variance_one_where_everybody_answered(tmp_path: Path) -> None:
    survey = csat.read(
        written(tmp_path),
        items=["a1", "a2", "a4", "b1", "b2"],
        constructs={"A": ["a1", "a2", "a4"], "B": ["b1", "b2"]},
    )
    model = "A =~ a1 + a2 + a4\nB =~ b1 + b2\nB ~ A"
    complete = survey.pls(model=model, replicates=0, predict=False, missing="listwise")
    found = survey.scores(method="PLS", model=model)
    assert found.constructs == complete.constructs
    spread = np.nanstd(found.scores, axis=0, ddof=1)
    np.testing.assert_allclose(spread, 1, atol=0.05)
