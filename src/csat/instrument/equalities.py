"""What groups have in common: kinds of parameters held equal across them, by lavaan's words.

References
----------
Rosseel (2012), Journal of Statistical Software 48(2), section on multiple groups.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

from csat.errors import UnknownName
from csat.instrument.statements import COVARIES, INTERCEPT, MEASURES, REGRESSED_ON, Model

if TYPE_CHECKING:
    from csat.instrument.parameters import Parameter

Equality = Literal[
    "loadings",
    "intercepts",
    "means",
    "thresholds",
    "regressions",
    "residuals",
    "residual.covariances",
    "lv.variances",
    "lv.covariances",
]
"""What groups may have in common (`group.equal`)."""
EQUALITIES: tuple[str, ...] = get_args(Equality)


def alike(
    by_group: Sequence[Sequence[Parameter]],
    model: Model,
    covariates: Collection[str],
    equal: Collection[str],
    partial: Collection[str],
    *,
    std_lv: bool,
) -> list[list[Parameter]]:
    """The rows of each group after what groups have in common: a label of ours (`.p2.`) for what is equal.

    A row the model labels itself is as its label says. With intercepts (or thresholds) equal the means of
    constructs are free in the groups after the first, unless means are equal too; means of constructs that
    constructs measure stay 0, which lavaan would leave unidentified.

    Parameters
    ----------
    by_group : the rows of each group, place by place the same. covariates : whose moments the data give.
    equal : of `EQUALITIES`. partial : equalities let go all the same, as `Image =~ image_2`.

    Raises
    ------
    UnknownName : an equality, or one let go, that is not there.
    """
    for kind in equal:
        if kind not in EQUALITIES:
            raise UnknownName("equality of groups", kind, EQUALITIES)
    names = [_written(row) for row in by_group[0]]
    loose = {"".join(name.split()) for name in partial}
    if unknown := loose - set(names):
        raise UnknownName("parameter", min(unknown), names, where="group_partial")
    latents = set(model.latents)
    higher = {f for f in latents if latents.intersection(model.items_of(f))}
    own_means = bool({"intercepts", "thresholds"}.intersection(equal)) and "means" not in equal
    own_scale = std_lv and "loadings" in equal and "lv.variances" not in equal
    found = [list(rows) for rows in by_group]
    for i, first in enumerate(found[0]):
        of_latent = first.left in latents and not first.said
        mean = of_latent and first.operator == INTERCEPT and first.left not in higher
        variance = of_latent and first.operator == COVARIES and first.left == first.right
        if (own_means and mean) or (own_scale and variance):
            for rows in found[1:]:
                rows[i] = replace(rows[i], free=True, value=math.nan)
        elif _kind(first, latents, covariates) in equal and names[i] not in loose:
            for rows in found:
                if not rows[i].label and not rows[i].exogenous:
                    rows[i] = replace(rows[i], label=f".p{i + 1}.")
    return found


def _written(row: Parameter) -> str:
    return f"{row.left}{row.operator}{row.right}"


def _kind(row: Parameter, latents: Collection[str], covariates: Collection[str]) -> str:
    """Of `EQUALITIES`; empty for moments of covariates and what no equality is about."""
    if row.operator == MEASURES:
        return "loadings"
    if row.operator == REGRESSED_ON:
        return "regressions"
    if row.operator == INTERCEPT:
        return "means" if row.left in latents else "" if row.left in covariates else "intercepts"
    if row.operator != COVARIES or row.left in covariates or row.right in covariates:
        return ""
    latent = [n in latents for n in (row.left, row.right)]
    if row.left == row.right:
        return "lv.variances" if latent[0] else "residuals"
    return "lv.covariances" if all(latent) else "" if any(latent) else "residual.covariances"
