"""All fit measures of a fitted model, by lavaan's names with underscores for dots: plain, scaled and robust.

Letters: T chi-square and df of the model, T0 and df0 of the baseline; c, c0 their scaling; N what the
discrepancy was multiplied with (n, or n - 1 for least squares and Wishart), G groups.

References
----------
Brosseau-Liard & Savalei (2014); Li & Bentler (2006); Savalei (2018); the rest as `fit_indices`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from csat.numerics.fit_indices import (
    RMSEA_CLOSE,
    RMSEA_NOT_CLOSE,
    critical_n,
    incremental_measures,
    information_criteria,
    residual_measures,
    rmsea_measures,
)
from csat.numerics.least_squares import weighted
from csat.numerics.linalg import Array
from csat.numerics.robust import TestStatistic


@dataclass(frozen=True, eq=False)
class GroupMoments:
    """Sample and implied moments of a group, for the residual measures.

    share : of the respondents. means as None without a mean structure.
    """

    share: float
    cov: Array
    implied_cov: Array
    mean: Array | None = None
    implied_mean: Array | None = None


def test_measures(
    test: TestStatistic,
    baseline: TestStatistic,
    *,
    n: float,
    groups: int = 1,
    p_value: bool = True,
    robust_n: float | None = None,
    robust: tuple[TestStatistic, TestStatistic] | None = None,
) -> dict[str, float]:
    """Chi-square, baseline, CFI family and RMSEA: plain, `_scaled` and `_robust`.

    Parameters
    ----------
    n : N. p_value : whether T has a chi-square distribution at all (not with ULS or DWLS unscaled).
    robust : test and baseline whose ratio and T the robust indices rest on, when not the scaled test's own:
    with missing or ordered answers the discrepancy of complete normal data and what it is expected to be.
    robust_n : N of that, by default n.
    """
    t, df, d0 = test.chisq, test.df, baseline.df
    measures = {
        "chisq": t,
        "df": float(df),
        "pvalue": _p(t, df) if p_value else math.nan,
        **incremental_measures(t, df, baseline_chisq=baseline.chisq, baseline_df=d0),
        **_by_groups(rmsea_measures(t, df, n=n), t, df, n, groups),
    }
    if not p_value:
        measures["baseline_pvalue"] = math.nan
    if d0 < df:
        # a baseline with more parameters than the model has nothing to add
        measures |= {"rfi": math.nan, "nfi": math.nan}
    if test.kind != "standard":
        measures |= _scaled_measures(test, baseline, n=n, groups=groups)
    source = robust
    if source is None and test.kind not in ("standard", "mean_variance"):
        source = (test, baseline)
    if source is not None and df > 0:
        measures |= _robust_measures(*source, n=n if robust_n is None else robust_n, groups=groups)
    elif source is not None and df == 0:
        # a model that leaves nothing to test fits exactly
        names = ("rmsea_robust", "rmsea_ci_lower_robust", "rmsea_ci_upper_robust")
        measures |= dict.fromkeys(names, 0.0)
        if d0:
            measures |= dict.fromkeys(("cfi_robust", "tli_robust", "nnfi_robust", "rni_robust"), 1.0)
    return measures


def _by_groups(
    measures: dict[str, float], chisq: float, df: float, n: float, groups: int
) -> dict[str, float]:
    """RMSEA of several groups: sqrt(G) larger, so that it is about one group's misfit."""
    if groups == 1:
        return measures
    close = rmsea_measures(chisq, int(df), n=n / groups)
    root = math.sqrt(groups)
    scaled = {name: measures[name] * root for name in ("rmsea", "rmsea_ci_lower", "rmsea_ci_upper")}
    tests = {name: close[name] for name in ("rmsea_pvalue", "rmsea_notclose_pvalue")}
    return {**measures, **scaled, **tests}


def _p(chisq: float, df: float) -> float:
    return float(chdtrc(df, max(chisq, 0.0))) if df > 0 else math.nan


