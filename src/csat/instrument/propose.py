"""Propose an instrument from a data file: guesses with reasons, and questions only a person can answer.

The proposal is a TOML text that reads as an instrument. Guesses and questions stand in it as comments; the
ends of a scale, above all, are never taken from the answers without saying so: nobody may have chosen them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from csat.errors import BadInput, listed
from csat.instrument.instrument import Scale
from csat.instrument.labels import LABEL_SETS, answer_code, fold, label_codes, set_labels
from csat.instrument.profile import (
    Profile,
    core_codes,
    is_loyalty,
    is_overall,
    profile,
)
from csat.instrument.statements import is_plain
from csat.instrument.writing import toml_key, toml_text

COMMON_SCALES = ((1, 5), (1, 7), (1, 10), (0, 10), (1, 4), (1, 6), (1, 9), (1, 11))
"""Scales in use, the more common first."""

USUAL_ENDS = (5, 7, 10)
"""Highest codes that raise no question."""

MANY_ANSWERS = 100
"""From so many answers to a block on, somebody should have chosen the highest one."""

ROWS_COMPARED = 2000
"""How many rows are looked at to see which items run against the others."""

COMPANY = 3
"""So many columns with the same highest code are taken for a battery of ratings, whatever they are called."""

UNEVEN = 0.4
"""Shares of the highest answer so far apart are unlike a rating, and like a service that few have used."""

MUCH_LOWER = 0.6
"""An item whose highest answer is so much lower than its neighbours' is taken to be on another scale."""

GENERIC = frozenset(("q", "question", "item", "v", "var", "x", "col", "column", "问题", "题", "题目"))
"""Beginnings of names that say nothing about what is asked."""

ITEMS_COMPARED = 60
"""How many items of one group are compared with one another."""


def propose(columns: Mapping[str, Sequence[str | None]], *, source_name: str) -> str:
    """TOML text of an instrument that may fit the columns of a data file.

    Parameters
    ----------
    columns : column name to its cells as text, None where empty; all of one length.
    source_name : the file's name, for the title and the comments.

    Returns
    -------
    str : a text `read_instrument` accepts. Each guess has its reason in a comment; questions begin with
    "Please check".

    Raises
    ------
    BadInput : when no column looks like the answers to a question.
    """
    profiles = list(_profiles(columns))
    groups = _groups(profiles)
    if not groups:
        kinds = [f"{p.name} ({p.reason})" for p in profiles]
        raise BadInput(
            "no column looks like the answers to a question on a scale",
            where=source_name,
            right=f"The columns are: {listed(kinds)}",
            do="Write the instrument by hand, beginning from: csat instruments show ecsi",
        )
    scales = _scales(groups)
    _name(groups, columns)
    for group in groups:
        _compare(group, columns)
    rows = max((len(v) for v in columns.values()), default=0)
    taken = {m.profile.name for g in groups for m in g.members}
    others = [p for p in profiles if p.name not in taken]
    blocks = [
        _head(source_name, rows, len(profiles)),
        _columns(others),
        *(_scale(s) for s in scales),
        *(_items(g, several=len(scales) > 1) for g in groups),
        *_constructs(groups),
        _index(groups),
        *(_segment(p) for p in others if p.role in ("segment", "codes")),
        _left_out(others),
    ]
    return "\n".join(b for b in blocks if b)


def _profiles(columns: Mapping[str, Sequence[str | None]]) -> Iterator[Profile]:
    """A profile for each column; one without a name of its own cannot be asked for."""
    taken: set[str] = set()
    for name, values in columns.items():
        if not fold(name):
            yield Profile(name, "ignored", "the column has no name")
        elif fold(name) in taken:
            yield Profile(name, "ignored", "another column has the same name")
        else:
            yield profile(name, values)
        taken.add(fold(name))


@dataclass
class _ScaleGuess:
    """A scale as it is proposed.

    low, high : the answers seen. zero : whether 0 was seen below them. top_shares : the smallest and the
    largest share of the highest answer over the items. apart : codes that stand apart.
    """

    minimum: int
    maximum: int
    label_set: str = ""
    labels: dict[int, str] = field(default_factory=dict)
    low: int = 0
    high: int = 0
    zero: bool = False
    top_shares: tuple[float, float] = (0.0, 0.0)
    apart: set[int] = field(default_factory=set)
    id: str = ""

    def holds(self, code: int) -> bool:
        return self.minimum <= code <= self.maximum

    def merge(self, other: _ScaleGuess) -> None:
        """Take in another group that seems to have the same scale."""
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.zero |= other.zero
        self.top_shares = (
            min(self.top_shares[0], other.top_shares[0]),
            max(self.top_shares[1], other.top_shares[1]),
        )
        self.apart |= other.apart


