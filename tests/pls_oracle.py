"""The assessment of a PLS model by its published formulas on the rows, sharing no code with csat.

Letters: n rows, k items of a construct, w weights, y scores. Slow and plain on purpose.
"""

from __future__ import annotations

import numpy as np

from pls_cases import on_rows


def standard(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)


def scores_of(answers: np.ndarray, structure, weights: np.ndarray) -> np.ndarray:
    """(n, c) from weights in the order of the places."""
    z, out, at = standard(answers), [], 0
    for block in structure.blocks:
        out.append(z[:, list(block)] @ weights[at : at + len(block)])
        at += len(block)
    return np.column_stack(out)


def loadings_of(answers: np.ndarray, structure, y: np.ndarray) -> np.ndarray:
    return np.array(
        [np.corrcoef(answers[:, i], y[:, j])[0, 1] for j, block in enumerate(structure.blocks) for i in block]
    )


def explained(y: np.ndarray, x: np.ndarray) -> float:
    """R2 of a regression with a constant."""
    if x.shape[1] == 0:
        return 0.0
    design = np.column_stack([np.ones(len(y)), x])
    rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return 1 - rest @ rest / ((y - y.mean()) @ (y - y.mean()))


def rho_a(block: np.ndarray, w: np.ndarray) -> float:
    """Dijkstra & Henseler (2015), eq. 3, by double sums."""
    s = np.corrcoef(block.T)
    k = len(w)
    top = sum(w[i] * w[j] * s[i, j] for i in range(k) for j in range(k) if i != j)
    bottom = sum((w[i] * w[j]) ** 2 for i in range(k) for j in range(k) if i != j)
    return float((w @ w) ** 2 * top / bottom)


def htmt(
    answers: np.ndarray, one: tuple[int, ...], two: tuple[int, ...], *, geometric: bool = False
) -> float:
    """Henseler, Ringle & Sarstedt (2015); geometric: Roemer, Schuberth & Henseler (2021)."""

    def mean(pairs: list[tuple[int, int]]) -> float:
        if not pairs:
            return 1.0
        r = [abs(np.corrcoef(answers[:, i], answers[:, j])[0, 1]) for i, j in pairs]
        return float(np.prod(r) ** (1 / len(r))) if geometric else sum(r) / len(r)

    between = mean([(i, j) for i in one for j in two])
    within = [mean([(i, j) for i in b for j in b if i < j]) for b in (one, two)]
    return between / (within[0] * within[1]) ** 0.5


def plsc(answers: np.ndarray, structure, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Paths (c, c) and loadings (q,) of consistent PLS."""
    y = scores_of(answers, structure, weights)
    v, q, loadings, at = np.corrcoef(y.T), [], loadings_of(answers, structure, y), 0
    for j, block in enumerate(structure.blocks):
        w = weights[at : at + len(block)]
        own = slice(at, at + len(block))
        at += len(block)
        if len(block) == 1 or structure.modes[j] == "B":
            q.append(1.0)
            continue
        rho = rho_a(answers[:, list(block)], w)
        q.append(rho**0.5)
        loadings[own] = w * rho**0.5 / (w @ w)
    r = v / np.outer(q, q)
    np.fill_diagonal(r, 1.0)
    paths = np.zeros_like(v)
    for j in range(len(v)):
        causes = [a for a, b in structure.paths if b == j]
        if causes:
            paths[causes, j] = np.linalg.solve(r[np.ix_(causes, causes)], r[causes, j])
    return paths, loadings


def index_scores(answers: np.ndarray, structure, weights: np.ndarray, low: float, high: float) -> np.ndarray:
    """(n, c) 0-100 scores of respondents by unstandardised normalised weights."""
    points, out, at = 100 * (answers - low) / (high - low), [], 0
    for block in structure.blocks:
        u = weights[at : at + len(block)] / answers[:, list(block)].std(axis=0, ddof=1)
        out.append(points[:, list(block)] @ u / u.sum())
        at += len(block)
    return np.column_stack(out)


def total_points(y: np.ndarray, structure) -> np.ndarray:
    """(c, c) total effects among scores as they are: regressions with a constant, all routes added up."""
    c = y.shape[1]
    b = np.zeros((c, c))
    for j in range(c):
        causes = [a for a, e in structure.paths if e == j]
        if causes:
            design = np.column_stack([np.ones(len(y)), y[:, causes]])
            b[causes, j] = np.linalg.lstsq(design, y[:, j], rcond=None)[0][1:]
    total, power = np.zeros((c, c)), b.copy()
    while power.any():
        total, power = total + power, power @ b
    return total


def two_stage(answers: np.ndarray, first, kept: list[int], lower: list[int], second, scheme: str):
    """Weights and paths of a second stage whose items are kept items, then scores of the first."""
    w, _ = on_rows(answers, first, scheme)
    y = scores_of(answers, first, w)
    items = np.column_stack([answers[:, kept], y[:, lower]])
    return on_rows(items, second, scheme)


def with_product(answers: np.ndarray, structure, one: int, two: int, effect: int, scheme: str) -> np.ndarray:
    """Coefficients of `effect` on its causes and on the standardised product of two scores, product last."""
    w, _ = on_rows(answers, structure, scheme)
    y = scores_of(answers, structure, w)
    product = y[:, one] * y[:, two]
    items = np.column_stack([answers, product])
    from csat.numerics.pls import path_structure

    wider = path_structure(
        [*structure.blocks, (answers.shape[1],)],
        [*structure.paths, (len(structure.blocks), effect)],
        modes=[*structure.modes, "A"],
    )
    again, _ = on_rows(items, wider, scheme)
    y = scores_of(items, wider, again)
    causes = [a for a, b in structure.paths if b == effect]
    design = np.column_stack([np.ones(len(y)), y[:, causes], standard(product)])
    return np.linalg.lstsq(design, y[:, effect], rcond=None)[0][1:]
