"""Doubts about an index: few respondents, small segments, what its parts leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from csat.analyses.guidelines import EFFECTIVE_N_SMALL
from csat.analyses.index_result import Index
from csat.analyses.index_tables import HIDDEN_SEGMENT, SMALL_SEGMENT
from csat.analyses.interval_words import few_clusters
from csat.analyses.result import Caution
from csat.instrument.instrument import Construct
from csat.language import Text, bare, joined
from csat.responses.points import Points

MOST_GROUPS = 30
"""Groups of one column that are shown, the largest (ours)."""


def doubts_of(
    result: Index, points: Points, target: Construct, left_out: Mapping[str, int]
) -> tuple[Caution, ...]:
    """The doubts; left_out : segment column to the groups that are not shown."""
    base, segments = result.base, result.segments
    cautions: list[Caution] = []

    def doubt(code: str, en: str, zh: str, *, where: Sequence[str] = (), **values: object) -> None:
        cautions.append(Caution(code, Text(en, zh).fill(**values), tuple(where)))

    if not EFFECTIVE_N_SMALL.met(base.effective_n):
        doubt(
            "small sample",
            "The index rests on an effective n of {n}; below {limit} its interval is rough.",
            "指数的有效样本量只有 {n}，低于 {limit} 时区间较为粗略。",
            n=f"{base.effective_n:.1f}",
            limit=f"{EFFECTIVE_N_SMALL.value:g}",
        )
    cautions += few_clusters(points.responses.replication)
    if base.respondents < base.rows / 2:
        doubt(
            "many without a score",
            "Only {n} of {rows} respondents answered enough items to have a score.",
            "{rows} 名受访者中只有 {n} 人的回答足以计算得分。",
            where=[result.construct],
            n=base.respondents,
            rows=base.rows,
        )
    if len(result.parts) > 1 and not set(result.parts) & {target.id, *target.items}:
        doubt(
            "parts",
            "The index is the weighted mean of {parts}, not of the items of {what}.",
            "该指数是{parts}的加权平均，而不是“{what}”自身题项的平均。",
            where=result.parts,
            parts=joined([bare(t) for t in result.part_titles]),
            what=result.construct_title,
        )
    if result.method == "derived":
        doubt(
            "weights fixed",
            "The interval takes the derived weights as known; their own uncertainty is left out.",
            "区间把推导权重视为已知，未计入权重自身的不确定性。",
        )
    if not np.isfinite(result.score).all():
        doubt(
            "no per cent of maximum",
            "A scale whose highest answer is not positive has no per cent of maximum.",
            "最高分不为正数的量表无法计算“占满分百分比”。",
        )
    small = [
        f"{column}: {name}"
        for column, name, n in zip(segments.kinds, segments.names, segments.n, strict=True)
        if n < SMALL_SEGMENT
    ]
    if small:
        doubt(
            "small segments",
            "{k} groups have fewer than {small} respondents: read with care; below {hidden} none is shown.",
            "有 {k} 个群体不足 {small} 人，仅供参考；不足 {hidden} 人的不显示。",
            where=small,
            k=len(small),
            small=SMALL_SEGMENT,
            hidden=HIDDEN_SEGMENT,
        )
    for column, k in left_out.items():
        doubt(
            "groups left out",
            "Column '{column}' has {k} more groups than the {most} largest shown here.",
            "列“{column}”的群体过多，只显示人数最多的 {most} 个，另有 {k} 个未列出。",
            where=[column],
            column=column,
            k=k,
            most=MOST_GROUPS,
        )
    unscored = [
        c.id
        for c in points.responses.instrument.constructs
        if c.role != "descriptive" and points.bound(c.items) and not points.are_scored(c.items)
    ]
    if unscored:
        doubt(
            "no scale",
            "No score for {what}: an item has no declared scale.",
            "{what} 含有未声明量表的题项，无法计算得分。",
            where=unscored,
            what=", ".join(unscored),
        )
    return tuple(cautions)
