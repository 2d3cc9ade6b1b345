"""Questions about satisfaction itself: its drivers, the index and its change, recommendation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from csat.chain.evidence import Evidence
from csat.errors import BadInput, CannotCompute
from csat.responses.responses import Responses

if TYPE_CHECKING:
    from csat.analyses.boxes import Boxes
    from csat.analyses.drivers import Drivers
    from csat.analyses.index import Index
    from csat.analyses.index_change import IndexChange
    from csat.analyses.index_parts import ModelWeights
    from csat.analyses.pls_replicas import PlsHow, PlsReplicas
    from csat.analyses.promoters import Promoters

Against = Literal["previous", "first", "pairs"]
Adjustment = Literal["holm", "benjamini-hochberg"]
IndexOfUnit = tuple[float, float, int]


class Scores(Evidence):
    """How satisfied they are, and what moves it."""

    def __init__(self, responses: Responses) -> None:
        super().__init__(responses)
        self._replicas: dict[tuple[object, ...], PlsReplicas] = {}

    def drivers(
        self,
        *,
        outcome: str | None = None,
        drivers: Sequence[str] | None = None,
        scores: Literal["mean", "sum"] = "mean",
        errors: Literal["HC3", "classical", "design"] | None = None,
        confidence: float = 0.95,
        seed: int = 0,
    ) -> Drivers:
        """Regression of the outcome's score on the drivers' scores (constructs or items, by name)."""
        from csat.analyses.drivers import drivers as regress

        target, names, blocks, values = self._regression(outcome, drivers, scores)
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
            design=responses.design,
            # paths between other constructs are the path model's to test; absent ones are said here too
            hypotheses=[
                h
                for h in responses.instrument.hypotheses
                if h.effect == target or not {h.cause, h.effect} <= set(known)
            ],
            known=known,
            base=self._base("listwise"),
            scores_label="items" if all(len(b) == 1 for b in blocks[:-1]) else scores,
            confidence=confidence,
            rng=seed,
        )

    def index(
        self,
        *,
        construct: str | None = None,
        method: Literal["equal", "stated", "derived", "pls"] | None = None,
        convention: Any = "0-100 rescale",
        weights: Mapping[str, float] | None = None,
        weights_in_interval: Literal["re-estimated", "fixed"] = "re-estimated",
        segments: Sequence[str] | None = None,
        replicates: int = 2000,
        interval: Literal["percentile", "bca"] = "percentile",
        confidence: float = 0.95,
        seed: int = 0,
    ) -> Index:
        """The index with its interval; derived weights are the drivers' LMG shares unless given.

        The PLS weights an instrument declares give way to equal ones, with a verdict that says why, where its
        model gives none; asked for by name they raise instead.
        """
        from csat.analyses.index import index

        chosen = cast(Any, method or self.instrument.index_method)
        target = construct or self._index_construct()
        if chosen == "derived" and weights is None:
            shares = self.drivers(outcome=construct)
            weights = dict(zip(shares.drivers, (float(s) for s in shares.lmg), strict=True))
        model, instead = None, ""
        if chosen == "pls":
            try:
                model = self._index_weights(target, replicates, seed, leave_out=interval == "bca")
            except CannotCompute as error:
                if method is not None:
                    raise
                chosen, instead = "equal", str(error)
        return index(
            self._whole(drawn=False),
            construct=target,
            method=chosen,
            weights=weights,
            model=model,
            weights_in_interval=weights_in_interval,
            instead=instead,
            convention=convention,
            segments=tuple(self.responses.segments) if segments is None else tuple(segments),
            interval=interval,
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )

    def index_change(
        self,
        column: str,
        *,
        against: Against = "previous",
        panel: bool = False,
        adjustment: Adjustment = "holm",
        construct: str | None = None,
        method: Literal["equal", "stated", "derived", "pls"] | None = None,
        confidence: float = 0.95,
        replicates: int = 2000,
        seed: int = 0,
    ) -> IndexChange:
        """Change of the index between the groups of a column (waves, branches), each with its own weights."""
        from csat.responses.groups import split

        return index_change(
            split(self.responses, column),
            against=against,
            panel=panel,
            adjustment=adjustment,
            construct=construct,
            method=method,
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )

    def indices_by(self, column: str, *, replicates: int = 1000, seed: int = 0) -> dict[str, IndexOfUnit]:
        """Index, its standard error and respondents of each group of a column, each by its own model."""
        from csat.responses.groups import split

        found = {}
        for name, responses in split(self.responses, column).items():
            own = Scores(responses).index(segments=(), replicates=replicates, seed=seed)
            found[name] = float(own.score[0]), float(own.se[0]), own.base.respondents
        return found

    def _pls_replicas(
        self,
        replicates: int,
        seed: int,
        *,
        how: PlsHow | None = None,
        drawn: bool = True,
        leave_out: bool = False,
    ) -> PlsReplicas:
        """Drawn once: the index, the priorities and the what-if take the same replicates.

        how : the model is estimated so. drawn : as `_replication`. leave_out : also without each group of
        respondents.
        """
        from csat.analyses.pls_replicas import PlsHow, pls_replicas

        made = self.responses.replication
        exact = not drawn and made is not None and not made.is_drawn
        how = how or PlsHow()
        key = (replicates, seed, exact, leave_out, how.key)
        if key not in self._replicas:
            self._replicas[key] = pls_replicas(
                self._whole(drawn=not exact),
                self._path_model(),
                how=how,
                replicates=replicates,
                leave_out=leave_out,
                seed=seed,
            )
        return self._replicas[key]

    def _index_weights(self, construct: str, replicates: int, seed: int, *, leave_out: bool) -> ModelWeights:
        """The PLS weights of a construct's items, in the whole and in every replicate."""
        from csat.analyses.index_parts import ModelWeights

        found = self._pls_replicas(replicates, seed, drawn=False, leave_out=leave_out)
        constructs = found.design.constructs
        if construct not in constructs:
            raise CannotCompute(
                f"the path model has no construct '{construct}', so there are no PLS weights for it",
                where=self.instrument.path or self.instrument.id,
                do="Use method 'equal', or write a path to or from it into the model",
            )
        item = found.without_index(construct)
        if item:
            raise CannotCompute(
                f"the PLS weight of item '{item}' is not positive: the index would fall when it improves",
                where=f"the index of '{construct}'",
                do=f"Look for a reversed item in '{construct}', leave '{item}' out, or use equal weights",
            )
        place = found.places_of(construct)
        return ModelWeights(
            items=found.items_of(construct),
            values=found.index.weights[place],
            drawn=found.weights[place].T,
            index=found.performance[constructs.index(construct)],
            scheme=found.scheme,
            arrows=found.design.paths,
            left_out=found.left_out[place].T if leave_out else None,
        )

    def nps(
        self,
        *,
        item: str | None = None,
        segments: Sequence[str] | None = None,
        replicates: int = 2000,
        confidence: float = 0.95,
        seed: int = 0,
    ) -> Promoters:
        """Net promoter score of an item on 0-10 (default: the one that asks whether they would recommend)."""
        from csat.analyses.promoters import nps

        chosen = item or self._recommend_item()
        if chosen is None:
            raise BadInput(
                "no item on 0-10 asks whether they would recommend",
                where=self.instrument.path or self.instrument.id,
                do="Name the item (--item NAME)",
            )
        return nps(
            self._whole(drawn=False),
            item=chosen,
            segments=tuple(self.responses.segments) if segments is None else tuple(segments),
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )

    def top2(self, *, item: str, confidence: float = 0.95) -> Boxes:
        """CSAT: the share of the two highest answers to an item."""
        from csat.analyses.boxes import csat_top2

        return csat_top2(self._whole(), item=item, confidence=confidence)

    def effort(self, *, item: str, confidence: float = 0.95) -> Boxes:
        """CES: the mean of an 'it was easy' item and the share of its upper answers."""
        from csat.analyses.boxes import effort

        return effort(self._whole(), item=item, confidence=confidence)

    def _recommend_item(self) -> str | None:
        """The one item on 0-10 whose wording asks whether they would recommend."""
        found = [
            i.id
            for i in self.instrument.items
            if i.scale is not None
            and (i.scale.minimum, i.scale.maximum) == (0, 10)
            and ("recommend" in i.text.en.lower() or "推荐" in i.text.zh)
        ]
        return found[0] if len(found) == 1 else None


