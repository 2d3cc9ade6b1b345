"""How fast structural models are, beside lavaan (and psych, semopy) on the same answers in the same run.

    python benchmarks/sem_speed.py [--rscript Rscript] [--rounds 3] [--only NAME ...]

Both sides start from the answers in memory and end with estimates, standard errors, standardised values and
all fit measures: csat's `sem`, lavaan's `sem` + `fitMeasures` + `parameterEstimates(standardized = TRUE)`.
csat's result also holds errors of the standardised values, AVE, reliability, HTMT, effects and a verdict; in
one row lavaan and semTools are asked for the first four as well. csat remembers a model it has read. R
times itself inside one process, so that its start does not count, and is warmed up; rounds alternate, medians
are printed. The answers are simulated, and where the reference folder is found (see tests/golden_data.py)
the rows on real data come too. Chi-squares of the two sides must agree, else the run stops.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: both sides on one thread
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from csat.analyses.sem import sem
from csat.analyses.structural.answers import Answers
from csat.numerics.ordinal import polychoric_matrix

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
FIVE_FACTORS = "\n".join(f"{f} =~ " + " + ".join(f"{f}{k}" for k in range(1, 6)) for f in "ACENO")

TARGETS = {"ML": 25, "MLR": 25, "FIML": 20, "WLSMV": 15, "polychoric": 50}

WORKER = """
suppressMessages({library(lavaan); library(psych); library(semTools)})
say <- function(...) { cat(..., "\\n"); flush(stdout()) }
con <- file("stdin"); open(con)
while (length(line <- readLines(con, 1)) > 0) {
  asked <- strsplit(line, "\\t")[[1]]
  x <- read.csv(asked[2]); lines <- readLines(asked[3], warn = FALSE)
  model <- paste(lines, collapse = "\\n")
  measurement <- paste(grep("=~", lines, value = TRUE), collapse = "\\n")
  job <- switch(asked[1],
    ML = function() sem(model, x), whole = function() sem(model, x),
    MLR = function() sem(model, x, estimator = "MLR"),
    FIML = function() sem(model, x, missing = "fiml"),
    WLSMV = function() sem(model, x, ordered = TRUE),
    polychoric = function() polychoric(x, correct = 0)$rho)
  times <- numeric(0)
  for (k in seq_len(as.integer(asked[4]))) {
    start <- proc.time()[["elapsed"]]
    fit <- suppressWarnings(job())
    if (asked[1] == "polychoric") value <- fit[2, 1] else {
      measures <- suppressWarnings(fitMeasures(fit))
      table <- parameterEstimates(fit, standardized = TRUE)
      value <- measures[["chisq"]]
      if (asked[1] == "whole") {
        suppressMessages(suppressWarnings({
          standardizedSolution(fit); semTools::AVE(fit); semTools::compRelSEM(fit)
          semTools::htmt(measurement, x); semTools::htmt(measurement, x, htmt2 = TRUE)
        }))
      }
    }
    times <- c(times, proc.time()[["elapsed"]] - start)
  }
  say(median(times), format(value, digits = 12))
}
"""


@dataclass(frozen=True)
class Job:
    """A model of one kind on answers (n, p) with NaN for gaps."""

    name: str
    kind: str
    model: str
    items: tuple[str, ...]
    rows: np.ndarray
    peer_repeats: int
    semopy: bool = False

    def ours(self) -> float:
        """From the answers to the result; its chi-square (or a correlation), to compare."""
        if self.kind == "polychoric":
            return polychoric(self.rows)
        answers = Answers.of_rows(self.rows, self.items)
        if self.kind == "WLSMV":
            return sem(self.model, answers, estimator="WLSMV", ordered=True).fit["chisq"]
        if self.kind == "FIML":
            return sem(self.model, answers, missing="fiml").fit["chisq"]
        estimator = "ML" if self.kind == "whole" else self.kind
        return sem(self.model, answers, estimator=estimator).fit["chisq"]


def polychoric(rows: np.ndarray, categories: int = 6) -> float:
    """From six-point answers to their polychoric correlations with standard errors; one of them."""
    p = rows.shape[1]
    chosen = (rows[:, :, None] == np.arange(1, categories + 1)).reshape(len(rows), -1).astype(float)
    counts = (chosen.T @ chosen).reshape(p, categories, p, categories)
    joints = [counts[i, :, j] for i in range(p) for j in range(i + 1, p)]
    return float(polychoric_matrix(joints).correlation[1, 0])


def items_of(model: str) -> tuple[str, ...]:
    """Those the constructs of a model are measured by, in order."""
    lines = [line.split("=~")[1] for line in model.splitlines() if "=~" in line]
    return tuple(item.strip() for line in lines for item in line.split("+"))


def satisfaction_answers(rng: np.random.Generator, n: int = 250) -> np.ndarray:
    """Ten-point answers to the 27 items."""

    def effect(causes: Sequence[tuple[float, np.ndarray]], rest: float) -> np.ndarray:
        return sum((b * x for b, x in causes), rest * rng.standard_normal(n))

    image = rng.standard_normal(n)
    expectation = effect([(0.5, image)], 0.85)
    quality = effect([(0.6, expectation)], 0.8)
    value = effect([(0.2, expectation), (0.5, quality)], 0.75)
    satisfaction = effect([(0.2, image), (0.1, expectation), (0.35, quality), (0.3, value)], 0.55)
    loyalty = effect([(0.2, image), (0.6, satisfaction)], 0.65)
    scores = [image, expectation, quality, value, satisfaction, loyalty]
    columns = [
        0.8 * s + 0.6 * rng.standard_normal(n)
        for s, k in zip(scores, (5, 5, 5, 4, 4, 4), strict=True)
        for _ in range(k)
    ]
    return np.clip(np.rint(7 + 1.8 * np.column_stack(columns)), 1, 10)


def five_factor_answers(rng: np.random.Generator, n: int = 2800) -> np.ndarray:
    """Six-point answers to 25 items, which fit five correlated factors about as well as real ones do."""
    factors = rng.standard_normal((n, 5)) @ np.linalg.cholesky(0.3 + 0.7 * np.eye(5)).T
    shared = rng.standard_normal((n, 5))
    answers = []
    for k in range(25):
        own = 0.68 * factors[:, k // 5] + 0.2 * shared[:, k % 5] + 0.7 * rng.standard_normal(n)
        answers.append(np.digitize(own, [-1.6, -0.9, -0.3, 0.4, 1.1]) + 1.0)
    return np.column_stack(answers)


def with_gaps(answers: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Some answers left out at random."""
    return np.where(rng.random(answers.shape) < share, np.nan, answers)


