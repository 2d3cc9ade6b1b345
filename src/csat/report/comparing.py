"""What changed between two results, in plain words and the most important first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from csat.analyses import CATALOGUE
from csat.analyses.guidelines import ALPHA_ACCEPTABLE, FIT_HU_BENTLER, KMO_WORKING, Guideline
from csat.analyses.priorities import QUADRANTS
from csat.analyses.reading import DROPPED
from csat.analyses.result import VERDICT_WORDS, Base, Result, Verdict
from csat.display.style import formatted
from csat.display.table import Table
from csat.errors import BadInput, listed
from csat.language import Text, bare, joined, quoted
from csat.numerics.intervals import adjust_p, normal_quantile, t_two_sided_p
from csat.report.seal import differences, is_number, read_json, shown

Area = Literal[
    "data", "settings", "versions", "verdict", "index", "priorities", "items", "evidence", "cautions"
]
AREAS: Mapping[str, Text] = {
    "data": Text("Data", "数据"),
    "settings": Text("Settings", "设置"),
    "verdict": Text("Verdict", "判定"),
    "index": Text("Index", "指数"),
    "priorities": Text("Priorities", "优先级"),
    "items": Text("Items", "题项"),
    "evidence": Text("Evidence", "依据"),
    "cautions": Text("Cautions", "提示"),
    "versions": Text("Versions", "版本"),
}
"""In the order in which changes are told."""
TOLERANCE = 1e-9
"""Relative difference of two numbers up to which they are the same but for rounding."""
FIRST = 3
"""How many of the first priorities are compared."""
MOST_ITEMS, MOST_CAUTIONS, MOST_SAID = 8, 12, 8
LISTED = 20
IMPROVE = "improve first"
PLACES: Mapping[str, Text] = {str(name): words for name, words in QUADRANTS.items()}
WIDEST = 160
NOTHING = Text("–", "–")

SETTINGS: Mapping[str, Text] = {
    "instrument": Text("Instrument", "问卷"),
    "items": Text("Items analysed", "分析的题项"),
    "scale": Text("Scale", "量表"),
    "constructs": Text("Constructs", "构念"),
    "weight": Text("Weight column", "权重列"),
    "segments": Text("Segments", "分群"),
    "drop": Text("Rows left out by rule", "按规则剔除的行"),
    "keep_rows": Text("Rows kept on request", "按要求保留的行"),
    "encoding": Text("Encoding", "字符编码"),
    "delimiter": Text("Delimiter", "分隔符"),
    "sheet": Text("Sheet", "工作表"),
    "layout": Text("Layout", "版式"),
    "strata": Text("Strata", "分层列"),
    "clusters": Text("Clusters", "整群列"),
    "resampling": Text("Resampling", "重抽样"),
    "replicate_weights": Text("Replicate weights", "重复权重"),
    "replicate_type": Text("Kind of replicate weights", "重复权重类型"),
    "replicate_scale": Text("Scale of replicate weights", "重复权重系数"),
    "issued": Text("Issued", "发放"),
    "returned": Text("Returned", "回收"),
    "seed": Text("Seed", "随机种子"),
    "language": Text("Language", "语言"),
}
FITS = (("cfi", "CFI", "cfi"), ("rmsea", "RMSEA", "rmsea"), ("srmr", "SRMR", "srmr"))


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was. matters : whether it changes what a reader may conclude."""

    area: Area
    what: Text
    before: Text
    after: Text
    matters: bool
    words: Text
    """The change as a sentence."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Diff(Result):
    """Two results side by side, made by `diff`."""

    title = Text("What changed", "发生了哪些变化")
    name = "diff"

    before: str
    after: str
    changes: tuple[Change, ...]
    same_data: bool
    """Whether both rest on the same rows of the same data: then no difference is one of chance."""
    tolerance: float
    values: int
    """Values of the results that differ by more than the tolerance."""
    rounding: int
    """Values that differ by less."""

    def tables(self) -> dict[str, Table]:
        """`changes`."""
        return {
            "changes": Table(
                {
                    "area": [AREAS[c.area] for c in self.changes],
                    "what": [c.what for c in self.changes],
                    "before": [c.before for c in self.changes],
                    "after": [c.after for c in self.changes],
                    "matters": [c.matters for c in self.changes],
                },
                title=Text("Changes, the most important first", "变化（重要的在前）"),
                labels={
                    "area": Text("Of", "类别"),
                    "what": Text("What", "项目"),
                    "before": Text("Before", "之前"),
                    "after": Text("After", "之后"),
                    "matters": Text("Matters", "是否重要"),
                },
                formats=dict.fromkeys(("area", "what", "before", "after"), "text"),
                notes=[
                    Text(
                        "{n} values of the results differ in all; {r} more differ by rounding only.",
                        "结果中共有 {n} 个数值不同；另有 {r} 个仅有舍入差异。",
                    ).fill(n=self.values, r=self.rounding)
                ],
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """The changes that matter as sentences, then how many others there are."""
        which = Text("{a} → {b}", "{a} → {b}").fill(a=self.before, b=self.after)
        # the index is what everybody asks about: it is told also where it stands within chance
        told = [c.words for c in self.changes if c.matters or c.area == "index"]
        said = (told or [c.words for c in self.changes])[:MOST_SAID]
        left = len(self.changes) - len(said)
        more = (
            [Text(f"{left} more changes are in the table.", f"另有 {left} 项变化见表。")] if left > 0 else []
        )
        return (which, *said, *more)


@dataclass(frozen=True, eq=False)
class _Side:
    """One of the two: the whole of it, and its results by analysis."""

    path: Path
    body: Mapping[str, Any]
    results: Mapping[str, Mapping[str, Any]]

    @property
    def sealed(self) -> bool:
        return isinstance(_at(self.body, "data", "sha256"), str)

    def at(self, *keys: str | int) -> Any:
        """A value inside the results, None where there is none."""
        return _at(self.results, *keys)

    def number(self, *keys: str | int) -> float | None:
        found = self.at(*keys)
        return float(found) if is_number(found) else None

    def numbers(self, *keys: str | int) -> list[float]:
        """A list of numbers, NaN where one is undefined; empty where there is no list."""
        found = self.at(*keys)
        return [float(v) if is_number(v) else math.nan for v in found] if isinstance(found, list) else []

    def names(self, *keys: str | int) -> list[str]:
        found = self.at(*keys)
        return [str(v) for v in found] if isinstance(found, list) else []

    def title(self, name: str) -> Text:
        """An item or construct in the words of its questionnaire."""
        for key in ("priorities", "reliability", "describe", "quality"):
            words = self.at(key, "titles", name)
            if isinstance(words, dict) and isinstance(words.get("en"), str):
                return bare(_said_text(words)) or Text(shown(name))
        return Text(shown(name))


def _at(value: Any, *keys: str | int) -> Any:
    for key in keys:
        if isinstance(key, int):
            if not isinstance(value, list) or key >= len(value):
                return None
            value = value[key]
        else:
            if not isinstance(value, Mapping):
                return None
            value = value.get(key)
    return value


def diff(before: str | Path, after: str | Path, *, tolerance: float = TOLERANCE) -> Diff:
    """What changed between two results: result.json of reports, or `--json` outputs of one command.

    An index or a mean of two samples changed if the 95 per cent interval of its difference, their standard
    errors taken as independent, leaves out zero (items: Holm-adjusted over all of them). Of the same rows
    every difference comes from how they were analysed, and none is chance.

    Parameters
    ----------
    tolerance : relative difference up to which two numbers are the same but for rounding.

    Raises
    ------
    BadInput : a file is damaged, holds no result of csat, or the two have no analysis in common.
    """
    if not 0 <= tolerance < 1:
        raise BadInput(f"{tolerance} is no tolerance", right="It is a relative difference from 0 to below 1")
    a, b = _side(before), _side(after)
    common = [name for name in a.results if name in b.results]
    if not common:
        raise BadInput(
            f"the two have no analysis in common ({_few(a.results)}; {_few(b.results)})",
            where=f"{a.path}, {b.path}",
            do="Compare two reports, or two results of the same command",
        )
    same_data = _same_data(a, b)
    apart = list(differences({n: a.results[n] for n in common}, {n: b.results[n] for n in common}))
    rounding = sum(d.relative is not None and d.relative <= tolerance for d in apart)
    found = [
        *_data(a, b, same_data),
        *_settings(a, b),
        *_verdicts(a, b),
        *_index(a, b, same_data, tolerance),
        *_priorities(a, b),
        *_items(a, b, same_data, tolerance),
        *_evidence(a, b, tolerance),
        *_cautions(a, b),
        *_versions(a, b),
    ]
    places = {area: k for k, area in enumerate(AREAS)}
    ranked = sorted(found, key=lambda c: (not c.matters and c.area != "index", places[c.area]))
    return Diff(
        base=_base(b),
        verdict=_verdict(ranked, len(apart) - rounding, rounding),
        before=str(before),
        after=str(after),
        changes=tuple(ranked),
        same_data=same_data,
        tolerance=tolerance,
        values=len(apart) - rounding,
        rounding=rounding,
    )


def _side(path: str | Path) -> _Side:
    found, _, body = read_json(path)
    results = body.get("results")
    if results is None and isinstance(body.get("analysis"), str):
        results = {body["analysis"]: body}
    if not isinstance(results, dict) or not all(isinstance(v, dict) for v in results.values()):
        raise BadInput(
            "this is no result of csat",
            where=str(found),
            right="csat report writes result.json; csat COMMAND --json prints one result",
        )
    return _Side(found, body, results)


def _few(names: Mapping[str, Any]) -> str:
    return listed([shown(n, 30) for n in names], shown=5)


def _base(side: _Side) -> Base:
    """The base of the later result, as far as it says it."""
    whole = side.at("reading", "base") or next(iter(side.results.values())).get("base")
    base: Mapping[str, Any] = whole if isinstance(whole, Mapping) else {}

    def number(key: str) -> float:
        value = base.get(key)
        return float(value) if is_number(value) else 0.0

    return Base(
        respondents=int(number("respondents")),
        effective_n=number("effective_n"),
        missing=shown(base.get("missing", "available")),
        rows=int(number("rows")),
        weighted=base.get("weighted") is True,
        instrument=shown(base.get("instrument", "")),
    )


def _verdict(changes: Sequence[Change], values: int, rounding: int) -> Verdict:
    """Sound in any case: a difference is a finding, not a fault."""
    if not changes and not values:
        words = (
            Text("Nothing changed but the last digits (rounding).", "除末位舍入外没有变化。")
            if rounding
            else Text("Nothing changed.", "没有变化。")
        )
    elif any(c.matters for c in changes):
        areas = list(dict.fromkeys(c.area for c in changes if c.matters))
        words = Text("Changes that matter: {areas}.", "重要的变化：{areas}。").fill(
            areas=joined([_lower(AREAS[a]) for a in areas])
        )
    else:
        words = Text("There are changes; none alters a conclusion.", "有变化，但不影响结论。")
    return Verdict("sound", words)


def _lower(text: Text) -> Text:
    return Text(text.en.lower(), text.zh)


# --------------------------------------------------------------------------------- data and settings


def _same_data(a: _Side, b: _Side) -> bool:
    """Whether both rest on the same rows; two results of one command do not say, so they may not."""
    if not (a.sealed and b.sealed):
        return False
    one, other = a.body["data"], b.body["data"]
    keys = ("sha256", "rows_kept", "dropped")
    return all(_at(one, k) == _at(other, k) for k in keys) and _at(one, "sha256") is not None


def _same_file(a: _Side, b: _Side) -> bool:
    sha = _at(a.body, "data", "sha256")
    return sha is not None and sha == _at(b.body, "data", "sha256")


def _data(a: _Side, b: _Side, same_data: bool) -> Iterator[Change]:
    if not (a.sealed and b.sealed):
        yield from _data_of_waves(a, b)
        return
    one, other = a.body["data"], b.body["data"]
    n, m = _at(one, "rows_kept"), _at(other, "rows_kept")
    if not _same_file(a, b):
        names = shown(_at(one, "source")), shown(_at(other, "source"))
        words = Text(
            "The data are not the same: {n} respondents from {a}, then {m} from {b}.",
            "数据不同：之前为 {a} 的 {n} 份答卷，之后为 {b} 的 {m} 份。",
        ).fill(n=shown(n), m=shown(m), a=names[0], b=names[1])
        yield Change(
            "data",
            Text("Data, SHA-256", "数据，SHA-256"),
            Text(f"{names[0]} {shown(_at(one, 'sha256'))[:12]}"),
            Text(f"{names[1]} {shown(_at(other, 'sha256'))[:12]}"),
            True,
            words,
        )
    elif not same_data:
        words = Text(
            "The file is the same, but {n} of its rows were analysed before and {m} after.",
            "文件相同，但之前分析 {n} 行，之后分析 {m} 行。",
        ).fill(n=shown(n), m=shown(m))
        yield Change("data", Text("Rows analysed", "分析的行数"), _value(n), _value(m), True, words)
    for key, label in (
        ("rows_read", Text("Rows read", "读入行数")),
        ("rows_kept", Text("Rows kept", "采用行数")),
    ):
        if _at(one, key) != _at(other, key) and not _same_file(a, b):
            before, after = _value(_at(one, key)), _value(_at(other, key))
            yield Change("data", label, before, after, False, _from_to(label, before, after))
    days, days_now = (" – ".join(dict.fromkeys(s.names("reading", "submitted"))) for s in (a, b))
    if days != days_now:
        label = Text("Answers sent", "提交日期")
        before, after = _value(days), _value(days_now)
        yield Change("data", label, before, after, False, _from_to(label, before, after))
    gone, gone_now = _at(one, "dropped") or {}, _at(other, "dropped") or {}
    if isinstance(gone, dict) and isinstance(gone_now, dict):
        for why in dict.fromkeys((*gone, *gone_now)):
            if gone.get(why) != gone_now.get(why):
                label = Text("Rows left out: {why}", "剔除的行：{why}").fill(
                    why=DROPPED.get(why, Text(shown(why)))
                )
                before, after = _value(gone.get(why, 0)), _value(gone_now.get(why, 0))
                yield Change("data", label, before, after, False, _from_to(label, before, after))
    for key, label in (
        ("encoding", Text("Encoding", "字符编码")),
        ("layout", Text("Layout", "版式")),
        ("weight", Text("Weight column used", "所用权重列")),
    ):
        if _at(one, key) != _at(other, key):
            before, after = _value(_at(one, key)), _value(_at(other, key))
            yield Change("data", label, before, after, key == "weight", _from_to(label, before, after))


def _data_of_waves(a: _Side, b: _Side) -> Iterator[Change]:
    """Of reports on several files: which came, went or are no longer the same."""
    one, other = a.body.get("data"), b.body.get("data")
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return
    for name in dict.fromkeys((*one, *other)):
        if _at(one, name, "sha256") == _at(other, name, "sha256"):
            continue
        before, after = (_wave(side, name) for side in (one, other))
        label = Text("Wave {name}", "调查期 {name}").fill(name=shown(name))
        yield Change("data", label, before, after, True, _from_to(label, before, after))


def _wave(data: Mapping[str, Any], name: str) -> Text:
    if name not in data:
        return NOTHING
    found = [shown(_at(data, name, key)) for key in ("source", "rows_kept", "sha256")]
    return Text(
        f"{found[0]}, n = {found[1]} ({found[2][:12]})", f"{found[0]}，n = {found[1]}（{found[2][:12]}）"
    )


def _settings(a: _Side, b: _Side) -> Iterator[Change]:
    one, other = a.body.get("run"), b.body.get("run")
    named = _at(a.body, "instrument", "id"), _at(b.body, "instrument", "id")
    version = _at(a.body, "instrument", "version"), _at(b.body, "instrument", "version")
    if named[0] != named[1] or version[0] != version[1]:
        label = Text("Instrument", "问卷")
        before = Text(shown(f"{named[0]} {version[0]}"))
        after = Text(shown(f"{named[1]} {version[1]}"))
        yield Change("settings", label, before, after, True, _from_to(label, before, after))
    elif isinstance(one, dict) and isinstance(other, dict):
        hashes = one.get("instrument_sha256"), other.get("instrument_sha256")
        if hashes[0] != hashes[1]:
            label = Text("Content of the instrument", "问卷内容")
            words = Text(
                "The instrument was edited, though its version {v} stayed.",
                "问卷内容已修改，但版本号仍为 {v}。",
            ).fill(v=shown(version[0]))
            before, after = Text(shown(hashes[0])[:12]), Text(shown(hashes[1])[:12])
            yield Change("settings", label, before, after, True, words)
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return
    for key, label in SETTINGS.items():
        if one.get(key) != other.get(key) and not (key == "instrument" and named[0] == named[1]):
            before, after = _value(one.get(key)), _value(other.get(key))
            matters = key not in (
                "language",
                "issued",
                "returned",
                "encoding",
                "delimiter",
                "instrument",
                "seed",
            )
            yield Change("settings", label, before, after, matters, _from_to(label, before, after))


def _versions(a: _Side, b: _Side) -> Iterator[Change]:
    one, other = a.body.get("versions"), b.body.get("versions")
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*one, *other)):
            if one.get(name) != other.get(name):
                label = Text("Version of {name}", "{name} 版本").fill(name=shown(name))
                before, after = _value(one.get(name)), _value(other.get(name))
                yield Change("versions", label, before, after, False, _from_to(label, before, after))


# ----------------------------------------------------------------------------------------- verdicts


def _stages(a: _Side, b: _Side) -> list[tuple[str, Text]]:
    titles = {e.name: e.title for e in CATALOGUE} | {"reading": Text("Reading", "数据读取")}
    names = dict.fromkeys((*titles, *a.results, *b.results))
    return [(n, titles.get(n, Text(shown(n)))) for n in names if n in a.results or n in b.results]


def _level(verdict: Any) -> Text:
    level = _at(verdict, "level")
    words: Mapping[str, Text] = {str(name): text for name, text in VERDICT_WORDS.items()}
    return words.get(str(level), Text(shown(level))) if level is not None else NOTHING


def _verdicts(a: _Side, b: _Side) -> Iterator[Change]:
    whole = Text("The whole", "总体")
    pairs = [(whole, a.body.get("verdict"), b.body.get("verdict"))] if a.sealed and b.sealed else []
    pairs += [
        (title, a.at(name, "verdict"), b.at(name, "verdict"))
        for name, title in _stages(a, b)
        if name in a.results and name in b.results
    ]
    for title, one, other in pairs:
        before, after = _level(one), _level(other)
        if before != after:
            why = _said_text(_at(other, "text"))
            words = Text(
                "{title}: {before} before, {after} now. {why}", "{title}：之前{before}，现在{after}。{why}"
            )
            yield Change(
                "verdict",
                title,
                before,
                after,
                True,
                words.fill(title=title, before=_lower(before), after=_lower(after), why=why),
            )
    if not (a.sealed and b.sealed):
        return
    there, gone = Text("given", "已给出"), Text("withheld", "未给出")
    for name, title in _stages(a, b):
        if (name in a.results) != (name in b.results) and not name.startswith("groups "):
            now = name in b.results
            side = a if now else b  # the one that withholds it says why
            reason = shown(_at(side.body, "withheld", name) or "", WIDEST)
            if not reason:  # another version of csat, or a shorter report: nothing was judged
                label = Text("Parts of the report", "报告内容")
                words = Text(
                    "{title} is new in the report." if now else "{title} is no longer in the report.",
                    "报告新增：{title}。" if now else "报告不再包含：{title}。",
                ).fill(title=title)
                yield Change(
                    "settings", label, *((NOTHING, title) if now else (title, NOTHING)), False, words
                )
                continue
            words = Text(
                f"{{title}}: {'now given, withheld before' if now else 'no longer given'}. {{why}}",
                f"{{title}}：{'之前未给出，现已给出' if now else '不再给出'}。{{why}}",
            ).fill(title=title, why=reason)
            yield Change("verdict", title, gone if now else there, there if now else gone, True, words)


# -------------------------------------------------------------------------------------------- index


def _index(a: _Side, b: _Side, same_data: bool, tolerance: float) -> Iterator[Change]:
    one, other = a.number("index", "score", 0), b.number("index", "score", 0)
    if one is None or other is None:
        return
    label = _said_text(b.at("index", "construct_title")) or Text(shown(b.at("index", "construct")))
    label = Text("Index: {name}", "指数：{name}").fill(name=label)
    before, after = _with_interval(a), _with_interval(b)
    how = [(side.at("index", "construct"), side.at("index", "method")) for side in (a, b)]
    if how[0] != how[1]:
        said = [Text(shown(f"{construct}, {method}")) for construct, method in how]
        words = Text(
            "The index is no longer of the same kind ({before}; {after}): the two numbers do not compare.",
            "指数口径不同（{before}；{after}）：两个数值不可直接比较。",
        ).fill(before=said[0], after=said[1])
        yield Change("index", Text("Kind of index", "指数口径"), said[0], said[1], True, words)
    if _same(one, other, tolerance):
        return
    se = a.number("index", "se", 0), b.number("index", "se", 0)
    change = other - one
    rise = Text("rose", "上升") if change > 0 else Text("fell", "下降")
    points = formatted(abs(change), "score") if abs(change) >= 0.05 else f"{abs(change):.2g}"
    start = Text(
        "The index {rise} by {points} points, from {a} to {b}", "指数{rise} {points} 分（{a} → {b}）"
    ).fill(rise=rise, points=points, a=formatted(one, "score"), b=formatted(other, "score"))
    if same_data:
        end = Text(
            ": the answers are the same, so this comes from how they were analysed, not from chance.",
            "：答卷相同，差异来自分析方式而非抽样。",
        )
        half = 1.96 * (se[0] or math.nan)
        matters = not abs(change) < half
    elif se[0] is None or se[1] is None:
        end, matters = (
            Text(
                "; without standard errors nothing says whether that is chance.",
                "；缺少标准误，无法判断是否偶然。",
            ),
            True,
        )
    else:
        half = normal_quantile() * math.hypot(se[0], se[1])
        low, high = formatted(change - half, "score"), formatted(change + half, "score")
        matters = abs(change) > half
        end = (
            Text(
                f": more than chance (95% interval of the change {low} to {high}).",
                f"：超出抽样误差（变化的 95% 区间 {low} 至 {high}）。",
            )
            if matters
            else Text(
                f": within chance (95% interval of the change {low} to {high}).",
                f"：在抽样误差之内（变化的 95% 区间 {low} 至 {high}）。",
            )
        )
        if _same_file(a, b):
            end = Text(
                end.en + " Most rows are the same, so the true interval is narrower.",
                end.zh + "多数答卷相同，实际区间更窄。",
            )
    yield Change("index", label, before, after, matters, Text(start.en + end.en, start.zh + end.zh))


def _with_interval(side: _Side) -> Text:
    score, low, high = (side.number("index", key, 0) for key in ("score", "ci_lower", "ci_upper"))
    text = formatted(score, "score")
    if low is None or high is None:
        return Text(text)
    low_, high_ = formatted(low, "score"), formatted(high, "score")
    return Text(f"{text} ({low_} to {high_})", f"{text}（{low_} 至 {high_}）")


# --------------------------------------------------------------------------------------- priorities


def _ranked(side: _Side) -> dict[str, float]:
    names, ranks = side.names("priorities", "items"), side.numbers("priorities", "rank")
    found = {n: r for n, r in zip(names, ranks, strict=False) if not math.isnan(r)}
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def _priorities(a: _Side, b: _Side) -> Iterator[Change]:
    one, other = list(_ranked(a)), list(_ranked(b))
    if not one or not other:
        return
    first, now = one[:FIRST], other[:FIRST]
    if first != now:
        label = Text(f"First {FIRST} priorities", f"前 {FIRST} 个优先项")
        before, after = (joined([side.title(n) for n in names]) for side, names in ((a, first), (b, now)))
        came, went = [n for n in now if n not in first], [n for n in first if n not in now]
        if came or went:
            words = Text(
                "Among the first {k} priorities: {came} instead of {went}.",
                "前 {k} 个优先项中：{came}取代{went}。",
            ).fill(k=FIRST, came=quoted([b.title(n) for n in came]), went=quoted([a.title(n) for n in went]))
        else:
            words = Text(
                "The first {k} priorities are the same items in another order.",
                "前 {k} 个优先项相同，但次序改变。",
            ).fill(k=FIRST)
        yield Change("priorities", label, before, after, bool(came or went), words)
    places = [
        dict(zip(s.names("priorities", "items"), s.names("priorities", "quadrants"), strict=False))
        for s in (a, b)
    ]
    moved = [n for n in places[0] if n in places[1] and places[0][n] != places[1][n]]
    came, went = ([n for n in moved if place[n] == IMPROVE] for place in reversed(places))
    if came or went:
        words = Text(
            "To improve first: added {came}; no longer {went}.", "优先改进：新增{came}；不再包括{went}。"
        )
        none = Text("none", "无")
        before = quoted([a.title(n) for n in went[:MOST_ITEMS]]) or none
        after = quoted([b.title(n) for n in came[:MOST_ITEMS]]) or none
        label = Text("Left or joined 'improve first'", "移出或进入“优先改进”")
        yield Change("priorities", label, before, after, True, words.fill(came=after, went=before))
    for name in [n for n in moved if n not in (*came, *went)][:LISTED]:
        before, after = (PLACES.get(place[name], Text(shown(place[name]))) for place in places)
        label = Text("Quadrant: {item}", "象限：{item}").fill(item=b.title(name))
        yield Change("priorities", label, before, after, False, _from_to(label, before, after))


# ---------------------------------------------------------------------------------- items, evidence


def _items(a: _Side, b: _Side, same_data: bool, tolerance: float) -> Iterator[Change]:
    sides = []
    for side in (a, b):
        names = side.names("describe", "items")
        values = zip(side.numbers("describe", "mean"), side.numbers("describe", "se"), strict=False)
        sides.append(dict(zip(names, values, strict=False)))
    one, other = sides
    gone, new = [n for n in one if n not in other], [n for n in other if n not in one]
    for names, side, words in (
        (gone, a, Text("Items no longer there: {items}.", "不再包含的题项：{items}。")),
        (new, b, Text("New items: {items}.", "新增题项：{items}。")),
    ):
        if names and one and other:
            said = joined([side.title(n) for n in names[:MOST_ITEMS]])
            before, after = (said, NOTHING) if side is a else (NOTHING, said)
            label = Text("Items", "题项")
            yield Change("items", label, before, after, True, words.fill(items=said))
    common = [n for n in one if n in other and not _same(one[n][0], other[n][0], tolerance)]
    if not common or same_data:
        return
    change = np.array([other[n][0] - one[n][0] for n in common])
    se = np.hypot([one[n][1] for n in common], [other[n][1] for n in common])
    with np.errstate(invalid="ignore", divide="ignore"):
        z = change / se
    known = np.isfinite(z)
    p = np.full(len(common), np.nan)
    if known.any():
        p[known] = adjust_p(t_two_sided_p(z[known], np.inf))
    for k in sorted(np.flatnonzero(known), key=lambda k: -abs(z[k]))[:MOST_ITEMS]:
        if not p[k] < 0.05:
            continue
        name = common[k]
        before, after = Text(formatted(one[name][0])), Text(formatted(other[name][0]))
        words = Text(
            "{item}: mean {before}, then {after}, more than chance (Holm-adjusted p {p}).",
            "{item}：均值由 {before} 变为 {after}，超出抽样误差（Holm 校正 p {p}）。",
        ).fill(item=b.title(name), before=before, after=after, p=_p(float(p[k])))
        yield Change("items", b.title(name), before, after, True, words)


def _p(p: float) -> str:
    text = formatted(p, "p")
    return text if text.startswith("<") else f"= {text}"


def _evidence(a: _Side, b: _Side, tolerance: float) -> Iterator[Change]:
    alphas = [
        dict(zip(s.names("reliability", "constructs"), s.numbers("reliability", "alpha"), strict=False))
        for s in (a, b)
    ]
    pairs: list[tuple[Text, float | None, float | None, Guideline | None]] = [
        (
            Text("Alpha: {name}", "α：{name}").fill(name=b.title(n)),
            alphas[0][n],
            alphas[1][n],
            ALPHA_ACCEPTABLE,
        )
        for n in alphas[0]
        if n in alphas[1]
    ]
    pairs.append((Text("KMO"), a.number("adequacy", "kmo"), b.number("adequacy", "kmo"), KMO_WORKING))
    for stage, name in (
        ("cfa", Text("measurement model", "测量模型")),
        ("sem", Text("path model", "路径模型")),
    ):
        pairs += [
            (
                Text("{measure}: {model}", "{measure}：{model}").fill(measure=measure, model=name),
                a.number(stage, "fit", key),
                b.number(stage, "fit", key),
                FIT_HU_BENTLER.get(guide),
            )
            for key, measure, guide in FITS
        ]
    pairs.append(
        (Text("R² of the drivers", "驱动因素 R²"), a.number("drivers", "r2"), b.number("drivers", "r2"), None)
    )
    counts = [s.names("efa", "factors") for s in (a, b)]
    if counts[0] and counts[1] and len(counts[0]) != len(counts[1]):
        label = Text("Number of factors", "因子数")
        before, after = (Text(str(len(c))) for c in counts)
        yield Change("evidence", label, before, after, True, _from_to(label, before, after))
    for label, one, other, guideline in pairs:
        if one is None or other is None or math.isnan(one + other) or _same(one, other, tolerance):
            continue
        before, after = Text(formatted(one)), Text(formatted(other))
        crossed = guideline is not None and guideline.met(one) != guideline.met(other)
        words = _from_to(label, before, after)
        if crossed and guideline is not None:
            words = Text(
                "{label} went from {before} to {after}, which crosses the guideline of {value}.",
                "{label} 由 {before} 变为 {after}，越过参考标准 {value}。",
            ).fill(label=label, before=before, after=after, value=f"{guideline.value:g}")
        yield Change("evidence", label, before, after, crossed, words)


# ----------------------------------------------------------------------------------------- cautions


def _cautions(a: _Side, b: _Side) -> Iterator[Change]:
    told = 0
    for name, title in _stages(a, b):
        if name not in a.results or name not in b.results:
            continue
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


def _cautions_of(side: _Side, name: str) -> dict[str, Text]:
    found = side.at(name, "cautions")
    return {
        shown(_at(c, "code")): _said_text(_at(c, "text")) or Text(shown(_at(c, "code")))
        for c in (found if isinstance(found, list) else [])
    }


# -------------------------------------------------------------------------------------------- words


def _said_text(words: Any) -> Text:
    en, zh = _at(words, "en"), _at(words, "zh")
    return Text(
        shown(en, WIDEST) if isinstance(en, str) else "", shown(zh, WIDEST) if isinstance(zh, str) else ""
    )


def _value(value: Any) -> Text:
    """A setting as a reader sees it."""
    if value is None or value in ("", [], {}):
        return Text("none", "无")
    if isinstance(value, list):
        return Text(shown(", ".join(map(str, value))))
    return Text(shown(value))


def _from_to(label: Text, before: Text, after: Text) -> Text:
    return Text("{label}: {before}, now {after}.", "{label}：之前 {before}，现在 {after}。").fill(
        label=label, before=before, after=after
    )


def _same(one: float, other: float, tolerance: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return abs(one - other) <= tolerance * max(abs(one), abs(other))
