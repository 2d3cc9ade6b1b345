"""What a PLS model is computed from: moments of its items, of the answers and of every resample."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.pls_estimates import Correlation
from csat.analyses.result import Base
from csat.errors import BadInput, NumericsError
from csat.instrument.instrument import Scale
from csat.numerics.missing import patterns, saturated_moments
from csat.numerics.ordinal import polychoric_matrix
from csat.numerics.pls import TOLERANCE, PathStructure, PlsFit, pls_many
from csat.numerics.pls_assessment import ConstructIndex, construct_index
from csat.numerics.pls_stages import SecondStage, composed, with_products
from csat.numerics.replicate_moments import Missing, Moments, jackknife_moments, moments, replicate_moments
from csat.numerics.replication import (
    LEFT_OUT_GROUPS,
    MANY_UNITS,
    Replication,
    left_out_groups,
    random_groups,
)
from csat.numerics.resampling import row_factors
from csat.numerics.scores import linearised_se, mean_influence
from csat.responses.responses import Responses
from csat.tally.tally import Tally, count

Array = NDArray[np.float64]

Policy = Missing | Literal["em"]

MISSING: tuple[Policy, ...] = ("listwise", "pairwise", "mean", "em")
MISSING_NAMES: Mapping[Policy, str] = {
    "listwise": "listwise",
    "pairwise": "pairwise",
    "mean": "mean replacement",
    "em": "em",
}

LEFT_OUT_SLOW = 200
"""Groups left out in turn where each is a search of its own (ours)."""
SLOW_AT_ONCE = 64
"""Samples whose moments are a search of their own, held together."""


@dataclass(frozen=True, eq=False)
class ModelData:
    """Moments of the model's items, and the rows when there are any."""

    items: tuple[str, ...]
    tally: Tally
    moments: Moments
    responses: Responses | None
    answers: Array
    weights: Array | None
    missing: Policy
    correlation: Correlation
    low: Array
    high: Array

    @classmethod
    def of(
        cls, answers: Responses | Tally, items: tuple[str, ...], missing: Policy, correlation: Correlation
    ) -> ModelData:
        rows = answers if isinstance(answers, Responses) else None
        tally = count(rows, items, complete=missing == "listwise") if rows else _selected(answers, items)
        matrix = rows.answers(items) if rows is not None else np.empty((0, len(items)))
        low, high = _bounds(tally)
        weights = rows.weights if rows is not None else None
        try:
            if rows is not None:
                found = _moments(matrix, weights, missing)
            else:
                sd = np.sqrt(np.diagonal(tally.covariance()))
                found = Moments(tally.means()[:, None], sd[:, None], tally.correlation()[..., None])
            if correlation == "polychoric":
                found = _with_polychoric(found, tally)
        except NumericsError as error:
            raise error.named(items, where="the PLS model") from error
        return cls(items, tally, found, rows, matrix, weights, missing, correlation, low, high)

    @property
    def association(self) -> Array:
        """(p, p) what the model rests on."""
        found = self.moments
        return np.asarray((found.correlation if found.polychoric is None else found.polychoric)[..., 0])

    @property
    def n(self) -> float:
        """Respondents behind a correlation: the smallest pair; effective when weighted."""
        rows = len(self.answers) if self.missing == "mean" else int(self.tally.pair_n().min())
        share = self.tally.effective_n / self.tally.rows if self.tally.rows else 1.0
        return rows * min(1.0, share)

    @functools.cached_property
    def replication(self) -> Replication | None:
        """How replicates are made: as the respondents were drawn; of very many, by random groups of them."""
        if self.responses is None or self.responses.replication is not None:
            return None if self.responses is None else self.responses.replication
        many = self.responses.rows > MANY_UNITS
        return random_groups(self.responses.row_numbers) if many else None

    def base(self, missing: Policy) -> Base:
        """On whom the model rests."""
        return Base.of(self.tally, MISSING_NAMES[missing] if self.responses is not None else "")

    def draws(self, replicates: int, seed: int) -> Iterator[Moments]:
        """Moments of the bootstrap replicates."""
        assert self.responses is not None  # only asked for with rows
        if self.correlation == "polychoric" or self.missing == "em":
            made = self.replication
            if made is not None and made.kind == "generalised":
                raise BadInput(
                    "replicates of a jackknife or of replicate weights are not made of polychoric "
                    "correlations or EM moments",
                    do="Use Pearson correlations and pairwise or listwise moments",
                )
            names = self.responses.row_numbers
            drawn = row_factors(names, replicates, seed=seed, replication=self.replication)
            return self._under_each(self.case_weights * m for batch in drawn for m in batch)
        return replicate_moments(
            self.answers,
            weights=self.weights,
            rows=self.responses.row_numbers,
            replicates=replicates,
            seed=seed,
            missing=self.missing,
            replication=self.replication,
        )

    def jackknife(self) -> Iterator[Moments]:
        """Moments without each row, or without each group of `left_out`, for BCa intervals."""
        group, groups = self.left_out
        if self.correlation == "polychoric" or self.missing == "em":
            return self._under_each(self.case_weights * (group != k) for k in range(groups))
        return jackknife_moments(self.answers, weights=self.weights, missing=self.missing, group=group)

    @functools.cached_property
    def left_out(self) -> tuple[NDArray[np.intp], int]:
        """Group of each row, and how many groups: those left out in turn."""
        slow = self.correlation == "polychoric" or self.missing == "em"
        most = LEFT_OUT_SLOW if slow else LEFT_OUT_GROUPS
        return left_out_groups(len(self.answers), self.replication, most=most)

    @property
    def case_weights(self) -> Array:
        """(n,), ones without weights."""
        return np.ones(len(self.answers)) if self.weights is None else self.weights

    def _under_each(self, row_weights: Iterator[Array]) -> Iterator[Moments]:
        """Moments under each of the row weights, `SLOW_AT_ONCE` together; NaN where there are none."""
        while batch := [self._under(w) for w in islice(row_weights, SLOW_AT_ONCE)]:
            mean, sd, r = (
                np.concatenate([getattr(m, k) for m in batch], axis=-1) for k in ("mean", "sd", "correlation")
            )
            polychoric = [m.polychoric for m in batch if m.polychoric is not None]
            yield Moments(mean, sd, r, np.concatenate(polychoric, axis=-1) if polychoric else None)

    def _under(self, weights: Array) -> Moments:
        try:
            found = _moments(self.answers, weights, self.missing)
            if self.correlation == "pearson":
                return found
            assert self.responses is not None
            resampled = self.responses.weighted_by(weights)
            return _with_polychoric(found, count(resampled, self.items, complete=self.missing == "listwise"))
        except NumericsError:
            nothing = np.full((len(self.items), 1), np.nan)
            none = np.full((len(self.items),) * 2 + (1,), np.nan)
            return Moments(nothing, nothing, none, none if self.correlation == "polychoric" else None)


