"""The path diagram: constructs as cards from left to right by causal depth, arrows that go around the cards.

The layout is our own (layers by longest path, positions for arrows that pass a layer, order by barycentre,
heights by the neighbours'), in points of print; the figure takes the size the layout needs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from csat.display import words
from csat.display.canvas import own_figure, resize, size_in_points, text_width
from csat.display.lettering import shortened, wrapped, wrapped_and_shortened
from csat.display.style import ACCENT, HEAD, INK, MUTED, PALE, PAPER, PRIMARY, RULE, in_unit
from csat.language import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Edge = tuple[str, str]

HEAD_SIZE, ITEM_SIZE, LABEL_SIZE = 9.0, 7.6, 8.2
HEAD_LINE, ITEM_ROW = 11.5, 12.5
PAD = 7.0
NOTE_SIZE, NOTE_LINE, MARGIN = 7.4, 10.5, 8.0
NARROWEST, WIDEST = 76.0, 124.0
GAPS = {2: 110.0, 3: 84.0, 4: 66.0, 5: 56.0}
GAP = 48.0
"""Points between two layers, by the number of layers and with more; arrows and their labels live there."""
APART = 16.0
LANE = 15.0
"""Height kept free for an arrow that passes a layer."""
SIGNIFICANT = 0.05
GRID_COLUMNS = 4
MOST_CORRELATIONS = 15
"""Correlations written under the diagram."""


def path_diagram(
    ax: Axes,
    *,
    constructs: Sequence[str],
    items: Mapping[str, Sequence[str]],
    loadings: Mapping[Edge, float],
    paths: Mapping[Edge, tuple[float, float]],
    r2: Mapping[str, float],
    show_items: bool = True,
    labels: Mapping[str, str] | None = None,
    correlations: Mapping[Edge, tuple[float, float]] = MappingProxyType({}),
    warning: str = "",
    language: Language = "en",
) -> Axes:
    """Draw a structural model with its standardised estimates.

    Parameters
    ----------
    constructs : names in instrument order. items : construct to its items. loadings : (construct, item) to
        the standardised loading. paths : (from, to) to (standardised coefficient, p); NaN p is drawn as
        known.
    r2 : construct to its explained share. labels : words for constructs and items, by name.

    correlations : pairs to (correlation, p), written below: of what nothing explains, or of what is left
        unexplained. warning : stands above everything, where the numbers must not be used.

    An arrow is as thick as its coefficient is large; orange when negative, dashed and grey when p is .05 or
    more. Without paths the constructs stand in a grid.
    """
    said = labels or {}
    cards = {
        name: _card(
            said.get(name, name),
            [(said.get(i, i), loadings.get((name, i), math.nan)) for i in items.get(name, ())],
            r2.get(name),
            show_items,
        )
        for name in constructs
    }
    edges = [e for e in paths if e[0] in cards and e[1] in cards and e[0] != e[1]]
    lanes = _layers(list(constructs), edges) if edges else None
    routes = _place(cards, lanes, edges) if lanes else _grid(cards)
    left, bottom, right, top = _extent(cards, routes)
    said_below = [
        _correlations_said(correlations, said, language) if correlations else "",
        words.PATH_NOTE.say(language) if edges or correlations else "",
    ]
    wide = max(30, int((right - left) / 3.6))
    notes = [line for note in said_below if note for line in wrapped(note, wide)]
    warned = wrapped(warning, wide) if warning else []
    right = max(right, left + max((text_width(line, NOTE_SIZE) for line in (*notes, *warned)), default=0.0))
    top += NOTE_LINE * len(warned) + 4.0 if warned else 0.0
    bottom -= 8.0 + NOTE_LINE * len(notes) if notes else 0.0
    scale = _fit(ax, left - MARGIN, bottom - MARGIN, right + MARGIN, top + MARGIN)
    _draw_arrows(ax, cards, routes, paths, scale)
    for card in cards.values():
        _draw_card(ax, card, scale)
    for i, line in enumerate(reversed(notes)):
        y = bottom + i * NOTE_LINE
        ax.text(left, y, line, fontsize=NOTE_SIZE * scale, color=MUTED, ha="left", va="bottom")
    for i, line in enumerate(warned):
        y = top - i * NOTE_LINE
        ax.text(left, y, line, fontsize=NOTE_SIZE * scale, color=ACCENT, ha="left", va="top")
    return ax


def _correlations_said(
    correlations: Mapping[Edge, tuple[float, float]], said: Mapping[str, str], language: Language
) -> str:
    """The strongest first; past `MOST_CORRELATIONS` how many more there are."""
    ranked = sorted(correlations.items(), key=lambda pair: -abs(pair[1][0]))
    shown = [
        f"{said.get(a, a)} ↔ {said.get(b, b)} {in_unit(value)}{_stars(p)}"
        for (a, b), (value, p) in ranked[:MOST_CORRELATIONS]
    ]
    if len(ranked) > MOST_CORRELATIONS:
        shown.append(words.MORE.fill(n=len(ranked) - MOST_CORRELATIONS).say(language))
    return words.CORRELATIONS_NOTE.fill(pairs="; ".join(shown)).say(language)


def _fit(ax: Axes, left: float, bottom: float, right: float, top: float) -> float:
    """One unit is one point on a figure of csat's own; elsewhere the drawing shrinks by the result."""
    resize(ax, width=(right - left) / 72, height=(top - bottom) / 72)
    ax.axis("off")
    ax.set_aspect("equal")
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    own = own_figure(ax)
    if own is not None:
        own.set_layout_engine("none")
        ax.set_position((0.0, 0.0, 1.0, 1.0))
        return 1.0
    width, height = size_in_points(ax)
    share = ax.get_position()
    return float(min(share.width * width / (right - left), share.height * height / (top - bottom)))


