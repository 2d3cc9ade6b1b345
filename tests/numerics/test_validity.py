"""AVE, composite reliability, HTMT: against semTools 0.5-6 on lavaan 0.6-14, and by law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import TooFew
from csat.numerics import validity
from golden_data import recipe_matrix, reference

MODELS = [
    ("mobi", "model_cfa6", "cfa6_ml"),
    ("satisfaction_gender", "model_cfa6", "cfa6_ml"),
    ("bfi", "model_cfa5", "cfa5_ml"),
    ("holzinger", "model_cfa3", "cfa3_ml"),
    ("airline2", "model_cfa3", "cfa3_ml"),
    ("sfo2015", "model_cfa3", "cfa3_ml"),
]
HTMT_CASES = [*((data, case) for data, case, _ in MODELS), ("poldem", "model_cfa3")]


def blocks_of(model: str, columns: list[str]) -> dict[str, list[int]]:
    lines = [line.split("=~") for line in model.splitlines()]
    return {name.strip(): [columns.index(i.strip()) for i in items.split("+")] for name, items in lines}


@pytest.mark.parametrize(("data", "case", "fit"), MODELS)
def test_ave_and_composite_reliability_equal_semtools(data: str, case: str, fit: str) -> None:
    golden = reference("reliability")[data][case]
    solution = reference("sem")[data][fit]
    table = solution["parameters"]["columns"]
    rows = list(zip(table["lhs"], table["op"], table["rhs"], table["est"], table["std.all"], strict=True))
    sample = np.array(solution["sample_cov"]["values"])
    names = solution["sample_cov"]["rows"]
    for construct, expected in golden["AVE_standardized"].items():
        items = [rhs for lhs, op, rhs, _, _ in rows if lhs == construct and op == "=~"]
        loadings = [est for lhs, op, _, est, _ in rows if lhs == construct and op == "=~"]
        standardised = [std for lhs, op, _, _, std in rows if lhs == construct and op == "=~"]
        variance = next(e for lhs, op, rhs, e, _ in rows if lhs == rhs == construct and op == "~~")
        residuals = [e for i in items for lhs, op, rhs, e, _ in rows if lhs == rhs == i and op == "~~"]
        at = [names.index(i) for i in items]
        total = sample[np.ix_(at, at)].sum()
        raw = {"variance": variance, "residuals": residuals}
        reliability = validity.composite_reliability_unstandardised
        found = [
            validity.average_variance_extracted(standardised),
            validity.composite_reliability(standardised),
            validity.average_variance_extracted_unstandardised(loadings, **raw),
            reliability(loadings, **raw),
            reliability(loadings, **raw, total=total),
        ]
        wanted = [
            expected,
            golden["CR_standardized"][construct],
            golden["AVE_obs_var_false"][construct],
            golden["compRelSEM_obs_var_false"][construct],
            golden["compRelSEM"][construct],
        ]
        # std.all comes from two fits of the same model, each polished to rounding
        np.testing.assert_allclose(found, wanted, rtol=1e-8)


@pytest.mark.parametrize(("data", "case"), HTMT_CASES)
def test_htmt_equals_semtools(data: str, case: str) -> None:
    golden = reference("reliability")[data][case]
    rows = recipe_matrix(golden["recipe"])
    blocks = blocks_of(golden["model"], golden["recipe"]["columns"])
    r = np.corrcoef(rows.T)
    for options, name in (
        ({}, "htmt_absolute"),
        ({"absolute": False}, "htmt_signed"),
        ({"mean": "geometric"}, "htmt2"),
    ):
        expected = golden[name]
        order = [list(blocks).index(c) for c in expected["rows"]]
        found = validity.htmt(r, list(blocks.values()), **options)[np.ix_(order, order)]
        np.testing.assert_allclose(found, np.array(expected["values"], dtype=float), atol=1e-10)


def test_fixture_of_the_mobile_data() -> None:
    golden = reference("reliability")["mobi"]["model_cfa6"]
    r = np.corrcoef(recipe_matrix(golden["recipe"]).T)
    blocks = blocks_of(golden["model"], golden["recipe"]["columns"])
    ratio = validity.htmt(r, list(blocks.values()))
    np.testing.assert_allclose(ratio[1:, 0], [0.8880, 0.9287, 0.6517, 0.9101, 0.8670], atol=5e-5)
    table, passes = validity.fornell_larcker(
        [0.3556, 0.2308, 0.5049, 0.7216, 0.5403, 0.3828], golden["latent_correlations"]["values"]
    )
    assert passes.tolist() == [False, False, False, True, False, False]
    np.testing.assert_allclose(np.diagonal(table), np.sqrt([0.3556, 0.2308, 0.5049, 0.7216, 0.5403, 0.3828]))


@given(st.floats(0.3, 0.95), st.floats(0.3, 0.95), st.floats(0.05, 0.9))
def test_parallel_items_give_back_the_construct_correlation(l1: float, l2: float, phi: float) -> None:
    loadings = np.zeros((7, 2))
    loadings[:3, 0], loadings[3:, 1] = l1, l2
    r = loadings @ np.array([[1, phi], [phi, 1]]) @ loadings.T
    np.fill_diagonal(r, 1.0)
    for mean in ("arithmetic", "geometric"):
        ratio = validity.htmt(r, [range(3), range(3, 7)], mean=mean)
        assert ratio[0, 1] == pytest.approx(phi)


@given(st.lists(st.floats(0.1, 0.99), min_size=2, max_size=8), st.floats(0.1, 9))
def test_units_of_the_construct_do_not_matter(loadings: list[float], scale: float) -> None:
    raw = np.array(loadings)
    one = validity.composite_reliability_unstandardised(raw, variance=2.0, residuals=raw)
    other = validity.composite_reliability_unstandardised(raw * scale, variance=2.0 / scale**2, residuals=raw)
    assert one == pytest.approx(other)


def test_negative_correlations_inside_a_construct_are_counted() -> None:
    r = np.array([[1, 0.4, -0.2, 0.1], [0.4, 1, 0.1, 0.1], [-0.2, 0.1, 1, 0.3], [0.1, 0.1, 0.3, 1]])
    assert validity.negative_within(r, [[0, 1], [2, 3]]).tolist() == [0, 0]
    assert validity.negative_within(r, [[0, 2], [1, 3]]).tolist() == [1, 0]
    assert np.isnan(validity.htmt(r, [[0, 2], [1, 3]], absolute=False)[0, 1])


def test_a_construct_of_one_item_is_named() -> None:
    with pytest.raises(TooFew) as caught:
        validity.htmt(np.eye(3), [[0, 1], [2]])
    assert caught.value.positions == (1,)


def test_a_construct_without_variance_has_no_reliability() -> None:
    assert np.isnan(validity.composite_reliability_unstandardised([0.0], variance=1.0, residuals=[0.0]))
    assert np.isnan(validity.average_variance_extracted_unstandardised([0.0], variance=1.0, residuals=[0.0]))
