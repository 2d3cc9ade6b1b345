"""Errors that honour how the respondents were drawn: weights, strata, clusters, finite populations.

Every estimate is linearised: z (n, k) holds how much each respondent moves each of k estimates, and its
variance is that of the sums of z over the clusters (first stage), within strata:

    V = sum_h (1 - f_h) m_h / (m_h - 1) sum_i (z_hi - zbar_h) (z_hi - zbar_h)'

with m_h clusters in stratum h, z_hi the sum over a cluster, f_h = m_h / M_h the share of the stratum's
clusters that were drawn (0 when drawn with replacement). Domains: respondents outside, or silent, stay in
the design with z = 0.

References
----------
Binder (1983), International Statistical Review 51, 279-292. Lumley (2004), J. Stat. Software 9(8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, xlog1py, xlogy

from csat.errors import NumericsError, TooFew
from csat.numerics.intervals import Interval, share_interval, t_quantile, t_two_sided_p
from csat.numerics.linalg import Array
from csat.numerics.sampling import checked_weights

Lone = Literal["raise", "certainty", "adjust"]
"""A stratum with a single cluster: refuse; count it as drawn for certain (no variance); centre it at 0, the
mean of all clusters."""
ShareInterval = Literal["logit", "likelihood", "asin", "beta", "wald", "wilson"]


@dataclass(frozen=True, eq=False)
class Design:
    """How n respondents were drawn.

    weights : (n,) at least 0. stratum : (n,) 0 .. H - 1. cluster : (n,) 0 .. m - 1, each in one stratum.
    population : (H,) clusters (respondents, where there are no clusters) in the population of each stratum;
    infinite when drawn with replacement.
    """

    weights: Array
    stratum: NDArray[np.intp]
    cluster: NDArray[np.intp]
    population: Array
    lone: Lone = "raise"

    @property
    def n(self) -> int:
        """Respondents."""
        return len(self.weights)

    @property
    def clusters(self) -> int:
        """Clusters, or respondents where there are none."""
        return int(self.cluster.max(initial=-1)) + 1

    @property
    def df(self) -> int:
        """Degrees of freedom: clusters - strata."""
        return self.clusters - len(self.population)

    def where(self, keep: ArrayLike) -> Design:
        """The design of some of its respondents: a mask or positions. Strata that lose all of theirs go."""
        chosen = np.arange(self.n)[np.asarray(keep)]
        stratum, cluster = self.stratum[chosen], self.cluster[chosen]
        left = np.unique(stratum)
        return Design(
            self.weights[chosen], _numbered(stratum), _numbered(cluster), self.population[left], self.lone
        )

    def covariance(self, influence: ArrayLike) -> Array:
        """(k, k) covariance of k estimates from their influences (n, k); (n,) gives (1, 1).

        Raises
        ------
        TooFew : a stratum with one cluster, unless `lone` says what to do; position of the stratum.
        """
        z = np.asarray(influence, dtype=float).reshape(self.n, -1)
        strata = len(self.population)
        # respondents who are their own clusters need no sums
        sums, of_cluster = z, self.stratum
        if self.clusters < self.n:
            sums = _summed(z, self.cluster, self.clusters)
            of_cluster = np.zeros(self.clusters, dtype=np.intp)
            of_cluster[self.cluster] = self.stratum
        drawn = np.bincount(of_cluster, minlength=strata).astype(float)
        alone = np.flatnonzero((drawn == 1) & (drawn < self.population))
        if alone.size and self.lone == "raise":
            raise TooFew(
                "a stratum has a single cluster, so its variance is unknown: {items}",
                positions=alone.tolist(),
                do="Merge it with a similar stratum, or say how to treat it (certainty, adjust)",
            )
        centre = _summed(sums, of_cluster, strata) / np.maximum(drawn, 1)[:, None]
        centre[alone] = 0.0
        factor = (1 - drawn / self.population) * drawn / np.maximum(drawn - 1, 1)
        if self.lone == "certainty":
            factor[alone] = 0.0
        d = (sums - centre[of_cluster]) * np.sqrt(factor)[of_cluster][:, None]
        return np.asarray(d.T @ d)

    def se(self, influence: ArrayLike) -> Array:
        """(k,) standard errors of the estimates with these influences."""
        return np.sqrt(np.diag(self.covariance(influence)))


def design(
    weights: ArrayLike | None = None,
    *,
    n: int | None = None,
    strata: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    population: ArrayLike | None = None,
    lone: Lone = "raise",
) -> Design:
    """A design from columns.

    Parameters
    ----------
    weights : (n,); without them `n` says how many respondents there are, each of weight 1.
    strata, clusters : (n,) labels; clusters are numbered within strata, so that 1, 2, .. may repeat.
    population : what the sample was drawn from without replacement: one number, or one per stratum in
        the order of the sorted labels. Clusters when there are clusters, else respondents.

    Raises
    ------
    NumericsError : negative weights, or a population smaller than its sample (position of the stratum).
    """
    if lone not in ("raise", "certainty", "adjust"):
        raise ValueError(f"lone is '{lone}'; it is one of raise, certainty, adjust")
    if weights is None and n is None:
        raise ValueError("give the weights, or n")
    w = np.ones(int(n or 0)) if weights is None else checked_weights(weights)
    stratum = np.zeros(len(w), dtype=np.intp) if strata is None else _numbered(strata)
    cluster = np.arange(len(w))
    if clusters is not None:
        own = _numbered(clusters)
        cluster = _numbered(stratum * (own.max(initial=0) + 1) + own)
    count = int(stratum.max(initial=-1)) + 1
    limit = np.full(count, np.inf)
    if population is not None:
        limit = np.broadcast_to(np.asarray(population, dtype=float), (count,))
        first = np.unique(cluster, return_index=True)[1]
        drawn = np.bincount(stratum[first], minlength=count)
        if (drawn > limit).any():
            raise NumericsError(
                "more was drawn from a stratum than its population holds: {items}",
                positions=np.flatnonzero(drawn > limit).tolist(),
                do="Populations count clusters when the design has clusters",
            )
    return Design(w, stratum, cluster, limit, lone)


class Estimates(NamedTuple):
    """k estimates with their standard errors and influences (n, k); df of the design."""

    value: Array
    se: Array
    influence: Array
    df: int

    def interval(self, *, confidence: float = 0.95) -> Interval:
        """value -+ t(df) se."""
        half = t_quantile(self.df, confidence) * self.se
        return self.value - half, self.value + half


def totals(values: ArrayLike, of: Design, *, among: ArrayLike | None = None) -> Estimates:
    """sum w y of k columns over the respondents of a domain; NaN are silent and add nothing.

    Parameters
    ----------
    values : (n, k) or (n,). among : (n,) truth of belonging to the domain, default everybody.
    """
    y, known = _columns(values, of, among)
    z = of.weights[:, None] * y * known
    return _estimates(z.sum(axis=0), z, of)


def means(values: ArrayLike, of: Design, *, among: ArrayLike | None = None) -> Estimates:
    """sum w y / sum w of k columns, each over those of the domain who answered it; NaN when nobody did."""
    y, known = _columns(values, of, among)
    w = of.weights[:, None] * known
    with np.errstate(invalid="ignore", divide="ignore"):
        total = w.sum(axis=0)
        mean = (w * y).sum(axis=0) / total
        z = np.where(known, w * (y - mean) / total, 0.0)
    return _estimates(mean, np.where(total > 0, z, np.nan), of)


def ratio(top: ArrayLike, bottom: ArrayLike, of: Design, *, among: ArrayLike | None = None) -> Estimates:
    """sum w y / sum w x over those who have both; influence w (y - r x) / sum w x."""
    pair, known = _columns(np.column_stack([np.asarray(top, float), np.asarray(bottom, float)]), of, among)
    w = of.weights * known.all(axis=1)
    y, x = pair.T
    below = float(w @ x)
    if below == 0:
        raise NumericsError("a ratio has nothing below the line", do="Nobody answered, or the sum is zero")
    r = float(w @ y) / below
    return _estimates(np.array([r]), (w * (y - r * x) / below)[:, None], of)


def variances(
    values: ArrayLike,
    of: Design,
    *,
    among: ArrayLike | None = None,
    rows: Literal["answered", "design"] = "answered",
) -> Estimates:
    """Population variance of k columns: n / (n - 1) sum w (y - m)^2 / sum w.

    rows : whether n counts the rows that answered, or all rows of the design, as R's svyvar does with
        na.rm (the two agree where nobody is silent).
    The error treats the mean as known, as R's survey does (its influence is of smaller order).
    """
    y, known = _columns(values, of, among)
    n = known.sum(axis=0) if rows == "answered" else np.full(y.shape[1], of.n)
    centre = means(values, of, among=among).value
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = np.where(known, (y - centre) ** 2 * (n / (n - 1.0)), np.nan)
    return means(squares, of)


def differences(values: ArrayLike, of: Design, *, first: ArrayLike, second: ArrayLike) -> Estimates:
    """Mean of the second domain less that of the first; overlapping domains and shared clusters count."""
    a, b = (means(values, of, among=g) for g in (first, second))
    return _estimates(b.value - a.value, b.influence - a.influence, of)


def mean_tests(found: Estimates) -> tuple[Array, Array, int]:
    """t of each estimate against 0, its p, and the df, which are one less than the design's (svyttest)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        t = found.value / found.se
    return t, t_two_sided_p(t, found.df - 1), found.df - 1


