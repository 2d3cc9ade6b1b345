"""A model fitted to many replicate covariance matrices at once, from the solution of the whole sample.

Every replicate needs only its own moments, so one step of all R fits is a few products of stacks of small
matrices. The steps begin with the Hessian of the whole sample, which each replicate corrects by what
its own gradients show (limited-memory BFGS), in units in which they are few (`rescaled`). A fit is done when
its next step is a hundred-thousandth of a standard error; those that are not after `QUICK_STEPS` go on from
their own Hessian, in the units of the model.

Letters as in `structure`, with the replicate as first axis: S (R, p, p), m (R, p), theta (R, q); c the m
variables that are causes or latent, F = (I - A_cc)^-1, G (R, p, m) the columns of E for c; the other
columns of E are those of the identity, so that Sigma = G S_cc G' + what the residuals add. W and M are
those of the discrepancy, d F = tr(M d Sigma) - 2 (W d)' d mu:

    ML      W = Sigma^-1, M = W (Sigma - S - d d') W
    GLS     W = S^-1,     M = W (Sigma - S) W
    ULS     W = I,        M = Sigma - S

References
----------
Efron & Tibshirani (1993), An Introduction to the Bootstrap. Liu & Nocedal (1989), Mathematical Programming
45, 503-528. Bollen & Stine (1992), Sociological Methods & Research 21, 205-229.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.numerics.asymptotic import normal_weight
from csat.numerics.descent import Estimate, descend
from csat.numerics.estimation import Group, MaximumLikelihood
from csat.numerics.least_squares import LeastSquares, WeightedMoments
from csat.numerics.linalg import Array, positive_inverse
from csat.numerics.moment_vectors import ContinuousMoments, counts_of_vech
from csat.numerics.replicate_moments import Moments
from csat.numerics.rescaled import Rescaled, rescaled
from csat.numerics.stacks import Layout, Stack, cells_of_data, inverses, roots
from csat.numerics.structure import Cells, Structure

Discrepancy = Literal["ML", "GLS", "ULS"]
Mask = NDArray[np.bool_]

QUICK_STEPS = 28
"""Steps by the Hessian of the whole sample; where the optimum is well determined ten to fifteen do."""
ROUNDS = 3
ROUND_STEPS = 30
"""Then each goes on by its own Hessian, taken anew in every round: a replicate that needs more has no optimum
to speak of."""
DONE_DROPPED = 0.15
"""Share of a batch that is done before the rest goes on without it: copies cost time too."""
SOLVED = 1e-5
"""Longest last step, in standard errors of the whole sample."""
RIDGE = 1e-10
"""Added to a Hessian of unit diagonal."""
DECREASE_TRUSTED = 1e-4
REPLICATES_AT_ONCE = 250
"""So many share the overhead of a step, while a stack of matrices stays near the processor."""


@dataclass(frozen=True, eq=False)
class ReplicateGroup:
    """A structure and its moments in R replicates.

    cov : (R, p, p), with the divisor of the discrepancy. n : its share is n over the sum of the groups.
    mean : (R, p), or None without a mean structure. exogenous : observed variables whose fixed moments are
    those of the replicate.
    """

    structure: Structure
    cov: Array
    n: float
    mean: Array | None = None
    exogenous: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Refits:
    """Of R replicates: theta (R, q), NaN where no optimum was found; discrepancy (R,).

    gradient : (R,) largest |g_k| / sqrt(H_kk) at the last look, H of the whole sample. stopped : too many
    were lost to go on.
    """

    theta: Array
    discrepancy: Array
    gradient: Array
    stopped: bool = False

    @property
    def failed(self) -> int:
        """Replicates without an optimum, or not looked at any more."""
        return int(np.isnan(self.discrepancy).sum())


def refits(
    groups: Sequence[ReplicateGroup],
    start: Array,
    hessian: Array,
    *,
    discrepancy: Discrepancy = "ML",
    lower: Array | None = None,
    upper: Array | None = None,
    most_failed: int | None = None,
) -> Refits:
    """The model fitted to every replicate, from the solution of the whole sample.

    Parameters
    ----------
    groups : share theta and the replicates. start : (q,) the solution. hessian : (q, q) of F there, positive
    definite. lower, upper : (q,) bounds; a replicate whose optimum is beyond one is sought again within them.
    most_failed : when more replicates have no optimum the search ends, as no interval would be given.

    Raises
    ------
    numpy.linalg.LinAlgError : the Hessian is not positive definite: parameters cannot be told apart.
    """
    q, count = start.size, len(groups[0].cov)
    plain = _Coordinates.of(groups, start, hessian)
    other = rescaled([g.structure for g in groups], start)
    quick = plain if other is None else _Coordinates.of(groups, start, hessian, other)
    theta, value = np.repeat(start[None], count, axis=0), np.full(count, np.nan)
    largest, solved = np.full(count, np.nan), np.zeros(count, dtype=bool)
    left = np.arange(count)
    stopped = False
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for turn in range(1 + ROUNDS):
            to, lost = plain if turn else quick, 0
            for begin in range(0, left.size, REPLICATES_AT_ONCE):
                at = left[begin : begin + REPLICATES_AT_ONCE]
                problem = _Problem(to.groups, to.layouts, discrepancy, at)
                if turn:
                    first = theta[at][:, to.order]
                    found = _descended(problem, first, problem.metrics(first), to.unit, ROUND_STEPS)
                else:
                    first = to.start[None].repeat(at.size, axis=0)
                    found = _descended(problem, first, to.metric, to.unit, QUICK_STEPS)
                theta[at], value[at], solved[at] = to.back(found[0]), found[1], found[3]
                largest[at] = np.abs(found[2] / to.steepness).max(axis=1)
                lost += int(np.count_nonzero(~solved[at]))
                stopped = turn == ROUNDS and most_failed is not None and lost > most_failed
                if stopped:
                    break
            left = np.flatnonzero(~solved)
    low = np.full(q, -np.inf) if lower is None else lower
    high = np.full(q, np.inf) if upper is None else upper
    inside = ((theta >= low) & (theta <= high)).all(axis=1)
    theta[~solved], value[~solved] = np.nan, np.nan
    for r in np.flatnonzero(~inside).tolist():
        theta[r], value[r] = np.nan, np.nan
        estimate = _within_bounds(groups, r, discrepancy, np.clip(start, low, high), low, high)
        if estimate is not None:
            theta[r], value[r], largest[r] = estimate.theta, estimate.discrepancy, estimate.largest_gradient
    return Refits(theta, value, largest, stopped)


@dataclass(frozen=True, eq=False)
class _Coordinates:
    """What the replicates are sought in: the parameters in another order, and perhaps in other units.

    start : (q,). metric : (q, q) inverse Hessian of the whole sample there. unit : (q,) standard errors.
    steepness : (q,) roots of the diagonal of the Hessian. order : which parameter each is.
    """

    groups: list[ReplicateGroup]
    layouts: list[Layout]
    start: Array
    metric: Array
    unit: Array
    steepness: Array
    order: NDArray[np.intp]
    other: Rescaled | None

    @classmethod
    def of(
        cls, groups: Sequence[ReplicateGroup], start: Array, hessian: Array, other: Rescaled | None = None
    ) -> _Coordinates:
        if other is not None:
            groups = [replace(g, structure=s) for g, s in zip(groups, other.structures, strict=True)]
            turn = other.jacobian()
            start, hessian = other.start, turn.T @ hessian @ turn
        order, own = _in_order(groups, start.size)
        h = hessian[np.ix_(order, order)]
        np.linalg.cholesky(h)
        metric: Array = np.asarray(np.linalg.inv(h), dtype=float)
        return cls(
            own,
            [Layout(g.structure, start.size, g.exogenous) for g in own],
            start[order],
            metric,
            np.sqrt(metric.diagonal() * 2 / sum(g.n for g in groups)),
            np.sqrt(h.diagonal()),
            order,
            other,
        )

    def back(self, theta: Array) -> Array:
        """(R, q) the parameters of the model."""
        found = np.empty_like(theta)
        found[:, self.order] = theta
        return found if self.other is None else self.other.back(found)


def _in_order(groups: Sequence[ReplicateGroup], q: int) -> tuple[NDArray[np.intp], list[ReplicateGroup]]:
    """Parameters in the order of the cells, where each has one: derivatives by both are then the same."""
    s = groups[0].structure
    by_cell = np.concatenate([c.parameter[c.free] for c in (s.directed, s.symmetric, s.means)])
    if len(groups) > 1 or not np.array_equal(np.sort(by_cell), np.arange(q)):
        return np.arange(q), list(groups)
    rank = np.empty(q, dtype=np.intp)
    rank[by_cell] = np.arange(q)

    def moved(cells: Cells) -> Cells:
        return replace(cells, parameter=np.where(cells.free, rank[cells.parameter], -1))

    own = replace(s, directed=moved(s.directed), symmetric=moved(s.symmetric), means=moved(s.means))
    return by_cell, [replace(groups[0], structure=own)]


class _Problem:
    """The discrepancies of a batch of replicates and their gradients."""

    def __init__(
        self,
        groups: Sequence[ReplicateGroup],
        layouts: Sequence[Layout],
        discrepancy: Discrepancy,
        at: NDArray[np.intp],
    ) -> None:
        self.layouts, self.discrepancy = layouts, discrepancy
        self.starts_as_one = not any(layout.exogenous for layout in layouts)
        """Whether what is implied at one theta is the same for all replicates."""
        self.cov: list[Array] = []
        self.mean = [None if g.mean is None else g.mean[at] for g in groups]
        self.shares = [g.n / sum(own.n for own in groups) for g in groups]
        self.usable: Mask = np.ones(at.size, dtype=bool)
        """Replicates whose moments have an inverse."""
        self.weights: list[Array] = []
        self.constant = np.zeros(at.size)
        for group, share in zip(groups, self.shares, strict=True):
            cov, one = group.cov[at], np.eye(group.cov.shape[1])
            finite = np.asarray(np.isfinite(cov).all(axis=(1, 2)))
            factor = roots(np.where(finite[:, None, None], cov, 0.0))
            good = np.asarray(np.isfinite(factor).all(axis=(1, 2)))
            self.usable = self.usable & good
            cov[~good], factor[~good] = one, one
            self.cov.append(cov)
            if discrepancy == "ML":
                self.constant += share * (_log_determinant(factor) + len(one))
            elif discrepancy == "GLS":
                self.weights.append(inverses(cov))

    def look(self, theta: Array, live: NDArray[np.intp]) -> tuple[Array, Array]:
        """F (k,) and gradient (k, q) of the replicates `live`.

        F is infinite where Sigma is not positive definite. One theta (1, q) may stand for all.
        """
        value, gradient = -self.constant[live], np.zeros((live.size, theta.shape[1]))
        for share, _, slope in self._seen(theta, live, curved=False):
            value += share * slope.value
            gradient += share * slope.gradient
        return np.where(np.isfinite(value), value, np.inf), gradient

    def metrics(self, theta: Array) -> Array:
        """(R, q, q) inverses of the exact Hessians; of what remains of one where the model is true, where it
        is not positive definite.
        """
        moving, size = self.discrepancy == "ML", (*theta.shape, theta.shape[1])
        seen = self._seen(theta, np.arange(len(theta)), curved=True)
        total = np.zeros(size)
        for share, here, slope in seen:
            total += share * here.hessian(slope.weight, slope.pull, slope.mean_pull, moving=moving)
        found = _positive_inverses(total)
        bad = np.flatnonzero(np.isnan(found[:, 0, 0]))
        if bad.size:
            rest = np.zeros((bad.size, *size[1:]))
            for share, here, slope in seen:
                means = slope.mean_pull is not None
                rest += share * here.of(bad).expected_hessian(slope.weight[bad], with_means=means)
            found[bad] = _positive_inverses(rest)
        return found

    def _seen(
        self, theta: Array, live: NDArray[np.intp], *, curved: bool
    ) -> list[tuple[float, Stack, _Slope]]:
        """By group: its share, what is implied, and the derivatives; curved : also what the Hessian needs."""
        seen: list[tuple[float, Stack, _Slope]] = []
        for i, (layout, share) in enumerate(zip(self.layouts, self.shares, strict=True)):
            cov, sample_mean = self.cov[i][live], self.mean[i]
            mean = None if sample_mean is None else sample_mean[live]
            here = layout.at(theta, cov, mean)
            d = None if mean is None or here.mean is None else mean - here.mean
            if self.discrepancy == "ML" and layout.is_plain:
                slope = _by_causes(here, cov, d, curved)
            elif self.discrepancy == "ML":
                slope = _likelihood(here, cov, d)
            else:
                slope = _squares(here, cov, d, self.weights[i][live] if self.weights else None)
            seen.append((share, here, slope))
        return seen


@dataclass(frozen=True, eq=False)
class _Slope:
    """Of a group: F up to a constant, its gradient, and what the Hessian is made of: W, M and W d."""

    value: Array
    gradient: Array
    weight: Array
    pull: Array
    mean_pull: Array | None


def _likelihood(here: Stack, cov: Array, d: Array | None) -> _Slope:
    sigma = here.covariance
    factor = roots(sigma)
    good = np.isfinite(factor[:, 0, 0])
    safe = sigma if good.all() else np.where(good[:, None, None], sigma, np.eye(sigma.shape[1]))
    # a matrix may have a root and still be singular to rounding
    w = inverses(safe)
    second = cov if d is None else cov + d[:, :, None] * d[:, None, :]
    f = _log_determinant(factor) + np.einsum("rij,rij->r", w, second)
    m = w - w @ second @ w
    pull = None if d is None else (w @ d[..., None])[..., 0]
    return _Slope(f, here.gradient(m, pull), w, m, pull)


def _by_causes(here: Stack, cov: Array, d: Array | None, curved: bool) -> _Slope:
    """Of a plain layout: the few where a residual variance is not positive take the longer way."""
    odd = np.flatnonzero(~(here.residual_variance > 0).all(axis=1))
    if odd.size == len(here.theta):
        return _likelihood(here, cov, d)
    found = _plain_likelihood(here, cov, d, curved)
    if odd.size:
        other = _likelihood(here.of(odd), cov[odd], None if d is None else d[odd])
        found.value[odd], found.gradient[odd] = other.value, other.gradient
        if curved:
            found.weight[odd], found.pull[odd] = other.weight, other.pull
        if found.mean_pull is not None and other.mean_pull is not None:
            found.mean_pull[odd] = other.mean_pull
    return found


def _plain_likelihood(here: Stack, cov: Array, d: Array | None, curved: bool) -> _Slope:
    """The same through matrices of m columns, where Sigma = G S_cc G' + a diagonal t; only for positive t.

    With B = G / t, J = G' B and Z = (I + S_cc J)^-1: Sigma^-1 = 1 / t - B Z S_cc B', Sigma^-1 G = B Z.
    Sigma is positive definite where I + L' S_cc L is, J = L L'.
    """
    g, psi, t = here.causes, here.residual, here.residual_variance
    t = np.where(t > 0, t, 1.0)
    p, m = g.shape[1:]
    one = np.eye(m)
    b = g / t[:, :, None]
    turned_b = b.transpose(0, 2, 1)
    j = turned_b @ g
    inner = one + psi @ j
    z = inverses(inner)
    k = z @ psi
    # residuals that can be leave no doubt
    proper = np.isfinite(roots(psi)[:, 0, 0])
    odd = np.flatnonzero(~proper)
    if odd.size:
        # a latent variable that measures nothing by itself leaves J singular
        ridge = 1e-12 * np.trace(j[odd], axis1=1, axis2=2)[:, None, None] * one
        low = roots(j[odd] + ridge)
        proper[odd] = np.isfinite(roots(one + low.transpose(0, 2, 1) @ psi[odd] @ low)[:, 0, 0])
    sb, variance = cov @ b, np.diagonal(cov, axis1=1, axis2=2)
    pull = None
    if d is not None:
        at_b = (turned_b @ d[..., None])[..., 0]
        sb = sb + d[:, :, None] * at_b[:, None, :]
        variance = variance + d**2
        pull = d / t - (b @ (k @ at_b[..., None]))[..., 0]
    bsb = turned_b @ sb
    with np.errstate(invalid="ignore", divide="ignore"):
        f = np.log(t).sum(axis=1) + np.log(np.abs(np.linalg.det(inner)))
        f = f + (variance / t).sum(axis=1) - (k * bsb).sum(axis=(1, 2))
    f = np.where(proper, f, np.inf)
    # products of small matrices cost by their number, not by their size
    kz = np.concatenate([k, z], axis=2)
    b_kz, sb_kz = b @ kz, sb @ kz
    bk, bk_bsb = b_kz[:, :, :m], b_kz[:, :, :m] @ bsb
    # M G = W G - W S W G
    mg = b_kz[:, :, m:] - sb_kz[:, :, m:] / t[:, :, None] + bk_bsb @ z
    turned = np.concatenate([mg, mg @ (psi @ here.inner.transpose(0, 2, 1))], axis=2)
    own = (1 - variance / t) / t - _row_dots(bk, b)
    own += 2 * _row_dots(sb_kz[:, :, :m], b) / t - _row_dots(bk_bsb, bk)
    gradient = here.gradient_of(turned, own[:, here.layout.own_rows], pull)
    if not curved:
        return _Slope(f, gradient, np.zeros(0), np.zeros(0), pull)
    w = -bk @ turned_b
    w[:, np.arange(p), np.arange(p)] += 1 / t
    second = cov if d is None else cov + d[:, :, None] * d[:, None, :]
    return _Slope(f, gradient, w, w - w @ second @ w, pull)


def _squares(here: Stack, cov: Array, d: Array | None, weight: Array | None) -> _Slope:
    """Least squares with a fixed W, the identity where None."""
    gap = here.covariance - cov
    w = np.broadcast_to(np.eye(gap.shape[1]), gap.shape) if weight is None else weight
    turned = gap if weight is None else w @ gap
    f = 0.5 * np.einsum("rij,rji->r", turned, turned)
    m = gap if weight is None else turned @ w
    pull = None
    if d is not None:
        pull = (w @ d[..., None])[..., 0]
        f = f + (d * pull).sum(axis=1)
    return _Slope(f, here.gradient(m, pull), w, m, pull)


_Learnt = tuple[Array, Array, Array]
"""Of each replicate a step, how the gradient turned on it, and what `_curved` says of the two."""
_Found = tuple[Array, Array, Array, Mask]
"""theta, F, gradient, and whether it is the optimum, of each replicate of a batch."""


def _descended(problem: _Problem, theta: Array, metric: Array, unit: Array, steps: int) -> _Found:
    """So many quasi-Newton steps of all, from theta, by a metric and what their own gradients show.

    metric : (q, q) inverse Hessian of all, or (R, q, q) of each.
    """
    theta, solved = theta.copy(), np.zeros(len(theta), dtype=bool)
    value, gradient = np.full(len(theta), np.nan), np.zeros(theta.shape)
    live = np.flatnonzero(problem.usable & np.isfinite(metric).all(axis=(-2, -1)))
    if not live.size:
        return theta, value, gradient, solved
    at, share = theta[live], np.ones(live.size)
    metric = metric[live] if metric.ndim == 3 else metric
    as_one = problem.starts_as_one and metric.ndim == 2
    f, g = problem.look(at[:1] if as_one else at, live)
    learnt: list[_Learnt] = []
    for number in range(steps):
        step = _direction(g, learnt, metric)
        done = np.abs(step / unit).max(axis=1) <= SOLVED
        # the step that proves the end is worth taking: it squares what error is left
        open_still = ~solved[live]
        one = live[open_still]
        theta[one] = np.where(done[:, None], at + step, at)[open_still]
        value[one], gradient[one], solved[one] = f[open_still], g[open_still], done[open_still]
        if number == steps - 1:
            break
        kept = ~solved[live]
        if kept.mean() < 1 - DONE_DROPPED:
            if not kept.any():
                break
            live = live[kept]
            at, step, f, g, share = (x[kept] for x in (at, step, f, g, share))
            metric = metric[kept] if metric.ndim == 3 else metric
            learnt = [(s[kept], y[kept], rho[kept]) for s, y, rho in learnt]
        step *= share[:, None]
        new_f, new_g = problem.look(at + step, live)
        lower = _is_lower(f, new_f, g, step)
        step[~lower] = 0.0
        turn = np.where(lower[:, None], new_g - g, 0.0)
        at, f, g = at + step, np.where(lower, new_f, f), g + turn
        share = np.where(lower, 1.0, share / 4)
        learnt.append((step, turn, _curved(step, turn)))
    return theta, value, gradient, solved


def _is_lower(value: Array, f: Array, gradient: Array, step: Array) -> Mask:
    """Whether a step brought enough of the decrease it promised."""
    promised = -(gradient * step).sum(axis=1)
    # near the optimum F cannot show the decrease any more
    allowed = 1e-13 * np.maximum(1.0, np.abs(value))
    with np.errstate(invalid="ignore"):
        return np.asarray((promised > 0) & (f <= value - DECREASE_TRUSTED * promised + allowed))


def _curved(step: Array, turn: Array) -> Array:
    """(k,) 1 / (s' y) of steps s and turns y of the gradient, zero where the curvature is not positive."""
    product = _dots(step, turn)
    least = 1e-10 * np.sqrt(_dots(step, step) * _dots(turn, turn))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(product > least, 1 / product, 0.0)


def _direction(gradient: Array, learnt: Sequence[_Learnt], metric: Array) -> Array:
    """Minus the inverse Hessian, as learnt, times the gradient: (k, q). The two loops of Liu & Nocedal."""
    q = gradient.copy()
    shares: list[Array] = []
    for s, y, rho in reversed(learnt):
        shares.append(rho * _dots(s, q))
        q -= shares[-1][:, None] * y
    found: Array = q @ metric if metric.ndim == 2 else (metric @ q[..., None])[..., 0]
    for (s, y, rho), a in zip(learnt, reversed(shares), strict=True):
        found += (a - rho * _dots(y, found))[:, None] * s
    return -found


def _row_dots(a: Array, b: Array) -> Array:
    """(R, p) products of the rows of each matrix."""
    return np.asarray(np.einsum("rij,rij->ri", a, b))


def _dots(a: Array, b: Array) -> Array:
    """(k,) products of the rows."""
    return np.asarray(np.einsum("ri,ri->r", a, b))


def _positive_inverses(stack: Array) -> Array:
    """Of Hessians, each held off singularity by a ridge in its own units; NaN where not positive definite."""
    found = np.full_like(stack, np.nan)
    ridge = RIDGE * np.eye(stack.shape[1])
    for r, hessian in enumerate(stack):
        unit = np.sqrt(np.maximum(hessian.diagonal(), 1e-300))
        by = unit[:, None] * unit
        with suppress(np.linalg.LinAlgError):
            found[r] = positive_inverse(hessian / by + ridge)[0] / by
    return found


def _within_bounds(
    groups: Sequence[ReplicateGroup], r: int, discrepancy: Discrepancy, start: Array, low: Array, high: Array
) -> Estimate | None:
    """The optimum of one replicate by itself; None where there is none."""
    own = [replicate_group(g, r) for g in groups]
    objective = MaximumLikelihood(own) if discrepancy == "ML" else least_squares(own, discrepancy)
    try:
        found = descend(objective, start, lower=low, upper=high)
    except np.linalg.LinAlgError:
        return None
    return found if found.converged else None


def replicate_group(group: ReplicateGroup, r: int) -> Group:
    """One replicate by itself, with its own exogenous moments."""
    structure, cov = group.structure, group.cov[r]
    mean = None if group.mean is None else group.mean[r]
    if group.exogenous:
        s, a = structure.symmetric, structure.means
        of_pairs, of_levels = cells_of_data(structure, group.exogenous)
        values, level = s.value.copy(), a.value.copy()
        values[of_pairs] = cov[s.row[of_pairs], s.column[of_pairs]]
        if mean is not None:
            level[of_levels] = mean[a.row[of_levels]]
        structure = replace(structure, symmetric=replace(s, value=values), means=replace(a, value=level))
    return Group(structure, cov, group.n, mean)


def least_squares(groups: Sequence[Group], discrepancy: Discrepancy) -> LeastSquares:
    """The objective of GLS or ULS."""
    made = []
    for g in groups:
        moments, means = ContinuousMoments(g.structure), g.structure.has_means
        p = len(g.cov)
        if discrepancy == "GLS":
            weight = normal_weight(np.asarray(np.linalg.inv(g.cov), dtype=float), means=means)
        else:
            weight = np.concatenate([np.ones(p if means else 0), counts_of_vech(p) / 2])
        made.append(WeightedMoments(moments, moments.of_sample(g.cov, g.mean), weight, g.n))
    return LeastSquares(made)


def _log_determinant(factors: Array) -> Array:
    """(R,) of the matrices whose lower roots these are."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1))


# ---- the moments of the replicates ------------------------------------


def covariances(draws: Iterable[Moments], *, factor: float = 1.0) -> tuple[Array, Array]:
    """Covariances (R, p, p) times `factor`, and means (R, p), of the replicates that `draws` yields.

    `replicate_moments` divides by n - 1: factor (n - 1) / n for maximum likelihood.
    """
    covs, means = [], []
    for drawn in draws:
        spread = drawn.correlation * drawn.sd[:, None] * drawn.sd[None] * factor
        covs.append(np.ascontiguousarray(np.moveaxis(spread, 2, 0)))
        means.append(drawn.mean.T)
    return np.concatenate(covs), np.concatenate(means)


def as_if_true(
    cov: Array,
    mean: Array,
    *,
    sample: tuple[Array, Array],
    implied: tuple[Array, Array | None],
) -> tuple[Array, Array]:
    """Replicate moments of answers turned so that the model holds in the whole sample (Bollen & Stine 1992).

    The rows become A (y - m) + mu with A = L_Sigma L_S^-1, L the lower roots: their covariance is Sigma.

    Parameters
    ----------
    cov, mean : (R, p, p), (R, p) of the replicates. sample : S and m of the whole sample. implied : Sigma and
    mu; where mu is None the means stay those of the sample.
    """
    own, target = np.linalg.cholesky(sample[0]), np.linalg.cholesky(implied[0])
    turn = np.linalg.solve(own.T, target.T).T
    middle = sample[1] if implied[1] is None else implied[1]
    return np.asarray(turn @ cov @ turn.T), np.asarray(middle + (mean - sample[1]) @ turn.T)
