"""Structural and measurement models: `sem`, `cfa`.

The engine is csat's own (numerics.structure, estimation, fitting); its numbers are lavaan's.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.analyses.guidelines import FIT_SETS
from csat.analyses.hypotheses import judged
from csat.analyses.result import Base
from csat.analyses.structural import admissibility
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.constraints import constraints_of, places_of
from csat.analyses.structural.doubts import doubts, grave_doubts
from csat.analyses.structural.effects import effects_of
from csat.analyses.structural.model import MeasurementModel, StructuralModel
from csat.analyses.structural.modifications import modifications
from csat.analyses.structural.parameters import by_parameter, parameter_rows, threshold_rows
from csat.analyses.structural.setup import measurement_part, structure_of
from csat.analyses.structural.validity import validity_of
from csat.errors import BadInput, CannotCompute, NumericsError, UnknownName, listed
from csat.instrument.instrument import Hypothesis
from csat.instrument.parameters import ParameterTable, parameter_table
from csat.instrument.statements import (
    COVARIES,
    MEASURES,
    REGRESSED_ON,
    Model,
    Rule,
)
from csat.instrument.syntax import parse_model
from csat.language import Text
from csat.numerics import linalg, solution
from csat.numerics.constrained import Contradiction, information_within
from csat.numerics.estimation import Estimate, Group, fit_maximum_likelihood, information, smallest_eigenvalue
from csat.numerics.fit_indices import Likelihood, fit_measures
from csat.numerics.fitting import METHODS, Fit, Sample, fit
from csat.numerics.moment_vectors import ContinuousMoments, OrderedMoments
from csat.numerics.ordered import ordered_sample
from csat.numerics.starts import starting_values
from csat.numerics.structure import Cells, Structure, implied
from csat.tally.tally import Tally

Array = NDArray[np.float64]

ESTIMATORS = tuple(METHODS)

GAPS_ALLOWED = ("ML", "MLR")
"""Estimators that full information goes with."""

MISSING = ("listwise", "fiml", "pairwise")

ALIKE = 0.4
"""Correlation of all items in the last starting values tried."""


@dataclass(frozen=True, eq=False)
class Moments:
    """What a model is fitted to.

    covariance : (p, p) dividing by n. means : (p,). base : whom they rest on.
    """

    items: tuple[str, ...]
    covariance: Array
    means: Array
    base: Base

    @classmethod
    def of_tally(cls, tally: Tally) -> Moments:
        """From a tally; listwise when it is complete, else each covariance over the pair's own rows."""
        pairs = tally.pair_n()
        # with silence the moments rest on different respondents: the smallest number of them is honest
        n = int(pairs.min()) if pairs.size else 0
        base = Base.of(tally)
        if n != base.respondents:
            base = replace(base, respondents=n, effective_n=base.effective_n * n / max(base.respondents, 1))
        return cls(tally.items, tally.covariance(ddof=0), tally.means(), base)

    @classmethod
    def of_rows(
        cls, rows: ArrayLike, items: Sequence[str], *, weights: ArrayLike | None = None, instrument: str = ""
    ) -> Moments:
        """From an (n, p) matrix of answers; rows with a missing answer are left out."""
        x = np.asarray(rows, dtype=float)
        kept = ~np.isnan(x).any(axis=1)
        w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)
        own, w = x[kept], w[kept]
        if not len(own):
            raise CannotCompute("no respondent answered every item", where="the model")
        means = w @ own / w.sum()
        centred = own - means
        base = Base(
            respondents=len(own),
            effective_n=float(w.sum() ** 2 / (w**2).sum()),
            missing="listwise",
            rows=len(x),
            weighted=weights is not None,
            instrument=instrument,
        )
        return cls(tuple(items), (centred.T * w) @ centred / w.sum(), means, base)

    @classmethod
    def of_matrix(
        cls,
        covariance: ArrayLike,
        items: Sequence[str],
        *,
        n: int,
        means: ArrayLike | None = None,
        ddof: int = 0,
    ) -> Moments:
        """From a covariance matrix that divides by n - ddof."""
        s = np.asarray(covariance, dtype=float)
        m = np.zeros(len(s)) if means is None else np.asarray(means, dtype=float)
        return cls(tuple(items), s * (n - ddof) / n, m, Base(n, float(n), "listwise", n))

    def select(self, items: Sequence[str]) -> Moments:
        """Of some of the items, in the order given."""
        for item in items:
            if item not in self.items:
                raise UnknownName("item", item, self.items, where="the model")
        at = [self.items.index(i) for i in items]
        return Moments(tuple(items), self.covariance[np.ix_(at, at)], self.means[at], self.base)