def design_effects(values: ArrayLike, of: Design, *, among: ArrayLike | None = None) -> Array:
    """(k,) variance of each mean over that of a simple random sample of as many answers, drawn with
    replacement: se^2 / (s^2 / n), s^2 as `variances`."""
    _, known = _columns(values, of, among)
    spread = variances(values, of, among=among).value
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(means(values, of, among=among).se ** 2 * known.sum(axis=0) / spread)


def share_interval_of_design(
    share: float,
    se: float,
    *,
    df: float = np.inf,
    n: float | None = None,
    confidence: float = 0.95,
    method: ShareInterval = "logit",
) -> tuple[float, float]:
    """Interval of a share with a design-based standard error.

    logit : logit p -+ t se / (p q), turned back. asin : the same of asin sqrt p. wald : p -+ t se.
    likelihood : all r with 2 (p q / se^2) (p ln(p / r) + q ln(q / (1 - r))) <= t^2 n / (n - 1), the
        likelihood ratio over the design effect (Rao & Scott; n / (n - 1) as in R's survey).
    beta : beta quantiles at n = (p q / se^2) (t_{n-1} / t_df)^2 (Korn & Graubard).
    wilson : Wilson's at the effective n p q / se^2.
    n : the respondents, df + 1 unless given.
    A share of 0 or 1, or without error, has no spread: the interval is the share itself, except by wilson
    and beta when n is given.

    References
    ----------
    Korn & Graubard (1998), Survey Methodology 24, 193-201. Rao & Scott (1984), Annals of Statistics 12,
    46-60.
    """
    p, q, t = share, 1 - share, float(t_quantile(df, confidence))
    if not (0 < p < 1 and se > 0):
        if method in ("wilson", "beta") and n is not None and 0 <= p <= 1:
            closed = "wilson" if method == "wilson" else "clopper-pearson"
            low, high = share_interval(p * n, n, confidence=confidence, method=closed)  # type: ignore[arg-type]
            return float(low), float(high)
        return (p, p) if 0 <= p <= 1 else (np.nan, np.nan)
    effective = p * q / se**2
    rows = df + 1 if n is None else n
    if method == "logit":
        low, high = np.log(p / q) + np.array([-1, 1]) * t * se / (p * q)
        return float(1 / (1 + np.exp(-low))), float(1 / (1 + np.exp(-high)))
    if method == "asin":
        ends = np.arcsin(np.sqrt(p)) + np.array([-1, 1]) * t * se / (2 * np.sqrt(p * q))
        low, high = np.sin(np.clip(ends, 0, np.pi / 2)) ** 2
        return float(low), float(high)
    if method == "wald":
        return p - t * se, p + t * se
    if method == "wilson":
        low, high = share_interval(p * effective, effective, confidence=confidence)
        return float(low), float(high)
    if method == "beta":
        size = effective
        if np.isfinite(df):
            size *= (float(t_quantile(rows - 1, confidence)) / t) ** 2
        tail = (1 - confidence) / 2
        x = p * size
        return float(betaincinv(x, size - x + 1, tail)), float(betaincinv(x + 1, size - x, 1 - tail))
    if method == "likelihood":
        limit = t**2 * (rows / (rows - 1) if np.isfinite(rows) else 1.0) / (2 * effective)
        return _likelihood_end(p, limit, 0.0), _likelihood_end(p, limit, 1.0)
    raise ValueError(f"method is '{method}'; it is one of logit, likelihood, asin, beta, wald, wilson")


