"""How the constructs of an instrument move one another and its items in the population that is drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from csat.instrument.instrument import Construct, Instrument
from csat.instrument.model import parse_model
from csat.instrument.statements import MEASURES

LOADINGS = (0.82, 0.76, 0.84, 0.72, 0.78)
"""Of a construct's items in turn."""
STRENGTHS = (0.50, 0.25, 0.40, 0.15, 0.32, 0.20)
"""Of the paths into a construct in turn, before they are scaled to the share explained."""
EXPLAINED = 0.60
"""Share of each explained construct's variance that its causes account for."""
BETWEEN_CAUSES = 0.35
"""Correlation of constructs nothing explains."""
PLANTED = (-0.55, 0.35, 0.45, -0.30, 0.15)
"""How far drivers stand above the middle, strongest first, in standard deviations of an answer: the strongest
is weak (improve first), the second strong (keep up), the third too, though it matters less (overkill), the
fourth weak and of little weight (low priority)."""
WITHIN = (0.12, -0.12, 0.0, 0.20, -0.20)
"""The same for the items of a construct in turn."""
UNWANTED = -1.2
"""The same for what satisfaction lowers, such as complaints: they are rare."""
EXPECTED = 0.8
"""Expectations stand this much above perceptions."""


def paths_of(instrument: Instrument) -> list[tuple[str, str]]:
    """(cause, effect): the model's paths and second-order factors, else drivers to outcomes to loyalty."""
    if instrument.model.strip():
        model = parse_model(instrument.model, where=f"{instrument.path or instrument.id}, the model")
        constructs = {c.id for c in instrument.constructs}
        higher = [
            (s.left, s.right) for s in model.statements if s.operator == MEASURES and s.right in constructs
        ]
        if paths := [*higher, *model.paths]:
            return paths
    drivers, outcomes = instrument.by_role("driver"), instrument.by_role("outcome")
    paths = [(d.id, o.id) for o in outcomes for d in drivers]
    return paths + [(o.id, loyal.id) for loyal in instrument.by_role("loyalty") for o in outcomes]


def ordered(
    constructs: Sequence[str], paths: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], dict[str, list[str]], tuple[tuple[str, str], ...]]:
    """Names with causes before effects, the causes of each, and the paths left out as they close a loop."""
    names = list(dict.fromkeys([*constructs, *(name for path in paths for name in path)]))
    causes: dict[str, list[str]] = {name: [] for name in names}
    left_out: list[tuple[str, str]] = []
    for cause, effect in dict.fromkeys(paths):
        if cause == effect or effect in _ancestors(cause, causes):
            left_out.append((cause, effect))
        else:
            causes[effect].append(cause)
    order: list[str] = []
    while len(order) < len(names):
        order += [name for name in names if name not in order and set(causes[name]) <= set(order)]
    return tuple(order), causes, tuple(left_out)


def _ancestors(name: str, causes: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    open_names = [name]
    while open_names:
        for cause in causes[open_names.pop()]:
            if cause not in found:
                found.add(cause)
                open_names.append(cause)
    return found


def standardised(
    nodes: Sequence[str], causes: Mapping[str, Sequence[str]], signs: Mapping[tuple[str, str], float]
) -> dict[str, dict[str, float]]:
    """Paths in the proportion of `STRENGTHS`, scaled so that they explain `EXPLAINED` of each effect."""
    place = {name: k for k, name in enumerate(nodes)}
    r = np.eye(len(nodes))
    found: dict[str, dict[str, float]] = {}
    for name in nodes:
        at, own = place[name], causes[name]
        before = [place[other] for other in found]
        b = np.zeros(len(nodes))
        for k, cause in enumerate(own):
            b[place[cause]] = signs.get((cause, name), 1.0) * STRENGTHS[k % len(STRENGTHS)]
        if own:
            b *= math.sqrt(EXPLAINED / float(b @ r @ b))
            r[at, before] = r[before, at] = (r @ b)[before]
        else:
            # nothing explained comes before what nothing explains
            r[at, before] = r[before, at] = BETWEEN_CAUSES
        found[name] = {cause: float(b[place[cause]]) for cause in own}
    return found


def signs(instrument: Instrument) -> dict[tuple[str, str], float]:
    """Of the paths a hypothesis declares negative."""
    return {(h.cause, h.effect): -1.0 for h in instrument.hypotheses if h.sign == "-"}


def levels_of(
    instrument: Instrument,
    measured: Sequence[Construct],
    causes: Mapping[str, Mapping[str, float]],
    loadings: Mapping[str, tuple[str, float]],
) -> dict[str, float]:
    """How far each item stands above the middle: planted for drivers, and by place within the construct."""
    target = instrument.index or next((c.id for c in instrument.by_role("outcome")), "")
    strengths = {c: abs(b) for c, b in causes.get(target, {}).items()}
    drivers = [c.id for c in instrument.by_role("driver")]
    ranked = sorted(drivers, key=lambda d: -strengths.get(d, 0.0))
    planted = {d: PLANTED[k % len(PLANTED)] for k, d in enumerate(ranked)}
    levels: dict[str, float] = {}
    for c in measured:
        unwanted = bool(causes.get(c.id)) and all(b < 0 for b in causes[c.id].values())
        base = UNWANTED if unwanted else planted.get(c.id, 0.0)
        for k, item in enumerate(c.items):
            within = WITHIN[k % len(WITHIN)] if len(c.items) > 1 and not unwanted else 0.0
            levels[item] = round(base + within, 2)
    for asked in instrument.items:
        if asked.expectation:
            levels[asked.expectation] = round(levels.get(asked.id, 0.0) + EXPECTED, 2)
        if asked.importance:
            node = loadings.get(asked.id, ("", 0.0))[0]
            levels[asked.importance] = round(2 * strengths.get(node, 0.25), 2)
    return levels
