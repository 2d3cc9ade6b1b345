"""Are these correlations worth factoring? Sampling adequacy, sphericity, multivariate normality.

Letters: R (p, p) correlations, P its inverse, n respondents.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.special import chdtrc, gammaincc, gammaln, ndtr

from csat.errors import TooFew
from csat.numerics.linalg import Array, cholesky, correlation_from_covariance, inverse, log_determinant


def partial_correlations(correlation: ArrayLike) -> Array:
    """Correlation of each pair given all other columns: -P_ij / sqrt(P_ii P_jj), ones on the diagonal.

    Raises
    ------
    ConstantItem, SingularMatrix : R has no inverse; the positions are the columns to blame.
    """
    p = inverse(correlation)
    root = np.sqrt(np.diagonal(p))
    q = -p / np.outer(root, root)
    np.fill_diagonal(q, 1.0)
    return np.asarray(q)


def anti_image(correlation: ArrayLike) -> Array:
    """Anti-image correlations as SPSS prints them: minus the partial correlations, MSA on the diagonal."""
    q = -partial_correlations(correlation)
    np.fill_diagonal(q, kmo(correlation).items)
    return q


class Kmo(NamedTuple):
    """Kaiser-Meyer-Olkin measure: overall, and per item (MSA)."""

    overall: float
    items: Array


def kmo(correlation: ArrayLike) -> Kmo:
    """KMO = sum_{i!=j} r_ij^2 / (sum r_ij^2 + sum q_ij^2), q the partial correlations; per item over its row.

    NaN for an item that correlates with no other.

    Raises
    ------
    ConstantItem, SingularMatrix : R has no inverse. TooFew : fewer than 2 columns.

    References
    ----------
    Kaiser (1970), Psychometrika 35, 401-415; Kaiser & Rice (1974), Educ. Psych. Meas. 34, 111-117.
    """
    r = np.array(correlation, dtype=float)
    if len(r) < 2:
        raise TooFew(f"sampling adequacy needs at least 2 items; there are {len(r)}")
    q = partial_correlations(r)
    np.fill_diagonal(r, 0.0)
    np.fill_diagonal(q, 0.0)
    plain, partial = (r**2).sum(axis=0), (q**2).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return Kmo(float(plain.sum() / (plain.sum() + partial.sum())), plain / (plain + partial))


class Sphericity(NamedTuple):
    """Bartlett's test that all correlations are zero."""

    chi_square: float
    df: int
    p: float
    log10_p: float
    log_determinant: float


def bartlett_sphericity(correlation: ArrayLike, *, n: float) -> Sphericity:
    """chi2 = -(n - 1 - (2p + 5) / 6) ln|R| with p (p - 1) / 2 df; large when items have something in common.

    log10_p stays finite where p underflows to 0.

    Raises
    ------
    ConstantItem, SingularMatrix : R has no inverse. TooFew : n <= p.

    References
    ----------
    Bartlett (1951), Biometrika 38, 337-344.
    """
    r = np.asarray(correlation, dtype=float)
    p = len(r)
    if n <= p:
        raise TooFew(
            f"{p} items need more than {p} respondents; there are {n:g}", do="Use fewer items or more answers"
        )
    log_det = log_determinant(r)
    chi_square, df = -(n - 1 - (2 * p + 5) / 6) * log_det, p * (p - 1) // 2
    log10_p = chi_square_log_upper(chi_square, df) / math.log(10)
    return Sphericity(chi_square, df, float(chdtrc(df, max(chi_square, 0.0))), log10_p, log_det)


def chi_square_log_upper(chi_square: float, df: float) -> float:
    """Natural logarithm of P(X >= chi_square), accurate far beyond where the probability underflows.

    References
    ----------
    The continued fraction of the upper incomplete gamma function, Abramowitz & Stegun 6.5.31.
    """
    a, x = df / 2, max(chi_square, 0.0) / 2
    if x < a + 1 or x < 50:
        return float(np.log(gammaincc(a, x)))
    # modified Lentz evaluation of 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - ...)))
    b = x + 1 - a
    c, d = 1e300, 1 / b
    fraction = d
    for i in range(1, 10_000):
        term = -i * (i - a)
        b += 2
        d = 1 / (term * d + b)
        c = b + term / c
        fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return float(-x + a * math.log(x) - gammaln(a) + math.log(fraction))


class Mardia(NamedTuple):
    """Mardia's multivariate skewness b1 and kurtosis b2 with their tests (covariance with denominator n).

    skewness_chi_square_small : the small-sample form of the skewness test.
    """

    skewness: float
    kurtosis: float
    skewness_chi_square: float
    skewness_chi_square_small: float
    skewness_df: int
    skewness_p: float
    kurtosis_z: float
    kurtosis_p: float


def mardia(answers: ArrayLike) -> Mardia:
    """b1 = mean over pairs of (z_i' z_j)^3, b2 = mean of (z_i' z_i)^2 for answers made uncorrelated, z.

    Under normality n b1 / 6 is chi-square with p (p + 1)(p + 2) / 6 df, and (b2 - p (p + 2)) /
    sqrt(8 p (p + 2) / n) standard normal. b1 is computed from the third moments, never from pairs of rows.

    Parameters
    ----------
    answers : (n, p) without silence, n > p.

    Raises
    ------
    TooFew : n <= p. ConstantItem, SingularMatrix : the covariance has no inverse.

    References
    ----------
    Mardia (1970), Biometrika 57, 519-530; Mardia (1974), Sankhya B 36, 115-128.
    """
    x = np.asarray(answers, dtype=float)
    n, p = x.shape
    if n <= p:
        raise TooFew(f"{p} items need more than {p} complete respondents; there are {n}")
    x = x - x.mean(axis=0)
    # N, not N - 1: Mardia's moments are those of the sample itself
    z = solve_triangular(cholesky(x.T @ x / n), x.T, lower=True).T
    rows, columns = np.triu_indices(p)
    third = np.zeros((rows.size, p))
    for start in range(0, n, 8192):
        part = z[start : start + 8192]
        third += (part[:, rows] * part[:, columns]).T @ part
    third /= n
    twice = np.where(rows == columns, 1.0, 2.0)
    b1 = float(twice @ (third**2).sum(axis=1))
    b2 = float(((z**2).sum(axis=1) ** 2).mean())
    df = p * (p + 1) * (p + 2) // 6
    chi_square = n * b1 / 6
    correction = (p + 1) * (n + 1) * (n + 3) / (n * ((n + 1) * (p + 1) - 6))
    kurtosis_z = (b2 - p * (p + 2)) / math.sqrt(8 * p * (p + 2) / n)
    return Mardia(
        skewness=b1,
        kurtosis=b2,
        skewness_chi_square=chi_square,
        skewness_chi_square_small=chi_square * correction,
        skewness_df=df,
        skewness_p=float(chdtrc(df, chi_square)),
        kurtosis_z=kurtosis_z,
        kurtosis_p=float(2 * ndtr(-abs(kurtosis_z))),
    )


def determinant(correlation: ArrayLike) -> float:
    """|R|: 1 for unrelated items, near 0 when some almost repeat others; errors as `log_determinant`."""
    return math.exp(log_determinant(correlation_from_covariance(correlation)))
