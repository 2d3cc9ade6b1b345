"""Internal consistency of a sum of items, from their covariance matrix.

Letters: k items, S their (k, k) covariance or correlation, 1'S1 the variance of their sum, l loadings and t
uniquenesses of one factor with variance 1. Items point in the same direction; nothing is reversed here.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import NotConverged, TooFew
from csat.numerics.linalg import (
    Array,
    cholesky,
    correlation_from_covariance,
    inverse,
    require_variance,
    symmetric,
)

MOST_ITEMS_FOR_SPLITS = 20
"""Lambda 4 looks at all 2^(k - 1) - 1 splits: half a million at 20 items."""

GRADIENT_SOLVED = 1e-10
"""Largest element of the gradient, in correlation units, at which the one-factor fit is called converged."""

NEWTON_BELOW = 0.01
"""Gradient below which the exact second derivative replaces the expected one,
which is slow when the fit is poor."""


def coefficient_alpha(cov: ArrayLike) -> float:
    """Cronbach's alpha of a sum of items: k / (k - 1) * (1 - trace(S) / 1'S1).

    Parameters
    ----------
    cov : (k, k) covariance of k >= 2 items, all scored in the same direction.

    Returns
    -------
    float : at most 1; negative when items disagree; NaN when the sum does not vary; unrounded.

    Raises
    ------
    TooFew : if k < 2. ConstantItem : an item does not vary.

    References
    ----------
    Cronbach (1951), Psychometrika 16, 297-334.
    """
    s = _items(cov, at_least=2)
    k, total = len(s), _variance_of_sum(s)
    return float(k / (k - 1) * (1 - np.trace(s) / total))


def standardised_alpha(cov: ArrayLike) -> float:
    """Alpha of standardised items: k r / (1 + (k - 1) r), r the mean correlation.

    On a polychoric matrix this is the ordinal alpha (Zumbo, Gadermann & Zeisser 2007). Errors as
    `coefficient_alpha`.
    """
    return spearman_brown(mean_correlation(cov), times=len(np.asarray(cov)))


def mean_correlation(cov: ArrayLike) -> float:
    """Mean of the correlations between different items; errors as `coefficient_alpha`."""
    r = correlation_from_covariance(_items(cov, at_least=2))
    k = len(r)
    return float((r.sum() - k) / (k * (k - 1)))


def spearman_brown(r: float, *, times: float = 2) -> float:
    """Reliability of a test `times` as long: times r / (1 + (times - 1) r); NaN when dividing by zero."""
    below = 1 + (times - 1) * r
    return float(times * r / below) if below != 0 else np.nan


def alpha_if_dropped(cov: ArrayLike) -> Array:
    """Alpha of the other items, for each item: (k,); all NaN for k = 2. Errors as `coefficient_alpha`."""
    s = _items(cov, at_least=2)
    k = len(s)
    if k == 2:
        return np.full(2, np.nan)
    variances = np.diagonal(s)
    total = s.sum() - 2 * s.sum(axis=0) + variances
    total = np.where(total > _rounding(s), total, np.nan)
    return np.asarray((k - 1) / (k - 2) * (1 - (variances.sum() - variances) / total))


def item_rest_correlations(cov: ArrayLike) -> Array:
    """Correlation of each item with the sum of the others: (k,); NaN where that sum does not vary.

    Raises
    ------
    TooFew : if k < 2. ConstantItem : an item does not vary.
    """
    s = _items(cov, at_least=2)
    variances, row_sums = np.diagonal(s), s.sum(axis=0)
    rest = s.sum() - 2 * row_sums + variances
    rest = np.where(rest > _rounding(s), rest, np.nan)
    return np.asarray((row_sums - variances) / np.sqrt(variances * rest))


class Lambdas(NamedTuple):
    """Guttman's lower bounds to reliability; `lambda4` is NaN beyond `MOST_ITEMS_FOR_SPLITS` items."""

    lambda1: float
    lambda2: float
    lambda3: float
    lambda4: float
    lambda5: float
    lambda6: float


