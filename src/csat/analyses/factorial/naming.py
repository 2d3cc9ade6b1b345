"""Which items make a factor, and what it may be called after the constructs they were written for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.language import Text
from csat.numerics.linalg import Array

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sorting:
    """Items sorted to factors.

    item_factor : (p,) the factor of the largest loading in size.
    salient : (p,) whether that loading is large enough to count.
    cross : (p,) whether a second loading is nearly as large (see `sort_items`).
    order : (p,) items by factor, then by falling loading.
    """

    item_factor: IntArray
    salient: NDArray[np.bool_]
    cross: NDArray[np.bool_]
    order: IntArray


@dataclass(frozen=True, eq=False)
class Names:
    """What factors are called: names, the construct behind each (or empty), and which are ambiguous."""

    names: tuple[Text, ...]
    constructs: tuple[str, ...]
    ambiguous: tuple[int, ...]


def sort_items(pattern: Array, *, salient: float, cross: float, within: float) -> Sorting:
    """Each item goes where its loading is largest in size.

    An item loads across when its second loading is above `cross` and less than `within` below the first.
    """
    size = np.abs(pattern)
    first = size.argmax(axis=1)
    ranked = -np.sort(-size, axis=1)
    largest = ranked[:, 0]
    second = ranked[:, 1] if pattern.shape[1] > 1 else np.zeros(len(pattern))
    return Sorting(
        item_factor=first,
        salient=largest >= salient,
        cross=(second > cross) & (largest - second < within),
        order=np.lexsort((-largest, first)),
    )


def name_factors(
    items: Sequence[str],
    sorting: Sorting,
    factors: int,
    *,
    constructs: Mapping[str, Sequence[str]],
    titles: Mapping[str, Text],
    noun: Text,
) -> Names:
    """Each factor takes the name of the construct that owns most of its salient items.

    Ambiguous is a factor of which no construct owns more than half: it is called after the leaders, "and
    others" when further constructs share it. A construct that names two factors is numbered. Without
    constructs, or with a single one, factors are numbered.
    """
    numbered = [Text(f"{noun.en} {j + 1}", f"{noun.zh} {j + 1}") for j in range(factors)]
    if len(constructs) < 2:
        return Names(tuple(numbered), ("",) * factors, ())
    votes = [_votes(items, sorting, j, constructs) for j in range(factors)]
    chosen = [next(iter(v), "") for v in votes]
    names: list[Text] = []
    ambiguous: list[int] = []
    for j, found in enumerate(votes):
        leaders = [c for c, k in found.items() if k == max(found.values())]
        if not leaders:
            names.append(numbered[j])
            continue
        titled = [titles.get(c) or Text(c) for c in leaders]
        name = Text(" / ".join(t.say("en") for t in titled), " / ".join(t.say("zh") for t in titled))
        if 2 * found[leaders[0]] <= sum(found.values()):
            ambiguous.append(j)
            if len(found) > len(leaders):
                name = Text(f"{name.en} and others", f"{name.zh}等")
        if chosen.count(chosen[j]) > 1:
            nth = chosen[: j + 1].count(chosen[j])
            name = Text(f"{name.en} ({nth})", f"{name.zh}（{nth}）")
        names.append(name)
    return Names(tuple(names), tuple(chosen), tuple(ambiguous))


def _votes(
    items: Sequence[str], sorting: Sorting, factor: int, constructs: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """Constructs by how many of the factor's salient items (or, without any, of its items) they own."""
    mine = sorting.item_factor == factor
    if (mine & sorting.salient).any():
        mine = mine & sorting.salient
    held = {items[i] for i in np.flatnonzero(mine).tolist()}
    counts = {c: len(held & set(owned)) for c, owned in constructs.items()}
    return {c: k for c, k in sorted(counts.items(), key=lambda pair: -pair[1]) if k}
