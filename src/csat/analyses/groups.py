"""The same items in several groups of respondents: means with intervals, and Tukey boxes, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import EFFECTIVE_N_SMALL
from csat.analyses.result import Base, Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute
from csat.language import Language, Text, joined
from csat.numerics import descriptives as de
from csat.numerics.intervals import mean_interval
from csat.tally.tally import Tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

GROUP = Text("group", "组别")


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupDescription(Result):
    """Items by group, made by `describe_groups`; arrays are (g groups, p items)."""

    title = Text("Answers by group", "分组回答")
    name = "describe_groups"

    group: Text
    """What the groups are, such as a segment's title."""
    groups: tuple[str, ...]
    items: tuple[str, ...]
    n_answered: NDArray[np.int64]
    mean: Array
    se: Array
    ci_lower: Array
    ci_upper: Array
    sd: Array
    boxes: tuple[tuple[de.Box, ...], ...]
    """Of each group the p Tukey boxes; all NaN for an item without categories."""
    confidence: float
    titles: Mapping[str, Text] = field(default_factory=dict)
    group_titles: Mapping[str, Text] = field(default_factory=dict)
    """Group to the words a reader sees, where they are not its name."""

    def tables(self) -> dict[str, Table]:
        """`means`: one row an item, one column a group; `figures`: one row an item and group."""
        names = {f"group_{i}": self._called(g) for i, g in enumerate(self.groups)}
        with np.errstate(invalid="ignore"):
            gap = np.array([np.ptp(m[~np.isnan(m)]) if (~np.isnan(m)).any() else np.nan for m in self.mean.T])
        wide: dict[str, Any] = {"item": self.items}
        wide |= {name: self.mean[i] for i, name in enumerate(names)}
        means = Table(
            {**wide, "gap": gap},
            title=Text("Means by {group}", "各{group}均值").fill(group=self.group),
            labels={**names, "gap": Text("Highest less lowest", "最高减最低")},
        )
        g, p = self.mean.shape
        boxes = [self.boxes[i][j] for j in range(p) for i in range(g)]
        figures = Table(
            {
                "item": np.repeat(self.items, g).tolist(),
                "group": [self._called(name) for name in self.groups] * p,
                "n_answered": self.n_answered.T.ravel(),
                "mean": self.mean.T.ravel(),
                "ci_lower": self.ci_lower.T.ravel(),
                "ci_upper": self.ci_upper.T.ravel(),
                "sd": self.sd.T.ravel(),
                "q1": [b.q1 for b in boxes],
                "median": [b.median for b in boxes],
                "q3": [b.q3 for b in boxes],
                "whisker_low": [b.whisker_low for b in boxes],
                "whisker_high": [b.whisker_high for b in boxes],
            },
            title=Text("Figures by {group}", "各{group}统计量").fill(group=self.group),
            labels={"group": self.group},
            formats=dict.fromkeys(("q1", "median", "q3", "whisker_low", "whisker_high"), "score"),
        )
        return {"means": means, "figures": figures}

    def plots(self) -> dict[str, Plot]:
        """One box plot for each item with categories, under the item's name."""
        return {
            item: self._box_plot(j)
            for j, item in enumerate(self.items)
            if any(not np.isnan(row[j].median) for row in self.boxes)
        }

    def headline(self) -> tuple[Text, ...]:
        """The item on which the groups lie furthest apart."""
        known = ~np.isnan(self.mean)
        spans = np.array(
            [np.ptp(m[k]) if k.sum() > 1 else np.nan for m, k in zip(self.mean.T, known.T, strict=True)]
        )
        if np.isnan(spans).all():
            return ()
        j = int(np.nanargmax(spans))
        column = self.mean[:, j]
        best, worst = int(np.nanargmax(column)), int(np.nanargmin(column))
        return (
            Text(
                "The groups lie furthest apart on {item}: {best} {high}, {worst} {low}.",
                "各组差别最大的题项是{item}：{best} {high}，{worst} {low}。",
            ).fill(
                item=self._title(j),
                best=self._called(self.groups[best]), worst=self._called(self.groups[worst]),
                high=f"{column[best]:.2f}", low=f"{column[worst]:.2f}",
            ),
        )  # fmt: skip

    def _called(self, name: str) -> Text:
        return self.group_titles.get(name) or Text(name)

    def _title(self, j: int) -> Text:
        return self.titles.get(self.items[j]) or Text(self.items[j])

    def _box_plot(self, j: int) -> Plot:
        shown = [i for i, row in enumerate(self.boxes) if not np.isnan(row[j].median)]
        stats = [self.boxes[i][j]._asdict() | {"n": int(self.n_answered[i, j])} for i in shown]
        names = [self._called(self.groups[i]) for i in shown]

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.boxes(ax, [n.say(language) for n in names], stats, xlabel=self._title(j).say(language))

        return Plot(
            draw=draw,
            title=Text("{item} by {group}", "{item}（按{group}）").fill(
                item=self._title(j), group=self.group
            ),
            description=Text(
                "Box plots: median, quartiles, whiskers to the last answer within 1.5 interquartile ranges, "
                "and single points beyond.",
                "箱线图：中位数、四分位数，须线延伸至 1.5 倍四分位距以内的最远回答，其外的回答以点表示。",
            ),
            size=(6.8, max(2.0, 0.4 * len(shown) + 1.0)),
        )


