"""What a PLS model is computed from: moments of its items, of the answers and of every resample."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.path_model_pls import Correlation
from csat.analyses.result import Base
from csat.errors import BadInput, NumericsError
from csat.instrument.instrument import Scale
from csat.numerics.ordinal import polychoric_matrix
from csat.numerics.pls import PathStructure
from csat.numerics.pls_assessment import ConstructIndex
from csat.numerics.replicate_moments import Missing, Moments, jackknife_moments, moments, replicate_moments
from csat.numerics.resampling import poisson_multiplicities
from csat.numerics.scores import linearised_se, mean_influence
from csat.responses.responses import Responses
from csat.tally.tally import Tally, count

Array = NDArray[np.float64]

MISSING: tuple[Missing, ...] = ("listwise", "pairwise", "mean")
MISSING_NAMES: Mapping[Missing, str] = {
    "listwise": "listwise",
    "pairwise": "pairwise",
    "mean": "mean replacement",
}


@dataclass(frozen=True, eq=False)
class ModelData:
    """Moments of the model's items, and the rows when there are any."""

    items: tuple[str, ...]
    tally: Tally
    moments: Moments
    responses: Responses | None
    answers: Array
    weights: Array | None
    missing: Missing
    correlation: Correlation
    low: Array
    high: Array

    @classmethod
    def of(
        cls, answers: Responses | Tally, items: tuple[str, ...], missing: Missing, correlation: Correlation
    ) -> ModelData:
        rows = answers if isinstance(answers, Responses) else None
        tally = count(rows, items, complete=missing == "listwise") if rows else _selected(answers, items)
        matrix = rows.answers(items) if rows is not None else np.empty((0, len(items)))
        low, high = _bounds(tally)
        weights = rows.weights if rows is not None else None
        try:
            if rows is not None:
                found = moments(matrix, weights=weights, missing=missing)
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

    def base(self, missing: Missing) -> Base:
        return Base.of(self.tally, MISSING_NAMES[missing] if self.responses is not None else "")

    def draws(self, replicates: int, seed: int) -> Iterator[Moments]:
        """Moments of the bootstrap replicates."""
        assert self.responses is not None  # only asked for with rows
        if self.correlation == "polychoric":
            return self._polychoric_draws(self.responses, replicates, seed)
        return replicate_moments(
            self.answers,
            weights=self.weights,
            rows=self.responses.row_numbers,
            replicates=replicates,
            seed=seed,
            missing=self.missing,
        )

    def _polychoric_draws(self, responses: Responses, replicates: int, seed: int) -> Iterator[Moments]:
        case = np.ones(responses.rows) if self.weights is None else self.weights
        for batch in poisson_multiplicities(responses.row_numbers, replicates, seed=seed):
            for m in batch:
                found = moments(self.answers, weights=case * m, missing=self.missing)
                resampled = count(
                    responses.weighted_by(case * m), self.items, complete=self.missing == "listwise"
                )
                try:
                    yield _with_polychoric(found, resampled)
                except NumericsError:
                    nothing = np.full_like(found.correlation, np.nan)
                    yield Moments(found.mean, found.sd, found.correlation, nothing)

    def jackknife(self) -> Iterator[Moments]:
        if self.correlation == "polychoric":
            raise BadInput("BCa intervals are not made of polychoric correlations", do="Use percentile ones")
        return jackknife_moments(self.answers, weights=self.weights, missing=self.missing)


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
        keep = ~np.isnan(x).any(axis=1)
        x, w = x[keep], None if w is None else w[keep]
    points = 100 * (x - data.low) / (data.high - data.low)
    pull = mean_influence(points[:, structure.places], w) * index.weights
    out = np.empty(structure.constructs)
    for k, s in enumerate(structure.slices):
        answered = int((~np.isnan(points[:, structure.places[s]])).any(axis=1).sum())
        out[k] = linearised_se(pull[:, s].sum(axis=1), n=answered)
    return out
