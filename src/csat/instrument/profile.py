"""What a raw column of answers looks like: an item, a weight, a group, a key, a date, or nothing of use.

Every guess carries its reason in words, because a person has to check it.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from csat.instrument.labels import LABEL_SETS, best_sets, fold, silence_words

Role = Literal[
    "item", "codes", "labels", "weight", "respondent", "date", "segment", "private", "measurement", "ignored"
]
"""'codes': whole numbers that may be an item's answers or a group's codes; the neighbours decide. 'labels':
the same with a word for each code, which only a column with the same words makes an item."""

MOST_POINTS = 11
"""The longest rating scale in common use is 0 to 10."""

FEWEST_POINTS = 4
"""Two or three codes without labels are more often a group than a rating."""

MOST_GROUPS = 12
"""A text column of more kinds of answer than this is taken for free text."""

NEAR_ONE = 0.02
"""Survey weights are usually scaled to average one; so far off may rounding be."""

KEY_SHARE = 0.98
"""A column whose values hardly repeat is a key."""

NEARLY_EMPTY = 0.05
"""A column answered by fewer is a write-in or a follow-up, not a question to all."""

NEARLY_ALL = 0.7
"""The share of the answers that must lie on a scale the wording names; the rest are codes or slips."""

FEW_ANSWERS = 30
"""Below so many answers, few different ones say little about the length of the scale."""

MOST = 0.95
"""The share of a column that must fit a pattern; the rest may be slips."""


@dataclass(frozen=True)
class Column:
    """A column of a file, and what the file says of it.

    cells : as text, None where empty. wording : the question as it was asked; stem, part : of a question with
    parts. labels : code to its words in the file's dictionary. silent : codes the file or the platform
    declares to be no answer, with the reason ('' unsaid). letters : what stands before each code, as the A of
    A1 to A5. given : the platform was given these values, nobody was asked.
    """

    name: str
    cells: Sequence[str | None]
    wording: str = ""
    stem: str = ""
    part: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    letters: str = ""
    given: bool = False

    @property
    def title(self) -> str:
        """What the column is called in words: the part, else the wording, else the name."""
        return self.part or self.wording or self.name

    @property
    def words(self) -> str:
        """Everything that may say what the column is about, folded."""
        return fold(f"{self.name} {self.wording}" if self.wording else self.name)


@dataclass(frozen=True)
class Profile:
    """A column and what it is taken for.

    codes : whole number to how often. labels : code to the words that came with it. silent : raw values that
    say nothing, with how often and the reason. label_set : the shipped list that knows the words. values :
    text to how often, for a column of groups in words. ends : lowest and highest code, where the file or the
    wording says them, and `declared` where it says so. falling : whether the labels run from best to worst.
    """

    column: Column
    role: Role
    reason: str
    codes: dict[int, int] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    silent: dict[str, tuple[int, str]] = field(default_factory=dict)
    label_set: str = ""
    values: dict[str, int] = field(default_factory=dict)
    ends: tuple[int, int] | None = None
    declared: str = ""
    falling: bool = False

    @property
    def name(self) -> str:
        """The column's name in the file."""
        return self.column.name


_WHOLE = re.compile(r"(-?\d{1,6})(?:\.0+)?")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_NUMERAL_WITH_WORDS = re.compile(r"(-?\d{1,3})\s*(?:分|[-–—:.=、]\s*(\S.*)|\((.+)\))")
_WORDS_WITH_NUMERAL = re.compile(r"([^\W\d_][^\d]*?)\s*(?:[-–—:=]\s*|[(（]\s*)(\d{1,2})\s*(?:分\s*)?[)）]?")
_ENDS = re.compile(r"(?<![\d.-])([01])\s*分?\s*(?:-|~|to|至|到|through)\s*(\d{1,2})(?![\d.-])(?:\s*分)?")
"""Ends of a scale in a question: (0-10), from 1 to 5, 1-10分; full-width forms are folded before."""
_DAY = r"(\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})日?([ T].*)?"
_TIME = r"\d{1,2}:\d{2}(:\d{2})?\s*([AaPp][Mm])?"
_DATE = re.compile(f"{_DAY}|{_TIME}")


def _spoken(words: str, parts: str = "", *, ends: str = "") -> re.Pattern[str]:
    """A name that holds one of the words (between other than letters), one of the parts, or an ending."""
    choices = [rf"(?:^|[^a-z])(?:{'|'.join(words.split())})(?:$|[^a-z])", *parts.split()]
    choices += [rf"(?:{'|'.join(ends.split())})(?:段|区间|范围|水平|类型|情况|程度)?\W*$"] if ends else []
    return re.compile("|".join(choices))


