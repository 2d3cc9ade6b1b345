"""The command that compares waves, or the groups of a column.

`csat.cli` registers `waves_command`. Nothing heavy is imported before it runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csat.cli_options import BINDING, CONFIDENCE, FILE, SAYING, command, names_of, options, read_survey, say
from csat.cli_values import number
from csat.errors import BadInput
from csat.language import Language

if TYPE_CHECKING:
    from csat.analyses.invariance import Invariance
    from csat.analyses.result import Verdict
    from csat.analyses.waves_result import Waves
    from csat.responses.responses import Responses


@command("waves", short_help="Compare waves, or the groups of a column: changes with tests.")
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--names", metavar="A,B,..", help="Names of the waves; default: the year in the file name, or the name."
)
@click.option("--by", metavar="COLUMN", help="One file: the column that holds the wave or group.")
@click.option("--follow", metavar="A,B,..", help="Items to follow; default all, and the constructs.")
@click.option(
    "--against",
    type=click.Choice(["previous", "first", "rest", "pairs"]),
    default="previous",
    show_default=True,
    help="What each is compared with; groups of one survey: rest or pairs.",
)
@click.option("--lead", metavar="NAME", help="The measure the summary is about.")
@click.option(
    "--invariance",
    "test_invariance",
    is_flag=True,
    help="Test measurement invariance first; where it allows, means of constructs are compared.",
)
@click.option(
    "--index",
    "by_index",
    is_flag=True,
    help="The change of the satisfaction index instead of the items', each wave with its own weights.",
)
@click.option(
    "--acted-on",
    metavar="A,B,..",
    help="Items on which something was done in between: did they improve more than the others?",
)
@click.option("--panel", is_flag=True, help="The same respondents were asked each time.")
@click.option("--strata", metavar="COLUMN", default="", help="Column of the strata that were sampled.")
@click.option("--clusters", metavar="COLUMN", default="", help="Column of the clusters that were sampled.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value to reach, such as overall=4 or complaints<=0.05; may be repeated.",
)
@click.option(
    "--adjustment",
    type=click.Choice(["holm", "benjamini-hochberg"]),
    default="holm",
    show_default=True,
    help="Multiplicity of the tests.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write the comparison as report.html, .pdf, .xlsx and result.json; invariance is tested first.",
)
@options((CONFIDENCE,), BINDING, FILE, SAYING)
def waves_command(
    data: tuple[Path, ...],
    names: str | None,
    by: str | None,
    follow: str | None,
    against: Any,
    lead: str | None,
    test_invariance: bool,
    by_index: bool,
    acted_on: str | None,
    panel: bool,
    strata: str,
    clusters: str,
    targets: tuple[str, ...],
    adjustment: Any,
    out: Path | None,
    confidence: float,
    lang: Language,
    as_json: bool,
    charts: Path | None,
    **reading: Any,
) -> int:
    """Items, constructs and top shares by wave, with intervals, tests and the smallest change seen.

    csat waves sfo2014.csv sfo2015.csv sfo2016.csv -i airport --target overall=4
    """
    from csat.analyses.waves import waves

    if by_index and (acted_on or follow or lead or targets or test_invariance or out is not None):
        raise BadInput(
            "--index compares the index alone",
            right="It goes with --by, --names, --against, --panel, --strata, --clusters and --adjustment",
        )
    if by_index:
        reading = {**reading, "strata": strata, "clusters": clusters}
    groups = _groups(data, names, by, (strata, clusters), reading)
    if by_index:
        from csat.chain import index_change

        changed = index_change(
            groups, against=against, panel=panel, adjustment=adjustment, confidence=confidence
        )
        return say(changed, lang, as_json, charts)
    # columns without an instrument are compared as items; nobody said that they measure one thing
    gated = test_invariance or (out is not None and reading["instrument"] is not None)
    measured, why = _invariance_of(groups) if gated else (None, None)
    result = waves(
        groups,
        items=[n.strip() for n in follow.split(",")] if follow else None,
        against=against,
        lead=lead,
        panel=panel,
        strata=strata,
        clusters=clusters,
        targets=dict(_target(t) for t in targets),
        invariance=why,
        adjustment=adjustment,
        confidence=confidence,
    )
    if out is not None:
        _write_waves(groups, result, measured, why, out, lang)
    if acted_on is not None:
        from csat.analyses.improvement import improvement

        return say(improvement(result, names_of(acted_on) or []), lang, as_json, charts)
    return say(result, lang, as_json, charts)


def _groups(
    data: Sequence[Path],
    names: str | None,
    by: str | None,
    segments: Sequence[str],
    reading: Mapping[str, Any],
) -> dict[str, Responses]:
    """The waves by name: each file one, or the groups of a column of one file."""
    from csat.responses.groups import split

    wanted = tuple(dict.fromkeys(c for c in (by or "", *segments) if c))

    def read(path: Path) -> Responses:
        return read_survey(path, segments=wanted, **reading).responses

    if by is None:
        return {name: read(path) for name, path in zip(_wave_names(data, names), data, strict=True)}
    if len(data) > 1:
        raise BadInput("--by is for one file", do="Leave it out: each file is a wave")
    return split(read(data[0]), by)


def _write_waves(
    groups: Mapping[str, Responses],
    result: Waves,
    measured: Invariance | None,
    why: Verdict | None,
    out: Path,
    language: Language,
) -> None:
    from csat.chain import index_change
    from csat.errors import CsatError
    from csat.report.changes import write_waves

    against: Any = result.against if result.against in ("previous", "first", "pairs") else "pairs"
    index, no_index = None, ""
    try:
        index = index_change(
            groups, against=against, panel=result.panel, adjustment=result.adjustment,
            confidence=result.confidence,
        )  # fmt: skip
    except CsatError as error:  # the items are compared all the same
        no_index = str(error)
    untested = why.text.say(language) if why is not None and measured is None else ""
    files = write_waves(
        groups,
        out,
        waves=result,
        invariance=measured,
        untested=untested,
        index=index,
        no_index=no_index,
        language=language,
    )
    click.echo(f"Wrote {', '.join(str(f) for f in files)}", err=True)


def _invariance_of(groups: Mapping[str, Responses]) -> tuple[Invariance | None, Verdict]:
    """Whether means may be compared; that it cannot be tested counts as failed, with the reason."""
    from csat.analyses.result import Verdict
    from csat.chain.models import invariance_between
    from csat.errors import CsatError
    from csat.language import Text

    try:
        found = invariance_between(groups)
    except CsatError as error:
        return None, Verdict("failed", Text(str(error)))
    return found, found.verdict_on_means


def _wave_names(data: Sequence[Path], names: str | None) -> list[str]:
    if names is not None:
        found = [n.strip() for n in names.split(",")]
        if len(found) != len(data):
            raise BadInput(f"--names gives {len(found)} names to {len(data)} files", do="Name each file")
    else:
        import re

        years = [re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", path.name) for path in data]
        found = [y[0] if len(y) == 1 else "" for y in years]
        if "" in found or len(set(found)) < len(found):
            found = [path.name.split(".")[0] for path in data]
    if len(set(found)) < len(found):
        raise BadInput("two waves have the same name", do="Name them: --names first,second")
    return found


def _target(text: str) -> tuple[str, Any]:
    from csat.analyses.figures import Target

    for sign in ("<=", ">=", "="):
        name, found, value = text.partition(sign)
        if found:
            return name.strip(), Target(number(value, "--target"), "at most" if sign == "<=" else "at least")
    raise BadInput(f"--target {text} is no target", right="It is NAME=VALUE, such as overall=4")
