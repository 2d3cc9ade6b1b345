"""Full-information likelihood of answers with gaps, worked through pattern by pattern of what was answered.

Letters: P patterns, f_P the share of a pattern's respondents, W_P the inverse of the observed corner of
Sigma, padded with zeros where the pattern has gaps, S_P and m_P the moments of its rows (zeros likewise), d_P
= m_P - mu at the answered places. With the padding, sums over patterns need no indices:

    M = sum f_P [W_P - W_P (S_P + d_P d_P') W_P]        gradient of F in Sigma
    r = sum f_P W_P d_P                                 minus half the gradient of F in mu

F = sum f_P [ln|Sigma_P| + tr(W_P (S_P + d_P d_P'))] is -2 log L / n without its constant, less the same of
the saturated model. A step of EM is mu + Sigma r and Sigma - Sigma M Sigma - s s' with s = Sigma r.

References
----------
Arbuckle (1996); Dempster, Laird & Rubin (1977); Savalei & Bentler (2005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from csat.errors import NotConverged, TooFew
from csat.numerics.asymptotic import with_means
from csat.numerics.descent import Point, Slope
from csat.numerics.linalg import Array, require_variance, vech, vech_indices
from csat.numerics.moment_vectors import ContinuousMoments, counts_of_vech
from csat.numerics.structure import derivatives

EM_STEPS = 40
"""Steps of EM before Newton takes over (or tries to)."""

EM_STEPS_MOST = 10_000

NEWTON_ITEMS_MOST = 60
"""With more items the Hessian of the saturated model (p^4 / 4 numbers) costs more than EM."""

SETTLED = 1e-10
"""Scaled gradient at which the saturated moments are taken as found."""

ROUNDING = 1e-14
"""A variance below this, relative to the squared mean, is rounding."""

LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, eq=False)
class Patterns:
    """Rows gathered by which items they answer.

    observed : (P, p). n : (P,) respondents or sums of weights. mean : (P, p), cov : (P, p, p) dividing by
    n, zeros at gaps. of_row : (rows,) the pattern of each kept row, rows sorted by it in `order`.
    """

    observed: NDArray[np.bool_]
    n: Array
    mean: Array
    cov: Array
    rows: Array
    weights: Array
    starts: NDArray[np.intp]

    @property
    def total(self) -> float:
        return float(self.n.sum())

    @property
    def share(self) -> Array:
        return self.n / self.total

    @cached_property
    def varied(self) -> NDArray[np.intp]:
        """Patterns whose rows differ: those of one row have no covariance."""
        return np.flatnonzero(self.cov.any(axis=(1, 2)))

    @cached_property
    def answered(self) -> float:
        """Answers in all, weighted: what the constant of the likelihood counts."""
        return float((self.n * self.observed.sum(axis=1)).sum())


def patterns(rows: Array, *, weights: Array | None = None) -> Patterns:
    """Gather rows (n, p) with NaN for gaps; rows without any answer are left out.

    Raises
    ------
    TooFew : an item nobody answered, or two items nobody answered together, with positions.
    """
    known = ~np.isnan(rows)
    kept = known.any(axis=1)
    x, known = rows[kept], known[kept]
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)[kept]
    together = known.T.astype(float) @ known
    if np.any(together == 0):
        i, j = (int(v[0]) for v in np.nonzero(together == 0))
        raise TooFew(
            "no respondent answered {items} together" if i != j else "nobody answered {items}",
            positions=sorted({i, j}),
            do="Leave one of them out: their covariance cannot be known",
        )
    packed = np.packbits(known, axis=1)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, of_row = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(of_row, kind="stable")
    x, w, of_row = np.where(known, x, 0.0)[order], w[order], of_row[order]
    starts = np.concatenate([np.flatnonzero(np.diff(of_row, prepend=-1)), [len(x)]])
    observed = known[first]
    p = x.shape[1]
    n = np.add.reduceat(w, starts[:-1])
    mean = np.add.reduceat(x * w[:, None], starts[:-1], axis=0) / n[:, None]
    cov = np.zeros((len(first), p, p))
    for k, (a, b) in enumerate(pairwise(starts.tolist())):
        if b - a > 1:
            centred = (x[a:b] - mean[k]) * observed[k]
            cov[k] = (centred.T * w[a:b]) @ centred / n[k]
    return Patterns(observed, n, mean, cov, x, w, starts)


@dataclass(frozen=True, eq=False)
class _At:
    """What is known at one (mu, Sigma): W (P, p, p), d (P, p), value of F without constants, M and r."""

    inverse: Array
    gap: Array
    value: float
    m: Array
    pull: Array


def _look(data: Patterns, cov: Array, mean: Array) -> _At:
    p = len(cov)
    both = data.observed[:, :, None] & data.observed[:, None, :]
    padded = np.where(both, cov, 0.0)
    at = np.arange(p)
    padded[:, at, at] += ~data.observed
    factor = np.linalg.cholesky(padded)
    inverse = np.where(both, np.linalg.inv(padded), 0.0)
    gap = (data.mean - mean) * data.observed
    log_det = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    wd = np.einsum("pij,pj->pi", inverse, gap)
    f, varied = data.share, data.varied
    value = float(f @ (log_det + (gap * wd).sum(axis=1)))
    m = np.einsum("p,pij->ij", f, inverse) - (wd.T * f) @ wd
    if varied.size:
        own = inverse[varied]
        ws = own @ data.cov[varied]
        value += float(f[varied] @ np.trace(ws, axis1=1, axis2=2))
        m -= np.einsum("p,pij->ij", f[varied], ws @ own)
    return _At(inverse, gap, value, (m + m.T) / 2, f @ wd)


def _kernel(first: Array, second: Array, share: Array) -> Array:
    """sum f D' (A x B) D over patterns, symmetric part, (k, k) in vech; A, B (P, p, p)."""
    count, p = len(first), first.shape[1]
    rows, columns = vech_indices(p)
    flat = (first.reshape(count, -1) * share[:, None]).T @ second.reshape(count, -1)
    g = flat.reshape(p, p, p, p)  # g[a, c, b, d] = sum f A_ac B_bd
    i, j, k, m = rows[:, None], columns[:, None], rows[None, :], columns[None, :]
    if first is second:
        kernel = (g[i, k, j, m] + g[i, m, j, k]) / 2
    else:
        kernel = (g[i, k, j, m] + g[i, m, j, k] + g[j, k, i, m] + g[j, m, i, k]) / 4
    counts = counts_of_vech(p)
    kernel = kernel * (counts[:, None] * counts)
    return np.asarray((kernel + kernel.T) / 2)


