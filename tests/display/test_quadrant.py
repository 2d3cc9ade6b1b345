"""The importance-performance chart."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from csat.display.canvas import look, new_figure
from csat.display.quadrant import NAMED_AT_MOST, quadrant
from csat.display.style import ACCENT

NAMES = ("Improve first", "Keep up", "Low priority", "Possible overkill")
LABELS = (
    "Price",
    "Staff are friendly and treat me with respect",
    "等候时间",
    "银行工作人员热情友好，尊重每一位客户",
    "Fees",
)


def drawn(k, ax=None, **options):
    rng = np.random.default_rng(k)
    x, y = rng.normal(70, 6, k), rng.normal(60, 8, k)
    labels = [f"{LABELS[i % 5]} {i}" for i in range(k)]
    with look():
        ax = quadrant(
            ax or new_figure((6.8, 5.2)).subplots(), x, y, labels, centre_x=x.mean(), centre_y=y.mean(),
            quadrant_names=NAMES, xlabel="Performance", ylabel="Importance", **options,
        )  # fmt: skip
        ax.figure.draw_without_rendering()
    return ax, x, y


@pytest.mark.parametrize("k", [3, 12, NAMED_AT_MOST, 100])
def test_no_words_cover_other_words(k):
    ax, _, _ = drawn(k)
    boxes = [(t.get_text(), t.get_window_extent()) for t in ax.texts if t.get_text()]
    for (a, box), (b, other) in itertools.combinations(boxes, 2):
        wide = min(box.x1, other.x1) - max(box.x0, other.x0)
        tall = min(box.y1, other.y1) - max(box.y0, other.y0)
        # lines of one label touch by their leading
        assert min(wide, tall) < 2.5, (a, b)


def test_few_items_are_named_and_many_numbered_with_a_key():
    few, _, _ = drawn(12)
    many, _, _ = drawn(100)
    assert "Price 0" in {t.get_text() for t in few.texts}
    said = [t.get_text() for t in many.texts]
    assert said.count("100") == 2  # at the point and in the key
    assert "Price 0" in said
    assert many.figure.get_size_inches()[1] > few.figure.get_size_inches()[1]


def test_important_and_weak_items_are_marked_by_colour_and_shape():
    ax, x, y = drawn(12)
    marked = (x < x.mean()) & (y >= y.mean())
    plain, diamonds = (line for line in ax.lines if line.get_marker() in ("o", "D"))
    assert diamonds.get_markerfacecolor() == ACCENT
    assert sorted(diamonds.get_xdata()) == pytest.approx(sorted(x[marked]))
    assert len(plain.get_xdata()) == (~marked).sum()


def test_a_highlight_given_is_used():
    ax, x, _ = drawn(5, highlight=[2])
    diamonds = next(line for line in ax.lines if line.get_marker() == "D")
    assert diamonds.get_xdata() == pytest.approx([x[2]])


def test_an_item_on_the_line_counts_as_high():
    with look():
        ax = quadrant(
            new_figure((6, 5)).subplots(), [1, 2, 3], [5, 5, 5], ["a", "b", "c"], centre_x=2, centre_y=5,
            quadrant_names=NAMES, xlabel="", ylabel="",
        )  # fmt: skip
    diamonds = next(line for line in ax.lines if line.get_marker() == "D")
    assert diamonds.get_xdata() == pytest.approx([1])


def test_the_equal_priority_line_meets_the_crosshair():
    ax, x, y = drawn(5, iso_priority=True, iso_label="equal priority")
    line = next(line for line in ax.lines if line.get_linestyle() == ":")
    assert line.get_xy1() == pytest.approx((x.mean(), y.mean())) and line.get_slope() == 1
    assert ax.get_legend() is not None


def test_undefined_items_are_left_out():
    with look():
        ax = quadrant(
            new_figure((6, 5)).subplots(), [1, np.nan, 3], [4, 5, 6], ["a", "b", "c"], centre_x=2, centre_y=5,
            quadrant_names=NAMES, xlabel="", ylabel="",
        )  # fmt: skip
    said = {t.get_text() for t in ax.texts}
    assert {"a", "c"} <= said and "b" not in said


def test_it_draws_on_the_axes_of_the_user():
    with look():
        ax, _, _ = drawn(6, ax=Figure(figsize=(5, 4)).subplots())
    assert tuple(ax.figure.get_size_inches()) == (5, 4)
