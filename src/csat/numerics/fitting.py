"""One entry to every estimator: `fit` finds the parameters, their errors, the tests and the fit measures.

A sample says what is known of a group (rows, or moments, or ordered answers), a model says what its
structure implies; both are lists, one entry a group, over one common theta.

Conventions are lavaan's: the maximum-likelihood family divides covariances by n and multiplies by n;
least squares use n - 1 for both; ordered answers multiply by n - 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, NumericsError, SingularMatrix, TooFew
from csat.numerics import fit_table, robust
from csat.numerics.asymptotic import adf_gamma, normal_weight
from csat.numerics.descent import MAX_STEPS, Estimate, Objective, descend
from csat.numerics.estimation import Group, Information, MaximumLikelihood, fit_maximum_likelihood
from csat.numerics.fit_indices import LOG_2PI, Likelihood, gfi_measures, ml_discrepancy
from csat.numerics.least_squares import LeastSquares, WeightedMoments, weighted
from csat.numerics.linalg import Array, inverse, log_determinant, vech, vech_indices
from csat.numerics.missing import (
    FullInformation,
    IncompleteGroup,
    Patterns,
    Saturated,
    half_hessian,
    patterns,
    saturated_moments,
    score_covariance,
)
from csat.numerics.moment_vectors import (
    ContinuousMoments,
    MomentsAt,
    MomentStructure,
    OrderedMoments,
    counts_of_vech,
)
from csat.numerics.ordered import OrderedSample
from csat.numerics.robust import Piece, Test, TestStatistic
from csat.numerics.solution import parameter_covariance
from csat.numerics.starts import plain_starting_values, starting_values
from csat.numerics.structure import Cells

ROWWISE_TESTS: tuple[Test, ...] = ("standard", "satorra_bentler", "yuan_bentler_mplus")
"""Tests of maximum likelihood that need no more than sums over the respondents."""

Discrepancy = Literal["ML", "ULS", "GLS", "WLS", "DWLS"]
Positions = NDArray[np.intp]
Mask = NDArray[np.bool_]
Errors = Literal["standard", "robust", "huber_white"]


@dataclass(frozen=True)
class Method:
    """What an estimator's name stands for."""

    discrepancy: Discrepancy
    errors: Errors
    test: Test
    information: Information = "expected"


METHODS: Mapping[str, Method] = {
    "ML": Method("ML", "standard", "standard"),
    "MLM": Method("ML", "robust", "satorra_bentler"),
    "MLMV": Method("ML", "robust", "scaled_shifted"),
    "MLMVS": Method("ML", "robust", "mean_variance"),
    "MLR": Method("ML", "huber_white", "yuan_bentler_mplus", "observed"),
    "ULS": Method("ULS", "standard", "standard"),
    "GLS": Method("GLS", "standard", "standard"),
    "WLS": Method("WLS", "standard", "standard"),
    "DWLS": Method("DWLS", "standard", "standard"),
    "ULSM": Method("ULS", "robust", "satorra_bentler"),
    "ULSMV": Method("ULS", "robust", "scaled_shifted"),
    "ULSMVS": Method("ULS", "robust", "mean_variance"),
    "WLSM": Method("DWLS", "robust", "satorra_bentler"),
    "WLSMV": Method("DWLS", "robust", "scaled_shifted"),
    "WLSMVS": Method("DWLS", "robust", "mean_variance"),
}
"""By the name lavaan and Mplus give them."""


