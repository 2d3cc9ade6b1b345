"""Commands about sealed results: make a run again, say what changed between two.

`csat.cli` registers `SEALED_COMMANDS`. Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

from pathlib import Path

import click

from csat.cli_options import SAYING, command, options, say, source
from csat.language import Language

LANGUAGE_AND_JSON = SAYING[:2]
RESULT = click.argument("result", type=click.Path(path_type=Path))


@command("replay", short_help="Make a sealed result again: the same bytes, or what differs.")
@RESULT
@click.option("--data", type=source, metavar="FILE", help="Where the data are now.")
@click.option(
    "-i", "--instrument", metavar="NAME", help="The instrument, where its recorded file is not found."
)
@options(LANGUAGE_AND_JSON)
def replay_command(
    result: Path, data: str | Path | None, instrument: str | None, lang: Language, as_json: bool
) -> int:
    """RESULT is a result.json that `csat report` wrote, or its folder. It is never written to.

    The run is made again in a temporary folder from the command, options, seed, data and instrument that
    result.json records. Exit code 0: every byte is the same; 1: something differs, and it is named.
    """
    from csat.replaying import replay

    return say(replay(result, data=data, instrument=instrument), lang, as_json, None)


@command("diff", short_help="What changed between two results, the most important first.")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--tolerance",
    type=float,
    default=1e-9,
    show_default=True,
    help="Relative difference up to which two numbers are the same but for rounding.",
)
@options(LANGUAGE_AND_JSON)
def diff_command(before: Path, after: Path, tolerance: float, lang: Language, as_json: bool) -> int:
    """BEFORE and AFTER are reports' result.json (or their folders), or two --json outputs of one command.

    csat diff wave1 wave2
    """
    from csat.report.comparing import diff

    return say(diff(before, after, tolerance=tolerance), lang, as_json, None)


SEALED_COMMANDS: tuple[click.Command, ...] = (replay_command, diff_command)