def index_change(
    samples: Mapping[str, Responses],
    *,
    against: Against = "previous",
    panel: bool = False,
    adjustment: Adjustment = "holm",
    construct: str | None = None,
    method: Literal["equal", "stated", "derived", "pls"] | None = None,
    confidence: float = 0.95,
    replicates: int = 2000,
    seed: int = 0,
) -> IndexChange:
    """Change of the index between two or more samples (waves, groups), in their order.

    Each sample's index has its own weights; its standard error finds them anew in every replicate.

    Parameters
    ----------
    panel : the same respondents were asked each time: changes are among those in both samples, found again by
        respondent id, and their error comes from replicates that hold the same respondents in both.
    adjustment : multiplicity of the tests, `holm` or `benjamini-hochberg`.
    """
    from csat.analyses.index_change import PairedChange, SampleIndex, index_change, pairs_of

    def index_of(responses: Responses) -> Index:
        return Scores(responses).index(
            construct=construct,
            method=method,
            segments=(),
            replicates=replicates,
            confidence=confidence,
            seed=seed,
        )

    pairs = pairs_of(list(samples), against)
    found = {name: index_of(responses) for name, responses in samples.items()}
    paired = None
    if panel:
        numbered = _numbered(samples)
        paired = {}
        for a, b in pairs:
            both = np.intersect1d(numbered[a].row_numbers, numbered[b].row_numbers)
            if len(both) < 2:
                raise BadInput(
                    f"{len(both)} respondents are in both '{a}' and '{b}'",
                    do="Compare the waves as samples, without panel",
                )
            # keyed by respondent: replicate r holds the same of them in both waves
            one, two = (index_of(numbered[k].where(np.isin(numbered[k].row_numbers, both))) for k in (a, b))
            moved = two.drawn - one.drawn
            moved = moved[np.isfinite(moved)]
            paired[a, b] = PairedChange(
                float(two.score[0] - one.score[0]), float(moved.std(ddof=1)), len(both)
            )
    return index_change(
        {
            name: SampleIndex(float(r.score[0]), float(r.se[0]), r.base.respondents, r.base.effective_n)
            for name, r in found.items()
        },
        index_name=next(iter(found.values())).called(),
        against=against,
        paired=paired,
        adjustment=adjustment,
        confidence=confidence,
    )


