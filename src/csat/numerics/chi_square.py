"""Tests of exact fit of a model and of its baseline, with the corrections that robust estimators ask for.

Letters as in `robust`; V Gamma of normal theory is summed over the respondents where that says enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from csat.numerics import robust
from csat.numerics.asymptotic import explained_rows
from csat.numerics.baseline import Baseline, baseline
from csat.numerics.linalg import Array, inverse
from csat.numerics.missing import half_hessian, patterns, score_covariance
from csat.numerics.moment_vectors import MomentsAt, MomentStructure
from csat.numerics.problem import Problem, with_means
from csat.numerics.robust import Piece, TestStatistic
from csat.numerics.samples import Sample

Positions = NDArray[np.intp]


def tests(
    problem: Problem,
    chisq: float,
    df: int,
    found: Sequence[MomentsAt],
    pieces: Sequence[Piece],
    bread_inverse: Array,
    filling: Array | None,
) -> tuple[TestStatistic, TestStatistic]:
    """Of the model, with this chi-square, and of the baseline."""
    base = [baseline(problem, g) for g in range(len(problem.models))]
    base_chisq = float(sum(n * b.discrepancy for n, b in zip(problem.sizes, base, strict=True)))
    base_df = int(sum(len(v) - b.free.size for v, b in zip(problem.vectors, base, strict=True)))
    kind = problem.method.test
    plain, base_plain = TestStatistic(kind, chisq, df), TestStatistic(kind, base_chisq, base_df)
    if kind == "standard":
        return plain, base_plain
    if problem.rowwise:
        return _rowwise_tests(problem, plain, base_plain, found, bread_inverse, filling)
    if problem.gaps:
        return _incomplete_tests(problem, plain, base_plain, base, bread_inverse, filling)
    squared = kind != "satorra_bentler"
    trace, trace2 = robust.residual_traces(pieces, bread_inverse, squared=squared)
    base_trace, base_trace2 = _baseline_traces(pieces, base, squared=squared)
    return (
        robust.corrected(kind, chisq, df, trace, trace2),
        robust.corrected(kind, base_chisq, base_df, base_trace, base_trace2),
    )


def _baseline_traces(
    pieces: Sequence[Piece], base: Sequence[Baseline], *, squared: bool
) -> tuple[float, float]:
    """Sums over groups: the baselines share no parameter."""
    trace, trace2 = 0.0, 0.0
    for piece, own in zip(pieces, base, strict=True):
        alone = Piece(1.0, chosen_columns(len(piece.gamma), own.free), own.weight, piece.gamma)
        e: Array = np.asarray(np.linalg.inv(robust.bread([alone])), dtype=float)
        first, second = robust.residual_traces([alone], e, squared=squared)
        trace, trace2 = trace + first, trace2 + second
    return trace, trace2


def chosen_columns(k: int, free: Positions) -> Array:
    """Jacobian (k, len(free)) of a model whose parameters are some of the moments."""
    jacobian = np.zeros((k, free.size))
    jacobian[free, np.arange(free.size)] = 1.0
    return jacobian


def _yuan_bentler(plain: TestStatistic, saturated: float, own: float) -> TestStatistic:
    """T / c with c df = tr(A1^-1 B1) of the saturated less tr(A0^-1 B0) of the fitted model."""
    trace, df = saturated - own, plain.df
    c = trace / df if df else math.nan
    if df and not c > 0:
        # observed information of a model the answers hardly determine: there is no scale
        return replace(plain, scaled=math.nan, scaled_df=df, factor=math.nan, trace=math.nan)
    scaled = plain.chisq / c if df else plain.chisq
    return replace(plain, scaled=scaled, scaled_df=df, factor=c, trace=trace)


def _incomplete_tests(
    problem: Problem,
    plain: TestStatistic,
    base_plain: TestStatistic,
    base: Sequence[Baseline],
    bread_inverse: Array,
    filling: Array | None,
) -> tuple[TestStatistic, TestStatistic]:
    """Yuan-Bentler corrections with full information."""
    assert filling is not None
    saturated = independent = covariates = 0.0
    x = np.asarray(problem.exogenous, dtype=np.intp)
    for sample, own in zip(problem.samples, base, strict=True):
        assert sample.gaps is not None
        if x.size:
            part = patterns(sample.gaps.rows[:, x], weights=sample.gaps.weights)
            cov, mean = sample.cov[np.ix_(x, x)], sample.mean[x]
            spread = score_covariance(part, cov, mean)
            covariates += float((np.linalg.inv(half_hessian(part, cov, mean)) * spread.T).sum())
        free = own.free
        at_h1 = half_hessian(sample.gaps, sample.cov, sample.mean)
        b1 = score_covariance(sample.gaps, sample.cov, sample.mean)
        saturated += float((np.linalg.inv(at_h1) * b1.T).sum())
        at_base = half_hessian(sample.gaps, own.cov, own.mean)[np.ix_(free, free)]
        b0 = score_covariance(sample.gaps, own.cov, own.mean)[np.ix_(free, free)]
        independent += float((np.linalg.inv(at_base) * b0.T).sum())
    fitted = float((bread_inverse * filling.T).sum())
    return (
        _with_factors(
            _yuan_bentler(plain, saturated, fitted), problem, saturated - covariates, fitted - covariates
        ),
        _yuan_bentler(base_plain, saturated, independent),
    )


def _with_factors(test: TestStatistic, problem: Problem, saturated: float, fitted: float) -> TestStatistic:
    """With the scaling factors of the two likelihoods: traces by moment, and by parameter."""
    moments = 0
    for model, cov in zip(problem.models, problem.covs, strict=True):
        p, x, means = len(cov), len(problem.exogenous), with_means(model)
        moments += p * (p + 1) // 2 + (p if means else 0)
        moments -= x * (x + 1) // 2 + (x if means else 0)
    # lavaan counts a parameter as often as it stands in the model
    places = sum(_free_places(model) for model in problem.models)
    return replace(test, h1_factor=saturated / moments, h0_factor=fitted / max(places, 1))


def _free_places(model: MomentStructure) -> int:
    s = model.structure
    return int(s.directed.free.sum() + s.symmetric.free.sum() + s.means.free.sum())


def _rowwise_tests(
    problem: Problem,
    plain: TestStatistic,
    base_plain: TestStatistic,
    found: Sequence[MomentsAt],
    bread_inverse: Array,
    filling: Array | None,
) -> tuple[TestStatistic, TestStatistic]:
    """Satorra-Bentler and Yuan-Bentler corrections by sums over the respondents."""
    assert filling is not None
    x, among = list(problem.exogenous), list(problem.covariates)
    satorra_bentler = plain.kind == "satorra_bentler"
    # of a saturated, the fitted and the independence model: tr(V Gamma); of the last what its parameters take
    saturated = fitted = independent = taken = covariates = 0.0
    for model, sample, cov, at in zip(problem.models, problem.samples, problem.covs, found, strict=True):
        means, p = with_means(model), len(cov)
        rows = sample.own_rows
        base = np.diag(np.diagonal(cov))
        if among:
            of_x = cov[np.ix_(among, among)]
            base[np.ix_(among, among)] = of_x
            # covariates whose answers count as known bring nothing
            if not (x and satorra_bentler):
                part = replace(sample, rows=rows[:, among], mean=sample.mean[among])
                own = _rowwise_trace(part, of_x, inverse(of_x), means=means)
                covariates += own if x else 0.0
                taken += own
        known = None
        if x and satorra_bentler:
            # about the sample's moments the answers of covariates count as known
            known = explained_rows(rows - sample.mean, x, weights=sample.weights)
        for i in range(p):
            if i not in among:
                part = replace(sample, rows=rows[:, [i]], mean=sample.mean[[i]])
                of_it = None if known is None else known[:, [i]]
                taken += _rowwise_trace(
                    part, cov[[i]][:, [i]], 1 / cov[[i]][:, [i]], means=means, known=of_it
                )
        if satorra_bentler:
            w = inverse(at.at.covariance)
            fitted += _rowwise_trace(sample, cov, w, means=means, known=known)
            independent += _rowwise_trace(sample, cov, inverse(base), means=means, known=known)
        else:
            saturated += _rowwise_trace(sample, cov, inverse(cov), means=means)
    used = float((bread_inverse * filling.T).sum())
    if satorra_bentler:
        return (
            robust.corrected("satorra_bentler", plain.chisq, plain.df, fitted - used, math.nan),
            robust.corrected(
                "satorra_bentler", base_plain.chisq, base_plain.df, independent - taken, math.nan
            ),
        )
    test = _yuan_bentler(plain, saturated, used)
    return (
        _with_factors(test, problem, saturated - covariates, used - covariates),
        _yuan_bentler(base_plain, saturated, taken),
    )


def _rowwise_trace(sample: Sample, cov: Array, w: Array, *, means: bool, known: Array | None = None) -> float:
    """tr(V Gamma), V of normal theory at W: mean of 0.5 [(y'Wy)^2 - 2 y'WSWy + tr(WSWS)] (+ y'Wy).

    known : (n, p) k, what covariates explain of y: yy' - kk' and S - K then take the place of yy' and S, and
    y - k that of y.
    """
    y = sample.own_rows - sample.mean
    z = y @ w
    q1 = (y * z).sum(axis=1)
    squares, about_mean = q1**2, q1
    if known is not None:
        zk = known @ w
        qk = (known * zk).sum(axis=1)
        squares = squares - 2 * (y * zk).sum(axis=1) ** 2 + qk**2
        spread = known if sample.weights is None else known * sample.weights[:, None]
        cov = cov - spread.T @ known / sample.n
        about_mean = ((y - known) * (z - zk)).sum(axis=1)
    q2 = ((z @ cov) * z).sum(axis=1)
    if known is not None:
        q2 = q2 - ((zk @ cov) * zk).sum(axis=1)
    ws = w @ cov
    by_row = (squares - 2 * q2 + float((ws * ws.T).sum())) / 2 + (about_mean if means else 0.0)
    if sample.weights is not None:
        by_row = by_row * sample.weights**2
    return float(by_row.sum() / sample.n)
