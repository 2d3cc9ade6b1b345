"""The command line: words typed in a terminal to one analysis, one text or one JSON object."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from csat import __version__
from csat.cli_instruments import instruments_group
from csat.cli_models import MODEL_COMMANDS
from csat.cli_options import (
    CORRELATION,
    EXIT_DONE,
    EXIT_WRONG,
    SAMPLED,
    SEED,
    Command,
    Ordered,
    analysis_command,
    names_of,
)
from csat.cli_report import demo_command, report_command, simulate_command
from csat.cli_rollup import rollup_command
from csat.cli_scores import SCORE_COMMANDS
from csat.cli_sealed import SEALED_COMMANDS
from csat.cli_study import PLANNING, PUBLISHED
from csat.cli_waves import waves_command
from csat.errors import CsatError

if TYPE_CHECKING:
    from csat.analyses.result import Result
    from csat.survey import Survey


@click.group(cls=Ordered, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="csat")
def cli() -> None:
    """Satisfaction surveys: from an export file to a trustworthy report.

    Start with `csat demo`, or with your own file: `csat report DATA -i INSTRUMENT -o FOLDER`.
    """


def analysis(name: str, *extra: Command) -> Callable[[Command], click.Command]:
    """An analysis command, registered here."""

    def make(ask: Command) -> click.Command:
        command = analysis_command(name, *extra)(ask)
        cli.add_command(command)
        return command

    return make


# -------------------------------------------------------------------------------- the analyses


@analysis(
    "read",
    click.option("--issued", type=int, help="Questionnaires sent out."),
    click.option("--returned", type=int, help="Questionnaires that came back."),
)
def read_command(survey: Survey, *, issued: int | None, returned: int | None) -> Result:
    """What was read: rows, columns, silence, invalid cells, response accounting."""
    return survey.reading(issued=issued, returned=returned)


@analysis(
    "describe",
    click.option("--by", metavar="COLUMN", help="Compare the groups of a column: means and box plots."),
    *SAMPLED,
)
def describe_command(survey: Survey, *, by: str | None) -> Result:
    """Frequencies, means with intervals, boxes, floor and ceiling, silence by reason."""
    return survey.describe() if by is None else survey.groups(by)


@analysis("quality")
def quality_command(survey: Survey) -> Result:
    """Careless answers, missing answers, duplicates: flagged, never deleted."""
    return survey.quality()


@analysis("reliability")
def reliability_command(survey: Survey) -> Result:
    """Cronbach's alpha and better, per construct and overall."""
    return survey.reliability()


MISSING = click.option(
    "--missing",
    type=click.Choice(["auto", "listwise", "pairwise"]),
    default="auto",
    show_default=True,
    help="Rows with silence: auto is listwise unless that keeps less than half of the rows.",
)


@analysis("adequacy", CORRELATION, MISSING)
def adequacy_command(survey: Survey, **own: Any) -> Result:
    """KMO, Bartlett's test and the determinant: is a factor analysis worth while?"""
    return survey.adequacy(**own)


@analysis(
    "efa",
    click.option(
        "--factors",
        default="parallel",
        show_default=True,
        help="A number, or parallel, kaiser, map, instrument.",
    ),
    click.option(
        "--extraction",
        type=click.Choice(["minres", "ml", "pa", "pca"]),
        default="minres",
        show_default=True,
        help="How factors are extracted.",
    ),
    click.option(
        "--rotation",
        type=click.Choice(["none", "varimax", "quartimax", "promax", "oblimin", "quartimin", "geomin"]),
        default="oblimin",
        show_default=True,
        help="How factors are rotated.",
    ),
    CORRELATION,
    MISSING,
    click.option("--draws", type=int, default=200, show_default=True, help="Draws of the parallel analysis."),
    SEED,
)
def efa_command(survey: Survey, *, factors: str, **own: Any) -> Result:
    """Exploratory factor analysis: how many factors, which items belong to them."""
    return survey.efa(factors=int(factors) if factors.isdigit() else factors, **own)


for _command in MODEL_COMMANDS:
    cli.add_command(_command)


@analysis(
    "drivers",
    click.option(
        "--outcome", metavar="NAME", help="Construct or item to explain; default: the index construct."
    ),
    click.option(
        "--drivers", metavar="A,B,..", help="Constructs or items that may explain it; default: the drivers."
    ),
    click.option(
        "--scores",
        type=click.Choice(["mean", "sum"]),
        default="mean",
        show_default=True,
        help="Construct scores.",
    ),
    click.option(
        "--errors",
        type=click.Choice(["HC3", "classical", "design"]),
        help="Standard errors; default: design where strata, clusters or populations are named, else HC3.",
    ),
    *SAMPLED,
)
def drivers_command(
    survey: Survey, *, outcome: str | None, drivers: str | None, scores: Any, errors: Any
) -> Result:
    """Regression of satisfaction on its drivers, with shares of importance."""
    return survey.drivers(outcome=outcome, drivers=names_of(drivers), scores=scores, errors=errors)


for _command in (*SCORE_COMMANDS, rollup_command, *PLANNING, waves_command, *PUBLISHED):
    cli.add_command(_command)


@analysis(
    "sensitivity",
    click.option(
        "--replicates",
        type=click.IntRange(100),
        default=1000,
        show_default=True,
        help="Replicates of each index's interval.",
    ),
    SEED,
)
def sensitivity_command(survey: Survey, **own: Any) -> Result:
    """What changes if flagged rows go, missing answers are filled, items are ordinal."""
    return survey.sensitivity(**own)


@analysis("crosscheck")
def crosscheck_command(survey: Survey) -> Result:
    """Ask factor_analyzer, statsmodels and semopy for the same numbers."""
    return survey.crosscheck()


for _command in (report_command, *SEALED_COMMANDS, simulate_command, demo_command, instruments_group):
    cli.add_command(_command)


# -------------------------------------------------------------------------------- running


def main() -> None:
    """Run the command line; every error is one paragraph on standard error."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        # numpy is not loaded yet. One thread adds up in one order, so that a replay elsewhere gives the same
        # bytes; the matrices are small, and gain nothing from more
        os.environ.setdefault(name, "1")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run with arguments and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a terminal that lacks a character still gets the rest
    try:
        return int(cli.main(arguments, prog_name="csat", standalone_mode=False) or 0)
    except CsatError as error:
        click.echo(f"csat: {error}", err=True)
        return error.exit_code
    except click.exceptions.Abort:
        click.echo("csat: stopped; nothing was written", err=True)
        return 130
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" See: {context.command_path} --help" if context is not None else ""
        click.echo(f"csat: {error.format_message()}{hint}", err=True)
        return EXIT_WRONG
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except MemoryError:
        click.echo(
            "csat: the memory of this machine is too small for this file; count it in batches, with "
            "csat.count_batches",
            err=True,
        )
        return EXIT_WRONG
    except Exception as error:
        if os.environ.get("CSAT_DEBUG"):
            raise
        click.echo(
            f"csat: something unforeseen went wrong ({type(error).__name__}: {error}). This is a fault of "
            "csat, not of your file; nothing was written. Set CSAT_DEBUG=1 to see where, and report it.",
            err=True,
        )
        return EXIT_WRONG
