"""Tables on where a structural model misses: residuals, and what the data ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from csat.display.table import Table
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.structural.model import StructuralModel

RESIDUALS_LISTED = 15


def residuals_table(result: StructuralModel) -> Table:
    """The largest residual correlations."""
    rows, columns = np.tril_indices(len(result.items), -1)
    values = result.residual_correlations[rows, columns]
    order = np.argsort(-np.abs(values), kind="stable")[:RESIDUALS_LISTED]
    return Table(
        {
            "item_a": [result.items[columns[i]] for i in order],
            "item_b": [result.items[rows[i]] for i in order],
            "residual": values[order],
        },
        title=Text("Where the model misses most", "模型偏离最大之处"),
        notes=[
            Text(
                "Residual correlations: positive, the two items share more than the model allows.",
                "残差相关：正值表示两个题项的关联多于模型所允许的。",
            )
        ],
    )


def moments_table(result: StructuralModel) -> Table:
    """Every pair of items: sample, model, residual."""
    columns, rows = np.triu_indices(len(result.items))
    # a variance the model reproduces by construction says nothing
    chosen = (rows != columns) | (np.abs(np.nan_to_num(result.residual_z[rows, columns])) > 0)
    rows, columns = rows[chosen], columns[chosen]
    notes = [
        Text(
            "Residuals as correlations. z: over its standard error; beyond 2 in size chance does not "
            "explain the pair. None where the model reproduces the pair by construction.",
            "残差以相关表示。z 为残差除以其标准误，绝对值超过 2 时难以用偶然解释；模型必然再现的题项对"
            "没有 z。",
        )
    ]
    if np.isnan(result.residual_z).all(axis=1).any():
        notes.append(
            Text(
                "z and normalised residuals are about what the covariates leave of the items.",
                "z 与归一化残差针对控制协变量之后的部分。",
            )
        )
    return Table(
        {
            "item_a": [result.items[i] for i in columns],
            "item_b": [result.items[i] for i in rows],
            "sample": result.sample_cov[rows, columns],
            "implied": result.implied_cov[rows, columns],
            "residual": result.residual_correlations[rows, columns],
            "residual_z": result.residual_z[rows, columns],
            "residual_normalised": result.residual_normalised[rows, columns],
        },
        title=Text("All pairs: what was seen, what the model implies", "全部题项对：样本值与模型隐含值"),
        notes=notes,
        labels={
            "sample": Text("Sample", "样本"),
            "implied": Text("Implied", "模型隐含"),
            "residual_z": Text("Residual, z", "残差 z"),
            "residual_normalised": Text("Normalised residual", "归一化残差"),
        },
    )


def modifications_table(result: StructuralModel) -> Table:
    """Each parameter the model does not have, with what freeing it would do."""
    rows = result.modifications
    return Table(
        {
            "left": [m.lhs for m in rows],
            "relation": [m.op for m in rows],
            "right": [m.rhs for m in rows],
            "mi": [m.mi for m in rows],
            "epc": [m.epc for m in rows],
            "epc_std": [m.epc_std for m in rows],
        },
        title=Text("What the data ask for (modification indices)", "修正指数"),
        notes=[
            Text(
                "Each alone: how far chi-square would fall and what the parameter would be. Free one "
                "only where theory speaks for it.",
                "逐一计算：若释放该参数，卡方值将下降多少、参数将为多少。只有理论支持时才应释放。",
            )
        ],
        labels={
            "mi": Text("Modification index", "修正指数"),
            "epc": Text("Expected change", "期望参数改变"),
            "epc_std": Text("Expected change, standardised", "标准化期望改变"),
        },
    )
