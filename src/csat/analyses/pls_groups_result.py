"""The result of a PLS model compared between groups: paths, invariance of composites, tables, chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Language, Text, joined

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Against = Literal["rest", "pairs"]
Invariance = Literal["full", "partial", "none"]

LEVEL = 0.05
REST = Text("all others", "其余")
INVARIANCE_WORDS: Mapping[Invariance, Text] = {
    "full": Text("full", "完全不变"),
    "partial": Text("partial: paths may be compared", "部分不变：可比较路径"),
    "none": Text("none: do not compare paths", "不成立：不可比较路径"),
}


@dataclass(frozen=True)
class PathDifference:
    """One path in two groups: permutation p, two-sided, and adjusted by Holm over all tests of the result.

    null_lower, null_upper : between them lie 95 % of the differences when groups are dealt at random.
    """

    first: str
    second: str
    cause: str
    effect: str
    estimate_first: float
    estimate_second: float
    difference: float
    null_lower: float
    null_upper: float
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class CompositeInvariance:
    """One construct in two groups (MICOM).

    correlation : of the scores by the two groups' weights; invariant when at least `floor`, its 5 % quantile
    under permutation. mean_difference, variance_log_ratio : of the pooled scores, with permutation p.
    """

    first: str
    second: str
    construct: str
    correlation: float
    floor: float
    mean_difference: float
    mean_p: float
    variance_log_ratio: float
    variance_p: float
    invariance: Invariance


@dataclass(frozen=True, eq=False, kw_only=True)
class PlsGroups(Result):
    """A PLS model compared between groups by permutation, made by `pls_groups`."""

    title = Text("PLS path model in groups", "PLS 多群组比较")
    name = "pls_groups"

    segment: str
    groups: tuple[str, ...]
    n: tuple[int, ...]
    against: Against
    paths: tuple[PathDifference, ...]
    invariance: tuple[CompositeInvariance, ...]
    permutations: int
    lost: int
    seed: int
    titles: Mapping[str, Text] = field(default_factory=dict)

    def tables(self) -> dict[str, Table]:
        """`paths`, `invariance`."""
        note = Text(
            "{n} permutations of the respondents over the groups, seed {seed}.",
            "将受访者在各组间随机置换 {n} 次，随机种子 {seed}。",
        ).fill(n=self.permutations, seed=self.seed)
        sides = {"first": Text("Group A", "组别甲"), "second": Text("Group B", "组别乙")}
        paths = Table(
            {
                "first": [self._title(p.first) for p in self.paths],
                "second": [self._title(p.second) for p in self.paths],
                "cause": [self._title(p.cause) for p in self.paths],
                "effect": [self._title(p.effect) for p in self.paths],
                **{
                    name: [getattr(p, name) for p in self.paths]
                    for name in (
                        "estimate_first",
                        "estimate_second",
                        "difference",
                        "null_lower",
                        "null_upper",
                        "p",
                        "p_adjusted",
                    )
                },
            },
            title=Text("Paths in the groups", "各组路径比较"),
            notes=[
                note,
                Text(
                    "By chance: 95% of the differences when respondents are dealt to the groups at random. "
                    "Adjusted: Holm over all tests of this table.",
                    "随机界限：将受访者随机分到各组时，95% 的差异落在其间。"
                    "校正：对本表全部检验作 Holm 校正。",
                ),
            ],
            labels={
                **sides,
                "estimate_first": Text("Path in A", "甲组路径"),
                "estimate_second": Text("Path in B", "乙组路径"),
                "null_lower": Text("By chance, lower", "随机下限"),
                "null_upper": Text("By chance, upper", "随机上限"),
                "p_adjusted": Text("p, adjusted", "校正 p 值"),
            },
            formats={"p": "p", "p_adjusted": "p"},
        )
        rows = self.invariance
        invariance = Table(
            {
                "first": [self._title(r.first) for r in rows],
                "second": [self._title(r.second) for r in rows],
                "construct": [self._title(r.construct) for r in rows],
                "correlation": [r.correlation for r in rows],
                "floor": [r.floor for r in rows],
                "mean_difference": [r.mean_difference for r in rows],
                "mean_p": [r.mean_p for r in rows],
                "variance_log_ratio": [r.variance_log_ratio for r in rows],
                "variance_p": [r.variance_p for r in rows],
                "invariance": [INVARIANCE_WORDS[r.invariance] for r in rows],
            },
            title=Text("Are the constructs the same in the groups? (MICOM)", "各组构念是否相同？（MICOM）"),
            notes=[
                note,
                Text(
                    "Correlation of the scores that the groups' weights give: the same composite when not "
                    "below its 5% permutation quantile. Partial invariance allows paths to be compared, "
                    "full invariance (equal means and variances) also pooling.",
                    "两组权重所得综合得分的相关不低于置换分布的 5% 分位数时，视为同一综合变量。"
                    "部分不变即可比较路径，完全不变（均值与方差也相等）才可合并数据。",
                ),
            ],
            labels={
                **sides,
                "correlation": Text("Correlation of the scores", "得分相关"),
                "floor": Text("5% quantile", "5% 分位数"),
                "mean_difference": Text("Difference of means", "均值之差"),
                "mean_p": Text("p", "p 值"),
                "variance_log_ratio": Text("Log ratio of variances", "方差比的对数"),
                "variance_p": Text("p", "p 值"),
                "invariance": Text("Invariance", "不变性"),
            },
            formats={"mean_p": "p", "variance_p": "p", "correlation": "precise", "floor": "precise"},
        )
        return {"paths": paths, "invariance": invariance}

    def plots(self) -> dict[str, Plot]:
        """`differences` of the paths."""
        rows = self.paths

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            several = len({(p.first, p.second) for p in rows}) > 1

            def label(p: PathDifference) -> str:
                path = f"{self._title(p.cause).say(language)} → {self._title(p.effect).say(language)}"
                return f"{self._title(p.first).say(language)}: {path}" if several else path

            charts.dots(
                ax,
                [label(p) for p in rows],
                np.array([p.difference for p in rows]),
                lower=np.array([p.null_lower for p in rows]),
                upper=np.array([p.null_upper for p in rows]),
                reference=0.0,
                xlabel=Text("Difference of the paths, {a} less {b}", "路径之差（{a}减{b}）")
                .fill(
                    a=Text("group", "该组") if several else self._title(rows[0].first),
                    b=REST if several else self._title(rows[0].second),
                )
                .say(language),
            )

        return {
            "differences": Plot(
                draw,
                title=Text("Differences of the paths between groups", "组间路径差异"),
                description=Text(
                    "One dot a path: its estimate in the first group less that in the second. The bar is "
                    "where 95% of the differences lie by chance; a dot beside its bar is a difference.",
                    "每条路径一个点：第一组的估计值减去第二组的估计值。横条为随机情况下 95% 的差异所在范围，"
                    "点落在横条之外表示存在差异。",
                ),
                size=(6.8, max(2.0, 0.3 * len(rows) + 1.0)),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """Which paths differ."""
        found = [p for p in self.paths if p.p_adjusted < LEVEL]
        if not found:
            return (
                Text(
                    "No path differs between the groups by more than chance.",
                    "各组路径没有超出随机范围的差异。",
                ),
            )
        arrows = [
            Text("{a} to {b}", "{a}到{b}").fill(a=self._title(p.cause), b=self._title(p.effect))
            for p in found
        ]
        return (Text("Paths that differ: {what}.", "存在差异的路径：{what}。").fill(what=joined(arrows)),)

    def _title(self, name: str) -> Text:
        return self.titles.get(name) or Text(name)
