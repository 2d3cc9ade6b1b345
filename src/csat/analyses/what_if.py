"""What if an item did better? The change it would bring to the index, and to the NPS, with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.interval_words import NOTHING
from csat.analyses.result import Base, Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute
from csat.language import Language, Text, bare, joined
from csat.numerics.resampling import percentile_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Method = Literal["pls", "sem", "regression"]

METHODS: dict[Method, Text] = {
    "pls": Text("total effects of the PLS path model", "PLS 路径模型的总效应"),
    "sem": Text(
        "total effects of the structural model (maximum likelihood), free of the items' measurement error; "
        "an item moves the score of its construct by its share",
        "结构方程模型（极大似然）的总效应，已剔除题项的测量误差；题项按其在构念中的份额起作用",
    ),
    "regression": Text(
        "regression of the index on the driver constructs, the others held constant; an item moves the score "
        "of its construct by its share",
        "指数对各驱动构念的回归（其他构念不变），题项按其在构念中的份额起作用",
    ),
}
USUAL_RAISE = 0.3
"""Answer points by which the report raises the first priorities (ours)."""
RAISED_IN_REPORT = 5
TOGETHER = Text("all of them together", "以上全部")


@dataclass(frozen=True, eq=False)
class Raised:
    """Something raised by `by` answer points. items : positions of the items that rise."""

    name: str
    title: Text
    by: float
    items: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ItemEffects:
    """Items that may be raised, p of them, in the whole and in R keyed replicates.

    mean, sd : (p,) in answer units. low, high : (p,) declared ends of the scales. drawn_mean : (p, R).
    effect : (p,) points of the index per 0-100 point of the item's mean; drawn_effect : (p, R).
    """

    items: tuple[str, ...]
    mean: Array
    sd: Array
    low: Array
    high: Array
    drawn_mean: Array
    effect: Array
    drawn_effect: Array


@dataclass(frozen=True, eq=False)
class Outcome:
    """What changes: its value now and in the replicates. effect, drawn_effect : as in `ItemEffects`."""

    name: Text
    value: float
    drawn: Array
    lowest: float
    highest: float
    effect: Array
    drawn_effect: Array


@dataclass(frozen=True, eq=False)
class Changes:
    """The change each raise brings to one outcome, the last for all together; intervals of the change."""

    name: Text
    before: float
    change: Array
    se: Array
    ci_lower: Array
    ci_upper: Array
    after: Array
    after_lower: Array
    after_upper: Array


@dataclass(frozen=True, eq=False, kw_only=True)
class WhatIf(Result):
    """k raises, and all together where there are several, made by `what_if`; arrays have one row for each."""

    title = Text("What if it did better?", "如果做得更好，会怎样？")
    name = "what_if"

    names: tuple[str, ...]
    titles: tuple[Text, ...]
    asked: Array
    """Answer points asked for; NaN for all together, as the next three."""
    possible: Array
    """Answer points possible under the top of the scale: less than asked where the mean is close to it."""
    mean: Array
    """Answer mean now; of a construct the mean of its items."""
    raised_to: Array
    method: Method
    index: Changes
    nps: Changes | None
    confidence: float
    replicates: int
    lost: int
    seed: int
    drawn: Text = NOTHING
    """How replicates were made, where not respondent by respondent."""

    def tables(self) -> dict[str, Table]:
        """`what_if`: one row a raise; `nps`, where there is one."""
        columns: dict[str, Any] = {
            "item": self.names,
            "wording": self.titles,
            "mean": self.mean,
            "possible": self.possible,
            "raised_to": self.raised_to,
            "change": self.index.change,
            "ci_lower": self.index.ci_lower,
            "ci_upper": self.index.ci_upper,
            "after": self.index.after,
        }
        labels = {
            "item": Text("Raised", "提升对象"),
            "mean": Text("Mean now", "当前均值"),
            "possible": Text("Raised by", "提升幅度"),
            "raised_to": Text("Mean then", "提升后均值"),
            "change": Text("Change of the index", "指数变化"),
            "after": Text("Index then", "提升后指数"),
        }
        if all(t.en in ("", n) for t, n in zip(self.titles, self.names, strict=True)):
            del columns["wording"]
        elif len(self.names) > 1:
            columns["item"] = (*self.names[:-1], "")  # all of them together has a wording and no id
        if self.confidence != 0.95:
            level = f"{100 * self.confidence:g}%"
            labels["ci_lower"] = Text(f"{level} CI, lower", f"{level} 置信下限")
            labels["ci_upper"] = Text(f"{level} CI, upper", f"{level} 置信上限")
        tables = {
            "what_if": Table(
                columns,
                title=Text(
                    "What each improvement would bring to the index ({name}, now {now})",
                    "各项改进对指数的影响（{name}，当前 {now}）",
                ).fill(name=self.index.name, now=f"{self.index.before:.1f}"),
                notes=[
                    Text(
                        "Effects: {how}. A mean rises at most to the top of its scale. Intervals: "
                        "percentiles of {n} bootstrap replicates{drawn}, seed {seed}, effects found anew in "
                        "each.",
                        "效应来自：{how}。均值最多升至量表上限。区间：{n} 次自助抽样{drawn}的百分位数，"
                        "随机种子 {seed}，每次重新估计效应。",
                    ).fill(how=METHODS[self.method], n=self.replicates, seed=self.seed, drawn=self.drawn)
                ],
                labels=labels,
                formats=dict.fromkeys(("change", "ci_lower", "ci_upper"), "number") | {"after": "score"},
            )
        }
        if self.nps is not None:
            tables["nps"] = self._nps_table(self.nps, columns, labels)
        return tables

    @staticmethod
    def _nps_table(nps: Changes, columns: Mapping[str, Any], labels: Mapping[str, Text]) -> Table:
        return Table(
            {k: columns[k] for k in ("item", "wording", "possible") if k in columns}
            | {
                "change": nps.change,
                "ci_lower": nps.ci_lower,
                "ci_upper": nps.ci_upper,
                "after": nps.after,
            },
            title=Text(
                "What each improvement would bring to the NPS (now {now})",
                "各项改进对 NPS 的影响（当前 {now}）",
            ).fill(now=f"{nps.before:.1f}"),
            notes=[
                Text(
                    "Regression of 100 (promoter), 0, -100 (detractor) on the driver constructs.",
                    "以 100（推荐者）、0、-100（贬损者）对各驱动构念回归。",
                )
            ],
            labels={
                **labels,
                "change": Text("Change of the NPS", "NPS 变化"),
                "after": Text("NPS then", "提升后 NPS"),
            },
            formats=dict.fromkeys(("change", "ci_lower", "ci_upper", "after"), "score"),
        )

    def plots(self) -> dict[str, Plot]:
        """`what_if`: the change of the index by each raise, with its interval."""
        order = np.argsort(-self.index.change, kind="stable")

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.dots(
                ax,
                [self._called(int(i)).say(language) for i in order],
                self.index.change[order],
                lower=self.index.ci_lower[order],
                upper=self.index.ci_upper[order],
                reference=0.0,
                xlabel=Text("Change of the index, points", "指数变化（分）").say(language),
            )

        return {
            "what_if": Plot(
                draw,
                Text("What each improvement would bring", "各项改进的预期效果"),
                Text(
                    "Dots: change of the index, with its interval. Largest: {best}.",
                    "圆点为指数变化，横条为区间。最大：{best}。",
                ).fill(best=self._called(int(order[0]))),
                (6.8, max(2.0, 0.36 * len(order) + 1.0)),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """The raise that brings most, and what all of them bring."""
        single = [i for i in range(len(self.names)) if math.isfinite(self.asked[i])]
        best = max(single, key=lambda i: float(self.index.change[i]))
        said = [self._sentence(best)]
        if len(single) < len(self.names):
            said.append(self._sentence(len(self.names) - 1))
        return tuple(said)

    def _sentence(self, i: int) -> Text:
        c = self.index
        raised = (
            Text(
                "{what} raised by {by} points, from {a} to {b}",
                "“{what}”的均值提升 {by} 分（{a} 升至 {b}）",
            ).fill(
                what=bare(self.titles[i]),
                by=f"{self.possible[i]:.2g}",
                a=f"{self.mean[i]:.2f}",
                b=f"{self.raised_to[i]:.2f}",
            )
            if math.isfinite(self.asked[i])
            else Text("All of them together", "全部同时提升")
        )
        nps = (
            Text("; the NPS by {d}", "；NPS 变化 {d}").fill(d=f"{self.nps.change[i]:+.1f}")
            if self.nps is not None
            else Text("", "")
        )
        return Text(
            "{raised}: the index would change by {d} ({lower} to {upper}), to {after}{nps}.",
            "{raised}：指数预计变化 {d}（{lower} 至 {upper}），达到 {after}{nps}。",
        ).fill(
            raised=raised,
            d=f"{c.change[i]:+.2f}",
            lower=f"{c.ci_lower[i]:+.2f}",
            upper=f"{c.ci_upper[i]:+.2f}",
            after=f"{c.after[i]:.1f}",
            nps=nps,
        )

    def _called(self, i: int) -> Text:
        if not math.isfinite(self.asked[i]):
            return self.titles[i]
        return Text("{what} +{by}", "{what} +{by}").fill(
            what=bare(self.titles[i]), by=f"{self.possible[i]:.2g}"
        )


def what_if(
    *,
    raised: Sequence[Raised],
    items: ItemEffects,
    index: Outcome,
    method: Method,
    base: Base,
    nps: Outcome | None = None,
    confidence: float = 0.95,
    seed: int = 0,
    drawn: Text = NOTHING,
    cautions: Sequence[Caution] = (),
) -> WhatIf:
    """Change of an index when the means of items rise by some answer points.

        step_j = 100 min(d, hi_j - mean_j) / (hi_j - lo_j)        change = sum_j effect_j step_j

    A construct rises by raising each of its items. In every replicate the means, the effects and the index
    are those of that replicate. The index stays between its ends.

    Raises
    ------
    BadInput : nothing to raise, a raise that is not positive. CannotCompute : no effect is known.
    """
    if not raised:
        raise BadInput("nothing is raised", right="Name items or constructs with points, such as item=0.3")
    for one in raised:
        if not (math.isfinite(one.by) and one.by > 0):
            raise BadInput(f"'{one.name}' is raised by {one.by:g}", right="A raise is a positive number")
        known = items.effect[list(one.items)]
        if not np.isfinite(known).all():
            raise CannotCompute(
                f"the effect of '{one.name}' on the index is not known",
                where="the what-if",
                do="Raise another item, or look at its answers: they may all be the same",
            )
    rises = [_steps(one, items) for one in raised]
    titles = [one.title for one in raised]
    names = [one.name for one in raised]
    asked = [one.by for one in raised]
    means = [float(items.mean[list(one.items)].mean()) for one in raised]
    possible = [float(np.minimum(one.by, items.high - items.mean)[list(one.items)].mean()) for one in raised]
    if len(raised) > 1:
        together = _together(raised, items)
        rises.append(together)
        titles.append(TOGETHER)
        names.append("together")
        asked, means, possible = [*asked, math.nan], [*means, math.nan], [*possible, math.nan]
    found = _changes(index, rises, confidence)
    good = np.isfinite(index.drawn) & np.isfinite(index.drawn_effect).all(axis=0)
    return WhatIf(
        names=tuple(names),
        titles=tuple(titles),
        asked=np.array(asked),
        possible=np.array(possible),
        mean=np.array(means),
        raised_to=np.array(means) + np.array(possible),
        method=method,
        index=found,
        nps=None if nps is None else _changes(nps, rises, confidence),
        confidence=confidence,
        replicates=len(index.drawn),
        lost=int(np.count_nonzero(~good)),
        seed=seed,
        drawn=drawn,
        base=base,
        cautions=(*cautions, *_cautions(raised, items)),
    )


Steps = tuple[Array, Array]
"""(p,) and (p, R) points of 100 by which each item's mean rises."""


