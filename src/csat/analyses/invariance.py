"""Do the items measure the same in every group? Configural, metric, scalar, strict (METHODS 8, Groups).

A level is kept when the fit hardly falls; where it falls, the equality with the largest score test is let
go, one after another, while two items of each construct stay equal (partial invariance).

References
----------
Meredith (1993); Byrne, Shavelson & Muthen (1989); Cheung & Rensvold (2002); Chen (2007).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr, ndtri

from csat.analyses.guidelines import (
    CFI_FALL,
    EQUAL_ITEMS,
    FACTOR_RESPONDENTS,
    FIT_POOR,
    RMSEA_RISE,
    SCORE_WORTH_FREEING,
    SRMR_RISE,
)
from csat.analyses.result import Base, Caution, Result, Verdict
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.setup import measurement_part, structure_of
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute, NumericsError, UnknownName
from csat.instrument.parameters import ParameterTable, parameter_table
from csat.instrument.statements import COVARIES, MEASURES, Model
from csat.instrument.syntax import parse_model
from csat.language import Language, Text, joined
from csat.numerics import linalg, solution
from csat.numerics.comparison import difference
from csat.numerics.fitting import METHODS, Fit, Sample, fit
from csat.numerics.invariance import Equal, Step, across_groups, ordered_across_groups
from csat.numerics.modification import release_tests
from csat.numerics.moment_vectors import ContinuousMoments, MomentStructure, OrderedMoments
from csat.numerics.ordered import OrderedSample, ordered_sample
from csat.numerics.structure import Cells, Structure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Comparable = Literal["nothing", "associations", "means"]

LEVELS: tuple[Step, ...] = get_args(Step)
OWN: Mapping[Step, Equal] = {"metric": "loadings", "scalar": "intercepts", "strict": "residuals"}
"""What a level holds equal beyond the level before."""

MATRICES = ("directed", "symmetric", "means")
"""Of a structure, in the order in which score tests number their places."""
MATRIX_OF: Mapping[Equal, str] = {"loadings": "directed", "intercepts": "means", "residuals": "symmetric"}

NEARLY_SINGULAR = 1e-8
"""Smallest eigenvalue of the correlations of constructs below which they are not positive definite."""

FORBIDDING = ("not_identified", "negative_variance", "constructs_not_positive_definite")
"""Cautions that forbid the numbers."""

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
}
KEPT, LEFT = Text("holds", "成立"), Text("does not hold", "不成立")


@dataclass(frozen=True)
class LevelFit:
    """One level, fitted to all groups at once.

    freed : equalities let go, with those that went along. fit : all measures by lavaan's names. chi_square,
    df, p, cfi, rmsea : scaled or robust ones where the estimator has them. The changes and the difference
    test are against the level before, as it was left (NaN at the first). beyond : measures past their
    guideline.
    holds : the level is kept.
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

    @property
    def partial(self) -> bool:
        """Whether some equalities are let go."""
        return self.freed > 0


