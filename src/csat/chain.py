"""The chain of analyses on one survey: which items each question is about, and what it takes from the others.

Analyses do not know one another; here the answer of one becomes the argument of the next.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from csat.errors import BadInput, CannotCompute, UnknownName
from csat.instrument.instrument import Instrument
from csat.instrument.model import restricted_to
from csat.language import Text
from csat.responses.responses import Responses
from csat.tally.tally import Tally, count

if TYPE_CHECKING:
    from csat.analyses.adequacy import Adequacy
    from csat.analyses.describe import Description
    from csat.analyses.drivers import Drivers
    from csat.analyses.efa import Factors
    from csat.analyses.index import Index
    from csat.analyses.quality import Quality
    from csat.analyses.reading import Reading
    from csat.analyses.reliability import Reliability

Missing = Literal["auto", "listwise", "pairwise"]

LEAST_COMPLETE = 0.5
"""`missing="auto"` turns from listwise to pairwise when fewer rows than this share are complete (ours)."""


class Chain:
    """One survey, bound to its instrument; every method asks one question and returns a result."""

    def __init__(self, responses: Responses) -> None:
        self.responses = responses

    @functools.cached_property
    def instrument(self) -> Instrument:
        """The instrument as far as the data answer it: items without any answer are left out."""
        empty = set(self.responses.report.empty)
        return restricted_to(self.responses.instrument, [i for i in self.responses.items if i not in empty])

    @functools.cached_property
    def items(self) -> tuple[str, ...]:
        """Items with answers, instrument order."""
        return tuple(i.id for i in self.instrument.items)

    @functools.cache  # noqa: B019  a survey is small and lives as long as its tallies
    def _tally(self, items: tuple[str, ...], complete: bool) -> Tally:
        return count(self.responses, items, complete=complete)

    def tally(self, items: Sequence[str] | None = None, *, complete: bool = False) -> Tally:
        """The tally of some items (default: all); `complete` counts only rows that answered all of them."""
        return self._tally(tuple(items) if items is not None else self.items, complete)

    def titles(self) -> dict[str, Text]:
        """Construct and item ids to the words a reader sees."""
        return {c.id: c.title for c in self.instrument.constructs} | {
            i.id: i.text for i in self.instrument.items
        }

    def _driver_items(self) -> tuple[str, ...]:
        """The items a factor analysis is about: those of drivers; all where no roles are declared."""
        drivers = [i for c in self.instrument.by_role("driver") for i in c.items]
        return tuple(dict.fromkeys(drivers)) if len(drivers) >= 3 else self._construct_items()

    def _construct_items(self) -> tuple[str, ...]:
        used = [i for c in self.instrument.constructs if c.role != "descriptive" for i in c.items]
        return tuple(dict.fromkeys(used)) or self.items

    def _correlated(self, items: Sequence[str], missing: Missing) -> Tally:
        """The tally a correlation analysis rests on, by the missing-answer policy."""
        listwise = self.tally(items, complete=True)
        if missing == "listwise":
            return listwise
        if missing == "pairwise" or listwise.rows < LEAST_COMPLETE * listwise.rows_offered:
            return self.tally(items)
        return listwise

    # ------------------------------------------------------------------------------------------ questions

    def reading(self, *, issued: int | None = None, returned: int | None = None) -> Reading:
        """What was read, and the response accounting when the counts are given."""
        from csat.analyses.reading import reading

        return reading(self.responses, issued=issued, returned=returned)

    def describe(self, *, items: Sequence[str] | None = None, confidence: float = 0.95) -> Description:
        """Frequencies, means, boxes and silence of each item."""
        from csat.analyses.describe import describe

        return describe(self.tally(items), confidence=confidence)

    def quality(self) -> Quality:
        """Careless and missing answers, by item and respondent."""
        from csat.analyses.quality import quality

        return quality(self.responses)

    def reliability(self, *, ordinal: bool = True, confidence: float = 0.95) -> Reliability:
        """Alpha and better for each construct (rows complete on its items) and over all driver items."""
        from csat.analyses.reliability import reliability

        blocks = {
            c.id: self.tally(c.items, complete=True)
            for c in self.instrument.constructs
            if c.role != "descriptive"
        }
        if not blocks:
            blocks = {"all": self.tally(complete=True)}
        elif len(self.instrument.by_role("driver")) > 1:
            blocks["overall"] = self.tally(self._driver_items(), complete=True)
        titles = self.titles() | {
            "overall": Text("all driver items", "全部驱动题项"),
            "all": Text("all items", "全部题项"),
        }
        return reliability(blocks, titles=titles, ordinal=ordinal, confidence=confidence)

    def adequacy(
        self,
        *,
        items: Sequence[str] | None = None,
        correlation: Literal["pearson", "polychoric"] = "pearson",
        missing: Missing = "auto",
    ) -> Adequacy:
        """KMO and Bartlett of the driver items (or of the items named)."""
        from csat.analyses.adequacy import adequacy

        return adequacy(self._correlated(items or self._driver_items(), missing), correlation=correlation)

    def efa(
        self,
        *,
        items: Sequence[str] | None = None,
        factors: int | str = "parallel",
        extraction: Any = "minres",
        rotation: Any = "oblimin",
        correlation: Literal["pearson", "polychoric"] = "pearson",
        missing: Missing = "auto",
        draws: int = 200,
        seed: int = 0,
    ) -> Factors:
        """Exploratory factors of the driver items (or of the items named)."""
        from csat.analyses.efa import efa

        wanted = tuple(items or self._driver_items())
        return efa(
            self._correlated(wanted, missing),
            factors=factors,
            extraction=extraction,
            rotation=rotation,
            correlation=correlation,
            draws=draws,
            seed=seed,
            constructs={c.id: c.items for c in self.instrument.constructs if set(c.items) & set(wanted)},
        )

    def index(
        self,
        *,
        construct: str | None = None,
        method: Literal["equal", "stated", "derived"] | None = None,
        convention: Any = "0-100 rescale",
        weights: Mapping[str, float] | None = None,
        segments: Sequence[str] | None = None,
        replicates: int = 2000,
        confidence: float = 0.95,
        seed: int = 0,
    ) -> Index:
        """The index with its interval; derived weights are the drivers' LMG shares unless given."""
        from csat.analyses.index import index

        chosen = method or self.instrument.index_method
        if chosen == "derived" and weights is None:
            shares = self.drivers(outcome=construct)
            weights = dict(zip(shares.drivers, (float(s) for s in shares.lmg), strict=True))
        return index(
            self._whole(),
            construct=construct or self._index_construct(),
            method=chosen,
            weights=weights,
            convention=convention,
            segments=tuple(self.responses.segments) if segments is None else tuple(segments),
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )

    def drivers(
        self,
        *,
        outcome: str | None = None,
        drivers: Sequence[str] | None = None,
        scores: Literal["mean", "sum"] = "mean",
        errors: Literal["HC3", "classical"] = "HC3",
        confidence: float = 0.95,
        seed: int = 0,
    ) -> Drivers:
        """Regression of the outcome's score on the drivers' scores (constructs or items, by name)."""
        from csat.analyses.drivers import drivers as regress
        from csat.analyses.result import Base
        from csat.numerics.scores import construct_scores

        target = outcome or self._index_construct()
        names = list(drivers) if drivers is not None else [c.id for c in self.instrument.by_role("driver")]
        names = [n for n in names if n != target]
        if not names:
            raise CannotCompute(
                f"nothing is declared that may drive '{target}'",
                where=self.instrument.path or self.instrument.id,
                do="Give constructs the role 'driver', or name drivers (--drivers A,B)",
            )
        blocks = [self._block(name)[1] for name in [*names, target]]
        items = list(dict.fromkeys(i for block in blocks for i in block))
        values = construct_scores(
            self.responses.answers(items), [[items.index(i) for i in b] for b in blocks], how=scores
        )
        responses = self.responses
        known = [*(c.id for c in self.instrument.constructs), *self.items]
        return regress(
            values[:, -1],
            values[:, :-1],
            names=names,
            outcome_name=target,
            titles=self.titles(),
            weights=responses.weights,
            covariance_type=errors,
            # paths between other constructs are the path model's to test; absent ones are said here too
            hypotheses=[
                h
                for h in responses.instrument.hypotheses
                if h.effect == target or not {h.cause, h.effect} <= set(known)
            ],
            known=known,
            base=Base(
                respondents=responses.rows,
                effective_n=responses.effective_n,
                missing="listwise",
                rows=responses.rows,
                weighted=responses.weights is not None,
                instrument=responses.instrument.label,
            ),
            scores_label="items" if all(len(b) == 1 for b in blocks[:-1]) else scores,
            confidence=confidence,
            rng=seed,
        )

    def _whole(self) -> Responses:
        """The responses under the instrument restricted to what was answered."""
        from dataclasses import replace

        return replace(self.responses, instrument=self.instrument, items=self.items)

    def _index_construct(self) -> str:
        """The construct that is the index: declared, else the first outcome, else the only construct."""
        instrument = self.instrument
        if instrument.index and any(c.id == instrument.index for c in instrument.constructs):
            return instrument.index
        for construct in instrument.by_role("outcome"):
            return construct.id
        if len(instrument.constructs) == 1:
            return instrument.constructs[0].id
        whole = self.responses.instrument
        absent = [c for c in whole.constructs if c.id == whole.index or c.role == "outcome"]
        if absent:
            raise CannotCompute(
                f"the data hold no item of the outcome '{absent[0].id}' ({', '.join(absent[0].items)})",
                where=self.responses.report.source,
                do="Add these columns, or name another construct",
            )
        raise BadInput(
            "no construct is named as the index",
            where=whole.path or whole.id,
            right=f"The constructs are: {', '.join(c.id for c in instrument.constructs)}",
            do="Name one (--construct)",
        )

    def _block(self, name: str) -> tuple[Text, tuple[str, ...]]:
        """A construct or an item by name: its title and its items."""
        for construct in self.instrument.constructs:
            if construct.id == name:
                return construct.title, construct.items
        if name in self.items:
            return self.instrument.item(name).text, (name,)
        known = [*(c.id for c in self.instrument.constructs), *self.items]
        raise UnknownName("construct or item", name, known, where=self.responses.report.source)
