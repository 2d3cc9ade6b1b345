"""Exploratory factors against psych's exact solutions, the bank study, and what is said of doubtful ones."""

import json

import numpy as np
import pytest

from csat.analyses.efa import efa, efa_scores
from csat.analyses.factorial import retention
from csat.analyses.factorial.naming import name_factors, sort_items
from csat.errors import BadInput, CannotCompute
from csat.language import Text
from csat.recipes import bank_efa
from csat.tally.tally import count
from golden_data import recipe_matrix, reference
from matrix_survey import survey_of

EXTRACTIONS = {"minres": "minres", "ml": "ml", "pa": "pa", "pca": "pca"}
ROTATIONS = {
    "none": "none",
    "varimax": "varimax",
    "quartimax": "quartimax",
    "promax": "promax",
    "oblimin": "oblimin",
    "geomin": "geominQ",
}
CASES = {
    ("mobi", "k3"): (1, 10),
    ("satisfaction_gender", "k4"): (0, 10),
    ("bfi", "k5_not_reversed"): (1, 6),
    ("holzinger", "k3"): None,
    ("airline2", "k4"): (1, 5),
    ("sfo2015", "k3"): (1, 5),
}
BANK = {"image": [0, 1], "products": [2, 3, 4], "relations": [5, 6], "service": [7, 8, 9], "place": [10, 11]}


def tally_of(answers, scale=(1, 5), *, complete=True, **options):
    return count(survey_of(answers, scale, **options), complete=complete)


def clustered(groups=(3, 3), n=300, *, seed=0, loading=0.8, between=0.3, points=5):
    """Answers of items in groups: normal factors correlated `between`, cut into `points`."""
    rng = np.random.default_rng(seed)
    m = len(groups)
    phi = np.full((m, m), between) + (1 - between) * np.eye(m)
    factors = rng.standard_normal((n, m)) @ np.linalg.cholesky(phi).T
    owner = np.repeat(np.arange(m), groups)
    latent = loading * factors[:, owner] + np.sqrt(1 - loading**2) * rng.standard_normal((n, len(owner)))
    return np.clip(np.round(latent * points / 5 + (points + 1) / 2), 1, points)


def codes(result):
    return {c.code for c in result.cautions}


# --- numbers ---


@pytest.mark.parametrize(
    ("data", "name", "extraction", "rotation"),
    [
        (data, name, extraction, rotation)
        for data, name in CASES
        for extraction in EXTRACTIONS
        for rotation in ROTATIONS
        # its stored optimum is a local one: see tests/numerics/test_rotation.py
        if (data, extraction, rotation) != ("airline2", "ml", "geomin")
    ],
)
def test_loadings_are_psychs_exact_ones(data, name, extraction, rotation):
    case = reference("efa")[data][name]
    tally = tally_of(recipe_matrix(case["recipe"]), CASES[data, name])
    result = efa(tally, factors=case["n_factors"], extraction=extraction, rotation=rotation, draws=1)
    expected = case[EXTRACTIONS[extraction]]
    block = expected[ROTATIONS[rotation]]
    # R is exact to 1e-15; solutions to 1e-8
    np.testing.assert_allclose(result.pattern, block["loadings"]["values"], atol=1e-6)
    np.testing.assert_allclose(result.variance.share, block["proportion_var"], atol=1e-7)
    np.testing.assert_allclose(result.communalities, list(expected["communalities"].values()), atol=1e-7)
    if "phi" in block:
        np.testing.assert_allclose(result.phi, block["phi"]["values"], atol=1e-6)
        np.testing.assert_allclose(result.structure, block["structure"]["values"], atol=1e-6)
    if extraction != "pca":
        for ours, theirs in (("chi_square", "chisq"), ("rmsea", "rmsea"), ("tli", "tli"), ("rmsr", "rmsr")):
            assert getattr(result.fit, ours) == pytest.approx(expected["fit"][theirs], rel=1e-6)
    np.testing.assert_allclose(result.retention.eigenvalues, case["eigenvalues"], atol=1e-9)