def _scaled_measures(
    test: TestStatistic, baseline: TestStatistic, *, n: float, groups: int
) -> dict[str, float]:
    t, df = test.scaled, test.scaled_df
    # of one item alone the baseline has nothing to test either
    t0, d0 = (baseline.scaled, baseline.scaled_df) if baseline.df else (baseline.chisq, 0.0)
    found = {
        "chisq_scaled": t,
        "df_scaled": float(df),
        "pvalue_scaled": _p(t, df),
        "chisq_scaling_factor": test.factor,
        "baseline_chisq_scaled": t0,
        "baseline_df_scaled": float(d0),
        "baseline_pvalue_scaled": _p(t0, d0),
        "baseline_chisq_scaling_factor": baseline.factor,
    }
    if test.df == 0:
        t, df = test.chisq, 0.0
        found |= {"chisq_scaled": t, "df_scaled": 0.0}
    incremental = _incremental(t, df, t0, d0)
    if d0 < df:
        # two fractional degrees of freedom in the wrong order: nothing to compare
        incremental |= {"rfi": math.nan, "nfi": math.nan}
    found |= {f"{name}_scaled": value for name, value in incremental.items()}
    # the interval refers to T on the degrees of freedom its own mean has
    own_t, own_df = (test.chisq, test.trace) if test.kind != "scaled_shifted" else (t, df)
    found |= {
        f"{name}_scaled": value for name, value in _rmsea(t, df, own_t, own_df, n=n, groups=groups).items()
    }
    return found


def _incremental(t: float, df: float, t0: float, d0: float) -> dict[str, float]:
    excess, excess0 = max(t - df, 0.0), max(t0 - d0, t - df, 0.0)
    gain = t0 / d0 - t / df if d0 and df else math.nan
    worst = t0 / d0 - 1 if d0 else math.nan
    tli = 1.0 if not df or (gain < 0 and worst < 0) else _ratio(gain, worst)
    return {
        "cfi": 1 - excess / excess0 if excess0 > 0 and d0 else 1.0,
        "tli": tli,
        "nnfi": tli,
        "rfi": _ratio(gain, t0 / d0) if df and d0 else 1.0,
        "nfi": _ratio(t0 - t, t0),
        "pnfi": _ratio(t0 - t, t0) * df / d0 if d0 else math.nan,
        "ifi": _ratio(t0 - t, t0 - df) if t0 >= df else 1.0,
        "rni": 1 - _ratio(t - df, t0 - d0),
    }


def _rmsea(t: float, df: float, own_t: float, own_df: float, *, n: float, groups: int) -> dict[str, float]:
    """RMSEA of t on df; interval and tests of own_t on own_df."""
    if not df:
        return {
            "rmsea": 0.0,
            "rmsea_ci_lower": 0.0,
            "rmsea_ci_upper": 0.0,
            "rmsea_pvalue": math.nan,
            "rmsea_notclose_pvalue": math.nan,
        }
    of_tests = fractional_rmsea(own_t, own_df, n=n / groups)
    of_interval = fractional_rmsea(own_t, own_df, n=n)
    root = math.sqrt(groups)
    return {
        "rmsea": root * math.sqrt(max(t - df, 0.0) / (df * n)),
        "rmsea_ci_lower": root * of_interval["rmsea_ci_lower"],
        "rmsea_ci_upper": root * of_interval["rmsea_ci_upper"],
        "rmsea_pvalue": of_tests["rmsea_pvalue"],
        "rmsea_notclose_pvalue": of_tests["rmsea_notclose_pvalue"],
    }


def fractional_rmsea(chisq: float, df: float, *, n: float) -> dict[str, float]:
    """`rmsea_measures` for degrees of freedom that need not be whole."""
    from scipy.special import chndtr

    from csat.numerics.fit_indices import RMSEA_CONFIDENCE, noncentrality

    if not df * n > 0:
        return dict.fromkeys(
            ("rmsea_ci_lower", "rmsea_ci_upper", "rmsea_pvalue", "rmsea_notclose_pvalue"), math.nan
        )
    tail = (1 - RMSEA_CONFIDENCE) / 2
    lower, upper = (
        math.sqrt(noncentrality(chisq, df, probability) / (df * n))  # type: ignore[arg-type]
        for probability in (1 - tail, tail)
    )
    return {
        "rmsea_ci_lower": lower,
        "rmsea_ci_upper": upper,
        "rmsea_pvalue": 1 - float(chndtr(chisq, df, RMSEA_CLOSE**2 * df * n)),
        "rmsea_notclose_pvalue": float(chndtr(chisq, df, RMSEA_NOT_CLOSE**2 * df * n)),
    }


