"""Waves as samples: which is compared with which, how each was drawn, who is in both of two."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from csat.analyses.waves_result import REST, Against, Comparison
from csat.errors import BadInput
from csat.numerics import changes as co
from csat.responses.responses import Responses

Array = NDArray[np.float64]
Matched: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows of the same respondents in one wave and in another."""
Groups: TypeAlias = tuple[int, ...]
"""Positions of the waves on one side of a comparison."""


class Side(NamedTuple):
    """One side of a comparison: its answers to a measure and their mean."""

    sample: co.Sample
    mean: co.SampleMean


def comparisons(
    names: tuple[str, ...], against: Against
) -> tuple[tuple[Comparison, ...], list[tuple[Groups, Groups]]]:
    """The comparisons and the groups on either side."""
    k = len(names)
    if against == "rest":
        sides: list[tuple[Groups, Groups]] = [(tuple(i for i in range(k) if i != j), (j,)) for j in range(k)]
        return tuple(Comparison(REST, name) for name in names), sides
    if against == "previous":
        steps = [(i, i + 1) for i in range(k - 1)]
        steps += [(0, k - 1)] if k > 2 else []
    elif against == "first":
        steps = [(0, j) for j in range(1, k)]
    else:
        steps = list(itertools.combinations(range(k), 2))
    return tuple(Comparison(names[i], names[j]) for i, j in steps), [((i,), (j,)) for i, j in steps]


def side(samples: Sequence[co.Sample], means: Sequence[co.SampleMean], at: Groups) -> Side:
    """One side of a comparison and its mean."""
    if len(at) == 1:
        return Side(samples[at[0]], means[at[0]])
    pooled = _pooled(samples, at)
    return Side(pooled, co.sample_mean(pooled))


def _pooled(samples: Sequence[co.Sample], at: Groups) -> co.Sample:
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


def design(
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


def panel_places(groups: Mapping[str, Responses], names: tuple[str, ...]) -> dict[tuple[str, str], Matched]:
    """Of each pair of waves the rows of the respondents who are in both.

    Raises
    ------
    BadInput : a wave without ids, an id met twice in one, nobody in both.
    """
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
    found: dict[tuple[str, str], Matched] = {}
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
