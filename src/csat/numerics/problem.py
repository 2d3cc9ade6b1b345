"""What is to be fitted: models and samples by group, the method, and the objective they make.

Conventions are lavaan's: the maximum-likelihood family divides covariances by n and multiplies by n;
least squares use n - 1 for both; ordered answers multiply by n - 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from csat.errors import BadInput, NumericsError, SingularMatrix, TooFew
from csat.numerics.asymptotic import adf_gamma, normal_weight
from csat.numerics.descent import Objective
from csat.numerics.estimation import Group, Information, MaximumLikelihood
from csat.numerics.estimators import METHODS, ROWWISE_TESTS, Discrepancy, Errors, Method
from csat.numerics.fit_indices import Likelihood
from csat.numerics.least_squares import LeastSquares, WeightedMoments
from csat.numerics.linalg import Array, inverse
from csat.numerics.missing import FullInformation, IncompleteGroup
from csat.numerics.moment_vectors import ContinuousMoments, MomentStructure, OrderedMoments, counts_of_vech
from csat.numerics.ordered import OrderedSample
from csat.numerics.samples import Sample


@dataclass(frozen=True, eq=False)
class Problem:
    """Models and samples by group, sharing theta.

    covs : (p, p) of the samples, dividing by what the discrepancy counts with. vectors : the same as moment
    vectors s. sizes : what the discrepancy of each group is multiplied with. exogenous : positions of
    covariates whose own moments are taken as they are. covariates : those that covary in the baseline model.
    """

    method: Method
    models: tuple[MomentStructure, ...]
    samples: tuple[Sample, ...]
    covs: tuple[Array, ...]
    vectors: tuple[Array, ...]
    sizes: tuple[float, ...]
    exogenous: tuple[int, ...]
    covariates: tuple[int, ...]
    likelihood: Likelihood

    @classmethod
    def of(
        cls,
        models: Sequence[MomentStructure],
        samples: Sequence[Sample],
        *,
        estimator: str,
        likelihood: Likelihood = "normal",
        information: Information | None = None,
        errors: Errors | None = None,
        exogenous: Sequence[int] = (),
        covariates: Sequence[int] | None = None,
    ) -> Problem:
        """With the conventions of an estimator; raises BadInput where it does not suit the data.

        covariates : the exogenous ones, unless said otherwise.
        """
        method = _method(estimator, samples, information, errors)
        less_one = method.discrepancy != "ML" or likelihood == "wishart"
        # a weighted covariance divides by the sum of the weights (lavaan's cov.wt with method = "ML")
        covs = tuple(
            s.cov * (s.n / (s.n - 1)) if less_one and s.ordered is None and s.weights is None else s.cov
            for s in samples
        )
        return cls(
            method,
            tuple(models),
            tuple(samples),
            covs,
            tuple(_sample_vector(m, s, c) for m, s, c in zip(models, samples, covs, strict=True)),
            tuple(s.n - 1 if less_one else s.n for s in samples),
            tuple(exogenous),
            tuple(exogenous if covariates is None else covariates),
            likelihood,
        )

    @property
    def n(self) -> float:
        """Respondents."""
        return float(sum(s.n for s in self.samples))

    @cached_property
    def multiplier(self) -> float:
        """What the whole discrepancy is multiplied with."""
        return float(sum(self.sizes))

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """f by group: of the respondents, in everything but the discrepancy, also where that counts n - 1."""
        return tuple(s.n / self.n for s in self.samples)

    @property
    def by_likelihood(self) -> bool:
        return self.method.discrepancy == "ML"

    @property
    def gaps(self) -> bool:
        return self.samples[0].gaps is not None

    @property
    def ordered(self) -> bool:
        return self.samples[0].ordered is not None

    @property
    def rowwise(self) -> bool:
        """Whether sums over the respondents say enough, without the (k, k) weights and gammas.

        First and second moments of the scores do, unless a test needs the whole of U Gamma.
        """
        return self.by_likelihood and not self.gaps and self.method.test in ROWWISE_TESTS

    @cached_property
    def gammas(self) -> tuple[Array, ...]:
        """Gamma by group; empty where nothing rests on it."""
        method = self.method
        needed = method.errors != "standard" or method.test != "standard" or self.ordered
        needed = needed or method.discrepancy in ("WLS", "DWLS")
        if not needed or self.gaps or self.rowwise:
            return tuple(np.zeros((0, 0)) for _ in self.models)
        return self.moment_gammas()

    @cached_property
    def weights(self) -> tuple[Array, ...]:
        """V by group that least squares minimise with; empty for maximum likelihood."""
        if self.by_likelihood:
            return ()
        return tuple(
            _weight(self.method.discrepancy, *parts)
            for parts in zip(self.models, self.samples, self.covs, self.gammas, strict=True)
        )

    def moment_gammas(self) -> tuple[Array, ...]:
        """n times the covariance of the sample moments by group, (k, k), the answers of covariates known."""
        return tuple(gamma(m, s, self.exogenous) for m, s in zip(self.models, self.samples, strict=True))

    def likelihood_groups(
        self, models: Sequence[MomentStructure] | None = None, *, by_respondents: bool = False
    ) -> list[Group]:
        """What complete-data maximum likelihood is fitted to.

        models : instead of its own. by_respondents : groups count n, not n - 1.
        """
        return [
            Group(m.structure, c, s.n if by_respondents else size, s.mean if m.structure.has_means else None)
            for m, s, c, size in zip(models or self.models, self.samples, self.covs, self.sizes, strict=True)
        ]

    def objective(self, models: Sequence[MomentStructure] | None = None) -> Objective:
        """The discrepancy; models : instead of its own."""
        if self.gaps:
            return FullInformation(
                [
                    IncompleteGroup(m, s.gaps, s.saturated)
                    for m, s in zip(models or self.models, self.samples, strict=True)
                    if isinstance(m, ContinuousMoments) and s.gaps is not None and s.saturated is not None
                ]
            )
        if self.by_likelihood:
            return MaximumLikelihood(self.likelihood_groups(models))
        return LeastSquares(
            [
                WeightedMoments(m, v, w, size)
                for m, v, w, size in zip(
                    models or self.models, self.vectors, self.weights, self.sizes, strict=True
                )
            ]
        )


def with_means(model: MomentStructure) -> bool:
    """Whether means of continuous items are among the moments."""
    return isinstance(model, ContinuousMoments) and model.with_means


def gamma(model: MomentStructure, sample: Sample, given: Sequence[int] = ()) -> Array:
    """n times the covariance of the sample moments, (k, k); given : covariates whose answers are known."""
    if sample.ordered is not None:
        return sample.ordered.gamma
    found = adf_gamma(sample.own_rows, weights=sample.weights, means=with_means(model), given=given)
    # weights need not sum to the number of rows
    return found if sample.weights is None else found * (sample.n / len(sample.own_rows))


def _method(
    estimator: str, samples: Sequence[Sample], information: Information | None, errors: Errors | None
) -> Method:
    if estimator not in METHODS:
        raise BadInput(f"the estimator is '{estimator}'", right=f"The estimators are: {', '.join(METHODS)}")
    method = METHODS[estimator]
    ordered = [s.ordered is not None for s in samples]
    gaps = [s.gaps is not None for s in samples]
    if any(ordered) and method.discrepancy not in ("ULS", "WLS", "DWLS"):
        raise BadInput(
            f"ordered answers cannot be fitted by {estimator}",
            right="With ordered items the estimators are WLSMV, DWLS, ULSMV, ULS and WLS",
        )
    if any(gaps) and estimator not in ("ML", "MLR"):
        raise BadInput(
            f"{estimator} cannot use answers with gaps",
            right="Full information (missing='fiml') goes with ML and MLR",
            do="Use listwise, or one of these",
        )
    if any(gaps) and information is None:
        method = replace(method, information="observed")
    if information is not None:
        method = replace(method, information=information)
    return method if errors is None else replace(method, errors=errors)


def _sample_vector(model: MomentStructure, sample: Sample, cov: Array) -> Array:
    if isinstance(model, OrderedMoments):
        if sample.ordered is None:
            raise BadInput("an ordered model needs ordered answers")
        return sample.ordered.moments
    assert isinstance(model, ContinuousMoments)
    return model.of_sample(cov, sample.mean)


def _weight(kind: Discrepancy, model: MomentStructure, sample: Sample, cov: Array, gamma: Array) -> Array:
    if sample.ordered is not None:
        if kind == "ULS":
            return np.ones(len(gamma))
        _require_spread(sample.ordered)
        return 1 / np.diagonal(gamma) if kind == "DWLS" else _inverse_gamma(gamma)
    if kind == "ULS":
        by_vech = counts_of_vech(len(cov)) / 2
        return np.concatenate([np.ones(len(cov)), by_vech]) if with_means(model) else by_vech
    if kind == "GLS":
        return normal_weight(inverse(cov), means=with_means(model))
    if kind == "DWLS":
        return np.asarray(1 / np.maximum(np.diagonal(gamma), 1e-300))
    if sample.n <= len(gamma):
        raise TooFew(
            f"{sample.n:.0f} respondents are too few for WLS, whose weight matrix has {len(gamma)} rows",
            do="Use MLM, MLR or DWLS",
        )
    return _inverse_gamma(gamma)


def _inverse_gamma(gamma: Array) -> Array:
    try:
        return inverse(gamma)
    except NumericsError as err:
        # its positions are moments, which nobody can leave out
        raise TooFew(
            "the weights of WLS cannot be computed: some moments depend on each other in these answers",
            do="Use DWLS or WLSMV, which need only the diagonal, or MLR",
        ) from err


def _require_spread(found: OrderedSample) -> None:
    """That every threshold and correlation has an error: none is at its limit."""
    t = found.thresholds.size
    head = len(found.gamma) - len(found.correlation) * (len(found.correlation) - 1) // 2
    flat = np.flatnonzero(~(np.diagonal(found.gamma) > 0))
    if not flat.size:
        return
    columns, rows = np.triu_indices(len(found.correlation), 1)
    k = int(flat[0])
    if t <= k < head:
        raise SingularMatrix("a mean, slope or variance has no spread")
    pair = [int(found.item[k])] if k < t else [int(columns[k - head]), int(rows[k - head])]
    raise SingularMatrix(
        "the polychoric correlation of {items} is at its limit of 1 or -1"
        if k >= t
        else "the thresholds of {items} have no spread",
        positions=pair,
        do="Leave one of them out, or merge rare categories",
    )
