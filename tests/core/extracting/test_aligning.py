"""Asking aligners: the mean of several answers, second answers about upright faces, and faces of turned frames."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from faceswap.core.contract import Detections
from faceswap.core.extracting.aligning import align_faces, jittered
from faceswap.core.extracting.searching import Faces, find_faces
from faceswap.core.extracting.settings import Alignment, Search
from faceswap.core.host import PluginChoice, prepare
from faceswap.lib.geometry import transform_points
from faceswap.lib.landmarks import SCHEMES, reduce_landmarks
from faceswap.lib.performers import BEARDED, SITTER, Script, Take
from faceswap.lib.views import turn_matrix, turned

FIVE = SCHEMES["five"].template


class BoxAligner:
    """Puts the mean face into the box, and writes down what it was asked."""

    scheme = "five"

    def __init__(self):
        self.asked = []

    def align(self, image, detections):
        self.asked.append((image.shape, detections))
        corners, sides = detections.boxes[:, None, :2], detections.boxes[:, None, 2:] - detections.boxes[:, None, :2]
        return (corners + FIVE * sides).astype(np.float32)


class GivenAligner:
    """Hands on what the detector has found."""

    scheme = "five"

    def align(self, image, detections):
        return detections.landmarks


def faces_at(boxes, turns=None, landmarks=None):
    boxes = np.array(boxes, np.float32)
    scores = np.linspace(0.9, 0.5, len(boxes), dtype=np.float32)
    found = Detections(boxes, scores, landmarks, None if landmarks is None else "five")
    return Faces(found, found, np.array(turns or [0] * len(boxes)))


FRAME = np.zeros((200, 300, 3), np.uint8)
BOXES = [[20, 30, 80, 90], [100, 50, 220, 190]]


def test_feature_the_aligner_is_asked_once_where_nothing_else_is_wanted():
    aligner, faces = BoxAligner(), faces_at(BOXES)
    landmarks = align_faces(aligner, FRAME, faces, Alignment())
    assert len(aligner.asked) == 1
    assert aligner.asked[0][1].boxes.tolist() == BOXES
    np.testing.assert_array_equal(landmarks, BoxAligner().align(FRAME, faces.detections))


def test_feature_refeed_is_the_mean_of_the_answers_about_each_box():
    class Wild(BoxAligner):
        def align(self, image, detections):
            return np.sin(super().align(image, detections) * np.float32(3))

    faces = faces_at(BOXES)
    landmarks = align_faces(Wild(), FRAME, faces, Alignment(refeed=5))
    for index in range(2):
        boxes = [BOXES[index], *jittered(faces.detections.boxes, 5)[index].tolist()]
        answers = [Wild().align(FRAME, faces_at([box]).detections)[0].astype(np.float64) for box in boxes]
        np.testing.assert_allclose(landmarks[index], np.mean(answers, axis=0), atol=1e-5)


def test_feature_boxes_are_jittered_after_haltons_sequence():
    moved = jittered(np.array([[100, 50, 200, 250], [0, 0, 10, 10]], np.float32), 32)
    assert moved.shape == (2, 32, 4)
    middles, sides = (moved[..., :2] + moved[..., 2:]) / 2, moved[..., 2:] - moved[..., :2]
    expected = 0.05 * (2 * qmc.Halton(3, scramble=False).random(33)[1:] - 1)
    for face, (middle, side) in enumerate([((150, 150), (100, 200)), ((5, 5), (10, 10))]):
        np.testing.assert_allclose((middles[face] - middle) / side, expected[:, :2], atol=1e-5)
        np.testing.assert_allclose(sides[face] / side - 1, np.repeat(expected[:, 2:], 2, axis=1), atol=1e-5)


def test_feature_realign_shows_the_face_upright_and_maps_the_answer_back():
    class Found(BoxAligner):
        """Answers at first about a tilted face, then with where the mean face lies in the upright crop."""

        def align(self, image, detections):
            self.asked.append((image.shape, detections))
            return self.first if len(self.asked) == 1 else self.second

    aligner, degrees = Found(), 60
    matrix = turn_matrix(300, 200, degrees)
    truth = transform_points(matrix, FIVE * 80 + (110, 60))[None].astype(np.float32)
    aligner.first = truth
    from faceswap.lib.geometry import mean_face_landmarks

    aligner.second = mean_face_landmarks("five", "head", 512)[None]
    landmarks = align_faces(aligner, turned(FRAME, degrees), faces_at([[100, 50, 200, 150]]), Alignment(realign=True))
    np.testing.assert_allclose(landmarks, truth, atol=0.01)
    (shape, upright) = aligner.asked[1]
    assert shape == (512, 512, 3)
    box, inner = upright.boxes[0], mean_face_landmarks("ibug68", "head", 512)
    assert (box[:2] < inner[17:].min(axis=0)).all()  # Around brows, eyes and mouth, with the chin near its bottom.
    assert abs(box[3] - inner[8, 1]) < 0.15 * (box[3] - box[1])


def test_feature_realign_hands_on_what_the_detector_marked():
    given = (FIVE[None] * 90 + np.float32([[[40, 20]], [[150, 60]]])).astype(np.float32)
    faces = faces_at([[30, 10, 140, 120], [140, 50, 250, 160]], landmarks=given)
    landmarks = align_faces(GivenAligner(), FRAME, faces, Alignment(realign=True, refeed=3))
    np.testing.assert_allclose(landmarks, given, atol=0.01)


def test_feature_faces_whose_landmarks_are_one_place_are_left_as_they_are():
    class OnePlace(BoxAligner):
        def align(self, image, detections):
            return np.full((len(detections), 5, 2), 7, np.float32)

    assert (align_faces(OnePlace(), FRAME, faces_at(BOXES), Alignment(realign=True)) == 7).all()


def test_feature_faces_of_turned_frames_are_aligned_there_and_keep_their_order():
    aligner = BoxAligner()
    faces = faces_at([BOXES[0], [10, 10, 40, 40], BOXES[1], [50, 20, 90, 60]], turns=[90, 0, 90, 180])
    landmarks = align_faces(aligner, FRAME, faces, Alignment())
    assert [shape for shape, _ in aligner.asked] == [(200, 300, 3), (300, 200, 3), (200, 300, 3)]
    for index, degrees in enumerate(faces.turns):
        box = faces.upright.boxes[index]
        seen = FIVE * (box[2:] - box[:2]) + box[:2]
        there = transform_points(turn_matrix(300, 200, degrees), landmarks[index])
        np.testing.assert_allclose(there, seen, atol=1e-3)


@pytest.fixture(scope="module")
def tilted():
    """Performers whose heads are tilted by about 30 degrees, with a box that fits, and the true landmarks."""
    cases = []
    for performer, degrees in ((SITTER, 35), (SITTER, 325), (BEARDED, 28), (BEARDED, 332)):
        take = Take(performer, Script(2))
        truth = transform_points(turn_matrix(384, 384, degrees), take.landmarks(10))
        middle, reach = truth[27:36].mean(axis=0) + 0.5, 1.1 * np.linalg.norm(truth[45] - truth[36])
        box = np.concatenate([middle - reach * 0.75, middle + reach * 0.75])
        cases.append((turned(take.frame(10), degrees), faces_at([box]), truth))
    return cases


def error(landmarks, truth):
    """Mean distance from the truth, in per cent of the distance between the eyes."""
    eyes = np.linalg.norm(truth[36:42].mean(axis=0) - truth[42:48].mean(axis=0))
    true = reduce_landmarks(truth, "dlib5") if landmarks.shape[1] == 5 else truth
    return 100 * np.linalg.norm(landmarks[0] - true, axis=1).mean() / eyes


@pytest.mark.parametrize(("name", "share"), [("dlib-5", 0.9), ("dlib-68", 0.6)])
def test_feature_realign_brings_tilted_faces_nearer_to_the_truth(name, share, tilted):
    aligner = prepare("aligner", PluginChoice(name=name)).load()
    once, again = (
        np.mean([error(align_faces(aligner, frame, faces, alignment), truth) for frame, faces, truth in tilted])
        for alignment in (Alignment(), Alignment(realign=True))
    )
    assert again < share * once
    assert again < 5


def test_feature_refeed_makes_landmarks_steadier():
    """Boxes that shiver by 4 % of their side, as a detector's do from frame to frame: the nose shivers less."""
    aligner = prepare("aligner", PluginChoice(name="dlib-5")).load()
    take = Take(BEARDED, Script(2))
    frame = take.frame(0)
    (box,) = find_faces(
        prepare("detector", PluginChoice(name="dlib-hog")).load().detect, frame, Search()
    ).detections.boxes
    shivers = np.random.default_rng(0).uniform(-0.04, 0.04, (12, 1, 2)) * (box[2] - box[0])
    boxes = [(box.reshape(2, 2) + shiver).ravel() for shiver in shivers]
    spread = [
        np.std([align_faces(aligner, frame, faces_at([each]), alignment)[0] for each in boxes], axis=0).mean()
        for alignment in (Alignment(), Alignment(refeed=8))
    ]
    assert spread[1] < 0.8 * spread[0]
