"""How many respondents a survey needs, from which strata, and how close it will come."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from csat.analyses.figures import FIGURES_GIVEN
from csat.analyses.planning_doubts import doubts_of
from csat.analyses.planning_result import Plan, Stratum
from csat.analyses.planning_sizes import WORST_SHARE, Estimate, conventions_of, shown_sizes
from csat.analyses.planning_strata import MOST_ANSWERS, Split, population_of
from csat.analyses.planning_words import ALLOCATIONS, QUANTITIES, Drawn, Quantity
from csat.errors import BadInput, NumericsError
from csat.numerics import sampling as sa
from csat.numerics.intervals import normal_quantile


def planning(
    quantity: Quantity = "share",
    *,
    margin: float | None = None,
    n: int | Sequence[int] = (),
    share: float = WORST_SHARE,
    sd: float | None = None,
    promoters: float | None = None,
    detractors: float | None = None,
    population: float | None = None,
    correction: sa.Correction = "n0 - 1",
    confidence: float = 0.95,
    deff: float = 1.0,
    response: float = 1.0,
    strata: Sequence[Stratum] = (),
    allocation: sa.Allocation = "proportional",
    drawn: Drawn = "random",
) -> Plan:
    """Plan a survey: the sample a margin needs, or the margin a sample gives, and its strata.

    Parameters
    ----------
    quantity : what is estimated. share : of `share`, margin 0-1. mean : of `sd`, margin in its unit. nps :
        of `promoters` and `detractors` (shares; default equal halves, the worst case), margin in points.
        index : of `sd` in points (default 20), margin in points.
    margin : half width of the interval asked for.
    n : sizes whose margin is asked for; the first is allocated to the strata when no margin is given.
    population : number of people there are; the sum of the strata when these are given.
    correction : convention of the finite population correction.
    deff, response : the plan takes n deff / response questionnaires.
    drawn : a convenience sample gets its margins with a caution that they do not apply.

    Raises
    ------
    BadInput : neither margin nor n, words that are not known, strata that do not sum to the population,
        impossible figures; the text names the stratum.
    """
    _check_words(quantity, allocation, correction, drawn)
    sizes = (n,) if isinstance(n, int) else tuple(n)
    if margin is None and not sizes:
        raise BadInput(
            "a plan needs a margin or a number of answers",
            right="margin=0.05 asks for the size that gives ±5 points; n=460 for the margin of 460 answers",
        )
    wrong = next((s for s in sizes if not 1 <= s <= MOST_ANSWERS), None)
    if wrong is not None:
        raise BadInput(
            f"{wrong} answers are no sample", right=f"n is a whole number of 1 to {MOST_ANSWERS:,}"
        )
    if not 0 < confidence < 1:
        raise BadInput(f"the confidence is {confidence:g}", right="It lies between 0 and 1, such as 0.95")
    if not 0 < deff < math.inf:
        raise BadInput(
            f"the design effect is {deff:g}", where="the plan", right="It is a finite number above 0"
        )
    whole = population_of(population, strata)
    z = normal_quantile(confidence)
    names = [s.name for s in strata]
    try:
        of = Estimate(quantity, share, sd, promoters, detractors, z)
        unit = 100.0 if quantity == "nps" else 1.0
        conventions = (
            () if margin is None else conventions_of(of, margin / unit, whole, correction, confidence)
        )
        answers = int(min(sa.rounded_up(conventions[0].n * deff), whole)) if conventions else sizes[0]
        if answers > MOST_ANSWERS:
            raise BadInput(f"a margin of {margin:g} needs {answers:.2g} answers", do="Ask for a wider margin")
        sent = sa.rounded_up(
            sa.inflated(conventions[0].n if conventions else answers / deff, deff=deff, response=response)
        )
        shown = np.array(shown_sizes(answers, sizes, whole), dtype=np.int64)
        cost = math.sqrt(deff)
        margins, plain = cost * unit * of.margin(shown, whole), cost * unit * of.margin(shown, math.inf)
        split = Split.of(answers, strata, allocation, of, cost * unit, z)
    except NumericsError as error:
        raise BadInput(str(error.named(names)), where="the plan") from error
    return Plan(
        base=FIGURES_GIVEN,
        cautions=doubts_of(answers, conventions, deff, whole, sent, drawn, quantity, sd),
        quantity=quantity,
        margin=math.nan if margin is None else margin,
        confidence=confidence,
        population=whole,
        spread=unit * of.spread,
        deff=deff,
        response=response,
        n=answers,
        n_sent=sent,
        reached=float(margins[int(np.flatnonzero(shown == answers)[0])]),
        conventions=conventions,
        sizes=shown,
        margins=margins,
        margins_uncorrected=plain,
        strata=tuple(strata),
        allocation=allocation,
        allocated=split.allocated,
        stratum_margins=split.margins,
        base_weights=split.weights,
        deff_allocation=split.deff,
        stratified_margin=split.margin,
    )


def _check_words(quantity: str, allocation: str, correction: str, drawn: str) -> None:
    for given, known, what in (
        (quantity, tuple(QUANTITIES), "quantity"),
        (allocation, tuple(ALLOCATIONS), "allocation"),
        (correction, ("n0 - 1", "n0"), "correction"),
        (drawn, ("random", "convenience"), "drawn"),
    ):
        if given not in known:
            raise BadInput(f"{what} is '{given}'", right=f"It is one of {', '.join(known)}")