# Cards


@dataclass
class _Card:
    """A construct with its items; (x, y) is the middle of its head, which arrows meet."""

    lines: list[str]
    explained: str
    rows: list[tuple[str, str]]
    width: float
    x: float = 0.0
    y: float = 0.0

    @property
    def head(self) -> float:
        return len(self.lines) * HEAD_LINE + (HEAD_LINE if self.explained else 0.0) + PAD

    @property
    def above(self) -> float:
        return self.head / 2

    @property
    def below(self) -> float:
        return self.head / 2 + len(self.rows) * ITEM_ROW + (3.0 if self.rows else 0.0)


def _card(title: str, items: Sequence[tuple[str, float]], r2: float | None, show_items: bool) -> _Card:
    lines = wrapped_and_shortened(title, 20, 3)
    explained = f"R² {in_unit(r2)}" if r2 is not None and math.isfinite(r2) else ""
    rows = [(shortened(name, 22), in_unit(value)) for name, value in items] if show_items else []
    wanted = [text_width(line, HEAD_SIZE) for line in lines]
    wanted += [text_width(name, ITEM_SIZE) + 32 for name, _ in rows]
    return _Card(lines, explained, rows, min(WIDEST, max(NARROWEST, max(wanted) + 2 * PAD)))


# Layers


@dataclass
class _Lanes:
    """Nodes by layer: a node is a construct's name, or (edge, layer) where an arrow passes."""

    layers: list[list[Any]]
    chains: dict[Edge, list[Any]]
    """Edge, turned the way it runs in the layout, to its nodes from left to right."""
    turned: set[Edge] = field(default_factory=set)
    """Edges that run against the layout, because they close a loop."""


