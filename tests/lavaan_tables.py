"""Models read from lavaan's own parameter tables, for golden tests that need no parser.

A row with a standard error of zero is fixed; rows with one label are one parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from csat.numerics.structure import Structure, no_cells
from structures import cells


@dataclass(frozen=True, eq=False)
class LavaanModel:
    """structures : by group. parameters : of each row, -1 fixed, -2 defined. thresholds : by group."""

    structures: list[Structure]
    parameters: list[int]
    count: int
    names: list[str]
    thresholds: list[Any]
    scales: list[Any]


def lavaan_model(table: dict[str, list[Any]], items: Sequence[str]) -> LavaanModel:
    """From the columns of a parameter table (`group` optional)."""
    rows = len(table["lhs"])
    labels = table.get("label") or [""] * rows
    groups = table.get("group") or [1] * rows
    names = [*items]
    names += [n for n in dict.fromkeys(table["lhs"]) if n not in names and n in _variables(table)]
    at = {name: i for i, name in enumerate(names)}
    ordered = {left for left, op in zip(table["lhs"], table["op"], strict=True) if op == "|"}
    known: dict[str, int] = {}
    parameters: list[int] = []
    number = max(g for g in groups if g)
    places: list[dict[str, list[tuple[int, int, int, float]]]] = [
        {m: [] for m in ("directed", "symmetric", "means", "thresholds", "scales")} for _ in range(number)
    ]
    for i in range(rows):
        left, op, right = table["lhs"][i], table["op"][i], table["rhs"][i]
        if op in (":=", "==", "<", ">"):
            parameters.append(-2)
            continue
        k = -1
        if table["se"][i] != 0 and not (op == "~~" and left == right and left in ordered):
            k = known.setdefault(labels[i] or f"{left}{op}{right}.{groups[i]}", len(known))
        parameters.append(k)
        value, own = table["est"][i], places[groups[i] - 1]
        if op == "=~":
            own["directed"].append((at[right], at[left], k, value))
        elif op == "~":
            own["directed"].append((at[left], at[right], k, value))
        elif op == "~~" and not (left == right and left in ordered):
            own["symmetric"].append((at[left], at[right], k, value))
        elif op == "~1":
            own["means"].append((at[left], at[left], k, value))
        elif op == "|":
            own["thresholds"].append((at[left], int(right[1:]) - 1, k, value))
        elif op == "~*~":
            own["scales"].append((at[left], at[left], k, value))
    structures, thresholds, scales = [], [], []
    for own in places:
        own["thresholds"].sort()
        built = {name: cells(p) if p else no_cells() for name, p in own.items()}
        thresholds.append(built.pop("thresholds"))
        scales.append(built.pop("scales"))
        structures.append(Structure(len(names), len(items), **built))
    return LavaanModel(structures, parameters, len(known), names, thresholds, scales)


def _variables(table: dict[str, list[Any]]) -> set[str]:
    return {left for left, op in zip(table["lhs"], table["op"], strict=True) if op in ("=~", "~", "~~")}


def by_row(model: LavaanModel, values: np.ndarray, table: dict[str, list[Any]], column: str) -> float:
    """Largest difference of values from a column of the table, relative to the larger of 1 and |value|."""
    worst = 0.0
    for k, golden in zip(model.parameters, table[column], strict=True):
        if k >= 0:
            worst = max(worst, abs(values[k] - golden) / max(1.0, abs(golden)))
    return worst
