"""What two results rest on and how that changed: the data, the settings, the versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from csat.analyses.reading_words import DROPPED
from csat.language import Text
from csat.report.diff_result import NOTHING, Change, replaced
from csat.report.diff_sides import Side, same_file, value_at, value_words
from csat.report.seal import shown

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
HARMLESS = ("language", "issued", "returned", "encoding", "delimiter", "instrument", "seed")
"""Settings that change no conclusion by themselves. Another instrument is told by its id and version."""


def changes_of_data(a: Side, b: Side, *, same_data: bool) -> Iterator[Change]:
    """Other answers, other rows of them, other reasons to leave rows out, another way to read them."""
    if not (a.sealed and b.sealed):
        yield from _data_of_waves(a, b)
        return
    yield from _answers(a, b, same_data=same_data)
    one, other = a.body["data"], b.body["data"]
    days, days_now = (" – ".join(dict.fromkeys(s.names("reading", "submitted"))) for s in (a, b))
    if days != days_now:
        label = Text("Answers sent", "提交日期")
        yield replaced("data", label, value_words(days), value_words(days_now), matters=False)
    yield from _rows_left_out(one, other)
    for key, label in (
        ("encoding", Text("Encoding", "字符编码")),
        ("layout", Text("Layout", "版式")),
        ("weight", Text("Weight column used", "所用权重列")),
    ):
        before, after = value_at(one, key), value_at(other, key)
        if before != after:
            matters = key == "weight"
            yield replaced("data", label, value_words(before), value_words(after), matters=matters)


def _answers(a: Side, b: Side, *, same_data: bool) -> Iterator[Change]:
    """Another file and its rows, or other rows of the same."""
    one, other = a.body["data"], b.body["data"]
    n, m = value_at(one, "rows_kept"), value_at(other, "rows_kept")
    if same_file(a, b):
        if not same_data:
            words = Text(
                "The file is the same, but {n} of its rows were analysed before and {m} after.",
                "文件相同，但之前分析 {n} 行，之后分析 {m} 行。",
            ).fill(n=shown(n), m=shown(m))
            label = Text("Rows analysed", "分析的行数")
            yield Change("data", label, value_words(n), value_words(m), True, words)
        return
    names = shown(value_at(one, "source")), shown(value_at(other, "source"))
    words = Text(
        "The data are not the same: {n} respondents from {a}, then {m} from {b}.",
        "数据不同：之前为 {a} 的 {n} 份答卷，之后为 {b} 的 {m} 份。",
    ).fill(n=shown(n), m=shown(m), a=names[0], b=names[1])
    yield Change(
        "data",
        Text("Data, SHA-256", "数据，SHA-256"),
        Text(f"{names[0]} {shown(value_at(one, 'sha256'))[:12]}"),
        Text(f"{names[1]} {shown(value_at(other, 'sha256'))[:12]}"),
        True,
        words,
    )
    for key, label in (
        ("rows_read", Text("Rows read", "读入行数")),
        ("rows_kept", Text("Rows kept", "采用行数")),
    ):
        before, after = value_at(one, key), value_at(other, key)
        if before != after:
            yield replaced("data", label, value_words(before), value_words(after), matters=False)


def _rows_left_out(one: Any, other: Any) -> Iterator[Change]:
    gone, gone_now = value_at(one, "dropped") or {}, value_at(other, "dropped") or {}
    if not (isinstance(gone, dict) and isinstance(gone_now, dict)):
        return
    for why in dict.fromkeys((*gone, *gone_now)):
        if gone.get(why) != gone_now.get(why):
            label = Text("Rows left out: {why}", "剔除的行：{why}").fill(
                why=DROPPED.get(why, Text(shown(why)))
            )
            before, after = value_words(gone.get(why, 0)), value_words(gone_now.get(why, 0))
            yield replaced("data", label, before, after, matters=False)


def _data_of_waves(a: Side, b: Side) -> Iterator[Change]:
    """Of reports on several files: which came, went or are no longer the same."""
    one, other = a.body.get("data"), b.body.get("data")
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return
    for name in dict.fromkeys((*one, *other)):
        if value_at(one, name, "sha256") == value_at(other, name, "sha256"):
            continue
        label = Text("Wave {name}", "调查期 {name}").fill(name=shown(name))
        yield replaced("data", label, _wave(one, name), _wave(other, name), matters=True)


def _wave(data: Mapping[str, Any], name: str) -> Text:
    if name not in data:
        return NOTHING
    found = [shown(value_at(data, name, key)) for key in ("source", "rows_kept", "sha256")]
    return Text(
        f"{found[0]}, n = {found[1]} ({found[2][:12]})", f"{found[0]}，n = {found[1]}（{found[2][:12]}）"
    )


def changes_of_settings(a: Side, b: Side) -> Iterator[Change]:
    """Another instrument, or one that was edited, then the settings of the run."""
    one, other = a.body.get("run"), b.body.get("run")
    named = value_at(a.body, "instrument", "id"), value_at(b.body, "instrument", "id")
    version = value_at(a.body, "instrument", "version"), value_at(b.body, "instrument", "version")
    if named[0] != named[1] or version[0] != version[1]:
        before, after = (Text(shown(f"{n} {v}")) for n, v in zip(named, version, strict=True))
        yield replaced("settings", SETTINGS["instrument"], before, after, matters=True)
    elif isinstance(one, dict) and isinstance(other, dict):
        yield from _edited(one.get("instrument_sha256"), other.get("instrument_sha256"), version[0])
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return
    for key, label in SETTINGS.items():
        if one.get(key) != other.get(key) and not (key == "instrument" and named[0] == named[1]):
            before, after = value_words(one.get(key)), value_words(other.get(key))
            yield replaced("settings", label, before, after, matters=key not in HARMLESS)


def _edited(before: Any, after: Any, version: Any) -> Iterator[Change]:
    """Another content, by its hash, under the same id and version."""
    if before != after:
        words = Text(
            "The instrument was edited, though its version {v} stayed.",
            "问卷内容已修改，但版本号仍为 {v}。",
        ).fill(v=shown(version))
        label = Text("Content of the instrument", "问卷内容")
        hashes = Text(shown(before)[:12]), Text(shown(after)[:12])
        yield Change("settings", label, *hashes, True, words)


def changes_of_versions(a: Side, b: Side) -> Iterator[Change]:
    """Of csat and of what it computes with."""
    one, other = a.body.get("versions"), b.body.get("versions")
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*one, *other)):
            if one.get(name) != other.get(name):
                label = Text("Version of {name}", "{name} 版本").fill(name=shown(name))
                before, after = value_words(one.get(name)), value_words(other.get(name))
                yield replaced("versions", label, before, after, matters=False)
