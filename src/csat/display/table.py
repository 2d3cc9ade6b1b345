"""A table of plain values: full precision inside, rounded once when shown. (Interface; filled in by display.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from csat.language import Language, Text

if TYPE_CHECKING:
    import pandas as pd


class Table:
    """Columns of equal length under names from `display.words`."""

    def __init__(
        self,
        columns: Mapping[str, Sequence[Any] | Any],
        *,
        title: Text = Text(""),
        notes: Sequence[Text] = (),
        labels: Mapping[str, Text] | None = None,
        formats: Mapping[str, str] | None = None,
    ) -> None: ...

    def to_records(self) -> list[dict[str, Any]]: ...

    def to_frame(self) -> pd.DataFrame: ...

    def to_text(self, language: Language = "en") -> str: ...
