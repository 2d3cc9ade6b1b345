"""Populations made so that a published study's figures come out: numbers only, no file and no frame.

Letters: L loading of every item, f correlation of two factors, R the correlations both imply, z standardised.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from csat.errors import CannotCompute
from csat.numerics.adequacy import kmo
from csat.numerics.moments import correlation_of

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

CUTS = (-1.6, -0.8, 0.1, 1.0)
"""Where a normal answer is cut into five points."""

# The bank study: 12 items in groups of 2, 3, 2, 3, 2; KMO .765; five components hold 63.1 %

BANK_GROUPS = (2, 3, 2, 3, 2)
BANK_FACTOR = np.repeat(np.arange(5), BANK_GROUPS)
BANK_RESPONDENTS = 93
BANK_SEED = 93
BANK_KMO, BANK_CUMULATIVE = 0.765, 0.631
BANK_SQUARED_LOADING = 1 - (1 - BANK_CUMULATIVE) * 12 / 7
"""Equal loadings leave seven equal eigenvalues 1 - L^2; they sum to what five components do not hold."""
BANK_FACTOR_CORRELATION = 0.379774
"""With these loadings it gives the KMO."""
BANK_PATHS = np.array([0.329, 0.41, 0.57, 0.42, 0.30])
"""Image, products, relations, service, environment to satisfaction."""
BANK_RESIDUAL = 1 - float(BANK_PATHS @ BANK_PATHS)
"""Of satisfaction, when the factors are uncorrelated: .132359."""
BANK_SATISFACTION_LOADING = 0.85
SWAPS = 400_000
LAST_SWAPS = 20_000
CLOSE_ENOUGH = 2e-4


def bank_correlations() -> Array:
    """R of the 12 items: L^2 within a group, L^2 f between two."""
    within = np.equal.outer(BANK_FACTOR, BANK_FACTOR)
    r = BANK_SQUARED_LOADING * np.where(within, 1.0, BANK_FACTOR_CORRELATION)
    np.fill_diagonal(r, 1.0)
    return r


def bank_factor_correlations() -> Array:
    """(5, 5) with f off the diagonal."""
    return np.where(np.eye(5, dtype=bool), 1.0, BANK_FACTOR_CORRELATION)


def bank_efa(rng: np.random.Generator) -> IntArray:
    """(93, 12) five-point answers whose KMO is .765 and whose five components hold 63.1 %, both within 2e-4.

    Normal answers are drawn and cut. Then answers of two respondents to one item are swapped, which keeps
    every item's distribution: first where the item's correlations come nearer to R, then where both figures
    do.

    Raises
    ------
    CannotCompute : this seed does not reach both figures.
    """
    factors = rng.standard_normal((BANK_RESPONDENTS, 5)) @ np.linalg.cholesky(bank_factor_correlations()).T
    residuals = rng.standard_normal((BANK_RESPONDENTS, 12))
    loading = math.sqrt(BANK_SQUARED_LOADING)
    drawn = loading * factors[:, BANK_FACTOR] + math.sqrt(1 - BANK_SQUARED_LOADING) * residuals
    answers = _cut(drawn)
    # one call draws what alternating calls of integers(12) and integers(93, size=2) would
    tries = rng.integers(0, np.tile([12, BANK_RESPONDENTS, BANK_RESPONDENTS], SWAPS)).reshape(-1, 3)
    _swap_towards(answers, bank_correlations(), tries)
    distance = _distance(answers)
    for _ in range(LAST_SWAPS):
        if distance < CLOSE_ENOUGH:
            return answers
        item = int(rng.integers(12))
        pair = rng.integers(BANK_RESPONDENTS, size=2)
        answers[pair, item] = answers[pair[::-1], item]
        swapped = _distance(answers)
        if swapped < distance:
            distance = swapped
        else:
            answers[pair, item] = answers[pair[::-1], item]
    raise CannotCompute(
        f"{LAST_SWAPS} swaps did not reach KMO {BANK_KMO} and {100 * BANK_CUMULATIVE:.1f} %",
        where="bank_efa",
        do=f"Use another seed; {BANK_SEED} reaches them",
    )


def _cut(drawn: Array) -> IntArray:
    return np.digitize(drawn, CUTS).astype(np.int64) + 1


def _swap_towards(answers: IntArray, target: Array, tries: IntArray) -> None:
    """Swap, in place and in order, where the row of squared errors of the item's correlations falls.

    A swap of respondents u and v changes r_ik by (z_vi - z_ui) (z_uk - z_vk). Few tries succeed, so many are
    judged at once and those after the first success are judged again.
    """
    n = len(answers)
    z = (answers - answers.mean(axis=0)) / (answers.std(axis=0) * math.sqrt(n))
    r = z.T @ z
    at, size = 0, 64
    while at < len(tries):
        i, u, v = tries[at : at + size].T
        change = (z[v, i] - z[u, i])[:, None] * (z[u] - z[v])
        change[np.arange(len(i)), i] = 0.0
        improves = np.flatnonzero((change * (2 * (r[i] - target[i]) + change)).sum(axis=1) < 0)
        if not len(improves):
            at, size = at + len(i), min(2 * size, 8192)
            continue
        first = int(improves[0])
        item, pair = i[first], np.array([u[first], v[first]])
        for held in (answers, z):
            held[pair, item] = held[pair[::-1], item]
        r[item] += change[first]
        r[:, item] = r[item]
        at, size = at + first + 1, max(16, first)


def _distance(answers: IntArray) -> float:
    r = correlation_of(np.cov(answers.T))
    held = float(np.linalg.eigvalsh(r)[-5:].sum()) / 12
    return abs(kmo(r).overall - BANK_KMO) + abs(held - BANK_CUMULATIVE)


def bank_satisfaction(answers: IntArray, rng: np.random.Generator, *, explained: float = 0.7) -> IntArray:
    """(n, 3) five-point satisfaction answers that go with given answers to the 12 items.

    Factors are drawn from what the answers leave open, F | z ~ N(Phi L' R^-1 z, Phi - Phi L' R^-1 L Phi); the
    paths to satisfaction stand in the published proportion and explain the share `explained` of it.
    """
    n = len(answers)
    phi = bank_factor_correlations()
    loadings = math.sqrt(BANK_SQUARED_LOADING) * np.equal.outer(BANK_FACTOR, np.arange(5))
    regression = np.linalg.solve(bank_correlations(), loadings @ phi).T
    z = (answers - answers.mean(axis=0)) / answers.std(axis=0, ddof=1)
    open_part = np.linalg.cholesky(phi - regression @ loadings @ phi)
    factors = z @ regression.T + rng.standard_normal((n, 5)) @ open_part.T
    paths = BANK_PATHS * math.sqrt(explained / float(BANK_PATHS @ phi @ BANK_PATHS))
    satisfaction = factors @ paths + math.sqrt(1 - explained) * rng.standard_normal(n)
    return _cut(_measured(satisfaction, np.full(3, BANK_SATISFACTION_LOADING), rng))


def _measured(factor: Array, loadings: Array, rng: np.random.Generator) -> Array:
    residuals = rng.standard_normal((len(factor), len(loadings)))
    return np.outer(factor, loadings) + np.sqrt(1 - loadings**2) * residuals


def bank_sem(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """(n, 15) normal answers to x1 .. x12, sat1 .. sat3; (n, 6) the factors behind them, satisfaction last.

    F ~ N(0, I5); S = .329 F1 + .41 F2 + .57 F3 + .42 F4 + .30 F5 + sqrt(.132359) e; x = .8 F + .6 e;
    sat = .85 S + sqrt(1 - .85^2) e.
    """
    factors = rng.standard_normal((n, 5))
    satisfaction = factors @ BANK_PATHS + math.sqrt(BANK_RESIDUAL) * rng.standard_normal(n)
    items = 0.8 * factors[:, BANK_FACTOR] + 0.6 * rng.standard_normal((n, 12))
    outcomes = _measured(satisfaction, np.full(3, BANK_SATISFACTION_LOADING), rng)
    return np.hstack([items, outcomes]), np.column_stack([factors, satisfaction])


def likert(drawn: Array) -> IntArray:
    """Normal answers cut into five points at `CUTS`."""
    return _cut(drawn)


# The 114 study: Y = .656 + .038 X1 + .123 X2 with X1, X2 sums of 3 and 6 items

DIRECTORY_RESPONDENTS = 430
DIRECTORY_CONSTANT, DIRECTORY_SLOPES = 0.656, np.array([0.038, 0.123])
DIRECTORY_R, DIRECTORY_R_DRIVERS = 0.596, 0.787
DIRECTORY_MEAN_SQUARE = 53.85
DIRECTORY_ITEMS = np.array([3, 6])
DIRECTORY_INDEX = 57.25
DIRECTORY_CORRELATION_WITHIN = 0.5
"""Mean correlation of two items of a sum, which fixes how the spreads of the sums compare:
var(X2) / var(X1) = 6 (1 + 5 r) / (3 (1 + 2 r))."""


def directory_item_mean(index: float, *, rescaled: bool) -> float:
    """m, the item mean that brings the mean of Y to an index of x / 5, or of (x - 1) / 4 when `rescaled`."""
    wanted = 1 + 4 * index / 100 if rescaled else 5 * index / 100
    return (wanted - DIRECTORY_CONSTANT) / float(DIRECTORY_SLOPES @ DIRECTORY_ITEMS)


def directory_114(rng: np.random.Generator, *, item_mean: float) -> Array:
    """(430, 3) attitude sum, quality sum, overall: exact in the sample, as the moments are imposed on it."""
    n = DIRECTORY_RESPONDENTS
    z = rng.standard_normal((n, 3))
    z = z - z.mean(axis=0)
    # whitened: means 0, variances 1, uncorrelated, with n - 1
    z = np.linalg.solve(np.linalg.cholesky(np.cov(z.T)), z.T).T
    variance_y = 2 * DIRECTORY_MEAN_SQUARE / (DIRECTORY_R**2 * (n - 1))
    k, r = DIRECTORY_ITEMS, DIRECTORY_CORRELATION_WITHIN
    spread = np.sqrt(k * (1 + (k - 1) * r))
    shape = np.outer(spread, spread) * np.array([[1, DIRECTORY_R_DRIVERS], [DIRECTORY_R_DRIVERS, 1]])
    scale = DIRECTORY_R**2 * variance_y / float(DIRECTORY_SLOPES @ shape @ DIRECTORY_SLOPES)
    drivers = z[:, :2] @ np.linalg.cholesky(scale * shape).T + k * item_mean
    residual = math.sqrt((1 - DIRECTORY_R**2) * variance_y) * z[:, 2]
    return np.column_stack([drivers, DIRECTORY_CONSTANT + drivers @ DIRECTORY_SLOPES + residual])
