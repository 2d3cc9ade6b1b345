"""Instrument files: what is read, what is refused and in which words, what is written."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import BadInput, CsatError, UnknownName
from csat.instrument.instrument import Construct, Hypothesis, Instrument, Item, Scale, Segment
from csat.instrument.labels import fold
from csat.instrument.positions import positions
from csat.instrument.toml import (
    InstrumentError,
    instrument_schema,
    load,
    read_instrument,
    shipped,
    shipped_text,
    write_instrument,
)
from csat.language import Text

GOLDEN = Path(__file__).parents[1] / "golden" / "instrument_errors.json"
CASES = json.loads(GOLDEN.read_text(encoding="utf-8"))

BANK = CASES["file"]
"""A small correct file; each case replaces words in it."""


def broken(replacements):
    text = BANK
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def test_a_file_is_read():
    bank = read_instrument(BANK, where="bank.toml")
    assert bank.label == "bank 1.0"
    assert bank.item("x1").text == Text("Reputation", "信誉")
    assert bank.item("x1").scale.labels[5] == Text("Very satisfied", "非常满意")
    assert bank.item("p1").aliases == ("Q7", "Q8")
    assert bank.item("p1").no_answer == ("0",)
    assert bank.item("p1").not_applicable == ("9",)
    assert bank.item("p2").text == Text("p2")
    assert bank.construct("Product").items == ("p1", "p2")
    assert bank.weight == ("W",)
    assert bank.index == "Satisfaction"
    assert bank.segments[0].labels == {"1": Text("Large")}


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_a_broken_file_gets_one_paragraph(case):
    with pytest.raises(BadInput) as caught:
        read_instrument(broken(case["replace"]), where="bank.toml")
    assert str(caught.value) == case["message"]
    assert "\n" not in case["message"]


@pytest.mark.parametrize(
    ("replacements", "expected"),
    [
        ([('id = "x2"', 'id = "x2')], r"^bank\.toml, line \d+, column \d+ .*not closed on this line\.$"),
        ([('id = "x2"', 'id ＝ "x2"')], r"^bank\.toml, line \d+, column 4 .*'＝' should be the plain =\.$"),
        ([('id = "x2"', "id = “x2”")], r"^bank\.toml, line \d+, column 6 .*'“' should be the plain \"\.$"),
        ([('[[items]]\nid = "x2"', '[items]\nid = "x2"')], r"^bank\.toml, line \d+.*\[\[items\]\]\.$"),
    ],
)
def test_what_is_not_toml_is_shown_with_its_line(replacements, expected):
    with pytest.raises(BadInput, match=expected):
        read_instrument(broken(replacements), where="bank.toml")


def test_all_problems_are_found_at_once():
    with pytest.raises(InstrumentError) as caught:
        read_instrument(
            broken(
                [
                    ('version = "1.0"', "version = 1.0"),
                    ("minimum", "minimun"),
                    ('cause = "Image"', 'cause = "Imag"'),
                    ("Image + Product", "Image + Prodct"),
                ]
            ),
            where="bank.toml",
        )
    assert len(caught.value.problems) == 4
    assert [line for line, _ in caught.value.problems] == sorted(line for line, _ in caught.value.problems)
    assert "3 more problems" in str(caught.value)
    assert all(word in str(caught.value) for word in ("minimun", "Imag", "Prodct"))


def test_a_misspelt_key_is_one_problem_not_two():
    with pytest.raises(InstrumentError) as caught:
        read_instrument(broken([("minimum", "minimun")]), where="bank.toml")
    assert len(caught.value.problems) == 1


def test_lines_point_into_the_file():
    text = broken([('en = "Strong"', 'en = "Strong"\nrevrse = true')])
    with pytest.raises(InstrumentError) as caught:
        read_instrument(text, where="bank.toml")
    line = int(re.search(r"line (\d+)", str(caught.value))[1])
    assert text.splitlines()[line - 1] == "revrse = true"


def test_a_fault_in_the_model_points_at_the_line_of_the_file():
    text = broken([("Satisfaction ~ Image + Product", "# paths\nSatisfaction ~ Imge + Product")])
    with pytest.raises(InstrumentError) as caught:
        read_instrument(text, where="bank.toml")
    line = int(re.search(r"line (\d+)", str(caught.value))[1])
    assert text.splitlines()[line - 1] == "Satisfaction ~ Imge + Product"
    assert "Did you mean 'Image'?" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "a",
        "x = [" * 3000,
        'a = """',
        "items = 5",
        "[[items]]",
        "scales = 3",
        "n = " + "9" * 5000,
        "items = [1, 2]",
        "scales.five = 2",
    ],
)
def test_no_text_is_worse_than_a_named_error(text):
    with pytest.raises(BadInput) as caught:
        read_instrument(text, where="x.toml")
    assert str(caught.value).startswith("x.toml")
    assert len(str(caught.value)) < 1500


