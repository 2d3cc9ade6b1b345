"""What to improve first: importance against performance, in four quadrants, and how firmly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.analyses.certainty import Certainty
from csat.analyses.priorities_doubts import doubts_of, left_out
from csat.analyses.priorities_tables import tables_of
from csat.analyses.priorities_words import (
    CENTRES,
    IMPORTANCE_NAMES,
    ON_CHART,
    PERFORMANCE,
    QUADRANTS,
    STATED,
    capital,
    importance_text,
    importance_words,
)
from csat.analyses.result import Base, Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute, UnknownName, listed
from csat.language import Language, Text, bare, joined
from csat.numerics.agreement import kendall_w
from csat.numerics.intervals import normal_quantile
from csat.numerics.quadrants import Centre, Quadrant, placed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

FEWEST_ITEMS = 2

__all__ = ["IMPORTANCE_NAMES", "QUADRANTS", "Priorities", "priorities"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Priorities(Result):
    """Each of p items in its quadrant, made by `priorities`; arrays follow `items`."""

    title = Text("Priorities", "改进优先级")
    name = "priorities"

    items: tuple[str, ...]
    titles: tuple[Text, ...]
    performance: Array
    performance_se: Array
    """(p,) NaN where it is not known."""
    performance_name: Text
    importance: Array
    importance_name: str
    """`stated`, or the measure it was derived by."""
    quadrants: tuple[Quadrant, ...]
    firm: tuple[bool | None, ...]
    """Whether the place is firm: in its quadrant in at least `PLACEMENT_FIRM` of the replicates; without
    replicates, whether performance differs from its line by more than chance; None where neither is known."""
    urgency: Array
    """(p,) importance above and performance below its line, in standard deviations over items, summed."""
    rank: NDArray[np.int64]
    """(p,) 1 = first: by quadrant, then by urgency."""
    gap: Array
    """(p,) performance minus importance; NaN where they have no common unit."""
    centre: Centre
    centre_performance: float
    centre_importance: float
    iso_priority: bool
    also: Mapping[str, Array]
    """Other measures of importance by name, each (p,)."""
    agreement: float
    """Kendall's W of all measures' rankings; NaN with one measure."""
    certainty: Certainty | None = None
    """How often each item stood where in the replicates, under every measure and crosshair asked for."""

    def improve_first(self, most: int = 3) -> tuple[tuple[Text, Text], ...]:
        """The items to improve first and why: title and reason, most urgent first."""
        chosen = [i for i in self.order if self.quadrants[i] == "improve first"][:most]
        return tuple((self.titles[i], self._reason(i)) for i in chosen)

    def items_by_rank(self) -> tuple[str, ...]:
        """The items, most urgent first."""
        return tuple(self.items[i] for i in self.order)

    def tables(self) -> dict[str, Table]:
        """`priorities`, by rank; `certainty`; `measures`, where importance was measured in several ways."""
        return tables_of(self)

    def plots(self) -> dict[str, Plot]:
        """`quadrant`: importance upwards, performance to the right."""

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display.quadrant import quadrant
            from csat.display.words import ISO_PRIORITY, SURER

            return quadrant(
                ax,
                self.performance,
                self.importance,
                [t.say(language) or i for i, t in zip(self.items, self.titles, strict=True)],
                centre_x=self.centre_performance,
                centre_y=self.centre_importance,
                quadrant_names=[QUADRANTS[q].say(language) for q in ON_CHART],
                xlabel=self.performance_name.say(language),
                ylabel=capital(importance_words(self.importance_name).say(language)),
                iso_priority=self.iso_priority,
                iso_label=ISO_PRIORITY.say(language) if self.iso_priority else "",
                certainty=None if self.certainty is None else self.certainty.main.own,
                certainty_label="" if self.certainty is None else SURER.say(language),
            )

        first = [bare(self.titles[i]) for i in self.order if self.quadrants[i] == "improve first"]
        return {
            "quadrant": Plot(
                draw,
                Text("Importance and performance", "重要性与表现"),
                Text(
                    "{n} items by importance (up) and performance (right). Important and weak: {first}.",
                    "{n} 个题项：纵轴为重要性，横轴为表现。重要而表现偏低的有：{first}。",
                ).fill(n=len(self.items), first=joined(first) if first else Text("none", "无")),
                (6.8, 5.6),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """What to improve first and why; how many items stand where."""
        reasons = self.improve_first()
        said = [
            Text("{i}. {title}: {why}", "{i}. {title}：{why}").fill(i=i, title=bare(title), why=why)
            for i, (title, why) in enumerate(reasons, start=1)
        ]
        counts = {q: self.quadrants.count(q) for q in QUADRANTS}
        if not reasons:
            said.append(
                Text(
                    "No item is both important and weak by this crosshair.",
                    "按此十字线，没有既重要又表现偏低的题项。",
                )
            )
        said.append(
            Text(
                "Of {n} items: improve first {a}, keep up {b}, low priority {c}, possible overkill {d}.",
                "{n} 个题项中，优先改进 {a} 个，继续保持 {b} 个，低优先级 {c} 个，可能投入过度 {d} 个。",
            ).fill(
                n=len(self.items),
                a=counts["improve first"],
                b=counts["keep up"],
                c=counts["low priority"],
                d=counts["possible overkill"],
            )
        )
        return tuple(said)

    @property
    def order(self) -> NDArray[np.intp]:
        """Positions of the items, most urgent first."""
        return np.argsort(self.rank, kind="stable")

    def _reason(self, i: int) -> Text:
        return Text(
            "performance {x} against {cx}, importance {y} against {cy}{sure}.",
            "表现 {x}（十字线 {cx}），重要性 {y}（十字线 {cy}）{sure}。",
        ).fill(
            x=f"{self.performance[i]:.1f}",
            cx=f"{self.centre_performance:.1f}",
            y=importance_text(self.importance_name, float(self.importance[i])),
            cy=importance_text(self.importance_name, self.centre_importance),
            sure=self._how_sure(i),
        )

    def _how_sure(self, i: int) -> Text:
        if self.certainty is not None:
            share = f"{self.certainty.main.own[i]:.0%}"
            if self.firm[i]:
                return Text(f"; firm, here in {share} of the replicates", f"；位置稳固，{share} 的重抽样在此")
            return Text(
                f"; not firm, here in {share} of the replicates", f"；位置不稳固，仅 {share} 的重抽样在此"
            )
        if self.firm[i] is False:
            return Text(
                "; not firm, within sampling error of the line", "；位置不稳固，与十字线之差在抽样误差内"
            )
        return Text("")


def priorities(
    *,
    items: Sequence[str],
    titles: Mapping[str, Text] | None = None,
    performance: ArrayLike,
    importance: ArrayLike,
    importance_name: str,
    base: Base,
    performance_se: ArrayLike | None = None,
    performance_name: Text = PERFORMANCE,
    performance_range: tuple[float, float] = (0.0, 100.0),
    importance_range: tuple[float, float] | None = None,
    centre: Centre = "mean",
    centre_at: tuple[float | None, float | None] | None = None,
    iso_priority: bool = False,
    also: Mapping[str, ArrayLike] | None = None,
    certainty: Certainty | None = None,
    cautions: Sequence[Caution] = (),
) -> Priorities:
    """Sort items by importance and performance into four quadrants; a value on a line counts as high.

    Parameters
    ----------
    performance, importance : (p,); items without either are left out with a caution.
    importance_name : `stated`, or how it was derived (`LMG share`, `relative weight`, `|r|`, or other words).
    performance_se : (p,) standard errors; without `certainty` an item within z se of the line is not firm.
    performance_range, importance_range : declared ends of the two axes, for the midpoint and for the common
        unit of a gap. Stated importance has those of performance unless given; derived importance has none.
    centre : where the crosshair stands. centre_at : (performance, importance) for `value`; None: the mean.
    iso_priority : draw the line of equal gap; only where both axes have one unit.
    also : further measures of importance, shown beside the one used with the agreement of their rankings.
    certainty : places of the same items in the replicates, the measure and crosshair used here first.
    cautions : doubts met while importance was derived.

    Raises
    ------
    CannotCompute : fewer than 2 items with both numbers.
    BadInput, UnknownName : arrays of different length, an unknown centre, `value` without a point.
    """
    if centre not in CENTRES:
        raise UnknownName("centre", centre, CENTRES)
    if centre in ("value", "overall") and centre_at is None:
        raise BadInput(
            "the crosshair has no place",
            right=f"centre '{centre}' needs centre_at = (performance, importance)",
            do="Give the point, or use mean, median or midpoint",
        )
    x, y = np.asarray(performance, dtype=float), np.asarray(importance, dtype=float)
    se = np.full(x.shape, np.nan) if performance_se is None else np.asarray(performance_se, dtype=float)
    if not len(items) == x.size == y.size == se.size:
        raise BadInput(
            f"{len(items)} items, {x.size} performances, {y.size} importances and {se.size} errors do not "
            f"match"
        )
    known = np.isfinite(x) & np.isfinite(y)
    if np.count_nonzero(known) < FEWEST_ITEMS:
        raise CannotCompute(
            f"only {np.count_nonzero(known)} of {len(items)} items has both importance and performance",
            where="priorities",
            do="Name at least 2 items that were answered",
        )
    doubts = list(cautions)
    without = [i for i, k in zip(items, known, strict=True) if not k]
    if without:
        doubts.append(left_out(without))
    names = tuple(i for i, k in zip(items, known, strict=True) if k)
    x, y, se = x[known], y[known], se[known]
    if importance_range is None and importance_name == STATED:
        importance_range = performance_range
    stands = placed(
        x,
        y,
        centre=centre,
        at=centre_at or (None, None),
        performance_range=performance_range,
        importance_range=importance_range,
    )
    cx, cy = float(stands.centre_x[0]), float(stands.centre_y[0])
    one_unit = importance_range == performance_range
    quadrants = tuple(ON_CHART[q] for q in stands.quadrant[:, 0])
    if certainty is not None and certainty.items != names:
        raise BadInput("the certainty is about other items", right=f"It is about: {listed(names)}")
    z = normal_quantile()
    firm: tuple[bool | None, ...]
    if certainty is not None:
        firm = tuple(bool(f) for f in certainty.main.firm)
    else:
        firm = tuple(None if math.isnan(s) else bool(abs(a - cx) > z * s) for a, s in zip(x, se, strict=True))
    doubts += doubts_of(
        names,
        quadrants,
        firm,
        y,
        importance_name,
        importance_range,
        centre,
        one_unit=one_unit,
        iso=iso_priority,
        drawn=certainty is not None,
        effective_n=base.effective_n,
    )
    said = titles or {}
    others = {name: np.asarray(v, dtype=float)[known] for name, v in (also or {}).items()}
    measures = np.array([y, *others.values()])
    return Priorities(
        items=names,
        titles=tuple(said.get(i) or Text(i) for i in names),
        performance=x,
        performance_se=se,
        performance_name=performance_name,
        importance=y,
        importance_name=importance_name,
        quadrants=quadrants,
        firm=firm,
        urgency=stands.urgency[:, 0],
        rank=stands.rank[:, 0],
        gap=x - y if one_unit else np.full(len(names), np.nan),
        centre=centre,
        centre_performance=cx,
        centre_importance=cy,
        iso_priority=iso_priority and one_unit,
        also=others,
        agreement=kendall_w(measures) if others and np.isfinite(measures).all() else math.nan,
        certainty=certainty,
        base=base,
        cautions=tuple(doubts),
    )