def _steps(one: Raised, items: ItemEffects) -> Steps:
    chosen = np.zeros(len(items.items))
    chosen[list(one.items)] = one.by
    return _under_the_top(chosen, items)


def _together(raised: Sequence[Raised], items: ItemEffects) -> Steps:
    """An item named twice, alone and in its construct, rises by both."""
    total = np.zeros(len(items.items))
    for one in raised:
        total[list(one.items)] += one.by
    return _under_the_top(total, items)


def _under_the_top(by: Array, items: ItemEffects) -> Steps:
    scale = 100.0 / (items.high - items.low)
    room = np.maximum(items.high - items.mean, 0.0)
    drawn_room = np.maximum(items.high[:, None] - items.drawn_mean, 0.0)
    return np.minimum(by, room) * scale, np.minimum(by[:, None], drawn_room) * scale[:, None]


def _changes(outcome: Outcome, rises: Sequence[Steps], confidence: float) -> Changes:
    change, drawn = [], []
    for one, many in rises:
        # an item that does not rise has no say, known or not
        change.append(float(np.where(one > 0, outcome.effect * one, 0.0).sum()))
        drawn.append(np.where(many > 0, outcome.drawn_effect * many, 0.0).sum(axis=0))
    shift, moved = np.array(change), np.array(drawn)
    after = np.clip(outcome.value + shift, outcome.lowest, outcome.highest)
    then = np.clip(outcome.drawn + moved, outcome.lowest, outcome.highest)
    # the ceiling of the index binds the change too
    shift, moved = after - outcome.value, then - outcome.drawn
    of_change = [percentile_interval(m, confidence=confidence) for m in moved]
    of_after = [percentile_interval(m, confidence=confidence) for m in then]
    return Changes(
        name=outcome.name,
        before=outcome.value,
        change=shift,
        se=np.array([m[np.isfinite(m)].std(ddof=1) for m in moved]),
        ci_lower=np.array([i.lower for i in of_change]),
        ci_upper=np.array([i.upper for i in of_change]),
        after=after,
        after_lower=np.array([i.lower for i in of_after]),
        after_upper=np.array([i.upper for i in of_after]),
    )


