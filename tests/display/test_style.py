"""Digits, colours and fonts."""

import itertools
import math

import numpy as np
import pytest

from csat.display import style
from csat.display.style import brief, formatted, in_unit, missing_glyphs, mixed, readable_on


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.71234, "number", "0.712"),
        (-0.71234, "number", "−0.712"),
        (-0.00001, "number", "0.000"),
        (1165.69, "number", "1165.690"),
        (93.0, "integer", "93"),
        (0.3333, "share", "33.3%"),
        (-0.0001, "share", "0.0%"),
        (68.44, "score", "68.4"),
        (0.00099, "p", "<0.001"),
        (0.0321, "p", "0.032"),
        (1.23456789, "precise", "1.234568"),
        (3e-12, "precise", "3e-12"),
        (-3e-12, "precise", "−3e-12"),
        (0.0, "precise", "0.000000"),
        (math.nan, "number", "–"),
        (None, "share", "–"),
        (-math.inf, "number", "−∞"),
    ],
)
def test_numbers_are_rounded_in_one_place(value, kind, text):
    assert formatted(value, kind) == text


def test_plain_text_gets_a_plain_hyphen():
    assert formatted(-1.5, "score", minus="-") == "-1.5"


def test_charts_print_about_three_digits():
    assert [brief(v) for v in (0.123, 12.34, 123.4, 1234.5)] == ["0.12", "12.3", "123.4", "1234"]
    assert [in_unit(v) for v in (0.57, -0.08, 1.0, 0.999)] == [".57", "−.08", "1.00", "1.00"]


def _lightness(colour):
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * y ** (1 / 3) - 16


def test_words_are_readable_on_every_colour():
    for colour in (*style.SERIES, *style.SEQUENCE, style.LOW, style.MIDDLE, style.HIGH, style.HEAD):
        assert abs(_lightness(colour) - _lightness(readable_on(colour))) > 40, colour


def test_series_that_follow_each_other_differ_in_grey_print():
    first = [_lightness(c) for c in style.SERIES]
    assert all(abs(a - b) > 20 for a, b in itertools.pairwise(first))


def test_both_ends_of_the_diverging_scale_are_darker_than_its_middle():
    assert _lightness(style.MIDDLE) - max(_lightness(style.LOW), _lightness(style.HIGH)) > 30


def test_mixing_keeps_the_ends():
    assert mixed("#102030", "#a0b0c0", 0) == "#102030"
    assert mixed("#102030", "#a0b0c0", 1) == "#a0b0c0"


def test_the_chinese_face_comes_first():
    assert style.families()[0] in style.CJK_FAMILIES
    assert style.families()[-1] == "DejaVu Sans"


def test_only_installed_families_are_listed():
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    assert set(style.families()) <= installed


def test_characters_no_font_can_draw_are_found():
    unknown = "\U0001f9ff"  # nazar amulet
    assert missing_glyphs(f"价格 α ł −0.5 {unknown}\n") == {unknown}


def test_a_chinese_reader_gets_chinese_faces_first():
    assert style.reader_fonts("", "zh").startswith("'PingFang SC'")
    assert "PingFang" not in style.reader_fonts("Price", "en")
    assert "PingFang" in style.reader_fonts("价格", "en")
