"""What moves the outcome: the regression on its drivers, and what part of the explained each accounts for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from csat.analyses.guidelines import (
    COOK_LARGE,
    EFFECTIVE_N_SMALL,
    RESPONDENTS_PER_DRIVER,
    VIF_HIGH,
    VIF_SEVERE,
)
from csat.analyses.hypotheses import HypothesisOutcome, hypothesis_table, judged
from csat.analyses.result import SOUND, Base, Caution, Result, Verdict
from csat.display.plot import Plot
from csat.display.style import in_unit
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute, NumericsError, TooFew
from csat.instrument.instrument import Hypothesis
from csat.language import Language, Text, joined
from csat.numerics import descriptives, intervals
from csat.numerics import regression as reg
from csat.numerics.design import Design
from csat.numerics.linalg import inverse

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
CovarianceType = Literal["HC3", "classical", "design"]
ScoresLabel = Literal["mean", "sum", "items"]

SCORE_WORDS: Mapping[ScoresLabel, Text] = {
    "mean": Text("construct means", "构念均值"),
    "sum": Text("construct sums", "构念总分"),
    "items": Text("single items", "单个题项"),
}
ERROR_WORDS: Mapping[CovarianceType, Text] = {
    "HC3": Text("robust (HC3) standard errors", "稳健标准误 (HC3)"),
    "classical": Text("classical standard errors", "经典标准误"),
    "design": Text("design-based standard errors (linearisation)", "基于抽样设计的标准误（线性化）"),
}
LEVEL = 0.05
BINS = 10
"""Groups of fitted values in the residual chart."""
QUANTILES = 39
CHECKED_BELOW = 0.05


@dataclass(frozen=True)
class ResidualCheck:
    """One check of the residuals: statistic, p (NaN when it has none) and what it says."""

    name: str
    statistic: float
    p: float
    finding: Text


@dataclass(frozen=True, eq=False, kw_only=True)
class Drivers(Result):
    """Regression of one outcome on p drivers, made by `drivers`; arrays follow `drivers`."""

    title = Text("Drivers of satisfaction", "满意度驱动因素")
    name = "drivers"

    outcome: str
    drivers: tuple[str, ...]
    scores: ScoresLabel
    """Whether drivers are construct means, sums or single items."""
    covariance_type: CovarianceType
    confidence: float
    coefficients: Array
    """(p + 1,) constant first, as all of the next six."""
    se: Array
    t: Array
    p: Array
    ci_lower: Array
    ci_upper: Array
    beta: Array
    """(p,) standardised coefficients b sd(x) / sd(y)."""
    vif: Array
    r: Array
    """(p,) correlation with the outcome."""
    r_lower: Array
    r_upper: Array
    r_p: Array
    correlations: Array
    """(p + 1, p + 1) among the drivers and the outcome, which stands last."""
    correlation_n: float
    lmg: Array
    """(p,) LMG (Shapley) shares; they sum to R2."""
    lmg_se: Array
    """(p,) Monte-Carlo standard errors; zero when all subsets were computed."""
    lmg_orderings: int
    """Orderings sampled; 0 when all subsets were computed."""
    relative_weight: Array
    """(p,) Johnson's relative weights; they sum to R2."""
    r2: float
    adjusted_r2: float
    multiple_r: float
    f: float
    df1: int
    df2: int
    f_p: float
    ss_model: float
    ss_residual: float
    mean_square_residual: float
    checks: tuple[ResidualCheck, ...]
    largest_cook: float
    largest_cook_row: int
    """Row of the data, counted from 1."""
    binned_fitted: Array
    """(b,) mean fitted value of groups of respondents of equal size, low to high."""
    binned_residual: Array
    """(b,) their mean residual."""
    binned_residual_se: Array
    residual_quantiles: Array
    """(39,) quantiles 1/40 .. 39/40 of the standardised residuals."""
    normal_quantiles: Array
    hypotheses: tuple[HypothesisOutcome, ...] = ()
    titles: Mapping[str, Text] = field(default_factory=dict)

    @property
    def lmg_share(self) -> Array:
        """(p,) parts of what is explained; they sum to 1."""
        return np.asarray(self.lmg / self.lmg.sum())

    @property
    def relative_weight_share(self) -> Array:
        return np.asarray(self.relative_weight / self.relative_weight.sum())

    def equation(self) -> Text:
        """The regression equation: `Y = .656 + .038 X1 + .123 X2`, and what its letters stand for."""
        terms = "".join(
            f" {'-' if b < 0 else '+'} {_short(abs(b))} X{i}" for i, b in enumerate(self.coefficients[1:], 1)
        )
        letters = Text(
            ", ".join(f"X{i} = {self._title(d).say('en')}" for i, d in enumerate(self.drivers, 1)),
            "，".join(f"X{i} = {self._title(d).say('zh')}" for i, d in enumerate(self.drivers, 1)),
        )
        return Text(
            "Y = {constant}{terms} (Y = {outcome}, {letters})",
            "Y = {constant}{terms}（Y = {outcome}，{letters}）",
        ).fill(
            constant=_short(self.coefficients[0]),
            terms=terms,
            outcome=self._title(self.outcome),
            letters=letters,
        )

    def headline(self) -> tuple[Text, ...]:
        """What weighs most, what does not count, the equation."""
        order = np.argsort(-self.lmg, kind="stable")
        first = order[: min(3, order.size)]
        weights = joined(
            [
                Text("{name} ({share}%)", "{name}（{share}%）").fill(
                    name=self._title(self.drivers[i]), share=f"{100 * self.lmg_share[i]:.0f}"
                )
                for i in first.tolist()
            ]
        )
        said = [
            Text(
                "The drivers explain {r2}% of {outcome}. Of that, most goes to: {weights}.",
                "驱动因素共解释了{outcome}变异的 {r2}%，其中贡献最大的依次是：{weights}。",
            ).fill(r2=f"{100 * self.r2:.1f}", outcome=self._title(self.outcome), weights=weights)
        ]
        silent = [d for d, p in zip(self.drivers, self.p[1:], strict=True) if p >= LEVEL]
        if silent:
            said.append(
                Text(
                    "Beside the others no effect of its own can be shown for: {names}.",
                    "在控制其他因素后，以下因素未显示出独立影响：{names}。",
                ).fill(names=joined([self._title(d) for d in silent]))
            )
        return (
            *said,
            self.equation(),
            Text(
                f"R = {_short(self.multiple_r)}, R2 = {_short(self.r2)}, F({self.df1}, {self.df2}) = "
                f"{self.f:.2f}, p {_p(self.f_p)}"
            ),
        )

    def tables(self) -> dict[str, Table]:
        """`importance`, `coefficients`, `model`, `anova`, `correlations`, `checks`, declared `hypotheses`."""
        tables = {
            "importance": self._importance(),
            "coefficients": self._coefficients(),
            "model": self._model(),
            "anova": self._anova(),
            "correlations": self._correlations(),
            "checks": self._checks(),
        }
        if self.hypotheses:
            tables["hypotheses"] = hypothesis_table(
                self.hypotheses, titles=self.titles, estimate=Text("Coefficient b", "回归系数 b")
            )
        return tables

    def plots(self) -> dict[str, Plot]:
        """`shares`, `coefficients`, `residuals`, `normality`."""
        return {
            "shares": self._plot_shares(),
            "coefficients": self._plot_coefficients(),
            "residuals": self._plot_residuals(),
            "normality": self._plot_normality(),
        }

    def _title(self, name: str) -> Text:
        return self.titles.get(name) or Text(name)

    def _titles(self) -> list[Text]:
        return [self._title(d) for d in self.drivers]

    # Tables

    def _importance(self) -> Table:
        how = (
            Text("exact, from all subsets of drivers", "穷举全部驱动因素子集的精确值")
            if not self.lmg_orderings
            else Text(
                f"mean of {self.lmg_orderings} sampled orderings, Monte-Carlo error at most "
                f"{self.lmg_se.max():.4f}",
                f"{self.lmg_orderings} 次随机排序的均值，蒙特卡罗误差不超过 {self.lmg_se.max():.4f}",
            )
        )
        return Table(
            {
                "driver": self._titles(),
                "r": self.r,
                "beta": self.beta,
                "lmg": self.lmg,
                "lmg_share": self.lmg_share,
                "relative_weight": self.relative_weight,
                "relative_weight_share": self.relative_weight_share,
            },
            title=Text("Importance of each driver", "各驱动因素的重要性"),
            notes=[
                Text("LMG shares: {how}.", "LMG 贡献：{how}。").fill(how=how),
                Text(
                    "LMG shares and relative weights each sum to R2 ({r2}); derived importance is not "
                    "proof of cause.",
                    "LMG 贡献与相对权重各自之和等于 R²（{r2}）；推导的重要性并不等于因果证明。",
                ).fill(r2=_short(self.r2)),
            ],
            labels={
                "lmg_share": Text("LMG, share of R²", "LMG 占 R² 比例"),
                "relative_weight_share": Text("Relative weight, share of R²", "相对权重占 R² 比例"),
            },
            formats={"lmg_share": "share", "relative_weight_share": "share"},
        )

    def _coefficients(self) -> Table:
        nan = [math.nan]
        return Table(
            {
                "term": [Text("(constant)", "（常数项）"), *self._titles()],
                "estimate": self.coefficients,
                "se": self.se,
                "t": self.t,
                "p": self.p,
                "ci_lower": self.ci_lower,
                "ci_upper": self.ci_upper,
                "beta": np.concatenate([nan, self.beta]),
                "vif": np.concatenate([nan, self.vif]),
            },
            title=Text("Regression coefficients", "回归系数"),
            notes=[
                self.equation(),
                Text("Drivers: {scores}; {errors}.", "自变量：{scores}；{errors}。").fill(
                    scores=SCORE_WORDS[self.scores], errors=ERROR_WORDS[self.covariance_type]
                ),
            ],
            formats={"p": "p"},
        )

    def _model(self) -> Table:
        return Table(
            {
                "statistic": ["R", "R²", Text("Adjusted R²", "调整后 R²"), Text("Residual SD", "残差标准差")],
                "value": [
                    self.multiple_r,
                    self.r2,
                    self.adjusted_r2,
                    math.sqrt(self.mean_square_residual),
                ],
            },
            title=Text("Fit of the regression", "回归拟合"),
        )

    def _anova(self) -> Table:
        total = self.ss_model + self.ss_residual
        return Table(
            {
                "source": [Text("Regression", "回归"), Text("Residual", "残差"), Text("Total", "合计")],
                "sum_of_squares": [self.ss_model, self.ss_residual, total],
                "df": [self.df1, self.df2, self.df1 + self.df2],
                "mean_square": [self.ss_model / self.df1, self.mean_square_residual, math.nan],
                "f": [self.f, math.nan, math.nan],
                "p": [self.f_p, math.nan, math.nan],
            },
            title=Text("Analysis of variance", "方差分析"),
            notes=[
                Text(
                    "The F test says that the drivers together explain something; it supports no single "
                    "hypothesis.",
                    "F 检验只说明全部驱动因素合起来有解释力，不能用来支持任何单个假设。",
                )
            ],
            formats={"p": "p"},
        )

    def _correlations(self) -> Table:
        names = [*self._titles(), self._title(self.outcome)]
        rows, columns = np.tril_indices(len(names), -1)
        r = self.correlations[rows, columns]
        lower, upper = intervals.correlation_interval(r, self.correlation_n, confidence=self.confidence)
        p = intervals.correlation_p(r, self.correlation_n)
        return Table(
            {
                "item_a": [names[i] for i in columns],
                "item_b": [names[i] for i in rows],
                "r": r,
                "ci_lower": lower,
                "ci_upper": upper,
                "p": p,
                "stars": [_stars(v) for v in p],
            },
            title=Text("Correlations", "相关系数"),
            notes=[
                Text(
                    "Intervals by Fisher's z; * p < .05, ** p < .01, *** p < .001.",
                    "区间按 Fisher z 变换计算；* p < .05，** p < .01，*** p < .001。",
                )
            ],
            labels={
                "item_a": Text("Between", "变量甲"),
                "item_b": Text("and", "变量乙"),
                "stars": Text("Significance", "显著性"),
            },
            formats={"p": "p"},
        )

    def _checks(self) -> Table:
        return Table(
            {
                "check": [CHECK_WORDS[c.name] for c in self.checks],
                "value": [c.statistic for c in self.checks],
                "p": [c.p for c in self.checks],
                "verdict": [c.finding for c in self.checks],
            },
            title=Text("Checks of the residuals", "残差检查"),
            formats={"p": "p"},
        )

    # Charts

    def _plot_shares(self) -> Plot:
        order = np.argsort(-self.lmg, kind="stable")
        share = self.lmg_share[order]
        titles = [self._title(self.drivers[i]) for i in order]

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.bars(
                ax,
                [t.say(language) for t in titles],
                share,
                xlabel=Text("share of explained variance (LMG)", "占已解释变异的比例 (LMG)").say(language),
                kind="share",
            )

        best = titles[0]
        return Plot(
            draw,
            title=Text("What accounts for {outcome}", "什么影响{outcome}").fill(
                outcome=self._title(self.outcome)
            ),
            description=Text(
                "Bars: share of the explained variance by driver; the largest is {name} with {share}%.",
                "条形图：各驱动因素占已解释变异的比例；最大的是{name}，占 {share}%。",
            ).fill(name=best, share=f"{100 * share[0]:.0f}"),
            size=(6.8, 1.4 + 0.34 * len(titles)),
        )

    def _plot_coefficients(self) -> Plot:
        # on the standardised scale, so that drivers of different units can stand beside each other
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(self.coefficients[1:] != 0, self.beta / self.coefficients[1:], 0.0)
        lower, upper = self.ci_lower[1:] * scale, self.ci_upper[1:] * scale

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.dots(
                ax,
                [t.say(language) for t in self._titles()],
                self.beta,
                lower=lower,
                upper=upper,
                reference=0.0,
                xlabel=Text("standardised coefficient, 95% interval", "标准化系数及 95% 区间").say(language)
                if self.confidence == 0.95
                else Text("standardised coefficient with interval", "标准化系数及区间").say(language),
            )

        return Plot(
            draw,
            title=Text("Effect of each driver beside the others", "各驱动因素的独立影响"),
            description=Text(
                "Dots with intervals: standardised coefficients; an interval that crosses zero shows no "
                "effect of its own.",
                "点与区间：标准化回归系数；区间跨过零表示没有显示出独立影响。",
            ),
            size=(6.8, 1.4 + 0.34 * len(self.drivers)),
        )

    def _plot_residuals(self) -> Plot:
        z = intervals.normal_quantile(self.confidence)
        half = z * self.binned_residual_se

        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.lines(
                ax,
                self.binned_fitted.tolist(),
                [self.binned_residual],
                series_labels=[Text("mean residual", "平均残差").say(language)],
                lower=[self.binned_residual - half],
                upper=[self.binned_residual + half],
                xlabel=Text("fitted value", "拟合值").say(language),
                ylabel=Text("mean residual", "平均残差").say(language),
            )

        return Plot(
            draw,
            title=Text("Residuals along the fitted values", "残差与拟合值"),
            description=Text(
                "Mean residual in groups of respondents of equal size; a bend means that the effect is "
                "not a straight line.",
                "将受访者按拟合值等分成组后各组的平均残差；曲线弯曲说明影响不是直线关系。",
            ),
        )

    def _plot_normality(self) -> Plot:
        def draw(ax: Axes, language: Language) -> None:
            from csat.display import charts

            charts.lines(
                ax,
                self.normal_quantiles.tolist(),
                [self.residual_quantiles, self.normal_quantiles],
                series_labels=[
                    Text("residuals", "残差").say(language),
                    Text("normal", "正态").say(language),
                ],
                xlabel=Text("normal quantile", "正态分位数").say(language),
                ylabel=Text("quantile of the standardised residual", "标准化残差分位数").say(language),
            )

        return Plot(
            draw,
            title=Text("Are the residuals normal?", "残差是否正态？"),
            description=Text(
                "Quantiles of the standardised residuals against those of the normal distribution.",
                "标准化残差的分位数与正态分布分位数的对照。",
            ),
        )


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
    orderings beyond 15 drivers.

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
    fit = _fitted(x, y, w, errors)
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
    shape = _residual_shape(fit)
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
        checks=_residual_checks(x, fit),
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
    cautions = _cautions(result)
    return replace(result, cautions=cautions, verdict=_verdict(cautions))