@dataclass(frozen=True, eq=False)
class Sample:
    """What is known of a group.

    n : respondents, or the sum of weights. cov : (p, p) dividing by n. mean : (p,). rows : (n, p) complete
    answers where there are any (needed for what rests on fourth moments). weights : (n,) of the rows, summing
    to n. ordered : instead of cov and mean. gaps, saturated : answers with gaps, cov and mean then are those
    of the saturated model.
    """

    n: float
    cov: Array
    mean: Array
    rows: Array | None = None
    weights: Array | None = None
    ordered: OrderedSample | None = None
    gaps: Patterns | None = None
    saturated: Saturated | None = None

    @classmethod
    def of_rows(cls, rows: Array, *, weights: Array | None = None) -> Sample:
        """From complete answers (n, p); weights are scaled to sum to n."""
        n = len(rows)
        if n < 2:
            raise TooFew(f"{n} complete answers are too few for a covariance")
        w = None if weights is None else np.asarray(weights, dtype=float) * (n / np.sum(weights))
        mean = rows.mean(axis=0) if w is None else w @ rows / n
        centred = rows - mean
        cov = (centred.T if w is None else centred.T * w) @ centred / n
        return cls(float(n), (cov + cov.T) / 2, mean, rows, w)

    @classmethod
    def of_moments(cls, cov: Array, *, n: float, mean: Array | None = None) -> Sample:
        """From a covariance that divides by n."""
        return cls(float(n), cov, np.zeros(len(cov)) if mean is None else mean)

    @classmethod
    def of_gaps(cls, rows: Array, *, weights: Array | None = None) -> Sample:
        """From answers with gaps (NaN), for full information; rows without any answer count for nothing."""
        kept = ~np.isnan(rows).all(axis=1)
        w = None
        if weights is not None:
            w = np.asarray(weights, dtype=float)[kept]
            w = w * (w.size / w.sum())
        gaps = patterns(rows[kept], weights=w)
        saturated = saturated_moments(gaps)
        return cls(gaps.total, saturated.cov, saturated.mean, gaps=gaps, saturated=saturated)

    @classmethod
    def of_ordered(cls, found: OrderedSample) -> Sample:
        """From thresholds and polychoric correlations."""
        p = len(found.correlation)
        return cls(found.n, found.correlation, np.zeros(p), ordered=found)


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model.

    estimate : theta and how it was reached. covariance : (q, q) of theta. information : (q, q), its inverse
    is the covariance that normality (or optimal weights) would give. test, baseline : chi-square, plain and
    scaled. measures : all fit measures by name. moments : by group. weights : by group V of the inference, on
    the implied side for maximum likelihood. samples : by group s. shares : f. n : respondents; multiplier :
    what the discrepancy was multiplied with.
    """

    method: Method
    estimate: Estimate
    covariance: Array
    information: Array
    test: TestStatistic
    baseline: TestStatistic
    measures: dict[str, float]
    moments: tuple[MomentsAt, ...]
    samples: tuple[Array, ...]
    shares: tuple[float, ...]
    n: float
    multiplier: float
    models: tuple[MomentStructure, ...] = field(repr=False, default=())
    data: tuple[Sample, ...] = field(repr=False, default=())
    bread: Array = field(repr=False, default_factory=lambda: np.zeros((0, 0)))
    wider: tuple[MomentStructure, ...] = field(repr=False, default=())
    wider_theta: Array = field(repr=False, default_factory=lambda: np.zeros(0))
    given_weights: tuple[Array, ...] = field(repr=False, default=())
    given_gammas: tuple[Array, ...] = field(repr=False, default=())

    @cached_property
    def weights(self) -> tuple[Array, ...]:
        """V by group, made when first asked for: maximum likelihood itself does without."""
        if self.given_weights:
            return self.given_weights
        return tuple(
            normal_weight(inverse(at.at.covariance), means=_means(model))
            for at, model in zip(self.moments, self.models, strict=True)
        )

    @cached_property
    def gammas(self) -> tuple[Array, ...]:
        """Gamma by group, likewise; empty where nothing rests on it."""
        if self.given_gammas:
            return self.given_gammas
        if self.method.errors == "standard" and self.method.test == "standard":
            return tuple(np.zeros((0, 0)) for _ in self.data)
        return tuple(_gamma(model, data) for model, data in zip(self.models, self.data, strict=True))

    @property
    def theta(self) -> Array:
        return self.estimate.theta

    @property
    def share_sizes(self) -> tuple[float, ...]:
        """What the discrepancy of each group was multiplied with."""
        return tuple(f * self.multiplier for f in self.shares)

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """For difference tests; the gammas are empty when nothing needed them."""
        return tuple(
            Piece(f, m.jacobian, w, g)
            for f, m, w, g in zip(self.shares, self.moments, self.weights, self.gammas, strict=True)
        )


def fit(
    models: Sequence[MomentStructure],
    samples: Sequence[Sample],
    count: int,
    *,
    estimator: str = "ML",
    likelihood: Likelihood = "normal",
    information: Information | None = None,
    errors: Errors | None = None,
    start: Array | None = None,
    lower: Array | None = None,
    upper: Array | None = None,
    exogenous: Sequence[int] = (),
    max_steps: int = MAX_STEPS,
) -> Fit:
    """Parameters, errors, tests and fit measures of a model of one group or several.

    Parameters
    ----------
    models : by group, `ContinuousMoments` or `OrderedMoments`, sharing theta: equality across groups is one
        parameter in several structures. samples : by group. count : q. estimator : a key of `METHODS`.
    information : "expected" or "observed", instead of the estimator's own (full information: observed).
    errors : instead of the estimator's own. start : (q,) NaN where csat may choose. exogenous : positions of
        covariates whose own moments are taken as they are.

    Raises
    ------
    BadInput : the estimator does not suit the data. NumericsError : moments without an inverse, with
    positions. numpy.linalg.LinAlgError : no usable starting values.
    """
    method = _method(estimator, samples, information, errors)
    ml = method.discrepancy == "ML"
    gaps = samples[0].gaps is not None
    ordered = samples[0].ordered is not None
    n = sum(s.n for s in samples)
    less_one = not ml or likelihood == "wishart"
    sizes = [s.n - 1 if less_one else s.n for s in samples]
    multiplier = float(sum(sizes))
    shares = tuple(size / multiplier for size in sizes)
    covs = [s.cov * (s.n / (s.n - 1)) if less_one and not ordered else s.cov for s in samples]
    needs_gamma = (method.errors != "standard" or method.test != "standard") or method.discrepancy in (
        "WLS",
        "DWLS",
    )
    needs_gamma = needs_gamma or ordered
    sample_vectors = tuple(_sample_vector(m, s, c) for m, s, c in zip(models, samples, covs, strict=True))
    # first and second moments of the scores say enough, unless a test needs the whole of U Gamma
    rowwise = ml and not gaps and method.test in ROWWISE_TESTS
    gammas = tuple(
        _gamma(m, s) if needs_gamma and not gaps and not rowwise else np.zeros((0, 0))
        for m, s in zip(models, samples, strict=True)
    )
    objective, fixed_weights = _objective(method, models, samples, covs, sizes, sample_vectors, gammas, gaps)
    estimate = _estimated(
        objective, models, samples, covs, sizes, count, start, lower, upper, method, max_steps
    )
    # covariates whose moments are taken as they are: free for the tests, so that they count nowhere
    wider, theta, extra = _with_free_covariates(models, estimate.theta, exogenous)
    found = tuple(m.moments(theta, at) for m, at in zip(wider, estimate.implied, strict=True))
    weights: tuple[Array, ...]
    if rowwise:
        weights = tuple(np.zeros((0, 0)) for _ in models)
    elif ml and not gaps:
        weights = tuple(
            normal_weight(inverse(f.at.covariance), means=_means(m))
            for f, m in zip(found, models, strict=True)
        )
    elif gaps:
        weights = tuple(
            half_hessian(s.gaps, f.at.covariance, f.at.mean, expected=method.information == "expected")
            for s, f in zip(samples, found, strict=True)
            if s.gaps is not None
        )
    else:
        weights = tuple(np.ones(len(w)) if method.discrepancy == "ULS" else w for w in fixed_weights)
    bread = _bread(method, objective, wider, found, weights, shares, samples, covs, sizes, theta, gaps)
    held = np.concatenate([estimate.on_bound, np.zeros(extra, dtype=bool)])
    full_information = bread * multiplier
    plain = parameter_covariance(full_information, held)
    pieces = [Piece(f, m.jacobian, w, g) for f, m, w, g in zip(shares, found, weights, gammas, strict=True)]
    if rowwise:
        filling = _rowwise_meat(method, shares, models, samples, covs, found)
    else:
        filling = _meat(method, pieces, samples, found, gaps)
    covariance = plain
    if filling is not None:
        unit = np.where(np.isnan(plain), np.nan, plain * multiplier)
        covariance = robust.sandwich(unit, filling, multiplier)
    df = sum(len(s) for s in sample_vectors) - count - extra
    chisq = max(multiplier * estimate.discrepancy, 0.0)
    test, baseline = _tests(
        method,
        chisq,
        df,
        pieces,
        bread,
        filling,
        models,
        samples,
        covs,
        sample_vectors,
        fixed_weights,
        multiplier,
        exogenous,
        gaps,
        held,
        [f.at.covariance for f in found],
    )
    cut = slice(0, count)
    fitted = Fit(
        method=method,
        estimate=estimate,
        covariance=covariance[cut, cut],
        information=full_information[cut, cut],
        test=test,
        baseline=baseline,
        measures={},
        moments=found,
        samples=sample_vectors,
        given_weights=() if rowwise else weights,
        given_gammas=() if rowwise else gammas,
        shares=shares,
        n=n,
        multiplier=multiplier,
        models=tuple(models),
        data=tuple(samples),
        bread=bread,
        wider=tuple(wider),
        wider_theta=theta,
    )
    return replace(fitted, measures=_measures(fitted, covs, exogenous, count, likelihood))


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


def _means(model: MomentStructure) -> bool:
    return isinstance(model, ContinuousMoments) and model.with_means


def _sample_vector(model: MomentStructure, sample: Sample, cov: Array) -> Array:
    if isinstance(model, OrderedMoments):
        if sample.ordered is None:
            raise BadInput("an ordered model needs ordered answers")
        return sample.ordered.moments
    assert isinstance(model, ContinuousMoments)
    return model.of_sample(cov, sample.mean)


def _gamma(model: MomentStructure, sample: Sample) -> Array:
    if sample.ordered is not None:
        return sample.ordered.gamma
    if sample.rows is None:
        raise BadInput(
            "this estimator needs the answers themselves, not only their covariances",
            do="Give the rows, or use ML, ULS or GLS",
        )
    return adf_gamma(sample.rows, weights=sample.weights, means=_means(model))


def _objective(
    method: Method,
    models: Sequence[MomentStructure],
    samples: Sequence[Sample],
    covs: Sequence[Array],
    sizes: Sequence[float],
    vectors: Sequence[Array],
    gammas: Sequence[Array],
    gaps: bool,
) -> tuple[Objective, tuple[Array, ...]]:
    """The objective and, for least squares, its weights."""
    if gaps:
        groups = [
            IncompleteGroup(m, s.gaps, s.saturated)
            for m, s in zip(models, samples, strict=True)
            if isinstance(m, ContinuousMoments) and s.gaps is not None and s.saturated is not None
        ]
        return FullInformation(groups), ()
    if method.discrepancy == "ML":
        return MaximumLikelihood(_ml_groups(models, samples, covs, sizes)), ()
    weights = tuple(
        _weight(method.discrepancy, m, s, c, g)
        for m, s, c, g in zip(models, samples, covs, gammas, strict=True)
    )
    return (
        LeastSquares(
            [
                WeightedMoments(m, v, w, size)
                for m, v, w, size in zip(models, vectors, weights, sizes, strict=True)
            ]
        ),
        weights,
    )


def _ml_groups(
    models: Sequence[MomentStructure],
    samples: Sequence[Sample],
    covs: Sequence[Array],
    sizes: Sequence[float],
) -> list[Group]:
    return [
        Group(m.structure, c, size, s.mean if m.structure.has_means else None)
        for m, s, c, size in zip(models, samples, covs, sizes, strict=True)
    ]


def _weight(kind: Discrepancy, model: MomentStructure, sample: Sample, cov: Array, gamma: Array) -> Array:
    if sample.ordered is not None:
        if kind == "ULS":
            return np.ones(len(gamma))
        _require_spread(sample.ordered)
        return 1 / np.diagonal(gamma) if kind == "DWLS" else _inverse_gamma(gamma)
    if kind == "ULS":
        by_vech = counts_of_vech(len(cov)) / 2
        return np.concatenate([np.ones(len(cov)), by_vech]) if _means(model) else by_vech
    if kind == "GLS":
        return normal_weight(inverse(cov), means=_means(model))
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
    flat = np.flatnonzero(~(np.diagonal(found.gamma) > 0))
    if not flat.size:
        return
    columns, rows = np.triu_indices(len(found.correlation), 1)
    k = int(flat[0])
    pair = [int(found.item[k])] if k < t else [int(columns[k - t]), int(rows[k - t])]
    raise SingularMatrix(
        "the polychoric correlation of {items} is at its limit of 1 or -1"
        if k >= t
        else "the thresholds of {items} have no spread",
        positions=pair,
        do="Leave one of them out, or merge rare categories",
    )


def _estimated(
    objective: Objective,
    models: Sequence[MomentStructure],
    samples: Sequence[Sample],
    covs: Sequence[Array],
    sizes: Sequence[float],
    count: int,
    start: Array | None,
    lower: Array | None,
    upper: Array | None,
    method: Method,
    max_steps: int,
) -> Estimate:
    """From the first usable start; least squares, which have local minima, from all of them."""
    said = np.full(count, np.nan) if start is None else start

    def starts() -> Iterator[Array]:
        own = _start(models, samples, covs, count, plain=False)
        near = np.where(np.isnan(said), own, said)
        if isinstance(objective, FullInformation):
            # the optimum for the saturated moments is two or three steps away
            with suppress(np.linalg.LinAlgError):
                yield fit_maximum_likelihood(
                    _ml_groups(models, samples, covs, sizes), near, lower=lower, upper=upper
                ).theta
        yield near
        plain = _start(models, samples, covs, count, plain=True)
        yield np.where(np.isnan(said), plain, said)
        if start is not None:
            yield own

    best: Estimate | None = None
    for candidate in starts():
        try:
            found = descend(objective, candidate, lower=lower, upper=upper, max_steps=max_steps)
        except np.linalg.LinAlgError:
            continue
        if best is None or (found.converged, -found.discrepancy) > (best.converged, -best.discrepancy):
            best = found
        if best.converged and method.discrepancy == "ML":
            break
    if best is None:
        raise np.linalg.LinAlgError("the starting values imply no positive definite covariance")
    return best


def _start(
    models: Sequence[MomentStructure],
    samples: Sequence[Sample],
    covs: Sequence[Array],
    count: int,
    *,
    plain: bool,
) -> Array:
    """Mean over the groups that have a parameter."""
    total, groups = np.zeros(count), np.zeros(count)
    for model, sample, cov in zip(models, samples, covs, strict=True):
        structure = model.structure
        mean = sample.mean if structure.has_means else None
        values = (plain_starting_values if plain else starting_values)(structure, cov, count, mean=mean)
        here = np.zeros(count, dtype=bool)
        for part in (structure.directed, structure.symmetric, structure.means):
            here[part.parameter[part.free]] = True
        if isinstance(model, OrderedMoments) and sample.ordered is not None:
            cut = model.thresholds
            values[cut.parameter[cut.free]] = sample.ordered.thresholds[cut.free]
            values[model.scales.parameter[model.scales.free]] = 1.0
            here[cut.parameter[cut.free]] = True
            here[model.scales.parameter[model.scales.free]] = True
        total[here] += values[here]
        groups[here] += 1
    return np.asarray(total / np.maximum(groups, 1))


def _with_free_covariates(
    models: Sequence[MomentStructure], theta: Array, exogenous: Sequence[int]
) -> tuple[list[MomentStructure], Array, int]:
    """Models in which the moments of covariates are parameters after the others, theta, and how many."""
    if not exogenous:
        return list(models), theta, 0
    x = np.asarray(exogenous)
    wider: list[MomentStructure] = []
    values: list[float] = []
    q = theta.size
    for model in models:
        s = model.structure
        cov_cells = np.isin(s.symmetric.row, x) & np.isin(s.symmetric.column, x) & ~s.symmetric.free
        mean_cells = np.isin(s.means.row, x) & ~s.means.free
        symmetric, q, own = _freed(s.symmetric, cov_cells, q)
        means, q, own_means = _freed(s.means, mean_cells, q)
        values += [*own, *own_means]
        wider.append(replace(model, structure=replace(s, symmetric=symmetric, means=means)))  # type: ignore[type-var]
    return wider, np.concatenate([theta, values]), len(values)


def _freed(cells: Cells, chosen: Mask, q: int) -> tuple[Cells, int, list[float]]:
    at = np.flatnonzero(chosen)
    parameter = cells.parameter.copy()
    parameter[at] = q + np.arange(at.size)
    return replace(cells, parameter=parameter), q + at.size, [float(v) for v in cells.value[at]]


def _bread(
    method: Method,
    objective: Objective,
    wider: Sequence[MomentStructure],
    found: Sequence[MomentsAt],
    weights: Sequence[Array],
    shares: Sequence[float],
    samples: Sequence[Sample],
    covs: Sequence[Array],
    sizes: Sequence[float],
    theta: Array,
    gaps: bool,
) -> Array:
    """Information for one respondent, (q, q)."""
    if method.discrepancy == "ML" and not gaps and method.information == "expected":
        complete = MaximumLikelihood(_ml_groups(wider, samples, covs, sizes))
        return np.asarray(complete.slope(complete.look(theta)).expected / 2)
    if method.information == "observed" and method.discrepancy == "ML":
        if gaps:
            groups = [
                IncompleteGroup(m, s.gaps, s.saturated)
                for m, s in zip(wider, samples, strict=True)
                if isinstance(m, ContinuousMoments) and s.gaps is not None and s.saturated is not None
            ]
            own: Objective = FullInformation(groups)
        else:
            own = MaximumLikelihood(_ml_groups(wider, samples, covs, sizes))
        return np.asarray(own.slope(own.look(theta)).observed() / 2)
    total = np.zeros((theta.size, theta.size))
    for share, at, weight in zip(shares, found, weights, strict=True):
        total += share * at.jacobian.T @ weighted(weight, at.jacobian)
    return total


def _meat(
    method: Method, pieces: Sequence[Piece], samples: Sequence[Sample], found: Sequence[MomentsAt], gaps: bool
) -> Array | None:
    if method.errors == "standard":
        return None
    if method.errors == "robust" or method.discrepancy != "ML":
        return robust.meat(pieces)
    if not gaps:
        if len(pieces) == 1:
            # the scores of one group have mean zero: deviations from the sample's moments say the same
            return robust.meat(pieces)
        own = []
        for piece, sample, at in zip(pieces, samples, found, strict=True):
            assert sample.rows is not None
            means = len(piece.gamma) > len(vech_indices(sample.rows.shape[1])[0])
            about = (at.at.mean if means else sample.mean, at.at.covariance)
            gamma = adf_gamma(sample.rows, weights=sample.weights, means=means, about=about)
            own.append(replace(piece, gamma=gamma))
        return robust.meat(own)
    total = np.zeros(())
    for piece, sample, at in zip(pieces, samples, found, strict=True):
        assert sample.gaps is not None
        scores = score_covariance(sample.gaps, at.at.covariance, at.at.mean)
        total = total + piece.share * at.jacobian.T @ scores @ at.jacobian
    return np.asarray(total)


# ---- tests ------------------------------------------------------------


def _tests(
    method: Method,
    chisq: float,
    df: int,
    pieces: Sequence[Piece],
    bread: Array,
    filling: Array | None,
    models: Sequence[MomentStructure],
    samples: Sequence[Sample],
    covs: Sequence[Array],
    vectors: Sequence[Array],
    fixed_weights: Sequence[Array],
    multiplier: float,
    exogenous: Sequence[int],
    gaps: bool,
    held: Mask,
    implied_covs: Sequence[Array],
) -> tuple[TestStatistic, TestStatistic]:
    """Of the model and of the baseline."""
    base = [
        _baseline(method, m, s, c, v, fixed_weights[g] if fixed_weights else None, exogenous)
        for g, (m, s, c, v) in enumerate(zip(models, samples, covs, vectors, strict=True))
    ]
    base_chisq = float(sum(p.share * b.discrepancy for p, b in zip(pieces, base, strict=True))) * multiplier
    base_df = int(sum(len(v) - b.free.size for v, b in zip(vectors, base, strict=True)))
    if method.test == "standard":
        return TestStatistic("standard", chisq, df), TestStatistic("standard", base_chisq, base_df)
    inverse_bread: Array = parameter_covariance(bread, held)
    if not pieces[0].weight.size:
        return _rowwise_tests(
            method,
            chisq,
            df,
            base_chisq,
            base_df,
            inverse_bread,
            filling,
            models,
            samples,
            covs,
            exogenous,
            implied_covs,
        )
    base_pieces = [
        Piece(p.share, _columns(len(v), b.free), b.weight, p.gamma)
        for p, v, b in zip(pieces, vectors, base, strict=True)
    ]
    if method.test == "yuan_bentler_mplus":
        return _yuan_bentler(
            chisq,
            df,
            base_chisq,
            base_df,
            pieces,
            inverse_bread,
            filling,
            samples,
            covs,
            base,
            models,
            gaps,
            exogenous,
        )
    squared = method.test != "satorra_bentler"
    trace, trace2 = robust.residual_traces(pieces, inverse_bread, squared=squared)
    base_trace, base_trace2 = _baseline_traces(base_pieces, base, squared=squared)
    return (
        robust.corrected(method.test, chisq, df, trace, trace2),
        robust.corrected(method.test, base_chisq, base_df, base_trace, base_trace2),
    )


def _columns(k: int, free: Positions) -> Array:
    jacobian = np.zeros((k, free.size))
    jacobian[free, np.arange(free.size)] = 1.0
    return jacobian


def _baseline_traces(
    pieces: Sequence[Piece], base: Sequence[_Baseline], *, squared: bool
) -> tuple[float, float]:
    """Sums over groups: the baselines share no parameter."""
    trace, trace2 = 0.0, 0.0
    for piece in pieces:
        own = replace(piece, share=1.0)
        e: Array = np.asarray(np.linalg.inv(robust.bread([own])), dtype=float)
        first, second = robust.residual_traces([own], e, squared=squared)
        trace, trace2 = trace + first, trace2 + second
    return trace, trace2


def _yuan_bentler(
    chisq: float,
    df: int,
    base_chisq: float,
    base_df: int,
    pieces: Sequence[Piece],
    inverse_bread: Array,
    filling: Array | None,
    samples: Sequence[Sample],
    covs: Sequence[Array],
    base: Sequence[_Baseline],
    models: Sequence[MomentStructure],
    gaps: bool,
    exogenous: Sequence[int],
) -> tuple[TestStatistic, TestStatistic]:
    """T / c with c df = tr(A1^-1 B1) of the saturated less tr(A0^-1 B0) of the fitted model."""
    assert filling is not None
    saturated, baseline, covariates = 0.0, 0.0, 0.0
    moments = 0
    for piece, sample, cov, own, model in zip(pieces, samples, covs, base, models, strict=True):
        free = own.free
        if gaps:
            assert sample.gaps is not None
            at_h1 = half_hessian(sample.gaps, sample.cov, sample.mean)
            b1 = score_covariance(sample.gaps, sample.cov, sample.mean)
            saturated += float((np.linalg.inv(at_h1) * b1.T).sum())
            at_base = half_hessian(sample.gaps, own.cov, own.mean)[np.ix_(free, free)]
            b0 = score_covariance(sample.gaps, own.cov, own.mean)[np.ix_(free, free)]
            baseline += float((np.linalg.inv(at_base) * b0.T).sum())
            moments += len(b1)
            continue
        v1 = normal_weight(inverse(cov), means=_means(model))
        saturated += robust.trace_weight_gamma(v1, piece.gamma)
        vg = own.weight[free] @ piece.gamma @ own.weight[:, free]
        baseline += float((np.linalg.inv(own.weight[np.ix_(free, free)]) * vg.T).sum())
        moments += len(v1)
        if len(exogenous):
            whole = _of_covariates(model, len(cov), exogenous)
            vx = np.linalg.inv(np.linalg.inv(v1)[np.ix_(whole, whole)])
            covariates += robust.trace_weight_gamma(vx, piece.gamma[np.ix_(whole, whole)])
            moments -= whole.size
    fitted = float((inverse_bread * filling.T).sum())

    def test(t: float, d: int, own: float) -> TestStatistic:
        trace = saturated - own
        c = trace / d if d else math.nan
        return TestStatistic("yuan_bentler_mplus", t, d, t / c if d else t, d, c, trace=trace)

    model_test = test(chisq, df, fitted)
    # lavaan counts a parameter as often as it stands in the model
    places = sum(_free_places(model) for model in models)
    return (
        replace(
            model_test,
            h1_factor=(saturated - covariates) / moments,
            h0_factor=(fitted - covariates) / max(places, 1),
        ),
        test(base_chisq, base_df, baseline),
    )


def _free_places(model: MomentStructure) -> int:
    s = model.structure
    return int(s.directed.free.sum() + s.symmetric.free.sum() + s.means.free.sum())


def _of_covariates(model: MomentStructure, p: int, exogenous: Sequence[int]) -> Positions:
    """Positions of the covariates' own moments."""
    rows, columns = vech_indices(p)
    of_x = np.isin(rows, exogenous) & np.isin(columns, exogenous)
    return np.flatnonzero(np.concatenate([np.isin(np.arange(p), exogenous), of_x]) if _means(model) else of_x)


