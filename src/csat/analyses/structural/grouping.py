"""From a model and the answers of several groups to their result."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from csat.analyses.result import Caution
from csat.analyses.structural import admissibility
from csat.analyses.structural.assembling import assembled
from csat.analyses.structural.bootstrap import Resampling, bootstrapped_groups, check_bootstrap
from csat.analyses.structural.choosing import chosen
from csat.analyses.structural.doubts import undefined
from csat.analyses.structural.group_solving import GroupData, GroupSolution, solved_groups
from csat.analyses.structural.grouped import GroupedModel, base_of, cautions_of, verdict_of
from csat.analyses.structural.model import ParameterEstimate, StructuralModel
from csat.analyses.structural.options import Options, check_options
from csat.analyses.structural.parameters import defined_rows, labelled
from csat.analyses.structural.wald import wald_tests
from csat.errors import CannotCompute
from csat.instrument.instrument import Hypothesis
from csat.instrument.parameters import parameter_table
from csat.instrument.statements import Model
from csat.language import Text
from csat.numerics import solution
from csat.numerics.comparison import chi_square_by_group
from csat.numerics.estimation import smallest_eigenvalue
from csat.numerics.fitted import Fit
from csat.numerics.linalg import Array


def fitted_groups(
    kind: type[GroupedModel],
    part: type[StructuralModel],
    model: Model,
    data: GroupData,
    *,
    options: Options,
    equal: tuple[str, ...],
    partial: tuple[str, ...],
    hypotheses: Sequence[Hypothesis],
    known: Collection[str],
    group: Text,
    titles: Mapping[str, Text],
    resampling: Resampling | None = None,
) -> GroupedModel:
    """The result of all groups, with a part for each."""
    return groups_and_fit(
        kind,
        part,
        model,
        data,
        options=options,
        equal=equal,
        partial=partial,
        hypotheses=hypotheses,
        known=known,
        group=group,
        titles=titles,
        resampling=resampling,
    )[0]


def groups_and_fit(
    kind: type[GroupedModel],
    part: type[StructuralModel],
    model: Model,
    data: GroupData,
    *,
    options: Options,
    equal: tuple[str, ...],
    partial: tuple[str, ...],
    hypotheses: Sequence[Hypothesis],
    known: Collection[str],
    group: Text,
    titles: Mapping[str, Text],
    items: Sequence[str] = (),
    resampling: Resampling | None = None,
) -> tuple[GroupedModel, Fit]:
    """The same, and the fit behind it; items : in this order."""
    options = chosen(options, model, data)
    check_options(options)
    names = tuple(data)
    if len(names) < 2:
        raise CannotCompute(
            f"there is one group, {names[0]}" if names else "there is no group",
            where="the model",
            do="Name a column with at least two groups, or leave the groups out",
        )
    table = parameter_table(
        model,
        std_lv=options.std_lv,
        orthogonal=options.orthogonal,
        fixed_x=options.fixes_covariates,
        mean_structure=options.mean_structure,
        groups=names,
        group_equal=_of_rows(equal, bool(options.ordered)),
        group_partial=[name for name in partial if "|" not in name],
    )
    if items:
        table = replace(table, observed=tuple(items))
    if resampling is not None:
        check_bootstrap(data.values(), options, resampling)
    found = solved_groups(table, data, options, equal=equal, partial=partial)
    of_all = base_of([p.moments.base for p in found.parts.values()])
    unsettled = _unsettled(found, titles) or admissibility.too_few(of_all.effective_n, len(found.table.free))
    defined = _defined(found, options.confidence)
    parts = {
        name: assembled(
            part,
            model,
            own,
            options=options,
            hypotheses=hypotheses,
            known=known,
            titles=titles,
            unsettled=unsettled,
            group=g,
        )
        for g, (name, own) in enumerate(found.parts.items())
    }
    cautions = (*cautions_of(parts), *undefined(defined))
    fitted, estimate = found.fitted, found.fitted.estimate
    result = kind(
        base=base_of([p.base for p in parts.values()]),
        cautions=cautions,
        verdict=verdict_of(parts),
        model=model.text or model.to_text(),
        estimator=options.estimator,
        likelihood=options.likelihood,
        group=group,
        groups=names,
        n=tuple(p.base.respondents for p in parts.values()),
        group_equal=equal,
        group_partial=partial,
        items=table.observed,
        constructs=table.latents,
        measured_by=next(iter(parts.values())).measured_by,
        parameters=(
            *(row._replace(group=name) for name, own in parts.items() for row in own.parameters),
            *defined,
        ),
        fit=fitted.measures,
        chisq_by_group=dict(zip(names, chi_square_by_group(fitted), strict=True)),
        guidelines=options.guidelines,
        r2={name: own.r2 for name, own in parts.items()},
        by_group=parts,
        wald=wald_tests(
            options.wald,
            model,
            found.table,
            fitted.theta[: len(found.table.free)],
            fitted.covariance[: len(found.table.free), : len(found.table.free)],
        ),
        converged=estimate.converged,
        steps=estimate.steps,
        largest_gradient=estimate.largest_gradient,
        smallest_information=smallest_eigenvalue(found.information),
        confidence=options.confidence,
        choice=options.choice,
        titles=titles,
    )
    if resampling is not None:
        result = bootstrapped_groups(result, found, data, options, resampling)
    return result, fitted


def _of_rows(equal: tuple[str, ...], ordered: bool) -> tuple[str, ...]:
    """What is equal among the rows of the table, which holds no thresholds.

    With thresholds the intercepts of numbers beside ordered items are equal too, as lavaan has it; without
    ordered items there are none.
    """
    kept = tuple(kind for kind in equal if kind != "thresholds")
    return (*kept, "intercepts") if ordered and kept != equal and "intercepts" not in kept else kept


def _unsettled(found: GroupSolution, titles: Mapping[str, Text]) -> tuple[Caution, ...]:
    """That the groups together are not identified, or that no solution was reached."""
    q = len(found.table.free)
    part = next(iter(found.parts.values()))
    estimate = found.fitted.estimate
    return admissibility.unsettled(
        admissibility.Solved(
            table=found.table,
            structure=part.structure,
            estimate=replace(estimate, implied=part.estimate.implied, on_bound=estimate.on_bound[:q]),
            information=found.information[:q, :q],
            generic=found.generic[:q, :q],
            loadings={},
            standard_errors=part.estimate.theta * 0,
            df=found.fitted.test.df,
            titles=titles,
        )
    )


def _defined(found: GroupSolution, confidence: float) -> tuple[ParameterEstimate, ...]:
    """Parameters made of others, whose labels may stand in any group."""
    if not found.table.defined:
        return ()
    count = len(found.fitted.theta)
    merged: tuple[dict[str, tuple[float, Array]], ...] = ({}, {}, {})
    for name, own in found.parts.items():
        scaled = solution.standardised(
            own.structure,
            own.estimate.theta,
            own.estimate.implied[0],
            own.theta_cov,
            unit=own.unit,
            scales=own.free_scales,
            given=own.given,
            causes=own.causes,
        )
        at = found.numbers[name]
        for all_of, part in zip(
            merged, labelled(own.table, own.structure, own.estimate.theta, scaled), strict=True
        ):
            for label, (value, slope) in part.items():
                wide = np.zeros(count)
                np.add.at(wide, at, slope)
                all_of.setdefault(label, (value, wide))
    raw, latent, complete = merged
    return defined_rows(
        found.table.defined, (raw, latent, complete), found.fitted.covariance, confidence=confidence
    )
