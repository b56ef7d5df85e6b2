"""StyleGAN's layout of TFRecords: there and back, read by TensorFlow, halved as scikit-image does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.transform import downscale_local_mean

from faceswap.lib.errors import StoreError
from faceswap.lib.exchange.example import encode_example
from faceswap.lib.exchange.record_file import write_record
from faceswap.lib.exchange.stylegan import (
    count_pictures,
    largest_level,
    note_face_type,
    noted_face_type,
    read_pictures,
    write_levels,
)

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)


@pytest.fixture
def levels(tmp_path: Path) -> Path:
    write_levels(tmp_path, "set", 16, iter(PICTURES))
    return tmp_path


def write(path: Path, *examples: dict[str, Any]) -> Path:
    with path.open("wb") as file:
        for example in examples:
            write_record(file, encode_example(example))
    return path


def test_all_levels_are_written_and_the_largest_is_read(levels: Path) -> None:
    assert sorted(file.name for file in levels.iterdir()) == [f"set-r{level:02d}.tfrecords" for level in (2, 3, 4)]
    assert largest_level(levels) == levels / "set-r04.tfrecords" == largest_level(levels / "set-r04.tfrecords")
    assert count_pictures(largest_level(levels)) == 3
    np.testing.assert_array_equal(list(read_pictures(largest_level(levels))), PICTURES)


def test_what_is_halved_is_not_rounded_in_between(levels: Path) -> None:
    for level, times in ((3, 2), (2, 4)):
        halved = list(read_pictures(levels / f"set-r{level:02d}.tfrecords"))
        wanted = np.stack([downscale_local_mean(picture, (times, times, 1)) for picture in PICTURES])
        np.testing.assert_array_equal(halved, np.rint(wanted))


def test_what_they_show_is_noted_by_their_name(levels: Path) -> None:
    assert noted_face_type(largest_level(levels)) is None
    note_face_type(levels, "other", "half")
    note_face_type(levels, "set", "head")
    assert noted_face_type(largest_level(levels)) == "head"


@pytest.mark.parametrize(
    "told", ["", "[]", "{", "[" * 100_000, '{"face_type": "most"}', '{"face_type": ["head"]}', '"head"']
)
def test_error_a_note_that_says_no_face_type(levels: Path, told: str) -> None:
    (levels / "set.json").write_text(told)
    with pytest.raises(StoreError, match=r"face.type"):
        noted_face_type(largest_level(levels))


@pytest.mark.slow
def test_tensorflow_reads_each_level(levels: Path) -> None:
    import tensorflow as tf

    wanted = {"shape": tf.io.FixedLenFeature([3], tf.int64), "data": tf.io.FixedLenFeature([], tf.string)}
    for level in (2, 4):
        found = []
        for record in tf.data.TFRecordDataset(str(levels / f"set-r{level:02d}.tfrecords")):
            parts = tf.io.parse_single_example(record, wanted)
            found.append(tf.reshape(tf.io.decode_raw(parts["data"], tf.uint8), parts["shape"]).numpy())
        assert np.shape(found) == (3, 3, 2**level, 2**level)
    np.testing.assert_array_equal(np.transpose(found, (0, 2, 3, 1)), PICTURES)


def test_gray_pictures_become_rgb(tmp_path: Path) -> None:
    gray = PICTURES[0, ..., 0]
    path = write(tmp_path / "g-r04.tfrecords", {"shape": np.array([1, 16, 16]), "data": gray.tobytes()})
    (picture,) = read_pictures(path)
    np.testing.assert_array_equal(picture, np.stack([gray] * 3, axis=-1))


@pytest.mark.parametrize(
    ("example", "said"),
    [
        ({"faceset": b"{}"}, "`shape` of three whole numbers and `data` were expected"),
        ({"shape": np.array([3, 16]), "data": b""}, "`shape` of three"),
        ({"shape": np.array([3, 100, 100]), "data": bytes(30000)}, "Received: 3 of 100 x 100; .* --layout aligned"),
        ({"shape": np.array([3, 16, 8]), "data": bytes(384)}, "Received: 3 of 8 x 16"),
        ({"shape": np.array([4, 8, 8]), "data": bytes(256)}, "1 or 3 channels"),
        ({"shape": np.array([3, -8, -8]), "data": bytes(192)}, "Received: 3 of -8 x -8"),
        ({"shape": np.array([3, 8, 8]), "data": bytes(191)}, "192 bytes were expected. Received: 191"),
    ],
)
def test_other_records_are_told_in_one_line(tmp_path: Path, example: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "a-r04.tfrecords", example)
    with pytest.raises(StoreError, match=said) as told:
        count_pictures(path)
    assert "record 0" in str(told.value) and "\n" not in str(told.value)


def test_files_that_are_none(tmp_path: Path, levels: Path) -> None:
    whole = (levels / "set-r04.tfrecords").read_bytes()
    (levels / "set-r04.tfrecords").write_bytes(whole[:-5])
    with pytest.raises(StoreError, match="record 3: it is cut short"):
        list(read_pictures(levels / "set-r04.tfrecords"))
    (levels / "set-r05.tfrecords").write_bytes(b"")
    with pytest.raises(StoreError, match="holds no picture"):
        count_pictures(largest_level(levels))
    (levels / "other-r05.tfrecords").write_bytes(b"")
    with pytest.raises(StoreError, match="pictures of 2 sets; name one"):
        largest_level(levels)
    for path in (tmp_path / "missing", tmp_path / "missing-r04.tfrecords"):
        with pytest.raises(StoreError, match=r"holds no NAME-rXX\.tfrecords"):
            largest_level(path)
