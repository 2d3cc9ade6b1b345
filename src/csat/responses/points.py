"""Answers as points: each item put on 0-100 by the declared ends of its own scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.errors import CannotCompute
from csat.instrument.instrument import Scale
from csat.language import Text
from csat.numerics import scores
from csat.responses.responses import Responses, has_categories

Array = NDArray[np.float64]
Convention = Literal["0-100 rescale", "per cent of maximum"]

CONVENTIONS: dict[Convention, Text] = {
    "0-100 rescale": Text("0-100 rescale", "0–100 换算"),
    "per cent of maximum": Text("per cent of maximum", "占满分百分比"),
}
BOXES = 2
FEWEST_FOR_BOXES = 4
"""On shorter scales the two highest and the two lowest answers overlap, so no boxes are given."""


@dataclass(frozen=True, eq=False)
class Points:
    """The bound items that have a scale, and what their answers are worth. scales : item to its scale."""

    responses: Responses
    scales: Mapping[str, Scale]

    @classmethod
    def of(cls, responses: Responses) -> Points:
        """The points of all bound items."""
        items = responses.items
        return cls(responses, {i: s for i in items if (s := responses.instrument.item(i).scale) is not None})

    def bound(self, items: Sequence[str]) -> tuple[str, ...]:
        """Those of the items that the data hold."""
        return tuple(i for i in items if i in self.responses.columns)

    def are_scored(self, items: Sequence[str]) -> bool:
        """Whether the data hold some of the items and all of those have a scale."""
        own = self.bound(items)
        return bool(own) and all(i in self.scales for i in own)

    def score(self, items: Sequence[str], convention: Convention) -> Array:
        """(n,) mean points of each respondent over the answered items; NaN below half of them.

        Raises
        ------
        CannotCompute : an item without a declared scale.
        """
        own = self.bound(items)
        for item in own:
            if item not in self.scales:
                raise CannotCompute(
                    f"item '{item}' has no declared scale, so its answers cannot be put on 0-100",
                    do="Declare a scale for it (lowest and highest answer); it is never taken from the data",
                )
        points = self.responses.answers(own)
        for j, scale in enumerate(self.scales[i] for i in own):
            x = points[:, j]
            points[:, j] = (
                scores.rescale_0_100(x, minimum=scale.minimum, maximum=scale.maximum)
                if convention == "0-100 rescale"
                else scores.per_cent_of_maximum(x, maximum=scale.maximum)
            )
        return scores.construct_scores(points, [range(len(own))])[:, 0]

    def box_shares(self, items: Sequence[str], *, boxes: int = BOXES) -> tuple[float, float]:
        """Weighted shares of the answers to the items in the `boxes` highest and lowest categories.

        Scales too short for that, or without categories, are left out; NaN when none is left.
        """
        w = self.responses.weights
        total = high = low = 0.0
        for item in self.bound(items):
            scale = self.scales.get(item)
            if scale is None or not has_categories(scale) or scale.points < 2 * boxes:
                continue
            codes = self.responses.codes(item)
            each = np.ones(len(codes)) if w is None else w
            total += float(each[codes >= 0].sum())
            high += float(each[codes >= scale.points - boxes].sum())
            low += float(each[(codes >= 0) & (codes < boxes)].sum())
        return (high / total, low / total) if total else (math.nan, math.nan)
