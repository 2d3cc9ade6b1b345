"""Least squares on several drivers, how far its residuals can be trusted, and how its R^2 divides among them.

Letters: n respondents, p drivers, X (n, p) drivers without the constant, y (n,) outcome, w (n,) weights,
b (p + 1,) coefficients with the constant first, e residuals, h leverages, R (p, p) correlations among the
drivers, r (p,) correlations of the drivers with the outcome, R2 the share of variance explained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, fdtrc, gammaln

from csat.errors import TooFew
from csat.numerics.linalg import Array, cholesky, correlation_from_covariance, inverse, symmetric_power

Robust = Literal["HC0", "HC1", "HC2", "HC3", "linearised"]
"""Covariance of coefficients that does not assume equal variances; see `robust_covariance`."""

EXACT_DRIVERS = 20
"""Up to this many drivers all 2^p subsets are computed (0.2 s); beyond, orderings are sampled."""

ORDERINGS = 10_000
"""Sampled orderings: the Monte-Carlo error of a share is then about 0.0003, and printed."""

ROUNDING = 1e-12
"""Differences of R2 below this are rounding."""


@dataclass(frozen=True, eq=False)
class Regression:
    """Least squares of one outcome on p drivers and a constant.

    coefficients : (p + 1,) constant first. covariance : (p + 1, p + 1) of the coefficients, classical (equal
    variances). standardised : (p,) b sd(x) / sd(y). vif : (p,) diag(R^-1). ss_model, ss_residual : sums of
    squares, in units of the weights. n : respondents, unweighted.
    """

    coefficients: Array
    covariance: Array
    standardised: Array
    vif: Array
    ss_model: float
    ss_residual: float
    n: int

    @property
    def df_model(self) -> int:
        """Number of drivers, p."""
        return len(self.standardised)

    @property
    def df_residual(self) -> int:
        """n - p - 1."""
        return self.n - self.df_model - 1

    @property
    def r2(self) -> float:
        """Share of the outcome's variance explained."""
        return self.ss_model / (self.ss_model + self.ss_residual)

    @property
    def adjusted_r2(self) -> float:
        """1 - (1 - R2) (n - 1) / (n - p - 1); may be negative."""
        return 1 - (1 - self.r2) * (self.n - 1) / self.df_residual

    @property
    def mean_square_residual(self) -> float:
        """Residual variance with n - p - 1."""
        return self.ss_residual / self.df_residual

    @property
    def f(self) -> float:
        """F = (ss_model / p) / (ss_residual / (n - p - 1)); infinite when nothing is left over."""
        return self.ss_model / self.df_model / self.mean_square_residual if self.ss_residual else math.inf

    @property
    def f_p(self) -> float:
        """Upper tail of F(p, n - p - 1)."""
        return float(fdtrc(self.df_model, self.df_residual, self.f))

    @property
    def standard_errors(self) -> Array:
        """(p + 1,) classical."""
        return np.asarray(np.sqrt(np.diagonal(self.covariance)))


def least_squares(x: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None) -> Regression:
    """Least squares from rows; with weights it minimises sum w e^2, and their scale changes no error.

    Parameters
    ----------
    x : (n, p) drivers, complete. y : (n,) outcome, complete. weights : (n,) not negative, or None.

    Raises
    ------
    TooFew : n < p + 2.
    ConstantItem, SingularMatrix : positions of the drivers at fault; position p is the outcome.
    """
    rows = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    n = len(rows)
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    total = float(w.sum())
    means = w @ rows / total
    centred = rows - means
    return least_squares_from_moments((centred.T * w) @ centred / total, means, n=n, weight_sum=total, ddof=0)


