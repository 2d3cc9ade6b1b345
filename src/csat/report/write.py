"""From a survey to four files: run the chain, judge it, compose, render, write all or nothing."""

from __future__ import annotations

import contextlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from csat.analyses import CATALOGUE, entry
from csat.analyses.result import SOUND, Result, Verdict, plain
from csat.chain import Chain
from csat.display.table import Table
from csat.errors import CsatError
from csat.files import require_writable, write_all
from csat.language import Language, Text
from csat.report.compose import compose
from csat.report.seal import RESULT, run_facts, sha256
from csat.responses.asked import Asked

Step = Callable[[int, int, str], None]

WORKING_ORDER = (
    "describe",
    "quality",
    "reliability",
    "adequacy",
    "efa",
    "cfa",
    "sem",
    "pls",
    "drivers",
    "index",
    "priorities",
    "what_if",
    "sensitivity",
    "crosscheck",
)
"""What is computed when; the document shows it in the order of the catalogue."""

SEEDED = ("efa", "pls", "drivers", "index", "priorities", "what_if")
NEEDS_PATHS = ("sem", "pls")
MOST_SEGMENTS = 8
"""Segment columns whose box plots the report shows."""

PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "statsmodels",
    "matplotlib",
    "typst",
    "Jinja2",
    "xlsxwriter",
    "factor_analyzer",
    "semopy",
)


@dataclass(frozen=True)
class Report:
    """What was written: the files, the verdict on the whole, every result, and what was withheld and why."""

    files: tuple[Path, ...]
    verdict: Verdict
    points: tuple[Text, ...]
    results: Mapping[str, Result]
    withheld: Mapping[str, str]


def write(
    chain: Chain,
    folder: str | Path,
    *,
    language: Language = "en",
    issued: int | None = None,
    returned: int | None = None,
    seed: int = 0,
    asked: Asked | None = None,
    step: Step | None = None,
) -> Report:
    """Run every analysis and write the four files; `step(done, total, words)` is told how far the work is.

    asked : how the answers were read, which is sealed with the result so that it can be replayed.
    """
    from csat.report import page, pdf, workbook

    require_writable(folder)
    chain = _away_from_here(chain, asked)
    tell = step or (lambda done, total, words: None)
    total = len(WORKING_ORDER) + 4
    results: dict[str, Result] = {"reading": chain.reading(issued=issued, returned=returned)}
    withheld: dict[str, str] = {}
    for at, name in enumerate(WORKING_ORDER, start=1):
        if name in NEEDS_PATHS and not chain.declares_paths:
            continue
        tell(at, total, entry(name).title.say(language))
        try:
            results[name] = _ask(chain, name, seed, results)
        except CsatError as error:
            withheld[name] = str(error)
    if "drivers" in results:
        # beside the drivers where it says something of half of the items, else left out
        with contextlib.suppress(CsatError):
            contrast = chain.asymmetry(seed=seed)
            if contrast.is_telling:
                results["asymmetry"] = contrast
    for segment in list(chain.responses.segments)[:MOST_SEGMENTS]:
        try:
            results[f"groups {segment}"] = chain.groups(segment)
        except CsatError:
            continue  # nobody answered, or there is no outcome: the index says so in its own place
    verdict, points = judge(results, withheld)
    document = compose(chain, results, withheld, verdict, points, facts=sealed_facts(chain, seed))
    tell(total - 3, total, "report.html")
    charts = document.charts(language)
    html = page.render(document, language, charts=charts).encode("utf-8")
    tell(total - 2, total, "report.pdf")
    paper = pdf.render(document, language, charts=charts)
    tell(total - 1, total, "report.xlsx")
    book = workbook.render(all_tables(results), language, title=document.title, about=document.about)
    made = {"report.html": html, "report.pdf": paper, "report.xlsx": book}
    run = run_facts(
        asked,
        chain.responses.instrument,
        language=language,
        issued=issued,
        returned=returned,
        seed=seed,
    )
    sealed = seal(chain, results, withheld, verdict, seed, run=run, files=made)
    files = write_all(folder, {**made, RESULT: sealed})
    tell(total, total, "")
    return Report(tuple(files), verdict, points, results, withheld)


