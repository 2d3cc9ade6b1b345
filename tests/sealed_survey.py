"""A small survey with an instrument of its own, and reports of it that can be replayed and compared."""

from __future__ import annotations

import csv
import random
from pathlib import Path

INSTRUMENT = """
id = "tiny"
version = "1.0"
title = { en = "A tiny survey" }

[scales.five]
minimum = 1
maximum = 5

[[constructs]]
id = "Staff"
en = "Staff"
items = ["s1", "s2", "s3"]
role = "driver"

[[constructs]]
id = "Price"
en = "Price"
items = ["p1", "p2", "p3"]
role = "driver"

[[constructs]]
id = "Satisfaction"
en = "Satisfaction"
items = ["y1", "y2"]
role = "outcome"

[index]
construct = "Satisfaction"
""" + "".join(
    f'\n[[items]]\nid = "{name}"\nscale = "five"\nen = "Wording of {name}"\n'
    for name in ("s1", "s2", "s3", "p1", "p2", "p3", "y1", "y2")
)
ITEMS = ("s1", "s2", "s3", "p1", "p2", "p3", "y1", "y2")


def write_survey(
    folder: Path, name: str = "tiny.csv", *, rows: int = 120, seed: int = 1, lift: float = 0.0
) -> Path:
    """Answers with two factors that move satisfaction; `lift` adds to everybody's satisfaction."""
    draw = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(ITEMS)
        for _ in range(rows):
            staff, price = draw.gauss(0, 1), draw.gauss(0, 1)
            pleased = 0.6 * staff + 0.3 * price + 0.4 * draw.gauss(0, 1) + lift
            latent = [staff] * 3 + [price] * 3 + [pleased] * 2
            writer.writerow([min(5, max(1, round(3 + x + 0.6 * draw.gauss(0, 1)))) for x in latent])
    return path


def write_instrument(folder: Path, text: str = INSTRUMENT) -> Path:
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return path
