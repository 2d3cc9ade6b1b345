"""SurveyMonkey: a row of questions, a row of options; condensed or expanded."""

from __future__ import annotations

import re

from csat.language import Text
from csat.responses.exports.layout import (
    ANSWER,
    INDICATORS,
    META,
    PRIVATE,
    RESPONDENT,
    STARTED,
    SUBMITTED,
    WRITE_IN,
    Export,
    Found,
    Head,
    Heading,
    Layout,
    Multiple,
    Reading,
    cell,
    column_of,
    moments,
    seconds_between,
    squeeze,
)

ROLES = {
    squeeze(name): role
    for role, names in {
        RESPONDENT: ("Respondent ID",),
        META: ("Collector ID", "Custom Data", "Custom Data 1", "Collector"),
        STARTED: ("Start Date", "Date Created"),
        SUBMITTED: ("End Date", "Date Modified"),
        PRIVATE: (
            "IP Address",
            "Email Address",
            "Email",
            "First Name",
            "Last Name",
            "Name",
            "Phone",
            "Phone Number",
        ),
    }.items()
    for name in names
}
PLAIN_PARTS = {"", "response", "open-endedresponse"}
OTHER = re.compile(
    r"(.*?)\s*[(（](?:please specify|please describe|请注明|请说明|请具体说明)[)）].*", re.IGNORECASE
)
EARLY_DAYS = 12


def signature(head: Head) -> Found | None:
    """`Respondent ID` and `Collector ID`; below them an empty cell where a second header row stands."""
    if not head:
        return None
    key, collector = column_of(head[0], "Respondent ID"), column_of(head[0], "Collector ID")
    if key is None or collector is None:
        return None
    second = len(head) > 1 and not cell(head, 1, key) and not cell(head, 1, collector)
    return Found(2 if second else 1, "Respondent ID and Collector ID in row 1")


def headings(head: Head, header_rows: int) -> list[Heading]:
    """Questions fill right: the text stands in the first of its columns only."""
    width = max(len(head[0]), len(head[1]) if header_rows > 1 else 0)
    found: list[Heading] = []
    stem = ""
    for at in range(width):
        header = cell(head, 0, at)
        part = cell(head, 1, at) if header_rows > 1 else ""
        role = "" if stem else ROLES.get(squeeze(header), "")
        if not role and not stem and squeeze(header).startswith("customdata"):
            role = META
        if role:
            found.append(Heading(header, role))
            continue
        stem = header or stem
        found.append(_heading(stem, part))
    return found


def _heading(stem: str, part: str) -> Heading:
    other = OTHER.fullmatch(part)
    if squeeze(part) in PLAIN_PARTS:
        return Heading(stem, ANSWER, question=stem, stem=stem)
    name = f"{stem} - {part}"
    if other:
        return Heading(name, WRITE_IN, question=stem, option=other[1] or part, stem=stem, part=part)
    return Heading(name, ANSWER, question=stem, option=part, stem=stem, part=part, also=(part,))


def study(export: Export, reading: Reading) -> None:
    """Nothing says whether a respondent finished: those without any answer are left out as empty."""
    submitted, started = export.of(SUBMITTED), export.of(STARTED)
    reading.seconds = seconds_between(started, submitted)
    if submitted is not None:
        reading.submitted = moments(submitted)
        days = [int(m[2]) for t in submitted.distinct if (m := re.match(r"(\d{1,2})/(\d{1,2})/\d{4}", t))]
        if days and max(days) <= EARLY_DAYS and any(d != 1 for d in days):
            reading.notes.append(
                Text(
                    "dates are read with the month first; every day is 12 or less, so it could be otherwise",
                    "日期按“月在前”读取；所有日数均不大于 12，因此也可能相反",
                )
            )
    for question, names in export.questions().items():
        if found := _multiple(export, question, names):
            reading.multiple[question] = found


def _multiple(export: Export, question: str, names: list[str]) -> Multiple | None:
    """One column an option: each holds its own label, or its own position, and nothing else."""
    options = [n for n in names if export.headings[n].role == ANSWER]
    others = [n for n in names if export.headings[n].role == WRITE_IN]
    if len(options) + len(others) < 2 or not options or not all(export.headings[n].option for n in options):
        return None
    positions = []
    for name in options:
        texts = export.columns[name].few()
        if len(texts) > 1 or (not texts and export.columns[name].filled().any()):
            return None
        if texts and texts[0] != export.headings[name].option:
            positions.append(texts[0])
    if positions and (len(set(positions)) != len(positions) or not all(p.isdigit() for p in positions)):
        return None
    if not any(export.columns[n].filled().any() for n in names):
        return None
    labels = tuple(export.headings[n].option for n in (*options, *others))
    return Multiple(INDICATORS, (*options, *others), labels, other=tuple(others))


SURVEYMONKEY = Layout("surveymonkey", "SurveyMonkey", signature, headings, study)