@dataclass
class _Member:
    """An item of the proposal."""

    profile: Profile
    id: str = ""
    against: float | None = None
    """Its mean correlation with the others of its group, where it runs against them."""


@dataclass
class _Group:
    """Items whose names begin alike."""

    prefix: str
    members: list[_Member]
    scale: _ScaleGuess | None = None
    construct: str = ""

    @property
    def says_something(self) -> bool:
        """Whether the group may be a construct: several items, or one that speaks of satisfaction."""
        if len(self.members) == 1:
            return is_overall(self.title)
        return fold(self.prefix) not in GENERIC

    @property
    def title(self) -> str:
        """What the group is called: the beginning its items share, or the name of its only item."""
        return self.members[0].profile.name if len(self.members) == 1 else self.prefix


# Grouping columns


def _groups(profiles: Sequence[Profile]) -> list[_Group]:
    """Candidate items by the beginning of their names, in file order.

    Whole numbers without labels count as answers only in company, that of their block or of other columns
    with the same ends: alone they may as well be a group's codes, unless the name speaks of satisfaction.
    """
    found: dict[tuple[str, str], list[Profile]] = {}
    for p in profiles:
        if p.role in ("item", "codes"):
            # one label list and one kind of code in a group, so that it has one scale
            found.setdefault((_prefix(p.name), _kind(p)), []).append(p)
    blocks = [block for (prefix, _), members in found.items() for block in _blocks(prefix, members)]
    company = Counter(_top(p) for _, members in blocks for p in members if p.role == "codes")
    return [
        _Group(prefix, [_Member(p) for p in members])
        for prefix, members in blocks
        if len(members) > 1
        or members[0].role == "item"
        or is_overall(members[0].name)
        or is_loyalty(members[0].name)
        or company[_top(members[0])] >= COMPANY
    ]


def _blocks(prefix: str, members: list[Profile]) -> list[tuple[str, list[Profile]]]:
    """The members whose answers reach about as high; one that stops far below is on another scale."""
    top = max(_top(p) for p in members)
    alike = [p for p in members if _top(p) >= MUCH_LOWER * top]
    return [(prefix, alike), *((p.name, [p]) for p in members if p not in alike)]


def _kind(p: Profile) -> str:
    return p.label_set or ("words" if p.labels else "numbers")


def _top(p: Profile) -> int:
    return max(core_codes(p.codes)[0], default=0)


def _prefix(name: str) -> str:
    """What the names of one block of questions have in common: `imag` of imag3, `Q7` of Q7ART and Q7_2."""
    text = unicodedata.normalize("NFKC", name).strip()
    for pattern in (
        r"第?(\d+)[、题:：.．]\s*.*",  # 2、(speed)   第2题(speed)
        r"(.+?)\s+[-–—]\s+.+",  # stem - item
        r"(.+?)\s*[\[(].*[\])]",  # CODE[SQ001]
        r"([A-Za-z]+\d+)[A-Za-z]?_.*",  # Q7A_ART
        r"([A-Za-z]\d+)[A-Za-z]{2,}.*",  # Q7ART
        r"([A-Za-z]\d+)[A-Za-z]",  # Q8A
        r"(.*?[^\d_.\s])[_.\s-]?\d+",  # imag3, sat_1
    ):
        match = re.fullmatch(pattern, text)
        if match:
            return match[1].strip(" _-.")
    return text


# Scales


def _scales(groups: Iterable[_Group]) -> list[_ScaleGuess]:
    """A scale for each group, shared by the groups that seem to have the same one."""
    found: dict[tuple[object, ...], _ScaleGuess] = {}
    for group in groups:
        guess = _guess(group)
        key = (guess.minimum, guess.maximum, guess.label_set, *guess.labels.items())
        group.scale = found.setdefault(key, guess)
        group.scale.merge(guess)
    taken: set[str] = set()
    for guess in found.values():
        id = guess.label_set.replace("-", "_") or f"from_{guess.minimum}_to_{guess.maximum}"
        while id in taken:
            id = _next(id)
        taken.add(id)
        guess.id = id
    return list(found.values())


