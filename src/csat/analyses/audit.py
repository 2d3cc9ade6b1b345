"""Audit of published figures: each claim is true, false (with the reason) or undecidable."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, TypeAlias

from csat.analyses.figures import FIGURES_GIVEN
from csat.analyses.result import SOUND, Result, Verdict
from csat.display.table import Table
from csat.errors import BadInput, NumericsError, UnknownName
from csat.language import Text, joined
from csat.numerics import changes as co
from csat.numerics import plausibility as pl
from csat.numerics.sampling import rounded_up

Judgement = Literal["true", "false", "undecidable"]
Figure: TypeAlias = int | float | str
"""A published figure as it was printed: `"67.50"` says two decimals, 67.5 says one."""

JUDGEMENTS: dict[Judgement, Text] = {
    "true": Text("true", "成立"),
    "false": Text("false", "不成立"),
    "undecidable": Text("undecidable", "无法判断"),
}
CHI_SQUARE_FALSE = 5.0
"""Chi-square over that of equal loadings above which a claim is false (ours; free loadings up to .95 reached
3.1 in the bank study)."""
CHI_SQUARE_FAIR = 2.0
MOST = {"items": 300, "factors": 300, "drivers": 10_000, "maximum": 10_000}
"""Largest counts that are taken for real; whatever else is counted stays below `MOST_OTHER`."""
MOST_OTHER = 1e12
WIDEST_BANDS = 100_000
MOST_DECIMALS = 12
SLIPPED = 0.01
"""How near to a power of ten a ratio is that looks like a slipped decimal point."""


@dataclass(frozen=True)
class Finding:
    """What became of a claim."""

    kind: str
    said: Text
    judgement: Judgement
    reason: Text
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A published statement. where : the table or page it stands in."""

    where: str = ""

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if value is not None or f.default is not None:
                _check_field(f.name, value, where=f"claim '{kind_of(type(self))}'")

    def judge(self) -> Finding:
        """True, false or undecidable, with the reason."""
        raise NotImplementedError

    def _found(self, said: Text, judgement: Judgement, reason: Text) -> Finding:
        return Finding(kind_of(type(self)), said, judgement, reason, self.where)


