"""Did what was acted on improve? Changes of the acted-on items against the changes of the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute, UnknownName, listed
from csat.language import Language, Text
from csat.numerics.changes import permuted_difference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from csat.analyses.waves_result import Waves

Array = NDArray[np.float64]

PERMUTATIONS = 10_000
MOST_PERMUTATIONS = 1_000_000
LEVEL = 0.05
FEW_OTHERS = 5
"""Items without action below which their mean is a poor yardstick (ours)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Improvement(Result):
    """The difference in differences of the acted-on items, made by `improvement`; arrays are (k,) items."""

    title = Text("What was acted on", "改进成效")
    name = "improvement"

    first: str
    second: str
    items: tuple[str, ...]
    titles: tuple[Text, ...]
    acted_on: NDArray[np.bool_]
    change: Array
    """In answers."""
    mean_acted: float
    mean_others: float
    difference: float
    p: float
    """Share of the choices of as many items whose difference is at least as large, either way."""
    permutations: int
    exact: bool
    seed: int

    def tables(self) -> dict[str, Table]:
        """`items`: the change of each, acted-on ones first, largest first."""
        order = sorted(range(len(self.items)), key=lambda i: (not self.acted_on[i], -self.change[i]))
        return {
            "items": Table(
                {
                    "item": [self.items[i] for i in order],
                    "wording": [self.titles[i] for i in order],
                    "acted_on": [bool(self.acted_on[i]) for i in order],
                    "change": [self.change[i] for i in order],
                },
                title=Text("Changes, {first} to {second}", "{first}→{second} 的变化").fill(
                    first=self.first, second=self.second
                ),
                labels={"acted_on": Text("Acted on", "已采取措施")},
                notes=[
                    Text(
                        "p: {how} of which items were acted on; it takes the items for exchangeable and says "
                        "nothing about what caused the change.",
                        "p 值：{how}“哪些题项采取了措施”；该检验把各题项视为可互换，不说明变化的原因。",
                    ).fill(
                        how=Text("all {n} choices", "穷举全部 {n} 种").fill(n=f"{self.permutations:,}")
                        if self.exact
                        else Text("{n} random choices, seed {s},", "随机抽取 {n} 次（种子 {s}）").fill(
                            n=f"{self.permutations:,}", s=self.seed
                        )
                    )
                ],
            )
        }

    def plots(self) -> dict[str, Plot]:
        """`items`: the changes, the others' mean as the line."""
        order = sorted(range(len(self.items)), key=lambda i: (not self.acted_on[i], -self.change[i]))

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            mark = ACTED.say(language)
            return charts.dots(
                ax,
                [f"{self.titles[i].say(language)}{mark if self.acted_on[i] else ''}" for i in order],
                self.change[order],
                reference=self.mean_others,
                reference_label=OTHERS.say(language),
                xlabel=CHANGE.say(language),
            )

        return {
            "items": Plot(
                draw,
                Text("Change of each item", "各题项的变化"),
                Text(
                    "A dot for the change of each item, those acted on first; the line is the mean of "
                    "the others.",
                    "圆点为各题项的变化，已采取措施者在前；竖线为其余题项的平均变化。",
                ),
                size=(6.8, max(2.4, 0.32 * len(order) + 1.0)),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """The difference in differences and whether it is more than chance."""
        return (
            Text(
                "From {first} to {second} the {k} items acted on changed by {acted}, the others by {others}: "
                "a difference of {difference}, p {p}: {verdict}.",
                "{first}→{second}：采取措施的 {k} 个题项变化 {acted}，其余变化 {others}，相差 {difference}，"
                "p {p}：{verdict}。",
            ).fill(
                first=self.first,
                second=self.second,
                k=int(self.acted_on.sum()),
                acted=f"{self.mean_acted:+.2f}",
                others=f"{self.mean_others:+.2f}",
                difference=f"{self.difference:+.2f}",
                p="< 0.001" if self.p < 0.001 else f"= {self.p:.3f}",
                verdict=Text("more than chance", "超出偶然波动")
                if self.p < LEVEL
                else Text("no evidence that acting made the difference", "没有证据表明措施带来了差别"),
            ),
        )


ACTED = Text(" (acted on)", "（已采取措施）")
OTHERS = Text("mean of the others", "其余平均")
CHANGE = Text("Change of the mean answer", "平均回答的变化")


def improvement(
    waves: Waves,
    acted_on: Sequence[str],
    *,
    first: str | None = None,
    second: str | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Improvement:
    """Compare the change of items that were acted on with that of the others (difference in differences).

    p is the share of all choices of as many items whose difference is at least as large in size; all of them
    when there are at most `permutations`, else that many drawn at random, the observed one counted.

    Parameters
    ----------
    waves : result of `waves`. acted_on : its items on which something was done in between.
    first, second : the waves compared; default the last comparison of neighbours.

    Raises
    ------
    UnknownName : an item or wave that is not there. BadInput : nothing or everything was acted on.
    CannotCompute : an acted-on item was not asked in both waves.
    """
    items = [m for m, k in zip(waves.measures, waves.kinds, strict=True) if k == "item"]
    for name in acted_on:
        if name not in items:
            raise UnknownName("item", name, items, where="acted on")
    before, after = first or waves.waves[-2], second or waves.waves[-1]
    for name in (before, after):
        if name not in waves.waves:
            raise UnknownName("wave", name, waves.waves)
    a, b = waves.waves.index(before), waves.waves.index(after)
    places = {m: i for i, m in enumerate(waves.measures)}
    change = np.array([waves.estimate[places[m], b] - waves.estimate[places[m], a] for m in items])
    asked = np.isfinite(change)
    lost = [m for m, ok in zip(items, asked, strict=True) if not ok and m in acted_on]
    if lost:
        raise CannotCompute(f"{listed(lost)} was not asked in both {before} and {after}", where="acted on")
    kept = [m for m, ok in zip(items, asked, strict=True) if ok]
    acted = np.array([m in acted_on for m in kept])
    if not acted.any() or acted.all():
        raise BadInput(
            "nothing was acted on" if not acted.any() else "everything was acted on",
            right="Some items with action and some without: the others show what would have happened anyway",
        )
    if not 1 <= permutations <= MOST_PERMUTATIONS:
        raise BadInput(
            f"{permutations} permutations", right=f"permutations is a number of 1 to {MOST_PERMUTATIONS:,}"
        )
    found = permuted_difference(change[asked], acted, permutations=permutations, seed=seed)
    return Improvement(
        base=waves.base,
        cautions=_cautions(acted, found.permutations),
        first=before,
        second=after,
        items=tuple(kept),
        titles=tuple(waves.titles[places[m]] for m in kept),
        acted_on=acted,
        change=change[asked],
        mean_acted=float(change[asked][acted].mean()),
        mean_others=float(change[asked][~acted].mean()),
        difference=found.difference,
        p=found.p,
        permutations=found.permutations,
        exact=found.exact,
        seed=seed,
    )


def _cautions(acted: NDArray[np.bool_], permutations: int) -> tuple[Caution, ...]:
    found = []
    if np.count_nonzero(~acted) < FEW_OTHERS:
        found.append(
            Caution(
                "few_others",
                Text(
                    "Only {k} items without action: their mean is a poor yardstick.",
                    "未采取措施的题项只有 {k} 个，其均值难以作为参照。",
                ).fill(k=int(np.count_nonzero(~acted))),
            )
        )
    least = 1 / math.comb(len(acted), int(acted.sum()))
    if least >= LEVEL:
        found.append(
            Caution(
                "no_power",
                Text(
                    "With so few items p cannot fall below {p}, whatever happened.",
                    "题项过少，无论结果如何 p 值都不会低于 {p}。",
                ).fill(p=f"{least:.3f}"),
            )
        )
    return tuple(found)