def _guess(group: _Group) -> _ScaleGuess:
    first = group.members[0].profile
    if first.label_set:
        points = len(LABEL_SETS[first.label_set].labels)
        low = 0 if points == 2 else 1
        return _ScaleGuess(low, low + points - 1, first.label_set)
    counts = Counter[int]()
    for m in group.members:
        counts.update(m.profile.codes)
    core, apart = core_codes(counts)
    low, high = min(core), max(core)
    # 0 on a scale that ends below 10 is more often a code for no answer than the lowest answer
    zero = low == 0 and high < 10
    low = min(c for c in core if c > 0) if zero else low
    minimum, maximum = _scale_ends(low, high, answers=sum(counts.values()))
    labels = {c: w for m in group.members for c, w in m.profile.labels.items() if minimum <= c <= maximum}
    shares = [m.profile.codes.get(high, 0) / sum(m.profile.codes.values()) for m in group.members]
    ends = min(shares), max(shares)
    return _ScaleGuess(minimum, maximum, "", labels, low, high, zero, ends, set(apart))


def _scale_ends(low: int, high: int, *, answers: int) -> tuple[int, int]:
    """The scale in use that holds the answers: the shortest when they are many, the most common when few."""
    holding = [s for s in COMMON_SCALES if s[0] <= low and high <= s[1]]
    if not holding:
        return low, high
    return min(holding, key=lambda s: s[1] - s[0]) if answers >= MANY_ANSWERS else holding[0]


def _questions(guess: _ScaleGuess) -> list[str]:
    """What only a person can know about a scale."""
    if guess.label_set:
        worst, best = LABEL_SETS[guess.label_set].labels[0].en, LABEL_SETS[guess.label_set].labels[-1].en
        return [f"is '{worst}' the worst answer and '{best}' the best, as in the list {guess.label_set}?"]
    questions = [
        f"answers from {guess.low} to {guess.high} were seen, so the ends below are a guess. Which codes "
        "could be chosen, whether or not anybody did?",
        'is the highest code the best answer? If it is the worst, write higher_is = "worse"',
    ]
    if guess.zero:
        questions.append(
            "does 0 mean a blank (as proposed) or 'does not apply' (then move it to not_applicable)? If it "
            "is the lowest answer, set minimum = 0 and take it out of no_answer"
        )
    if guess.high not in USUAL_ENDS:
        low, high = guess.top_shares
        uneven = (
            f" Its share runs from {low:.0%} to {high:.0%} over the items, as such a code's would"
            if high - low > UNEVEN
            else ""
        )
        questions.append(f"is {guess.high} the end of the scale, or a code such as 'never used'?{uneven}")
    if guess.apart:
        questions.append(
            f"what do the codes {listed([str(c) for c in sorted(guess.apart)])} mean? no_answer: asked and "
            "not answered; not_applicable: never used, don't know, not shown"
        )
    return questions


# Names


def _name(groups: Sequence[_Group], columns: Iterable[str]) -> None:
    """Ids for items and constructs: plain, and each once."""
    taken: set[str] = set()
    # no made-up id may collide with a column
    used = {fold(n) for n in columns}
    for group in groups:
        for position, m in enumerate(group.members):
            name = m.profile.name
            plain = is_plain(name) and not name.startswith(".")
            id = name if plain else _slug(name) or f"{_slug(group.prefix) or 'item'}_{position + 1}"
            while fold(id) in taken or (id != name and fold(id) in used):
                id = _next(id)
            taken.add(fold(id))
            m.id = id
    for group in groups:
        if group.says_something:
            id = "Satisfaction" if len(group.members) == 1 else _slug(group.prefix) or "group"
            id = id[:1].upper() + id[1:]
            while fold(id) in taken:
                id = _next(id if not id.isascii() or "_" in id else f"{id}_block")
            taken.add(fold(id))
            group.construct = id


def _slug(name: str) -> str:
    text = unicodedata.normalize("NFKC", name)
    words = re.sub(r"[^\w]+", "_", text).strip("_")
    words = words.lower() if words.isascii() else words
    words = words[:40].rstrip("_")
    if words and not is_plain(words):
        words = f"q{words}"
    return words if words and is_plain(words) else ""


def _next(id: str) -> str:
    match = re.fullmatch(r"(.*)_(\d{1,4})", id)
    return f"{match[1]}_{int(match[2]) + 1}" if match else f"{id}_2"


# Which items run against the others


def _compare(group: _Group, columns: Mapping[str, Sequence[str | None]]) -> None:
    """Marks the smaller party of items whose signs differ on the group's main direction."""
    members = group.members[:ITEMS_COMPARED]
    if len(members) < 3 or group.scale is None:
        return
    answers = [_answers(columns[m.profile.name], group.scale) for m in members]
    r = [[_correlation(a, b) for b in answers] for a in answers]
    direction = _main_direction(r)
    up = [d > 0 for d in direction]
    fewer = True in up and up.count(True) < up.count(False)
    for i, m in enumerate(members):
        others = [r[i][j] for j in range(len(members)) if up[j] != fewer and j != i]
        if up[i] == fewer and others and sum(others) / len(others) < 0:
            m.against = sum(others) / len(others)


