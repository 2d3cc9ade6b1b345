"""How a result looks in a notebook: title, findings, main table, doubts, base; everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from csat.display.style import ACCENT, GRID, INK, MUTED
from csat.display.table import Table
from csat.language import Language, Text


def notebook_html(
    title: Text,
    sentences: Sequence[Text],
    tables: Sequence[Table],
    cautions: Sequence[Text],
    base: Text,
    *,
    language: Language = "en",
) -> str:
    """One `<div>` with its own small style, for `_repr_html_`."""

    def paragraph(text: Text, css: str = "") -> str:
        return f"<p{css}>{escape(text.say(language))}</p>"

    out = [f"<style>{CSS}</style>", '<div class="csat-result">', f"<h4>{escape(title.say(language))}</h4>"]
    out += [paragraph(s) for s in sentences]
    out += [t.to_html(language) for t in tables]
    out += [paragraph(c, ' class="caution"') for c in cautions]
    out += [paragraph(base, ' class="note"') for base in (base,) if base]
    return "\n".join([*out, "</div>"])


CSS = f"""
.csat-result {{ max-width: 60em; line-height: 1.5; }}
.csat-result h4 {{ margin: .4em 0; }}
.csat-result p {{ margin: .3em 0; }}
.csat-result table {{ border-collapse: collapse; margin: .6em 0; }}
.csat-result caption {{ text-align: left; font-weight: 600; padding: .2em 0; }}
.csat-result th, .csat-result td {{ padding: .25em .7em; text-align: left; border-bottom: 1px solid {GRID}; }}
.csat-result thead th {{ border-bottom: 1px solid {INK}; }}
.csat-result tbody th {{ font-weight: normal; }}
.csat-result .num {{ text-align: right; font-variant-numeric: tabular-nums; }}
.csat-result .note {{ color: {MUTED}; font-size: .9em; }}
.csat-result .caution {{ border-left: 3px solid {ACCENT}; padding-left: .6em; }}
"""
