"""Results to a document: verdict and index first, then what to do, then the evidence and the methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from csat.analyses import CATALOGUE, entry
from csat.analyses.result import Result, Verdict
from csat.chain import Chain
from csat.language import Text
from csat.report.document import (
    Block,
    Document,
    Facts,
    Figure,
    Figures,
    Heading,
    Paragraph,
    Ranking,
    References,
    VerdictBlock,
    section,
)
from csat.report.methods import METHODS, REFERENCES

if TYPE_CHECKING:
    from csat.analyses.index import Index
    from csat.analyses.priorities import Priorities

SHOWN: Mapping[str, tuple[str, ...]] = {
    "index": ("index", "constructs", "segments", "items", "weights", "differences"),
    "describe": ("items", "boxes", "silence"),
    "drivers": ("importance", "coefficients", "model", "anova", "correlations", "checks", "hypotheses"),
    "efa": ("pattern", "variance", "number", "phi", "fit"),
    "cfa": ("guidelines", "validity", "fornell_larcker", "htmt"),
    "sem": ("paths", "loadings", "guidelines", "hypotheses", "effects", "r2", "validity", "htmt"),
    "pls": ("paths", "constructs", "items", "index", "importance", "validity"),
}
"""Tables the document shows of a result that has more; the workbook holds all of them."""
DRAWN: Mapping[str, tuple[str, ...]] = {
    "index": ("constructs", "segments"),
    "quality": ("flags", "missing"),
    "reliability": ("alpha",),
    "adequacy": ("items",),
    "drivers": ("shares", "coefficients", "residuals"),
    "sensitivity": ("index",),
    "cfa": ("loadings", "residuals"),
    "sem": ("structure", "model"),
    "pls": ("paths", "importance", "index"),
}
"""Charts the document shows, likewise."""
MOST_PRIORITIES = 3
"""How many items the first page names."""


def compose(
    chain: Chain,
    results: Mapping[str, Result],
    withheld: Mapping[str, str],
    verdict: Verdict,
    points: tuple[Text, ...],
    *,
    facts: Mapping[str, Any],
) -> Document:
    """The whole report as blocks, in both languages."""
    instrument = chain.responses.instrument
    blocks: list[Block] = [VerdictBlock(verdict, points)]
    if "index" in results:
        blocks += _key_figures(results)
    if "priorities" in results:
        blocks += _first_things(cast("Priorities", results["priorities"]))
    for item in CATALOGUE:
        if item.name in results:
            blocks += section(
                results[item.name],
                id=item.name,
                title=item.title,
                tables=SHOWN.get(item.name),
                plots=DRAWN.get(item.name),
            )
            if item.name == "drivers" and "asymmetry" in results:
                blocks += section(results["asymmetry"], id="asymmetry", level=3)
            if item.name == "describe":
                for name, found in results.items():
                    if name.startswith("groups "):
                        blocks += section(found, id=name.replace(" ", "-"), level=3)
        elif item.name in withheld:
            blocks += [
                Heading(item.title, item.name),
                VerdictBlock(
                    Verdict("failed", Text("Withheld: {why}", "未给出：{why}").fill(why=withheld[item.name]))
                ),
            ]
    blocks += section(results["reading"], id="reading", title=Text("The data as they were read", "数据读取"))
    blocks += _methods(results, withheld, facts)
    base = results["reading"].base
    return Document(
        title=instrument.title,
        subtitle=Text("Satisfaction report", "满意度报告"),
        blocks=tuple(blocks),
        about=(
            (Text("Data", "数据"), str(facts["data"]["source"])),
            (Text("Respondents", "答卷数"), base.text()),
            (Text("Instrument", "问卷"), instrument.label),
        ),
        foot=Text(
            "csat {csat} · data {hash} · {name} · seed {seed}",
            "csat {csat} · 数据 {hash} · {name} · 随机种子 {seed}",
        ).fill(
            csat=facts["versions"]["csat"],
            hash=facts["data"]["sha256"][:12],
            name=instrument.label,
            seed=facts["seed"],
        ),
    )


def _key_figures(results: Mapping[str, Result]) -> list[Block]:
    index = cast("Index", results["index"])
    figures = [
        Figure(
            index.label,
            float(index.score[0]),
            lower=float(index.ci_lower[0]),
            upper=float(index.ci_upper[0]),
            note=Text(f"0 to 100, {index.conventions[0]}", "0 至 100 分"),
            extent=(0.0, 100.0),
        ),
        Figure(
            Text("Dissatisfied", "不满意占比"),
            index.dissatisfied,
            kind="share",
            note=Text("answers in the two lowest categories", "落在最低两档的回答"),
        ),
        Figure(
            Text("Effective respondents", "有效样本量"),
            index.base.effective_n,
            kind="integer",
            note=index.base.text(),
        ),
    ]
    # the experience rule: an overall score never stands without what it may hide
    hidden = index.headline()[len(index.conventions) :]
    return [Figures(tuple(figures)), *(Paragraph(t, "lead") for t in hidden)]


def _first_things(priorities: Priorities) -> list[Block]:
    first = priorities.improve_first(MOST_PRIORITIES)
    if not first:
        return []
    return [Heading(Text("Improve first", "优先改进"), "first", 3), Ranking(first)]


def _methods(
    results: Mapping[str, Result], withheld: Mapping[str, str], facts: Mapping[str, Any]
) -> list[Block]:
    used = [name for name in (e.name for e in CATALOGUE) if name in results]
    keys = list(dict.fromkeys("sem" if name == "cfa" else name for name in used))
    blocks: list[Block] = [Heading(Text("Methods and sources", "方法与来源"), "methods")]
    blocks += [Paragraph(METHODS[key]) for key in keys if key in METHODS]
    data = facts["data"]
    rows: list[tuple[Text, Text | str]] = [
        (Text("Data", "数据"), f"{data['source']}, SHA-256 {data['sha256']}"),
        (Text("Instrument", "问卷"), f"{facts['instrument']['id']} {facts['instrument']['version']}"),
        (Text("Weight", "权重"), data["weight"] or Text("none", "无")),
        (Text("Seed", "随机种子"), str(facts["seed"])),
        (Text("Versions", "版本"), ", ".join(f"{k} {v}" for k, v in facts["versions"].items())),
    ]
    if withheld:
        stages = [entry(name).title for name in withheld]
        rows.append(
            (
                Text("Withheld", "未给出"),
                Text(", ".join(t.en for t in stages), "、".join(t.zh for t in stages)),
            )
        )
    blocks.append(Facts(tuple(rows)))
    cited = sorted({r for key in keys for r in REFERENCES.get(key, ())})
    return [*blocks, Heading(Text("References", "参考文献"), "references", 3), References(tuple(cited))]
