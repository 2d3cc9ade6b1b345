"""PLS of a survey: the fixtures of METHODS 10 to 12, policies for silence, weights, doubts, words, charts."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.analyses import pls as pls_module
from csat.analyses import pls_data
from csat.analyses.path_model_pls import PathModelPLS
from csat.analyses.pls import pls, pls_scores
from csat.analyses.pls_data import ModelData
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.instrument.instrument import Construct, Hypothesis, Instrument, Item, Scale
from csat.language import Text
from csat.numerics.replication import random_groups
from csat.responses.responses import NOT_APPLICABLE, Responses
from csat.tally.tally import count
from golden_data import reference_path
from matrix_survey import survey_of
from pls_cases import SCHEMES, golden_case, reference_case

CONSTRUCTS = {"Quality": ["q1", "q2", "q3"], "Value": ["v1", "v2"], "Satisfaction": ["s1", "s2", "s3"]}
PATHS = [("Quality", "Value"), ("Quality", "Satisfaction"), ("Value", "Satisfaction")]
ITEMS = [i for block in CONSTRUCTS.values() for i in block]
SEVEN = Scale("seven", 1, 7)
FEW = 60
"""Replicates where intervals are not the point."""


def answered(seed: int = 0, rows: int = 250) -> np.ndarray:
    """Seven-point answers of a population with the paths above."""
    rng = np.random.default_rng(seed)
    q = rng.normal(size=rows)
    v = 0.6 * q + 0.8 * rng.normal(size=rows)
    s = 0.4 * q + 0.4 * v + 0.6 * rng.normal(size=rows)
    loadings = [0.85, 0.8, 0.75, 0.85, 0.8, 0.85, 0.8, 0.7]
    columns = [
        load * f + math.sqrt(1 - load**2) * rng.normal(size=rows)
        for f, load in zip([q, q, q, v, v, s, s, s], loadings, strict=True)
    ]
    return np.clip(np.rint(4.4 + 1.4 * np.column_stack(columns)), 1, 7)


def responses(answers: np.ndarray | None = None, **options) -> Responses:
    return survey_of(answered() if answers is None else answers, (1, 7), names=ITEMS, **options)


def modelled(given_: Responses | None = None, **options) -> PathModelPLS:
    return pls(
        given_ if given_ is not None else responses(),
        **{"constructs": CONSTRUCTS, "paths": PATHS, "replicates": FEW, "predict": False, **options},
    )


def with_instrument(**options) -> Responses:
    """The same answers under an instrument with a model, titles, a hypothesis."""
    made = responses()
    items = tuple(Item(i, Text(f"How is {i}?", f"{i} 如何？"), SEVEN) for i in ITEMS)
    constructs = tuple(
        Construct(c, Text(c, zh), tuple(CONSTRUCTS[c]), role=role)
        for c, zh, role in (
            ("Quality", "质量", "driver"),
            ("Value", "价值", "driver"),
            ("Satisfaction", "满意", "outcome"),
        )
    )
    instrument = Instrument(
        id="made", version="2", title=Text("made"), items=items, constructs=constructs, scales=(SEVEN,),
        model="Value ~ Quality\nSatisfaction ~ Quality + Value", index="Satisfaction",
        hypotheses=(Hypothesis("H1", "Quality", "Value"), Hypothesis("H2", "Value", "Quality")), **options,
    )  # fmt: skip
    return Responses(
        instrument=instrument, items=made.items, columns=made.columns, reasons={}, rows=made.rows,
        row_numbers=made.row_numbers,
    )  # fmt: skip


def mobile() -> Responses:
    import csat

    return csat.read(reference_path("data", "mobi.csv"), instrument="ecsi").responses


def test_the_mobile_index_and_importance_are_those_of_methods() -> None:
    found = pls(mobile(), replicates=500, predict=False)
    assert found.target == "Satisfaction"
    at = found.constructs.index("Satisfaction")
    assert found.score == pytest.approx(72.454118, abs=1e-6)
    assert found.index_se_fixed[at] == pytest.approx(0.911532, abs=1e-6)
    assert found.index_lower[at] < found.score < found.index_upper[at]
    importance = {e.cause: e.points for e in found.effects if e.effect == "Satisfaction"}
    assert [round(importance[c], 4) for c in ("Image", "Expect", "Quality", "Value")] == [
        0.4147, 0.4323, 0.6398, 0.1383,
    ]  # fmt: skip
    standard = {e.cause: e.total for e in found.effects if e.effect == "Satisfaction"}
    assert [round(standard[c], 4) for c in ("Image", "Expect", "Quality", "Value")] == [
        0.3897, 0.4179, 0.6208, 0.1948,
    ]  # fmt: skip


def test_the_mobile_consistent_solution_fails_its_verdict() -> None:
    found = pls(mobile(), consistent=True, predict=False)
    assert found.verdict.failed
    assert found.replicates == 0
    assert found.r2[found.constructs.index("Satisfaction")] == pytest.approx(0.927, abs=5e-4)
    assert "r2_jump" in {c.code for c in found.cautions}


@pytest.mark.parametrize("missing", ["listwise", "mean"])
def test_the_airport_model_equals_the_reference(missing: str) -> None:
    name = {"listwise": "overall_listwise", "mean": "overall_mean_replacement"}[missing]
    case = reference_case("sfo2015", name, keep_missing=True)
    numbers = case.numbers["path"]
    recipe = case.numbers["recipe"]
    made = survey_of(case.answers, (1, 5), names=case.items)
    found = pls(
        made, constructs=recipe["blocks"], paths=[tuple(p) for p in recipe["paths"]], missing=missing,
        replicates=0, predict=False,
    )  # fmt: skip
    np.testing.assert_allclose(found.weights, case.by_item(numbers["outer_weights"]), atol=1e-9)
    np.testing.assert_allclose(found.path_coefficients, case.matrix(numbers["path_coef"]), atol=1e-9)
    index = numbers["ipma"]["unstandardized_weights"]["index_0_100"]
    np.testing.assert_allclose(found.index, case.by_construct(index), atol=1e-9)
    scores = pls_scores(made, found, kind="standardised")
    complete = ~np.isnan(scores).any(axis=1)
    np.testing.assert_allclose(scores[complete][:5], np.array(numbers["scores_first5"]["values"]), atol=1e-9)


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_scores_and_first_indices_equal_the_reference(scheme: str) -> None:
    case = reference_case("satisfaction_gender", "ecsi6")
    numbers = case.numbers[SCHEMES[scheme]]
    recipe = case.numbers["recipe"]
    made = survey_of(case.answers, (0, 10), names=case.items)
    found = pls(
        made, constructs=recipe["blocks"], paths=[tuple(p) for p in recipe["paths"]], scheme=scheme,
        replicates=0, predict=False,
    )  # fmt: skip
    stored = numbers["ipma"]["unstandardized_weights"]
    np.testing.assert_allclose(
        pls_scores(made, found)[:5], np.array(stored["index_first5"]["values"]), atol=1e-7
    )
    np.testing.assert_allclose(
        pls_scores(made, found, kind="standardised")[:5],
        np.array(numbers["scores_first5"]["values"]),
        atol=1e-9,
    )
    assert found.fit["srmr_saturated"] == pytest.approx(
        numbers["fit_saturated"]["srmr_with_diagonal"], abs=1e-9
    )
    np.testing.assert_allclose(found.communality, case.by_item(numbers["communality"]), atol=1e-9)
    for item, value in zip(found.items, found.redundancy, strict=True):
        if np.isfinite(value):
            assert value == pytest.approx(numbers["redundancy"][item], abs=1e-9)


def test_the_stored_model_equals_seminr() -> None:
    case, whole = golden_case()
    numbers = whole["cases"]["path_a"]
    found = pls(
        survey_of(case.answers, (1, 7), names=case.items), constructs=whole["blocks"],
        paths=[tuple(p) for p in whole["paths"]], replicates=0, predict=False,
    )  # fmt: skip
    np.testing.assert_allclose(found.weights, numbers["weights"], atol=1e-9)
    np.testing.assert_allclose(found.path_coefficients, numbers["paths"], atol=1e-9)
    f2 = {(p.cause, p.effect): p.f2_reestimated for p in found.paths}
    assert f2["Y", "Z"] == pytest.approx(numbers["f2_reestimated"][1][2], abs=1e-9)


def test_a_model_text_constructs_and_an_instrument_say_the_same() -> None:
    by_instrument = pls(with_instrument(), replicates=0, predict=False)
    text = "\n".join(f"{c} =~ {' + '.join(items)}" for c, items in CONSTRUCTS.items())
    by_text = pls(
        responses(), text + "\nValue ~ Quality\nSatisfaction ~ Quality + Value", replicates=0, predict=False
    )
    by_parts = modelled(replicates=0)
    for other in (by_text, by_parts):
        assert other.constructs == by_instrument.constructs
        np.testing.assert_array_equal(other.path_coefficients, by_instrument.path_coefficients)
    assert by_instrument.target == by_text.target == "Satisfaction"


def test_declared_hypotheses_are_judged() -> None:
    found = pls(with_instrument(), replicates=FEW, predict=False)
    assert [h.status for h in found.hypotheses] == ["supported", "cannot be tested"]
    assert "hypotheses" in found.tables()


def test_the_index_without_errors_is_the_mean_of_scores() -> None:
    found = modelled()
    scores = pls_scores(responses(), found)
    np.testing.assert_allclose(scores.mean(axis=0), found.index, atol=1e-9)
    np.testing.assert_allclose(scores.std(axis=0, ddof=1) / math.sqrt(250), found.index_se_fixed, atol=1e-9)
    standard = pls_scores(responses(), found, kind="standardised")
    np.testing.assert_allclose(np.corrcoef(standard.T), found.construct_correlation, atol=1e-9)


def test_whole_weights_count_as_respondents() -> None:
    answers = answered(1)
    weights = np.random.default_rng(0).integers(1, 4, len(answers))
    weighted = modelled(responses(answers, weights=weights.astype(float)))
    repeated = modelled(responses(np.repeat(answers, weights, axis=0)))
    np.testing.assert_allclose(weighted.weights, repeated.weights, atol=1e-9)
    np.testing.assert_allclose(weighted.index, repeated.index, atol=1e-9)
    assert weighted.base.effective_n == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    # copies of a respondent are no new respondents
    assert (weighted.index_se > repeated.index_se).all()


def test_equal_weights_change_nothing() -> None:
    plain, weighted = modelled(), modelled(responses(weights=np.full(250, 2.5)))
    np.testing.assert_allclose(weighted.index_se, plain.index_se, atol=1e-9)
    np.testing.assert_allclose(weighted.index_se_fixed, plain.index_se_fixed, atol=1e-9)


@given(seed=st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_policies_agree_when_nobody_is_silent(seed: int) -> None:
    made = responses(answered(seed))
    a, b, c = (modelled(made, missing=m, replicates=30) for m in ("pairwise", "listwise", "mean"))
    np.testing.assert_allclose(b.weights, a.weights, atol=1e-10)
    np.testing.assert_allclose(c.index_se, a.index_se, atol=1e-8)


def test_each_policy_rests_on_its_respondents() -> None:
    answers = answered(2)
    answers[:60, 0] = np.nan
    made = responses(answers, silences=np.where(np.isnan(answers), NOT_APPLICABLE, 0))
    pairwise, listwise, mean = (modelled(made, missing=m) for m in ("pairwise", "listwise", "mean"))
    assert listwise.base.respondents == 190
    assert pairwise.base.respondents == mean.base.respondents == 250
    assert "mean_replacement" in {c.code for c in mean.cautions}
    whole = modelled(responses(answers[60:]))
    np.testing.assert_allclose(listwise.weights, whole.weights, atol=1e-10)
    # the third item of the construct has everybody's answers, the first only of those who answered
    assert pairwise.item_mean[0] == pytest.approx(np.nanmean(answers[:, 0]))
    assert pairwise.item_mean[2] == pytest.approx(answers[:, 2].mean())


def test_em_moments_fill_what_is_missing_at_random() -> None:
    answers = answered(7, rows=1500)
    holes = answers.copy()
    # the second item of the quality block is silent where the first is low: pairwise moments are biased
    holes[answers[:, 0] <= 4, 1] = np.nan
    whole = modelled(responses(answers), replicates=0)
    em = modelled(responses(holes), missing="em", replicates=20)
    pairwise = modelled(responses(holes), replicates=0)
    assert abs(em.item_mean[1] - whole.item_mean[1]) < 0.12 < abs(pairwise.item_mean[1] - whole.item_mean[1])
    np.testing.assert_allclose(em.weights, whole.weights, atol=0.03)
    assert np.isfinite(em.index_se).all()
    assert {c.code for c in em.cautions} >= {"em"}
    complete = modelled(responses(answers), missing="em", replicates=0)
    np.testing.assert_allclose(complete.weights, whole.weights, atol=1e-7)
    np.testing.assert_allclose(complete.item_sd, whole.item_sd, atol=1e-7)


def test_a_tally_gives_the_same_estimates_and_no_errors() -> None:
    made = responses()
    found = modelled(count(made, ITEMS, complete=True))
    rows = modelled(made)
    np.testing.assert_allclose(found.weights, rows.weights, atol=1e-9)
    np.testing.assert_allclose(found.index, rows.index, atol=1e-9)
    np.testing.assert_allclose(found.index_se_fixed, rows.index_se_fixed, atol=1e-9)
    assert found.replicates == 0
    assert np.isnan(found.index_se).all()


def test_polychoric_weights_leave_the_index_one_of_the_answers() -> None:
    made = responses(answered(3, rows=400))
    found = modelled(made, correlation="polychoric", replicates=20)
    plain = modelled(made)
    assert not np.allclose(found.loadings, plain.loadings, atol=1e-4)
    assert (found.loadings > plain.loadings - 0.01).all()
    scores = pls_scores(made, found)
    np.testing.assert_allclose(scores.mean(axis=0), found.index, atol=1e-9)
    np.testing.assert_allclose(scores.std(axis=0, ddof=1), found.index_sd, atol=1e-9)
    assert np.isfinite(found.index_se).all()


def test_bca_and_percentile_intervals_are_near_each_other() -> None:
    percentile = modelled(replicates=1000)
    bca = modelled(replicates=1000, interval="bca")
    assert bca.interval == "bca"
    np.testing.assert_allclose(bca.index_lower, percentile.index_lower, atol=0.6)
    assert not np.array_equal(bca.index_lower, percentile.index_lower)


@pytest.mark.parametrize(
    "options",
    [
        {"correlation": "polychoric", "replicates": 20},
        {"missing": "em", "replicates": 40},
        {"moderation": [("Quality", "Value", "Satisfaction")]},
    ],
)
def test_bca_intervals_are_made_of_every_kind_of_moments(options: dict) -> None:
    answers = answered(rows=80)
    if options.get("missing") == "em":
        answers[::9, 2] = np.nan
    made = responses(answers)
    found = modelled(made, interval="bca", **options)
    plain = modelled(made, **options)
    ends = np.array([(p.ci_lower, p.estimate, p.ci_upper) for p in found.paths])
    assert (ends[:, 0] < ends[:, 2]).all()
    assert not np.allclose(ends[:, [0, 2]], [(p.ci_lower, p.ci_upper) for p in plain.paths])
    assert not np.allclose(found.htmt_bound[1, 0], plain.htmt_bound[1, 0])
    np.testing.assert_allclose(ends[:, [0, 2]], [(p.ci_lower, p.ci_upper) for p in plain.paths], atol=0.25)


def test_moments_without_a_row_are_those_of_the_others() -> None:
    """The leave-out moments of the slow kinds, beside the same rows without weights."""
    answers = answered(rows=60)
    answers[::7, 1] = np.nan
    data = ModelData.of(responses(answers), tuple(ITEMS), "em", "pearson")
    left = next(data.jackknife())
    others = ModelData.of(responses(np.delete(answers, 5, axis=0)), tuple(ITEMS), "em", "pearson")
    np.testing.assert_allclose(left.correlation[..., 5], others.moments.correlation[..., 0], atol=1e-5)


def test_very_many_respondents_are_resampled_in_random_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    made = responses(answered(rows=3000))
    options = {"replicates": 400, "moderation": ["Quality*Value->Satisfaction"]}
    by_row = modelled(made, **options)
    monkeypatch.setattr(pls_data, "MANY_UNITS", 2000)
    monkeypatch.setattr(pls_data, "random_groups", lambda rows: random_groups(rows, groups=500))
    in_groups = modelled(made, **options)
    np.testing.assert_array_equal(by_row.weights, in_groups.weights)
    for name in ("index_se", "loading_se", "r2_se"):
        one, two = (np.asarray(getattr(r, name)) for r in (by_row, in_groups))
        known = np.isfinite(one) & (one > 1e-9)
        # 400 replicates know an error to 3.5 %, 500 groups to 3.2 %
        np.testing.assert_allclose(two[known], one[known], rtol=0.2)
    assert not np.array_equal(by_row.index_se, in_groups.index_se)
    assert in_groups.moderation[0].se == pytest.approx(by_row.moderation[0].se, rel=0.2)


def test_a_moderated_path_of_very_many_respondents_takes_fewer_replicates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pls_module, "MANY_ROWS", 100)
    options = {"constructs": CONSTRUCTS, "paths": PATHS, "predict": False}
    assert pls(responses(), **options, moderation=["Quality*Value->Satisfaction"]).replicates == 200
    assert pls(responses(), **options).replicates == 2000


def test_htmt2_has_intervals_as_htmt_and_none_where_it_is_undefined() -> None:
    found = modelled()
    below = np.tril_indices(3, -1)
    assert (found.htmt2_lower[below] < found.htmt2[below]).all()
    assert (found.htmt2[below] < found.htmt2_bound[below]).all()
    assert (found.htmt2_bound[below] < found.htmt2_upper[below]).all()
    answers = answered()
    answers[:, 1] = 8 - answers[:, 1]
    turned = modelled(responses(answers))
    for values in (turned.htmt2, turned.htmt2_bound):
        assert np.isnan(values[0, 1:]).all()
        assert np.isfinite(values[2, 1])


def test_a_wider_confidence_gives_wider_intervals() -> None:
    narrow, wide = (modelled(replicates=400, confidence=c) for c in (0.8, 0.99))
    assert (wide.index_upper - wide.index_lower > narrow.index_upper - narrow.index_lower).all()


def test_an_item_that_contradicts_its_construct_withholds_the_index() -> None:
    answers = answered(4)
    answers[:, 6] = 8 - answers[:, 6]
    found = modelled(responses(answers))
    assert found.verdict.failed
    assert math.isnan(found.score)
    assert any(c.code == "negative_weight" and c.where == ("s2",) for c in found.cautions)


def test_a_copied_item_counts_twice_and_is_told() -> None:
    answers = answered()
    answers[:, 2] = answers[:, 1]
    found = modelled(responses(answers))
    (told,) = (c for c in found.cautions if c.code == "repeated_items")
    assert told.where == ("q2", "q3")
    assert np.isinf(found.item_vif[[1, 2]]).all()
    assert found.verdict.level == "doubtful"
    json.dumps(found.to_dict(), allow_nan=False)
    with pytest.raises(CannotCompute, match="q2, q3"):
        modelled(responses(answers), modes="B")


def test_mode_b_is_not_asked_for_reliability() -> None:
    answers = answered()
    answers[:, :3] = np.random.default_rng(4).integers(1, 8, (250, 3))
    answers[:, 0] = np.clip(np.rint(0.5 * answers[:, 0] + 0.5 * answers[:, 5]), 1, 7)
    reflective, formative = (modelled(responses(answers), modes={"Quality": m}) for m in ("A", "B"))
    assert "low_reliability" in {c.code for c in reflective.cautions}
    assert "Quality" not in {n for c in formative.cautions for n in c.where if c.code != "negative_weight"}
    rho = formative.table("constructs").column("rho_a")
    assert math.isnan(rho[0])


def test_the_advice_on_a_negative_weight_depends_on_the_mode() -> None:
    answers = answered()
    answers[:, 1] = 8 - answers[:, 1]
    for mode, words in (("A", "turn it round"), ("B", "use mode A")):
        found = modelled(responses(answers), modes=mode)
        (told,) = (c for c in found.cautions if c.code == "negative_weight")
        assert words in told.text.en


def test_fewer_than_ten_respondents_a_cause_are_told() -> None:
    found = modelled(responses(answered(rows=40)), modes={"Quality": "B", "Satisfaction": "B"})
    assert "few_for_model" not in {c.code for c in found.cautions}
    wide = survey_of(np.random.default_rng(3).normal(size=(70, 12)), None)
    blocks = {f"c{k}": [f"i{k}"] for k in range(1, 9)} | {"y": ["i9", "i10", "i11", "i12"]}
    told = pls(wide, constructs=blocks, paths=[(c, "y") for c in blocks if c != "y"], replicates=0)
    (few,) = (c for c in told.cautions if c.code == "few_for_model")
    assert "80" in few.text.en


def test_constructs_that_measure_the_same_are_not_called_different() -> None:
    rng = np.random.default_rng(0)
    f = rng.normal(size=300)
    answers = np.clip(np.rint(4 + 1.3 * (f[:, None] * 0.8 + 0.6 * rng.normal(size=(300, 8)))), 1, 7)
    found = modelled(responses(answers), replicates=200)
    assert found.verdict.level == "doubtful"
    assert any(c.code == "not_distinct" for c in found.cautions)


def test_good_measurement_is_sound() -> None:
    found = modelled(responses(answered(5, rows=600)), replicates=200)
    assert found.verdict.level == "sound"
    assert found.cautions == ()


def test_rare_answers_lose_replicates_and_are_named() -> None:
    answers = answered(6)
    answers[:, 4] = 4
    answers[:4, 4] = 6
    found = modelled(responses(answers), replicates=600)
    assert 0 < found.lost < 30
    assert set(found.lost_items) == {"v2"}
    assert any(c.code == "lost_replicates" and c.where == ("v2",) for c in found.cautions)


def test_too_many_lost_replicates_withhold_intervals_and_fail() -> None:
    answers = answered(6)
    answers[:, 4] = 4
    answers[0, 4] = 6
    found = modelled(responses(answers))
    assert found.verdict.failed
    assert "v2" in found.verdict.text.en
    assert "v2" in found.verdict.text.zh
    assert np.isnan(found.index_se).all()
    assert math.isfinite(found.score)


def test_prediction_is_tested_against_mean_and_linear_model() -> None:
    found = modelled(predict=True)
    assert [p.item for p in found.predictions] == ITEMS[3:]
    assert all(p.q2 > 0 for p in found.predictions)
    whole = {t.benchmark: t for t in found.predictive_tests if not t.construct}
    assert whole["mean"].difference < 0
    assert whole["mean"].p < 0.001


def test_the_same_seed_gives_the_same_json_and_another_seed_another_interval() -> None:
    a, b, c = (modelled(seed=s, predict=True) for s in (1, 1, 2))
    assert json.dumps(a.to_dict()) == json.dumps(b.to_dict())
    assert a.index_lower[0] != c.index_lower[0]
    assert a.score == c.score


def test_json_holds_plain_numbers_under_their_names() -> None:
    said = json.loads(json.dumps(modelled(predict=True).to_dict()))
    assert said["analysis"] == "pls"
    assert said["paths"][0].keys() >= {"cause", "effect", "estimate", "se", "ci_lower", "ci_upper", "p"}
    assert len(said["index"]) == len(said["constructs"]) == 3
    assert said["seed"] == 0
    assert said["replicates"] == FEW


def test_every_table_and_chart_is_drawn_in_both_languages() -> None:
    found = pls(with_instrument(), replicates=FEW)
    for table in found.tables().values():
        for language in ("en", "zh"):
            text = table.to_text(language)
            assert "nan" not in text.lower().split()
            assert "{" not in text
    assert set(found.plots()) == {
        "paths", "model", "importance", "item_importance", "index", "htmt", "loadings",
    }  # fmt: skip
    for number, plot in enumerate(found.plots().values()):
        assert plot.svg("zh" if number % 2 else "en").startswith("<")
    assert "满意" in found.summary("zh")
    assert "Satisfaction" in found.summary("en")
    assert all("{" not in t.en + t.zh for t in found.headline())


def test_a_model_without_replicates_has_tables_and_charts_too() -> None:
    found = modelled(replicates=0)
    assert "se" not in found.table("paths").columns
    for table in found.tables().values():
        table.to_text()
    for name in ("paths", "index", "htmt"):
        found.plots()[name].svg()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"paths": [("Quality", "Valeu")]}, UnknownName, "Did you mean 'Value'?"),
        ({"constructs": {**CONSTRUCTS, "Value": ["v1", "v9"]}}, UnknownName, "v9"),
        ({"constructs": {**CONSTRUCTS, "Image": ["q1"]}}, CannotCompute, "Image"),
        ({"paths": [*PATHS, ("Satisfaction", "Quality")]}, CannotCompute, "circle"),
        ({"modes": {"Qualty": "B"}}, UnknownName, "Did you mean 'Quality'?"),
        ({"target": "Loyalty"}, UnknownName, "Loyalty"),
        ({"scheme": "paths"}, UnknownName, "Did you mean 'path'?"),
        ({"missing": "pairs"}, UnknownName, "pairwise"),
        ({"replicates": 3}, BadInput, "2000"),
        ({"paths": []}, BadInput, "no paths"),
        ({"paths": None}, BadInput, "go together"),
    ],
)
def test_what_cannot_be_estimated_is_explained(options: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words.replace("?", r"\?")):
        modelled(**options)


def test_an_item_without_variance_is_named() -> None:
    answers = answered()
    answers[:, 1] = 5
    with pytest.raises(CannotCompute, match="q2"):
        modelled(responses(answers))


def test_a_tally_alone_needs_a_model() -> None:
    with pytest.raises(BadInput, match="model"):
        pls(count(responses(), ITEMS))


def test_statements_without_a_place_in_pls_are_told() -> None:
    text = "\n".join(f"{c} =~ {' + '.join(items)}" for c, items in CONSTRUCTS.items())
    found = pls(responses(), text + "\nSatisfaction ~ Quality + Value\nq1 ~~ q2", replicates=0, predict=False)
    assert any(c.code == "ignored" and "q1 ~~ q2" in c.text.en for c in found.cautions)


# Second stages


def golden_parts() -> tuple[Responses, dict, dict]:
    case, whole = golden_case()
    return survey_of(case.answers, (1, 7), names=case.items), whole["blocks"], whole["cases"]


def test_a_construct_measured_by_constructs_equals_seminr() -> None:
    made, blocks, stored = golden_parts()
    found = pls(
        made, constructs={**blocks, "H": ["X", "Y"]}, paths=[("H", "Z")], replicates=FEW, predict=False
    )
    assert found.constructs == ("Z", "H")
    assert found.path_coefficients[1, 0] == pytest.approx(stored["higher"]["path"], abs=1e-9)
    np.testing.assert_allclose(found.weights[-2:], stored["higher"]["weights"], atol=1e-9)
    assert found.lower is not None
    assert found.lower.constructs == ("Z", "X", "Y")
    # the higher index is the weighted mean of the lower ones
    u = found.index_weights[-2:]
    assert found.index[1] == pytest.approx(u @ found.lower.index[1:], abs=1e-9)
    np.testing.assert_allclose(pls_scores(made, found).mean(axis=0), found.index, atol=1e-9)
    assert np.isfinite(found.index_se).all()
    assert {"lower_constructs", "lower_items"} <= set(found.tables())


def test_a_model_text_may_measure_a_construct_by_constructs() -> None:
    made, blocks, stored = golden_parts()
    text = "\n".join(f"{c} =~ {' + '.join(items)}" for c, items in blocks.items()) + "\nH =~ X + Y\nZ ~ H"
    found = pls(made, text, replicates=0, predict=False)
    assert found.paths[0].estimate == pytest.approx(stored["higher"]["path"], abs=1e-9)
    json.dumps(found.to_dict())


def test_repeated_indicators_give_the_items_of_the_parts_to_the_whole() -> None:
    made, blocks, _ = golden_parts()
    found = pls(
        made, constructs={**blocks, "H": ["X", "Y"]}, paths=[("H", "Z")], replicates=0, predict=False,
        higher_order="repeated-indicators",
    )  # fmt: skip
    own = [i for i, c in zip(found.items, found.item_construct, strict=True) if c == "H"]
    assert own == [*blocks["X"], *blocks["Y"]]
    assert {(p.cause, p.effect) for p in found.paths} == {("H", "Z"), ("H", "X"), ("H", "Y")}
    assert found.lower is None


def test_a_moderated_path_equals_seminr() -> None:
    made, blocks, stored = golden_parts()
    found = pls(
        made, constructs=blocks, paths=[("X", "Z"), ("Y", "Z")], moderation=[("X", "Y", "Z")],
        replicates=FEW, predict=False,
    )  # fmt: skip
    own = {p.cause: p.estimate for p in found.paths}
    (moderated,) = found.moderation
    expected = stored["moderated"]["paths"]
    # seminr gives the path of the product as it is, not standardised
    np.testing.assert_allclose([own["X"], own["Y"], moderated.per_product], expected, atol=1e-9)
    assert moderated.slope_high - moderated.slope_low == pytest.approx(2 * moderated.per_product)
    assert "moderation" in found.tables()
    assert found.target == "Z"
    for table in found.tables().values():
        table.to_text("zh")
    found.plots()["paths"].svg()


def test_a_real_moderation_is_found_and_none_is_not() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 600))
    blocks = {"A": ["i1", "i2", "i3"], "B": ["i4", "i5"], "C": ["i6", "i7", "i8"]}
    p = []
    for strength in (0.35, 0.0):
        c = 0.4 * a + 0.3 * b + strength * a * b + 0.7 * rng.normal(size=600)
        columns = [0.9 * f + 0.4 * rng.normal(size=600) for f in (a, a, a, b, b, c, c, c)]
        made = survey_of(np.column_stack(columns), None)
        found = pls(
            made, constructs=blocks, paths=[("A", "C"), ("B", "C")], moderation=[("A", "B", "C")],
            replicates=300, predict=False,
        )  # fmt: skip
        p.append(found.moderation[0].p)
    assert p[0] < 1e-6 < 0.01 < p[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"constructs": {**CONSTRUCTS, "All": ["Quality", "v1"]}, "paths": [("All", "Satisfaction")]}, "v1"),
        (
            {
                "constructs": {**CONSTRUCTS, "All": ["Quality", "Value"]},
                "paths": [("All", "Satisfaction"), ("Value", "Satisfaction")],
            },
            "path of its own",
        ),
        ({"moderation": [("Quality", "Value", "Loyalty")]}, "Loyalty"),
        ({"moderation": [("Quality", "Satisfaction", "Value")]}, "missing"),
        ({"moderation": [("Quality", "Value", "Satisfaction")], "consistent": True}, "second stage"),
    ],
)
def test_second_stages_that_cannot_be_are_explained(options: dict, words: str) -> None:
    with pytest.raises((BadInput, UnknownName), match=words):
        modelled(**options)


def test_a_construct_may_bear_the_name_of_its_only_item() -> None:
    constructs = {**CONSTRUCTS, "s3": ["s3"], "Satisfaction": ["s1", "s2"]}
    found = modelled(constructs=constructs, paths=[*PATHS, ("Satisfaction", "s3")])
    assert found.lower is None
    assert found.constructs == tuple(constructs)
    text = "Quality =~ q1 + q2 + q3\nSatisfaction =~ s1 + s2\nSatisfaction ~ Quality\ns3 ~ Satisfaction"
    assert pls(responses(), text, replicates=0, predict=False).constructs == ("Quality", "Satisfaction", "s3")


def test_a_moderated_path_needs_whole_rows() -> None:
    answers = answered()
    answers[3, 2] = np.nan
    made = responses(answers)
    with pytest.raises(BadInput, match="listwise"):
        modelled(made, moderation=[("Quality", "Value", "Satisfaction")], missing="pairwise")
    found = modelled(made, moderation=[("Quality", "Value", "Satisfaction")])
    assert found.base.missing == "listwise"
    assert found.base.respondents == 249
    with pytest.raises(BadInput, match="rows"):
        modelled(count(responses(), ITEMS), moderation=[("Quality", "Value", "Satisfaction")])
