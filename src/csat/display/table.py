"""A table of plain values: full precision inside, rounded once when shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from csat.display import style, words
from csat.display.lettering import columns as columns_of
from csat.display.lettering import padded, wrapped
from csat.errors import BadInput
from csat.language import Language, Text

if TYPE_CHECKING:
    import pandas as pd

NO_TEXT = Text("")
Kind = Literal["text", "boolean", "number"]
TEXT_WIDTH = 46
"""Widest text column of a plain-text table, in terminal columns; longer cells go on below."""


class Table:
    """Columns of equal length under names from `display.words`.

    Parameters
    ----------
    columns : column name to its values (str, int, float, bool, None, Text, numpy scalars; a sequence or a
        one-dimensional array). A single value stands for the whole column.
    title, notes : the words above and below.
    labels : headings of columns that are not in `words.COLUMNS`, or another heading for one that is.
    formats : column to one of `style.FORMATS`; floats are `number` (3 decimals), whole numbers `integer`.

    Raises
    ------
    BadInput : columns of different length, a column without heading, an unknown format.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[Any] | Any],
        *,
        title: Text = NO_TEXT,
        notes: Sequence[Text] = (),
        labels: Mapping[str, Text] | None = None,
        formats: Mapping[str, str] | None = None,
    ) -> None:
        self.title = title
        self.notes = tuple(notes)
        self._values = _columns(columns)
        self._labels = {name: _label(name, labels or {}) for name in self._values}
        self._formats = _formats(self._values, formats or {})

    # What it holds

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(self._values)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self._values.values()), ()))

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column holds: `number` (aligned right), `boolean` or `text`."""
        return {name: _kind(f) for name, f in self._formats.items()}

    @property
    def formats(self) -> dict[str, str]:
        """The format of each column: one of `style.FORMATS`, or `boolean`."""
        return dict(self._formats)

    def column(self, name: str) -> tuple[Any, ...]:
        """The values of one column, as given (Text stays Text, NaN stays NaN)."""
        return self._values[name]

    def label(self, column: str) -> Text:
        """The heading of one column."""
        return self._labels[column]

    def headings(self, language: Language = "en") -> tuple[str, ...]:
        """Column headings for a reader."""
        return tuple(label.say(language) for label in self._labels.values())

    def raw(self, language: Language = "en") -> list[list[Any]]:
        """Rows of unrounded values, words said in one language, NaN and infinity as None."""
        return [[_plain(v, language) for v in row] for row in zip(*self._values.values(), strict=True)]

    def cells(self, language: Language = "en", *, minus: str = style.MINUS) -> list[list[str]]:
        """Rows of rounded text, as a reader sees them."""
        shown = [[_shown(v, self._formats[c], language, minus) for v in vs] for c, vs in self._values.items()]
        return [list(row) for row in zip(*shown, strict=True)]

    # For programs

    def to_records(self, language: Language | None = None) -> list[dict[str, Any]]:
        """Rows as dicts of plain JSON types; words in both languages unless one is chosen; NaN is None."""
        return [
            dict(zip(self.columns, (_plain(v, language) for v in row), strict=True))
            for row in zip(*self._values.values(), strict=True)
        ]

    def to_frame(self, language: Language = "en") -> pd.DataFrame:
        """A pandas DataFrame of unrounded values under the column names."""
        import pandas as pd

        return pd.DataFrame(
            {c: [v.say(language) if isinstance(v, Text) else v for v in vs] for c, vs in self._values.items()}
        )

    # For readers

    def to_text(self, language: Language = "en", *, title: bool = True, notes: bool = True) -> str:
        """Aligned plain text for a terminal; wide characters take two columns. Minus is a plain hyphen."""
        # U+2212 cannot be written on every console (GBK has no such character)
        body = self.cells(language, minus="-")
        kinds = list(self.kinds.values())
        heads = [wrapped(h, max(14, _longest_word(h))) for h in self.headings(language)]
        lined = [
            [wrapped(c, TEXT_WIDTH) if k == "text" else [c] for c, k in zip(r, kinds, strict=True)]
            for r in body
        ]
        widths = [
            max(columns_of(line) for cell in column for line in cell)
            for column in zip(heads, *lined, strict=True)
        ]

        def lines(row: Sequence[list[str]], bottom: bool = False) -> list[str]:
            height = max((len(cell) for cell in row), default=0)
            filled = [[""] * (height - len(c)) + c if bottom else c + [""] * (height - len(c)) for c in row]
            return [
                "  ".join(
                    padded(cell[i], width, right=kind == "number")
                    for cell, width, kind in zip(filled, widths, kinds, strict=True)
                ).rstrip()
                for i in range(height)
            ]

        out = [self.title.say(language)] if title and self.title else []
        out += lines(heads, bottom=True)
        out.append("  ".join("-" * w for w in widths))
        for row in lined:
            out += lines(row)
        if notes:
            out += [n.say(language) for n in self.notes]
        return "\n".join(out)

    def to_html(self, language: Language = "en", *, caption: bool = True, notes: bool = True) -> str:
        """An HTML `<table>`, everything escaped; the first column heads its row when it holds words."""
        kinds = list(self.kinds.values())

        def cell(text: str, kind: Kind, tag: str, scope: str = "") -> str:
            css = ' class="num"' if kind == "number" else ""
            return f"<{tag}{scope}{css}>{escape(text)}</{tag}>"

        out = ["<table>"]
        if caption and self.title:
            out.append(f"<caption>{escape(self.title.say(language))}</caption>")
        heads = (
            cell(h, k, "th", ' scope="col"') for h, k in zip(self.headings(language), kinds, strict=True)
        )
        out.append(f"<thead><tr>{''.join(heads)}</tr></thead><tbody>")
        for row in self.cells(language):
            first = (
                [cell(row[0], kinds[0], "th", ' scope="row"')]
                if kinds[0] == "text"
                else [cell(row[0], kinds[0], "td")]
            )
            rest = [cell(c, k, "td") for c, k in zip(row[1:], kinds[1:], strict=True)]
            out.append(f"<tr>{''.join(first + rest)}</tr>")
        out.append("</tbody></table>")
        if notes:
            out += [f'<p class="note">{escape(n.say(language))}</p>' for n in self.notes]
        return "\n".join(out)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"Table({self.rows} rows: {', '.join(self.columns)})"


def _columns(columns: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Every column as a tuple of Python values; single values repeated to the common length."""
    lists = {name: _listed(values) for name, values in columns.items()}
    lengths = {name: len(v) for name, v in lists.items() if v is not None}
    if len(set(lengths.values())) > 1:
        raise BadInput(
            "a table's columns differ in length", right=", ".join(f"{c}: {k}" for c, k in lengths.items())
        )
    rows = next(iter(lengths.values()), 1)
    return {name: (_scalar(columns[name]),) * rows if v is None else v for name, v in lists.items()}


