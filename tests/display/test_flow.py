"""The way of the rows: boxes for those who go on, boxes aside for those who leave."""

import itertools

from csat.display.canvas import new_figure
from csat.display.flow import flow

STEPS = [("Issued", "400", True), ("Rows", "250", True), ("too fast", "12", False), ("Analysed", "238", True)]


def drawn(steps):
    return flow(new_figure((5, 3)).subplots(), steps)


def test_those_who_go_on_stand_below_one_another_and_those_who_leave_aside():
    ax = drawn(STEPS)
    boxes = [patch.get_bbox() for patch in ax.patches if hasattr(patch, "get_boxstyle")]
    assert len(boxes) == 4
    kept, aside = [boxes[0], boxes[1], boxes[3]], boxes[2]
    assert all(upper.y0 > lower.y1 for upper, lower in itertools.pairwise(kept))
    assert aside.x0 > max(b.x1 for b in kept) and kept[1].y0 > aside.y0 > kept[2].y1
    words = {t.get_text() for t in ax.texts}
    assert {"Issued", "400", "too fast", "12", "238"} <= words


def test_a_long_reason_is_wrapped_and_the_figure_grows_with_the_steps():
    ax = drawn(
        [
            *STEPS[:2],
            ("a reason of so very many words that no box of this width could ever hold them", "1", False),
            STEPS[3],
        ]
    )
    assert any("\n" in t.get_text() and t.get_text().endswith("…") for t in ax.texts)
    few, many = (drawn(s).figure.get_size_inches()[1] for s in (STEPS, [*STEPS[:3] * 2, STEPS[3]]))
    assert many > few