@dataclass(frozen=True, kw_only=True)
class BartlettDf(Claim):
    """Degrees of freedom of Bartlett's test: p (p - 1) / 2."""

    df: int
    items: int | None = None

    def judge(self) -> Finding:
        said = (
            Text("df {df} of Bartlett's test", "巴特利特检验自由度 {df}")
            if self.items is None
            else Text("df {df} of Bartlett's test of {p} items", "{p} 个题项的巴特利特检验自由度 {df}")
        ).fill(df=self.df, p=self.items)
        p = pl.items_of_df(self.df)
        triangular = abs(p - round(p)) < 1e-9 and p >= 2
        needed = None if self.items is None else self.items * (self.items - 1) // 2
        if not triangular:
            reason = Text(
                "df impossible: it is p(p - 1)/2 for a whole p, and {df} fits none (p = {p}){rest}.",
                "自由度不可能：应为 p(p-1)/2，{df} 不对应任何整数 p（p = {p}）{rest}。",
            ).fill(
                df=self.df,
                p=f"{p:.2f}",
                rest=Text("", "")
                if needed is None
                else Text("; {k} items need {d}", "；{k} 个题项应为 {d}").fill(k=self.items, d=needed),
            )
            return self._found(said, "false", reason)
        if needed is None:
            return self._found(said, "true", Text("It fits {p} items.", "对应 {p} 个题项。").fill(p=round(p)))
        if needed != self.df:
            return self._found(
                said,
                "false",
                Text("{k} items need {d}; {df} fits {p}.", "{k} 个题项应为 {d}；{df} 对应 {p} 个。").fill(
                    k=self.items, d=needed, df=self.df, p=round(p)
                ),
            )
        return self._found(said, "true", Text("{k} items give {d}.", "{k} 个题项即为 {d}。").fill(
            k=self.items, d=needed
        ))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BartlettSize(Claim):
    """Bartlett's chi-square beside the cumulative share of the factors and the KMO printed with it."""

    chi_square: float
    n: int
    items: int
    factors: int
    cumulative: float
    """Share explained by the factors, 0-1."""
    kmo: float | None = None

    def judge(self) -> Finding:
        said = Text(
            "chi-square {x} of {p} items and n {n} at {c} in {m} factors{kmo}",
            "{p} 个题项、n = {n}、{m} 个因子解释 {c}{kmo}时的卡方 {x}",
        ).fill(
            x=f"{self.chi_square:g}",
            p=self.items,
            n=self.n,
            c=f"{100 * self.cumulative:g}%",
            m=self.factors,
            kmo=Text("", "") if self.kmo is None else Text(", KMO {k}", "、KMO {k}").fill(k=f"{self.kmo:g}"),
        )
        small, more = divmod(self.items, self.factors)
        sizes = [small + (i < more) for i in range(self.factors)]
        try:
            log = pl.bartlett_log_determinant(self.chi_square, n=self.n, p=self.items)
            equal = pl.equal_loadings(sizes, cumulative=self.cumulative, kmo_value=self.kmo)
        except NumericsError as error:
            reason = Text("No comparison can be made: {why}", "无法比较：{why}").fill(why=str(error))
            return self._found(said, "undecidable", reason)
        expected = pl.bartlett_chi_square(equal.log_determinant, n=self.n, p=self.items)
        ratio = self.chi_square / expected
        needed = pl.bartlett_n(self.chi_square, equal.log_determinant, p=self.items)
        figures = Text(
            "It implies ln det R = {log}; with equal loadings {loading} these figures give {expected}, "
            "{ratio} times less, and {x} would need n = {needed}",
            "它意味着 ln det R = {log}；按等载荷 {loading} 推算应为 {expected}，相差 {ratio} 倍，"
            "达到 {x} 需要 n = {needed}",
        ).fill(
            log=f"{log:.3f}",
            loading=f"{equal.loading:.3f}",
            expected=f"{expected:.3f}",
            ratio=f"{ratio:.3f}",
            x=f"{self.chi_square:g}",
            needed=f"{needed:.1f}",
        )
        power = round(math.log10(ratio)) if ratio > 0 else 0
        if power and abs(ratio / 10**power - 1) < SLIPPED:
            figures = Text(
                "{figures}; a slipped decimal point would explain it, though that cannot be proved",
                "{figures}；小数点错位可以解释，但无法证实",
            ).fill(figures=figures)
        if CHI_SQUARE_FAIR >= ratio >= 1 / CHI_SQUARE_FAIR:
            return self._found(said, "true", Text("{f}.", "{f}。").fill(f=figures))
        if ratio > CHI_SQUARE_FALSE or ratio < 1 / CHI_SQUARE_FALSE:
            return self._found(said, "false", Text("{f}.", "{f}。").fill(f=figures))
        return self._found(
            said,
            "undecidable",
            Text("{f}; unequal loadings may bridge that.", "{f}；不等载荷可能造成这一差距。").fill(f=figures),
        )