def _rowwise_meat(
    method: Method,
    shares: Sequence[float],
    models: Sequence[MomentStructure],
    samples: Sequence[Sample],
    covs: Sequence[Array],
    found: Sequence[MomentsAt],
) -> Array | None:
    """B of maximum likelihood from the scores of the respondents: u' (z z' - T) v for each cell, z = W y.

    T = W with the scores at the model (Huber-White), W S W about the sample's moments.
    """
    if method.errors == "standard":
        return None
    total: Array = np.zeros((found[0].jacobian.shape[1],) * 2)
    at_model = method.errors == "huber_white"
    for share, model, sample, cov, at in zip(shares, models, samples, covs, found, strict=True):
        rows = _rows_of(sample)
        w = inverse(at.at.covariance)
        means = _means(model)
        z = (rows - (at.at.mean if at_model and means else sample.mean)) @ w
        t = w if at_model else w @ cov @ w
        by = at.by
        cells = (z @ by.u) * (z @ by.v) - (by.u * (t @ by.v)).sum(axis=0)
        if means:
            cells = cells + z @ by.mean
        scores = by.gathered_columns(cells)
        scores = scores if sample.weights is None else scores * sample.weights[:, None]
        total += share * (scores.T @ scores) / sample.n
    return total


def _rows_of(sample: Sample) -> Array:
    if sample.rows is None:
        raise BadInput(
            "this estimator needs the answers themselves, not only their covariances",
            do="Give the rows, or use ML, ULS or GLS",
        )
    return sample.rows


