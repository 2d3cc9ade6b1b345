"""The tally: what it counts, that its parts add, and its weighted moments against R survey."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Scale, Segment
from csat.language import Text
from csat.numerics import moments
from csat.responses.responses import Responses
from csat.tally.tally import count, count_by
from golden_data import reference, reference_rows
from small_surveys import FIVE, HUNDRED, TEN, bound


@st.composite
def surveys(draw: st.DrawFn, *, weighted: bool | None = None) -> Responses:
    """A survey of two ordinal items, a 0-100 item and a measured one, with holes and perhaps weights."""
    n = draw(st.integers(4, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    has_weights = draw(st.booleans()) if weighted is None else weighted
    silent = draw(st.sampled_from([0.0, 0.2]))

    def column(values: np.ndarray) -> list[Any]:
        return [None if rng.random() < silent else v for v in values.tolist()]

    columns = {
        "a": column(rng.integers(1, 6, n)),
        "b": column(rng.integers(1, 11, n)),
        "c": column(rng.integers(0, 101, n)),
        "d": column(rng.normal(50, 10, n).round(2)),
    }
    if has_weights:
        columns["w"] = rng.uniform(0.2, 3, n).tolist()
    scales: dict[str, Scale | None] = {"a": FIVE, "b": TEN, "c": HUNDRED, "d": None}
    return bound(columns, scales, weight="w" if has_weights else "")


@given(surveys(weighted=False), st.integers(1, 3))
def test_counting_in_parts_gives_the_same_tally_to_the_last_bit_without_weights(
    survey: Responses, at: int
) -> None:
    first = np.arange(survey.rows) < at
    ordinal = ["a", "b"]
    assert count(survey.where(first), ordinal) + count(survey.where(~first), ordinal) == count(
        survey, ordinal
    )


@given(surveys(), st.integers(0, 10_000))
def test_counting_in_parts_gives_the_same_numbers_to_rounding_for_every_kind_of_item(
    survey: Responses, seed: int
) -> None:
    mask = np.random.default_rng(seed).random(survey.rows) < 0.5
    whole, parts = count(survey), count(survey.where(mask)) + count(survey.where(~mask))
    assert parts.rows == whole.rows
    assert np.array_equal(parts.silent, whole.silent)
    assert np.array_equal(parts.pair_n(), whole.pair_n())
    np.testing.assert_allclose(parts.effective_n, whole.effective_n, rtol=1e-12)
    np.testing.assert_allclose(parts.means(), whole.means(), rtol=1e-12)
    np.testing.assert_allclose(parts.covariance(), whole.covariance(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(parts.mean_se(), whole.mean_se(), rtol=1e-9, atol=1e-9)


@given(surveys())
def test_pairwise_moments_are_those_of_the_rows_that_answered_both(survey: Responses) -> None:
    tally, x = count(survey), survey.answers()
    w = np.ones(survey.rows) if survey.weights is None else survey.weights
    correlation, covariance = tally.correlation(), tally.covariance()
    for i in range(4):
        for j in range(4):
            both = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
            n = int(both.sum())
            assert tally.pair_n()[i, j] == n
            assert tally.pair_weight()[i, j] == pytest.approx(w[both].sum())
            if n < 2:
                assert np.isnan(covariance[i, j])
                continue
            expected = np.cov(x[both, i], x[both, j], aweights=w[both], ddof=0)
            # R survey's svyvar: n / (n - 1) with the rows, not the weights
            assert covariance[i, j] == pytest.approx(expected[0, 1] * n / (n - 1), rel=1e-9, abs=1e-9)
            sd = np.sqrt(expected[0, 0] * expected[1, 1])
            if sd > 1e-9:
                assert correlation[i, j] == pytest.approx(expected[0, 1] / sd, abs=1e-9)


@given(surveys(weighted=False))
def test_a_complete_tally_is_numpy_on_the_complete_rows(survey: Responses) -> None:
    x = survey.answers()
    x = x[~np.isnan(x).any(axis=1)]
    tally = count(survey, complete=True)
    assert tally.rows == len(x)
    assert tally.rows_offered == survey.rows
    if len(x) < 2:
        return
    np.testing.assert_allclose(tally.means(), x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(tally.covariance(), np.cov(x.T), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(tally.covariance(ddof=0), np.cov(x.T, ddof=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        tally.mean_se(), x.std(axis=0, ddof=1) / np.sqrt(len(x)), rtol=1e-9, atol=1e-12
    )


@given(surveys(weighted=False))
def test_weights_of_one_change_nothing(survey: Responses) -> None:
    plain, weighted = count(survey), count(survey.weighted_by(np.ones(survey.rows)))
    assert weighted.weighted
    np.testing.assert_allclose(weighted.effective_n, plain.effective_n)
    np.testing.assert_allclose(weighted.means(), plain.means(), rtol=1e-12)
    np.testing.assert_allclose(weighted.covariance(), plain.covariance(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(weighted.correlation(), plain.correlation(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(weighted.mean_se(), plain.mean_se(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(weighted.item_effective_n(), plain.item_effective_n())


@given(surveys())
def test_a_selection_is_the_tally_of_those_items(survey: Responses) -> None:
    chosen, direct = count(survey).select(["d", "a"]), count(survey, ["d", "a"])
    assert chosen == direct
    assert np.array_equal(chosen.origins, direct.origins)
    np.testing.assert_array_equal(chosen.covariance(), direct.covariance())
    np.testing.assert_array_equal(chosen.mean_se(), direct.mean_se())


@given(surveys())
def test_counts_are_those_of_the_answers(survey: Responses) -> None:
    tally, x = count(survey), survey.answers()
    w = np.ones(survey.rows) if survey.weights is None else survey.weights
    for i, scale in ((0, FIVE), (1, TEN)):
        values = np.arange(scale.minimum, scale.maximum + 1)
        np.testing.assert_array_equal(tally.categories(i), values)
        np.testing.assert_array_equal(tally.counts_unweighted(i), [(x[:, i] == v).sum() for v in values])
        np.testing.assert_allclose(tally.counts(i), [w[x[:, i] == v].sum() for v in values], atol=1e-12)
    joint = [[w[(x[:, 0] == u) & (x[:, 1] == v)].sum() for v in range(1, 11)] for u in range(1, 6)]
    np.testing.assert_allclose(tally.joint(0, 1), joint, atol=1e-12)
    np.testing.assert_array_equal(tally.joint(1, 0), tally.joint(0, 1).T)
    for i in range(4):
        known = x[~np.isnan(x[:, i]), i] - tally.origins[i]
        own = w[~np.isnan(x[:, i])]
        expected = [(own * known**k).sum() for k in range(5)]
        np.testing.assert_allclose(tally.power_sums(i), expected, rtol=1e-9, atol=1e-9)


def test_categories_nobody_chose_stay_and_silence_is_counted_by_reason() -> None:
    survey = bound({"a": [1, 5, 0, 6, 9, None, 5]}, {"a": FIVE}, no_answer=("0",), not_applicable=("6",))
    tally = count(survey)
    assert tally.counts(0).tolist() == [1, 0, 0, 0, 2]
    assert {k: v.tolist() for k, v in tally.silence().items()} == {
        "NO_ANSWER": [2],
        "NOT_APPLICABLE": [1],
        "INVALID": [1],
    }
    assert tally.answered().tolist() == [3]
    assert tally.rows == 7


def test_a_turned_item_is_counted_turned() -> None:
    tally = count(bound({"a": [1, 1, 5]}, {"a": FIVE}, reverse=True))
    assert tally.counts(0).tolist() == [1, 0, 0, 0, 2]
    assert tally.means()[0] == pytest.approx(11 / 3)


def test_an_item_nobody_answered_has_no_mean_and_spoils_no_other() -> None:
    tally = count(bound({"a": [None, None, None], "b": [1, 2, 4]}, {"a": FIVE, "b": TEN}))
    assert np.isnan(tally.means()).tolist() == [True, False]
    assert tally.covariance()[1, 1] == pytest.approx(7 / 3)
    assert np.isnan(tally.correlation()[0]).all()


def test_the_effective_n_is_kishs() -> None:
    # METHODS 1: weights 1 1 2 4
    tally = count(bound({"a": [1, 2, 3, 4], "w": [1, 1, 2, 4]}, {"a": FIVE}, weight="w"))
    assert tally.effective_n == pytest.approx(2.909091, abs=5e-7)
    assert tally.rows / tally.effective_n == pytest.approx(1.375)
    assert tally.item_effective_n()[0] == pytest.approx(tally.effective_n)


def test_tallies_of_different_items_do_not_add() -> None:
    survey = bound({"a": [1, 2], "b": [3, 4]}, {"a": FIVE, "b": TEN})
    with pytest.raises(BadInput, match="do not count the same items"):
        count(survey, ["a"]) + count(survey, ["b"])
    with pytest.raises(BadInput, match="do not count the same items"):
        count(survey, ["a"]) + count(survey, ["a"], complete=True)


def test_an_unknown_item_is_named_with_a_suggestion() -> None:
    survey = bound({"staff": [1, 2]}, {"staff": FIVE})
    with pytest.raises(UnknownName, match="Did you mean 'staff'"):
        count(survey).select(["stafff"])
    with pytest.raises(BadInput, match="no categories"):
        count(bound({"a": [1.5, 2]}, {"a": None})).counts(0)


def test_segments_sum_to_the_total() -> None:
    columns = {"a": [1, 2, 3, 4], "g": ["x", "y", "x", "y"]}
    survey = bound(columns, {"a": FIVE}, segments=(Segment("g", Text("Group")),))
    parts = count_by(survey, "g")
    assert list(parts) == ["x", "y"]
    assert parts["x"] + parts["y"] == count(survey)


def test_blocks_of_rows_do_not_show() -> None:
    rng = np.random.default_rng(1)
    n = moments.BLOCK + 17
    x = rng.integers(0, 5, (n, 2)).astype(np.int8)
    gram = moments.count_gram([x[:, 0], x[:, 1]], [5, 5])
    joint = np.histogram2d(x[:, 0], x[:, 1], bins=[np.arange(6), np.arange(6)])[0]
    np.testing.assert_array_equal(gram.weights[:5, 5:], joint)


# Against R survey 4.1-1 (shared reference, weighted.json): closed forms, so 1e-10 relative.

YEARS = ["sfo2015", "sfo2016"]


def airport(year: str, items: list[str]) -> Responses:
    header, rows = reference_rows(f"data/{year}.csv.gz")
    columns = {name: [row[header.index(name)] for row in rows] for name in (*items, "WEIGHT")}
    return bound(
        columns, dict.fromkeys(items, FIVE), weight="WEIGHT", no_answer=("0",), not_applicable=("6",)
    )


@pytest.mark.parametrize("year", YEARS)
def test_weighted_means_errors_and_counts_equal_r_survey(year: str) -> None:
    case = reference("weighted")[year]["ratings"]
    items = case["recipe"]["columns"]
    tally = count(airport(year, items))
    assert tally.rows == case["n"]
    assert tally.weight_sum == pytest.approx(case["weights"]["sum"], rel=1e-12)
    assert tally.effective_n == pytest.approx(case["weights"]["kish_n_eff"], rel=1e-12)
    expected = [case["items"][i] for i in items]
    assert tally.answered().tolist() == [e["n_valid"] for e in expected]
    for numbers, name in (
        (tally.means(), "mean"),
        (tally.mean_se(), "se_weights_valid_rows_only"),
        (np.diag(tally.covariance(ddof=0)), "variance_ml"),
        (tally.item_effective_n(), "kish_n_eff"),
        (np.diag(tally.pair_weight()), "sum_weights"),
    ):
        np.testing.assert_allclose(numbers, [e[name] for e in expected], rtol=1e-10, err_msg=name)
    # survey's svyvar keeps n of the whole design in n / (n - 1); ours is n of the answering rows
    rows, answered = case["n"], tally.answered()
    ours = np.diag(tally.covariance()) * (answered - 1) / answered * rows / (rows - 1)
    np.testing.assert_allclose(ours, [e["svyvar"] for e in expected], rtol=1e-10)
    for i, e in enumerate(expected):
        counts = tally.counts(i)
        shares = dict(zip(e["proportions"]["levels"], e["proportions"]["p"], strict=True))
        wanted = [shares.get(str(k), 0.0) for k in range(1, 6)]
        np.testing.assert_allclose(counts / counts.sum(), wanted, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("year", YEARS)
def test_weighted_covariances_of_complete_rows_equal_r_survey(year: str) -> None:
    case = reference("weighted")[year]["ratings"]["covariance"]
    tally = count(airport(year, case["items"]), complete=True)
    assert tally.rows == case["n_listwise"]
    np.testing.assert_allclose(tally.means(), [case["weighted_mean"][i] for i in case["items"]], rtol=1e-10)
    np.testing.assert_allclose(tally.covariance(), case["svyvar"]["values"], rtol=1e-9)
    np.testing.assert_allclose(tally.covariance(ddof=0), case["cov_wt_ml"]["values"], rtol=1e-9)
    np.testing.assert_allclose(tally.correlation(), case["correlation"]["values"], rtol=1e-9)