@dataclass(frozen=True, kw_only=True)
class RegressionF(Claim):
    """R, n, number of drivers and F of one regression."""

    r: Figure
    n: int
    drivers: int
    f: Figure

    def judge(self) -> Finding:
        said = Text("R {r}, n {n}, {q} drivers and F {f}", "R {r}、n {n}、{q} 个自变量与 F {f}").fill(
            r=self.r, n=self.n, q=self.drivers, f=self.f
        )
        r, r_decimals = printed(self.r)
        f, f_decimals = printed(self.f)
        if not 0 < r < 1:
            return self._found(said, "false", Text("R lies between 0 and 1.", "R 应在 0 与 1 之间。"))
        half_r, half_f = 0.5 * 10.0**-r_decimals, 0.5 * 10.0**-f_decimals
        try:
            implied = pl.f_of_regression(r, n=self.n, q=self.drivers)
            low = pl.f_of_regression(max(r - half_r, 0.0), n=self.n, q=self.drivers)
            high = pl.f_of_regression(min(r + half_r, 1.0), n=self.n, q=self.drivers)
        except NumericsError as error:
            return self._found(said, "false", Text(str(error)))
        if low - half_f <= f <= high + half_f:
            return self._found(
                said,
                "true",
                Text("R and n give F {low} to {high}.", "由 R 与 n 得 F 为 {low}–{high}。").fill(
                    low=f"{low:.2f}", high=f"{high:.2f}"
                ),
            )
        return self._found(
            said,
            "false",
            Text(
                "R and n give F({q},{df}) = {implied}; F {f} would need n {n} or R {r}. Perhaps it is a "
                "sum of squares or a mean square.",
                "由 R 与 n 得 F({q},{df}) = {implied}；F {f} 需要 n = {n} 或 R = {r}。它可能是平方和或均方。",
            ).fill(
                q=self.drivers,
                df=self.n - self.drivers - 1,
                implied=f"{implied:.2f}",
                f=self.f,
                n=f"{pl.n_of_regression(r, f, q=self.drivers):.1f}",
                r=f"{pl.r_of_regression(f, n=self.n, q=self.drivers):.3f}",
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Parts(Claim):
    """Parts that sum to a whole, or as many parts as were announced. Decimals are taken as rounded."""

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
            return self._found(said, "false", reason)
        return self._found(said, "true", Text("The parts fit.", "各部分相符。"))


@dataclass(frozen=True, kw_only=True)
class Rate(Claim):
    """A rate in per cent beside the counts it is made of: rounded, not cut."""

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
            return self._found(said, "true", Text("{x} % rounds to it.", "{x}% 四舍五入即得。").fill(
                x=f"{exact:.6f}"
            ))  # fmt: skip
        right = f"{exact:.{decimals}f}"
        if pl.cut_to(exact, value, decimals):
            reason = Text("Cut, not rounded: {x} % is {right} %.", "截断而非四舍五入：{x}% 应为 {right}%。")
        else:
            reason = Text("The counts give {right} % ({x}).", "由频数得 {right}%（{x}）。")
        return self._found(said, "false", reason.fill(x=f"{exact:.6f}", right=right))


@dataclass(frozen=True, kw_only=True)
class Reachable(Claim):
    """An index in points that n respondents can give, on the scale stated, with whole answers."""

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
        if found:
            return self._found(
                said,
                "true",
                Text("It can be reached as {ways}.", "可由{ways}得到。").fill(ways=joined(found)),
            )
        step = 100 / (width * answers)
        return self._found(
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


@dataclass(frozen=True, kw_only=True)
class Change(Claim):
    """A share that is said to have changed from one wave to the next."""

    share_1: float
    share_2: float
    n_1: int | None = None
    n_2: int | None = None

    def judge(self) -> Finding:
        said = Text("{a} changed to {b}", "由 {a} 变为 {b}").fill(
            a=f"{100 * self.share_1:g}%", b=f"{100 * self.share_2:g}%"
        )
        first, second = self.n_1 or self.n_2, self.n_2 or self.n_1
        try:
            if first is None or second is None:
                n = co.n_for_significance(self.share_1, self.share_2)
                m = rounded_up(co.n_for_power(self.share_1, self.share_2))
                return self._found(
                    said,
                    "undecidable",
                    Text(
                        "No n is given: each wave would need {n} for p < 0.05, and {m} for power 80%.",
                        "未给出样本量：每期需 {n} 才能达到 p < 0.05，需 {m} 才能达到 80% 检验力。",
                    ).fill(n=n, m=m),
                )
            found = co.share_difference(self.share_1, first, self.share_2, second)
        except NumericsError as error:
            raise BadInput(str(error), where="claim 'change'") from error
        sure = float(found.p) < co.LEVEL
        return self._found(
            said,
            "true" if sure else "false",
            Text("z = {z}, p = {p}: {why}.", "z = {z}，p = {p}：{why}。").fill(
                z=f"{float(found.z):.2f}",
                p=f"{float(found.p):.3f}",
                why=Text("more than chance", "超出偶然波动")
                if sure
                else Text("chance alone could explain it", "偶然波动足以解释"),
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Bands(Claim):
    """Segment rules by ranges of a whole number (age): everybody belongs to exactly one.

    bands : (name, lowest, highest) or (name, lowest, highest, who), bounds included; a highest of None is
    open. who : a group of people the rule is for (women); rules without one are for everybody.
    """

    bands: Sequence[Sequence[Any]]

    def judge(self) -> Finding:
        rules = [self._rule(b) for b in self.bands]
        said = Text("{k} bands hold everybody once", "{k} 个区间恰好覆盖每个人一次").fill(k=len(rules))
        everybody = sorted({who for *_, who in rules if who}) or [""]
        everybody += ["others"] if everybody != [""] else []
        ends = max([high for _, _, high, _ in rules if math.isfinite(high)] + [low for _, low, _, _ in rules])
        least = min(low for _, low, _, _ in rules)
        found: dict[tuple[str, tuple[int, int]], list[str]] = {}
        for who in everybody:
            own = [(low, high) for _, low, high, of in rules if of in ("", who)]
            for span in _spans(own, int(least), int(ends), lambda k: k > 1):
                found.setdefault(("overlap", span), []).append(who)
            for span in _spans(own, int(least), int(ends), lambda k: k == 0):
                found.setdefault(("hole", span), []).append(who)
        wrong = [
            Text("{what} {span}{who}", "{what} {span}{who}").fill(
                what=BAND_FAULTS[what],
                span=f"{first}" if first == last else f"{first}-{last}",
                who=Text("", "")
                if len(groups) == len(everybody)
                else Text(f" ({', '.join(groups)})", f"（{'、'.join(groups)}）"),
            )
            for (what, (first, last)), groups in found.items()
        ]
        if wrong:
            reason = Text("; ".join(w.en for w in wrong) + ".", "；".join(w.zh for w in wrong) + "。")
            return self._found(said, "false", reason)
        return self._found(said, "true", Text("No overlap and no hole.", "无重叠，无空缺。"))

    @staticmethod
    def _rule(band: Sequence[Any]) -> tuple[str, float, float, str]:
        if not isinstance(band, list | tuple) or len(band) not in (3, 4):
            raise BadInput(
                f"{band!r} is no band", where="claim 'bands'", right='It is ["young", 19, 25, "women"]'
            )
        name, low, high = band[:3]
        ends = [low] if high in (None, "") else [low, high]
        if not all(_is_number(e) and e == int(e) and abs(e) <= WIDEST_BANDS for e in ends):
            raise BadInput(
                f"band '{name}' goes from {low!r} to {high!r}",
                where="claim 'bands'",
                right=f"Its ends are whole numbers up to {WIDEST_BANDS:,}; an open end is left empty",
            )
        if ends[-1] < low:
            raise BadInput(f"band '{name}' ends before it begins", where="claim 'bands'")
        who = str(band[3]) if len(band) == 4 else ""
        return str(name), float(low), float(ends[1]) if len(ends) == 2 else math.inf, who


BAND_FAULTS = {"overlap": Text("overlap", "重叠"), "hole": Text("hole", "空缺")}


def _spans(own: Sequence[tuple[float, float]], least: int, most: int, wanted: Any) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for value in range(least, most + 1):
        if wanted(sum(low <= value <= high for low, high in own)):
            if spans and spans[-1][1] == value - 1:
                spans[-1] = (spans[-1][0], value)
            else:
                spans.append((value, value))
    return spans


KINDS: dict[str, type[Claim]] = {
    "bartlett_df": BartlettDf,
    "bartlett_size": BartlettSize,
    "regression_f": RegressionF,
    "parts": Parts,
    "rate": Rate,
    "reachable": Reachable,
    "change": Change,
    "bands": Bands,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Audit(Result):
    """The findings of an audit, made by `audit`."""

    title = Text("Audit of published figures", "已发布数字的核查")
    name = "audit"

    findings: tuple[Finding, ...]

    def tables(self) -> dict[str, Table]:
        """`claims`: one row a claim."""
        columns: dict[str, Any] = {
            "claim": [f.said for f in self.findings],
            "verdict": [JUDGEMENTS[f.judgement] for f in self.findings],
            "reason": [f.reason for f in self.findings],
        }
        if any(f.where for f in self.findings):
            columns = {"where": [f.where for f in self.findings], **columns}
        return {
            "claims": Table(
                columns,
                title=Text("Claims", "核查结果"),
                labels={"claim": Text("Claim", "说法"), "where": Text("Where", "出处")},
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """How many claims hold."""
        count = {j: sum(f.judgement == j for f in self.findings) for j in JUDGEMENTS}
        return (
            Text(
                "Of {n} claims {true} hold, {false} are false, {open} cannot be decided.",
                "{n} 项说法中，{true} 项成立，{false} 项不成立，{open} 项无法判断。",
            ).fill(n=len(self.findings), true=count["true"], false=count["false"], open=count["undecidable"]),
        )


def audit(claims: Sequence[Claim | Mapping[str, Any]]) -> Audit:
    """Judge claims about published figures.

    Parameters
    ----------
    claims : `Claim` objects, or mappings with a `kind` (see `KINDS`) and its fields, as a TOML or JSON file
        holds them: {"kind": "rate", "part": 98, "whole": 145, "per_cent": "67.58"}.

    Raises
    ------
    BadInput, UnknownName : an unknown kind or field, a field that is missing.
    """
    if not claims:
        raise BadInput(
            "there is no claim to audit",
            right='Such as {"kind": "rate", "part": 98, "whole": 145, "per_cent": "67.58"}',
        )
    made = [c if isinstance(c, Claim) else claim_of(c, at=i) for i, c in enumerate(claims)]
    findings = tuple(c.judge() for c in made)
    wrong = any(f.judgement == "false" for f in findings)
    return Audit(
        base=FIGURES_GIVEN,
        verdict=Verdict(
            "failed", Text("Some figures cannot be right as published.", "部分已发布数字不可能正确。")
        )
        if wrong
        else SOUND,
        findings=findings,
    )


def claim_of(claim: Mapping[str, Any], *, at: int = 0) -> Claim:
    """A claim from a mapping with a `kind` and its fields."""
    where = f"claim {at + 1}"
    kind = str(claim.get("kind", ""))
    if kind not in KINDS:
        raise UnknownName("kind of claim", kind, KINDS, where=where)
    made = KINDS[kind]
    known = [f.name for f in fields(made)]
    given = {k: v for k, v in claim.items() if k != "kind"}
    for name in given:
        if name not in known:
            raise UnknownName("field", name, known, where=f"{where}, {kind}")
    missing = [
        f.name
        for f in fields(made)
        if f.default is MISSING and f.default_factory is MISSING and f.name not in given
    ]
    if missing:
        raise BadInput(
            f"{', '.join(missing)} is missing",
            where=f"{where}, {kind}",
            right=f"It holds: {', '.join(known)}",
        )
    return made(**given)


LISTS = ("parts", "bands")
PRINTED = ("r", "f", "part", "whole", "per_cent", "index")
"""Fields that may be text, as they were printed; rates and parts keep their decimals."""


COUNTS = ("df", "items", "n", "n_1", "n_2", "factors", "drivers", "count", "minimum", "maximum")
SHARES = ("cumulative", "kmo", "share_1", "share_2")


def _check_field(name: str, value: Any, *, where: str) -> None:
    """A file may hold text where a number belongs, or a number that counts nothing."""
    if name == "where":
        fits, right = isinstance(value, str), "a text"
    elif name in LISTS:
        fits, right = isinstance(value, list | tuple) and len(value) > 0, "a list"
    elif name in PRINTED and isinstance(value, str):
        return
    else:
        fits = _is_number(value) and abs(value) <= MOST_OTHER
        right = "a number"
        if name in COUNTS:
            most = MOST.get(name, int(MOST_OTHER))
            least = 0 if name in ("minimum", "maximum") else 1
            fits = fits and value == int(value) and least <= value <= most
            right = f"a whole number of {least} to {most:,}"
        elif name in SHARES:
            fits, right = fits and 0 <= value <= 1, "a share between 0 and 1: 82 % is 0.82"
    if not fits:
        raise BadInput(f"{name} is {value!r}", where=where, right=f"It is {right}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def kind_of(claim: type[Claim]) -> str:
    """The name of a kind of claim."""
    return next(name for name, made in KINDS.items() if made is claim)


def printed(figure: Figure) -> tuple[float, int]:
    """A published figure and the decimals it was printed with.

    Raises
    ------
    BadInput : text that is no number.
    """
    text = str(figure).strip().replace("%", "").replace(",", "").strip()
    try:
        value = float(text)
    except ValueError as error:
        raise BadInput(f"'{figure}' is no number", where="audit") from error
    if not abs(value) <= MOST_OTHER:
        raise BadInput(f"'{figure}' is no figure to audit", where="audit")
    return value, 0 if "e" in text.lower() else min(len(text.partition(".")[2]), MOST_DECIMALS)