def _rowwise_trace(sample: Sample, cov: Array, w: Array, *, means: bool) -> float:
    """tr(V Gamma), V of normal theory at W: mean of 0.5 [(y'Wy)^2 - 2 y'WSWy + tr(WSWS)] (+ y'Wy)."""
    y = _rows_of(sample) - sample.mean
    z = y @ w
    q1, q2 = (y * z).sum(axis=1), ((z @ cov) * z).sum(axis=1)
    ws = w @ cov
    by_row = (q1**2 - 2 * q2 + float((ws * ws.T).sum())) / 2 + (q1 if means else 0.0)
    if sample.weights is not None:
        by_row = by_row * sample.weights**2
    return float(by_row.sum() / sample.n)


def _rowwise_tests(
    method: Method,
    chisq: float,
    df: int,
    base_chisq: float,
    base_df: int,
    inverse_bread: Array,
    filling: Array | None,
    models: Sequence[MomentStructure],
    samples: Sequence[Sample],
    covs: Sequence[Array],
    exogenous: Sequence[int],
    implied_covs: Sequence[Array],
) -> tuple[TestStatistic, TestStatistic]:
    """Satorra-Bentler and Yuan-Bentler corrections by sums over the respondents."""
    assert filling is not None
    x = list(exogenous)
    # of a saturated, the fitted and the independence model: tr(V Gamma); of the last what its parameters take
    saturated = fitted = independent = taken = covariates = 0.0
    moments = 0
    for model, sample, cov, implied_cov in zip(models, samples, covs, implied_covs, strict=True):
        means, p = _means(model), len(cov)
        base = np.diag(np.diagonal(cov))
        if x:
            base[np.ix_(x, x)] = cov[np.ix_(x, x)]
            part = replace(sample, rows=_rows_of(sample)[:, x], mean=sample.mean[x])
            own = _rowwise_trace(part, cov[np.ix_(x, x)], inverse(cov[np.ix_(x, x)]), means=means)
            covariates += own
            taken += own
        for i in range(p):
            if i not in x:
                part = replace(sample, rows=_rows_of(sample)[:, [i]], mean=sample.mean[[i]])
                taken += _rowwise_trace(part, cov[[i]][:, [i]], 1 / cov[[i]][:, [i]], means=means)
        saturated += _rowwise_trace(sample, cov, inverse(cov), means=means)
        if method.test == "satorra_bentler":
            fitted += _rowwise_trace(sample, cov, inverse(implied_cov), means=means)
            independent += _rowwise_trace(sample, cov, inverse(base), means=means)
        moments += p * (p + 1) // 2 + (p if means else 0)
        moments -= len(x) * (len(x) + 1) // 2 + (len(x) if means else 0)
    used = float((inverse_bread * filling.T).sum())
    if method.test == "satorra_bentler":
        return (
            robust.corrected("satorra_bentler", chisq, df, fitted - used, math.nan),
            robust.corrected("satorra_bentler", base_chisq, base_df, independent - taken, math.nan),
        )

    def test(t: float, d: int, own: float) -> TestStatistic:
        trace = saturated - own
        c = trace / d if d else math.nan
        return TestStatistic("yuan_bentler_mplus", t, d, t / c if d else t, d, c, trace=trace)

    places = sum(_free_places(model) for model in models)
    return (
        replace(
            test(chisq, df, used),
            h1_factor=(saturated - covariates) / moments,
            h0_factor=(used - covariates) / max(places, 1),
        ),
        test(base_chisq, base_df, taken),
    )


