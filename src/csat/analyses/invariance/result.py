"""What a test of measurement invariance found: levels, what was let go, latent means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import (
    CFI_FALL,
    RMSEA_RISE,
    SRMR_RISE,
)
from csat.analyses.result import Result, Verdict
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Language, Text, joined
from csat.numerics.fitting import METHODS
from csat.numerics.invariance import Equal, Step

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

Comparable = Literal["nothing", "associations", "means"]

LEVELS: tuple[Step, ...] = get_args(Step)

TESTS_SHOWN = 5
"""Score tests of a level that the table shows; the result holds all."""

LEVEL_NAMES: Mapping[Step, Text] = {
    "configural": Text("configural (same items)", "构型不变（题项相同）"),
    "metric": Text("metric (equal loadings)", "弱不变（载荷相等）"),
    "scalar": Text("scalar (equal intercepts)", "强不变（截距相等）"),
    "strict": Text("strict (equal error variances)", "严格不变（误差方差相等）"),
}
ORDERED_NAMES: Mapping[Step, Text] = {
    **LEVEL_NAMES,
    "scalar": Text("scalar (equal thresholds)", "强不变（阈值相等）"),
    "strict": Text("strict (equal scales)", "严格不变（尺度相等）"),
}
PARTIAL = Text("{level}, partial", "{level}，部分")
FREED_NAMES: Mapping[Equal, Text] = {
    "loadings": Text("the loading of {item}", "{item}的载荷"),
    "intercepts": Text("the intercept of {item}", "{item}的截距"),
    "residuals": Text("the error variance of {item}", "{item}的误差方差"),
    "thresholds": Text("the thresholds of {item}", "{item}的阈值"),
}
KEPT, LEFT = Text("holds", "成立"), Text("does not hold", "不成立")
BY_CHANCE = Text("holds (the change may be chance)", "成立（变化可能出于偶然）")


@dataclass(frozen=True)
class LevelFit:
    """One level, fitted to all groups at once.

    freed : equalities let go, with those that went along. fit : all measures by lavaan's names. chi_square,
    df, p, cfi, rmsea : scaled or robust ones where the estimator has them. The changes and the difference
    test are against the level before, as it was left (NaN at the first), or, where that is not within it,
    the one before that: `against`. beyond : measures past their
    guideline. holds : the level is kept, because none is, or because the difference test puts it down to
    chance.
    """

    level: Step
    freed: int
    parameters: int
    fit: dict[str, float]
    chi_square: float
    df: int
    p: float
    cfi: float
    rmsea: float
    srmr: float
    cfi_change: float
    rmsea_change: float
    srmr_change: float
    difference: float
    difference_df: int
    difference_p: float
    beyond: tuple[str, ...]
    holds: bool
    against: Step | None = None

    @property
    def partial(self) -> bool:
        """Whether some equalities are let go."""
        return self.freed > 0


@dataclass(frozen=True)
class Release:
    """The score test of one equality: what chi-square would fall by, if every group had its own number.

    group : the one that differs most. df : numbers that would be free beyond the common one. freed : 0 while
    it stays equal, else in which order it was let go (its test then is that before).
    """

    level: Step
    kind: Equal
    item: str
    parameter: str
    group: str
    statistic: float
    p: float
    df: int = 1
    freed: int = 0

    def said(self) -> Text:
        """`the intercept of x3`."""
        return FREED_NAMES[self.kind].fill(item=self.item)


@dataclass(frozen=True)
class LatentMean:
    """How far the mean of a construct in a group lies from that in the first group.

    estimate : in units of the construct's first item. d : in pooled standard deviations of the construct.
    """

    construct: str
    group: str
    estimate: float
    se: float
    z: float
    p: float
    ci_lower: float
    ci_upper: float
    d: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Invariance(Result):
    """Whether groups may be compared, made by `invariance`."""

    title = Text("Measurement invariance", "测量不变性")
    name = "invariance"

    model: str
    estimator: str
    ordered: bool
    group: Text
    """What the groups are, such as a segment's title."""
    groups: tuple[str, ...]
    n: tuple[int, ...]
    """Respondents of each group."""
    items: tuple[str, ...]
    constructs: tuple[str, ...]
    comparable: Comparable
    """What may be compared between the groups."""
    accepted: Step | None
    """The highest level that holds, fully or partially, with all before it; None when not even the first."""
    levels: tuple[LevelFit, ...]
    releases: tuple[Release, ...]
    means: tuple[LatentMean, ...]
    titles: Mapping[str, Text] = field(default_factory=dict)

    @property
    def freed(self) -> tuple[Release, ...]:
        """Equalities let go, in order."""
        return tuple(r for r in self.releases if r.freed)

    @property
    def verdict_on_means(self) -> Verdict:
        """The verdict for whoever compares means or indices: failed unless these may be compared."""
        return self.verdict if self.comparable == "means" else replace(self.verdict, level="failed")

    def tables(self) -> dict[str, Table]:
        """`levels`, `releases` (the largest score tests) and `means` (latent mean differences)."""
        return {"levels": self._levels(), "releases": self._releases(), "means": self._means()}

    def plots(self) -> dict[str, Plot]:
        """`means`: latent mean differences with their intervals, where means may be compared."""
        if not self.means or self.comparable != "means":
            return {}

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.dots(
                ax,
                [f"{self._title(m.construct).say(language)} ({m.group})" for m in self.means],
                [m.estimate for m in self.means],
                lower=[m.ci_lower for m in self.means],
                upper=[m.ci_upper for m in self.means],
                reference=0.0,
                reference_label=self.groups[0],
                xlabel=Text("Latent mean difference", "潜均值差异").say(language),
            )

        return {
            "means": Plot(
                draw=draw,
                title=MEANS_TITLE.fill(group=self.groups[0]),
                description=Text(
                    "Each dot: how far a construct's mean in a group lies from the first group, with its "
                    "interval.",
                    "每个点表示该组构念均值与第一组的差异及其区间。",
                ),
                size=(6.8, max(2.0, 0.4 * len(self.means) + 1.0)),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """What was let go, and the latent means that differ."""
        found = []
        if self.freed:
            found.append(
                Text("Freed in this order: {names}.", "依次放开：{names}。").fill(
                    names=joined([r.said() for r in self.freed])
                )
            )
        apart = [m for m in self.means if m.p < 0.05]
        if self.comparable == "means" and self.means:
            said = [
                Text("{c} in {g} {d:+.2f} SD", "{g}的{c} {d:+.2f} 个标准差").fill(
                    c=self._title(m.construct), g=m.group, d=m.d
                )
                for m in apart
            ]
            found.append(
                Text("Latent means against {first}: {said}.", "与{first}相比的潜均值：{said}。").fill(
                    first=self.groups[0], said=joined(said)
                )
                if said
                else Text(
                    "No latent mean differs from that of {first} (p < .05).",
                    "各潜均值与{first}均无显著差异（p < .05）。",
                ).fill(first=self.groups[0])
            )
        return tuple(found)

    def _title(self, name: str) -> Text:
        return self.titles.get(name) or Text(name)

    def _levels(self) -> Table:
        names = ORDERED_NAMES if self.ordered else LEVEL_NAMES
        rows = self.levels
        return Table(
            {
                "level": [PARTIAL.fill(level=names[r.level]) if r.partial else names[r.level] for r in rows],
                "freed": [r.freed for r in rows],
                "chi_square": [r.chi_square for r in rows],
                "df": [r.df for r in rows],
                "cfi": [r.cfi for r in rows],
                "rmsea": [r.rmsea for r in rows],
                "srmr": [r.srmr for r in rows],
                "cfi_change": [r.cfi_change for r in rows],
                "rmsea_change": [r.rmsea_change for r in rows],
                "srmr_change": [r.srmr_change for r in rows],
                "difference": [r.difference for r in rows],
                "difference_df": [None if math.isnan(r.difference) else r.difference_df for r in rows],
                "difference_p": [r.difference_p for r in rows],
                "verdict": [LEFT if not r.holds else BY_CHANCE if r.beyond else KEPT for r in rows],
            },
            title=Text("Levels of invariance by {group}", "按{group}的不变性层次").fill(group=self.group),
            notes=[
                Text(
                    "A level is lost when CFI falls by more than {cfi}, RMSEA rises by more than {rmsea} or "
                    "SRMR by more than {metric} (metric) or {scalar} ({source}), and the difference test "
                    "does not put that down to chance (p < .01). The first holds with CFI >= .90 and SRMR "
                    "<= .10. All is against the level before, as it was left.",
                    "判断标准：CFI 下降超过 {cfi}，或 RMSEA 上升超过 {rmsea}，或 SRMR 上升超过 {metric}（弱不"
                    "变）或 {scalar}（{source}），且差异检验表明并非偶然（p < .01），则该层次不成立；第一层"
                    "要求 CFI ≥ .90 且 SRMR ≤ .10。变化量与检验均以前一层次的最终模型为基准。",
                ).fill(
                    cfi=f"{CFI_FALL.value:.3f}",
                    rmsea=f"{RMSEA_RISE.value:.3f}",
                    metric=f"{SRMR_RISE['metric'].value:.3f}",
                    scalar=f"{SRMR_RISE['scalar'].value:.3f}",
                    source=CFI_FALL.source,
                ),
                *self._ladder_notes(),
            ],
            labels={
                "freed": Text("Freed", "放开数"),
                "cfi_change": Text("Change of CFI", "CFI 变化"),
                "rmsea_change": Text("Change of RMSEA", "RMSEA 变化"),
                "srmr_change": Text("Change of SRMR", "SRMR 变化"),
                "difference": Text("Chi-square difference", "卡方差异"),
                "difference_df": Text("df of difference", "差异自由度"),
                "difference_p": Text("p of difference", "差异 p 值"),
            },
            formats={"difference_p": "p"},
        )

    def _ladder_notes(self) -> list[Text]:
        notes = [
            Text("Groups: {groups}.", "组别：{groups}。").fill(
                groups=joined([Text(f"{g} (n = {n})") for g, n in zip(self.groups, self.n, strict=True)])
            )
        ]
        if any(r.kind == "loadings" for r in self.freed):
            notes.append(
                Text(
                    "An item whose loading was freed keeps its own intercept from there on.",
                    "载荷已放开的题项，此后其截距也各组自由估计。",
                )
            )
        if self.ordered:
            notes.append(
                Text(
                    "Ordered items: thresholds are let go item by item, scales not at all; the guidelines "
                    "were made for continuous items.",
                    "有序题项：阈值按题项整体放开，尺度不放开；上述标准原为连续题项制定。",
                )
            )
        for rung in {r.level: r for r in self.levels}.values():
            below = [r.level for r in self.levels if LEVELS.index(r.level) < LEVELS.index(rung.level)]
            if rung.against is not None and rung.against != below[-1]:
                notes.append(
                    Text(
                        "{level} is compared with {against}: of items with two answers, equal thresholds are "
                        "as many as the scales they free, so it is no special case of the level before.",
                        "{level}与{against}相比：二分类题项的阈值相等时，释放的尺度与之数目相同，因此它并非前一"
                        "层次的特例。",
                    ).fill(level=ORDERED_NAMES[rung.level], against=ORDERED_NAMES[rung.against])
                )
        if METHODS[self.estimator].test != "standard":
            notes.append(
                Text(
                    "{estimator}: the scaled chi-square, scaled difference tests, and robust CFI and RMSEA.",
                    "{estimator}：校正卡方、校正差异检验及稳健 CFI 与 RMSEA。",
                ).fill(estimator=self.estimator)
            )
        return notes

    def _releases(self) -> Table:
        rows: list[Release] = []
        for level in LEVELS:
            own = [r for r in self.releases if r.level == level]
            freed = sorted((r for r in own if r.freed), key=lambda r: r.freed)
            rest = sorted((r for r in own if not r.freed), key=lambda r: -r.statistic)
            rows += [*freed, *rest[: max(TESTS_SHOWN - len(freed), 0)]]
        return Table(
            {
                "level": [(ORDERED_NAMES if self.ordered else LEVEL_NAMES)[r.level] for r in rows],
                "item": [r.item for r in rows],
                "parameter": [r.parameter for r in rows],
                "group": [r.group for r in rows],
                "statistic": [r.statistic for r in rows],
                "df": [r.df for r in rows],
                "p": [r.p for r in rows],
                "freed": [r.freed or None for r in rows],
            },
            title=Text("Which equality the answers speak against", "数据最不支持的相等约束"),
            notes=[
                Text(
                    "Score tests of letting every group have its own, not corrected for their number "
                    "(generalised for ordered items, else not scaled); named is the group that differs most; "
                    "those freed as they were before it.",
                    "得分检验：令各组取各自的数值；未作多重比较校正（有序题项为广义得分检验，其余未作稳健校正）"
                    "；所列为差别最大的组；已放开者为放开之前的数值。",
                )
            ],
            labels={"freed": Text("Freed as number", "放开次序"), "group": self.group},
            formats={"p": "p"},
        )

    def _means(self) -> Table:
        notes = [
            Text(
                "Difference from {first}, in units of the first item of each construct; d in pooled standard "
                "deviations of the construct.",
                "与{first}的差异，以各构念第一个题项的单位表示；d 以构念的合并标准差为单位。",
            ).fill(first=self.groups[0])
        ]
        if self.means and self.comparable != "means":
            notes.append(
                Text(
                    "Means may not be compared (see the verdict): these differences mix construct and items, "
                    "do not use them.",
                    "均值不可比较（见结论）：这些差异混杂了构念与题项的差异，请勿使用。",
                )
            )
        rows = self.means
        return Table(
            {
                "construct": [self._title(m.construct) for m in rows],
                "group": [m.group for m in rows],
                "estimate": [m.estimate for m in rows],
                "se": [m.se for m in rows],
                "z": [m.z for m in rows],
                "p": [m.p for m in rows],
                "ci_lower": [m.ci_lower for m in rows],
                "ci_upper": [m.ci_upper for m in rows],
                "d": [m.d for m in rows],
            },
            title=MEANS_TITLE.fill(group=self.groups[0]),
            notes=notes,
            labels={"d": Text("d", "d"), "group": self.group},
            formats={"p": "p"},
        )


MEANS_TITLE = Text("Latent means against {group}", "与{group}相比的潜均值")
