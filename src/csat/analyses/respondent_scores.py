"""Scores of every respondent on every construct: means of answers, 0-100, PLS composites, factor scores.

Rows keep the order of the data, and their number and name; who answered nothing of a construct has no score.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Base, Caution, Result
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.assembling import assembled
from csat.analyses.structural.choosing import AUTO, chosen
from csat.analyses.structural.model import StructuralModel
from csat.analyses.structural.options import Options, check_options
from csat.analyses.structural.ordering import with_covariates_known
from csat.analyses.structural.solving import Solution, solved
from csat.display.style import in_unit
from csat.display.table import Table
from csat.errors import BadInput, CannotCompute, NumericsError, UnknownName
from csat.instrument.parameters import parameter_table
from csat.instrument.statements import Model
from csat.instrument.syntax import parse_model
from csat.language import Text, joined
from csat.numerics.factor_scores import construct_scores, determinacy, modal_scores

Array = NDArray[np.float64]

Method = Literal["mean", "sum", "0-100", "regression", "Bartlett", "EBM", "PLS"]
METHODS: tuple[Method, ...] = ("mean", "sum", "0-100", "regression", "Bartlett", "EBM", "PLS")
OF_A_MODEL = ("regression", "Bartlett", "EBM")

METHOD_TEXTS: Mapping[str, Text] = {
    "mean": Text("mean of the answered items", "已答题项的均值"),
    "sum": Text(
        "sum of the items, a silent one counting as the respondent's mean", "题项之和，缺失题项按本人均值计"
    ),
    "0-100": Text(
        "mean of the answered items, each 0-100 of its scale", "已答题项的均值，各题按量表折算为 0-100"
    ),
    "regression": Text("factor scores by regression", "回归法因子得分"),
    "Bartlett": Text("factor scores by Bartlett's method", "Bartlett 法因子得分"),
    "EBM": Text("factor scores, empirical Bayes modal", "经验贝叶斯众数因子得分"),
    "PLS": Text("PLS composites of standardised items", "PLS 构念得分（题项已标准化）"),
}

DETERMINATE = 0.80
"""Correlation of a factor score with its construct below which it says little of one respondent (Gorsuch)."""

RISKY = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet program would take for the beginning of a formula."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RespondentScores(Result):
    """Scores of respondents, made by `factor_scores` and `composite_scores`. n rows, c constructs."""

    title = Text("Scores of respondents", "受访者得分")
    name = "scores"

    method: str
    constructs: tuple[str, ...]
    rows: tuple[int, ...]
    """(n,) 1-based row of the data."""
    respondents: tuple[str, ...] = ()
    """(n,) as the file names them; empty where it does not."""
    scores: Array
    """(n, c), NaN where there is none."""
    determinacy: Array = field(default_factory=lambda: np.zeros(0))
    """(c,) correlation of a factor score with its construct; empty for other scores."""
    model: str = ""
    estimator: str = ""
    fit: Mapping[str, float] = field(default_factory=dict)
    titles: Mapping[str, Text] = field(default_factory=dict)

    def headline(self) -> tuple[Text, ...]:
        """How many have scores on all constructs."""
        full = int((~np.isnan(self.scores)).all(axis=1).sum())
        none = int(np.isnan(self.scores).all(axis=1).sum())
        return (
            Text(
                "{full} of {n} respondents have a score on every construct, {none} on none ({how}).",
                "{n} 名受访者中 {full} 名在所有构念上有得分，{none} 名没有任何得分（{how}）。",
            ).fill(full=full, n=len(self.rows), none=none, how=METHOD_TEXTS[self.method]),
        )

    def tables(self) -> dict[str, Table]:
        """`summary`, a row a construct."""
        known = [column[~np.isnan(column)] for column in self.scores.T]
        columns: dict[str, Sequence[object]] = {
            "construct": [self.titles.get(c) or Text(c) for c in self.constructs],
            "n": [int(k.size) for k in known],
            "mean": [float(k.mean()) if k.size else math.nan for k in known],
            "sd": [float(k.std(ddof=1)) if k.size > 1 else math.nan for k in known],
            "minimum": [float(k.min()) if k.size else math.nan for k in known],
            "maximum": [float(k.max()) if k.size else math.nan for k in known],
        }
        if self.determinacy.size:
            columns["determinacy"] = self.determinacy.tolist()
        return {
            "summary": Table(
                columns,
                title=Text("Scores of respondents", "受访者得分"),
                notes=self._notes(),
                labels={"determinacy": Text("Correlation with the construct", "与构念的相关")},
            )
        }

    def _notes(self) -> list[Text]:
        said = METHOD_TEXTS[self.method]
        notes = [Text(f"Scores: {said.en}; unweighted figures.", f"得分：{said.zh}；未加权。")]
        if self.fit:
            fit = f"CFI {in_unit(self.fit['cfi'], 3)}, RMSEA {in_unit(self.fit['rmsea'], 3)}"
            notes.append(
                Text(f"Model fitted by {self.estimator}: {fit}.", f"模型以 {self.estimator} 估计：{fit}。")
            )
        return notes

    def columns(self) -> dict[str, list[object]]:
        """What a file holds: row, respondent where known, a column a construct; None for no score."""
        found: dict[str, list[object]] = {"row": list(self.rows)}
        if self.respondents:
            found["respondent"] = list(self.respondents)
        for c, column in zip(self.constructs, self.scores.T, strict=True):
            found[c] = [None if math.isnan(v) else v for v in column.tolist()]
        return found

    def to_csv(self) -> bytes:
        """The columns as CSV that a spreadsheet program reads as it is: no text can pass for a formula."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        found = self.columns()
        writer.writerow([_harmless(name) for name in found])
        for row in zip(*found.values(), strict=True):
            writer.writerow(["" if v is None else _harmless(v) for v in row])
        return out.getvalue().encode("utf-8-sig")


