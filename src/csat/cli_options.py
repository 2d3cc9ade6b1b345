"""Options and endings the commands share: how a survey is read, how a result is said."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from csat.cli_values import margins_of
from csat.errors import BadInput, CsatError
from csat.language import Language

if TYPE_CHECKING:
    from csat.analyses.result import Result
    from csat.survey import Survey

Command = Callable[..., Any]

EXIT_DONE, EXIT_WITHHELD, EXIT_WRONG = 0, 1, 2


class SaidOnce(click.Command):
    """Refuses an option that is given twice and holds one value: the first would be lost without a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option in given:
            single = isinstance(option, click.Option) and not (option.multiple or option.is_flag)
            if single and given.count(option) > 1:
                several = str(option.metavar or "").endswith(",..")
                do = "Give its values once, with commas between them" if several else "Give it once"
                raise click.UsageError(f"{option.opts[0]} is given {given.count(option)} times. {do}.", ctx)
        return super().parse_args(ctx, args)


def command(name: str, *, short_help: str | None = None) -> Callable[[Command], click.Command]:
    """A command of csat: each option counts, or is refused."""
    return click.command(name, cls=SaidOnce, short_help=short_help)


class Ordered(click.Group):
    """Commands in the order they are written, which is the order of the work."""

    command_class = SaidOnce

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def source(text: str) -> str | Path:
    """A path, or the address of a database as it was typed: a path would lose one of its slashes."""
    return text if "://" in text else Path(text)


DATA = click.argument("data", type=source)
BINDING: tuple[Command, ...] = (
    click.option(
        "-i", "--instrument", metavar="NAME", help="A shipped instrument, or a path to a .toml file."
    ),
    click.option("--items", metavar="A,B,..", help="Columns to analyse, where there is no instrument."),
    click.option("--scale", metavar="LOW,HIGH", help="Their answer scale, such as 1,5."),
    click.option(
        "--weight", metavar="COLUMN", help="Column of case weights; 'none' switches a declared one off."
    ),
)
SEGMENT = click.option(
    "--segment", "segments", metavar="COLUMN", multiple=True, help="Column that groups respondents."
)
FILE: tuple[Command, ...] = (
    click.option("--encoding", metavar="NAME", help="Encoding of a text file, where the one found is wrong."),
    click.option(
        "--delimiter", metavar="CHAR", help="Delimiter of a text file, where the one found is wrong."
    ),
    click.option("--sheet", metavar="NAME", help="Sheet of a workbook."),
    click.option("--layout", metavar="NAME", help="Platform the file comes from, where that is not found."),
    click.option(
        "--keep",
        "keep_rows",
        metavar="REASON",
        multiple=True,
        help="Keep rows left out for this reason, such as unfinished.",
    ),
    click.option(
        "--drop",
        metavar="RULE,..",
        multiple=True,
        help="Leave rows out: speeders=SECONDS, repeats, duplicates, straightliners[=8], careless[=2].",
    ),
)
MARGINS: tuple[Command, ...] = (
    click.option(
        "--margin",
        multiple=True,
        metavar="COLUMN=A:SHARE,..",
        help="Weight to a margin of the population, such as gender=female:52,male:48; may be repeated.",
    ),
    click.option(
        "--margins",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Margins: a .toml or .json file (a table a column), or CSV (margin, category, share).",
    ),
)
QUERY = click.option(
    "--query", metavar="SQL", help="SELECT statement, where DATA is a database such as sqlite:///file.db."
)
READING: tuple[Command, ...] = (DATA, *BINDING, SEGMENT, *MARGINS, *FILE, QUERY)
SAMPLED: tuple[Command, ...] = (
    click.option("--strata", metavar="COLUMN", default="", help="Column of the strata that were sampled."),
    click.option(
        "--clusters", metavar="COLUMN", default="", help="Column of the clusters that were sampled."
    ),
    click.option(
        "--population",
        metavar="N or COLUMN",
        default="",
        help="How many respondents (or clusters) each stratum has, drawn without replacement.",
    ),
)
"""How the respondents were drawn, for the commands whose errors are linearised."""
DRAWN: tuple[Command, ...] = (
    *SAMPLED,
    click.option(
        "--resampling",
        type=click.Choice(["bootstrap", "bayesian", "jackknife"]),
        default="bootstrap",
        show_default=True,
        help="How replicates of the respondents are made.",
    ),
    click.option(
        "--replicate-weights",
        metavar="PREFIX",
        default="",
        help="Columns of replicate weights in the file: what their names begin with.",
    ),
    click.option(
        "--replicate-type",
        type=click.Choice(["JK1", "JK2", "JKn", "BRR", "Fay", "SDR", "bootstrap", "other"]),
        help="Kind of the replicate weights, which says the multiplier of their squared deviations.",
    ),
    click.option(
        "--replicate-scale",
        metavar="A[,B..]",
        help="That multiplier, for kinds without one (Fay, JKn, other): one number, or one for each.",
    ),
)
"""How the respondents were drawn, for the commands whose intervals are made by resampling."""

