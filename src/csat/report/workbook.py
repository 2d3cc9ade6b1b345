"""The workbook: one sheet a table, real numbers with formats, words that stay words; same bytes twice."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from csat.display import words
from csat.display.lettering import columns
from csat.display.style import DECIMALS, INK, MUTED, PRIMARY, RULE
from csat.display.table import Table
from csat.language import Language, Text

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

MADE = datetime(2026, 1, 1)
"""The date inside every workbook: the same tables have the same bytes whenever they are written."""
LONGEST_NAME = 31
WIDEST = 60
NUMBER_FORMATS = {
    **{name: "0." + "0" * decimals if decimals else "0" for name, decimals in DECIMALS.items()},
    "share": "0.0%",
    "p": '[<0.001]"<0.001";0.000',
}
CELL_LIMIT = 32767


def render(
    tables: Mapping[str, Table],
    language: Language,
    *,
    title: Text = words.NOTHING,
    about: Sequence[tuple[Text, Text | str]] = (),
) -> bytes:
    """The tables as an .xlsx file: a first sheet of contents with links, then one sheet each.

    `title` and `about` (names and values) head the contents.
    """
    import xlsxwriter

    stream = io.BytesIO()
    options = {
        "in_memory": True,
        # what a respondent wrote stays text, whatever it looks like
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    book = xlsxwriter.Workbook(stream, options)
    book.set_properties({"title": title.say(language), "author": "csat", "created": MADE})
    formats = _formats(book)
    contents = words.CONTENTS.say(language)
    names = sheet_names([contents, *tables])
    first = book.add_worksheet(names[0])
    sheets = list(zip(names[1:], tables.values(), strict=True))
    _contents(first, sheets, language, formats, title, about)
    for name, table in sheets:
        _sheet(book.add_worksheet(name), table, language, formats, names[0])
    book.close()
    return stream.getvalue()


def sheet_names(wanted: Sequence[str]) -> list[str]:
    """Names a workbook accepts: up to 31 characters, none of []:*?/\\, no quotes around, all different."""
    taken: set[str] = set()
    names = []
    for name in wanted:
        clean = re.sub(r"[\[\]:*?/\\\x00-\x1f]+", "-", name).strip().strip("'").strip() or "table"
        # Excel keeps this name for itself
        clean = f"{clean}-" if clean.casefold() == "history" else clean
        short, i = clean[:LONGEST_NAME].rstrip("'"), 1
        while short.casefold() in taken:
            i += 1
            short = f"{clean[: LONGEST_NAME - len(str(i)) - 1]}-{i}"
        taken.add(short.casefold())
        names.append(short)
    return names


def _contents(
    sheet: Worksheet,
    sheets: Sequence[tuple[str, Table]],
    language: Language,
    formats: Mapping[str, Format],
    title: Text,
    about: Sequence[tuple[Text, Text | str]],
) -> None:
    """What the workbook is, and a link to every sheet."""
    row = 0
    if title:
        sheet.write_string(row, 0, title.say(language), formats["title"])
        row += 1
    for label, value in about:
        sheet.write_string(row, 0, label.say(language), formats["note"])
        sheet.write_string(
            row, 1, value.say(language) if isinstance(value, Text) else str(value), formats["text"]
        )
        row += 1
    row += 1 if row else 0
    for column, heading in enumerate((words.SHEET, words.CONTENT, words.COLUMNS["rows"])):
        sheet.write_string(
            row, column, heading.say(language), formats["head_number" if column == 2 else "head"]
        )
    for name, table in sheets:
        row += 1
        sheet.write_url(row, 0, f"internal:'{_quoted(name)}'!A1", formats["link"], name)
        sheet.write_string(row, 1, table.title.say(language), formats["text"])
        sheet.write_number(row, 2, table.rows, formats["integer"])
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, WIDEST)
    sheet.set_column(2, 2, 10)
    sheet.hide_gridlines(2)


def _sheet(
    sheet: Worksheet, table: Table, language: Language, formats: Mapping[str, Format], contents: str
) -> None:
    """Title, headings that stay in view, rows, notes."""
    sheet.write_string(0, 0, table.title.say(language) or sheet.get_name(), formats["title"])
    sheet.write_url(1, 0, f"internal:'{_quoted(contents)}'!A1", formats["link"], words.BACK.say(language))
    head = 2
    kinds = list(table.kinds.values())
    for column, (heading, kind) in enumerate(zip(table.headings(language), kinds, strict=True)):
        sheet.write_string(head, column, heading, formats["head_number" if kind == "number" else "head"])
    wanted = list(table.formats.values())
    for row, values in enumerate(table.raw(language), start=head + 1):
        for column, value in enumerate(values):
            _cell(sheet, row, column, value, wanted[column], language, formats)
    row = head + table.rows + 2
    for note in table.notes:
        sheet.write_string(row, 0, note.say(language)[:CELL_LIMIT], formats["note"])
        row += 1
    for column, width in enumerate(_widths(table, language)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(head + 1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(head)


def _cell(
    sheet: Worksheet,
    row: int,
    column: int,
    value: Any,
    wanted: str,
    language: Language,
    formats: Mapping[str, Format],
) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_string(row, column, (words.YES if value else words.NO).say(language), formats["text"])
    elif isinstance(value, int | float):
        loose = wanted not in NUMBER_FORMATS or wanted == "number"
        kind = ("integer" if isinstance(value, int) else "number") if loose else wanted
        sheet.write_number(row, column, value, formats[kind])
    else:
        sheet.write_string(row, column, str(value)[:CELL_LIMIT], formats["text"])


def _widths(table: Table, language: Language) -> list[int]:
    """Column widths in characters; the title and the notes may run over the cells beside them."""
    shown = zip(table.headings(language), *table.cells(language)[:500], strict=True)
    widths = []
    for heading, *cells in shown:
        widest_word = max((columns(w) for w in heading.split()), default=0)
        widths.append(min(WIDEST, max([8, widest_word, columns(heading) // 2 + 2, *map(columns, cells)]) + 2))
    return widths


def _formats(book: Workbook) -> dict[str, Format]:
    top = {"valign": "top"}
    head = {
        "bold": True,
        "text_wrap": True,
        "valign": "bottom",
        "bottom": 1,
        "bottom_color": INK,
        "font_color": INK,
    }
    made = {
        "title": {"bold": True, "font_size": 13, "font_color": INK},
        "note": {"font_color": MUTED},
        "link": {"font_color": PRIMARY, "underline": 1},
        "head": head,
        "head_number": {**head, "align": "right"},
        "text": {**top, "text_wrap": True, "bottom": 4, "bottom_color": RULE},
        **{
            name: {**top, "num_format": f, "bottom": 4, "bottom_color": RULE}
            for name, f in NUMBER_FORMATS.items()
        },
    }
    return {name: book.add_format(properties) for name, properties in made.items()}


def _quoted(name: str) -> str:
    return name.replace("'", "''")
