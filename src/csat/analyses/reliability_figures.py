"""The figures of one construct: alpha and its interval, omega, lambda, each item among the others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from csat.analyses.reliability_doubts import Doubts
from csat.errors import ConstantItem, NotConverged, NumericsError, SingularMatrix
from csat.language import Text
from csat.numerics import reliability as rel
from csat.numerics.intervals import alpha_interval_feldt
from csat.numerics.linalg import require_variance
from csat.tally.tally import Tally

Array = NDArray[np.float64]


class ConstructFigures(NamedTuple):
    """The figures of one construct; NaN where there is none."""

    n: int
    effective_n: float
    alpha: float
    lower: float
    upper: float
    standardised: float
    ordinal: float
    omega: float
    omega_observed: float
    lambda2: float
    lambda6: float
    mean_r: float
    item_rest: Array
    dropped: Array
    loading: Array


def figures_of(tally: Tally, *, ordinal: bool, confidence: float, doubts: Doubts) -> ConstructFigures:
    """The figures of the construct whose items the tally counts."""
    k = len(tally.items)
    n = int(tally.pair_n().min())
    effective = n * min(1.0, tally.effective_n / tally.rows) if tally.weighted and tally.rows else float(n)
    cov = tally.covariance()
    if not _is_computable(tally, cov, n, doubts):
        nothing = np.full(k, np.nan)
        return ConstructFigures(
            n, effective, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan,
            nothing, nothing, nothing,
        )  # fmt: skip
    alpha = rel.coefficient_alpha(cov)
    lower, upper = alpha_interval_feldt(alpha, n=effective, k=k, confidence=confidence)
    omega, omega_observed, lambda6, loading = _factor_figures(tally, cov, doubts)
    return ConstructFigures(
        n=n,
        effective_n=effective,
        alpha=alpha,
        lower=float(lower),
        upper=float(upper),
        standardised=rel.standardised_alpha(cov),
        ordinal=_ordinal_alpha(tally, doubts) if ordinal else np.nan,
        omega=omega,
        omega_observed=omega_observed,
        lambda2=rel.lambda2(cov),
        lambda6=lambda6,
        mean_r=rel.mean_correlation(cov),
        item_rest=rel.item_rest_correlations(cov),
        dropped=rel.alpha_if_dropped(cov),
        loading=loading,
    )


def _is_computable(tally: Tally, cov: Array, n: int, doubts: Doubts) -> bool:
    if len(tally.items) < 2:
        return False
    if n < 2:
        doubts.add(
            "too_few",
            Text(
                f"{{construct}}: {n} respondents answered all of its items, so nothing can be computed.",
                f"{{construct}}：完整回答全部题项的只有 {n} 人，无法计算。",
            ),
        )
        return False
    try:
        require_variance(np.diagonal(cov))
    except ConstantItem as error:
        doubts.add(
            "constant_item",
            Text(
                "{construct} has no reliability: everybody gave the same answer to {items}. "
                "Leave it out, or check how its answers were read.",
                "{construct}无法计算信度：所有人对以下题项的回答相同：{items}。"
                "请剔除，或检查数据的读取方式。",
            ),
            [tally.items[p] for p in error.positions],
        )
        return False
    return True


def _factor_figures(tally: Tally, cov: Array, doubts: Doubts) -> tuple[float, float, float, Array]:
    """Omega over the model's and the observed variance, lambda 6, standardised loadings."""
    k = len(cov)
    lambda6, nothing = np.nan, np.full(k, np.nan)
    try:
        lambda6 = rel.lambda6(cov)
        if k < 3:
            return np.nan, np.nan, lambda6, nothing
        fit = rel.one_factor(cov)
    except SingularMatrix as error:
        doubts.add(
            "singular",
            Text(
                "{construct}: {items} depend on each other, so omega and lambda 6 do not exist.",
                "{construct}：{items} 之间完全线性相关，无法计算 ω 和 λ6。",
            ),
            [tally.items[p] for p in error.positions],
        )
        return np.nan, np.nan, np.nan, nothing
    except NotConverged:
        doubts.add(
            "omega_not_converged",
            Text(
                "{construct}: no single factor could be fitted to the items, so there is no omega.",
                "{construct}：无法对这些题项拟合单因子模型，因此没有 ω。",
            ),
        )
        return np.nan, np.nan, lambda6, nothing
    if fit.improper.size:
        doubts.add(
            "improper_factor",
            Text(
                "{construct}: in the one-factor solution behind omega {items} has a negative residual "
                "variance; "
                "one factor does not describe these items, so do not use omega.",
                "{construct}：计算 ω 的单因子解中 {items} 的残差方差为负，"
                "单因子不能描述这些题项，请勿使用 ω。",
            ),
            [tally.items[p] for p in fit.improper],
        )
    loading = fit.loadings / np.sqrt(np.diagonal(cov))
    return rel.omega_total(fit, cov), rel.omega_total(fit, cov, variance="observed"), lambda6, loading


def _ordinal_alpha(tally: Tally, doubts: Doubts) -> float:
    from csat.numerics.ordinal import polychoric_matrix

    k = len(tally.items)
    if not all(tally.has_categories(i) for i in range(k)):
        return np.nan
    try:
        found = polychoric_matrix([tally.joint(i, j) for i in range(k) for j in range(i + 1, k)])
        return rel.standardised_alpha(found.correlation)
    except NumericsError as error:
        doubts.add(
            "no_ordinal_alpha",
            Text(
                "{construct}: the polychoric correlations could not be computed, so there is no "
                "ordinal alpha.",
                "{construct}：无法计算多分格相关，因此没有有序 α。",
            ),
            [tally.items[p] for p in error.positions if p < k],
        )
        return np.nan
