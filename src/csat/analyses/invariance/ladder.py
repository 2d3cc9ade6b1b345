"""The levels one after another, and what is let go where one does not hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from csat.analyses.guidelines import (
    CFI_FALL,
    EQUAL_ITEMS,
    FIT_POOR,
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
from csat.numerics.modification import release_tests

if TYPE_CHECKING:
    pass

Array = NDArray[np.float64]

OWN: Mapping[Step, Equal] = {"metric": "loadings", "scalar": "intercepts", "strict": "residuals"}
"""What a level holds equal beyond the level before."""

MATRICES = ("directed", "symmetric", "means")
"""Of a structure, in the order in which score tests number their places."""
MATRIX_OF: Mapping[Equal, str] = {"loadings": "directed", "intercepts": "means", "residuals": "symmetric"}


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
        broken = False
        for level in levels:
            found = self._fitted(level, self.released)
            if found is None or not found.estimate.converged:
                self._stopped(level)
                return
            before = self.fits[-1] if self.fits else None
            rung = level_fit(level, found, before, freed=len(self.released))
            self.rungs.append(rung)
            self.fits.append(found)
            if rung.holds or broken or level not in OWN or not self.partial or before is None:
                self.releases += self._said(level, self._tests(found, level))
            else:
                rung = self._let_go(level, rung, found, before)
            broken = broken or not rung.holds
            if not broken:
                self.accepted = level

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

    def _let_go(self, level: Step, rung: LevelFit, found: Fit, before: Fit) -> LevelFit:
        """Let equalities go until the level holds; where that cannot be, all stay."""
        kind, released, freed = OWN[level], list(self.released), []
        whole = tests = self._tests(found, level)
        while not rung.holds:
            allowed = [t for t in tests if self._may_go(kind, t[0], released)]
            if not allowed or not SCORE_WORTH_FREEING.met(allowed[0][2]):
                break
            released += self._with_it(kind, allowed[0][0])
            freed.append(allowed[0])
            again = self._fitted(level, released)
            if again is None or not again.estimate.converged:
                break
            found, tests = again, self._tests(again, level)
            rung = level_fit(level, found, before, freed=len(released))
        if not rung.holds:
            self.releases += self._said(level, whole)
            text = Text(
                "{level}: freeing {names} one after another does not restore the fit.",
                "{level}：即使依次放开{names}，拟合仍达不到要求。",
            ).fill(level=LEVEL_NAMES[level], names=joined([r.said() for r in self._said(level, freed)]))
            if freed:
                self.cautions.append(Caution("partial_fails", text, (level,)))
            return self.rungs[-1]
        self.rungs.append(rung)
        self.fits.append(found)
        self.released = released
        if kind == "loadings":
            # without a common loading a common intercept has no meaning
            items = {int(self.ground.structure.directed.row[at]) for k, at in released if k == kind}
            means = self.ground.structure.means
            self.released += [
                ("intercepts", int(at)) for at in np.flatnonzero(means.free) if int(means.row[at]) in items
            ]
        order = len([r for r in self.releases if r.freed])
        gone = self._said(level, freed)
        self.releases += [replace(r, freed=order + i + 1) for i, r in enumerate(gone)]
        self.releases += self._said(level, tests)
        return rung

    def _with_it(self, kind: Equal, cell: int) -> list[tuple[Equal, int]]:
        """The cell, and those that share its parameter by a label of the model."""
        parameter = self.ground.cells(kind).parameter
        return [(kind, int(at)) for at in np.flatnonzero(parameter == parameter[cell])]

    def _may_go(self, kind: Equal, cell: int, released: Sequence[tuple[Equal, int]]) -> bool:
        """Whether two items of each construct concerned stay equal."""
        ground, cells = self.ground, self.ground.cells(kind)
        gone = {at for k, at in released if k == kind} | {at for _, at in self._with_it(kind, cell)}
        loose = {int(cells.row[at]) for at in gone}
        for at in gone:
            item = int(cells.row[at])
            concerned = [int(cells.column[at])] if kind == "loadings" else ground.constructs_of(item)
            for construct in concerned:
                if not EQUAL_ITEMS.met(sum(i not in loose for i in ground.items_of(construct))):
                    return False
        return True

    def _tests(self, found: Fit, level: Step) -> list[tuple[int, int, float]]:
        """(cell, group, score test) of the equalities a level adds, largest first."""
        if level not in OWN or self.ground.thresholds is not None:
            return []
        kind = OWN[level]
        places = [
            (g, name, int(at))
            for g, model in enumerate(found.models)
            for name in MATRICES
            for at in np.flatnonzero(getattr(model.structure, name).free)
        ]
        tests = release_tests(found)
        observed, row = self.ground.structure.observed, self.ground.cells(kind).row
        made = []
        for (one, other), value in zip(tests.pairs.tolist(), tests.statistic.tolist(), strict=True):
            (first, name, at), (g, other_name, other_at) = places[one], places[other]
            # a pair of one group is equal by a label of the model, not by the level
            if g == first or name != other_name or at != other_at or name != MATRIX_OF[kind]:
                continue
            if row[at] < observed and not math.isnan(value):
                made.append((at, g, float(value)))
        return sorted(made, key=lambda t: -t[2])

    def _said(self, level: Step, tests: Sequence[tuple[int, int, float]]) -> list[Release]:
        names, found = self.ground.table.variables, []
        for at, g, value in tests:
            kind = OWN[level]
            cells = self.ground.cells(kind)
            item = names[int(cells.row[at])]
            parameter = {
                "loadings": f"{names[int(cells.column[at])]} =~ {item}",
                "intercepts": f"{item} ~ 1",
                "residuals": f"{item} ~~ {item}",
            }[kind]
            p = float(chdtrc(1, max(value, 0.0)))
            found.append(Release(level, kind, item, parameter, self.groups[g], value, p))
        return found


def level_fit(level: Step, found: Fit, before: Fit | None, *, freed: int) -> LevelFit:
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
        holds=not beyond,
    )


def _version(measures: Mapping[str, float]) -> str:
    """The best version of CFI and RMSEA there is: robust, else scaled, else plain."""
    for version in ("_robust", "_scaled"):
        if all(math.isfinite(measures.get(f"{name}{version}", math.nan)) for name in ("cfi", "rmsea")):
            return version
    return ""
