"""The parameter rows of a result: estimates, errors, standardised values, and parameters made of others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

from csat.analyses.structural.model import ParameterEstimate
from csat.instrument.parameters import REMEMBERED, Parameter, ParameterTable
from csat.instrument.statements import (
    COVARIES,
    DEFINED,
    INTERCEPT,
    MEASURES,
    REGRESSED_ON,
    THRESHOLD,
    Expression,
    Tree,
)
from csat.numerics.intervals import normal_quantile
from csat.numerics.solution import ByCell, Standardised, delta_errors
from csat.numerics.structure import Positions, Structure

Array = NDArray[np.float64]
Valued = Mapping[str, tuple[float, Array]]
"""Label to its value and the derivative of that value by theta."""

MATRIX: Mapping[str, Literal["directed", "symmetric", "means"]] = {
    MEASURES: "directed",
    REGRESSED_ON: "directed",
    COVARIES: "symmetric",
    INTERCEPT: "means",
}
"""Which matrix of the structure an operator writes into."""

SCALE = "~*~"
"""lavaan's sign for the scale of an ordered item: 1 over the standard deviation of what lies under it."""


def parameter_rows(
    table: ParameterTable,
    structure: Structure,
    theta: Array,
    theta_cov: Array,
    scaled: Standardised,
    *,
    confidence: float,
) -> tuple[ParameterEstimate, ...]:
    """A row for each parameter of the table, in its order, then the defined ones.

    theta : (q,). theta_cov : (q, q). scaled : the standardised solution.
    """
    z = normal_quantile(confidence)
    by_cell = ByCell(
        structure.directed.filled(theta), structure.symmetric.filled(theta), structure.means.filled(theta)
    )
    with np.errstate(invalid="ignore"):
        # fixed parameters, whose place is -1, have no error
        spread = np.append(np.sqrt(theta_cov.diagonal()), 0.0)
    places = _rows_of_cells(table)
    parameter = np.array(table.parameter_of, dtype=np.intp)
    est, se = _in_rows(places, by_cell), spread[parameter]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(se > 0, est / se, math.nan)
    rows = tuple(
        map(
            ParameterEstimate,
            *_written(table),
            est.tolist(),
            se.tolist(),
            ratio.tolist(),
            erfc(np.abs(ratio) / math.sqrt(2)).tolist(),
            (est - z * se).tolist(),
            (est + z * se).tolist(),
            _in_rows(places, scaled.latent).tolist(),
            _in_rows(places, scaled.complete).tolist(),
            _in_rows(places, scaled.complete_se).tolist(),
            (parameter >= 0).tolist(),
        )
    )
    values = labelled(table, structure, theta, scaled)
    return (*rows, *defined_rows(table.defined, values, theta_cov, confidence=confidence))


@lru_cache(maxsize=REMEMBERED)
def _rows_of_cells(table: ParameterTable) -> dict[str, Positions]:
    """Of each matrix the rows its cells stand in."""
    places: dict[str, list[int]] = {"directed": [], "symmetric": [], "means": []}
    for i, row in enumerate(table.rows):
        places[MATRIX[row.operator]].append(i)
    return {matrix: np.array(rows, dtype=np.intp) for matrix, rows in places.items()}


@lru_cache(maxsize=REMEMBERED)
def _written(table: ParameterTable) -> tuple[tuple[str, ...], ...]:
    """Of all rows what stands left, the operator, what stands right, the group and the label."""
    written = [(row.left, row.operator, row.right, "", row.label) for row in table.rows]
    return tuple(zip(*written, strict=True))


def _in_rows(places: Mapping[str, Positions], values: ByCell) -> Array:
    """Values of cells, in the order of the table's rows."""
    ordered = np.empty(sum(len(rows) for rows in places.values()))
    for matrix, rows in places.items():
        ordered[rows] = getattr(values, matrix)
    return ordered


Labelled = tuple[Valued, Valued, Valued]
"""What is said of labels: as estimated, with constructs standardised, with all standardised."""


def labelled(table: ParameterTable, structure: Structure, theta: Array, scaled: Standardised) -> Labelled:
    """Of each label of the table."""
    raw: dict[str, tuple[float, Array]] = {}
    latent: dict[str, tuple[float, Array]] = {}
    complete: dict[str, tuple[float, Array]] = {}
    for i, (row, matrix, at) in enumerate(_placed(table)):
        if not row.label or row.label in raw:
            continue
        own = np.zeros(theta.size)
        if table.parameter_of[i] >= 0:
            own[table.parameter_of[i]] = 1.0
        raw[row.label] = (float(getattr(structure, matrix).filled(theta)[at]), own)
        latent[row.label] = (float(getattr(scaled.latent, matrix)[at]), own)
        complete[row.label] = (
            float(getattr(scaled.complete, matrix)[at]),
            getattr(scaled.slopes, matrix)[at],
        )
    return raw, latent, complete


