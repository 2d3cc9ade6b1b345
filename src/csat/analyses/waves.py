"""Waves and groups side by side: what changed, by how much, and what a change would have to be to be seen."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.figures import Target
from csat.analyses.guidelines import EFFECTIVE_N_SMALL
from csat.analyses.result import Base, Caution, Verdict
from csat.analyses.waves_result import ADJUSTMENTS, KINDS, REST, Against, Comparison, Untested, Waves
from csat.errors import BadInput, CannotCompute, NumericsError, UnknownName
from csat.language import Text, bare, joined
from csat.numerics import changes as co
from csat.numerics.design import share_interval_of_design
from csat.numerics.intervals import Adjustment, adjust_p, mean_interval, share_interval
from csat.responses.groups import groups_of
from csat.responses.measures import Kind, Measure, measures_of
from csat.responses.responses import Responses

Array = NDArray[np.float64]


def waves(
    groups: Mapping[str, Responses],
    *,
    items: Sequence[str] | None = None,
    constructs: Sequence[str] | None = None,
    against: Against = "previous",
    lead: str | None = None,
    panel: bool = False,
    strata: str = "",
    clusters: str = "",
    targets: Mapping[str, Target | float] | None = None,
    invariance: Verdict | None = None,
    adjustment: Adjustment = "holm",
    confidence: float = 0.95,
    power: float = co.POWER,
) -> Waves:
    """Items, constructs and top shares of several waves (or groups) with intervals and tests of change.

    Means over the rows that answered. Unweighted: t intervals, Welch's t, Wilson and the pooled z for shares.
    Weighted, or with strata or clusters: linearised errors and t of the stacked rows, each wave a stratum.
    Constructs are scored 0-100 on the items every wave asked.

    Parameters
    ----------
    groups : name of each wave, in time order, to its responses; all measured by the same instrument.
    items, constructs : what to follow; default everything but descriptive constructs.
    against : `previous` (each step, and first to last), `first`, or for groups of one survey `rest` (each
        against all others together) or `pairs`. p-values are adjusted over all measures of one kind within a
        comparison; with `rest` and `pairs` over all comparisons of one measure.
    lead : the measure summary and first chart are about; default: the index or the first outcome.
    panel : the same respondents were asked each time (matched by id): paired tests.
    strata, clusters : segment columns of the design; without replacement is not assumed.
    targets : measure (`overall`, `overall.top2`, `Service`) to the value to reach, for traffic lights.
    invariance : the verdict of a test of measurement invariance over the waves. Means of constructs with
        several items are compared only under one that did not fail; items always are.

    Raises
    ------
    BadInput, UnknownName : fewer than two groups, unknown names or words, scales that differ, a panel
        without ids.
    CannotCompute : nothing was answered in any wave.
    """
    names = tuple(groups)
    _check_words(names, against, adjustment, confidence, power)
    followed = measures_of(groups, items=items, constructs=constructs)
    if not followed:
        raise CannotCompute("nobody answered any item in any wave", do="Check that the files were read right")
    shared = invariance is not None and not invariance.failed
    pairs, sides = _comparisons(names, against)
    if panel and against not in ("previous", "first"):
        raise BadInput("a panel compares waves", right="against is 'previous' or 'first' with panel=True")
    places = _panel_places(groups, names) if panel else {}
    designs = {name: _design(r, strata, clusters, groups) for name, r in groups.items()}
    is_simple = all(r.weights is None for r in groups.values()) and not strata and not clusters

    m, w, c = len(followed), len(names), len(pairs)
    one = {k: np.full((m, w), np.nan) for k in ("effective_n", "estimate", "se", "lower", "upper", "sd")}
    n = np.zeros((m, w), dtype=np.int64)
    kept = ("change", "se", "lower", "upper", "statistic", "df", "p", "effect", "detectable")
    two = {k: np.full((m, c), np.nan) for k in kept}
    untested: list[tuple[Untested, ...]] = []
    try:
        for i, measure in enumerate(followed):
            samples = [co.Sample(measure.values(groups[name]), *designs[name]) for name in names]
            found = [co.sample_mean(s) for s in samples]
            for j, mean in enumerate(found):
                n[i, j] = mean.n
                lower, upper = _interval(mean, measure.kind, samples[j].is_simple, confidence)
                values = (mean.effective_n, mean.mean, mean.se, lower, upper, mean.sd)
                for key, value in zip(one, values, strict=True):
                    one[key][i, j] = value
            gated = measure.kind == "construct" and len(measure.items) > 1 and not shared
            row: list[Untested] = []
            for k, (first, second) in enumerate(sides):
                a, one_mean = _side(samples, found, first)
                b, two_mean = _side(samples, found, second)
                why, tested = _tested(
                    (a, one_mean),
                    (b, two_mean),
                    measure.kind,
                    gated=gated,
                    is_simple=is_simple,
                    independent=against in ("previous", "first"),
                    matched=places.get((names[first[0]], names[second[0]])) if panel else None,
                    confidence=confidence,
                    power=power,
                )
                row.append(why)
                for key, value in tested.items():
                    two[key][i, k] = value
            untested.append(tuple(row))
    except NumericsError as error:
        raise error.named([], where="the waves") if not error.positions else error from error
    kinds = tuple(x.kind for x in followed)
    wanted = {k: t if isinstance(t, Target) else Target(t) for k, t in (targets or {}).items()}
    measured = tuple(x.name for x in followed)
    for name in (*wanted, *((lead,) if lead else ())):
        if name not in measured:
            raise UnknownName("measure", name, measured, where="waves")
    lights = {
        name: tuple(
            t.light(*(float(one[key][measured.index(name), j]) for key in ("estimate", "lower", "upper")))
            for j in range(w)
        )
        for name, t in wanted.items()
    }
    return Waves(
        base=_base(groups),
        cautions=_cautions(groups, followed, n, invariance, shared),
        waves=names,
        measures=measured,
        kinds=kinds,
        titles=tuple(x.title for x in followed),
        lead=lead or _lead(groups, followed, shared),
        n=n,
        effective_n=one["effective_n"],
        estimate=one["estimate"],
        se=one["se"],
        ci_lower=one["lower"],
        ci_upper=one["upper"],
        sd=one["sd"],
        deff=_deff(one["se"], one["sd"], n),
        comparisons=pairs,
        change=two["change"],
        change_se=two["se"],
        change_lower=two["lower"],
        change_upper=two["upper"],
        statistic=two["statistic"],
        df=two["df"],
        p=two["p"],
        p_adjusted=_adjusted(two["p"], kinds, against, adjustment),
        effect=two["effect"],
        detectable=two["detectable"],
        untested=tuple(untested),
        targets=wanted,
        lights=lights,
        adjustment=adjustment,
        against=against,
        confidence=confidence,
        power=power,
        panel=panel,
        strata=strata,
        clusters=clusters,
    )


def split(responses: Responses, column: str) -> dict[str, Responses]:
    """The responses of each wave or group of a column, in the instrument's order, else sorted."""
    return {g.title.en or g.title.zh: responses.where(g.rows) for g in groups_of(responses, column)}


