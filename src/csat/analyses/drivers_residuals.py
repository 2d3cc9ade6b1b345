"""The rows behind a regression on drivers: fitted values, residuals, and what is odd about them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from csat.analyses.drivers_result import ResidualCheck
from csat.analyses.drivers_words import CovarianceType
from csat.analyses.guidelines import COOK_LARGE
from csat.language import Text
from csat.numerics import regression as reg

Array = NDArray[np.float64]
BINS = 10
"""Groups of fitted values in the residual chart."""
QUANTILES = 39
CHECKED_BELOW = 0.05


@dataclass(frozen=True, eq=False)
class Fit:
    """What statsmodels says about the rows."""

    coefficients: Array
    se: Array
    fitted: Array
    residual: Array
    leverage: Array
    cook: Array
    mean_square: float


def fitted(x: Array, y: Array, w: Array | None, covariance_type: CovarianceType) -> Fit:
    """Least squares of the rows, by statsmodels."""
    # imported here: it takes a second, and only a regression needs it
    from statsmodels.regression.linear_model import OLS, WLS

    design = np.column_stack([np.ones(len(y)), x])
    model = OLS(y, design) if w is None else WLS(y, design, weights=w)
    fit = model.fit(cov_type="HC3" if covariance_type == "HC3" else "nonrobust")
    residual = np.asarray(y - fit.fittedvalues, dtype=float)
    leverage = reg.leverages(x, weights=w)
    return Fit(
        coefficients=np.asarray(fit.params, dtype=float),
        se=np.asarray(fit.bse, dtype=float),
        fitted=np.asarray(fit.fittedvalues, dtype=float),
        residual=residual,
        leverage=leverage,
        cook=reg.cooks_distance(
            residual, leverage, mean_square=float(fit.scale), coefficients=design.shape[1], weights=w
        ),
        mean_square=float(fit.scale),
    )


def residual_checks(x: Array, fit: Fit) -> tuple[ResidualCheck, ...]:
    nan = math.nan
    equal = reg.breusch_pagan(x, fit.residual)
    normal, skewness, excess = reg.jarque_bera(fit.residual)
    dw = reg.durbin_watson(fit.residual)
    largest = float(fit.cook.max())
    fine = Text("nothing found", "未见异常")
    return (
        ResidualCheck(
            "breusch_pagan",
            equal.statistic,
            equal.p,
            Text("variances differ: rely on HC3 errors", "方差不齐：请以 HC3 稳健标准误为准")
            if equal.p < CHECKED_BELOW
            else fine,
        ),
        ResidualCheck(
            "jarque_bera",
            normal.statistic,
            normal.p,
            Text("not normal: matters only in small samples", "非正态：仅在小样本时有影响")
            if normal.p < CHECKED_BELOW
            else fine,
        ),
        ResidualCheck("skewness", skewness, nan, NO_FINDING),
        ResidualCheck("kurtosis", excess, nan, NO_FINDING),
        ResidualCheck(
            "durbin_watson",
            dw,
            nan,
            fine
            if 1.5 <= dw <= 2.5
            else Text("rows follow each other: was the file sorted?", "相邻行相关：文件是否排过序？"),
        ),
        ResidualCheck("condition_number", reg.condition_number(x), nan, NO_FINDING),
        ResidualCheck("largest_leverage", float(fit.leverage.max()), nan, NO_FINDING),
        ResidualCheck(
            "largest_cook",
            largest,
            nan,
            fine
            if COOK_LARGE.met(largest)
            else Text("one respondent moves the equation", "个别受访者左右了方程"),
        ),
    )


NO_FINDING = Text("")


@dataclass(frozen=True, eq=False)
class Shape:
    """Residuals along the fitted values, and their quantiles beside the normal ones."""

    fitted: Array
    residual: Array
    se: Array
    quantiles: Array
    normal: Array


def residual_shape(fit: Fit) -> Shape:
    order = np.argsort(fit.fitted, kind="stable")
    groups = [g for g in np.array_split(order, BINS) if g.size]
    share = np.arange(1, QUANTILES + 1) / (QUANTILES + 1)
    spread = [np.std(fit.residual[g], ddof=1) / math.sqrt(g.size) if g.size > 1 else math.nan for g in groups]
    return Shape(
        fitted=np.array([fit.fitted[g].mean() for g in groups]),
        residual=np.array([fit.residual[g].mean() for g in groups]),
        se=np.array(spread),
        quantiles=np.quantile(fit.residual / math.sqrt(fit.mean_square), share),
        normal=np.asarray(ndtri(share)),
    )
