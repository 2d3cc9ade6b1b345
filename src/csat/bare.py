"""Every analysis on a bare frame of items, without an instrument: `csat.efa(frame, factors=3)`.

frame : a path, or a pandas, polars, pyarrow or DuckDB frame. items : the columns to use, default all
columns of
numbers. scale : (lowest, highest) answer, where the columns are answers on one scale; without it they are
measured quantities and nothing that needs categories (boxes of a scale, polychoric correlations) is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from csat.chain import Missing
from csat.survey import read

if TYPE_CHECKING:
    from csat.analyses.adequacy import Adequacy
    from csat.analyses.describe_result import Description
    from csat.analyses.drivers import Drivers
    from csat.analyses.efa import Factors
    from csat.analyses.index import Index
    from csat.analyses.index_change import IndexChange
    from csat.analyses.path_model_pls import PathModelPLS
    from csat.analyses.pls_groups_result import PlsGroups
    from csat.analyses.priorities import Priorities
    from csat.analyses.promoters import Promoters
    from csat.analyses.quality_result import Quality
    from csat.analyses.reliability_result import Reliability
    from csat.analyses.structural.compared import Comparison
    from csat.analyses.structural.grouped import GroupedMeasurement, GroupedModel
    from csat.analyses.structural.model import MeasurementModel, StructuralModel
    from csat.analyses.waves_result import Waves
    from csat.instrument.instrument import Instrument

Items = Sequence[str] | None
ScaleEnds = tuple[int, int] | None


def describe(
    frame: Any, *, items: Items = None, scale: ScaleEnds = None, weight: str | None = None
) -> Description:
    """`Survey.describe` of a frame."""
    return read(frame, items=items, scale=scale, weight=weight).describe()


def quality(frame: Any, *, items: Items = None, scale: ScaleEnds = None) -> Quality:
    """`Survey.quality` of a frame."""
    return read(frame, items=items, scale=scale).quality()


def reliability(
    frame: Any,
    *,
    items: Items = None,
    scale: ScaleEnds = None,
    weight: str | None = None,
    constructs: Mapping[str, Sequence[str]] | None = None,
) -> Reliability:
    """`Survey.reliability` of a frame; `constructs` says which items belong together."""
    return read(frame, items=items, scale=scale, weight=weight, constructs=constructs).reliability()


def adequacy(
    frame: Any,
    *,
    items: Items = None,
    scale: ScaleEnds = None,
    weight: str | None = None,
    missing: Missing = "auto",
    correlation: Literal["pearson", "polychoric"] = "pearson",
) -> Adequacy:
    """`Survey.adequacy` of a frame."""
    return read(frame, items=items, scale=scale, weight=weight).adequacy(
        correlation=correlation, missing=missing
    )


def efa(
    frame: Any,
    *,
    items: Items = None,
    scale: ScaleEnds = None,
    weight: str | None = None,
    missing: Missing = "auto",
    factors: int | str = "parallel",
    extraction: str = "minres",
    rotation: str = "oblimin",
    correlation: Literal["pearson", "polychoric"] = "pearson",
    draws: int = 200,
    seed: int = 0,
) -> Factors:
    """`Survey.efa` of a frame."""
    return read(frame, items=items, scale=scale, weight=weight).efa(
        factors=factors,
        extraction=extraction,
        rotation=rotation,
        correlation=correlation,
        missing=missing,
        draws=draws,
        seed=seed,
    )


def sem(
    model: str,
    frame: Any,
    *,
    estimator: str = "ML",
    missing: Literal["listwise", "fiml", "pairwise"] = "listwise",
    ordered: Sequence[str] | bool = False,
    modifications: int = 0,
    residuals: bool = False,
    wald: Sequence[str] = (),
    std_lv: bool = False,
    scale: ScaleEnds = None,
    weight: str | None = None,
    group: str | None = None,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    bootstrap: int = 0,
    interval: Literal["percentile", "bca"] = "percentile",
    bollen_stine: bool = False,
    seed: int = 0,
) -> StructuralModel | GroupedModel:
    """`Survey.sem` of a model in lavaan syntax on a frame; group : the column of the groups, if any."""
    return read(frame, scale=scale, weight=weight, segments=[group] if group else []).sem(
        model=model,
        estimator=estimator,
        missing=missing,
        ordered=ordered,
        modifications=modifications,
        residuals=residuals,
        wald=wald,
        std_lv=std_lv,
        group=group,
        group_equal=group_equal,
        group_partial=group_partial,
        bootstrap=bootstrap,
        interval=interval,
        bollen_stine=bollen_stine,
        seed=seed,
    )


def cfa(
    model: str,
    frame: Any,
    *,
    estimator: str = "ML",
    missing: Literal["listwise", "fiml", "pairwise"] = "listwise",
    ordered: Sequence[str] | bool = False,
    modifications: int = 0,
    residuals: bool = False,
    wald: Sequence[str] = (),
    std_lv: bool = False,
    scale: ScaleEnds = None,
    weight: str | None = None,
    group: str | None = None,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    bootstrap: int = 0,
    interval: Literal["percentile", "bca"] = "percentile",
    bollen_stine: bool = False,
    seed: int = 0,
) -> MeasurementModel | GroupedMeasurement:
    """`Survey.cfa` of a model in lavaan syntax on a frame; group : the column of the groups, if any."""
    return read(frame, scale=scale, weight=weight, segments=[group] if group else []).cfa(
        model=model,
        estimator=estimator,
        missing=missing,
        ordered=ordered,
        modifications=modifications,
        residuals=residuals,
        wald=wald,
        std_lv=std_lv,
        group=group,
        group_equal=group_equal,
        group_partial=group_partial,
        bootstrap=bootstrap,
        interval=interval,
        bollen_stine=bollen_stine,
        seed=seed,
    )


def pls(
    model: str,
    frame: Any,
    *,
    scheme: Literal["path", "factor", "centroid"] = "path",
    modes: Mapping[str, Literal["A", "B"]] | Literal["A", "B"] = "A",
    consistent: bool = False,
    target: str | None = None,
    correlation: Literal["pearson", "polychoric"] = "pearson",
    missing: Literal["pairwise", "listwise", "mean", "em"] | None = None,
    moderation: Sequence[tuple[str, str, str] | str] = (),
    higher_order: Literal["two-stage", "repeated-indicators"] = "two-stage",
    replicates: int | None = None,
    interval: Literal["percentile", "bca"] = "percentile",
    predict: bool = True,
    seed: int = 0,
    scale: ScaleEnds = None,
    weight: str | None = None,
) -> PathModelPLS:
    """`Survey.pls` of a model in lavaan syntax on a frame."""
    return read(frame, scale=scale, weight=weight).pls(
        model=model,
        scheme=scheme,
        modes=modes,
        consistent=consistent,
        target=target,
        correlation=correlation,
        missing=missing,
        moderation=moderation,
        higher_order=higher_order,
        replicates=replicates,
        interval=interval,
        predict=predict,
        seed=seed,
    )


def pls_groups(
    model: str,
    frame: Any,
    segment: str,
    *,
    scheme: Literal["path", "factor", "centroid"] = "path",
    modes: Mapping[str, Literal["A", "B"]] | Literal["A", "B"] = "A",
    consistent: bool = False,
    against: Literal["rest", "pairs"] = "rest",
    missing: Literal["pairwise", "listwise", "mean"] = "listwise",
    permutations: int = 1000,
    seed: int = 0,
    scale: ScaleEnds = None,
    weight: str | None = None,
) -> PlsGroups:
    """`Survey.pls_groups`: a model in lavaan syntax compared between the groups of a column of a frame."""
    return read(frame, scale=scale, weight=weight, segments=[segment]).pls_groups(
        segment,
        model=model,
        scheme=scheme,
        modes=modes,
        consistent=consistent,
        against=against,
        missing=missing,
        permutations=permutations,
        seed=seed,
    )


def compare(
    models: Mapping[str, str],
    frame: Any,
    *,
    estimator: str = "ML",
    missing: Literal["listwise", "fiml", "pairwise"] = "listwise",
    ordered: Sequence[str] | bool = False,
    scaling: Literal[
        "auto", "plain", "satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"
    ] = "auto",
    scale: ScaleEnds = None,
    weight: str | None = None,
    group: str | None = None,
    group_equal: Mapping[str, Sequence[str]] | Sequence[str] = (),
) -> Comparison:
    """`Survey.compare` of models in lavaan syntax on a frame."""
    return read(frame, scale=scale, weight=weight, segments=[group] if group else []).compare(
        models,
        estimator=estimator,
        missing=missing,
        ordered=ordered,
        scaling=scaling,
        group=group,
        group_equal=group_equal,
    )


def drivers(
    frame: Any,
    *,
    outcome: str,
    drivers: Sequence[str],
    weight: str | None = None,
    errors: Literal["HC3", "classical"] = "HC3",
) -> Drivers:
    """`Survey.drivers` of columns of a frame."""
    return read(frame, items=[outcome, *drivers], weight=weight).drivers(
        outcome=outcome, drivers=drivers, errors=errors
    )


def index(
    frame: Any,
    *,
    items: Sequence[str],
    scale: tuple[int, int],
    weight: str | None = None,
    segments: Sequence[str] = (),
    replicates: int = 2000,
    seed: int = 0,
) -> Index:
    """`Survey.index` of the items that make the index."""
    survey = read(
        frame, items=items, scale=scale, constructs={"index": items}, weight=weight, segments=segments
    )
    return survey.index(construct="index", replicates=replicates, seed=seed)


def nps(
    frame: Any, *, item: str, weight: str | None = None, segments: Sequence[str] = (), seed: int = 0
) -> Promoters:
    """`Survey.nps` of a column of answers from 0 to 10."""
    survey = read(frame, items=[item], scale=(0, 10), weight=weight, segments=segments)
    return survey.nps(item=item, seed=seed)


def priorities(
    frame: Any,
    *,
    outcome: Sequence[str],
    items: Sequence[str],
    scale: tuple[int, int],
    weight: str | None = None,
) -> Priorities:
    """`Survey.priorities` of items with importance derived from the outcome items."""
    constructs = {"outcome": list(outcome), **{item: [item] for item in items}}
    return read(frame, scale=scale, weight=weight, constructs=constructs).priorities(
        outcome="outcome", items=items
    )


def waves(
    sources: Mapping[str, Any],
    instrument: str | Path | Instrument,
    *,
    items: Items = None,
    against: Literal["previous", "first", "rest", "pairs"] = "previous",
    weight: str | None = None,
    lead: str | None = None,
) -> Waves:
    """Several files (or frames) of one instrument compared: wave name, in time order, to its source."""
    from csat.analyses.waves import waves as compare

    read_in = {name: read(source, instrument, weight=weight).responses for name, source in sources.items()}
    return compare(read_in, items=items, against=against, lead=lead)


def index_change(
    sources: Mapping[str, Any],
    instrument: str | Path | Instrument,
    *,
    against: Literal["previous", "first", "pairs"] = "previous",
    panel: bool = False,
    adjustment: Literal["holm", "benjamini-hochberg"] = "holm",
    construct: str | None = None,
    method: Literal["equal", "stated", "derived", "pls"] | None = None,
    weight: str | None = None,
    confidence: float = 0.95,
    replicates: int = 2000,
    seed: int = 0,
) -> IndexChange:
    """Change of the index between several files (or frames): wave name, in time order, to its source."""
    from csat.chain import index_change as compare

    return compare(
        {name: read(source, instrument, weight=weight).responses for name, source in sources.items()},
        against=against,
        panel=panel,
        adjustment=adjustment,
        construct=construct,
        method=method,
        confidence=confidence,
        replicates=replicates,
        seed=seed,
    )
