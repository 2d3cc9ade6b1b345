"""Is a simpler model as good? Tests of nested models, plain and scaled, and of restrictions on one model.

Letters as in `robust`; T0, df0 of the more restricted, T1, df1 of the freer model, m = df0 - df1.

References
----------
Satorra (2000); Satorra & Bentler (2001), Psychometrika 66, 507-514; Satorra & Bentler (2010), Psychometrika
75, 243-248; Asparouhov & Muthen (2010); Bentler & Satorra (2010), Psychological Methods 15, 111-123, on
nesting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import chdtrc

from csat.errors import BadInput
from csat.numerics import robust
from csat.numerics.descent import Estimate, descend
from csat.numerics.estimators import METHODS, Method
from csat.numerics.fitted import Fit
from csat.numerics.fitting import fit
from csat.numerics.least_squares import LeastSquares, WeightedMoments
from csat.numerics.linalg import Array
from csat.numerics.missing import half_hessian
from csat.numerics.robust import Piece
from csat.numerics.robust_indices import incomplete_pieces

Scaling = Literal["auto", "plain", "satorra_bentler_2001", "satorra_bentler_2010", "satorra_2000"]

RANK_BELOW = 1e-8
"""Singular values below this share of the largest are zero."""

REPRODUCED = 1e-6
"""The freer model reproduces what the restricted one implies when its discrepancy from that is below this."""


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

    plain : T0 - T1. satorra_bentler_2001 : divided by (df0 c0 - df1 c1) / m; NaN where that is not positive.
    satorra_bentler_2010 : the same with c1 of the freer model at the restricted estimates, which is positive
    with expected information (MLM); with observed information (MLR) it need not be. satorra_2000 : scaled and
    shifted by the first two moments of the difference itself. "auto" is lavaan's rule: plain for plain tests,
    2000 for scaled and shifted or adjusted ones, else 2001.

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
    if scaling in ("satorra_bentler_2001", "satorra_bentler_2010"):
        own = freer.test.trace if scaling == "satorra_bentler_2001" else _trace_at(restricted, freer)
        c = (restricted.test.trace - (own if freer.test.df else 0.0)) / df
        value = t / c if c > 0 else math.nan
        return Difference(value, df, _p(value, df), scaling, c)
    trace, trace2 = _traces(restricted, freer)
    if not trace2 > 0:
        return Difference(math.nan, df, math.nan, scaling)
    a = math.sqrt(df / trace2)
    value = a * t + df - math.sqrt(df * trace**2 / trace2)
    return Difference(value, df, _p(value, df), scaling, 1 / a)


def _p(chisq: float, df: int) -> float:
    return math.nan if math.isnan(chisq) else float(chdtrc(df, max(chisq, 0.0)))


def _traces(restricted: Fit, freer: Fit) -> tuple[float, float]:
    """First two moments: the restrictions are what the tangent space of one leaves of the other's.

    Neither model restricts what covariates are among themselves, so their moments are no parameters here.
    """
    q = freer.theta.size
    wide = np.vstack([p.jacobian[:, :q] for p in freer.pieces])
    narrow = np.vstack([p.jacobian[:, : restricted.theta.size] for p in restricted.pieces])
    through = np.linalg.lstsq(wide, narrow, rcond=None)[0]
    _, values, right = np.linalg.svd(through.T)
    rank = int((values > RANK_BELOW * values[0]).sum())
    restriction = right[rank:]
    try:
        inverse = np.linalg.inv(freer.bread[:q, :q])
    except np.linalg.LinAlgError:
        # the data cannot tell the freer model's parameters apart: no test rests on them
        return math.nan, math.nan
    lever = inverse @ restriction.T
    filling = robust.meat(_pieces_of_moments(freer))[:q, :q]
    matrix = np.linalg.solve(restriction @ lever, lever.T) @ filling @ lever
    return float(np.trace(matrix)), float((matrix * matrix.T).sum())


@dataclass(frozen=True, eq=False)
class Nesting:
    """Whether one model is a special case of another.

    theta : parameters of the freer model that come nearest to what the restricted one implies. gap : its
    discrepancy there, 0 when it reproduces it.
    """

    theta: Array
    gap: float

    @property
    def is_nested(self) -> bool:
        return self.gap < REPRODUCED


def nesting(restricted: Fit, freer: Fit) -> Nesting:
    """The freer model fitted to the moments the restricted one implies, by its own weights (NET procedure).

    Raises
    ------
    BadInput : the models speak of different moments: other items, other groups, means in one only.
    """
    wanted = [at.vector for at in restricted.moments]
    if [v.size for v in wanted] != [v.size for v in freer.samples]:
        raise BadInput(
            "the models are about different moments",
            right="Models that are compared have the same items and groups, and both or neither means",
        )
    objective = LeastSquares(
        [
            WeightedMoments(model, vector, weight, size)
            for model, vector, weight, size in zip(
                freer.models, wanted, freer.weights, freer.problem.sizes, strict=True
            )
        ]
    )
    best: Estimate | None = None
    for start in (freer.theta, _matched(restricted, freer)):
        try:
            found = descend(objective, start)
        except np.linalg.LinAlgError:
            continue
        if best is None or found.discrepancy < best.discrepancy:
            best = found
        if best.discrepancy < REPRODUCED:
            break
    if best is None:
        return Nesting(freer.theta, math.inf)
    return Nesting(best.theta, best.discrepancy)


def _matched(restricted: Fit, freer: Fit) -> Array:
    """Parameters of the freer model as the restricted one has them, cell by cell where both have the cell."""
    theta = freer.theta.copy()
    for own, other in zip(freer.models, restricted.models, strict=True):
        matrices = other.structure.matrices(restricted.theta)
        if own.structure.variables != other.structure.variables:
            continue
        a, s, means = own.structure.directed, own.structure.symmetric, own.structure.means
        theta[a.parameter[a.free]] = matrices[0][a.row[a.free], a.column[a.free]]
        theta[s.parameter[s.free]] = matrices[1][s.row[s.free], s.column[s.free]]
        theta[means.parameter[means.free]] = matrices[2][means.row[means.free]]
    return theta


def _trace_at(restricted: Fit, freer: Fit) -> float:
    """tr(U Gamma) of the freer model where it is the restricted one."""
    place = nesting(restricted, freer)
    if not place.is_nested:
        return math.nan
    problem = freer.problem
    there = fit(
        freer.models,
        freer.data,
        freer.theta.size,
        estimator=next(name for name, m in METHODS.items() if _alike(m, freer.method)),
        likelihood=problem.likelihood,
        information=freer.method.information,
        start=place.theta,
        exogenous=problem.exogenous,
        covariates=problem.covariates,
        max_steps=0,
    )
    return there.test.trace


def _alike(one: Method, other: Method) -> bool:
    return (one.discrepancy, one.errors, one.test) == (other.discrepancy, other.errors, other.test)


def _pieces_of_moments(found: Fit) -> Sequence[Piece]:
    """V and Gamma of the moments; of answers with gaps V expected and Gamma that of the saturated ones.

    Without a gap these are V and Gamma of complete answers. lavaan 0.6-14 takes the Gamma of the answers as
    if each pair of items had no gaps (lav_object_gamma), so that with gaps its statistic is too large.
    """
    if found.data[0].gaps is None:
        return found.pieces
    made = []
    for piece, own, sample, at in zip(
        found.pieces, incomplete_pieces(found), found.data, found.moments, strict=True
    ):
        assert sample.gaps is not None
        weight = half_hessian(sample.gaps, at.at.covariance, at.at.mean, expected=True)
        made.append(replace(piece, weight=weight, gamma=own.gamma))
    return made


def wald(found: Fit, restriction: Array, values: Array | None = None) -> Difference:
    """Wald test of restriction @ theta = values (zero): (R theta - r)' (R V R')^-1 (R theta - r).

    Parameters
    ----------
    restriction : (r, q). values : (r,).
    """
    gap = restriction @ found.theta - (0.0 if values is None else values)
    return wald_of(np.asarray(gap), restriction, found.covariance)


def wald_of(gap: Array, slopes: Array, covariance: Array) -> Difference:
    """Wald test that functions of theta are zero: g' (J V J')^-1 g, on the rank of J V J' degrees of freedom.

    gap : (r,) g. slopes : (r, q) J. covariance : (q, q) V. NaN where a function rests on a parameter without
    error.
    """
    if not np.isfinite(covariance[np.ix_(*(np.flatnonzero(np.abs(slopes).sum(axis=0)),) * 2)]).all():
        return Difference(math.nan, len(gap), math.nan, "plain")
    spread = slopes @ np.nan_to_num(covariance) @ slopes.T
    scale = np.sqrt(np.maximum(np.diagonal(spread), 1e-300))
    values, vectors = np.linalg.eigh(spread / np.outer(scale, scale))
    kept = values > RANK_BELOW
    along = vectors[:, kept].T @ (gap / scale)
    statistic, df = float((along**2 / values[kept]).sum()), int(kept.sum())
    return Difference(statistic, df, _p(statistic, df) if df else math.nan, "plain")


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
