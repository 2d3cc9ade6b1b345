"""How much a construct or an item matters for an outcome, by the total effects of a structural model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Caution
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.assembling import assembled
from csat.analyses.structural.bootstrap import Quantities, quantities_of, replicas
from csat.analyses.structural.model import StructuralModel
from csat.analyses.structural.options import Options, check_options
from csat.analyses.structural.solving import solved
from csat.errors import CannotCompute, listed
from csat.instrument.parameters import ParameterTable, parameter_table
from csat.instrument.statements import MEASURES, Model
from csat.language import Text
from csat.numerics.resampling import MOST_LOST

Array = NDArray[np.float64]

SEM_EFFECT = "SEM total effect"
"""What the measure is called in results."""


@dataclass(frozen=True, eq=False)
class SemImportance:
    """Of k constructs or items: values (k,), their replicates (k, R), NaN where one has no optimum."""

    values: Array
    drawn: Array
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
    options = Options("ML", "normal", False, False, True, False, "Hu-Bentler", 0.95, "listwise", False, 0)
    check_options(options)
    table = parameter_table(model, fixed_x=options.fixes_covariates)
    found = solved(table, data, options)
    result = assembled(
        StructuralModel,
        model,
        found,
        options=options,
        hypotheses=(),
        known=table.variables,
        titles=dict(titles or {}),
    )
    if result.verdict.failed:
        raise CannotCompute(
            f"the model must not be used: {result.verdict.text.en.rstrip('.')}",
            where=where,
            do="Look at csat sem, mend the model, or use derived importance (--importance derived)",
        )
    absent = [n for n in (*names, target) if n not in table.variables]
    if absent:
        raise CannotCompute(
            f"the path model says nothing of {listed(list(dict.fromkeys(absent)))}",
            where=where,
            do="Add it to the model, or use derived importance (--importance derived)",
        )
    drawn = np.empty((len(names), 0))
    if replicates:
        many = replicas(found, data, options, replicates=replicates, seed=seed)
        asked = many.drawn.proper.size
        if many.lost > MOST_LOST * asked:
            raise CannotCompute(
                f"the model has no optimum in more than {100 * MOST_LOST:g}% of {asked} replicates, "
                "so how sure its total effects are cannot be said",
                where=where,
                do="Use PLS effects (--importance pls) or derived importance, or ask for no replicates "
                "(--replicates 0)",
            )
        drawn = _of(table, many.drawn, names, target)
    return SemImportance(
        values=_of(table, quantities_of(found), names, target)[:, 0],
        drawn=drawn,
        cautions=_doubtful(result),
    )


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
                "The path model behind the importance is doubtful: {why}",
                "推算重要性所用的路径模型存疑：{why}",
            ).fill(why=result.verdict.text),
        ),
    )
