"""Wenjuanxing 问卷星: six columns of its own, numbered questions; text, number or score of options."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from csat.responses.exports.layout import (
    ANSWER,
    DURATION,
    INDICATORS,
    META,
    PRIVATE,
    RANKING,
    RESPONDENT,
    SCORE,
    SEPARATED,
    SUBMITTED,
    Export,
    Found,
    Head,
    Heading,
    Layout,
    Multiple,
    Reading,
    durations,
    moments,
    squeeze,
)

ROLES = {
    "序号": RESPONDENT,
    "提交答卷时间": SUBMITTED,
    "所用时间": DURATION,
    "来源": META,
    "来源详情": META,
    "来自ip": PRIVATE,
    "总分": SCORE,
    "用户昵称": PRIVATE,
    "微信昵称": PRIVATE,
    "昵称": PRIVATE,
    "姓名": PRIVATE,
    "用户id": PRIVATE,
    "微信openid": PRIVATE,
    "openid": PRIVATE,
    "头像": PRIVATE,
    "自定义字段": META,
}
OWN = ("序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自ip")
NUMBERED = re.compile(r"(?:第\s*(\d+)\s*题|(\d+)\s*[、：:.．])\s*(.*)", re.DOTALL)
IN_BRACKETS = re.compile(r"[(（](.*)[)）]", re.DOTALL)
STEM_AND_PART = re.compile(r"(.+?)\s*[(（]([^()（）]+(?:[(（][^()（）]*[)）])?[^()（）]*)[)）]", re.DOTALL)
DASH = re.compile(r"(.+?)\s*(?:——|—|--)\s*(.+)", re.DOTALL)
WRITE_IN = re.compile(r"〖(.*?)〗", re.DOTALL)
OPTIONS, PLACES = "┋", "→"
SKIPPED = {"-3": "NOT_APPLICABLE", "(跳过)": "NOT_APPLICABLE", "-2": "NO_ANSWER", "(空)": "NO_ANSWER"}


def signature(head: Head) -> Found | None:
    """At least four of the six own columns, the number and the time of submission among them."""
    header = {squeeze(h) for h in head[0]} if head else set()
    met = [name for name in OWN if name in header]
    if {"序号", "提交答卷时间"} <= header and len(met) >= 4:
        return Found(1, f"{'、'.join(met)} in row 1")
    return None


def headings(head: Head, header_rows: int) -> list[Heading]:
    """The number of the question and the part behind it, in all the ways the platform writes them."""
    found = []
    for header in head[0]:
        role = ROLES.get(squeeze(header), "")
        found.append(Heading(header, role) if role else _heading(header))
    return _with_stems(found)


def _with_stems(found: list[Heading]) -> list[Heading]:
    """The columns of one question, where the stem stands before the part of the first or of every column."""
    groups: dict[str, list[int]] = {}
    for at, heading in enumerate(found):
        if heading.question and heading.role == ANSWER:
            groups.setdefault(heading.question, []).append(at)
    out = list(found)
    for members in groups.values():
        parted = {at: STEM_AND_PART.fullmatch(found[at].stem) for at in members if not found[at].part}
        stems = {m[1].strip() for m in parted.values() if m}
        if len(members) < 2 or len(stems) != 1 or not all(parted.values()):
            continue
        stem = stems.pop()
        for at in members:
            match = parted.get(at)
            part = match[2].strip() if match else found[at].part
            out[at] = replace(
                found[at], option=part, stem=stem, part=part, text="",
                also=tuple(dict.fromkeys((f"{found[at].question}.{part}", part, *found[at].also[1:]))),
            )  # fmt: skip
    return out


def _heading(header: str) -> Heading:
    match = NUMBERED.fullmatch(header)
    if not match:
        return Heading(header, ANSWER, question=header, stem=header)
    number, rest = match[1] or match[2], match[3].strip()
    stem, part = rest, ""
    if inside := IN_BRACKETS.fullmatch(rest):
        stem, part = "", inside[1].strip()
    elif parted := DASH.fullmatch(rest):
        stem, part = parted[1], parted[2]
    if not part:
        return Heading(
            header, ANSWER, question=number, stem=stem, text=stem, also=(number, *((stem,) if stem else ()))
        )
    return Heading(
        header, ANSWER, question=number, option=part, stem=stem, part=part, also=(f"{number}.{part}", part)
    )


def study(export: Export, reading: Reading) -> None:
    """Rows skipped by logic and left empty have codes of their own, in numbers and in words."""
    reading.silences.update(SKIPPED)
    submitted = export.of(SUBMITTED)
    reading.submitted = moments(submitted) if submitted is not None else None
    reading.seconds = durations(export.of(DURATION))
    for question, names in export.questions().items():
        found = _joined(export, names[0]) if len(names) == 1 else _one_column_each(export, names)
        if found:
            reading.multiple[question] = found


def without_write_in(text: str) -> str:
    """The option without what was written beside it."""
    return WRITE_IN.sub("", text).strip()


def _joined(export: Export, name: str) -> Multiple | None:
    texts = [t for t in export.columns[name].few() if t not in SKIPPED]
    if any(PLACES in t for t in texts) and all(PLACES in t or len(t) < 40 for t in texts):
        return Multiple(RANKING, (name,), separator=PLACES)
    if any(OPTIONS in t or WRITE_IN.search(t) for t in texts):
        return Multiple(SEPARATED, (name,), separator=OPTIONS)
    return None


def _one_column_each(export: Export, names: list[str]) -> Multiple | None:
    """Options chosen are 1 and others 0; places of a ranking are 1 to k, each once in a row."""
    options = tuple(export.headings[n].option for n in names)
    if not all(options):
        return None
    texts = {without_write_in(t) for n in names for t in export.columns[n].few() if t not in SKIPPED}
    if texts and texts <= {"0", "1"} and "0" in texts:
        return Multiple(INDICATORS, tuple(names), options, chosen=_is_one)
    if texts and all(t.isdigit() for t in texts) and _are_places(export, names):
        return Multiple(RANKING, tuple(names), options)
    return None


def _is_one(text: str) -> bool:
    return without_write_in(text) == "1"


def _are_places(export: Export, names: list[str]) -> bool:
    """Whether every row that placed anything placed it 1, 2, .. without gap or tie, and rows differ."""
    places = np.zeros((export.rows, len(names)), dtype=np.int64)
    for k, name in enumerate(names):
        values, _ = export.columns[name].numbers()
        places[:, k] = np.where(values > 0, np.nan_to_num(values), 0)
    placed = places[places.any(axis=1)]
    if len(placed) < 2 or len(names) < 2 or not placed.max(initial=0) <= len(names):
        return False
    ordered = np.sort(placed, axis=1)
    counts = (placed > 0).sum(axis=1)
    wanted = np.maximum(np.arange(1, len(names) + 1) - (len(names) - counts)[:, None], 0)
    return bool((ordered == wanted).all() and (placed != placed[0]).any())


WENJUANXING = Layout("wenjuanxing", "Wenjuanxing 问卷星", signature, headings, study)