@pytest.mark.parametrize(("data", "name"), CASES)
def test_rules_for_the_number_are_psychs(data, name):
    case = reference("efa")[data][name]
    result = efa(tally_of(recipe_matrix(case["recipe"]), CASES[data, name]), draws=60)
    assert result.retention.counts["map"] == case["map"]["suggested_squared"]
    assert result.retention.counts["map_fourth"] == case["map"]["suggested_fourth"]
    assert result.retention.counts["parallel"] == case["parallel"]["n_components"] == len(result.factors)
    assert result.retention.counts["kaiser"] == sum(v > 1 for v in case["eigenvalues"])


@pytest.mark.parametrize("method", ["regression", "Bartlett", "tenBerge"])
def test_scores_of_respondents_are_psychs(method):
    case = reference("efa")["mobi"]["k3"]
    x = recipe_matrix(case["recipe"])
    result = efa(tally_of(x, (1, 10)), factors=3, draws=1)
    ours = {"regression": "regression", "Bartlett": "bartlett", "tenBerge": "ten berge"}[method]
    expected = case["minres"]["oblimin"]["scores_first5"][method]["scores"]["values"]
    np.testing.assert_allclose(efa_scores(x[:5], result, method=ours), expected, atol=1e-7)


def test_polychoric_factors_agree_with_those_of_lavaans_matrix():
    case = reference("efa")["bfi"]["k2_A_C_polychoric"]
    result = efa(
        tally_of(recipe_matrix(case["recipe"]), (1, 6)), factors=2, correlation="polychoric", draws=1
    )
    # lavaan's correlations are good to 3e-8 here
    np.testing.assert_allclose(result.pattern, case["minres"]["oblimin"]["loadings"]["values"], atol=1e-6)
    assert result.correlation == "polychoric"


def test_pairwise_factors_agree_and_tests_take_the_smallest_pair():
    case = reference("efa")["sfo2015"]["k3_pairwise"]
    tally = tally_of(recipe_matrix(case["recipe"]), (1, 5), complete=False)
    result = efa(tally, factors=3, draws=20)
    np.testing.assert_allclose(result.pattern, case["minres"]["oblimin"]["loadings"]["values"], atol=1e-6)
    assert result.n == tally.pair_n().min()
    assert "pairwise" in codes(result)
    assert result.retention.draw == "drawn"


# --- the bank study ---


def bank(**options):
    names = [f"q{i + 1}" for i in range(12)]
    tally = tally_of(bank_efa(np.random.default_rng(93)), names=names)
    constructs = {c: [names[i] for i in at] for c, at in BANK.items()}
    return efa(tally, constructs=constructs, titles={"image": Text("Image", "形象")}, **options)


def test_the_bank_study_is_found_again():
    result = bank(factors="kaiser", extraction="pca", rotation="varimax")
    assert result.retention.counts["kaiser"] == 5
    assert result.variance.cumulative[-1] == pytest.approx(0.631, abs=2e-4)
    owner = {i: c for c, at in BANK.items() for i in at}
    assert all(result.names.constructs[j] == owner[i] for i, j in enumerate(result.sorting.item_factor))
    assert sorted(result.names.constructs) == sorted(BANK)
    assert not result.sorting.cross.any()
    assert Text("Image", "形象") in result.names.names
    assert {"components", "orthogonal", "number_disagrees", "few_items", "small_n"} <= codes(result)
    assert result.verdict.level == "doubtful"
    assert "above chance" in result.verdict.text.en
    assert result.fit is None
    assert "63.1%" in result.headline()[0].en


def test_as_many_factors_as_the_instrument_declares():
    result = bank(factors="instrument", draws=20)
    assert len(result.factors) == 5
    assert result.rule == "instrument"
    assert result.retention.counts["instrument"] == 5


def test_what_parallel_analysis_asks_for_is_kept():
    result = bank()
    assert len(result.factors) == result.retention.counts["parallel"] == 1
    assert "number_disagrees" in codes(result)
    # products and service own three items each
    assert result.names.constructs[0] in ("products", "service")
    assert "ambiguous_name" in codes(result)