def _deff(se: Array, sd: Array, n: NDArray[np.int64]) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sd > 0, se**2 * n / sd**2, np.nan)


def _interval(mean: co.SampleMean, kind: Kind, is_simple: bool, confidence: float) -> tuple[float, float]:
    if kind != "top2":
        lower, upper = mean_interval(
            mean.mean, mean.se, df=mean.df if mean.df > 0 else np.nan, confidence=confidence
        )
        return float(lower), float(upper)
    if mean.n == 0:
        return math.nan, math.nan
    if is_simple:
        lower, upper = share_interval(mean.mean * mean.n, mean.n, confidence=confidence)
        return float(lower), float(upper)
    return share_interval_of_design(
        mean.mean, mean.se, n=mean.effective_n, confidence=confidence, method="wilson"
    )


def _tested(
    one_side: tuple[co.Sample, co.SampleMean],
    other_side: tuple[co.Sample, co.SampleMean],
    kind: Kind,
    *,
    gated: bool,
    is_simple: bool,
    independent: bool,
    matched: tuple[NDArray[np.intp], NDArray[np.intp]] | None,
    confidence: float,
    power: float,
) -> tuple[Untested, dict[str, float]]:
    """Why there is no test, or the test."""
    (first, one), (second, two) = one_side, other_side
    if one.n == 0 or two.n == 0:
        return "not asked", {}
    if gated:
        return "not invariant", {}
    if matched is not None:
        change = second.values[matched[1]] - first.values[matched[0]]
        weights = None if second.weights is None else second.weights[matched[1]]
        found = co.paired_difference(co.Sample(change, weights), confidence=confidence, power=power)
        few = int(np.count_nonzero(~np.isnan(change))) < EFFECTIVE_N_SMALL.value
    else:
        simple = first.is_simple and second.is_simple
        if simple or (independent and not (first.has_design or second.has_design)):
            found = co.compare_means(
                one, two, freedom="welch" if simple else "design", confidence=confidence, power=power
            )
        else:
            found = co.compare_samples(
                first, second, independent=independent, confidence=confidence, power=power
            )
        few = min(one.n, two.n) < EFFECTIVE_N_SMALL.value
    shown = {"change": float(found.difference)}
    if few:
        return "few", shown
    if kind == "top2":
        shown["effect"] = float(co.cohen_h(np.clip(one.mean, 0, 1), np.clip(two.mean, 0, 1)))
        if is_simple and matched is None:
            share = co.share_difference(one.mean, one.n, two.mean, two.n, confidence=confidence)
            if not math.isfinite(float(share.z)):
                return "no spread", shown
            return "", shown | {
                "se": float(found.se),
                "lower": float(share.ci_lower),
                "upper": float(share.ci_upper),
                "statistic": float(share.z),
                "df": math.inf,
                "p": float(share.p),
                "detectable": float(found.detectable),
            }
    else:
        shown["effect"] = float(co.cohen_d(found.difference, one.sd, one.n, two.sd, two.n))
    if not math.isfinite(float(found.t)):
        return "no spread", shown
    return "", shown | {
        "se": float(found.se),
        "lower": float(found.ci_lower),
        "upper": float(found.ci_upper),
        "statistic": float(found.t),
        "df": float(found.df),
        "p": float(found.p),
        "detectable": float(found.detectable),
    }


