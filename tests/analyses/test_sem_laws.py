"""Laws of structural models for every kind of estimator, and models and answers at random."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.analyses.sem import cfa, sem, sem_by_group
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.model import StructuralModel
from csat.errors import BadInput, CsatError
from csat.tally.tally import count
from matrix_survey import survey_of
from simulated_answers import ANSWERS, NAMES, simulated

MODEL = "A =~ a1 + a2 + a3\nB =~ b1 + b2 + b3\nC =~ c1 + c2 + c3\nB ~ A\nC ~ A + B"
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=6, deadline=None)
THREE = settings(max_examples=3, deadline=None)

KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "robust": ({}, {"estimator": "MLR"}),
    "satorra_bentler": ({}, {"estimator": "MLM", "mean_structure": True}),
    "least_squares": ({}, {"estimator": "GLS"}),
    "gaps": ({"gaps": 0.15}, {"estimator": "MLR", "missing": "fiml"}),
    "ordered": ({"categories": 5}, {"estimator": "WLSMV", "ordered": True}),
}
"""How the answers are made, and how they are fitted."""

UNITLESS = [k for k in KINDS if k != "ordered"]


def answers(kind: str, seed: int) -> np.ndarray:
    return simulated(seed, n=250, **KINDS[kind][0])[:, :ANSWERS]


def fitted(kind: str, rows: np.ndarray, names: Any = NAMES[:ANSWERS], model: str = MODEL) -> StructuralModel:
    return sem(model, Answers.of_rows(rows, names), **KINDS[kind][1])


def same(one: StructuralModel, other: StructuralModel, *, tolerance: float = 1e-5) -> None:
    """Fit and standardised solution are the same."""
    for name, value in one.fit.items():
        if not name.startswith(("aic", "bic", "logl", "unrestricted", "rmr")):
            assert other.fit[name] == pytest.approx(value, rel=tolerance, abs=tolerance, nan_ok=True), name
    for p in one.parameters:
        twin = other.parameter(p.lhs, p.op, p.rhs)
        assert twin is not None
        if p.op not in ("~1", "|"):
            assert twin.std_all == pytest.approx(p.std_all, rel=tolerance, abs=tolerance), p.name
            assert twin.std_all_se == pytest.approx(p.std_all_se, rel=1e-3, abs=tolerance), p.name


@pytest.mark.parametrize("kind", UNITLESS)
@FEW
@given(seed=SEEDS)
def test_units_and_origins_of_items_rescale_their_parameters_only(kind: str, seed: int) -> None:
    rows = answers(kind, seed)
    rng = np.random.default_rng(seed)
    units = 10.0 ** rng.integers(-3, 4, ANSWERS)
    # with a mean structure the GFI counts the means themselves, so it depends on the origin (lavaan's too)
    origin = 0.0 if kind in ("satorra_bentler", "gaps") else rng.normal(size=ANSWERS)
    same(fitted(kind, rows), fitted(kind, (rows + origin) * units))


@pytest.mark.parametrize("kind", list(KINDS))
@FEW
@given(seed=SEEDS)
def test_the_order_of_respondents_and_items_changes_nothing(kind: str, seed: int) -> None:
    rows = answers(kind, seed)
    rng = np.random.default_rng(seed)
    order, people = rng.permutation(ANSWERS), rng.permutation(len(rows))
    other = "C =~ c1 + c3 + c2\nA =~ a1 + a3 + a2\nB =~ b1 + b2 + b3\nC ~ B + A\nB ~ A"
    names = [NAMES[i] for i in order]
    same(fitted(kind, rows), fitted(kind, rows[people][:, order], names, other))


@FEW
@given(seed=SEEDS)
def test_names_of_ordered_answers_change_nothing_and_turning_an_item_turns_its_loading(seed: int) -> None:
    rows = answers("ordered", seed)
    one = fitted("ordered", rows)
    renamed = np.array([0, 2, 3, 7, 20, 21])[rows.astype(int)]
    same(one, fitted("ordered", renamed))
    rows[:, 1] = 6 - rows[:, 1]
    turned = fitted("ordered", rows)
    assert turned.fit["chisq_scaled"] == pytest.approx(one.fit["chisq_scaled"], rel=1e-5)
    for item, sign in (("a2", -1), ("a3", 1)):
        before, after = one.parameter("A", "=~", item), turned.parameter("A", "=~", item)
        assert before is not None
        assert after is not None
        assert after.std_all == pytest.approx(sign * before.std_all, abs=1e-5)


@FEW
@given(seed=SEEDS, parts=st.integers(2, 5))
def test_counting_in_parts_gives_the_same_model(seed: int, parts: int) -> None:
    rows = simulated(seed, categories=5)[:, :ANSWERS]
    names = list(NAMES[:ANSWERS])
    part = np.random.default_rng(seed).integers(0, parts, len(rows))
    whole = count(survey_of(rows, names=names))
    pieces = [count(survey_of(rows[part == k], names=names)) for k in range(parts) if (part == k).any()]
    together = pieces[0]
    for piece in pieces[1:]:
        together = together + piece
    one, other = sem(MODEL, whole), sem(MODEL, together)
    assert other.fit == one.fit
    assert [p.est for p in other.parameters] == [p.est for p in one.parameters]


@pytest.mark.parametrize("estimator", ["ML", "ULS", "GLS"])
@FEW
@given(seed=SEEDS)
def test_groups_that_share_nothing_fit_as_each_alone(estimator: str, seed: int) -> None:
    rows = simulated(seed, n=500)[:, :ANSWERS]
    names = NAMES[:ANSWERS]
    groups = {"one": Answers.of_rows(rows[:200], names), "two": Answers.of_rows(rows[200:], names)}
    found = sem_by_group(MODEL, groups, estimator=estimator)
    swapped = sem_by_group(MODEL, dict(reversed(groups.items())), estimator=estimator)
    alone = [sem(MODEL, g, estimator=estimator, mean_structure=True).fit for g in groups.values()]
    assert found.fit["chisq"] == pytest.approx(sum(f["chisq"] for f in alone), rel=1e-6)
    assert found.fit["df"] == sum(f["df"] for f in alone)
    assert found.fit["npar"] == sum(f["npar"] for f in alone)
    assert swapped.fit == pytest.approx(found.fit, rel=1e-6, abs=1e-8, nan_ok=True)


@FEW
@given(seed=SEEDS)
def test_a_respondent_of_no_weight_is_no_respondent(seed: int) -> None:
    rows = simulated(seed, gaps=0.1)
    weights = rows[:, -1] * (np.arange(len(rows)) % 3 > 0)
    known = weights > 0
    for options in ({"missing": "fiml", "estimator": "MLR"}, {"estimator": "MLR"}):
        one = sem(MODEL, Answers.of_rows(rows[:, :ANSWERS], NAMES[:ANSWERS], weights=weights), **options)
        other = sem(
            MODEL,
            Answers.of_rows(rows[known][:, :ANSWERS], NAMES[:ANSWERS], weights=weights[known]),
            **options,
        )
        assert one.fit == other.fit
        assert one.base.respondents == other.base.respondents


# ---- at random --------------------------------------------------------

ITEMS = ("a1", "a2", "a3", "b1", "b2", "b3", "x", "y")
BASE = ("A =~ a1 + a2 + a3", "B =~ b1 + b2 + b3")
LINES = (
    "B ~ A", "A ~ B", "a1 ~~ b1", "A =~ b1", "b3 ~ A", "A ~~ 0*B", "G =~ A + B", "a1 ~ b3", "a2 ~~ 0*a2",
    "A ~ x", "B ~ x + y", "y ~ B", "x ~~ y", "y ~ c*x\nd := c^2", "a1 ~ 1", "A ~ k*x\nk > 0",
    "S =~ 1*x\nx ~~ 0.2*x", "B ~ p*A\nB ~~ q*B\np == q", "a1 | t1", "D =~ a1", "b1 ~~ -0.5*b1", "B ~~ y",
    "H =~ a1 + a2 + a3 + b1 + b2 + b3", "B ~ start(0.3)*A", "y ~~ x + A", "a3 ~~ b3 + b2 + b1",
)  # fmt: skip
PAIRS = (
    ("ML", {}), ("ML", {"missing": "fiml"}), ("MLR", {}), ("MLR", {"missing": "fiml"}), ("MLM", {}),
    ("MLMV", {}), ("ULS", {}), ("GLS", {}), ("WLS", {}), ("DWLS", {}), ("WLSMV", {"ordered": True}),
    ("ULSMV", {"ordered": True, "missing": "pairwise"}), ("WLSMV", {"ordered": ("a1", "b2")}),
    ("auto", {}),
)  # fmt: skip


def random_answers(rng: np.random.Generator, kind: str, n: int, spoilt: str) -> np.ndarray:
    if kind == "noise":
        rows = rng.integers(1, 6, (n, 8)).astype(float)
    else:
        factors = rng.standard_normal((n, 2))[:, [0, 0, 0, 1, 1, 1, 0, 1]]
        rows = 0.8 * factors + 0.6 * rng.standard_normal((n, 8))
        rows = (
            np.clip(np.round(rows + 3), 1, 5) if kind == "coarse" else rows * 10.0 ** rng.integers(-3, 4, 8)
        )
    if spoilt == "constant":
        rows[:, rng.integers(8)] = 3
    elif spoilt == "twins":
        rows[:, 1] = rows[:, 0]
    elif spoilt == "opposite":
        rows[:, 4] = -rows[:, 3]
    elif spoilt == "gaps":
        rows[rng.random(rows.shape) < 0.2] = np.nan
    elif spoilt == "empty":
        rows[:, 0] = np.nan
    return rows


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_model_on_any_answers_gives_a_result_or_one_paragraph(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(SEEDS))
    kind = data.draw(st.sampled_from(["noise", "numbers", "coarse"]))
    spoilt = data.draw(
        st.sampled_from(["", "", "", "gaps", "gaps", "constant", "twins", "opposite", "empty"])
    )
    rows = random_answers(rng, kind, data.draw(st.sampled_from([5, 20, 60, 150])), spoilt)
    extra = data.draw(st.lists(st.sampled_from(LINES), max_size=3, unique=True))
    estimator, options = data.draw(st.sampled_from(PAIRS))
    weights = rng.random(len(rows)) * (rng.random(len(rows)) < 0.9) if data.draw(st.booleans()) else None
    model = "\n".join([*BASE, *extra])
    whole = Answers.of_rows(rows, ITEMS, weights=weights)
    how = data.draw(st.sampled_from(["sem", "sem", "cfa", "groups"]))
    try:
        if how == "groups":
            group = rng.integers(0, 2, len(rows)).astype(bool)
            parts = {"one": whole.where(group), "two": whole.where(~group)}
            found: Any = sem_by_group(model, parts, estimator=estimator, group_equal=["loadings"], **options)
        else:
            found = (sem if how == "sem" else cfa)(
                model, whole, estimator=estimator, modifications=5, **options
            )
    except CsatError as err:
        assert "\n" not in str(err)
        return
    assert json.dumps(found.to_dict())
    assert found.summary("en")
    assert found.summary("zh")
    if how == "groups" or found.verdict.failed:
        return
    assert found.converged
    assert np.linalg.eigvalsh(found.implied_cov)[0] > 0
    assert all(math.isfinite(p.se) for p in found.parameters if p.free)
    assert all(abs(v) <= 1 + 1e-6 for v in found.latent_correlations.ravel())
    assert all(-1e-9 <= v <= 1 + 1e-9 for v in found.r2.values())
    assert found.fit["chisq"] >= 0
    assert not any(math.isinf(v) for v in found.fit.values())


# ---- what is refused or failed, by name -------------------------------


def test_an_ordered_item_of_many_answers_is_a_number() -> None:
    rows = answers("robust", 1)
    with pytest.raises(BadInput, match="a1 has 250 different answers") as refused:
        sem("A =~ a1 + a2 + a3", Answers.of_rows(rows, NAMES[:ANSWERS]), estimator="WLSMV", ordered=["a1"])
    assert "at most 30 categories" in str(refused.value)


def test_residuals_that_cannot_covary_like_that_are_named() -> None:
    # the residual of B correlates with y more than it varies itself
    rng = np.random.default_rng(3)
    b = rng.standard_normal(40)
    rows = np.column_stack([b + 0.9 * rng.standard_normal(40) for _ in range(3)] + [b * 1.5])
    found = sem("B =~ b1 + b2 + b3\nB ~~ y", Answers.of_rows(rows, ["b1", "b2", "b3", "y"]), estimator="ULS")
    assert found.verdict.failed
    assert found.cautions[0].code == "residuals_not_positive_definite"
    assert "y and B (1." in found.verdict.text.en
    assert "残差相关" in found.verdict.text.zh


def test_least_squares_that_imply_no_covariance_fail() -> None:
    rows = answers("robust", 4)
    model = "A =~ a1 + a2 + a3\nb1 ~~ 0*b1\nb1 ~ 0*A"
    found = sem(model, Answers.of_rows(rows, NAMES[:ANSWERS]), estimator="ULS")
    assert found.verdict.failed
    assert [c.where for c in found.cautions if c.code == "implied_not_positive_definite"] == [("b1",)]


def test_a_construct_that_covaries_without_varying_is_improper() -> None:
    rows = answers("robust", 4)
    found = sem("A =~ a1 + a2 + a3\nB =~ b1 + b2 + b3\nB ~~ 0*B", Answers.of_rows(rows, NAMES[:ANSWERS]))
    assert found.verdict.failed
    assert "B does not vary in this model" in found.verdict.text.en


def test_a_share_beyond_one_is_said_and_kept_out_of_the_headline() -> None:
    # the residual of B covaries with its cause, which the covariance of cause and items alone settles
    rows = answers("robust", 4)
    model = "B =~ b1 + b2 + b3\nB ~ 3*a1\nB ~~ a1"
    found = sem(model, Answers.of_rows(rows, NAMES[:ANSWERS]))
    assert not -1e-6 <= found.r2["B"] <= 1
    assert [c.where for c in found.cautions if c.code == "impossible_share"] == [("B",)]
    assert "is explained to" not in found.summary()


def test_htmt2_stands_above_the_diagonal_of_htmt() -> None:
    found = fitted("robust", answers("robust", 2))
    table = found.table("htmt")
    assert table.column("c_2")[0] == found.htmt2[0, 1]
    assert table.column("c_1")[1] == found.htmt[1, 0]


OTHER_MARKERS = MODEL.replace("A =~ a1 + a2 + a3", "A =~ a3 + a1 + a2").replace("C =~ c1 +", "C =~ NA*c1 +")


@pytest.mark.parametrize("kind", list(KINDS))
@THREE
@given(seed=SEEDS)
def test_what_sets_the_scale_of_a_construct_and_its_name_change_nothing(kind: str, seed: int) -> None:
    rows = answers(kind, seed)
    one = fitted(kind, rows)
    if not one.converged:
        return
    by_variance = sem(MODEL, Answers.of_rows(rows, NAMES[:ANSWERS]), **KINDS[kind][1], std_lv=True)
    fixed = fitted(kind, rows, model=OTHER_MARKERS + "\nC ~~ 0.5*C")
    for other in (by_variance, fixed):
        if other.converged:
            same(one, other)
    renamed = fitted(kind, rows, model=MODEL.replace("A", "Zeal"))
    assert renamed.fit == pytest.approx(one.fit, rel=1e-6, abs=1e-8, nan_ok=True)
    for p, q in zip(one.parameters, renamed.parameters, strict=True):
        assert q.est == pytest.approx(p.est, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("kind", ["robust", "least_squares", "gaps", "ordered"])
@THREE
@given(seed=SEEDS)
def test_the_order_of_groups_changes_nothing_they_have_in_common(kind: str, seed: int) -> None:
    rows = np.vstack([answers(kind, seed), answers(kind, seed + 1)])
    half = np.arange(len(rows)) < len(rows) // 2
    groups = {
        name: Answers.of_rows(rows[own], NAMES[:ANSWERS]) for name, own in (("one", half), ("two", ~half))
    }
    if kind == "ordered" and any(
        set(np.unique(rows[half][:, j])) != set(np.unique(rows[~half][:, j])) for j in range(ANSWERS)
    ):
        return
    equal = ["loadings", "thresholds" if kind == "ordered" else "intercepts"]
    one = sem_by_group(MODEL, groups, group_equal=equal, **KINDS[kind][1])
    other = sem_by_group(MODEL, dict(reversed(groups.items())), group_equal=equal, **KINDS[kind][1])
    if one.converged and other.converged:
        assert other.fit == pytest.approx(one.fit, rel=1e-4, abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("kind", UNITLESS)
@THREE
@given(seed=SEEDS)
def test_turning_an_item_turns_the_sign_of_its_loading_only(kind: str, seed: int) -> None:
    rows = answers(kind, seed)
    one = fitted(kind, rows)
    rows[:, 1] = -rows[:, 1]
    turned = fitted(kind, rows)
    assert turned.fit["chisq"] == pytest.approx(one.fit["chisq"], rel=1e-5)
    for p, q in zip(one.parameters, turned.parameters, strict=True):
        if p.op != "~1":
            sign = -1 if "a2" in (p.lhs, p.rhs) and p.lhs != p.rhs else 1
            assert q.std_all == pytest.approx(sign * p.std_all, abs=1e-5), p.name
