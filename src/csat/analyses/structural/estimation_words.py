"""How a structural model was estimated, in words: the notes under its first table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from csat.display.style import formatted
from csat.instrument.statements import THRESHOLD
from csat.language import Text, joined

if TYPE_CHECKING:
    from csat.analyses.structural.model import StructuralModel

METHOD_WORDS: Mapping[str, Text] = {
    "ML": Text("errors from the expected information", "标准误基于期望信息矩阵"),
    "MLM": Text("robust errors (Satorra-Bentler)", "稳健标准误（Satorra-Bentler）"),
    "MLMV": Text("robust errors, scaled and shifted test", "稳健标准误，检验经均值方差校正"),
    "MLMVS": Text("robust errors, mean and variance adjusted test", "稳健标准误，检验经均值方差校正"),
    "MLR": Text(
        "robust errors (Huber-White), Yuan-Bentler test", "稳健标准误（Huber-White），Yuan-Bentler 检验"
    ),
    "WLSMV": Text(
        "diagonal weights, robust errors, scaled and shifted test", "对角加权，稳健标准误，均值方差校正检验"
    ),
    "ULSMV": Text(
        "no weights, robust errors, scaled and shifted test", "不加权，稳健标准误，均值方差校正检验"
    ),
    **dict.fromkeys(
        ("WLSM", "WLSMVS"),
        Text("diagonal weights, robust errors, scaled test", "对角加权，稳健标准误，校正检验"),
    ),
    **dict.fromkeys(
        ("ULSM", "ULSMVS"),
        Text("no weights, robust errors, scaled test", "不加权，稳健标准误，校正检验"),
    ),
    "DWLS": Text("diagonal weights", "对角加权最小二乘"),
    "WLS": Text("weights free of a distribution", "渐近分布自由加权最小二乘"),
    "GLS": Text("generalised least squares", "广义最小二乘"),
    "ULS": Text("unweighted least squares", "未加权最小二乘"),
}
"""How errors and tests come about, by estimator."""


LIKELIHOOD_WORDS: Mapping[str, Text] = {
    "normal": Text(", normal likelihood", "（正态似然）"),
    "wishart": Text(", Wishart likelihood", "（Wishart 似然）"),
}
ORDERED_ITEMS = Text(
    "Ordered categories, with thresholds and polychoric correlations: {names}.",
    "按有序类别处理（阈值与多分格相关）：{names}。",
)


def estimation_notes(result: StructuralModel) -> list[Text]:
    """Estimator, likelihood, errors; why it was chosen; rules held; the scaled test where there is one."""
    way = METHOD_WORDS.get(result.estimator, METHOD_WORDS["ML"])
    if result.base.missing == "fiml" and result.estimator == "ML":
        way = Text("full information, errors from the observed information", "全信息，标准误基于观测信息矩阵")
    likely = LIKELIHOOD_WORDS[result.likelihood] if result.estimator.startswith("ML") else Text("", "")
    notes = [
        Text(
            "{estimator}{likely}; {way}; a loading with standard error 0 is fixed to set the scale of its "
            "construct.",
            "估计方法 {estimator}{likely}，{way}；标准误为 0 的载荷是为设定构念的量尺而固定的。",
        ).fill(estimator=result.estimator, likely=likely, way=way)
    ]
    ordered = list(dict.fromkeys(p.lhs for p in result.parameters if p.op == THRESHOLD))
    if ordered:
        every = len(ordered) == len(result.items)
        names = Text("all items", "全部题项") if every else joined([Text(n) for n in ordered])
        notes.append(ORDERED_ITEMS.fill(names=names))
    if result.choice is not None:
        notes.insert(0, result.choice)
    if result.rules:
        held = "; ".join(result.rules)
        notes.append(Text(f"Held among the parameters: {held}.", f"参数间所设规则：{held}。"))
    if "chisq_scaled" in result.fit:
        f = result.fit
        notes.append(
            Text(
                f"The scaled test is the one to report: chi2({f['df_scaled']:.4g}) = "
                f"{f['chisq_scaled']:.2f}, p {formatted(f['pvalue_scaled'], 'p')}.",
                f"应报告经校正的检验：chi2({f['df_scaled']:.4g}) = {f['chisq_scaled']:.2f}，p "
                f"{formatted(f['pvalue_scaled'], 'p')}。",
            )
        )
    return notes
