"""Signs of careless answering: every sign is found where it was planted, and nowhere is a row deleted."""

import json

import numpy as np
import pytest

from csat.analyses import quality_rows
from csat.analyses.quality import quality
from csat.analyses.quality_indices import INDICES
from csat.errors import CannotCompute
from csat.instrument.instrument import Scale
from csat.language import Text
from csat.numerics import careless
from csat.responses.responses import INVALID, NO_ANSWER, NOT_APPLICABLE
from csat.tally.tally import count
from golden_data import recipe_matrix, reference
from matrix_survey import survey_of
from small_surveys import bound

NAN = np.nan


def careful(n=300, p=12, *, seed=0, points=7):
    """Answers of people who differ, item by item and from one another."""
    rng = np.random.default_rng(seed)
    middle = (1 + points) / 2
    return np.clip(np.round(middle + rng.normal(size=(n, 1)) + 1.3 * rng.normal(size=(n, p))), 1, points)


def planted():
    answers = careful()
    answers[10] = 4  # always the same
    answers[20, :7] = 2  # a run of 7 of 12
    answers[30] = np.resize([1, 7], 12)  # wild
    answers[41] = answers[40]  # copied
    return answers


def flagged(result, name):
    return set(np.flatnonzero(result.scores.flags[:, INDICES.index(name)]))


def test_each_sign_is_found_where_it_was_planted():
    result = quality(survey_of(planted(), (1, 7)))
    assert {10, 20} <= flagged(result, "longstring")
    assert {10, 30} <= flagged(result, "variability")
    assert 30 in flagged(result, "mahalanobis")
    assert {40, 41} == flagged(result, "duplicate")
    assert result.scores.duplicate_of[41] == 41  # the row number of row 40, counted from 1
    assert result.scores.duplicate_of[40] == 0
    assert {10, 30} <= set(np.flatnonzero(result.scores.n_flags >= 2))
    assert result.suspicious == (result.scores.n_flags >= 2).sum()
    assert result.flagged == {n: len(flagged(result, n)) for n in INDICES[:4]}


def test_careful_people_are_left_in_peace():
    result = quality(survey_of(careful(), (1, 7)))
    assert result.suspicious <= 3
    assert result.verdict.level == "sound"


def test_many_careless_rows_are_doubtful():
    answers = careful()
    answers[:60] = 4
    result = quality(survey_of(answers, (1, 7)))
    assert result.verdict.level == "doubtful"
    assert "with and without" in result.verdict.text.en


def test_a_straight_line_is_seen_through_turned_items():
    names = [f"q{j}" for j in range(12)]
    answers = careful()
    answers[5] = 6
    result = quality(survey_of(answers, (1, 7), names=names, reverse=names[::2]))
    assert result.scores.longstring[5] == 12
    assert result.scores.variability[5] == 0.0
    plain = quality(survey_of(answers, (1, 7), names=names))
    np.testing.assert_array_equal(result.scores.longstring, plain.scores.longstring)
    np.testing.assert_array_equal(result.scores.variability, plain.scores.variability)
    np.testing.assert_allclose(result.scores.mahalanobis, plain.scores.mahalanobis, rtol=1e-8)


def test_scores_do_not_depend_on_how_rows_are_cut(monkeypatch):
    answers = careful(200, 10)
    answers[np.random.default_rng(1).random(answers.shape) < 0.1] = NAN
    whole = quality(survey_of(answers, (1, 7))).scores
    monkeypatch.setattr(quality_rows, "ROWS_AT_ONCE", 37)
    parts = quality(survey_of(answers, (1, 7))).scores
    for name in ("silent", "longstring", "variability", "df", "duplicate_of", "flags"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))
    np.testing.assert_allclose(whole.mahalanobis, parts.mahalanobis, rtol=1e-12)


def test_distances_agree_with_r():
    numbers = reference("descriptive")["mobi"]["all"]
    g, columns = numbers["mardia"], numbers["recipe"]["columns"]
    x = recipe_matrix(numbers["recipe"])[:, [columns.index(i) for i in g["items"]]]
    scores = quality(survey_of(x, (1, 10))).scores
    rows = np.array(g["mahalanobis_top5"]["row"]) - 1
    np.testing.assert_allclose(scores.mahalanobis[rows], g["mahalanobis_top5"]["d2"], rtol=1e-9)
    np.testing.assert_allclose(scores.p[rows], g["mahalanobis_top5"]["p"], rtol=1e-8)


