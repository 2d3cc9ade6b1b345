"""How the replicates of a survey are made, when not each row is resampled by itself.

Letters: n rows, m units (the clusters that were sampled, or the rows), H strata, R replicates, f (R, n)
factors of the case weights, c (R,) coefficients. An estimate t has the variance

    sum_r c_r (t_r - mean of t_r)^2

over replicates that delete or halve (jackknife, BRR, replicate weights that came with the data); over
replicates that are drawn (bootstrap, Bayesian bootstrap) it is their plain variance, and their quantiles are
the interval. A `Replication` belongs to rows: `where` gives that of some of them, with the same factors.

References
----------
Rao & Wu (1988), JASA 83, 231-241. Rao, Wu & Yue (1992), Survey Methodology 18, 209-217 (rescaling bootstrap).
Rubin (1981), Annals of Statistics 9, 130-134. Wolter (2007), Introduction to Variance Estimation (jackknife,
BRR). Beaumont & Patak (2012), International Statistical Review 80, 127-148 (generalised bootstrap).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from csat.errors import NumericsError, TooFew
from csat.numerics.resampling import BATCH_CELLS, REPLICATES, poisson_multiplicities, uniform_words

Array = NDArray[np.float64]
Places = NDArray[np.intp]
Kind = Literal["bootstrap", "bayesian", "jackknife"]
Given = Literal["bootstrap", "BRR", "Fay", "JK1", "JK2", "JKn", "SDR", "other"]

KINDS: tuple[Kind, ...] = ("bootstrap", "bayesian", "jackknife")
GIVEN: tuple[Given, ...] = ("bootstrap", "BRR", "Fay", "JK1", "JK2", "JKn", "SDR", "other")
JACKKNIFE_UNITS = 2000
"""Replicates of a jackknife at most: more units are deleted in random groups (ours)."""
MANY_UNITS = 20_000
"""Sampled units above which random groups of them are resampled (ours)."""
RANDOM_GROUPS = 4096
"""Groups of rows that are resampled as one when there are very many rows: an error is known to 1.6 %."""
LEFT_OUT_GROUPS = 1000
"""Leave-out estimates behind the acceleration of a BCa interval, at most (ours)."""


@dataclass(frozen=True, eq=False)
class Replication:
    """How replicates of n rows are made.

    kind : `bootstrap`, `bayesian`, `jackknife`; `given`: the replicate weights in `factors`; `generalised`:
        normal factors with the variance that coefficients and factors give.
    unit : (n,) the unit of each row, 0 .. m - 1; None: every row is its own. stratum : (m,) of each unit;
    None: one. factors : (R, n) of given replicates. coefficients : (R,) of given ones.
    """

    kind: Literal["bootstrap", "bayesian", "jackknife", "given", "generalised"] = "bootstrap"
    unit: Places | None = None
    stratum: Places | None = None
    factors: Array | None = None
    coefficients: Array | None = None
    left: Array | None = None
    """(m,) share of the population of each unit's stratum not drawn; None: drawn with replacement."""
    title: str = ""
    """Name of given replicates, such as `JK1`."""

    @property
    def is_drawn(self) -> bool:
        """Whether replicates are random draws, whose spread and quantiles are error and interval."""
        return self.kind not in ("jackknife", "given")

    @property
    def units(self) -> int:
        """Sampled units; 0 where every row is its own."""
        return 0 if self.stratum is None else len(self.stratum)

    @property
    def strata(self) -> int:
        """Strata of the units; 0 where every row is its own."""
        return 0 if self.stratum is None else len(np.unique(self.stratum))

    @property
    def df(self) -> float:
        """Units less strata, or replicates less 1; infinite where every row is its own."""
        if self.kind == "given" and self.factors is not None:
            return float(len(self.factors) - 1)
        return np.inf if self.stratum is None else float(len(self.stratum) - len(np.unique(self.stratum)))

    def count(self, replicates: int) -> int:
        """Replicates there will be when so many are asked for."""
        if self.kind == "given" and self.factors is not None:
            return len(self.factors)
        return self.units if self.kind == "jackknife" else replicates

    def variance_coefficients(self) -> Array:
        """(R,) c of replicates that are not drawn."""
        if self.kind == "given" and self.coefficients is not None:
            return self.coefficients
        assert self.stratum is not None  # a jackknife has units
        size = np.bincount(self.stratum)[self.stratum]
        return np.asarray((size - 1.0) / size * (1.0 if self.left is None else self.left))

    def where(self, keep: NDArray[Any]) -> Replication:
        """Of some of the rows: their factors are the same."""
        return replace(
            self,
            unit=None if self.unit is None else self.unit[keep],
            factors=None if self.factors is None else self.factors[:, keep],
        )

    def as_draws(self) -> Replication:
        """Replicates that are drawn, of the same variance: for shares of replicates and quantiles.

        Those that delete or halve become normal combinations of the replicate weights.
        """
        return self if self.is_drawn else replace(self, kind="generalised")

    def row_factors(
        self, rows: ArrayLike, replicates: int, *, seed: int = 0, cells: int = BATCH_CELLS
    ) -> Iterator[Array]:
        """Yield batches (b, n) of factors of the case weights, `count(replicates)` rows in all."""
        n = len(np.asarray(rows))
        if self.unit is None and self.factors is None:
            yield from _by_row(self.kind, rows, replicates, seed, cells)
            return
        size = max(1, cells // max(1, n))
        if self.kind == "given" or (self.kind == "generalised" and self.factors is not None):
            yield from self._of_given(replicates, seed, size)
            return
        assert self.unit is not None
        for batch in self.unit_factors(replicates, seed=seed, size=size):
            yield batch[:, self.unit]

    def unit_factors(self, replicates: int, *, seed: int = 0, size: int = 256) -> Iterator[Array]:
        """Yield batches (b, m) of factors of the units: all rows of one share it."""
        assert self.stratum is not None
        if self.kind in ("bootstrap", "bayesian"):
            make = _rescaled if self.kind == "bootstrap" else _dirichlet
            for factors in make(self.stratum, replicates, seed, size):
                # sqrt(1 - f_h) of the deviation: never below 0, and 1 - f_h of the variance
                yield factors if self.left is None else 1.0 + (factors - 1.0) * np.sqrt(self.left)
        elif self.kind == "jackknife":
            for first in range(0, self.units, size):
                yield _without(self.stratum, np.arange(first, min(first + size, self.units)))
        else:
            # deviation of unit j is sum_r sqrt(c_r) g_r (f_rj - 1), of which the r = j term is -1 and the
            # others of its stratum add 1 / (m_h - 1) each
            root = np.sqrt(replace(self, kind="jackknife").variance_coefficients())
            count = np.bincount(self.stratum).astype(float)
            share = 1.0 / np.maximum(count[self.stratum] - 1.0, 1.0)
            for g in _normals(self.units, replicates, seed, size):
                pull = g * root
                total = np.stack(
                    [np.bincount(self.stratum, weights=one, minlength=len(count)) for one in pull]
                )
                yield 1.0 + (total[:, self.stratum] - pull) * share - pull

    def _of_given(self, replicates: int, seed: int, size: int) -> Iterator[Array]:
        assert self.factors is not None and self.coefficients is not None
        if self.kind == "given":
            for first in range(0, len(self.factors), size):
                yield self.factors[first : first + size]
            return
        deviation = (self.factors - self.factors.mean(axis=0)) * np.sqrt(self.coefficients)[:, None]
        for g in _normals(len(self.factors), replicates, seed, size):
            yield 1.0 + g @ deviation


def replication(
    kind: Kind = "bootstrap",
    *,
    n: int,
    strata: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    population: ArrayLike | None = None,
    seed: int = 0,
) -> Replication:
    """Replicates of n rows that were sampled in strata, in clusters, or both.

        bootstrap  within each stratum m_h - 1 of the m_h units are drawn with replacement, and a unit drawn k
                   times counts k m_h / (m_h - 1) times (Rao & Wu); without strata and clusters independent
                   Poisson(1) counts by row
        bayesian   exponential factors, summing to m_h within a stratum (Rubin); its variance is
                   m_h / (m_h + 1) times that of the sample, so it is meant for many units
        jackknife  each unit is deleted once, the others of its stratum count m_h / (m_h - 1) times (JKn; with
                   one stratum JK1)

    Above `JACKKNIFE_UNITS` or `MANY_UNITS` units random groups of them, within strata, are the units.

    Parameters
    ----------
    strata, clusters : (n,) labels; clusters are numbered within strata, so that 1, 2, .. may repeat.
    population : what was drawn from without replacement: one number, or one per stratum in the order of the
        sorted labels; clusters when there are clusters, else rows. A variance is then 1 - m_h / M_h as large.
    seed : of the random groups.

    Raises
    ------
    TooFew : a stratum with one unit; its position among the sorted labels. NumericsError : an unknown kind, a
        population smaller than its sample.
    """
    if kind not in KINDS:
        raise NumericsError(f"'{kind}' is no kind of replicates", do=f"They are {', '.join(KINDS)}")
    if strata is None and clusters is None and population is None and kind != "jackknife":
        return Replication(kind)
    of_row = np.zeros(n, dtype=np.intp) if strata is None else _numbered(strata)
    unit = np.arange(n)
    if clusters is not None:
        own = _numbered(clusters)
        unit = _numbered(of_row * (int(own.max(initial=0)) + 1) + own)
    stratum = np.zeros(int(unit.max(initial=-1)) + 1, dtype=np.intp)
    stratum[unit] = of_row
    alone = np.flatnonzero(np.bincount(stratum) == 1)
    if alone.size:
        raise TooFew(
            "a stratum has a single cluster, so its variance is unknown: {items}",
            positions=alone.tolist(),
            do="Merge it with a similar stratum",
        )
    share = _not_drawn(np.bincount(stratum), population)
    most, groups = (JACKKNIFE_UNITS,) * 2 if kind == "jackknife" else (MANY_UNITS, RANDOM_GROUPS)
    if len(stratum) > most:
        group, stratum = _random_groups(stratum, groups, seed)
        unit = group[unit]
    return Replication(kind, unit, stratum, left=None if share is None else share[stratum])


def _not_drawn(drawn: NDArray[np.intp], population: ArrayLike | None) -> Array | None:
    """(H,) 1 - m_h / M_h."""
    if population is None:
        return None
    size = np.broadcast_to(np.asarray(population, dtype=float), drawn.shape)
    if (drawn > size).any():
        raise NumericsError(
            "more was drawn from a stratum than its population holds: {items}",
            positions=np.flatnonzero(drawn > size).tolist(),
            do="Populations count clusters when the design has clusters",
        )
    return np.asarray(1.0 - drawn / size)


def random_groups(rows: ArrayLike, *, groups: int = RANDOM_GROUPS, seed: int = 0) -> Replication:
    """A bootstrap of random groups of rows instead of the rows: very many rows, at the price of few.

    The group of a row depends on (seed, row) alone. The variance over groups of the sums within them is
    unbiased for that over rows, with a relative standard error of sqrt(2 / groups).
    """
    word = uniform_words(np.asarray(rows), 1, seed=seed ^ 0x5EED)[0]
    return Replication("bootstrap", (word * groups).astype(np.intp), np.zeros(groups, dtype=np.intp))


def left_out_groups(
    n: int, made: Replication | None = None, *, most: int = LEFT_OUT_GROUPS
) -> tuple[Places, int]:
    """Group of each of n rows, and how many groups: those left out in turn for a BCa interval.

    The sampled units, or runs of them where there are more than `most`.
    """
    unit = np.arange(n) if made is None or made.unit is None else made.unit
    units = n if made is None or made.unit is None else made.units
    groups = min(most, units)
    return np.asarray(unit * groups // max(units, 1), dtype=np.intp), groups


def given_replicates(
    weights: ArrayLike | None,
    replicate_weights: ArrayLike,
    *,
    type: Given,
    scale: float | ArrayLike | None = None,
) -> Replication:
    """Replicates whose weights came with the data.

    Coefficients by type, as R's survey: BRR 1/R, JK1 (R - 1)/R, JK2 1, bootstrap 1/(R - 1), SDR (successive
    differences, as the American Community Survey) 4/R. Fay, JKn and other need `scale`; for Fay's method with
    coefficient rho it is 1 / (R (1 - rho)^2).

    Parameters
    ----------
    weights : (n,) case weights, default 1. replicate_weights : (n, R), which stand in their place.
    scale : instead of the type's: one number for all replicates, or (R,).

    Raises
    ------
    NumericsError : fewer than 2 replicates, no scale where the type has none, a weight that is no number.
    """
    full = np.asarray(replicate_weights, dtype=float)
    w = np.ones(len(full)) if weights is None else np.asarray(weights, dtype=float)
    count = full.shape[1]
    if count < 2:
        raise NumericsError(f"{count} replicate weight gives no variance", do="Name all of them")
    if not np.isfinite(full).all():
        bad = np.flatnonzero(~np.isfinite(full).all(axis=0))
        raise NumericsError(
            "replicate weights are no numbers: {items}", positions=bad.tolist(), do="Fill in the empty cells"
        )
    if scale is None:
        if type not in _SCALES:
            raise NumericsError(
                f"replicate weights of type {type} need a scale",
                do="Give the multiplier of the squared deviations, one number or one for each replicate",
            )
        scale = _SCALES[type](count)
    coefficients = np.broadcast_to(np.asarray(scale, dtype=float), (count,)).copy()
    if not (np.isfinite(coefficients).all() and (coefficients >= 0).all()):
        raise NumericsError("a scale of replicate weights is negative or no number")
    with np.errstate(invalid="ignore", divide="ignore"):
        factors = np.where(w > 0, full.T / w, 0.0)
    return Replication("given", factors=factors, coefficients=coefficients, title=type)


_SCALES: Mapping[str, Any] = {
    "BRR": lambda r: 1 / r,
    "JK1": lambda r: (r - 1) / r,
    "JK2": lambda r: 1.0,
    "bootstrap": lambda r: 1 / (r - 1),
    "SDR": lambda r: 4 / r,
}


def replicate_variance(replicates: ArrayLike, coefficients: ArrayLike) -> Array:
    """sum_r c_r (t_r - mean)^2 over the last axis: centred at the replicates, as R's survey does."""
    t, c = np.asarray(replicates, dtype=float), np.asarray(coefficients, dtype=float)
    used = c > 0
    centre = t[..., used].mean(axis=-1, keepdims=True)
    return np.asarray((c[used] * (t[..., used] - centre) ** 2).sum(axis=-1))


def replicate_weights(
    rows: ArrayLike,
    replicates: int = REPLICATES,
    *,
    kind: Kind = "bootstrap",
    clusters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    seed: int = 0,
    cells: int = BATCH_CELLS,
) -> Iterator[Array]:
    """Yield batches (b, n) of factors of the case weights by the replication of these kinds."""
    names = np.asarray(rows)
    made = replication(kind, n=len(names), strata=strata, clusters=clusters, seed=seed)
    yield from made.row_factors(names, replicates, seed=seed, cells=cells)


def _by_row(kind: str, rows: ArrayLike, replicates: int, seed: int, cells: int) -> Iterator[Array]:
    if kind == "bootstrap":
        yield from poisson_multiplicities(rows, replicates, seed=seed, cells=cells)
        return
    names = np.asarray(rows)
    size = max(1, cells // max(1, len(names)))
    for first in range(0, replicates, size):
        yield -np.log(uniform_words(names, min(size, replicates - first), seed=seed, first=first))


def _rescaled(stratum: Places, replicates: int, seed: int, size: int) -> Iterator[Array]:
    """Draw m_h - 1 of the m_h units of a stratum with replacement; k times drawn counts k m_h / (m_h - 1)."""
    order = np.argsort(stratum, kind="stable")
    count = np.bincount(stratum)
    start = np.cumsum(count) - count
    # the draws of all strata stand in one row: which stratum each is of
    of_draw = np.repeat(np.arange(len(count)), np.maximum(count - 1, 0))
    many, m = count[of_draw].astype(float), len(stratum)
    rescale = count / np.maximum(count - 1.0, 1.0)
    for first in range(0, replicates, size):
        b = min(size, replicates - first)
        word = uniform_words(np.arange(len(of_draw)), b, seed=seed, first=first)
        at = start[of_draw] + np.minimum((word * many).astype(np.intp), count[of_draw] - 1)
        flat = order[at] + np.arange(b)[:, None] * m
        times = np.bincount(flat.ravel(), minlength=b * m).reshape(b, m)
        yield times * rescale[stratum]


def _dirichlet(stratum: Places, replicates: int, seed: int, size: int) -> Iterator[Array]:
    count = np.bincount(stratum).astype(float)
    for first in range(0, replicates, size):
        b = min(size, replicates - first)
        drawn = -np.log(uniform_words(np.arange(len(stratum)), b, seed=seed, first=first))
        total = np.stack([np.bincount(stratum, weights=one, minlength=len(count)) for one in drawn])
        yield drawn * (count / total)[:, stratum]


def _without(stratum: Places, deleted: Places) -> Array:
    """(b, m) factors when each of b units is deleted."""
    count = np.bincount(stratum).astype(float)
    same = stratum[None, :] == stratum[deleted][:, None]
    out = np.where(same, (count / np.maximum(count - 1, 1))[stratum][None, :], 1.0)
    out[np.arange(len(deleted)), deleted] = 0.0
    return out


def _normals(columns: int, replicates: int, seed: int, size: int) -> Iterator[Array]:
    for first in range(0, replicates, size):
        b = min(size, replicates - first)
        yield np.asarray(ndtri(uniform_words(np.arange(columns), b, seed=seed, first=first)))


def _random_groups(stratum: Places, most: int, seed: int) -> tuple[Places, Places]:
    """Group of each unit and stratum of each group: groups in proportion to the units of each stratum."""
    count = np.bincount(stratum)
    share = np.maximum(2, np.floor(most * count / count.sum())).astype(np.intp)
    share = np.minimum(share, count)
    start = np.cumsum(share) - share
    group = np.empty(len(stratum), dtype=np.intp)
    word = uniform_words(np.arange(len(stratum)), 1, seed=seed)[0]
    for h in range(len(count)):
        own = np.flatnonzero(stratum == h)
        # in random order, dealt in turn: groups of one stratum differ by one unit at most
        group[own[np.argsort(word[own], kind="stable")]] = start[h] + np.arange(len(own)) % share[h]
    return group, np.repeat(np.arange(len(count)), share)


def _numbered(labels: ArrayLike) -> Places:
    return np.asarray(np.unique(np.asarray(labels), return_inverse=True)[1], dtype=np.intp).ravel()
