"""A PLS model in all rows and in every keyed replicate, for what is built on it.

An index, priorities and a what-if take their weights and effects from here, so that all of them rest on the
same replicates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.analyses.pls_data import ModelData, Policy, StagedData
from csat.analyses.pls_design import Design, design_of, instrument_of
from csat.analyses.pls_estimates import Correlation
from csat.errors import BadInput, CannotCompute, NumericsError
from csat.instrument.statements import Model
from csat.numerics.pls import AboutConstructs, Mode, PlsFit, Scheme, pls, pls_many
from csat.numerics.pls_assessment import ConstructIndex, construct_index, is_proper
from csat.numerics.pls_bootstrap import proper_ones
from csat.numerics.replicate_moments import Moments
from csat.responses.responses import Responses

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PlsHow:
    """How the model behind an index, priorities or a what-if is estimated; as the options of `pls`."""

    scheme: Scheme = "path"
    modes: Mapping[str, Mode] | Mode = "A"
    consistent: bool = False
    correlation: Correlation = "pearson"
    missing: Policy = "pairwise"

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal estimates."""
        modes = self.modes if isinstance(self.modes, str) else tuple(sorted(self.modes.items()))
        return self.scheme, modes, self.consistent, self.correlation, self.missing


@dataclass(frozen=True, eq=False)
class PlsReplicas:
    """The model's indices, made by `pls_replicas`; arrays with R are NaN where a replicate gave no solution.

    C constructs: those of the model, then those that measure others; q places, the items of each construct
    in turn, a construct measured by constructs standing on their items.
    index : of the whole data. weights : (q, R) normalised index weights. performance : (C, R).
    total : (C, C, R) total effects in points per point.
    left_out : (q, G) index weights without each group of `replication.left_out_groups`, when asked for.
    """

    design: Design
    how: PlsHow
    constructs: tuple[str, ...]
    blocks: tuple[tuple[str, ...], ...]
    index: ConstructIndex
    weights: Array
    performance: Array
    total: Array
    left_out: Array

    @property
    def scheme(self) -> Scheme:
        return self.how.scheme

    @property
    def lost(self) -> int:
        """Replicates without a solution."""
        return int(np.isnan(self.weights).any(axis=0).sum())

    @property
    def items(self) -> tuple[str, ...]:
        """The different items."""
        return tuple(dict.fromkeys(i for block in self.blocks for i in block))

    def places_of(self, construct: str) -> slice:
        """Places of the construct's items."""
        at = self.constructs.index(construct)
        first = sum(len(b) for b in self.blocks[:at])
        return slice(first, first + len(self.blocks[at]))

    def items_of(self, construct: str) -> tuple[str, ...]:
        return self.blocks[self.constructs.index(construct)]

    def effects_on(self, target: str) -> tuple[dict[str, float], dict[str, Array]]:
        """Points of the target's index per 0-100 point of each item and construct: value and (R,) replicates.

        An item that measures several constructs of the model adds up; an item of the target has its weight
        in the index.
        """
        at = self.constructs.index(target)
        one, many = self.index.total[:, at].copy(), self.total[:, at].copy()
        one[at], many[at] = 1.0, np.where(np.isnan(many[at]), np.nan, 1.0)
        value = {c: float(one[k]) for k, c in enumerate(self.constructs)}
        drawn = {c: many[k] for k, c in enumerate(self.constructs)}
        # items below a construct that measures another are already those of the other
        for c in (c for c in self.constructs if c not in self.design.lower):
            place, k = self.places_of(c), self.constructs.index(c)
            for item, w, of_drawn in zip(
                self.items_of(c), self.index.weights[place], self.weights[place], strict=True
            ):
                # a construct of one item may bear the item's name
                if item == c:
                    continue
                value[item] = value.get(item, 0.0) + float(w * one[k])
                drawn[item] = drawn.get(item, np.zeros(1)) + of_drawn * many[k]
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
    how: PlsHow | None = None,
    replicates: int,
    leave_out: bool = False,
    seed: int = 0,
) -> PlsReplicas:
    """The model of the instrument (or `model`) in the whole data, and in every keyed replicate.

    Signs and starting weights of the replicates are those of the whole data; constructs measured by
    constructs are estimated in two stages. leave_out : also without each group of respondents, for BCa
    intervals.

    Raises
    ------
    CannotCompute : no solution for the whole data, an improper consistent one, or an item without a declared
        scale; by name. BadInput : a consistent model with constructs measured by constructs.
    """
    how = how or PlsHow()
    design = design_of(instrument_of(responses), model, None, None, how.modes)
    first = design.first if design.staged else design
    if how.consistent and design.staged:
        raise BadInput("consistent PLS has no second stage here", do="Use PLS that is not corrected")
    below = ModelData.of(responses, first.items, how.missing, how.correlation)
    unscaled = [i for i, low in zip(first.items, below.low, strict=True) if math.isnan(low)]
    if unscaled:
        raise CannotCompute(
            f"item '{unscaled[0]}' has no declared scale, so its construct has no index from 0 to 100",
            where="the PLS model",
            do="Declare its scale, or leave it out of the model",
        )
    data: ModelData = below
    if design.staged:
        place = {c: k for k, c in enumerate(first.constructs)}
        below_fit = _solved(first, below, how)
        data = StagedData.after(below, below_fit, design.items, {c: place[c] for c in design.lower}, {})
    fit = _solved(design, data, how)
    if how.consistent and is_proper(fit):
        raise CannotCompute(
            "the consistent solution (PLSc) is improper, so its effects are no numbers to act on",
            where="the PLS model",
            do="Use PLS that is not corrected",
        )
    flat = _Flat(design, first)

    def indices(draws: Iterator[Moments]) -> Iterator[ConstructIndex]:
        stages = data.stages(draws) if isinstance(data, StagedData) else ((None, m) for m in draws)
        for lower, found in stages:
            made = found.correlation if found.polychoric is None else found.polychoric
            many = pls_many(made, fit.structure, scheme=how.scheme, consistent=how.consistent, like=fit)
            with np.errstate(invalid="ignore", divide="ignore"):
                own = construct_index(
                    many, found.correlation, found.mean, found.sd, lower=data.low, upper=data.high
                )
                made_flat = flat.joined(own, lower)
            if how.consistent:
                improper = ~proper_ones(many)
                for values in (made_flat.weights, made_flat.performance, made_flat.total):
                    values[..., improper] = np.nan
            yield made_flat

    whole = next(indices(iter([below.moments])))
    parts = list(indices(below.draws(replicates, seed))) if replicates else []
    without = list(indices(below.jackknife())) if leave_out else []
    c, q = whole.performance.shape[0], whole.weights.shape[0]
    return PlsReplicas(
        design=design,
        how=how,
        constructs=flat.constructs,
        blocks=flat.blocks,
        index=ConstructIndex(
            whole.weights[:, 0], whole.performance[:, 0], whole.sd[:, 0], whole.total[..., 0]
        ),
        weights=np.concatenate([np.empty((q, 0)), *(x.weights for x in parts)], axis=-1),
        performance=np.concatenate([np.empty((c, 0)), *(x.performance for x in parts)], axis=-1),
        total=np.concatenate([np.empty((c, c, 0)), *(x.total for x in parts)], axis=-1),
        left_out=np.concatenate([np.empty((q, 0)), *(x.weights for x in without)], axis=-1),
    )


