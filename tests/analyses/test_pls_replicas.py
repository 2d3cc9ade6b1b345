"""A PLS model in every replicate, for what is built on it: modes, correction, correlations, two stages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from csat.analyses.pls import pls
from csat.analyses.pls_replicas import PlsHow, pls_replicas
from csat.errors import BadInput, CannotCompute
from csat.responses.responses import Responses
from csat.survey import Survey, read
from golden_data import reference_path
from matrix_survey import survey_of
from pls_cases import golden_case

FEW = 60


def parts() -> tuple[Responses, str]:
    """The stored answers to X, Y, Z, and their measurement."""
    case, whole = golden_case()
    text = "\n".join(f"{c} =~ {' + '.join(items)}" for c, items in whole["blocks"].items())
    return survey_of(case.answers, (1, 7), names=case.items), text


def plain() -> tuple[Responses, str]:
    made, text = parts()
    return made, f"{text}\nZ ~ X + Y"


def reliable() -> tuple[Responses, str]:
    """Items of which the correction gives a proper solution in nearly all replicates."""
    rng = np.random.default_rng(5)
    a = rng.normal(size=300)
    b = 0.6 * a + 0.8 * rng.normal(size=300)
    columns = [f + 0.6 * rng.normal(size=300) for f in (a, a, a, b, b, b)]
    made = survey_of(np.clip(np.rint(4 + np.column_stack(columns)), 1, 7), (1, 7), names=list("abcdef"))
    return made, "A =~ a + b + c\nB =~ d + e + f\nB ~ A"


@pytest.mark.parametrize(
    "options",
    [
        {"modes": "B"},
        {"modes": {"Y": "B"}, "scheme": "factor"},
        {"correlation": "polychoric"},
        {"consistent": True},
        {"missing": "listwise"},
    ],
)
def test_replicas_are_those_of_the_analysis(options: dict[str, Any]) -> None:
    made, model = reliable() if options.get("consistent") else plain()
    found = pls_replicas(made, model, how=PlsHow(**options), replicates=FEW, seed=3)
    shown = pls(made, model, replicates=FEW, seed=3, predict=False, **options)
    assert found.constructs == shown.constructs
    np.testing.assert_allclose(found.index.weights, shown.index_weights, atol=1e-7)
    # an index with a negative weight is withheld there
    known = np.isfinite(shown.index)
    np.testing.assert_allclose(found.index.performance[known], shown.index[known], atol=1e-6)
    np.testing.assert_allclose(found.index.total, shown.unstandardised_effects, atol=1e-6)
    kept = np.isfinite(found.performance).all(axis=0)
    spread = found.performance[:, kept].std(axis=1, ddof=1)
    np.testing.assert_allclose(spread[known], shown.index_se[known], rtol=1e-5)
    assert found.lost == shown.lost


def test_a_construct_of_constructs_stands_on_their_items() -> None:
    made, text = parts()
    model = f"{text}\nH =~ X + Y\nZ ~ H"
    found = pls_replicas(made, model, replicates=FEW, seed=3)
    shown = pls(made, model, replicates=FEW, seed=3, predict=False)
    assert shown.lower is not None
    assert found.constructs == ("Z", "H", "X", "Y")
    assert found.items_of("H") == (*found.items_of("X"), *found.items_of("Y"))
    np.testing.assert_allclose(found.index.performance[:2], shown.index, atol=1e-6)
    at = [shown.lower.constructs.index(c) for c in ("X", "Y")]
    np.testing.assert_allclose(found.index.performance[2:], shown.lower.index[at], atol=1e-6)
    np.testing.assert_allclose(found.performance[:2].std(axis=1, ddof=1), shown.index_se, rtol=1e-5)
    # weights of a construct sum to 1, on every level
    for c in found.constructs:
        assert found.index.weights[found.places_of(c)].sum() == pytest.approx(1)
        np.testing.assert_allclose(found.weights[found.places_of(c)].sum(axis=0), 1)
    value, drawn = found.effects_on("Z")
    # raising every item by a point raises the whole by one, and Z by the total effect
    items = found.items_of("H")
    assert sum(value[i] for i in items) == pytest.approx(value["H"])
    assert value["X"] + value["Y"] == pytest.approx(value["H"])
    np.testing.assert_allclose(sum(drawn[i] for i in items), drawn["H"])
    assert value["H"] == pytest.approx(shown.unstandardised_effects[1, 0])
    assert found.without_index("H") == ""


def test_an_improper_correction_is_no_ground_for_action() -> None:
    made, text = parts()
    with pytest.raises(BadInput, match="second stage"):
        pls_replicas(made, f"{text}\nH =~ X + Y\nZ ~ H", how=PlsHow(consistent=True), replicates=0)
    mobile = read(reference_path("data", "mobi.csv"), instrument="ecsi")
    with pytest.raises(CannotCompute, match="improper"):
        mobile.priorities(importance="pls", consistent=True, replicates=0)


@pytest.fixture(scope="module")
def mobile() -> Survey:
    return read(reference_path("data", "mobi.csv"), instrument="ecsi")


def test_priorities_and_what_if_take_the_way_the_model_is_estimated(mobile: Survey) -> None:
    plain = mobile.priorities(importance="pls", level="construct", replicates=0)
    by_regression = mobile.priorities(importance="pls", level="construct", modes="B", replicates=0)
    shown = mobile.pls(modes="B", replicates=0, predict=False)
    points = {e.cause: e.points for e in shown.effects if e.effect == shown.target}
    np.testing.assert_allclose(by_regression.importance, [points[c] for c in by_regression.items], atol=1e-6)
    assert not np.allclose(plain.importance, by_regression.importance, atol=1e-3)
    raised = mobile.what_if({"Quality": 0.2}, modes="B", replicates=100)
    assert raised.method == "pls"
    assert raised.index.change[0] == pytest.approx(0.2 * 100 / 9 * points["Quality"], abs=1e-6)


def test_polychoric_replicates_reach_the_priorities(mobile: Survey) -> None:
    found = mobile.priorities(
        importance="pls", level="construct", correlation="polychoric", measures=[], replicates=30
    )
    assert found.certainty is not None
    shown = mobile.pls(correlation="polychoric", replicates=0, predict=False)
    points = {e.cause: e.points for e in shown.effects if e.effect == shown.target}
    np.testing.assert_allclose(found.importance, [points[c] for c in found.items], atol=1e-6)
