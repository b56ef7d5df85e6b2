"""CelebA's lists and where its faces are; pictures that are aligned otherwise."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from faceswap.lib.errors import MediaError
from faceswap.lib.exchange.aligned import aligned_faces, celeba_faces, usual_side
from faceswap.lib.exchange.celeba import read_attributes, read_landmarks
from faceswap.lib.geometry import crop_matrix
from faceswap.lib.media import gather

ATTRIBUTES = "2\nBald Smiling \n000001.jpg -1  1\n000002.jpg  1 -1\n"
LANDMARKS = (
    "1\n" + " ".join(f"p{number}" for number in range(10)) + "\n000001.jpg 69 109 106 113 77 142 73 152 108 154\n"
)


def write(folder: Path, text: str) -> Path:
    path = folder / "list.txt"
    path.write_text(text)
    return path


def pictures(folder: Path, *sizes: tuple[int, int]) -> Path:
    for number, (width, height) in enumerate(sizes, 1):
        cv2.imwrite(str(folder / f"{number:06d}.jpg"), np.full((height, width, 3), 99, np.uint8))
    return folder


def test_a_list_is_names_and_a_row_for_each_picture(tmp_path: Path) -> None:
    found = read_attributes(write(tmp_path, ATTRIBUTES))
    assert found.names == ("Bald", "Smiling")
    assert {name: row.tolist() for name, row in found.rows.items()} == {"000001.jpg": [-1, 1], "000002.jpg": [1, -1]}
    found.require(["000002.jpg"])
    with pytest.raises(MediaError, match=r"nothing of a\.jpg, b\.jpg, c\.jpg and of 1 others"):
        found.require(["000001.jpg", "a.jpg", "b.jpg", "c.jpg", "d.jpg"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must begin with the number of its pictures"),
        ("000001.jpg -1 1\n000002.jpg 1 1\n", "must begin with the number"),
        ("2\n", "must begin with the number"),
        ("2\nA A\n", "different names"),
        (ATTRIBUTES.replace("2\n", "3\n", 1), "announces 3 pictures and has lines of 2"),
        ("1\nA\n000001.jpg 1\n000002.jpg 1\n", "announces 1 pictures and has lines of 2"),
        ("1\nA B\n000001.jpg 1\n", "line 3: a name and 2 whole numbers were expected"),
        ("1\nA\n000001.jpg x\n", "line 3"),
        ("1\nA\n000001.jpg 99999\n", "line 3"),
        ("1\nA\n000001.jpg 7\n", "an attribute is 1, -1 or"),
    ],
)
def test_a_wrong_list_is_told_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(MediaError, match=said) as told:
        read_attributes(write(tmp_path, text))
    assert "list.txt" in str(told.value) and "\n" not in str(told.value)


def test_what_is_no_list_is_told(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe\x00")
    for path, said in ((tmp_path / "list.txt", "cannot read"), (tmp_path / "none.txt", "no file")):
        with pytest.raises(MediaError, match=said):
            read_attributes(path)
    with pytest.raises(MediaError, match="must have 10 columns"):
        read_landmarks(write(tmp_path, ATTRIBUTES))


def test_celebas_faces_stand_where_the_pictures_were_aligned(tmp_path: Path) -> None:
    (medium,) = gather([pictures(tmp_path, (178, 218), (178, 218))])
    given = celeba_faces(medium, None)
    assert (given.scheme, [face.source for face in given.faces]) == ("five", ["000001.jpg", "000002.jpg"])
    np.testing.assert_array_equal(given.faces[1].landmarks[:2], [[69, 111], [108, 111]])
    # In the mean face eyes are 0.545 of the brows' width apart, so that these are 71.6 px wide by the eyes alone and
    # 69.0 by all five points; `whole` shows 2.131 of them.
    assert usual_side(given, "whole") == 160
    left, top, right, bottom = given.faces[0].box
    assert 0 < left < 69 < 108 < right < 178 and 60 < top < 111 and 155 < bottom < 200


def test_landmarks_place_each_face_by_itself(tmp_path: Path) -> None:
    (medium,) = gather([pictures(tmp_path, (178, 218))])
    given = celeba_faces(medium, read_landmarks(write(tmp_path, LANDMARKS)))
    np.testing.assert_array_equal(given.faces[0].landmarks.ravel(), [69, 109, 106, 113, 77, 142, 73, 152, 108, 154])
    with pytest.raises(MediaError, match="says nothing of 000001"):
        celeba_faces(medium, read_landmarks(write(tmp_path, LANDMARKS.replace("000001", "000009"))))
    flat = "1\n" + LANDMARKS.splitlines()[1] + "\n000001.jpg" + 10 * " 50" + "\n"
    with pytest.raises(MediaError, match=r"landmarks of 000001\.jpg are no face"):
        celeba_faces(medium, read_landmarks(write(tmp_path, flat)))


def test_pictures_of_another_size_are_not_celebas(tmp_path: Path) -> None:
    (medium,) = gather([pictures(tmp_path, (178, 218), (178, 178), (64, 64))])
    with pytest.raises(MediaError, match=r"000002.jpg is 178 x 178 pixels, and 2 of 3 pictures") as told:
        celeba_faces(medium, None)
    assert "--layout aligned" in str(told.value) and "faceswap extract" in str(told.value)


@pytest.mark.parametrize("face_type", ["half", "full", "whole", "head"])
def test_an_aligned_picture_is_its_own_crop(tmp_path: Path, face_type: str) -> None:
    (medium,) = gather([pictures(tmp_path, (96, 96), (128, 96))])
    square, wide = aligned_faces(medium, face_type).faces
    np.testing.assert_allclose(crop_matrix(square.landmarks, "five", face_type, 96), [[1, 0, 0], [0, 1, 0]], atol=1e-4)
    np.testing.assert_allclose(crop_matrix(wide.landmarks, "five", face_type, 96), [[1, 0, -16], [0, 1, 0]], atol=1e-4)
