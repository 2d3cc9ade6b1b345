"""Do structural models find what was planted, and do their intervals cover it? Simulation, no peer.

    python benchmarks/sem_recovery.py [--replicates 1000] [--respondents 1000] [--only NAME ...] [--seed 1]

Two constructs of four items, the second explained by the first. Each condition draws answers from known
parameters, fits them as a user would, and compares:

ML            normal answers
MLR           skewed answers (chi-square constructs and errors)
WLSMV         five-point answers, skewed thresholds
FIML          normal answers, a fifth of all missing at random, the more the higher the first item is
FIML MLR      skewed answers, a fifth of all missing completely at random (with skewed answers and gaps that
              depend on the answers no likelihood of normal answers is consistent: Yuan 2009)
weighted      normal answers drawn with unequal probabilities, weighted back (pseudo-ML, MLR)
ML on skewed  for contrast: what ordinary errors and the ordinary test do where they should not be used

Printed by condition: the largest bias in Monte-Carlo errors (sd of the estimates / sqrt(replicates)), the
coverage of 95 % intervals (lowest, mean, highest over parameters), and how often the test of fit rejects the
true model at 5 %. Within Monte-Carlo error: a bias of at most 3.5, and coverages that chance gives as often
as a normal number beyond 3.5.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc, ndtr

from csat.analyses.sem import sem
from csat.analyses.structural.answers import Answers

Array = NDArray[np.float64]
Truth = dict[tuple[str, str, str], float]

ITEMS = tuple(f"{f}{k}" for f in "ab" for k in range(1, 5))
MODEL = "A =~ a1 + a2 + a3 + a4\nB =~ b1 + b2 + b3 + b4\nB ~ A"
LOADINGS = np.array([1.0, 0.9, 0.8, 0.7])
PATH, DISTURBANCE, ERRORS = 0.5, 0.75, np.array([0.5, 0.6, 0.4, 0.7])
UNIT_LOADINGS = np.array([0.8, 0.75, 0.7, 0.65])
CUTS = np.array([-1.6, -1.0, -0.3, 0.7])
BEYOND = 3.5
"""Monte-Carlo errors that are still chance among some hundred numbers."""


@dataclass(frozen=True)
class Condition:
    """draw : answers (n, 8) and weights or None. ordinary : the unscaled test is the one to look at."""

    name: str
    draw: Callable[[np.random.Generator, int], tuple[Array, Array | None]]
    truth: Truth
    estimator: str
    missing: str = "listwise"
    ordered: bool = False
    proper: bool = True


@dataclass(frozen=True, eq=False)
class Recovery:
    """Of one condition, by parameter: bias in Monte-Carlo errors, coverage; replicates without a solution."""

    names: tuple[str, ...]
    bias: Array
    coverage: Array
    rejected: float
    without: int
    replicates: int

    @property
    def coverage_error(self) -> float:
        """Monte-Carlo error of one coverage."""
        return math.sqrt(0.95 * 0.05 / self.replicates)

    @property
    def within(self) -> bool:
        """Nothing is beyond Monte-Carlo error; coverage by the binomial's own tails."""
        covered = np.round(self.coverage * self.replicates)
        tails = np.minimum(bdtr(covered, self.replicates, 0.95), bdtrc(covered - 1, self.replicates, 0.95))
        return bool(np.abs(self.bias).max() <= BEYOND and tails.min() >= ndtr(-BEYOND))


