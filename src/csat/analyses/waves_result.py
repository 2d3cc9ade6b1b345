"""What a comparison of waves found, as tables, charts and words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.figures import LIGHT_RULE, LIGHTS, Light, Target
from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Language, Text
from csat.numerics.intervals import Adjustment
from csat.responses.measures import Kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Against = Literal["previous", "first", "rest", "pairs"]
Untested = Literal["", "few", "not invariant", "not asked", "no spread"]

REST = "rest"
KINDS: dict[Kind, Text] = {
    "item": Text("Items (mean answer)", "题项（平均回答）"),
    "construct": Text("Constructs (0-100)", "构念（0–100）"),
    "top2": Text("Top two boxes (share)", "前两项占比"),
}
FORMATS: dict[Kind, str] = {"item": "number", "construct": "score", "top2": "share"}
UNTESTED: dict[Untested, Text] = {
    "": Text(""),
    "few": Text("too few answers for a test", "回答过少，不作检验"),
    "not invariant": Text("not compared: invariance not shown", "不作比较：未证明测量等值"),
    "not asked": Text("not asked in both", "并非两期都有此题"),
    "no spread": Text("no spread", "无变异"),
}
DRAWN_MOST = 8
"""Lines one trend chart can hold and still be read."""


@dataclass(frozen=True)
class Comparison:
    """A change from `first` to `second`; `rest` is every other group together."""

    first: str
    second: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Waves(Result):
    """Items, constructs and top shares by wave with their changes, made by `waves`.

    Arrays are (m measures, w waves) or, for changes, (m, c comparisons). Items are in answers, constructs in
    points 0-100, top shares 0-1.
    """

    title = Text("Waves", "各期比较")
    name = "waves"

    waves: tuple[str, ...]
    measures: tuple[str, ...]
    kinds: tuple[Kind, ...]
    titles: tuple[Text, ...]
    lead: str
    """The measure the summary and the first chart are about."""
    n: NDArray[np.int64]
    effective_n: Array
    estimate: Array
    se: Array
    ci_lower: Array
    ci_upper: Array
    sd: Array
    deff: Array
    """Design effect: se^2 over that of a simple random sample of as many answers."""
    comparisons: tuple[Comparison, ...]
    change: Array
    change_se: Array
    change_lower: Array
    change_upper: Array
    statistic: Array
    """t, or z of two unweighted shares (then df are infinite)."""
    df: Array
    p: Array
    p_adjusted: Array
    effect: Array
    """Cohen's d of means, h of shares."""
    detectable: Array
    """Smallest true change found with the power asked for."""
    untested: tuple[tuple[Untested, ...], ...]
    """Why a change has no test; empty where it has one."""
    targets: Mapping[str, Target]
    lights: Mapping[str, tuple[Light, ...]]
    """Of each target one light a wave."""
    adjustment: Adjustment
    against: Against
    confidence: float
    power: float
    panel: bool
    strata: str
    clusters: str

    def tables(self) -> dict[str, Table]:
        """`trend` of the lead, then `items`, `constructs`, `top2` (wide), their `changes_..`, `targets`,
        `figures`; those without rows are left out."""
        tables = {"trend": self._trend_table()}
        by_kind = {k: [i for i, own in enumerate(self.kinds) if own == k] for k in KINDS}
        names = {"item": "items", "construct": "constructs", "top2": "top2"}
        for kind, rows in by_kind.items():
            if rows:
                tables[names[kind]] = self._wide_table(kind, rows)
        for kind, rows in by_kind.items():
            if rows and self.comparisons:
                tables[f"changes_{names[kind]}"] = self._changes_table(kind, rows)
        if self.lights:
            tables["targets"] = self._targets_table()
        tables["figures"] = self._figures_table()
        return tables

    def plots(self) -> dict[str, Plot]:
        """`trend` of the lead, `constructs`, `changes` of the items in the last comparison, each item."""
        plots = {"trend": self._trend([self.measures.index(self.lead)])}
        constructs = [
            i
            for i, k in enumerate(self.kinds)
            if k == "construct" and np.isfinite(self.estimate[i]).sum() > 1
        ]
        if constructs:
            plots["constructs"] = self._trend(constructs[:DRAWN_MOST])
        for c, comparison in list(enumerate(self.comparisons))[-1:]:
            rows = [i for i, k in enumerate(self.kinds) if k == "item" and math.isfinite(self.change[i, c])]
            if rows:
                plots["changes"] = self._change_plot(rows, c, comparison)
        plots |= {
            self.measures[i]: self._trend([i])
            for i, k in enumerate(self.kinds)
            if k == "item" and self.measures[i] != self.lead
        }
        return plots

    def headline(self) -> tuple[Text, ...]:
        """The change of the lead; how many items rose and fell in each comparison."""
        i = self.measures.index(self.lead)
        changes = [self._change_words(i, c) for c in self._told()]
        return (*changes, *(t for c in self._told() if (t := self._counted(c)) is not None))

    def _told(self) -> list[int]:
        """The last step and, where there is one, the whole way."""
        c = len(self.comparisons)
        return (
            list(range(max(c - 2, 0), c)) if self.against == "previous" and c > 1 else list(range(min(c, 4)))
        )

    def _change_words(self, i: int, c: int) -> Text:
        kind, pair = self.kinds[i], self.comparisons[c]
        what = Text("{title}, {first} to {second}", "{title}，{first}→{second}").fill(
            title=self.titles[i], first=self._said(pair.first), second=self._said(pair.second)
        )
        if not math.isfinite(self.p[i, c]):
            return Text("{what}: {why}.", "{what}：{why}。").fill(
                what=what, why=UNTESTED[self.untested[i][c] or "no spread"]
            )
        sure = self.p_adjusted[i, c] < 1 - self.confidence
        verdict = (
            Text("more than chance", "超出偶然波动")
            if sure
            else Text(
                "no evidence of a change; {least} would have been found with {power} power",
                "没有变化的证据；在 {power} 的检验力下可发现 {least} 的变化",
            ).fill(least=_shown(self.detectable[i, c], kind), power=f"{100 * self.power:g}%")
        )
        return Text(
            "{what}: {change} ({lower} to {upper}), p {p}, adjusted {adjusted}: {verdict}.",
            "{what}：{change}（{lower} 至 {upper}），p {p}，校正后 {adjusted}：{verdict}。",
        ).fill(
            what=what,
            change=_shown(self.change[i, c], kind, signed=True),
            lower=_shown(self.change_lower[i, c], kind, signed=True),
            upper=_shown(self.change_upper[i, c], kind, signed=True),
            p=_p(float(self.p[i, c])),
            adjusted=_p(float(self.p_adjusted[i, c])),
            verdict=verdict,
        )

    def _counted(self, c: int) -> Text | None:
        items = [i for i, k in enumerate(self.kinds) if k == "item" and math.isfinite(self.p_adjusted[i, c])]
        if len(items) < 2:
            return None
        sure = [i for i in items if self.p_adjusted[i, c] < 1 - self.confidence]
        rose = sum(self.change[i, c] > 0 for i in sure)
        pair = self.comparisons[c]
        return Text(
            "{first} to {second}: of {k} items {rose} rose and {fell} fell beyond chance ({method}).",
            "{first}→{second}：{k} 个题项中 {rose} 个显著上升、{fell} 个显著下降（{method}）。",
        ).fill(
            first=self._said(pair.first),
            second=self._said(pair.second),
            k=len(items),
            rose=rose,
            fell=len(sure) - rose,
            method=ADJUSTMENTS[self.adjustment],
        )

    def _said(self, group: str) -> Text:
        return Text("the rest", "其余") if group == REST and REST not in self.waves else Text(group)

    # tables and charts

    def _trend_table(self) -> Table:
        i = self.measures.index(self.lead)
        kind = self.kinds[i]
        columns: dict[str, Any] = {"wave": self.waves, "n_answered": self.n[i]}
        if self.base.weighted:
            columns["effective_n"] = self.effective_n[i]
        columns |= {
            "estimate": self.estimate[i],
            "se": self.se[i],
            "ci_lower": self.ci_lower[i],
            "ci_upper": self.ci_upper[i],
        }
        return Table(
            columns,
            title=Text("{title}: {kind}", "{title}：{kind}").fill(title=self.titles[i], kind=KINDS[kind]),
            labels=self._interval_labels(),
            formats={"effective_n": "score"} if self.base.weighted else {},
            notes=[self._interval_note()],
        )

    def _wide_table(self, kind: Kind, rows: Sequence[int]) -> Table:
        names = {f"wave_{w}": Text(wave) for w, wave in enumerate(self.waves)}
        columns: dict[str, Any] = {
            "name": [self.measures[i] for i in rows],
            "wording": [self.titles[i] for i in rows],
        }
        columns |= {name: self.estimate[rows, w] for w, name in enumerate(names)}
        return Table(
            columns,
            title=KINDS[kind],
            labels=names,
            formats=dict.fromkeys(names, FORMATS[kind]),
        )

    def _changes_table(self, kind: Kind, rows: Sequence[int]) -> Table:
        cells = [(i, c) for c in range(len(self.comparisons)) for i in rows]

        def of(values: Array) -> list[float]:
            # points of a share, so that a change of 6 points is not read as 6 per cent of the share
            scale = 100.0 if kind == "top2" else 1.0
            return [scale * float(values[i, c]) for i, c in cells]

        return Table(
            {
                "name": [self.titles[i] for i, _ in cells],
                "first": [self._said(self.comparisons[c].first) for _, c in cells],
                "second": [self._said(self.comparisons[c].second) for _, c in cells],
                "change": of(self.change),
                "ci_lower": of(self.change_lower),
                "ci_upper": of(self.change_upper),
                "statistic": [self.statistic[i, c] for i, c in cells],
                "p": [self.p[i, c] for i, c in cells],
                "p_adjusted": [self.p_adjusted[i, c] for i, c in cells],
                "effect": [self.effect[i, c] for i, c in cells],
                "detectable": of(self.detectable),
                "reason": [UNTESTED[self.untested[i][c]] for i, c in cells],
            },
            title=Text("Changes: {kind}", "变化：{kind}").fill(kind=KINDS[kind]),
            labels=self._interval_labels()
            | {
                "first": Text("From", "从"),
                "second": Text("To", "到"),
                "statistic": Text("t or z", "t 或 z"),
                "p_adjusted": Text("p, adjusted", "校正后 p 值"),
                "effect": Text("Effect size", "效应量"),
                "detectable": Text("Smallest detectable", "最小可检出变化"),
                "reason": Text("Note", "说明"),
                **({"change": Text("Change, points", "变化（百分点）")} if kind == "top2" else {}),
            },
            formats={"p": "p", "p_adjusted": "p"}
            | (
                dict.fromkeys(("change", "ci_lower", "ci_upper", "detectable"), "score")
                if kind != "item"
                else {}
            ),
            notes=[self._test_note(kind)],
        )

    def _targets_table(self) -> Table:
        rows = [(name, w) for name in self.lights for w in range(len(self.waves))]
        at = {name: self.measures.index(name) for name in self.lights}
        return Table(
            {
                "name": [self.titles[at[n]] for n, _ in rows],
                "measure": [n for n, _ in rows],
                "wave": [self.waves[w] for _, w in rows],
                "estimate": [float(self.estimate[at[n], w]) for n, w in rows],
                "ci_lower": [float(self.ci_lower[at[n], w]) for n, w in rows],
                "ci_upper": [float(self.ci_upper[at[n], w]) for n, w in rows],
                "target": [f"{SIGNS[self.targets[n].direction]} {self.targets[n].value:g}" for n, _ in rows],
                "light": [LIGHTS[self.lights[n][w]] for n, w in rows],
            },
            title=Text("Targets", "目标达成"),
            labels=self._interval_labels()
            | {"target": Text("Target", "目标"), "light": Text("Light", "信号灯")},
            formats={"target": "text"},
            notes=[LIGHT_RULE],
        )

    def _figures_table(self) -> Table:
        m, w = self.estimate.shape
        cells = [(i, j) for i in range(m) for j in range(w)]
        return Table(
            {
                "measure": [self.measures[i] for i, _ in cells],
                "wave": [self.waves[j] for _, j in cells],
                "n_answered": self.n.ravel(),
                "effective_n": self.effective_n.ravel(),
                "estimate": self.estimate.ravel(),
                "se": self.se.ravel(),
                "ci_lower": self.ci_lower.ravel(),
                "ci_upper": self.ci_upper.ravel(),
                "sd": self.sd.ravel(),
                "deff": self.deff.ravel(),
            },
            title=Text("All figures by wave", "各期全部统计量"),
            labels=self._interval_labels() | {"deff": Text("Design effect", "设计效应")},
            formats={"effective_n": "score"},
        )

    def _interval_labels(self) -> dict[str, Text]:
        level = f"{100 * self.confidence:g}%"
        return {
            "ci_lower": Text(f"{level} CI, lower", f"{level} 置信下限"),
            "ci_upper": Text(f"{level} CI, upper", f"{level} 置信上限"),
        }

    def _interval_note(self) -> Text:
        if self.base.weighted or self.strata or self.clusters:
            return Text(
                "Design-based intervals (linearisation): weights, and strata and clusters where declared.",
                "基于抽样设计的区间（线性化）：计入权重以及所设定的层和群。",
            )
        return Text(
            "t intervals of means, Wilson intervals of shares.", "均值用 t 区间，比例用 Wilson 区间。"
        )

    def _test_note(self, kind: Kind) -> Text:
        test = (
            Text("the same respondents, paired t", "同一批受访者，配对 t 检验")
            if self.panel
            else Text("design-based t", "基于抽样设计的 t 检验")
            if self.base.weighted or self.strata or self.clusters
            else Text("z of two shares, pooled", "两比例合并 z 检验")
            if kind == "top2"
            else Text("Welch's t", "Welch t 检验")
        )
        family = (
            Text("each comparison is a family", "每次比较为一族")
            if self.against in ("previous", "first")
            else Text("each measure is a family", "每个指标为一族")
        )
        return Text(
            "Test: {test}. p adjusted by {method}; {family}. Effect size: {effect}. Smallest detectable: "
            "with {power} power at {level}.",
            "检验：{test}。p 值按{method}校正，{family}。效应量：{effect}。最小可检出变化：检验力 {power}、"
            "置信水平 {level}。",
        ).fill(
            test=test,
            method=ADJUSTMENTS[self.adjustment],
            family=family,
            effect=Text("Cohen's h", "Cohen h") if kind == "top2" else Text("Cohen's d", "Cohen d"),
            power=f"{100 * self.power:g}%",
            level=f"{100 * self.confidence:g}%",
        )

    def _trend(self, rows: Sequence[int]) -> Plot:
        scale = np.array([100.0 if self.kinds[i] == "top2" else 1.0 for i in rows])[:, None]
        kind = self.kinds[rows[0]]
        single = self.titles[rows[0]] if len(rows) == 1 else KINDS[kind]

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.lines(
                ax,
                list(self.waves),
                list(scale * self.estimate[rows]),
                series_labels=[self.titles[i].say(language) for i in rows],
                lower=list(scale * self.ci_lower[rows]),
                upper=list(scale * self.ci_upper[rows]),
                xlabel=WAVE.say(language),
                ylabel=KINDS[kind].say(language),
            )

        level = f"{100 * self.confidence:g}%"
        return Plot(
            draw,
            Text("{what} by wave", "{what}：各期趋势").fill(what=single),
            Text(
                f"Lines over {len(self.waves)} waves with bands of the {level} intervals.",
                f"{len(self.waves)} 期的折线，色带为 {level} 置信区间。",
            ),
        )

    def _change_plot(self, rows: Sequence[int], c: int, pair: Comparison) -> Plot:
        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.dots(
                ax,
                [self.titles[i].say(language) for i in rows],
                self.change[rows, c],
                lower=self.change_lower[rows, c],
                upper=self.change_upper[rows, c],
                reference=0.0,
                reference_label=NO_CHANGE.say(language),
                xlabel=CHANGE.say(language),
            )

        return Plot(
            draw,
            Text("Changes from {first} to {second}", "{first}→{second} 的变化").fill(
                first=self._said(pair.first), second=self._said(pair.second)
            ),
            Text(
                "A dot for each item's change with its interval; the line marks no change.",
                "圆点为各题项的变化，横条为置信区间，竖线表示无变化。",
            ),
            size=(6.8, max(2.4, 0.32 * len(rows) + 1.0)),
        )


WAVE = Text("Wave", "调查期")
CHANGE = Text("Change of the mean answer", "平均回答的变化")
NO_CHANGE = Text("no change", "无变化")
ADJUSTMENTS: dict[Adjustment, Text] = {
    "holm": Text("Holm", "Holm 法"),
    "benjamini-hochberg": Text("Benjamini-Hochberg", "Benjamini–Hochberg 法"),
}
SIGNS = {"at least": ">=", "at most": "<="}


def _shown(value: float, kind: Kind, *, signed: bool = False) -> str:
    sign = "+" if signed and value >= 0 else ""
    if kind == "top2":
        return f"{sign}{100 * value:.1f}"
    return f"{sign}{value:.1f}" if kind == "construct" else f"{sign}{value:.2f}"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