def least_squares_from_moments(
    covariance: ArrayLike, means: ArrayLike, *, n: int, weight_sum: float | None = None, ddof: int = 1
) -> Regression:
    """Least squares of the last column on the others, from their means and covariances.

    b = Sxx^-1 sxy, constant = mean(y) - mean(x)'b, covariance of b = s^2 (X'WX)^-1.

    Parameters
    ----------
    covariance : (p + 1, p + 1), outcome last; sum w (x - mean)(y - mean) / (sum w) n / (n - ddof). With a
        correlation matrix and zero means the coefficients are the standardised ones.
    means : (p + 1,). n : respondents. weight_sum : sum of the weights (default n).

    Raises
    ------
    TooFew : n < p + 2.
    ConstantItem, SingularMatrix : positions of the drivers at fault; position p is the outcome.
    """
    s = np.asarray(covariance, dtype=float)
    m = np.asarray(means, dtype=float)
    p = len(s) - 1
    _require_rows(n, p)
    total = float(n if weight_sum is None else weight_sum)
    r = correlation_from_covariance(s)
    sd = np.sqrt(np.diagonal(s))
    # on the correlation scale, so that drivers of very different units do not spoil the solve
    r_inverse = inverse(r[:p, :p])
    standardised = r_inverse @ r[:p, p]
    slopes = standardised * sd[p] / sd[:p]
    to_sums = total * (n - ddof) / n
    explained = float(r[:p, p] @ standardised)
    ss_total = s[p, p] * to_sums
    ss_residual = max(ss_total * (1 - explained), 0.0)
    ss_model = ss_total - ss_residual
    slopes_cov = r_inverse / np.outer(sd[:p], sd[:p]) / to_sums
    cross = -slopes_cov @ m[:p]
    corner = 1 / total - m[:p] @ cross
    unscaled = np.block([[np.array([[corner]]), cross[None, :]], [cross[:, None], slopes_cov]])
    return Regression(
        coefficients=np.concatenate([[m[p] - m[:p] @ slopes], slopes]),
        covariance=unscaled * (ss_residual / (n - p - 1)),
        standardised=standardised,
        vif=np.diagonal(r_inverse).copy(),
        ss_model=ss_model,
        ss_residual=ss_residual,
        n=n,
    )


# ---- from rows: errors that survive unequal variances, and influence ------------------------------


def leverages(x: ArrayLike, *, weights: ArrayLike | None = None) -> Array:
    """Diagonal of the hat matrix, (n,): how much a respondent decides its own fitted value; sums to p + 1."""
    design = _with_constant(x)
    if weights is not None:
        design = design * np.sqrt(np.asarray(weights, dtype=float))[:, None]
    q = np.linalg.qr(design)[0]
    return np.asarray((q**2).sum(axis=1))


def residuals(x: ArrayLike, y: ArrayLike, coefficients: ArrayLike) -> Array:
    """y - fitted, (n,), not weighted."""
    b = np.asarray(coefficients, dtype=float)
    return np.asarray(np.asarray(y, dtype=float) - b[0] - np.asarray(x, dtype=float) @ b[1:])


def robust_covariance(
    x: ArrayLike, e: ArrayLike, *, weights: ArrayLike | None = None, kind: Robust = "HC3"
) -> Array:
    """Sandwich covariance of the coefficients, (p + 1, p + 1): A X' diag(w^2 u) X A, A = (X'WX)^-1.

    u = e^2 (HC0), times n / (n - p - 1) (HC1), e^2 / (1 - h) (HC2), e^2 / (1 - h)^2 (HC3). "linearised" is
    HC0 times n / (n - 1), the design-based covariance of a sample with replacement (R survey's svyglm).

    References
    ----------
    MacKinnon and White (1985), Journal of Econometrics 29, 305-325.
    """
    design = _with_constant(x)
    n, q = design.shape
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    scale = np.sqrt(((design**2).T @ w) / w.sum())
    z = design / scale
    bread = inverse((z.T * w) @ z)
    u = np.asarray(e, dtype=float) ** 2
    if kind in ("HC2", "HC3"):
        u = u / (1 - leverages(x, weights=weights)) ** (1 if kind == "HC2" else 2)
    meat = (z.T * (w**2 * u)) @ z
    factor = {"HC1": n / (n - q), "linearised": n / (n - 1)}.get(kind, 1.0)
    return np.asarray(factor * bread @ meat @ bread / np.outer(scale, scale))


