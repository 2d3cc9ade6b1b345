"""A PLS model in all rows and in every keyed replicate, for what is built on it.

An index, priorities and a what-if take their weights and effects from here, so that all of them rest on the
same replicates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.analyses.pls_data import ModelData
from csat.analyses.pls_design import Design, design_of, instrument_of
from csat.errors import CannotCompute, NumericsError
from csat.instrument.statements import Model
from csat.numerics.pls import AboutConstructs, PathStructure, Scheme, pls, pls_many
from csat.numerics.pls_assessment import ConstructIndex, construct_index
from csat.numerics.replicate_moments import Missing, Moments
from csat.responses.responses import Responses

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PlsReplicas:
    """The model's indices, made by `pls_replicas`; arrays with R are NaN where a replicate gave no solution.

    index : of the whole data. mean : (p,) of the items in answer units. weights : (q, R) normalised index
    weights. performance : (c, R). total : (c, c, R) total effects in points per point. means : (p, R).
    left_out : (q, G) index weights without each group of `replication.left_out_groups`, when asked for.
    """

    design: Design
    structure: PathStructure
    scheme: Scheme
    index: ConstructIndex
    mean: Array
    weights: Array
    performance: Array
    total: Array
    means: Array
    left_out: Array

    @property
    def lost(self) -> int:
        """Replicates without a solution."""
        return int(np.isnan(self.weights).any(axis=0).sum())

    def places_of(self, construct: str) -> slice:
        """Places of the construct's items."""
        return self.structure.slices[self.design.constructs.index(construct)]

    def items_of(self, construct: str) -> tuple[str, ...]:
        return self.design.measured_by[construct]

    def effects_on(self, target: str) -> tuple[dict[str, float], dict[str, Array]]:
        """Points of the target's index per 0-100 point of each item and construct: value and (R,) replicates.

        An item that measures several constructs adds up; an item of the target has its weight in the index.
        """
        at = self.design.constructs.index(target)
        one, many = self.index.total[:, at].copy(), self.total[:, at].copy()
        one[at], many[at] = 1.0, np.where(np.isnan(many[at]), np.nan, 1.0)
        value = {c: float(one[k]) for k, c in enumerate(self.design.constructs)}
        drawn = {c: many[k] for k, c in enumerate(self.design.constructs)}
        owner = self.structure.owner
        of_items, of_drawn = self.index.weights * one[owner], self.weights * many[owner]
        for k, place in enumerate(self.structure.places):
            item = self.design.items[place]
            value[item] = value.get(item, 0.0) + float(of_items[k])
            drawn[item] = drawn.get(item, np.zeros(1)) + of_drawn[k]
        return value, drawn

    def without_index(self, construct: str) -> str:
        """Why the construct has no index by these weights: the item at fault; empty when it has one."""
        place = self.places_of(construct)
        for item, weight in zip(self.items_of(construct), self.index.weights[place], strict=True):
            if not weight > 0:
                return item
        return ""


def pls_replicas(
    responses: Responses,
    model: Model | str | None = None,
    *,
    scheme: Scheme = "path",
    missing: Missing = "pairwise",
    replicates: int,
    leave_out: bool = False,
    seed: int = 0,
) -> PlsReplicas:
    """The model of the instrument (or `model`) with mode A weights, and in every keyed replicate.

    Signs and starting weights of the replicates are those of the whole data. leave_out : also without each
    group of respondents, for BCa intervals.

    Raises
    ------
    CannotCompute : no solution for the whole data, or an item without a declared scale; by name.
    """
    design = design_of(instrument_of(responses), model, None, None, "A")
    data = ModelData.of(responses, design.items, missing, "pearson")
    unscaled = [i for i, low in zip(design.items, data.low, strict=True) if math.isnan(low)]
    if unscaled:
        raise CannotCompute(
            f"item '{unscaled[0]}' has no declared scale, so its construct has no index from 0 to 100",
            where="the PLS model",
            do="Declare its scale, or leave it out of the model",
        )
    structure = design.structure
    try:
        fit = pls(data.association, structure, scheme=scheme)
    except AboutConstructs as error:
        raise error.named(design.constructs, where="the PLS model") from error
    except NumericsError as error:
        raise error.named(design.items, where="the PLS model") from error
    found = data.moments
    whole = construct_index(
        fit, found.correlation[..., 0], found.mean[:, 0], found.sd[:, 0], lower=data.low, upper=data.high
    )

    def index_of(drawn: Moments) -> ConstructIndex:
        many = pls_many(drawn.correlation, structure, scheme=scheme, like=fit)
        with np.errstate(invalid="ignore", divide="ignore"):
            return construct_index(
                many, drawn.correlation, drawn.mean, drawn.sd, lower=data.low, upper=data.high
            )

    parts: list[ConstructIndex] = []
    means: list[Array] = []
    for drawn in data.draws(replicates, seed) if replicates else ():
        parts.append(index_of(drawn))
        means.append(drawn.mean)
    without = [index_of(m).weights for m in data.jackknife()] if leave_out else []
    c, q, p = structure.constructs, len(structure.places), len(design.items)
    return PlsReplicas(
        design=design,
        structure=structure,
        scheme=scheme,
        index=whole,
        mean=found.mean[:, 0],
        weights=np.concatenate([np.empty((q, 0)), *(x.weights for x in parts)], axis=-1),
        performance=np.concatenate([np.empty((c, 0)), *(x.performance for x in parts)], axis=-1),
        total=np.concatenate([np.empty((c, c, 0)), *(x.total for x in parts)], axis=-1),
        means=np.concatenate([np.empty((p, 0)), *means], axis=-1),
        left_out=np.concatenate([np.empty((q, 0)), *without], axis=-1),
    )
