"""Symmetric positive definite matrices: solves, determinants, half-vectorisation, which columns are to blame.

Everything goes through the Cholesky factor; a matrix that has none is explained by the positions of the
columns that depend on each other.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.linalg.lapack import dpotrf, dpotri

from csat.errors import ConstantItem, SingularMatrix

Array: TypeAlias = NDArray[np.float64]
"""Floating point arrays, as all numerics take and return."""

SINGULAR_BELOW = 1e-10
"""A column whose share of variance not explained by the others, 1 - R^2, is below this depends on them.

Ours: duplicates and sums of columns leave 1e-13 or less; at 1e-10 six digits of an inverse still hold."""

NEGLIGIBLE_WEIGHT = 1e-3
"""A standardised coefficient below this plays no part in a dependence."""


def cholesky(matrix: ArrayLike) -> Array:
    """Lower Cholesky factor L of a symmetric positive definite matrix = L L'.

    Parameters
    ----------
    matrix : (p, p) symmetric; only its lower triangle is read.

    Raises
    ------
    ConstantItem : a diagonal element is zero, negative or not a number.
    SingularMatrix : a column depends on the others (1 - R^2 below `SINGULAR_BELOW`), or the matrix is
        indefinite; `positions` are the columns that depend on each other.
    """
    a = np.asarray(matrix, dtype=float)
    variances = require_variance(a.diagonal())
    try:
        factor = np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        raise _dependence(a) from None
    # the squared pivot over the variance is 1 - R^2 of a column on those before it
    if np.any(factor.diagonal() ** 2 < SINGULAR_BELOW * variances):
        raise _dependence(a)
    return np.asarray(factor)


def solve(matrix: ArrayLike, right: ArrayLike) -> Array:
    """X with matrix @ X = right, for a symmetric positive definite matrix; errors as `cholesky`."""
    return np.asarray(cho_solve((cholesky(matrix), True), np.asarray(right, dtype=float)))


def inverse(matrix: ArrayLike) -> Array:
    """Inverse of a symmetric positive definite matrix, exactly symmetric; errors as `cholesky`.

    For where the elements of the inverse are themselves wanted (partial correlations); else `solve`.
    """
    factor = cholesky(matrix)
    half = solve_triangular(factor, np.eye(len(factor)), lower=True)
    return np.asarray(half.T @ half)


def positive_factor(matrix: Array) -> Array | None:
    """Lower Cholesky factor of a symmetric matrix, None where there is none, without a reason."""
    # its transpose is the same, and is in the order LAPACK wants
    factor, failed = dpotrf(matrix.T, lower=1)
    return None if failed else factor


def positive_inverse(matrix: Array) -> tuple[Array, float]:
    """Inverse and log-determinant, for inner loops: no reason is given where there is none.

    Raises
    ------
    numpy.linalg.LinAlgError : the matrix is not positive definite.
    """
    factor = positive_factor(matrix)
    if factor is None:
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    if not factor.size:
        # LAPACK would complain on the terminal
        return factor, 0.0
    log_det = 2 * float(np.log(factor.diagonal()).sum())
    half, _ = dpotri(factor, lower=1)
    whole = half + half.T
    np.fill_diagonal(whole, half.diagonal())
    return whole, log_det


def log_determinant(matrix: ArrayLike) -> float:
    """Natural logarithm of the determinant of a symmetric positive definite matrix; errors as `cholesky`."""
    return 2.0 * float(np.log(np.diagonal(cholesky(matrix))).sum())


def quadratic_form(matrix: ArrayLike, rows: ArrayLike) -> Array:
    """x' matrix^-1 x for each row x.

    Parameters
    ----------
    matrix : (p, p) symmetric positive definite. rows : (n, p) or (p,).

    Returns
    -------
    (n,) or a 0-d array; errors as `cholesky`.
    """
    half = solve_triangular(cholesky(matrix), np.asarray(rows, dtype=float).T, lower=True)
    return np.asarray((half**2).sum(axis=0))


def symmetric_power(matrix: ArrayLike, power: float) -> Array:
    """Power of a symmetric matrix through its eigenvalues: 0.5 is the symmetric root, -0.5 its inverse.

    Raises
    ------
    ConstantItem, SingularMatrix : as `cholesky`, when the matrix is not positive definite.
    """
    a = symmetric(matrix)
    cholesky(a)
    values, vectors = np.linalg.eigh(a)
    return np.asarray((vectors * values**power) @ vectors.T)


def symmetric(matrix: ArrayLike) -> Array:
    """The symmetric part (A + A') / 2, which removes what rounding made unequal."""
    a = np.asarray(matrix, dtype=float)
    return np.asarray((a + a.T) / 2)


def is_positive_definite(matrix: ArrayLike) -> bool:
    """Whether `cholesky` would succeed."""
    try:
        cholesky(matrix)
    except (ConstantItem, SingularMatrix):
        return False
    return True


def require_variance(variances: ArrayLike) -> Array:
    """The variances as an array, when all are positive.

    Raises
    ------
    ConstantItem : with the positions of those that are zero, negative or not a number.
    """
    v = np.asarray(variances, dtype=float)
    constant = np.flatnonzero(~(v > 0))
    if constant.size:
        raise ConstantItem(
            "no variance in {items}: all answers are the same, or there are none",
            positions=constant.tolist(),
            do="Leave the item out, or check how its answers were read",
        )
    return v


def correlation_from_covariance(cov: ArrayLike) -> Array:
    """Correlations r_ij = s_ij / sqrt(s_ii s_jj), with ones on the diagonal.

    Parameters
    ----------
    cov : (p, p) covariance.

    Raises
    ------
    ConstantItem : a variance is not positive.
    """
    s = np.asarray(cov, dtype=float)
    sd = np.sqrt(require_variance(s.diagonal()))
    r = s / (sd[:, None] * sd)
    np.fill_diagonal(r, 1.0)
    return np.asarray(r)


def squared_multiple_correlations(matrix: ArrayLike) -> Array:
    """R^2 of each column on all others: 1 - 1 / (s_ii s^ii), s^ii of the inverse; errors as `cholesky`."""
    a = np.asarray(matrix, dtype=float)
    return np.asarray(1.0 - 1.0 / (a.diagonal() * np.diagonal(inverse(a))))


def dependent_columns(matrix: ArrayLike) -> tuple[int, ...]:
    """Positions of the first group of columns that depend on each other; empty when there is none.

    Columns are taken in order. The first one explained by those before it (1 - R^2 below `SINGULAR_BELOW`)
    is named together with those that explain it, so a duplicate is a pair and a total comes with its parts.
    In an indefinite matrix the group is read from the eigenvector of the smallest eigenvalue.

    Parameters
    ----------
    matrix : (p, p) covariance or correlation with positive diagonal.
    """
    r = correlation_from_covariance(matrix)
    if np.linalg.eigvalsh(r)[0] < -SINGULAR_BELOW * len(r):
        return _largest_weights(r)
    factor = np.zeros_like(r)
    for j in range(len(r)):
        row = solve_triangular(factor[:j, :j], r[:j, j], lower=True) if j else np.zeros(0)
        left = 1.0 - row @ row
        if left < SINGULAR_BELOW:
            weights = solve_triangular(factor[:j, :j], row, lower=True, trans="T")
            return (*np.flatnonzero(np.abs(weights) > NEGLIGIBLE_WEIGHT).tolist(), j)
        factor[j, :j], factor[j, j] = row, np.sqrt(left)
    return ()


def independent_columns(matrix: ArrayLike) -> NDArray[np.intp]:
    """Positions of columns, taken in order, that vary and are not explained by those taken before.

    They span what all columns span: a distance on them is the distance by the pseudo-inverse.

    Parameters
    ----------
    matrix : (p, p) covariance; constant columns (zero or undefined variance) are passed over.
    """
    s = np.asarray(matrix, dtype=float)
    kept: list[int] = []
    factor = np.zeros_like(s)
    for j in np.flatnonzero(s.diagonal() > 0):
        m = len(kept)
        row = solve_triangular(factor[:m, :m], s[kept, j], lower=True) if m else np.zeros(0)
        left = s[j, j] - row @ row
        if left >= SINGULAR_BELOW * s[j, j]:
            factor[m, :m], factor[m, m] = row, np.sqrt(left)
            kept.append(int(j))
    return np.array(kept, dtype=np.intp)


def vech(matrix: ArrayLike) -> Array:
    """Lower triangle with diagonal, column by column: (p, p) to (p (p + 1) / 2,)."""
    a = np.asarray(matrix, dtype=float)
    rows, columns = vech_indices(len(a))
    return np.asarray(a[rows, columns])


def unvech(vector: ArrayLike) -> Array:
    """The symmetric matrix whose `vech` is the vector."""
    v = np.asarray(vector, dtype=float)
    p = (int(np.sqrt(8 * v.size + 1)) - 1) // 2
    rows, columns = vech_indices(p)
    a = np.zeros((p, p))
    a[rows, columns] = a[columns, rows] = v
    return a


@cache
def vech_indices(p: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of each element of `vech`, in its order; read-only, made once for each p."""
    columns, rows = np.triu_indices(p)
    rows.setflags(write=False)
    columns.setflags(write=False)
    return rows, columns


def duplication(p: int) -> Array:
    """Duplication matrix D with vec(A) = D vech(A) for symmetric A: (p^2, p (p + 1) / 2)."""
    rows, columns = vech_indices(p)
    k = np.arange(rows.size)
    d = np.zeros((p * p, rows.size))
    d[columns * p + rows, k] = 1.0
    d[rows * p + columns, k] = 1.0
    return d


def _dependence(matrix: Array) -> SingularMatrix:
    positions = dependent_columns(matrix)
    smallest = np.linalg.eigvalsh(correlation_from_covariance(matrix))[0]
    if smallest < -SINGULAR_BELOW * len(matrix):
        return SingularMatrix(
            f"the correlations contradict each other (smallest eigenvalue {smallest:.3g}), "
            "most of all among {items}",
            positions=positions,
            do="Use the respondents who answered all items (listwise), or leave one of these items out",
        )
    return SingularMatrix(
        "one column is an exact combination of others: {items} depend on each other",
        positions=positions or _largest_weights(correlation_from_covariance(matrix)),
        do="Leave one of them out",
    )


def _largest_weights(correlation: Array) -> tuple[int, ...]:
    """Columns with at least a third of the largest weight in the last eigenvector."""
    weights = np.abs(np.linalg.eigh(correlation)[1][:, 0])
    return tuple(np.flatnonzero(weights > weights.max() / 3).tolist())