@dataclass(frozen=True, eq=False)
class _Baseline:
    """Items that have nothing in common: F of it, which moments are free, the weight for its tests."""

    discrepancy: float
    free: Positions
    weight: Array
    cov: Array
    mean: Array


def _baseline(
    method: Method,
    model: MomentStructure,
    sample: Sample,
    cov: Array,
    vector: Array,
    weight: Array | None,
    exogenous: Sequence[int],
) -> _Baseline:
    p = len(cov)
    if isinstance(model, OrderedMoments):
        t = model.thresholds.row.size
        assert weight is not None
        rest = vector[t:]
        own = weight if weight.ndim == 1 else _schur(weight, np.arange(t))
        f = float(rest @ weighted(own[t:] if own.ndim == 1 else own, rest))
        return _Baseline(f, np.arange(t), weight, np.eye(p), np.zeros(p))
    means = _means(model)
    rows, columns = vech_indices(p)
    of_x = np.isin(rows, exogenous) & np.isin(columns, exogenous)
    kept = (rows == columns) | of_x
    free = np.flatnonzero(np.concatenate([np.ones(p, dtype=bool), kept]) if means else kept)
    independent = np.zeros((p, p))
    independent[rows[kept], columns[kept]] = cov[rows[kept], columns[kept]]
    independent = np.tril(independent) + np.tril(independent, -1).T
    if sample.gaps is not None and sample.saturated is not None:
        mean, variance = _marginal(sample.gaps)
        at = np.arange(p)
        independent[at, at] = variance
        from csat.numerics.missing import _look

        value = _look(sample.gaps, independent, mean).value - sample.saturated.value
        return _Baseline(value, free, np.zeros(0), independent, mean)
    if method.discrepancy == "ML":
        f = ml_discrepancy(cov, independent)
        return _Baseline(f, free, normal_weight(inverse(independent), means=means), independent, sample.mean)
    assert weight is not None
    fixed = np.setdiff1d(np.arange(vector.size), free)
    # free moments fit themselves, up to what the weights make them take from the others
    if weight.ndim == 1:
        f = float(weight[fixed] @ vector[fixed] ** 2)
    else:
        f = float(vector[fixed] @ _schur(weight, free) @ vector[fixed])
    own = np.ones(vector.size) if method.discrepancy == "ULS" else weight
    return _Baseline(f, free, own, independent, sample.mean)


