"""What each replicate of a model is fitted to: the moments of its rows, had as those of the whole sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from csat.analyses.structural.ordering import with_covariates
from csat.analyses.structural.whole import Part, Whole
from csat.errors import BadInput, NumericsError
from csat.numerics.descent import Objective
from csat.numerics.estimation import MaximumLikelihood
from csat.numerics.least_squares import LeastSquares, WeightedMoments
from csat.numerics.linalg import inverse
from csat.numerics.missing import FullInformation, IncompleteGroup
from csat.numerics.mixed import mixed_sample
from csat.numerics.moment_vectors import ContinuousMoments, OrderedMoments
from csat.numerics.ordered import OrderedSample, ordered_sample
from csat.numerics.problem import Problem
from csat.numerics.replicate_samples import (
    NEARLY_NOTHING,
    CompleteRows,
    GappedRows,
    OrderedReplicates,
    OrderedRows,
    drawn_rows,
)
from csat.numerics.samples import Sample
from csat.numerics.sem_bootstrap import Discrepancy, ReplicateGroup, least_squares, replicate_group

Array = NDArray[np.float64]
Positions = NDArray[np.intp]
Factors = Sequence[Array]
"""By group (R, n_g) how often each row counts in each replicate."""


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


def drawn_replicates(whole: Whole, factors: Iterator[Factors]) -> Iterator[Drawn]:
    if whole.gaps:
        return _with_gaps(whole, factors)
    if whole.ordered:
        plain = all(_is_plain(m) for m in whole.fit.models)
        if plain and whole.kind in ("DWLS", "ULS"):
            return _with_tables(whole, factors)
        return _with_rows(whole, factors, _by_part(whole, _ordered_moments))
    if whole.kind in ("ML", "GLS", "ULS"):
        return _with_moments(whole, factors)
    return _with_rows(whole, factors, _by_part(whole, _continuous_moments))


def _by_part(whole: Whole, made: Callable[[Whole, int], MadeOfRows]) -> list[MadeOfRows]:
    return [made(whole, g) for g in range(len(whole.parts))]


def _is_plain(model: object) -> bool:
    return isinstance(model, OrderedMoments) and model.is_plain


def moments_of(whole: Whole, factors: Factors, rows: Sequence[CompleteRows]) -> list[tuple[Array, Array]]:
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


def replicate_groups(whole: Whole, moments: Sequence[tuple[Array, Array]]) -> list[ReplicateGroup]:
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


def _with_moments(whole: Whole, factors: Iterator[Factors]) -> Iterator[Drawn]:
    """Covariances under rules."""
    rows = [CompleteRows(part.kept.rows, part.kept.weights) for part in whole.parts]
    kind: Discrepancy = whole.kind  # type: ignore[assignment]
    for batch in factors:
        moments, sizes = moments_of(whole, batch, rows), _sizes(whole, batch)
        groups = replicate_groups(whole, moments)
        for r in range(len(batch[0])):
            own = [replace(replicate_group(g, r), n=float(n[r])) for g, n in zip(groups, sizes, strict=True)]
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
            if not all(data.n.size for data in patterns):
                # a group of which nobody was drawn
                yield Drawn(None)
                continue
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
            yield Drawn(FullInformation(groups), tuple(covariates) if whole.has_covariates else ())


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
                # where it is all of them, nobody of a group was drawn
                yield Drawn(None, items=() if set(items) == set(whole.table.observed) else items)
                continue
            moments = [
                (own.moments[r], np.ones(own.moments.shape[1]) if own.weight is None else own.weight[r])
                for own in found
            ]
            yield _least_squares(whole, implied, moments, [float(n[r]) for n in sizes])


def _without_moments(whole: Whole, found: Sequence[OrderedReplicates], r: int) -> tuple[str, ...]:
    """The items for which a replicate has no correlations."""
    return tuple(
        dict.fromkeys(
            part.table.observed[i] for part, own in zip(whole.parts, found, strict=True) for i in own.lost[r]
        )
    )


@dataclass(frozen=True, eq=False)
class OwnMoments:
    """Of some rows: the moments (k,) of the discrepancy, NaN where there is none, and their weight.

    covariates : covariance and mean of the observed.
    """

    vector: Array
    weight: Array
    covariates: tuple[Array, Array]


MadeOfRows = Callable[[Positions, Array | None], OwnMoments]
"""Rows and their weights."""


def _with_rows(whole: Whole, factors: Iterator[Factors], by_part: Sequence[MadeOfRows]) -> Iterator[Drawn]:
    """The way of the whole sample, with the rows of each replicate."""
    implied = [m.vector(whole.theta)[0] for m in whole.fit.models]
    for batch in factors:
        sizes = _sizes(whole, batch)
        for r in range(len(batch[0])):
            try:
                found = [
                    made(*drawn_rows(f[r], part.kept.weights))
                    for made, part, f in zip(by_part, whole.parts, batch, strict=True)
                ]
            except NumericsError as err:
                yield Drawn(None, items=tuple(whole.table.observed[i] for i in err.positions))
                continue
            except (BadInput, np.linalg.LinAlgError):
                yield Drawn(None)
                continue
            moments = [(own.vector, own.weight) for own in found]
            covariates = tuple(own.covariates for own in found) if whole.has_covariates else ()
            yield _least_squares(whole, implied, moments, [float(n[r]) for n in sizes], covariates)


def _least_squares(
    whole: Whole,
    implied: Sequence[Array],
    moments: Sequence[tuple[Array, Array]],
    sizes: Sequence[float],
    covariates: tuple[tuple[Array, Array], ...] = (),
) -> Drawn:
    """implied : moments at the solution of the whole sample."""
    groups, absent = [], []
    for model, at, (vector, weight), size in zip(whole.fit.models, implied, moments, sizes, strict=True):
        beyond = np.isnan(vector)
        own = weight
        if beyond.any():
            # a threshold the replicate does not have stays where it is and pulls at nothing
            own = weight.copy()
            own[beyond] = NEARLY_NOTHING * np.median(weight[~beyond])
        groups.append(WeightedMoments(model, np.where(beyond, at, vector), own, size))
        if isinstance(model, OrderedMoments):
            absent.append(beyond[: model.thresholds.row.size])
    lacking = any(own.any() for own in absent)
    return Drawn(LeastSquares(groups), covariates, tuple(absent) if lacking else ())


def _continuous_moments(whole: Whole, g: int) -> MadeOfRows:
    part, was, problem = whole.parts[g], whole.fit.data[g], whole.fit.problem

    def of(rows: Positions, weights: Array | None) -> OwnMoments:
        sample = Sample.of_rows(part.kept.rows[rows], weights=weights, total=was.n)
        own = Problem.of(
            [problem.models[g]],
            [sample],
            estimator=whole.options.estimator,
            likelihood=problem.likelihood,
        )
        return OwnMoments(own.vectors[0], own.weights[0], (sample.cov, sample.mean))

    return of


def _ordered_moments(whole: Whole, g: int) -> MadeOfRows:
    """Ordered items with numbers or covariates among them, or for weights that need all of Gamma."""
    part, was = whole.parts[g], whole.fit.data[g].ordered
    assert was is not None
    p = len(was.correlation)
    items, numbers = part.table.observed[:p], was.numeric.tolist()
    own = part.kept.select(items)
    codes, categories = own.codes(numbers=[items[j] for j in numbers])
    x = part.kept.rows[:, p:]
    answers = np.where(codes >= 0, codes, np.nan)
    answers[:, numbers] = own.rows[:, numbers]
    counts = [0 if j in numbers else c for j, c in enumerate(categories)]

    def of(rows: Positions, weights: Array | None) -> OwnMoments:
        if numbers or x.shape[1]:
            sample = mixed_sample(answers[rows], counts, covariates=x[rows], weights=weights)
        else:
            sample = ordered_sample(codes[rows], categories, weights=weights)
        covariates = with_covariates(sample, x[rows], weights)
        places = _places_of_cuts(was, sample)
        t = sample.thresholds.size
        if whole.kind == "WLS":
            if not np.array_equal(places, np.arange(t)):
                raise NumericsError("an answer is chosen by nobody")
            return OwnMoments(sample.moments, inverse(sample.gamma), covariates)
        vector, spread = sample.moments, np.diagonal(sample.gamma)
        own_cuts = np.where(places >= 0, vector[places], np.nan)
        moments = np.concatenate([own_cuts, vector[t:]])
        if whole.kind == "ULS":
            return OwnMoments(moments, np.ones(moments.size), covariates)
        if not (spread > 0).all():
            raise NumericsError("a moment has no spread")
        return OwnMoments(moments, 1 / np.concatenate([spread[places], spread[t:]]), covariates)

    return of


def _places_of_cuts(was: OrderedSample, sample: OrderedSample) -> Positions:
    """(t,) which threshold of a replicate each of the whole sample is; -1 beyond all answers to the item.

    Between two answers that the replicate has, a threshold above one that it has not is the one below it.
    """
    places, first = [], 0
    for before, now in zip(was.used, sample.used, strict=True):
        if not before.size:
            continue
        below = np.searchsorted(now, before[:-1], side="right")
        inside = (below > 0) & (below < now.size)
        places.append(np.where(inside, first + below - 1, -1))
        first += now.size - 1
    return np.concatenate(places).astype(np.intp)
