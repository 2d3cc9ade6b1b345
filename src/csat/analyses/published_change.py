"""A change known only from published shares: with n the test, without n the n it would need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from csat.analyses.figures import FIGURES_GIVEN
from csat.analyses.result import Caution, Result, Verdict
from csat.display.table import Table
from csat.errors import BadInput
from csat.language import Text
from csat.numerics import changes as co
from csat.numerics.sampling import rounded_up

SMALL_EXPECTED = 5.0
"""Expected count of a cell below which the normal approximation of z is poor (Cochran 1954)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PublishedChange(Result):
    """Two published shares compared, made by `published_change`; NaN where n is not known."""

    title = Text("A published change", "已发布数字的变化")
    name = "published_change"

    share_1: float
    share_2: float
    n_1: int | None
    n_2: int | None
    change: float
    cohen_h: float
    odds_ratio: float
    ratio: float
    z: float
    p: float
    ci_lower: float
    ci_upper: float
    """Newcombe's interval of the change."""
    n_significant: int | None
    """Smallest n of each wave at which exactly these shares would be significant; None without change."""
    n_power: int | None
    """n of each wave that would find the change with the power asked for."""
    is_significant: bool | None
    """None where n is not known."""
    confidence: float
    power: float

    def tables(self) -> dict[str, Table]:
        """`change`: the figures, the test when n is known, the n needed."""
        rows: list[tuple[Text, Any]] = [
            (Text("Before", "之前"), f"{100 * self.share_1:.1f}%"),
            (Text("After", "之后"), f"{100 * self.share_2:.1f}%"),
            (Text("Change (points)", "变化（百分点）"), f"{100 * self.change:+.1f}"),
            (Text("Cohen's h", "Cohen h"), _number(self.cohen_h)),
            (Text("Odds ratio", "优势比"), _number(self.odds_ratio, 2)),
            (Text("n before", "之前样本量"), UNKNOWN if self.n_1 is None else f"{self.n_1:,}"),
            (Text("n after", "之后样本量"), UNKNOWN if self.n_2 is None else f"{self.n_2:,}"),
        ]
        if self.is_significant is not None:
            rows += [
                (Text("z (pooled)", "z（合并）"), _number(self.z, 2)),
                (Text("p", "p 值"), _p(self.p)),
                (
                    Text("{level} interval of the change (Newcombe)", "变化的 {level} 区间（Newcombe）").fill(
                        level=f"{100 * self.confidence:g}%"
                    ),
                    Text("{a} to {b} points", "{a} 至 {b} 个百分点").fill(
                        a=f"{100 * self.ci_lower:.1f}", b=f"{100 * self.ci_upper:.1f}"
                    ),
                ),
            ]
        if self.n_significant is not None:
            rows += [
                (
                    Text("n of each wave for p < {level}", "每期达到 p < {level} 所需样本量").fill(
                        level=f"{1 - self.confidence:.2g}"
                    ),
                    f"{self.n_significant:,}",
                ),
                (
                    Text("n of each wave for power {power}", "每期达到检验力 {power} 所需样本量").fill(
                        power=f"{100 * self.power:g}%"
                    ),
                    f"{self.n_power:,}",
                ),
            ]
        return {
            "change": Table(
                {"what": [w for w, _ in rows], "value": [v for _, v in rows]},
                title=Text("The change", "变化"),
                formats={"value": "text"},
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """The change; with n the test, without n what it would need and no verdict."""
        change = Text("{a} to {b}: {points} points.", "{a} → {b}：{points} 个百分点。").fill(
            a=f"{100 * self.share_1:g}%", b=f"{100 * self.share_2:g}%", points=f"{100 * self.change:+.1f}"
        )
        if self.is_significant is not None:
            test = Text("z = {z}, p {p}: {verdict}.", "z = {z}，p {p}：{verdict}。").fill(
                z=f"{self.z:.2f}",
                p=_p_words(self.p),
                verdict=Text("more than chance", "超出偶然波动")
                if self.is_significant
                else Text("chance alone could explain it", "偶然波动足以解释"),
            )
            return change, test
        return (change, self._needed()) if self.n_significant is not None else (change,)

    def _needed(self) -> Text:
        return Text(
            "Without the number of respondents there is no verdict. Each wave would need {n} for p < "
            "{level}, and {m} to find such a change with {power} power.",
            "未给出样本量，不作结论。每期需 {n} 人才能达到 p < {level}，"
            "需 {m} 人才能以 {power} 的检验力发现该变化。",
        ).fill(
            n=f"{self.n_significant:,}",
            m=f"{self.n_power:,}",
            level=f"{1 - self.confidence:.2g}",
            power=f"{100 * self.power:g}%",
        )


UNKNOWN = Text("not known", "未知")


def published_change(
    share_1: float,
    share_2: float,
    *,
    n_1: int | None = None,
    n_2: int | None = None,
    confidence: float = 0.95,
    power: float = co.POWER,
) -> PublishedChange:
    """Judge the change of a published share, 82 % to 88 % for example.

    Parameters
    ----------
    share_1, share_2 : shares 0-1, earlier and later, of independent samples.
    n_1, n_2 : respondents; one alone stands for both. Without them no verdict is given, but the n needed.

    Raises
    ------
    BadInput : a share outside 0-1, an n below 1.
    """
    for share in (share_1, share_2):
        if not 0 <= share <= 1:
            raise BadInput(f"{share:g} is no share", right="A share lies between 0 and 1: 82 % is 0.82")
    for n in (n_1, n_2):
        if n is not None and n < 1:
            raise BadInput(f"{n} respondents are no sample", right="n is a whole number of at least 1")
    for value, what in ((confidence, "confidence"), (power, "power")):
        if not 0 < value < 1:
            raise BadInput(f"the {what} is {value:g}", right="It lies between 0 and 1, such as 0.95")
    first, second = (n_1 or n_2), (n_2 or n_1)
    known = first is not None and second is not None
    found = co.share_difference(share_1, first or 1, share_2, second or 1, confidence=confidence)
    tested = known and math.isfinite(float(found.z))
    needed = power_n = None
    if share_1 != share_2:
        level = 1 - confidence
        needed = co.n_for_significance(share_1, share_2, level=level)
        power_n = rounded_up(co.n_for_power(share_1, share_2, power=power, level=level))
    significant = bool(float(found.p) < 1 - confidence) if tested else None
    return PublishedChange(
        base=FIGURES_GIVEN,
        verdict=_verdict(significant),
        cautions=() if first is None or second is None else _cautions(share_1, share_2, first, second),
        share_1=share_1,
        share_2=share_2,
        n_1=first,
        n_2=second,
        change=share_2 - share_1,
        cohen_h=float(found.cohen_h),
        odds_ratio=float(found.odds_ratio),
        ratio=float(found.ratio),
        z=float(found.z) if tested else math.nan,
        p=float(found.p) if tested else math.nan,
        ci_lower=float(found.ci_lower) if known else math.nan,
        ci_upper=float(found.ci_upper) if known else math.nan,
        n_significant=needed,
        n_power=power_n,
        is_significant=significant,
        confidence=confidence,
        power=power,
    )


def _verdict(significant: bool | None) -> Verdict:
    if significant is None:
        return Verdict(
            "doubtful",
            Text(
                "A change without the number of respondents is no evidence.", "没有样本量的变化不能作为证据。"
            ),
        )
    if significant:
        return Verdict("sound", Text("The change is more than chance.", "该变化超出偶然波动。"))
    return Verdict("sound", Text("Chance alone could explain the change.", "偶然波动足以解释该变化。"))


def _cautions(share_1: float, share_2: float, n_1: int, n_2: int) -> tuple[Caution, ...]:
    pooled = (share_1 * n_1 + share_2 * n_2) / (n_1 + n_2)
    least = min(pooled, 1 - pooled) * min(n_1, n_2)
    found = [
        Caution(
            "independent_samples",
            Text(
                "The test takes both for random samples of different people; a panel or a convenience sample "
                "needs another one.",
                "该检验假定两期为相互独立的随机样本；固定样本组或便利样本需另作检验。",
            ),
        )
    ]
    if least < SMALL_EXPECTED:
        found.append(
            Caution(
                "small_expected",
                Text(
                    "An expected count of {k} is below {limit}: the p-value is rough.",
                    "期望频数 {k} 低于 {limit}：p 值仅供参考。",
                ).fill(k=f"{least:.1f}", limit=f"{SMALL_EXPECTED:g}"),
            )
        )
    return tuple(found)


def _number(value: float, decimals: int = 3) -> str:
    return f"{value:.{decimals}f}" if math.isfinite(value) else "-"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _p_words(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
