"""LimeSurvey: question codes or full wording, answer codes or labels; sub-questions in brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from csat.language import Text
from csat.responses.exports.layout import (
    ANSWER,
    DURATION,
    INDICATORS,
    LANGUAGE,
    META,
    PRIVATE,
    PROGRESS,
    RANKING,
    RESPONDENT,
    STARTED,
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
    moments,
    seconds_between,
    squeeze,
)

CODES = {
    "id": RESPONDENT,
    "submitdate": SUBMITTED,
    "lastpage": PROGRESS,
    "startlanguage": LANGUAGE,
    "seed": META,
    "token": META,
    "startdate": STARTED,
    "datestamp": TIME,
    "ipaddr": PRIVATE,
    "refurl": META,
    "interviewtime": DURATION,
    "firstname": PRIVATE,
    "lastname": PRIVATE,
    "email": PRIVATE,
}
FULL = {
    "responseid": RESPONDENT,
    "datesubmitted": SUBMITTED,
    "lastpage": PROGRESS,
    "startlanguage": LANGUAGE,
    "seed": META,
    "token": META,
    "accesscode": META,
    "datestarted": STARTED,
    "datelastaction": TIME,
    "ipaddress": PRIVATE,
    "referrerurl": META,
    "totaltime": DURATION,
    "firstname": PRIVATE,
    "lastname": PRIVATE,
    "emailaddress": PRIVATE,
}
TIMERS = re.compile(r"groupTime\d*|Group time.*|Question time.*", re.IGNORECASE)
BRACKETS = re.compile(r"(.*?)\s*((?:\[[^\[\]]*\])+)", re.DOTALL)
THROUGH_R = re.compile(r"([A-Za-z]\w*?)[._](SQ\d+|other)(?:[._](?:([0-9]+)\.?)?)?")
BOTH = re.compile(r"id\. ?Response ID", re.IGNORECASE)
OTHER_WORDS = {"other", "其他", "其它"}
LETTERED = re.compile(r"([A-Z]{1,2})(\d{1,3})")
YES, NO = {"y", "yes", "1", "是"}, {"n", "no", "0", "否", "not selected"}
ANONYMOUS = np.datetime64("1980-01-01", "D")
"""The date of every answer when a survey is anonymised."""


def signature(head: Head) -> Found | None:
    """The leading columns, as codes, in English words or both; also after a detour through R."""
    header = [squeeze(code) for code, _ in _parted(head[0])] if head else []
    if header[:1] == ["id"] and {"submitdate", "lastpage", "startlanguage"} <= set(header):
        return Found(1, "id, submitdate, lastpage and startlanguage in row 1")
    if header[:1] == ["responseid"] and {"datesubmitted", "lastpage", "startlanguage"} <= set(header):
        return Found(1, "Response ID, Date submitted, Last page and Start language in row 1")
    return None


def headings(head: Head, header_rows: int) -> list[Heading]:
    """Question and sub-question of every column; the timings and the platform's own columns are no items."""
    parted = _parted(head[0])
    roles = CODES if parted and squeeze(parted[0][0]) == "id" else FULL
    names = {code for code, _ in parted}
    found = []
    leading = True
    for header, text in parted:
        role = roles.get(squeeze(header), "")
        if role and (leading or role in (DURATION, PRIVATE)):
            found.append(Heading(header, role))
            continue
        leading = False
        if TIMERS.fullmatch(header) or (header.endswith("Time") and _has_question(header[:-4], names)):
            found.append(Heading(header, TIMER))
            continue
        heading = _heading(header)
        found.append(replace(heading, text=text, also=(*heading.also, text)) if text else heading)
    return found


def _parted(header: Sequence[str]) -> list[tuple[str, str]]:
    """Code and wording of every column; no wording unless the export names both (`id. Response ID`)."""
    if not header or not BOTH.fullmatch(header[0]):
        return [(h, "") for h in header]
    return [(h.partition(". ")[0].strip(), h.partition(". ")[2].strip()) for h in header]


def _has_question(code: str, names: set[str]) -> bool:
    return code in names or any(n.startswith(f"{code}[") for n in names)


