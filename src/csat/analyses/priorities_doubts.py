"""Doubts about priorities: importance that hardly differs, places not firm, lines that do not sort."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csat.analyses.priorities_words import QUADRANTS, STATED
from csat.analyses.result import Caution
from csat.errors import listed
from csat.language import Text
from csat.numerics.quadrants import Centre, Quadrant

Array = NDArray[np.float64]
CROWDED = 2 / 3
"""Share of the items in one quadrant above which the crosshair hardly sorts them (ours)."""
JOINT = ("LMG share", "relative weight", "beta", "partial r")
"""Measures of an item beside all others: they are rough where there are few respondents an item."""
RESPONDENTS_AN_ITEM = 15
"""Effective respondents an item below which they are (benchmarks/priorities_calibration.py)."""
STATED_RANGE = 10.0
"""Points of 100 below which stated importance hardly tells items apart (METHODS 12)."""


def left_out(items: Sequence[str]) -> Caution:
    return Caution(
        "left out",
        Text(
            f"Left out, as importance or performance could not be computed: {listed(items)}.",
            f"以下题项因无法计算重要性或表现而未列入：{'、'.join(items)}。",
        ),
        where=tuple(items),
    )


def doubts_of(
    items: Sequence[str],
    quadrants: Sequence[Quadrant],
    firm: Sequence[bool | None],
    importance: Array,
    importance_name: str,
    importance_range: tuple[float, float] | None,
    centre: Centre,
    *,
    one_unit: bool,
    iso: bool,
    drawn: bool,
    effective_n: float,
) -> list[Caution]:
    """The doubts. drawn : whether places were drawn anew; effective_n : of the respondents."""
    found: list[Caution] = []
    if drawn and importance_name in JOINT and effective_n < RESPONDENTS_AN_ITEM * len(items):
        found.append(
            Caution(
                "few respondents",
                Text(
                    "{n} respondents for {p} items: where importance is found beside all other items, shares "
                    "of replicates are then some 3 to 5 points of 100 too sure (simulated with 10 an item); "
                    "|r| is not.",
                    "{p} 个题项只有 {n} 名受访者：重要性须与其他题项一并估计时，重抽样比例约偏高 3–5 个百分点"
                    "（按每题 10 人模拟）；相关系数 |r| 不受影响。",
                ).fill(n=f"{effective_n:.0f}", p=len(items)),
            )
        )
    if importance_name == STATED and importance_range is not None:
        spread = 100 * float(np.ptp(importance)) / (importance_range[1] - importance_range[0])
        if spread < STATED_RANGE:
            found.append(
                Caution(
                    "stated importance hardly differs",
                    Text(
                        f"Stated importance differs by {spread:.1f} points of 100 only: respondents called "
                        f"nearly "
                        "everything equally important, so the upper and lower half mean little.",
                        f"各题项的陈述重要性只相差 {spread:.1f} 分（满分 100）：受访者几乎认为一切同样重要，"
                        "上下两半的区分意义不大。",
                    ),
                )
            )
    if importance_name != STATED:
        found.append(
            Caution(
                "not causal",
                Text(
                    "Derived importance comes from correlations: it is no proof that improving an item "
                    "raises "
                    "satisfaction, and it shrinks where nearly all gave the same answer.",
                    "推导重要性来自相关关系，并不证明改进该项就会提高满意度；当几乎所有人回答相同时，"
                    "它会偏小。",
                ),
            )
        )
    if centre == "midpoint":
        most = max(QUADRANTS, key=lambda q: list(quadrants).count(q))
        share = list(quadrants).count(most) / len(quadrants)
        if share > CROWDED:
            found.append(
                Caution(
                    "midpoint",
                    Text(
                        "With the crosshair at the middle of the scale {share} of the items fall under "
                        "'{quadrant}': use the mean or median to tell them apart.",
                        "十字线取量表中点时，{share} 的题项都落在“{quadrant}”：改用均值或中位数才能区分。",
                    ).fill(share=f"{100 * share:.0f}%", quadrant=QUADRANTS[most]),
                )
            )
        if importance_range is None:
            found.append(
                Caution(
                    "no midpoint",
                    Text(
                        "Derived importance has no scale and so no midpoint: its line is the mean.",
                        "推导重要性没有量表，因而没有中点：其分界线取均值。",
                    ),
                )
            )
    if iso and not one_unit:
        found.append(
            Caution(
                "no common unit",
                Text(
                    "The line of equal priority needs importance and performance in one unit; it is not "
                    "drawn.",
                    "等优先级线要求重要性与表现单位相同，因此未画出。",
                ),
            )
        )
    loose = [i for i, f in zip(items, firm, strict=True) if f is False]
    if loose and drawn:
        found.append(
            Caution(
                "not firm",
                Text(
                    f"Not firm: {listed(loose)} left their quadrant in more than one of five replicates; "
                    "read the table of certainty before acting on them.",
                    f"位置不稳固：{'、'.join(loose)} 在超过五分之一的重抽样中离开了所在象限；"
                    "采取行动前请看确定性表。",
                ),
                where=tuple(loose),
            )
        )
    elif loose:
        found.append(
            Caution(
                "not firm",
                Text(
                    f"Not firm: {listed(loose)} lie within sampling error of the performance line and "
                    f"could stand on "
                    "its other side.",
                    f"位置不稳固：{'、'.join(loose)} 与表现分界线之差在抽样误差之内，可能落在另一侧。",
                ),
                where=tuple(loose),
            )
        )
    return found