def test_silence_is_counted_by_reason_item_and_row():
    answers = careful(50, 4)
    silences = np.zeros((50, 4), int)
    for row, column, why in ((0, 0, NO_ANSWER), (1, 0, NOT_APPLICABLE), (1, 1, INVALID)):
        silences[row, column] = why
    silences[2, :3] = NO_ANSWER
    silences[3] = NOT_APPLICABLE
    answers[silences < 0] = NAN
    result = quality(survey_of(answers, (1, 7), silences=silences))
    assert result.item_silence["NO_ANSWER"].tolist() == [2, 1, 1, 0]
    assert result.item_silence["NOT_APPLICABLE"].tolist() == [2, 1, 1, 1]
    assert result.complete_rows == 46
    assert result.rows_by_silence == {"NO_ANSWER": 2, "NOT_APPLICABLE": 2, "INVALID": 1}
    assert result.sparse_rows == 1  # a question that does not apply was not skipped
    assert np.isnan(result.scores.mahalanobis[3])
    assert result.table("missing").column("rows") == (46, 2, 2, 1, 1)


def test_a_tally_at_hand_gives_the_same_answer():
    responses = survey_of(planted(), (1, 7))
    assert quality(responses, tally=count(responses)).to_dict() == quality(responses).to_dict()
    # of complete rows it would not know of the others
    holes = planted()
    holes[::3, 0] = NAN
    responses = survey_of(holes, (1, 7))
    assert quality(responses, tally=count(responses, complete=True)).to_dict() == quality(responses).to_dict()


def test_weights_play_no_part():
    answers, weights = planted(), np.random.default_rng(0).uniform(0.1, 5, 300)
    assert (
        quality(survey_of(answers, (1, 7), weights=weights)).to_dict()
        == quality(survey_of(answers, (1, 7))).to_dict()
    )


def test_short_questionnaires_leave_out_what_they_cannot_tell():
    result = quality(survey_of(careful(100, 4), (1, 7)))
    assert result.flagged["longstring"] == result.flagged["variability"] == result.flagged["duplicate"] == -1
    assert result.flagged["mahalanobis"] >= 0
    assert result.cautions[0].code == "too_few_items"
    assert result.table("indices").column("flagged")[0] is None
    assert result.to_dict()["flagged"]["longstring"] == -1


def test_items_that_repeat_others_are_left_out_of_the_distance_by_name():
    answers = careful(100, 9)
    answers = np.column_stack([answers, answers[:, 2], np.full(100, 3.0)])
    result = quality(survey_of(answers, (1, 7)))
    assert {c.code: c.where for c in result.cautions}["singular"] == ("i10", "i11")
    expected = careless.mahalanobis(answers[:, :9], answers[:, :9].mean(axis=0), np.cov(answers[:, :9].T))
    np.testing.assert_allclose(result.scores.mahalanobis, expected.squared, rtol=1e-8)


def test_measured_items_have_distances_and_duplicates_only():
    x = np.random.default_rng(0).normal(size=(50, 11))
    x[1] = x[0]
    x[3, 2] = NAN
    result = quality(survey_of(x, None))
    assert result.flagged["longstring"] == result.flagged["variability"] == -1
    assert flagged(result, "duplicate") == {0, 1}
    assert result.scores.df[3] == 10


def test_short_questionnaires_repeat_by_chance_and_say_so():
    answers = np.random.default_rng(0).integers(1, 3, (400, 10))
    result = quality(survey_of(answers, (1, 2)))
    assert "duplicates_by_chance" in {c.code for c in result.cautions}


def test_the_worst_rows_come_first_with_their_ids():
    ids = [f"person {i}" for i in range(300)]
    result = quality(survey_of(planted(), (1, 7), ids=ids), worst=5)
    table = result.table("rows")
    assert table.rows == 5
    flags = table.column("n_flags")
    assert list(flags) == sorted(flags, reverse=True)
    assert all(
        name == f"person {row - 1}"
        for row, name in zip(table.column("row"), table.column("respondent"), strict=True)
    )