def _schur(weight: Array, free: Positions) -> Array:
    """Weight of the moments that are not free, once the free ones have adapted."""
    fixed = np.setdiff1d(np.arange(len(weight)), free)
    across = weight[np.ix_(fixed, free)]
    return np.asarray(
        weight[np.ix_(fixed, fixed)] - across @ np.linalg.solve(weight[np.ix_(free, free)], across.T)
    )


def _marginal(data: Patterns) -> tuple[Array, Array]:
    """Mean and variance (dividing by n) of each item over who answered it."""
    n = data.n[:, None]
    answered = (n * data.observed).sum(axis=0)
    mean = (n * data.mean).sum(axis=0) / answered
    square = np.diagonal(data.cov, axis1=1, axis2=2) + (data.mean - mean) ** 2
    return mean, (n * square * data.observed).sum(axis=0) / answered


# ---- fit measures -----------------------------------------------------


def _measures(
    found: Fit,
    covs: Sequence[Array],
    exogenous: Sequence[int],
    count: int,
    likelihood: Likelihood,
) -> dict[str, float]:
    samples, models = found.data, found.models
    ordered, gaps = samples[0].ordered is not None, samples[0].gaps is not None
    ml = found.method.discrepancy == "ML"
    unscaled_known = found.method.discrepancy != "ULS"
    source = _robust_source(found, exogenous)
    measures: dict[str, float] = {
        "npar": float(count),
        # least squares are minimised with n - 1 in place of n
        "fmin": found.estimate.discrepancy / 2 * (1 if ml else found.multiplier / found.n),
        **fit_table.test_measures(
            found.test,
            found.baseline,
            n=found.multiplier,
            groups=len(samples),
            p_value=unscaled_known,
            robust=source,
        ),
    }
    if ordered and source is None:
        # the scaled test of ordered items says nothing about a population's misfit
        measures = {name: value for name, value in measures.items() if not name.endswith("_robust")}
    if ml:
        logl, unrestricted = _log_likelihoods(found, covs, exogenous, likelihood)
        measures |= fit_table.likelihood_measures(logl, unrestricted, parameters=count, n=found.n)
        if not math.isnan(found.test.h1_factor):
            measures |= {
                "scaling_factor_h1": found.test.h1_factor,
                "scaling_factor_h0": found.test.h0_factor,
            }
    shares = [s.n / found.n for s in samples]
    if ordered:
        parts = [
            fit_table.ordered_residuals(share, *_ordered_pairs(m, s, v))
            for share, m, s, v in zip(shares, models, found.samples, found.moments, strict=True)
        ]
        measures |= {name: sum(part[name] for part in parts) for name in parts[0]}
    else:
        measures |= fit_table.residual_fit(
            [
                fit_table.GroupMoments(
                    share,
                    cov,
                    at.at.covariance,
                    s.mean if _means(m) else None,
                    at.at.mean if _means(m) else None,
                )
                for share, cov, at, s, m in zip(shares, covs, found.moments, samples, models, strict=True)
            ]
        )
    k = sum(len(v) for v in found.samples)
    measures |= fit_table.size_measures(found.test, parameters=count, n=found.multiplier)
    if ml and not gaps and len(samples) == 1:
        means = _means(models[0])
        measures |= gfi_measures(
            covs[0],
            found.moments[0].at.covariance,
            df=found.test.df,
            sample_mean=samples[0].mean if means else None,
            implied_mean=found.moments[0].at.mean if means else None,
            exogenous=exogenous,
        )
    else:
        measures |= fit_table.weighted_gfi(_gfi_pieces(found, exogenous, gaps), df=found.test.df, moments=k)
    if ordered:
        measures["wrmr"] = fit_table.wrmr(found.test, n=found.n, moments=k)
        del measures["ecvi"]
    return measures


