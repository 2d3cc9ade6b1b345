"""What stands against a factor solution: cautions, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from csat.analyses.factorial.factors import COMPONENT, FACTOR
from csat.analyses.factorial.naming import Names, Sorting
from csat.analyses.factorial.retention import RULES, SHORT_RULES, Retention
from csat.analyses.guidelines import (
    CROSS_LOADING,
    CROSS_LOADING_GAP,
    FACTOR_RESPONDENTS,
    HEYWOOD,
    ITEMS_PER_FACTOR,
    LOADING_EFA,
    POLYCHORIC_EXTREME,
    RESPONDENTS_PER_ITEM,
    RMSEA_POOR,
    RMSR_CLOSE,
    SPARSE_CELLS,
    Guideline,
)
from csat.analyses.result import SOUND, Caution, Verdict
from csat.language import Text, joined
from csat.numerics.factor_fit import FactorFit
from csat.numerics.linalg import Array
from csat.numerics.ordinal import PolychoricMatrix

RULES_APART = 1
"""Rules for the number of factors that differ by more are said to disagree (METHODS)."""


def solution_cautions(
    items: Sequence[str],
    *,
    communalities: Array,
    heywood: Sequence[int],
    sorting: Sorting,
    names: Names,
    factors: int,
    components: bool,
    orthogonal: bool,
    starts: int,
    starts_at_best: int,
) -> list[Caution]:
    """Doubts about the loadings themselves."""
    noun = COMPONENT if components else FACTOR
    found: list[Caution] = []
    improper = [
        items[i] for i in range(len(items)) if i in heywood or not HEYWOOD.met(float(communalities[i]))
    ]
    if improper and not components:
        found.append(
            _about(
                "heywood",
                "Heywood case: the factors explain all of {items}, or more. Look for a near-duplicate, or "
                "ask for "
                "fewer factors.",
                "Heywood 情形：因子解释了 {items} 的全部方差甚至更多。请检查是否存在近乎重复的题项，"
                "或减少因子数。",
                improper,
            )
        )
    crossing = [items[i] for i in np.flatnonzero(sorting.cross).tolist()]
    if crossing:
        found.append(
            _about(
                "cross_loading",
                "Items that belong to two {noun}s (second loading above {high}, less than {gap} below the "
                "first): "
                "{items}.",
                "以下题项同时归属两个{noun}（第二载荷大于 {high}，且与第一载荷相差不足 {gap}）：{items}。",
                crossing,
                noun=noun,
                high=f"{CROSS_LOADING.value:.2f}",
                gap=f"{CROSS_LOADING_GAP.value:.2f}",
            )
        )
    weak = [items[i] for i in np.flatnonzero(~sorting.salient).tolist()]
    if weak:
        found.append(
            _about(
                "weak_items",
                "Items that load below {floor} everywhere: {items}.",
                "以下题项在所有{noun}上的载荷都低于 {floor}：{items}。",
                weak,
                noun=noun,
                floor=f"{LOADING_EFA.value:.2f}",
            )
        )
    owned = [int(((sorting.item_factor == j) & sorting.salient).sum()) for j in range(factors)]
    thin = [names.names[j] for j in range(factors) if not ITEMS_PER_FACTOR.met(owned[j])]
    if thin:
        found.append(
            Caution(
                "few_items",
                Text(
                    "Fewer than {least} items make up: {names}.",
                    "以下{noun}的有效题项不足 {least} 个：{names}。",
                ).fill(least=f"{ITEMS_PER_FACTOR.value:.0f}", noun=noun, names=joined(thin)),
                tuple(t.en for t in thin),
            )
        )
    if names.ambiguous:
        unsure = [names.names[j] for j in names.ambiguous]
        found.append(
            Caution(
                "ambiguous_name",
                Text(
                    "No construct owns more than half of the items of {names}: the name is a guess.",
                    "{names}的题项没有超过一半来自同一构念，命名仅供参考。",
                ).fill(names=joined(unsure)),
                tuple(t.en for t in unsure),
            )
        )
    if components:
        found.append(
            Caution(
                "components",
                Text(
                    "These are principal components, not factors: they hold the items' own error too, so "
                    "loadings "
                    "are higher than those of factors, and there is no test of fit.",
                    "这里是主成分而非因子：其中包含题项自身的误差，因此载荷高于因子载荷，也没有拟合检验。",
                ),
            )
        )
    if orthogonal and factors > 1:
        found.append(
            Caution(
                "orthogonal",
                Text(
                    "The rotation is orthogonal: the {noun}s are uncorrelated by construction, which is "
                    "not a "
                    "finding. An oblique rotation shows their correlations.",
                    "采用正交旋转：{noun}互不相关是旋转方法造成的，并非研究发现。斜交旋转可给出其相关。",
                ).fill(noun=noun),
            )
        )
    if starts > 1 and 2 * starts_at_best < starts:
        found.append(
            Caution(
                "several_rotations",
                Text(
                    f"Only {starts_at_best} of {starts} starts of the rotation ended at the best solution: "
                    "others "
                    "fit nearly as simply.",
                    f"{starts} 次旋转起点中只有 {starts_at_best} 次得到最优解，存在其他同样简洁的解。",
                ),
            )
        )
    return found


def number_cautions(retention: Retention, *, asked: int, kept: int, rule: str) -> list[Caution]:
    """Doubts about the number of factors."""
    found: list[Caution] = []
    counts = retention.counts
    compared = {rule: counts[rule] for rule in SHORT_RULES}
    if max(compared.values()) - min(compared.values()) > RULES_APART:
        said = [Text(f"{SHORT_RULES[r].en} {k}", f"{SHORT_RULES[r].zh} {k} 个") for r, k in compared.items()]
        found.append(
            Caution(
                "number_disagrees",
                Text("The rules for the number disagree: {said}.", "各准则建议的个数不一致：{said}。").fill(
                    said=joined(said)
                ),
            )
        )
    if asked != kept:
        found.append(
            Caution(
                "number_changed",
                Text(
                    "{rule} asked for {asked}; {kept} were taken, as many as these items can carry.",
                    "{rule}建议 {asked} 个，按题项数只能提取 {kept} 个。",
                ).fill(rule=RULES[rule], asked=asked, kept=kept)
                if asked > kept
                else Text(
                    "{rule} finds no factor above chance; one was taken to show what there is.",
                    "{rule}未发现高于随机水平的因子；此处仅提取一个以供参考。",
                ).fill(rule=RULES[rule]),
            )
        )
    return found


def base_cautions(
    items: int, *, n: int, smallest: int | None, weighted: bool, defined: bool
) -> list[Caution]:
    """Doubts about the respondents behind the solution. `smallest`: smallest pair n when pairwise."""
    found: list[Caution] = []
    if not (RESPONDENTS_PER_ITEM.met(n / items) and FACTOR_RESPONDENTS.met(n)):
        least = max(int(FACTOR_RESPONDENTS.value), int(RESPONDENTS_PER_ITEM.value) * items)
        found.append(
            Caution(
                "small_n",
                Text(
                    f"{n} respondents are few for {items} items: at least {least} are advised.",
                    f"{items} 个题项只有 {n} 名受访者，样本偏少：建议至少 {least} 名。",
                ),
            )
        )
    if smallest is not None:
        found.append(
            Caution(
                "pairwise",
                Text(
                    "Pairwise correlations rest on different respondents; tests use the smallest pair, "
                    f"n = {smallest}.",
                    f"成对剔除使各相关系数基于不同的受访者；检验采用最小的成对样本量 n = {smallest}。",
                ),
            )
        )
    if weighted:
        found.append(
            Caution(
                "weighted_fit",
                Text(
                    "Weighted: chi-square, RMSEA and parallel analysis use the effective n and are "
                    "approximate.",
                    "已加权：卡方、RMSEA 与平行分析采用有效样本量，结果为近似值。",
                ),
            )
        )
    if not defined:
        found.append(
            Caution(
                "not_positive_definite",
                Text(
                    "The correlations are not positive definite: there is no chi-square and there are no "
                    "factor "
                    "scores. Use complete rows, or leave out items that repeat each other.",
                    "相关矩阵非正定：无法计算卡方与因子得分。请使用完整作答的答卷，或剔除重复的题项。",
                ),
            )
        )
    return found


def polychoric_cautions(
    items: Sequence[str], found: PolychoricMatrix, empty: Sequence[tuple[str, Sequence[float]]]
) -> list[Caution]:
    """Doubts about polychoric correlations. `empty`: items with the categories nobody chose."""
    cautions: list[Caution] = []
    size = np.abs(np.triu(found.correlation, 1))
    extreme = [(items[i], items[j]) for i, j in np.argwhere(size > POLYCHORIC_EXTREME.value)]
    if extreme:
        cautions.append(
            Caution(
                "polychoric_extreme",
                Text(
                    "Polychoric correlations hardly told from 1: {pairs}.", "以下多分格相关接近 1：{pairs}。"
                ).fill(pairs=joined([Text(f"{a}–{b}") for a, b in extreme])),
                tuple(dict.fromkeys(name for pair in extreme for name in pair)),
            )
        )
    sparse = int((np.triu(found.sparse, 1) > SPARSE_CELLS.value).sum())
    if sparse:
        cautions.append(
            Caution(
                "polychoric_sparse",
                Text(
                    f"{sparse} pairs of items have more than {100 * SPARSE_CELLS.value:.0f} % of their "
                    "cells expected "
                    "below one respondent: their polychoric correlations are shaky.",
                    f"有 {sparse} 对题项超过 {100 * SPARSE_CELLS.value:.0f}% 的单元格期望频数不足 1，"
                    "其多分格相关不够稳定。",
                ),
            )
        )
    if empty:
        cautions.append(
            Caution(
                "empty_categories",
                Text(
                    "Answers nobody chose were merged with the next one above: {items}.",
                    "无人选择的选项已与上一档合并：{items}。",
                ).fill(
                    items=joined(
                        [Text(f"{name} ({', '.join(f'{c:g}' for c in codes)})") for name, codes in empty]
                    )
                ),
                tuple(name for name, _ in empty),
            )
        )
    return cautions


def verdict(
    retention: Retention,
    *,
    cautions: Sequence[Caution],
    sorting: Sorting,
    names: Names,
    fit: FactorFit | None,
    rule: str,
) -> Verdict:
    """Failed when there is nothing to explain; doubtful when the solution is improper or leaves much over."""
    if retention.counts["parallel"] == 0:
        return Verdict(
            "failed",
            Text(
                "No factor stands above chance: the items hardly belong together.",
                "没有高于随机水平的因子：这些题项彼此几乎无关。",
            ),
        )
    heywood = next((c for c in cautions if c.code == "heywood"), None)
    if heywood is not None:
        return Verdict(
            "doubtful",
            Text(
                "The solution is improper: {items} would be explained without any error.",
                "解不适当：{items} 的误差方差为零或为负。",
            ).fill(items=joined([Text(i) for i in heywood.where])),
        )
    empty = [
        names.names[j]
        for j in range(len(names.names))
        if not ((sorting.item_factor == j) & sorting.salient).any()
    ]
    if empty:
        return Verdict(
            "doubtful",
            Text("No item belongs to {names}: ask for fewer.", "{names}没有任何有效题项：请减少个数。").fill(
                names=joined(empty)
            ),
        )
    above_chance = max(retention.counts["parallel"], retention.counts["parallel_mean"])
    if rule != "given" and len(names.names) > above_chance + RULES_APART:
        return Verdict(
            "doubtful",
            Text(
                f"{len(names.names)} were kept, but only {above_chance} stand above chance "
                "(parallel analysis).",
                f"共保留 {len(names.names)} 个，但高于随机水平的只有 {above_chance} 个（平行分析）。",
            ),
        )
    if fit is not None and not RMSR_CLOSE.met(fit.rmsr):
        return _poor("RMSR", fit.rmsr, RMSR_CLOSE)
    if fit is not None and fit.rmsea > RMSEA_POOR.value:
        return _poor("RMSEA", fit.rmsea, RMSEA_POOR)
    return SOUND


def _poor(measure: str, value: float, guideline: Guideline) -> Verdict:
    return Verdict(
        "doubtful",
        Text(
            f"The solution leaves much unexplained ({measure} {value:.3f}, guideline {guideline}): look at "
            "the "
            "largest residuals, or ask for more factors.",
            f"该解仍有较多未解释的相关（{measure} {value:.3f}，参考标准 {guideline}）："
            "请查看最大的残差，或增加因子数。",
        ),
    )


def _about(code: str, en: str, zh: str, items: Sequence[str], **values: object) -> Caution:
    named = joined([Text(i) for i in items])
    return Caution(code, Text(en, zh).fill(items=named, **values), tuple(items))
