"""Questions about a path model by partial least squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from csat.chain.models import Models
from csat.instrument.products import Moderation, moderation_of, without_products
from csat.instrument.statements import Model

if TYPE_CHECKING:
    from csat.analyses.path_model_pls import PathModelPLS
    from csat.analyses.pls_groups_result import PlsGroups

Mode = Literal["A", "B"]
Modes = Mapping[str, Mode] | Mode
Scheme = Literal["path", "factor", "centroid"]


class PlsModels(Models):
    """How constructs move one another, and the index their weights give."""

    def pls(
        self,
        *,
        model: str | None = None,
        scheme: Scheme = "path",
        modes: Modes = "A",
        consistent: bool = False,
        target: str | None = None,
        correlation: Literal["pearson", "polychoric"] = "pearson",
        missing: Literal["pairwise", "listwise", "mean", "em"] | None = None,
        moderation: Sequence[Moderation | str] = (),
        higher_order: Literal["two-stage", "repeated-indicators"] = "two-stage",
        replicates: int | None = None,
        interval: Literal["percentile", "bca"] = "percentile",
        predict: bool = True,
        confidence: float = 0.95,
        seed: int = 0,
    ) -> PathModelPLS:
        """The instrument's path model, or a model text, by partial least squares.

        Parameters
        ----------
        modes : how weights are found, `A` (correlation) or `B` (regression), for all or by construct.
        missing : default pairwise; listwise where a path is moderated.
        moderation : (cause, moderator, effect) or `cause*moderator->effect`; a model text may say it too:
            `effect ~ cause + moderator + cause:moderator`.
        higher_order : how a construct measured by constructs is estimated.
        replicates : of the bootstrap, default 2000, 200 with polychoric correlations or EM; 0 for none.
        predict : out-of-sample prediction (PLSpredict, CVPAT).
        """
        from csat.analyses.pls import pls

        found, said = self._pls_model(model)
        given = [moderation_of(m) if isinstance(m, str) else m for m in moderation]
        return pls(
            self._whole(),
            found,
            scheme=scheme,
            modes=modes,
            consistent=consistent,
            target=target,
            correlation=correlation,
            missing=missing,
            moderation=list(dict.fromkeys([*given, *said])),
            higher_order=higher_order,
            replicates=replicates,
            interval=interval,
            predict=predict,
            confidence=confidence,
            seed=seed,
        )

    def pls_groups(
        self,
        segment: str,
        *,
        model: str | None = None,
        scheme: Scheme = "path",
        modes: Modes = "A",
        consistent: bool = False,
        against: Literal["rest", "pairs"] = "rest",
        missing: Literal["pairwise", "listwise", "mean"] = "listwise",
        permutations: int = 1000,
        seed: int = 0,
    ) -> PlsGroups:
        """Whether constructs are the same composites (MICOM) and paths differ between the groups of a column.

        against : each group against all others (`rest`), or all `pairs`.
        """
        from csat.analyses.pls_groups import pls_groups

        return pls_groups(
            self._whole(),
            segment,
            self._pls_model(model)[0],
            scheme=scheme,
            modes=modes,
            consistent=consistent,
            against=against,
            missing=missing,
            permutations=permutations,
            seed=seed,
        )

    def _pls_model(self, text: str | None) -> tuple[Model, tuple[Moderation, ...]]:
        """The model and the moderated paths its text names."""
        if text is None:
            return self._path_model(), ()
        plain, said = without_products(text, where="the model")
        return self._model(plain), said
