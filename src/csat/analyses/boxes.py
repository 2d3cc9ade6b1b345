"""Single-question scores of boxes: the satisfied share (CSAT) and the ease of it (CES)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Base, Result
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute
from csat.language import Text
from csat.numerics.intervals import mean_interval, share_interval
from csat.numerics.scores import linearised_se, mean_influence, weighted_means
from csat.responses.groups import kish
from csat.responses.responses import Responses

if TYPE_CHECKING:
    pass

Array = NDArray[np.float64]
BoxKind = Literal["CSAT", "CES"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Boxes(Result):
    """The share of the best answers to one item, and its mean, made by `csat_top2` and `effort`."""

    title = Text("Share of the best answers", "最佳回答占比")
    name = "boxes"

    kind: BoxKind
    item: str
    item_title: Text
    boxes: int
    """How many of the highest answers count."""
    share: float
    share_lower: float
    share_upper: float
    mean: float
    mean_se: float
    mean_lower: float
    mean_upper: float
    score: float
    """The mean on 0-100."""
    confidence: float

    def tables(self) -> dict[str, Table]:
        """`boxes`: share, mean and score."""
        best = Text("Share of the {k} best answers", "最佳 {k} 项占比").fill(k=self.boxes)
        return {
            "boxes": Table(
                {
                    "measure": [
                        Text("{kind}: {best}, %", "{kind}：{best}（%）").fill(kind=self.kind, best=best),
                        Text("Mean answer", "平均回答"),
                        Text("Mean, 0-100 rescale", "均值（0–100 换算）"),
                    ],
                    "value": [100 * self.share, self.mean, self.score],
                    "ci_lower": [100 * self.share_lower, self.mean_lower, math.nan],
                    "ci_upper": [100 * self.share_upper, self.mean_upper, math.nan],
                },
                title=Text("{kind} of '{item}'", "“{item}”的 {kind}").fill(
                    kind=self.kind, item=self.item_title
                ),
                notes=[
                    Text(
                        "Share: Wilson interval on the effective n. Mean: linearised. Higher is better: "
                        "answers are turned as the instrument says.",
                        "占比：基于有效样本量的 Wilson 区间。均值：线性化方法。越高越好：已按问卷设定反转。",
                    )
                ],
                labels={
                    "ci_lower": Text(
                        f"{100 * self.confidence:g}% CI, lower", f"{100 * self.confidence:g}% 置信下限"
                    ),
                    "ci_upper": Text(
                        f"{100 * self.confidence:g}% CI, upper", f"{100 * self.confidence:g}% 置信上限"
                    ),
                },
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """The share with its interval."""
        return (
            Text(
                "{kind} {share} ({lower} to {upper}): the {k} best answers; mean {mean}.",
                "{kind} {share}（{lower} 至 {upper}）：最佳 {k} 项占比；均值 {mean}。",
            ).fill(
                kind=self.kind,
                share=f"{self.share:.1%}",
                lower=f"{self.share_lower:.1%}",
                upper=f"{self.share_upper:.1%}",
                k=self.boxes,
                mean=f"{self.mean:.2f}",
            ),
        )


def csat_top2(responses: Responses, *, item: str, confidence: float = 0.95) -> Boxes:
    """CSAT: the share of the two highest answers to a satisfaction item ("top-2")."""
    return _boxes(responses, item, "CSAT", 2, confidence)


def effort(responses: Responses, *, item: str, confidence: float = 0.95) -> Boxes:
    """CES: mean of an 'it was easy' item and the share of its upper answers: 5-7 of 7, 4-5 of 5.

    An older item that asks for effort runs the other way: declare its scale `higher_is = "worse"`, and its
    answers are turned when bound.
    """
    scale = responses.instrument.item(item).scale
    return _boxes(responses, item, "CES", 2 if scale is None else (scale.points - 1) // 2, confidence)


def _boxes(responses: Responses, item: str, kind: BoxKind, boxes: int, confidence: float) -> Boxes:
    asked = responses.instrument.item(item)
    scale = asked.scale
    if scale is None or scale.points < 2 * boxes:
        raise BadInput(
            f"item '{item}' has no {boxes} best answers",
            right=f"A declared scale of at least {2 * boxes} answers",
            do="Declare its scale, or take its mean (csat describe)",
        )
    x = responses.answers([item])
    rows = np.flatnonzero(~np.isnan(x[:, 0]))
    if not len(rows):
        raise CannotCompute(f"nobody answered '{item}'", where=kind)
    w = responses.weights
    values = np.column_stack([x[:, 0] > scale.maximum - boxes, x[:, 0]])[rows].astype(float)
    own = None if w is None else w[rows]
    share, mean = (float(v) for v in weighted_means(values, own))
    effective = kish(w, rows)
    lower, upper = share_interval(share * effective, effective, confidence=confidence)
    se = linearised_se(mean_influence(values[:, 1:], own)[:, 0], n=len(rows))
    mean_lower, mean_upper = mean_interval(mean, se, df=max(len(rows) - 1, 0), confidence=confidence)
    return Boxes(
        kind=kind,
        item=item,
        item_title=asked.text or Text(item),
        boxes=boxes,
        share=share,
        share_lower=float(lower),
        share_upper=float(upper),
        mean=mean,
        mean_se=se,
        mean_lower=float(mean_lower),
        mean_upper=float(mean_upper),
        score=100 * (mean - scale.minimum) / (scale.maximum - scale.minimum),
        confidence=confidence,
        base=Base.among(responses, rows),
    )
