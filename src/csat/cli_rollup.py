"""The command that rolls an index up, from companies to the nation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from csat.cli_options import BINDING, FILE, SAYING, command, options, read_survey, say
from csat.errors import BadInput
from csat.language import Language


@command("rollup", short_help="Roll an index up: companies to industries, sectors and the nation.")
@options(
    (
        click.argument("table", type=click.Path(path_type=Path)),
        click.option(
            "--survey",
            metavar="DATA",
            type=click.Path(path_type=Path),
            help="A survey of several companies: their indices come from it and not from the table.",
        ),
        click.option("--by", metavar="COLUMN", help="The column of the survey that names the company."),
    ),
    BINDING,
    FILE,
    SAYING,
)
def rollup_command(
    table: Path,
    survey: Path | None,
    by: str | None,
    lang: Language,
    as_json: bool,
    charts: Path | None,
    **reading: Any,
) -> int:
    """Roll an index up: companies to industries, sectors and the nation.

    TABLE has one row a company: company, index, weight (sales or customers) and, where they are known, se, n,
    industry, sector, nation, industry_weight, sector_weight.
    """
    from csat.analyses.rollup import companies_of, rollup
    from csat.responses.readers import read_file

    raw = read_file(table)
    columns = {name: [text or "" for text in column.texts()] for name, column in raw.columns.items()}
    indices = None
    if survey is not None or by is not None:
        if survey is None or by is None:
            raise BadInput("--survey and --by go together", right="--survey DATA --by COLUMN")
        found = read_survey(
            survey,
            reading["instrument"],
            reading["items"],
            reading["scale"],
            reading["weight"],
            (by,),
            reading["encoding"],
            reading["delimiter"],
            reading["sheet"],
        )
        indices = found.indices_by(by)
    return say(rollup(companies_of(columns, indices=indices, where=str(table))), lang, as_json, charts)
