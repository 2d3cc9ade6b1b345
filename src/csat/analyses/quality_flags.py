"""Which rows are past a guideline of careless answering, and what that guideline is here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import (
    DUPLICATE_ITEMS,
    EVEN_ODD_CONSISTENT,
    LONGSTRING_ITEMS,
    LONGSTRING_SHARE,
    MAHALANOBIS_P,
    SECONDS_AN_ITEM,
    SYNONYMS_ALIKE,
    VARIABILITY_MADS,
)
from csat.analyses.quality_indices import INDICES
from csat.analyses.quality_result import RowScores
from csat.analyses.quality_rows import RowFigures
from csat.language import Text
from csat.responses.responses import Responses

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAD_TO_SD = 1.4826
"""Median absolute deviation to standard deviation, for a normal variable."""


def scores_of(responses: Responses, seen: RowFigures) -> RowScores:
    """Every respondent's scores with their flags."""
    seconds, is_fast = _speed(responses)
    low, high = _variability_limits(seen)
    same = seen.duplicates.size > 1
    answers = len(responses.items) - seen.silent
    with np.errstate(invalid="ignore"):
        flags = {
            "longstring": seen.is_long,
            "variability": seen.enough
            & ((seen.variability == 0) | (seen.variability < low) | (seen.variability > high)),
            "mahalanobis": seen.p < MAHALANOBIS_P.value,
            "duplicate": same & (answers >= DUPLICATE_ITEMS.value) & ~(seen.variability == 0),
            "even_odd": seen.even_odd < EVEN_ODD_CONSISTENT.value,
            "synonyms": seen.synonyms < SYNONYMS_ALIKE.value,
            "time": is_fast,
        }
    is_first = seen.duplicates.first == np.arange(responses.rows)
    return RowScores(
        silent=seen.silent,
        longstring=seen.longest,
        variability=seen.variability,
        mahalanobis=seen.mahalanobis,
        df=seen.df,
        p=seen.p,
        duplicate_of=np.where(same & ~is_first, responses.row_numbers[seen.duplicates.first], 0),
        even_odd=seen.even_odd,
        synonyms=seen.synonyms,
        seconds=seconds,
        flags=np.column_stack([flags[name] for name in INDICES]),
    )


def computed(responses: Responses, seen: RowFigures, scores: RowScores) -> dict[str, bool]:
    """Which indices could be computed for anybody."""
    return {
        "longstring": any(LONGSTRING_ITEMS.met(len(b)) for b in seen.blocks),
        "variability": bool(seen.enough.any()),
        "mahalanobis": not np.isnan(seen.mahalanobis).all(),
        "duplicate": DUPLICATE_ITEMS.met(len(responses.items)),
        "even_odd": not np.isnan(seen.even_odd).all(),
        "synonyms": not np.isnan(seen.synonyms).all(),
        "time": not np.isnan(scores.seconds).all(),
    }


def thresholds(seen: RowFigures) -> dict[str, Text]:
    """The limit of each index in words, as it is for these answers."""
    lengths = sorted({len(b) for b in seen.blocks if LONGSTRING_ITEMS.met(len(b))})
    runs = [f"{int(np.ceil(LONGSTRING_SHARE.value * k))} / {k}" for k in lengths]
    return {
        "longstring": Text(f"run of {', '.join(runs)} items or more", f"连续 {'、'.join(runs)} 题或以上")
        if runs
        else Text(
            f"needs {LONGSTRING_ITEMS.value:g} items of one scale",
            f"需同一量表至少 {LONGSTRING_ITEMS.value:g} 题",
        ),
        "variability": _outside(*_variability_limits(seen)),
        "mahalanobis": Text(f"p < {MAHALANOBIS_P.value:g}", f"p < {MAHALANOBIS_P.value:g}"),
        "duplicate": Text(
            f"all cells equal, {DUPLICATE_ITEMS.value:g} answers or more",
            f"所有单元格相同，且至少 {DUPLICATE_ITEMS.value:g} 个回答",
        ),
        "even_odd": Text(f"below {EVEN_ODD_CONSISTENT.value:.2f}", f"小于 {EVEN_ODD_CONSISTENT.value:.2f}"),
        "synonyms": Text(f"below 0 ({seen.pairs} pairs)", f"小于 0（{seen.pairs} 对题项）"),
        "time": Text(
            f"less than {SECONDS_AN_ITEM.value:g} s an item, or far below the median",
            f"每题少于 {SECONDS_AN_ITEM.value:g} 秒，或远低于中位数",
        ),
    }


def _outside(low: float, high: float) -> Text:
    if np.isnan(low):
        return Text("0", "为 0")
    if low <= 0:
        return Text(f"0, or above {high:.2f}", f"为 0，或大于 {high:.2f}")
    return Text(f"0, or outside {low:.2f}-{high:.2f}", f"为 0，或在 {low:.2f}–{high:.2f} 之外")


def _speed(responses: Responses) -> tuple[Array, Bools]:
    """(n,) seconds an item, NaN where unknown, and (n,) whether that is too fast."""
    if responses.seconds is None:
        return np.full(responses.rows, np.nan), np.zeros(responses.rows, dtype=bool)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.where(responses.seconds > 0, responses.seconds / len(responses.items), np.nan)
        log = np.log(each)
        middle, reach = _middle_and_reach(log[~np.isnan(log)])
        return each, np.asarray((each < SECONDS_AN_ITEM.value) | (log < middle - reach))


def _variability_limits(seen: RowFigures) -> tuple[float, float]:
    """Median -+ 3 scaled median absolute deviations, of those with enough answers."""
    values = seen.variability[seen.enough]
    middle, reach = _middle_and_reach(values[~np.isnan(values)])
    return (middle - reach, middle + reach) if reach > 0 else (np.nan, np.nan)


def _middle_and_reach(values: Array) -> tuple[float, float]:
    """The median, and how far from it is far: 3 scaled median absolute deviations; NaN without values."""
    if not values.size:
        return np.nan, np.nan
    middle = float(np.median(values))
    return middle, VARIABILITY_MADS.value * MAD_TO_SD * float(np.median(np.abs(values - middle)))
