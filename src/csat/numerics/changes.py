"""Two waves, two groups: is the change more than chance, how large is it, what could have been seen.

Letters: 1 the earlier (reference) sample and 2 the later, p share, q = 1 - p, pbar the mean of both shares,
se standard error of a mean. Differences are always second less first. Inputs broadcast.
"""

from __future__ import annotations

import itertools
import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from csat.errors import NumericsError
from csat.numerics import design as de
from csat.numerics.intervals import (
    normal_quantile,
    share_difference_interval,
    t_quantile,
    t_two_sided_p,
    two_share_test,
)
from csat.numerics.linalg import Array
from csat.numerics.sampling import rounded_up

POWER = 0.80
LEVEL = 0.05

Freedom = Literal["welch", "design"]
"""df of a mean difference: Welch-Satterthwaite, or clusters less strata less 1 (each sample a stratum)."""


class ShareDifference(NamedTuple):
    """Two shares compared: p2 - p1 with z (pooled), Newcombe's interval and effect sizes."""

    difference: Array
    z: Array
    p: Array
    ci_lower: Array
    ci_upper: Array
    cohen_h: Array
    odds_ratio: Array
    ratio: Array
    """p2 / p1, with the interval exp(ln ratio -+ z sqrt(q1 / (n1 p1) + q2 / (n2 p2)))."""
    ratio_lower: Array
    ratio_upper: Array


