"""Answers are drawn: from the population stated for an instrument, or from that of a published study."""

from __future__ import annotations

import numpy as np

from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Instrument
from csat.language import Text
from csat.simulate.cells import Columns
from csat.simulate.stated import Population
from csat.simulate.studies import DRAWS, RECIPES
from csat.simulate.words import NO_ANSWER_SHARE, NOT_APPLICABLE_SHARE, text_of

RESPONDENTS = 400
"""Drawn when no number is asked for."""


def simulate(
    instrument: Instrument,
    n: int | None = None,
    seed: int | None = None,
    *,
    recipe: str | None = None,
    no_answer: float = NO_ANSWER_SHARE,
    not_applicable: float = NOT_APPLICABLE_SHARE,
) -> Columns:
    """Draw answers: columns of raw codes by id, as a file would hold them.

    Parameters
    ----------
    n, seed : respondents and seed; by default those of the recipe, else `RESPONDENTS` and 0.
    recipe : one of `RECIPES`; None draws from `population(instrument)`.
    no_answer, not_applicable : share of the cells that hold such a code, where the instrument declares one.

    Raises
    ------
    UnknownName : no such recipe. BadInput : a recipe of another instrument or number of respondents, n < 1, a
    share outside 0 to 1.
    """
    for name, share in (("no_answer", no_answer), ("not_applicable", not_applicable)):
        if not 0 <= share < 1:
            raise BadInput(f"{name} is {share}", right="It is a share from 0 to below 1")
    if n is not None and n < 1:
        raise BadInput(f"{n} respondents cannot be drawn", right="At least 1")
    if recipe is None:
        drawn = Population.of(instrument)
        rng = np.random.default_rng(0 if seed is None else seed)
        shares = (no_answer, not_applicable)
        return drawn.columns(RESPONDENTS if n is None else n, rng, silent=shares)
    if recipe not in RECIPES:
        raise UnknownName("recipe", recipe, RECIPES)
    plan = RECIPES[recipe]
    if instrument.id != plan.instrument:
        raise BadInput(
            f"recipe '{recipe}' is of instrument '{plan.instrument}', not '{instrument.id}'",
            do="Name that instrument, or leave the recipe out",
        )
    if plan.fixed and n not in (None, plan.respondents):
        raise BadInput(
            f"recipe '{recipe}' has {plan.respondents} respondents, not {n}",
            right="Its published figures hold for that number",
            do="Leave the number out, or leave the recipe out",
        )
    return DRAWS[recipe](
        instrument, plan.respondents if n is None else n, plan.seed if seed is None else seed
    )


def population(instrument: Instrument, *, recipe: str | None = None) -> Text:
    """What `simulate` draws from, in words: every path, loading and planted difference."""
    if recipe is None:
        return text_of(Population.of(instrument))
    if recipe not in RECIPES:
        raise UnknownName("recipe", recipe, RECIPES)
    return RECIPES[recipe].text
