"""The command line: words typed in a terminal to one analysis, one text or one JSON object."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csat import __version__
from csat.cli_models import MODEL_COMMANDS
from csat.cli_options import (
    CORRELATION,
    DRAWN,
    EXIT_DONE,
    EXIT_WITHHELD,
    EXIT_WRONG,
    QUERY,
    READING,
    SAMPLED,
    SEED,
    Command,
    analysis_command,
    names_of,
    options,
    progress,
    read_survey,
    source,
)
from csat.cli_rollup import rollup_command
from csat.cli_scores import SCORE_COMMANDS
from csat.cli_sealed import SEALED_COMMANDS
from csat.cli_study import COMMANDS
from csat.errors import BadInput, CsatError
from csat.language import Language

if TYPE_CHECKING:
    from csat.analyses.result import Result
    from csat.survey import Survey


class Ordered(click.Group):
    """Commands in the order they are written, which is the order of the work."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


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


for _command in (*SCORE_COMMANDS, rollup_command, *COMMANDS):
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


# -------------------------------------------------------------------------------- the report


@cli.command("report")
@options(
    READING,
    DRAWN,
    (
        click.option(
            "-o",
            "--out",
            required=True,
            metavar="FOLDER",
            type=click.Path(path_type=Path),
            help="Where the report goes.",
        ),
        click.option(
            "--lang",
            type=click.Choice(["en", "zh"]),
            default="en",
            show_default=True,
            help="Language of the report.",
        ),
        click.option("--issued", type=int, help="Questionnaires sent out."),
        click.option("--returned", type=int, help="Questionnaires that came back."),
        SEED,
    ),
)
def report_command(
    out: Path, lang: Language, issued: int | None, returned: int | None, seed: int, **reading: Any
) -> int:
    """Write report.html, report.pdf, report.xlsx and result.json."""
    return write_report(read_survey(**reading), out, lang, issued=issued, returned=returned, seed=seed)


def write_report(
    survey: Survey,
    out: Path,
    language: Language,
    *,
    issued: int | None = None,
    returned: int | None = None,
    seed: int = 0,
) -> int:
    """Write the report with a progress bar, and say what to open."""
    with progress() as step:
        made = survey.report(out, language=language, issued=issued, returned=returned, seed=seed, step=step)
    click.echo(made.verdict.text.say(language))
    click.echo(f"Open {out / 'report.html'} (also there: report.pdf, report.xlsx, result.json)")
    return EXIT_WITHHELD if made.verdict.failed else EXIT_DONE


for _command in SEALED_COMMANDS:
    cli.add_command(_command)


# -------------------------------------------------------------------------------- simulated data


@cli.command("simulate")
@click.argument("instrument")
@click.option("-n", "respondents", type=click.IntRange(1, 10_000_000), help="Respondents to draw.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the draws.")
@click.option(
    "--recipe", metavar="NAME", help="The population of a published study: bank_efa, bank_sem, directory_114."
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="CSV file to write; default: the terminal."
)
@click.option("--describe", is_flag=True, help="Say what is drawn from, and draw nothing.")
def simulate_command(
    instrument: str,
    respondents: int | None,
    seed: int | None,
    recipe: str | None,
    out: Path | None,
    describe: bool,
) -> int:
    """Draw answers to an instrument from a stated population."""
    from csat.demo import as_csv
    from csat.files import write_file
    from csat.instrument.toml import load
    from csat.simulate import RECIPES, population, simulate

    if recipe is None and instrument in RECIPES:
        instrument, recipe = RECIPES[instrument].instrument, instrument
    asked = load(instrument)
    if describe:
        click.echo(population(asked, recipe=recipe).en)
        return EXIT_DONE
    data = as_csv(simulate(asked, respondents, seed, recipe=recipe))
    if out is None:
        click.echo(data.decode("utf-8"), nl=False)
    else:
        write_file(out, data)
        click.echo(
            f"Wrote {out}. These data are simulated: csat simulate {recipe or instrument} --describe",
            err=True,
        )
    return EXIT_DONE


