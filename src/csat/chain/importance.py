"""How much each item or construct matters: stated, derived, by the path model or the structural model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from csat.chain.scores import Scores
from csat.errors import BadInput, CannotCompute, UnknownName, listed
from csat.language import Text

if TYPE_CHECKING:
    from csat.analyses.pls_replicas import PlsHow
    from csat.analyses.result import Caution
    from csat.analyses.sem_importance import SemImportance
    from csat.numerics.importance import Measure

PLS_EFFECT, SEM_EFFECT = "PLS total effect", "SEM total effect"


class Weighing(Scores):
    """Importance in the full data and in every replicate."""

    def _few_clusters(self) -> tuple[Caution, ...]:
        from csat.analyses.interval_words import few_clusters

        return few_clusters(self.responses.replication)

    def _replicates_words(self) -> Text:
        from csat.analyses.interval_words import replicates_words

        # random groups of very many respondents give what respondents give
        return replicates_words(self.responses.replication and self._replication())

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
        how: PlsHow,
    ) -> list[str]:
        """The published measure first, then those asked for, or the ones at hand."""
        from csat.numerics.importance import MEASURES

        if measures is None:
            further = ["|r|"] if self._has_outcome_beside(blocks, outcome) else []
            if self._is_modelled(blocks, outcome, how):
                further.append("pls")
            if set(stated) >= set(blocks):
                further.append("stated")
        else:
            further = list(measures)
            for m in further:
                if m not in (*MEASURES, "pls", "sem", "stated"):
                    raise UnknownName("measure of importance", m, (*MEASURES, "pls", "sem", "stated"))
        return list(dict.fromkeys((own, *further)))

    def _is_modelled(self, blocks: Mapping[str, tuple[str, ...]], outcome: str | None, how: PlsHow) -> bool:
        """Whether the path model says what each block does to the outcome."""
        if not self.declares_paths:
            return False
        try:
            self._pls_importance(blocks, outcome, 0, 0, how)
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
        how: PlsHow,
    ) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Measure to importance in the full data and in every keyed replicate, in the order asked."""
        from csat.analyses.importance import NAMES
        from csat.numerics.resampling import bootstrap_weighted_means
        from csat.numerics.scores import weighted_means

        derived = [m for m in asked if m not in ("pls", "sem", "stated")]
        by_name = (
            self._importance_replicates(blocks, outcome, cast(Any, derived), replicates, seed)
            if derived
            else {}
        )
        found: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        for m in asked:
            if m == "pls":
                found[PLS_EFFECT] = self._pls_importance(blocks, outcome, replicates, seed, how)
            elif m == "sem":
                model = self._sem_importance(blocks, outcome, replicates, seed)
                found[SEM_EFFECT] = model.values, model.drawn
            elif m == "stated":
                values = self._stated_scores(blocks, stated)
                w, rows = self.responses.weights, self.responses.row_numbers
                drawn = bootstrap_weighted_means(
                    values, w, rows=rows, replicates=replicates, seed=seed, replication=self._replication()
                )
                found["stated"] = weighted_means(values, w), drawn.T
            else:
                called = NAMES[cast(Any, m)]
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
        both = [b for b, block in blocks.items() if set(block) & set(self._block(target)[1])]
        if both:
            raise BadInput(
                f"{listed(both)} cannot explain itself",
                where="derived importance",
                do="Leave the outcome out of the items",
            )
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
            replication=self._replication(),
        )

    def _sem_importance(
        self, blocks: Mapping[str, tuple[str, ...]], outcome: str | None, replicates: int, seed: int
    ) -> SemImportance:
        """Standardised total effects of the instrument's path model as a structural model."""
        from csat.analyses.sem_importance import sem_importance

        model = self._path_model()
        return sem_importance(
            model,
            self._answers(model),
            names=tuple(blocks),
            target=outcome or self._index_construct(),
            replicates=replicates,
            seed=seed,
            titles=self.titles(),
            where=self.instrument.path or self.instrument.id,
        )

    def _pls_importance(
        self,
        blocks: Mapping[str, tuple[str, ...]],
        outcome: str | None,
        replicates: int,
        seed: int,
        how: PlsHow,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points of the outcome's index per point of each block, by PLS: (p,) and (p, R)."""
        found = self._pls_replicas(replicates, seed, how=how)
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
