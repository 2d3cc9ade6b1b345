"""What the tables of a PLS model say beneath: how it was estimated, and where intervals come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from csat.language import Text
from csat.numerics.pls import Scheme

if TYPE_CHECKING:
    from csat.analyses.path_model_pls import PathModelPLS

SCHEME_WORDS: Mapping[Scheme, Text] = {
    "path": Text("path scheme", "路径加权方案"),
    "factor": Text("factor scheme", "因子加权方案"),
    "centroid": Text("centroid scheme", "重心加权方案"),
}

INTERVAL_WORDS: Mapping[str, Text] = {"percentile": Text("percentile", "百分位法"), "bca": Text("BCa", "BCa")}


def method_note(result: PathModelPLS) -> Text:
    """How the model was estimated."""
    modes = "A" if set(result.modes) == {"A"} else "A/B" if len(set(result.modes)) > 1 else "B"
    said = Text(
        "PLS{c}, {scheme}, mode {modes}, {r} correlations; the loadings of a construct sum to a positive "
        "number.{higher}",
        "PLS{c}，{scheme}，模式 {modes}，{r}相关；每个构念的载荷之和取正。{higher}",
    )
    how = {
        "two-stage": Text(
            " Constructs measured by constructs: two stages (disjoint), whose first gives the scores that "
            "measure them.",
            "由构念测量的构念：采用两阶段法（分离式），以第一阶段得分作为其测量指标。",
        ),
        "repeated-indicators": Text(
            " Constructs measured by constructs take all their items (repeated indicators).",
            "由构念测量的构念：采用重复指标法，使用其下属构念的全部题项。",
        ),
    }
    return said.fill(
        higher=how.get(result.higher_order, Text("", "")),
        c=Text(", corrected for unreliability (PLSc)", "，已校正不可靠性（PLSc）")
        if result.consistent
        else Text("", ""),
        scheme=SCHEME_WORDS[result.scheme],
        modes=modes,
        r=Text("polychoric", "多分格") if result.correlation == "polychoric" else Text("Pearson", "Pearson "),
    )


def intervals_note(result: PathModelPLS) -> list[Text]:
    """Where intervals come from; nothing without replicates."""
    if not result.replicates:
        return []
    lost = (
        Text(f", {result.lost} without a solution left out", f"，剔除无解的 {result.lost} 次")
        if result.lost
        else Text("", "")
    )
    return [
        Text(
            "Intervals: {level}, {method} of {n} bootstrap replicates, seed {seed}{lost}.",
            "置信区间：{level}，{n} 次自助抽样（{method}），随机种子 {seed}{lost}。",
        ).fill(
            level=f"{100 * result.confidence:g}%",
            method=INTERVAL_WORDS[result.interval],
            n=result.replicates,
            seed=result.seed,
            lost=lost,
        )
    ]


def end_labels(result: PathModelPLS) -> dict[str, Text]:
    """Headings of the ends of an interval."""
    level = f"{100 * result.confidence:g}%"
    return {
        "ci_lower": Text(f"{level} CI, lower", f"{level} 置信下限"),
        "ci_upper": Text(f"{level} CI, upper", f"{level} 置信上限"),
    }
