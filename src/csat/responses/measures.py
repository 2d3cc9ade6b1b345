"""What is followed across waves and groups: items, their top shares, construct scores on common items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Construct, Scale
from csat.language import Text
from csat.numerics import scores
from csat.responses.responses import Responses, has_categories

Array = NDArray[np.float64]
Kind = Literal["item", "construct", "top2"]

TOP_BOXES = 2
FEWEST_FOR_TOP = 4
"""On shorter scales the two highest answers are most of the scale."""


@dataclass(frozen=True)
class Measure:
    """One thing measured of every respondent.

    items : the item, or the items of a construct that every group answered. absent : items of the construct
    that some group did not answer, left out everywhere.
    """

    name: str
    kind: Kind
    title: Text
    items: tuple[str, ...]
    absent: tuple[str, ...] = ()

    def values(self, responses: Responses) -> Array:
        """(n,) answers of an item, 0-100 points of a construct, 0 or 1 for a top share; NaN where silent."""
        if not all(is_asked(responses, i) for i in self.items):
            return np.full(responses.rows, np.nan)
        answers = responses.answers(self.items)
        if self.kind == "item":
            return answers[:, 0]
        scales = [responses.instrument.item(i).scale for i in self.items]
        if self.kind == "top2":
            x, scale = answers[:, 0], scales[0]
            assert scale is not None  # only scaled items have a top
            return np.where(np.isnan(x), np.nan, (x > scale.maximum - TOP_BOXES).astype(float))
        points = np.column_stack(
            [
                scores.rescale_0_100(x, minimum=s.minimum, maximum=s.maximum)
                for x, s in zip(answers.T, scales, strict=True)
                if s is not None
            ]
        )
        return scores.construct_scores(points, [range(points.shape[1])])[:, 0]


def measures_of(
    groups: Mapping[str, Responses],
    *,
    items: Sequence[str] | None = None,
    constructs: Sequence[str] | None = None,
) -> tuple[Measure, ...]:
    """Items (default: all that any group answered), their top shares, and constructs (default: all but the
    descriptive ones), in the order of the first instrument that knows them.

    Raises
    ------
    BadInput : an item whose scale differs between groups. UnknownName : an item or construct no group has.
    """
    known = _known_items(groups)
    wanted = tuple(known) if items is None else tuple(items)
    for name in wanted:
        if name not in known:
            raise UnknownName("item", name, known)
    found = [Measure(i, "item", known[i][0], (i,)) for i in wanted]
    tops = [
        Measure(f"{i}.top2", "top2", known[i][0], (i,))
        for i in wanted
        if (s := known[i][1]) is not None and has_categories(s) and s.points >= FEWEST_FOR_TOP
    ]
    declared = _constructs(groups)
    if constructs is None:
        chosen = [c for c in declared.values() if c.role != "descriptive"] if items is None else []
    else:
        for name in constructs:
            if name not in declared:
                raise UnknownName("construct", name, declared)
        chosen = [declared[name] for name in constructs]
    return (*found, *(m for c in chosen if (m := _construct(c, groups, known)) is not None), *tops)


def is_asked(responses: Responses, item: str) -> bool:
    """Whether the item was bound and anybody answered it."""
    return item in responses.items and bool(responses.is_answered(item).any())


def _known_items(groups: Mapping[str, Responses]) -> dict[str, tuple[Text, Scale | None]]:
    known: dict[str, tuple[Text, Scale | None]] = {}
    where: dict[str, str] = {}
    for name, responses in groups.items():
        for item in responses.instrument.items:
            if not is_asked(responses, item.id):
                continue
            if item.id in known and _ends(known[item.id][1]) != _ends(item.scale):
                raise BadInput(
                    f"item '{item.id}' has another scale in '{name}' than in '{where[item.id]}'",
                    right="What is compared is asked on the same scale",
                    do="Leave the item out, or give both the scale they share",
                )
            known.setdefault(item.id, (item.text, item.scale))
            where.setdefault(item.id, name)
    order = dict.fromkeys(item.id for r in groups.values() for item in r.instrument.items)
    return {i: known[i] for i in order if i in known}


def _ends(scale: Scale | None) -> tuple[int, int] | None:
    return None if scale is None else (scale.minimum, scale.maximum)


def _constructs(groups: Mapping[str, Responses]) -> dict[str, Construct]:
    found: dict[str, Construct] = {}
    for responses in groups.values():
        for construct in responses.instrument.constructs:
            found.setdefault(construct.id, construct)
    return found


def _construct(
    construct: Construct,
    groups: Mapping[str, Responses],
    known: Mapping[str, tuple[Text, Scale | None]],
) -> Measure | None:
    own = [i for i in construct.items if i in known and known[i][1] is not None]
    measuring = [r for r in groups.values() if any(is_asked(r, i) for i in own)]
    common = tuple(i for i in own if all(is_asked(r, i) for r in measuring))
    if not common:
        return None
    name = construct.id if construct.id not in known else f"construct:{construct.id}"
    absent = tuple(i for i in own if i not in common)
    return Measure(name, "construct", construct.title or Text(construct.id), common, absent)