_DATES = _spoken(
    "date datetime time timestamp submitdate startdate enddate recordeddate datestamp", "时间 日期"
)
_WEIGHTS = _spoken("weight weights wt wgt", "权重 加权")
_KEYS = _spoken("id respid resp_?num respondent responseid case serial uuid token", "^resp 序号 编号 问卷号")
_PERSONAL = _spoken(
    "e-?mail ip ipaddr ipaddress phone zip zipcode postcode address nickname latitude longitude firstname "
    "lastname",
    "姓名 手机 电话 邮箱 昵称 地址 邮编 来自ip 微信 身份证",
)
_GROUPS = _spoken(
    "gender sex age region area city country income education occupation segment strata stratum branch "
    "department channel lang language class category quarter wave year month type group terminal",
    ends="性别 年龄 地区 城市 省份 收入 学历 教育 职业 职位 网点 部门 渠道 行业 规模 来源 批次 波次 "
    "季度 年份",
)
_OVERALL = _spoken("overall whole cusa\\d* sat\\d* sa\\d*", "satisf all$ 总体 整体 满意")
_LOYALTY = _spoken("loyalty loy\\d* cusl\\d* nps", "recommend 忠诚 推荐 再次")
_RECOMMEND = _spoken("nps", "recommend 推荐")
_AS_A_WHOLE = _spoken("overall whole", "总体 整体 综合来看 总的来说")

LONGEST_LABEL = 3
"""A column of groups is called by so many words at most; a longer name is a question that mentions one."""


def profile(column: Column) -> Profile:
    """What the column is taken for, with the reason."""
    said, silent = _split(column)
    answers, plain, seen = said.total(), column.words, dict(said.most_common())
    if not said:
        return Profile(column, "ignored", "no answers at all", silent=silent)
    whole = _share(_WHOLE, said) >= MOST
    if _PERSONAL.search(fold(column.name)) and not (whole and len(said) <= MOST_POINTS):
        return Profile(column, "private", "its name says that it identifies a person")
    if _share(_DATE, said) >= MOST:
        return Profile(column, "date", "its values are dates or times")
    if _WEIGHTS.search(plain) and _positive(said) and not column.labels:
        return Profile(column, "weight", "its name, and every value is a positive number")
    if _KEYS.search(plain) and len(said) >= KEY_SHARE * answers:
        return Profile(column, "respondent", "its name, and hardly a value repeats")
    if answers < NEARLY_EMPTY * len(column.cells):
        return Profile(column, "ignored", f"answered in {answers} of {len(column.cells)} rows")
    if len(said) == 1:
        return Profile(column, "ignored", f"one value only ({_shown(next(iter(said)))})", silent=silent)
    if _DATES.search(plain) and _share(_NUMBER, said) < MOST and not column.labels:
        return Profile(column, "date", "its name")
    if whole and len(_dictionary(column)) > 1:
        return _labelled(column, said, silent)
    if whole:
        return _whole_numbers(column, said, silent)
    if _share(_NUMBER, said) >= MOST:
        return _decimals(column, said)
    return _texts(column, seen, silent)


Silent = dict[str, tuple[int, str]]


def _split(column: Column) -> tuple[Counter[str], Silent]:
    """The values that say something, and how often each kind of silence stands in the column."""
    words = silence_words()
    reasons = {code: words[fold(label)] for code, label in column.labels.items() if fold(label) in words}
    reasons |= {code: reason or reasons.get(code, "NO_ANSWER") for code, reason in column.silent.items()}
    said, silent = Counter[str](), Counter[str]()
    for value, n in Counter(column.cells).items():
        text = (value or "").strip()
        if fold(text) in words or text in reasons:
            silent[text] += n
        else:
            said[text.removeprefix(column.letters)] += n
    found = {text: (n, reasons.get(text) or words[fold(text)]) for text, n in silent.items() if text}
    # a code that is declared silent and does not occur is still none of the answers
    return said, found | {code: (0, reason) for code, reason in reasons.items() if code not in found}


def _dictionary(column: Column) -> dict[int, str]:
    """The file's labels of whole codes that are answers, low to high."""
    words = silence_words()
    return dict(
        sorted(
            (int(match[1]), label)
            for code, label in column.labels.items()
            if (match := _WHOLE.fullmatch(code)) and fold(label) not in words and code not in column.silent
        )
    )


