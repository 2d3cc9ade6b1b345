"""The rounds that settle the weights of a PLS path model, for one correlation matrix or many at once.

Letters as in `numerics.pls`. Many matrices are held with the matrix last.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv

from csat.errors import ConstantItem, SingularMatrix
from csat.numerics.linalg import cholesky
from csat.numerics.pls_structure import Array, CollinearConstructs, PathStructure, Scheme

TOLERANCE = 1e-10
"""Largest change of a weight at which the rounds stop; it costs three more rounds than the usual one."""
USUAL_TOLERANCE = 1e-7
ROUNDS = 300
"""Rounds in which the usual tolerance must be reached; a stricter one may take `PATIENCE` times as many."""
PATIENCE = 10
COLLINEAR_BELOW = 1e-10
"""A construct whose 1 - R^2 on its rivals is below this has no path of its own (as linalg.SINGULAR_BELOW)."""


# One matrix: every array is small, so that the number of numpy calls is what costs.


def settled_one(
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
    inner.reshape(-1)[index.path_flat] = regressions_one(v, structure)
    return inner


def regressions_one(v: Array, structure: PathStructure) -> Array:
    """Path coefficients in the order of the paths: one solve of all regressions as diagonal blocks."""
    index = structure._index
    flat = v.reshape(-1)
    normal = flat.take(index.normal_flat)
    normal *= index.same_effect
    _, beta, info = dposv(normal, flat.take(index.path_flat))
    if info or not math.isfinite(beta[0]):
        raise _collinear(v, structure)
    return np.asarray(beta)


def regressions_indefinite(v: Array, structure: PathStructure) -> Array:
    """As `regressions_one` for corrected correlations, which may contradict each other (improper)."""
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


def settled_many(
    r: Array,
    structure: PathStructure,
    scheme: Scheme,
    start: Array | None,
    tolerance: float,
    max_rounds: int,
) -> tuple[Array, Array, Array, NDArray[np.int64], NDArray[np.bool_]]:
    """As `settled_one`, each with a last axis; NaN where nothing settled. start : (q,) weights, default 1."""
    c, q, n = structure.constructs, len(structure.owner), r.shape[-1]
    out_w, out_cov, out_v = np.full((q, n), np.nan), np.full((c, q, n), np.nan), np.full((c, c, n), np.nan)
    rounds, converged = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool)
    active = np.flatnonzero(np.isfinite(r.sum(axis=(0, 1))))
    if len(active) < n:
        r = r[..., active]
    blocks_b = [_inverse_many(r[s, s]) for s in structure._index.mode_b]
    w = np.ones((q, len(active))) if start is None else np.repeat(start[:, None], len(active), axis=1)
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
    inner[index.cause, index.effect] = regressions_many(v, structure)
    return inner


def regressions_many(v: Array, structure: PathStructure) -> Array:
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
