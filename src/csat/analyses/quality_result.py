"""The result of looking at the quality of answers: what was missing, who looks careless."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.quality_charts import plots_of
from csat.analyses.quality_indices import COUNTED, INDICES
from csat.analyses.quality_tables import tables_of
from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Text

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RowScores:
    """One number per respondent, (n,) each, in row order; NaN where it does not exist.

    silent : cells without an answer. longstring : longest run of equal answers within items of one scale,
    before turning. variability : standard deviation of a respondent's own answers before turning (shares
    of the scale when scales differ). mahalanobis, df, p : squared distance over the answered items, with its
    chi-square probability. duplicate_of : row number of the first row with the same answers, 0 when there is
    none before. even_odd : correlation over constructs of the means of odd and even items, stepped up.
    synonyms : correlation over pairs of items that most answer alike. seconds : for an item. flags : (n, 7)
    whether past the guideline, in the order of `INDICES`.
    """

    silent: Ints
    longstring: Ints
    variability: Array
    mahalanobis: Array
    df: Ints
    p: Array
    duplicate_of: Ints
    even_odd: Array
    synonyms: Array
    seconds: Array
    flags: Bools

    @property
    def n_flags(self) -> Ints:
        """(n,) indices past their guideline, of those that count."""
        return np.asarray(self.flags[:, COUNTED].sum(axis=1), dtype=np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Quality(Result):
    """Missing and careless answers, made by `quality`."""

    title = Text("Quality of the answers", "答卷质量")
    name = "quality"

    items: tuple[str, ...]
    n_rows: int
    item_silence: Mapping[str, Ints]
    """Reason to (p,) cells without an answer for it."""
    complete_rows: int
    rows_by_silence: Mapping[str, int]
    """Reason to rows with at least one such cell."""
    sparse_rows: int
    """Rows with more than half of their cells unanswered for a reason other than `NOT_APPLICABLE`."""
    flagged: Mapping[str, int]
    """Index to the respondents past its guideline; -1 where it could not be computed."""
    thresholds: Mapping[str, Text]
    suspicious: int
    """Respondents flagged by at least `at_least` indices."""
    at_least: int
    worst: Mapping[str, tuple[Any, ...]]
    """The most suspicious rows: row, respondent, n_flags and the indices."""
    scores: RowScores = field(repr=False)
    """Every respondent's scores; not part of the JSON."""
    titles: Mapping[str, Text] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As of every result, without the scores of all respondents."""
        body = Result.to_dict(replace(self, scores=_NO_SCORES))
        del body["scores"]
        return body

    def tables(self) -> dict[str, Table]:
        """`indices`, `rows` (the most suspicious), `items`, `missing`."""
        return tables_of(self)

    def plots(self) -> dict[str, Plot]:
        """`flags`, `missing`, `distances`."""
        return plots_of(self)

    def headline(self) -> tuple[Text, ...]:
        """How many respondents look careless, and how complete the answers are."""
        share = self.suspicious / self.n_rows
        return (
            Text(
                "{n} of {rows} respondents ({share}) are flagged by at least {k} signs of careless "
                "answering.",
                "{rows} 位受访者中有 {n} 位（{share}）至少出现 {k} 种不认真作答的迹象。",
            ).fill(n=self.suspicious, rows=self.n_rows, share=f"{100 * share:.1f}%", k=self.at_least),
            Text("{n} ({share}) answered every item.", "{n} 位（{share}）回答了全部题项。").fill(
                n=self.complete_rows, share=f"{100 * self.complete_rows / self.n_rows:.1f}%"
            ),
        )

    def title_of(self, item: str) -> Text:
        """The words a reader sees for an item."""
        return self.titles.get(item) or Text(item)

    def silent_by_item(self) -> Ints:
        """(p,) cells without an answer, for whatever reason."""
        return np.asarray(np.sum(list(self.item_silence.values()), axis=0), dtype=np.int64)


_NO_SCORES = RowScores(
    silent=np.empty(0, dtype=np.int64),
    longstring=np.empty(0, dtype=np.int64),
    variability=np.empty(0),
    mahalanobis=np.empty(0),
    df=np.empty(0, dtype=np.int64),
    p=np.empty(0),
    duplicate_of=np.empty(0, dtype=np.int64),
    even_odd=np.empty(0),
    synonyms=np.empty(0),
    seconds=np.empty(0),
    flags=np.empty((0, len(INDICES)), dtype=bool),
)
