"""Were the questions answered with care? Missing cells by item and respondent, signs of careless answering.

Nothing is deleted here: every respondent is scored, those past a guideline are counted and the most
suspicious ones are named by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from csat.analyses.guidelines import FLAGS_SUSPICIOUS, MISSING_ROW
from csat.analyses.quality_doubts import doubts_of, verdict_of
from csat.analyses.quality_flags import computed, scores_of, thresholds
from csat.analyses.quality_indices import ALWAYS, INDICES
from csat.analyses.quality_result import Quality, RowScores
from csat.analyses.quality_rows import row_figures
from csat.analyses.result import Base
from csat.errors import CannotCompute
from csat.language import Text
from csat.responses.responses import SILENCES, Responses
from csat.tally.tally import Tally, count

WORST_SHOWN = 20


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

    even_odd and synonyms are shown and do not count (see `quality_indices.COUNTED`).

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
    seen = row_figures(responses, tally.select(items), [r for r in SILENCES if silence[r].any()])
    scores = scores_of(responses, seen)
    known = computed(responses, seen, scores)
    flagged = {
        name: int(np.count_nonzero(scores.flags[:, i])) if known[name] else -1
        for i, name in enumerate(INDICES)
        if known[name] or name in ALWAYS
    }
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
        cautions=doubts_of(responses, seen, known, flagged),
        verdict=verdict_of(suspicious / n),
        items=items,
        n_rows=n,
        item_silence=silence,
        complete_rows=int(np.count_nonzero(seen.silent == 0)),
        rows_by_silence={reason: int(number) for reason, number in seen.rows_by_silence.items()},
        sparse_rows=int(np.count_nonzero(seen.skipped > MISSING_ROW.value * len(items))),
        flagged=flagged,
        thresholds=thresholds(seen),
        suspicious=suspicious,
        at_least=at_least,
        worst=_worst(responses, scores, worst),
        scores=scores,
        titles={k: v for k, v in (titles or {}).items() if k in items},
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
