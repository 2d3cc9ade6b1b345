"""Do the conclusions hold when the answers are treated otherwise? The same figures side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from csat.analyses.guidelines import ALPHA_ACCEPTABLE, FIT_HU_BENTLER, KMO_WORKING, Guideline
from csat.analyses.result import Base, Result, Verdict
from csat.display.plot import Plot
from csat.display.style import formatted
from csat.display.table import Table
from csat.language import Language, Text, bare, joined, quoted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Kind = Literal["as analysed", "without flagged", "imputed", "ordinal", "unweighted"]
TITLES: Mapping[Kind, Text] = {
    "as analysed": Text("As analysed", "原分析"),
    "without flagged": Text("Without flagged respondents", "剔除被标记者"),
    "imputed": Text("Missing answers filled", "填补缺失"),
    "ordinal": Text("Items as ordered categories", "按有序类别处理"),
    "unweighted": Text("Unweighted", "不加权"),
}
FIRST = 3
"""Priorities that are compared."""
Z = 1.959964


@dataclass(frozen=True)
class Treatment:
    """What was found under one treatment; NaN where it has no such figure.

    alpha : one for each construct of the panel. cfi, rmsea : of the measurement model. first : the first
    priorities, most urgent first.
    """

    kind: Kind
    respondents: int
    index: float = math.nan
    ci_lower: float = math.nan
    ci_upper: float = math.nan
    alpha: tuple[float, ...] = ()
    kmo: float = math.nan
    cfi: float = math.nan
    rmsea: float = math.nan
    r2: float = math.nan
    first: tuple[str, ...] = ()
    how: Text = Text("")  # noqa: RUF009 - frozen
    """What exactly was done."""


@dataclass(frozen=True)
class Mark:
    """A difference that matters: which figure of which treatment, and the two values in words.

    central : whether it is about the index or the first priority, which the report is about.
    """

    kind: Kind
    figure: str
    what: Text
    words: Text
    central: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Sensitivity(Result):
    """The figures a report rests on under several treatments of the answers, made by `sensitivity`."""

    title = Text("Would other treatments change it?", "换一种处理，结论会变吗？")
    name = "sensitivity"

    treatments: tuple[Treatment, ...]
    """The first is the analysis as it was made."""
    constructs: tuple[str, ...]
    marks: tuple[Mark, ...]
    skipped: Mapping[str, Text]
    """Treatment to the reason why it is not in the panel."""
    titles: Mapping[str, Text] = field(default_factory=dict)

    def tables(self) -> dict[str, Table]:
        """`panel`, `alpha`, `first`, `skipped`; those without content are left out."""
        shown = self.treatments
        tables = {
            "panel": Table(
                {
                    "treatment": [TITLES[t.kind] for t in shown],
                    "n": [t.respondents for t in shown],
                    "index": [t.index for t in shown],
                    "ci_lower": [t.ci_lower for t in shown],
                    "ci_upper": [t.ci_upper for t in shown],
                    "kmo": [t.kmo for t in shown],
                    "cfi": [t.cfi for t in shown],
                    "rmsea": [t.rmsea for t in shown],
                    "r2": [t.r2 for t in shown],
                    "differs": [self._differs(t.kind) for t in shown],
                },
                title=Text("The same figures under other treatments", "不同处理下的同一组指标"),
                labels={
                    "treatment": Text("Treatment", "处理方式"),
                    "index": Text("Index", "指数"),
                    "kmo": Text("KMO"),
                    "cfi": Text("CFI"),
                    "rmsea": Text("RMSEA"),
                    "r2": Text("R² of drivers", "驱动 R²"),
                    "differs": Text("Differs in", "差异"),
                },
                formats={"index": "score", "ci_lower": "score", "ci_upper": "score", "differs": "text"},
                notes=[
                    Text("{title}: {how}.", "{title}：{how}。").fill(title=TITLES[t.kind], how=t.how)
                    for t in shown[1:]
                ]
                + [RULE],
            )
        }
        if self.constructs:
            tables["alpha"] = Table(
                {
                    "construct": [bare(self._title(c)) for c in self.constructs],
                    **{t.kind: list(t.alpha) for t in shown if t.alpha},
                },
                title=Text("Cronbach's alpha under each treatment", "各处理下的 Cronbach α"),
                labels={t.kind: TITLES[t.kind] for t in shown},
                notes=[
                    Text(
                        "With items as ordered categories: alpha of polychoric correlations, usually higher.",
                        "按有序类别处理时为基于多项相关的序数 α，通常更高。",
                    )
                ]
                if any(t.kind == "ordinal" and t.alpha for t in shown)
                else [],
            )
        ranked = [t for t in shown if t.first]
        if ranked:
            depth = max(len(t.first) for t in ranked)
            tables["first"] = Table(
                {
                    "rank": list(range(1, depth + 1)),
                    **{
                        t.kind: [
                            bare(self._title(t.first[k])) if k < len(t.first) else None for k in range(depth)
                        ]
                        for t in ranked
                    },
                },
                title=Text("First priorities under each treatment", "各处理下的首要优先项"),
                labels={"rank": Text("Rank", "次序")} | {t.kind: TITLES[t.kind] for t in ranked},
                formats={t.kind: "text" for t in ranked},
            )
        if self.skipped:
            tables["skipped"] = Table(
                {
                    "treatment": [TITLES[k] for k in TITLES if k in self.skipped],
                    "reason": [self.skipped[k] for k in TITLES if k in self.skipped],
                },
                title=Text("Treatments left out", "未做的处理"),
                labels={"treatment": Text("Treatment", "处理方式")},
            )
        return tables

    def plots(self) -> dict[str, Plot]:
        """`index`: the index under each treatment with its interval."""
        shown = [t for t in self.treatments if math.isfinite(t.index)]
        if len(shown) < 2:
            return {}

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.dots(
                ax,
                [TITLES[t.kind].say(language) for t in shown],
                [t.index for t in shown],
                lower=[t.ci_lower for t in shown],
                upper=[t.ci_upper for t in shown],
                reference=shown[0].index,
                xlabel=Text("Index, 0-100", "指数（0–100）").say(language),
                kind="score",
            )

        return {
            "index": Plot(
                draw=draw,
                title=Text("Index under each treatment", "各处理下的指数"),
                description=Text(
                    "One dot a treatment, its index with its interval; the line is the index as analysed.",
                    "每种处理一个点，横条为区间；虚线为原分析的指数。",
                ),
                size=(6.8, max(2.0, 0.36 * len(shown) + 1.0)),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """Each treatment in a sentence: what it changes that matters, or that nothing does."""
        return tuple(self._sentence(t) for t in self.treatments[1:])

    def _sentence(self, treatment: Treatment) -> Text:
        marks = [m for m in self.marks if m.kind == treatment.kind]
        title = TITLES[treatment.kind]
        if marks:
            words = Text("{title}: {what}.", "{title}：{what}。")
            return words.fill(
                title=title,
                what=Text("; ".join(m.words.en for m in marks), "；".join(m.words.zh for m in marks)),
            )
        now, was = treatment.index, self.treatments[0].index
        if math.isfinite(now) and math.isfinite(was):
            return Text(
                "{title}: nothing that matters changes (index {now}, as analysed {was}).",
                "{title}：没有重要变化（指数 {now}，原为 {was}）。",
            ).fill(title=title, now=formatted(now, "score"), was=formatted(was, "score"))
        return Text("{title}: nothing that matters changes.", "{title}：没有重要变化。").fill(title=title)

    def _differs(self, kind: Kind) -> Text:
        found = [m.what for m in self.marks if m.kind == kind]
        return joined(found) if found else Text("–", "–")

    def _title(self, name: str) -> Text:
        return self.titles.get(name) or Text(name)


RULE = Text(
    "A difference is named when the index, an alpha or the R² leaves its interval as analysed (by 0.5 "
    "points, 0.02 and 0.02 at least), when an alpha, KMO, CFI or RMSEA crosses its guideline by a real step, "
    "or when the first priorities are other items.",
    "当指数、α 或 R² 超出原分析的区间（至少相差 0.5 分、0.02、0.02），α、KMO、CFI 或 RMSEA 明显越过参考标准，"
    "或首要优先项换成其他题项时，才记为差异。",
)
STEPS: Mapping[str, float] = {
    "index": 0.5, "alpha": 0.02, "r2": 0.02, "kmo": 0.02, "cfi": 0.01, "rmsea": 0.01
}  # fmt: skip
"""Least changes that matter, however narrow the interval of many respondents and however near a guideline
(ours; of CFI and RMSEA as Cheung and Rensvold, 2002)."""


def sensitivity(
    treatments: Sequence[Treatment],
    *,
    constructs: Sequence[str] = (),
    alpha_lower: Sequence[float] = (),
    alpha_upper: Sequence[float] = (),
    drivers: int = 0,
    skipped: Mapping[str, Text] | None = None,
    titles: Mapping[str, Text] | None = None,
    base: Base,
) -> Sensitivity:
    """Hold each treatment against the first, and say whether the conclusions depend on it.

    A difference matters when the index leaves its interval, an alpha its interval or its guideline (of
    ordered categories its guideline only, as their alpha is another coefficient), the R2 its interval (Olkin
    and Finn's error), KMO, CFI or RMSEA cross their guideline, or the first priorities are other items; none
    does below its step in `STEPS`.

    Parameters
    ----------
    treatments : the analysis as made first. constructs : of the alphas. alpha_lower, alpha_upper : (c,)
        interval as analysed. drivers : regressors of the R2. skipped : treatment to the reason it was not
        made.
    """
    first, *others = treatments
    names = [bare((titles or {}).get(c) or Text(c)) for c in constructs]
    marks: list[Mark] = []
    for other in others:
        marks += _index_marks(first, other)
        marks += _priority_marks(first, other, titles or {})
        marks += _alpha_marks(first, other, names, alpha_lower, alpha_upper)
        marks += _fit_marks(first, other)
        marks += _r2_marks(first, other, drivers)
    return Sensitivity(
        treatments=tuple(treatments),
        constructs=tuple(constructs),
        marks=tuple(marks),
        skipped=dict(skipped or {}),
        titles={
            k: v
            for k, v in (titles or {}).items()
            if k in {*constructs, *(i for t in treatments for i in t.first)}
        },
        base=base,
        verdict=_verdict(others, marks),
    )


def _index_marks(first: Treatment, other: Treatment) -> list[Mark]:
    if not math.isfinite(other.index) or not math.isfinite(first.ci_lower):
        return []
    small = abs(other.index - first.index) < STEPS["index"]
    if small or first.ci_lower <= other.index <= first.ci_upper:
        return []
    words = Text(
        "the index is {now} instead of {was}, outside its interval ({low} to {high})",
        "指数为 {now}，原为 {was}，超出其区间（{low} 至 {high}）",
    ).fill(
        now=formatted(other.index, "score"),
        was=formatted(first.index, "score"),
        low=formatted(first.ci_lower, "score"),
        high=formatted(first.ci_upper, "score"),
    )
    return [Mark(other.kind, "index", Text("index", "指数"), words, True)]


def _priority_marks(first: Treatment, other: Treatment, titles: Mapping[str, Text]) -> list[Mark]:
    if not first.first or not other.first:
        return []

    def said(names: Sequence[str]) -> Text:
        return quoted([titles.get(n) or Text(n) for n in names])

    came = [n for n in other.first if n not in first.first]
    went = [n for n in first.first if n not in other.first]
    top = other.first[0] != first.first[0]
    if not (came or went or top):
        return []
    if came or went:
        words = Text(
            "the first {k} priorities hold {came} instead of {went}", "前 {k} 个优先项以{came}取代{went}"
        ).fill(k=len(first.first), came=said(came), went=said(went))
    else:
        words = Text("the first priority is {now} instead of {was}", "首要优先项为 {now}，原为 {was}").fill(
            now=said(other.first[:1]), was=said(first.first[:1])
        )
    # an item that is no longer among the first at all is another advice; a change of places is not
    central = first.first[0] not in other.first
    return [Mark(other.kind, "priorities", Text("first priorities", "首要优先项"), words, central)]


def _alpha_marks(
    first: Treatment, other: Treatment, names: Sequence[Text], lower: Sequence[float], upper: Sequence[float]
) -> list[Mark]:
    found = []
    for k, name in enumerate(names):
        was = first.alpha[k] if k < len(first.alpha) else math.nan
        now = other.alpha[k] if k < len(other.alpha) else math.nan
        if not (math.isfinite(was) and math.isfinite(now)):
            continue
        crossed = _crossed(ALPHA_ACCEPTABLE, was, now, STEPS["alpha"])
        outside = other.kind != "ordinal" and k < len(lower) and not lower[k] <= now <= upper[k]
        if crossed or (outside and abs(now - was) >= STEPS["alpha"]):
            words = Text("alpha of {name} is {now} instead of {was}", "{name}的 α 为 {now}，原为 {was}").fill(
                name=name, now=formatted(now, decimals=2), was=formatted(was, decimals=2)
            )
            what = Text("alpha of {name}", "{name}的 α").fill(name=name)
            found.append(Mark(other.kind, "alpha", what, words, False))
    return found


def _crossed(guideline: Guideline, was: float, now: float, step: float) -> bool:
    """Whether one of the two meets the guideline and the other misses it, and by no mere rounding."""
    return guideline.met(was) != guideline.met(now) and abs(now - was) >= step


def _fit_marks(first: Treatment, other: Treatment) -> list[Mark]:
    found = []
    for key, label, guideline in (
        ("kmo", "KMO", KMO_WORKING),
        ("cfi", "CFI", FIT_HU_BENTLER["cfi"]),
        ("rmsea", "RMSEA", FIT_HU_BENTLER["rmsea"]),
    ):
        was, now = float(getattr(first, key)), float(getattr(other, key))
        if math.isfinite(was) and math.isfinite(now) and _crossed(guideline, was, now, STEPS[key]):
            words = Text(
                "{label} is {now} instead of {was}, across the guideline of {value}",
                "{label} 为 {now}，原为 {was}，越过参考标准 {value}",
            ).fill(label=label, now=formatted(now), was=formatted(was), value=f"{guideline.value:g}")
            found.append(Mark(other.kind, key, Text(label), words, False))
    return found


def _r2_marks(first: Treatment, other: Treatment, drivers: int) -> list[Mark]:
    """Olkin and Finn's (1995) standard error of R2: 4 R2 (1 - R2)^2 (n - k - 1)^2 / ((n^2 - 1)(n + 3))."""
    was, now, n = first.r2, other.r2, first.respondents
    if not (math.isfinite(was) and math.isfinite(now)) or n <= drivers + 1:
        return []
    se = math.sqrt(4 * was * (1 - was) ** 2 * (n - drivers - 1) ** 2 / ((n**2 - 1) * (n + 3)))
    if abs(now - was) <= max(Z * se, STEPS["r2"]):
        return []
    words = Text("R² of the drivers is {now} instead of {was}", "驱动因素 R² 为 {now}，原为 {was}").fill(
        now=formatted(now, decimals=2), was=formatted(was, decimals=2)
    )
    return [Mark(other.kind, "r2", Text("R² of drivers", "驱动 R²"), words, False)]


def _verdict(others: Sequence[Treatment], marks: Sequence[Mark]) -> Verdict:
    if not others:
        return Verdict("sound", Text("There was nothing to treat otherwise.", "没有可换的处理方式。"))
    central = list(dict.fromkeys(m.kind for m in marks if m.central))
    if central:
        what = joined([_inside(TITLES[k]) for k in central])
        return Verdict(
            "doubtful",
            Text("The conclusions depend on the treatment: {what}.", "结论取决于处理方式：{what}。").fill(
                what=what
            ),
        )
    if marks:
        figures = joined(list({m.what.en: m.what for m in marks}.values()))
        return Verdict(
            "sound",
            Text("The conclusions hold, with exceptions: {figures}.", "结论基本成立，例外：{figures}。").fill(
                figures=figures
            ),
        )
    n = len(others)
    return Verdict(
        "sound",
        Text(
            f"The conclusions hold under {n} other treatment{'s' if n > 1 else ''} of the answers.",
            f"在其他 {n} 种处理方式下，结论均成立。",
        ),
    )


def _inside(text: Text) -> Text:
    return Text(text.en[:1].lower() + text.en[1:], text.zh)