CHECK_WORDS: Mapping[str, Text] = {
    "breusch_pagan": Text("Equal variances (Breusch-Pagan)", "方差齐性（Breusch-Pagan）"),
    "jarque_bera": Text("Normality (Jarque-Bera)", "正态性（Jarque-Bera）"),
    "skewness": Text("Skewness of the residuals", "残差偏度"),
    "kurtosis": Text("Excess kurtosis of the residuals", "残差超额峰度"),
    "durbin_watson": Text("Neighbouring rows (Durbin-Watson)", "相邻行相关（Durbin-Watson）"),
    "condition_number": Text("Condition number of the drivers", "自变量条件数"),
    "largest_leverage": Text("Largest leverage", "最大杠杆值"),
    "largest_cook": Text("Largest Cook's distance", "最大库克距离"),
}


@dataclass(frozen=True, eq=False)
class _Fit:
    """What statsmodels says about the rows."""

    coefficients: Array
    se: Array
    fitted: Array
    residual: Array
    leverage: Array
    cook: Array
    mean_square: float


def _fitted(x: Array, y: Array, w: Array | None, covariance_type: CovarianceType) -> _Fit:
    # imported here: it takes a second, and only a regression needs it
    from statsmodels.regression.linear_model import OLS, WLS

    design = np.column_stack([np.ones(len(y)), x])
    model = OLS(y, design) if w is None else WLS(y, design, weights=w)
    fit = model.fit(cov_type="HC3" if covariance_type == "HC3" else "nonrobust")
    residual = np.asarray(y - fit.fittedvalues, dtype=float)
    leverage = reg.leverages(x, weights=w)
    return _Fit(
        coefficients=np.asarray(fit.params, dtype=float),
        se=np.asarray(fit.bse, dtype=float),
        fitted=np.asarray(fit.fittedvalues, dtype=float),
        residual=residual,
        leverage=leverage,
        cook=reg.cooks_distance(
            residual, leverage, mean_square=float(fit.scale), coefficients=design.shape[1], weights=w
        ),
        mean_square=float(fit.scale),
    )


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


