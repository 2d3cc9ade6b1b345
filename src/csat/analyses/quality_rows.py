"""One pass over the rows of a survey: what each respondent's answers look like, before any limit is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import LONGSTRING_ITEMS, LONGSTRING_SHARE
from csat.instrument.instrument import Scale
from csat.numerics import careless
from csat.responses.responses import SILENCES, Responses, has_categories
from csat.tally.tally import Tally

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]

ROWS_AT_ONCE = 1 << 16
MOST_PAIRS = 30
"""Pairs of like items that are looked at, the closest (ours): more say no more and cost memory."""


@dataclass(frozen=True, eq=False)
class RowFigures:
    """What one pass over the rows gives; n rows."""

    silent: Ints
    skipped: Ints
    """Cells without an answer for another reason than `NOT_APPLICABLE`."""
    rows_by_silence: Mapping[str, int]
    answered: Ints
    """Answers to items with categories."""
    longest: Ints
    is_long: Bools
    variability: Array
    mahalanobis: Array
    df: Ints
    p: Array
    columns: NDArray[np.intp]
    """Positions of the items the distance is made of."""
    duplicates: careless.Duplicates
    even_odd: Array
    synonyms: Array
    pairs: int
    """Pairs of like items that `synonyms` goes over."""
    blocks: tuple[tuple[int, ...], ...]
    """Positions of items with categories that share a scale, in shown order."""

    @property
    def enough(self) -> Bools:
        """(n,) whether there are answers enough for their spread to say something."""
        return np.asarray(self.answered >= LONGSTRING_ITEMS.value)


def row_figures(responses: Responses, tally: Tally, reasons: Sequence[str]) -> RowFigures:
    """Every figure of every row. tally : of the same items. reasons : of silence that occur."""
    n, items = responses.rows, responses.items
    blocks = _blocks(responses)
    scales = [responses.instrument.item(i).scale for i in items]
    mean, cov = tally.means(), np.nan_to_num(tally.covariance())
    out: dict[str, NDArray[Any]] = {
        name: np.zeros(n, dtype=kind)
        for name, kind in (
            ("silent", np.int64), ("skipped", np.int64), ("answered", np.int64), ("longest", np.int64),
            ("is_long", np.bool_), ("variability", float), ("mahalanobis", float), ("df", np.int64),
            ("p", float), ("even_odd", float), ("synonyms", float),
        )
    }  # fmt: skip
    rows_by_silence = dict.fromkeys(SILENCES, 0)
    columns = np.empty(0, dtype=np.intp)
    halves, pairs = _halves(responses), _pairs(responses, tally)
    low = np.array([np.nan if s is None else float(s.minimum) for s in scales])
    span = np.array([np.nan if s is None else float(s.points - 1) for s in scales])
    for start in range(0, n, ROWS_AT_ONCE):
        part = slice(start, min(start + ROWS_AT_ONCE, n))
        codes, answers = _as_shown(responses, scales, part)
        out["silent"][part] = (codes < 0).sum(axis=1)
        for reason in reasons:
            here = codes == SILENCES[reason]
            rows_by_silence[reason] += int(np.count_nonzero(here.any(axis=1)))
            if reason != "NOT_APPLICABLE":
                out["skipped"][part] += here.sum(axis=1)
        out["longest"][part], out["is_long"][part] = _runs(codes, blocks)
        spread = _comparable(codes, blocks, scales)
        out["answered"][part] = (~np.isnan(spread)).sum(axis=1)
        out["variability"][part] = careless.individual_variability(spread)
        distance = careless.mahalanobis(answers, mean, cov)
        out["mahalanobis"][part], out["df"][part], out["p"][part] = distance[:3]
        columns = distance.columns
        # shares of each scale: halves and pairs may hold items of several scales
        answers -= low
        answers /= span
        out["even_odd"][part] = careless.even_odd_consistency(answers, halves)
        out["synonyms"][part] = careless.synonym_consistency(answers, pairs)
    return RowFigures(
        **out,
        rows_by_silence=rows_by_silence,
        columns=columns,
        duplicates=careless.duplicate_rows([_whole_numbers(responses.column(i)) for i in items]),
        pairs=len(pairs),
        blocks=blocks,
    )


def _as_shown(responses: Responses, scales: Sequence[Scale | None], part: slice) -> tuple[Codes, Array]:
    """(m, p) codes before turning, as the respondents saw the scales, and (m, p) answers turned."""
    shape = part.stop - part.start, len(responses.items)
    codes, answers = np.empty(shape, dtype=np.int8, order="F"), np.empty(shape, order="F")
    for j, (item, scale) in enumerate(zip(responses.items, scales, strict=True)):
        column = responses.column(item)[part]
        codes[:, j] = responses.codes(item)[part]
        answers[:, j] = column
        if scale is None or not has_categories(scale):
            continue
        answers[:, j] += scale.minimum
        answers[column < 0, j] = np.nan
        if responses.instrument.item(item).turned:
            codes[:, j] = np.where(column >= 0, scale.points - 1 - column, column)
    return codes, answers


def _runs(codes: Codes, blocks: Sequence[Sequence[int]]) -> tuple[Ints, Bools]:
    """(m,) longest run of equal answers within items of one scale, and (m,) whether one is too long."""
    longest, is_long = np.zeros(len(codes), dtype=np.int64), np.zeros(len(codes), dtype=bool)
    for block in blocks:
        runs = careless.runs(codes[:, list(block)]).longest
        np.maximum(longest, runs, out=longest)
        if LONGSTRING_ITEMS.met(len(block)):
            is_long |= runs >= LONGSTRING_SHARE.value * len(block)
    return longest, is_long


def _comparable(codes: Codes, blocks: Sequence[Sequence[int]], scales: Sequence[Scale | None]) -> Array:
    """(m, k) answers on one unit, NaN where silent: the spread of positions is that of answers.

    Across scales it is that of shares of the scale.
    """
    found = np.full((len(codes), sum(map(len, blocks))), np.nan, order="F")
    at = 0
    for block in blocks:
        scale = scales[block[0]]
        unit = 1.0 if scale is None or len(blocks) == 1 else 1.0 / (scale.points - 1)
        within = codes[:, list(block)]
        found[:, at : at + len(block)] = np.where(within >= 0, unit * within, np.nan)
        at += len(block)
    return found


def _halves(responses: Responses) -> list[list[int]]:
    """Positions of the items of each construct that has two or more of them with categories."""
    place = {
        item: at
        for at, item in enumerate(responses.items)
        if has_categories(responses.instrument.item(item).scale)
    }
    blocks = [
        [place[i] for i in c.items if i in place]
        for c in responses.instrument.constructs
        if c.role != "descriptive"
    ]
    return [block for block in blocks if len(block) > 1]


def _pairs(responses: Responses, tally: Tally) -> NDArray[np.intp]:
    """(m, 2) positions of the pairs of items with categories that go together most, at most 30 of them."""
    alike = np.array([has_categories(responses.instrument.item(i).scale) for i in responses.items])
    r = np.where(np.outer(alike, alike), tally.correlation(), np.nan)
    pairs = careless.synonym_pairs(r)
    closest = np.argsort(-r[pairs[:, 0], pairs[:, 1]], kind="stable")[:MOST_PAIRS]
    return pairs[np.sort(closest)]


def _blocks(responses: Responses) -> tuple[tuple[int, ...], ...]:
    """Positions of the items with categories, by scale."""
    found: dict[tuple[int, int], list[int]] = {}
    for j, item in enumerate(responses.items):
        scale = responses.instrument.item(item).scale
        if scale is not None and has_categories(scale):
            found.setdefault((scale.minimum, scale.maximum), []).append(j)
    return tuple(tuple(block) for block in found.values())


def _whole_numbers(column: NDArray[Any]) -> NDArray[Any]:
    """The column as whole numbers that are equal where its cells are."""
    if column.dtype.kind != "f":
        return column
    # + 0.0 makes -0.0 and 0.0 one number; silence gets one bit pattern
    return np.where(np.isnan(column), np.nan, column + 0.0).astype(np.float64).view(np.int64)
