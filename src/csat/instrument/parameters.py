"""Every parameter a model has: those it speaks of, and those it leaves to the defaults (lavaan's).

The first loading of a construct is 1 (or, with `std_lv`, its variance is); what is measured or explained
keeps a residual variance; exogenous constructs covary; so do the residuals of what is explained and
explains nothing; observed variables that only explain keep their own moments (`fixed_x`). Parameters with
one label are equal. Of several groups each has its own parameters, but for those with one label.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations
from typing import TypeVar

from csat.errors import BadInput
from csat.instrument.equalities import alike
from csat.instrument.statements import (
    ABOVE,
    BELOW,
    COVARIES,
    DEFINED,
    EQUAL,
    INTERCEPT,
    MEASURES,
    THRESHOLD,
    Expression,
    Model,
    Rule,
    Statement,
    number_text,
)

_T = TypeVar("_T")

REMEMBERED = 64
"""Tables kept for models that are asked again: of other answers, with another estimator, in replicates."""


@dataclass(frozen=True)
class Parameter:
    """One number of a model.

    free : estimated. value : when not free, the fixed number; NaN for a moment of a fixed covariate, which
    is taken from the data (`exogenous`). start : NaN when nothing is said. said : the model text speaks of
    it. equal : a name that all parameters share that must be equal, empty when it stands alone.
    group : whose it is, empty where there is but one group.
    """

    left: str
    operator: str
    right: str
    free: bool
    value: float = math.nan
    label: str = ""
    start: float = math.nan
    lower: float = -math.inf
    upper: float = math.inf
    said: bool = False
    exogenous: bool = False
    equal: str = ""
    group: str = ""

    @property
    def name(self) -> str:
        """As the model writes it: `Image =~ image_1`; in one of several groups `Image =~ image_1 [men]`."""
        written = f"{self.left} {self.operator} {self.right}".rstrip()
        return f"{written} [{self.group}]" if self.group else written


@dataclass(frozen=True)
class ParameterTable:
    """All parameters of a model for one group, or for several (`groups`) one after another.

    observed : items and covariates, indicators first. latents : constructs. covariates : observed
    variables whose own moments are taken from the data. explaining : all that only explain, whether or not
    theirs are. defined : parameters made of others (`:=`). rules : what must hold among parameters beyond
    equal labels and bounds. thresholds : those of ordered items that the text speaks of.
    """

    observed: tuple[str, ...]
    latents: tuple[str, ...]
    rows: tuple[Parameter, ...]
    covariates: tuple[str, ...] = ()
    explaining: tuple[str, ...] = ()
    defined: tuple[tuple[str, Expression], ...] = ()
    rules: tuple[Rule, ...] = ()
    thresholds: tuple[Parameter, ...] = ()
    groups: tuple[str, ...] = ()

    def of_group(self, name: str) -> ParameterTable:
        """The parameters of one of the groups, without what rules say of several."""
        rows, cuts = (
            tuple(replace(r, group="") for r in part if r.group == name)
            for part in (self.rows, self.thresholds)
        )
        return replace(self, rows=rows, thresholds=cuts, defined=(), rules=(), groups=())

    def numbers(self, name: str) -> tuple[int, ...]:
        """Which free parameter of all groups each free parameter of `of_group(name)` is."""
        own = [i for i, r in enumerate(self.rows) if r.group == name]
        return tuple(self.parameter_of[own[rows[0]]] for rows in self.of_group(name).free)

    def __hash__(self) -> int:
        # rows are many, and a table is looked up whenever its model is fitted
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.observed, self.latents, self.rows, self.defined, self.rules, self.groups))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Observed, then latents."""
        return self.observed + self.latents

    @cached_property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """Of each free parameter the lower and the upper."""
        return tuple(
            (max(self.rows[i].lower for i in rows), min(self.rows[i].upper for i in rows))
            for rows in self.free
        )

    @cached_property
    def parameter_of(self) -> tuple[int, ...]:
        """By row the free parameter it is, -1 where it is none."""
        place = {row: k for k, rows in enumerate(self.free) for row in rows}
        return tuple(place.get(i, -1) for i in range(len(self.rows)))

    @cached_property
    def free(self) -> tuple[tuple[int, ...], ...]:
        """Rows of each distinct free parameter, in order of first appearance: equal labels are one."""
        groups: dict[str, list[int]] = {}
        for i, row in enumerate(self.rows):
            if row.free:
                groups.setdefault(row.equal or f" {i}", []).append(i)
        return tuple(tuple(rows) for rows in groups.values())


