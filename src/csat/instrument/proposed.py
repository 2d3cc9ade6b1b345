"""The text of a proposed instrument: TOML with the reasons of each guess, and the questions it leaves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from csat.errors import listed
from csat.instrument.guesses import Group, Member, ScaleGuess, roles_of
from csat.instrument.labels import LABEL_SETS
from csat.instrument.profile import Profile, is_as_a_whole, is_overall
from csat.instrument.writing import toml_key, toml_text

USUAL_ENDS = (5, 7, 10)
"""Highest codes that raise no question."""

UNEVEN = 0.4
"""Shares of the highest answer so far apart are unlike a rating, and like a service that few have used."""


def write_proposal(
    groups: Sequence[Group],
    scales: Sequence[ScaleGuess],
    others: Sequence[Profile],
    *,
    source_name: str,
    rows: int,
    several: Mapping[str, int],
) -> str:
    """The guesses as a TOML text in which every guess has its reason and every doubt is a question.

    others : columns that are no items. several : questions with several answers to how many options.
    """
    columns = len(others) + sum(len(g.members) for g in groups)
    blocks = [
        _head(source_name, rows, columns),
        _columns(others),
        *(_scale(s) for s in scales),
        *(_items(g, several=len(scales) > 1) for g in groups),
        *_constructs(groups),
        _index(groups),
        *(_segment(p) for p in others if p.role in ("segment", "codes", "labels")),
        _several(several),
        _left_out(others),
    ]
    return "\n".join(b for b in blocks if b)


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


def _scale(guess: ScaleGuess) -> str:
    lines = [f"minimum = {guess.minimum}", f"maximum = {guess.maximum}"]
    if guess.label_set:
        lines.append(f"labels = {toml_text(guess.label_set)}")
    lines += ['higher_is = "worse"'] if guess.falling else []
    silent = dict.fromkeys((*sorted(guess.apart), *((0,) if guess.zero else ())), "NO_ANSWER") | guess.silent
    for key, reason in (("no_answer", "NO_ANSWER"), ("not_applicable", "NOT_APPLICABLE")):
        codes = sorted(c for c, why in silent.items() if why == reason and not guess.holds(c))
        lines += [f"{key} = [{', '.join(map(str, codes))}]"] if codes else []
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


def _items(group: Group, *, several: bool) -> str:
    return "\n".join(_item(m, group, several=several) for m in group.members)


def _item(m: Member, group: Group, *, several: bool) -> str:
    column, scale = m.profile.column, group.scale
    comments = [f"Guess: {m.profile.reason}."]
    if m.profile.silent:
        words = [f"'{w}' ({n}, {reason})" for w, (n, reason) in m.profile.silent.items()]
        comments.append(f"Read as no answer: {listed(words)}.")
    if m.against is not None:
        comments.append(
            f"Please check: its answers run against the others of {group.prefix} (mean r = {m.against:.2f}). "
            "If the question is worded the other way round, write reverse = true"
        )
    overall = is_as_a_whole if group.stem else is_overall
    if len(group.members) > 1 and overall(column.title) and not is_overall(group.prefix):
        comments.append(
            "Please check: does it ask for satisfaction as a whole? Then give it a construct of its own with "
            'role = "outcome"'
        )
    lines = ["[[items]]", _comment(*comments).rstrip("\n"), f"id = {toml_text(m.id)}"]
    if several and scale is not None:
        lines.append(f"scale = {toml_text(scale.id)}")
    title = column.title.rstrip("：: ") or column.title
    lines.append(f"{_language(title)} = {toml_text(title)}")
    if m.id != column.name:
        lines.append(f"aliases = [{toml_text(column.name)}]")
    return "\n".join(lines) + "\n"


def _constructs(groups: Sequence[Group]) -> list[str]:
    roles = roles_of(groups)
    blocks = [
        _comment(
            "Please check each construct: do its items measure one thing? Is its part (role) right: driver, "
            "outcome, loyalty or descriptive?"
        )
    ]
    for group in groups:
        if not group.construct:
            continue
        why = f"the items begin with '{group.prefix}'" if len(group.members) > 1 else "what the item asks"
        why = "the items are parts of one question" if group.stem and len(group.members) > 1 else why
        members = ", ".join(toml_text(m.id) for m in group.members)
        blocks.append(
            "[[constructs]]\n"
            + _comment(f"Guess: {why}.")
            + f"id = {toml_text(group.construct)}\n{_language(group.title)} = {toml_text(group.title)}\n"
            + f'role = "{roles[group.construct]}"\nitems = [{members}]\n'
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


def _index(groups: Sequence[Group]) -> str:
    roles = roles_of(groups)
    outcomes = [id for id, role in roles.items() if role == "outcome"]
    drivers = [id for id, role in roles.items() if role == "driver"]
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
    if p.role in ("codes", "labels"):
        comments.append(
            "Please check: is this a group, or a question on a scale? Then make it one of the [[items]]"
        )
    if p.codes and not p.labels:
        comments.append(
            'Please check: what do the codes mean? Write [segments.labels] below with 1 = "..." and so on'
        )
    text = "[[segments]]\n" + _comment(*comments)
    text += f"column = {toml_text(p.name)}\n{_language(p.column.title)} = {toml_text(p.column.title)}\n"
    if p.labels:
        text += "[segments.labels]\n"
        text += "".join(f"{toml_key(str(c))} = {_words(w)}\n" for c, w in sorted(p.labels.items()))
    return text


def _several(questions: Mapping[str, int]) -> str:
    return (
        _comment(
            "Questions with several answers, which are no items:",
            *(f"  {question}: {options} options" for question, options in questions.items()),
        )
        if questions
        else ""
    )


def _left_out(others: Sequence[Profile]) -> str:
    left = [p for p in others if p.role not in ("weight", "respondent", "segment", "codes", "labels")]
    if not left:
        return ""
    return _comment(
        "Left out:",
        *(f"  {p.name}: {'private, ' if p.role == 'private' else ''}{p.reason}" for p in left),
    )


def _questions(guess: ScaleGuess) -> list[str]:
    """What only a person can know about a scale."""
    if guess.label_set:
        worst, best = LABEL_SETS[guess.label_set].labels[0].en, LABEL_SETS[guess.label_set].labels[-1].en
        return [f"is '{worst}' the worst answer and '{best}' the best, as in the list {guess.label_set}?"]
    if guess.declared:
        direction = "worst" if guess.falling else "best"
        questions = [
            f"{guess.declared} {guess.minimum} to {guess.maximum}; "
            f"is the highest code the {direction} answer?"
        ]
        if guess.apart - set(guess.silent):
            questions.append(_apart(guess))
        return questions
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
    if guess.letters:
        questions.append(
            f"the codes come as {listed([f'{x}{guess.low}' for x in sorted(guess.letters)])} and so on: is "
            "the number behind the letter the degree, in this order?"
        )
    if guess.apart - set(guess.silent):
        questions.append(_apart(guess))
    return questions


def _apart(guess: ScaleGuess) -> str:
    codes = listed([str(c) for c in sorted(guess.apart - set(guess.silent))])
    return (
        f"what do the codes {codes} mean? no_answer: asked and not answered; not_applicable: never used, "
        "don't know, not shown"
    )