def _expected(data: Patterns, at: _At) -> Array:
    """Expected Hessian of F in [mu, vech Sigma], (k, k)."""
    means = 2 * np.einsum("p,pij->ij", data.share, at.inverse)
    return with_means(_kernel(at.inverse, at.inverse, data.share), means)


def _observed(data: Patterns, at: _At) -> Array:
    """Exact Hessian of F in [mu, vech Sigma], (k, k), without what bends mu and Sigma themselves."""
    w, f = at.inverse, data.share
    p = w.shape[1]
    wd = np.einsum("pij,pj->pi", w, at.gap)
    t = 2 * (w @ data.cov @ w + wd[:, :, None] * wd[:, None, :]) - w
    hessian = with_means(_kernel(w, t, f), 2 * np.einsum("p,pij->ij", f, w))
    rows, columns = vech_indices(p)
    flat = ((w.reshape(len(w), -1) * f[:, None]).T @ wd).reshape(p, p, p)
    cross = (flat[:, rows, columns] + flat[:, columns, rows]) * counts_of_vech(p)
    hessian[:p, p:], hessian[p:, :p] = cross, cross.T
    return hessian


def _gradient(at: _At) -> Array:
    """Gradient of F in [mu, vech Sigma]."""
    return np.concatenate([-2 * at.pull, counts_of_vech(len(at.m)) * vech(at.m)])


@dataclass(frozen=True, eq=False)
class Saturated:
    """Maximum-likelihood mean (p,) and covariance (p, p) of answers with gaps.

    value : F without constants there. log_likelihood : of all answers. steps : taken.
    """

    mean: Array
    cov: Array
    value: float
    log_likelihood: float
    steps: int


