"""A fitted model: what `fitting.fit` returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from csat.numerics.asymptotic import normal_weight
from csat.numerics.descent import Estimate
from csat.numerics.estimators import Method
from csat.numerics.linalg import Array, inverse
from csat.numerics.moment_vectors import MomentsAt, MomentStructure
from csat.numerics.problem import Problem, with_means
from csat.numerics.robust import Piece, TestStatistic
from csat.numerics.samples import Sample


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model.

    estimate : theta and how it was reached. covariance : (q, q) of theta. information : (q, q), its inverse
    is the covariance that normality (or optimal weights) would give. test, baseline : chi-square, plain and
    scaled. measures : all fit measures by name. moments : by group. bread : information for one respondent.
    wider, wider_theta : models in which the moments of covariates are parameters, after the others.
    """

    problem: Problem
    estimate: Estimate
    covariance: Array
    information: Array
    test: TestStatistic
    baseline: TestStatistic
    measures: dict[str, float]
    moments: tuple[MomentsAt, ...]
    bread: Array = field(repr=False)
    wider: tuple[MomentStructure, ...] = field(repr=False)
    wider_theta: Array = field(repr=False)
    given_weights: tuple[Array, ...] = field(repr=False, default=())

    @property
    def method(self) -> Method:
        return self.problem.method

    @property
    def models(self) -> tuple[MomentStructure, ...]:
        return self.problem.models

    @property
    def data(self) -> tuple[Sample, ...]:
        return self.problem.samples

    @property
    def samples(self) -> tuple[Array, ...]:
        """Sample moments s by group."""
        return self.problem.vectors

    @property
    def shares(self) -> tuple[float, ...]:
        return self.problem.shares

    @property
    def share_sizes(self) -> tuple[float, ...]:
        """What the discrepancy of each group was multiplied with."""
        return self.problem.sizes

    @property
    def n(self) -> float:
        """Respondents."""
        return self.problem.n

    @property
    def multiplier(self) -> float:
        """What the discrepancy was multiplied with."""
        return self.problem.multiplier

    @property
    def theta(self) -> Array:
        return self.estimate.theta

    @cached_property
    def weights(self) -> tuple[Array, ...]:
        """V of the inference by group, on the implied side for maximum likelihood.

        Made when first asked for where the fit itself did without.
        """
        if self.given_weights:
            return self.given_weights
        return tuple(
            normal_weight(inverse(at.at.covariance), means=with_means(model))
            for at, model in zip(self.moments, self.models, strict=True)
        )

    @cached_property
    def gammas(self) -> tuple[Array, ...]:
        """Gamma by group, likewise; empty where nothing rests on it."""
        if not self.problem.rowwise:
            return self.problem.gammas
        if self.method.errors == "standard" and self.method.test == "standard":
            return tuple(np.zeros((0, 0)) for _ in self.data)
        return self.problem.moment_gammas()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """For difference tests; the gammas are empty when nothing needed them."""
        return tuple(
            Piece(f, m.jacobian, w, g)
            for f, m, w, g in zip(self.shares, self.moments, self.weights, self.gammas, strict=True)
        )
