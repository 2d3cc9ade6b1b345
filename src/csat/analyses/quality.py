"""Were the questions answered with care? Missing cells by item and respondent, signs of careless answering.

Nothing is deleted here: every respondent is scored, those past a guideline are counted and the most
suspicious ones are named by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import (
    DUPLICATE_ITEMS,
    EVEN_ODD_CONSISTENT,
    FLAGS_SUSPICIOUS,
    LONGSTRING_ITEMS,
    LONGSTRING_SHARE,
    MAHALANOBIS_P,
    MISSING_ROW,
    SECONDS_AN_ITEM,
    SYNONYMS_ALIKE,
    VARIABILITY_MADS,
    Guideline,
)
from csat.analyses.result import SOUND, Base, Caution, Result, Verdict
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import CannotCompute
from csat.language import Language, Text, joined
from csat.numerics import careless
from csat.responses.responses import SILENCES, Responses, has_categories
from csat.tally.tally import Tally, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

ROWS_AT_ONCE = 1 << 16
MOST_PAIRS = 30
"""Pairs of like items that are looked at, the closest (ours): more say no more and cost memory."""
MAD_TO_SD = 1.4826
"""Median absolute deviation to standard deviation, for a normal variable."""
DOUBTFUL_SHARE = 0.10
"""Share of suspicious respondents from which the verdict says so (ours)."""

INDICES = ("longstring", "variability", "mahalanobis", "duplicate", "even_odd", "synonyms", "time")
ALWAYS = INDICES[:4]
"""Indices that are told of also where they cannot be computed; the others need scales, pairs or times."""
COUNTED = tuple(name not in ("even_odd", "synonyms") for name in INDICES)
"""Which make a row suspicious. The answers of careful people to constructs that hang together lie so close
that correlations within a person are mostly noise: even-odd passes its limit for 20 to 55 per cent of the
respondents of four real satisfaction surveys, synonyms for 13 to 28."""
INDEX_WORDS: Mapping[str, Text] = {
    "longstring": Text("Long run of equal answers", "长串相同作答"),
    "variability": Text("Too little or too much variety", "作答变异过小或过大"),
    "mahalanobis": Text("Unlikely combination of answers", "答案组合罕见（马氏距离）"),
    "duplicate": Text("Same answers as another row", "与其他答卷完全相同"),
    "even_odd": Text("Halves of the scales disagree", "各量表奇偶题回答不一致"),
    "synonyms": Text("Like items answered unlike", "相近题项回答相反"),
    "time": Text("Answered too fast", "作答过快"),
}


@dataclass(frozen=True, eq=False)
class RowScores:
    """One number per respondent, (n,) each, in row order; NaN where it does not exist.

    silent : cells without an answer. longstring : longest run of equal answers within items of one scale,
    before turning. variability : standard deviation of a respondent's own answers before turning (shares
    of the scale when scales differ). mahalanobis, df, p : squared distance over the answered items, with its
    chi-square probability. duplicate_of : row number of the first row with the same answers, 0 when there is
    none before. even_odd : correlation over constructs of the means of odd and even items, stepped up.
    synonyms : correlation over pairs of items that most answer alike. seconds : for an item. flags : (n, 7)
    whether past the guideline, in the order of `INDICES`.
    """

    silent: Ints
    longstring: Ints
    variability: Array
    mahalanobis: Array
    df: Ints
    p: Array
    duplicate_of: Ints
    even_odd: Array
    synonyms: Array
    seconds: Array
    flags: Bools

    @property
    def n_flags(self) -> Ints:
        """(n,) indices past their guideline, of those that count."""
        return np.asarray(self.flags[:, COUNTED].sum(axis=1), dtype=np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Quality(Result):
    """Missing and careless answers, made by `quality`."""

    title = Text("Quality of the answers", "答卷质量")
    name = "quality"

    items: tuple[str, ...]
    n_rows: int
    item_silence: Mapping[str, Ints]
    """Reason to (p,) cells without an answer for it."""
    complete_rows: int
    rows_by_silence: Mapping[str, int]
    """Reason to rows with at least one such cell."""
    sparse_rows: int
    """Rows with more than half of their cells unanswered for a reason other than `NOT_APPLICABLE`."""
    flagged: Mapping[str, int]
    """Index to the respondents past its guideline; -1 where it could not be computed."""
    thresholds: Mapping[str, Text]
    suspicious: int
    """Respondents flagged by at least `at_least` indices."""
    at_least: int
    worst: Mapping[str, tuple[Any, ...]]
    """The most suspicious rows: row, respondent, n_flags and the indices."""
    scores: RowScores = field(repr=False)
    """Every respondent's scores; not part of the JSON."""
    titles: Mapping[str, Text] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As of every result, without the scores of all respondents."""
        body = Result.to_dict(replace(self, scores=_NO_SCORES))
        del body["scores"]
        return body

    def tables(self) -> dict[str, Table]:
        """`indices`, `rows` (the most suspicious), `items`, `missing`."""
        return {
            "indices": self._indices_table(),
            "rows": self._rows_table(),
            "items": self._items_table(),
            "missing": self._missing_table(),
        }

    def plots(self) -> dict[str, Plot]:
        """`flags`, `missing`, `distances`."""
        plots = {"flags": self._flags_plot()}
        if any(n.any() for n in self.item_silence.values()):
            plots["missing"] = self._missing_plot()
        if not np.isnan(self.scores.mahalanobis).all():
            plots["distances"] = self._distances_plot()
        return plots

    def headline(self) -> tuple[Text, ...]:
        """How many respondents look careless, and how complete the answers are."""
        share = self.suspicious / self.n_rows
        return (
            Text(
                "{n} of {rows} respondents ({share}) are flagged by at least {k} signs of careless "
                "answering.",
                "{rows} 位受访者中有 {n} 位（{share}）至少出现 {k} 种不认真作答的迹象。",
            ).fill(n=self.suspicious, rows=self.n_rows, share=f"{100 * share:.1f}%", k=self.at_least),
            Text("{n} ({share}) answered every item.", "{n} 位（{share}）回答了全部题项。").fill(
                n=self.complete_rows, share=f"{100 * self.complete_rows / self.n_rows:.1f}%"
            ),
        )

    def _title(self, item: str) -> Text:
        return self.titles.get(item) or Text(item)

    def _silent_by_item(self) -> Ints:
        return np.asarray(np.sum(list(self.item_silence.values()), axis=0), dtype=np.int64)

    def _indices_table(self) -> Table:
        computed = [i for i in INDICES if i in self.flagged]
        counts = [self.flagged[i] if self.flagged[i] >= 0 else None for i in computed]
        combined = Text(f"At least {self.at_least} of those that count", f"至少 {self.at_least} 项（计入者）")
        return Table(
            {
                "check": [*(INDEX_WORDS[i] for i in computed), combined],
                "flagged": [*counts, self.suspicious],
                "share": [
                    *(None if c is None else c / self.n_rows for c in counts),
                    self.suspicious / self.n_rows,
                ],
                "counts": [*(COUNTED[INDICES.index(i)] for i in computed), None],
                "threshold": [*(self.thresholds.get(i, Text("")) for i in computed), Text("")],
                "source": [*(SOURCES[i].source for i in computed), FLAGS_SUSPICIOUS.source],
            },
            title=Text("Signs of careless answering", "不认真作答的迹象"),
            notes=[
                Text(
                    "A flag is a reason to look at the answers, not to delete them; nothing was deleted.",
                    "标记只提示需要查看该答卷，并不意味着应当删除；本分析未删除任何答卷。",
                ),
                *([UNCOUNTED] if {"even_odd", "synonyms"} & set(computed) else []),
            ],
            labels={"counts": Text("Counts", "计入")},
            formats={"share": "share", "flagged": "integer"},
        )

    def _rows_table(self) -> Table:
        columns: dict[str, Any] = {"row": self.worst["row"]}
        if "respondent" in self.worst:
            columns["respondent"] = self.worst["respondent"]
        columns |= {k: v for k, v in self.worst.items() if k not in ("row", "respondent")}
        return Table(
            columns,
            title=Text("The most suspicious rows", "最可疑的答卷"),
            notes=[Text("Rows are counted as in the file, from 1.", "行号为数据文件中的行，从 1 起。")],
            labels={
                "n_flags": Text("Flags", "标记数"),
                "n_silent": Text("Unanswered", "未答数"),
                "longstring": Text("Longest run", "最长相同串"),
                "variability": Text("Own spread", "个体内变异"),
                "even_odd": Text("Even-odd", "奇偶一致性"),
                "synonyms": Text("Synonyms", "同义题一致性"),
                "seconds": Text("Seconds an item", "每题秒数"),
            },
            formats={"p": "p", "mahalanobis": "score", "duplicate_of": "integer"}
            | ({"seconds": "score"} if "seconds" in columns else {}),
        )

    def _items_table(self) -> Table:
        total = self._silent_by_item()
        wording = [self._title(i) for i in self.items]
        told = any(t != Text(i) for t, i in zip(wording, self.items, strict=True))
        return Table(
            {
                "item": self.items,
                **({"wording": wording} if told else {}),
                "n_answered": self.n_rows - total,
                **{reason.lower(): n for reason, n in self.item_silence.items()},
                "share_missing": total / self.n_rows,
            },
            title=Text("Missing answers by item", "各题项缺失情况"),
            formats={"share_missing": "share"},
        )

    def _missing_table(self) -> Table:
        what = [
            Text("complete", "完整"),
            *(SILENCE_WORDS[r] for r in self.rows_by_silence),
            Text("more than half unanswered", "超过一半未作答"),
        ]
        n = [self.complete_rows, *self.rows_by_silence.values(), self.sparse_rows]
        return Table(
            {"what": what, "rows": n, "share": np.array(n) / self.n_rows},
            title=Text("Missing answers by respondent", "各受访者缺失情况"),
            labels={"what": Text("Rows that are", "答卷类别")},
            formats={"share": "share"},
        )

    def _flags_plot(self) -> Plot:
        names = [
            i for i, counts in zip(INDICES, COUNTED, strict=True) if counts and self.flagged.get(i, -1) >= 0
        ]
        values = [self.flagged[i] / self.n_rows for i in names] + [self.suspicious / self.n_rows]

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            combined = Text(f"at least {self.at_least} of these", f"至少 {self.at_least} 项")
            charts.bars(
                ax,
                [INDEX_WORDS[i].say(language) for i in names] + [combined.say(language)],
                values,
                xlabel=Text("share of respondents", "受访者占比").say(language),
                kind="share",
                highlight=[len(names)],
            )

        return Plot(
            draw=draw,
            title=Text("Respondents flagged", "被标记的受访者"),
            description=Text(
                "Bars: the share of respondents past each guideline, and past at least two of them.",
                "条形图：超过各参考标准的受访者占比，以及至少超过两项者的占比。",
            ),
            size=(6.8, 2.6),
        )

    def _missing_plot(self) -> Plot:
        total = self._silent_by_item()
        shown = [int(i) for i in np.argsort(-total, kind="stable")[:MOST_ITEMS_DRAWN] if total[i] > 0]
        parts = np.array([[self.item_silence[r][i] / self.n_rows for r in self.item_silence] for i in shown])

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.stacked_bars(
                ax,
                [self._title(self.items[i]).say(language) for i in shown],
                parts,
                part_labels=[SILENCE_SHORT[r].say(language) for r in self.item_silence],
                xlabel=Text("share of respondents", "受访者占比").say(language),
            )

        return Plot(
            draw=draw,
            title=Text("Unanswered cells by item and reason", "各题项未作答情况（按原因）"),
            description=Text(
                "Stacked bars: the share without an answer, by reason, items with most of them first.",
                "堆叠条形图：各题项未作答占比（按原因），由高到低排列。",
            ),
            size=(6.8, max(2.2, 0.32 * len(shown) + 1.2)),
        )

    def _distances_plot(self) -> Plot:
        most = int(self.scores.df.max())
        cut = _chi_square_cut(most)

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.histogram(
                ax,
                self.scores.mahalanobis,
                reference=cut,
                reference_label=f"p = {MAHALANOBIS_P.value:g}",
                xlabel=Text("squared Mahalanobis distance", "马氏距离平方").say(language),
                ylabel=Text("respondents", "受访者数").say(language),
            )

        return Plot(
            draw=draw,
            title=Text("How unusual the combinations of answers are", "答案组合的罕见程度"),
            description=Text(
                "Histogram of the squared Mahalanobis distances; the line is where p falls below the "
                "guideline.",
                "马氏距离平方的直方图；虚线为 p 低于参考标准之处。",
            ),
        )


SOURCES: Mapping[str, Guideline] = {
    "longstring": LONGSTRING_SHARE,
    "variability": VARIABILITY_MADS,
    "mahalanobis": MAHALANOBIS_P,
    "duplicate": DUPLICATE_ITEMS,
    "even_odd": EVEN_ODD_CONSISTENT,
    "synonyms": SYNONYMS_ALIKE,
    "time": SECONDS_AN_ITEM,
}
SILENCE_WORDS: Mapping[str, Text] = {
    "NO_ANSWER": Text("with a question not answered", "有未作答题项"),
    "NOT_APPLICABLE": Text("with a question that does not apply", "有不适用题项"),
    "INVALID": Text("with an answer outside the scale", "有超出量表范围的回答"),
}
SILENCE_SHORT: Mapping[str, Text] = {
    "NO_ANSWER": Text("not answered", "未作答"),
    "NOT_APPLICABLE": Text("not applicable", "不适用"),
    "INVALID": Text("invalid", "无效"),
}
UNCOUNTED = Text(
    "Halves of scales and like items are shown and do not count: where all items of a survey hang together, "
    "many careful respondents pass these limits.",
    "奇偶一致性与相近题项仅作展示、不计入：题项整体高度相关时，认真作答者也常超过这些界限。",
)
MOST_ITEMS_DRAWN = 40
WORST_SHOWN = 20
_NO_SCORES = RowScores(
    silent=np.empty(0, dtype=np.int64),
    longstring=np.empty(0, dtype=np.int64),
    variability=np.empty(0),
    mahalanobis=np.empty(0),
    df=np.empty(0, dtype=np.int64),
    p=np.empty(0),
    duplicate_of=np.empty(0, dtype=np.int64),
    even_odd=np.empty(0),
    synonyms=np.empty(0),
    seconds=np.empty(0),
    flags=np.empty((0, len(INDICES)), dtype=bool),
)


def quality(
    responses: Responses,
    *,
    tally: Tally | None = None,
    titles: Mapping[str, Text] | None = None,
    at_least: int = int(FLAGS_SUSPICIOUS.value),
    worst: int = WORST_SHOWN,
) -> Quality:
    """Score every respondent for missing and careless answers; delete nothing.

    longstring : longest run of equal answers in shown order, items of one scale, before turning; flagged when
        it covers half of at least 8 items.
    variability : standard deviation of one's own answers; flagged at 0 or beyond 3 scaled median absolute
        deviations, for those with at least 8 answers.
    mahalanobis : squared distance from the mean over the answered items, flagged below p = .001; weights play
        no part.
    duplicate : the same cells as another row, of at least 10 answers that are not all equal.
    even_odd : over three or more constructs, the correlation of the means of their odd and even items, below
        .30.
    synonyms : the correlation over pairs of items that correlate .60 or more (three pairs at least, the
        closest 30), below 0.
    time : less than two seconds an item, or log time more than 3 scaled median absolute deviations below the
        median, where the file tells the time.

    even_odd and synonyms are shown and do not count (see `COUNTED`).

    Parameters
    ----------
    tally : unweighted tally of the items, when it is at hand. at_least : flags that make a row suspicious.
        worst : rows listed.

    Raises
    ------
    CannotCompute : there are no rows.
    """
    n, items = responses.rows, responses.items
    if not n or not items:
        raise CannotCompute("there are no answers to look at", where="quality")
    if tally is None or tally.weighted or tally.complete or not set(items) <= set(tally.items):
        tally = count(responses.weighted_by(None))
    silence = {reason: np.zeros(len(items), dtype=np.int64) for reason in SILENCES}
    for i, item in enumerate(items):
        for reason, number in zip(SILENCES, responses.silent_counts(item), strict=True):
            silence[reason][i] = number
    pass_ = _one_pass(responses, tally.select(items), [r for r in SILENCES if silence[r].any()])
    scores, flagged, cautions = _flags(responses, pass_)
    suspicious = int(np.count_nonzero(scores.n_flags >= at_least))
    return Quality(
        base=Base(
            respondents=n,
            effective_n=float(n),
            missing="available",
            rows=n,
            weighted=False,
            instrument=responses.instrument.label,
        ),
        cautions=tuple(cautions),
        verdict=_verdict(suspicious / n),
        items=items,
        n_rows=n,
        item_silence=silence,
        complete_rows=int(np.count_nonzero(pass_.silent == 0)),
        rows_by_silence={reason: int(number) for reason, number in pass_.rows_by_silence.items()},
        sparse_rows=int(np.count_nonzero(pass_.skipped > MISSING_ROW.value * len(items))),
        flagged=flagged,
        thresholds=_thresholds(pass_),
        suspicious=suspicious,
        at_least=at_least,
        worst=_worst(responses, scores, worst),
        scores=scores,
        titles={k: v for k, v in (titles or {}).items() if k in items},
    )


@dataclass(frozen=True, eq=False)
class _Pass:
    """What one pass over the rows gives; n rows."""

    silent: Ints
    skipped: Ints
    """Cells without an answer for another reason than `NOT_APPLICABLE`."""
    rows_by_silence: Mapping[str, int]
    answered: Ints
    """Answers to items with categories."""
    longest: Ints
    is_long: Bools
    variability: Array
    mahalanobis: Array
    df: Ints
    p: Array
    columns: NDArray[np.intp]
    """Positions of the items the distance is made of."""
    duplicates: careless.Duplicates
    even_odd: Array
    synonyms: Array
    pairs: int
    """Pairs of like items that `synonyms` goes over."""
    blocks: tuple[tuple[int, ...], ...]
    """Positions of items with categories that share a scale, in shown order."""


def _one_pass(responses: Responses, tally: Tally, reasons: list[str]) -> _Pass:
    n, items = responses.rows, responses.items
    blocks = _blocks(responses)
    scales = [responses.instrument.item(i).scale for i in items]
    one_scale = len(blocks) == 1
    mean, cov = tally.means(), np.nan_to_num(tally.covariance())
    out: dict[str, NDArray[Any]] = {
        name: np.zeros(n, dtype=kind)
        for name, kind in (
            ("silent", np.int64), ("skipped", np.int64), ("answered", np.int64), ("longest", np.int64),
            ("is_long", np.bool_), ("variability", float), ("mahalanobis", float), ("df", np.int64),
            ("p", float), ("even_odd", float), ("synonyms", float),
        )
    }  # fmt: skip
    rows_by_silence = dict.fromkeys(SILENCES, 0)
    columns = np.empty(0, dtype=np.intp)
    halves, pairs = _halves(responses), _pairs(responses, tally)
    low = np.array([np.nan if s is None else float(s.minimum) for s in scales])
    span = np.array([np.nan if s is None else float(s.points - 1) for s in scales])
    for start in range(0, n, ROWS_AT_ONCE):
        part = slice(start, min(start + ROWS_AT_ONCE, n))
        size = part.stop - part.start
        codes = np.empty((size, len(items)), dtype=np.int8, order="F")
        answers = np.empty((size, len(items)), order="F")
        for j, item in enumerate(items):
            column = responses.column(item)[part]
            codes[:, j] = responses.codes(item)[part]
            scale = scales[j]
            if scale is None or not has_categories(scale):
                answers[:, j] = column
                continue
            answers[:, j] = column
            answers[:, j] += scale.minimum
            answers[column < 0, j] = np.nan
            if responses.instrument.item(item).turned:
                codes[:, j] = np.where(column >= 0, scale.points - 1 - column, column)
        out["silent"][part] = (codes < 0).sum(axis=1)
        for reason in reasons:
            here = codes == SILENCES[reason]
            rows_by_silence[reason] += int(np.count_nonzero(here.any(axis=1)))
            if reason != "NOT_APPLICABLE":
                out["skipped"][part] += here.sum(axis=1)
        spread = np.full((size, sum(map(len, blocks))), np.nan, order="F")
        at = 0
        for block in blocks:
            within = codes[:, list(block)]
            runs = careless.runs(within).longest
            np.maximum(out["longest"][part], runs, out=out["longest"][part])
            if LONGSTRING_ITEMS.met(len(block)):
                out["is_long"][part] |= runs >= LONGSTRING_SHARE.value * len(block)
            # the spread of positions is that of answers; across scales it is that of shares of the scale
            unit = 1.0 if one_scale else 1.0 / (_points(scales[block[0]]) - 1)
            spread[:, at : at + len(block)] = np.where(within >= 0, unit * within, np.nan)
            at += len(block)
        out["answered"][part] = (~np.isnan(spread)).sum(axis=1)
        out["variability"][part] = careless.individual_variability(spread)
        distance = careless.mahalanobis(answers, mean, cov)
        out["mahalanobis"][part], out["df"][part], out["p"][part] = distance[:3]
        columns = distance.columns
        # shares of each scale: halves and pairs may hold items of several scales
        answers -= low
        answers /= span
        out["even_odd"][part] = careless.even_odd_consistency(answers, halves)
        out["synonyms"][part] = careless.synonym_consistency(answers, pairs)
    return _Pass(
        **out,
        rows_by_silence=rows_by_silence,
        columns=columns,
        duplicates=careless.duplicate_rows([_whole_numbers(responses.column(i)) for i in items]),
        pairs=len(pairs),
        blocks=blocks,
    )


def _halves(responses: Responses) -> list[list[int]]:
    """Positions of the items of each construct that has two or more of them with categories."""
    place = {
        item: at
        for at, item in enumerate(responses.items)
        if has_categories(responses.instrument.item(item).scale)
    }
    blocks = [
        [place[i] for i in c.items if i in place]
        for c in responses.instrument.constructs
        if c.role != "descriptive"
    ]
    return [block for block in blocks if len(block) > 1]


def _pairs(responses: Responses, tally: Tally) -> NDArray[np.intp]:
    """(m, 2) positions of the pairs of items with categories that go together most, at most 30 of them."""
    alike = np.array([has_categories(responses.instrument.item(i).scale) for i in responses.items])
    r = np.where(np.outer(alike, alike), tally.correlation(), np.nan)
    pairs = careless.synonym_pairs(r)
    closest = np.argsort(-r[pairs[:, 0], pairs[:, 1]], kind="stable")[:MOST_PAIRS]
    return pairs[np.sort(closest)]


def _blocks(responses: Responses) -> tuple[tuple[int, ...], ...]:
    found: dict[tuple[int, int], list[int]] = {}
    for j, item in enumerate(responses.items):
        scale = responses.instrument.item(item).scale
        if scale is not None and has_categories(scale):
            found.setdefault((scale.minimum, scale.maximum), []).append(j)
    return tuple(tuple(block) for block in found.values())


def _points(scale: Any) -> int:
    return int(scale.points)


def _whole_numbers(column: NDArray[Any]) -> NDArray[Any]:
    """The column as whole numbers that are equal where its cells are."""
    if column.dtype.kind != "f":
        return column
    # + 0.0 makes -0.0 and 0.0 one number; silence gets one bit pattern
    return np.where(np.isnan(column), np.nan, column + 0.0).astype(np.float64).view(np.int64)


def _flags(responses: Responses, seen: _Pass) -> tuple[RowScores, dict[str, int], list[Caution]]:
    n = responses.rows
    flags = np.zeros((n, len(INDICES)), dtype=bool)
    flags[:, 0] = seen.is_long
    low, high = _variability_limits(seen)
    enough = seen.answered >= LONGSTRING_ITEMS.value
    with np.errstate(invalid="ignore"):
        flags[:, 1] = enough & (
            (seen.variability == 0) | (seen.variability < low) | (seen.variability > high)
        )
        flags[:, 2] = seen.p < MAHALANOBIS_P.value
    same = seen.duplicates.size > 1
    answers = len(responses.items) - seen.silent
    flags[:, 3] = same & (answers >= DUPLICATE_ITEMS.value) & ~(seen.variability == 0)
    with np.errstate(invalid="ignore"):
        flags[:, 4] = seen.even_odd < EVEN_ODD_CONSISTENT.value
        flags[:, 5] = seen.synonyms < SYNONYMS_ALIKE.value
    seconds, flags[:, 6] = _speed(responses)
    is_first = seen.duplicates.first == np.arange(n)
    scores = RowScores(
        silent=seen.silent,
        longstring=seen.longest,
        variability=seen.variability,
        mahalanobis=seen.mahalanobis,
        df=seen.df,
        p=seen.p,
        duplicate_of=np.where(same & ~is_first, responses.row_numbers[seen.duplicates.first], 0),
        even_odd=seen.even_odd,
        synonyms=seen.synonyms,
        seconds=seconds,
        flags=flags,
    )
    computed = {
        "longstring": any(LONGSTRING_ITEMS.met(len(b)) for b in seen.blocks),
        "variability": bool(enough.any()),
        "mahalanobis": not np.isnan(seen.mahalanobis).all(),
        "duplicate": DUPLICATE_ITEMS.met(len(responses.items)),
        "even_odd": not np.isnan(seen.even_odd).all(),
        "synonyms": not np.isnan(seen.synonyms).all(),
        "time": not np.isnan(seconds).all(),
    }
    flagged = {
        name: int(np.count_nonzero(flags[:, i])) if computed[name] else -1
        for i, name in enumerate(INDICES)
        if computed[name] or name in ALWAYS
    }
    return scores, flagged, _cautions(responses, seen, computed, flagged)


def _speed(responses: Responses) -> tuple[Array, Bools]:
    """(n,) seconds an item, NaN where unknown, and (n,) whether that is too fast."""
    if responses.seconds is None:
        return np.full(responses.rows, np.nan), np.zeros(responses.rows, dtype=bool)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.where(responses.seconds > 0, responses.seconds / len(responses.items), np.nan)
        log = np.log(each)
        known = log[~np.isnan(log)]
        far = np.nan
        if known.size:
            middle = float(np.median(known))
            far = middle - VARIABILITY_MADS.value * MAD_TO_SD * float(np.median(np.abs(known - middle)))
        return each, np.asarray((each < SECONDS_AN_ITEM.value) | (log < far))


def _variability_limits(seen: _Pass) -> tuple[float, float]:
    """Median -+ 3 scaled median absolute deviations, of those with enough answers."""
    values = seen.variability[seen.answered >= LONGSTRING_ITEMS.value]
    values = values[~np.isnan(values)]
    if not values.size:
        return np.nan, np.nan
    middle = float(np.median(values))
    reach = VARIABILITY_MADS.value * MAD_TO_SD * float(np.median(np.abs(values - middle)))
    return (middle - reach, middle + reach) if reach > 0 else (np.nan, np.nan)


def _thresholds(seen: _Pass) -> dict[str, Text]:
    lengths = sorted({len(b) for b in seen.blocks if LONGSTRING_ITEMS.met(len(b))})
    runs = [f"{int(np.ceil(LONGSTRING_SHARE.value * k))} / {k}" for k in lengths]
    return {
        "longstring": Text(f"run of {', '.join(runs)} items or more", f"连续 {'、'.join(runs)} 题或以上")
        if runs
        else Text(
            f"needs {LONGSTRING_ITEMS.value:g} items of one scale",
            f"需同一量表至少 {LONGSTRING_ITEMS.value:g} 题",
        ),
        "variability": _outside(*_variability_limits(seen)),
        "mahalanobis": Text(f"p < {MAHALANOBIS_P.value:g}", f"p < {MAHALANOBIS_P.value:g}"),
        "duplicate": Text(
            f"all cells equal, {DUPLICATE_ITEMS.value:g} answers or more",
            f"所有单元格相同，且至少 {DUPLICATE_ITEMS.value:g} 个回答",
        ),
        "even_odd": Text(f"below {EVEN_ODD_CONSISTENT.value:.2f}", f"小于 {EVEN_ODD_CONSISTENT.value:.2f}"),
        "synonyms": Text(f"below 0 ({seen.pairs} pairs)", f"小于 0（{seen.pairs} 对题项）"),
        "time": Text(
            f"less than {SECONDS_AN_ITEM.value:g} s an item, or far below the median",
            f"每题少于 {SECONDS_AN_ITEM.value:g} 秒，或远低于中位数",
        ),
    }


def _outside(low: float, high: float) -> Text:
    if np.isnan(low):
        return Text("0", "为 0")
    if low <= 0:
        return Text(f"0, or above {high:.2f}", f"为 0，或大于 {high:.2f}")
    return Text(f"0, or outside {low:.2f}-{high:.2f}", f"为 0，或在 {low:.2f}–{high:.2f} 之外")


def _cautions(
    responses: Responses, seen: _Pass, computed: Mapping[str, bool], flagged: Mapping[str, int]
) -> list[Caution]:
    cautions = []
    absent = [name for name in ALWAYS if not computed[name]]
    if absent:
        cautions.append(
            Caution(
                "too_few_items",
                Text("Not computed, for want of items: {names}.", "题项太少，未计算：{names}。").fill(
                    names=joined([INDEX_WORDS[i] for i in absent])
                ),
                tuple(absent),
            )
        )
    left_out = tuple(item for j, item in enumerate(responses.items) if j not in seen.columns)
    if left_out and computed["mahalanobis"]:
        cautions.append(
            Caution(
                "singular",
                Text(
                    "The Mahalanobis distance leaves out items that never vary or repeat others: {items}.",
                    "马氏距离未包括无变异或与其他题项重复的题项：{items}。",
                ).fill(items=joined([Text(i) for i in left_out])),
                left_out,
            )
        )
    share = flagged["duplicate"] / responses.rows
    if share > CHANCE_DUPLICATES:
        cautions.append(
            Caution(
                "duplicates_by_chance",
                Text(
                    f"{100 * share:.0f}% give the same answers as another row; with "
                    f"{len(responses.items)} items and "
                    f"{responses.rows} rows that can happen by chance.",
                    f"{100 * share:.0f}% 的答卷与其他答卷完全相同；在 {len(responses.items)} 个题项、"
                    f"{responses.rows} 份答卷的情况下可能纯属巧合。",
                ),
            )
        )
    return cautions


CHANCE_DUPLICATES = 0.05
"""Share of duplicated rows from which chance is the likelier reason (ours)."""


def _verdict(share: float) -> Verdict:
    if share <= DOUBTFUL_SHARE:
        return SOUND
    return Verdict(
        "doubtful",
        Text(
            f"{100 * share:.0f}% of the respondents look careless: look at their answers, and compare "
            "the results "
            "with and without them.",
            f"{100 * share:.0f}% 的受访者疑似不认真作答：请查看其答卷，并比较剔除前后的结果。",
        ),
    )


def _worst(responses: Responses, scores: RowScores, shown: int) -> dict[str, tuple[Any, ...]]:
    number = scores.n_flags
    rows = np.flatnonzero(number > 0)
    p = np.where(np.isnan(scores.p[rows]), 1.0, scores.p[rows])
    rows = rows[np.lexsort((rows, p, -number[rows]))][:shown]
    worst: dict[str, tuple[Any, ...]] = {"row": tuple(responses.row_numbers[rows].tolist())}
    if responses.ids is not None:
        worst["respondent"] = tuple("" if v is None else str(v) for v in responses.ids[rows])
    return worst | {
        "n_flags": tuple(number[rows].tolist()),
        "longstring": tuple(scores.longstring[rows].tolist()),
        "variability": tuple(scores.variability[rows].tolist()),
        "mahalanobis": tuple(scores.mahalanobis[rows].tolist()),
        "p": tuple(scores.p[rows].tolist()),
        "duplicate_of": tuple(int(v) or None for v in scores.duplicate_of[rows]),
        "n_silent": tuple(scores.silent[rows].tolist()),
        **{
            name: tuple(values[rows].tolist())
            for name, values in (
                ("even_odd", scores.even_odd), ("synonyms", scores.synonyms), ("seconds", scores.seconds)
            )
            if not np.isnan(values).all()
        },
    }  # fmt: skip


def _chi_square_cut(df: int) -> float:
    from scipy.special import chdtri

    return float(chdtri(df, MAHALANOBIS_P.value))
