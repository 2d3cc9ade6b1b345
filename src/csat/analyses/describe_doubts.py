"""Doubts about the answers: items nobody answered or all answered alike, floors and ceilings, few answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from csat.analyses.describe_figures import FEWEST_WITH_INTERVAL
from csat.analyses.guidelines import EFFECTIVE_N_SMALL, FLOOR_CEILING
from csat.analyses.result import SOUND, Caution, Verdict
from csat.language import Text, joined
from csat.tally.tally import Tally

Array = NDArray[np.float64]


def doubts_of(tally: Tally, figures: Mapping[str, Array], answered: NDArray[np.int64]) -> tuple[Caution, ...]:
    """figures : of `item_figures`. answered : (p,) rows that answered each item."""
    cautions = []
    silent = tuple(item for item, n in zip(tally.items, answered, strict=True) if n == 0)
    if silent:
        cautions.append(
            Caution(
                "unanswered_item",
                Text("Nobody answered {items}.", "没有人回答：{items}。").fill(items=_named(silent)),
                silent,
            )
        )
    constant = tuple(
        item
        for item, n, sd in zip(tally.items, answered, figures["sd"], strict=True)
        if n >= FEWEST_WITH_INTERVAL and sd == 0
    )
    if constant:
        cautions.append(
            Caution(
                "constant_item",
                Text(
                    "Everybody gave the same answer to {items}: it cannot be related to anything.",
                    "所有人对以下题项的回答都相同：{items}，无法分析它与其他题项的关系。",
                ).fill(items=_named(constant)),
                constant,
            )
        )
    limit = f"{100 * FLOOR_CEILING.value:g}%"
    for name, code, words in (
        (
            "floor",
            "floor",
            Text(
                "More than {limit} chose the lowest answer (floor effect) on {items}: "
                "differences among the dissatisfied are hidden there.",
                "超过 {limit} 的人选择最低分（地板效应）：{items}，不满意者之间的差别无法区分。",
            ),
        ),
        (
            "ceiling",
            "ceiling",
            Text(
                "More than {limit} chose the highest answer (ceiling effect) on {items}: "
                "improvement can hardly show there.",
                "超过 {limit} 的人选择最高分（天花板效应）：{items}，改进难以在分数上体现。",
            ),
        ),
    ):
        extreme = tuple(
            item
            for item, share in zip(tally.items, figures[name], strict=True)
            if share > FLOOR_CEILING.value
        )
        if extreme:
            cautions.append(Caution(code, words.fill(limit=limit, items=_named(extreme)), extreme))
    if tally.weighted and not EFFECTIVE_N_SMALL.met(tally.effective_n):
        cautions.append(
            Caution(
                "small_effective_n",
                Text(
                    f"The weights leave an effective n of {tally.effective_n:.1f}.",
                    f"加权后有效样本量仅为 {tally.effective_n:.1f}。",
                ),
            )
        )
    return tuple(cautions)


def verdict_of(tally: Tally) -> Verdict:
    """Doubtful where the answers weigh too little."""
    if EFFECTIVE_N_SMALL.met(tally.effective_n):
        return SOUND
    return Verdict(
        "doubtful",
        Text(
            f"Effective n is {tally.effective_n:.1f}: too few answers to say much about anybody else.",
            f"有效样本量仅 {tally.effective_n:.1f}，样本太少，难以推断总体。",
        ),
    )


def _named(items: Sequence[str]) -> Text:
    return joined([Text(i) for i in items])
