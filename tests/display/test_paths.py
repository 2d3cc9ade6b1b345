"""The path diagram."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from csat.display.canvas import look, new_figure
from csat.display.paths import path_diagram

NAMES = ("image", "expectations", "quality", "value", "satisfaction", "loyalty")
ITEMS = {
    name: [f"{name[:4]}{i}" for i in range(k)] for name, k in zip(NAMES, (5, 3, 7, 2, 3, 7), strict=True)
}
LOADINGS = {(c, i): 0.7 for c in NAMES for i in ITEMS[c]}
PATHS = {
    ("image", "expectations"): (0.51, 0.0),
    ("image", "satisfaction"): (0.18, 0.004),
    ("image", "loyalty"): (0.20, 0.02),
    ("expectations", "quality"): (0.56, 0.0),
    ("expectations", "value"): (0.05, 0.3),
    ("expectations", "satisfaction"): (0.06, 0.2),
    ("quality", "value"): (0.56, 0.0),
    ("quality", "satisfaction"): (0.51, 0.0),
    ("value", "satisfaction"): (0.19, 0.0),
    ("satisfaction", "loyalty"): (-0.49, 0.0),
}


def drawn(constructs=NAMES, paths=PATHS, ax=None, **options):
    with look():
        ax = path_diagram(
            ax or new_figure((6.8, 4.2)).subplots(), constructs=constructs, items=ITEMS, loadings=LOADINGS,
            paths=paths, r2={"satisfaction": 0.67}, **options,
        )  # fmt: skip
        ax.figure.draw_without_rendering()
    return ax


def cards(ax):
    """Head and items of each construct as (left, bottom, right, top)."""
    heads = [p for p in ax.patches if isinstance(p, FancyBboxPatch)]
    rows = [p for p in ax.patches if isinstance(p, Rectangle)]
    boxes = []
    for head in heads:
        left, right = head.get_x() - 4, head.get_x() + head.get_width() + 4
        own = [r for r in rows if left <= r.get_x() <= right and r.get_x() + r.get_width() <= right]
        bottoms, reach = [head.get_y() - 4], head.get_y() - 4
        for row in sorted(own, key=lambda r: -r.get_y()):
            if reach - 18 < row.get_y() < reach:
                reach = row.get_y()
                bottoms.append(reach)
        boxes.append((left, min(bottoms), right, head.get_y() + head.get_height() + 4))
    return boxes


def words(ax):
    return [t.get_text() for t in ax.texts]


def test_causes_stand_left_of_their_effects():
    ax = drawn()
    place = {t.get_text(): t.get_position()[0] for t in ax.texts}
    assert all(place[cause] < place[effect] for cause, effect in PATHS)


def test_cards_do_not_overlap():
    for a, b in itertools.combinations(cards(drawn()), 2):
        assert min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1])


def test_arrows_go_around_the_cards():
    ax = drawn()
    boxes = cards(ax)
    for arrow in (p for p in ax.patches if isinstance(p, FancyArrowPatch)):
        line = arrow._path_original.interpolated(20).vertices if arrow._path_original.codes is None else None
        curve = arrow._path_original.to_polygons(closed_only=False)[0] if line is None else line
        for left, bottom, right, top in boxes:
            inside = (curve > [left + 1, bottom + 1]) & (curve < [right - 1, top - 1])
            assert not inside.all(axis=1).any()


def test_every_path_item_and_share_is_written():
    said = words(drawn())
    assert {".51***", ".18**", ".20*", ".05", "−.49***"} <= set(said)
    assert "R² .67" in said and said.count(".70") == 27
    assert {i for items in ITEMS.values() for i in items} <= set(said)


def test_labels_of_arrows_do_not_cover_each_other():
    ax = drawn()
    values = [
        t.get_window_extent()
        for t in ax.texts
        if t.get_text().lstrip("−").startswith(".") and t.get_zorder() == 3.5
    ]
    assert len(values) == len(PATHS)
    for a, b in itertools.combinations(values, 2):
        assert min(a.x1, b.x1) - max(a.x0, b.x0) < 1 or min(a.y1, b.y1) - max(a.y0, b.y0) < 1


def test_weak_paths_are_dashed():
    styles = [p.get_linestyle() for p in drawn().patches if isinstance(p, FancyArrowPatch)]
    assert sum(style not in ("-", "solid") for style in styles) == 2


def test_items_can_be_left_out():
    ax = drawn(show_items=False)
    assert "imag0" not in words(ax)
    assert ax.figure.get_size_inches()[1] < drawn().figure.get_size_inches()[1]


def test_words_replace_names():
    said = words(drawn(labels={"image": "企业形象", "imag0": "声誉"}, language="zh"))
    assert "企业形象" in said and "声誉" in said and "image" not in said
    assert any(t.startswith("标准化估计值") for t in said)


def test_a_loop_is_drawn():
    assert ".30*" in words(drawn(paths={**PATHS, ("loyalty", "image"): (0.30, 0.01)}))


def test_without_paths_the_cards_stand_in_a_grid():
    ax = drawn(paths={})
    boxes = cards(ax)
    assert len({round(b[3]) for b in boxes}) == 2 and len(boxes) == 6
    for a, b in itertools.combinations(boxes, 2):
        assert min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1])


@pytest.mark.parametrize("size", [(3, 2), (12, 9)])
def test_it_fits_the_axes_of_the_user(size):
    ax = drawn(ax=Figure(figsize=size).subplots())
    frame = ax.figure.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert frame.x0 - 1 <= box.x0 and box.x1 <= frame.x1 + 1, text.get_text()


def test_undefined_estimates_are_dashes():
    said = words(drawn(paths={("image", "loyalty"): (np.nan, np.nan)}, constructs=("image", "loyalty")))
    assert "–" in said


def test_correlations_stand_below_and_a_warning_above_inside_the_frame():
    pairs = {("image", "quality"): (0.4, 0.0001), ("image", "value"): (-0.61, 0.03)}
    ax = drawn(paths={}, correlations=pairs, warning="These numbers must not be used, whatever they say.")
    below = " ".join(words(ax))
    assert "image ↔ value −.61*; image ↔ quality .40***" in below
    assert "must not be used" in below
    many = dict.fromkeys(itertools.combinations("abcdefg", 2), (0.3, 0.2))
    assert "and 6 more" in " ".join(words(drawn(paths={}, correlations=many)))
    narrow = drawn(
        constructs=NAMES[:1], paths={}, warning="These numbers must not be used, whatever they say."
    )
    frame = narrow.get_window_extent()
    for text in narrow.texts:
        box = text.get_window_extent()
        assert frame.x0 - 1 <= box.x0
        assert box.x1 <= frame.x1 + 1
