"""Is a structural solution proper? What is wrong with it, by item and construct (METHODS 8).

Findings forbid the numbers: the verdict fails. What only deserves doubt is in `doubts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import RESPONDENTS_PER_PARAMETER, STANDARD_ERROR_ODD, VIF_SEVERE
from csat.analyses.result import SOUND, Caution, Verdict
from csat.analyses.structural import words
from csat.instrument.parameters import Parameter, ParameterTable
from csat.instrument.statements import COVARIES, MEASURES, REGRESSED_ON, Rule
from csat.language import Language, Text, joined
from csat.numerics import solution
from csat.numerics.estimation import Estimate
from csat.numerics.structure import Structure

Array = NDArray[np.float64]

ABOVE_ONE = 1e-6
"""A standardised loading counts as beyond 1 from here."""

NO_ERROR = 1e-8
"""A standardised parameter with a standard error below this is held by the rest of the model."""

NEARLY_SINGULAR = 1e-8
"""Smallest eigenvalue of the correlations of constructs below which they are not positive definite."""

SAID_AT_ONCE = 3
"""Findings the verdict spells out; the rest stand among the cautions."""


@dataclass(frozen=True, eq=False)
class Solved:
    """What the checks look at.

    information : (q, q). generic : the same where the search began. loadings : (construct, item) to the
    standardised loading. standard_errors : (q,) of the standardised parameters, so that those of one kind
    compare. identified : the information is known to have an inverse.
    """

    table: ParameterTable
    structure: Structure
    estimate: Estimate
    information: Array
    generic: Array
    loadings: Mapping[tuple[str, str], float]
    standard_errors: Array
    df: int
    titles: Mapping[str, Text]
    rules: tuple[Rule, ...] = ()
    identified: bool = False

    def title(self, name: str) -> Text:
        """What a construct is called; an item goes by its id."""
        known = self.titles.get(name) if name in self.table.latents else None
        return known or Text(name)

    def said(self, names: Sequence[str]) -> Text:
        """Several of them."""
        return joined([self.title(n) for n in names])

    def parameter_name(self, k: int) -> str:
        """The parameter as the model writes it."""
        return self.table.rows[self.table.free[k][0]].name

    @property
    def paths(self) -> list[tuple[str, str]]:
        """(cause, effect) of each path, as the model lists them."""
        return [(r.right, r.left) for r in self.table.rows if r.operator == REGRESSED_ON]

    def causes_of(self, name: str) -> list[str]:
        """What has an arrow to it: a path, or for an item or first-order construct what it measures."""
        measured = [r.left for r in self.table.rows if r.operator == MEASURES and r.right == name]
        return [*measured, *(c for c, e in self.paths if e == name)]

    @property
    def construct_covariance(self) -> Array:
        """(m, m) implied covariance of the constructs."""
        at = np.arange(self.structure.observed, self.structure.variables)
        return np.asarray(self.estimate.implied[0].total[np.ix_(at, at)])

    @property
    def construct_correlations(self) -> Array:
        """(m, m); NaN for a construct of negative variance."""
        covariance = self.construct_covariance
        with np.errstate(invalid="ignore", divide="ignore"):
            sd = np.sqrt(covariance.diagonal())
            return np.asarray(covariance / (sd[:, None] * sd))


def findings(s: Solved) -> tuple[Caution, ...]:
    """What forbids the numbers, gravest first; empty when the solution is proper."""
    # where the optimiser stopped says nothing about the rest
    return unsettled(s) or flaws(s)


def unsettled(s: Solved) -> tuple[Caution, ...]:
    """That there is no solution to look at: not identified, or not converged."""
    return tuple(_too_few_moments(s) or _undetermined(s) or _not_converged(s))


def flaws(s: Solved) -> tuple[Caution, ...]:
    """What is improper about a solution that was reached."""
    found = [*_negative_variances(s), *_loadings_above_one(s)]
    return tuple(found or _constructs_indefinite(s) or _residuals_indefinite(s) or _odd_errors(s))


def too_few(n: float, q: int) -> tuple[Caution, ...]:
    """That fewer respondents answered than parameters are asked for. n : effective. q : free parameters."""
    if n >= q:
        return ()
    wanted = f"{RESPONDENTS_PER_PARAMETER.value * q:.0f}"
    text = words.TOO_FEW_RESPONDENTS.fill(n=f"{n:.0f}", q=q, wanted=wanted)
    return (Caution("too_few_respondents", text),)


def implied_indefinite(s: Solved) -> tuple[Caution, ...]:
    """That the covariance a model implies is none. Maximum likelihood never ends there; least squares may."""
    covariance = s.estimate.implied[0].covariance
    variances = covariance.diagonal()
    names = [s.table.observed[int(k)] for k in np.flatnonzero(~(variances > 0))]
    smallest = float(variances.min())
    if not names:
        smallest, group = solution.indefinite_group(covariance)
        names = [] if smallest > NEARLY_SINGULAR else [s.table.observed[i] for i in group]
    if not names:
        return ()
    text = words.IMPLIED_INDEFINITE.fill(value=f"{smallest:.4f}", names=joined([Text(n) for n in names]))
    return (Caution("implied_not_positive_definite", text, tuple(names)),)


def verdict(found: Sequence[Caution], grave: Sequence[Caution]) -> Verdict:
    """Failed on any finding, doubtful on a grave doubt, else sound."""
    if not found:
        return Verdict("doubtful", grave[0].text) if grave else SOUND
    said = [c.text for c in found[:SAID_AT_ONCE]]
    why = Text(" ".join(t.en for t in said), "".join(t.zh for t in said))
    if len(found) > len(said):
        why = words.followed_by(why, words.MORE_BELOW.fill(n=len(found) - len(said)))
    return Verdict("failed", words.IMPROPER.fill(why=why))


def overlapping(s: Solved) -> list[tuple[str, tuple[str, ...], float]]:
    """(effect, its causes with a severe VIF, the largest VIF) for each effect that has such."""
    names = s.table.variables
    total = s.estimate.implied[0].total
    found: list[tuple[str, tuple[str, ...], float]] = []
    if s.table.groups:
        return found  # each group has its own
    everything = s.structure.causes
    # a cause beside fewer others never overlaps more
    if (total.diagonal()[everything] > 0).all() and VIF_SEVERE.met(
        float(solution.variance_inflation(total, everything).max(initial=0.0))
    ):
        return found
    for effect in dict.fromkeys(e for _, e in s.paths):
        causes = [c for c, e in s.paths if e == effect]
        at = np.array([names.index(c) for c in causes], dtype=np.intp)
        if len(causes) < 2 or np.any(total.diagonal()[at] <= 0):
            continue
        inflation = solution.variance_inflation(total, at)
        # a VIF is at least 1: below it the correlations of the causes contradict each other
        inflation = np.where(inflation < 1 - ABOVE_ONE, np.inf, inflation)
        grave = [c for c, v in zip(causes, inflation, strict=True) if not VIF_SEVERE.met(float(v))]
        if grave:
            found.append((effect, tuple(grave), float(inflation.max())))
    return found


def route(s: Solved, causes: Sequence[str], effect: str) -> Text:
    """`Image + Quality → Satisfaction`."""

    def said(language: Language) -> str:
        return f"{' + '.join(s.title(c).say(language) for c in causes)} → {s.title(effect).say(language)}"

    return Text(said("en"), said("zh"))


def _too_few_moments(s: Solved) -> list[Caution]:
    if s.df >= 0:
        return []
    text = words.TOO_FEW_MOMENTS.fill(n=-s.df, df=s.df)
    if without_scale := _without_scale(s, s.table.latents):
        scale = words.WITHOUT_SCALE.fill(names=s.said(without_scale))
        text = words.followed_by(text, Text(f" {scale.en}", scale.zh))
    return [Caution("not_identified", text, tuple(without_scale))]


def _undetermined(s: Solved) -> list[Caution]:
    if s.identified:
        return []
    if not s.estimate.converged and not solution.undetermined(s.generic):
        # identified where the search began: it ran away from there
        return []
    found = []
    for group in solution.undetermined(s.information)[:SAID_AT_ONCE]:
        rows = [s.table.rows[s.table.free[int(k)][0]] for k in group]
        involved = tuple(dict.fromkeys(n for r in rows for n in (r.left, r.right) if n))
        names = joined([Text(r.name) for r in rows])
        text = words.UNDETERMINED.fill(names=names, next=_why_undetermined(s, involved))
        found.append(Caution("not_identified", text, involved))
    return found


def _without_scale(s: Solved, constructs: Sequence[str]) -> list[str]:
    """Those of which neither a loading nor the variance is fixed."""
    return [f for f in constructs if all(_free_rows(s, f, MEASURES)) and all(_free_rows(s, f, COVARIES))]


def _free_rows(s: Solved, construct: str, operator: str) -> list[bool]:
    """Whether each loading of a construct, or its variance, is free."""
    own = [r for r in s.table.rows if r.operator == operator and r.left == construct]
    return [r.free for r in own if operator == MEASURES or r.right == construct]


def _why_undetermined(s: Solved, involved: Sequence[str]) -> Text:
    constructs = [f for f in s.table.latents if f in involved]
    if without_scale := _without_scale(s, constructs):
        return words.WITHOUT_SCALE.fill(names=s.said(without_scale))
    of_two = [f for f in constructs if len(_free_rows(s, f, MEASURES)) == 2]
    return words.OF_TWO_ITEMS.fill(names=s.said(of_two)) if of_two else words.FIX_ONE


def _not_converged(s: Solved) -> list[Caution]:
    if s.estimate.converged:
        return []
    overlap = overlapping(s)
    together = list(dict.fromkeys(c for _, causes, _ in overlap for c in causes))
    running = _running_away(s)
    why = words.RUNS_AWAY.fill(names=joined([Text(r.name) for r in running]))
    if overlap:
        paths = joined([route(s, causes, effect) for effect, causes, _ in overlap])
        why = words.OVERLAP.fill(paths=paths, names=s.said(together))
    text = words.NO_OPTIMUM.fill(steps=s.estimate.steps, next=why)
    where = together or list(dict.fromkeys(n for r in running for n in (r.left, r.right) if n))
    return [Caution("not_converged", text, tuple(where))]


def _running_away(s: Solved) -> list[Parameter]:
    """Parameters along which the likelihood is flattest: half of the largest weight or more."""
    weights = np.abs(solution.flattest_direction(s.information))
    order = np.argsort(-weights, kind="stable")
    return [s.table.rows[s.table.free[int(k)][0]] for k in order if weights[k] > weights.max() / 2]


def _negative_variances(s: Solved) -> list[Caution]:
    _, unexplained, _ = s.structure.matrices(s.estimate.theta)
    found = []
    for position in np.flatnonzero(unexplained.diagonal() < 0).tolist():
        name = s.table.variables[position]
        causes, value = s.causes_of(name), f"{unexplained[position, position]:.3f}"
        if position < s.structure.observed:
            text = words.NEGATIVE_ERROR.fill(item=name, value=value, causes=s.said(causes))
        elif causes:
            text = words.NEGATIVE_DISTURBANCE.fill(
                construct=s.title(name), value=value, causes=s.said(causes)
            )
        else:
            text = words.NEGATIVE_VARIANCE.fill(construct=s.title(name), value=value)
        found.append(Caution("negative_variance", text, (name,)))
    return found


def _loadings_above_one(s: Solved) -> list[Caution]:
    above = {pair: value for pair, value in s.loadings.items() if abs(value) > 1 + ABOVE_ONE}
    negative = {c.where[0] for c in _negative_variances(s)} if above else set()
    found = []
    for (construct, item), value in above.items():
        # beside correlated constructs a loading may pass 1; a negative error variance says the same already
        if len(s.causes_of(item)) == 1 and item not in negative:
            text = words.LOADING_ABOVE_ONE.fill(
                item=s.title(item), construct=s.title(construct), value=f"{value:.3f}"
            )
            found.append(Caution("loading_above_one", text, (item, construct)))
    return found


def _constructs_indefinite(s: Solved) -> list[Caution]:
    names = s.table.latents
    if len(names) < 2:
        return []
    if _depend_by_design(s):
        return _covarying_without_variance(s)
    smallest, group = solution.indefinite_group(s.construct_covariance)
    if smallest > NEARLY_SINGULAR:
        return []
    r = s.construct_correlations
    closest = sorted(((i, j) for i in group for j in group if j < i), key=lambda ij: -abs(r[ij]))[:2]
    pairs = joined(
        [
            words.PAIR.fill(a=s.title(names[j]), b=s.title(names[i]), value=f"{r[i, j]:.3f}")
            for i, j in closest
        ]
    )
    involved = tuple(names[i] for i in group)
    text = words.INDEFINITE.fill(value=f"{smallest:.4f}", names=s.said(involved), pairs=pairs)
    return [Caution("constructs_not_positive_definite", text, involved)]


def _covarying_without_variance(s: Solved) -> list[Caution]:
    """Constructs that do not vary and yet covary with others."""
    covariance, names = s.construct_covariance, s.table.latents
    size = np.sqrt(np.maximum(covariance.diagonal(), 0.0))
    still = size <= NO_ERROR * size.max()
    linked = np.abs(covariance) > NO_ERROR * size.max() ** 2
    np.fill_diagonal(linked, False)
    found = [names[int(i)] for i in np.flatnonzero(still & linked.any(axis=1))]
    if not found:
        return []
    text = words.COVARIES_WITHOUT_VARIANCE.fill(names=s.said(found))
    return [Caution("constructs_not_positive_definite", text, tuple(found))]


def _residuals_indefinite(s: Solved) -> list[Caution]:
    """Covariances of residuals that cannot be: correlations beyond 1, or impossible together."""
    unexplained = s.structure.matrices(s.estimate.theta)[1]
    crossed = [r for r in s.table.rows if r.operator == COVARIES and r.left != r.right and not r.exogenous]
    at = np.flatnonzero(unexplained.diagonal() > 0)
    if not crossed or not at.size:
        return []
    smallest, group = solution.indefinite_group(unexplained[np.ix_(at, at)])
    if smallest > -NEARLY_SINGULAR:
        return []
    names = [s.table.variables[int(at[i])] for i in group]
    own = unexplained[np.ix_(at[group], at[group])]
    sd = np.sqrt(own.diagonal())
    r = own / (sd[:, None] * sd)
    worst = sorted(((i, j) for i in range(len(names)) for j in range(i)), key=lambda ij: -abs(r[ij]))[:2]
    pairs = joined(
        [words.PAIR.fill(a=s.title(names[j]), b=s.title(names[i]), value=f"{r[i, j]:.3f}") for i, j in worst]
    )
    text = words.RESIDUALS_INDEFINITE.fill(value=f"{smallest:.4f}", pairs=pairs)
    return [Caution("residuals_not_positive_definite", text, tuple(names))]


def _depend_by_design(s: Solved) -> bool:
    """A variance of a construct fixed at zero makes constructs depend on each other."""
    return any(
        r.operator == COVARIES
        and r.left == r.right
        and r.left in s.table.latents
        and not r.free
        and r.value == 0
        for r in s.table.rows
    )


def _odd_errors(s: Solved) -> list[Caution]:
    """Standard errors that are missing, or a hundred times those of their kind."""
    kinds: dict[str, list[int]] = {}
    for k, rows in enumerate(s.table.free):
        if not s.estimate.on_bound[k]:
            kinds.setdefault(s.table.rows[rows[0]].operator, []).append(k)
    odd: list[int] = []
    for group in kinds.values():
        errors = s.standard_errors[group]
        # a standardised variance of 1 has an error of rounding only
        known = np.sort(errors[np.isfinite(errors) & (errors > NO_ERROR)])
        middle = float(known[known.size // 2]) if known.size else 1.0
        if known.size < errors.size or not STANDARD_ERROR_ODD.met(float(known[-1]) / middle):
            odd += [k for k, e in zip(group, errors, strict=True) if not STANDARD_ERROR_ODD.met(e / middle)]
    if not odd:
        return []
    names = tuple(s.parameter_name(k) for k in odd)
    text = words.ODD_ERRORS.fill(names=joined([Text(n) for n in names]))
    return [Caution("standard_error", text, names)]
