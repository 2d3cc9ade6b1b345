"""How many things do the items measure? Exploratory factors of a tally."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from csat.analyses.factorial import doubts
from csat.analyses.factorial.factors import Factors
from csat.analyses.factorial.ground import Ground, ground_of, require_items
from csat.analyses.factorial.naming import name_factors, sort_items
from csat.analyses.factorial.retention import Retention, retention
from csat.analyses.guidelines import CROSS_LOADING, CROSS_LOADING_GAP, LOADING_EFA
from csat.analyses.result import Base, Caution
from csat.errors import BadInput, NumericsError
from csat.language import Text
from csat.numerics import factor_fit as ff
from csat.numerics.extraction import Extraction, extract, most_factors
from csat.numerics.linalg import Array, correlation_from_covariance
from csat.numerics.ordinal import polychoric_matrix, thresholds
from csat.numerics.rotation import OBLIQUE, Rotation, rotate
from csat.tally.tally import Tally

Rule = Literal["parallel", "kaiser", "map", "instrument"]
ExtractionName = Literal["minres", "ml", "pa", "pca"]
RotationName = Literal["none", "varimax", "quartimax", "promax", "oblimin", "quartimin", "geomin"]
CorrelationName = Literal["pearson", "polychoric", "auto"]

STARTS = 10
"""Starts of the rotation, the first from a quick varimax or promax."""
FEW_CATEGORIES, SOME_CATEGORIES, SKEWED = 5, 7, 1.0
"""`auto` is polychoric when an item has at most 5 categories, or at most 7 and |skewness| above 1."""

__all__ = ["Factors", "efa", "efa_scores"]


def efa(
    tally: Tally,
    *,
    factors: int | str = "parallel",
    extraction: ExtractionName = "minres",
    rotation: RotationName = "oblimin",
    correlation: CorrelationName = "pearson",
    draws: int = 200,
    seed: int = 0,
    starts: int = STARTS,
    constructs: Mapping[str, Sequence[str]] | None = None,
    titles: Mapping[str, Text] | None = None,
) -> Factors:
    """Exploratory factors: loadings, factor correlations, fit, and the number every rule asks for.

    Parameters
    ----------
    tally : of p >= 3 items; of complete rows (listwise), or pairwise: tests then use the smallest pair n.
    factors : a number, or the rule that sets it: `parallel` (95th percentile of eigenvalues of unrelated
        items), `kaiser` (eigenvalues above 1), `map` (minimum average squared partial correlation),
        `instrument` (as many as constructs are declared).
    extraction : `minres`, `ml`, `pa` (principal axes), or `pca` for principal components.
    rotation : `none`; orthogonal `varimax`, `quartimax`; oblique `oblimin`, `quartimin`, `promax`, `geomin`.
    correlation : `pearson`, `polychoric`, or `auto`: polychoric when an item has few categories (5, or 7 if
        skewed).
    draws, seed : of the parallel analysis. A shuffled item depends only on its counts, so the tally is
        enough; with weights or pairwise, answers are drawn from the items' shares for the effective or the
        smallest n; for many answers (above 100 000) and for continuous items correlations of unrelated
        normal items are drawn (Wishart). The result says which.
    starts : of the rotation; the best optimum is kept.
    constructs : construct to items, to name the factors after. titles : of constructs and items.

    Returns
    -------
    Factors : ordered by falling variance, every column of loadings summing to a positive number.

    Raises
    ------
    BadInput : an unknown option. CannotCompute : too few items or respondents, an item without variance, too
        many factors for the items, a singular matrix (ml), or no convergence.
    """
    _check_options(tally, factors, extraction, rotation, correlation)
    declared = _declared(tally.items, constructs or {})
    ground = ground_of(tally, where="efa")
    try:
        kind = _kind(tally, correlation)
        r, cautions = _correlations(tally, kind, ground.pairwise)
        rules = retention(
            tally,
            r,
            n=ground.n,
            polychoric=kind == "polychoric",
            constructs=len(declared),
            draws=draws,
            seed=seed,
        )
        asked, kept = _number(factors, rules, len(tally.items), extraction)
        found = extract(r, kept, method="components" if extraction == "pca" else extraction)
        turned = rotate(found.loadings, method=rotation, starts=starts, rng=np.random.default_rng([seed, 2]))
    except NumericsError as error:
        raise error.named(tally.items, where="efa") from error
    rule = factors if isinstance(factors, str) else "given"
    words = {k: v for k, v in (titles or {}).items() if k in tally.items or k in declared}
    return _result(
        tally, ground, r, rules, found, turned, cautions, kind, extraction, rule, asked, declared, words
    )


def efa_scores(answers: ArrayLike, result: Factors, *, method: ff.ScoreMethod = "regression") -> Array:
    """Factor scores of respondents: a second pass over the rows.

    Parameters
    ----------
    answers : (n, p) answer values, columns in the order of `result.items`, NaN where silent. They are
        standardised by the means and deviations the solution rests on, so scores of later waves compare.
    method : `regression` (Thurstone; most valid), `bartlett` (unbiased), `ten berge` (keeps Phi).

    Returns
    -------
    (n, m) scores with mean 0; NaN for a respondent with any silent item.

    Raises
    ------
    BadInput : another number of columns. CannotCompute : the correlations have no inverse.
    """
    x = np.asarray(answers, dtype=float)
    if x.ndim != 2 or x.shape[1] != len(result.items):
        raise BadInput(
            f"answers have the shape {x.shape}",
            right=f"There must be one column an item: {len(result.items)}",
            where="efa_scores",
        )
    try:
        weights = ff.score_weights(
            result.correlations,
            result.pattern,
            result.phi,
            method=method,
            uniquenesses=result.uniquenesses,
        )
    except NumericsError as error:
        raise error.named(result.items, where="efa_scores") from error
    return np.asarray((x - result.means) / result.sds @ weights)


# --- what goes in ---


def _check_options(
    tally: Tally, factors: int | str, extraction: str, rotation: str, correlation: str
) -> None:
    for name, value, allowed in (
        ("extraction", extraction, get_args(ExtractionName)),
        ("rotation", rotation, get_args(RotationName)),
        ("correlation", correlation, get_args(CorrelationName)),
        ("factors", factors if isinstance(factors, str) else "parallel", get_args(Rule)),
    ):
        if value not in allowed:
            right = f"It is one of {', '.join(allowed)}" + (" or a number" if name == "factors" else "")
            raise BadInput(f"{name} is '{value}'", right=right, where="efa")
    require_items(tally, where="efa")


def _declared(items: Sequence[str], constructs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The constructs as far as the analysis holds their items."""
    kept = {c: tuple(i for i in owned if i in items) for c, owned in constructs.items()}
    return {c: owned for c, owned in kept.items() if owned}


