"""Folders of images that are written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from rewriting import (
    MakeVideo,
)

from faceswap.lib.media import (
    ImageFolder,
    probe,
    read_frames,
    read_image,
    write_image,
)


def test_video_frames_as_images(make_video: MakeVideo, tmp_path: Path) -> None:
    medium = probe(make_video(times=[0, 7], time_base=Fraction(1, 12800)))
    folder = ImageFolder(tmp_path / "frames")
    for frame in read_frames(medium):
        np.testing.assert_array_equal(read_image(folder.write(frame)), frame.image())
    assert sorted(path.name for path in folder.folder.iterdir()) == ["clip_000000000.png", "clip_000000007.png"]


def test_images_keep_their_names_and_unchanged_ones_their_bytes(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    pixels = np.random.default_rng(0).integers(0, 65536, (8, 9, 3)).astype(np.uint16)
    cv2.imwrite(str(source / "1.png"), pixels[:, :, ::-1])
    cv2.imwrite(str(source / "2.jpg"), np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8))
    first, second = read_frames(probe(source))
    first.write_box(0, 0, np.ones((2, 3, 3), np.float32), np.ones((2, 3), bool))
    folder = ImageFolder(tmp_path / "out")
    folder.write(first)
    assert folder.write(second).read_bytes() == (source / "2.jpg").read_bytes()
    pixels[:2, :3] = 65535
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out/1.png"), cv2.IMREAD_UNCHANGED)[:, :, ::-1], pixels)
    assert ImageFolder(tmp_path / "out", ".webp").write(second).name == "2.webp"


def test_images_gray_alpha_and_sixteen_bits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    gray, alpha = rng.integers(0, 256, (6, 7), np.uint8), rng.integers(0, 256, (6, 7, 4), np.uint8)
    deep = rng.integers(0, 65536, (6, 7, 3)).astype(np.uint16)
    for name, array in (("gray", gray), ("alpha", alpha), ("deep", deep)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), array)
    np.testing.assert_array_equal(read_image(tmp_path / "gray.png"), np.repeat(gray[:, :, None], 3, 2))
    np.testing.assert_array_equal(read_image(tmp_path / "alpha.png"), alpha[:, :, 2::-1])
    assert np.abs(read_image(tmp_path / "deep.png") - deep[:, :, ::-1] / 257).max() <= 0.5


def test_images_are_turned_as_exif_asks(tmp_path: Path) -> None:
    """Orientation 6: the stored picture has to be turned a quarter clockwise."""
    pixels = cv2.resize(np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8), (64, 48))
    data = cv2.imencode(".jpg", pixels[:, :, ::-1])[1].tobytes()
    tag = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    marked = data[:2] + b"\xff\xe1" + (len(tag) + 2).to_bytes(2, "big") + tag + data[2:]
    (tmp_path / "turned.jpg").write_bytes(marked)
    (tmp_path / "plain.jpg").write_bytes(data)
    wanted = np.rot90(read_image(tmp_path / "plain.jpg"), -1)
    np.testing.assert_array_equal(read_image(tmp_path / "turned.jpg"), wanted)
    assert probe(tmp_path / "turned.jpg").width == 48


def test_image_names_of_any_script(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    write_image(tmp_path / "лицо 顔.png", pixels)
    np.testing.assert_array_equal(read_image(tmp_path / "лицо 顔.png"), pixels)
