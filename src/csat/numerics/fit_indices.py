"""How well implied moments agree with those observed: chi-square to SRMR, by lavaan's definitions.

Letters: p items, S sample and Sigma implied covariance, m and mu sample and implied means, n respondents,
N the multiplier of the discrepancy (n for "normal", n - 1 for "wishart"), q free parameters. S divides by
the N that is used. Names of measures are lavaan's with underscores for dots.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chdtri, chndtr, chndtrinc, ndtri

from csat.numerics.linalg import (
    Array,
    correlation_from_covariance,
    inverse,
    log_determinant,
    positive_inverse,
    vech_indices,
)

Likelihood = Literal["normal", "wishart"]

RMSEA_CLOSE = 0.05
"""Close fit in the test of Browne & Cudeck (1993)."""
RMSEA_NOT_CLOSE = 0.08
RMSEA_CONFIDENCE = 0.90

NEEDS_DF = ("cfi", "tli", "nnfi", "rfi", "nfi", "pnfi", "ifi", "rni", "agfi", "pgfi", "mfi")
"""Measures without meaning for a model that asks for more than the data can answer."""

LOG_2PI = math.log(2 * math.pi)


def ml_discrepancy(
    sample_cov: ArrayLike,
    implied_cov: ArrayLike,
    *,
    sample_mean: ArrayLike | None = None,
    implied_mean: ArrayLike | None = None,
) -> float:
    """F = ln|Sigma| + tr(S Sigma^-1) - ln|S| - p [+ (m - mu)' Sigma^-1 (m - mu)]; zero when they agree.

    Raises
    ------
    SingularMatrix, ConstantItem : S or Sigma is not positive definite, with positions.
    """
    s, sigma = np.asarray(sample_cov, dtype=float), np.asarray(implied_cov, dtype=float)
    w, log_det = _inverse(sigma)
    f = log_det - log_determinant(s) + float(np.vdot(w, s)) - len(s)
    if sample_mean is not None and implied_mean is not None:
        gap = np.asarray(sample_mean, dtype=float) - np.asarray(implied_mean, dtype=float)
        f += float(gap @ w @ gap)
    return f


def moment_count(p: int, *, means: bool = False, exogenous: int = 0) -> int:
    """Moments a model explains: variances, covariances (and means), less those among fixed covariates."""
    covariances = p * (p + 1) // 2 - exogenous * (exogenous + 1) // 2
    return covariances + (p - exogenous if means else 0)


def fit_measures(
    sample_cov: ArrayLike,
    implied_cov: ArrayLike,
    *,
    n: float,
    parameters: int,
    sample_mean: ArrayLike | None = None,
    implied_mean: ArrayLike | None = None,
    exogenous: Sequence[int] = (),
    covariates: Sequence[int] | None = None,
    likelihood: Likelihood = "normal",
) -> dict[str, float]:
    """All fit measures of one group fitted by maximum likelihood.

    Parameters
    ----------
    sample_cov, implied_cov : (p, p). sample_mean, implied_mean : (p,) with a mean structure, else None.
    n : respondents. parameters : q, free and distinct. exogenous : positions of observed covariates whose
        own moments are taken as they are (lavaan's fixed.x): neither moments nor parameters. covariates :
        those that covary in the baseline model; the exogenous ones unless said otherwise.

    Returns
    -------
    dict by lavaan's names: npar, fmin (half of F), chisq, df, pvalue, baseline_*, cfi, tli, nfi, ...,
    rmsea and its interval, srmr in its variants, gfi family, logl, aic, bic, bic2, cn_05, cn_01, mfi,
    ecvi. A measure that is not defined (with df 0, for instance) is NaN.

    Raises
    ------
    SingularMatrix, ConstantItem : S or Sigma is not positive definite, with positions.

    References
    ----------
    Bentler (1990); Tucker & Lewis (1973); Browne & Cudeck (1993); Joereskog & Soerbom (1986); Hoelter
    (1983).
    """
    s, sigma = np.asarray(sample_cov, dtype=float), np.asarray(implied_cov, dtype=float)
    p, x = len(s), list(exogenous)
    means = sample_mean is not None and implied_mean is not None
    covary = x if covariates is None else list(covariates)
    (w, log_det_sigma), log_det = _inverse(sigma), log_determinant(s)
    f = log_det_sigma - log_det + float(np.vdot(w, s)) - p
    if sample_mean is not None and implied_mean is not None:
        gap = np.asarray(sample_mean, dtype=float) - np.asarray(implied_mean, dtype=float)
        f += float(gap @ w @ gap)
    df = moment_count(p, means=means, exogenous=len(x)) - parameters
    multiplier = n if likelihood == "normal" else n - 1
    # a saturated model leaves rounding, which may be negative
    chisq = max(multiplier * f, 0.0)
    # ln|S| less ln|S| of the correlations is what the variances bring
    baseline_f = float(np.log(s.diagonal()).sum()) - log_det
    unrestricted = -n / 2 * (p * LOG_2PI + log_det + p)
    if covary:
        baseline_f += log_determinant(correlation_from_covariance(s[np.ix_(covary, covary)]))
    if x:
        s_xx = s[np.ix_(x, x)]
        unrestricted += n / 2 * (len(x) * LOG_2PI + log_determinant(s_xx) + len(x))
    baseline_df = p * (p - 1) // 2 - len(covary) * (len(covary) - 1) // 2
    measures = {
        "npar": float(parameters),
        "fmin": f / 2,
        "chisq": chisq,
        "df": float(df),
        "pvalue": upper_tail(chisq, df),
        **incremental_measures(chisq, df, baseline_chisq=multiplier * baseline_f, baseline_df=baseline_df),
        **information_criteria(unrestricted - n / 2 * f, parameters=parameters, n=n),
        "unrestricted_logl": unrestricted,
        "ntotal": float(n),
        **rmsea_measures(chisq, df, n=multiplier),
        **residual_measures(s, sigma, sample_mean=sample_mean, implied_mean=implied_mean),
        # Hoelter's n would make this very misfit significant; the multiplier cancels
        "cn_05": critical_n(f, df, 0.05),
        "cn_01": critical_n(f, df, 0.01),
        **_gfi(s, sigma, w, df=df, sample_mean=sample_mean, implied_mean=implied_mean, exogenous=x),
        "mfi": math.exp(-0.5 * (chisq - df) / multiplier),
        "ecvi": (chisq + 2 * parameters) / multiplier,
    }
    return measures if df >= 0 else measures | dict.fromkeys(NEEDS_DF, math.nan)


def upper_tail(chisq: float, df: int) -> float:
    """P(chi-square with df > chisq); NaN with df 0."""
    return float(chdtrc(df, chisq)) if df > 0 else math.nan


def incremental_measures(
    chisq: float, df: int, *, baseline_chisq: float, baseline_df: int
) -> dict[str, float]:
    """CFI and its relatives: how much better than items that have nothing in common.

    CFI never leaves 0-1; TLI, RNI and IFI may, and are given as they are.
    """
    x0, d0 = baseline_chisq, baseline_df
    excess, excess0 = max(chisq - df, 0.0), max(x0 - d0, chisq - df, 0.0)
    gain = x0 / d0 - chisq / df if d0 and df else math.nan
    worst = x0 / d0 - 1 if d0 else math.nan
    tli = 1.0 if df == 0 or (gain < 0 and worst < 0) else _ratio(gain, worst)
    return {
        "baseline_chisq": x0,
        "baseline_df": float(d0),
        "baseline_pvalue": upper_tail(x0, d0),
        # of one variable there is nothing to have in common, and nothing but rounding to exceed
        "cfi": 1 - excess / excess0 if excess0 > 0 and d0 else 1.0,
        "tli": tli,
        "nnfi": tli,
        "rfi": _ratio(gain, x0 / d0 if d0 else math.nan) if df else 1.0,
        "nfi": _ratio(x0 - chisq, x0),
        "pnfi": _ratio(x0 - chisq, x0) * df / d0 if d0 else math.nan,
        # a baseline that fits better than its rank asks for leaves nothing to gain
        "ifi": _ratio(x0 - chisq, x0 - df) if x0 >= df else 1.0,
        "rni": 1 - _ratio(chisq - df, x0 - d0),
    }


def information_criteria(logl: float, *, parameters: int, n: float) -> dict[str, float]:
    """AIC = -2 log L + 2 q; BIC = -2 log L + q ln n; bic2 (sample-size adjusted) with ln((n + 2) / 24)."""
    return {
        "logl": logl,
        "aic": -2 * logl + 2 * parameters,
        "bic": -2 * logl + parameters * math.log(n),
        "bic2": -2 * logl + parameters * math.log((n + 2) / 24),
    }


def rmsea_measures(chisq: float, df: int, *, n: float) -> dict[str, float]:
    """RMSEA = sqrt(max(chisq - df, 0) / (df n)), its 90 % interval, tests of close and of not-close fit.

    The limits are sqrt(lambda / (df n)) with lambda the noncentrality that puts chisq at the .95 and .05
    quantile. pvalue : of "RMSEA <= .05"; notclose_pvalue : of "RMSEA >= .08". With df 0 the
    RMSEA is 0 and the tests are undefined.
    """
    if df <= 0:
        nan = math.nan
        value = 0.0 if df == 0 else nan
        return _rmsea(value, value, value, nan, nan)
    tail = (1 - RMSEA_CONFIDENCE) / 2
    limits = [math.sqrt(noncentrality(chisq, df, probability) / (df * n)) for probability in (1 - tail, tail)]
    return _rmsea(
        math.sqrt(max(chisq - df, 0.0) / (df * n)),
        limits[0],
        limits[1],
        1 - float(chndtr(chisq, df, RMSEA_CLOSE**2 * df * n)),
        float(chndtr(chisq, df, RMSEA_NOT_CLOSE**2 * df * n)),
    )


def _rmsea(value: float, lower: float, upper: float, close: float, not_close: float) -> dict[str, float]:
    return {
        "rmsea": value,
        "rmsea_ci_lower": lower,
        "rmsea_ci_upper": upper,
        "rmsea_ci_level": RMSEA_CONFIDENCE,
        "rmsea_close_h0": RMSEA_CLOSE,
        "rmsea_pvalue": close,
        "rmsea_notclose_h0": RMSEA_NOT_CLOSE,
        "rmsea_notclose_pvalue": not_close,
    }


ASYMPTOTIC = 1e9
"""A chi-square beyond this takes the limit of its noncentral distribution: the series would take minutes."""


def noncentrality(chisq: float, df: int, probability: float) -> float:
    """lambda >= 0 with P(noncentral chi-square(df, lambda) <= chisq) = probability; 0 when there is none."""
    if chisq <= 0 or float(chndtr(chisq, df, 0.0)) <= probability:
        return 0.0
    if chisq > ASYMPTOTIC:
        # sqrt(X) is normal about sqrt(lambda) + (df - 1) / (2 sqrt(lambda)) with variance 1
        root = math.sqrt(chisq) - float(ndtri(probability))
        return ((root + math.sqrt(max(root**2 - 2 * (df - 1), 0.0))) / 2) ** 2
    # X is about normal, of mean df + lambda and variance 2 df + 4 lambda
    z = float(ndtri(probability))
    spread = math.sqrt(max(4 * z**2 + 4 * chisq - 2 * df, 0.0)) - 2 * z
    found = _noncentrality_near(max((spread**2 - 2 * df) / 4, 0.01), chisq, df, probability)
    if found is not None:
        return found
    # slower, and to about eight digits
    inverse = float(chndtrinc(chisq, df, probability))
    return _noncentrality_near(inverse, chisq, df, probability) or inverse


def _noncentrality_near(guess: float, chisq: float, df: int, probability: float) -> float | None:
    """By secant steps on the distribution function; None where they do not settle."""
    before = guess * (1 + 1e-5) + 1e-9
    miss_before = float(chndtr(chisq, df, before)) - probability
    for _ in range(12):
        miss = float(chndtr(chisq, df, guess)) - probability
        if miss == miss_before:
            return guess
        step = miss * (guess - before) / (miss - miss_before)
        before, miss_before, guess = guess, miss, max(guess - step, 0.0)
        if abs(step) <= 1e-12 * guess:
            return guess
    return None


def critical_n(f: float, df: int, level: float) -> float:
    """Hoelter's critical n: chi2_{1 - level}(df) / F + 1; NaN with df 0 or a perfect fit."""
    return float(chdtri(df, level)) / f + 1 if df > 0 and f > 0 else math.nan


def residual_measures(
    sample_cov: ArrayLike,
    implied_cov: ArrayLike,
    *,
    sample_mean: ArrayLike | None = None,
    implied_mean: ArrayLike | None = None,
) -> dict[str, float]:
    """Root mean squares of the residuals.

    rmr : of S - Sigma. srmr (also srmr_bentler) : of (s_ij - sigma_ij) / sqrt(s_ii s_jj), diagonal
    included.
    crmr : of the difference of the two correlation matrices, without their diagonals. srmr_mplus : the same
    with (s_ii - sigma_ii) / s_ii for the diagonal. With a mean structure the residuals of the means count
    too, which makes each smaller; `_nomean` leaves them out.
    """
    s, sigma = np.asarray(sample_cov, dtype=float), np.asarray(implied_cov, dtype=float)
    i, j = vech_indices(len(s))
    off = i != j
    sd = np.sqrt(s.diagonal())
    # least squares may end where an item's variance is negative: then there is no implied correlation
    with np.errstate(invalid="ignore"):
        implied_sd = np.sqrt(np.where(sigma.diagonal() > 0, sigma.diagonal(), np.nan))
    gap, unit = (s - sigma)[i, j], sd[i] * sd[j]
    standardised = gap / unit
    below = (s[i, j] / unit - sigma[i, j] / (implied_sd[i] * implied_sd[j]))[off]
    nomean = {
        "rmr": gap,
        "srmr": standardised,
        "srmr_bentler": standardised,
        "srmr_mplus": np.concatenate([below, standardised[~off]]),
        "crmr": below,
    }
    alone = {f"{name}_nomean": _root_mean(residual) for name, residual in nomean.items()}
    if sample_mean is None or implied_mean is None:
        return {name: alone[f"{name}_nomean"] for name in nomean} | alone
    m, mu = np.asarray(sample_mean, dtype=float), np.asarray(implied_mean, dtype=float)
    means = dict.fromkeys(nomean, (m - mu) / sd)
    means["rmr"] = m - mu
    means["srmr_mplus"] = m / sd - mu / implied_sd
    return {name: _root_mean(residual, means[name]) for name, residual in nomean.items()} | alone


def gfi_measures(
    sample_cov: ArrayLike,
    implied_cov: ArrayLike,
    *,
    df: int,
    sample_mean: ArrayLike | None = None,
    implied_mean: ArrayLike | None = None,
    exogenous: Sequence[int] = (),
) -> dict[str, float]:
    """GFI = 1 - tr[(Sigma^-1 (S - Sigma))^2] / tr[(Sigma^-1 S)^2], AGFI and PGFI.

    AGFI = 1 - (k / df)(1 - GFI), PGFI = GFI df / k, k all moments. With a mean structure twice
    (m - mu)' Sigma^-1 (m - mu) is added above and twice m' Sigma^-1 m below. Moments among fixed covariates
    are taken as zero in S and m, though k counts them (lavaan's way).
    """
    sigma = np.asarray(implied_cov, dtype=float)
    return _gfi(
        np.asarray(sample_cov, dtype=float),
        sigma,
        _inverse(sigma)[0],
        df=df,
        sample_mean=sample_mean,
        implied_mean=implied_mean,
        exogenous=exogenous,
    )


def _gfi(
    s: Array,
    sigma: Array,
    w: Array,
    *,
    df: int,
    sample_mean: ArrayLike | None,
    implied_mean: ArrayLike | None,
    exogenous: Sequence[int],
) -> dict[str, float]:
    """w : (p, p) Sigma^-1."""
    counted, gap = s, s - sigma
    x = list(exogenous)
    if x:
        counted = s.copy()
        counted[np.ix_(x, x)] = 0.0
        gap[np.ix_(x, x)] = 0.0
    above, below = w @ gap, w @ counted
    numerator, denominator = float(np.vdot(above, above.T)), float(np.vdot(below, below.T))
    if sample_mean is not None and implied_mean is not None:
        m = np.array(sample_mean, dtype=float)
        difference = m - np.asarray(implied_mean, dtype=float)
        m[x] = difference[x] = 0.0
        numerator += 2 * float(difference @ w @ difference)
        denominator += 2 * float(m @ w @ m)
    gfi = 1 - numerator / denominator
    moments = moment_count(len(sigma), means=sample_mean is not None)
    return {
        "gfi": gfi,
        "agfi": 1 - moments / df * (1 - gfi) if df else 1.0,
        "pgfi": gfi * df / moments,
    }


def _inverse(sigma: Array) -> tuple[Array, float]:
    """Of an implied covariance, and ln|Sigma|, however close to singular a bad solution has brought it."""
    try:
        return positive_inverse(sigma)
    except np.linalg.LinAlgError:
        return inverse(sigma), log_determinant(sigma)


def _root_mean(*parts: Array) -> float:
    values = np.concatenate(parts)
    return float(np.sqrt((values**2).mean())) if values.size else 0.0


def _ratio(above: float, below: float) -> float:
    return above / below if below else math.nan
