"""From a solution to its result: parameters, verdict, validity, effects."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from csat.analyses.hypotheses import judged
from csat.analyses.result import Caution
from csat.analyses.structural import admissibility
from csat.analyses.structural.doubts import doubts, grave_doubts, impossible_shares, undefined, weighting
from csat.analyses.structural.effects import effects_of
from csat.analyses.structural.model import ParameterEstimate, StructuralModel
from csat.analyses.structural.modifications import modifications
from csat.analyses.structural.options import Options
from csat.analyses.structural.parameters import by_parameter, parameter_rows, scale_rows, threshold_rows
from csat.analyses.structural.solving import Solution
from csat.analyses.structural.threshold_labels import defined_by_thresholds, defines_by_thresholds
from csat.analyses.structural.validity import validity_of
from csat.analyses.structural.wald import wald_tests
from csat.instrument.instrument import Hypothesis
from csat.instrument.statements import (
    MEASURES,
    REGRESSED_ON,
    Model,
)
from csat.language import Text
from csat.numerics import solution
from csat.numerics.estimation import smallest_eigenvalue
from csat.numerics.linalg import Array
from csat.numerics.moment_residuals import residuals


def assembled(
    kind: type[StructuralModel],
    model: Model,
    found: Solution,
    *,
    options: Options,
    hypotheses: Sequence[Hypothesis],
    known: Collection[str],
    titles: Mapping[str, Text],
    unsettled: Sequence[Caution] | None = None,
    group: int = 0,
) -> StructuralModel:
    """The result a solution makes.

    known : names the data hold besides those of the model. unsettled : what is known already to be wrong with
    the solution of all groups (or that nothing is); None looks for it here. group : of several, which one.
    """
    table, moments, structure, estimate = found.table, found.moments, found.structure, found.estimate
    info, theta_cov, covariance = found.information, found.theta_cov, found.covariance
    measures = found.fit
    at = estimate.implied[0]
    scaled = solution.standardised(
        structure,
        estimate.theta,
        at,
        theta_cov,
        unit=found.unit,
        given=found.given,
        scales=found.free_scales,
        causes=found.causes,
    )
    by_cuts = defines_by_thresholds(table)
    rows = parameter_rows(
        replace(table, defined=()) if by_cuts else table,
        structure,
        estimate.theta,
        theta_cov,
        scaled,
        confidence=options.confidence,
    )
    if by_cuts:
        rows += defined_by_thresholds(found, scaled, confidence=options.confidence)
    rows += threshold_rows(found.thresholds, confidence=options.confidence, standardised=found.std_thresholds)
    rows += scale_rows(found.scales, confidence=options.confidence)
    said = dict(titles or {})
    solved = admissibility.Solved(
        table=table,
        structure=structure,
        estimate=estimate,
        information=info,
        generic=found.generic,
        loadings={(r.lhs, r.rhs): r.std_all for r in rows if r.op == MEASURES},
        # a residual correlation with a variance of zero has no standardised error, yet is determined
        standard_errors=by_parameter(table, [_standard_error(r) for r in rows]),
        df=int(measures["df"]),
        titles=said,
        rules=found.rules,
        identified=found.identified,
    )
    wrong = admissibility.findings(solved) if unsettled is None else admissibility.flaws(solved)
    wrong = tuple(unsettled or wrong)
    if not wrong and not options.estimator.startswith("ML"):
        wrong = admissibility.implied_indefinite(solved)
    if unsettled is None:
        wrong += admissibility.too_few(moments.base.effective_n, len(table.free))
    measured = {f: tuple(i for i in model.items_of(f) if i in table.observed) for f in table.latents}
    worth = validity_of(table, measured, rows, cov=covariance, total=at.total)
    grave = [] if wrong else grave_doubts(solved, measures)
    explained = solution.explained_variance(structure, estimate.theta, at).tolist()
    r2 = {name: v for name, v in zip(table.variables, explained, strict=True) if not math.isnan(v)}
    cautions = (
        *wrong,
        *grave,
        *undefined(rows),
        *impossible_shares(r2, said),
        *found.doubts,
        *doubts(
            solved,
            moments.base,
            worth,
            proper=not wrong,
            weighting=weighting(moments.base, options.estimator, found.fitted),
        ),
    )
    verdict = admissibility.verdict(wrong, grave)
    p = len(table.observed)
    latent = slice(p, p + len(table.latents))
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(at.total.diagonal()[latent])
        # a construct whose variance is fixed at zero correlates with nothing
        latent_correlations = at.total[latent, latent] / (sd[:, None] * sd)
    paths = {(r.rhs, r.lhs): (r.std_all, r.p) for r in rows if r.op == REGRESSED_ON}
    sample_sd = np.sqrt(covariance.diagonal())
    implied_cov = at.covariance if found.scale is None else at.covariance * np.outer(found.scale, found.scale)
    residual_z, residual_normalised = _residuals(found, group, options)
    return kind(
        base=moments.base,
        cautions=cautions,
        verdict=verdict,
        model=model.text or model.to_text(),
        estimator=options.estimator,
        likelihood=options.likelihood,
        items=table.observed,
        constructs=table.latents,
        measured_by=measured,
        parameters=rows,
        fit=measures,
        guidelines=options.guidelines,
        r2=r2,
        sample_cov=covariance,
        implied_cov=implied_cov,
        residual_correlations=(covariance - implied_cov) / (sample_sd[:, None] * sample_sd),
        latent_cov=at.total[latent, latent],
        latent_correlations=latent_correlations,
        ave=worth.ave,
        composite_reliability=worth.composite_reliability,
        ave_unstandardised=worth.ave_unstandardised,
        omega=worth.omega,
        htmt_constructs=worth.compared,
        htmt=worth.htmt,
        htmt2=worth.htmt2,
        separate=worth.separate,
        effects=effects_of(table, structure, estimate.theta, theta_cov, at.total.diagonal()),
        hypotheses=judged(
            hypotheses,
            paths,
            known={*table.variables, *known},
            titles=said,
            blocked=Text("the model has no proper solution", "模型没有合理的解") if verdict.failed else None,
        ),
        rules=tuple(f"{r.left} {r.operator} {r.right}" for r in found.rules),
        residual_z=residual_z,
        residual_normalised=residual_normalised,
        modifications=()
        if found.fitted is None or not options.modifications
        else modifications(
            table,
            found.fitted,
            at.total,
            structure.matrices(estimate.theta)[1],
            most=options.modifications,
            group=group,
        ),
        wald=()
        if unsettled is not None
        else wald_tests(options.wald, model, table, estimate.theta, theta_cov),
        converged=estimate.converged,
        steps=estimate.steps,
        largest_gradient=estimate.largest_gradient,
        smallest_information=smallest_eigenvalue(info),
        confidence=options.confidence,
        choice=options.choice,
        titles=said,
    )


def _standard_error(row: ParameterEstimate) -> float:
    """Standardised; zero where a variance of zero leaves none, unknown where the plain one is."""
    if not math.isfinite(row.se):
        return math.nan
    return 0.0 if math.isnan(row.std_all_se) else row.std_all_se


def _residuals(found: Solution, group: int, options: Options) -> tuple[Array, Array]:
    """Residuals over their errors, where asked for; NaN for covariates, whose moments are given."""
    if not options.residuals or found.fitted is None:
        return np.zeros((0, 0)), np.zeros((0, 0))
    own, p = residuals(found.fitted, group), len(found.table.observed)
    padding = (0, p - len(own.z))
    return (
        np.pad(own.z, (padding, padding), constant_values=math.nan),
        np.pad(own.normalised, (padding, padding), constant_values=math.nan),
    )
