"""From a normal variable to the cells of a file: codes of a scale, silence, segments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.instrument.instrument import Instrument, Item, Scale, Segment
from csat.language import Text
from csat.responses.responses import has_categories

Array = NDArray[np.float64]
Columns = dict[str, list[Any]]

SEGMENT_CORRELATION = 0.25
"""Of the first segment column with the constructs nothing explains: its later groups are less satisfied."""

_NORMAL = NormalDist()


def coded(item: Item, drawn: Array) -> list[Any]:
    """Raw answers: cut to the declared scale and turned back where the item is turned when bound."""
    scale = item.scale
    if scale is None:
        # a measured quantity: median 60, such as seconds
        return [float(v) for v in np.round(np.exp(math.log(60) + 0.5 * drawn), 1)]
    if has_categories(scale):
        codes = scale.minimum + np.searchsorted(_cuts(scale), drawn)
    else:
        share = np.clip(0.66 + 0.18 * drawn, 0, 1)
        codes = np.rint(scale.minimum + share * (scale.maximum - scale.minimum)).astype(np.int64)
    raw = scale.minimum + scale.maximum - codes if item.turned else codes
    return [int(v) for v in raw]


def _cuts(scale: Scale) -> Array:
    """Where a standard normal is cut: category k of K has a share as t^1.5 (1 - t)^.5, t = (k + .5) / K.

    Five points get 3, 14, 25, 32 and 27 %: satisfied people answer more, and more kindly.
    """
    t = (np.arange(scale.points) + 0.5) / scale.points
    shares = t**1.5 * (1 - t) ** 0.5
    below = np.cumsum(shares / shares.sum())[:-1]
    return np.array([_NORMAL.inv_cdf(float(p)) for p in below])


def silenced(
    item: Item, answers: Sequence[Any], n: int, rng: np.random.Generator, shares: tuple[float, float]
) -> list[Any]:
    """Answers with some replaced by the item's codes of silence, where it has any."""
    out = list(answers)
    u = rng.random(n)
    no_answer, not_applicable = (
        share if codes else 0.0
        for share, codes in zip(shares, (item.no_answer, item.not_applicable), strict=True)
    )
    for i in np.flatnonzero(u < no_answer + not_applicable):
        code = item.no_answer[0] if u[i] < no_answer else item.not_applicable[0]
        out[i] = int(code) if code.lstrip("-").isdigit() else code
    return out


def segments(instrument: Instrument, n: int, rng: np.random.Generator, mood: Array) -> Columns:
    """A group for everybody in each segment column; in the first, later groups hold the less satisfied."""
    out: Columns = {}
    for k, segment in enumerate(instrument.segments):
        codes = _codes(segment)
        share = 1.0 / np.arange(1, len(codes) + 1) ** 0.6
        noise = rng.standard_normal(n)
        r = SEGMENT_CORRELATION if k == 0 and mood.any() else 0.0
        rank = -r * mood + math.sqrt(1 - r**2) * noise
        cuts = [_NORMAL.inv_cdf(float(p)) for p in np.cumsum(share / share.sum())[:-1]]
        out[segment.column] = [codes[j] for j in np.searchsorted(cuts, rank)]
    return out


def _codes(segment: Segment) -> list[Any]:
    """One code for each declared wording; A, B, C where none is declared."""
    first: dict[Text, str] = {}
    for code, title in segment.labels.items():
        first.setdefault(title, code)
    codes = list(first.values()) or ["A", "B", "C"]
    return [int(c) if c.isdigit() else c for c in codes]
