"""PLS cases for the tests: the reference folder's recipes, the stored golden model, and an oracle on rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from csat.numerics.pls import PathStructure, path_structure
from golden_data import recipe_matrix, reference

SCHEMES = {"path": "path", "factor": "factorial", "centroid": "centroid"}
"""Our word to the reference folder's."""
STORED = {
    ("mobi", "ecsi6"): ("path", "factor", "centroid"),
    ("mobi", "ecsi7_complaints"): ("path",),
    ("mobi", "ecsi6_mode_b_image_quality"): ("path", "factor"),
    ("satisfaction_gender", "ecsi6"): ("path", "factor", "centroid"),
    ("satisfaction_gender", "ecsi6_mode_b_quality"): ("path",),
    ("sfo2015", "overall_listwise"): ("path",),
    ("sfo2015", "overall_mean_replacement"): ("path",),
    ("airline2", "boarding_first2000"): ("path", "centroid"),
}
CASES = [(data, name, scheme) for (data, name), schemes in STORED.items() for scheme in schemes]
"""Every case of the reference folder: data set, model, scheme."""


@dataclass(frozen=True)
class Case:
    """A model and its data. answers : (n, p), missing ones filled as the recipe says."""

    answers: np.ndarray
    items: tuple[str, ...]
    constructs: tuple[str, ...]
    structure: PathStructure
    numbers: dict[str, Any]
    scale: tuple[float, float]

    @property
    def correlation(self) -> np.ndarray:
        return np.corrcoef(self.answers.T)

    def matrix(self, stored: dict[str, Any]) -> np.ndarray:
        """A stored matrix in the order of the constructs, NaN for null."""
        rows = [stored["rows"].index(c) for c in self.constructs]
        columns = [stored["cols"].index(c) for c in self.constructs]
        values = np.array([[np.nan if v is None else v for v in r] for r in stored["values"]], dtype=float)
        return values[np.ix_(rows, columns)]

    def by_construct(self, stored: dict[str, float]) -> np.ndarray:
        return np.array([stored.get(c, np.nan) for c in self.constructs])

    def by_item(self, stored: dict[str, float]) -> np.ndarray:
        return np.array([stored[i] for i in self.items])


def structure_of(
    blocks: dict[str, list[str]], paths: list[list[str]], modes: dict[str, str] | None = None
) -> tuple[tuple[str, ...], tuple[str, ...], PathStructure]:
    """Items, constructs and the structure of blocks whose items stand in the order of the columns."""
    items = tuple(i for block in blocks.values() for i in block)
    constructs = tuple(blocks)
    made = path_structure(
        [[items.index(i) for i in block] for block in blocks.values()],
        [(constructs.index(a), constructs.index(b)) for a, b in paths],
        modes=[(modes or {}).get(c, "A") for c in constructs],
    )
    return items, constructs, made


def reference_case(data: str, name: str, *, keep_missing: bool = False) -> Case:
    """A case of pls.json; skips when the reference folder is absent."""
    stored = reference("pls")[data][name]
    recipe = stored["recipe"]
    items, constructs, structure = structure_of(recipe["blocks"], recipe["paths"], recipe["modes"])
    answers = recipe_matrix({**recipe, "columns": list(items), "n_rows": stored["n"]})
    if recipe["missing"] == "mean" and not keep_missing:
        answers = np.where(np.isnan(answers), np.nanmean(answers, axis=0), answers)
    return Case(answers, items, constructs, structure, stored, tuple(recipe["scale_min_max"]))


def golden_case() -> tuple[Case, dict[str, Any]]:
    """The small model of tests/golden/pls.json, which needs no reference folder."""
    path = Path(__file__).parent / "golden" / "pls.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    items, constructs, structure = structure_of(stored["blocks"], stored["paths"])
    answers = np.array(stored["answers"], dtype=float)
    return Case(answers, items, constructs, structure, stored["cases"], (1.0, 7.0)), stored


def on_rows(answers: np.ndarray, structure: PathStructure, scheme: str) -> tuple[np.ndarray, np.ndarray]:
    """Weights and paths by the textbook loop over the rows themselves: an oracle that shares no code."""
    z = (answers - answers.mean(axis=0)) / answers.std(axis=0, ddof=1)
    blocks = [z[:, list(b)] for b in structure.blocks]
    arrows = set(structure.paths)

    def standard(y: np.ndarray) -> np.ndarray:
        return y / y.std(axis=0, ddof=1)

    weights = [np.ones(b.shape[1]) for b in blocks]
    for _ in range(500):
        y = np.column_stack([standard(b @ w) for b, w in zip(blocks, weights, strict=True)])
        fresh = []
        for j, block in enumerate(blocks):
            inner = np.zeros(len(z))
            causes = [a for a, b in arrows if b == j]
            if scheme == "path" and causes:
                inner += y[:, causes] @ np.linalg.lstsq(y[:, causes], y[:, j], rcond=None)[0]
            near = [b for a, b in arrows if a == j] + (causes if scheme != "path" else [])
            for k in near:
                r = np.corrcoef(y[:, j], y[:, k])[0, 1]
                inner += (np.sign(r) if scheme == "centroid" else r) * y[:, k]
            by_regression = structure.modes[j] == "B"
            w = np.linalg.lstsq(block, inner, rcond=None)[0] if by_regression else block.T @ inner
            fresh.append(w / (block @ w).std(ddof=1))
        done = max(np.abs(a - b).max() for a, b in zip(fresh, weights, strict=True)) < 1e-13
        weights = fresh
        if done:
            break
    y = np.column_stack([b @ w for b, w in zip(blocks, weights, strict=True)])
    paths = np.zeros((len(blocks),) * 2)
    for j in range(len(blocks)):
        causes = [a for a, b in structure.paths if b == j]
        if causes:
            paths[causes, j] = np.linalg.lstsq(y[:, causes], y[:, j], rcond=None)[0]
    return np.concatenate(weights), paths


def drawn(seed: int, rows: int = 200) -> tuple[np.ndarray, PathStructure]:
    """Answers from a four-construct population, and its structure."""
    rng = np.random.default_rng(seed)
    f = np.empty((rows, 4))
    f[:, 0] = rng.normal(size=rows)
    f[:, 1] = 0.6 * f[:, 0] + 0.8 * rng.normal(size=rows)
    f[:, 2] = 0.4 * f[:, 0] + 0.4 * f[:, 1] + 0.7 * rng.normal(size=rows)
    f[:, 3] = 0.7 * f[:, 2] + 0.7 * rng.normal(size=rows)
    sizes = (3, 4, 2, 1)
    columns = [
        0.8 * f[:, j] + 0.6 * rng.normal(size=rows) + rng.uniform(1, 5)
        for j, k in enumerate(sizes)
        for _ in range(k)
    ]
    blocks, at = [], 0
    for k in sizes:
        blocks.append(range(at, at + k))
        at += k
    return np.column_stack(columns), path_structure(blocks, [(0, 1), (0, 2), (1, 2), (2, 3)])
