"""Questions about what to do: priorities with their certainty, and what an improvement would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from csat.chain.importance import PLS_EFFECT, SEM_EFFECT, Weighing
from csat.chain.pls_models import Modes, Scheme
from csat.errors import BadInput, CannotCompute, listed
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.asymmetry import Asymmetry
    from csat.analyses.pls_replicas import PlsHow
    from csat.analyses.priorities import Priorities
    from csat.analyses.result import Base, Caution
    from csat.analyses.what_if import WhatIf
    from csat.numerics.importance import Measure
    from csat.numerics.quadrants import Centre


PLACEMENTS = 1000
"""Replicates of the priorities (ours)."""
_Effects = tuple[float, NDArray[np.float64], Mapping[str, float], Mapping[str, NDArray[np.float64]]]
"""An outcome now and in the replicates, and points of it per 0-100 point of each item, likewise."""


class Action(Weighing):
    """What to improve first, and what it would bring."""

    def priorities(
        self,
        *,
        importance: Literal["stated", "derived", "pls", "sem"] | None = None,
        measure: Measure = "LMG",
        measures: Sequence[str] | None = None,
        level: Literal["item", "construct"] = "item",
        outcome: str | None = None,
        items: Sequence[str] | None = None,
        centre: Centre = "mean",
        centres: Sequence[Centre] = (),
        centre_at: tuple[float, float | None] | None = None,
        iso_priority: bool = False,
        first: int = 3,
        scheme: Scheme = "path",
        modes: Modes = "A",
        consistent: bool = False,
        correlation: Literal["pearson", "polychoric"] = "pearson",
        replicates: int = PLACEMENTS,
        seed: int = 0,
    ) -> Priorities:
        """Importance against performance (0-100) of driver items or constructs, and how sure each place is.

        Parameters
        ----------
        importance : `stated` where the instrument asks for it, else `derived` from the outcome by `measure`;
            `pls` total effects of the instrument's path model; `sem` its standardised total effects as a
            structural model, of an item times its loading (refused where the verdict on that model fails).
        measures : further ones the certainty is given under: `LMG`, `relative weight`, `|r|`, `beta`,
            `partial r`, `pls`, `sem`, `stated`; default: `|r|`, and PLS and stated where there are any.
        centres : further crosshairs; centre_at : where `value` stands, such as a target or benchmark, None
            for the mean importance. first : the k of "among the first k".
        scheme, modes, consistent, correlation : of the PLS effects, as `pls`.
        replicates : of the bootstrap of the whole chain; 0 for none.
        """
        from csat.analyses.certainty import certainty
        from csat.analyses.importance import NAMES, derived_importance
        from csat.analyses.pls_replicas import PlsHow
        from csat.analyses.priorities import priorities
        from csat.numerics.resampling import bootstrap_weighted_means
        from csat.numerics.scores import weighted_means

        responses = self.responses
        how = PlsHow(scheme, modes, consistent, correlation)
        blocks = self._placed(level, items)
        single = all(len(block) == 1 for block in blocks.values())
        stated = self._stated(blocks)
        kind = importance or ("stated" if stated else "derived")
        scores = self._scores_0_100(list(blocks.values()))
        performance = weighted_means(scores, responses.weights)
        overall = None
        if "value" in centres and centre_at is None:
            raise BadInput("the crosshair has no place", do="Give it: --centre-at X or X,Y")
        if "overall" in (centre, *centres):
            if centre_at is not None:
                raise BadInput(
                    "a crosshair is given, and one at the overall satisfaction asked for",
                    do="Ask for one of them",
                )
            overall = self._scores_0_100([self._block(outcome or self._index_construct())[1]])
            centre_at = (float(weighted_means(overall, responses.weights)[0]), None)
        cautions: tuple[Caution, ...] = ()
        name: str
        if kind == "stated":
            weight, name = weighted_means(self._stated_scores(blocks, stated), responses.weights), kind
        elif kind == "pls":
            weight, name = self._pls_importance(blocks, outcome, 0, seed, how)[0], PLS_EFFECT
        elif kind == "sem":
            model = self._sem_importance(blocks, outcome, 0, seed)
            weight, name, cautions = model.values, SEM_EFFECT, model.cautions
        elif not single:
            found = self._importance_replicates(blocks, outcome, [measure], 0, seed)
            name, (weight, _) = next(iter(found.items()))
        else:
            whole = [block[0] for block in blocks.values()]
            outcome_items = self._block(outcome or self._index_construct())[1]
            if set(whole) & set(outcome_items):
                raise CannotCompute(
                    "the items are those of the index itself, which cannot show what drives it",
                    where=self.instrument.path or self.instrument.id,
                    do="Declare an outcome besides them, or use stated importance",
                )
            weight, name, cautions = derived_importance(
                self._correlated([*whole, *outcome_items], "auto"),
                outcome=outcome_items,
                items=whole,
                measure=measure,
            )
        known = np.isfinite(performance) & np.isfinite(weight)
        sure = None
        if replicates and np.count_nonzero(known) > 1:
            kept = {b: items_ for (b, items_), k in zip(blocks.items(), known, strict=True) if k}
            own = next((m for m, called in NAMES.items() if called == name), None)
            asked = self._measures_asked(kept, stated, own or kind, measures, outcome, how)
            drawn = self._importance_drawn(kept, stated, asked, outcome, replicates, seed, how)
            columns = scores[:, known] if overall is None else np.column_stack([scores[:, known], overall])
            means = bootstrap_weighted_means(
                columns, responses.weights, rows=responses.row_numbers, replicates=replicates, seed=seed,
                replication=self._replication(),
            ).T  # fmt: skip
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
                drawn=self._replicates_words(),
            )
        return priorities(
            items=list(blocks),
            titles=self.titles(),
            performance=performance,
            performance_se=self._errors_of_means(scores),
            importance=weight,
            importance_name=name,
            centre=centre,
            centre_at=centre_at,
            iso_priority=iso_priority,
            certainty=sure,
            also={m: self._spread(v, known) for m, (v, _) in drawn.items() if m != name} if sure else None,
            cautions=(*cautions, *self._few_clusters()),
            base=self._base("available"),
        )

    def asymmetry(
        self,
        *,
        outcome: str | None = None,
        items: Sequence[str] | None = None,
        boxes: int | None = None,
        cut: float = 0.10,
        replicates: int = 1000,
        seed: int = 0,
    ) -> Asymmetry:
        """Which items lose satisfaction when poor and which win it when good.

        boxes : answers in the low and in the high band; default one on scales up to 5 points, else two.
        """
        from csat.analyses.asymmetry import asymmetry
        from csat.responses.groups import kish

        target = outcome or self._index_construct()
        title, own = self._block(target)
        wanted = [block[0] for block in self._placed("item", items).values()]
        ends = []
        for name in wanted:
            scale = self.instrument.item(name).scale
            if scale is None:
                raise CannotCompute(
                    f"item '{name}' has no declared scale, so it has no bands", do="Declare its scale"
                )
            size = boxes or (1 if scale.points <= 5 else 2)
            ends.append((float(scale.minimum + size - 1), float(scale.maximum - size + 1)))
        score = self._scores_0_100([own])[:, 0]
        answers = self.responses.answers(wanted)
        left_out: tuple[str, ...] = ()
        if items is None:
            # named items raise instead: they were asked for
            low, high = np.array(ends).T
            known = np.asarray(~np.isnan(np.column_stack([answers, score])).any(axis=1), dtype=bool)
            middle = (answers > low) & (answers < high)
            filled = np.array(
                [(m & known[:, None]).any(axis=0) for m in (answers <= low, middle, answers >= high)]
            )
            keep = np.asarray(filled.all(axis=0), dtype=bool)
            if keep.any():
                left_out = tuple(n for n, k in zip(wanted, keep, strict=True) if not k)
                wanted = [n for n, k in zip(wanted, keep, strict=True) if k]
                ends = [e for e, k in zip(ends, keep, strict=True) if k]
                answers = answers[:, keep]
        complete = ~np.isnan(np.column_stack([answers, score])).any(axis=1)
        w = self.responses.weights
        base = replace(
            self._base("listwise"),
            respondents=int(complete.sum()),
            effective_n=kish(w, np.flatnonzero(complete)),
        )
        return asymmetry(
            score,
            answers,
            items=wanted,
            bands=ends,
            outcome_title=title,
            base=base,
            rows=self.responses.row_numbers,
            weights=w,
            titles=self.titles(),
            cut=cut,
            replicates=replicates,
            seed=seed,
            replication=self._replication(),
            drawn=self._replicates_words(),
            left_out=left_out,
        )

    def what_if(
        self,
        raises: Mapping[str, float] | None = None,
        *,
        method: Literal["pls", "sem", "regression"] | None = None,
        construct: str | None = None,
        nps: str | None = None,
        scheme: Scheme = "path",
        modes: Modes = "A",
        consistent: bool = False,
        correlation: Literal["pearson", "polychoric"] = "pearson",
        replicates: int = 1000,
        confidence: float = 0.95,
        seed: int = 0,
    ) -> WhatIf:
        """What the index (and the NPS) would be if items or constructs did better.

        Parameters
        ----------
        raises : item or construct to answer points, default the first priorities by 0.3 each.
        method : `pls`, total effects of the path model, where the index has PLS weights; else `regression` of
            the index on the driver constructs; `sem`: total effects of the model by maximum likelihood.
        nps : the item on 0-10 that asks whether they would recommend; default: found by its wording.
        scheme, modes, consistent, correlation : of the PLS effects, as `pls`.
        """
        from csat.analyses import what_if as module
        from csat.analyses.pls_replicas import PlsHow
        from csat.numerics.resampling import bootstrap_weighted_means
        from csat.numerics.scores import weighted_means

        target = construct or self._index_construct()
        how = PlsHow(scheme, modes, consistent, correlation)
        if raises is None:
            first = self.priorities(outcome=construct, replicates=0)
            raises = dict.fromkeys(first.items_by_rank()[: module.RAISED_IN_REPORT], module.USUAL_RAISE)
        chosen = {name: self._block(name)[1] for name in raises}
        kind = method or self._what_if_method(target, chosen, how)
        items = tuple(dict.fromkeys(i for block in chosen.values() for i in block))
        low, high = self._ends_of(items)
        answers, w = self.responses.answers(items), self.responses.weights
        drawn_mean = bootstrap_weighted_means(
            answers, w, rows=self.responses.row_numbers, replicates=replicates, seed=seed,
            replication=self._replication(),
        ).T  # fmt: skip
        recommend = nps or self._recommend_item()
        regression = None
        if kind == "regression" or recommend is not None:
            regression = self._what_if_regression(target, recommend, replicates, seed)
        value: Mapping[str, float]
        drawn: Mapping[str, NDArray[np.float64]]
        base, cautions = self._base("available"), cast("tuple[Caution, ...]", ())
        if kind == "pls":
            found = self._pls_replicas(replicates, seed, how=how)
            if target not in found.design.constructs:
                raise CannotCompute(
                    f"the path model has no construct '{target}'", do="Use method 'regression'"
                )
            value, drawn = found.effects_on(target)
            at = found.design.constructs.index(target)
            now, now_drawn = float(found.index.performance[at]), found.performance[at]
        elif kind == "sem":
            (now, now_drawn, value, drawn), base, cautions = self._what_if_sem(target, replicates, seed)
        else:
            assert regression is not None  # asked for just above
            now, now_drawn, value, drawn = regression[0]
            base = regression[2]
        absent = [i for i in items if i not in value]
        if absent:
            raise CannotCompute(
                f"{listed(absent)} is not among what moves '{target}'",
                where="the driver constructs" if kind == "regression" else "the path model",
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
            drawn=self._replicates_words(),
            cautions=(*cautions, *self._few_clusters()),
        )  # fmt: skip

    def _what_if_sem(
        self, target: str, replicates: int, seed: int
    ) -> tuple[_Effects, Base, tuple[Caution, ...]]:
        """The mean of the target's score, and points of it per 0-100 point of each item of the model."""
        from csat.analyses.sem_importance import sem_item_effects
        from csat.numerics.resampling import bootstrap_weighted_means
        from csat.numerics.scores import weighted_means

        model = self._path_model()
        items = self._named_by(model)
        low, high = self._ends_of(items)
        found = sem_item_effects(
            model,
            self._answers(model),
            target=target,
            points=dict(zip(items, (100 / (high - low)).tolist(), strict=True)),
            replicates=replicates,
            seed=seed,
            titles=self.titles(),
            where=self.instrument.path or self.instrument.id,
        )
        y, w = self._scores_0_100([self._block(target)[1]]), self.responses.weights
        means = bootstrap_weighted_means(
            y, w, rows=self.responses.row_numbers, replicates=replicates, seed=seed,
            replication=self._replication(),
        )  # fmt: skip
        effects = float(weighted_means(y, w)[0]), means[:, 0], found.values, found.drawn
        return effects, found.base, found.cautions

    def _what_if_method(
        self, target: str, chosen: Mapping[str, tuple[str, ...]], how: PlsHow
    ) -> Literal["pls", "regression"]:
        if self.instrument.index_method != "pls":
            return "regression"
        try:
            found = self._pls_replicas(0, 0, how=how)
        except CannotCompute:
            return "regression"
        known = {*found.items}
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
        p, made, replication = len(drivers), list[_Effects](), self._replication()
        for k, y in enumerate(ys):
            columns = np.column_stack([x, y])
            parts = [
                moments(columns, weights=w),
                *replicate_moments(
                    columns, weights=w, rows=rows, replicates=replicates, seed=seed, replication=replication
                ),
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
            means = bootstrap_weighted_means(
                y[:, None], w, rows=rows, replicates=replicates, seed=seed, replication=replication
            )
            made.append((float(weighted_means(y[:, None], w)[0]), means[:, 0], value, drawn))
        complete = np.flatnonzero(~np.isnan(np.column_stack([x, ys[0]])).any(axis=1))
        base = replace(self._base("listwise"), respondents=len(complete), effective_n=kish(w, complete))
        return made[0], made[1] if len(made) > 1 else None, base
