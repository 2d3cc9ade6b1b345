"""The web page: one self-contained HTML file that asks the network for nothing."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from csat.display.style import PALETTE, VERDICT_COLOURS, reader_fonts
from csat.language import Language
from csat.report.document import Document
from csat.report.view import view

if TYPE_CHECKING:
    from jinja2 import Template


def render(document: Document, language: Language, *, charts: Mapping[int, str] | None = None) -> str:
    """The document as HTML. Same document, same text; `charts` when they are drawn already."""
    shown = view(document, language, charts)
    return _template().render(
        doc=shown, fonts=reader_fonts("", language), palette=PALETTE, colours=VERDICT_COLOURS
    )


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("csat.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")
