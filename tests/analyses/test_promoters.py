"""NPS, CSAT and CES of a survey: what is computed, refused and doubted."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from csat.analyses.boxes import csat_top2, effort
from csat.analyses.promoters import nps
from csat.errors import BadInput, CannotCompute
from csat.instrument.instrument import Scale, Segment
from csat.language import Text
from csat.responses.responses import Responses
from small_surveys import FIVE, TEN, bound

ELEVEN = Scale("eleven", 0, 10)


def survey(counts: dict[int, int], **options: Any) -> Responses:
    answers = [a for a, k in counts.items() for _ in range(k)]
    return bound({"rec": answers, **options.pop("columns", {})}, {"rec": ELEVEN}, **options)


def test_the_fixture_has_its_score_and_interval() -> None:
    result = nps(survey({10: 120, 9: 80, 8: 134, 3: 66}), item="rec")
    assert result.score[0] == pytest.approx(33.5)
    assert result.interval == ("normal",)
    assert result.ci_upper[0] - result.ci_lower[0] == pytest.approx(2 * 1.959963984540054 * result.se[0])
    assert not result.cautions


def test_groups_stand_against_the_rest_with_holms_p() -> None:
    answers = [10] * 60 + [5] * 20 + [10] * 20 + [5] * 60 + [8] * 10
    groups = ["a"] * 80 + ["b"] * 80 + ["c"] * 10
    s = bound({"rec": answers, "g": groups}, {"rec": ELEVEN}, segments=(Segment("g", Text("Group", "组")),))
    result = nps(s, item="rec", segments=["g"])
    assert result.groups[1:] == (Text("a"), Text("b"), Text("c"))
    a, rest = result.score[1], 100 * (20 - 60) / 90
    assert result.difference[1] == pytest.approx(a - rest)
    assert result.p[1] < 1e-6
    # ten respondents are shown without a test
    assert np.isnan(result.p[3]) and np.isfinite(result.difference[3])
    assert result.p_adjusted[1] == pytest.approx(2 * min(result.p[1], result.p[2]))
    assert list(result.tables()) == ["nps", "differences"]
    assert "rec" in json.dumps(result.to_dict())
    for name, plot in result.plots().items():
        assert "<svg" in plot.svg("zh", salt=name)
    for language in ("en", "zh"):
        assert result.text(language)


@pytest.mark.parametrize("counts", [{10: 10, 5: 10}, {10: 100, 8: 100, 3: 2}])
def test_few_answers_or_few_detractors_are_resampled_and_doubted(counts: dict[int, int]) -> None:
    result = nps(survey(counts), item="rec", replicates=400)
    assert result.interval[0] == "percentile bootstrap"
    assert [c.code for c in result.cautions] == ["small sample"]
    assert result.ci_lower[0] < result.score[0] < result.ci_upper[0]


def test_another_scale_has_no_net_promoter_score() -> None:
    with pytest.raises(BadInput, match="top2"):
        nps(bound({"rec": [9] * 40}, {"rec": TEN}), item="rec")
    with pytest.raises(CannotCompute, match="nobody answered"):
        nps(bound({"rec": [None] * 4, "x": [1] * 4}, {"rec": ELEVEN, "x": FIVE}), item="rec")


def test_csat_is_the_share_of_the_two_best() -> None:
    # METHODS 2: counts 5 10 25 110 50
    answers = np.repeat([1, 2, 3, 4, 5], [5, 10, 25, 110, 50]).tolist()
    result = csat_top2(bound({"y": answers}, {"y": FIVE}), item="y")
    assert result.share == pytest.approx(0.80)
    # METHODS prints .739115 for the lower end; the formula of Wilson gives .739145
    assert (result.share_lower, result.share_upper) == pytest.approx((0.739145, 0.849548), abs=5e-7)
    assert (result.mean, result.score) == pytest.approx((3.95, 73.75))
    assert result.text("zh")


def test_effort_is_turned_where_high_is_hard() -> None:
    easy = bound({"y": [7, 6, 5, 4, 1]}, {"y": Scale("ease", 1, 7)})
    hard = bound({"y": [1, 2, 3, 4, 7]}, {"y": Scale("hard", 1, 7, higher_is="worse")})
    assert effort(easy, item="y").share == pytest.approx(3 / 5)
    assert effort(hard, item="y").share == pytest.approx(3 / 5)
    assert effort(hard, item="y").mean == effort(easy, item="y").mean == pytest.approx(4.6)
    assert effort(bound({"y": [4, 5, 1, 2]}, {"y": FIVE}), item="y").boxes == 2
