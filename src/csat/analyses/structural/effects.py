"""Direct, indirect and total effects along the paths of a model."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from csat.analyses.structural.model import Effect
from csat.analyses.structural.parameters import two_sided_p
from csat.instrument.parameters import ParameterTable
from csat.instrument.statements import MEASURES, REGRESSED_ON
from csat.numerics import solution
from csat.numerics.structure import Structure

Array = NDArray[np.float64]


def effects_of(
    table: ParameterTable, structure: Structure, theta: Array, theta_cov: Array, variances: Array
) -> tuple[Effect, ...]:
    """Effects of every variable on every other it has a route to, in model order.

    variances : (v,) total variance of each variable. Empty without paths, or when a loop of paths feeds back
    all of itself.
    """
    directed = [r for r in table.rows if r.operator in (MEASURES, REGRESSED_ON)]
    paths = np.array([i for i, r in enumerate(directed) if r.operator == REGRESSED_ON], dtype=np.intp)
    try:
        found = solution.effects(structure, theta, theta_cov, paths)
    except np.linalg.LinAlgError:
        return ()
    names = table.variables
    direct = {(directed[i].right, directed[i].left) for i in paths.tolist()}
    on_paths = {name for path in direct for name in path}
    involved = [i for i, name in enumerate(names) if name in on_paths]
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(variances[involved])
        scale = (sd / sd[:, None]).tolist()
    inside = np.ix_(involved, involved)
    totals, errors, indirects, indirect_errors = (
        values[inside].tolist() for values in (found.total, found.total_se, found.indirect, found.indirect_se)
    )
    made = []
    for x, cause in enumerate(names[i] for i in involved):
        for y, effect in enumerate(names[i] for i in involved):
            total, total_se = totals[y][x], errors[y][x]
            indirect, indirect_se = indirects[y][x], indirect_errors[y][x]
            if x == y or (total == 0 and total_se == 0):
                continue
            made.append(
                Effect(
                    cause=cause,
                    effect=effect,
                    direct=total - indirect if (cause, effect) in direct else 0.0,
                    indirect=indirect,
                    indirect_se=indirect_se,
                    indirect_p=two_sided_p(indirect, indirect_se) if indirect_se > 0 else math.nan,
                    total=total,
                    total_se=total_se,
                    total_p=two_sided_p(total, total_se),
                    std_total=total * scale[y][x],
                    std_indirect=indirect * scale[y][x],
                )
            )
    return tuple(made)
