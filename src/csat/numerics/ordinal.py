"""Thresholds and two-step polychoric correlations from joint counts of ordinal items.

Letters: a, b thresholds of the row and the column item; rho the correlation of the two underlying normals;
G = Phi2(a, b; rho) on the grid of thresholds; P, D, H cell probabilities and their first and second
derivative in rho; n counts. All pairs of a questionnaire are worked on together: arrays begin with the pair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr, ndtr, ndtri

from csat.errors import NotConverged, TooFew
from csat.numerics.linalg import Array

Counts = NDArray[np.int64]

EDGE = 38.0
"""A threshold at infinity, as a number whose normal density is still not an underflow."""
RHO_MAX = 0.99999
"""Where the likelihood still rises at this correlation its maximum is taken to be 1."""
TINY_CELL = 1e-8
"""An observed cell less probable than this is integrated on its own: a difference of cdf values loses it."""
IMPOSSIBLE = 1e-140
"""A cell probability at or below this counts as 0: its square is still a number."""
STEP_TOLERANCE = 1e-12
MAX_STEPS = 100
PAIRS_AT_ONCE = 2048


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Cuts of a standard normal between the categories somebody chose.

    values : (u - 1,) ascending. used : (u,) positions of the categories chosen by anyone.
    empty : positions of the declared categories nobody chose; each is merged with the next one above.
    """

    values: Array
    used: Counts
    empty: Counts


@dataclass(frozen=True, eq=False)
class PolychoricPairs:
    """Two-step polychoric correlations of N pairs of items, with how they were reached.

    rho : (N,).
    se : (N,) standard errors that count the thresholds as estimated; NaN on the boundary.
    boundary : (N,) whether the likelihood rises up to -1 or 1.
    sparse : (N,) share of the used cells with an expected count below 1.
    log_likelihood : (N,).
    score : (N,) derivative of the mean log-likelihood in rho at the answer.
    steps : Newton steps of the slowest pair.
    """

    rho: Array
    se: Array
    boundary: NDArray[np.bool_]
    sparse: Array
    log_likelihood: Array
    score: Array
    steps: int


@dataclass(frozen=True, eq=False)
class PolychoricMatrix:
    """Polychoric correlations of p items as a matrix.

    correlation, se, sparse : (p, p), see `PolychoricPairs`; the diagonals are 1, 0, 0.
    boundary : positions (i, j) of pairs at -1 or 1.
    smallest_eigenvalue : of `correlation`; 0 or below means not positive definite.
    """

    correlation: Array
    se: Array
    sparse: Array
    boundary: tuple[tuple[int, int], ...]
    smallest_eigenvalue: float
    steps: int

    @property
    def positive_definite(self) -> bool:
        return self.smallest_eigenvalue > 0.0


def thresholds(counts: ArrayLike) -> Thresholds:
    """Normal quantiles of the cumulative shares: tau_k = Phi^-1(share of answers in categories 0..k).

    Parameters
    ----------
    counts : (K,) answers a declared category received, low to high; weighted counts allowed.

    Raises
    ------
    TooFew : when fewer than two categories were chosen.
    """
    n = np.asarray(counts, dtype=float)
    used = np.flatnonzero(n > 0)
    if used.size < 2:
        raise TooFew("An ordinal item with answers in fewer than 2 categories has no thresholds")
    shares = np.cumsum(n[used])
    return Thresholds(ndtri(shares[:-1] / shares[-1]), used, np.flatnonzero(n <= 0))


def normal_score_variance(counts: ArrayLike) -> float:
    """Share of the variance of the normal underneath that the categories carry, at most 1.

    sum over categories of (phi(lower) - phi(upper))^2 / share: the variance of an item scored by the means of
    its slices of the normal. Two items so scored correlate at about rho times the root of both shares.

    Parameters
    ----------
    counts : (K,) as for `thresholds`.
    """
    cut = thresholds(counts)
    share = np.asarray(counts, dtype=float)[cut.used]
    density = np.concatenate([[0.0], _phi(cut.values), [0.0]])
    return float((np.diff(density) ** 2 / (share / share.sum())).sum())


