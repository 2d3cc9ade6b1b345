"""Raked weights on small surveys: margins, crosses, wording, trimming, and what is refused."""

import json

import numpy as np
import pytest

from csat.analyses.weighting import weighting
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.instrument.instrument import Segment
from csat.language import Text
from csat.tally.tally import count
from small_surveys import FIVE, bound

SEX = Segment("sex", Text("Sex", "性别"), {"1": Text("female", "女"), "2": Text("male", "男")})
AREA = Segment("area", Text("Area", "地区"))


def people(*cells, weight=None):
    """A survey of (sex, area, how many) cells; answers are 1 for town, 5 for village."""
    sex, area, q = [], [], []
    for s, a, k in cells:
        sex += [s] * k
        area += [a] * k
        q += ["1" if a == "town" else "5"] * k
    columns = {"q": q, "sex": sex, "area": area}
    if weight is not None:
        columns["w"] = [str(w) for w in weight]
    return bound(columns, {"q": FIVE}, segments=[SEX, AREA], weight="w" if weight is not None else "")


FOUR = people(("1", "town", 40), ("1", "village", 10), ("2", "town", 20), ("2", "village", 30))
MARGINS = {"sex": {"female": 60, "male": 40}, "area": {"town": 0.5, "village": 0.5}}


def test_the_cells_of_methods():
    """METHODS 19: 40 10 / 20 30 to rows 60 40 and columns 50 50."""
    result = weighting(FOUR, MARGINS)
    np.testing.assert_allclose(result.weights[[0, 40, 50, 70]], [1, 2, 0.5, 1], rtol=1e-8)
    np.testing.assert_allclose([m.after[0] for m in result.margins], [0.6, 0.5], atol=1e-9)
    assert result.converged
    assert not result.cautions
    assert "All 2 margins are met" in result.headline()[0].en


def test_weights_applied_move_the_mean():
    result = weighting(FOUR, {"area": {"town": 1, "village": 3}})
    weighted = count(result.apply(FOUR))
    assert weighted.means()[0] == pytest.approx(0.25 * 1 + 0.75 * 5)
    assert weighted.effective_n == pytest.approx(result.base.effective_n)


def test_weights_are_not_applied_to_other_rows():
    with pytest.raises(BadInput, match="other rows"):
        weighting(FOUR, MARGINS).apply(FOUR.where(np.arange(50)))


def test_categories_are_known_by_code_and_by_wording():
    by = [{"1": 60, "2": 40}, {"Female": 60, "MALE": 40}, {"女": 60, "男": 40}]
    weights = [weighting(FOUR, {"sex": m}).weights for m in by]
    np.testing.assert_allclose(weights[0], weights[1])
    np.testing.assert_allclose(weights[0], weights[2])
    assert weighting(FOUR, {"sex": by[0]}).margins[0].titles == (Text("female", "女"), Text("male", "男"))


def test_a_cross_of_two_columns_is_one_margin():
    cross = {"female*town": 25, "female * village": 25, "男*town": 25, "2*village": 25}
    result = weighting(FOUR, {"sex*area": cross})
    np.testing.assert_allclose(result.margins[0].after, 0.25, atol=1e-9)
    assert result.margins[0].title.zh == "性别 × 地区"
    assert result.margins[0].titles[3].en == "male x village"
    assert result.steps == 1


def test_margins_met_before_change_nothing():
    result = weighting(FOUR, {"sex": {"female": 1, "male": 1}})
    np.testing.assert_allclose(result.weights, 1)
    assert result.deff == pytest.approx(1)


def test_design_weights_are_the_start():
    own = np.where(np.arange(100) % 2, 1.5, 0.5)
    survey = people(
        ("1", "town", 40), ("1", "village", 10), ("2", "town", 20), ("2", "village", 30), weight=own
    )
    kept = weighting(survey, MARGINS)
    np.testing.assert_allclose(kept.weights[1] / kept.weights[0], 3)
    assert kept.deff_before == pytest.approx(1.25)
    np.testing.assert_allclose(weighting(survey, MARGINS, use_weights=False).weights[:40], 1, rtol=1e-8)


def test_trimmed_weights_come_with_their_report():
    survey = people(("1", "town", 95), ("2", "town", 5))
    free = weighting(survey, {"sex": {"1": 50, "2": 50}})
    assert {c.code for c in free.cautions} == {"large_weight", "design_effect", "small_effective_n"}
    held = weighting(survey, {"sex": {"1": 50, "2": 50}}, bounds=(0.3, 3))
    assert held.maximum == pytest.approx(3)
    assert held.trimmed_high == 5
    assert held.untrimmed[1] == pytest.approx(10)
    assert held.gap == pytest.approx(0.35)
    assert "margins_missed" in {c.code for c in held.cautions}
    assert held.deff < free.deff
    assert held.table("weights").rows == 15


def test_respondents_without_category_keep_their_weight():
    survey = people(("1", "town", 30), ("2", "town", 10), ("", "town", 10))
    result = weighting(survey, {"sex": {"1": 50, "2": 50}})
    np.testing.assert_allclose(result.weights[-10:], 1)
    assert result.cautions[0].code == "unknown_category"
    assert "Sex: 10" in result.cautions[0].text.en


def test_margins_that_contradict_each_other_fail():
    survey = people(("1", "town", 20), ("2", "village", 20))
    result = weighting(survey, {"sex": {"1": 50, "2": 50}, "area": {"town": 20, "village": 80}})
    assert result.verdict.failed
    assert not result.converged


def test_what_cannot_be_weighted_is_named():
    with pytest.raises(CannotCompute, match="nobody is in category 'island'"):
        weighting(FOUR, {"area": {"town": 1, "village": 1, "island": 1}})
    with pytest.raises(BadInput, match=r"50 respondents .* village") as caught:
        weighting(people(("1", "town", 5), ("1", "village", 50)), {"area": {"town": 1}})
    assert "margin 'area'" in str(caught.value)
    with pytest.raises(UnknownName, match="regio"):
        weighting(FOUR, {"regio": {"a": 1}})
    with pytest.raises(BadInput, match="'village' has no positive share"):
        weighting(FOUR, {"area": {"town": 1, "village": 0}})
    with pytest.raises(BadInput, match="needs a margin"):
        weighting(FOUR, {})
    with pytest.raises(BadInput, match="times their mean"):
        weighting(FOUR, MARGINS, bounds=(2, 3))


def test_the_result_is_plain_json_and_draws():
    result = weighting(FOUR, MARGINS)
    made = json.loads(json.dumps(result.to_dict()))
    assert len(made["weights"]) == 100
    assert made["margins"][0]["categories"] == ["female", "male"]
    assert "设计效应" in result.summary("zh")
    assert result.plot("weights", language="zh").get_xlabel() == "权重"