def _layers(names: list[str], edges: Sequence[Edge]) -> _Lanes:
    turned = _loops(names, edges)
    forward = {e: (e[1], e[0]) if e in turned else e for e in edges}
    depth = dict.fromkeys(names, 0)
    for _ in names:
        for a, b in forward.values():
            depth[b] = max(depth[b], depth[a] + 1)
    layers: list[list[Any]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in names:
        layers[depth[name]].append(name)
    chains: dict[Edge, list[Any]] = {}
    for edge, (a, b) in forward.items():
        passing = [(edge, layer) for layer in range(depth[a] + 1, depth[b])]
        for node in passing:
            layers[node[1]].append(node)
        chains[edge] = [a, *passing, b]
    lanes = _Lanes(layers, chains, turned)
    _order(lanes)
    return lanes


def _loops(names: list[str], edges: Sequence[Edge]) -> set[Edge]:
    """Edges that lead back to where a walk came from."""
    after: dict[str, list[str]] = {n: [b for a, b in edges if a == n] for n in names}
    state: dict[str, int] = {}
    back: set[Edge] = set()

    def walk(node: str) -> None:
        state[node] = 1
        for other in after[node]:
            if state.get(other) == 1:
                back.add((node, other))
            elif other not in state:
                walk(other)
        state[node] = 2

    for name in names:
        if name not in state:
            walk(name)
    return back


def _neighbours(lanes: _Lanes) -> tuple[dict[Any, list[Any]], dict[Any, list[Any]]]:
    before: dict[Any, list[Any]] = {}
    after: dict[Any, list[Any]] = {}
    for chain in lanes.chains.values():
        for a, b in pairwise(chain):
            after.setdefault(a, []).append(b)
            before.setdefault(b, []).append(a)
    return before, after


def _order(lanes: _Lanes) -> None:
    """Order each layer by the mean place of its neighbours; keep the order with the fewest crossings."""
    before, after = _neighbours(lanes)
    best, fewest = [list(layer) for layer in lanes.layers], _crossings(lanes, after)
    for sweep in range(24):
        rightward = sweep % 2 == 0
        sequence = range(1, len(lanes.layers)) if rightward else range(len(lanes.layers) - 2, -1, -1)
        near = before if rightward else after
        for i in sequence:
            fixed = lanes.layers[i - 1 if rightward else i + 1]
            place = {node: (j + 0.5) / len(fixed) for j, node in enumerate(fixed)}
            now = {node: (j + 0.5) / len(lanes.layers[i]) for j, node in enumerate(lanes.layers[i])}
            middle = {
                node: float(np.mean([place[m] for m in near[node]])) if near.get(node) else now[node]
                for node in lanes.layers[i]
            }
            keys = {node: (round(middle[node], 9), now[node]) for node in lanes.layers[i]}
            lanes.layers[i].sort(key=keys.__getitem__)
        crossings = _crossings(lanes, after)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in lanes.layers], crossings
    lanes.layers = best


def _crossings(lanes: _Lanes, after: Mapping[Any, Sequence[Any]]) -> int:
    total = 0
    for left, right in pairwise(lanes.layers):
        place = {node: i for i, node in enumerate(right)}
        ends = [place[m] for node in left for m in sorted(after.get(node, ()), key=place.__getitem__)]
        total += sum(a > b for i, a in enumerate(ends) for b in ends[i + 1 :])
    return total


# Positions


@dataclass
class _Route:
    """Corners an arrow goes through, left to right, and whether its head is at the left end."""

    corners: list[tuple[float, float]]
    backwards: bool = False


def _place(cards: Mapping[str, _Card], lanes: _Lanes, edges: Sequence[Edge]) -> dict[Edge, _Route]:
    """Set the cards' positions; the routes of the arrows."""

    def above(node: Any) -> float:
        return cards[node].above if isinstance(node, str) else LANE / 2

    def below(node: Any) -> float:
        return cards[node].below if isinstance(node, str) else LANE / 2

    def apart(a: Any, b: Any) -> float:
        return APART if isinstance(a, str) or isinstance(b, str) else 2.0

    height: dict[Any, float] = {}
    for layer in lanes.layers:
        total = sum(above(n) + below(n) for n in layer) + sum(map(apart, layer, layer[1:]))
        y = total / 2
        for i, node in enumerate(layer):
            height[node] = y - above(node)
            y -= above(node) + below(node) + (apart(node, layer[i + 1]) if i + 1 < len(layer) else 0.0)
    before, after = _neighbours(lanes)
    for sweep in range(60):
        order = lanes.layers if sweep % 2 == 0 else lanes.layers[::-1]
        for layer in order:
            wish = []
            for node in layer:
                near = [*before.get(node, ()), *after.get(node, ())]
                # arrows that pass want to be straight more than cards want to be central
                pull = float(np.mean([height[m] for m in near])) if near else height[node]
                wish.append(pull)
            height.update(zip(layer, _spaced(layer, wish, above, below, apart), strict=True))
    columns = [
        max((cards[n].width for n in layer if isinstance(n, str)), default=0.0) for layer in lanes.layers
    ]
    gap = GAPS.get(len(columns), GAP)
    starts = np.concatenate([[0.0], np.cumsum([w + gap for w in columns])])
    middle = {}
    for i, layer in enumerate(lanes.layers):
        for node in layer:
            middle[node] = (float(starts[i]), float(starts[i]) + columns[i])
            if isinstance(node, str):
                cards[node].x, cards[node].y = float(starts[i]) + columns[i] / 2, height[node]
    return _routes(cards, lanes, edges, height, middle)