def polychoric(joint: ArrayLike) -> float:
    """Two-step polychoric correlation of one joint table (rows and columns from low to high).

    The thresholds are fixed at the margins and rho maximises sum n_ij ln P_ij(rho). Empty cells add nothing.

    Parameters
    ----------
    joint : (Ka, Kb) counts, weighted or not; categories nobody chose may stay.

    Returns
    -------
    float : between -1 and 1; exactly -1 or 1 when the likelihood has no maximum inside.

    Raises
    ------
    TooFew : when an item has fewer than two used categories.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460.
    """
    return float(polychoric_pairs([np.asarray(joint, dtype=float)]).rho[0])


def polychoric_matrix(
    joints: Sequence[Array],
    *,
    margins: Sequence[Array] | None = None,
    effective_n: ArrayLike | None = None,
    empty_2x2: Literal["keep", "half"] = "keep",
) -> PolychoricMatrix:
    """Polychoric correlations of p items from their p (p - 1) / 2 joint tables.

    Parameters
    ----------
    joints : joint tables in the order (0,1), (0,2), ..., (0,p-1), (1,2), ...: table (i, j) is (K_i, K_j).
    margins : p vectors of counts that give the thresholds ("thresholds of an item", as lavaan with pairwise
        missing answers); without them each pair takes its thresholds from its own margins.
    effective_n : effective number of respondents of each pair (or one for all) for the standard errors;
        without it the sum of the table's counts.
    empty_2x2 : `keep` ("no correction") leaves an empty cell of a 2 x 2 table empty: the correlation is then
        -1 or 1. `half` puts 0.5 there and keeps the margins ("0.5 in 2 x 2 tables", lavaan's habit).

    Raises
    ------
    TooFew : naming the position of an item with fewer than two used categories.
    """
    p = _items_of(len(joints))
    rows, columns = np.triu_indices(p, 1)
    try:
        pairs = polychoric_pairs(
            joints,
            row_margins=None if margins is None else [margins[i] for i in rows.tolist()],
            column_margins=None if margins is None else [margins[j] for j in columns.tolist()],
            effective_n=effective_n,
            empty_2x2=empty_2x2,
        )
    except TooFew as error:
        pair, side = error.positions
        raise TooFew(
            "{items} has answers in fewer than 2 categories among those who also answered another item, "
            "so it has no polychoric correlation",
            positions=[int((rows, columns)[side][pair])],
            do="Leave it out, or use Pearson correlations",
        ) from error
    correlation, se, sparse = np.eye(p), np.zeros((p, p)), np.zeros((p, p))
    for matrix, values in ((correlation, pairs.rho), (se, pairs.se), (sparse, pairs.sparse)):
        matrix[rows, columns] = matrix[columns, rows] = values
    on_boundary = tuple(
        (int(i), int(j)) for i, j in zip(rows[pairs.boundary], columns[pairs.boundary], strict=True)
    )
    smallest = float(np.linalg.eigvalsh(correlation)[0])
    return PolychoricMatrix(correlation, se, sparse, on_boundary, smallest, pairs.steps)


