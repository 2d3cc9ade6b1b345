"""What was answered: frequencies, means with their intervals, shape, boxes and silence of each item."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.choices import ChoiceShares, choices_plots, choices_table
from csat.analyses.guidelines import EFFECTIVE_N_SMALL, FLOOR_CEILING
from csat.analyses.result import SOUND, Base, Caution, Result, Verdict
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import CannotCompute, NumericsError
from csat.instrument.instrument import Scale
from csat.language import Language, Text, joined
from csat.numerics import descriptives as de
from csat.numerics.design import Design, design_effects, means, share_interval_of_design
from csat.numerics.intervals import mean_interval, share_interval
from csat.responses.responses import Responses
from csat.tally.tally import Tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

BOXES = 2
"""Categories in a box: top-2 and bottom-2 shares."""
FEWEST_FOR_BOXES = 4
"""On shorter scales the two highest and the two lowest answers overlap, so no boxes are given."""
NAMED_LOWEST = 3
"""Items named in the headline: an overall score never hides its three lowest items (METHODS 2)."""
FEWEST_WITH_INTERVAL = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Description(Result):
    """Frequencies and figures of each item, made by `describe`. All arrays follow `items`, p of them.

    Shares and means are weighted when the responses are. An item without categories has NaN where categories
    are needed.
    """

    title = Text("Answers", "回答分布")
    name = "describe"

    items: tuple[str, ...]
    n_answered: NDArray[np.int64]
    """(p,) rows that answered, unweighted."""
    effective_n: Array
    """(p,) (sum w)^2 / sum w^2 of those rows."""
    silence: Mapping[str, NDArray[np.int64]]
    """Reason to (p,) rows that did not answer for it."""
    mean: Array
    se: Array
    """(p,) design-based (linearisation) when weighted, sd / sqrt(n) otherwise."""
    ci_lower: Array
    ci_upper: Array
    sd: Array
    """(p,) with denominator n - 1 (weighted: n / (n - 1) times the weighted mean square)."""
    skewness: Array
    kurtosis: Array
    median: Array
    score: Array
    """(p,) mean on the 0-100 rescale of the declared scale."""
    floor: Array
    """(p,) share of the lowest category."""
    ceiling: Array
    top2: Array
    top2_lower: Array
    top2_upper: Array
    bottom2: Array
    bottom2_lower: Array
    bottom2_upper: Array
    categories: tuple[Array, ...]
    """p arrays of answer values, low to high, as turned; empty for an item without categories."""
    counts: tuple[NDArray[np.int64], ...]
    """p arrays: rows in each category, unweighted."""
    shares: tuple[Array, ...]
    """p arrays: weighted share of each category among the answers."""
    shape_type: de.ShapeType
    share_method: str
    confidence: float
    titles: Mapping[str, Text] = field(default_factory=dict)
    turned: tuple[str, ...] = ()
    """Items turned when they were bound: their category 1 is the raw highest answer."""
    scales: tuple[Scale | None, ...] = ()
    choices: tuple[ChoiceShares, ...] = ()
    """Questions with several answers, which are no items."""
    strata: int = 0
    """Strata of the design the errors rest on; 0 without one."""
    clusters: int = 0

    @property
    def deff(self) -> Array:
        """(p,) design effect: answers over effective n; without strata and clusters that of the weights."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.n_answered / self.effective_n)

    def tables(self) -> dict[str, Table]:
        """`items`, `boxes`, `frequencies`, `silence`, `choices` (questions with several answers)."""
        tables = {"items": self._items_table()}
        if any(c.size for c in self.categories):
            tables["boxes"] = self._boxes_table()
            tables["frequencies"] = self._frequencies_table()
        tables["silence"] = self._silence_table()
        if self.choices:
            tables["choices"] = choices_table(self.choices, self.base.weighted)
        return tables

    def plots(self) -> dict[str, Plot]:
        """`answers` (diverging bars, one chart for each scale), `means`, then `choices_1` and so on."""
        plots: dict[str, Plot] = {}
        for scale, at in _by_scale(self.scales, self.categories):
            plots["answers" if not plots else f"answers_{scale.minimum}_{scale.maximum}"] = self._bars(
                scale, at
            )
        return {**plots, "means": self._means(), **choices_plots(self.choices)}

    def headline(self) -> tuple[Text, ...]:
        """The best and the three lowest items, and the share of the dissatisfied on each of those."""
        order = np.argsort(self.score, kind="stable")
        order = order[~np.isnan(self.score[order])]
        if order.size < 2:
            return ()
        best, lowest = int(order[-1]), order[: min(NAMED_LOWEST, order.size - 1)].tolist()
        said = [
            Text(
                f"{self._title(i).say('en')} ({self.score[i]:.1f}{_dissatisfied(self.bottom2[i], 'en')})",
                f"{self._title(i).say('zh')}（{self.score[i]:.1f} 分{_dissatisfied(self.bottom2[i], 'zh')}）",
            )
            for i in lowest
        ]
        return (
            Text(
                "On a scale from 0 to 100 the highest item is {best} ({score}); the lowest: {low}.",
                "按 0–100 分换算，得分最高的是{best}（{score} 分），最低的是：{low}。",
            ).fill(best=self._title(best), score=f"{self.score[best]:.1f}", low=joined(said)),
        )

    def _title(self, i: int) -> Text:
        return self.titles.get(self.items[i]) or Text(self.items[i])

    def _wording(self) -> dict[str, Sequence[Text]]:
        titles = [self._title(i) for i in range(len(self.items))]
        return (
            {} if all(t == Text(i) for t, i in zip(titles, self.items, strict=True)) else {"wording": titles}
        )

    def _notes(self) -> list[Text]:
        notes = [Text(f"Skewness and kurtosis: {de.SHAPE_NAMES[self.shape_type]}.",
                      f"偏度与峰度：{SHAPE_WORDS_ZH[self.shape_type]}。")]  # fmt: skip
        if self.strata:
            notes.append(
                Text(
                    f"Standard errors and effective n rest on the design: {self.clusters} sampling units in "
                    f"{self.strata} strata (linearisation); shares by Wilson at the effective n.",
                    f"标准误与有效样本量按抽样设计计算：{self.strata} 层共 {self.clusters} 个抽样单元"
                    "（线性化）；比例区间按有效样本量用 Wilson 法。",
                )
            )
        elif self.base.weighted:
            notes.append(
                Text(
                    "Means, shares and the median are weighted; standard errors are design-based "
                    "(linearisation, with replacement); intervals of shares rest on the effective n.",
                    "均值、比例和中位数均已加权；标准误按抽样设计计算（线性化、有放回）；"
                    "比例的区间以有效样本量为准。",
                )
            )
        if self.turned:
            notes.append(
                Text(
                    f"Turned so that higher is better: {', '.join(self.turned)}.",
                    f"已反向计分（分数越高越好）：{'、'.join(self.turned)}。",
                )
            )
        return notes

    def _items_table(self) -> Table:
        columns: dict[str, Any] = {"item": self.items, **self._wording(), "n_answered": self.n_answered}
        if self.base.weighted or self.strata:
            columns["effective_n"] = self.effective_n
            columns["deff"] = self.deff
        columns |= {
            "mean": self.mean, "ci_lower": self.ci_lower, "ci_upper": self.ci_upper, "sd": self.sd,
            "median": self.median, "skewness": self.skewness, "kurtosis": self.kurtosis, "score": self.score,
        }  # fmt: skip
        return Table(
            columns,
            title=Text("Items", "各题项"),
            notes=self._notes(),
            labels={
                **_interval_labels(self.confidence),
                "score": Text("Mean, 0-100", "均值（0–100）"),
                "deff": Text("Design effect", "设计效应"),
            },
            formats={"score": "score", "effective_n": "score", "median": "score"}
            if "effective_n" in columns
            else {"score": "score", "median": "score"},
        )

    def _boxes_table(self) -> Table:
        columns: dict[str, Any] = {"item": self.items, **self._wording()}
        names = (
            *("floor", "bottom2", "bottom2_lower", "bottom2_upper"),
            *("top2", "top2_lower", "top2_upper", "ceiling"),
        )
        columns |= {name: getattr(self, name) for name in names}
        per_cent = f"{100 * self.confidence:g}%"
        return Table(
            columns,
            title=Text("Top and bottom boxes", "高分与低分占比"),
            notes=[
                Text(
                    f"Shares of the {BOXES} highest and the {BOXES} lowest answers, with {per_cent} "
                    f"intervals by the method of {self.share_method}.",
                    f"最高 {BOXES} 项与最低 {BOXES} 项回答所占比例，{per_cent} 区间采用 "
                    f"{self.share_method} 法。",
                )
            ],
            formats=dict.fromkeys(names, "share"),
        )

    def _frequencies_table(self) -> Table:
        columns: dict[str, list[Any]] = {
            name: [] for name in ("item", "category", "label", "count", "share", "cumulative_share")
        }
        for i, (item, values) in enumerate(zip(self.items, self.categories, strict=True)):
            scale = self.scales[i]
            columns["item"] += [item] * values.size
            columns["category"] += [int(v) for v in values]
            columns["label"] += [category_label(scale, int(v), item in self.turned) for v in values]
            columns["count"] += self.counts[i].tolist()
            columns["share"] += self.shares[i].tolist()
            columns["cumulative_share"] += np.cumsum(self.shares[i]).tolist()
        if not any(columns["label"]):
            del columns["label"]
        notes = (
            [Text("Counts are rows; shares are weighted.", "频数为未加权的答卷数；比例为加权结果。")]
            if self.base.weighted
            else []
        )
        return Table(
            columns,
            title=Text("Frequencies", "频数分布"),
            notes=notes,
            formats={"share": "share", "cumulative_share": "share"},
        )

    def _silence_table(self) -> Table:
        total = self.n_answered + sum(self.silence.values())
        with np.errstate(invalid="ignore", divide="ignore"):
            share = 1 - self.n_answered / total
        return Table(
            {
                "item": self.items,
                "n_answered": self.n_answered,
                **{reason.lower(): n for reason, n in self.silence.items()},
                "share_missing": share,
            },
            title=Text("Silence by reason", "未作答情况（按原因）"),
            formats={"share_missing": "share"},
        )

    def _bars(self, scale: Scale, at: list[int]) -> Plot:
        values = self.categories[at[0]]
        # words of the category as most items of the scale have it; the others are marked
        around = 2 * sum(self.items[i] in self.turned for i in at) > len(at)
        labels = [category_label(scale, int(v), around) or Text(f"{v:g}") for v in values]
        names = [
            self._title(i)
            if (self.items[i] in self.turned) == around
            else Text("{item} (turned)", "{item}（反向）").fill(item=self._title(i))
            for i in at
        ]
        shares = np.nan_to_num(np.array([self.shares[i] for i in at]))
        middle = (values.size - 1) / 2
        n = [int(self.n_answered[i]) for i in at]

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.diverging_bars(
                ax,
                [name.say(language) for name in names],
                shares,
                part_labels=[
                    t.say(language) if t.en == f"{v:g}" else f"{v:g} {t.say(language)}"
                    for t, v in zip(labels, values, strict=True)
                ],
                midpoint=middle,
                n=n,
            )

        worst, best = (min(at, key=lambda i: self.score[i]), max(at, key=lambda i: self.score[i]))
        return Plot(
            draw=draw,
            title=Text(
                f"Answers on the {scale.minimum}-{scale.maximum} scale",
                f"回答分布（{scale.minimum}–{scale.maximum} 分量表）",
            ),
            description=Text(
                "Diverging stacked bars: the share of each answer, item by item. "
                "Highest mean: {best}; lowest: {worst}.",
                "发散堆叠条形图：各题项每个选项的占比。均值最高：{best}；最低：{worst}。",
            ).fill(best=self._title(best), worst=self._title(worst)),
            size=(7.4, max(2.4, 0.36 * len(at) + 1.4)),
        )

    def _means(self) -> Plot:
        scales = {(s.minimum, s.maximum) for s in self.scales if s is not None}
        rescaled = len(scales) > 1 and all(s is not None for s in self.scales)
        centre, lower, upper = self.mean, self.ci_lower, self.ci_upper
        if rescaled:
            centre, lower, upper = (
                np.array([_rescaled(s, x) for s, x in zip(self.scales, v, strict=True)])
                for v in (centre, lower, upper)
            )
        axis = Text("mean, 0-100", "均值（0–100 换算）") if rescaled else Text("mean", "均值")

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.dots(
                ax,
                [self._title(i).say(language) for i in range(len(self.items))],
                centre,
                lower=lower,
                upper=upper,
                xlabel=axis.say(language),
            )

        per_cent = f"{100 * self.confidence:g}%"
        return Plot(
            draw=draw,
            title=Text(f"Means with {per_cent} intervals", f"均值及 {per_cent} 置信区间"),
            description=Text(
                "One dot an item at its mean, with its confidence interval.",
                "每个题项一个点，表示均值，横线为置信区间。",
            ),
            size=(6.8, max(2.2, 0.3 * len(self.items) + 1.0)),
        )


