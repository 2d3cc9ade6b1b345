"""Where golden numbers on real data come from.

The reference folder (numbers from R and others, and the public data they rest on) is not part of the
repository.
It is looked for in $CSAT_REFERENCE, else beside the checkout in `../shared/reference`; tests that need it
skip with that reason when it is absent. Standard library and numpy only: tests/numerics use it too.
"""

from __future__ import annotations

import csv
import functools
import gzip
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(os.environ.get("CSAT_REFERENCE") or Path(__file__).parents[2] / "shared" / "reference")


def reference_path(*parts: str) -> Path:
    """A path in the reference folder; skips the test when the folder is absent."""
    if not FOLDER.is_dir():
        pytest.skip("the reference folder is absent: set CSAT_REFERENCE to run this test on real data")
    return FOLDER.joinpath(*parts)


@functools.cache
def _family(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def reference(family: str) -> dict[str, Any]:
    """The numbers of one family: data set -> case -> numbers (see the folder's README)."""
    return _family(reference_path(f"{family}.json"))


@functools.cache
def _rows(path: Path) -> tuple[tuple[str, ...], list[list[str]]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle))
    return tuple(rows[0]), rows[1:]


def reference_rows(file: str) -> tuple[tuple[str, ...], list[list[str]]]:
    """Header and text rows of a data file such as `data/mobi.csv`."""
    return _rows(reference_path(file))


def recipe_matrix(recipe: dict[str, Any], *, extra: tuple[str, ...] = ()) -> np.ndarray:
    """The (n, p) matrix a case was computed on, by the folder's recipe rules; `extra` columns come last."""
    header, rows = reference_rows(recipe["file"])
    old = recipe.get("rename_new_to_old") or {}
    place = {name: i for i, name in enumerate(header)}
    columns = list(recipe["columns"])
    wanted = [*columns, *extra]
    matrix = np.array([[_number(row[place[old.get(c, c)]]) for c in wanted] for row in rows])
    items = matrix[:, : len(columns)]
    for code in np.atleast_1d(recipe.get("na_codes") or []):
        items[items == code] = np.nan
    for name in np.atleast_1d(recipe.get("reverse_scored") or []):
        at = columns.index(str(name))
        items[:, at] = sum(recipe["scale_min_max"]) - items[:, at]
    if recipe.get("missing") == "listwise":
        matrix = matrix[~np.isnan(items).any(axis=1)]
    first = recipe.get("first_rows_after_missing_handling")
    matrix = matrix[:first] if first else matrix
    assert len(matrix) == recipe["n_rows"], (len(matrix), recipe)
    return matrix


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
