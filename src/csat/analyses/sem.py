"""Structural and measurement models: `sem`, `cfa`.

The engine is csat's own (numerics.structure, estimation, fitting); its numbers are lavaan's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from csat.analyses.structural.answers import Answers
from csat.analyses.structural.assembling import assembled
from csat.analyses.structural.bootstrap import Resampling, bootstrapped, check_bootstrap
from csat.analyses.structural.choosing import chosen
from csat.analyses.structural.group_solving import GroupData
from csat.analyses.structural.grouped import GroupedMeasurement, GroupedModel
from csat.analyses.structural.grouping import fitted_groups
from csat.analyses.structural.model import MeasurementModel, StructuralModel
from csat.analyses.structural.moments import Moments
from csat.analyses.structural.options import Options, check_options
from csat.analyses.structural.resampled import Interval
from csat.analyses.structural.setup import measurement_part
from csat.analyses.structural.solving import solved
from csat.instrument.instrument import Hypothesis
from csat.instrument.parameters import parameter_table
from csat.instrument.statements import (
    Model,
)
from csat.instrument.syntax import parse_model
from csat.language import Text
from csat.numerics.fit_indices import Likelihood
from csat.tally.tally import Tally

__all__ = ["Moments", "cfa", "cfa_by_group", "sem", "sem_by_group"]


def sem(
    model: Model | str,
    data: Tally | Moments | Answers,
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    ordered: Collection[str] | bool = False,
    modifications: int = 0,
    residuals: bool = False,
    wald: Sequence[str] = (),
    likelihood: Likelihood = "normal",
    std_lv: bool = False,
    orthogonal: bool = False,
    fixed_x: bool = True,
    mean_structure: bool = False,
    guidelines: str = "Hu-Bentler",
    hypotheses: Sequence[Hypothesis] = (),
    known: Collection[str] = (),
    titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
    bootstrap: int = 0,
    interval: Interval = "percentile",
    bollen_stine: bool = False,
    seed: int = 0,
) -> StructuralModel:
    """A structural model of items and constructs.

    Defaults are those of lavaan's `sem`: the first loading of a construct is 1, exogenous constructs covary,
    so do the residuals of what is explained and explains nothing, observed covariates keep their moments.

    Parameters
    ----------
    model : parsed, or text in lavaan syntax. data : a tally (count complete rows for listwise), `Moments`, or
    `Answers`, which robust errors, gaps and ordered items need. estimator : ML, MLM, MLMV, MLMVS, MLR, ULS,
    GLS, WLS, DWLS, and for ordered items WLSMV, ULSMV, DWLS, ...; "auto" chooses estimator, missing and
    ordered by the rule of `structural.choosing` and says why. missing : "listwise", "fiml" (full
    information, with ML and MLR), "pairwise" (ordered items). ordered : the ordered items, or True for all.
    modifications : how many modification indices to list. residuals : give every pair's residual with its z.
    wald : rules among labels to be tested, as "b1 == b2"; several in one text (between ;) count together.
    likelihood : "normal" (covariances and the chi-square with n) or "wishart" (n - 1). guidelines : the set
    the words about fit rest on, "Hu-Bentler" or "bank study"; both are printed. hypotheses : declared paths.
    known : names the data hold besides those of the model. titles : words for constructs and items.
    bootstrap : replicates to which the model is fitted anew, 0 for none; needs `Answers`. Each is fitted as
    the whole is: with its own gaps, thresholds and weights, under the model's rules. interval : "percentile"
    or "bca" (acceleration by the jackknife). bollen_stine : also the p of the chi-square from answers turned
    to obey the model (complete rows, no ordered items). seed : of the draws.

    With unequal weights ML is pseudo-maximum likelihood: `Answers` are fitted by MLR, whose sandwich errors
    and scaled test know of them (as lavaan with sampling.weights), and GLS, ULS and DWLS by GLSM, ULSM and
    WLSM. How weights are scaled does not matter; groups count by the sum of their weights. Of weighted
    `Moments` or a tally errors, tests and criteria use the effective n.

    Raises
    ------
    UnknownName : the model names an item that the data do not hold.
    CannotCompute : no model can be fitted: a constant item, items that depend on each other, too few
    respondents.
    BadInput : an unknown option, or a model that says what csat does not estimate.
    """
    return _fitted(
        StructuralModel,
        parse_model(model) if isinstance(model, str) else model,
        data,
        options=Options(
            estimator,
            likelihood,
            std_lv,
            orthogonal,
            fixed_x,
            mean_structure,
            guidelines,
            confidence,
            missing,
            ordered,
            modifications,
            residuals=residuals,
            wald=tuple(wald),
        ),
        hypotheses=hypotheses,
        known=known,
        titles=titles,
        resampling=Resampling(bootstrap, interval, seed, bollen_stine) if bootstrap else None,
    )


def cfa(
    model: Model | str,
    data: Tally | Moments | Answers,
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    ordered: Collection[str] | bool = False,
    modifications: int = 0,
    residuals: bool = False,
    wald: Sequence[str] = (),
    likelihood: Likelihood = "normal",
    std_lv: bool = False,
    orthogonal: bool = False,
    mean_structure: bool = False,
    guidelines: str = "Hu-Bentler",
    titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
    bootstrap: int = 0,
    interval: Interval = "percentile",
    bollen_stine: bool = False,
    seed: int = 0,
) -> MeasurementModel:
    """The measurement part of a model alone: every construct with its items, all constructs covarying.

    Paths (`~`) of the model and what needs them are left out. Parameters and errors as `sem`.
    """
    whole = parse_model(model) if isinstance(model, str) else model
    found = _fitted(
        MeasurementModel,
        measurement_part(whole),
        data,
        options=Options(
            estimator,
            likelihood,
            std_lv,
            orthogonal,
            True,
            mean_structure,
            guidelines,
            confidence,
            missing,
            ordered,
            modifications,
            residuals=residuals,
            wald=tuple(wald),
        ),
        hypotheses=(),
        known=(),
        titles=titles,
        resampling=Resampling(bootstrap, interval, seed, bollen_stine) if bootstrap else None,
    )
    assert isinstance(found, MeasurementModel)
    return found


def _fitted(
    kind: type[StructuralModel],
    model: Model,
    data: Tally | Moments | Answers,
    *,
    options: Options,
    hypotheses: Sequence[Hypothesis],
    known: Collection[str],
    titles: Mapping[str, Text] | None,
    resampling: Resampling | None,
) -> StructuralModel:
    options = chosen(options, model, data)
    check_options(options)
    table = parameter_table(
        model,
        std_lv=options.std_lv,
        orthogonal=options.orthogonal,
        fixed_x=options.fixes_covariates,
        mean_structure=options.mean_structure or options.missing == "fiml",
    )
    if resampling is not None:
        check_bootstrap([data], options, resampling)
    found = solved(table, data, options)
    result = assembled(
        kind, model, found, options=options, hypotheses=hypotheses, known=known, titles=dict(titles or {})
    )
    if resampling is None or not isinstance(data, Answers):
        return result
    return bootstrapped(result, found, data, options, resampling)


def sem_by_group(
    model: Model | str,
    groups: GroupData,
    *,
    group_equal: Collection[str] = (),
    group_partial: Collection[str] = (),
    estimator: str = "ML",
    missing: str = "listwise",
    ordered: Collection[str] | bool = False,
    modifications: int = 0,
    residuals: bool = False,
    wald: Sequence[str] = (),
    likelihood: Likelihood = "normal",
    std_lv: bool = False,
    orthogonal: bool = False,
    fixed_x: bool = True,
    guidelines: str = "Hu-Bentler",
    hypotheses: Sequence[Hypothesis] = (),
    known: Collection[str] = (),
    group: Text | None = None,
    titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
    bootstrap: int = 0,
    interval: Interval = "percentile",
    bollen_stine: bool = False,
    seed: int = 0,
) -> GroupedModel:
    """A structural model fitted to several groups at once, as lavaan's `sem(group =, group.equal =)`.

    Every group has its own parameters, also means and intercepts, except those that `group_equal` or a label
    makes one; a single label holds in all groups, `c(a, b)*x` one in each.

    Parameters
    ----------
    groups : answers, moments or tallies by group, in the order in which the model tells them apart; the first
    is what means of constructs are counted from. group_equal : of "loadings", "intercepts", "means",
    "thresholds", "regressions", "residuals", "residual.covariances", "lv.variances", "lv.covariances". With
    intercepts (or thresholds) equal the means of constructs are free in the other groups. group_partial :
    equalities let go all the same, as "Image =~ image_2". group : what the groups are. bootstrap : each group
    is resampled by itself. The rest as `sem`.

    Raises
    ------
    As `sem`; CannotCompute also for fewer than two groups, or where thresholds that are to be equal are not
    the same answers in all groups.
    """
    whole = parse_model(model) if isinstance(model, str) else model
    options = Options(
        estimator,
        likelihood,
        std_lv,
        orthogonal,
        fixed_x,
        True,
        guidelines,
        confidence,
        missing,
        ordered,
        modifications,
        residuals=residuals,
        wald=tuple(wald),
    )
    return fitted_groups(
        GroupedModel,
        StructuralModel,
        whole,
        groups,
        options=options,
        equal=tuple(group_equal),
        partial=tuple(group_partial),
        hypotheses=hypotheses,
        known=known,
        group=group or Text("Group", "组别"),
        titles=dict(titles or {}),
        resampling=Resampling(bootstrap, interval, seed, bollen_stine) if bootstrap else None,
    )


def cfa_by_group(
    model: Model | str,
    groups: GroupData,
    *,
    group_equal: Collection[str] = (),
    group_partial: Collection[str] = (),
    estimator: str = "ML",
    missing: str = "listwise",
    ordered: Collection[str] | bool = False,
    modifications: int = 0,
    residuals: bool = False,
    wald: Sequence[str] = (),
    likelihood: Likelihood = "normal",
    std_lv: bool = False,
    orthogonal: bool = False,
    guidelines: str = "Hu-Bentler",
    group: Text | None = None,
    titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
    bootstrap: int = 0,
    interval: Interval = "percentile",
    bollen_stine: bool = False,
    seed: int = 0,
) -> GroupedMeasurement:
    """The measurement part of a model alone, fitted to several groups at once; all else as `sem_by_group`."""
    whole = parse_model(model) if isinstance(model, str) else model
    options = Options(
        estimator,
        likelihood,
        std_lv,
        orthogonal,
        True,
        True,
        guidelines,
        confidence,
        missing,
        ordered,
        modifications,
        residuals=residuals,
        wald=tuple(wald),
    )
    found = fitted_groups(
        GroupedMeasurement,
        MeasurementModel,
        measurement_part(whole),
        groups,
        options=options,
        equal=tuple(group_equal),
        partial=tuple(group_partial),
        hypotheses=(),
        known=(),
        group=group or Text("Group", "组别"),
        titles=dict(titles or {}),
        resampling=Resampling(bootstrap, interval, seed, bollen_stine) if bootstrap else None,
    )
    assert isinstance(found, GroupedMeasurement)
    return found
