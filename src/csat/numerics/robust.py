"""Standard errors and test statistics that hold without normality, and for weights that are not optimal.

Letters: by group, share f of the respondents, D Jacobian (k, q) of the moments, V weight (k, k) or its
diagonal (k,), Gamma (k, k) n times the covariance of the sample moments; E = sum f D'VD, B = sum f D'V Gamma
VD the meat, n respondents; U the residual weight V - V D E^-1 D' V (all groups stacked), T the test
statistic.

References
----------
Satorra & Bentler (1994); Yuan & Bentler (2000); Asparouhov & Muthen (2005, 2010); Browne (1984); Satorra
(2000); Satorra & Bentler (2001, 2010).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from csat.numerics.least_squares import weighted
from csat.numerics.linalg import Array

Test = Literal["standard", "satorra_bentler", "mean_variance", "scaled_shifted", "yuan_bentler_mplus"]


@dataclass(frozen=True, eq=False)
class Piece:
    """What inference needs of a group: share f, jacobian D, weight V, gamma."""

    share: float
    jacobian: Array
    weight: Array
    gamma: Array


@dataclass(frozen=True)
class TestStatistic:
    """A test of exact fit.

    chisq, df : not corrected. scaled, scaled_df : corrected (NaN for the standard test). factor : the scaling
    factor lavaan prints. shift : what the scaled-shifted statistic adds. trace : tr(U Gamma); trace2 :
    tr((U Gamma)^2), NaN when not needed. h0_factor, h1_factor : of the two likelihoods (Yuan-Bentler).
    """

    kind: Test
    chisq: float
    df: int
    scaled: float = math.nan
    scaled_df: float = math.nan
    factor: float = math.nan
    shift: float = 0.0
    trace: float = math.nan
    trace2: float = math.nan
    h0_factor: float = math.nan
    h1_factor: float = math.nan

    @property
    def ratio(self) -> float:
        """c = trace / df, what T is divided by at the mean."""
        return self.trace / self.df if self.df else math.nan


def bread(pieces: Sequence[Piece]) -> Array:
    """E, (q, q)."""
    total = sum(p.share * p.jacobian.T @ weighted(p.weight, p.jacobian) for p in pieces)
    return np.asarray(total)


def meat(pieces: Sequence[Piece]) -> Array:
    """B, (q, q)."""
    total = np.zeros(())
    for p in pieces:
        vd = weighted(p.weight, p.jacobian)
        total = total + p.share * vd.T @ p.gamma @ vd
    return np.asarray(total)


def sandwich(bread_inverse: Array, filling: Array, n: float) -> Array:
    """E^-1 B E^-1 / n, the robust covariance of theta."""
    return np.asarray(bread_inverse @ filling @ bread_inverse / n)


def trace_weight_gamma(weight: Array, gamma: Array) -> float:
    """tr(V Gamma)."""
    if weight.ndim == 1:
        return float(weight @ np.diagonal(gamma))
    return float((weight * gamma.T).sum())


def residual_traces(
    pieces: Sequence[Piece], bread_inverse: Array, *, squared: bool = False
) -> tuple[float, float]:
    """tr(U Gamma) and, when asked, tr((U Gamma)^2).

    With groups stacked Gamma is diag(Gamma_g / f_g) and V diag(f_g V_g), so the shares cancel in V Gamma.
    """
    filling = meat(pieces)
    trace = sum(trace_weight_gamma(p.weight, p.gamma) for p in pieces)
    first = float(trace - (bread_inverse * filling.T).sum())
    if not squared:
        return first, math.nan
    total, middle = 0.0, np.zeros_like(filling)
    for p in pieces:
        vg = weighted(p.weight, p.gamma)
        total += float((vg * vg.T).sum())
        vd = weighted(p.weight, p.jacobian)
        gvd = p.gamma @ vd
        middle = middle + p.share * gvd.T @ weighted(p.weight, gvd)
    eb = bread_inverse @ filling
    return first, float(total - 2 * (bread_inverse * middle.T).sum() + (eb * eb.T).sum())


def corrected(kind: Test, chisq: float, df: int, trace: float, trace2: float) -> TestStatistic:
    """The test statistic with its first (and second) moment set right.

    satorra_bentler : T df / trace. mean_variance : T trace / trace2 on trace^2 / trace2 degrees of freedom.
    scaled_shifted : T sqrt(df / trace2) + df - sqrt(df trace^2 / trace2).
    """
    if kind == "standard" or df <= 0:
        return TestStatistic(kind, chisq, df)
    if not trace > 0 or (kind in ("mean_variance", "scaled_shifted") and not trace2 > 0):
        # parameters the data do not determine: there is no reference distribution either
        return TestStatistic(kind, chisq, df, math.nan, df, math.nan, trace=trace, trace2=trace2)
    if kind == "mean_variance":
        return TestStatistic(
            kind,
            chisq,
            df,
            chisq * trace / trace2,
            trace**2 / trace2,
            trace2 / trace,
            trace=trace,
            trace2=trace2,
        )
    if kind == "scaled_shifted":
        a = math.sqrt(df / trace2)
        shift = df - math.sqrt(df * trace**2 / trace2)
        return TestStatistic(
            kind, chisq, df, a * chisq + shift, df, 1 / a, shift=shift, trace=trace, trace2=trace2
        )
    return TestStatistic(kind, chisq, df, chisq * df / trace, df, trace / df, trace=trace)


def residual_expectation(pieces: Sequence[Piece], complete: Sequence[Array]) -> float:
    """tr(Q' W Q Gamma), Q = I - D E^-1 D' V: n times the expected W-discrepancy of an estimate made with V.

    For robust CFI and RMSEA with missing or ordered answers, whose W is that of complete normal data.

    Parameters
    ----------
    pieces : V and Gamma of the estimator. complete : by group W.

    References
    ----------
    Savalei (2021), Multivariate Behavioral Research 56, 390-407; Zhang & Savalei (2023), Psychological
    Methods 28, 263-283.
    """
    inverse = np.linalg.inv(bread(pieces))
    total, outer, spread = 0.0, np.zeros_like(inverse), np.zeros_like(inverse)
    for p, w in zip(pieces, complete, strict=True):
        wd = weighted(w, p.jacobian)
        # how the estimate answers to this group's moments, and what they do to it
        hg = inverse @ weighted(p.weight, p.jacobian).T @ p.gamma
        total += trace_weight_gamma(w, p.gamma) - 2 * p.share * float((wd * hg.T).sum())
        outer += p.share * p.jacobian.T @ wd
        spread += p.share * hg @ weighted(p.weight, p.jacobian) @ inverse
    return total + float((outer * spread.T).sum())
