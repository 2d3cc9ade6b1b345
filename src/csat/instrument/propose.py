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
from dataclasses import replace

from csat.errors import BadInput, listed
from csat.instrument.guesses import Group, Member, ScaleGuess
from csat.instrument.instrument import Scale
from csat.instrument.labels import LABEL_SETS, answer_code, fold, label_codes, set_labels
from csat.instrument.profile import Column, Profile, core_codes, is_loyalty, is_overall, profile
from csat.instrument.proposed import write_proposal
from csat.instrument.statements import is_plain

COMMON_SCALES = ((1, 5), (1, 7), (1, 10), (0, 10), (1, 4), (1, 6), (1, 9), (1, 11))
"""Scales in use, the more common first."""

MANY_ANSWERS = 100
"""From so many answers to a block on, somebody should have chosen the highest one."""

ROWS_COMPARED = 2000
"""How many rows are looked at to see which items run against the others."""

COMPANY = 3
"""So many columns with the same highest code are taken for a battery of ratings, whatever they are called."""

MUCH_LOWER = 0.6
"""An item whose highest answer is so much lower than its neighbours' is taken to be on another scale."""

ITEMS_COMPARED = 60
"""How many items of one group are compared with one another."""


LONGEST_ID = 28
"""Letters of an id made from a wording."""


def propose(columns: Sequence[Column], *, source_name: str, several: Mapping[str, int] | None = None) -> str:
    """TOML text of an instrument that may fit the columns of a data file.

    Parameters
    ----------
    columns : what may be a question, a group, a weight or a key, with what the file says of each; all of
    one length. source_name : the file's name, for the title and the comments. several : questions with
    several answers, which are no items, to the number of their options.

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
    _name(groups, [c.name for c in columns])
    for group in groups:
        _compare(group)
    rows = max((len(c.cells) for c in columns), default=0)
    taken = {m.profile.name for g in groups for m in g.members}
    others = [p for p in profiles if p.name not in taken]
    return write_proposal(groups, scales, others, source_name=source_name, rows=rows, several=several or {})


def _profiles(columns: Iterable[Column]) -> Iterator[Profile]:
    """A profile for each column; one without a name of its own cannot be asked for."""
    taken: set[str] = set()
    for column in columns:
        name = fold(column.name)
        if not name:
            yield Profile(column, "ignored", "the column has no name")
        elif name in taken:
            yield Profile(column, "ignored", "another column has the same name")
        else:
            found = profile(column)
            asked = found.role in ("item", "codes", "labels")
            yield replace(found, role="segment") if column.given and asked else found
        taken.add(name)


# Grouping columns


def _groups(profiles: Sequence[Profile]) -> list[Group]:
    """Candidate items by the beginning of their names, in file order.

    Whole numbers without labels count as answers only in company, that of their block or of other columns
    with the same ends: alone they may as well be a group's codes, unless the name speaks of satisfaction.
    """
    found: dict[tuple[str, ...], list[Profile]] = {}
    worded = Counter(_kind(p) for p in profiles if p.role == "labels")
    for p in profiles:
        if p.role in ("item", "codes") or (p.role == "labels" and worded[_kind(p)] > 1):
            # one label list and one kind of code in a group, so that it has one scale
            found.setdefault((p.column.stem or _prefix(p.name), *_kind(p)), []).append(p)
    blocks = [block for members in found.values() for block in _blocks(_prefix(members[0].name), members)]
    company = Counter(_top(p) for _, members in blocks for p in members if p.role == "codes")
    return [
        Group(prefix, [Member(p) for p in members])
        for prefix, members in blocks
        if len(members) > 1
        or members[0].role == "item"
        or members[0].ends
        or is_overall(members[0].column.words)
        or is_loyalty(members[0].column.words)
        or company[_top(members[0])] >= COMPANY
    ]


def _blocks(prefix: str, members: list[Profile]) -> list[tuple[str, list[Profile]]]:
    """The members whose answers reach about as high; one that stops far below is on another scale."""
    top = max(_top(p) for p in members)
    alike = [p for p in members if _top(p) >= MUCH_LOWER * top]
    return [(prefix, alike), *((p.name, [p]) for p in members if p not in alike)]


def _kind(p: Profile) -> tuple[str, ...]:
    if p.declared:
        words = (f"{c} {w}" for c, w in p.labels.items()) if p.role == "labels" else ()
        return ("declared", str(p.ends), str(p.falling), *words)
    return (p.label_set or ("words" if p.labels else "numbers"),)


def _top(p: Profile) -> int:
    if p.ends:
        return p.ends[1]
    return max(core_codes(p.codes)[0], default=0)


def _prefix(name: str) -> str:
    """What the names of one block of questions have in common: `imag` of imag3, `Q7` of Q7ART and Q7_2."""
    text = unicodedata.normalize("NFKC", name).strip()
    for pattern in (
        r"第?(\d+)[、题:：.．]\s*.*",  # 2、(speed)   第2题(speed)   3.1 how ...
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


def _scales(groups: Iterable[Group]) -> list[ScaleGuess]:
    """A scale for each group, shared by the groups that seem to have the same one."""
    found: dict[tuple[object, ...], ScaleGuess] = {}
    for group in groups:
        guess = _guess(group)
        labels = tuple(guess.labels.items())
        key = (guess.minimum, guess.maximum, guess.label_set, guess.declared, guess.falling, labels)
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


def _guess(group: Group) -> ScaleGuess:
    first = group.members[0].profile
    if first.label_set:
        points = len(LABEL_SETS[first.label_set].labels)
        low = 0 if points == 2 else 1
        return ScaleGuess(low, low + points - 1, first.label_set, silent=_silent(group))
    counts = Counter[int]()
    for m in group.members:
        counts.update(m.profile.codes)
    if first.ends and all(m.profile.ends == first.ends for m in group.members):
        low, high = first.ends
        labels = {c: w for m in group.members for c, w in m.profile.labels.items() if low <= c <= high}
        outside = {c for c in counts if not low <= c <= high}
        return ScaleGuess(
            low, high, "", labels, low, high, apart=outside, declared=first.declared, falling=first.falling,
            silent=_silent(group), letters={m.profile.column.letters for m in group.members} - {""},
        )  # fmt: skip
    core, apart = core_codes(counts)
    low, high = min(core), max(core)
    # 0 on a scale that ends below 10 is more often a code for no answer than the lowest answer
    zero = low == 0 and high < 10
    low = min(c for c in core if c > 0) if zero else low
    minimum, maximum = _scale_ends(low, high, answers=sum(counts.values()))
    labels = {c: w for m in group.members for c, w in m.profile.labels.items() if minimum <= c <= maximum}
    shares = [m.profile.codes.get(high, 0) / sum(m.profile.codes.values()) for m in group.members]
    ends = min(shares), max(shares)
    return ScaleGuess(
        minimum, maximum, "", labels, low, high, zero, ends, set(apart), silent=_silent(group),
        letters={m.profile.column.letters for m in group.members} - {""},
    )  # fmt: skip


def _silent(group: Group) -> dict[int, str]:
    """Whole codes that are declared no answer in any of the group's columns."""
    return {
        int(code): reason
        for m in group.members
        for code, (_, reason) in m.profile.silent.items()
        if re.fullmatch(r"-?\d{1,6}", code)
    }


