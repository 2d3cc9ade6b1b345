"""Claims about test statistics: Bartlett's test, the F of a regression, a share that changed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from csat.analyses.audit_claims import Claim, Figure, Finding, printed
from csat.errors import BadInput, NumericsError
from csat.language import Text
from csat.numerics import changes as co
from csat.numerics import plausibility as pl
from csat.numerics.sampling import rounded_up

CHI_SQUARE_FALSE = 5.0
"""Chi-square over that of equal loadings above which a claim is false (ours; free loadings up to .95 reached
3.1 in the bank study)."""
CHI_SQUARE_FAIR = 2.0
SLIPPED = 0.01
"""How near to a power of ten a ratio is that looks like a slipped decimal point."""


@dataclass(frozen=True, kw_only=True)
class BartlettDf(Claim):
    """Degrees of freedom of Bartlett's test: p (p - 1) / 2."""

    kind = "bartlett_df"

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
            return self.found(said, "false", reason)
        if needed is None:
            return self.found(said, "true", Text("It fits {p} items.", "对应 {p} 个题项。").fill(p=round(p)))
        if needed != self.df:
            return self.found(
                said,
                "false",
                Text("{k} items need {d}; {df} fits {p}.", "{k} 个题项应为 {d}；{df} 对应 {p} 个。").fill(
                    k=self.items, d=needed, df=self.df, p=round(p)
                ),
            )
        return self.found(said, "true", Text("{k} items give {d}.", "{k} 个题项即为 {d}。").fill(
            k=self.items, d=needed
        ))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BartlettSize(Claim):
    """Bartlett's chi-square beside the cumulative share of the factors and the KMO printed with it."""

    kind = "bartlett_size"

    chi_square: float
    n: int
    items: int
    factors: int
    cumulative: float
    """Share explained by the factors, 0-1."""
    kmo: float | None = None

    def judge(self) -> Finding:
        said = self._said()
        small, more = divmod(self.items, self.factors)
        sizes = [small + (i < more) for i in range(self.factors)]
        try:
            log = pl.bartlett_log_determinant(self.chi_square, n=self.n, p=self.items)
            equal = pl.equal_loadings(sizes, cumulative=self.cumulative, kmo_value=self.kmo)
        except NumericsError as error:
            reason = Text("No comparison can be made: {why}", "无法比较：{why}").fill(why=str(error))
            return self.found(said, "undecidable", reason)
        expected = pl.bartlett_chi_square(equal.log_determinant, n=self.n, p=self.items)
        ratio = self.chi_square / expected
        figures = self._compared(log, equal, expected, ratio)
        if CHI_SQUARE_FAIR >= ratio >= 1 / CHI_SQUARE_FAIR:
            return self.found(said, "true", Text("{f}.", "{f}。").fill(f=figures))
        if ratio > CHI_SQUARE_FALSE or ratio < 1 / CHI_SQUARE_FALSE:
            return self.found(said, "false", Text("{f}.", "{f}。").fill(f=figures))
        return self.found(
            said,
            "undecidable",
            Text("{f}; unequal loadings may bridge that.", "{f}；不等载荷可能造成这一差距。").fill(f=figures),
        )

    def _said(self) -> Text:
        return Text(
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

    def _compared(self, log: float, equal: pl.EqualLoadings, expected: float, ratio: float) -> Text:
        """What equal loadings would give, and whether a slipped decimal point makes up the difference."""
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
            return Text(
                "{figures}; a slipped decimal point would explain it, though that cannot be proved",
                "{figures}；小数点错位可以解释，但无法证实",
            ).fill(figures=figures)
        return figures


@dataclass(frozen=True, kw_only=True)
class RegressionF(Claim):
    """R, n, number of drivers and F of one regression."""

    kind = "regression_f"

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
            return self.found(said, "false", Text("R lies between 0 and 1.", "R 应在 0 与 1 之间。"))
        half_r, half_f = 0.5 * 10.0**-r_decimals, 0.5 * 10.0**-f_decimals
        try:
            implied = pl.f_of_regression(r, n=self.n, q=self.drivers)
            low = pl.f_of_regression(max(r - half_r, 0.0), n=self.n, q=self.drivers)
            high = pl.f_of_regression(min(r + half_r, 1.0), n=self.n, q=self.drivers)
        except NumericsError as error:
            return self.found(said, "false", Text(str(error)))
        if low - half_f <= f <= high + half_f:
            return self.found(
                said,
                "true",
                Text("R and n give F {low} to {high}.", "由 R 与 n 得 F 为 {low}–{high}。").fill(
                    low=f"{low:.2f}", high=f"{high:.2f}"
                ),
            )
        return self.found(
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
class Change(Claim):
    """A share that is said to have changed from one wave to the next."""

    kind = "change"

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
                return self.found(
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
        return self.found(
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
