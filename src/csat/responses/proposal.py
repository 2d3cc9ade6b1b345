"""An instrument proposed from a table as a platform wrote it, with all that the file says of its columns."""

from __future__ import annotations

import re

from csat.instrument.profile import Column
from csat.instrument.propose import propose
from csat.responses.exports.layout import EMBEDDED
from csat.responses.raw import RawTable

NUMBER = re.compile(r"^([-+]?\d+),(\d+)$")


def proposal(table: RawTable, *, source_name: str) -> str:
    """TOML text of an instrument that may fit the table; see `csat.instrument.propose.propose`.

    What the platform writes of itself and questions with several answers are left out: they are no items.

    Raises
    ------
    BadInput : when no column looks like the answers to a question.
    """
    several = {name for choices in table.choices.values() for name in choices.columns}
    columns = [
        _column(table, name)
        for name in table.columns
        if name not in several and table.roles.get(name, "") in ("", EMBEDDED)
    ]
    return propose(
        columns,
        source_name=source_name,
        several={_wording(table, q, c.columns): len(c.options) for q, c in table.choices.items()},
    )


def _wording(table: RawTable, question: str, columns: tuple[str, ...]) -> str:
    stem, _ = table.stems.get(columns[0], ("", ""))
    return stem or table.questions.get(columns[0], question).removesuffix(" - Selected Choice")


def _column(table: RawTable, name: str) -> Column:
    stem, part = table.stems.get(name, ("", ""))
    cells = table.columns[name].texts()
    if table.decimal != ".":
        cells = [c if c is None else NUMBER.sub(r"\1.\2", c) for c in cells]
    occurring = set(cells)
    return Column(
        name,
        cells,
        wording=table.questions.get(name, ""),
        stem=stem,
        part=part,
        labels=table.value_labels.get(name, {}),
        silent={
            **{code: why for code, why in table.usual_silences.items() if code in occurring},
            **table.silent_codes.get(name, {}),
        },
        letters=table.lettered.get(name, ""),
        given=table.roles.get(name, "") == EMBEDDED,
    )
