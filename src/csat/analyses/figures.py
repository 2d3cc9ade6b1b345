"""What results share that rest on figures given rather than on answers: their base, and targets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from csat.analyses.result import Base
from csat.language import Text

Direction = Literal["at least", "at most"]
Light = Literal["green", "amber", "red", "unknown"]

LIGHTS: dict[Light, Text] = {
    "green": Text("green", "绿"),
    "amber": Text("amber", "黄"),
    "red": Text("red", "红"),
    "unknown": Text("unknown", "未知"),
}
LIGHT_RULE = Text(
    "Green: the whole interval meets the target; amber: only the estimate does; red: neither.",
    "绿：整个置信区间达标；黄：仅估计值达标；红：均未达标。",
)


@dataclass(frozen=True)
class GivenFigures(Base):
    """The base of arithmetic on figures somebody gave."""

    def text(self) -> Text:
        return Text("Rests on the figures given, not on answers.", "依据所给的数字，而非问卷回答。")


FIGURES_GIVEN = GivenFigures(respondents=0, effective_n=0.0, missing="available", rows=0)


@dataclass(frozen=True)
class Target:
    """A value to reach (`at least`) or to stay under (`at most`), in the unit of what it is set for."""

    value: float
    direction: Direction = "at least"

    def light(self, estimate: float, lower: float, upper: float) -> Light:
        """Traffic light: green when the interval meets the target, amber when only the estimate does."""
        if not math.isfinite(estimate):
            return "unknown"
        sign = 1.0 if self.direction == "at least" else -1.0
        near = lower if self.direction == "at least" else upper
        if math.isfinite(near) and sign * near >= sign * self.value:
            return "green"
        return "amber" if sign * estimate >= sign * self.value else "red"
