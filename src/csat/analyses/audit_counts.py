"""Claims about counts: parts of a whole, rates, an index that answers can give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from csat.analyses.audit_claims import Claim, Figure, Finding, printed
from csat.errors import BadInput
from csat.language import Text, joined
from csat.numerics import plausibility as pl


@dataclass(frozen=True, kw_only=True)
class Parts(Claim):
    """Parts that sum to a whole, or as many parts as were announced. Decimals are taken as rounded."""

    kind = "parts"

    parts: Sequence[Figure]
    whole: Figure | None = None
    count: int | None = None
    """How many parts the text says there are."""

    def judge(self) -> Finding:
        values = [printed(p) for p in self.parts]
        total = sum(v for v, _ in values)
        if self.whole is None and self.count is None:
            raise BadInput(
                "parts are given without the whole or the count they should make", where="claim 'parts'"
            )
        sums = " + ".join(str(p) for p in self.parts)
        said = Text("{sums} = {whole}", "{sums} = {whole}").fill(
            sums=sums, whole=self.whole if self.whole is not None else "…"
        )
        wrong: list[Text] = []
        if self.whole is not None:
            whole, decimals = printed(self.whole)
            # each printed decimal may be half a unit off; whole numbers are counts and exact
            slack = sum(0.5 * 10.0**-d for _, d in (*values, (whole, decimals)) if d > 0)
            if abs(total - whole) > slack + 1e-9:
                wrong.append(
                    Text("The sum is {total}, not {whole}", "合计为 {total}，而非 {whole}").fill(
                        total=f"{total:g}", whole=self.whole
                    )
                )
        if self.count is not None:
            said = Text("{said} ({k} parts)", "{said}（{k} 部分）").fill(said=said, k=self.count)
            if len(values) != self.count:
                wrong.append(
                    Text("{listed} parts are listed, not {k}", "列出 {listed} 部分，而非 {k}").fill(
                        listed=len(values), k=self.count
                    )
                )
        if wrong:
            reason = Text("; ".join(w.en for w in wrong) + ".", "；".join(w.zh for w in wrong) + "。")
            return self.found(said, "false", reason)
        return self.found(said, "true", Text("The parts fit.", "各部分相符。"))


@dataclass(frozen=True, kw_only=True)
class Rate(Claim):
    """A rate in per cent beside the counts it is made of: rounded, not cut."""

    kind = "rate"

    part: Figure
    whole: Figure
    per_cent: Figure

    def judge(self) -> Finding:
        (part, _), (whole, _) = printed(self.part), printed(self.whole)
        said = Text("{a} of {b} is {p} %", "{b} 中的 {a} 为 {p}%").fill(
            a=self.part, b=self.whole, p=self.per_cent
        )
        if whole <= 0:
            raise BadInput(f"a rate of {self.whole} does not exist", where="claim 'rate'")
        value, decimals = printed(self.per_cent)
        exact = 100 * part / whole
        if pl.rounds_to(exact, value, decimals):
            return self.found(said, "true", Text("{x} % rounds to it.", "{x}% 四舍五入即得。").fill(
                x=f"{exact:.6f}"
            ))  # fmt: skip
        right = f"{exact:.{decimals}f}"
        if pl.cut_to(exact, value, decimals):
            reason = Text("Cut, not rounded: {x} % is {right} %.", "截断而非四舍五入：{x}% 应为 {right}%。")
        else:
            reason = Text("The counts give {right} % ({x}).", "由频数得 {right}%（{x}）。")
        return self.found(said, "false", reason.fill(x=f"{exact:.6f}", right=right))


@dataclass(frozen=True, kw_only=True)
class Reachable(Claim):
    """An index in points that n respondents can give, on the scale stated, with whole answers."""

    kind = "reachable"

    index: Figure
    n: int
    minimum: int = 1
    maximum: int = 5
    items: int = 1

    def judge(self) -> Finding:
        said = Text(
            "{x} from {n} respondents, {k} item(s) on {lo}-{hi}",
            "{n} 名受访者、{k} 个 {lo}–{hi} 分题项得 {x}",
        ).fill(x=self.index, n=self.n, k=self.items, lo=self.minimum, hi=self.maximum)
        if self.maximum <= self.minimum or self.n < 1 or self.items < 1:
            raise BadInput(
                "an index needs a scale and respondents", where="claim 'reachable'", right="n=430, 1-5"
            )
        value, decimals = printed(self.index)
        found = self._ways(value, decimals)
        if found:
            return self.found(
                said,
                "true",
                Text("It can be reached as {ways}.", "可由{ways}得到。").fill(ways=joined(found)),
            )
        step = 100 / ((self.maximum - self.minimum) * self.n * self.items)
        return self.found(
            said,
            "false",
            Text(
                "No sum of whole answers gives it as per cent of maximum, by 0-100 rescale or as a share "
                "(one answer moves the index by {step}): several items, weights or another n stand "
                "behind it.",
                "按占满分百分比、0–100 换算或占比，整数回答之和均得不到该值（一个回答使指数变动 {step}）："
                "背后应有多个题项、权重或另外的样本量。",
            ).fill(step=f"{step:.4f}"),
        )

    def _ways(self, value: float, decimals: int) -> list[Text]:
        """The conventions by which some sum of whole answers gives it."""
        answers, width = self.n * self.items, self.maximum - self.minimum
        ways = {
            Text("per cent of maximum", "占满分百分比"): (100 / (self.maximum * answers), 0.0, 0),
            Text("0-100 rescale", "0–100 换算"): (
                100 / (width * answers),
                -100 * self.minimum / width,
                self.minimum * answers,
            ),
        }
        found = [
            name
            for name, (slope, offset, least) in ways.items()
            if (
                total := pl.reachable_sum(
                    value, decimals, slope=slope, offset=offset, most=self.maximum * answers
                )
            )
            is not None
            and total >= max(least, self.minimum * answers)
        ]
        if pl.reachable_sum(value, decimals, slope=100 / answers, offset=0.0, most=answers) is not None:
            found.append(Text("a share of the answers", "回答占比"))
        return found
