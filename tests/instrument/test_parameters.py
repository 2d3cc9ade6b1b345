"""The parameters of a model are those lavaan's cfa and sem give it; rules and options do what they say."""

from __future__ import annotations

import math

import pytest

from csat.errors import BadInput
from csat.instrument.model import parse_model
from csat.instrument.parameters import Parameter, ParameterTable, parameter_table
from golden_data import FOLDER, reference


def table(text: str, **options: bool) -> ParameterTable:
    return parameter_table(parse_model(text), **options)


def row(found: ParameterTable, name: str) -> Parameter:
    return next(r for r in found.rows if r.name == name)


def names(found: ParameterTable, *, free: bool) -> set[str]:
    return {r.name for r in found.rows if r.free is free}


def ml_cases() -> list[tuple[str, str]]:
    if not FOLDER.is_dir():
        return [("", "")]
    return [
        (data, case)
        for data, cases in reference("sem").items()
        if data != "_meta"
        for case, golden in cases.items()
        if (golden.get("options") or {}).get("estimator") == "ML" and "parameters" in golden
    ]


@pytest.mark.parametrize(("data", "case"), ml_cases())
def test_the_table_is_lavaans(data: str, case: str) -> None:
    golden = reference("sem")[data][case]
    options = golden["options"]
    found = table(
        golden["model"],
        std_lv=options.get("std.lv", False),
        orthogonal=options.get("orthogonal", False),
        fixed_x=options.get("fixed.x", True),
        mean_structure=options.get("meanstructure", False) or options.get("missing") == "fiml",
    )
    columns = golden["parameters"]["columns"]
    expected = {}
    for left, operator, right, se in zip(*(columns[c] for c in ("lhs", "op", "rhs", "se")), strict=True):
        if operator != ":=":
            pair = tuple(sorted((left, right))) if operator == "~~" else (left, right)
            # std.lv of the reduced model has no standard errors at all: nothing to read from them
            expected[operator, pair] = None if se is None else se > 0
    ours = {
        (r.operator, tuple(sorted((r.left, r.right))) if r.operator == "~~" else (r.left, r.right)): r.free
        for r in found.rows
    }
    assert ours.keys() == expected.keys()
    assert all(expected[key] in (None, free) for key, free in ours.items())
    constraints = sum(len(rows) - 1 for rows in found.free)
    assert sum(ours.values()) - constraints == golden["fit_measures"]["npar"]


MODEL = "F =~ x1 + x2 + x3\nG =~ y1 + y2 + y3\n"


def test_the_first_loading_sets_the_scale() -> None:
    found = table(MODEL)
    assert names(found, free=False) == {"F =~ x1", "G =~ y1"}
    assert row(found, "F =~ x1").value == 1
    assert row(found, "F ~~ G").free


def test_na_frees_the_first_loading() -> None:
    found = table("F =~ NA*x1 + x2 + x3\nF ~~ 1*F")
    assert names(found, free=False) == {"F ~~ F"}


def test_std_lv_sets_the_scale_by_variances() -> None:
    assert names(table(MODEL, std_lv=True), free=False) == {"F ~~ F", "G ~~ G"}


def test_orthogonal_constructs_do_not_covary() -> None:
    found = row(table(MODEL, orthogonal=True), "F ~~ G")
    assert (found.free, found.value) == (False, 0)


def test_what_is_explained_and_explains_nothing_covaries() -> None:
    found = table(MODEL + "H =~ z1 + z2 + z3\nG ~ F\nH ~ F")
    assert row(found, "G ~~ H").free
    assert "F ~~ G" not in {r.name for r in found.rows}
    chain = table(MODEL + "H =~ z1 + z2 + z3\nG ~ F\nH ~ F + G")
    assert "G ~~ H" not in {r.name for r in chain.rows}


def test_a_covariate_keeps_its_moments_unless_the_model_speaks_of_them() -> None:
    assert table("F =~ x1 + x2 + x3\nF ~ age").covariates == ("age",)
    assert table("F =~ x1 + x2 + x3\nF ~ age", fixed_x=False).covariates == ()
    spoken = table("F =~ x1 + x2 + x3\nF ~ age\nage ~~ age")
    assert spoken.covariates == ()
    assert row(spoken, "age ~~ age").free


def test_one_item_alone_has_no_error() -> None:
    found = row(table("F =~ x1\nG =~ y1 + y2\nG ~ F"), "x1 ~~ x1")
    assert (found.free, found.value) == (False, 0)
    assert row(table("F =~ x1\nx1 ~~ 0.5*x1"), "x1 ~~ x1").value == 0.5


def test_one_label_is_one_parameter() -> None:
    found = table("F =~ x1 + a*x2 + a*x3")
    assert len(found.free) == 5 + 1 - 1
    assert len(max(found.free, key=len)) == 2
    by_rule = table("F =~ x1 + a*x2 + b*x3\na == b")
    assert len(by_rule.free) == len(found.free)


