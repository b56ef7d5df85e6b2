"""The chain of plugins on one frame: whom failures are blamed on, in what order faces come, how crops and masks lie."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from faceswap.core.contract import Detections
from faceswap.core.errors import PluginError
from faceswap.core.extracting.chain import Chain, ExpectedFaces
from faceswap.core.extracting.plugins import PluginChoices
from faceswap.core.host import PluginChoice
from faceswap.lib.media import FrameKey


def picture(shift=0):
    """The astronaut's head, 340 x 300, moved to the right."""
    return np.ascontiguousarray(np.roll(astronaut()[:300, 60:400], shift, axis=1))


def test_an_aligner_that_is_misled_is_not_followed(monkeypatch):
    loaded = chain()
    (face,) = loaded.faces(KEY, picture())
    expected = ExpectedFaces(face.box[None] + 30, face.landmarks[None] + 30)
    align = loaded._aligner.align
    for shift, followed in ((3, True), (60, False)):
        astray = lambda image, detections, shift=shift: align(image, detections) * 0 + expected.landmarks[0] + shift  # noqa: E731
        monkeypatch.setattr(loaded._aligner, "align", astray)
        points = loaded.expected_landmarks(KEY, picture(), expected)
        np.testing.assert_allclose(points, expected.landmarks + shift * followed, rtol=1e-6)


def chain(**more):
    choices = {"detector": PluginChoice(name="dlib-hog"), "aligner": PluginChoice(name="dlib-5"), **more}
    return Chain(PluginChoices(**choices).prepare(), 128)


KEY = FrameKey("head.mp4", 512)


def test_failing_plugin_is_named_with_its_frame(monkeypatch):
    loaded = chain(maskers=(PluginChoice(name="ellipse"),))

    def fail(*arguments):
        raise ValueError("two\nlines")

    monkeypatch.setattr(loaded._maskers["ellipse"], "mask", fail)
    with pytest.raises(PluginError, match=r"^masker 'ellipse' failed on frame head.mp4 512: ValueError: two lines$"):
        loaded.faces(KEY, picture())


def test_answers_of_another_shape_are_blamed_on_the_plugin(monkeypatch):
    loaded = chain()
    monkeypatch.setattr(loaded._aligner, "align", lambda image, detections: np.zeros((1, 7, 2), np.float32))
    with pytest.raises(PluginError, match=r"aligner 'dlib-5' failed on frame head.mp4 512: .*\[1, 7, 2\]"):
        loaded.faces(KEY, picture())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Detections(np.zeros((1, 4)), np.ones(1, np.float32)), r"float32 \[1, 4\]. Received: float64 \[1, 4\]"),
        (
            Detections(np.zeros(4, np.float32), np.ones(1, np.float32)),
            r"must be float32 \[1, 4\]. Received: float32 \[4\]",
        ),
        (Detections(np.zeros((1, 4), np.float32), np.ones(1)), r"float32 \[1\]. Received: float64 \[1\]"),
    ],
)
def test_boxes_and_scores_of_another_kind_are_blamed_on_the_detector(monkeypatch, answer, message):
    loaded = chain()
    monkeypatch.setattr(loaded._detector, "detect", lambda images: [answer])
    with pytest.raises(PluginError, match=rf"detector 'dlib-hog' failed on frame head.mp4 512: .*{message}"):
        loaded.faces(KEY, picture())


def test_detections_that_are_not_in_a_list_are_blamed_on_the_detector(monkeypatch):
    loaded = chain()
    monkeypatch.setattr(loaded._detector, "detect", lambda images: Detections.none())
    with pytest.raises(PluginError, match=r"must be a list of one Detections\. Received: Detections"):
        loaded.faces(KEY, picture())


def test_faces_come_by_score_and_without_those_that_have_no_extent(monkeypatch):
    loaded = chain()
    boxes = np.array([[10, 10, 90, 90], [121, 83, 209, 171], [5, 5, 85, 85]], np.float32)
    found = Detections(boxes, np.float32([0.2, 0.5, 0.9]))
    monkeypatch.setattr(loaded._detector, "detect", lambda images: [found])
    align = loaded._aligner.align

    def collapse(image, detections):
        points = align(image, detections)
        return np.where(detections.boxes[:, :1, None] == 10, np.float32(7), points)

    monkeypatch.setattr(loaded._aligner, "align", collapse)
    faces = loaded.faces(KEY, picture())
    assert [round(face.score, 1) for face in faces] == [0.9, 0.5]
    assert [face.box[0] for face in faces] == [5, 121]


def test_masks_lie_over_the_stored_crop_whatever_crop_the_masker_took():
    """A mask drawn in a crop of another size is, stored, the one that is drawn in the stored crop."""
    masks = []
    for size in (64, 150):
        hull = PluginChoice(name="hull", options={"size": size})
        (face,) = chain(aligner=PluginChoice(name="dlib-68"), maskers=(hull,)).faces(KEY, picture())
        masks.append(face.masks["hull"][..., 0])
    assert masks[0].shape == masks[1].shape == (64, 64)
    assert masks[1].sum() == pytest.approx(masks[0].sum(), rel=0.03)
    for axis in (0, 1):
        middles = [(mask.sum(axis=axis) * np.arange(64)).sum() / mask.sum() for mask in masks]
        assert middles[1] == pytest.approx(middles[0], abs=0.1)


def test_a_crop_that_is_halved_is_the_one_that_would_be_cut():
    from faceswap.core.contract import CropSpec
    from faceswap.core.extracting.chain import Cutter

    (face,) = chain(aligner=PluginChoice(name="dlib-68")).faces(KEY, picture())
    landmarks = face.landmarks[None]
    cutter, fresh = Cutter(picture(), landmarks, "ibug68"), Cutter(picture(), landmarks, "ibug68")
    wide, spec = CropSpec(256, "head"), CropSpec(128, "head")
    cutter.crops(wide)
    halved, matrix = cutter.crops(spec)
    whole, exact = fresh.crops(spec)
    np.testing.assert_allclose(matrix, exact, rtol=1e-5, atol=1e-4)
    shift, _ = cv2.phaseCorrelate(*(np.float32(crop[0].mean(axis=-1)) for crop in (halved, whole)))
    assert np.abs(shift).max() < 0.05
    assert np.abs(halved.astype(int) - whole).mean() < 3


def test_same_masker_twice_keeps_both_masks():
    twice = (PluginChoice(name="ellipse"), PluginChoice(name="ellipse", options={"width": 0.5}))
    (face,) = chain(maskers=twice).faces(KEY, picture())
    assert face.masks["ellipse"].sum() > 1.5 * face.masks["ellipse-2"].sum()
