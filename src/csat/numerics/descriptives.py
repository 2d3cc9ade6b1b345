"""Means, spread, shape, quantiles and boxes of one question, from the counts of its categories or answers.

Counts come as `values` (K,) in ascending order and `counts` (K,), whole or weighted. For weighted counts `n`
says how many rows they stand for, and is the sample size wherever one enters a formula.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from csat.errors import TooFew
from csat.numerics.linalg import Array

ShapeType = Literal[1, 2, 3]
"""Conventions of skewness and kurtosis.

1 plain moments (g1, g2: scipy, Stata); 2 bias-corrected (G1, G2: SPSS, SAS, Excel, pandas); 3 with the n - 1
standard deviation (b1, b2: R's psych and e1071, Minitab)."""

SHAPE_NAMES = {1: "type 1 (g1, g2)", 2: "type 2 (G1, G2)", 3: "type 3 (b1, b2)"}

QuantileRule = Literal["type 7", "inverse"]

TUKEY_FENCE = 1.5
"""Interquartile ranges from the box to the fence (Tukey 1977, Exploratory Data Analysis)."""


class Moments(NamedTuple):
    """Mean and central moments m2, m3, m4 with denominator n, of n answers."""

    n: float
    mean: float
    m2: float
    m3: float
    m4: float

    @property
    def variance(self) -> float:
        """Variance with denominator n - 1; NaN for a single answer."""
        return self.m2 * self.n / (self.n - 1) if self.n > 1 else np.nan

    @property
    def sd(self) -> float:
        """Standard deviation with denominator n - 1."""
        return float(np.sqrt(self.variance))

    def skewness(self, kind: ShapeType = 2) -> float:
        """Skewness by convention; NaN when all answers are equal, or (type 2) for fewer than 3 answers."""
        if not self.m2 > 0:
            return np.nan
        n, g1 = self.n, float(self.m3 / self.m2**1.5)
        if kind == 1:
            return g1
        if kind == 2:
            return float(g1 * np.sqrt(n * (n - 1)) / (n - 2)) if n > 2 else np.nan
        if kind == 3:
            return float(g1 * ((n - 1) / n) ** 1.5)
        raise ValueError(f"kind is {kind}; it is 1, 2 or 3")

    def kurtosis(self, kind: ShapeType = 2) -> float:
        """Excess kurtosis (0 if normal) by convention; NaN as `skewness`, type 2 below 4 answers."""
        if not self.m2 > 0:
            return np.nan
        n, g2 = self.n, self.m4 / self.m2**2 - 3
        if kind == 1:
            return g2
        if kind == 2:
            return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6) if n > 3 else np.nan
        if kind == 3:
            return (g2 + 3) * (1 - 1 / n) ** 2 - 3
        raise ValueError(f"kind is {kind}; it is 1, 2 or 3")


def moments(values: ArrayLike, counts: ArrayLike, *, n: float | None = None) -> Moments:
    """Moments from the counts of categories; all NaN when nobody answered.

    Parameters
    ----------
    values : (K,) answer values. counts : (K,) whole or weighted counts. n : rows behind weighted counts.
    """
    x, c = np.asarray(values, dtype=float), np.asarray(counts, dtype=float)
    total = c.sum()
    if not total > 0:
        return Moments(0.0, np.nan, np.nan, np.nan, np.nan)
    mean = c @ x / total
    d = x - mean
    m2, m3, m4 = (float(c @ d**power / total) for power in (2, 3, 4))
    return Moments(float(total if n is None else n), float(mean), m2, m3, m4)


def moments_from_power_sums(sums: ArrayLike, *, origin: float = 0.0, n: float | None = None) -> Moments:
    """Moments from (weighted) sums of (x - origin)^k, k = 0 .. 4; all NaN when nobody answered.

    Parameters
    ----------
    sums : (5,). origin : where the sums are kept about; near the mean, for accuracy. n : rows behind them.
    """
    s = np.asarray(sums, dtype=float)
    if not s[0] > 0:
        return Moments(0.0, np.nan, np.nan, np.nan, np.nan)
    a, b, c, d = (float(v) for v in s[1:] / s[0])
    m2 = max(b - a**2, 0.0)
    m3 = c - 3 * a * b + 2 * a**3
    m4 = d - 4 * a * c + 6 * a**2 * b - 3 * a**4
    return Moments(float(s[0] if n is None else n), origin + a, m2, m3, m4)


def moments_of(answers: ArrayLike) -> Moments:
    """Moments of answers as they are; NaN are silence and left out."""
    x = np.asarray(answers, dtype=float)
    x = x[~np.isnan(x)]
    return moments(x, np.ones_like(x))


