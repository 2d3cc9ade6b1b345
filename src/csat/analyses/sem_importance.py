"""How much a construct or an item matters for an outcome, by the total effects of a structural model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Base, Caution
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.assembling import assembled
from csat.analyses.structural.bootstrap import Quantities, quantities_of, replicas
from csat.analyses.structural.model import StructuralModel
from csat.analyses.structural.options import Options
from csat.analyses.structural.solving import Solution, solved
from csat.errors import CannotCompute, listed
from csat.instrument.parameters import ParameterTable, parameter_table
from csat.instrument.statements import MEASURES, Model
from csat.language import Text
from csat.numerics.resampling import MOST_LOST

Array = NDArray[np.float64]

SEM_EFFECT = "SEM total effect"
"""What the measure is called in results."""


OPTIONS = Options("ML", "normal", False, False, True, False, "Hu-Bentler", 0.95, "listwise", False, 0)


@dataclass(frozen=True, eq=False)
class SemImportance:
    """Of k constructs or items: values (k,), their replicates (k, R), NaN where one has no optimum."""

    values: Array
    drawn: Array
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, eq=False)
class SemItemEffects:
    """Item to points of the target's index, and to (R,) the same in the replicates."""

    values: dict[str, float]
    drawn: dict[str, Array]
    base: Base
    cautions: tuple[Caution, ...]


def sem_importance(
    model: Model,
    data: Answers,
    *,
    names: Sequence[str],
    target: str,
    replicates: int = 0,
    seed: int = 0,
    titles: Mapping[str, Text] | None = None,
    where: str = "the path model",
) -> SemImportance:
    """Importance of constructs and items for a target, from the model and from its keyed replicates.

        construct   its total effect on the target, all variables standardised: by how many standard
                    deviations the target moves when the construct does by one
        item        its standardised loading times the total effect of its construct, summed where it
                    measures several: the customary weight of an item in studies by AMOS or LISREL

    Items reflect a construct and do not make it, so an item's figure ranks items by how well they show a
    construct that matters; it is no effect of the item itself.

    Parameters
    ----------
    names : constructs or items of the model. target : a construct or observed variable; its own total effect
    on itself is 1.

    Raises
    ------
    CannotCompute : the verdict on the model failed, too many replicates have no optimum, or the model says
    nothing of a name or the target.
    """
    fitted = _fitted(model, data, (*names, target), titles or {}, where)
    drawn = np.empty((len(names), 0))
    if replicates:
        drawn = _of(fitted.table, _replicates(fitted, data, replicates, seed, where), names, target)
    return SemImportance(
        values=_of(fitted.table, quantities_of(fitted.found), names, target)[:, 0],
        drawn=drawn,
        cautions=_doubtful(fitted.result),
    )


def sem_item_effects(
    model: Model,
    data: Answers,
    *,
    target: str,
    points: Mapping[str, float],
    replicates: int = 0,
    seed: int = 0,
    titles: Mapping[str, Text] | None = None,
    where: str = "the path model",
) -> SemItemEffects:
    """Points of the target's index (0-100, equal weights) per point of each item's mean.

    With t the unstandardised total effect of construct c on the target y and l the mean of the loadings of a
    construct in points (loading x points per answer unit), an item of the k of c moves the score of c by
    1 / k, and one point of that score goes with t l_y / l_c points of the target's. An item of the target
    moves it by 1 / k itself. Items that measure several constructs add up.

    Parameters
    ----------
    points : of each item of the model, points of 100 per answer unit. The rest as `sem_importance`.
    """
    fitted = _fitted(model, data, (target,), titles or {}, where)
    if target not in fitted.table.latents:
        raise CannotCompute(
            f"the path model has no construct '{target}'", where=where, do="Use method 'regression'"
        )
    one = _points(fitted.table, quantities_of(fitted.found), target, points)
    many: dict[str, Array] = dict.fromkeys(one, np.empty(0))
    if replicates:
        drawn = _replicates(fitted, data, replicates, seed, where)
        many = _points(fitted.table, drawn, target, points)
    return SemItemEffects(
        {i: float(v[0]) for i, v in one.items()}, many, fitted.result.base, _doubtful(fitted.result)
    )


