"""The result of comparing two results: the changes, and which of them matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from csat.analyses.result import Result
from csat.display.table import Table
from csat.language import Text

Area = Literal[
    "data", "settings", "versions", "verdict", "index", "priorities", "items", "evidence", "cautions"
]
AREAS: Mapping[str, Text] = {
    "data": Text("Data", "数据"),
    "settings": Text("Settings", "设置"),
    "verdict": Text("Verdict", "判定"),
    "index": Text("Index", "指数"),
    "priorities": Text("Priorities", "优先级"),
    "items": Text("Items", "题项"),
    "evidence": Text("Evidence", "依据"),
    "cautions": Text("Cautions", "提示"),
    "versions": Text("Versions", "版本"),
}
"""In the order in which changes are told."""
MOST_SAID = 8
NOTHING = Text("–", "–")


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was. matters : whether it changes what a reader may conclude."""

    area: Area
    what: Text
    before: Text
    after: Text
    matters: bool
    words: Text
    """The change as a sentence."""


def replaced(area: Area, what: Text, before: Text, after: Text, *, matters: bool) -> Change:
    """A change of which no more is to be said than what was before and what is now."""
    words = Text("{label}: {before}, now {after}.", "{label}：之前 {before}，现在 {after}。").fill(
        label=what, before=before, after=after
    )
    return Change(area, what, before, after, matters, words)


@dataclass(frozen=True, eq=False, kw_only=True)
class Diff(Result):
    """Two results side by side, made by `diff`."""

    title = Text("What changed", "发生了哪些变化")
    name = "diff"

    before: str
    after: str
    changes: tuple[Change, ...]
    same_data: bool
    """Whether both rest on the same rows of the same data: then no difference is one of chance."""
    tolerance: float
    values: int
    """Values of the results that differ by more than the tolerance."""
    rounding: int
    """Values that differ by less."""

    def tables(self) -> dict[str, Table]:
        """`changes`."""
        return {
            "changes": Table(
                {
                    "area": [AREAS[c.area] for c in self.changes],
                    "what": [c.what for c in self.changes],
                    "before": [c.before for c in self.changes],
                    "after": [c.after for c in self.changes],
                    "matters": [c.matters for c in self.changes],
                },
                title=Text("Changes, the most important first", "变化（重要的在前）"),
                labels={
                    "area": Text("Of", "类别"),
                    "what": Text("What", "项目"),
                    "before": Text("Before", "之前"),
                    "after": Text("After", "之后"),
                    "matters": Text("Matters", "是否重要"),
                },
                formats=dict.fromkeys(("area", "what", "before", "after"), "text"),
                notes=[
                    Text(
                        "{n} values of the results differ in all; {r} more differ by rounding only.",
                        "结果中共有 {n} 个数值不同；另有 {r} 个仅有舍入差异。",
                    ).fill(n=self.values, r=self.rounding)
                ],
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """The changes that matter as sentences, then how many others there are."""
        which = Text("{a} → {b}", "{a} → {b}").fill(a=self.before, b=self.after)
        # the index is what everybody asks about: it is told also where it stands within chance
        told = [c.words for c in self.changes if c.matters or c.area == "index"]
        said = (told or [c.words for c in self.changes])[:MOST_SAID]
        left = len(self.changes) - len(said)
        more = (
            [Text(f"{left} more changes are in the table.", f"另有 {left} 项变化见表。")] if left > 0 else []
        )
        return (which, *said, *more)