def _labelled(column: Column, said: Counter[str], silent: Silent) -> Profile:
    """Whole numbers that the file's own dictionary puts into words."""
    labels, codes = _dictionary(column), _counted(said)
    ends = min(labels), max(labels)
    # codes between two labelled ends are answers; a dictionary that knows fewer codes than occur is no list
    holds = all(ends[0] <= c <= ends[1] for c in core_codes(codes)[0])
    rates = holds and ends[0] >= 0 and ends[1] - ends[0] < MOST_POINTS
    known = _in_order(list(labels.values())) if len(labels) == ends[1] - ends[0] + 1 else None
    if not rates or names_group(column) or (known and known[0] == "yes-no"):
        return Profile(column, "segment", "codes with labels", codes, labels, silent)
    reason = "the file's own dictionary labels its codes"
    if known:
        return Profile(
            column, "item", f"{reason}, as the list {known[0]}", codes, labels, silent,
            ends=ends, declared="the file's dictionary labels", falling=known[1],
        )  # fmt: skip
    numerals = all(re.search(r"\d", label) for label in labels.values())
    role: Role = "codes" if len(labels) < ends[1] - ends[0] + 1 or numerals else "labels"
    return Profile(
        column, role, reason, codes, labels, silent, ends=ends, declared="the file's dictionary labels"
    )


def _in_order(words: Sequence[str]) -> tuple[str, bool] | None:
    """The shipped list that holds the words in its own order or backwards, and whether backwards."""
    for id in best_sets(words):
        listed = LABEL_SETS[id]
        if len(listed.labels) != len(words):
            continue
        places = [
            next(at for at in range(len(words)) if fold(word) in map(fold, listed.words(at)))
            for word in words
        ]
        if places == sorted(places) or places == sorted(places, reverse=True):
            return id, places[0] > places[-1]
    return None


def _counted(said: Counter[str]) -> dict[int, int]:
    counts = Counter[int]()
    for value, n in said.items():
        if match := _WHOLE.fullmatch(value):
            counts[int(match[1])] += n
    return dict(sorted(counts.items()))


def _share(pattern: re.Pattern[str], said: Counter[str]) -> float:
    return sum(n for v, n in said.items() if pattern.fullmatch(v)) / said.total()


def _positive(said: Iterable[str]) -> bool:
    return all(_NUMBER.fullmatch(v) and float(v) > 0 for v in said)


def _whole_numbers(column: Column, said: Counter[str], silent: Silent) -> Profile:
    codes = _counted(said)
    if len(codes) >= KEY_SHARE * said.total() and said.total() > MOST_GROUPS:
        return Profile(column, "respondent", "whole numbers that hardly repeat")
    core, _ = core_codes(codes)
    ends, declared = _said_ends(column, codes)
    if not ends and (len(codes) > MOST_POINTS + 5 or max(core) - min(core) >= MOST_POINTS or min(core) < 0):
        return Profile(column, "measurement", f"whole numbers from {min(codes)} to {max(codes)}")
    if names_group(column):
        return Profile(column, "segment", "its name", codes, silent=silent)
    # 0 is not counted: it is more often a blank than an answer
    few = said.total() < FEW_ANSWERS and (column.stem or is_overall(column.words) or is_loyalty(column.words))
    if not ends and not few and len([c for c in core if c > 0]) < FEWEST_POINTS:
        return Profile(column, "segment", f"only {len(core)} codes without labels", codes, silent=silent)
    reason = f"whole numbers from {min(core)} to {max(core)}"
    if column.letters:
        reason = f"codes {column.letters}{min(core)} to {column.letters}{max(core)}"
    return Profile(column, "codes", reason, codes, silent=silent, ends=ends, declared=declared)


def _said_ends(column: Column, codes: Mapping[int, int]) -> tuple[tuple[int, int] | None, str]:
    """The ends of the scale as the wording says them, where they hold the answers, and in which words."""
    core, _ = core_codes(dict(codes))
    answers = sum(codes.values())
    for match in _ENDS.finditer(fold(column.wording or column.name)):
        ends = int(match[1]), int(match[2])
        inside = sum(n for code, n in codes.items() if ends[0] <= code <= ends[1])
        if inside >= NEARLY_ALL * answers and ends[1] - ends[0] >= FEWEST_POINTS - 1:
            return ends, "the wording says"
    # without a 0 and with a 10 the scale may as well begin at 1
    if _RECOMMEND.search(column.words) and 7 < max(core) <= 10 and (0 in core or 10 not in core):
        return (0, 10), "a recommendation is usually asked for on"
    return None, ""


