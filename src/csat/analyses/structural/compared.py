"""The result of a comparison of models: each model, each test, and what they say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from csat.analyses.result import Result
from csat.display.style import formatted
from csat.display.table import Table
from csat.language import Text, joined

Scaling = Literal["auto", "plain", "satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"]
SCALINGS: tuple[str, ...] = get_args(Scaling)
"""How the difference of two chi-squares is corrected, by lavaan's words."""

ALPHA = 0.05
CLOSE = 2.0
"""Models whose BIC lie nearer than this are hardly told apart (Raftery 1995)."""

SCALING_WORDS: Mapping[str, Text] = {
    "plain": Text("plain difference of chi-squares", "卡方值直接相减"),
    "satorra.bentler.2001": Text("Satorra-Bentler (2001)", "Satorra-Bentler (2001)"),
    "satorra.bentler.2010": Text("Satorra-Bentler (2010)", "Satorra-Bentler (2010)"),
    "satorra.2000": Text("Satorra (2000), scaled and shifted", "Satorra (2000)，均值方差校正"),
}


@dataclass(frozen=True)
class ComparedModel:
    """One of the models.

    chisq : not corrected; chisq_scaled : NaN without correction. cfi, tli, rmsea : robust or scaled ones
    where there are such. aic, bic : NaN where the estimator has no likelihood.
    """

    name: str
    model: str
    group_equal: tuple[str, ...]
    sound: bool
    parameters: int
    chisq: float
    df: int
    p: float
    chisq_scaled: float
    p_scaled: float
    cfi: float
    tli: float
    rmsea: float
    srmr: float
    aic: float
    bic: float


