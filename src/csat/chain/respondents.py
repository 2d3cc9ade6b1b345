"""Scores of every respondent, to take elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from csat.chain.pls_models import PlsModels
from csat.errors import BadInput, CannotCompute, UnknownName, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csat.analyses.respondent_scores import Method, RespondentScores


class Respondents(PlsModels):
    """What each respondent scores on each construct."""

    def scores(
        self,
        *,
        method: Method = "mean",
        model: str | None = None,
        estimator: str = "auto",
        missing: Literal["listwise", "fiml", "pairwise"] = "listwise",
        ordered: Sequence[str] | bool = False,
        std_lv: bool = False,
    ) -> RespondentScores:
        """The score of every respondent on every construct, in the order of the data; `to_csv()` writes them.

        Parameters
        ----------
        method : `mean` or `sum` of the answered items (half of them at least), `0-100` of their scales;
            factor scores by `regression`, `Bartlett` or `EBM` (ordered items) from the measurement model, or
            from a model text; `PLS` composites of the path model.
        estimator, missing, ordered, std_lv : of the model behind factor scores, as `sem`.
        """
        from csat.analyses.respondent_scores import METHODS, OF_A_MODEL, composite_scores, factor_scores

        if method not in METHODS:
            raise UnknownName("method", method, METHODS)
        ids = self.responses.ids
        rows = self.responses.row_numbers.tolist()
        names = () if ids is None else tuple("" if v is None else str(v) for v in ids[np.arange(len(rows))])
        if method in OF_A_MODEL:
            found = self._measurement(model)
            return factor_scores(
                found,
                self._answers(found),
                method=method,
                estimator=estimator,
                missing=missing,
                ordered=self._ordered(ordered, found, estimator),
                std_lv=std_lv,
                rows=rows,
                respondents=names,
                titles=self.titles(),
            )
        if method == "PLS":
            return self._pls_scores(model, rows, names)
        if model is not None:
            raise BadInput(
                f"scores by '{method}' need no model", do="Leave the model out, or ask for factor scores"
            )
        constructs = [c for c in self.instrument.constructs if c.items]
        if not constructs:
            raise CannotCompute(
                "no construct is declared, so there is nothing to score",
                where=self.instrument.path or self.instrument.id,
                do="Name an instrument (-i), or give a model and ask for factor scores (--method regression)",
            )
        items = list(dict.fromkeys(i for c in constructs for i in c.items))
        blocks = {c.id: [items.index(i) for i in c.items] for c in constructs}
        answers = self.responses.answers(items)
        if method == "0-100":
            answers = self._scores_0_100([(i,) for i in items])
        return composite_scores(
            answers,
            blocks,
            method=method,
            base=self._base("available"),
            rows=rows,
            respondents=names,
            titles=self.titles(),
        )

    def _pls_scores(
        self, model: str | None, rows: Sequence[int], respondents: Sequence[str]
    ) -> RespondentScores:
        from csat.analyses.respondent_scores import composite_scores

        found = self.pls(model=model, replicates=0, predict=False)
        if found.verdict.failed:
            raise CannotCompute(
                f"nobody can be given PLS scores: {found.verdict.text.en}",
                where="the model",
                do="Put the model right first (csat pls)",
            )
        items = list(found.items)
        own = [c for c in found.constructs if c in found.item_construct]
        blocks = {c: [k for k, of in enumerate(found.item_construct) if of == c] for c in own}
        made = [i for i in items if i not in self.items]
        if made:
            raise CannotCompute(
                f"respondents have no answers to {listed(made)}, which the model makes of others",
                where="the model",
                do="Leave products and constructs of constructs out, or use another method",
            )
        answers = (self.responses.answers(items) - found.item_mean) / found.item_sd
        return composite_scores(
            answers,
            blocks,
            method="PLS",
            base=self._base("available"),
            rows=rows,
            respondents=respondents,
            weights={c: found.weights[at] for c, at in blocks.items()},
            titles=self.titles(),
        )