def available_moments(data: Patterns) -> tuple[Array, Array]:
    """Mean of each item over who answered it, and covariance of each pair over who answered both.

    The covariance of a pair is about the pair's own means and divides by its n - 1, then all by N / (N - 1).
    """
    seen = data.observed * data.n[:, None]
    known = data.observed.astype(float)
    mean = (seen * data.mean).sum(axis=0) / seen.sum(axis=0)
    away = np.where(data.observed, data.mean - mean, 0.0)
    n = seen.T @ known
    # (a, b): the sum of a over who answered both
    sums = (seen * away).T @ known
    squares = (data.n[:, None, None] * data.cov).sum(axis=0) + (seen * away).T @ away
    return mean, (squares - sums * sums.T / n) / (n - 1) * ((data.total - 1) / data.total)


def saturated_moments(data: Patterns) -> Saturated:
    """The unrestricted mean and covariance (the "h1" model) by EM, finished by Newton steps.

    Raises
    ------
    ConstantItem : an item without variance. NotConverged : EM did not settle.
    """
    n = data.n[:, None]
    mean = (n * data.mean).sum(axis=0) / (n * data.observed).sum(axis=0)
    square = np.diagonal(data.cov, axis1=1, axis2=2) + data.mean**2
    variances = (n * square * data.observed).sum(axis=0) / (n * data.observed).sum(axis=0) - mean**2
    # constant answers leave rounding
    cov = np.diag(require_variance(np.where(variances > ROUNDING * (1 + mean**2), variances, 0.0)))
    try:
        return _by_em(data, mean, cov)
    except np.linalg.LinAlgError as err:
        raise NotConverged(
            "the items depend on each other so far that answers with gaps have no covariance to be found",
            do="Leave out duplicates and sums of items, or items hardly anybody answered",
        ) from err


def _by_em(data: Patterns, mean: Array, cov: Array) -> Saturated:
    p = len(mean)
    at = _look(data, cov, mean)
    for step in range(EM_STEPS_MOST):
        scaled = np.sqrt(np.diagonal(cov))
        largest = max(np.abs(at.m * np.outer(scaled, scaled)).max(), np.abs(at.pull * scaled).max())
        if largest < SETTLED:
            return Saturated(mean, cov, at.value, _log_likelihood(data, at.value), step)
        if step >= EM_STEPS and step % 10 == 0 and p <= NEWTON_ITEMS_MOST:
            finished = _newton(data, mean, cov, step)
            if finished is not None:
                return finished
        shift = cov @ at.pull
        mean = mean + shift
        cov = cov - cov @ at.m @ cov - np.outer(shift, shift)
        at = _look(data, cov, mean)
    raise NotConverged("the moments of the answers with gaps did not settle", do="Leave out rare items")


def _newton(data: Patterns, mean: Array, cov: Array, steps: int) -> Saturated | None:
    """From where EM is; None when the likelihood is not concave there or does not rise."""
    p = len(mean)
    rows, columns = vech_indices(p)
    at = _look(data, cov, mean)
    for step in range(20):
        sd = np.sqrt(np.diagonal(cov))
        scale = np.concatenate([sd, sd[rows] * sd[columns]])
        gradient = _gradient(at) * scale
        if np.abs(gradient).max() < SETTLED:
            return Saturated(mean, cov, at.value, _log_likelihood(data, at.value), steps + step)
        try:
            factor = np.linalg.cholesky(_observed(data, at) * np.outer(scale, scale))
            move = -scale * np.linalg.solve(factor.T, np.linalg.solve(factor, gradient))
            new_cov = cov.copy()
            new_cov[rows, columns] += move[p:]
            new_cov[columns, rows] = new_cov[rows, columns]
            new = _look(data, new_cov, mean + move[:p])
        except np.linalg.LinAlgError:
            return None
        if not new.value <= at.value + 1e-12 * max(1.0, abs(at.value)):
            return None
        mean, cov, at = mean + move[:p], new_cov, new
    return None