SHAPE_WORDS_ZH: dict[int, str] = {
    1: "类型 1（g1、g2）",
    2: "类型 2（G1、G2，与 SPSS 相同）",
    3: "类型 3（b1、b2）",
}


def describe(
    tally: Tally,
    *,
    confidence: float = 0.95,
    titles: Mapping[str, Text] | None = None,
    turned: Collection[str] | None = None,
    shape_type: de.ShapeType = 2,
    choices: Sequence[ChoiceShares] = (),
    drawn: Responses | None = None,
) -> Description:
    """Frequencies, means, spread, shape, boxes and silence of each item.

    Means use all answered cells. Intervals: t with n - 1 df about the mean (design-based standard errors when
    weighted); Wilson for shares, on the effective n of the item when weighted.

    Parameters
    ----------
    tally : of the items, every row that was read. confidence : coverage of the intervals. titles : wording by
        item. turned : items turned when bound, so that labels of their categories are turned too; default
        those on a scale whose higher codes are worse.
    shape_type : convention of skewness and kurtosis (2 is that of SPSS, SAS, pandas). choices : of the
        questions with several answers.
    drawn : the same respondents with a design (strata, clusters, populations): errors of means and shares are
        then linearised over it, with t on clusters - strata degrees of freedom, as R survey's svymean; shares
        by Wilson at their effective n under the design, p q / se^2.

    Raises
    ------
    CannotCompute : no item was answered by anybody.
    """
    p = len(tally.items)
    answered, effective = tally.answered(), tally.item_effective_n()
    if not answered.any():
        raise CannotCompute(
            f"nobody answered any of the {p} items",
            do="Check that the columns hold answers and not only silence",
        )
    mean, se = tally.means(), tally.mean_se()
    lower, upper = mean_interval(
        mean, se, df=np.where(answered >= FEWEST_WITH_INTERVAL, answered - 1.0, np.nan), confidence=confidence
    )
    blank = np.full(p, np.nan)
    figures = {
        name: blank.copy()
        for name in ("sd", "skewness", "kurtosis", "median", "score", "floor", "ceiling", "top2", "bottom2")
    }
    categories: list[Array] = []
    counts: list[NDArray[np.int64]] = []
    shares: list[Array] = []
    for i in range(p):
        moments = de.moments_from_power_sums(
            tally.power_sums(i), origin=float(tally.origins[i]), n=float(answered[i])
        )
        figures["sd"][i] = moments.sd
        figures["skewness"][i] = moments.skewness(shape_type)
        figures["kurtosis"][i] = moments.kurtosis(shape_type)
        scale = tally.scales[i]
        if scale is not None:
            figures["score"][i] = _rescaled(scale, mean[i])
        if not tally.has_categories(i):
            categories.append(np.empty(0))
            counts.append(np.empty(0, dtype=np.int64))
            shares.append(np.empty(0))
            continue
        values, weighted = tally.categories(i), tally.counts(i)
        total = weighted.sum()
        categories.append(values)
        counts.append(np.rint(tally.counts_unweighted(i)).astype(np.int64))
        shares.append(weighted / total if total > 0 else np.full(values.size, np.nan))
        figures["median"][i] = de.median(values, weighted, rule="inverse" if tally.weighted else "type 7")
        figures["floor"][i], figures["ceiling"][i] = shares[-1][0], shares[-1][-1]
        if values.size >= FEWEST_FOR_BOXES:
            figures["top2"][i] = de.top_share(weighted, boxes=BOXES)
            figures["bottom2"][i] = de.bottom_share(weighted, boxes=BOXES)
    top = _wilson(figures["top2"], effective, confidence)
    bottom = _wilson(figures["bottom2"], effective, confidence)
    if drawn is not None and drawn.design is not None:
        se, effective, boxes = _by_design(drawn, drawn.design, tally, confidence)
        lower, upper = mean_interval(mean, se, df=float(drawn.design.df), confidence=confidence)
        top, bottom = boxes
    return Description(
        base=Base.of(tally, "listwise" if tally.complete else "available"),
        cautions=_cautions(tally, figures, answered),
        verdict=SOUND
        if EFFECTIVE_N_SMALL.met(tally.effective_n)
        else Verdict(
            "doubtful",
            Text(
                f"Effective n is {tally.effective_n:.1f}: too few answers to say much about anybody else.",
                f"有效样本量仅 {tally.effective_n:.1f}，样本太少，难以推断总体。",
            ),
        ),
        items=tally.items,
        n_answered=answered,
        effective_n=effective,
        silence=tally.silence(),
        mean=mean,
        se=se,
        ci_lower=lower,
        ci_upper=upper,
        **figures,
        top2_lower=top[0],
        top2_upper=top[1],
        bottom2_lower=bottom[0],
        bottom2_upper=bottom[1],
        categories=tuple(categories),
        counts=tuple(counts),
        shares=tuple(shares),
        shape_type=shape_type,
        share_method="Wilson (effective n)" if tally.weighted or drawn is not None else "Wilson",
        strata=0 if drawn is None or drawn.design is None else len(drawn.design.population),
        clusters=0 if drawn is None or drawn.design is None else drawn.design.clusters,
        confidence=confidence,
        titles={k: v for k, v in (titles or {}).items() if k in tally.items},
        turned=_turned(tally, turned),
        scales=tally.scales,
        choices=tuple(choices),
    )


