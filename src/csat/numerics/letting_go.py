"""What the data would say if several places of a model had their own numbers: joint score tests.

A place is a cell of a structure in a group: one that shares its parameter with others, or one that is fixed.
For the places b let go together, beside the estimated parameters a,

    s' [I_bb - I_ba I_aa^-1 I_ab]^-1 s         on as many degrees of freedom as that matrix has rank,

and, where weights are not optimal (least squares with ordered items), with the covariance of the adjusted
scores, C B C' and C = (-I_ba I_aa^-1, 1), in place of the bracket: generalised score tests.

Letters as in `modification`; B the meat of `robust`.

References
----------
Soerbom (1989), Psychometrika 54, 371-384; Boos (1992), The American Statistician 46, 327-333.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from csat.numerics import robust
from csat.numerics.fitted import Fit
from csat.numerics.linalg import Array
from csat.numerics.modification import NOTHING_LEFT, score_and_information
from csat.numerics.moment_vectors import MomentStructure, OrderedMoments
from csat.numerics.robust import Piece
from csat.numerics.structure import Cells

Matrix = Literal["directed", "symmetric", "means", "thresholds"]
OF_STRUCTURE: tuple[Matrix, ...] = ("directed", "symmetric", "means")


@dataclass(frozen=True)
class Place:
    """The cell at this position among the cells of a matrix of a group."""

    group: int
    matrix: Matrix
    cell: int


@dataclass(frozen=True)
class ScoreTest:
    """statistic on df; df 0 where letting go changes nothing."""

    statistic: float
    df: int


def score_tests(found: Fit, sets: Sequence[Sequence[Place]]) -> list[ScoreTest]:
    """The score test of each set of places let go together, in their order."""
    wanted = {place for places in sets for place in places}
    models, theta, shared, at = _separate(found, wanted)
    score, info = score_and_information(found, models, theta)
    q = found.theta.size
    held = found.estimate.on_bound
    base = np.zeros((theta.size, q))
    free = np.flatnonzero(shared >= 0)
    base[free, shared[free]] = 1.0
    base = base[:, ~held]
    meat = _meat(found, models, theta) if found.data[0].ordered is not None else None
    iaa = base.T @ info @ base
    scale = np.sqrt(np.maximum(np.diagonal(iaa), 1e-300))
    inverse = np.linalg.pinv(iaa / np.outer(scale, scale), rcond=1e-12, hermitian=True)
    inverse = inverse / np.outer(scale, scale)
    # scores of all places, once the estimated parameters have adapted
    adjusted = np.eye(theta.size) - info @ base @ inverse @ base.T
    spread = adjusted @ (info if meat is None else meat) @ adjusted.T
    own = np.sqrt(np.maximum(np.diagonal(info), 1e-300))
    made = []
    for places in sets:
        rows = [at[place] for place in places]
        left = spread[np.ix_(rows, rows)] / np.outer(own[rows], own[rows])
        values, vectors = np.linalg.eigh((left + left.T) / 2)
        kept = values > NOTHING_LEFT
        along = vectors[:, kept].T @ (score[rows] / own[rows])
        made.append(ScoreTest(float((along**2 / values[kept]).sum()), int(kept.sum())))
    return made


def _separate(
    found: Fit, wanted: set[Place]
) -> tuple[list[MomentStructure], Array, np.ndarray[tuple[int], np.dtype[np.intp]], dict[Place, int]]:
    """Models in which every free or wanted place is a parameter, their values, which theta each was (-1
    fixed), and where the wanted ones are."""
    models: list[MomentStructure] = []
    values: list[float] = []
    shared: list[int] = []
    at: dict[Place, int] = {}

    def numbered(cells: Cells, g: int, matrix: Matrix | None) -> Cells:
        parameter = cells.parameter.copy()
        filled = cells.filled(found.theta)
        for cell in range(parameter.size):
            place = None if matrix is None else Place(g, matrix, cell)
            if parameter[cell] < 0 and place not in wanted:
                continue
            if place in wanted and place is not None:
                at[place] = len(shared)
            shared.append(int(parameter[cell]))
            values.append(float(filled[cell]))
            parameter[cell] = len(shared) - 1
        return replace(cells, parameter=parameter)

    for g, model in enumerate(found.models):
        s = model.structure
        structure = replace(
            s,
            directed=numbered(s.directed, g, "directed"),
            symmetric=numbered(s.symmetric, g, "symmetric"),
            means=numbered(s.means, g, "means"),
        )
        new = replace(model, structure=structure)  # type: ignore[type-var]
        if isinstance(new, OrderedMoments):
            new = replace(
                new,
                thresholds=numbered(new.thresholds, g, "thresholds"),
                scales=numbered(new.scales, g, None),
            )
        models.append(new)
    return models, np.array(values), np.array(shared, dtype=np.intp), at


def _meat(found: Fit, models: Sequence[MomentStructure], theta: Array) -> Array:
    """Covariance of the scores of -N F / 2 at theta."""
    pieces = [
        Piece(share, model.moments(theta).jacobian, weight, gamma)
        for share, model, weight, gamma in zip(found.shares, models, found.weights, found.gammas, strict=True)
    ]
    return robust.meat(pieces) * found.multiplier