@cli.command("demo")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("csat-demo"),
    show_default=True,
    help="Folder of the report.",
)
@click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the report."
)
def demo_command(out: Path, lang: Language) -> int:
    """Simulate the bank survey, report on it, and set published figures beside csat's."""
    from csat import demo
    from csat.files import write_file

    columns = demo.bank_columns()
    data = out / "simulated_bank_survey.csv"
    write_file(data, demo.as_csv(columns))
    survey = read_survey(data, "bank_corporate")
    lines = [*demo.bank_lines(survey), *demo.path_lines(), *demo.directory_lines()]
    click.echo(demo.table(lines).to_text(lang))
    click.echo()
    code = write_report(survey, out, lang, issued=demo.ISSUED, returned=demo.RETURNED)
    click.echo(f"The answers are in {data}; your own: csat report YOUR_FILE -i INSTRUMENT -o FOLDER")
    # a demonstration that ran has done its job, whatever the verdict on 93 simulated respondents
    return EXIT_DONE if code == EXIT_WITHHELD else code


# -------------------------------------------------------------------------------- instruments


@cli.group("instruments", cls=Ordered)
def instruments_group() -> None:
    """Questionnaires: list, show, check, make a new one, JSON Schema."""


@instruments_group.command("list")
def instruments_list() -> int:
    """The shipped instruments."""
    from csat.display.table import Table
    from csat.instrument.toml import load, shipped
    from csat.language import Text

    loaded = [load(name) for name in shipped()]
    table = Table(
        {
            "instrument": [i.id for i in loaded],
            "title": [i.title for i in loaded],
            "items": [len(i.items) for i in loaded],
            "constructs": [len(i.constructs) for i in loaded],
        },
        labels={
            "instrument": Text("Instrument", "问卷"),
            "title": Text("Title", "标题"),
            "items": Text("Items", "题项数"),
            "constructs": Text("Constructs", "构念数"),
        },
    )
    click.echo(table.to_text())
    return EXIT_DONE


@instruments_group.command("show")
@click.argument("name")
def instruments_show(name: str) -> int:
    """Print an instrument as its TOML file: a start for your own."""
    from csat.instrument.toml import load, write_instrument

    click.echo(write_instrument(load(name)))
    return EXIT_DONE


@instruments_group.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def instruments_check(file: Path) -> int:
    """Check an instrument file: says what is wrong, where, and what would be right."""
    from csat.instrument.toml import load

    found = load(file)
    click.echo(
        f"{file}: {found.label} is in order: {len(found.items)} items, {len(found.constructs)} constructs."
    )
    return EXIT_DONE


@instruments_group.command("new")
@click.argument("data", type=source)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File to write; default: the terminal.")
@click.option("--sheet", metavar="NAME", help="Sheet of a workbook.")
@click.option("--encoding", metavar="NAME", help="Encoding of a text file.")
@click.option("--layout", metavar="NAME", help="Platform the file comes from, where that is not found.")
@QUERY
def instruments_new(
    data: str | Path,
    out: Path | None,
    sheet: str | None,
    encoding: str | None,
    layout: str | None,
    query: str | None,
) -> int:
    """Propose an instrument from a data file; comments ask what cannot be known."""
    from csat.files import write_file
    from csat.responses.proposal import proposal
    from csat.responses.readers import read_table

    table = read_table(data, query=query, sheet=sheet, encoding=encoding, layout=layout)
    text = proposal(table, source_name=table.source)
    if out is None:
        click.echo(text)
    else:
        if out.exists():
            raise BadInput(
                "this file is there already", where=str(out), do="Name another: nothing is overwritten"
            )
        write_file(out, text.encode())
        click.echo(f"Wrote {out}. Answer the questions in its comments, then: csat instruments check {out}")
    return EXIT_DONE


@instruments_group.command("schema")
def instruments_schema() -> int:
    """The JSON Schema of instrument files, for editors."""
    import json

    from csat.instrument.toml import instrument_schema

    click.echo(json.dumps(instrument_schema(), ensure_ascii=False, indent=1))
    return EXIT_DONE


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
