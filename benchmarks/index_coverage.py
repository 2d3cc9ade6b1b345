"""Does the interval of the ECSI index hold what it promises? Coverage over samples of a known population.

    python benchmarks/index_coverage.py [samples] [respondents]

Population: the one `csat simulate ecsi` states; its index, by its own PLS weights, comes from 400 000
respondents. Printed: share of the samples whose 95 % interval holds it, with the Monte-Carlo error, for the
weights re-estimated in every replicate (percentile and BCa) and for fixed weights; and the mean of the
standard errors against the standard deviation of the estimates.
"""

from __future__ import annotations

import math
import sys
import time

import numpy as np
import pandas as pd

import csat
from csat.analyses.pls_replicas import pls_replicas
from csat.instrument.toml import load
from csat.simulate import simulate

TARGET = "Satisfaction"
REPLICATES = 500
POPULATION = 400_000


def drawn(respondents: int, seed: int) -> csat.Survey:
    """A sample of the population."""
    return csat.read(pd.DataFrame(simulate(load("ecsi"), respondents, seed)), instrument="ecsi")


def main(samples: int, respondents: int) -> None:
    """Print the coverage."""
    whole = pls_replicas(drawn(POPULATION, 0).responses, replicates=0)
    true = float(whole.index.performance[whole.design.constructs.index(TARGET)])
    ways = {
        "re-estimated": {},
        "fixed": {"weights_in_interval": "fixed"},
        "BCa": {"interval": "bca"},
    }
    found = {name: [] for name in ways}
    start = time.perf_counter()
    for seed in range(1, samples + 1):
        survey = drawn(respondents, seed)
        for how, rows in found.items():
            r = survey.index(segments=(), replicates=REPLICATES, **ways[how])
            rows.append((r.score[0], r.se[0], r.ci_lower[0], r.ci_upper[0]))
    seconds = time.perf_counter() - start
    print(f"population index {true:.3f}; {samples} samples of {respondents}, {seconds:.0f} s")
    for how, rows in found.items():
        score, se, low, high = np.array(rows).T
        share = float(((low <= true) & (true <= high)).mean())
        error = math.sqrt(0.95 * 0.05 / samples)
        print(
            f"{how:12s} coverage {share:.3f} (0.95 expected, Monte-Carlo se {error:.3f}); "
            f"bias {score.mean() - true:+.3f}; mean se {se.mean():.3f}, "
            f"sd of the estimates {score.std(ddof=1):.3f}"
        )


if __name__ == "__main__":
    main(*(int(a) for a in [*sys.argv[1:], *("400", "250")[len(sys.argv) - 1 :]]))
