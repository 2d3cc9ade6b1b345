"""PLS path modelling from a correlation matrix: one, or thousands at once.

Letters: p items; q places, an item once for each construct it measures, constructs in order; c constructs;
R (q, q) correlations of the places; w (q,) outer weights; Y = Z w scores of variance 1; cov (c, q)
covariances of scores and places; V (c, c) correlations of scores; B (c, c) paths, row = from, column = to;
N matrices.

Many matrices are held with the matrix LAST, (p, p, N): then every step is one operation on N numbers, and a
replicate costs microseconds. The same arrays without the last axis are one solution.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg.lapack import dposv

from csat.errors import ConstantItem, NotConverged, NotIdentified, NumericsError, SingularMatrix, TooFew
from csat.numerics.linalg import cholesky

Array: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]
Scheme = Literal["path", "factor", "centroid"]
Mode = Literal["A", "B"]

SCHEMES: tuple[Scheme, ...] = ("path", "factor", "centroid")
TOLERANCE = 1e-10
"""Largest change of a weight at which the rounds stop; it costs three more rounds than the usual one."""
USUAL_TOLERANCE = 1e-7
ROUNDS = 300
"""Rounds in which the usual tolerance must be reached; a stricter one may take `PATIENCE` times as many."""
PATIENCE = 10
COLLINEAR_BELOW = 1e-10
"""A construct whose 1 - R^2 on its rivals is below this has no path of its own (as linalg.SINGULAR_BELOW)."""
BATCH = 512
"""Matrices worked on at once: 24 items then fill the second-level cache."""


class AboutConstructs(NumericsError):
    """An error whose positions are constructs, not items."""


class BadStructure(AboutConstructs, NotIdentified):
    """Constructs and paths that are no path model."""


class CollinearConstructs(AboutConstructs, SingularMatrix):
    """Scores of constructs that determine each other, so that their paths are not defined."""


@dataclass(frozen=True)
class PathStructure:
    """Which items measure which construct, and which construct moves which; made by `path_structure`.

    blocks : c tuples of item positions; an item may stand in several (repeated indicators).
    paths : (from, to) positions of constructs. modes : A (correlation) or B (regression) weights of each.
    """

    blocks: tuple[tuple[int, ...], ...]
    paths: tuple[tuple[int, int], ...]
    modes: tuple[Mode, ...]

    @property
    def constructs(self) -> int:
        """c."""
        return len(self.blocks)

    @functools.cached_property
    def places(self) -> Places:
        """(q,) item of each place."""
        return np.array([i for block in self.blocks for i in block], dtype=np.intp)

    @functools.cached_property
    def owner(self) -> Places:
        """(q,) construct of each place."""
        return np.repeat(np.arange(self.constructs), [len(b) for b in self.blocks])

    @functools.cached_property
    def slices(self) -> tuple[slice, ...]:
        """Places of each construct."""
        ends = np.cumsum([len(b) for b in self.blocks]).tolist()
        return tuple(slice(e - len(b), e) for e, b in zip(ends, self.blocks, strict=True))

    @functools.cached_property
    def order(self) -> tuple[int, ...]:
        """Constructs so that causes come before effects."""
        return _ordered(self.constructs, self.paths)

    @functools.cached_property
    def endogenous(self) -> tuple[int, ...]:
        """Constructs with a path to them, in their order."""
        return tuple(sorted({to for _, to in self.paths}))

    def parents(self, construct: int) -> tuple[int, ...]:
        """Constructs with a path to this one, in the order of the paths."""
        return tuple(a for a, b in self.paths if b == construct)

    def in_order(self, items: int) -> bool:
        """Whether places and items are the same thing."""
        return len(self.places) == items and self._sorted

    @functools.cached_property
    def _sorted(self) -> bool:
        return bool((self.places == np.arange(len(self.places))).all())

    @functools.cached_property
    def _index(self) -> _Index:
        return _Index(self)


class _Index:
    """Positions and masks of a structure that the rounds use again and again."""

    def __init__(self, structure: PathStructure) -> None:
        c, q = structure.constructs, len(structure.places)
        self.starts = np.array([s.start for s in structure.slices], dtype=np.intp)
        self.exact = np.array(
            [m == "B" or len(b) == 1 for m, b in zip(structure.modes, structure.blocks, strict=True)]
        )
        """Constructs whose scores count as without measurement error."""
        self.place_flat = np.arange(q) * c + structure.owner
        """Of (place, owner) in a flat (q, c)."""
        self.place_row = structure.owner * q + np.arange(q)
        """Of (owner, place) in a flat (c, q)."""
        self.row, self.column_of = (np.ascontiguousarray(x.reshape(-1)) for x in np.indices((c, c)))
        """Row and column of each cell of a flat (c, c)."""
        cause, effect = (np.array([p[i] for p in structure.paths], dtype=np.intp) for i in (0, 1))
        self.cause, self.effect = cause, effect
        self.path_flat = cause * c + effect
        arrows = np.zeros((c, c))
        arrows[cause, effect] = 1.0
        self.successors = np.ascontiguousarray(arrows.T)
        """[d, j] = 1 when j moves d."""
        self.neighbours = arrows + arrows.T
        # one matrix: all regressions as blocks, a path a row
        self.normal_flat = cause[:, None] * c + cause[None, :]
        self.same_effect = (effect[:, None] == effect[None, :]).astype(float)
        # many matrices: regressions side by side, padded with rows of an identity
        ends = structure.endogenous
        self.slot = np.array([int((effect[:i] == e).sum()) for i, e in enumerate(effect)], dtype=np.intp)
        self.column = np.array([ends.index(e) for e in effect], dtype=np.intp)
        self.most = int(self.slot.max(initial=-1)) + 1
        self.padded = np.repeat(c + np.arange(self.most)[:, None], len(ends), axis=1)
        self.padded[self.slot, self.column] = cause
        self.ends = np.array(ends, dtype=np.intp)
        self.into = (effect == self.ends[:, None]).astype(float)
        """(endogenous, paths): 1 where the path leads to it."""
        self.mode_b = tuple(
            s
            for s, m in zip(structure.slices, structure.modes, strict=True)
            if m == "B" and s.stop - s.start > 1
        )


@dataclass(frozen=True, eq=False)
class PlsFit:
    """A PLS solution; for many matrices every array has a last axis N.

    weights : (q,), the scores have variance 1.
    loadings : (q,) correlation of a place with its construct; when `consistent`, corrected.
    cross_covariance : (c, q) correlations of the scores with all places.
    score_correlation : (c, c) of the scores.
    construct_correlation : (c, c) what the paths rest on: the scores', corrected when `consistent`.
    paths : (c, c) row = from, column = to, 0 where there is none.
    r2 : (c,) NaN for a construct without causes.
    rho_a : (c,) reliability of the scores; 1 for single items and mode B.
    rounds, converged : how the weights were reached. aligned_with : how signs were settled.
    """

    structure: PathStructure
    scheme: Scheme
    consistent: bool
    weights: Array
    loadings: Array
    cross_covariance: Array
    score_correlation: Array
    construct_correlation: Array
    paths: Array
    r2: Array
    rho_a: Array
    rounds: NDArray[np.int64]
    converged: NDArray[np.bool_]


def path_structure(
    blocks: Sequence[Sequence[int]], paths: Sequence[tuple[int, int]], *, modes: Sequence[Mode] | Mode = "A"
) -> PathStructure:
    """The structure of a path model, checked.

    Parameters
    ----------
    blocks : c sequences of item positions. paths : (from, to) positions of constructs.
    modes : of each construct, or one for all; a construct of one item has weight 1 either way.

    Raises
    ------
    BadStructure : a construct without items or without a path, a path twice or to itself, causes in a circle;
        positions of constructs.
    """
    made = tuple(tuple(int(i) for i in b) for b in blocks)
    arrows = tuple((int(a), int(b)) for a, b in paths)
    chosen: tuple[Mode, ...] = (modes,) * len(made) if isinstance(modes, str) else tuple(modes)
    empty = [i for i, b in enumerate(made) if not b]
    if empty:
        raise BadStructure("no item measures {items}", positions=empty, do="Give each construct an item")
    twice = [i for i, b in enumerate(made) if len(set(b)) < len(b)]
    if twice:
        raise BadStructure("an item is named twice in {items}", positions=twice, do="Name it once")
    doubled = sorted({a for a in arrows if arrows.count(a) > 1})
    if doubled:
        raise BadStructure("the path between {items} is given twice", positions=doubled[0], do="Give it once")
    alone = [i for i in range(len(made)) if not any(i in a for a in arrows)]
    if alone:
        raise BadStructure(
            "no path leads to or from {items}: PLS finds the weights of a construct from its neighbours",
            positions=alone,
            do="Add a path, or leave the construct out",
        )
    circle = sorted(set(range(len(made))) - set(_ordered(len(made), arrows)))
    if circle:
        raise BadStructure(
            "the paths among {items} run in a circle", positions=circle, do="Turn or remove one of them"
        )
    return PathStructure(made, arrows, chosen)


def pls(
    correlation: ArrayLike,
    structure: PathStructure,
    *,
    scheme: Scheme = "path",
    consistent: bool = False,
    tolerance: float = TOLERANCE,
    max_rounds: int = ROUNDS,
) -> PlsFit:
    """PLS path model of one correlation matrix (Wold 1982); PLSc when `consistent`.

    Weights start at 1. Each round takes scores Y = Z w of variance 1, the inner estimate E of each construct
    from its neighbours, and new weights: correlations of its items with E (mode A), or the regression of E on
    its items (mode B); it stops when no weight changes by more than `tolerance`. Schemes:

        path      E = fitted value from its predecessors + sum over successors of r(Y, successor) Y_successor
        factor    E = sum over neighbours of r Y           centroid   E = sum over neighbours of sign(r) Y

    Sign of a construct: the sum of its loadings is positive. Paths are least squares on V; when `consistent`
    on V / sqrt(rho_A rho_A'), with loadings w sqrt(rho_A) / (w'w) for mode A constructs of several items
    (Dijkstra & Henseler 2015).

    Parameters
    ----------
    correlation : (p, p) of any kind: Pearson, weighted, pairwise, polychoric.
    max_rounds : in which no weight must change by more than 1e-7 any more; for a stricter `tolerance` ten
        times as many.

    Raises
    ------
    ConstantItem : an item without a correlation. SingularMatrix : mode B items that depend on each other.
    CollinearConstructs : predecessors that depend on each other. NotConverged : after `max_rounds`.
    """
    r = np.asarray(correlation, dtype=float)
    if not structure.in_order(len(r)):
        r = r[np.ix_(structure.places, structure.places)]
    if not math.isfinite(float(np.vdot(r, r))):
        raise _no_correlation(r, structure)
    w, cov, v, rounds, converged = _settled_one(r, structure, scheme, tolerance, max_rounds)
    if not converged:
        raise NotConverged(
            f"the PLS weights still change after {max_rounds} rounds",
            do="Look for a construct that is almost unrelated to its neighbours, or try another scheme",
        )
    index = structure._index
    loadings = cov.reshape(-1).take(index.place_row)
    if np.add.reduceat(loadings, index.starts).min() < 0:
        signs = _signs(loadings, structure)
        w, loadings = w * signs[structure.owner], loadings * signs[structure.owner]
        cov, v = cov * signs[:, None], v * np.outer(signs, signs)
    return _fit(structure, scheme, consistent, w, loadings, cov, v, rounds, converged)


def pls_many(
    correlations: Array,
    structure: PathStructure,
    *,
    scheme: Scheme = "path",
    consistent: bool = False,
    like: PlsFit | None = None,
    tolerance: float = 1e-7,
    max_rounds: int = ROUNDS,
) -> PlsFit:
    """PLS path models of many correlation matrices at once, as `pls`; nothing is raised.

    Parameters
    ----------
    correlations : (p, p, N), the matrix last.
    like : the solution of the whole data, for resamples of it: rounds start from its weights, and each
        construct takes the sign that agrees with its loadings.

    Returns
    -------
    PlsFit : with `converged` False and NaN everywhere for a matrix that gave no solution (an item without
        variance, collinear predecessors, no convergence).
    """
    at = structure.places
    same = structure.in_order(len(correlations))
    parts = []
    for start in range(0, correlations.shape[-1], BATCH):
        batch = correlations[..., start : start + BATCH]
        batch = batch if same else batch[np.ix_(at, at)]
        parts.append(
            _many(np.ascontiguousarray(batch), structure, scheme, consistent, like, tolerance, max_rounds)
        )
    if len(parts) == 1:
        return parts[0]

    def joined(name: str) -> Array:
        return np.concatenate([getattr(p, name) for p in parts], axis=-1)

    return PlsFit(
        structure, scheme, consistent, joined("weights"), joined("loadings"), joined("cross_covariance"),
        joined("score_correlation"), joined("construct_correlation"), joined("paths"), joined("r2"),
        joined("rho_a"), np.concatenate([p.rounds for p in parts]),
        np.concatenate([p.converged for p in parts]),
    )  # fmt: skip


def total_effects(paths: Array, structure: PathStructure) -> Array:
    """Direct and indirect effects together, T = (I - B)^-1 - I, (c, c) or (c, c, N); row = from."""
    total = np.zeros_like(paths)
    for j in structure.order:
        total[:, j] = paths[:, j]
        for i in structure.parents(j):
            total[:, j] += total[:, i] * paths[i, j]
    return total


def scores(standardised: ArrayLike, fit: PlsFit) -> Array:
    """(n, c) construct scores Y = Z w of variance 1 from standardised answers (n, p)."""
    structure, z = fit.structure, np.asarray(standardised, dtype=float)
    wide = np.zeros((len(structure.places), structure.constructs))
    wide.reshape(-1)[structure._index.place_flat] = fit.weights
    return np.asarray((z if structure.in_order(z.shape[1]) else z[:, structure.places]) @ wide)


# One matrix: every array is small, so that the number of numpy calls is what costs.


def _settled_one(
    r: Array, structure: PathStructure, scheme: Scheme, tolerance: float, max_rounds: int
) -> tuple[Array, Array, Array, int, bool]:
    """Weights, cov (c, q), V, rounds, converged."""
    index, owner = structure._index, structure.owner
    c, q = structure.constructs, len(owner)
    # weights of each construct in a row; flat views of the small matrices spare the broadcasting
    wide, across, v = np.zeros((c, q)), np.empty((c, q)), np.empty((c, c))
    into, flat = wide.reshape(-1), v.reshape(-1)
    variances = flat[:: c + 1]
    blocks_b = _inverse_blocks(r, structure) if index.mode_b else None
    w_raw, w = np.ones(q), np.zeros(q)
    converged, rounds = False, 0
    while True:
        into[index.place_row] = w_raw
        np.dot(wide, r, out=across)
        np.dot(wide, across.T, out=v)
        scale = variances**-0.5
        new = w_raw * scale.take(owner)
        by_row = scale.take(index.row)
        flat *= by_row
        flat *= scale.take(index.column_of)
        w -= new
        # the length of the change bounds its largest element, and is quicker to find
        change = math.sqrt(w.dot(w))
        w = new
        if rounds and change < tolerance:
            converged = True
            break
        if rounds >= max_rounds and (change >= USUAL_TOLERANCE or rounds >= PATIENCE * max_rounds):
            converged = change < USUAL_TOLERANCE
            break
        inner = _inner_one(v, structure, scheme)
        inner_flat = inner.reshape(-1)
        inner_flat *= by_row
        w_raw = np.dot(inner.T, across).reshape(-1).take(index.place_row)
        if blocks_b is not None:
            w_raw = blocks_b @ w_raw
        rounds += 1
    return w, across * scale[:, None], v, rounds, converged


def _inner_one(v: Array, structure: PathStructure, scheme: Scheme) -> Array:
    index = structure._index
    if scheme == "factor":
        return v * index.neighbours
    if scheme == "centroid":
        return np.asarray(np.sign(v) * index.neighbours)
    inner = v * index.successors
    inner.reshape(-1)[index.path_flat] = _regressions_one(v, structure)
    return inner


def _regressions_one(v: Array, structure: PathStructure) -> Array:
    """Path coefficients in the order of the paths: one solve of all regressions as diagonal blocks."""
    index = structure._index
    flat = v.reshape(-1)
    normal = flat.take(index.normal_flat)
    normal *= index.same_effect
    _, beta, info = dposv(normal, flat.take(index.path_flat))
    if info or not math.isfinite(beta[0]):
        raise _collinear(v, structure)
    return np.asarray(beta)


def _regressions_indefinite(v: Array, structure: PathStructure) -> Array:
    """As `_regressions_one` for corrected correlations, which may contradict each other (improper)."""
    index = structure._index
    try:
        return np.linalg.solve(
            v.reshape(-1)[index.normal_flat] * index.same_effect, v.reshape(-1)[index.path_flat]
        )
    except np.linalg.LinAlgError:
        raise _collinear(v, structure) from None


def _inverse_blocks(r: Array, structure: PathStructure) -> Array:
    """(q, q): the inverse of each mode B block, 1 on the diagonal elsewhere."""
    g = np.eye(len(r))
    for s in structure._index.mode_b:
        try:
            cholesky(r[s, s])
        except SingularMatrix as error:
            at = structure.places[s]
            raise SingularMatrix(
                error.message, positions=[int(at[i]) for i in error.positions], do=error.do
            ) from None
        g[s, s] = np.linalg.inv(r[s, s])
    return g


# Many matrices, the matrix last.


def _many(
    r: Array,
    structure: PathStructure,
    scheme: Scheme,
    consistent: bool,
    like: PlsFit | None,
    tolerance: float,
    max_rounds: int,
) -> PlsFit:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        w, cov, v, rounds, converged = _settled_many(r, structure, scheme, like, tolerance, max_rounds)
        loadings = cov[structure.owner, np.arange(len(structure.owner))]
        against = loadings if like is None else loadings * like.loadings[:, None]
        signs = _signs(against, structure)
        w, loadings = w * signs[structure.owner], loadings * signs[structure.owner]
        cov, v = cov * signs[:, None], v * (signs[:, None] * signs[None, :])
        return _fit(structure, scheme, consistent, w, loadings, cov, v, rounds, converged)


def _settled_many(
    r: Array, structure: PathStructure, scheme: Scheme, like: PlsFit | None, tolerance: float, max_rounds: int
) -> tuple[Array, Array, Array, NDArray[np.int64], NDArray[np.bool_]]:
    c, q, n = structure.constructs, len(structure.owner), r.shape[-1]
    out_w, out_cov, out_v = np.full((q, n), np.nan), np.full((c, q, n), np.nan), np.full((c, c, n), np.nan)
    rounds, converged = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool)
    active = np.flatnonzero(np.isfinite(r.sum(axis=(0, 1))))
    if len(active) < n:
        r = r[..., active]
    blocks_b = [_inverse_many(r[s, s]) for s in structure._index.mode_b]
    w = np.ones((q, len(active))) if like is None else np.repeat(like.weights[:, None], len(active), axis=1)
    w, cov, v = _standardised(r, w, structure)
    last = max_rounds * (PATIENCE if tolerance < USUAL_TOLERANCE else 1)
    for step in range(1, last + 1):
        if not len(active):
            break
        raw = _outer_many(cov, _inner_many(v, structure, scheme), structure, blocks_b)
        new, cov, v = _standardised(r, raw, structure)
        change = np.abs(new - w).max(axis=0)
        w = new
        settled = change < (USUAL_TOLERANCE if step == last else tolerance)
        over = settled | ~np.isfinite(change)
        if step >= max_rounds:
            over |= change >= USUAL_TOLERANCE
        # one slow matrix must not keep the others going
        if 4 * np.count_nonzero(over) >= len(active) or step >= max_rounds:
            done = active[settled]
            out_w[:, done], out_cov[..., done], out_v[..., done] = (
                w[:, settled],
                cov[..., settled],
                v[..., settled],
            )
            rounds[active[over]], converged[done] = step, True
            go = ~over
            active, r, w, cov, v = active[go], r[..., go], w[:, go], cov[..., go], v[..., go]
            blocks_b = [g[..., go] for g in blocks_b]
    rounds[active] = last
    return out_w, out_cov, out_v, rounds, converged


def _standardised(r: Array, raw: Array, structure: PathStructure) -> tuple[Array, Array, Array]:
    """Weights scaled to scores of variance 1, cov (c, q, N), V (c, c, N)."""
    c = structure.constructs
    cov, v = np.empty((c, *raw.shape)), np.empty((c, c, raw.shape[-1]))
    for k, s in enumerate(structure.slices):
        np.einsum("ijn,jn->in", r[:, s], raw[s], out=cov[k])
    for k, s in enumerate(structure.slices):
        np.einsum("in,din->dn", raw[s], cov[:, s], out=v[k])
    scale = 1.0 / np.sqrt(v[np.arange(c), np.arange(c)])
    v *= scale
    v *= scale[:, None]
    cov *= scale[:, None]
    return raw * scale[structure.owner], cov, v


def _inner_many(v: Array, structure: PathStructure, scheme: Scheme) -> Array:
    index = structure._index
    if scheme == "factor":
        return v * index.neighbours[..., None]
    if scheme == "centroid":
        return np.asarray(np.sign(v) * index.neighbours[..., None])
    inner = v * index.successors[..., None]
    inner[index.cause, index.effect] = _regressions_many(v, structure)
    return inner


def _regressions_many(v: Array, structure: PathStructure) -> Array:
    """(paths, N) coefficients; NaN where predecessors are collinear."""
    index = structure._index
    c, n = len(v), v.shape[-1]
    wide = np.zeros((c + index.most, c + index.most, n))
    wide[:c, :c] = v
    wide[c + np.arange(index.most), c + np.arange(index.most)] = 1.0
    a = wide[index.padded[:, None], index.padded[None, :]]
    beta = _eliminated(a, wide[index.padded, index.ends][:, None])[:, 0]
    return np.asarray(beta[index.slot, index.column])


def _outer_many(cov: Array, inner: Array, structure: PathStructure, blocks_b: list[Array]) -> Array:
    """Correlations of each place with its construct's inner estimate, regressed where the mode is B."""
    out = np.empty(cov.shape[1:])
    for k, s in enumerate(structure.slices):
        np.einsum("din,dn->in", cov[:, s], inner[:, k], out=out[s])
    for s, g in zip(structure._index.mode_b, blocks_b, strict=True):
        out[s] = np.einsum("ijn,jn->in", g, out[s].copy())
    return out


