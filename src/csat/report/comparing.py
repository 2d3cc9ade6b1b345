"""What changed between two results, in plain words and the most important first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from csat.analyses.result import Base, Verdict
from csat.errors import BadInput, listed
from csat.language import Text, joined
from csat.report.diff_conditions import changes_of_data, changes_of_settings, changes_of_versions
from csat.report.diff_findings import (
    changes_of_evidence,
    changes_of_index,
    changes_of_items,
    changes_of_priorities,
)
from csat.report.diff_judgements import changes_of_cautions, changes_of_verdicts, lower
from csat.report.diff_result import AREAS, Change, Diff
from csat.report.diff_sides import Side, same_data, side_of
from csat.report.seal import differences, is_number, shown

TOLERANCE = 1e-9
"""Relative difference of two numbers up to which they are the same but for rounding."""


def diff(before: str | Path, after: str | Path, *, tolerance: float = TOLERANCE) -> Diff:
    """What changed between two results: result.json of reports, or `--json` outputs of one command.

    An index or a mean of two samples changed if the 95 per cent interval of its difference, their standard
    errors taken as independent, leaves out zero (items: Holm-adjusted over all of them). Of the same rows
    every difference comes from how they were analysed, and none is chance.

    Parameters
    ----------
    tolerance : relative difference up to which two numbers are the same but for rounding.

    Raises
    ------
    BadInput : a file is damaged, holds no result of csat, or the two have no analysis in common.
    """
    if not 0 <= tolerance < 1:
        raise BadInput(f"{tolerance} is no tolerance", right="It is a relative difference from 0 to below 1")
    a, b = side_of(before), side_of(after)
    common = [name for name in a.results if name in b.results]
    if not common:
        raise BadInput(
            f"the two have no analysis in common ({_few(a.results)}; {_few(b.results)})",
            where=f"{a.path}, {b.path}",
            do="Compare two reports, or two results of the same command",
        )
    same = same_data(a, b)
    apart = list(differences({n: a.results[n] for n in common}, {n: b.results[n] for n in common}))
    rounding = sum(d.relative is not None and d.relative <= tolerance for d in apart)
    found = [
        *changes_of_data(a, b, same_data=same),
        *changes_of_settings(a, b),
        *changes_of_verdicts(a, b),
        *changes_of_index(a, b, same_data=same, tolerance=tolerance),
        *changes_of_priorities(a, b),
        *changes_of_items(a, b, same_data=same, tolerance=tolerance),
        *changes_of_evidence(a, b, tolerance=tolerance),
        *changes_of_cautions(a, b),
        *changes_of_versions(a, b),
    ]
    places = {area: k for k, area in enumerate(AREAS)}
    ranked = sorted(found, key=lambda c: (not c.matters and c.area != "index", places[c.area]))
    return Diff(
        base=_base(b),
        verdict=_verdict(ranked, len(apart) - rounding, rounding),
        before=str(before),
        after=str(after),
        changes=tuple(ranked),
        same_data=same,
        tolerance=tolerance,
        values=len(apart) - rounding,
        rounding=rounding,
    )


def _few(names: Mapping[str, Any]) -> str:
    return listed([shown(n, 30) for n in names], shown=5)


def _base(side: Side) -> Base:
    """The base of the later result, as far as it says it."""
    whole = side.at("reading", "base") or next(iter(side.results.values())).get("base")
    base: Mapping[str, Any] = whole if isinstance(whole, Mapping) else {}

    def number(key: str) -> float:
        value = base.get(key)
        return float(value) if is_number(value) else 0.0

    return Base(
        respondents=int(number("respondents")),
        effective_n=number("effective_n"),
        missing=shown(base.get("missing", "available")),
        rows=int(number("rows")),
        weighted=base.get("weighted") is True,
        instrument=shown(base.get("instrument", "")),
    )


def _verdict(changes: Sequence[Change], values: int, rounding: int) -> Verdict:
    """Sound in any case: a difference is a finding, not a fault."""
    if not changes and not values:
        words = (
            Text("Nothing changed but the last digits (rounding).", "除末位舍入外没有变化。")
            if rounding
            else Text("Nothing changed.", "没有变化。")
        )
    elif any(c.matters for c in changes):
        areas = list(dict.fromkeys(c.area for c in changes if c.matters))
        words = Text("Changes that matter: {areas}.", "重要的变化：{areas}。").fill(
            areas=joined([lower(AREAS[a]) for a in areas])
        )
    else:
        words = Text("There are changes; none alters a conclusion.", "有变化，但不影响结论。")
    return Verdict("sound", words)
