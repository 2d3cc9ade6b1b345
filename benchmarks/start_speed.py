"""How long it takes to start: `import csat`, `csat --help`, and a whole report of the 93-row bank survey.

Run: python benchmarks/start_speed.py
Each is a process of its own; medians of RUNS, with the bare interpreter beside them.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 9


def seconds(arguments: list[str], runs: int = RUNS) -> float:
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    python = sys.executable
    print(f"python alone     {seconds([python, '-c', 'pass']):.3f} s")
    print(f"import csat      {seconds([python, '-c', 'import csat']):.3f} s (limit 0.3)")
    print(f"csat --help      {seconds([python, '-m', 'csat', '--help']):.3f} s (limit 0.4)")
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "bank.csv")
        subprocess.run(
            [python, "-m", "csat", "simulate", "bank_efa", "-o", data], check=True, capture_output=True
        )
        report = [python, "-m", "csat", "report", data, "-i", "bank_corporate", "-o", folder]
        print(f"report, 93 rows  {seconds(report, 3):.1f} s")
        data = str(Path(folder) / "more.csv")
        simulate = ["simulate", "bank_corporate", "-n", "250", "-o", data]
        subprocess.run([python, "-m", "csat", *simulate], check=True, capture_output=True)
        report = [python, "-m", "csat", "report", data, "-i", "bank_corporate", "-o", folder]
        print(f"report, 250 rows {seconds(report, 3):.1f} s")


if __name__ == "__main__":
    main()
