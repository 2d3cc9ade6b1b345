"""Items in the words of their questionnaire, beside their names in a table."""

from __future__ import annotations

from collections.abc import Sequence

from csat.language import Text


def wording_column(items: Sequence[str], titles: Sequence[Text]) -> dict[str, Sequence[Text]]:
    """The column `wording` of a table of items; no column where no item has words beside its name."""
    if all(title == Text(item) for item, title in zip(items, titles, strict=True)):
        return {}
    return {"wording": titles}
