"""The improvement loop: planted improvements are found, and what cannot be judged is said."""

import json

import numpy as np
import pytest

from csat.analyses.improvement import improvement
from csat.analyses.waves import waves
from csat.errors import BadInput, CannotCompute, UnknownName
from matrix_survey import survey_of


def two_waves(lifted=(), p=12, absent=()):
    rng = np.random.default_rng(8)
    before = np.clip(np.round(rng.normal(3, 0.8, (300, p))), 1, 5)
    after = np.clip(np.round(rng.normal(3, 0.8, (300, p)) + 0.1), 1, 5)
    for j in lifted:
        after[:, j] = np.clip(after[:, j] + (rng.random(300) < 0.6), 1, 5)
    for j in absent:
        after[:, j] = np.nan
    return waves({"2024": survey_of(before), "2025": survey_of(after)})


def test_planted_improvements_are_found():
    result = improvement(two_waves(lifted=(0, 1, 2)), ["i1", "i2", "i3"])
    assert result.exact
    assert result.permutations == 220
    assert result.p == pytest.approx(1 / 220)
    assert result.difference == pytest.approx(result.mean_acted - result.mean_others)
    assert result.difference > 0.3
    assert "more than chance" in result.headline()[0].en
    assert result.table().column("item")[:3] == tuple(
        sorted(("i1", "i2", "i3"), key=lambda m: -result.change[result.items.index(m)])
    )


def test_no_action_shows_no_difference():
    result = improvement(two_waves(), ["i4", "i5", "i6"])
    assert result.p > 0.05
    assert "no evidence" in result.headline()[0].en


def test_few_items_cannot_prove_anything():
    result = improvement(two_waves(lifted=(0,), p=5), ["i1"])
    assert {c.code for c in result.cautions} == {"few_others", "no_power"}
    assert result.p == pytest.approx(0.2)


def test_items_of_one_wave_only_are_left_out_or_named():
    made = two_waves(absent=(11,))
    assert "i12" not in improvement(made, ["i1"]).items
    with pytest.raises(CannotCompute, match="i12 was not asked"):
        improvement(made, ["i12"])


def test_wrong_calls_are_refused():
    made = two_waves(p=4)
    with pytest.raises(UnknownName, match="item"):
        improvement(made, ["i9"])
    with pytest.raises(UnknownName, match="wave"):
        improvement(made, ["i1"], first="2023")
    with pytest.raises(BadInput, match="everything"):
        improvement(made, ["i1", "i2", "i3", "i4"])
    with pytest.raises(BadInput, match="nothing"):
        improvement(made, [])
    with pytest.raises(BadInput, match="permutations"):
        improvement(made, ["i1"], permutations=0)


def test_the_result_is_plain_json_and_draws():
    result = improvement(two_waves(lifted=(0,)), ["i1"])
    assert json.loads(json.dumps(result.to_dict()))["acted_on"][0] is True
    assert result.plot("items", language="zh").get_xlabel() == "平均回答的变化"
    assert "采取措施" in result.summary("zh")
