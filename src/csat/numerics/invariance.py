"""Structures of several groups that share parameters step by step: configural, metric, scalar, strict.

From the structure of one group (with means) come those of all: what a step holds equal is one parameter in
every group, the rest is each group's own. Constructs have mean zero in the first group; from the step on
that holds intercepts (thresholds) equal, their means are free in the others. Loadings are those of every
order; a construct that is measured by another has an intercept, zero in all groups, and only the topmost
have means.

References
----------
Meredith (1993), Psychometrika 58, 525-543; Millsap & Yun-Tein (2004); Wu & Estabrook (2016); Chen, Sousa &
West (2005) on constructs of the second order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.numerics.moment_vectors import OrderedMoments
from csat.numerics.structure import Cells, Structure

Positions = NDArray[np.intp]
Step = Literal["configural", "metric", "scalar", "strict"]
Equal = Literal["loadings", "intercepts", "residuals", "thresholds"]

STEPS: Mapping[Step, frozenset[Equal]] = {
    "configural": frozenset(),
    "metric": frozenset({"loadings"}),
    "scalar": frozenset({"loadings", "intercepts"}),
    "strict": frozenset({"loadings", "intercepts", "residuals"}),
}
"""What each step holds equal. Of ordered items "intercepts" are the thresholds, "residuals" the scales.

"thresholds" is only let go: those of an item together.
"""


def across_groups(
    structure: Structure,
    count: int,
    groups: int,
    *,
    step: Step,
    released: Collection[tuple[Equal, int]] = (),
) -> tuple[list[Structure], int]:
    """The structures of all groups at a step, and how many parameters they have together.

    Parameters
    ----------
    structure : of one group, with an intercept cell for every observed variable and a mean cell (fixed at 0)
        for every construct. count : q of it. released : (kind, position of the cell in its matrix) of
        equalities let go, for partial invariance; of a construct measured by another, the cell of its
        intercept.

    Notes
    -----
    Labels that make parameters of one group equal are kept in each group.
    """
    if groups < 2:
        return [structure], count
    p = structure.observed
    equal = STEPS[step]
    directed, symmetric, means = structure.directed, structure.symmetric, structure.means
    shared = np.zeros(count, dtype=bool)
    places: tuple[tuple[Equal, Cells, NDArray[np.bool_]], ...] = (
        ("loadings", directed, directed.column >= p),
        ("intercepts", means, means.row < p),
        ("residuals", symmetric, (symmetric.row < p) & (symmetric.row == symmetric.column)),
    )
    for kind, cells, where in places:
        if kind in equal:
            loose = [at for k, at in released if k == kind]
            where = where & cells.free & ~np.isin(np.arange(cells.row.size), loose)
            shared[cells.parameter[where]] = True
    found, total = [structure], count
    used = np.zeros(count, dtype=bool)
    for cells in (directed, symmetric, means):
        used[cells.parameter[cells.free]] = True
    for _ in range(1, groups):
        number = np.where(shared, np.arange(count), -1)
        own = np.flatnonzero(~shared & used)
        number[own] = total + np.arange(own.size)
        total += own.size
        new_means = _renumbered(means, number)
        if "intercepts" in equal:
            latent = np.flatnonzero((means.row >= p) & ~means.free & (means.value == 0))
            measured = np.isin(means.row[latent], directed.row)
            loose = [at for k, at in released if k == "intercepts"]
            latent = latent[~measured | np.isin(latent, loose)]
            parameter = new_means.parameter.copy()
            parameter[latent] = total + np.arange(latent.size)
            new_means = replace(new_means, parameter=parameter)
            total += latent.size
        found.append(
            replace(
                structure,
                directed=_renumbered(directed, number),
                symmetric=_renumbered(symmetric, number),
                means=new_means,
            )
        )
    return found, total


def renumbered(structure: Structure, number: Positions) -> Structure:
    """The structure with parameter k as number[k]."""
    return replace(
        structure,
        directed=_renumbered(structure.directed, number),
        symmetric=_renumbered(structure.symmetric, number),
        means=_renumbered(structure.means, number),
    )


def _renumbered(cells: Cells, number: Positions) -> Cells:
    if not number.size:
        return cells
    parameter = np.where(cells.free, number[np.maximum(cells.parameter, 0)], -1).astype(np.intp)
    return replace(cells, parameter=parameter)


def ordered_across_groups(
    model: OrderedMoments,
    count: int,
    groups: int,
    *,
    step: Step,
    released: Collection[tuple[Equal, int]] = (),
) -> tuple[list[OrderedMoments], int]:
    """The same for ordered items: thresholds take the place of intercepts.

    Where thresholds are equal the scales of the items are free in the groups after the first (delta
    parameterisation), unless "strict" fixes them at 1 again; the means of the constructs become free with
    them.

    Parameters
    ----------
    model : of one group; its thresholds must be of the same categories in all groups. Its structure needs a
        mean cell, fixed at 0, for every construct. released : as `across_groups`; ("thresholds", item) for an
        item that keeps its own, which has scale 1 where its loading is let go too: nothing tells it then.
    """
    p = model.structure.observed
    structures, total = across_groups(model.structure, count, groups, step=step, released=released)
    directed = model.structure.directed
    own_loading = {int(directed.row[at]) for kind, at in released if kind == "loadings"}
    loose = [at for kind, at in released if kind == "thresholds"]
    equal = STEPS[step]
    if "intercepts" in equal:
        items = np.arange(p)
        ones = Cells(items, items, np.full(p, -1, dtype=np.intp), np.ones(p))
    found = [replace(model, structure=structures[0])]
    for structure in structures[1:]:
        if "intercepts" not in equal:
            thresholds = model.thresholds.row.size
            cuts = replace(model.thresholds, parameter=total + np.arange(thresholds, dtype=np.intp))
            total += thresholds
            found.append(replace(model, structure=structure, thresholds=cuts))
            continue
        cuts, scales = model.thresholds, ones
        own = np.flatnonzero(np.isin(cuts.row, loose))
        if own.size:
            parameter = cuts.parameter.copy()
            parameter[own] = total + np.arange(own.size)
            total += own.size
            cuts = replace(cuts, parameter=parameter)
        if "residuals" not in equal:
            free = np.flatnonzero(~np.isin(items, [i for i in loose if i in own_loading]))
            parameter = np.full(p, -1, dtype=np.intp)
            parameter[free] = total + np.arange(free.size)
            scales = replace(ones, parameter=parameter)
            total += free.size
        found.append(replace(model, structure=structure, thresholds=cuts, scales=scales))
    return found, total
