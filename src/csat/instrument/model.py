"""The model of an instrument: what its constructs and its model text say together."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from csat.errors import BadInput, UnknownName, closest
from csat.instrument.instrument import Construct, Instrument
from csat.instrument.statements import MEASURES, Expression, Model, Rule, Statement
from csat.instrument.syntax import parse_model
from csat.instrument.tokens import ModelError, place

__all__ = [
    "Expression",
    "Model",
    "ModelError",
    "Rule",
    "Statement",
    "cfa_model",
    "check_names",
    "measurement_model",
    "model_of",
    "parse_model",
    "restricted_to",
    "single_items",
]


def model_of(instrument: Instrument) -> Model:
    """The instrument's model, complete: measured constructs first, then what the model text says.

    A construct the text names but does not measure is measured by its items; a construct of one item is
    replaced by that item, which is the same model without an unidentified residual (`single_items` says which
    construct an item stands for). Without a model text: every construct of two items or more, no paths.

    Raises
    ------
    ModelError, UnknownName : with line and column of the model text.
    BadInput : when there is neither a model text nor a construct of two items.
    """
    if not instrument.model.strip():
        return cfa_model(instrument)
    where = f"{instrument.path or instrument.id}, the model"
    written = parse_model(instrument.model, where=where)
    check_names(
        written, items=[i.id for i in instrument.items], constructs=_ids(instrument.constructs), where=where
    )
    return completed(written, instrument.constructs)


def completed(written: Model, constructs: Iterable[Construct]) -> Model:
    """A model with the measurement of the constructs it names but does not measure."""
    named, measured = set(written.names), set(written.latents)
    missing = [c for c in constructs if c.id in named and c.id not in measured]
    stands = {c.id: c.items[0] for c in missing if len(c.items) == 1}
    statements = [
        *_measurement(c for c in missing if len(c.items) > 1),
        *(_renamed(s, stands) for s in written.statements),
    ]
    return Model(tuple(statements), written.rules, written.text)


def measurement_model(instrument: Instrument) -> Model:
    """The measurement part of `model_of`: what measures each construct of the model, and no paths."""
    return Model(tuple(s for s in model_of(instrument).statements if s.operator == MEASURES))


def cfa_model(instrument: Instrument) -> Model:
    """Every construct of two items or more, each measured by its items; single items are left out.

    Raises
    ------
    BadInput : when no construct has two items.
    """
    statements = _measurement(c for c in instrument.constructs if len(c.items) > 1)
    if not statements:
        raise BadInput(
            "no construct has two items or more, so there is nothing to confirm",
            where=instrument.path or instrument.id,
            do="Give a construct at least two items, better three",
        )
    return Model(tuple(statements))


def single_items(instrument: Instrument) -> dict[str, str]:
    """Construct to item, for the constructs of one item (in a model the item stands for the construct)."""
    return {c.id: c.items[0] for c in instrument.constructs if len(c.items) == 1}


def check_names(
    model: Model,
    *,
    items: Sequence[str],
    constructs: Sequence[str] | None = None,
    where: str = "",
    first_line: int = 1,
) -> None:
    """That a model names nothing unknown.

    Parameters
    ----------
    items : what was asked, or the columns of a frame.
    constructs : the declared constructs; None when the model itself declares them by `=~`. Where they are
        declared, `=~` may only measure one of them, or a higher-order construct measured by constructs: so a
        misspelt left side is found.
    where, first_line : the file and the line on which `model.text` begins, for messages.

    Raises
    ------
    UnknownName : the first unknown name, with line and column, and the close match.
    ModelError : an item on the left of `=~`.
    """
    latents = set(model.latents)
    declared = list(constructs or ())
    measurable = {*declared, *latents} - set(items)
    for s in model.statements:
        if s.operator == MEASURES and s.left in items and s.left not in declared:
            line, column, shown = _seen(s.left, s, model, first_line)
            raise ModelError(
                f"'{s.left}' is an item and cannot be measured by others",
                line=line,
                column=column,
                shown=shown,
                where=where,
                do="Give the construct another name",
            )
        if constructs is not None and s.operator == MEASURES and s.left not in declared:
            higher = all(r in measurable for r in model.items_of(s.left))
            if not higher:
                at = place(*_seen(s.left, s, model, first_line), where)
                raise UnknownName("construct", s.left, declared, where=at)
        for name in s.names:
            if name in items or name in declared or name in latents:
                continue
            at = place(*_seen(name, s, model, first_line), where)
            known_latents = list(dict.fromkeys([*declared, *model.latents]))
            turned = next((label for label in s.label if label in items or label in known_latents), "")
            if turned and name == s.right:
                do = f"A label stands before the name: {name}*{turned}"
                raise UnknownName("item", name, items, where=at, do=do)
            if s.operator == MEASURES or not known_latents:
                do = "What a construct is measured by stands after =~" if s.operator != MEASURES else ""
                raise UnknownName("item", name, items, where=at, do=do)
            # a path may name either: the message lists the kind that has the close match
            near = closest(name, [*known_latents, *items])
            if not near:
                raise UnknownName("construct or item", name, [*known_latents, *items], where=at)
            kind = ("item", items) if near in items else ("construct", known_latents)
            raise UnknownName(kind[0], name, kind[1], where=at)


def restricted_to(instrument: Instrument, items: Collection[str]) -> Instrument:
    """The instrument as if it had only asked `items`: for a file that holds a part of the questionnaire.

    Constructs lose the other items, and go when none is left; the model loses what named them. Hypotheses
    stay, so that a report can say which of them the data cannot test.
    """
    kept = tuple(
        replace(
            i,
            importance=i.importance if i.importance in items else "",
            expectation=i.expectation if i.expectation in items else "",
        )
        for i in instrument.items
        if i.id in items
    )
    constructs = tuple(
        replace(c, items=left, importance=c.importance if c.importance in items else "")
        for c in instrument.constructs
        if (left := tuple(i for i in c.items if i in items))
    )
    names = {*(i.id for i in kept), *_ids(constructs)}
    model = instrument.model
    if model.strip():
        written = parse_model(model, where=f"{instrument.path or instrument.id}, the model")
        if not set(written.observed) <= names:
            left_over = written.restricted_to(names)
            model = left_over.to_text() if left_over.statements else ""
    return replace(
        instrument,
        items=kept,
        constructs=constructs,
        model=model,
        index=instrument.index if instrument.index in names else "",
    )


def _seen(name: str, s: Statement, model: Model, first_line: int) -> tuple[int, int, str]:
    """Line, column and text where a statement names something: at its term, or before it."""
    lines = model.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    token = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.])")
    at = s.line - first_line
    if not 0 <= at < len(lines):
        return s.line, s.column, ""
    if name == s.right and (found := token.search(lines[at], s.column - 1)):
        return s.line, found.start() + 1, lines[at]
    for line in range(at, -1, -1):
        if found := token.search(lines[line]):
            return line + first_line, found.start() + 1, lines[line]
    return s.line, s.column, lines[at]


def _measurement(constructs: Iterable[Construct]) -> list[Statement]:
    return [Statement(c.id, MEASURES, item) for c in constructs for item in c.items]


def _renamed(s: Statement, names: dict[str, str]) -> Statement:
    return replace(s, left=names.get(s.left, s.left), right=names.get(s.right, s.right))


def _ids(constructs: Iterable[Construct]) -> list[str]:
    return [c.id for c in constructs]
