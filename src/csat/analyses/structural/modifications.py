"""What a model leaves out that the data ask for: modification indices by name."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from csat.analyses.structural.model import Modification
from csat.instrument.parameters import Parameter, ParameterTable
from csat.instrument.statements import COVARIES, INTERCEPT, MEASURES, REGRESSED_ON
from csat.numerics.fitted import Fit
from csat.numerics.linalg import Array
from csat.numerics.modification import Candidate, modification_indices
from csat.numerics.moment_vectors import ContinuousMoments, OrderedMoments


def modifications(
    table: ParameterTable, found: Fit, total: Array, residual: Array, *, most: int, group: int = 0
) -> tuple[Modification, ...]:
    """The parameters whose release would lower chi-square most, largest first.

    Looked at: loadings of measured items on the other constructs, covariances of residuals and of constructs,
    numbers the text fixes, fixed intercepts and means of constructs, and, in a model with paths, the paths it
    does not have. total, residual : (v, v)
    covariance of all variables, and of what the model leaves unexplained. group : of several, which one.
    """
    at = {name: i for i, name in enumerate(table.variables)}
    model = found.models[group]
    names = _candidates(table, zeros=isinstance(model, ContinuousMoments))
    if isinstance(model, OrderedMoments) and model.given.size:
        # what is given has no cause here
        names = [n for n in names if n[1] != REGRESSED_ON or n[0] not in table.covariates]
    if isinstance(model, ContinuousMoments) and model.with_means:
        names += [(r.left, INTERCEPT, "") for r in table.rows if r.operator == INTERCEPT and _is_fixed(r)]
    indices = modification_indices(found, [_candidate(at, *n, group) for n in names])
    order = np.argsort(-np.where(np.isnan(indices.mi), -1.0, indices.mi), kind="stable")[:most]
    with np.errstate(invalid="ignore"):
        sd = np.sqrt(np.diagonal(total))
        own = np.sqrt(np.diagonal(residual))
    sd, own = (np.where(v > 0, v, np.nan) for v in (sd, own))
    is_observed = np.arange(sd.size) < len(table.observed)
    is_covariate = np.isin(table.variables, table.explaining)
    # by what each variable is divided: constructs alone, all, all but covariates
    latent = np.where(is_observed, 1.0, sd)
    units = (
        (latent, latent, np.where(is_observed, 1.0, own)),
        (sd, sd, own),
        (np.where(is_covariate, 1.0, sd), sd, np.where(is_covariate, 1.0, own)),
    )
    listed = []
    for k in order:
        if np.isnan(indices.mi[k]):
            continue
        left, op, right = names[k]
        i, j = at[left], at[right or left]
        epc = float(indices.epc[k])
        of_latents, of_all, but_covariates = (epc * _unit(op, i, j, *unit) for unit in units)
        listed.append(
            Modification(left, op, right, float(indices.mi[k]), epc, of_all, of_latents, but_covariates)
        )
    return tuple(listed)


def _unit(op: str, i: int, j: int, cause: Array, effect: Array, residual: Array) -> float:
    """What a change is multiplied with: variables are divided by these as causes, effects and residuals."""
    if op == INTERCEPT:
        return float(1 / cause[i])
    if op == COVARIES:
        # of a variance lavaan 0.6-14 gives the standardised present value here, not that of its change
        return float(1 / (residual[i] * residual[j] if i != j else cause[i] * cause[i]))
    return float(cause[i] / effect[j] if op == MEASURES else cause[j] / effect[i])


def _candidates(table: ParameterTable, *, zeros: bool) -> list[tuple[str, str, str]]:
    """zeros : also what the text fixes at zero."""
    there = {(r.left, r.operator, r.right) for r in table.rows if r.free or r.exogenous}
    there |= {(b, op, a) for a, op, b in there if op == COVARIES}
    # numbers the text fixes; the first loading of a construct says nothing new unless labels tie the others
    fixed = [
        (r.left, r.operator, r.right)
        for r in table.rows
        if _is_fixed(r) and r.operator != INTERCEPT and (zeros or r.value != 0.0)
    ]
    measured = [i for i in table.observed if any(r.operator == MEASURES and r.right == i for r in table.rows)]
    found = [(f, MEASURES, i) for f in table.latents for i in measured]
    found += [(a, COVARIES, b) for a, b in combinations(measured, 2)]
    found += [(a, COVARIES, b) for a, b in combinations(table.latents, 2)]
    on_paths = {n for r in table.rows if r.operator == REGRESSED_ON for n in (r.left, r.right)}
    involved = [n for n in table.variables if n in on_paths]
    found += [(a, REGRESSED_ON, b) for a in involved for b in involved if a != b]
    known = {*fixed, *((b, op, a) for a, op, b in fixed if op == COVARIES)}
    return [*fixed, *(n for n in found if n not in there and n not in known)]


def _is_fixed(row: Parameter) -> bool:
    return not row.free and not row.exogenous


def _candidate(at: dict[str, int], left: str, operator: str, right: str, group: int) -> Candidate:
    if operator == INTERCEPT:
        return Candidate(group, "means", at[left], at[left])
    if operator == MEASURES:
        return Candidate(group, "directed", at[right], at[left])
    return Candidate(group, "directed" if operator == REGRESSED_ON else "symmetric", at[left], at[right])
