"""The second opinion: independent programs are asked for csat's numbers, and the differences are shown.

factor_analyzer gives KMO, Bartlett's test and rotations; statsmodels factors, components and regressions;
semopy structural models. They are no part of the answer: one that is absent, fails or stops short is
reported.
"""

from __future__ import annotations

import io
import logging
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.analyses.adequacy import Adequacy
from csat.analyses.factorial.factors import Factors
from csat.analyses.result import SOUND, Base, Caution, Result, Verdict
from csat.analyses.structural.model import StructuralModel
from csat.display.table import Table
from csat.instrument.statements import COVARIES, INTERCEPT, MEASURES, REGRESSED_ON, quoted
from csat.language import Text, joined
from csat.numerics import regression as reg
from csat.numerics.fit_indices import ml_discrepancy

Array = NDArray[np.float64]

CLOSED_FORM = 1e-8
"""Two programs that compute one formula agree to this, relative to the larger of 1 and the number."""
ITERATED = 1e-3
"""Loadings and communalities of programs that iterate to their own tolerance."""
IN_STANDARD_ERRORS = 0.10
"""Estimates of structural models may differ by this part of their standard error."""
CHI_SQUARE = 0.05
"""Chi-squares of structural models may differ by this."""
PEER_STEPS = 20_000
ROTATOR_STOPS, ROTATOR_STEPS = 1e-6, 1_000
"""Its loop is slow: this takes a tenth of a second and leaves five digits."""
MOST_ROWS = 5_000
"""Rows made for programs that want rows although only correlations matter."""

PEERS = ("factor_analyzer", "statsmodels", "semopy")
KNOWN: Mapping[str, Text] = {
    "factor_analyzer": Text(
        "factor_analyzer 0.5.1 cannot fit a factor model with scikit-learn 1.8 or later; its KMO, "
        "Bartlett and rotation functions work and are used here.",
        "factor_analyzer 0.5.1 在 scikit-learn 1.8 及以上版本下无法拟合因子模型；其 KMO、Bartlett 与旋转"
        "函数可用，此处即采用这些函数。",
    ),
    "statsmodels": Text(
        "statsmodels has no minres; its principal axes, iterated to the end, give the same solution.",
        "statsmodels 没有 minres 方法；其主轴法迭代至收敛时给出相同的解。",
    ),
    "semopy": Text(
        "semopy 2.3.11 stops a little short of the optimum, prints the NFI under the name GFI, gives a "
        "log-likelihood (hence AIC and BIC) that is none, a wrong chi-square with missing answers, and "
        "calls models without identification a success: only its estimates and the discrepancy they "
        "imply are compared.",
        "semopy 2.3.11 在最优点之前就停止，把 NFI 当作 GFI 输出，给出的对数似然（以及 AIC、BIC）并非真正"
        "的对数似然，有缺失回答时卡方值错误，并把不可识别的模型报告为成功：因此这里只比较其估计值及由此得"
        "到的拟合函数值。",
    ),
}
"""What the peers are known to do wrong, measured (DESIGN 5)."""

ROTATORS: Mapping[str, tuple[str, bool]] = {
    "varimax": ("varimax", True),
    "quartimax": ("quartimax", False),
    "promax": ("promax", True),
    "oblimin": ("oblimin", False),
    "quartimin": ("quartimin", False),
    "geomin": ("geomin_obl", False),
}
"""csat's rotation to factor_analyzer's name and whether rows are normalised."""


@dataclass(frozen=True)
class Agreement:
    """One comparison.

    ours, theirs : the pair that differs most. difference : in the unit of `tolerance`. explained : they
    differ for a reason that does not speak against csat's number; `note` says which.
    """

    check: str
    what: Text
    program: str
    compared: int
    where: str
    ours: float
    theirs: float
    difference: float
    tolerance: float
    agrees: bool
    note: Text
    explained: bool = False

    @property
    def ran(self) -> bool:
        """Whether the peer gave an answer at all."""
        return self.compared > 0


