"""What a PLS path model says of one path, effect, moderated path or predicted item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Correlation = Literal["pearson", "polychoric"]


@dataclass(frozen=True)
class PathEstimate:
    """One path between constructs, standardised.

    z, p : estimate over bootstrap standard error, two-sided normal. f2 : R2 lost without the cause, scores
    kept; f2_reestimated : the model estimated again without the path. vif : of the cause among the causes.
    """

    cause: str
    effect: str
    estimate: float
    se: float
    z: float
    p: float
    ci_lower: float
    ci_upper: float
    f2: float
    f2_reestimated: float
    vif: float


@dataclass(frozen=True)
class EffectEstimate:
    """What a change in `cause` does to `effect`: standardised, and in index points per index point."""

    cause: str
    effect: str
    direct: float
    indirect: float
    indirect_se: float
    indirect_ci_lower: float
    indirect_ci_upper: float
    total: float
    total_se: float
    total_ci_lower: float
    total_ci_upper: float
    points: float
    points_se: float
    points_ci_lower: float
    points_ci_upper: float


@dataclass(frozen=True)
class ModerationEstimate:
    """A path that depends on the level of a third construct (two-stage approach).

    standardised : path of the standardised product, with se, p and interval; f2 of the product.
    per_product : change of the path per standard deviation of the moderator (path of the product as it is).
    slope_low, slope_mean, slope_high : path from cause to effect with the moderator one standard deviation
    below its mean, at it, and above it.
    """

    product: str
    cause: str
    moderator: str
    effect: str
    standardised: float
    per_product: float
    se: float
    p: float
    ci_lower: float
    ci_upper: float
    f2: float
    slope_low: float
    slope_mean: float
    slope_high: float


@dataclass(frozen=True)
class ItemPrediction:
    """Out-of-sample errors of one item: PLS, and the linear model on the items of the antecedents."""

    item: str
    construct: str
    q2: float
    rmse: float
    mae: float
    q2_linear: float
    rmse_linear: float
    mae_linear: float


@dataclass(frozen=True)
class PredictiveTest:
    """CVPAT: mean squared error of PLS less that of a benchmark (`linear` or `mean`); negative is better."""

    construct: str
    """Empty: all endogenous constructs together."""
    benchmark: Literal["linear", "mean"]
    difference: float
    se: float
    t: float
    p: float