def _listed(values: Any) -> tuple[Any, ...] | None:
    if isinstance(values, str | Text) or not hasattr(values, "__iter__") or getattr(values, "ndim", 1) == 0:
        return None
    values = values.tolist() if hasattr(values, "tolist") else values
    return tuple(_scalar(v) for v in values)


def _scalar(value: Any) -> Any:
    """A numpy scalar as the Python value it holds."""
    return value.item() if hasattr(value, "item") and not isinstance(value, str) else value


def _label(name: str, labels: Mapping[str, Text]) -> Text:
    if name in labels:
        return labels[name]
    if name in words.COLUMNS:
        return words.COLUMNS[name]
    raise BadInput(
        f"the table column '{name}' has no heading",
        right="Common columns have theirs in display.words.COLUMNS",
        do="Give one in labels={...}",
    )


def _formats(values: Mapping[str, tuple[Any, ...]], formats: Mapping[str, str]) -> dict[str, str]:
    for name, wanted in formats.items():
        if name not in values or wanted not in style.FORMATS:
            known = style.FORMATS if name in values else tuple(values)
            raise BadInput(
                f"a table cannot show {name!r} as {wanted!r}", right=f"Known are {', '.join(known)}"
            )
    return {name: formats.get(name) or _inferred(v) for name, v in values.items()}


def _inferred(values: tuple[Any, ...]) -> str:
    held = {type(v) for v in values if v is not None}
    if held and held <= {bool}:
        return "boolean"
    if held <= {int} and held:
        return "integer"
    return "number" if held and held <= {int, float} else "text"


def _kind(format_: str) -> Kind:
    return "boolean" if format_ == "boolean" else "text" if format_ == "text" else "number"


def _plain(value: Any, language: Language | None) -> Any:
    if isinstance(value, Text):
        return value.say(language) if language else {"en": value.en, "zh": value.zh}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _shown(value: Any, format_: str, language: Language, minus: str) -> str:
    if value is None:
        return "" if format_ == "text" else style.UNDEFINED
    if isinstance(value, Text):
        return value.say(language)
    if isinstance(value, bool):
        return (words.YES if value else words.NO).say(language)
    if isinstance(value, int | float):
        # a column of words may hold a number, and one of measures a whole number
        loose = format_ in ("text", "boolean", "number")
        kind = ("integer" if isinstance(value, int) else "number") if loose else format_
        return style.formatted(value, kind, minus=minus)
    return str(value)


def _longest_word(text: str) -> int:
    return max((columns_of(w) for w in text.split() if w.isascii()), default=0)
