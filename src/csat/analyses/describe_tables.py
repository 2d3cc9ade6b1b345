"""Tables of the answers: figures of each item, boxes, frequencies, silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from csat.analyses.choices import choices_table
from csat.analyses.describe_scales import BOXES, category_label
from csat.analyses.wording import wording_column
from csat.display.table import Table
from csat.language import Text
from csat.numerics import descriptives as de

if TYPE_CHECKING:
    from csat.analyses.describe_result import Description

SHAPE_WORDS_ZH: dict[int, str] = {
    1: "类型 1（g1、g2）",
    2: "类型 2（G1、G2，与 SPSS 相同）",
    3: "类型 3（b1、b2）",
}


def tables_of(result: Description) -> dict[str, Table]:
    """`items`, `boxes`, `frequencies`, `silence`, `choices` (questions with several answers)."""
    tables = {"items": _items(result)}
    if any(c.size for c in result.categories):
        tables["boxes"] = _boxes(result)
        tables["frequencies"] = _frequencies(result)
    tables["silence"] = _silence(result)
    if result.choices:
        tables["choices"] = choices_table(result.choices, result.base.weighted)
    return tables


def _items(result: Description) -> Table:
    columns: dict[str, Any] = {"item": result.items, **_wording(result), "n_answered": result.n_answered}
    if result.base.weighted or result.strata:
        columns["effective_n"] = result.effective_n
        columns["deff"] = result.deff
    names = ("mean", "ci_lower", "ci_upper", "sd", "median", "skewness", "kurtosis", "score")
    columns |= {name: getattr(result, name) for name in names}
    return Table(
        columns,
        title=Text("Items", "各题项"),
        notes=_notes(result),
        labels={
            **_interval_labels(result.confidence),
            "score": Text("Mean, 0-100", "均值（0–100）"),
            "deff": Text("Design effect", "设计效应"),
        },
        formats={"score": "score", "effective_n": "score", "median": "score"}
        if "effective_n" in columns
        else {"score": "score", "median": "score"},
    )


def _notes(result: Description) -> list[Text]:
    notes = [Text(f"Skewness and kurtosis: {de.SHAPE_NAMES[result.shape_type]}.",
                  f"偏度与峰度：{SHAPE_WORDS_ZH[result.shape_type]}。")]  # fmt: skip
    if result.strata:
        notes.append(
            Text(
                f"Standard errors and effective n rest on the design: {result.clusters} sampling units in "
                f"{result.strata} strata (linearisation); shares by Wilson at the effective n.",
                f"标准误与有效样本量按抽样设计计算：{result.strata} 层共 {result.clusters} 个抽样单元"
                "（线性化）；比例区间按有效样本量用 Wilson 法。",
            )
        )
    elif result.base.weighted:
        notes.append(
            Text(
                "Means, shares and the median are weighted; standard errors are design-based "
                "(linearisation, with replacement); intervals of shares rest on the effective n.",
                "均值、比例和中位数均已加权；标准误按抽样设计计算（线性化、有放回）；"
                "比例的区间以有效样本量为准。",
            )
        )
    if result.turned:
        notes.append(
            Text(
                f"Turned so that higher is better: {', '.join(result.turned)}.",
                f"已反向计分（分数越高越好）：{'、'.join(result.turned)}。",
            )
        )
    return notes


def _boxes(result: Description) -> Table:
    columns: dict[str, Any] = {"item": result.items, **_wording(result)}
    names = (
        *("floor", "bottom2", "bottom2_lower", "bottom2_upper"),
        *("top2", "top2_lower", "top2_upper", "ceiling"),
    )
    columns |= {name: getattr(result, name) for name in names}
    per_cent = f"{100 * result.confidence:g}%"
    return Table(
        columns,
        title=Text("Top and bottom boxes", "高分与低分占比"),
        notes=[
            Text(
                f"Shares of the {BOXES} highest and the {BOXES} lowest answers, with {per_cent} "
                f"intervals by the method of {result.share_method}.",
                f"最高 {BOXES} 项与最低 {BOXES} 项回答所占比例，{per_cent} 区间采用 "
                f"{result.share_method} 法。",
            )
        ],
        formats=dict.fromkeys(names, "share"),
    )


def _frequencies(result: Description) -> Table:
    columns: dict[str, list[Any]] = {
        name: [] for name in ("item", "category", "label", "count", "share", "cumulative_share")
    }
    for i, (item, values) in enumerate(zip(result.items, result.categories, strict=True)):
        scale = result.scales[i]
        columns["item"] += [item] * values.size
        columns["category"] += [int(v) for v in values]
        columns["label"] += [category_label(scale, int(v), item in result.turned) for v in values]
        columns["count"] += result.counts[i].tolist()
        columns["share"] += result.shares[i].tolist()
        columns["cumulative_share"] += np.cumsum(result.shares[i]).tolist()
    if not any(columns["label"]):
        del columns["label"]
    notes = (
        [Text("Counts are rows; shares are weighted.", "频数为未加权的答卷数；比例为加权结果。")]
        if result.base.weighted
        else []
    )
    return Table(
        columns,
        title=Text("Frequencies", "频数分布"),
        notes=notes,
        formats={"share": "share", "cumulative_share": "share"},
    )


def _silence(result: Description) -> Table:
    total = result.n_answered + sum(result.silence.values())
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 1 - result.n_answered / total
    return Table(
        {
            "item": result.items,
            "n_answered": result.n_answered,
            **{reason.lower(): n for reason, n in result.silence.items()},
            "share_missing": share,
        },
        title=Text("Silence by reason", "未作答情况（按原因）"),
        formats={"share_missing": "share"},
    )


def _wording(result: Description) -> dict[str, Sequence[Text]]:
    return wording_column(result.items, [result.title_of(i) for i in range(len(result.items))])


def _interval_labels(confidence: float) -> dict[str, Text]:
    if confidence == 0.95:
        return {}
    c = f"{100 * confidence:g}%"
    return {
        "ci_lower": Text(f"{c} CI, lower", f"{c} 置信下限"),
        "ci_upper": Text(f"{c} CI, upper", f"{c} 置信上限"),
    }
