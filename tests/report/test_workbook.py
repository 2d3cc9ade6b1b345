"""The workbook."""

import io
import math

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.display.table import Table
from csat.language import Text
from csat.report.workbook import LONGEST_NAME, render, sheet_names


@pytest.fixture(scope="module", params=["en", "zh"])
def book(request, document):
    data = render(document.tables(), request.param, title=document.title, about=document.about)
    return request.param, openpyxl.load_workbook(io.BytesIO(data))


def test_the_same_tables_give_the_same_bytes(document):
    assert render(document.tables(), "en") == render(document.tables(), "en")


def test_there_is_one_sheet_a_table_after_the_contents(book):
    language, workbook = book
    assert workbook.sheetnames == [{"en": "Contents", "zh": "目录"}[language], "bars", "long", "wide"]


def test_contents_link_to_every_sheet(book):
    sheet = book[1].worksheets[0]
    links = [cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert links == ["'bars'!A1", "'long'!A1", "'wide'!A1"]


def test_words_never_become_formulas_numbers_or_links(book):
    sheet = book[1]["bars"]
    column = [sheet.cell(row, 1) for row in range(4, 11)]
    assert [c.value for c in column] == [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "http://example.org",
        "'quoted",
        "12",
    ]
    assert {c.data_type for c in column} == {"s"}
    assert not [c for c in column if c.hyperlink]


def test_numbers_are_unrounded_with_a_format(book):
    sheet = book[1]["bars"]
    first = [sheet.cell(4, column) for column in range(3, 8)]
    assert [c.value for c in first] == [90, 3.14159, 0.5, 0.0001, {"en": "yes", "zh": "是"}[book[0]]]
    assert [c.number_format for c in first[:3]] == ["0", "0.000", "0.0%"]
    assert sheet.cell(5, 4).value is None


def test_headings_stay_in_view_and_notes_stand_below(book):
    language, workbook = book
    sheet = workbook["bars"]
    assert sheet.freeze_panes == "B4"
    assert sheet["A3"].value == {"en": "Item", "zh": "题项"}[language]
    assert sheet["A1"].value == {"en": "Items", "zh": "题项"}[language]
    assert sheet["A12"].value.startswith({"en": "A note: <script>", "zh": "说明：<script>"}[language])


def test_columns_are_wide_enough_for_their_words(book):
    sheet = book[1]["bars"]
    assert sheet.column_dimensions["B"].width > 20 > sheet.column_dimensions["C"].width


def test_forbidden_names_are_replaced():
    assert sheet_names(["a/b:c*d?e[f]g\\h", "'q'", "", "history"]) == [
        "a-b-c-d-e-f-g-h",
        "q",
        "table",
        "history-",
    ]


def test_names_differ_even_when_cut():
    names = sheet_names(["x" * 40, "x" * 41, "X" * 42])
    assert len({n.casefold() for n in names}) == 3


@given(st.lists(st.text(max_size=45), max_size=15))
def test_sheet_names_are_always_accepted(wanted):
    names = sheet_names(wanted)
    assert len({n.casefold() for n in names}) == len(names) == len(wanted)
    assert all(0 < len(n) <= LONGEST_NAME and not set(n) & set("[]:*?/\\") for n in names)


@given(
    st.lists(
        st.one_of(st.text(max_size=20), st.floats(), st.none(), st.booleans(), st.integers(-9, 9)), max_size=8
    )
)
def test_any_values_make_a_workbook(values):
    data = render({"t": Table({"value": values}, formats={"value": "text"})}, "en")
    sheet = openpyxl.load_workbook(io.BytesIO(data))["t"]
    for row, value in enumerate(values, start=4):
        if isinstance(value, float) and math.isfinite(value):
            assert sheet.cell(row, 1).value == pytest.approx(value, rel=1e-15)
        assert sheet.cell(row, 1).data_type != "f"


def test_no_tables_make_a_workbook_of_contents():
    data = render({}, "zh", title=Text("Report", "报告"))
    assert openpyxl.load_workbook(io.BytesIO(data))["目录"]["A1"].value == "报告"