@dataclass(frozen=True, eq=False)
class RegressionRows:
    """The rows behind the drivers. outcome : (n,). predictors : (n, p). weights : (n,) or None."""

    outcome: ArrayLike
    predictors: ArrayLike
    names: Sequence[str]
    weights: ArrayLike | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Crosscheck(Result):
    """csat's numbers beside those of other programs, made by `crosscheck`."""

    title = Text("Second opinion", "交叉验证")
    name = "crosscheck"

    agreements: tuple[Agreement, ...]

    @property
    def disagreements(self) -> tuple[Agreement, ...]:
        """Comparisons that ran and did not agree."""
        return tuple(a for a in self.agreements if a.ran and not a.agrees)

    def tables(self) -> dict[str, Table]:
        """`agreement`, `peers`."""
        rows = self.agreements
        return {
            "agreement": Table(
                {
                    "check": [a.what for a in rows],
                    "program": [a.program for a in rows],
                    "compared": [a.compared for a in rows],
                    "ours": [a.ours for a in rows],
                    "theirs": [a.theirs for a in rows],
                    "largest_difference": [a.difference for a in rows],
                    "tolerance": [a.tolerance for a in rows],
                    "agrees": [a.agrees if a.ran else Text("not run", "未运行") for a in rows],
                    "note": [a.note for a in rows],
                },
                title=Text("Do independent programs give the same numbers?", "独立程序的结果是否一致"),
                notes=[
                    Text(
                        "csat and second opinion: the pair that differs most. Differences are relative "
                        "for numbers above 1, and in standard errors for estimates of path models.",
                        "“csat”与“第二意见”列为差异最大的一对数值。大于 1 的数值取相对差异；路径模型的估"
                        "计值以标准误为单位。",
                    )
                ],
                labels={
                    "compared": Text("Numbers compared", "比较的数值个数"),
                    "tolerance": Text("Tolerance", "容许差异"),
                    "note": Text("Note", "说明"),
                },
                formats=dict.fromkeys(("ours", "theirs", "largest_difference", "tolerance"), "precise"),
            ),
            "peers": Table(
                {"program": [_named(p) for p in PEERS], "note": [KNOWN[p] for p in PEERS]},
                title=Text("What is known about these programs", "这些程序的已知问题"),
                labels={"note": Text("Known", "已知情况")},
            ),
        }

    def headline(self) -> tuple[Text, ...]:
        """How many comparisons agree, and which do not."""
        ran = [a for a in self.agreements if a.ran]
        agree = sum(a.agrees for a in ran)
        said = [
            Text(
                f"{agree} of {len(ran)} comparisons with independent programs agree.",
                f"与独立程序的 {len(ran)} 项比较中有 {agree} 项一致。",
            )
        ]
        silent = [a.what for a in self.agreements if not a.ran]
        if silent:
            said.append(Text("Not compared: {what}.", "未比较：{what}。").fill(what=joined(silent)))
        return tuple(said)


def crosscheck(
    *,
    base: Base,
    adequacy: Adequacy | None = None,
    factors: Factors | None = None,
    regression: RegressionRows | None = None,
    model: StructuralModel | None = None,
) -> Crosscheck:
    """Ask other programs for the numbers of results that were already made.

    Parameters
    ----------
    base : of the survey. adequacy, factors, model : csat's results; None leaves a comparison out. regression
    : the rows of the drivers' regression.

    Never raises for a peer: what is missing or fails is a row that says so.
    """
    found = tuple(
        agreement
        for question in _questions(adequacy, factors, regression, model)
        for agreement in _answered(question)
    )
    apart = [a for a in found if a.ran and not a.agrees]
    cautions = tuple(_caution(a) for a in apart)
    unexplained = [c for c, a in zip(cautions, apart, strict=True) if not a.explained]
    return Crosscheck(
        base=base,
        agreements=found,
        cautions=cautions,
        verdict=Verdict("doubtful", unexplained[0].text) if unexplained else SOUND,
    )


@dataclass(frozen=True)
class _Question:
    """What is asked of a program."""

    check: str
    what: Text
    program: str
    ask: Callable[[], list[Agreement]]


def _questions(
    adequacy: Adequacy | None,
    factors: Factors | None,
    regression: RegressionRows | None,
    model: StructuralModel | None,
) -> Iterator[_Question]:
    if adequacy is not None:
        what = Text("KMO and Bartlett", "KMO 与 Bartlett")
        yield _Question("adequacy", what, "factor_analyzer", lambda: _adequacy(adequacy))
    if factors is not None:
        what = Text("Extraction", "因子提取")
        yield _Question("extraction", what, "statsmodels", lambda: _extraction(factors))
        if len(factors.factors) > 1 and factors.rotation in ROTATORS:
            what = Text("Rotation", "因子旋转")
            yield _Question("rotation", what, "factor_analyzer", lambda: _rotation(factors))
    if regression is not None:
        what = Text("Regression", "回归")
        yield _Question("regression", what, "statsmodels", lambda: _regression(regression))
    if model is not None:
        what = Text("Path model", "路径模型") if model.paths else Text("Measurement model", "测量模型")
        yield _Question("sem", what, "semopy", lambda: _structural(model, what))


