"""Qualtrics: export tags, question text, a row of ImportIds; and the older layout without the third row."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np

from csat.responses.exports.layout import (
    ANSWER,
    DURATION,
    EMBEDDED,
    FINISHED,
    GROUP,
    INDICATORS,
    LANGUAGE,
    META,
    ORDER,
    PRIVATE,
    PROGRESS,
    RESPONDENT,
    SCORE,
    SEPARATED,
    STARTED,
    STATUS,
    SUBMITTED,
    TIME,
    TIMER,
    WRITE_IN,
    Export,
    Found,
    Head,
    Heading,
    Layout,
    Multiple,
    Reading,
    cell,
    common_stem,
    durations,
    moments,
    seconds_between,
    squeeze,
)

ROLES = {
    squeeze(name): role
    for role, names in {
        RESPONDENT: ("ResponseId", "Response ID"),
        STARTED: ("StartDate", "Start Date"),
        SUBMITTED: ("EndDate", "End Date"),
        TIME: ("RecordedDate", "Recorded Date"),
        STATUS: ("Status", "Response Type"),
        PROGRESS: ("Progress",),
        FINISHED: ("Finished",),
        DURATION: ("Duration (in seconds)", "Duration"),
        LANGUAGE: ("UserLanguage", "User Language", "Q_Language"),
        META: ("DistributionChannel", "Distribution Channel", "ResponseSet"),
        PRIVATE: (
            "IPAddress",
            "IP Address",
            "RecipientLastName",
            "RecipientFirstName",
            "RecipientEmail",
            "ExternalReference",
            "ExternalDataReference",
            "External Data Reference",
            "LocationLatitude",
            "LocationLongitude",
            "LocationAccuracy",
            "Name",
            "EmailAddress",
            "Email Address",
        ),
    }.items()
    for name in names
}
SUFFIXES = (
    (re.compile(r"(.*)_(First Click|Last Click|Page Submit|Click Count)"), TIMER),
    (re.compile(r"(.*)_NPS_GROUP"), GROUP),
    (re.compile(r"(.*)_DO(?:_.*)?"), ORDER),
    (re.compile(r"(.*)_TEXT"), WRITE_IN),
    (re.compile(r"(.*)_(Id|Name|Size|Type|Browser|Version|Operating System|Resolution)"), META),
    (re.compile(r"()SC\d+"), SCORE),
    (re.compile(r"()Q_[A-Z].*"), META),
)
ENDINGS = (" - Selected Choice", " - Group", " - Other - Text", " - Text")

PREVIEW, TEST, SPAM = 1, 2, 8
"""Bits of the status; 4 (imported) and 16 (offline) are answers."""
STATUS_WORDS = {
    "surveypreview": "preview",
    "preview": "preview",
    "surveytest": "test",
    "test": "test",
    "spam": "spam",
}
NOT_FINISHED = {"0", "false", "no", "0.0"}
SEEN_UNANSWERED = "-99"

JOINED_CODES = re.compile(r"-?\d+(?:,-?\d+)*")
COMMA = r",(?! )"
"""Joined labels have a comma without a space between them; a comma within a label has one after it."""
MOST_OPTIONS = 60


def import_ids(head: Head) -> int | None:
    """The row (2 to 4, as 1 to 3) in which most cells hold an ImportId, or None."""
    for row in range(1, min(4, len(head))):
        cells = [c for c in head[row] if c]
        if cells and sum(import_id(c) is not None for c in cells) > len(cells) / 2:
            return row
    return None


def import_id(text: str) -> str | None:
    """What a cell such as `{"ImportId":"QID1"}` names."""
    if not text.startswith("{") or "ImportId" not in text:
        return None
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return str(found.get("ImportId", "")) if isinstance(found, dict) else None


def signature(head: Head) -> Found | None:
    """Three header rows, the third of ImportIds; or two, as in workbooks."""
    row = import_ids(head)
    if row is not None:
        return Found(row + 1, f"row {row + 1} holds an ImportId for each column")
    if not head:
        return None
    tags = {"StartDate", "EndDate", "Status", "Progress", "Finished", "RecordedDate", "DistributionChannel"}
    key = next((at for at, h in enumerate(head[0]) if h == "ResponseId"), None)
    if key is None or len(tags & set(head[0])) < 3:
        return None
    rows = 1 if cell(head, 1, key).startswith("R_") else 2
    return Found(rows, f"the tags ResponseId and {', '.join(sorted(tags & set(head[0]))[:3])} in row 1")


def legacy_signature(head: Head) -> Found | None:
    """`ResponseID` and `ResponseSet`, in the first row or, where that says V1, V2, in the second."""
    for row in range(min(2, len(head))):
        key = next((at for at, h in enumerate(head[row]) if h == "ResponseID"), None)
        if key is not None and "ResponseSet" in head[row] and import_ids(head) is None:
            rows = 2 if row == 1 or not cell(head, 1, key).startswith("R_") else 1
            return Found(rows, f"ResponseID and ResponseSet in row {row + 1}")
    return None


def headings(head: Head, header_rows: int) -> list[Heading]:
    """Tags, wording and, from the ImportId, whether a column belongs to a question."""
    ids = import_ids(head)
    width = len(head[0])
    found = []
    for at in range(width):
        tag = cell(head, 0, at)
        text = cell(head, 1, at) if header_rows > 1 and ids != 1 else ""
        known = import_id(cell(head, ids, at)) if ids is not None else None
        found.append(_heading(tag, text, known))
    if all(h.role != ANSWER for h in found):  # nothing but given data: then these are the answers
        found = [_heading(h.header, h.text, None) if h.role == EMBEDDED else h for h in found]
    return _with_stems(found)


def _heading(tag: str, text: str, known: str | None) -> Heading:
    role = ROLES.get(squeeze(tag), "")
    if not role and re.fullmatch(r"V\d+", tag):
        role = ROLES.get(squeeze(text), "")
    if role:
        return Heading(tag, role, text=text, also=(text,) if text and squeeze(text) != squeeze(tag) else ())
    for pattern, suffix in SUFFIXES:
        if match := pattern.fullmatch(tag):
            return Heading(
                tag, suffix, question=_question(match[1]), option=match[1].rpartition("_")[2], text=text
            )
    # embedded data names itself; a question's id holds QID, behind a loop's number in a loop
    if known is not None and "QID" not in known and squeeze(known) == squeeze(tag):
        return Heading(tag, EMBEDDED, text=text)
    return Heading(tag, ANSWER, question=_question(tag), option=tag[len(_question(tag)) + 1 :], text=text)


def _question(tag: str) -> str:
    """`Q2` of `Q2_1`; `1_Q5` of the loop column `1_Q5_2`."""
    match = re.fullmatch(r"((?:\d+_)?[^_]+)(?:_.*)?", tag)
    return match[1] if match else tag


def _with_stems(found: list[Heading]) -> list[Heading]:
    groups: dict[str, list[int]] = {}
    for at, heading in enumerate(found):
        if heading.question and heading.role == ANSWER and heading.text:
            groups.setdefault(heading.question, []).append(at)
    out = list(found)
    for members in groups.values():
        texts = []
        for at in members:
            text = found[at].text
            for ending in ENDINGS:
                text = text.removesuffix(ending)
            texts.append(text)
        if len(members) == 1 and not found[members[0]].option:
            stem, parts = texts[0], [""]
        else:
            stem, parts = common_stem(texts, (" - ", "-"))
        for at, text, part in zip(members, texts, parts, strict=True):
            also = (text,) if text != found[at].text else ()
            out[at] = replace(
                found[at], stem=stem, part=part, also=(*also, *((part,) if stem and part else ()))
            )
    return out


def study(export: Export, reading: Reading) -> None:
    """Previews, tests, spam and unfinished rows go; -99 is silence, other negative codes do not apply."""
    _status(export, reading)
    finished, progress = export.of(FINISHED), export.of(PROGRESS)
    if finished is not None:
        reading.out["unfinished"] = finished.is_one_of(lambda t: t.casefold() in NOT_FINISHED)
    elif progress is not None:
        values, _ = progress.numbers()
        reading.out["unfinished"] = np.asarray(values < 100)
    reading.seconds = durations(export.of(DURATION))
    if reading.seconds is None:
        reading.seconds = seconds_between(export.of(STARTED), export.of(SUBMITTED))
    submitted = export.of(SUBMITTED)
    reading.submitted = moments(submitted) if submitted is not None else None
    negative = {
        t
        for name, h in export.headings.items()
        if h.role == ANSWER and h.question
        for t in export.columns[name].few()
        if re.fullmatch(r"-\d{1,2}", t)
    }
    for code in sorted(negative, key=int, reverse=True):
        reading.silences[code] = "NO_ANSWER" if code == SEEN_UNANSWERED else "NOT_APPLICABLE"
    for question, names in export.questions().items():
        if found := _multiple(export, [n for n in names if export.headings[n].role == ANSWER]):
            reading.multiple[question] = found


def _status(export: Export, reading: Reading) -> None:
    status = export.of(STATUS)
    if status is None:
        return

    def reason(text: str) -> str:
        if re.fullmatch(r"\d{1,4}(?:\.0)?", text):
            bits = int(float(text))
            return "preview" if bits & PREVIEW else "test" if bits & TEST else "spam" if bits & SPAM else ""
        return STATUS_WORDS.get(squeeze(text), "")

    for name in ("preview", "test", "spam"):
        mask = status.is_one_of(lambda t, name=name: reason(t) == name)  # type: ignore[misc]
        if mask.any():
            reading.out[name] = mask


def _multiple(export: Export, names: list[str]) -> Multiple | None:
    if len(names) == 1:
        texts = export.columns[names[0]].few()
        codes = [t for t in texts if not t.startswith("-")]
        if codes and any("," in t for t in codes) and all(JOINED_CODES.fullmatch(t) for t in codes):
            return Multiple(SEPARATED, (names[0],), separator=",")
        joined = [t for t in texts if re.search(COMMA, t)]
        pieces = {p for t in texts for p in re.split(COMMA, t)}
        counts = export.columns[names[0]].counts().tolist() if joined else [0] * len(texts)
        uses = sum(c * len(re.split(COMMA, t)) for t, c in zip(texts, counts, strict=True))
        # a list of options repeats itself; sentences with commas do not
        if joined and len(pieces) <= MOST_OPTIONS and uses >= 2 * len(pieces):
            return Multiple(SEPARATED, (names[0],), separator=COMMA)
        return None
    options = []
    for name in names:
        heading, texts = export.headings[name], export.columns[name].few()
        many = not texts and export.columns[name].filled().any()
        if many or len(texts) > 1 or any(t not in ("1", heading.option, heading.part) for t in texts):
            return None
        options.append(heading.part or heading.option or name)
    coded = {t for n in names for t in export.columns[n].few()}
    if not coded or (
        coded <= {"1"} and sum(export.columns[n].filled().sum() for n in names) == export.rows * len(names)
    ):
        return None  # every cell is 1: a matrix everyone answered alike, not a list of options
    return Multiple(INDICATORS, tuple(names), tuple(options))


QUALTRICS = Layout("qualtrics", "Qualtrics", signature, headings, study)
LEGACY = Layout("qualtrics_legacy", "Qualtrics (legacy)", legacy_signature, headings, study)
