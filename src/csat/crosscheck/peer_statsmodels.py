"""statsmodels is asked for factors, components and regressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.analyses.factorial.factors import Factors
from csat.crosscheck.comparing import CLOSED_FORM, ITERATED, LOWER, Reason, compared, rows_with
from csat.crosscheck.result import Agreement
from csat.language import Text
from csat.numerics import regression as reg
from csat.numerics.fit_indices import ml_discrepancy

Array = NDArray[np.float64]

PEER_STEPS = 20_000


@dataclass(frozen=True, eq=False)
class RegressionRows:
    """The rows behind the drivers. outcome : (n,). predictors : (n, p). weights : (n,) or None."""

    outcome: ArrayLike
    predictors: ArrayLike
    names: Sequence[str]
    weights: ArrayLike | None = None


def extraction_beside(ours: Factors) -> list[Agreement]:
    """Communalities of its factors, or eigenvalues of its components."""
    if ours.extraction == "pca":
        return [_components(ours)]
    from statsmodels.multivariate.factor import Factor

    likelihood = ours.extraction == "ml"
    model = Factor(
        corr=ours.correlations, n_factor=len(ours.factors), method="ml" if likelihood else "pa", nobs=ours.n
    )
    # its principal axes go on until the communalities stand still
    fit = model.fit() if likelihood else model.fit(maxiter=PEER_STEPS, tol=1e-12)
    theirs = 1 - np.asarray(fit.uniqueness, dtype=float)
    pairs = [
        (item, float(a), float(b)) for item, a, b in zip(ours.items, ours.communalities, theirs, strict=True)
    ]
    how = Text("maximum likelihood", "极大似然") if likelihood else Text("principal axes", "主轴法")
    return [
        compared(
            "extraction",
            Text("Communalities ({how})", "共同度（{how}）").fill(how=how),
            "statsmodels",
            pairs,
            tolerance=ITERATED,
            why=lambda: _other_extraction(ours, np.asarray(fit.loadings, dtype=float), likelihood),
        )
    ]


def _other_extraction(ours: Factors, theirs: Array, likelihood: bool) -> Reason:
    def misfit(common: Array) -> float:
        if likelihood:
            sigma = common - np.diag(np.diagonal(common)) + np.eye(len(common))
            return ml_discrepancy(ours.correlations, sigma)
        residual = ours.correlations - common
        return float((residual[np.tril_indices(len(residual), -1)] ** 2).sum())

    if misfit(ours.pattern @ ours.phi @ ours.pattern.T) > misfit(theirs @ theirs.T):
        return Reason(LOWER, excuses=False)
    text = Text(
        "csat's solution fits better: statsmodels stopped short, or left the bounds of the communalities.",
        "csat 的解拟合更好：statsmodels 提前停止，或共同度超出了界限。",
    )
    return Reason(text, excuses=True)


def _components(ours: Factors) -> Agreement:
    from statsmodels.multivariate.pca import PCA

    rows = rows_with(ours.correlations, len(ours.items) + 2)
    found = PCA(rows, ncomp=len(ours.factors), standardize=True, demean=True)
    share = np.asarray(found.eigenvals, dtype=float)[: len(ours.factors)] / len(rows)
    mine = np.sort(np.linalg.eigvalsh(ours.pattern @ ours.phi @ ours.pattern.T))[::-1][: len(share)]
    pairs = [(f"C{i + 1}", float(a), float(b)) for i, (a, b) in enumerate(zip(mine, share, strict=True))]
    return compared(
        "extraction",
        Text("Eigenvalues of the components", "主成分特征值"),
        "statsmodels",
        pairs,
        tolerance=CLOSED_FORM,
    )


def regression_beside(given: RegressionRows) -> list[Agreement]:
    """Coefficients, errors, fit and tests of the residuals."""
    from statsmodels.regression.linear_model import OLS, WLS
    from statsmodels.stats.diagnostic import het_breuschpagan
    from statsmodels.stats.stattools import durbin_watson

    x, y = np.asarray(given.predictors, dtype=float), np.asarray(given.outcome, dtype=float)
    w = None if given.weights is None else np.asarray(given.weights, dtype=float)
    kept = ~(np.isnan(x).any(axis=1) | np.isnan(y))
    kept = kept if w is None else kept & (w > 0)
    x, y, w = x[kept], y[kept], None if w is None else w[kept]
    ours = reg.least_squares(x, y, weights=w)
    e = reg.residuals(x, y, ours.coefficients)
    robust = np.sqrt(np.diagonal(reg.robust_covariance(x, e, weights=w)))
    design = np.column_stack([np.ones(len(y)), x])
    model = OLS(y, design) if w is None else WLS(y, design, weights=w)
    theirs = model.fit()
    named = ["(constant)", *given.names]
    numbers = [(f"b {n}", *v) for n, *v in zip(named, ours.coefficients, theirs.params, strict=True)]
    numbers += [(f"se {n}", *v) for n, *v in zip(named, ours.standard_errors, theirs.bse, strict=True)]
    hc3 = model.fit(cov_type="HC3").bse
    numbers += [(f"HC3 se {n}", *v) for n, *v in zip(named, robust, hc3, strict=True)]
    numbers += [
        ("R2", ours.r2, theirs.rsquared),
        ("adjusted R2", ours.adjusted_r2, theirs.rsquared_adj),
        ("F", ours.f, theirs.fvalue),
    ]
    if w is None:
        bp = het_breuschpagan(theirs.resid, design)
        numbers += [
            ("Breusch-Pagan", reg.breusch_pagan(x, e).statistic, bp[0]),
            ("Durbin-Watson", reg.durbin_watson(e), durbin_watson(theirs.resid)),
        ]
    pairs = [(name, float(a), float(b)) for name, a, b in numbers]
    return [
        compared(
            "regression",
            Text("Coefficients, errors, R² and F", "系数、标准误、R² 与 F"),
            "statsmodels",
            pairs,
            tolerance=CLOSED_FORM,
        )
    ]