def _robust_measures(
    test: TestStatistic, baseline: TestStatistic, *, n: float, groups: int
) -> dict[str, float]:
    """Indices with the misfit of the population in them, not that of the sampling distribution.

    CFI = 1 - max(T - c df, 0) / max(T0 - c0 df0, T - c df, 0); RMSEA = sqrt(max(T - c df, 0) / (df N)).
    """
    df, d0 = test.df, baseline.df
    c = test.ratio
    over, over0 = test.chisq - test.trace, baseline.chisq - baseline.trace
    most = max(over0, over, 0.0)
    nnfi = 1 - _ratio(over * d0, over0 * df)
    # T = c chi-square(df, lambda / c), or with a shift a T + b = chi-square(df, a lambda)
    own, factor = (test.scaled, test.factor) if test.kind == "scaled_shifted" else (test.chisq / c, c)
    root = math.sqrt(groups)
    return {
        "cfi_robust": 1 - max(over, 0.0) / most if most > 0 else 1.0,
        "tli_robust": nnfi,
        "nnfi_robust": nnfi,
        "rni_robust": 1 - _ratio(over, over0),
        "rmsea_robust": root * math.sqrt(max(over, 0.0) / (df * n)),
        **_robust_interval(own, factor, df, n=n, groups=groups),
    }


def _robust_interval(own: float, factor: float, df: int, *, n: float, groups: int) -> dict[str, float]:
    if not factor > 0:
        names = ("ci_lower", "ci_upper", "pvalue", "notclose_pvalue")
        return {f"rmsea_{name}_robust": math.nan for name in names}
    within = fractional_rmsea(own, df, n=n)
    tests = fractional_rmsea(own, df, n=n / groups / factor)
    root = math.sqrt(groups * factor)
    return {
        "rmsea_ci_lower_robust": root * within["rmsea_ci_lower"],
        "rmsea_ci_upper_robust": root * within["rmsea_ci_upper"],
        "rmsea_pvalue_robust": tests["rmsea_pvalue"],
        "rmsea_notclose_pvalue_robust": tests["rmsea_notclose_pvalue"],
    }


def likelihood_measures(logl: float, unrestricted: float, *, parameters: int, n: float) -> dict[str, float]:
    """Log-likelihoods and information criteria."""
    return {
        **information_criteria(logl, parameters=parameters, n=n),
        "unrestricted_logl": unrestricted,
        "ntotal": float(n),
    }


def residual_fit(groups: Sequence[GroupMoments]) -> dict[str, float]:
    """RMR, SRMR and CRMR, averaged over groups by their shares."""
    found = [
        residual_measures(g.cov, g.implied_cov, sample_mean=g.mean, implied_mean=g.implied_mean)
        for g in groups
    ]
    return {
        name: float(sum(g.share * f[name] for g, f in zip(groups, found, strict=True))) for name in found[0]
    }


def weighted_gfi(
    pieces: Sequence[tuple[float, Array, Array, Array]], *, df: int, moments: int
) -> dict[str, float]:
    """GFI = sum f (1 - r'V r / s'V s), AGFI = 1 - (k / df)(1 - GFI), PGFI = GFI df / k.

    pieces : by group share f of the respondents, s, sigma, V.
    """
    gfi = sum(
        f * (1 - _ratio(float((s - m) @ weighted(v, s - m)), float(s @ weighted(v, s))))
        for f, s, m, v in pieces
    )
    return {
        "gfi": gfi,
        "agfi": 1 - moments / df * (1 - gfi) if df > 0 else 1.0,
        "pgfi": gfi * df / moments,
    }


