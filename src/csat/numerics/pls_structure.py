"""Which items measure which construct, and which construct moves which: the structure of a PLS path model.

Letters: q places, an item once for each construct it measures, constructs in order; c constructs.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from csat.errors import NotIdentified, NumericsError, SingularMatrix

Array: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]
Scheme = Literal["path", "factor", "centroid"]
Mode = Literal["A", "B"]

SCHEMES: tuple[Scheme, ...] = ("path", "factor", "centroid")


class AboutConstructs(NumericsError):
    """An error whose positions are constructs, not items."""


class BadStructure(AboutConstructs, NotIdentified):
    """Constructs and paths that are no path model."""


class CollinearConstructs(AboutConstructs, SingularMatrix):
    """Scores of constructs that determine each other, so that their paths are not defined."""


@dataclass(frozen=True)
class PathStructure:
    """Which items measure which construct, and which construct moves which; made by `path_structure`.

    blocks : c tuples of item positions; an item may stand in several (repeated indicators).
    paths : (from, to) positions of constructs. modes : A (correlation) or B (regression) weights of each.
    """

    blocks: tuple[tuple[int, ...], ...]
    paths: tuple[tuple[int, int], ...]
    modes: tuple[Mode, ...]

    @property
    def constructs(self) -> int:
        """c."""
        return len(self.blocks)

    @functools.cached_property
    def places(self) -> Places:
        """(q,) item of each place."""
        return np.array([i for block in self.blocks for i in block], dtype=np.intp)

    @functools.cached_property
    def owner(self) -> Places:
        """(q,) construct of each place."""
        return np.repeat(np.arange(self.constructs), [len(b) for b in self.blocks])

    @functools.cached_property
    def slices(self) -> tuple[slice, ...]:
        """Places of each construct."""
        ends = np.cumsum([len(b) for b in self.blocks]).tolist()
        return tuple(slice(e - len(b), e) for e, b in zip(ends, self.blocks, strict=True))

    @functools.cached_property
    def order(self) -> tuple[int, ...]:
        """Constructs so that causes come before effects."""
        return _ordered(self.constructs, self.paths)

    @functools.cached_property
    def endogenous(self) -> tuple[int, ...]:
        """Constructs with a path to them, in their order."""
        return tuple(sorted({to for _, to in self.paths}))

    def parents(self, construct: int) -> tuple[int, ...]:
        """Constructs with a path to this one, in the order of the paths."""
        return tuple(a for a, b in self.paths if b == construct)

    def in_order(self, items: int) -> bool:
        """Whether places and items are the same thing."""
        return len(self.places) == items and self._sorted

    @functools.cached_property
    def _sorted(self) -> bool:
        return bool((self.places == np.arange(len(self.places))).all())

    @functools.cached_property
    def _index(self) -> _Index:
        return _Index(self)


class _Index:
    """Positions and masks of a structure that the rounds use again and again."""

    def __init__(self, structure: PathStructure) -> None:
        c, q = structure.constructs, len(structure.places)
        self.starts = np.array([s.start for s in structure.slices], dtype=np.intp)
        self.exact = np.array(
            [m == "B" or len(b) == 1 for m, b in zip(structure.modes, structure.blocks, strict=True)]
        )
        """Constructs whose scores count as without measurement error."""
        self.place_flat = np.arange(q) * c + structure.owner
        """Of (place, owner) in a flat (q, c)."""
        self.place_row = structure.owner * q + np.arange(q)
        """Of (owner, place) in a flat (c, q)."""
        self.row, self.column_of = (np.ascontiguousarray(x.reshape(-1)) for x in np.indices((c, c)))
        """Row and column of each cell of a flat (c, c)."""
        cause, effect = (np.array([p[i] for p in structure.paths], dtype=np.intp) for i in (0, 1))
        self.cause, self.effect = cause, effect
        self.path_flat = cause * c + effect
        arrows = np.zeros((c, c))
        arrows[cause, effect] = 1.0
        self.successors = np.ascontiguousarray(arrows.T)
        """[d, j] = 1 when j moves d."""
        self.neighbours = arrows + arrows.T
        # one matrix: all regressions as blocks, a path a row
        self.normal_flat = cause[:, None] * c + cause[None, :]
        self.same_effect = (effect[:, None] == effect[None, :]).astype(float)
        # many matrices: regressions side by side, padded with rows of an identity
        ends = structure.endogenous
        self.slot = np.array([int((effect[:i] == e).sum()) for i, e in enumerate(effect)], dtype=np.intp)
        self.column = np.array([ends.index(e) for e in effect], dtype=np.intp)
        self.most = int(self.slot.max(initial=-1)) + 1
        self.padded = np.repeat(c + np.arange(self.most)[:, None], len(ends), axis=1)
        self.padded[self.slot, self.column] = cause
        self.ends = np.array(ends, dtype=np.intp)
        self.into = (effect == self.ends[:, None]).astype(float)
        """(endogenous, paths): 1 where the path leads to it."""
        self.mode_b = tuple(
            s
            for s, m in zip(structure.slices, structure.modes, strict=True)
            if m == "B" and s.stop - s.start > 1
        )


def path_structure(
    blocks: Sequence[Sequence[int]], paths: Sequence[tuple[int, int]], *, modes: Sequence[Mode] | Mode = "A"
) -> PathStructure:
    """The structure of a path model, checked.

    Parameters
    ----------
    blocks : c sequences of item positions. paths : (from, to) positions of constructs.
    modes : of each construct, or one for all; a construct of one item has weight 1 either way.

    Raises
    ------
    BadStructure : a construct without items or without a path, a path twice or to itself, causes in a circle;
        positions of constructs.
    """
    made = tuple(tuple(int(i) for i in b) for b in blocks)
    arrows = tuple((int(a), int(b)) for a, b in paths)
    chosen: tuple[Mode, ...] = (modes,) * len(made) if isinstance(modes, str) else tuple(modes)
    empty = [i for i, b in enumerate(made) if not b]
    if empty:
        raise BadStructure("no item measures {items}", positions=empty, do="Give each construct an item")
    twice = [i for i, b in enumerate(made) if len(set(b)) < len(b)]
    if twice:
        raise BadStructure("an item is named twice in {items}", positions=twice, do="Name it once")
    doubled = sorted({a for a in arrows if arrows.count(a) > 1})
    if doubled:
        raise BadStructure("the path between {items} is given twice", positions=doubled[0], do="Give it once")
    alone = [i for i in range(len(made)) if not any(i in a for a in arrows)]
    if alone:
        raise BadStructure(
            "no path leads to or from {items}: PLS finds the weights of a construct from its neighbours",
            positions=alone,
            do="Add a path, or leave the construct out",
        )
    circle = sorted(set(range(len(made))) - set(_ordered(len(made), arrows)))
    if circle:
        raise BadStructure(
            "the paths among {items} run in a circle", positions=circle, do="Turn or remove one of them"
        )
    return PathStructure(made, arrows, chosen)


def _ordered(constructs: int, paths: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Causes before effects; constructs on or behind a circle are left out."""
    left, order = list(range(constructs)), list[int]()
    while True:
        free = [j for j in left if all(a in order for a, b in paths if b == j)]
        if not free:
            return tuple(order)
        order += free
        left = [j for j in left if j not in free]