def _comparisons(
    names: tuple[str, ...], against: Against
) -> tuple[tuple[Comparison, ...], list[tuple[tuple[int, ...], tuple[int, ...]]]]:
    """The comparisons and the groups on either side."""
    k = len(names)
    if against == "rest":
        sides: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
            (tuple(i for i in range(k) if i != j), (j,)) for j in range(k)
        ]
        return tuple(Comparison(REST, name) for name in names), sides
    if against == "previous":
        steps = [(i, i + 1) for i in range(k - 1)]
        steps += [(0, k - 1)] if k > 2 else []
    elif against == "first":
        steps = [(0, j) for j in range(1, k)]
    else:
        steps = list(itertools.combinations(range(k), 2))
    return tuple(Comparison(names[i], names[j]) for i, j in steps), [((i,), (j,)) for i, j in steps]


def _side(
    samples: Sequence[co.Sample], means: Sequence[co.SampleMean], at: tuple[int, ...]
) -> tuple[co.Sample, co.SampleMean]:
    """One side of a comparison and its mean."""
    if len(at) == 1:
        return samples[at[0]], means[at[0]]
    pooled = _pooled(samples, at)
    return pooled, co.sample_mean(pooled)


def _pooled(samples: Sequence[co.Sample], at: tuple[int, ...]) -> co.Sample:
    own = [samples[i] for i in at]
    weights = [np.ones(len(s.values)) if s.weights is None else s.weights for s in own]
    strata = [s.strata for s in own if s.strata is not None]
    clusters = [s.clusters for s in own if s.clusters is not None]
    return co.Sample(
        np.concatenate([s.values for s in own]),
        None if all(s.weights is None for s in own) else np.concatenate(weights),
        np.concatenate(strata) if len(strata) == len(own) else None,
        np.concatenate(clusters) if len(clusters) == len(own) else None,
    )


