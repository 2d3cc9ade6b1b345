"""The tables of priorities: the ranked list, how sure each place is, importance by several measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.certainty import Certainty
from csat.analyses.guidelines import PLACEMENT_FIRM
from csat.analyses.priorities_words import (
    CENTRES,
    GAP_ZONES,
    ON_CHART,
    QUADRANTS,
    SHORT_CENTRES,
    STATED,
    capital,
    importance_text,
    importance_words,
    short_words,
)
from csat.display.table import Table
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.priorities import Priorities

Array = NDArray[np.float64]


MOST_BESIDE = 3
"""Measures and crosshairs whose places stand beside one another; more are one row each."""


def tables_of(r: Priorities) -> dict[str, Table]:
    """`priorities`, by rank; `certainty`; `measures`, where importance was measured in several ways."""
    order = r.order
    columns: dict[str, Any] = {
        "rank": r.rank[order],
        "item": [r.items[i] for i in order],
        "wording": [r.titles[i] for i in order],
        "quadrant": [QUADRANTS[r.quadrants[i]] for i in order],
        "importance": r.importance[order],
        "performance": r.performance[order],
    }
    if np.isfinite(r.performance_se).any():
        columns |= {"se": r.performance_se[order], "firm": [r.firm[i] for i in order]}
    if np.isfinite(r.gap).any():
        columns["gap"] = r.gap[order]
        if r.certainty is not None and np.isfinite(r.certainty.gap_lower).any():
            columns["zone"] = [GAP_ZONES[_zone(r, i)] for i in order]
    if all(t.en in ("", i) for t, i in zip(r.titles, r.items, strict=True)):
        del columns["wording"]
    points = ("performance", "se", "gap", *(["importance"] if r.importance_name == STATED else []))
    tables = {
        "priorities": Table(
            columns,
            title=Text("Priorities by {importance}", "按{importance}排列的优先级").fill(
                importance=importance_words(r.importance_name)
            ),
            notes=[
                Text(
                    "Crosshair at the {centre}: performance {x}, importance {y}; a value on the line "
                    "counts as "
                    "high. Order: quadrant, then importance above and performance below the lines, in "
                    "standard "
                    "deviations.",
                    "十字线位于{centre}：表现 {x}，重要性 {y}；恰在线上视为高。排序：先按象限，"
                    "再按重要性高出与表现"
                    "低于十字线的标准差之和。",
                ).fill(
                    centre=CENTRES[r.centre],
                    x=f"{r.centre_performance:.1f}",
                    y=importance_text(r.importance_name, r.centre_importance),
                )
            ],
            labels={
                "performance": r.performance_name,
                "firm": Text("Firm", "位置稳固"),
                "gap": Text("Performance less importance", "表现减重要性"),
                "zone": Text("Gap", "差距区间"),
            },
            formats={c: "score" for c in points if c in columns},
        )
    }
    if r.certainty is not None:
        tables["certainty"] = _certainty_table(r, r.certainty)
        if len(r.certainty.placements) > 1:
            few = len(r.certainty.placements) <= MOST_BESIDE
            make = _certainty_measures_table if few else _first_under_each_table
            tables["certainty_measures"] = make(r, r.certainty)
    if r.also:
        tables["measures"] = _measures_table(r)
    return tables


def _certainty_table(r: Priorities, known: Certainty) -> Table:
    order, main = r.order, known.main
    columns: dict[str, Any] = {
        "item": [r.items[i] for i in order],
        "wording": [r.titles[i] for i in order],
        "quadrant": [QUADRANTS[r.quadrants[i]] for i in order],
        **{f"in_{k}": main.probability[order, k] for k in range(len(ON_CHART))},
        "among_first": main.among_first[order],
        "firm": main.firm[order].tolist(),
    }
    if all(t.en in ("", i) for t, i in zip(r.titles, r.items, strict=True)):
        del columns["wording"]
    lost = (
        Text("; {n} gave no importance and are left out", "，其中 {n} 次无法得到重要性，已剔除").fill(
            n=known.lost
        )
        if known.lost
        else Text("", "")
    )
    return Table(
        columns,
        title=Text(
            "How sure is each place? Probability of each quadrant", "各题项位置有多确定？各象限的概率"
        ),
        notes=[
            Text(
                "Share of {n} bootstrap replicates of the respondents (seed {seed}){drawn}{lost}, each "
                "with its own performance, importance and crosshair. Firm: {firm} or more in the quadrant "
                "that the full data give. Kendall's W of the replicates' rankings: {w}.",
                "对受访者做 {n} 次自助抽样（随机种子 {seed}）{drawn}{lost}，"
                "每次重新计算表现、重要性与十字线，表中为所占比例。"
                "稳固：落在全体数据所给象限的比例达到 {firm}。"
                "各次排序的肯德尔 W 系数：{w}。",
            ).fill(
                n=known.replicates,
                seed=known.seed,
                drawn=known.drawn,
                lost=lost,
                firm=f"{PLACEMENT_FIRM.value:.0%}",
                w=f"{main.concordance:.2f}",
            )
        ],
        labels={
            "among_first": Text(f"Among the first {known.first}", f"位列前 {known.first}"),
            "firm": Text("Firm", "位置稳固"),
            **{f"in_{k}": QUADRANTS[q] for k, q in enumerate(ON_CHART)},
        },
        formats=dict.fromkeys(("among_first", *(f"in_{k}" for k in range(len(ON_CHART)))), "share"),
    )


def _agreement(known: Certainty) -> Text:
    """Kendall's W of the measures, where there are several."""
    if not math.isfinite(known.agreement):
        return Text("", "")
    return Text(
        "Kendall's W of the measures' rankings by importance: {w} (interval {lower} to {upper}).",
        "各方法重要性排序的肯德尔 W 系数：{w}（区间 {lower} 至 {upper}）。",
    ).fill(
        w=f"{known.agreement:.2f}",
        lower=f"{known.agreement_lower:.2f}",
        upper=f"{known.agreement_upper:.2f}",
    )


