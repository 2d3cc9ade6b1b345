"""Questions about the answers and the measurement: reading, description, reliability, factors, models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from csat.chain.ground import Missing
from csat.chain.respondents import Respondents
from csat.language import Text
from csat.responses.binding import segment_title

if TYPE_CHECKING:
    from csat.analyses.adequacy import Adequacy
    from csat.analyses.describe_result import Description
    from csat.analyses.efa import Factors
    from csat.analyses.groups import GroupDescription
    from csat.analyses.quality_result import Quality
    from csat.analyses.reading_result import Reading
    from csat.analyses.reliability_result import Reliability


class Evidence(Respondents):
    """What was answered, and whether the questionnaire measures what it says."""

    def reading(self, *, issued: int | None = None, returned: int | None = None) -> Reading:
        """What was read, and the response accounting when the counts are given."""
        from csat.analyses.reading import reading

        return reading(self.responses, issued=issued, returned=returned)

    def describe(self, *, items: Sequence[str] | None = None, confidence: float = 0.95) -> Description:
        """Frequencies, means, boxes and silence of each item; shares of questions with several answers."""
        from csat.analyses.choices import choice_shares
        from csat.analyses.describe import describe

        turned = [i.id for i in self.instrument.items if i.turned]
        responses = self.responses
        # some items by name: the other questions were not asked for
        asked = {} if items else responses.choices
        return describe(
            self.tally(items),
            confidence=confidence,
            titles=self.titles(),
            drawn=responses if responses.design is not None else None,
            turned=turned,
            choices=choice_shares(asked, weights=responses.weights, confidence=confidence),
        )

    def groups(self, segment: str, *, items: Sequence[str] | None = None) -> GroupDescription:
        """Means and box plots of items (default: those of the index construct) by segment."""
        from csat.analyses.groups import describe_groups
        from csat.tally.tally import count_by

        wanted = tuple(items) if items is not None else self._block(self._index_construct())[1]
        instrument = self.responses.instrument
        counted = count_by(self.responses, segment, wanted)
        called = {value: segment_title(instrument, segment, value) for value in counted}
        tallies = {called[value].say("en"): tally for value, tally in counted.items()}
        title = next((g.title for g in instrument.segments if g.column == segment), Text(segment))
        return describe_groups(
            tallies,
            group=title,
            titles=self.titles(),
            group_titles={words.say("en"): words for words in called.values()},
        )

    def quality(self) -> Quality:
        """Careless and missing answers, by item and respondent."""
        from csat.analyses.quality import quality

        return quality(self.responses, tally=self.tally(), titles=self.titles())

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

        tally = self._correlated(items or self._driver_items(), missing)
        return adequacy(tally, correlation=correlation, titles=self.titles())

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
            titles=self.titles(),
            constructs={c.id: c.items for c in self.instrument.constructs if set(c.items) & set(wanted)},
        )