@dataclass(frozen=True, eq=False)
class StagedData(ModelData):
    """The data of a second stage: kept items, index scores of first-stage constructs, products of scores."""

    first: ModelData
    first_fit: PlsFit
    stage: SecondStage

    at: tuple[int, ...]
    """Order of the items among kept, scores, products."""

    @classmethod
    def after(
        cls,
        first: ModelData,
        fit: PlsFit,
        items: tuple[str, ...],
        scores_of: Mapping[str, int],
        products: Mapping[str, tuple[int, int]],
    ) -> StagedData:
        """The second stage after `fit`.

        Parameters
        ----------
        items : of the second stage. scores_of : those that are scores, to the first-stage construct.
        products : those that are products, to the pair of first-stage constructs.

        Raises
        ------
        BadInput : products of a tally, of polychoric scores, or with silent cells in pairwise moments.
        """
        if products:
            _can_multiply(first)
        kept = [i for i in items if i not in scores_of and i not in products]
        stage = SecondStage(
            tuple(first.items.index(i) for i in kept), tuple(scores_of.values()), tuple(products.values())
        )
        order = [*kept, *scores_of, *products]
        at = [order.index(i) for i in items]
        own, none = list(stage.items), np.full(len(products), np.nan)
        scores = _index_scores(first, fit, _index(first, first.moments, fit), stage)
        no_products = np.full((len(first.answers), len(products)), np.nan)
        made = cls(
            items, first.tally, first.moments, first.responses,
            np.hstack([first.answers[:, own], scores, no_products])[:, at],
            first.weights, first.missing, first.correlation,
            np.concatenate([first.low[own], np.zeros(len(scores_of)), none])[at],
            np.concatenate([first.high[own], np.full(len(scores_of), 100.0), none])[at],
            first, fit, stage, tuple(at),
        )  # fmt: skip
        return replace(made, moments=next(made._staged(iter([first.moments]), iter([made._case()]))))

    @property
    def n(self) -> float:
        return self.first.n

    def draws(self, replicates: int, seed: int) -> Iterator[Moments]:
        """Both stages in every replicate."""
        return self._staged(self.first.draws(replicates, seed), self._resampled(replicates, seed))

    def jackknife(self) -> Iterator[Moments]:
        group, groups = self.first.left_out
        own, case = group[self._rows], self._case()
        return self._staged(self.first.jackknife(), (case * (own != k) for k in range(groups)))

    def _staged(self, draws: Iterator[Moments], row_weights: Iterator[Array]) -> Iterator[Moments]:
        return (second for _, second in self.stages(draws, row_weights))

    def stages(
        self, draws: Iterator[Moments], row_weights: Iterator[Array] | None = None
    ) -> Iterator[tuple[ConstructIndex, Moments]]:
        """Of samples of the first stage: its indices, and the moments of the second stage's items."""
        fit, at = self.first_fit, list(self.at)
        for found in draws:
            made = found.correlation if found.polychoric is None else found.polychoric
            many = pls_many(made, fit.structure, scheme=fit.scheme, like=fit, tolerance=TOLERANCE)
            with np.errstate(invalid="ignore", divide="ignore"):
                index = _index(self.first, found, many)
                second = composed(found, many, index, self.stage)
                if row_weights is not None and self.stage.products:
                    weights = islice(row_weights, found.mean.shape[-1])
                    answers = self.first.answers[self._rows]
                    second = with_products(second, found, many, self.stage, answers, weights)
            r, other = second.correlation[np.ix_(at, at)], second.polychoric
            polychoric = None if other is None else other[np.ix_(at, at)]
            yield index, Moments(second.mean[at], second.sd[at], r, polychoric)

    @property
    def _rows(self) -> NDArray[np.bool_]:
        """Rows the first stage rests on."""
        silent = np.isnan(self.first.answers).any(axis=1)
        return np.asarray(~silent | (self.missing != "listwise"), dtype=bool)

    def _case(self) -> Array:
        w = self.first.weights
        return np.ones(int(self._rows.sum())) if w is None else w[self._rows]

    def _resampled(self, replicates: int, seed: int) -> Iterator[Array]:
        """Weight of each row in each replicate: the same multiplicities as the first stage's."""
        if not self.stage.products or self.first.responses is None:
            return
        case = self._case()
        names = self.first.responses.row_numbers[self._rows]
        made = self.first.replication
        own = None if made is None else made.where(self._rows)
        for batch in row_factors(names, replicates, seed=seed, replication=own):
            for m in batch:
                yield m * case