def _first_under_each_table(r: Priorities, known: Certainty) -> Table:
    """Many measures and crosshairs: one row for each, and what it would improve first."""

    def listed_items(chosen: Sequence[int], share: Sequence[float] | Array) -> Text:
        if not len(chosen):
            return Text("none", "无")
        parts = [f"{r.items[i]} {share[i]:.0%}" for i in chosen]
        return Text(", ".join(parts), "、".join(parts))

    rows: dict[str, list[Any]] = {k: [] for k in ("measure", "centre", "improve", "first", "concordance")}
    for p in known.placements:
        ranked = np.argsort(p.rank, kind="stable")
        own = [int(i) for i in ranked if p.quadrants[i] == "improve first"]
        rows["measure"].append(short_words(p.measure))
        rows["centre"].append(SHORT_CENTRES[p.centre])
        rows["improve"].append(listed_items(own, p.own))
        likely = [int(i) for i in np.argsort(-p.among_first, kind="stable")[: known.first]]
        rows["first"].append(listed_items(likely, p.among_first))
        rows["concordance"].append(p.concordance)
    return Table(
        rows,
        title=Text(
            "What comes first under each measure and crosshair?", "各种重要性测量与十字线下，什么应当优先？"
        ),
        notes=[
            Text(
                "Improve first: the items there in the full data, with the share of replicates that agree. "
                "Likeliest: those most often among the first {k}. W: Kendall's agreement of the replicates' "
                "rankings. {agree}",
                "优先改进：全体数据落在该象限的题项及重抽样一致的比例。最可能：最常位列前 {k} 的题项。"
                "W：各次重抽样排序的肯德尔一致性系数。{agree}",
            ).fill(k=known.first, agree=_agreement(known))
        ],
        labels={
            "measure": Text("Importance", "重要性"),
            "centre": Text("Crosshair", "十字线"),
            "improve": QUADRANTS["improve first"],
            "first": Text(f"Likeliest among the first {known.first}", f"最可能位列前 {known.first}"),
            "concordance": Text("W", "W"),
        },
    )


def _certainty_measures_table(r: Priorities, known: Certainty) -> Table:
    order = r.order
    several = len({p.centre for p in known.placements}) > 1
    columns: dict[str, Any] = {"item": [r.items[i] for i in order]}
    labels: dict[str, Text] = {}
    for k, p in enumerate(known.placements):
        measure = short_words(p.measure, p.centre if several else None)
        columns[f"quadrant_{k}"] = [QUADRANTS[p.quadrants[i]] for i in order]
        columns[f"certainty_{k}"] = p.own[order]
        columns[f"first_{k}"] = p.among_first[order]
        labels[f"quadrant_{k}"] = measure
        labels[f"certainty_{k}"] = Text("In it", "在此象限")
        labels[f"first_{k}"] = Text(f"First {known.first}", f"前 {known.first}")
    return Table(
        columns,
        title=Text(
            "Does the place depend on how importance is measured?", "位置是否取决于重要性的测量方法？"
        ),
        notes=[
            Text(
                "Under each measure: the quadrant in the full data, the share of replicates in it, and "
                "the share in which the item is among the first {k}. {agree}",
                "每种方法下：全体数据所给象限、落在该象限的重抽样比例、位列前 {k} 的比例。{agree}",
            ).fill(k=known.first, agree=_agreement(known))
        ],
        labels=labels,
        formats={c: "share" for c in columns if c.startswith(("certainty_", "first_"))},
    )


def _measures_table(r: Priorities) -> Table:
    order = r.order
    measures = {r.importance_name: r.importance, **r.also}
    return Table(
        {"item": [r.items[i] for i in order]}
        | {f"measure_{k}": values[order] for k, values in enumerate(measures.values())},
        title=Text("Importance by several measures", "多种方法得到的重要性"),
        notes=[
            Text(
                f"Kendall's W of the {len(measures)} rankings: {r.agreement:.3f} (1: all the same).",
                f"{len(measures)} 种排序的肯德尔 W 系数：{r.agreement:.3f}（1 表示完全一致）。",
            )
        ],
        labels={f"measure_{k}": _heading(name) for k, name in enumerate(measures)},
    )


def _zone(r: Priorities, i: int) -> int:
    """-1 where performance falls short of importance, 1 where it exceeds it, 0 within sampling error."""
    assert r.certainty is not None  # only asked for with replicates
    return int(r.certainty.gap_lower[i] > 0) - int(r.certainty.gap_upper[i] < 0)


def _heading(name: str) -> Text:
    words = importance_words(name)
    return Text(capital(words.en), words.zh)
