"""Products of names are taken out of a model text, and nothing else is."""

import pytest

from csat.errors import BadInput
from csat.instrument.products import moderation_of, without_products
from csat.instrument.syntax import parse_model
from csat.instrument.tokens import ModelError


def test_a_text_without_products_is_left_alone():
    text = "f =~ a + b # c:d\ng ~ f; ind := a*b"
    assert without_products(text) == (text, ())


def test_products_are_told_and_the_rest_still_parses():
    text = "f =~ a + b\ng ~ f + 0.5*h +\n  f:h; `my k` ~ `b b`:满意 + k\nk ~ f:g"
    plain, said = without_products(text)
    assert said == (("f", "h", "g"), ("b b", "满意", "my k"), ("f", "g", "k"))
    assert ":" not in plain
    assert plain.count("\n") == text.count("\n")
    assert [(s.left, s.right) for s in parse_model(plain).statements] == [
        ("f", "a"), ("f", "b"), ("g", "f"), ("g", "h"), ("my k", "k"),
    ]  # fmt: skip


@pytest.mark.parametrize("term", ["a:b:c", "2*a:b", "a:2"])
def test_a_product_that_is_none_is_shown(term: str):
    with pytest.raises(ModelError, match="no product of two names") as error:
        without_products(f"x =~ p + q\ny ~ {term}")
    assert error.value.line == 2


def test_an_arrow_names_cause_moderator_and_effect():
    assert moderation_of("价格 × 形象 → 忠诚") == ("价格", "形象", "忠诚")
    assert moderation_of("A*B->C") == moderation_of(" A : B -> C ") == ("A", "B", "C")
    with pytest.raises(BadInput, match="no moderated path"):
        moderation_of("A -> C")