def _caution(a: Agreement) -> Caution:
    text = Text(
        "{program} gives another answer for {what}: {theirs} where csat has {ours} ({where}). {note}",
        "{program} 对{what}给出不同的结果：{theirs}，csat 为 {ours}（{where}）。{note}",
    )
    numbers = {"theirs": f"{a.theirs:.6g}", "ours": f"{a.ours:.6g}"}
    filled = text.fill(program=a.program, what=a.what, where=a.where, note=a.note, **numbers)
    return Caution(f"differs_{a.check}", Text(filled.en.strip(), filled.zh.strip()), (a.where,))


def _answered(q: _Question) -> Iterator[Agreement]:
    """The comparisons, or one row that says why there are none."""
    try:
        with _quiet():
            yield from q.ask()
    except ImportError:
        yield _silent(q, Text(f"{q.program} is not installed", f"未安装 {q.program}"))
    except NotCompared as err:
        yield _silent(q, err.why)
    except Exception as err:
        # whatever a peer does, csat's own answer stands
        reason = f"{type(err).__name__}: {err}"[:200]
        yield _silent(q, Text(f"{q.program} failed ({reason})", f"{q.program} 运行失败（{reason}）"))


class NotCompared(Exception):
    """A comparison that would say nothing."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


@contextmanager
def _quiet() -> Iterator[None]:
    """Peers warn and print; none of it is about the survey."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                yield
    finally:
        logging.disable(before)


def _silent(q: _Question, note: Text) -> Agreement:
    nan = math.nan
    return Agreement(q.check, q.what, _named(q.program), 0, "", nan, nan, nan, nan, False, note)


def _named(program: str) -> str:
    """The program with its version."""
    try:
        return f"{program} {version(program)}"
    except PackageNotFoundError:
        return program


@dataclass(frozen=True)
class Reason:
    """Why two programs differ. excuses : it does not speak against csat's number."""

    text: Text
    excuses: bool


LOWER = Text(
    "The other solution fits better: csat's is a local optimum and should not be used.",
    "对方的解拟合更好：csat 停在局部最优，不应使用。",
)
NO_REASON = Reason(Text(""), excuses=False)


def _compared(
    check: str,
    what: Text,
    program: str,
    pairs: Sequence[tuple[str, float, float]],
    *,
    tolerance: float,
    scale: Sequence[float] | None = None,
    why: Callable[[], Reason] | None = None,
) -> Agreement:
    """(name, ours, theirs) pairs; the difference is relative to the larger of 1 and ours, or to `scale`."""
    ours = np.array([a for _, a, _ in pairs], dtype=float)
    theirs = np.array([b for _, _, b in pairs], dtype=float)
    unit = np.maximum(1.0, np.abs(ours)) if scale is None else np.asarray(scale, dtype=float)
    difference = np.abs(ours - theirs) / unit
    difference = np.where(np.isnan(difference), np.inf, difference)
    worst = int(np.argmax(difference))
    agrees = bool(difference[worst] <= tolerance)
    reason = why() if why is not None and not agrees else NO_REASON
    return Agreement(
        check,
        what,
        _named(program),
        len(pairs),
        pairs[worst][0],
        float(ours[worst]),
        float(theirs[worst]),
        float(difference[worst]),
        tolerance,
        agrees,
        reason.text,
        reason.excuses,
    )


def _rows_with(correlation: Array, n: int) -> Array:
    """n rows whose correlations are exactly these: for programs that want rows."""
    p = len(correlation)
    z = np.random.default_rng(0).standard_normal((n, p))
    z -= z.mean(axis=0)
    orthonormal = np.linalg.qr(z)[0]
    return np.asarray(orthonormal @ np.linalg.cholesky(correlation).T)


# factor_analyzer


