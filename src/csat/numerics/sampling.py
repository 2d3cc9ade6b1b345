"""How many respondents, from which strata, and how close they come.

Letters of the literature: N population, n sample, p share and q = 1 - p, e margin (half width of the
interval), z normal quantile, h stratum, N_h and n_h its population and sample, W_h = N_h / N, S_h its
standard deviation (n - 1), c_h the cost of one answer there. Sample sizes are returned unrounded:
`rounded_up` makes them whole.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import NumericsError, TooFew
from csat.numerics.linalg import Array

Correction = Literal["n0 - 1", "n0"]
"""Conventions of the finite population correction of a sample size."""
Allocation = Literal["proportional", "neyman", "cost-optimal"]

Z_95 = 1.959963984540054
FEWEST_IN_STRATUM = 2
"""Below two answers a stratum has no variance."""
NEGLIGIBLE_SHARE = 1e-12
"""A share below this part of the largest counts as none."""
WHOLE = 1e-9
"""Distance below which a computed size counts as the whole number next to it."""


def rounded_up(n: float) -> int:
    """The next whole number of respondents; rounding noise does not add one."""
    return int(np.ceil(n - WHOLE))


def sample_size_yamane(population: float, *, margin: float) -> float:
    """Yamane's n = N / (1 + N e^2): 95 %, p = 1/2, z rounded to 2.

    References
    ----------
    Yamane (1967), Statistics: an introductory analysis.
    """
    return _positive(population, "population") / (1 + population * _share(margin, "margin") ** 2)


def sample_size_share(*, margin: float, share: float = 0.5, z: float = Z_95) -> float:
    """Cochran's n0 = z^2 p q / e^2 for a share, from an endless population.

    Parameters
    ----------
    margin : e, a share (0.05 is 5 points). share : the p expected; 1/2 is the worst case.

    Raises
    ------
    NumericsError : margin or share outside (0, 1).

    References
    ----------
    Cochran (1977), Sampling techniques, section 4.4.
    """
    p = _share(share, "share")
    return z**2 * p * (1 - p) / _share(margin, "margin") ** 2


def sample_size_mean(*, margin: float, sd: float, z: float = Z_95) -> float:
    """n0 = (z sd / e)^2 for a mean; margin and sd in the same unit (answers, or points of an index)."""
    return (z * _positive(sd, "sd") / _positive(margin, "margin")) ** 2


def sample_size_nps(*, margin: float, promoters: float, detractors: float, z: float = Z_95) -> float:
    """n0 = z^2 (P + D - (P - D)^2) / e^2 for a net promoter score P - D.

    Parameters
    ----------
    margin : e, on -1 to 1 (0.05 is 5 points of the score). promoters, detractors : shares expected.
    """
    return z**2 * nps_variance(promoters, detractors) / _share(margin, "margin") ** 2


def nps_variance(promoters: float, detractors: float) -> float:
    """Variance of +1 (promoter), 0, -1 (detractor): P + D - (P - D)^2.

    References
    ----------
    Rocks (2016), The American Statistician 70, 365-372.
    """
    if min(promoters, detractors) < 0 or promoters + detractors > 1:
        raise NumericsError(
            f"shares of promoters {promoters:g} and detractors {detractors:g} are not possible",
            do="Both are at least 0 and together at most 1",
        )
    return promoters + detractors - (promoters - detractors) ** 2


def finite_sample_size(n0: float, population: float, *, correction: Correction = "n0 - 1") -> float:
    """The size needed from a population of N, of the size n0 needed from an endless one.

    n0 - 1 : n0 / (1 + (n0 - 1) / N), which is exact for a share.
    n0 : n0 / (1 + n0 / N), which is exact for a mean whose S divides by N - 1.
    """
    if correction not in ("n0 - 1", "n0"):
        raise ValueError(f"correction is '{correction}'; it is one of 'n0 - 1', 'n0'")
    less = 1 if correction == "n0 - 1" else 0
    return n0 / (1 + (n0 - less) / _positive(population, "population"))


def inflated(n: float, *, deff: float = 1.0, response: float = 1.0) -> float:
    """Questionnaires to send out: n deff / expected response rate."""
    if not 0 < response <= 1:
        raise NumericsError(f"the response rate is {response:g}", do="It lies above 0 and at most at 1")
    return n * _positive(deff, "design effect") / response


def margin_share(n: ArrayLike, *, share: float = 0.5, population: float = np.inf, z: float = Z_95) -> Array:
    """z sqrt(p q / n) sqrt((N - n) / (N - 1)); 0 when everybody is asked."""
    spread = np.sqrt(share * (1 - share) / np.asarray(n, dtype=float))
    return np.asarray(z * spread * _correction(n, population, 1))


def margin_mean(n: ArrayLike, *, sd: float, population: float = np.inf, z: float = Z_95) -> Array:
    """z S / sqrt(n) sqrt(1 - n / N)."""
    return np.asarray(z * sd / np.sqrt(np.asarray(n, dtype=float)) * _correction(n, population, 0))


def margin_nps(
    n: ArrayLike, *, promoters: float, detractors: float, population: float = np.inf, z: float = Z_95
) -> Array:
    """z sqrt((P + D - (P - D)^2) / n) sqrt((N - n) / (N - 1)), on -1 to 1."""
    spread = np.sqrt(nps_variance(promoters, detractors) / np.asarray(n, dtype=float))
    return np.asarray(z * spread * _correction(n, population, 1))


def cluster_deff(size: float, rho: float) -> float:
    """Design effect of clusters of m respondents with intra-cluster correlation rho: 1 + (m - 1) rho."""
    return 1 + (size - 1) * rho


def kish_effective_n(weights: ArrayLike) -> float:
    """(sum w)^2 / sum w^2.

    Raises
    ------
    NumericsError : a negative weight, or a sum of zero.

    References
    ----------
    Kish (1965), Survey sampling, section 11.7.
    """
    w = checked_weights(weights)
    return float(w.sum() ** 2 / (w @ w))


def kish_deff(weights: ArrayLike) -> float:
    """Design effect of unequal weights: n sum w^2 / (sum w)^2."""
    return np.size(weights) / kish_effective_n(weights)


def checked_weights(weights: ArrayLike) -> Array:
    """The weights as floats.

    Raises
    ------
    NumericsError : a weight that is negative or not a number (at its position), or a sum of zero.
    """
    w = np.asarray(weights, dtype=float)
    wrong = np.flatnonzero(~(w >= 0) | np.isinf(w))
    if wrong.size:
        raise NumericsError(
            "weights are negative or not a number: {items}",
            positions=wrong.tolist(),
            do="Correct the weights; a respondent without weight is left out",
        )
    if not w.sum() > 0:
        raise NumericsError("all weights are zero", do="Give weights that count somebody")
    return w


def allocate(
    n: int,
    sizes: ArrayLike,
    *,
    sds: ArrayLike | None = None,
    costs: ArrayLike | None = None,
    method: Allocation = "proportional",
    fewest: int = FEWEST_IN_STRATUM,
) -> NDArray[np.int64]:
    """A sample of n split over strata; whole numbers that sum to n.

    proportional : n_h ~ N_h.  neyman : n_h ~ N_h S_h.  cost-optimal : n_h ~ N_h S_h / sqrt(c_h).
    A stratum gets at least `fewest` (or all of it, when smaller) and at most N_h; what that takes or leaves
    is shared by the others in the same proportion. Rounded by largest remainder, ties to the earlier stratum.

    Parameters
    ----------
    sizes : (H,) populations N_h, whole. sds : (H,) S_h, needed by neyman and cost-optimal. costs : (H,) c_h.

    Raises
    ------
    TooFew : n cannot give every stratum its least. NumericsError : n exceeds the population; a size, sd or
        cost is impossible.

    References
    ----------
    Neyman (1934), J. R. Stat. Soc. 97, 558-625. Cochran (1977), Sampling techniques, section 5.5.
    """
    caps = np.asarray(sizes, dtype=float)
    _all_positive(caps, "the population of a stratum is not positive: {items}")
    if (caps != np.floor(caps)).any():
        raise NumericsError(
            "the population of a stratum is not a whole number: {items}",
            positions=np.flatnonzero(caps != np.floor(caps)).tolist(),
        )
    shares = _allocation_shares(caps, sds, costs, method)
    floors = np.minimum(caps, fewest)
    if n < floors.sum():
        raise TooFew(
            f"{n} respondents are too few for {len(caps)} strata with at least {fewest} each",
            do=f"Plan for at least {floors.sum():.0f}, or merge strata",
        )
    if n > caps.sum():
        raise NumericsError(
            f"a sample of {n} is larger than the population of {caps.sum():.0f}",
            do="Ask everybody, or correct the populations of the strata",
        )
    return largest_remainder(shared_within(n, shares, lower=floors, upper=caps))


def _allocation_shares(
    sizes: Array, sds: ArrayLike | None, costs: ArrayLike | None, method: Allocation
) -> Array:
    if method not in ("proportional", "neyman", "cost-optimal"):
        raise ValueError(f"method is '{method}'; it is one of proportional, neyman, cost-optimal")
    if method == "proportional":
        return sizes
    if sds is None:
        raise NumericsError(f"{method} allocation needs the standard deviation of every stratum")
    s = np.asarray(sds, dtype=float)
    if not (s >= 0).all() or not s.any():
        raise NumericsError(
            "a standard deviation is negative, or all are zero: {items}",
            positions=np.flatnonzero(~(s > 0)).tolist(),
        )
    if method == "neyman":
        return np.asarray(sizes * s)
    if costs is None:
        raise NumericsError("cost-optimal allocation needs the cost of an answer in every stratum")
    c = np.asarray(costs, dtype=float)
    _all_positive(c, "the cost of an answer is not positive: {items}")
    return np.asarray(sizes * s / np.sqrt(c))


def shared_within(total: float, shares: ArrayLike, *, lower: ArrayLike, upper: ArrayLike) -> Array:
    """x_h = min(max(t s_h, lower_h), upper_h) with the t that makes their sum the total.

    Parameters
    ----------
    shares : (H,) at least 0. lower, upper : (H,), sum lower <= total <= sum upper. Where all shares that
        could still grow are zero, what is left is shared evenly up to the upper ends.
    """
    s = np.asarray(shares, dtype=float)
    s = np.where(s > NEGLIGIBLE_SHARE * s.max(initial=0.0), s, 0.0)
    low, high = (np.broadcast_to(np.asarray(v, dtype=float), s.shape) for v in (lower, upper))
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.concatenate([low / s, high / s])
    ends = np.unique(np.concatenate([[0.0], ends[np.isfinite(ends)]]))

    def shared(t: float) -> Array:
        return np.asarray(np.clip(t * s, low, high))

    sums = np.array([shared(t).sum() for t in ends])
    if sums[-1] < total:
        # strata of share zero stand at their lower end: they take the rest
        room = (high - low)[s == 0]
        x = shared(ends[-1])
        x[s == 0] += (total - sums[-1]) * room / room.sum()
        return x
    k = int(np.searchsorted(sums, total))
    if k == 0 or sums[k] == total:
        return shared(ends[k])
    # between two ends the sum is a straight line in t
    t = ends[k - 1] + (ends[k] - ends[k - 1]) * (total - sums[k - 1]) / (sums[k] - sums[k - 1])
    return shared(t)


def largest_remainder(parts: ArrayLike) -> NDArray[np.int64]:
    """Whole numbers with the (whole) sum of the parts: the largest fractions are rounded up.

    Ties go to the earlier part.
    """
    x = np.asarray(parts, dtype=float)
    whole = np.floor(x + WHOLE)
    left = round(float(x.sum() - whole.sum()))
    # rounding keeps noise from deciding a tie
    order = np.argsort(-np.round(x - whole, 9), kind="stable")
    whole[order[:left]] += 1
    return whole.astype(np.int64)


class StratifiedMean(NamedTuple):
    """A stratified mean, its standard error, and what the base weights N_h / n_h cost."""

    mean: float
    se: float
    weights: Array
    """(H,) base weight N_h / n_h of each respondent of a stratum."""
    effective_n: float
    deff: float
    """Design effect of the unequal base weights, n / effective n."""


def stratified_mean(
    means: ArrayLike, sds: ArrayLike, n: ArrayLike, sizes: ArrayLike, *, finite: bool = True
) -> StratifiedMean:
    """sum W_h m_h with se^2 = sum W_h^2 (1 - n_h / N_h) s_h^2 / n_h.

    Parameters
    ----------
    means, sds : (H,) of the answers in each stratum, sds with n - 1. n, sizes : (H,) n_h and N_h.
    finite : False leaves out the correction 1 - n_h / N_h.

    Raises
    ------
    TooFew : a stratum with fewer than two answers. NumericsError : more answers than population.

    References
    ----------
    Cochran (1977), Sampling techniques, sections 5.3 and 5.4.
    """
    m, s, n_h, size = (np.asarray(v, dtype=float) for v in (means, sds, n, sizes))
    few = np.flatnonzero(~(n_h >= FEWEST_IN_STRATUM))
    if few.size:
        raise TooFew(
            "fewer than two answers, so no standard error: {items}",
            positions=few.tolist(),
            do="Merge the stratum with a similar one",
        )
    if (n_h > size).any():
        raise NumericsError(
            "more answers than population: {items}", positions=np.flatnonzero(n_h > size).tolist()
        )
    share = size / size.sum()
    fraction = n_h / size if finite else np.zeros_like(n_h)
    se = float(np.sqrt((share**2 * (1 - fraction) * s**2 / n_h).sum()))
    base = size / n_h
    effective = float(size.sum() ** 2 / (n_h * base**2).sum())
    return StratifiedMean(float(share @ m), se, base, effective, float(n_h.sum() / effective))


def _correction(n: ArrayLike, population: float, less: int) -> Array:
    size = np.asarray(n, dtype=float)
    wrong = np.atleast_1d(size)[np.atleast_1d(~(size > 0) | (size > population))]
    if wrong.size:
        kind = "larger than the population" if wrong[0] > 0 else "no sample"
        raise NumericsError(f"a sample of {wrong[0]:g} is {kind}", do="Correct one of them")
    if not np.isfinite(population) or population <= 1:
        return np.where(size >= population, 0.0, 1.0)
    return np.sqrt((population - size) / (population - less))


def _share(value: float, name: str) -> float:
    if not 0 < value < 1:
        raise NumericsError(f"the {name} is {value:g}", do="It lies between 0 and 1, such as 0.05")
    return value


def _positive(value: float, name: str) -> float:
    if not value > 0:
        raise NumericsError(f"the {name} is {value:g}", do="It is above 0")
    return value


def _all_positive(values: Array, message: str) -> None:
    wrong = np.flatnonzero(~(values > 0) | ~np.isfinite(values))
    if wrong.size:
        raise NumericsError(message, positions=wrong.tolist())
