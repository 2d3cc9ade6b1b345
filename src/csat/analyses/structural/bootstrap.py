"""Bootstrap of a structural model: every replicate is fitted anew, all of them at once.

Replicates are those of every other analysis (keyed by row, or as the respondents were drawn).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Caution
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.model import Effect, ParameterEstimate, StructuralModel
from csat.analyses.structural.options import Options
from csat.analyses.structural.parameters import MATRIX
from csat.analyses.structural.resampled import INTERVALS, Bootstrap, Interval
from csat.analyses.structural.solving import Solution, bounds_of
from csat.errors import BadInput, CannotCompute
from csat.instrument.parameters import ParameterTable
from csat.instrument.statements import MEASURES, REGRESSED_ON, Tree
from csat.language import Text
from csat.numerics.estimation import Group, MaximumLikelihood
from csat.numerics.fitting import METHODS
from csat.numerics.replicate_moments import jackknife_moments, replicate_moments
from csat.numerics.resampling import MOST_LOST, bca_interval, percentile_interval
from csat.numerics.sem_bootstrap import (
    Discrepancy,
    Refits,
    ReplicateGroup,
    as_if_true,
    covariances,
    least_squares,
    refits,
)
from csat.numerics.stacks import Layout

Array = NDArray[np.float64]
FEWEST = 50
"""Replicates of a bootstrap at least: quantiles of fewer say nothing (ours)."""


@dataclass(frozen=True)
class Resampling:
    """How a model is resampled. replicates : more than 1. bollen_stine : also a p-value of the chi-square."""

    replicates: int
    interval: Interval = "percentile"
    seed: int = 0
    bollen_stine: bool = False


@dataclass(frozen=True, eq=False)
class Quantities:
    """What is told of N solutions, the last axis; NaN where a fit has no optimum.

    raw, latent, complete : (k, N) the rows of a result: as estimated, constructs standardised, all
    standardised. total, indirect, std_total, std_indirect : (v, v, N) effects of the column on the row.
    """

    raw: Array
    latent: Array
    complete: Array
    total: Array
    indirect: Array
    std_total: Array
    std_indirect: Array
    proper: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Replicas:
    """A model in the whole sample and in its replicates, made by `replicas`.

    whole : N = 1. drawn : the replicates. left_out : without each respondent, for BCa intervals, or None.
    """

    table: ParameterTable
    whole: Quantities
    drawn: Quantities
    left_out: Quantities | None
    fits: Refits
    bollen_stine_p: float = math.nan

    @property
    def lost(self) -> int:
        """Replicates without an optimum."""
        return self.fits.failed

    def of_pairs(self, effects: Sequence[int], causes: Sequence[int]) -> Replicas:
        """The effects of some causes on some variables alone, (k, N)."""

        def of(found: Quantities) -> Quantities:
            names = ("total", "indirect", "std_total", "std_indirect")
            return replace(found, **{n: getattr(found, n)[list(effects), list(causes)] for n in names})

        without = None if self.left_out is None else of(self.left_out)
        return replace(self, whole=of(self.whole), drawn=of(self.drawn), left_out=without)

    def spreads(self, quantity: str, interval: Interval, confidence: float) -> Array:
        """(..., 3) standard error and ends of each element; NaN where too many replicates were lost."""
        drawn = getattr(self.drawn, quantity)
        values = drawn.reshape(-1, drawn.shape[-1])
        found = np.full((len(values), 3), np.nan)
        if interval == "bca" and self.left_out is not None:
            one = getattr(self.whole, quantity).reshape(-1)
            without = getattr(self.left_out, quantity).reshape(len(values), -1)
            for k, row in enumerate(values):
                ends = bca_interval(row, float(one[k]), without[k], confidence=confidence)
                found[k, 1:] = ends.lower, ends.upper
        else:
            tail = (1 - confidence) / 2
            fitted = np.isfinite(self.fits.discrepancy)
            shared = np.isfinite(values[:, fitted]).all(axis=1)
            if self.lost <= MOST_LOST * fitted.size:
                # the same quantiles as `percentile_interval`, of all rows at once
                part = values[np.ix_(shared, fitted)]
                found[shared, 1:] = np.quantile(part, [tail, 1 - tail], axis=1).T
            for k in np.flatnonzero(~shared).tolist():
                alone = percentile_interval(values[k], confidence=confidence)
                found[k, 1:] = alone.lower, alone.upper
        good = np.isfinite(values)
        for k in np.flatnonzero(np.isfinite(found[:, 1]) & (good.sum(axis=1) > 1)).tolist():
            found[k, 0] = values[k, good[k]].std(ddof=1)
        return found.reshape(*drawn.shape[:-1], 3)


def check_bootstrap(data: object, options: Options, table: ParameterTable, how: Resampling) -> Answers:
    """The answers to resample.

    Raises
    ------
    BadInput : no answers, or a way of fitting whose replicates csat does not fit.
    """
    if how.interval not in INTERVALS:
        raise BadInput(f"the interval is '{how.interval}'", right=f"It is {' or '.join(INTERVALS)}")
    if how.replicates < FEWEST:
        raise BadInput(
            f"a bootstrap of {how.replicates} replicates was asked for",
            right=f"At least {FEWEST}, better 1000",
        )
    if not isinstance(data, Answers):
        raise BadInput(
            "a bootstrap needs the answers, not only their covariances", do="Give the survey or the rows"
        )
    if options.missing != "listwise" or options.ordered:
        what = "ordered items" if options.ordered else f"missing='{options.missing}'"
        raise BadInput(
            f"the bootstrap of a model does not go with {what}",
            right="It fits the covariances of complete answers: missing='listwise', no ordered items",
            do="Leave the bootstrap out; the errors of robust estimators need no resampling",
        )
    if METHODS[options.estimator].discrepancy not in ("ML", "GLS", "ULS"):
        raise BadInput(
            f"the bootstrap of a model does not go with {options.estimator}",
            right="It goes with ML, MLM, MLMV, MLR, GLS and ULS",
            do="Use one of these, or leave the bootstrap out",
        )
    if table.rules:
        raise BadInput(
            "the bootstrap does not hold rules among parameters (a*b == 0.2, a > b)",
            do="Make parameters equal by one label, or leave the bootstrap out",
        )
    return data


def replicas(
    found: Solution,
    data: Answers,
    options: Options,
    *,
    replicates: int,
    seed: int = 0,
    leave_out: bool = False,
    bollen_stine: bool = False,
) -> Replicas:
    """The model of a solution in every keyed replicate of the respondents.

    Parameters
    ----------
    leave_out : also without each respondent (or each of 1000 runs of them), for BCa intervals. bollen_stine :
    also in the replicates of answers turned to obey the model.

    Raises
    ------
    CannotCompute : parameters that cannot be told apart.
    """
    table, structure, theta = found.table, found.structure, found.estimate.theta
    kept = data.select(table.observed).kept("listwise")
    n = len(kept.rows)
    kind: Discrepancy = METHODS[options.estimator].discrepancy  # type: ignore[assignment]
    # what turns a covariance that divides by n - 1 into the one that was fitted
    factor = float(found.covariance[0, 0] / found.moments.covariance[0, 0]) * (n - 1) / n
    exogenous = tuple(table.observed.index(x) for x in table.covariates)
    mean = found.moments.means if structure.has_means else None
    whole = Group(structure, found.covariance, float(n), mean)
    objective = MaximumLikelihood([whole]) if kind == "ML" else least_squares([whole], kind)
    slope = objective.slope(objective.look(theta))
    hessian = slope.observed()
    lower, upper = bounds_of(table)

    def fitted(cov: Array, means: Array, *, own_moments: bool = True) -> Refits:
        group = ReplicateGroup(
            structure,
            cov,
            float(n),
            means if structure.has_means else None,
            exogenous if own_moments else (),
        )
        most = int(MOST_LOST * len(cov))
        own = {"discrepancy": kind, "lower": lower, "upper": upper, "most_failed": most}
        try:
            return refits([group], theta, hessian, **own)  # type: ignore[arg-type]
        except np.linalg.LinAlgError:
            pass
        try:
            return refits([group], theta, slope.expected, **own)  # type: ignore[arg-type]
        except np.linalg.LinAlgError as err:
            raise CannotCompute(
                "the answers cannot tell some parameters apart, so no replicate can either",
                where="the bootstrap of the model",
                do="Look at the verdict of the model first",
            ) from err

    draws = replicate_moments(
        kept.rows,
        weights=kept.weights,
        rows=kept.numbers,
        replicates=replicates,
        seed=seed,
        replication=None if kept.replication is None else kept.replication.as_draws(),
    )
    cov, means = covariances(draws, factor=factor)
    fits = fitted(cov, means)
    layout = Layout(structure, theta.size, exogenous)
    left_out = None
    if leave_out:
        unit = None if kept.replication is None else kept.replication.unit
        without = covariances(jackknife_moments(kept.rows, weights=kept.weights, group=unit), factor=factor)
        left_out = _quantities(table, layout, fitted(*without).theta, *without)
    p = math.nan
    if bollen_stine:
        at = found.estimate.implied[0]
        turned = as_if_true(
            cov,
            means,
            sample=(found.covariance, found.moments.means),
            implied=(at.covariance, at.mean if structure.has_means else None),
        )
        true = fitted(*turned).discrepancy
        good = true[np.isfinite(true)]
        if good.size >= (1 - MOST_LOST) * replicates:
            p = float(np.mean(good >= found.estimate.discrepancy))
    return Replicas(
        table=table,
        whole=quantities_of(found),
        drawn=_quantities(table, layout, fits.theta, cov, means),
        left_out=left_out,
        fits=fits,
        bollen_stine_p=p,
    )


def quantities_of(found: Solution) -> Quantities:
    """Of the solution itself, N = 1."""
    table, theta = found.table, found.estimate.theta
    layout = Layout(found.structure, theta.size, tuple(table.observed.index(x) for x in table.covariates))
    return _quantities(table, layout, theta[None], found.covariance[None], found.moments.means[None])


def _quantities(table: ParameterTable, layout: Layout, theta: Array, cov: Array, mean: Array) -> Quantities:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        here = layout.at(theta, cov, mean)
        raw = _rows(table, here.directed, here.symmetric, here.means)
        latent = _rows(table, *here.scaled(observed=False))
        complete = _rows(table, *here.scaled(observed=True))
        directed = [r for r in table.rows if r.operator in (MEASURES, REGRESSED_ON)]
        paths = np.flatnonzero([r.operator == REGRESSED_ON for r in directed])
        v = layout.v
        total = indirect = scaled = np.zeros((v, v, len(theta)))
        if paths.size:
            total, indirect = (np.moveaxis(x, 0, 2) for x in here.effects(paths))
            d = np.sqrt(here.total_variance.T)
            scaled = d[None] / d[:, None]
        good = np.isfinite(theta).all(axis=1)
        return Quantities(
            raw=np.where(good, raw, np.nan),
            latent=np.where(good, latent, np.nan),
            complete=np.where(good, complete, np.nan),
            total=np.where(good, total, np.nan),
            indirect=np.where(good, indirect, np.nan),
            std_total=np.where(good, total * scaled, np.nan),
            std_indirect=np.where(good, indirect * scaled, np.nan),
            proper=here.is_proper,
        )


def _rows(table: ParameterTable, directed: Array, symmetric: Array, means: Array) -> Array:
    """(k, N) values of cells (N, .) in the order of the table's rows, then the defined parameters."""
    parts = {"directed": iter(directed.T), "symmetric": iter(symmetric.T), "means": iter(means.T)}
    values = [next(parts[MATRIX[row.operator]]) for row in table.rows]
    known: dict[str, Array] = {}
    for row, value in zip(table.rows, values, strict=True):
        if row.label:
            known.setdefault(row.label, value)
    for name, expression in table.defined:
        known[name] = np.broadcast_to(_evaluated(expression.tree, known), len(directed))
        values.append(known[name])
    return np.array(values)


