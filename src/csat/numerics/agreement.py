"""How far several rankings of the same things agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from csat.errors import TooFew

Array = NDArray[np.float64]


def mean_ranks(values: ArrayLike) -> Array:
    """Ranks 1 .. k from low to high; equal values share the mean of their ranks."""
    x = np.asarray(values, dtype=float)
    below = (x[None, :] < x[:, None]).sum(axis=1)
    equal = (x[None, :] == x[:, None]).sum(axis=1)
    return np.asarray(below + (equal + 1) / 2)


def kendall_w(values: ArrayLike) -> float:
    """Kendall's coefficient of concordance: W = 12 S / (m^2 (k^3 - k)), 1 when all rankings are the same.

    S is the sum of squared deviations of the k rank sums from their mean. Without correction for ties.

    Parameters
    ----------
    values : (m, k) m measures of k things; each row is ranked.

    Raises
    ------
    TooFew : fewer than 2 measures or 2 things.

    References
    ----------
    Kendall & Babington Smith (1939), Annals of Mathematical Statistics 10, 275-287.
    """
    rows = np.asarray(values, dtype=float)
    m, k = rows.shape
    if m < 2 or k < 2:
        raise TooFew(f"agreement needs at least 2 rankings of 2 things, there are {m} of {k}")
    sums = np.sum([mean_ranks(row) for row in rows], axis=0)
    return float(12 * ((sums - sums.mean()) ** 2).sum() / (m**2 * (k**3 - k)))