def _points(
    table: ParameterTable, found: Quantities, target: str, points: Mapping[str, float]
) -> dict[str, Array]:
    at = {n: i for i, n in enumerate(table.variables)}
    measured: dict[str, list[tuple[str, int]]] = {}
    for row, parameter in enumerate(table.rows):
        if parameter.operator == MEASURES and parameter.right in points:
            measured.setdefault(parameter.left, []).append((parameter.right, row))
    level = {
        c: np.mean([points[i] * found.raw[row] for i, row in items], axis=0) for c, items in measured.items()
    }
    effects: dict[str, Array] = {}
    for c, items in measured.items():
        moved = found.total[at[target], at[c]] * level[target] / level[c]
        moved = np.where(np.isnan(moved), np.nan, 1.0) if c == target else moved
        for item, _ in items:
            effects[item] = effects.get(item, np.zeros(1)) + moved / len(items)
    return effects


@dataclass(frozen=True, eq=False)
class _Fitted:
    table: ParameterTable
    found: Solution
    result: StructuralModel


def _fitted(
    model: Model, data: Answers, names: Sequence[str], titles: Mapping[str, Text], where: str
) -> _Fitted:
    """By maximum likelihood, where the verdict allows it and the names are known."""
    table = parameter_table(model, fixed_x=OPTIONS.fixes_covariates)
    found = solved(table, data, OPTIONS)
    result = assembled(
        StructuralModel,
        model,
        found,
        options=OPTIONS,
        hypotheses=(),
        known=table.variables,
        titles=dict(titles),
    )
    if result.verdict.failed:
        raise CannotCompute(
            f"the model must not be used: {result.verdict.text.en.rstrip('.')}",
            where=where,
            do="Look at csat sem, mend the model, or use another method",
        )
    absent = [n for n in names if n not in table.variables]
    if absent:
        raise CannotCompute(
            f"the path model says nothing of {listed(list(dict.fromkeys(absent)))}",
            where=where,
            do="Add it to the model, or use another method",
        )
    return _Fitted(table, found, result)


def _replicates(fitted: _Fitted, data: Answers, replicates: int, seed: int, where: str) -> Quantities:
    made = replicas(fitted.found, data, OPTIONS, replicates=replicates, seed=seed)
    asked = made.drawn.proper.size
    if made.lost > MOST_LOST * asked:
        raise CannotCompute(
            f"the model has no optimum in more than {100 * MOST_LOST:g}% of {asked} replicates, "
            "so how sure its total effects are cannot be said",
            where=where,
            do="Use PLS effects (pls) or another method; priorities also do without replicates "
            "(--replicates 0)",
        )
    return made.drawn


def _of(table: ParameterTable, found: Quantities, names: Sequence[str], target: str) -> Array:
    """(k, N)"""
    at = {n: i for i, n in enumerate(table.variables)}
    total = found.std_total[at[target]].copy()
    total[at[target]] = np.where(np.isnan(total[at[target]]), np.nan, 1.0)
    values = []
    for name in names:
        loadings = [i for i, r in enumerate(table.rows) if r.operator == MEASURES and r.right == name]
        if name in table.latents or not loadings:
            values.append(total[at[name]])
        else:
            values.append(
                np.sum([found.complete[i] * total[at[table.rows[i].left]] for i in loadings], axis=0)
            )
    return np.array(values)


def _doubtful(result: StructuralModel) -> tuple[Caution, ...]:
    if result.verdict.level != "doubtful":
        return ()
    return (
        Caution(
            "model doubtful",
            Text(
                "The path model behind these effects is doubtful: {why}",
                "推算这些效应所用的路径模型存疑：{why}",
            ).fill(why=result.verdict.text),
        ),
    )
