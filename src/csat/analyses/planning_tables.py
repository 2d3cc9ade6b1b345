"""Tables of a plan: its figures, margins by size, the size by each convention, strata."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from csat.analyses.planning_words import ALLOCATIONS, MARGIN, QUANTITIES, UNITS
from csat.display.table import Table
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.planning_result import Plan


def tables_of(plan: Plan) -> dict[str, Table]:
    """`plan`, `margins`, `conventions` when a margin was asked for, `strata` when there are any."""
    tables = {"plan": _plan(plan), "margins": _margins(plan)}
    if plan.conventions:
        tables["conventions"] = _conventions(plan)
    if plan.strata:
        tables["strata"] = _strata(plan)
    return tables


def _plan(plan: Plan) -> Table:
    rows: list[tuple[Text, Any]] = [
        (Text("Estimates", "估计对象"), QUANTITIES[plan.quantity]),
        (Text("Confidence", "置信水平"), f"{100 * plan.confidence:g}%"),
        (
            Text("Population", "总体"),
            f"{plan.population:,.0f}" if math.isfinite(plan.population) else Text("endless", "无限总体"),
        ),
        (Text("Spread of one answer (SD)", "单个回答的标准差"), f"{plan.spread:.4g}"),
        (Text("Design effect", "设计效应"), f"{plan.deff:g}"),
        (Text("Response rate expected", "预计回收率"), f"{100 * plan.response:g}%"),
        (Text("Answers", "有效答卷"), f"{plan.n:,}"),
        (
            Text("Margin (± {unit})", "误差范围（±{unit}）").fill(unit=UNITS[plan.quantity]),
            plan.shown(plan.reached),
        ),
        (Text("Questionnaires to send out", "发放问卷"), f"{plan.n_sent:,}"),
    ]
    if math.isfinite(plan.margin):
        asked = (Text("Margin asked for", "要求的误差范围"), plan.shown(plan.margin))
        rows.insert(1, asked)
    return Table(
        {"what": [w for w, _ in rows], "value": [v for _, v in rows]},
        title=Text("The plan", "方案"),
        formats={"value": "text"},
    )


def _margins(plan: Plan) -> Table:
    columns: dict[str, Any] = {"n": plan.sizes, "margin": plan.points(plan.margins)}
    if math.isfinite(plan.population):
        columns["uncorrected"] = plan.points(plan.margins_uncorrected)
    return Table(
        columns,
        title=Text("Margin (± {unit}) by number of answers", "不同样本量的误差范围（±{unit}）").fill(
            unit=UNITS[plan.quantity]
        ),
        labels={
            "margin": MARGIN,
            "uncorrected": Text("Without finite population correction", "未作有限总体校正"),
        },
    )


def _conventions(plan: Plan) -> Table:
    return Table(
        {
            "convention": [c.name for c in plan.conventions],
            "formula": [c.formula for c in plan.conventions],
            "exact": [c.exact for c in plan.conventions],
            "n": [c.n for c in plan.conventions],
        },
        title=Text("The size by each convention", "各公式的样本量"),
        labels={"formula": Text("Formula", "公式"), "exact": Text("Unrounded", "未取整")},
        notes=[Text("Always rounded up; the first one is used.", "一律向上取整；方案采用第一种。")],
    )


def _strata(plan: Plan) -> Table:
    columns: dict[str, Any] = {
        "stratum": [s.name for s in plan.strata],
        "population": [s.population for s in plan.strata],
        "share": [s.population / plan.population for s in plan.strata],
    }
    if all(math.isfinite(s.sd) for s in plan.strata):
        columns["sd"] = [s.sd for s in plan.strata]
    if all(math.isfinite(s.cost) for s in plan.strata):
        columns["cost"] = [s.cost for s in plan.strata]
    columns |= {
        "n": plan.allocated,
        "weight": plan.base_weights,
        "margin": plan.points(plan.stratum_margins),
    }
    notes = [
        Text(
            "{how}; rounded by largest remainder; base weight = population / answers.",
            "{how}；按最大余数法取整；基础权重 = 总体 / 样本。",
        ).fill(how=ALLOCATIONS[plan.allocation]),
        Text(
            "The unequal base weights cost a design effect of {deff}.",
            "基础权重不等的设计效应为 {deff}。",
        ).fill(deff=f"{plan.deff_allocation:.3f}"),
    ]
    if math.isfinite(plan.stratified_margin):
        notes.append(
            Text(
                "With the spreads given the stratified mean has a margin of ±{margin}.",
                "按给定的各层标准差，分层均值的误差范围为 ±{margin}。",
            ).fill(margin=f"{plan.stratified_margin:.3f}")
        )
    return Table(
        columns,
        title=Text("Allocation to strata", "各层样本分配"),
        labels={
            "stratum": Text("Stratum", "层"),
            "population": Text("Population", "总体"),
            "cost": Text("Cost of an answer", "单份费用"),
            "margin": Text("Margin (± {unit})", "误差范围（±{unit}）").fill(unit=UNITS[plan.quantity]),
        },
        formats={"share": "share"},
        notes=notes,
    )
