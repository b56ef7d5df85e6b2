"""The suite's pictures show what they say, and its eyes see what differs."""

from dataclasses import dataclass

import numpy as np
import pytest

from faceswap import CropPatch, CropSpec, Detections
from faceswap.core.testing.arrays import arrays_in, copied, difference, not_finite, read_only
from faceswap.core.testing.exercise import count, pick, split
from faceswap.core.testing.samples import Sample, blank, drawn_face, noise, padded, portrait
from faceswap.lib.geometry import mean_face_landmarks


def floats(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


@pytest.mark.parametrize("make", [portrait, drawn_face])
def test_the_face_lies_in_the_middle_and_around_its_landmarks(make):
    sample = make()
    height, width = sample.image.shape[:2]
    middle = (sample.face[:2] + sample.face[2:]) / 2
    assert np.abs(middle - [width / 2, height / 2]).max() < 2
    points = sample.points()
    assert points.shape == (68, 2)
    # Landmarks lie on pixel centers, boxes on edges: half a pixel apart.
    assert np.allclose(points.min(axis=0), sample.face[:2] - 0.5, atol=0.1) or make is portrait
    assert (points >= sample.face[:2] - 1).all()
    assert (points <= sample.face[2:]).all()


def test_dlib_finds_the_face_of_the_portrait_where_it_is_said_to_be():
    dlib = pytest.importorskip("dlib")
    (found,) = dlib.get_frontal_face_detector()(portrait().image, 0)
    middle = [(found.left() + found.right() + 1) / 2, (found.top() + found.bottom() + 1) / 2]
    face = portrait().face
    assert np.abs(np.array(middle) - (face[:2] + face[2:]) / 2).max() < 15


def test_a_picture_alone_has_its_face_in_its_middle_half():
    sample = Sample(blank(100, 60))
    assert sample.face.tolist() == [15, 35, 45, 65]
    eyes = sample.points("five")[:2]
    assert eyes[0, 0] < 29.5 < eyes[1, 0]
    assert np.allclose(eyes.mean(axis=0)[0], 29.5, atol=0.01)


@pytest.mark.parametrize("scheme", ["ibug68", "dlib5", "five"])
def test_a_crop_brings_the_face_to_the_place_of_the_mean_face(scheme):
    crop, points = drawn_face().crop(CropSpec(96, "full"), scheme)
    assert (crop.shape, crop.dtype) == ((96, 96, 3), np.uint8)
    # The drawn face is a mean face stretched into a square, so it comes near, not onto it.
    assert np.abs(points - mean_face_landmarks(scheme, "full", 96)).max() < 12
    # The eyes are the only white of the drawing.
    white = np.argwhere((crop > 225).all(axis=2))
    eyes = points[36:48] if scheme == "ibug68" else points[[0, 1]] if scheme == "five" else points[:4]
    assert np.abs(white.mean(axis=0)[::-1] - eyes.mean(axis=0)).max() < 4


def test_a_turned_crop_is_another_crop_of_the_same_face():
    straight, points = portrait().crop(CropSpec(96))
    turned, turned_points = portrait().crop(CropSpec(96), turn=0.2)
    assert not np.array_equal(straight, turned)
    across = points[45] - points[36]
    turned_across = turned_points[45] - turned_points[36]
    angle = np.arctan2(turned_across[1], turned_across[0]) - np.arctan2(across[1], across[0])
    assert abs(abs(angle) - 0.2) < 0.01


def test_a_margin_repeats_the_border():
    picture = padded(noise(4, 5), 1, 2, 3, 4)
    assert picture.shape == (4 + 2 + 4, 5 + 1 + 3, 3)
    assert np.array_equal(picture[2:6, 1:6], noise(4, 5))
    assert np.array_equal(picture[0], picture[2])


def test_noise_is_a_function_of_its_seed():
    assert np.array_equal(noise(8, 8, 3), noise(8, 8, 3))
    assert not np.array_equal(noise(8, 8, 3), noise(8, 8, 4))


PATCH = CropPatch(
    faces=floats(3, 2, 2, 3),
    masks=floats(3, 2, 2, 1),
    targets=floats(3, 2, 2, 3),
    crop_landmarks=floats(3, 5, 2),
    matrix=floats(3, 2, 3),
    scheme="five",
    stored_masks={"hull": floats(3, 2, 2, 1)},
    track=(7, 8, 9),
    time=(0.1, 0.2, 0.3),
)


def test_a_record_falls_into_its_items():
    items = split(PATCH)
    assert (len(items), count(PATCH)) == (3, 3)
    assert items[1].faces.tolist() == PATCH.faces[1:2].tolist()
    assert items[1].stored_masks["hull"].tolist() == PATCH.stored_masks["hull"][1:2].tolist()
    assert (items[1].track, items[1].time, items[1].scheme) == ((8,), (0.2,), "five")
    assert pick((floats(2, 3), None), 1)[1] is None


def test_copies_are_writable_and_apart():
    frozen = read_only(PATCH)
    assert not any(array.flags.writeable for _, array in arrays_in(frozen))
    twin = copied(frozen)
    assert all(array.flags.writeable for _, array in arrays_in(twin))
    twin.faces[:] = 0
    assert frozen.faces.any()
    assert PATCH.faces.flags.writeable


def test_arrays_are_found_with_their_places():
    found = [place for place, _ in arrays_in([Detections(floats(1, 4), floats(1)), {"x": (floats(2),)}])]
    assert found == ["[0].boxes", "[0].scores", "[1]['x'][0]"]


def test_numbers_that_are_none_are_found():
    assert not_finite([floats(2), Detections(floats(1, 4), floats(1) / np.float32(np.inf))]) is None
    assert not_finite([floats(2), floats(2) * np.float32(np.nan)]) == "[1]"
    assert not_finite(np.zeros(2, np.uint8)) is None


@dataclass(frozen=True)
class Named:
    name: str


DIFFERENCES = {
    "last bit": (floats(3), np.nextafter(floats(3), np.float32(9)), 0.0, "they differ by up to"),
    "beyond the tolerance": (floats(3), floats(3) + np.float32(0.01), 1e-3, "they differ by up to 0.01"),
    "shape": (floats(3), floats(3, 1), 1.0, "shapes [3] and [3, 1]"),
    "type": (floats(3), floats(3).astype(np.float64), 1.0, "float32 and float64"),
    "not a number": (floats(3), floats(3) * np.float32(np.nan), 1.0, "they differ by up to nan"),
    "truth": (np.array([True]), np.array([False]), 1.0, "other values"),
    "length": ([floats(3)], [floats(3), floats(3)], 1.0, "list of 1 and list of 2"),
    "place": ({"a": [floats(3)]}, {"a": [floats(3) + 1]}, 0.0, "['a'][0]: they differ by up to 1"),
    "keys": ({"a": 1.0}, {"b": 1.0}, 0.0, "dict of 1 and dict of 1"),
    "nothing": (floats(3), None, 1.0, "and None"),
    "number": ({"a": 1.0}, {"a": 1.1}, 1e-3, "['a']: they differ by up to 0.1"),
    "text": (Named("x"), Named("y"), 1.0, ".name: 'x' and 'y'"),
    "kind": (floats(3), [0.0, 1.0, 2.0], 1.0, "list of 3"),
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_a_difference_is_told(case):
    value, other, tolerance, words = DIFFERENCES[case]
    assert words in (difference(value, other, tolerance) or "none")


ALIKE = {
    "itself": (PATCH, PATCH, 0.0),
    "not a number twice": (floats(3) * np.float32(np.nan), floats(3) * np.float32(np.nan), 0.0),
    "within the tolerance": (floats(3), floats(3) + np.float32(1e-5), 1e-4),
    "a share of the largest magnitude": (floats(3) * 1000, floats(3) * 1000 + np.float32(0.1), 1e-4),
    "numbers": ({"a": 1.0}, {"a": 1.0000001}, 1e-4),
    "nothing": ((floats(2), None), (floats(2), None), 0.0),
}


@pytest.mark.parametrize("case", ALIKE)
def test_what_is_alike_has_no_difference(case):
    assert difference(*ALIKE[case]) is None
