"""Headings in two languages."""

import re

import pytest

from csat.display import words
from csat.display.lettering import has_cjk
from csat.display.table import Table
from csat.language import Text

SYMBOLS = {"KMO", "z", "t", "F", "R²", "CFI", "TLI", "RMSEA", "SRMR", "AIC", "BIC", "HTMT", "csat"}


@pytest.mark.parametrize("name", words.COLUMNS)
def test_every_column_has_a_heading_in_both_languages(name):
    heading = words.COLUMNS[name]
    assert heading.en
    assert has_cjk(heading.zh) or re.search(r"[α-ωΩ]|λ", heading.zh) or heading.zh in SYMBOLS, heading


def test_every_column_heads_a_table():
    table = Table({name: [1.0] for name in words.COLUMNS})
    for language in ("en", "zh"):
        assert table.headings(language) == tuple(t.say(language) for t in words.COLUMNS.values())
        assert table.to_text(language) and table.to_html(language)


def test_other_words_are_said_in_chinese_too():
    said = {k: v for k, v in vars(words).items() if isinstance(v, Text) and v}
    assert said
    assert [k for k, v in said.items() if not v.zh] == []


def test_places_to_fill_are_the_same_in_both_languages():
    for name, text in vars(words).items():
        if isinstance(text, Text):
            assert set(re.findall(r"{\w+}", text.en)) == set(re.findall(r"{\w+}", text.zh)), name