def sem(
    model: Model | str,
    data: Tally | Moments | Answers,
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    ordered: Collection[str] | bool = False,
    modifications: int = 0,
    likelihood: Likelihood = "normal",
    std_lv: bool = False,
    orthogonal: bool = False,
    fixed_x: bool = True,
    mean_structure: bool = False,
    guidelines: str = "Hu-Bentler",
    hypotheses: Sequence[Hypothesis] = (),
    known: Collection[str] = (),
    titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
) -> StructuralModel:
    """A structural model of items and constructs.

    Defaults are those of lavaan's `sem`: the first loading of a construct is 1, exogenous constructs covary,
    so do the residuals of what is explained and explains nothing, observed covariates keep their moments.

    Parameters
    ----------
    model : parsed, or text in lavaan syntax. data : a tally (count complete rows for listwise), `Moments`, or
    `Answers`, which robust errors, gaps and ordered items need. estimator : ML, MLM, MLMV, MLMVS, MLR, ULS,
    GLS, WLS, DWLS, and for ordered items WLSMV, ULSMV, DWLS, ... missing : "listwise", "fiml" (full
    information, with ML and MLR), "pairwise" (ordered items). ordered : the ordered items, or True for all.
    modifications : how many modification indices to list.
    likelihood : "normal" (covariances and the chi-square with n) or "wishart" (n - 1). guidelines : the set
    the words about fit rest on, "Hu-Bentler" or "bank study"; both are printed. hypotheses : declared paths.
    known : names the data hold besides those of the model. titles : words for constructs and items.

    With weights the moments are weighted; errors, tests and information criteria use the effective n, or with
    robust estimators the sandwich.

    Raises
    ------
    UnknownName : the model names an item that the data do not hold.
    CannotCompute : no model can be fitted: a constant item, items that depend on each other, too few
    respondents.
    BadInput : an unknown option, or a model that says what csat does not estimate.
    """
    return _fitted(
        StructuralModel,
        parse_model(model) if isinstance(model, str) else model,
        data,
        options=_Options(
            estimator,
            likelihood,
            std_lv,
            orthogonal,
            fixed_x,
            mean_structure,
            guidelines,
            confidence,
            missing,
            ordered,
            modifications,
        ),
        hypotheses=hypotheses,
        known=known,
        titles=titles,
    )


def cfa(
    model: Model | str,
    data: Tally | Moments | Answers,
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    ordered: Collection[str] | bool = False,
    modifications: int = 0,
    likelihood: Likelihood = "normal",
    std_lv: bool = False,
    orthogonal: bool = False,
    mean_structure: bool = False,
    guidelines: str = "Hu-Bentler",
    titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
) -> MeasurementModel:
    """The measurement part of a model alone: every construct with its items, all constructs covarying.

    Paths (`~`) of the model and what needs them are left out. Parameters and errors as `sem`.
    """
    whole = parse_model(model) if isinstance(model, str) else model
    found = _fitted(
        MeasurementModel,
        measurement_part(whole),
        data,
        options=_Options(
            estimator,
            likelihood,
            std_lv,
            orthogonal,
            True,
            mean_structure,
            guidelines,
            confidence,
            missing,
            ordered,
            modifications,
        ),
        hypotheses=(),
        known=(),
        titles=titles,
    )
    assert isinstance(found, MeasurementModel)
    return found


@dataclass(frozen=True)
class _Options:
    estimator: str
    likelihood: Likelihood
    std_lv: bool
    orthogonal: bool
    fixed_x: bool
    mean_structure: bool
    guidelines: str
    confidence: float
    missing: str
    ordered: Collection[str] | bool
    modifications: int


@dataclass(frozen=True, eq=False)
class _Solution:
    """A model with its estimates.

    covariance : (p, p) the sample covariance (or polychoric correlations) the discrepancy saw. generic : the
    information where the search began. thresholds : names, values and errors of those of ordered items.
    """

    table: ParameterTable
    moments: Moments
    structure: Structure
    estimate: Estimate
    information: Array
    generic: Array
    theta_cov: Array
    covariance: Array
    fit: dict[str, float]
    thresholds: tuple[tuple[str, str, float, float], ...] = ()
    unit: tuple[int, ...] = ()
    fitted: Fit | None = None
    rules: tuple[Rule, ...] = ()