def _residual_checks(x: Array, fit: _Fit) -> tuple[ResidualCheck, ...]:
    nan = math.nan
    equal = reg.breusch_pagan(x, fit.residual)
    normal, skewness, excess = reg.jarque_bera(fit.residual)
    dw = reg.durbin_watson(fit.residual)
    largest = float(fit.cook.max())
    fine = Text("nothing found", "未见异常")
    return (
        ResidualCheck(
            "breusch_pagan",
            equal.statistic,
            equal.p,
            Text("variances differ: rely on HC3 errors", "方差不齐：请以 HC3 稳健标准误为准")
            if equal.p < CHECKED_BELOW
            else fine,
        ),
        ResidualCheck(
            "jarque_bera",
            normal.statistic,
            normal.p,
            Text("not normal: matters only in small samples", "非正态：仅在小样本时有影响")
            if normal.p < CHECKED_BELOW
            else fine,
        ),
        ResidualCheck("skewness", skewness, nan, NO_FINDING),
        ResidualCheck("kurtosis", excess, nan, NO_FINDING),
        ResidualCheck(
            "durbin_watson",
            dw,
            nan,
            fine
            if 1.5 <= dw <= 2.5
            else Text("rows follow each other: was the file sorted?", "相邻行相关：文件是否排过序？"),
        ),
        ResidualCheck("condition_number", reg.condition_number(x), nan, NO_FINDING),
        ResidualCheck("largest_leverage", float(fit.leverage.max()), nan, NO_FINDING),
        ResidualCheck(
            "largest_cook",
            largest,
            nan,
            fine
            if COOK_LARGE.met(largest)
            else Text("one respondent moves the equation", "个别受访者左右了方程"),
        ),
    )


