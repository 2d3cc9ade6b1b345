"""Weights that make a sample agree with known margins: raking, post-stratification, trimming.

Letters: n respondents, d margins, K_d categories of a margin. A margin is the code 0 .. K_d - 1 of each
respondent (negative: not known) and the share or count of each category in the population. One margin is
post-stratification; a cross of two variables is one margin, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import NumericsError, TooFew
from csat.numerics.linalg import Array
from csat.numerics.sampling import checked_weights, kish_deff, kish_effective_n, shared_within

TOLERANCE = 1e-10
"""Raking stops when every share is within this of its target."""
MOST_STEPS = 2000


class Raked(NamedTuple):
    """Weights, and how well they do what was asked.

    weights : (n,) sum to n (of the rows with a positive start). gap : largest distance of a weighted share
    from its target. effective_n, deff : Kish. trimmed : rows held at the lower and the upper bound.
    """

    weights: Array
    converged: bool
    steps: int
    gap: float
    effective_n: float
    deff: float
    trimmed: tuple[int, int]


def rake(
    codes: Sequence[ArrayLike],
    targets: Sequence[ArrayLike],
    *,
    start: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
    tolerance: float = TOLERANCE,
    most_steps: int = MOST_STEPS,
) -> Raked:
    """Scale the weights to each margin in turn until all margins fit (iterative proportional fitting).

    Respondents whose category is not known keep their part of the weight: the others of the margin are
    scaled among themselves.

    Parameters
    ----------
    codes : d columns (n,) of category positions, negative where not known.
    targets : d lists (K_d,) of shares or counts, each positive; each is used as shares of its own sum.
    start : (n,) weights before (design weights), default 1 each; a weight of 0 stays 0.
    bounds : lowest and highest weight, as multiples of the mean weight; after each round the weights outside
        are held there and the rest is spread over the others. Margins may then not be met: see `gap`.

    Raises
    ------
    TooFew : a category of the population has no respondent; positions are (margin, category).
    NumericsError : respondents in a category without a positive target; bounds that hold no weights.

    References
    ----------
    Deming & Stephan (1940), Annals of Mathematical Statistics 11, 427-444. Deville, Saerndal & Sautory
    (1993), JASA 88, 1013-1020.
    """
    columns = [np.asarray(c, dtype=np.intp) for c in codes]
    wanted = [np.asarray(t, dtype=float) for t in targets]
    n = len(columns[0]) if columns else 0
    w = np.ones(n) if start is None else checked_weights(start).copy()
    for position, (column, target) in enumerate(zip(columns, wanted, strict=True)):
        _check_margin(column, target, w, position)
    # the largest first, so that huge counts do not overflow
    shares = [(t / t.max()) / (t / t.max()).sum() for t in wanted]
    total = float(np.count_nonzero(w))
    w *= total / w.sum()
    if bounds is not None:
        _check_bounds(bounds)
    steps, gap = 0, _gap(w, columns, shares)
    while gap > tolerance and steps < most_steps:
        steps += 1
        for column, share in zip(columns, shares, strict=True):
            known = column >= 0
            held = np.bincount(column[known], weights=w[known], minlength=len(share))
            factor = share * held.sum() / held
            w[known] *= factor[column[known]]
        if bounds is not None:
            w = trimmed(w, bounds)
        gap = _gap(w, columns, shares)
    if bounds is not None and steps == 0:
        w = trimmed(w, bounds)
        gap = _gap(w, columns, shares)
    return Raked(
        weights=w,
        converged=bool(gap <= tolerance),
        steps=steps,
        gap=gap,
        effective_n=kish_effective_n(w),
        deff=kish_deff(w[w > 0]),
        trimmed=(0, 0) if bounds is None else _held(w, bounds),
    )


def trimmed(weights: ArrayLike, bounds: tuple[float, float]) -> Array:
    """Weights within multiples of their mean, same sum: t w where that lies inside, else the bound.

    Weights of 0 stay 0.

    Parameters
    ----------
    bounds : lowest and highest multiple of the mean, lowest < 1 < highest.
    """
    w = checked_weights(weights)
    _check_bounds(bounds)
    counted = w > 0
    mean = w[counted].mean()
    out = np.zeros_like(w)
    out[counted] = shared_within(float(w.sum()), w[counted], lower=bounds[0] * mean, upper=bounds[1] * mean)
    return out


def margin_shares(codes: ArrayLike, weights: ArrayLike, categories: int) -> Array:
    """(K,) weighted share of each category among the respondents whose category is known."""
    column, w = np.asarray(codes, dtype=np.intp), np.asarray(weights, dtype=float)
    known = column >= 0
    held = np.bincount(column[known], weights=w[known], minlength=categories)
    with np.errstate(invalid="ignore"):
        return np.asarray(held / held.sum())


def _gap(w: Array, columns: Sequence[NDArray[np.intp]], shares: Sequence[Array]) -> float:
    gaps = [
        float(np.abs(margin_shares(c, w, len(s)) - s).max()) for c, s in zip(columns, shares, strict=True)
    ]
    return max(gaps, default=0.0)


def _held(w: Array, bounds: tuple[float, float]) -> tuple[int, int]:
    own = w[w > 0]
    low, high = (b * own.mean() for b in bounds)
    near = 1e-9
    return (
        int(np.count_nonzero(own <= low * (1 + near))),
        int(np.count_nonzero(own >= high * (1 - near))),
    )


def _check_margin(column: NDArray[np.intp], target: Array, w: Array, position: int) -> None:
    if (column >= len(target)).any():
        raise NumericsError(
            f"margin {position} has respondents in a category it gives no target for",
            positions=(position, int(column.max())),
        )
    empty = np.flatnonzero(~(target > 0) | ~np.isfinite(target))
    if empty.size:
        raise NumericsError(
            f"margin {position} gives a category no positive share",
            positions=(position, int(empty[0])),
            do="Leave the category out, and the respondents in it",
        )
    held = np.bincount(column[(column >= 0) & (w > 0)], minlength=len(target))
    absent = np.flatnonzero(held == 0)
    if absent.size:
        raise TooFew(
            f"margin {position}: a category of the population has no respondent",
            positions=(position, int(absent[0])),
            do="Merge the category with another one: no weight can speak for nobody",
        )


def _check_bounds(bounds: tuple[float, float]) -> None:
    if not 0 <= bounds[0] < 1 < bounds[1]:
        raise NumericsError(
            f"weights cannot be held between {bounds[0]:g} and {bounds[1]:g} times their mean",
            do="The lower bound is below 1 and the upper above 1, such as 0.3 and 3",
        )
