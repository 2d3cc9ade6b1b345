"""Do the items of a construct belong together, and are the constructs different: AVE, reliability, HTMT.

Letters: k items of a construct, l loadings, psi variance of the construct, theta residual variances of its
items, c constructs, R correlations of the items, blocks the positions of each construct's items.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import TooFew
from csat.numerics.linalg import Array

HtmtMean = Literal["arithmetic", "geometric"]


def average_variance_extracted(standardised: ArrayLike) -> float:
    """AVE, standardised: sum l^2 / k, the mean share of an item's variance that its construct explains.

    Parameters
    ----------
    standardised : (k,) standardised loadings.

    References
    ----------
    Fornell & Larcker (1981), Journal of Marketing Research 18, 39-50.
    """
    loadings = _numbers(standardised)
    return sum(value * value for value in loadings) / len(loadings)


def average_variance_extracted_unstandardised(
    loadings: ArrayLike, *, variance: float, residuals: ArrayLike
) -> float:
    """AVE, unstandardised (semTools): sum l^2 psi / sum (l^2 psi + theta), weighted by variance."""
    explained = sum(value * value for value in _numbers(loadings)) * variance
    return _share(explained, explained + sum(_numbers(residuals)))


def composite_reliability(standardised: ArrayLike, *, residual_covariance: float = 0.0) -> float:
    """CR, standardised: (sum l)^2 / [(sum l)^2 + sum (1 - l^2) + 2 sum theta_jk].

    Parameters
    ----------
    standardised : (k,) standardised loadings. residual_covariance : sum over pairs j < k of the
        standardised residual covariances within the construct, zero when the model has none.
    """
    loadings = _numbers(standardised)
    common = sum(loadings) ** 2
    unique = len(loadings) - sum(value * value for value in loadings)
    return _share(common, common + unique + 2 * residual_covariance)


def composite_reliability_unstandardised(
    loadings: ArrayLike,
    *,
    variance: float,
    residuals: ArrayLike,
    residual_covariance: float = 0.0,
    total: float | None = None,
) -> float:
    """CR of the sum of the raw answers: (sum l)^2 psi / [(sum l)^2 psi + sum theta + 2 sum theta_jk].

    Also called omega total. total : the observed variance of the sum, to divide by it instead ("observed").
    """
    common = sum(_numbers(loadings)) ** 2 * variance
    model = common + sum(_numbers(residuals)) + 2 * residual_covariance
    return _share(common, model if total is None else total)


def htmt(
    correlation: ArrayLike,
    blocks: Sequence[Sequence[int]],
    *,
    mean: HtmtMean = "arithmetic",
    absolute: bool = True,
) -> Array:
    """Heterotrait-monotrait ratio of each pair of constructs, (c, c) with ones on the diagonal.

    H / sqrt(M_a M_b), H the mean correlation between the items of a and of b, M the mean correlation
    within one. "arithmetic" is the HTMT of Henseler et al.; "geometric" (HTMT2) does not assume equal
    loadings and always takes absolute correlations. A construct whose signed mean correlation is not
    positive gives NaN.

    Raises
    ------
    TooFew : a block of one item; position of that block.

    References
    ----------
    Henseler, Ringle & Sarstedt (2015); Roemer, Schuberth & Henseler (2021).
    """
    short = [i for i, block in enumerate(blocks) if len(block) < 2]
    if short:
        raise TooFew(
            "HTMT needs at least two items a construct, and {items} has one",
            positions=short,
            do="Leave that construct out of the comparison",
        )
    r = np.asarray(correlation, dtype=float)
    values = np.abs(r) if absolute or mean == "geometric" else r
    chosen, pairs, inside = _membership(blocks, len(r))
    zeros = values == 0
    if mean == "geometric":
        values = np.log(np.where(zeros, 1.0, values))
    total = chosen.T @ values @ chosen
    own = chosen.T @ values.diagonal()
    between, within = total / pairs, (total.diagonal() - own) / inside
    if mean == "geometric":
        between, within = np.exp(between), np.exp(within)
        if zeros.any():
            nothing = chosen.T @ zeros @ chosen > 0
            between[nothing], within[nothing.diagonal()] = 0.0, 0.0
    with np.errstate(invalid="ignore"):
        scale = np.sqrt(np.where(within > 0, within, np.nan))
    ratio = between / (scale[:, None] * scale)
    np.fill_diagonal(ratio, 1.0)
    return np.asarray(ratio)


def _membership(blocks: Sequence[Sequence[int]], p: int) -> tuple[Array, Array, Array]:
    """(p, c) ones where an item belongs to a construct; pairs between two, ordered pairs inside one."""
    chosen = np.zeros((p, len(blocks)))
    chosen[[i for block in blocks for i in block], [k for k, block in enumerate(blocks) for _ in block]] = 1.0
    size = chosen.sum(axis=0)
    return chosen, size[:, None] * size, size * (size - 1)


def negative_within(correlation: ArrayLike, blocks: Sequence[Sequence[int]]) -> NDArray[np.intp]:
    """Number of negative correlations inside each construct, (c,); above 0 HTMT2 means nothing for it."""
    r = np.asarray(correlation, dtype=float)
    chosen, *_ = _membership(blocks, len(r))
    # each pair stands there twice
    return np.asarray(((r < 0) @ chosen * chosen).sum(axis=0) / 2, dtype=np.intp)


def fornell_larcker(ave: ArrayLike, latent_correlation: ArrayLike) -> tuple[Array, NDArray[np.bool_]]:
    """Table with sqrt(AVE) on the diagonal and construct correlations beside it, (c, c); who passes, (c,).

    A construct passes when sqrt(AVE) is larger than its correlation with every other construct.

    References
    ----------
    Fornell & Larcker (1981), Journal of Marketing Research 18, 39-50.
    """
    table = np.array(latent_correlation, dtype=float)
    root = np.sqrt(np.asarray(ave, dtype=float))
    others = np.abs(table)
    np.fill_diagonal(others, 0.0)
    np.fill_diagonal(table, root)
    return table, np.asarray(root > others.max(axis=1, initial=0.0))


def _numbers(values: ArrayLike) -> list[float]:
    """A construct has a handful of items: arrays would cost more than they save."""
    return values if isinstance(values, list) else np.asarray(values, dtype=float).tolist()


def _share(part: float, whole: float) -> float:
    """NaN where there is no variance to share."""
    return float(part / whole) if whole else float("nan")
