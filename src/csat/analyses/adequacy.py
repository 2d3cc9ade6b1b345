"""Do the items share enough to look for factors? KMO, sampling adequacy of each item, Bartlett's test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.factorial.ground import ground_of, require_items
from csat.analyses.guidelines import DETERMINANT_FLOOR, KMO_WORKING, MSA_FLOOR
from csat.analyses.result import SOUND, Base, Caution, Result, Verdict
from csat.analyses.wording import wording_column
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, NumericsError
from csat.language import Language, Text, joined
from csat.numerics import adequacy as ad
from csat.numerics.linalg import correlation_from_covariance, squared_multiple_correlations
from csat.tally.tally import Tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Correlation = Literal["pearson", "polychoric"]

SIGNIFICANCE = 0.05

BANDS: tuple[tuple[float, Text], ...] = (
    (0.90, Text("marvellous", "极佳")),
    (0.80, Text("meritorious", "良好")),
    (0.70, Text("middling", "中等")),
    (0.60, Text("mediocre", "普通")),
    (0.50, Text("miserable", "欠佳")),
    (-np.inf, Text("unacceptable", "不可接受")),
)
"""Kaiser's words for the measure (Kaiser 1974, Psychometrika 39, 31-36)."""

CORRELATION_WORDS: Mapping[str, Text] = {
    "pearson": Text("Pearson correlations", "皮尔逊相关"),
    "polychoric": Text("polychoric correlations", "多分格相关"),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Adequacy(Result):
    """Factorability of p items, made by `adequacy`."""

    title = Text("Factorability", "因子分析适合度")
    name = "adequacy"

    items: tuple[str, ...]
    correlation: str
    """`pearson` or `polychoric`."""
    kmo: float
    band: Text
    """Kaiser's word for the KMO."""
    msa: Array
    """(p,) sampling adequacy of each item."""
    smc: Array
    """(p,) squared multiple correlation with the others."""
    chi_square: float
    df: int
    p: float
    log10_p: float
    """Decimal logarithm of p, which p itself cannot tell when it is 0."""
    determinant: float
    log_determinant: float
    n: int
    """Respondents behind Bartlett's test: the smallest pair n when pairwise; effective n when weighted."""
    correlations: Array
    """(p, p)."""
    titles: Mapping[str, Text] = field(default_factory=dict)

    def tables(self) -> dict[str, Table]:
        """`overall`, `items`."""
        overall = Table(
            {
                "n": [self.n],
                "kmo": [self.kmo],
                "band": [self.band],
                "chi_square": [self.chi_square],
                "df": [self.df],
                "p": [self.p],
                "determinant": [self.determinant],
            },
            title=Text("KMO and Bartlett's test", "KMO 与 Bartlett 检验"),
            notes=[
                Text(
                    "From {what}. Guideline: KMO {floor}, {source}.",
                    "基于{what}。参考标准：KMO {floor}，{source}。",
                ).fill(what=CORRELATION_WORDS[self.correlation], floor=KMO_WORKING, source=KMO_WORKING.source)
            ],
            labels={
                "band": Text("Kaiser's word", "Kaiser 评价"),
                "chi_square": Text("Bartlett's chi-square", "Bartlett 卡方"),
            },
            formats={"p": "p", "determinant": "precise"},
        )
        items = Table(
            {
                "item": self.items,
                **wording_column(self.items, [self._title(i) for i in range(len(self.items))]),
                "msa": self.msa,
                "smc": self.smc,
                "met": [MSA_FLOOR.met(m) for m in self.msa],
            },
            title=Text("Sampling adequacy of each item", "各题项取样适当性"),
            notes=[
                Text("Guideline: MSA {floor}, {source}.", "参考标准：MSA {floor}，{source}。").fill(
                    floor=MSA_FLOOR, source=MSA_FLOOR.source
                )
            ],
        )
        return {"overall": overall, "items": items}

    def plots(self) -> dict[str, Plot]:
        """`items` (MSA), `correlations`."""

        def msa(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.dots(
                ax,
                [self._title(i).say(language) for i in range(len(self.items))],
                self.msa,
                reference=MSA_FLOOR.value,
                reference_label=f"{MSA_FLOOR.value:.2f}",
                xlabel="MSA",
            )

        def matrix(ax: Axes, language: Language) -> None:
            from csat.display import charts

            cells = self.correlations.copy()
            np.fill_diagonal(cells, np.nan)
            charts.heat_map(ax, cells, row_labels=self.items, column_labels=self.items)

        k = len(self.items)
        return {
            "items": Plot(
                draw=msa,
                title=Text("Sampling adequacy of each item", "各题项取样适当性"),
                description=Text(
                    "One dot an item, from {low} to {high}; the line is the guideline.",
                    "每个题项一个点，范围 {low}–{high}；虚线为参考标准。",
                ).fill(low=f"{self.msa.min():.2f}", high=f"{self.msa.max():.2f}"),
                size=(6.8, max(2.2, 0.3 * k + 1.0)),
            ),
            "correlations": Plot(
                draw=matrix,
                title=Text("Correlations between the items", "题项间相关"),
                description=Text(
                    "Coloured matrix of the correlations, blue positive and orange negative.",
                    "题项相关矩阵热图，蓝色为正相关，橙色为负相关。",
                ),
                size=(max(4.0, 0.42 * k + 1.6), max(3.0, 0.3 * k + 1.2)),
            ),
        }

    def headline(self) -> tuple[Text, ...]:
        """The KMO with Kaiser's word, and Bartlett's test."""
        fit = KMO_WORKING.met(self.kmo) and self.p < SIGNIFICANCE
        p = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}"
        return (
            Text(
                "The items share {enough} for factors: KMO {kmo} is {band}; Bartlett's test: {test}.",
                "题项之间的共同变异{enough}提取因子：KMO 为 {kmo}（{band}）；Bartlett 检验：{test}。",
            ).fill(
                enough=Text("enough", "足以") if fit else Text("hardly enough", "不足以"),
                kmo=f"{self.kmo:.3f}",
                band=self.band,
                test=Text(
                    f"chi-square {self.chi_square:.1f}, df {self.df}, {p}",
                    f"卡方 {self.chi_square:.1f}，自由度 {self.df}，{p}",
                ),
            ),
        )

    def _title(self, i: int) -> Text:
        return self.titles.get(self.items[i]) or Text(self.items[i])


def adequacy(
    tally: Tally, *, correlation: Correlation = "pearson", titles: Mapping[str, Text] | None = None
) -> Adequacy:
    """KMO with Kaiser's band, MSA of each item, Bartlett's test of sphericity, determinant.

    Parameters
    ----------
    tally : of p >= 3 items; of complete rows (listwise), or pairwise: Bartlett then uses the smallest pair n,
        with a caution. correlation : `pearson`, or `polychoric` for items with categories.

    Raises
    ------
    CannotCompute : fewer than 3 items, no more respondents than items, two items nobody answered together, an
        item without variance, or items that depend on each other (they are named).
    """
    where = "adequacy"
    require_items(tally, where=where)
    ground = ground_of(tally, where=where)
    try:
        matrix, cautions = _correlations(tally, correlation, ground.pairwise)
        measure = ad.kmo(matrix)
        test = ad.bartlett_sphericity(matrix, n=ground.n)
        smc = squared_multiple_correlations(matrix)
    except NumericsError as error:
        raise error.named(tally.items, where=where) from error
    cautions += _cautions(
        tally, matrix, measure, test, correlation, ground.smallest if ground.pairwise else None
    )
    return Adequacy(
        base=Base.of(tally, "pairwise" if ground.pairwise else "listwise"),
        cautions=tuple(cautions),
        verdict=_verdict(measure.overall, test.p),
        items=tally.items,
        correlation=correlation,
        kmo=measure.overall,
        band=band_of(measure.overall),
        msa=measure.items,
        smc=smc,
        chi_square=test.chi_square,
        df=test.df,
        p=test.p,
        log10_p=test.log10_p,
        determinant=float(np.exp(test.log_determinant)),
        log_determinant=test.log_determinant,
        n=ground.n,
        correlations=matrix,
        titles={k: v for k, v in (titles or {}).items() if k in tally.items},
    )


def band_of(kmo: float) -> Text:
    """Kaiser's word for a KMO or MSA."""
    return next(words for floor, words in BANDS if kmo >= floor or floor == -np.inf)


def _correlations(tally: Tally, kind: str, pairwise: bool) -> tuple[Array, list[Caution]]:
    # a constant item is named whatever the correlation
    pearson = correlation_from_covariance(tally.covariance())
    if kind == "pearson":
        return (tally.correlation() if pairwise else pearson), []
    if kind != "polychoric":
        raise BadInput(f"correlation is '{kind}'", right="It is pearson or polychoric")
    from csat.numerics.ordinal import polychoric_matrix

    p = len(tally.items)
    without = [tally.items[i] for i in range(p) if not tally.has_categories(i)]
    if without:
        raise BadInput(
            f"polychoric correlations need answer categories; there are none for {', '.join(without)}",
            do="Declare a scale for these items, or use Pearson correlations",
        )
    found = polychoric_matrix([tally.joint(i, j) for i in range(p) for j in range(i + 1, p)])
    cautions = [
        Caution(
            "polychoric_bartlett",
            Text(
                "Polychoric correlations: Bartlett's test assumes normal answers and is only a guide here.",
                "采用多分格相关：Bartlett 检验假定数据服从正态分布，此处仅供参考。",
            ),
        )
    ]
    if found.boundary:
        names = tuple(dict.fromkeys(tally.items[i] for pair in found.boundary for i in pair))
        cautions.append(
            Caution(
                "polychoric_boundary",
                Text(
                    "A polychoric correlation of 1 or -1 was found among {items}.",
                    "以下题项之间的多分格相关达到 1 或 -1：{items}。",
                ).fill(items=_named(names)),
                names,
            )
        )
    return found.correlation, cautions


def _cautions(
    tally: Tally, matrix: Array, measure: ad.Kmo, test: ad.Sphericity, kind: str, smallest: int | None
) -> list[Caution]:
    cautions = []
    low = tuple(i for i, m in zip(tally.items, measure.items, strict=True) if not MSA_FLOOR.met(m))
    if low:
        cautions.append(
            Caution(
                "low_msa",
                Text(
                    "Below {floor}, leave out one at a time and look again: {items}.",
                    "以下题项的取样适当性低于 {floor}，建议逐一剔除后重新检验：{items}。",
                ).fill(floor=f"{MSA_FLOOR.value:.2f}", items=_named(low)),
                low,
            )
        )
    if not DETERMINANT_FLOOR.met(float(np.exp(test.log_determinant))):
        off = np.abs(matrix - np.eye(len(matrix)))
        i, j = sorted(int(v) for v in np.unravel_index(off.argmax(), off.shape))
        pair = (tally.items[i], tally.items[j])
        cautions.append(
            Caution(
                "small_determinant",
                Text(
                    "The determinant {d} is below {floor}, as it is when items nearly repeat each other "
                    "or are many. The closest pair is {a} and {b} (r = {r}).",
                    "行列式 {d} 低于 {floor}，说明部分题项内容几乎重复，或题项数量较多。"
                    "最接近的一对是 {a} 与 {b}（r = {r}）。",
                ).fill(
                    d=f"{np.exp(test.log_determinant):.2g}", floor=f"{DETERMINANT_FLOOR.value:g}",
                    a=pair[0], b=pair[1], r=f"{matrix[i, j]:.2f}",
                ),
                pair,
            )
        )  # fmt: skip
    if smallest is not None:
        cautions.append(
            Caution(
                "pairwise",
                Text(
                    "Pairwise correlations rest on different respondents; Bartlett's test uses the smallest "
                    f"pair, n = {smallest}.",
                    "成对剔除使各相关系数基于不同的受访者；Bartlett 检验采用最小的成对样本量 "
                    f"n = {smallest}。",
                ),
            )
        )
    if tally.weighted and kind == "pearson":
        cautions.append(
            Caution(
                "weighted_bartlett",
                Text(
                    "Weighted: Bartlett's test uses the effective n and is approximate.",
                    "已加权：Bartlett 检验采用有效样本量，结果为近似值。",
                ),
            )
        )
    return cautions


def _verdict(kmo: float, p: float) -> Verdict:
    if not kmo >= MSA_FLOOR.value:
        return Verdict(
            "failed",
            Text(
                f"KMO {kmo:.3f} is below {MSA_FLOOR.value:.2f}: these items are not fit for factor analysis.",
                f"KMO 为 {kmo:.3f}，低于 {MSA_FLOOR.value:.2f}：这些题项不适合做因子分析。",
            ),
        )
    if not p < SIGNIFICANCE:
        return Verdict(
            "doubtful",
            Text(
                f"Bartlett's test cannot tell the items from unrelated ones (p = {p:.3f}).",
                f"Bartlett 检验不显著（p = {p:.3f}），无法排除题项互不相关。",
            ),
        )
    if not KMO_WORKING.met(kmo):
        return Verdict(
            "doubtful",
            Text(
                f"KMO {kmo:.3f} is below the working floor of {KMO_WORKING.value:.2f}.",
                f"KMO 为 {kmo:.3f}，低于常用下限 {KMO_WORKING.value:.2f}。",
            ),
        )
    return SOUND


def _named(items: Sequence[str]) -> Text:
    return joined([Text(i) for i in items])
