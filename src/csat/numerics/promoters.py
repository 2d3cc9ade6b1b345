"""The net promoter score and its error.

Letters: p, d shares of promoters (9-10) and detractors (0-6), s = 100, 0, -100 of a respondent, w weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from csat.numerics.scores import linearised_se, mean_influence, weighted_means

Array = NDArray[np.float64]

PROMOTER, PASSIVE = 9, 7
"""The lowest answers of a promoter and of a passive."""


@dataclass(frozen=True)
class NetScore:
    """value = 100 (p - d), variance = p + d - (p - d)^2 of one answer (on -1 to 1). n : answers."""

    promoters: float
    passives: float
    detractors: float
    value: float
    variance: float
    se: float
    n: int


def promoter_scores(answers: ArrayLike) -> Array:
    """(n,) 100 for 9-10, 0 for 7-8, -100 for 0-6, NaN for silence."""
    x = np.asarray(answers, dtype=float)
    s = np.where(x >= PROMOTER, 100.0, np.where(x >= PASSIVE, 0.0, -100.0))
    return np.asarray(np.where(np.isnan(x), np.nan, s))


def net_score(promoters: float, detractors: float, n: int) -> NetScore:
    """From shares: se = 100 sqrt(variance / n)."""
    variance = promoters + detractors - (promoters - detractors) ** 2
    se = 100 * float(np.sqrt(variance / n)) if n else np.nan
    passives = 1 - promoters - detractors
    return NetScore(promoters, passives, detractors, 100 * (promoters - detractors), variance, se, n)


def net_score_of(answers: ArrayLike, weights: ArrayLike | None = None) -> NetScore:
    """From answers 0-10: as `net_score`; with weights the se is linearised, with replacement, n / (n - 1)."""
    s = promoter_scores(answers)
    s_known = s[~np.isnan(s)]
    n = len(s_known)
    if not n:
        return NetScore(*(np.nan,) * 6, 0)
    if weights is None:
        return net_score(float((s_known > 0).mean()), float((s_known < 0).mean()), n)
    w = np.asarray(weights, dtype=float)[~np.isnan(s)]
    total = w.sum()
    found = net_score(float(w @ (s_known > 0) / total), float(w @ (s_known < 0) / total), n)
    u = mean_influence(s_known[:, None], w)[:, 0]
    value = float(weighted_means(s_known[:, None], w)[0])
    return NetScore(
        found.promoters, found.passives, found.detractors, value, found.variance, linearised_se(u, n=n), n
    )


def net_difference(first: NetScore, second: NetScore) -> tuple[float, float, float, float]:
    """Difference, its se sqrt(se1^2 + se2^2), z and two-sided p of two independent scores."""
    difference, se = first.value - second.value, float(np.hypot(first.se, second.se))
    z = difference / se if se > 0 else np.nan
    return difference, se, z, float(2 * ndtr(-abs(z)))
