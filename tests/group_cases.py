"""Two simulated groups, for models of several groups: what lavaan's golden numbers were computed on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ITEMS = tuple(f"x{k + 1}" for k in range(6))
CUTS = (1.8, 2.8, 3.6, 4.6)


def two_groups(kind: str = "num") -> tuple[NDArray[np.float64], NDArray[np.str_], NDArray[np.float64]]:
    """Answers (500, 6), the group of each respondent, weights.

    kind : "num", "gap" (a tenth missing), "ord" (five categories), "mix" (x1 to x3 in five categories).

    Two constructs of three items; in the second group another spread, another intercept of x5.
    """
    rng = np.random.default_rng(11)
    parts, groups = [], []
    for g, (name, n) in enumerate((("first", 260), ("second", 240))):
        one = rng.normal(0.3 * g, 1 + 0.2 * g, n)
        two = 0.5 * one + rng.normal(0.1 * g, 0.8, n)
        errors = rng.normal(0.0, 0.6, (n, 6)) * rng.uniform(0.4, 1.6, (n, 1))
        loadings = np.array([1.0, 0.8, 0.9, 1.0, 0.7, 1.1])
        x = 3 + 0.1 * np.arange(6) + loadings * np.column_stack([one, one, one, two, two, two]) + errors
        x[:, 4] += 0.3 * g
        parts.append(x)
        groups += [name] * n
    answers = np.round(np.vstack(parts), 6)
    weights = np.round(rng.uniform(0.5, 2.0, len(answers)), 3)
    if kind == "gap":
        answers[rng.random(answers.shape) < 0.1] = np.nan
    if kind == "ord":
        answers = np.digitize(answers, CUTS).astype(float)
    if kind == "mix":
        answers[:, :3] = np.digitize(answers[:, :3], CUTS)
    return answers, np.array(groups), weights


SECOND_ITEMS = tuple(f"y{k + 1}" for k in range(9))
SECOND_ORDER = "a =~ y1 + y2 + y3\nb =~ y4 + y5 + y6\nc =~ y7 + y8 + y9\ntop =~ a + b + c"


def second_order(shift: float = 0.0) -> dict[str, NDArray[np.float64]]:
    """Answers to nine items of three constructs of one, by group; in the second, `b` lies higher by shift."""
    rng = np.random.default_rng(23)
    found = {}
    for g, name in enumerate(("first", "second")):
        top = rng.normal(0.4 * g, 1.0, 400)
        loadings = (1.0, 0.8, 0.9)
        firsts = [k * top + rng.normal(0.0, 0.6, 400) for k in loadings]
        firsts[1] += shift * g
        rows = [k * f + rng.normal(0.0, 0.5, 400) for f in firsts for k in loadings]
        found[name] = np.round(3.0 + np.column_stack(rows), 6)
    return found