def _decimals(column: Column, said: Counter[str]) -> Profile:
    numbers = {float(v): n for v, n in said.items() if _NUMBER.fullmatch(v)}
    mean = sum(x * n for x, n in numbers.items()) / sum(numbers.values())
    if min(numbers) > 0 and abs(mean - 1) <= NEAR_ONE and len(numbers) == len(said):
        return Profile(column, "weight", f"positive decimals that average {mean:.3f}")
    return Profile(column, "measurement", f"decimal numbers from {min(numbers):g} to {max(numbers):g}")


def _texts(column: Column, seen: dict[str, int], silent: Silent) -> Profile:
    sets = best_sets(seen)
    if sets and sets[0] != "yes-no" and not names_group(column):
        reason = f"its answers are those of the label list {sets[0]}"
        return Profile(column, "item", reason, label_set=sets[0], silent=silent)
    numerals = {v: _numeral(v) for v in seen}
    if all(numerals.values()) and _rates(code for code, _ in filter(None, numerals.values())):
        codes, labels = Counter[int](), dict[int, str]()
        for value, found in numerals.items():
            if found:
                codes[found[0]] += seen[value]
                labels |= {found[0]: found[1]} if found[1] else {}
        counted = dict(sorted(codes.items()))
        ends, declared = _said_ends(column, counted)
        if not ends and len(labels) == 2 and len(codes) > 2 and {min(codes), max(codes)} == set(labels):
            ends, declared = (min(codes), max(codes)), "words stand at the ends only, of"
        return Profile(
            column, "item", "numerals with words", counted, labels, silent, ends=ends, declared=declared
        )
    answers = sum(seen.values())
    if len(seen) <= MOST_GROUPS and len(seen) < 0.5 * answers:
        reason = f"{len(seen)} kinds of text, each often repeated"
        return Profile(column, "segment", reason, values=seen, silent=silent)
    return Profile(column, "ignored", "free text")


def _numeral(text: str) -> tuple[int, str] | None:
    """The code and the words of `5`, `5 - very good`, `5分` and `very good - 5`."""
    if match := _NUMERAL_WITH_WORDS.fullmatch(text):
        return int(match[1]), "".join(g for g in match.groups()[1:] if g).strip()
    if match := _WHOLE.fullmatch(text):
        return int(match[1]), ""
    if match := _WORDS_WITH_NUMERAL.fullmatch(text):
        return int(match[2]), match[1].strip()
    return None


def _rates(codes: Iterable[int]) -> bool:
    """Whether the numerals of a column could be those of a rating scale."""
    core, _ = core_codes(dict.fromkeys(codes, 1))
    return min(core) >= 0 and max(core) <= MOST_POINTS and len([c for c in core if c > 0]) > 1


def core_codes(codes: dict[int, int]) -> tuple[list[int], list[int]]:
    """The codes that look like answers, and those that stand apart from them as codes of silence do.

    Apart are negative codes, and codes above a gap of two or more (9 after 1 to 5; 88, 97 to 99).
    """
    ordered = sorted(codes)
    core = [c for c in ordered if c >= 0] or ordered
    for low, high in itertools.pairwise(core):
        below = [c for c in core if c <= low]
        # few answers leave gaps anywhere: only a run without gaps makes the next code stand apart
        unbroken = len(below) >= FEWEST_POINTS and below[-1] - below[0] == len(below) - 1
        if high - low > 2 and (high > MOST_POINTS - 1 or unbroken):
            core = below
            break
    return core, [c for c in ordered if c not in core]


def is_overall(name: str) -> bool:
    """Whether a name speaks of satisfaction as a whole."""
    return bool(_OVERALL.search(fold(name)))


def is_as_a_whole(name: str) -> bool:
    """Whether a name says that everything is meant together."""
    return bool(_AS_A_WHOLE.search(fold(name)))


def is_loyalty(name: str) -> bool:
    """Whether a name speaks of loyalty."""
    return bool(_LOYALTY.search(fold(name)))


def names_group(column: Column) -> bool:
    """Whether the name, or a short wording, is that of a group of respondents."""
    names = (fold(n) for n in (column.name, column.part or column.wording) if n)
    return any(len(re.split(r"[\s_]+", n)) <= LONGEST_LABEL and _GROUPS.search(n) for n in names)


def _shown(text: str) -> str:
    return text if len(text) <= 30 else text[:27] + "..."
