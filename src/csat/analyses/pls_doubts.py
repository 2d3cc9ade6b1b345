"""The doubts about a PLS model, and whether its numbers may be used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import (
    AVE_CONVERGENT,
    CR_ACCEPTABLE,
    EFFECTIVE_N_SMALL,
    HTMT_LIBERAL,
    LOADING_EFA,
    VIF_HIGH,
)
from csat.analyses.pls_data import ModelData, Policy
from csat.analyses.pls_design import Design
from csat.analyses.pls_figures import Figures
from csat.analyses.result import SOUND, Caution, Verdict
from csat.language import Text, joined
from csat.numerics.pls import PathStructure, PlsFit
from csat.numerics.pls_assessment import Structural, construct_reliability
from csat.numerics.pls_bootstrap import PlsReplicates, TooManyLost
from csat.numerics.resampling import MOST_LOST

Array = NDArray[np.float64]

MOST_ARROWS = 10
"""Respondents for each cause of a construct, or item of a mode B construct: the rule of ten times (Barclay,
Higgins & Thompson 1995)."""
ROUNDING = 1e-8
"""Eigenvalues this far below zero are zero."""
R2_JUMP = 0.25
"""Rise of R2 by the correction above which it is doubtful (METHODS 10)."""


def cautions_of(
    design: Design,
    data: ModelData,
    fit: PlsFit,
    plain: PlsFit,
    figures: Figures,
    inner: Structural,
    vif: Array,
    drawn: PlsReplicates | None,
    titles: Mapping[str, Text],
    missing: Policy,
) -> list[Caution]:
    found: list[Caution] = []

    def told(code: str, names: Sequence[str], text: Text, **values: object) -> None:
        if names:
            # an item by its id, as tables and charts call it; a construct by its title
            words = joined([titles[n] if n in design.constructs else Text(n) for n in dict.fromkeys(names)])
            found.append(Caution(code, text.fill(names=words, **values), tuple(dict.fromkeys(names))))

    structure = fit.structure
    places = [design.items[i] for i in structure.places]
    # items of mode B make the construct up: they need not agree, so nothing is asked of their reliability
    reflective = np.array(
        [len(b) > 1 and m == "A" for b, m in zip(structure.blocks, design.modes, strict=True)]
    )
    reliability = construct_reliability(data.association, fit)

    def constructs(which: NDArray[np.bool_]) -> list[str]:
        return [c for c, w in zip(design.constructs, which, strict=True) if w]

    told(
        "negative_weight",
        [p for p, w in zip(places, figures.index.weights, strict=True) if w <= 0],
        Text(
            "Weight zero or negative: {names}. A better answer would lower the index, so the index of the "
            "construct is withheld. {advice}",
            "权重为零或负：{names}。回答越好指数反而越低，因此不报告其构念的指数。{advice}",
        ),
        advice=_advice(design, structure, figures),
    )
    told(
        "no_scale",
        [
            item
            for item, low in zip(design.items, data.low, strict=True)
            if math.isnan(low) and item not in design.products
        ],
        Text(
            "No declared scale, so the construct has no index from 0 to 100: {names}.",
            "没有声明量表，因此其构念没有 0–100 指数：{names}。",
        ),
    )
    told(
        "low_loading",
        [
            p
            for p, v, c in zip(places, fit.loadings, structure.owner, strict=True)
            if design.modes[c] == "A" and abs(v) < LOADING_EFA.value
        ],
        Text(
            "Loading below {cut} on the own construct, so something else is measured: {names}.",
            "在所属构念上的载荷低于 {cut}，说明测的是别的内容：{names}。",
        ),
        cut=f"{LOADING_EFA.value:.2f}",
    )
    told(
        "low_reliability",
        constructs(reflective & ~(reliability.rho_c >= CR_ACCEPTABLE.value)),
        Text("Composite reliability below {cut}: {names}.", "组合信度低于 {cut}：{names}。"),
        cut=f"{CR_ACCEPTABLE.value:.2f}",
    )
    told(
        "low_ave",
        constructs(reflective & ~(reliability.ave >= AVE_CONVERGENT.value)),
        Text(
            "AVE below {cut}, less than half of the items' variance explained: {names}.",
            "AVE 低于 {cut}，解释的题项方差不到一半：{names}。",
        ),
        cut=f"{AVE_CONVERGENT.value:.2f}",
    )
    alike = _alike(figures, reflective)
    if alike:
        between = [(titles[design.constructs[j]], titles[design.constructs[i]]) for i, j in alike]
        pairs = [Text("{a} – {b}", "{a}—{b}").fill(a=a, b=b) for a, b in between]
        found.append(
            Caution(
                "not_distinct",
                Text(
                    "Not shown to be different constructs (HTMT, upper end of the one-sided interval, not "
                    "below {cut}): {pairs}.",
                    "未能证明是不同的构念（HTMT 单侧区间上限不低于 {cut}）：{pairs}。",
                ).fill(cut=f"{HTMT_LIBERAL.value:.2f}", pairs=joined(pairs)),
                tuple(dict.fromkeys(design.constructs[k] for pair in alike for k in pair)),
            )
        )
    made_up = [
        c
        for k, c in enumerate(design.constructs)
        if design.modes[k] == "B"
        and structure.parents(k)
        and set(structure.blocks[k]) <= {i for a in structure.parents(k) for i in structure.blocks[a]}
        and any(not set(structure.blocks[a]) <= set(structure.blocks[k]) for a in structure.parents(k))
    ]
    told(
        "made_up",
        made_up,
        Text(
            "Made up of its parts, which explain it wholly, so that other paths to it vanish: {names}. Read "
            "the total effects through the parts, or use the two-stage approach.",
            "该构念由其组成部分完全决定，其他指向它的路径因而消失：{names}。"
            "请改看经由各部分的总效应，或采用两阶段法。",
        ),
    )
    high = [(i, j) for i, j in structure.paths if not VIF_HIGH.met(float(inner.vif[i, j]))]
    told(
        "collinear",
        [design.constructs[i] for i, _ in high],
        Text(
            "VIF above {cut}, so that separate paths are unsure: {names}.",
            "VIF 高于 {cut}，各自的路径不可靠：{names}。",
        ),
        cut=f"{VIF_HIGH.value:g}",
    )
    told(
        "collinear_items",
        [
            p
            for p, v, c in zip(places, vif, structure.owner, strict=True)
            if design.modes[c] == "B" and not VIF_HIGH.met(float(v))
        ],
        Text(
            "VIF above {cut} in a mode B construct, so that separate weights are unsure: {names}.",
            "模式 B 构念内 VIF 高于 {cut}，各自的权重不可靠：{names}。",
        ),
        cut=f"{VIF_HIGH.value:g}",
    )
    if fit.consistent:
        with np.errstate(invalid="ignore"):
            jumped = fit.r2 - plain.r2 > R2_JUMP
        told(
            "r2_jump",
            constructs(jumped),
            Text(
                "R² rises by more than {cut} through the correction, as causes are measured poorly or are "
                "too much alike: {names}.",
                "校正使 R² 上升超过 {cut}，前因测量过差或彼此过于相似：{names}。",
            ),
            cut=f"{R2_JUMP:.2f}",
        )
    told(
        "repeated_items",
        [p for p, v in zip(places, vif, strict=True) if np.isinf(v)],
        Text(
            "Each of these is a combination of other items of its construct, such as a copy or a sum, and so "
            "counts more than once: {names}.",
            "以下题项是同一构念其他题项的组合（如重复题或合计），因而被重复计算：{names}。",
        ),
    )
    needed = MOST_ARROWS * max(
        (len(structure.blocks[k]) if m == "B" else len(structure.parents(k)))
        for k, m in enumerate(design.modes)
    )
    if EFFECTIVE_N_SMALL.met(data.n) and data.n < needed:
        found.append(
            Caution(
                "few_for_model",
                Text(
                    "{n} respondents (effective) for a regression on {k} causes or items at once; ten for "
                    "each, {needed}, is a rule of thumb.",
                    "有效样本量为 {n}，而某一回归同时含 {k} 个前因或题项；经验法则是每个至少 10 人，"
                    "即 {needed} 人。",
                ).fill(n=f"{data.n:.0f}", k=needed // MOST_ARROWS, needed=needed),
            )
        )
    smallest = float(np.linalg.eigvalsh(data.association)[0])
    if smallest < -ROUNDING:
        found.append(
            Caution(
                "indefinite",
                Text(
                    "The item correlations contradict each other a little (smallest eigenvalue {v}), as "
                    "pairwise and polychoric ones may; mode B, VIF and d_G suffer most.",
                    "题项相关矩阵略有矛盾（最小特征值 {v}），成对剔除与多分格相关可能出现这种情况；"
                    "模式 B、VIF 和 d_G 受影响最大。",
                ).fill(v=f"{smallest:.3f}"),
            )
        )
    if missing == "mean" and data.responses is not None and np.isnan(data.answers).any():
        share = float(np.isnan(data.answers).mean())
        found.append(
            Caution(
                "mean_replacement",
                Text(
                    "{share} of the cells were filled with the item's mean, also where the question did not "
                    "apply: correlations are too weak and errors too small.",
                    "{share} 的单元格以题项均值填补（包括不适用的情形）：相关会偏弱，误差会偏小。",
                ).fill(share=f"{share:.1%}"),
            )
        )
    if missing == "em" and np.isnan(data.answers).any():
        found.append(
            Caution(
                "em",
                Text(
                    "EM moments take silence as random given the other answers; a question that did not "
                    "apply has no hidden answer.",
                    "EM 估计假定缺失在给定其他回答时是随机的；不适用的题目并没有隐藏的答案。",
                ),
            )
        )
    if not EFFECTIVE_N_SMALL.met(data.n):
        found.append(
            Caution(
                "few_respondents",
                Text(
                    "Only {n} respondents (effective) stand behind the correlations.",
                    "相关系数背后的有效样本量只有 {n}。",
                ).fill(n=f"{data.n:.0f}"),
            )
        )
    if design.ignored:
        found.append(
            Caution(
                "ignored",
                Text(
                    "PLS has no place for these statements of the model, they were left out: {what}.",
                    "PLS 不含模型中的以下语句，已忽略：{what}。",
                ).fill(what="; ".join(design.ignored)),
            )
        )
    if drawn is not None and drawn.lost:
        blame = [design.items[i] for i in np.flatnonzero(drawn.constant)]
        found.append(
            Caution(
                "lost_replicates",
                Text(
                    "{k} of {n} bootstrap replicates gave no solution and were left out{why}.",
                    "{n} 次自助抽样中有 {k} 次无解，已剔除{why}。",
                ).fill(
                    k=drawn.lost,
                    n=drawn.asked,
                    why=Text(" (no variance in {i})", "（{i} 没有变异）").fill(
                        i=joined([Text(b) for b in blame])
                    )
                    if blame
                    else Text("", ""),
                ),
                tuple(blame),
            )
        )
    return found


def _advice(design: Design, structure: PathStructure, figures: Figures) -> Text:
    """What to do about weights that are not positive."""
    owners = {structure.owner[k] for k, w in enumerate(figures.index.weights) if w <= 0}
    if any(design.modes[k] == "B" for k in owners):
        return Text(
            "The item contradicts the others or repeats them; leave it out, or use mode A.",
            "该题项与其他题项矛盾或重复，请剔除或改用模式 A。",
        )
    return Text(
        "The item contradicts the others: turn it round in the instrument if its scale runs the other way, "
        "or leave it out.",
        "该题项与其他题项方向相反：若其量表方向相反，请在问卷定义中设为反向题；否则请剔除。",
    )


def _alike(figures: Figures, reflective: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Pairs of reflective constructs whose HTMT is not shown to be below the cut, worst first."""
    bound = np.where(np.isnan(figures.htmt_bound), figures.htmt, figures.htmt_bound)
    blocks = [set(b) for b in figures.fit.structure.blocks]
    pairs = [
        (i, j)
        for i in range(len(bound))
        for j in range(i)
        if reflective[i]
        and reflective[j]
        and not blocks[i] & blocks[j]
        and not HTMT_LIBERAL.met(float(bound[i, j]))
    ]
    return sorted(pairs, key=lambda at: -float(figures.htmt[at]))