def cooks_distance(
    e: ArrayLike, h: ArrayLike, *, mean_square: float, coefficients: int, weights: ArrayLike | None = None
) -> Array:
    """Cook's distance, (n,): e^2 w h / ((1 - h)^2 s^2 (p + 1)).

    Above 1 one respondent moves the whole equation. coefficients : p + 1. mean_square : s^2.
    """
    residual, leverage = np.asarray(e, dtype=float), np.asarray(h, dtype=float)
    w = 1.0 if weights is None else np.asarray(weights, dtype=float)
    return np.asarray(residual**2 * w * leverage / ((1 - leverage) ** 2 * mean_square * coefficients))


@dataclass(frozen=True)
class Test:
    """A statistic, its degrees of freedom and its upper tail probability."""

    __test__ = False  # the name is a word of the field, not a pytest class

    statistic: float
    df: int
    p: float


def breusch_pagan(x: ArrayLike, e: ArrayLike) -> Test:
    """Do residual variances depend on the drivers? n R2 of e^2 on X against chi-square with p df.

    The studentised form (Koenker 1981), which does not need normal residuals.
    """
    auxiliary = least_squares(x, np.asarray(e, dtype=float) ** 2)
    statistic = auxiliary.n * auxiliary.r2
    return Test(statistic, auxiliary.df_model, float(chdtrc(auxiliary.df_model, statistic)))


def durbin_watson(e: ArrayLike) -> float:
    """sum (e_i - e_{i-1})^2 / sum e^2: near 2 when residuals of neighbouring rows are unrelated."""
    residual = np.asarray(e, dtype=float)
    return float((np.diff(residual) ** 2).sum() / (residual**2).sum())


def jarque_bera(e: ArrayLike) -> tuple[Test, float, float]:
    """Are residuals normal? n (skewness^2 + excess^2 / 4) / 6 against chi-square with 2 df.

    Returns
    -------
    the test, skewness and excess kurtosis (both type 1: moments with n).
    """
    residual = np.asarray(e, dtype=float)
    residual = residual - residual.mean()
    variance = float((residual**2).mean())
    skewness = float((residual**3).mean() / variance**1.5)
    excess = float((residual**4).mean() / variance**2 - 3)
    statistic = len(residual) / 6 * (skewness**2 + excess**2 / 4)
    return Test(statistic, 2, float(chdtrc(2, statistic))), skewness, excess


def condition_number(x: ArrayLike) -> float:
    """Ratio of the extreme singular values of the drivers with the constant, columns scaled to length 1."""
    design = _with_constant(x)
    return float(np.linalg.cond(design / np.linalg.norm(design, axis=0)))


# ---- how R2 divides among the drivers ------------------------------


@dataclass(frozen=True, eq=False)
class Shapley:
    """shares : (p,) parts of R2, they sum to it. monte_carlo_se : (p,), zero when exact.

    orderings : how many were sampled, 0 when exact.
    """

    shares: Array
    monte_carlo_se: Array
    orderings: int


@dataclass(frozen=True, eq=False)
class Dominance:
    """conditional : (p, p) mean gain in R2 of driver j (row) when added to subsets of k others (column k).

    general : (p,) their mean over k, equal to LMG. complete : (p, p) True where the row gains at least as
    much as the column in every subset without both, and more in one.
    """

    conditional: Array
    general: Array
    complete: Array


