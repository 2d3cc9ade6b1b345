"""Do the items of a construct agree? Alpha, omega and their relatives, for each construct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import (
    ALPHA_ACCEPTABLE,
    ALPHA_GROUPS,
    ALPHA_PERSONS,
    ALPHA_TWO_ITEMS,
    RELIABILITY_N,
)
from csat.analyses.result import SOUND, Base, Caution, Result, Verdict
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, ConstantItem, NotConverged, NumericsError, SingularMatrix
from csat.language import Language, Text, joined
from csat.numerics import reliability as rel
from csat.numerics.intervals import alpha_interval_feldt
from csat.numerics.linalg import require_variance
from csat.tally.tally import Tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

DROP_GAIN = 0.005
"""Smallest gain in alpha by dropping an item that is worth a word (ours: it shows in the second decimal)."""
ONE_ITEM = Text("one item", "单题")
NO_FIGURE = Text("not computable", "无法计算")


@dataclass(frozen=True, eq=False, kw_only=True)
class Reliability(Result):
    """Internal consistency of each construct, made by `reliability`.

    Arrays over `constructs` are (c,), arrays over `items` (m,) with all constructs' items one after another;
    NaN where a figure does not exist (one item, a constant item, omega below 3 items).
    """

    title = Text("Reliability", "信度")
    name = "reliability"

    constructs: tuple[str, ...]
    n_items: NDArray[np.int64]
    n: NDArray[np.int64]
    """(c,) respondents; the smallest pair n when pairwise."""
    effective_n: Array
    alpha: Array
    """(c,) raw: of the sum of the answers as they are."""
    alpha_lower: Array
    alpha_upper: Array
    """(c,) Feldt's interval."""
    alpha_standardised: Array
    """(c,) of standardised items; for two items the Spearman-Brown coefficient."""
    alpha_ordinal: Array
    """(c,) standardised alpha on the polychoric matrix; NaN when not asked for."""
    omega: Array
    """(c,) omega total of one factor fitted by maximum likelihood, over the variance of the model."""
    omega_observed: Array
    """(c,) the same over the observed variance of the sum."""
    lambda2: Array
    lambda6: Array
    mean_r: Array
    """(c,) mean correlation between different items."""
    items: tuple[str, ...]
    item_construct: tuple[str, ...]
    item_mean: Array
    item_sd: Array
    item_rest: Array
    """(m,) correlation with the sum of the construct's other items."""
    alpha_if_dropped: Array
    loading: Array
    """(m,) standardised loading on the one factor behind omega."""
    confidence: float
    interval: str = "Feldt"
    titles: Mapping[str, Text] = field(default_factory=dict)

    def tables(self) -> dict[str, Table]:
        """`constructs`, `items`."""
        columns: dict[str, object] = {
            "construct": [self._title(c) for c in self.constructs],
            "n_items": self.n_items,
            "n": self.n,
        }
        if self.base.weighted:
            columns["effective_n"] = self.effective_n
        columns |= {
            "alpha": self.alpha,
            "ci_lower": self.alpha_lower,
            "ci_upper": self.alpha_upper,
            "alpha_standardised": self.alpha_standardised,
        }
        if not np.isnan(self.alpha_ordinal).all():
            columns["alpha_ordinal"] = self.alpha_ordinal
        columns |= {
            "omega": self.omega,
            "lambda2": self.lambda2,
            "lambda6": self.lambda6,
            "mean_r": self.mean_r,
            "verdict": [_construct_verdict(a, int(k)) for a, k in zip(self.alpha, self.n_items, strict=True)],
        }
        level = f"{100 * self.confidence:g}%"
        constructs = Table(
            columns,
            title=Text("Reliability of each construct", "各构念信度"),
            notes=[
                Text(
                    "Guideline: alpha {floor}, {source}. Intervals: {level}, by the method of "
                    "{method}. Omega: "
                    "total, one factor (ML), variance of the model. For two items the standardised alpha is "
                    "the Spearman-Brown coefficient.",
                    "参考标准：α {floor}，{source}。置信区间：{level}，{method} 法。"
                    "ω：单因子总系数（极大似然，模型方差）。两个题项时，标准化 α 即 Spearman-Brown 系数。",
                ).fill(
                    floor=ALPHA_ACCEPTABLE, source=ALPHA_ACCEPTABLE.source, level=level, method=self.interval
                )
            ],
            labels={
                "mean_r": Text("Mean correlation", "平均相关"),
                "ci_lower": Text(f"Alpha, {level} lower", f"α 的 {level} 下限"),
                "ci_upper": Text(f"Alpha, {level} upper", f"α 的 {level} 上限"),
            },
            formats={"effective_n": "score"} if self.base.weighted else {},
        )
        columns = {"construct": [self._title(c) for c in self.item_construct], "item": self.items}
        wording = [self._title(i) for i in self.items]
        if any(t != Text(i) for t, i in zip(wording, self.items, strict=True)):
            columns["wording"] = wording
        items = Table(
            {
                **columns,
                "mean": self.item_mean,
                "sd": self.item_sd,
                "item_rest": self.item_rest,
                "alpha_if_dropped": self.alpha_if_dropped,
                "loading_standardised": self.loading,
            },
            title=Text("Items within their construct", "题项与所属构念"),
        )
        return {"constructs": constructs, "items": items}

    def plots(self) -> dict[str, Plot]:
        """`alpha` with intervals, `item_rest`."""
        shown = [i for i, a in enumerate(self.alpha) if not np.isnan(a)]
        if not shown:
            return {}

        def alpha(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.dots(
                ax,
                [self._title(self.constructs[i]).say(language) for i in shown],
                self.alpha[shown],
                lower=self.alpha_lower[shown],
                upper=self.alpha_upper[shown],
                reference=ALPHA_ACCEPTABLE.value,
                reference_label=f"{ALPHA_ACCEPTABLE.value:.2f}",
                xlabel=Text("Cronbach's alpha", "克朗巴赫 α").say(language),
            )

        # an item is drawn where it is met first: a block over all constructs would repeat every one
        rows = [
            j
            for j, (item, r) in enumerate(zip(self.items, self.item_rest, strict=True))
            if not np.isnan(r) and self.items.index(item) == j
        ]

        def item_rest(ax: Axes, language: Language) -> None:
            from csat.display import charts

            several = len(set(self.item_construct)) > 1
            names = [self._title(self.item_construct[j]).say(language) for j in rows]
            charts.dots(
                ax,
                [
                    f"{name}: {self.items[j]}" if several else self.items[j]
                    for name, j in zip(names, rows, strict=True)
                ],
                self.item_rest[rows],
                xlabel=Text("correlation with the other items", "与其余题项总分的相关").say(language),
            )

        return {
            "alpha": Plot(
                draw=alpha,
                title=Text("Cronbach's alpha of each construct", "各构念的克朗巴赫 α"),
                description=Text(
                    "One dot a construct with its interval; the line is the guideline of {floor}. "
                    "Lowest: {low}.",
                    "每个构念一个点，横线为置信区间，虚线为参考标准 {floor}。最低：{low}。",
                ).fill(
                    floor=f"{ALPHA_ACCEPTABLE.value:.2f}",
                    low=self._title(self.constructs[shown[int(np.argmin(self.alpha[shown]))]]),
                ),
                size=(6.8, max(2.0, 0.34 * len(shown) + 1.0)),
            ),
            "item_rest": Plot(
                draw=item_rest,
                title=Text("Item-rest correlations", "题项与其余总分相关"),
                description=Text(
                    "One dot an item: its correlation with the sum of the other items of its construct.",
                    "每个题项一个点，表示它与同一构念其余题项总分的相关。",
                ),
                size=(6.8, max(2.2, 0.3 * len(rows) + 1.0)),
            ),
        }

    def headline(self) -> tuple[Text, ...]:
        """How many constructs are consistent enough, and which are not."""
        known = [i for i, a in enumerate(self.alpha) if not np.isnan(a)]
        if not known:
            return ()
        good = [i for i in known if ALPHA_ACCEPTABLE.met(float(self.alpha[i]))]
        low = [self._title(self.constructs[i]) for i in known if i not in good]
        said = Text(
            "{good} of {all} scales reach an alpha of {floor} or more.",
            "{all} 个量表中有 {good} 个的 α 达到 {floor}。",
        ).fill(good=len(good), all=len(known), floor=f"{ALPHA_ACCEPTABLE.value:.2f}")
        if not low:
            return (said,)
        return (said, Text("Below it: {low}.", "未达到的有：{low}。").fill(low=joined(low)))

    def _title(self, name: str) -> Text:
        return self.titles.get(name) or Text(name)


class _Block(NamedTuple):
    """The figures of one construct; NaN where there is none."""

    n: int
    effective_n: float
    alpha: float
    lower: float
    upper: float
    standardised: float
    ordinal: float
    omega: float
    omega_observed: float
    lambda2: float
    lambda6: float
    mean_r: float
    item_rest: Array
    dropped: Array
    loading: Array


def reliability(
    blocks: Mapping[str, Tally],
    *,
    titles: Mapping[str, Text] | None = None,
    ordinal: bool = True,
    confidence: float = 0.95,
) -> Reliability:
    """Alpha (raw, standardised, ordinal), omega total, Guttman's lambda 2 and 6, each item in its construct.

    A construct of one item, or with an item that does not vary, gets NaN and a caution; the others go on.

    Parameters
    ----------
    blocks : construct to the tally of its items, listwise by default of the caller. titles : of constructs
        and items. ordinal : also alpha on the polychoric matrix, for constructs of items with categories.
    confidence : of Feldt's interval, which uses the effective n when weighted.

    Raises
    ------
    BadInput : no construct.
    """
    if not blocks:
        raise BadInput(
            "there is no construct", right="Give at least one construct with two items", where="reliability"
        )
    words = dict(titles or {})
    cautions: list[Caution] = []
    figures: list[_Block] = []
    for name, tally in blocks.items():
        doubts = _Doubts(name, words.get(name) or Text(name))
        figures.append(_figures(tally, ordinal, confidence, doubts))
        cautions += doubts.found
    cautions += _common_doubts(blocks, figures, words)
    tallies = list(blocks.values())
    alpha = np.array([f.alpha for f in figures])
    sizes = np.array([len(t.items) for t in tallies])
    known = {*blocks, *(i for t in tallies for i in t.items)}
    return Reliability(
        base=_base(tallies),
        cautions=tuple(cautions),
        verdict=_verdict(blocks, alpha, words),
        constructs=tuple(blocks),
        n_items=sizes,
        n=np.array([f.n for f in figures]),
        effective_n=np.array([f.effective_n for f in figures]),
        alpha=alpha,
        alpha_lower=np.array([f.lower for f in figures]),
        alpha_upper=np.array([f.upper for f in figures]),
        alpha_standardised=np.array([f.standardised for f in figures]),
        alpha_ordinal=np.array([f.ordinal for f in figures]),
        omega=np.array([f.omega for f in figures]),
        omega_observed=np.array([f.omega_observed for f in figures]),
        lambda2=np.array([f.lambda2 for f in figures]),
        lambda6=np.array([f.lambda6 for f in figures]),
        mean_r=np.array([f.mean_r for f in figures]),
        items=tuple(i for t in tallies for i in t.items),
        item_construct=tuple(name for name, t in blocks.items() for _ in t.items),
        item_mean=np.concatenate([t.means() for t in tallies]),
        item_sd=np.concatenate([np.sqrt(np.diagonal(t.covariance())) for t in tallies]),
        item_rest=np.concatenate([f.item_rest for f in figures]),
        alpha_if_dropped=np.concatenate([f.dropped for f in figures]),
        loading=np.concatenate([f.loading for f in figures]),
        confidence=confidence,
        titles={k: v for k, v in words.items() if k in known},
    )


class _Doubts:
    """The cautions met on one construct."""

    def __init__(self, name: str, title: Text) -> None:
        self.name, self.title = name, title
        self.found: list[Caution] = []

    def add(self, code: str, text: Text, items: Sequence[str] = ()) -> None:
        """A caution whose text may hold `{construct}` and `{items}`."""
        filled = text.fill(construct=self.title, items=joined([Text(i) for i in items]))
        self.found.append(Caution(code, filled, (self.name, *items)))


def _figures(tally: Tally, ordinal: bool, confidence: float, doubts: _Doubts) -> _Block:
    k = len(tally.items)
    n = int(tally.pair_n().min())
    effective = n * min(1.0, tally.effective_n / tally.rows) if tally.weighted and tally.rows else float(n)
    cov = tally.covariance()
    if not _is_computable(tally, cov, n, doubts):
        nothing = np.full(k, np.nan)
        return _Block(
            n, effective, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan,
            nothing, nothing, nothing,
        )  # fmt: skip
    alpha = rel.coefficient_alpha(cov)
    lower, upper = alpha_interval_feldt(alpha, n=effective, k=k, confidence=confidence)
    omega, omega_observed, lambda6, loading = _factor_figures(tally, cov, doubts)
    block = _Block(
        n=n,
        effective_n=effective,
        alpha=alpha,
        lower=float(lower),
        upper=float(upper),
        standardised=rel.standardised_alpha(cov),
        ordinal=_ordinal_alpha(tally, doubts) if ordinal else np.nan,
        omega=omega,
        omega_observed=omega_observed,
        lambda2=rel.lambda2(cov),
        lambda6=lambda6,
        mean_r=rel.mean_correlation(cov),
        item_rest=rel.item_rest_correlations(cov),
        dropped=rel.alpha_if_dropped(cov),
        loading=loading,
    )
    _doubt_items(tally, block, doubts)
    return block


def _is_computable(tally: Tally, cov: Array, n: int, doubts: _Doubts) -> bool:
    if len(tally.items) < 2:
        return False
    if n < 2:
        doubts.add(
            "too_few",
            Text(
                f"{{construct}}: {n} respondents answered all of its items, so nothing can be computed.",
                f"{{construct}}：完整回答全部题项的只有 {n} 人，无法计算。",
            ),
        )
        return False
    try:
        require_variance(np.diagonal(cov))
    except ConstantItem as error:
        doubts.add(
            "constant_item",
            Text(
                "{construct} has no reliability: everybody gave the same answer to {items}. "
                "Leave it out, or check how its answers were read.",
                "{construct}无法计算信度：所有人对以下题项的回答相同：{items}。"
                "请剔除，或检查数据的读取方式。",
            ),
            [tally.items[p] for p in error.positions],
        )
        return False
    return True


def _factor_figures(tally: Tally, cov: Array, doubts: _Doubts) -> tuple[float, float, float, Array]:
    """Omega over the model's and the observed variance, lambda 6, standardised loadings."""
    k = len(cov)
    lambda6, nothing = np.nan, np.full(k, np.nan)
    try:
        lambda6 = rel.lambda6(cov)
        if k < 3:
            return np.nan, np.nan, lambda6, nothing
        fit = rel.one_factor(cov)
    except SingularMatrix as error:
        doubts.add(
            "singular",
            Text(
                "{construct}: {items} depend on each other, so omega and lambda 6 do not exist.",
                "{construct}：{items} 之间完全线性相关，无法计算 ω 和 λ6。",
            ),
            [tally.items[p] for p in error.positions],
        )
        return np.nan, np.nan, np.nan, nothing
    except NotConverged:
        doubts.add(
            "omega_not_converged",
            Text(
                "{construct}: no single factor could be fitted to the items, so there is no omega.",
                "{construct}：无法对这些题项拟合单因子模型，因此没有 ω。",
            ),
        )
        return np.nan, np.nan, lambda6, nothing
    if fit.improper.size:
        doubts.add(
            "improper_factor",
            Text(
                "{construct}: in the one-factor solution behind omega {items} has a negative residual "
                "variance; "
                "one factor does not describe these items, so do not use omega.",
                "{construct}：计算 ω 的单因子解中 {items} 的残差方差为负，"
                "单因子不能描述这些题项，请勿使用 ω。",
            ),
            [tally.items[p] for p in fit.improper],
        )
    loading = fit.loadings / np.sqrt(np.diagonal(cov))
    return rel.omega_total(fit, cov), rel.omega_total(fit, cov, variance="observed"), lambda6, loading


def _ordinal_alpha(tally: Tally, doubts: _Doubts) -> float:
    from csat.numerics.ordinal import polychoric_matrix

    k = len(tally.items)
    if not all(tally.has_categories(i) for i in range(k)):
        return np.nan
    try:
        found = polychoric_matrix([tally.joint(i, j) for i in range(k) for j in range(i + 1, k)])
        return rel.standardised_alpha(found.correlation)
    except NumericsError as error:
        doubts.add(
            "no_ordinal_alpha",
            Text(
                "{construct}: the polychoric correlations could not be computed, so there is no "
                "ordinal alpha.",
                "{construct}：无法计算多分格相关，因此没有有序 α。",
            ),
            [tally.items[p] for p in error.positions if p < k],
        )
        return np.nan


def _doubt_items(tally: Tally, block: _Block, doubts: _Doubts) -> None:
    items = tally.items
    against = [i for i, r in zip(items, block.item_rest, strict=True) if r < 0]
    if block.alpha < 0:
        doubts.add(
            "negative_alpha",
            Text(
                f"{{construct}}: alpha is negative ({block.alpha:.2f}): its items contradict each other. "
                "Is an item worded the other way round and not declared as reversed?",
                f"{{construct}}：α 为负（{block.alpha:.2f}），题项相互矛盾。是否有反向题未声明为反向计分？",
            ),
        )
    if against and len(items) > 2:
        doubts.add(
            "negative_item",
            Text(
                "{construct}: {items} runs against the other items. "
                "If it is worded the other way round, declare it as reversed; else leave it out.",
                "{construct}：{items} 与其余题项方向相反。如为反向题，请声明为反向计分；否则建议剔除。",
            ),
            against,
        )
    gains = [
        (item, dropped)
        for item, dropped in zip(items, block.dropped, strict=True)
        if dropped > block.alpha + DROP_GAIN
    ]
    if gains:
        doubts.add(
            "better_without",
            Text(
                f"{{construct}}: alpha is {block.alpha:.3f}; it would be "
                + ", ".join(f"{dropped:.3f} without {item}" for item, dropped in gains)
                + ".",
                f"{{construct}}：α 为 {block.alpha:.3f}；"
                + "、".join(f"删除 {item} 后为 {dropped:.3f}" for item, dropped in gains)
                + "。",
            ),
            [item for item, _ in gains],
        )


def _common_doubts(
    blocks: Mapping[str, Tally], figures: Sequence[_Block], words: Mapping[str, Text]
) -> list[Caution]:
    """Doubts told once for all the constructs they touch."""
    found = []

    def told(code: str, names: list[str], text: Text) -> None:
        if names:
            titles = joined([words.get(n) or Text(n) for n in names])
            found.append(Caution(code, text.fill(constructs=titles), tuple(names)))

    computed = [(name, f) for name, f in zip(blocks, figures, strict=True) if not np.isnan(f.alpha)]
    told(
        "one_item",
        [name for name, tally in blocks.items() if len(tally.items) == 1],
        Text(
            "One item in {constructs}: a single item has no internal consistency, so nothing is computed.",
            "{constructs}只有一个题项，无法计算内部一致性。",
        ),
    )
    told(
        "two_items",
        [name for name, _ in computed if len(blocks[name].items) == 2],
        Text(
            "Two items in {constructs}: report the Spearman-Brown coefficient (standardised alpha). At "
            "ordinary "
            "loadings two items stay below 0.70 (0.54 where three such items give 0.64), so a low "
            "value is not "
            "yet a fault; there is no omega and nothing to drop.",
            "{constructs}只有两个题项：请报告 Spearman-Brown 系数（即标准化 α）。在一般载荷水平下两题的 α "
            "往往低于 0.70（同样载荷下两题为 0.54，三题为 0.64），偏低不一定是缺陷；"
            "此时没有 ω，也无题项可删。",
        ),
    )
    told(
        "few_respondents",
        [name for name, f in computed if not RELIABILITY_N.met(f.effective_n)],
        Text(
            f"Fewer than {RELIABILITY_N.value:g} respondents (effective) in {{constructs}}: mind the "
            "intervals.",
            f"{{constructs}}的有效样本量不足 {RELIABILITY_N.value:g}，请留意置信区间。",
        ),
    )
    pairwise = [name for name, _ in computed if np.ptp(blocks[name].pair_n()) > 0]
    told(
        "pairwise",
        pairwise,
        Text(
            "Pairwise covariances in {constructs}: the intervals use the smallest pair n.",
            "{constructs}采用成对剔除的协方差：置信区间按最小的成对样本量计算。",
        ),
    )
    if any(t.weighted for t in blocks.values()):
        found.append(
            Caution(
                "weighted_interval",
                Text(
                    "Weighted covariances; the intervals use the effective n and are approximate.",
                    "协方差已加权；置信区间采用有效样本量，为近似值。",
                ),
            )
        )
    return found


def _construct_verdict(alpha: float, k: int) -> Text:
    if np.isnan(alpha):
        return NO_FIGURE if k > 1 else ONE_ITEM
    if alpha < 0:
        return Text("items contradict each other", "题项相互矛盾")
    if ALPHA_PERSONS.met(alpha):
        return Text("very high", "很高")
    if ALPHA_GROUPS.met(alpha):
        return Text("good", "良好")
    if ALPHA_ACCEPTABLE.met(alpha):
        return Text("acceptable", "可接受")
    if k == 2 and ALPHA_TWO_ITEMS.met(alpha):
        return Text("low, usual for two items", "偏低，两题构念常见")
    return Text("low", "偏低")


def _verdict(blocks: Mapping[str, Tally], alpha: Array, words: Mapping[str, Text]) -> Verdict:
    scales = [
        (name, float(a)) for (name, t), a in zip(blocks.items(), alpha, strict=True) if len(t.items) > 1
    ]

    def titles(names: list[str]) -> Text:
        return joined([words.get(n) or Text(n) for n in names])

    if not any(a > 0 for _, a in scales):
        return Verdict(
            "failed",
            Text(
                "No construct has a positive alpha: scores made of these items mean nothing.",
                "没有任何构念的 α 为正：由这些题项合成的得分没有意义。",
            ),
        )
    undefined = [name for name, a in scales if np.isnan(a)]
    if undefined:
        return Verdict(
            "doubtful",
            Text("No alpha could be computed for {names}.", "以下构念无法计算 α：{names}。").fill(
                names=titles(undefined)
            ),
        )
    low = [
        name
        for name, a in scales
        if not (ALPHA_TWO_ITEMS if len(blocks[name].items) == 2 else ALPHA_ACCEPTABLE).met(a)
    ]
    if low:
        return Verdict(
            "doubtful",
            Text(
                "The items agree too little for a dependable score in {names}.",
                "以下构念的题项一致性不足，其得分不够可靠：{names}。",
            ).fill(names=titles(low)),
        )
    return SOUND


def _base(tallies: Sequence[Tally]) -> Base:
    """On whom the whole rests: the construct with the fewest respondents."""
    fewest = min(tallies, key=lambda t: t.rows)
    pairwise = any(np.ptp(t.pair_n()) > 0 for t in tallies)
    return Base.of(fewest, "pairwise" if pairwise else "listwise")
