"""Doubts about a plan: samples that are not random, more than there are, an assumed spread."""

from __future__ import annotations

from csat.analyses.planning_result import Convention
from csat.analyses.planning_sizes import INDEX_SD
from csat.analyses.planning_words import Drawn, Quantity
from csat.analyses.result import Caution
from csat.language import Text
from csat.numerics import sampling as sa


def doubts_of(
    answers: int,
    conventions: tuple[Convention, ...],
    deff: float,
    population: float,
    sent: int,
    drawn: Drawn,
    quantity: Quantity,
    sd: float | None,
) -> tuple[Caution, ...]:
    """answers : the plan is for. sent : questionnaires it takes. sd : as given."""
    found: list[Caution] = []
    if drawn == "convenience":
        found.append(
            Caution(
                "convenience_sample",
                Text(
                    "Margins describe chance in a random sample. In a convenience sample they do not apply: "
                    "whom it misses is not known.",
                    "误差范围只描述随机抽样的偶然误差；便利样本不适用，因为无法知道遗漏了哪些人。",
                ),
            )
        )
    if conventions and sa.rounded_up(conventions[0].n * deff) > population:
        found.append(
            Caution(
                "census",
                Text(
                    "With this design effect even the whole population of {n} does not give the margin.",
                    "在该设计效应下，即使调查全部 {n} 人也达不到所要求的误差范围。",
                ).fill(n=f"{population:,.0f}"),
            )
        )
    if sent > population:
        found.append(
            Caution(
                "more_than_population",
                Text(
                    "{sent} questionnaires are more than the {n} people there are: raise the response rate "
                    "or accept a wider margin.",
                    "需发放的 {sent} 份问卷超过总体 {n} 人：请提高回收率或放宽误差范围。",
                ).fill(sent=f"{sent:,}", n=f"{population:,.0f}"),
            )
        )
    if quantity == "index" and sd is None:
        found.append(
            Caution(
                "assumed_spread",
                Text(
                    "The spread of the index was not given; {sd} points are assumed. Take it from an earlier "
                    "wave.",
                    "未给出指数的标准差，假定为 {sd} 分；请采用以往调查的数值。",
                ).fill(sd=f"{INDEX_SD:g}"),
            )
        )
    return tuple(found)
