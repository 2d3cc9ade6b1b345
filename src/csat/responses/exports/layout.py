"""What a layout is: how it is recognised, what its columns are, which rows are no answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.language import Text
from csat.responses.raw import RawColumn

Head = Sequence[Sequence[str]]
"""The first records of a file, header rows first, every cell a stripped text."""
Mask = NDArray[np.bool_]

ANSWER = ""
"""Role of a column that may hold answers; every other role is no item."""
RESPONDENT = "respondent"
TIME = "time"
SUBMITTED = "submitted"
STARTED = "started"
DURATION = "duration"
STATUS = "status"
PROGRESS = "progress"
FINISHED = "finished"
PRIVATE = "private"
TIMER = "timer"
ORDER = "order"
GROUP = "group"
SCORE = "score"
WRITE_IN = "write-in"
LANGUAGE = "language"
META = "meta"
EMBEDDED = "embedded"

SEPARATED = "separated"
INDICATORS = "indicators"
RANKING = "ranking"


@dataclass(frozen=True)
class Found:
    """A signature that fits: how many header rows there are, what gave it away, and the rows above them."""

    header_rows: int
    evidence: str
    above: int = 0

    @property
    def rows(self) -> int:
        """Rows before the first answers."""
        return self.above + self.header_rows


@dataclass(frozen=True)
class Heading:
    """What the header rows say of one column.

    header : as the file has it, on one line. question : the one it belongs to, by the platform's own name.
    option : what the column stands for within the question (an option, a row of a matrix, a write-in).
    stem, part : wording of the question and of the column's part of it. text : both in the file's words.
        also : further names it is known by.
    """

    header: str
    role: str = ANSWER
    question: str = ""
    option: str = ""
    stem: str = ""
    part: str = ""
    text: str = ""
    also: tuple[str, ...] = ()

    @property
    def wording(self) -> str:
        """The wording of question and part together, as the file has it where it has both in one cell."""
        return self.text or (
            f"{self.stem} - {self.part}" if self.stem and self.part else self.stem or self.part
        )


@dataclass(frozen=True)
class Export:
    """The columns of an export below its header rows, with their headings; names are unique, file order."""

    columns: Mapping[str, RawColumn]
    headings: Mapping[str, Heading]
    rows: int
    source: str = ""

    def named(self, role: str) -> str:
        """The first column of a role, '' when there is none."""
        return next((n for n, h in self.headings.items() if h.role == role), "")

    def of(self, role: str) -> RawColumn | None:
        """The cells of the first column of a role."""
        name = self.named(role)
        return self.columns[name] if name else None

    def questions(self) -> dict[str, list[str]]:
        """Question to its columns of answers and write-ins, in file order."""
        found: dict[str, list[str]] = {}
        for name, heading in self.headings.items():
            if heading.question and heading.role in (ANSWER, WRITE_IN):
                found.setdefault(heading.question, []).append(name)
        return found


@dataclass
class Reading:
    """What a layout finds out about the rows and cells, to be filled in by its `study`."""

    out: dict[str, Mask] = field(default_factory=dict)
    """Rows that are no answers, by reason, in the order they are counted."""
    silences: dict[str, str] = field(default_factory=dict)
    lettered: dict[str, str] = field(default_factory=dict)
    multiple: dict[str, Multiple] = field(default_factory=dict)
    seconds: NDArray[np.float64] | None = None
    submitted: NDArray[np.datetime64] | None = None
    notes: list[Text] = field(default_factory=list)


@dataclass(frozen=True)
class Multiple:
    """How a question with several answers stands in the file.

    kind : `separated` (one cell, the options joined), `indicators` (one column an option) or `ranking`.
    separator : regular expression between joined options. options : known labels, '' of an unknown list.
    """

    kind: str
    columns: tuple[str, ...]
    options: tuple[str, ...] = ()
    separator: str = ""
    chosen: Callable[[str], bool] = bool
    """Whether the text in a column of one option says that it was chosen."""
    other: tuple[str, ...] = ()
    """Columns in which any text is the write-in of an option chosen."""


@dataclass(frozen=True)
class Layout:
    """One platform's way of writing answers.

    signature : the first records to what gives the layout away, or None. headings : the header rows to
        what each column is. study : what the answers themselves tell.
    """

    id: str
    title: str
    signature: Callable[[Head], Found | None]
    headings: Callable[[Head, int], list[Heading]]
    study: Callable[[Export, Reading], None]


def cell(head: Head, row: int, column: int) -> str:
    """A cell of the first records, '' where the record is short."""
    return head[row][column] if row < len(head) and column < len(head[row]) else ""


def column_of(header: Sequence[str], *names: str) -> int | None:
    """Where a header stands, compared without case and spaces; None when it is not there."""
    wanted = {squeeze(n) for n in names}
    return next((at for at, h in enumerate(header) if squeeze(h) in wanted), None)


def squeeze(text: str) -> str:
    """A header without case, spaces and underscores, as platforms and versions differ in them."""
    return re.sub(r"[\s_]+", "", text).casefold()


# -------------------------------------------------------------------------------------------- cells

_DATE = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp][Mm])?)?"
)
_US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?")


def moment(text: str, *, month_first: bool = True) -> np.datetime64:
    """A date and time as platforms write it; NaT when it is none."""
    if match := _DATE.match(text):
        year, month, day = match[1], match[2], match[3]
    elif match := _US_DATE.match(text):
        month, day = (match[1], match[2]) if month_first else (match[2], match[1])
        year = match[3]
    else:
        return np.datetime64("NaT", "s")
    hour = int(match[4] or 0)
    if match[7]:
        hour = hour % 12 + (12 if match[7].lower() == "pm" else 0)
    try:
        return np.datetime64(
            f"{year}-{int(month):02}-{int(day):02}T{hour:02}:{match[5] or '00'}:{match[6] or '00'}", "s"
        )
    except ValueError:
        return np.datetime64("NaT", "s")


def moments(column: RawColumn, *, month_first: bool = True) -> NDArray[np.datetime64]:
    """(n,) the dates and times of a column, NaT where there is none."""
    found = [moment(t, month_first=month_first) for t in column.distinct]
    return np.array([*found, np.datetime64("NaT", "s")], dtype="datetime64[s]")[column.index]


def seconds_between(
    started: RawColumn | None, ended: RawColumn | None, **options: Any
) -> NDArray[np.float64] | None:
    """(n,) seconds from start to end, NaN where one of them is unknown."""
    if started is None or ended is None:
        return None
    elapsed = moments(ended, **options) - moments(started, **options)
    return np.where(np.isnat(elapsed), np.nan, elapsed.astype(float))


_PARTS = re.compile(
    r"(?:(\d+)\s*(?:天|d))?\s*(?:(\d+)\s*(?:小时|时|h))?\s*(?:(\d+)\s*(?:分钟|分|m))?\s*(?:(\d+(?:\.\d+)?)\s*(?:秒|s)?)?"
)


def seconds_of(text: str) -> float:
    """A duration such as `123秒`, `2分3秒`, `0:02:03` or `123`; NaN when it is none."""
    if clock := re.fullmatch(r"(?:(\d+):)?(\d{1,2}):(\d{2})", text):
        return float(int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + int(clock[3]))
    match = _PARTS.fullmatch(text.strip())
    if not match or not any(match.groups()):
        return float("nan")
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def durations(column: RawColumn | None) -> NDArray[np.float64] | None:
    """(n,) seconds, NaN where there are none."""
    if column is None:
        return None
    return np.array([*(seconds_of(t) for t in column.distinct), np.nan])[column.index]


def common_stem(wordings: Sequence[str], separators: Sequence[str]) -> tuple[str, list[str]]:
    """The stem that the wordings of one question share up to a separator, and what is left of each.

    The stem is '' when they share none. A single wording is parted at a separator with spaces around it
    only: in `How likely are you to re-visit` the hyphen parts nothing.
    """
    shared = wordings[0] if len(wordings) > 1 else ""
    for wording in wordings[1:]:
        size = next(
            (i for i, (a, b) in enumerate(zip(shared, wording, strict=False)) if a != b), len(wording)
        )
        shared = shared[:size]
    for separator in separators:
        at = (
            shared.rfind(separator)
            if len(wordings) > 1
            else wordings[0].rfind(separator)
            if " " in separator
            else -1
        )
        if at > 0:
            return wordings[0][:at].strip(), [w[at + len(separator) :].strip() for w in wordings]
    return "", [w.strip() for w in wordings]