SAYING: tuple[Command, ...] = (
    click.option(
        "--lang",
        type=click.Choice(["en", "zh"]),
        default="en",
        show_default=True,
        help="Language of the text.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the whole result as one JSON object."),
    click.option(
        "--charts", metavar="FOLDER", type=click.Path(path_type=Path), help="Write the charts as SVG files."
    ),
)

CORRELATION = click.option(
    "--correlation",
    type=click.Choice(["pearson", "polychoric"]),
    default="pearson",
    show_default=True,
    help="Correlations of the items.",
)
CONFIDENCE = click.option(
    "--confidence", type=float, default=0.95, show_default=True, help="Coverage of the intervals."
)
SEED = click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of everything drawn at random."
)


PLS_HOW: tuple[Command, ...] = (
    click.option(
        "--scheme",
        type=click.Choice(["path", "factor", "centroid"]),
        default="path",
        show_default=True,
        help="PLS: weighting scheme of the constructs.",
    ),
    click.option(
        "--mode",
        "modes",
        metavar="A|B|NAME=B",
        multiple=True,
        help="PLS: how weights are found, A (correlation, the default) or B (regression), for all constructs "
        "or for one; may be repeated.",
    ),
    click.option("--consistent", is_flag=True, help="PLS: correct for unreliable scores (PLSc)."),
    CORRELATION,
)
"""How a PLS model is estimated; `modes_of` reads the modes."""


def modes_of(said: tuple[str, ...]) -> str | dict[str, str]:
    """`("B",)` as "B" for all; `("Image=B",)` as a mode by construct, `*` the mode of the others."""
    every, named = "A", dict[str, str]()
    for part in said:
        name, equals, mode = part.rpartition("=")
        if mode.strip().upper() not in ("A", "B"):
            raise BadInput(
                f"--mode {part} is no mode", right="A or B for all constructs, or NAME=B for one of them"
            )
        if equals:
            named[name.strip()] = mode.strip().upper()
        else:
            every = mode.strip().upper()
    return {"*": every, **named} if named else every


def options(*groups: tuple[Command, ...]) -> Callable[[Command], Command]:
    """Add groups of options to a command, in the order given."""

    def add(command: Command) -> Command:
        for option in reversed([o for group in groups for o in group]):
            command = option(command)
        return command

    return add


def read_survey(
    data: str | Path,
    instrument: str | None = None,
    items: str | None = None,
    scale: str | None = None,
    weight: str | None = None,
    segments: tuple[str, ...] = (),
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    query: str | None = None,
    layout: str | None = None,
    keep_rows: tuple[str, ...] = (),
    drop: tuple[str, ...] = (),
    margin: tuple[str, ...] = (),
    margins: Path | None = None,
    strata: str = "",
    clusters: str = "",
    population: str = "",
    resampling: Any = "bootstrap",
    replicate_weights: str = "",
    replicate_type: Any = None,
    replicate_scale: str | None = None,
) -> Survey:
    """Read with the options of `READING`."""
    from csat.survey import read

    return read(
        data,
        instrument=instrument,
        items=names_of(items),
        scale=scale_of(scale),
        weight=weight,
        segments=segments,
        encoding=encoding,
        delimiter="\t" if delimiter in ("\\t", "tab") else delimiter,
        sheet=sheet,
        query=query,
        layout=layout,
        keep_rows=keep_rows,
        drop=drop,
        margins=margins_of(margin, margins) or None,
        strata=strata,
        clusters=clusters,
        population=population,
        resampling=resampling,
        replicate_weights=replicate_weights,
        replicate_type=replicate_type,
        replicate_scale=numbers_of(replicate_scale, "--replicate-scale"),
    )