def jobs() -> list[Job]:
    """Simulated, and real where the reference folder is."""
    rng = np.random.default_rng(1)
    satisfaction = (SATISFACTION, items_of(SATISFACTION), satisfaction_answers(rng))
    whole = five_factor_answers(rng)
    few, many = with_gaps(whole, 0.007, rng), with_gaps(whole, 0.05, rng)
    five = (FIVE_FACTORS, items_of(FIVE_FACTORS))
    found = [
        Job("satisfaction model, ML", "ML", *satisfaction, 9, semopy=True),
        Job("the same with all that csat's result holds", "whole", *satisfaction, 5),
        Job("satisfaction model, MLR", "MLR", *satisfaction, 9),
        Job("25 items, 5 factors, full information", "FIML", *five, few, 1),
        Job("the same, 5 % of answers missing", "FIML", *five, many, 1),
        Job("25 ordered items, 5 factors, WLSMV", "WLSMV", *five, whole[:2436], 1),
        Job("polychoric matrix of 25 items", "polychoric", "", items_of(FIVE_FACTORS), whole[:2436], 1),
    ]
    return found + _real_jobs()


def _real_jobs() -> list[Job]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from golden_data import FOLDER, recipe_matrix, reference

    if not FOLDER.is_dir():
        return []
    made = []
    for data, case, kind, repeats in (
        ("satisfaction_gender", "ecsi_ml", "ML", 9),
        ("satisfaction_gender", "ecsi_mlr", "MLR", 9),
        ("bfi", "cfa5_ml", "ML", 5),
        ("bfi", "cfa5_fiml", "FIML", 1),
        ("bfi", "cfa5_wlsmv", "WLSMV", 1),
    ):
        one = reference("sem")[data][case]
        items, rows = tuple(one["recipe"]["columns"]), recipe_matrix(one["recipe"])
        made.append(Job(f"{data}: {case}", kind, one["model"], items, rows, repeats, kind == "ML"))
        if kind == "WLSMV":
            made.append(Job(f"{data}: polychoric", "polychoric", "", items, rows, repeats))
    return made


