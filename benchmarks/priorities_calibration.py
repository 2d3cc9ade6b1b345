"""Are the probabilities of the priorities what they say? Calibration over many populations.

    python benchmarks/priorities_calibration.py [populations] [respondents]

Each population has items of its own difficulty and loading, drawn at random; its true quadrants and first
three come from 50 000 respondents. From a sample of it, each item gets the probability of its published
quadrant and of being among the first three. Printed: of the items given a probability in a band, the share
that is truly there, with its Monte-Carlo error over populations (the items of one population go together).
"""

from __future__ import annotations

import sys
import time

import numpy as np

from csat.analyses.certainty import FIRST, certainty
from csat.analyses.importance import importance_replicates
from csat.numerics.quadrants import placed
from csat.numerics.resampling import bootstrap_weighted_means

ITEMS, REPLICATES, POPULATION = 10, 500, 50_000
MEASURES = ("relative weight", "|r|")
BANDS = ((0.0, 0.05), (0.05, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.0))


def answers(rng: np.random.Generator, level: np.ndarray, loading: np.ndarray, n: int) -> np.ndarray:
    """(n, items + 1) answers 1-10, the outcome last."""
    general = rng.normal(size=(n, 1))
    latent = loading * general + np.sqrt(1 - loading**2) * rng.normal(size=(n, ITEMS))
    outcome = latent @ loading / np.sqrt(ITEMS) + rng.normal(size=n)
    return np.clip(np.round(np.column_stack([level + 2 * latent, 7 + 1.5 * outcome])), 1, 10)


def main(populations: int, respondents: int) -> None:
    """Print the calibration of the quadrant and of the first three."""
    start = time.perf_counter()
    claims = {(m, what): [] for m in MEASURES for what in ("quadrant", f"first {FIRST}")}
    for seed in range(populations):
        rng = np.random.default_rng(seed)
        level, loading = rng.uniform(5, 8.5, ITEMS), rng.uniform(0.1, 0.9, ITEMS)
        everyone, sample = (answers(rng, level, loading, n) for n in (POPULATION, respondents))
        options = {"drivers": ITEMS, "spans": np.array([9.0]), "measures": MEASURES, "weights": None,
                   "missing": "listwise"}  # fmt: skip
        true = importance_replicates(everyone, rows=np.arange(POPULATION), replicates=0, **options)
        rows = np.arange(respondents)
        found = importance_replicates(sample, rows=rows, replicates=REPLICATES, seed=seed, **options)
        means = bootstrap_weighted_means(sample[:, :ITEMS], rows=rows, replicates=REPLICATES, seed=seed)
        for m in MEASURES:
            own = certainty(
                items=[str(i) for i in range(ITEMS)],
                performance=(sample[:, :ITEMS].mean(axis=0), means.T),
                importance={m: found[m]},
            ).main
            truly = placed(everyone[:, :ITEMS].mean(axis=0), true[m][0])
            there = np.array(
                [q == p for q, p in zip(truly.quadrant[:, 0], _codes(own.quadrants), strict=True)]
            )
            claims[m, "quadrant"].append((own.own, there))
            claims[m, f"first {FIRST}"].append((own.among_first, truly.rank[:, 0] <= FIRST))
    print(
        f"{populations} populations of {ITEMS} items,"
        f" samples of {respondents}, {time.perf_counter() - start:.0f} s"
    )
    for (m, what), pairs in claims.items():
        p, hit = (np.concatenate([pair[k] for pair in pairs]) for k in range(2))
        of = np.repeat(np.arange(populations), ITEMS)
        print(f"\n{m}, {what}: mean claim {p.mean():.3f}, truly there {hit.mean():.3f}")
        for low, high in BANDS:
            own = (p >= low) & ((p < high) | (high == 1.0))
            if own.any():
                off = np.bincount(of[own], weights=(hit[own] - p[own]), minlength=populations)
                error = np.sqrt((off**2).sum()) / own.sum()
                print(
                    f"  claimed {low:.2f}-{high:.2f}: {own.sum():5d} items, mean {p[own].mean():.3f}, "
                    f"truly {hit[own].mean():.3f} (se {error:.3f})"
                )


def _codes(quadrants: tuple[str, ...]) -> list[int]:
    from csat.numerics.quadrants import QUADRANTS

    return [QUADRANTS.index(q) for q in quadrants]


if __name__ == "__main__":
    main(*(int(a) for a in [*sys.argv[1:], *("400", "300")[len(sys.argv) - 1 :]]))
