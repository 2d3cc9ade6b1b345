"""What a model says: its statements, its rules about parameters, and the questions one asks of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

MEASURES, REGRESSED_ON, COVARIES, INTERCEPT, THRESHOLD = "=~", "~", "~~", "~1", "|"
"""`left =~ right`: left is measured by right; `left ~ right`: right moves left; `left ~~ right`:
(co)variance; `left ~1`: mean or intercept, right is empty; `left | right`: threshold t1, t2, ... of an
ordinal item."""

DEFINED, EQUAL, BELOW, ABOVE = ":=", "==", "<", ">"

Tree = float | str | tuple["str | Tree", ...]
"""A number, a parameter label, or (operation, arguments...)."""

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
}
FUNCTIONS = tuple(_FUNCTIONS)
"""Functions a rule may use; log is the natural logarithm."""


@dataclass(frozen=True)
class Statement:
    """One parameter the model speaks of.

    fixed : () when nothing is said; else one entry a group, a number, or None for a parameter freed by `NA*`.
    label : () or one name a group; parameters with the same label are equal. start, lower, upper : () or one
    number a group. A single entry holds for every group. line, column : where it stands, 1-based.
    """

    left: str
    operator: str
    right: str
    fixed: tuple[float | None, ...] = ()
    label: tuple[str, ...] = ()
    start: tuple[float, ...] = ()
    lower: tuple[float, ...] = ()
    upper: tuple[float, ...] = ()
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """The parameter it speaks of: the same for `x ~~ y` and `y ~~ x`."""
        left, right = self.left, self.right
        if self.operator == COVARIES and right < left:
            left, right = right, left
        return left, self.operator, right

    @property
    def groups(self) -> int:
        """How many groups its modifiers tell apart: 1 when they do not."""
        return max(1, *map(len, (self.fixed, self.label, self.start, self.lower, self.upper)))

    @property
    def names(self) -> tuple[str, ...]:
        """The items and constructs it names."""
        return (
            (self.left, self.right) if self.operator in (MEASURES, REGRESSED_ON, COVARIES) else (self.left,)
        )


@dataclass(frozen=True)
class Expression:
    """Arithmetic with parameter labels: + - * / ^, exp, log, sqrt, abs."""

    tree: Tree

    @property
    def names(self) -> tuple[str, ...]:
        """The labels it uses, in order of appearance."""
        return tuple(dict.fromkeys(_labels(self.tree)))

    def value(self, parameters: Mapping[str, float]) -> float:
        """The number it stands for; NaN where arithmetic has no answer."""
        try:
            return _value(self.tree, parameters)
        except (ZeroDivisionError, OverflowError, ValueError):
            return math.nan

    def __str__(self) -> str:
        return _written(self.tree)


@dataclass(frozen=True)
class Rule:
    """A defined parameter (`name := expression`) or a constraint (`==`, `<`, `>`)."""

    left: Expression
    operator: str
    right: Expression
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Model:
    """A measurement and structural model.

    Two models are equal when they say the same in the same order, however they were written.
    """

    statements: tuple[Statement, ...]
    rules: tuple[Rule, ...] = ()
    text: str = field(default="", compare=False)
    """The model as it was written; empty when it was made from an instrument."""

    def __hash__(self) -> int:
        # statements are many, and a model is looked up whenever it is fitted
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.statements, self.rules))

    @property
    def latents(self) -> tuple[str, ...]:
        """What is measured (`=~`), in order of appearance."""
        return _unique(s.left for s in self.statements if s.operator == MEASURES)

    @property
    def observed(self) -> tuple[str, ...]:
        """Every other name: what measures, then what only paths, covariances or intercepts name."""
        latents = set(self.latents)
        measuring = (s.right for s in self.statements if s.operator == MEASURES)
        named = (name for s in self.statements for name in s.names)
        return _unique(name for name in (*measuring, *named) if name not in latents)

    @property
    def names(self) -> tuple[str, ...]:
        """Latents, then observed."""
        return self.latents + self.observed

    @property
    def paths(self) -> tuple[tuple[str, str], ...]:
        """(cause, effect) of every `~`, in order of appearance."""
        return tuple((s.right, s.left) for s in self.statements if s.operator == REGRESSED_ON)

    @property
    def endogenous(self) -> tuple[str, ...]:
        """Constructs (and observed variables in paths) that something in the model explains.

        A first-order factor is explained by the second-order factor it measures. Plain items are not listed.
        """
        effects = {s.left for s in self.statements if s.operator == REGRESSED_ON}
        measuring = {s.right for s in self.statements if s.operator == MEASURES}
        latents = set(self.latents)
        return tuple(n for n in self.names if n in effects or (n in latents and n in measuring))

    @property
    def exogenous(self) -> tuple[str, ...]:
        """Constructs, and observed variables that measure nothing, that nothing in the model explains."""
        explained = set(self.endogenous)
        measuring = {s.right for s in self.statements if s.operator == MEASURES}
        return tuple(n for n in self.names if n not in explained and n not in measuring)

    def items_of(self, latent: str) -> tuple[str, ...]:
        """What measures a latent, in order; empty for a name that is not measured."""
        return tuple(s.right for s in self.statements if s.operator == MEASURES and s.left == latent)

    def causes_of(self, effect: str) -> tuple[str, ...]:
        """What has a path to it, in order."""
        return tuple(cause for cause, to in self.paths if to == effect)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of parameters, in order of appearance, then the names of defined parameters."""
        given = (name for s in self.statements for name in s.label)
        return _unique((*given, *(str(r.left) for r in self.rules if r.operator == DEFINED)))

    @property
    def groups(self) -> int:
        """How many groups the modifiers tell apart: 1 when they do not."""
        return max((s.groups for s in self.statements), default=1)

    def cycle(self) -> tuple[str, ...]:
        """Names along one loop of paths, the first repeated at the end; empty when the model is recursive."""
        return _cycle(self.paths)

    def restricted_to(self, names: Collection[str]) -> Model:
        """The model without the observed names that are not in `names`.

        A latent that loses all it was measured by goes too, and so do the paths, covariances and rules that
        need something that is gone.
        """
        kept = list(self.statements)
        gone = {n for n in self.observed if n not in names}
        while True:
            kept = [s for s in kept if not gone.intersection(s.names)]
            measured = {s.left for s in kept if s.operator == MEASURES}
            lost = {n for n in self.latents if n not in measured} - gone
            if not lost:
                break
            gone |= lost
        return Model(tuple(kept), _rules_about(self.rules, {name for s in kept for name in s.label}))

    def to_text(self) -> str:
        """The model in lavaan syntax; parsing it gives an equal model."""
        lines: list[str] = []
        last: tuple[str, str] | None = None
        for s in self.statements:
            operator = REGRESSED_ON if s.operator == INTERCEPT else s.operator
            terms = " + ".join(_terms(s))
            if last == (s.left, operator):
                lines[-1] += f" + {terms}"
            else:
                lines.append(f"{quoted(s.left)} {operator} {terms}")
            last = (s.left, operator)
        lines += [f"{r.left} {r.operator} {r.right}" for r in self.rules]
        return "\n".join(lines) + "\n"


