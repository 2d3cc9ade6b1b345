"""Confidence intervals in closed form, and p-values of many tests at once.

Every interval is returned as (lower, upper); inputs broadcast, so a column of shares or correlations gets its
intervals in one call. A count may be a share times an effective n, so it need not be whole. `confidence` is
the two-sided coverage, 0.95 unless asked.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtr, ndtri, stdtr, stdtrit

from csat.numerics.linalg import Array

ShareMethod = Literal["wilson", "wald", "clopper-pearson"]
DifferenceMethod = Literal["newcombe", "wald"]
Adjustment = Literal["holm", "benjamini-hochberg"]
Interval = tuple[Array, Array]


def normal_quantile(confidence: float = 0.95) -> float:
    """z with the given two-sided coverage: 1.959963984540054 for 0.95."""
    return float(ndtri(0.5 + _level(confidence) / 2))


def t_quantile(df: ArrayLike, confidence: float = 0.95) -> Array:
    """t with the given two-sided coverage; infinite df give the normal quantile."""
    df = np.asarray(df, dtype=float)
    finite = np.where(np.isfinite(df) & (df > 0), df, 1.0)
    t = np.where(np.isinf(df), normal_quantile(confidence), stdtrit(finite, 0.5 + _level(confidence) / 2))
    return np.where(df > 0, t, np.nan)


def t_two_sided_p(t: ArrayLike, df: ArrayLike) -> Array:
    """P(|T| >= |t|) of Student's t; infinite df give the normal probability."""
    size, df = np.abs(np.asarray(t, dtype=float)), np.asarray(df, dtype=float)
    finite = np.where(np.isfinite(df), df, 1.0)
    return np.asarray(2.0 * np.where(np.isinf(df), ndtr(-size), stdtr(finite, -size)))


def mean_interval(
    mean: ArrayLike, se: ArrayLike, *, df: ArrayLike = np.inf, confidence: float = 0.95
) -> Interval:
    """mean -+ t(df) se; undefined (NaN) where df is not positive."""
    centre, half = np.asarray(mean, dtype=float), t_quantile(df, confidence) * np.asarray(se, dtype=float)
    return centre - half, centre + half


def share_interval(
    count: ArrayLike, n: ArrayLike, *, confidence: float = 0.95, method: ShareMethod = "wilson"
) -> Interval:
    """Interval of a share count / n.

    wilson : roots p of |x/n - p| = z sqrt(p (1 - p) / n); sensible near 0 and 1.
    wald : x/n -+ z sqrt(x/n (1 - x/n) / n), cut to 0-1.
    clopper-pearson : beta quantiles, coverage never below the nominal.

    Parameters
    ----------
    count : 0 <= count <= n, need not be whole. n : answers, or effective n; where 0 the interval is NaN.

    References
    ----------
    Wilson (1927), JASA 22, 209-212. Clopper & Pearson (1934), Biometrika 26, 404-413.
    """
    x, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(n, dtype=float))
    n = np.where(n > 0, n, np.nan)
    if method == "clopper-pearson":
        tail = (1 - _level(confidence)) / 2
        with np.errstate(invalid="ignore"):
            lower = np.where(x > 0, betaincinv(np.maximum(x, 1e-300), n - x + 1, tail), 0.0)
            upper = np.where(x < n, betaincinv(x + 1, np.maximum(n - x, 1e-300), 1 - tail), 1.0)
        return np.where(np.isnan(n), np.nan, lower), np.where(np.isnan(n), np.nan, upper)
    z, p = normal_quantile(confidence), x / n
    if method == "wald":
        half = z * np.sqrt(p * (1 - p) / n)
        return np.maximum(p - half, 0.0), np.minimum(p + half, 1.0)
    if method != "wilson":
        raise ValueError(f"method is '{method}'; it is one of wilson, wald, clopper-pearson")
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # at 0 and n the root is exact; rounding must not leave 1e-17 below it
    return np.where(x <= 0, 0.0 * n, centre - half), np.where(x >= n, 1.0 + 0.0 * n, centre + half)