class Lavaan:
    """R in its own process, asked round by round."""

    def __init__(self, rscript: str, folder: Path) -> None:
        self.folder = folder
        worker = folder / "worker.R"
        worker.write_text(WORKER, encoding="utf-8")
        self.process = subprocess.Popen(
            [rscript, "--vanilla", str(worker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def files(self, job: Job) -> tuple[Path, Path]:
        """The answers and the model, written when first asked for."""
        stem = "".join(c if c.isalnum() else "_" for c in job.name)
        data, model = self.folder / f"{stem}.csv", self.folder / f"{stem}.txt"
        if not data.exists():
            lines = [",".join("NA" if np.isnan(v) else f"{v:g}" for v in row) for row in job.rows]
            data.write_text("\n".join([",".join(job.items), *lines]), encoding="utf-8")
            model.write_text(job.model, encoding="utf-8")
        return data, model

    def ask(self, job: Job, repeats: int) -> tuple[float, float]:
        """Median seconds, and the chi-square."""
        assert self.process.stdin is not None and self.process.stdout is not None
        data, model = self.files(job)
        self.process.stdin.write(f"{job.kind}\t{data}\t{model}\t{repeats}\n")
        self.process.stdin.flush()
        seconds, value = self.process.stdout.readline().split()
        return float(seconds), float(value)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def semopy_seconds(job: Job) -> float | None:
    """Median of three fits by semopy, with its errors, standardised estimates and statistics."""
    try:
        import pandas
        import semopy
    except ImportError:
        return None
    frame = pandas.DataFrame(job.rows, columns=list(job.items))

    def fitted() -> None:
        model = semopy.Model(job.model)
        model.fit(frame)
        model.inspect(std_est=True)
        semopy.calc_stats(model)

    return timed(fitted, 3)


def timed(work: Callable[[], object], repeats: int) -> float:
    """Median seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--rscript", default="Rscript", help="an R with lavaan and psych; 'none' for csat alone"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=(), help="parts of the names of rows")
    options = parser.parse_args()
    chosen = [j for j in jobs() if not options.only or any(part in j.name for part in options.only)]
    with tempfile.TemporaryDirectory() as folder:
        peer = None if options.rscript == "none" else Lavaan(options.rscript, Path(folder))
        for job in chosen:
            repeats = 3 if job.peer_repeats == 1 else 20
            mine, theirs = [], []
            value = job.ours()
            for turn in range(options.rounds):
                if peer:
                    # the first round warms R up
                    seconds, other = peer.ask(job, job.peer_repeats + (turn == 0))
                    theirs.append(seconds)
                    assert abs(value - other) < 1e-3 * max(1, abs(other)), (job.name, value, other)
                mine.append(timed(job.ours, repeats))
            own = statistics.median(mine)
            line = f"{job.name:42s} csat {1e3 * own:9.2f} ms"
            if peer:
                beside = statistics.median(theirs)
                name = "psych" if job.kind == "polychoric" else "lavaan"
                line += f"   {name:6s} {1e3 * beside:9.1f} ms   ratio {beside / own:6.1f}"
                line += f" (wanted {TARGETS[job.kind]})" if job.kind in TARGETS else ""
            third = semopy_seconds(job) if peer and job.semopy else None
            line += f"   semopy {1e3 * third:8.1f} ms, ratio {third / own:.1f}" if third else ""
            print(line, flush=True)
        if peer:
            peer.close()


if __name__ == "__main__":
    main()