def _numbered(samples: Mapping[str, Responses]) -> dict[str, Responses]:
    """The samples with respondents numbered alike in all: a number is a person.

    Raises
    ------
    BadInput : a sample without ids, or with a respondent twice; a design.
    """
    from csat.numerics.replication import MANY_UNITS, random_groups

    place: dict[str, int] = {}
    found = {}
    for name, responses in samples.items():
        if responses.ids is None:
            raise BadInput(
                f"wave '{name}' has no respondent ids, so the same people cannot be found again",
                do="Declare the respondent column in the instrument, or compare the waves as samples",
            )
        if responses.replication is not None:
            raise BadInput(
                "a panel is not compared with strata, clusters or replicate weights",
                do="Leave them out, or compare the waves as samples",
            )
        ids = [None if v is None else str(v) for v in responses.ids[np.arange(responses.rows)]]
        known = np.array([v is not None for v in ids])
        listed = [v for v in ids if v is not None]
        if len(set(listed)) < len(listed):
            twice = next(v for v in listed if listed.count(v) > 1)
            raise BadInput(
                f"wave '{name}' holds respondent '{twice}' more than once",
                do="Keep one answer of each respondent",
            )
        numbers = np.array([place.setdefault(v, len(place)) for v in listed], dtype=np.int64)
        many = responses.rows > MANY_UNITS
        found[name] = replace(
            responses.where(known),
            row_numbers=numbers,
            replication=random_groups(numbers) if many else None,
        )
    return found