def is_plain(name: str) -> bool:
    """Whether a name can stand in a model as it is: a letter, `_` or `.` first, then also digits."""
    body = name.replace(".", "_")
    return body.isidentifier() and not (name[0] == "." and name[1:2].isdigit()) and name != "NA"


def quoted(name: str) -> str:
    """A name as a model writes it: in backticks (or quotation marks) unless it is plain."""
    if is_plain(name):
        return name
    mark = next((m for m in "`\"'" if m not in name), "`")
    return f"{mark}{name}{mark}"


def number_text(value: float) -> str:
    """A number as a model writes it: `1`, `0.5`, `1e-07`; read back it is the same number."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _terms(s: Statement) -> list[str]:
    """The right side of a statement; a term for each kind of modifier, as lavaan reads it."""
    name = "1" if s.operator == INTERCEPT else quoted(s.right)
    fixed = ["NA" if v is None else number_text(v) for v in s.fixed]
    labels = [quoted(v) for v in s.label]
    modifiers = [fixed[0] if len(fixed) == 1 else f"c({', '.join(fixed)})"] if fixed else []
    modifiers += [labels[0] if len(labels) == 1 else f"c({', '.join(labels)})"] if labels else []
    for word, values in (("start", s.start), ("lower", s.lower), ("upper", s.upper)):
        modifiers += [f"{word}({', '.join(map(number_text, values))})"] if values else []
    return [f"{m}*{name}" for m in modifiers] or [name]


def _rules_about(rules: Iterable[Rule], labels: set[str]) -> tuple[Rule, ...]:
    kept, known = [], set(labels)
    for rule in rules:
        names = set(rule.right.names) | (set() if rule.operator == DEFINED else set(rule.left.names))
        if names <= known:
            kept.append(rule)
            known |= {str(rule.left)} if rule.operator == DEFINED else set()
    return tuple(kept)


def _cycle(paths: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    effects: dict[str, list[str]] = {}
    for cause, effect in paths:
        effects.setdefault(cause, []).append(effect)
    finished: set[str] = set()
    for start in effects:
        if start in finished:
            continue
        trail = [start]
        ahead = [iter(effects[start])]
        while trail:
            step = next(ahead[-1], None)
            if step is None:
                finished.add(trail.pop())
                ahead.pop()
            elif step in trail:
                return (*trail[trail.index(step) :], step)
            elif step not in finished:
                trail.append(step)
                ahead.append(iter(effects.get(step, ())))
    return ()


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _labels(tree: Tree) -> Iterable[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, tuple):
        for argument in tree[1:]:
            yield from _labels(argument)


def _value(tree: Tree, parameters: Mapping[str, float]) -> float:
    if isinstance(tree, str):
        return parameters[tree]
    if not isinstance(tree, tuple):
        return tree
    operation, *arguments = tree
    numbers = [_value(a, parameters) for a in arguments]
    if isinstance(operation, str) and operation in _FUNCTIONS:
        return float(_FUNCTIONS[operation](numbers[0]))
    if len(numbers) == 1:
        return -numbers[0]
    a, b = numbers
    match operation:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b
        case _:
            return math.pow(a, b)


def _written(tree: Tree, *, inside: bool = False) -> str:
    if isinstance(tree, str):
        return quoted(tree)
    if not isinstance(tree, tuple):
        return number_text(tree)
    operation, *arguments = tree
    if operation in FUNCTIONS:
        return f"{operation}({_written(arguments[0])})"
    parts = [_written(a, inside=True) for a in arguments]
    text = f"-{parts[0]}" if len(parts) == 1 else f"{parts[0]} {operation} {parts[1]}"
    return f"({text})" if inside else text
