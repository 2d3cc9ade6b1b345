"""Charts draw what they are given."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from csat.display import charts
from csat.display.canvas import look, new_figure
from csat.display.style import ACCENT

LABELS = ("Price", "银行工作人员热情友好，即使在繁忙时段也能始终尊重每一位客户并及时解决问题", "Waiting time")


def axes(own=True):
    return new_figure((6.8, 4.2)).subplots() if own else Figure().subplots()


def words(ax):
    return [t.get_text() for t in ax.texts]


def test_rows_stand_in_reading_order_and_long_labels_are_wrapped():
    ax = charts.dots(axes(), LABELS, [1, 2, 3])
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    heights = {t.get_text(): t.xy[1] for t in ax.texts}
    assert heights["Price"] < heights["Waiting time"]
    assert sum(t.xy[1] == 1 and t.get_ha() == "right" for t in ax.texts) == 2


def test_dots_print_their_values():
    assert {"0.58", "−0.10", "–"} <= set(words(charts.dots(axes(), "abc", [0.58, -0.1, np.nan])))


def test_a_figure_of_csat_takes_the_height_its_rows_need():
    few = charts.bars(axes(), ["a", "b"], [1, 2]).figure.get_size_inches()[1]
    many = charts.bars(axes(), [f"r{i}" for i in range(100)], range(100)).figure.get_size_inches()[1]
    assert few < 2.5 and 15 < many < 25


def test_a_figure_of_the_user_keeps_its_size():
    ax = axes(own=False)
    before = tuple(ax.figure.get_size_inches())
    assert (
        tuple(charts.bars(ax, [f"r{i}" for i in range(100)], range(100)).figure.get_size_inches()) == before
    )


def test_bars_start_at_zero_and_highlights_change_colour():
    ax = charts.bars(axes(), ["a", "b"], [0.4, -0.2], highlight=[1], kind="share")
    assert [bar.get_width() for bar in ax.patches] == [0.4, -0.2]
    assert [to_hex(bar.get_facecolor()) == ACCENT for bar in ax.patches] == [False, True]
    assert {"40.0%", "−20.0%"} <= set(words(ax))
    assert ax.get_xlim()[0] < -0.2 and ax.get_xlim()[1] > 0.4


def test_stacked_parts_follow_each_other():
    ax = charts.stacked_bars(axes(), ["a"], [[0.25, 0.25, 0.5]], part_labels=["x", "y", "z"])
    assert [p.get_x() for p in ax.patches] == [0, 0.25, 0.5]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["x", "y", "z"]


def test_the_neutral_category_is_centred_on_zero():
    ax = charts.diverging_bars(axes(), ["a"], [[0.1, 0.2, 0.3, 0.25, 0.15]], part_labels="abcde", n=[93])
    assert [p.get_x() for p in ax.patches] == pytest.approx([-0.45, -0.35, -0.15, 0.15, 0.4])
    assert "n=93" in words(ax)


def test_without_a_neutral_category_halves_meet_at_zero():
    ax = charts.diverging_bars(axes(), ["a"], [[0.1, 0.2, 0.3, 0.4]], part_labels="abcd")
    assert [p.get_x() for p in ax.patches] == pytest.approx([-0.3, -0.2, 0.0, 0.3])


def test_a_midpoint_given_is_used():
    ax = charts.diverging_bars(axes(), ["a"], [[0.1, 0.2, 0.3, 0.4]], part_labels="abcd", midpoint=1)
    assert [p.get_x() for p in ax.patches] == pytest.approx([-0.2, -0.1, 0.1, 0.4])


def test_a_long_legend_reads_line_by_line():
    labels = [f"A rather long category {i}" for i in range(6)]
    ax = charts.stacked_bars(axes(), ["a"], [[1 / 6] * 6], part_labels=labels)
    with look():
        ax.figure.draw_without_rendering()
    boxes = {t.get_text(): t.get_window_extent() for t in ax.get_legend().get_texts()}
    order = sorted(boxes, key=lambda t: (-round(boxes[t].y0), boxes[t].x0))
    assert order == labels


def test_boxes_draw_outliers_and_sizes():
    stats = {"q1": 1, "median": 2, "q3": 3, "whisker_low": 0, "whisker_high": 5, "outliers": [9, 10], "n": 40}
    ax = charts.boxes(axes(), ["a", "b"], [stats, {**stats, "outliers": []}])
    points = [
        len(c.get_offsets()) for c in ax.collections if len(c.get_offsets()) and c.get_offsets()[0][0] > 5
    ]
    assert points == [2]
    assert words(ax).count("n=40") == 2
    assert [(p.get_x(), p.get_width()) for p in ax.patches] == [(1, 2), (1, 2)]


def test_scree_marks_the_retained_factors():
    ax = charts.scree(axes(), [3, 1.5, 0.5], parallel=[1.2, 1.0, 0.8], retained=2, language="zh")
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["样本特征值 (保留 2 个)", "平行分析"]
    assert [len(c.get_offsets()) for c in ax.collections] == [2, 1]


def test_a_heat_map_prints_the_cells_that_matter():
    ax = charts.heat_map(
        axes(),
        [[0.71, 0.1], [-0.45, np.nan]],
        row_labels=["a", "b"],
        column_labels=["x", "因子"],
        hide_below=0.3,
    )
    assert {".71", "−.45"} <= set(words(ax)) and ".10" not in words(ax) and "–" not in words(ax)
    assert {"a", "b", "x", "因子"} <= set(words(ax))


def test_whole_numbers_get_one_bar_each():
    ax = charts.histogram(axes(), [1, 2, 2, 3, 3, 3, np.nan], reference=2, reference_label="mean")
    assert [p.get_height() for p in ax.patches] == [1, 2, 3]
    assert words(ax) == ["mean"]


def test_other_numbers_are_binned():
    ax = charts.histogram(axes(), np.linspace(0, 1, 400))
    assert sum(p.get_height() for p in ax.patches) == 400 and len(ax.patches) == 20


def test_lines_are_named_at_their_ends_without_overlap():
    y = [[1.0, 2.0], [1.0, 2.001], [1.0, 2.002]]
    ax = charts.lines(axes(), ["2019", "2020"], y, series_labels=["a", "b", "c"])
    heights = [t.xy[1] for t in ax.texts]
    assert sorted(words(ax)) == ["a", "b", "c"]
    assert min(np.diff(heights)) > 0.02
    assert len({line.get_linestyle() for line in ax.lines}) == 3


@pytest.mark.parametrize("k", [0, 1])
def test_no_rows_or_one_are_drawn_too(k):
    labels, values = ["a"] * k, [1.0] * k
    with look():
        for draw in (charts.dots, charts.bars, charts.histogram):
            ax = axes()
            draw(ax, values) if draw is charts.histogram else draw(ax, labels, values)
            ax.figure.draw_without_rendering()


def test_undefined_values_leave_an_empty_row():
    ax = charts.bars(axes(), ["a", "b"], [np.nan, np.nan])
    ax.figure.draw_without_rendering()
    assert words(ax).count("–") == 2
