"""factor_analyzer is asked for KMO, Bartlett's test and rotations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from csat.analyses.adequacy import Adequacy
from csat.analyses.factorial.factors import Factors
from csat.crosscheck.comparing import CLOSED_FORM, ITERATED, NO_REASON, Reason, compared, rows_with
from csat.crosscheck.result import Agreement
from csat.language import Text

Array = NDArray[np.float64]

ROTATOR_STOPS, ROTATOR_STEPS = 1e-6, 1_000
"""Its loop is slow: this takes a tenth of a second and leaves five digits."""
MOST_ROWS = 5_000
"""Rows made for programs that want rows although only correlations matter."""
ROTATORS: Mapping[str, tuple[str, bool]] = {
    "varimax": ("varimax", True),
    "quartimax": ("quartimax", False),
    "promax": ("promax", True),
    "oblimin": ("oblimin", False),
    "quartimin": ("quartimin", False),
    "geomin": ("geomin_obl", False),
}
"""csat's rotation to factor_analyzer's name and whether rows are normalised."""


def adequacy_beside(ours: Adequacy) -> list[Agreement]:
    """KMO, MSA and Bartlett's chi-square."""
    from factor_analyzer.factor_analyzer import calculate_bartlett_sphericity, calculate_kmo

    n = int(ours.n)
    # its Bartlett test takes n from the rows; with weights or many rows the statistic is rescaled
    rows = min(max(n, len(ours.items) + 2), MOST_ROWS)
    made = rows_with(ours.correlations, rows)
    msa, kmo = calculate_kmo(made)
    statistic, _ = calculate_bartlett_sphericity(made)
    per_row = (2 * len(ours.items) + 5) / 6
    statistic = statistic * (ours.n - 1 - per_row) / (rows - 1 - per_row)
    items = [("KMO", ours.kmo, float(kmo))]
    items += [(f"MSA {i}", float(a), float(b)) for i, a, b in zip(ours.items, ours.msa, msa, strict=True)]
    return [
        compared("kmo", Text("KMO and MSA", "KMO 与 MSA"), "factor_analyzer", items, tolerance=CLOSED_FORM),
        compared(
            "bartlett",
            Text("Bartlett's chi-square", "Bartlett 卡方"),
            "factor_analyzer",
            [("chi-square", ours.chi_square, float(statistic))],
            tolerance=CLOSED_FORM,
        ),
    ]


def rotation_beside(ours: Factors) -> list[Agreement]:
    """Loadings of its own rotation of csat's factors."""
    from factor_analyzer.rotator import Rotator

    method, normalise = ROTATORS[ours.rotation]
    start = _unrotated(ours.pattern, ours.phi)
    rotator = Rotator(method=method, normalize=normalise, tol=ROTATOR_STOPS, max_iter=ROTATOR_STEPS)
    turned = rotator.fit_transform(start)
    theirs = _matched(ours.pattern, np.asarray(turned, dtype=float))
    pairs = [
        (f"{item} on {factor}", float(ours.pattern[i, j]), float(theirs[i, j]))
        for i, item in enumerate(ours.items)
        for j, factor in enumerate(ours.factors)
    ]
    return [
        compared(
            "rotation",
            Text("Loadings after {rotation}", "{rotation} 旋转后的载荷").fill(rotation=ours.rotation),
            "factor_analyzer",
            pairs,
            tolerance=ITERATED,
            why=lambda: _other_rotation(ours, theirs),
        )
    ]


def _other_rotation(ours: Factors, theirs: Array) -> Reason:
    """Why the loadings differ, where csat's are the simpler ones."""
    if ours.rotation == "promax":
        text = Text(
            "The two define promax's target differently (csat follows psych: from normalised loadings).",
            "两者对 promax 目标矩阵的定义不同（csat 采用 psych 的做法：由标准化载荷构造）。",
        )
        return Reason(text, excuses=True)
    if _complexity(ours.pattern) < _complexity(theirs):
        text = Text(
            "Another local optimum of the criterion; csat's loadings are the simpler ones.",
            "对方停在旋转准则的另一个局部最优；csat 的载荷更简单。",
        )
        return Reason(text, excuses=True)
    return NO_REASON


def _complexity(loadings: Array) -> float:
    """Products of squared loadings between columns: what oblique rotations make small."""
    squares = loadings**2
    return float((squares.sum(axis=1) ** 2 - (squares**2).sum(axis=1)).sum())


def _unrotated(pattern: Array, phi: Array) -> Array:
    """Orthogonal loadings with the same L Phi L', in canonical position."""
    values, vectors = np.linalg.eigh(pattern @ phi @ pattern.T)
    m = pattern.shape[1]
    return np.asarray(vectors[:, ::-1][:, :m] * np.sqrt(np.maximum(values[::-1][:m], 0.0)))


def _matched(ours: Array, theirs: Array) -> Array:
    """Their columns in our order and with our signs."""
    from scipy.optimize import linear_sum_assignment

    likeness = ours.T @ theirs
    rows, columns = linear_sum_assignment(-np.abs(likeness))
    signs = np.sign(likeness[rows, columns])
    return np.asarray(theirs[:, columns] * np.where(signs == 0, 1.0, signs))