NO_FINDING = Text("")


@dataclass(frozen=True, eq=False)
class _Shape:
    """Residuals along the fitted values, and their quantiles beside the normal ones."""

    fitted: Array
    residual: Array
    se: Array
    quantiles: Array
    normal: Array


def _residual_shape(fit: _Fit) -> _Shape:
    order = np.argsort(fit.fitted, kind="stable")
    groups = [g for g in np.array_split(order, BINS) if g.size]
    share = np.arange(1, QUANTILES + 1) / (QUANTILES + 1)
    spread = [np.std(fit.residual[g], ddof=1) / math.sqrt(g.size) if g.size > 1 else math.nan for g in groups]
    return _Shape(
        fitted=np.array([fit.fitted[g].mean() for g in groups]),
        residual=np.array([fit.residual[g].mean() for g in groups]),
        se=np.array(spread),
        quantiles=np.quantile(fit.residual / math.sqrt(fit.mean_square), share),
        normal=np.asarray(ndtri(share)),
    )


def _cautions(d: Drivers) -> tuple[Caution, ...]:
    found: list[Caution] = []
    severe = [n for n, v in zip(d.drivers, d.vif, strict=True) if not VIF_SEVERE.met(v)]
    high = [n for n, v in zip(d.drivers, d.vif, strict=True) if not VIF_HIGH.met(v) and n not in severe]
    if severe:
        found.append(
            Caution(
                "collinear_severe",
                Text(
                    "{names} overlap so much (VIF above 10) that their single effects cannot be told "
                    "apart. Merge them, or read LMG shares instead of coefficients.",
                    "{names}之间重叠过多（VIF 大于 10），无法区分各自的影响。请合并这些因素，或改看 LMG "
                    "贡献而不是回归系数。",
                ).fill(names=joined([d._title(n) for n in severe])),
                tuple(severe),
            )
        )
    if high:
        found.append(
            Caution(
                "collinear",
                Text(
                    "{names} overlap with the other drivers (VIF above 5): their coefficients are unsteady.",
                    "{names}与其他驱动因素重叠较多（VIF 大于 5），回归系数不稳定。",
                ).fill(names=joined([d._title(n) for n in high])),
                tuple(high),
            )
        )
    negative = [n for n, b in zip(d.drivers, d.coefficients[1:], strict=True) if b < 0]
    if negative:
        found.append(
            Caution(
                "negative_driver",
                Text(
                    "{names} has a negative coefficient beside the others. Usually drivers that overlap "
                    "cause this (a suppressor), or an item that was not turned; do not read it as harm.",
                    "{names}在控制其他因素后系数为负。通常是因素之间重叠（抑制效应）或有反向题未反转所"
                    "致，不要理解为“有害”。",
                ).fill(names=joined([d._title(n) for n in negative])),
                tuple(negative),
            )
        )
    needed = RESPONDENTS_PER_DRIVER.value * len(d.drivers)
    if d.base.respondents < needed:
        found.append(
            Caution(
                "few_respondents",
                Text(
                    f"{d.base.respondents} respondents are few for {len(d.drivers)} drivers (at least "
                    f"{needed:.0f} are advised).",
                    f"{len(d.drivers)} 个驱动因素只有 {d.base.respondents} 名受访者，偏少（建议至少 "
                    f"{needed:.0f} 名）。",
                ),
            )
        )
    if not EFFECTIVE_N_SMALL.met(d.base.effective_n):
        found.append(
            Caution(
                "effective_n",
                Text(
                    f"The effective n is only {d.base.effective_n:.1f}.",
                    f"有效样本量仅 {d.base.effective_n:.1f}。",
                ),
            )
        )
    if not COOK_LARGE.met(d.largest_cook):
        found.append(
            Caution(
                "influential",
                Text(
                    f"The respondent in row {d.largest_cook_row} moves the whole equation (Cook's "
                    f"distance {d.largest_cook:.2f}). Look at that questionnaire.",
                    f"第 {d.largest_cook_row} 行的受访者单独左右了整个方程（库克距离 {d.largest_cook:.2f}），"
                    "请核对该份问卷。",
                ),
                (f"row {d.largest_cook_row}",),
            )
        )
    return tuple(found)


def _verdict(cautions: Sequence[Caution]) -> Verdict:
    grave = [
        c for c in cautions if c.code in ("collinear_severe", "influential", "few_respondents", "effective_n")
    ]
    if not grave:
        return SOUND
    return Verdict("doubtful", grave[0].text)


def _short(value: float) -> str:
    """Three decimals without a leading zero, as the field writes equations: `.656`, `-1.204`."""
    return in_unit(value, 3).replace("−", "-")


def _p(p: float) -> str:
    return "< .001" if p < 0.001 else f"= {_short(p)}"


def _stars(p: float) -> str:
    return "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""