def _answers(cells: Sequence[str | None], guess: _ScaleGuess) -> list[float]:
    labels = (
        set_labels(guess.label_set, minimum=guess.minimum, maximum=guess.maximum, higher_is="better")
        if guess.label_set
        else {}
    )
    scale = Scale("", guess.minimum, guess.maximum, labels)
    known = label_codes(scale)
    step = max(1, len(cells) // ROWS_COMPARED)
    codes = (answer_code(cell, scale, codes=known) if cell else None for cell in cells[::step])
    return [math.nan if c is None else float(c) for c in codes]


def _correlation(a: Sequence[float], b: Sequence[float]) -> float:
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if not (math.isnan(x) or math.isnan(y))]
    if len(pairs) < 3:
        return 0.0
    mx, my = (sum(v) / len(pairs) for v in zip(*pairs, strict=True))
    xx = sum((x - mx) ** 2 for x, _ in pairs)
    yy = sum((y - my) ** 2 for _, y in pairs)
    xy = sum((x - mx) * (y - my) for x, y in pairs)
    return xy / math.sqrt(xx * yy) if xx and yy else 0.0


def _main_direction(r: Sequence[Sequence[float]]) -> list[float]:
    """Signs of the first principal component, by power iteration."""
    size = len(r)
    # from the item most correlated with the rest, so that the start is not orthogonal to the answer
    strongest = max(range(size), key=lambda i: sum(abs(v) for v in r[i]))
    v = list(r[strongest])
    for _ in range(50):
        # R + I has the same vectors and no negative value as large as its largest
        w = [v[i] + sum(r[i][j] * v[j] for j in range(size)) for i in range(size)]
        norm = math.sqrt(sum(x * x for x in w)) or 1.0
        v = [x / norm for x in w]
    return v


# The text


def _comment(*lines: str) -> str:
    plain = ("".join(c if c.isprintable() else " " for c in line) for line in lines if line)
    return "".join(f"# {' '.join(line.split())}\n" for line in plain)


def _head(source_name: str, rows: int, count: int) -> str:
    stem = PurePath(source_name).name.split(".")[0]
    id = re.sub(r"[^a-z0-9_-]+", "_", stem.lower()).strip("_-")
    if not id or id[0].isdigit():
        id = f"survey_{id}".rstrip("_")
    return (
        _comment(
            f"Proposed by csat from {source_name} ({rows} rows, {count} columns).",
            "Every guess says why it was made. Answer each 'Please check', then delete the comment.",
        )
        + f'id = {toml_text(id)}\nversion = "0.1"\ntitle = {{ en = {toml_text(source_name)} }}\n'
    )


def _columns(others: Sequence[Profile]) -> str:
    lines, comments = [], []
    for key, role in (("weight", "weight"), ("respondent", "respondent")):
        found = [p for p in others if p.role == role]
        if not found:
            continue
        lines.append(f"{key} = [{', '.join(toml_text(p.name) for p in found)}]")
        comments += [f"Guess: {p.name} is a {_ROLE[role]}: {p.reason}." for p in found]
        if role == "weight":
            comments.append("Please check: was the survey weighted, and is this the weight to use?")
        elif len(found) > 1:
            comments.append(
                "Please check: which of these columns is the respondent's key? The first one is used."
            )
    return "[columns]\n" + _comment(*comments) + "\n".join(lines) + "\n" if lines else ""


_ROLE = {"weight": "weight", "respondent": "key"}


def _scale(guess: _ScaleGuess) -> str:
    lines = [f"minimum = {guess.minimum}", f"maximum = {guess.maximum}"]
    if guess.label_set:
        lines.append(f"labels = {toml_text(guess.label_set)}")
    silent = sorted(c for c in {*guess.apart, *({0} if guess.zero else ())} if not guess.holds(c))
    lines += [f"no_answer = [{', '.join(map(str, silent))}]"] if silent else []
    text = f"[scales.{toml_key(guess.id)}]\n"
    text += _comment(*(f"Please check: {q}" for q in _questions(guess))) + "\n".join(lines) + "\n"
    if guess.labels:
        text += f"[scales.{toml_key(guess.id)}.labels]\n"
        text += "".join(f"{c} = {_words(w)}\n" for c, w in sorted(guess.labels.items()))
    return text


