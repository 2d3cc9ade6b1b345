"""The tables of an index: by its names, of its parts, of constructs, items and segments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.interval_words import interval_words
from csat.display.table import Table
from csat.language import Text
from csat.responses.points import CONVENTIONS

if TYPE_CHECKING:
    from csat.analyses.index_result import Index, Scores

Array = NDArray[np.float64]

ROLES: dict[str, Text] = {
    "driver": Text("driver", "驱动因素"),
    "outcome": Text("outcome", "结果"),
    "loyalty": Text("loyalty", "忠诚"),
    "descriptive": Text("descriptive", "描述"),
}
SCHEMES: Mapping[str, Text] = {
    "path": Text("path", "路径加权"),
    "factor": Text("factor", "因子加权"),
    "centroid": Text("centroid", "重心加权"),
}
LINEARISED_ABOVE = 20_000
"""Respondents above which the interval is linearised: the two then agree to the digits shown."""
SMALL_SEGMENT = 30
"""Respondents below which a segment is flagged (METHODS 20)."""
HIDDEN_SEGMENT = 5
"""Respondents below which a segment is not shown: single answers could be guessed (ours)."""


def tables_of(r: Index) -> dict[str, Table]:
    """`index`, `constructs`, `segments` when there are any, `items`, `weights` when they differ."""
    tables = {"index": _index_table(r), "constructs": _constructs_table(r)}
    if r.segments.names:
        tables["segments"] = _segments_table(r)
    if r.differences.columns:
        tables["differences"] = _differences_table(r)
    tables["items"] = _items_table(r)
    if len(r.parts) > 1:
        tables["weights"] = _weights_table(r)
    return tables


def _interval_note(r: Index) -> Text:
    level = f"{100 * r.confidence:g}%"
    if not r.replicates:
        return Text(
            f"{level} intervals by linearisation, with replacement: more than {LINEARISED_ABOVE} "
            "respondents make resampling needless.",
            f"{level} 区间采用线性化方法（有放回）：受访者超过 {LINEARISED_ABOVE} 人，无需重抽样。",
        )
    return interval_words(
        r.interval, r.confidence, replicates=r.replicates, seed=r.seed, units=r.clusters, strata=r.strata
    )


def _scored(r: Index, scores: Scores) -> dict[str, Any]:
    columns: dict[str, Any] = {"n": scores.n}
    if r.base.weighted:
        columns["effective_n"] = scores.effective_n
    return columns | {"score": scores.score, "ci_lower": scores.ci_lower, "ci_upper": scores.ci_upper}


def _table(
    r: Index,
    columns: dict[str, Any],
    title: Text,
    *notes: Text,
    exact: Sequence[str] = (),
    **labels: Text,
) -> Table:
    """`exact` : columns shown with three decimals, for comparison with other programs."""
    points = ("score", "se", "ci_lower", "ci_upper", "effective_n", "rest", "difference", "detectable")
    shares = ("top2", "bottom2", "weight")
    return Table(
        columns,
        title=title.fill(called=r.called(), convention=CONVENTIONS[r.conventions[0]]),
        notes=notes,
        labels=_interval_labels(r.confidence) | labels,
        formats={c: "score" for c in points if c in columns and c not in exact}
        | {c: "share" for c in shares if c in columns}
        | {c: "p" for c in ("p", "p_adjusted") if c in columns},
    )


def _index_table(r: Index) -> Table:
    both = len(r.conventions)
    extra = [r.called(method="equal")] if math.isfinite(r.equal_score) else []

    def column(values: Array, equal: float) -> list[float]:
        return [*(float(v) for v in values), *([equal] if extra else [])]

    columns: dict[str, Any] = {
        "index": [*(r.called(i) for i in range(both)), *extra],
        "score": column(r.score, r.equal_score),
        "ci_lower": column(r.ci_lower, r.equal_ci_lower),
        "ci_upper": column(r.ci_upper, r.equal_ci_upper),
        "se": column(r.se, r.equal_se),
    }
    labels = {}
    if r.method != "equal":
        columns["se_fixed"] = column(r.se_fixed, r.equal_se)
        labels["se_fixed"] = Text("SE, weights fixed", "标准误（权重固定）")
    columns |= {"n": r.base.respondents, "effective_n": r.base.effective_n}
    return _table(
        r,
        columns,
        Text("The index, by its two conventions", "指数（两种计算口径）")
        if not extra
        else Text("The index, by name", "指数（按名称）"),
        _interval_note(r),
        *_recipe(r),
        exact=("score", "ci_lower", "ci_upper", "se", "se_fixed"),
        **labels,
    )


def _constructs_table(r: Index) -> Table:
    c = r.constructs
    return _table(
        r,
        {
            "construct": c.titles,
            "role": [ROLES[k] for k in c.kinds],
            **_scored(r, c),
            "bottom2": c.bottom2,
        },
        Text("Scores of the constructs ({convention})", "各构念得分（{convention}）"),
        Text(
            "A respondent's score is the mean of the answered items, at least half of them.",
            "受访者得分为其所答题项的等权均值（至少回答一半题项）。",
        ),
    )


def _segments_table(r: Index) -> Table:
    s = r.segments
    whole = Text("All segments use the weights of the whole.", "各群体均使用全体样本的权重。")
    return _table(
        r,
        {
            "segment": [r.segment_titles[k] for k in s.kinds],
            "group": s.titles,
            **_scored(r, s),
            "reason": [_segment_note(int(n)) for n in s.n],
        },
        Text("{called} by segment", "分群体：{called}"),
        Text("Overlapping intervals are no test of a difference.", "区间是否重叠并不等于差异检验。"),
        *([whole] if len(r.parts) > 1 else []),
        reason=Text("Note", "说明"),
    )


def _differences_table(r: Index) -> Table:
    d = r.differences
    return _table(
        r,
        {
            "segment": [r.segment_titles[c] for c in d.columns],
            "group": d.groups,
            "against": d.others,
            "n": d.n,
            "score": d.score,
            "rest": d.rest,
            "difference": d.difference,
            "ci_lower": d.ci_lower,
            "ci_upper": d.ci_upper,
            "p": d.p,
            "p_adjusted": d.p_adjusted,
            "detectable": d.detectable,
        },
        Text("Differences between segments: {called}", "群体间差异：{called}"),
        Text(
            "Normal test of the difference; Holm's p holds for all groups of a segment together. Groups "
            "below {small} respondents are not tested. Smallest detectable: the true difference a sample "
            "of this size finds four times in five.",
            "差异的正态检验；Holm p 值适用于同一分群的全部比较。不足 {small} 人的群体不做检验。"
            "最小可检出差异：此样本量有五分之四机会发现的真实差异。",
        ).fill(small=SMALL_SEGMENT),
        against=Text("Against", "对照"),
        rest=Text("Score of these", "对照得分"),
        p_adjusted=Text("p, Holm", "p（Holm）"),
        detectable=Text("Smallest detectable", "最小可检出差异"),
    )


def _items_table(r: Index) -> Table:
    s = r.items
    return _table(
        r,
        {"item": s.names, "wording": s.titles, **_scored(r, s), "top2": s.top2, "bottom2": s.bottom2},
        Text("Scores of the items ({convention})", "各题项得分（{convention}）"),
    )


def _weights_table(r: Index) -> Table:
    columns: dict[str, Any] = {
        "name": r.part_titles,
        "score": r.part_scores,
        "weight": r.weights,
    }
    if np.isfinite(r.importance).any():
        columns["importance"] = r.importance
    return _table(r, columns, Text("What the index is made of", "指数的构成"), *_recipe(r))


def _recipe(r: Index) -> list[Text]:
    if len(r.parts) == 1:
        return []
    how = {
        "stated": Text(
            "a weight is the mean stated importance over the sum of all",
            "权重为陈述重要性均值占总和的比例",
        ),
        "derived": Text(
            "the weights were derived from the answers elsewhere and count as known here",
            "权重由其他分析推导而来，在此视为已知",
        ),
        "pls": Text(
            "PLS weights of the path model ({scheme} scheme) over the items' standard deviations, so "
            "that they apply to answers and not to z-scores",
            "权重为路径模型（{scheme}方案）的 PLS 权重除以题项标准差，即非标准化权重，直接用于原始回答",
        ).fill(scheme=SCHEMES.get(r.scheme, Text(r.scheme))),
    }[r.method]
    said = [
        Text(
            "Index = sum of weight x score over {k} parts; {how}.",
            "指数 = {k} 个组成部分的“权重 × 得分”之和；{how}。",
        ).fill(k=len(r.parts), how=how)
    ]
    if r.method in ("stated", "pls"):
        said.append(
            Text(
                "The interval finds the weights anew in each replicate; the last standard error takes "
                "them as known.",
                "区间在每次重抽样中重新估计权重；“权重固定”一列将权重视为已知。",
            )
            if r.weights_in_interval == "re-estimated"
            else Text(
                "Weights fixed: the interval takes the weights as known.",
                "权重固定：区间将权重视为已知。",
            )
        )
    if r.arrows:
        effects = dict.fromkeys(b for _, b in r.arrows)
        arrows = "; ".join(f"{b} ~ {' + '.join(a for a, e in r.arrows if e == b)}" for b in effects)
        said.append(Text("Model: {arrows}.", "模型：{arrows}。").fill(arrows=arrows))
    return said


def _segment_note(n: int) -> Text:
    if n < HIDDEN_SEGMENT:
        return Text(
            f"fewer than {HIDDEN_SEGMENT} respondents: not shown", f"不足 {HIDDEN_SEGMENT} 人，不显示"
        )
    if n < SMALL_SEGMENT:
        return Text(f"fewer than {SMALL_SEGMENT} respondents", f"不足 {SMALL_SEGMENT} 人")
    return Text("")


def _interval_labels(confidence: float) -> dict[str, Text]:
    if confidence == 0.95:
        return {}
    level = f"{100 * confidence:g}%"
    return {
        "ci_lower": Text(f"{level} CI, lower", f"{level} 置信下限"),
        "ci_upper": Text(f"{level} CI, upper", f"{level} 置信上限"),
    }
