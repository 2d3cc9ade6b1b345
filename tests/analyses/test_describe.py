"""Descriptions against R, and what a reader is told."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.analyses.describe import describe
from csat.analyses.describe_scales import category_label
from csat.errors import CannotCompute
from csat.instrument.instrument import Scale
from csat.language import Text
from csat.numerics.intervals import mean_interval, share_interval
from csat.responses.responses import INVALID, NOT_APPLICABLE
from csat.tally.tally import count
from golden_data import recipe_matrix, reference
from matrix_survey import survey_of

CLOSED = {"rtol": 1e-10, "atol": 1e-10}
NAN = np.nan

SCALES = {
    ("mobi", "all"): (1, 10),
    ("satisfaction_gender", "all"): (0, 10),
    ("bfi", "raw_with_missing"): (1, 6),
    ("airline2", "raw"): (1, 5),
    ("sfo2015", "ratings"): (1, 5),
    ("holzinger", "tests"): None,
}


@pytest.mark.parametrize(("data", "case"), SCALES)
def test_agrees_with_r(data, case):
    numbers = reference("descriptive")[data][case]
    scale, columns = SCALES[data, case], numbers["recipe"]["columns"]
    result = describe(count(survey_of(recipe_matrix(numbers["recipe"]), scale, names=columns)))
    for i, item in enumerate(columns):
        g = numbers["items"][item]
        assert result.n_answered[i] == g["n"]
        assert sum(n[i] for n in result.silence.values()) == g["missing"]
        np.testing.assert_allclose(result.mean[i], g["mean"], **CLOSED)
        np.testing.assert_allclose(result.sd[i], g["sd"], **CLOSED)
        np.testing.assert_allclose(result.se[i], g["se_mean"], **CLOSED)
        np.testing.assert_allclose([result.ci_lower[i], result.ci_upper[i]], g["ci95_mean_t"], **CLOSED)
        np.testing.assert_allclose(result.skewness[i], g["skew_type2_G1"], rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(result.kurtosis[i], g["kurtosis_type2_G2"], rtol=1e-9, atol=1e-10)
        if scale is None:
            assert np.isnan(result.top2[i])
            continue
        np.testing.assert_allclose(result.median[i], g["median"], **CLOSED)
        np.testing.assert_allclose(result.score[i], g["mean_0_100"], **CLOSED)
        np.testing.assert_allclose(
            [result.floor[i], result.ceiling[i]], [g["floor_share"], g["ceiling_share"]], **CLOSED
        )
        found = dict(zip(result.categories[i], result.counts[i], strict=True))
        assert {float(v): n for v, n in g["frequencies"].items()} == {v: n for v, n in found.items() if n}


@pytest.mark.parametrize("year", ["sfo2015", "sfo2016"])
def test_weighted_figures_agree_with_the_survey_package(year):
    numbers = reference("weighted")[year]["ratings"]
    recipe = numbers["recipe"]
    matrix = recipe_matrix(recipe, extra=("WEIGHT",))
    columns = recipe["columns"]
    responses = survey_of(matrix[:, :-1], (1, 5), names=columns, weights=matrix[:, -1])
    result = describe(count(responses))
    assert result.base.weighted
    for i, item in enumerate(columns):
        g = numbers["items"].get(item)
        if not g:
            continue
        assert result.n_answered[i] == g["n_valid"]
        np.testing.assert_allclose(result.effective_n[i], g["kish_n_eff"], **CLOSED)
        np.testing.assert_allclose(result.mean[i], g["mean"], **CLOSED)
        np.testing.assert_allclose(result.se[i], g["se_weights_valid_rows_only"], **CLOSED)
        n, n_design = g["n_valid"], numbers["n"]
        np.testing.assert_allclose(result.sd[i] ** 2, g["variance_ml"] * n / (n - 1), **CLOSED)
        # svyvar(na.rm = TRUE) takes n / (n - 1) from all rows of the design, silent ones included: not ours
        np.testing.assert_allclose(g["svyvar"], g["variance_ml"] * n_design / (n_design - 1), **CLOSED)
        np.testing.assert_allclose(result.median[i], g["weighted_median_0_5"], **CLOSED)
        np.testing.assert_allclose(result.shares[i], g["proportions"]["p"], **CLOSED)
        np.testing.assert_allclose(result.top2[i], g["top_box"]["p"], **CLOSED)
        # the interval is Wilson's on Kish's effective n; R's svyciprop has no such method
        expected = share_interval(result.top2[i] * g["kish_n_eff"], g["kish_n_eff"])
        np.testing.assert_allclose([result.top2_lower[i], result.top2_upper[i]], expected, **CLOSED)


COUNTS = [5, 10, 25, 110, 50]


def five_points(**options):
    return describe(count(survey_of(np.repeat([1, 2, 3, 4, 5], COUNTS)[:, None])), **options)


def test_the_five_point_fixture():
    """METHODS 2: counts 5 10 25 110 50 on 1-5."""
    result = five_points()
    assert result.n_answered.tolist() == [200]
    assert result.counts[0].tolist() == COUNTS
    np.testing.assert_allclose(result.mean, 3.95)
    np.testing.assert_allclose(result.score, 73.75)
    np.testing.assert_allclose(result.top2, 0.8)
    np.testing.assert_allclose([result.top2_lower[0], result.top2_upper[0]], [0.739145, 0.849548], atol=5e-7)
    np.testing.assert_allclose(result.bottom2, 0.075)
    np.testing.assert_allclose(result.ceiling, 0.25)


def test_a_category_nobody_chose_stays():
    result = describe(count(survey_of([[1.0], [3.0], [3.0]])))
    assert result.counts[0].tolist() == [1, 0, 2, 0, 0]
    assert result.table("frequencies").column("count") == (1, 0, 2, 0, 0)


def test_silence_keeps_its_reason():
    answers = np.array([[1, NAN], [NAN, NAN], [3, 4], [NAN, 2]])
    silences = np.array([[0, NOT_APPLICABLE], [INVALID, NOT_APPLICABLE], [0, 0], [-1, 0]])
    result = describe(count(survey_of(answers, silences=silences)))
    assert {k: v.tolist() for k, v in result.silence.items()} == {
        "NO_ANSWER": [1, 0],
        "NOT_APPLICABLE": [0, 2],
        "INVALID": [1, 0],
    }
    table = result.table("silence")
    assert table.column("share_missing") == (0.5, 0.5)


def test_an_extreme_answer_too_often_is_a_caution():
    codes = {c.code: c for c in five_points().cautions}
    assert codes["ceiling"].where == ("i1",)
    assert "floor" not in codes
    assert "天花板" in codes["ceiling"].text.zh


def test_unanswered_and_constant_items_are_named_and_the_rest_goes_on():
    answers = np.column_stack([np.full(40, NAN), np.full(40, 3.0), np.resize([1, 2, 3, 4, 5], 40)])
    result = describe(count(survey_of(answers)))
    codes = {c.code: c.where for c in result.cautions}
    assert codes["unanswered_item"] == ("i1",)
    assert codes["constant_item"] == ("i2",)
    assert np.isnan([result.mean[0], result.median[0], result.top2[0]]).all()
    assert result.mean[2] == 3.0
    assert np.isnan(result.skewness[1])


def test_nobody_answering_anything_is_an_error():
    with pytest.raises(CannotCompute, match="nobody answered"):
        describe(count(survey_of(np.full((5, 2), NAN))))


def test_short_scales_have_no_boxes():
    result = describe(count(survey_of([[1.0], [2.0], [3.0]], (1, 3))))
    assert np.isnan([result.top2[0], result.bottom2[0]]).all()
    assert result.ceiling[0] == pytest.approx(1 / 3)


def test_one_respondent_has_a_mean_but_no_interval():
    result = describe(count(survey_of([[4.0]])))
    assert result.mean[0] == 4.0
    assert np.isnan([result.se[0], result.ci_lower[0], result.sd[0]]).all()
    assert result.verdict.level == "doubtful"


def test_the_headline_never_hides_the_lowest_items():
    rng = np.random.default_rng(0)
    answers = np.column_stack([np.clip(rng.normal(m, 0.8, 300).round(), 1, 5) for m in (4.5, 3, 2.5, 2, 4)])
    result = describe(count(survey_of(answers)))
    said = result.headline()[0]
    for item in ("i2", "i3", "i4"):
        assert item in said.en
    assert said.en.index("i4") < said.en.index("i3") < said.en.index("i2")
    assert "the two lowest answers" in said.en
    assert "最低两项占" in said.zh


def test_the_shape_convention_is_named():
    plain, spss = five_points(shape_type=1), five_points()
    assert plain.skewness[0] != spss.skewness[0]
    assert "type 2 (G1, G2)" in spss.summary()
    assert "type 1 (g1, g2)" in plain.summary()
    assert "与 SPSS 相同" in spss.summary("zh")


def test_another_confidence_is_named_in_the_heading():
    result = five_points(confidence=0.9)
    assert "90% CI, lower" in result.summary()
    lower, _ = mean_interval(result.mean, result.se, df=199, confidence=0.9)
    np.testing.assert_allclose(result.ci_lower, lower)


def test_a_turned_item_is_said_to_be_turned_and_keeps_its_words():
    words = {1: Text("never", "从不"), 5: Text("always", "总是")}
    scale = Scale("often", 1, 5, words)
    answers = np.resize([1, 1, 2, 5], (8, 1))
    responses = survey_of(answers, scale, names=["late"], reverse=["late"])
    result = describe(count(responses), turned=["late"])
    assert result.counts[0].tolist() == [2, 0, 0, 2, 4]
    labels = result.table("frequencies").column("label")
    assert labels[4].en == "never"
    assert labels[0].en == "always"
    assert "late" in result.summary().split("Turned so that higher is better")[1]
    assert category_label(scale, 1, False).zh == "从不"


def test_a_scale_whose_high_codes_are_worse_shows_its_words_turned():
    words = {1: Text("very good", "很好"), 5: Text("very bad", "很差")}
    scale = Scale("grade", 1, 5, words, higher_is="worse")
    responses = survey_of(np.resize([1, 1, 2, 5], (8, 1)), scale, names=["grade"])
    result = describe(count(responses))
    assert result.turned == ("grade",)
    assert result.table("frequencies").column("label")[4].en == "very good"
    assert result.counts[0].tolist() == [2, 0, 0, 2, 4]
    legend = result.plot("answers", language="en").get_figure().findobj(lambda o: hasattr(o, "get_text"))
    assert any(t.get_text() == "5 very good" for t in legend)


def test_the_result_is_plain_json_and_draws():
    rng = np.random.default_rng(1)
    result = describe(
        count(survey_of(rng.integers(1, 6, (60, 4)))), titles={"i1": Text("Clean rooms", "房间干净")}
    )
    body = json.loads(json.dumps(result.to_dict()))
    assert body["analysis"] == "describe"
    assert len(body["mean"]) == 4
    assert set(result.tables()) == {"items", "boxes", "frequencies", "silence"}
    assert "Clean rooms" in result.summary()
    assert "房间干净" in result.summary("zh")
    for plot in result.plots().values():
        assert plot.svg("zh").startswith("<svg")


def test_items_on_several_scales_get_a_chart_for_each_and_one_common_axis():
    first = survey_of(np.resize([1, 2, 3, 4, 5], (30, 2)), (1, 5), names=["a", "b"])
    second = survey_of(np.resize(np.arange(11), (30, 1)), (0, 10), names=["c"])
    from dataclasses import replace

    both = replace(
        first,
        items=("a", "b", "c"),
        columns={**first.columns, **second.columns},
        instrument=replace(first.instrument, items=(*first.instrument.items, *second.instrument.items)),
    )
    result = describe(count(both))
    assert set(result.plots()) == {"answers", "answers_0_10", "means"}
    assert "0-100" in result.plot("means").get_xlabel()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_whole_weights_act_as_repeated_rows_on_means_and_shares(seed):
    rng = np.random.default_rng(seed)
    answers = rng.integers(1, 6, (20, 2)).astype(float)
    weights = rng.integers(1, 4, 20)
    weighted = describe(count(survey_of(answers, weights=weights.astype(float))))
    repeated = describe(count(survey_of(np.repeat(answers, weights, axis=0))))
    np.testing.assert_allclose(weighted.mean, repeated.mean)
    np.testing.assert_allclose(weighted.top2, repeated.top2)
    np.testing.assert_allclose(weighted.median, repeated.median)
    assert (weighted.effective_n <= 20 + 1e-9).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_describing_parts_and_adding_them_is_describing_the_whole(seed):
    rng = np.random.default_rng(seed)
    answers = rng.integers(1, 6, (40, 3)).astype(float)
    answers[rng.random(answers.shape) < 0.1] = NAN
    cut = int(rng.integers(1, 39))
    whole = describe(count(survey_of(answers)))
    parts = describe(count(survey_of(answers[:cut])) + count(survey_of(answers[cut:])))
    assert json.dumps(whole.to_dict()) == json.dumps(parts.to_dict())


def test_questions_with_several_answers_are_counted_among_those_who_ticked_any():
    from csat.analyses.choices import choice_shares, choices_table
    from csat.responses.raw import Choices

    chosen = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0]], dtype=bool)
    weights = np.array([1.0, 2.0, 5.0, 1.0])
    (found,) = choice_shares({"q": Choices("Which?", ("a", "b", "c"), chosen)})
    assert (found.respondents, found.rows, found.count.tolist()) == (3, 4, [3, 2, 0])
    np.testing.assert_allclose(found.share, [1, 2 / 3, 0], rtol=1e-12)
    (weighted,) = choice_shares({"q": Choices("Which?", ("a", "b", "c"), chosen)}, weights=weights)
    np.testing.assert_allclose(weighted.share, [1, 3 / 4, 0], rtol=1e-12)
    assert weighted.count.tolist() == [3, 2, 0]
    place = np.array([[1, 2], [2, 1], [0, 0], [1, 0]], dtype=np.int16)
    (ranked,) = choice_shares({"r": Choices("Rank", ("x", "y"), place > 0, place)})
    np.testing.assert_allclose(ranked.mean_place, [4 / 3, 1.5], rtol=1e-12)
    rows = choices_table([found, ranked], weighted=False).to_records()
    assert [r["option"] for r in rows] == ["a", "b", "c", "x", "y"]
    assert choice_shares({"q": Choices("Which?", ("a",), np.zeros((3, 1), dtype=bool))}) == ()


def test_a_file_with_several_answers_shows_them_beside_its_items(tmp_path, capsys):
    import json

    from csat.cli import run

    cells = ["App;Branch", "App", "", "Branch", "App;Phone"] * 8
    lines = ['Time,"Which channels did you use?","How satisfied are you?"']
    lines += [f"2026/01/0{k % 9 + 1} 10:00:00,{c},{k % 5 + 1}" for k, c in enumerate(cells)]
    path = tmp_path / "form.csv"
    path.write_text("\n".join(lines))
    arguments = ["describe", str(path), "--items", "How satisfied are you?", "--scale", "1,5"]
    assert run([*arguments, "--layout", "google_forms", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["choices"]
    assert dict(zip(found["options"], found["count"], strict=True)) == {"App": 24, "Branch": 16, "Phone": 8}
    assert found["respondents"] == 32 and found["rows"] == 40
