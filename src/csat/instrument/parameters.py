"""Every parameter a model has: those it speaks of, and those it leaves to the defaults (lavaan's).

The first loading of a construct is 1 (or, with `std_lv`, its variance is); what is measured or explained
keeps a residual variance; exogenous constructs covary; so do the residuals of what is explained and
explains nothing; observed variables that only explain keep their own moments (`fixed_x`). Parameters with
one label are equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from csat.errors import BadInput
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
)


@dataclass(frozen=True)
class Parameter:
    """One number of a model.

    free : estimated. value : when not free, the fixed number; NaN for a moment of a fixed covariate, which
    is taken from the data (`exogenous`). start : NaN when nothing is said. said : the model text speaks of
    it.
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

    @property
    def name(self) -> str:
        """As the model writes it: `Image =~ image_1`."""
        return f"{self.left} {self.operator} {self.right}".rstrip()


@dataclass(frozen=True)
class ParameterTable:
    """All parameters of a model for one group.

    observed : items and covariates, indicators first. latents : constructs. covariates : observed
    variables whose own moments are taken from the data. defined : parameters made of others (`:=`).
    """

    observed: tuple[str, ...]
    latents: tuple[str, ...]
    rows: tuple[Parameter, ...]
    covariates: tuple[str, ...] = ()
    defined: tuple[tuple[str, Expression], ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """Observed, then latents."""
        return self.observed + self.latents

    @property
    def free(self) -> tuple[tuple[int, ...], ...]:
        """Rows of each distinct free parameter, in order of first appearance: equal labels are one."""
        groups: dict[str, list[int]] = {}
        for i, row in enumerate(self.rows):
            if row.free:
                groups.setdefault(row.label or f" {i}", []).append(i)
        return tuple(tuple(rows) for rows in groups.values())


def parameter_table(
    model: Model,
    *,
    std_lv: bool = False,
    orthogonal: bool = False,
    fixed_x: bool = True,
    mean_structure: bool = False,
    where: str = "the model",
) -> ParameterTable:
    """The parameters of a model of one group.

    Parameters
    ----------
    std_lv : fix variances of constructs at 1 instead of first loadings. orthogonal : constructs do not
    covary.
    fixed_x : take the moments of observed covariates from the data. mean_structure : estimate intercepts.

    Raises
    ------
    BadInput : a construct without scale on both sides, a modifier for several groups, a threshold, or a
        rule that is neither an equality of labels nor a bound.
    """
    _check(model, where)
    roles = _Roles.of(model)
    said = {s.key for s in model.statements}
    # a covariate whose own moments the text speaks of is not taken from the data
    moments = [key for key in said if key[1] in (COVARIES, INTERCEPT)]
    spoken_of = {name for left, _, right in moments for name in (left, right)}
    fixed_covariates = tuple(x for x in roles.covariates if x not in spoken_of) if fixed_x else ()
    rows = [_row(s, model, std_lv=std_lv) for s in model.statements]
    rows += _variances(model, roles, said, std_lv=std_lv)
    rows += _covariances(roles, said, orthogonal=orthogonal)
    rows += _covariate_moments(roles.covariates, fixed_covariates, said)
    if mean_structure or any(s.operator == INTERCEPT for s in model.statements):
        rows += _intercepts(model, said, fixed_covariates)
    rows = _ruled(rows, model.rules, where)
    return ParameterTable(
        observed=model.observed,
        latents=model.latents,
        rows=tuple(rows),
        covariates=fixed_covariates,
        defined=tuple((str(r.left), r.right) for r in model.rules if r.operator == DEFINED),
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


def _check(model: Model, where: str) -> None:
    for s in model.statements:
        if s.groups > 1:
            raise BadInput(
                f"'{s.left} {s.operator} {s.right}' has modifiers for {s.groups} groups",
                where=where,
                right="This model has one group",
                do="Write one value, or ask for groups",
            )
        if s.operator == THRESHOLD:
            raise BadInput(
                f"'{s.left} | {s.right}' is a threshold",
                where=where,
                right="Thresholds belong to items declared as ordered",
                do="Leave the line out",
            )


def _row(s: Statement, model: Model, *, std_lv: bool) -> Parameter:
    """The parameter a statement speaks of; the first loading of a construct is 1 unless said otherwise."""
    fixed: float | None = s.fixed[0] if s.fixed else None
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
        label=s.label[0] if s.label else "",
        start=s.start[0] if s.start else math.nan,
        lower=s.lower[0] if s.lower else -math.inf,
        upper=s.upper[0] if s.upper else math.inf,
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
    covariates: Sequence[str], fixed: Sequence[str], said: set[tuple[str, str, str]]
) -> list[Parameter]:
    pairs = [*((x, x) for x in covariates), *combinations(covariates, 2)]
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


def _ruled(rows: list[Parameter], rules: Iterable[Rule], where: str) -> list[Parameter]:
    """Rows after equalities and bounds; a label fixed anywhere is fixed everywhere."""
    for rule in rules:
        if rule.operator == DEFINED:
            continue
        left, right = rule.left.tree, rule.right.tree
        if isinstance(left, float) and isinstance(right, str):
            left, right = right, left
            operator = {BELOW: ABOVE, ABOVE: BELOW}.get(rule.operator, rule.operator)
        else:
            operator = rule.operator
        if operator == EQUAL and isinstance(left, str) and isinstance(right, str):
            rows = [replace(r, label=left) if r.label == right else r for r in rows]
        elif operator == EQUAL and isinstance(left, str) and isinstance(right, float):
            rows = [replace(r, free=False, value=right) if r.label == left else r for r in rows]
        elif operator == ABOVE and isinstance(left, str) and isinstance(right, float):
            rows = [replace(r, lower=max(r.lower, right)) if r.label == left else r for r in rows]
        elif operator == BELOW and isinstance(left, str) and isinstance(right, float):
            rows = [replace(r, upper=min(r.upper, right)) if r.label == left else r for r in rows]
        else:
            raise BadInput(
                f"the rule '{rule.left} {rule.operator} {rule.right}' cannot be held",
                where=where,
                right="A rule makes a label equal to a label or a number, or bounds a label by a number",
                do="Write it as a == b, a == 0.5, a > 0 or a < 1",
            )
    fixed = {r.label: r.value for r in rows if r.label and not r.free and not r.exogenous}
    return [replace(r, free=False, value=fixed[r.label]) if r.free and r.label in fixed else r for r in rows]
