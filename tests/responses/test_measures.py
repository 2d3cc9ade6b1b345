"""Measures common to several waves: items, top shares, constructs on the items all of them asked."""

import numpy as np
import pytest

from csat.errors import BadInput
from csat.responses.measures import is_asked, measures_of
from small_surveys import FIVE, TEN, bound

BLOCKS = {"service": ("q1", "q2", "q3"), "price": ("q4",)}
FULL = bound(
    {"q1": ["1", "5"], "q2": ["2", "4"], "q3": ["5", "5"], "q4": ["1", "2"]},
    dict.fromkeys(("q1", "q2", "q3", "q4"), FIVE),
    constructs=BLOCKS,
)
WITHOUT_Q3 = bound(
    {"q1": ["3"], "q2": ["3"], "q3": [""], "q4": ["4"]},
    dict.fromkeys(("q1", "q2", "q3", "q4"), FIVE),
    constructs=BLOCKS,
)


def test_constructs_rest_on_the_items_every_wave_asked():
    found = {m.name: m for m in measures_of({"a": FULL, "b": WITHOUT_Q3})}
    assert found["service"].items == ("q1", "q2")
    assert found["service"].absent == ("q3",)
    np.testing.assert_allclose(found["service"].values(FULL), [12.5, 87.5])
    assert np.isnan(found["q3"].values(WITHOUT_Q3)).all()
    np.testing.assert_array_equal(found["q3"].values(FULL), [5, 5])


def test_top_shares_are_one_or_nothing():
    found = {m.name: m for m in measures_of({"a": FULL})}
    np.testing.assert_array_equal(found["q2.top2"].values(FULL), [0, 1])
    assert [m.kind for m in found.values()] == ["item"] * 4 + ["construct"] * 2 + ["top2"] * 4


def test_items_without_categories_have_no_top():
    survey = bound({"seconds": ["1.5", "2.5"]}, {"seconds": None})
    assert [m.name for m in measures_of({"a": survey})] == ["seconds"]


def test_descriptive_constructs_are_left_out_unless_named():
    survey = bound({"q1": ["1"]}, {"q1": FIVE}, constructs={"sales": ("q1",)}, roles={"sales": "descriptive"})
    assert "construct" not in {m.kind for m in measures_of({"a": survey})}
    assert "construct" in {m.kind for m in measures_of({"a": survey}, constructs=["sales"])}


def test_a_construct_named_like_an_item_keeps_its_own_name():
    survey = bound({"price": ["1"]}, {"price": FIVE}, constructs={"price": ("price",)})
    assert [m.name for m in measures_of({"a": survey})] == ["price", "construct:price", "price.top2"]


def test_other_scales_are_refused_and_silence_is_not_asked():
    with pytest.raises(BadInput, match="another scale in 'b' than in 'a'"):
        measures_of({"a": bound({"q": ["1"]}, {"q": FIVE}), "b": bound({"q": ["1"]}, {"q": TEN})})
    assert not is_asked(WITHOUT_Q3, "q3")
    assert not is_asked(WITHOUT_Q3, "q9")