def _by_design(
    drawn: Responses, design: Design, tally: Tally, confidence: float
) -> tuple[Array, Array, tuple[tuple[Array, Array], tuple[Array, Array]]]:
    """Standard errors and effective n of the means, and intervals of the top and bottom shares."""
    p = len(tally.items)
    se, effective = np.full(p, np.nan), np.full(p, np.nan)
    ends = np.full((2, 2, p), np.nan)
    try:
        for i, item in enumerate(tally.items):
            values = drawn.answers([item])[:, 0]
            found = means(values, design)
            se[i] = found.se[0]
            n = int((~np.isnan(values)).sum())
            deff = float(design_effects(values, design)[0])
            effective[i] = n / deff if deff > 0 else n
            scale = tally.scales[i]
            if scale is None or scale.maximum - scale.minimum + 1 < FEWEST_FOR_BOXES:
                continue
            for k, inside in enumerate((values > scale.maximum - BOXES, values < scale.minimum + BOXES)):
                share = means(np.where(np.isnan(values), np.nan, inside), design)
                ends[k, :, i] = share_interval_of_design(
                    float(share.value[0]),
                    float(share.se[0]),
                    df=float(design.df),
                    n=n,
                    confidence=confidence,
                    method="wilson",
                )
    except NumericsError as error:
        raise error.named((), where="the design") from error
    return se, effective, ((ends[0, 0], ends[0, 1]), (ends[1, 0], ends[1, 1]))