def _inverse_many(a: Array) -> Array:
    k = len(a)
    identity = np.repeat(np.eye(k)[..., None], a.shape[-1], axis=-1)
    return _eliminated(a.copy(), identity)


def _eliminated(a: Array, b: Array) -> Array:
    """Solve a x = b by Gauss-Jordan steps in place, a (k, k, ...) positive definite, b (k, m, ...).

    No pivoting: a pivot is 1 - R^2 of a variable on those before it, and below `COLLINEAR_BELOW` the answer
    is NaN.
    """
    for i in range(len(a)):
        pivot = np.where(a[i, i] > COLLINEAR_BELOW, a[i, i], np.nan)
        a[i] /= pivot
        b[i] /= pivot
        for j in range(len(a)):
            if j != i:
                f = a[j, i].copy()
                a[j] -= f * a[i]
                b[j] -= f * b[i]
    return b


# Both


def _signs(against: Array, structure: PathStructure) -> Array:
    """-1 for each construct whose values sum to less than 0, else 1."""
    sums = np.add.reduceat(against, structure._index.starts, axis=0)
    return np.where(sums < 0, -1.0, 1.0)


def _fit(
    structure: PathStructure,
    scheme: Scheme,
    consistent: bool,
    w: Array,
    loadings: Array,
    cov: Array,
    v: Array,
    rounds: int | NDArray[np.int64],
    converged: bool | NDArray[np.bool_],
) -> PlsFit:
    index = structure._index
    rho, between, own = dijkstra_henseler_rho(w, structure), v, loadings
    if consistent:
        between, own = corrected(v, w, loadings, rho, structure)
    if v.ndim > 2:
        beta = _regressions_many(between, structure)
    else:
        beta = _regressions_indefinite(between, structure) if consistent else _regressions_one(v, structure)
    paths, r2 = np.zeros_like(v), np.full(v.shape[1:], np.nan)
    paths[index.cause, index.effect] = beta
    r2[index.ends] = np.dot(index.into, beta * between[index.cause, index.effect])
    return PlsFit(
        structure, scheme, consistent, w, own, cov, v, between, paths, r2, rho,
        np.asarray(rounds), np.asarray(converged),
    )  # fmt: skip


