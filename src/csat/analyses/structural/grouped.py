"""The result of a structural model of several groups, and how it is put together from its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from csat.analyses.guidelines import FIT_SETS, Guideline
from csat.analyses.result import SOUND, Base, Caution, Level, Result, Verdict
from csat.analyses.structural.fit_words import fit_said, fit_table, guidelines_table, judged_by
from csat.analyses.structural.model import ParameterEstimate, StructuralModel, WaldTest
from csat.analyses.structural.resampled import Bootstrap, bootstrap_table
from csat.analyses.structural.tables import estimate_columns, wald_table
from csat.display.plot import Plot
from csat.display.table import Table
from csat.instrument.statements import COVARIES, INTERCEPT
from csat.language import Text, joined

STACKED = ("loadings", "hypotheses", "effects", "r2", "validity", "fornell_larcker", "htmt", "residuals")
"""Tables of one group that are said of all, one group below the other."""

EQUAL_WORDS: Mapping[str, Text] = {
    "loadings": Text("loadings", "载荷"),
    "intercepts": Text("intercepts", "截距"),
    "means": Text("means of constructs", "构念均值"),
    "thresholds": Text("thresholds", "阈值"),
    "regressions": Text("paths", "路径系数"),
    "residuals": Text("error variances", "误差方差"),
    "residual.covariances": Text("error covariances", "误差协方差"),
    "lv.variances": Text("variances of constructs", "构念方差"),
    "lv.covariances": Text("covariances of constructs", "构念协方差"),
}

OF_GROUP = Text("{title}: {group}", "{title}：{group}")
IN_GROUP = Text("In {group}: {text}", "{group}：{text}")
LEVELS: tuple[Level, ...] = ("sound", "doubtful", "failed")


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupedModel(Result):
    """A structural model fitted to several groups at once, made by `sem_by_group`."""

    title = Text("Path model by group", "分组路径模型")
    name = "sem"

    model: str
    """As text, in lavaan syntax."""
    estimator: str
    likelihood: str
    group: Text
    """What the groups are, such as a segment's title."""
    groups: tuple[str, ...]
    n: tuple[int, ...]
    """Respondents of each group."""
    group_equal: tuple[str, ...]
    """What the groups have in common, by lavaan's words."""
    group_partial: tuple[str, ...]
    """Equalities let go all the same."""
    items: tuple[str, ...]
    constructs: tuple[str, ...]
    measured_by: Mapping[str, tuple[str, ...]]
    parameters: tuple[ParameterEstimate, ...]
    """Of all groups, one after another; those with one label are equal."""
    fit: Mapping[str, float]
    """Of all groups together: lavaan's names with underscores for dots."""
    chisq_by_group: Mapping[str, float]
    """What each group adds to the chi-square."""
    guidelines: str
    r2: Mapping[str, Mapping[str, float]]
    """By group."""
    wald: tuple[WaldTest, ...] = ()
    """Tests of rules among labelled parameters, of whichever groups."""
    by_group: Mapping[str, StructuralModel]
    """Each group's part; its fit measures are those of all groups together."""
    converged: bool
    steps: int
    largest_gradient: float
    smallest_information: float
    confidence: float
    bootstrap: Bootstrap | None = None
    """How it was resampled; None where that was not asked for."""
    choice: Text | None = None
    """Why `estimator="auto"` chose this estimator; None where it was asked for."""
    titles: Mapping[str, Text] = field(default_factory=dict)

    def parameter(self, lhs: str, op: str, rhs: str, group: str) -> ParameterEstimate | None:
        """The parameter of that name in a group; `x ~~ y` is also `y ~~ x`."""
        wanted = {(lhs, rhs), (rhs, lhs)} if op == COVARIES else {(lhs, rhs)}
        found = (p for p in self.parameters if p.op == op and p.group == group and (p.lhs, p.rhs) in wanted)
        return next(found, None)

    def guideline_results(self, chosen: str = "") -> tuple[tuple[str, float, Guideline, bool], ...]:
        """(measure judged, value, guideline, met) of a set; no name means the result's own."""
        return judged_by(self.fit, FIT_SETS[chosen or self.guidelines])

    def headline(self) -> tuple[Text, ...]:
        """What each group says, then the fit of all."""
        said: list[Text] = []
        if self.verdict.failed:
            said.append(Text("The numbers below must not be used.", "下列数字不可使用。"))
        else:
            for name, part in self.by_group.items():
                said += [IN_GROUP.fill(group=name, text=text) for text in part.findings_said()[:2]]
        return (*said, fit_said(self.fit, self.guidelines))

    # Tables

    def tables(self) -> dict[str, Table]:
        """`paths` (if any), `groups`, then the tables of a model with a column for the group."""
        parts = {name: part.tables() for name, part in self.by_group.items()}
        first = next(iter(parts.values()))
        tables = {"paths": self._stacked([p["paths"] for p in parts.values()])} if "paths" in first else {}
        tables["groups"] = self._groups_table()
        tables["guidelines"] = guidelines_table(self.fit, self.guidelines, self.base.effective_n)
        for name in STACKED:
            own = [p[name] for p in parts.values() if name in p]
            if own:
                tables[name] = self._stacked(own, notes=name == "loadings" and "paths" not in first)
            if own and name == "effects" and "bootstrap_effects" in first:
                tables["bootstrap_effects"] = self._stacked(
                    [p["bootstrap_effects"] for p in parts.values()], notes=False
                )
        if any(p.op == INTERCEPT and p.lhs in self.constructs and p.free for p in self.parameters):
            tables["means"] = self._means_table()
        if self.wald:
            tables["wald"] = wald_table(self.wald)
        tables["fit"] = fit_table(self.fit)
        if "modifications" in first:
            tables["modifications"] = self._stacked([p["modifications"] for p in parts.values()])
        tables["parameters"] = self._stacked([p["parameters"] for p in parts.values()])
        if self.bootstrap is not None:
            tables["bootstrap"] = bootstrap_table(self.parameters, self.bootstrap, group=self.group)
        return tables

    def _stacked(self, parts: Sequence[Table], *, notes: bool = True) -> Table:
        """The same table of each group, one below the other."""
        first = parts[0]
        columns: dict[str, list[object]] = {
            "group": [
                name for name, part in zip(self.by_group, parts, strict=False) for _ in range(part.rows)
            ]
        }
        kept = [c for c in first.columns if all(c in part.columns for part in parts)]
        for name in kept:
            columns[name] = [v for part in parts for v in part.column(name)]
        labels = {"group": self.group, **{c: first.label(c) for c in kept}}
        formats = {c: f for c, f in first.formats.items() if c in kept and f != "boolean"}
        said = [*first.notes, *(self._notes() if notes else [])]
        return Table(columns, title=first.title, notes=said, labels=labels, formats=formats)

    def _notes(self) -> list[Text]:
        if not self.group_equal:
            return []
        text = Text("Held equal in all groups: {names}.", "各组相等：{names}。").fill(
            names=joined([EQUAL_WORDS[k] for k in self.group_equal])
        )
        if self.group_partial:
            free = Text(" Let go: {names}.", "其中放开：{names}。").fill(
                names=joined([Text(n) for n in self.group_partial])
            )
            text = Text(text.en + free.en, text.zh + free.zh)
        return [text]

    def _groups_table(self) -> Table:
        return Table(
            {
                "group": self.groups,
                "n": self.n,
                "chi_square": [self.chisq_by_group.get(g, float("nan")) for g in self.groups],
            },
            title=Text("Groups", "组别"),
            notes=[
                Text(
                    "What each group adds to the chi-square: where the model fits it worst.",
                    "各组对卡方值的贡献：贡献大者拟合较差。",
                ),
                *self._notes(),
            ],
            labels={"group": self.group},
        )

    def _means_table(self) -> Table:
        rows = [p for p in self.parameters if p.op == INTERCEPT and p.lhs in self.constructs]
        return Table(
            {
                "group": [p.group for p in rows],
                "construct": [self.titles.get(p.lhs) or Text(p.lhs) for p in rows],
                **estimate_columns(rows),
                "standardised": [p.std_all for p in rows],
            },
            title=Text("Means and intercepts of constructs", "构念的均值与截距"),
            notes=[
                Text(
                    "Against {first}, whose means are 0. They may be compared where intercepts are equal "
                    "(csat invariance).",
                    "与{first}（均值为 0）相比。截距相等时方可比较（csat invariance）。",
                ).fill(first=self.groups[0])
            ],
            labels={"group": self.group},
            formats={"p": "p"},
        )

    # Charts

    def plots(self) -> dict[str, Plot]:
        """The charts of each group: `model_1`, `model_2`, ..., `structure_1`, ..."""
        by_group = {name: part.plots() for name, part in self.by_group.items()}
        made: dict[str, Plot] = {}
        for kind in next(iter(by_group.values())):
            for i, (name, plots) in enumerate(by_group.items()):
                titled = Text("{title}: {group}", "{title}：{group}").fill(
                    title=plots[kind].title, group=name
                )
                made[f"{kind}_{i + 1}"] = replace(plots[kind], title=titled)
        return made


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupedMeasurement(GroupedModel):
    """A confirmatory factor model fitted to several groups at once; made by `cfa_by_group`."""

    title = Text("Measurement model by group", "分组测量模型")
    name = "cfa"