def composite_scores(
    answers: Array,
    blocks: Mapping[str, Sequence[int]],
    *,
    method: Method = "mean",
    base: Base,
    rows: Sequence[int],
    respondents: Sequence[str] = (),
    weights: Mapping[str, Array] | None = None,
    titles: Mapping[str, Text] | None = None,
) -> RespondentScores:
    """Scores that need no model: means, sums, 0-100, or weighted composites of the items of a block.

    Parameters
    ----------
    answers : (n, p), NaN where silent; for "0-100" already 0-100, for "PLS" standardised. blocks : construct
    to its columns. weights : of the items of each block, for "PLS"; such a score needs all the block's items.
    """
    from csat.numerics.scores import construct_scores as means

    if weights is None:
        scores = means(answers, list(blocks.values()), how="sum" if method == "sum" else "mean")
    else:
        scores = np.column_stack([answers[:, list(at)] @ weights[c] for c, at in blocks.items()])
    return RespondentScores(
        base=base,
        method=method,
        constructs=tuple(blocks),
        rows=tuple(int(r) for r in rows),
        respondents=tuple(respondents),
        scores=scores,
        titles=dict(titles or {}),
    )


def factor_scores(
    model: Model | str,
    data: Answers,
    *,
    method: Method = "regression",
    estimator: str = AUTO,
    missing: str = "listwise",
    ordered: Collection[str] | bool = False,
    std_lv: bool = False,
    rows: Sequence[int] = (),
    respondents: Sequence[str] = (),
    titles: Mapping[str, Text] | None = None,
) -> RespondentScores:
    """Factor scores of every respondent who answered something.

    Parameters
    ----------
    model : parsed, or text in lavaan syntax. data : all respondents, silent ones too. method : "regression",
    "Bartlett", or "EBM" (empirical Bayes modal), which is what regression means where items are ordered.
    estimator, missing, ordered, std_lv : as `sem`. rows, respondents : of the data.

    Raises
    ------
    CannotCompute : the model has no proper solution. BadInput : a method that does not go with the items.
    """
    if method not in OF_A_MODEL:
        raise UnknownName("method of factor scores", method, OF_A_MODEL)
    whole = parse_model(model) if isinstance(model, str) else model
    if not whole.latents:
        raise BadInput(
            "the model measures no construct, so there is nothing to score",
            where="the model",
            do="Say what measures a construct, as in F =~ x1 + x2 + x3",
        )
    options = Options(
        estimator=estimator,
        likelihood="normal",
        std_lv=std_lv,
        orthogonal=False,
        fixed_x=True,
        mean_structure=False,
        guidelines="Hu-Bentler",
        confidence=0.95,
        missing=missing,
        ordered=ordered,
        modifications=0,
    )
    options = chosen(options, whole, data)
    check_options(options)
    if options.ordered and method == "Bartlett":
        raise BadInput(
            "Bartlett's scores are for items that are numbers, and items are ordered here",
            right="With ordered items the method is EBM",
        )
    table = parameter_table(
        whole,
        std_lv=std_lv,
        fixed_x=options.fixes_covariates,
        mean_structure=options.missing == "fiml",
    )
    found = solved(table, data, options)
    fitted = assembled(
        StructuralModel, whole, found, options=options, hypotheses=(), known=(), titles=dict(titles or {})
    )
    if fitted.verdict.failed:
        raise CannotCompute(
            f"nobody can be given factor scores: {fitted.verdict.text.en}",
            where="the model",
            do="Put the model right first (csat sem), or use scores that need none (mean, 0-100)",
        )
    own = data.select(found.table.observed)
    # where items are numbers the mode of a normal posterior is its mean
    scores = _modal(found, own) if options.ordered else _linear(found, own, method)
    how = "EBM" if options.ordered else method
    constructs = found.table.latents
    certain = np.zeros(0)
    cautions: list[Caution] = []
    if not options.ordered:
        certain = determinacy(found.structure, found.estimate.implied[0])
        weak = [c for c, r in zip(constructs, certain.tolist(), strict=True) if r < DETERMINATE]
        if weak:
            cautions.append(_poorly_determined(weak, titles or {}))
    return RespondentScores(
        base=replace(fitted.base, rows=len(data.rows)),
        cautions=tuple(cautions),
        verdict=fitted.verdict,
        method=how,
        constructs=constructs,
        rows=tuple(int(r) for r in rows) or tuple(range(1, len(data.rows) + 1)),
        respondents=tuple(respondents),
        scores=scores,
        determinacy=certain,
        model=whole.text or whole.to_text(),
        estimator=options.estimator,
        fit=fitted.fit,
        titles=dict(titles or {}),
    )