def _heading(header: str) -> Heading:
    if (match := BRACKETS.fullmatch(header)) and match[1]:
        stem, parts = match[1], re.findall(r"\[([^\[\]]*)\]", match[2])
        role = WRITE_IN if parts[-1].casefold() in OTHER_WORDS else ANSWER
        return Heading(
            header,
            role,
            question=stem,
            option="][".join(parts),
            stem=stem,
            part=", ".join(parts),
            text=header,
            also=(parts[0],) if len(parts) == 1 and " " in header else (),
        )
    if match := THROUGH_R.fullmatch(header):
        own = f"{match[1]}[{match[2]}]" + (f"[{match[3]}]" if match[3] else "")
        role = WRITE_IN if match[2] == "other" else ANSWER
        return Heading(
            header, role, question=match[1], option=match[2], stem=match[1], part=match[2], also=(own,)
        )
    return Heading(header, ANSWER, question=header, stem=header)


def study(export: Export, reading: Reading) -> None:
    """Answers without a date of submission are unfinished; letters before codes wait for the scale."""
    submitted = export.of(SUBMITTED)
    if submitted is not None:
        reading.out["unfinished"] = ~submitted.filled()
        times = moments(submitted)
        anonymous = times.astype("datetime64[D]") == ANONYMOUS
        if anonymous.any():
            times[anonymous] = np.datetime64("NaT", "s")
            n = int(anonymous.sum())
            reading.notes.append(
                Text(
                    f"{n} rows are dated 1980-01-01, LimeSurvey's mark of an anonymised survey: their "
                    "dates are not used",
                    f"{n} 行的日期为 1980-01-01，这是 LimeSurvey 匿名调查的标记：这些日期不予使用",
                )
            )
        reading.submitted = times
    interview = export.of(DURATION)
    if interview is not None:
        reading.seconds, _ = interview.numbers()
    else:
        reading.seconds = seconds_between(export.of(STARTED), submitted)
    for name, heading in export.headings.items():
        if heading.role == ANSWER:
            texts = export.columns[name].few()
            matches = [LETTERED.fullmatch(t) for t in texts if not _is_word(t)]
            letters = {m[1] for m in matches if m}
            if matches and all(matches) and len(letters) == 1:
                reading.lettered[name] = letters.pop()
    for question, names in export.questions().items():
        if found := _multiple(export, names):
            reading.multiple[question] = found


def _is_word(text: str) -> bool:
    from csat.instrument.labels import fold, silence_words

    return fold(text) in silence_words()


def _multiple(export: Export, names: list[str]) -> Multiple | None:
    """Options marked Y (or Yes) or left empty, and the write-in of 'other'; or places of a ranking."""
    options = [n for n in names if export.headings[n].role == ANSWER and export.headings[n].option]
    others = [n for n in names if export.headings[n].role == WRITE_IN]
    if not options or len(names) < 2:
        return None
    texts = {t for n in options for t in export.columns[n].few()}
    folded = {t.casefold() for t in texts}
    if texts and folded <= YES | NO and (folded & {"y", "yes", "是"}):
        labels = tuple(export.headings[n].option for n in (*options, *others))
        return Multiple(INDICATORS, (*options, *others), labels, chosen=_says_yes, other=tuple(others))
    places = [export.headings[n].option for n in options]
    if texts and len(options) > 1 and places == [str(p) for p in range(1, len(places) + 1)] and not others:
        return _ranking(export, options)
    return None


def _ranking(export: Export, options: list[str]) -> Multiple | None:
    """Places 1 to k that hold what was placed: nothing is placed twice."""
    labels = list(dict.fromkeys(t for n in options for t in export.columns[n].few()))
    if len(labels) > 60 or len(labels) < 2 or any(label.isdigit() for label in labels):
        return None
    at = {label: k for k, label in enumerate(labels)}
    placed = np.zeros((export.rows, len(labels)), dtype=np.int16)
    for name in options:
        column = export.columns[name]
        lookup = np.array([*(at[t] for t in column.distinct), -1])[column.index]
        rows = np.flatnonzero(lookup >= 0)
        placed[rows, lookup[rows]] += 1
    return Multiple(RANKING, tuple(options), tuple(labels)) if (placed <= 1).all() else None


def _says_yes(text: str) -> bool:
    return text.casefold() in YES


LIMESURVEY = Layout("limesurvey", "LimeSurvey", signature, headings, study)