def _ordered_pairs(
    model: MomentStructure, sample: Array, at: MomentsAt
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    assert isinstance(model, OrderedMoments)
    t = model.thresholds.row.size
    return (sample[:t], at.vector[:t]), (sample[t:], at.vector[t:])


def _gfi_pieces(found: Fit, exogenous: Sequence[int], gaps: bool) -> list[tuple[float, Array, Array, Array]]:
    pieces = []
    for model, data, sample, at, weight in zip(
        found.models, found.data, found.samples, found.moments, found.weights, strict=True
    ):
        s, sigma = sample, at.vector
        w = weight
        if gaps and data.gaps is not None:
            w = half_hessian(data.gaps, at.at.covariance, at.at.mean, expected=True)
        if len(exogenous) and isinstance(model, ContinuousMoments):
            p = model.structure.observed
            rows, columns = vech_indices(p)
            of_x = np.isin(rows, exogenous) & np.isin(columns, exogenous)
            whole = np.concatenate([np.isin(np.arange(p), exogenous), of_x]) if _means(model) else of_x
            # moments of covariates count as zero
            s, sigma = np.where(whole, 0.0, s), np.where(whole, 0.0, sigma)
        pieces.append((data.n / found.n, s, sigma, w))
    return pieces


def _log_likelihoods(
    found: Fit, covs: Sequence[Array], exogenous: Sequence[int], likelihood: Likelihood
) -> tuple[float, float]:
    """Of the model and of the unrestricted model, without what fixed covariates bring."""
    unrestricted = 0.0
    for sample, cov in zip(found.data, covs, strict=True):
        if sample.saturated is not None:
            unrestricted += sample.saturated.log_likelihood
            continue
        n, p = sample.n, len(cov)
        unrestricted -= n / 2 * (p * LOG_2PI + log_determinant(cov) + p)
        if exogenous:
            x = cov[np.ix_(list(exogenous), list(exogenous))]
            unrestricted += n / 2 * (len(x) * LOG_2PI + log_determinant(x) + len(x))
    return unrestricted - found.n / 2 * found.estimate.discrepancy, unrestricted


def _robust_source(found: Fit, exogenous: Sequence[int]) -> tuple[TestStatistic, TestStatistic] | None:
    """What robust CFI and RMSEA rest on when answers are missing or ordered; None for the scaled test.

    The normal-theory discrepancy of the saturated (or polychoric) moments from what the estimate implies, and
    its expectation.
    """
    first = found.data[0]
    if first.gaps is not None:
        pieces, complete, f, f0 = _incomplete_source(found)
    elif any(isinstance(m, OrderedMoments) and m.scales.free.any() for m in found.models):
        # with free scales the polychorics are not what a normal-theory discrepancy would be about
        return None
    elif first.ordered is not None and found.method.test != "standard":
        pieces, complete, f, f0 = _ordered_source(found)
    else:
        return None
    p = len(first.cov)
    size = sum(len(s) for s in found.samples)
    baseline_df = found.baseline.df
    if not np.isfinite(f) or not np.isfinite(f0) or p == 0 or size == 0:
        return None
    trace = robust.residual_expectation(pieces, complete)
    base_complete = complete
    if first.ordered is not None:
        # the discrepancy of independence, whose weight is that of the identity
        base_complete = [np.ones(len(w)) for w in complete]
    base_pieces = [
        replace(piece, jacobian=_columns(len(piece.gamma), free))
        for piece, free in zip(pieces, _baseline_free(found, exogenous), strict=True)
    ]
    # groups of the baseline share no parameter, so each is its own
    base_trace = sum(
        robust.residual_expectation([replace(piece, share=1.0)], [w])
        for piece, w in zip(base_pieces, base_complete, strict=True)
    )
    return (
        robust.corrected("satorra_bentler", found.n * f, found.test.df, trace, math.nan),
        robust.corrected("satorra_bentler", found.n * f0, baseline_df, base_trace, math.nan),
    )


def _baseline_free(found: Fit, exogenous: Sequence[int]) -> list[Positions]:
    free = []
    for model, sample, vector in zip(found.models, found.data, found.samples, strict=True):
        if isinstance(model, OrderedMoments):
            free.append(np.zeros(0, dtype=np.intp))
            continue
        p = len(sample.cov)
        rows, columns = vech_indices(p)
        kept = (rows == columns) | (np.isin(rows, exogenous) & np.isin(columns, exogenous))
        kept = np.concatenate([np.ones(p, dtype=bool), kept]) if vector.size > kept.size else kept
        free.append(np.flatnonzero(kept))
    return free


def incomplete_pieces(found: Fit) -> list[Piece]:
    """V and Gamma of the saturated moments of answers with gaps: their information, and its inverse.

    With robust errors Gamma is the sandwich.
    """
    pieces = []
    for share, sample, at in zip(found.shares, found.data, found.moments, strict=True):
        assert sample.gaps is not None
        h1 = half_hessian(sample.gaps, sample.cov, sample.mean)
        gamma: Array = np.asarray(np.linalg.inv(h1), dtype=float)
        if found.method.errors != "standard":
            gamma = gamma @ score_covariance(sample.gaps, sample.cov, sample.mean) @ gamma
        pieces.append(Piece(share, at.jacobian, h1, gamma))
    return pieces


def _incomplete_source(found: Fit) -> tuple[list[Piece], list[Array], float, float]:
    complete = []
    f, f0 = 0.0, 0.0
    for share, sample, at in zip(found.shares, found.data, found.moments, strict=True):
        assert sample.gaps is not None
        complete.append(normal_weight(inverse(sample.cov), means=True))
        f += share * ml_discrepancy(
            sample.cov, at.at.covariance, sample_mean=sample.mean, implied_mean=at.at.mean
        )
        mean, variance = _marginal(sample.gaps)
        f0 += share * ml_discrepancy(
            sample.cov, np.diag(variance), sample_mean=sample.mean, implied_mean=mean
        )
    return incomplete_pieces(found), complete, f, f0


def _ordered_source(found: Fit) -> tuple[list[Piece], list[Array], float, float]:
    pieces, complete = [], []
    f, f0 = 0.0, 0.0
    for share, model, sample, at, weight, gamma in zip(
        found.shares, found.models, found.data, found.moments, found.weights, found.gammas, strict=True
    ):
        assert isinstance(model, OrderedMoments)
        t, p = model.thresholds.row.size, len(sample.cov)
        implied = np.eye(p)
        columns, rows = np.triu_indices(p, 1)
        implied[rows, columns] = implied[columns, rows] = at.vector[t:]
        own = weight if weight.ndim == 1 else np.diagonal(weight)
        pieces.append(Piece(share, at.jacobian[t:], own[t:], gamma[t:, t:]))
        try:
            off = np.flatnonzero(np.not_equal(*vech_indices(p)))
            complete.append(normal_weight(inverse(implied))[np.ix_(off, off)])
            f += share * ml_discrepancy(sample.cov, implied)
            f0 += share * ml_discrepancy(sample.cov, np.eye(p))
        except NumericsError:
            # polychorics that contradict each other have no normal-theory discrepancy
            return [], [], math.nan, math.nan
    used = np.flatnonzero(np.any([np.abs(x.jacobian).max(axis=0) > 0 for x in pieces], axis=0))
    return [replace(x, jacobian=x.jacobian[:, used]) for x in pieces], complete, f, f0


__all__ = ["METHODS", "Fit", "Method", "Sample", "fit", "vech"]
