"""Items by group: R's figures of the two groups, boxes, and what is refused."""

import json

import numpy as np
import pytest

from csat.analyses.groups import describe_groups
from csat.errors import BadInput, CannotCompute
from csat.language import Text
from csat.tally.tally import count
from golden_data import recipe_matrix, reference, reference_rows
from matrix_survey import survey_of


def test_means_by_gender_agree_with_r():
    g = reference("descriptive")["satisfaction_gender"]["sat1_by_gender"]
    answers = recipe_matrix(g["recipe"])
    header, rows = reference_rows(g["recipe"]["file"])
    gender = np.array([row[header.index("gender")] for row in rows])
    result = describe_groups(
        {
            level: count(survey_of(answers[gender == level], (0, 10), names=["sat1"]))
            for level in g["by_group"]["levels"]
        },
        group=Text("gender", "性别"),
    )
    close = {"rtol": 1e-12}
    assert result.n_answered[:, 0].tolist() == g["by_group"]["n"]
    np.testing.assert_allclose(result.mean[:, 0], g["by_group"]["mean"], **close)
    np.testing.assert_allclose(result.sd[:, 0], g["by_group"]["sd"], **close)
    for i, level in enumerate(result.groups):
        q1, middle, q3 = np.quantile(answers[gender == level, 0], [0.25, 0.5, 0.75])
        assert (result.boxes[i][0].q1, result.boxes[i][0].median, result.boxes[i][0].q3) == (q1, middle, q3)
    assert "female 7.35" in result.headline()[0].en
    assert result.base.respondents == 250


def groups(**options):
    rng = np.random.default_rng(0)
    return describe_groups(
        {f"g{k}": count(survey_of(np.clip(rng.normal(2 + k, 1, (50, 2)).round(), 1, 5))) for k in range(3)},
        **options,
    )


def test_a_small_group_is_a_caution():
    small = {
        "big": count(survey_of(np.resize([1, 2, 5], (60, 1)))),
        "small": count(survey_of([[1.0], [2.0]])),
    }
    result = describe_groups(small)
    assert result.cautions[0].where == ("small",)
    assert groups().cautions == ()


def test_an_empty_group_is_undefined_and_the_rest_goes_on():
    result = describe_groups(
        {
            "some": count(survey_of(np.resize([1.0, 4.0], (40, 1)))),
            "none": count(survey_of(np.full((3, 1), np.nan))),
        }
    )
    assert np.isnan(result.mean[1, 0])
    assert result.mean[0, 0] == 2.5
    assert list(result.plots()) == ["i1"]


def test_groups_of_different_items_are_refused():
    with pytest.raises(BadInput, match="other items"):
        describe_groups({"a": count(survey_of([[1.0]])), "b": count(survey_of([[1.0]], names=["x"]))})
    with pytest.raises(BadInput, match="no group"):
        describe_groups({})
    with pytest.raises(CannotCompute):
        describe_groups({"a": count(survey_of(np.full((3, 1), np.nan)))})


def test_items_without_categories_have_means_but_no_boxes():
    result = describe_groups({"a": count(survey_of(np.arange(40.0)[:, None], None))})
    assert result.plots() == {}
    np.testing.assert_allclose(result.mean, 19.5)
    np.testing.assert_allclose(result.sd, np.std(np.arange(40), ddof=1))


def test_the_result_is_plain_json_and_draws():
    result = groups(titles={"i1": Text("Price", "价格")})
    assert json.loads(json.dumps(result.to_dict()))["groups"] == ["g0", "g1", "g2"]
    assert result.table("means").headings("zh")[1:4] == ("g0", "g1", "g2")
    assert result.table("figures").rows == 6
    assert result.plot("i1", language="zh").get_xlabel() == "价格"


def test_groups_are_called_in_the_language_of_the_reader():
    found = groups(group_titles={"g0": Text("Large", "大客户")})
    assert "大客户" in found.tables()["means"].to_text("zh")
    assert "大客户" in found.tables()["figures"].to_text("zh")
    assert "Large" in found.tables()["means"].to_text("en") and "大客户" in found.headline()[0].zh
