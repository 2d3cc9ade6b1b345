"""How often the bootstrap intervals of PLS hold what they should: index, paths, HTMT, HTMT2.

    python benchmarks/pls_coverage.py [--surveys 2000] [--rows 250] [--replicates 1000]

Surveys of the ECSI model with complaints are drawn from one population (ten-point answers, seven constructs);
what is true is what 4,000,000 of its respondents give. Each survey gets percentile intervals of 95 % from
bootstrap replicates in which the weights are estimated again, and an index interval with the weights taken as
known. Printed: the share of surveys whose interval holds the true number, beside its Monte-Carlo error.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from pls_speed import BLOCKS, MANY_ROWS, PATHS, ecsi, simulated

from csat.numerics.pls import pls
from csat.numerics.pls_assessment import construct_index, htmt2_ratios, htmt_ratios
from csat.numerics.pls_bootstrap import ends, pls_replicates
from csat.numerics.replicate_moments import Moments, moments, replicate_moments

LOW, HIGH = 1.0, 10.0
TRUE_ROWS = 4_000_000
NORMAL = 1.959963984540054


def population() -> Moments:
    """Moments of very many respondents, part by part."""
    parts = [moments(simulated(MANY_ROWS * 10, seed=10_000 + k)) for k in range(TRUE_ROWS // MANY_ROWS // 10)]
    mean = np.mean([m.mean for m in parts], axis=0)
    # the parts' means differ by next to nothing: their covariances are averaged
    cov = np.mean([m.correlation * m.sd[:, None] * m.sd[None, :] for m in parts], axis=0)
    sd = np.sqrt(np.einsum("iin->in", cov))
    return Moments(mean, sd, cov / (sd[:, None] * sd[None, :]))


def described(found: Moments) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Index, its sd, paths, HTMT and HTMT2."""
    structure = ecsi()
    p = len(found.mean)
    fit = pls(found.correlation[..., 0], structure)
    ends_ = {"lower": np.full(p, LOW), "upper": np.full(p, HIGH)}
    made = construct_index(fit, found.correlation[..., 0], found.mean[:, 0], found.sd[:, 0], **ends_)
    r = found.correlation[..., 0]
    ratios = {"htmt": htmt_ratios(r, structure), "htmt2": htmt2_ratios(r, structure)}
    return made.performance, made.sd, fit.paths, ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--surveys", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=250)
    parser.add_argument("--replicates", type=int, default=1000)
    options = parser.parse_args()
    index, _, paths, ratios = described(population())
    names, structure = list(BLOCKS), ecsi()
    arrows = [(names.index(a), names.index(b)) for a, b in PATHS]
    several = [k for k, size in enumerate(BLOCKS.values()) if size > 1]
    pairs = [(i, j) for i in several for j in several if j < i]
    held: dict[str, list[np.ndarray]] = {
        "index": [],
        "index, weights known": [],
        "paths": [],
        "HTMT": [],
        "HTMT bound": [],
        "HTMT2": [],
        "HTMT2 bound": [],
    }
    for survey in range(options.surveys):
        answers = simulated(options.rows, seed=survey)
        whole = moments(answers)
        p = answers.shape[1]
        fit = pls(whole.correlation[..., 0], structure)
        drawn = pls_replicates(
            replicate_moments(answers, replicates=options.replicates, seed=survey), fit,
            lower=np.full(p, LOW), upper=np.full(p, HIGH),
        )  # fmt: skip
        low, high = ends(drawn.index)
        held["index"].append((low <= index) & (index <= high))
        estimate, sd, _, _ = described(whole)
        half = NORMAL * sd / np.sqrt(options.rows)
        held["index, weights known"].append(np.abs(estimate - index) <= half)
        low, high = ends(drawn.paths)
        held["paths"].append(np.array([low[a] <= paths[a] <= high[a] for a in arrows]))
        for name, true in ratios.items():
            values = getattr(drawn, name)
            low, high = ends(values)
            held[name.upper()].append(np.array([low[a] <= true[a] <= high[a] for a in pairs]))
            bound = np.quantile(values, 0.95, axis=-1)
            held[f"{name.upper()} bound"].append(np.array([true[a] <= bound[a] for a in pairs]))
    error = np.sqrt(0.95 * 0.05 / options.surveys)
    print(f"{options.surveys} surveys of {options.rows}, {options.replicates} replicates; nominal 0.950, "
          f"Monte-Carlo error of one coverage {error:.4f}")  # fmt: skip
    for name, rows in held.items():
        share = np.mean(rows, axis=0)
        print(f"{name:22s} mean {share.mean():.3f}   lowest {share.min():.3f}   highest {share.max():.3f}")
    for name in ("index", "index, weights known"):
        print(f"satisfaction, {name}: {np.mean([h[names.index('CUSA')] for h in held[name]]):.3f}")


if __name__ == "__main__":
    main()
