"""A report as a row of blocks; `page`, `pdf` and `workbook` draw it, each in the language asked for.

A block says what is shown, never how. Blocks are frozen and hold `Text`, `Table` and `Plot`, so that one
document serves both languages and all three files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from csat.analyses.result import SOUND, Level, Verdict
from csat.display import words
from csat.display.canvas import svg
from csat.display.plot import Plot
from csat.display.style import UNDEFINED, formatted
from csat.display.table import Table
from csat.language import Language, Text

if TYPE_CHECKING:
    from csat.analyses.result import Result

Named = TypeVar("Named")


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 (a section, in the table of contents) or 3 (inside a section or the summary)."""

    text: Text
    id: str
    level: Literal[2, 3] = 2


@dataclass(frozen=True)
class Paragraph:
    """Running words. A `lead` is larger, a `note` smaller."""

    text: Text
    tone: Literal["plain", "lead", "note"] = "plain"


@dataclass(frozen=True)
class Bullets:
    """A list without order."""

    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Ranking:
    """A numbered list: what comes first, and why in a sentence."""

    entries: tuple[tuple[Text, Text], ...]


@dataclass(frozen=True)
class Figure:
    """One number that matters, with its interval; `extent` draws it on a line between two bounds."""

    label: Text
    value: float | None
    kind: str = "score"
    lower: float | None = None
    upper: float | None = None
    note: Text = words.NOTHING
    extent: tuple[float, float] | None = None

    def number(self) -> str:
        """The value, rounded."""
        return formatted(self.value, self.kind)

    def interval(self, language: Language) -> str:
        """The interval in words, or nothing."""
        if self.lower is None or self.upper is None:
            return ""
        low, high = formatted(self.lower, self.kind), formatted(self.upper, self.kind)
        if UNDEFINED in (low, high):
            return ""
        return words.INTERVAL.say(language).format(low=low, high=high)

    def places(self) -> tuple[float, float, float] | None:
        """Value, lower and upper as shares of the extent (0 to 1), or None."""
        if self.extent is None or self.value is None or not self.number().strip(UNDEFINED):
            return None
        low, high = self.extent

        def share(x: float | None) -> float:
            at = self.value if x is None or x != x else x  # NaN has no place of its own
            return min(1.0, max(0.0, ((at or 0.0) - low) / ((high - low) or 1.0)))

        return share(self.value), share(self.lower), share(self.upper)


@dataclass(frozen=True)
class Figures:
    """Key numbers side by side, the first one largest."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class TableBlock:
    """A table; its name becomes the sheet of the workbook."""

    table: Table
    name: str


@dataclass(frozen=True)
class ChartBlock:
    """A chart, with the numbers behind it where they are a table of their own."""

    plot: Plot
    name: str
    table: Table | None = None


@dataclass(frozen=True)
class VerdictBlock:
    """Whether the numbers may be used, with the points that led to it."""

    verdict: Verdict
    points: tuple[Text, ...] = ()


@dataclass(frozen=True)
class CautionBlock:
    """Doubts about what stands above."""

    texts: tuple[Text, ...]
    level: Level = "doubtful"


@dataclass(frozen=True)
class Facts:
    """Names and values: how the numbers were made."""

    rows: tuple[tuple[Text, Text | str], ...]


@dataclass(frozen=True)
class References:
    """The papers and programs cited."""

    entries: tuple[str, ...]


Block = (
    Heading
    | Paragraph
    | Bullets
    | Ranking
    | Figures
    | TableBlock
    | ChartBlock
    | VerdictBlock
    | CautionBlock
    | Facts
    | References
)


@dataclass(frozen=True)
class Document:
    """A report: title, a line below it, facts for the head of the first page, blocks, a line at the foot."""

    title: Text
    blocks: tuple[Block, ...]
    subtitle: Text = words.NOTHING
    about: tuple[tuple[Text, Text | str], ...] = ()
    foot: Text = words.NOTHING

    def contents(self) -> tuple[Heading, ...]:
        """The sections, in order."""
        return tuple(b for b in self.blocks if isinstance(b, Heading) and b.level == 2)

    def tables(self) -> dict[str, Table]:
        """All tables by name, those behind charts included; a name met twice gets a number."""
        found: dict[str, Table] = {}
        for block in self.blocks:
            table = getattr(block, "table", None)
            if not isinstance(block, TableBlock | ChartBlock) or table is None:
                continue
            if not any(table is known for known in found.values()):
                found[_unused(block.name, found)] = table
        return found

    def charts(self, language: Language) -> dict[int, str]:
        """Every chart drawn as SVG, by the position of its block: draw once, show on page and in PDF."""
        return {
            i: svg(block.plot, language, f"c{i}-{block.name}")
            for i, block in enumerate(self.blocks)
            if isinstance(block, ChartBlock)
        }

    def ids(self) -> dict[int, str]:
        """An id for every block that can be linked to, unique in the document, by position."""
        taken: dict[str, int] = {}
        for i, block in enumerate(self.blocks):
            wanted = block.id if isinstance(block, Heading) else getattr(block, "name", "")
            if wanted:
                key = re.sub(r"[^\w-]+", "-", wanted).strip("-") or "part"
                prefix = {TableBlock: "table-", ChartBlock: "chart-"}.get(type(block), "")
                taken[_unused(prefix + key, taken)] = i
        return {i: name for name, i in taken.items()}


def section(
    result: Result,
    *,
    id: str = "",
    level: Literal[2, 3] = 2,
    title: Text | None = None,
    tables: Sequence[str] | None = None,
    plots: Sequence[str] | None = None,
) -> tuple[Block, ...]:
    """A result as blocks: heading, verdict, findings, charts with their numbers, tables, cautions, base.

    A chart and a table of the same name are shown together. `tables` and `plots` choose some by name.
    """
    name = id or result.name
    shown = _chosen(result.tables(), tables)
    drawn = _chosen(result.plots(), plots)
    blocks: list[Block] = [Heading(title or result.title, name, level)]
    if result.verdict is not SOUND:
        blocks.append(VerdictBlock(result.verdict))
    blocks += [Paragraph(text) for text in result.headline()]
    blocks += [ChartBlock(plot, f"{name}-{key}", shown.get(key)) for key, plot in drawn.items()]
    blocks += [TableBlock(table, f"{name}-{key}") for key, table in shown.items() if key not in drawn]
    if result.cautions:
        blocks.append(CautionBlock(tuple(caution.text for caution in result.cautions)))
    blocks.append(Paragraph(result.base.text(), "note"))
    return tuple(blocks)


def _chosen(named: Mapping[str, Named], names: Sequence[str] | None) -> dict[str, Named]:
    return dict(named) if names is None else {n: named[n] for n in names if n in named}


def _unused(name: str, taken: Mapping[str, object]) -> str:
    """The name, or the name with the first number that makes it new."""
    return next(n for n in _numbered(name) if n not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    i = 2
    while True:
        yield f"{name}-{i}"
        i += 1
