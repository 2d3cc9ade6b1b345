"""Sample moments where some items are ordered and others are numbers, also given covariates.

One normal lies under each ordered item. Estimated in steps: each item alone on the covariates (ordered
probit, or least squares), then each pair of residuals (polychoric, polyserial or product-moment correlation)
with the first step held. Gamma is the covariance of the influences of the respondents on all of it.

Letters: u, l the cuts above and below an answer, less what covariates explain; z a number's standardised
residual; r a correlation; P the probability of an answer or of a pair. Scores are derivatives of the
log-likelihood of one respondent. Moments are ordered as in `moment_vectors.OrderedMoments`.

References
----------
Muthen (1984), Psychometrika 49, 115-132; Olsson, Drasgow & Dorans (1982), Psychometrika 47, 337-347.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from csat.errors import ConstantItem, NotConverged, SingularMatrix, TooFew
from csat.numerics.linalg import Array
from csat.numerics.ordered import OrderedSample, burt_table
from csat.numerics.ordinal import EDGE, bivariate_normal, normal_density, polychoric_matrix, thresholds

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

PROBIT_STEPS = 100
SOLVED = 1e-11
NEARLY_SOLVED = 1e-7
CORRELATION_LIMIT = 0.9999
"""Where the search for a correlation ends."""
CORRELATION_MOST = 0.999899
"""From here on a correlation counts as 1."""
FLAT_BELOW = 1e-8
"""Information of a respondent on Fisher's z of a correlation below this is none: it counts as 1 too."""
LEAST_PROBABLE = 1e-300
DEPENDENT_BELOW = 1e-9


def mixed_sample(
    values: Array,
    categories: Sequence[int],
    *,
    covariates: Array | None = None,
    weights: Array | None = None,
) -> OrderedSample:
    """Thresholds, means, slopes on the covariates, variances and (residual) covariances, with Gamma.

    Parameters
    ----------
    values : (n, p) a position 0, 1, ... on the scale of an ordered item, a number of any other; NaN where
    there is no answer (each pair rests on who answered both). categories : (p,) declared categories, 0 for
    numbers. covariates : (n, m) without gaps. weights : (n,) case weights.

    Raises
    ------
    TooFew : an ordered item with answers in fewer than two categories. ConstantItem : a number without
    variance, also given the covariates. SingularMatrix : a pair whose correlation is 1 or -1, an item that
    the covariates determine, or covariates that depend on each other. NotConverged : covariates that tell the
    answers to an item exactly apart. All with positions.
    """
    n, p = values.shape
    x = np.zeros((n, 0)) if covariates is None else np.asarray(covariates, dtype=float)
    m = x.shape[1]
    if m and np.linalg.matrix_rank((x - x.mean(axis=0)) / _spread(x), tol=1e-8 * np.sqrt(n)) < m:
        raise SingularMatrix(
            "a covariate does not vary, or follows from the others", do="Leave one of them out"
        )
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float) * (n / np.sum(weights))
    items = _items(values, categories, x, w)
    ordered = [i for i, item in enumerate(items) if item.ordered]
    numeric = np.array([i for i, item in enumerate(items) if not item.ordered], dtype=np.intp)
    cuts = [item.cuts for item in items]
    t = sum(c.size for c in cuts)
    head = t + numeric.size + p * m
    first, columns, rows = head + numeric.size, *np.triu_indices(p, 1)
    influence = np.zeros((n, first + rows.size))
    start, mean_at = 0, {int(i): t + k for k, i in enumerate(numeric)}
    for i, item in enumerate(items):
        slopes = t + numeric.size + np.arange(m) * p + i
        if item.ordered:
            item.places = np.concatenate([start + np.arange(item.cuts.size), slopes])
            start += item.cuts.size
        else:
            k = mean_at[i] - t
            item.places = np.concatenate([[mean_at[i]], slopes, [head + k]])
        influence[:, item.places] = item.influence
    correlation = np.eye(p)
    known = _polychorics(items, ordered, w) if not m else {}
    who = _alike(x)
    for k, (i, j) in enumerate(zip(columns.tolist(), rows.tolist(), strict=True)):
        pair = _pair(items[i], items[j], x, who, w, known.get((i, j)))
        if abs(pair.r) >= CORRELATION_MOST:
            raise SingularMatrix(
                "the correlation of {items} is 1 or -1: nothing tells their answers apart",
                positions=(i, j),
                do="Leave one of them out, or merge rare categories",
            )
        correlation[i, j] = correlation[j, i] = pair.r
        influence[:, first + k] = pair.influence
    variance = np.array([item.variance for item in items])
    sd = np.sqrt(variance)
    for k, (i, j) in enumerate(zip(columns.tolist(), rows.tolist(), strict=True)):
        # the correlation as a covariance, where one of the two is a number
        own = influence[:, first + k] * (sd[i] * sd[j])
        for a, b in ((i, j), (j, i)):
            if not items[a].ordered:
                own = own + influence[:, items[a].places[-1]] * (correlation[i, j] * sd[b] / (2 * sd[a]))
        influence[:, first + k] = own
    influence *= w[:, None]
    intercepts = np.array([item.intercept for item in items])
    return OrderedSample(
        item=np.concatenate([np.full(c.size, i) for i, c in enumerate(cuts)]).astype(np.intp),
        thresholds=np.concatenate(cuts),
        correlation=correlation * np.outer(sd, sd),
        gamma=influence.T @ influence / n,
        used=tuple(item.used for item in items),
        n=float(n),
        boundary=(),
        numeric=numeric,
        means=intercepts,
        slopes=np.array([item.slopes for item in items]).reshape(p, m),
    )