def dijkstra_henseler_rho(w: Array, structure: PathStructure) -> Array:
    """rho_A = (w'w)^2 [w'(S - diag S)w] / [w'(ww' - diag ww')w] of each construct, (c,) or (c, N).

    S : correlations of the construct's items; the scores have variance 1, so that w'(S - diag S)w = 1 - w'w.
    1 for single items and for mode B, whose weights are no estimate of loadings.
    """
    squares, starts = w * w, structure._index.starts
    total = np.add.reduceat(squares, starts, axis=0)
    fourth = np.add.reduceat(squares * squares, starts, axis=0)
    top = total * total
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = top * (1.0 - total) / (top - fourth)
    rho[structure._index.exact] = 1.0
    return np.asarray(rho)


def corrected(
    v: Array, w: Array, loadings: Array, rho: Array, structure: PathStructure
) -> tuple[Array, Array]:
    """PLSc: construct correlations v / sqrt(rho_a rho_b); loadings w sqrt(rho) / (w'w) of mode A blocks."""
    with np.errstate(invalid="ignore"):
        root = np.sqrt(rho)
    between = v / (root[:, None] * root[None, :])
    diagonal = np.arange(len(v))
    between[diagonal, diagonal] = 1.0
    own = loadings.copy()
    for k, s in enumerate(structure.slices):
        if not structure._index.exact[k]:
            own[s] = w[s] * (root[k] / (w[s] * w[s]).sum(axis=0))
    return between, own