def guttman_lambdas(cov: ArrayLike) -> Lambdas:
    """Guttman's lambda 1 to 6 of a sum of items.

    lambda 1 = 1 - tr S / v, v = 1'S1; 2 = lambda 1 + sqrt(k / (k - 1) sum_{i!=j} s_ij^2) / v; 3 = alpha;
    4 = max over splits of 4 cov(A, B) / v; 5 = lambda 1 + 2 sqrt(max_j sum_{i!=j} s_ij^2) / v;
    6 = 1 - sum of residual variances (each item on the others) / v.

    Raises
    ------
    TooFew : if k < 2. ConstantItem : an item does not vary. SingularMatrix : lambda 6 does not exist.

    References
    ----------
    Guttman (1945), Psychometrika 10, 255-282.
    """
    s = _items(cov, at_least=2)
    k, total = len(s), _variance_of_sum(s)
    squares = s**2
    np.fill_diagonal(squares, 0.0)
    first = 1 - float(np.trace(s)) / total
    return Lambdas(
        lambda1=first,
        lambda2=lambda2(s),
        lambda3=first * k / (k - 1),
        lambda4=best_split(s) if k <= MOST_ITEMS_FOR_SPLITS else np.nan,
        lambda5=first + 2 * float(np.sqrt(squares.sum(axis=0).max())) / total,
        lambda6=lambda6(s),
    )


def lambda2(cov: ArrayLike) -> float:
    """Guttman's lambda 2: 1 - tr S / v + sqrt(k / (k - 1) sum_{i!=j} s_ij^2) / v; never below alpha."""
    s = _items(cov, at_least=2)
    k, total = len(s), _variance_of_sum(s)
    off = (s**2).sum() - (np.diagonal(s) ** 2).sum()
    return float(1 - np.trace(s) / total + np.sqrt(k / (k - 1) * off) / total)


def lambda6(cov: ArrayLike) -> float:
    """Guttman's lambda 6: 1 - sum of the items' residual variances on the others / v.

    Raises
    ------
    SingularMatrix : the items depend on each other, so that the residuals are not defined.
    """
    s = _items(cov, at_least=2)
    return float(1 - (1 / np.diagonal(inverse(s))).sum() / _variance_of_sum(s))


def best_split(cov: ArrayLike) -> float:
    """Guttman's lambda 4: the largest 4 cov(A, B) / 1'S1 over all splits of the items into two parts.

    Raises
    ------
    ValueError : more than `MOST_ITEMS_FOR_SPLITS` items.
    """
    s = _items(cov, at_least=2)
    k, total = len(s), _variance_of_sum(s)
    if k > MOST_ITEMS_FOR_SPLITS:
        raise ValueError(f"{k} items have too many splits; lambda 4 is for at most {MOST_ITEMS_FOR_SPLITS}")
    best = -np.inf
    block = 1 << 15
    for start in range(0, 1 << (k - 1), block):
        codes = np.arange(start, min(start + block, 1 << (k - 1)))
        # signs +1 / -1 of the halves; the last item stays in the second half, so no split is seen twice
        signs = np.where(codes[:, None] >> np.arange(k) & 1, 1.0, -1.0)
        # d'Sd = var(A) + var(B) - 2 cov(A, B), hence 4 cov(A, B) = 1'S1 - d'Sd; code 0 is no split
        difference = np.einsum("ij,ij->i", signs @ s, signs)
        if start == 0:
            difference[0] = np.inf
        best = max(best, float(1 - difference.min() / total))
    return best


class SplitHalf(NamedTuple):
    """Reliability from two halves of the items.

    correlation : of the two half sums. spearman_brown : 2r / (1 + r). rulon : 4 cov(A, B) / 1'S1 (Guttman's
    split half, equal to Rulon's and Flanagan's). horst : Spearman-Brown for halves of unequal length.
    """

    correlation: float
    spearman_brown: float
    rulon: float
    horst: float


