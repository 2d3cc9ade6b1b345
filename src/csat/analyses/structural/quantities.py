"""What is told of many solutions of one model: estimates, standardised values, effects; how they spread."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from csat.analyses.structural.parameters import MATRIX
from csat.analyses.structural.resampled import Interval
from csat.analyses.structural.solving import Solution
from csat.instrument.parameters import ParameterTable
from csat.instrument.statements import MEASURES, REGRESSED_ON, Expression, Tree
from csat.numerics.resampling import MOST_LOST, bca_interval, percentile_interval
from csat.numerics.sem_bootstrap import Refits
from csat.numerics.stacks import Layout, Stack

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Quantities:
    """What is told of N solutions, the last axis; NaN where a fit has no optimum.

    raw, latent, complete : (k, N) the rows of a result: as estimated, constructs standardised, all
    standardised. total, indirect, std_total, std_indirect : (v, v, N) effects of the column on the row.
    proper : (N,) without a negative variance. solved : (N,) with an optimum.
    """

    raw: Array
    latent: Array
    complete: Array
    total: Array
    indirect: Array
    std_total: Array
    std_indirect: Array
    proper: NDArray[np.bool_]
    solved: NDArray[np.bool_]

    def combined(self, whole: Quantities, roots: Array, normals: Array) -> Quantities:
        """Draws with the variance sum_r c_r (q_r - mean)^2 of these replicates, about the whole sample.

        roots : (R,) of the coefficients c. normals : (N, R).
        """

        def drawn(name: str) -> Array:
            values = getattr(self, name)
            # replicates without an optimum are without any number
            off = np.where(self.solved, values - values[..., self.solved].mean(axis=-1, keepdims=True), 0.0)
            return np.asarray(getattr(whole, name) + (off * roots) @ normals.T)

        names = [f.name for f in fields(self) if f.name not in ("proper", "solved")]
        every = np.ones(len(normals), dtype=bool)
        return Quantities(**{n: drawn(n) for n in names}, proper=every, solved=every)

    def with_rows(self, raw: Array, latent: Array, complete: Array) -> Quantities:
        """With further rows (k, N) after the others."""
        return replace(
            self,
            raw=np.vstack([self.raw, raw]),
            latent=np.vstack([self.latent, latent]),
            complete=np.vstack([self.complete, complete]),
        )


@dataclass(frozen=True, eq=False)
class Replicas:
    """A model in the whole sample and in its replicates.

    whole : N = 1. drawn : the replicates. left_out : without each respondent, for BCa intervals, or None.
    items : in how many replicates an item is the reason why there are no moments. absent : in how many an end
    of its scale is chosen by nobody.
    """

    table: ParameterTable
    whole: Quantities
    drawn: Quantities
    left_out: Quantities | None
    fits: Refits
    bollen_stine_p: float = math.nan
    items: Mapping[str, int] = field(default_factory=dict)
    absent: Mapping[str, int] = field(default_factory=dict)
    solved: Refits | None = None
    """The fits themselves, where `drawn` are combinations of them."""

    @property
    def counted(self) -> Refits:
        """The fits that were made."""
        return self.fits if self.solved is None else self.solved

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
                known = without[k][np.isfinite(without[k])]
                if known.size < (1 - MOST_LOST) * without.shape[1]:
                    continue
                ends = bca_interval(row, float(one[k]), known, confidence=confidence)
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


def quantities_of(found: Solution) -> Quantities:
    """Of a solution by maximum likelihood itself, N = 1."""
    table, theta = found.table, found.estimate.theta
    layout = Layout(found.structure, theta.size, tuple(table.observed.index(x) for x in table.covariates))
    here = layout.at(theta[None], found.covariance[None], found.moments.means[None])
    return quantities_at(table, here)


def quantities_at(table: ParameterTable, here: Stack) -> Quantities:
    """Of the thetas of a stack, NaN where there is none."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        raw = _rows(table, here.directed, here.symmetric, here.means)
        latent = _rows(table, *here.scaled(observed=False))
        complete = _rows(table, *here.scaled(observed=True))
        directed = [r for r in table.rows if r.operator in (MEASURES, REGRESSED_ON)]
        paths = np.flatnonzero([r.operator == REGRESSED_ON for r in directed])
        v = here.layout.v
        total = indirect = scaled = np.zeros((v, v, len(here.theta)))
        if paths.size:
            total, indirect = (np.moveaxis(x, 0, 2) for x in here.effects(paths))
            d = np.sqrt(here.total_variance.T)
            scaled = d[None] / d[:, None]
        good = np.asarray(np.isfinite(here.theta).all(axis=1))
        return Quantities(
            raw=np.where(good, raw, np.nan),
            latent=np.where(good, latent, np.nan),
            complete=np.where(good, complete, np.nan),
            total=np.where(good, total, np.nan),
            indirect=np.where(good, indirect, np.nan),
            std_total=np.where(good, total * scaled, np.nan),
            std_indirect=np.where(good, indirect * scaled, np.nan),
            proper=here.is_proper,
            solved=good,
        )


def defined_rows(defined: Sequence[tuple[str, Expression]], known: Mapping[str, Array], count: int) -> Array:
    """(d, N) parameters made of others; known : by label, (N,). Later ones may use earlier ones."""
    values = dict(known)
    for name, expression in defined:
        values[name] = np.broadcast_to(_evaluated(expression.tree, values), count)
    return np.array([values[name] for name, _ in defined]).reshape(len(defined), count)


def labelled_rows(table: ParameterTable, rows: Array) -> dict[str, Array]:
    """By label the first of the table's rows (k, N) that has it."""
    known: dict[str, Array] = {}
    for row, value in zip(table.rows, rows, strict=False):
        if row.label:
            known.setdefault(row.label, value)
    return known


def _rows(table: ParameterTable, directed: Array, symmetric: Array, means: Array) -> Array:
    """(k, N) values of cells (N, .) in the order of the table's rows, then the defined parameters."""
    parts = {"directed": iter(directed.T), "symmetric": iter(symmetric.T), "means": iter(means.T)}
    values = np.array([next(parts[MATRIX[row.operator]]) for row in table.rows])
    if not table.defined:
        return values
    made = defined_rows(table.defined, labelled_rows(table, values), len(directed))
    return np.vstack([values, made])


def _evaluated(tree: Tree, known: Mapping[str, Array]) -> Array:
    """An expression of arrays; NaN where arithmetic has no answer."""
    if isinstance(tree, str):
        return known[tree]
    if not isinstance(tree, tuple):
        return np.asarray(float(tree))
    operation, *arguments = tree
    parts = [_evaluated(argument, known) for argument in arguments]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if len(parts) == 1:
            one = {"-": np.negative, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs}
            return np.asarray(one[str(operation)](parts[0]))
        two = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power}
        value = np.asarray(two[str(operation)](*parts), dtype=float)
    return np.where(np.isfinite(value), value, np.nan)
