"""Tables of a structural model: paths, loadings, effects, explained variance, parameters, tests of rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from csat.analyses.hypotheses import hypothesis_table
from csat.analyses.structural.estimation_words import estimation_notes
from csat.analyses.structural.fit_words import fit_table, guidelines_table
from csat.analyses.structural.resampled import bootstrap_effects_table, bootstrap_table
from csat.analyses.structural.residual_tables import modifications_table, moments_table, residuals_table
from csat.analyses.structural.validity_tables import fornell_larcker_table, htmt_table, validity_table
from csat.display.table import Table
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.structural.model import ParameterEstimate, StructuralModel, WaldTest


def tables_of(result: StructuralModel) -> dict[str, Table]:
    """`paths` (if any), `loadings`, `guidelines`, effects, validity, `fit`, `residuals`, `parameters`."""
    tables = {"paths": _paths(result)} if result.paths else {}
    tables["loadings"] = _loadings(result)
    tables["guidelines"] = guidelines_table(result.fit, result.guidelines, result.base.effective_n)
    if result.hypotheses:
        tables["hypotheses"] = hypothesis_table(
            result.hypotheses,
            titles=result.titles,
            estimate=Text("Standardised path", "标准化路径系数"),
        )
    if result.effects:
        tables["effects"] = _effects(result)
    if result.effects and result.bootstrap is not None:
        tables["bootstrap_effects"] = bootstrap_effects_table(
            result.effects, result.title_of, result.bootstrap
        )
    tables["r2"] = _r2(result)
    if result.ave:
        tables["validity"] = validity_table(result)
    if len(result.ave) > 1:
        tables["fornell_larcker"] = fornell_larcker_table(result)
    if len(result.htmt_constructs) > 1:
        tables["htmt"] = htmt_table(result)
    if result.wald:
        tables["wald"] = wald_table(result.wald)
    tables["fit"] = fit_table(result.fit)
    tables["residuals"] = residuals_table(result)
    if result.residual_z.size:
        tables["moments"] = moments_table(result)
    if result.modifications:
        tables["modifications"] = modifications_table(result)
    tables["parameters"] = _parameters(result)
    if result.bootstrap is not None:
        tables["bootstrap"] = bootstrap_table(result.parameters, result.bootstrap)
    return tables


def estimate_columns(rows: Sequence[ParameterEstimate]) -> dict[str, list[float]]:
    """Estimates of parameters with their errors, tests and intervals."""
    return {
        "estimate": [p.est for p in rows],
        "se": [p.se for p in rows],
        "z": [p.z for p in rows],
        "p": [p.p for p in rows],
        "ci_lower": [p.ci_lower for p in rows],
        "ci_upper": [p.ci_upper for p in rows],
    }


def _paths(result: StructuralModel) -> Table:
    rows = result.paths
    return Table(
        {
            "cause": [result.title_of(p.rhs) for p in rows],
            "effect": [result.title_of(p.lhs) for p in rows],
            "standardised": [p.std_all for p in rows],
            **estimate_columns(rows),
        },
        title=Text("Paths between constructs", "构念间路径"),
        notes=estimation_notes(result),
        formats={"p": "p"},
    )


def _loadings(result: StructuralModel) -> Table:
    rows = result.loadings
    wording = [result.titles.get(p.rhs) for p in rows]
    columns: dict[str, Sequence[object]] = {
        "construct": [result.title_of(p.lhs) for p in rows],
        "item": [p.rhs for p in rows],
    }
    if any(wording):
        columns["wording"] = [w or Text("") for w in wording]
    columns |= {
        "loading_standardised": [p.std_all for p in rows],
        "std_se": [p.std_all_se for p in rows],
        "estimate": [p.est for p in rows],
        "se": [p.se for p in rows],
        "z": [p.z for p in rows],
        "p": [p.p for p in rows],
        "r2": [result.r2.get(p.rhs, math.nan) for p in rows],
    }
    return Table(
        columns,
        title=Text("Loadings: how well each item measures its construct", "载荷：各题项对构念的测量"),
        notes=[] if result.paths else estimation_notes(result),
        labels={"std_se": Text("SE of the standardised loading", "标准化载荷的标准误")},
        formats={"p": "p"},
    )


def _effects(result: StructuralModel) -> Table:
    rows = result.effects
    return Table(
        {
            "cause": [result.title_of(e.cause) for e in rows],
            "effect": [result.title_of(e.effect) for e in rows],
            "direct": [e.direct for e in rows],
            "indirect": [e.indirect for e in rows],
            "indirect_se": [e.indirect_se for e in rows],
            "indirect_p": [e.indirect_p for e in rows],
            "total": [e.total for e in rows],
            "total_se": [e.total_se for e in rows],
            "total_p": [e.total_p for e in rows],
            "std_total": [e.std_total for e in rows],
        },
        title=Text("Direct, indirect and total effects", "直接、间接与总效应"),
        notes=[
            Text(
                "Standard errors of indirect and total effects by the delta method (Sobel).",
                "间接效应与总效应的标准误按 delta 法（Sobel）计算。",
            )
        ],
        labels={
            "indirect_se": Text("SE, indirect", "间接效应标准误"),
            "indirect_p": Text("p, indirect", "间接效应 p 值"),
            "total_se": Text("SE, total", "总效应标准误"),
            "total_p": Text("p, total", "总效应 p 值"),
            "std_total": Text("Total, standardised", "标准化总效应"),
        },
        formats={"indirect_p": "p", "total_p": "p"},
    )


def _r2(result: StructuralModel) -> Table:
    structural = {p.lhs for p in result.paths}
    names = [n for n in result.r2 if n in result.constructs or n in structural]
    names += [n for n in result.r2 if n not in names]
    return Table(
        {"name": [result.title_of(n) for n in names], "r2": [result.r2[n] for n in names]},
        title=Text("Explained variance", "已解释变异"),
    )


def wald_table(tests: Sequence[WaldTest]) -> Table:
    """Each rule with its test."""
    return Table(
        {
            "rule": [t.rule for t in tests],
            "chi_square": [t.chisq for t in tests],
            "df": [t.df for t in tests],
            "p": [t.p for t in tests],
        },
        title=Text("Do these rules hold? (Wald tests)", "下列约束是否成立？（Wald 检验）"),
        notes=[
            Text(
                "A small p speaks against the rule; the errors are those of the estimator.",
                "p 值小表示数据不支持该约束；所用标准误与估计方法一致。",
            )
        ],
        labels={"rule": Text("Rule", "约束")},
        formats={"p": "p"},
    )


def _parameters(result: StructuralModel) -> Table:
    rows = result.parameters
    return Table(
        {
            "left": [p.lhs for p in rows],
            "relation": [p.op for p in rows],
            "right": [p.rhs for p in rows],
            "label": [p.label for p in rows],
            **estimate_columns(rows),
            "std_lv": [p.std_lv for p in rows],
            "standardised": [p.std_all for p in rows],
        },
        title=Text("All parameters", "全部参数"),
        labels={"std_lv": Text("Constructs standardised", "构念标准化")},
        formats={"p": "p"},
    )
