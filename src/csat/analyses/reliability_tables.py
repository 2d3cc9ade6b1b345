"""Tables of reliability: the figures of each construct, and its items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from csat.analyses.guidelines import ALPHA_ACCEPTABLE, ALPHA_GROUPS, ALPHA_PERSONS, ALPHA_TWO_ITEMS
from csat.analyses.wording import wording_column
from csat.display.table import Table
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.reliability_result import Reliability

ONE_ITEM = Text("one item", "单题")
NO_FIGURE = Text("not computable", "无法计算")


def tables_of(result: Reliability) -> dict[str, Table]:
    """`constructs`, `items`."""
    return {"constructs": _constructs(result), "items": _items(result)}


def _constructs(result: Reliability) -> Table:
    columns: dict[str, object] = {
        "construct": [result.title_of(c) for c in result.constructs],
        "n_items": result.n_items,
        "n": result.n,
    }
    if result.base.weighted:
        columns["effective_n"] = result.effective_n
    columns |= {
        "alpha": result.alpha,
        "ci_lower": result.alpha_lower,
        "ci_upper": result.alpha_upper,
        "alpha_standardised": result.alpha_standardised,
    }
    if not np.isnan(result.alpha_ordinal).all():
        columns["alpha_ordinal"] = result.alpha_ordinal
    columns |= {
        "omega": result.omega,
        "lambda2": result.lambda2,
        "lambda6": result.lambda6,
        "mean_r": result.mean_r,
        "verdict": [_verdict(a, int(k)) for a, k in zip(result.alpha, result.n_items, strict=True)],
    }
    level = f"{100 * result.confidence:g}%"
    return Table(
        columns,
        title=Text("Reliability of each construct", "各构念信度"),
        notes=[
            Text(
                "Guideline: alpha {floor}, {source}. Intervals: {level}, by the method of "
                "{method}. Omega: "
                "total, one factor (ML), variance of the model. For two items the standardised alpha is "
                "the Spearman-Brown coefficient.",
                "参考标准：α {floor}，{source}。置信区间：{level}，{method} 法。"
                "ω：单因子总系数（极大似然，模型方差）。两个题项时，标准化 α 即 Spearman-Brown 系数。",
            ).fill(
                floor=ALPHA_ACCEPTABLE, source=ALPHA_ACCEPTABLE.source, level=level, method=result.interval
            )
        ],
        labels={
            "mean_r": Text("Mean correlation", "平均相关"),
            "ci_lower": Text(f"Alpha, {level} lower", f"α 的 {level} 下限"),
            "ci_upper": Text(f"Alpha, {level} upper", f"α 的 {level} 上限"),
        },
        formats={"effective_n": "score"} if result.base.weighted else {},
    )


def _items(result: Reliability) -> Table:
    return Table(
        {
            "construct": [result.title_of(c) for c in result.item_construct],
            "item": result.items,
            **wording_column(result.items, [result.title_of(i) for i in result.items]),
            "mean": result.item_mean,
            "sd": result.item_sd,
            "item_rest": result.item_rest,
            "alpha_if_dropped": result.alpha_if_dropped,
            "loading_standardised": result.loading,
        },
        title=Text("Items within their construct", "题项与所属构念"),
    )


def _verdict(alpha: float, k: int) -> Text:
    if np.isnan(alpha):
        return NO_FIGURE if k > 1 else ONE_ITEM
    if alpha < 0:
        return Text("items contradict each other", "题项相互矛盾")
    if ALPHA_PERSONS.met(alpha):
        return Text("very high", "很高")
    if ALPHA_GROUPS.met(alpha):
        return Text("good", "良好")
    if ALPHA_ACCEPTABLE.met(alpha):
        return Text("acceptable", "可接受")
    if k == 2 and ALPHA_TWO_ITEMS.met(alpha):
        return Text("low, usual for two items", "偏低，两题构念常见")
    return Text("low", "偏低")
