"""The result of describing answers: frequencies and figures of each item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from csat.analyses.choices import ChoiceShares
from csat.analyses.describe_charts import plots_of
from csat.analyses.describe_tables import tables_of
from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.instrument.instrument import Scale
from csat.language import Text, joined
from csat.numerics import descriptives as de

Array = NDArray[np.float64]

NAMED_LOWEST = 3
"""Items named in the headline: an overall score never hides its three lowest items (METHODS 2)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Description(Result):
    """Frequencies and figures of each item, made by `describe`. All arrays follow `items`, p of them.

    Shares and means are weighted when the responses are. An item without categories has NaN where categories
    are needed.
    """

    title = Text("Answers", "回答分布")
    name = "describe"

    items: tuple[str, ...]
    n_answered: NDArray[np.int64]
    """(p,) rows that answered, unweighted."""
    effective_n: Array
    """(p,) (sum w)^2 / sum w^2 of those rows."""
    silence: Mapping[str, NDArray[np.int64]]
    """Reason to (p,) rows that did not answer for it."""
    mean: Array
    se: Array
    """(p,) design-based (linearisation) when weighted, sd / sqrt(n) otherwise."""
    ci_lower: Array
    ci_upper: Array
    sd: Array
    """(p,) with denominator n - 1 (weighted: n / (n - 1) times the weighted mean square)."""
    skewness: Array
    kurtosis: Array
    median: Array
    score: Array
    """(p,) mean on the 0-100 rescale of the declared scale."""
    floor: Array
    """(p,) share of the lowest category."""
    ceiling: Array
    top2: Array
    top2_lower: Array
    top2_upper: Array
    bottom2: Array
    bottom2_lower: Array
    bottom2_upper: Array
    categories: tuple[Array, ...]
    """p arrays of answer values, low to high, as turned; empty for an item without categories."""
    counts: tuple[NDArray[np.int64], ...]
    """p arrays: rows in each category, unweighted."""
    shares: tuple[Array, ...]
    """p arrays: weighted share of each category among the answers."""
    shape_type: de.ShapeType
    share_method: str
    confidence: float
    titles: Mapping[str, Text] = field(default_factory=dict)
    turned: tuple[str, ...] = ()
    """Items turned when they were bound: their category 1 is the raw highest answer."""
    scales: tuple[Scale | None, ...] = ()
    choices: tuple[ChoiceShares, ...] = ()
    """Questions with several answers, which are no items."""
    strata: int = 0
    """Strata of the design the errors rest on; 0 without one."""
    clusters: int = 0

    @property
    def deff(self) -> Array:
        """(p,) design effect: answers over effective n; without strata and clusters that of the weights."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.n_answered / self.effective_n)

    def tables(self) -> dict[str, Table]:
        """`items`, `boxes`, `frequencies`, `silence`, `choices` (questions with several answers)."""
        return tables_of(self)

    def plots(self) -> dict[str, Plot]:
        """`answers` (diverging bars, one chart for each scale), `means`, then `choices_1` and so on."""
        return plots_of(self)

    def headline(self) -> tuple[Text, ...]:
        """The best and the three lowest items, and the share of the dissatisfied on each of those."""
        order = np.argsort(self.score, kind="stable")
        order = order[~np.isnan(self.score[order])]
        if order.size < 2:
            return ()
        best, lowest = int(order[-1]), order[: min(NAMED_LOWEST, order.size - 1)].tolist()
        said = [
            Text("{item} ({score}{share})", "{item}（{score} 分{share}）").fill(
                item=self.title_of(i),
                score=f"{self.score[i]:.1f}",
                share=_dissatisfied(self.bottom2[i]),
            )
            for i in lowest
        ]
        return (
            Text(
                "On a scale from 0 to 100 the highest item is {best} ({score}); the lowest: {low}.",
                "按 0–100 分换算，得分最高的是{best}（{score} 分），最低的是：{low}。",
            ).fill(best=self.title_of(best), score=f"{self.score[best]:.1f}", low=joined(said)),
        )

    def title_of(self, i: int) -> Text:
        """The words a reader sees for the item at a position."""
        return self.titles.get(self.items[i]) or Text(self.items[i])


def _dissatisfied(share: float) -> Text:
    if np.isnan(share):
        return Text("", "")
    percent = f"{100 * share:.0f}%"
    return Text(f", {percent} in the two lowest answers", f"，最低两项占 {percent}")