def share_difference_interval(
    count_1: ArrayLike,
    n_1: ArrayLike,
    count_2: ArrayLike,
    n_2: ArrayLike,
    *,
    confidence: float = 0.95,
    method: DifferenceMethod = "newcombe",
) -> Interval:
    """Interval of count_1 / n_1 - count_2 / n_2 for two independent groups.

    newcombe : d - sqrt((p1 - l1)^2 + (u2 - p2)^2), d + sqrt((u1 - p1)^2 + (p2 - l2)^2), with Wilson limits.
    wald : d -+ z sqrt(p1 (1 - p1) / n1 + p2 (1 - p2) / n2).

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    n1, n2 = np.asarray(n_1, dtype=float), np.asarray(n_2, dtype=float)
    p1, p2 = np.asarray(count_1, dtype=float) / n1, np.asarray(count_2, dtype=float) / n2
    d = np.asarray(p1 - p2)
    if method == "wald":
        half = normal_quantile(confidence) * np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
        return d - half, d + half
    if method != "newcombe":
        raise ValueError(f"method is '{method}'; it is one of newcombe, wald")
    l1, u1 = share_interval(count_1, n1, confidence=confidence)
    l2, u2 = share_interval(count_2, n2, confidence=confidence)
    return d - np.hypot(p1 - l1, u2 - p2), d + np.hypot(u1 - p1, p2 - l2)


def two_share_test(
    count_1: ArrayLike, n_1: ArrayLike, count_2: ArrayLike, n_2: ArrayLike
) -> tuple[Array, Array]:
    """z = (p1 - p2) / sqrt(p (1 - p) (1/n1 + 1/n2)), p the pooled share, and its two-sided p-value.

    z^2 is the chi-square of the 2 x 2 table without continuity correction. Undefined (NaN) when everybody or
    nobody counts.
    """
    x1, n1 = np.asarray(count_1, dtype=float), np.asarray(n_1, dtype=float)
    x2, n2 = np.asarray(count_2, dtype=float), np.asarray(n_2, dtype=float)
    pooled = (x1 + x2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    z = np.asarray((x1 / n1 - x2 / n2) / np.sqrt(np.where(variance > 0, variance, np.nan)))
    return z, np.asarray(2 * ndtr(-np.abs(z)))


def correlation_interval(r: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Fisher's interval of a correlation: tanh(artanh r -+ z / sqrt(n - 3)); NaN where n <= 3.

    References
    ----------
    Fisher (1921), Metron 1, 3-32.
    """
    r, n = np.asarray(r, dtype=float), np.asarray(n, dtype=float)
    half = normal_quantile(confidence) / np.sqrt(np.where(n > 3, n - 3, np.nan))
    with np.errstate(divide="ignore"):
        centre = np.arctanh(np.clip(r, -1.0, 1.0))
    return np.tanh(centre - half), np.tanh(centre + half)


