"""A fitted model as a bootstrap needs it: the rows of each group, and what every replicate obeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from csat.analyses.structural.answers import Answers
from csat.analyses.structural.constraints import constraints_of, places_of
from csat.analyses.structural.group_solving import GroupSolution, kept_rows
from csat.analyses.structural.options import Options
from csat.analyses.structural.ordering import threshold_cells, without_residuals
from csat.analyses.structural.solving import Solution, bounds_of
from csat.instrument.parameters import ParameterTable
from csat.numerics.constrained import Constraints
from csat.numerics.fitted import Fit
from csat.numerics.moment_vectors import OrderedMoments
from csat.numerics.stacks import Layout, cells_of_data
from csat.numerics.structure import Structure

Array = NDArray[np.float64]
Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Part:
    """One group of a model (or all of it): its solution and the rows it was fitted to.

    numbers : (q,) which parameter of all each of its own is.
    """

    solution: Solution
    kept: Answers
    numbers: Positions

    @property
    def table(self) -> ParameterTable:
        return self.solution.table

    @cached_property
    def at_covariates(self) -> tuple[int, ...]:
        return tuple(self.table.observed.index(x) for x in self.table.covariates)

    @cached_property
    def own_cells(self) -> tuple[Positions, Positions, Positions]:
        """Fixed cells a replicate fills anew: residual variances of ordered items, moments of covariates."""
        s = self.solution.structure.symmetric
        residuals = np.flatnonzero(~s.free & (s.row == s.column) & np.isin(s.row, self.solution.unit))
        pairs, levels = cells_of_data(self.solution.structure, self.at_covariates)
        return residuals, pairs, levels

    @cached_property
    def layout(self) -> Layout:
        """With those cells as parameters after the others."""
        residuals, pairs, levels = self.own_cells
        structure, q = self.solution.structure, len(self.table.free)
        s, a = structure.symmetric, structure.means
        by_pair, by_level = s.parameter.copy(), a.parameter.copy()
        own = np.concatenate([residuals, pairs])
        by_pair[own] = q + np.arange(own.size)
        by_level[levels] = q + own.size + np.arange(levels.size)
        wide: Structure = replace(
            structure, symmetric=replace(s, parameter=by_pair), means=replace(a, parameter=by_level)
        )
        return Layout(wide, q + own.size + levels.size)


@dataclass(frozen=True, eq=False)
class Whole:
    """All parts of a fitted model, and what every replicate obeys.

    table : of all groups. fit : behind the solution.
    """

    table: ParameterTable
    fit: Fit
    parts: tuple[Part, ...]
    constraints: Constraints | None
    options: Options

    @classmethod
    def of_solution(cls, found: Solution, data: Answers, options: Options) -> Whole:
        """Of one group; the fit of the solution must be known."""
        assert found.fitted is not None
        table, fit = found.table, found.fitted
        model, count = fit.models[0], fit.theta.size
        places = places_of(table)
        if isinstance(model, OrderedMoments) and fit.data[0].ordered is not None:
            items = table.observed[: model.structure.observed]
            plain = without_residuals(table, {items[i]: 0.0 for i in found.unit})
            q = len(table.free)
            places = places_of(plain) | threshold_cells(table, items, fit.data[0].ordered, q)[1]
        constraints = constraints_of(table, places, count)[0]
        kept = kept_rows(table, data, options)
        part = Part(found, kept, np.arange(len(table.free), dtype=np.intp))
        return cls(table, fit, (part,), constraints, options)

    @classmethod
    def of_groups(cls, found: GroupSolution, data: Mapping[str, Answers], options: Options) -> Whole:
        """Of several groups."""
        table = found.table
        constraints = constraints_of(table, places_of(table), found.fitted.theta.size)[0]
        ordered = found.fitted.problem.ordered
        pooled = np.vstack([data[name].select(table.observed).rows for name in found.parts])
        parts, first = [], 0
        for name, own in found.parts.items():
            answers = data[name]
            if answers.numbers is None:
                # rows of different groups are different rows
                answers = replace(answers, numbers=first + np.arange(len(answers.rows)))
            first += len(answers.rows)
            answers = answers.select(table.observed)
            if ordered:
                values = [np.unique(c[~np.isnan(c)]) for c in pooled.T]
                scales = [s or tuple(v.tolist()) for s, v in zip(answers.scales, values, strict=True)]
                answers = replace(answers, scales=tuple(scales))
            numbers = found.numbers[name][: len(own.table.free)]
            parts.append(Part(own, kept_rows(table, answers, options), numbers))
        return cls(table, found.fitted, tuple(parts), constraints, options)

    @property
    def theta(self) -> Array:
        return self.fit.theta

    @property
    def kind(self) -> str:
        return self.fit.method.discrepancy

    @property
    def gaps(self) -> bool:
        return self.fit.problem.gaps

    @property
    def ordered(self) -> bool:
        return self.fit.problem.ordered

    @property
    def by_moments(self) -> bool:
        """Whether a replicate's covariances and means are all its discrepancy needs."""
        return self.turns and self.kind in ("ML", "GLS", "ULS")

    @property
    def turns(self) -> bool:
        """Whether answers can be turned to obey the model: complete, and numbers."""
        return not (self.gaps or self.ordered)

    @property
    def has_covariates(self) -> bool:
        """Whether any keep their own moments."""
        return any(part.at_covariates for part in self.parts)

    @property
    def shares_vary(self) -> bool:
        """Whether a group counts as much as the weights of its replicate say; else as its respondents are."""
        return len(self.parts) > 1 and all(part.kept.weights is not None for part in self.parts)

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        lower, upper = bounds_of(self.table)
        rest = np.full(self.theta.size - lower.size, np.inf)
        return np.concatenate([lower, -rest]), np.concatenate([upper, rest])

    @cached_property
    def hessian(self) -> Array:
        """Of F at the solution, positive definite; the expected one where the exact one is not.

        Raises
        ------
        numpy.linalg.LinAlgError : neither is.
        """
        objective = self.fit.problem.objective()
        slope = objective.slope(objective.look(self.theta))
        for hessian in (slope.observed(), slope.expected):
            scale = np.sqrt(np.maximum(np.diagonal(hessian), 1e-300))
            if np.linalg.eigvalsh(hessian / np.outer(scale, scale))[0] > 1e-10:
                return hessian
        raise np.linalg.LinAlgError("the Hessian is not positive definite")
