"""What moves the outcome: the regression on its drivers, and what part of the explained each accounts for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.analyses.drivers_doubts import doubts_of, verdict_of
from csat.analyses.drivers_residuals import fitted, residual_checks, residual_shape
from csat.analyses.drivers_result import Drivers
from csat.analyses.drivers_words import ERROR_WORDS, CovarianceType, ScoresLabel
from csat.analyses.hypotheses import judged
from csat.analyses.result import Base
from csat.errors import BadInput, CannotCompute, NumericsError, TooFew
from csat.instrument.instrument import Hypothesis
from csat.language import Text
from csat.numerics import descriptives, intervals
from csat.numerics import regression as reg
from csat.numerics.design import Design
from csat.numerics.linalg import inverse

Array = NDArray[np.float64]

__all__ = ["Drivers", "drivers"]


def drivers(
    outcome: ArrayLike,
    predictors: ArrayLike,
    *,
    names: Sequence[str],
    outcome_name: str,
    titles: Mapping[str, Text] | None = None,
    weights: ArrayLike | None = None,
    covariance_type: CovarianceType | None = None,
    design: Design | None = None,
    hypotheses: Sequence[Hypothesis] = (),
    known: Sequence[str] = (),
    base: Base | None = None,
    scores_label: ScoresLabel = "mean",
    confidence: float = 0.95,
    rng: int = 0,
) -> Drivers:
    """Regression of an outcome on its drivers, with the importance of each.

    Rows with a missing score on any of the variables are left out (listwise).

    Parameters
    ----------
    outcome : (n,). predictors : (n, p); NaN where there is no score. names : p. titles : name to wording.
    weights : (n,) or None. covariance_type : "HC3" (errors that survive unequal variances), "classical" (as
    SPSS) or "design": linearisation over strata and clusters with t on clusters - strata - p degrees of
    freedom (as R survey's svyglm); default "design" where there is one, else "HC3".
    design : how the respondents were drawn (n,).
    hypotheses : declared paths. known : names the data hold besides those in the regression. base : where
    rows and the instrument's name come from. scores_label : what the drivers are. rng : seed for sampled
    orderings beyond `regression.EXACT_DRIVERS` drivers.

    Raises
    ------
    CannotCompute : drivers that depend on each other, a constant one, or fewer respondents than p + 2; by
    name.
    BadInput : arrays of different length, an unknown option.
    """
    errors: CovarianceType = covariance_type or ("HC3" if design is None else "design")
    if errors == "design" and design is None:
        raise BadInput(
            "design-based errors need strata, clusters or populations", do="Name them (--strata COLUMN)"
        )
    x, y, w, kept = _complete(outcome, predictors, weights, names, errors)
    everyone = [*names, outcome_name]
    where = f"drivers of {outcome_name}"
    try:
        moments = reg.least_squares(x, y, weights=w)
    except TooFew as err:
        raise CannotCompute(str(err), where=where) from err
    except NumericsError as err:
        raise err.named(everyone, where=where) from err
    if moments.ss_residual <= 0:
        raise CannotCompute("the drivers give the outcome exactly: nothing is left to test", where=where)
    fit = fitted(x, y, w, errors)
    df = float(moments.df_residual)
    if errors == "design" and design is not None:
        try:
            fit = replace(fit, se=_design_errors(x, fit.residual, w, kept, design))
        except NumericsError as err:
            raise err.named((), where=f"{where}, the design") from err
        df = float(design.where(kept).df - len(names))
        if df < 1:
            raise CannotCompute(
                f"{design.clusters} clusters in {len(design.population)} strata leave no degrees of freedom "
                f"for {len(names)} drivers",
                where=where,
                do="Use fewer drivers, or merge strata",
            )
    correlations = _correlations(x, y, w)
    p = len(names)
    effective = descriptives.effective_n(w) if w is not None else float(len(y))
    shapley = reg.shapley_shares(correlations[:p, :p], correlations[:p, p], rng=rng)
    r = correlations[:p, p]
    r_lower, r_upper = intervals.correlation_interval(r, effective, confidence=confidence)
    t = fit.coefficients / fit.se
    p_values = intervals.t_two_sided_p(t, df)
    ci_lower, ci_upper = intervals.mean_interval(fit.coefficients, fit.se, df=df, confidence=confidence)
    paths = {
        (n, outcome_name): (float(b), float(pv))
        for n, b, pv in zip(names, fit.coefficients[1:], p_values[1:], strict=True)
    }
    said = dict(titles or {})
    found_base = _base(base, len(y), effective, w is not None, len(kept))
    worst = int(np.argmax(fit.cook))
    shape = residual_shape(fit)
    result = Drivers(
        outcome=outcome_name,
        drivers=tuple(names),
        scores=scores_label,
        covariance_type=errors,
        confidence=confidence,
        coefficients=fit.coefficients,
        se=fit.se,
        t=t,
        p=p_values,
        ci_lower=ci_lower,
        ci_upper=ci_upper,
        beta=moments.standardised,
        vif=moments.vif,
        r=r,
        r_lower=r_lower,
        r_upper=r_upper,
        r_p=intervals.correlation_p(r, effective),
        correlations=correlations,
        correlation_n=effective,
        lmg=shapley.shares,
        lmg_se=shapley.monte_carlo_se,
        lmg_orderings=shapley.orderings,
        relative_weight=reg.relative_weights(correlations[:p, :p], r),
        r2=moments.r2,
        adjusted_r2=moments.adjusted_r2,
        multiple_r=math.sqrt(max(moments.r2, 0.0)),
        f=moments.f,
        df1=moments.df_model,
        df2=moments.df_residual,
        f_p=moments.f_p,
        ss_model=moments.ss_model,
        ss_residual=moments.ss_residual,
        mean_square_residual=moments.mean_square_residual,
        checks=residual_checks(x, fit),
        largest_cook=float(fit.cook[worst]),
        largest_cook_row=int(np.flatnonzero(kept)[worst]) + 1,
        hypotheses=judged(hypotheses, paths, known={*everyone, *known}, titles=said),
        titles=said,
        base=found_base,
        binned_fitted=shape.fitted,
        binned_residual=shape.residual,
        binned_residual_se=shape.se,
        residual_quantiles=shape.quantiles,
        normal_quantiles=shape.normal,
    )
    cautions = doubts_of(result)
    return replace(result, cautions=cautions, verdict=verdict_of(cautions))


def _design_errors(
    x: Array, residual: Array, w: Array | None, kept: NDArray[np.bool_], design: Design
) -> Array:
    """Standard errors of the coefficients: the design's, of the influences (X'WX)^-1 x w e.

    Respondents who are left out stay in the design with an influence of zero (a domain of it).
    """
    columns = np.column_stack([np.ones(len(residual)), x])
    weights = np.ones(len(residual)) if w is None else w
    scale = np.sqrt(((columns**2).T @ weights) / weights.sum())
    z = columns / scale
    bread = inverse((z.T * weights) @ z)
    influence = np.zeros((len(kept), columns.shape[1]))
    influence[kept] = (z * (weights * residual)[:, None]) @ bread / scale
    return design.se(influence)


def _complete(
    outcome: ArrayLike,
    predictors: ArrayLike,
    weights: ArrayLike | None,
    names: Sequence[str],
    covariance_type: CovarianceType,
) -> tuple[Array, Array, Array | None, NDArray[np.bool_]]:
    """Rows without a missing score, and which those are."""
    y, x = np.asarray(outcome, dtype=float), np.asarray(predictors, dtype=float)
    if x.ndim != 2 or x.shape != (len(y), len(names)):
        raise BadInput(
            f"the drivers are {x.shape}, the outcome {y.shape}, and there are {len(names)} names",
            right="Drivers are (respondents, drivers)",
        )
    if covariance_type not in ERROR_WORDS:
        raise BadInput(
            f"the standard errors are '{covariance_type}'", right=f"They are {', '.join(ERROR_WORDS)}"
        )
    if not names:
        raise BadInput("there is no driver", do="Name at least one construct that may move the outcome")
    w = None if weights is None else np.asarray(weights, dtype=float)
    kept = ~(np.isnan(x).any(axis=1) | np.isnan(y))
    if w is not None:
        kept &= w > 0
    return x[kept], y[kept], None if w is None else w[kept], kept


def _correlations(x: Array, y: Array, w: Array | None) -> Array:
    joint = np.column_stack([x, y])
    weights = np.ones(len(joint)) if w is None else w
    centred = joint - weights @ joint / weights.sum()
    s = (centred.T * weights) @ centred
    sd = np.sqrt(np.diagonal(s))
    r = s / np.outer(sd, sd)
    np.fill_diagonal(r, 1.0)
    return np.asarray(r)


def _base(base: Base | None, n: int, effective: float, weighted: bool, rows: int) -> Base:
    return Base(
        respondents=n,
        effective_n=effective,
        missing="listwise",
        rows=base.rows if base is not None else rows,
        weighted=weighted,
        instrument=base.instrument if base is not None else "",
    )