def correlation_p(r: ArrayLike, n: ArrayLike) -> Array:
    """Two-sided p-value of r = 0 by t = r sqrt((n - 2) / (1 - r^2)) with n - 2 df."""
    r, n = np.asarray(r, dtype=float), np.asarray(n, dtype=float)
    df = np.where(n > 2, n - 2, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = r * np.sqrt(df / np.maximum(1 - r**2, 0.0))
    return t_two_sided_p(t, df)


def alpha_interval_feldt(
    alpha: ArrayLike, *, n: ArrayLike, k: ArrayLike, confidence: float = 0.95
) -> Interval:
    """Feldt's interval of coefficient alpha: (1 - alpha) / (1 - a) ~ F(n - 1, (n - 1)(k - 1)).

    lower = 1 - (1 - a) F_{1-g/2}, upper = 1 - (1 - a) F_{g/2}, g = 1 - confidence. Assumes normal answers and
    items with equal true scores up to a constant.

    Parameters
    ----------
    alpha : estimate. n : respondents (or effective n) > 1. k : items >= 2.

    References
    ----------
    Feldt, Woodruff & Salih (1987), Applied Psychological Measurement 11, 93-103.
    """
    a, n, k = np.asarray(alpha, dtype=float), np.asarray(n, dtype=float), np.asarray(k, dtype=float)
    tail = (1 - _level(confidence)) / 2
    df1 = np.where((n > 1) & (k > 1), n - 1, np.nan)
    df2 = df1 * (k - 1)
    return 1 - (1 - a) * f_quantile(df1, df2, 1 - tail), 1 - (1 - a) * f_quantile(df1, df2, tail)


def alpha_standard_error_duhachek(cov: ArrayLike, *, n: float) -> float:
    """Standard error of coefficient alpha for normal answers, without assuming equal true scores.

    se^2 = 2 k^2 / ((k - 1)^2 v^3) [ v (tr S^2 + tr^2 S) - 2 tr S (1' S^2 1) ] / n, v = 1' S 1.

    Parameters
    ----------
    cov : (k, k) covariance S of k >= 2 items. n : respondents (or effective n).

    References
    ----------
    Duhachek & Iacobucci (2004), Journal of Applied Psychology 89, 792-808; van Zyl, Neudecker & Nel (2000).
    """
    s = np.asarray(cov, dtype=float)
    k, v, trace, row_sums = len(s), s.sum(), np.trace(s), s.sum(axis=0)
    bracket = v * ((s**2).sum() + trace**2) - 2 * trace * (row_sums @ row_sums)
    return float(np.sqrt(2 * k**2 / ((k - 1) ** 2 * v**3) * bracket / n))


def alpha_interval_duhachek(alpha: float, cov: ArrayLike, *, n: float, confidence: float = 0.95) -> Interval:
    """alpha -+ z se, se of `alpha_standard_error_duhachek`."""
    se = alpha_standard_error_duhachek(cov, n=n)
    return mean_interval(alpha, se, confidence=confidence)


def f_quantile(df1: ArrayLike, df2: ArrayLike, probability: ArrayLike) -> Array:
    """Quantile of the F distribution, through the beta quantile of the smaller tail."""
    df1, df2 = np.asarray(df1, dtype=float), np.asarray(df2, dtype=float)
    x = betaincinv(df1 / 2, df2 / 2, np.asarray(probability, dtype=float))
    rest = betaincinv(df2 / 2, df1 / 2, 1 - np.asarray(probability, dtype=float))
    return np.asarray(df2 * x / (df1 * rest))


def adjust_p(p: ArrayLike, *, method: Adjustment = "holm") -> Array:
    """P-values of a family of tests, adjusted so that each can be compared with the level of the family.

    holm : step-down, max over j <= i of (m - j + 1) p_(j); controls the chance of any false finding.
    benjamini-hochberg : step-up, min over j >= i of m p_(j) / j; controls the share of false findings.
    Undefined values stay undefined and do not count.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70. Benjamini & Hochberg (1995), JRSS B 57, 289-300.
    """
    values = np.asarray(p, dtype=float)
    adjusted = np.full(values.shape, np.nan)
    known = ~np.isnan(values)
    ordered = np.sort(values[known])
    m, place = ordered.size, np.argsort(np.argsort(values[known], kind="stable"), kind="stable")
    if method == "holm":
        steps = np.maximum.accumulate(ordered * np.arange(m, 0, -1))
    elif method == "benjamini-hochberg":
        steps = np.minimum.accumulate((ordered * m / np.arange(1, m + 1))[::-1])[::-1]
    else:
        raise ValueError(f"method is '{method}'; it is one of holm, benjamini-hochberg")
    adjusted[known] = np.minimum(steps, 1.0)[place]
    return adjusted


def _level(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it lies between 0 and 1, such as 0.95")
    return confidence
