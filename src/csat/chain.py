"""The chain of analyses on one survey: which items each question is about, and what it takes from the others.

Analyses do not know one another; here the answer of one becomes the argument of the next.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, CannotCompute, CsatError, UnknownName, listed
from csat.instrument.instrument import Instrument
from csat.instrument.model import (
    cfa_model,
    check_names,
    completed,
    measurement_model,
    model_of,
    parse_model,
    restricted_to,
)
from csat.instrument.statements import Model
from csat.language import Text
from csat.responses.binding import segment_title
from csat.responses.responses import Responses
from csat.tally.tally import Tally, count

if TYPE_CHECKING:
    from csat.analyses.adequacy import Adequacy
    from csat.analyses.describe import Description
    from csat.analyses.drivers import Drivers
    from csat.analyses.efa import Factors
    from csat.analyses.groups import GroupDescription
    from csat.analyses.index import Index
    from csat.analyses.index_change import IndexChange
    from csat.analyses.index_parts import ModelWeights
    from csat.analyses.path_model_pls import PathModelPLS
    from csat.analyses.pls_replicas import PlsReplicas
    from csat.analyses.priorities import Priorities
    from csat.analyses.promoters import Boxes, Promoters
    from csat.analyses.quality import Quality
    from csat.analyses.reading import Reading
    from csat.analyses.reliability import Reliability
    from csat.analyses.result import Base, Caution
    from csat.analyses.structural.answers import Answers
    from csat.analyses.structural.model import MeasurementModel, StructuralModel
    from csat.analyses.what_if import WhatIf
    from csat.crosscheck import Crosscheck
    from csat.numerics.importance import Measure
    from csat.numerics.quadrants import Centre

Missing = Literal["auto", "listwise", "pairwise"]

REPLICATES_OF_MANY = 200
"""Replicates of a PLS index of very many respondents: its error is then known to 5 per cent (ours)."""
PLACEMENTS, MANY_ROWS = 1000, 100_000
"""Replicates of the priorities, and the respondents above which `REPLICATES_OF_MANY` do (ours)."""
PLS_EFFECT = "PLS total effect"
IndexOfUnit = tuple[float, float, int]
_Effects = tuple[float, NDArray[np.float64], Mapping[str, float], Mapping[str, NDArray[np.float64]]]
"""An outcome now and in the replicates, and points of it per 0-100 point of each item, likewise."""
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

        turned = [i.id for i in self.instrument.items if i.turned]
        return describe(self.tally(items), confidence=confidence, titles=self.titles(), turned=turned)

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
                model = self._index_weights(target, replicates, seed)
            except CannotCompute as error:
                if method is not None:
                    raise
                chosen, instead = "equal", str(error)
        return index(
            self._whole(),
            construct=target,
            method=chosen,
            weights=weights,
            model=model,
            weights_in_interval=weights_in_interval,
            instead=instead,
            convention=convention,
            segments=tuple(self.responses.segments) if segments is None else tuple(segments),
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )

    def index_change(
        self,
        column: str,
        *,
        against: Literal["previous", "first", "pairs"] = "previous",
        confidence: float = 0.95,
        seed: int = 0,
    ) -> IndexChange:
        """Change of the index between the groups of a column (waves, branches), each with its own weights."""
        from csat.responses.groups import groups_of

        groups = groups_of(self.responses, column)
        return index_change(
            {g.title.en or g.title.zh: self.responses.where(g.rows) for g in groups},
            against=against,
            confidence=confidence,
            seed=seed,
        )

    def indices_by(self, column: str, *, replicates: int = 1000, seed: int = 0) -> dict[str, IndexOfUnit]:
        """Index, its standard error and respondents of each group of a column, each by its own model."""
        from csat.responses.groups import groups_of

        found = {}
        for group in groups_of(self.responses, column):
            own = Chain(self.responses.where(group.rows)).index(segments=(), replicates=replicates, seed=seed)
            name = group.title.en or group.title.zh
            found[name] = float(own.score[0]), float(own.se[0]), own.base.respondents
        return found

    @functools.cache  # noqa: B019  the index, the priorities and the what-if take the same replicates
    def _pls_replicas(self, replicates: int, seed: int) -> PlsReplicas:
        from csat.analyses.pls_replicas import pls_replicas

        return pls_replicas(self._whole(), self._path_model(), replicates=replicates, seed=seed)

    def _index_weights(self, construct: str, replicates: int, seed: int) -> ModelWeights:
        """The PLS weights of a construct's items, in the whole and in every replicate."""
        from csat.analyses.index import LINEARISED_ABOVE
        from csat.analyses.index_parts import ModelWeights

        if self.responses.rows > LINEARISED_ABOVE:
            replicates = min(replicates, REPLICATES_OF_MANY)
        found = self._pls_replicas(replicates, seed)
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

    def _regression(
        self, outcome: str | None, drivers: Sequence[str] | None, scores: Literal["mean", "sum"]
    ) -> tuple[str, list[str], list[tuple[str, ...]], NDArray[np.float64]]:
        """Outcome, drivers, their items (the outcome's last), and the (n, p + 1) scores, the outcome last."""
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
        answers = self.responses.answers(items)
        values = construct_scores(answers, [[items.index(i) for i in b] for b in blocks], how=scores)
        return target, names, blocks, values

    def _base(self, missing: str) -> Base:
        """All respondents, under a policy for silence that the analysis applies itself."""
        from csat.analyses.result import Base

        responses = self.responses
        return Base(
            respondents=responses.rows,
            effective_n=responses.effective_n,
            missing=missing,
            rows=responses.rows,
            weighted=responses.weights is not None,
            instrument=responses.instrument.label,
        )

    def priorities(
        self,
        *,
        importance: Literal["stated", "derived", "pls"] | None = None,
        measure: Measure = "LMG",
        measures: Sequence[str] | None = None,
        level: Literal["item", "construct"] = "item",
        outcome: str | None = None,
        items: Sequence[str] | None = None,
        centre: Centre = "mean",
        centres: Sequence[Centre] = (),
        centre_at: tuple[float, float] | None = None,
        iso_priority: bool = False,
        first: int = 3,
        replicates: int | None = None,
        seed: int = 0,
    ) -> Priorities:
        """Importance against performance (0-100) of driver items or constructs, and how sure each place is.

        Parameters
        ----------
        importance : `stated` where the instrument asks for it, else `derived` from the outcome by `measure`;
            `pls` total effects of the instrument's path model.
        measures : further ones the certainty is given under: `LMG`, `relative weight`, `|r|`, `beta`,
            `partial r`, `pls`, `stated`; default: `|r|`, and PLS and stated where there are any.
        centres : further crosshairs. first : the k of "among the first k".
        replicates : of the bootstrap of the whole chain, default 1000 (200 above 100 000 respondents); 0 for
            none.
        """
        from csat.analyses.certainty import certainty
        from csat.analyses.importance import NAMES, derived_importance
        from csat.analyses.priorities import priorities
        from csat.numerics.resampling import bootstrap_weighted_means
        from csat.numerics.scores import linearised_se, mean_influence, weighted_means

        responses = self.responses
        if replicates is None:
            replicates = PLACEMENTS if responses.rows <= MANY_ROWS else REPLICATES_OF_MANY
        blocks = self._placed(level, items)
        single = all(len(block) == 1 for block in blocks.values())
        stated = self._stated(blocks)
        kind = importance or ("stated" if stated else "derived")
        scores = self._scores_0_100(list(blocks.values()))
        influence = mean_influence(scores, responses.weights)
        performance = weighted_means(scores, responses.weights)
        overall = None
        if "overall" in (centre, *centres):
            overall = self._scores_0_100([self._block(outcome or self._index_construct())[1]])
            centre_at = (float(weighted_means(overall, responses.weights)[0]), None)  # type: ignore[assignment]
        cautions: tuple[Caution, ...] = ()
        name: str
        if kind == "stated":
            weight, name = weighted_means(self._stated_scores(blocks, stated), responses.weights), kind
        elif kind == "pls":
            weight, name = self._pls_importance(blocks, outcome, 0, seed)[0], PLS_EFFECT
        elif not single:
            found = self._importance_replicates(blocks, outcome, [measure], 0, seed)
            name, (weight, _) = next(iter(found.items()))
        else:
            whole = [block[0] for block in blocks.values()]
            outcome_items = self._block(outcome or self._index_construct())[1]
            weight, name, cautions = derived_importance(
                self._correlated([*whole, *outcome_items], "auto"),
                outcome=outcome_items,
                items=whole,
                measure=measure,
            )
        n = [int(np.count_nonzero(~np.isnan(column))) for column in scores.T]
        known = np.isfinite(performance) & np.isfinite(weight)
        sure = None
        if replicates and np.count_nonzero(known) > 1:
            kept = {b: items_ for (b, items_), k in zip(blocks.items(), known, strict=True) if k}
            own = next((m for m, called in NAMES.items() if called == name), None)
            asked = self._measures_asked(kept, stated, own or kind, measures, outcome)
            drawn = self._importance_drawn(kept, stated, asked, outcome, replicates, seed)
            columns = scores[:, known] if overall is None else np.column_stack([scores[:, known], overall])
            means = bootstrap_weighted_means(
                columns, responses.weights, rows=responses.row_numbers, replicates=replicates, seed=seed
            ).T
            sure = certainty(
                items=list(kept),
                performance=(performance[known], means[: len(kept)]),
                importance=drawn,
                centres=list(dict.fromkeys((centre, *centres))),
                at=centre_at or (None, None),
                at_drawn=None if overall is None else (means[-1], None),
                importance_range={"stated": (0.0, 100.0)},
                first=first,
                seed=seed,
            )
        return priorities(
            items=list(blocks),
            titles=self.titles(),
            performance=performance,
            performance_se=[linearised_se(influence[:, i], n=n[i]) for i in range(len(blocks))],
            importance=weight,
            importance_name=name,
            centre=centre,
            centre_at=centre_at,
            iso_priority=iso_priority,
            certainty=sure,
            also={m: self._spread(v, known) for m, (v, _) in drawn.items() if m != name} if sure else None,
            cautions=cautions,
            base=self._base("available"),
        )

    @staticmethod
    def _spread(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Values of the items that are known, at their places among all."""
        whole = np.full(known.shape, np.nan)
        whole[known] = values
        return whole

    def _measures_asked(
        self,
        blocks: Mapping[str, tuple[str, ...]],
        stated: Mapping[str, str],
        own: str,
        measures: Sequence[str] | None,
        outcome: str | None,
    ) -> list[str]:
        """The published measure first, then those asked for, or the ones at hand."""
        from csat.numerics.importance import MEASURES

        if measures is None:
            further = ["|r|"] if outcome or self._has_outcome() else []
            if self._is_modelled(blocks, outcome):
                further.append("pls")
            if set(stated) >= set(blocks):
                further.append("stated")
        else:
            further = list(measures)
            for m in further:
                if m not in (*MEASURES, "pls", "stated"):
                    raise UnknownName("measure of importance", m, (*MEASURES, "pls", "stated"))
        return list(dict.fromkeys((own, *further)))

    def _has_outcome(self) -> bool:
        try:
            self._index_construct()
        except (BadInput, CannotCompute):
            return False
        return True

    def _is_modelled(self, blocks: Mapping[str, tuple[str, ...]], outcome: str | None) -> bool:
        """Whether the path model says what each block does to the outcome."""
        if not self.declares_paths:
            return False
        try:
            self._pls_importance(blocks, outcome, 0, 0)
        except CannotCompute:
            return False
        return True

    def _importance_drawn(
        self,
        blocks: Mapping[str, tuple[str, ...]],
        stated: Mapping[str, str],
        asked: Sequence[str],
        outcome: str | None,
        replicates: int,
        seed: int,
    ) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Measure to importance in the full data and in every keyed replicate, in the order asked."""
        from csat.analyses.importance import NAMES
        from csat.numerics.resampling import bootstrap_weighted_means
        from csat.numerics.scores import weighted_means

        derived = [m for m in asked if m not in ("pls", "stated")]
        by_name = (
            self._importance_replicates(blocks, outcome, cast(Any, derived), replicates, seed)
            if derived
            else {}
        )
        found: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        for m in asked:
            if m == "pls":
                found[PLS_EFFECT] = self._pls_importance(blocks, outcome, replicates, seed)
            elif m == "stated":
                values = self._stated_scores(blocks, stated)
                w, rows = self.responses.weights, self.responses.row_numbers
                drawn = bootstrap_weighted_means(values, w, rows=rows, replicates=replicates, seed=seed)
                found["stated"] = weighted_means(values, w), drawn.T
            else:
                # LMG gives way to relative weights where there are many items
                called = NAMES[cast(Any, m)] if NAMES[cast(Any, m)] in by_name else "relative weight"
                found[called] = by_name[called]
        return found

    def _importance_replicates(
        self,
        blocks: Mapping[str, tuple[str, ...]],
        outcome: str | None,
        measures: Sequence[Measure],
        replicates: int,
        seed: int,
    ) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        from csat.analyses.importance import importance_replicates, spans_of

        target = outcome or self._index_construct()
        if all(len(block) == 1 for block in blocks.values()):
            items = [block[0] for block in blocks.values()]
            own = list(self._block(target)[1])
            tally = self._correlated([*items, *own], "auto")
            columns, spans = self.responses.answers([*items, *own]), spans_of(tally.select(own))
            missing: Literal["listwise", "pairwise"] = "listwise" if tally.complete else "pairwise"
        else:
            columns = self._regression(target, list(blocks), "mean")[3]
            spans, missing = np.ones(1), "listwise"
        return importance_replicates(
            columns,
            drivers=len(blocks),
            spans=spans,
            measures=measures,
            weights=self.responses.weights,
            rows=self.responses.row_numbers,
            missing=missing,
            replicates=replicates,
            seed=seed,
        )

    def _pls_importance(
        self, blocks: Mapping[str, tuple[str, ...]], outcome: str | None, replicates: int, seed: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points of the outcome's index per point of each block, by PLS: (p,) and (p, R)."""
        found = self._pls_replicas(replicates, seed)
        target = outcome or self._index_construct()
        if target not in found.design.constructs:
            raise CannotCompute(
                f"the path model has no construct '{target}'",
                do="Use derived importance (--importance derived)",
            )
        value, drawn = found.effects_on(target)
        absent = [b for b in blocks if b not in value]
        if absent:
            raise CannotCompute(
                f"the path model says nothing of {listed(absent)}",
                do="Add it to the model, or use derived importance (--importance derived)",
            )
        return np.array([value[b] for b in blocks]), np.array([drawn[b] for b in blocks])

    def _stated_scores(
        self, blocks: Mapping[str, tuple[str, ...]], stated: Mapping[str, str]
    ) -> NDArray[np.float64]:
        """(n, p) stated importance, 0-100."""
        without = [b for b in blocks if b not in stated]
        if without:
            raise CannotCompute(
                f"no item asks how important {listed(without)} is",
                where=self.instrument.path or self.instrument.id,
                do="Name the importance items in the instrument, or use derived importance",
            )
        return self._scores_0_100([(stated[b],) for b in blocks])

    def what_if(
        self,
        raises: Mapping[str, float] | None = None,
        *,
        method: Literal["pls", "regression"] | None = None,
        construct: str | None = None,
        nps: str | None = None,
        replicates: int = 1000,
        confidence: float = 0.95,
        seed: int = 0,
    ) -> WhatIf:
        """What the index (and the NPS) would be if items or constructs did better.

        Parameters
        ----------
        raises : item or construct to answer points, default the first priorities by 0.3 each.
        method : `pls`, total effects of the path model, where the index has PLS weights; else `regression` of
            the index on the driver constructs.
        nps : the item on 0-10 that asks whether they would recommend; default: found by its wording.
        """
        from csat.analyses import what_if as module
        from csat.numerics.resampling import bootstrap_weighted_means
        from csat.numerics.scores import weighted_means

        target = construct or self._index_construct()
        if raises is None:
            first = self.priorities(outcome=construct, replicates=0)
            raises = dict.fromkeys(first.items_by_rank()[: module.RAISED_IN_REPORT], module.USUAL_RAISE)
        chosen = {name: self._block(name)[1] for name in raises}
        kind = method or self._what_if_method(target, chosen)
        items = tuple(dict.fromkeys(i for block in chosen.values() for i in block))
        low, high = self._ends_of(items)
        answers, w = self.responses.answers(items), self.responses.weights
        drawn_mean = bootstrap_weighted_means(
            answers, w, rows=self.responses.row_numbers, replicates=replicates, seed=seed
        ).T
        recommend = nps or self._recommend_item()
        regression = None
        if kind == "regression" or recommend is not None:
            regression = self._what_if_regression(target, recommend, replicates, seed)
        value: Mapping[str, float]
        drawn: Mapping[str, NDArray[np.float64]]
        base = self._base("available")
        if kind == "pls":
            found = self._pls_replicas(replicates, seed)
            if target not in found.design.constructs:
                raise CannotCompute(
                    f"the path model has no construct '{target}'", do="Use method 'regression'"
                )
            value, drawn = found.effects_on(target)
            at = found.design.constructs.index(target)
            now, now_drawn = float(found.index.performance[at]), found.performance[at]
        else:
            assert regression is not None  # asked for just above
            now, now_drawn, value, drawn = regression[0]
            base = regression[2]
        absent = [i for i in items if i not in value]
        if absent:
            raise CannotCompute(
                f"{listed(absent)} is not among what moves '{target}'",
                where="the path model" if kind == "pls" else "the driver constructs",
                do="Raise an item of a driver, or declare the role of its construct",
            )
        silent = np.full(replicates, np.nan)

        def outcome(
            name: Text, ends: tuple[float, float], value: Mapping[str, float],
            drawn: Mapping[str, NDArray[np.float64]], now: float, now_drawn: NDArray[np.float64],
        ) -> module.Outcome:  # fmt: skip
            return module.Outcome(
                name, now, now_drawn, *ends,
                np.array([value.get(i, np.nan) for i in items]),
                np.array([drawn.get(i, silent) for i in items]),
            )  # fmt: skip

        title = self._block(target)[0] or Text(target)
        weighing = "PLS weights" if kind == "pls" else "equal weights"
        words = Text(f"{{what}}, {weighing}", "{what}，PLS 权重" if kind == "pls" else "{what}，等权重")
        index = outcome(words.fill(what=title), (0.0, 100.0), value, drawn, now, now_drawn)
        promoters = None
        if recommend is not None and regression is not None and regression[1] is not None:
            score, score_drawn, of_nps, of_nps_drawn = regression[1]
            promoters = outcome(Text("NPS"), (-100.0, 100.0), of_nps, of_nps_drawn, score, score_drawn)
        mean = weighted_means(answers, w)
        return module.what_if(
            raised=[
                module.Raised(
                    name, self._block(name)[0] or Text(name), float(by),
                    tuple(items.index(i) for i in chosen[name]),
                )
                for name, by in raises.items()
            ],
            items=module.ItemEffects(
                items=items,
                mean=mean,
                sd=np.sqrt(weighted_means((answers - mean) ** 2, w)),
                low=low,
                high=high,
                drawn_mean=drawn_mean,
                effect=index.effect,
                drawn_effect=index.drawn_effect,
            ),
            index=index,
            nps=promoters,
            method=kind,
            base=base,
            confidence=confidence,
            seed=seed,
        )  # fmt: skip

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
            self._whole(),
            item=chosen,
            segments=tuple(self.responses.segments) if segments is None else tuple(segments),
            confidence=confidence,
            replicates=replicates,
            seed=seed,
        )

    def top2(self, *, item: str, confidence: float = 0.95) -> Boxes:
        """CSAT: the share of the two highest answers to an item."""
        from csat.analyses.promoters import csat_top2

        return csat_top2(self._whole(), item=item, confidence=confidence)

    def effort(self, *, item: str, confidence: float = 0.95) -> Boxes:
        """CES: the mean of an 'it was easy' item and the share of its upper answers."""
        from csat.analyses.promoters import effort

        return effort(self._whole(), item=item, confidence=confidence)

    def _what_if_method(
        self, target: str, chosen: Mapping[str, tuple[str, ...]]
    ) -> Literal["pls", "regression"]:
        if self.instrument.index_method != "pls":
            return "regression"
        try:
            found = self._pls_replicas(0, 0)
        except CannotCompute:
            return "regression"
        known = {*found.design.items}
        modelled = target in found.design.constructs and not found.without_index(target)
        return "pls" if modelled and all(set(b) <= known for b in chosen.values()) else "regression"

    def _ends_of(self, items: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Declared ends of each item's scale."""
        scales = [self.instrument.item(i).scale for i in items]
        for item, scale in zip(items, scales, strict=True):
            if scale is None:
                raise CannotCompute(
                    f"item '{item}' has no declared scale, so it has no top to respect",
                    where=self.instrument.path or self.instrument.id,
                    do="Declare its scale",
                )
        return tuple(  # type: ignore[return-value]
            np.array([float(getattr(s, end)) for s in scales]) for end in ("minimum", "maximum")
        )

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

    def _what_if_regression(
        self, target: str, recommend: str | None, replicates: int, seed: int
    ) -> tuple[_Effects, _Effects | None, Base]:
        """Least squares of the target's score, and of 100, 0, -100, on the scores of the drivers.

        Of each: its mean and replicates, and points per 0-100 point of each item, an item of a construct of k
        moving the construct's score by 1 / k.
        """
        from csat.numerics.importance import importance
        from csat.numerics.replicate_moments import moments, replicate_moments
        from csat.numerics.resampling import bootstrap_weighted_means
        from csat.numerics.scores import weighted_means
        from csat.responses.groups import kish

        drivers = {c.id: c.items for c in self.instrument.by_role("driver") if c.id != target}
        if not drivers:
            raise CannotCompute(
                f"nothing is declared that may drive '{target}'",
                where=self.instrument.path or self.instrument.id,
                do="Give constructs the role 'driver'",
            )
        own = self._block(target)[1]
        x = self._scores_0_100(list(drivers.values()))
        w, rows = self.responses.weights, self.responses.row_numbers
        ys = [self._scores_0_100([own])[:, 0]]
        if recommend is not None:
            said = self.responses.answers([recommend])[:, 0]
            ys.append(np.where(np.isnan(said), np.nan, 100.0 * (said >= 9) - 100.0 * (said <= 6)))
        p, made = len(drivers), list[_Effects]()
        for k, y in enumerate(ys):
            columns = np.column_stack([x, y])
            parts = [
                moments(columns, weights=w),
                *replicate_moments(columns, weights=w, rows=rows, replicates=replicates, seed=seed),
            ]
            slopes = [
                importance(m.correlation[:p, :p], m.correlation[:p, p], "beta") * m.sd[p] / m.sd[:p]
                for m in parts
            ]
            one, many = slopes[0][:, 0], np.concatenate(slopes[1:], axis=1)
            value = {i: float(one[j]) / len(b) for j, b in enumerate(drivers.values()) for i in b}
            drawn = {i: many[j] / len(b) for j, b in enumerate(drivers.values()) for i in b}
            if k == 0:
                # an item of the index moves it by definition
                value |= dict.fromkeys(own, 1 / len(own))
                drawn |= {i: np.full(replicates, 1 / len(own)) for i in own}
            means = bootstrap_weighted_means(y[:, None], w, rows=rows, replicates=replicates, seed=seed)
            made.append((float(weighted_means(y[:, None], w)[0]), means[:, 0], value, drawn))
        complete = np.flatnonzero(~np.isnan(np.column_stack([x, ys[0]])).any(axis=1))
        base = replace(self._base("listwise"), respondents=len(complete), effective_n=kish(w, complete))
        return made[0], made[1] if len(made) > 1 else None, base

    def _placed(
        self, level: Literal["item", "construct"], items: Sequence[str] | None
    ) -> dict[str, tuple[str, ...]]:
        """What priorities are about: name to its items."""
        if items is not None:
            return {name: self._block(name)[1] for name in items}
        constructs = self.instrument.by_role("driver")
        if not constructs:
            raise CannotCompute(
                "no construct has the role 'driver', so there is nothing to set priorities among",
                where=self.instrument.path or self.instrument.id,
                do="Give constructs the role 'driver', or name items",
            )
        if level == "construct":
            return {c.id: c.items for c in constructs}
        return {i: (i,) for i in dict.fromkeys(i for c in constructs for i in c.items)}

    def _stated(self, blocks: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        """Item or construct to the item that asks how important it is, where there is one with answers."""
        asked = {i.id: i.importance for i in self.instrument.items} | {
            c.id: c.importance for c in self.instrument.constructs
        }
        return {name: asked[name] for name in blocks if asked.get(name)}

    def _scores_0_100(self, blocks: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """(n, c) scores of blocks of items, every item on 0-100 of its own declared scale."""
        from csat.numerics.scores import construct_scores, rescale_0_100

        items = list(dict.fromkeys(i for block in blocks for i in block))
        answers = self.responses.answers(items)
        for at, name in enumerate(items):
            scale = self.instrument.item(name).scale
            if scale is None:
                raise CannotCompute(
                    f"item '{name}' has no declared scale, so its answers have no place between 0 and 100",
                    where=self.instrument.path or self.instrument.id,
                    do="Declare its scale",
                )
            answers[:, at] = rescale_0_100(answers[:, at], minimum=scale.minimum, maximum=scale.maximum)
        return construct_scores(answers, [[items.index(i) for i in block] for block in blocks])

    def cfa(
        self,
        *,
        model: str | None = None,
        estimator: str = "ML",
        missing: Literal["listwise", "fiml", "pairwise"] = "listwise",
        ordered: Sequence[str] | bool = False,
        modifications: int = 0,
        std_lv: bool = False,
        confidence: float = 0.95,
    ) -> MeasurementModel:
        """The measurement part of the instrument's model, or of a model text; without one, all constructs."""
        from csat.analyses.sem import cfa

        if model is not None:
            found = self._model(model)
        elif self.instrument.model.strip():
            found = measurement_model(self.instrument)
        else:
            found = cfa_model(self.instrument)
        return cfa(
            found,
            self._model_data(found, estimator, missing, ordered),
            estimator=estimator,
            missing=missing,
            ordered=ordered,
            modifications=modifications,
            std_lv=std_lv,
            titles=self.titles(),
            confidence=confidence,
        )

    def sem(
        self,
        *,
        model: str | None = None,
        estimator: str = "ML",
        missing: Literal["listwise", "fiml", "pairwise"] = "listwise",
        ordered: Sequence[str] | bool = False,
        modifications: int = 0,
        std_lv: bool = False,
        confidence: float = 0.95,
    ) -> StructuralModel:
        """The instrument's path model, or a model text in lavaan syntax, on rows complete on its items."""
        from csat.analyses.sem import sem

        found = self._model(model) if model is not None else self._path_model()
        known = [*(c.id for c in self.instrument.constructs), *self.items]
        return sem(
            found,
            self._model_data(found, estimator, missing, ordered),
            estimator=estimator,
            missing=missing,
            ordered=ordered,
            modifications=modifications,
            std_lv=std_lv,
            hypotheses=self.responses.instrument.hypotheses if model is None else (),
            known=known,
            titles=self.titles(),
            confidence=confidence,
        )

    def pls(
        self,
        *,
        model: str | None = None,
        scheme: Literal["path", "factor", "centroid"] = "path",
        modes: Mapping[str, Literal["A", "B"]] | Literal["A", "B"] = "A",
        consistent: bool = False,
        target: str | None = None,
        correlation: Literal["pearson", "polychoric"] = "pearson",
        missing: Literal["pairwise", "listwise", "mean"] = "pairwise",
        replicates: int | None = None,
        confidence: float = 0.95,
        seed: int = 0,
    ) -> PathModelPLS:
        """The instrument's path model, or a model text, by partial least squares."""
        from csat.analyses.pls import pls

        found = self._model(model) if model is not None else self._path_model()
        return pls(
            self._whole(),
            found,
            scheme=scheme,
            modes=modes,
            consistent=consistent,
            target=target,
            correlation=correlation,
            missing=missing,
            replicates=replicates,
            confidence=confidence,
            seed=seed,
        )

    def _model(self, text: str) -> Model:
        """A model text: what it names must be known; a construct it does not measure is the instrument's."""
        written = parse_model(text, where="the model")
        constructs = [c for c in self.instrument.constructs if c.id not in written.latents]
        declared = [c.id for c in constructs] or None
        check_names(
            written,
            items=self.items,
            constructs=[*declared, *written.latents] if declared else None,
            where="the model",
        )
        return completed(written, constructs)

    @property
    def declares_paths(self) -> bool:
        """Whether the instrument has a path model at all; without one there is nothing to withhold."""
        text = self.responses.instrument.model
        return bool(text.strip() and parse_model(text).paths)

    def _path_model(self) -> Model:
        whole = self.responses.instrument
        model = model_of(self.instrument) if self.instrument.model.strip() else None
        if model is None or not model.paths:
            absent = [i.id for i in whole.items if i.id not in self.items]
            raise CannotCompute(
                "no path is left to estimate" if whole.model.strip() else "the instrument declares no paths",
                where=whole.path or whole.id,
                do=f"The data lack {listed(absent)}: add these columns, or give a model (--model FILE)"
                if whole.model.strip() and absent
                else "Write a model in lavaan syntax into it, or give one (--model FILE)",
            )
        return model

    def _model_data(
        self, model: Model, estimator: str, missing: str, ordered: Sequence[str] | bool
    ) -> Tally | Answers:
        """What a model is fitted to: covariances where they say all, else the answers themselves."""
        from csat.analyses.structural.answers import Answers

        items = self._named_by(model)
        if estimator in ("ML", "ULS", "GLS") and missing == "listwise" and not ordered:
            return self.tally(items, complete=True)
        tally = self.tally(items, complete=True)
        scales = [self.instrument.item(i).scale for i in items]
        return Answers.of_rows(
            self.responses.answers(items),
            items,
            weights=self.responses.weights,
            scales=[() if s is None else range(s.minimum, s.maximum + 1) for s in scales],
            instrument=tally.instrument,
        )

    def _named_by(self, model: Model) -> tuple[str, ...]:
        latents = set(model.latents)
        return tuple(name for name in model.observed if name not in latents)

    def groups(self, segment: str, *, items: Sequence[str] | None = None) -> GroupDescription:
        """Means and box plots of items (default: those of the index construct) by segment."""
        from csat.analyses.groups import describe_groups
        from csat.tally.tally import count_by

        wanted = tuple(items) if items is not None else self._block(self._index_construct())[1]
        instrument = self.responses.instrument
        tallies = {
            segment_title(instrument, segment, value): tally
            for value, tally in count_by(self.responses, segment, wanted).items()
        }
        title = next((g.title for g in instrument.segments if g.column == segment), Text(segment))
        return describe_groups(
            {title_.en: t for title_, t in tallies.items()}, group=title, titles=self.titles()
        )

    def crosscheck(
        self,
        *,
        adequacy: Adequacy | None = None,
        factors: Factors | None = None,
        model: StructuralModel | None = None,
    ) -> Crosscheck:
        """The same numbers from other programs; results that exist already are not computed again."""
        from csat.crosscheck import RegressionRows, crosscheck

        def tried(ask: Callable[[], Any]) -> Any:
            try:
                return ask()
            except CsatError:
                return None  # what cannot be computed has no second opinion; its own command says why

        def rows() -> RegressionRows:
            _, names, _, values = self._regression(None, None, "mean")
            kept = ~np.isnan(values).any(axis=1)
            weights = self.responses.weights
            return RegressionRows(
                values[kept, -1], values[kept, :-1], names, None if weights is None else weights[kept]
            )

        return crosscheck(
            base=self._base("listwise"),
            adequacy=adequacy or tried(self.adequacy),
            factors=factors or tried(self.efa),
            regression=tried(rows),
            model=model or tried(self.sem if self.declares_paths else self.cfa),
        )

    def _whole(self) -> Responses:
        """The responses under the instrument restricted to what was answered."""
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


def index_change(
    samples: Mapping[str, Responses],
    *,
    against: Literal["previous", "first", "pairs"] = "previous",
    construct: str | None = None,
    method: Literal["equal", "stated", "derived", "pls"] | None = None,
    confidence: float = 0.95,
    replicates: int = 2000,
    seed: int = 0,
) -> IndexChange:
    """Change of the index between two or more independent samples (waves, groups), in their order.

    Each sample's index has its own weights; its standard error finds them anew in every replicate.
    """
    from csat.analyses.index_change import SampleIndex, index_change

    found = {
        name: Chain(responses).index(
            construct=construct,
            method=method,
            segments=(),
            replicates=replicates,
            confidence=confidence,
            seed=seed,
        )
        for name, responses in samples.items()
    }
    return index_change(
        {
            name: SampleIndex(float(r.score[0]), float(r.se[0]), r.base.respondents, r.base.effective_n)
            for name, r in found.items()
        },
        index_name=next(iter(found.values())).called() if found else Text("index", "指数"),
        against=against,
        confidence=confidence,
    )