def _spaced(layer: Sequence[Any], wish: Sequence[float], above: Any, below: Any, apart: Any) -> list[float]:
    """Heights nearest to the wished ones (least squares) that keep order and distance, from top to bottom."""
    need = [0.0]
    for a, b in pairwise(layer):
        need.append(need[-1] + below(a) + above(b) + apart(a, b))
    # with u = wish + need the order becomes 'not increasing': pool adjacent violators
    blocks: list[list[float]] = []
    for w, d in zip(wish, need, strict=True):
        blocks.append([w + d, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] < blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    flat = [total / count for total, count in blocks for _ in range(int(count))]
    return [u - d for u, d in zip(flat, need, strict=True)]


def _routes(
    cards: Mapping[str, _Card],
    lanes: _Lanes,
    edges: Sequence[Edge],
    height: Mapping[Any, float],
    middle: Mapping[Any, tuple[float, float]],
) -> dict[Edge, _Route]:
    """Corners of each arrow: out of a head's right side, level through passed layers, into the next head."""
    leaving: dict[str, list[Edge]] = {}
    entering: dict[str, list[Edge]] = {}
    for edge in edges:
        chain = lanes.chains[edge]
        leaving.setdefault(chain[0], []).append(edge)
        entering.setdefault(chain[-1], []).append(edge)

    def port(edge: Edge, at: Mapping[str, list[Edge]], end: int, next_to: int) -> float:
        node = lanes.chains[edge][end]
        rivals = sorted(at[node], key=lambda e: -height[lanes.chains[e][next_to]])
        room = min(cards[node].head - 8.0, 9.0 * (len(rivals) - 1))
        share = rivals.index(edge) / (len(rivals) - 1) if len(rivals) > 1 else 0.5
        return float(height[node]) + room * (0.5 - share)

    routes = {}
    for edge in edges:
        chain = lanes.chains[edge]
        first, last = cards[chain[0]], cards[chain[-1]]
        corners = [(first.x + first.width / 2, port(edge, leaving, 0, 1))]
        for node in chain[1:-1]:
            corners += [(middle[node][0], height[node]), (middle[node][1], height[node])]
        corners.append((last.x - last.width / 2, port(edge, entering, -1, -2)))
        routes[edge] = _Route(corners, edge in lanes.turned)
    return routes


def _grid(cards: Mapping[str, _Card]) -> dict[Edge, _Route]:
    """Rows of cards, for a model without paths."""
    names = list(cards)
    width = max((c.width for c in cards.values()), default=0.0) + 22.0
    top = 0.0
    for start in range(0, len(names), GRID_COLUMNS):
        row = [cards[n] for n in names[start : start + GRID_COLUMNS]]
        for j, card in enumerate(row):
            card.x, card.y = j * width, top - card.above
        top -= max(c.above + c.below for c in row) + APART
    return {}


def _extent(cards: Mapping[str, _Card], routes: Mapping[Edge, _Route]) -> tuple[float, float, float, float]:
    ys = [y for route in routes.values() for _, y in route.corners]
    return (
        min(c.x - c.width / 2 for c in cards.values()),
        min([*(c.y - c.below for c in cards.values()), *(y - 8 for y in ys)]),
        max(c.x + c.width / 2 for c in cards.values()),
        max([*(c.y + c.above for c in cards.values()), *(y + 8 for y in ys)]),
    )


# Drawing


def _draw_card(ax: Axes, card: _Card, scale: float) -> None:
    from matplotlib.patches import FancyBboxPatch, Rectangle

    left, top = card.x - card.width / 2, card.y + card.above
    ax.add_patch(
        FancyBboxPatch(
            (left + 4, top - card.head + 4),
            card.width - 8,
            card.head - 8,
            boxstyle="round,pad=4,rounding_size=7",
            facecolor=HEAD,
            edgecolor=PRIMARY,
            lw=1.2 * scale,
            zorder=4,
        )
    )
    y = top - PAD / 2 - HEAD_LINE / 2
    for line in card.lines:
        ax.text(card.x, y, line, fontsize=HEAD_SIZE * scale, color=INK, ha="center", va="center", zorder=5)
        y -= HEAD_LINE
    if card.explained:
        ax.text(
            card.x,
            y,
            card.explained,
            fontsize=LABEL_SIZE * scale,
            color=PRIMARY,
            ha="center",
            va="center",
            zorder=5,
        )
    y = top - card.head - 3.0
    for name, loading in card.rows:
        ax.add_patch(
            Rectangle(
                (left + 5, y - ITEM_ROW + 1.2),
                card.width - 10,
                ITEM_ROW - 1.2,
                facecolor=PALE,
                edgecolor=RULE,
                lw=0.6 * scale,
                zorder=4,
            )
        )
        middle = y - ITEM_ROW / 2 + 0.6
        ax.text(
            left + 9, middle, name, fontsize=ITEM_SIZE * scale, color=INK, ha="left", va="center", zorder=5
        )
        ax.text(
            left + card.width - 9,
            middle,
            loading,
            fontsize=ITEM_SIZE * scale,
            color=MUTED,
            ha="right",
            va="center",
            zorder=5,
        )
        y -= ITEM_ROW


def _draw_arrows(
    ax: Axes,
    cards: Mapping[str, _Card],
    routes: Mapping[Edge, _Route],
    paths: Mapping[Edge, tuple[float, float]],
    scale: float,
) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    curves = {edge: _curve(route.corners) for edge, route in routes.items()}
    samples = {edge: _sampled(points) for edge, points in curves.items()}
    taken: list[tuple[float, float, float, float]] = [
        (c.x - c.width / 2 - 2, c.y - c.below - 2, c.x + c.width / 2 + 2, c.y + c.above + 2)
        for c in cards.values()
    ]
    for edge in sorted(routes, key=lambda e: -abs(paths[e][0])):
        value, p = paths[edge]
        weak = p >= SIGNIFICANT
        colour = MUTED if weak else ACCENT if value < 0 else PRIMARY
        points, codes = curves[edge], [Path.MOVETO, *[Path.CURVE4] * (len(curves[edge]) - 1)]
        if routes[edge].backwards:
            points = points[::-1]
        ax.add_patch(
            FancyArrowPatch(
                path=Path(points, codes),
                arrowstyle="-|>,head_length=5,head_width=2.6",
                mutation_scale=scale,
                color=colour,
                lw=scale * (0.8 + 2.2 * min(1.0, abs(value)) if math.isfinite(value) else 0.8),
                ls=(0, (4, 2.5)) if weak else "-",
                shrinkA=0,
                shrinkB=0.5,
                zorder=2,
                joinstyle="miter",
                capstyle="butt",
            )
        )
        text = in_unit(value) + _stars(p)
        others = [s for other, s in samples.items() if other != edge]
        box = _label_place(samples[edge], text_width(text, LABEL_SIZE) + 4, 11.0, taken, others)
        taken.append(box)
        ax.text(
            (box[0] + box[2]) / 2,
            (box[1] + box[3]) / 2,
            text,
            fontsize=LABEL_SIZE * scale,
            color=colour,
            ha="center",
            va="center",
            zorder=3.5,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.2, "alpha": 0.9},
        )