# --- clusters that are there ---


def test_two_clusters_are_found_named_and_sound():
    names = ["a1", "a2", "a3", "b1", "b2", "b3"]
    constructs = {"A": names[:3], "B": names[3:]}
    result = efa(tally_of(clustered(n=600), names=names), constructs=constructs)
    assert result.verdict.level == "sound"
    assert sorted(result.names.constructs) == ["A", "B"]
    assert result.phi[0, 1] == pytest.approx(0.3, abs=0.1)
    assert codes(result) == set()
    assert {*result.table("pattern").column("item")[:3]} in ({*names[:3]}, {*names[3:]})
    assert "phi" in result.tables() and "structure" in result.tables()


def test_orthogonal_results_have_neither_phi_nor_structure_tables():
    result = efa(tally_of(clustered()), factors=2, rotation="varimax", draws=5)
    assert {"phi", "structure"}.isdisjoint(result.tables())
    np.testing.assert_array_equal(result.phi, np.eye(2))
    assert "orthogonal" in codes(result)


def test_counting_in_parts_gives_the_same_factors():
    answers = clustered((3, 3, 3), n=400)
    whole = efa(tally_of(answers), draws=10)
    parts = tally_of(answers[:130]) + tally_of(answers[130:])
    np.testing.assert_array_equal(efa(parts, draws=10).pattern, whole.pattern)


def test_the_order_of_the_items_does_not_matter():
    answers = clustered((3, 3, 3), n=400)
    order = np.random.default_rng(1).permutation(9)
    here = efa(tally_of(answers), factors=3, draws=5)
    there = efa(tally_of(answers[:, order]), factors=3, draws=5)
    np.testing.assert_allclose(there.pattern, here.pattern[order], atol=1e-6)


def test_a_seed_gives_the_same_result_to_the_last_bit():
    tally = tally_of(clustered((3, 3, 3)))
    one, two, other = efa(tally, seed=5), efa(tally, seed=5), efa(tally, seed=6)
    assert json.dumps(one.to_dict()) == json.dumps(two.to_dict())
    assert (one.retention.parallel_line != other.retention.parallel_line).any()
    np.testing.assert_allclose(one.pattern, other.pattern, atol=1e-7)


def test_normal_theory_stands_in_for_shuffling_when_answers_are_many(monkeypatch):
    tally = tally_of(clustered((3, 3, 3), n=2000))
    shuffled = efa(tally, draws=300)
    monkeypatch.setattr(retention, "MOST_PERMUTED", 1000)
    normal = efa(tally, draws=300)
    assert (shuffled.retention.draw, normal.retention.draw) == ("permuted", "normal")
    np.testing.assert_allclose(normal.retention.parallel_line, shuffled.retention.parallel_line, atol=0.015)


def test_weights_count_and_tests_use_the_effective_n():
    answers = clustered(n=400)
    weights = np.where(np.arange(400) < 200, 1.0, 3.0)
    result = efa(tally_of(answers, weights=weights), factors=2, draws=10)
    repeated = np.concatenate([answers[:200], np.repeat(answers[200:], 3, axis=0)])
    np.testing.assert_allclose(result.pattern, efa(tally_of(repeated), factors=2, draws=5).pattern, atol=1e-7)
    assert result.n == 320
    assert result.retention.draw == "drawn"
    assert "weighted_fit" in codes(result)


def test_continuous_items_are_factored():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((200, 1)) + rng.standard_normal((200, 5))
    result = efa(tally_of(x, None))
    assert result.retention.draw == "normal"
    assert len(result.factors) == 1
    with pytest.raises(BadInput, match="need answer categories"):
        efa(tally_of(x, None), correlation="polychoric")
    assert efa(tally_of(x, None), correlation="auto", draws=5).correlation == "pearson"


