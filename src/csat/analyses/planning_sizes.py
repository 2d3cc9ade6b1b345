"""How many answers a margin needs and how close they come, for each quantity."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csat.analyses.planning_result import Convention
from csat.analyses.planning_words import Quantity
from csat.errors import BadInput
from csat.language import Text
from csat.numerics import sampling as sa

Array = NDArray[np.float64]

INDEX_SD = 20.0
"""Standard deviation of a satisfaction index in points, when none is given (ours: 16 to 24 are usual)."""
USUAL_SIZES = (50, 100, 200, 300, 400, 500, 800, 1000, 1500, 2000)
WORST_SHARE = 0.5
YAMANE_CONFIDENCE = 0.95


class Estimate:
    """Size and margin of one quantity, in its own unit (nps on -1 to 1)."""

    def __init__(
        self,
        quantity: Quantity,
        share: float,
        sd: float | None,
        promoters: float | None,
        detractors: float | None,
        z: float,
    ) -> None:
        self.quantity, self.share, self.z = quantity, share, z
        if quantity == "mean" and sd is None:
            raise BadInput(
                "a plan for a mean needs the spread of the answers",
                right="sd=0.9, from an earlier wave or a pilot; on a 1-5 scale 0.7 to 1.1 is usual",
            )
        self.promoters = WORST_SHARE if promoters is None else promoters
        self.detractors = 1 - self.promoters if detractors is None else detractors
        if quantity == "share":
            # the margin of 0 or 1 would be 0, whatever n
            sa.sample_size_share(margin=0.5, share=share)
            self.spread = math.sqrt(share * (1 - share))
        elif quantity == "nps":
            self.spread = math.sqrt(sa.nps_variance(self.promoters, self.detractors))
        else:
            self.spread = INDEX_SD if sd is None else sd

    def size(self, margin: float) -> float:
        """Answers a margin needs, of an endless population, unrounded."""
        if self.quantity == "share":
            return sa.sample_size_share(margin=margin, share=self.share, z=self.z)
        if self.quantity == "nps":
            return sa.sample_size_nps(
                margin=margin, promoters=self.promoters, detractors=self.detractors, z=self.z
            )
        return sa.sample_size_mean(margin=margin, sd=self.spread, z=self.z)

    def margin(self, n: NDArray[np.int64], population: float) -> Array:
        """The margin each number of answers gives."""
        if self.quantity == "share":
            return sa.margin_share(n, share=self.share, population=population, z=self.z)
        if self.quantity == "nps":
            return sa.margin_nps(
                n, promoters=self.promoters, detractors=self.detractors, population=population, z=self.z
            )
        return sa.margin_mean(n, sd=self.spread, population=population, z=self.z)


def conventions_of(
    of: Estimate, margin: float, population: float, correction: sa.Correction, confidence: float
) -> tuple[Convention, ...]:
    """The size a margin needs by each formula, the one that is used first."""
    n0 = of.size(margin)

    def made(name: Text, formula: str, exact: float) -> Convention:
        return Convention(name, formula, exact, sa.rounded_up(exact))

    endless = made(Text("Cochran, endless population", "Cochran（无限总体）"), "n0 = (z s / e)^2", n0)
    if not math.isfinite(population):
        return (endless,)
    forms: dict[sa.Correction, str] = {"n0 - 1": "n0 / (1 + (n0 - 1) / N)", "n0": "n0 / (1 + n0 / N)"}
    order = sorted(forms, key=lambda c: c != correction)
    found = [
        made(
            Text("Cochran, finite population, {c}", "Cochran（有限总体，{c}）").fill(c=f'"{c}"'),
            forms[c],
            sa.finite_sample_size(n0, population, correction=c),
        )
        for c in order
    ]
    found.append(endless)
    if of.quantity == "share" and of.share == WORST_SHARE and confidence == YAMANE_CONFIDENCE:
        found.append(
            made(
                Text("Yamane", "Yamane"),
                "N / (1 + N e^2)",
                sa.sample_size_yamane(population, margin=margin),
            )
        )
    return tuple(found)


def shown_sizes(answers: int, sizes: Sequence[int], population: float) -> list[int]:
    """Sizes whose margins are told: the plan's, those asked for and usual ones near them."""
    wanted = {answers, *sizes} | {s for s in USUAL_SIZES if s < 4 * answers}
    return sorted(s for s in wanted if s <= population or s in (answers, *sizes))
