"""From the words of a model to what numerics solve: its measurement part, and its parameters as cells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from csat.analyses.structural.parameters import MATRIX
from csat.errors import BadInput
from csat.instrument.parameters import REMEMBERED, Parameter, ParameterTable
from csat.instrument.statements import DEFINED, INTERCEPT, MEASURES, REGRESSED_ON, Model
from csat.numerics.structure import Cells, Structure, no_cells

Array = NDArray[np.float64]


def measurement_part(model: Model) -> Model:
    """The model without its paths and what needs them.

    Raises
    ------
    BadInput : nothing is measured.
    """
    kept = tuple(s for s in model.statements if s.operator != REGRESSED_ON)
    latents = set(model.latents)
    measuring = {s.right for s in kept if s.operator == MEASURES}
    # a covariance or intercept of something that only paths named has nothing left to stand on
    kept = tuple(s for s in kept if all(n in latents or n in measuring for n in s.names if n))
    if not any(s.operator == MEASURES for s in kept):
        raise BadInput(
            "the model measures nothing", do="Say what measures a construct, as in f =~ x1 + x2 + x3"
        )
    labels = {name for s in kept for name in s.label}
    rules = tuple(r for r in model.rules if set(r.right.names) <= labels and r.operator != DEFINED)
    rules = tuple(r for r in rules if set(r.left.names) <= labels)
    return Model(kept, rules)


def structure_of(table: ParameterTable, covariance: Array, means: Array) -> tuple[Structure, Array]:
    """The table as cells, and the starting values the model text gives (NaN where it gives none).

    Parameters
    ----------
    covariance, means : (p, p), (p,) of the observed, for covariates that keep their own moments.
    """
    if any(row.exogenous for row in table.rows):
        return _structure(table, covariance, means)
    return _structure_of_all_answers(table)


@lru_cache(maxsize=REMEMBERED)
def _structure_of_all_answers(table: ParameterTable) -> tuple[Structure, Array]:
    """Of a model that takes no moments from the answers: made once, with all that rests on its cells."""
    none = np.zeros((0, 0))
    structure, start = _structure(table, none, none)
    start.setflags(write=False)
    return structure, start


def _structure(table: ParameterTable, covariance: Array, means: Array) -> tuple[Structure, Array]:
    at = {name: i for i, name in enumerate(table.variables)}
    places: dict[str, list[tuple[int, int, int, float]]] = {"directed": [], "symmetric": [], "means": []}
    start = np.full(len(table.free), math.nan)
    for row, k in zip(table.rows, table.parameter_of, strict=True):
        value = _fixed_value(row, at, covariance, means)
        if k >= 0 and not math.isnan(row.start):
            start[k] = row.start
        effect, cause = (row.right, row.left) if row.operator == MEASURES else (row.left, row.right)
        places[MATRIX[row.operator]].append((at[effect], at[cause or effect], k, value))
    cells = {name: _cells(found) for name, found in places.items()}
    return Structure(len(table.variables), len(table.observed), **cells), start


def _fixed_value(row: Parameter, at: Mapping[str, int], covariance: Array, means: Array) -> float:
    if row.free:
        return 0.0
    if not row.exogenous:
        return row.value
    if row.operator == INTERCEPT:
        return float(means[at[row.left]])
    return float(covariance[at[row.left], at[row.right]])


def _cells(places: Sequence[tuple[int, int, int, float]]) -> Cells:
    if not places:
        return no_cells()
    row, column, parameter, value = zip(*places, strict=True)
    return Cells(
        np.array(row, dtype=np.intp),
        np.array(column, dtype=np.intp),
        np.array(parameter, dtype=np.intp),
        np.array(value, dtype=float),
    )