def _can_multiply(first: ModelData) -> None:
    if first.responses is None:
        raise BadInput("a tally cannot multiply scores: a moderated path needs the rows", do="Give responses")
    if first.correlation == "polychoric":
        raise BadInput("products are not made of polychoric scores", do="Use Pearson correlations")
    if first.missing in ("pairwise", "em") and np.isnan(first.answers).any():
        raise BadInput(
            "a moderated path needs respondents who answered all items", do="Use missing='listwise'"
        )


def _index(data: ModelData, found: Moments, fit: PlsFit) -> ConstructIndex:
    """Indices of the first stage in the same samples; items without a scale run over their own spread."""
    spread = 3 * data.moments.sd[:, 0]
    low = np.where(np.isnan(data.low), data.moments.mean[:, 0] - spread, data.low)
    high = np.where(np.isnan(data.high), data.moments.mean[:, 0] + spread, data.high)
    many = fit.weights.ndim > 1
    r, mean, sd = (x if many else x[..., 0] for x in (found.correlation, found.mean, found.sd))
    return construct_index(fit, r, mean, sd, lower=low, upper=high)


def _index_scores(data: ModelData, fit: PlsFit, index: ConstructIndex, stage: SecondStage) -> Array:
    """(n, scores) index scores of the rows: weighted means of the answered items."""
    structure = fit.structure
    points = 100 * (data.answers - data.low) / (data.high - data.low)
    out = np.full((len(points), len(stage.constructs)), np.nan)
    for k, c in enumerate(stage.constructs):
        own = points[:, structure.places[structure.slices[c]]]
        known, u = ~np.isnan(own), index.weights[structure.slices[c]]
        with np.errstate(invalid="ignore", divide="ignore"):
            out[:, k] = np.where(known, own, 0.0) @ u / (known @ u)
    return out


