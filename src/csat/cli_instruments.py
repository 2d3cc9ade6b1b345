"""Commands about questionnaires: list, show, check, propose one from data, their JSON Schema.

`csat.cli` registers `instruments_group`. Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

from pathlib import Path

import click

from csat.cli_options import EXIT_DONE, QUERY, Ordered, source
from csat.errors import BadInput


@click.group("instruments", cls=Ordered)
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