def share_difference(
    share_1: ArrayLike, n_1: ArrayLike, share_2: ArrayLike, n_2: ArrayLike, *, confidence: float = 0.95
) -> ShareDifference:
    """Compare two shares of independent samples.

    z = (p2 - p1) / sqrt(p (1 - p) (1/n1 + 1/n2)), p pooled; h = 2 asin sqrt p2 - 2 asin sqrt p1.

    Parameters
    ----------
    n_1, n_2 : answers, or effective n of weighted ones.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890. Cohen (1988), Statistical power analysis, chapter 6.
    Katz, Baptista, Azen & Pike (1978), Biometrics 34, 469-474 (ratio).
    """
    p1, n1, p2, n2 = (np.asarray(v, dtype=float) for v in (share_1, n_1, share_2, n_2))
    _check_shares(p1, p2)
    z, p = two_share_test(p2 * n2, n2, p1 * n1, n1)
    lower, upper = share_difference_interval(p2 * n2, n2, p1 * n1, n1, confidence=confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = p2 / p1
        spread = normal_quantile(confidence) * np.sqrt((1 - p1) / (n1 * p1) + (1 - p2) / (n2 * p2))
        odds = p2 / (1 - p2) / (p1 / (1 - p1))
        low, high = ratio * np.exp(-spread), ratio * np.exp(spread)
    return ShareDifference(np.asarray(p2 - p1), z, p, lower, upper, cohen_h(p1, p2), odds, ratio, low, high)


def cohen_h(share_1: ArrayLike, share_2: ArrayLike) -> Array:
    """Effect size 2 asin sqrt p2 - 2 asin sqrt p1."""
    p1, p2 = np.asarray(share_1, dtype=float), np.asarray(share_2, dtype=float)
    return np.asarray(2 * np.arcsin(np.sqrt(p2)) - 2 * np.arcsin(np.sqrt(p1)))


def n_for_significance(share_1: float, share_2: float, *, level: float = LEVEL) -> int:
    """Smallest n of each wave at which exactly these shares give |z| >= z_{1 - level/2}.

    n = z^2 2 pbar (1 - pbar) / (p2 - p1)^2. Samples of this size miss the change every second time.
    """
    mean, change = _mean_and_change(share_1, share_2)
    return rounded_up(_z(level) ** 2 * 2 * mean * (1 - mean) / change**2)


def n_for_power(share_1: float, share_2: float, *, power: float = POWER, level: float = LEVEL) -> float:
    """n of each wave that finds the change with the given power, unrounded.

    [z_a sqrt(2 pbar (1 - pbar)) + z_b sqrt(p1 q1 + p2 q2)]^2 / (p2 - p1)^2, z_a two-sided.

    References
    ----------
    Fleiss, Levin & Paik (2003), Statistical methods for rates and proportions, section 4.2.
    """
    mean, change = _mean_and_change(share_1, share_2)
    within = share_1 * (1 - share_1) + share_2 * (1 - share_2)
    root = _z(level) * np.sqrt(2 * mean * (1 - mean)) + float(ndtri(power)) * np.sqrt(within)
    return float(root**2 / change**2)


class MeanDifference(NamedTuple):
    """Two means compared: m2 - m1 with t, its df and p, the interval, and the smallest difference seen."""

    difference: Array
    se: Array
    t: Array
    df: Array
    p: Array
    ci_lower: Array
    ci_upper: Array
    detectable: Array


def mean_difference(
    mean_1: ArrayLike,
    se_1: ArrayLike,
    df_1: ArrayLike,
    mean_2: ArrayLike,
    se_2: ArrayLike,
    df_2: ArrayLike,
    *,
    freedom: Freedom = "welch",
    confidence: float = 0.95,
    power: float = POWER,
) -> MeanDifference:
    """Compare the means of two independent samples from their standard errors.

    t = (m2 - m1) / sqrt(se1^2 + se2^2).
    welch : df = (se1^2 + se2^2)^2 / (se1^4 / df1 + se2^4 / df2).
    design : df = df1 + df2 - 1, the test of a regression on the group with each sample a stratum (svyttest).

    Parameters
    ----------
    se_1, se_2 : standard errors, design-based ones where weighted. df_1, df_2 : n - 1, or the df of a design.
    power : of the smallest detectable difference at this confidence.

    References
    ----------
    Welch (1947), Biometrika 34, 28-35.
    """
    m1, s1, f1, m2, s2, f2 = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (mean_1, se_1, df_1, mean_2, se_2, df_2))
    )
    difference, se = m2 - m1, np.hypot(s1, s2)
    possible = (f1 > 0) & (f2 > 0) & (se > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if freedom == "welch":
            df = se**4 / (s1**4 / f1 + s2**4 / f2)
        elif freedom == "design":
            df = f1 + f2 - 1
        else:
            raise ValueError(f"freedom is '{freedom}'; it is one of welch, design")
        df = np.where(possible, df, np.nan)
        t = np.where(possible, difference / se, np.nan)
    half = t_quantile(np.where(possible, df, 0.0), confidence) * se
    return MeanDifference(
        difference,
        se,
        t,
        df,
        np.where(possible, t_two_sided_p(np.nan_to_num(t), np.where(possible, df, 1.0)), np.nan),
        difference - half,
        difference + half,
        np.where(possible, detectable_difference(se, level=1 - confidence, power=power), np.nan),
    )


class Sample(NamedTuple):
    """Values (n,) of one sample, NaN where silent, and how it was drawn; None: equal, none, none."""

    values: Array
    weights: Array | None = None
    strata: Array | None = None
    clusters: Array | None = None

    @property
    def is_simple(self) -> bool:
        """Whether the textbook formulas hold."""
        return self.weights is None and not self.has_design

    @property
    def has_design(self) -> bool:
        """Whether strata or clusters enter the error."""
        return self.strata is not None or self.clusters is not None

    def known(self) -> Sample:
        """The rows that answered."""
        keep = ~np.isnan(self.values)
        return Sample(*(None if part is None else part[keep] for part in self))  # type: ignore[arg-type]


class SampleMean(NamedTuple):
    """Mean of a sample with its design-based standard error; sd with n - 1, weighted where the sample is."""

    n: int
    effective_n: float
    mean: float
    se: float
    df: int
    sd: float


UNKNOWN_MEAN = SampleMean(0, 0.0, np.nan, np.nan, 0, np.nan)


def sample_mean(sample: Sample) -> SampleMean:
    """The mean over the rows that answered, which are the design (R survey on the answering rows).

    A stratum left with one cluster is centred at the mean of all.
    """
    own = sample.known()
    n = len(own.values)
    w = _ones(own)
    total = float(w.sum())
    if not total > 0:
        return UNKNOWN_MEAN
    mean = float(w @ own.values) / total
    d = own.values - mean
    sd = float(np.sqrt(w @ d**2 / total * n / (n - 1))) if n > 1 else np.nan
    if own.has_design:
        of = de.design(w, strata=own.strata, clusters=own.clusters, lone="adjust")
        df, se = of.df, float(of.se(w * d / total)[0])
    else:
        df, se = n - 1, float(np.sqrt(n / max(n - 1, 1) * ((w * d) @ (w * d)))) / total
    return SampleMean(n, total**2 / float(w @ w), mean, se if df > 0 else np.nan, df, sd)


def paired_difference(changes: Sample, *, confidence: float = 0.95, power: float = POWER) -> MeanDifference:
    """Mean of the changes of the same respondents, t with the df of their design (n - 1 when simple)."""
    found = sample_mean(changes)
    return mean_difference(
        0.0, 0.0, np.inf, found.mean, found.se, found.df, confidence=confidence, power=power
    )


def compare_means(
    first: SampleMean,
    second: SampleMean,
    *,
    freedom: Freedom = "welch",
    confidence: float = 0.95,
    power: float = POWER,
) -> MeanDifference:
    """Mean of the second of two independent samples less that of the first."""
    return mean_difference(
        first.mean,
        first.se,
        first.df,
        second.mean,
        second.se,
        second.df,
        freedom=freedom,
        confidence=confidence,
        power=power,
    )


def compare_samples(
    first: Sample, second: Sample, *, independent: bool = True, confidence: float = 0.95, power: float = POWER
) -> MeanDifference:
    """Mean of the second sample less that of the first.

    Simple samples: Welch. Else design-based, t with one df less than the design of both (svyttest); their
    strata are apart when the samples are independent, and shared when they are parts of one sample.
    """
    a, b = first.known(), second.known()
    if (independent and not (a.has_design or b.has_design)) or (a.is_simple and b.is_simple):
        freedom: Freedom = "welch" if a.is_simple and b.is_simple else "design"
        return compare_means(
            sample_mean(a), sample_mean(b), freedom=freedom, confidence=confidence, power=power
        )
    if min(len(a.values), len(b.values)) < 2:
        return mean_difference(np.nan, np.nan, 0, np.nan, np.nan, 0, confidence=confidence, power=power)
    is_second = np.repeat([False, True], [len(a.values), len(b.values)])
    strata_of = np.concatenate([_stratum(a), _stratum(b)])
    apart = is_second if independent else np.zeros(len(is_second), dtype=bool)
    strata = strata_of + apart * (strata_of.max() + 1)
    clusters = None
    if a.clusters is not None and b.clusters is not None:
        clusters = np.concatenate([a.clusters, b.clusters])
    elif a.clusters is not None or b.clusters is not None:
        raise NumericsError("one sample has clusters and the other has none")
    weights = np.concatenate([_ones(a), _ones(b)])
    of = de.design(weights, strata=strata, clusters=clusters, lone="adjust")
    found = de.differences(np.concatenate([a.values, b.values]), of, first=~is_second, second=is_second)
    return mean_difference(
        0.0, 0.0, np.inf, found.value[0], found.se[0], of.df - 1, confidence=confidence, power=power
    )


def _ones(sample: Sample) -> Array:
    return np.ones(len(sample.values)) if sample.weights is None else sample.weights


def _stratum(sample: Sample) -> Array:
    return np.zeros(len(sample.values)) if sample.strata is None else sample.strata


class PermutedDifference(NamedTuple):
    """Mean of the marked values less that of the others, and its permutation p."""

    difference: float
    p: float
    permutations: int
    exact: bool


def permuted_difference(
    values: ArrayLike, marked: ArrayLike, *, permutations: int = 10_000, seed: int = 0
) -> PermutedDifference:
    """Mean of marked values less mean of the others; p over which values are marked, two-sided.

    All choices when there are at most `permutations` of them; else that many drawn at random and
    p = (1 + as large) / (1 + drawn), so that p is never 0.

    Parameters
    ----------
    values : (k,). marked : (k,) truth, some and not all.

    References
    ----------
    Phipson & Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9, article 39.
    """
    x, mark = np.asarray(values, dtype=float), np.asarray(marked, dtype=bool)
    k, m = len(x), int(mark.sum())
    if not 0 < m < k:
        raise NumericsError("a difference needs some marked values and some others")
    total = x.sum()

    def difference(of_marked: Array) -> Array:
        return np.asarray(of_marked / m - (total - of_marked) / (k - m))

    observed = float(difference(x[mark].sum()))
    # a sum in another order differs in the last bits
    limit = abs(observed) * (1 - 1e-12) - 1e-15
    choices = math.comb(k, m)
    if choices <= permutations:
        chosen = np.array(list(itertools.combinations(range(k), m)))
        large = np.abs(difference(x[chosen].sum(axis=1))) >= limit
        return PermutedDifference(observed, float(large.mean()), choices, True)
    rng = np.random.default_rng(seed)
    chosen = np.argsort(rng.random((permutations, k)), axis=1)[:, :m]
    large = np.abs(difference(x[chosen].sum(axis=1))) >= limit
    return PermutedDifference(observed, float((1 + large.sum()) / (1 + permutations)), permutations, False)


def detectable_difference(se: ArrayLike, *, level: float = LEVEL, power: float = POWER) -> Array:
    """Smallest true difference found with the given power: (z_{1 - level/2} + z_power) se."""
    return np.asarray((_z(level) + float(ndtri(power))) * np.asarray(se, dtype=float))


def cohen_d(difference: ArrayLike, sd_1: ArrayLike, n_1: ArrayLike, sd_2: ArrayLike, n_2: ArrayLike) -> Array:
    """Difference over the pooled standard deviation, sqrt(((n1 - 1) s1^2 + (n2 - 1) s2^2) / (n1 + n2 - 2)).

    NaN where nobody differs from anybody.
    """
    d, s1, n1, s2, n2 = (np.asarray(v, dtype=float) for v in (difference, sd_1, n_1, sd_2, n_2))
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))
        return np.asarray(np.where(pooled > 0, d / pooled, np.nan))


def _mean_and_change(share_1: float, share_2: float) -> tuple[float, float]:
    _check_shares(np.asarray(share_1), np.asarray(share_2))
    if share_1 == share_2:
        raise NumericsError("the two shares are equal, so no sample can tell them apart")
    return (share_1 + share_2) / 2, share_2 - share_1


def _check_shares(*shares: Array) -> None:
    for p in shares:
        wrong = np.flatnonzero(np.atleast_1d((p < 0) | (p > 1)))
        if wrong.size:
            raise NumericsError(
                "a share lies outside 0 to 1: {items}",
                positions=wrong.tolist(),
                do="Write 82 % as 0.82",
            )


def _z(level: float) -> float:
    return normal_quantile(1 - level)
