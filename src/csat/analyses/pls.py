"""PLS path models of a survey: how constructs move one another, and the index their weights give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.hypotheses import judged
from csat.analyses.path_model_pls import PathModelPLS
from csat.analyses.pls_data import (
    MISSING,
    MISSING_NAMES,
    ModelData,
    Policy,
    StagedData,
    fixed_weight_se,
    raw_alpha,
)
from csat.analyses.pls_design import Design, HigherOrder, design_of, instrument_of, target_of, titles_of
from csat.analyses.pls_doubts import cautions_of, verdict_of
from csat.analyses.pls_estimates import Correlation
from csat.analyses.pls_figures import Figures, moderations
from csat.analyses.pls_prediction import predicted
from csat.errors import BadInput, NumericsError, UnknownName
from csat.instrument.instrument import Hypothesis, Instrument
from csat.instrument.products import Moderation
from csat.instrument.statements import Model
from csat.language import Text
from csat.numerics.pls import (
    SCHEMES,
    TOLERANCE,
    AboutConstructs,
    Mode,
    Scheme,
)
from csat.numerics.pls import pls as fitted
from csat.numerics.pls_assessment import (
    construct_reliability,
    f2_reestimated,
    goodness_of_fit,
    is_proper,
    item_vif,
    model_fit,
    structural,
)
from csat.numerics.pls_bootstrap import TooManyLost, pls_replicates
from csat.numerics.resampling import REPLICATES
from csat.responses.responses import Responses
from csat.tally.tally import Tally

Array = NDArray[np.float64]
IntervalMethod = Literal["percentile", "bca"]
INTERVALS: tuple[IntervalMethod, ...] = ("percentile", "bca")

REPLICATES_SLOW, MANY_ROWS = 200, 100_000
"""Default with polychoric correlations or EM moments, where each replicate is a search of its own, and of a
moderated path above so many respondents, where each is a pass over the rows (ours)."""
FEWEST = 20
"""Replicates below which there is no interval (ours)."""


def pls(
    answers: Responses | Tally,
    model: Model | str | None = None,
    *,
    constructs: Mapping[str, Sequence[str]] | None = None,
    paths: Sequence[tuple[str, str]] | None = None,
    modes: Mapping[str, Mode] | Mode = "A",
    scheme: Scheme = "path",
    consistent: bool = False,
    target: str | None = None,
    correlation: Correlation = "pearson",
    missing: Policy | None = None,
    replicates: int | None = None,
    interval: IntervalMethod = "percentile",
    predict: bool = True,
    seed: int = 0,
    confidence: float = 0.95,
    moderation: Sequence[Moderation | str] = (),
    higher_order: HigherOrder = "two-stage",
) -> PathModelPLS:
    """PLS path model with its assessment, the 0-100 index of every construct and its importance.

    Items are standardised, weights start at 1 and the loadings of a construct sum to a positive number; case
    weights enter the correlations and every replicate. The index takes the declared ends of the scales and
    unstandardised weights; its interval estimates the weights again in every replicate.

    Parameters
    ----------
    answers : responses; or a tally, from which no replicates, no prediction and no fixed-weight error come.
    model : in lavaan syntax or parsed, default the instrument's. constructs, paths : instead of it, the items
        of each construct and (from, to) pairs.
    modes : A (correlation weights) or B (regression weights), of all constructs or by name, `*` for those
        not named.
    consistent : correct for the unreliability of the scores (PLSc). target : the construct the index and the
        importance are about, default the instrument's index, else the last outcome.
    correlation : `polychoric` for ordinal items; the index itself stays one of the answers.
    missing : `pairwise` (default) every figure over those who answered; `listwise` (default where a path is
        moderated); `em` moments of all answers, as if silence were random given the other answers; `mean`
        replacement, which fills in also what did not apply.
    replicates : of the bootstrap, default 2000, 200 with polychoric correlations or EM; 0 for none.
    interval : `percentile` or `bca` (bias-corrected and accelerated).
    predict : ten-fold PLSpredict and CVPAT on the complete rows.
    moderation : (cause, moderator, effect) or `cause*moderator->effect`: the moderator changes the path; by
        the two-stage approach, the product of the scores is an item of its own. Needs the rows. A model text
        may say it too: `effect ~ cause + moderator + cause:moderator`.
    higher_order : how a construct measured by constructs (`=~` or in `constructs`) is estimated: `two-stage`
        (disjoint: its parts take its paths, then their scores measure it), or `repeated-indicators`.

    Raises
    ------
    BadInput, UnknownName : a model that is none. CannotCompute : an item without variance, items or
        constructs that determine each other, no convergence. Too many lost replicates fail the verdict.
    """
    instrument = instrument_of(answers)
    design = design_of(
        instrument, model, constructs, paths, modes, moderation=moderation, higher_order=higher_order
    )
    policy: Policy = missing or ("listwise" if design.products else "pairwise")
    options = _Options(
        scheme, consistent, correlation, policy, replicates, interval, predict, seed, confidence
    )
    first = design.first if design.staged else design
    for item in first.items:
        if item not in answers.items:
            raise UnknownName("item", item, answers.items, where="the model")
    chosen = target or target_of(design, instrument)
    if chosen not in design.constructs:
        raise UnknownName("construct", chosen, design.constructs, where="the target of the index")
    data = ModelData.of(answers, first.items, policy, correlation)
    titles = titles_of(instrument, design, first)
    if not design.staged:
        return _modelled(design, data, options, chosen, titles, _hypotheses(instrument))
    if consistent:
        raise BadInput(
            "consistent PLS has no second stage here",
            right="Constructs measured by constructs, and moderated paths, are estimated without correction",
        )
    try:
        fit = fitted(data.association, first.structure, scheme=scheme)
    except AboutConstructs as error:
        raise error.named(first.constructs, where="the first stage of PLS") from error
    except NumericsError as error:
        raise error.named(first.items, where="the first stage of PLS") from error
    place = {c: k for k, c in enumerate(first.constructs)}
    second = StagedData.after(
        data, fit, design.items, {c: place[c] for c in design.lower},
        {name: (place[a], place[b]) for name, (a, b) in design.products.items()},
    )  # fmt: skip
    lower = None
    if design.lower:
        goal = chosen if chosen in first.constructs else target_of(first, None)
        lower = _modelled(first, data, options, goal, titles, ())
    made = _modelled(design, second, options, chosen, titles, _hypotheses(instrument))
    return replace(made, lower=lower, moderation=moderations(design, made, second))


@dataclass(frozen=True)
class _Options:
    """How a model is estimated; checked."""

    scheme: Scheme
    consistent: bool
    correlation: Correlation
    missing: Policy
    replicates: int | None
    interval: IntervalMethod
    predict: bool
    seed: int
    confidence: float

    def __post_init__(self) -> None:
        known: tuple[tuple[str, str, Sequence[str]], ...] = (
            ("scheme", self.scheme, SCHEMES),
            ("missing-answer policy", self.missing, MISSING),
            ("correlation", self.correlation, ("pearson", "polychoric")),
            ("interval", self.interval, INTERVALS),
        )
        if self.correlation == "polychoric" and self.missing == "em":
            raise BadInput("EM gives Pearson correlations", do="Use pairwise or listwise polychoric ones")
        for kind, value, allowed in known:
            if value not in allowed:
                raise UnknownName(kind, value, allowed)
        if not 0 < self.confidence < 1:
            raise BadInput(
                f"a confidence of {self.confidence} is none", right="Between 0 and 1, usually 0.95"
            )
        if self.replicates is not None and (self.replicates < 0 or 0 < self.replicates < FEWEST):
            raise BadInput(
                f"{self.replicates} bootstrap replicates give no interval",
                right=f"At least {FEWEST}, better {REPLICATES}; 0 for none",
            )

    def asked(self, data: ModelData) -> int:
        """Replicates to make."""
        if data.responses is None:
            return 0
        if self.replicates is not None:
            return self.replicates
        slow = self.correlation == "polychoric" or self.missing == "em"
        many = isinstance(data, StagedData) and data.stage.products and len(data.answers) > MANY_ROWS
        return REPLICATES_SLOW if slow or many else REPLICATES


def _modelled(
    design: Design,
    data: ModelData,
    options: _Options,
    target: str,
    titles: Mapping[str, Text],
    hypotheses: Sequence[Hypothesis],
) -> PathModelPLS:
    """One stage: estimates, replicates, assessment."""
    structure, scheme, consistent = design.structure, options.scheme, options.consistent
    drawn, left_out, failed = None, None, None
    try:
        fit = fitted(data.association, structure, scheme=scheme, consistent=consistent)
        plain = fitted(data.association, structure, scheme=scheme) if consistent else fit
        improper = is_proper(fit) if consistent else ()
        asked = 0 if improper else options.asked(data)
        if asked:
            try:
                drawn = pls_replicates(data.draws(asked, options.seed), fit, lower=data.low, upper=data.high)
            except TooManyLost as error:
                failed = error
        if drawn is not None and options.interval == "bca":
            left_out = pls_replicates(data.jackknife(), fit, lower=data.low, upper=data.high)
        inner = structural(fit, data.n)
        again = f2_reestimated(data.association, fit)
        vif = item_vif(data.association, structure)
    except AboutConstructs as error:
        raise error.named(design.constructs, where="the PLS model") from error
    except NumericsError as error:
        raise error.named(design.items, where="the PLS model") from error
    figures = Figures(design, data, fit, target, drawn, left_out, options.confidence)
    predictions, tests = predicted(design, data, scheme, options.seed) if options.predict else ((), ())
    made = figures.estimates(inner, again)
    outcome = drawn or failed
    known = {*design.constructs, *design.items}
    cautions = cautions_of(design, data, fit, plain, figures, inner, vif, drawn, titles, options.missing)
    reliability = construct_reliability(data.association, fit)
    raw = raw_alpha(data, structure)
    htmt, htmt2 = figures.of("htmt"), figures.of("htmt2")
    places = structure.places
    saturated, estimated = (
        model_fit(data.association, fit, constructs=k) for k in ("saturated", "estimated")
    )
    index = figures.of("index")
    fl = fit.construct_correlation.copy()
    np.fill_diagonal(fl, np.sqrt(reliability.ave))
    return PathModelPLS(
        base=data.base(options.missing),
        cautions=tuple(cautions),
        verdict=verdict_of(improper, failed, figures, cautions, titles),
        constructs=design.constructs,
        modes=design.modes,
        scheme=scheme,
        consistent=consistent,
        correlation=options.correlation,
        rounds=int(fit.rounds),
        tolerance=TOLERANCE,
        items=tuple(design.items[i] for i in places),
        item_construct=tuple(design.constructs[c] for c in structure.owner),
        item_mean=data.moments.mean[places, 0],
        item_sd=data.moments.sd[places, 0],
        scale_minimum=data.low[places],
        scale_maximum=data.high[places],
        weights=fit.weights,
        weight_se=figures.of("weights").se,
        weight_lower=figures.of("weights").lower,
        weight_upper=figures.of("weights").upper,
        loadings=fit.loadings,
        loading_se=figures.of("loadings").se,
        loading_lower=figures.of("loadings").lower,
        loading_upper=figures.of("loadings").upper,
        communality=fit.loadings**2,
        redundancy=fit.loadings**2 * fit.r2[structure.owner],
        cross_loadings=fit.cross_covariance.T,
        item_vif=vif,
        paths=made.paths,
        path_coefficients=fit.paths,
        effects=made.effects,
        total_effects=figures.total,
        indirect_effects=figures.total - fit.paths,
        unstandardised_effects=figures.index.total,
        construct_correlation=fit.construct_correlation,
        r2=fit.r2,
        r2_se=figures.of("r2").se,
        r2_lower=figures.of("r2").lower,
        r2_upper=figures.of("r2").upper,
        r2_adjusted=inner.r2_adjusted,
        aic=inner.aic,
        bic=inner.bic,
        alpha=reliability.alpha,
        alpha_raw=raw,
        rho_a=reliability.rho_a,
        rho_c=reliability.rho_c,
        ave=reliability.ave,
        fornell_larcker=fl,
        htmt=figures.htmt,
        htmt_se=htmt.se,
        htmt_lower=htmt.lower,
        htmt_upper=htmt.upper,
        htmt_bound=figures.htmt_bound,
        htmt2=figures.htmt2,
        htmt2_se=htmt2.se,
        htmt2_lower=htmt2.lower,
        htmt2_upper=htmt2.upper,
        htmt2_bound=figures.htmt2_bound,
        fit={
            **{f"{k}_saturated": v for k, v in vars(saturated).items()},
            **{f"{k}_estimated": v for k, v in vars(estimated).items()},
            "gof": goodness_of_fit(fit),
        },
        target=target,
        index=np.where(figures.honest, figures.index.performance, np.nan),
        index_sd=np.where(figures.honest, figures.index.sd, np.nan),
        index_se_fixed=np.where(figures.honest, fixed_weight_se(data, structure, figures.index), np.nan),
        index_se=np.where(figures.honest, index.se, np.nan),
        index_lower=np.where(figures.honest, index.lower, np.nan),
        index_upper=np.where(figures.honest, index.upper, np.nan),
        index_weights=figures.index.weights,
        item_performance=figures.points,
        item_importance=figures.index.item_importance(structure, design.constructs.index(target)),
        predictions=predictions,
        predictive_tests=tests,
        hypotheses=judged(
            hypotheses,
            {(p.cause, p.effect): (p.estimate, p.p) for p in made.paths},
            known=known,
            titles=titles,
            blocked=Text("the corrected model is improper", "校正后的模型不恰当") if improper else None,
        ),
        confidence=options.confidence,
        interval=options.interval,
        replicates=asked,
        lost=outcome.lost if outcome else 0,
        lost_items={design.items[i]: int(k) for i, k in enumerate(outcome.constant) if k} if outcome else {},
        seed=options.seed,
        higher_order="two-stage" if design.higher else "repeated-indicators" if design.repeated else "",
        titles={k: v for k, v in titles.items() if k in known},
    )


def pls_scores(
    responses: Responses, result: PathModelPLS, *, kind: Literal["index", "standardised"] = "index"
) -> Array:
    """(n, c) scores of respondents on each construct: a second pass over the rows.

    `index`: 0-100, the weighted mean of the answered items by the index weights; NaN below half of a
    construct's weight answered. `standardised`: of variance 1; NaN unless all items are answered, with mean
    replacement a silent item counts as average.
    """
    x = _columns(responses, result)
    owner = np.array([result.constructs.index(c) for c in result.item_construct])
    member = (owner[:, None] == np.arange(len(result.constructs))).astype(float)
    known = ~np.isnan(x)
    if kind == "standardised":
        z = (x - result.item_mean) / result.item_sd
        if result.base.missing == MISSING_NAMES["mean"]:
            z = np.nan_to_num(z)
        filled = np.where(np.isnan(z), 0.0, z) @ (member * result.weights[:, None])
        return np.where((np.isnan(z) @ member) > 0, np.nan, filled)
    points = 100 * (x - result.scale_minimum) / (result.scale_maximum - result.scale_minimum)
    weight = member * result.index_weights[:, None]
    answered = known @ weight
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(answered >= 0.5 - 1e-9, np.where(known, points, 0.0) @ weight / answered, np.nan)


def _columns(responses: Responses, result: PathModelPLS) -> Array:
    """(n, q) answers to the items; of a second stage also the index scores of the first, NaN for products."""
    scores = (
        {}
        if result.lower is None
        else dict(zip(result.lower.constructs, pls_scores(responses, result.lower).T, strict=True))
    )
    silent = np.full(responses.rows, np.nan)
    products = {m.product for m in result.moderation}
    return np.column_stack(
        [
            scores[i]
            if i in scores and i not in responses.items
            else silent
            if i in products
            else responses.answers([i])[:, 0]
            for i in result.items
        ]
    )


def _hypotheses(instrument: Instrument | None) -> tuple[Hypothesis, ...]:
    return instrument.hypotheses if instrument is not None else ()
