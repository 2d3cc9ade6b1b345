"""Commands about a study as a whole: its plan, weights, waves, published changes and figures.

`csat.cli` registers `COMMANDS`. Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csat.cli_options import BINDING, FILE, MARGINS, SAYING, names_of, options, read_survey, say
from csat.cli_values import csv_rows, margins_of, number, structure
from csat.errors import BadInput
from csat.language import Language

if TYPE_CHECKING:
    from csat.analyses.invariance import Invariance
    from csat.analyses.planning_result import Stratum
    from csat.analyses.result import Verdict
    from csat.analyses.waves_result import Waves
    from csat.responses.responses import Responses

CONFIDENCE = click.option(
    "--confidence", type=float, default=0.95, show_default=True, help="Coverage of the intervals."
)


# -------------------------------------------------------------------------------- plan


@click.command("plan", short_help="How many respondents, from which strata, and how close they come.")
@click.option(
    "--quantity",
    type=click.Choice(["share", "mean", "nps", "index"]),
    default="share",
    show_default=True,
    help="What is to be estimated.",
)
@click.option(
    "--margin",
    metavar="E",
    help="Half width of the interval asked for: 0.05 or 5% for a share, else in the quantity's own unit.",
)
@click.option("-n", "sizes", metavar="N,..", help="Numbers of answers whose margin is asked for.")
@click.option("--share", type=float, default=0.5, show_default=True, help="The share expected.")
@click.option("--sd", type=float, help="Standard deviation of an answer (mean) or of the index in points.")
@click.option("--promoters", type=float, help="Share of promoters expected (nps).")
@click.option("--detractors", type=float, help="Share of detractors expected (nps).")
@click.option("--population", type=float, help="How many people there are.")
@click.option(
    "--correction",
    type=click.Choice(["n0 - 1", "n0"]),
    default="n0 - 1",
    show_default=True,
    help="Convention of the finite population correction.",
)
@click.option("--deff", type=float, default=1.0, show_default=True, help="Design effect.")
@click.option("--response", type=float, default=1.0, show_default=True, help="Response rate expected, 0-1.")
@click.option(
    "--strata",
    metavar="A=N,.. or FILE",
    help="Strata and their populations; a CSV file has the columns name, population, sd, cost.",
)
@click.option(
    "--allocation",
    type=click.Choice(["proportional", "neyman", "cost-optimal"]),
    default="proportional",
    show_default=True,
    help="How answers are shared among the strata.",
)
@click.option("--convenience", is_flag=True, help="The sample will not be random.")
@options((CONFIDENCE,), SAYING)
def plan_command(
    margin: str | None,
    sizes: str | None,
    strata: str | None,
    convenience: bool,
    lang: Language,
    as_json: bool,
    charts: Path | None,
    **own: Any,
) -> int:
    """Plan a survey: the sample a margin needs, or the margin a sample gives.

    csat plan -n 460,200 --population 3833
    """
    from csat.analyses.planning import planning

    plan = planning(
        own.pop("quantity"),
        margin=None if margin is None else number(margin, "--margin"),
        n=[_whole(part, "-n") for part in (sizes or "").split(",") if part.strip()],
        strata=_strata(strata),
        drawn="convenience" if convenience else "random",
        **own,
    )
    return say(plan, lang, as_json, charts)


def _strata(text: str | None) -> tuple[Stratum, ...]:
    from csat.analyses.planning_result import Stratum

    if text is None:
        return ()
    if "=" in text:
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        return tuple(Stratum(name.strip(), _whole(size, "--strata")) for name, _, size in pairs)
    found = []
    for row in csv_rows(Path(text), ("name", "population")):
        optional = {k: number(row[k], text) for k in ("sd", "cost") if row.get(k)}
        found.append(Stratum(row["name"], _whole(row["population"], text), **optional))
    return tuple(found)


# -------------------------------------------------------------------------------- weights


@click.command("weights", short_help="Weights that make the respondents agree with the population.")
@click.argument("data", type=click.Path(path_type=Path))
@options(MARGINS)
@click.option("--bounds", metavar="LOW,HIGH", help="Hold the weights between these multiples of their mean.")
@click.option("--from-one", is_flag=True, help="Start from 1 each, not from the weights in the file.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the weights as a CSV file: row, respondent, weight.",
)
@options(BINDING, FILE, SAYING)
def weights_command(
    data: Path,
    margin: tuple[str, ...],
    margins: Path | None,
    bounds: str | None,
    from_one: bool,
    out: Path | None,
    lang: Language,
    as_json: bool,
    charts: Path | None,
    **reading: Any,
) -> int:
    """Rake to margins; one margin is post-stratification. Columns joined by * are one margin."""
    from csat.analyses.weighting import weighting

    wanted = margins_of(margin, margins)
    if not wanted:
        raise BadInput("weights need a margin", right="--margin gender=female:52,male:48, or --margins FILE")
    columns = tuple(dict.fromkeys(c.strip() for name in wanted for c in name.split("*")))
    if out is not None and out.exists():
        raise BadInput(
            "this file is there already", where=str(out), do="Name another: nothing is overwritten"
        )
    responses = _read(data, reading, columns)
    result = weighting(
        responses,
        wanted,
        bounds=None if bounds is None else _pair(bounds, "--bounds"),
        use_weights=not from_one,
    )
    if out is not None and not result.verdict.failed:
        from csat.files import write_file

        write_file(out, _weights_csv(responses, result.weights).encode())
    return say(result, lang, as_json, charts)


def _weights_csv(responses: Responses, weights: Any) -> str:
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    ids = responses.ids
    writer.writerow(["row", *(["respondent"] if ids is not None else []), "weight"])
    for i, (row, weight) in enumerate(zip(responses.row_numbers, weights, strict=True)):
        writer.writerow([int(row), *([ids[i]] if ids is not None else []), repr(float(weight))])
    return buffer.getvalue()


# -------------------------------------------------------------------------------- waves


@click.command("waves", short_help="Compare waves, or the groups of a column: changes with tests.")
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
    from csat.analyses.waves import split, waves

    if by_index and (acted_on or follow or lead or targets or test_invariance or out is not None):
        raise BadInput(
            "--index compares the index alone",
            right="It goes with --by, --names, --against, --panel, --strata, --clusters and --adjustment",
        )
    if by_index:
        reading = {**reading, "strata": strata, "clusters": clusters}
    extra = tuple(dict.fromkeys(c for c in (by or "", strata, clusters) if c))
    if by is not None:
        if len(data) > 1:
            raise BadInput("--by is for one file", do="Leave it out: each file is a wave")
        groups = split(_read(data[0], reading, extra), by)
    else:
        called = _wave_names(data, names)
        groups = {name: _read(path, reading, extra) for name, path in zip(called, data, strict=True)}
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


# -------------------------------------------------------------------------------- change, audit


@click.command("change", short_help="Judge the change of a published share.")
@click.argument("before")
@click.argument("after")
@click.option("-n", "--n-before", "n_1", type=int, help="Respondents before; alone it stands for both.")
@click.option("--n-after", "n_2", type=int, help="Respondents after.")
@options((CONFIDENCE,), SAYING)
def change_command(
    before: str,
    after: str,
    n_1: int | None,
    n_2: int | None,
    confidence: float,
    lang: Language,
    as_json: bool,
    charts: Path | None,
) -> int:
    """With n the test; without n no verdict, but the n it would need.

    csat change 82% 88% -n 500
    """
    from csat.analyses.published_change import published_change

    result = published_change(
        number(before, "BEFORE"), number(after, "AFTER"), n_1=n_1, n_2=n_2, confidence=confidence
    )
    return say(result, lang, as_json, charts)


@click.command("audit", short_help="Check published figures: true, false or undecidable, with the reason.")
@click.argument("claims", type=click.Path(path_type=Path))
@options(SAYING)
def audit_command(claims: Path, lang: Language, as_json: bool, charts: Path | None) -> int:
    """CLAIMS is a .toml or .json file with a list `claims`, each with a kind and its figures.

    \b
    [[claims]]
    kind = "bartlett_df"       # also bartlett_size, regression_f, parts, rate, reachable, change, bands
    df = 99
    items = 12
    """
    from csat.analyses.audit import audit

    found = structure(claims)
    listed = found.get("claims") if isinstance(found, Mapping) else found
    if not isinstance(listed, list) or not all(isinstance(c, Mapping) for c in listed):
        raise BadInput(
            "this file holds no list of claims", where=str(claims), right='[[claims]], then kind = "rate" ..'
        )
    return say(audit(listed), lang, as_json, charts)


COMMANDS: tuple[click.Command, ...] = (
    plan_command,
    weights_command,
    waves_command,
    change_command,
    audit_command,
)
"""In the order of the work."""


# -------------------------------------------------------------------------------- files and numbers


def _read(path: Path, reading: Mapping[str, Any], segments: tuple[str, ...]) -> Responses:
    return read_survey(path, segments=segments, **reading).responses


def _whole(value: Any, where: str) -> int:
    found = number(value, where)
    if found != int(found):
        raise BadInput(f"'{value}' is no whole number", where=where)
    return int(found)


def _pair(text: str, where: str) -> tuple[float, float]:
    parts = text.split(",")
    if len(parts) != 2:
        raise BadInput(f"{where} {text} is no pair", right="It is LOW,HIGH, such as 0.3,3")
    return number(parts[0], where), number(parts[1], where)