def linear_truth() -> Truth:
    """Parameters of the answers that are numbers."""
    truth: Truth = {("B", "~", "A"): PATH, ("A", "~~", "A"): 1.0, ("B", "~~", "B"): DISTURBANCE}
    for j, item in enumerate(ITEMS):
        truth[item, "~~", item] = float(ERRORS[j % 4])
        if j % 4:
            truth["AB"[j // 4], "=~", item] = float(LOADINGS[j % 4])
    return truth


def ordered_truth() -> Truth:
    """Of five-point answers: what lies under an item has variance 1."""
    variance = float(UNIT_LOADINGS[0] ** 2)
    truth: Truth = {
        ("B", "~", "A"): PATH,
        ("A", "~~", "A"): variance,
        ("B", "~~", "B"): variance * (1 - PATH**2),
    }
    for j, item in enumerate(ITEMS):
        if j % 4:
            truth["AB"[j // 4], "=~", item] = float(UNIT_LOADINGS[j % 4] / UNIT_LOADINGS[0])
        truth |= {(item, "|", f"t{k + 1}"): float(cut) for k, cut in enumerate(CUTS)}
    return truth


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Mean 0, variance 1, skewness 1.6, kurtosis 4 beyond normal."""
    return (rng.chisquare(3, shape) - 3) / math.sqrt(6)


def linear(rng: np.random.Generator, n: int, *, noise: Callable[..., Array]) -> Array:
    """(n, 8) by the model, with this noise."""
    a = noise(rng, (n,))
    b = PATH * a + math.sqrt(DISTURBANCE) * noise(rng, (n,))
    factors = np.column_stack([a] * 4 + [b] * 4)
    return np.tile(LOADINGS, 2) * factors + np.tile(np.sqrt(ERRORS), 2) * noise(rng, (n, 8))


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape)


def whole(noise: Callable[..., Array]) -> Callable[[np.random.Generator, int], tuple[Array, None]]:
    return lambda rng, n: (linear(rng, n, noise=noise), None)


def coarse(rng: np.random.Generator, n: int) -> tuple[Array, None]:
    """Five-point answers."""
    a = normal(rng, (n,))
    b = PATH * a + math.sqrt(1 - PATH**2) * normal(rng, (n,))
    factors = np.column_stack([a] * 4 + [b] * 4)
    loadings = np.tile(UNIT_LOADINGS, 2)
    under = loadings * factors + np.sqrt(1 - loadings**2) * normal(rng, (n, 8))
    return np.searchsorted(CUTS, under) + 1.0, None


def with_gaps(rng: np.random.Generator, n: int) -> tuple[Array, None]:
    """A fifth missing: seven items, each the more often the higher a1 is, which all have answered."""
    rows = linear(rng, n, noise=normal)
    rank = np.argsort(np.argsort(rows[:, 0])) / (n - 1)
    missing = rng.random((n, 7)) < (0.2 * 8 / 7 * 2 * rank)[:, None]
    rows[:, 1:][missing] = np.nan
    return rows, None


def with_skewed_gaps(rng: np.random.Generator, n: int) -> tuple[Array, None]:
    """A fifth missing, whatever the answers are."""
    rows = linear(rng, n, noise=skewed)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    return rows, None


def unequal(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """About n of three times as many, drawn the more likely the higher a1 and a number of its own are."""
    rows = linear(rng, 3 * n, noise=normal)
    chance = 1 / (1 + np.exp(0.85 - 0.6 * rows[:, 0] - 0.4 * rng.standard_normal(3 * n)))
    drawn = rng.random(3 * n) < chance
    return rows[drawn], 1 / chance[drawn]


CONDITIONS = (
    Condition("ML", whole(normal), linear_truth(), "ML"),
    Condition("MLR", whole(skewed), linear_truth(), "MLR"),
    Condition("WLSMV", coarse, ordered_truth(), "WLSMV", ordered=True),
    Condition("FIML", with_gaps, linear_truth(), "ML", missing="fiml"),
    Condition("FIML MLR", with_skewed_gaps, linear_truth(), "MLR", missing="fiml"),
    Condition("weighted", unequal, linear_truth(), "MLR"),
    Condition("ML on skewed", whole(skewed), linear_truth(), "ML", proper=False),
)


def recovery(condition: Condition, *, n: int, replicates: int, seed: int) -> Recovery:
    """Fits of `replicates` samples of n respondents."""
    rng = np.random.default_rng(seed)
    keys = tuple(condition.truth)
    truth = np.array([condition.truth[k] for k in keys])
    estimates, errors, p_values = [], [], []
    without = 0
    for _ in range(replicates):
        rows, weights = condition.draw(rng, n)
        found = sem(
            MODEL,
            Answers.of_rows(rows, ITEMS, weights=weights),
            estimator=condition.estimator,
            missing=condition.missing,
            ordered=condition.ordered,
        )
        if found.verdict.failed:
            without += 1
            continue
        own = {(p.lhs, p.op, p.rhs): p for p in found.parameters}
        estimates.append([own[k].est for k in keys])
        errors.append([own[k].se for k in keys])
        p_values.append(found.fit.get("pvalue_scaled", found.fit["pvalue"]))
    est, se = np.array(estimates), np.array(errors)
    return Recovery(
        names=tuple(" ".join(k) for k in keys),
        bias=(est.mean(axis=0) - truth) / (est.std(axis=0, ddof=1) / math.sqrt(len(est))),
        coverage=(np.abs(est - truth) <= 1.959963984540054 * se).mean(axis=0),
        rejected=float((np.array(p_values) < 0.05).mean()),
        without=without,
        replicates=len(est),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--respondents", type=int, default=1000)
    parser.add_argument("--only", nargs="*", default=[c.name for c in CONDITIONS])
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(f"{asked.replicates} samples of {asked.respondents} respondents, seed {asked.seed}\n")
    print("| condition | parameters | largest bias | coverage | rejects | no solution | |")
    print("|---|---|---|---|---|---|---|")
    for condition in CONDITIONS:
        if condition.name not in asked.only:
            continue
        start = time.perf_counter()
        r = recovery(condition, n=asked.respondents, replicates=asked.replicates, seed=asked.seed)
        worst = int(np.abs(r.bias).argmax())
        low, high = r.coverage.min(), r.coverage.max()
        verdict = "within" if r.within else "beyond" if condition.proper else "beyond, as it should be"
        print(
            f"| {condition.name} | {len(r.names)} | {r.bias[worst]:+.1f} ({r.names[worst]}) | {low:.3f} "
            f"{r.coverage.mean():.3f} {high:.3f} | {r.rejected:.3f} | {r.without} | {verdict}, "
            f"{time.perf_counter() - start:.0f} s |",
            flush=True,
        )


if __name__ == "__main__":
    main()
