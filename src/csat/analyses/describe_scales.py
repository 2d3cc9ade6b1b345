"""What an item's scale says of its answers: words of categories, 0-100, items that share a scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csat.instrument.instrument import Scale
from csat.language import Text
from csat.numerics.descriptives import rescaled_0_100

Array = NDArray[np.float64]

BOXES = 2
"""Categories in a box: top-2 and bottom-2 shares."""


def category_label(scale: Scale | None, value: int, turned: bool) -> Text:
    """What the answer at `value` (after turning) was called; empty when the scale has no words for it."""
    if scale is None:
        return Text("")
    if turned:
        value = scale.minimum + scale.maximum - value
    return scale.labels.get(value, Text(""))


def on_0_100(scale: Scale | None, value: float) -> float:
    """A mean on the 0-100 rescale of its scale; NaN without a scale."""
    if scale is None:
        return np.nan
    return float(rescaled_0_100(value, minimum=scale.minimum, maximum=scale.maximum))


def by_scale(scales: Sequence[Scale | None], categories: Sequence[Array]) -> list[tuple[Scale, list[int]]]:
    """Items that share a scale, scales in order of appearance."""
    found: dict[tuple[int, int], tuple[Scale, list[int]]] = {}
    for i, scale in enumerate(scales):
        if scale is not None and categories[i].size:
            found.setdefault((scale.minimum, scale.maximum), (scale, []))[1].append(i)
    return list(found.values())
