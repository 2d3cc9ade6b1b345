"""A change known from two published shares: the power survey of the sources."""

import json

import pytest

from csat.analyses.published_change import published_change
from csat.errors import BadInput


def test_without_n_there_is_no_verdict_but_the_n_needed():
    result = published_change(0.82, 0.88)
    assert result.is_significant is None
    assert (result.n_significant, result.n_power) == (273, 555)
    assert "273" in result.headline()[1].en
    assert "555" in result.headline()[1].en
    assert "no verdict" in result.headline()[1].en
    assert result.verdict.level == "doubtful"
    assert "more than chance" not in result.text()


def test_with_n_the_change_is_tested():
    result = published_change(0.82, 0.88, n_1=500, n_2=500)
    assert result.is_significant
    assert f"{result.z:.2f} {result.p:.3f} {100 * result.change:+.1f}" == "2.66 0.008 +6.0"
    assert "z = 2.66, p = 0.008: more than chance" in result.headline()[1].en
    small = published_change(0.82, 0.88, n_1=200)
    assert not small.is_significant
    assert f"{small.z:.2f} {small.p:.3f}" == "1.68 0.093"


def test_one_n_stands_for_both():
    assert published_change(0.82, 0.88, n_2=500).z == published_change(0.82, 0.88, n_1=500, n_2=500).z


def test_equal_shares_need_no_n():
    result = published_change(0.5, 0.5)
    assert result.n_significant is None
    assert published_change(0.5, 0.5, n_1=10).is_significant is False


def test_small_counts_are_doubted():
    codes = {c.code for c in published_change(0.01, 0.03, n_1=100).cautions}
    assert codes == {"independent_samples", "small_expected"}


def test_nobody_changed_from_nobody():
    assert published_change(0.0, 0.0, n_1=10).is_significant is None


def test_per_cent_are_refused():
    with pytest.raises(BadInput, match=r"82 % is 0\.82"):
        published_change(82, 88)
    with pytest.raises(BadInput, match="confidence is 95"):
        published_change(0.8, 0.9, confidence=95)
    with pytest.raises(BadInput, match="no sample"):
        published_change(0.8, 0.9, n_1=0)


def test_the_result_is_plain_json_in_two_languages():
    result = published_change(0.82, 0.88, n_1=500)
    assert json.loads(json.dumps(result.to_dict()))["n_power"] == 555
    assert "超出偶然波动" in result.summary("zh")
