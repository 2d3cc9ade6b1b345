"""How well a PLS model predicts respondents it has not seen: PLSpredict and CVPAT.

Letters as in `numerics.pls`; m items of endogenous constructs, whose answers are predicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from csat.errors import ConstantItem, TooFew
from csat.numerics.pls import Array, PathStructure, PlsFit, Scheme, pls, scores
from csat.numerics.pls_stages import SecondStage
from csat.numerics.replicate_moments import moments, training_moments

Antecedents = Literal["direct", "earliest"]
Folds: TypeAlias = NDArray[np.intp]

FOLDS = 10


@dataclass(frozen=True)
class FirstStage:
    """What comes before a structure whose items are scores, or products of scores, of another.

    structure : of the first stage, over the answers. stage : what its scores become.
    order : (k,) place of each item of the second stage among kept items, scores, products.
    """

    structure: PathStructure
    stage: SecondStage
    order: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PlsPrediction:
    """Out-of-sample predictions of the items of endogenous constructs.

    items, owner : (m,) which columns of the answers, and the construct each belongs to; the items below a
    construct that is measured by constructs are its own. actual, predicted : (n, m) answers and PLS
    predictions. linear : (n, m) of a linear model, each item on the items of the antecedents. mean : (n, m)
    of the training mean. weights : (n,) or None.
    """

    structure: PathStructure
    items: NDArray[np.intp]
    owner: NDArray[np.intp]
    actual: Array
    predicted: Array
    linear: Array
    mean: Array
    weights: Array | None


@dataclass(frozen=True, eq=False)
class Accuracy:
    """(m,) root mean square error, mean absolute error, and Q2 = 1 - SSE / SSE of the training mean."""

    rmse: Array
    mae: Array
    q2: Array


@dataclass(frozen=True)
class LossTest:
    """Difference of mean losses, model minus benchmark: negative says the model predicts better.

    se, t, df, p : paired over respondents, two-sided.
    """

    model: float
    benchmark: float
    difference: float
    se: float
    t: float
    df: float
    p: float


def contiguous_folds(n: int, folds: int = FOLDS) -> Folds:
    """(n,) fold of each row: runs of neighbours, cut at equal steps of the row number (as R's cut)."""
    steps = np.linspace(1, n, folds + 1)
    return np.asarray(np.clip(np.searchsorted(steps, np.arange(1, n + 1), side="left") - 1, 0, folds - 1))


def random_folds(n: int, folds: int = FOLDS, *, rng: np.random.Generator) -> Folds:
    """(n,) fold of each row, sizes as equal as they can be, drawn at random."""
    return np.asarray(rng.permutation(np.arange(n) % folds))


def pls_predict(
    answers: ArrayLike,
    structure: PathStructure,
    folds: ArrayLike,
    *,
    scheme: Scheme = "path",
    antecedents: Antecedents = "direct",
    weights: ArrayLike | None = None,
    after: FirstStage | None = None,
) -> PlsPrediction:
    """Predict each fold by a model estimated on the others (Shmueli, Ray, Velasquez & Chatla 2016).

    Items and scores of the held-out rows are standardised by the training rows; the score of an endogenous
    construct is predicted by the paths to it, its items by their loadings. Behind a first stage both stages
    are trained; a predicted score of a construct of the first stage predicts its items in turn.

    Parameters
    ----------
    answers : (n, p) complete. folds : (n,) label of each row's fold.
    antecedents : `direct` predicts from the scores of the direct causes and benchmarks with their items;
        `earliest` goes through the model from the exogenous constructs, with the items of those.
    weights : (n,) case weights of the training.
    after : the first stage, when the items of `structure` are its scores.

    Raises
    ------
    TooFew : fewer rows outside a fold than the linear benchmark needs.
    ConstantItem : an item without variance outside a fold.
    """
    x, fold = np.asarray(answers, dtype=float), np.asarray(folds)
    w = None if weights is None else np.asarray(weights, dtype=float)
    plan = _Plan(structure, after)
    exogenous = [j for j in range(structure.constructs) if j not in structure.endogenous]
    predicted, linear, mean = (np.empty((len(x), len(plan.item))) for _ in range(3))
    trained = training_moments(x, fold, weights=w)
    for k, label in enumerate(np.unique(fold)):
        out = np.flatnonzero(fold == label)
        m, s, r = trained.mean[:, k], trained.sd[:, k], trained.correlation[..., k]
        if np.isnan(s).any():
            raise ConstantItem(
                "all answers to {items} are the same outside one of the folds",
                positions=np.flatnonzero(np.isnan(s)).tolist(),
                do="Leave the item out, or use fewer folds",
            )
        z = (x[out] - m) / s
        if after is None:
            fit, below = pls(r, structure, scheme=scheme), np.ones(len(plan.item))
            y = scores(z, fit)
        else:
            fit, y, below = _second(after, structure, x, fold != label, (m, s, r), z, scheme, w, plan)
        if antecedents == "earliest":
            for j in structure.order:
                if j in structure.endogenous:
                    y[:, j] = y @ fit.paths[:, j]
        ahead = y if antecedents == "earliest" else y @ fit.paths
        own = plan.item
        pull = fit.loadings[plan.place] * below * s[own]
        predicted[out] = ahead[:, plan.owner] * pull + m[own]
        for j in structure.endogenous:
            of_j = np.flatnonzero(plan.owner == j)
            by = plan.items_of(structure.parents(j) if antecedents == "direct" else exogenous)
            rows = len(x) - len(out)
            linear[np.ix_(out, of_j)] = (
                _linear(z[:, by], r, by, own[of_j], rows) * s[own[of_j]] + m[own[of_j]]
            )
        mean[out] = m[own]
    return PlsPrediction(structure, plan.item, plan.owner, x[:, plan.item], predicted, linear, mean, w)


class _Plan:
    """What is predicted, and from which answers: by column of the predictions.

    owner : construct of the structure. place : its place. item : column of the answers. lower : place in the
    first stage of an item below a score, else -1.
    """

    def __init__(self, structure: PathStructure, after: FirstStage | None) -> None:
        self._structure, self._after = structure, after
        rows = [
            (j, place, item, lower)
            for j in structure.endogenous
            for place in range(structure.slices[j].start, structure.slices[j].stop)
            for item, lower in self._below(place)
        ]
        self.owner, self.place, self.item, self.lower = np.array(rows, dtype=np.intp).reshape(-1, 4).T

    def items_of(self, constructs: Sequence[int]) -> NDArray[np.intp]:
        """Columns of the answers behind some constructs."""
        places = [p for j in constructs for p in range(len(self._structure.owner))[self._structure.slices[j]]]
        return np.unique([item for place in places for item, _ in self._below(place)])

    def _below(self, place: int) -> list[tuple[int, int]]:
        """Items behind a place, each with its place in the first stage."""
        at = int(self._structure.places[place])
        if self._after is None:
            return [(at, -1)]
        stage, first = self._after.stage, self._after.structure
        number = self._after.order[at]
        if number < len(stage.items):
            return [(stage.items[number], -1)]
        number -= len(stage.items)
        behind: tuple[int, ...]
        if number < len(stage.constructs):
            behind = (stage.constructs[number],)
        else:
            behind = stage.products[number - len(stage.constructs)]
        return [(int(first.places[q]), q) for c in behind for q in range(len(first.owner))[first.slices[c]]]


def _second(
    after: FirstStage,
    structure: PathStructure,
    x: Array,
    train: NDArray[np.bool_],
    found: tuple[Array, Array, Array],
    z: Array,
    scheme: Scheme,
    weights: Array | None,
    plan: _Plan,
) -> tuple[PlsFit, Array, Array]:
    """Second-stage fit, scores of the held-out rows, and the loading of each item on the score above it."""
    m, s, r = found
    first = pls(r, after.structure, scheme=scheme)

    def items(standard: Array) -> Array:
        y, stage = scores(standard, first), after.stage
        a, b = (np.array([p[i] for p in stage.products], dtype=np.intp) for i in (0, 1))
        kept = standard[:, list(stage.items)]
        return np.hstack([kept, y[:, list(stage.constructs)], y[:, a] * y[:, b]])[:, list(after.order)]

    described = moments(items((x[train] - m) / s), weights=None if weights is None else weights[train])
    fit = pls(described.correlation[..., 0], structure, scheme=scheme)
    y = scores((items(z) - described.mean[:, 0]) / described.sd[:, 0], fit)
    return fit, y, np.where(plan.lower < 0, 1.0, first.loadings[plan.lower])


def accuracy(prediction: PlsPrediction, of: Array) -> Accuracy:
    """How far predictions (`prediction.predicted`, `.linear` or `.mean`) are from the answers."""
    w, error = prediction.weights, prediction.actual - of
    naive = prediction.actual - prediction.mean
    square = np.average(error**2, axis=0, weights=w)
    return Accuracy(
        np.sqrt(square),
        np.asarray(np.average(np.abs(error), axis=0, weights=w)),
        1.0 - square / np.average(naive**2, axis=0, weights=w),
    )


def losses(prediction: PlsPrediction, of: Array, *, construct: int | None = None) -> Array:
    """(n,) mean squared error of each respondent, over the items of one construct or of all endogenous."""
    owner = prediction.owner
    chosen = np.ones(len(owner), dtype=bool) if construct is None else owner == construct
    return np.asarray(((prediction.actual - of)[:, chosen] ** 2).mean(axis=1))


def cvpat(model: ArrayLike, benchmark: ArrayLike, *, weights: ArrayLike | None = None) -> LossTest:
    """Cross-validated predictive ability test of two vectors of losses (n,), paired over respondents.

    References
    ----------
    Liengaard, Sharma, Hult, Jensen, Sarstedt, Hair & Ringle (2021), Decision Sciences 52, 362-392.
    """
    a, b = np.asarray(model, dtype=float), np.asarray(benchmark, dtype=float)
    w = np.ones(len(a)) if weights is None else np.asarray(weights, dtype=float)
    n, share = len(a), w / w.sum()
    d = a - b
    difference = float(share @ d)
    se = float(np.sqrt(n / (n - 1) * (share**2 @ (d - difference) ** 2)))
    t = difference / se if se > 0 else np.nan
    p = float(2 * stdtr(n - 1, -abs(t)))
    return LossTest(float(share @ a), float(share @ b), difference, se, t, n - 1, p)


def _linear(z: Array, r: Array, by: NDArray[np.intp], own: NDArray[np.intp], rows: int) -> Array:
    """Least squares predictions, standardised, of items `own` at new rows z (n, by); r: of the training."""
    if rows <= len(by) + 1:
        raise TooFew(
            f"the linear benchmark has {len(by)} items and only {rows} respondents to learn from",
            do="Use more folds, or leave prediction out",
        )
    # items that determine each other share their coefficient: the shortest solution
    return np.asarray(z @ np.linalg.lstsq(r[np.ix_(by, by)], r[np.ix_(by, own)], rcond=1e-12)[0])
