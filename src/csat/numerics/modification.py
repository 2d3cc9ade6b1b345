"""What the data would say about a fixed or shared parameter if it were let go: score tests.

Letters: s gradient of the log-likelihood (or of -n F / 2) and I information in a model with more parameters,
both where the fitted model is; a the parameters that are estimated, b those let go; the score test of b is
s_b' (I_bb - I_ba I_aa^-1 I_ab)^-1 s_b. All candidates are looked at in one pass.

References
----------
Soerbom (1989), Psychometrika 54, 371-384; Saris, Satorra & Soerbom (1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.numerics.asymptotic import normal_weight
from csat.numerics.constrained import free_directions
from csat.numerics.descent import Objective
from csat.numerics.estimation import Group, MaximumLikelihood
from csat.numerics.fitted import Fit
from csat.numerics.least_squares import LeastSquares, WeightedMoments
from csat.numerics.linalg import Array, inverse, vech_indices
from csat.numerics.missing import FullInformation, IncompleteGroup
from csat.numerics.moment_vectors import ContinuousMoments, MomentStructure, OrderedMoments
from csat.numerics.structure import Cells, Structure, implied

Positions = NDArray[np.intp]
Matrix = Literal["directed", "symmetric", "means"]

NOTHING_LEFT = 1e-7
"""A candidate whose information, given the others, is below this share of its own says nothing new."""


@dataclass(frozen=True)
class Candidate:
    """A cell that could be free. group : position. In "directed" row is the effect and column the cause."""

    group: int
    matrix: Matrix
    row: int
    column: int


@dataclass(frozen=True, eq=False)
class Indices:
    """Of each candidate: mi, the fall of chi-square to expect; epc, where its value would go (change)."""

    mi: Array
    epc: Array


def modification_indices(found: Fit, candidates: Sequence[Candidate]) -> Indices:
    """Modification index and expected parameter change of each candidate alone; NaN where undefined.

    A candidate that is already free, or that the rest of the model determines, is NaN.
    """
    # with gaps covariates count as free: letting something act on one is not refused for its moments
    present, known = (found.wider, found.wider_theta) if found.problem.gaps else (found.models, found.theta)
    q = known.size
    models, values = [], []
    for g, model in enumerate(present):
        own = [(i, c) for i, c in enumerate(candidates) if c.group == g]
        structure, start = _freed(model.structure, known, own, q)
        models.append(replace(model, structure=structure))  # type: ignore[type-var]
        values += start
    theta = np.concatenate([known, np.zeros(len(candidates))])
    for i, value in values:
        theta[q + i] = value
    score, info = score_and_information(found, models, theta)
    if found.problem.exogenous and not found.problem.gaps:
        info = info - _about_covariates(found, models, theta)
    held = np.zeros(q, dtype=bool)
    held[: found.theta.size] = found.estimate.on_bound
    within = found.estimate.within
    if within.size:
        within = np.pad(within, ((0, 0), (0, q - within.shape[1])))
    along = free_directions(within, held)
    b = np.arange(q, theta.size)
    iaa = along.T @ info[:q, :q] @ along
    scale = np.sqrt(np.maximum(np.diagonal(iaa), 1e-300))
    iab = along.T @ info[:q, b] / scale[:, None]
    inverse = np.linalg.pinv(iaa / np.outer(scale, scale), rcond=1e-12, hermitian=True)
    own_information = np.diagonal(info)[b]
    left = own_information - (iab * (inverse @ iab)).sum(axis=0)
    usable = left > NOTHING_LEFT * np.maximum(own_information, 1e-300)
    left = np.where(usable, left, np.nan)
    with np.errstate(over="ignore"):
        # where a solution ran away the slope can be beyond any number
        mi = score[b] ** 2 / left
    return Indices(np.where(np.isfinite(mi), mi, np.nan), score[b] / left)


def _freed(
    structure: Structure, theta: Array, own: Sequence[tuple[int, Candidate]], q: int
) -> tuple[Structure, list[tuple[int, float]]]:
    """The structure with a cell for each candidate, and the values they now have."""
    a_matrix, s_matrix, means = structure.matrices(theta)
    now = {"directed": a_matrix, "symmetric": s_matrix}
    parts: dict[str, Cells] = {
        "directed": structure.directed,
        "symmetric": structure.symmetric,
        "means": structure.means,
    }
    values = []
    for matrix, cells in parts.items():
        chosen = [(i, c) for i, c in own if c.matrix == matrix]
        if not chosen:
            continue
        row = np.array([c.row for _, c in chosen], dtype=np.intp)
        column = np.array([c.column for _, c in chosen], dtype=np.intp)
        values += [
            (i, float(means[c.row] if matrix == "means" else now[matrix][c.row, c.column])) for i, c in chosen
        ]
        parts[matrix] = Cells(
            np.concatenate([cells.row, row]),
            np.concatenate([cells.column, column]),
            np.concatenate([cells.parameter, q + np.array([i for i, _ in chosen], dtype=np.intp)]),
            np.concatenate([cells.value, np.zeros(row.size)]),
        )
    return (
        replace(structure, directed=parts["directed"], symmetric=parts["symmetric"], means=parts["means"]),
        values,
    )


def score_and_information(found: Fit, models: Sequence[MomentStructure], theta: Array) -> tuple[Array, Array]:
    """Gradient of -N F / 2 and its expected information, for all parameters at once.

    The information counts n respondents also where the discrepancy was multiplied with n - 1, and is the
    expected one whatever the standard errors rest on: lavaan's conventions.
    """
    objective = _objective(found, models)
    slope = objective.slope(objective.look(theta))
    size = found.n if found.method.discrepancy == "ML" else found.multiplier
    return -size / 2 * slope.gradient, found.n / 2 * slope.expected


def _about_covariates(found: Fit, models: Sequence[MomentStructure], theta: Array) -> Array:
    """What the moments of fixed covariates among themselves bring to the information: they tell nothing."""
    x = np.asarray(found.problem.exogenous)
    total = np.zeros((theta.size, theta.size))
    for model, data in zip(models, found.data, strict=True):
        assert isinstance(model, ContinuousMoments)
        at = implied(model.structure, theta)
        jacobian = model.moments(theta, at).jacobian
        rows, columns = vech_indices(model.structure.observed)
        own = np.isin(rows, x) & np.isin(columns, x)
        if model.with_means:
            own = np.concatenate([np.isin(np.arange(model.structure.observed), x), own])
        weight = normal_weight(inverse(at.covariance), means=model.with_means)[own]
        across = jacobian[own].T @ (weight @ jacobian)
        total += data.n * (across + across.T - jacobian[own].T @ weight[:, own] @ jacobian[own])
    return total


def _objective(found: Fit, models: Sequence[MomentStructure]) -> Objective:
    sizes = list(found.share_sizes)
    first = found.data[0]
    if first.gaps is not None:
        return FullInformation(
            [
                IncompleteGroup(m, d.gaps, d.saturated)
                for m, d in zip(models, found.data, strict=True)
                if isinstance(m, ContinuousMoments) and d.gaps is not None and d.saturated is not None
            ]
        )
    if found.method.discrepancy == "ML":
        return MaximumLikelihood(
            [
                Group(
                    m.structure,
                    cov,
                    size,
                    d.mean if m.structure.has_means else None,
                )
                for m, d, cov, size in zip(models, found.data, found.problem.covs, sizes, strict=True)
            ]
        )
    return LeastSquares(
        [
            WeightedMoments(m, s, w, size)
            for m, s, w, size in zip(models, found.samples, found.weights, sizes, strict=True)
        ]
    )


# ---- letting equalities go --------------------------------------------


@dataclass(frozen=True, eq=False)
class Releases:
    """Score tests of equalities: of each alone, statistic (m,), and of all together.

    pairs : (m, 2) places (rank among all free places, groups one after another) held equal.
    """

    pairs: Positions
    statistic: Array
    total: float
    df: int


def release_tests(found: Fit) -> Releases:
    """Score tests of every equality the model imposes: between places that share a parameter.

    The first place of a parameter is paired with each other one.
    """
    models, theta, places = _separate(found)
    score, info = score_and_information(found, models, theta)
    q = found.theta.size
    shared = np.zeros((places.size, q))
    shared[np.arange(places.size), places] = 1.0
    pairs = [
        (int(at[0]), int(other)) for k in range(q) for at in [np.flatnonzero(places == k)] for other in at[1:]
    ]
    m = len(pairs)
    # theta = shared x + directions y: y moves the second place of each pair alone
    directions = np.zeros((places.size, m))
    for j, (_, other) in enumerate(pairs):
        directions[other, j] = 1.0
    held = found.estimate.on_bound
    base = shared[:, ~held]
    full = np.hstack([base, directions])
    s, i = full.T @ score, full.T @ info @ full
    a = base.shape[1]
    inverse = np.linalg.pinv(i[:a, :a], rcond=1e-12, hermitian=True)
    left = i[a:, a:] - i[a:, :a] @ inverse @ i[:a, a:]
    own = s[a:]
    total, df = 0.0, 0
    statistic = np.full(m, np.nan)
    if m:
        values = np.linalg.pinv(left, rcond=1e-9, hermitian=True)
        total, df = float(own @ values @ own), int(np.linalg.matrix_rank(left, tol=1e-9 * left.max()))
        for j in range(m):
            statistic[j] = _released_alone(s, i, a, j)
    return Releases(np.array(pairs, dtype=np.intp).reshape(-1, 2), statistic, total, df)


def _released_alone(score: Array, info: Array, a: int, j: int) -> float:
    """With several places on one parameter, only the one equality is let go."""
    at = [*range(a), a + j]
    part = info[np.ix_(at, at)]
    inverse = np.linalg.pinv(part[:a, :a], rcond=1e-12, hermitian=True)
    left = part[a, a] - part[a, :a] @ inverse @ part[:a, a]
    return float(score[a + j] ** 2 / left)


def _separate(found: Fit) -> tuple[list[MomentStructure], Array, Positions]:
    """Models in which every free place is its own parameter, their values, and which theta each was."""
    models: list[MomentStructure] = []
    places: list[int] = []
    for model in found.models:
        s = model.structure
        own = replace(
            s,
            directed=_numbered(s.directed, places),
            symmetric=_numbered(s.symmetric, places),
            means=_numbered(s.means, places),
        )
        new = replace(model, structure=own)  # type: ignore[type-var]
        if isinstance(new, OrderedMoments):
            new = replace(
                new, thresholds=_numbered(new.thresholds, places), scales=_numbered(new.scales, places)
            )
        models.append(new)
    which = np.array(places, dtype=np.intp)
    return models, found.theta[which], which


def _numbered(cells: Cells, places: list[int]) -> Cells:
    free = np.flatnonzero(cells.free)
    parameter = cells.parameter.copy()
    parameter[free] = len(places) + np.arange(free.size)
    places += cells.parameter[free].tolist()
    return replace(cells, parameter=parameter)
