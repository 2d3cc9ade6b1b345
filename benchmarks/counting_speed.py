"""One pass over 1,000,000 x 30 five-point answers beside the float32 matrix product it contains.

Run: python benchmarks/counting_speed.py [rows]
Prints medians of five runs each, alternating, and the ratio. One thread: set OMP_NUM_THREADS=1 before.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np

from csat.numerics.moments import BLOCK, count_gram

ITEMS, CATEGORIES, RUNS = 30, 5, 5


def main(rows: int) -> None:
    rng = np.random.default_rng(1)
    columns = list(rng.integers(-1, CATEGORIES, size=(ITEMS, rows)).astype(np.int8))
    block = rng.random((ITEMS * CATEGORIES, BLOCK)).astype(np.float32)
    counted, product = [], []
    for _ in range(RUNS):
        start = time.perf_counter()
        count_gram(columns, [CATEGORIES] * ITEMS)
        counted.append(time.perf_counter() - start)
        total = np.zeros((ITEMS * CATEGORIES,) * 2)
        start = time.perf_counter()
        for _block in range(0, rows, BLOCK):
            total += block @ block.T
        product.append(time.perf_counter() - start)
    a, b = statistics.median(counted), statistics.median(product)
    print(f"{rows:,} x {ITEMS}: counting {a:.3f} s, the bare float32 product {b:.3f} s, ratio {a / b:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
