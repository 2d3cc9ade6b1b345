"""What a model with ordered items is fitted to: which items are ordered, which numbers, which covariates.

Items that are not declared ordered are numbers. Covariates keep their own moments: thresholds, slopes and
correlations are then those given the covariates, and an ordered item has variance 1 given them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Caution
from csat.analyses.structural.answers import Answers
from csat.errors import BadInput, CannotCompute, NumericsError, UnknownName, listed
from csat.instrument.parameters import Parameter, ParameterTable
from csat.instrument.statements import COVARIES, INTERCEPT, MEASURES, REGRESSED_ON
from csat.language import Text, joined
from csat.numerics.mixed import mixed_sample
from csat.numerics.moment_vectors import OrderedMoments
from csat.numerics.ordered import OrderedSample, ordered_sample
from csat.numerics.structure import Cells

Array = NDArray[np.float64]
Positions = NDArray[np.intp]

MOST_CATEGORIES = 12
"""More different values than this are no answers on a scale unless one is declared (lavaan's warning)."""


@dataclass(frozen=True, eq=False)
class Ordering:
    """A model's items by kind, and their sample moments.

    table : items, then covariates; residual variances of ordered items fixed at 0, intercepts of numbers.
    given : the same for the model given covariates: they stand before the constructs and have no moments.
    ordered : the ordered items. covariance, mean : (p,) of the underlying variables and the covariates.
    """

    table: ParameterTable
    given: ParameterTable
    ordered: tuple[str, ...]
    sample: OrderedSample
    covariance: Array
    mean: Array

    @property
    def items(self) -> tuple[str, ...]:
        return self.given.observed

    @property
    def places(self) -> tuple[int, ...]:
        """Positions of the ordered items."""
        return tuple(self.items.index(i) for i in self.ordered)

    @property
    def covariates(self) -> NDArray[np.intp]:
        """Positions of the covariates among the variables."""
        return np.arange(len(self.items), len(self.table.observed), dtype=np.intp)

    def residuals(self, left: Array) -> ParameterTable:
        """The table with what is left of the ordered items. left : (p,) residual variances."""
        values = {i: float(left[at]) for i, at in zip(self.ordered, self.places, strict=True)}
        return without_residuals(self.table, values)


def wanted(table: ParameterTable, ordered: Collection[str] | bool, data: Answers | None) -> tuple[str, ...]:
    """The ordered items of a model: those declared, or with True all but measured quantities.

    A measured quantity has no declared scale and more than `MOST_CATEGORIES` different values, or fractions.
    Covariates are numbers, declared or not (as lavaan has it): what is given needs no distribution.

    Raises
    ------
    UnknownName : an item the model does not have.
    """
    if ordered is True:
        own = [i for i in table.observed if i not in table.covariates]
        return tuple(i for i in own if data is None or not is_quantity(data, i))
    named = tuple(ordered or ())
    known = () if data is None else data.items
    for name in named:
        if name not in known and name not in table.observed:
            raise UnknownName("item", name, table.observed, where="the ordered items")
    return tuple(i for i in table.observed if i in named and i not in table.covariates)


def is_quantity(data: Answers, item: str) -> bool:
    """Whether an item without a declared scale has fractions, or more different values than answers have."""
    at = data.items.index(item) if item in data.items else -1
    if at < 0 or data.scales[at]:
        return False
    values = np.unique(data.rows[:, at][~np.isnan(data.rows[:, at])])
    return bool(values.size > MOST_CATEGORIES or np.any(values != np.round(values)))


def ordering(table: ParameterTable, kept: Answers, ordered: tuple[str, ...]) -> Ordering:
    """The moments a model with ordered items is fitted to; kept : rows with all covariates.

    Raises
    ------
    CannotCompute : no such moments can be had.
    """
    covariates = table.covariates
    items = tuple(i for i in table.observed if i not in covariates)
    numbers = [i for i in items if i not in ordered]
    table = replace(table, observed=(*items, *covariates))
    table = _with_intercepts(table, ordered, numbers)
    table = without_residuals(table, dict.fromkeys(ordered, 0.0))
    given = given_covariates(table)
    own = kept.select(items)
    x = kept.select(covariates).rows if covariates else np.zeros((len(kept.rows), 0))
    codes, categories = own.codes(numbers=numbers)
    try:
        if not numbers and not covariates:
            sample = ordered_sample(codes, categories, weights=kept.weights)
        else:
            values = np.where(codes >= 0, codes, np.nan)
            at = [items.index(i) for i in numbers]
            values[:, at] = own.rows[:, at]
            counts = [0 if i in numbers else c for i, c in zip(items, categories, strict=True)]
            sample = mixed_sample(values, counts, covariates=x, weights=kept.weights)
    except NumericsError as err:
        raise err.named(items, where="the model") from err
    covariance, mean = with_covariates(sample, x, kept.weights)
    return Ordering(table, given, ordered, sample, covariance, mean)


def causes_of(model: OrderedMoments, theta: Array, numbers: Positions) -> dict[int, Array]:
    """Of ordered items that explain something: position to d residual variance / d parameters.

    theta : all parameters, of which `numbers` are meant.
    """
    if not model.causes.size:
        return {}
    slopes = model.giving_way(theta)[theta.size :, numbers]
    return dict(zip(model.causes.tolist(), slopes, strict=True))


def doubts_about_order(
    table: ParameterTable, asked: Collection[str] | bool, ordered: Collection[str], data: Answers
) -> tuple[Caution, ...]:
    """That declared covariates count as numbers, and that an ordered cause is what lies under its answers.

    With two answers a covariate is the same either way.
    """
    declared = () if isinstance(asked, bool) else tuple(asked)
    covariates = [x for x in table.covariates if x in declared]
    spaced = [x for x in covariates if np.unique(data.select([x]).rows).size > 2]
    explaining = {
        r.right if r.operator == REGRESSED_ON else r.left
        for r in table.rows
        if r.operator in (MEASURES, REGRESSED_ON)
    }
    causes = [i for i in ordered if i in explaining]
    found = []
    if spaced:
        found.append(
            Caution("ordered_covariate", COVARIATE_IS_NUMBER.fill(names=listed_text(spaced)), tuple(spaced))
        )
    if causes:
        found.append(Caution("ordered_cause", ORDERED_CAUSE.fill(names=listed_text(causes)), tuple(causes)))
    return tuple(found)


def unchosen(ordered: Collection[str], data: Answers) -> tuple[Caution, ...]:
    """That nobody chose some answers of ordered items: declared ones, or whole numbers between others."""
    found: dict[str, list[str]] = {}
    for item in ordered:
        at = data.items.index(item)
        values = np.unique(data.rows[:, at][~np.isnan(data.rows[:, at])])
        scale = data.scales[at]
        if not scale and values.size and np.all(values == np.round(values)):
            scale = tuple(float(v) for v in range(int(values[0]), int(values[-1]) + 1))
        if gone := [f"{v:g}" for v in scale if v not in values]:
            found[item] = gone
    if not found:
        return ()
    said = joined([Text(f"{item} ({', '.join(gone)})") for item, gone in found.items()])
    return (Caution("empty_category", UNCHOSEN.fill(items=said), tuple(found)),)


def listed_text(names: Sequence[str]) -> Text:
    return Text(listed(names), "、".join(names))


UNCHOSEN = Text(
    "Nobody chose these answers, which have no threshold and stand together with a neighbour: {items}. Merge "
    "rare answers before groups or waves are compared.",
    "下列答案没有人选择，没有自己的阈值，与相邻答案合并：{items}。比较组别或各期之前请先合并少见的答案。",
)
COVARIATE_IS_NUMBER = Text(
    "{names}: declared ordered, but only explains, so counts as a number, as if its answers were equal steps "
    "apart. If they are not, give each answer a 0/1 column instead.",
    "{names}：虽声明为有序，但只作解释变量，故按数值处理，即假定各级答案间距相等。若不成立，请为每级答案改用"
    " 0/1 列。",
)
ORDERED_CAUSE = Text(
    "{names}: ordered and explains something. What explains is the continuous leaning under the answers "
    "(variance 1, given covariates), not the answer chosen.",
    "{names}：有序题项作为解释变量时，起作用的是答案背后的连续倾向（方差为 1，给定协变量），而不是所选答案"
    "本身。",
)


def threshold_cells(
    table: ParameterTable, items: tuple[str, ...], sample: OrderedSample, first: int
) -> tuple[Cells, dict[str, int | float], int]:
    """Cells of all thresholds, their labels, and how many parameters there are with them.

    first : how many parameters stand before them.
    """
    rank = np.concatenate(
        [np.arange(np.sum(sample.item == i)) for i in range(len(items))] or [np.zeros(0)]
    ).astype(np.intp)
    said = {(r.left, r.right): r for r in table.thresholds}
    parameter, value = np.full(rank.size, -1, dtype=np.intp), np.zeros(rank.size)
    known: dict[str, int] = {}
    labels: dict[str, int | float] = {}
    count = first
    for k, (i, at) in enumerate(zip(sample.item.tolist(), rank.tolist(), strict=True)):
        row = said.pop((items[i], f"t{at + 1}"), None)
        if row is not None and not row.free:
            value[k] = row.value
        elif row is not None and row.equal in known:
            parameter[k] = known[row.equal]
        else:
            parameter[k], count = count, count + 1
            if row is not None and row.equal:
                known[row.equal] = int(parameter[k])
        if row is not None and row.label:
            labels[row.label] = int(parameter[k]) if parameter[k] >= 0 else float(value[k])
    if said:
        item, name = next(iter(said))
        if item not in items:
            raise UnknownName("ordered item", item, items, where="the model")
        number = int(np.sum(sample.item == items.index(item)))
        raise BadInput(
            f"'{item} | {name}' is no threshold of {item}"
            + ("" if number else ", which is not declared ordered"),
            where="the model",
            right=f"{item} has {number} (t1 to t{number}), one less than answers that occur"
            if number
            else "",
        )
    return Cells(sample.item, rank, parameter, value), labels, count


def _with_intercepts(
    table: ParameterTable, ordered: Collection[str], numbers: Collection[str]
) -> ParameterTable:
    """With intercepts of the numbers; those of ordered items only where the text speaks of them."""
    rows = [r for r in table.rows if r.operator != INTERCEPT or r.left not in ordered or r.said]
    if numbers:
        there = {r.left for r in rows if r.operator == INTERCEPT}
        for name in (*table.observed, *table.latents):
            if name in there or name in ordered:
                continue
            given = name in table.covariates
            free = name in numbers
            rows.append(
                Parameter(
                    name, INTERCEPT, "", free=free, value=math.nan if free or given else 0.0, exogenous=given
                )
            )
    elif not any(r.said for r in rows if r.operator == INTERCEPT):
        rows = [r for r in rows if r.operator != INTERCEPT]
    return replace(table, rows=tuple(rows))


def without_residuals(table: ParameterTable, values: Mapping[str, float]) -> ParameterTable:
    """The table with these residual variances as numbers."""
    return replace(
        table,
        rows=tuple(
            replace(r, free=False, value=values[r.left])
            if r.operator == COVARIES and r.left == r.right and r.left in values
            else r
            for r in table.rows
        ),
    )


def given_covariates(table: ParameterTable) -> ParameterTable:
    """The table of the model given its covariates: they stand before the constructs, without moments."""
    return replace(
        table,
        observed=tuple(i for i in table.observed if i not in table.covariates),
        latents=(*table.covariates, *table.latents),
        rows=tuple(r for r in table.rows if not r.exogenous),
    )


def with_covariates(sample: OrderedSample, x: Array, weights: Array | None) -> tuple[Array, Array]:
    """Covariance and mean of items and covariates together."""
    p = len(sample.correlation)
    means = sample.means if sample.means.size else np.zeros(p)
    if not x.shape[1]:
        return sample.correlation, means
    w = np.ones(len(x)) if weights is None else weights
    centre = w @ x / w.sum()
    n = len(x)
    # lavaan's unbiased covariance of what is given
    spread = ((x - centre).T * w) @ (x - centre) / w.sum() * (n / (n - 1))
    across = sample.slopes @ spread
    whole = np.block([[sample.correlation + across @ sample.slopes.T, across], [across.T, spread]])
    return np.asarray(whole), np.concatenate([means + sample.slopes @ centre, centre])


def with_covariates_known(kept: Answers, covariates: tuple[str, ...]) -> Answers:
    """The rows that have every covariate."""
    if not covariates:
        return kept
    known = np.asarray(~np.isnan(kept.select(covariates).rows).any(axis=1))
    if not known.any():
        raise CannotCompute(f"no respondent has all of {listed(covariates)}", where="the model")
    return kept.where(known)