def _solved(design: Design, data: ModelData, how: PlsHow) -> PlsFit:
    try:
        return pls(data.association, design.structure, scheme=how.scheme, consistent=how.consistent)
    except AboutConstructs as error:
        raise error.named(design.constructs, where="the PLS model") from error
    except NumericsError as error:
        raise error.named(design.items, where="the PLS model") from error


class _Flat:
    """Constructs measured by constructs as weighted means of their items, the measuring ones beside them."""

    def __init__(self, design: Design, first: Design) -> None:
        self._design, self._first = design, first
        self.constructs = (*design.constructs, *design.lower)
        self.blocks = tuple(
            tuple(i for part in design.measured_by[c] for i in design.lower.get(part, (part,)))
            if c in design.higher
            else design.lower.get(c) or design.measured_by[c]
            for c in self.constructs
        )

    def joined(self, own: ConstructIndex, lower: ConstructIndex | None) -> ConstructIndex:
        """Of both stages; with one stage it is that stage."""
        if lower is None:
            return own
        design, n = self._design, own.weights.shape[-1]
        below = self._first.structure.slices
        of_first = {c: k for k, c in enumerate(self._first.constructs)}
        count, c = len(self.constructs), len(design.constructs)
        performance, sd = (
            np.concatenate([getattr(own, k), getattr(lower, k)[[of_first[x] for x in design.lower]]])
            for k in ("performance", "sd")
        )
        total = np.zeros((count, count, n))
        total[:c, :c] = own.total
        weights, share = [], dict[str, tuple[int, Array]]()
        for k, (name, places) in enumerate(zip(design.constructs, design.structure.slices, strict=True)):
            for part, u in zip(design.measured_by[name], own.weights[places], strict=True):
                if name in design.higher:
                    share[part] = k, u
                    weights.append(u * lower.weights[below[of_first[part]]])
                else:
                    weights.append(u[None])
        for k, part in enumerate(design.lower, start=c):
            weights.append(lower.weights[below[of_first[part]]])
            above, u = share[part]
            # what a part does, it does as a share of the whole
            total[k] = u * total[above]
            total[k, above] = u
        return ConstructIndex(np.concatenate(weights), performance, sd, total)
