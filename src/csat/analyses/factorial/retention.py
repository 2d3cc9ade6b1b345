"""How many factors each rule asks for, worked out from a tally."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from csat.language import Text
from csat.numerics import factor_number as fn
from csat.numerics.linalg import Array
from csat.numerics.ordinal import normal_score_variance
from csat.tally.tally import Tally

MOST_PERMUTED = 100_000
"""More answers (rows times items) than this are not shuffled: random eigenvalues come from normal theory,
which for so many respondents says the same (ours; at 4000 rows of 25 items the lines differ by .001)."""

Draw = Literal["permuted", "drawn", "normal"]

DRAW_WORDS: dict[Draw, Text] = {
    "permuted": Text(
        "each item's answers shuffled over the respondents", "将每个题项的回答在受访者之间随机打乱"
    ),
    "drawn": Text("answers drawn independently from each item's shares", "按各题项的回答比例独立抽取"),
    "normal": Text(
        "correlations of unrelated normal items (Wishart), which so many respondents approach",
        "互不相关正态题项的相关矩阵（Wishart 抽样），大样本下与打乱回答等价",
    ),
}


@dataclass(frozen=True, eq=False)
class Retention:
    """Eigenvalues of the items beside those of unrelated items, and what each rule makes of them.

    eigenvalues, parallel_line, parallel_mean : (p,), largest first; the line is the 95th percentile.
    map_squared, map_fourth : (p,) average partial correlations after 0, 1, ... components.
    counts : rule to number of factors; `parallel`, `parallel_mean`, `map`, `map_fourth`, `kaiser`, and
        `instrument` where constructs are declared.
    """

    eigenvalues: Array
    parallel_line: Array
    parallel_mean: Array
    map_squared: Array
    map_fourth: Array
    counts: dict[str, int]
    draws: int
    seed: int
    draw: Draw


RULES: dict[str, Text] = {
    "parallel": Text("Parallel analysis, 95th percentile", "平行分析（第 95 百分位）"),
    "parallel_mean": Text("Parallel analysis, mean", "平行分析（均值）"),
    "map": Text("Minimum average partial, squared", "最小平均偏相关（平方）"),
    "map_fourth": Text("Minimum average partial, fourth power", "最小平均偏相关（四次方）"),
    "kaiser": Text("Kaiser: eigenvalue above 1", "Kaiser 准则：特征值大于 1"),
    "instrument": Text("Constructs of the instrument", "量表设定的构念数"),
}


SHORT_RULES: dict[str, Text] = {
    "parallel": Text("parallel analysis", "平行分析"),
    "map": Text("MAP", "MAP"),
    "kaiser": Text("Kaiser's rule", "Kaiser 准则"),
}


def retention(
    tally: Tally, correlation: Array, *, n: int, polychoric: bool, constructs: int, draws: int, seed: int
) -> Retention:
    """Every rule at once. `n` is the number of respondents the correlations are worth."""
    values = fn.eigenvalues(correlation)
    unrelated, draw = _unrelated(tally, n, polychoric, draws, np.random.default_rng([seed, 1]))
    line = fn.parallel(values, unrelated)
    partial = fn.average_partial_correlations(correlation)
    counts = {
        "parallel": line.by_percentile,
        "parallel_mean": line.by_mean,
        "map": partial.by_squared,
        "map_fourth": partial.by_fourth_power,
        "kaiser": fn.above_one(values),
    }
    if constructs:
        counts["instrument"] = constructs
    return Retention(
        eigenvalues=values,
        parallel_line=line.percentile,
        parallel_mean=line.mean,
        map_squared=partial.squared,
        map_fourth=partial.fourth_power,
        counts=counts,
        draws=draws,
        seed=seed,
        draw=draw,
    )


def _unrelated(
    tally: Tally, n: int, polychoric: bool, draws: int, rng: np.random.Generator
) -> tuple[Array, Draw]:
    """Eigenvalues of unrelated items. A shuffled column depends only on its counts, which the tally knows."""
    p = len(tally.items)
    categorical = [tally.has_categories(i) for i in range(p)]
    spread = np.array([normal_score_variance(tally.counts(i)) for i in range(p)]) if polychoric else None
    if n * p > MOST_PERMUTED or not any(categorical):
        return fn.normal_eigenvalues(n, p, draws=draws, rng=rng, spread=spread), "normal"
    if all(categorical) and tally.complete and not tally.weighted:
        columns = np.array(
            [
                np.repeat(tally.categories(i), np.rint(tally.counts_unweighted(i)).astype(int))
                for i in range(p)
            ]
        )
        return fn.permuted_eigenvalues(columns, draws=draws, rng=rng, spread=spread), "permuted"
    values = [tally.categories(i) if categorical[i] else None for i in range(p)]
    shares = [tally.counts(i) if categorical[i] else None for i in range(p)]
    return fn.drawn_eigenvalues(values, shares, n=n, draws=draws, rng=rng, spread=spread), "drawn"
