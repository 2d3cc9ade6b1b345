"""What a plan estimates, in which unit, and how it shares answers among strata: the words."""

from __future__ import annotations

from typing import Literal

from csat.language import Text
from csat.numerics.sampling import Allocation

Quantity = Literal["share", "mean", "nps", "index"]
Drawn = Literal["random", "convenience"]

QUANTITIES: dict[Quantity, Text] = {
    "share": Text("a share", "比例"),
    "mean": Text("a mean", "均值"),
    "nps": Text("a net promoter score", "净推荐值"),
    "index": Text("an index 0-100", "0–100 指数"),
}
UNITS: dict[Quantity, Text] = {
    "share": Text("percentage points", "个百分点"),
    "mean": Text("in the unit of the answers", "（与回答同单位）"),
    "nps": Text("points", "分"),
    "index": Text("points", "分"),
}
ALLOCATIONS: dict[Allocation, Text] = {
    "proportional": Text("proportional", "按比例分配"),
    "neyman": Text("Neyman", "奈曼分配"),
    "cost-optimal": Text("cost-optimal", "费用最优分配"),
}
MARGIN = Text("Margin", "误差范围")
ANSWERS = Text("Answers", "有效答卷数")