def split_half(cov: ArrayLike, first: ArrayLike | None = None) -> SplitHalf:
    """Split-half reliability; by default the odd items (1st, 3rd, ...) against the even ones.

    Parameters
    ----------
    cov : (k, k) covariance. first : (k,) bool, the items of the first half.

    Raises
    ------
    TooFew : if k < 2 or a half is empty. ConstantItem : an item does not vary.

    References
    ----------
    Spearman (1910); Brown (1910); Rulon (1939), Harvard Educational Review 9; Horst (1951), Psychometrika 16.
    """
    s = _items(cov, at_least=2)
    a = np.arange(len(s)) % 2 == 0 if first is None else np.asarray(first, dtype=bool)
    if not a.any() or a.all():
        raise TooFew("both halves need at least one item")
    variance_a, variance_b = s[np.ix_(a, a)].sum(), s[np.ix_(~a, ~a)].sum()
    between = s[np.ix_(a, ~a)].sum()
    if min(variance_a, variance_b) <= _rounding(s):
        return SplitHalf(np.nan, np.nan, np.nan, np.nan)
    r = float(between / np.sqrt(variance_a * variance_b))
    pq = a.mean() * (1 - a.mean())
    horst = (r * np.sqrt(r**2 + 4 * pq * (1 - r**2)) - r**2) / (2 * pq * (1 - r**2)) if r**2 < 1 else r
    brown = spearman_brown(r)
    return SplitHalf(
        r, brown, float(4 * between / _variance_of_sum(s)), brown if pq == 0.25 else float(horst)
    )


class OneFactor(NamedTuple):
    """Maximum-likelihood solution of one factor with variance 1.

    loadings : (k,) in the units of the items, summing to a positive number. uniquenesses : (k,), may be
    negative (improper). discrepancy : F at the minimum. gradient : its largest element in correlation units.
    """

    loadings: Array
    uniquenesses: Array
    discrepancy: float
    steps: int
    gradient: float

    @property
    def improper(self) -> NDArray[np.intp]:
        """Positions of the items with a negative uniqueness (Heywood cases)."""
        return np.flatnonzero(self.uniquenesses < 0)


def one_factor(cov: ArrayLike, *, most_steps: int = 500) -> OneFactor:
    """Fit one factor by maximum likelihood: minimise F = ln|M| + tr(S M^-1) - ln|S| - k, M = ll' + diag(t).

    Fisher scoring with step halving on the correlations, Newton steps near the minimum. Uniquenesses are free
    (as in lavaan): a negative one is returned, and says that one factor does not describe these items.

    Parameters
    ----------
    cov : (k, k) covariance of k >= 3 items; whether it divides by n or n - 1 only scales the answer.

    Raises
    ------
    TooFew : if k < 3, where one factor is not identified. ConstantItem, SingularMatrix : S has no inverse.
    NotConverged : no minimum was reached (it may lie at an infinite loading, or correlations nearly vanish).

    References
    ----------
    Joereskog (1967), Psychometrika 32, 443-482.
    """
    s = _items(cov, at_least=3)
    scale = np.sqrt(np.diagonal(s))
    r = correlation_from_covariance(s)
    log_det = 2 * np.log(np.diagonal(cholesky(r))).sum()
    k = len(r)
    loadings, uniquenesses = _start(r)
    value, precision = _likelihood(r, loadings, uniquenesses)
    gradient = np.inf
    for step in range(most_steps):
        slope, curvature = _derivatives(r, loadings, precision, exact=gradient < NEWTON_BELOW)
        gradient = float(np.abs(slope).max())
        if gradient < GRADIENT_SOLVED:
            sign = 1.0 if loadings.sum() >= 0 else -1.0
            discrepancy = max(value - log_det - k, 0.0)
            return OneFactor(sign * scale * loadings, scale**2 * uniquenesses, discrepancy, step, gradient)
        try:
            move = -np.linalg.solve(curvature, slope)
        except np.linalg.LinAlgError:
            break
        # near the minimum the change of F drowns in rounding: the gradient alone decides there
        allowed = value + 1e-12 * max(1.0, abs(value))
        length = 1.0
        while length > 1e-8:
            new_loadings = loadings + length * move[:k]
            new_uniquenesses = uniquenesses + length * move[k:]
            new_value, new_precision = _likelihood(r, new_loadings, new_uniquenesses)
            if new_value <= allowed:
                break
            length /= 2
        else:
            break
        loadings, uniquenesses, value, precision = new_loadings, new_uniquenesses, new_value, new_precision
    raise NotConverged(
        f"one factor could not be fitted: after {step + 1} steps the largest gradient is {gradient:.2g}",
        do="One factor does not describe these items; look at their correlations, or leave omega out",
    )