def parameter_table(
    model: Model,
    *,
    std_lv: bool = False,
    orthogonal: bool = False,
    fixed_x: bool = True,
    mean_structure: bool = False,
    groups: Sequence[str] = (),
    group_equal: Collection[str] = (),
    group_partial: Collection[str] = (),
    where: str = "the model",
) -> ParameterTable:
    """The parameters of a model.

    Parameters
    ----------
    std_lv : fix variances of constructs at 1 instead of first loadings. orthogonal : constructs do not
    covary.
    fixed_x : take the moments of observed covariates from the data. mean_structure : estimate intercepts.
    groups : their names, in the order in which the model tells them apart (`c(a, b)*x`). group_equal : what
    they have in common, of `equalities.EQUALITIES`. group_partial : equalities let go, as `Image =~ image_2`.

    Raises
    ------
    BadInput : a construct without scale on both sides, or modifiers for another number of groups.
    UnknownName : an equality, or one let go, that is not there.
    """
    equal, partial = tuple(group_equal), tuple(group_partial)
    asked = _Asked(std_lv, orthogonal, fixed_x, mean_structure, tuple(groups), equal, partial)
    return _made(model, model.text, asked, where)


@dataclass(frozen=True)
class _Asked:
    """Options of `parameter_table`."""

    std_lv: bool
    orthogonal: bool
    fixed_x: bool
    mean_structure: bool
    groups: tuple[str, ...]
    group_equal: tuple[str, ...]
    group_partial: tuple[str, ...]


@lru_cache(maxsize=REMEMBERED)
def _made(model: Model, text: str, asked: _Asked, where: str) -> ParameterTable:
    """The table. text : of the model, which tells apart what says the same on other lines."""
    std_lv, groups = asked.std_lv, asked.groups
    _check(model, where, groups)
    roles = _Roles.of(model)
    said = {s.key for s in model.statements}
    # a covariate whose own moments the text speaks of is not taken from the data
    moments = [key for key in said if key[1] in (COVARIES, INTERCEPT)]
    spoken_of = {name for left, _, right in moments for name in (left, right)}
    explaining = tuple(x for x in roles.covariates if x not in spoken_of)
    fixed_covariates = explaining if asked.fixed_x else ()
    by_group = []
    for g, name in enumerate(groups or ("",)):
        own = [_row(s, model, g, std_lv=std_lv) for s in model.statements if s.operator != THRESHOLD]
        own += _variances(model, roles, said, std_lv=std_lv)
        own += _covariances(roles, said, orthogonal=asked.orthogonal)
        own += _covariate_moments(roles.covariates, explaining, fixed_covariates, said)
        if asked.mean_structure or any(s.operator == INTERCEPT for s in model.statements):
            own += _intercepts(model, said, fixed_covariates)
        by_group.append([replace(r, group=name) for r in own])
    if len(by_group) > 1:
        by_group = alike(
            by_group, model, fixed_covariates, asked.group_equal, asked.group_partial, std_lv=std_lv
        )
    rows = [r for own in by_group for r in own]
    cuts = [
        replace(_row(s, model, g, std_lv=std_lv), group=name)
        for g, name in enumerate(groups or ("",))
        for s in model.statements
        if s.operator == THRESHOLD
    ]
    ruled, rules = _ruled([*rows, *cuts], model.rules)
    _check_agreement(ruled, where)
    return ParameterTable(
        observed=model.observed,
        latents=model.latents,
        rows=tuple(ruled[: len(rows)]),
        covariates=fixed_covariates,
        explaining=explaining,
        defined=tuple((str(r.left), r.right) for r in model.rules if r.operator == DEFINED),
        rules=rules,
        thresholds=tuple(ruled[len(rows) :]),
        groups=groups,
    )