def polychoric_pairs(
    joints: Sequence[Array],
    *,
    row_margins: Sequence[Array] | None = None,
    column_margins: Sequence[Array] | None = None,
    effective_n: ArrayLike | None = None,
    empty_2x2: Literal["keep", "half"] = "keep",
) -> PolychoricPairs:
    """Two-step polychoric correlations of N joint tables at once; see `polychoric` and `polychoric_matrix`.

    The standard error is that of the two-step estimator (Muthen 1984, as lavaan's NACOV): the influence of
    an answer on rho goes through its own score and through the thresholds it helps to set. With weights it
    is the weighted variance of the influence over `effective_n`: an approximation, because the squares of
    the weights within cells are not among the counts.

    Raises
    ------
    TooFew : its positions are (pair, 0 for the row item or 1 for the column item).
    NotConverged : when a pair does not settle.
    """
    n = _padded([_without_empty_2x2(table) for table in joints] if empty_2x2 == "half" else joints)
    total = n.sum(axis=(1, 2))
    a = _cuts(n.sum(axis=2), row_margins, side=0)
    b = _cuts(n.sum(axis=1), column_margins, side=1)
    share = n / total[:, None, None]
    size = np.broadcast_to(total if effective_n is None else np.asarray(effective_n, float), total.shape)

    parts = []
    for start in range(0, len(n), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        parts.append(_solve(share[part], a[part], b[part], size[part], total[part]))
    steps = max(part.steps for part in parts)
    return PolychoricPairs(
        rho=np.concatenate([part.rho for part in parts]),
        se=np.concatenate([part.se for part in parts]),
        boundary=np.concatenate([part.boundary for part in parts]),
        sparse=np.concatenate([part.sparse for part in parts]),
        log_likelihood=np.concatenate([part.log_likelihood for part in parts]),
        score=np.concatenate([part.score for part in parts]),
        steps=steps,
    )


def influence(joint: ArrayLike, rho: float) -> Array:
    """Influence of an answer in each cell on the two-step rho: rho-hat - rho = mean of the influences.

    Parameters
    ----------
    joint : (Ka, Kb) counts. rho : its two-step polychoric correlation.

    Returns
    -------
    (Ka, Kb) array; its share-weighted mean is 0. Products of influences, summed over respondents, give the
    asymptotic covariance of all correlations.
    """
    n = _padded([np.asarray(joint, dtype=float)])
    share = n / n.sum()
    a, b = _cuts(n.sum(axis=2), None, side=0), _cuts(n.sum(axis=1), None, side=1)
    psi: Array = _influence(share, a, b, np.array([rho]))[0]
    return psi


def influences(
    joints: Sequence[Array],
    rho: Array,
    *,
    row_margins: Sequence[Array] | None = None,
    column_margins: Sequence[Array] | None = None,
) -> Array:
    """`influence` of N pairs at once, (N, Ka, Kb); tables with fewer categories are padded at the top.

    Parameters
    ----------
    joints, row_margins, column_margins : as `polychoric_pairs`. rho : (N,).
    """
    n = _padded(joints)
    share = n / n.sum(axis=(1, 2), keepdims=True)
    a = _cuts(n.sum(axis=2), row_margins, side=0)
    b = _cuts(n.sum(axis=1), column_margins, side=1)
    parts = [
        _influence(share[part], a[part], b[part], rho[part])
        for part in (slice(s, s + PAIRS_AT_ONCE) for s in range(0, len(n), PAIRS_AT_ONCE))
    ]
    return np.concatenate(parts)


def influence_parts(
    joints: Sequence[Array],
    rho: Array,
    *,
    row_margins: Sequence[Array],
    column_margins: Sequence[Array],
) -> tuple[Array, Array, Array]:
    """What `influences` are made of, for when thresholds rest on more respondents than the pair.

    Returns
    -------
    own : (N, Ka, Kb) of the cell's own score on rho. by_row_cut (N, Ka - 1), by_column_cut (N, Kb - 1) : what
    a unit of ([row <= k] - F_k) adds through the threshold k. The influence is own less the sums of these.
    """
    n = _padded(joints)
    share = n / n.sum(axis=(1, 2), keepdims=True)
    a, b = _cuts(n.sum(axis=2), row_margins, side=0), _cuts(n.sum(axis=1), column_margins, side=1)
    cells = _cells(a, b, rho, share)
    own = _ratio(cells.d, cells.p)
    weighted = share * _ratio(own, cells.p)
    information = (share * own**2).sum(axis=(1, 2))
    information = np.where(information > 0, information, np.nan)
    s = np.sqrt(1 - rho**2)[:, None, None]
    return (
        own / information[:, None, None],
        _by_cut(weighted, a, b, rho, s) / information[:, None],
        _by_cut(weighted.transpose(0, 2, 1), b, a, rho, s) / information[:, None],
    )


def normal_density(x: Array) -> Array:
    """Of the standard normal."""
    return _phi(x)


def bivariate_normal(x: Array, y: Array, rho: float) -> Array:
    """P(X <= x, Y <= y) of standard normals correlated rho, element by element; +-EDGE is infinite."""
    found = np.where(x >= EDGE, ndtr(y), np.where(y >= EDGE, ndtr(x), 0.0))
    inside = np.flatnonzero((np.abs(x) < EDGE) & (np.abs(y) < EDGE))
    if inside.size:
        grid = _phi2(x[None, inside, None], y[None, inside, None], np.array([rho]))
        found[inside] = grid[0, :, 0]
    return np.asarray(found)


def smoothed(correlation: ArrayLike, *, floor: float = 1e-6) -> Array:
    """The matrix with eigenvalues below `floor` raised to it and the diagonal scaled back to 1.

    For a correlation matrix that is not positive definite, on request only: the changed entries are no longer
    estimates, and whoever asks must say so.
    """
    r = np.asarray(correlation, dtype=float)
    values, vectors = np.linalg.eigh(r)
    if values[0] >= floor:
        return r.copy()
    clipped = (vectors * np.maximum(values, floor)) @ vectors.T
    scale = 1.0 / np.sqrt(np.diag(clipped))
    result: Array = clipped * scale[:, None] * scale
    np.fill_diagonal(result, 1.0)
    return (result + result.T) / 2


def bivariate_normal_cdf(a: ArrayLike, b: ArrayLike, rho: ArrayLike) -> Array:
    """P(X <= a, Y <= b) for standard normals with correlation rho; absolute error about 1e-15.

    The three broadcast against one another. |rho| = 1 is allowed.

    References
    ----------
    Drezner & Wesolowsky (1990), J. Statist. Comput. Simul. 35, 101-107; Genz (2004), Statistics and
    Computing 14, 151-160.
    """
    a, b, rho = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (a, b, rho)))
    flat = _phi2(
        np.clip(a, -EDGE, EDGE).reshape(-1, 1, 1), np.clip(b, -EDGE, EDGE).reshape(-1, 1, 1), rho.reshape(-1)
    )
    return flat.reshape(a.shape)


