"""Searching around a detector: what is drawn is known, and a detector that finds exactly what it can see."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from faceswap.core.contract import Detections
from faceswap.core.extracting.searching import find_faces
from faceswap.core.extracting.settings import Search
from faceswap.core.host import PluginChoice, prepare
from faceswap.lib.performers import BEARDED, Script, Take

LEAST = 40
"""The shorter side of the smallest totem that is seen."""

TOTEM = np.full((60, 40, 3), 255, np.uint8)
TOTEM[:30], TOTEM[30:] = (0, 200, 0), (200, 0, 0)


class TotemDetector:
    """Finds totems that stand upright, green above red, and marks the middles of both colors."""

    def __init__(self, landmarks=True):
        self.landmarks, self.shapes = landmarks, []

    def detect(self, images):
        (image,) = images
        self.shapes.append(image.shape)
        assert image.flags.c_contiguous
        green, red = parts(image, 1), parts(image, 0)
        pairs = [(top, bottom) for top in green for bottom in red if self.fit(top, bottom)]
        boxes = np.array([[top[0], top[1], top[2], bottom[3]] for top, bottom in pairs], np.float32).reshape(-1, 4)
        points = np.array([[middle(top), middle(bottom)] for top, bottom in pairs], np.float32).reshape(-1, 2, 2)
        scores = np.linspace(0.9, 0.8, len(pairs), dtype=np.float32)[::-1]
        if not self.landmarks:
            return [Detections(boxes, scores)]
        return [Detections(boxes, scores, points, "pair")]

    @staticmethod
    def fit(top, bottom):
        across, height = top[2] - top[0], bottom[3] - top[1]
        near = abs(top[3] - bottom[1]) <= 3 and abs(top[0] - bottom[0]) <= 3 and abs(top[2] - bottom[2]) <= 3
        return near and across >= LEAST and height >= 1.1 * across


def parts(image, channel):
    """The boxes of spots in which a channel is the brightest by far."""
    others = np.delete(image, channel, axis=-1).max(axis=-1)
    spots = ((image[..., channel].astype(int) - others) > 100).astype(np.uint8)
    stats = cv2.connectedComponentsWithStats(spots)[2][1:]
    return [(x, y, x + width, y + height) for x, y, width, height, area in stats if area > 100]


def middle(box):
    left, top, right, bottom = box
    return (left + right) / 2 - 0.5, (top + bottom) / 2 - 0.5


def scene(*places, width=400, height=300, scale=1.0, turns=0):
    """A gray frame with totems, by their left and top corners, turned clockwise by quarters."""
    image = np.full((height, width, 3), 90, np.uint8)
    totem = np.rot90(cv2.resize(TOTEM, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST), -turns)
    for left, top in places:
        image[top : top + totem.shape[0], left : left + totem.shape[1]] = totem
    return image


def find(image, detector=None, **search):
    return find_faces((detector or TotemDetector()).detect, image, Search(**search))


def test_feature_nothing_more_is_looked_at_than_is_asked_for():
    image, detector = scene((30, 40), (200, 150)), TotemDetector()
    faces = find(image, detector)
    assert detector.shapes == [image.shape]
    assert faces.detections.boxes.tolist() == [[200, 150, 240, 210], [30, 40, 70, 100]]
    assert faces.detections.scores.tolist() == pytest.approx([0.9, 0.8])
    assert faces.turns.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("turns", "degrees", "box", "marks"),
    [
        # Turned clockwise by a quarter, green is at the right: three quarters more set it upright.
        (1, 270, [100, 50, 160, 90], [(144.5, 69.5), (114.5, 69.5)]),
        (2, 180, [100, 50, 140, 110], [(119.5, 94.5), (119.5, 64.5)]),
        (3, 90, [100, 50, 160, 90], [(114.5, 69.5), (144.5, 69.5)]),
    ],
)
def test_feature_rotations_find_what_lies_or_hangs_and_say_where(turns, degrees, box, marks):
    image = scene((100, 50), turns=turns)
    assert len(find(image)) == 0
    faces = find(image, rotations=(90, 180, 270))
    assert faces.turns.tolist() == [degrees]
    np.testing.assert_allclose(faces.detections.boxes, [box], atol=1e-4)
    np.testing.assert_allclose(faces.detections.landmarks, [marks], atol=1e-4)
    np.testing.assert_allclose(faces.upright.boxes[0, 2:] - faces.upright.boxes[0, :2], [40, 60])


def test_feature_what_several_looks_show_is_one_face():
    """A detector that minds no direction sees the square in each turn and tile."""

    class AnyDirection:
        def detect(self, images):
            boxes = np.array(parts(images[0], 0), np.float32).reshape(-1, 4)
            return [Detections(boxes, np.full(len(boxes), 0.5, np.float32))]

    image = np.full((300, 400, 3), 90, np.uint8)
    image[100:150, 180:230] = (200, 0, 0)
    faces = find(image, AnyDirection(), rotations=(45, 90, 180, 270), tiles=200, upsample=1)
    assert faces.detections.boxes.tolist() == [[180, 100, 230, 150]]


@pytest.mark.parametrize(("better", "turn"), [(0.0, 0), (0.04, 0), (0.06, 90)])
def test_feature_a_turned_look_replaces_an_upright_one_that_it_clearly_beats(better, turn):
    class SureOfAll:
        def detect(self, images):
            boxes = np.array(parts(images[0], 0), np.float32).reshape(-1, 4)
            upright = images[0].shape == (300, 400, 3)
            return [Detections(boxes, np.full(len(boxes), 0.9 if upright else 0.9 + better, np.float32))]

    image = np.full((300, 400, 3), 90, np.uint8)
    image[100:150, 180:230] = (200, 0, 0)
    assert find(image, SureOfAll(), rotations=(90,)).turns.tolist() == [turn]


def test_feature_tiles_find_what_is_small_and_change_nothing_else():
    large = scene((30, 40), (300, 200), width=700, height=500)
    plain, tiled = find(large), find(large, tiles=256, upsample=1)
    np.testing.assert_array_equal(tiled.detections.boxes, plain.detections.boxes)
    np.testing.assert_array_equal(tiled.detections.landmarks, plain.detections.landmarks)
    np.testing.assert_array_equal(tiled.detections.scores, plain.detections.scores)
    small = scene((500, 100), (600, 390), width=700, height=500, scale=0.7)
    assert len(find(small)) == 0
    both = np.where(small != 90, small, large)
    found = find(both, tiles=256, upsample=1).detections
    order = np.argsort(found.boxes[:, 0])
    np.testing.assert_array_equal(found.boxes[order[:2]], [[30, 40, 70, 100], [300, 200, 340, 260]])
    np.testing.assert_allclose(found.boxes[order[2:]], [[500, 100, 528, 142], [600, 390, 628, 432]], atol=0.6)
    np.testing.assert_allclose(found.landmarks[order[2]], [(513.5, 110), (513.5, 131)], atol=0.6)


@pytest.mark.parametrize("place", [(left, top) for left in (180, 200) for top in (100, 180)])
def test_feature_what_a_tile_cuts_is_found_whole_and_once_in_another(place):
    image = scene(place, width=700, height=500, scale=0.7)
    found = find(image, tiles=256, upsample=1).detections.boxes
    left, top = place
    np.testing.assert_allclose(found, [[left, top, left + 28, top + 42]], atol=0.6)


def test_feature_upsampling_without_tiles_looks_at_the_frame_enlarged():
    detector = TotemDetector()
    faces = find(scene((100, 100), scale=0.7), detector, upsample=1)
    assert detector.shapes == [(300, 400, 3), (600, 800, 3)]
    np.testing.assert_allclose(faces.detections.boxes, [[100, 100, 128, 142]], atol=0.6)


def test_feature_tiles_as_large_as_the_frame_are_no_second_look():
    detector = TotemDetector()
    find(scene((100, 100)), detector, tiles=400)
    assert len(detector.shapes) == 1


@pytest.mark.parametrize(
    ("bounds", "widths"),
    [
        ({"min_face": 61}, [80]),
        ({"min_face": 60}, [80, 40]),
        ({"max_face": "60"}, [40]),
        ({"min_face": "20.1%"}, [80]),  # Of 300 rows: 60.3.
        ({"min_face": "20 %", "max_face": "39.9%"}, [40]),
        ({"min_face": 200}, []),
    ],
)
def test_feature_faces_of_other_sizes_are_left_out(bounds, widths):
    image = np.maximum(scene((30, 40)), 90)
    image[100:220, 200:280] = cv2.resize(TOTEM, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    boxes = find(image, **bounds).detections.boxes
    assert (boxes[:, 2] - boxes[:, 0]).tolist() == widths


def test_feature_a_detector_without_landmarks_is_none_the_worse():
    faces = find(scene((100, 50), turns=2), TotemDetector(landmarks=False), rotations=(180,), tiles=200)
    assert len(faces) == 1
    assert faces.detections.landmarks is None


@pytest.fixture(scope="module")
def hog():
    return prepare("detector", PluginChoice(name="dlib-hog")).load()


def test_feature_a_performer_upside_down_is_found_with_true_landmarks(hog):
    from faceswap.core.extracting.aligning import align_faces
    from faceswap.core.extracting.settings import Alignment

    take = Take(BEARDED, Script(2))
    frame, size = np.ascontiguousarray(take.frame(0)[::-1, ::-1]), 384
    truth = size - 1 - take.landmarks(0)
    assert len(find(frame, hog)) == 0
    faces = find(frame, hog, rotations="180")
    aligner = prepare("aligner", PluginChoice(name="dlib-68")).load()
    landmarks = align_faces(aligner, frame, faces, Alignment())
    eyes = np.linalg.norm(truth[36:42].mean(axis=0) - truth[42:48].mean(axis=0))
    assert np.linalg.norm(landmarks[0] - truth, axis=1).mean() < 0.06 * eyes


@pytest.mark.slow
def test_feature_a_face_of_40_pixels_in_a_large_frame(hog):
    take = Take(BEARDED, Script(2))
    left, _, right, _ = hog.detect([take.frame(0)])[0].boxes[0]
    scale = 40 / (right - left)
    face = cv2.resize(take.frame(0), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((2160, 3840, 3), 90, np.uint8)
    frame[700 : 700 + len(face), 940 : 940 + len(face)] = face  # Across the borders of tiles.
    assert len(find(frame, hog)) == 0
    (box,) = find(frame, hog, tiles=960, upsample=1).detections.boxes
    nose = (take.landmarks(0)[30] + 0.5) * scale + (940, 700)
    assert np.abs((box[:2] + box[2:]) / 2 - nose).max() < 8
    assert 30 < box[2] - box[0] < 50
