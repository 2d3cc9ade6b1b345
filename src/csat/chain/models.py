"""Questions about a model of items and constructs: cfa, sem, invariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar

from csat.analyses.result import SOUND, Caution, Result, Verdict
from csat.chain.ground import Ground
from csat.errors import BadInput, UnknownName, listed
from csat.instrument.model import (
    cfa_model,
    measurement_model,
    model_of,
    restricted_to,
)
from csat.instrument.statements import Model
from csat.language import Text
from csat.responses.binding import segment_title
from csat.tally.tally import Tally

if TYPE_CHECKING:
    from csat.analyses.invariance import Invariance
    from csat.analyses.structural.answers import Answers
    from csat.analyses.structural.compared import Comparison, Scaling
    from csat.analyses.structural.grouped import GroupedMeasurement, GroupedModel
    from csat.analyses.structural.model import MeasurementModel, StructuralModel
    from csat.responses.responses import Responses

_Fitted = TypeVar("_Fitted", bound=Result)


def invariance_between(
    samples: Mapping[str, Responses],
    *,
    estimator: str = "MLR",
    missing: Literal["listwise", "fiml"] = "listwise",
) -> Invariance:
    """Whether constructs are measured alike in independent samples (waves), on the items all of them asked.

    The model is the measurement part of the first sample's instrument.
    """
    from csat.analyses.invariance import invariance

    parts = {name: Models(responses) for name, responses in samples.items()}
    first = next(iter(parts.values()))
    common = [i for i in first.items if all(i in part.items for part in parts.values())]
    instrument = restricted_to(first.responses.instrument, common)
    model = measurement_model(instrument) if instrument.model.strip() else cfa_model(instrument)
    return invariance(
        model,
        {name: part._answers(model) for name, part in parts.items()},
        estimator=estimator,
        missing=missing,
        group=Text("wave", "调查期"),
        titles=first.titles(),
    )


class Models(Ground):
    """Whether the answers bear out a model."""

    def _model_data(
        self,
        model: Model,
        estimator: str,
        missing: str,
        ordered: Sequence[str] | bool,
        bootstrap: int = 0,
    ) -> Tally | Answers:
        """What a model is fitted to: covariances where they say all, else the answers themselves.

        With weights they do not: sandwich errors need the answers.
        """
        counted = self.responses.weights is None and not bootstrap
        if counted and estimator in ("ML", "ULS", "GLS") and missing == "listwise" and not ordered:
            return self.tally(self._named_by(model), complete=True)
        return self._answers(model)

    def _answers(self, model: Model) -> Answers:
        """Row by row, to the items a model names."""
        from csat.analyses.structural.answers import Answers

        items = self._named_by(model)
        tally = self.tally(items, complete=True)
        scales = [self.instrument.item(i).scale for i in items]
        return Answers.of_rows(
            self.responses.answers(items),
            items,
            weights=self.responses.weights,
            scales=[() if s is None else range(s.minimum, s.maximum + 1) for s in scales],
            instrument=tally.instrument,
            numbers=self.responses.row_numbers,
            replication=self._replication(),
        )

    def _ordered(
        self, ordered: Sequence[str] | bool, model: Model, estimator: str = ""
    ) -> Sequence[str] | bool:
        """The ordered items a model names; those that are no item of the survey are an error.

        An estimator for ordered items orders all that are answers on a scale, unless the list is empty.
        """
        from csat.analyses.structural.choosing import FOR_ORDERED, counts_as_ordered

        if isinstance(ordered, bool):
            return ordered or (estimator in FOR_ORDERED and counts_as_ordered(model, self._answers(model)))
        for name in ordered:
            if name not in self.items:
                raise UnknownName("item", name, self.items, where="the ordered items")
        return [name for name in ordered if name in model.observed]

    def _measurement(self, model: str | None) -> Model:
        """A model text, or the measurement part of the instrument's; without one, all constructs."""
        if model is not None:
            return self._model(model)
        if self.instrument.model.strip():
            return measurement_model(self.instrument)
        return cfa_model(self.instrument)

    def _groups(self, model: Model, column: str | None, *, in_order: bool = False) -> dict[str, Answers]:
        """Answers by the groups of a column, in the order in which they first appear, or sorted."""
        if column is None:
            raise BadInput("no column of groups is named", do="Name one (--group COLUMN)")
        labels = self.responses.segment(column)
        whole = self._answers(model)
        instrument = self.responses.instrument
        values = list(dict.fromkeys(v for v in labels if v is not None))
        groups = {}
        for value in sorted(values) if in_order else values:
            own = labels == value
            groups[segment_title(instrument, column, value).en] = whole.where(own)
        return groups

    def _group_title(self, column: str) -> Text:
        segments = self.responses.instrument.segments
        return next((g.title for g in segments if g.column == column), Text(column))

    def cfa(
        self,
        *,
        model: str | None = None,
        estimator: str = "ML",
        missing: Literal["listwise", "fiml", "pairwise"] = "listwise",
        ordered: Sequence[str] | bool = False,
        modifications: int = 0,
        residuals: bool = False,
        wald: Sequence[str] = (),
        std_lv: bool = False,
        confidence: float = 0.95,
        bootstrap: int = 0,
        interval: Literal["percentile", "bca"] = "percentile",
        bollen_stine: bool = False,
        seed: int = 0,
        group: str | None = None,
        group_equal: Sequence[str] = (),
        group_partial: Sequence[str] = (),
    ) -> MeasurementModel | GroupedMeasurement:
        """The measurement part of the instrument's model, or of a model text; without one, all constructs.

        bootstrap : replicates of the respondents to which the model is fitted anew (in groups, with gaps,
        ordered items and rules too); interval : by percentiles or BCa; bollen_stine : also a p of the
        chi-square from them (complete rows, no ordered items).
        group : a column whose groups are fitted at once, in the order in which they first appear;
        group_equal, group_partial : what they have in common, and what is let go all the same, as in lavaan.
        """
        from csat.analyses.sem import cfa, cfa_by_group

        found = self._measurement(model)
        ordered = self._ordered(ordered, found, estimator)
        if group is not None or group_equal:
            groups = cfa_by_group(
                found,
                self._groups(found, group),
                group_equal=group_equal,
                group_partial=group_partial,
                estimator=estimator,
                missing=missing,
                ordered=ordered,
                modifications=modifications,
                residuals=residuals,
                wald=wald,
                std_lv=std_lv,
                group=self._group_title(group or ""),
                titles=self.titles(),
                confidence=confidence,
                bootstrap=bootstrap,
                interval=interval,
                bollen_stine=bollen_stine,
                seed=seed,
            )
            return groups if model is not None else self._without_silent(groups)
        fitted = cfa(
            found,
            self._model_data(found, estimator, missing, ordered, bootstrap),
            estimator=estimator,
            missing=missing,
            ordered=ordered,
            modifications=modifications,
            residuals=residuals,
            wald=wald,
            std_lv=std_lv,
            titles=self.titles(),
            confidence=confidence,
            bootstrap=bootstrap,
            interval=interval,
            bollen_stine=bollen_stine,
            seed=seed,
        )
        return fitted if model is not None else self._without_silent(fitted)

    def invariance(
        self,
        segment: str,
        *,
        estimator: str = "MLR",
        model: str | None = None,
        missing: Literal["listwise", "fiml"] = "listwise",
        ordered: bool = False,
        partial: bool = True,
        confidence: float = 0.95,
    ) -> Invariance:
        """Whether constructs are measured alike in the groups of a column, and what may be compared."""
        from csat.analyses.invariance import invariance

        found = self._measurement(model)
        return invariance(
            found,
            self._groups(found, segment, in_order=True),
            estimator=estimator,
            missing=missing,
            ordered=bool(self._ordered(ordered, found, estimator)),
            partial=partial,
            group=self._group_title(segment),
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
        residuals: bool = False,
        wald: Sequence[str] = (),
        std_lv: bool = False,
        confidence: float = 0.95,
        bootstrap: int = 0,
        interval: Literal["percentile", "bca"] = "percentile",
        bollen_stine: bool = False,
        seed: int = 0,
        group: str | None = None,
        group_equal: Sequence[str] = (),
        group_partial: Sequence[str] = (),
    ) -> StructuralModel | GroupedModel:
        """The instrument's path model, or a model text in lavaan syntax, on rows complete on its items.

        bootstrap, interval, bollen_stine, group, group_equal, group_partial : as `cfa`.
        """
        from csat.analyses.sem import sem, sem_by_group

        found = self._model(model) if model is not None else self._path_model()
        ordered = self._ordered(ordered, found, estimator)
        known = [*(c.id for c in self.instrument.constructs), *self.items]
        if group is not None or group_equal:
            groups = sem_by_group(
                found,
                self._groups(found, group),
                group_equal=group_equal,
                group_partial=group_partial,
                estimator=estimator,
                missing=missing,
                ordered=ordered,
                modifications=modifications,
                residuals=residuals,
                wald=wald,
                std_lv=std_lv,
                hypotheses=self.responses.instrument.hypotheses if model is None else (),
                known=known,
                group=self._group_title(group or ""),
                titles=self.titles(),
                confidence=confidence,
                bootstrap=bootstrap,
                interval=interval,
                bollen_stine=bollen_stine,
                seed=seed,
            )
            return groups if model is not None else self._without_silent(groups)
        fitted = sem(
            found,
            self._model_data(found, estimator, missing, ordered, bootstrap),
            estimator=estimator,
            missing=missing,
            ordered=ordered,
            modifications=modifications,
            residuals=residuals,
            wald=wald,
            std_lv=std_lv,
            hypotheses=self.responses.instrument.hypotheses if model is None else (),
            known=known,
            titles=self.titles(),
            confidence=confidence,
            bootstrap=bootstrap,
            interval=interval,
            bollen_stine=bollen_stine,
            seed=seed,
        )
        return fitted if model is not None else self._without_silent(fitted)

    def _without_silent(self, fitted: _Fitted) -> _Fitted:
        """A result of the instrument's model, with a word on what it lost because nobody answered it."""
        whole = self.responses.instrument
        asked = model_of(whole) if whole.model.strip() else cfa_model(whole)
        left = {c.id for c in self.instrument.constructs}
        items = [i for i in asked.observed if i not in self.items]
        constructs = [c for c in asked.latents if c not in left]
        if not items:
            return fitted
        text = Text(
            f"Nobody answered {listed(items)}: the instrument's model is fitted without.",
            f"没有人回答 {'、'.join(items)}，因此问卷的模型在去掉它们后拟合。",
        )
        if constructs:
            text = Text(
                f"{text.en} {listed(constructs)} is not in it, for want of items.",
                f"{text.zh}{'、'.join(constructs)}因没有题项而不在模型中。",
            )
        caution = Caution("items_without_answers", text, (*items, *constructs))
        doubtful = constructs and fitted.verdict is SOUND
        verdict = Verdict("doubtful", text) if doubtful else fitted.verdict
        return replace(fitted, cautions=(caution, *fitted.cautions), verdict=verdict)

    def compare(
        self,
        models: Mapping[str, str | None],
        *,
        estimator: str = "ML",
        missing: Literal["listwise", "fiml", "pairwise"] = "listwise",
        ordered: Sequence[str] | bool = False,
        scaling: Scaling = "auto",
        std_lv: bool = False,
        group: str | None = None,
        group_equal: Mapping[str, Sequence[str]] | Sequence[str] = (),
        confidence: float = 0.95,
    ) -> Comparison:
        """Several models of these answers: difference tests where they are nested, else AIC and BIC.

        models : names to model texts, None for the instrument's own. group_equal : what the groups of a
        column have in common, for all models or by name: one model may stand under several names.
        """
        from csat.analyses.comparison import compare

        parsed = {
            n: self._path_or_measurement() if m is None else self._model(m, where=f"the model '{n}'")
            for n, m in models.items()
        }
        every = Model(tuple(s for m in parsed.values() for s in m.statements))
        data: Answers | dict[str, Answers] = (
            self._answers(every) if group is None else self._groups(every, group)
        )
        return compare(
            parsed,
            data,
            group_equal=group_equal,
            estimator=estimator,
            missing=missing,
            ordered=self._ordered(ordered, every, estimator),
            scaling=scaling,
            std_lv=std_lv,
            group=None if group is None else self._group_title(group),
            titles=self.titles(),
            confidence=confidence,
        )

    def _path_or_measurement(self) -> Model:
        return self._path_model() if self.declares_paths else self._measurement(None)
