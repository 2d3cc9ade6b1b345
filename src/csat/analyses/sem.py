"""Structural and measurement models: `sem`, `cfa`.

The engine is csat's own (numerics.structure, estimation, fitting); its numbers are lavaan's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from csat.analyses.structural.answers import Answers
from csat.analyses.structural.assembling import assembled
from csat.analyses.structural.model import MeasurementModel, StructuralModel
from csat.analyses.structural.moments import Moments
from csat.analyses.structural.options import Options, check_options
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

__all__ = ["Moments", "cfa", "sem"]


def sem(
    model: Model | str,
    data: Tally | Moments | Answers,
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    ordered: Collection[str] | bool = False,
    modifications: int = 0,
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
) -> StructuralModel:
    """A structural model of items and constructs.

    Defaults are those of lavaan's `sem`: the first loading of a construct is 1, exogenous constructs covary,
    so do the residuals of what is explained and explains nothing, observed covariates keep their moments.

    Parameters
    ----------
    model : parsed, or text in lavaan syntax. data : a tally (count complete rows for listwise), `Moments`, or
    `Answers`, which robust errors, gaps and ordered items need. estimator : ML, MLM, MLMV, MLMVS, MLR, ULS,
    GLS, WLS, DWLS, and for ordered items WLSMV, ULSMV, DWLS, ... missing : "listwise", "fiml" (full
    information, with ML and MLR), "pairwise" (ordered items). ordered : the ordered items, or True for all.
    modifications : how many modification indices to list.
    likelihood : "normal" (covariances and the chi-square with n) or "wishart" (n - 1). guidelines : the set
    the words about fit rest on, "Hu-Bentler" or "bank study"; both are printed. hypotheses : declared paths.
    known : names the data hold besides those of the model. titles : words for constructs and items.

    With weights the moments are weighted; errors, tests and information criteria use the effective n, or with
    robust estimators the sandwich.

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
        ),
        hypotheses=hypotheses,
        known=known,
        titles=titles,
    )


def cfa(
    model: Model | str,
    data: Tally | Moments | Answers,
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    ordered: Collection[str] | bool = False,
    modifications: int = 0,
    likelihood: Likelihood = "normal",
    std_lv: bool = False,
    orthogonal: bool = False,
    mean_structure: bool = False,
    guidelines: str = "Hu-Bentler",
    titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
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
        ),
        hypotheses=(),
        known=(),
        titles=titles,
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
) -> StructuralModel:
    check_options(options)
    table = parameter_table(
        model,
        std_lv=options.std_lv,
        orthogonal=options.orthogonal,
        fixed_x=options.fixed_x,
        mean_structure=options.mean_structure or options.missing == "fiml",
    )
    found = solved(table, data, options)
    return assembled(
        kind, model, found, options=options, hypotheses=hypotheses, known=known, titles=dict(titles or {})
    )
