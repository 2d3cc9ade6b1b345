"""What a PLS model is made of, by name: from an instrument, a model text, or constructs and paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Instrument
from csat.instrument.model import completed, model_of, restricted_to, single_items
from csat.instrument.statements import MEASURES, REGRESSED_ON, Model
from csat.instrument.syntax import parse_model
from csat.language import Text
from csat.numerics.pls import AboutConstructs, Mode, PathStructure, path_structure
from csat.responses.responses import Responses
from csat.tally.tally import Tally


@dataclass(frozen=True)
class Design:
    """What is to be estimated, by name."""

    constructs: tuple[str, ...]
    measured_by: Mapping[str, tuple[str, ...]]
    paths: tuple[tuple[str, str], ...]
    modes: tuple[Mode, ...]
    ignored: tuple[str, ...] = ()
    """Statements of the model that PLS has no place for."""

    @property
    def items(self) -> tuple[str, ...]:
        """The different items, constructs in order."""
        return tuple(dict.fromkeys(i for c in self.constructs for i in self.measured_by[c]))

    @property
    def structure(self) -> PathStructure:
        """By position; errors name the constructs."""
        at = {item: k for k, item in enumerate(self.items)}
        place = {c: k for k, c in enumerate(self.constructs)}
        try:
            return path_structure(
                [[at[i] for i in self.measured_by[c]] for c in self.constructs],
                [(place[a], place[b]) for a, b in self.paths],
                modes=self.modes,
            )
        except AboutConstructs as error:
            raise error.named(self.constructs, where="the model") from error


def instrument_of(answers: Responses | Tally) -> Instrument | None:
    if isinstance(answers, Tally):
        return None
    whole, asked = answers.instrument, set(answers.items)
    return whole if asked >= {i.id for i in whole.items} else restricted_to(whole, answers.items)


def design_of(
    instrument: Instrument | None,
    model: Model | str | None,
    constructs: Mapping[str, Sequence[str]] | None,
    paths: Sequence[tuple[str, str]] | None,
    modes: Mapping[str, Mode] | Mode,
) -> Design:
    if constructs is not None or paths is not None:
        if constructs is None or paths is None or model is not None:
            raise BadInput(
                "constructs and paths go together, without a model",
                right="Give constructs={name: [items]} and paths=[(from, to)], or a model",
            )
        measured = {c: tuple(items) for c, items in constructs.items()}
        for name in (n for path in paths for n in path):
            if name not in measured:
                raise UnknownName("construct", name, measured, where="the paths")
        arrows, ignored = tuple((a, b) for a, b in paths), list[str]()
    else:
        measured, arrows, ignored = _parts(_model(instrument, model), instrument)
    if not arrows:
        raise BadInput(
            "the model has no paths between constructs, and PLS finds weights from neighbours",
            where=instrument.path or instrument.id if instrument else "the model",
            do="Add a structural model, such as: Satisfaction ~ Quality + Value",
        )
    if isinstance(modes, str):
        by_name: Mapping[str, Mode] = dict.fromkeys(measured, modes)
    else:
        by_name = modes
        for name in by_name:
            if name not in measured:
                raise UnknownName("construct", name, measured, where="the modes")
    for name, mode in by_name.items():
        if mode not in ("A", "B"):
            raise UnknownName("mode", mode, ("A", "B"), where=f"construct {name}")
    return Design(
        tuple(measured), measured, arrows, tuple(by_name.get(c, "A") for c in measured), tuple(ignored)
    )


def _model(instrument: Instrument | None, model: Model | str | None) -> Model:
    if model is None:
        if instrument is None:
            raise BadInput("a tally knows no model", do="Give a model, or constructs and paths")
        return model_of(instrument)
    written = parse_model(model, where="the model") if isinstance(model, str) else model
    return completed(written, instrument.constructs) if instrument else written


def _parts(
    model: Model, instrument: Instrument | None
) -> tuple[dict[str, tuple[str, ...]], tuple[tuple[str, str], ...], list[str]]:
    """Constructs with their items in the order of the instrument, paths, and what PLS has no place for."""
    stands = {item: c for c, item in single_items(instrument).items()} if instrument else {}
    higher = [x for x in model.latents if any(i in model.latents for i in model.items_of(x))]
    if higher:
        raise BadInput(
            f"'{higher[0]}' is measured by constructs, which this PLS does not estimate",
            do="Let its items measure it, or use sem",
        )
    named = dict.fromkeys(n for path in model.paths for n in path)
    measured = {x: model.items_of(x) for x in model.latents}
    measured |= {stands.get(n, n): (n,) for n in named if n not in measured}
    rank = {c.id: k for k, c in enumerate(instrument.constructs)} if instrument else {}
    order = sorted(measured, key=lambda c: rank.get(c, len(rank)))
    arrows = tuple((stands.get(a, a), stands.get(b, b)) for a, b in model.paths)
    ignored = [
        f"{s.left} {s.operator} {s.right}".rstrip()
        for s in model.statements
        if s.operator not in (MEASURES, REGRESSED_ON) or any(v is not None for v in s.fixed)
    ]
    return {c: measured[c] for c in order}, arrows, ignored


def target_of(design: Design, instrument: Instrument | None) -> str:
    """The instrument's index; else its last outcome; else the last construct that something explains."""
    if instrument is not None:
        if instrument.index in design.constructs:
            return instrument.index
        outcomes = [c.id for c in instrument.by_role("outcome") if c.id in design.constructs]
        if outcomes:
            return outcomes[-1]
    effects = {b for _, b in design.paths}
    return [c for c in design.constructs if c in effects][-1]


def titles_of(instrument: Instrument | None, design: Design) -> dict[str, Text]:
    words = {n: Text(n) for n in (*design.items, *design.constructs)}
    if instrument is not None:
        words |= {i.id: i.text for i in instrument.items if i.text}
        words |= {c.id: c.title for c in instrument.constructs if c.title}
    return words