def _cautions(raised: Sequence[Raised], items: ItemEffects) -> tuple[Caution, ...]:
    found = [
        Caution(
            "not causal",
            Text(
                "The effects come from how answers go together; they hold if better service moves answers "
                "the way respondents differ today. A trial is the proof.",
                "效应来自回答之间的关系；只有当改进服务使回答按目前受访者之间的差异方式变化时才成立。"
                "试点才是证明。",
            ),
        )
    ]
    places = sorted({i for one in raised for i in one.items})
    by = {i: sum(one.by for one in raised if i in one.items) for i in places}
    full = [items.items[i] for i in places if items.mean[i] + by[i] > items.high[i]]
    if full:
        found.append(
            Caution(
                "ceiling",
                Text(
                    "{names} would pass the top of the scale; they rise to the top only.",
                    "{names} 将超出量表上限，只计到上限为止。",
                ).fill(names=joined([Text(n) for n in full])),
                tuple(full),
            )
        )
    far = [items.items[i] for i in places if by[i] > items.sd[i]]
    if far:
        found.append(
            Caution(
                "far",
                Text(
                    "{names} would rise by more than one standard deviation: further than respondents "
                    "differ, so a straight line may not hold.",
                    "{names} 的提升超过一个标准差，已超出受访者之间的差异范围，线性关系未必成立。",
                ).fill(names=joined([Text(n) for n in far])),
                tuple(far),
            )
        )
    negative = [items.items[i] for i in places if items.effect[i] < 0]
    if negative:
        found.append(
            Caution(
                "negative effect",
                Text(
                    "{names} has a negative effect beside the others, usually because drivers overlap: do "
                    "not read it as harm.",
                    "{names} 在其他因素存在时效应为负，通常是因素重叠所致，不应理解为有害。",
                ).fill(names=joined([Text(n) for n in negative])),
                tuple(negative),
            )
        )
    return tuple(found)
