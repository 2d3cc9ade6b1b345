"""How well a PLS model predicts respondents it has not seen."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.pls_data import ModelData, StagedData
from csat.analyses.pls_design import Design
from csat.analyses.pls_estimates import ItemPrediction, PredictiveTest
from csat.errors import NumericsError
from csat.numerics.pls import Scheme
from csat.numerics.pls_predict import FOLDS, FirstStage, accuracy, cvpat, losses, pls_predict, random_folds

Array = NDArray[np.float64]

FEWEST_FOR_PREDICTION = 50
"""Complete rows below which ten folds say little (ours)."""


def predicted(
    design: Design, data: ModelData, scheme: Scheme, seed: int
) -> tuple[tuple[ItemPrediction, ...], tuple[PredictiveTest, ...]]:
    """PLSpredict and CVPAT on the complete rows, of both stages where there are two.

    Nothing when they are few, when the model rests on polychoric correlations, or when a fold has no model.
    """
    if data.responses is None or data.correlation == "polychoric":
        return (), ()
    structure, after, source = design.structure, None, data
    if isinstance(data, StagedData):
        source = data.first
        after = FirstStage(data.first_fit.structure, data.stage, data.at)
    complete = ~np.isnan(source.answers).any(axis=1)
    x, w = source.answers[complete], None if source.weights is None else source.weights[complete]
    if len(x) < FEWEST_FOR_PREDICTION:
        return (), ()
    folds = random_folds(len(x), FOLDS, rng=np.random.default_rng(seed))
    try:
        made = pls_predict(x, structure, folds, scheme=scheme, weights=w, after=after)
    except NumericsError:
        return (), ()
    ours, theirs = accuracy(made, made.predicted), accuracy(made, made.linear)
    items = tuple(
        ItemPrediction(
            source.items[item], design.constructs[owner],
            *(float(v[k]) for v in (ours.q2, ours.rmse, ours.mae, theirs.q2, theirs.rmse, theirs.mae)),
        )
        for k, (item, owner) in enumerate(zip(made.items, made.owner, strict=True))
    )  # fmt: skip
    tests = []
    for construct in (None, *structure.endogenous):
        model = losses(made, made.predicted, construct=construct)
        name = "" if construct is None else design.constructs[construct]
        benchmarks: tuple[tuple[Literal["linear", "mean"], Array], ...] = (
            ("mean", made.mean),
            ("linear", made.linear),
        )
        for benchmark, said in benchmarks:
            t = cvpat(model, losses(made, said, construct=construct), weights=w)
            tests.append(PredictiveTest(name, benchmark, t.difference, t.se, t.t, t.p))
    return items, tuple(tests)
