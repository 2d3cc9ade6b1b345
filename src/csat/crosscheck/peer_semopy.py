"""semopy is asked for structural models."""

from __future__ import annotations

import numpy as np

from csat.analyses.structural.model import StructuralModel
from csat.crosscheck.comparing import LOWER, NotCompared, Reason, compared
from csat.crosscheck.result import Agreement
from csat.instrument.statements import COVARIES, INTERCEPT, MEASURES, REGRESSED_ON, quoted
from csat.language import Text
from csat.numerics.fit_indices import ml_discrepancy

IN_STANDARD_ERRORS = 0.10
"""Estimates of structural models may differ by this part of their standard error."""
CHI_SQUARE = 0.05
"""Chi-squares of structural models may differ by this."""


def structural_beside(ours: StructuralModel, what: Text) -> list[Agreement]:
    """Its estimates, and the chi-square they imply."""
    if ours.verdict.failed:
        raise NotCompared(Text("csat finds no proper solution", "csat 未得到合理的解"))
    if any(p.op == INTERCEPT for p in ours.parameters):
        raise NotCompared(Text("means are not compared", "均值结构不作比较"))
    import pandas as pd
    import semopy

    model = semopy.Model(_model_text(ours))
    model.fit(
        cov=pd.DataFrame(ours.sample_cov, ours.items, ours.items), n_samples=round(ours.base.effective_n)
    )
    seen = model.inspect()
    values = {
        (left, op, right): float(value)
        for left, op, right, value in zip(seen.lval, seen.op, seen.rval, seen.Estimate, strict=True)
    }
    pairs, errors = [], []
    for p in ours.parameters:
        # it writes a loading as a regression of the item
        key = (p.rhs, REGRESSED_ON, p.lhs) if p.op == MEASURES else (p.lhs, p.op, p.rhs)
        turned = (p.rhs, COVARIES, p.lhs)
        value = values.get(key, values.get(turned) if p.op == COVARIES else None)
        if p.free and p.se > 0 and value is not None:
            pairs.append((p.name, p.est, value))
            errors.append(p.se)
    order = [ours.items.index(name) for name in model.vars["observed"]]
    implied = np.asarray(model.calc_sigma()[0], dtype=float)
    n = ours.fit["ntotal"] - (1 if ours.likelihood == "wishart" else 0)
    theirs = n * ml_discrepancy(ours.sample_cov[np.ix_(order, order)], implied)
    chi_square = ours.fit["chisq"]

    def why() -> Reason:
        if theirs <= chi_square:
            return Reason(LOWER, excuses=False)
        text = Text(
            f"semopy stopped above the minimum: chi-square {theirs:.4f} where csat reaches {chi_square:.4f}.",
            f"semopy 在最小值之上停止：其卡方值为 {theirs:.4f}，csat 达到 {chi_square:.4f}。",
        )
        return Reason(text, excuses=True)

    return [
        compared(
            "sem_estimates",
            Text("{what}: estimates, in standard errors", "{what}：估计值（以标准误为单位）").fill(what=what),
            "semopy",
            pairs,
            tolerance=IN_STANDARD_ERRORS,
            scale=errors,
            why=why,
        ),
        compared(
            "sem_chi_square",
            Text("{what}: chi-square at their estimates", "{what}：由其估计值得到的卡方值").fill(what=what),
            "semopy",
            [("chi-square", chi_square, theirs)],
            tolerance=CHI_SQUARE,
            scale=[1.0],
            why=why,
        ),
    ]


def _model_text(ours: StructuralModel) -> str:
    """The model with every parameter said, so that no default of the peer matters."""
    covariates = _covariates(ours)
    lines = []
    for p in ours.parameters:
        if p.op not in (MEASURES, REGRESSED_ON, COVARIES):
            continue
        if p.op == COVARIES and not p.free and p.lhs in covariates and p.rhs in covariates:
            continue
        modifier = "" if p.free and not p.label else f"{quoted(p.label)}*" if p.free else f"{p.est!r}*"
        lines.append(f"{p.lhs} {p.op} {modifier}{p.rhs}")
    return "\n".join(lines)


def _covariates(ours: StructuralModel) -> set[str]:
    """Observed variables whose own variance was taken from the data."""
    fixed = (p for p in ours.parameters if p.op == COVARIES and p.lhs == p.rhs and not p.free)
    explained = {p.rhs for p in ours.loadings} | {p.lhs for p in ours.paths}
    return {p.lhs for p in fixed if p.lhs in ours.items and p.lhs not in explained}
