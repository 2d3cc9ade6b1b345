"""What the levels mean: latent means, what forbids the numbers, the verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from csat.analyses.invariance.groups import Ground
from csat.analyses.invariance.ladder import Ladder
from csat.analyses.invariance.result import (
    Comparable,
    Invariance,
    LatentMean,
)
from csat.analyses.result import Caution, Verdict
from csat.language import Text, joined
from csat.numerics import solution
from csat.numerics.fitting import Fit
from csat.numerics.invariance import Step

if TYPE_CHECKING:
    pass

Array = NDArray[np.float64]

NEARLY_SINGULAR = 1e-8
"""Smallest eigenvalue of the correlations of constructs below which they are not positive definite."""

FORBIDDING = ("not_identified", "negative_variance", "constructs_not_positive_definite")
"""Cautions that forbid the numbers."""


def latent_means(ladder: Ladder, groups: tuple[str, ...], confidence: float) -> tuple[LatentMean, ...]:
    at_scalar = [i for i, r in enumerate(ladder.rungs) if r.level == "scalar"]
    if not at_scalar:
        return ()
    found, names = ladder.fits[at_scalar[-1]], ladder.ground.table.variables
    p = ladder.ground.structure.observed
    quantile = float(ndtri((1 + confidence) / 2))
    made = []
    # what another construct explains has an intercept, no mean of its own
    measured = set(ladder.ground.structure.directed.row.tolist())
    for j in (j for j in range(p, len(names)) if j not in measured):
        for g in range(1, len(groups)):
            means = found.models[g].structure.means
            k = int(means.parameter[means.row == j][0])
            if k < 0:
                continue
            estimate = float(found.theta[k])
            se = math.sqrt(max(float(found.covariance[k, k]), 0.0)) or math.nan
            variance = sum(
                s.n * float(found.moments[i].at.total[j, j])
                for i, s in enumerate(ladder.samples)
                if i in (0, g)
            ) / (ladder.samples[0].n + ladder.samples[g].n)
            z = estimate / se
            made.append(
                LatentMean(
                    construct=names[j],
                    group=groups[g],
                    estimate=estimate,
                    se=se,
                    z=z,
                    p=2 * float(ndtr(-abs(z))),
                    ci_lower=estimate - quantile * se,
                    ci_upper=estimate + quantile * se,
                    d=estimate / math.sqrt(variance) if variance > 0 else math.nan,
                )
            )
    return tuple(made)


def improper(ground: Ground, found: Fit, groups: tuple[str, ...]) -> tuple[Caution, ...]:
    """What forbids the numbers of a group fitted with its own parameters."""
    p, names = ground.structure.observed, ground.table.variables
    null = solution.undetermined(found.information)
    if null:
        involved = {int(k) for direction in null for k in direction}
        items = [
            names[int(cells.row[at])]
            for model in found.models
            for cells in (model.structure.directed, model.structure.symmetric)
            for at in np.flatnonzero(cells.free)
            if int(cells.parameter[at]) in involved
        ]
        text = Text(
            "The model is not identified: the data cannot tell parameters of {names} apart. Ask csat cfa, "
            "which names them.",
            "模型不可识别：数据无法区分{names}的部分参数。请用 csat cfa 查看具体参数。",
        )
        where = tuple(dict.fromkeys(items))
        return (Caution("not_identified", text.fill(names=joined([Text(n) for n in where])), where),)
    cautions = []
    for g, (name, model) in enumerate(zip(groups, found.models, strict=True)):
        left = np.diagonal(model.structure.matrices(found.theta)[1])[:p]
        if ground.thresholds is not None:
            left = 1 - np.diagonal(found.moments[g].at.covariance)
        negative = [names[j] for j in np.flatnonzero(left < 0).tolist()]
        if negative:
            text = Text(
                "In group {group} the error variance of {items} is negative (a Heywood case): too few "
                "respondents, or items that ask nearly the same.",
                "组别{group}中{items}的误差方差为负（Heywood 现象）：受访者太少，或题项几乎相同。",
            )
            filled = text.fill(group=name, items=joined([Text(i) for i in negative]))
            cautions.append(Caution("negative_variance", filled, (name, *negative)))
        smallest, involved_at = solution.indefinite_group(found.moments[g].at.total[p:, p:])
        if smallest <= NEARLY_SINGULAR:
            constructs = [names[p + int(j)] for j in involved_at]
            text = Text(
                "In group {group} the constructs {names} cannot be told apart: their covariance is not "
                "positive definite.",
                "组别{group}中构念{names}无法区分：协方差矩阵非正定。",
            )
            if len(constructs) == 1:
                text = Text(
                    "In group {group} the variance of {names} is negative: its items do not agree there, or "
                    "respondents are too few.",
                    "组别{group}中{names}的方差为负：该组题项不一致，或受访者太少。",
                )
            filled = text.fill(group=name, names=joined([Text(c) for c in constructs]))
            cautions.append(Caution("constructs_not_positive_definite", filled, (name, *constructs)))
    return tuple(cautions)


def comparable_of(accepted: Step | None) -> Comparable:
    if accepted in ("scalar", "strict"):
        return "means"
    return "associations" if accepted == "metric" else "nothing"


def verdict_of(result: Invariance) -> Verdict:
    """What may be compared, in plain words."""
    first = result.levels[0]
    wrong = [c for c in result.cautions if c.code in FORBIDDING]
    if wrong:
        words = Text("Nothing may be compared: {why}", "不可作任何比较：{why}").fill(
            why=Text(" ".join(c.text.en for c in wrong), "".join(c.text.zh for c in wrong))
        )
        return Verdict("failed", words)
    if not first.holds:
        words = Text(
            "Nothing may be compared: the model describes the answers poorly even when every group has its "
            "own numbers (CFI {cfi:.3f}, SRMR {srmr:.3f}). Mend the model first (csat cfa).",
            "不可作任何比较：即使各组参数自由估计，模型对数据的描述仍然较差（CFI {cfi:.3f}，"
            "SRMR {srmr:.3f}）。请先修正模型（csat cfa）。",
        )
        return Verdict("doubtful", words.fill(cfi=first.cfi, srmr=first.srmr))
    asked = {r.level for r in result.levels}
    largest = _largest(result)
    if result.comparable == "nothing":
        if "metric" not in asked:
            return Verdict("doubtful", Text(
                "The items go together alike in all groups; whether associations or means may be compared "
                "was not tested.",
                "各组的构型相同；能否比较关联或均值未作检验。",
            ))  # fmt: skip
        return Verdict("doubtful", Text(
            "Nothing may be compared: the items do not stand for their constructs alike in all "
            "groups{largest}.",
            "不可作任何比较：各组的题项与构念的关系不一致{largest}。",
        ).fill(largest=largest))  # fmt: skip
    if result.comparable == "associations":
        if "scalar" not in asked:
            return Verdict("sound", Text(
                "Associations (paths, correlations) may be compared between the groups; whether means may "
                "was not tested.",
                "各组之间可以比较关联（路径、相关）；能否比较均值未作检验。",
            ))  # fmt: skip
        return Verdict("doubtful", Text(
            "Only associations (paths, correlations) may be compared between the groups, not means or "
            "indices: at the same opinion the groups answer differently{largest}.",
            "各组之间只能比较关联（路径、相关），不能比较均值或指数：态度相同时各组的回答仍有差别{largest}。",
        ).fill(largest=largest))  # fmt: skip
    freed = [r for r in result.freed if r.level != "strict"]
    if not freed:
        if result.accepted == "strict" and not result.freed:
            words = Text(
                "Associations, means and indices may be compared between the groups: the items measure the "
                "same, and equally exactly.",
                "各组之间可以比较关联、均值和指数：题项测量的内容相同，精确程度也相同。",
            )
        else:
            words = Text(
                "Associations, means and indices may be compared between the groups: the items measure the "
                "same.",
                "各组之间可以比较关联、均值和指数：题项测量的内容相同。",
            )
        return Verdict("sound", words)
    return Verdict("doubtful", Text(
        "Associations and latent means may be compared between the groups once each has its own number for "
        "{names}; indices that contain {items} only with care.",
        "允许各组在{names}上取不同数值后，可以比较关联与潜均值；包含{items}的指数须谨慎比较。",
    ).fill(
        names=joined([r.said() for r in freed]),
        items=joined([Text(i) for i in dict.fromkeys(r.item for r in freed)]),
    ))  # fmt: skip


def _largest(result: Invariance) -> Text:
    """`, most of all in the intercept of x3`, of the level that broke the ladder."""
    broken = next((r.level for r in result.levels[1:] if not r.holds and not _mended(result, r.level)), None)
    tests = [r for r in result.releases if r.level == broken]
    if not tests:
        return Text("", "")
    return Text(", most of all in {name}", "，差别最大的是{name}").fill(name=tests[0].said())


def _mended(result: Invariance, level: Step) -> bool:
    return any(r.level == level and r.holds for r in result.levels)