def omega_total(fit: OneFactor, cov: ArrayLike, *, variance: Literal["model", "observed"] = "model") -> float:
    """Omega total of one factor: (sum l)^2 over the variance of the sum.

    model : (sum l)^2 + sum t, what the factor model implies. observed : 1'S1 of the covariance itself.

    Parameters
    ----------
    fit : of `one_factor`. cov : the covariance it was fitted to.

    References
    ----------
    McDonald (1999), Test Theory.
    """
    common = fit.loadings.sum() ** 2
    if variance == "observed":
        return float(common / np.asarray(cov, dtype=float).sum())
    if variance != "model":
        raise ValueError(f"variance is '{variance}'; it is one of model, observed")
    return float(common / (common + fit.uniquenesses.sum()))


def _start(r: Array) -> tuple[Array, Array]:
    """First principal axis with squared multiple correlations as communalities."""
    communalities = np.clip(1 - 1 / np.diagonal(inverse(r)), 0.05, 0.95)
    reduced = r.copy()
    np.fill_diagonal(reduced, communalities)
    values, vectors = np.linalg.eigh(reduced)
    loadings = vectors[:, -1] * np.sqrt(max(values[-1], 0.1))
    uniquenesses = np.clip(1 - loadings**2, 0.05, 0.95)
    return loadings, uniquenesses


def _likelihood(r: Array, loadings: Array, uniquenesses: Array) -> tuple[float, Array]:
    """ln|M| + tr(R M^-1) and M^-1; infinite where M is not positive definite."""
    implied = np.outer(loadings, loadings)
    implied[np.diag_indices_from(implied)] += uniquenesses
    try:
        factor = np.linalg.cholesky(implied)
    except np.linalg.LinAlgError:
        return np.inf, implied
    half = np.linalg.solve(factor, np.eye(len(r)))
    precision = half.T @ half
    return float(2 * np.log(np.diagonal(factor)).sum() + (r * precision).sum()), precision


def _derivatives(r: Array, loadings: Array, precision: Array, *, exact: bool) -> tuple[Array, Array]:
    """Gradient of F by (l, t) and its second derivative: exact if asked and positive definite, else expected.

    With W = M^-1 and V = W R W: dF = tr((W - V) dM) and d2F = 2 tr(W dM V dM) - tr(W dM W dM)
    + tr((W - V) d2M), whose expectation is tr(W dM W dM) because E V = W.
    """
    weighted = symmetric(precision @ r @ precision)
    residual = precision - weighted
    slope = np.concatenate([2 * residual @ loadings, np.diagonal(residual)])
    expected = _trace_form(precision, precision, loadings)
    if exact:
        hessian = 2 * _trace_form(precision, weighted, loadings) - expected
        k = len(loadings)
        hessian[:k, :k] += 2 * residual
        try:
            np.linalg.cholesky(hessian)
        except np.linalg.LinAlgError:
            return slope, expected
        return slope, hessian
    return slope, expected


def _trace_form(w: Array, v: Array, loadings: Array) -> Array:
    """tr(W dM V dM) for all pairs of (l, t), where dM by l_i is e_i l' + l e_i' and by t_i is e_i e_i'."""
    wl, vl = w @ loadings, v @ loadings
    by_loadings = np.outer(wl, vl) + np.outer(vl, wl) + (loadings @ vl) * w + (loadings @ wl) * v
    across = w * vl + v * wl
    return np.block([[by_loadings, across], [across.T, w * v]])


def _items(cov: ArrayLike, *, at_least: int) -> Array:
    s = np.asarray(cov, dtype=float)
    if s.ndim != 2 or s.shape[0] != s.shape[1]:
        raise ValueError(f"a covariance matrix is square; this one is {' x '.join(map(str, s.shape))}")
    if len(s) < at_least:
        raise TooFew(f"this needs at least {at_least} items; there are {len(s)}", positions=range(len(s)))
    require_variance(np.diagonal(s))
    return s


def _rounding(s: Array) -> float:
    """Below this a variance of a sum is zero but for rounding."""
    return float(1e-12 * np.trace(s))


def _variance_of_sum(s: Array) -> float:
    total = float(s.sum())
    return total if total > _rounding(s) else np.nan
