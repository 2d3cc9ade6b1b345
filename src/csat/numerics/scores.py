"""Scores of respondents, the two conventions of 0-100, and the errors of what is made of scores.

Letters: n respondents, p items, c constructs or parts, w case weights, u (n, c) influence of a respondent on
the mean of a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import TooFew
from csat.numerics.descriptives import rescaled_0_100

Array = NDArray[np.float64]
How = Literal["mean", "sum"]

MIN_ANSWERED = 0.5
"""Share of a construct's items a respondent must have answered to get a score (half: common practice)."""
ROUNDING = 1e-9

rescale_0_100 = rescaled_0_100


def per_cent_of_maximum(x: ArrayLike, *, maximum: float) -> Array:
    """100 x / maximum: never 0, as the lowest answer of a 1-5 scale gives 20.

    NaN where the scale's maximum is not positive: a share of it has no meaning.
    """
    x = np.asarray(x, dtype=float)
    return 100.0 * x / maximum if maximum > 0 else np.full(x.shape, np.nan)


def construct_scores(
    answers: ArrayLike,
    blocks: Sequence[Sequence[int]],
    *,
    how: How = "mean",
    min_answered: float = MIN_ANSWERED,
) -> Array:
    """Score of each respondent on each block of items: the mean of the answered ones.

    Parameters
    ----------
    answers : (n, p) answer values in one direction, NaN where silent.
    blocks : c groups of column positions.
    how : `mean`; `sum` is that mean times the number of items, so that a silent item counts as the
        respondent's own mean and a complete row gives the plain sum.
    min_answered : share of a block's items that must be answered; below it the score is NaN.

    Returns
    -------
    (n, c).

    Raises
    ------
    TooFew : a block without items.
    """
    x = np.asarray(answers, dtype=float)
    sizes = np.array([len(block) for block in blocks], dtype=float)
    if not sizes.all():
        raise TooFew("a score needs at least one item")
    if not 0 < min_answered <= 1:
        raise ValueError(f"min_answered is {min_answered}; it is a share above 0 and at most 1")
    out = np.full((len(x), len(blocks)), np.nan)
    for c, block in enumerate(blocks):
        if len(block) == 1:
            out[:, c] = x[:, block[0]]
            continue
        own = x[:, list(block)]
        answered = np.count_nonzero(~np.isnan(own), axis=1)
        enough = (answered > 0) & (answered >= min_answered * sizes[c] - ROUNDING)
        out[enough, c] = np.nansum(own[enough], axis=1) / answered[enough]
    return out * sizes if how == "sum" else out


def weighted_means(values: ArrayLike, weights: ArrayLike | None = None) -> Array:
    """(c,) means of the columns of (n, c) values over the rows that have them; NaN where none has."""
    x = np.asarray(values, dtype=float)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)
    whole = w @ x
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.asarray(whole / w.sum())
        gaps = np.flatnonzero(np.isnan(whole))
        if len(gaps):
            # NaN times a weight of 0 is NaN, too: such a column is added up over the rows that have it
            x = x[:, gaps]
            known = ~np.isnan(x)
            found[gaps] = (w @ np.where(known, x, 0.0)) / (w @ known.astype(float))
        return found


def mean_influence(values: ArrayLike, weights: ArrayLike | None = None) -> Array:
    """(n, c) influence of each row on each column's weighted mean: w (x - mean) / sum w, 0 where silent.

    The variance of a smooth function of the means is n / (n - 1) times the sum over rows of
    (gradient . influence)^2.

    References
    ----------
    Binder (1983), International Statistical Review 51, 279-292.
    """
    x = np.asarray(values, dtype=float)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)
    known = ~np.isnan(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = w[:, None] * known / (w @ known)
    return np.asarray(share * np.where(known, x - weighted_means(x, w), 0.0))


def linearised_se(influence: ArrayLike, *, n: int) -> float:
    """Standard error sqrt(n / (n - 1) sum u^2) of an estimate whose rows have influences u.

    n : rows that answered (rows without an answer have influence 0 and are not among them). NaN for n < 2.
    """
    u = np.asarray(influence, dtype=float)
    return float(np.sqrt(n / (n - 1) * (u @ u))) if n > 1 else np.nan