def test_several_scales_are_run_through_one_by_one():
    from dataclasses import replace

    a = survey_of(careful(80, 8, points=5), (1, 5), names=[f"a{j}" for j in range(8)])
    b = survey_of(careful(80, 8, seed=1), Scale("t", 1, 7), names=[f"b{j}" for j in range(8)])
    both = replace(
        a,
        items=(*a.items, *b.items),
        columns={**a.columns, **b.columns},
        instrument=replace(a.instrument, items=(*a.instrument.items, *b.instrument.items)),
    )
    result = quality(both)
    expected = np.maximum(quality(a).scores.longstring, quality(b).scores.longstring)
    np.testing.assert_array_equal(result.scores.longstring, expected)
    assert result.thresholds["longstring"].en == "run of 4 / 8 items or more"
    assert (result.scores.variability < 1).all()  # of shares of the scale


def test_no_rows_are_an_error():
    with pytest.raises(CannotCompute):
        quality(survey_of(np.empty((0, 3))))


def test_the_result_is_small_json_and_draws():
    answers = planted()
    answers[::7, 0] = NAN
    result = quality(survey_of(answers, (1, 7)), titles={"i1": Text("Clean rooms", "房间干净")})
    body = json.loads(json.dumps(result.to_dict()))
    assert "scores" not in body
    assert body["n_rows"] == 300
    assert len(body["worst"]["row"]) <= 20
    assert "not to delete them" in result.summary()
    assert "并不意味着应当删除" in result.summary("zh")
    assert set(result.plots()) == {"flags", "missing", "distances"}
    for plot in result.plots().values():
        assert plot.svg("zh").startswith("<svg")


def consistent(rows=200, seed=3):
    """Three constructs of four items on 1-7, at levels of their own; the last row answers halves apart."""
    rng = np.random.default_rng(seed)
    levels = rng.choice([-2.0, 0.0, 2.0], (rows, 3))
    values = np.repeat(levels, 4, axis=1) + 0.3 * rng.standard_normal((rows, 12))
    values[-1] = [2, -2, 2, -2, 0, 1, 0, 1, -2, 2, -2, 2]
    return np.clip(np.rint(4 + values), 1, 7)


def three_constructs(answers, **more):
    names = [f"q{k}" for k in range(12)]
    blocks = {f"C{c}": names[4 * c : 4 * c + 4] for c in range(3)}
    return bound(
        dict(zip(names, answers.astype(int).T.tolist(), strict=True)),
        dict.fromkeys(names, Scale("seven", 1, 7)),
        constructs=blocks,
        **more,
    )


def test_halves_and_like_items_that_disagree_are_shown_and_do_not_count():
    result = quality(three_constructs(consistent()))
    scores, last = result.scores, 199
    assert np.nanmedian(scores.even_odd) > 0.9 and scores.even_odd[last] < 0.3
    assert np.nanmedian(scores.synonyms) > 0.9 and scores.synonyms[last] < 0
    assert last in flagged(result, "even_odd") and last in flagged(result, "synonyms")
    assert scores.n_flags[last] == scores.flags[last, [0, 1, 2, 3, 6]].sum()
    rows = {r["check"]["en"]: r for r in result.tables()["indices"].to_records()}
    assert rows["Halves of the scales disagree"]["counts"] is False
    assert rows["Long run of equal answers"]["counts"] is True
    assert "(18 pairs)" in result.thresholds["synonyms"].en


def test_even_odd_is_that_of_numerics_on_shares_of_the_scale():
    from csat.numerics.careless import even_odd_consistency

    answers = consistent()
    result = quality(three_constructs(answers))
    halves = [list(range(4 * c, 4 * c + 4)) for c in range(3)]
    np.testing.assert_allclose(
        result.scores.even_odd, even_odd_consistency((answers - 1) / 6, halves), rtol=1e-12
    )


def test_those_who_took_less_than_two_seconds_an_item_are_flagged_where_times_are_known():
    from dataclasses import replace

    responses = three_constructs(consistent())
    seconds = np.linspace(60.0, 400.0, 200)
    seconds[[3, 4, 5]] = [10.0, 23.9, np.nan]
    result = quality(replace(responses, seconds=seconds))
    assert flagged(result, "time") == {3, 4}
    assert result.scores.seconds[4] == pytest.approx(23.9 / 12)
    assert "seconds" in result.worst
    assert "time" not in quality(responses).flagged
