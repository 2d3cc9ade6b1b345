"""A model's text as tokens: numbers, names, quoted names, operators; and what an error in it looks like."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Literal

from csat.errors import BadInput
from csat.instrument.statements import (
    ABOVE,
    BELOW,
    COVARIES,
    DEFINED,
    EQUAL,
    MEASURES,
    REGRESSED_ON,
    THRESHOLD,
    Rule,
    Statement,
)

Kind = Literal["name", "number", "text", "operator", "newline", "end"]


class ModelError(BadInput):
    """A model that cannot be read; `line` and `column` (1-based) say where."""

    def __init__(
        self,
        wrong: str,
        *,
        line: int,
        column: int,
        shown: str,
        where: str = "",
        right: str = "",
        do: str = "",
    ) -> None:
        super().__init__(wrong, where=place(line, column, shown, where), right=right, do=do)
        self.line, self.column = line, column


def place(line: int, column: int, shown: str, where: str = "") -> str:
    """`bank.toml, line 3, column 7 (in the model: `Image =~ x1 +`)`."""
    shown = " ".join(shown.split())
    shown = shown if len(shown) <= SHOWN_CHARACTERS else shown[: SHOWN_CHARACTERS - 3] + "..."
    at = f"line {line}, column {column} (`{shown}`)"
    return f"{where}, {at}" if where else f"the model, {at}"


SHOWN_CHARACTERS = 100
"""How much of a long line an error shows."""

_OPERATORS = (
    "~*~", "~~~", "==~", "=~~", "===", "<->", "<=>", "=~", "~=", "~>", "=<", "=>", "=:", "~~", ":=", "==",
    "<~", "<=", ">=", "->", "<-", *"~|<>+-*/^(),?:=[]{}%&$@\\",
)  # fmt: skip
"""Longest first; also what people write for one of them, so that an error can say which."""
MAIN = (MEASURES, REGRESSED_ON, COVARIES, THRESHOLD, DEFINED, EQUAL, BELOW, ABOVE)
_CONTINUES_AFTER = frozenset((*MAIN, "+", "-", "*", "/", "^", "(", ",", "?"))
_CONTINUES_BEFORE = frozenset((*MAIN, "+", "*", "/", "^", ")", ",", "?"))
LARGEST = 1e30
"""No parameter is beyond: products of such numbers would have no value."""
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Token:
    kind: Kind
    text: str
    line: int
    column: int
    value: float = 0.0


class Source:
    """The text of a model and where it stands in its file."""

    def __init__(self, text: str, where: str, first_line: int) -> None:
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.lines = self.text.split("\n")
        self.where, self.first_line = where, first_line

    def error(self, wrong: str, at: Token | Statement, *, right: str = "", do: str = "") -> ModelError:
        shown = self.lines[at.line - self.first_line]
        return ModelError(
            wrong, line=at.line, column=at.column, shown=shown, where=self.where, right=right, do=do
        )

    def place(self, at: Token | Statement | Rule) -> str:
        return place(at.line, at.column, self.lines[at.line - self.first_line], self.where)


def tokens(source: Source) -> list[Token]:
    """The tokens of a model; comments and spaces are gone, line ends and semicolons stay."""
    text, at, line, begin = source.text, 0, source.first_line, 0
    found: list[Token] = []
    while at < len(text):
        ch = text[at]
        token = Token("newline", "\n", line, at - begin + 1)
        if ch == "\n":
            found.append(token)
            line, begin, at = line + 1, at + 1, at + 1
        elif ch.isspace() or ch == "\ufeff":
            at += 1
        elif ch in "#!":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif ch == ";":
            found.append(replace(token, text=";"))
            at += 1
        else:
            token = _token(text, at, token, source)
            found.append(token)
            at += len(token.text) + (2 if token.kind == "text" else 0)
    last_line = source.first_line + len(source.lines) - 1
    found.append(Token("end", "", last_line, len(source.lines[-1]) + 1))
    return found


def _token(text: str, at: int, here: Token, source: Source) -> Token:
    ch = text[at]
    number = _NUMBER.match(text, at)
    if number:
        after = text[number.end() : number.end() + 1]
        if after and _continues_name(after):
            raise source.error(
                "a name cannot begin with a digit",
                here,
                right=f"A value is joined to a name by *, as in {number[0]}*x",
                do="If it is a name, put the whole of it in backticks, as in `1st_item`",
            )
        value = float(number[0])
        if value > LARGEST:
            raise source.error(f"the number {number[0]} is too large", here)
        if 0 < value < 1 / LARGEST:
            raise source.error(f"the number {number[0]} is too small", here, do="Write 0 if it is to be none")
        return replace(here, kind="number", text=number[0], value=value)
    if ch in "\"'`":
        end = text.find(ch, at + 1)
        if end < 0 or "\n" in text[at:end]:
            raise source.error(f"a {ch} is opened here and not closed on this line", here)
        if not text[at + 1 : end].strip():
            raise source.error("there is no name between the quotation marks", here)
        return replace(here, kind="text", text=text[at + 1 : end])
    if _continues_name(ch):
        end = at
        while end < len(text) and _continues_name(text[end]):
            end += 1
        return replace(here, kind="name", text=text[at:end])
    for operator in _OPERATORS:
        if text.startswith(operator, at):
            return replace(here, kind="operator", text=operator)
    line = source.lines[here.line - source.first_line]
    if _plain(ch) != ch:
        shown = f"'{ch}'" if ch.isprintable() else f"the invisible character U+{ord(ch):04X}"
        kind = "is a full-width character" if _is_wide(ch) else "is no character of a model"
        raise source.error(f"{shown} {kind}", here, do=f"Write {' '.join(typed_plainly(line).split())}")
    shown = ch if ch.isprintable() else f"U+{ord(ch):04X}"
    raise source.error(
        f"'{shown}' means nothing in a model",
        here,
        do="If it belongs to a name, put the whole name in backticks",
    )


_LOOK_ALIKES = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u300c\u300d", "'"),
        **dict.fromkeys("\u201c\u201d\u201e", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060", ""),
        "\u3001": ",",
        "\u3002": ";",
        "\u00d7": "*",
        "\u223c": "~",
        "\u2264": "<",
        "\u2265": ">",
    }
)
"""Marks of word processors and Chinese keyboards, and what a model has instead."""


def typed_plainly(line: str) -> str:
    """A line with full-width marks and look-alikes as a model has them; a list of names is joined by +."""
    found, depth = [], 0
    for ch in line:
        plain = _plain(ch)
        depth += (plain == "(") - (plain == ")")
        found.append(" + " if plain == "," and depth <= 0 else plain)
    return "".join(found)


def _plain(ch: str) -> str:
    plain = ch.translate(_LOOK_ALIKES)
    if plain == ch and _is_wide(ch):
        plain = unicodedata.normalize("NFKC", ch)
    return plain


def _is_wide(ch: str) -> bool:
    plain = unicodedata.normalize("NFKC", ch)
    return plain != ch and plain.isascii() and plain.isprintable() and not plain.isspace()


def _continues_name(ch: str) -> bool:
    return ch == "." or f"a{ch}".isidentifier()


def chunks(all_tokens: list[Token]) -> list[list[Token]]:
    """Tokens of one statement each; a newline inside brackets or beside an operator does not end one."""
    found: list[list[Token]] = []
    now: list[Token] = []
    depth = 0
    for i, token in enumerate(all_tokens):
        if token.kind in ("newline", "end"):
            following = next((t for t in all_tokens[i:] if t.kind != "newline"), token)
            goes_on = token.text == "\n" and (
                depth > 0
                or (now and now[-1].kind == "operator" and now[-1].text in _CONTINUES_AFTER)
                or (now and following.kind == "operator" and following.text in _CONTINUES_BEFORE)
            )
            if now and not goes_on:
                found.append(now)
                now, depth = [], 0
            continue
        now.append(token)
        if token.kind == "operator":
            depth += (token.text == "(") - (token.text == ")")
            depth = max(depth, 0)
    return found
