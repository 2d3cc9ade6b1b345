"""Replicates of a model that are solved one by one, as the whole sample was: from its solution.

For what `bootstrap.replicas` has no stacks of matrices for: several groups, answers with gaps, ordered items,
rules among parameters. Each replicate has its own moments (thresholds, weights, covariates too). Of several
groups each is resampled by itself and counts as many respondents as it has; with case weights, as much as the
weights of the replicate say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from csat.analyses.structural.quantities import (
    Quantities,
    Replicas,
    defined_rows,
    labelled_rows,
    quantities_at,
)
from csat.analyses.structural.replicate_draws import (
    Drawn,
    Factors,
    drawn_replicates,
    moments_of,
    replicate_groups,
)
from csat.analyses.structural.threshold_labels import defines_by_thresholds, labels_of_thresholds
from csat.analyses.structural.whole import Part, Whole
from csat.errors import CannotCompute
from csat.numerics.constrained import information_within
from csat.numerics.descent import Objective
from csat.numerics.moment_vectors import OrderedMoments
from csat.numerics.refitting import refitted
from csat.numerics.replicate_samples import CompleteRows
from csat.numerics.replication import Replication, left_out_groups
from csat.numerics.resampling import MOST_LOST, row_factors, uniform_words
from csat.numerics.sem_bootstrap import Discrepancy, Refits, refits
from csat.numerics.solution import undetermined

Array = NDArray[np.float64]
Positions = NDArray[np.intp]

CELLS_AT_ONCE = 1_000_000
"""Factors of a batch of replicates: 8 MB."""
TABLE_CELLS_AT_ONCE = 4_000_000
"""Joint counts, or moments by pattern of gaps, of a batch: 32 MB."""


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
class AllReplicas:
    """parts : by group, in their order. defined : parameters made of those of any group, or None.

    items : how many replicates have no moments because of an item. absent : how many lack a threshold of it.
    """

    parts: tuple[Replicas, ...]
    defined: Replicas | None
    items: Mapping[str, int]
    absent: Mapping[str, int]


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
    count = _count(whole, replicates)
    drawn = solved_replicates(whole, _batches(whole, replicates, seed), count)
    left_out = None
    if leave_out:
        without, units = _without(whole)
        left_out = solved_replicates(whole, without, units, most_failed=units)
    p = math.nan
    if bollen_stine and whole.turns:
        turned = _turned(whole)
        true = solved_replicates(turned, _batches(whole, replicates, seed), count).fits.discrepancy
        good = true[np.isfinite(true)]
        if good.size >= (1 - MOST_LOST) * count:
            p = float(np.mean(good >= whole.fit.estimate.discrepancy))
    return _gathered(whole, drawn, left_out, p, draws=replicates, seed=seed)


def solved_replicates(
    whole: Whole, factors: Iterator[Factors], count: int, *, most_failed: int | None = None
) -> Refitted:
    """The model fitted to replicates of its rows. factors : batches of them, `count` replicates in all."""
    most = int(MOST_LOST * count) if most_failed is None else most_failed
    lower, upper = whole.bounds
    if whole.by_moments and whole.constraints is None and not whole.shares_vary:
        return _stacked(whole, factors, count, most)
    seen: list[Drawn] = []

    def objectives() -> Iterator[Objective | None]:
        for one in drawn_replicates(whole, factors):
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
        structures_are_fixed=not whole.has_covariates,
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
            replication=_replication(whole, part),
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


def _replication(whole: Whole, part: Part) -> Replication | None:
    """How rows are resampled. Factors below zero are for what rests on covariances alone."""
    made = part.kept.replication
    return made.as_draws() if made is not None and whole.by_moments else made


def _count(whole: Whole, replicates: int) -> int:
    made = _replication(whole, whole.parts[0])
    return replicates if made is None else made.count(replicates)


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


def _stacked(whole: Whole, factors: Iterator[Factors], count: int, most_failed: int) -> Refitted:
    """All replicates at once: what they are fitted to are stacks of covariances."""
    rows = [CompleteRows(part.kept.rows, part.kept.weights) for part in whole.parts]
    batches = [moments_of(whole, batch, rows) for batch in factors]
    moments = [
        (np.concatenate([cov for cov, _ in own]), np.concatenate([mean for _, mean in own]))
        for own in zip(*batches, strict=True)
    ]
    lower, upper = whole.bounds
    kind: Discrepancy = whole.kind  # type: ignore[assignment]
    fits = refits(
        replicate_groups(whole, moments),
        whole.theta,
        whole.hessian,
        discrepancy=kind,
        lower=lower,
        upper=upper,
        most_failed=most_failed,
    )
    covariates = []
    if whole.has_covariates:
        covariates = [tuple((cov[r], mean[r]) for cov, mean in moments) for r in range(count)]
    return Refitted(fits, covariates)


# ---- what is told of them -----------------------------------------------


def _gathered(
    whole: Whole, drawn: Refitted, left_out: Refitted | None, p: float, *, draws: int, seed: int
) -> AllReplicas:
    """draws : of combinations, where the replicates are no draws."""
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
    told = [told_of(whole, one) for one in (itself, drawn) + (() if left_out is None else (left_out,))]
    rows = [[*by_part, defined] for by_part, defined in told]
    tables = [*(part.table for part in whole.parts), whole.table]
    fits, solved = drawn.fits, None
    made = _replication(whole, whole.parts[0])
    if made is not None and not made.is_drawn:
        # replicates that delete or halve: normal combinations of their estimates have their variance
        roots = np.sqrt(made.variance_coefficients())
        normals = ndtri(uniform_words(np.arange(roots.size), draws, seed=seed))
        rows[1] = [many.combined(one, roots, normals) for one, many in zip(rows[0], rows[1], strict=True)]
        none = math.nan if fits.failed > MOST_LOST * fits.discrepancy.size else 0.0
        fits, solved = Refits(np.zeros((draws, 0)), np.full(draws, none), np.zeros(draws)), drawn.fits
    made_of = [
        Replicas(
            table,
            rows[0][g],
            rows[1][g],
            rows[2][g] if left_out is not None else None,
            fits,
            p,
            drawn.items,
            absent,
            solved,
        )
        for g, table in enumerate(tables)
    ]
    defined = made_of[-1] if len(whole.parts) > 1 and whole.table.defined else None
    return AllReplicas(tuple(made_of[:-1]), defined, drawn.items, absent)


def told_of(whole: Whole, found: Refitted) -> tuple[list[Quantities], Quantities]:
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
    solved = np.isfinite(found.fits.discrepancy)
    return by_part, Quantities(raw, latent, complete, none, none, none, none, proper, solved)


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
    by_cuts = defines_by_thresholds(part.table)
    told = quantities_at(replace(part.table, defined=()) if by_cuts else part.table, here)
    if not isinstance(model, OrderedMoments):
        return told
    cuts = model.thresholds
    values = np.where(cuts.free, theta[:, np.maximum(cuts.parameter, 0)], cuts.value).T
    values = np.where(np.isfinite(theta).all(axis=1), values, np.nan)
    for r, one in enumerate(found.absent):
        if one:
            values[_nowhere(whole, one, g), r] = np.nan
    with np.errstate(invalid="ignore"):
        standard = values / np.sqrt(here.total_variance)[:, cuts.row].T
    if by_cuts:
        made = [
            defined_rows(
                part.table.defined,
                {label: cut[k] for k, label in labels_of_thresholds(part.solution).items()}
                | labelled_rows(part.table, rows),
                len(theta),
            )
            for rows, cut in ((told.raw, values), (told.latent, values), (told.complete, standard))
        ]
        told = told.with_rows(*made)
    told = told.with_rows(values, values, standard)
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