def _fitted(
    kind: type[StructuralModel],
    model: Model,
    data: Tally | Moments | Answers,
    *,
    options: _Options,
    hypotheses: Sequence[Hypothesis],
    known: Collection[str],
    titles: Mapping[str, Text] | None,
) -> StructuralModel:
    _check_options(options)
    table = parameter_table(
        model,
        std_lv=options.std_lv,
        orthogonal=options.orthogonal,
        fixed_x=options.fixed_x,
        mean_structure=options.mean_structure or options.missing == "fiml",
    )
    found = _solution(table, data, options)
    table, moments, structure, estimate = found.table, found.moments, found.structure, found.estimate
    info, theta_cov, covariance = found.information, found.theta_cov, found.covariance
    measures = found.fit
    at = estimate.implied[0]
    scaled = solution.standardised(structure, estimate.theta, at, theta_cov, unit=found.unit)
    rows = parameter_rows(table, structure, estimate.theta, theta_cov, scaled, confidence=options.confidence)
    rows += threshold_rows(found.thresholds, confidence=options.confidence)
    said = dict(titles or {})
    solved = admissibility.Solved(
        table=table,
        structure=structure,
        estimate=estimate,
        information=info,
        generic=found.generic,
        loadings={(r.lhs, r.rhs): r.std_all for r in rows if r.op == MEASURES},
        # a residual correlation with a variance of zero has no standardised error, yet is determined
        standard_errors=by_parameter(
            table, [0.0 if math.isfinite(r.se) and math.isnan(r.std_all_se) else r.std_all_se for r in rows]
        ),
        df=int(measures["df"]),
        titles=said,
        rules=found.rules,
    )
    wrong = admissibility.findings(solved)
    measured = {f: tuple(i for i in model.items_of(f) if i in table.observed) for f in table.latents}
    worth = validity_of(table, measured, rows, cov=covariance, total=at.total)
    grave = [] if wrong else grave_doubts(solved, measures)
    cautions = (
        *wrong,
        *grave,
        *doubts(solved, moments.base, worth, proper=not wrong),
    )
    verdict = admissibility.verdict(wrong, grave)
    p = len(table.observed)
    latent = slice(p, p + len(table.latents))
    with np.errstate(invalid="ignore"):
        sd = np.sqrt(np.diagonal(at.total)[latent])
    r2 = solution.explained_variance(structure, estimate.theta, at)
    paths = {(r.rhs, r.lhs): (r.std_all, r.p) for r in rows if r.op == REGRESSED_ON}
    sample_sd = np.sqrt(np.diagonal(covariance))
    return kind(
        base=moments.base,
        cautions=cautions,
        verdict=verdict,
        model=model.text or model.to_text(),
        estimator=options.estimator,
        likelihood=options.likelihood,
        items=table.observed,
        constructs=table.latents,
        measured_by=measured,
        parameters=rows,
        fit=measures,
        guidelines=options.guidelines,
        r2={name: float(v) for name, v in zip(table.variables, r2, strict=True) if not math.isnan(v)},
        sample_cov=covariance,
        implied_cov=at.covariance,
        residual_correlations=(covariance - at.covariance) / np.outer(sample_sd, sample_sd),
        latent_cov=at.total[latent, latent],
        latent_correlations=at.total[latent, latent] / np.outer(sd, sd),
        ave=worth.ave,
        composite_reliability=worth.composite_reliability,
        ave_unstandardised=worth.ave_unstandardised,
        omega=worth.omega,
        htmt_constructs=worth.compared,
        htmt=worth.htmt,
        htmt2=worth.htmt2,
        separate=worth.separate,
        effects=effects_of(table, structure, estimate.theta, theta_cov, np.diagonal(at.total)),
        hypotheses=judged(
            hypotheses,
            paths,
            known={*table.variables, *known},
            titles=said,
            blocked=Text("the model has no proper solution", "模型没有合理的解") if verdict.failed else None,
        ),
        modifications=()
        if found.fitted is None or not options.modifications
        else modifications(
            table,
            found.fitted,
            at.total,
            structure.matrices(estimate.theta)[1],
            most=options.modifications,
        ),
        converged=estimate.converged,
        steps=estimate.steps,
        largest_gradient=estimate.largest_gradient,
        smallest_information=smallest_eigenvalue(info),
        confidence=options.confidence,
        titles=said,
    )