# --- preparation ---


def _items_of(pairs: int) -> int:
    p = (1 + math.isqrt(1 + 8 * pairs)) // 2
    if p * (p - 1) // 2 != pairs or pairs == 0:
        raise TooFew(f"{pairs} joint tables are not all pairs of a set of at least 2 items")
    return p


def _padded(joints: Sequence[Array]) -> Array:
    """(N, Ka, Kb): a table with fewer categories gets empty ones at the top, which change nothing."""
    tables = [np.asarray(table, dtype=float) for table in joints]
    rows, columns = max(t.shape[0] for t in tables), max(t.shape[1] for t in tables)
    n = np.zeros((len(tables), rows, columns))
    for pair, table in enumerate(tables):
        n[pair, : table.shape[0], : table.shape[1]] = table
    return n


def _without_empty_2x2(table: Array) -> Array:
    """0.5 in the empty cells of a 2 x 2 table, the margins kept; other tables as they are."""
    n = np.asarray(table, dtype=float)
    rows, columns = np.flatnonzero(n.sum(axis=1) > 0), np.flatnonzero(n.sum(axis=0) > 0)
    if rows.size != 2 or columns.size != 2:
        return n
    cells = np.ix_(rows, columns)
    diagonal, other = min(n[rows[0], columns[0]], n[rows[1], columns[1]]), n[cells][::-1].diagonal().min()
    turn = 0.5 * (float(diagonal == 0) - float(other == 0))
    n = n.copy()
    n[cells] += turn * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return n


def _padded_rows(margins: Sequence[Array], width: int) -> Array:
    out = np.zeros((len(margins), width))
    for pair, margin in enumerate(margins):
        out[pair, : len(margin)] = margin
    return out


