import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.responses.raw import (
    ArrowColumn,
    Choices,
    RawColumn,
    cell_text,
    counts_of,
    number_of,
    translated,
    unique_names,
)

CELLS = st.lists(
    st.one_of(st.none(), st.text(max_size=3), st.integers(-3, 12), st.floats(allow_infinity=False))
)


@given(CELLS)
def test_a_column_gives_its_cells_back_as_text(cells):
    column = RawColumn.of(cells)
    assert column.texts() == [cell_text(c) for c in cells]
    assert [column.text(r) for r in range(len(cells))] == column.texts()
    assert column.counts().sum() == column.filled().sum() == sum(t is not None for t in column.texts())


@given(CELLS)
def test_an_arrow_column_says_what_a_plain_one_says(cells):
    texts = [cell_text(c) for c in cells]
    plain, arrow = RawColumn.of(texts), ArrowColumn(pa.chunked_array([pa.array(texts, pa.string())]))
    assert arrow.texts() == plain.texts()
    assert arrow.filled().tolist() == plain.filled().tolist()
    assert arrow.has_repeats() == plain.has_repeats()
    keep = np.arange(len(cells)) % 2 == 0
    assert arrow.where(keep).texts() == plain.where(keep).texts()
    assert arrow.where(slice(1, None)).texts() == plain.texts()[1:]
    for mine, theirs in zip(arrow.numbers(), plain.numbers(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert sorted(arrow.few()) == sorted(plain.few())


@given(st.lists(st.integers(-1, 40)))
def test_counting_and_translating_agree_with_indexing(index):
    for kind in (np.int8, np.int16, np.int32):
        at = np.array(index, dtype=kind)
        assert counts_of(at, 41).tolist() == [index.count(k) for k in range(41)]
        lookup = np.arange(42, dtype=np.int8)[::-1].copy()
        assert translated(lookup, at).tolist() == lookup[np.array(index, dtype=int)].tolist()


def test_the_index_is_no_wider_than_it_must_be():
    assert RawColumn.of(range(128)).index.dtype == np.int8
    assert RawColumn.of(range(129)).index.dtype == np.int16
    assert RawColumn.of(range(40_000)).index.dtype == np.int32


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5.0),
        ("-1", -1.0),
        ("+2.50", 2.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("nan", None),
        ("inf", None),
        ("1_0", None),
        ("1,000", None),
        ("0x10", None),
        ("", None),
        ("五", None),
        ("1e999", None),
    ],
)
def test_only_plain_numbers_are_numbers(text, number):
    assert number_of(text) == number


def test_a_decimal_comma_is_read_where_it_was_found():
    assert number_of("0,85", ",") == 0.85
    assert number_of("1.5", ",") == 1.5
    assert number_of("0,85") is None


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (5.0, "5"),
        (5.5, "5.5"),
        (True, "True"),
        (float("nan"), None),
        ("  x ", "x"),
        ("   ", None),
        (None, None),
        (11800000001.0, "11800000001"),
        (12345678901234567890, "12345678901234567890"),
        (dt.datetime(2026, 3, 1, 9, 0), "2026-03-01 09:00:00"),
        (dt.date(2026, 3, 1), "2026-03-01"),
    ],
)
def test_cells_are_written_as_a_file_would_show_them(cell, text):
    assert cell_text(cell) == text


def test_long_identifiers_keep_every_digit_also_beside_empty_cells():
    column = ArrowColumn(pa.chunked_array([pa.array([9007199254740993, None], pa.int64())]))
    assert column.texts() == ["9007199254740993", None]
    assert column.distinct == ("9007199254740993",)


@given(st.lists(st.one_of(st.none(), st.sampled_from(["a", "a (2)", "b", "", "a\nb", "a  b"])), max_size=8))
def test_names_are_unique_and_as_many_as_headers(headers):
    names, notes = unique_names(headers)
    assert len(names) == len(set(names)) == len(headers)
    assert all(n.en and n.zh for n in notes)


def test_a_repeated_header_gets_a_number_and_a_note():
    names, notes = unique_names(["q1", "q1", None, "q1 (2)"])
    assert names == ["q1", "q1 (3)", "column 3", "q1 (2)"]
    assert "q1" in notes[0].en


def test_pruning_forgets_texts_that_no_longer_occur():
    column = RawColumn.of(["header", "1", None, "1"]).where(slice(1, None)).pruned()
    assert (column.distinct, column.texts()) == (("1",), ["1", None, "1"])


def test_a_ranking_is_told_in_the_order_of_its_places():
    place = np.array([[2, 1, 0], [0, 0, 0]], dtype=np.int16)
    ranking = Choices("q", ("a", "b", "c"), place > 0, place)
    assert ranking.answers() == [["b", "a"], []]
    assert ranking.where(np.array([False, True])).answers() == [[]]
