"""What a PLS model is made of, by name: from an instrument, a model text, or constructs and paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Instrument
from csat.instrument.model import completed, model_of, restricted_to, single_items
from csat.instrument.products import Moderation, moderation_of, without_products
from csat.instrument.statements import MEASURES, REGRESSED_ON, Model
from csat.instrument.syntax import parse_model
from csat.language import Text
from csat.numerics.pls import AboutConstructs, Mode, PathStructure, path_structure
from csat.responses.responses import Responses
from csat.tally.tally import Tally

HigherOrder = Literal["two-stage", "repeated-indicators"]
HIGHER_ORDER: tuple[HigherOrder, ...] = ("two-stage", "repeated-indicators")


@dataclass(frozen=True)
class Design:
    """What is to be estimated, by name."""

    constructs: tuple[str, ...]
    measured_by: Mapping[str, tuple[str, ...]]
    paths: tuple[tuple[str, str], ...]
    modes: tuple[Mode, ...]
    ignored: tuple[str, ...] = ()
    """Statements of the model that PLS has no place for."""
    higher: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Construct to the constructs that measure it; those are in `lower`, not among `constructs`."""
    lower: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Construct of the first stage only, to its items."""
    lower_modes: Mapping[str, Mode] = field(default_factory=dict)
    products: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Name of a product to the cause and the moderator whose scores are multiplied."""
    repeated: tuple[str, ...] = ()
    """Constructs measured by constructs that took their items."""

    @property
    def staged(self) -> bool:
        """Whether a first stage must give scores."""
        return bool(self.higher or self.products)

    @property
    def first(self) -> Design:
        """The first stage: lower constructs take the paths of the one they measure; no products."""
        modes = dict(zip(self.constructs, self.modes, strict=True)) | dict(self.lower_modes)
        measured = {
            name: self.lower[name] if name in self.lower else self.measured_by[name]
            for c in self.constructs
            if c not in self.products
            for name in self.higher.get(c, (c,))
        }
        paths = dict.fromkeys(
            (a, b)
            for cause, effect in self.paths
            if cause not in self.products
            for a in self.higher.get(cause, (cause,))
            for b in self.higher.get(effect, (effect,))
        )
        return Design(tuple(measured), measured, tuple(paths), tuple(modes[c] for c in measured))

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
    """The instrument as far as the data hold its items; a tally has none."""
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
    *,
    moderation: Sequence[Moderation | str] = (),
    higher_order: HigherOrder = "two-stage",
) -> Design:
    """The design, checked as far as names go.

    moderation : (cause, moderator, effect), or `cause*moderator->effect`: the moderator changes the path from
        cause to effect. A model text may say the same: `effect ~ cause + moderator + cause:moderator`.
    """
    if higher_order not in HIGHER_ORDER:
        raise UnknownName("way to estimate higher-order constructs", higher_order, HIGHER_ORDER)
    moderated = [moderation_of(m) if isinstance(m, str) else m for m in moderation]
    if isinstance(model, str):
        model, said = without_products(model, where="the model")
        moderated += [m for m in said if m not in moderated]
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
    by_name = _modes(modes, measured)
    # a construct of one item may bear the item's name
    composite = {c for c, items in measured.items() if items != (c,)}
    higher = {c: items for c, items in measured.items() if any(i in composite for i in items)}
    repeated: tuple[str, ...] = ()
    if higher and higher_order == "repeated-indicators":
        measured, arrows = _repeated(measured, arrows, higher, by_name)
        repeated, higher = tuple(higher), {}
    lower = _lower(measured, arrows, higher)
    products = _products(moderated, measured, lower, arrows)
    for name in (n for pair in products.values() for n in pair):
        if name in higher:
            raise BadInput(
                f"'{name}' is measured by constructs: its products would take a third stage",
                where="the moderation",
                do="Use higher_order='repeated-indicators' (--higher-order repeated-indicators)",
            )
    arrows = (*arrows, *((_product(cause, moderator), effect) for cause, moderator, effect in moderated))
    own = {c: items for c, items in measured.items() if c not in lower} | {n: (n,) for n in products}
    return Design(
        tuple(own),
        own,
        arrows,
        tuple(by_name.get(c, "A") for c in own),
        tuple(ignored),
        higher,
        lower,
        {c: by_name.get(c, "A") for c in lower},
        products,
        repeated,
    )