def _curve(corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Cubic pieces through the corners, level at each of them."""
    points = [corners[0]]
    for (x0, y0), (x1, y1) in pairwise(corners):
        bend = 0.5 * (x1 - x0)
        points += [(x0 + bend, y0), (x1 - bend, y1), (x1, y1)]
    return points


def _sampled(points: Sequence[tuple[float, float]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Points along the cubic pieces, from left to right."""
    t = np.linspace(0, 1, 25)[:, None]
    out = []
    for i in range(0, len(points) - 1, 3):
        a, b, c, d = (np.array(p) for p in points[i : i + 4])
        out.append((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d)
    return np.concatenate(out)


def _label_place(
    own: np.ndarray[Any, np.dtype[np.float64]],
    width: float,
    height: float,
    taken: Sequence[tuple[float, float, float, float]],
    others: Sequence[np.ndarray[Any, np.dtype[np.float64]]],
) -> tuple[float, float, float, float]:
    """The box on the arrow that covers least of cards, labels and other arrows, rather near its middle."""
    best, cheapest = (0.0, 0.0, 0.0, 0.0), math.inf
    for i, (x, y) in enumerate(own):
        box = (float(x - width / 2), float(y - height / 2), float(x + width / 2), float(y + height / 2))
        cost = 6.0 * abs(i / len(own) - 0.5)
        for a in taken:
            wide, tall = min(box[2], a[2]) - max(box[0], a[0]), min(box[3], a[3]) - max(box[1], a[1])
            cost += 3.0 * max(0.0, wide) * max(0.0, tall)
        for line in others:
            inside = (line > np.array(box[:2])) & (line < np.array(box[2:]))
            cost += 1.5 * float(inside.all(axis=1).sum())
        if cost < cheapest:
            best, cheapest = box, cost
    return best


def _stars(p: float) -> str:
    if not math.isfinite(p):
        return ""
    return "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < SIGNIFICANT else ""
