"""Reliability of constructs against R, and what is said when a number deserves doubt."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.analyses.reliability import reliability
from csat.errors import BadInput
from csat.language import Text
from csat.numerics.descriptives import effective_n
from csat.numerics.intervals import alpha_interval_feldt
from csat.tally.tally import Tally, count
from golden_data import recipe_matrix, reference
from matrix_survey import survey_of

CLOSED = {"rtol": 0, "atol": 1e-10}
NAN = np.nan


def tally_of(answers, scale=(1, 5), **options) -> Tally:
    complete = options.pop("complete", True)
    return count(survey_of(answers, scale, **options), complete=complete)


def related(k: int = 4, n: int = 200, *, seed: int = 0, noise: float = 1.0) -> np.ndarray:
    """Answers on 1-5 of n respondents to k items that share one thing."""
    rng = np.random.default_rng(seed)
    return np.clip(np.round(3 + rng.normal(size=(n, 1)) + noise * rng.normal(size=(n, k))), 1, 5)


BLOCKS = {
    "mobi": ((1, 10), ["IMAG", "CUEX", "PERQ", "PERV", "CUSA", "CUSL", "all23"]),
    "satisfaction_gender": ((0, 10), ["IMAG", "EXPE", "QUAL", "VAL", "SAT", "LOY", "all27"]),
    "bfi": ((1, 6), ["A", "C", "E", "N", "O", "A_not_reversed"]),
    "airline2": ((1, 5), ["DIGI", "COMF", "SERV"]),
    "sfo2015": ((1, 5), ["AMEN", "WAY", "CLEAN"]),
    "holzinger": (None, ["visual", "textual", "speed", "all9"]),
}


@pytest.mark.parametrize("data", BLOCKS)
def test_agrees_with_psych_and_lavaan(data):
    scale, cases = BLOCKS[data]
    golden = {case: reference("reliability")[data][case] for case in cases}
    blocks = {
        case: tally_of(recipe_matrix(g["recipe"]), scale, names=g["recipe"]["columns"])
        for case, g in golden.items()
    }
    result = reliability(blocks, ordinal=False)
    start = 0
    for i, (case, g) in enumerate(golden.items()):
        k = g["k"]
        assert (result.constructs[i], result.n[i], result.n_items[i]) == (case, g["n"], k)
        np.testing.assert_allclose(result.alpha[i], g["alpha_raw"], **CLOSED)
        np.testing.assert_allclose(result.alpha_standardised[i], g["alpha_std"], **CLOSED)
        np.testing.assert_allclose(
            [result.alpha_lower[i], result.alpha_upper[i]], list(g["alpha_ci95_feldt"].values()), **CLOSED
        )
        np.testing.assert_allclose(result.mean_r[i], g["average_r"], **CLOSED)
        np.testing.assert_allclose(result.lambda2[i], g["guttman_covariance"]["lambda2"], **CLOSED)
        np.testing.assert_allclose(result.lambda6[i], g["guttman_covariance"]["lambda6"], **CLOSED)
        rows = slice(start, start + k)
        np.testing.assert_allclose(result.item_rest[rows], list(g["item_rest_r"].values()), **CLOSED)
        if k > 2:
            dropped = [row[0] for row in g["alpha_if_deleted"]["values"]]
            np.testing.assert_allclose(result.alpha_if_dropped[rows], dropped, **CLOSED)
            omega = g["one_factor_cfa_ml"]
            np.testing.assert_allclose(result.omega[i], omega["omega_total_model"], rtol=0, atol=1e-8)
            np.testing.assert_allclose(
                result.omega_observed[i], omega["omega_total_observed"], rtol=0, atol=1e-8
            )
        start += k


@pytest.mark.parametrize("case", ["IMAG", "CUEX", "PERQ", "PERV", "CUSA", "CUSL"])
def test_ordinal_alpha_agrees_with_lavaan(case):
    g = reference("reliability")["mobi"][case]
    result = reliability({case: tally_of(recipe_matrix(g["recipe"]), (1, 10), names=g["recipe"]["columns"])})
    # lavaan clamps tiny cell probabilities (see the reference README, 6): 1e-6 is what the others agree to
    np.testing.assert_allclose(result.alpha_ordinal[0], g["ordinal"]["ordinal_alpha"], rtol=0, atol=1e-6)


def test_weighted_alpha_agrees_with_the_survey_package():
    """alpha is the same for every denominator of the covariance; cov.wt of R gives the weighted one."""
    weighted = reference("weighted")["sfo2015"]["ratings"]
    covariance, recipe = weighted["covariance"], weighted["recipe"]
    matrix = recipe_matrix(recipe, extra=("WEIGHT",))
    at = [recipe["columns"].index(i) for i in covariance["items"]]
    tally = tally_of(matrix[:, at], names=covariance["items"], weights=matrix[:, -1])
    result = reliability({"ratings": tally}, ordinal=False)
    assert result.n[0] == covariance["n_listwise"]
    np.testing.assert_allclose(result.alpha[0], covariance["weighted_alpha"], **CLOSED)
    complete = ~np.isnan(matrix[:, at]).any(axis=1)
    effective = effective_n(matrix[complete, -1])
    np.testing.assert_allclose(result.effective_n[0], effective, rtol=1e-10)
    feldt = alpha_interval_feldt(result.alpha[0], n=effective, k=len(at))
    np.testing.assert_allclose([result.alpha_lower[0], result.alpha_upper[0]], feldt, rtol=1e-10)
    assert "weighted_interval" in {c.code for c in result.cautions}


def test_pairwise_covariances_say_so_and_use_the_smallest_pair():
    g = reference("reliability")["bfi"]["A_pairwise"]
    tally = tally_of(recipe_matrix(g["recipe"]), (1, 6), names=g["recipe"]["columns"], complete=False)
    result = reliability({"A": tally}, ordinal=False)
    np.testing.assert_allclose(result.alpha[0], g["alpha_raw"], **CLOSED)
    assert result.n[0] == tally.pair_n().min() < g["n"]
    assert result.base.missing == "pairwise"
    assert "pairwise" in {c.code for c in result.cautions}


def codes(result):
    return {c.code: c for c in result.cautions}


def test_one_item_is_listed_with_a_note_not_an_error():
    result = reliability({"solo": tally_of(related(1)), "many": tally_of(related())})
    assert np.isnan(result.alpha[0])
    assert result.alpha[1] > 0.5
    assert codes(result)["one_item"].where == ("solo",)
    assert result.table("constructs").column("verdict")[0].en == "one item"


def test_a_constant_item_is_named_and_the_rest_goes_on():
    flat = np.column_stack([related(3), np.full(200, 4.0)])
    result = reliability(
        {"flat": tally_of(flat, names=["a", "b", "c", "stuck"]), "fine": tally_of(related())},
        titles={"flat": Text("Service", "服务")},
    )
    assert np.isnan([result.alpha[0], result.omega[0], result.lambda2[0]]).all()
    assert not np.isnan(result.alpha[1])
    caution = codes(result)["constant_item"]
    assert caution.where == ("flat", "stuck")
    assert "Service" in caution.text.en
    assert "服务" in caution.text.zh
    assert result.verdict.level == "doubtful"


def test_an_item_that_was_not_turned_is_suspected():
    answers = related(5, noise=0.6)
    answers[:, 2] = 6 - answers[:, 2]
    result = reliability({"c": tally_of(answers)})
    found = codes(result)
    assert found["negative_item"].where == ("c", "i3")
    assert "reversed" in found["negative_item"].text.en
    assert found["better_without"].where == ("c", "i3")
    assert f"{result.alpha_if_dropped[2]:.3f} without i3" in found["better_without"].text.en


def test_contradicting_items_fail():
    answers = related(2, noise=0.3)
    answers[:, 1] = 6 - answers[:, 1]
    result = reliability({"c": tally_of(answers)})
    assert result.alpha[0] < 0
    assert "negative_alpha" in codes(result)
    assert result.verdict.failed


def test_two_items_are_not_condemned_for_being_two():
    # loadings^2 of .367 give .54 with two items, below .70 all the same
    rng = np.random.default_rng(4)
    r = 1 - 0.369 * 12 / 7
    draws = np.sqrt(r) * rng.normal(size=(4000, 1)) + np.sqrt(1 - r) * rng.normal(size=(4000, 2))
    result = reliability({"pair": tally_of(draws, None)})
    assert 0.5 < result.alpha[0] < 0.7
    assert result.verdict.level == "sound"
    assert codes(result)["two_items"].where == ("pair",)
    assert np.isnan(result.omega[0])
    assert np.isnan(result.alpha_if_dropped).all()


def test_a_low_alpha_of_many_items_is_doubtful():
    result = reliability({"weak": tally_of(related(3, noise=2.5))})
    assert result.alpha[0] < 0.7
    assert result.verdict.level == "doubtful"
    assert "weak" in result.verdict.text.en


def test_a_duplicated_item_leaves_alpha_and_takes_omega():
    answers = related(3)
    result = reliability({"c": tally_of(np.column_stack([answers, answers[:, 0]]))})
    assert codes(result)["singular"].where == ("c", "i1", "i4")
    assert result.alpha[0] > 0
    assert np.isnan([result.omega[0], result.lambda6[0]]).all()


def test_few_respondents_are_a_caution():
    found = codes(reliability({"c": tally_of(related(n=30)), "d": tally_of(related(n=100))}))
    assert found["few_respondents"].where == ("c",)


def test_nobody_complete_is_told():
    answers = related(2, n=6)
    answers[:3, 0] = NAN
    answers[3:, 1] = NAN
    result = reliability({"c": tally_of(answers), "d": tally_of(related())})
    assert "too_few" in codes(result)
    assert np.isnan(result.alpha[0])


def test_no_construct_is_refused():
    with pytest.raises(BadInput):
        reliability({})


def test_items_without_categories_have_no_ordinal_alpha():
    result = reliability({"c": tally_of(related(), None)})
    assert np.isnan(result.alpha_ordinal[0])
    assert "alpha_ordinal" not in result.table().columns


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), k=st.integers(3, 6))
def test_turning_all_items_changes_nothing(seed, k):
    answers = related(k, 60, seed=seed)
    names = [f"q{j}" for j in range(k)]
    here = reliability({"c": tally_of(answers, names=names)}, ordinal=False)
    there = reliability({"c": tally_of(answers, names=names, reverse=names)}, ordinal=False)
    for name in ("alpha", "alpha_standardised", "lambda2", "lambda6", "item_rest", "alpha_if_dropped"):
        np.testing.assert_allclose(getattr(here, name), getattr(there, name), atol=1e-12)


def test_the_result_is_plain_json_and_draws():
    result = reliability(
        {"service": tally_of(related()), "price": tally_of(related(3, seed=2))},
        titles={"service": Text("Service", "服务"), "i1": Text("Clean rooms", "房间干净")},
    )
    body = json.loads(json.dumps(result.to_dict()))
    assert body["constructs"] == ["service", "price"]
    assert len(body["item_rest"]) == 7
    assert "Service" in result.summary()
    assert "服务" in result.summary("zh")
    assert "Clean rooms" in result.table("items").to_text()
    for plot in result.plots().values():
        assert plot.svg("zh").startswith("<svg")