def _kind(tally: Tally, correlation: CorrelationName) -> Literal["pearson", "polychoric"]:
    """`auto`: polychoric when any item has few categories, or some and a skewed distribution."""
    categorical = [i for i in range(len(tally.items)) if tally.has_categories(i)]
    if correlation == "polychoric" and len(categorical) < len(tally.items):
        without = [item for i, item in enumerate(tally.items) if i not in categorical]
        raise BadInput(
            f"polychoric correlations need answer categories; there are none for {', '.join(without)}",
            do="Declare a scale for these items, or use Pearson correlations",
            where="efa",
        )
    if correlation != "auto":
        return correlation
    if len(categorical) < len(tally.items):
        return "pearson"
    few = any(
        len(tally.categories(i)) <= FEW_CATEGORIES
        or (len(tally.categories(i)) <= SOME_CATEGORIES and abs(_skewness(tally, i)) > SKEWED)
        for i in categorical
    )
    return "polychoric" if few else "pearson"


def _skewness(tally: Tally, item: int) -> float:
    share = tally.counts(item) / tally.counts(item).sum()
    x = tally.categories(item)
    centred = x - share @ x
    variance = share @ centred**2
    # an item without variance is refused by name with the correlations
    return float(share @ centred**3 / variance**1.5) if variance > 0 else 0.0


def _correlations(
    tally: Tally, kind: Literal["pearson", "polychoric"], pairwise: bool
) -> tuple[Array, list[Caution]]:
    # a constant item is named whatever the correlation
    pearson = correlation_from_covariance(tally.covariance())
    if kind == "pearson":
        return (tally.correlation() if pairwise else pearson), []
    p = len(tally.items)
    found = polychoric_matrix([tally.joint(i, j) for i in range(p) for j in range(i + 1, p)])
    empty = []
    for i in range(p):
        unused = thresholds(tally.counts(i)).empty
        if unused.size:
            empty.append((tally.items[i], tally.categories(i)[unused].tolist()))
    return found.correlation, doubts.polychoric_cautions(tally.items, found, empty)