READING_NAMES = tuple(inspect.signature(read_survey).parameters)
"""What the options of `READING` are called when a command is run."""


def say(result: Result, language: Language, as_json: bool, charts: Path | None) -> int:
    """Print a result and return the exit code its verdict asks for."""
    if as_json:
        import json

        click.echo(json.dumps(result.to_dict(), ensure_ascii=False, allow_nan=False, indent=1))
    else:
        click.echo(result.text(language))
    if charts is not None:
        from csat.display.canvas import svg
        from csat.files import write_all

        drawn = {
            f"{result.name}-{name}.svg": svg(plot, language, f"{result.name}-{name}").encode()
            for name, plot in result.plots().items()
        }
        write_all(charts, drawn)
    return EXIT_WITHHELD if result.verdict.failed else EXIT_DONE


def withhold(
    name: str, error: CsatError, language: Language, as_json: bool, without: Mapping[str, object]
) -> int:
    """Say that there is no honest number and why: a failed verdict, in JSON where that was asked for."""
    from csat.display.refusals import in_chinese

    text = {"en": str(error), "zh": in_chinese(str(error))}
    if as_json:
        import json

        caution = {"code": "withheld", "text": text, "where": []}
        verdict = {"level": "failed", "text": text}
        body = {"analysis": name, "verdict": verdict, "cautions": [caution], **without}
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
    click.echo(f"csat: {text[language]}", err=True)
    return error.exit_code


def names_of(text: str | None) -> list[str] | None:
    """`a,b` as a list."""
    return [n.strip() for n in text.split(",") if n.strip()] if text else None


def numbers_of(text: str | None, where: str) -> list[float] | float | None:
    """`4,2` as numbers; one number alone as itself."""
    if text is None:
        return None
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise BadInput(
            f"{where} {text} is no list of numbers", right="Such as 0.05, or 0.5,0.5,0.4"
        ) from error
    return found[0] if len(found) == 1 else found


def scale_of(text: str | None) -> tuple[int, int] | None:
    """`1,5` or `1-5` as the ends of a scale."""
    if text is None:
        return None
    try:
        low, high = (int(part) for part in text.replace("-", ",").split(","))
    except ValueError as error:
        raise BadInput(f"--scale {text} is not a scale", right="It is LOW,HIGH, such as 1,5") from error
    return low, high


def first_line(text: str | None) -> str:
    """The first line of a docstring: what a command does in a sentence."""
    return (text or "").strip().splitlines()[0]


class progress:
    """How far the work is, on a terminal; nothing when piped. `step(done, total, words)` moves it; a total of
    0 is not known, and the time that has gone by is shown."""

    def __init__(self, words: str = "reading") -> None:
        self._words = words

    def __enter__(self) -> Callable[[int, int, str], None]:
        self._bar: Any = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._words, total=None)
        return self._step

    def _step(self, done: int, total: int, words: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total or None, description=words)

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def analysis_command(
    name: str, *extra: Command, without: Mapping[str, object] = MappingProxyType({})
) -> Callable[[Command], click.Command]:
    """A command that reads a survey, asks one question and says the answer.

    The decorated function gets the survey and its own options, and returns the result. without : what the
    JSON holds beside the verdict when there is no honest number.
    """

    def make(ask: Command) -> click.Command:
        @functools.wraps(ask)
        def run(lang: Language, as_json: bool, charts: Path | None, **given: Any) -> int:
            reading = {name: given.pop(name) for name in READING_NAMES if name in given}
            for column in (given.get("by"), given.get("group")):
                if column:
                    reading["segments"] = (*reading["segments"], column)
            try:
                with progress() as step:
                    survey = read_survey(**reading)
                    step(0, 0, name)
                    found = ask(survey, **given)
            except CsatError as error:
                if error.exit_code != EXIT_WITHHELD:
                    raise
                return withhold(name, error, lang, as_json, without)
            return say(found, lang, as_json, charts)

        return command(name, short_help=first_line(ask.__doc__))(options(READING, extra, SAYING)(run))

    return make
