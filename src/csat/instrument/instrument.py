"""What was asked and what it should measure: scales, items, constructs, one structural model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from csat.errors import UnknownName
from csat.language import Text

Role = Literal["driver", "outcome", "loyalty", "descriptive"]

_NO_WORDS = Text("")


@dataclass(frozen=True)
class Scale:
    """Answer categories: whole numbers from `minimum` to `maximum`.

    labels : code to wording, for the codes that have one. higher_is : whether the highest code is the best
    answer ('better') or the worst ('worse': answers are turned once, when bound). A scale of something
    neither good nor bad (complained: no, yes) is 'better': its codes are kept.
    """

    id: str
    minimum: int
    maximum: int
    labels: Mapping[int, Text] = field(default_factory=dict)
    higher_is: Literal["better", "worse"] = "better"

    @property
    def points(self) -> int:
        """Number of categories."""
        return self.maximum - self.minimum + 1

    @property
    def midpoint(self) -> float:
        return (self.minimum + self.maximum) / 2


@dataclass(frozen=True)
class Item:
    """A question. `no_answer` and `not_applicable` are the raw codes (as text) that mean silence."""

    id: str
    text: Text
    scale: Scale | None
    """None: a measured quantity without categories (seconds, yuan, a test score)."""
    reverse: bool = False
    aliases: tuple[str, ...] = ()
    no_answer: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    importance: str = ""
    """The item that asks how important this one is, for stated importance; or empty."""
    expectation: str = ""
    """The item that asks what was expected where this one asks what was perceived (gap studies); or empty."""

    @property
    def turned(self) -> bool:
        """Whether answers are turned when bound, so that higher means better."""
        return self.scale is not None and self.reverse != (self.scale.higher_is == "worse")


@dataclass(frozen=True)
class Construct:
    """What several items measure together."""

    id: str
    title: Text
    items: tuple[str, ...]
    role: Role = "driver"
    importance: str = ""
    """The item that holds this construct's importance points (as SERVQUAL's five dimensions); or empty."""


@dataclass(frozen=True)
class Hypothesis:
    """A declared expectation: `cause` moves `effect` in the direction of `sign`."""

    id: str
    cause: str
    effect: str
    sign: Literal["+", "-"] = "+"
    text: Text = _NO_WORDS


@dataclass(frozen=True)
class Segment:
    """A column that groups respondents.

    labels : raw code to wording; several codes with the same wording are one group. no_answer : raw codes
    that mean the respondent belongs to no group. aliases : other names of the column.
    """

    column: str
    title: Text
    labels: Mapping[str, Text] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    no_answer: tuple[str, ...] = ()


@dataclass(frozen=True)
class Instrument:
    """A questionnaire and its measurement model, as one TOML file says it."""

    id: str
    version: str
    title: Text
    items: tuple[Item, ...]
    constructs: tuple[Construct, ...]
    scales: tuple[Scale, ...] = ()
    model: str = ""
    """Structural model in lavaan syntax; a construct it names but does not measure (`=~`) is measured by its
    items (`model.model_of` puts the two together). Empty: the constructs' items, no paths."""
    index: str = ""
    """The construct whose score is the satisfaction index."""
    index_method: str = "equal"
    """Default method of the index: `equal`, `stated`, `derived`, `pls`."""
    hypotheses: tuple[Hypothesis, ...] = ()
    weight: tuple[str, ...] = ()
    """Columns that may hold the weight, the first found is used."""
    wave: tuple[str, ...] = ()
    respondent: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()
    source: Text = _NO_WORDS
    path: str = ""

    def item(self, name: str) -> Item:
        """The item of that id."""
        for item in self.items:
            if item.id == name:
                return item
        raise UnknownName("item", name, [i.id for i in self.items], where=self.path or self.id)

    def construct(self, name: str) -> Construct:
        """The construct of that id."""
        for construct in self.constructs:
            if construct.id == name:
                return construct
        raise UnknownName("construct", name, [c.id for c in self.constructs], where=self.path or self.id)

    def by_role(self, *roles: Role) -> tuple[Construct, ...]:
        """The constructs that play one of the roles, in instrument order."""
        return tuple(c for c in self.constructs if c.role in roles)

    @property
    def label(self) -> str:
        """Id and version, as results print it."""
        return f"{self.id} {self.version}".strip()