def category_label(scale: Scale | None, value: int, turned: bool) -> Text:
    """What the answer at `value` (after turning) was called; empty when the scale has no words for it."""
    if scale is None:
        return Text("")
    if turned:
        value = scale.minimum + scale.maximum - value
    return scale.labels.get(value, Text(""))


def _turned(tally: Tally, named: Collection[str] | None) -> tuple[str, ...]:
    if named is not None:
        return tuple(i for i in tally.items if i in named)
    pairs = zip(tally.items, tally.scales, strict=True)
    return tuple(i for i, scale in pairs if scale is not None and scale.higher_is == "worse")


def _rescaled(scale: Scale | None, value: float) -> float:
    if scale is None:
        return np.nan
    return float(de.rescaled_0_100(value, minimum=scale.minimum, maximum=scale.maximum))


def _wilson(share: Array, n: Array, confidence: float) -> tuple[Array, Array]:
    return share_interval(share * n, np.where(np.isnan(share), 0.0, n), confidence=confidence)


def _by_scale(scales: Sequence[Scale | None], categories: Sequence[Array]) -> list[tuple[Scale, list[int]]]:
    """Items that share a scale, scales in order of appearance."""
    found: dict[tuple[int, int], tuple[Scale, list[int]]] = {}
    for i, scale in enumerate(scales):
        if scale is not None and categories[i].size:
            found.setdefault((scale.minimum, scale.maximum), (scale, []))[1].append(i)
    return list(found.values())


