"""Parameters made of labelled thresholds (`x1 | u*t1`, `gap := u - v`), which stand last in theta."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from csat.analyses.structural.model import ParameterEstimate
from csat.analyses.structural.parameters import Labelled, defined_rows, labelled
from csat.analyses.structural.solving import Solution
from csat.instrument.parameters import ParameterTable
from csat.numerics.moment_vectors import OrderedMoments
from csat.numerics.solution import Standardised

Array = NDArray[np.float64]


def defines_by_thresholds(table: ParameterTable) -> bool:
    """Whether parameters may be made of thresholds."""
    return bool(table.defined) and any(r.label for r in table.thresholds)


def labels_of_thresholds(found: Solution) -> Mapping[int, str]:
    """By place among the thresholds of a solution, those that have a label."""
    said = {(r.left, r.right): r.label for r in found.table.thresholds}
    named = {k: said.get((item, name), "") for k, (item, name, *_) in enumerate(found.thresholds)}
    return {k: label for k, label in named.items() if label}


def defined_by_thresholds(
    found: Solution, scaled: Standardised, *, confidence: float
) -> tuple[ParameterEstimate, ...]:
    """A row for each parameter made of others, thresholds among them.

    Given covariates a standardised threshold has a value here and no error.
    """
    fit = found.fitted
    assert fit is not None
    model, count = fit.models[0], fit.theta.size
    assert isinstance(model, OrderedMoments)
    labels = labelled(found.table, found.structure, found.estimate.theta, scaled)
    values: Labelled = tuple(  # type: ignore[assignment]
        {label: (value, np.pad(slope, (0, count - slope.size))) for label, (value, slope) in part.items()}
        for part in labels
    )
    for k, label in labels_of_thresholds(found).items():
        value = found.thresholds[k][2]
        slope = np.zeros(count)
        if (at := int(model.thresholds.parameter[k])) >= 0:
            slope[at] = 1.0
        standard = found.std_thresholds[k][0] if found.std_thresholds else value
        unsure = np.where(slope != 0, math.nan, slope) if found.std_thresholds else slope
        for part, own in zip(values, ((value, slope), (value, slope), (standard, unsure)), strict=True):
            part.setdefault(label, own)  # type: ignore[attr-defined]
    return defined_rows(found.table.defined, values, fit.covariance, confidence=confidence)
