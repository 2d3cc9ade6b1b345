"""All fit measures of a fitted model by lavaan's names."""

from __future__ import annotations

import math

import numpy as np

from csat.numerics import fit_table
from csat.numerics.fit_indices import LOG_2PI, gfi_measures
from csat.numerics.fitted import Fit
from csat.numerics.linalg import Array, log_determinant, vech_indices
from csat.numerics.missing import available_moments, half_hessian
from csat.numerics.moment_vectors import ContinuousMoments, MomentsAt, MomentStructure, OrderedMoments
from csat.numerics.problem import with_means
from csat.numerics.robust_indices import robust_source


def fit_measures(found: Fit) -> dict[str, float]:
    """Names are lavaan's with underscores for dots."""
    problem = found.problem
    samples, models, covs, exogenous = found.data, found.models, problem.covs, problem.exogenous
    ordered, ml = problem.ordered, problem.by_likelihood
    count = found.theta.size - found.estimate.equalities
    source = robust_source(found)
    measures: dict[str, float] = {
        "npar": float(count),
        # least squares are minimised with n - 1 in place of n
        "fmin": found.estimate.discrepancy / 2 * (1 if ml else found.multiplier / found.n),
        **fit_table.test_measures(
            found.test,
            found.baseline,
            n=found.multiplier,
            groups=len(samples),
            p_value=found.method.discrepancy != "ULS",
            robust=source,
        ),
    }
    if ordered and source is None:
        # the scaled test of ordered items says nothing about a population's misfit
        measures |= {name: math.nan for name in measures if name.endswith("_robust")}
    if ml:
        logl, unrestricted = _log_likelihoods(found)
        measures |= fit_table.likelihood_measures(logl, unrestricted, parameters=count, n=found.n)
        if not math.isnan(found.test.h1_factor):
            measures |= {
                "scaling_factor_h1": found.test.h1_factor,
                "scaling_factor_h0": found.test.h0_factor,
            }
    shares = [s.n / found.n for s in samples]
    if ordered:
        parts = [
            _ordered_residuals(share, m, s, v, data.cov)
            for share, m, s, v, data in zip(
                shares, models, found.samples, found.moments, samples, strict=True
            )
        ]
        measures |= {name: sum(part[name] for part in parts) for name in parts[0]}
    else:
        measures |= fit_table.residual_fit(
            [
                fit_table.GroupMoments(
                    share,
                    cov,
                    at.at.covariance,
                    s.mean if with_means(m) else None,
                    at.at.mean if with_means(m) else None,
                )
                for share, cov, at, s, m in zip(shares, covs, found.moments, samples, models, strict=True)
            ]
        )
    k = sum(len(v) for v in found.samples)
    measures |= fit_table.size_measures(found.test, parameters=count, n=found.multiplier)
    if ml and not problem.gaps and len(samples) == 1:
        means = with_means(models[0])
        measures |= gfi_measures(
            covs[0],
            found.moments[0].at.covariance,
            df=found.test.df,
            sample_mean=samples[0].mean if means else None,
            implied_mean=found.moments[0].at.mean if means else None,
            exogenous=exogenous,
        )
    else:
        measures |= fit_table.weighted_gfi(_gfi_pieces(found), df=found.test.df, moments=k)
    if ordered:
        measures["wrmr"] = fit_table.wrmr(found.test, n=found.n, moments=len(found.samples[0]))
        del measures["ecvi"]
    return measures


def _ordered_residuals(
    share: float, model: MomentStructure, sample: Array, at: MomentsAt, cov: Array
) -> dict[str, float]:
    assert isinstance(model, OrderedMoments)
    t, head = model.thresholds.row.size, model.head
    if model.is_plain:
        return fit_table.ordered_residuals(share, (sample[:t], at.vector[:t]), (sample[t:], at.vector[t:]))
    numeric, gap, p = model.numeric, sample - at.vector, len(cov)
    implied_cov = cov.copy()
    columns, rows = np.triu_indices(p, 1)
    implied_cov[rows, columns] = implied_cov[columns, rows] = at.vector[head:]
    implied_cov[numeric, numeric] = at.vector[head - numeric.size : head]
    return fit_table.mixed_residuals(share, gap[:t], cov, implied_cov, covariates=model.given.size)


def _gfi_pieces(found: Fit) -> list[tuple[float, Array, Array, Array]]:
    exogenous = found.problem.exogenous
    pieces = []
    for model, data, sample, at, weight in zip(
        found.models, found.data, found.samples, found.moments, found.weights, strict=True
    ):
        s, sigma = sample, at.vector
        w = weight
        if data.gaps is not None:
            w = half_hessian(data.gaps, at.at.covariance, at.at.mean, expected=True)
            assert isinstance(model, ContinuousMoments)
            if np.allclose(data.gaps.weights, 1.0):
                # without weights lavaan's sample moments are the available ones here, not the saturated
                mean, cov = available_moments(data.gaps)
                s = model.of_sample(cov, mean)
        if exogenous and not isinstance(model, OrderedMoments):
            p = model.structure.observed
            rows, columns = vech_indices(p)
            of_x = np.isin(rows, exogenous) & np.isin(columns, exogenous)
            whole = np.concatenate([np.isin(np.arange(p), exogenous), of_x]) if with_means(model) else of_x
            # moments of covariates count as zero
            s, sigma = np.where(whole, 0.0, s), np.where(whole, 0.0, sigma)
        pieces.append((data.n / found.n, s, sigma, w))
    return pieces


def _log_likelihoods(found: Fit) -> tuple[float, float]:
    """Of the model and of the unrestricted model, without what fixed covariates bring."""
    unrestricted, exogenous = 0.0, found.problem.exogenous
    for sample, cov in zip(found.data, found.problem.covs, strict=True):
        n, p = sample.n, len(cov)
        if sample.saturated is not None:
            unrestricted += sample.saturated.log_likelihood
        else:
            unrestricted -= n / 2 * (p * LOG_2PI + log_determinant(cov) + p)
        if exogenous:
            x = cov[np.ix_(list(exogenous), list(exogenous))]
            unrestricted += n / 2 * (len(x) * LOG_2PI + log_determinant(x) + len(x))
    return unrestricted - found.n / 2 * found.estimate.discrepancy, unrestricted
