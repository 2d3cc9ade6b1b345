"""Answers drawn from a stated population: for any instrument, and the populations of published studies.

What comes out is what a file would hold: raw codes under the instrument's ids, reversed items reversed,
silence as the instrument's own codes. Such data are for demonstrations and tests, and are called simulated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat import recipes
from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Construct, Instrument, Item, Scale, Segment
from csat.instrument.model import parse_model
from csat.instrument.statements import MEASURES
from csat.language import Text, joined
from csat.responses.responses import has_categories

Array = NDArray[np.float64]
Columns = dict[str, list[Any]]

RESPONDENTS = 400
"""Drawn when no number is asked for."""
LOADINGS = (0.82, 0.76, 0.84, 0.72, 0.78)
"""Of a construct's items in turn."""
STRENGTHS = (0.50, 0.25, 0.40, 0.15, 0.32, 0.20)
"""Of the paths into a construct in turn, before they are scaled to the share explained."""
EXPLAINED = 0.60
"""Share of each explained construct's variance that its causes account for."""
BETWEEN_CAUSES = 0.35
"""Correlation of constructs nothing explains."""
PLANTED = (-0.55, 0.35, 0.45, -0.30, 0.15)
"""How far drivers stand above the middle, strongest first, in standard deviations of an answer: the strongest
is weak (improve first), the second strong (keep up), the third too, though it matters less (overkill), the
fourth weak and of little weight (low priority)."""
WITHIN = (0.12, -0.12, 0.0, 0.20, -0.20)
"""The same for the items of a construct in turn."""
UNWANTED = -1.2
"""The same for what satisfaction lowers, such as complaints: they are rare."""
EXPECTED = 0.8
"""Expectations stand this much above perceptions."""
NO_ANSWER_SHARE, NOT_APPLICABLE_SHARE = 0.01, 0.02
SEGMENT_CORRELATION = 0.25
"""Of the first segment column with the constructs nothing explains: its later groups are less satisfied."""
POINTS_SPREAD = 8.0
"""Concentration of importance points about their means; larger is closer."""

_NORMAL = NormalDist()


# The door


@dataclass(frozen=True)
class Recipe:
    """A published study's population. seed, respondents : what gives its figures."""

    instrument: str
    seed: int
    respondents: int
    fixed: bool
    """Whether the number of respondents is part of the figures."""
    text: Text


RECIPES: dict[str, Recipe] = {
    "bank_efa": Recipe(
        "bank_corporate",
        recipes.BANK_SEED,
        recipes.BANK_RESPONDENTS,
        True,
        Text(
            "Simulated: 93 answers to the 12 items of the bank study, searched so that KMO is .765 and five "
            "components hold 63.1 % as published; satisfaction items drawn to go with them (paths in the "
            "published "
            "proportion, 70 % explained).",
            "模拟数据：银行研究 12 个题项的 93 份回答，经搜索使 KMO 为 0.765、五个成分累计解释 63.1%，"
            "与发表值一致；"
            "满意度题项据此抽取（路径与发表值成比例，解释 70%）。",
        ),
    ),
    "bank_sem": Recipe(
        "bank_corporate",
        0,
        10_000,
        False,
        Text(
            "Simulated: five uncorrelated factors with paths .329, .41, .57, .42 and .30 to satisfaction, as "
            "published; loadings .8 and .85; normal answers, not cut into points.",
            "模拟数据：五个互不相关的因子，对满意度的路径为 0.329、0.41、0.57、0.42、0.30（发表值）；载荷 "
            "0.8 与 0.85；"
            "回答为正态分布，未划分等级。",
        ),
    ),
    "bank_sem_likert": Recipe(
        "bank_corporate",
        0,
        10_000,
        False,
        Text(
            "Simulated: as bank_sem, the answers cut into five points.",
            "模拟数据：同 bank_sem，回答划分为五个等级。",
        ),
    ),
    "directory_114": Recipe(
        "directory_114",
        0,
        recipes.DIRECTORY_RESPONDENTS,
        True,
        Text(
            "Simulated: sums of 3 attitude and 6 quality items and the overall rating, with exactly the "
            "published "
            "equation; mean overall rating 2.8625, an index of 57.25 as per cent of maximum.",
            "模拟数据：3 个态度题项之和、6 个质量题项之和与整体评分，精确符合发表的回归方程；整体评分均值 "
            "2.8625，"
            "按占满分百分比计算的指数为 57.25。",
        ),
    ),
    "directory_114_rescale": Recipe(
        "directory_114",
        0,
        recipes.DIRECTORY_RESPONDENTS,
        True,
        Text(
            "Simulated: as directory_114 with a mean overall rating of 3.29, an index of 57.25 by the "
            "0-100 rescale.",
            "模拟数据：同 directory_114，但整体评分均值为 3.29，按 0–100 换算的指数为 57.25。",
        ),
    ),
}


