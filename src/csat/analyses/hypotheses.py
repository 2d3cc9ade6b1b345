"""Declared hypotheses and what an analysis says about them: supported, not supported, or not testable."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from csat.display.table import Table
from csat.instrument.instrument import Hypothesis
from csat.language import Text, joined

Status = Literal["supported", "not supported", "cannot be tested"]

LEVEL = 0.05
"""A path is supported when its two-sided p is below this and it has the declared sign."""

NO_REASON = Text("")

STATUS_WORDS: Mapping[Status, Text] = {
    "supported": Text("supported", "成立"),
    "not supported": Text("not supported", "不成立"),
    "cannot be tested": Text("cannot be tested", "无法检验"),
}


@dataclass(frozen=True)
class HypothesisOutcome:
    """One declared path, its estimate and its verdict; `reason` says why it could not be tested."""

    id: str
    cause: str
    effect: str
    sign: str
    text: Text
    estimate: float
    p: float
    status: Status
    reason: Text = NO_REASON


def judged(
    hypotheses: Sequence[Hypothesis],
    paths: Mapping[tuple[str, str], tuple[float, float]],
    *,
    known: Collection[str],
    titles: Mapping[str, Text],
    blocked: Text | None = None,
) -> tuple[HypothesisOutcome, ...]:
    """Each hypothesis with its verdict.

    Parameters
    ----------
    paths : (cause, effect) to (estimate, p). known : what the data hold; a hypothesis about anything else
        cannot be tested because its items are absent. blocked : why nothing can be tested at all.
    """
    return tuple(_judged(h, paths, known, titles, blocked) for h in hypotheses)


def _judged(
    h: Hypothesis,
    paths: Mapping[tuple[str, str], tuple[float, float]],
    known: Collection[str],
    titles: Mapping[str, Text],
    blocked: Text | None,
) -> HypothesisOutcome:
    estimate, p = paths.get((h.cause, h.effect), (math.nan, math.nan))
    absent = [titles.get(name) or Text(name) for name in (h.cause, h.effect) if name not in known]
    status: Status = "cannot be tested"
    reason = NO_REASON
    if absent:
        reason = Text("no items in the data for {names}", "数据中没有{names}的题项").fill(
            names=joined(absent)
        )
    elif (h.cause, h.effect) not in paths:
        reason = Text("the model has no such path", "模型中没有这条路径")
    elif blocked is not None:
        reason = blocked
    elif math.isnan(p):
        reason = Text("the path has no standard error", "该路径没有标准误")
    else:
        as_declared = estimate < 0 if h.sign == "-" else estimate > 0
        status = "supported" if as_declared and p < LEVEL else "not supported"
        if not as_declared and p < LEVEL:
            reason = Text("the sign is the opposite", "方向相反")
    return HypothesisOutcome(h.id, h.cause, h.effect, h.sign, h.text, estimate, p, status, reason)


def hypothesis_table(
    outcomes: Sequence[HypothesisOutcome], *, titles: Mapping[str, Text], estimate: Text
) -> Table:
    """The table of declared hypotheses. estimate : what the estimate is, for its heading."""
    return Table(
        {
            "hypothesis": [o.id for o in outcomes],
            "cause": [titles.get(o.cause) or Text(o.cause) for o in outcomes],
            "effect": [titles.get(o.effect) or Text(o.effect) for o in outcomes],
            "expected": [o.sign for o in outcomes],
            "estimate": [o.estimate for o in outcomes],
            "p": [o.p for o in outcomes],
            "verdict": [STATUS_WORDS[o.status] for o in outcomes],
            "reason": [o.reason for o in outcomes],
        },
        title=Text("Declared hypotheses", "研究假设检验"),
        notes=[
            Text(
                "Supported: the path has the declared sign and p < .05 (two-sided).",
                "成立：路径方向与假设一致，且 p < .05（双侧）。",
            )
        ],
        labels={"expected": Text("Expected sign", "预期方向"), "estimate": estimate},
        formats={"p": "p"},
    )
