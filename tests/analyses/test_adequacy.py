"""Factorability of items against R, and what is said of items that are not fit for factors."""

import json

import numpy as np
import pytest

from csat.analyses.adequacy import adequacy, band_of
from csat.errors import BadInput, CannotCompute
from csat.language import Text
from csat.tally.tally import count
from golden_data import recipe_matrix, reference
from matrix_survey import survey_of

CLOSED = {"rtol": 1e-9, "atol": 1e-10}

CASES = {
    ("mobi", "all23"): (1, 10),
    ("mobi", "PERQ"): (1, 10),
    ("satisfaction_gender", "all27"): (0, 10),
    ("bfi", "all25_listwise"): (1, 6),
    ("holzinger", "all9"): None,
    ("poldem", "all11"): None,
    ("airline2", "first2000"): (1, 5),
    ("airline2", "all"): (1, 5),
    ("sfo2015", "listwise12"): (1, 5),
}


def tally_of(answers, scale=(1, 5), *, complete=True, **options):
    return count(survey_of(answers, scale, **options), complete=complete)


@pytest.mark.parametrize(("data", "case"), CASES)
def test_agrees_with_psych(data, case):
    g = reference("adequacy")[data][case]
    result = adequacy(tally_of(recipe_matrix(g["recipe"]), CASES[data, case], names=g["recipe"]["columns"]))
    assert result.n == g["n"]
    np.testing.assert_allclose(result.kmo, g["kmo_overall"], **CLOSED)
    np.testing.assert_allclose(result.msa, list(g["kmo_items"].values()), **CLOSED)
    np.testing.assert_allclose(result.chi_square, g["bartlett_chisq"], **CLOSED)
    assert result.df == g["bartlett_df"]
    np.testing.assert_allclose(result.log10_p, g["bartlett_log10_p"], **CLOSED)
    np.testing.assert_allclose(result.determinant, g["det_R"], **CLOSED)
    np.testing.assert_allclose(result.smc, list(g["smc"].values()), **CLOSED)


@pytest.mark.parametrize(
    ("data", "case", "scale"), [("bfi", "all25_pairwise", (1, 6)), ("sfo2015", "pairwise12", (1, 5))]
)
def test_pairwise_correlations_agree_and_bartlett_takes_the_smallest_pair(data, case, scale):
    g = reference("adequacy")[data][case]
    tally = tally_of(recipe_matrix(g["recipe"]), scale, names=g["recipe"]["columns"], complete=False)
    result = adequacy(tally)
    np.testing.assert_allclose(result.correlations, g["R"]["values"], **CLOSED)
    np.testing.assert_allclose(result.kmo, g["kmo_overall"], **CLOSED)
    np.testing.assert_allclose(result.msa, list(g["kmo_items"].values()), **CLOSED)
    # the reference multiplies by all rows; we count only those that answered the rarest pair
    n, p = tally.pair_n().min(), len(result.items)
    assert result.n == n < g["n"]
    assert result.chi_square == pytest.approx(-(n - 1 - (2 * p + 5) / 6) * g["log_det_R"], rel=1e-9)
    assert [c.code for c in result.cautions][-1] == "pairwise"
    assert result.base.missing == "pairwise"


