"""Questions with several answers: who ticked each option, and where a ranking puts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Language, Text
from csat.numerics.intervals import share_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from csat.responses.raw import Choices

Array = NDArray[np.float64]

MOST_DRAWN, OPTIONS_DRAWN = 6, 25
"""Questions that get a chart, and options in one."""


@dataclass(frozen=True, eq=False)
class ChoiceShares:
    """One question with several answers; arrays are (k,) over its options, in the order of the file.

    respondents : rows that ticked at least one option: the base of the shares. rows : rows there were.
    share : weighted share of those respondents who ticked the option (the shares add to more than 1), with
    Wilson's interval on the effective n. mean_place : of a ranking, the mean place of those who placed it.
    """

    question: str
    options: tuple[str, ...]
    respondents: int
    rows: int
    count: NDArray[np.int64]
    share: Array
    lower: Array
    upper: Array
    mean_place: Array
    """NaN where the question is no ranking."""


def choice_shares(
    choices: Mapping[str, Choices], *, weights: Array | None = None, confidence: float = 0.95
) -> tuple[ChoiceShares, ...]:
    """Of each question how many ticked each option; questions nobody answered are left out."""
    found = []
    for asked in choices.values():
        chosen = asked.chosen
        answered = chosen.any(axis=1)
        if not answered.any():
            continue
        w = np.ones(len(chosen)) if weights is None else weights
        own = w[answered]
        total = float(own.sum())
        effective = total**2 / float((own**2).sum()) if total > 0 else 0.0
        share = (own @ chosen[answered]) / total if total > 0 else np.full(chosen.shape[1], np.nan)
        lower, upper = share_interval(
            share * effective, np.full(share.size, effective), confidence=confidence
        )
        place = np.full(chosen.shape[1], np.nan)
        if asked.place is not None:
            placed = asked.place > 0
            weight_of = w @ placed
            with np.errstate(invalid="ignore", divide="ignore"):
                place = np.where(weight_of > 0, (w @ np.where(placed, asked.place, 0)) / weight_of, np.nan)
        found.append(
            ChoiceShares(
                question=asked.question,
                options=asked.options,
                respondents=int(answered.sum()),
                rows=len(chosen),
                count=chosen.sum(axis=0).astype(np.int64),
                share=np.asarray(share),
                lower=lower,
                upper=upper,
                mean_place=place,
            )
        )
    return tuple(found)


def choices_table(questions: Sequence[ChoiceShares], weighted: bool) -> Table:
    """All questions, one row an option, the most ticked first within its question."""
    columns: dict[str, list[Any]] = {
        name: []
        for name in ("question", "option", "count", "share", "ci_lower", "ci_upper", "base", "mean_place")
    }
    for q in questions:
        for k in np.argsort(-q.share, kind="stable").tolist():
            columns["question"].append(q.question)
            columns["option"].append(q.options[k])
            columns["count"].append(int(q.count[k]))
            columns["share"].append(float(q.share[k]))
            columns["ci_lower"].append(float(q.lower[k]))
            columns["ci_upper"].append(float(q.upper[k]))
            columns["base"].append(q.respondents)
            columns["mean_place"].append(float(q.mean_place[k]))
    if np.isnan(columns["mean_place"]).all():
        del columns["mean_place"]
    notes = [
        Text(
            "Share of the respondents who ticked any option of the question; the shares of a question may "
            "add to more than 100%.",
            "占比以至少选择一项的受访者为基数；同一题各选项占比之和可超过 100%。",
        )
    ]
    if weighted:
        notes.append(Text("Counts are rows; shares are weighted.", "频数为未加权的答卷数；比例为加权结果。"))
    return Table(
        columns,
        title=Text("Questions with several answers", "多选题"),
        labels={
            "question": Text("Question", "题目"),
            "option": Text("Option", "选项"),
            "base": Text("Respondents", "作答人数"),
            "mean_place": Text("Mean place", "平均名次"),
        },
        formats={"question": "text", "option": "text"}
        | dict.fromkeys(("share", "ci_lower", "ci_upper"), "share")
        | ({"mean_place": "score"} if "mean_place" in columns else {}),
        notes=notes,
    )


def choices_plots(questions: Sequence[ChoiceShares]) -> dict[str, Plot]:
    """One bar chart a question, the first six of them."""
    return {f"choices_{k}": _plot(q) for k, q in enumerate(questions[:MOST_DRAWN], start=1)}


def _plot(question: ChoiceShares) -> Plot:
    shown = np.argsort(-question.share, kind="stable")[:OPTIONS_DRAWN]

    def draw(ax: Axes, language: Language) -> None:
        from csat.display import charts

        charts.bars(
            ax,
            [question.options[k] for k in shown],
            question.share[shown],
            lower=question.lower[shown],
            upper=question.upper[shown],
            xlabel=Text(
                f"share of the {question.respondents} who ticked any",
                f"占 {question.respondents} 位作答者的比例",
            ).say(language),
            kind="share",
        )

    return Plot(
        draw=draw,
        title=Text(question.question),
        description=Text(
            "Bars: the share of those who ticked any option, the most ticked first, with intervals.",
            "条形图：各选项占作答者的比例（由高到低），附区间。",
        ),
        size=(6.8, max(2.0, 0.3 * len(shown) + 1.0)),
    )