@dataclass(frozen=True)
class Release:
    """The score test of one equality: what chi-square would fall by, if `group` had its own number.

    freed : 0 while it stays equal, else in which order it was let go (its test then is that before).
    """

    level: Step
    kind: Equal
    item: str
    parameter: str
    group: str
    statistic: float
    p: float
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
                "verdict": [KEPT if r.holds else LEFT for r in rows],
            },
            title=Text("Levels of invariance by {group}", "按{group}的不变性层次").fill(group=self.group),
            notes=[
                Text(
                    "A level holds when CFI falls by at most {cfi}, RMSEA rises by at most {rmsea} and SRMR "
                    "by at most {metric} (metric) or {scalar}: {source}. Changes and difference tests are "
                    "against the level before it, as it was left.",
                    "判断标准：CFI 下降不超过 {cfi}，RMSEA 上升不超过 {rmsea}，SRMR 上升不超过 {metric}（弱"
                    "不变）或 {scalar}；来源：{source}。变化量与差异检验以前一层次的最终模型为基准。",
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
                    "Ordered items: no equality is let go; the guidelines were made for continuous items.",
                    "有序题项：不放开任何相等约束；上述标准原为连续题项制定。",
                )
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
                "level": [LEVEL_NAMES[r.level] for r in rows],
                "item": [r.item for r in rows],
                "parameter": [r.parameter for r in rows],
                "group": [r.group for r in rows],
                "statistic": [r.statistic for r in rows],
                "p": [r.p for r in rows],
                "freed": [r.freed or None for r in rows],
            },
            title=Text("Which equality the answers speak against", "数据最不支持的相等约束"),
            notes=[
                Text(
                    "Score tests with one degree of freedom, not scaled, not corrected for their number; "
                    "those freed as they were before it.",
                    "得分检验，自由度为 1，未作稳健校正，也未作多重比较校正；已放开者为放开之前的数值。",
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


def invariance(
    model: Model | str,
    groups: Mapping[str, Answers],
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    levels: Sequence[Step] = LEVELS,
    ordered: bool = False,
    partial: bool = True,
    group: Text | None = None,
    titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
) -> Invariance:
    """Configural, metric, scalar and strict invariance of a measurement model across groups.

    The first loading of a construct is 1 in every group, its mean 0 in the first group and free in the others
    from the scalar level on. Each level is compared with the one before, as that was left.

    Parameters
    ----------
    model : parsed, or text in lavaan syntax; its paths are left out. groups : answers by group; the first is
    what the others are compared with. missing : "listwise" or "fiml" (ML, MLR). levels : from "configural"
    upward. ordered : all items are ordered categories (WLSMV and its family): thresholds take the place of
    intercepts, and no equality is let go. partial : where a level does not hold, let go the equality with the
    largest score test, at least two items a construct staying equal, until it does; an item whose loading was
    let go keeps its own intercept.

    Raises
    ------
    UnknownName : the model names an item that the answers do not hold. BadInput : an unknown option, or a
    model with constructs of constructs. CannotCompute : fewer than two groups can be fitted (their sizes are
    said), or an item is constant in one of them.
    """
    wanted = _checked(estimator, missing, levels, ordered)
    whole = measurement_part(parse_model(model) if isinstance(model, str) else model)
    table = parameter_table(whole, mean_structure=not ordered)
    if table.rules or table.thresholds:
        rule = next((f"{r.left} {r.operator} {r.right}" for r in table.rules), "")
        raise BadInput(
            f"the rule '{rule}' cannot be held in every group"
            if rule
            else "the model speaks of single thresholds",
            where="the model",
            right="A test of invariance sets equalities itself",
            do="Leave the line out",
        )
    _check_order(table)
    group = group or Text("group", "组别")
    samples, kept, cautions = _samples(table, groups, missing, ordered)
    names, sizes = tuple(kept), tuple(len(a.rows) for a in kept.values())
    ground = _ground(table, samples, ordered)
    ladder = _Ladder(ground, samples, names, estimator, partial and not ordered)
    ladder.climb(wanted)
    wrong = _improper(ground, ladder.fits[0], names)
    cautions = (*cautions, *wrong, *ladder.cautions)
    accepted = None if wrong else ladder.accepted
    weights = [np.ones(len(a.rows)) if a.weights is None else a.weights for a in kept.values()]
    total, squares = sum(float(w.sum()) for w in weights), sum(float((w**2).sum()) for w in weights)
    found = Invariance(
        base=Base(
            respondents=sum(sizes),
            effective_n=total**2 / squares,
            missing=missing,
            rows=sum(len(a.rows) for a in groups.values()),
            weighted=any(a.weights is not None for a in kept.values()),
            instrument=next(iter(kept.values())).instrument,
        ),
        cautions=cautions,
        model=whole.text or whole.to_text(),
        estimator=estimator,
        ordered=ordered,
        group=group,
        groups=names,
        n=sizes,
        items=table.observed,
        constructs=table.latents,
        comparable=_comparable(accepted),
        accepted=accepted,
        levels=tuple(ladder.rungs),
        releases=tuple(ladder.releases),
        means=_latent_means(ladder, names, confidence),
        titles=dict(titles or {}),
    )
    return replace(found, verdict=_verdict(found))


def _checked(estimator: str, missing: str, levels: Sequence[Step], ordered: bool) -> tuple[Step, ...]:
    if estimator not in METHODS:
        raise BadInput(f"the estimator is '{estimator}'", right=f"The estimators are: {', '.join(METHODS)}")
    for level in levels:
        if level not in LEVELS:
            raise UnknownName("level", level, LEVELS)
    if "configural" not in levels:
        raise BadInput("the levels leave out configural", right="The others are compared with it")
    if missing not in ("listwise", "fiml"):
        raise UnknownName("policy for missing answers", missing, ("listwise", "fiml"))
    if missing == "fiml" and (estimator not in ("ML", "MLR") or ordered):
        raise BadInput("full information goes with ML and MLR, without ordered items")
    if ordered and METHODS[estimator].discrepancy in ("ML", "GLS"):
        raise BadInput(
            f"the estimator is '{estimator}' and items are ordered",
            right="With ordered items the estimators are WLSMV, DWLS, ULSMV, ULS and WLS",
        )
    return tuple(level for level in LEVELS if level in levels)


def _check_order(table: ParameterTable) -> None:
    higher = [r.left for r in table.rows if r.operator == MEASURES and r.right in table.latents]
    if higher:
        raise BadInput(
            f"'{higher[0]}' is measured by constructs",
            where="the model",
            right="Invariance is for constructs measured by items",
            do="Give the model of the constructs below it",
        )


# ---- the groups -------------------------------------------------------------


def _samples(
    table: ParameterTable, groups: Mapping[str, Answers], missing: str, ordered: bool
) -> tuple[list[Sample], dict[str, Answers], tuple[Caution, ...]]:
    """Of each group large enough, with cautions about the others and the small."""
    least = len(table.observed) + 1
    kept: dict[str, Answers] = {}
    sizes: dict[str, int] = {}
    for name, answers in groups.items():
        own = answers.select(table.observed)
        known = ~np.isnan(own.rows)
        sizes[name] = int((known.all(axis=1) if missing == "listwise" else known.any(axis=1)).sum())
        if sizes[name] >= least:
            kept[name] = own.kept(missing)
    left = [name for name in groups if name not in kept]
    said = ", ".join(f"{name} (n = {sizes[name]})" for name in left)
    if len(kept) < 2:
        raise CannotCompute(
            f"{len(groups)} group{'' if len(groups) == 1 else 's'} given"
            + (f", too small to be fitted: {said}" if left else ""),
            where="invariance",
            do=f"At least two groups with {least} or more complete answers are needed, "
            f"better {FACTOR_RESPONDENTS.value:g} each; merge small groups",
        )
    cautions = []
    if left:
        text = Text(
            "Left out, fewer than {n} complete answers: {names}.",
            "以下组别完整答卷少于 {n} 份，未纳入：{names}。",
        )
        cautions.append(Caution("group_left_out", text.fill(n=least, names=said), tuple(left)))
    small = [name for name in kept if not FACTOR_RESPONDENTS.met(sizes[name])]
    if small:
        text = Text(
            "Small groups: {names}. Below {n} respondents differences go unnoticed and estimates are "
            "unsteady.",
            "样本较小的组别：{names}。少于 {n} 人时差异难以察觉，估计也不稳定。",
        ).fill(n=f"{FACTOR_RESPONDENTS.value:g}", names=", ".join(f"{g} (n = {sizes[g]})" for g in small))
        cautions.append(Caution("small_group", text, tuple(small)))
    if ordered:
        return _ordered_samples(table, kept), kept, tuple(cautions)
    samples = []
    for name, answers in kept.items():
        try:
            if missing == "fiml":
                sample = Sample.of_gaps(answers.rows, weights=answers.weights)
            else:
                sample = Sample.of_rows(answers.rows, weights=answers.weights)
            linalg.require_variance(np.diagonal(sample.cov))
            linalg.cholesky(sample.cov)
        except NumericsError as err:
            raise err.named(table.observed, where=f"group '{name}'") from err
        samples.append(sample)
    return samples, kept, tuple(cautions)


def _ordered_samples(table: ParameterTable, kept: Mapping[str, Answers]) -> list[Sample]:
    together = np.vstack([a.rows for a in kept.values()])
    found: dict[str, OrderedSample] = {}
    scales = next(iter(kept.values())).scales
    # the values anyone gave are the scale, not those of one group
    values = tuple(
        s or tuple(np.unique(column[~np.isnan(column)]).tolist())
        for s, column in zip(scales, together.T, strict=True)
    )
    for name, answers in kept.items():
        codes, categories = replace(answers, scales=values).codes()
        try:
            found[name] = ordered_sample(codes, categories, weights=answers.weights)
        except NumericsError as err:
            raise err.named(table.observed, where=f"group '{name}'") from err
    for j, item in enumerate(table.observed):
        counts = {name: int((s.item == j).sum()) for name, s in found.items()}
        if len(set(counts.values())) > 1:
            most = max(counts.values())
            lacking = [name for name, k in counts.items() if k < most]
            raise CannotCompute(
                f"nobody in {', '.join(lacking)} chose some answer of {item} that others chose, so its "
                "thresholds cannot be compared",
                where="invariance",
                do="Merge rare answers, leave the item out, or treat the items as numbers (without ordered)",
            )
    return [Sample.of_ordered(s) for s in found.values()]


# ---- the model of one group -------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Ground:
    """The model of one group: structure, q, start and bounds (q,), thresholds of ordered items."""

    table: ParameterTable
    structure: Structure
    count: int
    start: Array
    lower: Array
    upper: Array
    thresholds: Cells | None

    def models(
        self, groups: int, level: Step, released: Sequence[tuple[Equal, int]]
    ) -> tuple[list[MomentStructure], int]:
        """Of all groups at a level."""
        if self.thresholds is not None:
            one = OrderedMoments(self.structure, self.thresholds)
            found, total = ordered_across_groups(one, self.count, groups, step=level)
            return list(found), total
        structures, total = across_groups(self.structure, self.count, groups, step=level, released=released)
        return [ContinuousMoments(s) for s in structures], total

    def spread(self, models: Sequence[MomentStructure], total: int, values: Array, rest: float) -> Array:
        """(total,) what is said of each parameter of one group, for its likes in all groups."""
        found = np.full(total, rest)
        for model in models:
            for name in ("directed", "symmetric", "means"):
                old, new = getattr(self.structure, name), getattr(model.structure, name)
                free = old.free
                found[new.parameter[free]] = values[old.parameter[free]]
        return found

    def cells(self, kind: Equal) -> Cells:
        """Where the parameters of a kind stand."""
        s = self.structure
        return {"loadings": s.directed, "intercepts": s.means, "residuals": s.symmetric}[kind]

    def constructs_of(self, item: int) -> list[int]:
        """Positions of what measures an item."""
        cells = self.structure.directed
        return [int(c) for c in cells.column[cells.row == item]]

    def items_of(self, construct: int) -> list[int]:
        """Positions of what a construct is measured by."""
        cells = self.structure.directed
        return [int(i) for i in cells.row[cells.column == construct]]


def _ground(table: ParameterTable, samples: Sequence[Sample], ordered: bool) -> _Ground:
    p, v = len(table.observed), len(table.variables)
    cuts = None
    if ordered:
        # the residual variance of an ordered item is what leaves its total 1: no cell of its own
        rows = tuple(
            replace(r, free=False, value=0.0)
            if r.operator == COVARIES and r.left == r.right and r.left in table.observed
            else r
            for r in table.rows
        )
        table = replace(table, rows=rows)
    structure, start = structure_of(table, samples[0].cov, samples[0].mean)
    count = len(table.free)
    lower = np.array([max(table.rows[i].lower for i in rows) for rows in table.free])
    upper = np.array([min(table.rows[i].upper for i in rows) for rows in table.free])
    if ordered and samples[0].ordered is not None:
        latent = np.arange(p, v)
        none = np.full(latent.size, -1, dtype=np.intp)
        structure = replace(structure, means=Cells(latent, latent, none, np.zeros(latent.size)))
        item = samples[0].ordered.item
        rank = np.concatenate([np.arange(np.sum(item == i)) for i in range(p)]).astype(np.intp)
        cuts = Cells(item, rank, count + np.arange(item.size, dtype=np.intp), np.zeros(item.size))
        count += item.size
    return _Ground(table, structure, count, start, lower, upper, cuts)


# ---- the ladder ------------------------------------------------------------


class _Ladder:
    """Levels one after another: `rungs` and `fits` go together, `accepted` is the highest kept so far."""

    def __init__(
        self,
        ground: _Ground,
        samples: Sequence[Sample],
        groups: tuple[str, ...],
        estimator: str,
        partial: bool,
    ) -> None:
        self.ground, self.samples, self.groups = ground, samples, groups
        self.estimator, self.partial = estimator, partial
        self.rungs: list[LevelFit] = []
        self.fits: list[Fit] = []
        self.released: list[tuple[Equal, int]] = []
        self.releases: list[Release] = []
        self.cautions: list[Caution] = []
        self.accepted: Step | None = None

    def climb(self, levels: Sequence[Step]) -> None:
        broken = False
        for level in levels:
            found = self._fitted(level, self.released)
            if found is None or not found.estimate.converged:
                self._stopped(level)
                return
            before = self.fits[-1] if self.fits else None
            rung = _level_fit(level, found, before, freed=len(self.released))
            self.rungs.append(rung)
            self.fits.append(found)
            if rung.holds or broken or level not in OWN or not self.partial or before is None:
                self.releases += self._said(level, self._tests(found, level))
            else:
                rung = self._let_go(level, rung, found, before)
            broken = broken or not rung.holds
            if not broken:
                self.accepted = level

    def _fitted(self, level: Step, released: Sequence[tuple[Equal, int]]) -> Fit | None:
        ground = self.ground
        models, total = ground.models(len(self.samples), level, released)
        try:
            return fit(
                models,
                self.samples,
                total,
                estimator=self.estimator,
                start=ground.spread(models, total, ground.start, math.nan),
                lower=ground.spread(models, total, ground.lower, -math.inf),
                upper=ground.spread(models, total, ground.upper, math.inf),
            )
        except NumericsError as err:
            raise err.named(ground.table.observed, where=f"the {level} level") from err
        except np.linalg.LinAlgError:
            return None

    def _stopped(self, level: Step) -> None:
        if not self.rungs:
            alone = self._failing_alone()
            raise CannotCompute(
                f"no best solution was found in {', '.join(alone)}"
                if alone
                else "no best solution was found with every group's own parameters",
                where="the configural level",
                do="Fit the model to each group alone (csat cfa), and simplify it or merge groups",
            )
        text = Text(
            "No solution was found at the level {level}: it and what follows are not judged.",
            "{level}未能求解：该层次及其后各层次不作判断。",
        ).fill(level=(LEVEL_NAMES if self.ground.thresholds is None else ORDERED_NAMES)[level])
        self.cautions.append(Caution("not_converged", text, (level,)))

    def _failing_alone(self) -> list[str]:
        """Groups, with their size, to which the model cannot be fitted even by themselves."""
        failing = []
        for name, sample in zip(self.groups, self.samples, strict=True):
            models, total = self.ground.models(1, "configural", ())
            try:
                found = fit(models, [sample], total, estimator=self.estimator)
            except (NumericsError, np.linalg.LinAlgError):
                found = None
            if found is None or not found.estimate.converged:
                failing.append(f"{name} (n = {sample.n:g})")
        return failing

    def _let_go(self, level: Step, rung: LevelFit, found: Fit, before: Fit) -> LevelFit:
        """Let equalities go until the level holds; where that cannot be, all stay."""
        kind, released, freed = OWN[level], list(self.released), []
        whole = tests = self._tests(found, level)
        while not rung.holds:
            allowed = [t for t in tests if self._may_go(kind, t[0], released)]
            if not allowed or not SCORE_WORTH_FREEING.met(allowed[0][2]):
                break
            released += self._with_it(kind, allowed[0][0])
            freed.append(allowed[0])
            again = self._fitted(level, released)
            if again is None or not again.estimate.converged:
                break
            found, tests = again, self._tests(again, level)
            rung = _level_fit(level, found, before, freed=len(released))
        if not rung.holds:
            self.releases += self._said(level, whole)
            text = Text(
                "{level}: freeing {names} one after another does not restore the fit.",
                "{level}：即使依次放开{names}，拟合仍达不到要求。",
            ).fill(level=LEVEL_NAMES[level], names=joined([r.said() for r in self._said(level, freed)]))
            if freed:
                self.cautions.append(Caution("partial_fails", text, (level,)))
            return self.rungs[-1]
        self.rungs.append(rung)
        self.fits.append(found)
        self.released = released
        if kind == "loadings":
            # without a common loading a common intercept has no meaning
            items = {int(self.ground.structure.directed.row[at]) for k, at in released if k == kind}
            means = self.ground.structure.means
            self.released += [
                ("intercepts", int(at)) for at in np.flatnonzero(means.free) if int(means.row[at]) in items
            ]
        order = len([r for r in self.releases if r.freed])
        gone = self._said(level, freed)
        self.releases += [replace(r, freed=order + i + 1) for i, r in enumerate(gone)]
        self.releases += self._said(level, tests)
        return rung

    def _with_it(self, kind: Equal, cell: int) -> list[tuple[Equal, int]]:
        """The cell, and those that share its parameter by a label of the model."""
        parameter = self.ground.cells(kind).parameter
        return [(kind, int(at)) for at in np.flatnonzero(parameter == parameter[cell])]

    def _may_go(self, kind: Equal, cell: int, released: Sequence[tuple[Equal, int]]) -> bool:
        """Whether two items of each construct concerned stay equal."""
        ground, cells = self.ground, self.ground.cells(kind)
        gone = {at for k, at in released if k == kind} | {at for _, at in self._with_it(kind, cell)}
        loose = {int(cells.row[at]) for at in gone}
        for at in gone:
            item = int(cells.row[at])
            concerned = [int(cells.column[at])] if kind == "loadings" else ground.constructs_of(item)
            for construct in concerned:
                if not EQUAL_ITEMS.met(sum(i not in loose for i in ground.items_of(construct))):
                    return False
        return True

    def _tests(self, found: Fit, level: Step) -> list[tuple[int, int, float]]:
        """(cell, group, score test) of the equalities a level adds, largest first."""
        if level not in OWN or self.ground.thresholds is not None:
            return []
        kind = OWN[level]
        places = [
            (g, name, int(at))
            for g, model in enumerate(found.models)
            for name in MATRICES
            for at in np.flatnonzero(getattr(model.structure, name).free)
        ]
        tests = release_tests(found)
        observed, row = self.ground.structure.observed, self.ground.cells(kind).row
        made = []
        for (one, other), value in zip(tests.pairs.tolist(), tests.statistic.tolist(), strict=True):
            (first, name, at), (g, other_name, other_at) = places[one], places[other]
            # a pair of one group is equal by a label of the model, not by the level
            if g == first or name != other_name or at != other_at or name != MATRIX_OF[kind]:
                continue
            if row[at] < observed and not math.isnan(value):
                made.append((at, g, float(value)))
        return sorted(made, key=lambda t: -t[2])

    def _said(self, level: Step, tests: Sequence[tuple[int, int, float]]) -> list[Release]:
        names, found = self.ground.table.variables, []
        for at, g, value in tests:
            kind = OWN[level]
            cells = self.ground.cells(kind)
            item = names[int(cells.row[at])]
            parameter = {
                "loadings": f"{names[int(cells.column[at])]} =~ {item}",
                "intercepts": f"{item} ~ 1",
                "residuals": f"{item} ~~ {item}",
            }[kind]
            p = float(chdtrc(1, max(value, 0.0)))
            found.append(Release(level, kind, item, parameter, self.groups[g], value, p))
        return found


def _level_fit(level: Step, found: Fit, before: Fit | None, *, freed: int) -> LevelFit:
    now = found.measures
    version = _version(now)
    rise = dict.fromkeys(("cfi", "rmsea", "srmr"), math.nan)
    gap, gap_df, gap_p = math.nan, 0, math.nan
    beyond: tuple[str, ...]
    if before is None:
        first = {"cfi": now[f"cfi{version}"], "srmr": now["srmr"]}
        beyond = tuple(name for name, value in first.items() if not FIT_POOR[name].met(value))
    else:
        then = before.measures
        common = version if version == _version(then) else ""
        rise = {name: now[f"{name}{common}"] - then[f"{name}{common}"] for name in ("cfi", "rmsea")}
        rise["srmr"] = now["srmr"] - then["srmr"]
        limit = SRMR_RISE.get(level, SRMR_RISE["strict"])
        kept = {
            "cfi": CFI_FALL.met(-rise["cfi"]),
            "rmsea": RMSEA_RISE.met(rise["rmsea"]),
            "srmr": limit.met(rise["srmr"]),
        }
        beyond = tuple(name for name, met in kept.items() if not met)
        gap_df = found.test.df - before.test.df
        if gap_df > 0:
            test = difference(found, before)
            gap, gap_p = test.chisq, test.p
    # full information with ordinary errors has robust CFI and RMSEA, but no scaled test
    scaled = "_scaled" if version and "chisq_scaled" in now else ""
    return LevelFit(
        level=level,
        freed=freed,
        parameters=found.theta.size,
        fit=dict(now),
        chi_square=now[f"chisq{scaled}"],
        df=found.test.df,
        p=now[f"pvalue{scaled}"],
        cfi=now[f"cfi{version}"],
        rmsea=now[f"rmsea{version}"],
        srmr=now["srmr"],
        cfi_change=rise["cfi"],
        rmsea_change=rise["rmsea"],
        srmr_change=rise["srmr"],
        difference=gap,
        difference_df=gap_df,
        difference_p=gap_p,
        beyond=beyond,
        holds=not beyond,
    )


def _version(measures: Mapping[str, float]) -> str:
    """The best version of CFI and RMSEA there is: robust, else scaled, else plain."""
    for version in ("_robust", "_scaled"):
        if all(math.isfinite(measures.get(f"{name}{version}", math.nan)) for name in ("cfi", "rmsea")):
            return version
    return ""


# ---- what it means ----------------------------------------------------------


def _latent_means(ladder: _Ladder, groups: tuple[str, ...], confidence: float) -> tuple[LatentMean, ...]:
    at_scalar = [i for i, r in enumerate(ladder.rungs) if r.level == "scalar"]
    if not at_scalar:
        return ()
    found, names = ladder.fits[at_scalar[-1]], ladder.ground.table.variables
    p = ladder.ground.structure.observed
    quantile = float(ndtri((1 + confidence) / 2))
    made = []
    for j in range(p, len(names)):
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


def _improper(ground: _Ground, found: Fit, groups: tuple[str, ...]) -> tuple[Caution, ...]:
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


def _comparable(accepted: Step | None) -> Comparable:
    if accepted in ("scalar", "strict"):
        return "means"
    return "associations" if accepted == "metric" else "nothing"


def _verdict(result: Invariance) -> Verdict:
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
