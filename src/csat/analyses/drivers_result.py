"""What a regression on drivers says, with the importance of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from csat.analyses.drivers_charts import plots_of
from csat.analyses.drivers_tables import tables_of
from csat.analyses.drivers_words import CovarianceType, ScoresLabel, said_p, short
from csat.analyses.hypotheses import HypothesisOutcome
from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Text, joined

Array = NDArray[np.float64]
LEVEL = 0.05


@dataclass(frozen=True)
class ResidualCheck:
    """One check of the residuals: statistic, p (NaN when it has none) and what it says."""

    name: str
    statistic: float
    p: float
    finding: Text


@dataclass(frozen=True, eq=False, kw_only=True)
class Drivers(Result):
    """Regression of one outcome on p drivers, made by `drivers`; arrays follow `drivers`."""

    title = Text("Drivers of satisfaction", "满意度驱动因素")
    name = "drivers"

    outcome: str
    drivers: tuple[str, ...]
    scores: ScoresLabel
    """Whether drivers are construct means, sums or single items."""
    covariance_type: CovarianceType
    confidence: float
    coefficients: Array
    """(p + 1,) constant first, as all of the next six."""
    se: Array
    t: Array
    p: Array
    ci_lower: Array
    ci_upper: Array
    beta: Array
    """(p,) standardised coefficients b sd(x) / sd(y)."""
    vif: Array
    r: Array
    """(p,) correlation with the outcome."""
    r_lower: Array
    r_upper: Array
    r_p: Array
    correlations: Array
    """(p + 1, p + 1) among the drivers and the outcome, which stands last."""
    correlation_n: float
    lmg: Array
    """(p,) LMG (Shapley) shares; they sum to R2."""
    lmg_se: Array
    """(p,) Monte-Carlo standard errors; zero when all subsets were computed."""
    lmg_orderings: int
    """Orderings sampled; 0 when all subsets were computed."""
    relative_weight: Array
    """(p,) Johnson's relative weights; they sum to R2."""
    r2: float
    adjusted_r2: float
    multiple_r: float
    f: float
    df1: int
    df2: int
    f_p: float
    ss_model: float
    ss_residual: float
    mean_square_residual: float
    checks: tuple[ResidualCheck, ...]
    largest_cook: float
    largest_cook_row: int
    """Row of the data, counted from 1."""
    binned_fitted: Array
    """(b,) mean fitted value of groups of respondents of equal size, low to high."""
    binned_residual: Array
    """(b,) their mean residual."""
    binned_residual_se: Array
    residual_quantiles: Array
    """(39,) quantiles 1/40 .. 39/40 of the standardised residuals."""
    normal_quantiles: Array
    hypotheses: tuple[HypothesisOutcome, ...] = ()
    titles: Mapping[str, Text] = field(default_factory=dict)

    @property
    def lmg_share(self) -> Array:
        """(p,) parts of what is explained; they sum to 1."""
        return np.asarray(self.lmg / self.lmg.sum())

    @property
    def relative_weight_share(self) -> Array:
        return np.asarray(self.relative_weight / self.relative_weight.sum())

    def equation(self) -> Text:
        """The regression equation: `Y = .656 + .038 X1 + .123 X2`, and what its letters stand for."""
        terms = "".join(
            f" {'-' if b < 0 else '+'} {short(abs(b))} X{i}" for i, b in enumerate(self.coefficients[1:], 1)
        )
        letters = Text(
            ", ".join(f"X{i} = {self.title_of(d).say('en')}" for i, d in enumerate(self.drivers, 1)),
            "，".join(f"X{i} = {self.title_of(d).say('zh')}" for i, d in enumerate(self.drivers, 1)),
        )
        return Text(
            "Y = {constant}{terms} (Y = {outcome}, {letters})",
            "Y = {constant}{terms}（Y = {outcome}，{letters}）",
        ).fill(
            constant=short(self.coefficients[0]),
            terms=terms,
            outcome=self.title_of(self.outcome),
            letters=letters,
        )

    def headline(self) -> tuple[Text, ...]:
        """What weighs most, what does not count, the equation."""
        order = np.argsort(-self.lmg, kind="stable")
        first = order[: min(3, order.size)]
        weights = joined(
            [
                Text("{name} ({share}%)", "{name}（{share}%）").fill(
                    name=self.title_of(self.drivers[i]), share=f"{100 * self.lmg_share[i]:.0f}"
                )
                for i in first.tolist()
            ]
        )
        said = [
            Text(
                "The drivers explain {r2}% of {outcome}. Of that, most goes to: {weights}.",
                "驱动因素共解释了{outcome}变异的 {r2}%，其中贡献最大的依次是：{weights}。",
            ).fill(r2=f"{100 * self.r2:.1f}", outcome=self.title_of(self.outcome), weights=weights)
        ]
        silent = [d for d, p in zip(self.drivers, self.p[1:], strict=True) if p >= LEVEL]
        if silent:
            said.append(
                Text(
                    "Beside the others no effect of its own can be shown for: {names}.",
                    "在控制其他因素后，以下因素未显示出独立影响：{names}。",
                ).fill(names=joined([self.title_of(d) for d in silent]))
            )
        return (
            *said,
            self.equation(),
            Text(
                f"R = {short(self.multiple_r)}, R2 = {short(self.r2)}, F({self.df1}, {self.df2}) = "
                f"{self.f:.2f}, p {said_p(self.f_p)}"
            ),
        )

    def tables(self) -> dict[str, Table]:
        """`importance`, `coefficients`, `model`, `anova`, `correlations`, `checks`, declared `hypotheses`."""
        return tables_of(self)

    def plots(self) -> dict[str, Plot]:
        """`shares`, `coefficients`, `residuals`, `normality`."""
        return plots_of(self)

    def title_of(self, name: str) -> Text:
        """What a reader calls it."""
        return self.titles.get(name) or Text(name)

    @property
    def driver_titles(self) -> list[Text]:
        """(p,) what a reader calls the drivers."""
        return [self.title_of(d) for d in self.drivers]
