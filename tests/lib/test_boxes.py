"""Boxes, against counted pixels."""

from __future__ import annotations

import numpy as np
import pytest

from faceswap.lib.boxes import box_area, iou, landmarks_box, merge_views, scale_box


def _draw(box: np.ndarray) -> np.ndarray:
    """Fills a whole-pixel box in a small picture."""
    picture = np.zeros((20, 20), bool)
    left, top, right, bottom = box.astype(int)
    picture[top:bottom, left:right] = True
    return picture


def test_iou_counts_pixels():
    rng = np.random.default_rng(0)
    corners = np.sort(rng.integers(0, 21, (2, 12, 2, 2)), axis=2).astype(np.float32)  # Low, then high.
    boxes, others = corners.reshape(2, 12, 4)
    drawn, drawn_others = [_draw(box) for box in boxes], [_draw(box) for box in others]
    expected = [[(a & b).sum() / max((a | b).sum(), 1) for b in drawn_others] for a in drawn]
    np.testing.assert_allclose(iou(boxes, others), expected, atol=1e-6)
    np.testing.assert_array_equal(box_area(boxes), [picture.sum() for picture in drawn])
    assert iou(boxes, others).dtype == np.float32


def test_iou_without_boxes():
    assert iou(np.zeros((0, 4), np.float32), np.zeros((3, 4), np.float32)).shape == (0, 3)


def test_inverted_box_has_no_area():
    assert box_area(np.array([5.0, 5, 3, 9])) == 0


def test_scale_box_keeps_the_center():
    np.testing.assert_allclose(scale_box(np.array([[2.0, 4, 6, 12]]), 1.5), [[1, 2, 7, 14]])


def test_landmarks_box_lies_on_edges():
    """The first pixel's center is half a pixel from the frame's edge."""
    marks = np.array([[[0, 3], [4, 1], [2, 9]]], np.float32)
    boxes = landmarks_box(marks)
    assert boxes.dtype == np.float32
    assert boxes == pytest.approx(np.array([[0.5, 1.5, 4.5, 9.5]]))


FACE, PART, APART = [0, 0, 100, 100], [60, 60, 110, 110], [200, 0, 240, 40]
PAIR = [45, 0, 145, 100]


@pytest.mark.parametrize(
    ("boxes", "views", "stay"),
    [
        ([FACE, PART, APART], [0, 1, 1], [0, 2]),  # 40 x 40 of the part's 50 x 50 lie in the face: 64 %.
        ([FACE, PART], [0, 0], [0, 1]),  # One view has merged its own.
        ([FACE, PAIR], [0, 1], [0]),  # They share 55 % of either.
        ([FACE, [55, 0, 155, 100]], [0, 1], [0, 1]),  # 45 %.
        ([FACE, PAIR, [130, 0, 180, 100]], [0, 1, 2], [0, 2]),  # What was left out leaves out nothing.
        ([FACE, [10, 10, 10, 50]], [0, 1], [0, 1]),  # No area, no share.
    ],
)
def test_feature_views_are_merged_in_order(boxes, views, stay) -> None:
    assert merge_views(np.array(boxes, np.float32), np.array(views)).tolist() == stay


def test_feature_no_boxes_are_merged_to_none() -> None:
    assert merge_views(np.zeros((0, 4), np.float32), np.zeros(0, np.int64)).tolist() == []