def defined_rows(
    defined: Sequence[tuple[str, Expression]], labels: Labelled, theta_cov: Array, *, confidence: float
) -> tuple[ParameterEstimate, ...]:
    """A row for each parameter made of others; later ones may use earlier ones."""
    z = normal_quantile(confidence)
    raw, latent, complete = (dict(values) for values in labels)
    rows = []
    for name, expression in defined:
        for values in (raw, latent, complete):
            values[name] = _with_slope(expression.tree, values, len(theta_cov))
        rows.append(
            _row(
                name,
                DEFINED,
                str(expression),
                label=name,
                est=raw[name][0],
                se=float(delta_errors(raw[name][1], theta_cov)),
                std_lv=latent[name][0],
                std_all=complete[name][0],
                std_all_se=float(delta_errors(complete[name][1], theta_cov)),
                free=False,
                z=z,
            )
        )
    return tuple(rows)


def _placed(table: ParameterTable) -> Iterator[tuple[Parameter, str, int]]:
    """Each row with its matrix and its place there."""
    place = {"directed": 0, "symmetric": 0, "means": 0}
    for row in table.rows:
        matrix = MATRIX[row.operator]
        yield row, matrix, place[matrix]
        place[matrix] += 1


def scale_rows(
    scales: Sequence[tuple[str, float, float]], *, confidence: float
) -> tuple[ParameterEstimate, ...]:
    """A row for the scale of each ordered item in a group: item, value, error (0 where it is fixed)."""
    z = normal_quantile(confidence)
    return tuple(
        _row(
            item, SCALE, item, label="", est=value, se=se, std_lv=value, std_all=1.0, std_all_se=0.0,
            free=se > 0, z=z,
        )
        for item, value, se in scales
    )  # fmt: skip


def threshold_rows(
    thresholds: Sequence[tuple[str, str, float, float]],
    *,
    confidence: float,
    standardised: Sequence[tuple[float, float]] = (),
) -> tuple[ParameterEstimate, ...]:
    """A row for each threshold of an ordered item: item, name, value, error.

    standardised : value and error of each with the item's variance 1; without, they are standardised as is.
    """
    z = normal_quantile(confidence)
    as_is = [(value, se) for *_, value, se in thresholds]
    return tuple(
        _row(
            item,
            THRESHOLD,
            name,
            label="",
            est=value,
            se=se,
            std_lv=value,
            std_all=std,
            std_all_se=std_se,
            free=True,
            z=z,
        )
        for (item, name, value, se), (std, std_se) in zip(thresholds, standardised or as_is, strict=True)
    )


def by_parameter(table: ParameterTable, by_row: Sequence[float]) -> Array:
    """(q,) the value of the first row of each parameter."""
    return np.array([by_row[rows[0]] for rows in table.free])


def two_sided_p(value: float, se: float) -> float:
    """P(|Z| >= |value / se|) of a normal Z; NaN without an error."""
    return math.erfc(abs(value / se) / math.sqrt(2)) if se > 0 else math.nan


def _row(
    lhs: str,
    op: str,
    rhs: str,
    *,
    label: str,
    est: float,
    se: float,
    std_lv: float,
    std_all: float,
    std_all_se: float,
    free: bool,
    z: float,
) -> ParameterEstimate:
    return ParameterEstimate(
        lhs=lhs,
        op=op,
        rhs=rhs,
        group="",
        label=label,
        est=est,
        se=se,
        z=est / se if se > 0 else math.nan,
        p=two_sided_p(est, se),
        ci_lower=est - z * se,
        ci_upper=est + z * se,
        std_lv=std_lv,
        std_all=std_all,
        std_all_se=std_all_se,
        free=free,
    )


def _with_slope(tree: Tree, values: Valued, q: int) -> tuple[float, Array]:
    """Value of an expression and its derivative by theta; NaN where arithmetic has no answer."""
    if isinstance(tree, str):
        return values[tree]
    if not isinstance(tree, tuple):
        return tree, np.zeros(q)
    operation, *arguments = tree
    parts = [_with_slope(argument, values, q) for argument in arguments]
    value = Expression(tree).value({name: v for name, (v, _) in values.items()})
    (a, da), *rest = parts
    if not rest:
        return value, _slope_of_one(str(operation), a, value) * da
    b, db = rest[0]
    if operation == "+":
        return value, da + db
    if operation == "-":
        return value, da - db
    if operation == "*":
        return value, b * da + a * db
    if operation == "/":
        return value, (da - value * db) / b if b else np.full(q, math.nan)
    # a^b: the derivative by b needs a logarithm, which only a positive base has
    by_base = b * Expression(("^", a, b - 1)).value({}) * da if np.any(da) else np.zeros(q)
    by_power = value * math.log(a) * db if np.any(db) and a > 0 else np.where(db != 0, math.nan, 0.0)
    return value, by_base + by_power


def _slope_of_one(operation: str, a: float, value: float) -> float:
    """Derivative of a function of one argument, or of a minus sign."""
    if operation == "-":
        return -1.0
    if operation == "exp":
        return value
    if operation == "log":
        return 1 / a if a > 0 else math.nan
    if operation == "sqrt":
        return 0.5 / value if value > 0 else math.nan
    return math.copysign(1.0, a)