def describe_groups(
    tallies: Mapping[str, Tally],
    *,
    group: Text = GROUP,
    titles: Mapping[str, Text] | None = None,
    group_titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
) -> GroupDescription:
    """Means with intervals and Tukey boxes of the same items in several groups.

    Intervals: t with n - 1 df about each mean (design-based standard errors when weighted). Box: quartiles of
    type 7 (weighted: where the cumulated share reaches the quarter), fences at 1.5 interquartile ranges.

    Parameters
    ----------
    tallies : one for each group, all of the same items. group : what the groups are. group_titles : their
        names to the words a reader sees.

    Raises
    ------
    BadInput : no group, or groups that do not count the same items. CannotCompute : nobody answered.
    """
    if not tallies:
        raise BadInput("there is no group to describe", right="Give one tally for each group")
    first = next(iter(tallies.values()))
    for name, tally in tallies.items():
        if tally.items != first.items:
            raise BadInput(
                f"group '{name}' counts other items than the first group",
                right=f"All groups hold: {', '.join(first.items)}",
                do="Count all groups with the same items",
            )
    n = np.array([t.answered() for t in tallies.values()])
    if not n.any():
        raise CannotCompute("nobody in any group answered", do="Check that the columns hold answers")
    mean = np.array([t.means() for t in tallies.values()])
    se = np.array([t.mean_se() for t in tallies.values()])
    lower, upper = mean_interval(mean, se, df=np.where(n > 1, n - 1.0, np.nan), confidence=confidence)
    small = tuple(name for name, t in tallies.items() if not EFFECTIVE_N_SMALL.met(t.effective_n))
    cautions = (
        (
            Caution(
                "small_group",
                Text(
                    "Fewer than {k} respondents (effective) in {groups}: read these groups as hints only.",
                    "以下组别的有效样本量不足 {k}：{groups}，结果仅供参考。",
                ).fill(
                    k=f"{EFFECTIVE_N_SMALL.value:g}",
                    groups=joined([(group_titles or {}).get(s) or Text(s) for s in small]),
                ),
                small,
            ),
        )
        if small
        else ()
    )
    weighted = any(t.weighted for t in tallies.values())
    weight_sum = sum(t.weight_sum for t in tallies.values())
    weight_squares = sum(t.weight_squares for t in tallies.values())
    return GroupDescription(
        base=Base(
            respondents=sum(t.rows for t in tallies.values()),
            effective_n=weight_sum**2 / weight_squares if weight_squares else 0.0,
            missing="listwise" if first.complete else "available",
            rows=sum(t.rows_offered for t in tallies.values()),
            weighted=weighted,
            instrument=first.instrument,
        ),
        cautions=cautions,
        group=group,
        groups=tuple(tallies),
        items=first.items,
        n_answered=n,
        mean=mean,
        se=se,
        ci_lower=lower,
        ci_upper=upper,
        sd=np.array([_sds(t) for t in tallies.values()]),
        boxes=tuple(tuple(_box(t, j) for j in range(len(first.items))) for t in tallies.values()),
        confidence=confidence,
        titles={k: v for k, v in (titles or {}).items() if k in first.items},
        group_titles={k: v for k, v in (group_titles or {}).items() if k in tallies},
    )


def _sds(tally: Tally) -> list[float]:
    return [
        de.moments_from_power_sums(tally.power_sums(j), origin=float(tally.origins[j]), n=float(n)).sd
        for j, n in enumerate(tally.answered())
    ]


def _box(tally: Tally, j: int) -> de.Box:
    if not tally.has_categories(j):
        return de.Box(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, ())
    rule: de.QuantileRule = "inverse" if tally.weighted else "type 7"
    return de.tukey_box(tally.categories(j), tally.counts(j), rule=rule)
