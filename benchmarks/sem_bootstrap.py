"""How fast the bootstrap of a structural model is, beside lavaan, and how often its intervals cover.

    python benchmarks/sem_bootstrap.py [--rscript Rscript] [--replicates 1000] [--data-sets 400]

Speed: a satisfaction model of 27 items and 6 constructs, 250 simulated respondents, ten-point answers. Both
sides start from the answers in memory. lavaan: `sem` and `bootstrapLavaan(R, type = "ordinary")` with the
coefficients alone, and with the standardised solution beside them (timed on a fifth of the replicates,
times five), inside a warmed process. csat: the coefficients alone, and `sem(bootstrap = R)` whole, so also
the standardised values, all indirect and total effects and the percentile intervals of each. One thread on
both sides; csat's median of five runs, lavaan's only run between them. Seconds of the processor are printed
beside seconds of the clock, as the machine may be shared. Where the reference folder is found (see
tests/golden_data.py) the same for the public bank survey.

Coverage: the indirect effect in data drawn from a model of nine items and three constructs, n = 100 and 200:
share of data sets whose 95 % interval holds the true effect, by percentiles, by BCa, and by the delta method;
and how often the Bollen-Stine test rejects the true model at 5 %. `--data-sets 0` leaves it out.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: both sides on one thread
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from csat.analyses.sem import sem
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.options import Options
from csat.analyses.structural.solving import solved
from csat.instrument.parameters import parameter_table
from csat.instrument.syntax import parse_model
from csat.numerics.estimation import Group, MaximumLikelihood
from csat.numerics.replicate_moments import replicate_moments
from csat.numerics.sem_bootstrap import ReplicateGroup, covariances, refits

SATISFACTION = """
image =~ image_1 + image_2 + image_3 + image_4 + image_5
expectation =~ expect_1 + expect_2 + expect_3 + expect_4 + expect_5
quality =~ quality_1 + quality_2 + quality_3 + quality_4 + quality_5
value =~ value_1 + value_2 + value_3 + value_4
satisfaction =~ satis_1 + satis_2 + satis_3 + satis_4
loyalty =~ loyal_1 + loyal_2 + loyal_3 + loyal_4
expectation ~ image
quality ~ expectation
value ~ expectation + quality
satisfaction ~ image + expectation + quality + value
loyalty ~ image + satisfaction
"""
MEDIATION = """
service =~ s1 + s2 + s3
value =~ v1 + v2 + v3
loyalty =~ l1 + l2 + l3
value ~ a*service
loyalty ~ b*value + service
indirect := a*b
"""
A, B, DIRECT = 0.4, 0.5, 0.2
REPLICATES_OF_COVERAGE = 500
TARGET = 100

WORKER = """
suppressMessages(library(lavaan))
asked <- commandArgs(TRUE)
x <- read.csv(asked[1]); model <- paste(readLines(asked[2], warn = FALSE), collapse = "\\n")
fit <- sem(model, x)
invisible(suppressWarnings(bootstrapLavaan(fit, R = 3)))
used <- system.time({
  fit <- sem(model, x)
  drawn <- suppressWarnings(bootstrapLavaan(fit, R = as.integer(asked[3]), type = "ordinary", iseed = 1))
})
both <- function(fit) c(coef(fit), standardizedSolution(fit, se = FALSE)$est.std)
whole <- system.time(suppressWarnings(
  bootstrapLavaan(fit, R = as.integer(asked[3]) %/% 5, type = "ordinary", iseed = 1, FUN = both)
))
cat(used[["elapsed"]], used[["user.self"]] + used[["sys.self"]], sum(!is.na(drawn[, 1])))
cat("", 5 * whole[["elapsed"]], 5 * (whole[["user.self"]] + whole[["sys.self"]]), "\\n")
"""


def items_of(model: str) -> tuple[str, ...]:
    """Those the constructs of a model are measured by, in order."""
    lines = [line.split("=~")[1] for line in model.splitlines() if "=~" in line]
    return tuple(item.strip() for line in lines for item in line.split("+"))


def satisfaction_answers(rng: np.random.Generator, n: int = 250) -> np.ndarray:
    """Ten-point answers to the 27 items."""
    z = rng.standard_normal((n, 6))
    image = z[:, 0]
    expectation = 0.6 * image + 0.8 * z[:, 1]
    quality = 0.7 * expectation + 0.7 * z[:, 2]
    value = 0.3 * expectation + 0.4 * quality + 0.75 * z[:, 3]
    satisfaction = 0.2 * image + 0.2 * expectation + 0.3 * quality + 0.3 * value + 0.5 * z[:, 4]
    loyalty = 0.2 * image + 0.6 * satisfaction + 0.6 * z[:, 5]
    f = np.column_stack([image, expectation, quality, value, satisfaction, loyalty])
    of = np.repeat(np.arange(6), (5, 5, 5, 4, 4, 4))
    return np.clip(np.rint(7 + 1.5 * (0.8 * f[:, of] + 0.6 * rng.standard_normal((n, of.size)))), 1, 10)


def mediation_answers(rng: np.random.Generator, n: int) -> np.ndarray:
    """Continuous answers to nine items; the true indirect effect is A B (loadings of the markers are 1)."""
    z = rng.standard_normal((n, 12))
    service = z[:, 0]
    value = A * service + math.sqrt(1 - A**2) * z[:, 1]
    loyalty = B * value + DIRECT * service + 0.8 * z[:, 2]
    loading = np.array([1.0, 0.9, 0.8])
    f = np.column_stack([np.outer(c, loading) for c in (service, value, loyalty)])
    scattered = f.reshape(n, 3, 3).reshape(n, 9)
    return scattered + 0.7 * z[:, 3:]


def reference_cases() -> list[tuple[str, str, tuple[str, ...], np.ndarray]]:
    """Models of the public bank survey, where the reference folder is there: name, text, items, answers.

    The national index model has constructs that can hardly be told apart there: for a third of the replicates
    neither program finds an optimum.
    """
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from golden_data import FOLDER, recipe_matrix, reference

    if not FOLDER.is_dir():
        return []
    found = []
    for name, case in (("six factors", "cfa6_ml"), ("national index", "ecsi_ml")):
        golden = reference("sem")["satisfaction_gender"][case]
        rows = recipe_matrix(golden["recipe"])
        found.append(
            (f"public bank survey, {name}", golden["model"], tuple(golden["recipe"]["columns"]), rows)
        )
    return found


def timed(job: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - clock, time.process_time() - processor


def coefficients(model: str, answers: Answers, replicates: int) -> int:
    """Coefficients in the whole sample, then in every replicate; returns how many have an optimum."""
    options = Options("ML", "normal", False, False, True, False, "Hu-Bentler", 0.95, "listwise", False, 0)
    found = solved(parameter_table(parse_model(model)), answers, options)
    n = len(answers.rows)
    start = found.estimate.theta
    whole = MaximumLikelihood([Group(found.structure, found.covariance, float(n))])
    hessian = whole.slope(whole.look(start)).observed()
    draws = replicate_moments(answers.rows, rows=answers.numbers, replicates=replicates)
    cov, _ = covariances(draws, factor=(n - 1) / n)
    return replicates - refits([ReplicateGroup(found.structure, cov, float(n))], start, hessian).failed


def speed(
    name: str, model: str, items: tuple[str, ...], rows: np.ndarray, rscript: str, replicates: int
) -> None:
    answers = Answers.of_rows(rows, items)

    def ours() -> None:
        found = sem(model, answers, bootstrap=replicates)
        assert found.bootstrap is not None
        used.append(found.bootstrap.used)

    def alone() -> None:
        used_alone.append(coefficients(model, answers, replicates))

    used: list[int] = []
    used_alone: list[int] = []
    ours()
    alone()
    before = [timed(ours) for _ in range(3)]
    only = [timed(alone) for _ in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        data, text = Path(folder, "x.csv"), Path(folder, "model.txt")
        np.savetxt(data, rows, delimiter=",", header=",".join(items), comments="", fmt="%.10g")
        text.write_text(model + "\n")
        script = Path(folder, "worker.R")
        script.write_text(WORKER)
        said = subprocess.run(
            [rscript, str(script), str(data), str(text), str(replicates)],
            capture_output=True,
            text=True,
            check=True,
        )
    peer_clock, peer_processor, peer_used, whole_clock, whole_processor = map(float, said.stdout.split())
    runs = [*before, *(timed(ours) for _ in range(2))]
    clock, processor = (statistics.median(v) for v in zip(*runs, strict=True))
    only += [timed(alone) for _ in range(2)]
    alone_clock, alone_processor = (statistics.median(v) for v in zip(*only, strict=True))
    print(
        f"{name}: {replicates} refits (aim {TARGET} x)\n"
        f"  coefficients alone: csat {alone_clock:.3f} s (processor {alone_processor:.3f} s, "
        f"{used_alone[-1]} used), lavaan {peer_clock:.1f} s (processor {peer_processor:.1f} s, "
        f"{peer_used:.0f} used): "
        f"{peer_clock / alone_clock:.0f} x ({peer_processor / alone_processor:.0f} x)\n"
        f"  csat with all it tells and every interval: {clock:.3f} s (processor {processor:.3f} s, "
        f"{used[-1]} used), {peer_clock / clock:.0f} x lavaan's coefficients alone; lavaan with "
        f"standardised values {whole_clock:.1f} s (processor {whole_processor:.1f} s): "
        f"{whole_clock / clock:.0f} x ({whole_processor / processor:.0f} x)"
    )


def coverage(n: int, data_sets: int) -> None:
    inside = {"percentile": 0, "BCa": 0, "delta method": 0}
    rejected = lost = 0
    names = items_of(MEDIATION)
    for seed in range(data_sets):
        answers = Answers.of_rows(mediation_answers(np.random.default_rng(seed), n), names)
        own = {"bootstrap": REPLICATES_OF_COVERAGE, "seed": seed}
        plain = sem(MEDIATION, answers, bollen_stine=True, **own)  # type: ignore[arg-type]
        bca = sem(MEDIATION, answers, interval="bca", **own)  # type: ignore[arg-type]
        one, other = plain.parameters[-1], bca.parameters[-1]
        if plain.bootstrap is None or math.isnan(one.boot_lower):
            lost += 1
            continue
        inside["percentile"] += one.boot_lower <= A * B <= one.boot_upper
        inside["BCa"] += other.boot_lower <= A * B <= other.boot_upper
        inside["delta method"] += one.ci_lower <= A * B <= one.ci_upper
        rejected += plain.bootstrap.bollen_stine_p < 0.05
    known = data_sets - lost
    error = math.sqrt(0.95 * 0.05 / known)
    shares = ", ".join(f"{name} {count / known:.3f}" for name, count in inside.items())
    print(
        f"indirect effect, n = {n}, {known} data sets ({lost} without interval): coverage {shares} "
        f"(.95 +- {1.96 * error:.3f} by chance); Bollen-Stine rejects {rejected / known:.3f} at .05"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rscript", default="Rscript")
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--data-sets", type=int, default=400)
    asked = parser.parse_args()
    rows = satisfaction_answers(np.random.default_rng(1))
    speed("simulated", SATISFACTION, items_of(SATISFACTION), rows, asked.rscript, asked.replicates)
    for case in reference_cases():
        speed(*case, asked.rscript, asked.replicates)
    for n in (100, 200) if asked.data_sets else ():
        coverage(n, asked.data_sets)


if __name__ == "__main__":
    main()
