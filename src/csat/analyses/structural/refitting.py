"""Replicates of a model that are solved one by one, as the whole sample was: from its solution.

For what `bootstrap.replicas` has no stacks of matrices for: several groups, answers with gaps, ordered items,
rules among parameters. Each replicate has its own moments (thresholds, weights, covariates too). Of several
groups each is resampled by itself and counts as many respondents as it has; with case weights, as much as the
weights of the replicate say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from csat.analyses.structural.answers import Answers
from csat.analyses.structural.constraints import constraints_of, places_of
from csat.analyses.structural.group_solving import GroupSolution
from csat.analyses.structural.options import Options
from csat.analyses.structural.ordering import (
    threshold_cells,
    with_covariates,
    with_covariates_known,
    without_residuals,
)
from csat.analyses.structural.quantities import (
    Quantities,
    Replicas,
    defined_rows,
    labelled_rows,
    quantities_at,
)
from csat.analyses.structural.solving import Solution, bounds_of
from csat.errors import BadInput, CannotCompute, NumericsError
from csat.instrument.parameters import ParameterTable
from csat.numerics.constrained import Constraints, information_within
from csat.numerics.descent import Objective
from csat.numerics.estimation import MaximumLikelihood
from csat.numerics.fitted import Fit
from csat.numerics.least_squares import LeastSquares, WeightedMoments
from csat.numerics.missing import FullInformation, IncompleteGroup
from csat.numerics.mixed import mixed_sample
from csat.numerics.moment_vectors import ContinuousMoments, OrderedMoments
from csat.numerics.ordered import OrderedSample, ordered_sample
from csat.numerics.problem import Problem
from csat.numerics.refitting import refitted
from csat.numerics.replicate_samples import (
    NEARLY_NOTHING,
    CompleteRows,
    GappedRows,
    OrderedReplicates,
    OrderedRows,
    drawn_rows,
)
from csat.numerics.replication import left_out_groups
from csat.numerics.resampling import MOST_LOST, row_factors
from csat.numerics.samples import Sample
from csat.numerics.sem_bootstrap import (
    Discrepancy,
    Refits,
    ReplicateGroup,
    least_squares,
    refits,
    replicate_group,
)
from csat.numerics.solution import undetermined
from csat.numerics.stacks import Layout, cells_of_data
from csat.numerics.structure import Structure

Array = NDArray[np.float64]
Positions = NDArray[np.intp]
Factors = Sequence[Array]
"""By group (R, n_g) how often each row counts in each replicate."""

CELLS_AT_ONCE = 1_000_000
"""Factors of a batch of replicates: 8 MB."""
TABLE_CELLS_AT_ONCE = 4_000_000
"""Joint counts, or moments by pattern of gaps, of a batch: 32 MB."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """One replicate, to be solved.

    objective : None where it has no moments. covariates : by group covariance and mean of the observed, for
    covariates; empty without. absent : by group (t,) thresholds beyond all answers of the replicate, if any.
    items : why it has no moments.
    """

    objective: Objective | None
    covariates: tuple[tuple[Array, Array], ...] = ()
    absent: tuple[NDArray[np.bool_], ...] = ()
    items: tuple[str, ...] = ()


@dataclass(eq=False)
class Refitted:
    """Refits of R replicates, with what else a replicate has of its own.

    covariates, absent : as in `Drawn`, by replicate. items : how many replicates have no moments for it.
    """

    fits: Refits
    covariates: list[tuple[tuple[Array, Array], ...]] = field(default_factory=list)
    absent: list[tuple[NDArray[np.bool_], ...]] = field(default_factory=list)
    items: dict[str, int] = field(default_factory=dict)


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
        kept = _kept(table, data, options)
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
            parts.append(Part(own, _kept(table, answers, options), numbers))
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
    def turns(self) -> bool:
        """Whether answers can be turned to obey the model: complete, and numbers."""
        return not (self.gaps or self.ordered)

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


def _kept(table: ParameterTable, data: Answers, options: Options) -> Answers:
    """The rows a model is fitted to."""
    kept = data.select(table.observed).kept(options.missing)
    if options.ordered or options.missing == "fiml":
        kept = with_covariates_known(kept, table.covariates)
    return kept


# ---- from a model to its replicates ------------------------------------


@dataclass(frozen=True, eq=False)
class AllReplicas:
    """parts : by group, in their order. defined : parameters made of those of any group, or None.

    items : how many replicates have no moments because of an item. absent : how many lack a threshold of it.
    """

    parts: tuple[Replicas, ...]
    defined: Replicas | None
    items: Mapping[str, int]
    absent: Mapping[str, int]
    fits: Refits
    bollen_stine_p: float = math.nan


def all_replicas(
    whole: Whole,
    *,
    replicates: int,
    seed: int = 0,
    leave_out: bool = False,
    bollen_stine: bool = False,
) -> AllReplicas:
    """The model in every keyed replicate of the respondents, by group.

    The rest as `bootstrap.replicas`.

    Raises
    ------
    CannotCompute : parameters that cannot be told apart.
    """
    info = information_within(whole.fit.information, whole.fit.estimate.within)
    if undetermined(info):
        raise CannotCompute(
            "the answers cannot tell some parameters apart, so no replicate can either",
            do="Mend the model first",
        )
    drawn = solved_replicates(whole, _batches(whole, replicates, seed), _count(whole, replicates))
    left_out = None
    if leave_out:
        without, count = _without(whole)
        left_out = solved_replicates(whole, without, count, most_failed=count)
    p = math.nan
    if bollen_stine and whole.turns:
        turned = _turned(whole)
        count = _count(whole, replicates)
        true = solved_replicates(turned, _batches(whole, replicates, seed), count).fits.discrepancy
        good = true[np.isfinite(true)]
        if good.size >= (1 - MOST_LOST) * count:
            p = float(np.mean(good >= whole.fit.estimate.discrepancy))
    return _gathered(whole, drawn, left_out, p)


def solved_replicates(
    whole: Whole, factors: Iterator[Factors], count: int, *, most_failed: int | None = None
) -> Refitted:
    """The model fitted to replicates of its rows. factors : batches of them, `count` replicates in all."""
    most = int(MOST_LOST * count) if most_failed is None else most_failed
    lower, upper = whole.bounds
    by_moments = whole.turns and whole.kind in ("ML", "GLS", "ULS")
    if by_moments and whole.constraints is None and not whole.shares_vary:
        return _stacked(whole, factors, count, most)
    seen: list[Drawn] = []

    def objectives() -> Iterator[Objective | None]:
        for one in _drawn(whole, factors):
            seen.append(replace(one, objective=None))
            yield one.objective

    hessian = None
    if whole.gaps and whole.constraints is None:
        try:
            hessian = whole.hessian
        except np.linalg.LinAlgError:
            hessian = None
    fits = refitted(
        objectives(),
        whole.theta,
        count,
        lower=lower,
        upper=upper,
        constraints=whole.constraints,
        hessian=hessian,
        most_failed=most,
    )
    items: dict[str, int] = {}
    for one in seen:
        for item in one.items:
            items[item] = items.get(item, 0) + 1
    return Refitted(fits, [d.covariates for d in seen], [d.absent for d in seen], items)


def _batches(whole: Whole, replicates: int, seed: int) -> Iterator[Factors]:
    """Factors of all groups, so many replicates at a time that they and their tables fit in memory."""
    size = _at_once(whole)
    streams = [
        row_factors(
            part.kept.numbers if part.kept.numbers is not None else np.arange(len(part.kept.rows)),
            replicates,
            seed=seed,
            cells=size * max(1, len(part.kept.rows)),
            replication=None if part.kept.replication is None else part.kept.replication.as_draws(),
        )
        for part in whole.parts
    ]
    yield from (list(batch) for batch in zip(*streams, strict=True))


def _at_once(whole: Whole) -> int:
    rows = sum(len(part.kept.rows) for part in whole.parts)
    cells = 1
    if whole.gaps:
        cells = max(s.gaps.observed.size * s.gaps.observed.shape[1] for s in whole.fit.data if s.gaps)
    elif whole.ordered:
        cells = max((part.kept.rows.shape[1] * 8) ** 2 for part in whole.parts)
    return max(1, min(CELLS_AT_ONCE // max(1, rows), TABLE_CELLS_AT_ONCE // max(1, cells)))


def _count(whole: Whole, replicates: int) -> int:
    made = whole.parts[0].kept.replication
    return replicates if made is None else made.as_draws().count(replicates)


def _without(whole: Whole) -> tuple[Iterator[Factors], int]:
    """Factors that leave each unit (or run of rows) of all groups out in turn."""
    made = whole.parts[0].kept.replication
    sizes = [len(part.kept.rows) for part in whole.parts]
    if made is not None and made.unit is not None:
        owned = [p.kept.replication.unit for p in whole.parts if p.kept.replication is not None]
        units = np.concatenate([own for own in owned if own is not None])
        group, count = left_out_groups(sum(sizes), replace(made, unit=units))
    else:
        group, count = left_out_groups(sum(sizes))
    by_part = np.split(group, np.cumsum(sizes)[:-1])
    size = _at_once(whole)

    def batches() -> Iterator[Factors]:
        for first in range(0, count, size):
            out = np.arange(first, min(first + size, count))[:, None]
            yield [(own != out).astype(float) for own in by_part]

    return batches(), count


def _turned(whole: Whole) -> Whole:
    """With answers turned so that the model holds among them (Bollen & Stine 1992)."""
    parts = []
    for part, cov, at, sample in zip(
        whole.parts, whole.fit.problem.covs, whole.fit.estimate.implied, whole.fit.data, strict=True
    ):
        own, target = np.linalg.cholesky(cov), np.linalg.cholesky(at.covariance)
        turn = np.linalg.solve(own.T, target.T).T
        middle = at.mean if part.solution.structure.has_means else sample.mean
        rows = middle + (part.kept.rows - sample.mean) @ turn.T
        parts.append(replace(part, kept=replace(part.kept, rows=rows)))
    return replace(whole, parts=tuple(parts))


# ---- what each replicate is fitted to -----------------------------------


def _drawn(whole: Whole, factors: Iterator[Factors]) -> Iterator[Drawn]:
    if whole.gaps:
        return _with_gaps(whole, factors)
    if whole.ordered:
        plain = all(_is_plain(m) for m in whole.fit.models)
        if plain and whole.kind in ("DWLS", "ULS"):
            return _with_tables(whole, factors)
        return _with_rows(whole, factors, _ordered_moments)
    if whole.kind in ("ML", "GLS", "ULS"):
        return _with_moments(whole, factors)
    return _with_rows(whole, factors, _continuous_moments)


def _is_plain(model: object) -> bool:
    return isinstance(model, OrderedMoments) and model.is_plain


def _moments(whole: Whole, factors: Factors, rows: Sequence[CompleteRows]) -> list[tuple[Array, Array]]:
    """Covariances (R, p, p) as the discrepancy counts them, and means, by group."""
    found = []
    for own, part, sample, cov in zip(factors, rows, whole.fit.data, whole.fit.problem.covs, strict=True):
        covs, means = part.moments(own)
        found.append((covs * float(cov[0, 0] / sample.cov[0, 0]), means))
    return found


def _sizes(whole: Whole, factors: Factors) -> list[Array]:
    """By group (R,) what the discrepancy of each replicate is multiplied with."""
    found = []
    for own, part, size in zip(factors, whole.parts, whole.fit.problem.sizes, strict=True):
        w = part.kept.weights
        # weighted squares are weighed by errors, in which the sum of the weights cancels
        if whole.shares_vary and w is not None and whole.kind not in ("WLS", "DWLS"):
            found.append(size * (own @ w) / w.sum())
        else:
            found.append(np.full(len(own), size))
    return found


def _replicate_groups(whole: Whole, moments: Sequence[tuple[Array, Array]]) -> list[ReplicateGroup]:
    return [
        ReplicateGroup(
            model.structure,
            cov,
            size,
            mean if model.structure.has_means else None,
            part.at_covariates,
        )
        for model, part, size, (cov, mean) in zip(
            whole.fit.models, whole.parts, whole.fit.problem.sizes, moments, strict=True
        )
    ]


def _stacked(whole: Whole, factors: Iterator[Factors], count: int, most_failed: int) -> Refitted:
    """All replicates at once: what they are fitted to are stacks of covariances."""
    rows = [CompleteRows(part.kept.rows, part.kept.weights) for part in whole.parts]
    batches = [_moments(whole, batch, rows) for batch in factors]
    moments = [
        (np.concatenate([cov for cov, _ in own]), np.concatenate([mean for _, mean in own]))
        for own in zip(*batches, strict=True)
    ]
    lower, upper = whole.bounds
    kind: Discrepancy = whole.kind  # type: ignore[assignment]
    fits = refits(
        _replicate_groups(whole, moments),
        whole.theta,
        whole.hessian,
        discrepancy=kind,
        lower=lower,
        upper=upper,
        most_failed=most_failed,
    )
    covariates = []
    if any(part.at_covariates for part in whole.parts):
        covariates = [tuple((cov[r], mean[r]) for cov, mean in moments) for r in range(count)]
    return Refitted(fits, covariates)


def _with_moments(whole: Whole, factors: Iterator[Factors]) -> Iterator[Drawn]:
    """Covariances under rules."""
    rows = [CompleteRows(part.kept.rows, part.kept.weights) for part in whole.parts]
    kind: Discrepancy = whole.kind  # type: ignore[assignment]
    for batch in factors:
        moments, sizes = _moments(whole, batch, rows), _sizes(whole, batch)
        groups = _replicate_groups(whole, moments)
        for r in range(len(batch[0])):
            own = [
                replace(replicate_group(g, r), n=float(n[r])) for g, n in zip(groups, sizes, strict=True)
            ]
            covariates = tuple((cov[r], mean[r]) for cov, mean in moments)
            try:
                for g in own:
                    np.linalg.cholesky(g.cov)
                objective = MaximumLikelihood(own) if kind == "ML" else least_squares(own, kind)
            except np.linalg.LinAlgError:
                yield Drawn(None)
                continue
            yield Drawn(objective, covariates)


def _with_gaps(whole: Whole, factors: Iterator[Factors]) -> Iterator[Drawn]:
    rows = [
        GappedRows(sample, part.kept.rows, steady=not whole.shares_vary)
        for sample, part in zip(whole.fit.data, whole.parts, strict=True)
    ]
    given = [
        CompleteRows(part.kept.rows[:, list(part.at_covariates)], part.kept.weights) for part in whole.parts
    ]
    for batch in factors:
        streams = [own.patterns(f) for own, f in zip(rows, batch, strict=True)]
        moments = [own.moments(f) for own, f in zip(given, batch, strict=True)]
        for r, patterns in enumerate(zip(*streams, strict=True)):
            groups, covariates = [], []
            for g, (part, data) in enumerate(zip(whole.parts, patterns, strict=True)):
                model, sample = whole.fit.models[g], whole.fit.data[g]
                assert isinstance(model, ContinuousMoments)
                assert sample.saturated is not None
                cov, mean = sample.cov.copy(), sample.mean.copy()
                at = list(part.at_covariates)
                cov[np.ix_(at, at)], mean[at] = moments[g][0][r], moments[g][1][r]
                structure = model.structure
                if at:
                    own = ReplicateGroup(structure, cov[None], 1.0, mean[None], part.at_covariates)
                    structure = replicate_group(own, 0).structure
                groups.append(IncompleteGroup(ContinuousMoments(structure), data, sample.saturated))
                covariates.append((cov, mean))
            yield Drawn(
                FullInformation(groups),
                tuple(covariates) if any(p.at_covariates for p in whole.parts) else (),
            )


def _ordered_rows(part: Part, sample: OrderedSample, *, weighed: bool) -> OrderedRows:
    codes, _ = part.kept.codes()
    return OrderedRows(codes, part.kept.weights, sample, weighed)


def _with_tables(whole: Whole, factors: Iterator[Factors]) -> Iterator[Drawn]:
    """Ordered items only: thresholds and polychoric correlations of all replicates of a batch at once."""
    rows = [
        _ordered_rows(part, sample.ordered, weighed=whole.kind == "DWLS")
        for part, sample in zip(whole.parts, whole.fit.data, strict=True)
        if sample.ordered is not None
    ]
    implied = [m.vector(whole.theta)[0] for m in whole.fit.models]
    for batch in factors:
        found = [own.replicates(f) for own, f in zip(rows, batch, strict=True)]
        sizes = _sizes(whole, batch)
        for r in range(len(batch[0])):
            items = _without_moments(whole, found, r)
            if items:
                yield Drawn(None, items=items)
                continue
            groups, absent = [], []
            for g, own in enumerate(found):
                moments, t = own.moments[r], rows[g].sample.thresholds.size
                weight = np.ones(moments.size) if own.weight is None else own.weight[r].copy()
                beyond = np.isnan(moments)
                # a threshold the replicate does not have stays where it is and pulls at nothing
                weight[beyond] = NEARLY_NOTHING * np.median(weight[~beyond])
                vector = np.where(beyond, implied[g], moments)
                groups.append(WeightedMoments(whole.fit.models[g], vector, weight, float(sizes[g][r])))
                absent.append(beyond[:t])
            yield Drawn(LeastSquares(groups), absent=tuple(absent) if any(a.any() for a in absent) else ())


def _without_moments(whole: Whole, found: Sequence[OrderedReplicates], r: int) -> tuple[str, ...]:
    """The items for which a replicate has no correlations."""
    return tuple(
        dict.fromkeys(
            part.table.observed[i] for part, own in zip(whole.parts, found, strict=True) for i in own.lost[r]
        )
    )


Moments = Callable[[Whole, int, Positions, "Array | None"], "tuple[Sample, tuple[Array, Array]]"]


def _with_rows(whole: Whole, factors: Iterator[Factors], moments: Moments) -> Iterator[Drawn]:
    """The way of the whole sample, with the rows of each replicate."""
    problem = whole.fit.problem
    for batch in factors:
        sizes = _sizes(whole, batch)
        for r in range(len(batch[0])):
            try:
                found = [
                    moments(whole, g, *drawn_rows(f[r], part.kept.weights))
                    for g, (part, f) in enumerate(zip(whole.parts, batch, strict=True))
                ]
                own = Problem.of(
                    problem.models,
                    [sample for sample, _ in found],
                    estimator=whole.options.estimator,
                    likelihood=problem.likelihood,
                )
                groups = [
                    WeightedMoments(m, v, w, float(size[r]))
                    for m, v, w, size in zip(own.models, own.vectors, own.weights, sizes, strict=True)
                ]
            except NumericsError as err:
                names = [whole.table.observed[i] for i in getattr(err, "positions", ())]
                yield Drawn(None, items=tuple(names))
                continue
            except (BadInput, np.linalg.LinAlgError):
                yield Drawn(None)
                continue
            covariates = tuple(own for _, own in found) if any(p.at_covariates for p in whole.parts) else ()
            yield Drawn(LeastSquares(groups), covariates)


def _continuous_moments(
    whole: Whole, g: int, rows: Positions, weights: Array | None
) -> tuple[Sample, tuple[Array, Array]]:
    sample = Sample.of_rows(whole.parts[g].kept.rows[rows], weights=weights, total=whole.fit.data[g].n)
    return sample, (sample.cov, sample.mean)


def _ordered_moments(
    whole: Whole, g: int, rows: Positions, weights: Array | None
) -> tuple[Sample, tuple[Array, Array]]:
    part, was = whole.parts[g], whole.fit.data[g].ordered
    assert was is not None
    p = len(was.correlation)
    items = part.table.observed[:p]
    numbers = was.numeric.tolist()
    own = part.kept.select(items)
    codes, categories = own.codes(numbers=[items[j] for j in numbers])
    x = part.kept.rows[rows, p:]
    if numbers or x.shape[1]:
        answers = np.where(codes >= 0, codes, np.nan)
        answers[:, numbers] = own.rows[:, numbers]
        counts = [0 if j in numbers else c for j, c in enumerate(categories)]
        sample = mixed_sample(answers[rows], counts, covariates=x, weights=weights)
    else:
        sample = ordered_sample(codes[rows], categories, weights=weights)
    fewer = [j for j in range(p) if was.used[j].size != sample.used[j].size]
    if fewer:
        raise NumericsError("an answer is chosen by nobody: {items}", positions=fewer)
    total = None if part.kept.weights is None else whole.fit.data[g].n
    return Sample.of_ordered(sample, total=total), with_covariates(sample, x, weights)


# ---- what is told of them -----------------------------------------------


def _gathered(whole: Whole, drawn: Refitted, left_out: Refitted | None, p: float) -> AllReplicas:
    absent: dict[str, int] = {}
    for one in drawn.absent:
        for part, beyond, model in zip(whole.parts, one, whole.fit.models, strict=False):
            assert isinstance(model, OrderedMoments)
            for i in np.unique(model.thresholds.row[beyond]).tolist():
                item = part.table.observed[i]
                absent[item] = absent.get(item, 0) + 1
    itself = Refitted(
        Refits(whole.theta[None], np.array([whole.fit.estimate.discrepancy]), np.zeros(1)),
        [tuple((part.solution.covariance, part.solution.moments.means) for part in whole.parts)],
    )
    told = [told(whole, one) for one in (itself, drawn) + (() if left_out is None else (left_out,))]
    parts = []
    for g, part in enumerate(whole.parts):
        by_part = [quantities[g] for quantities, _ in told]
        parts.append(
            Replicas(
                part.table,
                by_part[0],
                by_part[1],
                by_part[2] if left_out is not None else None,
                drawn.fits,
                p,
            )
        )
    defined = None
    if len(whole.parts) > 1 and whole.table.defined:
        made = [rows for _, rows in told]
        defined = Replicas(
            whole.table, made[0], made[1], made[2] if left_out is not None else None, drawn.fits, p
        )
    return AllReplicas(tuple(parts), defined, drawn.items, absent, drawn.fits, p)


def told(whole: Whole, found: Refitted) -> tuple[list[Quantities], Quantities]:
    """Of each group, and the parameters made of those of any group."""
    theta = found.fits.theta
    by_part = [_of_part(whole, g, found) for g in range(len(whole.parts))]
    known: tuple[dict[str, Array], ...] = ({}, {}, {})
    for part, own in zip(whole.parts, by_part, strict=True):
        for labels, rows in zip(known, (own.raw, own.latent, own.complete), strict=True):
            for label, value in labelled_rows(part.table, rows).items():
                labels.setdefault(label, value)
    defined = whole.table.defined if len(whole.parts) > 1 else ()
    none = np.zeros((0, 0, len(theta)))
    raw, latent, complete = (defined_rows(defined, labels, len(theta)) for labels in known)
    proper = np.logical_and.reduce([own.proper for own in by_part])
    return by_part, Quantities(raw, latent, complete, none, none, none, none, proper)


def _of_part(whole: Whole, g: int, found: Refitted) -> Quantities:
    """Its rows in the order of a result: parameters, those made of others, thresholds, scales."""
    part, model = whole.parts[g], whole.fit.models[g]
    residuals, pairs, levels = part.own_cells
    theta, q = found.fits.theta, part.numbers.size
    wide = np.full((len(theta), part.layout.count), np.nan)
    wide[:, :q] = theta[:, part.numbers]
    s, a = part.solution.structure.symmetric, part.solution.structure.means
    solved = np.flatnonzero(np.isfinite(found.fits.discrepancy)).tolist()
    if isinstance(model, OrderedMoments) and residuals.size:
        for r in solved:
            wide[r, q : q + residuals.size] = model.residual_variances(theta[r])[s.row[residuals]]
    if pairs.size or levels.size:
        first = q + residuals.size
        for r in solved:
            cov, mean = found.covariates[r][g]
            wide[r, first : first + pairs.size] = cov[s.row[pairs], s.column[pairs]]
            wide[r, first + pairs.size :] = mean[a.row[levels]]
    here = part.layout.at(wide)
    told = quantities_at(part.table, here)
    if not isinstance(model, OrderedMoments):
        return told
    cuts = model.thresholds
    values = np.where(cuts.free, theta[:, np.maximum(cuts.parameter, 0)], cuts.value).T
    values = np.where(np.isfinite(theta).all(axis=1), values, np.nan)
    for r, one in enumerate(found.absent):
        if one:
            values[_nowhere(whole, one, g), r] = np.nan
    with np.errstate(invalid="ignore"):
        sd = np.sqrt(here.total_variance)[:, cuts.row].T
        told = told.with_rows(values, values, values / sd)
    if part.solution.scales:
        at = list(part.solution.unit)
        scales = np.where(
            model.scales.free, theta[:, np.maximum(model.scales.parameter, 0)], model.scales.value
        )
        own = scales[:, at].T
        told = told.with_rows(own, own, np.where(np.isnan(own), np.nan, 1.0))
    return told


def _nowhere(whole: Whole, absent: Sequence[NDArray[np.bool_]], g: int) -> Positions:
    """Thresholds of a group that no group of the replicate says anything of."""
    known = set()
    for model, beyond in zip(whole.fit.models, absent, strict=True):
        assert isinstance(model, OrderedMoments)
        known |= set(model.thresholds.parameter[~beyond].tolist())
    model = whole.fit.models[g]
    assert isinstance(model, OrderedMoments)
    own = model.thresholds.parameter
    return np.flatnonzero(absent[g] & model.thresholds.free & ~np.isin(own, list(known)))
