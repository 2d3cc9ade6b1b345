"""Coded answers: small integers for categories, a reason for every empty cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.errors import UnknownName
from csat.instrument.instrument import Instrument, Scale
from csat.language import Text
from csat.numerics.design import Design
from csat.numerics.replication import Replication
from csat.responses.raw import Choices, RawColumn

Array = NDArray[np.float64]

NO_ANSWER, NOT_APPLICABLE, INVALID = -1, -2, -3
SILENCES = {"NO_ANSWER": NO_ANSWER, "NOT_APPLICABLE": NOT_APPLICABLE, "INVALID": INVALID}
"""Reasons of an empty cell, by name; the order is that of every table and array of reasons."""

MOST_CATEGORIES = 21
"""Longer scales (0-100) are counted as measured values: their one-hot block would be mostly zeros."""


def has_categories(scale: Scale | None) -> bool:
    """Whether answers on the scale are counted by category."""
    return scale is not None and scale.points <= MOST_CATEGORIES


@dataclass(frozen=True)
class Invalid:
    """A cell outside the scale: 1-based row of the data, column as the file calls it, the text found."""

    row: int
    column: str
    item: str
    value: str


@dataclass(frozen=True)
class SilentCode:
    """A code or text that was read as silence."""

    item: str
    column: str
    value: str
    reason: str
    count: int


@dataclass(frozen=True)
class Met:
    """A text met in an item's column and what it was read as: an answer value, or the reason of a silence."""

    item: str
    column: str
    text: str
    read_as: float | str
    count: int


@dataclass(frozen=True)
class ReadReport:
    """How a file became responses; `analyses.reading` makes tables of it."""

    source: str = ""
    sha256: str = ""
    encoding: str = ""
    delimiter: str = ""
    decimal: str = "."
    sheet: str = ""
    layout: str = "plain"
    evidence: str = ""
    """Why the layout was taken for what it is."""
    header_rows: int = 1
    rows_read: int = 0
    rows_kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Rows left out, by reason."""
    dropped_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Respondents or rows left out, by reason; the first of many."""
    matched: Mapping[str, str] = field(default_factory=dict)
    """Item id to the column it was read from."""
    unmatched_columns: tuple[str, ...] = ()
    missing_items: Mapping[str, str] = field(default_factory=dict)
    """Items no column was found for, with the closest column or an empty string."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Columns that are not items: weight, segment, wave, respondent, and what a platform writes of itself."""
    private: tuple[str, ...] = ()
    """Columns that say who answered, left out."""
    empty_columns: tuple[str, ...] = ()
    repeated_headers: tuple[str, ...] = ()
    silent_codes: tuple[SilentCode, ...] = ()
    met: tuple[Met, ...] = ()
    """What each text of the items was read as; items of many texts are left out."""
    invalid: tuple[Invalid, ...] = ()
    invalid_count: int = 0
    turned: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()


class Labelled(Mapping[str, NDArray[np.object_]]):
    """Group columns by name. Each is held as positions in its labels and spelt out when asked for."""

    def __init__(self, columns: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]] | None = None) -> None:
        self._columns = dict(columns or {})

    def __getitem__(self, column: str) -> NDArray[np.object_]:
        labels, at = self._columns[column]
        spelt: NDArray[np.object_] = np.array([*labels, None], dtype=object)
        return np.asarray(spelt[at])

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def where(self, keep: NDArray[Any]) -> Labelled:
        """The groups of some rows."""
        return Labelled({name: (labels, at[keep]) for name, (labels, at) in self._columns.items()})


class Ids:
    """Names of respondents, spelt out when asked for: those of a million stay compact in their column."""

    def __init__(self, column: RawColumn) -> None:
        self.column = column

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, int | np.integer):
            return self.column.text(int(rows))
        return np.array(self.column.where(rows).texts(), dtype=object)

    def where(self, keep: NDArray[Any]) -> Ids:
        """The names of some rows."""
        return Ids(self.column.where(keep))


def _some_of(ids: NDArray[np.object_] | Ids, keep: NDArray[Any]) -> NDArray[np.object_] | Ids:
    return ids.where(keep) if isinstance(ids, Ids) else ids[keep]