def _spread(x: Array) -> Array:
    spread = x.std(axis=0)
    return np.asarray(np.where(spread > 0, spread, 1.0))


# ---- one item ---------------------------------------------------------


@dataclass(eq=False)
class _Item:
    """An item given the covariates.

    known : (n,) who answered. cuts, codes, used : of an ordered item, by the categories anybody chose.
    upper, lower : (n,) u and l. z : (n,) of a number. influence : (n, k) on cuts and slopes, or intercept,
    slopes and variance; places : where those stand among the moments.
    """

    ordered: bool
    known: Mask
    slopes: Array
    influence: Array
    cuts: Array
    codes: Codes
    used: Codes
    upper: Array
    lower: Array
    z: Array
    intercept: float = 0.0
    variance: float = 1.0
    places: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

    def pull(self, by_upper: Array, by_lower: Array, x: Array) -> Array:
        """Sums over the respondents of derivatives by u and l, as derivatives by cuts and slopes."""
        k = self.cuts.size
        by_cut = np.bincount(self.codes, by_upper, k + 1)[:k] + np.bincount(self.codes, by_lower, k + 1)[1:]
        return np.concatenate([by_cut, -(by_upper + by_lower) @ x])


def _items(values: Array, categories: Sequence[int], x: Array, w: Array) -> list[_Item]:
    found = []
    for i, count in enumerate(categories):
        known = ~np.isnan(values[:, i])
        own = values[:, i]
        try:
            found.append(_ordered(own, known, count, x, w) if count else _number(own, known, x, w))
        except TooFew as error:
            raise TooFew(
                "{items} has answers in fewer than 2 categories",
                positions=[i],
                do="Leave it out; an item that everybody answers alike measures nothing",
            ) from error
        except (ConstantItem, SingularMatrix, NotConverged) as error:
            raise type(error)(error.message, positions=[i], do=_WHAT_TO_DO) from error
    return found


_WHAT_TO_DO = "Leave the item out, merge rare categories, or leave out a covariate"


