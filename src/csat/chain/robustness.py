"""The whole chain again under other treatments of the same answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from csat.chain.action import Action
from csat.errors import CsatError, NumericsError
from csat.language import Text
from csat.responses.responses import INVALID, NO_ANSWER, Responses

if TYPE_CHECKING:
    from csat.analyses.result import Result
    from csat.analyses.sensitivity import Kind, Sensitivity, Treatment

MANY_ROWS = 50_000
"""Above it nothing is fitted row by row: imputation and the ordinal model would take minutes (ours)."""
MANY_ITEMS = 60
"""Items above which answers are not imputed: a step of EM costs patterns x items^3 (ours)."""
REPLICATES, FEWEST_REPLICATES = 1000, 100
Found = TypeVar("Found")


class Robustness(Action):
    """Whether conclusions depend on how the answers are treated."""

    def sensitivity(
        self, *, found: Mapping[str, Result] | None = None, replicates: int = REPLICATES, seed: int = 0
    ) -> Sensitivity:
        """Index, alpha, KMO, fit, R2 and first priorities: as analysed, and under other treatments.

        The treatments: flagged (careless) respondents removed; missing answers filled, with full-information
        fit; items as ordered categories; without weights, where there are some. What a survey has no use for,
        or is too dear for so many rows, is left out and named.

        Parameters
        ----------
        found : results that exist already, by analysis. replicates : of each index's interval.
        """
        from csat.analyses.sensitivity import sensitivity

        own = found or {}
        skipped: dict[str, Text] = {}
        reliability: Any = own.get("reliability") or _tried(self.reliability)
        constructs = () if reliability is None else tuple(reliability.constructs)
        first = self._treated(
            "as analysed", constructs, own, replicates, seed, Text(""), reliability=reliability
        )
        if self.responses.rows > MANY_ROWS:
            # the interval that counts is the one as analysed; of so many rows each costs seconds
            replicates = min(replicates, FEWEST_REPLICATES)
        treatments = [first]
        for kind, make in (
            ("without flagged", self._without_flagged),
            ("imputed", self._imputed),
            ("ordinal", self._ordinal),
            ("unweighted", self._unweighted),
        ):
            made = make(constructs, own, replicates, seed)
            if isinstance(made, Text):
                skipped[kind] = made
            elif made is not None:
                treatments.append(made)
        drivers: Any = own.get("drivers")
        return sensitivity(
            treatments,
            constructs=constructs,
            alpha_lower=() if reliability is None else reliability.alpha_lower.tolist(),
            alpha_upper=() if reliability is None else reliability.alpha_upper.tolist(),
            drivers=len(drivers.drivers) if drivers is not None else len(self.instrument.by_role("driver")),
            skipped=skipped,
            titles=self.titles() | ({} if reliability is None else dict(reliability.titles)),
            base=self._base("available"),
        )

    def _treated(
        self,
        kind: Kind,
        constructs: tuple[str, ...],
        found: Mapping[str, Any],
        replicates: int,
        seed: int,
        how: Text,
        *,
        reliability: Any = None,
        **known: Any,
    ) -> Treatment:
        """The figures of this chain; a stage that gives no number leaves its figure undefined."""
        from csat.analyses.sensitivity import FIRST, Treatment

        def ask(name: str, stage: Callable[[], Found]) -> Found | None:
            return found[name] if name in found else _tried(stage)

        index: Any = ask("index", lambda: self.index(segments=(), replicates=replicates, seed=seed))
        alphas: Any = reliability or ask("reliability", lambda: self.reliability(ordinal=False))
        adequacy: Any = ask("adequacy", self.adequacy)
        model: Any = known.pop("model", None) or ask("cfa", self.cfa)
        drivers: Any = ask("drivers", self.drivers)
        priorities: Any = ask("priorities", lambda: self.priorities(replicates=0, seed=seed))
        by_name = {} if alphas is None else dict(zip(alphas.constructs, alphas.alpha, strict=True))
        return Treatment(
            kind=kind,
            respondents=self.responses.rows,
            index=math.nan if index is None else float(index.score[0]),
            ci_lower=math.nan if index is None else float(index.ci_lower[0]),
            ci_upper=math.nan if index is None else float(index.ci_upper[0]),
            alpha=tuple(float(by_name.get(c, math.nan)) for c in constructs),
            kmo=math.nan if adequacy is None else float(adequacy.kmo),
            **_fit(model),
            r2=math.nan if drivers is None else float(drivers.r2),
            first=() if priorities is None else priorities.items_by_rank()[:FIRST],
            how=how,
        )

    def _without_flagged(
        self, constructs: tuple[str, ...], found: Mapping[str, Any], replicates: int, seed: int
    ) -> Treatment | Text:
        quality: Any = found.get("quality") or _tried(self.quality)
        if quality is None:
            return Text("no sign of careless answering could be computed", "无法计算不认真作答的迹象")
        flagged = quality.scores.n_flags >= quality.at_least
        if not flagged.any():
            return Text("no respondent is flagged", "没有受访者被标记")
        if flagged.all():
            return Text("every respondent is flagged", "所有受访者均被标记")
        how = Text(
            f"{int(flagged.sum())} respondents with at least {quality.at_least} signs of careless answering "
            "left out",
            f"剔除至少有 {quality.at_least} 种不认真作答迹象的 {int(flagged.sum())} 位受访者",
        )
        return _again(self.responses.where(~flagged))._treated(
            "without flagged", constructs, {}, replicates, seed, how
        )

    def _imputed(
        self, constructs: tuple[str, ...], found: Mapping[str, Any], replicates: int, seed: int
    ) -> Treatment | Text:
        responses = self.responses
        codes = np.column_stack([responses.codes(i) for i in self.items])
        fill = (codes == NO_ANSWER) | (codes == INVALID)
        if not fill.any():
            return Text("no answer is missing", "没有缺失的回答")
        if responses.rows > MANY_ROWS or len(self.items) > MANY_ITEMS:
            return Text(
                f"too dear for {responses.rows:,} respondents and {len(self.items)} items",
                f"{responses.rows:,} 位受访者、{len(self.items)} 个题项，计算量过大",
            )
        try:
            filled = self._filled(fill, seed)
        except (NumericsError, np.linalg.LinAlgError) as error:
            text = str(error.named(self.items)) if isinstance(error, NumericsError) else "singular answers"
            return Text(f"the answers have no moments to fill from: {text}", f"无法得到用于填补的矩：{text}")
        how = Text(
            f"{int(fill.sum())} cells without an answer drawn from a normal model of the others (EM, seed "
            f"{seed}), 'not applicable' never; fit by full information",
            f"对 {int(fill.sum())} 个未作答单元格按其余回答的正态模型抽取填补（EM，种子 {seed}），"
            "“不适用”不填补；拟合用完全信息",
        )
        model = _tried(lambda: self.cfa(missing="fiml"))
        return _again(filled)._treated(
            "imputed", constructs, {}, replicates, seed, how, model=model or _NO_MODEL
        )

    def _filled(self, fill: NDArray[np.bool_], seed: int) -> Responses:
        from csat.numerics.imputation import imputed

        responses = self.responses
        scales = [self.instrument.item(i).scale for i in self.items]
        whole = np.array([i not in responses.reasons for i in self.items])
        values = imputed(
            responses.answers(self.items),
            fill,
            low=np.array([-np.inf if s is None else s.minimum for s in scales]),
            high=np.array([np.inf if s is None else s.maximum for s in scales]),
            whole=whole,
            weights=responses.weights,
            seed=seed,
        )
        columns, reasons = dict(responses.columns), dict(responses.reasons)
        for at, item in enumerate(self.items):
            here = fill[:, at] & ~np.isnan(values[:, at])
            column, scale = columns[item].copy(), scales[at]
            if item in reasons:
                column[here] = values[here, at]
                reasons[item] = np.where(here, 0, reasons[item]).astype(np.int8)
            elif scale is not None:
                column[here] = values[here, at] - scale.minimum
            columns[item] = column
        return replace(responses, columns=columns, reasons=reasons)

    def _ordinal(
        self, constructs: tuple[str, ...], found: Mapping[str, Any], replicates: int, seed: int
    ) -> Treatment | Text:
        from csat.analyses.sensitivity import Treatment

        if any(i in self.responses.reasons for i in self._construct_items()):
            return Text("some items are measured quantities, not categories", "部分题项为测量值，不是类别")
        known: Any = found.get("reliability")
        reliability: Any = known or _tried(self.reliability)
        adequacy: Any = _tried(lambda: self.adequacy(correlation="polychoric"))
        many = self.responses.rows > MANY_ROWS or len(self._construct_items()) > MANY_ITEMS
        model: Any = None if many else _tried(lambda: self.cfa(estimator="WLSMV", ordered=True))
        alphas = (
            {}
            if reliability is None
            else dict(zip(reliability.constructs, reliability.alpha_ordinal, strict=True))
        )
        figures = _fit(model, "_scaled")
        kmo = math.nan if adequacy is None else float(adequacy.kmo)
        alpha = tuple(float(alphas.get(c, math.nan)) for c in constructs)
        if not any(map(math.isfinite, (kmo, figures["cfi"], *alpha))):
            return Text("there are no polychoric correlations of these answers", "这些回答没有可用的多项相关")
        how = Text(
            "polychoric correlations, weighted least squares (WLSMV, scaled)",
            "多项相关，加权最小二乘（WLSMV，校正值）",
        )
        if many:
            how = Text(
                "polychoric correlations; the ordinal model is too dear for "
                f"{self.responses.rows:,} respondents and {len(self.items)} items",
                f"多项相关；{self.responses.rows:,} 位受访者、{len(self.items)} 个题项，有序模型计算量过大",
            )
        return Treatment(
            kind="ordinal",
            respondents=self.responses.rows,
            alpha=alpha,
            kmo=kmo,
            cfi=figures["cfi"],
            rmsea=figures["rmsea"],
            how=how,
        )

    def _unweighted(
        self, constructs: tuple[str, ...], found: Mapping[str, Any], replicates: int, seed: int
    ) -> Treatment | None:
        if self.responses.weights is None:
            return None  # nothing to take away, and nothing to say about it
        how = Text("every respondent counts once", "每位受访者权重为 1")
        bare = _again(self.responses.weighted_by(None))
        return bare._treated("unweighted", constructs, {}, replicates, seed, how)


class _NoModel:
    """A model that gave no fit."""

    fit: Mapping[str, float] = {}


_NO_MODEL = _NoModel()


def _fit(model: Any, ending: str = "") -> dict[str, float]:
    fit: Mapping[str, float] = {} if model is None else model.fit
    return {key: float(fit.get(key + ending, fit.get(key, math.nan))) for key in ("cfi", "rmsea")}


def _again(responses: Responses) -> Robustness:
    return Robustness(responses)


def _tried(ask: Callable[[], Found]) -> Found | None:
    try:
        return ask()
    except CsatError:
        return None  # its own command says why; here its figure stays undefined