def _solution(table: ParameterTable, data: Tally | Moments | Answers, options: _Options) -> _Solution:
    """By the estimator asked for; plain maximum likelihood needs nothing but covariances."""
    ordered = table.observed if options.ordered is True else tuple(options.ordered or ())
    if table.thresholds and not ordered:
        raise BadInput(
            f"'{table.thresholds[0].name}' is a threshold",
            where="the model",
            right="Thresholds belong to items declared as ordered",
            do="Declare the item ordered, or leave the line out",
        )
    if isinstance(data, Answers):
        chosen = data.select(table.observed)
        kept = chosen.kept(options.missing)
        if ordered or options.missing == "fiml" or options.estimator != "ML":
            base = kept.base(options.missing, rows=len(data.rows))
            if ordered:
                return _by_ordered(table, kept, base, ordered, options)
            return _by_rows(table, kept, base, options)
        data = Moments.of_rows(chosen.rows, chosen.items, weights=chosen.weights, instrument=data.instrument)
    if ordered or options.missing == "fiml":
        raise BadInput(
            "ordered items and full information need the answers, not only their covariances",
            do="Give the survey or the rows",
        )
    moments = (Moments.of_tally(data) if isinstance(data, Tally) else data).select(table.observed)
    if options.estimator == "ML" and not table.rules:
        return _by_maximum_likelihood(table, moments, options)
    n = moments.base.effective_n if moments.base.weighted else float(moments.base.respondents)
    sample = Sample.of_moments(moments.covariance, n=n, mean=moments.means)
    return _by_sample(table, moments, sample, options)


def _by_maximum_likelihood(table: ParameterTable, moments: Moments, options: _Options) -> _Solution:
    _check_moments(moments)
    structure, start_values = structure_of(table, moments.covariance, moments.means)
    with_means = structure.has_means
    n = moments.base.effective_n if moments.base.weighted else float(moments.base.respondents)
    # wishart: both the covariance and the multiplier are those of n - 1
    scale = n / (n - 1) if options.likelihood == "wishart" else 1.0
    multiplier = n - 1 if options.likelihood == "wishart" else n
    covariance = moments.covariance * scale
    group = Group(structure, covariance, multiplier, moments.means if with_means else None)
    estimate = _estimated(group, table, start_values)
    info = information([group], estimate)
    at = estimate.implied[0]
    measures = fit_measures(
        covariance,
        at.covariance,
        n=n,
        parameters=len(table.free),
        sample_mean=moments.means if with_means else None,
        implied_mean=at.mean if with_means else None,
        exogenous=[table.observed.index(x) for x in table.covariates],
        likelihood=options.likelihood,
    )
    return _Solution(
        table,
        moments,
        structure,
        estimate,
        info,
        info if estimate.converged else information([group], _at_start(group, len(table.free))),
        solution.parameter_covariance(info, estimate.on_bound),
        covariance,
        measures,
        fitted=_for_modifications(table, moments, structure, estimate, n, options),
    )


def _for_modifications(
    table: ParameterTable,
    moments: Moments,
    structure: Structure,
    estimate: Estimate,
    n: float,
    options: _Options,
) -> Fit | None:
    """The same fit with what modification indices rest on, where they are wanted."""
    if not options.modifications:
        return None
    return fit(
        [ContinuousMoments(structure)],
        [Sample.of_moments(moments.covariance, n=n, mean=moments.means)],
        len(table.free),
        likelihood=options.likelihood,
        start=estimate.theta,
        exogenous=[table.observed.index(x) for x in table.covariates],
    )


def _by_rows(table: ParameterTable, kept: Answers, base: Base, options: _Options) -> _Solution:
    try:
        if options.missing == "fiml":
            sample = Sample.of_gaps(kept.rows, weights=kept.weights)
        else:
            sample = Sample.of_rows(kept.rows, weights=kept.weights)
    except NumericsError as err:
        raise err.named(table.observed, where="the model") from err
    return _by_sample(table, Moments(table.observed, sample.cov, sample.mean, base), sample, options)


