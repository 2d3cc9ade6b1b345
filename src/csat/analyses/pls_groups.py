"""PLS in groups of respondents: are the constructs the same, and do their paths differ?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from csat.analyses.pls_data import ModelData
from csat.analyses.pls_design import Design, design_of, instrument_of, titles_of
from csat.analyses.pls_groups_result import (
    LEVEL,
    REST,
    Against,
    CompositeInvariance,
    Invariance,
    PathDifference,
    PlsGroups,
)
from csat.analyses.result import SOUND, Caution, Verdict
from csat.errors import BadInput, NumericsError
from csat.instrument.statements import Model
from csat.language import Text, joined
from csat.numerics.intervals import adjust_p
from csat.numerics.pls import AboutConstructs, Mode, Scheme
from csat.numerics.pls_groups import PERMUTATIONS, GroupTest, compare_groups
from csat.numerics.replicate_moments import Missing
from csat.responses.groups import Group, groups_of
from csat.responses.responses import Responses

Array = NDArray[np.float64]
SMALL_GROUP = 30
"""Respondents below which a group is not tested (METHODS 20)."""


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
        float(test.path_difference[at]), float(test.path_lower[at]), float(test.path_upper[at]),
        float(test.path_p[at]), adjusted,
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
