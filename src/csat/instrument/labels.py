"""Label lists: from the words of an answer to its code on the scale.

A list runs from the worst answer to the best (or from no to yes), never in alphabetical order. Words are
compared after `fold`; what is shown to a reader is always the original wording.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from csat.errors import UnknownName
from csat.instrument.instrument import Scale
from csat.language import Text

NO_ANSWER = "NO_ANSWER"
NOT_APPLICABLE = "NOT_APPLICABLE"


@dataclass(frozen=True)
class LabelSet:
    """An ordered list of answers, worst first.

    labels : the wording shown. also : for each answer, other words in use for it. ordered : whether position
    is a degree (the five Kano answers are not).
    """

    id: str
    labels: tuple[Text, ...]
    also: tuple[tuple[str, ...], ...] = ()
    ordered: bool = True

    def words(self, position: int) -> tuple[str, ...]:
        """Every wording of one answer, both languages, shown wording first."""
        label = self.labels[position]
        also = self.also[position] if self.also else ()
        return tuple(w for w in (label.en, label.zh, *also) if w)


def _set(id: str, *answers: tuple[str, ...], ordered: bool = True) -> LabelSet:
    """A set from rows of (English, Chinese, other words...)."""
    return LabelSet(id, tuple(Text(a[0], a[1]) for a in answers), tuple(a[2:] for a in answers), ordered)


LABEL_SETS: dict[str, LabelSet] = {
    s.id: s
    for s in (
        _set(
            "satisfaction-5",
            ("Very dissatisfied", "非常不满意", "Extremely dissatisfied", "十分不满意"),
            ("Dissatisfied", "不满意", "Somewhat dissatisfied"),
            ("Neutral", "一般", "Neither satisfied nor dissatisfied", "Neither", "中立", "普通"),
            ("Satisfied", "满意", "Somewhat satisfied"),
            ("Very satisfied", "非常满意", "Extremely satisfied", "十分满意"),
        ),
        _set(
            "satisfaction-5b",
            ("Very dissatisfied", "很不满意", "Not at all satisfied", "非常不满意"),
            (
                "Rather dissatisfied",
                "不太满意",
                "Fairly dissatisfied",
                "Not very satisfied",
                "比较不满意",
                "较不满意",
            ),
            ("Neutral", "一般", "Neither satisfied nor dissatisfied"),
            ("Rather satisfied", "比较满意", "Fairly satisfied", "较满意", "基本满意"),
            ("Very satisfied", "很满意", "Completely satisfied", "非常满意"),
        ),
        _set(
            "satisfaction-7",
            ("Very dissatisfied", "非常不满意", "Extremely dissatisfied"),
            ("Dissatisfied", "不满意"),
            (
                "Rather dissatisfied",
                "比较不满意",
                "Somewhat dissatisfied",
                "Slightly dissatisfied",
                "有点不满意",
            ),
            ("Neutral", "一般", "Neither satisfied nor dissatisfied"),
            ("Rather satisfied", "比较满意", "Somewhat satisfied", "Slightly satisfied", "有点满意"),
            ("Satisfied", "满意"),
            ("Very satisfied", "非常满意", "Extremely satisfied"),
        ),
        _set(
            "agreement-5",
            ("Strongly disagree", "非常不同意", "很不同意", "完全不同意", "Totally disagree", "非常不赞同"),
            ("Disagree", "不同意", "Somewhat disagree", "不太同意", "比较不同意", "不赞同"),
            (
                "Neutral",
                "一般",
                "Neither agree nor disagree",
                "不确定",
                "一般(不确定)",
                "说不清",
                "中立",
                "Undecided",
            ),
            ("Agree", "同意", "Somewhat agree", "比较同意", "赞同"),
            ("Strongly agree", "非常同意", "很同意", "完全同意", "Totally agree", "非常赞同"),
        ),
        _set(
            "agreement-7",
            ("Strongly disagree", "非常不同意", "完全不同意"),
            ("Disagree", "不同意"),
            ("Somewhat disagree", "比较不同意", "Slightly disagree", "有点不同意"),
            ("Neutral", "一般", "Neither agree nor disagree", "不确定", "中立"),
            ("Somewhat agree", "比较同意", "Slightly agree", "有点同意"),
            ("Agree", "同意"),
            ("Strongly agree", "非常同意", "完全同意"),
        ),
        _set(
            "quality-5",
            ("Poor", "很差", "Very poor", "非常差"),
            ("Fair", "较差", "比较差"),
            ("Good", "一般"),
            ("Very good", "较好", "比较好"),
            ("Excellent", "很好", "非常好"),
        ),
        _set("quality-4", ("Poor", "差"), ("Fair", "一般"), ("Good", "好"), ("Excellent", "很好", "非常好")),
        _set(
            "kano",
            ("Dislike", "不喜欢"),
            ("Can live with", "能忍受", "勉强接受"),
            ("Neutral", "无所谓"),
            ("Must be", "理应如此", "理所当然"),
            ("Like", "喜欢"),
            ordered=False,
        ),
        _set("yes-no", ("No", "否", "N", "False", "没有", "无", "不是"), ("Yes", "是", "Y", "True", "有")),
    )
}
"""The lists that come with csat, by id."""

_SILENCE: dict[str, tuple[str, ...]] = {
    # not shown, never used, no opinion possible: nothing is missing, so nothing may be filled in
    NOT_APPLICABLE: (
        "N/A",
        "n.a.",
        "Not applicable",
        "Does not apply",
        "Doesn't apply",
        "Not used",
        "Never used",
        "Have not used",
        "No experience",
        "Don't know",
        "Do not know",
        "Don't know / not applicable",
        "DK",
        "No opinion",
        "Unable to rate",
        "Skipped",
        "不适用",
        "不了解",
        "未使用",
        "没用过",
        "未用过",
        "没有使用过",
        "未接触",
        "不清楚",
        "不知道",
        "没有经历",
        "(跳过)",
        "跳过",
    ),
    NO_ANSWER: (
        "",
        "Refused",
        "Refuse to answer",
        "Prefer not to say",
        "Prefer not to answer",
        "Don't know or Refused",
        "No answer",
        "Not answered",
        "Blank",
        "NA",
        "NaN",
        "NULL",
        "#N/A",
        ".",
        "拒答",
        "拒绝回答",
        "不愿回答",
        "未回答",
        "未作答",
        "未填写",
        "(空)",
        "空",
    ),
}


_DASHES = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-") | {"\u2019": "'", "\u2018": "'"}
)
_INVISIBLE = str.maketrans("", "", "\u200b\u200c\u200d\u2060\ufeff\u00ad")


def fold(text: str) -> str:
    """The text as it is compared: NFKC (full-width forms become plain), casefold, one kind of dash and
    apostrophe, single spaces, trimmed."""
    plain = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).translate(_DASHES)
    # casefolding can undo the normal form, so it is taken again
    return " ".join(unicodedata.normalize("NFKC", plain.casefold()).split())


def silence_words() -> dict[str, str]:
    """Folded words that are no answer, with the reason: 'NO_ANSWER' or 'NOT_APPLICABLE'."""
    return {fold(word): reason for reason, words in _SILENCE.items() for word in words}


def label_set(name: str, *, where: str = "") -> LabelSet:
    """The shipped list of that id.

    Raises
    ------
    UnknownName : with the close match and the ids there are.
    """
    if name not in LABEL_SETS:
        raise UnknownName("label set", name, LABEL_SETS, where=where)
    return LABEL_SETS[name]


def set_labels(name: str, *, minimum: int, maximum: int, higher_is: str) -> dict[int, Text]:
    """The labels of a shipped list laid on a scale; from its top down where the highest code is the worst."""
    labels = label_set(name).labels
    codes = range(minimum, maximum + 1)
    return dict(sorted(zip(codes if higher_is == "better" else reversed(codes), labels, strict=True)))


def label_codes(scale: Scale) -> dict[str, int]:
    """Folded answer text to code: numerals, the scale's labels in both languages, and numeral with label.

    The scale's own labels rule; the shipped lists of the same length add their other words where they do not
    contradict them. Words on which two shipped lists disagree are left out: they stay unknown, to be named.
    """
    words = {code: _own_words(scale, code) for code in range(scale.minimum, scale.maximum + 1)}
    own = {word: code for code, forms in words.items() for word in forms}
    shipped = _agreed(
        found
        for found in map(dict, _shipped_words(scale))
        if not own or (own.keys() & found.keys() and all(found.get(w, c) == c for w, c in own.items()))
    )
    for word, code in shipped.items():
        if word not in own:
            words[code].append(word)
    codes = {
        form: code
        for code, labels in words.items()
        for label in labels
        for form in _with_numeral(code, label)
    }
    codes |= {label: code for code, labels in words.items() for label in labels}
    # numerals last: a label that reads '1' must not move the code 1
    return codes | {form: code for code in words for form in _numeral_forms(code)}


# the words begin with a letter: '3.5' and '3-4' are no answer 3 with a label
_LEADING = re.compile(r"^(-?\d{1,9})\s*(?:分|points?)?\s*[-:.,=、)/\s]\s*([^\W\d_].*)$")
_TRAILING = re.compile(r"^([^\W\d_].*?)(?:\s*[(\[]\s*|\s+[-:=]\s+)(-?\d{1,9})\s*(?:分|points?)?\s*[)\]]?$")


def answer_code(text: str, scale: Scale, *, codes: Mapping[str, int] | None = None) -> int | None:
    """The code of an answer given as text, or None.

    Reads whatever `label_codes` knows (give it as `codes` to save the work) and a numeral with words csat
    does not know, as in `10 - Extremely likely`; None when the words are known and say another code.
    """
    codes = label_codes(scale) if codes is None else codes
    folded = fold(text)
    if folded in codes:
        return codes[folded]
    for pattern, numeral, words in ((_LEADING, 1, 2), (_TRAILING, 2, 1)):
        match = pattern.match(folded)
        if match and codes.get(match[words], int(match[numeral])) == int(match[numeral]):
            code = int(match[numeral])
            return code if scale.minimum <= code <= scale.maximum else None
    return None


def best_sets(values: Iterable[str]) -> list[str]:
    """Ids of the shipped lists that know every one of the texts, the one with the fewest points first."""
    folded = {fold(v) for v in values}
    known = {s.id: {fold(w) for p in range(len(s.labels)) for w in s.words(p)} for s in LABEL_SETS.values()}
    fitting = [id for id, words in known.items() if folded and folded <= words]
    return sorted(fitting, key=lambda id: len(LABEL_SETS[id].labels))


def _own_words(scale: Scale, code: int) -> list[str]:
    label = scale.labels.get(code)
    return [fold(w) for w in (label.en, label.zh) if w] if label else []


def _shipped_words(scale: Scale) -> list[list[tuple[str, int]]]:
    """Word to code for each shipped ordered list as long as the scale."""
    codes = list(range(scale.minimum, scale.maximum + 1))
    if scale.higher_is == "worse":
        codes.reverse()
    return [
        [(fold(word), code) for position, code in enumerate(codes) for word in labels.words(position)]
        for labels in LABEL_SETS.values()
        if labels.ordered and len(labels.labels) == len(codes)
    ]


def _agreed(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    claims: dict[str, set[int]] = {}
    for words in found:
        for word, code in words.items():
            claims.setdefault(word, set()).add(code)
    return {word: codes.pop() for word, codes in claims.items() if len(codes) == 1}


def _numeral_forms(code: int) -> Sequence[str]:
    return [str(code), f"{code}.0", f"{code}分", f"{code} 分"]


_JOINS = (
    *(
        "{c} - {l}",
        "{c}- {l}",
        "{c}-{l}",
        "{c}: {l}",
        "{c}:{l}",
        "{c}. {l}",
        "{c}.{l}",
        "{c}、{l}",
        "{c}) {l}",
    ),
    *("{c} {l}", "{c} = {l}", "{c}={l}", "{c}分 {l}", "{c}分-{l}", "{c}分({l})"),
    *("{l} - {c}", "{l}: {c}", "{l} ({c})", "{l}({c})", "{l} ({c}分)", "{l}({c}分)"),
)


def _with_numeral(code: int, label: str) -> list[str]:
    return [fold(join.format(c=code, l=label)) for join in _JOINS]