def _by_sample(table: ParameterTable, moments: Moments, sample: Sample, options: _Options) -> _Solution:
    _check_moments(moments)
    structure, start_values = structure_of(table, moments.covariance, moments.means)
    lower, upper = _bounds(table)
    constraints, rules = constraints_of(table, places_of(table), len(table.free))
    try:
        found = fit(
            [ContinuousMoments(structure)],
            [sample],
            len(table.free),
            estimator=options.estimator,
            likelihood=options.likelihood,
            start=start_values,
            lower=lower,
            upper=upper,
            constraints=constraints,
            exogenous=[table.observed.index(x) for x in table.covariates],
        )
    except Contradiction as err:
        raise _cannot_hold(rules) from err
    except NumericsError as err:
        raise err.named(table.observed, where="the model") from err
    except np.linalg.LinAlgError as err:
        raise _no_start() from err
    less_one = found.multiplier < found.n
    group = Group(structure, moments.covariance, found.n, moments.means if structure.has_means else None)
    return _Solution(
        table,
        moments,
        structure,
        found.estimate,
        information_within(found.information, found.estimate.within),
        information_within(
            found.information
            if found.estimate.converged
            else information([group], _at_start(group, len(table.free))),
            found.estimate.within,
        ),
        found.covariance,
        moments.covariance * (found.n / (found.n - 1) if less_one else 1.0),
        found.measures,
        fitted=found,
        rules=rules,
    )


def _cannot_hold(rules: Sequence[Rule]) -> CannotCompute:
    return CannotCompute(
        "no values of the parameters were found that obey all rules: "
        + "; ".join(f"{r.left} {r.operator} {r.right}" for r in rules),
        where="the model",
        do="Check whether they can hold together, and near what the answers say",
    )


def _by_ordered(
    table: ParameterTable, kept: Answers, base: Base, ordered: Collection[str], options: _Options
) -> _Solution:
    """Thresholds and polychoric correlations; the residual variance of an item is what leaves its total 1."""
    rest = [i for i in table.observed if i not in ordered]
    if rest:
        raise BadInput(
            f"{listed(rest)} would be measured on a scale of numbers beside ordered items",
            right="A model with ordered items has only ordered items",
            do="Declare them ordered too, or none",
        )
    codes, categories = kept.codes()
    try:
        found_sample = ordered_sample(codes, categories, weights=kept.weights)
    except NumericsError as err:
        raise err.named(table.observed, where="the model") from err
    p = len(table.observed)
    moments = Moments(table.observed, found_sample.correlation, np.zeros(p), base)
    table = _without_residuals(table, dict.fromkeys(table.observed, 0.0))
    structure, start_values = structure_of(table, moments.covariance, moments.means)
    q, t = len(table.free), found_sample.thresholds.size
    if np.isin(np.arange(p), structure.directed.column).any():
        raise BadInput(
            "an ordered item explains something",
            right="Ordered items are explained by constructs",
            do="Let a construct measured by the item explain it, or do not declare the item ordered",
        )
    rank = np.concatenate([np.arange(np.sum(found_sample.item == i)) for i in range(p)]).astype(np.intp)
    cuts = Cells(found_sample.item, rank, q + np.arange(t), np.zeros(t))
    lower, upper = _bounds(table)
    unbounded = np.full(t, np.inf)
    try:
        found = fit(
            [OrderedMoments(structure, cuts)],
            [Sample.of_ordered(found_sample)],
            q + t,
            estimator=options.estimator,
            start=np.concatenate([start_values, np.full(t, np.nan)]),
            lower=np.concatenate([lower, -unbounded]),
            upper=np.concatenate([upper, unbounded]),
        )
    except NumericsError as err:
        raise err.named(table.observed, where="the model") from err
    except np.linalg.LinAlgError as err:
        raise _no_start() from err
    theta = found.theta[:q]
    explained = np.diagonal(implied(structure, theta).covariance)
    table = _without_residuals(
        table, dict(zip(table.observed, (float(1 - v) for v in explained), strict=True))
    )
    structure, _ = structure_of(table, moments.covariance, moments.means)
    estimate = replace(
        found.estimate,
        theta=theta,
        gradient=found.estimate.gradient[:q],
        hessian=found.estimate.hessian[:q, :q],
        implied=(implied(structure, theta),),
        on_bound=found.estimate.on_bound[:q],
    )
    errors = np.sqrt(np.maximum(np.diagonal(found.covariance)[q:], 0.0))
    names = [(table.observed[i], f"t{k + 1}") for i, k in zip(found_sample.item, rank, strict=True)]
    info = found.information[:q, :q]
    return _Solution(
        table,
        moments,
        structure,
        estimate,
        info,
        info,
        found.covariance[:q, :q],
        found_sample.correlation,
        found.measures,
        tuple(
            (item, cut, float(v), float(e))
            for (item, cut), v, e in zip(names, found.theta[q:], errors, strict=True)
        ),
        tuple(range(p)),
        found,
    )


