"""Is a simpler model as good? Tests of nested models, plain and scaled, and of restrictions on one model.

Letters as in `robust`; T0, df0 of the more restricted, T1, df1 of the freer model.

References
----------
Satorra (2000); Satorra & Bentler (2001), Psychometrika 66, 507-514; Asparouhov & Muthen (2010).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import chdtrc

from csat.errors import BadInput
from csat.numerics import robust
from csat.numerics.fitted import Fit
from csat.numerics.linalg import Array

Scaling = Literal["auto", "plain", "satorra_bentler_2001", "satorra_2000"]

RANK_BELOW = 1e-8
"""Singular values below this share of the largest are zero."""


@dataclass(frozen=True)
class Difference:
    """chisq on df with its p. scaling : which; c : what T0 - T1 was divided by, NaN when plain."""

    chisq: float
    df: int
    p: float
    scaling: Scaling
    c: float = math.nan


def difference(restricted: Fit, freer: Fit, *, scaling: Scaling = "auto") -> Difference:
    """The test of the restrictions that make the freer model the restricted one.

    plain : T0 - T1. satorra_bentler_2001 : divided by (df0 c0 - df1 c1) / (df0 - df1); NaN where that is not
    positive. satorra_2000 : scaled and shifted by the first two moments of the difference itself. "auto" is
    lavaan's rule: plain for plain tests, 2000 for scaled and shifted or adjusted ones, else 2001.

    Raises
    ------
    BadInput : the models have the same degrees of freedom, or the other way round.
    """
    df = restricted.test.df - freer.test.df
    if df <= 0:
        raise BadInput(
            f"the model called restricted has {restricted.test.df} degrees of freedom, the freer "
            f"{freer.test.df}",
            right="The restricted model has more",
        )
    kind = freer.test.kind
    if scaling == "auto":
        scaling = "satorra_bentler_2001"
        if kind == "standard":
            scaling = "plain"
        elif kind in ("scaled_shifted", "mean_variance"):
            scaling = "satorra_2000"
    t = restricted.test.chisq - freer.test.chisq
    if scaling == "plain":
        return Difference(t, df, _p(t, df), scaling)
    if kind == "standard":
        raise BadInput("a scaled difference needs scaled tests", do="Use MLR, MLM or WLSMV")
    if scaling == "satorra_bentler_2001":
        c = (restricted.test.trace - (freer.test.trace if freer.test.df else 0.0)) / df
        value = t / c if c > 0 else math.nan
        return Difference(value, df, _p(value, df), scaling, c)
    trace, trace2 = _traces(restricted, freer)
    a = math.sqrt(df / trace2)
    value = a * t + df - math.sqrt(df * trace**2 / trace2)
    return Difference(value, df, _p(value, df), scaling, 1 / a)


def _p(chisq: float, df: int) -> float:
    return math.nan if math.isnan(chisq) else float(chdtrc(df, max(chisq, 0.0)))


def _traces(restricted: Fit, freer: Fit) -> tuple[float, float]:
    """First two moments: the restrictions are what the tangent space of one leaves of the other's."""
    wide = np.vstack([p.jacobian for p in freer.pieces])
    narrow = np.vstack([p.jacobian for p in restricted.pieces])
    through = np.linalg.lstsq(wide, narrow, rcond=None)[0]
    _, values, right = np.linalg.svd(through.T)
    rank = int((values > RANK_BELOW * values[0]).sum())
    restriction = right[rank:]
    inverse = np.linalg.inv(freer.bread)
    lever = inverse @ restriction.T
    matrix = np.linalg.solve(restriction @ lever, lever.T) @ robust.meat(freer.pieces) @ lever
    return float(np.trace(matrix)), float((matrix * matrix.T).sum())


def wald(found: Fit, restriction: Array, values: Array | None = None) -> Difference:
    """Wald test of restriction @ theta = values (zero): (R theta - r)' (R V R')^-1 (R theta - r).

    Parameters
    ----------
    restriction : (r, q). values : (r,).
    """
    gap = restriction @ found.theta - (0.0 if values is None else values)
    spread = restriction @ found.covariance @ restriction.T
    statistic = float(gap @ np.linalg.solve(spread, gap))
    return Difference(statistic, len(restriction), _p(statistic, len(restriction)), "plain")


def chi_square_by_group(found: Fit) -> list[float]:
    """What each group adds to T."""
    problem, made = found.problem, []
    for g, model in enumerate(problem.models):
        alone = replace(
            problem,
            models=(model,),
            samples=(problem.samples[g],),
            covs=(problem.covs[g],),
            vectors=(problem.vectors[g],),
            sizes=(problem.sizes[g],),
        )
        try:
            value = alone.objective().look(found.theta).value
        except np.linalg.LinAlgError:
            value = math.nan
        made.append(problem.sizes[g] * value)
    return made