@dataclass(frozen=True)
class _Roles:
    """Who explains whom.

    covariates : observed, explaining or only covarying. terminal : explained, explaining nothing.
    exogenous : latents nothing explains.
    """

    exogenous: tuple[str, ...]
    terminal: tuple[str, ...]
    covariates: tuple[str, ...]

    @classmethod
    def of(cls, model: Model) -> _Roles:
        measuring = {s.right for s in model.statements if s.operator == MEASURES}
        causes, effects = {c for c, _ in model.paths}, {e for _, e in model.paths}
        free_standing = [o for o in model.observed if o not in measuring]
        terminal = {n for n in effects - causes if n not in measuring}
        return cls(
            exogenous=tuple(f for f in model.latents if f not in measuring and f not in effects),
            terminal=tuple(n for n in model.names if n in terminal),
            covariates=tuple(o for o in free_standing if o not in effects),
        )


def _check(model: Model, where: str, groups: Sequence[str]) -> None:
    for s in model.statements:
        if s.groups > 1 and groups and s.groups != len(groups):
            raise BadInput(
                f"'{s.left} {s.operator} {s.right}' has modifiers for {s.groups} groups",
                where=where,
                right=f"There are {len(groups)}: {', '.join(groups)}",
                do="Write one value for each of them, in this order",
            )
        if s.groups > 1 and not groups:
            raise BadInput(
                f"'{s.left} {s.operator} {s.right}' has modifiers for {s.groups} groups",
                where=where,
                right="This model has one group",
                do="Write one value, or ask for groups",
            )


def _row(s: Statement, model: Model, g: int, *, std_lv: bool) -> Parameter:
    """The parameter a statement speaks of in group g; the first loading of a construct is 1 unless said."""

    def said(values: Sequence[_T], otherwise: _T) -> _T:
        return values[g if len(values) > 1 else 0] if values else otherwise

    fixed: float | None = said(s.fixed, None)
    free = fixed is None
    is_first = s.operator == MEASURES and model.items_of(s.left)[0] == s.right
    if is_first and not s.fixed and not std_lv:
        free, fixed = False, 1.0
    return Parameter(
        s.left,
        s.operator,
        s.right,
        free=free,
        value=math.nan if fixed is None else fixed,
        label=said(s.label, ""),
        start=said(s.start, math.nan),
        lower=said(s.lower, -math.inf),
        upper=said(s.upper, math.inf),
        said=True,
    )


def _variances(
    model: Model, roles: _Roles, said: set[tuple[str, str, str]], *, std_lv: bool
) -> list[Parameter]:
    """Of what is observed (residual, or its own), then of the constructs."""
    single = {model.items_of(f)[0] for f in model.latents if len(model.items_of(f)) == 1}
    rows = []
    for name in model.observed:
        if name not in roles.covariates and (name, COVARIES, name) not in said:
            # one item alone cannot tell its construct from its error
            fixed = name in single
            rows.append(Parameter(name, COVARIES, name, free=not fixed, value=0.0 if fixed else math.nan))
    fixed_at = 1.0 if std_lv else math.nan
    constructs = [f for f in model.latents if (f, COVARIES, f) not in said]
    return [*rows, *(Parameter(f, COVARIES, f, free=not std_lv, value=fixed_at) for f in constructs)]


def _covariances(roles: _Roles, said: set[tuple[str, str, str]], *, orthogonal: bool) -> list[Parameter]:
    pairs = [*combinations(roles.exogenous, 2), *combinations(roles.terminal, 2)]
    return [
        Parameter(a, COVARIES, b, free=not orthogonal, value=0.0 if orthogonal else math.nan)
        for a, b in pairs
        if (min(a, b), COVARIES, max(a, b)) not in said
    ]


