"""Tables on what the constructs of a structural model measure: convergent and discriminant validity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from csat.analyses.guidelines import AVE_CONVERGENT, CR_ACCEPTABLE, HTMT_LIBERAL, HTMT_STRICT
from csat.analyses.structural.fit_words import MET, NOT_MET
from csat.display.table import Table
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.structural.model import StructuralModel


def validity_table(result: StructuralModel) -> Table:
    """AVE, composite reliability and omega of each construct, held against their guidelines."""
    names = list(result.ave)
    notes = [
        Text(
            f"AVE and composite reliability in their standardised forms; guidelines: AVE "
            f"{AVE_CONVERGENT}, composite reliability {CR_ACCEPTABLE}.",
            f"AVE 与组合信度均为标准化形式；参考标准：AVE {AVE_CONVERGENT}，组合信度 {CR_ACCEPTABLE}。",
        )
    ]
    return Table(
        {
            "construct": [result.title_of(c) for c in names],
            "n_items": [len(result.measured_by[c]) for c in names],
            "composite_reliability": [result.composite_reliability[c] for c in names],
            "reliable": [
                MET if CR_ACCEPTABLE.met(result.composite_reliability[c]) else NOT_MET for c in names
            ],
            "ave": [result.ave[c] for c in names],
            "convergent": [MET if AVE_CONVERGENT.met(result.ave[c]) else NOT_MET for c in names],
            "omega": [result.omega[c] for c in names],
            "ave_unstandardised": [result.ave_unstandardised[c] for c in names],
        },
        title=Text("Convergent validity", "收敛效度"),
        notes=notes,
        labels={
            "reliable": Text("Composite reliability", "组合信度判断"),
            "convergent": Text("Convergent", "收敛效度判断"),
            "ave_unstandardised": Text("AVE, unstandardised", "AVE（非标准化）"),
        },
    )


def fornell_larcker_table(result: StructuralModel) -> Table:
    """The root of each AVE beside the correlations with the other constructs."""
    names = list(result.ave)
    at = [result.constructs.index(c) for c in names]
    matrix = result.latent_correlations[np.ix_(at, at)].copy()
    np.fill_diagonal(matrix, np.sqrt([result.ave[c] for c in names]))
    columns = {
        f"c_{j + 1}": [matrix[i, j] if i >= j else math.nan for i in range(len(names))]
        for j in range(len(names))
    }
    labels = {f"c_{j + 1}": result.title_of(name) for j, name in enumerate(names)}
    columns["separate"] = [MET if result.separate.get(c, False) else NOT_MET for c in names]
    return Table(
        {"construct": [result.title_of(c) for c in names], **columns},
        title=Text("Discriminant validity (Fornell-Larcker)", "区分效度（Fornell-Larcker）"),
        notes=[
            Text(
                "Diagonal: square root of AVE; below it: correlations of the constructs. A construct "
                "passes when its diagonal is the largest of its row and column.",
                "对角线为 AVE 的平方根，其下为构念相关系数。对角线值大于所在行、列的其他值即为通过。",
            )
        ],
        labels={**labels, "separate": Text("Separate", "是否区分")},
    )


def htmt_table(result: StructuralModel) -> Table:
    """The arithmetic HTMT of each pair of constructs below the diagonal, the geometric HTMT2 above it."""
    names = result.htmt_constructs
    both = np.tril(result.htmt, -1) + np.triu(result.htmt2, 1)
    np.fill_diagonal(both, math.nan)
    columns = {f"c_{j + 1}": both[:, j].tolist() for j in range(len(names))}
    labels = {f"c_{j + 1}": result.title_of(name) for j, name in enumerate(names)}
    return Table(
        {"construct": [result.title_of(c) for c in names], **columns},
        title=Text("HTMT: are the constructs different?", "HTMT：各构念能否区分？"),
        notes=[
            Text(
                "Below the diagonal HTMT (arithmetic), above it HTMT2 (geometric, for items of unequal "
                "loadings); none where items of one construct correlate negatively.",
                "对角线以下为 HTMT（算术平均），以上为 HTMT2（几何平均，适用于载荷不等的题项）；同一构念的题"
                "项出现负相关时不给出。",
            ),
            Text(
                f"Guidelines: {HTMT_STRICT} (strict), {HTMT_LIBERAL} (liberal).",
                f"参考标准：{HTMT_STRICT}（严格），{HTMT_LIBERAL}（宽松）。",
            ),
        ],
        labels=labels,
    )