def relative_weights(r_drivers: ArrayLike, r_outcome: ArrayLike) -> Array:
    """Johnson's relative weights, (p,): L = R^1/2, c = L^-1 r, weight_j = sum_k L_jk^2 c_k^2; they sum to R2.

    Parameters
    ----------
    r_drivers : (p, p) correlations among the drivers. r_outcome : (p,) with the outcome.

    Raises
    ------
    SingularMatrix : positions of drivers that depend on each other.

    References
    ----------
    Johnson (2000), Multivariate Behavioral Research 35, 1-19.
    """
    root = symmetric_power(r_drivers, 0.5)
    c = np.linalg.solve(root, np.asarray(r_outcome, dtype=float))
    return np.asarray(root**2 @ c**2)


def subset_r2(r_drivers: ArrayLike, r_outcome: ArrayLike) -> Array:
    """R2 of every subset of drivers, (2^p,): bit j of the position says whether driver j is in.

    One conditioning step a driver, for all subsets at once: every matrix of partial covariances so far is
    kept as it is (driver out) and with the driver swept out (driver in), and the driver's row is dropped.

    Raises
    ------
    SingularMatrix : positions of drivers that depend on each other.
    """
    r, ry = np.asarray(r_drivers, dtype=float), np.asarray(r_outcome, dtype=float)
    cholesky(r)
    # the outcome stands last; what is left of its unit variance in the end is 1 - R2
    left = np.block([[r, ry[:, None]], [ry, 1.0]])[None]
    for _ in range(len(r)):
        pivot = left[:, 0, 1:]
        swept = left[:, 1:, 1:] - pivot[:, :, None] * (pivot / left[:, 0, :1])[:, None, :]
        left = np.concatenate([left[:, 1:, 1:], swept])
    return np.asarray(1.0 - left[:, 0, 0])


def dominance(r_drivers: ArrayLike, r_outcome: ArrayLike) -> Dominance:
    """Conditional, general and complete dominance from all 2^p subsets.

    Raises
    ------
    TooFew : p > 20 would need more than a million subsets. SingularMatrix : as `subset_r2`.

    References
    ----------
    Budescu (1993), Psychological Bulletin 114, 542-551.
    Azen and Budescu (2003), Psychological Methods 8, 129-148.
    """
    p = len(np.asarray(r_outcome))
    if p > 20:
        raise TooFew(f"{p} drivers have too many subsets", do="Use sampled Shapley shares instead")
    r2 = subset_r2(r_drivers, r_outcome)
    size = _bits(p)
    conditional = np.empty((p, p))
    for j in range(p):
        gain, rest = _gain(r2, j), _without(size, j)
        conditional[j] = np.bincount(rest, weights=gain, minlength=p) / np.bincount(rest, minlength=p)
    complete = np.zeros((p, p), dtype=bool)
    for i in range(p):
        for j in range(i):
            # axis 1 says whether i is in, axis 3 whether j is: R2 with only i less R2 with only j
            both = r2.reshape(-1, 2, 2 ** (i - j - 1), 2, 2**j)
            difference = both[:, 1, :, 0] - both[:, 0, :, 1]
            complete[i, j] = difference.min() >= -ROUNDING and difference.max() > ROUNDING
            complete[j, i] = difference.max() <= ROUNDING and difference.min() < -ROUNDING
    return Dominance(conditional, conditional.mean(axis=1), complete)