def _evaluated(tree: Tree, known: Mapping[str, Array]) -> Array:
    """An expression of arrays; NaN where arithmetic has no answer."""
    if isinstance(tree, str):
        return known[tree]
    if not isinstance(tree, tuple):
        return np.asarray(float(tree))
    operation, *arguments = tree
    parts = [_evaluated(argument, known) for argument in arguments]
    if len(parts) == 1:
        one = {"-": np.negative, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs}
        return np.asarray(one[str(operation)](parts[0]))
    two = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power}
    value = np.asarray(two[str(operation)](*parts), dtype=float)
    return np.where(np.isfinite(value), value, np.nan)


# ---- into the result --------------------------------------------------


def bootstrapped(
    result: StructuralModel,
    found: Solution,
    data: Answers,
    options: Options,
    asked: Resampling,
) -> StructuralModel:
    """The result with bootstrap errors and intervals; as it is, with a caution, where there is no optimum.

    An improper solution (a negative variance, say) is resampled too: its verdict stands above the numbers.
    """
    made = None
    if result.converged:
        with suppress(CannotCompute):
            made = _made(found, data, options, asked)
    if made is None:
        return replace(result, cautions=(*result.cautions, _no_solution()))
    drawn = made.drawn.proper.size
    how = Bootstrap(
        replicates=drawn,
        used=drawn - made.lost,
        negative=int(np.count_nonzero(~made.drawn.proper & np.isfinite(made.fits.discrepancy))),
        stopped=made.fits.stopped,
        interval=asked.interval,
        confidence=options.confidence,
        seed=asked.seed,
        bollen_stine_p=made.bollen_stine_p,
    )
    return replace(
        result,
        parameters=tuple(_with_spreads(result.parameters, made, how)),
        effects=tuple(_effects_with_spreads(result.effects, made, how)),
        bootstrap=how,
        cautions=(*result.cautions, *_lost(how)),
    )