def _scale_ends(low: int, high: int, *, answers: int) -> tuple[int, int]:
    """The scale in use that holds the answers: the shortest when they are many, the most common when few."""
    holding = [s for s in COMMON_SCALES if s[0] <= low and high <= s[1]]
    if not holding:
        return low, high
    return min(holding, key=lambda s: s[1] - s[0]) if answers >= MANY_ANSWERS else holding[0]


# Names


def _name(groups: Sequence[Group], columns: Iterable[str]) -> None:
    """Ids for items and constructs: plain, and each once."""
    taken: set[str] = set()
    # no made-up id may collide with a column
    used = {fold(n) for n in columns}
    for group in groups:
        for position, m in enumerate(group.members):
            column = m.profile.column
            plain = is_plain(column.name) and not column.name.startswith(".")
            own = _slug(column.part) or _slug(column.name)
            id = column.name if plain else own or f"{_slug(group.prefix) or 'item'}_{position + 1}"
            while fold(id) in taken or (id != column.name and fold(id) in used):
                id = _next(id)
            taken.add(fold(id))
            m.id = id
    for group in groups:
        if group.says_something:
            id = _construct_id(group)
            id = id[:1].upper() + id[1:]
            while fold(id) in taken:
                id = _next(id if not id.isascii() or "_" in id else f"{id}_block")
            taken.add(fold(id))
            group.construct = id


def _construct_id(group: Group) -> str:
    if len(group.members) == 1:
        return "Satisfaction" if is_overall(group.words) and not is_loyalty(group.words) else "Loyalty"
    return _slug(group.prefix) or _slug(group.stem) or "group"


def _slug(name: str) -> str:
    text = unicodedata.normalize("NFKC", name)
    words = re.sub(r"[^\w]+", "_", text).strip("_")
    words = words.lower() if words.isascii() else words
    if len(words) > LONGEST_ID:
        words = words[:LONGEST_ID].rpartition("_")[0] or words[:LONGEST_ID]
    if words and not is_plain(words):
        words = f"q{words}"
    return words if words and is_plain(words) else ""


def _next(id: str) -> str:
    match = re.fullmatch(r"(.*)_(\d{1,4})", id)
    return f"{match[1]}_{int(match[2]) + 1}" if match else f"{id}_2"


# Which items run against the others


def _compare(group: Group) -> None:
    """Marks the smaller party of items whose signs differ on the group's main direction."""
    members = group.members[:ITEMS_COMPARED]
    if len(members) < 3 or group.scale is None:
        return
    answers = [_answers(m.profile.column, group.scale) for m in members]
    r = [[_correlation(a, b) for b in answers] for a in answers]
    direction = _main_direction(r)
    up = [d > 0 for d in direction]
    fewer = True in up and up.count(True) < up.count(False)
    for i, m in enumerate(members):
        others = [r[i][j] for j in range(len(members)) if up[j] != fewer and j != i]
        if up[i] == fewer and others and sum(others) / len(others) < 0:
            m.against = sum(others) / len(others)


def _answers(column: Column, guess: ScaleGuess) -> list[float]:
    labels = (
        set_labels(guess.label_set, minimum=guess.minimum, maximum=guess.maximum, higher_is="better")
        if guess.label_set
        else {}
    )
    scale = Scale("", guess.minimum, guess.maximum, labels)
    known = label_codes(scale)
    cells = column.cells[:: max(1, len(column.cells) // ROWS_COMPARED)]
    read = {c: answer_code(c.removeprefix(column.letters), scale, codes=known) for c in set(cells) if c}
    codes = (read[cell] if cell else None for cell in cells)
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
