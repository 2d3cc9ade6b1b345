"""What a proposal guesses: scales, items and the groups they form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from csat.instrument.labels import fold
from csat.instrument.profile import Profile, is_as_a_whole, is_loyalty, is_overall

GENERIC = frozenset(("q", "question", "item", "v", "var", "x", "col", "column", "问题", "题", "题目"))
"""Beginnings of names that say nothing about what is asked."""


@dataclass
class ScaleGuess:
    """A scale as it is proposed.

    low, high : the answers seen. zero : whether 0 was seen below them. top_shares : the smallest and the
    largest share of the highest answer over the items. apart : codes that stand apart.
    """

    minimum: int
    maximum: int
    label_set: str = ""
    labels: dict[int, str] = field(default_factory=dict)
    low: int = 0
    high: int = 0
    zero: bool = False
    top_shares: tuple[float, float] = (0.0, 0.0)
    apart: set[int] = field(default_factory=set)
    declared: str = ""
    """Who says what the ends are; '' when they are a guess."""
    falling: bool = False
    silent: dict[int, str] = field(default_factory=dict)
    """Codes that are declared no answer, with the reason."""
    letters: set[str] = field(default_factory=set)
    id: str = ""

    def holds(self, code: int) -> bool:
        return self.minimum <= code <= self.maximum

    def merge(self, other: ScaleGuess) -> None:
        """Take in another group that seems to have the same scale."""
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.zero |= other.zero
        self.top_shares = (
            min(self.top_shares[0], other.top_shares[0]),
            max(self.top_shares[1], other.top_shares[1]),
        )
        self.apart |= other.apart
        self.silent |= other.silent
        self.letters |= other.letters


@dataclass
class Member:
    """An item of the proposal."""

    profile: Profile
    id: str = ""
    against: float | None = None
    """Its mean correlation with the others of its group, where it runs against them."""


@dataclass
class Group:
    """Items that are parts of one question, or whose names begin alike."""

    prefix: str
    members: list[Member]
    scale: ScaleGuess | None = None
    construct: str = ""

    @property
    def says_something(self) -> bool:
        """Whether the group may be a construct: several items, or one that speaks of satisfaction."""
        if len(self.members) == 1:
            return is_overall(self.words) or (is_loyalty(self.words) and bool(self.members[0].profile.ends))
        return fold(self.prefix) not in GENERIC

    @property
    def title(self) -> str:
        """What the group is called: its question, the beginning its items share, or its only item."""
        title = self.members[0].profile.column.title if len(self.members) == 1 else self.stem or self.prefix
        return title.rstrip("：: ") or title

    @property
    def stem(self) -> str:
        """The question that its items are parts of."""
        return self.members[0].profile.column.stem

    @property
    def words(self) -> str:
        """Everything that may say what the group is about."""
        column = self.members[0].profile.column
        own = f"{column.name} {column.wording or column.part}"
        return own if len(self.members) == 1 else f"{self.prefix} {self.stem}"


def roles_of(groups: Sequence[Group]) -> dict[str, str]:
    """Construct to its part: satisfaction as a whole is the outcome; a battery on its aspects drives it."""
    found = {g.construct: g for g in groups if g.construct}
    speaking = {id: g for id, g in found.items() if is_overall(g.words) and not is_loyalty(g.words)}
    whole = {id for id, g in speaking.items() if len(g.members) == 1 or not g.stem or is_as_a_whole(g.stem)}
    outcomes = whole or set(speaking)
    loyal = {id for id, g in found.items() if is_loyalty(g.words)}
    return {id: "outcome" if id in outcomes else "loyalty" if id in loyal else "driver" for id in found}