def _without_residuals(table: ParameterTable, values: Mapping[str, float]) -> ParameterTable:
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


def _no_start() -> CannotCompute:
    return CannotCompute(
        "no positive definite covariance can be found to start from",
        where="the model",
        do="Check the fixed values and bounds of the model",
    )


def _bounds(table: ParameterTable) -> tuple[Array, Array]:
    """Of each free parameter: the lower and the upper."""
    lower = np.array([max(table.rows[i].lower for i in rows) for rows in table.free])
    upper = np.array([min(table.rows[i].upper for i in rows) for rows in table.free])
    crossed = np.flatnonzero(lower > upper)
    if crossed.size:
        name = table.rows[table.free[crossed[0]][0]].name
        raise BadInput(f"the lower bound of {name} is above its upper bound", where="the model")
    return lower, upper


def _check_options(options: _Options) -> None:
    if options.estimator not in ESTIMATORS:
        raise BadInput(
            f"the estimator is '{options.estimator}'", right=f"The estimators are: {', '.join(ESTIMATORS)}"
        )
    if options.missing not in MISSING:
        raise UnknownName("policy for missing answers", options.missing, MISSING)
    if options.missing == "fiml" and (options.estimator not in GAPS_ALLOWED or options.ordered):
        raise BadInput(
            f"full information does not go with {options.estimator}"
            + (" and ordered items" if options.ordered else ""),
            right=f"It goes with {listed(GAPS_ALLOWED)}, without ordered items",
        )
    if options.missing == "pairwise" and not options.ordered:
        raise BadInput(
            "pairwise answers are for ordered items here",
            do="Use fiml, which loses no answer, or count the tally pairwise yourself",
        )
    if options.ordered and METHODS[options.estimator].discrepancy in ("ML", "GLS"):
        raise BadInput(
            f"the estimator is '{options.estimator}' and items are ordered",
            right="With ordered items the estimators are WLSMV, DWLS, ULSMV, ULS and WLS",
        )
    if options.likelihood not in ("normal", "wishart"):
        raise BadInput(f"the likelihood is '{options.likelihood}'", right="It is normal or wishart")
    if options.guidelines not in FIT_SETS:
        raise UnknownName("set of guidelines", options.guidelines, FIT_SETS)


def _check_moments(moments: Moments) -> None:
    n, p = moments.base.respondents, len(moments.items)
    if n <= p:
        raise CannotCompute(
            f"{n} respondents answered, and the model has {p} items",
            where="the model",
            do=f"At least {p + 1} complete answers are needed, better {10 * p}",
        )
    try:
        linalg.require_variance(np.diagonal(moments.covariance))
        linalg.cholesky(moments.covariance)
    except NumericsError as err:
        raise err.named(moments.items, where="the model") from err


def _estimated(group: Group, table: ParameterTable, said: Array) -> Estimate:
    """The minimum, from the best of a few starts: another is tried only where one leads to none."""
    lower, upper = _bounds(table)
    best: Estimate | None = None
    for start in _starts(group, said):
        candidate = np.clip(start, lower, upper)
        if not _is_usable(group.structure, candidate):
            continue
        found = fit_maximum_likelihood([group], candidate, lower=lower, upper=upper)
        if found.converged:
            return found
        if best is None or found.discrepancy < best.discrepancy:
            best = found
    if best is not None:
        return best
    raise _no_start()


def _starts(group: Group, said: Array) -> Iterator[Array]:
    """From the data with what the model says; from the data alone; as if all items were related alike."""
    own = starting_values(group.structure, group.cov, said.size, mean=group.mean)
    yield np.where(np.isnan(said), own, said)
    if not np.isnan(said).all():
        yield own
    sd = np.sqrt(np.diagonal(group.cov))
    alike = np.outer(sd, sd) * (ALIKE + (1 - ALIKE) * np.eye(len(sd)))
    yield starting_values(group.structure, (group.cov + alike) / 2, said.size, mean=group.mean)


def _at_start(group: Group, q: int) -> Estimate:
    """What is known before the first step."""
    start = starting_values(group.structure, group.cov, q, mean=group.mean)
    return fit_maximum_likelihood([group], start, max_steps=0)


def _is_usable(structure: Structure, theta: Array) -> bool:
    try:
        np.linalg.cholesky(implied(structure, theta).covariance)
    except np.linalg.LinAlgError:
        return False
    return True
