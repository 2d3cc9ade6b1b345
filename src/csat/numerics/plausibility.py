"""Whether published figures can belong together: degrees of freedom, determinants, F, rounding.

Letters: p items, m factors, n respondents, R correlation matrix, q drivers, N a sum of answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from csat.errors import NumericsError
from csat.numerics.adequacy import kmo
from csat.numerics.linalg import Array

HALVINGS = 200
ROUNDING_NOISE = 1e-9
"""Part of a unit in the last place by which an exactly halfway value may miss the end."""


def items_of_df(df: float) -> float:
    """The p with df = p (p - 1) / 2; whole only for triangular df."""
    return float((1 + np.sqrt(1 + 8 * df)) / 2)


def bartlett_log_determinant(chi_square: float, *, n: float, p: int) -> float:
    """ln |R| that Bartlett's chi-square = -(n - 1 - (2p + 5) / 6) ln |R| implies."""
    return -chi_square / _bartlett_factor(n, p)


def bartlett_chi_square(log_determinant: float, *, n: float, p: int) -> float:
    """Bartlett's chi-square of n respondents from ln |R|."""
    return -_bartlett_factor(n, p) * log_determinant


def bartlett_n(chi_square: float, log_determinant: float, *, p: int) -> float:
    """The n at which a matrix of this determinant has this chi-square."""
    return chi_square / -log_determinant + 1 + (2 * p + 5) / 6


def _bartlett_factor(n: float, p: int) -> float:
    factor = n - 1 - (2 * p + 5) / 6
    if factor <= 0:
        raise NumericsError(f"{n:g} respondents are too few for Bartlett's test of {p} items")
    return factor


def equal_loading_correlation(sizes: Sequence[int], loading: float, factor_correlation: float) -> Array:
    """(p, p) correlations of items with one loading each: l^2 within a factor, phi l^2 between factors."""
    of = np.repeat(np.arange(len(sizes)), sizes)
    r = np.where(of[:, None] == of, loading**2, factor_correlation * loading**2)
    np.fill_diagonal(r, 1.0)
    return np.asarray(r, dtype=float)


class EqualLoadings(NamedTuple):
    """The matrix of equal loadings with a given cumulative share and KMO."""

    loading: float
    factor_correlation: float
    log_determinant: float


def equal_loadings(sizes: Sequence[int], *, cumulative: float, kmo_value: float | None) -> EqualLoadings:
    """Loading from the cumulative share, factor correlation from the KMO.

    The p - m smaller eigenvalues of the matrix are all 1 - l^2, so that m components explain
    1 - (p - m)(1 - l^2) / p, whatever the factor correlation. The KMO falls or rises with the factor
    correlation, which is found by bisection between 0 and 0.999; 0 when there is no KMO.

    Parameters
    ----------
    sizes : items of each of m factors. cumulative : share explained by m components, 0-1.

    Raises
    ------
    NumericsError : no such matrix exists.
    """
    p, m = sum(sizes), len(sizes)
    square = 1 - (1 - cumulative) * p / (p - m) if p > m else np.nan
    if not 0 < square < 1:
        raise NumericsError(
            f"{m} components of {p} items cannot explain {100 * cumulative:g} % with equal loadings"
        )
    loading = float(np.sqrt(square))

    def gap(phi: float) -> float:
        return kmo(equal_loading_correlation(sizes, loading, phi)).overall - float(kmo_value or 0)

    low, high = 0.0, 0.999
    if kmo_value is None:
        phi = 0.0
    else:
        at_low, at_high = gap(low), gap(high)
        if at_low * at_high > 0:
            raise NumericsError(
                f"no matrix of equal loadings {loading:.3f} has a KMO of {kmo_value:g}: it lies between "
                f"{kmo_value + at_low:.3f} and {kmo_value + at_high:.3f}"
            )
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (middle, high) if gap(middle) * at_low > 0 else (low, middle)
        phi = (low + high) / 2
    determinant = float(np.linalg.slogdet(equal_loading_correlation(sizes, loading, phi))[1])
    return EqualLoadings(loading, phi, determinant)


def f_of_regression(r: float, *, n: float, q: int) -> float:
    """F = (R^2 / q) / ((1 - R^2) / (n - q - 1)); infinite for R = 1.

    Raises
    ------
    NumericsError : no error degrees of freedom.
    """
    if n - q - 1 <= 0:
        raise NumericsError(f"{n:g} respondents leave no degrees of freedom beside {q} drivers")
    return float("inf") if r**2 >= 1 else r**2 / q / ((1 - r**2) / (n - q - 1))


def n_of_regression(r: float, f: float, *, q: int) -> float:
    """The n at which R and F agree."""
    return f * q * (1 - r**2) / r**2 + q + 1


def r_of_regression(f: float, *, n: float, q: int) -> float:
    """The R at which n and F agree."""
    explained = f * q / (n - q - 1)
    return float(np.sqrt(explained / (1 + explained)))


def rounds_to(value: float, published: float, decimals: int) -> bool:
    """Whether the value, rounded to so many decimals (halves either way), is the published one."""
    half = 0.5 * 10.0**-decimals
    return bool(abs(value - published) <= half * (1 + ROUNDING_NOISE))


def cut_to(value: float, published: float, decimals: int) -> bool:
    """Whether the value, cut off after so many decimals, is the published one."""
    unit = 10.0**-decimals
    return bool(-ROUNDING_NOISE * unit <= value - published < unit)


def reachable_sum(published: float, decimals: int, *, slope: float, offset: float, most: int) -> int | None:
    """A whole number N in 0 .. most with slope N + offset rounding to the published value, or None."""
    centre = (published - offset) / slope
    for candidate in range(int(np.floor(centre)) - 1, int(np.ceil(centre)) + 2):
        if 0 <= candidate <= most and rounds_to(slope * candidate + offset, published, decimals):
            return candidate
    return None