def _modes(modes: Mapping[str, Mode] | Mode, measured: Mapping[str, tuple[str, ...]]) -> Mapping[str, Mode]:
    """Of every construct; `*` stands for those not named."""
    given: Mapping[str, Mode] = {"*": modes} if isinstance(modes, str) else modes
    for name, mode in given.items():
        if name not in measured and name != "*":
            raise UnknownName("construct", name, measured, where="the modes")
        if mode not in ("A", "B"):
            raise UnknownName("mode", mode, ("A", "B"), where="" if name == "*" else f"construct {name}")
    return {name: given.get(name, given.get("*", "A")) for name in measured}


def _lower(
    measured: Mapping[str, tuple[str, ...]],
    arrows: Sequence[tuple[str, str]],
    higher: Mapping[str, tuple[str, ...]],
) -> dict[str, tuple[str, ...]]:
    """The constructs that measure others, with their items."""
    lower: dict[str, tuple[str, ...]] = {}
    for name, parts in higher.items():
        for part in parts:
            where = f"construct {name}"
            if part not in measured:
                raise BadInput(
                    f"'{part}' is an item and stands beside constructs",
                    where=where,
                    right="A construct is measured by items, or by constructs",
                )
            if part in higher or part in lower:
                raise BadInput(
                    f"'{part}' cannot measure it: it is measured by constructs itself or measures another",
                    where=where,
                    right="Two levels, each construct below one",
                )
            if any(part in path for path in arrows):
                raise BadInput(
                    f"'{part}' measures it and has a path of its own",
                    where=where,
                    do="Give the path to the higher construct, or use higher_order='repeated-indicators'",
                )
            lower[part] = measured[part]
    return lower


def _repeated(
    measured: dict[str, tuple[str, ...]],
    arrows: tuple[tuple[str, str], ...],
    higher: Mapping[str, tuple[str, ...]],
    modes: Mapping[str, Mode],
) -> tuple[dict[str, tuple[str, ...]], tuple[tuple[str, str], ...]]:
    """Every item of a lower construct measures the higher one too, and a path joins the two.

    The path leads from the higher construct to the lower ones (mode A, reflective), or to it (mode B).
    """
    items = {c: tuple(i for p in parts for i in measured[p]) for c, parts in higher.items()}
    joined = [(a, b) if modes.get(a, "A") == "A" else (b, a) for a, parts in higher.items() for b in parts]
    return measured | items, (*arrows, *joined)


def _products(
    moderation: Sequence[Moderation],
    measured: Mapping[str, tuple[str, ...]],
    lower: Mapping[str, tuple[str, ...]],
    arrows: Sequence[tuple[str, str]],
) -> dict[str, tuple[str, str]]:
    made: dict[str, tuple[str, str]] = {}
    for cause, moderator, effect in moderation:
        for name in (cause, moderator, effect):
            if name not in measured or name in lower:
                raise UnknownName(
                    "construct", name, [c for c in measured if c not in lower], where="the moderation"
                )
        for name in (cause, moderator):
            if (name, effect) not in arrows:
                raise BadInput(
                    f"the path from '{name}' to '{effect}' is missing",
                    where="the moderation",
                    right="A moderated path needs the paths of cause and moderator beside their product",
                    do=f"Write it into the model: {effect} ~ {name}",
                )
        made[_product(cause, moderator)] = (cause, moderator)
    # which of the two is called the moderator makes no difference to their product
    if len({(frozenset((a, m)), effect) for a, m, effect in moderation}) < len(moderation):
        raise BadInput("a moderation is given twice", where="the moderation", do="Give it once")
    return made


def _product(cause: str, moderator: str) -> str:
    return f"{cause} x {moderator}"


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


def titles_of(instrument: Instrument | None, *designs: Design) -> dict[str, Text]:
    """Words for constructs and items, by name."""
    words = {n: Text(n) for d in designs for n in (*d.items, *d.constructs)}
    if instrument is not None:
        words |= {i.id: i.text for i in instrument.items if i.text}
        words |= {c.id: c.title for c in instrument.constructs if c.title}
    for name, (cause, moderator) in (p for d in designs for p in d.products.items()):
        words[name] = Text("{a} × {b}", "{a} × {b}").fill(
            a=words.get(cause) or Text(cause), b=words.get(moderator) or Text(moderator)
        )
    return words