@dataclass(frozen=True, eq=False)
class Responses:
    """Answers bound to an instrument, one column per item.

    columns : item to (n,) int8 positions 0 .. K - 1 on the scale, low to high after turning, or a negative
    silence; a continuous item has (n,) floats, NaN when silent, and its reasons in `reasons` (0 where
    answered).
    weights : (n,) or None. segments : column to (n,) labels, None where empty.
    """

    instrument: Instrument
    items: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]]
    reasons: Mapping[str, NDArray[np.int8]]
    rows: int
    row_numbers: NDArray[np.int32] | NDArray[np.int64]
    """(n,) 1-based row in the source, so that a row can be found again after others were dropped."""
    weights: Array | None = None
    weight_column: str = ""
    segments: Mapping[str, NDArray[np.object_]] = field(default_factory=Labelled)
    ids: NDArray[np.object_] | Ids | None = None
    """(n,) names of the respondents as the file has them, None where a cell is empty."""
    seconds: Array | None = None
    """(n,) time taken to answer, where the platform tells; NaN where unknown."""
    submitted: NDArray[np.datetime64] | None = None
    """(n,) when the answers were sent, where the platform tells; NaT where unknown."""
    replication: Replication | None = None
    """How replicates of the respondents are made; None: each respondent by itself."""
    design: Design | None = None
    """Strata, clusters and populations for linearised errors; None: each respondent by itself."""
    choices: Mapping[str, Choices] = field(default_factory=dict)
    """Questions with several answers, by question: they are no items."""
    origins: Mapping[str, float] = field(default_factory=dict)
    """Origin of each item without a scale: the same for every part of the data, so that tallies add."""
    report: ReadReport = field(default_factory=ReadReport)

    def _known(self, item: str) -> str:
        if item not in self.columns:
            raise UnknownName("item", item, self.items, where=self.report.source or "these responses")
        return item

    def column(self, item: str) -> NDArray[Any]:
        """The coded column of an item."""
        return self.columns[self._known(item)]

    def codes(self, item: str) -> NDArray[np.int8]:
        """(n,) int8: position on the scale, or NO_ANSWER, NOT_APPLICABLE, INVALID."""
        column = self.column(item)
        return self.reasons.get(item, column)

    def is_answered(self, item: str) -> NDArray[np.bool_]:
        """(n,) whether there is an answer."""
        column = self.column(item)
        return np.asarray(~np.isnan(column) if item in self.reasons else column >= 0)

    def silent_counts(self, item: str) -> list[int]:
        """Rows by reason, in the order of `SILENCES`."""
        codes = self.codes(item)
        return [int(np.count_nonzero(codes == reason)) for reason in SILENCES.values()]

    def origin(self, item: str) -> float:
        """Point about which sums of the item are kept: the scale's midpoint, or the origin set when bound."""
        scale = self.instrument.item(item).scale
        return scale.midpoint if scale is not None else self.origins.get(item, 0.0)

    def answers(self, items: Sequence[str] | None = None) -> Array:
        """(n, p) answer values, turned so that higher is better, NaN where silent."""
        wanted = self.items if items is None else items
        out = np.empty((self.rows, len(wanted)))
        for i, item in enumerate(wanted):
            column = self.column(item)
            if item in self.reasons:
                out[:, i] = column
            else:
                scale = self.instrument.item(item).scale
                assert scale is not None  # only scaled items are coded
                out[:, i] = np.where(column >= 0, column.astype(float) + scale.minimum, np.nan)
        return out

    def raw_answers(self, items: Sequence[str] | None = None) -> Array:
        """(n, p) answer values as given, before turning."""
        wanted = self.items if items is None else items
        out = self.answers(wanted)
        for i, name in enumerate(wanted):
            item = self.instrument.item(name)
            if item.turned and item.scale is not None:
                out[:, i] = item.scale.minimum + item.scale.maximum - out[:, i]
        return out

    def segment(self, column: str) -> NDArray[np.object_]:
        """(n,) labels of a segment column."""
        if column not in self.segments:
            raise UnknownName(
                "segment column",
                column,
                self.segments,
                where=self.report.source,
                do=f"Name it where the file is read: csat.read(..., segments=['{column}'])",
            )
        return self.segments[column]

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Responses:
        """The responses of some rows: a mask, or positions (a resample may repeat them)."""
        row_numbers = self.row_numbers[keep]
        return replace(
            self,
            columns={k: v[keep] for k, v in self.columns.items()},
            reasons={k: v[keep] for k, v in self.reasons.items()},
            rows=len(row_numbers),
            row_numbers=row_numbers,
            weights=None if self.weights is None else self.weights[keep],
            segments=self.segments.where(keep)
            if isinstance(self.segments, Labelled)
            else {name: labels[keep] for name, labels in self.segments.items()},
            ids=None if self.ids is None else _some_of(self.ids, keep),
            seconds=None if self.seconds is None else self.seconds[keep],
            submitted=None if self.submitted is None else self.submitted[keep],
            choices={question: asked.where(keep) for question, asked in self.choices.items()},
            replication=None if self.replication is None else self.replication.where(keep),
            design=None if self.design is None else self.design.where(keep),
        )

    def weighted_by(self, weights: Array | None, column: str = "") -> Responses:
        """The same responses under other case weights."""
        design = self.design
        if design is not None:
            design = replace(design, weights=np.ones(self.rows) if weights is None else weights)
        return replace(self, weights=weights, weight_column=column, design=design)

    @property
    def effective_n(self) -> float:
        """(sum w)^2 / sum w^2."""
        if self.weights is None:
            return float(self.rows)
        return float(self.weights.sum() ** 2 / (self.weights**2).sum())