def _number(factors: int | str, rules: Retention, p: int, extraction: str) -> tuple[int, int]:
    """How many the rule asked for, and how many are extracted: at least 1, and no more than can be."""
    if not isinstance(factors, str):
        return factors, factors
    if factors not in rules.counts:
        raise BadInput(
            "the number of factors was to come from the instrument, which declares no constructs for these "
            "items",
            do="Give a number, or use parallel",
            where="efa",
        )
    asked = rules.counts[factors]
    most = p - 1 if extraction == "pca" else most_factors(p)
    return asked, min(max(asked, 1), max(most, 1))


# --- what comes out ---


def _result(
    tally: Tally,
    ground: Ground,
    r: Array,
    rules: Retention,
    found: Extraction,
    turned: Rotation,
    cautions: list[Caution],
    kind: Literal["pearson", "polychoric"],
    extraction: ExtractionName,
    rule: str,
    asked: int,
    declared: Mapping[str, tuple[str, ...]],
    titles: Mapping[str, Text],
) -> Factors:
    m = turned.loadings.shape[1]
    components = extraction == "pca"
    noun = Text("Component", "成分") if components else Text("Factor", "因子")
    sorting = sort_items(
        turned.loadings,
        salient=LOADING_EFA.value,
        cross=CROSS_LOADING.value,
        within=CROSS_LOADING_GAP.value,
    )
    names = name_factors(tally.items, sorting, m, constructs=declared, titles=titles, noun=noun)
    fit = None if components else ff.factor_fit(r, found.loadings, found.uniquenesses, n=ground.n)
    weights, validity = _scoring(r, turned)
    cautions = [
        *doubts.number_cautions(rules, asked=asked, kept=m, rule=rule),
        *doubts.solution_cautions(
            tally.items,
            communalities=found.communalities,
            heywood=found.heywood,
            sorting=sorting,
            names=names,
            factors=m,
            components=components,
            orthogonal=turned.method not in OBLIQUE and turned.method != "none",
            starts=turned.starts,
            starts_at_best=turned.at_best,
        ),
        *doubts.base_cautions(
            len(tally.items),
            n=ground.n,
            smallest=ground.smallest if ground.pairwise else None,
            weighted=tally.weighted,
            defined=bool(np.isfinite(weights).all()),
        ),
        *cautions,
    ]
    return Factors(
        base=Base.of(tally, "pairwise" if ground.pairwise else "listwise"),
        cautions=tuple(cautions),
        verdict=doubts.verdict(rules, cautions=cautions, sorting=sorting, names=names, fit=fit, rule=rule),
        items=tally.items,
        factors=tuple(f"{'C' if components else 'F'}{j + 1}" for j in range(m)),
        names=names,
        extraction=extraction,
        rotation=turned.method,
        correlation=kind,
        rule=rule,
        n=ground.n,
        pattern=turned.loadings,
        structure=turned.structure,
        phi=turned.phi,
        communalities=found.communalities,
        uniquenesses=found.uniquenesses,
        complexity=ff.complexity(turned.loadings),
        variance=ff.variance_explained(turned.loadings, turned.phi),
        sorting=sorting,
        retention=rules,
        fit=fit,
        residuals=ff.residuals(r, found.loadings),
        score_weights=weights,
        score_validity=validity,
        correlations=r,
        means=tally.means(),
        sds=np.sqrt(np.diagonal(tally.covariance())),
        steps=found.steps,
        gradient=found.gradient,
        rotation_gradient=turned.gradient,
        starts=turned.starts,
        starts_at_best=turned.at_best,
        titles=titles,
        constructs=declared,
    )


def _scoring(r: Array, turned: Rotation) -> tuple[Array, Array]:
    """Regression weights and the validity of their scores; NaN where R has no inverse."""
    try:
        weights = ff.score_weights(r, turned.loadings, turned.phi)
    except NumericsError:
        return np.full(turned.loadings.shape, np.nan), np.full(turned.loadings.shape[1], np.nan)
    return weights, ff.score_validity(r, weights, turned.structure)
