"""Which of several models do the answers prefer? Nested models by difference tests, others by AIC and BIC.

References
----------
Satorra & Bentler (2001, 2010); Satorra (2000); Bentler & Satorra (2010) on nesting; Burnham & Anderson (2004)
on AIC and BIC.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from csat.analyses.result import SOUND, Caution, Verdict
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.assembling import assembled
from csat.analyses.structural.choosing import chosen
from csat.analyses.structural.compared import SCALINGS, ComparedModel, Comparison, ModelDifference, Scaling
from csat.analyses.structural.fit_words import judged_name
from csat.analyses.structural.group_solving import GroupData
from csat.analyses.structural.grouped import GroupedModel
from csat.analyses.structural.grouping import groups_and_fit
from csat.analyses.structural.model import StructuralModel
from csat.analyses.structural.moments import Moments
from csat.analyses.structural.options import Options, check_options
from csat.analyses.structural.solving import solved
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.instrument.parameters import parameter_table
from csat.instrument.statements import INTERCEPT, Model
from csat.instrument.syntax import parse_model
from csat.language import Text, joined
from csat.numerics.comparison import Difference, difference, nesting
from csat.numerics.fitted import Fit
from csat.tally.tally import Tally


def compare(
    models: Mapping[str, Model | str],
    data: Tally | Moments | Answers | GroupData,
    *,
    group_equal: Mapping[str, Collection[str]] | Collection[str] = (),
    estimator: str = "ML",
    missing: str = "listwise",
    ordered: Collection[str] | bool = False,
    scaling: Scaling = "auto",
    std_lv: bool = False,
    orthogonal: bool = False,
    group: Text | None = None,
    titles: Mapping[str, Text] | None = None,
    confidence: float = 0.95,
) -> Comparison:
    """Several models of the same answers, each against the nearest freer one.

    Parameters
    ----------
    models : names and models (lavaan syntax). data : as `sem`; a mapping by group fits the groups at once.
    group_equal : what groups have in common, for all models or by the name of the model. scaling : "auto" is
    lavaan's rule: plain for plain tests, Satorra 2000 for scaled and shifted ones, else Satorra-Bentler 2001.

    A model is tested against the nearest freer one in which it is nested: same items and respondents, fewer
    parameters, and what it implies is reproduced by the freer (checked by fitting the freer to it). Else only
    AIC and BIC are given.

    Raises
    ------
    As `sem`; BadInput for fewer than two models or an unknown scaling.
    """
    if len(models) < 2:
        raise BadInput(
            "there is one model" if models else "there is no model", right="At least two are compared"
        )
    if scaling not in SCALINGS:
        raise UnknownName("scaling", scaling, SCALINGS)
    parsed = {n: parse_model(m) if isinstance(m, str) else m for n, m in models.items()}
    means = any(s.operator == INTERCEPT for m in parsed.values() for s in m.statements)
    options = Options(
        estimator, "normal", std_lv, orthogonal, True, means, "Hu-Bentler", confidence, missing, ordered, 0
    )
    # one choice for all, on all items
    every = Model(tuple(s for m in parsed.values() for s in m.statements))
    options = chosen(options, every, data)
    options = replace(options, mean_structure=means or options.missing == "fiml")
    fits: dict[str, tuple[StructuralModel | GroupedModel, Fit]] = {}
    items = next(iter(parsed.values())).observed
    for name, model in parsed.items():
        equal = group_equal.get(name, ()) if isinstance(group_equal, Mapping) else group_equal
        fits[name] = _fitted(model, data, options, tuple(equal), group, titles or {}, name, items)
    order = sorted(fits, key=lambda name: (fits[name][1].test.df, -len(fits[name][1].theta)))
    cautions: list[Caution] = []
    found = tuple(
        _difference(name, order[:at], fits, scaling, cautions) for at, name in enumerate(order) if at
    )
    rows = tuple(_row(name, *fits[name]) for name in order)
    for name in order:
        result = fits[name][0]
        if result.verdict.failed:
            text = Text("{name}: {why}", "{name}：{why}").fill(name=name, why=result.verdict.text)
            cautions.append(Caution("improper", text, (name,)))
    first = fits[order[0]][0]
    alike = len({frozenset(fits[n][0].items) for n in order}) == 1
    return Comparison(
        base=first.base,
        cautions=tuple(cautions),
        verdict=_verdict(found, [n for n in order if fits[n][0].verdict.failed], cautions),
        estimator=options.estimator,
        scaling=scaling,
        group=group,
        groups=first.groups if isinstance(first, GroupedModel) else (),
        models=rows,
        differences=found,
        lowest_aic=_lowest(rows, "aic") if alike else "",
        lowest_bic=_lowest(rows, "bic") if alike else "",
        choice=options.choice,
    )


def _fitted(
    model: Model,
    data: Tally | Moments | Answers | GroupData,
    options: Options,
    equal: tuple[str, ...],
    group: Text | None,
    titles: Mapping[str, Text],
    name: str,
    items: tuple[str, ...],
) -> tuple[StructuralModel | GroupedModel, Fit]:
    """items : those of the first model, whose order the moments of all follow."""
    same = set(items) == set(model.observed)
    try:
        if isinstance(data, Mapping):
            return groups_and_fit(
                GroupedModel,
                StructuralModel,
                model,
                data,
                options=replace(options, mean_structure=True),
                equal=equal,
                partial=(),
                hypotheses=(),
                known=(),
                group=group or Text("Group", "组别"),
                titles=titles,
                items=items if same else (),
            )
        if equal:
            raise BadInput("equalities across groups need groups", do="Name the column (--group COLUMN)")
        check_options(options)
        table = parameter_table(
            model,
            std_lv=options.std_lv,
            orthogonal=options.orthogonal,
            fixed_x=options.fixed_x,
            mean_structure=options.mean_structure,
        )
        if same:
            table = replace(table, observed=items)
        # what a difference test rests on is made with the modification indices
        found = solved(table, data, replace(options, modifications=1))
    except CannotCompute as err:
        raise CannotCompute(f"model {name}: {err}") from err
    assert found.fitted is not None
    result = assembled(
        StructuralModel, model, found, options=options, hypotheses=(), known=(), titles=dict(titles)
    )
    return result, found.fitted


def _row(name: str, result: StructuralModel | GroupedModel, fitted: Fit) -> ComparedModel:
    fit = result.fit

    def judged(measure: str) -> float:
        return fit.get(judged_name(fit, measure), math.nan)

    return ComparedModel(
        name=name,
        model=result.model,
        group_equal=result.group_equal if isinstance(result, GroupedModel) else (),
        sound=not result.verdict.failed,
        parameters=int(fit.get("npar", len(fitted.theta))),
        chisq=fit["chisq"],
        df=int(fit["df"]),
        p=fit["pvalue"],
        chisq_scaled=fit.get("chisq_scaled", math.nan),
        p_scaled=fit.get("pvalue_scaled", math.nan),
        cfi=judged("cfi"),
        tli=judged("tli"),
        rmsea=judged("rmsea"),
        srmr=fit["srmr"],
        aic=fit.get("aic", math.nan),
        bic=fit.get("bic", math.nan),
    )


def _difference(
    restricted: str,
    freer_ones: Sequence[str],
    fits: Mapping[str, tuple[StructuralModel | GroupedModel, Fit]],
    scaling: Scaling,
    cautions: list[Caution],
) -> ModelDifference:
    """Against the nearest of the freer models in which it is nested, or else the nearest."""
    reasons = {name: _why_not_nested(*fits[restricted], *fits[name]) for name in reversed(freer_ones)}
    freer = next((name for name, (why, _) in reasons.items() if why is None), freer_ones[-1])
    why, gap = reasons[freer]
    (one, one_fit), (other, other_fit) = fits[restricted], fits[freer]
    df = one_fit.test.df - other_fit.test.df
    judged = [(judged_name(one.fit, m), judged_name(other.fit, m), m) for m in ("cfi", "rmsea")]
    changes = [one.fit[a] - other.fit[b] if a == b else one.fit[m] - other.fit[m] for a, b, m in judged]
    found = Difference(math.nan, df, math.nan, "plain")
    if why is None:
        found = difference(one_fit, other_fit, scaling=scaling.replace(".", "_"))  # type: ignore[arg-type]
        if math.isnan(found.p):
            text = Text(
                "{a} and {b}: the scaled difference is negative or cannot be computed; ask for "
                "--scaling satorra.bentler.2010 or satorra.2000.",
                "{a} 与 {b}：校正后的差异为负或无法计算；请改用 --scaling satorra.bentler.2010 或 "
                "satorra.2000。",
            )
            cautions.append(
                Caution("no_scaled_difference", text.fill(a=restricted, b=freer), (restricted, freer))
            )
    else:
        text = Text("{a} and {b}: {why}", "{a} 与 {b}：{why}").fill(a=restricted, b=freer, why=why)
        cautions.append(Caution("not_nested", text, (restricted, freer)))
    return ModelDifference(
        restricted=restricted,
        freer=freer,
        nested=why is None,
        gap=gap,
        chisq=found.chisq,
        df=df,
        p=found.p,
        scaling=found.scaling.replace("_", "."),
        cfi_change=changes[0],
        rmsea_change=changes[1],
    )


def _why_not_nested(
    one: StructuralModel | GroupedModel, a: Fit, other: StructuralModel | GroupedModel, b: Fit
) -> tuple[Text | None, float]:
    """Why one is no special case of the other (None when it is), and the gap found."""
    if set(one.items) != set(other.items):
        apart = sorted(set(one.items) ^ set(other.items))
        text = Text(
            "they are about different items ({names}), so no test and neither AIC nor BIC compares them.",
            "两者的题项不同（{names}），因此检验、AIC 与 BIC 均不能比较它们。",
        )
        return text.fill(names=joined([Text(n) for n in apart])), math.nan
    if a.n != b.n:
        return Text(
            "they rest on different respondents, so nothing compares them.",
            "两者的受访者不同，因此无法比较。",
        ), math.nan  # fmt: skip
    if a.test.df <= b.test.df:
        return Text(
            "they have as many degrees of freedom, so neither is a special case of the other; compare AIC "
            "and BIC.",
            "两者自由度相同，互不嵌套；请比较 AIC 与 BIC。",
        ), math.nan  # fmt: skip
    if not (a.estimate.converged and b.estimate.converged):
        return Text("no solution was found for one of them.", "其中一个模型未能求解。"), math.nan
    found = nesting(a, b)
    gap = found.gap
    # the rules of the freer model are not among what is fitted here
    if b.estimate.within.size or found.is_nested:
        return None, gap
    return Text(
        "the first is no special case of the second (fitted to what the first implies, the second misses "
        "it by {gap:.2g}); compare AIC and BIC.",
        "前者不是后者的特例（以前者的隐含矩拟合后者，偏差为 {gap:.2g}）；请比较 AIC 与 BIC。",
    ).fill(gap=gap), gap  # fmt: skip


def _lowest(rows: Sequence[ComparedModel], measure: Literal["aic", "bic"]) -> str:
    known = [m for m in rows if not math.isnan(getattr(m, measure))]
    return min(known, key=lambda m: getattr(m, measure)).name if len(known) == len(rows) else ""


def _verdict(
    found: Sequence[ModelDifference], improper: Sequence[str], cautions: Sequence[Caution]
) -> Verdict:
    if improper:
        text = Text(
            "No proper solution was found for {names}: what compares them may not be used.",
            "{names}没有合理的解：与其相关的比较不可使用。",
        )
        return Verdict("failed", text.fill(names=joined([Text(n) for n in improper])))
    apart = [c for c in cautions if c.code == "not_nested"]
    if apart and all(not d.nested for d in found):
        text = Text(
            "The models are not nested: there is no test between them. {why}",
            "模型互不嵌套：没有可用的检验。{why}",
        )
        return Verdict("doubtful", text.fill(why=apart[0].text))
    return SOUND
