"""The chain of analyses on one survey: which items each question is about, and what it takes from the others.

Analyses do not know one another; here the answer of one becomes the argument of the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from csat.chain.ground import Missing
from csat.chain.robustness import Robustness
from csat.chain.scores import index_change
from csat.errors import CsatError

if TYPE_CHECKING:
    from csat.analyses.adequacy import Adequacy
    from csat.analyses.efa import Factors
    from csat.analyses.structural.model import StructuralModel
    from csat.crosscheck import Crosscheck

__all__ = ["Chain", "Missing", "index_change"]


class Chain(Robustness):
    """One survey, bound to its instrument; every method asks one question and returns a result."""

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
