"""Where labels go so that they do not cover each other: rectangles beside points, no drawing.

Boxes are (left, bottom, right, top); lengths are in any one unit, points of print in csat's charts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DIRECTIONS = 24
STEPS = (1.5, 5.0, 10.0, 17.0, 26.0, 38.0, 54.0, 74.0, 100.0)
"""Distances from the marker at which a label is tried."""
SWEEPS, STARTS, FEW = 8, 8, 40
"""With more than `FEW` labels one order and the nearer distances are tried."""
NEAR = 4.0
"""Up to this distance no leader is needed."""
ON_LEADER = np.array([0.25, 0.4, 0.55, 0.7, 0.85, 0.97])[:, None]
OVER_LABEL, OVER_POINT, OUTSIDE, OVER_LINE, CROSSED, AWAY, SIDE = 12.0, 8.0, 30.0, 20.0, 1.2, 0.10, 0.06
"""Costs of a place: per square unit covered, leader crossing and line crossed, by distance and direction."""


def place_labels(
    points: Floats,
    sizes: Floats,
    *,
    bounds: tuple[float, float, float, float],
    radius: float = 5.0,
    obstacles: Floats | None = None,
    lines: Floats | None = None,
) -> Floats:
    """A box for each label, near its point, off the other labels, points and obstacles, inside the bounds.

    Parameters
    ----------
    points : (k, 2) where the points are. sizes : (k, 2) width and height of each label.
    radius : of the points' markers. obstacles : (m, 4) boxes to keep clear, such as headings. lines : (m, 4)
        flat boxes better not crossed, such as axes.

    Returns
    -------
    (k, 4) boxes. Labels take the cheapest place one after another and are placed again, given the others,
    until none moves; of several orders the one with the lowest total cost is kept. Same input, same places.
    """
    k = len(points)
    if not k:
        return np.empty((0, 4))
    marks = np.concatenate([points - radius, points + radius], axis=1)
    fixed, soft = (
        np.empty((0, 4)) if a is None else np.asarray(a, dtype=float).reshape(-1, 4)
        for a in (obstacles, lines)
    )
    choices = []
    for i in range(k):
        places, away, side = _candidates(points[i], sizes[i], radius, STEPS if k <= FEW else STEPS[:6])
        leaders = _leaders(points[i], places, away)
        cost = OVER_POINT * (_covered(places, marks) + _covered(places, fixed)) + CROSSED * (
            _covered(places, soft) > 0
        )
        cost += OUTSIDE * _beyond(places, bounds) + AWAY * away**1.3 + SIDE * side
        cost += OVER_LINE * _hits(leaders, np.delete(marks, i, axis=0))
        choices.append((places, leaders, cost))
    best, lowest = np.empty((0, 4)), np.inf
    for order in _orders(points, sizes):
        boxes, total = _settled(choices, order)
        if total < lowest:
            best, lowest = boxes, total
    return best


def _orders(points: Floats, sizes: Floats) -> list[NDArray[np.intp]]:
    """Orders in which labels are placed: most crowded first, least crowded first, and some at random."""
    k = len(points)
    reach = 3 * float(np.median(sizes.max(axis=1)))
    crowd = (np.abs(points[:, None, :] - points[None, :, :]).max(axis=2) < reach).sum(axis=1)
    crowded = np.lexsort((np.arange(k), -crowd))
    rng = np.random.default_rng(k)
    if k > FEW:
        return [crowded]
    return [crowded, crowded[::-1], *(rng.permutation(k) for _ in range(STARTS - 2))]


def _settled(choices: list[tuple[Floats, Floats, Floats]], order: NDArray[np.intp]) -> tuple[Floats, float]:
    """Place the labels in this order, again and again until none moves; the boxes and their total cost."""
    k = len(choices)
    boxes, leaders = np.full((k, 4), np.nan), np.full((k, len(ON_LEADER), 2), np.nan)
    chosen = np.full(k, -1)
    costs = np.zeros(k)
    for _ in range(SWEEPS):
        moved = False
        for i in order:
            others = (chosen >= 0) & (np.arange(k) != i)
            places, lines, own = choices[i]
            cost = own + OVER_LABEL * _covered(_grown(places, 1.0), boxes[others])
            cost += OVER_LINE * (_hits(lines, boxes[others]) + _hit_by(places, leaders[others]))
            at = int(np.argmin(cost))
            moved |= at != chosen[i]
            chosen[i], costs[i] = at, cost[at]
            boxes[i], leaders[i] = places[at], lines[at]
        if not moved:
            break
    return boxes, float(costs.sum())


def overlap(boxes: Floats) -> float:
    """Area that the boxes cover more than once, pair by pair."""
    total = 0.0
    for i in range(len(boxes) - 1):
        total += float(_covered(boxes[i : i + 1], boxes[i + 1 :])[0])
    return total


def nearest(point: Floats, box: Floats) -> Floats:
    """The point of a box that is nearest to a point."""
    return np.array([np.clip(point[0], box[0], box[2]), np.clip(point[1], box[1], box[3])])


def _candidates(
    point: Floats, size: Floats, radius: float, steps: tuple[float, ...]
) -> tuple[Floats, Floats, Floats]:
    """(c, 4) boxes around a point, their distance from the marker, and how unusual their direction is."""
    turns = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    turn, step = (a.ravel() for a in np.meshgrid(turns, np.array(steps), indexing="ij"))
    cos, sin = np.cos(turn), np.sin(turn)
    out = radius + step
    centre_x = point[0] + out * cos + size[0] / 2 * np.clip(1.5 * cos, -1, 1)
    centre_y = point[1] + out * sin + size[1] / 2 * np.clip(1.5 * sin, -1, 1)
    half_w, half_h = size / 2
    boxes = np.stack([centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h], axis=1)
    # right of the point reads best, then left, above, below
    side = 6 * (1 - cos) + 4 * np.abs(sin) + 2 * (sin < -0.1)
    return boxes, step, side


def _covered(boxes: Floats, others: Floats) -> Floats:
    """Area each of (c, 4) boxes shares with (m, 4) others, summed, (c,)."""
    if not len(others):
        return np.zeros(len(boxes))
    wide = np.minimum(boxes[:, None, 2], others[None, :, 2]) - np.maximum(
        boxes[:, None, 0], others[None, :, 0]
    )
    tall = np.minimum(boxes[:, None, 3], others[None, :, 3]) - np.maximum(
        boxes[:, None, 1], others[None, :, 1]
    )
    return np.asarray((np.clip(wide, 0, None) * np.clip(tall, 0, None)).sum(axis=1))


def _beyond(boxes: Floats, bounds: tuple[float, float, float, float]) -> Floats:
    """How far boxes stick out of the bounds, summed over the four sides."""
    low = np.clip(np.array(bounds[:2]) - boxes[:, :2], 0, None)
    high = np.clip(boxes[:, 2:] - np.array(bounds[2:]), 0, None)
    return np.asarray((low + high).sum(axis=1))


def _grown(boxes: Floats, by: float) -> Floats:
    return np.asarray(boxes + np.array([-by, -by, by, by]))


def _leaders(point: Floats, boxes: Floats, away: Floats) -> Floats:
    """Sample points of the line from a point to each of (c, 4) boxes, (c, s, 2); NaN without a line."""
    ends = np.stack(
        [np.clip(point[0], boxes[:, 0], boxes[:, 2]), np.clip(point[1], boxes[:, 1], boxes[:, 3])], axis=1
    )
    samples = point + ON_LEADER * (ends - point)[:, None, :]
    return np.where((away > NEAR)[:, None, None], samples, np.nan)


def _hits(leaders: Floats, boxes: Floats) -> Floats:
    """How many sample points of each of (c, s, 2) leaders lie on any of (m, 4) boxes, (c,)."""
    at = leaders[:, :, None, :]
    inside = (at > boxes[None, None, :, :2]) & (at < boxes[None, None, :, 2:])
    return np.asarray(inside.all(axis=-1).any(axis=-1).sum(axis=-1), dtype=np.float64)


def _hit_by(boxes: Floats, leaders: Floats) -> Floats:
    """How many sample points of (m, s, 2) leaders lie on each of (c, 4) boxes, (c,)."""
    at = leaders.reshape(1, -1, 2)
    inside = (at > boxes[:, None, :2]) & (at < boxes[:, None, 2:])
    return np.asarray(inside.all(axis=-1).sum(axis=-1), dtype=np.float64)