def _likelihood_end(p: float, limit: float, end: float) -> float:
    inside, outside = p, end
    for _ in range(200):
        middle = (inside + outside) / 2
        if middle in (inside, outside):
            break
        drop = xlogy(p, p / middle) + xlog1py(1 - p, (middle - p) / (1 - middle))
        inside, outside = (middle, outside) if drop <= limit else (inside, middle)
    return inside


def _columns(values: ArrayLike, of: Design, among: ArrayLike | None) -> tuple[Array, NDArray[np.bool_]]:
    """(n, k) values with 0 where not known, and (n, k) whether they are known and of the domain."""
    y = np.asarray(values, dtype=float)
    y = y.reshape(of.n, -1)
    known = ~np.isnan(y)
    if among is not None:
        known &= np.asarray(among, dtype=bool)[:, None]
    return np.where(known, y, 0.0), known


def _estimates(value: Array, influence: Array, of: Design) -> Estimates:
    return Estimates(np.asarray(value), of.se(influence), np.asarray(influence), of.df)


def _summed(values: Array, group: NDArray[np.intp], groups: int) -> Array:
    columns = [np.bincount(group, weights=v, minlength=groups) for v in values.T]
    return np.column_stack(columns) if columns else np.zeros((groups, 0))


def _numbered(labels: ArrayLike) -> NDArray[np.intp]:
    return np.asarray(np.unique(np.asarray(labels), return_inverse=True)[1], dtype=np.intp).ravel()
