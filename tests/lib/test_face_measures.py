"""What is measured of a face: against SciPy, against known turns, and whatever the size of the crop."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, laplace
from scipy.spatial.transform import Rotation

from faceswap.lib.crops import encode_crop
from faceswap.lib.face_measures import measure_face
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks, unit_matrix
from faceswap.lib.head_pose import fit_turn, mean_head
from faceswap.lib.performers import BEARDED, SITTER, Script, Take
from faceswap.lib.warp import cut

TAKE = Take(SITTER, Script(1), size=480)


def crop_of(image, landmarks, size, face_type="head"):
    matrix = crop_matrix(landmarks, "ibug68", face_type, size)
    return cut(image, matrix, size), matrix


def measured(image, landmarks, size=512, face_type="head"):
    crop, matrix = crop_of(image, landmarks, size, face_type)
    return measure_face(crop, matrix, face_type, landmarks, "ibug68")


def test_sharpness_and_brightness_agree_with_scipy() -> None:
    """A crop that is the measured picture already, so that nothing is resized."""
    rng = np.random.default_rng(0)
    gray = rng.integers(0, 256, (96, 96)).astype(np.uint8)
    landmarks = mean_face_landmarks("ibug68", "full", 96)
    found = measure_face(np.repeat(gray[..., None], 3, 2), np.eye(2, 3), "full", landmarks, "ibug68")
    rows, columns = np.mgrid[:96, :96]
    from matplotlib.path import Path as Outline
    from scipy.spatial import ConvexHull

    outline = landmarks[ConvexHull(landmarks).vertices]
    inside = Outline(outline).contains_points(np.stack([columns.ravel(), rows.ravel()], 1)).reshape(96, 96)
    exact = gray.astype(np.float64)
    assert found.sharpness == pytest.approx(laplace(gaussian_filter(exact, 1.0, mode="mirror"))[inside].var(), rel=0.02)
    assert found.brightness == pytest.approx(exact[inside].mean() / 255, rel=0.01)
    assert found.size == pytest.approx(96)


def test_size_is_the_side_of_the_face_in_the_frame() -> None:
    landmarks = mean_face_landmarks("ibug68", "full", 90)
    assert measured(np.zeros((90, 90, 3), np.uint8), landmarks).size == pytest.approx(90, rel=1e-4)


@pytest.mark.parametrize("frame", [3, 40])
def test_measures_hold_for_every_size_of_crop_and_after_jpeg(frame: int) -> None:
    import cv2

    image, landmarks = TAKE.frame(frame), TAKE.landmarks(frame)
    wanted = measured(image, landmarks)
    assert wanted.sharpness > 20
    for size in (192, 256, 384, 1024):
        found = measured(image, landmarks, size)
        assert found.sharpness == pytest.approx(wanted.sharpness, rel=0.1)
        assert found.brightness == pytest.approx(wanted.brightness, abs=0.005)
        assert (found.size, found.yaw) == pytest.approx((wanted.size, wanted.yaw), rel=1e-4)
    crop, matrix = crop_of(image, landmarks, 512)
    decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(encode_crop(crop), np.uint8), 1), cv2.COLOR_BGR2RGB)
    assert measure_face(decoded, matrix, "head", landmarks, "ibug68").sharpness == pytest.approx(
        wanted.sharpness, rel=0.03
    )


def test_blur_lowers_sharpness_step_by_step_and_darkness_brightness() -> None:
    image, landmarks = TAKE.frame(3), TAKE.landmarks(3)
    blurred = [gaussian_filter(image, (sigma, sigma, 0)) for sigma in (0, 1, 2, 4)]
    found = [measured(picture, landmarks).sharpness for picture in blurred]
    assert found == sorted(found, reverse=True) and found[-1] < found[0] / 4
    dark = measured((image // 2), landmarks).brightness
    assert dark == pytest.approx(measured(image, landmarks).brightness / 2, abs=0.005)


@pytest.mark.parametrize("angles", [(0, 0, 0), (25, 0, 0), (0, 18, 0), (0, 0, 30), (-35, 12, -20), (50, -15, 10)])
def test_the_turn_of_the_mean_head_is_found(angles) -> None:
    """Turned by SciPy: roll about the axis of view, after the nod, after the turn."""
    yaw, pitch, roll = angles
    turn = Rotation.from_euler("yxz", [yaw, -pitch, roll], degrees=True)
    seen = turn.apply(mean_head().copy())[:, :2] * 83 + (211, 97)
    assert fit_turn(mean_head(), seen) == pytest.approx(angles, abs=1e-6)


@pytest.mark.parametrize("performer", [SITTER, BEARDED])
def test_other_heads_turn_by_as_much(performer) -> None:
    """How another head is built, and how it was held in its portrait, is the same in all frames."""
    take, frames = Take(performer, Script(3)), range(0, 400, 40)
    found = np.array([fit_turn(mean_head(), take.landmarks(index)) for index in frames])
    poses = np.array([(pose.yaw, pose.pitch, pose.roll) for pose in map(take.pose, frames)])
    assert (np.ptp(poses, axis=0) > 5).all()
    np.testing.assert_allclose(found - found.mean(axis=0), poses - poses.mean(axis=0), atol=2.5)
    np.testing.assert_allclose(found, poses, atol=12)


@pytest.mark.parametrize("scheme", ["five", "dlib5", None])
def test_other_schemes_tell_no_turn(scheme) -> None:
    crop = np.full((64, 64, 3), 51, np.uint8)
    landmarks = None if scheme is None else mean_face_landmarks(scheme, "head", 64)
    found = measure_face(crop, np.eye(2, 3), "head", landmarks, scheme)
    assert (found.yaw, found.pitch, found.roll) == (None, None, None)
    assert (found.sharpness, found.brightness) == pytest.approx((0, 0.2), abs=1e-6)
    to_full = unit_matrix("full", 1)[0, 0] / unit_matrix("head", 64)[0, 0]
    assert found.size == pytest.approx(1 / to_full, rel=1e-6)
