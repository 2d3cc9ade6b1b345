"""The result of looking at reliability: how far the items of each construct agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import ALPHA_ACCEPTABLE
from csat.analyses.reliability_charts import plots_of
from csat.analyses.reliability_tables import tables_of
from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Text, joined

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reliability(Result):
    """Internal consistency of each construct, made by `reliability`.

    Arrays over `constructs` are (c,), arrays over `items` (m,) with all constructs' items one after another;
    NaN where a figure does not exist (one item, a constant item, omega below 3 items).
    """

    title = Text("Reliability", "信度")
    name = "reliability"

    constructs: tuple[str, ...]
    n_items: NDArray[np.int64]
    n: NDArray[np.int64]
    """(c,) respondents; the smallest pair n when pairwise."""
    effective_n: Array
    alpha: Array
    """(c,) raw: of the sum of the answers as they are."""
    alpha_lower: Array
    alpha_upper: Array
    """(c,) Feldt's interval."""
    alpha_standardised: Array
    """(c,) of standardised items; for two items the Spearman-Brown coefficient."""
    alpha_ordinal: Array
    """(c,) standardised alpha on the polychoric matrix; NaN when not asked for."""
    omega: Array
    """(c,) omega total of one factor fitted by maximum likelihood, over the variance of the model."""
    omega_observed: Array
    """(c,) the same over the observed variance of the sum."""
    lambda2: Array
    lambda6: Array
    mean_r: Array
    """(c,) mean correlation between different items."""
    items: tuple[str, ...]
    item_construct: tuple[str, ...]
    item_mean: Array
    item_sd: Array
    item_rest: Array
    """(m,) correlation with the sum of the construct's other items."""
    alpha_if_dropped: Array
    loading: Array
    """(m,) standardised loading on the one factor behind omega."""
    confidence: float
    interval: str = "Feldt"
    titles: Mapping[str, Text] = field(default_factory=dict)

    def tables(self) -> dict[str, Table]:
        """`constructs`, `items`."""
        return tables_of(self)

    def plots(self) -> dict[str, Plot]:
        """`alpha` with intervals, `item_rest`."""
        return plots_of(self)

    def headline(self) -> tuple[Text, ...]:
        """How many constructs are consistent enough, and which are not."""
        known = [i for i, a in enumerate(self.alpha) if not np.isnan(a)]
        if not known:
            return ()
        good = [i for i in known if ALPHA_ACCEPTABLE.met(float(self.alpha[i]))]
        low = [self.title_of(self.constructs[i]) for i in known if i not in good]
        said = Text(
            "{good} of {all} scales reach an alpha of {floor} or more.",
            "{all} 个量表中有 {good} 个的 α 达到 {floor}。",
        ).fill(good=len(good), all=len(known), floor=f"{ALPHA_ACCEPTABLE.value:.2f}")
        if not low:
            return (said,)
        return (said, Text("Below it: {low}.", "未达到的有：{low}。").fill(low=joined(low)))

    def title_of(self, name: str) -> Text:
        """The words a reader sees for a construct or an item."""
        return self.titles.get(name) or Text(name)