def test_polychoric_input_agrees_with_lavaan():
    g = reference("adequacy")["bfi"]["A_C_polychoric"]
    tally = tally_of(recipe_matrix(g["recipe"]), (1, 6), names=g["recipe"]["columns"])
    result = adequacy(tally, correlation="polychoric")
    # DESIGN 6: polychorics 1e-4
    np.testing.assert_allclose(result.correlations, g["R"]["values"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(result.kmo, g["kmo_overall"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(result.chi_square, g["bartlett_chisq"], rtol=1e-4)
    assert "polychoric_bartlett" in {c.code for c in result.cautions}


def related(k=5, n=200, *, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    return np.clip(np.round(3 + rng.normal(size=(n, 1)) + noise * rng.normal(size=(n, k))), 1, 5)


def test_kaisers_words():
    assert [band_of(x).en for x in (0.95, 0.85, 0.75, 0.65, 0.55, 0.4, np.nan)] == [
        "marvellous", "meritorious", "middling", "mediocre", "miserable", "unacceptable", "unacceptable",
    ]  # fmt: skip


def test_related_items_are_sound():
    result = adequacy(tally_of(related()))
    assert result.verdict.level == "sound"
    assert "enough for factors" in result.headline()[0].en


def test_unrelated_items_are_not_sound_and_the_low_ones_are_named():
    result = adequacy(tally_of(np.random.default_rng(3).integers(1, 6, (200, 6))))
    assert result.verdict.level in ("doubtful", "failed")
    low = {i for i, m in zip(result.items, result.msa, strict=True) if m < 0.5}
    assert low
    assert {c.code: set(c.where) for c in result.cautions}["low_msa"] == low


@pytest.mark.parametrize("correlation", ["pearson", "polychoric"])
def test_a_constant_item_is_named(correlation):
    answers = np.column_stack([related(3), np.full(200, 2.0)])
    with pytest.raises(CannotCompute, match="no variance in stuck"):
        adequacy(tally_of(answers, names=["a", "b", "c", "stuck"]), correlation=correlation)


def test_items_that_depend_on_each_other_are_named():
    answers = related(3)
    with pytest.raises(CannotCompute, match=r"b, b_again depend on each other"):
        adequacy(tally_of(np.column_stack([answers, answers[:, 1]]), names=["a", "b", "c", "b_again"]))
    parts = np.random.default_rng(0).integers(0, 3, (100, 3))
    total = parts[:, 0] + parts[:, 2]
    with pytest.raises(CannotCompute, match=r"x, z, total depend on each other"):
        adequacy(tally_of(np.column_stack([parts, total]), (0, 4), names=["x", "y", "z", "total"]))


def test_too_few_items_or_respondents_are_refused():
    with pytest.raises(CannotCompute, match="2 items"):
        adequacy(tally_of(related(2)))
    with pytest.raises(CannotCompute, match="more than 5 respondents"):
        adequacy(tally_of(related(5, 5, seed=8)))


def test_two_items_nobody_answered_together_are_named():
    answers = related(3, 20)
    answers[:10, 0] = np.nan
    answers[10:, 2] = np.nan
    with pytest.raises(CannotCompute, match="both i1 and i3"):
        adequacy(tally_of(answers, complete=False))


def test_near_duplicates_make_a_small_determinant_and_are_named():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 4))
    x[:, 3] = x[:, 1] + 0.001 * rng.normal(size=300)
    found = {c.code: c for c in adequacy(tally_of(x, None)).cautions}
    assert found["small_determinant"].where == ("i2", "i4")


def test_polychoric_needs_categories():
    with pytest.raises(BadInput, match="answer categories"):
        adequacy(tally_of(related(), None), correlation="polychoric")
    with pytest.raises(BadInput, match="pearson or polychoric"):
        adequacy(tally_of(related()), correlation="kendall")


def test_weights_count_through_the_effective_n():
    answers, weights = related(), np.random.default_rng(0).uniform(0.2, 3, 200)
    tally = tally_of(answers, weights=weights)
    result = adequacy(tally)
    assert result.n == int(tally.effective_n) < 200
    assert "weighted_bartlett" in {c.code for c in result.cautions}
    same = adequacy(tally_of(answers, weights=np.full(200, 2.0)))
    assert same.n == 200
    np.testing.assert_allclose(same.kmo, adequacy(tally_of(answers)).kmo)


def test_turning_an_item_changes_no_msa():
    answers = related()
    here, there = adequacy(tally_of(answers)), adequacy(tally_of(answers, reverse=["i2", "i4"]))
    np.testing.assert_allclose(here.msa, there.msa, atol=1e-12)


def test_the_result_is_plain_json_and_draws():
    result = adequacy(tally_of(related()), titles={"i1": Text("Clean rooms", "房间干净")})
    body = json.loads(json.dumps(result.to_dict()))
    assert body["band"] == {"en": result.band.en, "zh": result.band.zh}
    assert "Clean rooms" in result.table("items").to_text()
    assert "KMO" in result.summary("zh")
    for plot in result.plots().values():
        assert plot.svg("zh").startswith("<svg")
