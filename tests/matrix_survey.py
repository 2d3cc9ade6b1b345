"""A survey from a matrix of answers: what the analyses are tested on when the file does not matter."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from csat.instrument.instrument import Construct, Instrument, Item, Scale
from csat.language import Text
from csat.responses.responses import NO_ANSWER, Responses, has_categories


def survey_of(
    answers: np.ndarray | Sequence[Sequence[float]],
    scale: tuple[int, int] | Scale | None = (1, 5),
    *,
    names: Sequence[str] | None = None,
    reverse: Collection[str] = (),
    weights: np.ndarray | None = None,
    ids: Sequence[str] | None = None,
    silences: np.ndarray | None = None,
) -> Responses:
    """Responses whose raw answers are the matrix (n, p); NaN is NO_ANSWER, or the code given in `silences`.

    Answers of items in `reverse` are turned, as binding does. Without a scale, items are measured quantities.
    """
    matrix = np.array(answers, dtype=float)
    n, p = matrix.shape
    ids_ = list(names) if names is not None else [f"i{j + 1}" for j in range(p)]
    on = Scale("s", *scale) if isinstance(scale, tuple) else scale
    items = tuple(Item(i, Text(f"Question {i}", f"题目 {i}"), on, reverse=i in reverse) for i in ids_)
    instrument = Instrument(
        id="made", version="1", title=Text("made"), items=items,
        constructs=(Construct("all", Text("All items", "全部题项"), tuple(ids_)),),
        scales=(on,) if on is not None else (),
    )  # fmt: skip
    columns, reasons, origins = {}, {}, {}
    for j, name in enumerate(ids_):
        silent = np.isnan(matrix[:, j])
        why = (
            np.full(n, NO_ANSWER)
            if silences is None
            else np.where(silences[:, j] < 0, silences[:, j], NO_ANSWER)
        )
        if on is None or not has_categories(on):
            columns[name] = matrix[:, j]
            reasons[name] = np.where(silent, why, 0).astype(np.int8)
            origins[name] = float(np.nanmean(matrix[:, j])) if not silent.all() else 0.0
            continue
        position = np.where(silent, 0, matrix[:, j] - on.minimum)
        if items[j].turned:
            position = on.points - 1 - position
        columns[name] = np.where(silent, why, position).astype(np.int8)
    return Responses(
        instrument=instrument, items=tuple(ids_), columns=columns, reasons=reasons, rows=n,
        row_numbers=np.arange(1, n + 1), weights=weights, origins=origins,
        ids=None if ids is None else np.array(ids, dtype=object),
    )  # fmt: skip