def test_auto_takes_polychorics_for_few_categories():
    few, many = clustered(points=5), clustered(points=10)
    assert efa(tally_of(few), correlation="auto", draws=5).correlation == "polychoric"
    assert efa(tally_of(many, (1, 10)), correlation="auto", draws=5).correlation == "pearson"
    skewed = np.clip(clustered(points=7) + 3, 1, 7)
    assert efa(tally_of(skewed, (1, 7)), correlation="auto", draws=5).correlation == "polychoric"


def test_scores_of_silent_respondents_are_missing():
    answers = clustered()
    result = efa(tally_of(answers), factors=2, draws=5)
    asked = answers[:4].copy()
    asked[1, 2] = np.nan
    scores = efa_scores(asked, result)
    assert np.isnan(scores[1]).all()
    assert np.isfinite(scores[[0, 2, 3]]).all()
    np.testing.assert_allclose(efa_scores(answers, result).mean(axis=0), 0, atol=1e-12)
    with pytest.raises(BadInput, match="one column an item"):
        efa_scores(asked[:, :3], result)


# --- doubts ---


def test_unrelated_items_fail():
    answers = np.random.default_rng(4).integers(1, 6, (400, 8))
    result = efa(tally_of(answers))
    assert result.verdict.level == "failed"
    assert len(result.factors) == 1
    assert "number_changed" in codes(result)


def test_a_near_duplicate_is_a_heywood_case():
    answers = clustered((3, 3), n=300)
    twin = answers[:, 0].copy()
    twin[:6] = 6 - twin[:6]
    result = efa(
        tally_of(np.column_stack([answers, twin]), names=["a", "b", "c", "d", "e", "f", "twin"]),
        factors=3,
        draws=5,
    )
    heywood = [c for c in result.cautions if c.code == "heywood"]
    assert heywood and set(heywood[0].where) <= {"a", "twin"}
    assert result.verdict.level == "doubtful"


def test_items_between_factors_and_items_of_none_are_named():
    answers = clustered((3, 3), n=800, between=0.1)
    rng = np.random.default_rng(1)
    both = np.clip(np.round((answers[:, 0] + answers[:, 3] + rng.normal(0, 1, 800)) / 2), 1, 5)
    alone = rng.integers(1, 6, 800)
    names = ["a", "b", "c", "d", "e", "f", "both", "alone"]
    result = efa(tally_of(np.column_stack([answers, both, alone]), names=names), factors=2, draws=5)
    where = {c.code: c.where for c in result.cautions}
    assert where["cross_loading"] == ("both",)
    assert where["weak_items"] == ("alone",)


def test_categories_nobody_chose_are_said_for_polychorics():
    answers = np.where(clustered() == 1, 2, clustered())
    result = efa(tally_of(answers), factors=2, correlation="polychoric", draws=5)
    empty = [c for c in result.cautions if c.code == "empty_categories"]
    assert empty and "i1 (1)" in empty[0].text.en


def test_a_rule_that_asks_for_too_many_is_held_to_what_the_items_carry():
    answers = clustered((2, 2), n=200, between=0.0)
    result = efa(tally_of(answers), factors="kaiser", draws=10)
    assert result.retention.counts["kaiser"] == 2
    assert len(result.factors) == 1
    assert any(c.code == "number_changed" and "asked for 2" in c.text.en for c in result.cautions)


def test_repeated_items_leave_no_likelihood_but_still_residuals():
    answers = clustered((3, 3))
    tally = tally_of(np.column_stack([answers, answers[:, 0]]), names=[*"abcdef", "a_again"])
    with pytest.raises(CannotCompute, match="a, a_again depend on each other"):
        efa(tally, factors=2, extraction="ml", draws=5)
    result = efa(tally, factors=2, draws=5)
    assert "not_positive_definite" in codes(result)
    assert np.isnan(result.score_weights).all()
    assert result.to_dict()["fit"]["chi_square"] is None


# --- names ---


def sorted_on(pattern):
    return sort_items(np.array(pattern, dtype=float), salient=0.4, cross=0.3, within=0.2)


FACTOR = Text("Factor", "因子")