# ---- from its parts ---------------------------------------------------------


def base_of(parts: Sequence[Base]) -> Base:
    """Whom all groups together rest on."""
    squares = sum(b.respondents**2 / b.effective_n for b in parts if b.effective_n > 0)
    total = sum(b.respondents for b in parts)
    return replace(
        parts[0],
        respondents=total,
        effective_n=total**2 / squares if squares else 0.0,
        rows=sum(b.rows for b in parts),
        weighted=any(b.weighted for b in parts),
    )


def cautions_of(parts: Mapping[str, StructuralModel]) -> tuple[Caution, ...]:
    """What is said of all groups alike once, the rest with the group's name."""
    seen: dict[str, int] = {}
    for part in parts.values():
        for said in {c.text.en for c in part.cautions}:
            seen[said] = seen.get(said, 0) + 1
    found: list[Caution] = []
    for name, part in parts.items():
        for caution in part.cautions:
            if seen[caution.text.en] == len(parts):
                if all(c.text.en != caution.text.en for c in found):
                    found.append(caution)
                continue
            text = IN_GROUP.fill(group=name, text=caution.text)
            found.append(Caution(caution.code, text, (name, *caution.where)))
    return tuple(found)


def verdict_of(parts: Mapping[str, StructuralModel]) -> Verdict:
    """The gravest of the groups' verdicts, with the groups' names."""
    worst = max((p.verdict.level for p in parts.values()), key=LEVELS.index)
    if worst == "sound":
        return SOUND
    own = {name: p.verdict.text for name, p in parts.items() if p.verdict.level == worst}
    if len(own) == len(parts) and len({t.en for t in own.values()}) == 1:
        return Verdict(worst, next(iter(own.values())))
    said = [IN_GROUP.fill(group=name, text=text) for name, text in own.items()]
    return Verdict(worst, Text(" ".join(t.en for t in said), "".join(t.zh for t in said)))
