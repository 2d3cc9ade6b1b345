"""A claim about published figures: what it may hold, how its figures were printed, what becomes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, TypeAlias

from csat.errors import BadInput
from csat.language import Text

Judgement = Literal["true", "false", "undecidable"]
Figure: TypeAlias = int | float | str
"""A published figure as it was printed: `"67.50"` says two decimals, 67.5 says one."""

LISTS = ("parts", "bands")
PRINTED = ("r", "f", "part", "whole", "per_cent", "index")
"""Fields that may be text, as they were printed; rates and parts keep their decimals."""
COUNTS = ("df", "items", "n", "n_1", "n_2", "factors", "drivers", "count", "minimum", "maximum")
SHARES = ("cumulative", "kmo", "share_1", "share_2")
MOST = {"items": 300, "factors": 300, "drivers": 10_000, "maximum": 10_000}
"""Largest counts that are taken for real; whatever else is counted stays below `MOST_OTHER`."""
MOST_OTHER = 1e12
MOST_DECIMALS = 12


@dataclass(frozen=True)
class Finding:
    """What became of a claim."""

    kind: str
    said: Text
    judgement: Judgement
    reason: Text
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A published statement. where : the table or page it stands in."""

    kind: ClassVar[str]
    """What a file calls it."""

    where: str = ""

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if value is not None or f.default is not None:
                check_field(f.name, value, where=f"claim '{self.kind}'")

    def judge(self) -> Finding:
        """True, false or undecidable, with the reason."""
        raise NotImplementedError

    def found(self, said: Text, judgement: Judgement, reason: Text) -> Finding:
        """What became of this claim."""
        return Finding(self.kind, said, judgement, reason, self.where)


def check_field(name: str, value: Any, *, where: str) -> None:
    """A file may hold text where a number belongs, or a number that counts nothing."""
    if name == "where":
        fits, right = isinstance(value, str), "a text"
    elif name in LISTS:
        fits, right = isinstance(value, list | tuple) and len(value) > 0, "a list"
    elif name in PRINTED and isinstance(value, str):
        return
    else:
        fits = is_number(value) and abs(value) <= MOST_OTHER
        right = "a number"
        if name in COUNTS:
            most = MOST.get(name, int(MOST_OTHER))
            least = 0 if name in ("minimum", "maximum") else 1
            fits = fits and value == int(value) and least <= value <= most
            right = f"a whole number of {least} to {most:,}"
        elif name in SHARES:
            fits, right = fits and 0 <= value <= 1, "a share between 0 and 1: 82 % is 0.82"
    if not fits:
        raise BadInput(f"{name} is {value!r}", where=where, right=f"It is {right}")


def is_number(value: Any) -> bool:
    """Whether it is a finite number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def printed(figure: Figure) -> tuple[float, int]:
    """A published figure and the decimals it was printed with.

    Raises
    ------
    BadInput : text that is no number.
    """
    text = str(figure).strip().replace("%", "").replace(",", "").strip()
    try:
        value = float(text)
    except ValueError as error:
        raise BadInput(f"'{figure}' is no number", where="audit") from error
    if not abs(value) <= MOST_OTHER:
        raise BadInput(f"'{figure}' is no figure to audit", where="audit")
    return value, 0 if "e" in text.lower() else min(len(text.partition(".")[2]), MOST_DECIMALS)
