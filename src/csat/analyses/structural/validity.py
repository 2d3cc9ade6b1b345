"""Convergent and discriminant validity of the constructs of a fitted model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.analyses.structural.model import ParameterEstimate
from csat.instrument.parameters import ParameterTable
from csat.instrument.statements import COVARIES, MEASURES
from csat.numerics import linalg, validity

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Validity:
    """Figures of the constructs that items measure, by name.

    compared : constructs of two items or more that share none with another; htmt, htmt2 follow it. negative :
    construct to the number of negative correlations among its items, where there are any. separate :
    Fornell-Larcker.
    """

    ave: dict[str, float]
    composite_reliability: dict[str, float]
    ave_unstandardised: dict[str, float]
    omega: dict[str, float]
    compared: tuple[str, ...]
    htmt: Array
    htmt2: Array
    negative: dict[str, int]
    separate: dict[str, bool]


def validity_of(
    table: ParameterTable,
    measured_by: Mapping[str, Sequence[str]],
    rows: Sequence[ParameterEstimate],
    *,
    cov: Array,
    total: Array,
) -> Validity:
    """AVE and composite reliability from the solution, HTMT from the answers.

    cov : (p, p) sample covariance. total : (v, v) implied covariance of all variables.
    """
    loading = {(r.lhs, r.rhs): r for r in rows if r.op == MEASURES}
    residual = {r.lhs: r.est for r in rows if r.op == COVARIES and r.lhs == r.rhs}
    variance = dict(zip(table.variables, total.diagonal(), strict=True))
    covariances = [r for r in rows if r.op == COVARIES and r.lhs != r.rhs]
    ave, reliability, ave_raw, omega = {}, {}, {}, {}
    for construct, items in measured_by.items():
        if not items:
            continue
        std = [loading[construct, i].std_all for i in items]
        raw = [loading[construct, i].est for i in items]
        errors = [residual.get(i, 0.0) for i in items]
        within = [r for r in covariances if r.lhs in items and r.rhs in items]
        own = float(variance[construct])
        ave[construct] = validity.average_variance_extracted(std)
        reliability[construct] = validity.composite_reliability(
            std,
            residual_covariance=sum(
                r.est / float(np.sqrt(variance[r.lhs] * variance[r.rhs])) for r in within
            ),
        )
        ave_raw[construct] = validity.average_variance_extracted_unstandardised(
            raw, variance=own, residuals=errors
        )
        omega[construct] = validity.composite_reliability_unstandardised(
            raw, variance=own, residuals=errors, residual_covariance=sum(r.est for r in within)
        )
    compared, htmt, htmt2, negative = _compared(table, measured_by, cov)
    return Validity(
        ave, reliability, ave_raw, omega, compared, htmt, htmt2, negative, _separate(table, ave, total)
    )


def _compared(
    table: ParameterTable, measured_by: Mapping[str, Sequence[str]], cov: Array
) -> tuple[tuple[str, ...], Array, Array, dict[str, int]]:
    times = Counter(i for items in measured_by.values() for i in items)
    names = tuple(
        c for c, items in measured_by.items() if len(items) > 1 and all(times[i] == 1 for i in items)
    )
    at = {name: k for k, name in enumerate(table.observed)}
    blocks = [[at[i] for i in measured_by[c]] for c in names]
    r = linalg.correlation_from_covariance(cov)
    inside = validity.negative_within(r, blocks)
    geometric = validity.htmt(r, blocks, mean="geometric")
    geometric[inside > 0] = np.nan
    geometric[:, inside > 0] = np.nan
    negative = {c: int(k) for c, k in zip(names, inside, strict=True) if k}
    return names, validity.htmt(r, blocks), geometric, negative


def _separate(table: ParameterTable, ave: Mapping[str, float], total: Array) -> dict[str, bool]:
    at = [table.variables.index(c) for c in ave]
    if not at:
        return {}
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(total.diagonal()[at])
        latent = total[np.ix_(at, at)] / (sd[:, None] * sd)
    passes = validity.fornell_larcker(list(ave.values()), latent)[1]
    return dict(zip(ave, passes.tolist(), strict=True))
