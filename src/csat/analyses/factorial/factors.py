"""The result of an exploratory factor analysis: loadings, factors, their number, their fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from csat.analyses.factorial.naming import Names, Sorting
from csat.analyses.factorial.retention import DRAW_WORDS, RULES, Retention
from csat.analyses.guidelines import FIT_HU_BENTLER, LOADING_EFA, LOADING_SHOWN, RMSR_CLOSE
from csat.analyses.result import Result
from csat.analyses.wording import wording_column
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Language, Text, joined
from csat.numerics.factor_fit import FactorFit, Variance
from csat.numerics.linalg import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FACTOR, COMPONENT = Text("factor", "因子"), Text("component", "成分")

EXTRACTION_WORDS: Mapping[str, Text] = {
    "minres": Text("minimum residuals (minres)", "最小残差法（minres）"),
    "ml": Text("maximum likelihood", "极大似然法"),
    "pa": Text("principal axes", "主轴因子法"),
    "pca": Text("principal components", "主成分法"),
}
ROTATION_WORDS: Mapping[str, Text] = {
    "none": Text("no rotation", "不旋转"),
    "varimax": Text("varimax (orthogonal, Kaiser-normalised)", "varimax 正交旋转（Kaiser 标准化）"),
    "quartimax": Text("quartimax (orthogonal)", "quartimax 正交旋转"),
    "promax": Text(
        "promax (oblique, power 4, Kaiser-normalised)", "promax 斜交旋转（幂次 4，Kaiser 标准化）"
    ),
    "oblimin": Text("oblimin (oblique, gamma 0)", "oblimin 斜交旋转（gamma 0）"),
    "quartimin": Text("quartimin (oblique)", "quartimin 斜交旋转"),
    "geomin": Text("geomin (oblique, delta 0.01)", "geomin 斜交旋转（delta 0.01）"),
}
CORRELATION_WORDS: Mapping[str, Text] = {
    "pearson": Text("Pearson correlations", "皮尔逊相关"),
    "polychoric": Text("polychoric correlations", "多分格相关"),
}
LARGEST_RESIDUALS = 10


@dataclass(frozen=True, eq=False, kw_only=True)
class Factors(Result):
    """Exploratory factors of p items, made by `efa`. Columns of loadings are factors by falling variance."""

    title = Text("Exploratory factors", "探索性因子分析")
    name = "efa"

    items: tuple[str, ...]
    factors: tuple[str, ...]
    """m ids: F1, F2, ... or, of components, C1, C2, ..."""
    names: Names
    """What the factors are called, after the constructs of their items."""
    extraction: str
    rotation: str
    correlation: str
    """`pearson` or `polychoric`."""
    rule: str
    """What set the number of factors: `parallel`, `kaiser`, `map`, `instrument` or `given`."""
    n: int
    """Respondents behind tests: the smallest pair n when pairwise; effective n when weighted."""
    pattern: Array
    """(p, m) loadings: weights of the factors in each item."""
    structure: Array
    """(p, m) correlations of the items with the factors."""
    phi: Array
    """(m, m) factor correlations of the model (not correlations of factor scores)."""
    communalities: Array
    uniquenesses: Array
    complexity: Array
    """(p,) Hofmann's index: about how many factors an item needs."""
    variance: Variance
    sorting: Sorting
    retention: Retention
    fit: FactorFit | None
    """None for components, which are no model."""
    residuals: Array
    """(p, p) correlations less those implied; the diagonal holds uniquenesses."""
    score_weights: Array
    """(p, m) regression weights of factor scores for standardised answers; NaN where R has no inverse."""
    score_validity: Array
    """(m,) correlation of each such score with its factor."""
    correlations: Array
    """(p, p) what was factored."""
    means: Array
    sds: Array
    """(p,) of the answers, to standardise those to be scored."""
    steps: int
    """Newton steps of the extraction."""
    gradient: float
    """Largest derivative at the extracted solution."""
    rotation_gradient: float
    starts: int
    starts_at_best: int
    """How many starts of the rotation reached the optimum that was kept."""
    titles: Mapping[str, Text] = field(default_factory=dict)
    constructs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def noun(self) -> Text:
        """`factor` or `component`."""
        return COMPONENT if self.extraction == "pca" else FACTOR

    @property
    def oblique(self) -> bool:
        return self.rotation in ("promax", "oblimin", "quartimin", "geomin") and len(self.factors) > 1

    def tables(self) -> dict[str, Table]:
        """`pattern`, `variance`, `number`, `eigenvalues`, `phi`, `structure` (oblique), `fit`, "
        "`residuals`."""
        tables = {
            "pattern": self._loadings(
                self.pattern, Text("Pattern: loadings of the items", "模式矩阵：题项载荷")
            ),
            "variance": self._variance_table(),
            "number": self._number_table(),
            "eigenvalues": self._eigenvalue_table(),
        }
        if self.oblique:
            tables["phi"] = self._phi_table()
            tables["structure"] = self._loadings(
                self.structure,
                Text("Structure: correlations of items with factors", "结构矩阵：题项与因子的相关"),
            )
        if self.fit is not None:
            tables["fit"] = self._fit_table(self.fit)
        tables["residuals"] = self._residual_table()
        return tables

    def _loadings(self, matrix: Array, title: Text) -> Table:
        order = self.sorting.order
        sorted_items = [self.items[i] for i in order]
        columns: dict[str, Any] = {
            "factor": [self.names.names[j] for j in self.sorting.item_factor[order]],
            "item": sorted_items,
        }
        columns |= wording_column(sorted_items, [self._title(i) for i in sorted_items])
        owner = {item: c for c, owned in self.constructs.items() for item in owned}
        if len(self.constructs) > 1:
            columns["declared"] = [self._title(owner[i]) if i in owner else Text("") for i in sorted_items]
        columns |= {name: matrix[order, j] for j, name in enumerate(self.factors)}
        columns["communality"] = self.communalities[order]
        if len(self.factors) > 1:
            columns["complexity"] = self.complexity[order]
        note = Text(
            "{extraction}; {rotation}; from {correlation}. Items are sorted by the {noun} of their largest "
            "loading; a loading counts from {salient} ({source}).",
            "提取：{extraction}；旋转：{rotation}；基于{correlation}。题项按最大载荷所在{noun}排序；"
            "载荷 {salient} 起视为有效（{source}）。",
        ).fill(
            extraction=_capital(EXTRACTION_WORDS[self.extraction]),
            rotation=ROTATION_WORDS[self.rotation],
            correlation=CORRELATION_WORDS[self.correlation],
            noun=self.noun,
            salient=f"{LOADING_EFA.value:.2f}",
            source=LOADING_EFA.source,
        )
        return Table(columns, title=title, notes=[note], labels=self._headings())

    def _headings(self) -> dict[str, Text]:
        """A factor's column: its id and its name."""
        numbered = len(self.constructs) < 2
        return {
            factor: Text(factor)
            if numbered
            else Text(f"{factor} {name.say('en')}", f"{factor} {name.say('zh')}")
            for factor, name in zip(self.factors, self.names.names, strict=True)
        } | ({"factor": Text("Component", "成分")} if self.extraction == "pca" else {})

    def _variance_table(self) -> Table:
        belongs = [self.sorting.item_factor == j for j in range(len(self.factors))]
        return Table(
            {
                "factor": self.factors,
                "name": self.names.names,
                "n_items": [int((mine & self.sorting.salient).sum()) for mine in belongs],
                "items": [
                    ", ".join(
                        self.items[i] for i in self.sorting.order if mine[i] and self.sorting.salient[i]
                    )
                    for mine in belongs
                ],
                "ss_loadings": self.variance.sum_of_squares,
                "share": self.variance.share,
                "cumulative_share": self.variance.cumulative,
                "score_validity": self.score_validity,
            },
            title=Text("What each {noun} accounts for", "各{noun}解释的方差").fill(noun=self.noun),
            notes=[
                Text(
                    "Shares of the variance of all items. Validity: correlation of the regression score with "
                    "the {noun}.",
                    "占全部题项方差的比例。得分效度：回归法因子得分与{noun}的相关。",
                ).fill(noun=self.noun)
            ],
            labels=self._headings() | {"score_validity": Text("Validity of the score", "得分效度")},
            formats={"share": "share", "cumulative_share": "share"},
        )

    def _number_table(self) -> Table:
        counts = self.retention.counts
        chosen = [rule == self.rule for rule in counts]
        note = Text(
            "Kept: {m} ({rule}). Parallel analysis: {draws} draws, seed {seed}, {how}. Kaiser's rule tends "
            "to "
            "ask for too many.",
            "保留 {m} 个（{rule}）。平行分析：{draws} 次抽样，随机种子 {seed}，{how}。Kaiser 准则往往偏多。",
        ).fill(
            m=len(self.factors),
            rule=RULES.get(self.rule, Text("given by the caller", "由使用者指定")),
            draws=self.retention.draws,
            seed=self.retention.seed,
            how=DRAW_WORDS[self.retention.draw],
        )
        return Table(
            {"rule": [RULES[rule] for rule in counts], "count": list(counts.values()), "retained": chosen},
            title=Text("How many {noun}s", "{noun}个数").fill(noun=self.noun),
            notes=[note],
            labels={
                "count": Text("{noun}s", "{noun}数").fill(noun=_capital(self.noun)),
                "retained": Text("Followed", "采用"),
            },
        )

    def _eigenvalue_table(self) -> Table:
        kept = self.retention
        k = np.arange(1, len(kept.eigenvalues) + 1)
        return Table(
            {
                "component": k,
                "eigenvalue": kept.eigenvalues,
                "eigenvalue_parallel": kept.parallel_line,
                "cumulative_share": np.cumsum(kept.eigenvalues) / len(k),
                "map": np.append(kept.map_squared[1:], np.nan),
                "map_fourth": np.append(kept.map_fourth[1:], np.nan),
                "retained": k <= len(self.factors),
            },
            title=Text("Eigenvalues of the correlations", "相关矩阵的特征值"),
            notes=[
                Text(
                    "Parallel analysis: 95th percentile for unrelated items. MAP: average partial "
                    "correlation "
                    "left after that many components; {none} before any.",
                    "平行分析：互不相关题项特征值的第 95 百分位。MAP：提取相应个数成分后剩余的平均偏相关；"
                    "未提取时为 {none}。",
                ).fill(none=f"{kept.map_squared[0]:.4f}")
            ],
            labels={
                "map": Text("MAP, squared", "MAP（平方）"),
                "map_fourth": Text("MAP, fourth power", "MAP（四次方）"),
            },
            formats={"cumulative_share": "share", "map": "precise", "map_fourth": "precise"},
        )

    def _phi_table(self) -> Table:
        columns: dict[str, Any] = {"factor": self.factors, "name": self.names.names}
        columns |= {factor: self.phi[:, j] for j, factor in enumerate(self.factors)}
        return Table(
            columns,
            title=Text("Correlations of the {noun}s (Phi)", "{noun}间相关（Phi）").fill(noun=self.noun),
            notes=[
                Text(
                    "Values of the model, not correlations of {noun} scores.",
                    "为模型估计值，并非{noun}得分之间的相关。",
                ).fill(noun=self.noun)
            ],
            labels={f: Text(f) for f in self.factors}
            | ({"factor": Text("Component", "成分")} if self.extraction == "pca" else {}),
        )

    def _fit_table(self, fit: FactorFit) -> Table:
        level = f"{100 * fit.confidence:g}%"
        return Table(
            {
                "n": [self.n],
                "chi_square": [fit.chi_square],
                "df": [fit.df],
                "p": [fit.p],
                "rmsea": [fit.rmsea],
                "rmsea_lower": [fit.rmsea_lower],
                "rmsea_upper": [fit.rmsea_upper],
                "tli": [fit.tli],
                "bic": [fit.bic],
                "rmsr": [fit.rmsr],
                "largest_residual": [fit.largest_residual],
            },
            title=Text("Fit", "拟合"),
            notes=[
                Text(
                    "psych's definitions: chi-square with Bartlett's factor n - 1 - (2p + 5)/6 - 2m/3; "
                    "BIC = chi-square - df ln n; RMSR over the correlations. Guidelines: RMSEA {rmsea}, "
                    "TLI {tli} ({source}); RMSR {rmsr} ({practice}).",
                    "定义同 R 程序包 psych：卡方乘数为 n - 1 - (2p + 5)/6 - 2m/3；BIC = 卡方 - df ln n；"
                    "RMSR 为残差相关的均方根。参考标准：RMSEA {rmsea}，TLI {tli}（{source}）；"
                    "RMSR {rmsr}（{practice}）。",
                ).fill(
                    rmsea=FIT_HU_BENTLER["rmsea"],
                    tli=FIT_HU_BENTLER["tli"],
                    source=FIT_HU_BENTLER["tli"].source,
                    rmsr=RMSR_CLOSE,
                    practice=RMSR_CLOSE.source,
                )
            ],
            labels={
                "rmsea_lower": Text(f"RMSEA, {level} lower", f"RMSEA 的 {level} 下限"),
                "rmsea_upper": Text(f"RMSEA, {level} upper", f"RMSEA 的 {level} 上限"),
                "rmsr": Text("RMSR", "RMSR"),
                "largest_residual": Text("Largest residual", "最大残差"),
            },
            formats={"p": "p"},
        )

    def _residual_table(self) -> Table:
        rows, columns = np.triu_indices(len(self.items), 1)
        size = self.residuals[rows, columns]
        largest = np.argsort(-np.abs(size), kind="stable")[:LARGEST_RESIDUALS]
        return Table(
            {
                "item_a": [self.items[i] for i in rows[largest]],
                "item_b": [self.items[i] for i in columns[largest]],
                "correlation": self.correlations[rows[largest], columns[largest]],
                "residual": size[largest],
            },
            title=Text("Largest residual correlations", "最大的残差相关"),
        )

    def plots(self) -> dict[str, Plot]:
        """`scree` with the parallel line, `loadings`."""
        kept, order = self.retention, self.sorting.order
        m = len(self.factors)

        def scree(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.scree(ax, kept.eigenvalues, parallel=kept.parallel_line, retained=m, language=language)

        def loadings(ax: Axes, language: Language) -> None:
            from csat.display import charts

            headings = self._headings()
            charts.heat_map(
                ax,
                self.pattern[order],
                row_labels=[self.items[i] for i in order],
                column_labels=[headings[f].say(language) for f in self.factors],
                hide_below=LOADING_SHOWN.value,
            )

        above = kept.counts["parallel"]
        return {
            "scree": Plot(
                draw=scree,
                title=Text("Scree plot with the parallel line", "碎石图与平行分析线"),
                description=Text(
                    "Eigenvalues from {high} falling to {low}; {above} of them lead above the line of "
                    "unrelated "
                    "items, {kaiser} are above 1; {m} are kept.",
                    "特征值由 {high} 降至 {low}；其中 {above} 个高于互不相关题项的线，{kaiser} 个大于 1；"
                    "保留 {m} 个。",
                ).fill(
                    high=f"{kept.eigenvalues[0]:.2f}",
                    low=f"{kept.eigenvalues[-1]:.2f}",
                    above=above,
                    kaiser=kept.counts["kaiser"],
                    m=m,
                ),
            ),
            "loadings": Plot(
                draw=loadings,
                title=Text("Loadings", "载荷图"),
                description=Text(
                    "One row an item, one column a {noun}; blue positive, orange negative; loadings below "
                    "{shown} are left pale.",
                    "每行一个题项，每列一个{noun}；蓝色为正，橙色为负；小于 {shown} 的载荷不显示。",
                ).fill(noun=self.noun, shown=f"{LOADING_SHOWN.value:.2f}"),
                size=(max(4.0, 0.8 * m + 2.6), max(3.0, 0.3 * len(self.items) + 1.2)),
            ),
        }

    def headline(self) -> tuple[Text, ...]:
        """How many things the items measure, what they are, and how much they explain."""
        m = len(self.factors)
        counts = self.retention.counts
        first = Text(
            "{m} {noun}{account} for {share} of the variance of {p} items.",
            "{m} 个{noun}解释了 {p} 个题项方差的 {share}。",
        ).fill(
            m=m,
            noun=self.noun,
            account=" accounts" if m == 1 else "s account",
            share=f"{100 * self.variance.cumulative[-1]:.1f}%",
            p=len(self.items),
        )
        second = Text(
            "Parallel analysis asks for {parallel}, MAP for {map}, Kaiser's rule for {kaiser}.",
            "平行分析建议 {parallel} 个，MAP 建议 {map} 个，Kaiser 准则建议 {kaiser} 个。",
        ).fill(parallel=counts["parallel"], map=counts["map"], kaiser=counts["kaiser"])
        if len(self.constructs) < 2:
            return (first, second)
        found = [c for c in self.names.constructs if c]
        missing = [self._title(c) for c in self.constructs if c not in found]
        third = Text("By the constructs of their items: {names}.", "按题项所属构念命名：{names}。").fill(
            names=joined(list(self.names.names))
        )
        if not missing:
            return (first, second, third)
        fourth = Text("No {noun} of its own: {missing}.", "没有单独形成{noun}的构念：{missing}。").fill(
            noun=self.noun, missing=joined(missing)
        )
        return (first, second, third, fourth)

    def _title(self, name: str) -> Text:
        return self.titles.get(name) or Text(name)


def _capital(words: Text) -> Text:
    return Text(words.en[:1].upper() + words.en[1:], words.zh)