def _design(
    responses: Responses, strata: str, clusters: str, groups: Mapping[str, Responses]
) -> tuple[Array | None, Array | None, Array | None]:
    """Weights, and numbered strata and clusters; a label has the same number in every group."""

    def numbered(column: str) -> Array | None:
        if not column:
            return None
        known = sorted({str(v) for r in groups.values() for v in r.segment(column)})
        place = {label: float(k) for k, label in enumerate(known)}
        return np.array([place[str(v)] for v in responses.segment(column)])

    return responses.weights, numbered(strata), numbered(clusters)


def _panel_places(
    groups: Mapping[str, Responses], names: tuple[str, ...]
) -> dict[tuple[str, str], tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Of each pair of waves the rows of the respondents who are in both."""
    rows: dict[str, dict[str, int]] = {}
    for name in names:
        ids = groups[name].ids
        if ids is None:
            raise BadInput(
                f"wave '{name}' has no respondent ids, so the same people cannot be found again",
                do="Declare the respondent column in the instrument, or compare the waves as samples",
            )
        listed = [str(v) for v in ids[np.arange(groups[name].rows)]]
        if len(set(listed)) < len(listed):
            twice = next(v for v in listed if listed.count(v) > 1)
            raise BadInput(
                f"wave '{name}' holds respondent '{twice}' more than once",
                do="Keep one answer of each respondent",
            )
        rows[name] = {v: i for i, v in enumerate(listed)}
    found = {}
    for a, b in itertools.combinations(names, 2):
        both = [v for v in rows[a] if v in rows[b]]
        if not both:
            raise BadInput(
                f"no respondent is in both '{a}' and '{b}'", do="Compare the waves as samples, without panel"
            )
        found[a, b] = (
            np.array([rows[a][v] for v in both], dtype=np.intp),
            np.array([rows[b][v] for v in both], dtype=np.intp),
        )
    return found


def _adjusted(p: Array, kinds: Sequence[Kind], against: Against, method: Adjustment) -> Array:
    out = np.full(p.shape, np.nan)
    if against in ("rest", "pairs"):
        for i in range(len(p)):
            out[i] = adjust_p(p[i], method=method)
        return out
    for kind in KINDS:
        rows = [i for i, k in enumerate(kinds) if k == kind]
        for c in range(p.shape[1]):
            out[rows, c] = adjust_p(p[rows, c], method=method)
    return out


def _lead(groups: Mapping[str, Responses], followed: Sequence[Measure], shared: bool) -> str:
    """The index or first outcome: as a construct where it may be compared, else by its first item."""
    instrument = next(iter(groups.values())).instrument
    wanted = [c for c in instrument.constructs if c.id == instrument.index]
    wanted += list(instrument.by_role("outcome"))
    by_name = {m.name: m for m in followed}
    for construct in wanted:
        own = by_name.get(construct.id) or by_name.get(f"construct:{construct.id}")
        if own is not None and own.kind == "construct" and len(own.items) > 1 and shared:
            return own.name
        for item in construct.items:
            if item in by_name:
                return item
    return followed[0].name


def _base(groups: Mapping[str, Responses]) -> Base:
    weights = [np.ones(r.rows) if r.weights is None else r.weights for r in groups.values()]
    total, squares = (sum(float(f(v)) for v in weights) for f in (np.sum, lambda v: v @ v))
    labels = dict.fromkeys(r.instrument.label for r in groups.values())
    # groups of one file share its report
    files = {id(r.report): r.report.rows_read or r.rows for r in groups.values()}
    return Base(
        respondents=sum(r.rows for r in groups.values()),
        effective_n=total**2 / squares if squares else 0.0,
        missing="available",
        rows=max(sum(files.values()), sum(r.rows for r in groups.values())),
        weighted=any(r.weights is not None for r in groups.values()),
        instrument=", ".join(labels),
    )


def _cautions(
    groups: Mapping[str, Responses],
    followed: Sequence[Measure],
    n: NDArray[np.int64],
    invariance: Verdict | None,
    shared: bool,
) -> tuple[Caution, ...]:
    found: list[Caution] = []

    def doubt(code: str, en: str, zh: str, where: Sequence[str] = (), **values: Any) -> None:
        found.append(Caution(code, Text(en, zh).fill(**values), tuple(where)))

    several = [m for m in followed if m.kind == "construct" and len(m.items) > 1]
    if several and not shared:
        doubt(
            "invariance_failed" if invariance is not None else "invariance_untested",
            "{why}, so means of constructs with several items are shown but not compared ({names}): a change "
            "could be one of how the questions are understood. What can be compared: each item as the answer "
            "to one question, shares of its answers, and constructs of one item.",
            "{why}，因此多题构念的均值只列出、不比较（{names}）：差异可能来自对题目理解的改变。"
            "可以比较的有：单个题项的回答、其选项占比，以及单题构念。",
            [m.name for m in several],
            why=Text("Measurement invariance failed ({reason})", "测量等值检验未通过（{reason}）").fill(
                reason=bare(invariance.text)
            )
            if invariance is not None
            else Text("Measurement invariance was not tested", "未检验测量等值"),
            names=joined([m.title for m in several]),
        )
    elif several and invariance is not None and invariance.level == "doubtful":
        found.append(Caution("invariance_partial", invariance.text, tuple(m.name for m in several)))
    shortened = [m for m in followed if m.absent]
    if shortened:
        doubt(
            "items_not_common",
            "Constructs rest on the items that every wave asked; left out: {names}.",
            "构念得分仅使用各期共有的题项；未用：{names}。",
            [i for m in shortened for i in m.absent],
            names=joined(
                [
                    Text("{c} without {i}", "{c}缺{i}").fill(c=m.title, i=", ".join(m.absent))
                    for m in shortened
                ]
            ),
        )
    weighted = [name for name, r in groups.items() if r.weights is not None]
    plain = [name for name, r in groups.items() if r.weights is None]
    if weighted and plain:
        doubt(
            "weights_differ",
            "{plain} have no weights and {weighted} have: a change between the two may be the weighting.",
            "{plain} 没有权重而 {weighted} 有权重：两者之间的变化可能来自加权。",
            plain,
            plain=joined([Text(v) for v in plain]),
            weighted=joined([Text(v) for v in weighted]),
        )
    few = [
        name
        for j, name in enumerate(groups)
        if (n[:, j] > 0).any() and n[n[:, j] > 0, j].max() < EFFECTIVE_N_SMALL.value
    ]
    if few:
        doubt(
            "small_wave",
            "Fewer than {k} answers in {names}: shown without a test.",
            "{names} 的回答不足 {k} 份：只列出，不作检验。",
            few,
            k=f"{EFFECTIVE_N_SMALL.value:g}",
            names=joined([Text(v) for v in few]),
        )
    return tuple(found)


def _check_words(
    names: tuple[str, ...], against: str, adjustment: str, confidence: float, power: float
) -> None:
    if len(names) < 2:
        raise BadInput(
            "there is nothing to compare", right="Give two waves or more, a name and the responses of each"
        )
    for given, known, what in (
        (against, ("previous", "first", "rest", "pairs"), "against"),
        (adjustment, tuple(ADJUSTMENTS), "adjustment"),
    ):
        if given not in known:
            raise BadInput(f"{what} is '{given}'", right=f"It is one of {', '.join(known)}")
    for value, what in ((confidence, "confidence"), (power, "power")):
        if not 0 < value < 1:
            raise BadInput(f"the {what} is {value:g}", right="It lies between 0 and 1")