def shapley_shares(
    r_drivers: ArrayLike,
    r_outcome: ArrayLike,
    *,
    rng: np.random.Generator | int = 0,
    orderings: int = ORDERINGS,
    exact_up_to: int = EXACT_DRIVERS,
) -> Shapley:
    """LMG: the mean gain in R2 of each driver over all orders of entry (its Shapley value).

    Exact over all subsets up to `exact_up_to` drivers; beyond that the mean over sampled orderings, in blocks
    of Latin squares and their mirror images, with the Monte-Carlo standard error of that mean. The shares sum
    to R2 either way.

    Parameters
    ----------
    r_drivers : (p, p). r_outcome : (p,). rng : generator or seed, used only when orderings are sampled.

    Raises
    ------
    SingularMatrix : positions of drivers that depend on each other.

    References
    ----------
    Lindeman, Merenda and Gold (1980); Groemping (2006), Journal of Statistical Software 17(1).
    """
    p = len(np.asarray(r_outcome))
    if p <= exact_up_to:
        r2 = subset_r2(r_drivers, r_outcome)
        size = _bits(p)
        # |S|! (p - |S| - 1)! / p!
        log_weight = gammaln(np.arange(p) + 1) + gammaln(p - np.arange(p)) - gammaln(p + 1)
        weight = np.exp(log_weight)
        shares = np.array([_gain(r2, j) @ weight[_without(size, j)] for j in range(p)])
        return Shapley(shares, np.zeros(p), 0)
    return _sampled_shapley(r_drivers, r_outcome, np.random.default_rng(rng), max(orderings // (2 * p), 2))


def _sampled_shapley(
    r_drivers: ArrayLike, r_outcome: ArrayLike, rng: np.random.Generator, blocks: int
) -> Shapley:
    r, ry = np.asarray(r_drivers, dtype=float), np.asarray(r_outcome, dtype=float)
    cholesky(r)
    p = len(ry)
    total, squares = np.zeros(p), np.zeros(p)
    for _ in range(blocks):
        gains = _gains_in_order(r, ry, _latin_orders(p, rng)).mean(axis=0)
        total += gains
        squares += gains**2
    mean = total / blocks
    variance = np.maximum(squares / blocks - mean**2, 0.0) * blocks / (blocks - 1)
    return Shapley(mean, np.sqrt(variance / blocks), 2 * p * blocks)


def _latin_orders(p: int, rng: np.random.Generator) -> NDArray[Any]:
    """(2p, p) orders in which every driver stands in every place once, and their reverses.

    A random Latin square and its mirror image: the mean over the block varies a quarter as much as that over
    as many orders drawn alone with their reverses.
    """
    symbols, places = rng.permutation(p), rng.permutation(p)
    orders = symbols[(np.arange(p)[:, None] + places) % p]
    return np.vstack([orders, orders[:, ::-1]])


def _gains_in_order(r: Array, ry: Array, order: NDArray[Any]) -> Array:
    """(count, p) gain in R2 of each driver when drivers enter in each of the orders."""
    count, p = order.shape
    whole = np.empty((count, p + 1, p + 1))
    whole[:, :p, :p] = r[order[:, :, None], order[:, None, :]]
    whole[:, p, :p] = whole[:, :p, p] = ry[order]
    # any variance of the outcome above R2 will do: the last row of the factor holds the parts of R2
    whole[:, p, p] = 2.0
    steps = np.linalg.cholesky(whole)[:, p, :p] ** 2
    gains = np.empty_like(steps)
    np.put_along_axis(gains, order, steps, axis=1)
    return gains


def _bits(p: int) -> NDArray[Any]:
    """Number of drivers in each of the 2^p subsets, in the order of `subset_r2`."""
    count = np.zeros(1, dtype=np.intp)
    for _ in range(p):
        count = np.concatenate([count, count + 1])
    return count


def _split(values: NDArray[Any], j: int) -> NDArray[Any]:
    """Axis 1 says whether driver j is in."""
    return values.reshape(-1, 2, 2**j)


def _without(values: NDArray[Any], j: int) -> NDArray[Any]:
    """The values of the subsets without driver j."""
    return _split(values, j)[:, 0].ravel()


def _gain(r2: NDArray[Any], j: int) -> NDArray[Any]:
    """What driver j adds to each subset without it."""
    halves = _split(r2, j)
    return np.asarray((halves[:, 1] - halves[:, 0]).ravel())


def _with_constant(x: ArrayLike) -> Array:
    rows = np.asarray(x, dtype=float)
    return np.column_stack([np.ones(len(rows)), rows])


def _require_rows(n: int, p: int) -> None:
    if n < p + 2:
        raise TooFew(
            f"{n} respondents are too few for {p} drivers: at least {p + 2} are needed",
            do="Use fewer drivers, or construct means instead of items",
        )
