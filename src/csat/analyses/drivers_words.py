"""What a regression on drivers is called, and how its numbers are written in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from csat.display.style import in_unit
from csat.language import Text

CovarianceType = Literal["HC3", "classical", "design"]
ScoresLabel = Literal["mean", "sum", "items"]

SCORE_WORDS: Mapping[ScoresLabel, Text] = {
    "mean": Text("construct means", "构念均值"),
    "sum": Text("construct sums", "构念总分"),
    "items": Text("single items", "单个题项"),
}
ERROR_WORDS: Mapping[CovarianceType, Text] = {
    "HC3": Text("robust (HC3) standard errors", "稳健标准误 (HC3)"),
    "classical": Text("classical standard errors", "经典标准误"),
    "design": Text("design-based standard errors (linearisation)", "基于抽样设计的标准误（线性化）"),
}
CHECK_WORDS: Mapping[str, Text] = {
    "breusch_pagan": Text("Equal variances (Breusch-Pagan)", "方差齐性（Breusch-Pagan）"),
    "jarque_bera": Text("Normality (Jarque-Bera)", "正态性（Jarque-Bera）"),
    "skewness": Text("Skewness of the residuals", "残差偏度"),
    "kurtosis": Text("Excess kurtosis of the residuals", "残差超额峰度"),
    "durbin_watson": Text("Neighbouring rows (Durbin-Watson)", "相邻行相关（Durbin-Watson）"),
    "condition_number": Text("Condition number of the drivers", "自变量条件数"),
    "largest_leverage": Text("Largest leverage", "最大杠杆值"),
    "largest_cook": Text("Largest Cook's distance", "最大库克距离"),
}


def short(value: float) -> str:
    """Three decimals without a leading zero, as the field writes equations: `.656`, `-1.204`."""
    return in_unit(value, 3).replace("−", "-")


def said_p(p: float) -> str:
    """A p-value with its sign: `= .012`, `< .001`."""
    return "< .001" if p < 0.001 else f"= {short(p)}"


def stars(p: float) -> str:
    """*** below .001, ** below .01, * below .05."""
    return "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""
