"""Constructs of constructs and moderated paths against the textbook steps on the rows, with weights too."""

from __future__ import annotations

import numpy as np
import pytest

import pls_oracle as oracle
from csat.analyses.pls import pls
from csat.errors import BadInput
from csat.numerics.pls import path_structure
from matrix_survey import survey_of
from pls_cases import on_rows

BLOCKS = {"A": ["a1", "a2", "a3"], "B": ["b1", "b2"], "C": ["c1", "c2", "c3"], "D": ["d1", "d2"]}
ITEMS = [i for block in BLOCKS.values() for i in block]
PLACES = [range(3), range(3, 5), range(5, 8), range(8, 10)]
SCHEMES = ("path", "factor", "centroid")


def answered(rows: int = 150, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, rows))
    b = 0.5 * a + b
    c = 0.5 * a + 0.3 * b + 0.2 * a * b + 0.7 * rng.normal(size=rows)
    d = 0.6 * c + 0.6 * rng.normal(size=rows)
    columns = [f + 0.7 * rng.normal(size=rows) for f in (a, a, a, b, b, c, c, c, d, d)]
    return np.clip(np.rint(4 + np.column_stack(columns)), 1, 7)


@pytest.fixture(params=[False, True], ids=["plain", "weighted"])
def survey(request):
    """Responses, and the rows they stand for."""
    answers = answered()
    weights = np.random.default_rng(0).integers(1, 4, len(answers)) if request.param else None
    rows = answers if weights is None else np.repeat(answers, weights, axis=0)
    made = survey_of(answers, (1, 7), names=ITEMS, weights=None if weights is None else weights.astype(float))
    return made, rows


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("mode", ["A", "B"])
def test_two_stages_are_those_of_the_rows(survey, scheme: str, mode: str) -> None:
    made, rows = survey
    found = pls(
        made, constructs={**BLOCKS, "H": ["A", "B"]}, paths=[("H", "C"), ("C", "D")], scheme=scheme,
        modes={"H": mode}, replicates=0, predict=False,
    )  # fmt: skip
    first = path_structure(PLACES, [(0, 2), (1, 2), (2, 3)])
    second = path_structure([(0, 1, 2), (3, 4), (5, 6)], [(2, 0), (0, 1)], modes=["A", "A", mode])
    weights, paths = oracle.two_stage(rows, first, [5, 6, 7, 8, 9], [0, 1], second, scheme)
    assert found.constructs == ("C", "D", "H")
    assert found.higher_order == "two-stage"
    assert "two stages" in found.table("paths").to_text()
    np.testing.assert_allclose(found.weights, weights, atol=1e-7)
    np.testing.assert_allclose(found.path_coefficients, paths, atol=1e-7)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_moderated_path_is_that_of_the_rows(survey, scheme: str) -> None:
    made, rows = survey
    found = pls(
        made, constructs=BLOCKS, paths=[("A", "C"), ("B", "C"), ("C", "D")], scheme=scheme,
        moderation=["A*B->C"], replicates=0, predict=False,
    )  # fmt: skip
    structure = path_structure(PLACES, [(0, 2), (1, 2), (2, 3)])
    expected = oracle.with_product(rows, structure, 0, 1, 2, scheme)
    own = {p.cause: p.estimate for p in found.paths if p.effect == "C"}
    (moderated,) = found.moderation
    np.testing.assert_allclose([own["A"], own["B"], moderated.standardised], expected, atol=1e-6)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_repeated_indicators_are_one_model_on_repeated_columns(survey, scheme: str) -> None:
    made, rows = survey
    found = pls(
        made, constructs={**BLOCKS, "H": ["A", "B"]}, paths=[("H", "C"), ("C", "D")], scheme=scheme,
        higher_order="repeated-indicators", replicates=0, predict=False,
    )  # fmt: skip
    repeated = np.column_stack([rows, rows[:, :5]])
    structure = path_structure([*PLACES, range(10, 15)], [(4, 2), (2, 3), (4, 0), (4, 1)])
    weights, paths = on_rows(repeated, structure, scheme)
    np.testing.assert_allclose(found.weights, weights, atol=1e-7)
    np.testing.assert_allclose(found.path_coefficients, paths, atol=1e-7)
    y = oracle.scores_of(repeated, structure, weights)
    np.testing.assert_allclose(found.loadings, oracle.loadings_of(repeated, structure, y), atol=1e-7)
    assert found.r2[0] == pytest.approx(oracle.explained(y[:, 0], y[:, [4]]))
    assert "重复指标法" in found.table("paths").to_text("zh")
    # a construct and its own parts are not held against each other
    told = [c for c in found.cautions if c.code == "not_distinct"]
    assert not any({"H", "A"} <= set(c.where) and len(c.where) == 2 for c in told)


def test_a_formative_whole_is_made_up_of_its_parts() -> None:
    made = survey_of(answered(), (1, 7), names=ITEMS)
    found = pls(
        made, constructs={**BLOCKS, "H": ["A", "B"]}, paths=[("D", "H"), ("H", "C")], modes={"H": "B"},
        higher_order="repeated-indicators", replicates=0, predict=False,
    )  # fmt: skip
    assert found.r2[found.constructs.index("H")] > 0.98
    assert "made_up" in {c.code for c in found.cautions}


def test_one_product_may_moderate_two_paths_and_a_pair_only_once() -> None:
    made = survey_of(answered(), (1, 7), names=ITEMS)
    paths = [("A", "C"), ("B", "C"), ("C", "D"), ("A", "D"), ("B", "D")]
    found = pls(
        made, constructs=BLOCKS, paths=paths, moderation=["A*B->C", "A*B->D"], replicates=0, predict=True
    )
    assert [(m.product, m.effect) for m in found.moderation] == [("A x B", "C"), ("A x B", "D")]
    assert {p.construct for p in found.predictions} == {"C", "D"}
    with pytest.raises(BadInput, match="twice"):
        pls(made, constructs=BLOCKS, paths=paths, moderation=["A*B->C", "B*A->C"], replicates=0)
    with pytest.raises(BadInput, match="third stage"):
        pls(
            made, constructs={**BLOCKS, "H": ["A", "B"]}, paths=[("H", "C"), ("D", "C")],
            moderation=["H*D->C"], replicates=0,
        )  # fmt: skip


def test_prediction_reaches_the_items_below_a_construct_of_constructs() -> None:
    made = survey_of(answered(), (1, 7), names=ITEMS)
    found = pls(made, constructs={**BLOCKS, "H": ["C", "D"]}, paths=[("A", "H"), ("B", "H")], replicates=0)
    assert [p.item for p in found.predictions] == ["c1", "c2", "c3", "d1", "d2"]
    assert all(p.q2 > 0 for p in found.predictions)
    assert {t.construct for t in found.predictive_tests} == {"", "H"}
