"""What is said of the fit of a structural model: measures by name, guidelines, the verdict on them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from csat.analyses.guidelines import FIT_SETS, Guideline
from csat.display.style import formatted, in_unit
from csat.display.table import Table
from csat.language import Text, joined

SMALL_DF, SMALL_N = 10, 200
"""Below either the RMSEA punishes a model for its size (Kenny, Kaniskan & McCoach 2015)."""

FIT_WORDS: Mapping[str, Text] = {
    "chisq": Text("Chi-square", "卡方值"),
    "df": Text("Degrees of freedom", "自由度"),
    "pvalue": Text("p of the chi-square", "卡方检验 p 值"),
    "chisq_df": Text("Chi-square / df", "卡方/自由度"),
    "chisq_df_scaled": Text("Chi-square / df, scaled", "校正卡方/自由度"),
    "cfi": Text("CFI"),
    "tli": Text("TLI (NNFI)"),
    "nfi": Text("NFI"),
    "ifi": Text("IFI"),
    "rni": Text("RNI"),
    "rfi": Text("RFI"),
    "rmsea": Text("RMSEA"),
    "rmsea_ci_lower": Text("RMSEA, 90% interval, lower", "RMSEA 90% 区间下限"),
    "rmsea_ci_upper": Text("RMSEA, 90% interval, upper", "RMSEA 90% 区间上限"),
    "rmsea_pvalue": Text("p of close fit (RMSEA ≤ .05)", "紧密拟合检验 p 值（RMSEA ≤ .05）"),
    "srmr": Text("SRMR"),
    "rmr": Text("RMR"),
    "gfi": Text("GFI"),
    "agfi": Text("AGFI"),
    "pgfi": Text("PGFI"),
    "baseline_chisq": Text("Chi-square of the baseline model", "基线模型卡方值"),
    "baseline_df": Text("Degrees of freedom of the baseline", "基线模型自由度"),
    "logl": Text("Log-likelihood", "对数似然值"),
    "aic": Text("AIC"),
    "bic": Text("BIC"),
    "bic2": Text("BIC, adjusted for sample size", "样本量校正 BIC"),
    "cn_05": Text("Hoelter's n (.05)", "Hoelter 临界样本量（.05）"),
    "cn_01": Text("Hoelter's n (.01)", "Hoelter 临界样本量（.01）"),
    "mfi": Text("McDonald's MFI", "McDonald 中心性指数 MFI"),
    "ecvi": Text("ECVI"),
    "npar": Text("Free parameters", "自由参数个数"),
    "chisq_scaled": Text("Chi-square, scaled", "校正卡方值"),
    "df_scaled": Text("Degrees of freedom, scaled", "校正自由度"),
    "pvalue_scaled": Text("p of the scaled chi-square", "校正卡方检验 p 值"),
    "chisq_scaling_factor": Text("Scaling factor", "校正系数"),
    "cfi_scaled": Text("CFI, scaled", "CFI（校正）"),
    "tli_scaled": Text("TLI, scaled", "TLI（校正）"),
    "rmsea_scaled": Text("RMSEA, scaled", "RMSEA（校正）"),
    "cfi_robust": Text("CFI, robust", "CFI（稳健）"),
    "tli_robust": Text("TLI, robust", "TLI（稳健）"),
    "rmsea_robust": Text("RMSEA, robust", "RMSEA（稳健）"),
    "rmsea_ci_lower_robust": Text("RMSEA, robust, 90% interval, lower", "RMSEA（稳健）90% 区间下限"),
    "rmsea_ci_upper_robust": Text("RMSEA, robust, 90% interval, upper", "RMSEA（稳健）90% 区间上限"),
    "wrmr": Text("WRMR"),
}
"""Words for the fit measures, in the order of the table."""

MEASURED_WITH_P = ("pvalue", "rmsea_pvalue", "pvalue_scaled")
COUNTED = ("df", "baseline_df", "npar")
SET_WORDS = {"Hu-Bentler": Text("Hu & Bentler (1999)"), "bank study": Text("bank study", "银行研究标准")}
MET, NOT_MET = Text("met", "达标"), Text("not met", "未达标")
CORRECTED: Mapping[str, tuple[str, ...]] = {
    "chisq_df": ("chisq_df_scaled",),
    "cfi": ("cfi_robust", "cfi_scaled"),
    "tli": ("tli_robust", "tli_scaled"),
    "rmsea": ("rmsea_robust", "rmsea_scaled"),
}
"""What is judged in place of a measure where the estimator or the answers call for it, best first."""


def measure(fit: Mapping[str, float], name: str) -> float:
    """A fit measure by name; `chisq_df` is the ratio of the two, NaN with df 0."""
    if name in ("chisq_df", "chisq_df_scaled"):
        of = name.removeprefix("chisq_df")
        df = fit.get(f"df{of}", math.nan)
        return fit[f"chisq{of}"] / df if df and f"chisq{of}" in fit else math.nan
    return fit.get(name, math.nan)


def judged_name(fit: Mapping[str, float], name: str) -> str:
    """The version of a measure that is held against a guideline: robust, else scaled, else plain.

    Guidelines were made for normal answers: robust and ordinal estimators come with versions that estimate
    what the plain measure would be there (Brosseau-Liard & Savalei 2014; Savalei 2021).
    """
    return next((n for n in CORRECTED.get(name, ()) if math.isfinite(measure(fit, n))), name)


def judged_by(
    fit: Mapping[str, float], rules: Mapping[str, Guideline]
) -> tuple[tuple[str, float, Guideline, bool], ...]:
    """(measure judged, value, guideline, met) of a set of guidelines."""
    found = []
    for name, rule in rules.items():
        judged = judged_name(fit, name)
        value = measure(fit, judged)
        found.append((judged, value, rule, rule.met(value)))
    return tuple(found)


def fit_said(fit: Mapping[str, float], guidelines: str) -> Text:
    """The fit in a sentence, with the guidelines that are not met."""
    missed = [FIT_WORDS[name] for name, _, _, met in judged_by(fit, FIT_SETS[guidelines]) if not met]
    verdict = (
        Text("all guidelines of {set} are met", "{set}的各项标准均达到")
        if not missed
        else Text("of the guidelines of {set} these are not met: {names}", "{set}中未达标的有：{names}")
    ).fill(set=SET_WORDS[guidelines], names=joined(missed))
    scaled = "_scaled" if math.isfinite(fit.get("chisq_scaled", math.nan)) else ""
    cfi, tli, rmsea = (judged_name(fit, name) for name in ("cfi", "tli", "rmsea"))
    of = rmsea.removeprefix("rmsea")
    kinds = {name.rpartition("_")[2] for name in (cfi, tli, rmsea) if "_" in name}
    numbers = (
        f"chi2({fit[f'df{scaled}']:.4g}) = {fit[f'chisq{scaled}']:.2f}, CFI {in_unit(fit[cfi], 3)}, TLI "
        f"{in_unit(fit[tli], 3)}, RMSEA {in_unit(fit[rmsea], 3)} "
        f"({in_unit(fit[f'rmsea_ci_lower{of}'], 3)}-{in_unit(fit[f'rmsea_ci_upper{of}'], 3)}), SRMR "
        f"{in_unit(fit['srmr'], 3)}"
    )
    versions = [Text("scaled chi-square", "校正卡方")] if scaled else []
    versions += [
        Text("{kind} CFI, TLI and RMSEA", "{kind} CFI、TLI 与 RMSEA").fill(kind=KIND_WORDS[k])
        for k in sorted(kinds)
    ]
    which = Text(" ({said})", "（{said}）").fill(said=joined(versions)) if versions else Text("", "")
    return Text("Fit: {numbers}{which}; {verdict}.", "拟合：{numbers}{which}；{verdict}。").fill(
        numbers=numbers, verdict=verdict, which=which
    )


KIND_WORDS = {"robust": Text("robust", "稳健"), "scaled": Text("scaled", "校正")}


def guidelines_table(fit: Mapping[str, float], guidelines: str, effective_n: float) -> Table:
    """Every set of guidelines, the chosen one first."""
    chosen = [guidelines, *(name for name in FIT_SETS if name != guidelines)]
    rows = [(name, *row) for name in chosen for row in judged_by(fit, FIT_SETS[name])]
    notes = []
    corrected = [judged for _, judged, *_ in rows if judged.endswith(("_robust", "_scaled"))]
    if corrected:
        notes.append(
            Text(
                "Judged are the corrected versions ({names}): the plain ones rest on normal, complete "
                "answers.",
                "所判断的是校正版本（{names}）：未校正的指标以正态、完整的数据为前提。",
            ).fill(names=joined([FIT_WORDS[n] for n in dict.fromkeys(corrected)]))
        )
    if fit["df"] < SMALL_DF or effective_n < SMALL_N:
        notes.append(
            Text(
                "The RMSEA is strict with few degrees of freedom or fewer than 200 respondents: look "
                "at CFI and SRMR too.",
                "自由度小或受访者不足 200 名时 RMSEA 偏严，请同时参考 CFI 和 SRMR。",
            )
        )
    return Table(
        {
            "guideline_set": [SET_WORDS[name] for name, *_ in rows],
            "measure": [FIT_WORDS[m] for _, m, *_ in rows],
            "value": [v for _, _, v, *_ in rows],
            "guideline": [str(g) for *_, g, _ in rows],
            "verdict": [MET if met else NOT_MET for *_, met in rows],
            "source": [g.source for *_, g, _ in rows],
        },
        title=Text("Does the model fit?", "模型拟合判断"),
        notes=notes,
        labels={"guideline_set": Text("Set of guidelines", "标准来源")},
    )


def fit_table(fit: Mapping[str, float]) -> Table:
    """All fit measures there are words for."""
    known = {n for n in fit if not (n.endswith("_robust") and math.isnan(fit[n]))}
    names = [n for n in FIT_WORDS if n in known or (n == "chisq_df" and fit["df"])]
    shown = [
        formatted(measure(fit, n), "p" if n in MEASURED_WITH_P else "integer" if n in COUNTED else "number")
        for n in names
    ]
    return Table(
        {"measure": [FIT_WORDS[n] for n in names], "value": [measure(fit, n) for n in names], "shown": shown},
        title=Text("All fit measures (lavaan's definitions)", "全部拟合指标（lavaan 定义）"),
        labels={"shown": Text("Rounded", "四舍五入")},
        formats={"value": "precise"},
    )
