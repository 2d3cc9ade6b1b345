"""What a factor solution explains, how well it fits, and the weights of factor scores.

Letters: R (p, p) correlations, L (p, m) pattern, Phi (m, m) factor correlations, S = L Phi structure, psi
uniquenesses, Sigma = L Phi L' + Psi implied correlations, n respondents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from csat.errors import NumericsError
from csat.numerics.extraction import degrees_of_freedom
from csat.numerics.fit_indices import noncentrality
from csat.numerics.linalg import Array, log_determinant, solve, symmetric_power

ScoreMethod = Literal["regression", "bartlett", "ten berge"]


@dataclass(frozen=True, eq=False)
class Variance:
    """What each factor accounts for, diag(Phi L'L): as a sum, a share of all variance, a share of the common.

    All (m,), in the order of the columns.
    """

    sum_of_squares: Array
    share: Array
    cumulative: Array
    share_of_common: Array


@dataclass(frozen=True)
class FactorFit:
    """Fit of a factor solution, by psych's definitions (named where others differ).

    objective : F = ln|Sigma| + tr(R Sigma^-1) - ln|R| - p, also for minres.
    chi_square : (n - 1 - (2p + 5)/6 - 2m/3) F, Bartlett's factor; df, p its degrees of freedom and p-value.
    rmsea : sqrt(max(chi2 / (df n) - 1 / (n - 1), 0)); its interval sqrt(lambda / (df (n - 1))), lambda the
        noncentralities that put chi2 at the upper and lower tail of `confidence`.
    tli : Tucker-Lewis index, null model and solution with the same factor.
    bic : chi2 - df ln n.
    rmsr : root mean square of the p (p - 1) / 2 residual correlations; rmsr_corrected divides by df.
    largest_residual : in size.
    """

    objective: float
    chi_square: float
    df: int
    p: float
    null_chi_square: float
    null_df: int
    rmsea: float
    rmsea_lower: float
    rmsea_upper: float
    confidence: float
    tli: float
    bic: float
    rmsr: float
    rmsr_corrected: float
    largest_residual: float


def implied_correlation(
    pattern: ArrayLike, phi: ArrayLike | None = None, uniquenesses: ArrayLike | None = None
) -> Array:
    """L Phi L' + Psi; without uniquenesses the diagonal is 1."""
    loadings = np.asarray(pattern, dtype=float)
    common = (
        loadings @ (np.eye(loadings.shape[1]) if phi is None else np.asarray(phi, dtype=float)) @ loadings.T
    )
    if uniquenesses is None:
        np.fill_diagonal(common, 1.0)
        return np.asarray(common)
    return np.asarray(common + np.diag(np.asarray(uniquenesses, dtype=float)))


def residuals(correlation: ArrayLike, pattern: ArrayLike, phi: ArrayLike | None = None) -> Array:
    """R - L Phi L' off the diagonal; on it the uniquenesses."""
    loadings = np.asarray(pattern, dtype=float)
    common = (
        loadings @ (np.eye(loadings.shape[1]) if phi is None else np.asarray(phi, dtype=float)) @ loadings.T
    )
    return np.asarray(np.asarray(correlation, dtype=float) - common)


def variance_explained(pattern: ArrayLike, phi: ArrayLike | None = None) -> Variance:
    """Sums of squared loadings; with correlated factors diag(Phi L'L), which sums to the communalities."""
    loadings = np.asarray(pattern, dtype=float)
    square = loadings.T @ loadings
    sums = np.diagonal(square) if phi is None else (np.asarray(phi, dtype=float) * square).sum(axis=1)
    share = sums / len(loadings)
    return Variance(sums, share, np.cumsum(share), sums / sums.sum())


def complexity(pattern: ArrayLike) -> Array:
    """(p,) Hofmann's index (sum l^2)^2 / sum l^4: 1 when an item loads on one factor only."""
    square = np.asarray(pattern, dtype=float) ** 2
    return np.asarray(square.sum(axis=1) ** 2 / (square**2).sum(axis=1))


def factor_fit(
    correlation: ArrayLike,
    loadings: ArrayLike,
    uniquenesses: ArrayLike,
    *,
    n: float,
    confidence: float = 0.90,
) -> FactorFit:
    """Fit of an unrotated or orthogonal solution (rotation does not change it).

    Parameters
    ----------
    correlation : (p, p). loadings : (p, m), orthogonal factors. uniquenesses : (p,) of the model.
    n : respondents, or the effective number.

    Returns
    -------
    FactorFit : with NaN for what is not defined: all but the residuals when R or Sigma is not positive
    definite; RMSEA, TLI and the p-value when df is 0.
    """
    r, l0 = np.asarray(correlation, dtype=float), np.asarray(loadings, dtype=float)
    p, m = l0.shape
    df, null_df = degrees_of_freedom(p, m), p * (p - 1) // 2
    below = residuals(r, l0)[np.tril_indices(p, -1)]
    f, f_null = _discrepancies(r, implied_correlation(l0, None, uniquenesses))
    bartlett = n - 1 - (2 * p + 5) / 6
    factor = bartlett - 2 * m / 3
    chi = factor * f
    tail = (1 - confidence) / 2
    tested = df > 0 and math.isfinite(chi)
    lower, upper = (
        (math.sqrt(noncentrality(chi, df, q) / (df * (n - 1))) for q in (1 - tail, tail))
        if tested
        else (math.nan, math.nan)
    )
    null_ratio = factor * f_null / null_df
    return FactorFit(
        objective=f,
        chi_square=chi,
        df=df,
        p=float(chdtrc(df, chi)) if tested else math.nan,
        null_chi_square=bartlett * f_null,
        null_df=null_df,
        rmsea=math.sqrt(max(chi / (df * n) - 1 / (n - 1), 0.0)) if tested else math.nan,
        rmsea_lower=lower,
        rmsea_upper=upper,
        confidence=confidence,
        tli=(null_ratio - chi / df) / (null_ratio - 1) if tested else math.nan,
        bic=chi - df * math.log(n),
        rmsr=float(np.sqrt((below**2).mean())),
        rmsr_corrected=float(np.sqrt((below**2).sum() / df)) if df > 0 else math.nan,
        largest_residual=float(np.abs(below).max()),
    )


def score_weights(
    correlation: ArrayLike,
    pattern: ArrayLike,
    phi: ArrayLike | None = None,
    *,
    method: ScoreMethod = "regression",
    uniquenesses: ArrayLike | None = None,
) -> Array:
    """(p, m) weights of factor scores: scores = standardised answers @ weights.

    regression : R^-1 S (Thurstone); the best predictors, correlated with one another and with other factors.
    bartlett : Psi^-1 L (L' Psi^-1 L)^-1; unbiased.
    ten berge : R^-1/2 C Phi^1/2, C = R^-1/2 L Phi^1/2 (Phi^1/2 L' R^-1 L Phi^1/2)^-1/2; keeps Phi.

    Parameters
    ----------
    correlation : (p, p) of the answers. pattern : (p, m). phi : (m, m) or None for uncorrelated factors.
    uniquenesses : (p,) for bartlett; 1 - diag(L Phi L') when not given.

    Raises
    ------
    SingularMatrix, ConstantItem : R (or L' Psi^-1 L) is not positive definite.

    References
    ----------
    Thurstone (1935); Bartlett (1937); ten Berge, Krijnen, Wansbeek & Shapiro (1999), Linear Algebra and its
    Applications 289, 311-318.
    """
    r, loadings = np.asarray(correlation, dtype=float), np.asarray(pattern, dtype=float)
    correlations = np.eye(loadings.shape[1]) if phi is None else np.asarray(phi, dtype=float)
    if method == "regression":
        return solve(r, loadings @ correlations)
    if method == "bartlett":
        common = ((loadings @ correlations) * loadings).sum(axis=1)
        psi = 1.0 - common if uniquenesses is None else np.asarray(uniquenesses, dtype=float)
        scaled = loadings / psi[:, None]
        return np.asarray(solve(loadings.T @ scaled, scaled.T).T)
    half = symmetric_power(correlations, 0.5)
    turned = symmetric_power(r, -0.5) @ loadings @ half
    c = turned @ symmetric_power(turned.T @ turned, -0.5)
    return np.asarray(symmetric_power(r, -0.5) @ c @ half)


def score_validity(correlation: ArrayLike, weights: ArrayLike, structure: ArrayLike) -> Array:
    """(m,) correlation of each factor score with its factor: diag(W'S) / sqrt(diag(W'RW))."""
    r, w = np.asarray(correlation, dtype=float), np.asarray(weights, dtype=float)
    shared = (w * np.asarray(structure, dtype=float)).sum(axis=0)
    return np.asarray(shared / np.sqrt((w * (r @ w)).sum(axis=0)))


def _discrepancies(r: Array, sigma: Array) -> tuple[float, float]:
    """F of the solution and of unrelated items; NaN where a determinant is not positive."""
    try:
        log_r, log_sigma = log_determinant(r), log_determinant(sigma)
    except NumericsError:
        return math.nan, math.nan
    return log_sigma - log_r + float(np.trace(solve(sigma, r))) - len(r), -log_r