def simulate(
    instrument: Instrument,
    n: int | None = None,
    seed: int | None = None,
    *,
    recipe: str | None = None,
    no_answer: float = NO_ANSWER_SHARE,
    not_applicable: float = NOT_APPLICABLE_SHARE,
) -> Columns:
    """Draw answers: columns of raw codes by id, as a file would hold them.

    Parameters
    ----------
    n, seed : respondents and seed; by default those of the recipe, else `RESPONDENTS` and 0.
    recipe : one of `RECIPES`; None draws from `population(instrument)`.
    no_answer, not_applicable : share of the cells that hold such a code, where the instrument declares one.

    Raises
    ------
    UnknownName : no such recipe. BadInput : a recipe of another instrument or number of respondents, n < 1, a
    share outside 0 to 1.
    """
    for name, share in (("no_answer", no_answer), ("not_applicable", not_applicable)):
        if not 0 <= share < 1:
            raise BadInput(f"{name} is {share}", right="It is a share from 0 to below 1")
    if n is not None and n < 1:
        raise BadInput(f"{n} respondents cannot be drawn", right="At least 1")
    if recipe is None:
        drawn = _Population.of(instrument)
        rng = np.random.default_rng(0 if seed is None else seed)
        shares = (no_answer, not_applicable)
        return drawn.columns(RESPONDENTS if n is None else n, rng, silent=shares)
    if recipe not in RECIPES:
        raise UnknownName("recipe", recipe, RECIPES)
    plan = RECIPES[recipe]
    if instrument.id != plan.instrument:
        raise BadInput(
            f"recipe '{recipe}' is of instrument '{plan.instrument}', not '{instrument.id}'",
            do="Name that instrument, or leave the recipe out",
        )
    if plan.fixed and n not in (None, plan.respondents):
        raise BadInput(
            f"recipe '{recipe}' has {plan.respondents} respondents, not {n}",
            right="Its published figures hold for that number",
            do="Leave the number out, or leave the recipe out",
        )
    return _DRAW[recipe](
        instrument, plan.respondents if n is None else n, plan.seed if seed is None else seed
    )


def population(instrument: Instrument, *, recipe: str | None = None) -> Text:
    """What `simulate` draws from, in words: every path, loading and planted difference."""
    if recipe is None:
        return _Population.of(instrument).text()
    if recipe not in RECIPES:
        raise UnknownName("recipe", recipe, RECIPES)
    return RECIPES[recipe].text


# Published studies


def _bank_efa(instrument: Instrument, n: int, seed: int) -> Columns:
    answers = recipes.bank_efa(np.random.default_rng(seed))
    # the recipe's own draws end here; what goes with them comes from another generator
    rng = np.random.default_rng([seed, 1])
    outcomes = recipes.bank_satisfaction(answers, rng)
    return _bank_columns(np.hstack([answers, outcomes])) | _segments(instrument, n, rng, np.zeros(n))


def _bank_sem(instrument: Instrument, n: int, seed: int) -> Columns:
    return _bank_columns(recipes.bank_sem(n, np.random.default_rng(seed))[0])


def _bank_sem_likert(instrument: Instrument, n: int, seed: int) -> Columns:
    rng = np.random.default_rng(seed)
    answers = _bank_columns(recipes.likert(recipes.bank_sem(n, rng)[0]))
    return answers | _segments(instrument, n, rng, np.zeros(n))


def _bank_columns(answers: NDArray[Any]) -> Columns:
    names = [*(f"x{k}" for k in range(1, 13)), *(f"sat{k}" for k in range(1, 4))]
    return {name: column.tolist() for name, column in zip(names, answers.T, strict=True)}


