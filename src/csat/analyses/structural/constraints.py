"""Rules among parameters (`a*b == 0.2`, `a > b`) as constraints on theta, with exact derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput
from csat.instrument.parameters import ParameterTable
from csat.instrument.statements import ABOVE, EQUAL, Rule, Tree
from csat.numerics.constrained import Constraints

Array = NDArray[np.float64]

HOLDS = 1e-9
"""A rule among fixed numbers is met to this."""


@dataclass(frozen=True, eq=False)
class Jet:
    """A value with its first and second derivatives by theta: (), (q,), (q, q). NaN where there is none."""

    value: float
    slope: Array
    bend: Array

    @classmethod
    def constant(cls, value: float, q: int) -> Jet:
        return cls(value, np.zeros(q), np.zeros((q, q)))

    @classmethod
    def parameter(cls, value: float, k: int, q: int) -> Jet:
        return cls(value, np.eye(q)[k], np.zeros((q, q)))

    def through(self, value: float, first: float, second: float) -> Jet:
        """A function of it with these derivatives."""
        return Jet(value, first * self.slope, first * self.bend + second * np.outer(self.slope, self.slope))

    def plus(self, other: Jet, sign: float = 1.0) -> Jet:
        return Jet(
            self.value + sign * other.value, self.slope + sign * other.slope, self.bend + sign * other.bend
        )

    def times(self, other: Jet) -> Jet:
        crossed = np.outer(self.slope, other.slope)
        return Jet(
            self.value * other.value,
            self.value * other.slope + other.value * self.slope,
            self.value * other.bend + other.value * self.bend + crossed + crossed.T,
        )


def jet(tree: Tree, known: Mapping[str, Jet], q: int) -> Jet:
    """An expression with its derivatives; known : by label."""
    if isinstance(tree, str):
        return known[tree]
    if not isinstance(tree, tuple):
        return Jet.constant(tree, q)
    operation, *arguments = tree
    parts = [jet(argument, known, q) for argument in arguments]
    a = parts[0]
    with np.errstate(all="ignore"):
        if len(parts) == 1:
            return _function(str(operation), a)
        b = parts[1]
        if operation in ("+", "-"):
            return a.plus(b, 1.0 if operation == "+" else -1.0)
        if operation == "*":
            return a.times(b)
        v = np.float64(b.value)
        if operation == "/":
            return a.times(b.through(float(1 / v), float(-1 / v**2), float(2 / v**3)))
        return _power(a, b)


def _function(operation: str, a: Jet) -> Jet:
    x = np.float64(a.value)
    match operation:
        case "-":
            found = -x, -1.0, 0.0
        case "exp":
            found = np.exp(x), np.exp(x), np.exp(x)
        case "log":
            found = np.log(x), 1 / x, -1 / x**2
        case "sqrt":
            found = np.sqrt(x), 0.5 / np.sqrt(x), -0.25 / x**1.5
        case _:
            found = np.abs(x), np.sign(x), 0.0
    return a.through(*map(float, found))


def _power(a: Jet, b: Jet) -> Jet:
    x, n = np.float64(a.value), np.float64(b.value)
    if not b.slope.any():
        # x^0 and x^1 have derivatives at zero too
        first = n * x ** (n - 1) if n else 0.0
        second = n * (n - 1) * x ** (n - 2) if n not in (0, 1) else 0.0
        return a.through(float(x**n), float(first), float(second))
    logged = a.through(float(np.log(x)), float(1 / x), float(-1 / x**2)).times(b)
    size = float(np.exp(logged.value))
    return logged.through(size, size, size)


def places_of(table: ParameterTable) -> dict[str, int | float]:
    """What each label is: the position of its parameter in theta, or its fixed number."""
    parameter = {row: k for k, rows in enumerate(table.free) for row in rows}
    return {r.label: parameter.get(i, r.value) for i, r in enumerate(table.rows) if r.label}


def constraints_of(
    table: ParameterTable, places: Mapping[str, int | float], q: int, *, where: str = "the model"
) -> tuple[Constraints | None, tuple[Rule, ...]]:
    """The rules of a table on theta (q,), and the rules in the order of the constraints.

    Parameters
    ----------
    places : what a label is: the position of its parameter, or its fixed number.

    Raises
    ------
    BadInput : a rule among fixed numbers that does not hold.
    """
    rules = [r for r in table.rules if _is_open(r, table, places, where)]
    rules.sort(key=lambda r: r.operator != EQUAL)
    if not rules:
        return None, ()

    def jets(theta: Array) -> list[Jet]:
        known = _known(table, places, theta)
        found = []
        for rule in rules:
            left, right = jet(rule.left.tree, known, q), jet(rule.right.tree, known, q)
            found.append(
                left.plus(right, -1.0) if rule.operator in (EQUAL, ABOVE) else right.plus(left, -1.0)
            )
        return found

    def look(theta: Array) -> tuple[Array, Array]:
        found = jets(theta)
        return np.array([j.value for j in found]), np.array([j.slope for j in found])

    def bend(theta: Array, multipliers: Array) -> Array:
        total = np.zeros((q, q))
        for own, force in zip(jets(theta), multipliers, strict=True):
            total += force * own.bend
        return total

    return Constraints(look, bend, sum(r.operator == EQUAL for r in rules)), tuple(rules)


def _known(table: ParameterTable, places: Mapping[str, int | float], theta: Array) -> dict[str, Jet]:
    q = theta.size
    known = {
        label: Jet.parameter(float(theta[at]), at, q) if isinstance(at, int) else Jet.constant(at, q)
        for label, at in places.items()
    }
    for name, expression in table.defined:
        known[name] = jet(expression.tree, known, q)
    return known


def _is_open(rule: Rule, table: ParameterTable, places: Mapping[str, int | float], where: str) -> bool:
    """Whether a rule says anything of free parameters; one of fixed numbers must hold."""
    names = {*rule.left.names, *rule.right.names}
    for name, expression in reversed(table.defined):
        names |= set(expression.names) if name in names else set()
    if any(isinstance(places.get(n), int) for n in names):
        return True
    known = {n: value for n, value in places.items() if not isinstance(value, int)}
    for name, expression in table.defined:
        if set(expression.names) <= set(known):
            known[name] = expression.value(known)
    gap = rule.left.value(known) - rule.right.value(known)
    holds = (
        abs(gap) <= HOLDS if rule.operator == EQUAL else (gap if rule.operator == ABOVE else -gap) >= -HOLDS
    )
    if not holds:
        raise BadInput(
            f"the rule '{rule.left} {rule.operator} {rule.right}' speaks of fixed numbers and does not hold",
            where=where,
            do="Free one of them (NA*x), or drop the rule",
        )
    return False
