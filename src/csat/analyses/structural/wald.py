"""Wald tests of rules among labelled parameters: `b1 == b2`, `a*b == 0; c == d` (together)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from csat.analyses.structural.constraints import constraints_of, places_of
from csat.analyses.structural.model import WaldTest
from csat.errors import BadInput
from csat.instrument.parameters import ParameterTable
from csat.instrument.statements import EQUAL, Model, Rule
from csat.instrument.syntax import parse_model
from csat.numerics.comparison import wald_of
from csat.numerics.linalg import Array


def wald_tests(
    asked: Sequence[str], model: Model, table: ParameterTable, theta: Array, covariance: Array
) -> tuple[WaldTest, ...]:
    """Each text is one test; several rules in it, between semicolons, are tested together.

    theta, covariance : (q,), (q, q) of the free parameters of the table.

    Raises
    ------
    BadInput : a text that holds no equality. UnknownName : a label the model does not have.
    """
    found = []
    for text in asked:
        rules = _rules(text, model)
        constraints, _ = constraints_of(
            replace(table, rules=rules), places_of(table), theta.size, where=f"the Wald test '{text}'"
        )
        if constraints is None:
            raise BadInput(
                f"the Wald test '{text}' speaks of fixed numbers only", right="It is about free parameters"
            )
        values, slopes = constraints.look(theta)
        test = wald_of(values, slopes, covariance)
        found.append(WaldTest(text.strip(), test.chisq, test.df, test.p))
    return tuple(found)


def _rules(text: str, model: Model) -> tuple[Rule, ...]:
    before = f"{model.to_text()}\n"
    # its own first line is line 1
    written = parse_model(before + text, where=f"the Wald test '{text}'", first_line=1 - before.count("\n"))
    rules = written.rules[len(model.rules) :]
    if (
        not rules
        or any(r.operator != EQUAL for r in rules)
        or len(written.statements) > len(model.statements)
    ):
        raise BadInput(
            f"the Wald test '{text}' is no equality of labelled parameters",
            right="It is, for example, b1 == b2, or b1 == 0; b2 == b3",
            do="Label the parameters in the model: y ~ b1*x1 + b2*x2",
        )
    return rules