def _directory(rescaled: bool) -> Callable[[Instrument, int, int], Columns]:
    def draw(instrument: Instrument, n: int, seed: int) -> Columns:
        m = recipes.directory_item_mean(recipes.DIRECTORY_INDEX, rescaled=rescaled)
        drawn = recipes.directory_114(np.random.default_rng(seed), item_mean=m)
        names = ("attitude_sum", "quality_sum", "overall")
        return {name: column.tolist() for name, column in zip(names, drawn.T, strict=True)}

    return draw


_DRAW: dict[str, Callable[[Instrument, int, int], Columns]] = {
    "bank_efa": _bank_efa,
    "bank_sem": _bank_sem,
    "bank_sem_likert": _bank_sem_likert,
    "directory_114": _directory(rescaled=False),
    "directory_114_rescale": _directory(rescaled=True),
}


# Any instrument


@dataclass(frozen=True, eq=False)
class _Population:
    """Standard normal constructs in causal order, their paths, and the items they are measured by.

    nodes : constructs (and items that stand in paths), causes before effects. causes : of each node, name to
    standardised path. loadings : item to (node, loading). levels : item to how far it stands above the
    middle, in standard deviations of an answer.
    """

    instrument: Instrument
    nodes: tuple[str, ...]
    causes: Mapping[str, Mapping[str, float]]
    loadings: Mapping[str, tuple[str, float]]
    levels: Mapping[str, float]
    left_out: tuple[tuple[str, str], ...]
    """Paths that would close a loop."""

    @classmethod
    def of(cls, instrument: Instrument) -> _Population:
        paths = _paths(instrument)
        named = {name for path in paths for name in path}
        measured = [c for c in instrument.constructs if c.role != "descriptive" or c.id in named]
        nodes, causes_of, left_out = _ordered([c.id for c in measured], paths)
        causes = _standardised(nodes, causes_of, _signs(instrument))
        items = {i.id for i in instrument.items}
        loadings: dict[str, tuple[str, float]] = {name: (name, 1.0) for name in nodes if name in items}
        for c in measured:
            for k, item in enumerate(c.items):
                loadings.setdefault(item, (c.id, LOADINGS[k % len(LOADINGS)]))
        levels = _levels(instrument, measured, causes, loadings)
        return cls(instrument, nodes, causes, loadings, levels, left_out)

    def columns(self, n: int, rng: np.random.Generator, *, silent: tuple[float, float]) -> Columns:
        factors = self._factors(n, rng)
        free = [name for name in self.nodes if not self.causes[name]]
        mood = np.sum([factors[name] for name in free], axis=0) if free else np.zeros(n)
        spread = float(np.std(mood))
        out: Columns = {}
        if self.instrument.respondent:
            out[self.instrument.respondent[0]] = list(range(1, n + 1))
        points = self._importance_points(n, rng)
        for item in self.instrument.items:
            if item.id in points:
                answers: Sequence[Any] = points[item.id]
            else:
                answers = _coded(item, self._continuum(item, factors, n, rng))
            out[item.id] = _silenced(item, answers, n, rng, silent)
        out |= _segments(self.instrument, n, rng, mood / spread if spread > 0 else mood)
        declared = {s.column for s in self.instrument.segments}
        if self.instrument.wave and self.instrument.wave[0] not in {*declared, *out}:
            out[self.instrument.wave[0]] = [1 + (2 * i) // n for i in range(n)]
        if self.instrument.weight:
            weights = rng.lognormal(sigma=0.35, size=n)
            out[self.instrument.weight[0]] = np.round(weights / weights.mean(), 6).tolist()
        return out

    def _factors(self, n: int, rng: np.random.Generator) -> dict[str, Array]:
        """(n,) of each node, each of mean 0 and variance 1."""
        common = rng.standard_normal(n)
        factors: dict[str, Array] = {}
        for name in self.nodes:
            own, causes = rng.standard_normal(n), self.causes[name]
            if causes:
                explained = np.sum([b * factors[c] for c, b in causes.items()], axis=0)
                factors[name] = explained + math.sqrt(1 - EXPLAINED) * own
            else:
                factors[name] = math.sqrt(BETWEEN_CAUSES) * common + math.sqrt(1 - BETWEEN_CAUSES) * own
        return factors

    def _continuum(self, item: Item, factors: Mapping[str, Array], n: int, rng: np.random.Generator) -> Array:
        """(n,) what stands behind the answers to an item, higher is better."""
        own = rng.standard_normal(n)
        node, loading = self.loadings.get(item.id, ("", 0.0))
        drawn = loading * factors[node] + math.sqrt(1 - loading**2) * own if node else own
        return np.asarray(drawn + self.levels.get(item.id, 0.0))

    def _importance_points(self, n: int, rng: np.random.Generator) -> dict[str, list[int]]:
        """Points that the constructs share out, summing to the scale's maximum for every respondent."""
        asked = [c for c in self.instrument.constructs if c.importance]
        scales = [self.instrument.item(c.importance).scale for c in asked]
        if not asked or any(s is None or has_categories(s) for s in scales):
            return {}
        total = int(scales[0].maximum) if scales[0] is not None else 0
        mean = np.array([STRENGTHS[k % len(STRENGTHS)] for k in range(len(asked))])
        raw = rng.gamma(POINTS_SPREAD * mean / mean.mean(), size=(n, len(asked)))
        exact = total * raw / raw.sum(axis=1, keepdims=True)
        points = np.floor(exact).astype(np.int64)
        # largest remainders bring every respondent to the total
        order = np.argsort(points - exact, axis=1, kind="stable")
        missing = total - points.sum(axis=1)
        for i in range(n):
            points[i, order[i, : missing[i]]] += 1
        return {c.importance: column.tolist() for c, column in zip(asked, points.T, strict=True)}

    def text(self) -> Text:
        """The population in words."""
        titles = {c.id: c.title or Text(c.id) for c in self.instrument.constructs}

        def called(name: str) -> Text:
            return titles.get(name, Text(name))

        paths = [
            Text("{cause} to {effect} {b}", "{cause}→{effect} {b}").fill(
                cause=called(c), effect=called(e), b=_figure(b)
            )
            for e, causes in self.causes.items()
            for c, b in causes.items()
        ]
        loadings = [Text(f"{item} {_figure(b)}") for item, (node, b) in self.loadings.items() if node != item]
        levels = [Text(f"{item} {_figure(v, sign=True)}") for item, v in self.levels.items() if v]
        segment = next((s for s in self.instrument.segments), None)
        parts = [
            Text("Simulated answers, no survey.", "模拟数据，并非真实调查。"),
            Text(
                "Constructs are standard normal; those nothing explains correlate {r}.",
                "各构念服从标准正态分布；外生构念之间的相关为 {r}。",
            ).fill(r=_figure(BETWEEN_CAUSES)),
        ]
        if paths:
            parts.append(
                Text(
                    "Standardised paths: {paths}; the causes explain {share} of each effect.",
                    "标准化路径：{paths}；各原因共解释每个结果 {share} 的方差。",
                ).fill(paths=joined(paths), share=f"{100 * EXPLAINED:.0f}%")
            )
        if loadings:
            parts.append(Text("Loadings: {loadings}.", "载荷：{loadings}。").fill(loadings=joined(loadings)))
        parts.append(
            Text(
                "Answers are cut to the scale with more high than low ones; planted differences, in standard "
                "deviations: {levels}.",
                "回答按量表划分等级，高分多于低分；设定的差异（以标准差计）：{levels}。",
            ).fill(levels=joined(levels) if levels else Text("none", "无"))
        )
        if segment is not None:
            parts.append(
                Text(
                    "Later groups of '{segment}' are less satisfied (correlation {r}); other groups do not "
                    "differ.",
                    "“{segment}”中靠后的群体满意度较低（相关 {r}）；其他群体没有差异。",
                ).fill(segment=segment.title or Text(segment.column), r=_figure(-SEGMENT_CORRELATION))
            )
        if points := [called(c.id) for c in self.instrument.constructs if c.importance]:
            parts.append(
                Text(
                    "Importance points of {constructs} stand on average as {shares}.",
                    "{constructs}的重要性分数之比平均为 {shares}。",
                ).fill(
                    constructs=joined(points),
                    shares=" : ".join(_figure(STRENGTHS[k % len(STRENGTHS)]) for k in range(len(points))),
                )
            )
        if any(i.no_answer or i.not_applicable for i in self.instrument.items):
            parts.append(
                Text(
                    "Where an item has such codes, {a} of its cells are not answered and {b} not applicable, "
                    "unless told otherwise.",
                    "凡题项设有相应编码的，默认有 {a} 未作答、{b} 不适用。",
                ).fill(a=f"{NO_ANSWER_SHARE:.0%}", b=f"{NOT_APPLICABLE_SHARE:.0%}")
            )
        if self.left_out:
            loops = [Text(f"{c} to {e}", f"{c}→{e}") for c, e in self.left_out]
            parts.append(
                Text("Left out, as they close a loop: {paths}.", "因构成回路而未采用：{paths}。").fill(
                    paths=joined(loops)
                )
            )
        return Text(" ".join(p.en for p in parts), "".join(p.zh for p in parts))


def _figure(value: float, *, sign: bool = False) -> str:
    return f"{value:+.2f}" if sign else f"{value:.2f}"


def _paths(instrument: Instrument) -> list[tuple[str, str]]:
    """(cause, effect): the model's paths and second-order factors, else drivers to outcomes to loyalty."""
    if instrument.model.strip():
        model = parse_model(instrument.model, where=f"{instrument.path or instrument.id}, the model")
        constructs = {c.id for c in instrument.constructs}
        higher = [
            (s.left, s.right) for s in model.statements if s.operator == MEASURES and s.right in constructs
        ]
        if paths := [*higher, *model.paths]:
            return paths
    drivers, outcomes = instrument.by_role("driver"), instrument.by_role("outcome")
    paths = [(d.id, o.id) for o in outcomes for d in drivers]
    return paths + [(o.id, loyal.id) for loyal in instrument.by_role("loyalty") for o in outcomes]


def _ordered(
    constructs: Sequence[str], paths: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], dict[str, list[str]], tuple[tuple[str, str], ...]]:
    """Names with causes before effects, the causes of each, and the paths left out as they close a loop."""
    names = list(dict.fromkeys([*constructs, *(name for path in paths for name in path)]))
    causes: dict[str, list[str]] = {name: [] for name in names}
    left_out: list[tuple[str, str]] = []
    for cause, effect in dict.fromkeys(paths):
        if cause == effect or effect in _ancestors(cause, causes):
            left_out.append((cause, effect))
        else:
            causes[effect].append(cause)
    order: list[str] = []
    while len(order) < len(names):
        order += [name for name in names if name not in order and set(causes[name]) <= set(order)]
    return tuple(order), causes, tuple(left_out)