def _number(y: Array, known: Mask, x: Array, w: Array) -> _Item:
    n = y.size
    design = np.hstack([np.ones((n, 1)), x])[known]
    own, weight = y[known], w[known]
    if not own.size:
        raise TooFew("nobody answered {items}")
    root = np.sqrt(weight)
    solution, _, rank, _ = np.linalg.lstsq(design * root[:, None], own * root, rcond=1e-10)
    if rank < design.shape[1]:
        raise SingularMatrix(
            "the covariates depend on each other, or do not vary, among who answered {items}"
        )
    e = own - design @ solution
    variance = float(weight @ e**2 / weight.sum())
    if variance <= 1e-12 * max(float(weight @ own**2 / weight.sum()), 1e-300):
        raise ConstantItem(
            "{items} does not vary once covariates are known" if x.size else "{items} does not vary"
        )
    z = np.zeros(n)
    z[known] = e / np.sqrt(variance)
    scores = np.zeros((n, design.shape[1] + 1))
    scores[known, :-1] = design * (e / variance)[:, None]
    scores[known, -1] = (z[known] ** 2 - 1) / (2 * variance)
    none = np.zeros(0, dtype=np.int64)
    return _Item(
        ordered=False,
        known=known,
        slopes=solution[1:],
        influence=_number_influence(scores, design, known, variance, w),
        cuts=np.zeros(0),
        codes=none,
        used=none,
        upper=np.zeros(n),
        lower=np.zeros(n),
        z=z,
        intercept=float(solution[0]),
        variance=variance,
    )


def _number_influence(scores: Array, design: Array, known: Mask, variance: float, w: Array) -> Array:
    """As `_influence`; by the expected information where the scores depend on each other.

    With two values only, the variance follows from the mean.
    """
    a = (scores.T * w) @ scores
    unit = np.sqrt(np.diagonal(a))
    if unit.all() and np.linalg.eigvalsh(a / np.outer(unit, unit))[0] > DEPENDENT_BELOW:
        return _influence(scores, w)
    weight = w[known]
    information = (design.T * weight) @ design / variance
    influence = np.zeros(scores.shape)
    influence[:, :-1] = np.linalg.solve(information, scores[:, :-1].T).T
    influence[:, -1] = scores[:, -1] * (2 * variance**2 / weight.sum())
    return np.asarray(influence * len(scores))


def _ordered(y: Array, known: Mask, categories: int, x: Array, w: Array) -> _Item:
    n, m = x.shape
    raw = np.where(known, y, 0).astype(np.int64)
    counts = np.bincount(raw[known], w[known], categories)
    cut = thresholds(counts)
    codes = np.searchsorted(cut.used, raw)
    k = cut.values.size
    cuts, slopes = cut.values, np.zeros(m)
    if m:
        cuts, slopes = _probit(codes[known], cuts, x[known], w[known])
    edges = np.concatenate([[-EDGE], cuts, [EDGE]])
    shift = x @ slopes
    upper, lower = _edge(edges[codes + 1], shift), _edge(edges[codes], shift)
    by_upper, by_lower = _probit_slopes(upper, lower)
    scores = np.zeros((n, k + m))
    scores[np.arange(n), np.minimum(codes, k - 1)] += np.where(codes < k, by_upper, 0.0)
    scores[np.arange(n), np.maximum(codes - 1, 0)] += np.where(codes > 0, by_lower, 0.0)
    scores[:, k:] = -(by_upper + by_lower)[:, None] * x
    scores[~known] = 0.0
    return _Item(
        ordered=True,
        known=known,
        slopes=slopes,
        influence=_influence(scores, w),
        cuts=cuts,
        codes=codes,
        used=cut.used,
        upper=upper,
        lower=lower,
        z=np.zeros(n),
    )


def _edge(cut: Array, shift: Array) -> Array:
    """A cut less what covariates explain; infinity stays where it is."""
    return np.where(np.abs(cut) >= EDGE, cut, cut - shift)


def _influence(scores: Array, w: Array) -> Array:
    """n A^-1 s, with A the sum of outer products of the scores."""
    a = (scores.T * w) @ scores
    try:
        return np.asarray(len(scores) * np.linalg.solve(a, scores.T).T)
    except np.linalg.LinAlgError as error:
        raise SingularMatrix("the covariates determine {items}, or depend on each other") from error


