"""What-if: by hand, against the path model, under the ceiling, and what is doubted."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import csat
from csat.analyses.result import Base
from csat.analyses.what_if import ItemEffects, Outcome, Raised, what_if
from csat.chain import Chain
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.instrument.instrument import Scale
from csat.language import Text
from csat.survey import Survey
from golden_data import reference_path
from small_surveys import FIVE, bound

BASE = Base(respondents=100, effective_n=100.0, missing="available", rows=100)


def effects(mean: tuple[float, ...], effect: tuple[float, ...], spread: float = 0.0) -> ItemEffects:
    rng = np.random.default_rng(0)
    p = len(mean)
    m, e = np.array(mean), np.array(effect)
    return ItemEffects(
        tuple("abc"[:p]), m, np.ones(p), np.ones(p), np.full(p, 5.0),
        np.repeat(m[:, None], 500, axis=1), e, e[:, None] + spread * rng.normal(size=(p, 500)),
    )  # fmt: skip


def asked(items: ItemEffects, *raised: Raised, now: float = 70.0, **options: Any) -> Any:
    drawn = np.full(500, now)
    index = Outcome(Text("index"), now, drawn, 0.0, 100.0, items.effect, items.drawn_effect)
    return what_if(raised=raised, items=items, index=index, method="pls", base=BASE, **options)


def test_a_raise_of_0_4_of_5_points_is_ten_points_of_100() -> None:
    result = asked(effects((3.0,), (0.5,)), Raised("a", Text("a"), 0.4, (0,)))
    assert result.index.change == pytest.approx([5])
    assert result.index.after == pytest.approx([75])
    assert (result.mean[0], result.raised_to[0]) == pytest.approx((3.0, 3.4))
    # nothing varies in these replicates
    assert result.index.ci_lower == result.index.ci_upper == pytest.approx([5])


def test_the_interval_is_that_of_the_effect() -> None:
    result = asked(effects((3.0,), (0.5,), spread=0.1), Raised("a", Text("a"), 0.4, (0,)))
    assert result.index.se[0] == pytest.approx(10 * 0.1, rel=0.1)
    assert result.index.ci_lower[0] == pytest.approx(5 - 1.96, abs=0.25)


def test_no_mean_passes_the_top_of_its_scale_and_no_index_100() -> None:
    items = effects((4.9, 3.0), (0.5, 0.5))
    result = asked(items, Raised("a", Text("a"), 0.4, (0,)), Raised("b", Text("b"), 0.4, (1,)))
    assert result.possible[:2] == pytest.approx([0.1, 0.4])
    assert result.index.change == pytest.approx([1.25, 5, 6.25])
    assert "ceiling" in [c.code for c in result.cautions]
    high = asked(effects((3.0,), (2.0,)), Raised("a", Text("a"), 1.0, (0,)), now=90.0)
    assert high.index.change == pytest.approx([10])
    assert high.index.after == pytest.approx([100])


def test_a_construct_rises_by_its_items_and_an_item_named_twice_by_both() -> None:
    items = effects((3.0, 3.0), (0.2, 0.3))
    result = asked(items, Raised("C", Text("C"), 0.4, (0, 1)), Raised("a", Text("a"), 0.4, (0,)))
    assert result.index.change == pytest.approx([5, 2, 7])


def test_far_raises_and_negative_effects_are_doubted() -> None:
    result = asked(effects((2.0,), (-0.1,)), Raised("a", Text("a"), 1.5, (0,)))
    assert [c.code for c in result.cautions] == ["not causal", "far", "negative effect"]


def test_what_is_no_raise_is_refused() -> None:
    items = effects((3.0,), (0.5,))
    with pytest.raises(BadInput, match="nothing is raised"):
        asked(items)
    with pytest.raises(BadInput, match="positive number"):
        asked(items, Raised("a", Text("a"), 0.0, (0,)))
    with pytest.raises(CannotCompute, match="effect of 'a'"):
        asked(effects((3.0,), (float("nan"),)), Raised("a", Text("a"), 0.3, (0,)))


# On surveys


@pytest.fixture(scope="module")
def mobile() -> Survey:
    return csat.read(reference_path("data", "mobi.csv"), instrument="ecsi")


def test_by_pls_a_point_brings_what_the_path_model_says(mobile: Survey) -> None:
    model = mobile.pls(replicates=0)
    result = mobile.what_if({"va2": 0.9, "Image": 0.9, "sa1": 0.9}, replicates=200)
    assert result.method == "pls"
    # .9 of a 1-10 scale are ten points of 100
    item = model.item_importance[model.items.index("va2")]
    image, target = model.constructs.index("Image"), model.constructs.index("Satisfaction")
    weight = model.index_weights[model.items.index("sa1")]
    expected = 10 * np.array([item, model.unstandardised_effects[image, target], weight])
    np.testing.assert_allclose(result.index.change[:3], expected, rtol=1e-9)
    assert result.index.change[3] == pytest.approx(expected.sum())
    assert result.index.before == pytest.approx(72.4541179309101, abs=1e-6)
    assert (result.index.ci_lower[:3] < result.index.change[:3] + 1e-9).all()


def test_without_a_raise_the_first_priorities_rise(mobile: Survey) -> None:
    result = mobile.what_if(replicates=200)
    assert result.names == (*mobile.priorities(replicates=0).items_by_rank()[:5], "together")
    assert json.loads(json.dumps(result.to_dict()))["nps"] is None
    for language in ("en", "zh"):
        assert result.text(language)
    assert "<svg" in result.plots()["what_if"].svg("zh", salt="w")
    with pytest.raises(UnknownName, match="va2"):
        mobile.what_if({"va3": 0.3})


def test_by_regression_the_index_and_the_nps_follow_the_least_squares() -> None:
    rng = np.random.default_rng(0)
    n = 400
    general = rng.normal(size=n)
    columns: dict[str, list[Any]] = {
        name: np.clip(np.round(3 + general + rng.normal(size=n)), 1, 5).astype(int).tolist()
        for name in ("a", "b", "c", "y")
    }
    columns["rec"] = np.clip(np.round(6 + 2 * general + rng.normal(size=n)), 0, 10).astype(int).tolist()
    scales = dict.fromkeys(("a", "b", "c", "y"), FIVE) | {"rec": Scale("eleven", 0, 10)}
    survey = bound(
        columns, scales, constructs={"A": ("a", "b"), "C": ("c",), "Y": ("y",), "L": ("rec",)},
        roles={"Y": "outcome", "L": "loyalty"},
    )  # fmt: skip
    result = Chain(survey).what_if({"a": 0.4, "C": 0.4}, nps="rec", replicates=200)
    x = {k: 25 * (np.array(v) - 1.0) for k, v in columns.items() if k != "rec"}
    design = np.column_stack([np.ones(n), (x["a"] + x["b"]) / 2, x["c"]])
    score = np.array([100.0 if r >= 9 else 0.0 if r >= 7 else -100.0 for r in columns["rec"]])
    for y, changes in ((x["y"], result.index), (score, result.nps)):
        b = np.linalg.lstsq(design, y, rcond=None)[0]
        assert changes is not None
        np.testing.assert_allclose(changes.change, [10 * b[1] / 2, 10 * b[2], 5 * b[1] + 10 * b[2]])
        assert changes.before == pytest.approx(y.mean())
    assert result.nps is not None
    assert result.table("nps").column("change") == pytest.approx(result.nps.change)
    # the replicates are those of a regression bootstrap: close to the classical error here
    residual = x["y"] - design @ np.linalg.lstsq(design, x["y"], rcond=None)[0]
    cov = np.linalg.inv(design.T @ design) * (residual @ residual) / (n - 3)
    assert result.index.se[1] == pytest.approx(10 * np.sqrt(cov[2, 2]), rel=0.2)