def test_a_label_of_a_fixed_loading_is_fixed_everywhere() -> None:
    found = table("F =~ v*x1 + v*x2 + v*x3")
    assert [row(found, f"F =~ x{i}").value for i in (1, 2, 3)] == [1, 1, 1]


def test_rules_fix_and_bound() -> None:
    found = table("F =~ x1 + a*x2 + b*x3\na == 0.5\nb > 0\n2 > b")
    assert (row(found, "F =~ x2").free, row(found, "F =~ x2").value) == (False, 0.5)
    assert (row(found, "F =~ x3").lower, row(found, "F =~ x3").upper) == (0, 2)
    assert table("F =~ x1 + lower(0)*x2 + x3").rows[1].lower == 0


def test_what_a_label_or_a_bound_cannot_say_is_kept_as_a_rule() -> None:
    found = table("F =~ x1 + a*x2 + b*x3\na == 2*b\nab := a*b\nab < 0.5\nb > 0")
    assert [str(r.left) for r in found.rules] == ["a", "ab"]
    assert row(found, "F =~ x3").lower == 0


def test_equal_labels_keep_their_names() -> None:
    found = table("F =~ x1 + a*x2 + b*x3\na == b\nd := 2*b")
    assert [r.label for r in found.rows[:3]] == ["", "a", "b"]
    assert len(found.free) == len(table("F =~ x1 + a*x2 + a*x3").free)


def test_thresholds_are_kept_apart() -> None:
    found = table("F =~ x1 + x2 + x3\nx1 | a*t1 + 0.5*t2")
    assert [(r.name, r.free, r.label) for r in found.thresholds] == [
        ("x1 | t1", True, "a"),
        ("x1 | t2", False, ""),
    ]


def test_several_groups_are_refused() -> None:
    with pytest.raises(BadInput, match="2 groups"):
        table("F =~ x1 + c(1, 2)*x2 + x3")


def test_intercepts_of_items_are_free_and_of_constructs_zero() -> None:
    found = table("F =~ x1 + x2 + x3\nF ~ age", mean_structure=True)
    assert row(found, "x1 ~1").free
    assert row(found, "F ~1").value == 0
    assert row(found, "age ~1").exogenous
    assert math.isnan(row(found, "age ~1").value)


def test_defined_parameters_are_kept_apart() -> None:
    found = table(MODEL + "G ~ a*F\nb := a^2")
    assert [name for name, _ in found.defined] == ["b"]
    assert found.defined[0][1].value({"a": 3.0}) == 9


def test_a_table_that_is_asked_for_again_is_the_same_and_another_option_makes_another() -> None:
    text = "f =~ x1 + x2 + x3"
    first = parameter_table(parse_model(text))
    assert parameter_table(parse_model(text)) is first
    assert parameter_table(parse_model(text), std_lv=True) != first
    # where it is written is not what it says
    other = parameter_table(parse_model("# a comment\n" + text))
    assert repr(other) == repr(first)  # not ==: a value that is to be estimated is NaN
    assert other is not first


def test_bounds_are_those_of_all_places_of_a_parameter() -> None:
    table = parameter_table(parse_model("f =~ x1 + a*x2 + a*x3\na > 0.1\na < 2\nx1 ~~ lower(0)*x1"))
    assert table.bounds[0] == (0.1, 2.0)
    assert (0.0, float("inf")) in table.bounds
    assert [table.parameter_of[i] for i in table.free[0]] == [0, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f =~ x + a*2*y + a*3*z", "'a' is to be 2 and 3 at once. Parameters with one label are one number."),
        ("f =~ x + a*y + z\na > 2\na == 1", "'a' is fixed at 1, and is to be > 2. Take one of the two away."),
        ("f =~ x + a*y + b*z\na < 1\nb == 4\na == b", "'a' is fixed at 4, and is to be < 1."),
    ],
)
def test_what_one_label_is_to_be_must_agree(text, said):
    with pytest.raises(BadInput) as refused:
        parameter_table(parse_model(text))
    assert said in str(refused.value)


def test_a_second_number_for_a_label_is_left_to_be_refused_as_a_rule():
    table = parameter_table(parse_model("f =~ x + a*y + z\na == 2\na == 3"))
    assert [(r.label, r.free, r.value) for r in table.rows if r.label] == [("a", False, 2.0)]
    assert [str(rule.right) for rule in table.rules] == ["3"]


def test_groups_may_fix_at_different_numbers_what_is_held_equal():
    model = parse_model("f =~ x + c(0.8, 0.7)*y + z")
    table = parameter_table(model, groups=("one", "two"), group_equal=["loadings"])
    assert [r.value for r in table.rows if r.right == "y" and r.operator == "=~"] == [0.8, 0.7]
