"""Do the items measure the same in every group? Configural, metric, scalar, strict (METHODS 8, Groups).

A level is kept when the fit hardly falls; where it falls, the equality with the largest score test is let
go, one after another, while two items of each construct stay equal (partial invariance).

References
----------
Meredith (1993); Byrne, Shavelson & Muthen (1989); Cheung & Rensvold (2002); Chen (2007).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from csat.analyses.invariance.groups import ground_of, samples_of
from csat.analyses.invariance.ladder import Ladder
from csat.analyses.invariance.meaning import comparable_of, improper, latent_means, verdict_of
from csat.analyses.invariance.result import (
    LEVELS,
    Invariance,
)
from csat.analyses.result import Base, Caution
from csat.analyses.structural.answers import Answers, unequal
from csat.analyses.structural.setup import measurement_part
from csat.errors import BadInput, UnknownName
from csat.instrument.parameters import parameter_table
from csat.instrument.statements import Model
from csat.instrument.syntax import parse_model
from csat.language import Text
from csat.numerics.estimators import METHODS, WEIGHTED_AS
from csat.numerics.invariance import Step

if TYPE_CHECKING:
    pass

WEIGHTED = Text(
    "The answers are weighted, so {asked} is fitted as {used}, whose errors and tests know of the weights; "
    "each group counts by the sum of its weights.",
    "回答已加权，因此 {asked} 改用 {used}，其标准误与检验考虑了权重；各组按权重之和计入。",
)

Array = NDArray[np.float64]


def invariance(
    model: Model | str,
    groups: Mapping[str, Answers],
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    levels: Sequence[Step] = LEVELS,
    ordered: bool = False,
    partial: bool = True,
    group: Text | None = None,
    titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
) -> Invariance:
    """Configural, metric, scalar and strict invariance of a measurement model across groups.

    The first loading of a construct is 1 in every group, its mean 0 in the first group and free in the others
    from the scalar level on. Each level is compared with the one before, as that was left.

    Parameters
    ----------
    model : parsed, or text in lavaan syntax; its paths are left out. groups : answers by group; the first is
    what the others are compared with. missing : "listwise" or "fiml" (ML, MLR). levels : from "configural"
    upward. ordered : all items are ordered categories (WLSMV and its family): thresholds take the place of
    intercepts. partial : where a level does not hold, let go the equality with the
    largest score test, at least two items a construct staying equal, until it does; an item whose loading was
    let go keeps its own intercept. With weights ML, GLS, ULS and DWLS become MLR, GLSM, ULSM and WLSM.

    Raises
    ------
    UnknownName : the model names an item that the answers do not hold. BadInput : an unknown option.
    CannotCompute : fewer than two groups can be fitted (their sizes are
    said), or an item is constant in one of them.
    """
    wanted = _checked(estimator, missing, levels, ordered)
    whole = measurement_part(parse_model(model) if isinstance(model, str) else model)
    table = parameter_table(whole, mean_structure=not ordered)
    if table.rules or table.thresholds:
        rule = next((f"{r.left} {r.operator} {r.right}" for r in table.rules), "")
        raise BadInput(
            f"the rule '{rule}' cannot be held in every group"
            if rule
            else "the model speaks of single thresholds",
            where="the model",
            right="A test of invariance sets equalities itself",
            do="Leave the line out",
        )
    group = group or Text("group", "组别")
    samples, kept, cautions = samples_of(table, groups, missing, ordered)
    if estimator in WEIGHTED_AS and not ordered and unequal(kept.values()):
        used = WEIGHTED_AS[estimator]
        cautions = (*cautions, Caution("weighted", WEIGHTED.fill(asked=estimator, used=used)))
        estimator = used
    names, sizes = tuple(kept), tuple(len(a.rows) for a in kept.values())
    ground = ground_of(table, samples, ordered)
    ladder = Ladder(ground, samples, names, estimator, partial)
    ladder.climb(wanted)
    wrong = improper(ground, ladder.fits[0], names)
    cautions = (*cautions, *wrong, *ladder.cautions)
    accepted = None if wrong else ladder.accepted
    weights = [np.ones(len(a.rows)) if a.weights is None else a.weights for a in kept.values()]
    total, squares = sum(float(w.sum()) for w in weights), sum(float((w**2).sum()) for w in weights)
    found = Invariance(
        base=Base(
            respondents=sum(sizes),
            effective_n=total**2 / squares,
            missing=missing,
            rows=sum(len(a.rows) for a in groups.values()),
            weighted=any(a.weights is not None for a in kept.values()),
            instrument=next(iter(kept.values())).instrument,
        ),
        cautions=cautions,
        model=whole.text or whole.to_text(),
        estimator=estimator,
        ordered=ordered,
        group=group,
        groups=names,
        n=sizes,
        items=table.observed,
        constructs=table.latents,
        comparable=comparable_of(accepted),
        accepted=accepted,
        levels=tuple(ladder.rungs),
        releases=tuple(ladder.releases),
        means=latent_means(ladder, names, confidence),
        titles=dict(titles or {}),
    )
    return replace(found, verdict=verdict_of(found))


def _checked(estimator: str, missing: str, levels: Sequence[Step], ordered: bool) -> tuple[Step, ...]:
    if estimator not in METHODS:
        raise BadInput(f"the estimator is '{estimator}'", right=f"The estimators are: {', '.join(METHODS)}")
    for level in levels:
        if level not in LEVELS:
            raise UnknownName("level", level, LEVELS)
    if "configural" not in levels:
        raise BadInput("the levels leave out configural", right="The others are compared with it")
    if missing not in ("listwise", "fiml"):
        raise UnknownName("policy for missing answers", missing, ("listwise", "fiml"))
    if missing == "fiml" and (estimator not in ("ML", "MLR") or ordered):
        raise BadInput("full information goes with ML and MLR, without ordered items")
    if ordered and METHODS[estimator].discrepancy in ("ML", "GLS"):
        raise BadInput(
            f"the estimator is '{estimator}' and items are ordered",
            right="With ordered items the estimators are WLSMV, DWLS, ULSMV, ULS and WLS",
        )
    return tuple(level for level in LEVELS if level in levels)