def _away_from_here(chain: Chain, asked: Asked | None) -> Chain:
    """The chain with its instrument's file named as the seal names it, not as this machine does."""
    instrument = chain.responses.instrument
    if asked is None or not instrument.path:
        return chain
    return Chain(
        replace(chain.responses, instrument=replace(instrument, path=asked.instrument or instrument.id))
    )


def _ask(chain: Chain, name: str, seed: int, results: Mapping[str, Result]) -> Result:
    """One stage of the chain; those that draw at random get the seed, the second opinion what was found."""
    if name == "crosscheck":
        found: Any = results
        return chain.crosscheck(
            adequacy=found.get("adequacy"),
            factors=found.get("efa"),
            model=found.get("sem") or found.get("cfa"),
        )
    if name == "sensitivity":
        return chain.sensitivity(found=results, seed=seed)
    ask: Callable[..., Result] = getattr(chain, name)
    return ask(seed=seed) if name in SEEDED else ask()


def all_tables(results: Mapping[str, Result]) -> dict[str, Table]:
    """Every table of every result, in the order of the report; the document shows most of them."""
    order = [*(e.name for e in CATALOGUE), "reading"]
    shown = sorted(results, key=lambda n: order.index(n) if n in order else len(order))
    return {f"{name}-{key}": table for name in shown for key, table in results[name].tables().items()}


def judge(results: Mapping[str, Result], withheld: Mapping[str, str]) -> tuple[Verdict, tuple[Text, ...]]:
    """The whole: failed without an index, doubtful when a stage failed, is doubtful or withheld."""
    points: list[Text] = []
    for item in CATALOGUE:
        if item.name in withheld:
            points.append(
                Text("{stage}: withheld. {why}", "{stage}：未给出。{why}").fill(
                    stage=item.title, why=withheld[item.name]
                )
            )
        elif item.name in results and results[item.name].verdict.level != "sound":
            points.append(
                Text("{stage}: {why}", "{stage}：{why}").fill(
                    stage=item.title, why=results[item.name].verdict.text
                )
            )
    index = results.get("index")
    if index is None:
        level = Verdict(
            "failed", Text("There is no index to use: see the first point.", "没有可用的指数：见第一条说明。")
        )
    elif index.verdict.failed:
        level = Verdict(
            "failed", Text("The index must not be used: see the points.", "指数不可使用：见下列说明。")
        )
    elif points:
        level = Verdict(
            "doubtful",
            Text(
                "The index can be used; some of the evidence behind it is doubtful, as the points say.",
                "指数可以使用；但其部分依据存疑，见下列说明。",
            ),
        )
    else:
        level = SOUND
    return level, tuple(points)


def versions() -> dict[str, str]:
    """Versions of Python, csat and the packages that computed or drew anything."""
    found = {"python": platform.python_version(), "csat": _version("csat")}
    return found | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def sealed_facts(chain: Chain, seed: int) -> dict[str, Any]:
    """What a run rests on: data, instrument, seed, versions. No date: same input, same bytes."""
    report = chain.responses.report
    instrument = chain.responses.instrument
    return {
        "data": {
            "source": report.source,
            "sha256": report.sha256,
            "encoding": report.encoding,
            "layout": report.layout,
            "rows_read": report.rows_read,
            "rows_kept": report.rows_kept,
            "dropped": dict(report.dropped),
            "weight": chain.responses.weight_column,
        },
        "instrument": {"id": instrument.id, "version": instrument.version},
        "seed": seed,
        "versions": versions(),
    }


def seal(
    chain: Chain,
    results: Mapping[str, Result],
    withheld: Mapping[str, str],
    verdict: Verdict,
    seed: int,
    *,
    run: Mapping[str, Any],
    files: Mapping[str, bytes],
) -> bytes:
    """result.json: everything a program or a later run needs, in full precision."""
    body = sealed_facts(chain, seed) | {
        "run": dict(run),
        "files": {name: sha256(data) for name, data in files.items()},
        "verdict": plain(verdict),
        "withheld": dict(withheld),
        "results": {name: result.to_dict() for name, result in results.items()},
    }
    return json.dumps(body, ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8")