def size_measures(test: TestStatistic, *, parameters: int, n: float) -> dict[str, float]:
    """Hoelter's critical n, McDonald's index and ECVI."""
    f = test.chisq / n
    return {
        "cn_05": critical_n(f, test.df, 0.05),
        "cn_01": critical_n(f, test.df, 0.01),
        "mfi": math.exp(-0.5 * (test.chisq - test.df) / n),
        "ecvi": (test.chisq + 2 * parameters) / n,
    }


def _ratio(above: float, below: float) -> float:
    return above / below if below else math.nan


def ordered_residuals(
    share: float, thresholds: tuple[Array, Array], correlations: tuple[Array, Array]
) -> dict[str, float]:
    """Residual measures of ordered items (sample and implied): over thresholds and correlations together.

    `_nomean` and `srmr` leave the thresholds out.
    """
    tau, rho = thresholds[0] - thresholds[1], correlations[0] - correlations[1]
    p = (1 + math.isqrt(1 + 8 * rho.size)) // 2
    both = float((tau**2).sum() + (rho**2).sum())
    alone = float((rho**2).sum())
    diagonal = rho.size + p
    values = {
        "rmr": math.sqrt(both / (tau.size + diagonal)),
        "rmr_nomean": math.sqrt(alone / diagonal),
        "srmr": math.sqrt(alone / diagonal),
        "srmr_bentler": math.sqrt(both / (tau.size + diagonal)),
        "srmr_bentler_nomean": math.sqrt(alone / diagonal),
        # of means and variances, which ordered answers do not have
        "srmr_mplus": math.nan,
        "srmr_mplus_nomean": math.nan,
        "crmr": math.sqrt(both / (tau.size + rho.size)) if rho.size else 0.0,
        "crmr_nomean": math.sqrt(alone / rho.size) if rho.size else 0.0,
    }
    return {name: share * value for name, value in values.items()}


def mixed_residuals(
    share: float, thresholds: Array, cov: Array, implied_cov: Array, *, covariates: int = 0
) -> dict[str, float]:
    """Residual measures of ordered items and numbers together (given covariates, what these leave).

    thresholds : sample less implied. Means and variances of the numbers do not count; in the denominators the
    variances and the covariates do (lavaan's).
    """
    p = len(cov)
    rows, columns = np.tril_indices(p, -1)
    sd = np.sqrt(np.diagonal(cov))
    # an improper solution may imply a negative variance, and then no correlation
    implied_sd = np.sqrt(np.where(np.diagonal(implied_cov) > 0, np.diagonal(implied_cov), np.nan))
    raw = (cov - implied_cov)[rows, columns]
    scaled = raw / (sd[rows] * sd[columns])
    r = (cov / np.outer(sd, sd) - implied_cov / np.outer(implied_sd, implied_sd))[rows, columns]
    alone, t, cuts = p * (p + 1) // 2 + covariates, thresholds.size, float((thresholds**2).sum())
    raw_sum, scaled_sum, r_sum = (float((x**2).sum()) for x in (raw, scaled, r))
    values = {
        "rmr": math.sqrt((raw_sum + cuts) / (alone + t)),
        "rmr_nomean": math.sqrt(raw_sum / alone),
        "srmr": math.sqrt(scaled_sum / alone),
        "srmr_bentler": math.sqrt((scaled_sum + cuts) / (alone + t)),
        "srmr_bentler_nomean": math.sqrt(scaled_sum / alone),
        "srmr_mplus": math.nan,
        "srmr_mplus_nomean": math.nan,
        "crmr": math.sqrt((r_sum + cuts) / (r.size + t)) if r.size + t else 0.0,
        "crmr_nomean": math.sqrt(r_sum / r.size) if r.size else 0.0,
    }
    return {name: share * value for name, value in values.items()}


def wrmr(test: TestStatistic, *, n: float, moments: int) -> float:
    """Weighted root mean residual: sqrt(T / n-weighted moments), of least squares with ordered items."""
    return math.sqrt(test.chisq / moments) if moments else math.nan


__all__ = [
    "GroupMoments",
    "fractional_rmsea",
    "likelihood_measures",
    "mixed_residuals",
    "ordered_residuals",
    "residual_fit",
    "size_measures",
    "test_measures",
    "weighted_gfi",
    "wrmr",
]
