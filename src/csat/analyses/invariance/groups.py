"""Samples of each group large enough, and the model of one group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import (
    FACTOR_RESPONDENTS,
)
from csat.analyses.result import Caution
from csat.analyses.structural.answers import Answers, shares
from csat.analyses.structural.setup import structure_of
from csat.errors import CannotCompute, NumericsError
from csat.instrument.parameters import ParameterTable
from csat.instrument.statements import COVARIES
from csat.language import Text
from csat.numerics import linalg
from csat.numerics.fitting import Sample
from csat.numerics.invariance import Equal, Step, across_groups, ordered_across_groups
from csat.numerics.letting_go import Matrix, Place
from csat.numerics.moment_vectors import ContinuousMoments, MomentStructure, OrderedMoments
from csat.numerics.ordered import OrderedSample, ordered_sample
from csat.numerics.structure import Cells, Structure

if TYPE_CHECKING:
    pass

Array = NDArray[np.float64]


def samples_of(
    table: ParameterTable, groups: Mapping[str, Answers], missing: str, ordered: bool
) -> tuple[list[Sample], dict[str, Answers], tuple[Caution, ...]]:
    """Of each group large enough, with cautions about the others and the small."""
    least = len(table.observed) + 1
    kept: dict[str, Answers] = {}
    sizes: dict[str, int] = {}
    for name, answers in groups.items():
        own = answers.select(table.observed)
        known = ~np.isnan(own.rows)
        sizes[name] = int((known.all(axis=1) if missing == "listwise" else known.any(axis=1)).sum())
        if sizes[name] >= least:
            kept[name] = own.kept(missing)
    left = [name for name in groups if name not in kept]
    said = ", ".join(f"{name} (n = {sizes[name]})" for name in left)
    if len(kept) < 2:
        raise CannotCompute(
            f"{len(groups)} group{'' if len(groups) == 1 else 's'} given"
            + (f", too small to be fitted: {said}" if left else ""),
            where="invariance",
            do=f"At least two groups with {least} or more complete answers are needed, "
            f"better {FACTOR_RESPONDENTS.value:g} each; merge small groups",
        )
    cautions = []
    if left:
        text = Text(
            "Left out, fewer than {n} complete answers: {names}.",
            "以下组别完整答卷少于 {n} 份，未纳入：{names}。",
        )
        cautions.append(Caution("group_left_out", text.fill(n=least, names=said), tuple(left)))
    small = [name for name in kept if not FACTOR_RESPONDENTS.met(sizes[name])]
    if small:
        text = Text(
            "Small groups: {names}. Below {n} respondents differences go unnoticed and estimates are "
            "unsteady.",
            "样本较小的组别：{names}。少于 {n} 人时差异难以察觉，估计也不稳定。",
        ).fill(n=f"{FACTOR_RESPONDENTS.value:g}", names=", ".join(f"{g} (n = {sizes[g]})" for g in small))
        cautions.append(Caution("small_group", text, tuple(small)))
    if ordered:
        return _ordered_samples(table, kept), kept, tuple(cautions)
    totals = shares(kept)
    samples = []
    for name, answers in kept.items():
        try:
            if missing == "fiml":
                sample = Sample.of_gaps(answers.rows, weights=answers.weights, total=totals.get(name))
            else:
                sample = Sample.of_rows(answers.rows, weights=answers.weights, total=totals.get(name))
            linalg.require_variance(np.diagonal(sample.cov))
            linalg.cholesky(sample.cov)
        except NumericsError as err:
            raise err.named(table.observed, where=f"group '{name}'") from err
        samples.append(sample)
    return samples, kept, tuple(cautions)


def _ordered_samples(table: ParameterTable, kept: Mapping[str, Answers]) -> list[Sample]:
    together = np.vstack([a.rows for a in kept.values()])
    found: dict[str, OrderedSample] = {}
    scales = next(iter(kept.values())).scales
    # the values anyone gave are the scale, not those of one group
    values = tuple(
        s or tuple(np.unique(column[~np.isnan(column)]).tolist())
        for s, column in zip(scales, together.T, strict=True)
    )
    for name, answers in kept.items():
        codes, categories = replace(answers, scales=values).codes()
        try:
            found[name] = ordered_sample(codes, categories, weights=answers.weights)
        except NumericsError as err:
            raise err.named(table.observed, where=f"group '{name}'") from err
    for j, item in enumerate(table.observed):
        counts = {name: int((s.item == j).sum()) for name, s in found.items()}
        if len(set(counts.values())) > 1:
            most = max(counts.values())
            lacking = [name for name, k in counts.items() if k < most]
            raise CannotCompute(
                f"nobody in {', '.join(lacking)} chose some answer of {item} that others chose, so its "
                "thresholds cannot be compared",
                where="invariance",
                do="Merge rare answers, leave the item out, or treat the items as numbers (without ordered)",
            )
    totals = shares(kept)
    return [Sample.of_ordered(s, total=totals.get(name)) for name, s in found.items()]


MATRIX_OF: Mapping[Equal, Matrix] = {
    "loadings": "directed",
    "intercepts": "means",
    "residuals": "symmetric",
}


@dataclass(frozen=True, eq=False)
class Ground:
    """The model of one group: structure, q, start and bounds (q,), thresholds of ordered items."""

    table: ParameterTable
    structure: Structure
    count: int
    start: Array
    lower: Array
    upper: Array
    thresholds: Cells | None

    def models(
        self, groups: int, level: Step, released: Sequence[tuple[Equal, int]]
    ) -> tuple[list[MomentStructure], int]:
        """Of all groups at a level."""
        if self.thresholds is not None:
            one = OrderedMoments(self.structure, self.thresholds)
            found, total = ordered_across_groups(one, self.count, groups, step=level, released=released)
            return list(found), total
        structures, total = across_groups(self.structure, self.count, groups, step=level, released=released)
        return [ContinuousMoments(s) for s in structures], total

    def spread(self, models: Sequence[MomentStructure], total: int, values: Array, rest: float) -> Array:
        """(total,) what is said of each parameter of one group, for its likes in all groups."""
        found = np.full(total, rest)
        for model in models:
            for name in ("directed", "symmetric", "means"):
                old, new = getattr(self.structure, name), getattr(model.structure, name)
                free = old.free
                found[new.parameter[free]] = values[old.parameter[free]]
        return found

    def cells(self, kind: Equal) -> Cells:
        """Where the parameters of a kind stand."""
        s = self.structure
        if kind == "thresholds":
            assert self.thresholds is not None
            return self.thresholds
        return {"loadings": s.directed, "intercepts": s.means, "residuals": s.symmetric}[kind]

    def movable(self, level: Step) -> list[tuple[Equal, int]]:
        """Equalities a level adds: a kind and a cell, or the item whose thresholds they are."""
        p, s = self.structure.observed, self.structure
        if level == "metric":
            return [("loadings", int(at)) for at in np.flatnonzero(s.directed.free)]
        if level == "strict":
            own = s.symmetric.free & (s.symmetric.row < p) & (s.symmetric.row == s.symmetric.column)
            return (
                [] if self.thresholds is not None else [("residuals", int(at)) for at in np.flatnonzero(own)]
            )
        if level != "scalar":
            return []
        # intercepts of constructs that are measured by others are held at zero
        measured = (s.means.row >= p) & np.isin(s.means.row, s.directed.row) & ~s.means.free
        of_items = (s.means.row < p) & s.means.free
        found: list[tuple[Equal, int]] = [
            ("intercepts", int(at)) for at in np.flatnonzero(of_items | measured)
        ]
        if self.thresholds is not None:
            found += [("thresholds", i) for i in range(p)]
        return found

    def item_of(self, kind: Equal, at: int) -> int:
        """Position of the item (or construct) an equality is about."""
        return at if kind == "thresholds" else int(self.cells(kind).row[at])

    def places(self, kind: Equal, at: int, group: int) -> list[Place]:
        """Where an equality stands in a group, with all that share its parameter by a label of the model."""
        if kind == "thresholds":
            own = np.flatnonzero(self.cells(kind).row == at)
            return [Place(group, "thresholds", int(cell)) for cell in own]
        matrix = MATRIX_OF[kind]
        return [Place(group, matrix, cell) for cell in self.alike(kind, at)]

    def alike(self, kind: Equal, at: int) -> list[int]:
        """The cell, and those that share its parameter by a label of the model."""
        parameter = self.cells(kind).parameter
        if kind == "thresholds" or parameter[at] < 0:
            return [at]
        return np.flatnonzero(parameter == parameter[at]).tolist()

    def constructs_of(self, item: int) -> list[int]:
        """Positions of what measures an item."""
        cells = self.structure.directed
        return [int(c) for c in cells.column[cells.row == item]]

    def items_of(self, construct: int) -> list[int]:
        """Positions of what a construct is measured by."""
        cells = self.structure.directed
        return [int(i) for i in cells.row[cells.column == construct]]


def ground_of(table: ParameterTable, samples: Sequence[Sample], ordered: bool) -> Ground:
    p, v = len(table.observed), len(table.variables)
    cuts = None
    if ordered:
        # the residual variance of an ordered item is what leaves its total 1: no cell of its own
        rows = tuple(
            replace(r, free=False, value=0.0)
            if r.operator == COVARIES and r.left == r.right and r.left in table.observed
            else r
            for r in table.rows
        )
        table = replace(table, rows=rows)
    structure, start = structure_of(table, samples[0].cov, samples[0].mean)
    count = len(table.free)
    lower = np.array([max(table.rows[i].lower for i in rows) for rows in table.free])
    upper = np.array([min(table.rows[i].upper for i in rows) for rows in table.free])
    if ordered and samples[0].ordered is not None:
        latent = np.arange(p, v)
        none = np.full(latent.size, -1, dtype=np.intp)
        structure = replace(structure, means=Cells(latent, latent, none, np.zeros(latent.size)))
        item = samples[0].ordered.item
        rank = np.concatenate([np.arange(np.sum(item == i)) for i in range(p)]).astype(np.intp)
        cuts = Cells(item, rank, count + np.arange(item.size, dtype=np.intp), np.zeros(item.size))
        count += item.size
    return Ground(table, structure, count, start, lower, upper, cuts)
