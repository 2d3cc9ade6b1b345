import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import csat
from csat.chain import Chain
from csat.errors import CannotCompute
from csat.language import LANGUAGES


@pytest.fixture(scope="module")
def survey():
    rng = np.random.default_rng(11)
    x = rng.integers(1, 6, size=(900, 3))
    y = 3 - 1.2 * (x[:, 0] == 1) + 0.4 * (x[:, 0] == 5) + 1.2 * (x[:, 1] == 5) - 0.4 * (x[:, 1] == 1)
    frame = pd.DataFrame(x, columns=["must", "delight", "idle"])
    frame["overall"] = np.clip(np.rint(y + 0.4 * rng.normal(size=900)), 1, 5).astype(int)
    constructs = {"Overall": ["overall"], **{name: [name] for name in ("must", "delight", "idle")}}
    return csat.read(frame, scale=(1, 5), constructs=constructs)


def test_planted_items_are_found(survey):
    found = survey.asymmetry(outcome="Overall", items=["must", "delight", "idle"], replicates=200)
    assert found.kinds[:2] == ("basic", "excitement")
    assert found.same_kind[0] > 0.95 and found.same_kind[1] > 0.95
    assert any(c.code in ("small_range", "wrong_sign") and "idle" in c.where for c in found.cautions)
    placed = np.array([kind != "not placed" for kind in found.kinds])
    assert np.isnan(found.ci_lower[~placed]).all() and np.isnan(found.asymmetry[~placed]).all()
    assert np.isnan(found.range[~placed]).all() and (found.range[placed] > 0).all()


def test_an_item_with_an_empty_band_is_left_out_unless_it_was_named(survey):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.integers(1, 6, size=(200, 2)), columns=["a", "b"])
    frame["never"] = rng.integers(2, 6, size=200)
    frame["overall"] = frame["a"]
    read = csat.read(
        frame, scale=(1, 5), constructs={"O": ["overall"], **{c: [c] for c in ("a", "b", "never")}}
    )
    roles = [replace(c, role="outcome" if c.id == "O" else "driver") for c in read.instrument.constructs]
    asked = replace(read.responses.instrument, constructs=tuple(roles), index="O")
    chain = Chain(replace(read.responses, instrument=asked))
    frame_found = chain.asymmetry(replicates=60)
    assert frame_found.items == ("a", "b")
    assert [c.where for c in frame_found.cautions if c.code == "left_out"] == [("never",)]
    with pytest.raises(CannotCompute, match="low band of never"):
        chain.asymmetry(items=["a", "never"], replicates=60)


def test_a_contrast_tells_something_when_half_of_the_items_are_placed(survey):
    found = survey.asymmetry(outcome="Overall", items=["must", "delight", "idle"], replicates=60)
    assert found.is_telling
    few = survey.responses.where(np.arange(120))
    rough = csat.Survey(few).asymmetry(outcome="Overall", items=["must", "delight", "idle"], replicates=60)
    assert not rough.is_telling


def test_the_result_is_plain_json_and_can_be_shown(survey):
    found = survey.asymmetry(outcome="Overall", items=["must", "delight"], replicates=60)
    json.dumps(found.to_dict(), allow_nan=False)
    for language in LANGUAGES:
        assert found.text(language)
        assert found.plot(language=language) is not None


def test_an_empty_band_is_said_by_name():
    frame = pd.DataFrame({"a": [2, 3, 4] * 20, "b": [1, 3, 5, 2] * 15, "y": [1, 2, 3, 4, 5] * 12})
    survey = csat.read(frame, scale=(1, 5), constructs={"Y": ["y"], "a": ["a"], "b": ["b"]})
    with pytest.raises(CannotCompute, match="nobody is in the low band of a"):
        survey.asymmetry(outcome="Y", items=["a", "b"])


def test_items_that_say_the_same_are_named_and_no_others():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.integers(1, 6, size=(80, 4)), columns=["a", "b", "c", "y"])
    frame["twin"] = frame["c"]
    names = ["a", "b", "c", "twin"]
    survey = csat.read(frame, scale=(1, 5), constructs={"Y": ["y"], **{n: [n] for n in names}})
    with pytest.raises(CannotCompute) as caught:
        survey.asymmetry(outcome="Y", items=names)
    said = str(caught.value)
    assert "c, twin" in said and " a," not in said and " b," not in said


def test_an_outcome_without_variance_is_named():
    frame = pd.DataFrame({"a": [1, 3, 5] * 20, "y": [3] * 60})
    survey = csat.read(frame, scale=(1, 5), constructs={"Y": ["y"], "a": ["a"]})
    with pytest.raises(CannotCompute, match="no variance in Y"):
        survey.asymmetry(outcome="Y", items=["a"])