def _probit_slopes(upper: Array, lower: Array) -> tuple[Array, Array]:
    """d ln P / du and d ln P / dl of P = Phi(u) - Phi(l)."""
    p = np.maximum(_slice(upper, lower), LEAST_PROBABLE)
    return normal_density(upper) / p, -normal_density(lower) / p


def _slice(upper: Array, lower: Array) -> Array:
    """Phi(u) - Phi(l), taken in the tail where it is exact."""
    flip = lower > 0
    return np.asarray(ndtr(np.where(flip, -lower, upper)) - ndtr(np.where(flip, -upper, lower)))


def _probit(codes: Codes, cuts: Array, x: Array, w: Array) -> tuple[Array, Array]:
    """Thresholds and slopes of an ordered probit by Newton's method: its log-likelihood is concave."""
    k, m = cuts.size, x.shape[1]
    unit = np.sqrt(np.maximum((x**2).mean(axis=0), 1e-300))
    scaled = x / unit
    theta = np.concatenate([cuts, np.zeros(m)])
    above = np.zeros((codes.size, k + m))
    below = np.zeros((codes.size, k + m))
    inside = np.flatnonzero(codes < k)
    above[inside, codes[inside]] = 1.0
    inside = np.flatnonzero(codes > 0)
    below[inside, codes[inside] - 1] = 1.0
    above[:, k:] = np.where(codes < k, -1.0, 0.0)[:, None] * scaled
    below[:, k:] = np.where(codes > 0, -1.0, 0.0)[:, None] * scaled
    top, bottom = np.where(codes < k, 0.0, EDGE), np.where(codes > 0, 0.0, -EDGE)

    def look(at: Array) -> tuple[float, Array, Array]:
        u, low = above @ at + top, below @ at + bottom
        p = _slice(u, low)
        value = float(w @ np.log(np.maximum(p, LEAST_PROBABLE))) if (u > low).all() else -np.inf
        return value, u, low

    value, u, low = look(theta)
    for _ in range(PROBIT_STEPS):
        gu, gl = _probit_slopes(u, low)
        gradient = (w * gu) @ above + (w * gl) @ below
        huu, hll, hul = -u * gu - gu**2, -low * gl - gl**2, -gu * gl
        crossed = (above.T * (w * hul)) @ below
        hessian = (above.T * (w * huu)) @ above + (below.T * (w * hll)) @ below + crossed + crossed.T
        try:
            step = -np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError as error:
            raise SingularMatrix("the covariates depend on each other where {items} was answered") from error
        promised = float(gradient @ step)
        if promised < SOLVED * SOLVED * codes.size:
            if np.abs(theta).max() > EDGE / 2:
                break
            return theta[:k], theta[k:] / unit
        length = 1.0
        while length > 1e-6:
            trial = look(theta + length * step)
            if trial[0] >= value + 1e-4 * length * promised - 1e-13 * abs(value):
                break
            length /= 2
        theta = theta + length * step
        value, u, low = trial
    raise NotConverged("covariates tell the answers to {items} exactly apart, so its probit has no optimum")


# ---- two items --------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Pair:
    r: float
    influence: Array


@dataclass(frozen=True, eq=False)
class _Scores:
    """Derivatives of ln P of a pair by r and by what describes each item: (u, l), or (mean, variance)."""

    r: Array
    first: tuple[Array, Array]
    second: tuple[Array, Array]


