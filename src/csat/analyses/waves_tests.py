"""What each wave says of a measure, and the test of its change between two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import EFFECTIVE_N_SMALL
from csat.analyses.waves_result import KINDS, Against, Untested
from csat.analyses.waves_samples import Matched, Side
from csat.numerics import changes as co
from csat.numerics.design import share_interval_of_design
from csat.numerics.intervals import Adjustment, adjust_p, mean_interval, share_interval
from csat.responses.measures import Kind

Array = NDArray[np.float64]


def interval(mean: co.SampleMean, kind: Kind, *, is_simple: bool, confidence: float) -> tuple[float, float]:
    """Of a mean by t; of a top share by Wilson, under a design at its effective n."""
    if kind != "top2":
        lower, upper = mean_interval(
            mean.mean, mean.se, df=mean.df if mean.df > 0 else np.nan, confidence=confidence
        )
        return float(lower), float(upper)
    if mean.n == 0:
        return math.nan, math.nan
    if is_simple:
        lower, upper = share_interval(mean.mean * mean.n, mean.n, confidence=confidence)
        return float(lower), float(upper)
    return share_interval_of_design(
        mean.mean, mean.se, n=mean.effective_n, confidence=confidence, method="wilson"
    )


def tested(
    first: Side,
    second: Side,
    kind: Kind,
    *,
    gated: bool,
    is_simple: bool,
    independent: bool,
    matched: Matched | None,
    confidence: float,
    power: float,
) -> tuple[Untested, dict[str, float]]:
    """Why there is no test, or the test.

    gated : means may not be compared. is_simple : no wave has weights or a design. independent : the two
    sides hold different respondents. matched : rows of the same respondents, of a panel.
    """
    one, two = first.mean, second.mean
    if one.n == 0 or two.n == 0:
        return "not asked", {}
    if gated:
        return "not invariant", {}
    found, n = _difference(
        first, second, independent=independent, matched=matched, confidence=confidence, power=power
    )
    shown = {"change": float(found.difference)}
    if n < EFFECTIVE_N_SMALL.value:
        return "few", shown
    if kind == "top2":
        shown["effect"] = float(co.cohen_h(np.clip(one.mean, 0, 1), np.clip(two.mean, 0, 1)))
    else:
        shown["effect"] = float(co.cohen_d(found.difference, one.sd, one.n, two.sd, two.n))
    statistic, df, p = float(found.t), float(found.df), float(found.p)
    lower, upper = float(found.ci_lower), float(found.ci_upper)
    if kind == "top2" and is_simple and matched is None:
        share = co.share_difference(one.mean, one.n, two.mean, two.n, confidence=confidence)
        statistic, df, p = float(share.z), math.inf, float(share.p)
        lower, upper = float(share.ci_lower), float(share.ci_upper)
    if not math.isfinite(statistic):
        return "no spread", shown
    return "", shown | {
        "se": float(found.se),
        "lower": lower,
        "upper": upper,
        "statistic": statistic,
        "df": df,
        "p": p,
        "detectable": float(found.detectable),
    }


def _difference(
    first: Side, second: Side, *, independent: bool, matched: Matched | None, confidence: float, power: float
) -> tuple[co.MeanDifference, int]:
    """The difference of the means, and the answers of the smaller side."""
    if matched is not None:
        change = second.sample.values[matched[1]] - first.sample.values[matched[0]]
        weights = None if second.sample.weights is None else second.sample.weights[matched[1]]
        found = co.paired_difference(co.Sample(change, weights), confidence=confidence, power=power)
        return found, int(np.count_nonzero(~np.isnan(change)))
    n = min(first.mean.n, second.mean.n)
    simple = first.sample.is_simple and second.sample.is_simple
    if simple or (independent and not (first.sample.has_design or second.sample.has_design)):
        freedom: Literal["welch", "design"] = "welch" if simple else "design"
        return co.compare_means(
            first.mean, second.mean, freedom=freedom, confidence=confidence, power=power
        ), n
    return co.compare_samples(
        first.sample, second.sample, independent=independent, confidence=confidence, power=power
    ), n


def adjusted(p: Array, kinds: Sequence[Kind], against: Against, method: Adjustment) -> Array:
    """(m, c) p-values adjusted over a kind within a comparison, of groups over all of a measure."""
    out = np.full(p.shape, np.nan)
    if against in ("rest", "pairs"):
        for i in range(len(p)):
            out[i] = adjust_p(p[i], method=method)
        return out
    for kind in KINDS:
        rows = [i for i, k in enumerate(kinds) if k == kind]
        for c in range(p.shape[1]):
            out[rows, c] = adjust_p(p[rows, c], method=method)
    return out
