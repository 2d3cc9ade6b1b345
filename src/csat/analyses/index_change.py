"""How much an index changed from wave to wave, or differs between groups: with test and detectable change."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from csat.analyses.result import Base, Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput
from csat.language import Language, Text
from csat.numerics.composites import difference_tests
from csat.numerics.intervals import Adjustment, normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Against = Literal["previous", "first", "pairs"]
FEWEST = 30
"""Respondents below which a sample is shown without a test (METHODS 20)."""


@dataclass(frozen=True)
class SampleIndex:
    """The index of one sample: points, standard error (weights re-estimated), respondents, effective n."""

    score: float
    se: float
    n: int
    effective_n: float


@dataclass(frozen=True)
class PairedChange:
    """The change of the index among n respondents who are in both samples, and its standard error."""

    change: float
    se: float
    n: int


@dataclass(frozen=True, eq=False, kw_only=True)
class IndexChange(Result):
    """The index of s samples and d changes between them, made by `index_change`."""

    title = Text("Change of the index", "指数变化")
    name = "index_change"

    index_name: Text
    samples: tuple[str, ...]
    n: NDArray[np.int64]
    score: Array
    se: Array
    ci_lower: Array
    ci_upper: Array
    first: tuple[str, ...]
    second: tuple[str, ...]
    change: Array
    """(d,) second less first."""
    change_se: Array
    change_lower: Array
    change_upper: Array
    z: Array
    p: Array
    p_adjusted: Array
    """Over all changes shown; NaN where a sample is below `FEWEST` respondents."""
    detectable: Array
    """Smallest change such samples find four times in five."""
    matched: NDArray[np.int64]
    """(d,) respondents in both samples of a panel; 0 of independent samples."""
    panel: bool
    adjustment: Adjustment
    confidence: float

    def tables(self) -> dict[str, Table]:
        """`changes`, `samples`."""
        level = f"{100 * self.confidence:g}%"
        ends = {
            "ci_lower": Text(f"{level} CI, lower", f"{level} 置信下限"),
            "ci_upper": Text(f"{level} CI, upper", f"{level} 置信上限"),
        }
        points = ("change", "score", "se", "ci_lower", "ci_upper", "detectable")
        holm = self.adjustment == "holm"
        changes: dict[str, Any] = {
            "first": self.first,
            "second": self.second,
            **({"n": self.matched} if self.panel else {}),
            "change": self.change,
            "ci_lower": self.change_lower,
            "ci_upper": self.change_upper,
            "se": self.change_se,
            "z": self.z,
            "p": self.p,
            "p_adjusted": self.p_adjusted,
            "detectable": self.detectable,
        }
        samples: dict[str, Any] = {
            "wave": self.samples,
            "n": self.n,
            "score": self.score,
            "ci_lower": self.ci_lower,
            "ci_upper": self.ci_upper,
            "se": self.se,
        }
        return {
            "changes": Table(
                changes,
                title=Text("Changes of the {index}", "{index}的变化").fill(index=self.index_name),
                notes=[
                    PANEL if self.panel else INDEPENDENT,
                    Text(
                        "Normal test; {how} p over all changes shown. Each sample has its own weights. "
                        "Smallest detectable: the true change that such samples find four times in five.",
                        "正态检验；{how}校正 p 值适用于所列全部变化。各样本使用自身权重。"
                        "最小可检出变化：此类样本有五分之四机会发现的真实变化。",
                    ).fill(
                        how=Text("Holm's", "Holm ")
                        if holm
                        else Text("Benjamini and Hochberg's", "Benjamini–Hochberg ")
                    ),
                ],
                labels=ends
                | {
                    "first": Text("From", "从"),
                    "second": Text("To", "到"),
                    "n": Text("In both", "两次均参加"),
                    "p_adjusted": Text("p, Holm", "p（Holm）")
                    if holm
                    else Text("p, Benjamini-Hochberg", "p（Benjamini–Hochberg）"),
                    "detectable": Text("Smallest detectable", "最小可检出变化"),
                },
                formats={"p": "p", "p_adjusted": "p"} | {c: "score" for c in points if c in changes},
            ),
            "samples": Table(
                samples,
                title=Text("{index} of each sample", "各样本的{index}").fill(index=self.index_name),
                labels=ends,
                formats={c: "score" for c in points if c in samples},
            ),
        }

    def plots(self) -> dict[str, Plot]:
        """`samples`: the index of each with its interval."""

        def draw(ax: Axes, language: Language) -> Axes:
            from csat.display import charts

            return charts.dots(
                ax, list(self.samples), self.score, lower=self.ci_lower, upper=self.ci_upper,
                xlabel=Text("Index, 0-100", "指数（0–100）").say(language), kind="score",
            )  # fmt: skip

        return {
            "samples": Plot(
                draw,
                Text("Index of each sample", "各样本指数"),
                Text("One dot a sample, its index with its interval.", "每个样本一个点，横条为区间。"),
                (6.8, max(2.0, 0.36 * len(self.samples) + 1.0)),
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """Each change that the tests find; else that none is found."""
        found = [i for i in range(len(self.change)) if self.p_adjusted[i] < 1 - self.confidence]
        if not found:
            return (
                Text(
                    "No change is larger than chance; the smallest detectable is {d} points.",
                    "没有超出抽样误差的变化；最小可检出变化为 {d} 分。",
                ).fill(d=f"{np.nanmin(self.detectable):.1f}")
                if np.isfinite(self.p).any()
                else Text("No change could be tested.", "没有可检验的变化。"),
            )
        return tuple(
            Text(
                "{a} to {b}: {d} points ({lower} to {upper}).", "{a} 至 {b}：{d} 分（{lower} 至 {upper}）。"
            ).fill(
                a=self.first[i],
                b=self.second[i],
                d=f"{self.change[i]:+.1f}",
                lower=f"{self.change_lower[i]:+.1f}",
                upper=f"{self.change_upper[i]:+.1f}",
            )
            for i in found
        )


INDEPENDENT = Text("Independent samples: se = sqrt(se1² + se2²).", "独立样本：标准误 = sqrt(se1² + se2²)。")
PANEL = Text(
    "Panel: the change among the respondents in both samples; its se from replicates that hold the same "
    "respondents in both.",
    "面板：两次均参加的受访者的变化；标准误来自两次包含相同受访者的重抽样。",
)


def pairs_of(names: Sequence[str], against: Against) -> list[tuple[str, str]]:
    """Which samples are compared, earlier first.

    Raises
    ------
    BadInput : fewer than two samples, an unknown word.
    """
    if len(names) < 2:
        raise BadInput(
            f"{len(names)} sample has no change", right="At least two waves or groups", where="the change"
        )
    if against == "pairs":
        return list(itertools.combinations(names, 2))
    if against == "first":
        return [(names[0], n) for n in names[1:]]
    if against == "previous":
        return list(itertools.pairwise(names))
    raise BadInput(f"'{against}' is no comparison of indices", right="It is previous, first or pairs")


def index_change(
    samples: Mapping[str, SampleIndex],
    *,
    index_name: Text,
    against: Against = "previous",
    paired: Mapping[tuple[str, str], PairedChange] | None = None,
    adjustment: Adjustment = "holm",
    confidence: float = 0.95,
) -> IndexChange:
    """Changes between two or more samples, in the order given.

    Parameters
    ----------
    against : each sample against the one before it, against the first, or all `pairs`.
    paired : of a panel the change of each pair compared; else the samples are independent.
    adjustment : `holm` or `benjamini-hochberg`, over all changes.

    Raises
    ------
    BadInput : fewer than two samples, an unknown word.
    """
    names = list(samples)
    pairs = pairs_of(names, against)
    score, se = (np.array([getattr(s, k) for s in samples.values()]) for k in ("score", "se"))
    at = {n: i for i, n in enumerate(names)}
    a, b = (np.array([at[pair[k]] for pair in pairs]) for k in range(2))
    change, change_se = score[b] - score[a], np.hypot(se[a], se[b])
    n = np.array([s.n for s in samples.values()], dtype=np.int64)
    rests_on, matched = np.minimum(n[a], n[b]), np.zeros(len(pairs), dtype=np.int64)
    if paired is not None:
        change, change_se = (np.array([getattr(paired[p], k) for p in pairs]) for k in ("change", "se"))
        rests_on = matched = np.array([paired[p].n for p in pairs], dtype=np.int64)
    tests = difference_tests(
        change, change_se, tested=rests_on >= FEWEST, confidence=confidence, adjustment=adjustment
    )
    z = normal_quantile(confidence)
    thin = rests_on < FEWEST
    small = [
        name
        for k, name in enumerate(names)
        if n[k] < FEWEST or any(thin[d] and k in (a[d], b[d]) for d in range(len(pairs)) if paired)
    ]
    return IndexChange(
        index_name=index_name,
        samples=tuple(names),
        n=n,
        score=score,
        se=se,
        ci_lower=score - z * se,
        ci_upper=score + z * se,
        first=tuple(p[0] for p in pairs),
        second=tuple(p[1] for p in pairs),
        change=change,
        change_se=change_se,
        change_lower=change - z * change_se,
        change_upper=change + z * change_se,
        z=tests.z,
        p=tests.p,
        p_adjusted=tests.p_adjusted,
        detectable=tests.detectable,
        matched=matched,
        panel=paired is not None,
        adjustment=adjustment,
        confidence=confidence,
        base=Base(
            respondents=int(n.sum()),
            effective_n=math.fsum(s.effective_n for s in samples.values()),
            missing="available",
            rows=int(n.sum()),
            # weights, and nothing else, make the effective n another
            weighted=any(not math.isclose(s.effective_n, s.n) for s in samples.values()),
        ),
        cautions=(
            Caution(
                "small samples",
                Text(
                    "Not tested, as fewer than {k} respondents are in: {names}.",
                    "以下样本不足 {k} 人，不做检验：{names}。",
                ).fill(k=FEWEST, names=Text(", ".join(small), "、".join(small))),
                tuple(small),
            ),
        )
        if small
        else (),
    )
