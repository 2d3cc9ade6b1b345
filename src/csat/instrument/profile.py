"""What a raw column of answers looks like: an item, a weight, a group, a key, a date, or nothing of use.

Every guess carries its reason in words, because a person has to check it.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from csat.instrument.labels import best_sets, fold, silence_words

Role = Literal[
    "item", "codes", "weight", "respondent", "date", "segment", "private", "measurement", "ignored"
]
"""'codes': whole numbers that may be an item's answers or a group's codes; the neighbours decide."""

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

MOST = 0.95
"""The share of a column that must fit a pattern; the rest may be slips."""


@dataclass(frozen=True)
class Profile:
    """A column and what it is taken for.

    codes : whole number to how often. labels : code to the words that came with it. silent : raw values that
    say nothing, with how often and the reason. label_set : the shipped list that knows the words. values :
    text to how often, for a column of groups in words.
    """

    name: str
    role: Role
    reason: str
    codes: dict[int, int] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    silent: dict[str, tuple[int, str]] = field(default_factory=dict)
    label_set: str = ""
    values: dict[str, int] = field(default_factory=dict)


_WHOLE = re.compile(r"(-?\d{1,6})(?:\.0+)?")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_NUMERAL_WITH_WORDS = re.compile(r"(-?\d{1,3})\s*(?:分|[-–—:.=、]\s*(\S.*)|\((.+)\))")
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

LONGEST_LABEL = 3
"""A column of groups is called by so many words at most; a longer name is a question that mentions one."""


def profile(name: str, values: Sequence[str | None]) -> Profile:
    """What the column is taken for, with the reason."""
    said, silent = _split(values)
    answers, plain, seen = said.total(), fold(name), dict(said.most_common())
    if not said:
        return Profile(name, "ignored", "no answers at all", silent=silent)
    whole = _share(_WHOLE, said) >= MOST
    if _PERSONAL.search(plain) and not (whole and len(said) <= MOST_POINTS):
        return Profile(name, "private", "its name says that it identifies a person")
    if _share(_DATE, said) >= MOST:
        return Profile(name, "date", "its values are dates or times")
    if _WEIGHTS.search(plain) and _positive(said):
        return Profile(name, "weight", "its name, and every value is a positive number")
    if _KEYS.search(plain) and len(said) >= KEY_SHARE * answers:
        return Profile(name, "respondent", "its name, and hardly a value repeats")
    if answers < NEARLY_EMPTY * len(values):
        return Profile(name, "ignored", f"answered in {answers} of {len(values)} rows")
    if len(said) == 1:
        return Profile(name, "ignored", f"one value only ({_shown(next(iter(said)))})", silent=silent)
    if _DATES.search(plain) and _share(_NUMBER, said) < MOST:
        return Profile(name, "date", "its name")
    if whole:
        return _whole_numbers(name, plain, said, silent)
    if _share(_NUMBER, said) >= MOST:
        return _decimals(name, said)
    return _texts(name, plain, seen, silent)


Silent = dict[str, tuple[int, str]]


def _split(values: Sequence[str | None]) -> tuple[Counter[str], Silent]:
    """The values that say something, and how often each kind of silence stands in the column."""
    words = silence_words()
    said, silent = Counter[str](), Counter[str]()
    for value, n in Counter(values).items():
        text = (value or "").strip()
        (silent if fold(text) in words else said)[text] += n
    return said, {text: (n, words[fold(text)]) for text, n in silent.items() if text}


def _share(pattern: re.Pattern[str], said: Counter[str]) -> float:
    return sum(n for v, n in said.items() if pattern.fullmatch(v)) / said.total()


def _positive(said: Iterable[str]) -> bool:
    return all(_NUMBER.fullmatch(v) and float(v) > 0 for v in said)


def _whole_numbers(name: str, plain: str, said: Counter[str], silent: Silent) -> Profile:
    counts = Counter[int]()
    for value, n in said.items():
        if match := _WHOLE.fullmatch(value):
            counts[int(match[1])] += n
    codes = dict(sorted(counts.items()))
    if len(codes) >= KEY_SHARE * said.total() and said.total() > MOST_GROUPS:
        return Profile(name, "respondent", "whole numbers that hardly repeat")
    core, _ = core_codes(codes)
    if len(codes) > MOST_POINTS + 5 or max(core) - min(core) >= MOST_POINTS or min(core) < 0:
        return Profile(name, "measurement", f"whole numbers from {min(codes)} to {max(codes)}")
    if _names_group(plain):
        return Profile(name, "segment", "its name", codes, silent=silent)
    # 0 is not counted: it is more often a blank than an answer
    if len([c for c in core if c > 0]) < FEWEST_POINTS:
        return Profile(name, "segment", f"only {len(core)} codes without labels", codes, silent=silent)
    return Profile(name, "codes", f"whole numbers from {min(core)} to {max(core)}", codes, silent=silent)


def _decimals(name: str, said: Counter[str]) -> Profile:
    numbers = {float(v): n for v, n in said.items() if _NUMBER.fullmatch(v)}
    mean = sum(x * n for x, n in numbers.items()) / sum(numbers.values())
    if min(numbers) > 0 and abs(mean - 1) <= NEAR_ONE and len(numbers) == len(said):
        return Profile(name, "weight", f"positive decimals that average {mean:.3f}")
    return Profile(name, "measurement", f"decimal numbers from {min(numbers):g} to {max(numbers):g}")


def _texts(name: str, plain: str, seen: dict[str, int], silent: Silent) -> Profile:
    sets = best_sets(seen)
    if sets and sets[0] != "yes-no" and not _names_group(plain):
        reason = f"its answers are those of the label list {sets[0]}"
        return Profile(name, "item", reason, label_set=sets[0], silent=silent)
    numerals = {v: _NUMERAL_WITH_WORDS.fullmatch(v) or _WHOLE.fullmatch(v) for v in seen}
    if all(numerals.values()) and _rates(int(m[1]) for m in numerals.values() if m):
        codes, labels = Counter[int](), dict[int, str]()
        for value, match in numerals.items():
            if match:
                codes[int(match[1])] += seen[value]
                words = "".join(g for g in match.groups()[1:] if g).strip()
                labels |= {int(match[1]): words} if words else {}
        return Profile(name, "item", "numerals with words", dict(sorted(codes.items())), labels, silent)
    answers = sum(seen.values())
    if len(seen) <= MOST_GROUPS and len(seen) < 0.5 * answers:
        reason = f"{len(seen)} kinds of text, each often repeated"
        return Profile(name, "segment", reason, values=seen, silent=silent)
    return Profile(name, "ignored", "free text")


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


def is_loyalty(name: str) -> bool:
    """Whether a name speaks of loyalty."""
    return bool(_LOYALTY.search(fold(name)))


def _names_group(plain: str) -> bool:
    return len(re.split(r"[\s_]+", plain)) <= LONGEST_LABEL and bool(_GROUPS.search(plain))


def _shown(text: str) -> str:
    return text if len(text) <= 30 else text[:27] + "..."
