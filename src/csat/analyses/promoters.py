"""The net promoter score of a question, of all and of each group."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import EFFECTIVE_N_SMALL
from csat.analyses.interval_words import few_clusters, interval_words
from csat.analyses.result import Base, Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute
from csat.language import Language, Text
from csat.numerics.composites import Bootstrap, difference_tests
from csat.numerics.intervals import normal_quantile
from csat.numerics.promoters import NetScore, net_difference, net_score_of, promoter_scores
from csat.numerics.resampling import REPLICATES, bootstrap_weighted_means, percentile_interval
from csat.responses.groups import groups_of, kish
from csat.responses.responses import Responses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

RARE = 0.05
"""Share of promoters or detractors below which the normal interval is not trusted (METHODS 11)."""
SMALL_SEGMENT = 30
PARTS = (Text("Detractors (0-6)", "贬损者（0–6）"), Text("Passives (7-8)", "被动者（7–8）"),
         Text("Promoters (9-10)", "推荐者（9–10）"))  # fmt: skip
NPS = Text("NPS", "NPS（净推荐值）")
EVERYBODY = Text("all respondents", "全部受访者")


@dataclass(frozen=True, eq=False, kw_only=True)
class Promoters(Result):
    """The net promoter score of all and of each group, made by `nps`; arrays have all respondents first."""

    title = Text("Net promoter score", "净推荐值（NPS）")
    name = "nps"

    item: str
    item_title: Text
    columns: tuple[str, ...]
    """Segment column of each row; empty for all respondents."""
    column_titles: Mapping[str, Text]
    groups: tuple[Text, ...]
    n: NDArray[np.int64]
    effective_n: Array
    promoters: Array
    passives: Array
    detractors: Array
    score: Array
    se: Array
    ci_lower: Array
    ci_upper: Array
    interval: tuple[str, ...]
    """Of each row: `normal`, `linearisation` (weighted), `percentile bootstrap` (few answers), or how the
    respondents were drawn."""
    strata: int
    """Strata that were resampled within; 0 without a design."""
    clusters: int
    """Units that were resampled; 0 without a design."""
    difference: Array
    """Each group less the others of its column; NaN for all respondents."""
    difference_se: Array
    z: Array
    p: Array
    p_adjusted: Array
    """Holm over the groups of a column; NaN below `SMALL_SEGMENT` answers."""
    detectable: Array
    confidence: float
    replicates: int
    seed: int

    def tables(self) -> dict[str, Table]:
        """`nps`; `differences` of the groups when there are any."""
        level = f"{100 * self.confidence:g}%"
        ends = {
            "ci_lower": Text(f"{level} CI, lower", f"{level} 置信下限"),
            "ci_upper": Text(f"{level} CI, upper", f"{level} 置信上限"),
        }
        columns: dict[str, Any] = {"group": [self._called(i) for i in range(len(self.groups))], "n": self.n}
        if self.base.weighted:
            columns["effective_n"] = self.effective_n
        columns |= {
            "promoters": self.promoters,
            "passives": self.passives,
            "detractors": self.detractors,
            "score": self.score,
            "ci_lower": self.ci_lower,
            "ci_upper": self.ci_upper,
            "se": self.se,
        }
        tables = {
            "nps": Table(
                columns,
                title=Text("Net promoter score of '{item}'", "“{item}”的净推荐值").fill(item=self.item_title),
                notes=[
                    Text(
                        "NPS = share of promoters (9-10) less share of detractors (0-6), -100 to 100.",
                        "NPS = 推荐者（9–10）占比减去贬损者（0–6）占比，范围 -100 至 100。",
                    ),
                    self._how(),
                ],
                labels=ends
                | {
                    "score": NPS,
                    "promoters": PARTS[2],
                    "passives": PARTS[1],
                    "detractors": PARTS[0],
                },
                formats=dict.fromkeys(("promoters", "passives", "detractors"), "share")
                | dict.fromkeys(("score", "ci_lower", "ci_upper", "se"), "score")
                | ({"effective_n": "score"} if self.base.weighted else {}),
            )
        }
        rows = [i for i in range(1, len(self.groups)) if math.isfinite(self.difference[i])]
        if rows:
            tables["differences"] = Table(
                {
                    "group": [self._called(i) for i in rows],
                    "difference": self.difference[rows],
                    "se": self.difference_se[rows],
                    "z": self.z[rows],
                    "p": self.p[rows],
                    "p_adjusted": self.p_adjusted[rows],
                    "detectable": self.detectable[rows],
                },
                title=Text("Each group against the others of its column", "各群体与同一分群其余群体之差"),
                notes=[
                    Text(
                        "Normal test; Holm's p holds for all groups of a column together. Groups below {k} "
                        "answers are not tested.",
                        "正态检验；Holm p 值适用于同一分群的全部比较。不足 {k} 份回答的群体不做检验。",
                    ).fill(k=SMALL_SEGMENT)
                ],
                labels={
                    "p_adjusted": Text("p, Holm", "p（Holm）"),
                    "detectable": Text("Smallest detectable", "最小可检出差异"),
                },
                formats={"p": "p", "p_adjusted": "p"}
                | dict.fromkeys(("difference", "se", "detectable"), "score"),
            )
        return tables

    def plots(self) -> dict[str, Plot]:
        """`shares` of promoters, passives and detractors; `groups` when there are any."""
        shares = np.column_stack([self.detractors, self.passives, self.promoters])

        def bars(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.stacked_bars(
                ax,
                [self._called(i).say(language) for i in range(len(self.groups))],
                shares,
                part_labels=[t.say(language) for t in PARTS],
            )

        def dots(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.dots(
                ax,
                [self._called(i).say(language) for i in range(len(self.groups))],
                self.score,
                lower=self.ci_lower,
                upper=self.ci_upper,
                reference=float(self.score[0]),
                xlabel=NPS.say(language),
                kind="score",
            )

        size = (6.8, max(2.0, 0.36 * len(self.groups) + 1.2))
        described = Text(
            f"NPS {self.score[0]:.1f}: {self.promoters[0]:.0%} promoters, {self.passives[0]:.0%} passives, "
            f"{self.detractors[0]:.0%} detractors.",
            f"NPS {self.score[0]:.1f}：推荐者 {self.promoters[0]:.0%}，被动者 {self.passives[0]:.0%}，"
            f"贬损者 {self.detractors[0]:.0%}。",
        )
        plots = {"shares": Plot(bars, Text("Promoters and detractors", "推荐者与贬损者"), described, size)}
        if len(self.groups) > 1:
            plots["groups"] = Plot(dots, Text("NPS by group", "分群体 NPS"), described, size)
        return plots

    def headline(self) -> tuple[Text, ...]:
        """The score with its interval and what it is made of."""
        return (
            Text(
                "NPS {v} ({lower} to {upper}): {p} promoters, {d} detractors.",
                "NPS {v}（{lower} 至 {upper}）：推荐者 {p}，贬损者 {d}。",
            ).fill(
                v=f"{self.score[0]:.1f}",
                lower=f"{self.ci_lower[0]:.1f}",
                upper=f"{self.ci_upper[0]:.1f}",
                p=f"{self.promoters[0]:.0%}",
                d=f"{self.detractors[0]:.0%}",
            ),
        )

    def _how(self) -> Text:
        level = f"{100 * self.confidence:g}%"
        if self.designed:
            return interval_words(
                self.interval[0], self.confidence, replicates=self.replicates, seed=self.seed,
                units=self.clusters, strata=self.strata,
            )  # fmt: skip
        if self.interval[0] == "percentile bootstrap":
            return interval_words(
                self.interval[0], self.confidence, replicates=self.replicates, seed=self.seed
            )
        if self.interval[0] == "linearisation":
            return Text(f"{level} intervals by linearisation, weighted.", f"{level} 区间：加权，线性化方法。")
        return Text(f"{level} intervals, normal.", f"{level} 区间：正态近似。")

    @property
    def designed(self) -> bool:
        """Whether intervals and tests follow how the respondents were drawn."""
        return self.clusters > 0 or "replicate weights" in self.interval[0]

    def _called(self, i: int) -> Text:
        if not self.columns[i]:
            return self.groups[i]
        column = self.column_titles[self.columns[i]]
        return Text("{c}: {g}", "{c}：{g}").fill(c=column, g=self.groups[i])


def nps(
    responses: Responses,
    *,
    item: str,
    segments: Sequence[str] = (),
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Promoters:
    """Net promoter score of an item on 0-10, with interval, by segment, each against the rest.

    Interval: normal, se = 100 sqrt((p + d - (p - d)^2) / n), with weights linearised; from the percentiles of
    the keyed bootstrap below 30 (effective) answers or a share of promoters or detractors below `RARE`. Of
    respondents drawn in strata or clusters, and with replicate weights: from these replicates, differences
    included.

    Raises
    ------
    BadInput : a scale other than 0-10. CannotCompute : nobody answered. UnknownName : no such item.
    """
    asked = responses.instrument.item(item)
    scale = asked.scale
    if scale is None or (scale.minimum, scale.maximum) != (0, 10):
        ends = "no scale" if scale is None else f"a scale of {scale.minimum} to {scale.maximum}"
        raise BadInput(
            f"item '{item}' has {ends}, and a net promoter score is of answers from 0 to 10",
            right="Promoters are 9 and 10 of eleven answers; on another scale the shares would not compare",
            do="Take the share of the two highest answers (csat top2) instead",
        )
    answers = responses.answers([item])[:, 0]
    known = ~np.isnan(answers)
    if not known.any():
        raise CannotCompute(f"nobody answered '{item}'", where="the net promoter score")
    groups = [g for c in segments for g in groups_of(responses, c, among=known)]
    everyone = np.flatnonzero(known)
    w = responses.weights
    rows = [everyone, *(g.rows for g in groups)]
    engine = _of_design(responses, answers, confidence, replicates, seed)
    found = [_score(responses, answers, r, confidence, replicates, seed, engine) for r in rows]
    compared = np.full((6, len(rows)), np.nan)
    for column in dict.fromkeys(g.column for g in groups):
        at = np.array([k for k, g in enumerate(groups) if g.column == column])
        if len(at) < 2:
            continue
        together = np.concatenate([groups[k].rows for k in at])
        differences = []
        by_design = engine.compared([groups[k].rows for k in at], ALONE, np.ones(1)) if engine else None
        # of two groups the second difference is the first turned round
        at = at[:1] if len(at) == 2 else at
        for j, k in enumerate(at):
            rest = np.setdiff1d(together, groups[k].rows)
            other = net_score_of(answers[rest], None if w is None else w[rest])
            difference, se = net_difference(found[k + 1][0], other)[:2]
            if by_design is not None:
                se = by_design[j].difference.se
            differences.append((difference, se, min(groups[k].n, len(rest))))
        d, se, least = np.array(differences).T
        tests = difference_tests(d, se, tested=least >= SMALL_SEGMENT, confidence=confidence)
        compared[:, at + 1] = d, se, tests.z, tests.p, tests.p_adjusted, tests.detectable
    scores = [f[0] for f in found]

    def of(name: str) -> Array:
        return np.array([getattr(s, name) for s in scores], dtype=float)

    effective = np.array([kish(w, r) for r in rows])
    return Promoters(
        item=item,
        item_title=asked.text or Text(item),
        columns=("", *(g.column for g in groups)),
        column_titles={g.column: g.column_title for g in groups},
        groups=(EVERYBODY, *(g.title for g in groups)),
        n=np.array([len(r) for r in rows], dtype=np.int64),
        effective_n=effective,
        promoters=of("promoters"),
        passives=of("passives"),
        detractors=of("detractors"),
        score=of("value"),
        se=of("se"),
        ci_lower=np.array([f[1] for f in found]),
        ci_upper=np.array([f[2] for f in found]),
        interval=tuple(f[3] for f in found),
        difference=compared[0],
        difference_se=compared[1],
        z=compared[2],
        p=compared[3],
        p_adjusted=compared[4],
        detectable=compared[5],
        confidence=confidence,
        replicates=engine.replicates if engine else replicates,
        seed=seed,
        strata=responses.replication.strata if responses.replication else 0,
        clusters=responses.replication.units if responses.replication else 0,
        base=Base.among(responses, everyone),
        cautions=_nps_cautions(scores[0], float(effective[0]))
        if engine is None
        else few_clusters(responses.replication),
    )


def _score(
    responses: Responses,
    answers: Array,
    rows: NDArray[np.intp],
    confidence: float,
    replicates: int,
    seed: int,
    engine: Bootstrap | None,
) -> tuple[NetScore, float, float, str]:
    w = None if responses.weights is None else responses.weights[rows]
    found = net_score_of(answers[rows], w)
    if engine is not None:
        own = engine.composite_within(rows, ALONE, np.ones(1))
        return replace(found, se=own.se), own.lower, own.upper, engine.name
    if len(rows) > 1 and _is_small(found, kish(responses.weights, rows)):
        drawn = bootstrap_weighted_means(
            promoter_scores(answers[rows])[:, None], w, rows=responses.row_numbers[rows],
            replicates=replicates, seed=seed,
        )[:, 0]  # fmt: skip
        interval = percentile_interval(drawn, confidence=confidence)
        return found, interval.lower, interval.upper, "percentile bootstrap"
    half = normal_quantile(confidence) * found.se
    name = "normal" if w is None else "linearisation"
    return found, max(-100.0, found.value - half), min(100.0, found.value + half), name


ALONE = slice(0, 1)


def _of_design(
    responses: Responses, answers: Array, confidence: float, replicates: int, seed: int
) -> Bootstrap | None:
    """Replicates of the respondents as they were drawn; None where each was drawn by itself."""
    if responses.replication is None or responses.rows < 2:
        return None
    return Bootstrap(
        promoter_scores(answers)[:, None],
        responses.weights,
        rows=responses.row_numbers,
        replicates=replicates,
        seed=seed,
        confidence=confidence,
        replication=responses.replication,
    )


def _is_small(score: NetScore, effective: float) -> bool:
    return not EFFECTIVE_N_SMALL.met(effective) or min(score.promoters, score.detractors) < RARE


def _nps_cautions(score: NetScore, effective: float) -> tuple[Caution, ...]:
    if not _is_small(score, effective):
        return ()
    return (
        Caution(
            "small sample",
            Text(
                "Few answers, promoters or detractors (effective n {n}, promoters {p}, detractors {d}): the "
                "interval comes from resampling and is rough.",
                "回答、推荐者或贬损者过少（有效样本量 {n}，推荐者 {p}，贬损者 {d}）：区间由重抽样得到，"
                "较为粗略。",
            ).fill(n=f"{effective:.1f}", p=f"{score.promoters:.1%}", d=f"{score.detractors:.1%}"),
        ),
    )