def _dissatisfied(share: float, language: Language) -> str:
    if np.isnan(share):
        return ""
    percent = f"{100 * share:.0f}%"
    return f", {percent} in the two lowest answers" if language == "en" else f"，最低两项占 {percent}"


def _interval_labels(confidence: float) -> dict[str, Text]:
    if confidence == 0.95:
        return {}
    c = f"{100 * confidence:g}%"
    return {
        "ci_lower": Text(f"{c} CI, lower", f"{c} 置信下限"),
        "ci_upper": Text(f"{c} CI, upper", f"{c} 置信上限"),
    }


def _cautions(tally: Tally, figures: Mapping[str, Array], answered: NDArray[np.int64]) -> tuple[Caution, ...]:
    cautions = []
    silent = tuple(item for item, n in zip(tally.items, answered, strict=True) if n == 0)
    if silent:
        cautions.append(
            Caution(
                "unanswered_item",
                Text("Nobody answered {items}.", "没有人回答：{items}。").fill(items=_named(silent)),
                silent,
            )
        )
    constant = tuple(
        item
        for item, n, sd in zip(tally.items, answered, figures["sd"], strict=True)
        if n >= FEWEST_WITH_INTERVAL and sd == 0
    )
    if constant:
        cautions.append(
            Caution(
                "constant_item",
                Text(
                    "Everybody gave the same answer to {items}: it cannot be related to anything.",
                    "所有人对以下题项的回答都相同：{items}，无法分析它与其他题项的关系。",
                ).fill(items=_named(constant)),
                constant,
            )
        )
    limit = f"{100 * FLOOR_CEILING.value:g}%"
    for name, code, words in (
        (
            "floor",
            "floor",
            Text(
                "More than {limit} chose the lowest answer (floor effect) on {items}: "
                "differences among the dissatisfied are hidden there.",
                "超过 {limit} 的人选择最低分（地板效应）：{items}，不满意者之间的差别无法区分。",
            ),
        ),
        (
            "ceiling",
            "ceiling",
            Text(
                "More than {limit} chose the highest answer (ceiling effect) on {items}: "
                "improvement can hardly show there.",
                "超过 {limit} 的人选择最高分（天花板效应）：{items}，改进难以在分数上体现。",
            ),
        ),
    ):
        extreme = tuple(
            item
            for item, share in zip(tally.items, figures[name], strict=True)
            if share > FLOOR_CEILING.value
        )
        if extreme:
            cautions.append(Caution(code, words.fill(limit=limit, items=_named(extreme)), extreme))
    if tally.weighted and not EFFECTIVE_N_SMALL.met(tally.effective_n):
        cautions.append(
            Caution(
                "small_effective_n",
                Text(
                    f"The weights leave an effective n of {tally.effective_n:.1f}.",
                    f"加权后有效样本量仅为 {tally.effective_n:.1f}。",
                ),
            )
        )
    return tuple(cautions)


def _named(items: Sequence[str]) -> Text:
    return joined([Text(i) for i in items])
