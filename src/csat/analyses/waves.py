"""Waves and groups side by side: what changed, by how much, and what a change would have to be to be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from csat.analyses.figures import Target
from csat.analyses.result import Base, Verdict
from csat.analyses.waves_doubts import doubts_of
from csat.analyses.waves_result import ADJUSTMENTS, Against, Untested, Waves
from csat.analyses.waves_samples import Groups, Matched, comparisons, design, panel_places, side
from csat.analyses.waves_tests import adjusted, interval, tested
from csat.errors import BadInput, CannotCompute, NumericsError, UnknownName
from csat.numerics import changes as co
from csat.numerics.intervals import Adjustment
from csat.responses.measures import Measure, measures_of
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
    pairs, sides = comparisons(names, against)
    if panel and against not in ("previous", "first"):
        raise BadInput("a panel compares waves", right="against is 'previous' or 'first' with panel=True")
    kinds = tuple(x.kind for x in followed)
    measured = tuple(x.name for x in followed)
    found = _figures(
        groups,
        followed,
        sides,
        places=panel_places(groups, names) if panel else {},
        designs={name: design(r, strata, clusters, groups) for name, r in groups.items()},
        is_simple=all(r.weights is None for r in groups.values()) and not strata and not clusters,
        independent=against in ("previous", "first"),
        shared=shared,
        confidence=confidence,
        power=power,
    )
    wanted = {k: t if isinstance(t, Target) else Target(t) for k, t in (targets or {}).items()}
    for name in (*wanted, *((lead,) if lead else ())):
        if name not in measured:
            raise UnknownName("measure", name, measured, where="waves")
    one, two = found.one, found.two
    lights = {
        name: tuple(
            t.light(*(float(one[key][measured.index(name), j]) for key in ("estimate", "lower", "upper")))
            for j in range(len(names))
        )
        for name, t in wanted.items()
    }
    return Waves(
        base=_base(groups),
        cautions=doubts_of(groups, followed, found.n, invariance, shared),
        waves=names,
        measures=measured,
        kinds=kinds,
        titles=tuple(x.title for x in followed),
        lead=lead or _lead(groups, followed, shared),
        n=found.n,
        effective_n=one["effective_n"],
        estimate=one["estimate"],
        se=one["se"],
        ci_lower=one["lower"],
        ci_upper=one["upper"],
        sd=one["sd"],
        deff=_deff(one["se"], one["sd"], found.n),
        comparisons=pairs,
        change=two["change"],
        change_se=two["se"],
        change_lower=two["lower"],
        change_upper=two["upper"],
        statistic=two["statistic"],
        df=two["df"],
        p=two["p"],
        p_adjusted=adjusted(two["p"], kinds, against, adjustment),
        effect=two["effect"],
        detectable=two["detectable"],
        untested=found.untested,
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


class _Figures(NamedTuple):
    """m measures, w waves, c comparisons; NaN where there is none."""

    n: NDArray[np.int64]
    """(m, w) answers."""
    one: dict[str, Array]
    """(m, w) of each wave, by name."""
    two: dict[str, Array]
    """(m, c) of each comparison, by name."""
    untested: tuple[tuple[Untested, ...], ...]


def _figures(
    groups: Mapping[str, Responses],
    followed: Sequence[Measure],
    sides: Sequence[tuple[Groups, Groups]],
    *,
    designs: Mapping[str, tuple[Array | None, Array | None, Array | None]],
    is_simple: bool,
    independent: bool,
    places: Mapping[tuple[str, str], Matched],
    shared: bool,
    confidence: float,
    power: float,
) -> _Figures:
    """Every measure in every wave and its changes, one measure at a time."""
    names = tuple(groups)
    m, w, c = len(followed), len(names), len(sides)
    one = {k: np.full((m, w), np.nan) for k in ("effective_n", "estimate", "se", "lower", "upper", "sd")}
    n = np.zeros((m, w), dtype=np.int64)
    kept = ("change", "se", "lower", "upper", "statistic", "df", "p", "effect", "detectable")
    two = {k: np.full((m, c), np.nan) for k in kept}
    untested: list[tuple[Untested, ...]] = []
    try:
        for i, measure in enumerate(followed):
            samples = [co.Sample(measure.values(groups[name]), *designs[name]) for name in names]
            means = [co.sample_mean(s) for s in samples]
            for j, (sample, mean) in enumerate(zip(samples, means, strict=True)):
                n[i, j] = mean.n
                ends = interval(mean, measure.kind, is_simple=sample.is_simple, confidence=confidence)
                values = (mean.effective_n, mean.mean, mean.se, *ends, mean.sd)
                for key, value in zip(one, values, strict=True):
                    one[key][i, j] = value
            gated = measure.kind == "construct" and len(measure.items) > 1 and not shared
            row: list[Untested] = []
            for k, (first, second) in enumerate(sides):
                why, test = tested(
                    side(samples, means, first),
                    side(samples, means, second),
                    measure.kind,
                    gated=gated,
                    is_simple=is_simple,
                    independent=independent,
                    matched=places.get((names[first[0]], names[second[0]])),
                    confidence=confidence,
                    power=power,
                )
                row.append(why)
                for key, value in test.items():
                    two[key][i, k] = value
            untested.append(tuple(row))
    except NumericsError as error:
        raise error.named([], where="the waves") if not error.positions else error from error
    return _Figures(n, one, two, tuple(untested))


def _deff(se: Array, sd: Array, n: NDArray[np.int64]) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sd > 0, se**2 * n / sd**2, np.nan)


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
