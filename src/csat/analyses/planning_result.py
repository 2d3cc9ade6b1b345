"""The plan of a survey: its size, the margins it gives, its strata."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from csat.analyses.planning_tables import tables_of
from csat.analyses.planning_words import ANSWERS, MARGIN, QUANTITIES, UNITS, Quantity
from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Language, Text
from csat.numerics.sampling import Allocation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stratum:
    """A part of the population: its size, and the spread and cost of an answer where known."""

    name: str
    population: int
    sd: float = math.nan
    cost: float = math.nan


@dataclass(frozen=True)
class Convention:
    """The sample size by one formula."""

    name: Text
    formula: str
    exact: float
    n: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan(Result):
    """Sample size, margins and allocation, made by `planning`; margins of shares are 0-1, others points."""

    title = Text("Survey plan", "抽样方案")
    name = "planning"

    quantity: Quantity
    margin: float
    """The margin asked for; NaN when only sizes were given."""
    confidence: float
    population: float
    """Infinite when not given."""
    spread: float
    """Standard deviation of one answer, in the unit of the margin."""
    deff: float
    response: float
    n: int
    """Answers the plan is for: those the margin needs, or the size given."""
    n_sent: int
    """Questionnaires to send out for them."""
    reached: float
    """The margin n gives."""
    conventions: tuple[Convention, ...]
    sizes: NDArray[np.int64]
    margins: Array
    """(sizes,) margin of each."""
    margins_uncorrected: Array
    """(sizes,) the same without finite population correction."""
    strata: tuple[Stratum, ...]
    allocation: Allocation
    allocated: NDArray[np.int64]
    stratum_margins: Array
    """(H,) margin within each stratum."""
    base_weights: Array
    """(H,) N_h / n_h."""
    deff_allocation: float
    """Design effect of the unequal base weights; NaN without strata."""
    stratified_margin: float
    """Margin of the stratified mean where the spread of every stratum is known; else NaN."""

    def tables(self) -> dict[str, Table]:
        """`plan`, `margins`, `conventions` when a margin was asked for, `strata` when there are any."""
        return tables_of(self)

    def plots(self) -> dict[str, Plot]:
        """`margins`: the margin against the number of answers."""

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.lines(
                ax,
                self.sizes.tolist(),
                [self.points(self.margins)],
                series_labels=[MARGIN.say(language)],
                xlabel=ANSWERS.say(language),
                ylabel=Text("{margin}, {unit}", "{margin}{unit}")
                .fill(margin=MARGIN, unit=UNITS[self.quantity])
                .say(language),
            )

        return {
            "margins": Plot(
                draw,
                Text("Margin by number of answers", "样本量与误差范围"),
                Text(
                    "A falling curve: each further answer narrows the margin less.",
                    "曲线递减：样本量越大，每增加一份答卷带来的改善越小。",
                ),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """n and what it gives; the questionnaires to send out."""
        where = (
            Text(" of {population}", "（总体 {population}）").fill(population=f"{self.population:,.0f}")
            if math.isfinite(self.population)
            else Text("", "")
        )
        said = [
            Text(
                "{n} answers{where} give {what} to within ±{margin} {unit} at {level} confidence.",
                "{n} 份有效答卷{where}，在 {level} 置信水平下，{what}的误差范围为 ±{margin}{unit}。",
            ).fill(
                n=f"{self.n:,}",
                where=where,
                what=QUANTITIES[self.quantity],
                margin=self.shown(self.reached),
                unit=UNITS[self.quantity],
                level=f"{100 * self.confidence:g}%",
            )
        ]
        if self.n_sent > self.n:
            said.append(
                Text(
                    "At a response rate of {rate} that takes {sent} questionnaires.",
                    "按 {rate} 的回收率计，需发放 {sent} 份问卷。",
                ).fill(rate=f"{100 * self.response:g}%", sent=f"{self.n_sent:,}")
            )
        return tuple(said)

    def shown(self, margin: float) -> str:
        """A margin with two decimals in points."""
        return f"{100 * margin:.2f}" if self.quantity == "share" else f"{margin:.2f}"

    def points(self, margins: Array) -> Array:
        """Margins in the unit a reader sees."""
        return 100 * margins if self.quantity == "share" else margins
