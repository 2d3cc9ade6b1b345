"""The model of an instrument."""

import dataclasses

import pytest

from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Construct, Instrument, Item, Scale
from csat.instrument.model import (
    cfa_model,
    check_names,
    measurement_model,
    model_of,
    restricted_to,
    single_items,
)
from csat.instrument.syntax import parse_model
from csat.instrument.toml import load
from csat.language import Text

SCALE = Scale("s", 1, 5)


def instrument(model="", **constructs):
    items = tuple(dict.fromkeys(i for names in constructs.values() for i in names))
    return Instrument(
        id="t",
        version="1",
        title=Text("t"),
        items=tuple(Item(i, Text(i), SCALE) for i in items),
        constructs=tuple(Construct(c, Text(c), tuple(names)) for c, names in constructs.items()),
        model=model,
    )


def test_paths_alone_are_completed_by_the_constructs_they_name():
    t = instrument("C ~ A", A=["a1", "a2"], B=["b1", "b2"], C=["c1", "c2"])
    assert model_of(t).to_text() == "A =~ a1 + a2\nC =~ c1 + c2\nC ~ A\n"
    assert measurement_model(t).to_text() == "A =~ a1 + a2\nC =~ c1 + c2\n"
    assert cfa_model(t).to_text() == "A =~ a1 + a2\nB =~ b1 + b2\nC =~ c1 + c2\n"


def test_a_construct_the_model_measures_itself_is_left_as_written():
    t = instrument("A =~ a1 + 1*a3\nC ~ A", A=["a1", "a2", "a3"], C=["c1", "c2"])
    assert model_of(t).to_text() == "C =~ c1 + c2\nA =~ a1 + 1*a3\nC ~ A\n"


def test_a_single_item_stands_for_its_construct():
    t = instrument("C ~ b*A\nD ~ C\nind := b", A=["a1", "a2"], C=["c1"], D=["d1", "d2"])
    assert model_of(t).to_text() == "A =~ a1 + a2\nD =~ d1 + d2\nc1 ~ b*A\nD ~ c1\nind := b\n"
    assert single_items(t) == {"C": "c1"}


def test_without_a_model_the_constructs_are_confirmed():
    t = instrument(A=["a1", "a2"], C=["c1"])
    assert model_of(t).to_text() == "A =~ a1 + a2\n"
    with pytest.raises(BadInput, match="no construct has two items"):
        model_of(instrument(C=["c1"]))


def test_a_model_may_name_items_and_higher_order_constructs():
    t = instrument("G =~ A + B\na1 ~~ b1", A=["a1", "a2"], B=["b1", "b2"])
    assert model_of(t).to_text() == "A =~ a1 + a2\nB =~ b1 + b2\nG =~ A + B\na1 ~~ b1\n"


def test_an_unknown_name_is_found():
    with pytest.raises(UnknownName, match=r"t, the model, line 2, column 7 .*'AA'.*'A'"):
        model_of(instrument("# paths\nC ~ b*AA", A=["a1", "a2"], C=["c1", "c2"]))


def test_a_partial_file_keeps_what_it_can():
    t = instrument("C ~ A + B\nD ~ C", A=["a1", "a2"], B=["b1"], C=["c1", "c2"], D=["d1"])
    t = dataclasses.replace(t, index="C")
    part = restricted_to(t, {"a1", "a2", "c1", "d1"})
    assert [i.id for i in part.items] == ["a1", "a2", "c1", "d1"]
    assert [c.id for c in part.constructs] == ["A", "C", "D"]
    assert model_of(part).to_text() == "A =~ a1 + a2\nc1 ~ A\nd1 ~ c1\n"
    assert part.index == "C"
    assert restricted_to(t, {"a1", "a2"}).model == ""
    assert restricted_to(t, {"a1", "a2"}).index == ""


def test_a_complete_file_leaves_the_instrument_alone():
    bank = load("bank_corporate")
    assert restricted_to(bank, {i.id for i in bank.items}) == bank


def test_the_published_study_without_loyalty_items_keeps_its_other_half():
    whole = load("directory_114")
    asked = {i.id for i in whole.items if not i.id.startswith(("loy", "bar"))}
    part = restricted_to(whole, asked)
    assert "Loyalty" not in model_of(part).names
    assert model_of(part).causes_of("sat1") == ("Attitude", "Quality")
    assert [h.id for h in part.hypotheses] == ["H1", "H2", "H3", "H4"]


def test_items_lose_references_to_what_was_not_asked():
    part = restricted_to(load("servqual"), {"p1", "p2", "e1", "p5"})
    assert (part.item("p1").expectation, part.item("p2").expectation) == ("e1", "")
    assert part.construct("Tangibles").importance == ""


def test_a_label_after_its_item_is_turned_round():
    model = parse_model("f =~ x1 + x2*a + x3")
    with pytest.raises(UnknownName, match=r"A label stands before the name: a\*x2"):
        check_names(model, items=["x1", "x2", "x3"])
