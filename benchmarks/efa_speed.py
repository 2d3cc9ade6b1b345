"""How fast minres + oblimin is, beside factor_analyzer on the same data in the same run.

    python benchmarks/efa_speed.py [--peer-python PATH] [--rounds 15]

Five factors of 25 six-point items: the 2436 complete rows of bfi when the reference folder is there (see
tests/golden_data.py), else as many simulated rows. factor_analyzer 0.5.1 cannot fit with scikit-learn >= 1.8;
`--peer-python` names a Python where it can. Rounds of both alternate; medians and their ratio are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: both sides on one thread

import numpy as np

from csat.numerics.extraction import extract
from csat.numerics.linalg import correlation_from_covariance
from csat.numerics.rotation import rotate

FACTORS = 5
REPEATS = 50

PEER = """
import json, sys, time, warnings
import numpy as np
from factor_analyzer import FactorAnalyzer
warnings.filterwarnings("ignore")
x = np.load(sys.argv[1]); r = np.corrcoef(x, rowvar=False); out = {}
for name, data, is_r in (("rows", x, False), ("correlations", r, True)):
    times = []
    for _ in range(int(sys.argv[2])):
        start = time.perf_counter()
        fa = FactorAnalyzer(int(sys.argv[3]), method="minres", rotation="oblimin", is_corr_matrix=is_r)
        fa.fit(data)
        times.append(time.perf_counter() - start)
    out[name] = times
out["loadings"] = fa.loadings_.tolist()
print(json.dumps(out))
"""


def answers() -> tuple[np.ndarray, str]:
    """The matrix both work on, and what it is."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from golden_data import FOLDER, recipe_matrix, reference

    if FOLDER.is_dir():
        return recipe_matrix(reference("efa")["bfi"]["k5_not_reversed"]["recipe"]), "bfi"
    rng = np.random.default_rng(1)
    loadings = np.kron(np.eye(FACTORS), np.full((5, 1), 0.65))
    scores = rng.standard_normal((2436, FACTORS)) @ np.linalg.cholesky(0.75 * np.eye(5) + 0.25).T
    latent = scores @ loadings.T + rng.standard_normal((2436, 25)) * np.sqrt(1 - 0.65**2)
    return np.clip(np.round(latent * 1.2 + 3.5), 1, 6), "simulated"


def correlations(x: np.ndarray) -> np.ndarray:
    """From sums, as csat's tally gives them: exact for small whole numbers."""
    sums = np.ones(len(x)) @ x
    return correlation_from_covariance(x.T @ x - np.outer(sums, sums) / len(x))


def ours(data: np.ndarray, *, rows: bool, starts: int) -> list[float]:
    """Seconds of each of some fits."""
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        r = correlations(data) if rows else data
        rotate(extract(r, FACTORS, method="minres").loadings, method="oblimin", starts=starts)
        times.append(time.perf_counter() - begin)
    return times


def peer(python: str, file: str) -> dict[str, list[float]] | str:
    """Times of the peer, or why there are none."""
    run = subprocess.run(
        [python, "-c", PEER, file, "20", str(FACTORS)], capture_output=True, text=True, check=False
    )
    return json.loads(run.stdout) if run.returncode == 0 else run.stderr.strip().splitlines()[-1]


def aligned(mine: np.ndarray, theirs: np.ndarray) -> float:
    """Largest difference of loadings after the best order and signs of columns."""
    order = np.abs(mine.T @ theirs).argmax(axis=1)
    turned = theirs[:, order] * np.sign((mine * theirs[:, order]).sum(axis=0))
    return float(np.abs(mine - turned).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--peer-python", default=sys.executable, help="a Python in which factor_analyzer can fit"
    )
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    x, name = answers()
    r = np.corrcoef(x, rowvar=False)
    print(f"{name}: {x.shape[0]} rows x {x.shape[1]} items, {FACTORS} factors, minres + oblimin")
    mine: dict[str, list[float]] = {"rows": [], "correlations": [], "correlations, 10 starts": []}
    theirs: dict[str, list[float]] = {"rows": [], "correlations": []}
    found: dict[str, list[float]] | str = {}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "x.npy")
        np.save(file, x)
        for _ in range(options.rounds):
            mine["rows"] += ours(x, rows=True, starts=1)
            mine["correlations"] += ours(r, rows=False, starts=1)
            mine["correlations, 10 starts"] += ours(r, rows=False, starts=10)
            found = peer(options.peer_python, file)
            if isinstance(found, str):
                break
            for key, times in theirs.items():
                times += found[key]
    for key, times in mine.items():
        print(f"csat             from {key:<24} {1e3 * np.median(times):7.2f} ms")
    if isinstance(found, str):
        print(f"factor_analyzer could not fit ({found}); name a Python where it can with --peer-python")
        return
    for key, times in theirs.items():
        ratio = np.median(times) / np.median(mine[key])
        print(f"factor_analyzer  from {key:<24} {1e3 * np.median(times):7.2f} ms   ratio {ratio:.1f}")
    solution = rotate(extract(r, FACTORS).loadings, method="oblimin")
    print(f"largest difference of loadings {aligned(solution.loadings, np.array(found['loadings'])):.1e}")


if __name__ == "__main__":
    main()
