"""How many respondents a survey needs, from which strata, and how close it will come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.figures import FIGURES_GIVEN
from csat.analyses.result import Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, NumericsError
from csat.language import Language, Text
from csat.numerics import sampling as sa
from csat.numerics.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Quantity = Literal["share", "mean", "nps", "index"]
Drawn = Literal["random", "convenience"]

QUANTITIES: dict[Quantity, Text] = {
    "share": Text("a share", "比例"),
    "mean": Text("a mean", "均值"),
    "nps": Text("a net promoter score", "净推荐值"),
    "index": Text("an index 0-100", "0–100 指数"),
}
UNITS: dict[Quantity, Text] = {
    "share": Text("percentage points", "个百分点"),
    "mean": Text("in the unit of the answers", "（与回答同单位）"),
    "nps": Text("points", "分"),
    "index": Text("points", "分"),
}
ALLOCATIONS: dict[sa.Allocation, Text] = {
    "proportional": Text("proportional", "按比例分配"),
    "neyman": Text("Neyman", "奈曼分配"),
    "cost-optimal": Text("cost-optimal", "费用最优分配"),
}
INDEX_SD = 20.0
"""Standard deviation of a satisfaction index in points, when none is given (ours: 16 to 24 are usual)."""
USUAL_SIZES = (50, 100, 200, 300, 400, 500, 800, 1000, 1500, 2000)
MOST_ANSWERS = 10**10
"""More people than there are (8.2 thousand million) are no plan."""
WORST_SHARE = 0.5
YAMANE_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Stratum:
    """A part of the population: its size, and the spread and cost of an answer where known."""

    name: str
    population: int
    sd: float = math.nan
    cost: float = math.nan


@dataclass(frozen=True)
class Convention:
    """The sample size by one formula."""

    name: Text
    formula: str
    exact: float
    n: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan(Result):
    """Sample size, margins and allocation, made by `planning`; margins of shares are 0-1, others points."""

    title = Text("Survey plan", "抽样方案")
    name = "planning"

    quantity: Quantity
    margin: float
    """The margin asked for; NaN when only sizes were given."""
    confidence: float
    population: float
    """Infinite when not given."""
    spread: float
    """Standard deviation of one answer, in the unit of the margin."""
    deff: float
    response: float
    n: int
    """Answers the plan is for: those the margin needs, or the size given."""
    n_sent: int
    """Questionnaires to send out for them."""
    reached: float
    """The margin n gives."""
    conventions: tuple[Convention, ...]
    sizes: NDArray[np.int64]
    margins: Array
    """(sizes,) margin of each."""
    margins_uncorrected: Array
    """(sizes,) the same without finite population correction."""
    strata: tuple[Stratum, ...]
    allocation: sa.Allocation
    allocated: NDArray[np.int64]
    stratum_margins: Array
    """(H,) margin within each stratum."""
    base_weights: Array
    """(H,) N_h / n_h."""
    deff_allocation: float
    """Design effect of the unequal base weights; NaN without strata."""
    stratified_margin: float
    """Margin of the stratified mean where the spread of every stratum is known; else NaN."""

    def tables(self) -> dict[str, Table]:
        """`plan`, `margins`, `conventions` when a margin was asked for, `strata` when there are any."""
        tables = {"plan": self._plan_table(), "margins": self._margins_table()}
        if self.conventions:
            tables["conventions"] = Table(
                {
                    "convention": [c.name for c in self.conventions],
                    "formula": [c.formula for c in self.conventions],
                    "exact": [c.exact for c in self.conventions],
                    "n": [c.n for c in self.conventions],
                },
                title=Text("The size by each convention", "各公式的样本量"),
                labels={"formula": Text("Formula", "公式"), "exact": Text("Unrounded", "未取整")},
                notes=[Text("Always rounded up; the first one is used.", "一律向上取整；方案采用第一种。")],
            )
        if self.strata:
            tables["strata"] = self._strata_table()
        return tables

    def plots(self) -> dict[str, Plot]:
        """`margins`: the margin against the number of answers."""
        scale = 100.0 if self.quantity == "share" else 1.0

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.lines(
                ax,
                self.sizes.tolist(),
                [scale * self.margins],
                series_labels=[MARGIN.say(language)],
                xlabel=ANSWERS.say(language),
                ylabel=Text("{margin}, {unit}", "{margin}{unit}")
                .fill(margin=MARGIN, unit=UNITS[self.quantity])
                .say(language),
            )

        return {
            "margins": Plot(
                draw,
                Text("Margin by number of answers", "样本量与误差范围"),
                Text(
                    "A falling curve: each further answer narrows the margin less.",
                    "曲线递减：样本量越大，每增加一份答卷带来的改善越小。",
                ),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """n and what it gives; the questionnaires to send out."""
        where = (
            Text(" of {population}", "（总体 {population}）").fill(population=f"{self.population:,.0f}")
            if math.isfinite(self.population)
            else Text("", "")
        )
        said = [
            Text(
                "{n} answers{where} give {what} to within ±{margin} {unit} at {level} confidence.",
                "{n} 份有效答卷{where}，在 {level} 置信水平下，{what}的误差范围为 ±{margin}{unit}。",
            ).fill(
                n=f"{self.n:,}",
                where=where,
                what=QUANTITIES[self.quantity],
                margin=self.shown(self.reached),
                unit=UNITS[self.quantity],
                level=f"{100 * self.confidence:g}%",
            )
        ]
        if self.n_sent > self.n:
            said.append(
                Text(
                    "At a response rate of {rate} that takes {sent} questionnaires.",
                    "按 {rate} 的回收率计，需发放 {sent} 份问卷。",
                ).fill(rate=f"{100 * self.response:g}%", sent=f"{self.n_sent:,}")
            )
        return tuple(said)

    def shown(self, margin: float) -> str:
        """A margin with two decimals in points."""
        return f"{100 * margin:.2f}" if self.quantity == "share" else f"{margin:.2f}"

    def _points(self, margins: Array) -> Array:
        return 100 * margins if self.quantity == "share" else margins

    def _plan_table(self) -> Table:
        rows: list[tuple[Text, Any]] = [
            (Text("Estimates", "估计对象"), QUANTITIES[self.quantity]),
            (Text("Confidence", "置信水平"), f"{100 * self.confidence:g}%"),
            (
                Text("Population", "总体"),
                f"{self.population:,.0f}" if math.isfinite(self.population) else Text("endless", "无限总体"),
            ),
            (Text("Spread of one answer (SD)", "单个回答的标准差"), f"{self.spread:.4g}"),
            (Text("Design effect", "设计效应"), f"{self.deff:g}"),
            (Text("Response rate expected", "预计回收率"), f"{100 * self.response:g}%"),
            (Text("Answers", "有效答卷"), f"{self.n:,}"),
            (
                Text("Margin (± {unit})", "误差范围（±{unit}）").fill(unit=UNITS[self.quantity]),
                self.shown(self.reached),
            ),
            (Text("Questionnaires to send out", "发放问卷"), f"{self.n_sent:,}"),
        ]
        if math.isfinite(self.margin):
            asked = (Text("Margin asked for", "要求的误差范围"), self.shown(self.margin))
            rows.insert(1, asked)
        return Table(
            {"what": [w for w, _ in rows], "value": [v for _, v in rows]},
            title=Text("The plan", "方案"),
            formats={"value": "text"},
        )

    def _margins_table(self) -> Table:
        columns: dict[str, Any] = {"n": self.sizes, "margin": self._points(self.margins)}
        if math.isfinite(self.population):
            columns["uncorrected"] = self._points(self.margins_uncorrected)
        return Table(
            columns,
            title=Text("Margin (± {unit}) by number of answers", "不同样本量的误差范围（±{unit}）").fill(
                unit=UNITS[self.quantity]
            ),
            labels={
                "margin": MARGIN,
                "uncorrected": Text("Without finite population correction", "未作有限总体校正"),
            },
        )

    def _strata_table(self) -> Table:
        columns: dict[str, Any] = {
            "stratum": [s.name for s in self.strata],
            "population": [s.population for s in self.strata],
            "share": [s.population / self.population for s in self.strata],
        }
        if all(math.isfinite(s.sd) for s in self.strata):
            columns["sd"] = [s.sd for s in self.strata]
        if all(math.isfinite(s.cost) for s in self.strata):
            columns["cost"] = [s.cost for s in self.strata]
        columns |= {
            "n": self.allocated,
            "weight": self.base_weights,
            "margin": self._points(self.stratum_margins),
        }
        notes = [
            Text(
                "{how}; rounded by largest remainder; base weight = population / answers.",
                "{how}；按最大余数法取整；基础权重 = 总体 / 样本。",
            ).fill(how=ALLOCATIONS[self.allocation]),
            Text(
                "The unequal base weights cost a design effect of {deff}.",
                "基础权重不等的设计效应为 {deff}。",
            ).fill(deff=f"{self.deff_allocation:.3f}"),
        ]
        if math.isfinite(self.stratified_margin):
            notes.append(
                Text(
                    "With the spreads given the stratified mean has a margin of ±{margin}.",
                    "按给定的各层标准差，分层均值的误差范围为 ±{margin}。",
                ).fill(margin=f"{self.stratified_margin:.3f}")
            )
        return Table(
            columns,
            title=Text("Allocation to strata", "各层样本分配"),
            labels={
                "stratum": Text("Stratum", "层"),
                "population": Text("Population", "总体"),
                "cost": Text("Cost of an answer", "单份费用"),
                "margin": Text("Margin (± {unit})", "误差范围（±{unit}）").fill(unit=UNITS[self.quantity]),
            },
            formats={"share": "share"},
            notes=notes,
        )


MARGIN = Text("Margin", "误差范围")
ANSWERS = Text("Answers", "有效答卷数")


def planning(
    quantity: Quantity = "share",
    *,
    margin: float | None = None,
    n: int | Sequence[int] = (),
    share: float = WORST_SHARE,
    sd: float | None = None,
    promoters: float | None = None,
    detractors: float | None = None,
    population: float | None = None,
    correction: sa.Correction = "n0 - 1",
    confidence: float = 0.95,
    deff: float = 1.0,
    response: float = 1.0,
    strata: Sequence[Stratum] = (),
    allocation: sa.Allocation = "proportional",
    drawn: Drawn = "random",
) -> Plan:
    """Plan a survey: the sample a margin needs, or the margin a sample gives, and its strata.

    Parameters
    ----------
    quantity : what is estimated. share : of `share`, margin 0-1. mean : of `sd`, margin in its unit. nps :
        of `promoters` and `detractors` (shares; default equal halves, the worst case), margin in points.
        index : of `sd` in points (default 20), margin in points.
    margin : half width of the interval asked for.
    n : sizes whose margin is asked for; the first is allocated to the strata when no margin is given.
    population : number of people there are; the sum of the strata when these are given.
    correction : convention of the finite population correction.
    deff, response : the plan takes n deff / response questionnaires.
    drawn : a convenience sample gets its margins with a caution that they do not apply.

    Raises
    ------
    BadInput : neither margin nor n, words that are not known, strata that do not sum to the population,
        impossible figures; the text names the stratum.
    """
    _check_words(quantity, allocation, correction, drawn)
    sizes = (n,) if isinstance(n, int) else tuple(n)
    if margin is None and not sizes:
        raise BadInput(
            "a plan needs a margin or a number of answers",
            right="margin=0.05 asks for the size that gives ±5 points; n=460 for the margin of 460 answers",
        )
    wrong = next((s for s in sizes if not 1 <= s <= MOST_ANSWERS), None)
    if wrong is not None:
        raise BadInput(
            f"{wrong} answers are no sample", right=f"n is a whole number of 1 to {MOST_ANSWERS:,}"
        )
    if not 0 < confidence < 1:
        raise BadInput(f"the confidence is {confidence:g}", right="It lies between 0 and 1, such as 0.95")
    whole = _population(population, strata)
    z = normal_quantile(confidence)
    names = [s.name for s in strata]
    try:
        of = _Quantity(quantity, share, sd, promoters, detractors, z)
        unit = 100.0 if quantity == "nps" else 1.0
        conventions = () if margin is None else _conventions(of, margin / unit, whole, correction, confidence)
        answers = int(min(sa.rounded_up(conventions[0].n * deff), whole)) if conventions else sizes[0]
        if answers > MOST_ANSWERS:
            raise BadInput(f"a margin of {margin:g} needs {answers:.2g} answers", do="Ask for a wider margin")
        sent = sa.rounded_up(
            sa.inflated(conventions[0].n if conventions else answers / deff, deff=deff, response=response)
        )
        shown = np.array(_shown_sizes(answers, sizes, whole), dtype=np.int64)
        cost = math.sqrt(deff)
        margins, plain = cost * unit * of.margin(shown, whole), cost * unit * of.margin(shown, math.inf)
        split = _Split.of(answers, strata, allocation, of, cost * unit, z)
    except NumericsError as error:
        raise BadInput(str(error.named(names)), where="the plan") from error
    return Plan(
        base=FIGURES_GIVEN,
        cautions=_cautions(answers, conventions, deff, whole, sent, drawn, quantity, sd),
        quantity=quantity,
        margin=math.nan if margin is None else margin,
        confidence=confidence,
        population=whole,
        spread=unit * of.spread,
        deff=deff,
        response=response,
        n=answers,
        n_sent=sent,
        reached=float(margins[int(np.flatnonzero(shown == answers)[0])]),
        conventions=conventions,
        sizes=shown,
        margins=margins,
        margins_uncorrected=plain,
        strata=tuple(strata),
        allocation=allocation,
        allocated=split.allocated,
        stratum_margins=split.margins,
        base_weights=split.weights,
        deff_allocation=split.deff,
        stratified_margin=split.margin,
    )


class _Quantity:
    """Size and margin of one quantity, in its own unit (nps on -1 to 1)."""

    def __init__(
        self,
        quantity: Quantity,
        share: float,
        sd: float | None,
        promoters: float | None,
        detractors: float | None,
        z: float,
    ) -> None:
        self.quantity, self.share, self.z = quantity, share, z
        if quantity == "mean" and sd is None:
            raise BadInput(
                "a plan for a mean needs the spread of the answers",
                right="sd=0.9, from an earlier wave or a pilot; on a 1-5 scale 0.7 to 1.1 is usual",
            )
        self.promoters = WORST_SHARE if promoters is None else promoters
        self.detractors = 1 - self.promoters if detractors is None else detractors
        if quantity == "share":
            # the margin of 0 or 1 would be 0, whatever n
            sa.sample_size_share(margin=0.5, share=share)
            self.spread = math.sqrt(share * (1 - share))
        elif quantity == "nps":
            self.spread = math.sqrt(sa.nps_variance(self.promoters, self.detractors))
        else:
            self.spread = INDEX_SD if sd is None else sd

    def size(self, margin: float) -> float:
        if self.quantity == "share":
            return sa.sample_size_share(margin=margin, share=self.share, z=self.z)
        if self.quantity == "nps":
            return sa.sample_size_nps(
                margin=margin, promoters=self.promoters, detractors=self.detractors, z=self.z
            )
        return sa.sample_size_mean(margin=margin, sd=self.spread, z=self.z)

    def margin(self, n: NDArray[np.int64], population: float) -> Array:
        if self.quantity == "share":
            return sa.margin_share(n, share=self.share, population=population, z=self.z)
        if self.quantity == "nps":
            return sa.margin_nps(
                n, promoters=self.promoters, detractors=self.detractors, population=population, z=self.z
            )
        return sa.margin_mean(n, sd=self.spread, population=population, z=self.z)


@dataclass(frozen=True, eq=False)
class _Split:
    allocated: NDArray[np.int64]
    margins: Array
    weights: Array
    deff: float
    margin: float

    @classmethod
    def of(
        cls,
        n: int,
        strata: Sequence[Stratum],
        allocation: sa.Allocation,
        of: _Quantity,
        scale: float,
        z: float,
    ) -> _Split:
        if not strata:
            return cls(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0), math.nan, math.nan)
        sizes, sds, costs = (np.array([getattr(s, k) for s in strata]) for k in ("population", "sd", "cost"))
        known = bool(np.isfinite(sds).all())
        if allocation != "proportional" and not known:
            missing = [s.name for s in strata if not math.isfinite(s.sd)]
            raise BadInput(
                f"{allocation} allocation needs the spread of every stratum; it is missing for "
                f"{', '.join(missing)}",
                do="Give it, or allocate proportionally",
            )
        if allocation == "cost-optimal" and not np.isfinite(costs).all():
            missing = [s.name for s in strata if not math.isfinite(s.cost)]
            raise BadInput(
                f"cost-optimal allocation needs the cost of an answer in {', '.join(missing)}",
                do="Give it, or use Neyman allocation",
            )
        allocated = sa.allocate(
            n,
            sizes,
            sds=sds if known else None,
            costs=costs if np.isfinite(costs).all() else None,
            method=allocation,
        )
        own = known and of.quantity in ("mean", "index")
        within = np.array(
            [
                sa.margin_mean(k, sd=s.sd, population=s.population, z=z)
                if own
                else of.margin(np.asarray(k), float(s.population))
                for k, s in zip(allocated, strata, strict=True)
            ]
        )
        at_least_two = bool((allocated >= sa.FEWEST_IN_STRATUM).all())
        weights = sizes / allocated
        whole = float((allocated * weights).sum() ** 2 / (allocated * weights**2).sum())
        stratified = math.nan
        if known and at_least_two:
            stratified = z * sa.stratified_mean(np.zeros(len(sizes)), sds, allocated, sizes).se
        return cls(allocated, scale * within, weights, n / whole, stratified)


def _population(population: float | None, strata: Sequence[Stratum]) -> float:
    names = [s.name for s in strata]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise BadInput(f"stratum '{twice}' is given twice", do="Give each stratum once")
    total = float(sum(s.population for s in strata))
    if total > MOST_ANSWERS or (population or 0) > MOST_ANSWERS:
        raise BadInput("the population is larger than mankind", right=f"At most {MOST_ANSWERS:,}")
    if population is None:
        return total if strata else math.inf
    if strata and total != population:
        raise BadInput(
            f"the strata sum to {total:g}, not to the population of {population:g}",
            do="Correct one of them, or leave the population out",
        )
    if not population > 0:
        raise BadInput(f"the population is {population:g}", right="It is a number of people above 0")
    return float(population)


def _conventions(
    of: _Quantity, margin: float, population: float, correction: sa.Correction, confidence: float
) -> tuple[Convention, ...]:
    n0 = of.size(margin)

    def made(name: Text, formula: str, exact: float) -> Convention:
        return Convention(name, formula, exact, sa.rounded_up(exact))

    endless = made(Text("Cochran, endless population", "Cochran（无限总体）"), "n0 = (z s / e)^2", n0)
    if not math.isfinite(population):
        return (endless,)
    forms: dict[sa.Correction, str] = {"n0 - 1": "n0 / (1 + (n0 - 1) / N)", "n0": "n0 / (1 + n0 / N)"}
    order = sorted(forms, key=lambda c: c != correction)
    found = [
        made(
            Text("Cochran, finite population, {c}", "Cochran（有限总体，{c}）").fill(c=f'"{c}"'),
            forms[c],
            sa.finite_sample_size(n0, population, correction=c),
        )
        for c in order
    ]
    found.append(endless)
    if of.quantity == "share" and of.share == WORST_SHARE and confidence == YAMANE_CONFIDENCE:
        found.append(
            made(
                Text("Yamane", "Yamane"),
                "N / (1 + N e^2)",
                sa.sample_size_yamane(population, margin=margin),
            )
        )
    return tuple(found)


def _shown_sizes(answers: int, sizes: Sequence[int], population: float) -> list[int]:
    wanted = {answers, *sizes} | {s for s in USUAL_SIZES if s < 4 * answers}
    return sorted(s for s in wanted if s <= population or s in (answers, *sizes))


def _cautions(
    answers: int,
    conventions: tuple[Convention, ...],
    deff: float,
    population: float,
    sent: int,
    drawn: Drawn,
    quantity: Quantity,
    sd: float | None,
) -> tuple[Caution, ...]:
    found: list[Caution] = []
    if drawn == "convenience":
        found.append(
            Caution(
                "convenience_sample",
                Text(
                    "Margins describe chance in a random sample. In a convenience sample they do not apply: "
                    "whom it misses is not known.",
                    "误差范围只描述随机抽样的偶然误差；便利样本不适用，因为无法知道遗漏了哪些人。",
                ),
            )
        )
    if conventions and sa.rounded_up(conventions[0].n * deff) > population:
        found.append(
            Caution(
                "census",
                Text(
                    "With this design effect even the whole population of {n} does not give the margin.",
                    "在该设计效应下，即使调查全部 {n} 人也达不到所要求的误差范围。",
                ).fill(n=f"{population:,.0f}"),
            )
        )
    if sent > population:
        found.append(
            Caution(
                "more_than_population",
                Text(
                    "{sent} questionnaires are more than the {n} people there are: raise the response rate "
                    "or accept a wider margin.",
                    "需发放的 {sent} 份问卷超过总体 {n} 人：请提高回收率或放宽误差范围。",
                ).fill(sent=f"{sent:,}", n=f"{population:,.0f}"),
            )
        )
    if quantity == "index" and sd is None:
        found.append(
            Caution(
                "assumed_spread",
                Text(
                    "The spread of the index was not given; {sd} points are assumed. Take it from an earlier "
                    "wave.",
                    "未给出指数的标准差，假定为 {sd} 分；请采用以往调查的数值。",
                ).fill(sd=f"{INDEX_SD:g}"),
            )
        )
    return tuple(found)


def _check_words(quantity: str, allocation: str, correction: str, drawn: str) -> None:
    for given, known, what in (
        (quantity, tuple(QUANTITIES), "quantity"),
        (allocation, tuple(ALLOCATIONS), "allocation"),
        (correction, ("n0 - 1", "n0"), "correction"),
        (drawn, ("random", "convenience"), "drawn"),
    ):
        if given not in known:
            raise BadInput(f"{what} is '{given}'", right=f"It is one of {', '.join(known)}")
