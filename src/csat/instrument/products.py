"""Products of constructs in a model text: `Loyalty ~ Price + Image + Price:Image`, a moderated path.

A structural equation model has no place for them; PLS has (two-stage approach). They are taken out of the
text before it is parsed.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from csat.errors import BadInput
from csat.instrument.statements import REGRESSED_ON
from csat.instrument.tokens import Source, Token, chunks, tokens

Moderation: TypeAlias = tuple[str, str, str]
"""(cause, moderator, effect)."""

_ARROW = re.compile(r"\s*(.+?)\s*[*:×]\s*(.+?)\s*(?:->|→)\s*(.+?)\s*")
_NAMED = ("name", "text")


def without_products(text: str, *, where: str = "") -> tuple[str, tuple[Moderation, ...]]:
    """A model text without its products, and what they say: (cause, moderator, effect) of each.

    `y ~ x + z + x:z` says that z moderates the path from x to y. Lines keep their numbers.

    Raises
    ------
    ModelError : a product of more than two names, or with a label or a fixed value.
    """
    source = Source(text, where, 1)
    found: list[Moderation] = []
    lines = list(source.lines)
    # from the end, so that the columns of what stands before stay right
    for chunk in reversed(chunks(tokens(source)) if ":" in source.text else []):
        at = next((i for i, t in enumerate(chunk) if _is(t, REGRESSED_ON)), None)
        if at is None or not any(_is(t, ":") for t in chunk[at:]):
            continue
        effects = [t.text for t in chunk[:at] if t.kind in _NAMED]
        kept: list[str] = []
        own: list[Moderation] = []
        for term in _terms(chunk[at + 1 :]):
            if not any(_is(t, ":") for t in term):
                kept.append(" ".join(_written(t) for t in term))
            elif len(term) == 3 and term[0].kind in _NAMED and term[2].kind in _NAMED:
                own += [(term[0].text, term[2].text, effect) for effect in effects]
            else:
                raise source.error(
                    "this is no product of two names",
                    term[0],
                    right="A moderated path is written y ~ x + z + x:z",
                )
        found = own + found
        left = " + ".join(_written(t) for t in chunk[:at] if t.kind in _NAMED)
        _rewrite(lines, chunk, f"{left} ~ {' + '.join(kept)}" if kept else "")
    return "\n".join(lines), tuple(found)


def moderation_of(said: str) -> Moderation:
    """`Price*Image->Loyalty` as (cause, moderator, effect)."""
    parts = _ARROW.fullmatch(said)
    if parts is None:
        raise BadInput(
            f"'{said}' is no moderated path",
            right="CAUSE*MODERATOR->EFFECT, such as Price*Image->Loyalty",
        )
    return parts[1], parts[2], parts[3]


def _is(token: Token, operator: str) -> bool:
    return token.kind == "operator" and token.text == operator


def _terms(right: list[Token]) -> list[list[Token]]:
    """Tokens between the plus signs."""
    found: list[list[Token]] = [[]]
    for token in right:
        if _is(token, "+") and found[-1]:
            found.append([])
        else:
            found[-1].append(token)
    return [term for term in found if term]


def _written(token: Token) -> str:
    return f"`{token.text}`" if token.kind == "text" else token.text


def _rewrite(lines: list[str], chunk: list[Token], said: str) -> None:
    """Put a statement in the place of another on its first line; lines it went on to are blanked there."""
    first, last = chunk[0], chunk[-1]
    width = len(last.text) + (2 if last.kind == "text" else 0)
    tail = lines[last.line - 1][last.column - 1 + width :]
    head = lines[first.line - 1][: first.column - 1]
    for at in range(first.line, last.line):
        lines[at] = ""
    lines[first.line - 1] = f"{head}{said}{tail}"