def _cuts(pair_counts: Array, given: Sequence[Array] | None, *, side: int) -> Array:
    """(N, K - 1) thresholds; an empty category has two equal ones, so its cells are empty and impossible."""
    counts = pair_counts if given is None else _padded_rows(given, pair_counts.shape[1])
    for margin in (pair_counts, counts):
        poor = np.flatnonzero((margin > 0).sum(axis=1) < 2)
        if poor.size:
            raise TooFew(
                "An item of a pair has answers in fewer than 2 categories", positions=[int(poor[0]), side]
            )
    cumulative = np.cumsum(counts, axis=1)
    cuts: Array = np.clip(ndtri(cumulative[:, :-1] / cumulative[:, -1:]), -EDGE, EDGE)
    return cuts


# --- the likelihood in rho ---


def _solve(share: Array, a: Array, b: Array, size: Array, total: Array) -> PolychoricPairs:
    """Newton steps kept inside a bracket of the root of the score; pairs that settled are left alone."""
    pairs = len(share)
    rho = _start(share, a, b)
    low, high = np.full(pairs, -RHO_MAX), np.full(pairs, RHO_MAX)
    boundary = np.zeros(pairs, dtype=bool)
    active = np.arange(pairs)
    steps = 0
    while active.size:
        if steps == MAX_STEPS:
            raise NotConverged(
                f"The polychoric correlation of {active.size} pairs did not settle in {MAX_STEPS} steps"
            )
        steps += 1
        r = rho[active]
        slope, bend = _derivatives(share[active], a[active], b[active], r)
        low[active] = np.where(slope > 0, r, low[active])
        high[active] = np.where(slope > 0, high[active], r)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = np.where(bend < 0, r - slope / bend, np.nan)
        lo, hi = low[active], high[active]
        arrived = np.abs(new - r) < STEP_TOLERANCE  # asked first: rounding of the score may put it outside
        at_end = (np.abs(r) == RHO_MAX) & (slope * np.sign(r) >= 0)
        # where the bracket is still open the end itself is tried early: the likelihood may rise all the way
        far = np.where(slope > 0, hi, lo)
        is_open = np.abs(far) == RHO_MAX
        flat = is_open & (np.abs(slope) < STEP_TOLERANCE) & ~(bend < -1e-6)
        middle = np.where(is_open, np.tanh((np.arctanh(r) + np.arctanh(far)) / 2), (lo + hi) / 2)
        middle = np.where(flat | (is_open & (np.abs(r) > 0.999)), far, middle)
        outside = flat | ~((new > lo) & (new < hi))
        new = np.where(outside & ~arrived, middle, new)
        boundary[active] = at_end
        settled = at_end | arrived | (hi - lo < STEP_TOLERANCE)
        rho[active] = np.where(at_end, r, new)
        active = active[~settled]

    cells = _cells(a, b, rho, share)
    slope = (share * _ratio(cells.d, cells.p)).sum(axis=(1, 2))
    log_p = np.log(np.where(share > 0, cells.p, 1.0))
    used = (share.sum(axis=2) > 0)[:, :, None] & (share.sum(axis=1) > 0)[:, None, :]
    sparse = (used & (cells.p * total[:, None, None] < 1)).sum(axis=(1, 2)) / used.sum(axis=(1, 2))
    se = np.full(pairs, np.nan)
    inside = np.flatnonzero(~boundary)
    psi = _influence(share[inside], a[inside], b[inside], rho[inside])
    se[inside] = np.sqrt((share[inside] * psi**2).sum(axis=(1, 2)) / size[inside])
    return PolychoricPairs(
        rho=np.where(boundary, np.sign(rho), rho),
        se=se,
        boundary=boundary,
        sparse=sparse,
        log_likelihood=total * (share * log_p).sum(axis=(1, 2)),
        score=slope,
        steps=steps,
    )