def _adequacy(ours: Adequacy) -> list[Agreement]:
    from factor_analyzer.factor_analyzer import calculate_bartlett_sphericity, calculate_kmo

    n = int(ours.n)
    # its Bartlett test takes n from the rows; with weights or many rows the statistic is rescaled
    rows = min(max(n, len(ours.items) + 2), MOST_ROWS)
    made = _rows_with(ours.correlations, rows)
    msa, kmo = calculate_kmo(made)
    statistic, _ = calculate_bartlett_sphericity(made)
    per_row = (2 * len(ours.items) + 5) / 6
    statistic = statistic * (ours.n - 1 - per_row) / (rows - 1 - per_row)
    items = [("KMO", ours.kmo, float(kmo))]
    items += [(f"MSA {i}", float(a), float(b)) for i, a, b in zip(ours.items, ours.msa, msa, strict=True)]
    return [
        _compared("kmo", Text("KMO and MSA", "KMO 与 MSA"), "factor_analyzer", items, tolerance=CLOSED_FORM),
        _compared(
            "bartlett",
            Text("Bartlett's chi-square", "Bartlett 卡方"),
            "factor_analyzer",
            [("chi-square", ours.chi_square, float(statistic))],
            tolerance=CLOSED_FORM,
        ),
    ]


def _rotation(ours: Factors) -> list[Agreement]:
    from factor_analyzer.rotator import Rotator

    method, normalise = ROTATORS[ours.rotation]
    start = _unrotated(ours.pattern, ours.phi)
    rotator = Rotator(method=method, normalize=normalise, tol=ROTATOR_STOPS, max_iter=ROTATOR_STEPS)
    turned = rotator.fit_transform(start)
    theirs = _matched(ours.pattern, np.asarray(turned, dtype=float))
    pairs = [
        (f"{item} on {factor}", float(ours.pattern[i, j]), float(theirs[i, j]))
        for i, item in enumerate(ours.items)
        for j, factor in enumerate(ours.factors)
    ]
    return [
        _compared(
            "rotation",
            Text("Loadings after {rotation}", "{rotation} 旋转后的载荷").fill(rotation=ours.rotation),
            "factor_analyzer",
            pairs,
            tolerance=ITERATED,
            why=lambda: _other_rotation(ours, theirs),
        )
    ]


def _other_rotation(ours: Factors, theirs: Array) -> Reason:
    """Why the loadings differ, where csat's are the simpler ones."""
    if ours.rotation == "promax":
        text = Text(
            "The two define promax's target differently (csat follows psych: from normalised loadings).",
            "两者对 promax 目标矩阵的定义不同（csat 采用 psych 的做法：由标准化载荷构造）。",
        )
        return Reason(text, excuses=True)
    if _complexity(ours.pattern) < _complexity(theirs):
        text = Text(
            "Another local optimum of the criterion; csat's loadings are the simpler ones.",
            "对方停在旋转准则的另一个局部最优；csat 的载荷更简单。",
        )
        return Reason(text, excuses=True)
    return NO_REASON


def _complexity(loadings: Array) -> float:
    """Products of squared loadings between columns: what oblique rotations make small."""
    squares = loadings**2
    return float((squares.sum(axis=1) ** 2 - (squares**2).sum(axis=1)).sum())


def _unrotated(pattern: Array, phi: Array) -> Array:
    """Orthogonal loadings with the same L Phi L', in canonical position."""
    values, vectors = np.linalg.eigh(pattern @ phi @ pattern.T)
    m = pattern.shape[1]
    return np.asarray(vectors[:, ::-1][:, :m] * np.sqrt(np.maximum(values[::-1][:m], 0.0)))


def _matched(ours: Array, theirs: Array) -> Array:
    """Their columns in our order and with our signs."""
    from scipy.optimize import linear_sum_assignment

    likeness = ours.T @ theirs
    rows, columns = linear_sum_assignment(-np.abs(likeness))
    signs = np.sign(likeness[rows, columns])
    return np.asarray(theirs[:, columns] * np.where(signs == 0, 1.0, signs))


# statsmodels


def _extraction(ours: Factors) -> list[Agreement]:
    if ours.extraction == "pca":
        return [_components(ours)]
    from statsmodels.multivariate.factor import Factor

    likelihood = ours.extraction == "ml"
    model = Factor(
        corr=ours.correlations, n_factor=len(ours.factors), method="ml" if likelihood else "pa", nobs=ours.n
    )
    # its principal axes go on until the communalities stand still
    fit = model.fit() if likelihood else model.fit(maxiter=PEER_STEPS, tol=1e-12)
    theirs = 1 - np.asarray(fit.uniqueness, dtype=float)
    pairs = [
        (item, float(a), float(b)) for item, a, b in zip(ours.items, ours.communalities, theirs, strict=True)
    ]
    how = Text("maximum likelihood", "极大似然") if likelihood else Text("principal axes", "主轴法")
    return [
        _compared(
            "extraction",
            Text("Communalities ({how})", "共同度（{how}）").fill(how=how),
            "statsmodels",
            pairs,
            tolerance=ITERATED,
            why=lambda: _other_extraction(ours, np.asarray(fit.loadings, dtype=float), likelihood),
        )
    ]


