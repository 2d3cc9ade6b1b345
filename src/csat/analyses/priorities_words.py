"""What priorities are called: measures of importance, crosshairs, quadrants, gaps."""

from __future__ import annotations

from csat.language import Text
from csat.numerics.quadrants import QUADRANTS as IN_ORDER
from csat.numerics.quadrants import Centre, Quadrant

STATED = "stated"
IMPORTANCE_NAMES: dict[str, Text] = {
    STATED: Text("stated importance", "陈述重要性"),
    "LMG share": Text("derived importance (LMG share of R²)", "推导重要性（LMG 对 R² 的贡献）"),
    "relative weight": Text("derived importance (relative weight)", "推导重要性（相对权重）"),
    "|r|": Text("derived importance (correlation |r|)", "推导重要性（相关系数绝对值）"),
    "beta": Text("derived importance (standardised coefficient)", "推导重要性（标准化系数）"),
    "partial r": Text("derived importance (partial correlation)", "推导重要性（偏相关）"),
    "PLS total effect": Text("importance by PLS total effect", "路径模型重要性（PLS 总效应）"),
    "SEM total effect": Text(
        "importance by SEM total effect (standardised; of an item its loading times its construct's effect)",
        "结构方程模型重要性（标准化总效应；题项为标准化载荷乘以所属构念的总效应）",
    ),
}
SHORT_NAMES: dict[str, Text] = {
    STATED: Text("stated", "陈述"),
    "LMG share": Text("LMG share", "LMG 贡献"),
    "relative weight": Text("relative weight", "相对权重"),
    "|r|": Text("|r|", "|r|"),
    "beta": Text("beta", "标准化系数"),
    "partial r": Text("partial r", "偏相关"),
    "PLS total effect": Text("PLS total effect", "PLS 总效应"),
    "SEM total effect": Text("SEM total effect", "SEM 总效应"),
}
CENTRES: dict[Centre, Text] = {
    "mean": Text("mean of the items", "各题项均值"),
    "median": Text("median of the items", "各题项中位数"),
    "midpoint": Text("middle of the scale", "量表中点"),
    "value": Text("values given", "给定值"),
    "overall": Text("overall satisfaction and the mean importance", "总体满意度与平均重要性"),
}
GAP_ZONES: dict[int, Text] = {
    -1: Text("falls short", "表现不足"),
    0: Text("in balance", "基本相当"),
    1: Text("exceeds", "超出所需"),
}
"""Performance against importance on one unit, told apart by the interval of their difference."""
SHORT_CENTRES: dict[Centre, Text] = {
    "mean": Text("mean", "均值"),
    "median": Text("median", "中位数"),
    "midpoint": Text("midpoint", "中点"),
    "value": Text("given", "给定"),
    "overall": Text("overall", "总体满意度"),
}
QUADRANTS: dict[Quadrant, Text] = {
    "improve first": Text("Improve first", "优先改进"),
    "keep up": Text("Keep up", "继续保持"),
    "low priority": Text("Low priority", "低优先级"),
    "possible overkill": Text("Possible overkill", "可能投入过度"),
}
"""In the order of their urgency."""
ON_CHART = IN_ORDER
"""In reading order of the chart: top left, top right, bottom left, bottom right."""
PERFORMANCE = Text("Performance, 0-100", "表现（0–100）")


def importance_words(name: str) -> Text:
    """A measure of importance in full."""
    return IMPORTANCE_NAMES.get(name, Text(name))


def short_words(name: str, centre: Centre | None = None) -> Text:
    """A measure in brief, with its crosshair when there are several."""
    measure = SHORT_NAMES.get(name, Text(name))
    if centre is None:
        return measure
    return Text("{m}; {c}", "{m}；{c}").fill(m=measure, c=SHORT_CENTRES[centre])


def importance_text(name: str, value: float) -> str:
    """A value of importance with its digits: stated importance is in points."""
    return f"{value:.1f}" if name == STATED else f"{value:.3f}"


def capital(text: str) -> str:
    """With a capital letter first."""
    return text[:1].upper() + text[1:]
