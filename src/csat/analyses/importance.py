"""How much each item matters for an outcome: from the tally, and in every keyed replicate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Caution
from csat.errors import BadInput, CannotCompute, NumericsError, listed
from csat.language import Text
from csat.numerics.importance import Measure, importance, with_mean_of
from csat.numerics.linalg import is_positive_definite
from csat.numerics.regression import Shapley, relative_weights, shapley_shares
from csat.numerics.replicate_moments import Missing, moments, replicate_moments
from csat.numerics.replication import Replication
from csat.tally.tally import Tally

Array = NDArray[np.float64]

NAMES: Mapping[Measure, str] = {
    "LMG": "LMG share",
    "relative weight": "relative weight",
    "|r|": "|r|",
    "beta": "beta",
    "partial r": "partial r",
}
"""What a measure is called in results."""
EXACT_IN_REPLICATES = 15
"""Drivers up to which LMG is exact in every replicate: 1000 replicates of 15 take 1.4 s."""


def derived_importance(
    tally: Tally, *, outcome: Sequence[str], items: Sequence[str], measure: Measure = "LMG"
) -> tuple[Array, str, tuple[Caution, ...]]:
    """Importance of items for the mean of the outcome items, from the correlations of the tally.

    The correlation with the mean of k outcomes is sum_k r_ik s_k / sqrt(sum_jk r_jk s_j s_k), s_k the
    standard deviation of outcome k on 0-1 of its scale (its own where it has none).

    Parameters
    ----------
    measure : `LMG` (the item's average gain in R2 over all orders of entry; exact up to `EXACT_DRIVERS`
        items, beyond which orders are sampled and the error of that is said), `relative weight` (Johnson),
        `|r|`, `beta`, `partial r`.

    Returns
    -------
    (p,) importance, NaN for an item without variance; the name of the measure used; cautions.

    Raises
    ------
    BadInput : an item is also an outcome, no items. CannotCompute : the outcome does not vary.
    """
    both = [i for i in items if i in outcome]
    if both or not items or not outcome:
        raise BadInput(
            f"{listed(both)} cannot explain itself" if both else "importance needs items and an outcome",
            where="derived importance",
            do="Leave the outcome out of the items" if both else "Name both",
        )
    chosen = tally.select([*items, *outcome])
    p = len(items)
    correlation = chosen.correlation()
    spread = np.sqrt(np.diag(chosen.covariance())) / spans_of(chosen)
    r, to_outcome = correlation[:p, :p], _with_mean(correlation, spread, p)
    if not np.isfinite(to_outcome).any():
        raise CannotCompute(
            f"the outcome {listed(list(outcome))} does not vary, so nothing can explain it",
            where="derived importance",
            do="Use stated importance, or another outcome",
        )
    values = np.full(p, np.nan)
    varies = np.isfinite(to_outcome)
    kept = np.flatnonzero(varies)
    own, ry = r[np.ix_(kept, kept)], to_outcome[kept]
    cautions = []
    if measure == "|r|":
        values[kept] = np.abs(ry)
        return values, "|r|", ()
    if not _is_proper(own, ry):
        values[kept] = np.abs(ry)
        return values, "|r|", (_improper(),)
    if measure in ("beta", "partial r"):
        values[kept] = importance(own[..., None], ry[:, None], measure)[:, 0]
        return values, measure, ()
    try:
        if measure == "LMG":
            found = shapley_shares(own, ry)
            values[kept] = found.shares
            if found.orderings:
                cautions.append(_sampled(found))
        else:
            values[kept] = relative_weights(own, ry)
    except NumericsError:
        values[kept] = np.abs(ry)
        return values, "|r|", (_improper(),)
    return values, "LMG share" if measure == "LMG" else measure, tuple(cautions)


def importance_replicates(
    columns: Array,
    *,
    drivers: int,
    spans: Array,
    measures: Sequence[Measure],
    weights: Array | None,
    rows: NDArray[np.signedinteger[Any]],
    missing: Missing,
    replicates: int,
    seed: int = 0,
    replication: Replication | None = None,
) -> dict[str, tuple[Array, Array]]:
    """Importance of the first columns for the mean of the others: measure to (p,) and (p, R) replicates.

    LMG above `EXACT_IN_REPLICATES` drivers: exact or sampled in all rows, and in a replicate that plus the
    change of Johnson's relative weight, which moves with it (correlation over replicates .9 to .97) at a
    thousandth of the cost.

    Parameters
    ----------
    columns : (n, p + k) answers or scores, outcomes last, NaN where silent. spans : (k,) lengths of their
        scales. missing : as `replicate_moments`, whose replicates these are.
    """
    wanted = list(dict.fromkeys(measures))
    many_drivers = drivers > EXACT_IN_REPLICATES
    unit = np.concatenate([np.ones(drivers), spans])[:, None]

    def found(correlation: Array, sd: Array) -> list[Array]:
        to_outcome = with_mean_of(correlation, sd / unit, drivers)
        return [
            importance(
                correlation[:drivers, :drivers],
                to_outcome,
                "relative weight" if m == "LMG" and many_drivers else m,
            )
            for m in wanted
        ]

    whole = moments(columns, weights=weights, missing=missing)
    one = found(whole.correlation, whole.sd)
    shift: list[Array | float] = [0.0] * len(wanted)
    if "LMG" in wanted and many_drivers:
        k = wanted.index("LMG")
        lmg = _lmg(whole.correlation[..., 0], with_mean_of(whole.correlation, whole.sd / unit, drivers)[:, 0])
        shift[k] = lmg[:, None] - one[k]
    many = [
        found(m.correlation, m.sd)
        for m in replicate_moments(
            columns,
            weights=weights,
            rows=rows,
            replicates=replicates,
            seed=seed,
            missing=missing,
            replication=replication,
        )
    ]
    return {
        NAMES[m]: (
            (one[k] + shift[k])[:, 0],
            np.hstack([np.empty((drivers, 0)), *(part[k] + shift[k] for part in many)]),
        )
        for k, m in enumerate(wanted)
    }


def _lmg(correlation: Array, to_outcome: Array) -> Array:
    """(p,) LMG shares; NaN where the correlations are improper."""
    p = len(to_outcome)
    r = correlation[:p, :p]
    if not _is_proper(r, to_outcome):
        return np.full(p, np.nan)
    try:
        return shapley_shares(r, to_outcome).shares
    except NumericsError:
        return np.full(p, np.nan)


def spans_of(tally: Tally) -> Array:
    """Length of each item's scale, 1 for a measured quantity: outcomes of different scales weigh the same."""
    return np.array([s.maximum - s.minimum if s is not None else 1.0 for s in tally.scales])


