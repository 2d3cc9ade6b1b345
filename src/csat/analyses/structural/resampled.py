"""What a bootstrap says of a structural model: a summary, and tables of errors and intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from csat.display.table import Table
from csat.language import Text
from csat.numerics.resampling import MOST_LOST

if TYPE_CHECKING:
    from csat.analyses.structural.model import Effect, ParameterEstimate

Interval = Literal["percentile", "bca"]
INTERVALS: tuple[Interval, ...] = ("percentile", "bca")
INTERVAL_WORDS: dict[Interval, Text] = {
    "percentile": Text("percentile intervals", "百分位区间"),
    "bca": Text(
        "BCa intervals (bias-corrected, acceleration by the jackknife)",
        "BCa 区间（偏差校正，加速度由刀切法得到）",
    ),
}


@dataclass(frozen=True)
class Bootstrap:
    """How a model was resampled.

    replicates : asked for. used : those with an optimum. negative : of these, those with a negative
    variance, which are kept. stopped : so many were lost that the search ended before all were looked at.
    bollen_stine_p : share of the replicates of answers turned to obey the model whose discrepancy is at
    least the one found; NaN unless asked for. groups : each resampled by itself. draws : normal combinations
    of the estimates of replicates that are no draws (jackknife, weights of the file); 0 where they are.
    """

    replicates: int
    used: int
    negative: int
    stopped: bool
    interval: Interval
    confidence: float
    seed: int
    bollen_stine_p: float
    groups: int = 1
    draws: int = 0

    @property
    def withheld(self) -> bool:
        """Whether too many replicates were lost for errors and intervals."""
        return self.replicates - self.used > MOST_LOST * self.replicates

    def note(self) -> Text:
        """How many replicates, by which interval, what is kept."""
        negative = (
            Text(
                "; {n} of them have a negative variance and are kept, as errors would else be too small",
                "；其中 {n} 次出现负方差，仍予保留，否则标准误会偏小",
            ).fill(n=self.negative)
            if self.negative
            else Text("", "")
        )
        groups = Text(", each group by itself", "，各组分别进行") if self.groups > 1 else Text("", "")
        draws = (
            Text(
                "; their estimates are combined to {n} draws with the variance of the design",
                "；再将各次估计组合成 {n} 次抽样，其方差即抽样设计的方差",
            ).fill(n=self.draws)
            if self.draws
            else Text("", "")
        )
        return Text(
            "Bootstrap: the model fitted anew to {used} of {asked} replicates of the respondents{groups} "
            "(seed {seed}){negative}{draws}; {interval} at {level}%.",
            "自助法：对受访者重抽样 {asked} 次{groups}（随机种子 {seed}），其中 {used} 次重新拟合成功"
            "{negative}{draws}；{level}% {interval}。",
        ).fill(
            groups=groups,
            draws=draws,
            used=self.used,
            asked=self.replicates,
            seed=self.seed,
            negative=negative,
            interval=INTERVAL_WORDS[self.interval],
            level=f"{100 * self.confidence:g}",
        )


BOUNDS = {
    "boot_se": Text("Bootstrap SE", "自助法标准误"),
    "boot_lower": Text("Bootstrap interval, lower", "自助法区间下限"),
    "boot_upper": Text("Bootstrap interval, upper", "自助法区间上限"),
    "std_se": Text("Bootstrap SE, standardised", "标准化的自助法标准误"),
    "std_lower": Text("Standardised, lower", "标准化下限"),
    "std_upper": Text("Standardised, upper", "标准化上限"),
}


def bootstrap_table(rows: Sequence[ParameterEstimate], how: Bootstrap, *, group: Text | None = None) -> Table:
    """Errors and intervals of the parameters that are estimated or made of such.

    group : what the groups are, where there are any.
    """
    shown = [r for r in rows if r.free or r.op == ":="]
    notes = [how.note()]
    if how.bollen_stine_p == how.bollen_stine_p:
        notes.append(
            Text("Bollen-Stine p of the chi-square: {p}.", "卡方检验的 Bollen-Stine p 值：{p}。").fill(
                p=f"{how.bollen_stine_p:.3f}"
            )
        )
    groups = {"group": [r.group for r in shown]} if any(r.group for r in shown) else {}
    return Table(
        {
            **groups,
            "left": [r.lhs for r in shown],
            "relation": [r.op for r in shown],
            "right": [r.rhs for r in shown],
            "estimate": [r.est for r in shown],
            "boot_se": [r.boot_se for r in shown],
            "boot_lower": [r.boot_lower for r in shown],
            "boot_upper": [r.boot_upper for r in shown],
            "standardised": [r.std_all for r in shown],
            "std_se": [r.std_all_boot_se for r in shown],
            "std_lower": [r.std_all_boot_lower for r in shown],
            "std_upper": [r.std_all_boot_upper for r in shown],
        },
        title=Text("Bootstrap of the parameters", "参数的自助法结果"),
        notes=notes,
        labels=BOUNDS if group is None else {**BOUNDS, "group": group},
    )


def bootstrap_effects_table(
    effects: Sequence[Effect], called: Callable[[str], Text], how: Bootstrap
) -> Table:
    """Errors and intervals of indirect and total effects."""
    return Table(
        {
            "cause": [called(e.cause) for e in effects],
            "effect": [called(e.effect) for e in effects],
            "indirect": [e.indirect for e in effects],
            "boot_se": [e.indirect_boot_se for e in effects],
            "boot_lower": [e.indirect_boot_lower for e in effects],
            "boot_upper": [e.indirect_boot_upper for e in effects],
            "total": [e.total for e in effects],
            "total_se": [e.total_boot_se for e in effects],
            "total_lower": [e.total_boot_lower for e in effects],
            "total_upper": [e.total_boot_upper for e in effects],
            "std_total": [e.std_total for e in effects],
            "std_lower": [e.std_total_boot_lower for e in effects],
            "std_upper": [e.std_total_boot_upper for e in effects],
        },
        title=Text("Bootstrap of indirect and total effects", "间接效应与总效应的自助法结果"),
        notes=[how.note()],
        labels={
            "boot_se": Text("Indirect, SE", "间接效应标准误"),
            "boot_lower": Text("Indirect, lower", "间接效应下限"),
            "boot_upper": Text("Indirect, upper", "间接效应上限"),
            "total_se": Text("Total, SE", "总效应标准误"),
            "total_lower": Text("Total, lower", "总效应下限"),
            "total_upper": Text("Total, upper", "总效应上限"),
            "std_total": Text("Total, standardised", "标准化总效应"),
            "std_lower": Text("Standardised, lower", "标准化下限"),
            "std_upper": Text("Standardised, upper", "标准化上限"),
        },
    )
