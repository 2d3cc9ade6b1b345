"""What csat says when it cannot go on: what is wrong and where, what would be right, what to do.

Every error a user can meet derives from `CsatError`. Its text is one short paragraph, and `exit_code` is what
the command line returns: 2 when the input or the call is wrong, 1 when the analysis ran and no honest number
came of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

SHOWN_NAMES = 12
"""How many known names an error lists before it says 'and n more'."""


class CsatError(Exception):
    """The family: its text is one paragraph for the user."""

    exit_code = 2


class BadInput(CsatError):
    """A file, a cell, an option or a call that cannot be used as it is."""

    def __init__(self, wrong: str, *, where: str = "", right: str = "", do: str = "") -> None:
        sentences = [_sentence(f"{where}: {wrong}" if where else wrong)]
        sentences += [_sentence(s) for s in (right, do) if s]
        super().__init__(" ".join(sentences))


class UnknownName(BadInput):
    """A name that is not among the known ones; the closest match is suggested."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str = "", do: str = "") -> None:
        names = list(known)
        close = closest(name, names)
        hint = f"Did you mean '{close}'?" if close else ""
        right = f"The {plural(kind)} are: {listed(names)}" if names else f"There are no {plural(kind)} here"
        super().__init__(
            f"no {kind} is called '{name}'",
            where=where,
            right=" ".join(filter(None, (hint, _sentence(right)))),
            do=do,
        )


class CannotCompute(CsatError):
    """The analysis ran and no honest number exists; says why and what to do next."""

    exit_code = 1

    def __init__(self, wrong: str, *, where: str = "", do: str = "") -> None:
        super().__init__(" ".join(_sentence(s) for s in (f"{where}: {wrong}" if where else wrong, do) if s))


class NumericsError(CsatError):
    """What numerics raise: they speak in positions, and `named` turns positions into item names.

    Parameters
    ----------
    message : a sentence with `{items}` where the names of the positions go.
    positions : indices into the arrays given, 0-based.
    do : the next step for the user.
    """

    exit_code = 1

    def __init__(self, message: str, *, positions: Sequence[int] = (), do: str = "") -> None:
        self.message, self.positions, self.do = message, tuple(int(p) for p in positions), do
        super().__init__(self._words([f"at position {p}" for p in self.positions]))

    def _words(self, names: Sequence[str]) -> str:
        # not str.format: a name may hold braces
        return " ".join(_sentence(s) for s in (self.message.replace("{items}", listed(names)), self.do) if s)

    def named(self, names: Sequence[str], *, where: str = "") -> CannotCompute:
        """The same error in the words of the survey, to be raised `from` this one."""
        words = self._words([names[p] for p in self.positions])
        return CannotCompute(words, where=where)


class TooFew(NumericsError):
    """Too few items, respondents or categories for the question asked."""


class ConstantItem(NumericsError):
    """A column without variance."""


class SingularMatrix(NumericsError):
    """A matrix that must be inverted cannot be; `positions` are the columns that depend on each other."""


class NotConverged(NumericsError):
    """An iteration stopped without reaching its answer."""


class NotIdentified(NumericsError):
    """More unknowns than the data can answer."""


def closest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, or an empty string."""
    folded = {k.casefold(): k for k in known}
    match = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[match[0]] if match else ""


def listed(names: Sequence[str], *, shown: int = SHOWN_NAMES) -> str:
    """`a, b, c` and, past `shown`, `and n more`."""
    text = ", ".join(str(n) for n in names[:shown])
    return text if len(names) <= shown else f"{text} and {len(names) - shown} more"


def plural(noun: str) -> str:
    """The plural of an English noun as csat's messages need it; of both, for `construct or item`."""
    if " or " in noun:
        return " and ".join(map(plural, noun.split(" or ")))
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else noun + "s"


def _sentence(text: str) -> str:
    # a name or a cell may hold line breaks; an error is one paragraph
    text = " ".join(text.split())
    return text if not text or text[-1] in ".?!:" else text + "."
