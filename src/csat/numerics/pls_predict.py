"""How well a PLS model predicts respondents it has not seen: PLSpredict and CVPAT.

Letters as in `numerics.pls`; m places of endogenous constructs, whose answers are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from csat.errors import ConstantItem, TooFew
from csat.numerics.pls import Array, PathStructure, Scheme, pls, scores
from csat.numerics.replicate_moments import moments

Antecedents = Literal["direct", "earliest"]
Folds: TypeAlias = NDArray[np.intp]

FOLDS = 10


@dataclass(frozen=True, eq=False)
class PlsPrediction:
    """Out-of-sample predictions of the items of endogenous constructs.

    places : (m,) which places. actual, predicted : (n, m) answers and PLS predictions. linear : (n, m) of a
    linear model, each item on the items of the antecedents. mean : (n, m) of the training mean.
    weights : (n,) or None.
    """

    structure: PathStructure
    places: NDArray[np.intp]
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
) -> PlsPrediction:
    """Predict each fold by a model estimated on the others (Shmueli, Ray, Velasquez & Chatla 2016).

    Items and scores of the held-out rows are standardised by the training rows; the score of an endogenous
    construct is predicted by the paths to it, its items by their loadings.

    Parameters
    ----------
    answers : (n, p) complete. folds : (n,) label of each row's fold.
    antecedents : `direct` predicts from the scores of the direct causes and benchmarks with their items;
        `earliest` goes through the model from the exogenous constructs, with the items of those.
    weights : (n,) case weights of the training.

    Raises
    ------
    TooFew : fewer rows outside a fold than the linear benchmark needs.
    ConstantItem : an item without variance outside a fold.
    """
    x, fold = np.asarray(answers, dtype=float), np.asarray(folds)
    w = None if weights is None else np.asarray(weights, dtype=float)
    at = structure.places
    exogenous = [j for j in range(structure.constructs) if j not in structure.endogenous]
    places = np.concatenate([np.arange(len(at))[structure.slices[j]] for j in structure.endogenous])
    predicted, linear, mean = (np.full((len(x), len(at)), np.nan) for _ in range(3))
    for k in np.unique(fold):
        out = fold == k
        train, weight = x[~out], None if w is None else w[~out]
        described = moments(train, weights=weight)
        m, s = described.mean[:, 0], described.sd[:, 0]
        if np.isnan(s).any():
            raise ConstantItem(
                "all answers to {items} are the same outside one of the folds",
                positions=np.flatnonzero(np.isnan(s)).tolist(),
                do="Leave the item out, or use fewer folds",
            )
        fit = pls(described.correlation[..., 0], structure, scheme=scheme)
        y = scores((x[out] - m) / s, fit)
        if antecedents == "earliest":
            for j in structure.order:
                if j in structure.endogenous:
                    y[:, j] = y @ fit.paths[:, j]
        for j in structure.endogenous:
            own = structure.slices[j]
            ahead = y[:, j] if antecedents == "earliest" else y @ fit.paths[:, j]
            predicted[np.ix_(out, np.arange(own.start, own.stop))] = (
                ahead[:, None] * fit.loadings[own] * s[at[own]] + m[at[own]]
            )
            causes = structure.parents(j) if antecedents == "direct" else exogenous
            by = np.unique(np.concatenate([at[structure.slices[i]] for i in causes]))
            linear[np.ix_(out, np.arange(own.start, own.stop))] = _linear(
                train[:, by], train[:, at[own]], x[out][:, by], weight
            )
        mean[out] = m[at]
    return PlsPrediction(
        structure, places, x[:, at[places]], predicted[:, places], linear[:, places], mean[:, places], w
    )


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
    owner = prediction.structure.owner[prediction.places]
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


def _linear(x: Array, y: Array, new: Array, weights: Array | None) -> Array:
    """Least squares predictions of the columns of y at the new rows."""
    if len(x) <= x.shape[1] + 1:
        raise TooFew(
            f"the linear benchmark has {x.shape[1]} items and only {len(x)} respondents to learn from",
            do="Use more folds, or leave prediction out",
        )
    design = np.column_stack([np.ones(len(x)), x])
    root = 1.0 if weights is None else np.sqrt(weights)[:, None]
    coefficients = np.linalg.lstsq(design * root, y * root, rcond=None)[0]
    return np.asarray(np.column_stack([np.ones(len(new)), new]) @ coefficients)
