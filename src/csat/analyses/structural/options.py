"""How a structural model is to be fitted, and what goes together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import FIT_SETS
from csat.errors import BadInput, UnknownName, listed
from csat.language import Text
from csat.numerics.fit_indices import Likelihood
from csat.numerics.fitting import METHODS

Array = NDArray[np.float64]

ESTIMATORS = tuple(METHODS)

GAPS_ALLOWED = ("ML", "MLR")
"""Estimators that full information goes with."""

MISSING = ("listwise", "fiml", "pairwise")


@dataclass(frozen=True)
class Options:
    estimator: str
    likelihood: Likelihood
    std_lv: bool
    orthogonal: bool
    fixed_x: bool
    mean_structure: bool
    guidelines: str
    confidence: float
    missing: str
    ordered: Collection[str] | bool
    modifications: int
    choice: Text | None = None
    """Why `auto` chose the estimator."""
    residuals: bool = False
    """Whether residuals are given with their z values."""
    wald: tuple[str, ...] = ()
    """Rules among labelled parameters to be tested."""

    @property
    def fixes_covariates(self) -> bool:
        """Whether covariates keep their own moments: not with least squares, unless items are ordered.

        lavaan's rule: least squares weigh all moments together, so those of covariates are estimated too.
        """
        by_likelihood = METHODS[self.estimator].discrepancy == "ML"
        return self.fixed_x and (by_likelihood or bool(self.ordered))


def check_options(options: Options) -> None:
    if options.estimator not in ESTIMATORS:
        raise BadInput(
            f"the estimator is '{options.estimator}'",
            right=f"The estimators are: auto, {', '.join(ESTIMATORS)}",
        )
    if options.missing not in MISSING:
        raise UnknownName("policy for missing answers", options.missing, MISSING)
    if options.missing == "fiml" and (options.estimator not in GAPS_ALLOWED or options.ordered):
        raise BadInput(
            f"full information does not go with {options.estimator}"
            + (" and ordered items" if options.ordered else ""),
            right=f"It goes with {listed(GAPS_ALLOWED)}, without ordered items",
        )
    if options.missing == "pairwise" and not options.ordered:
        raise BadInput(
            "pairwise answers are for ordered items here",
            do="Use fiml, which loses no answer, or count the tally pairwise yourself",
        )
    if options.ordered and METHODS[options.estimator].discrepancy in ("ML", "GLS"):
        raise BadInput(
            f"the estimator is '{options.estimator}' and items are ordered",
            right="With ordered items the estimators are WLSMV, DWLS, ULSMV, ULS and WLS",
        )
    if options.likelihood not in ("normal", "wishart"):
        raise BadInput(f"the likelihood is '{options.likelihood}'", right="It is normal or wishart")
    if options.guidelines not in FIT_SETS:
        raise UnknownName("set of guidelines", options.guidelines, FIT_SETS)
