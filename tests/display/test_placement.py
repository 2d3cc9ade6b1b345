"""Labels keep off each other."""

import numpy as np
import pytest

from csat.display.placement import nearest, overlap, place_labels

BOUNDS = (0.0, 0.0, 450.0, 340.0)


@pytest.mark.parametrize(("k", "size"), [(3, (90, 20)), (12, (90, 20)), (24, (70, 11)), (100, (10, 8))])
def test_labels_do_not_overlap_and_stay_inside(k, size):
    rng = np.random.default_rng(k)
    points = rng.uniform([20, 20], [430, 320], (k, 2))
    boxes = place_labels(points, np.tile(np.array(size, dtype=float), (k, 1)), bounds=BOUNDS, radius=3.6)
    assert overlap(boxes) == 0
    assert boxes[:, :2].min() >= 0 and (boxes[:, 2:] <= [450, 340]).all()
    assert boxes[:, 2:] - boxes[:, :2] == pytest.approx(np.tile(size, (k, 1)))


def test_labels_keep_off_points_and_headings():
    points = np.array([[100.0, 100.0], [112.0, 100.0], [20.0, 330.0]])
    heading = np.array([[0.0, 310.0, 90.0, 340.0]])
    boxes = place_labels(points, np.full((3, 2), [60.0, 12.0]), bounds=BOUNDS, radius=4, obstacles=heading)
    marks = np.concatenate([points - 4, points + 4], axis=1)
    for box in boxes:
        assert overlap(np.vstack([box, marks[0]])) == 0 and overlap(np.vstack([box, marks[1]])) == 0
        assert overlap(np.vstack([box, heading[0]])) == 0


def test_a_lonely_point_is_named_on_its_right():
    box = place_labels(np.array([[200.0, 100.0]]), np.array([[60.0, 12.0]]), bounds=BOUNDS, radius=4)[0]
    assert box[0] == pytest.approx(205.5) and box[1] == pytest.approx(94)


def test_the_same_points_get_the_same_places():
    points = np.random.default_rng(1).uniform(0, 300, (20, 2))
    sizes = np.full((20, 2), [50.0, 12.0])
    assert np.array_equal(
        place_labels(points, sizes, bounds=BOUNDS), place_labels(points, sizes, bounds=BOUNDS)
    )


def test_points_that_coincide_get_different_places():
    boxes = place_labels(np.full((4, 2), 150.0), np.full((4, 2), [60.0, 12.0]), bounds=BOUNDS)
    assert overlap(boxes) == 0


def test_no_points_no_boxes():
    assert place_labels(np.empty((0, 2)), np.empty((0, 2)), bounds=BOUNDS).shape == (0, 4)


def test_a_leader_ends_at_the_near_side_of_its_label():
    assert nearest(np.array([0.0, 5.0]), np.array([10.0, 0.0, 20.0, 10.0])).tolist() == [10.0, 5.0]