def _linear(found: Solution, own: Answers, method: Method) -> Array:
    has_means = found.structure.has_means
    rows = own.rows
    covariates = [own.items.index(x) for x in found.table.covariates]
    if covariates:
        # a score given covariates needs them all
        rows = np.where(_any_gap(rows[:, covariates])[:, None], np.nan, rows)
    silent = np.isnan(np.delete(rows, covariates, axis=1)).all(axis=1)
    scores = construct_scores(
        found.structure,
        found.estimate.theta,
        found.estimate.implied[0],
        rows,
        kind="Bartlett" if method == "Bartlett" else "regression",
        centre=None if has_means else found.moments.means,
    )
    scores[silent] = np.nan
    return scores


def _any_gap(values: Array) -> NDArray[np.bool_]:
    """(n,) whether a row has a silent cell."""
    return np.asarray(np.isnan(values).any(axis=1))


def _modal(found: Solution, own: Answers) -> Array:
    items = [i for i in found.table.observed if i not in found.table.covariates]
    covariates = found.table.covariates
    ordered = list(dict.fromkeys(item for item, *_ in found.thresholds))
    codes, _ = own.codes(numbers=[i for i in own.items if i not in ordered])
    values = own.rows.copy()
    for name in ordered:
        at = own.items.index(name)
        # categories nobody chose have no threshold of their own
        used = np.unique(codes[codes[:, at] >= 0, at])
        place = np.searchsorted(used, codes[:, at]).astype(float)
        values[:, at] = np.where(codes[:, at] >= 0, place, np.nan)
    at_items = [own.items.index(i) for i in items]
    given = np.array([found.table.observed.index(x) for x in covariates], dtype=np.intp)
    known = with_covariates_known(own, covariates)
    structure = found.structure
    rows = values[:, at_items]
    x = own.rows[:, [own.items.index(c) for c in covariates]]
    if covariates:
        structure = replace(structure, observed=len(items))
        rows = np.where(_any_gap(x)[:, None], np.nan, rows)
        x = np.where(np.isnan(x), known.select(covariates).rows.mean(axis=0), x)
    try:
        return modal_scores(
            structure,
            found.estimate.theta,
            rows,
            item=np.array([items.index(item) for item, *_ in found.thresholds], dtype=np.intp),
            thresholds=np.array([value for *_, value, _ in found.thresholds]),
            given=given,
            covariates=x,
        )
    except NumericsError as err:
        raise err.named(items, where="the model") from err


def _poorly_determined(names: Sequence[str], titles: Mapping[str, Text]) -> Caution:
    return Caution(
        "poorly_determined",
        Text(
            "Scores on {names} correlate below {least} with the construct: fit for groups, not for a "
            "decision about one respondent.",
            "{names}的得分与构念的相关低于 {least}：适用于群体比较，不宜用于对个别受访者的判断。",
        ).fill(names=joined([titles.get(n) or Text(n) for n in names]), least=f"{DETERMINATE:.2f}"),
        tuple(names),
    )


def _harmless(value: object) -> object:
    """A text that a spreadsheet program would compute gets an apostrophe before it; numbers stay."""
    if isinstance(value, str) and value.startswith(RISKY):
        return f"'{value}"
    return value
