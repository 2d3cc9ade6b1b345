"""The population of a plan and how its answers are shared among strata."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.analyses.planning_result import Stratum
from csat.analyses.planning_sizes import Estimate
from csat.errors import BadInput
from csat.numerics import sampling as sa

Array = NDArray[np.float64]

MOST_ANSWERS = 10**10
"""More people than there are (8.2 thousand million) are no plan."""


def population_of(population: float | None, strata: Sequence[Stratum]) -> float:
    """How many people there are: as given, the sum of the strata, or endless."""
    names = [s.name for s in strata]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise BadInput(f"stratum '{twice}' is given twice", do="Give each stratum once")
    total = float(sum(s.population for s in strata))
    if total > MOST_ANSWERS or (population or 0) > MOST_ANSWERS:
        raise BadInput("the population is larger than mankind", right=f"At most {MOST_ANSWERS:,}")
    if population is None:
        return total if strata else math.inf
    if strata and total != population:
        raise BadInput(
            f"the strata sum to {total:g}, not to the population of {population:g}",
            do="Correct one of them, or leave the population out",
        )
    if not population > 0:
        raise BadInput(f"the population is {population:g}", right="It is a number of people above 0")
    return float(population)


@dataclass(frozen=True, eq=False)
class Split:
    """Answers shared among H strata: (H,) how many, their margins and base weights.

    deff : design effect of the weights. margin : of the stratified mean, NaN where a spread is not known.
    """

    allocated: NDArray[np.int64]
    margins: Array
    weights: Array
    deff: float
    margin: float

    @classmethod
    def of(
        cls,
        n: int,
        strata: Sequence[Stratum],
        allocation: sa.Allocation,
        of: Estimate,
        scale: float,
        z: float,
    ) -> Split:
        """scale : from the margin of a mean to the one that is told. z : of the confidence."""
        if not strata:
            return cls(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0), math.nan, math.nan)
        sizes, sds, costs = (np.array([getattr(s, k) for s in strata]) for k in ("population", "sd", "cost"))
        known = bool(np.isfinite(sds).all())
        _require_spread_and_cost(strata, allocation)
        allocated = sa.allocate(
            n,
            sizes,
            sds=sds if known else None,
            costs=costs if np.isfinite(costs).all() else None,
            method=allocation,
        )
        own = known and of.quantity in ("mean", "index")
        within = np.array(
            [
                sa.margin_mean(k, sd=s.sd, population=s.population, z=z)
                if own
                else of.margin(np.asarray(k), float(s.population))
                for k, s in zip(allocated, strata, strict=True)
            ]
        )
        at_least_two = bool((allocated >= sa.FEWEST_IN_STRATUM).all())
        weights = sizes / allocated
        whole = float((allocated * weights).sum() ** 2 / (allocated * weights**2).sum())
        stratified = math.nan
        if known and at_least_two:
            stratified = z * sa.stratified_mean(np.zeros(len(sizes)), sds, allocated, sizes).se
        return cls(allocated, scale * within, weights, n / whole, stratified)


def _require_spread_and_cost(strata: Sequence[Stratum], allocation: sa.Allocation) -> None:
    """What an allocation rests on must be known of every stratum."""
    missing = [s.name for s in strata if not math.isfinite(s.sd)]
    if allocation != "proportional" and missing:
        raise BadInput(
            f"{allocation} allocation needs the spread of every stratum; it is missing for "
            f"{', '.join(missing)}",
            do="Give it, or allocate proportionally",
        )
    missing = [s.name for s in strata if not math.isfinite(s.cost)]
    if allocation == "cost-optimal" and missing:
        raise BadInput(
            f"cost-optimal allocation needs the cost of an answer in {', '.join(missing)}",
            do="Give it, or use Neyman allocation",
        )