# Finding files


def test_an_unknown_instrument_is_named_with_the_close_match():
    with pytest.raises(UnknownName, match=r"no instrument is called 'ecsy'. Did you mean 'ecsi'"):
        load("ecsy")


def test_a_missing_file_is_named():
    with pytest.raises(BadInput, match=r"^nowhere/bank\.toml: there is no such file"):
        load("nowhere/bank.toml")
    with pytest.raises(BadInput, match=r"^ecsi\.toml: there is no such file\. The shipped .* 'ecsi'"):
        load("ecsi.toml")


def test_a_folder_and_a_file_in_another_encoding_are_named(tmp_path):
    with pytest.raises(BadInput, match="is a folder"):
        load(tmp_path)
    path = tmp_path / "bank.toml"
    path.write_bytes(BANK.encode("gb18030"))
    with pytest.raises(BadInput, match=r"line 3: the file is not UTF-8 text"):
        load(path)


def test_a_file_is_loaded_with_its_path(tmp_path):
    path = tmp_path / "bank.toml"
    path.write_text("\ufeff" + BANK, encoding="utf-8")
    assert load(str(path)).path == str(path)
    assert dataclasses.replace(load(path), path="") == read_instrument(BANK)


def test_pydantic_is_imported_only_to_read_a_file():
    code = (
        "import sys, csat.instrument.toml, csat.instrument.model, csat.instrument.propose;"
        "assert not {'pydantic', 'pandas', 'numpy', 'scipy'} & sys.modules.keys(), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# The schema


def test_the_shipped_schema_is_the_one_the_reader_makes():
    path = Path(__file__).parents[2] / "instruments" / "csat-instrument.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == instrument_schema()


def test_the_schema_knows_every_key_of_every_table():
    schema = instrument_schema()
    assert set(schema["properties"]) >= {
        "id",
        "version",
        "title",
        "scales",
        "items",
        "constructs",
        "model",
        "index",
    }
    assert set(schema["$defs"]["ItemTable"]["properties"]) == {
        "id",
        "scale",
        "en",
        "zh",
        "reverse",
        "aliases",
        "no_answer",
        "not_applicable",
        "importance",
        "expectation",
    }
    assert "satisfaction-5" in json.dumps(schema)
    assert "construct" in schema["$defs"]["IndexTable"]["properties"]


# Writing

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
texts = st.builds(Text, words, st.one_of(st.just(""), words))
ids = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
codes = st.lists(
    st.sampled_from(["97", "98", "-77", "no", "0097", "-99", "1e3", " "]), max_size=3, unique=True
)


@st.composite
def instruments(draw):
    scales = []
    for i in range(draw(st.integers(1, 3))):
        low = draw(st.integers(-3, 3))
        high = low + draw(st.integers(1, 10))
        labels = {c: draw(texts) for c in draw(st.lists(st.integers(low, high), max_size=4, unique=True))}
        scales.append(
            Scale(
                f"s{i}", low, high, dict(sorted(labels.items())), draw(st.sampled_from(["better", "worse"]))
            )
        )
    names = draw(st.lists(ids, min_size=1, max_size=6, unique_by=fold))
    silent = [draw(codes) for _ in names]
    items = tuple(
        Item(
            id=name,
            text=draw(texts),
            scale=draw(st.sampled_from([*scales, None])),
            reverse=draw(st.booleans()),
            aliases=tuple(f"{name} {draw(words)}{i}" for i in range(draw(st.integers(0, 2)))),
            no_answer=tuple(silent[k]),
            not_applicable=tuple(["96"] * draw(st.integers(0, 1))),
            importance=draw(st.sampled_from(["", *(n for n in names if n != name)])),
            expectation=draw(st.sampled_from(["", *(n for n in names if n != name)])),
        )
        for k, name in enumerate(names)
    )
    constructs = tuple(
        Construct(
            f"C_{i}",
            draw(texts),
            tuple(draw(st.lists(st.sampled_from(names), min_size=1, unique=True))),
            draw(st.sampled_from(["driver", "outcome", "loyalty", "descriptive"])),
            draw(st.sampled_from(["", *names])),
        )
        for i in range(draw(st.integers(1, 3)))
    )
    known = [c.id for c in constructs]
    return Instrument(
        id=draw(ids),
        version=draw(words),
        title=draw(texts),
        items=items,
        constructs=constructs,
        scales=tuple(scales),
        model=draw(st.sampled_from(["", "C_0 ~~ C_0", "C_0 ~~ C_0\n# '''\n", "\nC_0 ~~ 1*C_0\n"])),
        index=draw(st.sampled_from(["", *known])),
        index_method="equal",
        hypotheses=tuple(
            Hypothesis(
                f"H{i}",
                draw(st.sampled_from(known)),
                draw(st.sampled_from(known)),
                draw(st.sampled_from("+-")),
                draw(texts),
            )
            for i in range(draw(st.integers(0, 2)))
        ),
        weight=tuple(f"W{draw(words)}" for _ in range(draw(st.integers(0, 1)))),
        segments=tuple(
            Segment(f"S{i}", draw(texts), {draw(words): draw(texts)}, (f"T{i}",), tuple(draw(codes)))
            for i in range(draw(st.integers(0, 2)))
        ),
        source=draw(st.one_of(st.just(Text("")), texts)),
    )


def _fair(instrument):
    """No column is claimed twice."""
    aliases = [fold(a) for i in instrument.items for a in (i.id, *i.aliases)]
    roles = [fold(n) for s in instrument.segments for n in (s.column, *s.aliases)]
    return len(set(aliases)) == len(aliases) and not set(aliases) & {*roles, *map(fold, instrument.weight)}


@given(instruments().filter(_fair))
def test_what_is_written_reads_back_equal(instrument):
    assert read_instrument(write_instrument(instrument)) == instrument


def test_codes_all_items_share_are_written_with_the_scale():
    text = write_instrument(load("airport"))
    assert text.count("not_applicable") == 3  # one a scale
    assert text.count("no_answer") == 5  # and two segments


def test_two_scales_cannot_share_an_id():
    items = (Item("a", Text("a"), Scale("s", 1, 5)), Item("b", Text("b"), Scale("s", 1, 7)))
    with pytest.raises(BadInput, match="two different scales are called 's'"):
        write_instrument(Instrument("i", "1", Text("i"), items, ()))


# Lines


@given(st.integers(0, 40), st.sampled_from(["id = 1.5", "nokey = 1", "en = [", "model = '''"]))
def test_any_wound_in_a_file_is_a_named_error(line, wound):
    lines = shipped_text("airline").splitlines()
    lines.insert(min(line * 8, len(lines)), wound)
    try:
        read_instrument("\n".join(lines), where="airline.toml")
    except CsatError as error:
        assert str(error).startswith("airline.toml")
        assert "\n" not in str(error)


def test_every_key_of_every_shipped_file_is_placed_on_its_line():
    for name in shipped():
        text = shipped_text(name)
        lines = text.splitlines()
        for location, line in positions(text).lines.items():
            if isinstance(location[-1], str):
                assert location[-1] in lines[line - 1], (name, location, line)


def test_positions_see_through_strings_comments_and_nesting():
    text = (
        'a = "x # no" # comment [z]\n'
        "b = '''\n[not.a.table]\n'''\n"
        "c = [ # more\n  1,\n  { d = 2 },\n]\n"
        '[t."u v".w]\n'
        'e = """\\"""" \n'
        "f.g = 1\n"
        "[[r]]\nh = 1\n[r.s]\ni = 1\n[[r]]\nh = 2\n"
    )
    found = positions(text)
    expected = {
        ("a",): 1,
        ("b",): 2,
        ("c",): 5,
        ("c", 0): 6,
        ("c", 1): 7,
        ("c", 1, "d"): 7,
        ("t", "u v", "w"): 9,
        ("t", "u v", "w", "e"): 10,
        ("t", "u v", "w", "f", "g"): 11,
        ("r", 0): 12,
        ("r", 0, "h"): 13,
        ("r", 0, "s", "i"): 15,
        ("r", 1): 16,
        ("r", 1, "h"): 17,
    }
    assert {k: found.lines.get(k) for k in expected} == expected
    assert found.contents[("b",)] == 3
