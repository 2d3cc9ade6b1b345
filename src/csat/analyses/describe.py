"""What was answered: frequencies, means with their intervals, shape, boxes and silence of each item."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from csat.analyses.choices import ChoiceShares
from csat.analyses.describe_doubts import doubts_of, verdict_of
from csat.analyses.describe_figures import FEWEST_WITH_INTERVAL, by_design, item_figures, wilson
from csat.analyses.describe_result import Description
from csat.analyses.result import Base
from csat.errors import CannotCompute
from csat.language import Text
from csat.numerics import descriptives as de
from csat.numerics.intervals import mean_interval
from csat.responses.responses import Responses
from csat.tally.tally import Tally


def describe(
    tally: Tally,
    *,
    confidence: float = 0.95,
    titles: Mapping[str, Text] | None = None,
    turned: Collection[str] | None = None,
    shape_type: de.ShapeType = 2,
    choices: Sequence[ChoiceShares] = (),
    drawn: Responses | None = None,
) -> Description:
    """Frequencies, means, spread, shape, boxes and silence of each item.

    Means use all answered cells. Intervals: t with n - 1 df about the mean (design-based standard errors when
    weighted); Wilson for shares, on the effective n of the item when weighted.

    Parameters
    ----------
    tally : of the items, every row that was read. confidence : coverage of the intervals. titles : wording by
        item. turned : items turned when bound, so that labels of their categories are turned too; default
        those on a scale whose higher codes are worse.
    shape_type : convention of skewness and kurtosis (2 is that of SPSS, SAS, pandas). choices : of the
        questions with several answers.
    drawn : the same respondents with a design (strata, clusters, populations): errors of means and shares are
        then linearised over it, with t on clusters - strata degrees of freedom, as R survey's svymean; shares
        by Wilson at their effective n under the design, p q / se^2.

    Raises
    ------
    CannotCompute : no item was answered by anybody.
    """
    p = len(tally.items)
    answered, effective = tally.answered(), tally.item_effective_n()
    if not answered.any():
        raise CannotCompute(
            f"nobody answered any of the {p} items",
            do="Check that the columns hold answers and not only silence",
        )
    mean, se = tally.means(), tally.mean_se()
    lower, upper = mean_interval(
        mean, se, df=np.where(answered >= FEWEST_WITH_INTERVAL, answered - 1.0, np.nan), confidence=confidence
    )
    found = item_figures(tally, mean=mean, shape_type=shape_type)
    top, bottom = (wilson(found.numbers[name], effective, confidence) for name in ("top2", "bottom2"))
    design = None if drawn is None else drawn.design
    if drawn is not None and design is not None:
        se, effective, (top, bottom) = by_design(drawn, design, tally, confidence)
        lower, upper = mean_interval(mean, se, df=float(design.df), confidence=confidence)
    return Description(
        base=Base.of(tally, "listwise" if tally.complete else "available"),
        cautions=doubts_of(tally, found.numbers, answered),
        verdict=verdict_of(tally),
        items=tally.items,
        n_answered=answered,
        effective_n=effective,
        silence=tally.silence(),
        mean=mean,
        se=se,
        ci_lower=lower,
        ci_upper=upper,
        **found.numbers,
        top2_lower=top[0],
        top2_upper=top[1],
        bottom2_lower=bottom[0],
        bottom2_upper=bottom[1],
        categories=found.categories,
        counts=found.counts,
        shares=found.shares,
        shape_type=shape_type,
        share_method="Wilson (effective n)" if tally.weighted or drawn is not None else "Wilson",
        strata=0 if design is None else len(design.population),
        clusters=0 if design is None else design.clusters,
        confidence=confidence,
        titles={k: v for k, v in (titles or {}).items() if k in tally.items},
        turned=_turned(tally, turned),
        scales=tally.scales,
        choices=tuple(choices),
    )


def _turned(tally: Tally, named: Collection[str] | None) -> tuple[str, ...]:
    if named is not None:
        return tuple(i for i in tally.items if i in named)
    pairs = zip(tally.items, tally.scales, strict=True)
    return tuple(i for i, scale in pairs if scale is not None and scale.higher_is == "worse")
