"""How intervals made of replicates are said under a table."""

from __future__ import annotations

from collections.abc import Mapping

from csat.analyses.result import Caution
from csat.language import Text
from csat.numerics.replication import Replication

INTERVALS: Mapping[str, Text] = {
    "percentile bootstrap": Text("bootstrap percentiles", "自助法百分位区间"),
    "BCa bootstrap": Text("bias-corrected and accelerated (BCa) bootstrap", "偏差校正加速（BCa）自助区间"),
    "percentile Bayesian bootstrap": Text("Bayesian bootstrap percentiles", "贝叶斯自助法百分位区间"),
    "BCa Bayesian bootstrap": Text("BCa intervals of the Bayesian bootstrap", "贝叶斯自助法 BCa 区间"),
}
NOTHING = Text("", "")
FEW_DF = 20
"""Degrees of freedom of a design below which normal and percentile intervals are too narrow (ours)."""


def interval_words(
    interval: str, confidence: float, *, replicates: int, seed: int, units: int = 0, strata: int = 0
) -> Text:
    """The note of an interval by the name `numerics.composites.Bootstrap` gives it.

    units, strata : that were resampled; 0 where each respondent was.
    """
    level = f"{100 * confidence:g}%"
    if "replicate weights" in interval:
        return Text(
            "{level} intervals by the {n} replicate weights in the file ({kind}), normal, as in R's survey.",
            "{level} 区间由数据文件中的 {n} 组复制权重（{kind}）得到，正态近似，与 R 的 survey 一致。",
        ).fill(level=level, n=replicates, kind=interval.partition("(")[2].rstrip(")"))
    drawn = design_words(units, strata)
    if interval == "jackknife":
        return Text(
            "{level} intervals: jackknife{drawn}, {n} replicates, normal.",
            "{level} 区间：刀切法{drawn}，{n} 次，正态近似。",
        ).fill(level=level, drawn=drawn, n=replicates)
    return Text(
        "{level} intervals: {how} of {n} replicates of the respondents{drawn}, seed {seed}.",
        "{level} 区间：对受访者做 {n} 次重抽样{drawn}，{how}，随机种子 {seed}。",
    ).fill(
        level=level,
        how=INTERVALS.get(interval, INTERVALS["percentile bootstrap"]),
        n=replicates,
        drawn=drawn,
        seed=seed,
    )


def design_words(units: int, strata: int) -> Text:
    """What was resampled, in brackets or after a preposition; nothing where each respondent was."""
    if not units:
        return NOTHING
    if strata > 1:
        return Text(
            " drawn as they were sampled, {m} units in {h} strata", "（按抽样设计：{h} 层、{m} 个单元）"
        ).fill(m=units, h=strata)
    return Text(" drawn as they were sampled, {m} clusters", "（按抽样设计：{m} 个整群）").fill(m=units)


def replicates_words(made: Replication | None) -> Text:
    """Of a result whose replicates are draws: how these were made, where not respondent by respondent."""
    if made is None:
        return NOTHING
    if made.factors is not None:
        return Text(
            " (drawn with the variance of the {n} replicate weights in the file)",
            "（按数据文件中 {n} 组复制权重的方差抽取）",
        ).fill(n=len(made.factors))
    if made.kind == "generalised":
        return Text(" (drawn with the variance of a jackknife)", "（按刀切法方差抽取）")
    words = design_words(made.units, made.strata)
    if made.kind == "bayesian":
        return Text(" (Bayesian bootstrap){w}", "（贝叶斯自助法）{w}").fill(w=words)
    return words


def few_clusters(made: Replication | None) -> tuple[Caution, ...]:
    """The doubt about a design of few clusters or replicate weights."""
    if made is None or made.df >= FEW_DF:
        return ()
    return (
        Caution(
            "few clusters",
            Text(
                "The design has only {df} degrees of freedom (clusters less strata, or replicate weights "
                "less 1): standard errors are rough and intervals too narrow.",
                "抽样设计的自由度只有 {df}（整群数减层数，或复制权重数减 1）：标准误较粗略，区间偏窄。",
            ).fill(df=f"{made.df:g}"),
        ),
    )