def quantiles(
    values: ArrayLike, counts: ArrayLike, probabilities: ArrayLike, *, rule: QuantileRule = "type 7"
) -> Array:
    """Quantiles from the counts of categories; NaN when nobody answered.

    type 7 : between the order statistics around 1 + (n - 1) p (R's and numpy's default); whole counts.
    inverse : the smallest value whose cumulated share reaches p, half-way to the next where it is exactly p;
        for weighted counts, where order statistics have no meaning.

    Parameters
    ----------
    values : (K,) ascending. counts : (K,). probabilities : (m,) between 0 and 1.

    References
    ----------
    Hyndman & Fan (1996), The American Statistician 50, 361-365.
    """
    x, c = np.asarray(values, dtype=float), np.asarray(counts, dtype=float)
    p = np.asarray(probabilities, dtype=float)
    used = c > 0
    x, cumulated = x[used], np.cumsum(c[used])
    if not x.size:
        return np.full(p.shape, np.nan)
    if rule == "type 7":
        place = (cumulated[-1] - 1) * p
        below = np.floor(place)
        low = x[np.searchsorted(cumulated, below, side="right")]
        high = x[np.searchsorted(cumulated, np.minimum(below + 1, cumulated[-1] - 1), side="right")]
        return np.asarray(low + (place - below) * (high - low))
    if rule != "inverse":
        raise ValueError(f"rule is '{rule}'; it is one of type 7, inverse")
    share = cumulated / cumulated[-1]
    # weighted sums carry rounding: a share within 1e-12 of p has reached it
    at = np.minimum(np.searchsorted(share, p - 1e-12), x.size - 1)
    following = np.minimum(at + (np.abs(share[at] - p) <= 1e-12), x.size - 1)
    return np.asarray((x[at] + x[following]) / 2)


def median(values: ArrayLike, counts: ArrayLike, *, rule: QuantileRule = "type 7") -> float:
    """The median from the counts of categories."""
    return float(quantiles(values, counts, [0.5], rule=rule)[0])


class Box(NamedTuple):
    """A Tukey box: quartiles, the most extreme answers inside the fences, and the values outside."""

    n: float
    q1: float
    median: float
    q3: float
    whisker_low: float
    whisker_high: float
    outliers: tuple[float, ...]


def tukey_box(values: ArrayLike, counts: ArrayLike, *, rule: QuantileRule = "type 7") -> Box:
    """Box plot figures from counts: fences at `TUKEY_FENCE` interquartile ranges from the quartiles.

    Each value outside the fences is listed once, however many chose it.
    """
    x, c = np.asarray(values, dtype=float), np.asarray(counts, dtype=float)
    q1, middle, q3 = (float(q) for q in quantiles(x, c, [0.25, 0.5, 0.75], rule=rule))
    if np.isnan(middle):
        return Box(0.0, q1, middle, q3, np.nan, np.nan, ())
    reach = TUKEY_FENCE * (q3 - q1)
    used = x[c > 0]
    inside = used[(used >= q1 - reach) & (used <= q3 + reach)]
    outside = used[(used < q1 - reach) | (used > q3 + reach)]
    # type 7 quartiles lie between answers: a whisker never ends inside the box
    low, high = min(float(inside.min()), q1), max(float(inside.max()), q3)
    return Box(float(c.sum()), q1, middle, q3, low, high, tuple(outside.tolist()))


def top_share(counts: ArrayLike, *, boxes: int = 2) -> float:
    """Share of the `boxes` highest categories; counts from low to high. NaN when nobody answered."""
    c = np.asarray(counts, dtype=float)
    return float(c[max(c.size - boxes, 0) :].sum() / c.sum()) if c.sum() > 0 else np.nan


def bottom_share(counts: ArrayLike, *, boxes: int = 2) -> float:
    """Share of the `boxes` lowest categories; counts from low to high. NaN when nobody answered."""
    return top_share(np.asarray(counts, dtype=float)[::-1], boxes=boxes)


def rescaled_0_100(value: ArrayLike, *, minimum: float, maximum: float) -> Array:
    """100 (x - minimum) / (maximum - minimum): the lowest answer is 0 and the highest 100 on every scale."""
    if not maximum > minimum:
        raise ValueError(f"the scale runs from {minimum} to {maximum}; its maximum must be above its minimum")
    return 100.0 * (np.asarray(value, dtype=float) - minimum) / (maximum - minimum)


def effective_n(weights: ArrayLike) -> float:
    """Kish's effective sample size (sum w)^2 / sum w^2.

    Raises
    ------
    TooFew : a weight is negative (its position is named), or all are zero.

    References
    ----------
    Kish (1965), Survey Sampling.
    """
    w = np.asarray(weights, dtype=float)
    negative = np.flatnonzero(~(w >= 0))
    if negative.size:
        raise TooFew(
            "weights must not be negative or missing: {items}",
            positions=negative.tolist(),
            do="Correct the weight column",
        )
    if not w.sum() > 0:
        raise TooFew("all weights are zero", do="Choose another weight column")
    return float(w.sum() ** 2 / (w @ w))


def design_effect(weights: ArrayLike) -> float:
    """Kish's design effect of weighting: n sum w^2 / (sum w)^2 = n / effective n."""
    return np.asarray(weights).size / effective_n(weights)
