"""Which estimator, which policy for silence, which items count as ordered, and why: `estimator="auto"`.

The rule, first that applies:

1. only covariances are at hand: ML;
2. an item of the model (not one that only explains) has at most 5 answer categories, or at most 7 and a
   skewness beyond 1: such items are ordered, the estimator is WLSMV, and silence is left out pair by pair;
3. an answer is missing: MLR with full information (fiml);
4. else MLR, whose estimates are those of ML with errors and a test that do not rest on normal answers.

Categories are those of the declared scale, without one the whole numbers that occur. Weights change nothing:
all three honour them (pseudo-maximum likelihood with sandwich errors). An estimator that is asked for and
does not becomes the one that does (`estimators.WEIGHTED_AS`).

References
----------
Rhemtulla, Brosseau-Liard & Savalei (2012), Psychological Methods 17, 354-373.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from csat.analyses.guidelines import CATEGORIES_AS_NUMBERS, CATEGORIES_SKEWED, SKEWNESS_HIGH
from csat.analyses.structural.answers import Answers, unequal
from csat.analyses.structural.group_solving import GroupData
from csat.analyses.structural.moments import Moments
from csat.analyses.structural.options import Options
from csat.analyses.structural.ordering import is_quantity
from csat.instrument.statements import MEASURES, REGRESSED_ON, Model
from csat.language import Text
from csat.numerics.estimators import WEIGHTED_AS
from csat.numerics.linalg import Array
from csat.tally.tally import Tally

AUTO = "auto"
FOR_ORDERED = ("WLSMV", "ULSMV", "WLSM", "ULSM", "WLSMVS", "ULSMVS")
"""Estimators that are asked for because items are ordered."""

ONLY_COVARIANCES = Text(
    "auto chose ML: there are only covariances.", "auto 选择 ML：只有协方差，没有原始回答。"
)
ORDERED = Text(
    "auto chose WLSMV: {items} counted as ordered categories (at most {few} answers, or at most {some} and a "
    "skewness beyond {skew}){pairs}.",
    "auto 选择 WLSMV：{items}按有序类别处理（答案不超过 {few} 级，或不超过 {some} 级且偏度绝对值大于 "
    "{skew}）{pairs}。",
)
PAIRS = Text("; silence is left out pair by pair", "；缺失按成对剔除")
SILENCE = Text(
    "auto chose MLR with full information: {share}% of the answers are missing, and no item is short or "
    "skewed enough to count as ordered.",
    "auto 选择 MLR 与全信息：{share}% 的回答缺失，且没有题项需按有序类别处理。",
)
ROBUST = Text(
    "auto chose MLR: no answer is missing, and no item is short or skewed enough to count as ordered.",
    "auto 选择 MLR：没有缺失，也没有题项需按有序类别处理。",
)
PSEUDO_LIKELIHOOD = Text(
    "The answers are weighted, so {asked} is pseudo-maximum likelihood ({used}): weighted estimates with "
    "sandwich errors and a scaled chi-square that know of the weights.",
    "回答已加权，因此 {asked} 采用伪最大似然（{used}）：加权估计，标准误为考虑权重的三明治标准误，卡方经过"
    "校正。",
)
SANDWICHED = Text(
    "The answers are weighted, so {asked} comes with sandwich errors and a scaled chi-square that know of "
    "the weights ({used}).",
    "回答已加权，因此 {asked} 采用考虑权重的三明治标准误和校正卡方（{used}）。",
)


def chosen(options: Options, model: Model, data: Tally | Moments | Answers | GroupData) -> Options:
    """The options with what `auto` stands for here; others as they are, but for weights.

    A policy for silence or ordered items that are asked for stay: `fiml` keeps items numbers.
    """
    if options.estimator != AUTO:
        return _honouring_weights(options, data)
    parts = list(data.values()) if isinstance(data, Mapping) else [data]
    answers = [p for p in parts if isinstance(p, Answers)]
    if len(answers) < len(parts):
        return replace(options, estimator="ML", choice=ONLY_COVARIANCES)
    names = [n for n in model.observed if n in answers[0].items]
    rows = np.vstack([a.select(names).rows for a in answers])
    known = ~np.isnan(rows)
    # a row without any answer is no respondent of this model
    rows = rows[known.any(axis=1)]
    gaps = bool(np.isnan(rows).any())
    scales = answers[0].select(names).scales
    ordered: tuple[str, ...] = ()
    if options.ordered is True:
        # all but covariates and quantities: the answers say which
        effects = _effects(model)
        ordered = tuple(n for n in names if n in effects and not is_quantity(answers[0], n))
    elif options.ordered:
        ordered = tuple(options.ordered)
    elif options.missing != "fiml":
        causes = {s.right for s in model.statements if s.operator == REGRESSED_ON}
        effects = _effects(model)
        ordered = tuple(
            name
            for name, own, scale in zip(names, rows.T, scales, strict=True)
            if name in effects and name not in causes and _is_short(own[~np.isnan(own)], len(scale))
        )
    if ordered:
        why = ORDERED.fill(
            items=_listed(ordered, len(names)),
            few=f"{CATEGORIES_AS_NUMBERS.value:g}",
            some=f"{CATEGORIES_SKEWED.value:g}",
            skew=f"{SKEWNESS_HIGH.value:g}",
            pairs=PAIRS if gaps else Text("", ""),
        )
        missing = "pairwise" if gaps else "listwise"
        return replace(options, estimator="WLSMV", ordered=ordered, missing=missing, choice=why)
    if gaps or options.missing == "fiml":
        share = f"{100 * float(np.isnan(rows).mean()):.1f}" if rows.size else "0"
        return replace(options, estimator="MLR", missing="fiml", choice=SILENCE.fill(share=share))
    return replace(options, estimator="MLR", choice=ROBUST)


def counts_as_ordered(model: Model, data: Answers) -> bool:
    """Whether an estimator for ordered items that was asked for without saying which has any to order.

    The field's WLSMV is that of ordered items; of measured quantities it is least squares with robust errors.
    """
    return any(n in data.items and not is_quantity(data, n) for n in _effects(model))


def _effects(model: Model) -> dict[str, None]:
    """Items that measure or are explained: what only explains is a covariate."""
    measuring = [s.right for s in model.statements if s.operator == MEASURES]
    explained = [s.left for s in model.statements if s.operator == REGRESSED_ON]
    return dict.fromkeys([*measuring, *explained])


def _honouring_weights(options: Options, data: Tally | Moments | Answers | GroupData) -> Options:
    """With unequal weights the estimator whose errors and test know of them, as lavaan does for ML.

    Of covariances alone no sandwich can be made: there the effective n has to do. WLS honours weights by its
    weight matrix. Ordered items stay with what was asked for.
    """
    asked = options.estimator
    if asked not in WEIGHTED_AS or options.ordered:
        return options
    parts = list(data.values()) if isinstance(data, Mapping) else [data]
    answers = [p for p in parts if isinstance(p, Answers)]
    if len(answers) < len(parts) or not unequal(answers):
        return options
    used = WEIGHTED_AS[asked]
    why = PSEUDO_LIKELIHOOD if asked == "ML" else SANDWICHED
    return replace(options, estimator=used, choice=why.fill(asked=asked, used=used))


def _is_short(values: Array, declared: int) -> bool:
    """Whether answers are few or skewed categories; without a declared scale only whole numbers are."""
    if not declared and np.any(values != np.round(values)):
        return False
    categories = declared or np.unique(values).size
    if categories < CATEGORIES_AS_NUMBERS.value + 1:
        return True
    return categories <= CATEGORIES_SKEWED.value and abs(_skewness(values)) > SKEWNESS_HIGH.value


def _skewness(values: Array) -> float:
    centred = values - values.mean()
    spread = float((centred**2).mean())
    return float((centred**3).mean()) / spread**1.5 if spread > 0 else 0.0


def _listed(names: tuple[str, ...], of: int) -> Text:
    if len(names) == of:
        return Text("all items are", "全部题项")
    if len(names) == 1:
        return Text(f"{names[0]} is", names[0])
    return Text(f"{', '.join(names)} are", "、".join(names))