@dataclass(frozen=True)
class ModelDifference:
    """The test whether the restricted model is as good as the freer.

    nested : the first is a special case of the second; without it there is no test. gap : how far the freer
    is from reproducing it. chisq, df, p : NaN without a test. scaling : of `SCALINGS`.
    """

    restricted: str
    freer: str
    nested: bool
    gap: float
    chisq: float
    df: int
    p: float
    scaling: str
    cfi_change: float
    rmsea_change: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison(Result):
    """Several models of the same answers, made by `compare`; the freest first."""

    title = Text("Comparison of models", "模型比较")
    name = "compare"

    estimator: str
    scaling: str
    """What was asked for; the tests say what was used."""
    group: Text | None
    groups: tuple[str, ...]
    models: tuple[ComparedModel, ...]
    differences: tuple[ModelDifference, ...]
    """Each model against the nearest freer one in which it is nested, or else the nearest."""
    lowest_aic: str
    lowest_bic: str
    """Empty where there is no likelihood."""
    choice: Text | None = None
    """Why `estimator="auto"` chose this estimator."""

    def headline(self) -> tuple[Text, ...]:
        """What each test says, then AIC and BIC."""
        said = [_said(d) for d in self.differences if not math.isnan(d.p)]
        if self.lowest_bic:
            text = Text("Lowest AIC: {aic}; lowest BIC: {bic}.", "AIC 最低：{aic}；BIC 最低：{bic}。")
            said.append(text.fill(aic=self.lowest_aic, bic=self.lowest_bic))
            ranked = sorted(m.bic for m in self.models if not math.isnan(m.bic))
            if len(ranked) > 1 and ranked[1] - ranked[0] < CLOSE:
                said.append(
                    Text(
                        "The two lowest BIC are less than 2 apart: the answers hardly tell these models "
                        "apart.",
                        "最低的两个 BIC 相差不到 2：数据几乎无法区分这两个模型。",
                    )
                )
        return tuple(said)

    def tables(self) -> dict[str, Table]:
        """`models` and `differences`."""
        return {"models": self._models_table(), "differences": self._differences_table()}

    def _models_table(self) -> Table:
        rows = self.models
        columns: dict[str, Sequence[object]] = {
            "model": [m.name for m in rows],
            "parameters": [m.parameters for m in rows],
            "chi_square": [m.chisq for m in rows],
            "df": [m.df for m in rows],
        }
        formats = {"p_scaled": "p", "p": "p"}
        if any(not math.isnan(m.chisq_scaled) for m in rows):
            columns |= {"scaled": [m.chisq_scaled for m in rows], "p_scaled": [m.p_scaled for m in rows]}
        else:
            columns["p"] = [m.p for m in rows]
        columns |= {
            "cfi": [m.cfi for m in rows],
            "tli": [m.tli for m in rows],
            "rmsea": [m.rmsea for m in rows],
            "srmr": [m.srmr for m in rows],
        }
        if self.lowest_bic:
            columns |= {"aic": [m.aic for m in rows], "bic": [m.bic for m in rows]}
            formats |= {"aic": "score", "bic": "score"}
        notes = [] if self.choice is None else [self.choice]
        notes.append(
            Text(
                "{estimator}; CFI, TLI and RMSEA robust or scaled where the estimator has them. Of AIC and "
                "BIC the lowest is best; they also compare models that are not nested, of the same items and "
                "respondents.",
                "{estimator}；CFI、TLI、RMSEA 尽可能采用稳健或校正版本。AIC 与 BIC 越低越好；只要题项与受访者"
                "相同，也可比较非嵌套模型。",
            ).fill(estimator=self.estimator)
        )
        return Table(
            columns,
            title=Text("Models, the freest first", "各模型（由自由到受限）"),
            notes=notes,
            labels={
                "model": Text("Model", "模型"),
                "parameters": Text("Free parameters", "自由参数个数"),
                "scaled": Text("Chi-square, scaled", "校正卡方值"),
                "p_scaled": Text("p, scaled", "校正 p 值"),
                "tli": Text("TLI"),
                "aic": Text("AIC"),
                "bic": Text("BIC"),
            },
            formats={k: v for k, v in formats.items() if k in columns},
        )

    def _differences_table(self) -> Table:
        rows = self.differences
        used = list(dict.fromkeys(d.scaling for d in rows if not math.isnan(d.p)))
        notes = [
            Text("Test: {names}.", "检验方法：{names}。").fill(names=joined([SCALING_WORDS[s] for s in used]))
        ]
        return Table(
            {
                "restricted": [d.restricted for d in rows],
                "freer": [d.freer for d in rows],
                "nested": [d.nested for d in rows],
                "difference": [d.chisq for d in rows],
                "df": [d.df if d.nested else None for d in rows],
                "p": [d.p for d in rows],
                "cfi_change": [d.cfi_change for d in rows],
                "rmsea_change": [d.rmsea_change for d in rows],
            },
            title=Text("Is the restricted model as good?", "受限模型是否同样好？"),
            notes=notes if used else [],
            labels={
                "restricted": Text("Restricted", "受限模型"),
                "freer": Text("Freer", "较自由模型"),
                "nested": Text("Nested", "嵌套"),
                "difference": Text("Chi-square difference", "卡方差异"),
                "cfi_change": Text("Change of CFI", "CFI 变化"),
                "rmsea_change": Text("Change of RMSEA", "RMSEA 变化"),
            },
            formats={"p": "p"},
        )


def _said(d: ModelDifference) -> Text:
    text = (
        Text(
            "{a} fits worse than {b} (difference {chisq:.2f}, df {df}, p {p}): what it gives up is needed.",
            "{a} 的拟合不如 {b}（卡方差异 {chisq:.2f}，自由度 {df}，p {p}）：它所作的限制不成立。",
        )
        if d.p < ALPHA
        else Text(
            "{a} fits as well as {b} (difference {chisq:.2f}, df {df}, p {p}): the simpler may be preferred.",
            "{a} 的拟合不逊于 {b}（卡方差异 {chisq:.2f}，自由度 {df}，p {p}）：可取较简单者。",
        )
    )
    return text.fill(a=d.restricted, b=d.freer, chisq=d.chisq, df=d.df, p=formatted(d.p, "p"))