def _start(share: Array, a: Array, b: Array) -> Array:
    """Covariance of the normal scores of the categories, over the product of their variances."""
    x, y = _normal_scores(a, share.sum(axis=2)), _normal_scores(b, share.sum(axis=1))
    vx, vy = (share.sum(axis=2) * x**2).sum(axis=1), (share.sum(axis=1) * y**2).sum(axis=1)
    rho: Array = np.clip(np.einsum("nij,ni,nj->n", share, x, y) / (vx * vy), -0.9, 0.9)
    return rho


def _normal_scores(cuts: Array, margin: Array) -> Array:
    density = np.pad(_phi(cuts), ((0, 0), (1, 1)))
    scores = np.where(margin > 0, -np.diff(density, axis=1) / np.where(margin > 0, margin, 1), 0.0)
    centred: Array = scores - (margin * scores).sum(axis=1, keepdims=True)
    return centred


@dataclass(frozen=True, eq=False)
class _Cells:
    p: Array
    d: Array
    h: Array


def _derivatives(share: Array, a: Array, b: Array, rho: Array) -> tuple[Array, Array]:
    """First and second derivative of the mean log-likelihood in rho."""
    cells = _cells(a, b, rho, share)
    ratio = _ratio(cells.d, cells.p)
    slope = (share * ratio).sum(axis=(1, 2))
    bend = (share * (_ratio(cells.h, cells.p) - ratio**2)).sum(axis=(1, 2))
    # an answer stands in a cell that this rho makes impossible: the maximum lies nearer to 0
    impossible = ((share > 0) & (cells.p <= IMPOSSIBLE)).any(axis=(1, 2))
    return np.where(impossible, -np.sign(rho), slope), np.where(impossible, np.nan, bend)


def _cells(a: Array, b: Array, rho: Array, share: Array) -> _Cells:
    """Cell probabilities and their derivatives in rho, (N, Ka, Kb) each."""
    x, y, r = a[:, :, None], b[:, None, :], rho[:, None, None]
    rest = 1 - r * r
    density = np.exp(-(x * x + y * y - 2 * r * x * y) / (2 * rest)) / (2 * np.pi * np.sqrt(rest))
    change = r / rest + (x * y * (1 + r * r) - r * (x * x + y * y)) / (rest * rest)
    grid = np.zeros((len(rho), a.shape[1] + 2, b.shape[1] + 2))
    grid[:, 1:-1, 1:-1] = _phi2(x, y, rho)
    grid[:, 1:-1, -1], grid[:, -1, 1:-1], grid[:, -1, -1] = ndtr(a), ndtr(b), 1.0
    p = np.maximum(_differences(grid), 0.0)
    small = np.nonzero((share > 0) & (p < TINY_CELL))
    if small[0].size:
        p[small] = _small_cells(a, b, rho, small)
    return _Cells(p, _differences(np.pad(density, _FRAME)), _differences(np.pad(density * change, _FRAME)))


_FRAME = ((0, 0), (1, 1), (1, 1))


def _differences(grid: Array) -> Array:
    return np.diff(np.diff(grid, axis=1), axis=2)


def _ratio(top: Array, p: Array) -> Array:
    possible = p > IMPOSSIBLE
    ratio: Array = np.where(possible, top / np.where(possible, p, 1.0), 0.0)
    return ratio


def _influence(share: Array, a: Array, b: Array, rho: Array) -> Array:
    """(N, Ka, Kb) influence of an answer on rho, thresholds estimated from the margins (Muthen 1984)."""
    cells = _cells(a, b, rho, share)
    own = _ratio(cells.d, cells.p)
    weighted = share * _ratio(own, cells.p)
    information = (share * own**2).sum(axis=(1, 2))
    s = np.sqrt(1 - rho**2)[:, None, None]
    through_rows = _through_cuts(weighted, a, b, rho, s, share.sum(axis=2))
    through_columns = _through_cuts(weighted.transpose(0, 2, 1), b, a, rho, s, share.sum(axis=1))
    psi: Array = own - through_rows[:, :, None] - through_columns[:, None, :]
    return psi / np.where(information > 0, information, np.nan)[:, None, None]


