"""Doubts about the reliability of constructs: of one construct, of several at once, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import ALPHA_ACCEPTABLE, ALPHA_TWO_ITEMS, RELIABILITY_N
from csat.analyses.result import SOUND, Caution, Verdict
from csat.language import Text, joined
from csat.tally.tally import Tally

if TYPE_CHECKING:
    from csat.analyses.reliability_figures import ConstructFigures

Array = NDArray[np.float64]

DROP_GAIN = 0.005
"""Smallest gain in alpha by dropping an item that is worth a word (ours: it shows in the second decimal)."""


class Doubts:
    """The cautions met on one construct."""

    def __init__(self, name: str, title: Text) -> None:
        self.name, self.title = name, title
        self.found: list[Caution] = []

    def add(self, code: str, text: Text, items: Sequence[str] = ()) -> None:
        """A caution whose text may hold `{construct}` and `{items}`."""
        filled = text.fill(construct=self.title, items=joined([Text(i) for i in items]))
        self.found.append(Caution(code, filled, (self.name, *items)))


def doubt_items(tally: Tally, block: ConstructFigures, doubts: Doubts) -> None:
    """Items that contradict the others, or that the construct is better without."""
    items = tally.items
    against = [i for i, r in zip(items, block.item_rest, strict=True) if r < 0]
    if block.alpha < 0:
        doubts.add(
            "negative_alpha",
            Text(
                f"{{construct}}: alpha is negative ({block.alpha:.2f}): its items contradict each other. "
                "Is an item worded the other way round and not declared as reversed?",
                f"{{construct}}：α 为负（{block.alpha:.2f}），题项相互矛盾。是否有反向题未声明为反向计分？",
            ),
        )
    if against and len(items) > 2:
        doubts.add(
            "negative_item",
            Text(
                "{construct}: {items} runs against the other items. "
                "If it is worded the other way round, declare it as reversed; else leave it out.",
                "{construct}：{items} 与其余题项方向相反。如为反向题，请声明为反向计分；否则建议剔除。",
            ),
            against,
        )
    gains = [
        (item, dropped)
        for item, dropped in zip(items, block.dropped, strict=True)
        if dropped > block.alpha + DROP_GAIN
    ]
    if gains:
        doubts.add(
            "better_without",
            Text(
                f"{{construct}}: alpha is {block.alpha:.3f}; it would be "
                + ", ".join(f"{dropped:.3f} without {item}" for item, dropped in gains)
                + ".",
                f"{{construct}}：α 为 {block.alpha:.3f}；"
                + "、".join(f"删除 {item} 后为 {dropped:.3f}" for item, dropped in gains)
                + "。",
            ),
            [item for item, _ in gains],
        )


def common_doubts(
    blocks: Mapping[str, Tally], figures: Sequence[ConstructFigures], words: Mapping[str, Text]
) -> list[Caution]:
    """Doubts told once for all the constructs they touch."""
    found = []

    def told(code: str, names: list[str], text: Text) -> None:
        if names:
            titles = joined([words.get(n) or Text(n) for n in names])
            found.append(Caution(code, text.fill(constructs=titles), tuple(names)))

    computed = [(name, f) for name, f in zip(blocks, figures, strict=True) if not np.isnan(f.alpha)]
    told(
        "one_item",
        [name for name, tally in blocks.items() if len(tally.items) == 1],
        Text(
            "One item in {constructs}: a single item has no internal consistency, so nothing is computed.",
            "{constructs}只有一个题项，无法计算内部一致性。",
        ),
    )
    told(
        "two_items",
        [name for name, _ in computed if len(blocks[name].items) == 2],
        Text(
            "Two items in {constructs}: report the Spearman-Brown coefficient (standardised alpha). At "
            "ordinary "
            "loadings two items stay below 0.70 (0.54 where three such items give 0.64), so a low "
            "value is not "
            "yet a fault; there is no omega and nothing to drop.",
            "{constructs}只有两个题项：请报告 Spearman-Brown 系数（即标准化 α）。在一般载荷水平下两题的 α "
            "往往低于 0.70（同样载荷下两题为 0.54，三题为 0.64），偏低不一定是缺陷；"
            "此时没有 ω，也无题项可删。",
        ),
    )
    told(
        "few_respondents",
        [name for name, f in computed if not RELIABILITY_N.met(f.effective_n)],
        Text(
            f"Fewer than {RELIABILITY_N.value:g} respondents (effective) in {{constructs}}: mind the "
            "intervals.",
            f"{{constructs}}的有效样本量不足 {RELIABILITY_N.value:g}，请留意置信区间。",
        ),
    )
    pairwise = [name for name, _ in computed if np.ptp(blocks[name].pair_n()) > 0]
    told(
        "pairwise",
        pairwise,
        Text(
            "Pairwise covariances in {constructs}: the intervals use the smallest pair n.",
            "{constructs}采用成对剔除的协方差：置信区间按最小的成对样本量计算。",
        ),
    )
    if any(t.weighted for t in blocks.values()):
        found.append(
            Caution(
                "weighted_interval",
                Text(
                    "Weighted covariances; the intervals use the effective n and are approximate.",
                    "协方差已加权；置信区间采用有效样本量，为近似值。",
                ),
            )
        )
    return found


def verdict_of(blocks: Mapping[str, Tally], alpha: Array, words: Mapping[str, Text]) -> Verdict:
    """Whether scores made of these constructs may be depended on."""
    scales = [
        (name, float(a)) for (name, t), a in zip(blocks.items(), alpha, strict=True) if len(t.items) > 1
    ]

    def titles(names: list[str]) -> Text:
        return joined([words.get(n) or Text(n) for n in names])

    if not any(a > 0 for _, a in scales):
        return Verdict(
            "failed",
            Text(
                "No construct has a positive alpha: scores made of these items mean nothing.",
                "没有任何构念的 α 为正：由这些题项合成的得分没有意义。",
            ),
        )
    undefined = [name for name, a in scales if np.isnan(a)]
    if undefined:
        return Verdict(
            "doubtful",
            Text("No alpha could be computed for {names}.", "以下构念无法计算 α：{names}。").fill(
                names=titles(undefined)
            ),
        )
    low = [
        name
        for name, a in scales
        if not (ALPHA_TWO_ITEMS if len(blocks[name].items) == 2 else ALPHA_ACCEPTABLE).met(a)
    ]
    if low:
        return Verdict(
            "doubtful",
            Text(
                "The items agree too little for a dependable score in {names}.",
                "以下构念的题项一致性不足，其得分不够可靠：{names}。",
            ).fill(names=titles(low)),
        )
    return SOUND