def verdict_of(
    improper: Sequence[str],
    failed: TooManyLost | None,
    figures: Figures,
    cautions: Sequence[Caution],
    titles: Mapping[str, Text],
) -> Verdict:
    target = figures.design.constructs[figures.target]
    if improper:
        reasons = {
            "correlation": Text(
                "the corrected correlations of the constructs contradict each other",
                "校正后的构念相关矩阵自相矛盾",
            ),
            "loading": Text("a corrected loading is beyond 1", "有校正载荷超过 1"),
            "rho": Text("a reliability (rho A) is outside 0 to 1", "有信度 ρA 不在 0 至 1 之间"),
        }
        return Verdict(
            "failed",
            Text(
                "The consistent solution is improper: {why}. Use PLS that is not corrected, or join "
                "constructs that are too much alike.",
                "一致性解不恰当：{why}。请使用未校正的 PLS，或合并过于相似的构念。",
            ).fill(why=joined([reasons[r] for r in improper])),
        )
    if failed is not None:
        why = []
        if failed.constant.any():
            worst = [figures.design.items[i] for i in failed.positions]
            why.append(
                Text("all answers to an item the same ({i})", "某题项回答完全相同（{i}）").fill(
                    i=joined([Text(i) for i in worst])
                )
            )
        if failed.unsettled:
            why.append(Text(f"no solution: {failed.unsettled}", f"无解：{failed.unsettled}"))
        if failed.improper:
            why.append(Text(f"improper: {failed.improper}", f"解不恰当：{failed.improper}"))
        return Verdict(
            "failed",
            Text(
                "{k} of {n} bootstrap replicates were lost ({why}), more than {most} and so too many for "
                "intervals: the model asks more than the answers can give.",
                "{n} 次自助抽样中有 {k} 次失败（{why}），超过 {most}，无法给出区间：数据不足以支持该模型。",
            ).fill(k=failed.lost, n=failed.asked, most=f"{MOST_LOST:.0%}", why=joined(why)),
        )
    if not figures.honest[figures.target] and any(c.code == "negative_weight" for c in cautions):
        return Verdict(
            "failed",
            Text(
                "An item of {t} has a weight of zero or less, so there is no index of {t}.",
                "{t}有题项的权重小于或等于零，因此没有{t}指数。",
            ).fill(t=titles[target]),
        )
    doubts = {
        "low_reliability": Text("reliability", "信度"),
        "low_ave": Text("convergent validity", "收敛效度"),
        "not_distinct": Text("discriminant validity", "区分效度"),
        "low_loading": Text("loadings", "载荷"),
        "collinear": Text("collinearity", "共线性"),
        "r2_jump": Text("the correction", "校正"),
        "negative_weight": Text("negative weights", "负权重"),
        "repeated_items": Text("repeated items", "重复的题项"),
    }
    met = [words for code, words in doubts.items() if any(c.code == code for c in cautions)]
    if met:
        return Verdict(
            "doubtful",
            Text(
                "The paths can be read with care; in doubt: {what}.", "路径可谨慎解读；存疑之处：{what}。"
            ).fill(what=joined(met)),
        )
    return SOUND