def _polychorics(items: Sequence[_Item], ordered: Sequence[int], w: Array) -> dict[tuple[int, int], float]:
    """Of the ordered items, without covariates, from their joint tables."""
    if len(ordered) < 2:
        return {}
    width = max(items[i].cuts.size + 1 for i in ordered)
    codes = np.column_stack([np.where(items[i].known, items[i].codes, -1) for i in ordered])
    burt = burt_table(codes, width, w)
    rows, columns = np.triu_indices(len(ordered), 1)
    pairs = list(zip(rows.tolist(), columns.tolist(), strict=True))
    complete = bool((codes >= 0).all())
    margins = [np.diagonal(burt[a, :, a, :]) for a in range(len(ordered))]
    try:
        found = polychoric_matrix(
            [burt[a, :, b, :] for a, b in pairs], margins=None if complete else margins, empty_2x2="half"
        )
    except TooFew as error:
        raise TooFew(
            "{items} has answers in fewer than 2 categories among those who also answered another item",
            positions=[ordered[i] for i in error.positions],
            do="Leave it out",
        ) from error
    return {(ordered[a], ordered[b]): float(found.correlation[a, b]) for a, b in pairs}


def _alike(x: Array) -> Codes:
    """(n,) a number for each distinct row of the covariates."""
    if not x.shape[1]:
        return np.zeros(len(x), dtype=np.int64)
    return np.unique(x, axis=0, return_inverse=True)[1].astype(np.int64).ravel()


def _pair(a: _Item, b: _Item, x: Array, who: Codes, w: Array, known: float | None) -> _Pair:
    both = np.flatnonzero(a.known & b.known)
    if both.size < 3:
        raise TooFew("too few respondents answered both of two items")
    weight = w[both]
    if a.ordered and b.ordered:
        # rows with the same cuts count once
        cell = (who[both] * (a.cuts.size + 1) + a.codes[both]) * (b.cuts.size + 1) + b.codes[both]
        _, at, back = np.unique(cell, return_index=True, return_inverse=True)
        one = both[at]
        sums: Array = np.bincount(back.ravel(), weight).astype(float)
        cuts = a.upper[one], a.lower[one], b.upper[one], b.lower[one]

        def look(r: float) -> _Scores:
            return _both_ordered(*cuts, r)

        expand = back.ravel()
    elif a.ordered or b.ordered:
        cut, number = (a, b) if a.ordered else (b, a)
        sums, expand = weight, np.arange(both.size)

        def look(r: float) -> _Scores:
            found = _one_ordered(cut.upper[both], cut.lower[both], number.z[both], number.variance, r)
            return found if a.ordered else _Scores(found.r, found.second, found.first)

    else:
        sums, expand = weight, np.arange(both.size)

        def look(r: float) -> _Scores:
            return _both_numbers(a.z[both], b.z[both], a.variance, b.variance, r)

    r = _start(a, b, both, weight) if known is None else known
    if known is None and (a.ordered or b.ordered or both.size < len(w)):
        r = _root(lambda value: look(value).r, sums, float(np.clip(r, -0.9, 0.9)))
    if abs(r) >= CORRELATION_MOST:
        return _Pair(r, np.zeros(len(w)))
    scores = look(r)
    own = scores.r[expand]
    information = float(weight @ own**2)
    if information * (1 - r * r) ** 2 < FLAT_BELOW * weight.sum():
        # without some pair of answers the likelihood may rise without end, and be flat long before 1
        return _Pair(math.copysign(1.0, r), np.zeros(len(w)))
    influence = np.zeros(len(w))
    influence[both] = own * len(w)
    for item, (by_first, by_second) in ((a, scores.first), (b, scores.second)):
        one_side = np.zeros((2, len(w)))
        one_side[0, both] = weight * own * by_first[expand]
        one_side[1, both] = weight * own * by_second[expand]
        if item.ordered:
            pull = item.pull(one_side[0], one_side[1], x)
        else:
            pull = np.concatenate([[one_side[0].sum()], one_side[0] @ x, [one_side[1].sum()]])
        influence -= item.influence @ pull
    return _Pair(r, influence / information)


def _start(a: _Item, b: _Item, both: NDArray[np.intp], w: Array) -> float:
    """Correlation of the residuals, an ordered one being the mean of its slice of the normal.

    Of two numbers that is the estimate already, when everybody answered both.
    """

    def scored(item: _Item) -> Array:
        if not item.ordered:
            return item.z[both]
        u, low = item.upper[both], item.lower[both]
        p = np.maximum(_slice(u, low), LEAST_PROBABLE)
        return (normal_density(low) - normal_density(u)) / p

    first, second = scored(a), scored(b)
    size = float(np.sqrt((w @ first**2) * (w @ second**2)))
    return float((w @ (first * second)) / size) if size > 0 else 0.0