def _through_cuts(weighted: Array, a: Array, b: Array, rho: Array, s: Array, margin: Array) -> Array:
    """What an answer in each row adds to the score of rho by moving the row thresholds, (N, Ka).

    A threshold a_k moves by ([row <= k] - F_k) / phi(a_k), and the cells beside it by phi(a_k) times the
    probability of a column given X = a_k: the density cancels.
    """
    cross = _by_cut(weighted, a, b, rho, s)
    below = np.arange(margin.shape[1])[None, :, None] <= np.arange(a.shape[1])
    shift = below - np.cumsum(margin, axis=1)[:, None, :-1]
    total: Array = (shift * cross[:, None, :]).sum(axis=2)
    return total


def _by_cut(weighted: Array, a: Array, b: Array, rho: Array, s: Array) -> Array:
    """(N, Ka - 1) what a row threshold does to the score of rho, over the density there."""
    given = ndtr((b[:, None, :] - rho[:, None, None] * a[:, :, None]) / s)
    column = np.diff(
        np.pad(given, ((0, 0), (0, 0), (1, 1)), constant_values=((0, 0), (0, 0), (0, 1))), axis=2
    )
    cross: Array = (column * (weighted[:, :-1] - weighted[:, 1:])).sum(axis=2)
    return cross


# --- the bivariate normal ---

