"""PLS in groups of respondents: are the constructs the same, and do their paths differ?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.pls_data import ModelData
from csat.analyses.pls_design import Design, design_of, instrument_of, titles_of
from csat.analyses.result import SOUND, Caution, Result, Verdict
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, NumericsError
from csat.instrument.statements import Model
from csat.language import Language, Text, joined
from csat.numerics.intervals import adjust_p
from csat.numerics.pls import AboutConstructs, Mode, Scheme
from csat.numerics.pls_groups import PERMUTATIONS, GroupTest, compare_groups
from csat.numerics.replicate_moments import Missing
from csat.responses.groups import Group, groups_of
from csat.responses.responses import Responses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Against = Literal["rest", "pairs"]
Invariance = Literal["full", "partial", "none"]

LEVEL = 0.05
SMALL_GROUP = 30
"""Respondents below which a group is not tested (METHODS 20)."""
REST = Text("all others", "其余")
INVARIANCE_WORDS: Mapping[Invariance, Text] = {
    "full": Text("full", "完全不变"),
    "partial": Text("partial: paths may be compared", "部分不变：可比较路径"),
    "none": Text("none: do not compare paths", "不成立：不可比较路径"),
}


@dataclass(frozen=True)
class PathDifference:
    """One path in two groups: permutation p, two-sided, and adjusted by Holm over all tests of the result."""

    first: str
    second: str
    cause: str
    effect: str
    estimate_first: float
    estimate_second: float
    difference: float
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
                    for name in ("estimate_first", "estimate_second", "difference", "p", "p_adjusted")
                },
            },
            title=Text("Paths in the groups", "各组路径比较"),
            notes=[
                note,
                Text("Adjusted: Holm over all tests of this table.", "校正：对本表全部检验作 Holm 校正。"),
            ],
            labels={
                **sides,
                "estimate_first": Text("Path in A", "甲组路径"),
                "estimate_second": Text("Path in B", "乙组路径"),
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
                reference=0.0,
                xlabel=Text("difference of the paths, A less B", "路径之差（甲减乙）").say(language),
            )

        return {
            "differences": Plot(
                draw,
                title=Text("Differences of the paths between groups", "组间路径差异"),
                description=Text(
                    "One dot a path: its estimate in the first group less that in the second.",
                    "每条路径一个点：第一组的估计值减去第二组的估计值。",
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


def pls_groups(
    responses: Responses,
    segment: str,
    model: Model | str | None = None,
    *,
    constructs: Mapping[str, Sequence[str]] | None = None,
    paths: Sequence[tuple[str, str]] | None = None,
    modes: Mapping[str, Mode] | Mode = "A",
    scheme: Scheme = "path",
    consistent: bool = False,
    against: Against = "rest",
    missing: Missing = "listwise",
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> PlsGroups:
    """Compare the paths of a PLS model between the groups of a segment column, by permutation.

    Parameters
    ----------
    segment : the column. model, constructs, paths, modes, scheme, consistent : as `pls`.
        A construct measured by constructs takes their items (repeated indicators).
    against : each group against all others (`rest`, default), or all `pairs`.
    missing : `listwise` (default) or `pairwise`.

    Raises
    ------
    BadInput : fewer than two groups of 30 respondents. CannotCompute : a group in which the model has no
        solution.
    """
    instrument = instrument_of(responses)
    design = design_of(instrument, model, constructs, paths, modes, higher_order="repeated-indicators")
    if design.products:
        raise BadInput(
            "groups are not compared with moderated paths: the group is a moderator itself",
            do="Leave the products out of the model",
        )
    groups = groups_of(responses, segment)
    large = [g for g in groups if g.n >= SMALL_GROUP]
    if len(large) < 2:
        raise BadInput(
            f"'{segment}' has {len(large)} groups of at least {SMALL_GROUP} respondents",
            right="A comparison needs two",
            do="Join groups, or choose another column",
        )
    pairs, tests = _pairs(large, against), []
    everybody = np.concatenate([g.rows for g in groups])
    for number, (one, two) in enumerate(pairs):
        rows = np.sort(np.concatenate([one.rows, two.rows]) if two else everybody)
        rng = np.random.default_rng([seed, number])
        tests.append(_tested(responses, rows, one, design, scheme, consistent, missing, permutations, rng))
    named = [(_name(one), _name(two) if two else "") for one, two in pairs]
    data = ModelData.of(responses, design.items, missing, "pearson")
    titles = titles_of(instrument, design) | {"": REST} | {_name(g): g.title for g in groups}
    adjusted = iter(adjust_p([_p(t, design, a, b) for t in tests for a, b in design.paths]))
    rows_ = tuple(
        _difference(t, design, pair, a, b, float(next(adjusted)))
        for t, pair in zip(tests, named, strict=True)
        for a, b in design.paths
    )
    invariance = tuple(
        _invariance(t, pair, c, k)
        for t, pair in zip(tests, named, strict=True)
        for k, c in enumerate(design.constructs)
    )
    return PlsGroups(
        base=data.base(missing),
        cautions=_cautions(groups, tests, permutations, missing),
        verdict=_verdict(invariance, titles),
        segment=segment,
        groups=tuple(_name(g) for g in groups),
        n=tuple(g.n for g in groups),
        against=against,
        paths=rows_,
        invariance=invariance,
        permutations=permutations,
        lost=sum(t.lost for t in tests),
        seed=seed,
        titles={k: v for k, v in titles.items() if k not in design.items or k in design.constructs},
    )


def _name(group: Group) -> str:
    return group.title.say("en")


def _pairs(groups: list[Group], against: Against) -> list[tuple[Group, Group | None]]:
    """Pairs to compare; None stands for all others."""
    if against == "pairs":
        return [(a, b) for i, a in enumerate(groups) for b in groups[i + 1 :]]
    return [(groups[0], groups[1])] if len(groups) == 2 else [(g, None) for g in groups]


def _tested(
    responses: Responses,
    rows: NDArray[np.intp],
    first: Group,
    design: Design,
    scheme: Scheme,
    consistent: bool,
    missing: Missing,
    permutations: int,
    rng: np.random.Generator,
) -> GroupTest:
    part = responses.where(rows)
    in_first, name = np.isin(rows, first.rows), _name(first)
    try:
        return compare_groups(
            part.answers(design.items), in_first, design.structure, scheme=scheme, consistent=consistent,
            weights=part.weights, missing=missing, permutations=permutations, rng=rng,
        )  # fmt: skip
    except AboutConstructs as error:
        raise error.named(design.constructs, where=f"group '{name}'") from error
    except NumericsError as error:
        raise error.named(design.items, where=f"group '{name}'") from error


def _at(design: Design, cause: str, effect: str) -> tuple[int, int]:
    return design.constructs.index(cause), design.constructs.index(effect)


def _p(test: GroupTest, design: Design, cause: str, effect: str) -> float:
    return float(test.path_p[_at(design, cause, effect)])


def _difference(
    test: GroupTest, design: Design, pair: tuple[str, str], cause: str, effect: str, adjusted: float
) -> PathDifference:
    at = _at(design, cause, effect)
    return PathDifference(
        *pair, cause, effect, float(test.first.paths[at]), float(test.second.paths[at]),
        float(test.path_difference[at]), float(test.path_p[at]), adjusted,
    )  # fmt: skip


def _invariance(test: GroupTest, pair: tuple[str, str], construct: str, k: int) -> CompositeInvariance:
    m = test.micom
    # a single item agrees exactly: rounding must not decide
    same = m.correlation[k] >= m.correlation_floor[k] - 1e-12
    equal = m.mean_p[k] >= LEVEL and m.variance_p[k] >= LEVEL
    reached: Invariance = "none" if not same else "full" if equal else "partial"
    return CompositeInvariance(
        *pair,
        construct,
        correlation=float(m.correlation[k]),
        floor=float(m.correlation_floor[k]),
        mean_difference=float(m.mean_difference[k]),
        mean_p=float(m.mean_p[k]),
        variance_log_ratio=float(m.variance_log_ratio[k]),
        variance_p=float(m.variance_p[k]),
        invariance=reached,
    )


def _cautions(
    groups: Sequence[Group], tests: Sequence[GroupTest], permutations: int, missing: Missing
) -> tuple[Caution, ...]:
    found: list[Caution] = []
    small = [g for g in groups if g.n < SMALL_GROUP]
    if small:
        found.append(
            Caution(
                "small_groups",
                Text(
                    "Groups of fewer than {k} respondents are not tested by themselves: {names}.",
                    "少于 {k} 人的组不单独检验：{names}。",
                ).fill(k=SMALL_GROUP, names=joined([g.title for g in small])),
                tuple(_name(g) for g in small),
            )
        )
    lost = sum(t.lost for t in tests)
    if lost:
        found.append(
            Caution(
                "lost_permutations",
                Text(
                    "{k} of {n} permutations gave no solution and were left out.",
                    "{n} 次置换中有 {k} 次无解，已剔除。",
                ).fill(k=lost, n=permutations * len(tests)),
            )
        )
    if missing == "mean":
        found.append(
            Caution(
                "mean_replacement",
                Text("Silent cells were filled with the item's mean.", "缺失单元格以题项均值填补。"),
            )
        )
    return tuple(found)


def _verdict(rows: Sequence[CompositeInvariance], titles: Mapping[str, Text]) -> Verdict:
    broken = list(dict.fromkeys(r.construct for r in rows if r.invariance == "none"))
    if not broken:
        return SOUND
    return Verdict(
        "doubtful",
        Text(
            "The groups do not weigh the items alike, so paths of these constructs should not be compared: "
            "{names}.",
            "各组对题项的加权不同，不宜比较以下构念的路径：{names}。",
        ).fill(names=joined([titles[c] for c in broken])),
    )
