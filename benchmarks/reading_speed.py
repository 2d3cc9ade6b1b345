"""Reading a large CSV into coded answers, beside the fastest readers of tables in the same run.

    python benchmarks/reading_speed.py [--rows 1000000] [--rounds 3]

The file has 35 columns: 30 five-point items with 0 and 6 for silence, a key, a region, an age, a weight and a
comment. Every reader runs in a process of its own, first on a small file of the same columns (imports, code
that is loaded when first used), then on the large one; printed are the median time, the rise of the peak of
memory over that of the small file, and its multiple of the coded answers (one byte a cell).

csat does more than its peers: it takes the file's hash, proves the encoding, turns texts into codes with a
reason for every silence, checks the weights and accounts for the rows.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ITEMS = 30
COLUMNS = ITEMS + 5
SMALL = 3000


def write(path: Path, rows: int) -> None:
    import numpy as np

    rng = np.random.default_rng(1)
    regions = ("north", "south", "east", "west")
    words = ("", "", "", "good", "too slow", "ok")
    with path.open("w") as file:
        file.write(f"id,{','.join(f'q{k}' for k in range(1, ITEMS + 1))},region,age,weight,comment\n")
        for start in range(0, rows, 20_000):
            n = min(20_000, rows - start)
            answers = rng.integers(0, 7, (n, ITEMS)).tolist()
            more = zip(
                rng.integers(0, 4, n),
                rng.integers(18, 90, n),
                rng.uniform(0.3, 3, n),
                rng.integers(0, 6, n),
                strict=True,
            )
            for k, (row, (region, age, weight, word)) in enumerate(
                zip(answers, more, strict=True), start=start
            ):
                comment = f"{words[word]} {k}" if words[word] else ""
                file.write(
                    f"R{k:08d},{','.join(map(str, row))},{regions[region]},{age},{weight:.6f},{comment}\n"
                )


def csat_bound(path: str) -> Any:
    from csat.instrument.instrument import Instrument, Item, Scale, Segment
    from csat.language import Text
    from csat.responses.binding import bind
    from csat.responses.readers import read_file

    five = Scale("five", 1, 5)
    own = Instrument(
        "own",
        "1",
        Text("own"),
        tuple(
            Item(f"q{k}", Text(""), five, no_answer=("0",), not_applicable=("6",))
            for k in range(1, ITEMS + 1)
        ),
        (),
        weight=("weight",),
        segments=(Segment("region", Text("Region")),),
    )
    return bind(read_file(path, instrument=own), own, release=True)


def csat_table(path: str) -> Any:
    from csat.responses.readers import read_file

    return read_file(path)


def _types() -> dict[str, Any]:
    import pyarrow as pa

    small = {f"q{k}": pa.int8() for k in range(1, ITEMS + 1)}
    words = pa.dictionary(pa.int32(), pa.string())
    return small | {
        "id": pa.string(),
        "region": words,
        "age": pa.int16(),
        "weight": pa.float64(),
        "comment": pa.string(),
    }


def pyarrow_typed(path: str) -> Any:
    import pyarrow.csv as pacsv

    return pacsv.read_csv(path, convert_options=pacsv.ConvertOptions(column_types=_types()))


def pyarrow_inferred(path: str) -> Any:
    import pyarrow.csv as pacsv

    return pacsv.read_csv(path)


def pandas_inferred(path: str) -> Any:
    import pandas as pd

    return pd.read_csv(path)


def polars_inferred(path: str) -> Any:
    import polars as pl

    return pl.read_csv(path)


READERS = {
    f.__name__: f
    for f in (csat_bound, csat_table, pyarrow_typed, pyarrow_inferred, pandas_inferred, polars_inferred)
}


def peak() -> float:
    """Peak of memory of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(reader: str, small: str, large: str) -> None:
    read = READERS[reader]
    read(small)
    before = peak()
    start = time.perf_counter()
    found = read(large)
    took = time.perf_counter() - start
    del found
    print(json.dumps({"seconds": took, "mebibytes": peak() - before}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.csv"), Path(folder, "large.csv")
        write(small, SMALL)
        write(large, options.rows)
        runs: dict[str, list[dict[str, float]]] = {}
        for _ in range(options.rounds):
            for name in READERS:
                call = [sys.executable, __file__, "--child", name, str(small), str(large)]
                done = subprocess.run(call, capture_output=True, text=True)
                if done.returncode == 0:  # a peer that is not installed is left out
                    runs.setdefault(name, []).append(json.loads(done.stdout))
        size = large.stat().st_size / 1e6
    coded = options.rows * COLUMNS / (1 << 20)
    median = {n: {k: statistics.median(r[k] for r in found) for k in found[0]} for n, found in runs.items()}
    fastest = min(m["seconds"] for n, m in median.items() if not n.startswith("csat"))
    print(f"{options.rows:,} rows x {COLUMNS} columns, {size:.0f} MB; coded answers {coded:.0f} MiB")
    for name, m in median.items():
        ratio, multiple = m["seconds"] / fastest, m["mebibytes"] / coded
        took = f"{m['seconds']:6.2f} s  {ratio:5.2f} x fastest peer"
        print(f"{name:17s} {took}  {m['mebibytes']:6.0f} MiB  {multiple:5.2f} x coded")


if __name__ == "__main__":
    main()