_RULES = tuple(
    (limit, *np.polynomial.legendre.leggauss(points)) for limit, points in ((0.3, 6), (0.75, 12), (0.925, 20))
)
"""|rho| below the limit needs that many Gauss-Legendre points for full precision (Genz 2004)."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


def _phi(x: Array) -> Array:
    density: Array = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return density


def _phi2(x: Array, y: Array, rho: Array) -> Array:
    """Phi2 on grids: x (N, A, 1) and y (N, 1, B) with one rho (N,) each."""
    out = np.empty(np.broadcast_shapes(x.shape, y.shape))
    size = np.abs(rho)
    done = 0.0
    for limit, nodes, weights in _RULES:
        part = np.flatnonzero((size < limit) & (size >= done))
        if part.size:
            out[part] = _phi2_moderate(x[part], y[part], rho[part], nodes, weights)
        done = limit
    part = np.flatnonzero(size >= done)
    if part.size:
        positive = rho[part] > 0
        sign = np.where(positive, 1.0, -1.0)[:, None, None]
        near = _phi2_near_one(x[part], sign * y[part], size[part])
        # Phi2(x, y; -r) = Phi(x) - Phi2(x, -y; r)
        out[part] = np.where(sign > 0, near, ndtr(x[part]) - near)
    return out


def _phi2_moderate(x: Array, y: Array, rho: Array, nodes: Array, weights: Array) -> Array:
    """Phi(x) Phi(y) + (1 / 2 pi) int_0^{asin rho} exp(-(x^2 + y^2 - 2 x y sin t) / (2 cos^2 t)) dt."""
    half = np.arcsin(rho) / 2
    square, product = (x * x + y * y) / 2, x * y
    total = np.zeros(product.shape)
    for node, weight in zip(nodes, weights, strict=True):
        sine = np.sin(half * (1 + node))[:, None, None]
        total += weight * np.exp((sine * product - square) / (1 - sine * sine))
    cdf: Array = ndtr(x) * ndtr(y) + (half / (2 * np.pi))[:, None, None] * total
    return cdf


def _phi2_near_one(x: Array, y: Array, rho: Array) -> Array:
    """Phi(min(x, y)) - (1 / 2 pi) int_0^s exp(-(x - y)^2 / 2t^2 - x y / (1 + c)) / c dt, s = sqrt(1 - rho^2).

    c = sqrt(1 - t^2). The integrand without its first factor is expanded in t^2; the expansion is integrated
    exactly and only the remainder, of order t^6, numerically.
    """
    s = np.sqrt((1 - rho) * (1 + rho))[:, None, None]
    gap, product = (x - y) ** 2, x * y
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        decay = np.exp(np.where(s > 0, -gap / (2 * s * s) - product / 2, -np.inf))
        distance = np.sqrt(gap)
        # exp(-product / 2) sqrt(2 pi gap) Phi(-distance / s), in logarithms: the factors overflow alone
        tail = np.sqrt(2 * np.pi * gap) * np.exp(
            np.where(s > 0, log_ndtr(-distance / np.where(s > 0, s, 1.0)) - product / 2, -np.inf)
        )
    first = (4 - product) / 8
    second = first * (12 - product) / 16
    i0 = s * decay - tail
    i1 = (s**3 * decay - gap * i0) / 3
    i2 = (s**5 * decay - gap * i1) / 5
    total = i0 + first * i1 + second * i2
    for node, weight in zip(_RULES[-1][1], _RULES[-1][2], strict=True):
        t = s * (1 + node) / 2
        square = t * t
        root = np.sqrt(1 - square)
        with np.errstate(divide="ignore", invalid="ignore"):
            front = np.where(s > 0, -gap / (2 * square), -np.inf)
        rest = np.exp(front - product / (1 + root)) / root - np.exp(front - product / 2) * (
            1 + first * square + second * square * square
        )
        total += weight * s / 2 * rest
    cdf: Array = ndtr(np.minimum(x, y)) - total / (2 * np.pi)
    return cdf


def _small_cells(a: Array, b: Array, rho: Array, where: tuple[NDArray[np.intp], ...]) -> Array:
    """Probabilities of single cells with full relative precision, however small.

    int phi(x) [Phi((b1 - rho x) / s) - Phi((b0 - rho x) / s)] dx over the row's interval. The integrand is
    log-concave: its mode is found by golden section, its support where it has fallen by exp(-45), and each
    side is integrated by 40 Gauss-Legendre points.
    """
    pair, row, column = where
    edge = np.full((len(rho), 1), EDGE)
    cuts_a, cuts_b = np.hstack([-edge, a, edge]), np.hstack([-edge, b, edge])
    x0, x1 = cuts_a[pair, row], cuts_a[pair, row + 1]
    y0, y1 = cuts_b[pair, column], cuts_b[pair, column + 1]
    r = rho[pair]
    s = np.sqrt(1 - r * r)

    def log_integrand(x: Array) -> Array:
        shape = (-1,) + (1,) * (x.ndim - 1)
        u0, u1 = ((v.reshape(shape) - r.reshape(shape) * x) / s.reshape(shape) for v in (y0, y1))
        flip = u0 > 0  # differences are taken in the lower tail, where they are exact
        u0, u1 = np.where(flip, -u1, u0), np.where(flip, -u0, u1)
        upper, lower = log_ndtr(u1), log_ndtr(u0)
        with np.errstate(divide="ignore"):
            log_difference = upper + np.log(-np.expm1(np.minimum(lower - upper, 0.0)))
        value: Array = -x * x / 2 + log_difference - np.log(2 * np.pi) / 2
        return value

    golden = (np.sqrt(5) - 1) / 2
    left, right = x0.copy(), x1.copy()
    for _ in range(40):
        width = golden * (right - left)
        inner_left, inner_right = right - width, left + width
        rising = log_integrand(inner_left) < log_integrand(inner_right)
        left, right = np.where(rising, inner_left, left), np.where(rising, right, inner_right)
    mode = (left + right) / 2
    peak = log_integrand(mode)
    total = np.zeros(mode.shape)
    for end in (x0, x1):
        inside, outside = mode.copy(), end.copy()
        for _ in range(30):
            middle = (inside + outside) / 2
            high = log_integrand(middle) > peak - 45
            inside, outside = np.where(high, middle, inside), np.where(high, outside, middle)
        half = (outside - mode) / 2
        values = log_integrand(mode[:, None] + half[:, None] * (1 + _NODES))
        total += np.abs(half) * (np.exp(values - peak[:, None]) * _WEIGHTS).sum(axis=1)
    probability: Array = np.maximum(np.exp(peak) * total, IMPOSSIBLE)
    return probability