def _other_extraction(ours: Factors, theirs: Array, likelihood: bool) -> Reason:
    def misfit(common: Array) -> float:
        if likelihood:
            sigma = common - np.diag(np.diagonal(common)) + np.eye(len(common))
            return ml_discrepancy(ours.correlations, sigma)
        residual = ours.correlations - common
        return float((residual[np.tril_indices(len(residual), -1)] ** 2).sum())

    if misfit(ours.pattern @ ours.phi @ ours.pattern.T) > misfit(theirs @ theirs.T):
        return Reason(LOWER, excuses=False)
    text = Text(
        "csat's solution fits better: statsmodels stopped short, or left the bounds of the communalities.",
        "csat 的解拟合更好：statsmodels 提前停止，或共同度超出了界限。",
    )
    return Reason(text, excuses=True)


def _components(ours: Factors) -> Agreement:
    from statsmodels.multivariate.pca import PCA

    rows = _rows_with(ours.correlations, len(ours.items) + 2)
    found = PCA(rows, ncomp=len(ours.factors), standardize=True, demean=True)
    share = np.asarray(found.eigenvals, dtype=float)[: len(ours.factors)] / len(rows)
    mine = np.sort(np.linalg.eigvalsh(ours.pattern @ ours.phi @ ours.pattern.T))[::-1][: len(share)]
    pairs = [(f"C{i + 1}", float(a), float(b)) for i, (a, b) in enumerate(zip(mine, share, strict=True))]
    return _compared(
        "extraction",
        Text("Eigenvalues of the components", "主成分特征值"),
        "statsmodels",
        pairs,
        tolerance=CLOSED_FORM,
    )


def _regression(given: RegressionRows) -> list[Agreement]:
    from statsmodels.regression.linear_model import OLS, WLS
    from statsmodels.stats.diagnostic import het_breuschpagan
    from statsmodels.stats.stattools import durbin_watson

    x, y = np.asarray(given.predictors, dtype=float), np.asarray(given.outcome, dtype=float)
    w = None if given.weights is None else np.asarray(given.weights, dtype=float)
    kept = ~(np.isnan(x).any(axis=1) | np.isnan(y))
    kept = kept if w is None else kept & (w > 0)
    x, y, w = x[kept], y[kept], None if w is None else w[kept]
    ours = reg.least_squares(x, y, weights=w)
    e = reg.residuals(x, y, ours.coefficients)
    robust = np.sqrt(np.diagonal(reg.robust_covariance(x, e, weights=w)))
    design = np.column_stack([np.ones(len(y)), x])
    model = OLS(y, design) if w is None else WLS(y, design, weights=w)
    theirs = model.fit()
    named = ["(constant)", *given.names]
    numbers = [(f"b {n}", *v) for n, *v in zip(named, ours.coefficients, theirs.params, strict=True)]
    numbers += [(f"se {n}", *v) for n, *v in zip(named, ours.standard_errors, theirs.bse, strict=True)]
    hc3 = model.fit(cov_type="HC3").bse
    numbers += [(f"HC3 se {n}", *v) for n, *v in zip(named, robust, hc3, strict=True)]
    numbers += [
        ("R2", ours.r2, theirs.rsquared),
        ("adjusted R2", ours.adjusted_r2, theirs.rsquared_adj),
        ("F", ours.f, theirs.fvalue),
    ]
    if w is None:
        bp = het_breuschpagan(theirs.resid, design)
        numbers += [
            ("Breusch-Pagan", reg.breusch_pagan(x, e).statistic, bp[0]),
            ("Durbin-Watson", reg.durbin_watson(e), durbin_watson(theirs.resid)),
        ]
    pairs = [(name, float(a), float(b)) for name, a, b in numbers]
    return [
        _compared(
            "regression",
            Text("Coefficients, errors, R² and F", "系数、标准误、R² 与 F"),
            "statsmodels",
            pairs,
            tolerance=CLOSED_FORM,
        )
    ]


# semopy


def _structural(ours: StructuralModel, what: Text) -> list[Agreement]:
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
        _compared(
            "sem_estimates",
            Text("{what}: estimates, in standard errors", "{what}：估计值（以标准误为单位）").fill(what=what),
            "semopy",
            pairs,
            tolerance=IN_STANDARD_ERRORS,
            scale=errors,
            why=why,
        ),
        _compared(
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