def _made(found: Solution, data: Answers, options: Options, asked: Resampling) -> Replicas:
    return replicas(
        found,
        data,
        options,
        replicates=asked.replicates,
        seed=asked.seed,
        leave_out=asked.interval == "bca",
        bollen_stine=asked.bollen_stine,
    )


def _with_spreads(
    rows: Sequence[ParameterEstimate], made: Replicas, how: Bootstrap
) -> Iterator[ParameterEstimate]:
    names = {"raw": "boot", "latent": "std_lv_boot", "complete": "std_all_boot"}
    spreads = {name: made.spreads(quantity, how.interval, how.confidence) for quantity, name in names.items()}
    for i, row in enumerate(rows):
        yield row._replace(**_named({name: spread[i] for name, spread in spreads.items()}))


def _effects_with_spreads(effects: Sequence[Effect], made: Replicas, how: Bootstrap) -> Iterator[Effect]:
    if not effects:
        return
    names = {n: i for i, n in enumerate(made.table.variables)}
    at = [names[e.effect] for e in effects], [names[e.cause] for e in effects]
    spreads = {
        f"{quantity}_boot": made.of_pairs(*at).spreads(quantity, how.interval, how.confidence)
        for quantity in ("indirect", "total", "std_indirect", "std_total")
    }
    for i, effect in enumerate(effects):
        yield effect._replace(**_named({name: spread[i] for name, spread in spreads.items()}))