def _log_likelihood(data: Patterns, value: float) -> float:
    return -0.5 * (data.total * value + data.answered * LOG_2PI)


@dataclass(frozen=True, eq=False)
class IncompleteGroup:
    """A structure with means, the answers by pattern, and the saturated F they reach."""

    moments: ContinuousMoments
    data: Patterns
    saturated: Saturated

    @property
    def n(self) -> float:
        return self.data.total


class FullInformation:
    """The objective F of the module, summed over groups with shares n_g / n."""

    def __init__(self, groups: Sequence[IncompleteGroup]) -> None:
        self.groups = tuple(groups)
        self.shares = [group.n / sum(g.n for g in groups) for group in groups]

    def look(self, theta: Array) -> Point:
        value, moments, kept = 0.0, [], []
        for group, share in zip(self.groups, self.shares, strict=True):
            _, implied = group.moments.vector(theta)
            at = _look(group.data, implied.covariance, implied.mean)
            value += share * (at.value - group.saturated.value)
            moments.append(implied)
            kept.append(at)
        if not np.isfinite(value):
            raise np.linalg.LinAlgError("the discrepancy is not finite")
        return Point(theta, value, tuple(moments), tuple(kept))

    @property
    def n(self) -> float:
        """Respondents of all groups."""
        return sum(group.n for group in self.groups)

    def gradient(self, point: Point) -> Array:
        """(q,) without the Hessians of `slope`, which cost much more."""
        total = np.zeros(point.theta.size)
        for group, share, implied, at in zip(
            self.groups, self.shares, point.implied, point.kept, strict=True
        ):
            by = derivatives(group.moments.structure, implied, point.theta.size)
            by_cell = 2 * (by.u * (at.m @ by.v)).sum(axis=0) - 2 * at.pull @ by.mean
            total += share * by.gathered(by_cell)
        return total

    def slope(self, point: Point) -> Slope:
        q = point.theta.size
        gradient, expected = np.zeros(q), np.zeros((q, q))
        found = []
        for group, share, implied, at in zip(
            self.groups, self.shares, point.implied, point.kept, strict=True
        ):
            here = group.moments.moments(point.theta, implied)
            by_moment = _gradient(at)
            gradient += share * here.jacobian.T @ by_moment
            expected += share * here.jacobian.T @ _expected(group.data, at) @ here.jacobian
            found.append((group, share, here, at, by_moment))

        def observed() -> Array:
            total = np.zeros((q, q))
            for group, share, here, at, by_moment in found:
                part = here.jacobian.T @ _observed(group.data, at) @ here.jacobian
                total += share * (part + group.moments.bend(here, point.theta, by_moment))
            return total

        return Slope(gradient, expected.diagonal(), lambda: expected, observed)


def discrepancy(data: Patterns, cov: Array, mean: Array) -> float:
    """F of the module at these moments."""
    return _look(data, cov, mean).value


def half_hessian(data: Patterns, cov: Array, mean: Array, *, expected: bool = False) -> Array:
    """Half the Hessian of F in [mu, vech Sigma]: information per respondent, as in `normal_weight`."""
    at = _look(data, cov, mean)
    return (_expected(data, at) if expected else _observed(data, at)) / 2


def score_covariance(data: Patterns, cov: Array, mean: Array) -> Array:
    """Mean outer product of the respondents' scores in [mu, vech Sigma], (k, k).

    The score of a row is [z, 0.5 D' vec(z z' - W_P)] with z = W_P (y - mu); weights are squared.
    """
    at = _look(data, cov, mean)
    p = len(cov)
    rows, columns = vech_indices(p)
    counts = counts_of_vech(p) / 2
    k = p + rows.size
    total = np.zeros((k, k))
    scores = np.empty((len(data.rows), k))
    for w, seen, a, b in zip(at.inverse, data.observed, data.starts[:-1], data.starts[1:], strict=True):
        z = ((data.rows[a:b] - mean) * seen) @ w
        scores[a:b, :p] = z
        scores[a:b, p:] = (z[:, rows] * z[:, columns] - w[rows, columns]) * counts
    scores *= data.weights[:, None]
    total = scores.T @ scores
    return np.asarray(total / data.total)
