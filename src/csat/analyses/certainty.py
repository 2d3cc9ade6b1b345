"""How sure a place among the priorities is: quadrant and rank of every item in every replicate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import PLACEMENT_FIRM
from csat.analyses.interval_words import NOTHING
from csat.errors import BadInput, CannotCompute
from csat.language import Text
from csat.numerics.quadrants import (
    QUADRANTS,
    Centre,
    Placed,
    Quadrant,
    placed,
    quadrant_shares,
    rank_concordance,
)
from csat.numerics.resampling import MOST_LOST, percentile_interval

Array = NDArray[np.float64]

FIRST = 3
"""How many items 'among the first' means."""
At = tuple[Any, Any]


@dataclass(frozen=True, eq=False)
class Placement:
    """The items under one measure of importance and one crosshair.

    quadrants, rank : (p,) in the full data, which is what is published. probability : (p, 4) share of the
    replicates in each quadrant, in the order of `QUADRANTS`. own : (p,) that of the published quadrant.
    firm : (p,) whether it is at least `PLACEMENT_FIRM`. among_first : (p,) share of the replicates in which
    the item is among the first k. concordance : Kendall's W of the replicates' rankings.
    """

    measure: str
    centre: Centre
    quadrants: tuple[Quadrant, ...]
    rank: NDArray[np.int64]
    probability: Array
    own: Array
    firm: NDArray[np.bool_]
    among_first: Array
    concordance: float


@dataclass(frozen=True, eq=False)
class Certainty:
    """Made by `certainty`: the placements asked for, the one that is published first.

    first : the k of `among_first`. agreement : Kendall's W of the measures' rankings by importance in the
    full data, with its interval over the replicates; NaN with one measure. lost : replicates left out.
    """

    items: tuple[str, ...]
    first: int
    placements: tuple[Placement, ...]
    measures: tuple[str, ...]
    agreement: float
    agreement_lower: float
    agreement_upper: float
    gap_lower: Array
    """(p,) interval of performance less importance by the published measure; NaN without a common unit."""
    gap_upper: Array
    replicates: int
    lost: int
    seed: int
    drawn: Text = NOTHING
    """How replicates were made, where not respondent by respondent."""

    @property
    def main(self) -> Placement:
        """The placement that is published."""
        return self.placements[0]


def certainty(
    *,
    items: Sequence[str],
    performance: tuple[Array, Array],
    importance: Mapping[str, tuple[Array, Array]],
    centres: Sequence[Centre] = ("mean",),
    at: At = (None, None),
    at_drawn: At | None = None,
    performance_range: tuple[float, float] = (0.0, 100.0),
    importance_range: Mapping[str, tuple[float, float]] | None = None,
    first: int = FIRST,
    seed: int = 0,
    drawn: Text = NOTHING,
    confidence: float = 0.95,
) -> Certainty:
    """Place the items in the full data and in every replicate, under every measure and crosshair.

    The first measure and the first crosshair are the published ones. A replicate in which an item has no
    importance or performance is left out.

    Parameters
    ----------
    performance : (p,) and (p, R). importance : measure to (p,) and (p, R), of the same replicates.
    at : place of the crosshair for `value` and `overall`; at_drawn : the same in each replicate, where it
        moves with the respondents.
    importance_range : declared ends of a measure that has a scale.

    Raises
    ------
    CannotCompute : more replicates are lost than `MOST_LOST` allows. BadInput : nothing to place.
    """
    if not items or not importance or performance[1].shape[1] < 2:
        raise BadInput("certainty needs items, a measure of importance and replicates")
    x, drawn_x = performance
    good: NDArray[np.bool_] = np.asarray(np.isfinite(drawn_x).all(axis=0))
    for _, drawn_y in importance.values():
        good &= np.isfinite(drawn_y).all(axis=0)
    asked = good.size
    lost = asked - int(np.count_nonzero(good))
    if lost > MOST_LOST * asked:
        worst = _worst(items, performance, importance)
        raise CannotCompute(
            f"{lost} of {asked} bootstrap replicates gave no importance to {worst}",
            where="the certainty of the priorities",
            do="Leave that item out, or use another measure of importance",
        )
    ranges = importance_range or {}
    placements = []
    for name, (y, drawn_y) in importance.items():
        for centre in centres:
            own_range = ranges.get(name)
            options: dict[str, Any] = {
                "centre": centre,
                "performance_range": performance_range,
                "importance_range": own_range,
            }
            one = placed(x, y, at=at, **options)
            moving = at if at_drawn is None else at_drawn
            many = placed(drawn_x[:, good], drawn_y[:, good], at=_of(moving, good), **options)
            placements.append(_placement(name, centre, one, many, first))
    ranks = np.array([_ranked(y) for y, _ in importance.values()])
    drawn_ranks = np.array([_ranked(d[:, good]) for _, d in importance.values()])
    agreement = lower = upper = math.nan
    if len(importance) > 1 and len(items) > 1:
        agreement = rank_concordance(ranks[:, :, 0].T)
        each = np.array([rank_concordance(drawn_ranks[:, :, r].T) for r in range(drawn_ranks.shape[2])])
        interval = percentile_interval(each, confidence=confidence)
        lower, upper = interval.lower, interval.upper
    main, (_, drawn_main) = next(iter(importance.items()))
    gaps = np.full((2, len(items)), np.nan)
    if ranges.get(main) == performance_range:
        tail = (1 - confidence) / 2
        gaps = np.quantile(drawn_x[:, good] - drawn_main[:, good], [tail, 1 - tail], axis=1)
    return Certainty(
        gap_lower=gaps[0],
        gap_upper=gaps[1],
        items=tuple(items),
        first=min(first, len(items)),
        placements=tuple(placements),
        measures=tuple(importance),
        agreement=agreement,
        agreement_lower=lower,
        agreement_upper=upper,
        replicates=asked,
        lost=lost,
        seed=seed,
        drawn=drawn,
    )


def _placement(measure: str, centre: Centre, one: Placed, many: Placed, first: int) -> Placement:
    shares = quadrant_shares(many.quadrant)
    published = one.quadrant[:, 0]
    own = shares[np.arange(len(published)), published]
    return Placement(
        measure=measure,
        centre=centre,
        quadrants=tuple(QUADRANTS[q] for q in published),
        rank=one.rank[:, 0],
        probability=shares,
        own=own,
        firm=own >= PLACEMENT_FIRM.value,
        among_first=(many.rank <= first).mean(axis=1),
        concordance=rank_concordance(many.rank),
    )


def _of(at: At, good: NDArray[np.bool_]) -> At:
    return tuple(v[good] if isinstance(v, np.ndarray) and v.ndim else v for v in at)  # type: ignore[return-value]


def _ranked(y: Array) -> Array:
    """(p, N) mid-ranks would tie hardly ever: importance is continuous."""
    values = y.reshape(len(y), -1)
    return np.asarray(np.argsort(np.argsort(-values, axis=0, kind="stable"), axis=0), dtype=float)


def _worst(
    items: Sequence[str], performance: tuple[Array, Array], importance: Mapping[str, tuple[Array, Array]]
) -> str:
    missing = np.isnan(performance[1]).sum(axis=1)
    for _, drawn in importance.values():
        missing = missing + np.isnan(drawn).sum(axis=1)
    return f"'{items[int(np.argmax(missing))]}'"
