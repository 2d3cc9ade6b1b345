"""Numbers of two programs side by side, how far they may be apart, and why they may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.crosscheck.result import Agreement, named
from csat.language import Text

Array = NDArray[np.float64]

CLOSED_FORM = 1e-8
"""Two programs that compute one formula agree to this, relative to the larger of 1 and the number."""
ITERATED = 1e-3
"""Loadings and communalities of programs that iterate to their own tolerance."""


class NotCompared(Exception):
    """A comparison that would say nothing."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


@dataclass(frozen=True)
class Reason:
    """Why two programs differ. excuses : it does not speak against csat's number."""

    text: Text
    excuses: bool


LOWER = Text(
    "The other solution fits better: csat's is a local optimum and should not be used.",
    "对方的解拟合更好：csat 停在局部最优，不应使用。",
)
NO_REASON = Reason(Text(""), excuses=False)


def compared(
    check: str,
    what: Text,
    program: str,
    pairs: Sequence[tuple[str, float, float]],
    *,
    tolerance: float,
    scale: Sequence[float] | None = None,
    why: Callable[[], Reason] | None = None,
) -> Agreement:
    """(name, ours, theirs) pairs; the difference is relative to the larger of 1 and ours, or to `scale`."""
    ours = np.array([a for _, a, _ in pairs], dtype=float)
    theirs = np.array([b for _, _, b in pairs], dtype=float)
    unit = np.maximum(1.0, np.abs(ours)) if scale is None else np.asarray(scale, dtype=float)
    difference = np.abs(ours - theirs) / unit
    difference = np.where(np.isnan(difference), np.inf, difference)
    worst = int(np.argmax(difference))
    agrees = bool(difference[worst] <= tolerance)
    reason = why() if why is not None and not agrees else NO_REASON
    return Agreement(
        check,
        what,
        named(program),
        len(pairs),
        pairs[worst][0],
        float(ours[worst]),
        float(theirs[worst]),
        float(difference[worst]),
        tolerance,
        agrees,
        reason.text,
        reason.excuses,
    )


def rows_with(correlation: Array, n: int) -> Array:
    """n rows whose correlations are exactly these: for programs that want rows."""
    p = len(correlation)
    z = np.random.default_rng(0).standard_normal((n, p))
    z -= z.mean(axis=0)
    orthonormal = np.linalg.qr(z)[0]
    return np.asarray(orthonormal @ np.linalg.cholesky(correlation).T)
