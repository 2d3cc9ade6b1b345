"""Doubts about a regression on drivers: drivers that overlap, few respondents, one that moves everything."""

from __future__ import annotations

from collections.abc import Sequence

from csat.analyses.drivers_result import Drivers
from csat.analyses.guidelines import (
    COOK_LARGE,
    EFFECTIVE_N_SMALL,
    RESPONDENTS_PER_DRIVER,
    VIF_HIGH,
    VIF_SEVERE,
)
from csat.analyses.result import SOUND, Caution, Verdict
from csat.language import Text, joined


def doubts_of(d: Drivers) -> tuple[Caution, ...]:
    found: list[Caution] = []
    severe = [n for n, v in zip(d.drivers, d.vif, strict=True) if not VIF_SEVERE.met(v)]
    high = [n for n, v in zip(d.drivers, d.vif, strict=True) if not VIF_HIGH.met(v) and n not in severe]
    if severe:
        found.append(
            Caution(
                "collinear_severe",
                Text(
                    "{names} overlap so much (VIF above 10) that their single effects cannot be told "
                    "apart. Merge them, or read LMG shares instead of coefficients.",
                    "{names}之间重叠过多（VIF 大于 10），无法区分各自的影响。请合并这些因素，或改看 LMG "
                    "贡献而不是回归系数。",
                ).fill(names=joined([d.title_of(n) for n in severe])),
                tuple(severe),
            )
        )
    if high:
        found.append(
            Caution(
                "collinear",
                Text(
                    "{names} overlap with the other drivers (VIF above 5): their coefficients are unsteady.",
                    "{names}与其他驱动因素重叠较多（VIF 大于 5），回归系数不稳定。",
                ).fill(names=joined([d.title_of(n) for n in high])),
                tuple(high),
            )
        )
    negative = [n for n, b in zip(d.drivers, d.coefficients[1:], strict=True) if b < 0]
    if negative:
        found.append(
            Caution(
                "negative_driver",
                Text(
                    "{names} has a negative coefficient beside the others. Usually drivers that overlap "
                    "cause this (a suppressor), or an item that was not turned; do not read it as harm.",
                    "{names}在控制其他因素后系数为负。通常是因素之间重叠（抑制效应）或有反向题未反转所"
                    "致，不要理解为“有害”。",
                ).fill(names=joined([d.title_of(n) for n in negative])),
                tuple(negative),
            )
        )
    needed = RESPONDENTS_PER_DRIVER.value * len(d.drivers)
    if d.base.respondents < needed:
        found.append(
            Caution(
                "few_respondents",
                Text(
                    f"{d.base.respondents} respondents are few for {len(d.drivers)} drivers (at least "
                    f"{needed:.0f} are advised).",
                    f"{len(d.drivers)} 个驱动因素只有 {d.base.respondents} 名受访者，偏少（建议至少 "
                    f"{needed:.0f} 名）。",
                ),
            )
        )
    if not EFFECTIVE_N_SMALL.met(d.base.effective_n):
        found.append(
            Caution(
                "effective_n",
                Text(
                    f"The effective n is only {d.base.effective_n:.1f}.",
                    f"有效样本量仅 {d.base.effective_n:.1f}。",
                ),
            )
        )
    if not COOK_LARGE.met(d.largest_cook):
        found.append(
            Caution(
                "influential",
                Text(
                    f"The respondent in row {d.largest_cook_row} moves the whole equation (Cook's "
                    f"distance {d.largest_cook:.2f}). Look at that questionnaire.",
                    f"第 {d.largest_cook_row} 行的受访者单独左右了整个方程（库克距离 {d.largest_cook:.2f}），"
                    "请核对该份问卷。",
                ),
                (f"row {d.largest_cook_row}",),
            )
        )
    return tuple(found)


def verdict_of(cautions: Sequence[Caution]) -> Verdict:
    grave = [
        c for c in cautions if c.code in ("collinear_severe", "influential", "few_respondents", "effective_n")
    ]
    if not grave:
        return SOUND
    return Verdict("doubtful", grave[0].text)
