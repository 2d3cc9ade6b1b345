"""What an index is the weighted mean of: constructs or items, by the method that weighs them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, CannotCompute, UnknownName
from csat.instrument.instrument import Construct, Instrument, Item
from csat.language import Text
from csat.numerics.composites import EstimatedWeights
from csat.responses.points import Points

Array = NDArray[np.float64]
Method = Literal["equal", "stated", "derived", "pls"]

METHODS: dict[Method, Text] = {
    "equal": Text("equal weights", "等权重"),
    "stated": Text("weights: stated importance", "按陈述重要性加权"),
    "derived": Text("weights: derived importance", "按推导重要性加权"),
    "pls": Text("PLS weights", "PLS 权重"),
}
FAMILIES: dict[str, str] = {"acsi": "ACSI", "ecsi": "ECSI", "ccsi": "CCSI"}
"""Shipped instruments whose index, by PLS weights, has a name of its own."""


@dataclass(frozen=True, eq=False)
class ModelWeights:
    """Weights of a construct's items that a path model found in all rows and in every keyed replicate.

    items : k ids. values : (k,) unstandardised, sum 1. drawn : (R, k), NaN where there was no solution.
    index : (R,) the construct's index, 0-100 rescale, in each replicate. scheme : of the model. arrows : its
    paths, by construct. left_out : (G, k) without each group of `replication.left_out_groups`, for BCa.
    """

    items: tuple[str, ...]
    values: Array
    drawn: Array
    index: Array
    scheme: str
    arrows: tuple[tuple[str, str], ...]
    left_out: Array | None = None

    @property
    def estimated(self) -> EstimatedWeights:
        return EstimatedWeights(self.values, self.drawn, self.left_out)


@dataclass(frozen=True, eq=False)
class Part:
    """Something with a score and a weight: a construct or an item."""

    id: str
    title: Text
    items: tuple[str, ...]
    weight: float = 1.0
    importance: str = ""


# What the index is made of


def parts_of(
    points: Points,
    target: Construct,
    method: Method,
    weights: Mapping[str, float] | None,
    model: ModelWeights | None = None,
) -> tuple[Part, ...]:
    """The parts of an index of the construct."""
    if not points.bound(target.items):
        raise CannotCompute(
            f"the data hold no item of construct '{target.id}' ({', '.join(target.items)})",
            where="the index",
            do="Name a construct whose items were asked",
        )
    if method == "equal":
        return (Part(target.id, target.title or Text(target.id), target.items),)
    if method == "stated":
        return _stated_parts(points, target)
    if method == "pls":
        return _model_parts(points, target, model)
    if not weights:
        raise BadInput(
            "derived weights were asked for and none are given",
            where="the index",
            right="They are the importance of constructs or items, such as their shares of R2",
            do="Give weights={...}, or use method 'equal'",
        )
    return tuple(_derived_part(points, name, float(value)) for name, value in weights.items())


def _model_parts(points: Points, target: Construct, model: ModelWeights | None) -> tuple[Part, ...]:
    if model is None:
        raise BadInput(
            "PLS weights were asked for and no path model gave any",
            where="the index",
            right="They come from the instrument's path model, as `Survey.index` passes them on",
            do="Give model=ModelWeights(...), or use method 'equal'",
        )
    instrument = points.responses.instrument
    return tuple(
        Part(i, titled(instrument.item(i)), (i,), float(w))
        for i, w in zip(model.items, model.values, strict=True)
    )


def _derived_part(points: Points, name: str, weight: float) -> Part:
    instrument, columns = points.responses.instrument, points.responses.columns
    for c in instrument.constructs:
        if c.id == name and points.bound(c.items):
            return Part(name, c.title or Text(name), c.items, weight)
    if name in columns:
        return Part(name, titled(instrument.item(name)), (name,), weight)
    known = [*(c.id for c in instrument.constructs), *columns]
    raise UnknownName("construct or item", name, known, where="the weights of the index")


def _stated_parts(points: Points, target: Construct) -> tuple[Part, ...]:
    instrument, columns = points.responses.instrument, points.responses.columns
    asked = {i.id: i.importance for i in instrument.items if i.id in columns and i.importance in columns}
    own = points.bound(target.items)
    without = [i for i in own if i not in asked]
    if without and len(without) < len(own):
        raise BadInput(
            f"items of construct '{target.id}' have no importance question: {', '.join(without)}",
            where="stated importance",
            right="Every item of the index needs one",
            do="Declare `importance` for them in the instrument, or use equal weights",
        )
    scored = [i for c in instrument.constructs if c.role != "descriptive" for i in c.items]
    wanted = [i for i in dict.fromkeys(scored) if i in asked] if without else list(own)
    if wanted:
        return tuple(Part(i, titled(instrument.item(i)), (i,), importance=asked[i]) for i in wanted)
    weighed = [c for c in instrument.constructs if c.importance in columns and points.bound(c.items)]
    if not weighed:
        raise BadInput(
            "no item has a question about its importance, so there are no stated weights",
            where=_place(instrument),
            do="Declare importance = \"ID\" for the items, or use method 'equal' or 'derived'",
        )
    return tuple(Part(c.id, c.title or Text(c.id), c.items, importance=c.importance) for c in weighed)


def importance_of(points: Points, parts: Sequence[Part]) -> Array:
    """(n, parts) answers to the importance questions, which share one scale."""
    names = [p.importance for p in parts]
    scales = (points.scales.get(n) for n in names)
    ends = sorted({(s.minimum, s.maximum) for s in scales if s is not None})
    if len(ends) > 1:
        raise BadInput(
            "the importance questions have different scales: " + ", ".join(f"{lo}-{hi}" for lo, hi in ends),
            where="stated importance",
            right="Weights compare only on one scale",
            do="Use equal or derived weights",
        )
    return points.responses.answers(names)


def require_answers(parts: Sequence[Part], chosen: Array, asked: Array) -> None:
    for j, part in enumerate(parts):
        if np.isnan(chosen[:, j]).all():
            raise CannotCompute(
                f"nobody answered half of the items of '{part.id}' ({', '.join(part.items)})",
                where="the index",
                do="Check the codes that mean silence, or leave this part out",
            )
        if asked.shape[1] and np.isnan(asked[:, j]).all():
            raise CannotCompute(
                f"nobody answered '{part.importance}', the importance of '{part.id}'",
                where="stated importance",
                do="Use equal or derived weights",
            )


def require_positive(parts: Sequence[Part], weights: Array) -> None:
    for part, weight in zip(parts, weights, strict=True):
        if not (math.isfinite(weight) and weight > 0):
            raise CannotCompute(
                f"the weight of '{part.id}' is {weight:.4g}: the index would not rise when it improves",
                where="the index",
                do=f"Look for a reversed item in '{part.id}' or a twin of it, or use equal weights",
            )


def titled(item: Item) -> Text:
    return item.text or Text(item.id)


def _place(instrument: Instrument) -> str:
    return instrument.path or instrument.id
