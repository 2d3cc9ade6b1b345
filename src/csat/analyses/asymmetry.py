"""Asymmetry of items: which lose satisfaction when poor, which win it when good, which do both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.analyses.guidelines import EFFECTIVE_N_SMALL
from csat.analyses.interval_words import NOTHING
from csat.analyses.result import Base, Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, NumericsError
from csat.language import Text, joined
from csat.numerics.penalty_reward import asymmetry_replicates, contrast
from csat.numerics.replication import Replication
from csat.numerics.resampling import percentile_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from csat.language import Language

Array = NDArray[np.float64]
Kind = Literal["excitement", "performance", "basic", "not placed"]

CUT = 0.10
"""IA beyond this is no longer balanced; papers differ between .1 and .4, so it is an option, and printed."""
KINDS: Mapping[Kind, Text] = {
    "excitement": Text("excitement (wins when good)", "魅力型（好则加分）"),
    "performance": Text("performance (wins and loses alike)", "期望型（好坏同等影响）"),
    "basic": Text("basic (loses when poor)", "基本型（差则扣分）"),
    "not placed": Text("not placed (a sign is wrong)", "无法归类（符号相反）"),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Asymmetry(Result):
    """Penalty, reward and impact asymmetry of k items, made by `asymmetry`."""

    title = Text("Asymmetry of the items", "题项的非对称影响")
    name = "asymmetry"

    items: tuple[str, ...]
    outcome: Text
    penalty: Array
    penalty_se: Array
    reward: Array
    reward_se: Array
    range: Array
    """(k,) r + |p|; NaN where a sign is wrong."""
    asymmetry: Array
    """(k,) IA in [-1, 1]; NaN where a sign is wrong."""
    ci_lower: Array
    ci_upper: Array
    low_n: NDArray[np.int64]
    high_n: NDArray[np.int64]
    kinds: tuple[Kind, ...]
    same_kind: Array
    """(k,) share of the replicates that give the same kind."""
    bands: tuple[tuple[float, float], ...]
    cut: float
    r2: float
    replicates: int
    seed: int
    drawn: Text = NOTHING
    """How replicates were made, where not respondent by respondent."""
    titles: Mapping[str, Text] = field(default_factory=dict)

    @property
    def is_telling(self) -> bool:
        """Whether half of the items or more are placed with filled bands and a range beyond its error."""
        rough = {i for c in self.cautions if c.code != "left_out" for i in c.where}
        return 2 * len(rough) <= len(self.items)

    def tables(self) -> dict[str, Table]:
        """`asymmetry`, strongest first."""
        order = np.argsort(-self.range, kind="stable")
        return {
            "asymmetry": Table(
                {
                    "item": [self.items[i] for i in order],
                    "wording": [self._title(int(i)) for i in order],
                    "penalty": self.penalty[order],
                    "reward": self.reward[order],
                    "range": self.range[order],
                    "asymmetry": self.asymmetry[order],
                    "ci_lower": self.ci_lower[order],
                    "ci_upper": self.ci_upper[order],
                    "kind": [KINDS[self.kinds[i]] for i in order],
                    "same_kind": self.same_kind[order],
                    "low_n": self.low_n[order],
                    "high_n": self.high_n[order],
                },
                title=Text("Penalty and reward of each item", "各题项的扣分与加分"),
                labels={
                    "penalty": Text("Penalty", "扣分"),
                    "reward": Text("Reward", "加分"),
                    "range": Text("Range", "影响幅度"),
                    "asymmetry": Text("Asymmetry (IA)", "非对称度 IA"),
                    "kind": Text("Kind", "类型"),
                    "same_kind": Text("Replicates of this kind", "归为此类的重抽样"),
                    "low_n": Text("In the low band", "低分组人数"),
                    "high_n": Text("In the high band", "高分组人数"),
                },
                formats={"same_kind": "share"},
                notes=[
                    Text(
                        "Points of {what} beside the middle band. IA = (reward - |penalty|) / (reward + "
                        "|penalty|); beyond {cut} it is excitement, below -{cut} basic. Intervals: "
                        "percentiles of {n} bootstrap replicates{drawn}, seed {seed}. How answers move "
                        "satisfaction; no substitute for Kano's questions.",
                        "相对于中间组的{what}分值。IA =（加分 - |扣分|）/（加分 + |扣分|）；"
                        "大于 {cut} 为魅力型，小于 -{cut} 为基本型。"
                        "区间：{n} 次自助抽样{drawn}的百分位，随机种子 {seed}。"
                        "这是回答对满意度的影响，不能代替卡诺问卷。",
                    ).fill(
                        what=self.outcome,
                        cut=f"{self.cut:g}",
                        n=self.replicates,
                        seed=self.seed,
                        drawn=self.drawn,
                    )
                ],
            )
        }

    def plots(self) -> dict[str, Plot]:
        """`asymmetry`: IA with intervals."""

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.dots(
                ax,
                [self._title(i).say(language) for i in range(len(self.items))],
                self.asymmetry,
                lower=self.ci_lower,
                upper=self.ci_upper,
                reference=0.0,
                xlabel=Text("impact asymmetry: basic < 0 < excitement", "非对称度：基本型 < 0 < 魅力型").say(
                    language
                ),
            )

        words = Text("Dots with intervals, from -1 to 1.", "圆点与区间，取值 -1 至 1。")
        return {"asymmetry": Plot(draw, Text("Impact asymmetry", "影响的非对称性"), words)}

    def headline(self) -> tuple[Text, ...]:
        """Which items lose and which win satisfaction."""
        said = []
        for kind in ("basic", "excitement"):
            some = [self._title(i) for i, k in enumerate(self.kinds) if k == kind]
            if some:
                said.append(
                    Text("{kind}: {items}.", "{kind}：{items}。").fill(kind=KINDS[kind], items=joined(some))
                )
        return tuple(said)

    def _title(self, i: int) -> Text:
        return self.titles.get(self.items[i]) or Text(self.items[i])


def asymmetry(
    outcome: ArrayLike,
    answers: ArrayLike,
    *,
    items: Sequence[str],
    bands: Sequence[tuple[float, float]],
    outcome_title: Text,
    base: Base,
    rows: ArrayLike,
    weights: ArrayLike | None = None,
    titles: Mapping[str, Text] | None = None,
    cut: float = CUT,
    replicates: int = 1000,
    seed: int = 0,
    replication: Replication | None = None,
    drawn: Text = NOTHING,
    left_out: Sequence[str] = (),
) -> Asymmetry:
    """Penalty-reward contrast of items on an outcome (METHODS: OSAT on dummies of a low and a high band).

    Parameters
    ----------
    outcome : (n,). answers : (n, k); rows with a silent cell are left out. bands : (k,) highest low and
    lowest high
    answer. rows : (n,) numbers of the rows, for the replicates. cut : |IA| beyond which an item is placed.
    left_out : items that could not be asked about, for a caution.

    Raises
    ------
    BadInput : a cut outside 0 to 1. CannotCompute : an empty band, too few respondents, bands that coincide.
    """
    if not 0 <= cut < 1:
        raise BadInput(f"the cut is {cut}", right="It lies from 0 to below 1")
    y, x = np.asarray(outcome, dtype=float), np.asarray(answers, dtype=float)
    kept = ~np.isnan(np.column_stack([y, x])).any(axis=1)
    w = None if weights is None else np.asarray(weights, dtype=float)[kept]
    low, high = np.array([b[0] for b in bands]), np.array([b[1] for b in bands])
    try:
        found = contrast(y[kept], x[kept], low, high, weights=w)
        found_anew = asymmetry_replicates(
            y[kept],
            x[kept],
            low,
            high,
            rows=np.asarray(rows)[kept],
            replicates=replicates,
            seed=seed,
            weights=w,
            replication=None if replication is None else replication.where(kept),
        )
    except NumericsError as error:
        raise error.named([*items, outcome_title.en or outcome_title.zh], where="asymmetry") from error
    kinds = tuple(_kind(float(a), cut) for a in found.asymmetry)
    # an item that is not placed has no asymmetry, so its replicates have no interval
    ends = [
        None if kind == "not placed" else percentile_interval(column)
        for column, kind in zip(found_anew.T, kinds, strict=True)
    ]
    same = [
        float(np.mean([_kind(float(a), cut) == kind for a in column]))
        for column, kind in zip(found_anew.T, kinds, strict=True)
    ]
    return Asymmetry(
        items=tuple(items),
        outcome=outcome_title,
        penalty=found.penalty,
        penalty_se=found.penalty_se,
        reward=found.reward,
        reward_se=found.reward_se,
        range=found.ranges,
        asymmetry=found.asymmetry,
        ci_lower=np.array([np.nan if e is None else e.lower for e in ends]),
        ci_upper=np.array([np.nan if e is None else e.upper for e in ends]),
        low_n=found.low_n,
        high_n=found.high_n,
        kinds=kinds,
        same_kind=np.array(same),
        bands=tuple((float(a), float(b)) for a, b in bands),
        cut=cut,
        r2=found.r2,
        replicates=replicates,
        seed=seed,
        drawn=drawn,
        titles=dict(titles or {}),
        base=base,
        cautions=_cautions(
            items, found.low_n, found.high_n, found.ranges, found.range_se, kinds, tuple(left_out)
        ),
    )


def _kind(value: float, cut: float) -> Kind:
    if np.isnan(value):
        return "not placed"
    if value > cut:
        return "excitement"
    return "basic" if value < -cut else "performance"


def _cautions(
    items: Sequence[str],
    low_n: NDArray[np.int64],
    high_n: NDArray[np.int64],
    ranges: Array,
    range_se: Array,
    kinds: Sequence[Kind],
    left_out: tuple[str, ...],
) -> tuple[Caution, ...]:
    few = tuple(
        i for i, a, b in zip(items, low_n, high_n, strict=True) if min(a, b) < EFFECTIVE_N_SMALL.value
    )
    flat = tuple(i for i, r, se in zip(items, ranges, range_se, strict=True) if r < se)
    wrong = tuple(i for i, kind in zip(items, kinds, strict=True) if kind == "not placed")
    found = (
        (
            "left_out",
            left_out,
            "Left out, as nobody is in the low, the middle or the high band: {items}.",
            "以下题项的低分、中间或高分组没有人，未列入：{items}。",
        ),
        (
            "small_band",
            few,
            "Fewer than 30 respondents in a band of {items}: the asymmetry is rough.",
            "{items} 的某一组不足 30 人：非对称度较粗略。",
        ),
        (
            "small_range",
            flat,
            "The range of {items} is within its error: nothing can be said of their asymmetry.",
            "{items} 的影响幅度小于其误差：无法判断其非对称性。",
        ),
        (
            "wrong_sign",
            wrong,
            "A low answer to {items} goes with more satisfaction, or a high one with less: not placed, "
            "and without a range.",
            "{items} 的低分反而对应更高满意度，或高分对应更低：未归类，也不给出影响幅度。",
        ),
    )
    return tuple(
        Caution(code, Text(en, zh).fill(items=Text(", ".join(which), "、".join(which))), which)
        for code, which, en, zh in found
        if which
    )