def _words(text: str) -> str:
    return f"{{ {_language(text)} = {toml_text(text)} }}"


def _language(text: str) -> str:
    return "zh" if re.search(r"[\u4e00-\u9fff]", text) else "en"


def _items(group: _Group, *, several: bool) -> str:
    return "\n".join(_item(m, group, several=several) for m in group.members)


def _item(m: _Member, group: _Group, *, several: bool) -> str:
    name, scale = m.profile.name, group.scale
    comments = [f"Guess: {m.profile.reason}."]
    if m.profile.silent:
        words = [f"'{w}' ({n}, {reason})" for w, (n, reason) in m.profile.silent.items()]
        comments.append(f"Read as no answer: {listed(words)}.")
    if m.against is not None:
        comments.append(
            f"Please check: its answers run against the others of {group.prefix} (mean r = {m.against:.2f}). "
            "If the question is worded the other way round, write reverse = true"
        )
    if is_overall(name) and not is_overall(group.title):
        comments.append(
            "Please check: does it ask for satisfaction as a whole? Then give it a construct of its own with "
            'role = "outcome"'
        )
    lines = ["[[items]]", _comment(*comments).rstrip("\n"), f"id = {toml_text(m.id)}"]
    if several and scale is not None:
        lines.append(f"scale = {toml_text(scale.id)}")
    lines.append(f"{_language(name)} = {toml_text(name)}")
    if m.id != name:
        lines.append(f"aliases = [{toml_text(name)}]")
    return "\n".join(lines) + "\n"


def _constructs(groups: Sequence[_Group]) -> list[str]:
    blocks = [
        _comment(
            "Please check each construct: do its items measure one thing? Is its part (role) right: driver, "
            "outcome, loyalty or descriptive?"
        )
    ]
    for group in groups:
        if not group.construct:
            continue
        why = f"the items begin with '{group.prefix}'" if len(group.members) > 1 else "the item's name"
        blocks.append(
            "[[constructs]]\n"
            + _comment(f"Guess: {why}.")
            + f"id = {toml_text(group.construct)}\n{_language(group.title)} = {toml_text(group.title)}\n"
            + f'role = "{_role(group)}"\nitems = [{", ".join(toml_text(m.id) for m in group.members)}]\n'
        )
    loose = [m.id for g in groups if not g.construct for m in g.members]
    if loose:
        blocks.append(
            _comment(
                "Please check: these items belong to no construct. Give each set that measures one thing:",
                "[[constructs]]",
                'id = "..."',
                f"items = [{', '.join(toml_text(i) for i in loose)}]",
            )
        )
    return blocks


def _role(group: _Group) -> str:
    if is_loyalty(group.title):
        return "loyalty"
    return "outcome" if is_overall(group.title) else "driver"


def _index(groups: Sequence[_Group]) -> str:
    outcomes = [g.construct for g in groups if g.construct and _role(g) == "outcome"]
    drivers = [g.construct for g in groups if g.construct and _role(g) == "driver"]
    if not outcomes:
        return _comment(
            'Please check: which construct is satisfaction itself? Give it role = "outcome" and write here:',
            "[index]",
            'construct = "..."',
        )
    text = _comment("Guess: the index is the construct whose name speaks of satisfaction.")
    text += f'[index]\nconstruct = {toml_text(outcomes[0])}\nmethod = "equal"\n'
    if drivers:
        text += _comment(
            "Please check: what moves what? If every driver moves satisfaction, write above the first table:",
            f'model = "{outcomes[0]} ~ {" + ".join(drivers)}"',
        )
    return text


def _segment(p: Profile) -> str:
    values = {str(c): n for c, n in p.codes.items()} or p.values
    shown = listed([f"{v} ({n})" for v, n in list(values.items())])
    comments = [f"Guess: a column of groups: {p.reason}. Seen: {shown}."]
    if p.role == "codes":
        comments.append(
            "Please check: is this a group, or a question on a scale? Then make it one of the [[items]]"
        )
    if p.codes:
        comments.append(
            'Please check: what do the codes mean? Write [segments.labels] below with 1 = "..." and so on'
        )
    return (
        "[[segments]]\n"
        + _comment(*comments)
        + f"column = {toml_text(p.name)}\n{_language(p.name)} = {toml_text(p.name)}\n"
    )


def _left_out(others: Sequence[Profile]) -> str:
    left = [p for p in others if p.role not in ("weight", "respondent", "segment", "codes")]
    if not left:
        return ""
    return _comment(
        "Left out:",
        *(f"  {p.name}: {'private, ' if p.role == 'private' else ''}{p.reason}" for p in left),
    )
