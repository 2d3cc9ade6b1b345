"""The figures of each item: spread, shape, shares; and what a design makes of their errors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from csat.analyses.describe_scales import BOXES, on_0_100
from csat.errors import NumericsError
from csat.numerics import descriptives as de
from csat.numerics.design import Design, design_effects, means, share_interval_of_design
from csat.numerics.intervals import share_interval
from csat.responses.responses import Responses
from csat.tally.tally import Tally

Array = NDArray[np.float64]

FEWEST_FOR_BOXES = 4
"""On shorter scales the two highest and the two lowest answers overlap, so no boxes are given."""
FEWEST_WITH_INTERVAL = 2
NUMBERS = ("sd", "skewness", "kurtosis", "median", "score", "floor", "ceiling", "top2", "bottom2")


class ItemFigures(NamedTuple):
    """What is read off a tally for each of p items.

    numbers : (p,) each, by name, NaN where there is none. categories, counts, shares : p arrays, empty for
    an item without categories; counts are rows, shares weighted.
    """

    numbers: dict[str, Array]
    categories: tuple[Array, ...]
    counts: tuple[NDArray[np.int64], ...]
    shares: tuple[Array, ...]


def item_figures(tally: Tally, *, mean: Array, shape_type: de.ShapeType) -> ItemFigures:
    """Spread, shape and shares of each item. mean : (p,) of the items."""
    p, answered = len(tally.items), tally.answered()
    numbers = {name: np.full(p, np.nan) for name in NUMBERS}
    categories: list[Array] = []
    counts: list[NDArray[np.int64]] = []
    shares: list[Array] = []
    for i in range(p):
        moments = de.moments_from_power_sums(
            tally.power_sums(i), origin=float(tally.origins[i]), n=float(answered[i])
        )
        numbers["sd"][i] = moments.sd
        numbers["skewness"][i] = moments.skewness(shape_type)
        numbers["kurtosis"][i] = moments.kurtosis(shape_type)
        numbers["score"][i] = on_0_100(tally.scales[i], mean[i])
        if not tally.has_categories(i):
            categories.append(np.empty(0))
            counts.append(np.empty(0, dtype=np.int64))
            shares.append(np.empty(0))
            continue
        values, weighted = tally.categories(i), tally.counts(i)
        total = weighted.sum()
        categories.append(values)
        counts.append(np.rint(tally.counts_unweighted(i)).astype(np.int64))
        shares.append(weighted / total if total > 0 else np.full(values.size, np.nan))
        numbers["median"][i] = de.median(values, weighted, rule="inverse" if tally.weighted else "type 7")
        numbers["floor"][i], numbers["ceiling"][i] = shares[-1][0], shares[-1][-1]
        if values.size >= FEWEST_FOR_BOXES:
            numbers["top2"][i] = de.top_share(weighted, boxes=BOXES)
            numbers["bottom2"][i] = de.bottom_share(weighted, boxes=BOXES)
    return ItemFigures(numbers, tuple(categories), tuple(counts), tuple(shares))


def by_design(
    drawn: Responses, design: Design, tally: Tally, confidence: float
) -> tuple[Array, Array, tuple[tuple[Array, Array], tuple[Array, Array]]]:
    """Standard errors and effective n of the means, and intervals of the top and bottom shares."""
    p = len(tally.items)
    se, effective = np.full(p, np.nan), np.full(p, np.nan)
    ends = np.full((2, 2, p), np.nan)
    try:
        for i, item in enumerate(tally.items):
            values = drawn.answers([item])[:, 0]
            found = means(values, design)
            se[i] = found.se[0]
            n = int((~np.isnan(values)).sum())
            deff = float(design_effects(values, design)[0])
            effective[i] = n / deff if deff > 0 else n
            scale = tally.scales[i]
            if scale is None or scale.maximum - scale.minimum + 1 < FEWEST_FOR_BOXES:
                continue
            for k, inside in enumerate((values > scale.maximum - BOXES, values < scale.minimum + BOXES)):
                share = means(np.where(np.isnan(values), np.nan, inside), design)
                ends[k, :, i] = share_interval_of_design(
                    float(share.value[0]),
                    float(share.se[0]),
                    df=float(design.df),
                    n=n,
                    confidence=confidence,
                    method="wilson",
                )
    except NumericsError as error:
        raise error.named((), where="the design") from error
    return se, effective, ((ends[0, 0], ends[0, 1]), (ends[1, 0], ends[1, 1]))


def wilson(share: Array, n: Array, confidence: float) -> tuple[Array, Array]:
    """Wilson's intervals of shares of n answers; NaN where the share is."""
    return share_interval(share * n, np.where(np.isnan(share), 0.0, n), confidence=confidence)