def _root(score: Callable[[float], Array], w: Array, start: float) -> float:
    """Where the weighted sum of the scores is zero: secant steps inside a bracket."""
    low, high = -CORRELATION_LIMIT, CORRELATION_LIMIT
    r, before = start, None
    for _ in range(PROBIT_STEPS):
        s = score(r)
        with np.errstate(over="ignore", invalid="ignore"):
            # near a correlation of 1 a score may be beyond any square
            g, h = float(w @ s), float(w @ s**2)
        if not np.isfinite(g + h):
            low, high = (low, r) if r > 0 else (r, high)
            r, before = (low + high) / 2, None
            continue
        low, high = (r, high) if g > 0 else (low, r)
        if h <= 0 or high - low < SOLVED:
            return r
        new = r + g / h
        if before is not None and before[0] != r:
            slope = (g - before[1]) / (r - before[0])
            new = r - g / slope if slope < 0 else new
        if abs(new - r) < NEARLY_SOLVED and before is not None:
            # the error of a secant step is about the product of the last two
            return float(np.clip(new, -CORRELATION_LIMIT, CORRELATION_LIMIT))
        before = (r, g)
        r = new if low < new < high else (low + high) / 2
    return r


def _both_ordered(u1: Array, l1: Array, u2: Array, l2: Array, r: float) -> _Scores:
    s = np.sqrt(1 - r * r)
    upper = bivariate_normal(u1, u2, r) - bivariate_normal(l1, u2, r)
    lower = bivariate_normal(u1, l2, r) - bivariate_normal(l1, l2, r)
    p = np.maximum(upper - lower, LEAST_PROBABLE)

    def density(x: Array, y: Array) -> Array:
        return np.asarray(np.exp(-(x * x + y * y - 2 * r * x * y) / (2 * s * s)) / (2 * np.pi * s))

    by_r = density(u1, u2) - density(l1, u2) - density(u1, l2) + density(l1, l2)

    def by_cut(cut: Array, upper: Array, lower: Array) -> Array:
        return normal_density(cut) * _slice((upper - r * cut) / s, (lower - r * cut) / s)

    return _Scores(
        by_r / p,
        (by_cut(u1, u2, l2) / p, -by_cut(l1, u2, l2) / p),
        (by_cut(u2, u1, l1) / p, -by_cut(l2, u1, l1) / p),
    )


def _one_ordered(u: Array, low: Array, z: Array, variance: float, r: float) -> _Scores:
    """First the ordered item, then the number."""
    s = np.sqrt(1 - r * r)
    top, bottom = (u - r * z) / s, (low - r * z) / s
    p = np.maximum(_slice(top, bottom), LEAST_PROBABLE)
    above, below = normal_density(top), normal_density(bottom)
    by_r = (above * (r * u - z) - below * (r * low - z)) / s**3
    by_z = -r / s * (above - below) / p
    sd = np.sqrt(variance)
    return _Scores(
        by_r / p,
        (above / s / p, -below / s / p),
        ((z - by_z) / sd, ((z * z - 1) - by_z * z) / (2 * variance)),
    )


def _both_numbers(z1: Array, z2: Array, v1: float, v2: float, r: float) -> _Scores:
    rest = 1 - r * r
    by_r = r / rest + (z1 * z2 * (1 + r * r) - r * (z1 * z1 + z2 * z2)) / rest**2

    def by_item(own: Array, other: Array, variance: float) -> tuple[Array, Array]:
        pull = (own - r * other) / rest
        return pull / np.sqrt(variance), (pull * own - 1) / (2 * variance)

    return _Scores(by_r, by_item(z1, z2, v1), by_item(z2, z1, v2))