def _named(spreads: Mapping[str, Array]) -> dict[str, Any]:
    """`boot` and its three numbers as boot_se, boot_lower, boot_upper."""
    return {
        f"{name}_{end}": float(value)
        for name, spread in spreads.items()
        for end, value in zip(("se", "lower", "upper"), spread, strict=True)
    }


def _no_solution() -> Caution:
    return Caution(
        "no bootstrap",
        Text(
            "No bootstrap was made: the model has no optimum from which a replicate could start.",
            "未做自助法：模型没有最优解，重抽样无从开始。",
        ),
    )


def _lost(how: Bootstrap) -> tuple[Caution, ...]:
    lost = how.replicates - how.used
    if not lost:
        return ()
    if not how.withheld:
        return (
            Caution(
                "bootstrap replicates lost",
                Text(
                    f"{lost} of {how.replicates} bootstrap replicates have no optimum and are left out.",
                    f"{how.replicates} 次自助抽样中有 {lost} 次没有最优解，已剔除。",
                ),
            ),
        )
    many = "at least " if how.stopped else ""
    least = "至少 " if how.stopped else " "
    seen = int(MOST_LOST * how.replicates) + 1 if how.stopped else lost
    return (
        Caution(
            "bootstrap withheld",
            Text(
                f"No bootstrap errors and intervals: in {many}{seen} of {how.replicates} replicates the "
                f"model has no optimum, more than {100 * MOST_LOST:g}%. The answers say too little about "
                "some parameters; paths from constructs that are nearly the same are the usual reason.",
                f"不给出自助法标准误与区间：{how.replicates} 次抽样中{least}{seen} 次没有最优解，"
                f"超过 {100 * MOST_LOST:g}%。数据对某些参数的信息太少，常见原因是几个构念几乎相同。",
            ),
        ),
    )
