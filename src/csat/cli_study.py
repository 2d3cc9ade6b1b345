"""Commands about a study as a whole: its plan, its weights, published changes and figures.

`csat.cli` registers `PLANNING` and `PUBLISHED`. Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csat.cli_options import BINDING, CONFIDENCE, FILE, MARGINS, SAYING, command, options, read_survey, say
from csat.cli_values import csv_rows, margins_of, number, structure
from csat.errors import BadInput
from csat.language import Language

if TYPE_CHECKING:
    from csat.analyses.planning_result import Stratum
    from csat.responses.responses import Responses

# -------------------------------------------------------------------------------- plan


@command("plan", short_help="How many respondents, from which strata, and how close they come.")
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


@command("weights", short_help="Weights that make the respondents agree with the population.")
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
    responses = read_survey(data, segments=columns, **reading).responses
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


# -------------------------------------------------------------------------------- change, audit


@command("change", short_help="Judge the change of a published share.")
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


@command("audit", short_help="Check published figures: true, false or undecidable, with the reason.")
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


PLANNING: tuple[click.Command, ...] = (plan_command, weights_command)
PUBLISHED: tuple[click.Command, ...] = (change_command, audit_command)


# -------------------------------------------------------------------------------- files and numbers


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
