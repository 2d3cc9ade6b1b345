"""A report of several waves: what changed, how sure that is, and whether it may be compared at all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csat.analyses.result import Result, Verdict, plain
from csat.display.plot import Plot
from csat.files import require_writable, write_all
from csat.language import Language, Text
from csat.report.document import (
    Block,
    Document,
    Facts,
    Figure,
    Figures,
    Heading,
    Paragraph,
    References,
    VerdictBlock,
    section,
)
from csat.report.methods import METHODS, REFERENCES
from csat.report.seal import RESULT
from csat.report.write import versions
from csat.responses.responses import Responses

if TYPE_CHECKING:
    from csat.analyses.index_change import IndexChange
    from csat.analyses.invariance import Invariance
    from csat.analyses.waves_result import Waves

SHOWN = ("trend", "targets", "constructs", "items", "top2")
CHANGES = ("changes_items", "changes_constructs")
FEW_ROWS = 60
"""Tables of changes with more rows than this stand in the workbook only."""
MOST_TRENDS = 6
"""Items whose own trend is drawn, beside the lead: those that moved most surely."""
ALL_CHANGES = Text(
    "Every change with its test is in the workbook (report.xlsx).", "全部变化及其检验见工作簿 report.xlsx。"
)
UNKNOWN = Text(
    "Items may be compared; whether constructs mean the same in every wave could not be tested: {why}",
    "题项可以比较；各期构念含义是否一致无法检验：{why}",
)


def write_waves(
    samples: Mapping[str, Responses],
    folder: str | Path,
    *,
    waves: Waves,
    invariance: Invariance | None = None,
    untested: str = "",
    index: IndexChange | None = None,
    no_index: str = "",
    language: Language = "en",
) -> tuple[Path, ...]:
    """Write report.html, report.pdf, report.xlsx and result.json of several waves: all of them or none.

    Parameters
    ----------
    samples : the answers of each wave, in order. waves : their comparison. invariance : whether the
    constructs are measured alike, without which their means are not compared; untested : why that could not
    be tested. index : the change of the index; no_index : why there is none.

    Raises
    ------
    BadInput : the folder cannot be written to.
    """
    from csat.report import page, pdf, workbook

    require_writable(folder)
    results: dict[str, Result] = {"waves": waves}
    if index is not None:
        results["index_change"] = index
    if invariance is not None:
        results["invariance"] = invariance
    document = _document(samples, results, waves, invariance, untested, no_index)
    charts = document.charts(language)
    tables = {f"{name}-{key}": t for name, r in results.items() for key, t in r.tables().items()}
    body: dict[str, Any] = {
        "run": {"command": "waves"},
        "data": {
            name: {"source": r.report.source, "sha256": r.report.sha256, "rows_kept": r.report.rows_kept}
            for name, r in samples.items()
        },
        "versions": versions(),
        "verdict": plain(_verdict(waves, invariance, untested)),
        "results": {name: r.to_dict() for name, r in results.items()},
    }
    return tuple(
        write_all(
            folder,
            {
                "report.html": page.render(document, language, charts=charts).encode("utf-8"),
                "report.pdf": pdf.render(document, language, charts=charts),
                "report.xlsx": workbook.render(tables, language, title=document.title, about=document.about),
                RESULT: json.dumps(body, ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8"),
            },
        )
    )


def _verdict(waves: Waves, invariance: Invariance | None, untested: str) -> Verdict:
    """The comparison is doubtful where the constructs were not shown to be measured alike."""
    if waves.verdict.failed:
        return waves.verdict
    if invariance is None and untested:
        return Verdict("doubtful", UNKNOWN.fill(why=untested))
    if invariance is not None and invariance.verdict_on_means.level != "sound":
        return Verdict(
            "doubtful",
            Text("Items may be compared. Of constructs: {why}", "题项可以比较。构念方面：{why}").fill(
                why=invariance.verdict_on_means.text
            ),
        )
    return waves.verdict


def _document(
    samples: Mapping[str, Responses],
    results: Mapping[str, Result],
    waves: Waves,
    invariance: Invariance | None,
    untested: str,
    no_index: str,
) -> Document:
    first = next(iter(samples.values()))
    verdict = _verdict(waves, invariance, untested)
    blocks: list[Block] = [VerdictBlock(verdict), _figures(waves)]
    blocks += [Paragraph(text, "lead") for text in waves.headline()]
    plots, tables = waves.plots(), waves.tables()
    drawn = [n for n in ("trend", "constructs", "changes") if n in plots]
    short = [n for n in CHANGES if n in tables and tables[n].rows <= FEW_ROWS]
    found = section(
        waves,
        id="waves",
        title=Text("Changes", "变化"),
        tables=(*SHOWN, *short),
        plots=[*drawn, *_moved(waves, plots)],
    )
    said = {Paragraph(text) for text in waves.headline()}  # the first page has said it
    blocks += [b for b in found if b not in said]
    if len(short) < len([n for n in CHANGES if n in tables]):
        blocks.append(Paragraph(ALL_CHANGES, "note"))
    if "index_change" in results:
        blocks += section(results["index_change"], id="index")
    elif no_index:
        why = Text("Withheld: {why}", "未给出：{why}").fill(why=no_index)
        blocks += [
            Heading(Text("Change of the index", "指数变化"), "index"),
            VerdictBlock(Verdict("failed", why)),
        ]
    if invariance is not None:
        blocks += section(invariance, id="invariance", title=Text("What may be compared", "哪些可以比较"))
    elif untested:
        blocks += [
            Heading(Text("What may be compared", "哪些可以比较"), "invariance"),
            Paragraph(UNKNOWN.fill(why=untested)),
        ]
    blocks += _methods(samples, results)
    return Document(
        title=first.instrument.title,
        subtitle=Text("Comparison of waves", "各期比较报告"),
        blocks=tuple(blocks),
        about=(
            (Text("Waves", "各期"), ", ".join(samples)),
            (Text("Respondents", "答卷数"), ", ".join(f"{n}: {r.rows:,}" for n, r in samples.items())),
            (Text("Instrument", "问卷"), first.instrument.label),
        ),
        foot=Text("csat {csat} · {name}", "csat {csat} · {name}").fill(
            csat=versions()["csat"], name=first.instrument.label
        ),
    )


def _figures(waves: Waves) -> Figures:
    """The lead in the last wave, and how it moved since the wave before and the first."""
    i = waves.measures.index(waves.lead)
    kind = {"construct": "score", "top2": "share"}.get(waves.kinds[i], "number")
    figures = [
        Figure(
            waves.titles[i],
            float(waves.estimate[i, -1]),
            kind=kind,
            lower=float(waves.ci_lower[i, -1]),
            upper=float(waves.ci_upper[i, -1]),
            note=Text(waves.waves[-1]),
        )
    ]
    for c, pair in list(enumerate(waves.comparisons))[-2:]:
        if math.isfinite(waves.change[i, c]):
            figures.append(
                Figure(
                    Text("Change {first} to {second}", "{first} 至 {second} 的变化").fill(
                        first=pair.first, second=pair.second
                    ),
                    float(waves.change[i, c]),
                    kind=kind,
                    lower=float(waves.change_lower[i, c]),
                    upper=float(waves.change_upper[i, c]),
                )
            )
    return Figures(tuple(figures))


def _moved(waves: Waves, plots: Mapping[str, Plot]) -> Sequence[str]:
    """The items with the surest changes over all comparisons, in the order of the questionnaire."""

    def surest(name: str) -> float:
        p = waves.p[waves.measures.index(name)]
        return float(min((v for v in p if math.isfinite(v)), default=1.0))

    items = [n for n in plots if n in waves.measures and n != waves.lead]
    chosen = set(sorted(items, key=surest)[:MOST_TRENDS])
    return [n for n in items if n in chosen]


def _methods(samples: Mapping[str, Responses], results: Mapping[str, Result]) -> list[Block]:
    blocks: list[Block] = [Heading(Text("Methods and sources", "方法与来源"), "methods")]
    blocks += [Paragraph(METHODS[key]) for key in results if key in METHODS]
    rows: list[tuple[Text, Text | str]] = [
        (Text(name), f"{r.report.source}, SHA-256 {r.report.sha256}") for name, r in samples.items()
    ]
    rows.append((Text("Versions", "版本"), ", ".join(f"{k} {v}" for k, v in versions().items())))
    blocks.append(Facts(tuple(rows)))
    cited = sorted({r for key in results for r in REFERENCES.get(key, ())})
    return [*blocks, Heading(Text("References", "参考文献"), "references", 3), References(tuple(cited))]
