"""Model syntax: what is read, what is refused and where."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import CsatError, UnknownName
from csat.instrument.model import Model, ModelError, Statement, check_names, parse_model
from golden_data import reference


def said(text):
    return [(s.left, s.operator, s.right) for s in parse_model(text).statements]


def test_every_operator_is_read():
    text = """
        f =~ x1 + x2          # measured by
        y ~ f                 ! explained by
        x1 ~~ x2; y ~ 1       # covariance; mean
        x1 | t1 + t2
    """
    assert said(text) == [
        ("f", "=~", "x1"),
        ("f", "=~", "x2"),
        ("y", "~", "f"),
        ("x1", "~~", "x2"),
        ("y", "~1", ""),
        ("x1", "|", "t1"),
        ("x1", "|", "t2"),
    ]


def test_several_names_on_the_left_share_the_right():
    assert said("a + b =~ x + y") == [("a", "=~", "x"), ("b", "=~", "x"), ("a", "=~", "y"), ("b", "=~", "y")]


@pytest.mark.parametrize(
    "text",
    [
        "f =~ x1 + x2 + x3",
        "f =~ x1 +\n x2 +\n x3",
        "f =~ x1\n + x2\n\n # so far\n + x3",
        "f\n=~\nx1 + x2+x3",
        "f=~x1+x2+x3;",
        "\ufefff =~ x1 + x2 + x3\r\n",
        "f\u3000=~ x1 + x2 + x3",
    ],
)
def test_a_statement_may_go_on_over_lines(text):
    assert parse_model(text) == parse_model("f =~ x1 + x2 + x3")


def test_modifiers_are_kept_for_the_parameter_they_stand_before():
    model = parse_model(
        "f =~ 1*x1 + NA*x2 + a*x3 + start(0.5)*x4 + -0.25*x5 + 2e-3?x6 + c(a, b)*x7 + c(1, NA)*x8 + "
        'lower(0)*x9 + upper(1)*x9 + "my label"*x10'
    )
    by_item = {s.right: s for s in model.statements}
    assert by_item["x1"].fixed == (1.0,)
    assert by_item["x2"].fixed == (None,)
    assert by_item["x3"].label == ("a",)
    assert by_item["x4"].start == (0.5,)
    assert by_item["x5"].fixed == (-0.25,)
    assert by_item["x6"].start == (0.002,)
    assert by_item["x7"].label == ("a", "b")
    assert by_item["x8"].fixed == (1.0, None)
    assert (by_item["x9"].lower, by_item["x9"].upper) == ((0.0,), (1.0,))
    assert by_item["x10"].label == ("my label",)
    assert model.groups == 2


def test_a_repeated_term_carries_a_second_modifier():
    (x,) = (s for s in parse_model("f =~ x + a*y + start(2)*y").statements if s.right == "y")
    assert (x.label, x.start) == (("a",), (2.0,))


def test_equal_gives_two_parameters_one_label():
    model = parse_model('f =~ x + y + equal("f =~ y")*z')
    x, y, z = model.statements
    assert x.label == () and y.label == z.label != ()
    assert parse_model('f =~ x + a*y + equal("f=~y")*z').statements[2].label == ("a",)


def test_a_fixed_mean_is_a_number_before_one():
    assert parse_model("x ~ 0*1").statements == (Statement("x", "~1", "", fixed=(0.0,)),)


def test_names_may_be_chinese_or_quoted():
    model = parse_model('形象 =~ 问题1 + `1、银行信誉` + "x y"\n满意 ~ 形象')
    assert model.latents == ("形象",)
    assert model.observed == ("问题1", "1、银行信誉", "x y", "满意")
    assert parse_model(model.to_text()) == model


def test_a_rule_is_arithmetic_with_labels():
    model = parse_model("y ~ b*m + c*x\nm ~ a*x\nindirect := a*b\ntotal := c + indirect\na == b\nc > 0")
    values = {"a": 2.0, "b": 3.0, "c": 0.5, "indirect": 6.0}
    assert [r.right.value(values) for r in model.rules] == [6.0, 6.5, 3.0, 0.0]
    assert model.labels == ("b", "c", "a", "indirect", "total")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3*4", 14),
        ("-2^2", -4),
        ("2^3^2", 512),
        ("(2 + 3)*4", 20),
        ("8/4/2", 1),
        ("exp(log(5)) - sqrt(4)", 3),
        ("abs(-a)", 2),
        ("2^-1", 0.5),
        ("1 - 2 - 3", -4),
    ],
)
def test_arithmetic_binds_as_in_r(expression, value):
    rule = parse_model(f"y ~ a*x\nb := {expression}").rules[0]
    assert rule.right.value({"a": 2.0}) == pytest.approx(value, abs=1e-12)
    again = parse_model(f"y ~ a*x\nb := {rule.right}").rules[0]
    assert again.right.value({"a": 2.0}) == pytest.approx(value, abs=1e-12)


def test_arithmetic_without_an_answer_is_nan():
    rule = parse_model("y ~ a*x\nb := 1/(a - a) + log(-a)").rules[0]
    assert rule.right.value({"a": 2.0}) != rule.right.value({"a": 2.0})


BANK = """Image =~ x1 + x2
Product =~ x3 + x4 + x5
Satisfaction =~ sat1 + sat2
Satisfaction ~ Image + Product
Loyalty ~ Satisfaction
"""


def test_a_model_answers_questions():
    model = parse_model(BANK)
    assert model.latents == ("Image", "Product", "Satisfaction")
    assert model.observed == ("x1", "x2", "x3", "x4", "x5", "sat1", "sat2", "Loyalty")
    assert model.items_of("Product") == ("x3", "x4", "x5")
    assert model.paths == (
        ("Image", "Satisfaction"),
        ("Product", "Satisfaction"),
        ("Satisfaction", "Loyalty"),
    )
    assert model.endogenous == ("Satisfaction", "Loyalty")
    assert model.exogenous == ("Image", "Product")
    assert model.causes_of("Satisfaction") == ("Image", "Product")
    assert model.cycle() == ()
    assert [s.line for s in model.statements] == [1, 1, 2, 2, 2, 3, 3, 4, 4, 5]


def test_first_order_factors_are_explained_by_the_second():
    model = parse_model("visual =~ x1 + x2\nspeed =~ x3 + x4\ng =~ visual + speed")
    assert model.endogenous == ("visual", "speed")
    assert model.exogenous == ("g",)


def test_a_loop_of_paths_is_found():
    assert parse_model("a ~ b\nb ~ c\nc ~ a").cycle() == ("b", "a", "c", "b")
    assert parse_model("b ~ a\nc ~ a + b\nd ~ c + a").cycle() == ()


def test_a_model_without_an_item_loses_what_needs_it():
    model = parse_model("f =~ x + a*y\ng =~ z\nf ~ b*g\nh ~ f\nx ~~ z\nk := a\nl := b\nm := l + 1")
    left = model.restricted_to({"x", "y", "h"})
    assert left.to_text() == "f =~ x + a*y\nh ~ f\nk := a\n"


GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "model_errors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["text"][:30])
def test_an_error_says_where_and_what_would_be_right(case):
    with pytest.raises(CsatError) as caught:
        parse_model(case["text"], where="bank.toml", first_line=case.get("first_line", 1))
    assert str(caught.value) == case["message"]


def test_an_error_holds_its_place():
    with pytest.raises(ModelError) as caught:
        parse_model("f =~ x1 + x2\n  g =~ x3 + * x4", first_line=10)
    assert (caught.value.line, caught.value.column) == (11, 13)


@given(st.integers(0, 6), st.integers(0, 9), st.sampled_from(["*", "$", "＋", ")", "1x"]))
def test_line_and_column_point_at_the_fault(lines, spaces, fault):
    text = "\n".join(f"f{i} =~ x{i}" for i in range(lines)) + ("\n" if lines else "")
    with pytest.raises(ModelError) as caught:
        parse_model(f"{text}{' ' * spaces}g =~ a + {fault}")
    assert (caught.value.line, caught.value.column) == (lines + 1, spaces + len("g =~ a + ") + 1)


def test_an_unknown_name_is_named_with_its_place_and_the_close_match():
    model = parse_model(BANK.replace("Image + Product", "Imge + Product"))
    with pytest.raises(UnknownName) as caught:
        check_names(
            model,
            items=["x1", "x2", "x3", "x4", "x5", "sat1", "sat2"],
            constructs=["Image", "Product", "Satisfaction", "Loyalty"],
            where="bank.toml",
        )
    assert str(caught.value) == (
        "bank.toml, line 4, column 16 (`Satisfaction ~ Imge + Product`): no construct is called 'Imge'. "
        "Did you mean 'Image'? The constructs are: Image, Product, Satisfaction, Loyalty."
    )


def test_a_misspelt_left_side_is_no_new_construct():
    with pytest.raises(UnknownName, match=r"no construct is called 'Imgae'.*'Image'"):
        check_names(parse_model("Imgae =~ x1 + x2"), items=["x1", "x2"], constructs=["Image"])
    check_names(parse_model("g =~ Image + Product"), items=["x1"], constructs=["Image", "Product"])
    check_names(parse_model("anything =~ x1 + x2"), items=["x1", "x2"])


def test_an_item_cannot_be_measured():
    with pytest.raises(ModelError, match="'x1' is an item"):
        check_names(parse_model("x1 =~ x2"), items=["x1", "x2"])


SCRAPS = st.sampled_from(
    [
        "f",
        "x1",
        "形象",
        "`a b`",
        '"c"',
        "=~",
        "~",
        "~~",
        ":=",
        "==",
        "<",
        ">",
        "|",
        "1",
        "0.5",
        "-",
        "+",
        "*",
        "/",
        "^",
        "(",
        ")",
        ",",
        "c",
        "start",
        "equal",
        "NA",
        "t1",
        "\n",
        ";",
        " ",
        "#",
        "!",
        "?",
        ":",
        "group",
        "a",
        ".",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(SCRAPS, max_size=25).map(" ".join)))
def test_any_text_is_a_model_or_a_named_error(text):
    try:
        model = parse_model(text)
    except CsatError as error:
        assert "\n" not in str(error)
        return
    assert isinstance(model, Model)
    assert parse_model(model.to_text()) == model


def test_a_very_long_expression_is_refused_not_crashed_on():
    for expression in ("(" * 5000, "+".join("a" * 5000), "^".join("a" * 5000), "-" * 5000 + "a"):
        try:
            parse_model(f"y ~ a*x\nb := {expression}")
        except CsatError as error:
            assert len(str(error)) < 400


def test_every_reference_model_is_read():
    texts = set()

    def collect(node):
        if isinstance(node, dict):
            for key, value in node.items():
                texts.add(value) if key == "model" and isinstance(value, str) else collect(value)
        elif isinstance(node, list):
            for value in node:
                collect(value)

    collect(reference("sem"))
    assert len(texts) > 20
    for text in texts:
        model = parse_model(text)
        assert parse_model(model.to_text()) == model
