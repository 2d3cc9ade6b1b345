"""The levels one after another, and what is let go where one does not hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from csat.analyses.guidelines import (
    CFI_FALL,
    EQUAL_ITEMS,
    FIT_POOR,
    INVARIANCE_CHANCE,
    RMSEA_RISE,
    SCORE_WORTH_FREEING,
    SRMR_RISE,
)
from csat.analyses.invariance.groups import Ground
from csat.analyses.invariance.result import (
    LEVEL_NAMES,
    ORDERED_NAMES,
    LevelFit,
    Release,
)
from csat.analyses.result import Caution
from csat.errors import CannotCompute, NumericsError
from csat.language import Text, joined
from csat.numerics.comparison import difference
from csat.numerics.fitting import Fit, Sample, fit
from csat.numerics.invariance import Equal, Step
from csat.numerics.letting_go import Place, score_tests

if TYPE_CHECKING:
    pass

Array = NDArray[np.float64]

OWN: Mapping[Step, Equal] = {"metric": "loadings", "scalar": "intercepts", "strict": "residuals"}
"""What a level holds equal beyond the level before."""


class Ladder:
    """Levels one after another: `rungs` and `fits` go together, `accepted` is the highest kept so far."""

    def __init__(
        self,
        ground: Ground,
        samples: Sequence[Sample],
        groups: tuple[str, ...],
        estimator: str,
        partial: bool,
    ) -> None:
        self.ground, self.samples, self.groups = ground, samples, groups
        self.estimator, self.partial = estimator, partial
        self.rungs: list[LevelFit] = []
        self.fits: list[Fit] = []
        self.released: list[tuple[Equal, int]] = []
        self.releases: list[Release] = []
        self.cautions: list[Caution] = []
        self.accepted: Step | None = None

    def climb(self, levels: Sequence[Step]) -> None:
        """One level after another."""
        broken = False
        for level in levels:
            found = self._fitted(level, self.released)
            if found is None or not found.estimate.converged:
                self._stopped(level)
                return
            against = self._within(found)
            before = None if against is None else self.fits[against]
            rung = self._rung(level, found, against, freed=len(self.released))
            self.rungs.append(rung)
            self.fits.append(found)
            if rung.holds or broken or level not in OWN or not self.partial or before is None:
                self.releases += self._said(level, self._tests(found, level, self.released))
            else:
                rung = self._let_go(level, rung, found, against)
            broken = broken or not rung.holds
            if not broken:
                self.accepted = level

    def _within(self, found: Fit) -> int | None:
        """The last level so far that a level may lie within, None for the first.

        Of items with two answers equal thresholds are as many as scales they free: such a level restricts
        the first, but not the one before it.
        """
        nested = [k for k, fit in enumerate(self.fits) if fit.test.df < found.test.df]
        return nested[-1] if nested else len(self.fits) - 1 if self.fits else None

    def _rung(self, level: Step, found: Fit, against: int | None, *, freed: int) -> LevelFit:
        if against is None:
            return level_fit(level, found, None, freed=freed)
        rung = level_fit(level, found, self.fits[against], freed=freed)
        return replace(rung, against=self.rungs[against].level)

    def _fitted(self, level: Step, released: Sequence[tuple[Equal, int]]) -> Fit | None:
        ground = self.ground
        models, total = ground.models(len(self.samples), level, released)
        try:
            return fit(
                models,
                self.samples,
                total,
                estimator=self.estimator,
                start=ground.spread(models, total, ground.start, math.nan),
                lower=ground.spread(models, total, ground.lower, -math.inf),
                upper=ground.spread(models, total, ground.upper, math.inf),
            )
        except NumericsError as err:
            raise err.named(ground.table.observed, where=f"the {level} level") from err
        except np.linalg.LinAlgError:
            return None

    def _stopped(self, level: Step) -> None:
        if not self.rungs:
            alone = self._failing_alone()
            raise CannotCompute(
                f"no best solution was found in {', '.join(alone)}"
                if alone
                else "no best solution was found with every group's own parameters",
                where="the configural level",
                do="Fit the model to each group alone (csat cfa), and simplify it or merge groups",
            )
        text = Text(
            "No solution was found at the level {level}: it and what follows are not judged.",
            "{level}未能求解：该层次及其后各层次不作判断。",
        ).fill(level=(LEVEL_NAMES if self.ground.thresholds is None else ORDERED_NAMES)[level])
        self.cautions.append(Caution("not_converged", text, (level,)))

    def _failing_alone(self) -> list[str]:
        """Groups, with their size, to which the model cannot be fitted even by themselves."""
        failing = []
        for name, sample in zip(self.groups, self.samples, strict=True):
            models, total = self.ground.models(1, "configural", ())
            try:
                found = fit(models, [sample], total, estimator=self.estimator)
            except (NumericsError, np.linalg.LinAlgError):
                found = None
            if found is None or not found.estimate.converged:
                failing.append(f"{name} (n = {sample.n:g})")
        return failing

    def _let_go(self, level: Step, rung: LevelFit, found: Fit, against: int | None) -> LevelFit:
        """Let equalities go until the level holds; where that cannot be, all stay."""
        released, freed = list(self.released), list[_Test]()
        whole = tests = self._tests(found, level, released)
        while not rung.holds:
            allowed = [t for t in tests if self._may_go(t, released)]
            if not allowed or not SCORE_WORTH_FREEING.met(allowed[0].p):
                break
            released += [(allowed[0].kind, at) for at in self.ground.alike(allowed[0].kind, allowed[0].at)]
            freed.append(allowed[0])
            again = self._fitted(level, released)
            if again is None or not again.estimate.converged:
                break
            found, tests = again, self._tests(again, level, released)
            rung = self._rung(level, found, against, freed=len(released))
        if not rung.holds:
            self.releases += self._said(level, whole)
            if freed:
                names = LEVEL_NAMES if self.ground.thresholds is None else ORDERED_NAMES
                text = Text(
                    "{level}: freeing {names} one after another does not restore the fit.",
                    "{level}：即使依次放开{names}，拟合仍达不到要求。",
                ).fill(level=names[level], names=joined([r.said() for r in self._said(level, freed)]))
                self.cautions.append(Caution("partial_fails", text, (level,)))
            return self.rungs[-1]
        self.rungs.append(rung)
        self.fits.append(found)
        self.released = [*released, *self._with_loadings(released)] if level == "metric" else released
        order = len([r for r in self.releases if r.freed])
        gone = self._said(level, freed)
        self.releases += [replace(r, freed=order + i + 1) for i, r in enumerate(gone)]
        self.releases += self._said(level, tests)
        return rung

    def _with_loadings(self, released: Sequence[tuple[Equal, int]]) -> list[tuple[Equal, int]]:
        """What goes with loadings: without a common loading a common intercept has no meaning."""
        ground = self.ground
        items = {ground.item_of(kind, at) for kind, at in released if kind == "loadings"}
        return [(kind, at) for kind, at in ground.movable("scalar") if ground.item_of(kind, at) in items]

    def _may_go(self, test: _Test, released: Sequence[tuple[Equal, int]]) -> bool:
        """Whether two items of each construct concerned stay equal."""
        ground, kind = self.ground, test.kind
        gone = {at for k, at in released if k == kind} | set(ground.alike(kind, test.at))
        loose = {ground.item_of(kind, at) for at in gone}
        for at in gone:
            item = ground.item_of(kind, at)
            concerned = (
                [int(ground.cells(kind).column[at])] if kind == "loadings" else ground.constructs_of(item)
            )
            for construct in concerned:
                if not EQUAL_ITEMS.met(sum(i not in loose for i in ground.items_of(construct))):
                    return False
        return True

    def _tests(self, found: Fit, level: Step, released: Sequence[tuple[Equal, int]]) -> list[_Test]:
        """Score tests of the equalities a level adds, largest first.

        Each is about letting all groups have their own number; the group named is the one whose own number
        alone would change most.
        """
        ground, gone = self.ground, set(released)
        movable = [m for m in ground.movable(level) if m not in gone]
        others = range(1, len(self.groups))
        sets: list[list[Place]] = []
        for kind, at in movable:
            single = [ground.places(kind, at, g) for g in others]
            sets += [*single, [place for places in single for place in places]]
        results = score_tests(found, sets)
        made, step = [], len(self.groups)
        for k, (kind, at) in enumerate(movable):
            *single_tests, joint = results[k * step : (k + 1) * step]
            if joint.df:
                most = max(range(len(single_tests)), key=lambda g: single_tests[g].statistic)
                made.append(_Test(kind, at, most + 1, joint.statistic, joint.df))
        return sorted(made, key=lambda t: (t.p, -t.statistic))

    def _said(self, level: Step, tests: Sequence[_Test]) -> list[Release]:
        names, found = self.ground.table.variables, []
        for t in tests:
            item = names[self.ground.item_of(t.kind, t.at)]
            cells = self.ground.cells(t.kind)
            parameter = {
                "loadings": f"{names[int(cells.column[t.at])]} =~ {item}",
                "intercepts": f"{item} ~ 1",
                "residuals": f"{item} ~~ {item}",
                "thresholds": f"{item} | t1-t{int((cells.row == t.at).sum())}",
            }[t.kind]
            found.append(
                Release(level, t.kind, item, parameter, self.groups[t.group], t.statistic, t.p, t.df)
            )
        return found


@dataclass(frozen=True)
class _Test:
    """The score test of an equality in all groups; group : the one that differs most."""

    kind: Equal
    at: int
    group: int
    statistic: float
    df: int

    @property
    def p(self) -> float:
        return float(chdtrc(self.df, max(self.statistic, 0.0)))


def level_fit(level: Step, found: Fit, before: Fit | None, *, freed: int) -> LevelFit:
    """A level and whether it holds.

    It is lost when an index passes its guideline and the difference test does not put that down to chance:
    with few degrees of freedom indices alone lose up to half of the ladders that hold in the
    population.
    """
    now = found.measures
    version = _version(now)
    rise = dict.fromkeys(("cfi", "rmsea", "srmr"), math.nan)
    gap, gap_df, gap_p = math.nan, 0, math.nan
    beyond: tuple[str, ...]
    if before is None:
        first = {"cfi": now[f"cfi{version}"], "srmr": now["srmr"]}
        beyond = tuple(name for name, value in first.items() if not FIT_POOR[name].met(value))
    else:
        then = before.measures
        common = version if version == _version(then) else ""
        rise = {name: now[f"{name}{common}"] - then[f"{name}{common}"] for name in ("cfi", "rmsea")}
        rise["srmr"] = now["srmr"] - then["srmr"]
        limit = SRMR_RISE.get(level, SRMR_RISE["strict"])
        kept = {
            "cfi": CFI_FALL.met(-rise["cfi"]),
            "rmsea": RMSEA_RISE.met(rise["rmsea"]),
            "srmr": limit.met(rise["srmr"]),
        }
        beyond = tuple(name for name, met in kept.items() if not met)
        gap_df = found.test.df - before.test.df
        if gap_df > 0:
            test = difference(found, before)
            if math.isnan(test.p) and test.scaling == "satorra_bentler_2001":
                test = difference(found, before, scaling="satorra_2000")
            gap, gap_p = test.chisq, test.p
    # full information with ordinary errors has robust CFI and RMSEA, but no scaled test
    scaled = "_scaled" if version and "chisq_scaled" in now else ""
    return LevelFit(
        level=level,
        freed=freed,
        parameters=found.theta.size,
        fit=dict(now),
        chi_square=now[f"chisq{scaled}"],
        df=found.test.df,
        p=now[f"pvalue{scaled}"],
        cfi=now[f"cfi{version}"],
        rmsea=now[f"rmsea{version}"],
        srmr=now["srmr"],
        cfi_change=rise["cfi"],
        rmsea_change=rise["rmsea"],
        srmr_change=rise["srmr"],
        difference=gap,
        difference_df=gap_df,
        difference_p=gap_p,
        beyond=beyond,
        holds=not beyond or INVARIANCE_CHANCE.met(gap_p),
    )


def _version(measures: Mapping[str, float]) -> str:
    """The best version of CFI and RMSEA there is: robust, else scaled, else plain."""
    for version in ("_robust", "_scaled"):
        if all(math.isfinite(measures.get(f"{name}{version}", math.nan)) for name in ("cfi", "rmsea")):
            return version
    return ""