def test_a_tie_names_both_constructs_and_is_ambiguous():
    sorting = sorted_on([[0.8], [0.7], [0.6], [0.5]])
    names = name_factors("abcd", sorting, 1, constructs={"X": "ab", "Y": "cd"}, titles={}, noun=FACTOR)
    assert names.names == (Text("X / Y", "X / Y"),)
    assert names.ambiguous == (0,)


def test_weak_items_have_no_say_in_the_name():
    sorting = sorted_on([[0.8], [0.7], [0.3], [0.2], [0.1]])
    names = name_factors("abcde", sorting, 1, constructs={"X": "ab", "Y": "cde"}, titles={}, noun=FACTOR)
    assert names.constructs == ("X",)
    assert names.ambiguous == ()


def test_a_construct_on_two_factors_is_numbered_and_a_plurality_is_a_guess():
    sorting = sorted_on([[0.8, 0], [0.7, 0], [0, 0.8], [0, 0.7], [0.6, 0], [0.5, 0]])
    constructs = {"X": "abcd", "Y": "e", "Z": "f"}
    names = name_factors("abcdef", sorting, 2, constructs=constructs, titles={}, noun=FACTOR)
    assert [n.en for n in names.names] == ["X and others (1)", "X (2)"]
    assert names.ambiguous == (0,)


def test_without_constructs_factors_are_numbered():
    sorting = sorted_on([[0.8, 0], [0.7, 0.1], [0, 0.8]])
    names = name_factors("abc", sorting, 2, constructs={}, titles={}, noun=FACTOR)
    assert [n.zh for n in names.names] == ["因子 1", "因子 2"]


# --- refusals ---


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"extraction": "alpha"}, "minres, ml, pa, pca"),
        ({"rotation": "equamax"}, "oblimin"),
        ({"correlation": "spearman"}, "pearson"),
        ({"factors": "scree"}, "parallel, kaiser, map, instrument or a number"),
        ({"factors": "instrument"}, "declares no constructs"),
    ],
)
def test_unknown_options_are_refused_with_the_known_ones(options, said):
    with pytest.raises(BadInput, match=said):
        efa(tally_of(clustered()), **options)


def test_a_constant_item_is_named():
    answers = np.column_stack([clustered(), np.full(300, 2.0)])
    for correlation in ("pearson", "polychoric"):
        with pytest.raises(CannotCompute, match="no variance in stuck"):
            efa(tally_of(answers, names=[*"abcdef", "stuck"]), correlation=correlation)


def test_too_few_items_or_respondents_or_too_many_factors_are_refused():
    answers = clustered()
    with pytest.raises(CannotCompute, match="2 items cannot be factored"):
        efa(tally_of(answers[:, :2]))
    with pytest.raises(CannotCompute, match="need more than 6 respondents"):
        efa(tally_of(answers[:6]))
    with pytest.raises(CannotCompute, match="at most 3 factors"):
        efa(tally_of(answers), factors=4)
    silent = answers.copy()
    silent[:150, 0], silent[150:, 1] = np.nan, np.nan
    with pytest.raises(CannotCompute, match="both i1 and i2"):
        efa(tally_of(silent, complete=False))


# --- what readers see ---


def test_every_table_and_chart_speaks_both_languages():
    for options in ({}, {"factors": 2}, {"factors": 2, "extraction": "pca", "rotation": "varimax"}):
        result = efa(tally_of(clustered()), draws=5, **options)
        for language in ("en", "zh"):
            assert result.text(language)
            for table in result.tables().values():
                assert table.to_text(language)
            for plot in result.plots().values():
                assert plot.figure(language).axes
                assert plot.description.say(language)
        assert json.loads(json.dumps(result.to_dict()))["analysis"] == "efa"


def test_components_are_not_called_factors():
    result = efa(tally_of(clustered()), factors=2, extraction="pca", draws=5)
    assert result.factors == ("C1", "C2")
    assert "2 components account for" in result.headline()[0].en
    assert "fit" not in result.tables()
