"""The report, and data to try it on: report, simulate, demo.

`csat.cli` registers the commands. Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csat.cli_options import (
    DRAWN,
    EXIT_DONE,
    EXIT_WITHHELD,
    READING,
    SEED,
    command,
    options,
    progress,
    read_survey,
)
from csat.language import Language

if TYPE_CHECKING:
    from csat.survey import Survey


@command("report")
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


@command("simulate")
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


@command("demo")
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