def _with_mean(correlation: Array, spread: Array, p: int) -> Array:
    s = spread[p:]
    variance = float(s @ correlation[p:, p:] @ s)
    if not variance > 0:
        return np.full(p, np.nan)
    return np.asarray(correlation[:p, p:] @ s / math.sqrt(variance))


def _is_proper(r: Array, ry: Array) -> bool:
    """Whether items and outcome together have a positive definite matrix: pairwise ones need not."""
    whole = np.block([[r, ry[:, None]], [ry, 1.0]])
    return bool(np.isfinite(whole).all()) and is_positive_definite(whole)


def _improper() -> Caution:
    return Caution(
        "correlations improper",
        Text(
            "The correlations contradict each other (each pair rests on other respondents) or some items "
            "say the "
            "same, so R² cannot be divided among the items; importance is the plain correlation |r|.",
            "各题项的相关系数相互矛盾（每一对依据的受访者不同）或有题项重复，无法在题项之间分解 R²；"
            "此处以相关系数绝对值 |r| 作为重要性。",
        ),
    )


def _sampled(found: Shapley) -> Caution:
    error = float(found.monte_carlo_se.max())
    return Caution(
        "LMG sampled",
        Text(
            "LMG shares of {p} items are means over {n} sampled orders of entry: Monte-Carlo error at most "
            "{e} (largest share {largest}). In the replicates they move as Johnson's relative weights do.",
            "{p} 个题项的 LMG 贡献为 {n} 种随机进入次序的均值：蒙特卡罗误差不超过 {e}（最大贡献 {largest}）。"
            "重抽样中随约翰逊相对权重变动。",
        ).fill(
            p=len(found.shares),
            n=f"{found.orderings:,}",
            e=f"{error:.5f}",
            largest=f"{found.shares.max():.3f}",
        ),
    )
