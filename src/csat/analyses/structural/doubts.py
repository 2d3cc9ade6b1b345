"""Doubts about a proper solution: overlapping constructs, few respondents, items that hardly agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from csat.analyses.guidelines import (
    AVE_CONVERGENT,
    CONSTRUCTS_SEPARATE,
    CR_ACCEPTABLE,
    FIT_POOR,
    HTMT_STRICT,
    RESPONDENTS_PER_PARAMETER,
)
from csat.analyses.result import Base, Caution
from csat.analyses.structural import words
from csat.analyses.structural.admissibility import Solved, overlapping, route
from csat.analyses.structural.fit_words import FIT_WORDS, judged_by
from csat.analyses.structural.model import SHARE_ROUNDING, ParameterEstimate
from csat.analyses.structural.validity import Validity
from csat.instrument.statements import DEFINED, EQUAL, MEASURES, REGRESSED_ON
from csat.language import Text, joined
from csat.numerics.estimators import METHODS
from csat.numerics.fitted import Fit

USABLE_RELIABILITY = 0.60
"""Composite reliability with which an AVE below .50 is still usable (Fornell & Larcker 1981)."""

SMALL_PATH = 0.10
"""Standardised paths below this have no sign worth a word (ours)."""


def grave_doubts(s: Solved, fit: Mapping[str, float]) -> list[Caution]:
    """Poor fit, paths that cannot be told apart, constructs hardly separate: a result becomes doubtful."""
    return [*_collinear(s), *_poor_fit(fit), *_hardly_separate(s)]


def _poor_fit(fit: Mapping[str, float]) -> list[Caution]:
    if not fit["df"]:
        return []
    missed = [(name, value, rule) for name, value, rule, met in judged_by(fit, FIT_POOR) if not met]
    if not missed:
        return []
    said = joined(
        [
            Text(f"{FIT_WORDS[n].en} {v:.3f} ({rule})", f"{FIT_WORDS[n].say('zh')} {v:.3f}（{rule}）")
            for n, v, rule in missed
        ]
    )
    return [Caution("poor_fit", words.POOR_FIT.fill(measures=said))]


def doubts(s: Solved, base: Base, worth: Validity, *, proper: bool, weighting: Text | None) -> list[Caution]:
    """Everything else a reader should know beside the numbers; signs only where the solution is proper.

    weighting : what weights did to the errors, None without weights.
    """
    about_paths = _signs(s) if proper else []
    return [
        *_on_whom(s, base, weighting),
        *_on_bounds(s),
        *about_paths,
        *_convergent(s, worth),
        *_discriminant(s, worth),
    ]


def _collinear(s: Solved) -> list[Caution]:
    found = overlapping(s)
    if not found:
        return []
    paths = joined([route(s, causes, effect) for effect, causes, _ in found])
    worst = max(v for *_, v in found)
    involved = dict.fromkeys(n for effect, causes, _ in found for n in (*causes, effect))
    return [
        Caution("collinear_causes", words.COLLINEAR.fill(paths=paths, worst=f"{worst:.0f}"), tuple(involved))
    ]


def _hardly_separate(s: Solved) -> list[Caution]:
    names, r = s.table.latents, s.construct_correlations.tolist()
    close = [(i, j) for i, row in enumerate(r) for j in range(i) if not CONSTRUCTS_SEPARATE.met(abs(row[j]))]
    if not close:
        return []
    # a second-order construct is meant to correlate with what measures it
    nested = {frozenset((row.left, row.right)) for row in s.table.rows if row.operator == MEASURES}
    pairs = [(i, j) for i, j in close if frozenset((names[i], names[j])) not in nested]
    if not pairs:
        return []
    pairs.sort(key=lambda ij: -abs(r[ij[0]][ij[1]]))
    said = [
        words.PAIR.fill(a=s.title(names[j]), b=s.title(names[i]), value=f"{r[i][j]:.3f}") for i, j in pairs
    ]
    involved = dict.fromkeys(names[k] for pair in pairs for k in pair)
    return [Caution("hardly_separate", words.HARDLY_SEPARATE.fill(pairs=joined(said)), tuple(involved))]


def _signs(s: Solved) -> list[Caution]:
    """Paths whose sign is not that of the correlation."""
    total = s.estimate.implied[0].total
    names, cells = s.table.variables, s.structure.directed
    directed = [r for r in s.table.rows if r.operator in (MEASURES, REGRESSED_ON)]
    values = cells.filled(s.estimate.theta)
    with np.errstate(invalid="ignore"):
        sd = np.sqrt(total.diagonal())
        standardised = values * sd[cells.column] / sd[cells.row]
    reversed_ = [
        (r.right, r.left)
        for r, v in zip(directed, standardised, strict=True)
        if r.operator == REGRESSED_ON
        and abs(v) > SMALL_PATH
        and v * total[names.index(r.right), names.index(r.left)] < 0
    ]
    if not reversed_:
        return []
    paths = joined([route(s, [cause], effect) for cause, effect in reversed_])
    involved = tuple(dict.fromkeys(n for path in reversed_ for n in path))
    return [Caution("sign_reversed", words.SIGN_REVERSED.fill(paths=paths), involved)]


def weighting(base: Base, estimator: str, fitted: Fit | None) -> Text | None:
    """What weights did to errors and tests; None without weights."""
    if not base.weighted:
        return None
    n = f"{base.effective_n:.1f}"
    of_answers = fitted is not None and any(
        s.rows is not None or s.gaps is not None or s.ordered is not None for s in fitted.data
    )
    if not of_answers:
        return words.WEIGHTED.fill(n=n)
    method = METHODS[estimator]
    if method.errors != "standard" or method.discrepancy == "WLS":
        return words.WEIGHTED_SANDWICH.fill(n=n)
    return words.WEIGHTED_UNKNOWN.fill(
        estimator=estimator,
        used=base.respondents,
        n=n,
        instead="ULSMV" if method.discrepancy == "ULS" else "WLSMV",
    )


def impossible_shares(r2: Mapping[str, float], titles: Mapping[str, Text]) -> list[Caution]:
    """R2 beyond 0 and 1: a residual covaries with a cause, so explained and left do not add to the whole."""
    odd = [name for name, v in r2.items() if not -SHARE_ROUNDING <= v <= 1 + SHARE_ROUNDING]
    if not odd:
        return []
    names = joined([titles.get(name) or Text(name) for name in odd])
    return [Caution("impossible_share", words.IMPOSSIBLE_SHARE.fill(names=names), tuple(odd))]


def undefined(rows: Sequence[ParameterEstimate]) -> list[Caution]:
    """Numbers made of others (`:=`) for which arithmetic has no answer, or which have no error."""
    made = [r for r in rows if r.op == DEFINED]
    without = [r for r in made if not math.isfinite(r.est)]
    exact = [r for r in made if math.isfinite(r.est) and not math.isfinite(r.se)]
    return [
        Caution(code, text.fill(names=joined([Text(f"{r.lhs} := {r.rhs}") for r in own])))
        for code, text, own in (
            ("undefined", words.UNDEFINED, without),
            ("undefined_error", words.UNDEFINED_ERROR, exact),
        )
        if own
    ]


def _on_whom(s: Solved, base: Base, weighting: Text | None) -> list[Caution]:
    found = []
    if weighting is not None:
        found.append(Caution("weighted", weighting))
    if base.missing == "pairwise" and base.respondents < base.rows:
        found.append(Caution("pairwise", words.PAIRWISE.fill(n=base.respondents)))
    q = len(s.table.free)
    wanted = RESPONDENTS_PER_PARAMETER.value * q
    if q <= base.effective_n < wanted:
        text = words.SMALL_SAMPLE.fill(n=f"{base.effective_n:.0f}", q=q, wanted=f"{wanted:.0f}")
        found.append(Caution("small_sample", text))
    return found


def _on_bounds(s: Solved) -> list[Caution]:
    names = tuple(s.parameter_name(int(k)) for k in np.flatnonzero(s.estimate.on_bound))
    found = []
    if names:
        found.append(Caution("on_bound", words.ON_BOUND.fill(names=joined([Text(n) for n in names])), names))
    reached = [r for r in (s.rules[k] for k in s.estimate.active.tolist()) if r.operator != EQUAL]
    if reached:
        said = [Text(f"{r.left} {r.operator} {r.right}") for r in reached]
        found.append(Caution("on_rule", words.ON_RULE.fill(rules=joined(said))))
    return found


def _convergent(s: Solved, worth: Validity) -> list[Caution]:
    found = []
    low = [c for c in worth.ave if not AVE_CONVERGENT.met(worth.ave[c])]
    if low:
        text = words.LOW_AVE.fill(names=s.said(low))
        usable = [c for c in low if worth.composite_reliability[c] > USABLE_RELIABILITY]
        if usable:
            text = words.followed_by(text, words.STILL_USABLE.fill(names=s.said(usable)))
        found.append(Caution("low_ave", text, tuple(low)))
    unreliable = [c for c, v in worth.composite_reliability.items() if not CR_ACCEPTABLE.met(v)]
    if unreliable:
        text = words.LOW_RELIABILITY.fill(names=s.said(unreliable))
        found.append(Caution("low_reliability", text, tuple(unreliable)))
    return found


def _discriminant(s: Solved, worth: Validity) -> list[Caution]:
    found, names = [], worth.compared
    pairs = [
        (i, j) for i in range(len(names)) for j in range(i) if not HTMT_STRICT.met(float(worth.htmt[i, j]))
    ]
    if pairs:
        said = [
            words.PAIR.fill(a=s.title(names[j]), b=s.title(names[i]), value=f"{worth.htmt[i, j]:.3f}")
            for i, j in pairs
        ]
        involved = dict.fromkeys(names[k] for pair in pairs for k in pair)
        found.append(Caution("htmt", words.HTMT_HIGH.fill(pairs=joined(said)), tuple(involved)))
    if worth.negative:
        counted = [words.COUNTED.fill(name=s.title(c), n=k) for c, k in worth.negative.items()]
        text = words.NEGATIVE_INSIDE.fill(names=joined(counted))
        found.append(Caution("negative_inside", text, tuple(worth.negative)))
    return found