def _ancestors(name: str, causes: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    open_names = [name]
    while open_names:
        for cause in causes[open_names.pop()]:
            if cause not in found:
                found.add(cause)
                open_names.append(cause)
    return found


def _signs(instrument: Instrument) -> dict[tuple[str, str], float]:
    return {(h.cause, h.effect): -1.0 for h in instrument.hypotheses if h.sign == "-"}


def _standardised(
    nodes: Sequence[str], causes: Mapping[str, Sequence[str]], signs: Mapping[tuple[str, str], float]
) -> dict[str, dict[str, float]]:
    """Paths in the proportion of `STRENGTHS`, scaled so that they explain `EXPLAINED` of each effect."""
    place = {name: k for k, name in enumerate(nodes)}
    r = np.eye(len(nodes))
    found: dict[str, dict[str, float]] = {}
    for name in nodes:
        at, own = place[name], causes[name]
        before = [place[other] for other in found]
        b = np.zeros(len(nodes))
        for k, cause in enumerate(own):
            b[place[cause]] = signs.get((cause, name), 1.0) * STRENGTHS[k % len(STRENGTHS)]
        if own:
            b *= math.sqrt(EXPLAINED / float(b @ r @ b))
            r[at, before] = r[before, at] = (r @ b)[before]
        else:
            # nothing explained comes before what nothing explains
            r[at, before] = r[before, at] = BETWEEN_CAUSES
        found[name] = {cause: float(b[place[cause]]) for cause in own}
    return found


def _levels(
    instrument: Instrument,
    measured: Sequence[Construct],
    causes: Mapping[str, Mapping[str, float]],
    loadings: Mapping[str, tuple[str, float]],
) -> dict[str, float]:
    """How far each item stands above the middle: planted for drivers, and by place within the construct."""
    target = instrument.index or next((c.id for c in instrument.by_role("outcome")), "")
    strengths = {c: abs(b) for c, b in causes.get(target, {}).items()}
    drivers = [c.id for c in instrument.by_role("driver")]
    ranked = sorted(drivers, key=lambda d: -strengths.get(d, 0.0))
    planted = {d: PLANTED[k % len(PLANTED)] for k, d in enumerate(ranked)}
    levels: dict[str, float] = {}
    for c in measured:
        unwanted = bool(causes.get(c.id)) and all(b < 0 for b in causes[c.id].values())
        base = UNWANTED if unwanted else planted.get(c.id, 0.0)
        for k, item in enumerate(c.items):
            within = WITHIN[k % len(WITHIN)] if len(c.items) > 1 and not unwanted else 0.0
            levels[item] = round(base + within, 2)
    for asked in instrument.items:
        if asked.expectation:
            levels[asked.expectation] = round(levels.get(asked.id, 0.0) + EXPECTED, 2)
        if asked.importance:
            node = loadings.get(asked.id, ("", 0.0))[0]
            levels[asked.importance] = round(2 * strengths.get(node, 0.25), 2)
    return levels


# From a normal variable to the cells of a file


def _coded(item: Item, drawn: Array) -> list[Any]:
    """Raw answers: cut to the declared scale and turned back where the item is turned when bound."""
    scale = item.scale
    if scale is None:
        # a measured quantity: median 60, such as seconds
        return [float(v) for v in np.round(np.exp(math.log(60) + 0.5 * drawn), 1)]
    if has_categories(scale):
        codes = scale.minimum + np.searchsorted(_cuts(scale), drawn)
    else:
        share = np.clip(0.66 + 0.18 * drawn, 0, 1)
        codes = np.rint(scale.minimum + share * (scale.maximum - scale.minimum)).astype(np.int64)
    raw = scale.minimum + scale.maximum - codes if item.turned else codes
    return [int(v) for v in raw]


def _cuts(scale: Scale) -> Array:
    """Where a standard normal is cut: category k of K has a share as t^1.5 (1 - t)^.5, t = (k + .5) / K.

    Five points get 3, 14, 25, 32 and 27 %: satisfied people answer more, and more kindly.
    """
    t = (np.arange(scale.points) + 0.5) / scale.points
    shares = t**1.5 * (1 - t) ** 0.5
    below = np.cumsum(shares / shares.sum())[:-1]
    return np.array([_NORMAL.inv_cdf(float(p)) for p in below])


def _silenced(
    item: Item, answers: Sequence[Any], n: int, rng: np.random.Generator, shares: tuple[float, float]
) -> list[Any]:
    """Answers with some replaced by the item's codes of silence, where it has any."""
    out = list(answers)
    u = rng.random(n)
    no_answer, not_applicable = (
        share if codes else 0.0
        for share, codes in zip(shares, (item.no_answer, item.not_applicable), strict=True)
    )
    for i in np.flatnonzero(u < no_answer + not_applicable):
        code = item.no_answer[0] if u[i] < no_answer else item.not_applicable[0]
        out[i] = int(code) if code.lstrip("-").isdigit() else code
    return out


def _segments(instrument: Instrument, n: int, rng: np.random.Generator, mood: Array) -> Columns:
    """A group for everybody in each segment column; in the first, later groups hold the less satisfied."""
    out: Columns = {}
    for k, segment in enumerate(instrument.segments):
        codes = _codes(segment)
        share = 1.0 / np.arange(1, len(codes) + 1) ** 0.6
        noise = rng.standard_normal(n)
        r = SEGMENT_CORRELATION if k == 0 and mood.any() else 0.0
        rank = -r * mood + math.sqrt(1 - r**2) * noise
        cuts = [_NORMAL.inv_cdf(float(p)) for p in np.cumsum(share / share.sum())[:-1]]
        out[segment.column] = [codes[j] for j in np.searchsorted(cuts, rank)]
    return out


def _codes(segment: Segment) -> list[Any]:
    """One code for each declared wording; A, B, C where none is declared."""
    first: dict[Text, str] = {}
    for code, title in segment.labels.items():
        first.setdefault(title, code)
    codes = list(first.values()) or ["A", "B", "C"]
    return [int(c) if c.isdigit() else c for c in codes]