def _ordered(constructs: int, paths: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Causes before effects; constructs on or behind a circle are left out."""
    left, order = list(range(constructs)), list[int]()
    while True:
        free = [j for j in left if all(a in order for a, b in paths if b == j)]
        if not free:
            return tuple(order)
        order += free
        left = [j for j in left if j not in free]


def _no_correlation(r: Array, structure: PathStructure) -> ConstantItem | TooFew:
    diagonal = np.flatnonzero(~np.isfinite(r.diagonal()))
    if len(diagonal):
        return ConstantItem(
            "no variance in {items}: all answers are the same, or there are none",
            positions=sorted({int(structure.places[i]) for i in diagonal}),
            do="Leave the item out, or check how its answers were read",
        )
    first = np.argwhere(~np.isfinite(r))[0]
    return TooFew(
        "nobody answered both of {items}, so they have no correlation",
        positions=sorted({int(structure.places[i]) for i in first}),
        do="Leave one of them out, or use the respondents who answered all items (listwise)",
    )


def _collinear(v: Array, structure: PathStructure) -> CollinearConstructs:
    for j in structure.endogenous:
        causes = structure.parents(j)
        try:
            cholesky(v[np.ix_(causes, causes)])
        except (SingularMatrix, ConstantItem) as error:
            return CollinearConstructs(
                "{items} determine each other, so their separate paths are not defined",
                positions=[causes[i] for i in error.positions] or causes,
                do="Remove one of these paths, or merge the constructs",
            )
    return CollinearConstructs("predecessors of a construct determine each other", do="Remove a path")