def _moments(answers: Array, weights: Array | None, missing: Policy) -> Moments:
    if missing != "em":
        return moments(answers, weights=weights, missing=missing)
    kept = np.ones(len(answers), dtype=bool) if weights is None else weights > 0
    known = patterns(answers[kept], weights=None if weights is None else weights[kept])
    made = saturated_moments(known)
    n = len(known.rows)
    sd = np.sqrt(np.diagonal(made.cov))
    # the likelihood divides by n
    return Moments(
        made.mean[:, None], (sd * math.sqrt(n / (n - 1)))[:, None], (made.cov / np.outer(sd, sd))[..., None]
    )


def _selected(answers: Responses | Tally, items: tuple[str, ...]) -> Tally:
    assert isinstance(answers, Tally)  # the caller has told them apart
    return answers.select(items)


def _bounds(tally: Tally) -> tuple[Array, Array]:
    """Declared ends of each item's scale, NaN without one."""

    def end(scale: Scale | None, which: Literal["minimum", "maximum"]) -> float:
        return math.nan if scale is None else float(getattr(scale, which))

    return tuple(np.array([end(s, w) for s in tally.scales]) for w in ("minimum", "maximum"))  # type: ignore[return-value]


def _with_polychoric(found: Moments, tally: Tally) -> Moments:
    p = len(tally.items)
    without = [i for i in range(p) if not tally.has_categories(i)]
    if without:
        raise BadInput(
            f"item {tally.items[without[0]]} has no answer categories, so it has no polychoric correlation",
            do="Use Pearson correlations, or declare a scale of at most 21 points",
        )
    made = polychoric_matrix([tally.joint(i, j) for i in range(p) for j in range(i + 1, p)])
    return Moments(found.mean, found.sd, found.correlation, made.correlation[..., None])


def raw_alpha(data: ModelData, structure: PathStructure) -> Array:
    """Alpha of the answers as they are; 1 for a construct of one item, as the others."""
    sd = data.moments.sd[:, 0]
    cov = data.moments.correlation[..., 0] * np.outer(sd, sd)
    out = np.ones(structure.constructs)
    for k, block in enumerate(structure.blocks):
        own, m = cov[np.ix_(block, block)], len(block)
        if m > 1:
            out[k] = m / (m - 1) * (1 - np.trace(own) / own.sum())
    return out


def fixed_weight_se(data: ModelData, structure: PathStructure, index: ConstructIndex) -> Array:
    """Standard errors of the indices with the weights taken as known, by linearisation."""
    if data.responses is None:
        return index.sd / math.sqrt(data.n)
    x, w = data.answers, data.weights
    if data.missing == "listwise":
        # the product of two scores has no answers of its own
        keep = ~np.isnan(x[:, ~np.isnan(x).all(axis=0)]).any(axis=1)
        x, w = x[keep], None if w is None else w[keep]
    points = 100 * (x - data.low) / (data.high - data.low)
    pull = mean_influence(points[:, structure.places], w) * index.weights
    out = np.empty(structure.constructs)
    for k, s in enumerate(structure.slices):
        answered = int((~np.isnan(points[:, structure.places[s]])).any(axis=1).sum())
        out[k] = linearised_se(pull[:, s].sum(axis=1), n=answered)
    return out