def _covariate_moments(
    covariates: Sequence[str],
    explaining: Sequence[str],
    fixed: Sequence[str],
    said: set[tuple[str, str, str]],
) -> list[Parameter]:
    """Variances of all; covariances of those that only explain: the text says which others there are."""
    pairs = [*((x, x) for x in covariates), *combinations(explaining, 2)]
    return [
        Parameter(a, COVARIES, b, free=not both_fixed, exogenous=both_fixed)
        for a, b in pairs
        if (min(a, b), COVARIES, max(a, b)) not in said
        for both_fixed in [a in fixed and b in fixed]
    ]


def _intercepts(model: Model, said: set[tuple[str, str, str]], fixed: Sequence[str]) -> list[Parameter]:
    rows = []
    for name in (*model.observed, *model.latents):
        if (name, INTERCEPT, "") not in said:
            free = name not in model.latents and name not in fixed
            value = 0.0 if name in model.latents else math.nan
            rows.append(Parameter(name, INTERCEPT, "", free=free, value=value, exogenous=name in fixed))
    return rows


def _check_agreement(rows: Sequence[Parameter], where: str) -> None:
    """That what is equal is not fixed at two numbers, nor beyond its own bounds.

    What `group_equal` makes equal may be fixed by group: the text says so.
    """
    for row in rows:
        if not row.equal or row.free or row.exogenous:
            continue
        label = row.label or row.equal
        rivals = [r.value for r in rows if r.equal == row.equal and not r.free and r.value != row.value]
        if rivals and not _OF_GROUPS.fullmatch(row.equal):
            raise BadInput(
                f"'{label}' is to be {number_text(row.value)} and {number_text(rivals[0])} at once",
                where=where,
                right="Parameters with one label are one number",
                do="Take one of the two away",
            )
        low, high = (
            bound(getattr(r, side) for r in rows if r.equal == row.equal)
            for bound, side in ((max, "lower"), (min, "upper"))
        )
        if not low <= row.value <= high:
            sign, limit = (">", low) if row.value < low else ("<", high)
            raise BadInput(
                f"'{label}' is fixed at {number_text(row.value)}, and is to be {sign} {number_text(limit)}",
                where=where,
                do="Take one of the two away",
            )


_OF_GROUPS = re.compile(r"\.p\d+\.")
"""The labels `equalities.alike` gives."""


def _ruled(rows: list[Parameter], rules: Iterable[Rule]) -> tuple[list[Parameter], tuple[Rule, ...]]:
    """Rows after equalities of labels, fixed labels and bounds; and the rules that say more than that.

    What is fixed under one label is fixed everywhere.
    """
    rows = [replace(r, equal=r.label) for r in rows]
    labels = {r.label for r in rows if r.label}
    further = []
    for rule in rules:
        if rule.operator == DEFINED:
            continue
        left, right, operator = rule.left.tree, rule.right.tree, rule.operator
        if isinstance(left, float) and isinstance(right, str):
            left, right = right, left
            operator = {BELOW: ABOVE, ABOVE: BELOW}.get(rule.operator, rule.operator)
        said = isinstance(left, str) and left in labels
        kind = next((r.equal for r in rows if r.label == left), "")
        if operator == EQUAL and said and isinstance(right, str) and right in labels:
            other = next(r.equal for r in rows if r.label == right)
            rows = [replace(r, equal=kind) if r.equal == other else r for r in rows]
        elif operator == EQUAL and said and isinstance(right, float):
            # what is fixed already stays as it is, to be compared
            rows = [replace(r, free=False, value=right) if r.equal == kind and r.free else r for r in rows]
            if all(r.value != right for r in rows if r.equal == kind):
                further.append(rule)
        elif operator == ABOVE and said and isinstance(right, float):
            rows = [replace(r, lower=max(r.lower, right)) if r.equal == kind else r for r in rows]
        elif operator == BELOW and said and isinstance(right, float):
            rows = [replace(r, upper=min(r.upper, right)) if r.equal == kind else r for r in rows]
        else:
            further.append(rule)
    fixed = {r.equal: r.value for r in rows if r.equal and not r.free and not r.exogenous}
    rows = [replace(r, free=False, value=fixed[r.equal]) if r.free and r.equal in fixed else r for r in rows]
    return rows, tuple(further)
