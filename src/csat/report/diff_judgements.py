"""How the judgements of two results differ: verdicts, parts given or withheld, cautions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from csat.analyses import CATALOGUE
from csat.analyses.result import VERDICT_WORDS
from csat.language import Text
from csat.report.diff_result import NOTHING, Change
from csat.report.diff_sides import WIDEST, Side, text_of, value_at
from csat.report.seal import shown

MOST_CAUTIONS = 12


def changes_of_verdicts(a: Side, b: Side) -> Iterator[Change]:
    """Of the whole and of each analysis; then which analyses came or went."""
    yield from _levels(a, b)
    if a.sealed and b.sealed:
        for name, title in _stages(a, b):
            if (name in a.results) != (name in b.results) and not name.startswith("groups "):
                yield _came_or_went(a, b, name, title)


def _levels(a: Side, b: Side) -> Iterator[Change]:
    whole = Text("The whole", "总体")
    pairs = [(whole, a.body.get("verdict"), b.body.get("verdict"))] if a.sealed and b.sealed else []
    pairs += [(title, a.at(name, "verdict"), b.at(name, "verdict")) for name, title in _in_both(a, b)]
    for title, one, other in pairs:
        before, after = _level(one), _level(other)
        if before != after:
            why = text_of(value_at(other, "text"))
            words = Text(
                "{title}: {before} before, {after} now. {why}", "{title}：之前{before}，现在{after}。{why}"
            ).fill(title=title, before=lower(before), after=lower(after), why=why)
            yield Change("verdict", title, before, after, True, words)


def _level(verdict: Any) -> Text:
    level = value_at(verdict, "level")
    words: Mapping[str, Text] = {str(name): text for name, text in VERDICT_WORDS.items()}
    return words.get(str(level), Text(shown(level))) if level is not None else NOTHING


def _came_or_went(a: Side, b: Side, name: str, title: Text) -> Change:
    """An analysis that only one of them gives: withheld by the other, or not asked of it."""
    now = name in b.results
    side = a if now else b  # the one that withholds it says why
    reason = shown(value_at(side.body, "withheld", name) or "", WIDEST)
    if not reason:  # another version of csat, or a shorter report: nothing was judged
        label = Text("Parts of the report", "报告内容")
        words = Text(
            "{title} is new in the report." if now else "{title} is no longer in the report.",
            "报告新增：{title}。" if now else "报告不再包含：{title}。",
        ).fill(title=title)
        return Change("settings", label, *((NOTHING, title) if now else (title, NOTHING)), False, words)
    words = Text(
        f"{{title}}: {'now given, withheld before' if now else 'no longer given'}. {{why}}",
        f"{{title}}：{'之前未给出，现已给出' if now else '不再给出'}。{{why}}",
    ).fill(title=title, why=reason)
    there, gone = Text("given", "已给出"), Text("withheld", "未给出")
    return Change("verdict", title, gone if now else there, there if now else gone, True, words)


def changes_of_cautions(a: Side, b: Side) -> Iterator[Change]:
    """Cautions of the analyses both hold that are new or gone, the first dozen."""
    told = 0
    for name, title in _in_both(a, b):
        one, other = (_cautions_of(side, name) for side in (a, b))
        for code in dict.fromkeys((*one, *other)):
            if (code in one) == (code in other) or told >= MOST_CAUTIONS:
                continue
            told += 1
            is_new = code in other
            text = (other if is_new else one)[code]
            words = Text("{title}: {how}: {text}", "{title}：{how}：{text}").fill(
                title=title,
                how=Text("new caution", "新的提示") if is_new else Text("no longer a caution", "不再提示"),
                text=text,
            )
            before, after = (NOTHING, text) if is_new else (text, NOTHING)
            yield Change("cautions", title, before, after, False, words)


def _cautions_of(side: Side, name: str) -> dict[str, Text]:
    found = side.at(name, "cautions")
    return {
        shown(value_at(c, "code")): text_of(value_at(c, "text")) or Text(shown(value_at(c, "code")))
        for c in (found if isinstance(found, list) else [])
    }


def _stages(a: Side, b: Side) -> list[tuple[str, Text]]:
    """The analyses of either with their titles, in the order of a report."""
    titles = {e.name: e.title for e in CATALOGUE} | {"reading": Text("Reading", "数据读取")}
    names = dict.fromkeys((*titles, *a.results, *b.results))
    return [(n, titles.get(n, Text(shown(n)))) for n in names if n in a.results or n in b.results]


def _in_both(a: Side, b: Side) -> list[tuple[str, Text]]:
    return [(n, title) for n, title in _stages(a, b) if n in a.results and n in b.results]


def lower(text: Text) -> Text:
    """As it stands inside a sentence."""
    return Text(text.en.lower(), text.zh)
