"""Bootstrap of a structural model: every replicate is fitted anew.

Replicates are those of every other analysis (keyed by row, or as the respondents were drawn). Covariances of
one group are fitted all at once (`replicas`), everything else as `refitting` says.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Caution
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.group_solving import GroupData, GroupSolution
from csat.analyses.structural.grouped import GroupedModel
from csat.analyses.structural.model import Effect, ParameterEstimate, StructuralModel
from csat.analyses.structural.options import Options
from csat.analyses.structural.quantities import Quantities, Replicas, quantities_at, quantities_of
from csat.analyses.structural.refitting import AllReplicas, all_replicas
from csat.analyses.structural.resampled import INTERVALS, Bootstrap, Interval
from csat.analyses.structural.solving import Solution, bounds_of
from csat.analyses.structural.whole import Whole
from csat.errors import BadInput, CannotCompute
from csat.language import Text
from csat.numerics.estimation import Group, MaximumLikelihood
from csat.numerics.fitting import METHODS
from csat.numerics.replicate_moments import jackknife_moments, replicate_moments
from csat.numerics.resampling import MOST_LOST
from csat.numerics.sem_bootstrap import (
    Discrepancy,
    Refits,
    ReplicateGroup,
    as_if_true,
    covariances,
    least_squares,
    refits,
)
from csat.numerics.stacks import Layout

__all__ = [
    "Quantities",
    "Replicas",
    "Resampling",
    "bootstrapped",
    "bootstrapped_groups",
    "check_bootstrap",
    "quantities_of",
    "replicas",
]

Array = NDArray[np.float64]
FEWEST = 50
"""Replicates of a bootstrap at least: quantiles of fewer say nothing (ours)."""
ITEMS_NAMED = 6
"""Items named where replicates are lost."""


@dataclass(frozen=True)
class Resampling:
    """How a model is resampled. replicates : more than 1. bollen_stine : also a p-value of the chi-square."""

    replicates: int
    interval: Interval = "percentile"
    seed: int = 0
    bollen_stine: bool = False


def check_bootstrap(data: Collection[object], options: Options, how: Resampling) -> None:
    """That these answers, of one group or several, can be resampled.

    Raises
    ------
    BadInput : no answers, or something that is asked for and not defined.
    """
    if how.interval not in INTERVALS:
        raise BadInput(f"the interval is '{how.interval}'", right=f"It is {' or '.join(INTERVALS)}")
    if how.replicates < FEWEST:
        raise BadInput(
            f"a bootstrap of {how.replicates} replicates was asked for",
            right=f"At least {FEWEST}, better 1000",
        )
    if not all(isinstance(own, Answers) for own in data):
        raise BadInput(
            "a bootstrap needs the answers, not only their covariances", do="Give the survey or the rows"
        )
    if how.bollen_stine and (options.ordered or options.missing != "listwise"):
        what = "ordered items" if options.ordered else f"answers with gaps (missing='{options.missing}')"
        raise BadInput(
            f"the Bollen-Stine p of the chi-square does not go with {what}",
            right="It turns complete answers, taken as numbers, so that the model holds among them",
            do="Leave it out; the bootstrap itself goes with them",
        )


def replicas(
    found: Solution,
    data: Answers,
    options: Options,
    *,
    replicates: int,
    seed: int = 0,
    leave_out: bool = False,
    bollen_stine: bool = False,
) -> Replicas:
    """The model of a solution in every keyed replicate of the respondents.

    Parameters
    ----------
    found : by covariances of complete rows; else its `fitted` must be known. leave_out : also without each
    respondent (or each of 1000 runs of them), for BCa intervals. bollen_stine : also in the replicates of
    answers turned to obey the model.

    Raises
    ------
    CannotCompute : parameters that cannot be told apart.
    """
    if not _is_stackable(found, options):
        made = all_replicas(
            Whole.of_solution(found, data, options),
            replicates=replicates,
            seed=seed,
            leave_out=leave_out,
            bollen_stine=bollen_stine,
        )
        return made.parts[0]
    table, structure, theta = found.table, found.structure, found.estimate.theta
    kept = data.select(table.observed).kept("listwise")
    n = len(kept.rows)
    kind: Discrepancy = METHODS[options.estimator].discrepancy  # type: ignore[assignment]
    # what turns a covariance that divides by n - 1 into the one that was fitted
    factor = float(found.covariance[0, 0] / found.moments.covariance[0, 0]) * (n - 1) / n
    exogenous = tuple(table.observed.index(x) for x in table.covariates)
    mean = found.moments.means if structure.has_means else None
    whole = Group(structure, found.covariance, float(n), mean)
    objective = MaximumLikelihood([whole]) if kind == "ML" else least_squares([whole], kind)
    slope = objective.slope(objective.look(theta))
    hessian = slope.observed()
    lower, upper = bounds_of(table)

    def fitted(cov: Array, means: Array, *, own_moments: bool = True) -> Refits:
        group = ReplicateGroup(
            structure,
            cov,
            float(n),
            means if structure.has_means else None,
            exogenous if own_moments else (),
        )
        most = int(MOST_LOST * len(cov))
        own = {"discrepancy": kind, "lower": lower, "upper": upper, "most_failed": most}
        try:
            return refits([group], theta, hessian, **own)  # type: ignore[arg-type]
        except np.linalg.LinAlgError:
            pass
        try:
            return refits([group], theta, slope.expected, **own)  # type: ignore[arg-type]
        except np.linalg.LinAlgError as err:
            raise CannotCompute(
                "the answers cannot tell some parameters apart, so no replicate can either",
                where="the bootstrap of the model",
                do="Look at the verdict of the model first",
            ) from err

    draws = replicate_moments(
        kept.rows,
        weights=kept.weights,
        rows=kept.numbers,
        replicates=replicates,
        seed=seed,
        replication=None if kept.replication is None else kept.replication.as_draws(),
    )
    cov, means = covariances(draws, factor=factor)
    fits = fitted(cov, means)
    layout = Layout(structure, theta.size, exogenous)
    left_out = None
    if leave_out:
        unit = None if kept.replication is None else kept.replication.unit
        without = covariances(jackknife_moments(kept.rows, weights=kept.weights, group=unit), factor=factor)
        left_out = quantities_at(table, layout.at(fitted(*without).theta, *without))
    p = math.nan
    if bollen_stine:
        at = found.estimate.implied[0]
        turned = as_if_true(
            cov,
            means,
            sample=(found.covariance, found.moments.means),
            implied=(at.covariance, at.mean if structure.has_means else None),
        )
        true = fitted(*turned).discrepancy
        good = true[np.isfinite(true)]
        if good.size >= (1 - MOST_LOST) * replicates:
            p = float(np.mean(good >= found.estimate.discrepancy))
    return Replicas(
        table=table,
        whole=quantities_of(found),
        drawn=quantities_at(table, layout.at(fits.theta, cov, means)),
        left_out=left_out,
        fits=fits,
        bollen_stine_p=p,
    )


def _is_stackable(found: Solution, options: Options) -> bool:
    """Whether all that a replicate needs is its covariances and means."""
    by_moments = METHODS[options.estimator].discrepancy in ("ML", "GLS", "ULS")
    ordered = found.fitted is not None and found.fitted.problem.ordered
    return by_moments and options.missing == "listwise" and not ordered and not found.table.rules


# ---- into the result --------------------------------------------------


def bootstrapped(
    result: StructuralModel,
    found: Solution,
    data: Answers,
    options: Options,
    asked: Resampling,
) -> StructuralModel:
    """The result with bootstrap errors and intervals; as it is, with a caution, where there is no optimum.

    An improper solution (a negative variance, say) is resampled too: its verdict stands above the numbers.
    """
    made = None
    if _has_optimum(result):
        with suppress(CannotCompute):
            made = _made(found, data, options, asked)
    if made is None:
        return replace(result, cautions=(*result.cautions, _no_solution()))
    how = _how([made], options, asked)
    return replace(
        result,
        parameters=tuple(_with_spreads(result.parameters, made, how)),
        effects=tuple(_effects_with_spreads(result.effects, made, how)),
        bootstrap=how,
        cautions=(*result.cautions, *_lost(how, made.items), *_absent(made.absent)),
    )


def bootstrapped_groups(
    result: GroupedModel, found: GroupSolution, data: GroupData, options: Options, asked: Resampling
) -> GroupedModel:
    """The same of several groups, each resampled by itself."""
    answers = {name: own for name, own in data.items() if isinstance(own, Answers)}
    made: AllReplicas | None = None
    if _has_optimum(result):
        with suppress(CannotCompute):
            made = all_replicas(
                Whole.of_groups(found, answers, options),
                replicates=asked.replicates,
                seed=asked.seed,
                leave_out=asked.interval == "bca",
                bollen_stine=asked.bollen_stine,
            )
    if made is None:
        return replace(result, cautions=(*result.cautions, _no_solution()))
    how = _how(made.parts, options, asked)
    parts = {
        name: replace(
            part,
            parameters=tuple(_with_spreads(part.parameters, own, how)),
            effects=tuple(_effects_with_spreads(part.effects, own, how)),
            bootstrap=how,
        )
        for (name, part), own in zip(result.by_group.items(), made.parts, strict=True)
    }
    defined: Sequence[ParameterEstimate] = result.parameters[sum(len(p.parameters) for p in parts.values()) :]
    if made.defined is not None:
        defined = tuple(_with_spreads(defined, made.defined, how))
    return replace(
        result,
        parameters=(
            *(row._replace(group=name) for name, part in parts.items() for row in part.parameters),
            *defined,
        ),
        by_group=parts,
        bootstrap=how,
        cautions=(*result.cautions, *_lost(how, made.items), *_absent(made.absent)),
    )


def _has_optimum(result: StructuralModel | GroupedModel) -> bool:
    """Whether there is one solution, proper or not."""
    return result.converged and all(c.code != "not_identified" for c in result.cautions)


def _how(parts: Sequence[Replicas], options: Options, asked: Resampling) -> Bootstrap:
    """parts : by group; a replicate of one is a replicate of all."""
    one = parts[0]
    fits = one.counted
    proper = np.logical_and.reduce([own.drawn.proper for own in parts])
    return Bootstrap(
        replicates=fits.discrepancy.size,
        used=fits.discrepancy.size - fits.failed,
        negative=int(np.count_nonzero(~proper & np.isfinite(one.fits.discrepancy))),
        stopped=fits.stopped,
        interval=asked.interval,
        confidence=options.confidence,
        seed=asked.seed,
        bollen_stine_p=one.bollen_stine_p,
        groups=len(parts),
        draws=0 if one.solved is None else one.fits.discrepancy.size,
    )


def _made(found: Solution, data: Answers, options: Options, asked: Resampling) -> Replicas:
    return replicas(
        found,
        data,
        options,
        replicates=asked.replicates,
        seed=asked.seed,
        leave_out=asked.interval == "bca",
        bollen_stine=asked.bollen_stine,
    )


def _with_spreads(
    rows: Sequence[ParameterEstimate], made: Replicas, how: Bootstrap
) -> Iterator[ParameterEstimate]:
    names = {"raw": "boot", "latent": "std_lv_boot", "complete": "std_all_boot"}
    spreads = {name: made.spreads(quantity, how.interval, how.confidence) for quantity, name in names.items()}
    for i, row in enumerate(rows):
        yield row._replace(**_named({name: spread[i] for name, spread in spreads.items()}))


def _effects_with_spreads(effects: Sequence[Effect], made: Replicas, how: Bootstrap) -> Iterator[Effect]:
    if not effects:
        return
    names = {n: i for i, n in enumerate(made.table.variables)}
    at = [names[e.effect] for e in effects], [names[e.cause] for e in effects]
    spreads = {
        f"{quantity}_boot": made.of_pairs(*at).spreads(quantity, how.interval, how.confidence)
        for quantity in ("indirect", "total", "std_indirect", "std_total")
    }
    for i, effect in enumerate(effects):
        yield effect._replace(**_named({name: spread[i] for name, spread in spreads.items()}))


def _named(spreads: Mapping[str, Array]) -> dict[str, Any]:
    """`boot` and its three numbers as boot_se, boot_lower, boot_upper."""
    return {
        f"{name}_{end}": float(value)
        for name, spread in spreads.items()
        for end, value in zip(("se", "lower", "upper"), spread, strict=True)
    }


def _no_solution() -> Caution:
    return Caution(
        "no bootstrap",
        Text(
            "No bootstrap was made: the model has no single optimum from which a replicate could start.",
            "未做自助法：模型没有唯一的最优解，重抽样无从开始。",
        ),
    )


def _lost(how: Bootstrap, items: Mapping[str, int]) -> tuple[Caution, ...]:
    lost = how.replicates - how.used
    if not lost:
        return ()
    if not how.withheld:
        text = Text(
            f"{lost} of {how.replicates} bootstrap replicates have no optimum and are left out.",
            f"{how.replicates} 次自助抽样中有 {lost} 次没有最优解，已剔除。",
        )
        return (Caution("bootstrap replicates lost", _with_items(text, items)),)
    many = "at least " if how.stopped else ""
    least = "至少 " if how.stopped else " "
    seen = int(MOST_LOST * how.replicates) + 1 if how.stopped else lost
    # the items say more than a guess
    reason = Text(
        " The answers say too little about some parameters; paths from constructs that are nearly the same "
        "are the usual reason.",
        "数据对某些参数的信息太少，常见原因是几个构念几乎相同。",
    )
    text = Text(
        f"No bootstrap errors and intervals: in {many}{seen} of {how.replicates} replicates the "
        f"model has no optimum, more than {100 * MOST_LOST:g}%." + ("" if items else reason.en),
        f"不给出自助法标准误与区间：{how.replicates} 次抽样中{least}{seen} 次没有最优解，"
        f"超过 {100 * MOST_LOST:g}%。" + ("" if items else reason.zh),
    )
    return (Caution("bootstrap withheld", _with_items(text, items)),)


def _with_items(text: Text, items: Mapping[str, int]) -> Text:
    """Which items were without moments, and in how many replicates."""
    if not items:
        return text
    return Text(
        f"{text.en} In some of them all answers to an item are alike, or two items cannot be told apart: "
        f"{_counted(items, ', ')}. Merge rare answers, or leave the item out.",
        f"{text.zh}其中有的抽样里某题项的回答全部相同，或两个题项无法区分：{_counted(items, '、')}。"
        "请合并少有人选的答案，或去掉该题项。",
    )


def _absent(items: Mapping[str, int]) -> tuple[Caution, ...]:
    """Where nobody chose the answer at an end of a scale."""
    if not items:
        return ()
    return (
        Caution(
            "bootstrap thresholds lost",
            Text(
                "In some replicates nobody chose the lowest or the highest answer to an item, so that its "
                f"threshold has no value there; all else is estimated: {_counted(items, ', ')} (replicates). "
                f"Above {100 * MOST_LOST:g}% of the replicates no interval of the threshold is given.",
                "有的抽样里无人选择某题项的最低或最高答案，其阈值在该次抽样中没有取值，其余照常估计："
                f"{_counted(items, '、')}（抽样次数）。超过 {100 * MOST_LOST:g}% 时不给出该阈值的区间。",
            ),
            tuple(items),
        ),
    )


def _counted(items: Mapping[str, int], between: str) -> str:
    """The items with how often, most often first; few of many."""
    ranked = sorted(items, key=lambda i: -items[i])
    said = between.join(f"{i} {items[i]}" for i in ranked[:ITEMS_NAMED])
    return said + (between + "..." if len(ranked) > ITEMS_NAMED else "")
